//! From the URL to which a client sends the user to the exchange of the code.

use std::collections::BTreeSet;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use http::header;
use proptest::{prelude::*, sample::select, strategy::Union};
use sha2::{Digest as _, Sha256};

use super::{
    super::{
        carrier,
        trouble::{SILENT, TokenTrouble, Trouble, all_troubles, diversions, meet_at_token_endpoint, success},
    },
    exchanges::{exchanges, judge_exchanges},
    renewal::{MOST_TRIES, judge_renewals, renewing},
};
use crate::{
    protocol::Capability,
    trial::{
        authorisation::{Begun, Flow, agree, begin, begins_at, finish, flows, token_requests},
        client::{ClientTrial, Conversation, Seen},
        evidence::{Judgement, place},
        mask,
        search::Stop,
        servers::ReceivedRequest,
        tokens::{Form, TOKEN_ENDPOINT, query_of},
    },
    verdict::Verdict,
    words::counted,
};

/// The fewest characters of a state that holds 128 random bits in the densest alphabet that URLs allow
/// (RFC 6749, section 10.10).
pub(super) const STATE_LENGTH: usize = 22;

/// In so many characters two random states differ, whatever goes before and after them.
const STATE_APART: usize = 8;

/// A redirect with other parameters.
fn redirect(flow: &Flow, parameters: &Form) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if flow.app.redirect_uri.contains('?') { '&' } else { '?' };
    format!("{}{separator}{query}", flow.app.redirect_uri)
}

pub(super) fn has_challenge(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(trial), |talk, flow| {
        let (begun, _) = begin(talk, flow)?;
        let there = begun.parameters.get("code_challenge").is_some_and(|challenge| !challenge.is_empty());
        Ok(Judgement::pass_if(there, || {
            let names: Vec<&str> = begun.parameters.keys().map(String::as_str).collect();
            Judgement::fail("there is no PKCE challenge", "code_challenge", names.join(", "))
        }))
    })
}

pub(super) fn challenge_is_s256(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(trial), |talk, flow| {
        let (begun, _) = begin(talk, flow)?;
        if !begun.parameters.contains_key("code_challenge") {
            return Ok(Judgement::inconclusive("there is no PKCE challenge"));
        }
        let method = begun.parameters.get("code_challenge_method").map_or("none", String::as_str);
        if method != "S256" {
            let message = "the challenge method is not S256";
            return Ok(Judgement::fail(message, "code_challenge_method=S256", method));
        }
        let challenge = begun.parameters.get("code_challenge").map_or("", String::as_str);
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let in_form = challenge.len() == 43 && challenge.bytes().all(is_base64url);
        Ok(Judgement::pass_if(in_form, || {
            let message = "the challenge is not in the form of S256";
            let stray =
                challenge.chars().find(|stray| !(stray.is_ascii_alphanumeric() || "-_".contains(*stray)));
            let stray = stray.map_or_else(String::new, |stray| format!(", {stray:?} among them"));
            let received = format!("{}{stray}", counted(challenge.chars().count(), "character"));
            Judgement::fail(message, "43 characters of Base64 for URLs, without padding", received)
        }))
    })
}

pub(super) fn state_is_fresh(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(trial), |talk, flow| {
        let state = |(begun, _): (Begun, Seen)| begun.parameters.get("state").cloned().unwrap_or_default();
        let first = state(begin(talk, flow)?);
        // One by the same client, and one by another: an adapter may forget a session when the next begins.
        let others = [state(begin(talk, flow)?), state(talk.aside(|talk| begin(talk, flow))?)];
        let expected = format!("a state of at least {STATE_LENGTH} characters, another one each time");
        let apart = |other: &String| first.chars().zip(other.chars()).filter(|(one, two)| one != two).count();
        Ok(if first.chars().count() < STATE_LENGTH {
            let received = format!("a state of {}", counted(first.chars().count(), "character"));
            Judgement::fail("the state can be guessed", expected, received)
        } else if others.iter().any(|other| apart(other) < STATE_APART) {
            let message = "the states of two authorisations are much the same";
            Judgement::fail(message, expected, "two states that differ in hardly anything")
        } else {
            Judgement::Pass
        })
    })
}

