//! The client of one environment.

use std::{
    future::ready,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use pleo_client::{
    Attempts, Authorization, Authorize, Body, BoxFuture, Call, Error, InvalidBaseUrl, Request, Safety,
    Transport, Unauthenticated,
};
use tokio::time::{Instant, timeout_at};

use crate::{
    AnyEnvironment, CompanyId, Environment, Session, Subject,
    oauth::{RefreshingToken, TokenVersion},
    session::CurrentCredential,
};

/// A client of the External API in one environment: all its [`Operations`](crate::Operations), a method
/// each, authorised by a [`Session`].
///
/// It is cheap to clone, and clones share their connections. `Client` alone is a client of
/// [any environment](AnyEnvironment), one that is chosen at run time.
///
/// There is no client without a session:
///
/// ```compile_fail
/// let client = pleo_auth::Client::<pleo_auth::Staging>::without_retries();
/// ```
pub struct Client<E: Environment = AnyEnvironment> {
    authorized: Arc<Authorized<E>>,
    api: pleo_client::Client,
}

impl<E: Environment> Client<E> {
    /// A client that sends each call once, at any pace, with [`pleo_client::ReqwestTransport`] and its usual settings.
    /// Programs should make their client with `pleo::ClientBuilder`, whose clients retry and keep to a pace.
    ///
    /// For settings of your own, give [`with_transport`](Self::with_transport) a transport that was made with them.
    ///
    /// # Errors
    /// When the TLS library finds no root certificates or no provider.
    #[cfg(feature = "reqwest")]
    pub fn without_retries(session: Session<E>) -> Result<Self, pleo_client::TransportError> {
        use pleo_client::{ReqwestTransport, TransportError, TransportErrorKind};

        Self::with_transport(session, ReqwestTransport::new()?)
            .map_err(|error| TransportError::new(TransportErrorKind::Settings, error))
    }

    /// A client that sends with this transport, which must follow no redirect.
    ///
    /// The API and the authorisation server should have one HTTP configuration, so make one transport and
    /// give a clone to [`OAuthApp::with_transport`](crate::oauth::OAuthApp::with_transport):
    ///
    /// ```
    /// use pleo_auth::{
    ///     Client, Session, Staging,
    ///     oauth::{MemoryStore, OAuthApp, RefreshPolicy, RefreshingToken},
    ///     pleo_client::{HttpConfig, ReqwestTransport},
    /// };
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = ReqwestTransport::with_config(HttpConfig::default().with_application("ledger-sync/2.1"))?;
    /// let app = OAuthApp::with_transport(Staging, "your-client-id", "https://app.example/callback", http.clone())?;
    /// let token = RefreshingToken::resume(app, MemoryStore::default(), RefreshPolicy::default());
    /// let client = Client::with_transport(Session::new(token), http)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If you write a [`Transport`] yourself, you are responsible for where it sends requests. In a sandbox
    /// they are plain http on this machine: a `ReqwestTransport` gives them to no proxy and does not look
    /// `localhost` up, whatever its settings.
    ///
    /// # Errors
    /// None for the base URLs of today's environments.
    pub fn with_transport(
        session: Session<E>,
        transport: impl Transport + 'static,
    ) -> Result<Self, InvalidBaseUrl> {
        Self::of(Authorized { session, transport: Arc::new(transport) })
    }

    fn of(authorized: Authorized<E>) -> Result<Self, InvalidBaseUrl> {
        let authorized = Arc::new(authorized);
        let base_url = authorized.session.environment().base_url();
        // The transport authorises each call, so the low-level client has nobody to ask.
        let api = pleo_client::Client::new(base_url, Unauthenticated, Arc::clone(&authorized))?;
        Ok(Self { authorized, api })
    }

    /// The session.
    pub fn session(&self) -> &Session<E> {
        &self.authorized.session
    }

    /// The same client for another company, with the same credential and connections.
    #[must_use]
    pub fn for_company(&self, company: impl Into<CompanyId>) -> Self {
        self.for_subject(company.into().into())
    }

    pub(crate) fn for_subject(&self, subject: Subject) -> Self {
        self.with_session(self.session().clone().with_subject(subject))
    }

    /// The same client with another limit of time for each call, which
    /// [`pleo_client::Client::with_timeout`] describes. The renewal of a token counts.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(client: pleo_auth::Client) -> Result<(), pleo_client::Error> {
    /// let patient = client.with_timeout(Duration::from_secs(300));
    /// let mut vendors = patient.search_vendors().items();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { authorized: Arc::clone(&self.authorized), api: self.api.with_timeout(timeout) }
    }

    /// The same client with another session of the same environment.
    pub(crate) fn with_session(&self, session: Session<E>) -> Self {
        let transport = Arc::clone(&self.authorized.transport);
        let authorized = Arc::new(Authorized { session, transport });
        let api = pleo_client::Client::like(&self.api, Unauthenticated, Arc::clone(&authorized));
        Self { authorized, api }
    }
}

