//! Cases: what clients are called for, and in which circumstances.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use pleo_client::{CompanyLocation, Operation, ParameterLocation, operations};
use pleo_sandbox::{Fault, Grant, Optional, Sampler};
use proptest::{prelude::*, sample::select, strategy::Union};
use serde_json::Value;
use uuid::Uuid;

use super::servers::{Site, TestServers};
use crate::protocol::{self, App, Credential, CredentialKind, Location, Parameter, Send, Tokens};

/// Text of a form, long enough not to be in another text by chance.
pub(crate) struct Form {
    /// Which characters it is made of, beside letters and digits.
    signs: &'static str,
    /// How long it is at least and at most, without what all secrets of tests begin with.
    length: RangeInclusive<usize>,
}

/// What keys look like: every visible character of ASCII but the colon, which no user name of Basic can have.
/// The format of Pleo's keys is not published (A15).
const KEY: Form = Form { signs: "!\"#$%&'()*+,-./;<=>?@[\\]^_`{|}~", length: 12..=300 };

/// What tokens look like: what Bearer can carry (RFC 6750, section 2.1). They are opaque (A49).
const TOKEN: Form = Form { signs: "-._~+/", length: 12..=300 };

/// What refresh tokens and client secrets look like: visible ASCII (RFC 6749, appendix A).
pub(crate) const OPAQUE: Form = Form { signs: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", length: 12..=60 };

/// What the secrets of tests begin with.
const PREFIX: &str = "FAKE-";

impl Form {
    /// Text of this form. It shrinks to the shortest.
    pub(crate) fn text(&'static self) -> impl Strategy<Value = String> + use<> {
        let short = *self.length.start()..=self.length.start() + 8;
        let lengths = Union::new_weighted(vec![(1, short), (3, self.length.clone())]);
        (any::<u64>(), lengths).prop_map(|(seed, length)| {
            let mut random = fastrand::Rng::with_seed(seed);
            let signs = self.signs.as_bytes();
            let character = |random: &mut fastrand::Rng| match random.usize(..62 + signs.len()) {
                sign if sign >= 62 => char::from(signs[sign - 62]),
                _ => random.alphanumeric(),
            };
            let text: String = (0..length).map(|_| character(&mut random)).collect();
            PREFIX.to_owned() + &text
        })
    }
}

/// A request that a client is called for. By itself it is valid: a client has to send it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) operation: &'static Operation,
    /// The kind of the credential.
    pub(crate) kind: CredentialKind,
    /// Where the credential was made, and where the request goes.
    pub(crate) site: Site,
    /// The key or token. A session that was authorised by itself has one that nobody else has given it.
    pub(crate) secret: String,
    /// Another key or token of the same kind.
    pub(crate) other_secret: String,
    /// What the client keeps beside the access token, and for whom.
    pub(crate) app: App,
    pub(crate) refresh_token: String,
    /// Another refresh token, for the same app.
    pub(crate) other_refresh_token: String,
    /// The company that the client is bound to.
    pub(crate) company: Option<Uuid>,
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: Option<Value>,
    /// Other arguments of the same operation, for an earlier call.
    pub(crate) other_arguments: Given,
    /// What is known of the credential's scopes.
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) circumstances: Circumstances,
}

/// In which circumstances a request is sent. None of them makes another request of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Circumstances {
    /// How many of the request are sent at the same time.
    pub(crate) times: u32,
    /// How the first of them goes wrong.
    pub(crate) setback: Option<Setback>,
    /// What the session has been through before.
    pub(crate) past: Past,
    /// Whether a call that the client refuses is made once more.
    pub(crate) insists: bool,
    /// Whether the access token has expired, where the client keeps a pair.
    pub(crate) expired: bool,
    /// Whether a request that is sent for comparison is one of the same session.
    pub(crate) shared_session: bool,
}

