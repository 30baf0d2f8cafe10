//! The rules, by area.

mod auth;
mod company;
mod environment;
mod legacy;
mod oauth;
mod rule;
mod scope;
mod secret;
mod service;
mod url;

use std::sync::LazyLock;

pub use rule::{Check, Rule};

use crate::{
    protocol::Capability,
    trial::{
        case::Case,
        client::{Conversation, Stop},
        evidence::place,
        lab::Arrival,
        mask,
    },
};

/// What a client needs for rules about API keys.
const KEYS: &[Capability] = &[Capability::ApiKeys];

/// What a client needs for rules about access tokens.
const TOKENS: &[Capability] = &[Capability::AccessTokens];

// Pages of Pleo's, with their headings; what stands before the first heading has none.
const BASE_URLS_OPENING: &str = "API Base URLs";
const BASE_URLS: &str = "API Base URLs: How Base URLs Are Constructed";
const BASE_URLS_ENVIRONMENT: &str = "API Base URLs: Choosing an Environment";
const BASE_URLS_METHODS: &str = "API Base URLs: Authentication";
const BASE_URLS_KEYS: &str = "API Base URLs: Standalone API Keys";
const BASE_URLS_OAUTH: &str = "API Base URLs: OAuth 2.0 (Bearer Token)";
const FAQS: &str = "API Base URLs: FAQs";
const OVERVIEW_OPENING: &str = "Standalone API Keys Overview";
const OVERVIEW_CONCEPTS: &str = "Standalone API Keys Overview: Concepts and Terminology";
const OVERVIEW_ENVIRONMENT: &str = "Standalone API Keys Overview: Environment-Scoped Access";
const OVERVIEW_COMPANY: &str = "Standalone API Keys Overview: Company-Scoped Authentication";
const OVERVIEW_SCOPES: &str = "Standalone API Keys Overview: Permission-Scoped Access";
const OVERVIEW_SECURITY: &str = "Standalone API Keys Overview: Security Responsibilities (High-Level)";
const OVERVIEW_COMPARISON: &str = "Standalone API Keys Overview: Standalone API Keys vs OAuth 2.0";
const WORKFLOW_KEY: &str = "Standalone API Key Workflow Guide: 1. Generate Your Standalone API Key";
const WORKFLOW_REQUEST: &str = "Standalone API Key Workflow Guide: 2. Authenticate Your First API Request";

static CATALOGUE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    [
        auth::RULES,
        environment::RULES,
        legacy::RULES,
        company::RULES,
        scope::RULES,
        secret::RULES,
        url::RULES,
        oauth::RULES,
        service::RULES,
    ]
    .concat()
});

/// All rules, by area.
pub fn catalogue() -> &'static [Rule] {
    &CATALOGUE
}

/// The request by which a secret arrived, wherever it stands in it.
fn carrier<'a>(arrivals: impl IntoIterator<Item = &'a Arrival>, secret: &str) -> Option<&'a Arrival> {
    arrivals.into_iter().find(|arrival| whole(arrival).iter().any(|text| mask::found(secret, text).is_some()))
}

/// All texts of a request.
fn whole(arrival: &Arrival) -> Vec<String> {
    let request = &arrival.exchange.request;
    let headers =
        request.headers().values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let body = String::from_utf8_lossy(request.body()).into_owned();
    headers.chain([crate::trial::evidence::target(request), body]).collect()
}

/// Has the client send a lawful request that differs from the one in question in nothing but what the rule
/// is about. A client that does not send this one either shows nothing by not sending the other.
fn control(talk: &mut Conversation<'_, '_>, case: &Case) -> Result<(), Stop> {
    let seen = talk.aside(|talk| talk.send(case))?;
    match carrier(seen.api(), &case.secret) {
        Some(_) => Ok(()),
        None => {
            Err(Stop::Unclear(format!("a lawful request does not arrive with it either: {}", seen.told())))
        }
    }
}

/// Where a request arrived, for a sentence.
fn arrived(arrival: &Arrival) -> String {
    format!("a request with the credential at {}", place(arrival.site))
}
