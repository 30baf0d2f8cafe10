//! A registered OAuth client.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Uri, header};
use pleo_client::TransportError;
use zeroize::Zeroizing;

use super::{GrantedCode, OAuthError, OAuthTransport, Tokens, digest, transport};
use crate::{Environment, EnvironmentMismatch, Production, Secret, credential};

/// A client that is registered with Pleo, in one environment: staging and production have credentials
/// of their own (V8).
///
/// It is cheap to clone.
pub struct OAuthApp<E> {
    inner: Arc<Inner<E>>,
}

#[derive(Clone)]
struct Inner<E> {
    environment: E,
    client_id: Box<str>,
    /// `client_secret_basic`; the secret is never sent any other way (A28).
    authentication: Option<HeaderValue>,
    redirect_uri: Box<str>,
    transport: Arc<dyn OAuthTransport>,
    /// Digests of the last verifiers that were exchanged.
    exchanged: Arc<Mutex<VecDeque<[u8; 32]>>>,
}

/// How many exchanges are remembered. Codes live a few minutes at most (A41).
const REMEMBERED: usize = 1_000;

impl<E: Environment> OAuthApp<E> {
    /// How long the authorisation server has to answer an exchange or an introspection. Renewals have
    /// [`RefreshPolicy::timeout`](super::RefreshPolicy::timeout).
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// A public client, such as a desktop program. `redirect_uri` has to be the registered one, to the
    /// letter (A30).
    ///
    /// # Errors
    /// When the client id or the redirect URI cannot be one, or the TLS library does not start.
    #[cfg(feature = "reqwest")]
    pub fn new(environment: E, client_id: &str, redirect_uri: &str) -> Result<Self, InvalidApp> {
        let transport = pleo_client::ReqwestTransport::new().map_err(InvalidApp::Transport)?;
        Self::with_transport(environment, client_id, redirect_uri, transport)
    }

    /// The same over another transport: a `pleo_client::ReqwestTransport` with settings of
    /// your own, best the one that the [`Client`](crate::Client) has as well, or one that you write.
    ///
    /// # Errors
    /// When the client id or the redirect URI cannot be one.
    pub fn with_transport(
        environment: E,
        client_id: &str,
        redirect_uri: &str,
        transport: impl OAuthTransport + 'static,
    ) -> Result<Self, InvalidApp> {
        // RFC 6749, appendix A.1.
        if !credential::is_graphic(client_id) {
            return Err(InvalidApp::ClientId);
        }
        check_redirect_uri(&environment, redirect_uri)?;
        Ok(Self {
            inner: Arc::new(Inner {
                environment,
                client_id: client_id.into(),
                authentication: None,
                redirect_uri: redirect_uri.into(),
                transport: Arc::new(transport),
                exchanged: Arc::default(),
            }),
        })
    }