/// A redirect with the right state leads to an exchange.
fn exchange_control(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<(), Stop> {
    talk.aside(|talk| {
        let (begun, _) = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let seen = finish(talk, redirect)?;
        match token_requests(&seen).is_empty() {
            true => {
                Err(Stop::Inconclusive(format!("a right redirect is not exchanged either: {}", seen.told())))
            }
            false => Ok(()),
        }
    })
}

fn not_exchanged(seen: &Seen, message: &'static str, when: &str) -> Judgement {
    match token_requests(seen).first() {
        None => Judgement::Pass,
        Some((received, _)) => Judgement::fail_by(
            received,
            message,
            "a refusal, and no request to the token endpoint",
            format!("an exchange, {when}"),
        ),
    }
}

/// Has the client take a redirect that it should refuse, and once more after it has.
fn finish_twice(talk: &mut Conversation<'_, '_>, redirect: &str) -> Result<Vec<Seen>, Stop> {
    let mut seen = vec![finish(talk, redirect.to_owned())?];
    if seen[0].refused() {
        seen.push(finish(talk, redirect.to_owned())?);
    }
    Ok(seen)
}

/// In how many ways the state of a redirect can be wrong.
const WRONG_STATES: u8 = 12;

/// The state parameters of a redirect that has to be refused, with what is wrong with them.
fn wrong_states(state: &str, earlier: &str, way: u8) -> (Vec<String>, &'static str) {
    let cut: String = state.chars().take(state.chars().count().saturating_sub(1)).collect();
    let swapped = |character: char| match character.is_ascii_uppercase() {
        true => character.to_ascii_lowercase(),
        false => character.to_ascii_uppercase(),
    };
    let swapped: String = state.chars().map(swapped).collect();
    let reversed: String = state.chars().rev().collect();
    let other_sign = |character: char| match character {
        '-' => '_',
        '_' => '-',
        other => other,
    };
    let other_signs: String = state.chars().map(other_sign).collect();
    match way {
        0 => (Vec::new(), "without a state"),
        1 => (vec![format!("{reversed}x")], "with another state"),
        2 => (vec![cut], "with the beginning of the state"),
        3 => (vec![format!("{state}x")], "with something behind the state"),
        // Digits have no case.
        4 if swapped != state => (vec![swapped], "with the state in another case"),
        5 if !earlier.is_empty() && earlier != state => {
            (vec![earlier.to_owned()], "with the state of an earlier authorisation")
        }
        6 => (vec![String::new()], "with an empty state"),
        7 => (vec![format!("{reversed}x"), state.to_owned()], "with another state before the right one"),
        8 => (vec![format!("{state} ")], "with a blank behind the state"),
        9 => (vec![format!(" {state}")], "with a blank before the state"),
        10 if other_signs != state => (vec![other_signs], "with - and _ swapped in the state"),
        _ => {
            let last = if state.ends_with('~') { '-' } else { '~' };
            (vec![format!("{cut}{last}")], "with a state of the same length")
        }
    }
}

/// The state of an authorisation of the same session that was finished.
fn spent_state(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<String, Stop> {
    let (mut begun, _) = begin(talk, flow)?;
    let redirect = agree(talk, flow, &begun)?;
    finish(talk, redirect)?;
    Ok(begun.parameters.remove("state").unwrap_or_default())
}

pub(super) fn other_state_is_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each((flows(trial), 0..WRONG_STATES), |talk, (flow, way)| {
        exchange_control(talk, flow)?;
        let earlier = if *way == 5 { spent_state(talk, flow)? } else { String::new() };
        let (begun, _) = begin(talk, flow)?;
        let mut parameters = query_of(&agree(talk, flow, &begun)?);
        let state = parameters.remove("state").unwrap_or_default();
        let (states, what) = wrong_states(&state, &earlier, *way);
        let mut redirect = redirect(flow, &parameters);
        for state in states {
            let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
            redirect += &format!("&state={state}");
        }
        let received = format!("after a redirect {what}");
        let message = "a code is exchanged although the state is not the right one";
        let seen = finish_twice(talk, &redirect)?;
        Ok(Judgement::all(seen.iter().map(|seen| not_exchanged(seen, message, &received))))
    })
}

/// What makes a redirect one after which nothing may be exchanged.
#[derive(Debug, Clone, Copy)]
enum Refused {
    /// An error, beside a code or without one.
    Error(&'static str, bool),
    WithoutCode,
    EmptyCode,
}

pub(super) fn error_is_believed(trial: &mut ClientTrial<'_>) -> Verdict {
    // Three of RFC 6749, section 4.1.2.1, and one that it does not have.
    let errors = select(vec!["access_denied", "server_error", "invalid_scope", "consent_required"]);
    let with_error = (errors, any::<bool>()).prop_map(|(error, with_code)| Refused::Error(error, with_code));
    let without_code = select(vec![Refused::WithoutCode, Refused::EmptyCode]);
    let redirects = Union::new_weighted(vec![(2, with_error.boxed()), (1, without_code.boxed())]);
    trial.each((flows(trial), redirects), |talk, (flow, refused)| {
        exchange_control(talk, flow)?;
        let (begun, _) = begin(talk, flow)?;
        let mut parameters = query_of(&agree(talk, flow, &begun)?);
        let code = parameters.remove("code").unwrap_or_default();
        let received = match *refused {
            Refused::Error(error, with_code) => {
                parameters.insert("error".to_owned(), error.to_owned());
                parameters.extend(with_code.then(|| ("code".to_owned(), code)));
                if with_code {
                    "after a redirect with an error and a code"
                } else {
                    "after a redirect with an error"
                }
            }
            Refused::WithoutCode => "after a redirect without a code",
            Refused::EmptyCode => {
                parameters.insert("code".to_owned(), String::new());
                "after a redirect with an empty code"
            }
        };
        let message = "the token endpoint is asked although the authorisation failed";
        let seen = finish_twice(talk, &redirect(flow, &parameters))?;
        Ok(Judgement::all(seen.iter().map(|seen| not_exchanged(seen, message, received))))
    })
}

pub(super) fn authorised_where_chosen(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each((flows(trial), diversions(trial)), |talk, (flow, diversion)| {
        let (begun, _) = begin(talk, flow)?;
        if !begins_at(talk, flow, &begun) {
            let server = talk.servers().url(flow.site.authorization_server());
            let expected = format!("{server}/oauth/authorize?…");
            let message = "the user is not sent to the environment's authorisation server";
            return Ok(Judgement::fail(message, expected, begun.url));
        }
        let redirect = agree(talk, flow, &begun)?;
        let code = query_of(&redirect).remove("code").unwrap_or_default();
        let seen = meet_at_token_endpoint(talk, flow.site, *diversion, |talk| finish(talk, redirect))?;
        let wanted = flow.site.authorization_server();
        let elsewhere = seen.received.iter().filter(|received| received.site != wanted);
        if let Some(stray) = carrier(elsewhere, &[&code, &flow.app.client_secret]) {
            return Ok(Judgement::fail_by(
                stray,
                "a code is exchanged at another server than the chosen environment's authorisation server",
                format!("an exchange at {}", place(wanted)),
                format!("an exchange at {}", place(stray.site)),
            ));
        }
        Ok(match diversion {
            Some(TokenTrouble::Lasting(Trouble::Silence)) => Judgement::inconclusive(SILENT),
            _ if token_requests(&seen).is_empty() => {
                Judgement::inconclusive(format!("no code is exchanged: {}", seen.told()))
            }
            _ => Judgement::Pass,
        })
    })
}

pub(super) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Whether a verifier is nothing but the state in another form.
fn is_made_from(verifier: &str, state: &str) -> bool {
    let digest = Sha256::digest(state);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let encodings = [STANDARD.encode(digest), STANDARD_NO_PAD.encode(digest), URL_SAFE_NO_PAD.encode(digest)];
    verifier == state || verifier == hex || encodings.iter().any(|encoded| encoded == verifier)
}

pub(super) fn verifier_belongs(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(exchanges(trial), |talk, case| {
        let (flow, _) = case;
        let challenge = |(begun, _): (Begun, Seen)| begun.parameters.get("code_challenge").cloned();
        let (one, other) = (
            talk.aside(|talk| begin(talk, flow)).map(challenge)?,
            talk.aside(|talk| begin(talk, flow)).map(challenge)?,
        );
        if one.is_some() && one == other {
            let message = "two authorisations have the same verifier";
            return Ok(Judgement::fail(
                message,
                "a verifier of its own for each",
                "the same challenge twice",
            ));
        }
        let (begun, _) = begin(talk, flow)?;
        let parameter = |name: &str| begun.parameters.get(name).cloned().unwrap_or_default();
        if parameter("code_challenge_method") != "S256" {
            return Ok(Judgement::inconclusive("there is no S256 challenge"));
        }
        let redirect = agree(talk, flow, &begun)?;
        judge_exchanges(talk, redirect, case, |received, form| {
            let failed = |found: String| {
                let message = "the verifier does not belong to the challenge";
                let expected = "a secret code_verifier whose challenge is in the URL, of 43 to 128 letters, digits \
                                and -._~";
                Judgement::fail_by(received, message, expected, found)
            };
            let state = parameter("state");
            let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            match form.get("code_verifier") {
                None => failed("no code_verifier".to_owned()),
                Some(verifier) if !verifier.bytes().all(unreserved) => {
                    failed("a code_verifier with characters that none can have".to_owned())
                }
                Some(verifier) if is_made_from(verifier, &state) => {
                    failed("a code_verifier that is made from the state, which everybody can read".to_owned())
                }
                Some(verifier) if !(43..=128).contains(&verifier.len()) => {
                    failed(format!("a code_verifier of {}", counted(verifier.len(), "character")))
                }
                Some(verifier) if challenge_of(verifier) != parameter("code_challenge") => {
                    failed("a code_verifier of another challenge".to_owned())
                }
                Some(_) => Judgement::Pass,
            }
        })
    })
}

/// Parameters that are secrets.
const SECRETS: [&str; 3] = ["client_secret", "code_verifier", "refresh_token"];

pub(super) fn no_secret_in_url(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(trial), |talk, flow| {
        let (begun, _) = begin(talk, flow)?;
        let failed = |what: &str| {
            let message = "a secret is in the URL to which the user is sent";
            Judgement::fail(message, format!("a URL without the {what}"), begun.url.clone())
        };
        if mask::found(&flow.app.client_secret, &begun.url).is_some() {
            return Ok(failed("client secret"));
        }
        // Whatever their value is: these are parameters of the exchange, not of this URL.
        if let Some(name) = SECRETS.into_iter().find(|name| begun.parameters.contains_key(*name)) {
            return Ok(failed(name));
        }
        // What hashes to the challenge is the verifier. A plain challenge is one itself, and another rule's
        // business.
        let challenge = begun.parameters.get("code_challenge");
        if begun.parameters.values().any(|value| Some(&challenge_of(value)) == challenge) {
            return Ok(failed("verifier"));
        }
        // It may be a part of a parameter, which shows once it is sent.
        let redirect = match agree(talk, flow, &begun) {
            Err(Stop::Inconclusive(_)) => return Ok(Judgement::Pass),
            redirect => redirect?,
        };
        let seen = finish(talk, redirect)?;
        let mut verifiers =
            token_requests(&seen).into_iter().filter_map(|(_, mut form)| form.remove("code_verifier"));
        let is_shown =
            |verifier: String| Some(&verifier) != challenge && mask::found(&verifier, &begun.url).is_some();
        Ok(Judgement::pass_if(!verifiers.any(is_shown), || failed("verifier")))
    })
}

pub(super) fn redirect_uri_is_exact(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(exchanges(trial), |talk, case| {
        let (flow, _) = case;
        let (begun, _) = begin(talk, flow)?;
        let expected = &flow.app.redirect_uri;
        let message = "the redirect URI is not the registered one";
        let sent = begun.parameters.get("redirect_uri").map_or("none", String::as_str);
        if sent != expected {
            return Ok(Judgement::fail(message, expected, format!("{sent}, in the user's URL")));
        }
        let redirect = agree(talk, flow, &begun)?;
        judge_exchanges(talk, redirect, case, |received, form| {
            let sent = form.get("redirect_uri").map_or("none", String::as_str);
            Judgement::pass_if(sent == expected, || {
                Judgement::fail_by(received, message, expected, format!("{sent}, in the exchange"))
            })
        })
    })
}

pub(super) fn scopes_are_asked_for(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(trial), |talk, flow| {
        let (begun, _) = begin(talk, flow)?;
        let sent = begun.parameters.get("scope").map_or("none", String::as_str);
        let mut asked: Vec<&str> = sent.split(' ').collect();
        let mut given: Vec<&str> = flow.scopes.iter().map(String::as_str).collect();
        // Their order means nothing (RFC 6749, section 3.3).
        asked.sort_unstable();
        given.sort_unstable();
        Ok(Judgement::pass_if(asked == given, || {
            let message = "the scopes are not the ones that were asked for";
            Judgement::fail(message, format!("scope={}", flow.scopes.join(" ")), sent)
        }))
    })
}

