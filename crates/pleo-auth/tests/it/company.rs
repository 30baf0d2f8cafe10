//! The company, in the place and spelling that each kind of operation wants. The test over the whole
//! catalogue is in the workspace's `tests`.

use pleo_auth::{
    Client, Environment as _, OrganizationId, RequestRefused, Session, Staging, Subject,
    pleo_client::{
        self, Authorization, Authorize, Error, Request, accounting_entries::types::ReceiptSearchRequest,
        tags::types::BulkTagDeleteModel, vendors::types::VendorSearchRequestV1,
    },
};
use uuid::Uuid;

use crate::support::{Recorder, client, company, key};

fn session() -> Session<Staging> {
    Session::new(key("FAKE"))
}

fn organization(number: u8) -> OrganizationId {
    OrganizationId::new(company(number).uuid())
}

fn query(recorder: &Recorder) -> String {
    recorder.last().uri().query().unwrap_or_default().to_owned()
}

/// A client whose session is bound to company 1.
fn bound() -> (Client<Staging>, Recorder) {
    let recorder = Recorder::status(200);
    (client(session().with_company(company(1)), &recorder), recorder)
}

fn unbound() -> (Client<Staging>, Recorder) {
    let recorder = Recorder::status(200);
    (client(session(), &recorder), recorder)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> RequestRefused {
    RequestRefused::of(&result.unwrap_err()).unwrap().clone()
}

#[tokio::test]
async fn an_absent_company_is_added_in_the_spelling_of_the_operation() {
    let (client, recorder) = bound();
    let id = company(1);
    let _ = client.list_export_jobs_v3().limit(5).send().await;
    assert_eq!(query(&recorder), format!("limit=5&company_id={id}"));
    let _ = client.list_employees().send().await;
    assert_eq!(query(&recorder), format!("companyId={id}"));
    let _ = client.delete_tags(BulkTagDeleteModel::builder().tag_ids(vec![Uuid::nil()])).send().await;
    assert_eq!(
        recorder.last().body(),
        format!(r#"{{"companyId":"{id}","tagIds":["{}"]}}"#, Uuid::nil()).as_str()
    );
}

#[tokio::test]
async fn an_equal_company_stays_as_it_is() {
    let (client, recorder) = bound();
    let id = company(1);
    let _ = client.list_export_jobs_v3().company_id(id).limit(5).send().await;
    assert_eq!(query(&recorder).matches(&id.to_string()).count(), 1);
    let body = BulkTagDeleteModel::builder().company_id(id).tag_ids(vec![]);
    let _ = client.delete_tags(body).send().await;
    assert_eq!(recorder.last().body(), format!(r#"{{"companyId":"{id}","tagIds":[]}}"#).as_str());
}

#[tokio::test]
async fn another_company_is_refused_with_both_ids() {
    let (client, recorder) = bound();
    for refused in [
        refusal(client.list_export_jobs_v3().company_id(company(2)).send().await),
        refusal(client.list_employees().company_id(company(2)).send().await),
        refusal(
            client
                .delete_tags(BulkTagDeleteModel::builder().company_id(company(2)).tag_ids(vec![]))
                .send()
                .await,
        ),
    ] {
        let RequestRefused::OtherCompany { bound, requested } = refused else { panic!("{refused:?}") };
        assert_eq!((bound, requested), (company(1), company(2)));
        let text = refused.to_string();
        assert!(text.contains(&company(1).to_string()) && text.contains(&company(2).to_string()), "{text}");
    }
    assert!(recorder.sent().is_empty());
}

#[tokio::test]
async fn a_company_that_is_needed_and_missing_is_refused() {
    let (client, recorder) = unbound();
    for (refused, id) in [
        (
            refusal(client.search_vendors().body(VendorSearchRequestV1::default()).send().await),
            "search_vendors",
        ),
        (
            refusal(client.delete_tags(BulkTagDeleteModel::builder().tag_ids(vec![])).send().await),
            "delete_tags",
        ),
        (refusal(client.list_tag_groups().send().await), "list_tag_groups"),
    ] {
        assert!(
            matches!(refused, RequestRefused::CompanyNeeded { operation } if operation == id),
            "{refused:?}"
        );
    }
    assert!(recorder.sent().is_empty());
}

#[tokio::test]
async fn where_it_may_be_left_out_or_is_given_nothing_is_needed() {
    let (client, recorder) = unbound();
    let _ = client.list_employees().send().await;
    assert_eq!(query(&recorder), "");
    let _ = client.list_tag_groups().organization_id(Uuid::nil()).send().await;
    assert_eq!(query(&recorder), format!("organization_id={}", Uuid::nil()));
    let _ = client.list_tag_groups().company_id(company(3)).send().await;
    assert_eq!(query(&recorder), format!("company_id={}", company(3)));
    let _ = client
        .search_receipts(ReceiptSearchRequest::builder().include_deleted(false))
        .partner_id(Uuid::nil())
        .send()
        .await;
    assert_eq!(query(&recorder), format!("partner_id={}", Uuid::nil()));
    let _ =
        client.delete_tags(BulkTagDeleteModel::builder().company_id(company(3)).tag_ids(vec![])).send().await;
    assert_eq!(recorder.sent().len(), 5);
}

#[tokio::test]
async fn operations_that_take_no_company_get_none() {
    let (client, recorder) = bound();
    let _ = client.list_companies().limit(3).send().await;
    let _ = client.delete_installation().send().await;
    for request in recorder.sent() {
        assert!(!request.uri().to_string().contains(&company(1).to_string()));
        assert!(request.body().is_empty());
    }
    assert_eq!(recorder.sent().len(), 2);
}

#[tokio::test]
async fn another_company_in_the_path_is_refused_and_the_same_is_not() {
    let (client, recorder) = bound();
    let refused = refusal(client.get_company(company(2)).send().await);
    let RequestRefused::OtherCompany { bound, requested } = refused else { panic!("{refused:?}") };
    assert_eq!((bound, requested), (company(1), company(2)));
    assert!(recorder.sent().is_empty());
    let _ = client.get_company(company(1)).send().await;
    assert_eq!(recorder.last().uri().path(), format!("/v1/companies/{}", company(1)));
    // Nobody else minds.
    for session in [session(), session().with_organization(organization(7))] {
        let recorder = Recorder::status(200);
        let _ = crate::support::client(session, &recorder).get_company(company(2)).send().await;
        assert_eq!(recorder.sent().len(), 1);
    }
}

#[tokio::test]
async fn a_session_of_one_company_makes_no_wider_request() {
    let (client, recorder) = bound();
    let refused = refusal(client.list_tag_groups().organization_id(Uuid::nil()).send().await);
    assert!(
        matches!(refused, RequestRefused::WiderThanCompany { bound, parameter: "organization_id" } if bound == company(1))
    );
    let refused = refusal(
        client
            .search_receipts(ReceiptSearchRequest::builder().include_deleted(false))
            .partner_id(Uuid::nil())
            .send()
            .await,
    );
    assert!(matches!(refused, RequestRefused::WiderThanCompany { parameter: "partner_id", .. }));
    // Pleo would take the company (K14), but nobody who means the company names an organisation.
    let both = client.list_tag_groups().organization_id(Uuid::nil()).company_id(company(1)).send().await;
    let RequestRefused::WiderThanCompany { parameter: "organization_id", .. } = refusal(both) else {
        panic!()
    };
    // Where the operation takes no company at all.
    let refused = refusal(client.list_companies().organization_id(organization(7)).send().await);
    assert!(matches!(refused, RequestRefused::WiderThanCompany { parameter: "organization_id", .. }));
    assert!(recorder.sent().is_empty());
}

#[tokio::test]
async fn a_session_of_an_organisation_names_it_where_it_can() {
    let recorder = Recorder::status(200);
    let client = client(session().with_organization(organization(7)), &recorder);
    let id = organization(7);
    let _ = client.list_companies().send().await;
    assert_eq!(query(&recorder), format!("organization_id={id}"));
    let _ = client.list_companies().organization_id(id).send().await;
    assert_eq!(query(&recorder), format!("organization_id={id}"));
    let _ = client.list_tag_groups().send().await;
    assert_eq!(query(&recorder), format!("organization_id={id}"));
    let _ = client.list_tag_groups().company_id(company(1)).send().await;
    assert_eq!(query(&recorder), format!("company_id={}", company(1)));
    let _ = client
        .search_receipts(ReceiptSearchRequest::builder().include_deleted(false))
        .partner_id(Uuid::nil())
        .send()
        .await;
    assert_eq!(query(&recorder), format!("partner_id={}", Uuid::nil()));
    let _ = client.list_employees().send().await;
    assert_eq!(query(&recorder), "");
    let _ =
        client.delete_tags(BulkTagDeleteModel::builder().company_id(company(1)).tag_ids(vec![])).send().await;
    assert_eq!(recorder.sent().len(), 7);
    for refused in [
        refusal(client.list_companies().organization_id(company(8)).send().await),
        refusal(client.list_tag_groups().organization_id(company(8)).send().await),
    ] {
        let RequestRefused::OtherOrganization { bound, requested } = refused else { panic!("{refused:?}") };
        assert_eq!((bound, requested), (id, Some(organization(8))));
    }
    for refused in [
        refusal(client.search_vendors().body(VendorSearchRequestV1::default()).send().await),
        refusal(client.delete_tags(BulkTagDeleteModel::builder().tag_ids(vec![])).send().await),
    ] {
        assert!(matches!(refused, RequestRefused::CompanyNeeded { .. }), "{refused:?}");
    }
    assert_eq!(recorder.sent().len(), 7);
}

/// Changes a request before the session sees it, as no generated call can.
struct Bends<F>(F, Session<Staging>);

impl<F: Fn(&mut Request) + Send + Sync> Authorize for Bends<F> {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        (self.0)(request);
        self.1.authorize(request)
    }
}

fn bending(
    session: Session<Staging>,
    change: impl Fn(&mut Request) + Send + Sync + 'static,
) -> (pleo_client::Client, Recorder) {
    let recorder = Recorder::status(200);
    let client =
        pleo_client::Client::new(Staging.base_url(), Bends(change, session), recorder.clone()).unwrap();
    (client, recorder)
}

#[tokio::test]
async fn two_companies_in_one_request_are_refused_even_if_they_are_the_same() {
    let twice = |request: &mut Request| {
        for _ in 0..2 {
            request.append_query("company_id", &company(1).to_string());
        }
    };
    for session in [session(), session().with_company(company(1))] {
        let (client, recorder) = bending(session, twice);
        let refused = refusal(client.list_export_jobs_v3().send().await);
        assert!(matches!(refused, RequestRefused::SeveralCompanies { member: "company_id", times: 2 }));
        assert!(recorder.sent().is_empty());
    }
    let id = company(1);
    let (client, _) = bending(session().with_company(id), move |request| {
        request.set_body(format!(r#"{{"companyId":"{id}","companyId":"{id}"}}"#));
    });
    let refused = refusal(client.delete_tags(BulkTagDeleteModel::builder().tag_ids(vec![])).send().await);
    assert!(matches!(refused, RequestRefused::SeveralCompanies { member: "companyId", times: 2 }));
}

#[tokio::test]
async fn what_is_no_company_id_or_no_json_object_is_refused_and_not_shown() {
    let (client, _) = bending(session().with_company(company(1)), |request| {
        request.append_query("company_id", "FAKE-SECRET")
    });
    let refused = refusal(client.list_export_jobs_v3().send().await);
    assert!(
        matches!(refused, RequestRefused::NoCompanyId { bound, member: "company_id" } if bound == company(1))
    );
    assert!(!format!("{refused} {refused:?}").contains("FAKE-SECRET"));
    for (text, is_object) in
        [(r#"{"companyId":null}"#, true), (r#"{"companyId":1}"#, true), ("[]", false), ("", false)]
    {
        let (client, _) = bending(session().with_company(company(1)), move |request| request.set_body(text));
        let refused = refusal(client.delete_tags(BulkTagDeleteModel::builder().tag_ids(vec![])).send().await);
        match refused {
            RequestRefused::NoCompanyId { member: "companyId", .. } => assert!(is_object, "{text}"),
            RequestRefused::UnreadableBody { operation: "delete_tags" } => assert!(!is_object, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let (client, _) = bending(session().with_organization(organization(1)), |request| {
        request.append_query("organization_id", "FAKE-SECRET");
    });
    let refused = refusal(client.list_companies().send().await);
    assert!(matches!(refused, RequestRefused::OtherOrganization { requested: None, .. }));
    assert!(!format!("{refused} {refused:?}").contains("FAKE-SECRET"));
}

#[tokio::test]
async fn ids_are_compared_as_ids_and_sent_as_they_were_written() {
    let upper = company(0xab).to_string().to_uppercase();
    let text = upper.clone();
    let (client, recorder) = bending(session().with_company(company(0xab)), move |request| {
        request.append_query("company_id", &text);
    });
    let _ = client.list_export_jobs_v3().send().await;
    assert_eq!(query(&recorder), format!("company_id={upper}"));
}

#[tokio::test]
async fn a_session_knows_what_it_is_bound_to() {
    assert_eq!(session().subject(), None);
    assert_eq!(session().with_company(company(1)).subject(), Some(Subject::Company(company(1))));
    let (client, recorder) = bound();
    let other = client.for_company(company(2));
    assert_eq!(other.session().subject(), Some(company(2).into()));
    let _ = other.list_employees().send().await;
    assert_eq!(query(&recorder), format!("companyId={}", company(2)));
    assert_eq!(client.session().subject(), Some(company(1).into()));
}
