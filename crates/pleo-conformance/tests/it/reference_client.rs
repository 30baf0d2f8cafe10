//! The reference client is correct, each flaw shows, and no variation changes what is meant.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;
use pleo_conformance::{
    protocol::{
        Action, Addresses, Answer, App, Authorize, Call, CompanyPlace, Credential, CredentialKind, Finish,
        Hello, Location, Operation, Parameter, Send, Tokens,
    },
    subject::{Outcome, Subject},
};
use pleo_sandbox::{Reply, Server};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::reference::{CONDUCT, FLAWS, Reference, VARIATIONS};

const KEY: &str = "FAKE-KEY->>>???";
const TOKEN: &str = "FAKE.TOKEN+/~==";
const COMPANY: &str = "11111111-2222-4333-8444-555555555551";
const OTHER_COMPANY: &str = "11111111-2222-4333-8444-555555555552";

/// The servers that the tests point the client at.
struct Lab {
    servers: [(&'static str, Server); 6],
    hello: Hello,
}

impl Lab {
    fn start() -> Self {
        let elsewhere = Server::start(|_: &Request<Bytes>| status(200)).unwrap();
        let target = format!("{}/caught", elsewhere.url());
        let api = || {
            let target = target.clone();
            Server::start(move |request: &Request<Bytes>| api(request, &target)).unwrap()
        };
        let authorization = || Server::start(token_endpoint).unwrap();
        let servers = [
            ("staging", api()),
            ("production", api()),
            ("staging's authorisation server", authorization()),
            ("production's authorisation server", authorization()),
            ("legacy", api()),
            ("elsewhere", elsewhere),
        ];
        let addresses = |base_url: usize, authorization_server: usize| Addresses {
            base_url: servers[base_url].1.url(),
            authorization_server: servers[authorization_server].1.url(),
        };
        let hello = Hello {
            protocol: 1,
            environments: [
                ("staging".to_owned(), addresses(0, 2)),
                ("production".to_owned(), addresses(1, 3)),
            ]
            .into(),
            legacy_base_url: servers[4].1.url(),
        };
        Self { servers, hello }
    }

    fn base_url(&self, environment: &str) -> String {
        self.hello.environments[environment].base_url.clone()
    }

    fn elsewhere(&self) -> String {
        self.servers[5].1.url()
    }

    /// The requests since the last time, with the name of the server that each arrived at.
    fn requests(&self) -> Vec<(&'static str, Request<Bytes>)> {
        let of = |(name, server): &(&'static str, Server)| {
            let name = *name;
            server.take_exchanges().into_iter().map(move |exchange| (name, exchange.request))
        };
        self.servers.iter().flat_map(of).collect()
    }
}

fn status(status: u16) -> Reply {
    Response::builder().status(status).body(Bytes::from_static(b"{}")).unwrap().into()
}

/// What the end of the path asks for.
fn api(request: &Request<Bytes>, elsewhere: &str) -> Reply {
    let stale =
        request.headers().get("authorization").is_some_and(|value| value == "Bearer FAKE-ACCESS-STALE");
    match request.uri().path().rsplit('/').next().unwrap() {
        "forbidden" => status(403),
        "broken" => status(500),
        "redirected" => {
            Response::builder().status(307).header("location", elsewhere).body(Bytes::new()).unwrap().into()
        }
        _ if stale => status(401),
        _ => status(200),
    }
}

/// Renews `FAKE-REFRESH-1` into a pair that has expired already, and every other into a good one.
fn token_endpoint(request: &Request<Bytes>) -> Reply {
    let form: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
    let refresh = form.iter().find(|(name, _)| name == "refresh_token").map(|(_, value)| value.as_str());
    let (status, body) = match refresh {
        Some("FAKE-REFRESH-DEAD") => (400, json!({ "error": "invalid_grant" })),
        Some("FAKE-REFRESH-DOWN") => (503, json!({})),
        Some("FAKE-REFRESH-1") => (
            200,
            json!({ "access_token": "FAKE-ACCESS-2", "refresh_token": "FAKE-REFRESH-2", "expires_in": 0 }),
        ),
        _ => (
            200,
            json!({ "access_token": "FAKE-ACCESS-3", "refresh_token": "FAKE-REFRESH-3", "expires_in": 3600 }),
        ),
    };
    Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap().into()
}

fn app() -> App {
    App {
        client_id: "FAKE-CLIENT".to_owned(),
        client_secret: "FAKE-CLIENT-SECRET".to_owned(),
        redirect_uri: "https://app.example/callback".to_owned(),
    }
}

fn credential(kind: CredentialKind, environment: &str, secret: &str) -> Credential {
    Credential {
        kind,
        environment: environment.to_owned(),
        secret: Some(secret.to_owned()),
        scopes: None,
        tokens: None,
    }
}

fn key() -> Credential {
    credential(CredentialKind::StandaloneApiKey, "staging", KEY)
}

fn token() -> Credential {
    credential(CredentialKind::AccessToken, "staging", TOKEN)
}

fn tokens(environment: &str, access_token: &str, refresh_token: &str, expires_in: u64) -> Credential {
    let tokens = Tokens {
        app: app(),
        access_token: access_token.to_owned(),
        refresh_token: refresh_token.to_owned(),
        expires_in,
    };
    Credential {
        kind: CredentialKind::OauthTokens,
        environment: environment.to_owned(),
        secret: None,
        scopes: None,
        tokens: Some(tokens),
    }
}

fn operation(method: &str, path: &str, company: Option<CompanyPlace>) -> Operation {
    Operation {
        id: "a_thing".to_owned(),
        pleo_id: "aThing".to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        company,
        scopes: Some(vec!["things:read".to_owned()]),
        media_type: (method != "GET").then(|| "application/json".to_owned()),
    }
}

fn place(location: Location, name: &str) -> Option<CompanyPlace> {
    Some(CompanyPlace { location, name: name.to_owned(), required: true })
}

fn request(lab: &Lab, credential: Credential, operation: Operation) -> Send {
    Send {
        base_url: lab
            .hello
            .environments
            .get(&credential.environment)
            .map_or_else(|| lab.base_url("staging"), |addresses| addresses.base_url.clone()),
        credential,
        company: None,
        operation,
        path: Default::default(),
        query: Vec::new(),
        body: None,
        times: 1,
    }
}

/// Reads one thing.
fn show(lab: &Lab, credential: Credential, id: &str) -> Send {
    let mut send = request(lab, credential, operation("GET", "/v1/things/{thingId}:peek", None));
    if matches!(id, "forbidden" | "broken" | "redirected") {
        send.operation.path = "/v1/things/{thingId}".to_owned();
    }
    send.path.insert("thingId".to_owned(), id.to_owned());
    send
}

/// Lists things, of the bound company.
fn list(lab: &Lab, credential: Credential, company: Option<&str>) -> Send {
    let mut send =
        request(lab, credential, operation("GET", "/v1/things", place(Location::Query, "company_id")));
    send.company = company.map(str::to_owned);
    let pair = |(name, value): (&str, &str)| Parameter { name: name.to_owned(), value: value.to_owned() };
    send.query = [("ids", "a b"), ("ids", "c+d&e"), ("limit", "7")].map(pair).into();
    send
}

/// Creates a thing, in the bound company.
fn create(lab: &Lab, credential: Credential, company: Option<&str>) -> Send {
    let mut send =
        request(lab, credential, operation("POST", "/v1/things", place(Location::Body, "companyId")));
    send.company = company.map(str::to_owned);
    send.body = Some(json!({ "name": "Æble", "note": null, "count": 2 }));
    send
}

/// Replaces a thing.
fn replace(lab: &Lab, credential: Credential) -> Send {
    let mut send = show(lab, credential, "1");
    send.operation = operation("PUT", "/v1/things/{thingId}", None);
    send.body = Some(json!({ "name": "Æble", "note": null, "lines": [1.0, { "of": "x" }] }));
    send
}

/// Calls the client and writes down what came of it.
struct Player<'a> {
    lab: &'a Lab,
    client: Reference,
    /// One entry a call: what is seen of it. What is made up at random is replaced by what matters of it.
    trace: Vec<String>,
    /// What the client itself said.
    said: Vec<String>,
    states: BTreeSet<String>,
    /// State and challenge of the last authorisation.
    state: String,
    challenge: String,
}

impl<'a> Player<'a> {
    fn new(lab: &'a Lab, mut client: Reference) -> Self {
        let introduction = client.hello(&lab.hello).unwrap();
        Self {
            lab,
            client,
            trace: vec![format!("{introduction:?}")],
            said: Vec::new(),
            states: BTreeSet::new(),
            state: String::new(),
            challenge: String::new(),
        }
    }

