//! OAuth against npm's `oidc-provider`, a certified authorisation server.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Method, StatusCode, header};
use pleo_auth::{
    Client, RequestRefused, Sandbox, ScopeSet, Session,
    oauth::{
        MemoryStore, OAuthApp, OAuthError, OAuthErrorCode, OAuthTransport, RedirectError, RefreshPolicy,
        RefreshingToken, SessionEnd, TokenError, TokenKind, Tokens,
    },
    pleo_client::ReqwestTransport,
};
use tokio::sync::Barrier;

use super::Judge;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// As many calls as meet an expired token at once.
const CALLERS: usize = 50;

/// The authorisation server, and the user with a browser.
struct Server {
    judge: Judge,
    http: ReqwestTransport,
}

impl Server {
    fn start() -> Option<Self> {
        let judge = Judge::start("oidc-provider", &[])?;
        Some(Self { judge, http: ReqwestTransport::new().unwrap() })
    }

    fn address(&self) -> &str {
        self.judge.address("address")
    }

    fn public_app(&self) -> OAuthApp<Sandbox> {
        self.registered("FAKE-PUBLIC")
    }

    fn app(&self) -> OAuthApp<Sandbox> {
        self.registered("FAKE-CONFIDENTIAL").with_client_secret("FAKE/CLIENT+SECRET=").unwrap()
    }

    fn registered(&self, client_id: &str) -> OAuthApp<Sandbox> {
        let sandbox = Sandbox::new(self.address()).unwrap();
        OAuthApp::with_transport(sandbox, client_id, "https://app.test/callback", self.http.clone()).unwrap()
    }

    async fn request(&self, method: Method, url: &str, cookies: &str) -> http::Response<Bytes> {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(header::COOKIE, cookies)
            .body(Bytes::new())
            .unwrap();
        OAuthTransport::send(&self.http, request).await.unwrap()
    }

