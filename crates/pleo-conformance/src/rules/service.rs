//! What the service does with credentials, companies and scopes.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use pleo_client::CompanyLocation;
use pleo_sandbox::{Grant, OAuthClient, Subject};
use proptest::{prelude::*, sample::select};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    BASE_URLS_KEYS, BASE_URLS_METHODS, BASE_URLS_OAUTH, Check, ERRORS, FAQS, OVERVIEW_COMPANY,
    OVERVIEW_COMPARISON, OVERVIEW_CONCEPTS, OVERVIEW_ENVIRONMENT, OVERVIEW_SCOPES, OVERVIEW_SECURITY, Rule,
    WORKFLOW_KEY, WORKFLOW_REQUEST,
};
use crate::{
    subject::service::Wanted,
    trial::{
        case::{Case, needs_scopes, takes_company},
        evidence::Judgement,
        mask,
        search::Stop,
        service::{Asked, Inquiry, ServiceTrial},
    },
    verdict::{Level, Verdict},
};

const PKCE: &str = "Integration design: PKCE and secured patterns";
const LIFECYCLE: &str = "Integration design: OAuth token overview";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "AUTH-101",
        title: "A key is accepted with Basic",
        statement: "The service MUST accept an API key as the Basic user name with an empty password.",
        level: Level::Must,
        level_reason: "The base URL page names this as the way to send a key.",
        sources: &["Z25", "Z26", "Z27", "Z28", "Z34", "A62"],
        headings: &[BASE_URLS_METHODS, BASE_URLS_KEYS],
        failure: "A valid key gets a 401.",
        method: "GET /v1/introspect with a valid key.",
        check: Check::Service { live: Some("with the key of PLEO_API_KEY by Basic"), check: key_is_accepted },
    },
    Rule {
        id: "AUTH-102",
        title: "A token is accepted with Bearer",
        statement: "The service MUST accept an OAuth 2.0 access token with Bearer.",
        level: Level::Must,
        level_reason: "The base URL page names this as the way to send an access token.",
        sources: &["Z30", "Z34", "A62"],
        headings: &[BASE_URLS_METHODS, BASE_URLS_OAUTH],
        failure: "A valid token gets a 401.",
        method: "GET /v1/introspect with a valid token.",
        check: Check::Service {
            live: Some("with the token of PLEO_ACCESS_TOKEN by Bearer"),
            check: token_is_accepted,
        },
    },
    Rule {
        id: "AUTH-103",
        title: "A request without a credential is refused",
        statement: "The service MUST respond with 401 to a request without a credential.",
        level: Level::Must,
        level_reason: "The documents say that the API needs authentication, and the page on errors gives \
                       401 for a missing or wrong header.",
        sources: &["Z19", "E2"],
        headings: &[FAQS, ERRORS],
        failure: "The service returns data without a credential.",
        method: "Any operation without an Authorization header.",
        check: Check::Service { live: Some("without a credential"), check: nothing_without_credential },
    },
    Rule {
        id: "AUTH-104",
        title: "A key with Bearer is refused",
        statement: "The service MUST respond with 401 to an API key that is sent with Bearer.",
        level: Level::Must,
        level_reason: "The base URL page names HTTP Basic for keys, and the page on errors gives 401 for a \
                       wrong header.",
        sources: &["Z25", "E2", "field notes"],
        headings: &[BASE_URLS_KEYS],
        failure: "The key works as if it were a token.",
        method: "Any operation with a valid key after `Bearer`.",
        check: Check::Service { live: Some("with the key by Bearer"), check: key_by_bearer_is_refused },
    },
    Rule {
        id: "AUTH-105",
        title: "A key as password is refused",
        statement: "The service MUST respond with 401 to Basic credentials whose password is the key.",
        level: Level::Must,
        level_reason: "The base URL page makes the key the user name, and the page on errors gives 401 for \
                       a wrong header.",
        sources: &["Z26", "Z27", "E2"],
        headings: &[BASE_URLS_KEYS],
        failure: "The key works as the password, or as the user name with a password.",
        method: "Any operation with a valid key as the password, with an empty user name or the key as user \
                 name.",
        check: Check::Service { live: Some("with the key as password"), check: key_as_password_is_refused },
    },
    Rule {
        id: "AUTH-106",
        title: "An unencoded key is refused",
        statement: "The service MUST respond with 401 to a key that follows `Basic` without Base64.",
        level: Level::Must,
        level_reason: "The base URL page asks for Base64, and the page on errors gives 401 for a malformed \
                       header.",
        sources: &["Z28", "E2", "field notes"],
        headings: &[BASE_URLS_KEYS],
        failure: "The key works without encoding.",
        method: "Any operation with a valid key after `Basic`, with and without its colon.",
        check: Check::Service { live: Some("with the key unencoded"), check: unencoded_key_is_refused },
    },
    Rule {
        id: "AUTH-107",
        title: "A token with Basic is refused",
        statement: "The service MUST respond with 401 to an access token that is sent with Basic.",
        level: Level::Must,
        level_reason: "The base URL page names Bearer for access tokens, and the page on errors gives 401 \
                       for a wrong header.",
        sources: &["Z30", "E2"],
        headings: &[BASE_URLS_OAUTH],
        failure: "The token works as if it were a key.",
        method: "Any operation with a valid token as the Basic user name.",
        check: Check::Service { live: Some("with the token by Basic"), check: token_by_basic_is_refused },
    },
    Rule {
        id: "AUTH-108",
        title: "Invalid credentials are refused",
        statement: "The service MUST respond with 401 to a credential that is unknown, expired or revoked.",
        level: Level::Must,
        level_reason: "The pages on key security and errors say that expired and revoked credentials get \
                       401.",
        sources: &["Z94", "A9", "A14", "E2"],
        headings: &[WORKFLOW_REQUEST, ERRORS],
        failure: "A key works after it was revoked.",
        method: "Any operation with an invented key, an expired one, and a revoked one.",
        check: Check::Service { live: Some("with a made-up key"), check: dead_credentials_are_refused },
    },
    Rule {
        id: "ENV-101",
        title: "The other environment's credential is refused",
        statement: "The service MUST NOT accept a credential that was made in the other environment.",
        level: Level::Must,
        level_reason: "The key overview says that a key works only in the environment in which it was made.",
        sources: &["Z7", "Z8", "Z9", "Z10", "V6"],
        headings: &[OVERVIEW_ENVIRONMENT],
        failure: "A production key works in staging.",
        method: "Any operation with a key of the other environment.",
        check: Check::Service { live: None, check: other_environment_is_refused },
    },
    Rule {
        id: "LEG-101",
        title: "Legacy tokens do not work",
        statement: "The service MUST NOT accept a token of the legacy API.",
        level: Level::Must,
        level_reason: "The FAQs of the documents say that legacy tokens do not work on the External API.",
        sources: &["Z17"],
        headings: &[FAQS],
        failure: "A legacy token gets data from the External API.",
        method: "Any operation with a legacy token, with Bearer and with Basic.",
        check: Check::Service { live: None, check: legacy_token_does_not_work },
    },
    Rule {
        id: "LEG-102",
        title: "Legacy tokens get a 404",
        statement: "The service SHOULD respond with 404 to a legacy token on every path, as integrators have \
                    seen.",
        level: Level::Should,
        level_reason: "The documents do not say how a legacy token is rejected; 404 is what integrators \
                       have seen.",
        sources: &["Z17", "field notes"],
        headings: &[FAQS],
        failure: "The status is another one, such as 401.",
        method: "Any operation with a legacy token, with Bearer and with Basic.",
        check: Check::Service { live: None, check: legacy_token_finds_nothing },
    },
    Rule {
        id: "CMP-101",
        title: "A credential reaches its own company",
        statement: "The service MUST NOT return data of a company that the credential is not for.",
        level: Level::Must,
        level_reason: "The key overview limits a key to the company that it was made for.",
        sources: &["Z37", "Z38", "Z43", "Z45", "Z49", "Z94", "K2", "K3"],
        headings: &[OVERVIEW_COMPANY, OVERVIEW_CONCEPTS, OVERVIEW_COMPARISON, WORKFLOW_KEY, WORKFLOW_REQUEST],
        failure: "A company's key gets another company's data.",
        method: "Any operation that takes a company, with a key of another company, of the same organisation \
                 and of another organisation.",
        check: Check::Service { live: None, check: other_company_is_refused },
    },
    Rule {
        id: "CMP-102",
        title: "A missing company is an invalid request",
        statement: "The service SHOULD respond with 400 when an operation requires a company and the request \
                    names none.",
        level: Level::Should,
        level_reason: "The documents do not say in general how a missing company is rejected; 400 is what \
                       integrators have seen.",
        sources: &["Z40", "K14", "E1", "field notes"],
        headings: &[WORKFLOW_REQUEST, ERRORS],
        failure: "The status is another one, or the service chooses a company.",
        method: "Any operation that requires a company, without one.",
        check: Check::Service { live: None, check: missing_company_is_bad_request },
    },
    Rule {
        id: "SCP-101",
        title: "A missing scope is refused",
        statement: "The service MUST respond with 403 when the credential lacks the operation's scope.",
        level: Level::Must,
        level_reason: "The key overview says that a key can do only what its scopes allow, and the page on \
                       errors gives 403 for that.",
        sources: &["Z47", "Z49", "Z94", "E3"],
        headings: &[OVERVIEW_SCOPES, WORKFLOW_KEY, WORKFLOW_REQUEST, ERRORS],
        failure: "A key without the scope gets data.",
        method: "Any operation whose scopes are published, with a key that has another one.",
        check: Check::Service { live: None, check: missing_scope_is_refused },
    },
    Rule {
        id: "SCP-102",
        title: "A 403 says what is missing",
        statement: "The service SHOULD say in the body of a 403 what is missing: `type` and `message`.",
        level: Level::Should,
        level_reason: "No page gives the form of an error for all APIs.",
        sources: &["E12", "E17", "field notes"],
        headings: &[ERRORS],
        failure: "The body is empty, or something else.",
        method: "Any operation whose scopes are published, with a key that has another one.",
        check: Check::Service { live: None, check: missing_scope_is_named },
    },
    Rule {
        id: "SCP-103",
        title: "The published scopes are sufficient",
        statement: "The service MUST NOT respond with 403 when the credential has the operation's scopes.",
        level: Level::Must,
        level_reason: "The OpenAPI documents give the scopes of each operation, and the key overview says \
                       that they decide what a key can do.",
        sources: &["Z47"],
        headings: &[OVERVIEW_SCOPES],
        failure: "A key with the published scope is refused.",
        method: "Any operation whose scopes are published, with a key that has exactly those.",
        check: Check::Service { live: None, check: published_scopes_suffice },
    },
    Rule {
        id: "SEC-101",
        title: "Responses do not repeat the credential",
        statement: "The service MUST NOT repeat the credential in a response.",
        level: Level::Must,
        level_reason: "The documents forbid making a key public, and responses are logged and stored.",
        sources: &["Z53"],
        headings: &[OVERVIEW_SECURITY],
        failure: "An error quotes the header that was sent.",
        method: "Any operation with a valid key, and with a key in the wrong places: headers and body of the \
                 response are searched.",
        check: Check::Service {
            live: Some("with the key, in one of four forms"),
            check: credential_is_not_repeated,
        },
    },
    Rule {
        id: "OAU-101",
        title: "An authorisation needs S256",
        statement: "The authorisation server MUST refuse an authorisation whose challenge is missing or not \
                    S256.",
        level: Level::Must,
        level_reason: "The client configuration page accepts S256 and never `plain`.",
        sources: &["A26"],
        headings: &[PKCE],
        failure: "The server issues a code without PKCE, or for a plain challenge.",
        method: "Authorisations without a challenge and with a plain one: no code may come back. With S256 \
                 one has to come back.",
        check: Check::Service { live: None, check: only_s256_begins },
    },
    Rule {
        id: "OAU-102",
        title: "A code is valid once, with its verifier",
        statement: "The authorisation server MUST NOT exchange a code twice, or without its verifier.",
        level: Level::Must,
        level_reason: "The page on redirects makes the verifier part of the exchange, and RFC 6749, section \
                       4.1.2, limits a code to one use.",
        sources: &["A27", "A41", "A43"],
        headings: &[PKCE],
        failure: "The server issues tokens for a used code, or for another verifier.",
        method: "Exchanges with the right verifier, with the same code again, and with another verifier.",
        check: Check::Service { live: None, check: code_is_good_once },
    },
    Rule {
        id: "OAU-103",
        title: "A renewal ends the old pair",
        statement: "After a renewal the authorisation server MUST refuse the old refresh token, and the \
                    service the old access token.",
        level: Level::Must,
        level_reason: "The token overview says that a renewal ends all earlier tokens.",
        sources: &["A47", "A48"],
        headings: &[LIFECYCLE],
        failure: "The old refresh token, or the old access token, still works.",
        method: "A renewal, then a request with the old access token, and another renewal with the old \
                 refresh token.",
        check: Check::Service { live: None, check: renewal_ends_old_pair },
    },
];

