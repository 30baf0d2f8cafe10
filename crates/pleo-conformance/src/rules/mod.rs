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
mod trouble;
mod url;

use std::sync::LazyLock;

use proptest::strategy::Strategy;
pub use rule::{Check, Rule};

use crate::{
    protocol::Capability,
    trial::{
        ClientTrial,
        case::{Case, Cases},
        client::Conversation,
        evidence::{Judgement, place, target},
        mask::Finder,
        search::Stop,
        servers::ReceivedRequest,
    },
    verdict::Verdict,
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
const ERRORS: &str = "Errors";
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

/// Judges every request of a case, in whichever circumstances it is sent. `judge` is told which credentials the
/// client may send by now.
fn each_request(
    trial: &mut ClientTrial<'_>,
    cases: Cases,
    judge: impl Fn(&Case, &ReceivedRequest, &[String]) -> Judgement,
) -> Verdict {
    each_request_of(trial, cases.strategy(), judge)
}

/// As [`each_request`], of the cases of a strategy.
fn each_request_of(
    trial: &mut ClientTrial<'_>,
    cases: impl Strategy<Value = Case>,
    judge: impl Fn(&Case, &ReceivedRequest, &[String]) -> Judgement,
) -> Verdict {
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        seen.first(case)?;
        let credentials = talk.credentials(case);
        let requests = seen.requests(case).into_iter();
        Ok(Judgement::all(requests.map(|received| judge(case, received, &credentials))))
    })
}

/// The request with one of these secrets in it, wherever that is.
fn carrier<'a, S: AsRef<str>>(
    received: impl IntoIterator<Item = &'a ReceivedRequest>,
    secrets: &[S],
) -> Option<&'a ReceivedRequest> {
    let finder = Finder::new(secrets.iter().map(AsRef::as_ref));
    received.into_iter().find(|received| finder.found(&whole(received)).is_some())
}

/// All texts of a request, one line each.
fn whole(received: &ReceivedRequest) -> String {
    let request = &received.exchange.request;
    let headers = request.headers().values().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let texts = headers.chain([target(request).into(), String::from_utf8_lossy(request.body())]);
    texts.map(|text| text + "\n").collect()
}

/// Has the client send a valid request that differs from the one in question in nothing but what the rule
/// is about. A client that does not send this one either shows nothing by not sending the other.
///
/// In some cases both are calls of one session, so that a check which is made at the first call only is not
/// taken for one that is made at each.
fn control(talk: &mut Conversation<'_, '_>, case: &Case) -> Result<(), Stop> {
    let plain = case.plain();
    let send = |talk: &mut Conversation<'_, '_>| {
        let seen = talk.send(&plain)?;
        Ok::<_, Stop>((carrier(seen.api(), &talk.credentials(&plain)).is_some(), seen.told()))
    };
    let (sent, told) = match case.circumstances.shared_session {
        true => {
            talk.prepare(&case.used())?;
            send(talk)
        }
        false => talk.aside(send),
    }?;
    match sent {
        true => Ok(()),
        false => Err(Stop::Inconclusive(format!("a valid request is not sent with it either: {told}"))),
    }
}

/// Where a request was received, for a sentence.
fn received_at(received: &ReceivedRequest) -> String {
    format!("a request with the credential at {}", place(received.site))
}
