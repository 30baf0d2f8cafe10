//! The comparison as one self-contained HTML page, in the style of [`report::html`](crate::report::html).

use maud::{Markup, html};

use super::{
    super::html::{class, page},
    Area, Comparison, Standing, one_line, sign, word,
};
use crate::verdict::Level;

/// The comparison as an HTML page.
pub fn render(comparison: &Comparison) -> String {
    let heading = comparison.heading();
    let body = html! {
        header {
            h1 { (heading) }
            (scrolling("Totals", &html! {
                (head(comparison, &html! { td {} }))
                tbody {
                    @for (name, values) in comparison.overview() {
                        tr { th scope="row" { (name) } @for value in values { td { bdi { (one_line(&value)) } } } }
                    }
                }
            }))
            @if !comparison.differences.is_empty() {
                h2 { "The runs differ" }
                ul { @for difference in &comparison.differences { li { bdi { (one_line(difference)) } } } }
            }
            ul.counts aria-label="Signs" {
                @for standing in comparison.legend() {
                    li class=(class_of(standing)) { span.sign aria-hidden="true" { (sign(standing)) } " " (word(standing)) }
                }
            }
        }
        main {
            @for area in &comparison.areas { (section(comparison, area)) }
        }
    };
    page(&heading, &body)
}

fn section(comparison: &Comparison, area: &Area) -> Markup {
    let name = one_line(&area.name);
    html! {
        section {
            h2 { (name) }
            (scrolling(&format!("Rules of {name}"), &html! {
                (head(comparison, &html! { th scope="col" { "rule" } th scope="col" { "level" } }))
                tbody {
                    @for row in &area.rows {
                        tr {
                            th scope="row" { code { (one_line(&row.id)) } " " bdi { (one_line(&row.title)) } }
                            td { (row.level) }
                            @for &standing in &row.standings {
                                td class={ "cell " (class_of(standing)) } {
                                    span.sign role="img" aria-label=(word(standing)) title=(word(standing)) { (sign(standing)) }
                                }
                            }
                        }
                    }
                }
                tfoot {
                    @for level in [Level::Must, Level::Should] {
                        @if let Some(totals) = area.totals(level) {
                            tr { th scope="row" { "passed" } td { (level) } @for total in totals { td.cell { (total) } } }
                        }
                    }
                }
            }))
        }
    }
}

/// A table that may be wider than the window: the keyboard can scroll it.
fn scrolling(label: &str, table: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { table { (table) } } }
}

fn head(comparison: &Comparison, first: &Markup) -> Markup {
    html! {
        thead { tr { (first) @for client in &comparison.clients { th scope="col" { bdi { (one_line(&client.title)) } } } } }
    }
}

fn class_of(standing: Option<Standing>) -> &'static str {
    standing.map_or("quiet", class)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            Comparison,
            tests::{any_comparison, harmless, two},
        },
        render,
    };
    use crate::report::sample::tags;

    #[test]
    fn every_cell_says_in_words_how_the_client_stands() {
        let page = render(&Comparison::of(&two()));
        for part in [
            "<h1>Conformance of 2 clients</h1>",
            "<th scope=\"col\"><bdi>other-client 1.2.3</bdi></th>",
            "<th scope=\"row\">MUST passed</th><td><bdi>3/7</bdi></td><td><bdi>8/8</bdi></td>",
            "<th scope=\"row\"><code>AUTH-2</code> <bdi>The key is the user name</bdi></th><td>MUST</td>\
             <td class=\"cell bad\"><span class=\"sign\" role=\"img\" aria-label=\"failed\" title=\"failed\">✗</span></td>",
            "<tr><th scope=\"row\">passed</th><td>MUST</td><td class=\"cell\">1/2</td><td class=\"cell\">3/3</td></tr>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert_eq!(page.matches("role=\"img\"").count(), 18);
    }

    #[test]
    fn the_page_runs_nothing_and_fetches_nothing() {
        let page = render(&Comparison::of(&two()));
        assert!(page.contains("default-src 'none'"));
        for tag in tags(&page) {
            let name = tag.split([' ', '>']).next().unwrap();
            assert!(
                !["script", "link", "img", "iframe", "object", "form", "base", "svg"].contains(&name),
                "{tag}"
            );
            assert!(!["src=", "style=", "href=", " on"].iter().any(|part| tag.contains(part)), "{tag}");
        }
    }

    proptest! {
        #[test]
        fn no_text_changes_a_tag(comparison in any_comparison()) {
            let (shown, plain) = (render(&comparison), render(&harmless(&comparison)));
            // The label of an area's table is an attribute; its text is foreign, its quotes are not.
            let shape = |page: &str| -> Vec<String> {
                tags(page).into_iter().map(|tag| tag.split("aria-label=\"Rules of").next().unwrap().to_owned()).collect()
            };
            prop_assert_eq!(shape(&shown), shape(&plain));
            prop_assert_eq!(shown.matches('"').count(), plain.matches('"').count());
            prop_assert!(shown.chars().all(|character| character == '\n' || !character.is_control()));
            let acting = ['\u{202e}', '\u{2066}', '\u{2028}', '\u{feff}', '\u{fffe}'];
            prop_assert!(!shown.contains(acting));
        }
    }
}
