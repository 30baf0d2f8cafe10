//! Talks the author of an adapter through the protocol, message by message, up to the first mistake.

use std::{collections::BTreeSet, io, time::Duration};

use anstyle::{AnsiColor, Style};
use http::{Method, header};
use pleo_client::{Operation, ParameterLocation, operations};
use pleo_sandbox::{Extent, Fault};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use super::{CliError, Stream, exit::Exit};
use crate::{
    engine::RunError,
    protocol::{
        Action, Answer, Authorize, Call, CallResult, Capability, CredentialKind, FromSubject, Introduction,
        Parameter, Refusal, Send, ToSubject, VERSION,
    },
    report::text::{one_line, shortened, visible},
    subject::{Outcome, ProcessSubject, SubjectError, outcome},
    trial::{
        TestServers,
        authorisation::oauth_client,
        case::{Case, cases, is_named, takes_company},
        client::{SILENCE, TIME_LIMIT_MS},
        evidence::{place, target},
        servers::{ReceivedRequest, Site, listen},
    },
    words::counted,
};

const BOLD: Style = Style::new().bold();
const RIGHT: Style = AnsiColor::Green.on_default();
const WRONG: Style = AnsiColor::Red.on_default().bold();

/// How much is shown of what an adapter writes, in characters.
const SHOWN: usize = 4000;

/// Runs an adapter through the protocol and prints what was said. Each answer may take `limit`.
///
/// # Errors
/// When the test servers or the adapter cannot be started, or nothing can be printed.
pub(super) fn check(command: Vec<String>, limit: Duration, out: &mut Stream<'_>) -> Result<Exit, CliError> {
    let servers = TestServers::start(listen).map_err(RunError::from)?;
    let program = ProcessSubject::start(command, limit).map_err(RunError::from)?;
    let mut talk = Talk { program, servers, out, steps: 0, calls: 0, shows: false };
    match talk.whole() {
        Ok(()) => Ok(Exit::Passed),
        Err(Stop::Mistake) => Ok(Exit::Failed),
        Err(Stop::Print(error)) => Err(error.into()),
    }
}

/// Why a talk ends early.
enum Stop {
    /// The adapter made a mistake, which has been printed.
    Mistake,
    /// Nothing can be printed.
    Print(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Print(error)
    }
}

/// What an adapter did wrong, and what its author can do about it.
struct Mistake {
    wrong: String,
    remedy: String,
}

fn mistake<T>(wrong: impl Into<String>, remedy: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake { wrong: wrong.into(), remedy: remedy.into() })
}

/// What has to come of a call.
#[derive(Clone, Copy)]
enum Expected {
    /// A request was sent, and this came of it.
    Result,
    /// As `Result`; the connection ends without a response.
    Failure,
    /// The client declined, and sent nothing.
    Refusal,
    /// The client has no way to do it.
    Unsupported,
    /// The URL of an authorisation.
    Url,
}

/// A conversation with an adapter.
struct Talk<'t, 's> {
    program: ProcessSubject,
    servers: TestServers,
    out: &'t mut Stream<'s>,
    steps: u32,
    calls: u64,
    /// Whether any answer had something under `shown`.
    shows: bool,
}

impl Talk<'_, '_> {
    fn whole(&mut self) -> Result<(), Stop> {
        let introduction = self.hello()?;
        let can = |capability| introduction.capabilities.contains(&capability);
        let case = case(&introduction).or_else(|mistake| self.wrong(&mistake))?;
        self.admit(&case);
        let send = case.send(&self.servers);
        self.send("a request that is in order", &send, None, Expected::Result)?;

        self.inject(&case, Fault::Status(404));
        let later = Some(("added_by_a_later_version", json!({ "ignore": "what you do not know" })));
        self.send("an error status, and a member that you do not know", &send, later, Expected::Result)?;

        self.inject(&case, Fault::DropConnection);
        self.send("no response", &send, None, Expected::Failure)?;
        self.servers.sandbox(case.site).clear_faults();

        if can(Capability::TimeLimits) {
            self.inject(&case, Fault::Delay(SILENCE));
            let limit = Some(("time_limit_ms", json!(TIME_LIMIT_MS)));
            self.send("no response within the time limit", &send, limit, Expected::Failure)?;
            self.servers.drain();
            self.servers.sandbox(case.site).clear_faults();
        }
        if can(Capability::Parallel) {
            let several = Send { times: 3, ..send.clone() };
            self.send("three requests at the same time", &several, None, Expected::Result)?;
        }
        if can(Capability::Environments) {
            let other = Send { base_url: self.servers.url(case.site.other_environment()), ..send.clone() };
            self.send("the other environment's address", &other, None, Expected::Refusal)?;
        }
        let action = Some(("action", json!("an_action_of_a_later_version")));
        self.send("an action that you do not know", &send, action, Expected::Unsupported)?;

        let expected = if can(Capability::Oauth) { Expected::Url } else { Expected::Unsupported };
        self.authorize(&case, expected)?;
        if can(Capability::Refresh) {
            let kept = Case { kind: CredentialKind::OauthTokens, ..case.clone() };
            self.admit(&kept);
            let send = kept.send(&self.servers);
            self.send("a pair of tokens that the client keeps", &send, None, Expected::Result)?;
        }
        if can(Capability::Shown) && !self.shows {
            let wrong = "hello claims `shown`, but no answer had a text under `shown`";
            return self.wrong(&Mistake {
                wrong: wrong.to_owned(),
                remedy:
                    "put there what your client logs, its errors and its debugging output, or do not claim it"
                        .to_owned(),
            });
        }
        self.bye()
    }

