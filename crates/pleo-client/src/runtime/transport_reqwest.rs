//! The plain transport: one request, sent once by reqwest.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use http_body_util::BodyExt as _;

use super::{Body, BoxFuture, Call, Error, HttpConfig, Transport, TransportError, TransportErrorKind};

/// Sends each call once, over pooled connections.
///
/// It follows no redirect, keeps no cookie, retries nothing and decompresses nothing, whatever features
/// of reqwest other crates enable.
///
/// Plain http is for this machine only: requests to a loopback address or to `localhost` go there
/// directly. No proxy gets them, and `localhost` means 127.0.0.1 and `::1` without being looked up.
/// Requests to anywhere else are https.
///
/// It is cheap to clone, and clones share their connections.
#[derive(Clone)]
pub struct ReqwestTransport {
    inner: Arc<Inner>,
}

struct Inner {
    config: HttpConfig,
    remote: reqwest::Client,
    /// Made when the first request to this machine is sent.
    loopback: OnceLock<reqwest::Client>,
}

impl ReqwestTransport {
    /// A transport with the settings that [`HttpConfig::default`] describes.
    ///
    /// # Errors
    /// When the TLS library finds no root certificates or no provider.
    pub fn new() -> Result<Self, TransportError> {
        Self::with_config(HttpConfig::default())
    }

    /// A transport with settings of your own.
    ///
    /// # Errors
    /// When no HTTP client can be built with them.
    pub fn with_config(config: HttpConfig) -> Result<Self, TransportError> {
        let remote = finish(config.remote_builder().https_only(true))?;
        Ok(Self { inner: Arc::new(Inner { config, remote, loopback: OnceLock::new() }) })
    }

    /// The settings.
    pub fn config(&self) -> &HttpConfig {
        &self.inner.config
    }

    /// Sends a request that is not a call of an operation, such as one to the authorisation server.
    ///
    /// # Errors
    /// When no response arrives, or the request cannot be sent: its URL is neither https nor of this
    /// machine.
    pub async fn execute(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        self.execute_reqwest(reqwest::Request::try_from(request)?).await
    }

    async fn execute_reqwest(
        &self,
        request: reqwest::Request,
    ) -> Result<http::Response<Body>, TransportError> {
        let client = if is_loopback(request.url()) { self.loopback()? } else { &self.inner.remote };
        let response: http::Response<reqwest::Body> = client.execute(request).await?.into();
        Ok(response.map(|body| body.map_err(|error| error.without_url().into()).boxed_unsync()))
    }

