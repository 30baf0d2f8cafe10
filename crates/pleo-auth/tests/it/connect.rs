//! Connecting: identity, installation, company, activation, and the same again for a new key.

use std::sync::{Arc, Mutex};

use pleo_auth::{
    AccessToken, Client, ConnectError, IntegratedApiKey, IntoCredential, InvalidSubject, OrganizationId,
    RotateError, ScopeSet, Session, Staging, Subject, pleo_client::marketplace::types::InstallationStatus,
};

use crate::support::{Recorder, answer, client, company, key};

/// What the service says.
#[derive(Clone)]
struct Service {
    subject: Option<String>,
    scope: &'static str,
    method: &'static str,
    /// `None`: there is no installation yet.
    resource: Option<String>,
    status: &'static str,
    activated: &'static str,
}

fn urn(subject: Subject) -> String {
    subject.to_string()
}

fn service(number: u8) -> Service {
    let urn = urn(company(number).into());
    Service {
        subject: Some(urn.clone()),
        scope: "users:read",
        method: "API_KEY",
        resource: Some(urn),
        status: "PENDING_INTEGRATION",
        activated: "ACTIVATED",
    }
}

fn installation(resource: &str, status: &str) -> String {
    format!(
        r#"{{"id":"11111111-2222-4333-8444-000000000001","applicationId":"11111111-2222-4333-8444-000000000002",
            "resource":"{resource}","status":"{status}","metadata":{{}},
            "createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}}"#
    )
}

fn recorder(service: Service) -> Recorder {
    let resource = Arc::new(Mutex::new(service.resource.clone()));
    Recorder::new(move |request| {
        let found = resource.lock().unwrap().clone();
        match (request.method().as_str(), request.uri().path()) {
            ("GET", "/v1/introspect") => {
                let subject = service.subject.as_ref().map(|urn| format!(r#","subjectURN":"{urn}""#));
                answer(
                    200,
                    format!(
                        r#"{{"data":{{"authMethod":"{}","clientId":"c","scope":"{}"{}}}}}"#,
                        service.method,
                        service.scope,
                        subject.unwrap_or_default()
                    ),
                )
            }
            ("GET", "/v1/installations/me") => match found {
                Some(resource) => answer(200, installation(&resource, service.status)),
                None => answer(404, ""),
            },
            ("POST", "/v1/installations/me") => {
                let made = urn(company(1).into());
                *resource.lock().unwrap() = Some(made.clone());
                answer(201, installation(&made, service.status))
            }
            ("POST", "/v1/installations/me:activate") => {
                answer(200, installation(&found.unwrap_or_default(), service.activated))
            }
            ("DELETE", "/v1/installations/me") => answer(204, ""),
            other => panic!("{other:?}"),
        }
    })
}

fn paths(recorder: &Recorder) -> Vec<String> {
    recorder.sent().iter().map(|request| format!("{} {}", request.method(), request.uri().path())).collect()
}

fn unbound(recorder: &Recorder) -> Client<Staging> {
    client(Session::new(key("FAKE")), recorder)
}

#[tokio::test]
async fn the_order_is_identity_installation_company_activation() {
    let recorder = recorder(service(1));
    let connection = unbound(&recorder).connect().await.unwrap();
    assert_eq!(paths(&recorder), ["GET /v1/introspect", "GET /v1/installations/me"]);
    assert_eq!((connection.subject(), connection.company()), (company(1).into(), Some(company(1))));
    assert_eq!(connection.identity().client_id, "c");
    assert_eq!(connection.identity().scopes, "users:read".parse().ok());
    assert_eq!(connection.installation().status.to_string(), "PENDING_INTEGRATION");
    let shown = format!("{connection:?}");
    assert!(
        shown.starts_with("Connection { client: Client") && shown.contains("subject: Company"),
        "{shown}"
    );
    let client = connection.activate().await.unwrap();
    assert_eq!(paths(&recorder)[2..], ["POST /v1/installations/me:activate"]);
    assert_eq!(client.session().subject(), Some(company(1).into()));
    assert_eq!(client.session().scopes(), None);
}

#[tokio::test]
async fn an_active_installation_is_not_activated_again() {
    let recorder = recorder(Service { status: "ACTIVATED", ..service(1) });
    unbound(&recorder).connect().await.unwrap().activate().await.unwrap();
    assert_eq!(recorder.sent().len(), 2);
}

#[tokio::test]
async fn without_success_there_is_no_active_client() {
    let recorder = recorder(Service { activated: "ERROR", ..service(1) });
    let error = unbound(&recorder).connect().await.unwrap().activate().await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::NotActive { status } if *status.get() == InstallationStatus::Error),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_api_key_without_an_installation_creates_one_on_request_and_an_oauth_token_does_not() {
    let missing = || recorder(Service { resource: None, ..service(1) });
    for credential in
        [key("FAKE").into_credential(), IntegratedApiKey::new(Staging, "FAKE").unwrap().into_credential()]
    {
        let recorder = missing();
        let client = client(Session::new(credential), &recorder);
        let error = client.connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::NotInstalled), "{error:?}");
        assert_eq!(paths(&recorder), ["GET /v1/introspect", "GET /v1/installations/me"], "it only reads");
        let connection = client.connect_or_install().await.unwrap();
        assert_eq!(connection.company(), Some(company(1)));
        assert_eq!(paths(&recorder)[4], "POST /v1/installations/me");
        assert_eq!(recorder.sent()[4].body(), "{}");
    }
    let recorder = missing();
    let token = AccessToken::new(Staging, "FAKE").unwrap();
    let error = client(Session::new(token), &recorder).connect_or_install().await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Call(error) if error.status().is_some_and(|status| status == 404))
    );
    assert_eq!(recorder.sent().len(), 2);
}

