//! Sends a request with its credential, and what a client does when the answer is not what it hoped for.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pleo_conformance::protocol::{Answer, CredentialKind, Send};
use sha2::{Digest as _, Sha256};

use super::{Deviation, Flaw, Variation, keeper::Turn, spelling::last_four, wire};

/// How often the flaw without end renews for one request.
const RENEWALS_WITHOUT_END: usize = 20;

/// What a request authenticates with.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Key(String),
    Token(String),
    Kept(Turn),
}

/// The addresses that a request knows of.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Where the request goes.
    pub(super) base_url: String,
    pub(super) other_environment: String,
    pub(super) legacy: String,
    /// Where a redirect led, for the flaw that goes on there.
    pub(super) moved: Arc<Mutex<Option<String>>>,
    /// The first credential of the session, if it was of the same kind.
    pub(super) old_secret: Option<String>,
}

/// A request that is ready but for its credential.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) deviation: Deviation,
    pub(super) message: wire::Message,
    /// What the try after a renewal sends.
    pub(super) second: wire::Message,
    /// The same without its company.
    pub(super) bare: wire::Message,
    pub(super) source: Source,
    pub(super) kind: CredentialKind,
    /// Its place among those of one call.
    pub(super) index: u32,
    pub(super) known: Known,
}

/// One try of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try<'a> {
    pub(super) secret: &'a str,
    /// The secret that was refused before, if this is a second try.
    pub(super) refused: Option<&'a str>,
}

impl Request {
    /// Sends it; the error is a reason for which nothing was sent.
    pub(super) fn deliver(&self) -> Result<Answer, String> {
        let mut secret = match &self.source {
            Source::Key(secret) | Source::Token(secret) => secret.clone(),
            Source::Kept(turn) if self.index > 0 && self.deviation.flaw(Flaw::OldTokenSentWhileRenewing) => {
                turn.old_access_token()
            }
            Source::Kept(turn) => turn.access_token()?,
        };
        let attempt = Try { secret: &secret, refused: None };
        let moved = self.known.moved.lock().unwrap().clone();
        let mut reply = match moved {
            Some(moved) => {
                let mut message = self.message.clone();
                message.url = message.url.replacen(&self.known.base_url, &moved, 1);
                self.exchange(&message, attempt)
            }
            None => self.exchange(&self.message, attempt),
        };
        if matches!(reply, Ok(wire::Reply { status: 401, .. })) {
            reply = self.after_refusal(&secret, reply);
            if let Source::Kept(turn) = &self.source {
                secret = turn.newest();
            }
        }
        let attempt = Try { secret: &secret, refused: None };
        if let Some(elsewhere) = self.fallback(&reply) {
            let mut message = self.message.clone();
            message.url = message.url.replacen(&self.known.base_url, elsewhere, 1);
            reply = self.exchange(&message, attempt);
        }
        if let (Ok(wire::Reply { status, .. }), Source::Kept(turn)) = (&reply, &self.source)
            && matches!(
                (self.deviation.flaw, status),
                (Some(Flaw::RenewedAfter503), 503) | (Some(Flaw::RenewedAfter403), 403)
            )
        {
            turn.another_access_token(&secret);
        }
        if let Some(message) = self.changed_by_failure(&reply) {
            reply = self.exchange(&message, Try { secret: &secret, refused: Some(&secret) });
        }
        if let (Flaw::OldCredentialAfter401, Some(old), Ok(wire::Reply { status: 401, .. })) =
            (self.deviation.flaw.unwrap_or(Flaw::SentTwice), &self.known.old_secret, &reply)
        {
            reply = self.exchange(&self.message, Try { secret: old, refused: Some(&secret) });
        }
        if self.is_sent_again(&reply) {
            reply = self.exchange(&self.message, attempt);
        }
        if let Source::Kept(turn) = &self.source {
            let forgets = match self.deviation.flaw {
                Some(Flaw::RefreshTokenLostBy500) => matches!(reply, Ok(wire::Reply { status: 500, .. })),
                Some(Flaw::RefreshTokenLostInParallel) => self.index > 0,
                _ => false,
            };
            if forgets {
                turn.forget_new_refresh_token();
            }
        }
        Ok(match reply {
            Ok(wire::Reply { status: 300..400, location: Some(location), .. })
                if self.deviation.variation(Variation::RedirectTargetNamed) =>
            {
                Answer::Failure(format!("the service redirects to {}", origin(&location)))
            }
            Ok(reply) => Answer::Status(reply.status),
            Err(reason) => Answer::Failure(reason),
        })
    }

