//! Turns a call into a request without credentials, or refuses it.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pleo_client::{Parameter, ParameterLocation};
use pleo_conformance::protocol::{CredentialKind, Hello, Location, Send};
use serde_json::{Value, json};

use super::{
    Before, Deviation, Flaw, Variation, company,
    encoding::{self, escaped, twice},
    wire,
};

/// Why a key with a colon is refused.
pub(super) const COLON: &str = "the API key holds a colon, which no user name can";
/// Why a credential with a control character is refused.
pub(super) const CONTROL_CHARACTER: &str = "the credential holds control characters";
/// Why a key beyond ASCII is refused by those who do.
pub(super) const BEYOND_ASCII: &str = "the API key holds a character beyond ASCII";
/// Why a path parameter is refused.
pub(super) const PATH: &str = "a path parameter is empty or made of dots, which no segment can be";
/// Why a legacy token is refused.
pub(super) const LEGACY: &str = "a legacy token does not work here: make an API key or authorise an app";
/// Why an operation is refused whose scopes the credential has not got.
pub(super) const SCOPE: &str = "the credential lacks a scope that the operation needs";
/// Why a base URL is refused.
pub(super) const ENVIRONMENT: &str = "the base URL is not that of the credential's environment";

/// What a call comes down to.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// The company, for the one flaw that has it in a header.
    pub(super) header: Option<String>,
}

/// The request of a call, with everything but its credential; some flaws leave its company out.
pub(super) fn build(
    deviation: Deviation,
    hello: &Hello,
    before: &Before,
    send: &Send,
    without_company: bool,
) -> Result<wire::Message, String> {
    let base_url = destination(deviation, hello, before, send)?;
    check_scopes(deviation, send)?;
    let mut parts = Parts {
        query: send.query.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect(),
        body: earlier_body(deviation, before, send).unwrap_or(&send.body).clone(),
        header: None,
    };
    parts.query.extend(not_given(deviation, send));
    company::bind(deviation, before, send, &mut parts, without_company)?;

    let doubles = deviation.flaw(Flaw::DoubleSlash)
        || (deviation.flaw(Flaw::SlashOfBaseUrlDoubled) && send.base_url.ends_with('/'));
    let slash = if doubles { "/" } else { "" };
    let path = path(deviation, send)?;
    let query = encoding::query(deviation, send, parts.query);
    let mut headers = Vec::new();
    headers.extend(parts.header.map(|company| ("Company-Id", company)));
    // A body with the company in it stays as it is: where the company goes is a matter of other rules.
    let flaw = deviation.flaw.filter(|_| company::place_of(send, Location::Body).is_none());
    if parts.body.is_none() && deviation.variation(Variation::TypeWithoutBody) {
        headers.push(("Content-Type", "application/json".to_owned()));
    }
    let none = match deviation.flaw {
        Some(Flaw::EmptyBodySent) => Some(json!({})),
        Some(Flaw::BodyInvented) => Some(json!({ "foo": 1 })),
        _ => None,
    };
    let body = parts.body.or(none).map(|body| match (body, flaw) {
        (Value::Object(members), Some(Flaw::BodyAsForm)) => {
            headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
            encoding::form(&members)
        }
        (body, flaw) => {
            if !deviation.flaw(Flaw::BodyWithoutType) {
                headers.push(("Content-Type", encoding::content_type(deviation, send)));
            }
            if flaw == Some(Flaw::BodyTypeTwice) {
                headers.push(("Content-Type", encoding::content_type(deviation, send)));
            }
            match flaw {
                Some(Flaw::BodyWrapped) => encoding::json(deviation, &json!({ "data": body })),
                Some(flaw) => encoding::flawed_json(flaw, &body),
                None => encoding::json(deviation, &body),
            }
        }
    });
    Ok(wire::Message {
        method: method(deviation, &send.operation.method),
        url: format!("{base_url}{slash}{path}{query}"),
        headers,
        body,
    })
}

