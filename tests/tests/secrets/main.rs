//! No secret shows anywhere: not in what is printed of any type, not in errors, logs or panics.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

mod front;

use std::{
    collections::HashSet,
    fmt::Debug,
    io::{self, Write},
    panic,
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use fastrand::Rng;
use http_body_util::{BodyExt as _, Full};
use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pleo::ClientBuilder;
use pleo_auth::{
    AccessToken, AnyEnvironment, Client, CompanyId, IntegratedApiKey, IntoCredential, LegacyToken, Sandbox,
    ScopeSet, Secret, Session, Staging, StandaloneApiKey, advice,
    oauth::{
        LockedTokens, MemoryStore, OAuthApp, RefreshPolicy, RefreshingToken, StoreError, TokenKind,
        TokenStore, Tokens,
    },
    pleo_client::{
        self, Body, BoxFuture, Call, Error, Sensitive, Transport, Unauthenticated,
        tags::types::BulkTagDeleteModel, vendors::types::VendorSearchRequestV1,
    },
};
use tracing_subscriber::{
    Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// So short a piece of a secret must not show.
const PIECE: usize = 6;

/// Whether a panic is part of the test.
static ON_PURPOSE: AtomicBool = AtomicBool::new(false);

/// Everything that was printed, logged or panicked.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn add(&self, text: &str) {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        output.extend_from_slice(text.as_bytes());
        output.push(b'\n');
    }

    /// Prints a value as a log would.
    fn debug(&self, value: &dyn Debug) {
        self.add(&format!("{value:?}\n{value:#?}"));
    }

    /// Prints an error with all that lies behind it, and panics with it.
    fn error<E: std::error::Error>(&self, error: E) {
        self.add(&format!("{error}\n{error:?}\n{error:#?}"));
        let mut source = error.source();
        while let Some(error) = source {
            self.add(&format!("{error}\n{error:?}"));
            source = error.source();
        }
        ON_PURPOSE.store(true, Ordering::SeqCst);
        let _ = panic::catch_unwind(panic::AssertUnwindSafe(|| unwrapped(Err(&error))));
        ON_PURPOSE.store(false, Ordering::SeqCst);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// What a program does that does not handle its errors.
fn unwrapped<E: Debug>(result: Result<(), E>) {
    result.unwrap();
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Output {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.add(&format!("{} {}: {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// Listens to tracing at every level, to the log and to panics.
fn listen() -> Output {
    let output = Output::default();
    let writer = output.clone();
    // The mock server is in this process too, and it may log what it receives.
    let ours = filter_fn(|metadata| !metadata.target().starts_with("httpmock"));
    let printed = fmt::layer().with_ansi(false).with_writer(move || writer.clone()).with_filter(ours);
    let subscriber = tracing_subscriber::registry().with(printed);
    subscriber.init();
    log::set_boxed_logger(Box::new(output.clone())).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let panics = output.clone();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        panics.add(&info.to_string());
        if !ON_PURPOSE.load(Ordering::SeqCst) {
            usual(info);
        }
    }));
    output
}

/// Secrets that are made up, and what must not show of them.
struct Canaries {
    rng: Rng,
    secrets: Vec<String>,
}

impl Canaries {
    fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), secrets: Vec::new() }
    }

    /// A secret of characters that any header takes; some of them are encoded in URLs.
    fn secret(&mut self) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/~%=-";
        let secret: String = (0..48).map(|_| char::from(*self.rng.choice(ALPHABET).unwrap())).collect();
        self.secrets.push(secret.clone());
        secret
    }

    /// All the pieces, of the secrets as they are and as they travel.
    fn pieces(&self) -> HashSet<Vec<u8>> {
        let mut pieces = HashSet::new();
        for secret in &self.secrets {
            let mut forms = vec![secret.clone(), utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()];
            // Base64 looks different at each of its three alignments.
            for skipped in 0..3 {
                forms.push(STANDARD.encode(&secret[skipped..]));
                forms.push(URL_SAFE_NO_PAD.encode(&secret[skipped..]));
            }
            for form in forms {
                pieces.extend(form.as_bytes().windows(PIECE).map(<[u8]>::to_vec));
            }
        }
        pieces
    }

    fn found_in<'a>(&self, output: &'a str) -> Option<&'a str> {
        let pieces = self.pieces();
        let at = output.as_bytes().windows(PIECE).position(|window| pieces.contains(window))?;
        output.lines().find(|line| {
            let start = line.as_ptr() as usize - output.as_ptr() as usize;
            (start..start + line.len().max(1)).contains(&at)
        })
    }
}

