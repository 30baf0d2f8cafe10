//! `pleo call`: any operation of the API.

use std::{
    fs,
    io::{self, Read as _},
    sync::{Arc, Mutex, PoisonError},
};

use clap::{Args, ValueHint};
use clap_complete::engine::ArgValueCompleter;
use pleo::{
    AccessToken, AnyEnvironment, Body, BoxFuture, Call, Client, Error, IntoCredential as _, Items, Operation,
    OperationCall, ParameterError, ParameterLocation, Safety, Session, Transport, TransportError,
    TransportErrorKind, bytes::Bytes, http,
};
use serde_json::value::RawValue;

use super::naming;
use crate::{
    connection::Settings,
    exit::Exit,
    failure::Failure,
    output::{
        Format, Output, OutputArguments,
        curl::{self, Scheme},
        json,
        records::{Records, print_value},
        shown, style,
    },
};

/// Call any operation of the API.
///
/// OPERATION is our name or Pleo's: `pleo operations` lists them. A parameter is NAME=VALUE; NAME
/// can use Pleo's spelling, hyphens or underscores. One that takes a list may be given several
/// times. The company of --company is added where the operation takes one.
///
/// An operation that writes is shown before it is sent. In production you are asked first, unless
/// you give --yes.
///
/// Examples:
///   pleo call search_vendors limit=5
///   pleo call search_vendors --all --output csv > vendors.csv
///   pleo call get_company companyId=11111111-2222-4333-8444-555555555555
///   pleo call create_vendor --body vendor.json --dry-run
///   echo '{"includeDeleted":false}' | pleo call search_receipts --body - --curl
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CallArguments {
    /// The operation.
    #[arg(value_name = "OPERATION", add = ArgValueCompleter::new(naming::complete_operations))]
    operation: String,
    /// Parameters of the path and the query.
    #[arg(value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// The request's body: a file with JSON, or - for standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    body: Option<String>,
    /// Follow the pages of a list to its end.
    #[arg(long)]
    all: bool,
    /// Print the request as a line for curl, and send nothing. The secret is $PLEO_API_KEY or $PLEO_ACCESS_TOKEN.
    #[arg(long, conflicts_with = "all")]
    curl: bool,
    /// Print the request, and send nothing.
    #[arg(long, conflicts_with_all = ["all", "curl"])]
    dry_run: bool,
    /// Do not ask before writing.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, arguments: CallArguments) -> Result<Exit, Failure> {
    let operation = naming::operation(&arguments.operation)?;
    if arguments.all && !operation.is_paged() {
        return Err(
            Failure::usage(format!("{} does not return pages", operation.id)).help("Leave out --all.")
        );
    }
    let body = match &arguments.body {
        Some(_) if operation.request_body.is_none() => {
            return Err(Failure::usage(format!("{} takes no body", operation.id)).help("Leave out --body."));
        }
        Some(source) => Some(read_body(source)?),
        None => None,
    };
    let mut parameters = arguments.parameters.clone();
    parameters.extend(company_in_path(settings, operation, &parameters)?);
    let parts = RequestParts { operation, parameters: &parameters, body };

    if arguments.curl || arguments.dry_run {
        let request = capture(settings, &parts).await?;
        let mut output = Output::new();
        if arguments.curl {
            output.line(&curl::line(&request, scheme(settings)))?;
        } else {
            output.line(&described(&request))?;
        }
        output.finish()?;
        return Ok(Exit::Success);
    }
    if operation.safety != Safety::Safe {
        let request = capture(settings, &parts).await?;
        confirm(settings, &request, arguments.yes)?;
    }

    let client = settings.client()?;
    let call = parts.call(&client)?;
    if arguments.all {
        let mut records = Records::new(arguments.output.format(Format::Json));
        let mut items = Items::new(call);
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => records.raw(&item)?,
                Err(error) => {
                    records.finish()?;
                    return Err(broken_off(error, items.cursor()));
                }
            }
        }
        records.finish()?;
        return Ok(Exit::Success);
    }
    let response = call.send().await?;
    match response.into_inner() {
        Some(value) => print(arguments.output.format(Format::Json), &value)?,
        None => anstream::eprintln!("{}: done", operation.id),
    }
    Ok(Exit::Success)
}

