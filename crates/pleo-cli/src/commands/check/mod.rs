//! `pleo check`: does the credential work, what may it do, and if not, why?

mod family;
mod report;

use std::time::{Duration, SystemTime};

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use futures_util::future::join_all;
use pleo::{
    Client, ClientBuilder, CompanyId, ConnectError, Environment as _, Error, Operation, RetryPolicy,
    ScopeSet, Subject, TransportErrorKind, http::HeaderMap, http::StatusCode, http::header::DATE,
    marketplace::types::AuthMethod, operations,
};

use self::report::{Asked, Credential, Identity, Problem, Report};
use super::naming;
use crate::{
    arguments::ConnectionArguments, connection::Settings, exit::Exit, failure::Failure, output::print_json,
};

/// How far the clocks may be apart.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(120);

/// Say whether your credential works, what it may do, and if not, why.
///
/// It only reads: it asks Pleo who the credential is, and reads one entry of each API family. The
/// credential goes to the named environment and nowhere else.
///
/// Examples:
///   PLEO_ENVIRONMENT=staging pleo check        prompts for the key
///   pleo check --for export                    is it enough for the export API?
///   pleo check --for search_vendors create_vendor --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CheckArguments {
    /// Check that the credential is enough for these API families and operations.
    #[arg(
        long = "for",
        value_name = "FAMILY|OPERATION",
        num_args = 1..,
        add = ArgValueCompleter::new(naming::complete_families_and_operations)
    )]
    wanted: Vec<String>,
    /// Print JSON: see `schemas/check.json`.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) async fn run(connection: ConnectionArguments, arguments: CheckArguments) -> Result<Exit, Failure> {
    let mut wanted = Vec::new();
    for name in &arguments.wanted {
        wanted.extend(naming::family_or_operation(name)?);
    }
    let mut report = Report::default();
    if let Err(problem) = examine(connection, &wanted, &mut report).await {
        report.problems.push(problem);
    }
    report.works = report.identity.is_some() && report.problems.iter().all(|problem| problem.is_warning);
    let exit = report.exit();
    if arguments.json {
        print_json(&report)?
    } else {
        report.print()?
    }
    Ok(exit)
}

