//! What a client makes of a success of the token endpoint that has no tokens, or tokens of an unknown type.

use std::iter::repeat_n;

use http::{Method, StatusCode};
use pleo_sandbox::Fault;
use proptest::sample::select;
use serde_json::json;

use super::{
    super::{
        carrier,
        trouble::{LASTING, success},
    },
    renewal::{expired, not_renewed},
};
use crate::{
    protocol::{Capability, CredentialKind},
    trial::{
        authorisation::{Flow, agree, begin, finish, token_requests},
        case::Case,
        client::{ClientTrial, Conversation, Seen, authorizations, is_oauth},
        evidence::Judgement,
        search::Stop,
        servers::ReceivedRequest,
        tokens::{TOKEN_ENDPOINT, answered, form, is_token_request, token},
    },
    verdict::Verdict,
};

const JSON: &str = "application/json";

/// What stands for an access token in a body.
const TOKEN: &str = "TOKEN";

/// Responses without an access token, or without a refresh token: status, media type and body.
const INCOMPLETE: [(u16, &str, &str); 14] = [
    (200, JSON, r#"{"token_type":"bearer","expires_in":7200}"#),
    (200, JSON, r#"{"access_token":null,"refresh_token":null,"token_type":"bearer","expires_in":7200}"#),
    (200, JSON, r#"{"access_token":"","refresh_token":"","token_type":"bearer","expires_in":7200}"#),
    (200, JSON, r#"{"access_token":{},"refresh_token":{},"token_type":"bearer","expires_in":7200}"#),
    (200, JSON, r#"{"error":"invalid_grant","error_description":"it has expired"}"#),
    (200, JSON, "null"),
    (200, JSON, "[]"),
    (200, JSON, ""),
    (200, JSON, r#"{"access_token":"TOKEN","token_type":"bearer""#),
    (200, "text/html", "<!doctype html><title>Sign in</title>"),
    (204, "", ""),
    (200, JSON, r#"{"access_token":"TOKEN","token_type":"bearer","expires_in":7200}"#),
    (200, JSON, r#"{"access_token":"TOKEN","refresh_token":null,"token_type":"bearer","expires_in":7200}"#),
    (200, JSON, r#"{"access_token":"TOKEN","refresh_token":"","token_type":"bearer","expires_in":7200}"#),
];

/// Types of tokens that nobody can send as `Bearer`.
const OTHER_TYPES: [&str; 3] = ["mac", "DPoP", "N_A"];

/// How a client comes to ask for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Exchange,
    /// A renewal of a token that the client knows to have expired, or does not.
    Renewal {
        known: bool,
    },
}

/// The ways in which this client asks for tokens.
fn requests(trial: &ClientTrial<'_>) -> Vec<Request> {
    let ways = [
        (Capability::Refresh, Request::Renewal { known: true }),
        (Capability::Refresh, Request::Renewal { known: false }),
        (Capability::Oauth, Request::Exchange),
        (Capability::Oauth, Request::Exchange),
    ];
    ways.into_iter().filter(|(capability, _)| trial.can(*capability)).map(|(_, request)| request).collect()
}

/// Judges what clients do when the token endpoint responds in one of these ways.
fn each_response<R: Clone + std::fmt::Debug + 'static>(
    trial: &mut ClientTrial<'_>,
    responses: Vec<R>,
    judge: impl Fn(&mut Conversation<'_, '_>, &Case, Request, &R, u32) -> Result<Judgement, Stop>,
) -> Verdict {
    let requests = requests(trial);
    if requests.is_empty() {
        let reason = "the client claims to have neither oauth nor refresh".to_owned();
        return Verdict::Skip { reason };
    }
    let cases = (expired(trial), select(responses), select(requests), select(vec![1, LASTING, LASTING]));
    trial.each(cases, |talk, (case, response, request, times)| {
        let case = match request {
            Request::Exchange => Case { kind: CredentialKind::OauthSession, ..case.plain() },
            Request::Renewal { known: true } => case.clone(),
            Request::Renewal { known: false } => case.plain(),
        };
        judge(talk, &case, *request, response, *times)
    })
}

/// What comes of an exchange, or of a call that needs a renewal, to which the token endpoint responds so, so many times,
/// and of two calls after it.
fn calls(
    talk: &mut Conversation<'_, '_>,
    case: &Case,
    request: Request,
    response: Fault,
    times: u32,
) -> Result<Vec<Seen>, Stop> {
    let mut calls = Vec::new();
    let redirect = match request {
        Request::Exchange => {
            let flow = Flow::of(case);
            let (begun, _) = begin(talk, &flow)?;
            Some(agree(talk, &flow, &begun)?)
        }
        Request::Renewal { .. } => {
            talk.admit(case)?;
            talk.servers().sandbox(case.site).revoke(&case.secret);
            None
        }
    };
    let faults = repeat_n(response, times as usize);
    talk.with_faults(case.site, TOKEN_ENDPOINT, faults, |talk| {
        calls.push(match redirect {
            Some(redirect) => finish(talk, redirect)?,
            None => talk.call(case)?,
        });
        if token_requests(&calls[0]).is_empty() {
            return Err(match request {
                Request::Exchange => Stop::Inconclusive(format!("no code is exchanged: {}", calls[0].told())),
                Request::Renewal { .. } => not_renewed(&calls[0]),
            });
        }
        for _ in 0..2 {
            calls.push(talk.call(case)?);
        }
        Ok(calls)
    })
}

/// What a request authenticates with, for a sentence.
fn shown(received: &ReceivedRequest) -> String {
    match authorizations(received.exchange.request.headers()).as_slice() {
        [] => "no Authorization header".to_owned(),
        values => format!("Authorization: {}", values.join(", ")),
    }
}

pub(super) fn only_issued_tokens_are_sent(trial: &mut ClientTrial<'_>) -> Verdict {
    each_response(trial, INCOMPLETE.to_vec(), |talk, case, request, response, times| {
        let (status, media_type, body) = response;
        talk.keep_secret(&case.other_secret, "new access token");
        let fault = success(*status, media_type, body.replace(TOKEN, &case.other_secret));
        let calls = calls(talk, case, request, fault, times)?;
        Ok(Account::default().judge(case, &calls))
    })
}

/// Which tokens a client may send, as far as that can be told.
#[derive(Default)]
struct Account {
    /// Whether a response without tokens has come.
    lacks: bool,
    /// Whether an access token has been issued.
    issued: bool,
    /// `Authorization` headers from before the first response without tokens.
    sent: Vec<Vec<String>>,
    /// Refresh tokens that were presented before it, or issued.
    refresh_tokens: Vec<String>,
}

impl Account {
    fn judge(mut self, case: &Case, calls: &[Seen]) -> Judgement {
        for seen in calls {
            let mut failed = false;
            for received in &seen.received {
                let finding = match is_oauth(received) {
                    true if is_token_request(received) => {
                        self.misses_refresh_token(case, received, &mut failed)
                    }
                    true => None,
                    false => self.misses_access_token(case, received, failed),
                };
                if let Some(finding) = finding {
                    return finding;
                }
            }
        }
        match self.lacks {
            true => Judgement::Pass,
            false => Judgement::inconclusive("no request for tokens gets the response in question"),
        }
    }

    /// What is wrong with a request for tokens, whose response is noted down.
    fn misses_refresh_token(
        &mut self,
        case: &Case,
        received: &ReceivedRequest,
        failed: &mut bool,
    ) -> Option<Judgement> {
        let mut form = form(received.exchange.request.body());
        let renews = form.get("grant_type").is_some_and(|grant| grant == "refresh_token");
        if renews {
            let sent = form.remove("refresh_token").unwrap_or_default();
            let is_known = sent == case.refresh_token || self.refresh_tokens.contains(&sent);
            if self.lacks && !is_known {
                let message = "a renewal presents what no token response has brought";
                let expected = "no renewal, or one with a refresh token that was issued";
                return Some(Judgement::fail_by(
                    received,
                    message,
                    expected,
                    format!("refresh_token={sent}"),
                ));
            }
            self.refresh_tokens.push(sent);
        }
        let answer = answered(received);
        let (access, refresh) = (token(&answer, "access_token"), token(&answer, "refresh_token"));
        self.issued |= access.is_some();
        self.refresh_tokens.extend(refresh.map(str::to_owned));
        let succeeded = received.exchange.reply.response.status().is_success();
        self.lacks |= succeeded && (access.is_none() || refresh.is_none());
        *failed = access.is_none();
        None
    }

    /// What is wrong with a request to the API. Once a token has been issued, how it is sent is another rule's business,
    /// and so is what was sent before.
    fn misses_access_token(
        &mut self,
        case: &Case,
        received: &ReceivedRequest,
        failed: bool,
    ) -> Option<Judgement> {
        let request = &received.exchange.request;
        let sent = authorizations(request.headers());
        let explores = [Method::OPTIONS, Method::HEAD].contains(request.method()) && sent.is_empty();
        if !self.lacks {
            self.sent.push(sent);
            return None;
        }
        if self.issued || explores {
            return None;
        }
        // The old token may still be good as far as a client knows that learns by a 401. In the same call it does know.
        let is_old = self.sent.contains(&sent) || carrier([received], &[&case.secret]).is_some();
        if is_old && !failed {
            return None;
        }
        let message = match is_old {
            true => "the old access token is sent after a renewal has brought no new one",
            false => "a request is sent with what no token response has brought",
        };
        let expected = "no request without an access token that was issued";
        Some(Judgement::fail_by(received, message, expected, shown(received)))
    }
}

pub(super) fn unknown_token_type_is_not_used(trial: &mut ClientTrial<'_>) -> Verdict {
    each_response(trial, OTHER_TYPES.to_vec(), |talk, case, request, token_type, times| {
        let Case { secret, refresh_token, .. } = case.with_other_secret();
        talk.keep_secret(&secret, "new access token");
        talk.keep_secret(&refresh_token, "new refresh token");
        let body = json!({
            "access_token": secret,
            "refresh_token": refresh_token,
            "token_type": token_type,
            "expires_in": 7200,
        });
        let calls = calls(talk, case, request, success(200, JSON, body.to_string()), times)?;
        let came = calls.iter().flat_map(token_requests).any(|(received, _)| {
            received.exchange.reply.response.status() == StatusCode::OK
                && answered(received)["token_type"] == *token_type
        });
        if !came {
            return Ok(Judgement::inconclusive("no request for tokens gets the response in question"));
        }
        let received = calls.iter().flat_map(Seen::api);
        Ok(carrier(received, &[&secret]).map_or(Judgement::Pass, |received| {
            let message = "a token of an unknown type is sent";
            let expected = format!("no request with a token of the type {token_type}");
            Judgement::fail_by(received, message, expected, shown(received))
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_response_lacks_a_token() {
        for (_, _, body) in INCOMPLETE {
            let answer: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let has = |name: &str| token(&answer, name).is_some();
            assert!(!(has("access_token") && has("refresh_token")), "{body}");
            assert_eq!(has("access_token"), answer["access_token"] == TOKEN, "{body}");
        }
    }
}
