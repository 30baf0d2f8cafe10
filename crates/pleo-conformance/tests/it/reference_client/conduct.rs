//! Without a flaw, the client keeps every rule.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use pleo_conformance::{
    protocol::{Capability, Credential, CredentialKind, Parameter, Send},
    subject::{Outcome, Subject as _},
};
use serde_json::json;

use super::{
    bench::{
        COMPANY, KEY, Lab, OTHER_COMPANY, TOKEN, WRONG_REDIRECTS, create, credential, key, list, show, token,
        tokens,
    },
    player::{Player, arrived, correct, statuses},
    script::play,
};
use crate::reference::Reference;

#[test]
fn without_a_flaw_nothing_leaves_that_must_not() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let staging = lab.base_url("staging");
    let to = |base_url: String| Send { base_url, ..show(&lab, key(), "1") };
    let with = |credential| show(&lab, credential, "1");
    let given = |kind, secret| with(credential(kind, "staging", secret));
    let mut other_in_query = list(&lab, key(), Some(COMPANY));
    other_in_query.query.push(Parameter { name: "company_id".to_owned(), value: OTHER_COMPANY.to_owned() });
    let other_in_body =
        Send { body: Some(json!({ "companyId": OTHER_COMPANY })), ..create(&lab, key(), Some(COMPANY)) };
    let mut no_parameter = with(key());
    no_parameter.path.clear();
    for (name, send) in [
        ("the other environment", to(lab.base_url("production"))),
        ("the legacy API", to(lab.hello.legacy_base_url.clone())),
        ("elsewhere", to(lab.elsewhere())),
        ("a port more", to(format!("{staging}0"))),
        ("user information", to(format!("{staging}@{}", lab.elsewhere().trim_start_matches("http://")))),
        ("a path", to(format!("{staging}/v1"))),
        ("two slashes", to(format!("{staging}//"))),
        ("another scheme", to(staging.replace("http://", "HTTP://"))),
        ("a legacy token", given(CredentialKind::LegacyToken, TOKEN)),
        ("a key with a colon", given(CredentialKind::IntegratedApiKey, "FAKE:KEY")),
        ("a key with a line feed", given(CredentialKind::StandaloneApiKey, "FAKE\nKEY")),
        ("an empty key", given(CredentialKind::StandaloneApiKey, "")),
        ("a token with a line feed", given(CredentialKind::AccessToken, "FAKE\r\nx: y")),
        ("no key", with(Credential { secret: None, ..key() })),
        ("no tokens", with(Credential { tokens: None, ..tokens("staging", "", "", 1) })),
        ("nothing granted", with(Credential { kind: CredentialKind::OauthSession, ..key() })),
        ("too few scopes", with(Credential { scopes: Some(vec!["others:read".to_owned()]), ..key() })),
        ("no company in the query", list(&lab, key(), None)),
        ("no company in the body", create(&lab, key(), None)),
        ("another company in the query", other_in_query),
        ("another company in the body", other_in_body),
        ("no path parameter", no_parameter),
        ("a path parameter of dots", show(&lab, key(), "..")),
    ] {
        let outcome = correct(&mut player, name, &send);
        assert!(matches!(outcome, Outcome::Refuse(_)), "{name}: {outcome:?}");
        assert_eq!(arrived(&lab), [""; 0], "{name}");
    }
    assert_eq!(statuses(&correct(&mut player, "a slash", &to(format!("{staging}/")))), [200]);
}

