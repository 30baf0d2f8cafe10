//! The index of a documentation site (`llms.txt`): which pages can hold a reference page, and which
//! whole documents it lists.

use url::{Origin, Url};

/// Pages under this path may describe an operation.
const REFERENCE: &str = "/reference/";
/// Pages of the legacy API, which has a host of its own and is not part of this one.
const LEGACY: &str = "/reference/pleo-deprecated/";

/// What an index lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// The Markdown twins of the pages that can describe an operation, each once, in the index's order.
    pub pages: Vec<Url>,
    /// Whole OpenAPI documents, each once.
    pub documents: Vec<Url>,
    /// Reference pages and documents on another host, which are not followed.
    pub elsewhere: Vec<Url>,
}

impl Index {
    /// Reads an index that was found at `base`. Whatever is no list entry says nothing.
    pub fn parse(text: &str, base: &Url) -> Self {
        let mut index = Self::default();
        let mut section = String::new();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                section = heading.trim().to_ascii_lowercase();
            } else if let Some(address) = entry(line).and_then(|address| base.join(address).ok()) {
                index.add(&section, address, &base.origin());
            }
        }
        index
    }

    fn add(&mut self, section: &str, mut address: Url, site: &Origin) {
        address.set_fragment(None);
        let list = match section {
            "asyncapi specs" => return,
            "openapi specs" => &mut self.documents,
            _ => {
                let path = address.path();
                if !path.starts_with(REFERENCE) || path.starts_with(LEGACY) {
                    return;
                }
                address.set_query(None);
                if !address.path().ends_with(".md") {
                    address.set_path(&format!("{}.md", address.path().trim_end_matches('/')));
                }
                &mut self.pages
            }
        };
        let own = address.origin() == *site;
        // No page needs a credential, and none is to be sent, shown or kept.
        if address.set_username("").and_then(|()| address.set_password(None)).is_err() {
            return;
        }
        let list = if own { list } else { &mut self.elsewhere };
        if !list.contains(&address) {
            list.push(address);
        }
    }
}

/// The address of a list entry `- [title](address)` or `- [title](address): description`.
fn entry(line: &str) -> Option<&str> {
    let entry = line.trim_start().strip_prefix(['-', '*'])?.trim_start();
    let (_, rest) = entry.strip_prefix('[')?.split_once("](")?;
    let mut open = 0_usize;
    let end = rest.find(|c| {
        match c {
            '(' => open += 1,
            ')' if open == 0 => return true,
            ')' => open -= 1,
            _ => {}
        }
        false
    })?;
    Some(rest[..end].trim())
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
        assert_eq!((index.documents.len(), index.elsewhere.len()), (0, 0));
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
        assert!(index.elsewhere.is_empty());
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
    fn what_is_no_entry_says_nothing() {
        for text in ["", "<html>\u{0}", "- [a](", "- [a", "- (b)", "- [a](https://[)", "[a](/reference/a.md)"]
        {
            assert_eq!(parse(text), Index::default(), "{text:?}");
        }
    }
}
