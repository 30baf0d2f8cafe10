//! The adapters are small honest clients: what they send arrives as it should, and what is not in order is
//! refused.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::support::{
    adapters::{Adapter, CURL, HTTPX, NODE, PYTHON, REQUESTS},
    guarded, hello,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Response};
use pleo_conformance::{
    protocol::{
        Action, Answer, App, Authorize, Call, CallResult, Capability, CompanyLocation, Credential,
        CredentialKind, Finish, Introduction, Location, Operation, Parameter, Refusal, Send, Tokens,
    },
    subject::{Outcome, ProcessSubject, Subject as _},
};
use pleo_sandbox::{Extent, Reply, Server};
use serde_json::{Value, json};

const KEY: &str = "FAKE-KEY-0123456789";
const COMPANY: &str = "11111111-2222-4333-8444-555555555551";
const OTHER_COMPANY: &str = "11111111-2222-4333-8444-555555555552";

/// Answers that are given in this order; afterwards it is always 200.
type Script = Arc<Mutex<VecDeque<Reply>>>;

/// An adapter between two servers.
struct World {
    staging: Server,
    production: Server,
    script: Script,
    introduction: Introduction,
    subject: ProcessSubject,
    calls: u64,
}

impl World {
    fn new(command: Vec<String>) -> Self {
        let script = Script::default();
        let answers = Arc::clone(&script);
        let staging = Server::start(move |_: &Request<Bytes>| {
            answers.lock().unwrap().pop_front().unwrap_or_else(|| answer(200, &json!({})))
        });
        let production = Server::start(|_: &Request<Bytes>| answer(200, &json!({})));
        let (staging, production) = (staging.unwrap(), production.unwrap());
        let mut subject = ProcessSubject::start(command, Duration::from_secs(30)).unwrap();
        let introduction = subject.hello(&hello(&staging.url(), &production.url())).unwrap();
        Self { staging, production, script, introduction, subject, calls: 0 }
    }

    fn call(&mut self, action: Action) -> Outcome {
        self.calls += 1;
        self.subject
            .call(&Call { id: self.calls, session: "one".into(), time_limit_ms: None, action })
            .unwrap()
    }

    fn result(&mut self, action: Action) -> CallResult {
        match self.call(action) {
            Outcome::Result(result) => result,
            Outcome::Refuse(refusal) => panic!("{refusal:?}"),
        }
    }

    /// A refusal, before which nothing was sent.
    fn refusal(&mut self, action: Action) -> Refusal {
        match self.call(action) {
            Outcome::Refuse(refusal) => {
                assert!(self.arrived().is_empty() && self.production.take_exchanges().is_empty());
                refusal
            }
            Outcome::Result(result) => panic!("{result:?}"),
        }
    }

    /// Sends what has to be refused for a good reason.
    fn refused(&mut self, send: Send) -> String {
        let refusal = self.refusal(Action::Send(Box::new(send)));
        assert!(!refusal.unsupported, "{refusal:?}");
        refusal.reason
    }

    /// Sends a request, which is the only one that arrives, and returns it.
    fn sent(&mut self, send: Send) -> Request<Bytes> {
        let result = self.result(Action::Send(Box::new(send)));
        assert_eq!(result.answers, [Answer::Status(200)], "{:?}", result.shown);
        let arrived: [Request<Bytes>; 1] = self.arrived().try_into().unwrap();
        let [request] = arrived;
        request
    }

    /// What has arrived in staging since the last time.
    fn arrived(&self) -> Vec<Request<Bytes>> {
        self.staging.take_exchanges().into_iter().map(|exchange| exchange.request).collect()
    }

    fn will_answer(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().extend(replies);
    }

    /// A request that is in order: with a key of staging, for nothing in particular.
    fn send(&self) -> Send {
        Send {
            base_url: self.staging.url(),
            credential: credential(CredentialKind::StandaloneApiKey, KEY),
            company: None,
            operation: operation("GET", "/v3/export-jobs"),
            path: BTreeMap::new(),
            query: Vec::new(),
            body: None,
            times: 1,
        }
    }

    /// The same for an operation that takes the company there.
    fn send_for(&self, company: Option<&str>, location: Location, name: &str) -> Send {
        let mut send = self.send();
        send.company = company.map(Into::into);
        send.operation.company = Some(CompanyLocation { location, name: name.into(), required: true });
        if location == Location::Body {
            send.operation.method = "POST".into();
            send.body = Some(json!({ "name": "Travel" }));
        }
        send
    }
}

