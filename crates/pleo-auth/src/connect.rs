//! From a credential to a connected company, in the order that Pleo's integration norms ask for.

use std::{fmt, sync::Arc};

use http::StatusCode;
use pleo_client::{
    Error, identifier,
    marketplace::types::{
        AuthMethod, CreateClientInstallationRequest, ExternalClientModel, InstallationResponse,
        InstallationStatus,
    },
};

use crate::{
    Client, CompanyId, Credential, Environment, EnvironmentMismatch, IntoCredential, InvalidSubject,
    ScopeSet, Session, Subject, session::CurrentCredential,
};

/// What Pleo says about the credential in use (A62, A63).
///
/// `Debug` shows what has the form of an [identifier](pleo_client::identifier), and no name.
#[derive(Clone)]
#[non_exhaustive]
pub struct Identity {
    /// How the request was authenticated.
    pub method: AuthMethod,
    /// The client that the credential was issued to.
    pub client_id: String,
    /// The application, where there is one.
    pub application: Option<String>,
    /// The scopes that the credential has; `None` where Pleo names none.
    pub scopes: Option<ScopeSet>,
    /// What the credential belongs to.
    pub subject: Option<Subject>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("method", &identifier(self.method.as_str()))
            .field("client_id", &identifier(&self.client_id))
            .field("scopes", &self.scopes)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl Identity {
    fn new(client: ExternalClientModel) -> Result<Self, InvalidSubject> {
        let scopes = client.scope.parse().ok().filter(|scopes: &ScopeSet| !scopes.is_empty());
        let subject = client.subject_urn.map(|urn| urn.parse()).transpose()?;
        Ok(Self {
            method: client.auth_method,
            client_id: client.client_id,
            application: client.application_name,
            scopes,
            subject,
        })
    }
}

/// What a missing installation means.
#[derive(Clone, Copy)]
enum Missing {
    IsAnError,
    IsCreated,
}

impl<E: Environment> Client<E> {
    /// Asks Pleo who the credential is (A62): a successful response proves that it is right and in its
    /// environment (Z94).
    ///
    /// # Errors
    /// Those of the call, or a subject that is neither a company nor an organisation.
    pub async fn identify(&self) -> Result<Identity, ConnectError> {
        let answer = self.introspect_authentication().send().await?.into_inner();
        Ok(Identity::new(answer.data)?)
    }

    /// Connects: proves that the credential works (N10), finds its installation (N9), and binds the client to
    /// the company that the installation names (N11, N15). It only reads. Show the company to the user before
    /// you [activate](Connection::activate) the installation (N17).
    ///
    /// # Errors
    /// Those of the calls, [`ConnectError::NotInstalled`] for an API key without an installation, and when Pleo's
    /// responses do not agree with each other or with the company that the session is bound to (N16). The
    /// client stays as it was (N13).
    pub async fn connect(&self) -> Result<Connection<E>, ConnectError> {
        self.connect_by(Missing::IsAnError).await
    }

    /// The same, except that it creates an installation for an API key that has none (N41), which is a change in Pleo.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), without [`ConnectError::NotInstalled`].
    pub async fn connect_or_install(&self) -> Result<Connection<E>, ConnectError> {
        self.connect_by(Missing::IsCreated).await
    }

    async fn connect_by(&self, missing: Missing) -> Result<Connection<E>, ConnectError> {
        let identity = self.identify().await?;
        if identity.method == AuthMethod::None {
            return Err(ConnectError::NotAuthenticated);
        }
        let bound = self.session().subject();
        // Before anything is created for a company that nobody meant.
        if let (Some(bound), Some(found)) = (bound, identity.subject) {
            agree(bound, found)?;
        }
        let current = self.session().current();
        let installation = self.installation(missing).await?;
        let installed: Subject = installation.resource.parse()?;
        if let Some(credential @ Subject::Company(_)) = identity.subject
            && credential != installed
        {
            return Err(ConnectError::Contradiction { credential, installation: installed });
        }
        if let Some(bound) = bound {
            agree(bound, installed)?;
        }
        // The company that was chosen from those of an organisation stays.
        let subject = bound.filter(|bound| bound.company().is_some()).unwrap_or(installed);
        Ok(Connection { client: self.for_subject(subject), current, subject, identity, installation })
    }