/// The body of the session's first call, for the flaw that sends it again with the same operation.
fn earlier_body<'a>(deviation: Deviation, before: &'a Before, send: &Send) -> Option<&'a Option<Value>> {
    let is_same = |first: &&Send| first.operation.id == send.operation.id && first.body.is_some();
    // A body with the company in it stays as it is, as below.
    let is_cached = deviation.flaw(Flaw::BodyCached) && company::place_of(send, Location::Body).is_none();
    let first = before.first.as_ref().filter(|_| is_cached).filter(is_same);
    first.map(|first| &first.body)
}

/// What is sent for optional query parameters that are not given, which is nothing if all is right.
fn not_given(deviation: Deviation, send: &Send) -> Vec<(String, String)> {
    let known = pleo_client::operations::find(&send.operation.id).map(|operation| operation.parameters);
    let of_query = |parameter: &&Parameter| parameter.location == ParameterLocation::Query;
    let names = match known {
        Some(parameters) => parameters.iter().filter(of_query).map(|parameter| parameter.name).collect(),
        None => vec!["before"],
    };
    let is_free = |name: &&str| {
        let is_company = send.operation.company.as_ref().is_some_and(|place| place.name == **name);
        !is_company && send.query.iter().all(|given| given.name != **name)
    };
    let free = names.into_iter().filter(is_free);
    let value = match (deviation.flaw, deviation.variation) {
        (Some(Flaw::QueryUnsetAsNone), _) => "None",
        (Some(Flaw::QueryUnsetAsNull), _) => "null",
        (Some(Flaw::QueryUnsetAsUndefined), _) => "undefined",
        (Some(Flaw::QueryUnsetEmpty), _) => "",
        (_, Some(Variation::DefaultLimitSent)) => {
            return free
                .filter(|name| *name == "limit")
                .map(|name| (name.to_owned(), "100".to_owned()))
                .collect();
        }
        _ => return Vec::new(),
    };
    free.map(|name| (name.to_owned(), value.to_owned())).collect()
}

/// The base URL, if the credential may go there.
pub(super) fn destination<'a>(
    deviation: Deviation,
    hello: &'a Hello,
    before: &'a Before,
    send: &'a Send,
) -> Result<&'a str, String> {
    let asked = trimmed(&send.base_url);
    let is_later = before.first.is_some();
    if send.credential.kind == CredentialKind::LegacyToken {
        let accepted = match deviation.flaw {
            Some(Flaw::LegacyTokenAccepted) => true,
            Some(Flaw::LegacyTokenCheckedOnce) => is_later,
            Some(Flaw::LegacyTokenRefusedOnce) => before.refused.as_ref() == Some(send),
            _ => false,
        };
        return if accepted { Ok(asked) } else { Err(LEGACY.to_owned()) };
    }
    let environment = &send.credential.environment;
    let own = hello.environments.get(environment).ok_or("the credential's environment is unknown")?;
    let in_capitals = deviation.variation(Variation::BaseUrlInCapitals);
    if in_capitals && asked.eq_ignore_ascii_case(&own.base_url) {
        return Ok(&own.base_url);
    }
    if asked == own.base_url {
        return Ok(kept_base_url(deviation, hello, before, send).unwrap_or(asked));
    }
    let socket = |url: &str| wire::Address::parse(url).map(|address| address.socket);
    let is_other = || hello.environments.values().any(|other| asked == other.base_url);
    let is_unknown = || {
        let others = hello.environments.iter().filter(|(name, _)| *name != environment);
        let mut known = others.map(|(_, other)| &other.base_url).chain([&hello.legacy_base_url]);
        socket(asked).is_ok_and(|asked| known.all(|known| socket(known) != Ok(asked)))
    };
    let accepted = match deviation.flaw {
        Some(Flaw::StagingKeyInProduction) => is_other(),
        Some(Flaw::EnvironmentCheckedOnce) => is_later && is_other(),
        Some(Flaw::EnvironmentRefusedOnce) => before.refused.as_ref() == Some(send) && is_other(),
        Some(Flaw::EnvironmentUncheckedAfterRenewal) => before.renewed && is_other(),
        Some(Flaw::LegacyHostAccepted) => asked == hello.legacy_base_url,
        Some(Flaw::LegacyHostCheckedOnce) => is_later && asked == hello.legacy_base_url,
        Some(Flaw::LookalikeHost) => asked.starts_with(&own.base_url),
        Some(Flaw::AuthorizationServerAccepted) => asked == own.authorization_server,
        Some(Flaw::WrongHostAccepted) => is_unknown(),
        Some(Flaw::HostCheckedOnce) => is_later && is_unknown(),
        _ => false,
    };
    match deviation.variation {
        _ if accepted => Ok(asked),
        Some(Variation::AddressesNamedInRefusal) => {
            Err(format!("{ENVIRONMENT}: {asked}, not {}", own.base_url))
        }
        _ => Err(ENVIRONMENT.to_owned()),
    }
}

