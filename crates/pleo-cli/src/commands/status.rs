//! `pleo status`: the profiles, and what each of them uses. It sends nothing.

use std::env;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use pleo::{AnyEnvironment, ClientBuilder};
use serde::Serialize;

use super::login::{self, TokenFile};
use crate::{
    configuration::{self, Configuration, Profile},
    connection::{PROFILE, TOKEN, profile_name},
    exit::Exit,
    failure::Failure,
    output::{Output, print_json, records::table},
};

/// Show the profiles, and what each of them uses.
///
/// It sends nothing.
///
/// Example:
///   pleo status
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct StatusArguments {
    /// Print JSON: see `schemas/status.json`.
    #[arg(long)]
    json: bool,
    /// The profile to mark as the one that is used [variable: PLEO_PROFILE].
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(configuration::complete_profiles))]
    profile: Option<String>,
}

#[derive(Serialize)]
struct Report {
    configuration: String,
    /// The variables that are set, by their names.
    variables: Vec<&'static str>,
    profiles: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    is_used: bool,
    environment: Option<String>,
    company: Option<String>,
    credential: String,
    /// Whether it can be used without logging in first.
    is_ready: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: StatusArguments) -> Result<Exit, Failure> {
    let configuration = Configuration::read()?;
    let chosen = configuration.profile(profile_name(arguments.profile)?.as_deref())?.map(|(name, _)| name);
    let names = [
        AnyEnvironment::VARIABLE,
        ClientBuilder::COMPANY,
        ClientBuilder::KEY,
        ClientBuilder::KEY_FILE,
        TOKEN,
        PROFILE,
        configuration::VARIABLE,
        login::KEY,
    ];
    let variables = names.into_iter().filter(|name| env::var_os(name).is_some()).collect();
    let mut profiles = Vec::new();
    for (name, profile) in configuration.profiles {
        let (credential, is_ready) = credential(&name, &profile);
        profiles.push(Listed {
            is_used: chosen.as_ref() == Some(&name),
            environment: profile.environment,
            company: profile.company,
            credential,
            is_ready,
            name,
        });
    }
    let report = Report { configuration: Configuration::path()?.display().to_string(), variables, profiles };
    if arguments.json {
        print_json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(Exit::Success)
}

/// What a profile uses as its credential, and whether it is there.
fn credential(name: &str, profile: &Profile) -> (String, bool) {
    match (&profile.key_file, &profile.oauth) {
        (Some(path), _) => (format!("the key in {}", path.display()), path.exists()),
        (None, Some(app)) if TokenFile::of(name).is_ok_and(|file| file.exists()) => {
            (format!("logged in to {}", app.client_id), true)
        }
        (None, Some(app)) => (format!("not logged in to {}", app.client_id), false),
        (None, None) => ("none; a variable or the prompt has it".to_owned(), false),
    }
}

fn print(report: &Report) -> Result<(), Failure> {
    let mut output = Output::new();
    output.line(&format!("configuration  {}", report.configuration))?;
    let variables =
        if report.variables.is_empty() { "none are set".to_owned() } else { report.variables.join(" ") };
    output.line(&format!("variables      {variables}"))?;
    if report.profiles.is_empty() {
        output.line("There are no profiles; `pleo login` makes one.")?;
    } else {
        let columns = ["profile", "environment", "company", "credential"].map(str::to_owned);
        let rows = report.profiles.iter().map(|profile| {
            let mark = if profile.is_used { " (used)" } else { "" };
            vec![
                format!("{}{mark}", profile.name),
                profile.environment.clone().unwrap_or_default(),
                profile.company.clone().unwrap_or_default(),
                profile.credential.clone(),
            ]
        });
        output.line(&table(&columns, rows.collect()))?;
    }
    output.finish()
}
