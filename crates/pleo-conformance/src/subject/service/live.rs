//! A live service.

use std::{env, io, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use pleo::{AnyEnvironment, Environment as _, Secret, SecretError};
use pleo_sandbox::OAuthClient;
use uuid::Uuid;

use super::{Service, Wanted, http_client::Http};

/// The most requests that a live service gets in one run.
pub const LIVE_REQUESTS: u32 = 30;

/// A live service, which gets at most [`LIVE_REQUESTS`] requests, all of them
/// `GET /v1/introspect`.
pub struct LiveService {
    http: Http,
    key: Option<Secret>,
    token: Option<Secret>,
    left: u32,
}

/// Why a live service cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The address is not one of Pleo's, and not on this machine. It is not shown: it may hold a credential.
    #[error(
        "the service is neither one of Pleo's base URLs nor an address of this machine; nothing was sent"
    )]
    Address,
    /// Nothing says which environment the credentials are for (Z10).
    #[error(
        "PLEO_ENVIRONMENT does not say which environment the credentials are for; nothing was sent; set it to {service} if they are for that one"
    )]
    NoEnvironment {
        /// The service's environment.
        service: String,
    },
    /// The credentials are for another environment (Z10).
    #[error("PLEO_ENVIRONMENT says that the credentials are not for {service}; nothing was sent")]
    OtherEnvironment {
        /// The service's environment.
        service: String,
    },
    /// A variable holds something other than a credential.
    #[error("{variable}: {source}; nothing was sent")]
    Credential {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        source: SecretError,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Http(#[from] io::Error),
}

impl LiveService {
    /// The service at this address, with the key in `PLEO_API_KEY` and the token in `PLEO_ACCESS_TOKEN`,
    /// where they are set.
    ///
    /// # Errors
    /// When the address is not one that credentials may be sent to, `PLEO_ENVIRONMENT` does not say that they are
    /// for it, or a variable cannot be read.
    pub fn from_env(base_url: &str, timeout: Duration) -> Result<Self, LiveError> {
        let environment = target(base_url)?;
        let secret = |variable: &'static str| match env::var_os(variable) {
            None => Ok(None),
            Some(_) => match Secret::from_env(variable) {
                Ok(secret) => Ok(Some(secret)),
                Err(source) => Err(LiveError::Credential { variable, source }),
            },
        };
        let (key, token) = (secret("PLEO_API_KEY")?, secret("PLEO_ACCESS_TOKEN")?);
        if key.is_some() || token.is_some() {
            check_environment(&environment)?;
        }
        Ok(Self {
            key,
            token,
            http: Http::new(environment.base_url().to_owned(), timeout)?,
            left: LIVE_REQUESTS,
        })
    }
}

/// What is bound to one environment is not sent to another, by this suite least of all.
fn check_environment(environment: &AnyEnvironment) -> Result<(), LiveError> {
    let service = environment.to_string();
    match env::var("PLEO_ENVIRONMENT").map(|bound| bound.parse::<AnyEnvironment>()) {
        Ok(Ok(bound)) if bound == *environment => Ok(()),
        Ok(Ok(_)) => Err(LiveError::OtherEnvironment { service }),
        Ok(Err(_)) | Err(_) => Err(LiveError::NoEnvironment { service }),
    }
}

impl Service for LiveService {
    fn name_and_version(&self) -> (String, String) {
        (self.http.base_url.clone(), String::new())
    }

    fn answer(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return Err(format!("it has got {LIVE_REQUESTS} requests, which is enough")),
        }
        self.http.send(request)
    }

    fn credential(&mut self, wanted: &Wanted) -> Option<String> {
        match wanted {
            Wanted::Key => self.key.as_ref().map(|key| key.expose().to_owned()),
            Wanted::Token => self.token.as_ref().map(|token| token.expose().to_owned()),
            Wanted::Unknown => Some("FAKE-00000000-credential".to_owned()),
            _ => None,
        }
    }

    fn register(&mut self, _: OAuthClient) -> bool {
        false
    }

    fn companies(&self) -> Vec<Uuid> {
        Vec::new()
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// The environment that a base URL belongs to.
pub(crate) fn target(base_url: &str) -> Result<AnyEnvironment, LiveError> {
    base_url.parse().map_err(|_| LiveError::Address)
}
