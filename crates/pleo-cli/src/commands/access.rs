//! `pleo access`: who gets access and how, and which authentication method suits you.

use clap::{Args, ValueEnum};
use pleo::advice::{self, Relation, Role, Situation, UseCase};
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    output::{Output, print_json},
    prompt,
};

/// Find out how to get access, and which authentication method suits you.
///
/// On a terminal it asks what the flags leave open.
///
/// Examples:
///   pleo access
///   pleo access --relation existing-customer --can-log-in yes --role admin --sees-api-keys no --for own-company
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AccessArguments {
    /// Your relationship with Pleo.
    #[arg(long, value_enum)]
    relation: Option<RelationArgument>,
    /// Whether you can log in to the web app of the environment.
    #[arg(long, value_enum)]
    can_log_in: Option<YesNo>,
    /// Your role there.
    #[arg(long, value_enum)]
    role: Option<RoleArgument>,
    /// Whether the menu has Settings, API Keys.
    #[arg(long, value_enum)]
    sees_api_keys: Option<YesNo>,
    /// What the integration is for. Can be repeated.
    #[arg(long = "for", value_enum)]
    purposes: Vec<Purpose>,
    /// Print JSON: see `schemas/access.json`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RelationArgument {
    /// A partner without access yet.
    NewPartner,
    /// A partner with a login.
    ExistingPartner,
    /// A customer who has not used the API yet.
    NewCustomer,
    /// A customer with a login.
    ExistingCustomer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArgument {
    /// Admin.
    Admin,
    /// Bookkeeper.
    Bookkeeper,
    /// Any other role.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// It works for your own company or organisation only.
    OwnCompany,
    /// It serves several Pleo customers.
    SeveralCustomers,
    /// It acts for users or organisations other than its owner.
    Others,
    /// Customers have to consent, and may revoke that.
    Consent,
    /// It is distributed, as a partner's integration or in the marketplace.
    Distributed,
    /// Pleo has approved it as an accounting integration with keys of its own.
    ApprovedKeys,
}

#[derive(Serialize)]
struct Report {
    method: String,
    reasons: Vec<String>,
    access: String,
    steps: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: AccessArguments) -> Result<Exit, Failure> {
    let purposes = if arguments.purposes.is_empty() {
        vec![ask("What is the integration for?", "--for")?]
    } else {
        arguments.purposes
    };
    let is_for = |purpose| purposes.contains(&purpose);
    let case = UseCase {
        several_customers: is_for(Purpose::SeveralCustomers),
        acts_for_others: is_for(Purpose::Others),
        needs_consent: is_for(Purpose::Consent),
        distributed: is_for(Purpose::Distributed),
        approved_for_integrated_keys: is_for(Purpose::ApprovedKeys),
    };
    let recommendation = advice::choose_method(&case);

    let relation = given(arguments.relation, "What is your relationship with Pleo?", "--relation")?;
    let can_log_in =
        given(arguments.can_log_in, "Can you log in to the web app of the environment?", "--can-log-in")?
            == YesNo::Yes;
    // Without a login there is neither a role nor a menu.
    let (role, sees_api_keys) = if can_log_in {
        (
            given(arguments.role, "What is your role there?", "--role")?,
            given(arguments.sees_api_keys, "Does the menu have Settings, API Keys?", "--sees-api-keys")?
                == YesNo::Yes,
        )
    } else {
        (RoleArgument::Other, false)
    };
    let situation = Situation {
        relation: match relation {
            RelationArgument::NewPartner => Relation::NewPartner,
            RelationArgument::ExistingPartner => Relation::ExistingPartner,
            RelationArgument::NewCustomer => Relation::NewCustomer,
            RelationArgument::ExistingCustomer => Relation::ExistingCustomer,
        },
        can_log_in,
        role: match role {
            RoleArgument::Admin => Role::Admin,
            RoleArgument::Bookkeeper => Role::Bookkeeper,
            RoleArgument::Other => Role::Other,
        },
        sees_api_keys,
    };
    let access = advice::key_access(situation);
    let report = Report {
        method: recommendation.method.to_string(),
        reasons: recommendation.reasons.iter().map(|reason| reason.to_string()).collect(),
        access: access.title.to_owned(),
        steps: access.points.iter().map(ToString::to_string).collect(),
    };
    if arguments.json {
        print_json(&report)?;
    } else {
        let mut output = Output::new();
        output.line(&format!("Your way to authenticate: {}", report.method))?;
        report.reasons.iter().try_for_each(|reason| output.line(&format!("- {reason}")))?;
        output.line(&format!("\nAPI keys: {}", report.access))?;
        report.steps.iter().try_for_each(|step| output.line(&format!("- {step}")))?;
        output.finish()?;
    }
    Ok(Exit::Success)
}

/// What a flag says, or the person at the terminal.
fn given<T: ValueEnum>(flag: Option<T>, question: &str, name: &str) -> Result<T, Failure> {
    match flag {
        Some(value) => Ok(value),
        None => ask(question, name),
    }
}

fn ask<T: ValueEnum>(question: &str, flag: &str) -> Result<T, Failure> {
    let choices: Vec<_> = T::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
    if !prompt::is_possible() {
        let names: Vec<_> = choices.iter().map(|choice| choice.get_name()).collect();
        return Err(Failure::usage(format!("{flag} is missing, and there is no terminal to ask on"))
            .help(format!("Its values are {}.", names.join(", "))));
    }
    let texts: Vec<_> = choices
        .iter()
        .map(|choice| choice.get_help().map_or_else(|| choice.get_name().to_owned(), ToString::to_string))
        .collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    Ok(T::value_variants()[prompt::choose(question, &texts)?].clone())
}
