//! Turns a call into a request without credentials, or refuses it.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pleo_conformance::protocol::{CompanyPlace, CredentialKind, Hello, Location, Send};
use serde_json::{Map, Value};

use super::{Deviation, Flaw, Variation, wire};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The spellings of the company.
const SPELLINGS: [&str; 2] = ["company_id", "companyId"];

/// What a call comes down to.
#[derive(Debug)]
struct Parts {
    query: Vec<(String, String)>,
    body: Option<Value>,
    /// The company, for the one flaw that has it in a header.
    header: Option<String>,
}

/// The request of a call, with everything but its credential. `begun_in` is the environment of the session's
/// first credential, if there was one.
pub(super) fn build(
    deviation: Deviation,
    hello: &Hello,
    begun_in: Option<&str>,
    send: &Send,
) -> Result<wire::Message, String> {
    let base_url = destination(deviation, hello, begun_in, send)?;
    check_scopes(deviation, send)?;
    let mut parts = Parts {
        query: send.query.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect(),
        body: send.body.clone(),
        header: None,
    };
    bind_company(deviation, send, &mut parts)?;

    let slash = if deviation.flaw(Flaw::DoubleSlash) { "/" } else { "" };
    let path = path(deviation, send)?;
    let query = query(deviation, send, parts.query);
    let mut headers = Vec::new();
    headers.extend(parts.header.map(|company| ("Company-Id", company)));
    // A body with the company in it stays as it is: where the company goes is a matter of other rules.
    let may_go_wrong = place_of(send, Location::Body).is_none();
    let body = parts.body.map(|body| match body {
        Value::Object(members) if may_go_wrong && deviation.flaw(Flaw::BodyAsForm) => {
            headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
            form(&members)
        }
        body => {
            if !deviation.flaw(Flaw::BodyWithoutType) {
                headers.push(("Content-Type", content_type(deviation, send)));
            }
            let wrapped = may_go_wrong && deviation.flaw(Flaw::BodyWrapped);
            json(deviation, &if wrapped { serde_json::json!({ "data": body }) } else { body })
        }
    });
    Ok(wire::Message {
        method: method(deviation, &send.operation.method),
        url: format!("{base_url}{slash}{path}{query}"),
        headers,
        body,
    })
}

/// The base URL, if the credential may go there.
fn destination<'a>(
    deviation: Deviation,
    hello: &'a Hello,
    begun_in: Option<&str>,
    send: &'a Send,
) -> Result<&'a str, String> {
    let asked = send.base_url.strip_suffix('/').unwrap_or(&send.base_url);
    if send.credential.kind == CredentialKind::LegacyToken {
        return if deviation.flaw(Flaw::LegacyTokenAccepted) {
            Ok(asked)
        } else {
            Err("a legacy token does not work here: make an API key or authorise an app".to_owned())
        };
    }
    let environment = &send.credential.environment;
    let own = hello.environments.get(environment).ok_or("the credential's environment is unknown")?;
    if asked == own.base_url {
        // Renewed tokens stay where they are: where they go is a matter of other rules.
        let stays = send.credential.secret.is_some()
            && begun_in.is_none_or(|begun_in| begun_in == environment)
            && deviation.flaw(Flaw::StagingByDefault);
        let staging = hello.environments.get("staging").filter(|_| stays);
        return Ok(staging.map_or(asked, |staging| &staging.base_url));
    }
    let accepted = match deviation.flaw {
        Some(Flaw::StagingKeyInProduction) => {
            hello.environments.values().any(|other| asked == other.base_url)
        }
        Some(Flaw::LegacyHostAccepted) => asked == hello.legacy_base_url,
        Some(Flaw::LookalikeHost) => asked.starts_with(&own.base_url),
        Some(Flaw::WrongHostAccepted) => {
            let socket = |url: &str| wire::Address::parse(url).map(|address| address.socket);
            let others = hello.environments.iter().filter(|(name, _)| *name != environment);
            let mut known = others.map(|(_, other)| &other.base_url).chain([&hello.legacy_base_url]);
            socket(asked).is_ok_and(|asked| known.all(|known| socket(known) != Ok(asked)))
        }
        _ => false,
    };
    if accepted {
        Ok(asked)
    } else {
        Err("the base URL is not that of the credential's environment".to_owned())
    }
}

