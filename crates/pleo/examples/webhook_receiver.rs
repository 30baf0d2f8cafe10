//! Receives signed deliveries, and says what they are about.
//!
//! `cargo run -p pleo --example webhook_receiver --features webhook-verification` listens on this machine, subscribes to new
//! vendors, and ends with the first delivery. The variables `PLEO_ENVIRONMENT`, `PLEO_API_KEY` and `PLEO_COMPANY_ID` say
//! whose. A sandbox delivers to this machine; for Pleo, the endpoint has to be an https address that leads here.

use std::error::Error;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use pleo::{
    ClientBuilder,
    bytes::Bytes,
    http::{Request, Response, StatusCode},
    webhook_delivery::{VENDOR_CREATED, Verifier, ensure},
    webhooks::types::SubscriptionRequest,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let wanted = SubscriptionRequest::builder()
        .endpoint_url(format!("http://{}/pleo", listener.local_addr()?))
        .event_types(vec![VENDOR_CREATED.to_owned()]);
    let client = ClientBuilder::from_env()?.build()?;
    let secret = ensure(&client, wanted.try_into()?).await?.secret.ok_or("Pleo returned no secret")?;
    let verifier = Verifier::new(&secret)?;
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
            verifier.handled(&delivery).await?;
            StatusCode::NO_CONTENT
        }
        Err(error) => error.response_status(),
    };
    Ok(Response::builder().status(status).body(Empty::new())?)
}
