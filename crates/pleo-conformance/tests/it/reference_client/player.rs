//! Calls a client and takes down what can be seen of it.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use pleo_conformance::{
    protocol::{Action, Answer, App, Authorize, Call, Finish, Send},
    subject::{Outcome, Subject as _},
};
use sha2::{Digest as _, Sha256};

use super::bench::{Lab, app};
use crate::reference::Reference;

/// Calls the client and writes down what came of it.
pub(super) struct Player<'a> {
    lab: &'a Lab,
    pub(super) client: Reference,
    /// One entry a call: what is seen of it. What is made up at random is replaced by what matters of it.
    pub(super) trace: Vec<String>,
    /// What the client itself said.
    pub(super) said: Vec<String>,
    states: BTreeSet<String>,
    /// States of the last two authorisations, and challenge of the last.
    earlier_state: String,
    state: String,
    challenge: String,
}

impl<'a> Player<'a> {
    pub(super) fn new(lab: &'a Lab, mut client: Reference) -> Self {
        let introduction = client.hello(&lab.hello).unwrap();
        Self {
            lab,
            client,
            trace: vec![format!("{introduction:?}")],
            said: Vec::new(),
            states: BTreeSet::new(),
            earlier_state: String::new(),
            state: String::new(),
            challenge: String::new(),
        }
    }

    pub(super) fn call(&mut self, session: &str, action: Action) -> Outcome {
        let call =
            Call { id: self.trace.len() as u64, session: session.to_owned(), time_limit_ms: None, action };
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

    pub(super) fn send(&mut self, session: &str, send: Send) -> Outcome {
        self.call(session, Action::Send(Box::new(send)))
    }

    pub(super) fn authorize(&mut self, session: &str) {
        self.authorize_app(session, app());
    }

    pub(super) fn authorize_app(&mut self, session: &str, app: App) {
        let scopes = vec!["things:read".to_owned(), "things:write".to_owned()];
        let environment = "production".to_owned();
        self.call(session, Action::Authorize(Authorize { environment, app, scopes }));
    }

    /// Finishes an authorisation; in the query, `STATE` is the right state, and there are names for others.
    pub(super) fn finish(&mut self, session: &str, query: &str) {
        let swap = |letter: char| match letter.is_ascii_lowercase() {
            true => letter.to_ascii_uppercase(),
            false => letter.to_ascii_lowercase(),
        };
        let query = query
            .replace("BEGINNING", self.state.get(..20).unwrap_or_default())
            .replace("SWAPPED", &self.state.chars().map(swap).collect::<String>())
            .replace("AS-LONG", &"x".repeat(self.state.len()))
            .replace("EARLIER", &self.earlier_state)
            .replace("STATE", &self.state);
        let redirect = format!("https://app.example/callback?{query}");
        self.call(session, Action::Finish(Finish { redirect }));
    }

    pub(super) fn authorization(&mut self, url: &str) -> String {
        let (address, query) = url.split_once('?').unwrap();
        let is_uri = url.bytes().all(|byte| byte.is_ascii_graphic());
        let mut seen = format!("{address} valid: {is_uri}");
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            let value = match name.as_str() {
                "state" => {
                    self.earlier_state = std::mem::replace(&mut self.state, value.clone());
                    let fresh = self.states.insert(value.clone());
                    format!("{} characters, fresh: {fresh}", value.len())
                }
                "code_challenge" => {
                    self.challenge = value;
                    let is_for_urls = of_alphabet(&self.challenge, "-_");
                    format!("{} characters, for URLs: {is_for_urls}", self.challenge.len())
                }
                "code_verifier" => self.verifier(&value),
                _ => value,
            };
            seen = format!("{seen} {name}={value}");
        }
        seen
    }

    pub(super) fn verifier(&self, verifier: &str) -> String {
        let proves = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == self.challenge;
        let is_state = verifier == self.state;
        let is_lawful = of_alphabet(verifier, "-._~");
        format!(
            "{} characters, lawful: {is_lawful}, proves the challenge: {proves}, is the state: {is_state}",
            verifier.len()
        )
    }

    pub(super) fn request(&self, server: &str, request: &Request<Bytes>) -> String {
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

/// Whether a text has nothing but letters, digits and these.
pub(super) fn of_alphabet(text: &str, more: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || more.contains(character))
}

/// Calls the correct client in a session.
pub(super) fn correct(player: &mut Player<'_>, session: &str, send: &Send) -> Outcome {
    let call = Call {
        id: 1,
        session: session.to_owned(),
        time_limit_ms: None,
        action: Action::Send(Box::new(send.clone())),
    };
    player.client.call(&call).unwrap()
}

pub(super) fn statuses(outcome: &Outcome) -> Vec<u16> {
    let Outcome::Result(result) = outcome else { panic!("{outcome:?}") };
    let status = |answer: &Answer| match answer {
        Answer::Status(status) => *status,
        Answer::Failure(reason) => panic!("{reason}"),
    };
    result.answers.iter().map(status).collect()
}

/// The secrets that arrived, in order: refresh tokens and what `Authorization` brings to the API.
pub(super) fn arrived(lab: &Lab) -> Vec<String> {
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