    async fn control(&self, method: Method, what: &str) -> Bytes {
        let answer = self.request(method, &format!("{}/judge/{what}", self.address()), "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body()
    }

    /// Sets the server's clock this many seconds ahead of this machine's.
    async fn set_clock_ahead(&self, seconds: i64) {
        self.control(Method::PUT, &format!("clock?ahead={seconds}")).await;
    }

    /// What was asked of the token endpoint, and the status of the responses.
    async fn token_requests(&self) -> Vec<String> {
        serde_json::from_slice(&self.control(Method::GET, "token-requests").await).unwrap()
    }

    /// Opens a URL as the user's browser does, with cookies, up to the redirect to the app.
    async fn visit(&self, url: &str) -> String {
        let mut cookies: BTreeMap<String, String> = BTreeMap::new();
        let mut url = url.to_owned();
        for _ in 0..10 {
            let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = self.request(Method::GET, &url, &sent.join("; ")).await;
            for cookie in answer.headers().get_all(header::SET_COOKIE) {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                if value.is_empty() {
                    cookies.remove(name);
                } else {
                    cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let location = answer.headers().get(header::LOCATION);
            let location = location
                .unwrap_or_else(|| panic!("{}: {:?}", answer.status(), answer.body()))
                .to_str()
                .unwrap();
            if location.starts_with("https://app.test/") {
                return location.to_owned();
            }
            url = match location.strip_prefix('/') {
                Some(path) => format!("{}/{path}", self.address()),
                None => location.to_owned(),
            };
        }
        panic!("the browser is sent around in circles");
    }

    /// Tokens that the user has allowed the app to have.
    async fn authorised(&self, app: &OAuthApp<Sandbox>) -> Tokens<Sandbox> {
        let start = app.authorize(&scopes()).unwrap();
        let redirect = self.visit(&start.url).await;
        app.exchange(start.pending.finish(&redirect).unwrap()).await.unwrap()
    }

    /// A client of the API with these tokens.
    fn client(&self, token: &RefreshingToken<Sandbox>) -> Client<Sandbox> {
        Client::with_transport(Session::new(token.clone()), self.http.clone()).unwrap()
    }
}

fn scopes() -> ScopeSet {
    "users:read export-jobs:read".parse().unwrap()
}

fn refreshing(app: &OAuthApp<Sandbox>, tokens: &Tokens<Sandbox>) -> RefreshingToken<Sandbox> {
    let (store, policy) = (MemoryStore::new(None), RefreshPolicy::default());
    RefreshingToken::new(app.clone(), tokens.clone(), store, policy).unwrap()
}

/// The same tokens, the access token of which has expired.
fn expired(tokens: &Tokens<Sandbox>) -> Tokens<Sandbox> {
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    Tokens::new(
        tokens.environment().clone(),
        tokens.access_token().clone(),
        tokens.refresh_token().cloned(),
        Some(an_hour_ago),
    )
}

fn has_ended<T: std::fmt::Debug>(result: Result<T, TokenError>) -> SessionEnd {
    match result {
        Err(TokenError::Ended(end)) => end,
        other => panic!("{other:?}"),
    }
}

fn is_invalid_grant<T: std::fmt::Debug>(result: Result<T, OAuthError>) -> bool {
    matches!(result, Err(OAuthError::Refused { code: OAuthErrorCode::InvalidGrant, .. }))
}

#[tokio::test]
async fn a_code_becomes_tokens_that_the_server_knows_and_that_open_the_api() {
    let Some(server) = Server::start() else { return };
    for app in [server.public_app(), server.app()] {
        let tokens = server.authorised(&app).await;
        assert_eq!(tokens.scopes(), Some(&scopes()));
        for (kind, token) in
            [(TokenKind::Access, Some(tokens.access_token())), (TokenKind::Refresh, tokens.refresh_token())]
        {
            assert!(token.is_some_and(|token| !token.expose().is_empty()));
            let info = app.introspect(&tokens, kind).await.unwrap();
            assert!(info.active, "{kind:?}");
            assert_eq!(info.client_id.as_deref(), Some(app.client_id()));
            assert_eq!(info.scopes, Some(scopes()));
            assert_eq!(info.issuer.as_deref(), Some(server.address()));
            assert_eq!(info.sub.as_deref(), Some("FAKE-USER"));
        }
        server.client(&refreshing(&app, &tokens)).delete_installation().send().await.unwrap();
    }
    assert_eq!(server.token_requests().await, ["authorization_code 200"; 2]);
}

#[tokio::test]
async fn a_renewal_rotates_the_refresh_token_and_introspection_tells() {
    let Some(server) = Server::start() else { return };
    for app in [server.public_app(), server.app()] {
        let first = server.authorised(&app).await;
        let store = MemoryStore::new(expired(&first));
        let token = RefreshingToken::resume(app.clone(), store.clone(), RefreshPolicy::default());
        token.prepare().await.unwrap();
        let second = store.tokens().await.unwrap();
        assert_ne!(second.access_token().expose(), first.access_token().expose());
        assert_ne!(second.refresh_token().unwrap().expose(), first.refresh_token().unwrap().expose());
        for (tokens, active) in [(&first, false), (&second, true)] {
            let info = app.introspect(tokens, TokenKind::Refresh).await.unwrap();
            assert_eq!(info.active, active);
        }
        server.client(&token).delete_installation().send().await.unwrap();
    }
    let each = ["authorization_code 200", "refresh_token 200"];
    assert_eq!(server.token_requests().await, [each, each].concat());
}

#[tokio::test]
async fn a_redirect_with_another_state_or_a_denial_ends_the_authorisation_before_the_exchange() {
    let Some(server) = Server::start() else { return };
    let app = server.app();
    let (one, other) = (app.authorize(&scopes()).unwrap(), app.authorize(&scopes()).unwrap());
    let redirect = server.visit(&other.url).await;
    assert_eq!(one.pending.finish(&redirect).map(drop), Err(RedirectError::OtherState));

    server.control(Method::PUT, "user?decision=deny").await;
    let start = app.authorize(&scopes()).unwrap();
    let redirect = server.visit(&start.url).await;
    match start.pending.finish(&redirect) {
        Err(RedirectError::Denied { code, description }) => {
            assert_eq!(code, Some(OAuthErrorCode::AccessDenied));
            assert_eq!(description.unwrap().expose(), "FAKE-DESCRIPTION");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(server.token_requests().await, [""; 0]);
}

#[tokio::test]
async fn a_code_without_its_own_verifier_is_refused() {
    let Some(server) = Server::start() else { return };
    let app = server.app();
    let (one, other) = (app.authorize(&scopes()).unwrap(), app.authorize(&scopes()).unwrap());
    let redirect = server.visit(&one.url).await;
    let (one, other) = (one.pending.into_secret(), other.pending.into_secret());
    let parts = |kept: &str| kept.split('.').map(str::to_owned).collect::<Vec<_>>();
    let mut mixed = parts(one.expose());
    mixed[1] = parts(other.expose()).swap_remove(1);
    let code = app.resume_authorization(mixed.join(".").into()).unwrap().finish(&redirect).unwrap();
    assert!(is_invalid_grant(app.exchange(code).await));
    assert_eq!(server.token_requests().await, ["authorization_code 400 invalid_grant"]);
}

#[tokio::test]
async fn a_code_that_is_used_twice_is_refused_and_takes_its_tokens_along() {
    let Some(server) = Server::start() else { return };
    let app = server.app();
    let start = app.authorize(&scopes()).unwrap();
    let redirect = server.visit(&start.url).await;
    let kept = start.pending.into_secret();
    // An app that was set up again knows nothing of the first exchange.
    let code =
        |app: &OAuthApp<Sandbox>| app.resume_authorization(kept.clone()).unwrap().finish(&redirect).unwrap();
    let tokens = app.exchange(code(&app)).await.unwrap();
    let again = server.app();
    assert!(is_invalid_grant(again.exchange(code(&again)).await));
    assert!(!app.introspect(&tokens, TokenKind::Access).await.unwrap().active);
    let token = refreshing(&app, &tokens);
    let error = server.client(&token).delete_installation().send().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(token.ended(), Some(SessionEnd::RefreshTokenRefused));
    assert_eq!(
        server.token_requests().await,
        ["authorization_code 200", "authorization_code 400 invalid_grant", "refresh_token 400 invalid_grant"]
    );
}

#[tokio::test]
async fn a_wrong_client_secret_is_refused_by_name() {
    let Some(server) = Server::start() else { return };
    let app = server.registered("FAKE-CONFIDENTIAL").with_client_secret("FAKE-OTHER-SECRET").unwrap();
    let start = app.authorize(&scopes()).unwrap();
    let redirect = server.visit(&start.url).await;
    let error = app.exchange(start.pending.finish(&redirect).unwrap()).await.unwrap_err();
    let OAuthError::Refused { code, status, .. } = error else { panic!("{error:?}") };
    assert_eq!((code, status), (OAuthErrorCode::InvalidClient, StatusCode::UNAUTHORIZED));

    let tokens = server.authorised(&server.app()).await;
    let token = refreshing(&app, &expired(&tokens));
    assert_eq!(has_ended(token.prepare().await), SessionEnd::Refused(OAuthErrorCode::InvalidClient));
    let server_asked = server.token_requests().await;
    assert_eq!(server_asked.iter().filter(|request| request.contains("invalid_client")).count(), 2);
    assert_eq!(server_asked.len(), 3, "{server_asked:?}");
}

#[tokio::test]
async fn a_spent_refresh_token_is_refused_once_and_ends_every_session_of_the_authorisation() {
    let Some(server) = Server::start() else { return };
    let app = server.app();
    let tokens = expired(&server.authorised(&app).await);
    // Two programs that were given the same pair and share no store.
    let (one, other) = (refreshing(&app, &tokens), refreshing(&app, &tokens));
    one.prepare().await.unwrap();
    server.client(&one).delete_installation().send().await.unwrap();
    for _ in 0..3 {
        assert_eq!(has_ended(other.prepare().await), SessionEnd::RefreshTokenRefused);
        let refused = server.client(&other).delete_installation().send().await.unwrap_err();
        assert!(matches!(
            RequestRefused::of(&refused),
            Some(RequestRefused::Token(TokenError::Ended(SessionEnd::RefreshTokenRefused)))
        ));
    }
    let mut asked = vec!["authorization_code 200", "refresh_token 200", "refresh_token 400 invalid_grant"];
    assert_eq!(server.token_requests().await, asked);

    // The server takes the reuse for a theft: the renewed pair is worth nothing any more.
    let error = server.client(&one).delete_installation().send().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    for _ in 0..3 {
        assert_eq!(has_ended(one.prepare().await), SessionEnd::RefreshTokenRefused);
    }
    asked.push("refresh_token 400 invalid_grant");
    assert_eq!(server.token_requests().await, asked);
}

#[tokio::test]
async fn a_server_whose_clock_is_wrong_by_years_costs_no_renewal_and_expiry_still_counts() {
    let Some(server) = Server::start() else { return };
    let app = server.app();
    for ahead in [-3650 * DAY, -DAY, -90, 90, DAY, 3650 * DAY] {
        server.set_clock_ahead(ahead).await;
        let before = server.token_requests().await.len();
        let tokens = server.authorised(&app).await;
        let token = refreshing(&app, &tokens);
        let client = server.client(&token);
        for _ in 0..3 {
            client.delete_installation().send().await.unwrap();
        }
        assert_eq!(server.token_requests().await[before..], ["authorization_code 200"], "{ahead}");

        // By our clock, a whole lifetime is left; by the server's clock, as much later.
        let left = tokens.expires_at().unwrap().duration_since(SystemTime::now()).unwrap();
        assert!(left <= Duration::from_secs(3600), "{left:?}");
        let info = app.introspect(&tokens, TokenKind::Access).await.unwrap();
        let since_1970 =
            |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
        let apart = since_1970(info.expires_at.unwrap()) - since_1970(tokens.expires_at().unwrap());
        assert!((apart - ahead).abs() < HOUR, "{apart} for {ahead}");

        server.set_clock_ahead(ahead + 2 * HOUR).await;
        assert!(!app.introspect(&tokens, TokenKind::Access).await.unwrap().active);
        client.delete_installation().send().await.unwrap();
        let asked = ["authorization_code 200", "refresh_token 200"];
        assert_eq!(server.token_requests().await[before..], asked, "{ahead}");
    }
}

/// Lets many callers begin at once, each with a clone of the client.
async fn call_at_once(client: &Client<Sandbox>) {
    let barrier = Arc::new(Barrier::new(CALLERS));
    let calls: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (client, barrier) = (client.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                client.delete_installation().send().await.map(drop)
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_at_expiry_cause_one_renewal_whichever_notices_it() {
    let Some(server) = Server::start() else { return };
    let app = server.app();
    let tokens = server.authorised(&app).await;
    let mut asked = vec!["authorization_code 200"];

    // We know that it has expired.
    let client = server.client(&refreshing(&app, &expired(&tokens)));
    call_at_once(&client).await;
    asked.push("refresh_token 200");
    assert_eq!(server.token_requests().await, asked);

    // Only the server knows, and answers with 401.
    server.set_clock_ahead(2 * HOUR).await;
    call_at_once(&client).await;
    asked.push("refresh_token 200");
    assert_eq!(server.token_requests().await, asked);

    // Nobody has to.
    call_at_once(&client).await;
    assert_eq!(server.token_requests().await, asked);
}
