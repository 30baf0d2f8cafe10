//! Deliveries: what is accepted, what is refused by name, and what arrives from the sandbox.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};

use pleo::{
    BoxFuture, Client, Secret, Session, StandaloneApiKey,
    bytes::Bytes,
    chrono::{DateTime, Utc},
    http::{HeaderMap, HeaderValue, Request, Response},
    webhook_delivery::{
        Arrival, ArrivedDelivery, Delivery, DeliveryError, EXPORT_JOB_CREATED, Event, InvalidSecret,
        ReplayMemory, SignatureCheck, SignedMessage, StandardWebhooks, SubscriptionChange, VENDOR_CREATED,
        Verifier, ensure,
    },
    webhooks::types::{SubscriptionRequest, SubscriptionStatus},
};
use pleo_sandbox::{Environment, Grant, Handler, Reply, Server};
use serde_json::{Value, json};

/// When the first vector was sent.
const SENT: i64 = 1_767_225_600;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A delivery as it arrives: `webhook-id`, `webhook-timestamp`, `webhook-signature` and the body.
#[derive(Debug, Clone)]
struct Arrived([Vec<u8>; 4]);

const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

impl Arrived {
    /// `None` where HTTP has no such header value.
    fn headers(&self) -> Option<HeaderMap> {
        let value = |bytes: &Vec<u8>| HeaderValue::from_bytes(bytes).ok();
        HEADERS
            .iter()
            .zip(&self.0)
            .map(|(name, bytes)| Some((name.parse().unwrap(), value(bytes)?)))
            .collect()
    }

    async fn verified_by(&self, verifier: &Verifier) -> Result<Delivery, DeliveryError> {
        verifier.verify(&self.headers().unwrap(), &self.0[3]).await
    }

    fn with(&self, part: usize, bytes: &str) -> Self {
        let mut changed = self.clone();
        changed.0[part] = bytes.as_bytes().to_vec();
        changed
    }
}

/// What `webhook_vectors.py` computed: the secret, and a delivery that it signs.
fn vectors() -> Vec<(Secret, Arrived)> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("webhook_vectors.json")).unwrap();
    let read = |vector: &Value| {
        let text = |member: &str| vector[member].as_str().unwrap();
        let parts = ["id", "timestamp", "signature", "body"].map(|member| text(member).as_bytes().to_vec());
        (text("secret").into(), Arrived(parts))
    };
    vectors.iter().map(read).collect()
}

/// The delivery of an export job.
fn job() -> (Secret, Arrived) {
    vectors().remove(0)
}

fn verifier(secret: &Secret) -> Verifier {
    Verifier::new(secret).unwrap().with_clock(|| at(SENT))
}

/// Takes every signature for right.
struct Anything;

impl SignatureCheck for Anything {
    fn accepts(&self, _: &SignedMessage<'_>) -> bool {
        true
    }
}

/// What is made of a body, whatever signs it.
async fn read(body: &Value) -> Result<Delivery, DeliveryError> {
    let verifier = Verifier::with_check(Anything).with_clock(|| at(SENT));
    job().1.with(3, &body.to_string()).verified_by(&verifier).await
}

#[tokio::test]
async fn what_another_implementation_signs_is_accepted() {
    /// Whether a signature was found right: what is wrong with the body comes after it.
    fn passes(verified: &Result<Delivery, DeliveryError>) -> bool {
        use DeliveryError::{NotADelivery, NotJson, UnexpectedData};

        matches!(verified, Ok(_) | Err(NotJson | NotADelivery { .. } | UnexpectedData { .. }))
    }

    let all = vectors();
    assert_eq!(all.len(), 5);
    for (secret, arrived) in &all {
        let seconds = std::str::from_utf8(&arrived.0[1]).unwrap().parse().unwrap();
        let verified = arrived.verified_by(&verifier(secret).with_clock(move || at(seconds))).await;
        assert!(passes(&verified), "{verified:?}");
        for (other, _) in all.iter().filter(|(other, _)| other.expose() != secret.expose()) {
            let refused = arrived.verified_by(&verifier(other).with_clock(move || at(seconds))).await;
            assert!(matches!(refused, Err(DeliveryError::NoMatchingSignature)), "{refused:?}");
        }
    }
    // The example of the specification's own libraries.
    let secret = Secret::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    let example = [
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        "1649367553",
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        r#"{"email":"test@example.com","username":"test_user"}"#,
    ];
    let example = Arrived(example.map(|text| text.as_bytes().to_vec()));
    assert!(passes(&example.verified_by(&verifier(&secret).with_clock(|| at(1_649_367_553))).await));
}