impl Circumstances {
    /// One request of a new session, with a good credential, that gets a response.
    pub(crate) const PLAIN: Self =
        Self { times: 1, setback: None, past: UNUSED, insists: false, expired: false, shared_session: false };
}

/// What a session has been through, the oldest first.
pub(crate) type Past = [Option<Event>; 3];

/// The past of a new session.
pub(crate) const UNUSED: Past = [None; 3];

/// What may happen in a session before a call. Nothing of it changes what the call has to be, or whether it is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The same call.
    Call,
    /// A call of the same operation with other arguments.
    OtherArguments,
    /// The same call for another company.
    OtherCompany,
    /// The same call without a company.
    NoCompany,
    /// The same call for another company with the other environment's base URL, which is to be refused.
    Astray,
    /// The same call in the other environment, with a credential of that one.
    OtherEnvironment,
    /// The same call of another session, with another credential and for another company.
    OtherSession,
    /// The same call, which goes wrong in this way.
    Failure(Setback),
    /// The same call with an access token that has just been revoked, so that a client which keeps a pair renews it.
    Renewal,
}

impl Event {
    /// What can happen to every client that makes several calls in a session, by weight.
    pub(crate) const ALWAYS: [Self; 11] = [
        Self::Call,
        Self::OtherArguments,
        Self::OtherSession,
        Self::OtherSession,
        Self::Renewal,
        Self::Renewal,
        Self::Renewal,
        Self::Failure(Setback::Status(401)),
        Self::Failure(Setback::Status(401)),
        Self::Failure(Setback::Status(403)),
        Self::Failure(Setback::Status(404)),
    ];

    /// Whether something goes wrong, so that the client may make something of it that shows in later calls.
    const fn is_setback(self) -> bool {
        matches!(self, Self::Failure(_) | Self::Renewal)
    }

    /// Whether it can happen to a session with a credential of this kind. A client may forget a session when another
    /// one begins, and a pair when it gets another one, with all that has become of them.
    const fn happens_with(self, kind: CredentialKind) -> bool {
        let keeps_pair = matches!(kind, CredentialKind::OauthTokens | CredentialKind::OauthSession);
        match self {
            Self::Renewal => keeps_pair,
            Self::OtherEnvironment | Self::OtherSession => !keeps_pair,
            _ => true,
        }
    }
}

/// What a client may try again after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setback {
    Status(u16),
    DroppedConnection,
}

impl Setback {
    const ALL: [Self; 9] = [
        Self::Status(401),
        Self::Status(400),
        Self::Status(403),
        Self::Status(404),
        Self::Status(422),
        Self::Status(429),
        Self::Status(500),
        Self::Status(503),
        Self::DroppedConnection,
    ];

    pub(crate) fn fault(self) -> Fault {
        match self {
            // Those who wait as they are told shall not wait long.
            Self::Status(429) => Fault::TooManyRequests(0),
            Self::Status(status) => Fault::Status(status),
            Self::DroppedConnection => Fault::DropConnection,
        }
    }
}

/// Which cases are made.
#[derive(Clone)]
pub(crate) struct Cases {
    operations: Vec<&'static Operation>,
    kinds: Vec<CredentialKind>,
    bound: bool,
    /// Whether several requests may be sent at the same time.
    parallel: bool,
    /// What may happen in a session before a call. Nothing can if a session makes one call only.
    events: Vec<Event>,
    setbacks: bool,
    /// Whether texts of bodies may be empty where their schema allows it.
    empty_texts: bool,
    /// Whether a company that an operation needs is among its arguments, since the client has no setting for one.
    named: bool,
    /// The ids of the operations that the client supports, ours or Pleo's, if it names them.
    supported: Option<BTreeSet<String>>,
}

