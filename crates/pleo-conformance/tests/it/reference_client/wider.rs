//! Without a flaw, the client also keeps to the rules where several things come together.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Request;
use pleo_conformance::{
    protocol::{Answer, Credential, CredentialKind, Parameter, Send},
    subject::Outcome,
};

use super::{
    bench::{
        COMPANY, Lab, OTHER_COMPANY, TROUBLES, create, credential, key, list, long_key, long_token, optional,
        rich_app, search, show, token, tokens,
    },
    player::{Player, arrived, correct, statuses},
};
use crate::reference::{Reference, Variation};

fn authorization(request: &Request<Bytes>) -> &str {
    let values: Vec<_> = request.headers().get_all("authorization").iter().collect();
    assert_eq!(values.len(), 1, "{request:?}");
    values[0].to_str().unwrap()
}

/// The forms that arrived at an authorisation server, as they were meant.
fn forms(lab: &Lab) -> Vec<Vec<(String, String)>> {
    let requests = lab.requests().into_iter().filter(|(server, _)| server.contains("authorisation"));
    requests.map(|(_, request)| form_urlencoded::parse(request.body()).into_owned().collect()).collect()
}

fn value<'a>(form: &'a [(String, String)], wanted: &str) -> &'a str {
    &form.iter().find(|(name, _)| name == wanted).unwrap().1
}

/// The tokens of a session whose app has been authorised.
fn granted() -> Credential {
    Credential { secret: None, ..credential(CredentialKind::OauthSession, "production", "") }
}

#[test]
fn each_of_several_requests_is_whole_whatever_the_credential() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    for times in 1..=4 {
        let name = times.to_string();
        player.authorize(&name);
        player.finish(&name, "code=FAKE-CODE&state=STATE");
        for credential in [
            granted(),
            key(),
            credential(CredentialKind::IntegratedApiKey, "production", "FAKE-KEY-2"),
            token(),
            tokens("staging", "FAKE-ACCESS-3", "FAKE-REFRESH-9", 3600),
            tokens("staging", "FAKE-ACCESS-STALE", "FAKE-REFRESH-9", 0),
        ] {
            let environment = credential.environment.clone();
            let send = Send { times, ..list(&lab, credential, Some(COMPANY)) };
            assert_eq!(statuses(&correct(&mut player, &name, &send)), vec![200; times as usize]);
            let requests = lab.requests();
            let requests: Vec<_> = requests.iter().filter(|(server, _)| *server == environment).collect();
            assert_eq!(requests.len(), times as usize);
            for (_, request) in &requests {
                assert_eq!(authorization(request), authorization(&requests[0].1));
                assert_eq!(request.uri().query().unwrap().matches(COMPANY).count(), 1);
            }
        }
    }
}

#[test]
fn a_later_call_of_a_session_goes_by_what_it_brings_itself() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let production = credential(CredentialKind::StandaloneApiKey, "production", "FAKE-KEY-2");
    let good = |environment: &str, access: &str| tokens(environment, access, "FAKE-REFRESH-9", 3600);
    for (credential, company, expected) in [
        (key(), Some(COMPANY), "staging Basic RkFLRS1LRVktPj4+Pz8/Og=="),
        (key(), Some(OTHER_COMPANY), "staging Basic RkFLRS1LRVktPj4+Pz8/Og=="),
        (key(), None, "staging Basic RkFLRS1LRVktPj4+Pz8/Og=="),
        (production, Some(COMPANY), "production Basic RkFLRS1LRVktMjo="),
        (token(), None, "staging Bearer FAKE.TOKEN+/~=="),
        (good("production", "FAKE-A"), Some(COMPANY), "production Bearer FAKE-A"),
        (good("staging", "FAKE-B"), None, "staging Bearer FAKE-B"),
        (good("production", "FAKE-A"), Some(OTHER_COMPANY), "production Bearer FAKE-A"),
    ] {
        let send = optional(list(&lab, credential, company));
        assert_eq!(statuses(&correct(&mut player, "one", &send)), [200]);
        let requests = lab.requests();
        let [(server, request)] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!(format!("{server} {}", authorization(request)), expected);
        let named = request.uri().query().unwrap().split_once("company_id=").map(|(_, company)| company);
        assert_eq!(named, company);
    }
}

#[test]
fn tokens_go_on_from_where_they_are_when_others_come_between() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let first = tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-8", 0);
    let second = tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 0);
    for (credential, renewals) in
        [(first.clone(), 1), (second, 1), (first.clone(), 0), (Credential { tokens: None, ..first }, 0)]
    {
        assert_eq!(statuses(&correct(&mut player, "two", &show(&lab, credential, "1"))), [200]);
        let arrived = arrived(&lab);
        assert_eq!(arrived.len(), 1 + renewals, "{arrived:?}");
    }
}

