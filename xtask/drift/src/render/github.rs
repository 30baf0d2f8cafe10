//! A report as GitHub's workflow commands.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{RUST_TITLE, SHOW_ALL, operations};
use crate::{Level, Report, api::ApiFinding, quote::plain};

/// How many annotations of one level are written. GitHub shows ten of a step, and fifty of a job.
const SHOWN: usize = 50;

/// One annotation for each finding. `place` gives the path of a finding's file and, where it is known,
/// the line.
pub fn github(report: &Report, place: impl Fn(&ApiFinding) -> Option<(String, Option<usize>)>) -> String {
    let mut out = Annotations::default();
    for finding in &report.findings {
        out.add(finding.level, || {
            let mut properties = Vec::new();
            if let Some((file, line)) = place(finding) {
                properties.push(format!("file={}", property(&file)));
                properties.extend(line.map(|line| format!("line={line}")));
            }
            properties.push(format!("title={}", property(&format!("{}: {}", finding.level, finding.kind))));
            let touched = operations(finding, str::to_owned);
            let message = match touched.is_empty() {
                true => data(&format!("{}, {}", finding.api, finding.text)),
                false => {
                    format!("{}%0A{}", data(&format!("{}, {}", finding.api, finding.text)), data(&touched))
                }
            };
            format!("{}::{message}", properties.join(","))
        });
    }
    for finding in report.rust.iter().flat_map(|rust| &rust.findings) {
        out.add(finding.level, || {
            let title = property(&format!("{RUST_TITLE}: {}", finding.level));
            format!("title={title}::{}", data(&format!("{} ({})", finding.item, finding.kind)))
        });
    }
    let mut out = out.finish();
    for note in report.rust.iter().flat_map(|rust| &rust.notes) {
        let _ = writeln!(out, "::notice title={}::{}", property(RUST_TITLE), data(note));
    }
    if let Some(problem) = &report.rust_problem {
        let lines: Vec<String> = problem.lines().map(data).collect();
        let _ = writeln!(out, "::warning title={}::{}", property(RUST_TITLE), lines.join("%0A"));
    }
    let _ = writeln!(out, "{}", report.counts());
    out
}

/// Annotations, not more of one level than are shown.
#[derive(Default)]
struct Annotations {
    out: String,
    counts: BTreeMap<Level, usize>,
}

impl Annotations {
    fn add(&mut self, level: Level, annotation: impl FnOnce() -> String) {
        let count = self.counts.entry(level).or_default();
        *count += 1;
        if *count <= SHOWN {
            let _ = writeln!(self.out, "::{} {}", command(level), annotation());
        }
    }

    fn finish(mut self) -> String {
        for (level, count) in self.counts.iter().rev().filter(|(_, count)| **count > SHOWN) {
            let _ = writeln!(self.out, "{} more that are {level} are left out; {SHOW_ALL}", count - SHOWN);
        }
        self.out
    }
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Breaking => "error",
        Level::PossiblyBreaking => "warning",
        Level::Additive | Level::Documentation => "notice",
    }
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    plain(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