fn answer(status: u16, body: &Value) -> Reply {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status.try_into().unwrap();
    Reply::from(response)
}

fn redirect(to: &str) -> Reply {
    let mut reply = answer(307, &json!({}));
    reply.response.headers_mut().insert("location", to.parse().unwrap());
    reply
}

fn operation(method: &str, path: &str) -> Operation {
    Operation {
        id: "an_operation".into(),
        pleo_id: "anOperation".into(),
        method: method.into(),
        path: path.into(),
        company: None,
        scopes: None,
        media_type: None,
    }
}

fn credential(kind: CredentialKind, secret: &str) -> Credential {
    let secret = Some(secret.into());
    Credential { kind, environment: "staging".into(), secret, scopes: None, tokens: None }
}

fn parameter(name: &str, value: &str) -> Parameter {
    Parameter { name: name.into(), value: value.into() }
}

fn target(request: &Request<Bytes>) -> String {
    request.uri().path_and_query().unwrap().to_string()
}

fn authorization(request: &Request<Bytes>) -> &str {
    let values: Vec<_> = request.headers().get_all("authorization").iter().collect();
    assert_eq!(values.len(), 1, "{values:?}");
    values[0].to_str().unwrap()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

/// Tests of one adapter each, for behaviour that they share.
macro_rules! of_each {
    ($($behaviour:ident)*) => {
        of_each!(curl: CURL $($behaviour)*);
        of_each!(python: PYTHON $($behaviour)*);
        of_each!(requests: REQUESTS $($behaviour)*);
        of_each!(httpx: HTTPX $($behaviour)*);
        of_each!(node: NODE $($behaviour)*);
    };
    ($name:ident: $adapter:ident $($behaviour:ident)*) => {
        mod $name {
            $(#[test]
            fn $behaviour() {
                super::try_adapter(&super::$adapter, super::$behaviour);
            })*
        }
    };
}

fn try_adapter(adapter: &'static Adapter, test: impl FnOnce(World) + std::marker::Send + 'static) {
    if adapter.is_available() {
        guarded(move || test(World::new(with_proxy_and_password(adapter.command()))));
    }
}

/// The command, in an environment that has a proxy for everything, where nobody listens, and a password for this
/// machine.
fn with_proxy_and_password(command: Vec<String>) -> Vec<String> {
    let netrc = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/netrc");
    let set = ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"]
        .map(|name| format!("{name}=http://127.0.0.1:9"));
    let words = ["env".to_owned(), "no_proxy=".to_owned(), "NO_PROXY=".to_owned(), format!("NETRC={netrc}")];
    words.into_iter().chain(set).chain(command).collect()
}

of_each! {
    an_adapter_says_what_it_can_do
    a_key_is_the_user_name_without_a_password
    a_token_is_sent_as_bearer
    a_key_that_would_not_arrive_as_it_is_is_refused
    a_credential_goes_to_its_own_environment_only
    a_slash_at_the_end_of_the_base_url_does_not_double
    a_legacy_token_is_refused
    the_company_goes_into_the_query_once
    the_company_goes_into_the_body
    another_company_is_refused
    a_missing_company_is_refused_where_it_is_required
    a_company_goes_nowhere_if_the_operation_takes_none
    a_scope_that_is_known_to_be_missing_is_refused
    values_are_encoded_and_cannot_change_the_route
    the_body_arrives_as_it_is
    a_redirect_is_not_followed
    statuses_and_failures_are_told_without_the_secret
    proxies_and_stored_passwords_are_not_used
}

fn an_adapter_says_what_it_can_do(world: World) {
    let lacking: &[Capability] = match &*world.introduction.name {
        "python" => &[],
        "httpx" => &[Capability::Oauth, Capability::Refresh, Capability::Scopes],
        "fetch" => &[Capability::Oauth, Capability::Refresh],
        _ => &[Capability::Oauth, Capability::Refresh, Capability::Parallel],
    };
    let mut expected = BTreeSet::from(Capability::ALL);
    expected.retain(|capability| !lacking.contains(capability));
    assert_eq!(world.introduction.capabilities, expected);
}

fn a_key_is_the_user_name_without_a_password(mut world: World) {
    for kind in [CredentialKind::StandaloneApiKey, CredentialKind::IntegratedApiKey] {
        let mut send = world.send();
        send.credential.kind = kind;
        send.query = vec![parameter("limit", "10")];
        let request = world.sent(send);
        assert_eq!(
            (request.method().as_str(), target(&request).as_str()),
            ("GET", "/v3/export-jobs?limit=10")
        );
        assert_eq!(authorization(&request), basic(KEY, ""));
        assert!(request.body().is_empty());
    }
}

fn a_token_is_sent_as_bearer(mut world: World) {
    let token = "FAKE.token-_~+/9==";
    let mut send = world.send();
    send.credential = credential(CredentialKind::AccessToken, token);
    assert_eq!(authorization(&world.sent(send)), format!("Bearer {token}"));
}

fn a_key_that_would_not_arrive_as_it_is_is_refused(mut world: World) {
    for kind in [CredentialKind::StandaloneApiKey, CredentialKind::AccessToken] {
        for secret in
            ["", "FAKE KEY", "FAKE\nKEY", "FAKE\u{7f}KEY", "FAKE\0", "FAKE\r\nX-Injected: 1", "FAKÉ"]
        {
            let mut send = world.send();
            send.credential = credential(kind, secret);
            world.refused(send);
        }
    }
    let mut send = world.send();
    send.credential.secret = Some("FAKE:KEY".into());
    assert!(world.refused(send).contains("colon"));
}

fn a_credential_goes_to_its_own_environment_only(mut world: World) {
    let (staging, production) = (world.staging.url(), world.production.url());
    for base_url in [
        &*production,
        &format!("{staging}/extra"),
        &format!("{staging}.test"),
        &staging.replace("http", "https"),
    ] {
        let mut send = world.send();
        send.base_url = base_url.into();
        world.refused(send);
    }
    for environment in ["production", "legacy", "nowhere"] {
        let mut send = world.send();
        send.credential.environment = environment.into();
        world.refused(send);
    }
    let mut send = world.send();
    send.credential.environment = "production".into();
    send.base_url = production;
    world.result(Action::Send(Box::new(send)));
    assert_eq!((world.arrived().len(), world.production.take_exchanges().len()), (0, 1));
}

fn a_slash_at_the_end_of_the_base_url_does_not_double(mut world: World) {
    let mut send = world.send();
    send.base_url.push('/');
    assert_eq!(target(&world.sent(send)), "/v3/export-jobs");
}

fn a_legacy_token_is_refused(mut world: World) {
    let mut send = world.send();
    send.credential.kind = CredentialKind::LegacyToken;
    assert!(world.refused(send).contains("legacy token"));
}

fn the_company_goes_into_the_query_once(mut world: World) {
    let mut send = world.send_for(Some(COMPANY), Location::Query, "company_id");
    send.query = vec![parameter("limit", "10")];
    assert_eq!(target(&world.sent(send.clone())), format!("/v3/export-jobs?limit=10&company_id={COMPANY}"));
    send.query = vec![parameter("company_id", COMPANY)];
    assert_eq!(target(&world.sent(send.clone())), format!("/v3/export-jobs?company_id={COMPANY}"));
    send.query.extend(send.query.clone());
    world.refused(send);
    let camel = world.send_for(Some(COMPANY), Location::Query, "companyId");
    assert_eq!(target(&world.sent(camel)), format!("/v3/export-jobs?companyId={COMPANY}"));
}

fn the_company_goes_into_the_body(mut world: World) {
    let expected = json!({ "name": "Travel", "companyId": COMPANY });
    let mut send = world.send_for(Some(COMPANY), Location::Body, "companyId");
    let request = world.sent(send.clone());
    assert_eq!((body(&request), target(&request).as_str()), (expected.clone(), "/v3/export-jobs"));
    send.body = Some(expected.clone());
    assert_eq!(body(&world.sent(send.clone())), expected);
    send.body = None;
    assert_eq!(body(&world.sent(send.clone())), json!({ "companyId": COMPANY }));
    send.body = Some(json!([1]));
    world.refused(send);
}

fn another_company_is_refused(mut world: World) {
    let mut send = world.send_for(Some(COMPANY), Location::Query, "company_id");
    send.query = vec![parameter("company_id", OTHER_COMPANY)];
    world.refused(send);
    let mut send = world.send_for(Some(COMPANY), Location::Body, "companyId");
    for value in [json!(OTHER_COMPANY), json!(1), json!([COMPANY])] {
        send.body = Some(json!({ "companyId": value }));
        world.refused(send.clone());
    }
}

fn a_missing_company_is_refused_where_it_is_required(mut world: World) {
    for location in [Location::Query, Location::Body] {
        let mut send = world.send_for(None, location, "company_id");
        world.refused(send.clone());
        send.operation.company.as_mut().unwrap().required = false;
        assert!(!target(&world.sent(send)).contains("company"));
    }
    let mut send = world.send_for(None, Location::Query, "company_id");
    send.query = vec![parameter("company_id", COMPANY)];
    assert_eq!(target(&world.sent(send)), format!("/v3/export-jobs?company_id={COMPANY}"));
}

fn a_company_goes_nowhere_if_the_operation_takes_none(mut world: World) {
    let mut send = world.send();
    send.company = Some(COMPANY.into());
    let request = world.sent(send);
    assert_eq!(target(&request), "/v3/export-jobs");
    assert!(!format!("{:?}", request.headers()).contains(COMPANY));
}

fn a_scope_that_is_known_to_be_missing_is_refused(mut world: World) {
    if !world.introduction.capabilities.contains(&Capability::Scopes) {
        return;
    }
    let scopes = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    for (held, needed, is_sent) in [
        (scopes(&["a:read", "b:read"]), scopes(&["a:read"]), true),
        (scopes(&["a:read"]), scopes(&["a:read", "b:read"]), false),
        (scopes(&[]), scopes(&["a:read"]), false),
        (scopes(&["a:reader"]), scopes(&["a:read"]), false),
        (None, scopes(&["a:read"]), true),
        (scopes(&[]), None, true),
        (scopes(&[]), scopes(&[]), true),
    ] {
        let mut send = world.send();
        send.credential.scopes = held;
        send.operation.scopes = needed;
        if is_sent {
            world.sent(send);
        } else {
            world.refused(send);
        }
    }
}

fn values_are_encoded_and_cannot_change_the_route(mut world: World) {
    let mut send = world.send();
    send.operation.path = "/v1/vendors/{id}:archive".into();
    send.path = BTreeMap::from([("id".into(), "a/b c?d#é%41{id}\"\\".into())]);
    send.query = vec![parameter("a[]", "1&b=2"), parameter("a[]", "ü +\"\\"), parameter("empty", "")];
    assert_eq!(
        target(&world.sent(send.clone())),
        "/v1/vendors/a%2Fb%20c%3Fd%23%C3%A9%2541%7Bid%7D%22%5C:archive?\
         a%5B%5D=1%26b%3D2&a%5B%5D=%C3%BC%20%2B%22%5C&empty="
    );
    for value in ["", ".", ".."] {
        send.path = BTreeMap::from([("id".into(), value.into())]);
        world.refused(send.clone());
    }
    send.path = BTreeMap::new();
    world.refused(send);
}

fn the_body_arrives_as_it_is(mut world: World) {
    let content = json!({ "text": "é \"quoted\" \\ \n\t\u{1}\u{7f} {}[]", "list": [1, null, true, {}] });
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let mut send = world.send();
        send.operation.method = method.into();
        send.operation.media_type = Some("application/json;charset=UTF-8".into());
        let without = world.sent(send.clone());
        assert!(without.body().is_empty() && !without.headers().contains_key("content-type"));
        if method != "DELETE" {
            assert_eq!(without.headers()["content-length"], "0", "{method}");
        }
        send.body = Some(content.clone());
        let request = world.sent(send);
        assert_eq!((request.method().as_str(), body(&request)), (method, content.clone()));
        assert_eq!(request.headers()["content-type"], "application/json;charset=UTF-8");
    }
}