/// A request of a case, with this Authorization header.
fn request(case: &Case, company: Option<Uuid>, authorization: Option<&str>) -> Result<Request<Bytes>, Stop> {
    let mut path = case.operation.path.to_owned();
    for (name, value) in &case.path {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(case.query.iter().map(|parameter| (&parameter.name, &parameter.value)));
    let mut body = case.body.clone();
    if let Some(company) = company {
        match (case.operation.company, &mut body) {
            (CompanyLocation::Query { name, .. }, _) => {
                query.append_pair(name, &company.to_string());
            }
            (CompanyLocation::Body { name, .. }, Some(Value::Object(members))) => {
                members.insert(name.to_owned(), Value::String(company.to_string()));
            }
            _ => {}
        }
    }
    let query = query.finish();
    let uri = if query.is_empty() { path } else { format!("{path}?{query}") };
    let body = body.map(|body| Bytes::from(body.to_string()));
    let mut request = Request::builder().method(case.operation.method.clone()).uri(uri);
    if let (Some(_), Some(described)) = (&body, case.operation.request_body) {
        request = request.header(header::CONTENT_TYPE, described.media_type);
    }
    if let Some(authorization) = authorization {
        let value =
            HeaderValue::from_str(authorization).map_err(|error| Stop::Inconclusive(error.to_string()))?;
        request = request.header(header::AUTHORIZATION, value);
    }
    request.body(body.unwrap_or_default()).map_err(|error| Stop::Inconclusive(error.to_string()))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn key(inquiry: &mut Inquiry<'_, '_>) -> Result<String, Stop> {
    inquiry.credential(&Wanted::Key, "API key")
}

fn token(inquiry: &mut Inquiry<'_, '_>) -> Result<String, Stop> {
    inquiry.credential(&Wanted::Token, "access token")
}

fn status_is(asked: &Asked, expected: u16, message: &'static str) -> Judgement {
    Judgement::pass_if(asked.status() == expected, || {
        Judgement::fail_by(&asked.received, message, format!("status {expected}"), received(asked))
    })
}

fn not_success(asked: &Asked, message: &'static str) -> Judgement {
    Judgement::pass_if(!asked.succeeded(), || {
        Judgement::fail_by(&asked.received, message, "an error", received(asked))
    })
}

fn received(asked: &Asked) -> String {
    format!("status {}", asked.status())
}

fn introspects(operation: &pleo_client::Operation) -> bool {
    operation.id == "introspect_authentication"
}

fn key_is_accepted(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().of(introspects).strategy();
    trial.each(cases, |inquiry, case| {
        let key = key(inquiry)?;
        let asked = inquiry.ask(request(case, None, Some(&basic(&key, "")))?)?;
        Ok(status_is(&asked, 200, "a good key is not accepted"))
    })
}

fn token_is_accepted(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().of(introspects).strategy();
    trial.each(cases, |inquiry, case| {
        let token = token(inquiry)?;
        let asked = inquiry.ask(request(case, None, Some(&bearer(&token)))?)?;
        Ok(status_is(&asked, 200, "a good access token is not accepted"))
    })
}

fn nothing_without_credential(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |inquiry, case| {
        let asked = inquiry.ask(request(case, case.company, None)?)?;
        Ok(status_is(&asked, 401, "a request without a credential is not refused"))
    })
}

fn key_by_bearer_is_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |inquiry, case| {
        let key = key(inquiry)?;
        let asked = inquiry.ask(request(case, case.company, Some(&bearer(&key)))?)?;
        Ok(status_is(&asked, 401, "an API key is accepted by Bearer"))
    })
}