    fn call(&mut self, session: &str, action: Action) -> Outcome {
        let call = Call { id: self.trace.len() as u64, session: session.to_owned(), action };
        let outcome = self.client.call(&call).unwrap();
        let mut seen = match outcome.clone() {
            Outcome::Result(mut result) => {
                let url = result.url.take().map(|url| self.authorization(&url));
                format!("{result:?} {url:?}")
            }
            Outcome::Refuse(refusal) => format!("{refusal:?}"),
        };
        self.said.push(seen.clone());
        let mut requests: Vec<String> =
            self.lab.requests().into_iter().map(|(server, request)| self.request(server, &request)).collect();
        // Those of one call have no order of their own.
        requests.sort();
        for request in requests {
            seen = format!("{seen}\n{request}");
        }
        self.trace.push(seen);
        outcome
    }

    fn send(&mut self, session: &str, send: Send) -> Outcome {
        self.call(session, Action::Send(Box::new(send)))
    }

    fn authorize(&mut self, session: &str) {
        let scopes = vec!["things:read".to_owned(), "things:write".to_owned()];
        self.call(
            session,
            Action::Authorize(Authorize { environment: "production".to_owned(), app: app(), scopes }),
        );
    }

    /// Finishes an authorisation; in the query, `STATE` is the right state.
    fn finish(&mut self, session: &str, query: &str) {
        let redirect = format!("https://app.example/callback?{}", query.replace("STATE", &self.state));
        self.call(session, Action::Finish(Finish { redirect }));
    }

