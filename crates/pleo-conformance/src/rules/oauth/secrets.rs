//! Where tokens, codes and client secrets may not turn up.

use http::header;
use pleo_sandbox::Fault;

use super::{
    authorisation::challenge_of,
    renewal::{admit_app_only, expired, not_renewed, stop_renewals},
};
use crate::{
    trial::{
        authorisation::{Begun, agree, begin, finish, flows, query_of, token_requests},
        case::Case,
        client::{ClientTrial, Conversation, Seen},
        evidence::{Judgement, target},
        mask::{Finder, Found},
        search::Stop,
    },
    verdict::Verdict,
};

/// A secret and what it is.
type Named = (&'static str, String);

/// All that may not turn up in a case: what the client was given, and what was issued to it.
fn secrets(talk: &Conversation<'_, '_>, case: &Case) -> Vec<Named> {
    let given = [
        ("access token", case.secret.clone()),
        ("refresh token", case.refresh_token.clone()),
        ("client secret", case.app.client_secret.clone()),
    ];
    given.into_iter().chain(issued_to(talk)).collect()
}

fn issued_to(talk: &Conversation<'_, '_>) -> impl Iterator<Item = Named> {
    talk.issued().iter().flat_map(|pair| {
        [("new access token", pair.access_token.clone()), ("new refresh token", pair.refresh_token.clone())]
    })
}

/// Looks for these secrets.
fn finder(secrets: &[Named]) -> Finder<'_> {
    Finder::new(secrets.iter().map(|(_, secret)| secret.as_str()))
}

/// What a secret that was found is.
fn name(secrets: &[Named], found: &Found<'_>) -> &'static str {
    secrets.iter().find(|(_, secret)| secret == found.secret).map_or("secret", |(name, _)| *name)
}

pub(super) fn oauth_secrets_stay(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = expired(trial);
    trial.each(cases, |talk, case| {
        talk.admit(case)?;
        let seen = talk.call(case)?;
        if token_requests(&seen).is_empty() {
            return Err(not_renewed(&seen));
        }
        let secrets = secrets(talk, case);
        let finder = finder(&secrets);
        for received in &seen.received {
            let request = &received.exchange.request;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut parts = vec![("the URL".to_owned(), target(request))];
            for (name, value) in request.headers() {
                if name != header::AUTHORIZATION {
                    parts.push((format!("the header {name}"), text(value.as_bytes())));
                }
            }
            // The token endpoint takes the refresh token, and by Pleo's pages also the client secret, in the
            // body.
            if !received.site.is_authorization_server() {
                parts.push(("the body".to_owned(), text(request.body())));
            }
            let leak = parts.iter().find_map(|(part, text)| Some((part, finder.found(text)?)));
            if let Some((part, found)) = leak {
                let name = name(&secrets, &found);
                let message = "a token or the client secret is where it does not belong";
                return Ok(Judgement::fail_by(received, message, format!("no {name} there"), part.clone()));
            }
        }
        Ok(Judgement::Pass)
    })
}

/// Searches every text that the client shows of calls.
fn judge_texts(seen: &[&Seen], secrets: &[Named], message: &'static str) -> Result<Judgement, Stop> {
    let judgement = judge(seen, secrets, message);
    seen.iter().try_fold(judgement, |judgement, seen| seen.with_loss(judgement))
}

fn judge(seen: &[&Seen], secrets: &[Named], message: &'static str) -> Judgement {
    let texts: Vec<(String, String)> = seen.iter().flat_map(|seen| seen.texts()).collect();
    if texts.is_empty() {
        return Judgement::inconclusive("the client shows nothing");
    }
    let finder = finder(secrets);
    let leak = texts.iter().find_map(|(place, text)| Some((place, finder.found(text)?)));
    match leak {
        None => Judgement::Pass,
        Some((place, found)) => {
            let name = name(secrets, &found);
            Judgement::fail(message, format!("texts without the {name}"), format!("the {name}, in {place}"))
        }
    }
}

pub(super) fn oauth_secrets_are_not_shown(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = (expired(trial), 0..3_u8);
    trial.each(cases, |talk, (case, trouble)| {
        match trouble {
            0 => talk.admit(case)?,
            1 => {
                talk.admit(case)?;
                stop_renewals(talk, case);
            }
            _ => admit_app_only(talk, case),
        }
        let seen = talk.call(case);
        talk.clear_faults(case);
        let seen = seen?;
        if token_requests(&seen).is_empty() {
            return Err(not_renewed(&seen));
        }
        judge_texts(&[&seen], &secrets(talk, case), "a token or the client secret is shown")
    })
}

/// Where a text has the verifier: what hashes to the challenge is it, whether or not it is ever sent.
fn shows_verifier(seen: &[&Seen], begun: &Begun) -> Option<String> {
    let challenge = begun.parameters.get("code_challenge")?;
    let unreserved = |character: char| character.is_ascii_alphanumeric() || "-._~".contains(character);
    seen.iter().flat_map(|seen| seen.texts()).find_map(|(place, text)| {
        let mut words = text.split(|character| !unreserved(character)).filter(|word| word.len() >= 43);
        words.any(|word| challenge_of(word) == *challenge).then_some(place)
    })
}

pub(super) fn authorisation_secrets_are_not_shown(trial: &mut ClientTrial<'_>) -> Verdict {
    const MESSAGE: &str = "a secret of an authorisation is shown";
    trial.each((flows(), 0..4_u8), |talk, (flow, end)| {
        let (begun, first) = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let code = query_of(&redirect).remove("code").unwrap_or_default();
        let sandbox = talk.servers().sandbox(flow.site);
        let redirect = match end {
            0 => redirect,
            1 => {
                sandbox.inject("/oauth/token", Fault::Status(400));
                redirect
            }
            2 => {
                sandbox.inject("/oauth/token", Fault::DropConnection);
                redirect
            }
            // With another state, the redirect is refused.
            _ => redirect.replace("state=", "state=x"),
        };
        let last = finish(talk, redirect);
        talk.servers().sandbox(flow.site).clear_faults();
        let last = last?;
        let mut secrets = vec![("client secret", flow.app.client_secret.clone()), ("code", code)];
        let verifiers =
            token_requests(&last).into_iter().filter_map(|(_, mut form)| form.remove("code_verifier"));
        secrets.extend(verifiers.map(|verifier| ("code verifier", verifier)));
        secrets.extend(issued_to(talk));
        if let Some(place) = shows_verifier(&[&first, &last], &begun) {
            return Ok(Judgement::fail(
                MESSAGE,
                "texts without the code verifier",
                format!("it is in {place}"),
            ));
        }
        judge_texts(&[&first, &last], &secrets, MESSAGE)
    })
}
