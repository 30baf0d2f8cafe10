//! Why a text cannot be read, and the bounds that all texts share.

/// How deep lists and objects may be nested.
pub(super) const DEPTH: usize = 100;

/// Why a text cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: String,
    /// What to do about it.
    pub remedy: &'static str,
}

pub(super) fn too_deep() -> String {
    format!("lists and objects nested deeper than {DEPTH} levels")
}

/// As much of a text as a message can show.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Holds that a text was refused on a line for a problem.
#[cfg(test)]
pub(super) fn assert_refused(
    result: Result<serde_json::Value, Fault>,
    text: &str,
    line: usize,
    problem: &str,
) {
    match result {
        Ok(value) => panic!("{text:?} was read as {value}"),
        Err(fault) => {
            assert!(fault.problem.contains(problem), "{text:?}: {fault:?}");
            assert_eq!(fault.line, line, "{text:?}: {fault:?}");
        }
    }
}
