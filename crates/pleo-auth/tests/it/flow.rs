//! The authorization code flow from the authorise URL to tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pleo_auth::{
    AnyEnvironment, Environment, Production, Sandbox, ScopeSet, Staging, Subject,
    oauth::{
        AuthorizationStart, InvalidApp, OAuthApp, OAuthError, OAuthErrorCode, RedirectError, TokenKind,
        Tokens,
    },
};
use sha2::{Digest as _, Sha256};

use crate::support::{Script, Step, company, pair, refused};

fn scopes() -> ScopeSet {
    "users:read export-jobs:read".parse().unwrap()
}

fn parameters(start: &AuthorizationStart<Staging>) -> Vec<(String, String)> {
    let query = start.url.split_once('?').unwrap().1;
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn parameter(start: &AuthorizationStart<Staging>, name: &str) -> String {
    let mut values = parameters(start).into_iter().filter(|(found, _)| found == name);
    let value = values.next().unwrap().1;
    assert!(values.next().is_none(), "{name} twice");
    value
}

#[test]
fn the_authorise_url_has_what_pleo_asks_for_and_nothing_else() {
    let start = Script::default().app().authorize(&scopes()).unwrap();
    assert!(start.url.starts_with("https://auth.staging.pleo.io/oauth/authorize?"));
    let names: Vec<String> = parameters(&start).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method"
        ]
    );
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "FAKE-CLIENT"),
        ("redirect_uri", "https://app.test/callback"),
        ("scope", "export-jobs:read users:read"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&start, name), value);
    }
    for name in ["state", "code_challenge"] {
        let value = parameter(&start, name);
        assert_eq!(value.len(), 43);
        assert_eq!(URL_SAFE_NO_PAD.decode(value).unwrap().len(), 32);
    }
}

#[test]
fn a_subject_may_be_chosen_beforehand() {
    let subject = Subject::Company(company(1));
    let start = Script::default().app().authorize_subject(&scopes(), subject).unwrap();
    assert_eq!(parameter(&start, "urn_pleo_params_oauth_subject"), subject.to_string());
}

#[test]
fn no_two_authorisations_share_state_or_challenge() {
    let app = Script::default().app();
    let (one, two) = (app.authorize(&scopes()).unwrap(), app.authorize(&scopes()).unwrap());
    assert_ne!(parameter(&one, "state"), parameter(&two, "state"));
    assert_ne!(parameter(&one, "code_challenge"), parameter(&two, "code_challenge"));
}

#[tokio::test]
async fn a_code_becomes_tokens_with_the_verifier_of_its_challenge() {
    let script = Script::new([pair(1, 3600)]);
    let app = script.app();
    let start = app.authorize(&scopes()).unwrap();
    let (state, challenge) = (parameter(&start, "state"), parameter(&start, "code_challenge"));
    let redirect = format!("https://app.test/callback?code=FAKE%2FCODE&state={state}");
    let tokens = app.exchange(start.pending.finish(&redirect).unwrap()).await.unwrap();
    assert_eq!(tokens.access_token().expose(), "FAKE-A1");
    assert_eq!(tokens.refresh_token().unwrap().expose(), "FAKE-R1");
    let request = &script.requests()[0];
    assert_eq!(request.uri(), "https://auth.staging.pleo.io/oauth/token");
    assert!(!request.headers().contains_key("authorization"), "a public client has no secret");
    let form = &script.forms()[0];
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"]);
    let value = |name: &str| form.iter().find(|(found, _)| found == name).unwrap().1.as_str();
    assert_eq!(
        (value("grant_type"), value("code"), value("redirect_uri"), value("client_id")),
        ("authorization_code", "FAKE/CODE", "https://app.test/callback", "FAKE-CLIENT")
    );
    let verifier = value("code_verifier");
    assert!((43..=128).contains(&verifier.len()));
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)), challenge);
}