#[test]
fn what_goes_wrong_is_answered_and_nothing_else_is_tried() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let good = tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 3600);
    for id in TROUBLES {
        for credential in [key(), token(), good.clone()] {
            let is_renewable = credential.tokens.is_some();
            let outcome = correct(&mut player, id, &show(&lab, credential, id));
            let requests: Vec<&str> = lab.requests().into_iter().map(|(server, _)| server).collect();
            if id == "unknown" && is_renewable {
                assert_eq!(requests, ["staging", "staging", "staging's authorisation server"]);
            } else {
                assert_eq!(requests, ["staging"], "{id}");
            }
            let Outcome::Result(result) = outcome else { panic!("{id}: {outcome:?}") };
            let expected = match id {
                "invalid" => 400,
                "missing" => 404,
                "unprocessable" => 422,
                "unknown" => 401,
                "forbidden" => 403,
                "limited" => 429,
                "broken" => 500,
                "away" => 503,
                "dropped" => {
                    assert!(matches!(result.answers.as_slice(), [Answer::Failure(_)]));
                    continue;
                }
                _ => 307,
            };
            assert_eq!(result.answers, [Answer::Status(expected)], "{id}");
        }
    }
}

#[test]
fn a_call_renews_once_and_repeats_the_same_request() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let stale = |refresh: &str, expires_in| tokens("staging", "FAKE-ACCESS-STALE", refresh, expires_in);
    for (name, send) in [
        ("list", list(&lab, stale("FAKE-REFRESH-9", 3600), Some(COMPANY))),
        ("create", create(&lab, stale("FAKE-REFRESH-9", 3600), Some(COMPANY))),
        ("search", search(&lab, stale("FAKE-REFRESH-9", 3600))),
    ] {
        assert_eq!(statuses(&correct(&mut player, name, &send)), [200], "{name}");
        let requests = lab.requests();
        let [(_, first), (_, second), (_, renewal)] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!(renewal.uri().path(), "/oauth/token");
        assert_eq!(first.method(), second.method());
        assert_eq!(first.uri(), second.uri());
        assert_eq!(first.body(), second.body());
        let without = |request: &Request<Bytes>| {
            let mut headers = request.headers().clone();
            headers.remove("authorization");
            headers
        };
        assert_eq!(without(first), without(second));
        assert_eq!(
            [authorization(first), authorization(second)],
            ["Bearer FAKE-ACCESS-STALE", "Bearer FAKE-ACCESS-3"]
        );
    }
    // Where renewing does not help, a call gives up: once for a token that was refused, and at once for one
    // that it has renewed before.
    for (expires_in, tries) in [(3600, 2), (0, 1)] {
        let send = show(&lab, stale("FAKE-REFRESH-STALE", expires_in), "1");
        let name = format!("hopeless {expires_in}");
        assert_eq!(statuses(&correct(&mut player, &name, &send)), [401]);
        let requests: Vec<&str> = lab.requests().into_iter().map(|(server, _)| server).collect();
        assert_eq!(requests, [vec!["staging"; tries], vec!["staging's authorisation server"]].concat());
    }
    let several = Send { times: 4, ..show(&lab, stale("FAKE-REFRESH-STALE", 3600), "1") };
    assert_eq!(statuses(&correct(&mut player, "several", &several)), [401; 4]);
    assert_eq!(forms(&lab).len(), 1);
}

#[test]
fn a_token_that_is_good_is_not_renewed() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    player.authorize("granted");
    player.finish("granted", "code=FAKE-CODE&state=STATE");
    lab.requests();
    for _ in 0..3 {
        assert_eq!(statuses(&correct(&mut player, "granted", &show(&lab, granted(), "1"))), [200]);
        assert_eq!(arrived(&lab), ["Bearer FAKE-ACCESS-3 at production"]);
    }
}

#[test]
fn long_and_odd_credentials_arrive_to_the_letter() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    for length in [12, 64, 65, 128, 255, 300] {
        let key = long_key(length);
        let send = show(&lab, credential(CredentialKind::StandaloneApiKey, "staging", &key), "1");
        assert_eq!(statuses(&correct(&mut player, "key", &send)), [200]);
        let (_, request) = lab.requests().remove(0);
        let encoded = authorization(&request).strip_prefix("Basic ").unwrap();
        assert_eq!(STANDARD.decode(encoded).unwrap(), format!("{key}:").into_bytes());

        let token = long_token(length);
        let send = show(&lab, credential(CredentialKind::AccessToken, "staging", &token), "1");
        assert_eq!(statuses(&correct(&mut player, "token", &send)), [200]);
        let (_, request) = lab.requests().remove(0);
        assert_eq!(authorization(&request), format!("Bearer {token}"));
    }
}

