//! What calls, pages and building cost, and how that compares with the committed figures.
//!
//! `table` reads and writes Markdown tables, `document` finds them in [`DOCUMENT`], `compare` says
//! what got worse. `bench` takes the table that a bench prints; `build` measures building, by the
//! programs of `program`. `cargo` runs cargo.

pub mod bench;
pub mod build;
mod cargo;
pub mod compare;
pub mod document;
mod error;
pub mod program;
pub mod table;

pub use error::MeasureError;

use compare::Better;

/// Where the committed tables stand, from the root of the project.
pub const DOCUMENT: &str = "docs/measurements.md";

/// What is measured in one go and fills one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Building with the dependencies built, size and crates of a program, generated lines.
    Build,
    /// Building from nothing.
    Cold,
    /// Building requests.
    Requests,
    /// Decoding pages.
    Decoding,
    /// Whole lists over loopback.
    EndToEnd,
}

impl Subject {
    /// Everything that can be measured.
    pub const ALL: [Self; 5] = [Self::Build, Self::Cold, Self::Requests, Self::Decoding, Self::EndToEnd];

    /// Its name on the command line and in the markers of [`DOCUMENT`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Cold => "cold",
            Self::Requests => "requests",
            Self::Decoding => "decoding",
            Self::EndToEnd => "end-to-end",
        }
    }

    /// The bench of `pleo-benches` that measures it, if one does.
    pub const fn bench(self) -> Option<&'static str> {
        match self {
            Self::Build | Self::Cold => None,
            Self::Requests => Some("request_building"),
            Self::Decoding => Some("decoding"),
            Self::EndToEnd => Some("end_to_end"),
        }
    }

    /// How the figures below a heading are compared; `None` where they are not.
    ///
    /// Of a bench only ratios are: their peer is measured in the same run, while times are those of
    /// one machine. A ratio's heading says what it is a ratio `to`.
    pub fn better(self, heading: &str) -> Option<Better> {
        let ratio = heading.starts_with("to ") || heading.contains(", to ");
        if self.bench().is_some() && !ratio {
            None
        } else if heading.contains("per second") {
            Some(Better::Higher)
        } else {
            Some(Better::Lower)
        }
    }
}

impl clap::ValueEnum for Subject {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_bench_only_ratios_are_compared() {
        let better = |heading| Subject::Requests.better(heading);
        for heading in ["request", "typed client", "reqwest by hand", "floor", "bytes", "into one buffer"] {
            assert_eq!(better(heading), None, "{heading}");
        }
        for heading in ["to by hand", "to floor", "for reqwest, to by hand", "processor time, to bare"] {
            assert_eq!(better(heading), Some(Better::Lower), "{heading}");
        }
        assert_eq!(better("requests per second, to bare"), Some(Better::Higher));
    }

    #[test]
    fn of_building_every_figure_is_compared() {
        for heading in build::HEADINGS {
            assert_eq!(Subject::Build.better(heading), Some(Better::Lower), "{heading}");
            assert_eq!(Subject::Cold.better(heading), Some(Better::Lower), "{heading}");
        }
    }
}
