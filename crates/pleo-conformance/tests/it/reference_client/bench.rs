//! Where the client is tried: its servers, and what it is called for.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use http::{Request, Response};
use pleo_conformance::protocol::{
    Addresses, App, CompanyLocation, Credential, CredentialKind, Hello, Location, Operation, Parameter, Send,
    Tokens,
};
use pleo_sandbox::{Extent, Reply, Server};
use serde_json::json;

pub(super) const KEY: &str = "FAKE-KEY->>>???";
pub(super) const TOKEN: &str = "FAKE.TOKEN+/~==";
pub(super) const COMPANY: &str = "11111111-2222-4333-8abc-555555555551";
/// Starts and ends with quotation marks, and holds what somebody may take for code.
pub(super) const RICH_KEY: &str = "'FAKE-KEY\"%41+$NAME&amp;<x>#100%'";
pub(super) const OTHER_COMPANY: &str = "11111111-2222-4333-8444-555555555552";

/// The queries of redirects that do not belong to an authorisation, or have no code. A player fills the state in.
pub(super) const WRONG_REDIRECTS: [&str; 9] = [
    "code=FAKE-CODE&state=other",
    "code=FAKE-CODE",
    "state=STATE",
    "code=FAKE-CODE&state=BEGINNING",
    "code=FAKE-CODE&state=STATEx",
    "code=FAKE-CODE&state=SWAPPED",
    "code=FAKE-CODE&state=AS-LONG",
    "code=FAKE-CODE&state=other&state=STATE",
    "code=FAKE-CODE&state=STATE&state=other",
];

/// Ends of paths that the API does not answer well.
pub(super) const TROUBLES: [&str; 13] = [
    "invalid",
    "missing",
    "unprocessable",
    "unknown",
    "forbidden",
    "limited",
    "broken",
    "away",
    "dropped",
    "redirected",
    "redirected-to-staging",
    "redirected-to-production",
    "redirected-to-legacy",
];