/// Cases of all operations with credentials that stay as they are, one call a session, the client bound to a
/// company.
pub(crate) fn cases() -> Cases {
    Cases {
        operations: operations::all().collect(),
        kinds: vec![
            CredentialKind::StandaloneApiKey,
            CredentialKind::IntegratedApiKey,
            CredentialKind::AccessToken,
        ],
        bound: true,
        parallel: false,
        events: Vec::new(),
        setbacks: false,
        empty_texts: false,
        named: false,
        supported: None,
    }
}

/// Whether an operation is among these names, ours or Pleo's.
pub(crate) fn is_named(operation: &Operation, names: &BTreeSet<String>) -> bool {
    names.contains(operation.id) || names.contains(operation.pleo_id)
}

/// Whether a credential is an API key.
pub(crate) const fn is_key(kind: CredentialKind) -> bool {
    matches!(kind, CredentialKind::StandaloneApiKey | CredentialKind::IntegratedApiKey)
}

impl Cases {
    /// Those with these kinds of credentials.
    pub(crate) fn with_kinds(self, kinds: Vec<CredentialKind>) -> Self {
        Self { kinds, ..self }
    }

    /// Only those with API keys.
    pub(crate) fn with_keys(mut self) -> Self {
        self.kinds.retain(|kind| is_key(*kind));
        self
    }

    /// Only those with access tokens, renewed by the client or by somebody else.
    pub(crate) fn with_tokens(mut self) -> Self {
        self.kinds.retain(|kind| !is_key(*kind));
        self
    }

    /// Only those with a credential that the client is given and does not renew.
    pub(crate) fn given(mut self) -> Self {
        let kept = [CredentialKind::OauthTokens, CredentialKind::OauthSession];
        self.kinds.retain(|kind| !kept.contains(kind));
        self
    }

    /// Only those with a credential that somebody else gives the client, whether it renews it or not.
    pub(crate) fn brought(mut self) -> Self {
        self.kinds.retain(|kind| *kind != CredentialKind::OauthSession);
        self
    }

    /// Also those in which requests are sent at the same time.
    pub(crate) fn in_parallel(self, parallel: bool) -> Self {
        Self { parallel, ..self }
    }

    /// Also those in which a session has been through some of these events.
    pub(crate) fn in_sessions(self, events: Vec<Event>) -> Self {
        Self { events, ..self }
    }

    /// Also those in which a request goes wrong, so that the client may send it again, or has gone wrong before.
    pub(crate) fn with_setbacks(self) -> Self {
        Self { setbacks: true, ..self }
    }

    /// Also those with texts in their bodies that are empty. Where they are no matter of a rule, a client may decline
    /// them.
    pub(crate) fn with_empty_texts(self) -> Self {
        Self { empty_texts: true, ..self }
    }

    /// With the company that an operation needs among its arguments.
    pub(crate) fn naming_companies(self, named: bool) -> Self {
        Self { named, ..self }
    }

    /// Preferably those of operations that the client supports.
    pub(crate) fn supported(self, operations: Option<&BTreeSet<String>>) -> Self {
        Self { supported: operations.cloned(), ..self }
    }

    /// Only those whose client is bound to no company.
    pub(crate) fn unbound(self) -> Self {
        Self { bound: false, ..self }
    }

    /// Only those of operations of this sort.
    pub(crate) fn of(mut self, sort: impl Fn(&Operation) -> bool) -> Self {
        self.operations.retain(|operation| sort(operation));
        self
    }

