//! One environment of the fake Pleo.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, Response, header, uri::Authority};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::{
    Fault, Grant, Handler, OAuthClient, Reply,
    answer::Refusal,
    authentication::{self, Unauthorized},
    clock::Clock,
    company::{Named, Reach},
    data::{Data, Input},
    fault,
    installation::{self, Caller, Installations, stable_id},
    limit::Limits,
    oauth::{AuthorizationServer, Surroundings},
    request, route, scope,
    webhook::Outbox,
};

/// Which of Pleo's environments a sandbox plays (Z6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// `https://external.staging.pleo.io`
    Staging,
    /// `https://external.pleo.io`
    Production,
}

impl Environment {
    /// The address of the real one (Z3, Z4).
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Staging => "https://external.staging.pleo.io",
            Self::Production => "https://external.pleo.io",
        }
    }

    /// How its authorisation server calls itself (field notes).
    pub(crate) fn issuer(self) -> &'static str {
        match self {
            Self::Staging => "pleo.staging",
            Self::Production => "pleo.production",
        }
    }
}

/// One environment of the fake Pleo, with its authorisation server under the same address. Clones share
/// their state.
#[derive(Clone)]
pub struct Sandbox {
    state: Arc<Mutex<State>>,
}

struct State {
    environment: Environment,
    clock: Clock,
    data: Data,
    /// The data as it was at first.
    seeded: Data,
    credentials: HashMap<String, Grant>,
    legacy: HashSet<String>,
    authorization: AuthorizationServer,
    installations: Installations,
    limits: Limits,
    faults: Vec<(String, Fault)>,
    shows_unknown: bool,
    receipt_origin: Option<String>,
    outbox: Outbox,
}

