//! Advice stands beside Pleo's answer.

use pleo_auth::{
    Session,
    advice::{self, Advice},
};

use crate::support::{Recorder, answer, client, key};

#[tokio::test]
async fn answers_that_have_usual_causes_are_explained_and_stay_what_they_are() {
    for (status, expected) in [
        (401, Some(&advice::UNAUTHORIZED)),
        (403, Some(&advice::FORBIDDEN)),
        (404, Some(&advice::NOT_FOUND)),
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
async fn what_is_no_answer_is_not_explained() {
    let client = client(Session::new(key("FAKE")), &Recorder::status(200));
    let error = client.list_tag_groups().send().await.unwrap_err();
    assert_eq!(advice::explain(&error), None);
}