fn key_as_password_is_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each((cases, select(vec!["", "api", "same"])), |inquiry, (case, user)| {
        let key = key(inquiry)?;
        let user = if *user == "same" { &key } else { *user };
        let asked = inquiry.ask(request(case, case.company, Some(&basic(user, &key)))?)?;
        Ok(status_is(&asked, 401, "an API key is accepted as password"))
    })
}

fn unencoded_key_is_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each((cases, select(vec!["", ":"])), |inquiry, (case, colon)| {
        let key = key(inquiry)?;
        let asked = inquiry.ask(request(case, case.company, Some(&format!("Basic {key}{colon}")))?)?;
        Ok(status_is(&asked, 401, "an API key is accepted that is not encoded"))
    })
}

fn token_by_basic_is_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |inquiry, case| {
        let token = token(inquiry)?;
        let asked = inquiry.ask(request(case, case.company, Some(&basic(&token, "")))?)?;
        Ok(status_is(&asked, 401, "an access token is accepted by Basic"))
    })
}

fn dead_credentials_are_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    let wanted = match trial.is_live() {
        true => vec![Wanted::Unknown],
        false => vec![Wanted::Unknown, Wanted::Expired, Wanted::Revoked],
    };
    trial.each((cases, select(wanted)), |inquiry, (case, wanted)| {
        let key = inquiry.credential(wanted, "such key")?;
        let asked = inquiry.ask(request(case, case.company, Some(&basic(&key, "")))?)?;
        Ok(status_is(&asked, 401, "a dead credential is accepted"))
    })
}

