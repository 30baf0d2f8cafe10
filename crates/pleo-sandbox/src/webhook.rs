//! Deliveries to webhook endpoints: where they may go, what they say and how they are signed.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderName, HeaderValue, Method, Request, Uri, header, uri::Scheme};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::{clock, installation::stable_id};

/// How long an endpoint may take for its response.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after a failed attempt the next one is made, as a well-known sender of Standard Webhooks does it.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(10 * 3600),
];

/// How many deliveries wait for success at most. What is beyond is sent once.
const MOST_WAITING: usize = 1000;

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
    pub(crate) fn delivery(&self, subscription: &Value, secret: String) -> Option<Delivery> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let event_id = stable_id(&["event", self.event_type, &text(&self.data["id"])]).to_string();
        let id = format!("msg_{}", stable_id(&["message", &event_id, &text(&subscription["id"])]).simple());
        let body =
            json!({ "data": self.data, "eventType": self.event_type, "eventId": event_id }).to_string();

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
        headers.insert(ID, id.parse().ok()?);
        let mut delivery = Delivery { id, request, secret };
        delivery.sign(self.at)?;
        Some(delivery)
    }
}

/// The header with the id of a delivery.
pub(crate) const ID: &str = "webhook-id";

/// A delivery, and the secret that signs it.
#[derive(Clone)]
pub(crate) struct Delivery {
    id: String,
    pub(crate) request: Request<Bytes>,
    secret: String,
}

/// Shows no secret.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Delivery {
    /// Signs it as sent at this time.
    fn sign(&mut self, at: DateTime<Utc>) -> Option<()> {
        let timestamp = at.timestamp().to_string();
        let signature = sign(&self.secret, &self.id, &timestamp, self.request.body())?;
        for (name, value) in [("webhook-timestamp", timestamp), ("webhook-signature", signature)] {
            self.request.headers_mut().insert(name, value.parse().ok()?);
        }
        Some(())
    }
}

/// The deliveries that no endpoint has accepted yet.
#[derive(Default)]
pub(crate) struct Outbox {
    /// By id.
    waiting: BTreeMap<String, Waiting>,
}

struct Waiting {
    delivery: Delivery,
    failures: usize,
    /// `None` while it is on its way.
    due: Option<DateTime<Utc>>,
}

impl Outbox {
    /// Takes a new delivery, and returns what is to be sent now.
    pub(crate) fn take(&mut self, delivery: Delivery) -> Request<Bytes> {
        let request = delivery.request.clone();
        if self.waiting.len() < MOST_WAITING {
            let waiting = Waiting { delivery, failures: 0, due: None };
            self.waiting.insert(waiting.delivery.id.clone(), waiting);
        }
        request
    }

    /// What is to be sent again by now, with the same id and a new time.
    pub(crate) fn due(&mut self, now: DateTime<Utc>) -> Vec<Request<Bytes>> {
        let due = self.waiting.values_mut().filter(|waiting| waiting.due.is_some_and(|due| due <= now));
        due.filter_map(|waiting| {
            waiting.due = None;
            waiting.delivery.sign(now)?;
            Some(waiting.delivery.request.clone())
        })
        .collect()
    }

    /// Notes what became of a delivery that was on its way.
    pub(crate) fn settle(&mut self, id: &str, accepted: bool, now: DateTime<Utc>) {
        let Some(waiting) = self.waiting.get_mut(id) else { return };
        match WAITS.get(waiting.failures).filter(|_| !accepted) {
            Some(wait) => {
                waiting.failures += 1;
                let wait = TimeDelta::from_std(*wait).unwrap_or(TimeDelta::MAX);
                waiting.due = Some(clock::later(now, wait));
            }
            None => drop(self.waiting.remove(id)),
        }
    }
}

/// The Basic credentials of a subscription, if it has some (W13).
fn authorization(auth: &Value) -> Option<HeaderValue> {
    let part = |name: &str| auth["credentials"][name].as_str().unwrap_or_default();
    let pair = format!("{}:{}", part("username"), part("password"));
    (auth["type"] == "BASIC").then(|| format!("Basic {}", STANDARD.encode(pair)).parse().ok()).flatten()
}

/// The signature of Standard Webhooks 1.0. Pleo's recipe is not documented (W9).
fn sign(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let mac = hmac_sha256::HMAC::mac([format!("{id}.{timestamp}.").as_bytes(), body].concat(), key);
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

/// Sends a delivery to an endpoint on this machine, and tells whether that responds with success in time. Nothing leaves
/// for other endpoints; they count as content.
pub(crate) async fn send(delivery: Request<Bytes>) -> bool {
    let Some(addresses) = addresses(delivery.uri()) else { return true };
    matches!(tokio::time::timeout(PATIENCE, post(delivery, &addresses)).await, Ok(Ok(true)))
}

async fn post(
    delivery: Request<Bytes>,
    addresses: &[SocketAddr],
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(addresses).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = delivery.map(Full::new);
    let host = request.uri().authority().map_or("", |authority| authority.as_str()).parse()?;
    request.headers_mut().insert(header::HOST, host);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).parse()?;
    *request.uri_mut() = target;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let accepted = response.status().is_success();
        response.into_body().collect().await.map(|_| accepted)
    };
    // The connection has to be driven until the response is there.
    let (_, response) = tokio::join!(connection, exchange);
    Ok(response?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_sent_again_until_it_is_accepted_or_given_up() {
        let subscription = json!({ "id": "1", "endpointUrl": "http://127.0.0.1:1/" });
        let start = DateTime::UNIX_EPOCH;
        let sent = |outbox: &mut Outbox| {
            let event = Event { event_type: "v1.vendor.created", data: &json!({ "id": "1" }), at: start };
            outbox.take(event.delivery(&subscription, "whsec_FAKE".to_owned()).unwrap())
        };
        let header = |request: &Request<Bytes>, name| request.headers()[name].to_str().unwrap().to_owned();
        for accepted_after in [0, 1, 3, 99] {
            let mut outbox = Outbox::default();
            let mut last = sent(&mut outbox);
            let (mut now, mut waits) = (start, Vec::new());
            loop {
                assert!(outbox.due(now + TimeDelta::days(2)).is_empty(), "it is on its way");
                outbox.settle(&header(&last, ID), waits.len() == accepted_after, now);
                let Some(due) = outbox.waiting.values().next().and_then(|waiting| waiting.due) else { break };
                assert!(outbox.due(due - TimeDelta::seconds(1)).is_empty());
                waits.push((due - now).num_seconds());
                now = due;
                let again = outbox.due(now).remove(0);
                assert_eq!((header(&again, ID), again.body()), (header(&last, ID), last.body()));
                assert_eq!(header(&again, "webhook-timestamp"), now.timestamp().to_string());
                assert_ne!(header(&again, "webhook-signature"), header(&last, "webhook-signature"));
                last = again;
            }
            let all = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];
            assert_eq!(waits, all[..accepted_after.min(all.len())]);
            assert!(outbox.waiting.is_empty());
        }
    }

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