    fn authorization(&mut self, url: &str) -> String {
        let (address, query) = url.split_once('?').unwrap();
        let mut seen = address.to_owned();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            let value = match name.as_str() {
                "state" => {
                    self.state.clone_from(&value);
                    let fresh = self.states.insert(value.clone());
                    format!("{} characters, fresh: {fresh}", value.len())
                }
                "code_challenge" => {
                    self.challenge = value;
                    format!("{} characters", self.challenge.len())
                }
                "code_verifier" => self.verifier(&value),
                _ => value,
            };
            seen = format!("{seen} {name}={value}");
        }
        seen
    }

    fn verifier(&self, verifier: &str) -> String {
        let proves = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == self.challenge;
        let is_state = verifier == self.state;
        format!("{} characters, proves the challenge: {proves}, is the state: {is_state}", verifier.len())
    }

    fn request(&self, server: &str, request: &Request<Bytes>) -> String {
        let body = if request.uri().path() == "/oauth/token" {
            let pairs = form_urlencoded::parse(request.body()).into_owned();
            let pairs = pairs.map(|(name, value)| {
                let value = if name == "code_verifier" { self.verifier(&value) } else { value };
                format!("{name}={value}")
            });
            pairs.collect::<Vec<_>>().join(" ")
        } else {
            String::from_utf8_lossy(request.body()).into_owned()
        };
        format!("{server}: {} {} {:?} {body}", request.method(), request.uri(), request.headers())
    }
}

/// Lets a client do everything that some rule is about.
fn play(lab: &Lab, client: Reference) -> Player<'_> {
    let mut player = Player::new(lab, client);
    let mut session = 0;
    let mut alone = |player: &mut Player<'_>, send: Send| {
        session += 1;
        player.send(&format!("alone {session}"), send)
    };

    for credential in [key(), credential(CredentialKind::IntegratedApiKey, "production", KEY), token()] {
        alone(&mut player, show(lab, credential.clone(), "a/b-c %"));
        alone(&mut player, list(lab, credential.clone(), Some(COMPANY)));
        alone(&mut player, create(lab, credential.clone(), Some(COMPANY)));
        alone(&mut player, replace(lab, credential));
    }
    alone(&mut player, show(lab, credential(CredentialKind::StandaloneApiKey, "staging", "FAKE:KEY"), "1"));
    let expired = format!("e30.{}.FAKE", URL_SAFE_NO_PAD.encode(r#"{"exp":1}"#));
    alone(&mut player, show(lab, credential(CredentialKind::AccessToken, "staging", &expired), "1"));
    alone(&mut player, show(lab, credential(CredentialKind::LegacyToken, "legacy", TOKEN), "1"));
    let staging = lab.base_url("staging");
    for base_url in [
        format!("{staging}/"),
        lab.base_url("production"),
        lab.hello.legacy_base_url.clone(),
        lab.elsewhere(),
        format!("{staging}@{}", lab.elsewhere().trim_start_matches("http://")),
    ] {
        alone(&mut player, Send { base_url, ..show(lab, key(), "1") });
    }

    alone(&mut player, list(lab, key(), None));
    let mut other = list(lab, key(), Some(COMPANY));
    other.query.push(Parameter { name: "company_id".to_owned(), value: OTHER_COMPANY.to_owned() });
    alone(&mut player, other);
    let mut other = create(lab, key(), Some(COMPANY));
    other.body = Some(json!({ "companyId": OTHER_COMPANY }));
    alone(&mut player, other);
    alone(&mut player, Send { company: Some(COMPANY.to_owned()), ..show(lab, key(), "1") });
    for scope in ["things:read", "others:read"] {
        let scopes = Some(vec![scope.to_owned()]);
        alone(&mut player, show(lab, Credential { scopes, ..key() }, "1"));
    }
    for id in ["forbidden", "broken", "redirected"] {
        alone(&mut player, show(lab, key(), id));
    }

    player.send("rotation", show(lab, key(), "1"));
    let rotated = |environment| credential(CredentialKind::StandaloneApiKey, environment, "FAKE-KEY-2");
    player.send("rotation", show(lab, rotated("staging"), "1"));
    player.send("switch", show(lab, key(), "1"));
    player.send("switch", show(lab, rotated("production"), "1"));

    for query in [
        "code=FAKE-CODE&state=STATE",
        "code=FAKE-CODE&state=other",
        "code=FAKE-CODE",
        "code=FAKE-CODE&error=access_denied&state=STATE",
        "state=STATE",
    ] {
        player.authorize(query);
        player.finish(query, query);
        let granted = credential(CredentialKind::OauthSession, "production", "");
        player.send(query, show(lab, Credential { secret: None, ..granted }, "1"));
    }

    let expired = tokens("production", "FAKE-ACCESS-1", "FAKE-REFRESH-1", 0);
    player.send(
        "storm",
        Send { times: 8, ..show(lab, tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 0), "1") },
    );
    for send in
        [show(lab, expired.clone(), "1"), create(lab, expired.clone(), Some(COMPANY)), replace(lab, expired)]
    {
        player.send("expired", send);
    }
    for name in ["DEAD", "DOWN"] {
        for _ in 0..2 {
            let refresh = format!("FAKE-REFRESH-{name}");
            player.send(name, show(lab, tokens("staging", "FAKE-ACCESS-1", &refresh, 0), "1"));
        }
    }
    let stale = tokens("staging", "FAKE-ACCESS-STALE", "FAKE-REFRESH-9", 3600);
    player.send("stale", show(lab, stale.clone(), "1"));
    player.send("stale and unsafe", create(lab, stale.clone(), Some(COMPANY)));
    player.send("stale and unsafe", create(lab, stale, Some(COMPANY)));
    player
}

