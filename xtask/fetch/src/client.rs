//! Reading pages over HTTP, with the manners of a guest.

use std::{
    io::Read as _,
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use flate2::read::MultiGzDecoder;
use futures_util::lock::Mutex;
use reqwest::{
    Client, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
        LOCATION, RETRY_AFTER,
    },
    redirect::Policy,
};
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use xtask_openapi::foreign::one_line;

use crate::manners::{Manners, Pace, backoff, retry_after};

/// What tells whether a page has changed since it was read (RFC 9110, section 8.8).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Validators {
    /// The `ETag`, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The `Last-Modified` date, as it was sent; kept where there is no `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether a request can be made conditional with them.
    pub fn any(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some()
    }
}

/// What a site responds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The page is what it was when the validators were given.
    Unchanged,
    /// The page.
    Page {
        /// Its text.
        text: String,
        /// What to ask with next time.
        validators: Validators,
    },
}

/// Why a page could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The site has no such page.
    #[error("the site has no such page (status {0})")]
    Gone(u16),
    /// A status other than success, to the last attempt.
    #[error("the response has status {0}")]
    Status(u16),
    /// No response in time, to the last attempt.
    #[error("no whole response within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// The connection failed or broke off, to the last attempt.
    #[error("the connection failed or broke off: {}", one_line(.0))]
    Connection(String),
    /// More than a page may have.
    #[error("longer than the {0} bytes that a page may have")]
    TooLong(u64),
    /// An address that may not be read, see [`allowed`].
    #[error("{}", one_line(.0))]
    NotAllowed(String),
    /// A redirect that is not followed.
    #[error("redirected to {}, which is not the host that was asked", one_line(.0))]
    Redirect(String),
    /// Redirect after redirect.
    #[error("redirected more than {MOST_REDIRECTS} times")]
    RedirectLoop,
    /// A content coding that was not asked for, or broken compression.
    #[error("the content coding cannot be undone: {}", one_line(.0))]
    Coding(String),
    /// Bytes that are not UTF-8.
    #[error("the text is not UTF-8")]
    NotText,
}

impl ReadError {
    /// Whether asking again may help.
    fn passes(&self) -> bool {
        match self {
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::Timeout(_) | Self::Connection(_) => true,
            _ => false,
        }
    }
}

/// Something that pages can be read from: a site, or what stands for one in tests.
pub trait Pages {
    /// Reads a page, unless it is what the validators were given for.
    ///
    /// # Errors
    /// When the page cannot be read.
    fn read(
        &self,
        address: &Url,
        known: Option<&Validators>,
    ) -> impl Future<Output = Result<Answer, ReadError>>;
}

/// Says that a text is UTF-8, which it has to be here, and is not a part of it.
const BYTE_ORDER_MARK: char = '\u{feff}';
const MOST_REDIRECTS: usize = 5;
const AGENT: &str = concat!("pleo-rust-xtask/", env!("CARGO_PKG_VERSION"), " (+spec fetch)");

/// Whether an address may be read at all.
///
/// # Errors
/// For anything but https, or http to this machine, and for addresses that hold a credential.
pub fn allowed(address: &Url) -> Result<(), String> {
    if !address.username().is_empty() || address.password().is_some() {
        return Err("the address holds a user name or password; nothing here needs one".to_owned());
    }
    let loopback = match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    };
    match address.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err(format!("{address} is not https; http is taken for this machine alone")),
    }
}

/// Reads pages over HTTP.
#[derive(Debug)]
pub struct Http {
    client: Client,
    manners: Manners,
    pace: Mutex<Pace>,
}

