//! The authorisation code flow with PKCE, and tokens that are renewed.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use form_urlencoded::byte_serialize;
use pleo_conformance::protocol::{App, Authorize, Tokens};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Deviation, Flaw, Variation, wire};

/// How often a failing refresh is tried in one call.
const TRIES: usize = 3;

/// Between two of them.
const PAUSE: Duration = Duration::from_millis(2);

/// An authorisation that waits for its redirect.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) environment: String,
    app: App,
    state: String,
    verifier: String,
}

impl Pending {
    /// Begins an authorisation at this server. The text is the URL to send the user to.
    pub(super) fn begin(deviation: Deviation, server: &str, authorize: &Authorize) -> (String, Self) {
        let app = &authorize.app;
        static AUTHORISATIONS: AtomicU64 = AtomicU64::new(0);
        let verifier = if deviation.flaw(Flaw::VerifierFixed) {
            "the-one-and-only-verifier-of-all-authorisations".to_owned()
        } else if deviation.flaw(Flaw::VerifierShort) {
            random()[..42].to_owned()
        } else {
            random()
        };
        let state = if deviation.flaw(Flaw::StateCounted) {
            format!("{:030}", AUTHORISATIONS.fetch_add(1, Ordering::Relaxed))
        } else if deviation.flaw(Flaw::StateFixed) {
            "the-one-and-only-state-of-all-authorisation".to_owned()
        } else if deviation.flaw(Flaw::StateShort) {
            random()[..21].to_owned()
        } else if deviation.variation(Variation::StateOf22Characters) {
            random()[..22].to_owned()
        } else if deviation.flaw(Flaw::VerifierAsState) {
            verifier.clone()
        } else {
            random()
        };
        let mut redirect_uri = app.redirect_uri.clone();
        if deviation.flaw(Flaw::RedirectUriChanged) {
            redirect_uri.push('/');
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &app.client_id)
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("scope", &authorize.scopes.join(" "))
            .append_pair("state", &state);
        if deviation.flaw(Flaw::PlainPkce) {
            query.append_pair("code_challenge", &verifier).append_pair("code_challenge_method", "plain");
        } else if !deviation.flaw(Flaw::NoPkce) {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
            query.append_pair("code_challenge", &challenge).append_pair("code_challenge_method", "S256");
        }
        if deviation.flaw(Flaw::ClientSecretInUrl) {
            query.append_pair("client_secret", &app.client_secret);
        }
        let url = format!("{server}/oauth/authorize?{}", query.finish());
        (url, Self { environment: authorize.environment.clone(), app: app.clone(), state, verifier })
    }

    /// Exchanges the code of a redirect; a renewal goes to the second server.
    pub(super) fn finish(
        self,
        deviation: Deviation,
        server: &str,
        renewal_server: &str,
        redirect: &str,
    ) -> Result<Keeper, String> {
        let query = redirect.split_once('?').map_or("", |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let given = |wanted: &str| -> Option<String> {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let state_is_right = match given("state") {
            Some(state) => state == self.state || deviation.flaw(Flaw::StateIgnored),
            None => deviation.flaw(Flaw::MissingStateAccepted),
        };
        if !state_is_right {
            return Err("the redirect does not belong to this authorisation".to_owned());
        }
        if given("error").is_some() && !deviation.flaw(Flaw::ErrorIgnored) {
            return Err("access was not granted".to_owned());
        }
        let code = match given("code").filter(|code| !code.is_empty()) {
            Some(code) => code,
            None if deviation.flaw(Flaw::MissingCodeExchanged) => String::new(),
            None => return Err("the redirect has no code".to_owned()),
        };

        let mut redirect_uri = self.app.redirect_uri.clone();
        if deviation.flaw(Flaw::RedirectUriChanged) || deviation.flaw(Flaw::RedirectUriChangedInExchange) {
            redirect_uri.push('/');
        }
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        if deviation.flaw(Flaw::WrongVerifier) {
            form.push(("code_verifier", random()));
        } else if !deviation.flaw(Flaw::VerifierMissing) && !deviation.flaw(Flaw::NoPkce) {
            form.push(("code_verifier", self.verifier));
        }
        let granted = post(deviation, server, &self.app, &form).map_err(|error| error.reason())?;
        let pair = Pair {
            access: granted.access,
            refresh: granted.refresh.unwrap_or_default(),
            expires_at: granted.expires_at,
            ended: false,
        };
        Ok(Keeper::new(deviation, renewal_server, self.app, pair))
    }
}

/// 43 characters that nobody can guess.
fn random() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A pair of tokens that is renewed when it has to be.
#[derive(Debug)]
pub(super) struct Keeper {
    deviation: Deviation,
    server: String,
    app: App,
    pair: Mutex<Pair>,
}

#[derive(Debug, Clone)]
struct Pair {
    access: String,
    refresh: String,
    expires_at: Option<Instant>,
    /// The server has called the refresh token invalid.
    ended: bool,
}

impl Pair {
    fn has_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| Instant::now() >= at)
    }
}