/// Fills the report, until something makes the rest pointless.
async fn examine(
    connection: ConnectionArguments,
    wanted: &[&'static Operation],
    report: &mut Report,
) -> Result<(), Problem> {
    let settings = Settings::new(connection).map_err(|failure| Problem::of("configuration", failure))?;
    report.profile = settings.profile_name().map(str::to_owned);
    let environment = settings.environment().map_err(|failure| Problem::of("environment", failure))?;
    report.environment = Some(environment.to_string());
    report.base_url = Some(environment.base_url().to_owned());
    let company = settings.company().map_err(|failure| Problem::of("company", failure))?;
    let transport = settings.transport().map_err(|failure| Problem::of("configuration", failure))?;
    let found = settings.credential(&transport).map_err(|failure| {
        let cause = if failure.exit == Exit::Refused { "malformed-credential" } else { "no-credential" };
        Problem::of(cause, failure)
    })?;
    report.credential =
        Some(Credential { kind: found.credential.method().to_string(), source: found.source });
    let client = ClientBuilder::new(found.credential)
        .transport(transport)
        .retry(RetryPolicy::never())
        .build()
        .map_err(|error| Problem::of("configuration", Failure::of(Exit::Local, error)))?;

    let identity = introspect(&client, report).await?;
    if let (Some(Subject::Company(found)), Some(asked)) = (identity.subject, company)
        && found != asked
    {
        return Err(Problem::new(
            "other-company",
            Exit::Refused,
            format!("the credential belongs to the company {found}, but {asked} is named"),
        )
        .help(
            "Name the credential's own company, or none, or use a credential of the company that you mean.",
        ));
    }
    let company = company.or(identity.subject.and_then(|subject| subject.company()));
    let company = name_company(&client, company, report).await;
    let client = match company {
        Some(company) => client.for_company(company),
        None => client,
    };
    // What was asked for, and otherwise everything.
    let families: Vec<_> = operations::families()
        .filter(|family| wanted.is_empty() || wanted.iter().any(|operation| operation.family == *family))
        .collect();
    report.families =
        join_all(families.iter().map(|family| family::examine(&client, family, identity.scopes.as_ref())))
            .await;
    ask(wanted, identity.scopes.as_ref(), report);
    Ok(())
}

/// What Pleo says about the credential, as far as the rest of the check needs it.
struct Known {
    scopes: Option<ScopeSet>,
    subject: Option<Subject>,
}

/// Asks Pleo who the credential is.
async fn introspect(client: &Client, report: &mut Report) -> Result<Known, Problem> {
    let response = match client.introspect_authentication().send().await {
        Ok(response) => response,
        Err(error) => {
            if let Some(api) = error.api_error() {
                compare_clocks(api.headers(), report);
            }
            return Err(diagnosed(error));
        }
    };
    compare_clocks(response.headers(), report);
    let found = response.into_inner().data;
    if found.auth_method == AuthMethod::None {
        let failure = Failure::from(ConnectError::NotAuthenticated);
        return Err(Problem::of("header-stripped", failure)
            .help("Ask the proxy's administrator to forward the Authorization header to Pleo."));
    }
    let scopes = found.scope.parse().ok().filter(|scopes: &ScopeSet| !scopes.is_empty());
    let subject: Option<Subject> = found.subject_urn.and_then(|urn| urn.parse().ok());
    report.identity = Some(Identity {
        method: found.auth_method.as_str().to_owned(),
        client_id: found.client_id,
        application: found.application_name,
        scopes: scopes.as_ref().map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
        subject: subject.map(|subject| subject.to_string()),
        company_id: None,
        company_name: None,
    });
    Ok(Known { scopes, subject })
}

/// Warns if this machine's clock and Pleo's are apart: then tokens seem to have expired, or not yet to.
fn compare_clocks(headers: &HeaderMap, report: &mut Report) {
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else { return };
    let ours = SystemTime::now();
    let apart = ours.duration_since(theirs).or_else(|_| theirs.duration_since(ours)).unwrap_or_default();
    report.clock_difference_seconds = Some(apart.as_secs());
    if apart > CLOCK_TOLERANCE {
        let side = if ours > theirs { "ahead of" } else { "behind" };
        let what = format!("the clock of this machine is {} seconds {side} Pleo's", apart.as_secs());
        let problem = Problem::new("clock-off", Exit::Success, what);
        let help =
            "Set the clock, by NTP for instance: otherwise access tokens are renewed too late or too often.";
        report.problems.push(problem.warning().help(help));
    }
}

/// What the failure of the first request means.
fn diagnosed(error: Error) -> Problem {
    let cause = match &error {
        Error::Transport { source, .. } => match source.kind() {
            TransportErrorKind::Timeout => "timeout",
            TransportErrorKind::Body => "broken-response",
            _ => "unreachable",
        },
        Error::Api(api) => match api.status() {
            StatusCode::UNAUTHORIZED => "credential-refused",
            StatusCode::FORBIDDEN => "access-not-enabled",
            StatusCode::NOT_FOUND => "legacy-token",
            StatusCode::TOO_MANY_REQUESTS => "rate-limited",
            status if status.is_redirection() => "redirect",
            _ => "service-failing",
        },
        Error::Decode(_) | Error::BodyTooLong { .. } => "not-pleo",
        Error::Refused { .. } => "no-token",
        _ => "unknown",
    };
    let wait = error.retry_after();
    let is_404 = error.status() == Some(StatusCode::NOT_FOUND);
    let mut failure = Failure::from(error);
    if is_404 {
        // An introspection exists for every credential of the External API.
        failure.exit = Exit::Refused;
    }
    let problem = Problem::of(cause, failure);
    match (cause, wait) {
        ("rate-limited", Some(wait)) => problem.help(format!("Try again in {} seconds.", wait.as_secs())),
        ("credential-refused", _) => {
            problem.help("If the credential is right, a proxy may be stripping the Authorization header.")
        }
        ("unreachable", _) => problem.help(
            "Check the network, and whether a firewall or a proxy (HTTPS_PROXY) stands between this machine and Pleo.",
        ),
        ("timeout" | "broken-response", _) => problem.help(
            "Try again. If it stays so, a proxy may be slow or cut connections; --timeout sets the limit.",
        ),
        ("not-pleo", _) => problem.help(
            "Something other than Pleo may have responded, such as a login page of the network; look at its response \
             with `pleo call introspect_authentication --curl`.",
        ),
        _ => problem,
    }
}

/// Finds the company's name. Of an organisation's companies the first is used for reading.
async fn name_company(client: &Client, company: Option<CompanyId>, report: &mut Report) -> Option<CompanyId> {
    let page = client.list_companies().limit(100).send().await;
    let companies = page.map(|page| page.into_inner().data).unwrap_or_default();
    let found = match company {
        Some(company) => companies.iter().find(|found| CompanyId::from(found.id) == company),
        None => companies.first(),
    };
    if let Some(identity) = &mut report.identity {
        identity.company_id =
            company.or(found.map(|found| found.id.into())).map(|company| company.to_string());
        identity.company_name = found.map(|found| found.name.clone());
    }
    company.or(found.map(|found| found.id.into()))
}

/// Compares what was asked for with what the credential has.
fn ask(wanted: &[&'static Operation], scopes: Option<&ScopeSet>, report: &mut Report) {
    for operation in wanted {
        let needed = ScopeSet::needed_for([*operation]);
        let missing = match scopes {
            Some(scopes) => needed.scopes.missing_in(scopes),
            None => ScopeSet::default(),
        };
        let names =
            |scopes: &ScopeSet| scopes.iter().map(|scope| scope.as_str().to_owned()).collect::<Vec<_>>();
        report.asked.push(Asked {
            operation: operation.id.to_owned(),
            missing_scopes: names(&missing),
            is_known: needed.unknown.is_empty() && scopes.is_some(),
        });
    }
    let mut missing: Vec<_> = report.asked.iter().flat_map(|asked| asked.missing_scopes.clone()).collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        let what = format!("the credential lacks the scopes {}", missing.join(", "));
        report.problems.push(Problem::new("scopes-missing", Exit::Scopes, what).help(
            "Scopes cannot be added to a key: make a new key, or authorise the app again, with these scopes.",
        ));
    }
    if !wanted.is_empty()
        && let Some(family) = report.families.iter().find(|family| family.failure.is_some())
    {
        let reason = family.reason.as_deref().unwrap_or_default();
        let what = format!("the API family {} could not be tried: {reason}", family.family);
        let exit = family.failure.unwrap_or(Exit::Service);
        report.problems.push(Problem::new("not-tried", exit, what).help("Run the check again later."));
    }
    let closed: Vec<_> = report
        .families
        .iter()
        .filter(|family| family.may_read == Some(false))
        .map(|family| family.family)
        .collect();
    if !wanted.is_empty() && missing.is_empty() && !closed.is_empty() {
        let what = format!("the credential may not read {}", closed.join(", "));
        report.problems.push(
            Problem::new("access-not-enabled", Exit::Scopes, what)
                .help("If its scopes are right, ask Pleo to enable the API for you: an API can be documented without being enabled for you."),
        );
    }
}