    /// Renews what can be renewed, and tries once more; a given credential is refused for good.
    fn after_refusal(&self, secret: &str, reply: Result<wire::Reply, String>) -> Result<wire::Reply, String> {
        let Source::Kept(turn) = &self.source else {
            let tries_again = match self.deviation.flaw {
                Some(Flaw::KeyAsBearerAfter401 | Flaw::KeyInQueryAfter401 | Flaw::KeyInOwnHeaderAfter401) => {
                    matches!(self.source, Source::Key(_))
                }
                Some(Flaw::TokenAsBasicAfter401 | Flaw::TokenInQueryAfter401) => {
                    matches!(self.source, Source::Token(_))
                }
                Some(Flaw::TwoHeadersAfter401) => true,
                _ => false,
            };
            let attempt = Try { secret, refused: Some(secret) };
            return if tries_again { self.exchange(&self.message, attempt) } else { reply };
        };
        let tries = match self.deviation.flaw {
            Some(Flaw::RenewedEndlessly) => RENEWALS_WITHOUT_END,
            Some(Flaw::RenewedThreeTimes) => 3,
            _ => 1,
        };
        let (mut refused, mut reply) = (secret.to_owned(), reply);
        if self.deviation.flaw(Flaw::RefusedTokenTriedAgain) {
            reply = self.exchange(&self.message, Try { secret, refused: None });
        }
        for _ in 0..tries {
            let Some(another) = turn.another_access_token(&refused) else { break };
            reply = self.exchange(&self.second, Try { secret: &another, refused: Some(&refused) });
            if !matches!(reply, Ok(wire::Reply { status: 401, .. })) {
                break;
            }
            refused = another;
        }
        reply
    }

    /// Another host that a flaw turns to after this answer.
    fn fallback(&self, reply: &Result<wire::Reply, String>) -> Option<&str> {
        let Known { other_environment, legacy, .. } = &self.known;
        let is_given = !matches!(self.source, Source::Kept(_));
        if let (Err(reason), true) = (reply, is_given) {
            match self.deviation.flaw? {
                Flaw::OtherEnvironmentAfterRefusedConnection if wire::is_refused(reason) => {
                    return Some(other_environment);
                }
                Flaw::OtherEnvironmentAfterTimeOut if wire::is_time_out(reason) => {
                    return Some(other_environment);
                }
                Flaw::LegacyAfterRefusedConnection if wire::is_refused(reason) => return Some(legacy),
                Flaw::LegacyAfterTimeOut if wire::is_time_out(reason) => return Some(legacy),
                _ => {}
            }
        }
        let (status, elsewhere) = match self.deviation.flaw? {
            Flaw::OtherEnvironmentAfter401 => (Some(401), other_environment),
            Flaw::OtherEnvironmentAfter503 => (Some(503), other_environment),
            Flaw::OtherEnvironmentAfterDrop => (None, other_environment),
            Flaw::LegacyAfter401 => (Some(401), legacy),
            Flaw::LegacyAfter503 => (Some(503), legacy),
            Flaw::LegacyAfterDrop => (None, legacy),
            _ => return None,
        };
        (is_given && reply.as_ref().ok().map(|reply| reply.status) == status).then_some(elsewhere)
    }

    /// What a flaw makes of the request when it tries again after this answer.
    fn changed_by_failure(&self, reply: &Result<wire::Reply, String>) -> Option<wire::Message> {
        let status = reply.as_ref().ok().map(|reply| reply.status);
        let mut message = self.message.clone();
        match (self.deviation.flaw?, status) {
            (Flaw::HeaderMissingAfterDrop, None) | (Flaw::KeyInQueryAfter503, Some(503)) => {}
            (Flaw::BodyMissingAfter503, Some(503)) => message.body = message.body.filter(|_| false),
            (Flaw::CompanyMissingAfter404, Some(404)) => message = self.bare.clone(),
            (Flaw::CompanyTwiceAfter429, Some(429)) => {
                let (_, company) = message.url.split_once("company_id=")?;
                let company = company.split('&').next().unwrap_or_default().to_owned();
                message.url = format!("{}&company_id={company}", message.url);
            }
            _ => return None,
        }
        Some(message)
    }