impl Keeper {
    fn new(deviation: Deviation, server: &str, app: App, pair: Pair) -> Self {
        Self { deviation, server: server.to_owned(), app, pair: Mutex::new(pair) }
    }

    /// Keeps a pair that somebody else got.
    pub(super) fn keep(deviation: Deviation, server: &str, tokens: Tokens) -> Self {
        let pair = Pair {
            access: tokens.access_token,
            refresh: tokens.refresh_token,
            expires_at: expiry(tokens.expires_in),
            ended: false,
        };
        Self::new(deviation, server, tokens.app, pair)
    }

    /// Begins a call, whose requests share what comes of a renewal.
    pub(super) fn turn(self: &Arc<Self>) -> Turn {
        Turn { seen: self.pair().clone(), keeper: Arc::clone(self), failed: OnceLock::new() }
    }

    /// Held while renewing, so that one refresh is in flight.
    fn pair(&self) -> MutexGuard<'_, Pair> {
        self.pair.lock().unwrap()
    }
}

/// One call's view of the tokens.
#[derive(Debug)]
pub(super) struct Turn {
    keeper: Arc<Keeper>,
    /// The tokens when the call began, for the flaw that renews without looking further.
    seen: Pair,
    /// Why renewing failed in this call, so that its other requests do not try again.
    failed: OnceLock<String>,
}

impl Turn {
    /// The access token to send, renewed if it has expired.
    pub(super) fn access_token(&self) -> Result<String, String> {
        let mut pair = self.keeper.pair();
        if self.flaw(Flaw::ExpiredTokenSent) {
            return Ok(pair.access.clone());
        }
        if self.flaw(Flaw::RefreshStorm) && self.seen.has_expired() {
            drop(pair);
            let mut own = self.seen.clone();
            let renewed = self.renew(&mut own);
            self.keeper.pair().clone_from(&own);
            return renewed.map(|()| own.access);
        }
        if pair.has_expired() {
            let old = pair.access.clone();
            self.renew(&mut pair)?;
            if self.flaw(Flaw::OldAccessTokenKept) {
                return Ok(old);
            }
        }
        if pair.ended && !self.flaw(Flaw::DeadRefreshTokenReused) {
            return Err(ENDED.to_owned());
        }
        Ok(pair.access.clone())
    }

    /// Another access token than this one, which the API has answered with 401; `None` if there is none.
    pub(super) fn another_access_token(&self, refused: &str) -> Option<String> {
        let mut pair = self.keeper.pair();
        if self.flaw(Flaw::ExpiredTokenSent) {
            return None;
        }
        if pair.access == refused {
            self.renew(&mut pair).ok()?;
        }
        Some(pair.access.clone())
    }

    /// Has the next call renew an access token that the API has answered with 401.
    pub(super) fn give_up(&self, refused: &str) {
        let mut pair = self.keeper.pair();
        if pair.access == refused {
            pair.expires_at = Some(Instant::now());
        }
    }

    fn renew(&self, pair: &mut Pair) -> Result<(), String> {
        if pair.ended && !self.flaw(Flaw::DeadRefreshTokenReused) {
            return Err(ENDED.to_owned());
        }
        if let Some(reason) = self.failed.get().filter(|_| !self.flaw(Flaw::RefreshStorm)) {
            return Err(reason.clone());
        }
        let reason = match self.refresh(pair) {
            Ok(granted) => {
                pair.access = granted.access;
                if let Some(refresh) = granted.refresh.filter(|_| !self.flaw(Flaw::OldRefreshTokenKept)) {
                    pair.refresh = refresh;
                }
                pair.expires_at = granted.expires_at;
                return Ok(());
            }
            Err(error) => {
                pair.ended |= match error {
                    TokenError::InvalidGrant => true,
                    TokenError::Unavailable(_) => self.flaw(Flaw::TransientFailureEndsSession),
                    TokenError::Refused(_) => false,
                };
                error.reason()
            }
        };
        Err(self.failed.get_or_init(|| reason).clone())
    }

