//! What changed between two states of Pleo's published documents.

/// How much a change means to who calls the API, or depends on the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Words only.
    Documentation,
    /// Something more is possible; whoever worked before works on.
    Additive,
    /// Breaks some callers, depending on what they do.
    PossiblyBreaking,
    /// Breaks whoever uses it.
    Breaking,
}