#[test]
fn each_flaw_shows_in_what_a_client_sends_or_says() {
    let lab = Lab::start();
    let correct = play(&lab, Reference::default()).trace;
    assert_eq!(play(&lab, Reference::default()).trace, correct, "only a flaw makes a difference");
    for (flaw, name, rule) in FLAWS {
        let faulty = play(&lab, Reference::with_flaw(*flaw)).trace;
        assert!(faulty != correct, "nobody can see {name}, which breaks {rule}");
    }
}

#[test]
fn there_are_enough_flaws_and_variations_and_each_has_a_name_of_its_own() {
    let names: BTreeSet<&str> =
        FLAWS.iter().map(|(_, name, _)| *name).chain(VARIATIONS.iter().map(|(_, name)| *name)).collect();
    assert_eq!(names.len(), FLAWS.len() + VARIATIONS.len());
    assert!(FLAWS.len() >= 60 && VARIATIONS.len() >= 14);
}

/// Calls the correct client in a session.
fn correct(player: &mut Player<'_>, session: &str, send: &Send) -> Outcome {
    let call = Call { id: 1, session: session.to_owned(), action: Action::Send(Box::new(send.clone())) };
    player.client.call(&call).unwrap()
}

fn statuses(outcome: &Outcome) -> Vec<u16> {
    let Outcome::Result(result) = outcome else { panic!("{outcome:?}") };
    let status = |answer: &Answer| match answer {
        Answer::Status(status) => *status,
        Answer::Failure(reason) => panic!("{reason}"),
    };
    result.answers.iter().map(status).collect()
}

/// The secrets that arrived, in order: refresh tokens and what `Authorization` brings to the API.
fn arrived(lab: &Lab) -> Vec<String> {
    let mut arrived = Vec::new();
    for (server, request) in lab.requests() {
        if server.contains("authorisation") {
            let mut form = form_urlencoded::parse(request.body());
            let (_, value) = form.find(|(name, _)| name == "refresh_token" || name == "code").unwrap();
            arrived.push(format!("{value} at {server}"));
        } else {
            let value = request.headers()["authorization"].to_str().unwrap();
            arrived.push(format!("{value} at {server}"));
        }
    }
    // Each server has an order of its own, so that they come sorted is all that can be said.
    arrived.sort();
    arrived
}

