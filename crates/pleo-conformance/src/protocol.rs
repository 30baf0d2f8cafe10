//! The messages between runner and adapter: one JSON object per line, see `docs/conformance-protocol.md`.
//!
//! The runner says [`hello`](ToSubject::Hello), then [`call`](ToSubject::Call) any number of times, then
//! [`bye`](ToSubject::Bye). An adapter answers a hello with a hello, a call with a result or a refusal, and a
//! bye by ending. All secrets in here are made up by the runner for the occasion.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema, transform::RecursiveTransform,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// Makes JSON Schemas without the formats of Rust's integers, which JSON Schema does not have and strict readers refuse.
pub(crate) fn schema_generator() -> SchemaGenerator {
    let without_formats = RecursiveTransform(|schema: &mut Schema| {
        if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
            schema.remove("format");
        }
    });
    SchemaSettings::draft2020_12().with_transform(without_formats).into_generator()
}

/// The JSON Schema of all messages, as it is published in `schemas/protocol.schema.json`: those of the runner
/// under `#/$defs/ToSubject`, those of an adapter under `#/$defs/FromSubject`.
pub fn schema() -> Schema {
    let mut generator = schema_generator();
    let directions = [generator.subschema_for::<ToSubject>(), generator.subschema_for::<FromSubject>()];
    json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A message between the conformance runner and an adapter",
        "anyOf": directions,
        "$defs": generator.take_definitions(true),
    })
}

/// What the runner says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToSubject {
    /// The first message.
    Hello(Hello),
    /// Do something, as your client does it.
    Call(Box<Call>),
    /// The last message.
    Bye,
}

/// What an adapter says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromSubject {
    /// Answers the runner's hello.
    Hello(Introduction),
    /// The client did what it was called for, or tried to.
    Result(CallResult),
    /// The client declined, and sent nothing.
    Refuse(Refusal),
}

/// The world that the runner has prepared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// The version of the protocol: 1.
    pub protocol: u32,
    /// The addresses that stand in for Pleo's: `staging` and `production`.
    pub environments: BTreeMap<String, Addresses>,
    /// The address that stands in for the legacy API, `https://openapi.pleo.io`.
    pub legacy_base_url: String,
}

/// The addresses of one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Addresses {
    /// In the place of `https://external.pleo.io`, say; without a slash at its end.
    pub base_url: String,
    /// In the place of `https://auth.pleo.io`, say; `/oauth/authorize` and `/oauth/token` stand below it.
    pub authorization_server: String,
}

/// Which client it is, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Introduction {
    /// The version of the protocol: 1.
    pub protocol: u32,
    /// The client's name.
    pub name: String,
    /// The client's version.
    #[serde(default)]
    pub version: String,
    /// What it can do. Rules that need more are skipped.
    pub capabilities: BTreeSet<Capability>,
    /// The operations that it supports, by our names or by Pleo's `operationId`; all of them, if it names none.
    #[serde(default)]
    pub operations: Option<BTreeSet<String>>,
    /// The base URLs that are built into the client, by environment.
    #[serde(default)]
    pub base_urls: BTreeMap<String, String>,
}

/// Something that a client may be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// It sends requests with API keys.
    ApiKeys,
    /// It sends requests with access tokens that it is given.
    AccessTokens,
    /// It knows in which environment a credential was made, and which addresses belong to it.
    Environments,
    /// It can be bound to a company, and puts it into requests by itself.
    Companies,
    /// It knows which scopes a credential has and an operation needs.
    Scopes,
    /// Its calls of one session share a client, whose credential and environment can be exchanged.
    Sessions,
    /// It runs the OAuth 2.0 authorisation code flow.
    Oauth,
    /// It keeps OAuth tokens and renews them.
    Refresh,
    /// It can send several requests at the same time.
    Parallel,
    /// It says in `shown` what it writes into logs, errors and debugging output.
    Shown,
    /// Its user can set a time limit for its requests: `time_limit_ms`.
    TimeLimits,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::ApiKeys,
        Self::AccessTokens,
        Self::Environments,
        Self::Companies,
        Self::Scopes,
        Self::Sessions,
        Self::Oauth,
        Self::Refresh,
        Self::Parallel,
        Self::Shown,
        Self::TimeLimits,
    ];
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The answer carries the same number.
    pub id: u64,
    /// Calls of one session go to one and the same client. A new name is a new client, and what came before
    /// can be forgotten.
    pub session: String,
    /// The time limit for each request of the call, in milliseconds; the client's own if it is left out. Only
    /// clients that claim `time_limits` get one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_ms: Option<u32>,
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Send a request to the API.
    Send(Box<Send>),
    /// Make the URL to which a user is sent to authorise the app. Answer: `url`.
    Authorize(Authorize),
    /// Take the redirect that came back, and exchange its code.
    Finish(Finish),
}

