//! The file of expected failures: the rules that a client is known to fail, each with the reason.
//!
//! One rule a line: its id, white space, the reason. Empty lines and those that begin with `#` say nothing.
//!
//! ```text
//! # Until the new HTTP stack is in use.
//! SEC-003  the debug output still shows the key, ticket 4711
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    report::{Report, Summary},
    rules::Rule,
};

/// The rules that are expected to fail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedFailures {
    reasons: BTreeMap<String, String>,
}

/// What is wrong with a file of expected failures.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedFailuresError {
    /// It cannot be read.
    #[error("{} cannot be read: {source}; give the path of a text file in UTF-8", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line says nothing useful.
    #[error("{}:{line}: {problem}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: LineError,
    },
}

/// What is wrong with a line of the file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No rule has this id.
    #[error("there is no rule {0:?}; `list` shows all ids")]
    UnknownRule(String),
    /// The rule stands in the file already.
    #[error("{id} is already on line {first}; keep one of the two")]
    Duplicate {
        /// The rule.
        id: String,
        /// Where it stands first.
        first: usize,
    },
    /// There is no reason.
    #[error("{0} has no reason; say after the id why it fails")]
    NoReason(String),
}

impl ExpectedFailures {
    /// Reads a file; `catalogue` are the rules that there are.
    ///
    /// # Errors
    /// When the file cannot be read, or has an unknown id, an id twice or an id without a reason.
    pub fn read(path: &Path, catalogue: &[Rule]) -> Result<Self, ExpectedFailuresError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ExpectedFailuresError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, catalogue).map_err(|(line, problem)| ExpectedFailuresError::Line {
            path: path.to_owned(),
            line,
            problem,
        })
    }

    fn parse(text: &str, catalogue: &[Rule]) -> Result<Self, (usize, LineError)> {
        let mut reasons = BTreeMap::new();
        let mut first_lines = BTreeMap::new();
        // Some editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (id, reason) = content.split_once(char::is_whitespace).unwrap_or((content, ""));
            let id = id.to_owned();
            if !catalogue.iter().any(|rule| rule.id == id) {
                return Err((line, LineError::UnknownRule(id)));
            }
            if reason.is_empty() {
                return Err((line, LineError::NoReason(id)));
            }
            if let Some(first) = first_lines.insert(id.clone(), line) {
                return Err((line, LineError::Duplicate { id, first }));
            }
            reasons.insert(id, reason.trim().to_owned());
        }
        Ok(Self { reasons })
    }

    /// Writes the reasons to the results they belong to, and counts anew. Rules that were not selected are
    /// passed over.
    #[must_use]
    pub fn apply(&self, mut report: Report) -> Report {
        for result in &mut report.results {
            result.expected_failure = self.reasons.get(&result.id).cloned();
        }
        report.summary = Summary::of(&report.results);
        report
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, io::Write as _};

    use proptest::prelude::*;

    use super::{ExpectedFailures, LineError};
    use crate::{
        cli::exit::Exit,
        report::{
            Standing,
            sample::{self, CATALOGUE},
        },
    };

    fn parse(text: &str) -> Result<ExpectedFailures, (usize, LineError)> {
        ExpectedFailures::parse(text, CATALOGUE)
    }

    #[test]
    fn a_line_is_an_id_and_a_reason() {
        let file = parse("\u{feff}# why\r\n\r\n  AUTH-2 \t the key,  # 4711 \r\nENV-1  x\r\n").unwrap();
        let reasons: Vec<_> =
            file.reasons.iter().map(|(id, reason)| (id.as_str(), reason.as_str())).collect();
        assert_eq!(reasons, [("AUTH-2", "the key,  # 4711"), ("ENV-1", "x")]);
        assert_eq!(parse("").unwrap(), ExpectedFailures::default());
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number() {
        assert_eq!(parse("# x\nAUTH-99  why"), Err((2, LineError::UnknownRule("AUTH-99".to_owned()))));
        assert_eq!(parse("auth-2  why"), Err((1, LineError::UnknownRule("auth-2".to_owned()))));
        assert_eq!(parse("AUTH-2  "), Err((1, LineError::NoReason("AUTH-2".to_owned()))));
        let duplicate = LineError::Duplicate { id: "AUTH-2".to_owned(), first: 1 };
        assert_eq!(parse("AUTH-2 a\n\nAUTH-2 b"), Err((3, duplicate)));
    }

    #[test]
    fn the_error_names_file_and_line_and_what_to_do() -> Result<(), Box<dyn Error>> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(b"AUTH-1  fine\nAUTH-2\n")?;
        let error = ExpectedFailures::read(file.path(), CATALOGUE).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{}:2: AUTH-2 has no reason; say after the id why it fails", file.path().display())
        );
        let missing = file.path().with_extension("missing");
        let error = ExpectedFailures::read(&missing, CATALOGUE).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{} cannot be read: ", missing.display())), "{error}");
        Ok(())
    }

    #[test]
    fn an_expected_failure_is_none_and_an_expected_failure_that_passes_is_one() {
        let mut report = sample::report();
        report.results.retain(|result| result.standing() != Standing::Error);
        let report = ExpectedFailures::default().apply(report);
        assert_eq!(Exit::of(&report, false), Exit::Failed);
        assert_eq!((report.summary.failed_must, report.summary.expected_failures), (2, 0));

        let report = parse("AUTH-2 a\nENV-2 b").unwrap().apply(report);
        assert_eq!((report.summary.failed_must, report.summary.expected_failures), (0, 2));
        assert_eq!(Exit::of(&report, false), Exit::Passed);

        let report = parse("AUTH-1 a\nAUTH-2 b\nENV-2 c").unwrap().apply(report);
        assert_eq!(report.results[0].standing(), Standing::UnexpectedPass);
        assert_eq!(report.summary.unexpected_passes, 1);
        assert_eq!(Exit::of(&report, false), Exit::Failed);
    }

    #[test]
    fn a_rule_that_told_nothing_is_neither() {
        let report = parse("AUTH-3 a\nENV-4 b").unwrap().apply(sample::report());
        assert_eq!(report.results[2].standing(), Standing::Skipped);
        assert_eq!(report.results[7].standing(), Standing::Inconclusive);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text: String) {
            let _ = parse(&text);
        }
    }
}
