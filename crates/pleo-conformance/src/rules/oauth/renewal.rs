//! Tokens that a client keeps, and how it renews them.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use pleo_sandbox::Fault;
use proptest::prelude::*;

use super::{super::carrier, apps, form, register, secrets, token_requests};
use crate::{
    protocol::{App, Credential, CredentialKind, Send, Tokens},
    trial::{
        case::{Case, cases},
        client::{ClientTrial, Conversation, Seen, Stop, authorizations},
        evidence::{Judgement, place},
        lab::Arrival,
    },
    verdict::Verdict,
};

/// The most requests of one call to an authorisation server that does not work.
const MOST_TRIES: usize = 10;

/// Requests by a client that keeps tokens.
#[derive(Debug, Clone)]
pub(super) struct Keeping {
    pub(super) case: Case,
    pub(super) app: App,
    pub(super) refresh_token: String,
}

pub(super) fn keeping() -> impl Strategy<Value = Keeping> {
    let cases = cases().with_tokens().that_read().strategy();
    (cases, apps(), secrets("REFRESH")).prop_map(|(case, app, refresh_token)| Keeping {
        case: Case { kind: CredentialKind::OauthTokens, ..case },
        app,
        refresh_token,
    })
}

impl Keeping {
    /// Makes app and tokens good, in their environment.
    pub(super) fn admit(&self, talk: &mut Conversation<'_, '_>) {
        self.keep_secrets(talk);
        register(talk, &self.app);
        let sandbox = talk.lab().sandbox(self.case.site);
        sandbox.admit_tokens(&self.app.client_id, &self.case.secret, &self.refresh_token);
        // It has expired for the service as well, so that a client may also find out by a 401 (A50).
        sandbox.revoke(&self.case.secret);
    }

    /// Has the authorisation server fail, longer than any client should try.
    pub(super) fn stop_renewals(&self, talk: &Conversation<'_, '_>) {
        for _ in 0..8 * MOST_TRIES {
            talk.lab().sandbox(self.case.site).inject("/oauth/token", Fault::Status(503));
        }
    }

    pub(super) fn keep_secrets(&self, talk: &mut Conversation<'_, '_>) {
        talk.keep_secret(&self.case.secret, "access token");
        talk.keep_secret(&self.refresh_token, "refresh token");
    }

    /// A request of the case, with an access token that has expired.
    pub(super) fn send(&self, talk: &mut Conversation<'_, '_>, times: u32) -> Result<Seen, Stop> {
        let tokens = Tokens {
            app: self.app.clone(),
            access_token: self.case.secret.clone(),
            refresh_token: self.refresh_token.clone(),
            expires_in: 0,
        };
        let credential = Credential { secret: None, tokens: Some(tokens), ..self.case.credential() };
        let send = self.case.send(talk.lab());
        talk.send_call(Send { credential, times, ..send })
    }
}

/// Renewals that arrived, with their refresh tokens.
fn renewals(seen: &Seen) -> Vec<(&Arrival, String)> {
    token_requests(seen)
        .into_iter()
        .filter(|(_, form)| form.get("grant_type").is_some_and(|grant| grant == "refresh_token"))
        .map(|(arrival, mut form)| (arrival, form.remove("refresh_token").unwrap_or_default()))
        .collect()
}

pub(super) fn not_renewed(seen: &Seen) -> Stop {
    Stop::Unclear(format!("the token is not renewed: {}", seen.told()))
}

/// The requests to the API that arrived after the first renewal, where that was.
fn after_renewal(seen: &Seen) -> impl Iterator<Item = &Arrival> {
    let renewal = seen.arrivals.iter().position(|arrival| {
        let renews =
            form(arrival.exchange.request.body()).get("grant_type").is_some_and(|it| it == "refresh_token");
        renews && arrival.exchange.reply.response.status().is_success()
    });
    let later = renewal.map_or(&[][..], |renewal| &seen.arrivals[renewal..]);
    later.iter().filter(|arrival| !arrival.exchange.request.uri().path().starts_with("/oauth/"))
}

