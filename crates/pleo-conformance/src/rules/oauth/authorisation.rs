//! From the URL to which a client sends the user to the exchange of the code.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, header};
use proptest::{prelude::*, sample::select};
use sha2::{Digest as _, Sha256};

use super::{Form, apps, form, register, token_requests};
use crate::{
    protocol::{Action, App, Authorize, CallResult, Finish},
    subject::Outcome,
    trial::{
        client::{ClientTrial, Conversation, Seen, Stop},
        evidence::{Judgement, place},
        lab::{Arrival, Site},
        mask,
    },
    verdict::Verdict,
};

/// The fewest characters of a state that holds 128 random bits in the densest alphabet that URLs allow
/// (RFC 6749, section 10.10).
const STATE_LENGTH: usize = 22;

/// In so many characters two random states differ, whatever goes before and after them.
const STATE_APART: usize = 8;

/// An authorisation that a user is asked for.
#[derive(Debug, Clone)]
struct Flow {
    site: Site,
    app: App,
    scopes: Vec<String>,
}

fn flows() -> impl Strategy<Value = Flow> {
    let scopes = vec!["users:read", "export-jobs:read", "export-jobs:write", "vendors:read"];
    let scopes = prop::sample::subsequence(scopes, 1..=4);
    (select(vec![Site::Staging, Site::Production]), apps(), scopes).prop_map(|(site, app, scopes)| Flow {
        site,
        app,
        scopes: scopes.into_iter().map(str::to_owned).collect(),
    })
}

fn query_of(url: &str) -> Form {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    form(query.as_bytes())
}

/// The URL to which a client sends the user, and its parameters.
struct Begun {
    url: String,
    parameters: Form,
}

fn begin(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<Begun, Stop> {
    register(talk, &flow.app);
    let seen = talk.act(Action::Authorize(Authorize {
        environment: flow.site.name().to_owned(),
        app: flow.app.clone(),
        scopes: flow.scopes.clone(),
    }))?;
    match &seen.outcome {
        Outcome::Result(CallResult { url: Some(url), .. }) => {
            Ok(Begun { url: url.clone(), parameters: query_of(url) })
        }
        _ => Err(Stop::Unclear(format!("the client makes no URL: {}", seen.told()))),
    }
}

/// Whether the URL is the authorise endpoint of the flow's environment.
fn begins_at(talk: &Conversation<'_, '_>, flow: &Flow, begun: &Begun) -> bool {
    let endpoint = format!("{}/oauth/authorize", talk.lab().url(flow.site));
    begun.url.strip_prefix(&endpoint).is_some_and(|rest| rest.starts_with('?'))
}

/// The user agrees: the redirect that the authorisation server answers with.
fn agree(talk: &Conversation<'_, '_>, flow: &Flow, begun: &Begun) -> Result<String, Stop> {
    let unclear = |reason: &str| Stop::Unclear(format!("the user is not sent back with a code: {reason}"));
    if !begins_at(talk, flow, begun) {
        return Err(unclear("the client's URL is not the authorisation server's"));
    }
    let uri = begun.url.parse::<http::Uri>().map_err(|_| unclear("the client's URL cannot be read"))?;
    let request = Request::builder().method(Method::GET).uri(uri).body(Bytes::new());
    let request = request.map_err(|_| unclear("the client's URL cannot be requested"))?;
    let reply = talk.lab().sandbox(flow.site).handle(&request);
    let location = reply.response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| unclear(&format!("status {}", reply.response.status())))?;
    match query_of(location).contains_key("code") {
        true => Ok(location.to_owned()),
        false => Err(unclear("the authorisation server answers with an error")),
    }
}

/// A redirect with other parameters.
fn redirect(flow: &Flow, parameters: &Form) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if flow.app.redirect_uri.contains('?') { '&' } else { '?' };
    format!("{}{separator}{query}", flow.app.redirect_uri)
}

fn finish(talk: &mut Conversation<'_, '_>, redirect: String) -> Result<Seen, Stop> {
    talk.act(Action::Finish(Finish { redirect }))
}

pub(super) fn has_challenge(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        let there = begun.parameters.get("code_challenge").is_some_and(|challenge| !challenge.is_empty());
        Ok(Judgement::kept_if(there, || {
            let names: Vec<&str> = begun.parameters.keys().map(String::as_str).collect();
            Judgement::broken("there is no PKCE challenge", "code_challenge", names.join(", "))
        }))
    })
}

