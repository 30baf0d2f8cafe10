//! The index of a documentation site (`llms.txt`): which pages can describe an operation, which guides there are, and
//! which whole documents it lists.

use std::collections::HashSet;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use url::{Origin, Url};

/// Pages of the legacy API, which has a host of its own and is not part of this one.
const LEGACY: &str = "pleo-deprecated";

/// What an index lists, each address once, in the index's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// The title of the site.
    pub title: String,
    /// The Markdown twins of the pages that can describe an operation.
    pub pages: Vec<Url>,
    /// Whole OpenAPI documents.
    pub documents: Vec<Url>,
    /// The Markdown twins of all other pages.
    pub guides: Vec<Url>,
    /// Reference pages and documents on another host, which are not followed.
    pub elsewhere: Vec<Url>,
}

/// What an address of an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Page,
    Document,
    Guide,
}

impl Index {
    /// Reads an index that was found at `base`. An entry is a link that begins an item of a list, a line or a cell;
    /// whatever follows it on its line describes it.
    pub fn parse(text: &str, base: &Url) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (mut index, mut seen) = (Self::default(), HashSet::new());
        let (mut section, mut heading) = (String::new(), None);
        let mut at_start = true;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
                Event::Text(text) | Event::Code(text) if heading.is_some() => {
                    if let Some((_, title)) = &mut heading {
                        title.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => match heading.take() {
                    Some((HeadingLevel::H1, title)) if index.title.is_empty() => {
                        title.trim().clone_into(&mut index.title);
                    }
                    Some((HeadingLevel::H1 | HeadingLevel::H2, title)) => {
                        section = title.trim().to_ascii_lowercase();
                    }
                    _ => {}
                },
                Event::Start(Tag::Link { dest_url, .. }) if at_start => {
                    at_start = false;
                    if let Ok(address) = base.join(dest_url.trim()) {
                        index.add(&section, address, &base.origin(), &mut seen);
                    }
                }
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Text(_) | Event::Code(_) | Event::End(TagEnd::Link) => at_start = false,
                Event::SoftBreak
                | Event::HardBreak
                | Event::Start(Tag::Item | Tag::Paragraph | Tag::TableCell) => at_start = true,
                _ => {}
            }
        }
        index
    }

    fn add(&mut self, section: &str, mut address: Url, site: &Origin, seen: &mut HashSet<Url>) {
        if section.starts_with("asyncapi") || address.cannot_be_a_base() {
            return;
        }
        let sort = sort(section, address.path());
        address.set_fragment(None);
        if sort != Sort::Document {
            address.set_query(None);
            if !address.path().ends_with(".md") {
                address.set_path(&format!("{}.md", address.path().trim_end_matches('/')));
            }
        }
        let own = address.origin() == *site;
        // No page needs a credential, and none is to be sent, shown or kept.
        if address.set_username("").and_then(|()| address.set_password(None)).is_err() {
            return;
        }
        let list = match sort {
            _ if address.path().split('/').any(|folder| folder == LEGACY) => return,
            Sort::Guide if own => &mut self.guides,
            Sort::Guide => return,
            _ if !own => &mut self.elsewhere,
            Sort::Page => &mut self.pages,
            Sort::Document => &mut self.documents,
        };
        if seen.insert(address.clone()) {
            list.push(address);
        }
    }
}

fn sort(section: &str, path: &str) -> Sort {
    let lower = path.to_ascii_lowercase();
    let is_data = [".json", ".yaml", ".yml"].iter().any(|extension| lower.ends_with(extension));
    if section.starts_with("openapi") || is_data && (is_reference(&lower) || lower.contains("openapi")) {
        Sort::Document
    } else if is_reference(&lower) {
        Sort::Page
    } else {
        Sort::Guide
    }
}

