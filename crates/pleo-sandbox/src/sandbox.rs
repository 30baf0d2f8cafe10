//! One environment of the fake Pleo.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use uuid::Uuid;

use crate::{Grant, Handler, OAuthClient, Reply};

/// Which of Pleo's environments a sandbox plays (Z6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// `https://external.staging.pleo.io`
    Staging,
    /// `https://external.pleo.io`
    Production,
}

/// Something that goes wrong on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with a short text as body.
    Status(u16),
    /// The right answer, after this time.
    Delay(Duration),
    /// The right answer's head and half of its body.
    CutBody,
    /// A body that is no JSON, with the right status.
    InvalidJson,
    /// The right answer with an enum value that no document lists.
    UnknownEnumValue,
    /// The right answer with a field that no document lists, in every object.
    UnknownField,
    /// No answer: the connection ends.
    DropConnection,
    /// A redirect with this status to this address.
    Redirect(u16, String),
    /// The clock jumps forward before the request is looked at.
    ClockJump(Duration),
}

/// One environment of the fake Pleo, with its authorisation server under the same address. Clones share
/// their state.
#[derive(Debug, Clone)]
pub struct Sandbox {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    environment: Environment,
    companies: Vec<Uuid>,
    credentials: HashMap<String, Grant>,
}

impl Sandbox {
    /// A sandbox with its seeded data and no credential.
    pub fn new(environment: Environment) -> Self {
        let companies =
            (1..=4_u128).map(|n| Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5550 + n)).collect();
        let state = State { environment, companies, credentials: HashMap::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment that it plays.
    pub fn environment(&self) -> Environment {
        self.state().environment
    }

    /// The companies in its data: all but the last belong to one organisation.
    pub fn companies(&self) -> Vec<Uuid> {
        self.state().companies.clone()
    }

    /// Makes a credential known. What was known of it before is forgotten.
    pub fn admit(&self, secret: &str, grant: Grant) {
        self.state().credentials.insert(secret.to_owned(), grant);
    }

    /// Makes a token of the legacy API known: it is answered with 404 on every path (field notes).
    pub fn admit_legacy(&self, _token: &str) {}

    /// Revokes a credential, if it is known.
    pub fn revoke(&self, secret: &str) {
        if let Some(grant) = self.state().credentials.get_mut(secret) {
            grant.revoked = true;
        }
    }

    /// Registers an app at the authorisation server. What was known of its id before is forgotten.
    pub fn register(&self, _client: OAuthClient) {}

    /// Makes a pair of tokens known, as if the app had got it. The access token is valid for as long as the
    /// app's tokens are.
    pub fn admit_tokens(&self, _client_id: &str, _access_token: &str, _refresh_token: &str) {}

    /// Lets something go wrong with the next request to a path that begins so. Several for one path happen
    /// one after the other.
    pub fn inject(&self, _path: &str, _fault: Fault) {}

    /// Moves the clock forward.
    pub fn advance(&self, _by: Duration) {}

    /// Answers a request.
    pub fn handle(&self, request: &Request<Bytes>) -> Reply {
        let _ = request;
        Reply::from(Response::new(Bytes::from_static(b"{}")))
    }
}

impl Handler for Sandbox {
    fn handle(&self, request: &Request<Bytes>) -> Reply {
        Sandbox::handle(self, request)
    }
}
