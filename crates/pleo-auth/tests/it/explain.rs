//! Advice is printed next to Pleo's response.

use pleo_auth::{
    Session,
    advice::{self, Advice},
};

use crate::support::{Recorder, answer, client, company, key};

#[tokio::test]
async fn answers_that_have_usual_causes_are_explained_and_stay_what_they_are() {
    for (status, expected) in [
        (401, Some(&advice::UNAUTHORIZED)),
        (403, Some(&advice::FORBIDDEN)),
        (404, Some(&advice::NO_ACCESS)),
        (302, Some(&advice::REDIRECT)),
        (308, Some(&advice::REDIRECT)),
        (400, None),
        (409, None),
        (500, None),
    ] {
        let recorder =
            Recorder::new(move |_| answer(status, r#"{"type":"ACCESS_DENIED","message":"READ tag-group"}"#));
        let client = client(Session::new(key("FAKE")), &recorder);
        let error = client.introspect_authentication().send().await.unwrap_err();
        let explained: Option<&Advice> = advice::explain(&error);
        assert_eq!(explained, expected, "{status}");
        let answer = error.api_error().unwrap();
        assert_eq!((answer.kind(), answer.message()), (Some("ACCESS_DENIED"), Some("READ tag-group")));
    }
}

#[tokio::test]
async fn a_404_is_about_the_id_only_where_the_request_has_one() {
    let client = client(Session::new(key("FAKE")).with_company(company(1)), &Recorder::status(404));
    let error = client.get_vendor(uuid::Uuid::nil()).send().await.unwrap_err();
    assert_eq!(advice::explain(&error), Some(&advice::NOT_FOUND));
    assert!(error.to_string().ends_with("; check the id, the company and the environment"), "{error}");
    let error = client.get_installation().send().await.unwrap_err();
    assert_eq!(advice::explain(&error), Some(&advice::NO_ACCESS));
    assert!(error.to_string().contains("; the credential may be a token of Pleo's legacy API"), "{error}");
}

#[tokio::test]
async fn everybody_gets_advice_and_users_of_the_crate_get_its_names_on_request() {
    for advice in [&advice::UNAUTHORIZED, &advice::FORBIDDEN, &advice::NOT_FOUND, &advice::NO_ACCESS] {
        let (plain, in_rust) = (advice.to_string(), format!("{advice:#}"));
        assert!(!plain.contains("::") && !plain.contains("StandaloneApiKey"), "{plain}");
        assert!(in_rust.len() > plain.len() || advice.points.iter().all(|point| point.in_rust.is_none()));
    }
}

#[tokio::test]
async fn what_is_no_answer_is_not_explained() {
    let client = client(Session::new(key("FAKE")), &Recorder::status(200));
    let error = client.list_tag_groups().send().await.unwrap_err();
    assert_eq!(advice::explain(&error), None);
}
