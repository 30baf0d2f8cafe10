//! Every statement of the documents is accounted for, by rules that cite it or by a passage that says it.

use std::collections::BTreeSet;

use pleo_conformance::{
    catalogue,
    cli::coverage::{self, Coverage, DOCUMENTED},
    rules::Rule,
};

/// What the command printed when this was last agreed to.
const AGREED: &str = include_str!("../../../docs/maintainers/coverage.txt");

/// A file of our documentation.
#[derive(Clone, Copy)]
struct Document<'a> {
    /// Its path, from the top of the repository.
    path: &'a str,
    /// Its text, in Markdown.
    text: &'a str,
}

/// The files that [`DOCUMENTED`] refers to.
const DOCUMENTS: &[Document<'static>] = &[
    Document { path: "docs/access.md", text: include_str!("../../../docs/access.md") },
    Document { path: "docs/authentication.md", text: include_str!("../../../docs/authentication.md") },
];

const MEND: &str =
    "if that is meant: cargo run --bin pleo-conformance -- coverage > docs/maintainers/coverage.txt";

/// All statements as the rules and the documents stand for them.
fn table() -> Vec<Coverage> {
    table_of(catalogue(), DOCUMENTS)
}

/// All statements as some rules and documents stand for them: a passage counts only if it is where
/// [`DOCUMENTED`] says and cites the statement.
fn table_of(rules: &[Rule], documents: &[Document<'_>]) -> Vec<Coverage> {
    let mut table = coverage::table_of(rules);
    for (number, row) in (1..).zip(&mut table) {
        row.documentation = row
            .documentation
            .filter(|passage| section(passage, documents).is_some_and(|text| cites(&text, number)));
    }
    table
}

/// What is under a heading, up to the next one of its level or above it.
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

fn unaccounted(table: &[Coverage]) -> Vec<&'static str> {
    table.iter().filter(|row| !row.is_accounted_for()).map(|row| row.statement).collect()
}

fn printed(table: &[Coverage]) -> String {
    table.iter().map(|row| format!("{row}\n")).collect()
}