#[test]
fn without_a_flaw_nothing_leaves_that_must_not() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let staging = lab.base_url("staging");
    let to = |base_url: String| Send { base_url, ..show(&lab, key(), "1") };
    let with = |credential| show(&lab, credential, "1");
    let given = |kind, secret| with(credential(kind, "staging", secret));
    let mut other_in_query = list(&lab, key(), Some(COMPANY));
    other_in_query.query.push(Parameter { name: "company_id".to_owned(), value: OTHER_COMPANY.to_owned() });
    let other_in_body =
        Send { body: Some(json!({ "companyId": OTHER_COMPANY })), ..create(&lab, key(), Some(COMPANY)) };
    let mut no_parameter = with(key());
    no_parameter.path.clear();
    for (name, send) in [
        ("the other environment", to(lab.base_url("production"))),
        ("the legacy API", to(lab.hello.legacy_base_url.clone())),
        ("elsewhere", to(lab.elsewhere())),
        ("a port more", to(format!("{staging}0"))),
        ("user information", to(format!("{staging}@{}", lab.elsewhere().trim_start_matches("http://")))),
        ("a path", to(format!("{staging}/v1"))),
        ("two slashes", to(format!("{staging}//"))),
        ("another scheme", to(staging.replace("http://", "HTTP://"))),
        ("a legacy token", given(CredentialKind::LegacyToken, TOKEN)),
        ("a key with a colon", given(CredentialKind::IntegratedApiKey, "FAKE:KEY")),
        ("a key with a line feed", given(CredentialKind::StandaloneApiKey, "FAKE\nKEY")),
        ("an empty key", given(CredentialKind::StandaloneApiKey, "")),
        ("a token with a line feed", given(CredentialKind::AccessToken, "FAKE\r\nx: y")),
        ("no key", with(Credential { secret: None, ..key() })),
        ("no tokens", with(Credential { tokens: None, ..tokens("staging", "", "", 1) })),
        ("nothing granted", with(Credential { kind: CredentialKind::OauthSession, ..key() })),
        ("too few scopes", with(Credential { scopes: Some(vec!["others:read".to_owned()]), ..key() })),
        ("no company in the query", list(&lab, key(), None)),
        ("no company in the body", create(&lab, key(), None)),
        ("another company in the query", other_in_query),
        ("another company in the body", other_in_body),
        ("no path parameter", no_parameter),
        ("a path parameter of dots", show(&lab, key(), "..")),
    ] {
        let outcome = correct(&mut player, name, &send);
        assert!(matches!(outcome, Outcome::Refuse(_)), "{name}: {outcome:?}");
        assert_eq!(arrived(&lab), [""; 0], "{name}");
    }
    assert_eq!(statuses(&correct(&mut player, "a slash", &to(format!("{staging}/")))), [200]);
}