fn a_redirect_is_not_followed(mut world: World) {
    world.will_answer([redirect(&world.production.url()), redirect("/elsewhere")]);
    for _ in 0..2 {
        let send = world.send();
        let result = world.result(Action::Send(Box::new(send)));
        assert_eq!(result.answers, [Answer::Status(307)]);
        assert_eq!((world.arrived().len(), world.production.take_exchanges().len()), (1, 0));
    }
}

fn statuses_and_failures_are_told_without_the_secret(mut world: World) {
    let broken = |extent| Reply { extent, ..answer(200, &json!({ "some": "data" })) };
    world.will_answer([
        answer(404, &json!({ "message": KEY })),
        broken(Extent::Dropped),
        broken(Extent::CutBody),
    ]);
    let mut answers = Vec::new();
    for _ in 0..3 {
        let send = world.send();
        let result = world.result(Action::Send(Box::new(send)));
        assert!(result.shown.contains_key("log"), "{:?}", result.shown);
        let shown = format!("{result:?}");
        assert!(!shown.contains(KEY) && !shown.contains(&STANDARD.encode(format!("{KEY}:"))), "{shown}");
        answers.extend(result.answers);
    }
    assert!(
        matches!(answers[..], [Answer::Status(404), Answer::Failure(_), Answer::Failure(_)]),
        "{answers:?}"
    );
}