#[tokio::test]
async fn a_confidential_client_says_its_secret_in_the_header_only() {
    let script = Script::new([pair(1, 3600)]);
    let app = script.app().with_client_secret("FAKE/SECRET=").unwrap();
    let start = app.authorize(&scopes()).unwrap();
    let redirect = format!("?code=c&state={}", parameter(&start, "state"));
    app.exchange(start.pending.finish(&redirect).unwrap()).await.unwrap();
    let request = &script.requests()[0];
    // Base64 of FAKE-CLIENT:FAKE%2FSECRET%3D (RFC 6749, section 2.3.1).
    assert_eq!(request.headers()["authorization"], "Basic RkFLRS1DTElFTlQ6RkFLRSUyRlNFQ1JFVCUzRA==");
    assert!(request.headers()["authorization"].is_sensitive());
    let form = &script.forms()[0];
    assert!(!form.iter().any(|(name, value)| name == "client_id" || value.contains("SECRET")), "{form:?}");
}

#[test]
fn redirects_are_told_apart() {
    let app = Script::default().app();
    let finish = |redirect: &dyn Fn(&str) -> String| {
        let start = app.authorize(&scopes()).unwrap();
        let redirect = redirect(&parameter(&start, "state"));
        start.pending.finish(&redirect).map(drop)
    };
    assert_eq!(finish(&|state| format!("https://app.test/callback?state={state}&code=c#fragment")), Ok(()));
    assert_eq!(finish(&|state| format!("/callback?state={state}&code=c&new=1")), Ok(()));
    assert_eq!(finish(&|state| format!("code=c&state={state}")), Ok(()));
    assert_eq!(finish(&|_| "?code=c".to_owned()), Err(RedirectError::NoState));
    assert_eq!(finish(&|_| String::new()), Err(RedirectError::NoState));
    assert_eq!(finish(&|_| "?code=c&state=".to_owned()), Err(RedirectError::OtherState));
    assert_eq!(finish(&|state| format!("?code=c&state={state}x")), Err(RedirectError::OtherState));
    assert_eq!(finish(&|state| format!("?code=c&state={}", &state[1..])), Err(RedirectError::OtherState));
    assert_eq!(
        finish(&|state| format!("?code=c&state={}", state.to_lowercase() + "A")),
        Err(RedirectError::OtherState)
    );
    assert_eq!(finish(&|state| format!("?code=c&code=d&state={state}")), Err(RedirectError::Repeated));
    assert_eq!(finish(&|state| format!("?code=c&state={state}&state={state}")), Err(RedirectError::Repeated));
    assert_eq!(finish(&|state| format!("?state={state}")), Err(RedirectError::NoCode));
    assert_eq!(finish(&|state| format!("?state={state}&code=")), Err(RedirectError::NoCode));
    // Without the right state, nothing else of a redirect is believed.
    assert_eq!(finish(&|_| "?error=access_denied&state=x".to_owned()), Err(RedirectError::OtherState));
}

#[test]
fn a_denial_says_why() {
    let app = Script::default().app();
    let start = app.authorize(&scopes()).unwrap();
    let state = parameter(&start, "state");
    let error = start
        .pending
        .finish(&format!("?error=access_denied&error_description=FAKE-DESCRIPTION&state={state}"))
        .unwrap_err();
    assert_eq!(error.to_string(), "access was not granted: access_denied: the user or Pleo denied access");
    assert!(!format!("{error:?}").contains("FAKE-DESCRIPTION"));
    let RedirectError::Denied { code, description } = error else { panic!("{error:?}") };
    assert_eq!(code, Some(OAuthErrorCode::AccessDenied));
    assert_eq!(description.unwrap().expose(), "FAKE-DESCRIPTION");
    let start = app.authorize(&scopes()).unwrap();
    let state = parameter(&start, "state");
    let error = start.pending.finish(&format!("?error=something&code=c&state={state}")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "access was not granted: something: RFC 6749 does not list this reason; ask Pleo what it means"
    );
    let start = app.authorize(&scopes()).unwrap();
    let state = parameter(&start, "state");
    let error = start.pending.finish(&format!("?error=FAKE%0Atext&state={state}")).unwrap_err();
    assert_eq!(error.to_string(), "access was not granted");
    assert!(!format!("{error:?}").contains("FAKE"));
}

