//! The token endpoint.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use form_urlencoded::byte_serialize;
use pleo_conformance::protocol::App;
use serde_json::Value;

use super::{Deviation, Flaw, Variation, wire};

/// Why nothing more can be done with an authorisation.
pub(super) const ENDED: &str = "the authorisation has ended: have the user authorise the app again";

/// Why a success of the token endpoint is of no use.
pub(super) const NO_TOKENS: &str = "the authorisation server's response has no tokens";

/// What a token endpoint gave.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) expires_at: Option<Instant>,
}

/// Why a token endpoint gave nothing.
#[derive(Debug)]
pub(super) enum TokenError {
    /// The code or refresh token is dead.
    InvalidGrant,
    /// It said no with this status.
    Refused(u16),
    /// It succeeded without tokens, or with some that are of no use.
    Unusable(String),
    /// It cannot say anything at the moment.
    Unavailable(String),
}

impl TokenError {
    /// Whether no usable answer came at all.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Self::Unavailable(what) if what.starts_with(wire::NO_ANSWER))
    }

    /// Whether no connection came about.
    pub(super) fn is_refused_connection(&self) -> bool {
        matches!(self, Self::Unavailable(what) if wire::is_refused(what))
    }

    /// Whether no answer came in time.
    pub(super) fn is_time_out(&self) -> bool {
        matches!(self, Self::Unavailable(what) if wire::is_time_out(what))
    }

    pub(super) fn reason(&self) -> String {
        match self {
            Self::InvalidGrant => ENDED.to_owned(),
            Self::Refused(status) => format!("the authorisation server answered {status}"),
            Self::Unusable(what) => format!("{NO_TOKENS}{what}"),
            Self::Unavailable(what) => format!("the authorisation server is not available: {what}"),
        }
    }
}

/// Names and values as a form or a query.
pub(super) struct Form {
    pairs: Vec<(&'static str, String)>,
    /// The names of those that a flaw leaves as they are.
    unencoded: Vec<&'static str>,
}

impl Form {
    pub(super) fn new() -> Self {
        Self { pairs: Vec::new(), unencoded: Vec::new() }
    }

    pub(super) fn push(&mut self, name: &'static str, value: impl Into<String>) {
        self.pairs.push((name, value.into()));
    }

