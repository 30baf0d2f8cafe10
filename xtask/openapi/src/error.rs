//! Why the pipeline refuses documents: which document, where in it, what is wrong, and what to do.

use std::fmt;

use crate::{foreign::one_line, pointer, walk};

/// One thing that the pipeline refuses.
///
/// `Display` has the form of a compiler's message: the problem, the location, and the remedy, a line for
/// each. What comes from a document is on one line and cannot be taken for a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SpecError {
    /// File name of the document, such as `export.yaml`.
    pub document: String,
    /// JSON pointer (RFC 6901) of the offending value; empty for the whole document.
    pub pointer: String,
    /// What is wrong there.
    pub problem: String,
    /// What to do about it.
    pub help: String,
}

impl SpecError {
    /// An error at `pointer` of `document`.
    pub fn new(
        document: impl Into<String>,
        pointer: impl Into<String>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            document: document.into(),
            pointer: pointer.into(),
            problem: problem.into(),
            help: help.into(),
        }
    }

    /// The operation that the pointer lies in, as `GET /v1/things`.
    pub fn operation(&self) -> Option<String> {
        let mut tokens = pointer::tokens(&self.pointer);
        if tokens.next()? != "paths" {
            return None;
        }
        let path = tokens.next()?;
        let method = tokens.next()?;
        walk::METHODS.contains(&method.as_str()).then(|| walk::operation_name(&method, &path))
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n --> {}", one_line(&self.problem), one_line(&self.document))?;
        if !self.pointer.is_empty() {
            write!(f, "#{}", one_line(&self.pointer))?;
        }
        if let Some(operation) = self.operation() {
            write!(f, " ({})", one_line(&operation))?;
        }
        write!(f, "\n  = help: {}", one_line(&self.help))
    }
}

/// Everything that one run of the pipeline refuses, at least one thing.
///
/// `Display` shows the first [`Refusals::SHOWN`], each after the first with its own `error:`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusals {
    first: Box<SpecError>,
    more: Vec<SpecError>,
}

impl Refusals {
    /// How many are shown; the others are counted.
    pub const SHOWN: usize = 100;

    /// `Err` with everything that was found, if anything was.
    ///
    /// # Errors
    /// For a list that is not empty.
    pub fn none(found: Vec<SpecError>) -> Result<(), Self> {
        let mut found = found.into_iter();
        found.next().map_or(Ok(()), |first| Err(Self { first: Box::new(first), more: found.collect() }))
    }

    /// The one that was found first.
    pub fn first(&self) -> &SpecError {
        &self.first
    }

    /// All of them, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &SpecError> {
        std::iter::once(&*self.first).chain(&self.more)
    }

    /// The same refusals, each changed.
    pub fn map(self, change: impl Fn(SpecError) -> SpecError) -> Self {
        Self { first: Box::new(change(*self.first)), more: self.more.into_iter().map(change).collect() }
    }
}

impl From<SpecError> for Refusals {
    fn from(error: SpecError) -> Self {
        Self { first: Box::new(error), more: Vec::new() }
    }
}

impl IntoIterator for Refusals {
    type Item = SpecError;
    type IntoIter = std::iter::Chain<std::iter::Once<SpecError>, std::vec::IntoIter<SpecError>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(*self.first).chain(self.more)
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        for error in self.more.iter().take(Self::SHOWN - 1) {
            write!(f, "\n\nerror: {error}")?;
        }
        let all = self.more.len() + 1;
        match all.saturating_sub(Self::SHOWN) {
            0 if all == 1 => Ok(()),
            0 => write!(f, "\n\nerror: {all} problems in all"),
            hidden => write!(f, "\n\nerror: {all} problems in all; the last {hidden} are not shown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(number: usize) -> SpecError {
        SpecError::new("a.yaml", format!("/paths/~1a/get/{number}"), "a problem", "do something")
    }

    #[test]
    fn a_refusal_says_what_where_and_what_to_do_in_the_form_of_a_compiler() {
        assert_eq!(
            error(1).to_string(),
            "a problem\n --> a.yaml#/paths/~1a/get/1 (GET /a)\n  = help: do something"
        );
        assert_eq!(SpecError::new("a.yaml", "", "p", "h").to_string(), "p\n --> a.yaml\n  = help: h");
    }

    #[test]
    fn text_of_a_document_never_begins_a_line_of_a_refusal() {
        let shown = SpecError::new("a\n::error::", "/b\r::set-output::", "c\u{2028}##[d]", "e\u{1b}[2J");
        let shown = shown.to_string();
        assert_eq!(shown.lines().count(), 3, "{shown}");
        assert!(!shown.contains(['\r', '\u{2028}', '\u{1b}']) && !shown.contains("##["), "{shown}");
    }

    #[test]
    fn many_refusals_are_shown_up_to_a_hundred_and_the_others_are_counted() {
        assert_eq!(Refusals::none(Vec::new()), Ok(()));
        let of = |count| Refusals::none((0..count).map(error).collect()).unwrap_err().to_string();
        assert_eq!(of(1), error(0).to_string());
        assert!(of(3).ends_with("\n\nerror: 3 problems in all"), "{}", of(3));
        assert_eq!(of(100).matches(" --> ").count(), 100);
        assert_eq!(of(110).matches(" --> ").count(), 100);
        assert!(of(110).ends_with("110 problems in all; the last 10 are not shown"));
    }
}