    /// The strategy. It shrinks towards the first operation, without optional parameters, in plain
    /// circumstances.
    pub(crate) fn strategy(self) -> impl Strategy<Value = Case> {
        let Self {
            mut operations,
            kinds,
            bound,
            parallel,
            mut events,
            setbacks,
            empty_texts,
            named,
            supported,
        } = self;
        events.retain(|event| setbacks || !event.is_setback());
        if let Some(supported) = supported {
            let known: Vec<_> =
                operations.iter().copied().filter(|operation| is_named(operation, &supported)).collect();
            // A client that supports none of those that a rule is about says so when it is called.
            if !known.is_empty() {
                operations = known;
            }
        }
        let shape = (any::<u16>(), any::<u32>());
        let companies = pleo_sandbox::Sandbox::new(pleo_sandbox::Environment::Staging).companies();
        // Two secrets with the same tempting part, and the same character beside it, would hold a piece of each other.
        let tempting = Just(TEMPTING).prop_shuffle().no_shrink();
        let credential = (select(kinds), tempting).prop_flat_map(|(kind, [part, other_part, ..])| {
            (Just(kind), secrets(kind, part), secrets(kind, other_part))
        });
        let site = select(vec![Site::Staging, Site::Production]);
        let pair = (apps(), OPAQUE.text(), OPAQUE.text());
        let circumstances = circumstances(parallel, events, setbacks);
        (select(operations), credential, site, select(companies), shape, pair, circumstances).prop_map(
            move |(operation, credential, site, company, (optional, seed), pair, circumstances)| {
                let (kind, secret, other_secret) = credential;
                let (app, refresh_token, other_refresh_token) = pair;
                let (path, query, body) = arguments(operation, optional, seed, empty_texts);
                let other_arguments = arguments(operation, !optional, seed.wrapping_add(1000), false);
                let mut circumstances: Circumstances = circumstances;
                circumstances.past =
                    circumstances.past.map(|event| event.filter(|event| event.happens_with(kind)));
                let case = Case {
                    operation,
                    kind,
                    site,
                    secret,
                    other_secret,
                    app,
                    refresh_token,
                    other_refresh_token,
                    company: None,
                    path,
                    query,
                    body,
                    other_arguments,
                    scopes: None,
                    circumstances,
                };
                match bound {
                    true if named && needs_company(operation) => {
                        case.of_company(Some(company)).naming(company)
                    }
                    true => case.of_company(Some(company)),
                    false => case,
                }
            },
        )
    }
}

/// Apps whose redirect URIs have everything that encoders get wrong.
pub(crate) fn apps() -> impl Strategy<Value = App> {
    let redirect_uris = vec![
        "https://app.example.com/callback",
        "https://app.example.com:8443/pleo/callback",
        "https://app.example.com/callback?tenant=7",
        "https://app.example.com/Pleo/CallBack",
        "https://app.example.com/callback?tenant=7&next=%2Fhome%20page",
        "https://app.example.com/call%20back?Name=A+B",
        "https://app.example.com/callback/",
        "https://App.Example.com/callback",
        "http://localhost:8080/callback",
    ];
    (any::<u128>(), OPAQUE.text(), select(redirect_uris)).prop_map(|(id, client_secret, redirect_uri)| App {
        client_id: Uuid::from_u128(id).to_string(),
        client_secret,
        redirect_uri: redirect_uri.to_owned(),
    })
}

/// What somebody might take for something else than a part of a key.
const TEMPTING: [&str; 12] =
    ["&amp;", "%41", "%2B", "$HOME", "${HOME}", "{0}", "%s", "\\n", "\"", "'", "#", "<b>"];

/// Keys or tokens. Half of the keys have this tempting part in them, and a few might be taken for Base64; some tokens
/// end with padding.
fn secrets(kind: CredentialKind, part: &'static str) -> impl Strategy<Value = String> {
    let form = if is_key(kind) { &KEY } else { &TOKEN };
    let tempting = prop::option::of(any::<usize>());
    let last = select(vec!["", "", "", "/", "=", "==", ".", "#", "'"]);
    let plain = prop::bool::weighted(0.1);
    (form.text(), tempting, 0..=2_usize, last, plain).prop_map(
        move |(mut secret, tempting, padding, last, plain)| {
            if is_key(kind) && plain {
                let letter = |sign: char| match sign.is_ascii_alphanumeric() {
                    true => sign,
                    false => char::from(b'a' + sign as u8 % 26),
                };
                let missing = secret.len().next_multiple_of(4) - secret.len();
                return secret.chars().map(letter).chain("xxx".chars().take(missing)).collect();
            }
            match tempting {
                // A quotation mark may be the last character.
                Some(at) if is_key(kind) => {
                    let start = PREFIX.len() + 1;
                    secret.insert_str(start + at % (secret.len() + 1 - start), part);
                }
                Some(_) => secret += &"=".repeat(padding),
                // What is cut off as if it were not a part of the key.
                None if is_key(kind) => secret += last,
                None => {}
            }
            secret
        },
    )
}