#[tokio::test]
async fn an_installation_that_cannot_be_read_is_not_made_anew() {
    let recorder = Recorder::new(|request| match request.uri().path() {
        "/v1/introspect" => answer(200, r#"{"data":{"authMethod":"API_KEY","clientId":"c","scope":""}}"#),
        _ => answer(403, ""),
    });
    assert!(matches!(unbound(&recorder).connect_or_install().await, Err(ConnectError::Call(_))));
    assert_eq!(paths(&recorder), ["GET /v1/introspect", "GET /v1/installations/me"]);
}

#[tokio::test]
async fn an_organisation_leaves_the_choice_of_the_company() {
    let organization = Subject::Organization(OrganizationId::new(company(9).uuid()));
    let whole = Service { subject: Some(urn(organization)), resource: Some(urn(organization)), ..service(1) };
    let connection = unbound(&recorder(whole.clone())).connect().await.unwrap();
    assert_eq!((connection.subject(), connection.company()), (organization, None));
    // A company that was chosen stays.
    let recorder_of_whole = recorder(whole.clone());
    let chosen = client(Session::new(key("FAKE")).with_company(company(2)), &recorder_of_whole);
    assert_eq!(chosen.connect().await.unwrap().subject(), company(2).into());
    // An organisation's credential may be installed for one company (N11).
    let one = Service { resource: Some(urn(company(3).into())), ..whole };
    assert_eq!(unbound(&recorder(one)).connect().await.unwrap().subject(), company(3).into());
}

#[tokio::test]
async fn another_company_than_the_bound_one_is_refused() {
    let recorder = recorder(service(1));
    let error =
        client(Session::new(key("FAKE")).with_company(company(2)), &recorder).connect().await.unwrap_err();
    let ConnectError::OtherSubject { bound, found } = &error else { panic!("{error:?}") };
    assert_eq!((*bound, *found), (company(2).into(), company(1).into()));
    assert_eq!(paths(&recorder), ["GET /v1/introspect"]);
    let text = error.to_string();
    assert!(text.contains(&company(1).to_string()) && text.contains(&company(2).to_string()), "{text}");
}

#[tokio::test]
async fn nothing_is_created_for_a_company_that_nobody_meant() {
    let recorder_of_other = recorder(Service { resource: None, ..service(1) });
    let live = client(Session::new(key("FAKE-OLD")).with_company(company(2)), &recorder_of_other);
    assert!(live.connect_or_install().await.is_err());
    assert!(live.rotate(key("FAKE-NEW"), &ScopeSet::default()).await.is_err());
    assert_eq!(paths(&recorder_of_other), ["GET /v1/introspect"; 2]);
    // Where introspection names nothing, the installation still has to agree.
    let silent = recorder(Service { subject: None, ..service(1) });
    let bound = client(Session::new(key("FAKE")).with_company(company(2)), &silent);
    assert!(matches!(bound.connect().await, Err(ConnectError::OtherSubject { .. })));
}

#[tokio::test]
async fn another_organisation_than_the_bound_one_is_refused() {
    let organization = |number| Subject::Organization(OrganizationId::new(company(number).uuid()));
    for subject in [Some(urn(organization(8))), None] {
        let recorder = recorder(Service { subject, resource: Some(urn(organization(8))), ..service(1) });
        let bound = client(Session::new(key("FAKE")).with_subject(organization(9)), &recorder);
        let error = bound.connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::OtherSubject { bound, found }
            if bound == organization(9) && found == organization(8)));
    }
    // A company of the organisation narrows it.
    let recorder = recorder(Service { subject: Some(urn(organization(9))), ..service(1) });
    let bound = client(Session::new(key("FAKE")).with_subject(organization(9)), &recorder);
    assert_eq!(bound.connect().await.unwrap().subject(), company(1).into());
}