    fn loopback(&self) -> Result<&reqwest::Client, TransportError> {
        if let Some(client) = self.inner.loopback.get() {
            return Ok(client);
        }
        // The port of an address is that of the URL.
        let addresses =
            [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
        let builder = self.inner.config.builder().no_proxy().resolve_to_addrs("localhost", &addresses);
        let client = finish(builder)?;
        Ok(self.inner.loopback.get_or_init(|| client))
    }
}

/// Whether a URL leads to this machine, by its host alone.
fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Builds a client without what would change, repeat or forward what was authorised.
///
/// reqwest turns decompression on where any crate of the program enables the feature for it, so it is
/// turned off by name: the limit of a body would count the bytes before decompression.
fn finish(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, TransportError> {
    let builder = builder
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    builder.build().map_err(|error| TransportError::new(TransportErrorKind::Settings, error.without_url()))
}

impl std::fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReqwestTransport").field("config", &self.inner.config).finish_non_exhaustive()
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

impl Call<'_> {
    /// The request of the only attempt, authorised, as reqwest takes it: for a transport of your own
    /// over reqwest. Its URL is read once, from the text that was authorised.
    ///
    /// # Errors
    /// As [`into_authorized`](Self::into_authorized), and [`Error::Transport`] for a URL that reqwest does
    /// not read; none of Pleo's is one.
    pub async fn into_reqwest(self) -> Result<reqwest::Request, Error> {
        let operation = self.operation();
        let invalid = |argument| Error::InvalidArgument { operation, argument };
        let (method, url, headers, body) = self.authorized_request().await?.into_parts().map_err(invalid)?;
        let url = reqwest::Url::parse(&url).map_err(|error| {
            let source = TransportError::new(TransportErrorKind::Request, error);
            Error::Transport { operation, source }
        })?;
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(reqwest::Body::from);
        Ok(request)
    }
}

impl Transport for ReqwestTransport {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let (operation, timeout) = (call.operation(), call.timeout());
            let mut request = call.into_reqwest().await?;
            if timeout.is_some() {
                *request.timeout_mut() = timeout;
            }
            let response = self.execute_reqwest(request).await;
            response.map_err(|source| Error::Transport { operation, source })
        })
    }

    fn body_limit(&self) -> usize {
        self.inner.config.body_limit()
    }

    fn reqwest(&self) -> Option<&ReqwestTransport> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use super::*;
    use crate::runtime::{
        Authorization, Authorize, Client, InvalidArgument, Problems, Refusal, Request, RequestBuilder,
        ResponseValue, Unauthenticated, request::tests::OPERATION,
    };

    type Both = (Result<http::Request<bytes::Bytes>, Error>, Result<reqwest::Request, Error>);

    /// Takes each call both ways, and sends it neither.
    #[derive(Default)]
    struct TakesBoth(Mutex<Option<Both>>);

    impl Transport for &'static TakesBoth {
        fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
            Box::pin(async move {
                let both = (call.clone().into_authorized().await, call.into_reqwest().await);
                *self.0.lock().unwrap() = Some(both);
                let source = TransportError::new(TransportErrorKind::Connect, "nothing is sent");
                Err(Error::Transport { operation: &OPERATION, source })
            })
        }
    }

    /// Lets pass what is not too long a query.
    struct Adds(usize, bool);

    impl Authorize for Adds {
        fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
            request.append_query("q", "");
            let length = self.0.saturating_sub(request.url().len());
            request.append_query("", &"x".repeat(length.saturating_sub("&=".len())));
            request.headers_mut().insert("x-key", http::HeaderValue::from_static("FAKE"));
            Authorization::Ready(if self.1 { Ok(()) } else { Err(Refusal::new("refused")) })
        }
    }

    async fn both(authorize: impl Authorize + 'static, body: Option<i32>) -> Both {
        let transport: &'static TakesBoth = Box::leak(Box::default());
        let client = Client::new("https://external.staging.pleo.io", authorize, transport).unwrap();
        let mut call = RequestBuilder::new(&client, &OPERATION, &Problems::default());
        call.path("thing", &Some("a b/ä".to_owned()));
        call.path("part", &Some(2));
        call.query("at", &Some("2026-03-14T09:26:53+01:00".to_owned()));
        call.json(&body);
        call.send_empty().await.unwrap_err();
        transport.0.lock().unwrap().take().unwrap()
    }

    #[tokio::test]
    async fn reqwests_request_is_the_request_that_other_libraries_get() {
        for body in [None, Some(1)] {
            let (http, reqwest) = both(Unauthenticated, body).await;
            let (http, reqwest) = (http.unwrap(), reqwest.unwrap());
            assert_eq!(reqwest.method(), http.method());
            assert_eq!(reqwest.url().as_str(), http.uri().to_string());
            assert_eq!(reqwest.headers(), http.headers());
            assert_eq!(reqwest.body().is_some(), body.is_some());
            let sent = reqwest.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
            assert_eq!(sent, http.body());
        }
    }

    #[tokio::test]
    async fn a_url_has_up_to_65534_bytes_with_any_client() {
        let (http, reqwest) = both(Adds(65_534, true), None).await;
        assert_eq!(http.unwrap().uri().to_string().len(), 65_534);
        assert_eq!(reqwest.unwrap().url().as_str().len(), 65_534);
        let (http, reqwest) = both(Adds(65_535, true), None).await;
        for refused in [http.unwrap_err(), reqwest.unwrap_err()] {
            assert!(matches!(refused, Error::InvalidArgument { argument: InvalidArgument::UrlTooLong, .. }));
        }
    }

    #[tokio::test]
    async fn a_refused_call_gives_no_request_of_any_kind() {
        let (http, reqwest) = both(Adds(0, false), None).await;
        assert!(matches!(http, Err(Error::Refused { .. })));
        assert!(matches!(reqwest, Err(Error::Refused { .. })));
    }

    /// Answers every request with the same text; counts them.
    async fn server(head: &'static str, body: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let requests = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 65_536];
                let length = connection.read(&mut request).await.unwrap_or(0);
                requests.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 200 OK\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = connection.write_all(text.as_bytes()).await;
            }
        });
        (port, seen)
    }

    fn get(url: &str) -> http::Request<Bytes> {
        http::Request::get(url).body(Bytes::new()).unwrap()
    }

    /// A resolver that says of every name that it is at an address of no machine.
    #[derive(Clone, Default)]
    struct Asked(Arc<Mutex<Vec<String>>>);

    impl reqwest::dns::Resolve for Asked {
        fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
            self.0.lock().unwrap().push(name.as_str().to_owned());
            Box::pin(async { Err("the name is not known".into()) })
        }
    }

    #[tokio::test]
    async fn localhost_is_this_machine_and_is_never_looked_up() {
        let (port, seen) = server("", "{}").await;
        let resolver = Asked::default();
        let asked = resolver.clone();
        let config =
            HttpConfig::default().with_reqwest(move |builder| builder.dns_resolver(resolver.clone()));
        let transport = ReqwestTransport::with_config(config).unwrap();
        for host in ["localhost", "LOCALHOST", "127.0.0.1"] {
            transport.execute(get(&format!("http://{host}:{port}/"))).await.unwrap();
        }
        assert_eq!((seen.lock().unwrap().len(), asked.0.lock().unwrap().len()), (3, 0));
        assert!(transport.execute(get("https://pleo.invalid/")).await.is_err());
        assert_eq!(*asked.0.lock().unwrap(), ["pleo.invalid"], "the resolver works");
    }

    #[tokio::test]
    async fn no_proxy_gets_a_request_to_this_machine() {
        let (port, seen) = server("", "{}").await;
        let (proxy, taken) = server("", "{}").await;
        let proxy = reqwest::Proxy::all(format!("http://127.0.0.1:{proxy}")).unwrap();
        let own = proxy.clone();
        for config in [
            HttpConfig::default().with_proxy(proxy),
            HttpConfig::default().with_reqwest(move |builder| builder.proxy(own.clone())),
        ] {
            let transport = ReqwestTransport::with_config(config).unwrap();
            for host in ["localhost", "127.0.0.1"] {
                transport.execute(get(&format!("http://{host}:{port}/"))).await.unwrap();
            }
            assert!(taken.lock().unwrap().is_empty());
            // Any other host goes through it.
            assert!(transport.execute(get("https://pleo.invalid/")).await.is_err());
            assert_eq!(taken.lock().unwrap().drain(..).count(), 1);
        }
        assert_eq!(seen.lock().unwrap().len(), 4);
    }

    #[tokio::test]
    async fn plain_http_goes_to_no_other_machine() {
        let (proxy, taken) = server("", "{}").await;
        let proxy = reqwest::Proxy::all(format!("http://127.0.0.1:{proxy}")).unwrap();
        let transport = ReqwestTransport::with_config(HttpConfig::default().with_proxy(proxy)).unwrap();
        for url in
            ["http://external.pleo.io/", "http://10.0.0.1/", "http://localhost.evil.test/", "http://[::2]/"]
        {
            let error = transport.execute(get(url)).await.unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Request, "{url}");
        }
        assert!(taken.lock().unwrap().is_empty());
    }

    /// A server that sends a response's head and half of its body, and the other half after a wait, or never.
    async fn slow_server(wait: Option<Duration>) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let _ = connection.read(&mut [0; 65_536]).await;
                    let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n1").await;
                    match wait {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => std::future::pending().await,
                    }
                    let _ = connection.write_all(b"1").await;
                });
            }
        });
        url
    }

    async fn call_within(url: &str, usual: Duration, own: Option<Duration>) -> Result<u8, Error> {
        let config = HttpConfig::default().with_timeout(usual);
        let client =
            Client::new(url, Unauthenticated, ReqwestTransport::with_config(config).unwrap()).unwrap();
        let client = own.map_or(client.clone(), |own| client.with_timeout(own));
        let mut call = RequestBuilder::new(&client, &OPERATION, &Problems::default());
        call.path("thing", &Some(1));
        call.path("part", &Some(2));
        call.send_json().await.map(ResponseValue::into_inner)
    }

    #[tokio::test]
    async fn a_call_has_the_time_of_the_client_or_its_own_up_to_the_end_of_the_body() {
        let (short, long) = (Duration::from_millis(50), Duration::from_secs(600));
        let never = slow_server(None).await;
        for (usual, own) in [(short, None), (long, Some(short))] {
            let error = call_within(&never, usual, own).await.unwrap_err();
            assert!(error.is_timeout(), "{error:?}");
        }
        let late = slow_server(Some(short * 4)).await;
        assert!(call_within(&late, short, None).await.unwrap_err().is_timeout());
        assert_eq!(call_within(&late, short, Some(long)).await.unwrap(), 11);
    }

    /// What a transport says of a server that does not speak TLS.
    async fn over_tls(config: HttpConfig) -> String {
        let (port, _) = server("", "{}").await;
        let transport = ReqwestTransport::with_config(config).unwrap();
        let error = transport.execute(get(&format!("https://127.0.0.1:{port}/"))).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        format!("{error:?}")
    }

    /// Each library has words of its own for it.
    #[tokio::test]
    async fn tls_is_that_of_rustls_if_it_is_on_and_otherwise_the_systems() {
        let by_rustls = |said: &str| said.contains("InvalidContentType");
        let said = over_tls(HttpConfig::default()).await;
        if cfg!(feature = "rustls") {
            assert!(by_rustls(&said), "{said}");
        } else if cfg!(feature = "native-tls") {
            assert!(!by_rustls(&said) && said.contains("wrong version number"), "{said}");
        }
        #[cfg(feature = "native-tls")]
        {
            let config = HttpConfig::default().with_reqwest(reqwest::ClientBuilder::tls_backend_native);
            let said = over_tls(config).await;
            assert!(!by_rustls(&said), "{said}");
        }
    }

    #[tokio::test]
    async fn nothing_is_decompressed_and_nothing_compressed_is_asked_for() {
        let (port, seen) = server("content-encoding: gzip\r\n", "{}").await;
        let transport = ReqwestTransport::new().unwrap();
        let response = transport.execute(get(&format!("http://127.0.0.1:{port}/"))).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
        assert!(!seen.lock().unwrap()[0].contains("accept-encoding"));
    }

    #[tokio::test]
    async fn the_settings_reach_the_requests() {
        let (port, seen) = server("", "{}").await;
        let ours = format!("user-agent: pleo-client/{}", env!("CARGO_PKG_VERSION"));
        let named = HttpConfig::default().with_application("ledger-sync/2.1");
        for (config, agent) in
            [(HttpConfig::default(), format!("{ours}\r\n")), (named, format!("{ours} ledger-sync/2.1\r\n"))]
        {
            let transport = ReqwestTransport::with_config(config).unwrap();
            transport.execute(get(&format!("http://127.0.0.1:{port}/"))).await.unwrap();
            let request = seen.lock().unwrap().pop().unwrap();
            assert!(request.contains(&agent), "{request}");
        }
        let broken = ReqwestTransport::with_config(HttpConfig::default().with_application("a\nb"));
        let error = broken.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Settings);
        assert_eq!(error.to_string(), "no HTTP client can be made with these settings");

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = format!("http://{}/", listener.local_addr().unwrap());
        let config = HttpConfig::default().with_timeout(std::time::Duration::from_millis(50));
        let error = ReqwestTransport::with_config(config).unwrap().execute(get(&silent)).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
    }
}
