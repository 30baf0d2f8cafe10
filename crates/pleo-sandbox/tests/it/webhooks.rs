//! Deliveries to endpoints, over TCP.

use std::sync::mpsc;

use bytes::Bytes;
use http::{Request, Response};
use pleo_sandbox::{Reply, Server};
use serde_json::json;
use uuid::Uuid;

use crate::support::{basic, exchange, get, key, post, sandbox};

/// Creates a vendor over TCP, so that the server tells subscribers of it, and returns the response.
fn create_vendor(server: &Server, company: Uuid) -> String {
    let vendor = json!({ "companyId": company, "name": "New", "defaultCurrency": "DKK" }).to_string();
    let head = format!(
        "POST /v1/vendors HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        key(),
        vendor.len()
    );
    exchange(server.address(), (head + &vendor).as_bytes())
}

#[test]
fn an_endpoint_on_this_machine_gets_the_delivery() {
    let (arrived, deliveries) = mpsc::channel();
    let endpoint = Server::start(move |request: &Request<Bytes>| {
        arrived.send(request.clone()).unwrap();
        Reply::from(Response::new(Bytes::new()))
    })
    .unwrap();
    let (sandbox, company) = sandbox();
    let server = Server::start(sandbox.clone()).unwrap();
    let subscription = json!({
        "endpointUrl": format!("{}/hook?from=pleo", endpoint.url()), "eventTypes": ["v1.vendor.created"],
        "customHeaders": { "x-own": "FAKE-HEADER", "webhook-id": "FAKE-ID" },
        "endpointAuth": { "type": "BASIC", "credentials": { "username": "FAKE-USER", "password": "FAKE" } },
    });
    assert_eq!(post(&sandbox, "/v1/subscriptions", &subscription).status, 200);

    let answer = create_vendor(&server, company);
    assert!(answer.starts_with("HTTP/1.1 201 ") || answer.starts_with("HTTP/1.1 200 "), "{answer}");

    let delivery = deliveries.recv().unwrap();
    let header = |name: &str| delivery.headers()[name].to_str().unwrap();
    assert_eq!(delivery.method(), "POST");
    assert_eq!(delivery.uri(), "/hook?from=pleo");
    assert_eq!(header("host"), endpoint.address().to_string());
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("authorization"), basic("FAKE-USER", "FAKE"));
    assert_eq!(header("x-own"), "FAKE-HEADER");
    assert!(header("webhook-id").starts_with("msg_"));
    let sent = server.take_exchanges().remove(0).reply.webhooks;
    assert!(sent.iter().any(|sent| sent.body() == delivery.body()));
    assert_eq!(sent.len(), 3, "the seeded subscriptions are told as well, and nothing leaves the machine");
}

#[test]
fn a_delivery_without_success_comes_again_when_it_is_due_by_the_clock() {
    let (arrived, deliveries) = mpsc::channel();
    let endpoint = Server::start(move |request: &Request<Bytes>| {
        let id = request.headers()["webhook-id"].clone();
        let time: i64 = request.headers()["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        let (respond, response) = mpsc::channel();
        arrived.send((id, time, respond)).unwrap();
        let status: u16 = response.recv().unwrap();
        Reply::from(Response::builder().status(status).body(Bytes::new()).unwrap())
    })
    .unwrap();
    let (sandbox, company) = sandbox();
    let server = Server::start(sandbox.clone()).unwrap();
    let subscription = json!({ "endpointUrl": endpoint.url(), "eventTypes": ["v1.vendor.created"] });
    assert_eq!(post(&sandbox, "/v1/subscriptions", &subscription).status, 200);
    create_vendor(&server, company);

    let (id, first, respond) = deliveries.recv().unwrap();
    respond.send(503).unwrap();
    let (again, second, respond) = {
        // It is due five seconds after the failure, whenever that is noted.
        loop {
            sandbox.advance(std::time::Duration::from_secs(5));
            if let Ok(delivery) = deliveries.recv_timeout(std::time::Duration::from_millis(200)) {
                break delivery;
            }
        }
    };
    assert_eq!(again, id);
    assert!(second >= first + 5, "{first} {second}");
    respond.send(204).unwrap();
}

#[test]
fn a_subscription_with_another_endpoint_is_refused() {
    let (sandbox, _) = sandbox();
    for url in ["http://hooks.example/", "ftp://127.0.0.1/", "hooks.example", ""] {
        let subscription = json!({ "endpointUrl": url, "eventTypes": ["v1.vendor.created"] });
        let refused = post(&sandbox, "/v1/subscriptions", &subscription);
        assert_eq!((refused.status, refused.kind()), (400, "bad_request"), "{url}");
    }
    let before = get(&sandbox, "/v1/subscriptions").body["pagination"]["total"].clone();
    assert_eq!(before, 6);
}
