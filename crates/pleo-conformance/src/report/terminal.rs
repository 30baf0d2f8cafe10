//! The report for a terminal. Styles are escape sequences: write it to a stream that takes them out where
//! they are not wanted, such as [`anstream::AutoStream`].

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

use super::{
    Report, RuleResult, Standing,
    text::{one_line, visible},
};
use crate::{
    verdict::{Evidence, Verdict},
    words::counted,
};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// How far evidence is set in.
const INDENT: usize = 4;

/// The narrowest column in which a value is still read with ease.
const COLUMN: usize = 32;

/// The report in lines of at most `width` columns, apart from curl lines, which are there to be copied. Without a
/// width nothing is cut or wrapped.
pub fn render(report: &Report, width: Option<usize>) -> String {
    let subject = one_line(&format!("{} {}", report.subject.name, report.subject.version));
    let mut page = format!("{BOLD}conformance of {subject}{BOLD:#} ({})\n", report.subject.kind);
    for (area, results) in report.areas() {
        page.push_str(&format!("\n{BOLD}{}{BOLD:#}\n", one_line(area)));
        let id_width =
            results.iter().map(|(_, result)| columns(&one_line(&result.id))).max().unwrap_or_default();
        for (_, result) in results {
            page.push_str(&rule(result, report.cases, id_width, width));
        }
    }
    for result in &report.results {
        if let (Some(evidence), true) = (result.evidence(), result.standing().needs_attention()) {
            page.push_str(&failure(result, evidence, width));
        }
    }
    page.push('\n');
    page.push_str(&summary(report));
    page
}

/// The report in one line.
pub fn summary(report: &Report) -> String {
    let worst = report.results.iter().map(RuleResult::standing).max_by_key(|&standing| severity(standing));
    let style = worst.map_or(FAINT, style).bold();
    format!("{style}{}{style:#}\n", report.summary_line())
}

/// A rule in one line. What does not fit is cut if it is told again below.
fn rule(result: &RuleResult, cases: u32, id_width: usize, width: Option<usize>) -> String {
    let standing = result.standing();
    let style = style(standing);
    let id = one_line(&result.id);
    let mut text =
        format!("{}{}  {}", id, " ".repeat(id_width.saturating_sub(columns(&id))), one_line(&result.title));
    let _ = match (&result.verdict, standing) {
        (Verdict::Pass { conclusive }, Standing::Passed) => write!(text, " ({})", basis(*conclusive, cases)),
        _ => write!(text, ": {standing}, {}", one_line(&result.note())),
    };
    let width = width.map(|width| width.saturating_sub(INDENT));
    let lines = match standing {
        Standing::UnexpectedPass | Standing::Inconclusive | Standing::Error => wrap(&text, width),
        _ => vec![cut(&text, width)],
    };
    format!("  {style}{}{style:#} {}\n", standing.sign(), lines.join(&format!("\n{:INDENT$}", "")))
}

/// How many cases a pass is based on, as in `256 cases`, or `64 of 256 cases` where the others showed nothing. A rule
/// that needs no cases is judged once.
fn basis(conclusive: u32, cases: u32) -> String {
    if conclusive == 1 || conclusive >= cases {
        counted(conclusive, "case")
    } else {
        format!("{conclusive} of {}", counted(cases, "case"))
    }
}

fn failure(result: &RuleResult, evidence: &Evidence, width: Option<usize>) -> String {
    let style = style(result.standing()).bold();
    let text_width = width.map(|width| width.saturating_sub(INDENT).max(COLUMN));
    let heading =
        format!("{} {} {} {}", result.standing().sign(), result.id, one_line(&result.title), result.level);
    let mut block = "\n".to_owned();
    for line in wrap(&heading, width.map(|width| width.max(COLUMN))) {
        let _ = writeln!(block, "{style}{line}{style:#}");
    }
    let mut lines = wrap(&result.statement, text_width);
    lines.extend(wrap(
        &format!("from {}: {}", result.sources.join(", "), result.headings.join("; ")),
        text_width,
    ));
    for line in lines {
        let _ = writeln!(block, "{:INDENT$}{FAINT}{line}{FAINT:#}", "");
    }
    for line in wrap(&evidence.message, text_width) {
        let _ = writeln!(block, "{:INDENT$}{BOLD}{line}{BOLD:#}", "");
    }
    block.push('\n');
    block.push_str(&sides(&evidence.expected, &evidence.received, text_width));
    for (name, text) in evidence.details() {
        let _ = writeln!(block, "{:INDENT$}{FAINT}{name}{FAINT:#}", "");
        let lines = if name == "curl" {
            visible(&text).lines().map(str::to_owned).collect()
        } else {
            wrap(&text, text_width)
        };
        for line in lines {
            let _ = writeln!(block, "{:INDENT$}{line}", "");
        }
    }
    let _ = writeln!(block, "{:INDENT$}{FAINT}fingerprint {}{FAINT:#}", "", one_line(&evidence.fingerprint));
    for line in wrap(&format!("next: pleo-conformance explain {}", result.id), text_width) {
        let _ = writeln!(block, "{:INDENT$}{line}", "");
    }
    block
}