pub(super) fn challenge_is_s256(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        if !begun.parameters.contains_key("code_challenge") {
            return Ok(Judgement::unclear("there is no PKCE challenge"));
        }
        let method = begun.parameters.get("code_challenge_method").map_or("none", String::as_str);
        Ok(Judgement::kept_if(method == "S256", || {
            Judgement::broken("the challenge method is not S256", "code_challenge_method=S256", method)
        }))
    })
}

pub(super) fn state_is_fresh(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let state = |begun: Begun| begun.parameters.get("state").cloned().unwrap_or_default();
        let first = state(begin(talk, flow)?);
        let second = state(talk.aside(|talk| begin(talk, flow))?);
        let expected = format!("a state of at least {STATE_LENGTH} characters, another one each time");
        let apart = first.chars().zip(second.chars()).filter(|(one, other)| one != other).count();
        Ok(if first.chars().count() < STATE_LENGTH {
            let received = format!("a state of {} characters", first.chars().count());
            Judgement::broken("the state can be guessed", expected, received)
        } else if apart < STATE_APART {
            let message = "the states of two authorisations are much the same";
            Judgement::broken(message, expected, "two states that differ in hardly anything")
        } else {
            Judgement::Kept
        })
    })
}

/// A redirect with the right state leads to an exchange.
fn exchange_control(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<(), Stop> {
    talk.aside(|talk| {
        let begun = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let seen = finish(talk, redirect)?;
        match token_requests(&seen).is_empty() {
            true => Err(Stop::Unclear(format!("a right redirect is not exchanged either: {}", seen.told()))),
            false => Ok(()),
        }
    })
}

fn not_exchanged(seen: &Seen, message: &'static str, received: &str) -> Judgement {
    match token_requests(seen).first() {
        None => Judgement::Kept,
        Some((arrival, _)) => Judgement::broken_by(
            arrival,
            message,
            "a refusal, and no request to the token endpoint",
            format!("an exchange, {received}"),
        ),
    }
}

pub(super) fn other_state_is_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each((flows(), any::<bool>()), |talk, (flow, missing)| {
        exchange_control(talk, flow)?;
        let begun = begin(talk, flow)?;
        let mut parameters = query_of(&agree(talk, flow, &begun)?);
        let state: String = parameters.remove("state").unwrap_or_default().chars().rev().collect();
        if !missing {
            parameters.insert("state".to_owned(), format!("{state}x"));
        }
        let seen = finish(talk, redirect(flow, &parameters))?;
        let received =
            if *missing { "after a redirect without a state" } else { "after a redirect with another state" };
        Ok(not_exchanged(&seen, "a code is exchanged although the state is not the right one", received))
    })
}

pub(super) fn error_is_believed(trial: &mut ClientTrial<'_>) -> Verdict {
    let redirects = select(vec![(true, true), (true, false), (false, false)]);
    trial.each((flows(), redirects), |talk, (flow, (with_error, with_code))| {
        exchange_control(talk, flow)?;
        let begun = begin(talk, flow)?;
        let mut parameters = query_of(&agree(talk, flow, &begun)?);
        if *with_error {
            parameters.insert("error".to_owned(), "access_denied".to_owned());
        }
        if !with_code {
            parameters.remove("code");
        }
        let seen = finish(talk, redirect(flow, &parameters))?;
        let received = match (with_error, with_code) {
            (true, true) => "after a redirect with an error and a code",
            (true, false) => "after a redirect with an error",
            (false, _) => "after a redirect without a code",
        };
        Ok(not_exchanged(&seen, "the token endpoint is asked although the authorisation failed", received))
    })
}

/// A whole authorisation: how it began, and the exchange that arrived.
fn exchanged<T>(
    talk: &mut Conversation<'_, '_>,
    flow: &Flow,
    judge: impl FnOnce(&Begun, &Arrival, &Form) -> T,
) -> Result<T, Stop> {
    let begun = begin(talk, flow)?;
    let redirect = agree(talk, flow, &begun)?;
    let seen = finish(talk, redirect)?;
    match token_requests(&seen).first() {
        Some((arrival, form)) => Ok(judge(&begun, arrival, form)),
        None => Err(Stop::Unclear(format!("no code is exchanged: {}", seen.told()))),
    }
}