/// The failure of a list that broke off, with where to go on.
fn broken_off(error: Error, cursor: Option<&str>) -> Failure {
    let failure = Failure::from(error);
    match cursor {
        Some(cursor) => failure.help(format!("Go on where it broke off with after={}", shown(cursor))),
        None => failure,
    }
}

/// Prints a response. In the formats that are for entries, its entries are those of `data` or of a list.
fn print(format: Format, value: &RawValue) -> Result<(), Failure> {
    let data = match json::Level::of(value) {
        json::Level::Object(members) => {
            members.into_iter().find(|(name, _)| name == "data").map_or(value, |(_, data)| data)
        }
        _ => value,
    };
    match json::Level::of(data) {
        json::Level::Array(entries) if format != Format::Json => {
            let mut records = Records::new(format);
            entries.into_iter().try_for_each(|entry| records.raw(entry))?;
            records.finish()
        }
        _ if format == Format::Json => print_value(format, value),
        _ => print_value(format, data),
    }
}

/// The JSON of a file, or of standard input. What it holds is not shown, as it may be personal.
fn read_body(source: &str) -> Result<Box<RawValue>, Failure> {
    let (name, text) = if source == "-" {
        let mut text = String::new();
        let read = io::stdin().lock().read_to_string(&mut text).map(|_| text);
        ("standard input".to_owned(), read)
    } else {
        (source.to_owned(), fs::read_to_string(source))
    };
    let text = text
        .map_err(|error| Failure::new(Exit::Local, format!("cannot read the body from {name}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::usage(format!("the body from {name} is not JSON: line {line}, column {column}"))
    })
}

/// The company of the settings as an argument, for an operation that has it in its path.
fn company_in_path(
    settings: &Settings,
    operation: &'static Operation,
    parameters: &[String],
) -> Result<Option<String>, Failure> {
    let in_path = operation.parameters.iter().find(|parameter| {
        parameter.location == ParameterLocation::Path && naming::normalised(parameter.name) == "companyid"
    });
    let Some(parameter) = in_path else { return Ok(None) };
    let mut names = parameters.iter().filter_map(|given| Some(given.split_once('=')?.0));
    if names.any(|name| wire_name(operation, name) == parameter.name) {
        return Ok(None);
    }
    Ok(settings.company()?.map(|company| format!("{}={company}", parameter.name)))
}

/// What the command line says about the request.
struct RequestParts<'a> {
    operation: &'static Operation,
    parameters: &'a [String],
    body: Option<Box<RawValue>>,
}

impl RequestParts<'_> {
    /// The call with its arguments.
    fn call<'c>(&self, client: &'c Client) -> Result<OperationCall<'c>, Failure> {
        let operation = self.operation;
        let mut call = client.operation(operation);
        for parameter in self.parameters {
            let Some((name, value)) = parameter.split_once('=') else {
                return Err(Failure::usage(format!("an argument of {} has no `=`", operation.id))
                    .help("Parameters are NAME=VALUE, such as limit=5."));
            };
            let argument = call.argument(wire_name(operation, name), value);
            call = argument.map_err(|error| wrong_parameter(operation, &error))?;
        }
        if let Some(body) = &self.body {
            call = call.json(body.clone());
        }
        match call.missing() {
            None => Ok(call),
            Some("body") => Err(Failure::usage(format!("{} needs a body", operation.id))
                .help("Give a file with JSON by --body FILE, or --body - for standard input.")),
            Some(name) => Err(Failure::usage(format!("{} needs the parameter `{name}`", operation.id))
                .help(format!("Give it as {name}=VALUE. {}", usage(operation)))),
        }
    }
}

/// A parameter's name on the wire, for a name that may be written in another way.
fn wire_name<'n>(operation: &'static Operation, name: &'n str) -> &'n str {
    let plain = naming::normalised(name);
    let mut names = operation.parameters.iter().map(|parameter| parameter.name);
    match names.find(|wire| *wire == name) {
        Some(_) => name,
        None => {
            let mut names = operation.parameters.iter().map(|parameter| parameter.name);
            names.find(|wire| naming::normalised(wire) == plain).unwrap_or(name)
        }
    }
}