#[tokio::test]
async fn a_failed_activation_can_be_tried_again() {
    let recorder = recorder(Service { activated: "ERROR", ..service(1) });
    let connection = unbound(&recorder).connect().await.unwrap();
    assert!(connection.activate().await.is_err());
    assert!(connection.activate().await.is_err());
    assert_eq!(recorder.sent().len(), 4);
}

#[tokio::test]
async fn a_credential_that_was_replaced_meanwhile_keeps_its_scopes_unknown() {
    let recorder = recorder(service(1));
    let live = unbound(&recorder);
    let connection = live.connect().await.unwrap();
    live.session().replace_credential(key("FAKE-NEW")).unwrap();
    let client = connection.with_scope_check().into_client();
    assert_eq!(client.session().scopes(), None);
    client.delete_installation().send().await.unwrap();
    assert_eq!(recorder.authorizations().pop().unwrap(), "Basic RkFLRS1ORVc6", "the new key stays");
}

#[tokio::test]
async fn a_failed_call_can_be_looked_at() {
    let error = unbound(&Recorder::status(403)).connect().await.unwrap_err();
    let call = error.call().unwrap();
    assert_eq!(pleo_auth::advice::explain(call), Some(&pleo_auth::advice::FORBIDDEN));
    assert!(ConnectError::NotAuthenticated.call().is_none());
}

#[tokio::test]
async fn answers_that_contradict_each_other_are_refused() {
    let recorder = recorder(Service { subject: Some(urn(company(2).into())), ..service(1) });
    let error = unbound(&recorder).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Contradiction { credential, installation }
        if credential == company(2).into() && installation == company(1).into()));
}

#[tokio::test]
async fn a_subject_that_is_none_and_a_missing_credential_are_told() {
    let odd = Service { subject: Some("urn:pleo:employee:1".to_owned()), ..service(1) };
    let error = unbound(&recorder(odd)).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Subject(InvalidSubject::Kind)));
    let odd = Service { resource: Some("1".to_owned()), ..service(1) };
    let error = unbound(&recorder(odd)).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Subject(InvalidSubject::NotPleo)));
    let error = unbound(&recorder(Service { method: "NONE", ..service(1) })).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::NotAuthenticated));
    let silent = Service { subject: None, scope: "", ..service(1) };
    let connection = unbound(&recorder(silent)).connect().await.unwrap();
    assert_eq!((connection.identity().subject, connection.identity().scopes.clone()), (None, None));
}