#[test]
fn a_client_without_a_company_names_none() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let good = tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 3600);
    for credential in [key(), token(), good] {
        for send in [list(&lab, credential.clone(), None), create(&lab, credential.clone(), None)] {
            assert_eq!(statuses(&correct(&mut player, "unbound", &optional(send))), [200]);
            let (_, request) = lab.requests().remove(0);
            assert!(!format!("{request:?}").to_lowercase().contains("company"), "{request:?}");
        }
    }
}

#[test]
fn odd_values_of_oauth_arrive_to_the_letter() {
    let lab = Lab::start();
    let mut player = Player::new(&lab, Reference::default());
    let app = rich_app();
    player.authorize_app("rich", rich_app());
    let authorization = player.trace.last().unwrap();
    assert!(authorization.contains(&format!(" redirect_uri={} scope=", app.redirect_uri)), "{authorization}");
    let odd: String = ('!'..='~').collect();
    let code: String = form_urlencoded::byte_serialize(odd.as_bytes()).collect();
    // What the player takes for names of states does not stand in there.
    player.finish("rich", &format!("code={code}&state=STATE"));
    let exchange = player.trace.last().unwrap();
    assert!(exchange.contains(&format!(" code={odd} redirect_uri={} ", app.redirect_uri)), "{exchange}");

    let send = show(&lab, tokens("staging", "FAKE-ACCESS-1", &odd, 0), "1");
    assert_eq!(statuses(&correct(&mut player, "odd", &send)), [200]);
    assert_eq!(value(&forms(&lab)[0], "refresh_token"), odd);
}

#[test]
fn lawful_conduct_shows_where_it_is_meant_to() {
    let lab = Lab::start();
    let requests = |variation, send: &Send| {
        let mut player = Player::new(&lab, Reference::with_variation(variation));
        let outcome = correct(&mut player, "one", send);
        let requests: Vec<String> = lab
            .requests()
            .into_iter()
            .map(|(server, request)| format!("{server} {} {}", request.method(), request.uri()))
            .collect();
        (format!("{outcome:?}"), requests)
    };
    let plain = ["staging GET /v1/things/1:peek"];
    for (variation, first) in [
        (Variation::IntrospectedFirst, "staging GET /v1/introspect"),
        (Variation::OptionsFirst, "staging OPTIONS /v1/things/1:peek"),
        (Variation::HeadFirst, "staging HEAD /v1/things/1:peek"),
    ] {
        assert_eq!(requests(variation, &show(&lab, key(), "1")).1, [&[first], plain.as_slice()].concat());
    }
    let (_, arrived) = requests(Variation::IntrospectedFirst, &show(&lab, token(), "1"));
    assert_eq!(arrived[0], "staging GET /v1/installations/me");

    for id in ["limited", "broken", "away", "dropped"] {
        let (_, arrived) = requests(Variation::FailureTriedAgain, &show(&lab, key(), id));
        assert_eq!(arrived, [format!("staging GET /v1/things/{id}"), format!("staging GET /v1/things/{id}")]);
    }
    for (expires_in, renewals) in [(50, 1), (100, 0)] {
        let early = tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", expires_in);
        let (_, arrived) = requests(Variation::RenewedEarly, &show(&lab, early, "1"));
        assert_eq!(arrived.len(), 1 + renewals, "{arrived:?}");
    }
    let mut capitals = show(&lab, key(), "1");
    capitals.base_url = capitals.base_url.replace("http://", "HTTP://");
    assert_eq!(requests(Variation::BaseUrlInCapitals, &capitals).1, plain);

    let own = requests(Variation::OwnRedirectFollowed, &show(&lab, key(), "redirected-to-staging")).1;
    assert_eq!(own, ["staging GET /v1/things/redirected-to-staging", "staging GET /caught"]);
    for id in ["redirected", "redirected-to-production", "redirected-to-legacy"] {
        let (_, arrived) = requests(Variation::OwnRedirectFollowed, &show(&lab, key(), id));
        assert_eq!(arrived.len(), 1, "{id}");
    }

    let (outcome, _) = requests(Variation::LastFourShown, &show(&lab, key(), "1"));
    assert!(outcome.contains("(...>???)"), "{outcome}");
    let (outcome, _) = requests(Variation::LengthShown, &show(&lab, key(), "1"));
    assert!(outcome.contains("(15 characters)"), "{outcome}");
    let (outcome, _) = requests(Variation::StatusesShown, &show(&lab, key(), "away"));
    assert!(outcome.contains("([Status(503)])"), "{outcome}");
    let scopes = Some(vec!["others:read".to_owned()]);
    let lacking = show(&lab, Credential { scopes, ..key() }, "1");
    let (outcome, _) = requests(Variation::ScopesNamedInRefusal, &lacking);
    assert!(outcome.contains("needs: things:read"), "{outcome}");
    let (outcome, _) =
        requests(Variation::AppShown, &show(&lab, tokens("staging", "FAKE-A", "FAKE-B", 3600), "1"));
    assert!(outcome.contains("(staging FAKE-CLIENT)"), "{outcome}");
}

