//! Receives signed deliveries, and says what they are about.
//!
//! `cargo run -p pleo --example webhook_receiver --features webhook-verification` subscribes at a sandbox of its own,
//! creates a vendor there, and ends with the delivery.

use std::error::Error;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use pleo::{
    ClientBuilder, Sandbox, StandaloneApiKey,
    bytes::Bytes,
    http::{Request, Response, StatusCode},
    vendors::types::VendorCreateRequest,
    webhook_delivery::{VENDOR_CREATED, Verifier, ensure},
    webhooks::types::SubscriptionRequest,
};
use pleo_sandbox::{Environment, Grant, Server};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = pleo_sandbox::Sandbox::new(Environment::Staging).with_running_clock();
    let company = sandbox.companies()[0];
    sandbox.admit("FAKE-KEY", Grant::standalone_key(company));
    let server = Server::start(sandbox)?;
    let key = StandaloneApiKey::new(Sandbox::new(&server.url())?, "FAKE-KEY")?;
    let client = ClientBuilder::new(key).company(company).build()?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let wanted = SubscriptionRequest::builder()
        .endpoint_url(format!("http://{}/pleo", listener.local_addr()?))
        .event_types(vec![VENDOR_CREATED.to_owned()]);
    let secret = ensure(&client, wanted.try_into()?).await?.secret.ok_or("Pleo returned no secret")?;
    let verifier = Verifier::new(&secret)?;

    client
        .create_vendor(VendorCreateRequest::builder().name("Chainworks").default_currency("DKK"))
        .send()
        .await?;
    // A real receiver accepts connections until it is stopped.
    let (connection, _) = listener.accept().await?;
    let service = service_fn(|request| receive(&verifier, request));
    http1::Builder::new().serve_connection(TokioIo::new(connection), service).await?;
    Ok(())
}

async fn receive(
    verifier: &Verifier,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Box<dyn Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, 1 << 20).collect().await?.to_bytes();
    let status = match verifier.verify(&head.headers, &body).await {
        Ok(delivery) => {
            println!("{:?}", delivery.event);
            StatusCode::NO_CONTENT
        }
        Err(error) => error.response_status(),
    };
    Ok(Response::builder().status(status).body(Empty::new())?)
}
