//! How credentials travel.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::header::AUTHORIZATION;
use proptest::{prelude::*, sample::select};

use super::{
    BASE_URLS_KEYS, BASE_URLS_OAUTH, Check, FAQS, KEYS, OVERVIEW_COMPARISON, OVERVIEW_OPENING, Rule, TOKENS,
    WORKFLOW_REQUEST, control, each_request,
};
use crate::{
    trial::{
        case::{Case, Cases},
        client::{Authorization, ClientTrial, authorizations},
        evidence::Judgement,
        search::Stop,
        servers::ReceivedRequest,
    },
    verdict::{Level, Verdict},
};

const ACCESS_TOKENS: &str = "OAuth token overview";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "AUTH-001",
        title: "An API key is sent with HTTP Basic",
        statement: "A client MUST send an API key, standalone or integrated, with the scheme Basic.",
        level: Level::Must,
        level_reason: "The base URL page names HTTP Basic as the way to send a key and offers no other.",
        sources: &["Z19", "Z25", "A3", "A17"],
        headings: &[BASE_URLS_KEYS, FAQS],
        failure: "The Authorization header says Bearer, or another scheme.",
        method: "Any operation, arguments, environment and key, also for repeated and parallel requests: the \
                 scheme of every Authorization header.",
        check: Check::Client { needs: KEYS, check: key_goes_by_basic },
    },
    Rule {
        id: "AUTH-002",
        title: "Basic credentials are encoded",
        statement: "A client MUST encode user name, colon and password of Basic credentials with Base64.",
        level: Level::Must,
        level_reason: "The base URL page says that the credentials are Base64 encoded; HTTP Basic has no \
                       other form.",
        sources: &["Z28", "A3"],
        headings: &[BASE_URLS_KEYS],
        failure: "The key follows `Basic` without encoding, or the encoded text has no colon.",
        method: "Any operation and key: what follows `Basic` is decoded.",
        check: Check::Client { needs: KEYS, check: basic_is_encoded },
    },
    Rule {
        id: "AUTH-003",
        title: "The key is the user name",
        statement: "A client MUST send an API key as the user name of its Basic credentials.",
        level: Level::Must,
        level_reason: "The base URL page says where the key goes: it is the user name.",
        sources: &["Z26", "A3"],
        headings: &[BASE_URLS_KEYS],
        failure: "The user name is something other than the key, which is perhaps the password.",
        method: "Any operation and key: the received user name is compared with the key.",
        check: Check::Client { needs: KEYS, check: key_is_user_name },
    },
    Rule {
        id: "AUTH-004",
        title: "The password is empty",
        statement: "A client MUST leave the password of its Basic credentials empty.",
        level: Level::Must,
        level_reason: "The base URL page says that the password is empty.",
        sources: &["Z27", "A3", "A13"],
        headings: &[BASE_URLS_KEYS],
        failure: "Something follows the colon, such as the key once more.",
        method: "Any operation and key: the received password.",
        check: Check::Client { needs: KEYS, check: password_is_empty },
    },
    Rule {
        id: "AUTH-005",
        title: "An access token is sent with Bearer",
        statement: "A client MUST send an OAuth 2.0 access token with the scheme Bearer.",
        level: Level::Must,
        level_reason: "The base URL page gives `Authorization: Bearer` as the form that OAuth requests must \
                       have.",
        sources: &["Z19", "Z30", "A2"],
        headings: &[BASE_URLS_OAUTH, FAQS],
        failure: "The token is sent as Basic credentials.",
        method: "Any operation, arguments, environment and token: the scheme of the received header.",
        check: Check::Client { needs: TOKENS, check: token_goes_by_bearer },
    },
    Rule {
        id: "AUTH-006",
        title: "A token is sent byte for byte",
        statement: "A client MUST send an access token exactly as it was given.",
        level: Level::Must,
        level_reason: "The token overview asks for tokens to be sent back byte for byte; any other text is \
                       another token.",
        sources: &["Z30", "A49"],
        headings: &[BASE_URLS_OAUTH, ACCESS_TOKENS],
        failure: "The token is truncated, encoded again, or changed in case.",
        method: "Any operation, and tokens with every character that HTTP allows: what follows `Bearer` is \
                 compared with the token.",
        check: Check::Client { needs: TOKENS, check: token_arrives_unchanged },
    },
    Rule {
        id: "AUTH-007",
        title: "One Authorization header",
        statement: "A client MUST send the credential in the Authorization header, exactly once.",
        level: Level::Must,
        level_reason: "The workflow guide puts the credential into the authentication header. Two headers \
                       leave it to the server which credential counts.",
        sources: &["Z29", "Z30"],
        headings: &[WORKFLOW_REQUEST, BASE_URLS_OAUTH],
        failure: "There is no Authorization header, or there are two.",
        method: "Any operation and credential: the received Authorization headers are counted.",
        check: Check::Client { needs: &[], check: one_header },
    },
    Rule {
        id: "AUTH-008",
        title: "A key needs no OAuth flow",
        statement: "A client MUST NOT send an API key to the authorisation server: the API takes the key \
                    itself.",
        level: Level::Must,
        level_reason: "The key overview says that a key needs no authorisation flow. A key that is sent to \
                       the authorisation server reaches a server that it is not meant for.",
        sources: &["Z35", "Z36", "A18"],
        headings: &[OVERVIEW_OPENING, OVERVIEW_COMPARISON],
        failure: "The authorisation server receives a request although the credential is a key.",
        method: "Any operation and key: the authorisation server may not receive anything.",
        check: Check::Client { needs: KEYS, check: key_needs_no_oauth },
    },
    Rule {
        id: "AUTH-009",
        title: "A key that cannot be a user name is refused",
        statement: "A client SHOULD refuse a key that Basic credentials cannot carry as a user name with an \
                    empty password: one that is empty or has a colon or a control character (RFC 7617, section 2).",
        level: Level::Should,
        level_reason: "Pleo does not say what its keys look like and may never make such a key, so this \
                       comes from RFC 7617, section 2, alone.",
        sources: &["Z26", "Z27"],
        headings: &[BASE_URLS_KEYS],
        failure: "The server receives a request whose credentials decode to another user name and a \
                  password, or to no user name, because the variable with the key is not set.",
        method: "An empty key, and any key with a colon or control character somewhere in it: nothing may be \
                 received. The same key without that character has to be sent.",
        check: Check::Client { needs: KEYS, check: impossible_key_is_refused },
    },
    Rule {
        id: "AUTH-010",
        title: "A token is opaque",
        statement: "A client MUST NOT read anything out of a token's text.",
        level: Level::Must,
        level_reason: "The token overview forbids reading anything out of a token, so a client that does \
                       breaks when tokens change.",
        sources: &["A49"],
        headings: &[ACCESS_TOKENS],
        failure: "A token that looks like a JWT is not sent because its `exp` claim is in the past.",
        method: "Tokens in the form of a JWT, with times of any kind, have to be sent like any other token.",
        check: Check::Client { needs: TOKENS, check: token_is_not_read },
    },
];

