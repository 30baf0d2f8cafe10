//! What a look at the guide pages came to, and how it is shown: as text and as Markdown. Headings and paths are Pleo's.

use std::{collections::BTreeSet, fmt::Write as _};

use xtask_openapi::foreign::{markdown_code, one_line};

use super::compare::{News, What};
use crate::{client::ReadError, page::PageError};

/// What a look at the guide pages came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuideReport {
    /// How many pages were looked at, also those that were not sent again.
    pub read: usize,
    /// How many of them were never read before, so that there is nothing to compare with.
    pub first: usize,
    /// What changed, and what depends on it.
    pub news: Vec<News>,
    /// Why some of it is not known.
    pub problems: Vec<Problem>,
}

/// Why nothing can be said about a guide page, or about all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// `spec/guides.toml` cannot be used.
    #[error("spec/guides.toml cannot be used: {0}; correct the file")]
    File(String),
    /// A page could not be read.
    #[error("{page} could not be read: {error}; it is compared next time")]
    Unread {
        /// Its path.
        page: String,
        /// Why.
        error: ReadError,
    },
    /// Something else came instead of a page.
    #[error("{page} is not a page: {error}; it is compared next time")]
    NotAPage {
        /// Its path.
        page: String,
        /// What came.
        error: PageError,
    },
    /// A page was never there since statements were recorded for it.
    #[error(
        "{0} does not exist; see whether it has moved, and correct spec/guides.toml and docs/maintainers/sources.md"
    )]
    Missing(String),
    /// `spec/guides.toml` names a section that the page does not have.
    #[error(
        "{page} has no section \"{heading}\", which spec/guides.toml names; read the page and correct the file"
    )]
    UnknownSection {
        /// The path of the page.
        page: String,
        /// The heading, as the file has it.
        heading: String,
    },
    /// This many pages were not looked at, because of trouble with others or for lack of time.
    #[error("pages not looked at: {0}; they are compared next time")]
    LeftOut(usize),
}

/// How many passages of one change are named.
const PASSAGES: usize = 20;
/// How many changes are named.
const NAMED: usize = 100;

/// Lines for a terminal.
pub fn text(report: &GuideReport) -> String {
    let mut out = String::new();
    for news in report.news.iter().take(NAMED) {
        let _ = writeln!(
            out,
            "read again {}: {}",
            one_line(&news.page),
            what(&news.what, &|text| format!("\"{}\"", one_line(text)))
        );
        for (name, list) in depends(news) {
            let _ = writeln!(out, "           {name:<10} {list}");
        }
    }
    if report.news.len() > NAMED {
        let _ = writeln!(out, "read again and {} more", report.news.len() - NAMED);
    }
    for problem in report.problems.iter().take(NAMED) {
        let _ = writeln!(out, "note       guide {}", one_line(&problem.to_string()));
    }
    let _ = write!(out, "guides     {}", summary(report));
    out
}

/// One line that names no page and no heading.
pub fn summary(report: &GuideReport) -> String {
    let mut parts = vec![count(report.read, "page looked at", "pages looked at")];
    if report.first > 0 {
        parts.push(format!("{} for the first time", report.first));
    }
    parts.push(match report.news.len() {
        0 => "nothing to read again".to_owned(),
        changes => format!("{}: read again", count(changes, "change", "changes")),
    });
    parts.join(", ")
}

/// A section of Markdown for the body of a pull request; empty where there is nothing to read again.
pub fn markdown(report: &GuideReport) -> String {
    if report.news.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "## What to read again\n\nPleo's guide pages changed. See whether the statements in `docs/maintainers/sources.md` still hold, \
         and follow what cites them.\n\n",
    );
    for news in report.news.iter().take(NAMED) {
        let _ = writeln!(out, "- {}: {}", markdown_code(&news.page), what(&news.what, &markdown_code));
        for (name, list) in depends(news) {
            let _ = writeln!(out, "  - {name}: {list}");
        }
    }
    if report.news.len() > NAMED {
        let _ = writeln!(out, "- and {} more", report.news.len() - NAMED);
    }
    out
}