    /// Whether the same request is sent once more after this answer.
    fn is_sent_again(&self, reply: &Result<wire::Reply, String>) -> bool {
        let may_be = self.deviation.variation(Variation::FailureTriedAgain) && self.message.method == "GET";
        match reply {
            Ok(wire::Reply { status: 403, .. }) => self.deviation.flaw(Flaw::ForbiddenRetried),
            Ok(wire::Reply { status: 200..300, body, .. }) if self.message.method == "POST" => {
                let is_useless = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err();
                self.deviation.flaw(Flaw::SentTwice)
                    || (is_useless && self.deviation.flaw(Flaw::RepeatedAfterUselessSuccess))
            }
            Ok(wire::Reply { status: 200..300, .. }) => self.deviation.flaw(Flaw::SentTwice),
            Ok(wire::Reply { status: 504, .. }) if self.deviation.flaw(Flaw::RepeatedAfter504) => true,
            Ok(wire::Reply { status: 404 | 429 | 500.., retry_after, .. }) if may_be => {
                // A server that asks for more time than a test has gets no second try.
                let waits = retry_after.unwrap_or_default() <= 1;
                if waits {
                    thread::sleep(Duration::from_secs(retry_after.unwrap_or_default()));
                }
                waits
            }
            Err(reason) if wire::is_refused(reason) || wire::is_time_out(reason) => may_be,
            Err(reason) if wire::is_reset(reason) => may_be || self.deviation.flaw(Flaw::RepeatedAfterReset),
            Err(_) => may_be || self.deviation.flaw(Flaw::RepeatedAfterDrop),
            Ok(_) => false,
        }
    }

    fn exchange(&self, message: &wire::Message, attempt: Try<'_>) -> Result<wire::Reply, String> {
        let mut message = message.clone();
        message.headers = self.headers(&message, attempt);
        if let Some((name, secret)) = self.query_leak(attempt) {
            let separator = if message.url.contains('?') { '&' } else { '?' };
            let secret = utf8_percent_encode(&secret, NON_ALPHANUMERIC);
            message.url = format!("{}{separator}{name}={secret}", message.url);
        }
        self.leak_into_body(&mut message, attempt);
        let reply = wire::exchange(&message, self.deviation);
        match &reply {
            Ok(wire::Reply { status: 201, location: Some(location), .. })
                if self.deviation.flaw(Flaw::LocationOf201Followed) =>
            {
                message.url.clone_from(location);
                wire::exchange(&message, self.deviation)
            }
            Ok(wire::Reply { status: 300..400, location: Some(location), .. })
                if self.follows(&message, location) =>
            {
                message.url.clone_from(location);
                wire::exchange(&message, self.deviation)
            }
            Ok(wire::Reply { status: 300..400, location: Some(location), .. })
                if self.deviation.flaw(Flaw::RedirectKeptForLater) =>
            {
                *self.known.moved.lock().unwrap() = Some(origin(location));
                reply
            }
            _ => reply,
        }
    }

    fn follows(&self, message: &wire::Message, location: &str) -> bool {
        if self.deviation.variation(Variation::OwnRedirectFollowed) {
            let own = format!("{}/", self.known.base_url);
            return message.method == "GET" && location.starts_with(&own);
        }
        match self.deviation.flaw {
            Some(Flaw::RedirectFollowed) => true,
            Some(Flaw::RedirectToOtherEnvironmentFollowed) => {
                location.starts_with(&self.known.other_environment)
            }
            Some(Flaw::RedirectToLegacyFollowed) => location.starts_with(&self.known.legacy),
            _ => false,
        }
    }