/// A Pleo that answers everything with one status and quotes all that it was sent.
fn quoting_server(status: u16) -> MockServer {
    let server = MockServer::start();
    server.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            let headers = format!("{:?}", request.headers_vec());
            let body = String::from_utf8_lossy(request.body_ref()).into_owned();
            let answer = serde_json::json!({
                "error": "invalid_grant", "error_description": format!("{headers} {body}"),
                "type": headers, "message": format!("{} {body}", request.uri()),
            });
            HttpMockResponse::builder().status(status).header("x-quote", "q").body(answer.to_string()).build()
        });
    });
    server
}

fn sandbox(server: &MockServer) -> Sandbox {
    Sandbox::new(&server.base_url()).unwrap()
}

fn company() -> CompanyId {
    "a1111111-2222-4333-8444-555555555555".parse().unwrap()
}

/// The secret, spoilt in every way that a constructor refuses.
fn spoilt(secret: &str) -> Vec<String> {
    vec![
        format!(" {secret}"),
        format!("{secret}\n"),
        format!("{secret}\0"),
        format!("{secret}\u{e4}"),
        format!("{secret} {secret}"),
        format!("'{secret}'"),
        format!("user:{secret}"),
        format!("{secret}:"),
        format!("Basic {secret}"),
        format!("Bearer {secret}"),
        STANDARD.encode(format!("{secret}:")),
        secret.repeat(1000),
    ]
}

fn constructors(output: &Output, canaries: &mut Canaries) {
    let secret = canaries.secret();
    let credentials = [
        StandaloneApiKey::new(Staging, secret.as_str()).unwrap().into_credential(),
        IntegratedApiKey::new(Staging, secret.as_str()).unwrap().into_credential(),
        AccessToken::new(Staging, secret.as_str()).unwrap().into_credential(),
    ];
    for credential in credentials {
        output.debug(&credential);
        let client = Client::with_transport(Session::new(credential), Seen(output.clone())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(client.delete_installation().send()).unwrap();
    }
    output.debug(&StandaloneApiKey::new(Staging, secret.as_str()).unwrap());
    output.debug(&IntegratedApiKey::new(Staging, secret.as_str()).unwrap());
    output.debug(&AccessToken::new(Staging, secret.as_str()).unwrap());
    output.debug(&LegacyToken::new(secret.as_str()));
    output.debug(&Secret::from(secret.as_str()));
    output.debug(&Sensitive::from(secret.as_str()));
    for text in spoilt(&secret) {
        for error in [
            StandaloneApiKey::new(Staging, text.as_str()).err(),
            IntegratedApiKey::new(Staging, text.as_str()).err(),
            AccessToken::new(Staging, text.as_str()).err(),
        ]
        .into_iter()
        .flatten()
        {
            output.error(error);
        }
    }
    for wrong in
        [&secret, &format!("https://{secret}@external.pleo.io"), &format!("http://127.0.0.1:80/{secret}")]
    {
        output.error(wrong.parse::<AnyEnvironment>().unwrap_err());
        output.error(Sandbox::new(wrong).unwrap_err());
        output.error(wrong.parse::<CompanyId>().unwrap_err());
        output.error(wrong.parse::<pleo_auth::Subject>().unwrap_err());
        output.error(format!("\"{wrong}").parse::<ScopeSet>().unwrap_err());
        let client =
            pleo_client::Client::new(&format!("ftp://{wrong}"), Unauthenticated, Seen(output.clone()));
        output.error(client.unwrap_err());
    }
}

/// Prints each request that it is given, before and after it is authorised.
struct Seen(Output);

impl Transport for Seen {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            self.0.debug(&call);
            let request = call.into_authorized().await?;
            assert!(request.headers().contains_key("authorization"));
            self.0.debug(&request.headers());
            self.0.debug(&request.map(|_| ()));
            let empty = Full::new(Bytes::new()).map_err(|never| match never {});
            Ok(http::Response::new(empty.boxed_unsync()))
        })
    }
}

