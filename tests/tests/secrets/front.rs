//! The types of `pleo`: clients, stores, webhooks, receipts, export runs.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use httpmock::MockServer;
use pleo::{
    ClientBuilder, CompanyId, Currency, HttpConfig, Month, Pace, ReqwestTransport, RetryPolicy,
    RetryTransport, Sandbox, Secret, Session, Staging, StandaloneApiKey,
    accounting_entries::types::ReceiptModel,
    export::types::{ExportItemV3, ExportJobFailureReasonType, ExportJobItemFailureReasonType},
    export_run::{Booked, Booking, ExportRun, NotBooked},
    http::HeaderMap,
    oauth::{StoreError, TokenStore, Tokens},
    receipts::{ReceiptDownload, ReceiptSource},
    reqwest::Proxy,
    stores::{FileStore, PostgresTokens, SealingKey, SealingKeys, tokio_postgres},
    tag_sync::{LocalTag, TagPlan},
    uuid::Uuid,
    webhook_delivery::{
        ArrivedDelivery, RecentDeliveries, ReplayMemory as _, SignatureCheck, SignedMessage,
        StandardWebhooks, Verifier, ensure,
    },
    webhooks::types::SubscriptionRequest,
};
use serde_json::{Value, json};

use super::{Canaries, Output, company, form, quoting_server, spoilt};

/// A list without entries.
const NO_PAGE: &str = r#"{"data":[],"pagination":{"currentRequestPagination":{"parameters":{}},"hasNextPage":false,"hasPreviousPage":false}}"#;

/// A client that makes two attempts, at once.
fn client(server: &MockServer, secret: &str) -> pleo::Client<Sandbox> {
    let key = StandaloneApiKey::new(Sandbox::new(&server.base_url()).unwrap(), secret).unwrap();
    builder(key).build().unwrap()
}

fn builder<E: pleo::Environment>(key: StandaloneApiKey<E>) -> ClientBuilder<E> {
    let retry = RetryPolicy::default().with_max_attempts(2).with_waits(Duration::ZERO, Duration::ZERO);
    ClientBuilder::new(key).company(company()).retry(retry).pace(Pace::unlimited())
}

pub(super) async fn everything(output: &Output, canaries: &mut Canaries) {
    clients(output, canaries).await;
    stores(output, canaries).await;
    webhooks(output, canaries).await;
    receipts(output, canaries).await;
    export_runs(output, canaries).await;
    values(output, &canaries.secret());
}

/// Clients of the builder, with a proxy that has a password.
async fn clients(output: &Output, canaries: &mut Canaries) {
    let (secret, password) = (canaries.secret(), canaries.secret());
    let proxy = Proxy::all(format!("http://user:{}@127.0.0.1:9", form(&password))).unwrap();
    let config = HttpConfig::default().with_proxy(proxy);
    output.debug(&config);
    let transport = ReqwestTransport::with_config(config.clone()).unwrap();
    output.debug(&RetryTransport::new(transport.clone(), RetryPolicy::default(), Pace::default()));
    for builder in [
        builder(StandaloneApiKey::new(Staging, secret.as_str()).unwrap()).http(config),
        builder(StandaloneApiKey::new(Staging, secret.as_str()).unwrap()).transport(transport),
        ClientBuilder::with_session(Session::new(StandaloneApiKey::new(Staging, secret.as_str()).unwrap())),
    ] {
        output.debug(&builder);
    }
    // The proxy is not there.
    let key = StandaloneApiKey::new(Staging, secret.as_str()).unwrap();
    let proxy = Proxy::all(format!("http://user:{}@127.0.0.1:9", form(&password))).unwrap();
    let away = builder(key.clone()).http(HttpConfig::default().with_proxy(proxy)).build().unwrap();
    output.debug(&away);
    output.error(away.introspect_authentication().send().await.unwrap_err());
    let named = builder(key).http(HttpConfig::default().with_application(format!("{secret}\n")));
    output.error(named.build().unwrap_err());

    for status in [200, 400, 401, 429, 500, 503] {
        let server = quoting_server(status);
        let client = client(&server, &secret);
        output.debug(&client.with_timeout(Duration::from_secs(60)));
        output.error(client.introspect_authentication().send().await.unwrap_err());
        output.error(client.list_employees().items().all(10).await.unwrap_err());
        output.error(client.connect().await.unwrap_err());
        output.error(
            TagPlan::read(&client, Uuid::nil(), [LocalTag::new("1", secret.as_str())]).await.unwrap_err(),
        );
        let wanted = subscription("https://ledger.example/pleo");
        output.error(ensure(&client, wanted).await.unwrap_err());
        output.error(ExportRun::new(&client).next_job(async |_| Ok(Booked::new())).await.unwrap_err());
        output.debug(&ExportRun::new(&client));
    }
}

