//! What a sandbox knows of credentials.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What kind of credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A standalone API key (Z25).
    StandaloneKey,
    /// An integrated API key (A17).
    IntegratedKey,
    /// An OAuth 2.0 access token (Z30).
    AccessToken,
}

/// Whom a credential stands for (K1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One company.
    Company(Uuid),
    /// An organisation: a group of companies.
    Organization(Uuid),
}

/// Shows the URN (A63, A64).
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Company(id) => write!(f, "urn:pleo:company:{id}"),
            Self::Organization(id) => write!(f, "urn:pleo:organisation:{id}"),
        }
    }
}

/// A text that is not a URN of a company or an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a URN such as urn:pleo:company:<uuid>")]
pub struct InvalidSubject;

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(urn: &str) -> Result<Self, InvalidSubject> {
        let id = |text: &str| text.parse().map_err(|_| InvalidSubject);
        if let Some(text) = urn.strip_prefix("urn:pleo:company:") {
            id(text).map(Self::Company)
        } else if let Some(text) = urn.strip_prefix("urn:pleo:organisation:") {
            id(text).map(Self::Organization)
        } else {
            Err(InvalidSubject)
        }
    }
}

/// What a credential may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it is.
    pub kind: CredentialKind,
    /// Whom it stands for.
    pub subject: Subject,
    /// Its scopes; `None` is all of them (Z47).
    pub scopes: Option<BTreeSet<String>>,
    /// When it expires, by the sandbox's clock (A9).
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether somebody has revoked it (A14).
    pub revoked: bool,
}

impl Grant {
    /// A standalone key of a company, with all scopes, that does not expire.
    pub fn standalone_key(company: Uuid) -> Self {
        Self::of(CredentialKind::StandaloneKey, company)
    }

    /// An integrated key of a company, with all scopes, that does not expire.
    pub fn integrated_key(company: Uuid) -> Self {
        Self::of(CredentialKind::IntegratedKey, company)
    }

    /// An access token of a company, with all scopes, that does not expire.
    pub fn access_token(company: Uuid) -> Self {
        Self::of(CredentialKind::AccessToken, company)
    }

    fn of(kind: CredentialKind, company: Uuid) -> Self {
        Self { kind, subject: Subject::Company(company), scopes: None, expires_at: None, revoked: false }
    }

    /// The same with these scopes only.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self { scopes: Some(scopes.into_iter().map(Into::into).collect()), ..self }
    }

    /// The same for an organisation.
    #[must_use]
    pub fn for_organization(self, organization: Uuid) -> Self {
        Self { subject: Subject::Organization(organization), ..self }
    }
}

/// An app that is registered at the sandbox's authorisation server (A30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// Its id.
    pub client_id: String,
    /// Its secret; a public client has none.
    pub client_secret: Option<String>,
    /// Its redirect URIs, matched to the letter.
    pub redirect_uris: Vec<String>,
    /// How long its access tokens are valid, in seconds.
    pub access_token_seconds: u32,
    /// Whose data users grant it.
    pub subject: Subject,
}
