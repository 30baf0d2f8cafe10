//! The authorisation server.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pleo_sandbox::{Environment, OAuthClient, Sandbox, Subject};
use sha2::{Digest as _, Sha256};

use crate::support::{Answer, basic, send};

const CLIENT: &str = "FAKE-CLIENT";
const SECRET: &str = "FAKE/SECRET=";
const REDIRECT: &str = "https://app.test/callback?from=pleo";
const VERIFIER: &str = "FAKE-VERIFIER-0123456789-0123456789-0123456789";
const FORM: &str = "application/x-www-form-urlencoded";

fn client(id: &str, secret: Option<&str>, sandbox: &Sandbox) -> OAuthClient {
    OAuthClient {
        client_id: id.to_owned(),
        client_secret: secret.map(str::to_owned),
        redirect_uris: vec![REDIRECT.to_owned()],
        access_token_seconds: 3600,
        subject: Subject::Organization(sandbox.organizations()[0].0),
    }
}

/// A sandbox with a confidential client and a public one, `FAKE-PUBLIC`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(Environment::Staging);
    sandbox.register(client(CLIENT, Some(SECRET), &sandbox));
    sandbox.register(client("FAKE-PUBLIC", None, &sandbox));
    sandbox
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The usual parameters with some others; one without a value is left out.
fn changed<'a>(
    mut usual: Vec<(&'a str, &'a str)>,
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    for (name, value) in changes {
        usual.retain(|(known, _)| known != name);
        if !value.is_empty() {
            usual.push((name, value));
        }
    }
    usual
}

fn authorize(sandbox: &Sandbox, changes: &[(&str, &str)]) -> Answer {
    let challenge = challenge();
    let usual = vec![
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("scope", "users:read export-jobs:read"),
        ("state", "the state &="),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let query = encoded(&changed(usual, changes));
    send(sandbox, "GET", &format!("/oauth/authorize?{query}"), &[], "")
}

/// What a redirect says, by name.
fn redirected(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status, 302, "{answer:?}");
    let query = answer.header("location").strip_prefix("https://app.test/callback?from=pleo&").unwrap();
    let mut values = form_urlencoded::parse(query.as_bytes()).into_owned().filter(|(found, _)| found == name);
    let value = values.next().map(|(_, value)| value);
    assert!(values.next().is_none());
    value
}

fn code(sandbox: &Sandbox) -> String {
    redirected(&authorize(sandbox, &[]), "code").unwrap()
}

fn client_header() -> String {
    basic(CLIENT, "FAKE%2FSECRET%3D")
}

fn post(sandbox: &Sandbox, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", FORM)]).collect();
    send(sandbox, "POST", path, &headers, encoded(form))
}

fn exchange(sandbox: &Sandbox, code: &str, changes: &[(&str, &str)]) -> Answer {
    let usual = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    post(sandbox, "/oauth/token", &[("authorization", &client_header())], &changed(usual, changes))
}

fn refresh(sandbox: &Sandbox, token: &str) -> Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post(sandbox, "/oauth/token", &[("authorization", &client_header())], &form)
}

fn pair(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

fn assert_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, &answer.body["error"]), (status, &error.into()), "{answer:?}");
    assert!(answer.body["error_description"].is_string());
    assert_eq!(answer.header("cache-control"), "no-store");
}

fn works(sandbox: &Sandbox, access: &str) -> bool {
    let answer =
        send(sandbox, "GET", "/v1/introspect", &[("authorization", &format!("Bearer {access}"))], "");
    assert!(answer.status == 200 || answer.status == 401, "{answer:?}");
    answer.status == 200
}