#[test]
fn valid_conduct_names_what_it_may_name_and_no_more() {
    let lab = Lab::start();
    let requests = |variation, send: &Send| {
        let mut player = Player::new(&lab, Reference::with_variation(variation));
        let outcome = format!("{:?}", correct(&mut player, "one", send));
        let requests = lab.requests().into_iter().map(|(_, request)| request.uri().to_string());
        (outcome, requests.collect::<Vec<_>>())
    };
    let long = show(&lab, Credential { secret: Some(long_key(30)), ..key() }, "1");
    let (outcome, _) = requests(Variation::MaskedShown, &long);
    assert!(outcome.contains("(FAKE****6789)"), "{outcome}");
    let expired = |refresh: &str| show(&lab, tokens("staging", "FAKE-ACCESS-1", refresh, 0), "1");
    let (outcome, _) = requests(Variation::NewLastFourShown, &expired("FAKE-REFRESH-9"));
    assert!(outcome.contains("(...SS-3, ...SH-3)"), "{outcome}");

    let company = Parameter { name: "company_id".to_owned(), value: COMPANY.to_owned() };
    let naming = |bound| Send { query: vec![company.clone()], ..list(&lab, key(), Some(bound)) };
    let (_, arrived) = requests(Variation::NamedCompanyUpperCase, &naming(COMPANY));
    assert_eq!(arrived, [format!("/v1/things?company_id={}", COMPANY.to_uppercase())]);
    let (outcome, arrived) = requests(Variation::BoundCompanyNamedInRefusal, &naming(OTHER_COMPANY));
    assert!(outcome.contains(&format!("is bound to: {OTHER_COMPANY}")), "{outcome}");
    assert!(arrived.is_empty(), "{arrived:?}");

    let (staging, production) = (lab.base_url("staging"), lab.base_url("production"));
    let astray = Send { base_url: production.clone(), ..show(&lab, key(), "1") };
    let (outcome, arrived) = requests(Variation::AddressesNamedInRefusal, &astray);
    assert!(outcome.contains(&format!(": {production}, not {staging}")), "{outcome}");
    assert!(arrived.is_empty(), "{arrived:?}");
    let redirected = show(&lab, key(), "redirected-to-production");
    let (outcome, arrived) = requests(Variation::RedirectTargetNamed, &redirected);
    assert!(outcome.contains(&format!("redirects to {production}\"")), "{outcome}");
    assert_eq!(arrived, ["/v1/things/redirected-to-production"]);

    let (_, arrived) = requests(Variation::RefreshTriedOnce, &expired("FAKE-REFRESH-DOWN"));
    assert_eq!(arrived, ["/oauth/token"]);
}

#[test]
fn lawful_authorisations_are_written_otherwise() {
    let lab = Lab::start();
    let traces = |variation| {
        let mut player = Player::new(&lab, Reference::with_variation(variation));
        player.authorize("one");
        player.finish("one", "code=FAKE-CODE&state=STATE");
        player.trace[1..].join(" ")
    };
    for (variation, written) in [
        (Variation::StateOf22Characters, "state=22 characters, fresh: true"),
        (Variation::StateWithMarks, "state=47 characters, fresh: true"),
        (Variation::StateOf129Characters, "state=129 characters, fresh: true"),
        (Variation::ScopesReversed, "scope=things:write things:read "),
        (
            Variation::VerifierOf128Characters,
            "code_verifier=128 characters, lawful: true, proves the challenge: true",
        ),
        (Variation::ResponseModeNamed, " response_mode=query "),
        (Variation::FormsReversed, "code_challenge_method=S256 code_challenge="),
    ] {
        let trace = traces(variation);
        assert!(trace.contains(written), "{trace}");
        assert!(trace.contains("finish: done"), "{trace}");
    }
    let mut player = Player::new(&lab, Reference::with_variation(Variation::ErrorNamedInRefusal));
    player.authorize("one");
    player.finish("one", "error=access_denied&state=STATE");
    let refused = player.trace.last().unwrap();
    assert!(refused.contains("access was not granted: access_denied"), "{refused}");
    let mut player = Player::new(&lab, Reference::with_variation(Variation::ScopesAtRefresh));
    player.authorize("one");
    player.finish("one", "code=FAKE-CODE-EXPIRED&state=STATE");
    lab.requests();
    assert_eq!(statuses(&correct(&mut player, "one", &show(&lab, granted(), "1"))), [200]);
    assert_eq!(value(&forms(&lab)[0], "scope"), "things:read things:write");
}