#[test]
fn without_a_flaw_what_may_leave_leaves_once_as_it_was_asked_for() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let jwt = format!("e30.{}.FAKE", URL_SAFE_NO_PAD.encode(r#"{"exp":1}"#));
    let production = credential(CredentialKind::StandaloneApiKey, "production", "FAKE-KEY-2");
    let with = |credential| show(&lab, credential, "1");
    for (session, send, status, expected) in [
        ("first", with(key()), 200, "staging /v1/things/1:peek Basic RkFLRS1LRVktPj4+Pz8/Og=="),
        (
            "first",
            with(credential(CredentialKind::StandaloneApiKey, "staging", "FAKE-KEY-1")),
            200,
            "staging /v1/things/1:peek Basic RkFLRS1LRVktMTo=",
        ),
        ("first", with(production), 200, "production /v1/things/1:peek Basic RkFLRS1LRVktMjo="),
        (
            "a token is no business of the client's",
            with(credential(CredentialKind::AccessToken, "production", &jwt)),
            200,
            "production /v1/things/1:peek Bearer e30.eyJleHAiOjF9.FAKE",
        ),
        (
            "scopes that suffice",
            with(Credential { scopes: Some(vec!["things:read".to_owned()]), ..token() }),
            200,
            "staging /v1/things/1:peek Bearer FAKE.TOKEN+/~==",
        ),
        (
            "a company that has no place",
            Send { company: Some(COMPANY.to_owned()), ..with(token()) },
            200,
            "staging /v1/things/1:peek Bearer FAKE.TOKEN+/~==",
        ),
        (
            "forbidden",
            show(&lab, token(), "forbidden"),
            403,
            "staging /v1/things/forbidden Bearer FAKE.TOKEN+/~==",
        ),
        (
            "redirected",
            show(&lab, token(), "redirected"),
            307,
            "staging /v1/things/redirected Bearer FAKE.TOKEN+/~==",
        ),
    ] {
        assert_eq!(statuses(&correct(&mut player, session, &send)), [status], "{session}");
        let line = |(server, request): (&str, Request<Bytes>)| {
            format!("{server} {} {}", request.uri(), request.headers()["authorization"].to_str().unwrap())
        };
        assert_eq!(lab.requests().into_iter().map(line).collect::<Vec<_>>(), [expected], "{session}");
    }
}

#[test]
fn without_a_flaw_no_secret_is_said() {
    let lab = Lab::start();
    let player = play(&lab, Reference::default());
    assert!(player.said.len() > 50);
    for secret in [
        KEY,
        TOKEN,
        "RkFLRS1LRVkt",
        "FAKE:KEY",
        "FAKE-KEY-2",
        "FAKE-ACCESS",
        "FAKE-REFRESH",
        "FAKE-CLIENT-SECRET",
        "FAKE-CODE",
    ] {
        for said in &player.said {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn without_a_flaw_the_published_base_urls_are_built_in_and_everything_can_be_done() {
    let introduction = Reference::default().hello(&Lab::start().hello).unwrap();
    let base_urls: Vec<(&str, &str)> =
        introduction.base_urls.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
    assert_eq!(
        base_urls,
        [("production", "https://external.pleo.io"), ("staging", "https://external.staging.pleo.io")]
    );
    assert_eq!(introduction.capabilities.len(), 10);
}

#[test]
fn without_a_flaw_the_company_of_the_request_is_enough() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    for bound in [None, Some(COMPANY)] {
        let mut send = list(&lab, key(), bound);
        send.query.push(Parameter { name: "company_id".to_owned(), value: COMPANY.to_owned() });
        assert_eq!(statuses(&correct(&mut player, "query", &send)), [200]);
        let (_, request) = lab.requests().remove(0);
        assert_eq!(request.uri().query().unwrap().matches(COMPANY).count(), 1);

        let send = Send { body: Some(json!({ "companyId": COMPANY })), ..create(&lab, key(), bound) };
        assert_eq!(statuses(&correct(&mut player, "body", &send)), [200]);
        let (_, request) = lab.requests().remove(0);
        assert_eq!(request.body(), &format!("{{\"companyId\":\"{COMPANY}\"}}"));
    }
}

#[test]
fn without_a_flaw_tokens_are_renewed_once_and_in_time() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let staging = |access: &str, refresh: &str, expires_in| {
        show(&lab, tokens("staging", access, &format!("FAKE-REFRESH-{refresh}"), expires_in), "1")
    };
    let refreshed = |token: &str| format!("FAKE-REFRESH-{token} at staging's authorisation server");
    let used = |token: &str| format!("Bearer FAKE-ACCESS-{token} at staging");

    let all_at_once = Send { times: 8, ..staging("FAKE-ACCESS-1", "9", 0) };
    assert_eq!(statuses(&correct(&mut player, "all at once", &all_at_once)), [200; 8]);
    assert_eq!(arrived(&lab), [vec![used("3"); 8], vec![refreshed("9")]].concat());

    let expired = staging("FAKE-ACCESS-1", "1", 0);
    for expected in [vec![used("2"), refreshed("1")], vec![used("3"), refreshed("2")], vec![used("3")]] {
        assert_eq!(statuses(&correct(&mut player, "again and again", &expired)), [200]);
        assert_eq!(arrived(&lab), expected);
    }

    let production = show(&lab, tokens("production", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 0), "1");
    assert_eq!(statuses(&correct(&mut player, "production", &production)), [200]);
    assert_eq!(
        arrived(&lab),
        ["Bearer FAKE-ACCESS-3 at production", "FAKE-REFRESH-9 at production's authorisation server"]
    );

    let stale = staging("FAKE-ACCESS-STALE", "9", 3600);
    assert_eq!(statuses(&correct(&mut player, "refused", &stale)), [200]);
    assert_eq!(arrived(&lab), [used("3"), used("STALE"), refreshed("9")]);
    let unsafe_call = create(&lab, stale.credential, Some(COMPANY));
    assert_eq!(statuses(&correct(&mut player, "refused and unsafe", &unsafe_call)), [401]);
    assert_eq!(arrived(&lab), [used("STALE")]);
    assert_eq!(statuses(&correct(&mut player, "refused and unsafe", &unsafe_call)), [200]);
    assert_eq!(arrived(&lab), [used("3"), refreshed("9")]);

    for (token, first, second) in [("DEAD", 1, 0), ("DOWN", 3, 3)] {
        let send = Send { times: 4, ..staging("FAKE-ACCESS-1", token, 0) };
        for times in [first, second] {
            assert!(matches!(correct(&mut player, token, &send), Outcome::Refuse(_)), "{token}");
            assert_eq!(arrived(&lab), vec![refreshed(token); times]);
        }
    }
}

#[test]
fn without_a_flaw_only_the_right_redirect_is_exchanged_and_only_once() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let granted = Credential { secret: None, ..credential(CredentialKind::OauthSession, "production", "") };
    for query in
        ["code=FAKE-CODE&state=other", "code=FAKE-CODE", "code=FAKE-CODE&error=x&state=STATE", "state=STATE"]
    {
        player.authorize(query);
        player.finish(query, query);
        assert!(!player.trace.last().unwrap().contains("/oauth/token"), "{query}");
        assert!(matches!(correct(&mut player, query, &show(&lab, granted.clone(), "1")), Outcome::Refuse(_)));
    }

    let server = &lab.hello.environments["production"].authorization_server;
    player.authorize("right");
    let authorization = player.trace.last().unwrap();
    let expected = format!(
        "{server}/oauth/authorize response_type=code client_id=FAKE-CLIENT \
         redirect_uri=https://app.example/callback scope=things:read things:write \
         state=43 characters, fresh: true code_challenge=43 characters code_challenge_method=S256\""
    );
    assert!(authorization.contains(&expected), "{authorization}");
    player.finish("right", "code=FAKE-CODE&state=STATE");
    let exchange = player.trace.last().unwrap();
    for part in [
        "\nproduction's authorisation server: POST /oauth/token",
        "\"authorization\": \"Basic RkFLRS1DTElFTlQ6RkFLRS1DTElFTlQtU0VDUkVU\"",
        "} grant_type=authorization_code code=FAKE-CODE redirect_uri=https://app.example/callback \
         code_verifier=43 characters, proves the challenge: true, is the state: false",
    ] {
        assert!(exchange.contains(part), "{exchange}");
    }
    assert!(exchange.ends_with("is the state: false"), "{exchange}");
    player.finish("right", "code=FAKE-CODE&state=STATE");
    assert!(!player.trace.last().unwrap().contains("/oauth/token"), "a redirect is good once");
    assert_eq!(statuses(&correct(&mut player, "right", &show(&lab, granted, "1"))), [200]);
    assert_eq!(arrived(&lab), ["Bearer FAKE-ACCESS-3 at production"]);
}

/// Takes down what arrives, byte for byte, and answers with 200.
struct Bytewise {
    hello: Hello,
    arrived: Receiver<String>,
}

impl Bytewise {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, arrived) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut buffer = [0; 1024];
                    let read = stream.read(&mut buffer).unwrap();
                    assert!(read > 0, "the client broke off");
                    request.extend(&buffer[..read]);
                }
                // The test may have ended.
                let _ = sender.send(String::from_utf8_lossy(&request).into_owned());
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
            }
        });
        let addresses = Addresses { base_url: url.clone(), authorization_server: url.clone() };
        let hello = Hello {
            protocol: 1,
            environments: [("staging".to_owned(), addresses)].into(),
            legacy_base_url: "http://127.0.0.1:1".to_owned(),
        };
        Self { hello, arrived }
    }

    /// What arrives of this request.
    fn bytes(&self, mut client: Reference, send: &Send) -> String {
        client.hello(&self.hello).unwrap();
        let base_url = self.hello.environments["staging"].base_url.clone();
        let action = Action::Send(Box::new(Send { base_url, ..send.clone() }));
        let outcome = client.call(&Call { id: 1, session: "bytes".to_owned(), action }).unwrap();
        assert!(
            matches!(&outcome, Outcome::Result(result) if result.answers == [Answer::Status(200)]),
            "{outcome:?}"
        );
        let host = self.hello.environments["staging"].base_url.replace("http://", "");
        self.arrived.try_recv().unwrap().replace(&host, "HOST")
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    match head.split_once("content-length:").map(|(_, rest)| rest.lines().next().unwrap().trim()) {
        Some(length) => request.len() >= head.len() + 4 + length.parse::<usize>().unwrap(),
        None if head.contains("chunked") => body.ends_with("0\r\n\r\n"),
        None => true,
    }
}