/// Expected and received beside each other, or below each other where that would be too narrow or nobody says how
/// wide it is.
fn sides(expected: &str, received: &str, width: Option<usize>) -> String {
    const BETWEEN: &str = " │ ";
    let good = AnsiColor::Green.on_default();
    let bad = AnsiColor::Red.on_default();
    let mut block = String::new();
    let column = width.map(|width| width.saturating_sub(BETWEEN.chars().count()) / 2);
    let Some(column) = column.filter(|column| *column >= COLUMN) else {
        for (name, style, text) in [("expected", good, expected), ("received", bad, received)] {
            let _ = writeln!(block, "{:INDENT$}{FAINT}{name}{FAINT:#}", "");
            for line in wrap(text, width) {
                let _ = writeln!(block, "{:INDENT$}{style}{line}{style:#}", "");
            }
        }
        return block;
    };
    let (left, right) = (wrap(expected, Some(column)), wrap(received, Some(column)));
    let _ = writeln!(block, "{:INDENT$}{FAINT}{:column$}{BETWEEN}received{FAINT:#}", "", "expected");
    for index in 0..left.len().max(right.len()) {
        let (left, right) =
            (left.get(index).map_or("", String::as_str), right.get(index).map_or("", String::as_str));
        let gap = " ".repeat(column.saturating_sub(columns(left)));
        let _ = writeln!(
            block,
            "{:INDENT$}{good}{left}{good:#}{gap}{FAINT}{BETWEEN}{FAINT:#}{bad}{right}{bad:#}",
            ""
        );
    }
    block
}

/// The text in lines of at most `width` columns, broken after a space where there is one. Every character
/// stays: in a header's value each of them counts.
pub(super) fn wrap(text: &str, width: Option<usize>) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in visible(text).split('\n') {
        let mut rest = paragraph;
        loop {
            let end = width.map_or(rest.len(), |width| fitting(rest, width));
            if end == rest.len() {
                lines.push(rest.to_owned());
                break;
            }
            let end = rest[..end].rfind(' ').map_or(end, |space| space + 1);
            let (line, after) = rest.split_at(end);
            lines.push(line.to_owned());
            rest = after;
        }
    }
    lines
}

/// The text, or its beginning and an ellipsis, in at most `width` columns.
pub(super) fn cut(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if columns(text) > width => {
            format!("{}…", &text[..fitting(text, width.saturating_sub(1))])
        }
        _ => text.to_owned(),
    }
}

/// How many bytes of the text fit into so many columns: at least one character.
fn fitting(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (place, character) in text.char_indices() {
        used += character.width().unwrap_or_default();
        if used > width && place > 0 {
            return place;
        }
    }
    text.len()
}

pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or_default()).sum()
}

pub(super) fn style(standing: Standing) -> Style {
    match standing {
        Standing::Passed => AnsiColor::Green.on_default(),
        Standing::FailedMust | Standing::UnexpectedPass | Standing::Error => AnsiColor::Red.on_default(),
        Standing::FailedShould | Standing::Inconclusive => AnsiColor::Yellow.on_default(),
        Standing::ExpectedFailure | Standing::Skipped => FAINT,
    }
}

