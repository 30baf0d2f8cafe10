//! Receipts: downloading their files.
//!
//! ```no_run
//! use pleo::receipts::ReceiptDownload;
//! use pleo::accounting_entries::types::ReceiptSearchRequest;
//!
//! # async fn example(client: pleo::Client<pleo::Staging>) -> Result<(), Box<dyn std::error::Error>> {
//! let receipts = client.search_receipts(ReceiptSearchRequest::builder().include_deleted(false)).limit(100).items();
//! let download = ReceiptDownload::new(&client);
//! let report = download.to_folder("receipts", receipts).await?;
//! println!("{} new, {} missing", report.saved, report.missing.len());
//! # Ok(())
//! # }
//! ```
//!
//! The link to a file is signed and leads to a host other than Pleo's. It is requested without a credential, over https
//! (over plain http in a sandbox), no redirect is followed, and no error and no log shows the link. A link that is
//! refused, because it has expired after 24 hours for instance, is asked for anew once.
//!
//! A file is checked for the size and the type that Pleo says it has. A connection that breaks off is taken up where it
//! ended, if the host honours `Range`; otherwise the file is sent from its beginning again, and what is there already is
//! skipped.

mod error;
mod folder;
mod media_type;
mod transfer;

use std::{fmt, path::Path, sync::Arc};

use tokio::io::AsyncWrite;

use crate::{
    Body, BoxFuture, Operations, ReqwestTransport, Sensitive, TransportError,
    accounting_entries::types::{ReceiptFileType, ReceiptModel},
    bytes::Bytes,
    http,
    uuid::Uuid,
};

pub use error::{MissingReceipt, ReceiptError, ReceiptReport, ReceiptRunError};
pub use media_type::MediaType;

use transfer::Transfer;

/// Downloads receipts, with the connections and the HTTP settings of a client.
#[derive(Clone)]
#[must_use = "a download does nothing until it is started"]
pub struct ReceiptDownload<'a> {
    client: &'a Operations,
    host: Option<Arc<dyn Host>>,
    at_once: usize,
    largest: u64,
    progress: Option<Arc<ProgressFn>>,
}

type ProgressFn = dyn Fn(Progress<'_>) + Send + Sync;

/// Where files come from.
trait Host: Send + Sync {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;
}

impl Host for ReqwestTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(self.execute(request))
    }
}

/// What happens to a receipt while receipts are downloaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'p> {
    /// A part of the file has arrived.
    Received {
        /// The receipt; a file of an export item has no id.
        receipt: Option<Uuid>,
        /// How much of the file is there, in bytes.
        received: u64,
        /// The size of the whole file in bytes, where Pleo says it.
        size: Option<u64>,
    },
    /// The file is complete.
    Saved {
        /// The receipt.
        receipt: Uuid,
        /// The file.
        path: &'p Path,
    },
    /// The file was there already.
    Skipped {
        /// The receipt.
        receipt: Uuid,
        /// The file.
        path: &'p Path,
    },
    /// The file could not be downloaded.
    Missing {
        /// The receipt.
        receipt: Uuid,
        /// Why.
        error: &'p ReceiptError,
    },
}

/// The file of a receipt: what Pleo says of it, and the link to it.
#[derive(Clone)]
pub struct ReceiptSource {
    /// The accounting entry and the receipt, by which a new link can be asked for.
    ids: Option<(Uuid, Uuid)>,
    file_type: ReceiptFileType,
    url: Sensitive,
    size: Option<u64>,
    media_type: String,
}

/// The size that Pleo says is that of the original, so other forms have none.
impl From<&ReceiptModel> for ReceiptSource {
    fn from(receipt: &ReceiptModel) -> Self {
        let is_original = receipt.file_type == ReceiptFileType::Original;
        Self {
            ids: Some((receipt.accounting_entry_id, receipt.id)),
            file_type: receipt.file_type.clone(),
            url: receipt.url.clone(),
            size: u64::try_from(receipt.size_in_bytes).ok().filter(|_| is_original),
            media_type: receipt.mime_type.as_str().to_owned(),
        }
    }
}

