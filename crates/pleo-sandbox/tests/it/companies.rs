//! Which company a request names, and whether it may.

use pleo_sandbox::{Grant, Sandbox, Subject};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Answer, KEY, get, key, post, sandbox, send};

const REQUIRED: &str = "required_parameter_missing";

fn assert_denied(answer: &Answer, permission: &str, resource: &str) {
    assert_eq!((answer.status, answer.kind()), (403, "ACCESS_DENIED"), "{answer:?}");
    assert!(answer.message().contains(permission) && answer.message().contains(resource), "{answer:?}");
}

fn assert_missing(answer: &Answer, text: &str) {
    assert_eq!((answer.status, answer.kind()), (400, REQUIRED), "{answer:?}");
    assert!(answer.message().contains(text), "{answer:?}");
}

/// What comes after the checks is the data's business.
fn assert_reached(answer: &Answer) {
    assert!((200..300).contains(&answer.status) || answer.status == 404, "{answer:?}");
}

/// [`KEY`] for the organisation, one of its companies, and one of another organisation.
fn of_organization() -> (Sandbox, Uuid, Uuid, Uuid) {
    let (sandbox, own) = sandbox();
    let organizations = sandbox.organizations();
    let (organization, companies) = &organizations[0];
    assert!(companies.contains(&own) && companies.len() > 1);
    sandbox.admit(KEY, Grant::standalone_key(own).for_organization(*organization));
    let other = organizations[1].1[0];
    (sandbox, *organization, companies[1], other)
}

#[test]
fn a_missing_or_misspelled_company_is_asked_for_where_one_is_needed() {
    let (sandbox, company) = sandbox();
    let either = "either company_id or organization_id must be provided";
    for path in ["/v0/tag-groups", "/v0/aggregations/tag-groups", "/v0/tags"] {
        assert_missing(&get(&sandbox, path), either);
        assert_missing(&get(&sandbox, &format!("{path}?companyId={company}")), either);
        assert_reached(&get(&sandbox, &format!("{path}?company_id={company}")));
    }
    for path in ["/v1/accounting-entries:search", "/v1/accounting-entries/receipts:search", "/v0/tags:search"]
    {
        assert_missing(&post(&sandbox, path, &json!({})), either);
    }
    assert_missing(&post(&sandbox, "/v1/vendors:search", &json!({})), "company_id must be provided");
    let camel = format!("/v1/vendors:search?companyId={company}");
    assert_missing(&post(&sandbox, &camel, &json!({})), "company_id must be provided");
    let in_body = "companyId must be provided in the body";
    let snake = json!({ "company_id": company });
    assert_missing(&post(&sandbox, "/v1/chart-of-accounts", &snake), in_body);
    let in_query = format!("/v1/chart-of-accounts?company_id={company}");
    assert_missing(&post(&sandbox, &in_query, &json!({})), in_body);
}

#[test]
fn a_company_that_may_be_left_out_may_not_be_misspelled() {
    let (sandbox, company) = sandbox();
    for path in ["/v2/employees", "/v3/export-jobs", "/v1/installations/me"] {
        assert_reached(&get(&sandbox, path));
    }
    assert_reached(&get(&sandbox, &format!("/v2/employees?companyId={company}")));
    let answer = get(&sandbox, &format!("/v2/employees?company_id={company}"));
    assert_eq!((answer.status, answer.kind()), (400, "bad_request"));
    assert!(answer.message().contains("company_id"), "{answer:?}");
    assert_eq!(get(&sandbox, &format!("/v3/export-jobs?companyId={company}")).status, 400);
}

#[test]
fn another_company_is_denied_wherever_it_stands() {
    let (sandbox, _) = sandbox();
    let other = sandbox.companies()[1];
    let resource = format!("company {other}");
    assert_denied(&get(&sandbox, &format!("/v2/employees?companyId={other}")), "READ", &resource);
    assert_denied(&get(&sandbox, &format!("/v0/tags?company_id={other}")), "READ", &resource);
    assert_denied(&get(&sandbox, &format!("/v1/companies/{other}")), "READ", &resource);
    assert_denied(&get(&sandbox, &format!("/v1/installations/me?company_id={other}")), "READ", &resource);
    let create = json!({ "companyId": other });
    assert_denied(&post(&sandbox, "/v1/chart-of-accounts", &create), "WRITE", &resource);
    // One that does not exist is no different.
    let nobody = Uuid::from_u128(7);
    assert_denied(&get(&sandbox, &format!("/v1/companies/{nobody}")), "READ", "company");
}

