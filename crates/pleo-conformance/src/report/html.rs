//! The report as one self-contained HTML page: no script, and nothing that is fetched.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    EXPLAIN, Report, RuleResult, Standing,
    text::{one_line, visible},
};
use crate::verdict::Evidence;

/// Allows the page nothing but its own style sheet.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");

/// The report as an HTML page.
pub fn render(report: &Report) -> String {
    let subject = one_line(&format!("{} {}", report.subject.name, report.subject.version));
    let body = html! {
        header {
            h1 { "Conformance of " bdi { (subject) } }
            (run(report))
            ul.counts {
                @for (standing, count) in report.standings() {
                    li class=(class(standing)) { b { (count) } " " (sign(standing)) (standing) }
                }
            }
        }
        main {
            (attention(report))
            @if report.shows_a_failure() { p { "next: " code { (EXPLAIN) } } }
            @for (area, results) in report.areas() {
                section {
                    h2 { (one_line(area)) }
                    @for (place, result) in results { (rule(place, result)) }
                }
            }
        }
    };
    page(&format!("Conformance of {subject}"), &body)
}

/// A page of its own with this title and body.
pub(super) fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
    .into_string()
}

fn run(report: &Report) -> Markup {
    html! {
        dl.run {
            div { dt { "judged as" } dd { (report.subject.kind) } }
            div { dt { "seed" } dd { (report.seed) } }
            div { dt { "cases per rule" } dd { (report.cases) } }
            div { dt { "started" } dd { (one_line(&report.started_at)) } }
            div { dt { "took" } dd { (seconds(report.duration_ms)) } }
            div { dt { "suite" } dd { (one_line(&report.suite)) } }
        }
    }
}

