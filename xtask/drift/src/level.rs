//! How much a change means.

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

impl Level {
    /// All levels, the gravest first.
    pub const ALL: [Self; 4] = [Self::Breaking, Self::PossiblyBreaking, Self::Additive, Self::Documentation];
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Documentation => "documentation",
            Self::Additive => "additive",
            Self::PossiblyBreaking => "possibly breaking",
            Self::Breaking => "breaking",
        })
    }
}