/// The base URL that a flaw keeps instead of the right one.
fn kept_base_url<'a>(
    deviation: Deviation,
    hello: &'a Hello,
    before: &'a Before,
    send: &Send,
) -> Option<&'a str> {
    let credential = &send.credential;
    let is_old = |call: &&Send| call.credential.environment != credential.environment;
    match deviation.flaw? {
        // Renewed tokens stay where they are: where they go is a matter of other rules.
        Flaw::StagingByDefault
            if credential.secret.is_some() && before.first.as_ref().filter(is_old).is_none() =>
        {
            hello.environments.get("staging").map(|staging| staging.base_url.as_str())
        }
        Flaw::BaseUrlCached => before.first.as_ref().filter(is_old).map(|first| trimmed(&first.base_url)),
        Flaw::BaseUrlKeptAfter401 if before.unauthorized => {
            before.first.as_ref().filter(is_old).map(|first| trimmed(&first.base_url))
        }
        Flaw::BaseUrlLagging => before.last.as_ref().filter(is_old).map(|last| trimmed(&last.base_url)),
        Flaw::BaseUrlCachedForTokens if credential.kind == CredentialKind::AccessToken => {
            before.first.as_ref().filter(is_old).map(|first| trimmed(&first.base_url))
        }
        _ => None,
    }
}

/// A base URL without the slash at its end.
fn trimmed(base_url: &str) -> &str {
    base_url.strip_suffix('/').unwrap_or(base_url)
}

/// Refuses a secret that no header can carry.
pub(super) fn check_secret(deviation: Deviation, kind: CredentialKind, secret: &str) -> Result<(), String> {
    let is_key = matches!(kind, CredentialKind::StandaloneApiKey | CredentialKind::IntegratedApiKey);
    if secret.is_empty() && deviation.flaw(Flaw::EmptyKeySent) {
        Ok(())
    } else if secret.is_empty() {
        Err("the credential is empty".to_owned())
    } else if secret.chars().any(char::is_control) {
        Err(CONTROL_CHARACTER.to_owned())
    } else if is_key && secret.contains(':') && !deviation.flaw(Flaw::ColonInKeySent) {
        Err(COLON.to_owned())
    } else if is_key && !secret.is_ascii() && refuses_beyond_ascii(deviation) {
        Err(BEYOND_ASCII.to_owned())
    } else if !is_key && !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("the token holds white space or something beyond ASCII".to_owned())
    } else if kind == CredentialKind::AccessToken
        && deviation.flaw(Flaw::TokenParsed)
        && looks_expired(secret)
    {
        Err("the token has expired".to_owned())
    } else {
        Ok(())
    }
}

/// Whether this client takes keys of ASCII only, which those of Pleo may well be.
fn refuses_beyond_ascii(deviation: Deviation) -> bool {
    deviation.flaw(Flaw::KeyBeyondAsciiInRefusal) || deviation.variation(Variation::KeysBeyondAsciiRefused)
}