const fn severity(standing: Standing) -> u8 {
    match standing {
        Standing::ExpectedFailure | Standing::Skipped => 0,
        Standing::Passed => 1,
        Standing::FailedShould | Standing::Inconclusive => 2,
        Standing::FailedMust | Standing::UnexpectedPass | Standing::Error => 3,
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use proptest::prelude::*;

    use super::{
        super::{Report, Verdict, sample},
        basis, columns, render, summary, wrap,
    };

    fn plain(report: &Report, width: usize) -> String {
        strip_str(&render(report, Some(width))).to_string()
    }

    #[test]
    fn every_rule_has_one_line_and_the_last_one_sums_up() {
        let text = plain(&sample::report(), 100);
        let rules: Vec<_> = text.lines().skip_while(|line| *line != "AUTH").take(12).collect();
        assert_eq!(
            rules,
            [
                "AUTH",
                "  ✓ AUTH-1  Basic for keys (256 cases)",
                "  ✗ AUTH-2  The key is the user name: failed, the key is in the password",
                "  - AUTH-3  Bearer for tokens: skipped, the client has no OAuth",
                "  ✗ AUTH-4  Base64, padded: always: failed (SHOULD), the key is in the password",
                "",
                "ENV",
                "  ✓ ENV-1  Staging has one base URL (256 cases)",
                "  ≈ ENV-2  No redirect is followed: failed as expected, known since May",
                "  ! ENV-3  Mended: passed unexpectedly, the file of expected failures still has it: mended in June",
                "  ? ENV-4  A key works in one environment: inconclusive, only 401 was ever seen",
                "  E ENV-5  Broken down: error, it did not respond",
            ]
        );
        assert_eq!(
            text.lines().last().unwrap(),
            "conformance  2 passed, 1 failed, 1 skipped, 1 inconclusive, 1 failed (SHOULD), 1 failed as expected, \
             1 passed unexpectedly, 1 in error (seed 1, 256 cases per rule)"
        );
        assert_eq!(strip_str(&summary(&sample::report())).to_string().lines().count(), 1);
    }

    #[test]
    fn a_pass_says_how_many_cases_showed_it() {
        let shown = [(256, 256), (64, 256), (2, 3), (1, 256), (1, 1), (300, 256)];
        assert_eq!(
            shown.map(|(conclusive, cases)| basis(conclusive, cases)),
            ["256 cases", "64 of 256 cases", "2 of 3 cases", "1 case", "1 case", "300 cases"]
        );
        let mut report = sample::report();
        report.results[0].verdict = Verdict::Pass { conclusive: 64 };
        let text = plain(&report, 100);
        assert!(text.contains("  ✓ AUTH-1  Basic for keys (64 of 256 cases)\n"), "{text}");
    }

    #[test]
    fn a_failure_says_which_command_explains_its_rule() {
        let text = plain(&sample::report(), 100);
        let next: Vec<_> = text.lines().map(str::trim).filter(|line| line.starts_with("next: ")).collect();
        assert_eq!(next, ["AUTH-2", "AUTH-4"].map(|id| format!("next: pleo-conformance explain {id}")));
    }

    #[test]
    fn expected_and_received_stand_beside_each_other_if_there_is_room() {
        let wide = plain(&sample::report(), 80);
        assert!(
            wide.contains(&format!(
                "    {:36} │ received\n    {:36} │ Basic :KEY\n",
                "expected", "Basic KEY:"
            )),
            "{wide}"
        );
        let narrow = plain(&sample::report(), 60);
        assert!(narrow.contains("    expected\n    Basic KEY:\n    received\n    Basic :KEY\n"), "{narrow}");
    }

    #[test]
    fn the_curl_line_is_left_in_one_piece() {
        let narrow = plain(&sample::report(), 40);
        assert!(narrow.contains("\n    curl -u ':***' 'http://127.0.0.1:4000/v2/employees?limit=1'\n"));
    }

    #[test]
    fn an_expected_failure_needs_no_evidence() {
        let text = plain(&sample::report(), 100);
        assert_eq!(text.matches("fingerprint").count(), 2);
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_is_wide() {
        let mut report = sample::report();
        for result in &mut report.results {
            result.title = "鍵 and a rather long title ".repeat(9);
            if let Verdict::Fail { evidence } = &mut result.verdict {
                evidence.received = "鍵".repeat(99);
                evidence.curl = None;
            }
        }
        for width in [40, 71, 72, 120] {
            let text = plain(&report, width);
            let lines: Vec<_> = text.lines().collect();
            for line in &lines[1..lines.len() - 1] {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn without_a_width_nothing_is_cut_or_wrapped() {
        let mut report = sample::report();
        let words = "lorem ".repeat(500);
        for result in &mut report.results {
            result.title = words.clone();
            result.statement = words.clone();
            match &mut result.verdict {
                Verdict::Fail { evidence } => evidence.received = words.clone(),
                Verdict::Error { reason } | Verdict::Inconclusive { reason } | Verdict::Skip { reason } => {
                    *reason = words.clone();
                }
                Verdict::Pass { .. } => {}
            }
        }
        let text = strip_str(&render(&report, None)).to_string();
        let count = |text: &str, word: &str| text.matches(word).count();
        let rules = report.results.len() + report.results.iter().filter(|it| it.evidence().is_some()).count();
        let whole = text.lines().filter(|line| count(line, "lorem") >= 500).count();
        assert!(whole > rules, "{whole} of {rules}");
        assert_eq!((count(&text, "lorem") % 500, count(&text, "…")), (0, 0));
    }

    #[test]
    fn a_reason_that_stands_nowhere_else_is_not_cut() {
        let mut report = sample::report();
        let reason = "no connection: ".repeat(20) + "connection refused";
        for result in &mut report.results {
            if let Verdict::Error { reason: text } = &mut result.verdict {
                text.clone_from(&reason);
            }
        }
        let text = plain(&report, 60);
        assert!(text.lines().any(|line| line.ends_with("connection refused")), "{text}");
    }

    proptest! {
        #[test]
        fn no_text_reaches_the_terminal_as_a_control(report in sample::any_report(), width in 0_usize..200) {
            let styled = render(&report, Some(width));
            let plain = strip_str(&styled).to_string();
            prop_assert!(plain.chars().all(|character| character == '\n' || !character.is_control()));
            let foreign = ["\u{1b}]", "\u{1b}[35m"].iter().any(|sequence| styled.contains(sequence));
            prop_assert!(!foreign);
        }

        #[test]
        fn wrapping_keeps_every_character_and_the_width(text in "[ a-z]{0,200}", width in 1_usize..50) {
            let lines = wrap(&text, Some(width));
            prop_assert_eq!(lines.concat(), text);
            prop_assert!(lines.iter().all(|line| columns(line) <= width));
        }
    }
}
