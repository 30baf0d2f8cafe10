//! The Markdown twin of a page: the fenced OpenAPI block of a reference page.
//!
//! The fences are looked for line by line, and not by a Markdown library: a description above the block is text of
//! somebody's, in which a fence that is never closed, or the tag of a component, would hide the block.

use serde_json::Value;
use xtask_openapi::{Document, foreign::one_line, pointer, walk};

use crate::unite;

/// What a page holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// One operation.
    Operation(Box<Reference>),
    /// The webhook of this name, which Pleo sends and no client calls.
    Webhook(String),
    /// Neither: the page is text under this title.
    Text(String),
}

/// What a reference page says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The method of the fence line, in lower case.
    pub method: &'static str,
    /// The path template of the fence line.
    pub path: String,
    /// The file that the fence line names, on sites that have several.
    pub spec_file: Option<String>,
    /// The OpenAPI document of the block, which describes this operation.
    pub document: Value,
}

/// Why a page cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The block's closing fence is missing.
    #[error("the page ends inside its OpenAPI block")]
    Cut,
    /// There is a heading `## OpenAPI`, a fence of four backticks or a line `openapi: 3…`, and no block in YAML or
    /// JSON.
    #[error("the page looks like a reference page, but holds no OpenAPI block")]
    NoBlock,
    /// There is more than one block.
    #[error("the page holds {0} OpenAPI blocks, where one is expected")]
    Several(usize),
    /// The fence line names no operation.
    #[error("the fence line `{}` names no method and path", one_line(.0))]
    Fence(String),
    /// The block has no `openapi` key: the form that older pages have.
    #[error("the block has no `openapi` key, so it is in the older form, which is not OpenAPI")]
    NotOpenApi,
    /// The block is not a document, or not one of this operation.
    #[error("the OpenAPI block cannot be used: {}", one_line(.0))]
    Block(String),
    /// HTML came instead of Markdown, as for a page that only a browser can show.
    #[error("the response is HTML, not the page's Markdown")]
    Html,
    /// Text without a title, which every page has.
    #[error("the response has no title, so it is not a page of the documentation")]
    NoTitle,
    /// The page says of itself that it does not exist, though its status says success.
    #[error("the page says that it does not exist: `{}`", one_line(.0))]
    NotFound(String),
    /// The page shows what another one shows, so it stands for a page that does not exist.
    #[error("the page is the same as {}", one_line(.0))]
    SameAs(String),
}

/// Reads a page.
///
/// # Errors
/// For a page that looks like a reference page and yields nothing, and for a response that is not a page at all.
pub fn parse(text: &str) -> Result<Page, PageError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let found = blocks(text)?;
    match found.blocks.as_slice() {
        [] if is_html(text) => Err(PageError::Html),
        [] if found.looks_like_one => Err(PageError::NoBlock),
        [] => title(text).map(Page::Text),
        [block] => read(block),
        several => Err(PageError::Several(several.len())),
    }
}

/// A page without its OpenAPI blocks.
pub fn without_blocks(text: &str) -> String {
    blocks(text).map_or_else(|_| text.to_owned(), |found| found.outside)
}

/// The OpenAPI blocks of a page, and what is around them.
struct Found<'t> {
    blocks: Vec<Block<'t>>,
    outside: String,
    looks_like_one: bool,
}

struct Block<'t> {
    info: &'t str,
    body: String,
}

fn blocks(text: &str) -> Result<Found<'_>, PageError> {
    let mut found = Found { blocks: Vec::new(), outside: String::new(), looks_like_one: false };
    // Whether the heading of the block was the last thing that was there.
    let mut announced = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let opening = Fence::of(line).filter(|fence| fence.opens_a_block(announced));
        let Some(opening) = opening else {
            let heading = is_heading(line);
            found.looks_like_one |= heading || is_first_line_of_openapi(line);
            announced = heading || announced && line.trim().is_empty();
            found.outside.push_str(line);
            found.outside.push('\n');
            continue;
        };
        announced = false;
        found.looks_like_one = true;
        let mut body = String::new();
        let closed = lines.by_ref().any(|line| {
            let end = Fence::of(line).is_some_and(|fence| fence.closes(&opening));
            if !end {
                body.push_str(without_indent(line, opening.indent));
                body.push('\n');
            }
            end
        });
        if !closed {
            return Err(PageError::Cut);
        }
        if is_data(opening.info) {
            found.blocks.push(Block { info: opening.info, body });
        }
    }
    Ok(found)
}

