//! Where tokens, codes and client secrets may not turn up.

use http::header;
use proptest::{prelude::*, sample::select};

use super::{
    super::trouble::{GARBLED, TokenTrouble, Trouble, all_troubles, meet_at_token_endpoint},
    authorisation::{STATE_LENGTH, challenge_of},
    renewal::{expired, not_renewed},
};
use crate::{
    trial::{
        authorisation::{Begun, agree, begin, finish, flows, token_requests},
        case::Case,
        client::{ClientTrial, Conversation, Seen, authorizations},
        evidence::{Judgement, target},
        mask::{Finder, Found},
        search::Stop,
        tokens::query_of,
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

/// The tokens of responses, also of those that cannot be read.
fn issued_to(talk: &Conversation<'_, '_>) -> impl Iterator<Item = Named> {
    let issued = talk.issued().iter().flat_map(|pair| {
        [("new access token", pair.access_token.clone()), ("new refresh token", pair.refresh_token.clone())]
    });
    issued.chain(GARBLED.map(|(_, token)| ("token of a response that cannot be read", token.to_owned())))
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
    // Tokens that are renewed, or refused.
    trial.each((expired(trial), any::<bool>()), |talk, (case, good)| {
        if *good {
            talk.admit(case)?
        } else {
            talk.admit_app_only(case)
        }
        let seen = talk.call(case)?;
        if token_requests(&seen).is_empty() {
            return Err(not_renewed(&seen));
        }
        let later = talk.call(case)?;
        let message = "a token or the client secret is where it does not belong";
        let secrets = secrets(talk, case);
        let not_for_api = secrets.iter().filter(|(name, _)| !name.ends_with("access token")).cloned();
        let not_for_api: Vec<Named> = not_for_api.collect();
        let judge =
            |seen| [judge_places(seen, &secrets, message), judge_credentials(seen, &not_for_api, message)];
        Ok(Judgement::all([&seen, &later].into_iter().flat_map(judge)))
    })
}

/// Searches what the API receives as a credential.
fn judge_credentials(seen: &Seen, secrets: &[Named], message: &'static str) -> Judgement {
    let finder = finder(secrets);
    for received in seen.api() {
        for value in authorizations(received.exchange.request.headers()) {
            if let Some(found) = finder.found(&value) {
                let name = name(secrets, &found);
                return Judgement::fail_by(
                    received,
                    message,
                    format!("no {name} there"),
                    "the Authorization header",
                );
            }
        }
    }
    Judgement::Pass
}

/// Searches every place of requests where no secret belongs.
fn judge_places(seen: &Seen, secrets: &[Named], message: &'static str) -> Judgement {
    let finder = finder(secrets);
    for received in &seen.received {
        let request = &received.exchange.request;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut parts = vec![("the URL".to_owned(), target(request))];
        for (name, value) in request.headers() {
            if name != header::AUTHORIZATION {
                parts.push((format!("the header {name}"), text(value.as_bytes())));
            }
        }
        // The token endpoint takes code, verifier and refresh token, and by Pleo's pages also the client secret, in
        // the body.
        if !received.site.is_authorization_server() {
            parts.push(("the body".to_owned(), text(request.body())));
        }
        let leak = parts.iter().find_map(|(part, text)| Some((part, finder.found(text)?)));
        if let Some((part, found)) = leak {
            let name = name(secrets, &found);
            return Judgement::fail_by(received, message, format!("no {name} there"), part.clone());
        }
    }
    Judgement::Pass
}

pub(super) fn exchange_secrets_stay(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(trial), |talk, flow| {
        let (begun, _) = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let code = query_of(&redirect).remove("code").unwrap_or_default();
        let seen = finish(talk, redirect)?;
        let requests = token_requests(&seen);
        if requests.is_empty() {
            return Ok(Judgement::inconclusive(format!("no code is exchanged: {}", seen.told())));
        }
        let mut secrets = vec![("code", code), ("client secret", flow.app.client_secret.clone())];
        let verifiers = requests.into_iter().filter_map(|(_, mut form)| form.remove("code_verifier"));
        secrets.extend(verifiers.map(|verifier| ("code verifier", verifier)));
        let message = "a secret of an exchange is where it does not belong";
        Ok(judge_places(&seen, &secrets, message))
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

/// What a token endpoint may do instead of issuing tokens.
fn token_troubles(trial: &ClientTrial<'_>) -> Vec<TokenTrouble> {
    let mut troubles = all_troubles(trial);
    let issues_tokens = |trouble: &Trouble| matches!(trouble, Trouble::Nothing | Trouble::Late);
    let is_odd = |trouble: &Trouble| matches!(trouble, Trouble::Status(404 | 409 | 410 | 422));
    troubles.retain(|trouble| !issues_tokens(trouble) && !is_odd(trouble));
    troubles
        .into_iter()
        .map(TokenTrouble::Lasting)
        .chain([TokenTrouble::Garbled, TokenTrouble::Partial])
        .collect()
}

pub(super) fn oauth_secrets_are_not_shown(trial: &mut ClientTrial<'_>) -> Verdict {
    // The tokens are renewed, refused, or the renewal fails.
    let ends = [(true, None), (false, None)].into_iter();
    let ends: Vec<_> =
        ends.chain(token_troubles(trial).into_iter().map(|trouble| (true, Some(trouble)))).collect();
    // Rare, because clients try for longer where the access token seems to be good.
    let renewed = prop::bool::weighted(0.06);
    trial.each((expired(trial), select(ends), renewed), |talk, (case, (known, trouble), renewed)| {
        match known {
            true => talk.admit(case)?,
            false => talk.admit_app_only(case),
        }
        if *known && *renewed {
            talk.call(case)?;
            talk.revoke_newest(case);
        }
        let seen = meet_at_token_endpoint(talk, case.site, *trouble, |talk| talk.call(case))?;
        // After a refusal the session has ended, which is another reason to write something.
        let later = talk.call(case)?;
        // Nothing may be received in time from a client that renews. It tries again then.
        let receives =
            !matches!(trouble, Some(TokenTrouble::Lasting(Trouble::RefusedConnection | Trouble::Silence)));
        let renewing = if receives { &seen } else { &later };
        if token_requests(renewing).is_empty() {
            return Err(not_renewed(renewing));
        }
        judge_texts(&[&seen, &later], &secrets(talk, case), "a token or the client secret is shown")
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

/// A state that nobody has made.
const OTHER_STATE: &str = "the-state-of-somebody-else";

/// Where what is told of a refusal has the state that would have been right. Debugging output and logs are not for those
/// who bring a redirect.
fn shows_state(seen: &Seen, begun: &Begun) -> Option<String> {
    let state =
        begun.parameters.get("state").filter(|state| seen.refused() && state.len() >= STATE_LENGTH)?;
    let is_told = |place: &str| !["debug", "log", "stderr"].contains(&place);
    let mut texts = seen.texts().into_iter();
    texts.find(|(place, text)| is_told(place) && text.contains(state.as_str())).map(|(place, _)| place)
}

/// What may be wrong with the redirect of an authorisation. The state comes after the code, and is not right at all in
/// the first.
const WRONG_REDIRECTS: [fn(&str) -> String; 5] = [
    |redirect| {
        let rest = redirect.split_once("state=").map_or("", |(_, rest)| rest);
        let state = rest.split('&').next().unwrap_or_default();
        redirect.replace(&format!("state={state}"), &format!("state={OTHER_STATE}"))
    },
    |redirect| redirect.replace("state=", "state=x"),
    |redirect| redirect.replace("state=", "status="),
    |redirect| format!("{redirect}&error=access_denied"),
    |redirect| format!("{redirect}&code=FAKE-CODE"),
];

pub(super) fn authorisation_secrets_are_not_shown(trial: &mut ClientTrial<'_>) -> Verdict {
    const MESSAGE: &str = "a secret of an authorisation is shown";
    let troubles: Vec<_> = [None].into_iter().chain(token_troubles(trial).into_iter().map(Some)).collect();
    let wrong = prop::option::weighted(0.4, select(WRONG_REDIRECTS.to_vec()));
    trial.each((flows(trial), select(troubles), wrong), |talk, (flow, trouble, wrong)| {
        let (begun, first) = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let code = query_of(&redirect).remove("code").unwrap_or_default();
        let redirect = match wrong {
            Some(change) => change(&redirect),
            None => redirect,
        };
        let is_of_another = redirect.contains(OTHER_STATE);
        let last = meet_at_token_endpoint(talk, flow.site, *trouble, |talk| finish(talk, redirect))?;
        if let Some(place) = shows_state(&last, &begun).filter(|_| is_of_another) {
            return Ok(Judgement::fail(
                MESSAGE,
                "a refusal without the state that was expected",
                format!("it is in {place}"),
            ));
        }
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
