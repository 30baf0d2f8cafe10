//! A page as sections: each with its heading and a hash of its text, which says nothing of how the text is laid out.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Map, Value, json};
use xtask_openapi::{foreign::one_line, pointer, walk};

use crate::{
    lock::sha256,
    page::{self, Page, Reference},
};

/// The hashes of a page's sections by their heading; two sections of one heading have one hash each, in order.
pub type Sections = BTreeMap<String, Vec<String>>;

/// The heading of what a page's OpenAPI block says.
const BLOCK: &str = "OpenAPI";
/// The longest heading that is kept, in characters.
const LONGEST_HEADING: usize = 200;
/// How many sections of a page are told apart. The rest of the page belongs to the last one.
const MOST_SECTIONS: usize = 500;

/// The sections of a page. What comes before its first heading has the heading "".
///
/// Not a part of the text are: how it is wrapped, emphasised, indented and numbered, the tags of components and of
/// HTML with what they look like, and definitions of components. The block of a reference page is one section: the
/// operation, its servers and the components that it uses, and not the version of the document.
pub fn of(text: &str) -> Sections {
    let mut sections = Sections::new();
    let text = match page::parse(text) {
        Ok(Page::Operation(reference)) => {
            sections.insert(BLOCK.to_owned(), vec![sha256(&words(&described(&reference).to_string()))]);
            page::without_blocks(text)
        }
        _ => text.to_owned(),
    };
    let text = without_definitions(&text);
    for (heading, text) in split(&without_tags(&text)) {
        if !(heading.is_empty() || heading == BLOCK) || !text.is_empty() {
            sections.entry(heading).or_default().push(sha256(&text));
        }
    }
    sections.values_mut().for_each(|hashes| hashes.sort());
    sections
}

/// Headings and the words under each, without those of the sections within it.
fn split(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut title, mut under, mut heading) = (String::new(), String::new(), None::<String>);
    let (mut depth, mut links) = (0_usize, Vec::new());
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            // A heading within a quotation or a list is text of the section that it is in.
            Event::Start(Tag::Heading { .. }) if depth == 0 && found.len() + 1 < MOST_SECTIONS => {
                heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(_)) if heading.is_some() => {
                let next = heading.take().unwrap_or_default();
                let next = one_line(&next.split_whitespace().collect::<Vec<_>>().join(" "));
                let next = next.chars().take(LONGEST_HEADING).collect();
                found.push((std::mem::replace(&mut title, next), words(&std::mem::take(&mut under))));
            }
            Event::Start(Tag::BlockQuote(_) | Tag::List(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_)) => depth = depth.saturating_sub(1),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => links.push(dest_url),
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let address = links.pop().filter(|_| heading.is_none()).unwrap_or("".into());
                under.extend([" ", &address, " "]);
            }
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                heading.as_mut().unwrap_or(&mut under).push_str(&text);
            }
            Event::Start(tag) if is_block(&tag) => under.push('\n'),
            Event::SoftBreak | Event::HardBreak => heading.as_mut().unwrap_or(&mut under).push('\n'),
            _ => {}
        }
    }
    found.push((title, words(&under)));
    found
}

fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
}

/// The words of a text, one space between them. Marks of layout are none, and neither is the punctuation at the ends of
/// words: where a mark is written and where it is read as layout depends on how a text is indented.
fn words(text: &str) -> String {
    let marks = |c: char| c.is_whitespace() || "*`\\|[]()<>\"“”".contains(c);
    let words = text.split(marks).map(|word| word.trim_matches(['_', '.', ',', ';', ':', '!', '?']));
    // Dashes of lists and tables, and what is left of links.
    let words = words.filter(|word| !word.chars().all(|c| c.is_ascii_punctuation()));
    words.collect::<Vec<_>>().join(" ")
}

/// A page without the definitions of components that are above its text: from `export` to the end of the
/// statement.
fn without_definitions(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with("export const ") && !line.starts_with("export function ") {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let mut last = line;
        while !(ends_a_statement(last) && lines.peek().is_none_or(|next| next.trim().is_empty())) {
            match lines.next() {
                Some(line) => last = line,
                None => break,
            }
        }
    }
    kept
}

fn ends_a_statement(line: &str) -> bool {
    line.trim_end().ends_with(';') || line.trim_end() == "}"
}