impl Http {
    /// A reader with these manners. It has no cookies, follows no proxy of the environment and
    /// sends no credential.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(manners: Manners) -> Result<Self, ReadError> {
        let client = Client::builder()
            .user_agent(AGENT)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            // It is undone here, where the limit of a page's size counts what comes out.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .timeout(manners.timeout)
            .build()
            .map_err(|error| ReadError::Connection(causes(error)))?;
        let pace = Mutex::new(Pace::new(manners.per_second));
        Ok(Self { client, manners, pace })
    }

    /// One attempt, with the redirects that stay on the host.
    async fn attempt(&self, address: &Url, known: Option<&Validators>) -> Result<Answer, Failed> {
        let mut target = address.clone();
        for _ in 0..=MOST_REDIRECTS {
            // Here and not only where addresses are given: the lock and redirects name some, too.
            allowed(&target).map_err(ReadError::NotAllowed)?;
            let wait = self.pace.lock().await.take(Instant::now());
            tokio::time::sleep(wait).await;
            let mut request = self.client.get(target.clone()).header(ACCEPT_ENCODING, "gzip");
            if let Some(known) = known {
                if let Some(etag) = &known.etag {
                    request = request.header(IF_NONE_MATCH, etag);
                } else if let Some(date) = &known.last_modified {
                    request = request.header(IF_MODIFIED_SINCE, date);
                }
            }
            let response = request.send().await.map_err(|error| self.failed(error))?;
            match response.status() {
                StatusCode::NOT_MODIFIED if known.is_some() => return Ok(Answer::Unchanged),
                StatusCode::NOT_FOUND | StatusCode::GONE => {
                    return Err(ReadError::Gone(response.status().as_u16()).into());
                }
                status if status.is_success() => return Ok(self.page(response).await?),
                status => match redirect(&target, &response) {
                    None => {
                        let after = text(&response, RETRY_AFTER);
                        let wait = after.and_then(|after| retry_after(&after, SystemTime::now()));
                        return Err(Failed { error: ReadError::Status(status.as_u16()), wait });
                    }
                    Some(next) if next.origin() == address.origin() => target = next,
                    Some(next) => return Err(ReadError::Redirect(shown(&next)).into()),
                },
            }
        }
        Err(ReadError::RedirectLoop.into())
    }

    async fn page(&self, mut response: Response) -> Result<Answer, ReadError> {
        let etag = text(&response, ETAG);
        let last_modified = if etag.is_none() { text(&response, LAST_MODIFIED) } else { None };
        let coding = text(&response, CONTENT_ENCODING).unwrap_or_default().to_ascii_lowercase();
        let most = self.manners.page_bytes;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error).error)? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > most {
                return Err(ReadError::TooLong(most));
            }
        }
        let body = match coding.as_str() {
            "" | "identity" => body,
            "gzip" | "x-gzip" => gunzip(&body, most)?,
            other => return Err(ReadError::Coding(format!("`{other}`"))),
        };
        let mut text = String::from_utf8(body).map_err(|_| ReadError::NotText)?;
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        Ok(Answer::Page { text, validators: Validators { etag, last_modified } })
    }

    fn failed(&self, error: reqwest::Error) -> Failed {
        if error.is_timeout() {
            ReadError::Timeout(self.manners.timeout).into()
        } else {
            ReadError::Connection(causes(error)).into()
        }
    }
}

impl Pages for Http {
    async fn read(&self, address: &Url, known: Option<&Validators>) -> Result<Answer, ReadError> {
        let mut attempt = 1;
        loop {
            let failed = match self.attempt(address, known).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if attempt >= self.manners.attempts || !failed.error.passes() {
                return Err(failed.error);
            }
            let wait = failed.wait.unwrap_or_else(|| backoff(&self.manners, attempt, fastrand::f64()));
            tokio::time::sleep(wait.min(self.manners.longest_wait)).await;
            attempt += 1;
        }
    }
}

/// A failed attempt, and how long the site asks to wait.
struct Failed {
    error: ReadError,
    wait: Option<Duration>,
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Self {
        Self { error, wait: None }
    }
}

/// Where a redirect leads.
fn redirect(from: &Url, response: &Response) -> Option<Url> {
    let moved = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    from.join(&text(response, LOCATION).filter(|_| moved)?).ok()
}

fn text(response: &Response, name: HeaderName) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The scheme, host and port of an address: its path or query may hold something secret.
fn shown(address: &Url) -> String {
    address.origin().ascii_serialization()
}

/// An error with what caused it, without the address: the caller that reports it names the page.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn gunzip(body: &[u8], most: u64) -> Result<Vec<u8>, ReadError> {
    let mut text = Vec::new();
    MultiGzDecoder::new(body)
        .take(most.saturating_add(1))
        .read_to_end(&mut text)
        .map_err(|error| ReadError::Coding(error.to_string()))?;
    if text.len() as u64 > most { Err(ReadError::TooLong(most)) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_may_be_asked_and_never_with_a_credential() {
        let ok = |address: &str| allowed(&address.parse().unwrap()).is_ok();
        for address in [
            "https://developers.pleo.io/llms.txt",
            "http://127.0.0.1:8080/",
            "http://[::1]/",
            "http://localhost/",
        ] {
            assert!(ok(address), "{address}");
        }
        for address in [
            "http://developers.pleo.io/llms.txt",
            "http://127.0.0.1.example/",
            "http://192.168.0.1/",
            "ftp://127.0.0.1/",
            "file:///etc/hosts",
            "https://user@developers.pleo.io/",
            "https://:obviously-fake@developers.pleo.io/",
        ] {
            assert!(!ok(address), "{address}");
        }
    }

    #[test]
    fn compressed_pages_are_bounded_by_what_they_hold() {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b'a'; 100_000]).unwrap();
        let small = encoder.finish().unwrap();
        assert!(small.len() < 1000);
        for most in [100_000, u64::MAX] {
            assert_eq!(gunzip(&small, most).unwrap().len(), 100_000);
        }
        assert_eq!(gunzip(&small, 99_999), Err(ReadError::TooLong(99_999)));
        assert!(matches!(gunzip(&small[..50], 100_000), Err(ReadError::Coding(_))));
        assert!(matches!(gunzip(b"no gzip", 100_000), Err(ReadError::Coding(_))));
    }
}