    /// The same as a confidential client, such as a server (A28).
    ///
    /// # Errors
    /// When the secret is empty or holds white space, control characters or anything beyond ASCII.
    pub fn with_client_secret(self, secret: impl Into<Secret>) -> Result<Self, InvalidApp> {
        let secret = secret.into();
        let secret = secret.expose();
        if !credential::is_graphic(secret) {
            return Err(InvalidApp::ClientSecret);
        }
        // RFC 6749, section 2.3.1: both are form-encoded first, which changes nothing in a UUID.
        let encoded = |text: &str| {
            Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<Vec<_>>().concat())
        };
        let header = credential::basic_header(&encoded(&self.inner.client_id), &encoded(secret))
            .map_err(|_| InvalidApp::ClientSecret)?;
        let inner = Inner { authentication: Some(header), ..Inner::clone(&self.inner) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The environment in which it is registered.
    pub fn environment(&self) -> &E {
        &self.inner.environment
    }

    /// The client id. It is not a secret.
    pub fn client_id(&self) -> &str {
        &self.inner.client_id
    }

    /// The redirect URI.
    pub fn redirect_uri(&self) -> &str {
        &self.inner.redirect_uri
    }

    /// Turns a code into tokens (A41, A43).
    ///
    /// The code and its PKCE verifier are used up, whatever comes of it: start again with
    /// [`authorize`](Self::authorize).
    ///
    /// # Errors
    /// When the code was granted to another app or was exchanged already, and when the server does not
    /// answer with tokens.
    pub async fn exchange(&self, code: GrantedCode<E>) -> Result<Tokens<E>, OAuthError> {
        if code.app != self.fingerprint() {
            return Err(OAuthError::OtherApp);
        }
        self.use_up(&code.verifier)?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.code.expose()),
            ("redirect_uri", self.redirect_uri()),
            ("code_verifier", code.verifier.expose()),
        ];
        let body = self.post_in_time("/oauth/token", &form).await?;
        Tokens::from_answer(self.environment().clone(), &body).map(|(tokens, _)| tokens)
    }

    /// What tells this app from others: the same client in the same environment has the same.
    pub(super) fn fingerprint(&self) -> String {
        let names = [self.environment().authorization_server(), self.client_id(), self.redirect_uri()];
        URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(names.join("\n").as_bytes()))
    }

    /// Refuses a verifier that was exchanged before.
    fn use_up(&self, verifier: &Secret) -> Result<(), OAuthError> {
        let digest = digest(verifier);
        let mut exchanged = self.inner.exchanged.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanged.contains(&digest) {
            return Err(OAuthError::Reused);
        }
        exchanged.push_back(digest);
        if exchanged.len() > REMEMBERED {
            exchanged.pop_front();
        }
        Ok(())
    }

    pub(super) fn check_environment(&self, tokens: &Tokens<E>) -> Result<(), EnvironmentMismatch> {
        EnvironmentMismatch::check(self.environment(), tokens.environment())
    }

    /// Renews tokens (A44). Only a [`RefreshingToken`](super::RefreshingToken) does it: used twice, a
    /// refresh token ends the authorisation (A48).
    pub(super) async fn refresh(
        &self,
        refresh_token: &Secret,
    ) -> Result<(Tokens<E>, Option<Duration>), OAuthError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
        let body = self.post("/oauth/token", &form).await?;
        let (tokens, lifetime) = Tokens::from_answer(self.environment().clone(), &body)?;
        Ok((tokens.or_refresh_token(refresh_token), lifetime))
    }

    /// Posts a form, and gives the response [`TIMEOUT`](Self::TIMEOUT). Outside of tokio the transport has
    /// to see to that itself.
    pub(super) async fn post_in_time(&self, path: &str, form: &[(&str, &str)]) -> Result<Bytes, OAuthError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return self.post(path, form).await;
        }
        let answer = tokio::time::timeout(Self::TIMEOUT, self.post(path, form)).await;
        answer.unwrap_or(Err(OAuthError::TimedOut))
    }

    /// Posts a form to the authorisation server and returns the body of a success.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Bytes, OAuthError> {
        let url = format!("{}{path}", self.environment().authorization_server());
        let mut request = http::Request::new(Bytes::from_owner(self.form(form)));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() =
            url.parse().map_err(|_| OAuthError::Unreadable { problem: "it has no address" })?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if let Some(authentication) = &self.inner.authentication {
            headers.insert(header::AUTHORIZATION, authentication.clone());
        }
        let response = self.inner.transport.send(request).await.map_err(OAuthError::Transport)?;
        let (status, body) = (response.status(), response.into_body());
        if body.len() > transport::BODY_LIMIT && status.is_success() {
            return Err(OAuthError::Unreadable { problem: "it is longer than any token response" });
        }
        let sent: Vec<&str> = form.iter().map(|(_, value)| *value).collect();
        let read = OAuthError::read(status, &body, &sent)?.len();
        // What was read is the end of the body, behind a byte order mark.
        Ok(body.slice(body.len() - read..))
    }

    /// The form with what identifies a public client; a confidential one says it in the header. It is put
    /// together at once: a text that grows leaves its old copy behind.
    fn form(&self, form: &[(&str, &str)]) -> Zeroizing<String> {
        let public = self.inner.authentication.is_none().then_some(("client_id", self.client_id()));
        let mut parts = Vec::new();
        for (name, value) in form.iter().copied().chain(public) {
            if !parts.is_empty() {
                parts.push("&");
            }
            parts.extend([name, "="]);
            parts.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
        Zeroizing::new(parts.concat())
    }
}

/// HTTPS, or plain HTTP to this machine outside production (A30); no fragment (RFC 6749, 3.1.2).
fn check_redirect_uri<E: Environment>(environment: &E, text: &str) -> Result<(), InvalidApp> {
    let uri: Uri = text.parse().map_err(|_| InvalidApp::RedirectUri)?;
    let host = uri.host().ok_or(InvalidApp::RedirectUri)?;
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let production = environment.base_url() == Production.base_url();
    let allowed = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => local && !production,
        _ => false,
    };
    let user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if !allowed {
        Err(InvalidApp::InsecureRedirectUri)
    } else if user || text.contains('#') {
        Err(InvalidApp::RedirectUri)
    } else {
        Ok(())
    }
}

impl<E> Clone for OAuthApp<E> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<E: Environment> fmt::Debug for OAuthApp<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApp")
            .field("environment", self.environment())
            .field("client_id", &self.client_id())
            .field("redirect_uri", &self.redirect_uri())
            .finish_non_exhaustive()
    }
}

/// What cannot be a registered client.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum InvalidApp {
    /// The client id.
    #[error(
        "the client id is empty or holds white space or characters beyond ASCII; copy it from its registration"
    )]
    ClientId,
    /// The client secret. It is not shown.
    #[error("the client secret is empty or holds white space or characters beyond ASCII; copy it again")]
    ClientSecret,
    /// The redirect URI.
    #[error(
        "the redirect URI is not an absolute URL without user information and fragment; use the registered one"
    )]
    RedirectUri,
    /// A redirect URI over which a code could be read (A30).
    #[error("the redirect URI is not https; plain http is for localhost, outside production")]
    InsecureRedirectUri,
    /// The transport could not be made.
    #[error("the transport to the authorisation server could not be made")]
    Transport(#[source] TransportError),
}

pleo_client::debug_by_chain!(InvalidApp);

#[cfg(test)]
mod tests {
    use pleo_client::BoxFuture;

    use super::*;
    use crate::Staging;

    struct Unused;

    impl OAuthTransport for Unused {
        fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn the_last_thousand_verifiers_are_remembered() {
        let app =
            OAuthApp::with_transport(Staging, "FAKE-CLIENT", "https://app.test/callback", Unused).unwrap();
        let verifier = |number: usize| Secret::from(number.to_string());
        for number in 0..1000 {
            app.use_up(&verifier(number)).unwrap();
        }
        assert!(matches!(app.use_up(&verifier(0)), Err(OAuthError::Reused)));
        app.use_up(&verifier(1000)).unwrap();
        assert!(matches!(app.use_up(&verifier(1)), Err(OAuthError::Reused)));
        assert!(app.use_up(&verifier(0)).is_ok(), "longer ago than any code lives");
    }
}