    fn hello(&mut self) -> Result<Introduction, Stop> {
        let hello = ToSubject::Hello(self.servers.hello());
        let (answer, _) = self.exchange("hello: who are you, and what can you do?", &value(&hello))?;
        let introduced = introduced(answer);
        self.judged(introduced, |introduction| {
            let names: Vec<String> = introduction.capabilities.iter().map(capability).collect();
            let Introduction { name, version, .. } = introduction;
            format!("{} claims {}", one_line(&format!("{name} {version}")), names.join(", "))
        })
    }

    /// Has a request sent, with one member of the call set to something else, and without those that are null.
    fn send(
        &mut self,
        title: &str,
        send: &Send,
        other: Option<(&str, Value)>,
        expected: Expected,
    ) -> Result<(), Stop> {
        self.call(title, Action::Send(Box::new(send.clone())), other, expected)
    }

    fn authorize(&mut self, case: &Case, expected: Expected) -> Result<(), Stop> {
        self.servers.sandbox(case.site).register(oauth_client(&case.app, case.company.unwrap_or_default()));
        let authorize = Authorize {
            environment: case.site.name().to_owned(),
            app: case.app.clone(),
            scopes: vec!["users:read".to_owned()],
        };
        self.call("the start of an authorisation", Action::Authorize(authorize), None, expected)
    }

    fn call(
        &mut self,
        title: &str,
        action: Action,
        other: Option<(&str, Value)>,
        expected: Expected,
    ) -> Result<(), Stop> {
        self.calls += 1;
        let call = Call { id: self.calls, session: "a".to_owned(), time_limit_ms: None, action };
        let mut message = value(&ToSubject::Call(Box::new(call.clone())));
        if let Some((name, value)) = other {
            message[name] = value;
            without_nulls(&mut message);
        }
        let (answer, received) = self.exchange(&format!("call: {title}"), &message)?;
        let answered = answered(&call, answer);
        if let Ok(Outcome::Result(CallResult { shown, .. })) = &answered {
            self.shows |= !shown.is_empty();
        }
        let judged = answered.and_then(|outcome| judge(&call, &outcome, &received, expected));
        self.judged(judged, Clone::clone).map(drop)
    }

    fn bye(&mut self) -> Result<(), Stop> {
        self.begin("bye: the end", &value(&ToSubject::Bye))?;
        let ended = match self.program.end(&ToSubject::Bye) {
            Ok(Some(how)) => Ok(how),
            Ok(None) => mistake(
                format!(
                    "it had not ended {} after `bye` and the end of its input",
                    counted(self.program.limit().as_secs(), "second")
                ),
                "leave the loop at `bye`, and when there are no more lines; end threads and connections that would \
                 keep the program alive",
            ),
            Err(error) => Err(breakdown(&error)),
        };
        self.judged(ended, |how| format!("it ended {how}"))?;
        self.late()?;
        self.out.text(&format!(
            "{RIGHT}the adapter speaks the protocol{RIGHT:#}; what its client does is judged by `run --client`\n"
        ))?;
        Ok(())
    }