#[test]
fn without_a_flaw_every_byte_is_right() {
    let (lab, server) = (Lab::start(), Bytewise::start());
    let correct = |send: &Send| server.bytes(Reference::default(), send);
    assert_eq!(
        correct(&list(&lab, key(), Some(COMPANY))),
        "GET /v1/things?ids=a%20b&ids=c%2Bd%26e&limit=7&company_id=11111111-2222-4333-8444-555555555551 HTTP/1.1\r\n\
         Host: HOST\r\n\
         User-Agent: reference/1\r\n\
         Accept: application/json\r\n\
         Authorization: Basic RkFLRS1LRVktPj4+Pz8/Og==\r\n\r\n"
    );
    assert_eq!(
        correct(&create(&lab, token(), Some(COMPANY))),
        "POST /v1/things HTTP/1.1\r\n\
         Host: HOST\r\n\
         User-Agent: reference/1\r\n\
         Accept: application/json\r\n\
         Authorization: Bearer FAKE.TOKEN+/~==\r\n\
         Content-Type: application/json\r\n\
         Content-Length: 89\r\n\r\n\
         {\"companyId\":\"11111111-2222-4333-8444-555555555551\",\"count\":2,\"name\":\"Æble\",\"note\":null}"
    );
    assert_eq!(
        correct(&replace(&lab, token())),
        "PUT /v1/things/1 HTTP/1.1\r\n\
         Host: HOST\r\n\
         User-Agent: reference/1\r\n\
         Accept: application/json\r\n\
         Authorization: Bearer FAKE.TOKEN+/~==\r\n\
         Content-Type: application/json\r\n\
         Content-Length: 53\r\n\r\n\
         {\"lines\":[1.0,{\"of\":\"x\"}],\"name\":\"Æble\",\"note\":null}"
    );
    assert_eq!(
        correct(&show(&lab, token(), "a/b-c %")),
        "GET /v1/things/a%2Fb-c%20%25:peek HTTP/1.1\r\n\
         Host: HOST\r\n\
         User-Agent: reference/1\r\n\
         Accept: application/json\r\n\
         Authorization: Bearer FAKE.TOKEN+/~==\r\n\r\n"
    );
}

