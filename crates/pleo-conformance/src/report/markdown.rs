//! The report as Markdown, for a comment on a pull request or a job's summary on GitHub.

use std::fmt::Write as _;

use super::{
    EXPLAIN, Report, RuleResult,
    text::{one_line, shortened, visible},
};
use crate::{verdict::Evidence, words::counted};

/// GitHub takes no longer comment, in bytes to be on the safe side.
pub const LIMIT: usize = 65_536;

/// What is kept free for the ends of tables and what is said about left out parts.
const RESERVE: usize = 1024;

/// How much of one text is shown, in characters.
const TEXT: usize = 400;

/// How much of one expected or received value, case, request or curl line is shown, in characters.
const BLOCK: usize = 4000;

/// The report as Markdown of at most [`LIMIT`] bytes. What has no room is counted.
pub fn render(report: &Report) -> String {
    let Report { subject, summary, seed, cases, .. } = report;
    let mut page = format!(
        "## Conformance of {} {}\n\n**{summary}** (seed {seed}, {} per rule, {})\n",
        inline(&subject.name),
        inline(&subject.version),
        counted(*cases, "case"),
        subject.kind,
    );
    let looked_at: Vec<_> = report
        .results
        .iter()
        .filter(|result| result.standing().needs_attention() || result.evidence().is_some())
        .collect();
    if !looked_at.is_empty() {
        page.push_str("\n| standing | rule | level | |\n|---|---|---|---|\n");
        fill(&mut page, looked_at.iter().map(|result| row(result, &inline(&result.note()))));
        fill(
            &mut page,
            looked_at.iter().filter_map(|result| result.evidence().map(|evidence| details(result, evidence))),
        );
        if report.shows_a_failure() {
            page.push_str(&format!("\nnext: `{EXPLAIN}`\n"));
        }
    }
    page.push_str("\n<details><summary>All rules</summary>\n\n| standing | rule | level | comes from |\n|---|---|---|---|\n");
    fill(&mut page, report.results.iter().map(|result| row(result, &inline(&result.sources.join(", ")))));
    page.push_str("\n</details>\n");
    page
}