    async fn installation(&self, missing: Missing) -> Result<InstallationResponse, ConnectError> {
        match self.get_installation().send().await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(error)
                if error.status() == Some(StatusCode::NOT_FOUND)
                    && self.session().credential().method().is_api_key() =>
            {
                match missing {
                    Missing::IsAnError => Err(ConnectError::NotInstalled),
                    Missing::IsCreated => {
                        let body = CreateClientInstallationRequest::default();
                        Ok(self.create_installation(body).send().await?.into_inner())
                    }
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the session's credential in the order that Pleo asks for (N19, N20, N32): the new one is
    /// tried first, and only if it works, belongs to the company that the session is bound to and has the
    /// scopes that are needed, it replaces the old one, which is returned to be deleted in Pleo. It only reads.
    ///
    /// # Errors
    /// When anything of that fails. The session goes on with the old credential.
    pub async fn rotate(
        &self,
        credential: impl IntoCredential<E>,
        needed: &ScopeSet,
    ) -> Result<Credential<E>, RotateError> {
        let credential = credential.into_credential();
        EnvironmentMismatch::check(self.session().environment(), credential.environment())?;
        let mut trial = Session::new(credential.clone());
        if let Some(subject) = self.session().subject() {
            trial = trial.with_subject(subject);
        }
        let connection = self.with_session(trial).connect().await?;
        connection.check_scopes(needed)?;
        let scopes = self.session().scopes().and(connection.identity.scopes);
        Ok(self.session().replace(credential, scopes).credential.clone())
    }
}

/// Refuses two companies, or two organisations. A company may be one of an organisation's.
fn agree(bound: Subject, found: Subject) -> Result<(), ConnectError> {
    let comparable = bound.company().is_some() == found.company().is_some();
    if comparable && bound != found { Err(ConnectError::OtherSubject { bound, found }) } else { Ok(()) }
}

/// A credential that works, and the company or organisation that it is installed for.
pub struct Connection<E: Environment> {
    client: Client<E>,
    /// The credential that was tried.
    current: Arc<CurrentCredential<E>>,
    subject: Subject,
    identity: Identity,
    installation: InstallationResponse,
}

impl<E: Environment> Connection<E> {
    /// What the client is bound to now. Show it to the user (N17) and keep it (N12).
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The company, unless the credential is one of an organisation: then let the user choose one of
    /// `list_companies` and bind it with [`Client::for_company`] (K6).
    pub fn company(&self) -> Option<CompanyId> {
        self.subject.company()
    }

    /// Who the credential is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The installation.
    pub fn installation(&self) -> &InstallationResponse {
        &self.installation
    }

    /// Checks that the credential has the scopes that the integration needs (N20, N31). Where Pleo names
    /// no scopes, nothing can be said against it.
    ///
    /// # Errors
    /// When some are missing.
    pub fn check_scopes(&self, needed: &ScopeSet) -> Result<(), ConnectError> {
        let Some(granted) = &self.identity.scopes else { return Ok(()) };
        let missing = needed.missing_in(granted);
        if missing.is_empty() {
            Ok(())
        } else {
            Err(ConnectError::MissingScopes { missing, granted: granted.clone() })
        }
    }

    /// Has the session refuse, from now on, operations whose documented scopes the credential lacks by
    /// Pleo's own word.
    ///
    /// This is a choice and not the rule, because Pleo's pages do not agree on every scope's name (C24):
    /// where the names differ, a request would be refused that Pleo would have answered.
    #[must_use]
    pub fn with_scope_check(self) -> Self {
        self.client.session().set_scopes(Some(&self.current), self.identity.scopes.clone());
        self
    }

    /// The client, bound to [`subject`](Self::subject), without activating the installation.
    pub fn into_client(self) -> Client<E> {
        self.client
    }

    /// Activates the installation, unless it is active already, and hands out the client. Without
    /// success there is no client (N13), but it may be tried again (N14).
    ///
    /// # Errors
    /// Those of the call, and when the installation is not active afterwards.
    pub async fn activate(&self) -> Result<Client<E>, ConnectError> {
        if self.installation.status == InstallationStatus::Activated {
            return Ok(self.client.clone());
        }
        let installation = self.client.activate_installation().send().await?.into_inner();
        if installation.status == InstallationStatus::Activated {
            Ok(self.client.clone())
        } else {
            Err(ConnectError::NotActive { status: FromResponse::new(installation.status) })
        }
    }
}

impl<E: Environment> fmt::Debug for Connection<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("client", &self.client)
            .field("subject", &self.subject)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// A value that came with a response. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct FromResponse<T>(T);

impl<T> FromResponse<T> {
    fn new(value: T) -> Self {
        Self(value)
    }

    /// The value.
    pub fn get(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for FromResponse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromResponse(not shown)")
    }
}

/// Why a credential could not be connected.
///
/// `Display` and `Debug` show nothing of a response, except what has the form of an
/// [identifier](pleo_client::identifier).
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A call failed. [`advice::explain`](crate::advice::explain) has the usual causes.
    #[error(transparent)]
    Call(Error),
    /// Pleo answered, but without having seen a credential.
    #[error("Pleo saw no credential; a proxy may be stripping the Authorization header")]
    NotAuthenticated,
    /// The API key works, but has no installation yet (N41).
    #[error("the API key has no installation; create one with `connect_or_install`")]
    NotInstalled,
    /// Pleo names neither a company nor an organisation.
    #[error("Pleo's response does not say what the credential belongs to")]
    Subject(#[from] InvalidSubject),
    /// The credential and its installation belong to different companies.
    #[error(
        "the credential belongs to {credential}, but its installation is for {installation}; ask Pleo which is right"
    )]
    Contradiction {
        /// By `/v1/introspect`.
        credential: Subject,
        /// By `/v1/installations/me`.
        installation: Subject,
    },
    /// The credential belongs to a company other than the one that the session is bound to (N16).
    #[error("the credential belongs to {found}, but {bound} is expected; use a credential of that company")]
    OtherSubject {
        /// What the session is bound to.
        bound: Subject,
        /// What the credential belongs to.
        found: Subject,
    },
    /// The credential lacks scopes (N20, N31).
    #[error(
        "the credential lacks the scopes \"{}\" and has only \"{}\"; make one with those scopes",
        missing.shown(), granted.shown()
    )]
    MissingScopes {
        /// What is missing.
        missing: ScopeSet,
        /// What it has.
        granted: ScopeSet,
    },
    /// The installation did not become active.
    #[error(
        "the installation is not active, its status is {}; replace the credential and try again, or ask Pleo",
        identifier(status.get().as_str()).unwrap_or("not one that can be shown")
    )]
    NotActive {
        /// Its status. A value that Pleo's documents do not list may be any text.
        status: FromResponse<InstallationStatus>,
    },
}

pleo_client::debug_by_chain!(ConnectError);

impl ConnectError {
    /// The call that failed, for [`advice::explain`](crate::advice::explain) and
    /// [`RequestRefused::of`](crate::RequestRefused::of).
    pub fn call(&self) -> Option<&Error> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// Why a credential was not changed. The session goes on with the old one.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The new credential belongs to another environment.
    #[error(transparent)]
    Environment(#[from] EnvironmentMismatch),
    /// The new credential could not be connected, or not to the same company with the scopes needed.
    #[error("the new credential was tried and not taken")]
    Trial(#[from] ConnectError),
}

pleo_client::debug_by_chain!(RotateError);
