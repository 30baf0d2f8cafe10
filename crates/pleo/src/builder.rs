//! Making a client.

use std::env::VarError;

use crate::{
    AnyEnvironment, Client, CompanyId, Environment, HttpConfig, IntoCredential, InvalidCredential,
    InvalidSubject, Pace, ReqwestTransport, RetryPolicy, RetryTransport, Secret, SecretError, Session,
    StandaloneApiKey, TransportError, TransportErrorKind, UnknownEnvironment,
};

/// Makes a [`Client`] that retries and keeps to a pace.
///
/// Making one sends nothing.
///
/// ```
/// use pleo::{ClientBuilder, CompanyId, HttpConfig, StandaloneApiKey, Staging};
///
/// let company: CompanyId = "11111111-2222-4333-8444-555555555555".parse()?;
/// let client = ClientBuilder::new(StandaloneApiKey::new(Staging, "FAKE-KEY")?)
///     .company(company)
///     .http(HttpConfig::default().with_application("ledger-sync/2.1"))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder<E: Environment = AnyEnvironment> {
    session: Session<E>,
    http: Http,
    retry: RetryPolicy,
    pace: Pace,
}

#[derive(Debug)]
enum Http {
    Config(Box<HttpConfig>),
    Transport(ReqwestTransport),
}

impl ClientBuilder {
    /// The variable with an API key.
    pub const KEY: &str = "PLEO_API_KEY";
    /// The variable with the path of a file that holds an API key, read by [`Secret::from_file`].
    pub const KEY_FILE: &str = "PLEO_API_KEY_FILE";
    /// The variable with the id of a company.
    pub const COMPANY: &str = "PLEO_COMPANY_ID";

    /// A builder with what the process's environment variables say: the environment in `PLEO_ENVIRONMENT`
    /// (`production`, `staging` or the address of a sandbox), a standalone API key in `PLEO_API_KEY`, or in a file that
    /// `PLEO_API_KEY_FILE` names, and a company in `PLEO_COMPANY_ID` if it is set.
    ///
    /// # Errors
    /// When a variable is missing, or its value is not valid.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = pleo::ClientBuilder::from_env()?.build()?;
    /// for company in client.list_companies().items().all(1000).await? {
    ///     println!("{} {}", company.id, company.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_env() -> Result<Self, FromEnvError> {
        let environment = AnyEnvironment::from_env().map_err(|error| match error {
            UnknownEnvironment::NotSet => FromEnvError::NoEnvironment,
            error => FromEnvError::Environment(error),
        })?;
        let key = match (is_set(Self::KEY), is_set(Self::KEY_FILE)) {
            (true, false) => Secret::from_env(Self::KEY)?,
            (false, true) => {
                let path = std::env::var_os(Self::KEY_FILE).unwrap_or_default();
                Secret::from_file(path)?
            }
            (false, false) => return Err(FromEnvError::NoKey),
            (true, true) => return Err(FromEnvError::TwoKeys),
        };
        let builder = Self::new(StandaloneApiKey::new(environment, key)?);
        match std::env::var(Self::COMPANY) {
            Ok(company) => Ok(builder.company(company.parse::<CompanyId>().map_err(FromEnvError::Company)?)),
            Err(VarError::NotPresent) => Ok(builder),
            Err(VarError::NotUnicode(_)) => Err(FromEnvError::CompanyNotUtf8),
        }
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

impl<E: Environment> ClientBuilder<E> {
    /// A builder for clients with this credential, in the credential's environment.
    pub fn new(credential: impl IntoCredential<E>) -> Self {
        Self::with_session(Session::new(credential))
    }

    /// A builder for clients with this session.
    pub fn with_session(session: Session<E>) -> Self {
        let http = Http::Config(Box::default());
        Self { session, http, retry: RetryPolicy::default(), pace: Pace::default() }
    }

    /// Binds the client to a company: every request that takes a company gets this one (Z38, Z39).
    pub fn company(self, company: impl Into<CompanyId>) -> Self {
        Self { session: self.session.with_company(company), ..self }
    }

    /// Sets time limits, proxies, root certificates, the application's name and the limit of a response's body. The
    /// time limit is that of one attempt; the one of a whole call is
    /// [`RetryPolicy::with_total_timeout`].
    pub fn http(self, config: HttpConfig) -> Self {
        Self { http: Http::Config(Box::new(config)), ..self }
    }

    /// Sends with this transport, instead of one made of a configuration. For OAuth, make one transport, give a clone to
    /// [`OAuthApp::with_transport`](crate::oauth::OAuthApp::with_transport), and the API and the authorisation server
    /// share settings and connections.
    pub fn transport(self, transport: ReqwestTransport) -> Self {
        Self { http: Http::Transport(transport), ..self }
    }

    /// Sets the retry policy.
    pub fn retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// Sets how fast requests are sent.
    pub fn pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The client.
    ///
    /// # Errors
    /// When the TLS library finds no root certificates or no provider, or the application's name cannot be sent in a
    /// header.
    pub fn build(self) -> Result<Client<E>, TransportError> {
        let http = match self.http {
            Http::Config(config) => ReqwestTransport::with_config(*config)?,
            Http::Transport(transport) => transport,
        };
        Client::with_transport(self.session, RetryTransport::new(http, self.retry, self.pace))
            .map_err(|error| TransportError::new(TransportErrorKind::Settings, error))
    }
}

/// Why the process's environment variables do not make a client. It never shows a value.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum FromEnvError {
    /// `PLEO_ENVIRONMENT` is missing.
    #[error("PLEO_ENVIRONMENT is not set; set it to production, staging or the address of a sandbox")]
    NoEnvironment,
    /// `PLEO_ENVIRONMENT` does not name an environment.
    #[error("PLEO_ENVIRONMENT: {0}")]
    Environment(UnknownEnvironment),
    /// There is no API key.
    #[error("no API key; set PLEO_API_KEY, or PLEO_API_KEY_FILE to the path of a file that holds it")]
    NoKey,
    /// There are two API keys.
    #[error("both PLEO_API_KEY and PLEO_API_KEY_FILE are set; unset one of them")]
    TwoKeys,
    /// The API key cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The value cannot be an API key.
    #[error(transparent)]
    Credential(#[from] InvalidCredential),
    /// `PLEO_COMPANY_ID` is not a company id.
    #[error("PLEO_COMPANY_ID: {0}")]
    Company(InvalidSubject),
    /// `PLEO_COMPANY_ID` is not UTF-8.
    #[error("PLEO_COMPANY_ID is not UTF-8; set it to the id of a company")]
    CompanyNotUtf8,
}

crate::debug_by_chain!(FromEnvError);
