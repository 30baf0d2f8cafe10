//! Why a request may not leave.

use pleo_client::{Error, Refusal};

use crate::{CompanyId, OrganizationId, ScopeSet, oauth::TokenError};

/// Why a [`Session`](crate::Session) refused a request, which was not sent then. (A transport that tries
/// several times may have sent it before.)
///
/// It arrives as [`pleo_client::Error::Refused`]; [`RequestRefused::of`] gets it out:
///
/// ```
/// use pleo_auth::RequestRefused;
///
/// fn report(error: &pleo_auth::pleo_client::Error) {
///     match RequestRefused::of(error) {
///         Some(RequestRefused::MissingScopes { missing, .. }) => eprintln!("ask for a key with {missing}"),
///         Some(refused) => eprintln!("{refused}"),
///         None => eprintln!("{error}"),
///     }
/// }
/// ```
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RequestRefused {
    /// The request goes elsewhere than to the credential's environment (Z1, Z7 to Z10, Z17, Z18).
    #[error(
        "the request goes to {found}, but the credential belongs to {expected} alone; use a credential \
         made for that address, or pleo_auth::Client, which puts the right one in front of every path"
    )]
    OtherDestination {
        /// Scheme, host and port that the request goes to.
        found: String,
        /// The base URL of the credential's environment.
        expected: String,
    },
    /// Something else has set the `Authorization` header. Two credentials in one request are one too many
    /// (Z29).
    #[error("the request has an Authorization header already; leave authentication to the session")]
    AlreadyAuthorized,
    /// The operation needs a company (or organisation), and neither request nor session names one (Z39).
    #[error(
        "{operation} needs to know the company; bind the session with `with_company`, \
         or give the operation its company id"
    )]
    CompanyNeeded {
        /// The operation.
        operation: &'static str,
    },
    /// The request names a company other than the one that the session is bound to, in its path, query or body (Z39,
    /// N15).
    #[error(
        "the request is for company {requested}, but the session is bound to {bound}; \
         use a session of that company (`with_company`) or leave the company out of the request"
    )]
    OtherCompany {
        /// The session's company.
        bound: CompanyId,
        /// The request's company.
        requested: CompanyId,
    },
    /// What the request has as its company is not a company id (Z38). It is not shown.
    #[error(
        "the request has something that is not a company id as its {member}, while the session is bound to \
         {bound}; leave it out of the request"
    )]
    NoCompanyId {
        /// The session's company.
        bound: CompanyId,
        /// The name of the parameter or member.
        member: &'static str,
    },
    /// The request names the company more than once, and a request is for exactly one (K2).
    #[error("the request has {member} {times} times; one request is for one company")]
    SeveralCompanies {
        /// The name of the parameter or member.
        member: &'static str,
        /// How often it is there.
        times: usize,
    },
    /// The request is for something wider than the company that the session is bound to (K2, N15).
    #[error(
        "the request names its scope by {parameter}, but the session is bound to company {bound}; \
         leave it out, or use a session that is not bound to a company"
    )]
    WiderThanCompany {
        /// The session's company.
        bound: CompanyId,
        /// The parameter that the request has instead of the company.
        parameter: &'static str,
    },
    /// The request names an organisation other than the one that the session is bound to (K1, K4).
    #[error(
        "the request is for an organisation other than {bound}, which the session is bound to; \
         use a session of that organisation or leave it out of the request"
    )]
    OtherOrganization {
        /// The session's organisation.
        bound: OrganizationId,
        /// The request's organisation, if it is one.
        requested: Option<OrganizationId>,
    },
    /// The company goes into the request's body, and that is not a JSON object (K19, K22, K24).
    #[error("{operation} takes the company in its body, but the body is not a JSON object")]
    UnreadableBody {
        /// The operation.
        operation: &'static str,
    },
    /// The credential lacks scopes that the operation needs (Z47).
    #[error(
        "{operation} needs the scopes \"{}\", and the credential has only \"{}\"; \
         make a key, or authorise the app, with those scopes", missing.shown(), granted.shown()
    )]
    MissingScopes {
        /// The operation.
        operation: &'static str,
        /// What is missing.
        missing: ScopeSet,
        /// What the credential has.
        granted: ScopeSet,
    },
    /// There is no access token to send (A54, A55).
    #[error(transparent)]
    Token(#[from] TokenError),
}

pleo_client::debug_by_chain!(RequestRefused);

impl RequestRefused {
    /// The refusal that an error carries, if a session refused the request.
    pub fn of(error: &Error) -> Option<&Self> {
        match error {
            Error::Refused { refusal, .. } => refusal.downcast_ref(),
            _ => None,
        }
    }
}

impl From<RequestRefused> for Refusal {
    fn from(refused: RequestRefused) -> Self {
        Self::new(refused)
    }
}