    /// Writes a message, reads the line that comes back, and takes what was received meanwhile; shows all of it.
    fn exchange(
        &mut self,
        title: &str,
        message: &Value,
    ) -> Result<(FromSubject, Vec<ReceivedRequest>), Stop> {
        self.late()?;
        self.begin(title, message)?;
        let (line, log) = match self.program.exchange(message) {
            Ok(exchanged) => exchanged,
            Err(error) => return self.wrong(&breakdown(&error)),
        };
        let text = String::from_utf8_lossy(&line);
        let read: Result<Value, _> = serde_json::from_slice(&line);
        self.block("came back", &read.as_ref().map_or_else(|_| text.trim_end().to_owned(), pretty))?;
        let received = self.servers.take_received();
        for received in &received {
            self.block(&format!("{} received", place(received.site)), &request(received))?;
        }
        if !log.is_empty() {
            self.block("standard error", log.trim_end())?;
        }
        let answer = match read {
            Ok(value) => serde_json::from_value(value).or_else(|error| {
                mistake(
                    format!("this is not an adapter's message: {error}"),
                    "write one of `hello`, `result` and `refuse`, with the members that docs/conformance-protocol.md \
                     and schemas/protocol.schema.json describe",
                )
            }),
            Err(error) => mistake(
                format!("this is not JSON: {error}"),
                "write one JSON object in one line for each message, and nothing else, to standard output; debugging \
                 output goes to standard error",
            ),
        };
        match answer {
            Ok(answer) => Ok((answer, received)),
            Err(mistake) => self.wrong(&mistake),
        }
    }

    /// Nothing may be received between two calls.
    fn late(&mut self) -> Result<(), Stop> {
        let received = self.servers.take_received();
        let Some(late) = received.first() else { return Ok(()) };
        let (place, request) = (place(late.site), &late.exchange.request);
        self.wrong(&Mistake {
            wrong: format!("{place} received {} {} after the answer", request.method(), target(request)),
            remedy: "answer when all requests of the call are through".to_owned(),
        })
    }

    fn begin(&mut self, title: &str, message: &Value) -> io::Result<()> {
        self.steps += 1;
        self.out.text(&format!("{BOLD}{}. {title}{BOLD:#}\n", self.steps))?;
        self.block("sent", &pretty(message))
    }

    /// Text that may come from outside, set in under a heading.
    fn block(&mut self, heading: &str, text: &str) -> io::Result<()> {
        let text = shortened(&visible(text), SHOWN);
        let lines: String = text.split('\n').map(|line| format!("     {line}\n")).collect();
        self.out.text(&format!("   {heading}\n{lines}"))
    }

    fn judged<T>(&mut self, judged: Result<T, Mistake>, right: impl Fn(&T) -> String) -> Result<T, Stop> {
        match judged {
            Ok(value) => {
                self.out.text(&format!("   {RIGHT}right{RIGHT:#}: {}\n\n", one_line(&right(&value))))?;
                Ok(value)
            }
            Err(mistake) => self.wrong(&mistake),
        }
    }

    fn wrong<T>(&mut self, Mistake { wrong, remedy }: &Mistake) -> Result<T, Stop> {
        let (wrong, remedy) = (one_line(wrong), one_line(remedy));
        self.out.text(&format!("   {WRONG}wrong{WRONG:#}: {wrong}\n   what to do: {remedy}\n"))?;
        Err(Stop::Mistake)
    }

    /// Makes the credential of a case good.
    fn admit(&self, case: &Case) {
        self.servers.sandbox(case.site).admit(&case.secret, case.grant(&self.servers));
    }

    /// Has the next request of a case go wrong.
    fn inject(&self, case: &Case, fault: Fault) {
        let sandbox = self.servers.sandbox(case.site);
        sandbox.clear_faults();
        sandbox.inject(case.path_prefix(), fault);
    }
}

/// The name of a parameter that many lists have, and a value of it.
const LIMIT: (&str, &str) = ("limit", "10");

/// The simplest request that the client says it can send: a GET of a list for a company, if it has one.
fn case(introduction: &Introduction) -> Result<Case, Mistake> {
    let is_supported = |operation: &Operation| {
        introduction.operations.as_ref().is_none_or(|names| is_named(operation, names))
    };
    let is_list = |operation: &Operation| {
        let is_limit = |name, location| name == LIMIT.0 && location == ParameterLocation::Query;
        operation.method == Method::GET
            && !operation.path.contains('{')
            && operation.scopes.is_some()
            && takes_company(operation)
            && operation.parameters.iter().any(|parameter| is_limit(parameter.name, parameter.location))
    };
    let any_list = operations::all().any(|operation| is_supported(operation) && is_list(operation));
    let can = |capability| introduction.capabilities.contains(&capability);
    let kind =
        if can(Capability::ApiKeys) { CredentialKind::StandaloneApiKey } else { CredentialKind::AccessToken };
    let cases = cases()
        .with_kinds(vec![kind])
        .of(|operation| is_supported(operation) && (is_list(operation) || !any_list));
    let cases = if can(Capability::Companies) { cases } else { cases.unbound() };
    let Ok(mut tree) = cases.strategy().new_tree(&mut TestRunner::deterministic()) else {
        return mistake("no request can be made of these operations", "leave `operations` out of hello");
    };
    while tree.simplify() {}
    let mut case = tree.current();
    if any_list {
        case.query.push(Parameter { name: LIMIT.0.to_owned(), value: LIMIT.1.to_owned() });
    }
    Ok(case)
}