/// The stores, what they write, and what they say when it was changed.
async fn stores(output: &Output, canaries: &mut Canaries) {
    let sealing: [u8; 32] = std::array::from_fn(|_| canaries.rng.u8(..));
    let encoded = STANDARD.encode(sealing);
    canaries.secrets.push(encoded.clone());
    let key = SealingKey::from_base64(&Secret::from(encoded.as_str())).unwrap();
    output.debug(&key);
    for text in spoilt(&encoded) {
        if let Err(error) = SealingKey::from_base64(&text.into()) {
            output.error(error);
        }
    }
    let keys = SealingKeys::new(SealingKey::from_bytes([7; 32])).with_former(key);
    output.debug(&keys);

    let (access, refresh) = (canaries.secret(), canaries.secret());
    let environment = Sandbox::new("http://127.0.0.1:9").unwrap();
    let tokens = Tokens::new(environment.clone(), access.as_str(), Some(refresh.as_str().into()), None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let store = FileStore::new(&path, environment.clone(), keys.clone());
    output.debug(&store);
    save(&store, &tokens).await.unwrap();
    output.debug(&load(&store).await.unwrap());
    let written = std::fs::read_to_string(&path).unwrap();
    output.add(&written);
    let other = FileStore::new(&path, environment.clone(), SealingKeys::new(SealingKey::from_bytes([8; 32])));
    output.error(Whole(load(&other).await.unwrap_err()));
    for changed in
        [written.replacen("\"sealed\":\"", "\"sealed\":\"AAAA", 1), access.clone(), written.replace('{', "[")]
    {
        std::fs::write(&path, changed).unwrap();
        output.error(Whole(load(&store).await.unwrap_err()));
    }

    let password = canaries.secret();
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(9).user("pleo").password(&password);
    let database = PostgresTokens::new(config, tokio_postgres::NoTls, keys);
    output.debug(&database);
    output.error(database.create_table().await.unwrap_err());
    let row = database.store(environment, "customer-1");
    output.debug(&row);
    output.error(Whole(save(&row, &tokens).await.unwrap_err()));
}

/// How long a test waits for a store's lock.
const LONGEST: Duration = Duration::from_secs(5);

async fn load<S: TokenStore<Sandbox>>(store: &S) -> Result<Option<Tokens<Sandbox>>, StoreError> {
    store.lock(LONGEST).await?.load().await
}

async fn save<S: TokenStore<Sandbox>>(store: &S, tokens: &Tokens<Sandbox>) -> Result<(), StoreError> {
    store.lock(LONGEST).await?.save(tokens).await
}

/// A boxed error, as an error.
#[derive(Debug)]
struct Whole(Box<dyn std::error::Error + Send + Sync>);

impl std::fmt::Display for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Whole {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

fn subscription(endpoint: &str) -> SubscriptionRequest {
    let request = SubscriptionRequest::builder().endpoint_url(endpoint).event_types(Vec::<String>::new());
    request.try_into().unwrap()
}

/// Accepts everything.
struct Anything;

impl SignatureCheck for Anything {
    fn accepts(&self, _: &SignedMessage<'_>) -> bool {
        true
    }
}

/// Subscriptions, and deliveries that are accepted, refused and odd. What they say is not for a log either.
async fn webhooks(output: &Output, canaries: &mut Canaries) {
    let secret = canaries.secret();
    let signing = Secret::from(format!("whsec_{}", STANDARD.encode(&secret)));
    let verifier = Verifier::new(&signing).unwrap();
    output.debug(&verifier);
    output.debug(&StandardWebhooks::new(&signing).unwrap());
    for text in spoilt(&secret) {
        if let Err(error) = Verifier::new(&text.into()) {
            output.error(error);
        }
    }
    let said = canaries.secret();
    let id = Uuid::nil();
    let good = json!({
        "eventType": "v1.vendor.created", "eventId": said,
        "data": { "id": id, "companyId": id, "name": said, "code": said, "more": said },
        "more": said,
    });
    let bodies: [Value; 6] = [
        good,
        json!({ "eventType": said, "data": said }),
        json!({ "eventType": "v1.vendor.created", "data": { "id": said } }),
        json!({ said.as_str(): 1 }),
        json!([said]),
        Value::Null,
    ];
    let lenient = Verifier::with_check(Anything).with_clock(|| pleo::chrono::DateTime::UNIX_EPOCH);
    for (number, body) in bodies.iter().enumerate() {
        let text = if body.is_null() { said.clone() } else { body.to_string() };
        for (id, time, signature) in [
            (format!("msg_{number}"), "0".to_owned(), format!("v1,{said}")),
            (format!("msg_{number}"), "9999".to_owned(), said.clone()),
            (format!("msg_{number}"), said.clone(), said.clone()),
            (said.clone(), "0".to_owned(), said.clone()),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in
                [("webhook-id", &id), ("webhook-timestamp", &time), ("webhook-signature", &signature)]
            {
                headers.insert(name, value.parse().unwrap());
            }
            for verifier in [&verifier, &lenient] {
                match verifier.verify(&headers, text.as_bytes()).await {
                    Ok(delivery) => output.debug(&delivery),
                    Err(error) => output.error(error),
                }
            }
        }
    }
    let memory = RecentDeliveries::default();
    let epoch = pleo::chrono::DateTime::UNIX_EPOCH;
    let arrived = ArrivedDelivery { id: &said, now: epoch, claimed_until: epoch, until: epoch };
    memory.arrived(arrived).await.unwrap();
    output.debug(&memory);
    ensured(output, canaries).await;
}

/// A subscription whose endpoint and headers are secrets, with its signing secret.
async fn ensured(output: &Output, canaries: &mut Canaries) {
    let (key, signing, endpoint) = (canaries.secret(), canaries.secret(), canaries.secret());
    let server = MockServer::start();
    let model = json!({ "data": {
        "id": Uuid::nil(), "endpointUrl": format!("https://ledger.example/{}", form(&endpoint)), "eventTypes": [],
        "status": "ACTIVE", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        "secretKey": signing,
    }});
    server.mock(|when, then| {
        when.method("GET").path("/v1/subscriptions");
        then.status(200).body(NO_PAGE);
    });
    server.mock(|when, then| {
        when.any_request();
        then.status(200).json_body(model);
    });
    let wanted = subscription(&format!("https://ledger.example/{}", form(&endpoint)));
    match ensure(&client(&server, &key), wanted).await {
        Ok(ensured) => {
            assert!(ensured.secret.is_some());
            output.debug(&ensured);
        }
        Err(error) => panic!("the server does not answer as it should: {error:?}"),
    }
}

/// Signed links to hosts that are not there, refuse, and respond with nonsense.
async fn receipts(output: &Output, canaries: &mut Canaries) {
    let (key, signature) = (canaries.secret(), canaries.secret());
    let signature = form(&signature);
    for status in [200, 302, 403, 404, 500] {
        let server = quoting_server(status);
        let client = client(&server, &key);
        let download = ReceiptDownload::new(&client);
        output.debug(&download);
        for link in [
            format!("{}/file?signature={signature}", server.base_url()),
            format!("http://127.0.0.1:9/{signature}"),
            format!("https://user:{signature}@files.example/"),
            format!("ftp://files.example/{signature}"),
            format!("{signature} "),
        ] {
            let receipt: ReceiptModel = serde_json::from_value(json!({
                "id": Uuid::nil(), "accountingEntryId": Uuid::nil(), "createdAt": "2026-01-01T00:00:00Z",
                "fileType": "ORIGINAL", "mimeType": "image/gif", "sizeInBytes": 6, "source": "USER", "url": link,
            }))
            .unwrap();
            output.debug(&receipt);
            output.debug(&ReceiptSource::from(&receipt));
            output.error(download.to_writer(&receipt, &mut Vec::new()).await.unwrap_err());
        }
    }
}

/// What a run hands out and gets back.
async fn export_runs(output: &Output, canaries: &mut Canaries) {
    let said = canaries.secret();
    let item: ExportItemV3 = serde_json::from_value(json!({
        "accountingEntryId": Uuid::nil(), "companyId": Uuid::nil(), "accountingEntryLines": [], "_links": {},
        "additionalInformation": { "reconciliationId": "1" }, "date": "2026-01-01T00:00:00Z", "note": said,
        "amount": {
            "inSupplierCurrency": { "currency": "EUR", "value": 1 }, "inWalletCurrency": { "currency": "EUR", "value": 1 },
        },
        "type": said,
    }))
    .unwrap();
    output.debug(&Booking::new(item, true));
    output.debug(&Booked::new().with_id("voucher-1").with_url(format!("https://ledger.example/{said}")));
    output.debug(&NotBooked::item(ExportJobItemFailureReasonType::UnexpectedFailure, said.as_str()));
    output.debug(&NotBooked::job(ExportJobFailureReasonType::ServiceUnreachable, said.as_str()));
}

/// Texts that are not amounts, months or ids.
fn values(output: &Output, secret: &str) {
    output.error(secret.parse::<Currency>().unwrap_err());
    output.error(secret.parse::<Month>().unwrap_err());
    output.error(secret.parse::<CompanyId>().unwrap_err());
    output.error(serde_json::from_value::<CompanyId>(secret.into()).unwrap_err());
    output.error(serde_json::from_value::<pleo::AnyEnvironment>(secret.into()).unwrap_err());
}
