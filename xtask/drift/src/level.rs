//! How much a change means: plain data, below all that finds changes.

/// How much a change means to callers of the API, or to users of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Words only.
    Documentation,
    /// Something more is possible; what worked before still works.
    Additive,
    /// Breaks some callers, depending on what they do.
    PossiblyBreaking,
    /// Breaks everybody who uses it.
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

/// How many findings there are of each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Breaking ones.
    pub breaking: usize,
    /// Possibly breaking ones.
    pub possibly_breaking: usize,
    /// Additive ones.
    pub additive: usize,
    /// Those of documentation only.
    pub documentation: usize,
}

impl Counts {
    /// Counts levels.
    pub fn of(levels: impl IntoIterator<Item = Level>) -> Self {
        let mut counts = Self::default();
        for level in levels {
            match level {
                Level::Breaking => counts.breaking += 1,
                Level::PossiblyBreaking => counts.possibly_breaking += 1,
                Level::Additive => counts.additive += 1,
                Level::Documentation => counts.documentation += 1,
            }
        }
        counts
    }

    /// How many there are of one level.
    pub fn get(&self, level: Level) -> usize {
        match level {
            Level::Breaking => self.breaking,
            Level::PossiblyBreaking => self.possibly_breaking,
            Level::Additive => self.additive,
            Level::Documentation => self.documentation,
        }
    }
}

/// `3 breaking, 1 additive`, without the levels that do not occur.
impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = Level::ALL
            .iter()
            .filter(|level| self.get(**level) > 0)
            .map(|level| format!("{} {level}", self.get(*level)))
            .collect();
        f.write_str(if parts.is_empty() { "no change" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}
