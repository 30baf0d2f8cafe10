//! Files of receipts in a folder.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions, TryLockError},
    future::ready,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWrite;

use super::{
    MediaType, MissingReceipt, Progress, ReceiptDownload, ReceiptError, ReceiptReport, ReceiptRunError,
    ReceiptSource, media_type::BEGINNING, transfer::Transfer,
};
use crate::{
    Error,
    accounting_entries::types::{ReceiptFileType, ReceiptModel},
};

impl ReceiptDownload<'_> {
    /// Downloads receipts to a folder, which is made if it does not exist.
    ///
    /// A file is named after the id of its receipt, with the extension of its type: `<id>.pdf`, or `<id>-thumbnail.jpg`
    /// for a form other than the original. Files that are there already are skipped. A file gets its name when it is
    /// whole. Until then it is `<id>.part`, and the next run goes on with it.
    ///
    /// One receipt that is missing does not stop the others: the report names it, with the reason.
    ///
    /// # Errors
    /// See [`ReceiptRunError`].
    pub async fn to_folder(
        &self,
        folder: impl AsRef<Path>,
        receipts: impl Stream<Item = Result<ReceiptModel, Error>>,
    ) -> Result<ReceiptReport, ReceiptRunError> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(ReceiptRunError::Folder)?;
        let mut report = ReceiptReport::default();
        let mut failure = None;
        // A receipt that is edited meanwhile may be on two pages.
        let mut seen = HashSet::new();
        let receipts = receipts.filter(move |receipt| {
            let is_new = |receipt: &ReceiptModel| seen.insert((receipt.id, receipt.file_type.clone()));
            ready(receipt.as_ref().map_or(true, is_new))
        });
        let downloads = receipts.map(|receipt| async move {
            let receipt = receipt?;
            let outcome = self.to_file(folder, &(&receipt).into()).await;
            Ok((receipt, outcome))
        });
        let mut downloads = pin!(downloads.buffer_unordered(self.at_once));
        while let Some(download) = downloads.next().await {
            match download {
                Ok((receipt, outcome)) => self.count(&mut report, &receipt, outcome),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(source) => Err(ReceiptRunError::List { source, report }),
            None => Ok(report),
        }
    }

    fn count(&self, report: &mut ReceiptReport, receipt: &ReceiptModel, outcome: Result<Done, ReceiptError>) {
        let id = receipt.id;
        match outcome {
            Ok(Done::Saved(path)) => {
                report.saved += 1;
                self.progress(Progress::Saved { receipt: id, path: &path });
            }
            Ok(Done::Skipped(path)) => {
                report.skipped += 1;
                self.progress(Progress::Skipped { receipt: id, path: &path });
            }
            Err(error) => {
                self.progress(Progress::Missing { receipt: id, error: &error });
                let accounting_entry = receipt.accounting_entry_id;
                report.missing.push(MissingReceipt { receipt: id, accounting_entry, error });
            }
        }
    }

    async fn to_file(&self, folder: &Path, source: &ReceiptSource) -> Result<Done, ReceiptError> {
        let name = name(source);
        if let Some(path) = finished(folder, &name) {
            return Ok(Done::Skipped(path));
        }
        let part = folder.join(format!("{name}.part"));
        let mut file = locked(&part)?;
        // It may have been finished while the lock was held elsewhere.
        if let Some(path) = finished(folder, &name) {
            return Ok(Done::Skipped(path));
        }
        let (beginning, received) = begun(&mut file, source.size).map_err(ReceiptError::Write)?;
        let mut writer = Blocking(file);
        let media_type = match Transfer::new(self, source, beginning, received).run(&mut writer).await {
            Ok(media_type) => media_type,
            Err(error) => {
                if error.spoils_what_arrived() {
                    // What is left in spite of that fails the same checks again.
                    let _ = std::fs::remove_file(&part);
                }
                return Err(error);
            }
        };
        let path = folder.join(format!("{name}.{}", media_type.extension()));
        writer.0.sync_all().and_then(|()| std::fs::rename(&part, &path)).map_err(ReceiptError::Write)?;
        Ok(Done::Saved(path))
    }
}

/// What became of a receipt that is there.
enum Done {
    Saved(PathBuf),
    Skipped(PathBuf),
}

/// The name of a file without its extension. Nothing in it comes from a text that somebody else chose.
fn name(source: &ReceiptSource) -> String {
    let id = source.ids.map(|(_, receipt)| receipt.to_string()).unwrap_or_default();
    match source.file_type {
        ReceiptFileType::Original => id,
        ReceiptFileType::Thumbnail => format!("{id}-thumbnail"),
        ReceiptFileType::Preview => format!("{id}-preview"),
        ReceiptFileType::Embed => format!("{id}-embed"),
        _ => format!("{id}-other"),
    }
}

/// The file of a receipt that was downloaded before.
fn finished(folder: &Path, name: &str) -> Option<PathBuf> {
    let paths = MediaType::extensions().map(|extension| folder.join(format!("{name}.{extension}")));
    paths.into_iter().find(|path| path.exists())
}

/// Opens a file that is not finished, unless another process has it open.
fn locked(part: &Path) -> Result<File, ReceiptError> {
    let file = OpenOptions::new().read(true).append(true).create(true).open(part);
    let file = file.map_err(ReceiptError::Write)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ReceiptError::Locked),
        // Not every network drive has locks.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(ReceiptError::Write(error)),
    }
}

/// The beginning of a file that is not finished, and how much there is of it. What is too short to show its type, or
/// longer than the file, is thrown away.
fn begun(file: &mut File, size: Option<u64>) -> io::Result<(Vec<u8>, u64)> {
    let received = file.metadata()?.len();
    let mut beginning = Vec::new();
    file.take(BEGINNING as u64).read_to_end(&mut beginning)?;
    if beginning.len() == BEGINNING && size.is_some_and(|size| received <= size) {
        return Ok((beginning, received));
    }
    file.set_len(0)?;
    Ok((Vec::new(), 0))
}

/// A file that is written to at once. A write on another thread could go on after the download was dropped, and meet the
/// next one in the same file.
struct Blocking(File);

impl AsyncWrite for Blocking {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.write(data))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
