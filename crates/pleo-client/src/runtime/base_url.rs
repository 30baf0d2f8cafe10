//! Where a client's requests go.

use bytes::{Buf as _, Bytes};
use http::{
    Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};

/// A base URL: scheme and authority, perhaps a path, no slash at its end.
///
/// Scheme and authority are read once, so that no request's URL has to be read for them.
#[derive(Debug, Clone)]
pub(super) struct BaseUrl {
    text: Box<str>,
    scheme: Scheme,
    authority: Authority,
    /// Where scheme and authority end in the text.
    origin_end: usize,
}

impl BaseUrl {
    pub(super) fn new(text: &str) -> Result<Self, InvalidBaseUrl> {
        let parts = text.parse::<Uri>().map_err(|_| InvalidBaseUrl::NotAbsolute)?.into_parts();
        let authority = parts.authority.ok_or(InvalidBaseUrl::NotAbsolute)?;
        let scheme = parts.scheme.ok_or(InvalidBaseUrl::NotAbsolute)?;
        if !matches!(scheme.as_str(), "https" | "http") {
            return Err(InvalidBaseUrl::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(InvalidBaseUrl::UserInformation);
        }
        if authority.as_str() != authority.host() && authority.port_u16().is_none() {
            return Err(InvalidBaseUrl::Port);
        }
        if text.contains(['?', '#']) {
            return Err(InvalidBaseUrl::Query);
        }
        let origin_end = scheme.as_str().len() + "://".len() + authority.as_str().len();
        Ok(Self { text: text.trim_end_matches('/').into(), scheme, authority, origin_end })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// A URL that begins with this one, as `http` has it; `None` if it is longer than `http` takes.
    #[inline]
    pub(super) fn uri(&self, url: String) -> Option<Uri> {
        let mut path_and_query = Bytes::from(url);
        path_and_query.advance(self.origin_end);
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(path_and_query).ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// A base URL that no request can be built on.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBaseUrl {
    /// Not an absolute URL.
    #[error("the base URL is not an absolute URL such as https://external.pleo.io")]
    NotAbsolute,
    /// A scheme other than http and https.
    #[error("the base URL's scheme is neither https nor http")]
    Scheme,
    /// A user name or password in the URL. Credentials travel in a header only (Z29).
    #[error("the base URL holds user information; credentials belong in the client's authorisation")]
    UserInformation,
    /// A port that is not a number up to 65,535.
    #[error("the base URL's port is not a number up to 65535")]
    Port,
    /// A query or fragment.
    #[error("the base URL holds a query or a fragment")]
    Query,
}

crate::debug_by_chain!(InvalidBaseUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_behind_a_base_are_what_http_reads() {
        for base in ["https://external.pleo.io", "HTTP://127.0.0.1:80/mock/", "http://[::1]:1"] {
            let base = BaseUrl::new(base).unwrap();
            for rest in ["/v1/tags", "/v1/tags?a=b%20c&d=", "/a/./b//c:d"] {
                let url = format!("{}{rest}", base.as_str());
                let read: Uri = url.parse().unwrap();
                assert_eq!(base.uri(url), Some(read));
            }
        }
    }

    #[test]
    fn a_base_url_is_scheme_host_and_maybe_a_path() {
        let text = |text| BaseUrl::new(text).map(|base| base.text);
        assert_eq!(text("https://external.pleo.io/"), Ok("https://external.pleo.io".into()));
        assert_eq!(text("http://127.0.0.1:80/mock//"), Ok("http://127.0.0.1:80/mock".into()));
        for (text, error) in [
            ("external.pleo.io", InvalidBaseUrl::NotAbsolute),
            ("/v1", InvalidBaseUrl::NotAbsolute),
            ("", InvalidBaseUrl::NotAbsolute),
            ("ftp://external.pleo.io", InvalidBaseUrl::Scheme),
            ("https://key:@external.pleo.io", InvalidBaseUrl::UserInformation),
            ("https://external.pleo.io:99999", InvalidBaseUrl::Port),
            ("https://external.pleo.io:", InvalidBaseUrl::Port),
            ("https://external.pleo.io?a=b", InvalidBaseUrl::Query),
            ("https://external.pleo.io/#a", InvalidBaseUrl::Query),
        ] {
            assert_eq!(BaseUrl::new(text).map(|base| base.text), Err(error), "{text}");
        }
    }
}
