//! The authorise URL and the redirect that comes back.

use std::{fmt, marker::PhantomData};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{OAuthApp, OAuthError, OAuthErrorCode};
use crate::{Environment, ScopeSet, Secret, Subject};

/// Bytes of randomness in a verifier and in a state; 43 characters each.
const RANDOM_BYTES: usize = 32;

impl<E: Environment> OAuthApp<E> {
    /// Begins an authorisation: a URL to send the user's browser to, with fresh `state` and PKCE
    /// challenge (A26, A36). The method is always S256.
    ///
    /// Scopes are those that the client is registered with; ask for the fewest (Z50).
    ///
    /// # Errors
    /// When the system cannot provide random numbers.
    pub fn authorize(&self, scopes: &ScopeSet) -> Result<AuthorizationStart<E>, OAuthError> {
        self.start(scopes, None)
    }

    /// The same for a company or organisation that is chosen beforehand (A37).
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    pub fn authorize_subject(
        &self,
        scopes: &ScopeSet,
        subject: Subject,
    ) -> Result<AuthorizationStart<E>, OAuthError> {
        self.start(scopes, Some(subject))
    }

    /// Goes on with an authorisation that was put away, see [`PendingAuthorization::into_secret`].
    ///
    /// A redirect that arrives twice finds the same text twice: the second
    /// [`exchange`](Self::exchange) is refused, in this process; across processes, delete the text when you
    /// read it.
    ///
    /// # Errors
    /// When the text is none that this app has made in this environment.
    pub fn resume_authorization(&self, kept: Secret) -> Result<PendingAuthorization<E>, RedirectError> {
        let parts: Vec<&str> = kept.expose().split('.').collect();
        let [state, verifier, app] = parts.as_slice() else { return Err(RedirectError::NotPending) };
        let whole = |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok_and(|bytes| bytes.len() == RANDOM_BYTES);
        if !whole(state) || !whole(verifier) || *app != self.fingerprint() {
            return Err(RedirectError::NotPending);
        }
        let (state, verifier) = ((*state).into(), (*verifier).into());
        Ok(PendingAuthorization { state, verifier, app: self.fingerprint(), environment: PhantomData })
    }

    fn start(
        &self,
        scopes: &ScopeSet,
        subject: Option<Subject>,
    ) -> Result<AuthorizationStart<E>, OAuthError> {
        let (state, verifier) = (random()?, random()?);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id())
            .append_pair("redirect_uri", self.redirect_uri())
            .append_pair("scope", &scopes.to_string())
            .append_pair("state", state.expose())
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        if let Some(subject) = subject {
            query.append_pair("urn_pleo_params_oauth_subject", &subject.to_string());
        }
        let url = format!("{}/oauth/authorize?{}", self.environment().authorization_server(), query.finish());
        Ok(AuthorizationStart {
            url,
            pending: PendingAuthorization {
                state,
                verifier,
                app: self.fingerprint(),
                environment: PhantomData,
            },
        })
    }
}

/// Random characters out of `A-Z a-z 0-9 - _` (RFC 7636, section 4.1, recommends this way).
fn random() -> Result<Secret, OAuthError> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| OAuthError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes.as_slice()).into())
}

/// The S256 challenge of a verifier (RFC 7636, section 4.2).
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(verifier.expose().as_bytes()))
}

/// The beginning of an authorisation.
#[non_exhaustive]
pub struct AuthorizationStart<E> {
    /// Where to send the user's browser. It holds the state, so it belongs into no log.
    pub url: String,
    /// What the redirect will be compared with.
    pub pending: PendingAuthorization<E>,
}

impl<E> fmt::Debug for AuthorizationStart<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationStart").finish_non_exhaustive()
    }
}

/// An authorisation that the user has not decided yet: what the redirect will be compared with.
///
/// It is good for one redirect: [`finish`](Self::finish) takes it, and it cannot be cloned.
///
/// ```compile_fail
/// # fn example(pending: pleo_auth::oauth::PendingAuthorization<pleo_auth::Staging>) {
/// let first = pending.finish("?code=FAKE&state=FAKE");
/// let second = pending.finish("?code=FAKE&state=FAKE");
/// # }
/// ```
pub struct PendingAuthorization<E> {
    state: Secret,
    verifier: Secret,
    /// Which app it belongs to, see [`OAuthApp::fingerprint`].
    app: String,
    environment: PhantomData<fn() -> E>,
}

impl<E: Environment> PendingAuthorization<E> {
    /// All of it as one text, to be kept on the server until the redirect arrives, in the
    /// user's session for instance. It has to be deleted when it is read.
    pub fn into_secret(self) -> Secret {
        [self.state.expose(), ".", self.verifier.expose(), ".", &self.app].concat().into()
    }

