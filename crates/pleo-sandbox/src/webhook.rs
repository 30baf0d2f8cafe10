//! Deliveries to webhook endpoints: where they may go, what they say and how they are signed.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue, Method, Request, Uri, header, uri::Scheme};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::installation::stable_id;

/// How long an endpoint may take for its response.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that subscriptions tell of.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    /// Such as `v1.vendor.created` (W7).
    pub(crate) event_type: &'static str,
    /// What it happened to, as it is now.
    pub(crate) data: &'a Value,
    /// When it happened.
    pub(crate) at: DateTime<Utc>,
}

impl Event<'_> {
    /// What tells a subscriber of it (W8, W10); `None` if the endpoint is not one.
    pub(crate) fn delivery(&self, subscription: &Value, secret: &str) -> Option<Request<Bytes>> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let event_id = stable_id(&["event", self.event_type, &text(&self.data["id"])]).to_string();
        let id = format!("msg_{}", stable_id(&["message", &event_id, &text(&subscription["id"])]).simple());
        let timestamp = self.at.timestamp().to_string();
        let body =
            json!({ "data": self.data, "eventType": self.event_type, "eventId": event_id }).to_string();
        let signature = sign(secret, &id, &timestamp, &body)?;

        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint(&text(&subscription["endpointUrl"]))?;
        let headers = request.headers_mut();
        for (name, value) in subscription["customHeaders"].as_object().into_iter().flatten() {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), text(value).parse()) {
                headers.insert(name, value);
            }
        }
        if let Some(authorization) = authorization(&subscription["endpointAuth"]) {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
        {
            headers.insert(name, value.parse().ok()?);
        }
        Some(request)
    }
}

/// The Basic credentials of a subscription, if it has some (W13).
fn authorization(auth: &Value) -> Option<HeaderValue> {
    let part = |name: &str| auth["credentials"][name].as_str().unwrap_or_default();
    let pair = format!("{}:{}", part("username"), part("password"));
    (auth["type"] == "BASIC").then(|| format!("Basic {}", STANDARD.encode(pair)).parse().ok()).flatten()
}

/// The signature of Standard Webhooks 1.0. Pleo's recipe is not documented (W9).
fn sign(secret: &str, id: &str, timestamp: &str, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let mac = hmac_sha256::HMAC::mac(format!("{id}.{timestamp}.{body}"), key);
    Some(format!("v1,{}", STANDARD.encode(mac)))
}

/// An address that deliveries may have: https, or plain http on this machine (W15).
pub(crate) fn endpoint(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let secure = uri.scheme() == Some(&Scheme::HTTPS) && uri.host().is_some_and(|host| !host.is_empty());
    let authority = uri.authority()?.as_str();
    (!authority.contains('@') && (secure || addresses(&uri).is_some())).then_some(uri)
}

/// The loopback addresses of a URL of plain http; `None` for all others.
fn addresses(uri: &Uri) -> Option<Vec<SocketAddr>> {
    let host = uri.host().filter(|_| uri.scheme() == Some(&Scheme::HTTP))?;
    let named = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let hosts: Vec<IpAddr> = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => vec![address],
        Err(_) if named == "localhost" || named.ends_with(".localhost") => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        _ => return None,
    };
    let port = uri.port_u16().unwrap_or(80);
    Some(hosts.into_iter().map(|host| (host, port).into()).collect())
}

/// Sends a delivery to an endpoint on this machine, once; nothing leaves for others. What becomes of it is the
/// endpoint's business.
pub(crate) async fn send(delivery: Request<Bytes>) {
    if let Some(addresses) = addresses(delivery.uri()) {
        let _ = tokio::time::timeout(PATIENCE, post(delivery, &addresses)).await;
    }
}

async fn post(
    delivery: Request<Bytes>,
    addresses: &[SocketAddr],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(addresses).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = delivery.map(Full::new);
    let host = request.uri().authority().map_or("", |authority| authority.as_str()).parse()?;
    request.headers_mut().insert(header::HOST, host);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).parse()?;
    *request.uri_mut() = target;
    let exchange = async move { sender.send_request(request).await?.into_body().collect().await };
    // The connection has to be driven until the response is there.
    let (_, response) = tokio::join!(connection, exchange);
    response?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_on_this_machine() {
        for url in [
            "https://hooks.example/pleo",
            "https://hooks.example:8443/",
            "https://localhost/",
            "http://127.0.0.1:8080/pleo?x=1",
            "http://127.9.9.9/",
            "http://[::1]:8080/",
            "http://localhost:8080",
            "http://LOCALHOST./",
            "http://hooks.localhost/",
        ] {
            assert!(endpoint(url).is_some(), "{url}");
        }
        for url in [
            "",
            "/pleo",
            "hooks.example",
            "http://hooks.example/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[::ffff:10.0.0.1]/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://user:FAKE@127.0.0.1/",
            "https://FAKE@hooks.example/",
            "ftp://127.0.0.1/",
            "https:///pleo",
        ] {
            assert!(endpoint(url).is_none(), "{url}");
        }
    }

    #[test]
    fn only_plain_http_on_this_machine_has_addresses_to_send_to() {
        let of = |url: &str| addresses(&url.parse().unwrap());
        assert_eq!(of("http://127.0.0.1:8080/"), Some(vec!["127.0.0.1:8080".parse().unwrap()]));
        assert_eq!(
            of("http://localhost/"),
            Some(vec!["127.0.0.1:80".parse().unwrap(), "[::1]:80".parse().unwrap()])
        );
        for url in ["https://127.0.0.1/", "https://hooks.example/", "http://hooks.example/"] {
            assert_eq!(of(url), None, "{url}");
        }
    }
}
