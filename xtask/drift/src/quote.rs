//! Foreign text, such that it stays text wherever it is shown.
//!
//! What a document says may be made to look like something else: a command of a workflow, an escape
//! sequence of a terminal, a link or a mention, a directive in a commit message. What could is
//! written as an escape such as `\u{1b}`, so that a person sees that it was there.

use std::fmt::Write as _;

use xtask_openapi::foreign::{code_span, is_hidden};

/// Text for a terminal and for the log of a workflow: one line, without control characters and
/// without what a runner takes for a command.
///
/// A runner reads a command from a line that begins with `::`, whatever blanks are before it, and
/// from `##[` anywhere.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let starts_command = text.trim_start().starts_with("::");
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let is_command =
            rest.starts_with("##[") || (starts_command && rest.starts_with("::") && out.trim().is_empty());
        if is_command || is_hidden(letter) {
            escape(&mut out, letter);
        } else {
            out.push(letter);
        }
        rest = &rest[letter.len_utf8()..];
    }
    out
}

/// Text for a commit message, and for what may become one: as [`plain`], and without mentions,
/// references to issues, commits' keywords and directives to skip checks.
pub(crate) fn unlinked(text: &str) -> String {
    let text = plain(text);
    let mut out = String::with_capacity(text.len());
    for (index, letter) in text.char_indices() {
        let rest = &text[index + letter.len_utf8()..];
        let next = rest.chars().next();
        let word = || rest.trim_start().chars().take(16).collect::<String>().to_ascii_lowercase();
        let means_something = match letter {
            '@' => next.is_some_and(|next| next.is_alphanumeric() || matches!(next, '-' | '_' | '[')),
            '#' => next.is_some_and(|next| next.is_numeric()),
            '-' => ends(&out, "gh") && next.is_some_and(|next| next.is_numeric()),
            '[' => {
                let word = word();
                ["skip", "ci ", "ci]", "no ", "actions"].iter().any(|start| word.starts_with(start))
            }
            '/' => {
                ["/issues", "/pull", "/discussions"].iter().any(|end| ends(&out, end))
                    && next.is_some_and(|next| next.is_numeric())
            }
            ':' => ends(&out, "skip-checks"),
            _ => false,
        };
        if means_something {
            escape(&mut out, letter);
        } else {
            out.push(letter);
        }
    }
    out
}

/// Text as code in Markdown, in which nothing is Markdown, HTML, a link or a mention: between more
/// backticks than it holds in a row.
pub(crate) fn code(text: &str) -> String {
    let text = unlinked(text);
    if text.trim().is_empty() {
        return format!("`{}`", "\u{a0}".repeat(text.chars().count().max(1)));
    }
    code_span(&text)
}

/// Text as code in a cell of a table, in which a pipe would end the cell.
pub(crate) fn code_in_table(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A name as it is if it is plain words, else as code.
pub(crate) fn name(text: &str) -> String {
    if is_words(text) { text.to_owned() } else { code(text) }
}

/// As [`name`], in a cell of a table.
pub(crate) fn name_in_table(text: &str) -> String {
    if is_words(text) { text.to_owned() } else { code_in_table(text) }
}

/// Lines between fences of more backticks than they hold in a row.
pub(crate) fn block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(unlinked).collect();
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

/// JSON in which what could be something else is written as JSON's escapes.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        // Line ends and blanks of the form itself stay.
        if rest.starts_with("##[") || (is_hidden(letter) && letter != '\n') {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
        rest = &rest[letter.len_utf8()..];
    }
    out
}

/// Whether a text ends so, in upper or lower case.
fn ends(text: &str, end: &str) -> bool {
    let tail = text.len().checked_sub(end.len()).and_then(|start| text.as_bytes().get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

fn is_words(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphabetic() || letter == ' ')
        && !text.contains("  ")
        && text.len() <= 60
}

fn escape(out: &mut String, letter: char) {
    let _ = match letter {
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        _ => write!(out, "\\u{{{:x}}}", u32::from(letter)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_a_log_is_one_line_and_not_a_command() {
        for (text, expected) in [
            ("Export API", "Export API"),
            ("a::error::b", "a::error::b"),
            ("::error::b", "\\u{3a}:error::b"),
            (" ::error::b", " \\u{3a}:error::b"),
            (" \t::error::b", " \\t::error::b"),
            ("\n::error::b", "\\n::error::b"),
            ("a ##[error]b", "a \\u{23}#[error]b"),
            ("###[error]b", "#\\u{23}#[error]b"),
            ("a\u{1b}[31mb\u{9b}c", "a\\u{1b}[31mb\\u{9b}c"),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}"),
            ("a\r\nb\u{2028}c\u{85}", "a\\r\\nb\\u{2028}c\\u{85}"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_in_a_commit_message_mentions_nobody_and_closes_and_skips_nothing() {
        for (text, expected) in [
            ("Fixes #1", "Fixes \\u{23}1"),
            ("owner/name#12", "owner/name\\u{23}12"),
            ("GH-1 gh-2", "GH\\u{2d}1 gh\\u{2d}2"),
            ("@name a@b", "\\u{40}name a\\u{40}b"),
            (
                "[skip ci] [ci skip] [no ci] [Skip Actions] [actions skip] [ skip ci]",
                "\\u{5b}skip ci] \\u{5b}ci skip] \\u{5b}no ci] \\u{5b}Skip Actions] \\u{5b}actions skip] \\u{5b} skip ci]",
            ),
            ("closes https://github.com/a/b/issues/7", "closes https://github.com/a/b/issues\\u{2f}7"),
            ("skip-checks: true", "skip-checks\\u{3a} true"),
            ("C# and [array] of 7 - 8", "C# and [array] of 7 - 8"),
        ] {
            assert_eq!(unlinked(text), expected, "{text:?}");
        }
    }

    #[test]
    fn code_ends_where_it_should() {
        for (text, expected) in [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            ("", "`\u{a0}`"),
            (" ", "`\u{a0}`"),
            (" a", "`  a `"),
            ("<b>", "`<b>`"),
        ] {
            assert_eq!(code(text), expected, "{text:?}");
        }
        assert_eq!(code_in_table("a|b"), "`a\\|b`");
        assert_eq!(
            (name("Vendors API"), name("Fixes #1")),
            ("Vendors API".to_owned(), "`Fixes \\u{23}1`".to_owned())
        );
        assert_eq!(block("a\n```\nb"), "````text\na\n```\nb\n````\n");
    }

    #[test]
    fn json_keeps_its_meaning_without_what_could_be_something_else() {
        let value = serde_json::json!({ "a": "\u{202e}##[error]\u{9b}\u{e0001}" });
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.is_ascii() && !text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
