//! The operation catalogue's entry.

use http::{Method, StatusCode};

use super::TransportErrorKind;

/// The parameters that say where a page is read: after a cursor, before one, or from a position.
pub(super) const AFTER: &str = "after";
pub(super) const BEFORE: &str = "before";
pub(super) const OFFSET: &str = "offset";

/// What is known of one operation of the External API.
///
/// Authorisation, transports, tools and tests all read it; nobody keeps a second list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The name of the client's method, such as `list_export_jobs_v3`.
    pub id: &'static str,
    /// Pleo's own `operationId`, such as `getExportJobsListV3`.
    pub pleo_id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path template below the base URL, such as `/v3/export-jobs/{jobId}`.
    pub path: &'static str,
    /// The API family, such as `export`.
    pub family: &'static str,
    /// The title of the document that describes it, such as `Export API`.
    pub api: &'static str,
    /// What it does, in one or two sentences.
    pub description: &'static str,
    /// Whether Pleo has deprecated it.
    pub deprecated: bool,
    /// The operation to use instead of a deprecated one.
    pub superseded_by: Option<&'static str>,
    /// Whether Pleo leaves it out of its documentation site.
    pub unlisted: bool,
    /// Its path, query and header parameters, in the order of the document.
    pub parameters: &'static [Parameter],
    /// Its request body, if it takes one.
    pub request_body: Option<RequestBody>,
    /// Where the company goes.
    pub company: CompanyLocation,
    /// The query parameter that names the organisation, if it takes one.
    pub organization: Option<&'static str>,
    /// The scopes that a credential needs (Z47); `None` where the documents do not tell.
    pub scopes: Option<&'static [&'static str]>,
    /// The authentication schemes that its document declares.
    pub security: &'static [SecurityScheme],
    /// What repeating it may do.
    pub safety: Safety,
    /// Whether a success carries a JSON body.
    pub responds_with_json: bool,
    /// The error statuses that its document describes.
    pub errors: &'static [u16],
    /// Pleo's page about it, or the index of all pages where the page is not known.
    pub documentation: &'static str,
}

impl Operation {
    /// Whether the path names something that may not exist. If it does not, a 404 is about access.
    pub fn names_something(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.location == ParameterLocation::Path)
    }

    /// Whether it returns a list in pages, each read after the cursor of the one before.
    pub fn is_paged(&self) -> bool {
        let is_cursor = |parameter: &Parameter| {
            parameter.name == AFTER && parameter.location == ParameterLocation::Query && !parameter.required
        };
        self.responds_with_json && self.parameters.iter().any(is_cursor)
    }

    /// Whether the operation may be sent again after a response of this status, which says that the service
    /// could not take it now: 408, 429, 502, 503 and 504 for what is [safe or idempotent](Safety), and 500 for
    /// what is safe.
    pub fn may_retry_status(&self, status: StatusCode) -> bool {
        match status {
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => self.safety != Safety::Neither,
            StatusCode::INTERNAL_SERVER_ERROR => self.safety == Safety::Safe,
            _ => false,
        }
    }

    /// Whether the operation may be sent again after this failure: any operation where nothing was sent, and
    /// what is [safe or idempotent](Safety) where nobody knows whether it arrived.
    pub fn may_retry_failure(&self, failure: TransportErrorKind) -> bool {
        match failure {
            TransportErrorKind::Settings | TransportErrorKind::Request => false,
            TransportErrorKind::NotSent | TransportErrorKind::Connect => true,
            TransportErrorKind::Timeout | TransportErrorKind::Connection | TransportErrorKind::Body => {
                self.safety != Safety::Neither
            }
        }
    }
}

/// A parameter of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// The name on the wire.
    pub name: &'static str,
    /// Where it goes.
    pub location: ParameterLocation,
    /// Whether the operation needs it.
    pub required: bool,
    /// Whether it may be given several times.
    pub list: bool,
}

impl Parameter {
    /// A path parameter; those are always required.
    pub const fn path(name: &'static str) -> Self {
        Self { name, location: ParameterLocation::Path, required: true, list: false }
    }

    /// An optional query parameter.
    pub const fn query(name: &'static str) -> Self {
        Self { name, location: ParameterLocation::Query, required: false, list: false }
    }

    /// An optional header.
    pub const fn header(name: &'static str) -> Self {
        Self { name, location: ParameterLocation::Header, required: false, list: false }
    }

    /// The same, required.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, to be given any number of times.
    pub const fn list(self) -> Self {
        Self { list: true, ..self }
    }
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterLocation {
    /// A segment of the path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
}

/// The request body of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestBody {
    /// Whether the operation needs it.
    pub required: bool,
    /// The media type that the document gives, sent as `Content-Type`.
    pub media_type: &'static str,
}

/// Where an operation takes the company that it works on (Z38, Z39).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompanyLocation {
    /// Nowhere: the path says what is meant, or the credential does.
    Nowhere,
    /// A query parameter.
    Query {
        /// Its name on the wire: `company_id` or `companyId`.
        name: &'static str,
        /// Whether the document requires it.
        required: bool,
    },
    /// A member of the JSON body.
    Body {
        /// Its name: `companyId`.
        name: &'static str,
        /// Whether the document requires it.
        required: bool,
    },
}

impl CompanyLocation {
    /// The query parameter's name, where it is one.
    pub(crate) fn query_name(self) -> Option<&'static str> {
        match self {
            Self::Query { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// What sending an operation twice may do (RFC 9110, section 9.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safety {
    /// It only reads.
    Safe,
    /// Repeating the request has no further effect.
    Idempotent,
    /// Repeating the request may do it again.
    Neither,
}

/// An authentication scheme of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecurityScheme {
    /// HTTP Basic: an API key as user name with an empty password (Z25 to Z27).
    Basic,
    /// HTTP Bearer: an OAuth 2.0 access token (Z30).
    Bearer,
}