/// Judges every `Authorization` header that is sent for a case: one that is not there is the business of another
/// rule.
fn each_header(
    trial: &mut ClientTrial<'_>,
    cases: Cases,
    judge: impl Fn(&Case, &Authorization<'_>, &[String]) -> Judgement,
) -> Verdict {
    trial.each(cases.with_setbacks().strategy(), |talk, case| {
        let seen = talk.send(case)?;
        seen.first(case)?;
        let credentials = talk.credentials(case);
        let mut with_header = seen
            .api()
            .filter(|received| received.exchange.request.headers().contains_key(AUTHORIZATION))
            .peekable();
        if with_header.peek().is_none() {
            return Ok(Judgement::inconclusive("no request has an Authorization header"));
        }
        Ok(Judgement::all(with_header.map(|received| match Authorization::of(received) {
            Ok(header) => judge(case, &header, &credentials),
            Err(reason) => Judgement::Inconclusive(reason),
        })))
    })
}

fn key_goes_by_basic(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_keys();
    each_header(trial, cases, |_, header, _| {
        Judgement::pass_if(header.is("basic"), || {
            Judgement::fail_by(header.received, "an API key is not sent by Basic", "Basic", &header.scheme)
        })
    })
}

/// User name and password, if they can be read.
fn user_and_password(header: &Authorization<'_>) -> Option<(String, String)> {
    let decoded = STANDARD.decode(&header.credentials).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

/// As [`each_header`], of those that are of the scheme Basic.
fn each_basic(
    trial: &mut ClientTrial<'_>,
    judge: impl Fn(&Case, &Authorization<'_>) -> Judgement,
) -> Verdict {
    let cases = trial.cases().with_keys();
    each_header(trial, cases, |case, header, _| match header.is("basic") {
        true => judge(case, header),
        false => Judgement::inconclusive("the credential is not sent by Basic"),
    })
}

fn basic_is_encoded(trial: &mut ClientTrial<'_>) -> Verdict {
    each_basic(trial, |case, header| {
        Judgement::pass_if(user_and_password(header).is_some(), || {
            let expected = format!("Basic {}", STANDARD.encode(format!("{}:", case.secret)));
            Judgement::fail_by(
                header.received,
                "what follows `Basic` is not Base64 of a user name, a colon and a password",
                expected,
                header.value(),
            )
        })
    })
}

fn key_is_user_name(trial: &mut ClientTrial<'_>) -> Verdict {
    each_basic(trial, |case, header| {
        let Some((user, password)) = user_and_password(header) else {
            return Judgement::inconclusive("the Basic credentials cannot be decoded");
        };
        Judgement::pass_if(user == case.secret, || {
            Judgement::fail_by(
                header.received,
                "the key is not the user name",
                format!("user name {}, no password", case.secret),
                format!("user name {user:?}, password {password:?}"),
            )
        })
    })
}

fn password_is_empty(trial: &mut ClientTrial<'_>) -> Verdict {
    each_basic(trial, |case, header| match user_and_password(header) {
        Some((user, password)) if user == case.secret => Judgement::pass_if(password.is_empty(), || {
            let received = format!("the password {password:?}");
            Judgement::fail_by(header.received, "the password is not empty", "no password", received)
        }),
        _ => Judgement::inconclusive("the key is not the user name"),
    })
}

fn token_goes_by_bearer(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_tokens();
    each_header(trial, cases, |_, header, _| {
        Judgement::pass_if(header.is("bearer"), || {
            let message = "an access token is not sent by Bearer";
            Judgement::fail_by(header.received, message, "Bearer", &header.scheme)
        })
    })
}

fn token_arrives_unchanged(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_tokens();
    each_header(trial, cases, |_, header, credentials| {
        if !header.is("bearer") {
            return Judgement::inconclusive("the token is not sent by Bearer");
        }
        Judgement::pass_if(credentials.contains(&header.credentials), || {
            let expected = format!("Bearer {}", credentials.last().map_or("", String::as_str));
            let message = "the token that is received is not the one that was given";
            Judgement::fail_by(header.received, message, expected, header.value())
        })
    })
}

fn one_header(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks();
    each_request(trial, cases, |_, received, _| {
        let count = authorizations(received.exchange.request.headers()).len();
        Judgement::pass_if(count == 1, || {
            Judgement::fail_by(
                received,
                "the credential is not in exactly one Authorization header",
                "one Authorization header",
                format!("{count} Authorization headers"),
            )
        })
    })
}

fn key_needs_no_oauth(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_keys().with_setbacks().strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        if let Some(received) = seen.oauth().next() {
            let request = &received.exchange.request;
            return Ok(Judgement::fail_by(
                received,
                "the authorisation server is asked although the credential is a key",
                "no request to the authorisation server",
                format!("{} {}", request.method(), request.uri().path()),
            ));
        }
        seen.first(case).map(|_| Judgement::Pass)
    })
}

fn impossible_key_is_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    // None of them stands for a key that is empty, as that of a variable which nobody has set.
    let bad = (select([None].into_iter().chain(IMPOSSIBLE.map(Some)).collect::<Vec<_>>()), any::<usize>());
    let cases = trial.cases().with_keys().strategy();
    trial.each((cases, bad), |talk, (case, (character, place))| {
        control(talk, case)?;
        let seen = match character {
            Some(character) => talk.send(&impossible(&case.plain(), *character, *place)),
            // An empty text is not a secret.
            None => talk.call(&Case { secret: String::new(), ..case.plain() }),
        }?;
        match seen.requests(case).first() {
            None => Ok(Judgement::Pass),
            Some(received) if has_key(received, &case.secret) => {
                Ok(Judgement::inconclusive("the request has the key of the call before"))
            }
            Some(received) => Ok(Judgement::fail_by(
                received,
                "a key that cannot be a user name is sent all the same",
                "a refusal, and no request",
                match character {
                    Some(character) => format!("a request with a key that has {character:?} in it"),
                    None => "a request with an empty key".to_owned(),
                },
            )),
        }
    })
}