    fn refresh(&self, pair: &Pair) -> Result<Granted, TokenError> {
        let Keeper { deviation, server, app, .. } = &*self.keeper;
        let form = [("grant_type", "refresh_token".to_owned()), ("refresh_token", pair.refresh.clone())];
        let tries = if self.flaw(Flaw::RefreshRetriedEndlessly) {
            50
        } else if deviation.variation(Variation::RefreshTriedTenTimes) {
            10
        } else {
            TRIES
        };
        let mut answer = post(*deviation, server, app, &form);
        for _ in 1..tries {
            if !matches!(answer, Err(TokenError::Unavailable(_))) {
                break;
            }
            std::thread::sleep(PAUSE);
            answer = post(*deviation, server, app, &form);
        }
        answer
    }

    fn flaw(&self, flaw: Flaw) -> bool {
        self.keeper.deviation.flaw(flaw)
    }
}

const ENDED: &str = "the authorisation has ended: have the user authorise the app again";

/// What a token endpoint gave.
struct Granted {
    access: String,
    refresh: Option<String>,
    expires_at: Option<Instant>,
}

/// Why a token endpoint gave nothing.
enum TokenError {
    /// The code or refresh token is dead.
    InvalidGrant,
    /// It said no with this status.
    Refused(u16),
    /// It did not get so far as to say anything.
    Unavailable(String),
}

impl TokenError {
    fn reason(&self) -> String {
        match self {
            Self::InvalidGrant => ENDED.to_owned(),
            Self::Refused(status) => format!("the authorisation server answered {status}"),
            Self::Unavailable(what) => format!("the authorisation server is not available: {what}"),
        }
    }
}

/// Asks for a token as an app that acts for nobody, and does nothing with the answer.
pub(super) fn ask_for_token(deviation: Deviation, server: &str) {
    let app =
        App { client_id: "reference".to_owned(), client_secret: String::new(), redirect_uri: String::new() };
    // What comes of it makes no difference.
    let _ = post(deviation, server, &app, &[("grant_type", "client_credentials".to_owned())]);
}

/// Posts a form to the token endpoint.
fn post(
    deviation: Deviation,
    server: &str,
    app: &App,
    form: &[(&str, String)],
) -> Result<Granted, TokenError> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let mut headers = vec![
        ("Accept", "application/json".to_owned()),
        ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
    ];
    if deviation.flaw(Flaw::ClientSecretInBody) || deviation.flaw(Flaw::ClientSecretInBodyToo) {
        body.append_pair("client_id", &app.client_id).append_pair("client_secret", &app.client_secret);
    }
    let authorization = match deviation.flaw {
        Some(Flaw::ClientSecretInBody | Flaw::AppUnnamed) => None,
        Some(Flaw::AppWithoutSecret) => {
            Some(format!("Basic {}", STANDARD.encode(format!("{}:", app.client_id))))
        }
        Some(Flaw::AppByBearer) => Some(format!("Bearer {}", client_credentials(app))),
        _ => Some(format!("Basic {}", client_credentials(app))),
    };
    headers.extend(authorization.map(|value| ("Authorization", value)));
    if let Some((_, token)) = form.iter().find(|(name, _)| *name == "refresh_token")
        && deviation.flaw(Flaw::RefreshTokenInHeader)
    {
        headers.push(("X-Refresh-Token", token.clone()));
    }
    let message = wire::Message {
        method: "POST".to_owned(),
        url: format!("{server}/oauth/token"),
        headers,
        body: Some(body.finish().into_bytes()),
    };
    let reply = wire::exchange(&message, deviation.variation).map_err(TokenError::Unavailable)?;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match reply.status {
        200 | 201 => {
            let access = answer["access_token"].as_str();
            let access = access.ok_or_else(|| TokenError::Unavailable("no token came".to_owned()))?;
            Ok(Granted {
                access: access.to_owned(),
                refresh: answer["refresh_token"].as_str().map(str::to_owned),
                expires_at: answer["expires_in"].as_u64().and_then(expiry),
            })
        }
        400..500 if answer["error"] == "invalid_grant" => Err(TokenError::InvalidGrant),
        429 | 500.. => Err(TokenError::Unavailable(format!("it answered {}", reply.status))),
        status => Err(TokenError::Refused(status)),
    }
}

/// Client id and secret, each form-encoded, as RFC 6749, section 2.3.1, has them.
fn client_credentials(app: &App) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    STANDARD.encode(format!("{}:{}", encoded(&app.client_id), encoded(&app.client_secret)))
}

/// When something ends that is valid for so many seconds; `None` if no clock gets that far.
fn expiry(seconds: u64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(seconds))
}