    /// Asks what some variations ask before the first request of a session. The answer makes no difference.
    pub(super) fn ask_first(&self) {
        let is_key = matches!(self.source, Source::Key(_));
        let whoami = if is_key { "/v1/introspect" } else { "/v1/installations/me" };
        let (method, url) = match self.deviation.variation {
            Some(Variation::IntrospectedFirst) => ("GET", format!("{}{whoami}", self.known.base_url)),
            Some(Variation::OptionsFirst) => ("OPTIONS", self.message.url.clone()),
            Some(Variation::HeadFirst) => ("HEAD", self.message.url.clone()),
            _ => return,
        };
        let mut message = wire::Message { method: method.to_owned(), url, headers: Vec::new(), body: None };
        if method != "OPTIONS" {
            let secret = match &self.source {
                Source::Key(secret) | Source::Token(secret) => Ok(secret.clone()),
                Source::Kept(turn) => turn.access_token(),
            };
            let Ok(secret) = secret else { return };
            message.headers = self.headers(&message, Try { secret: &secret, refused: None });
        }
        let _ = wire::exchange(&message, self.deviation);
    }

    /// Whether the tokens were renewed since the client has them.
    pub(super) fn was_renewed(&self) -> bool {
        self.renewed_refresh_token().is_some()
    }

    /// The refresh token that a renewal brought.
    pub(super) fn renewed_refresh_token(&self) -> Option<String> {
        match &self.source {
            Source::Kept(turn) => turn.renewed().map(|(_, refresh_token)| refresh_token),
            _ => None,
        }
    }

    fn headers(&self, message: &wire::Message, attempt: Try<'_>) -> Vec<(&'static str, String)> {
        let variation = self.deviation.variation;
        let user_agent = match variation {
            Some(Variation::OtherUserAgent) => "Mozilla/5.0 (X11; Linux)".to_owned(),
            Some(Variation::LastFourInUserAgent) => {
                format!("reference/1 ({})", last_four(attempt.secret).unwrap_or_default())
            }
            _ => self
                .user_agent_leak(attempt)
                .map_or_else(|| "reference/1".to_owned(), |secret| format!("reference/1 ({secret})")),
        };
        let accept = match variation {
            Some(Variation::AcceptWithCharset) => "application/json;charset=utf-8, */*;q=0.1",
            _ => "application/json",
        };
        let mut headers = Vec::new();
        if variation != Some(Variation::NoUserAgent) {
            headers.push(("User-Agent", user_agent));
        }
        headers.push(("Accept", accept.to_owned()));
        if variation == Some(Variation::ExtraHeaders) {
            headers.push(("Accept-Language", "da, en;q=0.5".to_owned()));
            headers.push(("X-Request-Id", "1".to_owned()));
        }
        if variation == Some(Variation::TriesNumbered) {
            let number = if attempt.refused.is_some() { 2 } else { 1 };
            headers.push(("X-Try", number.to_string()));
        }
        headers.extend(self.authorizations(attempt).into_iter().map(|value| ("Authorization", value)));
        headers.extend(self.header_leak(attempt));
        headers.extend(message.headers.iter().cloned());
        if let (Some(Variation::DigestOfBody), Some(body)) = (variation, &message.body) {
            let digest = STANDARD.encode(Sha256::digest(body));
            headers.push(("Content-Digest", format!("sha-256=:{digest}:")));
        }
        headers
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

/// What the try after a renewal sends: the same, if all is right. `bare` is the request without its company,
/// and `first` what the session's first call was.
pub(super) fn second(
    deviation: Deviation,
    message: &wire::Message,
    bare: &wire::Message,
    first: Option<&Send>,
    send: &Send,
) -> wire::Message {
    let mut second = message.clone();
    match deviation.flaw {
        Some(Flaw::SecondTryByGet) => "GET".clone_into(&mut second.method),
        Some(Flaw::SecondTryWithoutBody) => {
            second.body = None;
            second.headers.retain(|(name, _)| *name != "Content-Type");
        }
        Some(Flaw::SecondTryWithoutQuery) => {
            second.url.truncate(second.url.find('?').unwrap_or(second.url.len()));
        }
        Some(Flaw::SecondTryWithoutCompany) => second.clone_from(bare),
        Some(Flaw::SecondTryReencoded) => second.url = second.url.replace('%', "%25"),
        Some(Flaw::SecondTryWithFirstPath) => {
            if let Some(first) = first {
                second.url = second.url.replacen(&filled(send), &filled(first), 1);
            }
        }
        _ => {}
    }
    second
}

/// The path of a call with its parameters.
fn filled(send: &Send) -> String {
    let right = Deviation::default();
    super::request::path(right, send).unwrap_or_else(|_| send.operation.path.clone())
}