fn other_environment_is_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |inquiry, case| {
        let key = inquiry.credential(&Wanted::OtherEnvironment, "key of the other environment")?;
        let asked = inquiry.ask(request(case, case.company, Some(&basic(&key, "")))?)?;
        Ok(not_success(&asked, "a credential of the other environment is accepted"))
    })
}

/// A request with a legacy token.
fn ask_with_legacy(inquiry: &mut Inquiry<'_, '_>, case: &Case, by_bearer: bool) -> Result<Asked, Stop> {
    let token = inquiry.credential(&Wanted::Legacy, "token of the legacy API")?;
    let authorization = if by_bearer { bearer(&token) } else { basic(&token, "") };
    inquiry.ask(request(case, case.company, Some(&authorization))?)
}

fn legacy_token_does_not_work(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each((cases, any::<bool>()), |inquiry, (case, by_bearer)| {
        let asked = ask_with_legacy(inquiry, case, *by_bearer)?;
        Ok(not_success(&asked, "a token of the legacy API is accepted"))
    })
}

fn legacy_token_finds_nothing(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each((cases, any::<bool>()), |inquiry, (case, by_bearer)| {
        let asked = ask_with_legacy(inquiry, case, *by_bearer)?;
        if asked.succeeded() {
            return Ok(Judgement::inconclusive("the token is accepted"));
        }
        Ok(status_is(&asked, 404, "the response to a token of the legacy API is not 404"))
    })
}

