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
            let operation = call.operation();
            let failed = |error: reqwest::Error| Error::Transport { operation, source: error.into() };
            let request = call.into_reqwest().await?;
            let response = self.0.execute(request).await.map_err(failed)?;
            let response: http::Response<reqwest::Body> = response.into();
            Ok(response.map(|body| body.map_err(|error| Box::new(error.without_url()).into()).boxed_unsync()))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::runtime::{
        Authorization, Authorize, Client, InvalidArgument, Problems, Refusal, Request, RequestBuilder,
        Required, Unauthenticated, request::tests::OPERATION,
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
        call.path("thing", &Required::from("a b/ä".to_owned()));
        call.path("part", &Required::from(2));
        call.query("at", &Some("2026-03-14T09:26:53+01:00".to_owned()));
        if let Some(body) = body {
            call.json(Ok(body));
        }
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
    async fn a_url_has_up_to_65534_bytes_whoever_sends_it() {
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
}
