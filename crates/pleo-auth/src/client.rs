//! The client of one environment.

use std::{
    future::ready,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use http::StatusCode;
use pleo_client::{
    Authorization, Authorize, Body, BoxFuture, Call, Error, InvalidBaseUrl, Request, Safety, Transport,
};

use crate::{CompanyId, Environment, Session, Subject, oauth::TokenVersion, session::CurrentCredential};

/// A client of the External API in one environment: [`pleo_client::Client`] with all its operations,
/// authorised by a [`Session`].
///
/// It is cheap to clone, and clones share their connections.
///
/// There is no client without a session:
///
/// ```compile_fail
/// let client = pleo_auth::Client::<pleo_auth::Staging>::new();
/// ```
pub struct Client<E: Environment> {
    session: Session<E>,
    transport: Arc<dyn Transport>,
    api: pleo_client::Client,
}

impl<E: Environment> Client<E> {
    /// A client that sends with [`pleo_client::ReqwestTransport`]. In a sandbox no proxy is asked.
    ///
    /// # Errors
    /// When the TLS library finds no root certificates or no provider.
    #[cfg(feature = "reqwest")]
    pub fn new(session: Session<E>) -> Result<Self, pleo_client::TransportError> {
        use pleo_client::{ReqwestTransport, TransportError, TransportErrorKind};

        let builder = ReqwestTransport::builder();
        let builder = if session.environment().is_loopback() { builder.no_proxy() } else { builder };
        let transport = ReqwestTransport::with_builder(builder)?;
        Self::with_transport(session, transport)
            .map_err(|error| TransportError::new(TransportErrorKind::Request, error))
    }

    /// A client that sends with a transport of your own, which must follow no redirect.
    ///
    /// # Errors
    /// None for the base URLs of today's environments.
    pub fn with_transport(
        session: Session<E>,
        transport: impl Transport + 'static,
    ) -> Result<Self, InvalidBaseUrl> {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let authorized = Authorized { session: session.clone(), transport: Arc::clone(&transport) };
        let api = pleo_client::Client::new(session.environment().base_url(), session.clone(), authorized)?;
        Ok(Self { session, transport, api })
    }

    /// The session.
    pub fn session(&self) -> &Session<E> {
        &self.session
    }

    /// The same client for another company, with the same credential and connections.
    #[must_use]
    pub fn for_company(&self, company: impl Into<CompanyId>) -> Self {
        self.for_subject(company.into().into())
    }

    pub(crate) fn for_subject(&self, subject: Subject) -> Self {
        self.with_session(self.session.clone().with_subject(subject))
    }

    /// The same client with another session of the same environment.
    pub(crate) fn with_session(&self, session: Session<E>) -> Self {
        let transport = Arc::clone(&self.transport);
        let authorized = Authorized { session: session.clone(), transport: Arc::clone(&transport) };
        Self { api: self.api.with_parts(session.clone(), authorized), session, transport }
    }
}

impl<E: Environment> Deref for Client<E> {
    type Target = pleo_client::Client;

    fn deref(&self) -> &pleo_client::Client {
        &self.api
    }
}

impl<E: Environment> Clone for Client<E> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), transport: Arc::clone(&self.transport), api: self.api.clone() }
    }
}

impl<E: Environment> std::fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("session", &self.session).finish_non_exhaustive()
    }
}

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
        drop(locked);
        Box::pin(async move {
            let pinned = Pinned { session: &self.session, current, sent: Mutex::default() };
            // What is neither safe nor idempotent is not sent twice, whatever the answer (RFC 9110, 9.2.2).
            let again = (call.operation().safety != Safety::Neither).then(|| call.clone());
            let answer = self.transport.send(call.with_authorize(&pinned)).await?;
            let first = pinned.take_sent();
            if answer.status() != StatusCode::UNAUTHORIZED {
                token.accepted(first);
                return Ok(answer);
            }
            token.rejected(first);
            let Some(again) = again else { return Ok(answer) };
            // Without a token to try, Pleo's own answer says most.
            if token.ready().is_none() && token.renewed().await.is_err() {
                return Ok(answer);
            }
            drop(answer);
            let answer = self.transport.send(again.with_authorize(&pinned)).await?;
            match answer.status() {
                StatusCode::UNAUTHORIZED => token.rejected(pinned.take_sent()),
                _ => token.accepted(pinned.take_sent()),
            }
            Ok(answer)
        })
    }
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