    /// Reads the redirect (A39, A40): a URL in any form of RFC 3986, which may be absolute, without its scheme
    /// or its host, or relative; or the query alone, with or without its question mark. White space around
    /// it and a fragment are left out.
    ///
    /// # Errors
    /// When `state` is missing or differs, when the user or Pleo denied access, or when there is no code.
    /// The authorisation is over then; begin a new one.
    pub fn finish(self, redirect: &str) -> Result<GrantedCode<E>, RedirectError> {
        let fields = Fields::read(redirect)?;
        let state = fields.state.ok_or(RedirectError::NoState)?;
        if !bool::from(state.as_bytes().ct_eq(self.state.expose().as_bytes())) {
            return Err(RedirectError::OtherState);
        }
        if let Some(error) = fields.error {
            return Err(RedirectError::Denied {
                code: OAuthErrorCode::shown(&error),
                description: fields.description.map(|text| text.as_str().into()),
            });
        }
        match fields.code {
            Some(code) if !code.is_empty() => Ok(GrantedCode {
                code: code.as_str().into(),
                verifier: self.verifier,
                app: self.app,
                environment: PhantomData,
            }),
            _ => Err(RedirectError::NoCode),
        }
    }
}

/// What a redirect may bring.
#[derive(Default)]
struct Fields {
    state: Option<Zeroizing<String>>,
    code: Option<Zeroizing<String>>,
    error: Option<Zeroizing<String>>,
    description: Option<Zeroizing<String>>,
}

impl Fields {
    /// A query may hold question marks itself (RFC 3986, section 3.4), so a text without a scheme and a
    /// leading slash can be read in two ways: as a path with a query, or as a query alone. It is the one that
    /// has a state.
    fn read(redirect: &str) -> Result<Self, RedirectError> {
        let redirect = redirect.trim();
        let redirect = redirect.split_once('#').map_or(redirect, |(redirect, _)| redirect);
        let Some((before, query)) = redirect.split_once('?') else { return Self::of_query(redirect) };
        if !before.starts_with('/') && !has_scheme(before) && before.contains('=') {
            let whole = Self::of_query(redirect)?;
            if whole.state.is_some() && (whole.code.is_some() || whole.error.is_some()) {
                return Ok(whole);
            }
        }
        Self::of_query(query)
    }

    fn of_query(query: &str) -> Result<Self, RedirectError> {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match name.as_ref() {
                "state" => &mut fields.state,
                "code" => &mut fields.code,
                "error" => &mut fields.error,
                "error_description" => &mut fields.description,
                _ => continue,
            };
            // RFC 6749, section 3.1: no parameter twice.
            if field.replace(Zeroizing::new(value.into_owned())).is_some() {
                return Err(RedirectError::Repeated);
            }
        }
        Ok(fields)
    }
}

/// Whether a text begins with a scheme (RFC 3986, section 3.1).
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(inside)
}

impl<E: Environment> fmt::Debug for PendingAuthorization<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorization").finish_non_exhaustive()
    }
}

/// A code that Pleo granted, with the verifier that belongs to it. Good for one
/// [`exchange`](OAuthApp::exchange), soon (A41).
pub struct GrantedCode<E> {
    pub(super) code: Secret,
    pub(super) verifier: Secret,
    pub(super) app: String,
    environment: PhantomData<fn() -> E>,
}

impl<E> fmt::Debug for GrantedCode<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantedCode").finish_non_exhaustive()
    }
}

/// A redirect that brings no code. Nothing of the redirect is shown.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// The kept text is not an authorisation that is under way.
    #[error("what was kept is not an authorisation of this app in this environment; begin a new one")]
    NotPending,
    /// A parameter is there more than once.
    #[error("the redirect has a parameter twice, so it does not come from Pleo; begin a new authorisation")]
    Repeated,
    /// There is no `state`.
    #[error(
        "the redirect has no state, so nothing shows that it belongs to this authorisation; begin a new one"
    )]
    NoState,
    /// `state` differs (A40): the redirect belongs to another authorisation, or somebody made it up.
    #[error(
        "the redirect's state is not the one that was sent; nothing was exchanged; begin a new authorisation"
    )]
    OtherState,
    /// The user or Pleo said no.
    #[error("access was not granted{}", code.as_ref().map(|code| format!(": {code}")).unwrap_or_default())]
    Denied {
        /// The reason, where it is one of RFC 6749, section 4.1.2.1, or has the form of an identifier.
        code: Option<OAuthErrorCode>,
        /// What Pleo says about it.
        description: Option<pleo_client::Sensitive>,
    },
    /// There is neither a code nor an error (A40).
    #[error("the redirect has no code; the authorisation failed; begin a new one")]
    NoCode,
}

pleo_client::debug_by_chain!(RedirectError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = Secret::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn random_texts_are_43_unreserved_characters_and_never_the_same() {
        let texts: std::collections::BTreeSet<String> =
            (0..100).map(|_| random().unwrap().expose().to_owned()).collect();
        assert_eq!(texts.len(), 100);
        for text in texts {
            assert_eq!(text.len(), 43);
            assert!(
                text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
                "{text}"
            );
        }
    }
}