/// A new link cannot be asked for: read the export items again instead.
#[cfg(feature = "export")]
impl From<&crate::export::types::ExportItemFile> for ReceiptSource {
    fn from(file: &crate::export::types::ExportItemFile) -> Self {
        Self {
            ids: None,
            file_type: ReceiptFileType::Original,
            url: file.url.clone(),
            size: u64::try_from(file.size).ok(),
            media_type: file.type_.clone(),
        }
    }
}

/// Shows which receipt it is and no link.
impl fmt::Debug for ReceiptSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptSource")
            .field("receipt", &self.ids.map(|(_, receipt)| receipt))
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl<'a> ReceiptDownload<'a> {
    /// How many files are downloaded at once, by default.
    pub const AT_ONCE: usize = 4;
    /// The largest file that is downloaded, in bytes, by default: 64 MiB.
    pub const LARGEST: u64 = 64 << 20;

    /// Downloads with the client's own transport, as those of a [`ClientBuilder`](crate::ClientBuilder) have it.
    pub fn new(client: &'a Operations) -> Self {
        let host = client.reqwest_transport().map(|transport| Arc::new(transport.clone()) as Arc<dyn Host>);
        Self { client, host, at_once: Self::AT_ONCE, largest: Self::LARGEST, progress: None }
    }

    /// Downloads over this transport: for a client that sends with one of your own.
    pub fn with_transport(self, transport: ReqwestTransport) -> Self {
        self.over(Arc::new(transport))
    }

    fn over(self, host: Arc<dyn Host>) -> Self {
        Self { host: Some(host), ..self }
    }

    /// Downloads this many files at once, at least one.
    pub fn with_at_once(self, files: usize) -> Self {
        Self { at_once: files.max(1), ..self }
    }

    /// Refuses files that are larger than this, in bytes.
    pub fn with_largest(self, bytes: u64) -> Self {
        Self { largest: bytes, ..self }
    }

    /// Calls a function with what happens. It should return at once, because downloads wait for it.
    pub fn with_progress(self, progress: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        Self { progress: Some(Arc::new(progress)), ..self }
    }

    /// Downloads one file to a writer, and tells what type it is. Nothing is written before the type has been checked.
    ///
    /// # Errors
    /// See [`ReceiptError`]; a part of the file may have been written.
    pub async fn to_writer(
        &self,
        source: impl Into<ReceiptSource>,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<MediaType, ReceiptError> {
        let source = source.into();
        Transfer::new(self, &source, Vec::new(), 0).run(writer).await
    }

    fn progress(&self, progress: Progress<'_>) {
        if let Some(function) = &self.progress {
            function(progress);
        }
    }
}

impl fmt::Debug for ReceiptDownload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptDownload")
            .field("at_once", &self.at_once)
            .field("largest", &self.largest)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Poll,
        time::Duration,
    };

    use futures_util::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, Full, StreamBody};
    use tokio::sync::Barrier;

    use super::*;
    use pleo_auth::pleo_client::Unauthenticated;

    use crate::{Call, Error, Transport};

    /// Pleo is not asked.
    struct NotAsked;

    impl Transport for NotAsked {
        fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
            panic!("{call:?}")
        }
    }

    /// Responds when as many requests have arrived as it waits for.
    struct Together {
        barrier: Barrier,
        now: Arc<AtomicUsize>,
        most: AtomicUsize,
    }

    struct Guard(Arc<AtomicUsize>);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    impl Host for Together {
        fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
            Box::pin(async {
                let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
                self.most.fetch_max(now, Ordering::Relaxed);
                let guard = Guard(Arc::clone(&self.now));
                self.barrier.wait().await;
                // Another one too many would arrive now.
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                // The download is at work on the file until it has dropped the body.
                let body = Full::new(Bytes::from_static(b"GIF89a")).map_frame(move |frame| {
                    let _ = &guard;
                    frame
                });
                Ok(http::Response::new(body.map_err(|never| match never {}).boxed_unsync()))
            })
        }
    }

    /// Sends a file bit by bit, from where it is asked for it.
    struct Slowly;

    impl Host for Slowly {
        fn send(
            &self,
            request: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
            Box::pin(async move {
                tokio::task::yield_now().await;
                let range = request.headers().get("range").map(|range| range.to_str().unwrap());
                let start = range.map_or(0, |range| range["bytes=".len()..range.len() - 1].parse().unwrap());
                let bits =
                    stream::iter(file()[start..].chunks(700).map(Bytes::copy_from_slice).collect::<Vec<_>>());
                let frames = bits.then(|bit| async {
                    tokio::task::yield_now().await;
                    Ok(http_body::Frame::data(bit))
                });
                let mut response = http::Response::new(StreamBody::new(frames).boxed_unsync());
                if range.is_some() {
                    *response.status_mut() = http::StatusCode::PARTIAL_CONTENT;
                    let range = format!("bytes {start}-{}/{}", file().len() - 1, file().len());
                    response.headers_mut().insert("content-range", range.parse().unwrap());
                }
                Ok(response)
            })
        }
    }

    /// A file whose parts differ.
    fn file() -> Vec<u8> {
        let lines = (0..400).flat_map(|number| format!("{number:07}\n").into_bytes());
        b"GIF89a".iter().copied().chain(lines).collect()
    }

    #[tokio::test]
    async fn a_download_that_is_cancelled_anywhere_leaves_whole_files_and_the_next_one_goes_on() {
        let client = Operations::new("https://external.staging.pleo.io", Unauthenticated, NotAsked).unwrap();
        let receipts = || {
            stream::iter((0..3).map(|number| {
                let mut receipt = receipt(number);
                receipt.size_in_bytes = i32::try_from(file().len()).unwrap();
                Ok(receipt)
            }))
        };
        let download = ReceiptDownload::new(&client).over(Arc::new(Slowly)).with_at_once(2);
        let mut resumed = 0;
        for polls in 1.. {
            let folder = tempfile::tempdir().unwrap();
            let ended = {
                let mut run = std::pin::pin!(download.to_folder(&folder, receipts()));
                let mut ended = false;
                for _ in 0..polls {
                    ended |=
                        std::future::poll_fn(|context| Poll::Ready(run.as_mut().poll(context).is_ready()))
                            .await;
                    if ended {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                ended
            };
            let mut skipped = 0;
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().unwrap() == "part" {
                    resumed += usize::from(std::fs::metadata(path).unwrap().len() > 0);
                } else {
                    assert_eq!(std::fs::read(path).unwrap(), file(), "after {polls} polls");
                    skipped += 1;
                }
            }
            let report = download.to_folder(&folder, receipts()).await.unwrap();
            assert_eq!(
                (report.saved, report.skipped),
                (3 - skipped, skipped),
                "after {polls} polls: {report:?}"
            );
            for entry in std::fs::read_dir(&folder).unwrap() {
                assert_eq!(std::fs::read(entry.unwrap().path()).unwrap(), file(), "after {polls} polls");
            }
            if ended {
                assert!(polls > 8 && resumed > 4, "{polls} {resumed}");
                return;
            }
        }
    }

    fn receipt(number: usize) -> ReceiptModel {
        let id = Uuid::from_u128(u128::try_from(number).unwrap());
        serde_json::from_value(serde_json::json!({
            "id": id, "accountingEntryId": id, "createdAt": "2026-01-01T00:00:00Z", "fileType": "ORIGINAL",
            "mimeType": "image/gif", "sizeInBytes": 6, "source": "USER", "url": "https://files.example/?signature=FAKE",
        }))
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_files_as_are_wanted_are_downloaded_at_once() {
        let client = Operations::new("https://external.staging.pleo.io", Unauthenticated, NotAsked).unwrap();
        for at_once in [1, 3] {
            let (barrier, now, most) = (Barrier::new(at_once), Arc::default(), AtomicUsize::default());
            let host = Arc::new(Together { barrier, now, most });
            let download = ReceiptDownload::new(&client).over(host.clone()).with_at_once(at_once);
            let folder = tempfile::tempdir().unwrap();
            let receipts = stream::iter((0..12).map(|number| Ok(receipt(number))));
            let run = download.to_folder(&folder, receipts);
            let report =
                tokio::time::timeout(Duration::from_secs(60), run).await.expect("fewer at once").unwrap();
            assert_eq!((report.saved, host.most.load(Ordering::Relaxed)), (12, at_once));
        }
    }
}
