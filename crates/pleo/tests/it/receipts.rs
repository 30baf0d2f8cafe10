//! Receipts, from hosts on this machine.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use pleo::{
    Client, CompanyId, Error, Sandbox, Secret, Session, StandaloneApiKey,
    accounting_entries::types::{ReceiptFileType, ReceiptModel, ReceiptSearchRequest},
    bytes::Bytes,
    http::{Request, Response},
    receipts::{MediaType, Progress, ReceiptDownload, ReceiptError, ReceiptReport},
    uuid::Uuid,
};
use pleo_sandbox::{Environment, Extent, Fault, Grant, Reply, Server};
use tempfile::TempDir;

use crate::in_process::Pleo;

const KEY: &str = "FAKE-KEY-OF-RECEIPTS";

/// Pleo and the host of the files, each at its own address.
struct World {
    sandbox: pleo_sandbox::Sandbox,
    host: Server,
    client: Client<Sandbox>,
    /// It ends when the world does.
    _pleo: Server,
}

impl World {
    fn new() -> Self {
        let sandbox = pleo_sandbox::Sandbox::new(Environment::Staging);
        Self::with_host(sandbox.clone(), Server::start(sandbox).unwrap())
    }

    fn with_host(sandbox: pleo_sandbox::Sandbox, host: Server) -> Self {
        let company = sandbox.companies()[0];
        sandbox.admit(KEY, Grant::standalone_key(company));
        sandbox.set_receipt_origin(&host.url());
        let pleo = Server::start(sandbox.clone()).unwrap();
        let key = StandaloneApiKey::new(Sandbox::new(&pleo.url()).unwrap(), Secret::from(KEY)).unwrap();
        let session = Session::new(key).with_company(CompanyId::from(company));
        Self { sandbox, host, client: Client::without_retries(session).unwrap(), _pleo: pleo }
    }

    fn download(&self) -> ReceiptDownload<'_> {
        ReceiptDownload::new(&self.client)
    }

    async fn receipts(&self, count: usize) -> Vec<ReceiptModel> {
        let search = ReceiptSearchRequest::builder().include_deleted(false);
        let mut receipts = self.client.search_receipts(search).limit(100).items().all(1_000).await.unwrap();
        receipts.truncate(count);
        assert_eq!(receipts.len(), count);
        receipts
    }

    async fn save(&self, folder: &TempDir, receipts: &[ReceiptModel]) -> ReceiptReport {
        self.download().to_folder(folder, listed(receipts)).await.unwrap()
    }

    /// What the host of the files has received: the path and the `Range`.
    fn fetched(&self) -> Vec<(String, Option<String>)> {
        let exchanges = self.host.take_exchanges().into_iter();
        let range =
            |request: &Request<Bytes>| Some(request.headers().get("range")?.to_str().unwrap().to_owned());
        exchanges.map(|it| (it.request.uri().path().to_owned(), range(&it.request))).collect()
    }
}

fn listed(receipts: &[ReceiptModel]) -> impl futures_util::Stream<Item = Result<ReceiptModel, Error>> {
    stream::iter(receipts.to_vec()).map(Ok)
}

/// The names of the files in a folder.
fn names(folder: impl AsRef<Path>) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The names that the files of receipts have.
fn expected(receipts: &[ReceiptModel]) -> BTreeSet<String> {
    let name = |receipt: &ReceiptModel| {
        let extension = if receipt.mime_type == "application/pdf" { "pdf" } else { "jpg" };
        format!("{}.{extension}", receipt.id)
    };
    receipts.iter().map(name).collect()
}

/// A host that serves what the function makes of the sandbox's reply.
fn spoilt(spoil: impl Fn(&Request<Bytes>, &mut Reply) + Send + Sync + 'static) -> World {
    let sandbox = pleo_sandbox::Sandbox::new(Environment::Staging);
    let inner = sandbox.clone();
    let host = Server::start(move |request: &Request<Bytes>| {
        let mut reply = inner.handle(request);
        spoil(request, &mut reply);
        reply
    });
    World::with_host(sandbox, host.unwrap())
}