/// The JSON that a request was answered with, or null.
fn answered(arrival: &Arrival) -> serde_json::Value {
    serde_json::from_slice(arrival.exchange.reply.response.body()).unwrap_or_default()
}

/// The pair that a renewal was answered with.
fn new_pair(renewal: &Arrival) -> Option<(String, String)> {
    let body = answered(renewal);
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Some((text("access_token")?, text("refresh_token")?))
}

pub(super) fn one_renewal_at_a_time(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        // So slow a renewal is overtaken by every other request that does not wait for it.
        let slow = Fault::Delay(Duration::from_millis(10));
        talk.lab().sandbox(keeping.case.site).inject("/oauth/token", slow);
        let seen = keeping.send(talk, 8);
        talk.lab().sandbox(keeping.case.site).clear_faults();
        let seen = seen?;
        let renewals = renewals(&seen);
        let Some((arrival, _)) = renewals.last() else { return Err(not_renewed(&seen)) };
        if carrier(after_renewal(&seen), &keeping.case.secret).is_some() {
            return Ok(Judgement::unclear("the expired token is sent again, which asks for another renewal"));
        }
        Ok(Judgement::kept_if(renewals.len() == 1, || {
            let message = "requests that wait for a token renew it each for itself";
            // How many there are is a matter of time.
            Judgement::broken_by(arrival, message, "1 renewal", "several renewals")
        }))
    })
}

pub(super) fn new_access_token_is_used(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let renewals = renewals(&seen);
        let Some((renewal, _)) = renewals.first() else { return Err(not_renewed(&seen)) };
        let Some((access_token, _)) = new_pair(renewal) else {
            return Ok(Judgement::unclear("the renewal is answered with an error"));
        };
        talk.keep_secret(&access_token, "new access token");
        if let Some(arrival) = carrier(after_renewal(&seen), &keeping.case.secret) {
            return Ok(Judgement::broken_by(
                arrival,
                "after a renewal the old access token is sent",
                "the new access token",
                "the old access token",
            ));
        }
        Ok(match carrier(after_renewal(&seen), &access_token) {
            Some(_) => Judgement::Kept,
            None => Judgement::unclear("neither the old nor the new access token arrives after it"),
        })
    })
}

pub(super) fn newest_refresh_token_is_used(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let pair = renewals(&seen).last().and_then(|(renewal, _)| new_pair(renewal));
        let Some((access_token, refresh_token)) = pair else { return Err(not_renewed(&seen)) };
        talk.keep_secret(&access_token, "new access token");
        talk.keep_secret(&refresh_token, "new refresh token");
        talk.lab().sandbox(keeping.case.site).revoke(&access_token);
        let seen = keeping.send(talk, 1)?;
        let renewals = renewals(&seen);
        let Some((arrival, sent)) = renewals.first() else {
            return Ok(Judgement::unclear("a token that was revoked is not renewed"));
        };
        Ok(Judgement::kept_if(*sent == refresh_token, || {
            let received =
                if *sent == keeping.refresh_token { "the first refresh token" } else { "another one" };
            let message = "a renewal does not present the refresh token of the one before";
            Judgement::broken_by(arrival, message, "the new refresh token", received)
        }))
    })
}

/// Whether a token request was refused because of what it presented (RFC 6749, section 5.2).
fn is_invalid_grant(arrival: &Arrival) -> bool {
    answered(arrival)["error"] == "invalid_grant"
}

pub(super) fn dead_token_stays_dead(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        // The app is known and its tokens are not.
        keeping.keep_secrets(talk);
        register(talk, &keeping.app);
        let mut presented: Vec<Arrival> = Vec::new();
        for _ in 0..3 {
            let seen = keeping.send(talk, 1)?;
            // One that was refused because of the app says nothing about the token.
            let dead = renewals(&seen)
                .into_iter()
                .filter(|(arrival, sent)| *sent == keeping.refresh_token && is_invalid_grant(arrival));
            presented.extend(dead.map(|(arrival, _)| arrival.clone()));
        }
        Ok(match presented.as_slice() {
            [] => Judgement::unclear("the token is not renewed"),
            [_] => Judgement::Kept,
            [.., last] => Judgement::broken_by(
                last,
                "a refresh token that was refused is presented again",
                "once",
                format!("{} times in three calls", presented.len()),
            ),
        })
    })
}