/// The servers that the tests point the client at.
pub(super) struct Lab {
    servers: [(&'static str, Server); 6],
    pub(super) hello: Hello,
}

impl Lab {
    pub(super) fn start() -> Self {
        let elsewhere = Server::start(|_: &Request<Bytes>| status(200)).unwrap();
        let target = format!("{}/caught", elsewhere.url());
        // Known once all servers have started.
        let redirects: Arc<OnceLock<BTreeMap<&'static str, String>>> = Arc::default();
        let api = || {
            let redirects = Arc::clone(&redirects);
            Server::start(move |request: &Request<Bytes>| api(request, redirects.get().unwrap())).unwrap()
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
        let caught = |server: usize| format!("{}/caught", servers[server].1.url());
        let known = [
            ("redirected", target),
            ("redirected-to-staging", caught(0)),
            ("redirected-to-production", caught(1)),
            ("redirected-to-legacy", caught(4)),
        ];
        redirects.set(known.into()).unwrap();
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

    pub(super) fn base_url(&self, environment: &str) -> String {
        self.hello.environments[environment].base_url.clone()
    }

    pub(super) fn elsewhere(&self) -> String {
        self.servers[5].1.url()
    }

    /// The requests since the last time, with the name of the server that each arrived at.
    pub(super) fn requests(&self) -> Vec<(&'static str, Request<Bytes>)> {
        let of = |(name, server): &(&'static str, Server)| {
            let name = *name;
            server.take_exchanges().into_iter().map(move |exchange| (name, exchange.request))
        };
        self.servers.iter().flat_map(of).collect()
    }
}

pub(super) fn status(status: u16) -> Reply {
    Response::builder().status(status).body(Bytes::from_static(b"{}")).unwrap().into()
}

/// What the end of the path asks for.
pub(super) fn api(request: &Request<Bytes>, redirects: &BTreeMap<&'static str, String>) -> Reply {
    let authorization = request.headers().get("authorization").map(|value| value.as_bytes());
    let stale = authorization.is_some_and(|value| value.starts_with(b"Bearer FAKE-ACCESS-STALE"));
    let wanted = request.uri().path().rsplit('/').next().unwrap();
    match wanted {
        "invalid" => status(400),
        "missing" => status(404),
        "unprocessable" => status(422),
        "unknown" => status(401),
        "forbidden" => status(403),
        "limited" => status(429),
        "broken" => status(500),
        "away" => status(503),
        "dropped" => Reply { extent: Extent::Dropped, ..status(500) },
        _ if redirects.contains_key(wanted) => Response::builder()
            .status(307)
            .header("location", &redirects[wanted])
            .body(Bytes::new())
            .unwrap()
            .into(),
        _ if stale => status(401),
        _ => status(200),
    }
}

/// Renews `FAKE-REFRESH-1` into a pair that has expired already, `FAKE-REFRESH-STALE` into one that no API
/// takes, and every other into a good one. The names of others say what is wrong with the response.
pub(super) fn token_endpoint(request: &Request<Bytes>) -> Reply {
    let form: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
    let given = |wanted: &str| form.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let pair = |access: &str, refresh: &str, expires_in: u64| json!({ "access_token": access, "refresh_token": refresh, "expires_in": expires_in });
    let (status, body) = match given("refresh_token").or_else(|| given("code")) {
        Some("FAKE-REFRESH-DEAD") => (400, json!({ "error": "invalid_grant" })),
        Some("FAKE-REFRESH-DOWN" | "FAKE-CODE-DOWN") => (503, json!({})),
        Some("FAKE-REFRESH-1") => (200, pair("FAKE-ACCESS-2", "FAKE-REFRESH-2", 0)),
        Some("FAKE-REFRESH-STALE") => (200, pair("FAKE-ACCESS-STALE", "FAKE-REFRESH-STALE", 3600)),
        Some("FAKE-CODE-EXPIRED") => (200, pair("FAKE-ACCESS-2", "FAKE-REFRESH-9", 0)),
        Some("FAKE-REFRESH-EMPTY" | "FAKE-CODE-EMPTY") => (200, pair("", "", 3600)),
        Some("FAKE-REFRESH-HALF") => (200, json!("{\"access_token\":\"FAKE-HALF\"")),
        Some("FAKE-CODE-ALONE") => (200, json!({ "access_token": "FAKE-ACCESS-2", "expires_in": 0 })),
        Some("FAKE-REFRESH-MAC" | "FAKE-CODE-MAC") => {
            let mut answer = pair("FAKE-ACCESS-3", "FAKE-REFRESH-3", 3600);
            answer["token_type"] = "mac".into();
            (200, answer)
        }
        Some("FAKE-CODE-RICH") => (200, pair("FAKE-ACCESS+/~-==", "FAKE-REFRESH-3", 3600)),
        _ => (200, pair("FAKE-ACCESS-3", "FAKE-REFRESH-3", 3600)),
    };
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    Response::builder().status(status).body(Bytes::from(body)).unwrap().into()
}

pub(super) fn app() -> App {
    App {
        client_id: "FAKE-CLIENT".to_owned(),
        client_secret: "FAKE-CLIENT-SECRET".to_owned(),
        redirect_uri: "https://app.example/callback".to_owned(),
    }
}

/// An app whose values need encoding.
pub(super) fn rich_app() -> App {
    App {
        client_id: "FAKE-CLIENT".to_owned(),
        client_secret: "FAKE-CLIENT-SECRET+&=%41;".to_owned(),
        redirect_uri: "https://App.example/Call%20back?x=1&y=%26".to_owned(),
    }
}

pub(super) fn credential(kind: CredentialKind, environment: &str, secret: &str) -> Credential {
    Credential {
        kind,
        environment: environment.to_owned(),
        secret: Some(secret.to_owned()),
        scopes: None,
        tokens: None,
    }
}

pub(super) fn key() -> Credential {
    credential(CredentialKind::StandaloneApiKey, "staging", KEY)
}

pub(super) fn token() -> Credential {
    credential(CredentialKind::AccessToken, "staging", TOKEN)
}

/// A key that holds every visible ASCII character but the colon, and is this long.
pub(super) fn long_key(length: usize) -> String {
    let visible = (b'!'..=b'~').map(char::from).filter(|character| *character != ':');
    "FAKE-".chars().chain(visible.collect::<Vec<_>>().into_iter().cycle()).take(length).collect()
}

/// A token of this length.
pub(super) fn long_token(length: usize) -> String {
    "FAKE-".chars().chain("aZ09-._~+/".chars().cycle()).take(length - 2).chain("==".chars()).collect()
}

pub(super) fn tokens(
    environment: &str,
    access_token: &str,
    refresh_token: &str,
    expires_in: u64,
) -> Credential {
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

pub(super) fn operation(method: &str, path: &str, company: Option<CompanyLocation>) -> Operation {
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

pub(super) fn place(location: Location, name: &str) -> Option<CompanyLocation> {
    Some(CompanyLocation { location, name: name.to_owned(), required: true })
}

pub(super) fn request(lab: &Lab, credential: Credential, operation: Operation) -> Send {
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
pub(super) fn show(lab: &Lab, credential: Credential, id: &str) -> Send {
    let mut send = request(lab, credential, operation("GET", "/v1/things/{thingId}:peek", None));
    if TROUBLES.contains(&id) {
        send.operation.path = "/v1/things/{thingId}".to_owned();
    }
    send.path.insert("thingId".to_owned(), id.to_owned());
    send
}

/// Lists things, of the bound company.
pub(super) fn list(lab: &Lab, credential: Credential, company: Option<&str>) -> Send {
    let mut send =
        request(lab, credential, operation("GET", "/v1/things", place(Location::Query, "company_id")));
    send.company = company.map(str::to_owned);
    let pair = |(name, value): (&str, &str)| Parameter { name: name.to_owned(), value: value.to_owned() };
    send.query = [("ids", "a b"), ("ids", "c+d&e"), ("limit", "7")].map(pair).into();
    send
}

/// Creates a thing, in the bound company.
pub(super) fn create(lab: &Lab, credential: Credential, company: Option<&str>) -> Send {
    let mut send =
        request(lab, credential, operation("POST", "/v1/things", place(Location::Body, "companyId")));
    send.company = company.map(str::to_owned);
    send.body = Some(json!({ "name": "Æble", "note": null, "count": 2 }));
    send
}

/// Replaces a thing.
pub(super) fn replace(lab: &Lab, credential: Credential) -> Send {
    let mut send = show(lab, credential, "1");
    send.operation = operation("PUT", "/v1/things/{thingId}", None);
    send.body = Some(json!({ "name": "Æble", "note": null, "lines": [1.0, { "of": "x" }] }));
    send
}

/// Makes the company of an operation one that may be left out.
pub(super) fn optional(mut send: Send) -> Send {
    if let Some(place) = &mut send.operation.company {
        place.required = false;
    }
    send
}

/// Searches for things with texts that need encoding.
pub(super) fn search(lab: &Lab, credential: Credential) -> Send {
    let mut send = request(lab, credential, operation("GET", "/v1/things", None));
    let values = ["a b", "c+d", "e&f=g", "h#i", "100%41", "Æble €", " Trimmed ", "two\r\nlines", ""];
    let pair = |value: &str| Parameter { name: "text_search".to_owned(), value: value.to_owned() };
    send.query = values.map(pair).into();
    send
}

/// Replaces a thing with texts that need encoding.
pub(super) fn describe(lab: &Lab, credential: Credential) -> Send {
    let body =
        Some(json!({ "name": "Æble & <b>€</b>", "note": "𝄞", "lines": [1.0, " a\r\nb\u{1} "], "none": "" }));
    Send { body, ..replace(lab, credential) }
}