/// The operations: a method each, listed under "Methods from `Deref`".
impl<E: Environment> Deref for Client<E> {
    type Target = pleo_client::Client;

    fn deref(&self) -> &pleo_client::Client {
        &self.api
    }
}

impl<E: Environment> Clone for Client<E> {
    fn clone(&self) -> Self {
        Self { authorized: Arc::clone(&self.authorized), api: self.api.clone() }
    }
}

impl<E: Environment> std::fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("session", self.session()).finish_non_exhaustive()
    }
}

/// What all clones of a client share: who authorises, and who sends.
///
/// Sends each call with one credential from beginning to end, and once more where a token that can be
/// renewed was answered with 401.
struct Authorized<E: Environment> {
    session: Session<E>,
    transport: Arc<dyn Transport>,
}

impl<E: Environment> Transport for Authorized<E> {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        let locked = self.session.lock();
        let (current, token) = match locked.credential.header() {
            // A future around the transport's own would cost an allocation.
            Ok(header) => {
                let attach = |request: &mut Request| self.session.check_and_attach(&locked, request, header);
                let call = call.authorized_once(attach);
                drop(locked);
                return match call {
                    Ok(call) => self.transport.send(call),
                    Err(refused) => Box::pin(ready(Err(refused))),
                };
            }
            Err(token) => (Arc::clone(&locked), token.clone()),
        };
        let own_end = call.timeout().and_then(|timeout| Instant::now().checked_add(timeout));
        Box::pin(async move {
            let pinned = Pinned { session: &self.session, current, sent: Mutex::default() };
            // What is neither safe nor idempotent is not sent twice, whatever the response (RFC 9110, 9.2.2).
            let again = (call.operation().safety != Safety::Neither).then(|| call.clone());
            let answer = self.transport.send(call.with_authorize(&pinned)).await?;
            let first = pinned.take_sent();
            if answer.status() != StatusCode::UNAUTHORIZED {
                token.accepted(first);
                return Ok(answer);
            }
            token.rejected(first);
            let Some(again) = again else { return Ok(answer) };
            let again = again.after(&answer);
            let Attempts { sent: before, deadline } = again.attempts();
            // Without a token to try, Pleo's own response says most.
            let end = own_end.or(deadline.map(Instant::from_std));
            if token.ready().is_none() && !is_renewed(&token, end).await {
                return Ok(answer);
            }
            let again = match own_end {
                Some(end) => again.with_timeout(end.saturating_duration_since(Instant::now())),
                None => again,
            };
            drop(answer);
            let answer = self.transport.send(again.with_authorize(&pinned)).await;
            let second = pinned.take_sent();
            // Not every transport counts.
            let least = before + u32::from(second.is_some());
            let mut answer = answer.map_err(|error| match error.attempts() < least {
                true => error.with_attempts(least),
                false => error,
            })?;
            if answer.extensions().get::<Attempts>().is_none() {
                answer.extensions_mut().insert(Attempts { sent: least, deadline });
            }
            match answer.status() {
                StatusCode::UNAUTHORIZED => token.rejected(second),
                _ => token.accepted(second),
            }
            Ok(answer)
        })
    }

    fn body_limit(&self) -> usize {
        self.transport.body_limit()
    }

    #[cfg(feature = "reqwest")]
    fn reqwest(&self) -> Option<&pleo_client::ReqwestTransport> {
        self.transport.reqwest()
    }
}

/// Renews a token, in the time that a call has left.
async fn is_renewed<E: Environment>(token: &RefreshingToken<E>, end: Option<Instant>) -> bool {
    // There is no timer without a runtime, and no renewal either.
    let (Some(end), Ok(_)) = (end, tokio::runtime::Handle::try_current()) else {
        return token.renewed().await.is_ok();
    };
    timeout_at(end, token.renewed()).await.is_ok_and(|renewed| renewed.is_ok())
}

/// A session that keeps to the token that a call began with.
struct Pinned<'a, E: Environment> {
    session: &'a Session<E>,
    current: Arc<CurrentCredential<E>>,
    /// The token of the last attempt.
    sent: Mutex<Option<TokenVersion>>,
}

impl<E: Environment> Pinned<'_, E> {
    fn take_sent(&self) -> Option<TokenVersion> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<E: Environment> Authorize for Pinned<'_, E> {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        self.session.authorize_with(&self.current, request, |version| {
            *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
        })
    }
}
