//! Requests against the document.

use serde_json::{Value, json};

use crate::support::{Answer, JSON, get, key, post, sandbox, send};

const ID: &str = "11111111-2222-4333-8444-555555555551";

fn assert_bad(answer: &Answer, text: &str) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.message().contains(text), "{answer:?}");
}

#[test]
fn unknown_paths_and_methods_are_told_apart() {
    let (sandbox, _) = sandbox();
    for path in ["/", "/v1/expenses", "//v1/introspect", "/v1/introspect/", "/V1/introspect"] {
        assert_eq!(get(&sandbox, path).status, 404, "{path}");
    }
    let answer = send(&sandbox, "DELETE", "/v1/introspect", &[("authorization", &key())], "");
    assert_eq!((answer.status, answer.header("allow")), (405, "GET"));
}

#[test]
fn each_invalid_parameter_is_named() {
    let (sandbox, company) = sandbox();
    let employees = format!("/v2/employees?companyId={company}");
    for (query, parameter) in [
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=2147483648", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=10&limit=10", "limit"),
        ("offset=x", "offset"),
        ("sorting_order=UP", "sorting_order"),
        ("sorting_order=ASC&sorting_order=UP", "sorting_order"),
        ("no_such_parameter=1", "no_such_parameter"),
        ("after=AA&before=BB", "exclude"),
        ("after=AA&offset=1", "exclude"),
        ("after=aa", "after"),
    ] {
        assert_bad(&get(&sandbox, &format!("{employees}&{query}")), parameter);
    }
    assert_eq!(
        get(&sandbox, &format!("{employees}&limit=10&sorting_keys=email&sorting_order=ASC")).status,
        200
    );

    let tags = format!("/v0/tags?company_id={company}");
    assert_bad(&get(&sandbox, &format!("{tags}&include_archived=yes")), "include_archived");
    assert_bad(&get(&sandbox, &format!("{tags}&tag_group_id={ID}&tag_group_id=x")), "tag_group_id");
    assert_eq!(
        get(&sandbox, &format!("{tags}&include_archived=true&tag_group_id={ID}&tag_group_id={ID}")).status,
        200
    );
    assert_bad(&get(&sandbox, "/v3/export-jobs/not-a-uuid"), "jobId");
}

#[test]
fn a_range_of_the_document_holds() {
    let (sandbox, company) = sandbox();
    let search = format!("/v1/accounting-entries:search?company_id={company}");
    let body = json!({ "includeDeleted": false });
    for limit in ["0", "101", "-1"] {
        assert_bad(&post(&sandbox, &format!("{search}&limit={limit}"), &body), "limit");
    }
    assert_eq!(post(&sandbox, &format!("{search}&limit=100"), &body).status, 200);
}

#[test]
fn a_body_has_the_right_media_type_whatever_its_parameters() {
    let (sandbox, _) = sandbox();
    let send = |content_type: Option<&str>| {
        let key = key();
        let mut headers = vec![("authorization", key.as_str())];
        headers.extend(content_type.map(|value| ("content-type", value)));
        send(&sandbox, "POST", "/v1/installations/me", &headers, "{}").status
    };
    for wrong in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")]
    {
        assert_eq!(send(wrong), 415, "{wrong:?}");
    }
    assert_eq!(send(Some("Application/JSON; charset=utf-16; x=y")), 200);
    let headers = [("authorization", &*key()), ("content-type", JSON), ("content-type", "text/plain")];
    assert_eq!(super::support::send(&sandbox, "PUT", "/v1/installations/me", &headers, "{}").status, 415);
}

#[test]
fn a_body_agrees_with_its_schema_or_hears_where_it_does_not() {
    let (sandbox, company) = sandbox();
    let account = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({ "companyId": company, "status": "INACTIVE", "metadata": {} });
        change(&mut body);
        body
    };
    let install = |body: &Value| post(&sandbox, "/v1/installations/me", body);
    assert_bad(&install(&account(&|body| body["status"] = "FAKE-STATUS".into())), "/status");
    assert_bad(&install(&account(&|body| body["metadata"] = 1.into())), "/metadata");
    assert_bad(&install(&json!([])), "the value");
    let answer = install(&json!({ "status": "FAKE-STATUS" }));
    assert!(!answer.text.contains("FAKE-STATUS"), "{answer:?}");

    let answer = post(&sandbox, "/v1/chart-of-accounts", &json!({ "companyId": company }));
    assert_eq!((answer.status, answer.kind()), (400, "required_parameter_missing"));
    assert_bad(&answer, "is missing");

    let headers = [("authorization", &*key()), ("content-type", JSON)];
    for text in ["", "{", "{} {}", "\u{feff}{}", "nul"] {
        assert_eq!(send(&sandbox, "POST", "/v1/installations/me", &headers, text).status, 400, "{text}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(send(&sandbox, "POST", "/v1/installations/me", &headers, deep).status, 400);
    assert_eq!(install(&account(&|_| ())).status, 200);
}

#[test]
fn an_installation_is_created_changed_activated_and_deleted() {
    let (sandbox, company) = sandbox();
    let me = "/v1/installations/me";
    let call = |method: &str, uri: &str, body: &Value| {
        let headers = [("authorization", &*key()), ("content-type", JSON)];
        send(&sandbox, method, uri, &headers, body.to_string())
    };
    assert_eq!(get(&sandbox, me).status, 404);
    assert_eq!(call("PUT", me, &json!({ "status": "INACTIVE" })).status, 404);
    assert_eq!(call("POST", &format!("{me}:activate"), &Value::Null).status, 404);
    let created = post(&sandbox, me, &json!({ "metadata": { "own": [1] } }));
    assert_eq!((created.status, &created.body["status"]), (200, &json!("PENDING_INTEGRATION")));
    assert_eq!(created.body["resource"], format!("urn:pleo:company:{company}"));
    assert_eq!(post(&sandbox, me, &json!({})).status, 400);
    let changed = call("PUT", me, &json!({ "status": "ERROR", "errorCode": "AUTH_ERROR" })).body;
    assert_eq!((&changed["status"], &changed["errorCode"]), (&json!("ERROR"), &json!("AUTH_ERROR")));
    assert_eq!(changed["metadata"], json!({ "own": [1] }));
    sandbox.advance(std::time::Duration::from_secs(1));
    let active = call("POST", &format!("{me}:activate"), &Value::Null).body;
    assert_eq!(active["status"], "ACTIVATED");
    assert_ne!(active["updatedAt"], created.body["updatedAt"]);
    assert_eq!(get(&sandbox, me).body, active);
    let activate = pleo_client::operations::find("activate_installation").unwrap();
    assert_eq!(pleo_sandbox::conforms(activate, 200, Some(&active)), Ok(()));
    let deleted = call("DELETE", me, &Value::Null);
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(get(&sandbox, me).status, 404);
}

#[test]
fn with_a_token_the_installation_is_there_already() {
    let (sandbox, _) = sandbox();
    let headers = [("authorization", "Bearer FAKE-TOKEN")];
    let answer = send(&sandbox, "GET", "/v1/installations/me", &headers, "");
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("AUTHORIZED")));
    assert_eq!(get(&sandbox, "/v1/installations/me").status, 404, "the key has its own");
}
