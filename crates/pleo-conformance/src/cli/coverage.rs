//! Which statement of the documents is covered by what.

use std::{fmt, sync::LazyLock};

use serde::Serialize;

use crate::rules::{Rule, catalogue};

/// A statement of the documents, and what stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The statement, such as `Z25`.
    pub statement: &'static str,
    /// The ids of the rules that come from it.
    pub rules: Vec<&'static str>,
    /// Where our documentation says it: a file and the anchor of a heading.
    pub documentation: Option<&'static str>,
}

impl Coverage {
    /// Whether anything stands for the statement.
    pub const fn is_accounted_for(&self) -> bool {
        !self.rules.is_empty() || self.documentation.is_some()
    }
}

/// Prints the statement and what stands for it.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = (!self.rules.is_empty()).then(|| self.rules.join(", "));
        let passage = self.documentation.map(|passage| format!("documentation: {passage}"));
        let by: Vec<String> = rules.into_iter().chain(passage).collect();
        let by = if by.is_empty() { "nothing".to_owned() } else { by.join("; ") };
        write!(f, "{:4} {by}", self.statement)
    }
}

/// How many statements there are (`docs/maintainers/sources.md`).
const STATEMENTS: usize = 99;

static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (1..=STATEMENTS).map(|number| format!("Z{number}")).collect());

/// Where our documentation says what no request can show: files of the repository. Its tests hold that each passage
/// cites its statement.
pub const DOCUMENTED: &[(&str, &str)] = &[
    ("Z11", "docs/access.md#first-steps"),
    ("Z12", "docs/access.md#do-i-have-access"),
    ("Z14", "docs/access.md#the-legacy-api"),
    ("Z15", "docs/access.md#the-legacy-api"),
    ("Z16", "docs/access.md#the-legacy-api"),
    ("Z20", "docs/access.md#who-may-use-it"),
    ("Z21", "docs/access.md#the-legacy-api"),
    ("Z23", "docs/access.md#the-legacy-api"),
    ("Z24", "docs/access.md#the-legacy-api"),
    ("Z31", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z32", "docs/authentication.md#which-method-is-mine"),
    ("Z33", "docs/access.md#what-a-key-is-for"),
    ("Z44", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z46", "docs/authentication.md#scopes"),
    ("Z48", "docs/access.md#first-steps"),
    ("Z51", "docs/access.md#who-does-what"),
    ("Z52", "docs/authentication.md#getting-access"),
    ("Z54", "docs/authentication.md#what-is-kept-secret-and-how-far"),
    ("Z56", "docs/access.md#into-production"),
    ("Z57", "docs/access.md#into-production"),
    ("Z58", "docs/access.md#do-i-have-access"),
    ("Z59", "docs/access.md#do-i-have-access"),
    ("Z60", "docs/access.md#do-i-have-access"),
    ("Z61", "docs/access.md#do-i-have-access"),
    ("Z62", "docs/access.md#do-i-have-access"),
    ("Z63", "docs/access.md#do-i-have-access"),
    ("Z64", "docs/access.md#who-may-use-it"),
    ("Z65", "docs/access.md#who-may-use-it"),
    ("Z66", "docs/access.md#who-may-use-it"),
    ("Z67", "docs/access.md#who-may-use-it"),
    ("Z68", "docs/access.md#how-to-get-access"),
    ("Z69", "docs/access.md#how-to-get-access"),
    ("Z70", "docs/access.md#how-to-get-access"),
    ("Z71", "docs/access.md#how-to-get-access"),
    ("Z72", "docs/access.md#how-to-get-access"),
    ("Z73", "docs/access.md#how-to-get-access"),
    ("Z74", "docs/access.md#how-to-get-access"),
    ("Z75", "docs/access.md#how-to-get-access"),
    ("Z76", "docs/access.md#how-to-get-access"),
    ("Z77", "docs/access.md#what-a-key-is-for"),
    ("Z78", "docs/access.md#first-steps"),
    ("Z79", "docs/access.md#what-a-key-is-for"),
    ("Z80", "docs/access.md#what-a-key-is-for"),
    ("Z81", "docs/access.md#what-a-key-is-for"),
    ("Z82", "docs/access.md#what-a-key-is-for"),
    ("Z83", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z84", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z85", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z86", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z87", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z88", "docs/access.md#key-and-oauth-compared"),
    ("Z89", "docs/access.md#into-production"),
    ("Z90", "docs/access.md#when-it-has-to-be-oauth"),
    ("Z91", "docs/access.md#first-steps"),
    ("Z92", "docs/access.md#first-steps"),
    ("Z93", "docs/access.md#first-steps"),
    ("Z95", "docs/access.md#first-steps"),
    ("Z96", "docs/access.md#who-does-what"),
    ("Z97", "docs/access.md#who-does-what"),
    ("Z98", "docs/access.md#who-does-what"),
    ("Z99", "docs/access.md#who-does-what"),
];

/// All statements, in their order.
pub fn table() -> Vec<Coverage> {
    table_of(catalogue())
}

/// All statements as some rules stand for them, besides the documentation.
pub fn table_of(rules: &[Rule]) -> Vec<Coverage> {
    let row = |name: &'static String| Coverage {
        statement: name,
        rules: rules
            .iter()
            .filter(|rule| rule.sources.contains(&name.as_str()))
            .map(|rule| rule.id)
            .collect(),
        documentation: DOCUMENTED
            .iter()
            .find(|(statement, _)| *statement == name)
            .map(|&(_, passage)| passage),
    };
    NAMES.iter().map(row).collect()
}
