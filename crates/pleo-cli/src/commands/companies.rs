//! `pleo companies`: which companies the credential may see.

use clap::Args;

use crate::{
    connection::Settings,
    exit::Exit,
    failure::Failure,
    output::{Format, OutputArguments, records::Records},
};

/// List the companies that the credential may see.
///
/// The id is what `--company` and PLEO_COMPANY_ID take.
///
/// Example:
///   pleo companies
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompaniesArguments {
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, arguments: CompaniesArguments) -> Result<Exit, Failure> {
    let client = settings.client()?;
    let mut companies = client.list_companies().limit(100).items();
    let mut records = Records::with_columns(arguments.output.format(Format::Json), &["id", "name"])?;
    while let Some(company) = companies.next().await {
        let company = company?;
        records.row([company.id.to_string(), company.name])?;
    }
    records.finish()?;
    Ok(Exit::Success)
}