/// What a hello says, if it is one.
fn introduced(answer: FromSubject) -> Result<Introduction, Mistake> {
    let introduction = match answer {
        FromSubject::Hello(introduction) => introduction,
        FromSubject::Result(_) | FromSubject::Refuse(_) => {
            return mistake("this is not a hello", "answer `hello` with a message whose `type` is `hello`");
        }
    };
    let capabilities = &introduction.capabilities;
    if introduction.protocol != VERSION {
        let wrong = format!("it speaks version {} of the protocol, not {VERSION}", introduction.protocol);
        return mistake(wrong, format!("speak version {VERSION}, and write `\"protocol\":{VERSION}`"));
    }
    if !capabilities.contains(&Capability::ApiKeys) && !capabilities.contains(&Capability::AccessTokens) {
        return mistake(
            "it claims neither `api_keys` nor `access_tokens`, so there is nothing to ask of it",
            "add what the client can send to `capabilities`",
        );
    }
    let is_unknown = |name: &&String| {
        !operations::all().any(|operation| [operation.id, operation.pleo_id].contains(&name.as_str()))
    };
    match introduction.operations.iter().flatten().find(is_unknown) {
        Some(name) => mistake(
            format!("`operations` has {name:?}, which is not an operation of the API"),
            "write names such as those in `operation.id` and `operation.pleo_id`, or leave `operations` out",
        ),
        None if introduction.operations.as_ref().is_some_and(BTreeSet::is_empty) => {
            mistake("`operations` is empty", "name what the client supports, or leave `operations` out")
        }
        None => Ok(introduction),
    }
}

/// What an answer says, if it is one to this call.
fn answered(call: &Call, answer: FromSubject) -> Result<Outcome, Mistake> {
    let remedy = match &answer {
        FromSubject::Hello(_) => "answer a `call` with a `result` or a `refuse`",
        FromSubject::Result(CallResult { id, .. }) | FromSubject::Refuse(Refusal { id, .. })
            if *id != call.id =>
        {
            "copy `id` from the call into its answer, and answer each message once"
        }
        _ => "write one entry into `answers` for each request: as many as `times` says, or one",
    };
    outcome(call, answer).or_else(|error| mistake(error.to_string(), remedy))
}

/// Whether what came of a call is what should have.
fn judge(
    call: &Call,
    outcome: &Outcome,
    received: &[ReceivedRequest],
    expected: Expected,
) -> Result<String, Mistake> {
    match (expected, outcome) {
        (Expected::Result | Expected::Failure, Outcome::Result(result)) => sent(call, result, received),
        (Expected::Result | Expected::Failure, Outcome::Refuse(Refusal { unsupported: true, .. })) => {
            mistake(
                "the client does not support what hello says it can do",
                "name the operations that the client has in `operations` of hello, and claim only what it can do",
            )
        }
        (Expected::Result | Expected::Failure, Outcome::Refuse(_)) => mistake(
            "the client refused a request that is in order",
            "send it; an error status is a `result` with that `status`, and a response that did not come or cannot \
             be read is a `result` with a `failure`",
        ),
        (_, Outcome::Refuse(refusal)) => declined(refusal, received, expected),
        (Expected::Url, Outcome::Result(CallResult { url: Some(_), .. })) => {
            Ok("a URL came back, and is judged by the rules about OAuth".to_owned())
        }
        (Expected::Url, Outcome::Result(_)) => {
            mistake("the result has no `url`", "put the URL to which the user's browser is sent into `url`")
        }
        (Expected::Refusal, Outcome::Result(_)) => mistake(
            "the client did not refuse to send a credential to another environment",
            "refuse before anything is sent when `base_url` is not that of the credential's `environment`, or do not \
             claim `environments`",
        ),
        (Expected::Unsupported, Outcome::Result(_)) => mistake(
            "the client returned a result for something that it does not support",
            "answer an `action` or a `kind` that you do not know, or do not claim, with a `refuse` that has \
             `\"unsupported\":true`",
        ),
    }
}