/// Calls with a credential that works, is refused and is quoted; to a server that is not there; and
/// requests that are refused before they leave.
async fn calls(output: &Output, canaries: &mut Canaries) {
    let secret = canaries.secret();
    for status in [200, 302, 400, 401, 403, 404, 500] {
        let server = quoting_server(status);
        let credentials = [
            StandaloneApiKey::new(sandbox(&server), secret.as_str()).unwrap().into_credential(),
            AccessToken::new(sandbox(&server), secret.as_str()).unwrap().into_credential(),
        ];
        for credential in credentials {
            let session = Session::new(credential.clone()).with_company(company());
            output.debug(&session);
            let client = Client::without_retries(session.clone()).unwrap();
            output.debug(&client);
            output.debug(&*client);
            let tags = client.delete_tags(BulkTagDeleteModel::builder().tag_ids(vec![]));
            for error in [
                client.introspect_authentication().send().await.err(),
                client.list_employees().send().await.err(),
                tags.send().await.err(),
            ]
            .into_iter()
            .flatten()
            {
                if let Some(answer) = error.api_error() {
                    assert!(String::from_utf8_lossy(answer.body()).contains("authorization"), "not quoted");
                }
                if let Some(advice) = advice::explain(&error) {
                    output.add(&advice.to_string());
                    output.debug(advice);
                }
                output.error(error);
            }
            output.error(client.connect().await.unwrap_err());
            output.error(client.identify().await.unwrap_err());
            output.error(client.rotate(credential, &ScopeSet::default()).await.unwrap_err());
        }
    }
    let nowhere = Sandbox::new("http://127.0.0.1:9").unwrap();
    let session = Session::new(StandaloneApiKey::new(nowhere, secret.as_str()).unwrap());
    output
        .error(Client::without_retries(session.clone()).unwrap().list_employees().send().await.unwrap_err());

    let scopes: ScopeSet = "none".parse().unwrap();
    for session in [session.clone(), session.clone().with_company(company()).with_scopes(scopes)] {
        let client = Client::with_transport(session.clone(), Seen(output.clone())).unwrap();
        let _ = client.delete_installation().send().await;
        for error in [
            client.list_employees().company_id(uuid::Uuid::nil()).send().await.unwrap_err(),
            client
                .search_vendors()
                .body(VendorSearchRequestV1::builder().name(secret.as_str()))
                .send()
                .await
                .unwrap_err(),
            client.list_tag_groups().send().await.unwrap_err(),
        ] {
            output.error(error);
        }
        // Somebody puts the secret where it does not belong.
        for base in [format!("https://evil.test/{secret}"), format!("https://{}.test", &secret[..0])] {
            let Ok(client) = pleo_client::Client::new(&base, session.clone(), Seen(output.clone())) else {
                continue;
            };
            output.error(client.introspect_authentication().send().await.unwrap_err());
        }
    }
    let any = |environment| StandaloneApiKey::<AnyEnvironment>::new(environment, secret.as_str()).unwrap();
    let session = Session::new(any(AnyEnvironment::Staging));
    output.error(session.replace_credential(any(AnyEnvironment::Production)).unwrap_err());
}

