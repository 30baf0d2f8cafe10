//! The client and its seam: who authorises a request, and who sends it.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    Attempts, Body, BoxFuture, Error, Operation, Request, ResponseValue,
    base_url::{BaseUrl, InvalidBaseUrl},
    response,
};

/// Decides whether and how a request may leave.
///
/// It is asked for every attempt, so that a credential which was renewed in between is used.
pub trait Authorize: Send + Sync {
    /// Changes the request so that it may leave, or refuses it.
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a>;
}

/// The result of an [`Authorize`], at once or later.
pub enum Authorization<'a> {
    /// Decided without waiting, and without allocating.
    Ready(Result<(), Refusal>),
    /// Decided when the future ends, for instance after a token was renewed.
    Pending(BoxFuture<'a, Result<(), Refusal>>),
}

/// Why a request may not leave. It keeps the type of the reason.
pub struct Refusal(Box<dyn StdError + Send + Sync>);

impl Refusal {
    /// A refusal for a reason. Its `Display` must name no secret.
    pub fn new(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(reason.into())
    }

    /// The reason, if it is of this type.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({})", self.0)
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Sends every request as it is, without a credential.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unauthenticated;

impl Authorize for Unauthenticated {
    fn authorize<'a>(&'a self, _: &'a mut Request) -> Authorization<'a> {
        Authorization::Ready(Ok(()))
    }
}

/// Sends requests. It follows no redirect and adds no header but those of HTTP itself.
///
/// The implementer is responsible for where the bytes go: a transport for a service on this machine must
/// neither look `localhost` up nor hand plain http to a proxy. `ReqwestTransport` sees to both.
pub trait Transport: Send + Sync {
    /// Sends a call, once or, where the operation allows it, several times.
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>>;

    /// The limit of a successful response's body, in bytes. The body is read up to it; a longer one is
    /// [`Error::BodyTooLong`]. A transport around another one should return the other's limit.
    fn body_limit(&self) -> usize {
        Client::BODY_LIMIT
    }

    /// The transport over reqwest that this one sends with in the end, if it is one. A transport around another one
    /// should return the other's.
    #[cfg(feature = "reqwest")]
    fn reqwest(&self) -> Option<&super::ReqwestTransport> {
        None
    }
}

macro_rules! forward {
    ($($pointer:ident),*) => {
        $(
            impl<T: Authorize + ?Sized> Authorize for $pointer<T> {
                fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
                    (**self).authorize(request)
                }
            }

            impl<T: Transport + ?Sized> Transport for $pointer<T> {
                fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
                    (**self).send(call)
                }

                fn body_limit(&self) -> usize {
                    (**self).body_limit()
                }

                #[cfg(feature = "reqwest")]
                fn reqwest(&self) -> Option<&super::ReqwestTransport> {
                    (**self).reqwest()
                }
            }
        )*
    };
}

forward!(Arc, Box);

/// A call to be sent: hands out the request, authorised anew for each attempt.
#[derive(Clone)]
pub struct Call<'a> {
    request: Box<Request>,
    /// What the request's URL begins with.
    base: &'a BaseUrl,
    authorize: &'a dyn Authorize,
    body_limit: usize,
    attempts: Attempts,
    timeout: Option<Duration>,
}

