//! Which statement of the documents is covered by what.

use serde::Serialize;

/// A statement of the documents, and what stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The statement, such as `Z25`.
    pub statement: &'static str,
    /// The ids of the rules that come from it.
    pub rules: Vec<&'static str>,
    /// Where our documentation says it, if no rule can check it: a file and heading.
    pub documentation: Option<&'static str>,
}

impl Coverage {
    /// Whether anything stands for the statement.
    pub const fn is_accounted_for(&self) -> bool {
        !self.rules.is_empty() || self.documentation.is_some()
    }
}

/// All statements, in their order.
pub fn table() -> Vec<Coverage> {
    Vec::new()
}