/// What to say in a commit message: nothing that Pleo wrote, because GitHub acts on some words there.
pub fn commit_message(report: &GuideReport) -> Option<String> {
    let statements = in_order(report.news.iter().flat_map(|news| &news.statements).collect());
    let changes = count(report.news.len(), "change", "changes");
    (!report.news.is_empty()).then(|| match statements.as_str() {
        "" => format!("{changes} in Pleo's guides; no statement depends on it"),
        some => format!("{changes} in Pleo's guides; read again for {some}"),
    })
}

fn what(what: &What, show: &dyn Fn(&str) -> String) -> String {
    let section = |heading: &str| match heading {
        "" => "what comes before the title".to_owned(),
        heading => format!("section {}", show(heading)),
    };
    match what {
        What::Changed(heading) => format!("{} changed", section(heading)),
        What::Renamed(old, new) => {
            format!("{} is now called {}; follow it in spec/guides.toml", section(old), show(new))
        }
        What::NewSection(heading) => format!("{} is new", section(heading)),
        What::SectionGone(heading) => format!("{} is gone", section(heading)),
        What::PageGone => "the page is gone".to_owned(),
        What::PageBack => "the page is back".to_owned(),
        What::PageNew => "the page is new, beside pages that statements depend on".to_owned(),
        What::PageUnlisted => "the page is no longer listed".to_owned(),
    }
}

/// What depends on a change: `statements`, `rules`, `passages`, those that there are.
fn depends(news: &News) -> Vec<(&'static str, String)> {
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut passages: Vec<String> =
        news.passages.iter().take(PASSAGES).map(|(file, line)| format!("{file}:{line}")).collect();
    if news.passages.len() > PASSAGES {
        passages.push(format!("and {} more", news.passages.len() - PASSAGES));
    }
    let statements = in_order(news.statements.iter().collect());
    let all = [("statements", statements), ("rules", list(&news.rules)), ("passages", passages.join(", "))];
    all.into_iter().filter(|(_, list)| !list.is_empty()).collect()
}

/// Numbers of statements as people count: Z9 before Z10.
fn in_order(statements: BTreeSet<&String>) -> String {
    let mut statements: Vec<&str> = statements.into_iter().map(String::as_str).collect();
    statements.sort_by_key(|name| (name.chars().next(), name.len(), *name));
    statements.join(", ")
}

fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(heading: &str) -> GuideReport {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        GuideReport {
            read: 3,
            first: 1,
            news: vec![News {
                page: "/docs/kettles".to_owned(),
                what: What::Changed(heading.to_owned()),
                statements: names(&["Z10", "Z9", "A1"]),
                rules: names(&["KTL-001"]),
                passages: [("docs/a.md".to_owned(), 3)].into(),
            }],
            problems: vec![Problem::Missing("/docs/old".to_owned())],
        }
    }

    #[test]
    fn a_change_is_shown_with_what_depends_on_it() {
        let report = report("Fill");
        assert_eq!(
            text(&report),
            "read again /docs/kettles: section \"Fill\" changed\n           statements A1, Z9, Z10\n           rules      \
             KTL-001\n           passages   docs/a.md:3\nnote       guide /docs/old does not exist; see whether it has \
             moved, and correct spec/guides.toml and docs/maintainers/sources.md\nguides     3 pages looked at, 1 for the first time, \
             1 change: read again"
        );
        assert!(markdown(&report).contains(
            "- `/docs/kettles`: section `Fill` changed\n  - statements: A1, Z9, Z10\n  - rules: KTL-001\n  - passages: docs/a.md:3\n"
        ));
        assert_eq!(markdown(&GuideReport { news: Vec::new(), ..report }), "");
    }

    #[test]
    fn a_heading_can_do_nothing_where_it_is_shown() {
        let hostile = "[skip ci] fixes #1 @name `code` <b>\n::error::a ##[error]b \u{1b}[2J\u{202e}";
        let report = report(hostile);
        let shown = text(&report);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']) && !shown.contains("##["), "{shown}");
        assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");
        let shown = markdown(&report);
        assert_eq!(shown.matches("@name").count(), 1);
        assert!(shown.contains("``[skip ci] fixes #1 @name `code` <b>"), "{shown}");
        let message = commit_message(&report).unwrap();
        assert_eq!(message, "1 change in Pleo's guides; read again for A1, Z9, Z10");
    }
}