impl<'a> Call<'a> {
    /// The same call, authorised by somebody else: for a transport around another one that has to know
    /// or to choose what each attempt is sent with. A call that was
    /// [authorised once](Self::authorized_once) keeps what it carries.
    pub fn with_authorize<'b>(self, authorize: &'b dyn Authorize) -> Call<'b>
    where
        'a: 'b,
    {
        Call { authorize, ..self }
    }

    /// The same call, authorised now and for all of its attempts: for a transport around another one
    /// that knows that none of them needs another credential. What the call is authorised by is part
    /// of its request from here on.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn authorized_once(
        mut self,
        authorize: impl FnOnce(&mut Request) -> Result<(), Refusal>,
    ) -> Result<Self, Error> {
        let operation = self.request.operation();
        authorize(&mut self.request).map_err(|refusal| Error::Refused { operation, refusal, attempts: 0 })?;
        Ok(Call { authorize: &Unauthenticated, ..self })
    }

    /// The same call, sent once more after this response to it: a transport that retries does not begin anew.
    #[must_use]
    pub fn after<B>(self, response: &http::Response<B>) -> Self {
        Self { attempts: Attempts::of(response.extensions(), self.attempts), ..self }
    }

    /// What was done for the call before.
    pub fn attempts(&self) -> Attempts {
        self.attempts
    }

    /// The operation that is called.
    pub fn operation(&self) -> &'static Operation {
        self.request.operation()
    }

    /// The base URL of the service that is called, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.base.as_str()
    }

    /// The limit of a successful response's body, in bytes: that of the transport, or
    /// [`Client::EMPTY_BODY_LIMIT`] where the operation answers without a body. A transport around another one
    /// that reads bodies should read no more.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// How long the call may take from now on, if it has a limit of its own: see [`Client::with_timeout`]. The transport
    /// sees to it, with all attempts, waits and bodies.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The same call with another limit of time: for a transport around another one that has spent some of it.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// The request of the next attempt, authorised.
    ///
    /// # Errors
    /// [`Error::Refused`], or [`Error::InvalidArgument`] for a URL that is too long.
    pub async fn authorized(&self) -> Result<http::Request<Bytes>, Error> {
        self.clone().into_authorized().await
    }

    /// The request of the only attempt, authorised.
    ///
    /// # Errors
    /// As [`authorized`](Self::authorized).
    pub fn into_authorized(self) -> impl Future<Output = Result<http::Request<Bytes>, Error>> + Send + 'a {
        let (operation, base) = (self.operation(), self.base);
        let request = self.authorized_request();
        async move {
            let request = request.await?.into_http(base);
            request.map_err(|argument| Error::InvalidArgument { operation, argument })
        }
    }

    /// The request of the only attempt, authorised, before any HTTP library's type is made of it. The future has
    /// nothing of the call but what it needs, because it is moved several times.
    pub(super) fn authorized_request(self) -> impl Future<Output = Result<Box<Request>, Error>> + Send + 'a {
        let Self { mut request, authorize, .. } = self;
        async move {
            let operation = request.operation();
            let decision = match authorize.authorize(&mut request) {
                Authorization::Ready(decision) => decision,
                Authorization::Pending(decision) => decision.await,
            };
            match decision {
                Ok(()) => Ok(request),
                Err(refusal) => Err(Error::Refused { operation, refusal, attempts: 0 }),
            }
        }
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.request).finish_non_exhaustive()
    }
}

/// A client of Pleo's External API: one method per operation.
///
/// It is cheap to clone, and clones share their connections. It does not know credentials: an
/// [`Authorize`] brings them.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    timeout: Option<Duration>,
}

struct Inner {
    base: BaseUrl,
    authorize: Box<dyn Authorize>,
    transport: Box<dyn Transport>,
}

impl Client {
    /// The limit of a successful response's body, in bytes, unless its [`Transport`] has another: 64 MiB.
    pub const BODY_LIMIT: usize = 64 * 1024 * 1024;
    /// The limit, in bytes, where the operation answers without a body: 64 KiB. A transport's own limit
    /// counts where it is lower.
    pub const EMPTY_BODY_LIMIT: usize = 64 * 1024;

    /// A client for the service at `base_url`, such as `https://external.staging.pleo.io` (Z3).
    ///
    /// Paths are put behind `base_url` as they are (Z2); slashes at its end are taken off.
    ///
    /// # Errors
    /// When `base_url` is not an absolute http or https URL, or holds user information, a query or a
    /// fragment.
    pub fn new(
        base_url: &str,
        authorize: impl Authorize + 'static,
        transport: impl Transport + 'static,
    ) -> Result<Self, InvalidBaseUrl> {
        let base = BaseUrl::new(base_url)?;
        let (authorize, transport) = (Box::new(authorize), Box::new(transport));
        Ok(Self { inner: Arc::new(Inner { base, authorize, transport }), timeout: None })
    }

