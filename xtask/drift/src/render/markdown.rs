//! A report as Markdown for the body of a pull request.

use std::{cmp::Reverse, fmt::Write as _};

use super::{NO_CHANGE, RUST_TITLE, SHOW_ALL, bump, operations};
use crate::{
    Counts, Level, Report,
    api::{ApiFinding, kinds},
    quote::{block, code, name, name_in_table},
    rust::RustFinding,
};

/// The longest Markdown that GitHub takes as the body of a pull request, in characters.
pub const MARKDOWN_LIMIT: usize = 65_536;
/// How many findings of one level and API are shown unfolded.
const UNFOLDED: usize = 10;
/// How many APIs have a row in the table.
const ROWS: usize = 100;
/// Room that is kept for the note on what was left out.
const NOTE: usize = 400;

/// What is above, and its lines.
struct Section {
    title: String,
    lines: Vec<String>,
}

/// Markdown fit for the body of a pull request: never longer than [`MARKDOWN_LIMIT`].
pub fn markdown(report: &Report) -> String {
    markdown_after("", report)
}

/// Like [`markdown`], below a section that comes first. Of that, whole lines are kept, at most half of the body.
pub fn markdown_after(first: &str, report: &Report) -> String {
    let mut used = 0;
    let fits = |line: &&str| {
        used += line.chars().count();
        used <= MARKDOWN_LIMIT / 2
    };
    let mut out = Limited::new(first.split_inclusive('\n').take_while(fits).collect());
    if out.text.len() < first.len() {
        out.push("- and more\n");
    }
    if !first.is_empty() {
        out.push("\n");
    }
    if report.is_empty() && report.rust_problem.is_none() {
        return out.text + "No change of Pleo's API.\n";
    }
    out.push("## What changed in Pleo's API\n\n");
    out.push("| API | breaking | possibly breaking | additive | documentation |\n|---|---|---|---|---|\n");
    let row = |name: &str, counts: &Counts| {
        let cells: Vec<String> = Level::ALL.iter().map(|level| counts.get(*level).to_string()).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    let apis = report.by_api();
    for (api, findings) in apis.iter().take(ROWS) {
        let counts = Counts::of(findings.iter().map(|finding| finding.level));
        out.push(&row(&name_in_table(api), &counts));
    }
    if apis.len() != 1 {
        out.push(&row("all", &report.counts()));
    }
    if let Some(rust) = &report.rust {
        let counts =
            if rust.findings.is_empty() { NO_CHANGE.to_owned() } else { report.rust_counts().to_string() };
        let bump = bump(report);
        out.push(&format!("\nThe changes of the Rust API ask for this version: **{bump}** ({counts}).\n"));
        for note in &rust.notes {
            out.push(&format!("\nNote: {}\n", code(note)));
        }
    }
    if let Some(problem) = &report.rust_problem {
        out.push(&format!("\n{}", block(problem)));
    }
    let mut left_out = 0;
    for section in sections(report) {
        left_out += out.section(&section);
    }
    let mut out = out.text;
    if left_out > 0 {
        let _ = write!(
            out,
            "\n{left_out} more findings are left out, because GitHub takes no longer text. {SHOW_ALL}.\n"
        );
    }
    out
}

/// Text with the room that is left in it.
struct Limited {
    text: String,
    used: usize,
}

impl Limited {
    fn new(text: String) -> Self {
        Self { used: text.chars().count(), text }
    }

    /// Adds what fits.
    fn push(&mut self, text: &str) -> bool {
        let length = text.chars().count();
        let fits = self.used + length + NOTE <= MARKDOWN_LIMIT;
        if fits {
            self.text.push_str(text);
            self.used += length;
        }
        fits
    }

    /// Adds what fits of a section; returns how many lines did not.
    fn section(&mut self, section: &Section) -> usize {
        let count = section.lines.len();
        let (head, foot) = if count > UNFOLDED {
            let summary = format!("<details>\n<summary>{count} findings</summary>");
            (format!("\n{}\n\n{summary}\n\n", section.title), "\n</details>\n")
        } else {
            (format!("\n{}\n\n", section.title), "")
        };
        let around = head.chars().count() + foot.chars().count();
        let room = MARKDOWN_LIMIT.saturating_sub(NOTE + self.used + around);
        let mut used = 0;
        let fits = |line: &&String| {
            used += line.chars().count();
            used <= room
        };
        let lines: Vec<&String> = section.lines.iter().take_while(fits).collect();
        if let [first, ..] = lines.as_slice()
            && !first.is_empty()
        {
            let lines: String = lines.iter().map(|line| line.as_str()).collect();
            self.push(&format!("{head}{lines}{foot}"));
        }
        count - lines.len()
    }
}

/// The gravest level first, over all APIs; what happens to the Rust API comes before what breaks
/// nobody, so that it is not what is left out of a long report.
fn sections(report: &Report) -> Vec<Section> {
    let mut sections = Vec::new();
    for level in Level::ALL {
        let mut title = Some(format!("### {}\n\n", capital(&level.to_string())));
        for (api, findings) in report.by_api() {
            let of_level = findings.iter().filter(|finding| finding.level == level);
            let lines: Vec<String> = of_level.map(|finding| item(finding)).collect();
            if !lines.is_empty() {
                let title = format!("{}**{}**", title.take().unwrap_or_default(), name(api));
                sections.push(Section { title, lines });
            }
        }
        if level == Level::PossiblyBreaking {
            sections.extend(rust_section(report));
        }
    }
    sections
}

fn rust_section(report: &Report) -> Option<Section> {
    let rust = report.rust.as_ref().filter(|rust| !rust.findings.is_empty())?;
    let mut findings: Vec<&RustFinding> = rust.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.level));
    let line = |finding: &RustFinding| {
        let mut line = format!("- {}: {} ({})", finding.level, code(&finding.item), finding.kind);
        for (word, text) in [("was", &finding.before), ("is", &finding.after)] {
            if let Some(text) = text {
                let _ = write!(line, "; {word} {}", code(text));
            }
        }
        line + "\n"
    };
    let lines = findings.into_iter().map(line).collect();
    Some(Section { title: format!("### {RUST_TITLE}"), lines })
}

fn item(finding: &ApiFinding) -> String {
    let values = match (&finding.before, &finding.after) {
        (Some(before), Some(after)) => format!(", {} became {}", code(before), code(after)),
        (Some(value), None) | (None, Some(value)) => format!(", {}", code(value)),
        (None, None) => String::new(),
    };
    let what = kinds::by_id(finding.kind).map_or(finding.kind, |kind| kind.what);
    let place = if finding.place.is_empty() { String::new() } else { format!(": {}", code(&finding.place)) };
    let touched = operations(finding, code);
    let touched = if touched.is_empty() { String::new() } else { format!("<br>{touched}") };
    format!("- {what}{place}{values}{touched}\n")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