#[test]
fn a_user_grants_what_was_asked_for() {
    let sandbox = sandbox();
    let answer = authorize(&sandbox, &[]);
    assert_eq!(redirected(&answer, "state").as_deref(), Some("the state &="));
    let answer = exchange(&sandbox, &redirected(&answer, "code").unwrap(), &[]);
    assert_eq!(
        (answer.body["token_type"].as_str(), answer.body["expires_in"].as_u64()),
        (Some("Bearer"), Some(3600))
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let (access, _) = pair(&answer);
    let headers = [("authorization", &*format!("Bearer {access}"))];
    let data = send(&sandbox, "GET", "/v1/introspect", &headers, "").body["data"].clone();
    assert_eq!(data["scope"], "export-jobs:read users:read");
    assert_eq!(data["clientId"], CLIENT);
    assert_eq!(data["subjectURN"], format!("urn:pleo:organisation:{}", sandbox.organizations()[0].0));
    assert_eq!(send(&sandbox, "GET", "/v2/employees", &headers, "").status, 200);
    let vendor = format!("/v1/vendors/{}", sandbox.companies()[0]);
    assert_eq!(send(&sandbox, "GET", &vendor, &headers, "").status, 403, "that scope was not asked for");
    sandbox.advance(Duration::from_secs(3599));
    assert!(works(&sandbox, &access));
    sandbox.advance(Duration::from_secs(1));
    assert!(!works(&sandbox, &access));
}

#[test]
fn a_subject_may_be_chosen_among_the_users_own() {
    let sandbox = sandbox();
    let organizations = sandbox.organizations();
    let choose = |urn: &str| authorize(&sandbox, &[("urn_pleo_params_oauth_subject", urn)]);
    let urn = format!("urn:pleo:company:{}", organizations[0].1[1]);
    let (access, _) = pair(&exchange(&sandbox, &redirected(&choose(&urn), "code").unwrap(), &[]));
    let headers = [("authorization", &*format!("Bearer {access}"))];
    assert_eq!(send(&sandbox, "GET", "/v1/introspect", &headers, "").body["data"]["subjectURN"], urn);
    let other = format!("urn:pleo:company:{}", organizations[1].1[0]);
    for urn in [other.as_str(), "urn:pleo:user:x", &format!("urn:pleo:organisation:{}", organizations[1].0)] {
        let answer = choose(urn);
        assert_eq!(redirected(&answer, "error").as_deref(), Some("access_denied"), "{urn}");
    }
}

#[test]
fn nothing_is_sent_to_an_address_that_is_not_registered() {
    let sandbox = sandbox();
    for changes in [
        [("client_id", "FAKE-OTHER")],
        [("client_id", "")],
        [("redirect_uri", "")],
        [("redirect_uri", "https://app.test/callback")],
        [("redirect_uri", "https://APP.test/callback?from=pleo")],
        [("redirect_uri", "https://app.test/callback?from=pleo&more")],
    ] {
        let answer = authorize(&sandbox, &changes);
        assert_error(&answer, 400, "invalid_request");
        assert!(answer.headers.get("location").is_none());
    }
    let query = encoded(&[("client_id", CLIENT), ("client_id", CLIENT), ("redirect_uri", REDIRECT)]);
    assert_error(
        &send(&sandbox, "GET", &format!("/oauth/authorize?{query}"), &[], ""),
        400,
        "invalid_request",
    );
}

#[test]
fn other_mistakes_are_sent_back_with_the_state() {
    let sandbox = sandbox();
    for (change, error) in [
        (("response_type", ""), "unsupported_response_type"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge", "c2hvcnQ"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_verifier", VERIFIER), "invalid_request"),
        (("client_secret", "FAKE-ANY"), "invalid_request"),
        (("scope", ""), "invalid_scope"),
        (("scope", "a  b"), "invalid_scope"),
        (("scope", "a\"b"), "invalid_scope"),
    ] {
        let answer = authorize(&sandbox, &[change]);
        assert_eq!(redirected(&answer, "error").as_deref(), Some(error), "{change:?}");
        assert_eq!(redirected(&answer, "state").as_deref(), Some("the state &="), "{change:?}");
        assert_eq!(redirected(&answer, "code"), None, "{change:?}");
    }
    let stateless = authorize(&sandbox, &[("state", "")]);
    assert!(redirected(&stateless, "code").is_some() && redirected(&stateless, "state").is_none());
}