#[tokio::test]
async fn scopes_are_checked_when_asked_to_be() {
    let needed = |names: &str| -> ScopeSet { names.parse().unwrap() };
    let connection = unbound(&recorder(service(1))).connect().await.unwrap();
    assert!(connection.check_scopes(&needed("users:read")).is_ok());
    let error = connection.check_scopes(&needed("users:read accounts:write")).unwrap_err();
    assert!(matches!(&error, ConnectError::MissingScopes { missing, granted }
        if *missing == needed("accounts:write") && *granted == needed("users:read")));
    let client = connection.with_scope_check().into_client();
    assert_eq!(client.session().scopes(), Some(needed("users:read")));
    let silent = unbound(&recorder(Service { scope: "", ..service(1) })).connect().await.unwrap();
    assert!(silent.check_scopes(&needed("accounts:write")).is_ok());
    assert_eq!(silent.with_scope_check().into_client().session().scopes(), None);
}

#[tokio::test]
async fn a_new_key_is_tried_before_it_is_taken() {
    let recorder = recorder(service(1));
    let live = client(Session::new(key("FAKE-OLD")).with_company(company(1)), &recorder);
    let old = live.rotate(key("FAKE-NEW"), &"users:read".parse().unwrap()).await.unwrap();
    assert!(matches!(old, pleo_auth::Credential::StandaloneApiKey(_)));
    live.delete_installation().send().await.unwrap();
    assert_eq!(recorder.authorizations(), vec!["Basic RkFLRS1ORVc6"; 3], "tried and used: the new key");
    assert_eq!(live.session().scopes(), None);
}

#[tokio::test]
async fn a_known_scope_set_is_renewed_with_the_key() {
    let recorder = recorder(Service { scope: "users:read accounts:read", ..service(1) });
    let session =
        Session::new(key("FAKE-OLD")).with_company(company(1)).with_scopes("users:read".parse().unwrap());
    let live = client(session, &recorder);
    live.rotate(key("FAKE-NEW"), &ScopeSet::default()).await.unwrap();
    assert_eq!(live.session().scopes(), "accounts:read users:read".parse().ok());
}

#[tokio::test]
async fn a_new_key_that_does_not_do_is_not_taken() {
    let none = ScopeSet::default();
    for (service, needed) in [
        (service(2), none.clone()),
        (service(1), "accounts:write".parse().unwrap()),
        (Service { method: "NONE", ..service(1) }, none.clone()),
    ] {
        let recorder = recorder(service);
        let live = client(Session::new(key("FAKE-OLD")).with_company(company(1)), &recorder);
        let error = live.rotate(key("FAKE-NEW"), &needed).await.unwrap_err();
        assert!(matches!(error, RotateError::Trial(_)), "{error:?}");
        live.delete_installation().send().await.unwrap();
        assert_eq!(recorder.authorizations().pop().unwrap(), "Basic RkFLRS1PTEQ6");
    }
    // Bound to an organisation: another one is not the same.
    let organization = |number| Subject::Organization(OrganizationId::new(company(number).uuid()));
    let whole =
        Service { subject: Some(urn(organization(8))), resource: Some(urn(organization(8))), ..service(1) };
    let recorder_of_whole = recorder(whole);
    let live = client(Session::new(key("FAKE-OLD")).with_subject(organization(9)), &recorder_of_whole);
    let error = live.rotate(key("FAKE-NEW"), &none).await.unwrap_err();
    assert!(matches!(error, RotateError::Trial(ConnectError::OtherSubject { .. })), "{error:?}");
    // Not bound at all: nothing to compare with.
    let recorder_of_one = recorder(service(1));
    unbound(&recorder_of_one).rotate(key("FAKE-NEW"), &none).await.unwrap();
}

