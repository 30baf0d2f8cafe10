//! What is missing at the end, and why.

use std::io;

use super::MediaType;
use crate::{Error, TransportError, http::StatusCode, uuid::Uuid};

/// Why the file of a receipt is missing. No link is in it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Pleo's link is not one that a file may be fetched from: not https, or with a user name in it.
    #[error("Pleo's link to the file is not an https link that can be used; report it to Pleo")]
    Link,
    /// The client sends over a transport that can request nothing but calls.
    #[error("the client's own transport cannot fetch files; give one to `ReceiptDownload::with_transport`")]
    NoTransport,
    /// The host refuses the link, and a new one as well where one could be asked for.
    #[error("the file's host refused the link with {status}; ask for the receipt again")]
    Refused {
        /// The host's response.
        status: StatusCode,
    },
    /// The host sent something other than the file.
    #[error("the file's host responded with {status}{}", if .status.is_redirection() { ", a redirect, which is never followed" } else { "" })]
    Status {
        /// The host's response.
        status: StatusCode,
    },
    /// The file did not arrive whole, after several attempts.
    #[error("the connection to the file's host failed; run the download again to go on")]
    Connection(#[source] TransportError),
    /// A new link could not be asked for.
    #[error("Pleo gave no new link for one that the file's host had refused")]
    NoNewLink(#[source] Error),
    /// The file is larger than allowed.
    #[error(
        "the file is larger than {largest} bytes, which is the limit; raise it if such files are expected"
    )]
    TooLarge {
        /// The limit, in bytes.
        largest: u64,
    },
    /// The file does not have the size that Pleo says.
    #[error("the file does not have the {size} bytes that Pleo says")]
    WrongSize {
        /// The size that Pleo says, in bytes.
        size: u64,
    },
    /// The file is not of the type that Pleo says.
    #[error("the file begins like {}, not like {}", shown(.found), shown(.named))]
    WrongType {
        /// What Pleo says, if it is a type that can be told from a file.
        named: Option<MediaType>,
        /// What the file is; `None` if it is empty or an HTML page.
        found: Option<MediaType>,
    },
    /// Another process downloads the same receipt to the same folder.
    #[error("another process is downloading this receipt to the same folder")]
    Locked,
    /// The file cannot be written.
    #[error("the file cannot be written")]
    Write(#[source] io::Error),
}

fn shown(media_type: &Option<MediaType>) -> &'static str {
    match media_type {
        None => "no receipt",
        Some(MediaType::Other) => "another type of file",
        Some(MediaType::Pdf) => "a PDF file",
        Some(MediaType::Jpeg) => "a JPEG image",
        Some(MediaType::Png) => "a PNG image",
        Some(MediaType::Gif) => "a GIF image",
        Some(MediaType::Heif) => "a HEIF image",
        Some(MediaType::PostScript) => "a PostScript file",
        Some(MediaType::Xml) => "an XML file",
    }
}

impl ReceiptError {
    /// Whether what has arrived is of no use for another attempt.
    pub(super) fn spoils_what_arrived(&self) -> bool {
        matches!(
            self,
            Self::Status { .. } | Self::TooLarge { .. } | Self::WrongSize { .. } | Self::WrongType { .. }
        )
    }
}

crate::debug_by_chain!(ReceiptError);

/// A receipt without its file.
#[derive(Debug)]
#[non_exhaustive]
pub struct MissingReceipt {
    /// The receipt.
    pub receipt: Uuid,
    /// The accounting entry that it belongs to.
    pub accounting_entry: Uuid,
    /// Why its file is missing.
    pub error: ReceiptError,
}

/// What came of a download to a folder.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ReceiptReport {
    /// How many files were downloaded.
    pub saved: usize,
    /// How many files were there already.
    pub skipped: usize,
    /// The receipts without a file.
    pub missing: Vec<MissingReceipt>,
}

/// Why receipts could not be downloaded to a folder.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptRunError {
    /// The folder cannot be made.
    #[error("the folder for receipts cannot be made")]
    Folder(#[source] io::Error),
    /// The list of receipts could not be read to its end. Those before the error were downloaded.
    #[error("the list of receipts ended with an error; run the download again, which skips the {} files that are there", .report.saved + .report.skipped)]
    List {
        /// The error.
        #[source]
        source: Error,
        /// What came of the receipts before it.
        report: ReceiptReport,
    },
}

crate::debug_by_chain!(ReceiptRunError);
