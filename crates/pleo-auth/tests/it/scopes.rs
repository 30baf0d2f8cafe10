//! Scopes are checked before sending where both sides are known.

use pleo_auth::{RequestRefused, ScopeSet, Session};

use crate::support::{Recorder, client, key};

fn scopes(names: &str) -> ScopeSet {
    names.parse().unwrap()
}

#[tokio::test]
async fn a_missing_scope_is_refused_before_sending_and_named() {
    let recorder = Recorder::status(200);
    let client =
        client(Session::new(key("FAKE")).with_scopes(scopes("export-jobs:read accounts:read")), &recorder);
    let error = client.list_employees().send().await.unwrap_err();
    let Some(RequestRefused::MissingScopes { operation, missing, granted }) = RequestRefused::of(&error)
    else {
        panic!("{error:?}")
    };
    assert_eq!(*operation, "list_employees");
    assert_eq!((missing, granted), (&scopes("users:read"), &scopes("accounts:read export-jobs:read")));
    let text = error.to_string();
    assert!(text.contains("\"users:read\"") && text.contains("\"accounts:read export-jobs:read\""), "{text}");
    assert!(recorder.sent().is_empty());
}

#[tokio::test]
async fn what_is_held_or_unknown_on_either_side_is_sent() {
    let recorder = Recorder::status(200);
    let session = Session::new(key("FAKE"));
    assert_eq!(session.scopes(), None);
    let unknown = client(session, &recorder);
    let _ = unknown.list_employees().send().await;
    assert_eq!(recorder.sent().len(), 1);
    let session = Session::new(key("FAKE")).with_scopes(scopes("users:read"));
    assert_eq!(session.scopes(), Some(scopes("users:read")));
    let known = client(session, &recorder);
    let _ = known.list_employees().send().await;
    // No page says which scope this operation needs.
    let _ = known.list_companies().send().await;
    assert_eq!(recorder.sent().len(), 3);
}