fn other_company_is_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().of(takes_company).strategy();
    trial.each(cases, |inquiry, case| {
        let (own, others) = inquiry.companies()?;
        let key = inquiry.credential(&Wanted::Granted(Grant::standalone_key(own)), "key of a company")?;
        for other in others {
            let asked = inquiry.ask(request(case, Some(other), Some(&basic(&key, "")))?)?;
            let judgement = not_success(&asked, "a company's key reaches another company");
            if !matches!(judgement, Judgement::Pass) {
                return Ok(judgement);
            }
        }
        Ok(Judgement::Pass)
    })
}

fn missing_company_is_bad_request(trial: &mut ServiceTrial<'_>) -> Verdict {
    let requires = |operation: &pleo_client::Operation| match operation.company {
        CompanyLocation::Nowhere => false,
        CompanyLocation::Query { required, .. } | CompanyLocation::Body { required, .. } => required,
    };
    let cases = trial.cases().of(requires).strategy();
    trial.each(cases, |inquiry, case| {
        let key = key(inquiry)?;
        let asked = inquiry.ask(request(case, None, Some(&basic(&key, "")))?)?;
        Ok(status_is(&asked, 400, "the response to a request without the company that it needs is not 400"))
    })
}

/// A request with a key that has a scope, but not one that the operation needs.
fn ask_without_scope(inquiry: &mut Inquiry<'_, '_>, case: &Case) -> Result<Asked, Stop> {
    let (own, _) = inquiry.companies()?;
    let grant = Grant::standalone_key(own).with_scopes(["test:test"]);
    let key = inquiry.credential(&Wanted::Granted(grant), "key with other scopes")?;
    inquiry.ask(request(case, Some(own), Some(&basic(&key, "")))?)
}

