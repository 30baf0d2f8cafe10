//! Which statement of the documents is covered by what.

use std::{fmt, sync::LazyLock};

use serde::Serialize;

use crate::{catalogue, rules::Rule};

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

/// A file of our documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its path, from the top of the repository.
    pub path: &'a str,
    /// Its text, in Markdown.
    pub text: &'a str,
}

/// How many statements there are (`docs/maintainers/sources.md`).
const STATEMENTS: usize = 99;

static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (1..=STATEMENTS).map(|number| format!("Z{number}")).collect());

/// The files that [`DOCUMENTED`] refers to.
pub const DOCUMENTS: &[Document<'static>] = &[
    Document { path: "docs/access.md", text: include_str!("../../../../docs/access.md") },
    Document { path: "docs/authentication.md", text: include_str!("../../../../docs/authentication.md") },
];

/// Where our documentation says what no request can show.
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
    table_of(catalogue(), DOCUMENTS)
}

/// All statements as some rules and documents stand for them: a passage counts only if it is where
/// [`DOCUMENTED`] says and cites the statement.
pub fn table_of(rules: &[Rule], documents: &[Document<'_>]) -> Vec<Coverage> {
    let row = |(number, name): (usize, &'static String)| Coverage {
        statement: name,
        rules: rules
            .iter()
            .filter(|rule| rule.sources.contains(&name.as_str()))
            .map(|rule| rule.id)
            .collect(),
        documentation: DOCUMENTED
            .iter()
            .filter(|(statement, _)| *statement == name)
            .map(|&(_, passage)| passage)
            .find(|passage| section(passage, documents).is_some_and(|text| cites(&text, number))),
    };
    (1..).zip(NAMES.iter()).map(row).collect()
}

/// What stands under a heading, up to the next one of its level or above it.
fn section(passage: &str, documents: &[Document<'_>]) -> Option<String> {
    let (path, anchor) = passage.split_once('#')?;
    let document = documents.iter().find(|document| document.path == path)?;
    let (mut within, mut in_code, mut found) = (None, false, Vec::new());
    for line in document.text.lines() {
        in_code ^= line.starts_with("```");
        let heading = if in_code { None } else { heading(line) };
        match (within, heading) {
            (Some(outer), Some((level, _))) if level <= outer => break,
            (Some(_), _) => found.push(line),
            (None, Some((level, title))) if slug(title) == anchor => within = Some(level),
            (None, _) => {}
        }
    }
    within.map(|_| found.join("\n"))
}

/// The level and the title of a line that is a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    if level == 0 { None } else { Some((level, title.strip_prefix(' ')?)) }
}

/// The anchor that GitHub gives a heading.
fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Whether a text cites a statement in brackets, by itself or in a range: `(Z7)`, `(Z61, Z63)`, `(Z7 to Z10)`.
fn cites(text: &str, number: usize) -> bool {
    let statement = |word: &str| word.trim().strip_prefix('Z')?.parse::<usize>().ok();
    let brackets = text.split('(').skip(1).filter_map(|rest| rest.split(')').next());
    brackets.flat_map(|inside| inside.split(',')).any(|part| {
        let (first, last) = part.split_once("to").unwrap_or((part, part));
        statement(first).is_some_and(|first| first <= number)
            && statement(last).is_some_and(|last| number <= last)
    })
}
