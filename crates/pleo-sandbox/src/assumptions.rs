//! What Pleo does not document, and what the sandbox does there.

/// Something that Pleo does not document, and what the sandbox does there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumption {
    /// A name that stays.
    pub id: &'static str,
    /// What is not documented.
    pub about: &'static str,
    /// What the sandbox does.
    pub behaviour: &'static str,
    /// Why so.
    pub basis: &'static str,
}

const fn row(
    id: &'static str,
    about: &'static str,
    behaviour: &'static str,
    basis: &'static str,
) -> Assumption {
    Assumption { id, about, behaviour, basis }
}

/// All assumptions. The README shows this table.
pub const ASSUMPTIONS: &[Assumption] = &[
    row(
        "refused-credential",
        "what a refused credential gets",
        "401 with `type` and `message`, and a `WWW-Authenticate` header; the text says which mistake it was",
        "E2, RFC 9110",
    ),
    row(
        "credential-in-url",
        "what a credential in the URL gets",
        "401, whatever else the request carries",
        "N28",
    ),
    row(
        "legacy-token",
        "what a legacy token gets",
        "404 on every path of the API, in both schemes",
        "field notes",
    ),
    row(
        "both-schemes",
        "whether operations that declare Bearer only take API keys",
        "they do",
        "Z34 against C20",
    ),
    row(
        "error-types",
        "the `type` of errors",
        "`ACCESS_DENIED` in capitals as seen, all others in lower snake case as in the list",
        "E19, C21, field notes",
    ),
    row(
        "order-of-checks",
        "what is looked at first",
        "credential, limit, path, method, scopes, media type, company, parameters, body",
        "free choice",
    ),
    row(
        "missing-company",
        "what a request without a company gets",
        "400 where the document requires one, where a company or an organisation is required, and on all tag \
         operations that take one; also on operations with an optional one if the credential is an \
         organisation's, apart from employees and installations",
        "K2, K12 to K16, K25, field notes",
    ),
    row(
        "other-company",
        "what another company's id gets",
        "403 `ACCESS_DENIED`, in path, query and body",
        "E3, field notes",
    ),
    row(
        "company-everywhere",
        "`company_id` in the query of an operation that takes none there",
        "has to be reachable, and is ignored otherwise",
        "Z40 against Z39",
    ),
    row(
        "company-and-organization",
        "an organisation beside a company, a company's credential that names an organisation, any `partner_id`",
        "the company wins; without one, a credential reaches its own organisation only: 403",
        "K3, K14, K25",
    ),
    row(
        "unknown-parameter",
        "what an unknown query parameter gets",
        "400, so that a misspelling shows",
        "free choice",
    ),
    row(
        "unknown-member",
        "an unknown member of a body",
        "is ignored, as the schemas allow it; a member that is there twice gets 400",
        "RFC 8259",
    ),
    row("media-type", "what another media type gets", "415", "RFC 9110"),
    row(
        "scopes",
        "scopes of operations for which no page names any",
        "none is needed; a missing one that a page names gets 403 `ACCESS_DENIED`",
        "E3, field notes",
    ),
    row(
        "limit",
        "whose limit it is, and what exceeding it gets",
        "600 accepted requests of one credential within any 60 seconds, then 429 with `Retry-After` in seconds",
        "E20, E24",
    ),
    row(
        "oauth-errors",
        "the authorisation server's errors",
        "those of RFC 6749; of a dead refresh token `invalid_grant` with `invalid_refresh_token` in the text",
        "A42, field notes",
    ),
    row(
        "oauth-consent",
        "what the user says",
        "yes, at once, to the scopes that were asked for",
        "free choice",
    ),
    row("oauth-pkce", "whether PKCE is required of confidential clients", "of all clients", "A26, C5"),
    row("oauth-state", "whether `state` is required", "no; it is sent back if it was there", "C6"),
    row(
        "oauth-client-authentication",
        "how a client authenticates itself",
        "by `client_secret_basic` or in the body, not by both; introspection is for clients with a secret",
        "A28, A43, A58, C4",
    ),
    row("oauth-code", "how long a code is valid", "60 seconds, for one attempt", "A41"),
    row(
        "oauth-refresh-life",
        "how long a refresh token is valid",
        "60 days, the least that is promised",
        "A46",
    ),
    row(
        "oauth-rotation",
        "what happens to the old pair",
        "both tokens end with the refresh; a dead refresh token ends the live one of its authorisation, and \
         leaves the access token to its expiry",
        "A47, A48, C23",
    ),
    row(
        "installation",
        "whose an installation is, and how it begins",
        "one for each app or key and subject; with a token it is there, `AUTHORIZED`, with a key it is to be \
         created, `PENDING_INTEGRATION`, and a second creation gets 400",
        "N41, N42",
    ),
    row(
        "introspected-scopes",
        "the scopes of a credential that has all",
        "introspection lists those that the documents name",
        "A63",
    ),
];
