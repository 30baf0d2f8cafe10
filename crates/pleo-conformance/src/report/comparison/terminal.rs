//! The comparison for a terminal, with styles as in [`report::terminal`](crate::report::terminal).

use std::fmt::Write as _;

use super::{
    super::terminal::{BOLD, FAINT, columns, cut, style, wrap},
    Comparison, one_line, sign, word,
};

/// The fewest columns in which text is wrapped.
const NARROWEST: usize = 20;

/// The comparison. Columns are numbered, so that many fit. Lines are cut at `width` columns, if there is one, apart
/// from cells.
pub fn render(comparison: &Comparison, width: Option<usize>) -> String {
    let cell = comparison.clients.len().to_string().len() + 1;
    let room = |used: usize| width.map(|width| width.saturating_sub(used).max(NARROWEST));
    let mut page = format!("{BOLD}{}{BOLD:#}\n\n", comparison.heading());
    let overview = comparison.overview();
    for (column, client) in comparison.clients.iter().enumerate() {
        let _ = writeln!(page, "{:>cell$}  {BOLD}{}{BOLD:#}", column + 1, one_line(&client.title));
        let facts: Vec<_> =
            overview.iter().map(|(name, values)| format!("{name} {}", one_line(&values[column]))).collect();
        for line in wrap(&facts.join(", "), room(cell + 2)) {
            let _ = writeln!(page, "{:cell$}  {line}", "");
        }
    }
    if !comparison.differences.is_empty() {
        let _ = writeln!(page, "\n{BOLD}The runs differ{BOLD:#}");
        for line in comparison.differences.iter().flat_map(|text| wrap(&one_line(text), room(0))) {
            let _ = writeln!(page, "{line}");
        }
    }
    let id_width = comparison.areas.iter().flat_map(|area| &area.rows).map(|row| columns(&one_line(&row.id)));
    let id_width = id_width.max().unwrap_or_default();
    for area in &comparison.areas {
        let name = one_line(&area.name);
        let gap = " ".repeat((id_width + 2).saturating_sub(columns(&name)));
        let _ = write!(page, "\n{BOLD}{name}{BOLD:#}{gap}{FAINT}");
        for column in 1..=comparison.clients.len() {
            let _ = write!(page, "{column:>cell$}");
        }
        let _ = writeln!(page, "{FAINT:#}");
        for row in &area.rows {
            let id = one_line(&row.id);
            let _ = write!(page, "  {id}{}", " ".repeat(id_width.saturating_sub(columns(&id))));
            for &standing in &row.standings {
                let style = standing.map_or(FAINT, style);
                let _ = write!(page, "{:1$}{style}{2}{style:#}", "", cell - 1, sign(standing));
            }
            let used = 2 + id_width + cell * row.standings.len() + 2;
            let text = format!("{}  {}", row.level, one_line(&row.title));
            let _ = writeln!(page, "  {}", cut(&text, width.map(|width| width.saturating_sub(used))));
        }
    }
    let legend: Vec<_> = comparison
        .legend()
        .into_iter()
        .map(|standing| {
            let style = standing.map_or(FAINT, style);
            format!("{style}{}{style:#} {}", sign(standing), word(standing))
        })
        .collect();
    if !legend.is_empty() {
        let _ = writeln!(page, "\n{}", legend.join("  "));
    }
    page
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use proptest::prelude::*;

    use super::{
        super::{
            Comparison,
            tests::{any_comparison, two},
        },
        render,
    };

    #[test]
    fn a_rule_has_one_line_with_a_sign_for_each_client() {
        let text = strip_str(&render(&Comparison::of(&two()), Some(100))).to_string();
        for line in [
            "Conformance of 2 clients",
            " 1  example-client 1.2.3",
            " 2  other-client 1.2.3",
            "    MUST passed 8/8, SHOULD passed 1/1, failed 0, failed as expected 0, passed unexpectedly 0, ",
            "AUTH     1 2",
            "  AUTH-1 ✓ ✓  MUST  Basic for keys",
            "  AUTH-2 ✗ ✓  MUST  The key is the user name",
            "  AUTH-4 ✗ ✓  SHOULD  Base64, padded: always",
            "✓ passed  ✗ failed  ≈ failed as expected  ! passed unexpectedly  - skipped  ? inconclusive  E error",
        ] {
            assert!(
                text.lines().any(|shown| shown.trim_end() == line.trim_end()),
                "{line} is not in\n{text}"
            );
        }
    }

    #[test]
    fn runs_that_differ_are_told_before_the_table() {
        let [one, mut other] = two();
        other.seed = 7;
        let text = strip_str(&render(&Comparison::of(&[one, other]), Some(100))).to_string();
        let note = "The runs differ\nseed: 1 for example-client 1.2.3; 7 for other-client 1.2.3\n";
        assert!(text.find(note).unwrap() < text.find("AUTH-1").unwrap());
    }

    proptest! {
        #[test]
        fn no_text_reaches_the_terminal_as_a_control(comparison in any_comparison(), width in prop::option::of(0_usize..200)) {
            let styled = render(&comparison, width);
            let plain = strip_str(&styled).to_string();
            prop_assert!(plain.chars().all(|character| character == '\n' || !character.is_control()));
            let foreign = ["\u{1b}]", "\u{1b}[35m"].iter().any(|sequence| styled.contains(sequence));
            prop_assert!(!foreign);
        }
    }
}