pub(super) fn authorised_where_chosen(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        if !begins_at(talk, flow, &begun) {
            let expected = format!("{}/oauth/authorize?…", talk.lab().url(flow.site));
            let message = "the user is not sent to the environment's authorisation server";
            return Ok(Judgement::broken(message, expected, begun.url));
        }
        let redirect = agree(talk, flow, &begun)?;
        let seen = finish(talk, redirect)?;
        let requests = token_requests(&seen);
        let Some((first, _)) = requests.first() else {
            return Ok(Judgement::unclear(format!("no code is exchanged: {}", seen.told())));
        };
        let stray = requests.iter().map(|(arrival, _)| *arrival).find(|arrival| arrival.site != flow.site);
        Ok(Judgement::kept_if(stray.is_none(), || {
            Judgement::broken_by(
                stray.unwrap_or(first),
                "a code is exchanged in another environment than the chosen one",
                format!("an exchange at {}", place(flow.site)),
                format!("an exchange at {}", place(stray.unwrap_or(first).site)),
            )
        }))
    })
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

pub(super) fn verifier_belongs(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let challenge = |begun: Begun| begun.parameters.get("code_challenge").cloned();
        let (one, other) = (
            talk.aside(|talk| begin(talk, flow)).map(challenge)?,
            talk.aside(|talk| begin(talk, flow)).map(challenge)?,
        );
        if one.is_some() && one == other {
            let message = "two authorisations have the same verifier";
            return Ok(Judgement::broken(
                message,
                "a verifier of its own for each",
                "the same challenge twice",
            ));
        }
        exchanged(talk, flow, |begun, arrival, form| {
            let parameter = |name: &str| begun.parameters.get(name).cloned().unwrap_or_default();
            if parameter("code_challenge_method") != "S256" {
                return Judgement::unclear("there is no S256 challenge");
            }
            let broken = |received: String| {
                let message = "the verifier does not belong to the challenge";
                let expected = "the code_verifier whose challenge is in the URL, of 43 to 128 characters";
                Judgement::broken_by(arrival, message, expected, received)
            };
            match form.get("code_verifier") {
                None => broken("no code_verifier".to_owned()),
                Some(verifier) if !(43..=128).contains(&verifier.len()) => {
                    broken(format!("a code_verifier of {} characters", verifier.len()))
                }
                Some(verifier) if challenge_of(verifier) != parameter("code_challenge") => {
                    broken("a code_verifier of another challenge".to_owned())
                }
                Some(_) => Judgement::Kept,
            }
        })
    })
}

pub(super) fn no_secret_in_url(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        let broken = |what: &str| {
            let message = "a secret is in the URL to which the user is sent";
            Judgement::broken(message, format!("a URL without the {what}"), begun.url.clone())
        };
        if mask::found(&flow.app.client_secret, &begun.url).is_some() {
            return Ok(broken("client secret"));
        }
        // What hashes to the challenge is the verifier. A plain challenge is one itself, and another rule's
        // business.
        let challenge = begun.parameters.get("code_challenge");
        let shown = begun.parameters.values().any(|value| Some(&challenge_of(value)) == challenge);
        Ok(Judgement::kept_if(!shown, || broken("verifier")))
    })
}

pub(super) fn redirect_uri_is_exact(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        let expected = &flow.app.redirect_uri;
        let message = "the redirect URI is not the registered one";
        let sent = begun.parameters.get("redirect_uri").map_or("none", String::as_str);
        if sent != expected {
            return Ok(Judgement::broken(message, expected, format!("{sent}, in the user's URL")));
        }
        let redirect = agree(talk, flow, &begun)?;
        let seen = finish(talk, redirect)?;
        let requests = token_requests(&seen);
        let Some((arrival, form)) = requests.first() else {
            return Ok(Judgement::unclear(format!("no code is exchanged: {}", seen.told())));
        };
        let sent = form.get("redirect_uri").map_or("none", String::as_str);
        Ok(Judgement::kept_if(sent == expected, || {
            Judgement::broken_by(arrival, message, expected, format!("{sent}, in the exchange"))
        }))
    })
}