/// Requests that every variation has something to say about.
fn lawful(lab: &Lab) -> [Send; 4] {
    [
        show(lab, key(), "a/b-c %"),
        list(lab, token(), Some(COMPANY)),
        create(lab, key(), Some(COMPANY)),
        replace(lab, token()),
    ]
}

/// What a request means, whichever way it is written.
#[derive(Debug, PartialEq)]
struct Meaning {
    server: &'static str,
    method: String,
    path: Vec<String>,
    query: Vec<(String, String)>,
    authorization: Vec<String>,
    media_type: Option<String>,
    body: Value,
}

fn meaning((server, request): (&'static str, Request<Bytes>)) -> Meaning {
    let header =
        |name| request.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned());
    let authorization = header("authorization").map(|value| {
        let (scheme, credentials) = value.split_once(' ').unwrap();
        format!("{} {credentials}", scheme.to_lowercase())
    });
    let media_type =
        header("content-type").map(|value| value.split(';').next().unwrap().trim().to_lowercase()).next();
    let decode = |segment| percent_decode_str(segment).decode_utf8().unwrap().into_owned();
    let query = request.uri().query().unwrap_or_default();
    let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    query.sort();
    let text = String::from_utf8(request.body().to_vec()).unwrap();
    Meaning {
        server,
        method: request.method().to_string(),
        path: request.uri().path().split('/').map(decode).collect(),
        query,
        authorization: authorization.collect(),
        media_type,
        body: serde_json::from_str(&text).map_or(Value::String(text), as_floats),
    }
}

/// The value with one spelling for each number.
fn as_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(as_floats).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, as_floats(value))).collect(),
        other => other,
    }
}

#[test]
fn a_variation_changes_bytes_and_nothing_of_what_they_mean() {
    let (lab, server) = (Lab::start(), Bytewise::start());
    let meanings = |client: Reference| {
        let mut player = Player::new(&lab, client);
        let expired = show(&lab, tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 0), "1");
        let mut meanings = Vec::new();
        for (index, send) in lawful(&lab).into_iter().chain([expired]).enumerate() {
            let action = Action::Send(Box::new(send));
            let session = index.to_string();
            let outcome = player.client.call(&Call { id: 1, session, action }).unwrap();
            assert!(matches!(&outcome, Outcome::Result(result) if result.answers == [Answer::Status(200)]));
            meanings.extend(lab.requests().into_iter().map(meaning));
        }
        meanings
    };
    let bytes = |client: &dyn Fn() -> Reference| {
        lawful(&lab).iter().map(|send| server.bytes(client(), send)).collect::<Vec<_>>()
    };

    let plain = (bytes(&Reference::default), meanings(Reference::default()));
    assert_eq!(plain.1.len(), 6);
    assert_eq!(bytes(&Reference::default), plain.0, "only a variation makes a difference");
    for (variation, name) in VARIATIONS {
        let varied = || Reference::with_variation(*variation);
        assert_eq!(bytes(&varied) == plain.0, CONDUCT.contains(variation), "{name}");
        assert_eq!(meanings(varied()), plain.1, "{name}");
    }
}