#[test]
fn a_code_needs_its_verifier_its_redirect_uri_its_client_and_its_time() {
    let sandbox = sandbox();
    let other = "FAKE-OTHER-VERIFIER-0123456789-0123456789-012345";
    for (change, error) in [
        (("code_verifier", ""), "invalid_request"),
        (("code_verifier", other), "invalid_grant"),
        (("code_verifier", &*challenge()), "invalid_grant"),
        (("code_verifier", "short"), "invalid_grant"),
        (("redirect_uri", ""), "invalid_request"),
        (("redirect_uri", "https://app.test/other"), "invalid_grant"),
        (("code", ""), "invalid_request"),
        (("code", "FAKE-CODE"), "invalid_grant"),
        (("grant_type", ""), "invalid_request"),
        (("grant_type", "client_credentials"), "unsupported_grant_type"),
    ] {
        assert_error(&exchange(&sandbox, &code(&sandbox), &[change]), 400, error);
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("too-short"));
    let short = redirected(&authorize(&sandbox, &[("code_challenge", &challenge)]), "code").unwrap();
    assert_error(&exchange(&sandbox, &short, &[("code_verifier", "too-short")]), 400, "invalid_grant");
    let late = code(&sandbox);
    sandbox.advance(Duration::from_secs(60));
    assert_error(&exchange(&sandbox, &late, &[]), 400, "invalid_grant");
    let in_time = code(&sandbox);
    sandbox.advance(Duration::from_secs(59));
    pair(&exchange(&sandbox, &in_time, &[]));
    assert_error(&exchange(&sandbox, &in_time, &[]), 400, "invalid_grant");
    let foreign = code(&sandbox);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", foreign.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_id", "FAKE-PUBLIC"),
    ];
    assert_error(&post(&sandbox, "/oauth/token", &[], &form), 400, "invalid_grant");
    pair(&exchange(&sandbox, &foreign, &[]));
}