#[tokio::test]
async fn a_delivery_with_any_bit_changed_is_refused() {
    let (secret, arrived) = job();
    // So that it is the signature that has to notice another time.
    let new = || verifier(&secret).with_tolerance(Duration::MAX);
    assert!(arrived.verified_by(&new()).await.is_ok());
    let (mut changed_bits, verifier) = (0, new());
    for part in 0..arrived.0.len() {
        for bit in 0..arrived.0[part].len() * 8 {
            let mut changed = arrived.clone();
            changed.0[part][bit / 8] ^= 1 << (bit % 8);
            let Some(headers) = changed.headers() else { continue };
            let refused = verifier.verify(&headers, &changed.0[3]).await.unwrap_err();
            assert!(
                matches!(
                    refused,
                    DeliveryError::NoMatchingSignature
                        | DeliveryError::BadTimestamp
                        | DeliveryError::InvalidHeader { .. }
                ),
                "part {part}, bit {bit}: {refused}"
            );
            changed_bits += 1;
        }
        let mut longer = arrived.clone();
        longer.0[part].push(b'0');
        let mut shorter = arrived.clone();
        shorter.0[part].pop();
        for changed in [longer, shorter] {
            let refused = changed.verified_by(&verifier).await;
            assert!(matches!(refused, Err(DeliveryError::NoMatchingSignature)), "part {part}: {refused:?}");
        }
    }
    assert!(changed_bits > 3_000, "{changed_bits}");
}

