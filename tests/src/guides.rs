//! The README and the guides, each a page of `docs/`, whose blocks are run as tests.

#[doc = include_str!("../../README.md")]
struct Readme;
#[doc = include_str!("../../docs/authentication.md")]
struct Authentication;
#[doc = include_str!("../../docs/errors-and-retries.md")]
struct ErrorsAndRetries;
#[doc = include_str!("../../docs/export-runs.md")]
struct ExportRuns;
#[doc = include_str!("../../docs/first-call.md")]
struct FirstCall;
#[doc = include_str!("../../docs/lists.md")]
struct Lists;
#[doc = include_str!("../../docs/money.md")]
struct Money;
#[doc = include_str!("../../docs/receipts.md")]
struct Receipts;
#[doc = include_str!("../../docs/tags.md")]
struct Tags;
#[doc = include_str!("../../docs/token-stores.md")]
struct TokenStores;
#[doc = include_str!("../../docs/webhooks.md")]
struct Webhooks;