/// Refuses a secret that no header can carry.
pub(super) fn check_secret(deviation: Deviation, kind: CredentialKind, secret: &str) -> Result<(), String> {
    let is_key = matches!(kind, CredentialKind::StandaloneApiKey | CredentialKind::IntegratedApiKey);
    if secret.is_empty() {
        Err("the credential is empty".to_owned())
    } else if secret.chars().any(char::is_control) {
        Err("the credential holds control characters".to_owned())
    } else if is_key && secret.contains(':') && !deviation.flaw(Flaw::ColonInKeySent) {
        Err("the API key holds a colon, which no user name can".to_owned())
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
    let (Some(known), Some(needed)) = (&send.credential.scopes, &send.operation.scopes) else {
        return Ok(());
    };
    let missing = needed.iter().any(|scope| !known.contains(scope));
    if missing && !deviation.flaw(Flaw::ScopesIgnored) {
        return Err("the credential lacks a scope that the operation needs".to_owned());
    }
    if deviation.flaw(Flaw::ScopesOverread)
        && let Some(scope) = needed.first()
    {
        let admin = format!("{}:admin", scope.split(':').next().unwrap_or_default());
        if !known.contains(&admin) {
            return Err("the credential lacks the scope of administrators".to_owned());
        }
    }
    Ok(())
}

fn place_of(send: &Send, location: Location) -> Option<&CompanyPlace> {
    send.operation.company.as_ref().filter(|place| place.location == location)
}

/// Puts the bound company where the operation takes it.
fn bind_company(deviation: Deviation, send: &Send, parts: &mut Parts) -> Result<(), String> {
    let bound = send.company.as_deref();
    if let Some(bound) = bound {
        let another = companies(parts).any(|company| !company.eq_ignore_ascii_case(bound));
        if another && deviation.flaw(Flaw::OtherCompanyOverwritten) {
            overwrite_company(parts, bound);
        } else if another && !deviation.flaw(Flaw::OtherCompanyAccepted) {
            return Err("the request names another company than the client is bound to".to_owned());
        }
    }

    let Some(place) = &send.operation.company else {
        if let Some(bound) = bound.filter(|_| deviation.flaw(Flaw::CompanyEverywhere)) {
            parts.query.push(("company_id".to_owned(), bound.to_owned()));
        }
        return Ok(());
    };
    match (bound, names_company(place, parts)) {
        (None, false) if place.required && !deviation.flaw(Flaw::CompanyNotRequired) => {
            Err("the operation needs a company, and the client is bound to none".to_owned())
        }
        (None, _) => Ok(()),
        (Some(bound), true) => {
            if deviation.flaw(Flaw::CompanyTwice) && place.location == Location::Query {
                parts.query.push((place.name.clone(), bound.to_owned()));
            }
            Ok(())
        }
        (Some(bound), false) => add_company(deviation, place, bound, parts),
    }
}

fn add_company(
    deviation: Deviation,
    place: &CompanyPlace,
    bound: &str,
    parts: &mut Parts,
) -> Result<(), String> {
    let mut name = place.name.as_str();
    let mut location = place.location;
    let mut company = bound.to_owned();
    match deviation.flaw {
        Some(Flaw::CompanyMissing) => return Ok(()),
        Some(Flaw::CompanyInHeader) => {
            parts.header = Some(company);
            return Ok(());
        }
        Some(Flaw::CompanyInBodyNotQuery) if parts.body.as_ref().is_none_or(Value::is_object) => {
            location = Location::Body;
        }
        Some(Flaw::CompanyInQueryNotBody) => location = Location::Query,
        Some(Flaw::CompanyMisspelled) => {
            name = if name == SPELLINGS[0] { SPELLINGS[1] } else { SPELLINGS[0] };
        }
        Some(Flaw::CompanyOfAnother) => {
            let last = company.pop();
            company.push(if last == Some('0') { '1' } else { '0' });
        }
        _ => {}
    }
    match location {
        Location::Query => {
            let pair = (name.to_owned(), company);
            if deviation.flaw(Flaw::CompanyTwice) {
                parts.query.push(pair.clone());
            }
            let first = deviation.variation == Some(Variation::CompanyFirstInQuery);
            parts.query.insert(if first { 0 } else { parts.query.len() }, pair);
        }
        Location::Body => match parts.body.get_or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(members) => {
                members.insert(name.to_owned(), Value::String(company));
            }
            _ => return Err("the body is no JSON object, so no company fits into it".to_owned()),
        },
    }
    Ok(())
}

/// The companies that a request names, in whichever place and spelling.
fn companies(parts: &Parts) -> impl Iterator<Item = &str> {
    let in_query = parts.query.iter().filter(|(name, _)| SPELLINGS.contains(&name.as_str()));
    let in_body = SPELLINGS.iter().filter_map(|name| parts.body.as_ref()?.get(name));
    // What is no text can be no company, so it is another one.
    in_query.map(|(_, value)| value.as_str()).chain(in_body.map(|value| value.as_str().unwrap_or_default()))
}

