//! Showing a report: as text, as Markdown for a pull request, as JSON, as GitHub annotations.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde::Serialize;

use crate::{
    Level,
    api::{self, Counts, Finding, Report},
    rust::{Bump, Change},
};
use xtask_openapi::{Document, foreign::one_line};

/// The longest Markdown that GitHub takes as the body of a pull request, in characters.
pub const MARKDOWN_LIMIT: usize = 65_536;
/// How many operations of one finding are named in text and Markdown; JSON names all.
const NAMED: usize = 5;
/// How many findings of one level and API are shown unfolded in Markdown.
const UNFOLDED: usize = 10;
/// Room that Markdown keeps for the note on what was left out.
const NOTE: usize = 400;
/// What is said of equal documents.
const NO_CHANGE: &str = "no change";
/// The title of what changed in the client.
const RUST_TITLE: &str = "What this does to the Rust API";

/// `3 breaking, 1 additive`, without the levels that do not occur.
pub fn counts(counts: &Counts) -> String {
    let parts: Vec<String> = Level::ALL
        .iter()
        .filter(|level| counts.get(**level) > 0)
        .map(|level| format!("{} {level}", counts.get(*level)))
        .collect();
    if parts.is_empty() { NO_CHANGE.to_owned() } else { parts.join(", ") }
}

/// The operations of a finding, unless its place names the only one.
fn operations(finding: &Finding, show: impl Fn(&str) -> String) -> String {
    if matches!(finding.operations.as_slice(), [only] if finding.place.starts_with(only.as_str())) {
        return String::new();
    }
    let named: Vec<String> = finding.operations.iter().take(NAMED).map(|name| show(name)).collect();
    match finding.operations.len() {
        0..=NAMED => named.join(", "),
        all => format!("{} and {} more", named.join(", "), all - NAMED),
    }
}

fn rust_counts(report: &Report) -> Counts {
    Counts::of(report.rust.iter().flat_map(|rust| &rust.changes).map(|change| change.level))
}

