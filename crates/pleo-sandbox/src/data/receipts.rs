//! The files of receipts, behind links that are signed and expire.

use std::ops::Range;

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Data, shape::with};
use crate::{answer::Refusal, request};

/// What links begin with where it is not known at which address the sandbox is served.
pub(super) const ORIGIN: &str = "https://receipts.example";

/// The path of all files, which is not a path of the API.
const PATH: &str = "/receipts/";

/// A receipt as it is shown: with a link to one form of its file that is good for 24 hours.
pub(super) fn shown(data: &Data, receipt: &Value, file_type: Option<&str>, now: DateTime<Utc>) -> Value {
    let file_type = file_type.unwrap_or("ORIGINAL");
    let file = format!("{}/{file_type}", receipt["id"].as_str().unwrap_or_default());
    let expires = (now + Duration::hours(24)).timestamp();
    let signature = signature(&file, expires);
    let url = format!("{}{PATH}{file}?expires={expires}&signature={signature}", data.receipt_origin);
    with(receipt.clone(), json!({ "fileType": file_type, "url": url }))
}

fn signature(file: &str, expires: i64) -> String {
    let digest = Sha256::digest(format!("FAKE-SIGNING-KEY {file} {expires}"));
    format!("FAKE-{}", HEXLOWER.encode(&digest))
}

impl Data {
    /// Answers a request for a file, if it is one.
    pub(crate) fn file(&self, request: &Request<Bytes>, now: DateTime<Utc>) -> Option<Response<Bytes>> {
        let file = request.uri().path().strip_prefix(PATH)?;
        Some(self.signed_file(file, request, now).unwrap_or_else(Response::from))
    }

    fn signed_file(
        &self,
        file: &str,
        request: &Request<Bytes>,
        now: DateTime<Utc>,
    ) -> Result<Response<Bytes>, Refusal> {
        if request.method() != Method::GET {
            return Err(Refusal::method_not_allowed(HeaderValue::from_static("GET")));
        }
        if request.headers().contains_key(header::AUTHORIZATION) {
            return Err(Refusal::bad_request("a signed link is fetched without a credential"));
        }
        let refused = |kind, message: &str| Refusal::new(StatusCode::FORBIDDEN, kind, message);
        let query = request::query(request);
        let value = |name| request::values(&query, name).first().copied().unwrap_or_default();
        let expires: i64 = value("expires").parse().unwrap_or_default();
        if value("signature") != signature(file, expires) {
            return Err(refused("invalid_signature", "the link is not signed by this sandbox"));
        }
        if expires <= now.timestamp() {
            return Err(refused("link_expired", "the link has expired"));
        }
        let id = file.split('/').next().unwrap_or_default();
        let receipt = self.receipts.iter().find(|receipt| receipt.id() == id);
        let receipt = receipt.ok_or_else(|| Refusal::not_found("there is no such receipt"))?;
        Ok(part(request.headers(), &receipt.value["mimeType"], content(&receipt.value)))
    }
}

/// A made-up file that begins as its type does and has the size that the receipt says. No two parts of it are the same.
fn content(receipt: &Value) -> Bytes {
    let size =
        receipt["sizeInBytes"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
    let beginning: &[u8] = match receipt["mimeType"].as_str() {
        Some("application/pdf") => b"%PDF-1.4\n",
        _ => b"\xff\xd8\xff\xe0",
    };
    let lines = (0_u32..).flat_map(|number| format!("{number:07}\n").into_bytes());
    beginning.iter().copied().chain(lines).take(size).collect()
}

/// The part of a file that the request asks for, or all of it (RFC 9110, section 14).
fn part(headers: &HeaderMap, media_type: &Value, file: Bytes) -> Response<Bytes> {
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, range) = match asked.and_then(|asked| wanted(asked, file.len())) {
        None => (StatusCode::OK, 0..file.len()),
        Some(range) if range.is_empty() => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
        Some(range) => (StatusCode::PARTIAL_CONTENT, range),
    };
    let described = match status {
        StatusCode::PARTIAL_CONTENT => {
            Some(format!("bytes {}-{}/{}", range.start, range.end - 1, file.len()))
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Some(format!("bytes */{}", file.len())),
        _ => None,
    };
    let mut response = Response::new(file.slice(range));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let media_type = media_type.as_str().and_then(|text| HeaderValue::from_str(text).ok());
    headers.extend(media_type.map(|value| (header::CONTENT_TYPE, value)));
    let described = described.and_then(|text| HeaderValue::from_str(&text).ok());
    headers.extend(described.map(|value| (header::CONTENT_RANGE, value)));
    response
}

/// The range that a request asks for, empty if the file has nothing of it; `None` for what may be ignored: several
/// ranges, another unit, or what is not a valid range.
fn wanted(asked: &str, length: usize) -> Option<Range<usize>> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => Some(first..length.min(last.saturating_add(1)).max(first)),
        (Ok(first), _) if last.is_empty() => Some(first..length.max(first)),
        (_, Ok(last)) if first.is_empty() => Some(length.saturating_sub(last)..length),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_rfc_9110_says() {
        for (asked, range) in [
            ("bytes=0-", Some(0..10)),
            ("bytes=4-", Some(4..10)),
            ("bytes=4-5", Some(4..6)),
            ("bytes=4-99", Some(4..10)),
            ("bytes=-3", Some(7..10)),
            ("bytes=-99", Some(0..10)),
            ("bytes=10-", Some(10..10)),
            ("bytes=12-", Some(12..12)),
            ("bytes=-0", Some(10..10)),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("items=0-1", None),
            ("bytes=-", None),
            ("bytes=a-", None),
        ] {
            assert_eq!(wanted(asked, 10), range, "{asked}");
        }
    }
}