/// Whether a path lies in a folder whose pages may describe operations: `/reference/`, `/api-reference/`,
/// `/v2/reference/` and the like, and outside the guides also `/api/`, `/endpoints/` and `/webhooks/`.
fn is_reference(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    let in_guides = path.starts_with("/docs/") || path.starts_with("/guides/");
    folders.split('/').any(|folder| {
        let last_word = folder.rsplit(['-', '_']).next().unwrap_or_default();
        matches!(last_word, "reference" | "references")
            || !in_guides
                && matches!(folder, "api" | "apis" | "rest" | "endpoints" | "operations" | "webhooks")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Index {
        Index::parse(text, &"https://developers.pleo.io/llms.txt".parse().unwrap())
    }

    fn paths(addresses: &[Url]) -> Vec<&str> {
        addresses.iter().map(Url::path).collect()
    }

    #[test]
    fn guides_the_changelog_and_legacy_pages_cannot_describe_an_operation() {
        let index = parse(
            "# Pleo Docs\n## Docs\n\
             - [Changelog](https://developers.pleo.io/changelog.md)\n\
             - [API Keys Overview ](https://developers.pleo.io/docs/authenticating-using-API-keys.md): a guide\n\
             - [Search](https://developers.pleo.io/reference/employees/search-for-employees.md)\n\
             - [Old](https://developers.pleo.io/reference/pleo-deprecated/employees/list.md)\n",
        );
        assert_eq!(paths(&index.pages), ["/reference/employees/search-for-employees.md"]);
        assert_eq!((index.documents.len(), index.guides.len(), index.elsewhere.len()), (0, 2, 0));
    }

    #[test]
    fn a_page_listed_twice_in_any_form_is_one_page() {
        let index = parse(
            "- [A](/reference/a.md)\n- [A](https://developers.pleo.io/reference/a.md): again\n\
             - [A](/reference/a)\n- [A](/reference/a.md#top)\n- [B](reference/b.md)\n",
        );
        assert_eq!(paths(&index.pages), ["/reference/a.md", "/reference/b.md"]);
    }

    #[test]
    fn a_credential_in_an_address_is_left_out() {
        let index = parse(
            "- [A](https://someone:obviously-fake@developers.pleo.io/reference/a.md)\n\
             - [B](https://obviously-fake@elsewhere.example/reference/b.md)\n",
        );
        let found: Vec<_> = index.pages.iter().chain(&index.elsewhere).map(Url::as_str).collect();
        assert_eq!(
            found,
            ["https://developers.pleo.io/reference/a.md", "https://elsewhere.example/reference/b.md"]
        );
    }

    #[test]
    fn sections_tell_documents_from_pages_and_from_what_is_no_openapi() {
        let index = parse(
            "## Docs\n- [A: b](/reference/a:b.md): text with <Warning> and (brackets)\n\
             ## OpenAPI Specs\n\n- [openapi](https://developers.pleo.io/api-reference/openapi.json)\n\
             - [v2](/fr/v2.yaml)\n- [v3](/v3)\n\n\
             ## AsyncAPI Specs\n- [x](/specifications/x.json)\n\n\
             ## Optional\n- [Blog](https://blog.pleo.io)\n- [C](/reference/c(1).md)\n\n\
             Built with [Mintlify](https://mintlify.com).\n",
        );
        assert_eq!(paths(&index.pages), ["/reference/a:b.md", "/reference/c(1).md"]);
        assert_eq!(paths(&index.documents), ["/api-reference/openapi.json", "/fr/v2.yaml", "/v3"]);
        assert!(index.elsewhere.is_empty() && index.guides.is_empty());
    }

    #[test]
    fn what_lies_on_another_host_is_named_and_not_followed() {
        let index = parse(
            "- [A](https://elsewhere.example/reference/a.md)\n- [B](http://developers.pleo.io/reference/b.md)\n\
             ## OpenAPI Specs\n- [c](https://elsewhere.example/openapi.json)\n",
        );
        assert_eq!((index.pages.len(), index.documents.len(), index.elsewhere.len()), (0, 0, 3));
    }

    #[test]
    fn what_is_not_an_entry_says_nothing() {
        for text in
            ["", "<html>\u{0}", "- [a](", "- [a", "- (b)", "- [a](https://[)", "- [a](mailto:a@example.org)"]
        {
            assert_eq!(parse(text), Index::default(), "{text:?}");
        }
        let described =
            parse("- [A](/reference/a.md): see [B](/reference/b.md)\n- words [C](/reference/c.md)\n");
        assert_eq!(paths(&described.pages), ["/reference/a.md"]);
    }

    #[test]
    fn links_are_read_as_markdown_has_them() {
        for entry in [
            "- [A](/reference/a.md \"A title\")",
            "- [A](/reference/a.md 'A title'): words",
            "- [A](</reference/a.md>)",
            "- [A]( <https://developers.pleo.io/reference/a.md> (title) )",
            "* [A](/reference/a.md)",
            "+ [A](/reference/a.md)",
            "1. [A](/reference/a.md)",
            "- [A [b] \\] c](/reference/a.md)",
            "- [`A`](/reference/a.md)",
            "- **[A](/reference/a.md)**",
            "- <https://developers.pleo.io/reference/a.md>",
            "- [A][a]\n\n[a]: /reference/a.md \"A title\"",
            "- B\n    - [A](/reference/a.md)",
            "[A](/reference/a.md)",
            "words\n[A](/reference/a.md)",
        ] {
            for start in ["", "\u{feff}", "\u{feff}# Docs\r\n\r\n"] {
                let index = parse(&format!("{start}{entry}\n"));
                assert_eq!(paths(&index.pages), ["/reference/a.md"], "{start:?}{entry}");
            }
        }
    }

    #[test]
    fn pages_that_can_describe_an_operation_are_told_by_their_folder() {
        for (path, page) in [
            ("/reference/a", true),
            ("/api-reference/things/a", true),
            ("/v2/reference/a", true),
            ("/en/rest-api_reference/a", true),
            ("/API-Reference/a", true),
            ("/api/a", true),
            ("/webhooks/a", true),
            ("/docs/api-reference/a", true),
            ("/docs/current/webhooks/a", false),
            ("/docs/reference", false),
            ("/changelog", false),
            ("/docs/current/how-tos/api-keys/a", false),
        ] {
            let index = parse(&format!("- [A]({path})\n"));
            let (pages, guides) = (index.pages.len(), index.guides.len());
            assert_eq!((pages, guides), if page { (1, 0) } else { (0, 1) }, "{path}");
        }
        let index =
            parse("- [A](/api-reference/openapi.json)\n- [B](/openapi.yaml?v=1)\n- [C](/data.json)\n");
        assert_eq!(paths(&index.documents), ["/api-reference/openapi.json", "/openapi.yaml"]);
    }

    #[test]
    fn a_site_has_the_title_of_its_index() {
        assert_eq!(parse("# Pleo `Docs` \n\n## Docs\n").title, "Pleo Docs");
    }

    #[test]
    fn an_index_of_190_000_links_is_read_in_one_go() {
        let text: String = (0..190_000).map(|n| format!("- [A {n}](/reference/{n}.md): words\n")).collect();
        assert_eq!(parse(&text).pages.len(), 190_000);
    }
}