/// A text without the tags of HTML and of components. Titles and links in them are text.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match tag(from) {
            Some(tag) => {
                for value in shown_attributes(tag) {
                    out.push(' ');
                    out.push_str(value);
                }
                out.push(' ');
                rest = &from[tag.len()..];
            }
            None => {
                out.push('<');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The longest tag, in bytes: a `<` that nothing closes is not looked at any further.
const LONGEST_TAG: usize = 2_000;
/// Tags of HTML that pages have; those of components begin with a capital.
const HTML: [&str; 32] = [
    "a",
    "b",
    "br",
    "button",
    "center",
    "code",
    "details",
    "div",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "iframe",
    "img",
    "li",
    "ol",
    "p",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "svg",
    "ul",
    "video",
];

/// The tag that a text begins with. Quotes and braces in it are skipped.
fn tag(text: &str) -> Option<&str> {
    let name = text[1..].trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(name.len());
    let name = &name[..end];
    if !HTML.contains(&name) && !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, letter) in text.char_indices().skip(1).take_while(|(at, _)| *at < LONGEST_TAG) {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.saturating_sub(1),
            (None, '>') if depth == 0 => return Some(&text[..=at]),
            _ => {}
        }
    }
    None
}

/// The values of a tag's attributes that a reader sees or follows.
fn shown_attributes(tag: &str) -> impl Iterator<Item = &str> {
    ["title", "href", "alt", "label", "description", "cta"].into_iter().filter_map(move |name| {
        let (before, value) = tag.split_once(&format!("{name}=\""))?;
        before.ends_with(char::is_whitespace).then(|| value.split('"').next())?
    })
}