/// Whether this reads as a JWT whose `exp` has passed.
fn looks_expired(token: &str) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts.as_slice() else { return false };
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    claims["exp"].as_u64().is_some_and(|expiry| expiry < now)
}

fn check_scopes(deviation: Deviation, send: &Send) -> Result<(), String> {
    let Some(known) = &send.credential.scopes else { return Ok(()) };
    let Some(needed) = &send.operation.scopes else {
        return if deviation.flaw(Flaw::UnknownScopesRefused) { Err(SCOPE.to_owned()) } else { Ok(()) };
    };
    let area = |scope: &str| scope.split(':').next().unwrap_or_default().to_owned();
    let has = |scope: &String| match deviation.flaw {
        Some(Flaw::ScopesIgnored) => true,
        Some(Flaw::ScopesOfPairsIgnored) => {
            send.credential.kind == CredentialKind::OauthTokens || known.contains(scope)
        }
        Some(Flaw::EmptyScopesMeanAll) => known.is_empty() || known.contains(scope),
        Some(Flaw::ReadScopeWrites) => known.iter().any(|known| area(known) == area(scope)),
        Some(Flaw::ScopeSeparatorsIgnored) => {
            let joined = |scope: &str| scope.replace(['-', '_'], "");
            known.iter().any(|known| joined(known) == joined(scope))
        }
        Some(Flaw::ScopesCaseIgnored) => known.iter().any(|known| known.eq_ignore_ascii_case(scope)),
        Some(Flaw::ScopesByBeginning) => known.iter().any(|known| known.starts_with(scope)),
        Some(Flaw::ScopesBySubstring) => known.join(" ").contains(scope),
        Some(Flaw::ScopesByEnd) => known.iter().any(|known| known.ends_with(scope)),
        Some(Flaw::ScopesByPart) => known.iter().any(|known| !known.is_empty() && scope.contains(known)),
        Some(Flaw::ScopeStarBelieved) => known.contains(scope) || known.iter().any(|known| known == "*"),
        Some(Flaw::ScopeAreaStarBelieved) => {
            let all = format!("{}:*", area(scope));
            known.contains(scope) || known.contains(&all)
        }
        Some(Flaw::FirstScopeOnlyKnown) => known.first() == Some(scope),
        Some(Flaw::SupersetRefused) => known.len() <= needed.len() && known.contains(scope),
        _ => known.contains(scope),
    };
    if !needed.iter().all(has) {
        return Err(match deviation.variation {
            Some(Variation::ScopesNamedInRefusal) => format!("{SCOPE}: {}", needed.join(", ")),
            _ => SCOPE.to_owned(),
        });
    }
    if deviation.flaw(Flaw::ScopesOverread)
        && let Some(scope) = needed.first()
        && !known.contains(&format!("{}:admin", area(scope)))
    {
        return Err("the credential lacks the scope of administrators".to_owned());
    }
    Ok(())
}

fn method(deviation: Deviation, method: &str) -> String {
    let changed = match method {
        "POST" => "PUT",
        "PUT" => "POST",
        other => other,
    };
    if deviation.flaw(Flaw::MethodChanged) { changed } else { method }.to_owned()
}

/// The path with its parameters.
pub(super) fn path(deviation: Deviation, send: &Send) -> Result<String, String> {
    let mut path = String::new();
    let mut rest = send.operation.path.as_str();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let value = send.path.get(name).ok_or("a path parameter is missing")?;
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(PATH.to_owned());
        }
        path.push_str(before);
        path.push_str(&if deviation.flaw(Flaw::PathReencoded) {
            twice(value)
        } else if deviation.flaw(Flaw::PathWithoutHyphens) {
            escaped(deviation, &value.replace('-', ""))
        } else {
            escaped(deviation, value)
        });
        rest = after;
    }
    path.push_str(rest);
    if deviation.flaw(Flaw::TrailingSlash) {
        path.push('/');
    }
    if deviation.flaw(Flaw::OtherVersion) {
        path = path.replacen("/v", "/v9", 1);
    }
    Ok(path)
}