#[test]
fn a_company_is_named_once_and_as_a_uuid() {
    let (sandbox, company) = sandbox();
    let twice = format!("/v2/employees?companyId={company}&companyId={company}");
    for query in
        [twice, format!("/v2/employees?companyId={}", company.simple()), "/v2/employees?companyId=".into()]
    {
        assert_eq!(get(&sandbox, &query).status, 400, "{query}");
    }
    let twice = format!(r#"{{"companyId":"{company}","companyId":"{company}"}}"#);
    let headers = [("authorization", &*key()), ("content-type", "application/json")];
    let answer = send(&sandbox, "POST", "/v1/chart-of-accounts", &headers, twice);
    assert!(answer.status == 400 && answer.message().contains("twice"), "{answer:?}");
    assert_reached(&get(
        &sandbox,
        &format!("/v2/employees?companyId={}", company.to_string().to_uppercase()),
    ));
}

#[test]
fn a_company_that_is_not_asked_for_may_be_said_if_it_is_the_right_one() {
    let (sandbox, company) = sandbox();
    assert_eq!(get(&sandbox, &format!("/v1/introspect?company_id={company}")).status, 200);
    let other = sandbox.companies()[1];
    assert_denied(&get(&sandbox, &format!("/v1/introspect?company_id={other}")), "READ", "company");
    assert_eq!(get(&sandbox, &format!("/v1/introspect?companyId={company}")).status, 400);
}

#[test]
fn an_organisation_reaches_its_companies_and_no_other() {
    let (sandbox, organization, company, other) = of_organization();
    assert_eq!(
        get(&sandbox, "/v1/introspect").body["data"]["subjectURN"],
        format!("urn:pleo:organisation:{organization}")
    );
    for path in ["/v2/employees?companyId=", "/v0/tags?company_id=", "/v1/companies/"] {
        assert_reached(&get(&sandbox, &format!("{path}{company}")));
        assert_denied(&get(&sandbox, &format!("{path}{other}")), "READ", &format!("company {other}"));
    }
    for path in ["/v0/tag-groups", "/v1/companies"] {
        assert_reached(&get(&sandbox, &format!("{path}?organization_id={organization}")));
        let stranger = sandbox.organizations()[1].0;
        let answer = get(&sandbox, &format!("{path}?organization_id={stranger}"));
        assert_denied(&answer, "READ", &format!("organization {stranger}"));
    }
    assert_reached(&get(&sandbox, "/v2/employees"));
    assert_missing(&get(&sandbox, "/v3/export-jobs"), "company_id must be provided");
    assert_reached(&get(&sandbox, &format!("/v3/export-jobs?company_id={company}")));
}

#[test]
fn a_companys_credential_does_not_reach_the_organisation() {
    let (sandbox, company) = sandbox();
    let organization = sandbox.organizations()[0].0;
    let wider = format!("/v0/tag-groups?organization_id={organization}");
    assert_denied(&get(&sandbox, &wider), "READ", "organization");
    assert_denied(
        &get(&sandbox, &format!("/v1/companies?organization_id={organization}")),
        "READ",
        "organization",
    );
    // Of both, the company counts.
    assert_reached(&get(&sandbox, &format!("{wider}&company_id={company}")));
    let partner = format!("/v1/accounting-entries:search?partner_id={company}");
    assert_denied(&post(&sandbox, &partner, &json!({})), "READ", "partner");
}

#[test]
fn a_missing_scope_is_named_as_permission_and_resource() {
    let (sandbox, company) = sandbox();
    sandbox.admit(KEY, Grant::standalone_key(company).with_scopes(["export-jobs:read"]));
    assert_eq!(get(&sandbox, "/v1/introspect").body["data"]["scope"], "export-jobs:read");
    assert_reached(&get(&sandbox, "/v3/export-jobs"));
    assert_denied(&get(&sandbox, "/v2/employees"), "READ", "users");
    let create = json!({ "companyId": company, "accountingEntryIds": [] });
    assert_denied(&post(&sandbox, "/v3/export-jobs", &create), "WRITE", "export-jobs");
    // No page names the scope of tags.
    assert_reached(&get(&sandbox, &format!("/v0/tag-groups?company_id={company}")));
}

#[test]
fn subjects_are_written_and_read_as_urns() {
    for subject in [Subject::Company(Uuid::from_u128(1)), Subject::Organization(Uuid::from_u128(2))] {
        assert_eq!(subject.to_string().parse(), Ok(subject));
    }
    for text in ["", "urn:pleo:company:", "urn:pleo:company:x", "urn:pleo:user:", "company"] {
        assert!(text.parse::<Subject>().is_err(), "{text}");
    }
}
