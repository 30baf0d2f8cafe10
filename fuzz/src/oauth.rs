//! What the authorisation server and the user's browser bring.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::StatusCode;
use pleo_auth::{
    Staging,
    oauth::{
        MemoryStore, OAuthApp, OAuthTransport, PendingAuthorization, RedirectError, RefreshPolicy,
        RefreshingToken, Tokens,
    },
    pleo_client::{BoxFuture, TransportError},
};

use crate::shows_nothing_private;

/// Answers every request to the authorisation server with this, and counts.
#[derive(Clone)]
struct Canned {
    status: StatusCode,
    body: Bytes,
    requests: Arc<AtomicUsize>,
}

impl OAuthTransport for Canned {
    fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let mut response = http::Response::new(self.body.clone());
        *response.status_mut() = self.status;
        Box::pin(async { Ok(response) })
    }
}

fn app(status: u16, body: &[u8]) -> (OAuthApp<Staging>, Arc<AtomicUsize>) {
    let requests = Arc::<AtomicUsize>::default();
    let canned = Canned {
        status: StatusCode::from_u16(status).unwrap(),
        body: Bytes::copy_from_slice(body),
        requests: Arc::clone(&requests),
    };
    let app = OAuthApp::with_transport(Staging, "FAKE-CLIENT", "https://app.test/callback", canned).unwrap();
    (app, requests)
}

/// The state of the authorisation that the redirects belong to.
const STATE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// An authorisation with that state.
fn pending(app: &OAuthApp<Staging>) -> PendingAuthorization<Staging> {
    let kept = app.authorize(&Default::default()).unwrap().pending.into_secret();
    let (_, rest) = kept.expose().split_once('.').unwrap();
    app.resume_authorization(format!("{STATE}.{rest}").into()).unwrap()
}

pub(crate) fn redirect(_: u8, input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let result = pending(&app(200, b"").0).finish(&text);
    // Nothing is believed of a redirect that does not have the state.
    let unescaped = form_urlencoded::parse(text.as_bytes()).map(|(name, value)| format!("{name}={value}"));
    let has_state = unescaped.collect::<String>().contains(STATE);
    match result {
        Ok(_) | Err(RedirectError::Denied { .. } | RedirectError::NoCode) => assert!(has_state, "{text}"),
        Err(_) => {}
    }
    if let Err(error) = result {
        shows_nothing_private(&error, &error);
    }
}

pub(crate) fn token_response(status: u8, body: &[u8]) {
    const STATUSES: [u16; 10] = [200, 201, 202, 302, 400, 401, 403, 429, 500, 503];
    let status = STATUSES[usize::from(status) % STATUSES.len()];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        exchange(status, body).await;
        renewal(status, body).await;
    });
}

async fn exchange(status: u16, body: &[u8]) {
    let (app, requests) = app(status, body);
    let code = pending(&app).finish(&format!("?code=FAKE-CODE&state={STATE}")).unwrap();
    match app.exchange(code).await {
        Ok(tokens) => is_usable(&tokens),
        Err(error) => shows_nothing_private(&error, &error),
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1, "a code is sent once");
}

async fn renewal(status: u16, body: &[u8]) {
    let (app, requests) = app(status, body);
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let tokens = Tokens::new(Staging, "FAKE-A0", Some("FAKE-R0".into()), Some(long_ago));
    let store = MemoryStore::new(tokens);
    let policy = RefreshPolicy::default().with_backoff(Duration::ZERO);
    let token = RefreshingToken::resume(app, store.clone(), policy);
    let result = token.prepare().await;
    let asked = requests.load(Ordering::SeqCst);
    match &result {
        Ok(()) => {
            let stored = store.tokens().await.unwrap();
            is_usable(&stored);
            assert!(StatusCode::from_u16(status).unwrap().is_success(), "{status}");
            assert!(stored.refresh_token().is_some());
            assert_eq!(asked, 1);
        }
        Err(error) => shows_nothing_private(error, error),
    }
    // A success, 400 and 401 may have used the refresh token up, or refused it for good.
    let once = matches!(status, 200..=202 | 400 | 401);
    let repeats = String::from_utf8_lossy(body).contains("error");
    assert!(
        asked == 1 || (!once || repeats) && asked <= policy.attempts as usize,
        "{asked} requests after {status}"
    );
    // Once it is over, nothing is sent again.
    if token.ended().is_some() {
        assert!(result.is_err() && token.prepare().await.is_err());
        assert_eq!(requests.load(Ordering::SeqCst), asked);
    }
}

/// An access token can be sent in a header.
fn is_usable(tokens: &Tokens<Staging>) {
    let text = tokens.access_token().expose();
    assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
}
