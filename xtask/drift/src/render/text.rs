//! A report as plain text.

use std::fmt::Write as _;

use super::{NO_CHANGE, RUST_TITLE, SHOW_ALL, bump, operations};
use crate::{Report, quote::plain};

/// How many findings of one level and API, or of the client, are shown.
const SHOWN: usize = 200;

/// Plain text, by API and level, the counts at the end.
pub fn text(report: &Report) -> String {
    let notes = report.rust.iter().flat_map(|rust| &rust.notes);
    if report.is_empty() && report.rust_problem.is_none() && notes.clone().next().is_none() {
        return format!("{NO_CHANGE}\n");
    }
    let mut out = String::new();
    for (api, findings) in report.by_api() {
        let _ = writeln!(out, "{}", plain(api));
        for level in findings.chunk_by(|a, b| a.level == b.level) {
            let Some(first) = level.first() else { continue };
            let _ = writeln!(out, "  {}", first.level);
            for finding in level.iter().take(SHOWN) {
                let _ = writeln!(out, "    {}  [{}]", plain(&finding.text), finding.kind);
                let touched = operations(finding, plain);
                if !touched.is_empty() {
                    let _ = writeln!(out, "      {touched}");
                }
            }
            left_out(&mut out, "    ", level.len());
        }
        out.push('\n');
    }
    if let Some(rust) = &report.rust {
        let _ = writeln!(out, "{RUST_TITLE} (version: {})", bump(report));
        for finding in rust.findings.iter().take(SHOWN) {
            let _ = writeln!(out, "  {}: {}  [{}]", finding.level, plain(&finding.item), finding.kind);
            for (sign, text) in [("-", &finding.before), ("+", &finding.after)] {
                if let Some(text) = text {
                    let _ = writeln!(out, "    {sign} {}", plain(text));
                }
            }
        }
        left_out(&mut out, "  ", rust.findings.len());
        let _ = writeln!(out, "  {}\n", report.rust_counts());
    }
    for note in notes {
        let _ = writeln!(out, "note: {}\n", plain(note));
    }
    if let Some(problem) = &report.rust_problem {
        problem.lines().for_each(|line| {
            let _ = writeln!(out, "{}", plain(line));
        });
        out.push('\n');
    }
    let _ = writeln!(out, "{}", report.counts());
    out
}

/// Says how many of these are not shown.
fn left_out(out: &mut String, indent: &str, all: usize) {
    if all > SHOWN {
        let _ = writeln!(out, "{indent}and {} more; {SHOW_ALL}", all - SHOWN);
    }
}