fn circumstances(parallel: bool, events: Vec<Event>, setbacks: bool) -> impl Strategy<Value = Circumstances> {
    let times = Union::new_weighted(vec![(3, Just(1).boxed()), (1, (1..=4_u32).boxed())]);
    let sessions = !events.is_empty();
    let any_setback = select(Setback::ALL.to_vec());
    // Lawful clients wait after some of them, so they are not too frequent.
    let setback = Union::new_weighted(vec![
        (8, Just(None).boxed()),
        (1, Just(Some(Setback::Status(401))).boxed()),
        (3, any_setback.prop_map(Some).boxed()),
    ]);
    (times, setback, pasts(events), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        move |(times, setback, past, insists, expired, shared_session)| Circumstances {
            times: if parallel { times } else { 1 },
            setback: setback.filter(|_| setbacks),
            past,
            insists: sessions && insists,
            expired,
            shared_session: sessions && shared_session,
        },
    )
}

/// What sessions have been through: most of them nothing, others the same again and again, or one thing after the other.
fn pasts(events: Vec<Event>) -> impl Strategy<Value = Past> {
    if events.is_empty() {
        return Just(UNUSED).boxed();
    }
    let repeated = (select(events.clone()), 1..=UNUSED.len()).prop_map(|(event, times)| {
        let mut past = UNUSED;
        past[..times].fill(Some(event));
        past
    });
    let mixed = prop::array::uniform3(prop::option::of(select(events)));
    Union::new_weighted(vec![(13, Just(UNUSED).boxed()), (3, repeated.boxed()), (4, mixed.boxed())]).boxed()
}

/// Parameters that say where a page begins, which exclude one another (P2).
const PAGES: [&str; 3] = ["before", "after", "offset"];

fn excludes(one: &str, other: &str) -> bool {
    one == other || (PAGES.contains(&one) && PAGES.contains(&other))
}

/// The query parameter that is an integer of 64 bits, and not the size of a page.
fn number_in_query(operation: &Operation) -> Option<&'static str> {
    let is_number = |name: &&str| {
        let value = Sampler::new(0).parameter(operation, name);
        *name != "limit" && value.is_some_and(|value| value.is_i64())
    };
    let in_query = |parameter: &&pleo_client::Parameter| parameter.location == ParameterLocation::Query;
    operation.parameters.iter().filter(in_query).map(|parameter| parameter.name).find(is_number)
}

/// Whether an operation takes a number in its query, see [`Case::with_number`].
pub(crate) fn takes_number(operation: &Operation) -> bool {
    number_in_query(operation).is_some()
}

/// Path parameters, query parameters and body.
pub(crate) type Given = (BTreeMap<String, String>, Vec<Parameter>, Option<Value>);