fn attention(report: &Report) -> Markup {
    let results: Vec<_> =
        report.results.iter().enumerate().filter(|(_, result)| result.standing().needs_attention()).collect();
    html! {
        @if !results.is_empty() {
            nav aria-label="Rules that need attention" {
                h2 { "Needs attention" }
                ul {
                    @for (place, result) in results {
                        li {
                            (badge(result.standing())) " "
                            a href={ "#rule-" (place) } {
                                code { (one_line(&result.id)) } " " bdi { (one_line(&result.title)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rule(place: usize, result: &RuleResult) -> Markup {
    let standing = result.standing();
    html! {
        details id={ "rule-" (place) } open[standing.needs_attention()] {
            summary {
                (badge(standing)) " " code { (one_line(&result.id)) } " " bdi.title { (one_line(&result.title)) }
                " " span.level { (result.level) }
            }
            div.body {
                p { bdi { (visible(&result.statement)) } }
                p.note { (standing) ": " bdi { (visible(&result.note())) } }
                @if let Some(evidence) = result.evidence() { (shown(evidence, standing)) }
                dl.sources {
                    div { dt { "asked of the" } dd { (result.side) } }
                    div { dt { "comes from" } dd { (list(&result.sources)) } }
                    div { dt { "documents" } dd { (list(&result.headings)) } }
                    div { dt { "took" } dd { (seconds(result.duration_ms)) } }
                }
            }
        }
    }
}

fn shown(evidence: &Evidence, standing: Standing) -> Markup {
    html! {
        @if standing == Standing::ExpectedFailure { p { bdi { (visible(&evidence.message)) } } }
        div.sides {
            figure { figcaption { "expected" } pre { (visible(&evidence.expected)) } }
            figure { figcaption { "received" } pre { (visible(&evidence.received)) } }
        }
        @for (name, text) in evidence.details() {
            figure { figcaption { (name) } pre { (visible(&text)) } }
        }
        p.fingerprint { "fingerprint " code { (one_line(&evidence.fingerprint)) } }
    }
}

fn list(items: &[String]) -> Markup {
    html! {
        @if items.is_empty() { "–" }
        @for (index, item) in items.iter().enumerate() {
            @if index > 0 { "; " }
            bdi { (one_line(item)) }
        }
    }
}

fn badge(standing: Standing) -> Markup {
    html! { span class={ "badge " (class(standing)) } { (sign(standing)) (standing) } }
}

/// The sign is for the eye; who listens hears the word that follows.
fn sign(standing: Standing) -> Markup {
    html! { span.sign aria-hidden="true" { (standing.sign()) " " } }
}

pub(super) const fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Passed => "good",
        Standing::FailedMust | Standing::UnexpectedPass | Standing::Error => "bad",
        Standing::FailedShould | Standing::Inconclusive => "doubtful",
        Standing::ExpectedFailure | Standing::Skipped => "quiet",
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::events::attributes::Attributes;

    use super::{
        super::{Report, Summary, Verdict, sample, sample::tags},
        POLICY, STYLE, render,
    };

    #[test]
    fn the_page_shows_every_rule_with_its_evidence_and_sources() {
        let page = render(&sample::report());
        for part in [
            "Conformance of <bdi>example-client 1.2.3</bdi>",
            "<b>2</b> ",
            "The key is the user name",
            "A client MUST do this.",
            "<figcaption>expected</figcaption><pre>Basic KEY:</pre>",
            "<figcaption>received</figcaption><pre>Basic :KEY</pre>",
            "curl -u",
            "GET http://127.0.0.1:4000/v2/employees?limit=1",
            "<bdi>Z25</bdi>; <bdi>Z26</bdi>",
            "S3: Standalone API Keys",
            "only 401 was ever seen",
            "known since May",
            "mended in June",
            "61.234 s",
        ] {
            assert!(page.contains(part), "{part}");
        }
        for result in &sample::report().results {
            assert!(page.contains(&format!("<code>{}</code>", result.id)), "{}", result.id);
        }
    }

    #[test]
    fn only_what_needs_attention_is_open_and_linked_from_the_top() {
        let page = render(&sample::report());
        let open: Vec<_> = tags(&page)
            .into_iter()
            .filter(|tag| tag.starts_with("details") && tag.ends_with("open"))
            .collect();
        let linked: Vec<_> = tags(&page).into_iter().filter(|tag| tag.starts_with("a ")).collect();
        assert_eq!(open, [1, 3, 6, 7, 8].map(|n| format!("details id=\"rule-{n}\" open")));
        assert_eq!(linked, [1, 3, 6, 7, 8].map(|n| format!("a href=\"#rule-{n}\"")));
    }

    #[test]
    fn no_verdict_is_told_by_colour_alone() {
        let page = render(&sample::report());
        for word in [
            "passed",
            "failed",
            "failed (SHOULD)",
            "failed as expected",
            "passed unexpectedly",
            "skipped",
            "inconclusive",
            "error",
        ] {
            assert!(page.contains(&format!("</span>{word}</span>")), "{word}");
        }
    }

    #[test]
    fn the_page_runs_nothing_and_fetches_nothing() {
        let page = render(&sample::report());
        assert!(page.contains(&format!("content=\"{POLICY}\"")));
        for tag in tags(&page) {
            let name = tag.split([' ', '>']).next().unwrap();
            assert!(
                !["script", "link", "img", "iframe", "object", "form", "base", "svg"].contains(&name),
                "{tag}"
            );
            assert!(!tag.contains("src=") && !tag.contains("style=") && !tag.contains(" on"), "{tag}");
            assert!(!tag.contains("href=") || tag.contains("href=\"#rule-"), "{tag}");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains('<'));
    }

    #[test]
    fn no_tag_has_an_attribute_twice() {
        let page = render(&sample::report());
        let mut attributes = 0;
        for tag in tags(&page).into_iter().filter(|tag| !tag.starts_with(['/', '!'])) {
            let name = tag.split(' ').next().unwrap();
            for attribute in Attributes::html(tag, name.len()) {
                assert!(attribute.is_ok(), "{tag}: {attribute:?}");
                attributes += 1;
            }
        }
        assert!(attributes > 20);
    }

    #[test]
    fn a_report_without_any_rule_is_a_page() {
        let page = render(&Report { results: Vec::new(), summary: Summary::default(), ..sample::report() });
        assert!(page.ends_with("</main></body></html>"));
        assert!(!page.contains("Needs attention") && !page.contains("next: "));
    }

    #[test]
    fn one_line_says_which_command_explains_the_failures() {
        let page = render(&sample::report());
        assert_eq!(page.matches("<p>next: <code>pleo-conformance explain RULE</code></p>").count(), 1);
    }

    #[test]
    fn markup_in_a_text_is_text() {
        let mut report = sample::report();
        report.results[7].verdict =
            Verdict::Inconclusive { reason: "<script>alert(1)</script>&amp;\u{202e}\0".to_owned() };
        let page = render(&report);
        assert!(page.contains(r"&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;\u{202e}\u{0}"));
    }

    proptest! {
        #[test]
        fn no_text_changes_a_tag(report in sample::any_report()) {
            let page = render(&report);
            let harmless = render(&sample::harmless(&report));
            prop_assert_eq!(tags(&page), tags(&harmless));
            prop_assert!(page.chars().all(|character| character == '\n' || !character.is_control()));
            let acting = ['\u{202e}', '\u{2066}', '\u{2028}', '\u{feff}', '\u{fffe}'];
            prop_assert!(!page.contains(acting));
        }
    }
}