/// A store that fails.
struct Away;

impl TokenStore<Sandbox> for Away {
    fn lock(&self, _: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Sandbox>>, StoreError>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn LockedTokens<Sandbox>>) })
    }
}

impl LockedTokens<Sandbox> for Away {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Sandbox>>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    fn save(self: Box<Self>, _: &Tokens<Sandbox>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Err("the store is away".into()) })
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

/// A token endpoint that hands out tokens, or refuses and quotes, or answers nonsense with a token in it.
fn token_server(access: &str, refresh: &str, answer: &str) -> MockServer {
    let server = MockServer::start();
    let tokens = serde_json::json!({
        "access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 1,
        "active": true, "sub": "subject",
    });
    let (status, body) = match answer {
        "tokens" => (200, tokens.to_string()),
        "nonsense" => (200, format!("{{\"access_token\": [\"{access}\"]}}")),
        "type" => (200, tokens.to_string().replace("Bearer", "mac")),
        "refusal" => (400, format!("{{\"error\":\"invalid_grant\",\"error_description\":\"{refresh}\"}}")),
        "odd refusal" => (400, format!("{{\"error\":\"{refresh}\"}}")),
        _ => (500, refresh.to_owned()),
    };
    server.mock(|when, then| {
        when.path_prefix("/oauth/");
        then.status(status).header("content-type", "application/json").body(body);
    });
    server
}

/// A Pleo that answers as it should, so that a connection comes about.
async fn connection(output: &Output, canaries: &mut Canaries) {
    let secret = canaries.secret();
    let server = MockServer::start();
    let urn = format!("urn:pleo:company:{}", company());
    let identity = serde_json::json!({"data": {
        "authMethod": "API_KEY", "clientId": "c", "scope": "users:read", "subjectURN": urn,
    }});
    let installation = serde_json::json!({
        "id": uuid::Uuid::nil(), "applicationId": uuid::Uuid::nil(), "resource": urn, "status": "ACTIVATED",
        "metadata": {}, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
    });
    for (path, answer) in [("/v1/introspect", identity), ("/v1/installations/me", installation)] {
        server.mock(|when, then| {
            when.path(path);
            then.status(200).json_body(answer);
        });
    }
    let key = StandaloneApiKey::new(sandbox(&server), secret.as_str()).unwrap();
    let connection = Client::without_retries(Session::new(key.clone())).unwrap().connect().await.unwrap();
    output.debug(&connection);
    output.debug(connection.identity());
    let client = connection.activate().await.unwrap();
    output.debug(&client.rotate(key, &ScopeSet::default()).await.unwrap());
    output.error(client.rotate(client.session().credential(), &"none".parse().unwrap()).await.unwrap_err());
}

