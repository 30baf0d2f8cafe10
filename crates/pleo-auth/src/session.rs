//! Sessions: a credential with the company it works for and the scopes it has.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use http::{HeaderValue, Uri, header};
use pleo_client::{Authorization, Authorize, Operation, Refusal, Request};

use crate::{
    AnyEnvironment, CompanyId, Credential, Environment, IntoCredential, OrganizationId, RequestRefused,
    Scope, ScopeSet, Subject, company_binding, oauth::TokenVersion,
};

/// A credential with the company it works for and, where known, the scopes it has.
///
/// It authorises requests: each is checked and then gets the credential, or is refused with a
/// [`RequestRefused`]. It is cheap to clone. Clones share the credential, so one
/// [`replace_credential`](Self::replace_credential) reaches all of them, while each keeps its own
/// company.
///
/// ```
/// use pleo_auth::{CompanyId, Session, StandaloneApiKey, Staging};
///
/// let key = StandaloneApiKey::new(Staging, "FAKE-KEY")?;
/// let company: CompanyId = "11111111-2222-4333-8444-555555555555".parse()?;
/// let session = Session::new(key).with_company(company);
/// assert_eq!(session.subject(), Some(company.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Session<E: Environment = AnyEnvironment> {
    shared: Arc<SharedCredential<E>>,
    subject: Option<Subject>,
}

/// What clones of a session share.
struct SharedCredential<E: Environment> {
    environment: E,
    current: RwLock<Arc<CurrentCredential<E>>>,
}

/// A credential and what is known of it, replaced as one.
#[derive(Debug)]
pub(crate) struct CurrentCredential<E: Environment> {
    pub(crate) credential: Credential<E>,
    scopes: Option<ScopeSet>,
}

impl<E: Environment> Session<E> {
    /// A session in the credential's environment, bound to no company, with scopes unknown.
    pub fn new(credential: impl IntoCredential<E>) -> Self {
        let credential = credential.into_credential();
        let environment = credential.environment().clone();
        let current = RwLock::new(Arc::new(CurrentCredential { credential, scopes: None }));
        Self { shared: Arc::new(SharedCredential { environment, current }), subject: None }
    }

    /// The session bound to a company (Z38, Z39). Every operation that takes a company in its query or
    /// body gets this one. A request that names another company, in its path, query or body, is refused, and
    /// so is one that names anything wider: an organisation or a partner.
    #[must_use]
    pub fn with_company(self, company: impl Into<CompanyId>) -> Self {
        self.with_subject(company.into().into())
    }

    /// The session bound to an organisation, for discovery (K4). Operations that take an organisation
    /// get this one, unless the request names a company; operations that need a company need it in the
    /// request.
    #[must_use]
    pub fn with_organization(self, organization: impl Into<OrganizationId>) -> Self {
        self.with_subject(organization.into().into())
    }

    /// The session bound to a company or an organisation.
    #[must_use]
    pub fn with_subject(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// The session with the scopes that its credential is known to have (Z46). From now on operations
    /// that are known to need others are refused. Clones share it, as they share the credential.
    #[must_use]
    pub fn with_scopes(self, scopes: ScopeSet) -> Self {
        self.set_scopes(None, Some(scopes));
        self
    }

    /// Changes what is known of the scopes, and nothing else; only of this credential, if one is given.
    pub(crate) fn set_scopes(&self, of: Option<&Arc<CurrentCredential<E>>>, scopes: Option<ScopeSet>) {
        let mut current = self.shared.current.write().unwrap_or_else(PoisonError::into_inner);
        if of.is_none_or(|of| Arc::ptr_eq(of, &current)) {
            *current = Arc::new(CurrentCredential { credential: current.credential.clone(), scopes });
        }
    }

    /// The environment.
    pub fn environment(&self) -> &E {
        &self.shared.environment
    }

    /// The company or organisation that the session is bound to.
    pub fn subject(&self) -> Option<Subject> {
        self.subject
    }

    /// The scopes that the credential is known to have.
    pub fn scopes(&self) -> Option<ScopeSet> {
        self.current().scopes.clone()
    }

    /// The credential in use.
    pub fn credential(&self) -> Credential<E> {
        self.current().credential.clone()
    }

    /// Replaces the current credential, which is returned (Z55). Scopes are
    /// unknown again.
    ///
    /// Calls that have begun end with the credential they began with; later ones use the new one.
    /// [`Client::rotate`](crate::Client::rotate) tries the new credential before it takes it.
    ///
    /// # Errors
    /// When the new credential belongs to another environment, which can happen only where the
    /// environment is chosen at run time, or between two sandboxes (Z10).
    pub fn replace_credential(
        &self,
        credential: impl IntoCredential<E>,
    ) -> Result<Credential<E>, EnvironmentMismatch> {
        let credential = credential.into_credential();
        EnvironmentMismatch::check(self.environment(), credential.environment())?;
        Ok(self.replace(credential, None).credential.clone())
    }

    /// Replaces credential and scopes at once and returns what was there.
    pub(crate) fn replace(
        &self,
        credential: Credential<E>,
        scopes: Option<ScopeSet>,
    ) -> Arc<CurrentCredential<E>> {
        let current = Arc::new(CurrentCredential { credential, scopes });
        let mut shared = self.shared.current.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut shared, current)
    }

    pub(crate) fn current(&self) -> Arc<CurrentCredential<E>> {
        self.lock().clone()
    }