    /// A client for the service of another client. It is not a method, because anyone holding a client could
    /// then do more with it than call its operations.
    pub fn like(
        other: &Self,
        authorize: impl Authorize + 'static,
        transport: impl Transport + 'static,
    ) -> Self {
        let base = other.inner.base.clone();
        let (authorize, transport) = (Box::new(authorize), Box::new(transport));
        Self { inner: Arc::new(Inner { base, authorize, transport }), timeout: other.timeout }
    }

    /// The same client with another limit of time for each call: from its beginning to the end of the response's body, with
    /// all attempts and the waits between them. It replaces the limits of the transport, for an attempt and for a whole
    /// call, whether they are shorter or longer; the limit for making a connection stays. A list has the limit for each of
    /// its pages. A call that takes longer fails, and [`Error::is_timeout`] is true. An example is
    /// `client.with_timeout(Duration::from_secs(3)).get_vendor(id).send()`.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { inner: Arc::clone(&self.inner), timeout: Some(timeout) }
    }

    /// The base URL, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.inner.base.as_str()
    }

    /// The transport over reqwest that calls are sent with, if it is one: for requests to other hosts with the same
    /// proxies, certificates and connections. It knows no credential.
    #[cfg(feature = "reqwest")]
    pub fn reqwest_transport(&self) -> Option<&super::ReqwestTransport> {
        self.inner.transport.reqwest()
    }

    pub(super) fn base(&self) -> &BaseUrl {
        &self.inner.base
    }

    /// Sends a request and reads the response, whose body has up to `most` bytes, or fewer where the
    /// transport has a lower limit.
    pub(crate) async fn execute(
        &self,
        request: Box<Request>,
        most: usize,
    ) -> Result<ResponseValue<Bytes>, Error> {
        let operation = request.operation();
        let transport = self.inner.transport.as_ref();
        let body_limit = transport.body_limit().min(most);
        let (base, authorize) = (&self.inner.base, self.inner.authorize.as_ref());
        let (attempts, timeout) = (Attempts::default(), self.timeout);
        let call = Call { request, base, authorize, body_limit, attempts, timeout };
        response::read(operation, transport.send(call).await?, body_limit).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::HeaderValue;
    use http_body_util::{BodyExt as _, Full};

    use super::*;
    use crate::runtime::{Problems, RequestBuilder, request::tests::OPERATION};

    /// Refuses whatever it is asked.
    struct Never;

    impl Authorize for Never {
        fn authorize<'a>(&'a self, _: &'a mut Request) -> Authorization<'a> {
            Authorization::Ready(Err(Refusal::new("asked")))
        }
    }

    /// Authorises once, by a header or a refusal, and makes three attempts.
    struct Once {
        refuses: bool,
        seen: Arc<Mutex<Vec<HeaderValue>>>,
    }

    impl Transport for Once {
        fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
            Box::pin(async move {
                let call = call.authorized_once(|request| {
                    request.headers_mut().insert("x-once", HeaderValue::from_static("FAKE"));
                    if self.refuses { Err(Refusal::new("refused once")) } else { Ok(()) }
                })?;
                for call in [call.clone(), call.clone().with_authorize(&Unauthenticated), call] {
                    let request = call.authorized().await?;
                    self.seen.lock().unwrap().push(request.headers()["x-once"].clone());
                }
                Ok(http::Response::new(
                    Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync(),
                ))
            })
        }
    }

    #[tokio::test]
    async fn a_call_that_is_authorised_once_carries_that_and_asks_nobody() {
        for (refuses, attempts) in [(false, 3), (true, 0)] {
            let seen = Arc::default();
            let transport = Once { refuses, seen: Arc::clone(&seen) };
            let client = Client::new("https://external.staging.pleo.io", Never, transport).unwrap();
            let mut request = RequestBuilder::new(&client, &OPERATION, &Problems::default());
            request.path("thing", &Some(1));
            request.path("part", &Some(2));
            let (_, request) = request.finish().unwrap();
            let answer = client.execute(request, usize::MAX).await;
            assert_eq!(answer.is_err(), refuses);
            if let Err(error) = answer {
                assert!(
                    matches!(&error, Error::Refused { refusal, .. } if refusal.to_string() == "refused once")
                );
            }
            assert_eq!(*seen.lock().unwrap(), vec!["FAKE"; attempts]);
        }
    }
}