/// A line that can open or close a fenced block: backticks or tildes, three or more.
struct Fence<'t> {
    mark: char,
    length: usize,
    indent: usize,
    info: &'t str,
}

impl<'t> Fence<'t> {
    fn of(line: &'t str) -> Option<Self> {
        let rest = line.trim_start_matches([' ', '\t']);
        let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = rest.trim_start_matches(mark);
        let length = rest.len() - info.len();
        // A line such as ```` ```a``` ```` is code within text.
        let is_fence = length >= 3 && !(mark == '`' && info.contains('`'));
        is_fence.then(|| Self { mark, length, indent: line.len() - rest.len(), info: info.trim() })
    }

    /// Three are samples of code, unless they name an operation or come right after the heading of the block.
    fn opens_a_block(&self, announced: bool) -> bool {
        let is_long = self.length >= 4 && self.indent < 4;
        is_long || is_data(self.info) && (announced || subject(self.info).is_some())
    }

    /// A fence that is indented further than the one that opened is text inside the block.
    fn closes(&self, opening: &Self) -> bool {
        self.mark == opening.mark
            && self.length >= opening.length
            && self.indent <= opening.indent
            && self.info.is_empty()
    }
}

fn without_indent(line: &str, indent: usize) -> &str {
    let blanks = line.bytes().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &line[blanks..]
}

fn is_heading(line: &str) -> bool {
    let title = line.trim_start().trim_start_matches('#');
    line.trim_start().starts_with("##")
        && title.trim().trim_end_matches('#').trim().eq_ignore_ascii_case("openapi")
}

fn is_first_line_of_openapi(line: &str) -> bool {
    let rest = line.trim_start_matches([' ', '\t', '{', '"']).strip_prefix("openapi");
    let value = rest.and_then(|rest| rest.trim_start_matches('"').trim_start().strip_prefix(':'));
    value.is_some_and(|value| value.trim_start().trim_start_matches(['"', '\'']).starts_with("3."))
}

fn is_data(info: &str) -> bool {
    let language = info.split(|c: char| c.is_whitespace() || c == '{').next().unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| known.eq_ignore_ascii_case(language))
}

/// What a fence line says that its block is about.
enum Subject {
    Operation(&'static str, String, Option<String>),
    Webhook(String),
}

/// `yaml`, perhaps a file, method and path, and attributes such as `title="x"` or `theme={null}` anywhere.
fn subject(info: &str) -> Option<Subject> {
    let words: Vec<String> = words(info).into_iter().skip(1).filter(|word| !is_attribute(word)).collect();
    words.windows(2).enumerate().find_map(|(at, pair)| {
        if pair[0].eq_ignore_ascii_case("webhook") {
            return Some(Subject::Webhook(pair[1].clone()));
        }
        let method = walk::METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(&pair[0]))?;
        let file = at.checked_sub(1).map(|before| words[before].clone());
        pair[1].starts_with('/').then(|| Subject::Operation(method, pair[1].clone(), file))
    })
}

fn is_attribute(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    word.starts_with('{')
        || name.len() < word.len()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
}

/// The words of a fence line. What is in quotes or braces is one word, or a part of one; quotes around a whole word
/// are left out.
fn words(info: &str) -> Vec<String> {
    let (mut found, mut word) = (Vec::new(), String::new());
    let mut quote = None;
    // Braces of a value such as `={null}`; those of a path are in the middle of a word.
    let mut depth = 0_usize;
    for letter in info.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '"' | '\'') => quote = Some(letter),
            (None, letter) if letter.is_whitespace() && depth == 0 => {
                if !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
            }
            (None, letter) => {
                if letter == '{' && (depth > 0 || word.is_empty() || word.ends_with('=')) {
                    depth += 1;
                } else if letter == '}' {
                    depth = depth.saturating_sub(1);
                }
                word.push(letter);
            }
        }
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