#[tokio::test]
async fn an_authorisation_can_be_put_away_and_taken_up_again() {
    let script = Script::new([pair(1, 3600)]);
    let app = script.app();
    let start = app.authorize(&scopes()).unwrap();
    let (state, challenge) = (parameter(&start, "state"), parameter(&start, "code_challenge"));
    let kept = start.pending.into_secret();
    let pending = app.resume_authorization(kept.clone()).unwrap();
    app.exchange(pending.finish(&format!("?code=c&state={state}")).unwrap()).await.unwrap();
    let form = &script.forms()[0];
    let verifier = &form.iter().find(|(name, _)| name == "code_verifier").unwrap().1;
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)), challenge);
    let good = kept.expose();
    let (state, rest) = good.split_once('.').unwrap();
    let (verifier, app_of) = rest.split_once('.').unwrap();
    for text in [
        "".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        good[1..].to_owned(),
        format!("{state}.{verifier}"),
        format!("{good}."),
        format!("{state}.{}.{app_of}", &verifier[1..]),
        format!("{state}.{}+.{app_of}", &verifier[1..]),
        format!("{}.{verifier}.{app_of}", &state[1..]),
        format!("{state}.{verifier}.{verifier}"),
    ] {
        let error = app.resume_authorization(text.as_str().into()).unwrap_err();
        assert_eq!(error, RedirectError::NotPending, "{text}");
    }
}

/// Apps that are not the one that asked: another client, redirect URI or environment.
fn others() -> Vec<OAuthApp<AnyEnvironment>> {
    [
        (Staging.into(), "FAKE-OTHER", "https://app.test/callback"),
        (Staging.into(), "FAKE-CLIENT", "https://app.test/other"),
        (AnyEnvironment::Production, "FAKE-CLIENT", "https://app.test/callback"),
        (Sandbox::new("http://127.0.0.1:9").unwrap().into(), "FAKE-CLIENT", "https://app.test/callback"),
    ]
    .into_iter()
    .map(|(environment, client_id, redirect_uri)| {
        OAuthApp::with_transport(environment, client_id, redirect_uri, Script::default()).unwrap()
    })
    .collect()
}