    /// Leaves the value of this name as it is.
    pub(super) fn leave(&mut self, name: &'static str) {
        self.unencoded.push(name);
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn write(mut self, deviation: Deviation) -> String {
        if deviation.variation(Variation::FormsReversed) {
            self.pairs.reverse();
        }
        let write = |(name, value): &(&'static str, String)| {
            let value = if self.unencoded.contains(name) { value.clone() } else { encoded(value) };
            match deviation.variation {
                Some(Variation::PercentForSpaceInForms) => format!("{name}={}", value.replace('+', "%20")),
                _ => format!("{name}={value}"),
            }
        };
        self.pairs.iter().map(write).collect::<Vec<_>>().join("&")
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Asks for a token as an app that acts for nobody, and does nothing with the answer.
pub(super) fn ask_for_token(deviation: Deviation, server: &str) {
    let app =
        App { client_id: "reference".to_owned(), client_secret: String::new(), redirect_uri: String::new() };
    let mut form = Form::new();
    form.push("grant_type", "client_credentials");
    // What comes of it makes no difference.
    let _ = post(deviation, server, &app, form);
}

/// Posts a form to the token endpoint.
pub(super) fn post(
    deviation: Deviation,
    server: &str,
    app: &App,
    mut form: Form,
) -> Result<Granted, TokenError> {
    let mut headers = vec![
        ("Accept", "application/json".to_owned()),
        (
            "Content-Type",
            match deviation.flaw {
                Some(Flaw::FormCalledJson) => "application/json".to_owned(),
                _ => "application/x-www-form-urlencoded".to_owned(),
            },
        ),
    ];
    if let Some(Flaw::ClientSecretInBody | Flaw::ClientSecretInBodyToo | Flaw::ClientSecretUnencoded) =
        deviation.flaw
    {
        form.push("client_id", &app.client_id);
        form.push("client_secret", &app.client_secret);
    }
    let in_body = match deviation.flaw {
        Some(Flaw::ExchangeSecretInBody) => form.get("code").is_some(),
        Some(Flaw::RenewalSecretInBody) => form.get("refresh_token").is_some(),
        _ => false,
    };
    if in_body {
        form.push("client_secret", &app.client_secret);
    }
    match deviation.flaw {
        Some(Flaw::ClientSecretUnencoded) => form.leave("client_secret"),
        Some(Flaw::CodeUnencoded) => form.leave("code"),
        Some(Flaw::RefreshTokenUnencoded) => form.leave("refresh_token"),
        _ => {}
    }
    let authorization = match deviation.flaw {
        Some(Flaw::ClientSecretInBody | Flaw::ClientSecretUnencoded | Flaw::AppUnnamed) => None,
        Some(Flaw::AppWithoutSecret) => {
            Some(format!("Basic {}", STANDARD.encode(format!("{}:", app.client_id))))
        }
        Some(Flaw::AppByBearer) => Some(format!("Bearer {}", client_credentials(app))),
        _ => Some(format!("Basic {}", client_credentials(app))),
    };
    headers.extend(authorization.map(|value| ("Authorization", value)));
    if let Some(token) = form.get("refresh_token")
        && deviation.flaw(Flaw::RefreshTokenInHeader)
    {
        headers.push(("X-Refresh-Token", token.to_owned()));
    }
    let renews = form.get("refresh_token").is_some();
    if !renews && deviation.flaw(Flaw::ClientSecretInHeader) {
        headers.push(("X-Client-Secret", encoded(&app.client_secret)));
    }
    let verifier = form.get("code_verifier").map(str::to_owned);
    let body = form.write(deviation);
    let query = match deviation.flaw {
        Some(Flaw::ExchangeInQuery) if !renews => format!("?{body}"),
        Some(Flaw::VerifierInExchangeQuery) if !renews => {
            format!("?verifier={}", verifier.unwrap_or_default())
        }
        _ => String::new(),
    };
    let message = wire::Message {
        method: "POST".to_owned(),
        url: format!("{server}/oauth/token{query}"),
        headers,
        body: Some(body.into_bytes()),
    };
    let mut reply = wire::exchange(&message, deviation).map_err(TokenError::Unavailable)?;
    let follows = match deviation.flaw {
        Some(Flaw::RenewalRedirectFollowed) => renews,
        Some(Flaw::ExchangeRedirectFollowed) => !renews,
        _ => false,
    };
    if let (Some(url), true) = (reply.location.clone(), follows) {
        let message = wire::Message { url, ..message };
        reply = wire::exchange(&message, deviation).map_err(TokenError::Unavailable)?;
    }
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match reply.status {
        200..300 => granted(deviation, renews, &reply.body, &answer),
        400..500 if answer["error"] == "invalid_grant" => Err(TokenError::InvalidGrant),
        429 | 500.. => Err(TokenError::Unavailable(format!("it answered {}", reply.status))),
        status => Err(TokenError::Refused(status)),
    }
}

/// What a success gives.
fn granted(deviation: Deviation, renews: bool, body: &[u8], answer: &Value) -> Result<Granted, TokenError> {
    let token = |name: &str| answer[name].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
    let body = String::from_utf8_lossy(body);
    let unusable = || {
        let shows = match deviation.flaw {
            Some(Flaw::RenewalResponseInError) => renews,
            Some(Flaw::PartialResponseInError) => renews && token("refresh_token").is_some(),
            Some(Flaw::ExchangeResponseInError) => !renews,
            _ => false,
        };
        TokenError::Unusable(if shows { format!(": {body}") } else { String::new() })
    };
    let access = token("access_token").or_else(|| match deviation.flaw? {
        Flaw::MissingTokenAsNone if renews => Some("None".to_owned()),
        Flaw::MissingTokenAsUndefined if !renews => Some("undefined".to_owned()),
        Flaw::EmptyTokenSent => answer["access_token"].as_str().map(str::to_owned),
        Flaw::TokenOfHalfResponseSent => {
            let (_, rest) = body.split_once("\"access_token\":\"")?;
            rest.split('"').next().map(str::to_owned)
        }
        _ => None,
    });
    let ignores_type = match deviation.flaw {
        Some(Flaw::TokenTypeIgnoredAtRenewal) => renews,
        Some(Flaw::TokenTypeIgnoredAtExchange) => !renews,
        _ => false,
    };
    let is_bearer = answer["token_type"].as_str().is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let refresh = token("refresh_token");
    let is_pair = refresh.is_some() || !deviation.variation(Variation::PairRequired);
    let access = access.filter(|_| is_pair && (is_bearer || ignores_type)).ok_or_else(unusable)?;
    Ok(Granted { access, refresh, expires_at: answer["expires_in"].as_u64().and_then(expiry) })
}

/// Client id and secret, each form-encoded, as RFC 6749, section 2.3.1, has them.
fn client_credentials(app: &App) -> String {
    STANDARD.encode(format!("{}:{}", encoded(&app.client_id), encoded(&app.client_secret)))
}

/// When something ends that is valid for so many seconds; `None` if no clock gets that far.
pub(super) fn expiry(seconds: u64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(seconds))
}