fn read(block: &Block<'_>) -> Result<Page, PageError> {
    let (method, path, spec_file) = match subject(block.info) {
        Some(Subject::Operation(method, path, file)) => (method, path, file),
        Some(Subject::Webhook(name)) => return Ok(Page::Webhook(name)),
        None => return Err(PageError::Fence(block.info.to_owned())),
    };
    let document =
        Document::parse("block", &block.body).map_err(|error| PageError::Block(error.problem))?.value;
    if document.get("openapi").is_none() {
        return Err(PageError::NotOpenApi);
    }
    unite::check(&document).map_err(PageError::Block)?;
    let place = pointer::push(&pointer::push("/paths", &path), method);
    if document.pointer(&place).is_none() {
        let operation = walk::operation_name(method, &path);
        return Err(PageError::Block(format!(
            "it does not describe {operation}, which its fence line names"
        )));
    }
    Ok(Page::Operation(Box::new(Reference { method, path, spec_file, document })))
}

/// What a browser is sent begins with.
const HTML: [&str; 9] =
    ["<!doctype", "<html", "<head", "<body", "<?xml", "<script", "<meta", "<style", "<noscript"];
/// What a page says that stands for one that does not exist.
const NOT_FOUND: [&str; 14] = [
    "404",
    "not found",
    "can't find",
    "cannot find",
    "couldn't find",
    "could not find",
    "cannot be found",
    "could not be found",
    "can't be found",
    "doesn't exist",
    "does not exist",
    "no longer exists",
    "no longer available",
    "no such page",
];
/// A page that says so in its first sentence, and not in its title, is shorter than this.
const SHORT: usize = 600;

fn is_html(text: &str) -> bool {
    let mut start = text.trim_start();
    while let Some((_, rest)) = start.strip_prefix("<!--").and_then(|comment| comment.split_once("-->")) {
        start = rest.trim_start();
    }
    let start: String = start.chars().take(20).collect::<String>().to_ascii_lowercase();
    HTML.iter().any(|tag| start.starts_with(tag)) || text.to_ascii_lowercase().contains("</html>")
}