/// A result of requests: they were received where they should be, and what is said of the responses is true.
fn sent(call: &Call, result: &CallResult, received: &[ReceivedRequest]) -> Result<String, Mistake> {
    let Action::Send(send) = &call.action else { return Ok("there is a result".to_owned()) };
    let is_right = |received: &&ReceivedRequest| {
        let request = &received.exchange.request;
        [Site::Staging, Site::Production].contains(&received.site)
            && request.method() == send.operation.method.as_str()
            && (send.operation.path.contains('{') || request.uri().path() == send.operation.path)
    };
    let arrived: Vec<_> = received.iter().filter(is_right).collect();
    if arrived.len() < result.answers.len() {
        return mistake(
            format!(
                "{} of {} requests were received as {} {} by an environment's API",
                arrived.len(),
                result.answers.len(),
                send.operation.method,
                send.operation.path
            ),
            "send the request to `base_url` followed by `operation.path`, by `operation.method`, as often as `times` \
             says; switch off proxies; refuse what the client cannot send",
        );
    }
    let came = |status: &u16| {
        let whole = arrived.iter().filter(|received| received.exchange.reply.extent != Extent::Dropped);
        whole.into_iter().any(|received| received.exchange.reply.response.status() == *status)
    };
    let untrue = result.answers.iter().find_map(|answer| match answer {
        Answer::Status(status) if !came(status) => Some(status),
        _ => None,
    });
    if let Some(status) = untrue {
        return mistake(
            format!("no response had the status {status}"),
            "give the status of the response; if none came, or it cannot be read, write `{\"failure\":\"why\"}`",
        );
    }
    let came_to = result.answers.iter().map(|answer| match answer {
        Answer::Status(status) => status.to_string(),
        Answer::Failure(_) => "no usable response".to_owned(),
    });
    let came_to: Vec<String> = came_to.collect();
    Ok(format!("received: {}; came to: {}", counted(arrived.len(), "request"), came_to.join(", ")))
}

/// A refusal: nothing was sent, and it is of the right sort.
fn declined(refusal: &Refusal, received: &[ReceivedRequest], expected: Expected) -> Result<String, Mistake> {
    if let Some(received) = received.first() {
        let place = place(received.site);
        return mistake(
            format!("the client is said to have refused, but {place} received a request"),
            "refuse only what was not sent; everything else is a `result`",
        );
    }
    match (expected, refusal.unsupported) {
        (Expected::Unsupported, false) => mistake(
            "the client has no way to do this, which a refusal without `unsupported` does not say",
            "write `\"unsupported\":true` into the `refuse` when the client cannot do such a thing at all",
        ),
        (Expected::Refusal, true) => mistake(
            "the client claims `environments`, and then has no way to tell them apart",
            "refuse without `unsupported` what the client declines for a reason",
        ),
        (Expected::Url, _) => mistake(
            "the client claims `oauth`, but does not begin an authorisation",
            "answer `authorize` with a `result` that has a `url`, or do not claim `oauth`",
        ),
        _ => Ok("the client declined, and nothing was received".to_owned()),
    }
}

/// What can be done about a program that gives no answer.
fn breakdown(error: &SubjectError) -> Mistake {
    let remedy = match error {
        SubjectError::Silent(_) => {
            "answer every message, flush standard output after each line, and set a time limit on the client's requests"
        }
        SubjectError::Flood(_) => {
            "end each message with a line feed, and write nothing else to standard output"
        }
        SubjectError::Ended(_) | SubjectError::Start(_) | SubjectError::Nonsense(_) => {
            "read lines until `bye`, and turn every exception into a `result` with a `failure`, or a `refuse`"
        }
    };
    Mistake { wrong: error.to_string(), remedy: remedy.to_owned() }
}

/// A request as it was received, without what only libraries are interested in.
fn request(received: &ReceivedRequest) -> String {
    let request = &received.exchange.request;
    let mut text = format!("{} {}", request.method(), target(request));
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        for value in request.headers().get_all(&name) {
            text += &format!("\n{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        }
    }
    if !request.body().is_empty() {
        text += &format!("\n{}", String::from_utf8_lossy(request.body()));
    }
    text
}

fn value(message: &impl serde::Serialize) -> Value {
    serde_json::to_value(message).unwrap_or_default()
}

/// Leaves out what is not given, which means the same.
fn without_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn capability(capability: &Capability) -> String {
    value(capability).as_str().unwrap_or_default().to_owned()
}