/// All of these tests run with them, see [`with_proxy_and_password`]; this one says what for.
fn proxies_and_stored_passwords_are_not_used(mut world: World) {
    let send = world.send();
    let request = world.sent(send);
    assert_eq!((authorization(&request), target(&request).as_str()), (&*basic(KEY, ""), "/v3/export-jobs"));
}

/// The command lines of the processes that this one has started, and they in turn.
fn command_lines() -> Vec<Vec<String>> {
    let (mut parents, mut lines) = (BTreeMap::new(), Vec::new());
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = process.file_name().to_string_lossy().parse::<u32>() else { continue };
        // A process may end meanwhile.
        let read = |file| std::fs::read(process.path().join(file)).unwrap_or_default();
        let stat = String::from_utf8_lossy(&read("stat")).into_owned();
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse::<u32>().ok());
        parents.insert(pid, parent);
        let line = String::from_utf8_lossy(&read("cmdline")).into_owned();
        lines.push((pid, line.split('\0').map(Into::into).collect()));
    }
    let is_ours = |pid: u32| {
        let parent = |pid: &u32| parents.get(pid).copied().flatten();
        std::iter::successors(parent(&pid), parent).any(|ancestor| ancestor == std::process::id())
    };
    lines.into_iter().filter(|(pid, _)| is_ours(*pid)).map(|(_, line)| line).collect()
}