pub(super) fn bad_moment_ends_nothing(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        keeping.stop_renewals(talk);
        let seen = keeping.send(talk, 1);
        talk.lab().sandbox(keeping.case.site).clear_faults();
        let seen = seen?;
        let tried = renewals(&seen);
        let Some((arrival, _)) = tried.last() else { return Err(not_renewed(&seen)) };
        if arrival.exchange.reply.response.status().as_u16() != 503 {
            return Ok(Judgement::unclear("the renewal is not answered with 503"));
        }
        if tried.len() > MOST_TRIES {
            return Ok(Judgement::broken_by(
                arrival,
                "a renewal that fails is tried again and again",
                format!("at most {MOST_TRIES} tries a call"),
                format!("{} tries", tried.len()),
            ));
        }
        let seen = keeping.send(talk, 1)?;
        Ok(Judgement::kept_if(!renewals(&seen).is_empty(), || {
            let message = "after a server error the token is never renewed again";
            Judgement::broken(message, "a renewal, now that the server works again", seen.told())
        }))
    })
}

pub(super) fn expired_token_is_renewed(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        if !renewals(&seen).is_empty() {
            return Ok(Judgement::Kept);
        }
        let arrival = seen.first()?;
        Ok(match carrier([arrival], &keeping.case.secret) {
            Some(arrival) => Judgement::broken_by(
                arrival,
                "an access token that has expired is sent",
                "a renewal, before or after it",
                "the expired access token",
            ),
            None => Judgement::unclear("the token does not arrive, and is not renewed"),
        })
    })
}

pub(super) fn app_goes_by_basic(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let requests = token_requests(&seen);
        let Some((arrival, form)) = requests.first() else { return Err(not_renewed(&seen)) };
        let values = authorizations(arrival.exchange.request.headers());
        let basic = matches!(values.as_slice(), [one] if names_app(one, &keeping.app));
        Ok(Judgement::kept_if(basic && !form.contains_key("client_secret"), || {
            let received = match form.contains_key("client_secret") {
                true => "client_secret in the body".to_owned(),
                false => format!("Authorization: {}", values.join(", ")),
            };
            let message = "the app does not authenticate by Basic";
            Judgement::broken_by(arrival, message, "client id and secret by Basic", received)
        }))
    })
}

/// Whether an Authorization header has the app's id and secret, form-encoded before Base64 as RFC 6749 has it
/// (section 2.3.1), or not, as Pleo's pages do.
fn names_app(value: &str, app: &App) -> bool {
    let Some((scheme, credentials)) = value.split_once(' ') else { return false };
    let sent = STANDARD.decode(credentials.trim()).unwrap_or_default();
    let sent = String::from_utf8(sent).unwrap_or_default();
    let Some((id, secret)) = sent.split_once(':') else { return false };
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    scheme.eq_ignore_ascii_case("basic")
        && [(id.to_owned(), secret.to_owned()), (decoded(id), decoded(secret))]
            .contains(&(app.client_id.clone(), app.client_secret.clone()))
}

pub(super) fn renewed_where_made(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let renewals = renewals(&seen);
        if let Some((stray, _)) = renewals.iter().find(|(arrival, _)| arrival.site != keeping.case.site) {
            return Ok(Judgement::broken_by(
                stray,
                "tokens are renewed in another environment than their own",
                format!("a renewal at {}", place(keeping.case.site)),
                format!("a renewal at {}", place(stray.site)),
            ));
        }
        match renewals.is_empty() {
            true => Err(not_renewed(&seen)),
            false => Ok(Judgement::Kept),
        }
    })
}