#[test]
fn without_a_flaw_what_may_leave_leaves_once_as_it_was_asked_for() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let jwt = format!("e30.{}.FAKE", URL_SAFE_NO_PAD.encode(r#"{"exp":1}"#));
    let production = credential(CredentialKind::StandaloneApiKey, "production", "FAKE-KEY-2");
    let with = |credential| show(&lab, credential, "1");
    for (session, send, status, expected) in [
        ("first", with(key()), 200, "staging /v1/things/1:peek Basic RkFLRS1LRVktPj4+Pz8/Og=="),
        (
            "first",
            with(credential(CredentialKind::StandaloneApiKey, "staging", "FAKE-KEY-1")),
            200,
            "staging /v1/things/1:peek Basic RkFLRS1LRVktMTo=",
        ),
        ("first", with(production), 200, "production /v1/things/1:peek Basic RkFLRS1LRVktMjo="),
        (
            "a token is no business of the client's",
            with(credential(CredentialKind::AccessToken, "production", &jwt)),
            200,
            "production /v1/things/1:peek Bearer e30.eyJleHAiOjF9.FAKE",
        ),
        (
            "scopes that suffice",
            with(Credential { scopes: Some(vec!["things:read".to_owned()]), ..token() }),
            200,
            "staging /v1/things/1:peek Bearer FAKE.TOKEN+/~==",
        ),
        (
            "a company that has no place",
            Send { company: Some(COMPANY.to_owned()), ..with(token()) },
            200,
            "staging /v1/things/1:peek Bearer FAKE.TOKEN+/~==",
        ),
        (
            "forbidden",
            show(&lab, token(), "forbidden"),
            403,
            "staging /v1/things/forbidden Bearer FAKE.TOKEN+/~==",
        ),
        (
            "redirected",
            show(&lab, token(), "redirected"),
            307,
            "staging /v1/things/redirected Bearer FAKE.TOKEN+/~==",
        ),
    ] {
        assert_eq!(statuses(&correct(&mut player, session, &send)), [status], "{session}");
        let line = |(server, request): (&str, Request<Bytes>)| {
            format!("{server} {} {}", request.uri(), request.headers()["authorization"].to_str().unwrap())
        };
        assert_eq!(lab.requests().into_iter().map(line).collect::<Vec<_>>(), [expected], "{session}");
    }
}

#[test]
fn without_a_flaw_no_secret_is_said() {
    let lab = Lab::start();
    let player = play(&lab, Reference::default());
    assert!(player.said.len() > 50);
    for secret in [
        KEY,
        TOKEN,
        "RkFLRS1LRVkt",
        "FAKE:KEY",
        "FAKE-KEY-2",
        "FAKE-ACCESS",
        "FAKE-REFRESH",
        "FAKE-CLIENT-SECRET",
        "FAKE-CODE",
        "$NAME",
        "!\"#$%",
    ] {
        for said in &player.said {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn without_a_flaw_the_published_base_urls_are_built_in_and_everything_can_be_done() {
    let introduction = Reference::default().hello(&Lab::start().hello).unwrap();
    let base_urls: Vec<(&str, &str)> =
        introduction.base_urls.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
    assert_eq!(
        base_urls,
        [("production", "https://external.pleo.io"), ("staging", "https://external.staging.pleo.io")]
    );
    assert_eq!(introduction.capabilities, Capability::ALL.into());
}

#[test]
fn without_a_flaw_the_company_of_the_request_is_enough() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    for bound in [None, Some(COMPANY)] {
        let mut send = list(&lab, key(), bound);
        send.query.push(Parameter { name: "company_id".to_owned(), value: COMPANY.to_owned() });
        assert_eq!(statuses(&correct(&mut player, "query", &send)), [200]);
        let (_, request) = lab.requests().remove(0);
        assert_eq!(request.uri().query().unwrap().matches(COMPANY).count(), 1);

        let send = Send { body: Some(json!({ "companyId": COMPANY })), ..create(&lab, key(), bound) };
        assert_eq!(statuses(&correct(&mut player, "body", &send)), [200]);
        let (_, request) = lab.requests().remove(0);
        assert_eq!(request.body(), &format!("{{\"companyId\":\"{COMPANY}\"}}"));
    }
}

#[test]
fn without_a_flaw_tokens_are_renewed_once_and_in_time() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let staging = |access: &str, refresh: &str, expires_in| {
        show(&lab, tokens("staging", access, &format!("FAKE-REFRESH-{refresh}"), expires_in), "1")
    };
    let refreshed = |token: &str| format!("FAKE-REFRESH-{token} at staging's authorisation server");
    let used = |token: &str| format!("Bearer FAKE-ACCESS-{token} at staging");

    let all_at_once = Send { times: 8, ..staging("FAKE-ACCESS-1", "9", 0) };
    assert_eq!(statuses(&correct(&mut player, "all at once", &all_at_once)), [200; 8]);
    assert_eq!(arrived(&lab), [vec![used("3"); 8], vec![refreshed("9")]].concat());

    let expired = staging("FAKE-ACCESS-1", "1", 0);
    for expected in [vec![used("2"), refreshed("1")], vec![used("3"), refreshed("2")], vec![used("3")]] {
        assert_eq!(statuses(&correct(&mut player, "again and again", &expired)), [200]);
        assert_eq!(arrived(&lab), expected);
    }

    let production = show(&lab, tokens("production", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 0), "1");
    assert_eq!(statuses(&correct(&mut player, "production", &production)), [200]);
    assert_eq!(
        arrived(&lab),
        ["Bearer FAKE-ACCESS-3 at production", "FAKE-REFRESH-9 at production's authorisation server"]
    );

    let stale = staging("FAKE-ACCESS-STALE", "9", 3600);
    assert_eq!(statuses(&correct(&mut player, "refused", &stale)), [200]);
    assert_eq!(arrived(&lab), [used("3"), used("STALE"), refreshed("9")]);
    // What was refused was not carried out, so that it can be sent again whatever it does.
    let unsafe_call = create(&lab, stale.credential, Some(COMPANY));
    assert_eq!(statuses(&correct(&mut player, "refused and unsafe", &unsafe_call)), [200]);
    assert_eq!(arrived(&lab), [used("3"), used("STALE"), refreshed("9")]);
    assert_eq!(statuses(&correct(&mut player, "refused and unsafe", &unsafe_call)), [200]);
    assert_eq!(arrived(&lab), [used("3")]);

    for (token, first, second) in [("DEAD", 1, 0), ("DOWN", 3, 3)] {
        let send = Send { times: 4, ..staging("FAKE-ACCESS-1", token, 0) };
        for times in [first, second] {
            assert!(matches!(correct(&mut player, token, &send), Outcome::Refuse(_)), "{token}");
            assert_eq!(arrived(&lab), vec![refreshed(token); times]);
        }
    }
}

#[test]
fn without_a_flaw_only_the_right_redirect_is_exchanged_and_only_once() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let granted = Credential { secret: None, ..credential(CredentialKind::OauthSession, "production", "") };
    let others = ["code=FAKE-CODE&error=x&state=STATE", "code=FAKE-CODE&code=FAKE-CODE&state=STATE"];
    for query in WRONG_REDIRECTS.into_iter().chain(others) {
        player.authorize(query);
        player.finish(query, query);
        assert!(!player.trace.last().unwrap().contains("/oauth/token"), "{query}");
        assert!(matches!(correct(&mut player, query, &show(&lab, granted.clone(), "1")), Outcome::Refuse(_)));
    }

    let server = &lab.hello.environments["production"].authorization_server;
    player.authorize("right");
    let authorization = player.trace.last().unwrap();
    let expected = format!(
        "{server}/oauth/authorize valid: true response_type=code client_id=FAKE-CLIENT \
         redirect_uri=https://app.example/callback scope=things:read things:write \
         state=43 characters, fresh: true code_challenge=43 characters, for URLs: true \
         code_challenge_method=S256\""
    );
    assert!(authorization.contains(&expected), "{authorization}");
    player.finish("right", "code=FAKE-CODE&state=STATE");
    let exchange = player.trace.last().unwrap();
    for part in [
        "\nproduction's authorisation server: POST /oauth/token",
        "\"authorization\": \"Basic RkFLRS1DTElFTlQ6RkFLRS1DTElFTlQtU0VDUkVU\"",
        "} grant_type=authorization_code code=FAKE-CODE redirect_uri=https://app.example/callback \
         code_verifier=43 characters, lawful: true, proves the challenge: true, is the state: false",
    ] {
        assert!(exchange.contains(part), "{exchange}");
    }
    assert!(exchange.ends_with("is the state: false"), "{exchange}");
    player.finish("right", "code=FAKE-CODE&state=STATE");
    assert!(!player.trace.last().unwrap().contains("/oauth/token"), "a redirect is good once");
    assert_eq!(statuses(&correct(&mut player, "right", &show(&lab, granted, "1"))), [200]);
    assert_eq!(arrived(&lab), ["Bearer FAKE-ACCESS-3 at production"]);
}
