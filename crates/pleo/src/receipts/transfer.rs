//! One file: its links, its attempts, its checks.

use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::{MediaType, Progress, ReceiptDownload, ReceiptError, ReceiptSource, media_type::BEGINNING};
use crate::{
    Sensitive, TransportError, TransportErrorKind,
    bytes::{Buf as _, Bytes},
    http::{self, HeaderMap, StatusCode, Uri, header},
};

/// How many attempts in a row may end without a byte more of the file.
const FRUITLESS: u32 = 3;

pub(super) struct Transfer<'t> {
    download: &'t ReceiptDownload<'t>,
    source: &'t ReceiptSource,
    /// The file's beginning, kept back until it tells the type.
    beginning: Vec<u8>,
    media_type: Option<MediaType>,
    received: u64,
}

/// What an attempt ends with.
enum Trouble {
    /// Another attempt may succeed.
    Passing(ReceiptError),
    /// Another link may succeed.
    Link(StatusCode),
    Lasting(ReceiptError),
}

impl<'t> Transfer<'t> {
    /// The transfer of what is left behind `received` bytes, of which the file's beginning is given.
    pub(super) fn new(
        download: &'t ReceiptDownload<'t>,
        source: &'t ReceiptSource,
        beginning: Vec<u8>,
        received: u64,
    ) -> Self {
        Self { download, source, beginning, media_type: None, received }
    }

    pub(super) async fn run(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<MediaType, ReceiptError> {
        let largest = self.download.largest;
        if self.source.size.is_some_and(|size| size > largest) {
            return Err(ReceiptError::TooLarge { largest });
        }
        if self.received > 0 {
            self.media_type = Some(self.checked_type()?);
        }
        let (mut link, mut may_renew, mut fruitless) = (self.source.url.clone(), true, 0);
        while self.source.size != Some(self.received) || self.received == 0 {
            let before = self.received;
            match self.attempt(&link, writer).await {
                Ok(()) => break,
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Link(status)) => {
                    let renewed = if may_renew { self.new_link().await? } else { None };
                    link = renewed.ok_or(ReceiptError::Refused { status })?;
                    may_renew = false;
                }
                Err(Trouble::Passing(error)) => {
                    fruitless = if self.received > before { 0 } else { fruitless + 1 };
                    if fruitless == FRUITLESS {
                        return Err(error);
                    }
                    tokio::time::sleep(Duration::from_secs(u64::from(fruitless))).await;
                }
            }
        }
        self.finish(writer).await
    }

    /// A link that has not expired, where one can be asked for.
    async fn new_link(&self) -> Result<Option<Sensitive>, ReceiptError> {
        let Some((entry, receipt)) = self.source.ids else { return Ok(None) };
        let call = self.download.client.get_receipt(entry, receipt).file_type(self.source.file_type.clone());
        let receipt = call.send().await.map_err(ReceiptError::NoNewLink)?;
        Ok(Some(receipt.into_inner().data.url))
    }

    async fn attempt(
        &mut self,
        link: &Sensitive,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<(), Trouble> {
        let request = self.request(link).ok_or(Trouble::Lasting(ReceiptError::Link))?;
        let host = self.download.host.as_ref().ok_or(Trouble::Lasting(ReceiptError::NoTransport))?;
        let response = host.send(request).await.map_err(Trouble::of_connection)?;
        let (head, mut body) = response.into_parts();
        // A host that does not know ranges sends the file from its beginning.
        let mut skip = match head.status {
            StatusCode::OK => self.received,
            StatusCode::PARTIAL_CONTENT if starts_at(&head.headers, self.received) => 0,
            status => return Err(Trouble::of_status(status)),
        };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| TransportError::new(TransportErrorKind::Body, error));
            let Ok(mut data) = frame.map_err(Trouble::of_connection)?.into_data() else { continue };
            let known = data.len().min(usize::try_from(skip).unwrap_or(usize::MAX));
            data.advance(known);
            skip -= known as u64;
            self.take(&data, writer).await.map_err(Trouble::Lasting)?;
        }
        Ok(())
    }

    /// The request for what is left. It has no header but `Range`, and what the transport adds to all requests.
    fn request(&self, link: &Sensitive) -> Option<http::Request<Bytes>> {
        let uri: Uri = link.expose().parse().ok()?;
        let is_sandbox = self.download.client.base_url().starts_with("http://");
        let scheme = uri.scheme_str()?;
        // Plain http is for this machine, which the transport sees to.
        if !(scheme == "https" || scheme == "http" && is_sandbox) || uri.authority()?.as_str().contains('@') {
            return None;
        }
        let mut request = http::Request::get(uri);
        if self.received > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", self.received));
        }
        request.body(Bytes::new()).ok()
    }

    /// Takes a part of the file.
    async fn take(
        &mut self,
        data: &[u8],
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), ReceiptError> {
        let received = self.received + data.len() as u64;
        match self.source.size {
            Some(size) if received > size => return Err(ReceiptError::WrongSize { size }),
            None if received > self.download.largest => {
                return Err(ReceiptError::TooLarge { largest: self.download.largest });
            }
            _ => {}
        }
        if self.media_type.is_some() {
            writer.write_all(data).await.map_err(ReceiptError::Write)?;
        } else {
            self.beginning.extend_from_slice(data);
            if self.beginning.len() >= BEGINNING {
                self.write_beginning(writer).await?;
            }
        }
        self.received = received;
        self.download.progress(Progress::Received {
            receipt: self.source.ids.map(|(_, receipt)| receipt),
            received,
            size: self.source.size,
        });
        Ok(())
    }

    async fn write_beginning(
        &mut self,
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> Result<MediaType, ReceiptError> {
        let media_type = self.checked_type()?;
        self.media_type = Some(media_type);
        writer.write_all(&self.beginning).await.map_err(ReceiptError::Write)?;
        Ok(media_type)
    }

    /// The type of the file, if it is the one that Pleo says.
    fn checked_type(&self) -> Result<MediaType, ReceiptError> {
        let beginning = &self.beginning[..self.beginning.len().min(BEGINNING)];
        let (named, found) = (MediaType::named(&self.source.media_type), MediaType::found(beginning));
        match found {
            Some(found) if named.is_none_or(|named| named == found) => Ok(found),
            _ => Err(ReceiptError::WrongType { named, found }),
        }
    }

    async fn finish(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> Result<MediaType, ReceiptError> {
        if let Some(size) = self.source.size
            && size != self.received
        {
            return Err(ReceiptError::WrongSize { size });
        }
        let media_type = match self.media_type {
            Some(media_type) => media_type,
            None => self.write_beginning(writer).await?,
        };
        writer.flush().await.map_err(ReceiptError::Write)?;
        Ok(media_type)
    }
}

impl Trouble {
    fn of_connection(error: TransportError) -> Self {
        match error.kind() {
            TransportErrorKind::Request => Self::Lasting(ReceiptError::Link),
            TransportErrorKind::Settings => Self::Lasting(ReceiptError::Connection(error)),
            _ => Self::Passing(ReceiptError::Connection(error)),
        }
    }

    fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            // What stores respond to a link that has expired.
            400 | 401 | 403 | 404 | 410 => Self::Link(status),
            408 | 425 | 429 | 500..=599 => Self::Passing(ReceiptError::Status { status }),
            _ => Self::Lasting(ReceiptError::Status { status }),
        }
    }
}

/// Whether a part of a file begins where it has to (RFC 9110, section 14.4).
fn starts_at(headers: &HeaderMap, received: u64) -> bool {
    let range = headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
    first.and_then(|first| first.parse().ok()) == Some(received)
}