/// Adds the parts for which there is room.
fn fill(page: &mut String, parts: impl Iterator<Item = String>) {
    let mut left_out = 0_u32;
    for part in parts {
        if page.len() + part.len() + RESERVE <= LIMIT {
            page.push_str(&part);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        // Writing into a string does not fail.
        let _ = writeln!(page, "\n{left_out} more had no room here; the JSON and HTML reports have them.");
    }
}

fn row(result: &RuleResult, last: &str) -> String {
    let standing = result.standing();
    format!(
        "| {} {standing} | {} {} | {} | {last} |\n",
        inline(standing.sign()),
        inline(&result.id),
        inline(&result.title),
        result.level
    )
}

/// A block of HTML in one line: a blank one would end it.
fn details(result: &RuleResult, evidence: &Evidence) -> String {
    let mut details = format!(
        "\n<details><summary>{} {}</summary><p>{}</p><table><tr><th>expected</th><th>received</th></tr><tr><td>{}</td><td>{}</td></tr></table>",
        inline(&result.id),
        inline(&result.title),
        inline(&result.statement),
        block(&evidence.expected),
        block(&evidence.received),
    );
    for (name, text) in evidence.details() {
        // Writing into a string does not fail.
        let _ = write!(details, "<p>{name}</p>{}", block(&text));
    }
    details.push_str("</details>\n");
    details
}

/// Text within Markdown. Punctuation is spelled as entities, which never are markup; an invisible space keeps
/// `@name` and `#1` from notifying anybody.
pub(super) fn inline(text: &str) -> String {
    let mut escaped = String::new();
    for character in shortened(&one_line(text), TEXT).chars() {
        match character {
            ',' | '-' => escaped.push(character),
            '@' | '#' => escaped.push_str(&format!("&#{};&#8203;", character as u32)),
            _ if character.is_ascii_punctuation() => escaped.push_str(&format!("&#{};", character as u32)),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A value as it is, line by line, in one line.
fn block(text: &str) -> String {
    let text = shortened(&visible(text), BLOCK);
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "&#10;");
    format!("<pre>{text}</pre>")
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, html::push_html};

    use super::{
        super::{Report, Verdict, sample},
        LIMIT, render,
    };

    /// The page's blocks and tags, without any text.
    pub(in crate::report) fn skeleton(page: &str) -> Vec<String> {
        Parser::new_ext(page, Options::ENABLE_TABLES)
            .flat_map(|event| match event {
                Event::Text(_) => Vec::new(),
                Event::Html(html) => sample::tags(&html).into_iter().map(str::to_owned).collect(),
                other => vec![format!("{other:?}")],
            })
            .collect()
    }

    fn as_html(page: &str) -> String {
        let mut html = String::new();
        push_html(&mut html, Parser::new_ext(page, Options::ENABLE_TABLES));
        html
    }

    #[test]
    fn what_failed_comes_first_with_both_sides() {
        let page = render(&sample::report());
        let html = as_html(&page);
        for part in [
            "<h2>Conformance of example-client 1.2.3</h2>",
            "<strong>2 passed, 1 failed, 1 skipped, 1 inconclusive, 1 failed (SHOULD), 1 failed as expected, \
             1 passed unexpectedly, 1 in error</strong> (seed 1, 256 cases per rule, program)",
            "<td>✗ failed</td><td>AUTH-2 The key is the user name</td><td>MUST</td><td>the key is in the password</td>",
            "<td><pre>Basic KEY:</pre></td><td><pre>Basic :KEY</pre></td>",
            "<td>only 401 was ever seen</td>",
            "<td>✓ passed</td><td>AUTH-1 Basic for keys</td><td>MUST</td><td>Z25, Z26</td>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(html.find("AUTH-2").unwrap() < html.find("AUTH-1").unwrap());
    }

    #[test]
    fn a_report_in_which_all_is_well_is_short() {
        let mut report = sample::report();
        report.results.truncate(1);
        let page = render(&report);
        assert!(!page.contains("<pre>") && !page.contains("next: "), "{page}");
    }

    #[test]
    fn one_line_says_which_command_explains_the_failures() {
        let html = as_html(&render(&sample::report()));
        assert_eq!(
            html.matches("<p>next: <code>pleo-conformance explain RULE</code></p>").count(),
            1,
            "{html}"
        );
    }

    #[test]
    fn hostile_text_stays_text_in_cells_and_values() {
        let hostile = "a | b\n\n`c` <b>@octocat</b> #1 &amp; ![x](y)";
        let mut report = sample::report();
        report.results[7].verdict = Verdict::Inconclusive { reason: hostile.to_owned() };
        if let Verdict::Fail { evidence } = &mut report.results[1].verdict {
            evidence.received = hostile.to_owned();
        }
        let html = as_html(&render(&report));
        assert!(
            html.contains(
                "<td>a | b `c` &lt;b&gt;@\u{200b}octocat&lt;/b&gt; #\u{200b}1 &amp;amp; ![x](y)</td>"
            ),
            "{html}"
        );
        assert!(
            html.contains("<pre>a | b&#10;&#10;`c` &lt;b&gt;@octocat&lt;/b&gt; #1 &amp;amp; ![x](y)</pre>")
        );
    }

    #[test]
    fn the_longest_report_fits_into_a_comment_and_says_what_it_leaves_out() {
        let mut report = sample::report();
        for result in &mut report.results {
            if let Verdict::Fail { evidence } = &mut result.verdict {
                evidence.received = "<".repeat(100_000);
            }
        }
        report.results = std::iter::repeat_n(report.results, 400).flatten().collect();
        let page = render(&report);
        assert!(page.len() <= LIMIT, "{}", page.len());
        assert!(page.contains("more had no room here"));
        assert!(page.ends_with("</details>\n"));
        assert!(as_html(&page).contains("The key is the user name"));
    }

    proptest! {
        #[test]
        fn no_text_changes_a_block_or_a_tag(report in sample::any_report()) {
            let page = render(&report);
            prop_assert!(page.len() <= LIMIT);
            prop_assume!(!page.contains("more had no room here"));
            prop_assert_eq!(skeleton(&page), skeleton(&render(&sample::harmless(&report))));
            prop_assert!(page.chars().all(|character| character == '\n' || !character.is_control()));
        }

        #[test]
        fn cells_show_the_text_itself(text in "[ -~]{1,60}") {
            let mut report: Report = sample::report();
            report.results[7].verdict = Verdict::Inconclusive { reason: text.clone() };
            let page = render(&report);
            let shown: String = Parser::new_ext(&page, Options::ENABLE_TABLES)
                .filter_map(|event| if let Event::Text(text) = event { Some(text.to_string()) } else { None })
                .collect::<String>()
                .replace('\u{200b}', "");
            prop_assert!(shown.contains(text.trim()));
        }
    }
}