/// A parameter that the query of a URL has more than once (RFC 6749, section 3.1).
fn twice_in(url: &str) -> Option<String> {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    let mut seen = BTreeSet::new();
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned());
    names.find(|name| !seen.insert(name.clone()))
}

/// What a URL may consist of (RFC 3986, section 2).
fn is_url_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

pub(super) fn url_asks_for_code(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(trial), |talk, flow| {
        let (begun, _) = begin(talk, flow)?;
        let stray = begun
            .url
            .chars()
            .find(|character| u8::try_from(*character).map_or(true, |byte| !is_url_character(byte)));
        if let Some(stray) = stray {
            let message = "the URL to which the user is sent is not valid";
            return Ok(Judgement::fail(message, "characters of URLs only", format!("{stray:?} in it")));
        }
        let sent = |name: &str| begun.parameters.get(name).map(String::as_str);
        for (name, expected, found) in [
            ("response_type", "code", sent("response_type").unwrap_or("none")),
            ("client_id", &flow.app.client_id, sent("client_id").unwrap_or("none")),
            // Without it a server answers in the query.
            ("response_mode", "query", sent("response_mode").unwrap_or("query")),
        ] {
            if found != expected {
                let message = "the URL to which the user is sent does not ask for a code of this app";
                let (expected, found) = (format!("{name}={expected}"), format!("{name}={found}"));
                return Ok(Judgement::fail(message, expected, found));
            }
        }
        let twice = twice_in(&begun.url);
        Ok(Judgement::pass_if(twice.is_none(), || {
            let message = "the URL to which the user is sent has a parameter more than once";
            let name = twice.unwrap_or_default();
            Judgement::fail(message, format!("{name} once"), format!("{name} several times"))
        }))
    })
}