/// The arguments of an operation: each bit of `optional` is one that is given.
fn arguments(operation: &Operation, optional: u16, seed: u32, empty_texts: bool) -> Given {
    let (mut path, mut query) = (BTreeMap::new(), Vec::new());
    let members = if optional & 1 == 0 { Optional::None } else { Optional::All };
    let sampler = |offset: u64| {
        let sampler = Sampler::new(u64::from(seed) + offset).optional(members);
        if seed.is_multiple_of(2) { sampler } else { sampler.any_text().edges() }
    };
    let mut paging = false;
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let Some(value) = sampler(index as u64).parameter(operation, parameter.name) else { continue };
        if parameter.location == ParameterLocation::Path {
            path.insert(parameter.name.to_owned(), scalar(&value));
            continue;
        }
        let pages = PAGES.contains(&parameter.name);
        let wanted = parameter.required || (optional >> (index % 15 + 1) & 1 == 1 && !(pages && paging));
        if parameter.location == ParameterLocation::Query
            && wanted
            && !names_subject(operation, parameter.name)
        {
            paging |= pages;
            let values = match value {
                Value::Array(values) => values,
                value => vec![value],
            };
            query.extend(
                values
                    .iter()
                    .map(|value| Parameter { name: parameter.name.to_owned(), value: scalar(value) }),
            );
        }
    }
    let sampler = if empty_texts { sampler(0).empty_text() } else { sampler(0) };
    let mut body = sampler.body(operation);
    if let (CompanyLocation::Body { name, .. }, Some(Value::Object(body))) = (operation.company, &mut body) {
        body.remove(name);
    }
    (path, query, body)
}

impl Case {
    /// The same in plain circumstances, which a client has no reason to refuse: whether somebody would insist stays as
    /// it is.
    pub(crate) fn plain(&self) -> Self {
        let insists = self.circumstances.insists;
        Self { circumstances: Circumstances { insists, ..Circumstances::PLAIN }, ..self.clone() }
    }

    /// The same in plain circumstances, but for what the session has been through.
    pub(crate) fn used(&self) -> Self {
        let past = self.circumstances.past;
        Self { circumstances: Circumstances { past, ..Circumstances::PLAIN }, ..self.clone() }
    }

    /// The same for another company, or for none.
    pub(crate) fn of_company(&self, company: Option<Uuid>) -> Self {
        let mut other = Self { company, ..self.clone() };
        // A client that is bound to a company refuses another one in the path.
        if let (Some(company), Some(named)) = (company, other.path.get_mut("companyId")) {
            *named = company.to_string();
        }
        other
    }

    /// The same with a company among its arguments.
    pub(crate) fn naming(&self, company: Uuid) -> Self {
        let mut case = self.clone();
        match (self.operation.company, &mut case.body) {
            (CompanyLocation::Query { name, .. }, _) => {
                case.query.push(Parameter { name: name.to_owned(), value: company.to_string() });
            }
            (CompanyLocation::Body { name, .. }, Some(Value::Object(body))) => {
                body.insert(name.to_owned(), Value::String(company.to_string()));
            }
            _ => {}
        }
        case
    }

    /// The same call as an event in the past of a session.
    pub(crate) fn as_event(&self) -> Self {
        let expired = self.circumstances.expired;
        Self { circumstances: Circumstances { expired, ..Circumstances::PLAIN }, ..self.clone() }
    }

    /// The same by somebody else: with a third credential, of another app, for this company.
    pub(crate) fn of_somebody_else(&self, company: Option<Uuid>) -> Self {
        let third = |other: &str| {
            let body: String = other.trim_start_matches(PREFIX).trim_end_matches('=').chars().rev().collect();
            PREFIX.to_owned() + &body
        };
        let mut other = self.as_event().of_company(company);
        other.secret = third(&self.other_secret);
        other.refresh_token = third(&self.other_refresh_token);
        let id = self.app.client_id.parse::<Uuid>().unwrap_or_default();
        other.app.client_id = Uuid::from_u128(!id.as_u128()).to_string();
        other
    }

    /// The same in plain circumstances, but for an access token that has expired.
    pub(crate) fn expired(&self) -> Self {
        Self { circumstances: Circumstances { expired: true, ..Circumstances::PLAIN }, ..self.clone() }
    }

    /// The same, from a client that has another key, token or pair.
    pub(crate) fn with_other_secret(&self) -> Self {
        let mut other = self.clone();
        std::mem::swap(&mut other.secret, &mut other.other_secret);
        std::mem::swap(&mut other.refresh_token, &mut other.other_refresh_token);
        other
    }