/// What a reference page says of its operation.
fn described(reference: &Reference) -> Value {
    let document = &reference.document;
    let place = pointer::push(&pointer::push("/paths", &reference.path), reference.method);
    let operation = document.pointer(&place).cloned().unwrap_or_default();
    let item = pointer::push("/paths", &reference.path);
    let parameters = document.pointer(&format!("{item}/parameters")).cloned().unwrap_or_default();
    let mut used = Map::new();
    let mut open = vec![&operation, &parameters];
    while let Some(value) = open.pop() {
        walk::references(value, &mut |name| {
            let target = name.strip_prefix('#').and_then(|at| document.pointer(at));
            if let Some(target) = target
                && used.insert(name.to_owned(), target.clone()).is_none()
            {
                open.push(target);
            }
        });
    }
    json!({
        "operation": operation, "parameters": parameters, "servers": document.get("servers"), "components": used,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "> ## Documentation Index\n> See https://docs.example/llms.txt\n\n# Kettles\n\n\
        export const Note = ({title, children}) => <div style={{\n  color: 'red'\n}}>\n    {children};\n  </div>;\n\n\
        export const Other = ({children}) => <a className=\"\n    x\n\">{children}</a>;\n\n\
        <Note title=\"Hot\">\n  A kettle is **hot**, see [safety](/docs/safety).\n</Note>\n\n\
        ## How to Fill\n\nFill to `max_level`.\n\n* Water\n* No oil\n\n### With a Hose\n\nSlowly.\n\n\
        ## Costs\n\n| Size | Price |\n| ---- | ----- |\n| 1 l  | 5     |\n";

    fn headings(sections: &Sections) -> Vec<&str> {
        sections.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_page_is_split_at_its_headings() {
        assert_eq!(headings(&of(PAGE)), ["", "Costs", "How to Fill", "Kettles", "With a Hose"]);
        let texts: Vec<_> =
            split(&without_tags(&without_definitions(PAGE))).into_iter().map(|part| part.1).collect();
        assert_eq!(texts[1], "Hot A kettle is hot see safety /docs/safety");
        assert_eq!(texts[2], "Fill to max_level Water No oil");
        assert_eq!(texts[4], "Size Price 1 l 5");
    }

    #[test]
    fn layout_is_not_text() {
        let expected = of(PAGE);
        for (from, to) in [
            ("\n", "\r\n"),
            ("\n", "  \n"),
            ("\n\n", "\n\n\n\n"),
            ("Fill to `max_level`.", "Fill\n   to\tmax\\_level."),
            ("* Water\n* No oil", "- Water\n\n- No oil\n"),
            ("* Water\n* No oil", "1. Water\n2. No oil"),
            ("**hot**", "_hot_"),
            ("| 1 l  | 5     |", "|1 l|5|"),
            ("| ---- | ----- |", "|---|:--:|"),
            ("## Costs\n", "## Costs ##\n"),
            ("### With a Hose", "#### With a `Hose`"),
            ("## Costs\n", "Costs\n-----\n"),
            ("<Note title=\"Hot\">\n  A", "<Note  icon=\"x\"\n title=\"Hot\" >\n\n        A"),
            ("color: 'red'", "color: 'blue'"),
            ("className=\"\n    x\n", "className=\"\n    y;\n"),
            ("## Costs", "<br />\n\n***\n\n## Costs"),
        ] {
            let text = PAGE.replace(from, to);
            assert_ne!(text, PAGE, "{from:?}");
            assert_eq!(of(&text), expected, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn a_change_of_words_numbers_titles_and_links_is_a_change_of_its_section_alone() {
        let before = of(PAGE);
        for (from, to, heading) in [
            ("llms.txt", "llms.json", ""),
            ("title=\"Hot\"", "title=\"Warm\"", "Kettles"),
            ("/docs/safety", "/docs/security", "Kettles"),
            ("max_level", "maxlevel", "How to Fill"),
            ("* No oil", "* Oil", "How to Fill"),
            ("Slowly", "Quickly", "With a Hose"),
            ("| 5 ", "| 6 ", "Costs"),
            ("| 1 l ", "| 1 l, new ", "Costs"),
        ] {
            let after = of(&PAGE.replace(from, to));
            let changed: Vec<_> = after.iter().filter(|(name, hashes)| before[*name] != **hashes).collect();
            assert_eq!(changed.len(), 1, "{from}");
            assert_eq!(changed[0].0, heading, "{from}");
        }
    }

    #[test]
    fn a_section_without_text_is_a_section_and_equal_headings_are_told_apart() {
        let sections = of("# A\n\n## Steps\n\n### One\n\nx\n\n## More\n\n### One\n\ny\n");
        assert_eq!(headings(&sections), ["A", "More", "One", "Steps"]);
        assert_eq!(sections["One"].len(), 2);
        assert_eq!(of("# A\n\n### One\n\ny\n\n### One\n\nx\n")["One"], sections["One"]);
    }

    #[test]
    fn headings_are_shown_on_one_line_and_are_bounded() {
        let text = format!("# A &#10; ##[error]b \u{202e}c\n\n## {}\n", "x".repeat(1000));
        for heading in of(&text).keys() {
            assert!(!heading.contains(['\n', '\u{202e}']) && !heading.contains("##["), "{heading:?}");
            assert!(heading.chars().count() <= LONGEST_HEADING);
        }
        let many: String = (0..2 * MOST_SECTIONS).map(|n| format!("## {n}\n")).collect();
        assert!(of(&many).len() <= MOST_SECTIONS);
    }

    #[test]
    fn a_reference_page_is_told_by_what_its_operation_says() {
        let block = |version: &str, words: &str, other: &str| {
            format!(
                "# A\n\n## OpenAPI\n\n````yaml get /v1/a\nopenapi: 3.0.1\ninfo:\n  title: A\n  version: '{version}'\n\
                 paths:\n  /v1/a:\n    get:\n      description: {words}\n      responses:\n        '200':\n          \
                 $ref: '#/components/responses/R'\ncomponents:\n  responses:\n    R:\n      description: R {other}\n  \
                 schemas:\n    Unused:\n      description: U {version}\n````\n"
            )
        };
        let before = of(&block("1.0", "One", "x"));
        assert_eq!(headings(&before), ["A", BLOCK]);
        assert_eq!(of(&block("2.0", "One", "x")), before);
        assert_ne!(of(&block("1.0", "Two", "x")), before);
        assert_ne!(of(&block("1.0", "One", "y")), before);
    }

    #[test]
    fn hostile_pages_end() {
        for piece in
            ["<a ", "<Note title=\"", "[", "![", "<", "export const A = \n", "> ", "* ", "`", "{", "# "]
        {
            of(&piece.repeat(100_000));
        }
    }
}
