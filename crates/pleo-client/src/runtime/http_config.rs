//! Settings of the HTTP client, for the API and for the authorisation server alike.

use std::{fmt, sync::Arc, time::Duration};

use super::Client;

/// How HTTP requests are sent: time limits, proxies, root certificates, the application's name and the limit of
/// a response's body.
///
/// One value serves the API and the authorisation server, so that a proxy or a root certificate is set
/// once.
///
/// ```
/// use pleo_client::{HttpConfig, ReqwestTransport};
///
/// # fn main() -> Result<(), pleo_client::TransportError> {
/// let config = HttpConfig::default().with_application("ledger-sync/2.1");
/// let transport = ReqwestTransport::with_config(config)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpConfig {
    connect_timeout: Duration,
    timeout: Duration,
    proxies: Proxies,
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    roots: Vec<reqwest::Certificate>,
    application: Option<String>,
    body_limit: usize,
    change: Option<Arc<Change>>,
}

type Change = dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync;

#[derive(Clone)]
enum Proxies {
    /// Those of the process's environment.
    System,
    None,
    Own(Vec<reqwest::Proxy>),
}

/// Ten seconds to connect, a minute for an attempt, proxies from the environment (`HTTPS_PROXY` and its
/// relatives, as reqwest reads them), the platform's root certificates, a user agent that names this crate, and
/// bodies of up to [`Client::BODY_LIMIT`] bytes.
impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Self::CONNECT_TIMEOUT,
            timeout: Self::TIMEOUT,
            proxies: Proxies::System,
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            roots: Vec::new(),
            application: None,
            body_limit: Client::BODY_LIMIT,
            change: None,
        }
    }
}

impl HttpConfig {
    /// How long making a connection may take, by default.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// How long one attempt may take from beginning to end, by default.
    pub const TIMEOUT: Duration = Duration::from_secs(60);

    /// The same with another limit of time for making a connection.
    #[must_use]
    pub fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// The same with another limit of time for one attempt, from beginning to end.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same with this proxy, after those given before. Proxies of the environment are no longer used.
    ///
    /// Requests to this machine, as those of a sandbox are, go through no proxy.
    #[must_use]
    pub fn with_proxy(mut self, proxy: reqwest::Proxy) -> Self {
        match &mut self.proxies {
            Proxies::Own(proxies) => proxies.push(proxy),
            proxies => *proxies = Proxies::Own(vec![proxy]),
        }
        self
    }

    /// The same without any proxy.
    #[must_use]
    pub fn without_proxy(self) -> Self {
        Self { proxies: Proxies::None, ..self }
    }

    /// The same with a root certificate that is trusted beside the platform's, for instance of a proxy
    /// that inspects TLS.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[must_use]
    pub fn with_root_certificate(mut self, certificate: reqwest::Certificate) -> Self {
        self.roots.push(certificate);
        self
    }

    /// The same with the name of your application, such as `ledger-sync/2.1`, which the `User-Agent` header has
    /// after this crate's name and version. A text that no header can carry is an error when the transport is made.
    #[must_use]
    pub fn with_application(self, name: impl Into<String>) -> Self {
        Self { application: Some(name.into()), ..self }
    }

    /// The same with another limit of a successful response's body, in bytes. A longer body is
    /// [`Error::BodyTooLong`](super::Error::BodyTooLong).
    #[must_use]
    pub fn with_body_limit(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    /// The limit of a successful response's body, in bytes.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// The same with a change to reqwest's own builder, for whatever has no method here. It is applied
    /// last, and each time a client is built. Redirects, retries and decompression stay off, and so do
    /// proxies for requests to this machine.
    ///
    /// With `connection_verbose(true)` reqwest logs the bytes of each connection, credentials included.
    #[must_use]
    pub fn with_reqwest(
        self,
        change: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        Self { change: Some(Arc::new(change)), ..self }
    }

    /// The builder, without what is decided by where a request goes.
    pub(super) fn builder(&self) -> reqwest::ClientBuilder {
        const OURS: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let builder = reqwest::Client::builder().connect_timeout(self.connect_timeout).timeout(self.timeout);
        let builder = match &self.application {
            Some(application) => builder.user_agent(format!("{OURS} {application}")),
            None => builder.user_agent(OURS),
        };
        // Named, because other crates of the program may enable another one.
        #[cfg(feature = "rustls")]
        let builder = builder.tls_backend_rustls();
        #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
        let builder = builder.tls_backend_native();
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let builder = match self.roots.as_slice() {
            [] => builder,
            roots => builder.tls_certs_merge(roots.iter().cloned()),
        };
        match &self.change {
            Some(change) => change(builder),
            None => builder,
        }
    }

    /// The builder for other machines.
    pub(super) fn remote_builder(&self) -> reqwest::ClientBuilder {
        match &self.proxies {
            Proxies::System => self.builder(),
            Proxies::None => self.builder().no_proxy(),
            Proxies::Own(proxies) => {
                proxies.iter().cloned().fold(self.builder(), reqwest::ClientBuilder::proxy)
            }
        }
    }
}

/// Shows no proxy, whose URL may have a password in it.
impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("application", &self.application)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_proxy() {
        let proxy = reqwest::Proxy::all("http://user:FAKE-PASSWORD@proxy.test:3128").unwrap();
        let config = HttpConfig::default().with_proxy(proxy);
        assert!(!format!("{config:?} {config:#?}").contains("FAKE"));
    }
}
