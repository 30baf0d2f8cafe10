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
        "`ACCESS_DENIED` and `INVALID_EXPORT_JOB_STATUS_CHANGE` in capitals as seen, all others in lower snake \
         case as in the list",
        "E12, E19, C21, field notes",
    ),
    row(
        "order-of-checks",
        "what is looked at first",
        "credential, limit, path, method, scopes, media type, company, parameters, body",
        "free choice",
    ),
    row(
        "other-methods",
        "what a method gets that the path does not have, HEAD and OPTIONS among them",
        "405 with `Allow`",
        "RFC 9110",
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
        "repeated-parameter",
        "a parameter that takes one value and is there more than once",
        "400, so that nobody relies on the first or the last",
        "free choice",
    ),
    row(
        "unknown-member",
        "an unknown member of a body",
        "is ignored, as the schemas allow it; a member that is there twice gets 400",
        "RFC 8259",
    ),
    row(
        "missing-body",
        "a missing body that the documents leave optional, of a request that would make no sense without",
        "400",
        "free choice",
    ),
    row("media-type", "what another media type gets", "415", "RFC 9110"),
    row(
        "exact-integers",
        "integers that are written with a fraction of 0, an exponent or too many digits",
        "are integers below 2^53; others get 400",
        "RFC 8259",
    ),
    row(
        "fitting",
        "what a document allows a request to say and no response to show, such as a currency of one letter",
        "400, and nothing changes",
        "free choice",
    ),
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
    row("success-status", "the status of a success that the document calls default", "200", "E11"),
    row(
        "absent",
        "what another company's thing gets that is named by its id",
        "404, the same as what does not exist; so does what belongs to another thing than the path names",
        "K2",
    ),
    row(
        "page-size",
        "the page size where the document names none",
        "20; at most 100, a larger one is cut; 0 gives an empty page",
        "P7, E27",
    ),
    row(
        "negative-page",
        "a negative `limit` or `offset` where the document names no least value",
        "400",
        "free choice",
    ),
    row(
        "page-direction",
        "what `before` and `after` mean",
        "`after` reads on and `before` reads back, both in the order of the list",
        "P3, C22",
    ),
    row(
        "cursor",
        "how long a cursor is good",
        "as long as the sorting keys are the same, even if its thing is deleted; others get 400",
        "free choice",
    ),
    row(
        "sorting",
        "the order without sorting keys, what can be sorted by, and where `null` goes",
        "by id; by any member that is not an object or a list, and receipts by `size`, others get 400, and so do orders \
         that are more or fewer than the keys; last in `ASC`, first in `DESC`",
        "P5, P8, field notes",
    ),
    row("empty-filter", "a filter that is an empty list", "lets everything pass", "free choice"),
    row(
        "update",
        "what an update does that leaves members out",
        "it replaces: they are gone; only installations keep their metadata, and items of an export what they had; \
         nothing moves to another company",
        "K2",
    ),
    row(
        "known-tag",
        "when a tag gets 409",
        "when another one of its group has the code",
        "the document's 409",
    ),
    row(
        "several-tags",
        "tags of which one does not exist, to be deleted or archived at once, and how many may be",
        "404, and nothing happens; 1 to 100, otherwise 400",
        "free choice",
    ),
    row(
        "known-dimension-value",
        "a second value of a tag in one dimension",
        "409 `dimension_value_already_exists`",
        "free choice",
    ),
    row(
        "known-account",
        "when an account gets 409, or 200 instead of 201",
        "409 if the company has its external id; 200 never",
        "E18",
    ),
    row(
        "account-in-use",
        "when deleting an account gets 409",
        "when accounting entries are booked to it",
        "the document's 409",
    ),
    row(
        "known-vendor",
        "when a vendor exists, and the state of a new one",
        "when another one of the company has its name or external id; `DRAFT`",
        "E8, W12",
    ),
    row(
        "subscription",
        "whose a subscription is, and what is left of a deleted one",
        "the first company's that the credential reaches; nothing",
        "W1, W3",
    ),
    row(
        "webhook-endpoint",
        "which endpoints a subscription may have",
        "https addresses, and http addresses of this machine's loopback interface; others get 400",
        "W15",
    ),
    row(
        "webhook-events",
        "which events are told of, and to whom",
        "`v1.export-job.created` and `v1.vendor.created`, to the active subscriptions of the company that name them so; \
         other names are kept, and nothing is ever told of them",
        "W7, W10 to W12, C12",
    ),
    row(
        "webhook-signature",
        "how a delivery is signed",
        "as Standard Webhooks 1.0 says: HMAC-SHA256 of id, timestamp and body, with the key that the secret is in Base64",
        "W8, W9",
    ),
    row(
        "webhook-delivery",
        "when and how often a delivery is sent",
        "at once, and again 5 seconds, 5 minutes, 30 minutes, 2, 5, 10 and 10 hours after an attempt without success, with \
         the same id and a new time; to http addresses of this machine only, so nothing leaves it",
        "W17",
    ),
    row(
        "deleted-entry",
        "an accounting entry that was deleted",
        "404, unless the request includes deleted ones",
        "free choice",
    ),
    row(
        "receipt-links",
        "where links to receipts lead, and how they are fetched",
        "to the sandbox itself, below `/receipts/`; `GET` without a credential, otherwise 400; 403 when the signature is \
         wrong or the link has expired; a single range of bytes gets 206",
        "field notes, RFC 9110",
    ),
    row(
        "export-needs",
        "`job_id` and `accounting_entry_id`, which the documents publish as optional",
        "are required where nothing else says what to show: 400",
        "free choice",
    ),
    row(
        "export-entries",
        "an export of no entries, or of ones that are unknown, deleted or another company's",
        "400",
        "E19",
    ),
    row(
        "export-events",
        "which events can happen in which status",
        "`pending`: `started`, `failed`; `in_progress`: `failed`, `completed`, `completed_with_errors`; \
         the others 422, in all versions",
        "X1, X2, X15, E12",
    ),
    row(
        "export-updates",
        "when items can be updated, and from which status to which",
        "while the job is `in_progress`, otherwise 422; from each to each; more than 100 get 413 \
         in all versions",
        "X10, X15, E19, E25",
    ),
    row(
        "export-end",
        "what becomes of items that have come to no end",
        "they are `abandoned`; a final event is not compared with the items",
        "X5, X15",
    ),
    row(
        "export-expiry",
        "what an expired job looks like",
        "`failed` with `job_expired` and `expiredAt`, be it `pending` or `in_progress`",
        "X3, X16, C25",
    ),
    row(
        "export-entry-status",
        "the `exportStatus` of an entry that is exported",
        "`QUEUED`, `EXPORTING`, then `EXPORTED` if its item is `successful`, else `NOT_EXPORTED`",
        "X22",
    ),
    row(
        "export-reasons",
        "reasons of a failure that versions 0 to 2 do not know",
        "they show `unexpected_failure`",
        "field notes",
    ),
    row(
        "export-currencies",
        "customers with several currencies or without contra accounts",
        "there are none, so no 400 for them; wallets hold kroner, and other amounts are converted at made-up rates",
        "E13, E14",
    ),
    row(
        "sampled",
        "CSV imports, enrichment and the calculation of taxes",
        "return made-up values that fit the document, the same for the same path",
        "free choice",
    ),
    row(
        "host",
        "a `Host` that is not a name or address of loopback",
        "421; with HTTP/1.1, none or several get 400",
        "RFC 9110, RFC 9112",
    ),
    row(
        "large-and-slow",
        "how large and how slow a request may be",
        "8 MiB, then 413; 30 seconds for the head, then the connection ends; 30 seconds for the body, then 408",
        "RFC 9110",
    ),
    row(
        "capacity",
        "how much is kept",
        "64 MiB of JSON, then 507; 1,000 codes, 10,000 authorisations, and 10,000 tokens of each kind; if \
         there are more, the oldest tenth is forgotten",
        "RFC 4918",
    ),
];