/// Looks while the request is on its way.
#[test]
fn no_secret_of_curl_stands_on_a_command_line() {
    try_adapter(&CURL, secrets_are_not_arguments);
}

fn secrets_are_not_arguments(mut world: World) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let server = Server::start(move |_: &Request<Bytes>| {
        *noted.lock().unwrap() = command_lines();
        answer(200, &json!({}))
    })
    .unwrap();
    world.subject.hello(&hello(&server.url(), &world.production.url())).unwrap();
    let mut send = world.send();
    send.base_url = server.url();
    world.result(Action::Send(Box::new(send)));
    let seen = seen.lock().unwrap();
    let is_client = |line: &Vec<String>| line[0].rsplit('/').next() == Some("curl");
    assert!(seen.iter().any(is_client), "curl is not among {seen:?}");
    let encoded = STANDARD.encode(format!("{KEY}:"));
    for argument in seen.iter().flatten() {
        assert!(!argument.contains(KEY) && !argument.contains(&encoded), "{argument}");
    }
}

#[test]
fn what_curl_cannot_do_is_unsupported() {
    try_adapter(&CURL, |mut world| {
        let mut several = world.send();
        several.times = 2;
        let mut renewing = world.send();
        renewing.credential.kind = CredentialKind::OauthTokens;
        for action in [
            Action::Send(Box::new(several)),
            Action::Send(Box::new(renewing)),
            Action::Authorize(authorize()),
            Action::Finish(Finish { redirect: "https://app.test/callback?code=FAKE&state=FAKE".into() }),
        ] {
            assert!(world.refusal(action).unsupported);
        }
    });
}

/// Runs the copy with the mistake, between servers of its own.
fn with_mistake(adapter: &'static Adapter, test: impl FnOnce(World) + std::marker::Send + 'static) {
    if adapter.is_available() {
        let folder = tempfile::tempdir().unwrap();
        let command = adapter.command_with_mistake(folder.path());
        guarded(move || test(World::new(command)));
    }
}

#[test]
fn curl_with_its_mistake_sends_the_key_as_password() {
    with_mistake(&CURL, |mut world| {
        let send = world.send();
        assert_eq!(authorization(&world.sent(send)), basic("", KEY));
    });
}

#[test]
fn python_with_its_mistake_misspells_the_company() {
    with_mistake(&PYTHON, |mut world| {
        let send = world.send_for(Some(COMPANY), Location::Query, "company_id");
        assert_eq!(target(&world.sent(send)), format!("/v3/export-jobs?company={COMPANY}"));
    });
}