#[test]
fn a_client_authenticates_itself_in_one_way() {
    let sandbox = sandbox();
    let header = client_header();
    let with = |headers: &[(&str, &str)], more: &[(&str, &str)]| {
        let code = code(&sandbox);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        form.extend(more);
        post(&sandbox, "/oauth/token", headers, &form)
    };
    pair(&with(&[("authorization", &header)], &[]));
    pair(&with(&[("authorization", &header)], &[("client_id", CLIENT)]));
    pair(&with(&[], &[("client_id", CLIENT), ("client_secret", SECRET)]));
    let unauthorized = [
        with(&[], &[]),
        with(&[], &[("client_id", CLIENT)]),
        with(&[], &[("client_id", CLIENT), ("client_secret", "FAKE-WRONG")]),
        with(&[], &[("client_id", "FAKE-PUBLIC"), ("client_secret", "FAKE-WRONG")]),
        with(&[("authorization", &basic(CLIENT, "FAKE-WRONG"))], &[]),
        with(&[("authorization", &basic(SECRET, CLIENT))], &[]),
        with(&[("authorization", "Bearer FAKE")], &[]),
        with(&[("authorization", &header)], &[("client_id", "FAKE-PUBLIC")]),
    ];
    for answer in unauthorized {
        assert_error(&answer, 401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic"));
        assert!(!answer.text.contains("FAKE"), "{answer:?}");
    }
    let both = with(&[("authorization", &header)], &[("client_secret", SECRET)]);
    assert_error(&both, 400, "invalid_request");
    let twice = with(&[("authorization", &header), ("authorization", &header)], &[]);
    assert_error(&twice, 400, "invalid_request");
    let repeated = with(&[("authorization", &header)], &[("code", "FAKE-SECOND")]);
    assert_error(&repeated, 400, "invalid_request");
}

#[test]
fn the_token_endpoint_takes_forms_only_and_nothing_in_the_url() {
    let sandbox = sandbox();
    let header = client_header();
    let form = encoded(&[("grant_type", "refresh_token"), ("refresh_token", "FAKE")]);
    let headers = [("authorization", &*header), ("content-type", "application/json")];
    assert_error(&send(&sandbox, "POST", "/oauth/token", &headers, form.clone()), 400, "invalid_request");
    let headers = [("authorization", &*header), ("content-type", FORM)];
    let in_url = send(&sandbox, "POST", &format!("/oauth/token?{form}"), &headers, "");
    assert_error(&in_url, 400, "invalid_request");
    assert_error(&send(&sandbox, "POST", "/oauth/token", &headers, form.clone()), 400, "invalid_grant");
    let also_in_url = send(&sandbox, "POST", "/oauth/token?grant_type=refresh_token", &headers, form.clone());
    assert_error(&also_in_url, 400, "invalid_request");
    let secret_in_url = encoded(&[("client_id", CLIENT), ("client_secret", SECRET)]);
    assert_eq!(send(&sandbox, "POST", &format!("/oauth/token?{secret_in_url}"), &headers, form).status, 401);
    let wrong_method = send(&sandbox, "GET", "/oauth/token", &[], "");
    assert_eq!((wrong_method.status, wrong_method.header("allow")), (405, "POST"));
}

#[test]
fn a_refresh_ends_the_old_pair() {
    let sandbox = sandbox();
    let (other, _) = pair(&exchange(&sandbox, &code(&sandbox), &[]));
    let (first_access, first_refresh) = pair(&exchange(&sandbox, &code(&sandbox), &[]));
    let (access, token) = pair(&refresh(&sandbox, &first_refresh));
    assert!(first_access != access && first_refresh != token);
    assert!(!works(&sandbox, &first_access));
    assert!(works(&sandbox, &access));
    let (third, _) = pair(&refresh(&sandbox, &token));
    assert!(!works(&sandbox, &access) && works(&sandbox, &third));
    assert!(works(&sandbox, &other), "another authorisation goes on");
}

#[test]
fn a_dead_refresh_token_takes_the_live_one_of_its_authorisation_along() {
    let sandbox = sandbox();
    let dead = |answer: &Answer| {
        assert_error(answer, 400, "invalid_grant");
        assert!(answer.body["error_description"].as_str().unwrap().contains("invalid_refresh_token"));
    };
    let (_, other) = pair(&exchange(&sandbox, &code(&sandbox), &[]));
    let (_, first) = pair(&exchange(&sandbox, &code(&sandbox), &[]));
    let (access, live) = pair(&refresh(&sandbox, &first));
    dead(&refresh(&sandbox, "FAKE-UNKNOWN"));
    dead(&refresh(&sandbox, &first));
    dead(&refresh(&sandbox, &live));
    assert!(works(&sandbox, &access), "an access token ends at its own time");
    pair(&refresh(&sandbox, &other));
}

#[test]
fn a_refresh_token_of_another_client_does_nothing() {
    let sandbox = sandbox();
    let (_, token) = pair(&exchange(&sandbox, &code(&sandbox), &[]));
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("client_id", "FAKE-PUBLIC")];
    assert_error(&post(&sandbox, "/oauth/token", &[], &form), 400, "invalid_grant");
    pair(&refresh(&sandbox, &token));
}

#[test]
fn a_refresh_token_ends_after_sixty_days_or_by_revocation() {
    let sandbox = sandbox();
    sandbox.admit_tokens(CLIENT, "FAKE-ACCESS", "FAKE-REFRESH");
    assert!(works(&sandbox, "FAKE-ACCESS"));
    sandbox.advance(Duration::from_secs(60 * 86_400 - 1));
    assert!(!works(&sandbox, "FAKE-ACCESS"));
    let (_, token) = pair(&refresh(&sandbox, "FAKE-REFRESH"));
    sandbox.advance(Duration::from_secs(60 * 86_400));
    assert_error(&refresh(&sandbox, &token), 400, "invalid_grant");

    sandbox.admit_tokens(CLIENT, "FAKE-ACCESS-2", "FAKE-REFRESH-2");
    sandbox.revoke("FAKE-REFRESH-2");
    assert_error(&refresh(&sandbox, "FAKE-REFRESH-2"), 400, "invalid_grant");
    sandbox.admit_tokens("FAKE-UNREGISTERED", "FAKE-ACCESS-3", "FAKE-REFRESH-3");
    assert!(!works(&sandbox, "FAKE-ACCESS-3"));
}