/// Whether a request has this key as its user name.
fn has_key(received: &ReceivedRequest, key: &str) -> bool {
    let user = Authorization::of(received).ok().and_then(|header| user_and_password(&header));
    user.is_some_and(|(user, password)| user == key && password.is_empty())
}

/// What no user name of Basic can have (RFC 7617, section 2).
pub(super) const IMPOSSIBLE: [char; 5] = [':', '\n', '\r', '\0', '\u{7f}'];

/// The same case with such a character in its key: neither first nor last, where it may be cut off as white
/// space.
pub(super) fn impossible(case: &Case, character: char, place: usize) -> Case {
    let mut case = case.clone();
    let place = 1 + place % (case.secret.len().max(2) - 1);
    case.secret.insert(place, character);
    case
}

fn token_is_not_read(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_tokens().given().strategy();
    trial.each((cases, any::<i32>()), |talk, (case, expiry)| {
        control(talk, case)?;
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let head = part(r#"{"alg":"none"}"#);
        let claims = part(&format!(r#"{{"exp":{expiry},"scope":"","iss":"FAKE"}}"#));
        let secret = format!("{head}.{claims}.{}", part(&case.secret));
        let read = Case { secret: secret.clone(), ..case.plain() };
        let seen = talk.send(&read)?;
        if seen.refused() {
            return Ok(Judgement::fail(
                "a token is refused because of its text",
                "a request, as with any other token",
                seen.told(),
            ));
        }
        let header = Authorization::of(seen.first(case)?).map_err(Stop::Inconclusive)?;
        match header.is("bearer") && header.credentials == secret {
            true => Ok(Judgement::Pass),
            false => Ok(Judgement::inconclusive("the token is not received as it is")),
        }
    })
}