/// What is wrong with the coverage by some rules and documents.
fn complaints(rules: &[Rule], documents: &[Document<'_>]) -> Vec<String> {
    let table = table_of(rules, documents);
    let mut complaints: Vec<String> =
        unaccounted(&table).into_iter().map(|statement| format!("nothing stands for {statement}")).collect();
    for (statement, passage) in DOCUMENTED {
        if !table.iter().any(|row| row.statement == *statement && row.documentation == Some(*passage)) {
            complaints.push(format!("{passage} does not say {statement}"));
        }
    }
    let agreed: BTreeSet<&str> = AGREED.lines().collect();
    let now = printed(&table);
    complaints
        .extend(now.lines().filter(|line| !agreed.contains(line)).map(|line| format!("new: {line}; {MEND}")));
    complaints
}

/// A text without a statement's number.
fn without(text: &str, statement: &str) -> String {
    let mut parts = text.split(statement);
    let mut left = parts.next().unwrap().to_owned();
    for part in parts {
        let other = part.starts_with(|c: char| c.is_ascii_digit());
        left.push_str(if other { statement } else { "nothing" });
        left.push_str(part);
    }
    left
}

/// The complaints when a document is changed.
fn complaints_with(path: &str, change: impl Fn(&str) -> String) -> Vec<String> {
    let changed: Vec<(&str, String)> = DOCUMENTS
        .iter()
        .map(|document| {
            (
                document.path,
                if document.path == path { change(document.text) } else { document.text.to_owned() },
            )
        })
        .collect();
    let documents: Vec<_> = changed.iter().map(|(path, text)| Document { path, text }).collect();
    complaints(catalogue(), &documents)
}

#[test]
fn all_99_statements_are_accounted_for() {
    let table = table();
    let statements: Vec<_> = table.iter().map(|row| row.statement.to_owned()).collect();
    assert_eq!(statements, (1..=99).map(|number| format!("Z{number}")).collect::<Vec<_>>());
    assert_eq!(complaints(catalogue(), DOCUMENTS), [""; 0]);
    assert_eq!(AGREED, format!("{}99 of 99 statements are accounted for\n", printed(&table)), "{MEND}");
    let by_rule = table.iter().filter(|row| !row.rules.is_empty()).count();
    let by_passage = table.iter().filter(|row| row.documentation.is_some()).count();
    assert!(by_rule >= 35 && by_passage >= 50, "{by_rule} by rules, {by_passage} by passages");
}

#[test]
fn removing_any_rule_that_comes_from_a_statement_is_noticed() {
    let mut removed = 0;
    for rule in catalogue() {
        let statements: Vec<_> = rule.sources.iter().filter(|source| source.starts_with('Z')).collect();
        let rest: Vec<Rule> = catalogue().iter().filter(|other| other.id != rule.id).copied().collect();
        let noticed = complaints(&rest, DOCUMENTS);
        for statement in statements {
            let named = |complaint: &String| complaint.split([' ', ';']).any(|word| word == *statement);
            assert!(noticed.iter().any(named), "{} without {statement}: {noticed:?}", rule.id);
            removed += 1;
        }
    }
    assert!(removed > 90, "{removed}");
}

#[test]
fn a_statement_whose_only_rule_is_removed_is_not_accounted_for() {
    for row in table().iter().filter(|row| row.documentation.is_none()) {
        let rest: Vec<Rule> =
            catalogue().iter().filter(|rule| !row.rules.contains(&rule.id)).copied().collect();
        assert!(unaccounted(&table_of(&rest, DOCUMENTS)).contains(&row.statement), "{row}");
    }
}

#[test]
fn removing_any_passage_is_noticed() {
    for (statement, passage) in DOCUMENTED {
        let (path, _) = passage.split_once('#').unwrap();
        let noticed = complaints_with(path, |text| without(text, statement));
        assert!(noticed.contains(&format!("nothing stands for {statement}")), "{statement}: {noticed:?}");
        assert!(noticed.contains(&format!("{passage} does not say {statement}")), "{statement}: {noticed:?}");
        let others = noticed.iter().filter(|complaint| complaint.starts_with("nothing stands")).count();
        assert_eq!(others, 1, "{statement}: {noticed:?}");
    }
}

#[test]
fn a_passage_under_another_heading_does_not_count() {
    for (statement, passage) in DOCUMENTED {
        let (path, anchor) = passage.split_once('#').unwrap();
        let title = |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let renamed = complaints_with(path, |text| {
            let lines = text.lines().map(|line| {
                let is_it = line.starts_with('#') && title(line).replace(',', "") == anchor;
                if is_it { "## Something else".to_owned() } else { line.to_owned() }
            });
            lines.collect::<Vec<_>>().join("\n")
        });
        assert!(renamed.contains(&format!("{passage} does not say {statement}")), "{renamed:?}");
    }
}

#[test]
fn no_document_and_no_statement_is_listed_for_nothing() {
    for document in DOCUMENTS {
        let is_within = |passage: &str| passage.starts_with(&format!("{}#", document.path));
        assert!(DOCUMENTED.iter().any(|(_, passage)| is_within(passage)), "{}", document.path);
    }
    let statements: BTreeSet<_> = DOCUMENTED.iter().map(|(statement, _)| statement).collect();
    assert_eq!(statements.len(), DOCUMENTED.len(), "a statement is listed twice");
}

#[test]
fn the_command_has_the_same_table() {
    assert_eq!(printed(&coverage::table()), printed(&table()));
}

/// `docs/maintainers/sources.md` has the pages that a statement is based on, and their titles.
#[test]
fn rules_name_the_page_of_every_statement_that_they_come_from() {
    const SOURCES: &str = include_str!("../../../docs/maintainers/sources.md");
    let cells: Vec<Vec<&str>> = SOURCES
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let pages: Vec<(u32, &str)> = cells
        .iter()
        .filter(|row| row[0].starts_with('S'))
        .flat_map(|row| {
            let title = row[1].split(", as text").next().unwrap();
            row[0].split(", ").map(move |page| (page[1..].parse().unwrap(), title))
        })
        .collect();
    assert_eq!(pages.len(), 5);
    let mut checked = 0;
    for rule in catalogue() {
        let named: BTreeSet<&str> =
            rule.headings.iter().filter_map(|heading| heading.split(": ").next()).collect();
        for statement in rule.sources.iter().filter(|source| source.starts_with('Z')) {
            let row = cells.iter().find(|row| row[0] == *statement).unwrap();
            let numbers: Vec<u32> =
                row[2].split(|c: char| !c.is_ascii_digit()).flat_map(str::parse).collect();
            let on = |page: u32| match (numbers.as_slice(), row[2].contains(" to ")) {
                ([first, last], true) => (*first..=*last).contains(&page),
                (numbers, _) => numbers.contains(&page),
            };
            assert!(
                pages.iter().any(|(page, title)| on(*page) && named.contains(title)),
                "{} names {named:?}, {statement} is based on {}",
                rule.id,
                row[2]
            );
            checked += 1;
        }
    }
    assert!(checked > 90, "{checked}");
}
