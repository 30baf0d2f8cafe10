//! `spec/report.md`: what each pass did, where and how often.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    foreign::markdown_code,
    merge,
    passes::{self, Pass, Stage},
};

/// How many places are listed for one pass and document; the rest is counted.
const LISTED: usize = 6;

/// What the pipeline did to the published documents.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Overlay file and number of its actions.
    pub overlays: Vec<(String, usize)>,
    /// Places by pass and document.
    done: BTreeMap<(&'static str, String), Vec<String>>,
    /// What merging decided, one line each.
    pub merging: Vec<String>,
}

impl Report {
    /// Notes the places that a pass changed in a document.
    pub fn note(&mut self, pass: &Pass, document: &str, places: Vec<String>) {
        if !places.is_empty() {
            self.done.entry((pass.id, document.to_owned())).or_default().extend(places);
        }
    }

    /// How many places a pass changed in all documents.
    pub fn count(&self, pass: &str) -> usize {
        self.done.iter().filter(|((id, _), _)| *id == pass).map(|(_, places)| places.len()).sum()
    }

    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::from(
            "# What normalising did\n\n\
             Written by `cargo xtask generate`, do not edit. One section per pass, in the order in which they run; \
             a place is a JSON pointer into the document as the pass found it.\n\n## Overlays\n\n\
             | overlay | actions |\n|---|---|\n",
        );
        for (name, actions) in &self.overlays {
            let _ = writeln!(out, "| {} | {actions} |", markdown_code(name).replace('|', "\\|"));
        }
        for pass in passes::CLEAN {
            self.section(&mut out, pass);
        }
        let _ = writeln!(out, "\n## Merging into `{}`\n", merge::RESULT);
        for line in &self.merging {
            let _ = writeln!(out, "- {line}");
        }
        for pass in passes::LOWER {
            self.section(&mut out, pass);
        }
        out
    }

    fn section(&self, out: &mut String, pass: &Pass) {
        let stage = match pass.stage {
            Stage::Clean => "cleans the document",
            Stage::Lower => "for the generator only",
        };
        let _ = write!(
            out,
            "\n## {} ({}, {stage})\n\n{} {}\n",
            pass.id,
            count(self.count(pass.id)),
            pass.what,
            pass.why
        );
        for ((_, document), places) in self.done.iter().filter(|((id, _), _)| *id == pass.id) {
            let _ = write!(out, "\n- {}: {}\n", markdown_code(document), count(places.len()));
            for place in places.iter().take(LISTED) {
                let _ = writeln!(out, "  - {}", markdown_code(place));
            }
            if places.len() > LISTED {
                let _ = writeln!(out, "  - … and {} more", places.len() - LISTED);
            }
        }
    }
}

fn count(places: usize) -> String {
    match places {
        1 => "1 place".to_owned(),
        n => format!("{n} places"),
    }
}