    /// The current credential, which nobody replaces meanwhile. The lock must be released before foreign
    /// code runs; of ours, the longest that runs under it is finding the company in a body.
    pub(crate) fn lock(&self) -> RwLockReadGuard<'_, Arc<CurrentCredential<E>>> {
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is checked before the credential is attached, except for an existing one.
    #[inline]
    fn check(&self, current: &CurrentCredential<E>, request: &mut Request) -> Result<(), RequestRefused> {
        check_destination(&self.shared.environment, request)?;
        check_scopes(current.scopes.as_ref(), request)?;
        company_binding::bind(request, self.subject)
    }

    /// Checks a request and attaches a credential of this session.
    pub(crate) fn check_and_attach(
        &self,
        current: &CurrentCredential<E>,
        request: &mut Request,
        header: &HeaderValue,
    ) -> Result<(), Refusal> {
        self.check(current, request)?;
        attach(request, header.clone())?;
        Ok(())
    }

    /// Authorises a request with a credential of this session. `sent` is told which token goes out.
    pub(crate) fn authorize_with<'a>(
        &self,
        current: &CurrentCredential<E>,
        request: &'a mut Request,
        sent: impl FnOnce(TokenVersion) + Send + 'a,
    ) -> Authorization<'a> {
        let token = match current.credential.header() {
            Ok(header) => return Authorization::Ready(self.check_and_attach(current, request, header)),
            Err(token) => token,
        };
        let mut checked = self.check(current, request);
        // Found when a credential is attached, but no token is renewed for a request that is refused.
        if request.headers().contains_key(header::AUTHORIZATION) {
            checked = checked.and(Err(RequestRefused::AlreadyAuthorized));
        }
        if let Err(refused) = checked {
            return Authorization::Ready(Err(refused.into()));
        }
        if let Some((header, version)) = token.ready() {
            sent(version);
            return Authorization::Ready(attach(request, header).map_err(Refusal::from));
        }
        let token = token.clone();
        Authorization::Pending(Box::pin(async move {
            let (header, version) =
                token.renewed().await.map_err(|error| Refusal::from(RequestRefused::Token(error)))?;
            sent(version);
            Ok(attach(request, header)?)
        }))
    }
}

/// Attaches a credential. A request that has one already is refused, and has none afterwards. The
/// request's headers have room for one more, so nothing is allocated.
#[inline]
fn attach(request: &mut Request, header: HeaderValue) -> Result<(), RequestRefused> {
    let headers = request.headers_mut();
    match headers.insert(header::AUTHORIZATION, header) {
        None => Ok(()),
        Some(_) => {
            headers.remove(header::AUTHORIZATION);
            Err(RequestRefused::AlreadyAuthorized)
        }
    }
}

/// Compares the URL as it will be sent with the environment's base URL, letter by letter: scheme, host
/// and port, up to the slash that ends them. There is no second parser to disagree with; an address
/// that is spelled differently is refused, even where it would mean the same.
fn check_destination<E: Environment>(environment: &E, request: &Request) -> Result<(), RequestRefused> {
    let expected = environment.base_url();
    if request.url().strip_prefix(expected).is_some_and(|rest| rest.starts_with('/')) {
        Ok(())
    } else {
        Err(other_destination(expected, request))
    }
}

#[cold]
fn other_destination(expected: &str, request: &Request) -> RequestRefused {
    let found = request.url().parse().ok().and_then(|uri: Uri| {
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{}{port}", uri.scheme_str()?, uri.host()?))
    });
    let found = found.unwrap_or_else(|| "an address that is not a URL".to_owned());
    RequestRefused::OtherDestination { found, expected: expected.to_owned() }
}

#[inline]
fn check_scopes(granted: Option<&ScopeSet>, request: &Request) -> Result<(), RequestRefused> {
    match (granted, request.operation().scopes) {
        (Some(granted), Some(needed)) if !needed.iter().all(|scope| granted.contains(scope)) => {
            Err(missing_scopes(request.operation(), granted, needed))
        }
        _ => Ok(()),
    }
}

#[cold]
fn missing_scopes(operation: &Operation, granted: &ScopeSet, needed: &[&str]) -> RequestRefused {
    let missing =
        needed.iter().filter(|scope| !granted.contains(scope)).filter_map(|scope| Scope::new(scope).ok());
    RequestRefused::MissingScopes {
        operation: operation.id,
        missing: missing.collect(),
        granted: granted.clone(),
    }
}

/// For transports and clients of your own. Alone it neither sees a 401 nor holds a call with several
/// attempts to one credential: that is what [`Client`](crate::Client) adds.
impl<E: Environment> Authorize for Session<E> {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        self.authorize_with(&self.current(), request, |_| {})
    }
}

impl<E: Environment> Clone for Session<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), subject: self.subject }
    }
}

impl<E: Environment> std::fmt::Debug for Session<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let current = self.current();
        f.debug_struct("Session")
            .field("credential", &current.credential)
            .field("scopes", &current.scopes)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// A credential of an environment other than the session's (Z7 to Z10).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the session is in {session}, and the credential belongs to {credential}; a credential works only \
     where it was made, so make one in {session}"
)]
#[non_exhaustive]
pub struct EnvironmentMismatch {
    /// The session's environment.
    pub session: String,
    /// The credential's environment.
    pub credential: String,
}

pleo_client::debug_by_chain!(EnvironmentMismatch);

impl EnvironmentMismatch {
    pub(crate) fn check<E: Environment>(session: &E, credential: &E) -> Result<(), Self> {
        if session == credential {
            return Ok(());
        }
        Err(Self { session: session.to_string(), credential: credential.to_string() })
    }
}