fn missing_scope_is_refused(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().of(needs_scopes).strategy();
    trial.each(cases, |inquiry, case| {
        let asked = ask_without_scope(inquiry, case)?;
        Ok(status_is(&asked, 403, "a request whose scope is missing is not refused"))
    })
}

fn missing_scope_is_named(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().of(needs_scopes).strategy();
    trial.each(cases, |inquiry, case| {
        let asked = ask_without_scope(inquiry, case)?;
        if asked.status() != 403 {
            return Ok(Judgement::inconclusive("the request is not refused"));
        }
        let body: Value = serde_json::from_slice(asked.response().body()).unwrap_or_default();
        let named =
            ["type", "message"].iter().all(|name| body[name].as_str().is_some_and(|text| !text.is_empty()));
        Ok(Judgement::pass_if(named, || {
            let message = "a 403 does not say what is missing";
            let received = match asked.response().body() {
                body if body.is_empty() => "an empty body".to_owned(),
                body => String::from_utf8_lossy(body).into_owned(),
            };
            Judgement::fail_by(&asked.received, message, "a body with type and message", received)
        }))
    })
}

fn published_scopes_suffice(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().of(needs_scopes).strategy();
    trial.each(cases, |inquiry, case| {
        let (own, _) = inquiry.companies()?;
        let scopes = case.operation.scopes.unwrap_or_default().iter().copied();
        let grant = Grant::standalone_key(own).with_scopes(scopes);
        let key = inquiry.credential(&Wanted::Granted(grant), "key with chosen scopes")?;
        let asked = inquiry.ask(request(case, Some(own), Some(&basic(&key, "")))?)?;
        Ok(Judgement::pass_if(asked.status() != 403, || {
            let message = "a key with the published scopes is refused";
            Judgement::fail_by(&asked.received, message, "another status than 403", received(&asked))
        }))
    })
}

fn credential_is_not_repeated(trial: &mut ServiceTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each((cases, 0..4_u8), |inquiry, (case, form)| {
        let key = key(inquiry)?;
        let authorization = match form {
            0 => basic(&key, ""),
            1 => basic("", &key),
            2 => bearer(&key),
            _ => format!("Basic {key}"),
        };
        let asked = inquiry.ask(request(case, case.company, Some(&authorization))?)?;
        let response = asked.response();
        let headers = response.headers().values().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let repeated = headers
            .chain([String::from_utf8_lossy(response.body())])
            .any(|text| mask::found(&key, &text).is_some());
        Ok(Judgement::pass_if(!repeated, || {
            let message = "the response repeats the credential";
            Judgement::fail_by(&asked.received, message, "a response without it", received(&asked))
        }))
    })
}

/// An app of a company.
#[derive(Debug, Clone)]
struct App {
    id: String,
    secret: String,
    verifier: String,
}

const REDIRECT_URI: &str = "https://app.example.com/callback";

fn apps() -> impl Strategy<Value = App> {
    (any::<u128>(), "FAKE-CLIENT-[a-z0-9]{12}", "[a-zA-Z0-9._~-]{43,128}")
        .prop_map(|(id, secret, verifier)| App { id: Uuid::from_u128(id).to_string(), secret, verifier })
}

impl App {
    fn register(&self, inquiry: &mut Inquiry<'_, '_>) -> Result<(), Stop> {
        let (company, _) = inquiry.companies()?;
        inquiry.register(OAuthClient {
            client_id: self.id.clone(),
            client_secret: Some(self.secret.clone()),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            access_token_seconds: 3600,
            subject: Subject::Company(company),
        })
    }