fn app() -> App {
    App {
        client_id: "FAKE:APP".into(),
        client_secret: "FAKE SECRET".into(),
        redirect_uri: "https://app.test/callback".into(),
    }
}

fn authorize() -> Authorize {
    Authorize {
        environment: "staging".into(),
        app: app(),
        scopes: vec!["users:read".into(), "b:read".into()],
    }
}

fn form(text: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn tokens(access: &str, refresh: &str) -> Reply {
    let lifetime = 3600;
    answer(200, &json!({ "access_token": access, "refresh_token": refresh, "expires_in": lifetime }))
}

impl World {
    /// Begins an authorisation, and returns the parameters of its URL.
    fn authorize(&mut self) -> BTreeMap<String, String> {
        let url = self.result(Action::Authorize(authorize())).url.unwrap();
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, format!("{}/oauth/authorize", self.staging.url()));
        form(query.as_bytes())
    }

    fn finish(state: &str, rest: &str) -> Action {
        Action::Finish(Finish { redirect: format!("https://app.test/callback?state={state}{rest}") })
    }

    /// A request with tokens that the client renews; they have expired, or are good for an hour.
    fn send_renewing(&self, expires_in: u64) -> Send {
        let tokens = Tokens {
            app: app(),
            access_token: "FAKE-ACCESS-0".into(),
            refresh_token: "FAKE-REFRESH-0".into(),
            expires_in,
        };
        let mut send = self.send();
        send.credential = Credential {
            kind: CredentialKind::OauthTokens,
            environment: "staging".into(),
            secret: None,
            scopes: None,
            tokens: Some(tokens),
        };
        send
    }

    fn answers(&mut self, send: &Send) -> Vec<Answer> {
        self.result(Action::Send(Box::new(send.clone()))).answers
    }

    /// What has arrived since the last time: tokens that were sent, and refresh tokens that were presented.
    fn used(&self) -> Vec<String> {
        let used = |request: Request<Bytes>| match request.uri().path() {
            "/oauth/token" => form(request.body())["refresh_token"].clone(),
            _ => authorization(&request).to_owned(),
        };
        self.arrived().into_iter().map(used).collect()
    }
}

#[test]
fn python_authorises_with_pkce_and_state() {
    try_adapter(&PYTHON, |mut world| {
        let query = world.authorize();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "FAKE:APP"),
            ("redirect_uri", "https://app.test/callback"),
            ("scope", "users:read b:read"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(query[name], value);
        }
        world.will_answer([tokens("FAKE-ACCESS-1", "FAKE-REFRESH-1")]);
        let result = world.result(World::finish(&query["state"], "&code=FAKE-CODE"));
        assert_eq!(result.answers, []);
        let [exchange] = world.arrived().try_into().unwrap();
        assert_eq!((exchange.method().as_str(), exchange.uri().path()), ("POST", "/oauth/token"));
        assert_eq!(authorization(&exchange), basic("FAKE%3AAPP", "FAKE+SECRET"));
        let fields = form(exchange.body());
        for (name, value) in [
            ("grant_type", "authorization_code"),
            ("code", "FAKE-CODE"),
            ("redirect_uri", "https://app.test/callback"),
        ] {
            assert_eq!(fields[name], value);
        }
        use sha2::Digest as _;
        let challenge = sha2::Sha256::digest(&fields["code_verifier"]);
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        assert_eq!(query["code_challenge"], engine.encode(challenge));
        let mut send = world.send();
        send.credential.kind = CredentialKind::OauthSession;
        send.credential.secret = None;
        assert_eq!(authorization(&world.sent(send)), "Bearer FAKE-ACCESS-1");
        let again = world.authorize();
        assert!(again["state"] != query["state"] && again["code_challenge"] != query["code_challenge"]);
    });
}