    /// The same with one of the query parameters empty that may be.
    pub(crate) fn with_empty_parameter(mut self, which: usize) -> Self {
        let names = may_be_empty(self.operation);
        if let Some(name) = names.get(which % names.len().max(1)) {
            self.query.retain(|parameter| parameter.name != *name);
            self.query.push(Parameter { name: (*name).to_owned(), value: String::new() });
        }
        self
    }

    /// The same with this number as one of the query parameters.
    pub(crate) fn with_number(mut self, number: &str) -> Self {
        if let Some(name) = number_in_query(self.operation) {
            self.query.retain(|parameter| !excludes(&parameter.name, name));
            self.query.push(Parameter { name: name.to_owned(), value: number.to_owned() });
        }
        self
    }

    /// What the client is told of the credential.
    pub(crate) fn credential(&self) -> Credential {
        let tokens = || Tokens {
            app: self.app.clone(),
            access_token: self.secret.clone(),
            refresh_token: self.refresh_token.clone(),
            expires_in: if self.circumstances.expired { 0 } else { u64::from(LIFETIME) },
        };
        let (secret, tokens) = match self.kind {
            CredentialKind::OauthTokens => (None, Some(tokens())),
            CredentialKind::OauthSession => (None, None),
            _ => (Some(self.secret.clone()), None),
        };
        let environment = self.site.name().to_owned();
        Credential { kind: self.kind, environment, secret, scopes: self.scopes.clone(), tokens }
    }

    /// What the sandbox is told of the credential.
    pub(crate) fn grant(&self, servers: &TestServers) -> Grant {
        let company = self.company.or_else(|| servers.sandbox(self.site).companies().first().copied());
        let grant = match self.kind {
            CredentialKind::StandaloneApiKey => Grant::standalone_key,
            CredentialKind::IntegratedApiKey => Grant::integrated_key,
            _ => Grant::access_token,
        }(company.unwrap_or_default());
        match &self.scopes {
            Some(scopes) => grant.with_scopes(scopes.iter().cloned()),
            None => grant,
        }
    }

    /// The call.
    pub(crate) fn send(&self, servers: &TestServers) -> Send {
        Send {
            base_url: servers.url(self.site),
            credential: self.credential(),
            company: self.company.map(|company| company.to_string()),
            operation: described(self.operation),
            path: self.path.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            times: self.circumstances.times,
        }
    }

    /// What the path of every request of the operation begins with.
    pub(crate) fn path_prefix(&self) -> &'static str {
        self.operation.path.split('{').next().unwrap_or_default()
    }
}

/// How long a good access token is valid, in seconds: no fixed number is documented (A45). A client that renews an hour
/// before the end would renew every token as soon as it is issued.
pub(crate) const LIFETIME: u32 = 3600;

/// Whether a query parameter says for whom the request is: the client's business where it is bound.
fn names_subject(operation: &Operation, name: &str) -> bool {
    matches!(operation.company, CompanyLocation::Query { name: company, .. } if company == name)
        || operation.organization == Some(name)
        || name == "partner_id"
}

/// Whether an operation takes query parameters that are not the client's business.
pub(crate) fn takes_query(operation: &Operation) -> bool {
    operation.parameters.iter().any(|parameter| {
        parameter.location == ParameterLocation::Query && !names_subject(operation, parameter.name)
    })
}

/// The query parameters of an operation that may be empty: not those that say for whom the request is, nor those that
/// name a page.
fn may_be_empty(operation: &Operation) -> Vec<&'static str> {
    let names = operation.parameters.iter().filter(|parameter| {
        parameter.location == ParameterLocation::Query
            && !names_subject(operation, parameter.name)
            && !["before", "after"].contains(&parameter.name)
            && Sampler::takes_every_text(operation, parameter.name)
    });
    names.map(|parameter| parameter.name).collect()
}