    /// The code that comes back for these parameters beside the usual ones.
    fn code(
        &self,
        inquiry: &mut Inquiry<'_, '_>,
        challenge: &[(&str, &str)],
    ) -> Result<(Asked, Option<String>), Stop> {
        let usual = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "users:read"),
            ("state", "state-0123456789abcdefghij"),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(usual).extend_pairs(challenge);
        let request =
            Request::builder().uri(format!("/oauth/authorize?{}", query.finish())).body(Bytes::new());
        let asked = inquiry.ask(request.map_err(|error| Stop::Inconclusive(error.to_string()))?)?;
        let location = asked.response().headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let query = location.and_then(|location| location.split_once('?')).map_or("", |(_, query)| query);
        let code = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
        let code = code.map(|(_, code)| code.into_owned());
        Ok((asked, code))
    }

    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    fn good_code(&self, inquiry: &mut Inquiry<'_, '_>) -> Result<String, Stop> {
        let challenge = self.challenge();
        let parameters = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
        let (_, code) = self.code(inquiry, &parameters)?;
        code.ok_or_else(|| Stop::Inconclusive("a right authorisation gets no code".to_owned()))
    }

    fn token(&self, inquiry: &mut Inquiry<'_, '_>, form: &[(&str, &str)]) -> Result<Asked, Stop> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post("/oauth/token")
            .header(header::AUTHORIZATION, basic(&self.id, &self.secret))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body));
        inquiry.ask(request.map_err(|error| Stop::Inconclusive(error.to_string()))?)
    }

    fn exchange(&self, inquiry: &mut Inquiry<'_, '_>, code: &str, verifier: &str) -> Result<Asked, Stop> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", verifier),
        ];
        self.token(inquiry, &form)
    }

    fn refresh(&self, inquiry: &mut Inquiry<'_, '_>, refresh_token: &str) -> Result<Asked, Stop> {
        self.token(inquiry, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
    }
}

fn only_s256_begins(trial: &mut ServiceTrial<'_>) -> Verdict {
    trial.each((apps(), any::<bool>()), |inquiry, (app, plain)| {
        app.register(inquiry)?;
        app.good_code(inquiry)?;
        let parameters = [("code_challenge", app.verifier.as_str()), ("code_challenge_method", "plain")];
        let (asked, code) = app.code(inquiry, if *plain { &parameters } else { &[] })?;
        Ok(Judgement::pass_if(code.is_none(), || {
            let received = if *plain { "a code for a plain challenge" } else { "a code without a challenge" };
            let message = "an authorisation begins without an S256 challenge";
            Judgement::fail_by(&asked.received, message, "an error", received)
        }))
    })
}

fn code_is_good_once(trial: &mut ServiceTrial<'_>) -> Verdict {
    trial.each((apps(), any::<bool>()), |inquiry, (app, again)| {
        app.register(inquiry)?;
        let code = app.good_code(inquiry)?;
        if *again {
            if !app.exchange(inquiry, &code, &app.verifier)?.succeeded() {
                return Ok(Judgement::inconclusive("a right exchange gets no tokens"));
            }
            let asked = app.exchange(inquiry, &code, &app.verifier)?;
            return Ok(not_success(&asked, "a code is exchanged twice"));
        }
        let other: String = app.verifier.chars().rev().chain("x".chars()).collect();
        let asked = app.exchange(inquiry, &code, &other[..other.len().min(128)])?;
        Ok(not_success(&asked, "a code is exchanged for another verifier"))
    })
}

fn renewal_ends_old_pair(trial: &mut ServiceTrial<'_>) -> Verdict {
    trial.each(apps(), |inquiry, app| {
        app.register(inquiry)?;
        let code = app.good_code(inquiry)?;
        let pair = |asked: &Asked| {
            let body: Value = serde_json::from_slice(asked.response().body()).unwrap_or_default();
            let text = |name: &str| body[name].as_str().map(str::to_owned);
            text("access_token").zip(text("refresh_token"))
        };
        let unclear = || Stop::Inconclusive("no pair of tokens comes".to_owned());
        let (old_access, old_refresh) =
            pair(&app.exchange(inquiry, &code, &app.verifier)?).ok_or_else(unclear)?;
        pair(&app.refresh(inquiry, &old_refresh)?).ok_or_else(unclear)?;
        let introspect = Request::get("/v1/introspect")
            .header(header::AUTHORIZATION, bearer(&old_access))
            .body(Bytes::new())
            .map_err(|error| Stop::Inconclusive(error.to_string()))?;
        let asked = inquiry.ask(introspect)?;
        if asked.succeeded() {
            return Ok(not_success(&asked, "an access token works after its renewal"));
        }
        let asked = app.refresh(inquiry, &old_refresh)?;
        Ok(not_success(&asked, "a refresh token works after its renewal"))
    })
}