fn bump(report: &Report) -> String {
    let name = report.rust.as_ref().and_then(|rust| serde_json::to_value(rust.bump).ok());
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Plain text, by API and level, the counts at the end.
pub fn text(report: &Report) -> String {
    if report.is_empty() && report.rust_problem.is_none() {
        return format!("{NO_CHANGE}\n");
    }
    let mut out = String::new();
    for (api, findings) in report.by_api() {
        let _ = writeln!(out, "{}", one_line(api));
        let mut level = None;
        for finding in findings {
            if level.replace(finding.level) != Some(finding.level) {
                let _ = writeln!(out, "  {}", finding.level);
            }
            let _ = writeln!(out, "    {}  [{}]", one_line(&finding.text), finding.kind);
            let touched = operations(finding, one_line);
            if !touched.is_empty() {
                let _ = writeln!(out, "      {touched}");
            }
        }
        out.push('\n');
    }
    if let Some(rust) = &report.rust {
        let _ = writeln!(out, "{RUST_TITLE} (version: {})", bump(report));
        for change in &rust.changes {
            let _ = writeln!(out, "  {}: {}  [{}]", change.level, change.item, change.id);
            for (sign, text) in [("-", &change.before), ("+", &change.after)] {
                if let Some(text) = text {
                    let _ = writeln!(out, "    {sign} {text}");
                }
            }
        }
        let _ = writeln!(out, "  {}\n", counts(&rust_counts(report)));
    }
    if let Some(problem) = &report.rust_problem {
        let _ = writeln!(out, "{problem}\n");
    }
    let _ = writeln!(out, "{}", counts(&report.counts()));
    out
}

/// A commit message: which documents have another version, and what changed.
pub fn commit_message(report: &Report, old: &[Document], new: &[Document]) -> String {
    let mut out = format!("Follow Pleo's API: {}\n", counts(&report.counts()));
    let versions = |documents: &[Document]| -> BTreeMap<String, String> {
        let text = |document: &Document, key: &str| document.value["info"][key].as_str().map(str::to_owned);
        let named = |document| Some((text(document, "title")?, text(document, "version")?));
        documents.iter().filter_map(named).collect()
    };
    let (old, new) = (versions(old), versions(new));
    let apis: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let moved: Vec<String> = apis
        .into_iter()
        .filter_map(|api| match (old.get(api), new.get(api)) {
            (Some(old), Some(new)) if old != new => Some(format!("- {api} {old} to {new}")),
            (Some(_), None) => Some(format!("- {api} is gone")),
            (None, Some(new)) => Some(format!("- {api} {new} is new")),
            _ => None,
        })
        .collect();
    if !moved.is_empty() {
        let _ = writeln!(out, "\n{}", moved.join("\n"));
    }
    if report.rust.as_ref().is_some_and(|rust| rust.bump != Bump::None) {
        let _ = writeln!(
            out,
            "\nVersion of the client: {} ({} in its API).",
            bump(report),
            counts(&rust_counts(report))
        );
    }
    out
}

/// A section of Markdown: what stands above, and its lines.
struct Section {
    title: String,
    lines: Vec<String>,
}

/// Markdown fit for the body of a pull request: never longer than [`MARKDOWN_LIMIT`].
pub fn markdown(report: &Report) -> String {
    if report.is_empty() {
        return "No change of Pleo's API.\n".to_owned();
    }
    let mut out = String::from("## What changed in Pleo's API\n\n");
    out.push_str(
        "| API | breaking | possibly breaking | additive | documentation |\n|---|---|---|---|---|\n",
    );
    let row = |name: &str, counts: &Counts| {
        let cells: Vec<String> = Level::ALL.iter().map(|level| counts.get(*level).to_string()).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    for (api, findings) in report.by_api() {
        let counts = Counts::of(findings.iter().map(|finding| finding.level));
        out.push_str(&row(&escape(api), &counts));
    }
    if report.by_api().len() != 1 {
        out.push_str(&row("all", &report.counts()));
    }
    if let Some(rust) = &report.rust {
        let _ = write!(out, "\nThe changes of the Rust API ask for this version: **{}**", bump(report));
        let _ = writeln!(
            out,
            " ({}).",
            if rust.changes.is_empty() { NO_CHANGE.to_owned() } else { counts(&rust_counts(report)) }
        );
    }
    if let Some(problem) = &report.rust_problem {
        let _ = write!(out, "\n```text\n{}\n```\n", problem.replace("```", "` ` `"));
    }
    let mut left_out = 0;
    for section in sections(report) {
        let folded = section.lines.len() > UNFOLDED;
        let (head, foot) = match folded {
            true => (
                format!(
                    "\n{}\n\n<details>\n<summary>{} changes</summary>\n\n",
                    section.title,
                    section.lines.len()
                ),
                "\n</details>\n",
            ),
            false => (format!("\n{}\n\n", section.title), ""),
        };
        let room = MARKDOWN_LIMIT.saturating_sub(NOTE + head.chars().count() + foot.chars().count());
        let mut used = out.chars().count();
        let mut fitting = section.lines.len();
        for (index, line) in section.lines.iter().enumerate() {
            used += line.chars().count();
            if used > room {
                fitting = index;
                break;
            }
        }
        left_out += section.lines.len() - fitting;
        if fitting > 0 {
            out.push_str(&head);
            section.lines.iter().take(fitting).for_each(|line| out.push_str(line));
            out.push_str(foot);
        }
    }
    if left_out > 0 {
        let _ = write!(
            out,
            "\n{left_out} more changes are left out, because GitHub takes no longer text. \
             `cargo xtask diff --format json` shows all of them.\n"
        );
    }
    out
}

/// The gravest level first, over all APIs; what happens to the Rust API comes before what breaks
/// nobody, so that it is not what is left out of a long report.
fn sections(report: &Report) -> Vec<Section> {
    let mut sections = Vec::new();
    for level in Level::ALL {
        let mut title = Some(format!("### {}\n\n", capital(&level.to_string())));
        for (api, findings) in report.by_api() {
            let lines: Vec<String> = findings
                .iter()
                .filter(|finding| finding.level == level)
                .map(|finding| item(finding))
                .collect();
            if !lines.is_empty() {
                let title = format!("{}**{}**", title.take().unwrap_or_default(), escape(api));
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
    let rust = report.rust.as_ref().filter(|rust| !rust.changes.is_empty())?;
    let mut changes: Vec<&Change> = rust.changes.iter().collect();
    changes.sort_by_key(|change| Reverse(change.level));
    let line = |change: &Change| {
        let mut line = format!("- {}: {} ({})", change.level, code(&change.item), change.id);
        for (word, text) in [("was", &change.before), ("is", &change.after)] {
            if let Some(text) = text {
                let _ = write!(line, "; {word} {}", code(text));
            }
        }
        line + "\n"
    };
    let lines = changes.into_iter().map(line).collect();
    Some(Section { title: format!("### {RUST_TITLE}"), lines })
}

fn item(finding: &Finding) -> String {
    let values = match (&finding.before, &finding.after) {
        (Some(before), Some(after)) => format!(", {} became {}", code(before), code(after)),
        (Some(value), None) | (None, Some(value)) => format!(", {}", code(value)),
        (None, None) => String::new(),
    };
    let what = api::kinds::by_id(finding.kind).map_or(finding.kind, |kind| kind.what);
    let place = if finding.place.is_empty() { String::new() } else { format!(": {}", code(&finding.place)) };
    let touched = operations(finding, code);
    let touched = if touched.is_empty() { String::new() } else { format!("<br>{touched}") };
    format!("- {what}{place}{values}{touched}\n")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Text in which nothing is Markdown or HTML.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '@' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Text as code: fenced with more backticks than it holds in a row.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// The JSON form, described by `xtask/drift/schemas/diff.schema.json`.
///
/// # Errors
/// When the report cannot be written as JSON, which no report is known to do.
pub fn json(report: &Report) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Form<'r> {
        format: u32,
        counts: Counts,
        #[serde(flatten)]
        report: &'r Report,
    }
    let form = Form { format: 1, counts: report.counts(), report };
    Ok(serde_json::to_string_pretty(&form)? + "\n")
}

/// GitHub's workflow commands, one annotation a finding. `place` gives the path of a finding's file
/// and, where it is known, the line.
pub fn github(report: &Report, place: impl Fn(&Finding) -> Option<(String, Option<usize>)>) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let mut properties = Vec::new();
        if let Some((file, line)) = place(finding) {
            properties.push(format!("file={}", property(&file)));
            properties.extend(line.map(|line| format!("line={line}")));
        }
        properties.push(format!("title={}", property(&format!("{}: {}", finding.level, finding.kind))));
        let touched = operations(finding, str::to_owned);
        let touched = if touched.is_empty() { String::new() } else { format!("\n{touched}") };
        let message = format!("{}, {}{touched}", finding.api, finding.text);
        let _ = writeln!(out, "::{} {}::{}", command(finding.level), properties.join(","), data(&message));
    }
    for change in report.rust.iter().flat_map(|rust| &rust.changes) {
        let title = property(&format!("{RUST_TITLE}: {}", change.level));
        let message = data(&format!("{} ({})", change.item, change.id));
        let _ = writeln!(out, "::{} title={title}::{message}", command(change.level));
    }
    if let Some(problem) = &report.rust_problem {
        let _ = writeln!(out, "::warning title={}::{}", property(RUST_TITLE), data(problem));
    }
    let _ = writeln!(out, "{}", counts(&report.counts()));
    out
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
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