#[tokio::test]
async fn what_belongs_to_another_app_or_environment_is_refused_before_sending() {
    let script = Script::new([Step::Answer(200, r#"{"access_token":"FAKE"}"#.to_owned())]);
    let environment = AnyEnvironment::from(Staging);
    let app = |script: &Script| {
        OAuthApp::with_transport(
            environment.clone(),
            "FAKE-CLIENT",
            "https://app.test/callback",
            script.clone(),
        )
        .unwrap()
    };
    let granted = || {
        let start = app(&script).authorize(&scopes()).unwrap();
        let state = start.url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        start.pending.finish(&format!("?code=c&state={state}")).unwrap()
    };
    for other in others() {
        assert!(matches!(other.exchange(granted()).await, Err(OAuthError::OtherApp)));
        let kept = app(&script).authorize(&scopes()).unwrap().pending.into_secret();
        assert_eq!(other.resume_authorization(kept).unwrap_err(), RedirectError::NotPending);
    }
    // The same app, made anew, is the same app.
    let tokens = app(&script).exchange(granted()).await.unwrap();
    for other in others().into_iter().skip(2) {
        let error = other.introspect(&tokens, TokenKind::Access).await.unwrap_err();
        assert!(matches!(error, OAuthError::OtherEnvironment(_)), "{error:?}");
    }
    let error = app(&script).introspect(&tokens, TokenKind::Refresh).await.unwrap_err();
    assert!(matches!(error, OAuthError::NoRefreshToken));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn no_verifier_is_exchanged_twice() {
    let script = Script::new([pair(1, 3600), pair(2, 3600)]);
    let app = script.app();
    let start = app.authorize(&scopes()).unwrap();
    let redirect = format!("?code=c&state={}", parameter(&start, "state"));
    let kept = start.pending.into_secret();
    let code = || app.resume_authorization(kept.clone()).unwrap().finish(&redirect).unwrap();
    app.exchange(code()).await.unwrap();
    assert!(matches!(app.exchange(code()).await, Err(OAuthError::Reused)));
    let confidential = app.clone().with_client_secret("FAKE").unwrap();
    assert!(matches!(confidential.exchange(code()).await, Err(OAuthError::Reused)));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn what_the_token_endpoint_answers_is_told_apart() {
    for (step, expected) in [
        (refused("invalid_grant"), "the authorisation server refused: invalid_grant"),
        (Step::Answer(500, String::new()), "the authorisation server answered 500"),
        (
            Step::Answer(200, "{}".to_owned()),
            "the authorisation server's response is not what RFC 6749 describes",
        ),
        (Step::Answer(302, String::new()), "the authorisation server answered 302"),
        (
            Step::Answer(200, format!("{{\"access_token\":\"{}\"}}", "x".repeat(64 * 1024))),
            "the authorisation server's response is not what RFC 6749 describes: it is longer",
        ),
        (
            Step::Break(pleo_auth::pleo_client::TransportErrorKind::Connect),
            "the authorisation server did not answer",
        ),
    ] {
        let app = Script::new([step]).app();
        let start = app.authorize(&scopes()).unwrap();
        let redirect = format!("?code=c&state={}", parameter(&start, "state"));
        let error = app.exchange(start.pending.finish(&redirect).unwrap()).await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let app = Script::new([Step::Answer(201, r#"{"access_token":"FAKE"}"#.to_owned())]).app();
    let start = app.authorize(&scopes()).unwrap();
    let redirect = format!("?code=c&state={}", parameter(&start, "state"));
    assert!(app.exchange(start.pending.finish(&redirect).unwrap()).await.is_ok());
}

fn tokens(text: &str) -> Tokens<Staging> {
    Tokens::new(Staging, text, Some(text.into()), None)
}

#[tokio::test]
async fn tokens_are_introspected() {
    for (kind, hint) in [(TokenKind::Access, "access_token"), (TokenKind::Refresh, "refresh_token")] {
        let script = Script::new([Step::Answer(200, r#"{"active":true,"client_id":"c"}"#.to_owned())]);
        let app = script.app().with_client_secret("FAKE-SECRET").unwrap();
        let info = app.introspect(&tokens("FAKE-TOKEN"), kind).await.unwrap();
        assert!(info.active);
        let request = &script.requests()[0];
        assert_eq!(request.uri(), "https://auth.staging.pleo.io/oauth/token/introspect");
        assert!(request.headers()["authorization"].to_str().unwrap().starts_with("Basic "));
        let form: Vec<_> = script.forms().remove(0);
        assert_eq!(
            form,
            [("token".to_owned(), "FAKE-TOKEN".to_owned()), ("token_type_hint".to_owned(), hint.to_owned())]
        );
    }
    let app = Script::new([Step::Answer(200, "[]".to_owned())]).app();
    let error = app.introspect(&tokens("FAKE-TOKEN"), TokenKind::Access).await.unwrap_err();
    assert!(matches!(error, OAuthError::Unreadable { .. }));
}

fn app<E: Environment>(
    environment: E,
    client_id: &str,
    redirect_uri: &str,
) -> Result<OAuthApp<E>, InvalidApp> {
    OAuthApp::with_transport(environment, client_id, redirect_uri, Script::default())
}

#[test]
fn only_safe_redirect_uris_are_taken() {
    for uri in ["https://app.test/callback", "https://app.test:8443/callback?a=b"] {
        assert_eq!(app(Production, "id", uri).unwrap().redirect_uri(), uri);
        assert!(app(Staging, "id", uri).is_ok());
    }
    for uri in ["http://localhost:8080/callback", "http://127.0.0.1/callback", "http://[::1]:9/"] {
        assert!(app(Staging, "id", uri).is_ok(), "{uri}");
        assert!(app(Sandbox::new("http://127.0.0.1:9").unwrap(), "id", uri).is_ok(), "{uri}");
        assert!(matches!(app(Production, "id", uri), Err(InvalidApp::InsecureRedirectUri)), "{uri}");
        let any = app(AnyEnvironment::Production, "id", uri);
        assert!(matches!(any, Err(InvalidApp::InsecureRedirectUri)), "{uri}");
    }
    for uri in
        ["http://app.test/callback", "http://localhost.evil.test/", "ftp://app.test/", "http://10.0.0.1/"]
    {
        assert!(matches!(app(Staging, "id", uri), Err(InvalidApp::InsecureRedirectUri)), "{uri}");
    }
    for uri in ["", "/callback", "https://", "https://app.test/#fragment", "https://user@app.test/"] {
        assert!(matches!(app(Staging, "id", uri), Err(InvalidApp::RedirectUri)), "{uri}");
    }
}

#[test]
fn client_ids_and_secrets_are_checked_and_secrets_not_shown() {
    for id in ["", "a b", "\u{e4}", "a\n"] {
        assert!(matches!(app(Staging, id, "https://app.test/"), Err(InvalidApp::ClientId)), "{id}");
    }
    let app = app(Staging, "11111111-2222-4333-8444-555555555555", "https://app.test/").unwrap();
    assert_eq!(app.client_id(), "11111111-2222-4333-8444-555555555555");
    assert_eq!(app.environment(), &Staging);
    for secret in ["", "FAKE SECRET", "FAKE\n", "FAKE\u{e4}"] {
        let error = app.clone().with_client_secret(secret).unwrap_err();
        assert!(matches!(error, InvalidApp::ClientSecret) && !format!("{error} {error:?}").contains("FAKE"));
    }
    let app = app.with_client_secret("FAKE").unwrap();
    assert!(!format!("{app:?}").contains("FAKE"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_an_exchange_or_introspection_is_given_up() {
    let script = Script::new([Step::Hang, Step::Hang]);
    let app = script.app();
    let start = app.authorize(&scopes()).unwrap();
    let redirect = format!("?code=c&state={}", parameter(&start, "state"));
    let code = start.pending.finish(&redirect).unwrap();
    let before = tokio::time::Instant::now();
    assert!(matches!(app.exchange(code).await, Err(OAuthError::TimedOut)));
    assert!(matches!(app.introspect(&tokens("FAKE"), TokenKind::Access).await, Err(OAuthError::TimedOut)));
    assert_eq!(before.elapsed().as_secs(), 2 * OAuthApp::<Staging>::TIMEOUT.as_secs());
}

#[tokio::test]
async fn debug_shows_what_is_no_secret() {
    let script =
        Script::new([Step::Answer(200, r#"{"access_token":"FAKE","scope":"users:read"}"#.to_owned())]);
    let app = script.app();
    assert_eq!(
        format!("{app:?}"),
        r#"OAuthApp { environment: Staging, client_id: "FAKE-CLIENT", redirect_uri: "https://app.test/callback", .. }"#
    );
    let start = app.authorize(&scopes()).unwrap();
    let redirect = format!("?code=c&state={}", parameter(&start, "state"));
    assert_eq!(format!("{start:?}"), "AuthorizationStart { .. }");
    assert_eq!(format!("{:?}", start.pending), "PendingAuthorization { .. }");
    let code = start.pending.finish(&redirect).unwrap();
    assert_eq!(format!("{code:?}"), "GrantedCode { .. }");
    let tokens = app.exchange(code).await.unwrap();
    assert_eq!(
        format!("{tokens:?}"),
        r#"Tokens { environment: Staging, expires_at: None, scopes: Some(ScopeSet({Scope(users:read)})), .. }"#
    );
}

#[test]
fn the_path_of_a_url_has_no_parameters() {
    for url in [
        "https://app.test/a=b&code=C&state={s}?x=y",
        "com.example.app:a=b&code=C&state={s}?x=y",
        "x+1-y.z:a=b&code=C&state={s}?x=y",
        "/a=b&code=C&state={s}?x=y",
    ] {
        let start = Script::default().app().authorize(&scopes()).unwrap();
        let redirect = url.replace("{s}", &parameter(&start, "state"));
        assert!(matches!(start.pending.finish(&redirect), Err(RedirectError::NoState)), "{url}");
    }
}

#[test]
fn a_redirect_is_read_in_every_form_of_rfc_3986() {
    for (code, form) in [
        ("C", "https://app.test/callback?code=C&state={s}"),
        ("C", "HTTPS://app.test:443/callback?state={s}&code=C"),
        ("C", "com.example.app:/callback?code=C&state={s}"),
        ("C", "com.example.app:callback?code=C&state={s}"),
        ("C", "//app.test/callback?code=C&state={s}"),
        ("C", "/callback?code=C&state={s}"),
        ("C", "/a=b/callback?code=C&state={s}"),
        ("C", "callback?code=C&state={s}"),
        ("C", "callback;a=b?code=C&state={s}"),
        ("C", "a/b=c/callback?code=C&state={s}"),
        ("C", "?code=C&state={s}"),
        ("C", "code=C&state={s}"),
        ("C", " https://app.test/callback?code=C&state={s}\r\n"),
        ("C", "https://app.test/callback?code=C&state={s}#_=_"),
        ("C", "https://app.test/callback?code=C&state={s}#?code=X&state=Y"),
        ("C", "code=C&state={s}#a?b"),
        ("C", "?&&code=C&&state={s}&"),
        ("C", "?%63ode=%43&st%61te={s}"),
        // Question marks and slashes belong to a query as well (section 3.4).
        ("4/0A?b", "state={s}&code=4/0A?b"),
        ("4/0A?b", "code=4/0A?b&state={s}"),
        ("4/0A?b", "?state={s}&code=4/0A?b"),
        ("4/0A?b", "https://app.test/callback?state={s}&code=4/0A?b"),
        ("?", "code=?&state={s}"),
        ("a:b", "code=a:b&state={s}&next=https://app.test/?x"),
        ("a=b", "code=a=b&state={s}&x=?"),
        ("4/0A+b", "?state={s}&code=4%2F0A%2Bb"),
    ] {
        let app = Script::default().app();
        let start = app.authorize(&scopes()).unwrap();
        let redirect = form.replace("{s}", &parameter(&start, "state"));
        let script = Script::new([pair(1, 3600)]);
        let granted = start.pending.finish(&redirect).unwrap_or_else(|error| panic!("{form}: {error}"));
        futures(script.app().exchange(granted)).unwrap();
        let form_sent = script.forms().remove(0);
        let sent = form_sent.into_iter().find(|(name, _)| name == "code").map(|(_, value)| value);
        assert_eq!(sent.as_deref(), Some(code), "{form}");
    }
}

#[test]
fn a_redirect_without_a_state_in_its_query_has_none() {
    for form in [
        "",
        "?",
        "callback",
        "https://app.test/callback#code=C&state={s}",
        "?code=C&amp;state={s}",
        "/state={s}&code=C?x",
    ] {
        let start = Script::default().app().authorize(&scopes()).unwrap();
        let redirect = form.replace("{s}", &parameter(&start, "state"));
        assert_eq!(start.pending.finish(&redirect).unwrap_err(), RedirectError::NoState, "{form}");
    }
}

/// Runs a future with tokio's timer.
fn futures<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}