#[test]
fn python_exchanges_no_code_that_it_did_not_ask_for() {
    try_adapter(&PYTHON, |mut world| {
        for rest in ["", "&error=access_denied", "&code=A&code=B", "&code=FAKE&error=access_denied"] {
            let state = world.authorize()["state"].clone();
            world.refusal(World::finish(&state, rest));
        }
        for state in ["", "FAKE"] {
            let right = world.authorize()["state"].clone();
            world.refusal(World::finish(state, "&code=FAKE-CODE"));
            // One authorisation is good for one redirect.
            world.refusal(World::finish(&right, "&code=FAKE-CODE"));
        }
        let state = world.authorize()["state"].clone();
        world.will_answer([answer(400, &json!({ "error": "invalid_grant" }))]);
        let result = world.result(World::finish(&state, "&code=FAKE-CODE"));
        assert!(matches!(result.answers[..], [Answer::Failure(_)]));
        assert_eq!(world.arrived().len(), 1);
        let mut send = world.send();
        send.credential.kind = CredentialKind::OauthSession;
        world.refused(send);
    });
}

#[test]
fn python_renews_an_expired_token_and_goes_on_with_the_new_pair() {
    try_adapter(&PYTHON, |mut world| {
        world.will_answer([tokens("FAKE-ACCESS-1", "FAKE-REFRESH-1")]);
        let mut send = world.send_renewing(0);
        assert_eq!(world.answers(&send), [Answer::Status(200)]);
        assert_eq!(world.used(), ["FAKE-REFRESH-0", "Bearer FAKE-ACCESS-1"]);
        for given in [send.credential.tokens.clone(), None] {
            send.credential.tokens = given;
            assert_eq!(world.answers(&send), [Answer::Status(200)]);
            assert_eq!(world.used(), ["Bearer FAKE-ACCESS-1"]);
        }
        let unauthorized = || answer(401, &json!({}));
        world.will_answer([unauthorized(), tokens("FAKE-ACCESS-2", "FAKE-REFRESH-2"), unauthorized()]);
        assert_eq!(world.answers(&send), [Answer::Status(401)], "it tries once more, and not twice");
        assert_eq!(world.used(), ["Bearer FAKE-ACCESS-1", "FAKE-REFRESH-1", "Bearer FAKE-ACCESS-2"]);
    });
}

#[test]
fn python_renews_once_for_requests_at_the_same_time() {
    try_adapter(&PYTHON, |mut world| {
        let server = Server::start(|request: &Request<Bytes>| {
            if request.uri().path() == "/oauth/token" {
                // Long enough for everybody to want one.
                return Reply {
                    delay: Duration::from_millis(300),
                    ..tokens("FAKE-ACCESS-1", "FAKE-REFRESH-1")
                };
            }
            let is_old = authorization(request) == "Bearer FAKE-ACCESS-0";
            answer(if is_old { 401 } else { 200 }, &json!({}))
        });
        world.staging = server.unwrap();
        world.subject.hello(&hello(&world.staging.url(), &world.production.url())).unwrap();
        for (expires_in, sent) in [(3600, 16), (0, 8)] {
            let mut send = world.send_renewing(expires_in);
            send.times = 8;
            assert_eq!(world.answers(&send), vec![Answer::Status(200); 8]);
            let (renewals, others): (Vec<String>, Vec<String>) =
                world.used().into_iter().partition(|used| used.starts_with("FAKE-REFRESH"));
            assert_eq!((renewals.len(), others.len()), (1, sent), "{others:?}");
        }
    });
}

#[test]
fn python_never_presents_a_dead_refresh_token_again() {
    try_adapter(&PYTHON, |mut world| {
        world.will_answer([answer(400, &json!({ "error": "invalid_grant" }))]);
        let send = world.send_renewing(0);
        assert!(matches!(world.answers(&send)[..], [Answer::Failure(_)]));
        assert_eq!(world.used(), ["FAKE-REFRESH-0"]);
        world.refused(send);
    });
}

#[test]
fn python_asks_a_failing_authorisation_server_three_times() {
    try_adapter(&PYTHON, |mut world| {
        world.will_answer([503, 503, 503].map(|status| answer(status, &json!({}))));
        let send = world.send_renewing(0);
        assert!(matches!(world.answers(&send)[..], [Answer::Failure(_)]));
        assert_eq!(world.used(), ["FAKE-REFRESH-0"; 3]);
        let dropped = Reply { extent: Extent::Dropped, ..answer(200, &json!({})) };
        world.will_answer([dropped, tokens("FAKE-ACCESS-1", "FAKE-REFRESH-1")]);
        assert_eq!(world.answers(&send), [Answer::Status(200)]);
        assert_eq!(world.used(), ["FAKE-REFRESH-0", "FAKE-REFRESH-0", "Bearer FAKE-ACCESS-1"]);
    });
}