#[test]
fn the_oldest_of_many_codes_and_tokens_are_forgotten() {
    let sandbox = sandbox();
    let codes: Vec<String> = (0..=1_000).map(|_| code(&sandbox)).collect();
    assert_error(&exchange(&sandbox, &codes[99], &[]), 400, "invalid_grant");
    pair(&exchange(&sandbox, &codes[100], &[]));

    // The pair from above is one of the oldest thousand.
    for number in 0..=10_000 {
        sandbox.admit_tokens(CLIENT, &format!("FAKE-ACCESS-{number}"), &format!("FAKE-REFRESH-{number}"));
    }
    for (number, known) in [(0, false), (998, false), (999, true), (10_000, true)] {
        assert_eq!(works(&sandbox, &format!("FAKE-ACCESS-{number}")), known, "{number}");
        let status = refresh(&sandbox, &format!("FAKE-REFRESH-{number}")).status;
        assert_eq!(status, if known { 200 } else { 400 }, "{number}");
    }
}

#[test]
fn a_client_may_introspect_its_own_tokens() {
    let sandbox = sandbox();
    sandbox.register(client("FAKE-THIRD", Some("FAKE-THIRD-SECRET"), &sandbox));
    let (access, token) = pair(&exchange(&sandbox, &code(&sandbox), &[]));
    let introspect = |authorization: &str, token: &str| {
        let headers = [("authorization", authorization)];
        post(&sandbox, "/oauth/token/introspect", &headers, &[("token", token), ("token_type_hint", "x")])
    };
    let issued = sandbox.now().timestamp();
    for (token, seconds) in [(&access, 3600), (&token, 60 * 86_400)] {
        let answer = introspect(&client_header(), token);
        assert_eq!((answer.status, answer.body["active"].as_bool()), (200, Some(true)));
        assert_eq!(answer.body["client_id"], CLIENT);
        assert_eq!(answer.body["iat"], issued);
        assert_eq!(answer.body["exp"], issued + seconds);
        assert_eq!(answer.body["iss"], "pleo.staging");
        assert_eq!(answer.body["aud"][0], "https://external.staging.pleo.io");
        assert_eq!(answer.body["scope"], "export-jobs:read users:read");
        let urn = format!("urn:pleo:organisation:{}", sandbox.organizations()[0].0);
        assert_eq!(answer.body["urn:pleo:params:oauth:subject_urn"], urn);
        assert!(answer.body["sub"].is_string() && answer.body["jti"].is_string());
        assert!(!answer.text.contains(token.as_str()));
    }
    let inactive = serde_json::json!({ "active": false });
    assert_eq!(introspect(&client_header(), "FAKE-UNKNOWN").body, inactive);
    assert_eq!(introspect(&basic("FAKE-THIRD", "FAKE-THIRD-SECRET"), &access).body, inactive);
    let (access, second) = pair(&refresh(&sandbox, &token));
    assert_eq!(introspect(&client_header(), &token).body, inactive);
    assert_eq!(introspect(&client_header(), &access).body["active"], true);
    sandbox.advance(Duration::from_secs(3600));
    assert_eq!(introspect(&client_header(), &access).body, inactive);
    pair(&refresh(&sandbox, &second));
    assert_eq!(introspect(&client_header(), &second).body, inactive);
    let public =
        post(&sandbox, "/oauth/token/introspect", &[], &[("token", &access), ("client_id", "FAKE-PUBLIC")]);
    assert_error(&public, 401, "invalid_client");
    assert_error(&introspect(&basic(CLIENT, "FAKE-WRONG"), &access), 401, "invalid_client");
}

#[test]
fn with_the_same_seed_the_same_tokens_are_given_out() {
    let tokens = |sandbox: Sandbox| {
        sandbox.register(client(CLIENT, Some(SECRET), &sandbox));
        pair(&exchange(&sandbox, &code(&sandbox), &[]))
    };
    let seeded = |environment| tokens(Sandbox::with_seed(environment, 7));
    assert_eq!(seeded(Environment::Staging), seeded(Environment::Staging));
    assert_ne!(seeded(Environment::Staging), seeded(Environment::Production));
    assert_ne!(tokens(Sandbox::new(Environment::Staging)), tokens(Sandbox::new(Environment::Staging)));
}