fn overwrite_company(parts: &mut Parts, bound: &str) {
    for (name, value) in &mut parts.query {
        if SPELLINGS.contains(&name.as_str()) {
            bound.clone_into(value);
        }
    }
    for name in SPELLINGS {
        if let Some(value) = parts.body.as_mut().and_then(|body| body.get_mut(name)) {
            *value = Value::from(bound);
        }
    }
}

fn names_company(place: &CompanyPlace, parts: &Parts) -> bool {
    match place.location {
        Location::Query => parts.query.iter().any(|(name, _)| *name == place.name),
        Location::Body => parts.body.as_ref().is_some_and(|body| body.get(&place.name).is_some()),
    }
}

fn method(deviation: Deviation, method: &str) -> String {
    let changed = match method {
        "POST" => "PUT",
        "PUT" => "POST",
        other => other,
    };
    if deviation.flaw(Flaw::MethodChanged) { changed } else { method }.to_owned()
}

fn path(deviation: Deviation, send: &Send) -> Result<String, String> {
    let mut path = String::new();
    let mut rest = send.operation.path.as_str();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let value = send.path.get(name).ok_or("a path parameter is missing")?;
        if matches!(value.as_str(), "" | "." | "..") {
            return Err("a path parameter is empty or made of dots, which no segment can be".to_owned());
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

fn query(deviation: Deviation, send: &Send, pairs: Vec<(String, String)>) -> String {
    let mut pairs = pairs;
    if deviation.flaw(Flaw::ListJoined) {
        pairs = joined(pairs);
    }
    if deviation.variation == Some(Variation::QueryOrderReversed) {
        // Stable, so the values of one parameter keep their order.
        let names: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
        pairs.sort_by_key(|(name, _)| {
            std::cmp::Reverse(names.iter().position(|other| other == name).unwrap_or_default())
        });
    }
    let mut query = String::new();
    for (name, value) in pairs {
        let is_company = place_of(send, Location::Query).is_some_and(|place| place.name == name);
        let name = utf8_percent_encode(&name, ESCAPED);
        let value = if deviation.flaw(Flaw::QueryReencoded) && !is_company {
            twice(&value)
        } else if deviation.variation == Some(Variation::PlusForSpace) {
            escaped(deviation, &value).replace("%20", "+")
        } else {
            escaped(deviation, &value)
        };
        let separator = if query.is_empty() { '?' } else { '&' };
        // Writing to a string cannot fail.
        let _ = write!(query, "{separator}{name}={value}");
    }
    query
}

/// The values of each parameter in one, at the place of its first.
fn joined(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        match joined.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => *values = format!("{values},{value}"),
            None => joined.push((name, value)),
        }
    }
    joined
}

fn escaped(deviation: Deviation, value: &str) -> String {
    if deviation.variation == Some(Variation::OtherPercentEncoding) {
        return value.bytes().map(|byte| format!("%{byte:02x}")).collect();
    }
    utf8_percent_encode(value, ESCAPED).to_string()
}

/// Percent-encoded, and the percent signs again.
fn twice(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string().replace('%', "%25")
}

fn content_type(deviation: Deviation, send: &Send) -> String {
    let media_type = send.operation.media_type.as_deref().unwrap_or("application/json");
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match deviation.variation {
        Some(Variation::ContentTypeWithCharset) => format!("{essence}; charset=utf-8"),
        Some(Variation::ContentTypeUpperCase) => essence.to_ascii_uppercase(),
        _ => media_type.to_owned(),
    }
}

fn form(members: &Map<String, Value>) -> Vec<u8> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(members.iter().map(|(name, value)| (name, text(value))));
    form.finish().into_bytes()
}

fn json(deviation: Deviation, body: &Value) -> Vec<u8> {
    let text = match (body, deviation.variation) {
        (_, Some(Variation::BodyPrettyPrinted)) => format!("\n{body:#}\n"),
        (_, Some(Variation::BodyEscaped)) => escaped_json(body),
        (_, Some(Variation::BodyNumbersShortened)) => shortened(body).to_string(),
        (Value::Object(members), Some(Variation::BodyMembersReversed)) => {
            let members =
                members.iter().rev().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        _ => body.to_string(),
    };
    text.into_bytes()
}

/// JSON whose whole numbers have no fraction.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => Value::from(float as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), shortened(value))).collect()
        }
        _ => value.clone(),
    }
}

/// JSON with every character of every text as an escape (RFC 8259, section 7).
fn escaped_json(value: &Value) -> String {
    let text = |text: &str| {
        let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        format!("\"{units}\"")
    };
    let list = |parts: Vec<String>| parts.join(",");
    match value {
        Value::String(string) => text(string),
        Value::Array(items) => format!("[{}]", list(items.iter().map(escaped_json).collect())),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{}:{}", text(name), escaped_json(value));
            format!("{{{}}}", list(members.iter().map(member).collect()))
        }
        other => other.to_string(),
    }
}