#[tokio::test]
async fn a_header_that_is_missing_or_repeated_is_named() {
    let (secret, arrived) = job();
    let verifier = verifier(&secret);
    for name in HEADERS {
        let mut headers = arrived.headers().unwrap();
        let value = headers.remove(name).unwrap();
        let refused = verifier.verify(&headers, &arrived.0[3]).await;
        assert!(
            matches!(refused, Err(DeliveryError::MissingHeader { name: it }) if it == name),
            "{refused:?}"
        );
        for values in [vec![value.clone(), value], vec!["".parse().unwrap()], vec!["é".parse().unwrap()]] {
            headers.remove(name);
            for value in values {
                headers.append(name, value);
            }
            let refused = verifier.verify(&headers, &arrived.0[3]).await;
            assert!(
                matches!(refused, Err(DeliveryError::InvalidHeader { name: it }) if it == name),
                "{refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_delivery_is_good_for_the_window_either_way() {
    let (secret, arrived) = job();
    let verified = |now: i64, tolerance: Option<u64>| {
        let verifier = verifier(&secret).with_clock(move || at(now));
        let verifier = match tolerance {
            Some(seconds) => verifier.with_tolerance(Duration::from_secs(seconds)),
            None => verifier,
        };
        let arrived = arrived.clone();
        async move { arrived.verified_by(&verifier).await }
    };
    for (now, tolerance) in [(0, None), (300, None), (-300, None), (10, Some(10)), (3_600, Some(3_600))] {
        assert!(verified(SENT + now, tolerance).await.is_ok(), "{now}");
    }
    for (now, tolerance) in [(301, None), (11, Some(10))] {
        let refused = verified(SENT + now, tolerance).await;
        assert!(matches!(refused, Err(DeliveryError::TooOld { seconds }) if seconds == now), "{refused:?}");
        let refused = verified(SENT - now, tolerance).await;
        assert!(matches!(refused, Err(DeliveryError::TooNew { seconds }) if seconds == now), "{refused:?}");
    }
    for timestamp in ["now", "-1", "+1767225600", "1767225600.0", "17672 25600", "99999999999999999999"] {
        let refused = arrived.with(1, timestamp).verified_by(&verifier(&secret)).await;
        assert!(matches!(refused, Err(DeliveryError::BadTimestamp)), "{timestamp}: {refused:?}");
    }
}

#[tokio::test]
async fn one_of_several_signatures_by_one_of_several_secrets_is_enough() {
    let (old, arrived) = job();
    let signature = String::from_utf8(arrived.0[2].clone()).unwrap();
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let (new, _) = vectors().remove(1);
    for signatures in [
        format!("{other} {signature}"),
        format!("{signature} {other}"),
        format!("v1a,FAKE v2,FAKE FAKE {signature}"),
    ] {
        let changing = Verifier::new(&new).unwrap().or_secret(&old).unwrap().with_clock(|| at(SENT));
        assert!(arrived.with(2, &signatures).verified_by(&changing).await.is_ok(), "{signatures}");
        let changed = arrived.with(2, &signatures).verified_by(&verifier(&new)).await;
        assert!(matches!(changed, Err(DeliveryError::NoMatchingSignature)), "{changed:?}");
    }
    let digest = signature.strip_prefix("v1,").unwrap();
    for signatures in [
        format!("v1a,{digest}"),
        format!("V1,{digest}"),
        digest.to_owned(),
        "v1,".to_owned(),
        signature.trim_end_matches('=').to_owned(),
    ] {
        let refused = arrived.with(2, &signatures).verified_by(&verifier(&old)).await;
        assert!(matches!(refused, Err(DeliveryError::NoMatchingSignature)), "{signatures}: {refused:?}");
    }
}

#[test]
fn a_text_that_cannot_be_a_secret_is_refused_without_showing_it() {
    for (text, expected) in [
        ("", InvalidSecret::Empty),
        ("whsec_", InvalidSecret::Empty),
        ("whsec_FAKE-KEY", InvalidSecret::NotBase64),
        ("whsec_FAKEKEY", InvalidSecret::NotBase64),
        ("WHSEC_RkFLRQ==", InvalidSecret::NotBase64),
    ] {
        let refused = StandardWebhooks::new(&Secret::from(text)).unwrap_err();
        assert_eq!(refused, expected, "{text}");
        assert!(!format!("{refused} {refused:?}").contains("FAKE"));
    }
    assert!(StandardWebhooks::new(&Secret::from(" whsec_RkFLRQ==\n")).is_ok(), "copied with a line break");
}

#[tokio::test]
async fn a_repetition_is_refused_until_it_is_forgotten() {
    let (secret, arrived) = job();
    let verifier = verifier(&secret);
    let delivery = arrived.verified_by(&verifier).await.unwrap();
    let refused = arrived.verified_by(&verifier.clone()).await.unwrap_err();
    assert!(matches!(refused, DeliveryError::InProgress), "{refused}");
    assert_eq!(refused.response_status(), 409);
    verifier.forget(&delivery).await.unwrap();
    assert_eq!(arrived.verified_by(&verifier).await.unwrap(), delivery);
    assert!(matches!(arrived.verified_by(&verifier).await, Err(DeliveryError::InProgress)));
    verifier.handled(&delivery).await.unwrap();
    let refused = arrived.verified_by(&verifier).await.unwrap_err();
    assert!(matches!(refused, DeliveryError::Replayed), "{refused}");
    assert_eq!(refused.response_status(), 204);
}

/// The process that handles it is killed, or its future dropped.
#[tokio::test]
async fn a_delivery_whose_handling_never_ended_is_accepted_again() {
    let (secret, arrived) = job();
    let now = Arc::new(AtomicI64::new(SENT));
    let clock = Arc::clone(&now);
    let verifier = verifier(&secret)
        .with_clock(move || at(clock.load(Ordering::Relaxed)))
        .with_handling_time(Duration::from_secs(10));
    for (second, accepted) in [(0, true), (10, false), (11, true), (21, false), (22, true)] {
        now.store(SENT + second, Ordering::Relaxed);
        assert_eq!(arrived.verified_by(&verifier).await.is_ok(), accepted, "{second}");
    }
}

#[tokio::test]
async fn a_delivery_is_accepted_once_at_any_time() {
    let (secret, arrived) = job();
    let now = Arc::new(AtomicI64::new(SENT - 400));
    let clock = Arc::clone(&now);
    let verifier = verifier(&secret).with_clock(move || at(clock.load(Ordering::Relaxed)));
    let mut accepted = 0;
    for _ in 0..800 {
        if let Ok(delivery) = arrived.verified_by(&verifier).await {
            verifier.handled(&delivery).await.unwrap();
            accepted += 1;
        }
        now.fetch_add(1, Ordering::Relaxed);
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn what_is_refused_is_not_remembered() {
    let (secret, arrived) = job();
    let verifier = verifier(&secret);
    assert!(arrived.with(3, "{}").verified_by(&verifier).await.is_err());
    assert!(arrived.verified_by(&verifier).await.is_ok());
}

#[tokio::test]
async fn a_memory_that_fails_lets_nothing_pass() {
    struct Broken;

    impl ReplayMemory for Broken {
        fn arrived<'a>(
            &'a self,
            _: ArrivedDelivery<'a>,
        ) -> BoxFuture<'a, Result<Arrival, Box<dyn Error + Send + Sync>>> {
            Box::pin(std::future::ready(Err("the database is away".into())))
        }

        fn handled<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>> {
            Box::pin(std::future::ready(Err("the database is away".into())))
        }

        fn forget<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>> {
            Box::pin(std::future::ready(Err("the database is away".into())))
        }
    }

    let (secret, arrived) = job();
    let refused = arrived.verified_by(&verifier(&secret).with_replay_memory(Broken)).await.unwrap_err();
    assert_eq!(refused.response_status(), 503);
    assert_eq!(
        format!("{refused:?}"),
        "cannot look up whether the delivery has arrived before: the database is away"
    );
}

#[tokio::test]
async fn a_delivery_has_a_typed_event_and_everything_that_was_sent() {
    let (secret, arrived) = job();
    let delivery = arrived.verified_by(&verifier(&secret)).await.unwrap();
    let Event::ExportJobCreated(job) = &delivery.event else { panic!("{delivery:?}") };
    assert_eq!(job.id.to_string(), "33333333-2222-4333-8444-555555555551");
    assert_eq!(job.company_id.to_string(), "11111111-2222-4333-8444-555555555551");
    assert_eq!((job.number_of_items, job.status.as_deref()), (Some(300), Some("pending")));
    assert_eq!(job.expires_in, Some(Duration::from_secs(3600)));
    assert_eq!(job.created_at.unwrap(), at(SENT));
    assert_eq!((delivery.sent_at, delivery.id.as_bytes()), (at(SENT), arrived.0[0].as_slice()));
    assert_eq!(delivery.event_id.as_deref(), Some("44444444-2222-4333-8444-555555555551"));
    assert_eq!(
        (delivery.event_type.as_str(), &delivery.data["status"]),
        (EXPORT_JOB_CREATED, &json!("pending"))
    );
    assert!(delivery.other.is_empty());
}

#[tokio::test]
async fn all_spellings_of_an_event_are_understood_and_unknown_ones_kept() {
    let ids = json!({ "id": "33333333-2222-4333-8444-555555555551", "companyId": "11111111-2222-4333-8444-555555555551" });
    let of = async |event_type: &str| {
        let body = json!({ "data": ids, "eventType": event_type, "eventId": "FAKE-ID", "attempt": 3 });
        let delivery = read(&body).await.unwrap();
        assert_eq!((delivery.event_type.as_str(), &delivery.data), (event_type, &ids));
        assert_eq!(delivery.other["attempt"], 3);
        assert_eq!(delivery.other.len(), 1);
        delivery.event
    };
    for spelling in [
        "v1.export-job.created",
        "v1.export.job-created",
        "v2.export-job.created",
        "export-job.created",
        "export.job-created",
    ] {
        assert!(matches!(of(spelling).await, Event::ExportJobCreated(_)), "{spelling}");
    }
    assert!(matches!(of(VENDOR_CREATED).await, Event::VendorCreated(vendor) if vendor.name.is_none()));
    for unknown in ["v1.export-job.expired", "vx.vendor.created", "export_job.created", ""] {
        assert_eq!(of(unknown).await, Event::Unknown, "{unknown}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_delivery_is_named_without_showing_values() {
    let refused =
        job().1.with(3, "{").verified_by(&Verifier::with_check(Anything).with_clock(|| at(SENT))).await;
    assert!(matches!(refused, Err(DeliveryError::NotJson)), "{refused:?}");
    let wrapped = json!({ "webhook-id": "FAKE", "payload": { "eventType": "v1.vendor.created" }, "a b": 1 });
    for (body, said) in [
        (wrapped, "the body does not have the members eventType and data; it has payload, webhook-id"),
        (json!([]), "the body does not have the members eventType and data; it has none that can be shown"),
        (
            json!({ "eventType": "v1.vendor.created" }),
            "the body does not have the members eventType and data; it has eventType",
        ),
        (
            json!({ "eventType": "v1.vendor.created", "data": { "id": "FAKE" } }),
            "the data of the event v1.vendor.created has no valid id",
        ),
    ] {
        let refused = read(&body).await.unwrap_err();
        assert_eq!((refused.to_string(), refused.response_status().as_u16()), (said.to_owned(), 400));
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret_a_name_or_a_body() {
    let secret = Secret::from("whsec_RkFLRVNFQ1JFVA==");
    let vendor = json!({
        "eventType": "v1.vendor.created",
        "data": {
            "id": "33333333-2222-4333-8444-555555555551", "companyId": "11111111-2222-4333-8444-555555555551",
            "name": "FAKE-NAME", "registrationNumber": "FAKE-NUMBER",
        },
    });
    let delivery = read(&vendor).await.unwrap();
    let verifier = verifier(&secret);
    let refused = job().1.verified_by(&verifier).await.unwrap_err();
    let shown =
        format!("{delivery:?} {verifier:?} {refused:?} {refused} {:?}", StandardWebhooks::new(&secret));
    for hidden in ["FAKE", "RkFLRVNFQ1JFVA", "Cd5kT"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains("33333333-2222-4333-8444-555555555551"), "{shown}");
}

#[test]
fn what_is_public_can_go_to_other_threads() {
    fn check<T: Send + Sync + 'static>() {}

    check::<Verifier>();
    check::<Delivery>();
    check::<DeliveryError>();
    check::<StandardWebhooks>();
}

const KEY: &str = "FAKE-KEY";

/// A sandbox that knows [`KEY`].
fn sandbox() -> pleo_sandbox::Sandbox {
    let sandbox = pleo_sandbox::Sandbox::new(Environment::Staging);
    sandbox.admit(KEY, Grant::standalone_key(sandbox.companies()[0]));
    sandbox
}

/// A server of it, and a client of its first company.
fn served(handler: impl Handler) -> (Server, Client<pleo::Sandbox>) {
    let server = Server::start(handler).unwrap();
    let environment = pleo::Sandbox::new(&server.url()).unwrap();
    let client =
        Client::without_retries(Session::new(StandaloneApiKey::new(environment, KEY).unwrap())).unwrap();
    (server, client)
}

fn wanted(endpoint: &str, events: &[&str]) -> SubscriptionRequest {
    let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
    SubscriptionRequest::builder().endpoint_url(endpoint).event_types(events).try_into().unwrap()
}

#[tokio::test]
async fn a_subscription_is_made_once_and_changed_only_if_it_differs() {
    let (server, client) = served(sandbox());
    let endpoint = "https://hooks.example/ensured";
    let created = ensure(&client, wanted(endpoint, &[EXPORT_JOB_CREATED])).await.unwrap();
    assert_eq!((created.change, created.others.len()), (SubscriptionChange::Created, 0));
    let secret = created.secret.as_ref().unwrap();
    assert!(StandardWebhooks::new(secret).is_ok());
    assert!(!format!("{created:?}").contains("hooks.example") && !format!("{created:?}").contains("whsec"));

    server.take_exchanges();
    // Another of Pleo's spellings means the same event.
    for spelling in [EXPORT_JOB_CREATED, "v1.export.job-created"] {
        let again = ensure(&client, wanted(endpoint, &[spelling])).await.unwrap();
        assert_eq!(
            (again.change, again.subscription.id),
            (SubscriptionChange::Unchanged, created.subscription.id)
        );
        assert_eq!(again.secret.unwrap().expose(), secret.expose());
    }
    let methods: Vec<_> = server.take_exchanges().iter().map(|it| it.request.method().to_string()).collect();
    assert!(methods.iter().all(|method| method == "GET"), "{methods:?}");

    let both = wanted(endpoint, &[VENDOR_CREATED, EXPORT_JOB_CREATED]);
    let updated = ensure(&client, both.clone()).await.unwrap();
    assert_eq!(
        (updated.change, updated.subscription.id),
        (SubscriptionChange::Updated, created.subscription.id)
    );
    let mut inactive = both.clone();
    inactive.status = Some(SubscriptionStatus::Inactive);
    client.update_subscription(created.subscription.id, inactive).send().await.unwrap();
    assert_eq!(ensure(&client, both.clone()).await.unwrap().change, SubscriptionChange::Updated);

    // Headers are not compared.
    let mut with_header = both.clone();
    with_header.custom_headers = Some([("x-fake".to_owned(), "FAKE".to_owned().into())].into());
    assert_eq!(ensure(&client, with_header).await.unwrap().change, SubscriptionChange::Unchanged);

    // Of several with the endpoint, the one that is right is kept, wherever it is in the list.
    let one = wanted(endpoint, &[VENDOR_CREATED]);
    let other = client.create_subscription(one.clone()).send().await.unwrap().data.id;
    for (wanted, right, left) in
        [(both, created.subscription.id, other), (one, other, created.subscription.id)]
    {
        let kept = ensure(&client, wanted).await.unwrap();
        assert_eq!((kept.change, kept.subscription.id), (SubscriptionChange::Unchanged, right));
        assert_eq!(kept.others, [left]);
    }
}

#[tokio::test]
async fn a_secret_that_pleo_does_not_return_is_none() {
    let sandbox = sandbox();
    let (_server, client) = served(move |request: &Request<Bytes>| {
        let mut reply = sandbox.handle(request);
        if request.uri().path().ends_with("/secret") {
            *reply.response.body_mut() = Bytes::from_static(br#"{"data":{}}"#);
        }
        reply
    });
    let ensured = ensure(&client, wanted("https://hooks.example/silent", &[VENDOR_CREATED])).await.unwrap();
    assert!(ensured.secret.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandboxs_own_delivery_verifies_end_to_end_over_http() {
    let (arrived, deliveries) = mpsc::channel();
    let endpoint = Server::start(move |request: &Request<Bytes>| {
        arrived.send(request.clone()).unwrap();
        Reply::from(Response::new(Bytes::new()))
    })
    .unwrap();
    let sandbox = sandbox();
    let (_server, client) = served(sandbox.clone());
    let events = wanted(&endpoint.url(), &[EXPORT_JOB_CREATED, VENDOR_CREATED]);
    let secret = ensure(&client, events).await.unwrap().secret.unwrap();
    let verifier = Verifier::new(&secret).unwrap().with_clock(move || sandbox.now());

    let company = client.list_companies().send().await.unwrap().data[0].id;
    let search =
        pleo::accounting_entries::types::AccountingEntryBaseSearchRequest::builder().include_deleted(false);
    let entries = client.search_accounting_entries(search).company_id(company).send().await.unwrap();
    let create = pleo::export::types::CreateExportJob::builder()
        .company_id(company)
        .accounting_entry_ids(vec![entries.data[0].id]);
    let job = client.create_export_job_v3(create).send().await.unwrap();

    let delivery = tokio::task::spawn_blocking(move || deliveries.recv().unwrap()).await.unwrap();
    let (headers, body) = (delivery.headers(), delivery.body());
    let mut changed = body.to_vec();
    changed[0] = b' ';
    let refused = verifier.verify(headers, &changed).await;
    assert!(matches!(refused, Err(DeliveryError::NoMatchingSignature)), "{refused:?}");
    let verified = verifier.verify(headers, body).await.unwrap();
    let Event::ExportJobCreated(told) = &verified.event else { panic!("{verified:?}") };
    assert_eq!((told.id, told.number_of_items), (job.data.id, Some(1)));
    assert_eq!(told.company_id.uuid(), company);
    assert!(matches!(verifier.verify(headers, body).await, Err(DeliveryError::InProgress)));
    verifier.handled(&verified).await.unwrap();
    assert!(matches!(verifier.verify(headers, body).await, Err(DeliveryError::Replayed)));
}
