//! The plain transport: one request, sent once by reqwest.

use std::time::Duration;

use http_body_util::BodyExt as _;

use super::{Body, BoxFuture, Call, Error, Transport, TransportError, TransportErrorKind};

/// Sends each call once, over pooled connections.
#[derive(Debug, Clone)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// How long a connection may take to come about.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// How long a call may take from beginning to end.
    pub const TIMEOUT: Duration = Duration::from_secs(60);

    /// A transport that follows no redirect, keeps no cookie and retries nothing. Proxies are taken
    /// from the environment (`HTTPS_PROXY` and its kin), as reqwest does.
    ///
    /// # Errors
    /// When the TLS library finds no root certificates or no provider.
    pub fn new() -> Result<Self, TransportError> {
        Self::with_builder(Self::builder())
    }

    /// A builder with the usual limits of time, to be changed and given to
    /// [`with_builder`](Self::with_builder).
    pub fn builder() -> reqwest::ClientBuilder {
        reqwest::Client::builder().connect_timeout(Self::CONNECT_TIMEOUT).timeout(Self::TIMEOUT)
    }

    /// The same over a client of your own making, for proxies, certificates or other timeouts.
    ///
    /// Redirects and reqwest's own retries are switched off: a redirect would carry the request
    /// elsewhere.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn with_builder(builder: reqwest::ClientBuilder) -> Result<Self, TransportError> {
        builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map(Self)
            .map_err(TransportError::from)
    }
}

/// Tells how far the request came, and leaves the URL out.
impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let kind = if error.is_builder() {
            TransportErrorKind::Request
        } else if error.is_connect() {
            TransportErrorKind::Connect
        } else if error.is_timeout() {
            TransportErrorKind::Timeout
        } else {
            TransportErrorKind::Connection
        };
        Self::new(kind, error.without_url())
    }
}

impl Transport for ReqwestTransport {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let operation = call.operation();
            let failed = |error: reqwest::Error| Error::Transport { operation, source: error.into() };
            let request = call.into_authorized().await?;
            let request = reqwest::Request::try_from(request).map_err(failed)?;
            let response = self.0.execute(request).await.map_err(failed)?;
            let response: http::Response<reqwest::Body> = response.into();
            Ok(response.map(|body| body.map_err(|error| Box::new(error.without_url()).into()).boxed_unsync()))
        })
    }
}
