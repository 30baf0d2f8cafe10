//! Receipt files, behind the links that the API gives out.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use pleo_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{JSON, key, sandbox, send};

/// A receipt as the API shows it to a client that called it `localhost:1`.
fn receipt(sandbox: &Sandbox) -> Value {
    let company = sandbox.companies()[0];
    let uri = format!("/v1/accounting-entries/receipts:search?company_id={company}&limit=1");
    let headers = [("authorization", &*key()), ("content-type", JSON), ("host", "localhost:1")];
    let body = json!({ "includeDeleted": false }).to_string();
    send(sandbox, "POST", &uri, &headers, body).body["data"][0].clone()
}

/// The path and query of its link.
fn link(receipt: &Value, origin: &str) -> String {
    receipt["url"].as_str().unwrap().strip_prefix(origin).unwrap().to_owned()
}

fn fetch(sandbox: &Sandbox, link: &str, header: Option<(&str, &str)>) -> Response<Bytes> {
    let mut request = Request::get(link);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    sandbox.handle(&request.body(Bytes::new()).unwrap()).response
}

#[test]
fn a_link_leads_to_a_file_of_the_size_and_the_type_that_the_receipt_says() {
    let (sandbox, _) = sandbox();
    let receipt = receipt(&sandbox);
    let file = fetch(&sandbox, &link(&receipt, "http://localhost:1"), None);
    assert_eq!(file.status(), 200);
    assert_eq!(file.headers()["content-type"], *receipt["mimeType"].as_str().unwrap());
    assert_eq!(file.body().len() as u64, receipt["sizeInBytes"].as_u64().unwrap());
    assert!(file.body().starts_with(b"%PDF-1.4\n"));

    sandbox.set_receipt_origin("http://127.0.0.1:2");
    link(&self::receipt(&sandbox), "http://127.0.0.1:2");
}

#[test]
fn a_link_ends_after_a_day_and_cannot_be_changed() {
    let (sandbox, _) = sandbox();
    let link = link(&receipt(&sandbox), "http://localhost:1");
    sandbox.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(fetch(&sandbox, &link, None).status(), 200);
    for changed in [link.replace("ORIGINAL", "PREVIEW"), link.replace("expires=1", "expires=2")] {
        assert_ne!(changed, link);
        assert_eq!(fetch(&sandbox, &changed, None).status(), 403, "{changed}");
    }
    sandbox.advance(Duration::from_secs(1));
    let refused = fetch(&sandbox, &link, None);
    assert_eq!(refused.status(), 403);
    assert!(String::from_utf8_lossy(refused.body()).contains("link_expired"));
}

#[test]
fn a_link_is_fetched_without_a_credential_and_in_parts() {
    let (sandbox, _) = sandbox();
    let link = link(&receipt(&sandbox), "http://localhost:1");
    assert_eq!(fetch(&sandbox, &link, Some(("authorization", &key()))).status(), 400);
    let whole = fetch(&sandbox, &link, None).into_body();
    let part = fetch(&sandbox, &link, Some(("range", "bytes=7-99")));
    assert_eq!((part.status().as_u16(), part.body()), (206, &whole.slice(7..100)));
    assert_eq!(part.headers()["content-range"], format!("bytes 7-99/{}", whole.len()));
    let beyond = fetch(&sandbox, &link, Some(("range", &*format!("bytes={}-", whole.len()))));
    assert_eq!(beyond.status(), 416);
}