/// The title of a page that is text.
fn title(text: &str) -> Result<String, PageError> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("# "));
    let title = lines.next().map(|line| line.trim_matches('#').trim()).filter(|title| !title.is_empty());
    let title = title.ok_or(PageError::NoTitle)?;
    let first = lines.find(|line| !line.is_empty()).filter(|_| text.len() < SHORT).unwrap_or_default();
    let says_so = |line: &&str| {
        let line = line.to_lowercase().replace('’', "'");
        // A row of a table of status codes is about requests to the API.
        !line.starts_with('|') && NOT_FOUND.iter().any(|phrase| line.contains(phrase))
    };
    match [title, first].into_iter().find(says_so) {
        Some(line) => Err(PageError::NotFound(line.to_owned())),
        None => Ok(title.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "openapi: 3.0.1\ninfo:\n  title: A API\n  version: 1.0.0\npaths:\n  /v1/a/{id}:archive:\n    post:\n      responses: {}\n";

    fn page(fence: &str, block: &str) -> String {
        format!(
            "> ## Documentation Index\n> words\n\n# Archive\n\n\n\n## OpenAPI\n\n````{fence}\n{block}````\n\nBuilt with\n"
        )
    }

    fn parsed(text: &str) -> Reference {
        match parse(text) {
            Ok(Page::Operation(reference)) => *reference,
            other => panic!("{other:?}"),
        }
    }

    fn text(title: &str) -> Result<Page, PageError> {
        Ok(Page::Text(title.to_owned()))
    }

    #[test]
    fn the_fence_line_names_method_and_path_and_may_name_a_file_before_them() {
        for (fence, file) in [
            ("yaml post /v1/a/{id}:archive", None),
            ("yaml POST /v1/a/{id}:archive", None),
            (
                "yaml /api-reference/openapi.json Post /v1/a/{id}:archive   ",
                Some("/api-reference/openapi.json"),
            ),
            ("yaml openapi/a.json POST /v1/a/{id}:archive", Some("openapi/a.json")),
        ] {
            let reference = parsed(&page(fence, BLOCK));
            assert_eq!(
                (reference.method, reference.path.as_str()),
                ("post", "/v1/a/{id}:archive"),
                "{fence}"
            );
            assert_eq!(reference.spec_file.as_deref(), file, "{fence}");
        }
    }

    #[test]
    fn a_fence_line_that_names_no_operation_is_refused() {
        for fence in ["yaml", "yaml post", "yaml post v1/a", "yaml fetch /v1/a", "yaml /v1/a post"] {
            assert_eq!(parse(&page(fence, BLOCK)), Err(PageError::Fence(fence.to_owned())));
        }
        let other = parse(&page("yaml get /v1/a/{id}:archive", BLOCK)).unwrap_err();
        assert!(other.to_string().contains("GET /v1/a/{id}:archive"), "{other}");
    }

    #[test]
    fn the_older_tree_is_recognised_by_its_lack_of_an_openapi_key() {
        let older = "paths:\n  path: /v1/a\n  method: get\n  servers: []\n  request: {}\n";
        assert_eq!(parse(&page("yaml get /v1/a", older)), Err(PageError::NotOpenApi));
    }

    #[test]
    fn backticks_inside_texts_do_not_close_the_block() {
        let texts =
            "    description: |-\n      ```json\n      {} | a\n      ```\n\n      ````\n      last words\n";
        let block = BLOCK.replace("    post:\n", &format!("{texts}    post:\n"));
        let reference = parsed(&page("yaml post /v1/a/{id}:archive", &block));
        let text = reference.document["paths"]["/v1/a/{id}:archive"]["description"].as_str().unwrap();
        assert!(text.contains("```json") && text.ends_with("````\nlast words"), "{text}");
    }

    #[test]
    fn trailing_spaces_line_endings_and_longer_fences_make_no_difference() {
        let plain = page("yaml post /v1/a/{id}:archive", BLOCK);
        let expected = parsed(&plain);
        for text in
            [plain.replace('\n', "\r\n"), plain.replace('\n', "  \n"), plain.replace("````", "``````")]
        {
            assert_eq!(parsed(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn fences_of_any_form_are_read() {
        let plain = page("yaml post /v1/a/{id}:archive", BLOCK);
        let expected = parsed(&plain);
        let indented = |by: &str| {
            plain
                .lines()
                .map(|line| format!("{by}{line}\n"))
                .collect::<String>()
                .replace(&format!("{by}#"), "#")
        };
        for text in [
            plain.replace("````", "```"),
            plain.replace("````", "~~~"),
            plain.replace("````", "~~~~~~"),
            plain.replace("````yaml", "```` YAML"),
            plain.replace(":archive\n", ":archive title=\"get /v2/b\" theme={null}\n"),
            plain.replace("````yaml", "````yaml title=\"A 'title' {of} mine\" {1,3} lines={ true }"),
            plain.replace("````yaml post", "```json \"POST\""),
            format!("\u{feff}{plain}"),
            indented("  "),
            indented("\t"),
            indented("        ").replace("````", "```"),
        ] {
            let found = parsed(&text.replace("json \"POST\"", "yaml \"POST\""));
            assert_eq!(
                (found.method, &found.path, &found.document),
                (expected.method, &expected.path, &expected.document),
                "{text}"
            );
        }
        let named = parsed(&plain.replace("yaml post", "yaml title=\"x\" openapi/a.json post"));
        assert_eq!(named.spec_file.as_deref(), Some("openapi/a.json"));
    }

    #[test]
    fn a_sample_above_the_block_hides_nothing() {
        let block = page("yaml post /v1/a/{id}:archive", BLOCK);
        for above in
            ["```\nnever closed\n", "<script>\n", "<!-- never closed\n", "~~~\n", "> ```yaml\n> a: b\n"]
        {
            assert_eq!(parsed(&format!("# A\n{above}\n{block}")).path, "/v1/a/{id}:archive", "{above}");
        }
    }

    #[test]
    fn the_page_of_a_webhook_is_told_by_its_name() {
        for fence in ["yaml webhook vendor.created", "yaml openapi.json WEBHOOK vendor.created title=\"x\""] {
            let found = parse(&page(fence, "openapi: 3.1.0\nwebhooks: {}\n"));
            assert_eq!(found, Ok(Page::Webhook("vendor.created".to_owned())));
        }
    }

    #[test]
    fn a_block_that_names_no_operation_is_refused_however_it_is_fenced() {
        for text in [
            "# A\n\n## OpenAPI\n\n```yaml title=\"openapi.yaml\"\nopenapi: 3.0.1\n```\n",
            "# A\n\n### openapi ###\n~~~json\n{}\n~~~\n",
            "# A\n\n  ````yaml title=\"x\"\nopenapi: 3.0.1\n  ````\n",
        ] {
            assert!(matches!(parse(text), Err(PageError::Fence(_))), "{text}: {:?}", parse(text));
        }
        for text in ["# A\n\n```\nopenapi: 3.0.1\n```\n", "# A\n\n``` js\n{ \"openapi\": \"3.1.0\" }\n```\n"]
        {
            assert_eq!(parse(text), Err(PageError::NoBlock), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_page_of_the_documentation_is_refused() {
        for html in [
            "<!DOCTYPE html>\n<html><body><div id=\"root\"></div></body></html>",
            "\n  <html lang=\"en\">",
            "<!-- built -->\n<!-- a --><head>",
            "<?xml version=\"1.0\"?>",
            "# Loading\n<div></div></body></HTML>",
        ] {
            assert_eq!(parse(html), Err(PageError::Html), "{html}");
        }
        for shell in [
            "",
            "\n",
            "Not Found",
            "Loading",
            "{\"error\":\"not found\"}",
            "<div id=\"root\"></div>",
            "## A\n",
            "#\n",
        ] {
            assert_eq!(parse(shell), Err(PageError::NoTitle), "{shell}");
        }
        for missing in [
            "# Page not found\n",
            "> ## Documentation Index\n> words\n\n# 404\n\nGo home.\n",
            "# Oops\n\nWe couldn’t find that page.\n",
            "# This page does not exist #\n",
        ] {
            assert!(matches!(parse(missing), Err(PageError::NotFound(_))), "{missing}");
        }
        for page in [
            "# Errors\n\n| status | meaning |\n|---|---|\n| 404 | not found |\n",
            "# A\n\nWords.\n\nIt is not found there.\n",
        ] {
            assert!(matches!(parse(page), Ok(Page::Text(_))), "{page}");
        }
        let long = format!("# A\n\nWhat is not found. {}\n", "Words. ".repeat(200));
        assert_eq!(parse(&long), text("A"));
    }

    #[test]
    fn a_page_is_left_without_its_block() {
        let whole = page("yaml post /v1/a/{id}:archive", BLOCK);
        let outside = without_blocks(&whole);
        assert!(
            outside.contains("# Archive") && outside.contains("Built with") && !outside.contains("openapi:"),
            "{outside}"
        );
    }

    #[test]
    fn what_is_around_the_block_is_data() {
        let around = "<AgentInstructions>\nDo `this`.\n</AgentInstructions>\n# Archive\n\n> first line\n  second line without a mark\n  ```\n\n                      export const Note = ({children}) => <div>\n  {children}\n</div>;\n***\nCompany\\_id\n```js theme={null}\nlet a;\n```\n";
        let text = format!("{around}{}", page("yaml post /v1/a/{id}:archive", BLOCK));
        assert_eq!(parsed(&text).path, "/v1/a/{id}:archive");
        assert_eq!(super::parse(around), self::text("Archive"));
        assert_eq!(parse("# Scopes\n\n| scope | meaning |\n|---|---|\n"), self::text("Scopes"));
    }

    #[test]
    fn a_page_that_looks_like_a_reference_page_and_yields_nothing_is_an_error() {
        let whole = page("yaml post /v1/a/{id}:archive", BLOCK);
        let cut = &whole[..whole.find("responses").unwrap()];
        assert_eq!(parse(cut), Err(PageError::Cut));
        let cut = &whole[..whole.find("````").unwrap()];
        assert_eq!(parse(cut), Err(PageError::NoBlock));
        assert_eq!(parse("````md\n# text\n````\n"), Err(PageError::NoBlock));
        assert_eq!(parse(&format!("{whole}{whole}")), Err(PageError::Several(2)));
        for block in
            ["- a\n", "openapi: [\n", "openapi: 3.0.1\n", "openapi: 3.0.1\ninfo: {title: A}\npaths: []\n"]
        {
            let error = parse(&page("yaml post /v1/a", block)).unwrap_err();
            assert!(matches!(error, PageError::Block(_) | PageError::NotOpenApi), "{block}: {error}");
        }
    }
}
