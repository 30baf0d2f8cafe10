//! The comparison as Markdown.

use std::fmt::Write as _;

use super::{super::markdown::inline, Comparison, sign, word};
use crate::verdict::Level;

/// The comparison as Markdown: a table of totals, and one table per area.
pub fn render(comparison: &Comparison) -> String {
    let titles = || comparison.clients.iter().map(|client| inline(&client.title));
    let mut page = format!("## {}\n\n", comparison.heading());
    page.push_str(&head([String::new()], titles()));
    for (name, values) in comparison.overview() {
        page.push_str(&row([name], values.iter().map(|value| inline(value))));
    }
    if !comparison.differences.is_empty() {
        page.push_str("\nThe runs differ:\n\n");
        for difference in &comparison.differences {
            // Writing into a string does not fail.
            let _ = writeln!(page, "- {}", inline(difference));
        }
    }
    let legend: Vec<_> = comparison
        .legend()
        .into_iter()
        .map(|standing| format!("{} {}", inline(sign(standing)), word(standing)))
        .collect();
    if !legend.is_empty() {
        let _ = writeln!(page, "\n{}", legend.join(", "));
    }
    for area in &comparison.areas {
        let _ = write!(page, "\n### {}\n\n", inline(&area.name));
        page.push_str(&head(["rule".to_owned(), "level".to_owned()], titles()));
        for rule in &area.rows {
            let cells = rule.standings.iter().map(|&standing| inline(sign(standing)));
            let name = format!("{} {}", inline(&rule.id), inline(&rule.title));
            page.push_str(&row([name, rule.level.to_string()], cells));
        }
        for level in [Level::Must, Level::Should] {
            if let Some(totals) = area.totals(level) {
                let totals = totals.iter().map(ToString::to_string);
                page.push_str(&row(["**passed**".to_owned(), level.to_string()], totals));
            }
        }
    }
    page
}

/// The first row of a table; what is about clients is centred.
fn head<const N: usize>(names: [String; N], clients: impl Iterator<Item = String>) -> String {
    let clients: Vec<_> = clients.collect();
    let line = format!("|{}{}\n", "---|".repeat(N), ":---:|".repeat(clients.len()));
    row(names, clients.into_iter()) + &line
}

fn row<const N: usize>(names: [String; N], cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = names.into_iter().chain(cells).collect();
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Options, Parser, html::push_html};

    use super::{
        super::{
            Comparison,
            tests::{any_comparison, harmless, two},
        },
        render,
    };
    use crate::report::markdown::tests::skeleton;

    fn as_html(page: &str) -> String {
        let mut html = String::new();
        push_html(&mut html, Parser::new_ext(page, Options::ENABLE_TABLES));
        html.replace(" style=\"text-align: center\"", "")
    }

    #[test]
    fn clients_are_columns_and_rules_are_rows_below_their_area() {
        let html = as_html(&render(&Comparison::of(&two())));
        for part in [
            "<h2>Conformance of 2 clients</h2>",
            "<th></th><th>example-client 1.2.3</th><th>other-client 1.2.3</th>",
            "<td>MUST passed</td><td>3/7</td><td>8/8</td>",
            "<td>failed</td><td>2</td><td>0</td>",
            "<td>seed</td><td>1</td><td>1</td>",
            "<p>✓ passed, ✗ failed, ≈ failed as expected, ! passed unexpectedly, - skipped, ? inconclusive, E error</p>",
            "<h3>AUTH</h3>",
            "<td>AUTH-2 The key is the user name</td><td>MUST</td><td>✗</td><td>✓</td>",
            "<td><strong>passed</strong></td><td>MUST</td><td>1/2</td><td>3/3</td>",
            "<td><strong>passed</strong></td><td>SHOULD</td><td>0/1</td><td>1/1</td>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("differ"));
    }

    #[test]
    fn runs_that_differ_and_rules_that_were_not_run_are_told() {
        let [one, mut other] = two();
        other.cases = 8;
        other.results.pop();
        let html = as_html(&render(&Comparison::of(&[one, other])));
        assert!(
            html.contains("<li>cases per rule: 256 for example-client 1.2.3; 8 for other-client 1.2.3</li>")
        );
        assert!(html.contains("<td>ENV-5 Broken down</td><td>MUST</td><td>E</td><td>·</td>"), "{html}");
        assert!(html.contains(", · not run</p>"), "{html}");
    }

    proptest! {
        #[test]
        fn no_text_changes_a_block_or_a_tag(comparison in any_comparison()) {
            let page = render(&comparison);
            prop_assert_eq!(skeleton(&page), skeleton(&render(&harmless(&comparison))));
            prop_assert!(page.chars().all(|character| character == '\n' || !character.is_control()));
        }
    }
}