async fn oauth(output: &Output, canaries: &mut Canaries) {
    for answer in ["tokens", "nonsense", "type", "refusal", "odd refusal", "failure"] {
        let (access, refresh) = (canaries.secret(), canaries.secret());
        let (client_secret, code, old) = (canaries.secret(), canaries.secret(), canaries.secret());
        let server = token_server(&access, &refresh, answer);
        let app = OAuthApp::new(sandbox(&server), "FAKE-CLIENT", "http://localhost:1/callback").unwrap();
        for text in spoilt(&client_secret) {
            if let Err(error) = app.clone().with_client_secret(text) {
                output.error(error);
            }
        }
        let app = app.with_client_secret(client_secret.as_str()).unwrap();
        output.debug(&app);

        let encoded: String = form(&code);
        let redirects = |state: &str| {
            [
                format!("?code={encoded}&state={state}"),
                format!("?code={encoded}&state={encoded}"),
                format!("?code={encoded}&code={encoded}&state={state}"),
                format!("?code={encoded}"),
                format!("?error={encoded}&error_description={encoded}&state={state}"),
                format!("?error=access_denied&error_description={encoded}&state={state}"),
                format!("?state={state}"),
            ]
        };
        for at in 0..redirects("").len() {
            let start = app.authorize(&ScopeSet::default()).unwrap();
            output.debug(&start);
            let (url, pending) = (start.url, start.pending);
            let state = url.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
            canaries.secrets.push(state.clone());
            output.debug(&pending);
            match pending.finish(&redirects(&state)[at]) {
                Ok(code) => {
                    output.debug(&code);
                    match app.exchange(code).await {
                        Ok(tokens) => output.debug(&tokens),
                        Err(error) => output.error(error),
                    }
                }
                Err(error) => output.error(error),
            }
        }
        let kept = app.authorize(&ScopeSet::default()).unwrap().pending.into_secret();
        canaries.secrets.extend(kept.expose().split('.').take(2).map(str::to_owned));
        output.debug(&kept);
        output.debug(&app.resume_authorization(kept.clone()).unwrap());
        output.error(app.resume_authorization(code.as_str().into()).unwrap_err());
        let asked = Tokens::new(sandbox(&server), old.as_str(), Some(old.as_str().into()), None);
        match app.introspect(&asked, TokenKind::Refresh).await {
            Ok(info) => output.debug(&info),
            Err(error) => output.error(error),
        }

        let stored = |access: &str, lifetime: u64| {
            let expires_at = SystemTime::now() + Duration::from_secs(lifetime);
            Tokens::new(sandbox(&server), access, Some(old.as_str().into()), Some(expires_at))
        };
        output.debug(&stored(&old, 0));
        output.debug(&MemoryStore::new(stored(&old, 0)));
        let mut policy = RefreshPolicy::default();
        (policy.attempts, policy.backoff) = (2, Duration::from_millis(1));
        let spoilt = RefreshingToken::new(app.clone(), stored(&format!("{old}\n"), 9), Away, policy);
        output.error(spoilt.unwrap_err());
        let store = || MemoryStore::new(stored(&old, 0));
        for token in [
            RefreshingToken::resume(app.clone(), store(), policy),
            RefreshingToken::resume(app.clone(), MemoryStore::default(), policy),
            RefreshingToken::new(app.clone(), stored(&old, 0), Away, policy).unwrap(),
        ] {
            output.debug(&token);
            let client = Client::without_retries(Session::new(token.clone())).unwrap();
            for _ in 0..2 {
                match client.introspect_authentication().send().await {
                    Ok(_) => unreachable!("the server does not answer so"),
                    Err(error) => output.error(error),
                }
                output.debug(&client);
                output.debug(&token.unsaved());
                output.debug(&token.ended());
            }
        }
    }
}