/// What a request for tokens says: method, media type and grant type.
fn told_form(received: &ReceivedRequest, form: &Form) -> String {
    let request = &received.exchange.request;
    let media_type = request.headers().get(header::CONTENT_TYPE).map(|value| value.as_bytes());
    let media_type = media_type.map_or("no media type".into(), String::from_utf8_lossy).to_ascii_lowercase();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let grant = form.get("grant_type").map_or("none", String::as_str);
    format!("{} of {essence} with grant_type={grant}", request.method())
}

pub(super) fn tokens_are_asked_for_by_a_form(trial: &mut ClientTrial<'_>) -> Verdict {
    let can_renew = trial.can(Capability::Refresh);
    trial.each((exchanges(trial), renewing(trial), any::<bool>()), |talk, (exchange, renewal, renews)| {
        let renews = *renews && can_renew;
        let grant = if renews { "refresh_token" } else { "authorization_code" };
        let expected = format!("POST of application/x-www-form-urlencoded with grant_type={grant}");
        let judge = |received: &ReceivedRequest, form: &Form| {
            let told = told_form(received, form);
            Judgement::pass_if(told == expected, || {
                let message = "the request for tokens is not one that the token endpoint takes";
                Judgement::fail_by(received, message, &expected, &told)
            })
        };
        if renews {
            let (case, fails_first) = renewal;
            return judge_renewals(talk, case, *fails_first, judge);
        }
        let (begun, _) = begin(talk, &exchange.0)?;
        let redirect = agree(talk, &exchange.0, &begun)?;
        match judge_exchanges(talk, redirect, exchange, judge) {
            Err(Stop::Inconclusive(reason)) => {
                Ok(Judgement::fail("a redirect with the right state is not exchanged", expected, reason))
            }
            judged => judged,
        }
    })
}

