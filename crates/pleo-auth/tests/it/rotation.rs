//! Replacing a session's credential while it is in use.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pleo_auth::{
    AccessToken, AnyEnvironment, Client, IntegratedApiKey, Production, Sandbox, Session, Staging,
    StandaloneApiKey,
    oauth::{MemoryStore, RefreshPolicy, RefreshingToken, Tokens},
    pleo_client::{Body, BoxFuture, Call, Error, Transport},
};
use tokio::sync::Notify;

use crate::support::{Recorder, Script, answer, authorization, client, key};

#[tokio::test]
async fn later_calls_use_the_new_credential_in_every_clone() {
    let recorder = Recorder::status(200);
    let session = Session::new(key("FAKE-OLD")).with_scopes("users:read".parse().unwrap());
    let clone = client(session.clone().with_company(crate::support::company(1)), &recorder);
    let _ = clone.list_employees().send().await;
    let old = session.replace_credential(IntegratedApiKey::new(Staging, "FAKE-NEW").unwrap()).unwrap();
    assert!(matches!(old, pleo_auth::Credential::StandaloneApiKey(_)));
    assert_eq!(session.scopes(), None, "nothing is known of the new credential's scopes");
    let _ = clone.list_employees().send().await;
    session.replace_credential(AccessToken::new(Staging, "FAKE-TOKEN").unwrap()).unwrap();
    let _ = clone.list_employees().send().await;
    assert_eq!(recorder.authorizations(), ["Basic RkFLRS1PTEQ6", "Basic RkFLRS1ORVc6", "Bearer FAKE-TOKEN"]);
}

/// Tries each call twice, as a retry does; the first call waits in between.
struct Twice {
    tried: Arc<Notify>,
    go_on: Arc<Notify>,
    calls: AtomicUsize,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Transport for Twice {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let number = self.calls.fetch_add(1, Ordering::SeqCst);
            for attempt in 0..2 {
                if (number, attempt) == (0, 1) {
                    self.tried.notify_one();
                    self.go_on.notified().await;
                }
                let request = call.authorized().await?;
                self.sent.lock().unwrap().push(format!("{number} {}", authorization(&request)));
            }
            Ok(answer(200, ""))
        })
    }
}

#[tokio::test]
async fn a_call_ends_with_the_credential_it_began_with() {
    let (tried, go_on, sent) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::default());
    let twice = Twice {
        tried: Arc::clone(&tried),
        go_on: Arc::clone(&go_on),
        calls: AtomicUsize::new(0),
        sent: Arc::clone(&sent),
    };
    let session = Session::new(key("FAKE-OLD"));
    let client = Client::with_transport(session.clone(), twice).unwrap();
    let first = client.delete_installation().send();
    let second = async {
        tried.notified().await;
        session.replace_credential(key("FAKE-NEW")).unwrap();
        let answer = client.delete_installation().send().await;
        go_on.notify_one();
        answer
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    second.unwrap();
    let (old, new) = ("Basic RkFLRS1PTEQ6", "Basic RkFLRS1ORVc6");
    assert_eq!(
        *sent.lock().unwrap(),
        [format!("0 {old}"), format!("1 {new}"), format!("1 {new}"), format!("0 {old}")]
    );
}

/// Puts another credential in place while it is handed a call, before it makes a future of it.
struct ReplacesAtOnce {
    session: Session<Staging>,
    recorder: Recorder,
}

impl Transport for ReplacesAtOnce {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        self.session.replace_credential(key("FAKE-NEW")).unwrap();
        self.recorder.send(call)
    }
}

#[test]
fn a_transport_may_replace_the_credential_of_the_call_that_it_is_handed() {
    let tokens = Tokens::new(Staging, "FAKE-ACCESS", Some("FAKE-R".into()), None);
    let token = RefreshingToken::new(
        Script::default().app(),
        tokens,
        MemoryStore::new(None),
        RefreshPolicy::default(),
    )
    .unwrap();
    for (session, sent) in
        [(Session::new(key("FAKE-OLD")), "Basic RkFLRS1PTEQ6"), (Session::new(token), "Bearer FAKE-ACCESS")]
    {
        let recorder = Recorder::status(200);
        let transport = ReplacesAtOnce { session: session.clone(), recorder: recorder.clone() };
        let client = Client::with_transport(session, transport).unwrap();
        let (done, ended) = std::sync::mpsc::channel();
        // In a thread of its own, which a lock that is still held would stop.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            done.send(runtime.block_on(client.delete_installation().send()).is_ok()).unwrap();
        });
        assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Ok(true));
        assert_eq!(recorder.authorizations(), [sent]);
    }
}

#[test]
fn a_credential_of_another_environment_is_refused_where_types_cannot_tell() {
    let any = |environment: AnyEnvironment| StandaloneApiKey::new(environment, "FAKE-ANY").unwrap();
    let session = Session::new(any(Staging.into()));
    let refused = session.replace_credential(any(Production.into())).unwrap_err();
    assert_eq!((refused.session.as_str(), refused.credential.as_str()), ("staging", "production"));
    assert!(!format!("{refused} {refused:?}").contains("FAKE-ANY"));
    let sandbox = |port: u16| {
        StandaloneApiKey::new(Sandbox::new(&format!("http://127.0.0.1:{port}")).unwrap(), "FAKE").unwrap()
    };
    let session = Session::new(sandbox(1000));
    assert!(session.replace_credential(sandbox(1001)).is_err());
    assert!(session.replace_credential(sandbox(1000)).is_ok());
}

#[test]
fn debug_shows_what_matters_of_a_session_and_its_client() {
    let session = Session::new(key("FAKE")).with_company(crate::support::company(1));
    let client = client(session.clone(), &Recorder::status(200));
    assert_eq!(
        format!("{session:?}"),
        "Session { credential: StandaloneApiKey(StandaloneApiKey { environment: Staging, .. }), scopes: None, \
         subject: Some(Company(CompanyId(01111111-2222-4333-8444-555555555555))), .. }"
    );
    assert_eq!(format!("{client:?}"), format!("Client {{ session: {session:?}, .. }}"));
}