fn form(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The variables that a client is made of.
const CLIENT_VARIABLES: [&str; 3] = ["PLEO_ENVIRONMENT", "PLEO_API_KEY", "PLEO_COMPANY_ID"];

/// The variable that the child process below is given.
const VARIABLE: &str = "PLEO_TEST_SECRET";

fn files_and_variables(output: &Output, canaries: &mut Canaries) {
    let secret = canaries.secret();
    let folder = std::env::temp_dir().join(format!("pleo-tests-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("key");
    for content in
        [secret.clone().into_bytes(), [secret.as_bytes(), b"\xff"].concat(), secret.repeat(2000).into_bytes()]
    {
        std::fs::write(&path, content).unwrap();
        for read in [Secret::from_file(&path), Secret::from_shared_file(&path)] {
            match read {
                Ok(secret) => output.debug(&secret),
                Err(error) => output.error(error),
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    output.debug(&Secret::from_callback(|| Ok::<_, io::Error>(secret.clone())).unwrap());
    output.error(Secret::from_callback(|| Err::<String, _>(io::Error::other("sealed"))).unwrap_err());
    output.error(Secret::from_env("PLEO_NO_SUCH_VARIABLE").unwrap_err());

    // A process cannot change its own variables safely, so another one reads them.
    for value in values(&secret) {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_variable_is_read_without_being_shown", "--nocapture"])
            .env(VARIABLE, &value)
            .envs(CLIENT_VARIABLES.map(|variable| (variable, &value)))
            .output()
            .unwrap();
        assert!(child.status.success());
        let printed = String::from_utf8_lossy(&child.stdout);
        assert!(printed.contains("from the variable: "), "{printed}");
        output.add(&printed);
    }
}

#[cfg(unix)]
fn values(secret: &str) -> Vec<std::ffi::OsString> {
    use std::os::unix::ffi::OsStringExt as _;

    let binary = [secret.as_bytes(), b"\xff"].concat();
    vec![secret.into(), std::ffi::OsString::from_vec(binary)]
}

#[cfg(not(unix))]
fn values(secret: &str) -> Vec<std::ffi::OsString> {
    vec![secret.into()]
}

#[test]
fn a_variable_is_read_without_being_shown() {
    let read = Secret::from_env(VARIABLE);
    println!("from the variable: {read:?}");
    let environment = AnyEnvironment::from_env();
    println!("{environment:?}");
    println!("{:?}", ClientBuilder::from_env());
}

/// The same with a valid environment, so that the key and the company are read.
#[test]
fn a_client_is_made_of_variables_without_showing_them() {
    let secret = "FAKE+SECRET/OF~VARIABLES=1";
    for (key, company) in [
        (secret, company().to_string()),
        (secret, secret.to_owned()),
        (&format!("Bearer {secret}") as &str, secret.to_owned()),
    ] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_variable_is_read_without_being_shown", "--nocapture"])
            .env_clear()
            .envs([("PLEO_ENVIRONMENT", "staging"), ("PLEO_API_KEY", key), ("PLEO_COMPANY_ID", &company)])
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&child.stdout);
        assert!(
            printed.contains("(FromEnv") || printed.contains("ClientBuilder") || printed.contains("Err("),
            "{printed}"
        );
        assert!(!printed.contains("FAKE"), "{printed}");
    }
}

#[test]
fn no_piece_of_a_secret_shows_anywhere() {
    let output = listen();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for seed in 0..3 {
        let mut canaries = Canaries::new(seed);
        constructors(&output, &mut canaries);
        files_and_variables(&output, &mut canaries);
        runtime.block_on(calls(&output, &mut canaries));
        runtime.block_on(connection(&output, &mut canaries));
        runtime.block_on(oauth(&output, &mut canaries));
        runtime.block_on(front::everything(&output, &mut canaries));
        let text = output.text();
        if let Some(line) = canaries.found_in(&text) {
            panic!("a piece of a secret shows (seed {seed}): {line}");
        }
    }
    let text = output.text();
    // Logs, our own events and panics were heard at all.
    for source in [
        "TRACE",
        "reqwest",
        "pleo_auth::oauth",
        "pleo_call",
        "the call is sent again",
        "called `Result::unwrap()` on an `Err` value",
        "401",
    ] {
        assert!(text.contains(source), "nothing was heard of {source}");
    }
    assert!(text.len() > 100_000, "only {} bytes were looked at", text.len());
}

#[test]
fn a_piece_that_shows_is_found() {
    let mut canaries = Canaries::new(7);
    let secret = canaries.secret();
    assert_eq!(canaries.found_in("nothing to see\nhere"), None);
    for form in [
        secret[20..26].to_owned(),
        STANDARD.encode(format!("{secret}:")),
        STANDARD.encode(format!("id:{secret}")),
        utf8_percent_encode(&secret, NON_ALPHANUMERIC).to_string(),
    ] {
        let output = format!("first\nbefore {form} after\nlast");
        assert_eq!(canaries.found_in(&output), output.lines().nth(1), "{form}");
    }
}