#[tokio::test]
async fn receipts_are_saved_once_under_names_that_nobody_else_has_chosen() {
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let mut receipts = world.receipts(14).await;
    receipts.push(receipts[0].clone());
    let report = world.save(&folder, &receipts).await;
    assert_eq!((report.saved, report.skipped, report.missing.len()), (14, 0, 0));
    assert_eq!(names(&folder), expected(&receipts));
    for receipt in &receipts {
        let size =
            fs::metadata(folder.path().join(expected(std::slice::from_ref(receipt)).pop_first().unwrap()));
        assert_eq!(size.unwrap().len(), u64::try_from(receipt.size_in_bytes).unwrap());
    }
    assert_eq!(world.fetched().len(), 14);

    let report = world.save(&folder, &receipts).await;
    assert_eq!((report.saved, report.skipped, report.missing.len()), (0, 14, 0));
    assert_eq!(world.fetched(), []);

    let mut thumbnail = receipts[0].clone();
    thumbnail.file_type = ReceiptFileType::Thumbnail;
    world.save(&folder, &[thumbnail]).await;
    assert!(names(&folder).contains(&format!("{}-thumbnail.pdf", receipts[0].id)), "{:?}", names(&folder));
}

/// What the HTTP library logs.
struct Logged;

static LOGGED: Mutex<String> = Mutex::new(String::new());

impl log::Log for Logged {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LOGGED.lock().unwrap().push_str(&format!("{record:?}\n"));
    }

    fn flush(&self) {}
}

