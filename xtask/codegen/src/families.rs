//! What each API family is for, which Pleo's documents do not say.

/// One sentence per family of Pleo's API, by its name: the first paragraph of the module's documentation.
///
/// A family without one is introduced by its name. A test requires one for each family of `spec/openapi.json`.
pub const PURPOSES: [(&str, &str); 12] = [
    ("accounting-entries", "Find and read accounting entries and the receipts attached to them."),
    ("accounts", "Manage the chart of accounts: the accounts that expenses are booked to."),
    ("bookkeeping", "Manage the chart of accounts through Pleo's bookkeeping API, which is in beta."),
    ("companies", "Read the companies that the credential has access to."),
    ("employees", "Read a company's employees."),
    (
        "enrichment",
        "Add receipts and tags to the accounting entries of card payments; Pleo offers this to selected partners.",
    ),
    (
        "export",
        "Export accounting entries to the accounting system: export jobs, their items and their events, in all four \
         versions.",
    ),
    (
        "marketplace",
        "Manage your app's installation at a company, and find out what a credential belongs to.",
    ),
    ("tags", "Manage tag groups, their tags, and the dimensions that describe the tags."),
    ("tax-codes", "Manage tax codes, and calculate tax amounts."),
    ("vendors", "Manage vendors one by one, or import them from CSV files."),
    ("webhooks", "Subscribe to events, and read the change log of each subscription."),
];

/// What a family of Pleo's API is for.
pub(crate) fn purpose(family: &str) -> Option<&'static str> {
    PURPOSES.iter().find(|(name, _)| *name == family).map(|(_, purpose)| *purpose)
}