/// Exchanges of a code, wherever they were received.
fn exchanges_of<'s>(seen: &'s Seen, code: &str) -> Vec<&'s ReceivedRequest> {
    let of = |(_, form): &(&ReceivedRequest, Form)| form.get("code").is_some_and(|sent| sent == code);
    token_requests(seen).into_iter().filter(of).map(|(received, _)| received).collect()
}

pub(super) fn code_is_exchanged_once(trial: &mut ClientTrial<'_>) -> Verdict {
    // A code that was refused is as spent as one that was exchanged, and so may be one whose exchange nobody has
    // answered. Where the server says that it could do nothing, a client may try again for a while.
    let mut troubles = vec![
        (Trouble::Nothing, 1),
        (Trouble::Status(400), 1),
        (Trouble::Status(503), MOST_TRIES),
        (Trouble::DroppedConnection, 1),
        (Trouble::ResetConnection, 1),
        (Trouble::Silence, 1),
    ];
    troubles.retain(|(trouble, _)| all_troubles(trial).contains(trouble));
    trial.each((flows(trial), select(troubles)), |talk, (flow, (trouble, most))| {
        let (begun, _) = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let code = query_of(&redirect).remove("code").unwrap_or_default();
        let (most, succeeds) = (*most, *trouble == Trouble::Nothing);
        let lasting = (!succeeds).then_some(TokenTrouble::Lasting(*trouble));
        let first = if *trouble == Trouble::Status(400) {
            let spent = success(400, "application/json", r#"{"error":"invalid_grant"}"#.to_owned());
            let spent = std::iter::repeat_n(spent, 8 * MOST_TRIES);
            talk.with_faults(flow.site, TOKEN_ENDPOINT, spent, |talk| finish(talk, redirect.clone()))?
        } else {
            meet_at_token_endpoint(talk, flow.site, lasting, |talk| finish(talk, redirect.clone()))?
        };
        let exchanges = exchanges_of(&first, &code);
        let Some(exchange) = exchanges.first() else {
            return Ok(Judgement::inconclusive(format!("no code is exchanged: {}", first.told())));
        };
        if succeeds && !exchange.exchange.reply.response.status().is_success() {
            return Ok(Judgement::inconclusive("the code is not exchanged at the first try"));
        }
        // The user has gone back, or has loaded the page again.
        let is_spent = succeeds || *trouble == Trouble::Status(400);
        let second = if is_spent { Some(finish(talk, redirect)?) } else { None };
        let later = second.iter().flat_map(|seen| exchanges_of(seen, &code));
        let again = exchanges.iter().copied().chain(later).nth(most);
        Ok(match again {
            None if *trouble == Trouble::Silence => Judgement::inconclusive(SILENT),
            None => Judgement::Pass,
            Some(received) => {
                let message = "a code is exchanged again";
                let expected =
                    if most == 1 { "1 exchange".into() } else { format!("at most {most} exchanges") };
                Judgement::fail_by(received, message, expected, "another one")
            }
        })
    })
}

pub(super) fn code_arrives_unchanged(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(exchanges(trial), |talk, case| {
        let (flow, _) = case;
        let (begun, _) = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let code = query_of(&redirect).remove("code").unwrap_or_default();
        judge_exchanges(talk, redirect, case, |received, form| {
            let sent = form.get("code").map_or("none", String::as_str);
            Judgement::pass_if(sent == code, || {
                let message = "the code is not the one that the redirect had";
                Judgement::fail_by(received, message, format!("code={code}"), format!("code={sent}"))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_twice_in_a_query_and_not_in_what_is_encoded_in_it() {
        assert_eq!(twice_in("http://a/b?c=1&d=2&c=3"), Some("c".to_owned()));
        assert_eq!(twice_in("http://a/b?c=1&d=%26c%3D3#c=4"), None);
    }

    #[test]
    fn a_verifier_that_is_a_digest_of_the_state_is_made_from_it_in_every_spelling() {
        let state = "the-state";
        let hex = "9aea885ae488807f42f7b8cd4d53c9a550097218873938c6ab52d663c02ea691";
        for made in [state, hex, &challenge_of(state), &STANDARD.encode(Sha256::digest(state))] {
            assert!(is_made_from(made, state), "{made}");
        }
        for other in ["the-states", "the-stat", &challenge_of("another-state")] {
            assert!(!is_made_from(other, state), "{other}");
        }
    }

    #[test]
    fn no_wrong_state_is_the_right_one_alone() {
        for way in 0..WRONG_STATES {
            for state in ["Abc123", "1234567", "x", "x~", "~-"] {
                let (states, what) = wrong_states(state, "earlier", way);
                assert_ne!(states, [state], "{what}");
            }
        }
    }
}
