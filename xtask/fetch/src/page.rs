//! The Markdown twin of a page: the fenced OpenAPI block of a reference page.

use serde_json::Value;

use super::unite;
use xtask_openapi::{Document, pointer, walk};

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

/// Why a page that looks like a reference page yields nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The block's closing fence is missing.
    #[error("the page ends inside its OpenAPI block")]
    Cut,
    /// There is a heading `## OpenAPI`, or a fence of four backticks, and no block in YAML or JSON.
    #[error("the page looks like a reference page, but holds no OpenAPI block")]
    NoBlock,
    /// There is more than one block.
    #[error("the page holds {0} OpenAPI blocks, where one is expected")]
    Several(usize),
    /// The fence line does not end in a method and a path.
    #[error("the fence line `{0}` does not end in a method and a path")]
    Fence(String),
    /// The block has no `openapi` key: the form that older pages have.
    #[error("the block has no `openapi` key, so it is in the older form, which is not OpenAPI")]
    NotOpenApi,
    /// The block is no document, or not one of this operation.
    #[error("the OpenAPI block cannot be used: {0}")]
    Block(String),
}

/// Reads a page. `None` means that it describes no operation, as guides do.
///
/// # Errors
/// For a page that looks like a reference page and yields nothing.
pub fn parse(text: &str) -> Result<Option<Reference>, PageError> {
    let mut blocks = Vec::new();
    let mut looks_like_one = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((ticks, info)) = fence(line) else {
            looks_like_one |= line.trim_end() == "## OpenAPI";
            continue;
        };
        let mut body = String::new();
        let closed = lines.by_ref().any(|line| {
            let end = matches!(fence(line), Some((closing, "")) if closing >= ticks);
            if !end {
                body.push_str(line);
                body.push('\n');
            }
            end
        });
        looks_like_one = true;
        if !closed {
            return Err(PageError::Cut);
        }
        if matches!(info.split_whitespace().next(), Some("yaml" | "yml" | "json")) {
            blocks.push((info, body));
        }
    }
    match blocks.as_slice() {
        [] if looks_like_one => Err(PageError::NoBlock),
        [] => Ok(None),
        [(info, body)] => reference(info, body).map(Some),
        several => Err(PageError::Several(several.len())),
    }
}

/// The number of backticks and the rest of a line that opens or closes a fence of four or more.
/// Three are samples of code, and an indented line is text inside a block.
fn fence(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('`');
    let ticks = line.len() - rest.len();
    // A line such as ```` ```a``` ```` is code within text.
    (ticks >= 4 && !rest.contains('`')).then(|| (ticks, rest.trim()))
}

fn reference(info: &str, body: &str) -> Result<Reference, PageError> {
    let unusable = || PageError::Fence(info.to_owned());
    let tokens: Vec<_> = info.split_whitespace().collect();
    let [_, file @ .., method, path] = tokens.as_slice() else { return Err(unusable()) };
    let method = walk::METHODS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(method) && path.starts_with('/'))
        .ok_or_else(unusable)?;
    let document = Document::parse("block", body).map_err(|error| PageError::Block(error.problem))?.value;
    if document.get("openapi").is_none() {
        return Err(PageError::NotOpenApi);
    }
    unite::check(&document).map_err(PageError::Block)?;
    let place = pointer::push(&pointer::push("/paths", path), method);
    if document.pointer(&place).is_none() {
        return Err(PageError::Block(format!(
            "it does not describe {}, which its fence line names",
            walk::operation_name(method, path)
        )));
    }
    Ok(Reference {
        method,
        path: (*path).to_owned(),
        spec_file: file.last().map(|file| (*file).to_owned()),
        document,
    })
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
        parse(text).unwrap().unwrap()
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
    fn what_stands_around_the_block_is_data() {
        let around = "<AgentInstructions>\nDo `this`.\n</AgentInstructions>\n# Archive\n\n> first line\n  second line without a mark\n  ```\n\n                      export const Note = ({children}) => <div>\n  {children}\n</div>;\n***\nCompany\\_id\n```js theme={null}\nlet a;\n```\n";
        let text = format!("{around}{}", page("yaml post /v1/a/{id}:archive", BLOCK));
        assert_eq!(parsed(&text).path, "/v1/a/{id}:archive");
        assert_eq!(parse(around), Ok(None));
        assert_eq!(parse("# Scopes\n\n| scope | meaning |\n|---|---|\n"), Ok(None));
        assert_eq!(parse(""), Ok(None));
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