#[tokio::test]
async fn errors_show_nothing_of_a_response_but_identifiers() {
    use std::error::Error as _;

    const TEXT: &str = r"FAKE-BODY-TEXT\n2026-01-01 ERROR a line of somebody else\u001b[31m";
    let shown = |error: &ConnectError| {
        let mut text = format!("{error}\n{error:?}");
        let mut source = error.source();
        while let Some(error) = source {
            text += &format!("\n{error}\n{error:?}");
            source = error.source();
        }
        text
    };
    let odd = recorder(Service { activated: TEXT, ..service(1) });
    let error = unbound(&odd).connect().await.unwrap().activate().await.unwrap_err();
    let ConnectError::NotActive { status } = &error else { panic!("{error:?}") };
    assert!(status.get().as_str().starts_with("FAKE-BODY-TEXT\n"), "it is there to be asked for");
    assert!(!shown(&error).contains("FAKE"), "{}", shown(&error));
    assert!(error.to_string().contains("its status is not one that can be shown"), "{error}");
    // What has the form of an identifier is shown: it says most.
    let plain = recorder(Service { activated: "SUSPENDED_BY_PLEO", ..service(1) });
    let error = unbound(&plain).connect().await.unwrap().activate().await.unwrap_err();
    assert!(error.to_string().contains("its status is SUSPENDED_BY_PLEO"), "{error}");

    let scopes = recorder(Service { scope: "users:read <FAKE-BODY-TEXT>", ..service(1) });
    let connection = unbound(&scopes).connect().await.unwrap();
    let error = connection.check_scopes(&"accounts:write".parse().unwrap()).unwrap_err();
    assert!(!shown(&error).contains("FAKE"), "{}", shown(&error));
    assert!(error.to_string().contains("has only \"(not shown) users:read\""), "{error}");

    let urn: &'static str = "urn:FAKE-BODY-TEXT";
    let subject = recorder(Service { subject: Some(urn.to_owned()), ..service(1) });
    let error = unbound(&subject).connect().await.unwrap_err();
    assert!(!shown(&error).contains("FAKE"), "{}", shown(&error));
    let resource = recorder(Service { resource: Some(urn.to_owned()), ..service(1) });
    let error = unbound(&resource).connect().await.unwrap_err();
    assert!(!shown(&error).contains("FAKE"), "{}", shown(&error));
    let method = recorder(Service { method: TEXT, ..service(1) });
    let connection = unbound(&method).connect().await.unwrap();
    assert!(!format!("{connection:?}").contains("FAKE"), "{connection:?}");
}

#[tokio::test]
async fn no_error_repeats_its_source() {
    use std::error::Error;

    use pleo_auth::{
        RequestRefused, Secret, SecretError,
        oauth::{OAuthError, TokenError},
        pleo_client::{TransportError, TransportErrorKind},
    };

    let transport = || TransportError::new(TransportErrorKind::Connect, "FAKE-SOURCE");
    let not_renewed =
        || TokenError::NotRenewed { attempts: 4, error: Arc::new(OAuthError::Transport(transport())) };
    let failing = Recorder::status;
    let call = unbound(&failing(500)).connect().await.unwrap_err();
    let subject = recorder(Service { subject: Some("urn:x".to_owned()), ..service(1) });
    let subject = unbound(&subject).connect().await.unwrap_err();
    let rotation = unbound(&failing(401)).rotate(key("FAKE"), &ScopeSet::default()).await.unwrap_err();
    let stored = |source: &str| {
        let source: Box<dyn Error + Send + Sync> = source.into();
        TokenError::NotStored { source: source.into() }
    };
    let errors: Vec<Box<dyn Error>> = vec![
        Box::new(call),
        Box::new(subject),
        Box::new(rotation),
        Box::new(not_renewed()),
        Box::new(RequestRefused::Token(not_renewed())),
        Box::new(RequestRefused::Token(stored("FAKE-SOURCE"))),
        Box::new(OAuthError::Transport(transport())),
        Box::new(Secret::from_callback(|| Err::<String, _>("FAKE-SOURCE")).unwrap_err()),
        Box::new(SecretError::NotSet { variable: "X".to_owned() }),
    ];
    for error in &errors {
        let mut chain = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            chain.push(error.to_string());
            source = error.source();
        }
        for (at, text) in chain.iter().enumerate() {
            for behind in &chain[at + 1..] {
                assert!(!text.contains(behind.as_str()), "{chain:#?}");
            }
        }
    }
}