/// Whether an operation takes a query parameter that may be empty.
pub(crate) fn takes_empty_query(operation: &Operation) -> bool {
    !may_be_empty(operation).is_empty()
}

/// Whether an operation does not work without a company.
pub(crate) fn needs_company(operation: &Operation) -> bool {
    matches!(
        operation.company,
        CompanyLocation::Query { required: true, .. } | CompanyLocation::Body { required: true, .. }
    )
}

/// Whether an operation takes a company.
pub(crate) fn takes_company(operation: &Operation) -> bool {
    operation.company != CompanyLocation::Nowhere
}

/// Whether an operation needs scopes that are known.
pub(crate) fn needs_scopes(operation: &Operation) -> bool {
    operation.scopes.is_some_and(|scopes| !scopes.is_empty())
}

/// What the protocol tells of an operation.
pub(crate) fn described(operation: &Operation) -> protocol::Operation {
    let (location, name, required) = match operation.company {
        CompanyLocation::Nowhere => (None, "", false),
        CompanyLocation::Query { name, required } => (Some(Location::Query), name, required),
        CompanyLocation::Body { name, required } => (Some(Location::Body), name, required),
    };
    protocol::Operation {
        id: operation.id.to_owned(),
        pleo_id: operation.pleo_id.to_owned(),
        method: operation.method.to_string(),
        path: operation.path.to_owned(),
        company: location.map(|location| protocol::CompanyLocation {
            location,
            name: name.to_owned(),
            required,
        }),
        scopes: operation.scopes.map(|scopes| scopes.iter().map(|&scope| scope.to_owned()).collect()),
        media_type: operation.request_body.map(|body| body.media_type.to_owned()),
    }
}

/// A JSON scalar as a parameter has it.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

    use super::*;

    #[test]
    fn keys_have_every_character_that_basic_carries_and_tokens_every_one_that_bearer_does() {
        let mut runner = TestRunner::deterministic();
        let mut sampled = |kind| {
            let strategy = select(TEMPTING.to_vec()).prop_flat_map(|part| secrets(kind, part));
            let texts: Vec<String> =
                (0..400).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
            assert!(texts.iter().all(|text| text.starts_with("FAKE") && text.len() > PREFIX.len() + 11));
            let is_base64 = |text: &String| {
                text.len().is_multiple_of(4) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            assert_eq!(texts.iter().any(is_base64), is_key(kind));
            assert!(texts.iter().any(|text| text.len() > 280));
            texts.concat()
        };
        let keys = sampled(CredentialKind::StandaloneApiKey);
        assert!((b'!'..=b'~').all(|byte| (byte == b':') != keys.contains(char::from(byte))));
        assert!(TEMPTING.iter().all(|part| keys.contains(part)));
        let tokens = sampled(CredentialKind::AccessToken);
        assert!("-._~+/=".chars().all(|sign| tokens.contains(sign)));
        assert!(tokens.chars().all(|one| one.is_ascii_alphanumeric() || "-._~+/=".contains(one)));
    }

    #[test]
    fn neither_secret_of_a_case_holds_the_tempting_part_of_the_other() {
        let mut runner = TestRunner::deterministic();
        let strategy = cases().strategy();
        let mut long_parts = 0;
        for _ in 0..2000 {
            let case = strategy.new_tree(&mut runner).unwrap().current();
            let other = case.with_other_secret();
            assert_ne!(case.refresh_token, other.refresh_token);
            for part in TEMPTING.iter().filter(|part| part.len() > 3) {
                let holders = [&case, &other].map(|case| case.secret.contains(part));
                assert_ne!(holders, [true, true], "{part}: {} {}", case.secret, other.secret);
                long_parts += holders.iter().filter(|holds| **holds).count();
            }
        }
        assert!(long_parts > 200, "{long_parts}");
    }
}