impl Sandbox {
    /// A sandbox with its seeded data and no credential. Its clock stands still at the beginning of 2026
    /// until [`advance`](Self::advance) moves it. No two sandboxes of a process give out the same tokens.
    pub fn new(environment: Environment) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);

        Self::with_seed(environment, NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The same with a seed for the codes and tokens that it gives out. With the same seed and the same
    /// requests they are the same ones.
    pub fn with_seed(environment: Environment, seed: u64) -> Self {
        let state = State {
            environment,
            clock: Clock::still(),
            data: Data::new(),
            seeded: Data::new(),
            credentials: HashMap::new(),
            legacy: HashSet::new(),
            // Those of the other environment are never the same.
            authorization: AuthorizationServer::new(seed.wrapping_mul(2).wrapping_add(environment as u64)),
            installations: Installations::default(),
            limits: Limits::default(),
            faults: Vec::new(),
            shows_unknown: false,
            receipt_origin: None,
            outbox: Outbox::default(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The same with this machine's time, from now on.
    #[must_use]
    pub fn with_running_clock(self) -> Self {
        self.state().clock = Clock::running();
        self
    }

    /// The same with at least so many accounting entries in each company, 5,000 at most: enough for full batches of an
    /// export and for many pages. What is added is in four currencies, which have two, no and three decimals.
    #[must_use]
    pub fn with_entries(self, count: usize) -> Self {
        let mut state = self.state();
        state.data.add_entries(count);
        state.seeded = state.data.clone();
        drop(state);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment that it plays.
    pub fn environment(&self) -> Environment {
        self.state().environment
    }

    /// The time by its clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.state().clock.now()
    }

    /// The companies in its data: all but the last belong to one organisation.
    pub fn companies(&self) -> Vec<Uuid> {
        self.state().data.companies().iter().map(|(company, _)| *company).collect()
    }

    /// The organisations in its data, each with its companies.
    pub fn organizations(&self) -> Vec<(Uuid, Vec<Uuid>)> {
        let mut organizations: Vec<(Uuid, Vec<Uuid>)> = Vec::new();
        for (company, organization) in self.state().data.companies() {
            match organizations.iter_mut().find(|(found, _)| found == organization) {
                Some((_, companies)) => companies.push(*company),
                None => organizations.push((*organization, vec![*company])),
            }
        }
        organizations
    }

    /// Makes a credential known. What was known of it before is forgotten.
    pub fn admit(&self, secret: &str, grant: Grant) {
        self.state().credentials.insert(secret.to_owned(), grant);
    }

    /// Makes a token of the legacy API known: it is answered with 404 on every path (field notes).
    pub fn admit_legacy(&self, token: &str) {
        self.state().legacy.insert(token.to_owned());
    }

    /// Revokes a credential or a refresh token, if it is known (A14, A56).
    pub fn revoke(&self, secret: &str) {
        let mut state = self.state();
        if let Some(grant) = state.credentials.get_mut(secret) {
            grant.revoked = true;
        }
        state.authorization.revoke(secret);
    }

    /// Registers an app at the authorisation server. What was known of its id before is forgotten.
    pub fn register(&self, client: OAuthClient) {
        self.state().authorization.register(client);
    }

    /// Makes a pair of tokens known, as if the app had got it, with all scopes. The access token is valid for
    /// as long as the app's tokens are. If no app of this id is registered, nothing happens.
    pub fn admit_tokens(&self, client_id: &str, access_token: &str, refresh_token: &str) {
        let mut state = self.state();
        let (authorization, around) = state.authorization();
        authorization.admit(client_id, access_token, refresh_token, around);
    }

    /// Sets how many requests a credential may make in a minute; `None` lifts the limit. It is 600 at first
    /// (E20).
    pub fn set_limit(&self, requests_a_minute: Option<u32>) {
        self.state().limits.limit = requests_a_minute;
    }

    /// Lets the links to receipt files begin with this, such as `http://127.0.0.1:8081` of a second [`Server`](crate::Server) of
    /// this sandbox. Otherwise they lead to the server that was asked for them.
    pub fn set_receipt_origin(&self, origin: &str) {
        self.state().receipt_origin = Some(origin.to_owned());
    }

    /// Injects a fault into the next request whose path starts with `path`. Several for one path happen one after the
    /// other, one per request.
    pub fn inject(&self, path: &str, fault: Fault) {
        self.state().faults.push((path.to_owned(), fault));
    }

    /// Lets nothing go wrong that was to and has not yet.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Shows in every success what no document lists: a field in each object that may have others, and a value for
    /// each enum. It is off at first. The field is [`Fault::FIELD`] and the value [`Fault::ENUM_VALUE`].
    pub fn show_unknown(&self, on: bool) {
        self.state().shows_unknown = on;
    }

    /// Gives the companies the data that they had at first. Everything else stays as it is: credentials, apps and their
    /// tokens, the clock, and what is to go wrong.
    pub fn restore_data(&self) {
        let mut state = self.state();
        state.data = state.seeded.clone();
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.state().clock.advance(by);
    }

    /// Answers a request. Only a [`Fault`] gives a success to a request without a valid credential.
    pub fn handle(&self, request: &Request<Bytes>) -> Reply {
        let mut state = self.state();
        let fault = state.take_fault(request.uri().path());
        if let Some(Fault::ClockJump(by)) = fault {
            state.clock.advance(by);
        }
        let now = state.clock.now();
        if let Some(reply) = fault.as_ref().and_then(|fault| fault.instead(now)) {
            return reply;
        }
        let mut response = state.answer(request);
        let deliveries = state.data.take_deliveries().into_iter();
        let webhooks = deliveries.map(|delivery| state.outbox.take(delivery)).collect();
        if state.shows_unknown {
            fault::show_unknown(request, &mut response);
        }
        let reply = match fault {
            Some(fault) => fault.spoil(request, response),
            None => response.into(),
        };
        Reply { webhooks, ..reply }
    }
}

impl Handler for Sandbox {
    fn handle(&self, request: &Request<Bytes>) -> Reply {
        Sandbox::handle(self, request)
    }

    fn due_webhooks(&self) -> Vec<Request<Bytes>> {
        let mut state = self.state();
        let now = state.clock.now();
        state.outbox.due(now)
    }

    fn webhook_settled(&self, id: &str, accepted: bool) {
        let mut state = self.state();
        let now = state.clock.now();
        state.outbox.settle(id, accepted, now);
    }
}

/// Shows no credential.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("environment", &self.environment()).finish_non_exhaustive()
    }
}

impl State {
    fn take_fault(&mut self, path: &str) -> Option<Fault> {
        let place = self.faults.iter().position(|(prefix, _)| path.starts_with(prefix))?;
        Some(self.faults.remove(place).1)
    }

    fn authorization(&mut self) -> (&mut AuthorizationServer, Surroundings<'_>) {
        let around = Surroundings {
            environment: self.environment,
            now: self.clock.now(),
            credentials: &mut self.credentials,
            companies: self.data.companies(),
        };
        (&mut self.authorization, around)
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        if self.secret_in_url(request) {
            return Refusal::from(Unauthorized::InUrl).into();
        }
        let (authorization, around) = self.authorization();
        if let Some(response) = authorization.answer(request, around) {
            return response;
        }
        if let Some(response) = self.data.file(request, self.clock.now()) {
            return response;
        }
        if let Some(origin) = self.receipt_origin.clone().or_else(|| origin(request)) {
            self.data.receipt_origin = origin;
        }
        self.operation(request).unwrap_or_else(Response::from)
    }

    /// Whether the URL holds a secret that is known here (N28).
    fn secret_in_url(&self, request: &Request<Bytes>) -> bool {
        let known = |text: &str| {
            self.credentials.contains_key(text)
                || self.legacy.contains(text)
                || self.authorization.knows(text)
        };
        let mut segments = request.uri().path().split('/').map(percent_decode_str);
        let mut pairs = request::query(request).into_iter();
        request.uri().authority().is_some_and(|authority| authority.as_str().contains('@'))
            || segments.any(|segment| known(&segment.decode_utf8_lossy()))
            || pairs.any(|(name, value)| known(&name) || known(&value))
    }

    /// The credential of a request: its text and what it may do.
    fn authenticate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(String, Grant), Refusal> {
        let presented = authentication::presented(headers)?;
        if self.legacy.contains(presented.secret()) {
            return Err(Refusal::not_found("there is no such path"));
        }
        let grant = authentication::accept(&presented, self.credentials.get(presented.secret()), now)?;
        Ok((presented.secret().to_owned(), grant.clone()))
    }

    fn operation(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
        let now = self.clock.now();
        let (secret, grant) = self.authenticate(request.headers(), now)?;
        self.limits.count(&secret, now)?;
        let route = route::find(request.method(), request.uri().path())?;
        let operation = route.operation;
        scope::check(operation, &grant)?;
        let query = request::query(request);
        let body = request::body(operation, request)?;
        let reach = Reach::new(grant.subject, self.data.companies());
        let named = Named { operation, path: &route.path, query: &query, body: body.as_ref() };
        let company = named.company(&reach)?;
        request::check_parameters(operation, &route.path, &query)?;
        if let Some(body) = &body {
            request::check_body(operation, body)?;
        }

        let client_id = match self.authorization.client_of(&secret) {
            Some(app) => app.to_owned(),
            None => stable_id(&["client", &secret]).to_string(),
        };
        let caller = Caller { client_id: &client_id, grant: &grant };
        let given = body.clone().unwrap_or_default();
        match operation.id {
            "introspect_authentication" => Ok(installation::introspect(caller)),
            "get_installation" => self.installations.get(caller, now),
            "create_installation" => self.installations.create(caller, &given, now),
            "update_installation" => self.installations.update(caller, &given, now),
            "activate_installation" => self.installations.activate(caller, now),
            "delete_installation" => self.installations.delete(caller, now),
            _ => {
                let reachable = reach.companies;
                let path = route.path;
                Ok(self.data.answer(&Input { operation, path, query, body, reachable, company, now }))
            }
        }
    }
}

/// The address that a request was sent to, by its `Host`.
fn origin(request: &Request<Bytes>) -> Option<String> {
    let host = request.headers().get(header::HOST)?;
    Authority::try_from(host.as_bytes()).ok().map(|host| format!("http://{host}"))
}
