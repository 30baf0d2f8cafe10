//! What leaves the client, byte for byte, and what it means.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
};

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use pleo_conformance::{
    protocol::{Action, Addresses, Answer, Call, Hello, Send},
    subject::{Outcome, Subject as _},
};
use serde_json::{Value, json};

use super::{
    bench::{COMPANY, Lab, create, describe, key, list, replace, show, token, tokens},
    player::Player,
};
use crate::reference::{CONDUCT, Reference, VARIATIONS, Variation};

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

    /// What arrives when this request is sent.
    fn bytes(&self, mut client: Reference, send: &Send) -> String {
        client.hello(&self.hello).unwrap();
        let base_url = self.hello.environments["staging"].base_url.clone();
        let action = Action::Send(Box::new(Send { base_url, ..send.clone() }));
        let outcome =
            client.call(&Call { id: 1, session: "bytes".to_owned(), time_limit_ms: None, action }).unwrap();
        assert!(
            matches!(&outcome, Outcome::Result(result) if result.answers == [Answer::Status(200)]),
            "{outcome:?}"
        );
        let host = self.hello.environments["staging"].base_url.replace("http://", "");
        self.arrived.try_iter().collect::<String>().replace(&host, "HOST")
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
        "GET /v1/things?ids=a%20b&ids=c%2Bd%26e&limit=7&company_id=11111111-2222-4333-8abc-555555555551 HTTP/1.1\r\n\
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
         {\"companyId\":\"11111111-2222-4333-8abc-555555555551\",\"count\":2,\"name\":\"Æble\",\"note\":null}"
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
        describe(lab, token()),
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
        format!("{} {}", scheme.to_lowercase(), credentials.trim_start())
    });
    // Without a body it means nothing.
    let media_type = header("content-type")
        .map(|value| value.split(';').next().unwrap().trim().to_lowercase())
        .find(|_| !request.body().is_empty());
    let decode = |segment| percent_decode_str(segment).decode_utf8().unwrap().into_owned();
    let query = request.uri().query().unwrap_or_default();
    let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (_, company) in query.iter_mut().filter(|(name, _)| name == "company_id") {
        company.make_ascii_lowercase();
    }
    query.sort();
    let text = String::from_utf8(request.body().to_vec()).unwrap();
    Meaning {
        server,
        method: request.method().to_string(),
        path: request.uri().path().split('/').map(decode).collect(),
        query,
        authorization: authorization.collect(),
        media_type,
        body: serde_json::from_str(&text).map_or_else(|_| as_form(&text), as_floats),
    }
}

/// Whether somebody looks around before the request that is meant.
fn looks_around(request: &Request<Bytes>) -> bool {
    matches!(request.method().as_str(), "OPTIONS" | "HEAD")
        || matches!(request.uri().path(), "/v1/introspect" | "/v1/installations/me")
}

/// The pairs of a form, in an order that means nothing.
fn as_form(text: &str) -> Value {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    pairs.sort();
    json!(pairs)
}

/// The value with one spelling for each number.
fn as_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(as_floats).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("companyId", Value::String(company)) => (name, Value::from(company.to_lowercase())),
                (_, value) => (name, as_floats(value)),
            })
            .collect(),
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
            let outcome = player.client.call(&Call { id: 1, session, time_limit_ms: None, action }).unwrap();
            assert!(matches!(&outcome, Outcome::Result(result) if result.answers == [Answer::Status(200)]));
            let requests = lab.requests().into_iter().filter(|(_, request)| !looks_around(request));
            meanings.extend(requests.map(meaning));
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
        // Nobody refuses the expired token here, so this one sends it.
        let compared = if *variation == Variation::RenewedWhenRefused { 4 } else { plain.1.len() };
        assert_eq!(meanings(varied())[..compared], plain.1[..compared], "{name}");
    }
}