fn wrong_parameter(operation: &Operation, error: &ParameterError) -> Failure {
    let ParameterError::Unknown { name, .. } = error else { return Failure::of(Exit::Usage, error) };
    // The names are said below, and without what has no position in the path or the query.
    let failure = Failure { help: Vec::new(), ..Failure::of(Exit::Usage, error) };
    let names = operation.parameters.iter().map(|parameter| parameter.name);
    let failure = match naming::nearest(name, names) {
        Some(nearest) => failure.help(format!("Did you mean `{nearest}`?")),
        None => failure,
    };
    failure.help(usage(operation))
}

/// What an operation takes, in one sentence.
fn usage(operation: &Operation) -> String {
    let parameters: Vec<_> = operation
        .parameters
        .iter()
        .map(|parameter| match (parameter.required, parameter.location) {
            (_, ParameterLocation::Path) | (true, _) => parameter.name.to_owned(),
            _ => format!("[{}]", parameter.name),
        })
        .collect();
    match &*parameters {
        [] => format!("{} takes no parameters.", operation.id),
        parameters => format!("{} takes {}.", operation.id, parameters.join(", ")),
    }
}

/// Takes the request instead of sending it.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Option<http::Request<Bytes>>>>);

impl Transport for Capture {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let operation = call.operation();
            let request = call.into_authorized().await?;
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
            let source = TransportError::new(TransportErrorKind::Request, "the request is not to be sent");
            Err(Error::Transport { operation, source })
        })
    }
}

/// The request as it would be sent, with a stand-in for the credential: no secret is read.
async fn capture(settings: &Settings, parts: &RequestParts<'_>) -> Result<http::Request<Bytes>, Failure> {
    let credential = AccessToken::new(settings.environment()?, "NOT-A-TOKEN")
        .map_err(|error| Failure::of(Exit::Usage, error))?;
    let mut session: Session<AnyEnvironment> = Session::new(credential.into_credential());
    if let Some(company) = settings.company()? {
        session = session.with_company(company);
    }
    let transport = Capture::default();
    let client = Client::with_transport(session, transport.clone())
        .map_err(|error| Failure::of(Exit::Usage, error))?;
    let result = parts.call(&client)?.send().await;
    let request = transport.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (request, result) {
        (Some(mut request), _) => {
            request.headers_mut().remove(http::header::AUTHORIZATION);
            Ok(request)
        }
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Err(Failure::new(Exit::Local, "the request could not be built")),
    }
}

/// How the credential of the settings would be sent.
fn scheme(settings: &Settings) -> Scheme {
    if settings.uses_token() { Scheme::Bearer } else { Scheme::Basic }
}

/// The request for people: method, address, and the body.
fn described(request: &http::Request<Bytes>) -> String {
    let mut text = format!("{} {}", request.method(), request.uri());
    if !request.body().is_empty() {
        let body = String::from_utf8_lossy(request.body());
        let pretty = serde_json::from_str::<Box<RawValue>>(&body).map(|body| json::pretty(&body));
        text.push('\n');
        text.push_str(&pretty.unwrap_or_else(|_| body.into_owned()));
    }
    text
}

/// Shows what would be written, and asks in production.
fn confirm(settings: &Settings, request: &http::Request<Bytes>, yes: bool) -> Result<(), Failure> {
    let hint = style::hint();
    for line in described(request).lines() {
        anstream::eprintln!("{hint}writes:{hint:#} {}", shown(line));
    }
    settings.confirm_write(yes, "This writes to production.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_however_their_name_is_written() {
        let operation = pleo::operations::find("get_company").unwrap();
        for name in ["companyId", "company_id", "company-id", "COMPANYID"] {
            assert_eq!(wire_name(operation, name), "companyId");
        }
        assert_eq!(wire_name(operation, "other"), "other");
    }
}