/// A request to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Send {
    /// The base URL that the client is set up with.
    pub base_url: String,
    /// The credential that the client is set up with.
    pub credential: Credential,
    /// The company that the client is bound to.
    #[serde(default)]
    pub company: Option<String>,
    /// The operation.
    pub operation: Operation,
    /// Path parameters by name.
    #[serde(default)]
    pub path: BTreeMap<String, String>,
    /// Query parameters, in this order. One with several values stands here several times.
    #[serde(default)]
    pub query: Vec<Parameter>,
    /// The JSON body.
    #[serde(default)]
    pub body: Option<Value>,
    /// How many of this request to send, all at the same time. `answers` has one entry for each.
    #[serde(default = "one")]
    pub times: u32,
}

const fn one() -> u32 {
    1
}

/// A query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    /// Its value, not encoded.
    pub value: String,
}

/// An operation of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// The name of our client's method, such as `list_export_jobs_v3`.
    pub id: String,
    /// Pleo's `operationId`, such as `getExportJobsListV3`.
    pub pleo_id: String,
    /// The method.
    pub method: String,
    /// The path template, such as `/v3/export-jobs/{jobId}`.
    pub path: String,
    /// Where the company goes; `null` where it goes nowhere.
    #[serde(default)]
    pub company: Option<CompanyLocation>,
    /// The scopes that a credential needs; `null` where Pleo does not tell.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// The media type of the body, if it takes one.
    #[serde(default)]
    pub media_type: Option<String>,
}

/// Where an operation takes the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompanyLocation {
    /// `query` or `body`.
    #[serde(rename = "in")]
    pub location: Location,
    /// The name of the parameter or member.
    pub name: String,
    /// Whether the operation does not work without.
    pub required: bool,
}

/// A place in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// The query.
    Query,
    /// The JSON body.
    Body,
}

/// A credential. Which members are there depends on the kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Credential {
    /// What it is.
    pub kind: CredentialKind,
    /// Where it was made: `staging` or `production`; for a legacy token `legacy`.
    pub environment: String,
    /// The API key, access token or legacy token.
    #[serde(default)]
    pub secret: Option<String>,
    /// The scopes that it is known to have; `null` where that is not known.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// What an `oauth_tokens` credential starts from.
    #[serde(default)]
    pub tokens: Option<Tokens>,
}

/// The kinds of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A standalone API key, in `secret`.
    StandaloneApiKey,
    /// An integrated API key, in `secret`.
    IntegratedApiKey,
    /// An OAuth 2.0 access token that somebody else renews, in `secret`.
    AccessToken,
    /// A token of the legacy API, in `secret`.
    LegacyToken,
    /// A pair of tokens that the client keeps and renews. The first call of a session has them in `tokens`;
    /// later ones go on with what the client has by then.
    OauthTokens,
    /// The tokens that `finish` got in this session.
    OauthSession,
}

/// A pair of tokens, as an authorisation server gave them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// The app that they were given to.
    pub app: App,
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// How long the access token is valid from now on, in seconds. 0 says that it has expired.
    pub expires_in: u64,
}

/// An OAuth 2.0 app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct App {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The redirect URI.
    pub redirect_uri: String,
}

/// An authorisation to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Authorize {
    /// The environment.
    pub environment: String,
    /// The app.
    pub app: App,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
}

/// An authorisation to finish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finish {
    /// The URL to which the user's browser was sent back.
    pub redirect: String,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct CallResult {
    /// The call's number.
    pub id: u64,
    /// For a `send`: one for each request.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// For an `authorize`: the URL.
    #[serde(default)]
    pub url: Option<String>,
    /// What the client wrote about it, by the name of the place: `log`, `error`, `debug` and so on.
    #[serde(default)]
    pub shown: BTreeMap<String, String>,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The service responded with this status.
    Status(u16),
    /// There was no usable response, for this reason.
    Failure(String),
}

/// Why a client declined. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The call's number.
    pub id: u64,
    /// Why.
    pub reason: String,
    /// The client has no way to do what it was called for, which says nothing about how it does things.
    #[serde(default)]
    pub unsupported: bool,
    /// What the client wrote about it, as in a result.
    #[serde(default)]
    pub shown: BTreeMap<String, String>,
}