/// The credential is sent to Pleo alone, and the link to the host alone.
#[tokio::test]
async fn neither_the_credential_nor_the_link_is_anywhere_else() {
    log::set_logger(&Logged).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let mut receipts = world.receipts(8).await;
    let links: Vec<_> = receipts.iter().map(|receipt| receipt.url.expose().to_owned()).collect();
    assert!(links.iter().all(|link| link.contains("signature=FAKE-")));
    let seen = Arc::new(Mutex::new(String::new()));
    let notes = Arc::clone(&seen);
    let note =
        move |progress: Progress<'_>| notes.lock().unwrap().push_str(&format!("{progress:?} {progress:#?}"));

    // Each of them fails in its own way.
    receipts[1].url = format!("{}changed", links[1]).into();
    receipts[2].url = links[2].replace("http://", "https://").as_str().into();
    receipts[3].url = links[3].replace("http://", "http://user:FAKE@").as_str().into();
    receipts[4].url = "not a link; signature=FAKE-".into();
    receipts[5].size_in_bytes += 1;
    receipts[6].mime_type = "image/png".into();
    for number in [1, 3, 4] {
        receipts[number].id = Uuid::from_u128(u128::try_from(number).unwrap());
    }
    let download = world.download().with_progress(note).with_largest(30_000);
    receipts[7].size_in_bytes = 30_001;
    let report = download.to_folder(&folder, listed(&receipts)).await.unwrap();
    assert_eq!((report.saved, report.missing.len()), (1, 7), "{report:?}");
    assert_eq!(names(&folder).iter().filter(|name| !name.ends_with(".part")).count(), 1);

    let mut text = format!("{download:?} {report:?} {report:#?}");
    for missing in &report.missing {
        text += &format!("{} {:?} {:#?}", missing.error, missing.error, missing.error);
        let mut cause = std::error::Error::source(&missing.error);
        while let Some(error) = cause {
            text += &format!("{error} {error:?}");
            cause = error.source();
        }
    }
    text += &*seen.lock().unwrap();
    for needle in ["FAKE", "signature", "expires=", "/receipts/", "127.0.0.1"] {
        assert!(!text.contains(needle), "{needle} is shown: {text}");
    }
    let logged = LOGGED.lock().unwrap();
    assert!(logged.contains("connect"), "nothing is logged: {logged}");
    for needle in ["FAKE", "signature", "expires=", "/receipts/"] {
        assert!(!logged.contains(needle), "{needle} is logged: {logged}");
    }
    for exchange in world.host.take_exchanges() {
        let mut names: Vec<_> = exchange.request.headers().keys().map(|name| name.as_str()).collect();
        names.retain(|name| !["host", "accept", "range", "user-agent"].contains(name));
        assert!(names.is_empty(), "{names:?}");
        assert!(exchange.request.body().is_empty());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_taken_up_where_it_ended() {
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let receipts = world.receipts(1).await;
    for _ in 0..3 {
        world.sandbox.inject("/receipts/", Fault::CutBody);
    }
    let report = world.save(&folder, &receipts).await;
    assert_eq!((report.saved, report.missing.len()), (1, 0), "{report:?}");
    let size = u64::try_from(receipts[0].size_in_bytes).unwrap();
    let mut rest = Vec::new();
    let mut at = 0;
    for _ in 0..3 {
        at += (size - at) / 2;
        rest.push(Some(format!("bytes={at}-")));
    }
    let ranges: Vec<_> = world.fetched().into_iter().map(|(_, range)| range).collect();
    assert_eq!(ranges, [&[None][..], &rest].concat());
    let whole = saved_by_another(&receipts[0]).await;
    assert_eq!(fs::read(folder.path().join(expected(&receipts).pop_first().unwrap())).unwrap(), whole);
}

/// The file as a download that nothing disturbs has it.
async fn saved_by_another(receipt: &ReceiptModel) -> Vec<u8> {
    let world = World::new();
    let receipts = world.receipts(14).await;
    let same = receipts.iter().find(|other| other.id == receipt.id).unwrap();
    let mut file = Vec::new();
    world.download().to_writer(same, &mut file).await.unwrap();
    file
}

#[tokio::test]
async fn a_later_run_goes_on_with_what_an_earlier_one_has_left() {
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let receipts = world.receipts(2).await;
    let whole = saved_by_another(&receipts[0]).await;
    fs::write(folder.path().join(format!("{}.part", receipts[0].id)), &whole[..5_000]).unwrap();
    // Too short to show what it is.
    fs::write(folder.path().join(format!("{}.part", receipts[1].id)), b"%PDF").unwrap();
    let report = world.save(&folder, &receipts).await;
    assert_eq!(report.saved, 2, "{report:?}");
    let ranges: BTreeSet<_> = world.fetched().into_iter().map(|(_, range)| range).collect();
    assert_eq!(ranges, BTreeSet::from([None, Some("bytes=5000-".to_owned())]));
    assert_eq!(names(&folder), expected(&receipts));
    let path = folder.path().join(expected(&receipts[..1]).pop_first().unwrap());
    assert_eq!(fs::read(path).unwrap(), whole);
}

#[tokio::test]
async fn a_receipt_that_another_process_downloads_is_left_to_it() {
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let receipts = world.receipts(2).await;
    let other = fs::File::create(folder.path().join(format!("{}.part", receipts[0].id))).unwrap();
    other.lock().unwrap();
    let report = world.save(&folder, &receipts).await;
    assert_eq!((report.saved, report.missing[0].receipt), (1, receipts[0].id));
    assert!(matches!(report.missing[0].error, ReceiptError::Locked), "{report:?}");
    other.unlock().unwrap();
    assert_eq!(world.save(&folder, &receipts).await.saved, 1);
}

#[tokio::test]
async fn a_host_that_does_not_know_ranges_sends_the_file_again() {
    let cut = Mutex::new(true);
    let world = spoilt(move |request, reply| {
        if request.headers().contains_key("range") {
            // As if it had not been there.
            let mut again = Request::get(request.uri().clone()).body(Bytes::new()).unwrap();
            again.headers_mut().insert("host", request.headers()["host"].clone());
            assert_eq!(reply.response.status(), 206);
            let range = reply.response.headers()["content-range"].to_str().unwrap().to_owned();
            let start: usize = range["bytes ".len()..].split('-').next().unwrap().parse().unwrap();
            let size: usize = range.split('/').nth(1).unwrap().parse().unwrap();
            let mut whole = vec![b'X'; start];
            whole.extend_from_slice(reply.response.body());
            assert_eq!(whole.len(), size);
            *reply.response.body_mut() = whole.into();
            *reply.response.status_mut() = pleo::http::StatusCode::OK;
        } else if std::mem::take(&mut *cut.lock().unwrap()) {
            reply.extent = Extent::CutBody;
        }
    });
    let receipts = world.receipts(1).await;
    let mut file = Vec::new();
    world.download().to_writer(&receipts[0], &mut file).await.unwrap();
    assert_eq!(file, saved_by_another(&receipts[0]).await);
    assert_eq!(world.fetched().len(), 2);
}

#[tokio::test]
async fn a_link_that_has_expired_is_asked_for_anew_once() {
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let receipts = world.receipts(3).await;
    world.sandbox.advance(Duration::from_secs(25 * 3600));
    let report = world.save(&folder, &receipts).await;
    assert_eq!((report.saved, report.missing.len()), (3, 0), "{report:?}");
    assert_eq!(world.fetched().len(), 6);

    // New links that are refused as well.
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        world.sandbox.inject("/receipts/", Fault::Status(403));
    }
    let report = world.save(&folder, &world.receipts(1).await).await;
    let error = &report.missing[0].error;
    assert!(matches!(error, ReceiptError::Refused { status } if status.as_u16() == 403), "{error}");
    assert_eq!(world.fetched().len(), 2);
}

#[tokio::test]
async fn what_is_not_the_file_is_refused_and_leaves_nothing_behind() {
    type Spoil = fn(&Request<Bytes>, &mut Reply);
    let cases: [(Spoil, &str); 5] = [
        (
            |_, reply| *reply = Response::new(Bytes::from_static(b"<!DOCTYPE html><p>Sign in</p>")).into(),
            "the file does not have the",
        ),
        (
            |_, reply| *reply = Response::new(Bytes::from(vec![b' '; reply.response.body().len()])).into(),
            "the file begins like another type of file, not like a PDF file",
        ),
        (
            |_, reply| {
                let longer = [reply.response.body(), &b"more"[..]].concat();
                *reply = Response::new(Bytes::from(longer)).into();
            },
            "the file does not have the",
        ),
        (
            |_, reply| {
                let shorter = reply.response.body().slice(..5_000);
                *reply = Response::new(shorter).into();
            },
            "the file does not have the",
        ),
        (
            |_, reply| {
                *reply.response.status_mut() = pleo::http::StatusCode::FOUND;
                reply.response.headers_mut().insert("location", "http://127.0.0.1:9/FAKE".parse().unwrap());
            },
            "302 Found, a redirect, which is never followed",
        ),
    ];
    for (spoil, sentence) in cases {
        let (world, folder) = (spoilt(spoil), TempDir::new().unwrap());
        let report = world.save(&folder, &world.receipts(1).await).await;
        let error = report.missing[0].error.to_string();
        assert!(error.contains(sentence), "{error}");
        assert_eq!(names(&folder), BTreeSet::new(), "{error}");
    }
}

#[tokio::test]
async fn a_writer_gets_nothing_of_a_wrong_file_and_all_of_a_right_one() {
    let world = World::new();
    let mut receipts = world.receipts(1).await;
    let mut file = Vec::new();
    assert_eq!(world.download().to_writer(&receipts[0], &mut file).await.unwrap(), MediaType::Pdf);
    assert_eq!(file.len(), usize::try_from(receipts[0].size_in_bytes).unwrap());
    receipts[0].mime_type = "image/jpeg".into();
    let mut file = Vec::new();
    let error = world.download().to_writer(&receipts[0], &mut file).await.unwrap_err();
    assert_eq!(error.to_string(), "the file begins like a PDF file, not like a JPEG image");
    assert_eq!(file, b"");
}

#[tokio::test]
async fn a_client_over_a_transport_of_ones_own_needs_one_for_files() {
    let (world, pleo) = (World::new(), Pleo::new());
    let receipt = &world.receipts(1).await[0];
    let (mut file, download) = (Vec::new(), ReceiptDownload::new(&pleo.client));
    let error = download.to_writer(receipt, &mut file).await.unwrap_err();
    assert!(error.to_string().ends_with("give one to `ReceiptDownload::with_transport`"), "{error}");
    let transport = world.client.reqwest_transport().unwrap().clone();
    download.with_transport(transport).to_writer(receipt, &mut file).await.unwrap();
    assert_eq!(file.len(), usize::try_from(receipt.size_in_bytes).unwrap());
}

/// As programs of many tasks do.
#[tokio::test]
async fn a_download_can_be_spawned() {
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let receipts = world.receipts(2).await;
    let (client, path) = (world.client.clone(), folder.path().to_owned());
    let saved = tokio::spawn(async move {
        let download = ReceiptDownload::new(&client);
        download.to_folder(path, listed(&receipts)).await.unwrap().saved
    });
    assert_eq!(saved.await.unwrap(), 2);
}
