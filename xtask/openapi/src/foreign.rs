//! Text that somebody else wrote, shown so that it can do nothing where it is shown: titles, paths, versions,
//! headings, what a server said.
//!
//! A terminal obeys escape sequences, the log of a GitHub workflow obeys lines that start with `::` and `##[`
//! anywhere, marks of direction change what a line seems to say, and GitHub acts on `@name`, `#1` and `[skip ci]`.

use std::fmt::Write as _;

/// How many characters of one text are shown.
const SHOWN: usize = 2_000;

/// A text for a terminal or a log: one line, without control characters, marks of direction, characters that nobody
/// sees, or a command to a workflow. Line breaks become spaces, other such characters their code point.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(SHOWN));
    let mut letters = text.chars();
    for letter in letters.by_ref().take(SHOWN) {
        match letter {
            '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push(' '),
            letter if is_hidden(letter) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    if letters.next().is_some() {
        out.push('…');
    }
    // A workflow command is recognised by how it begins: `::` where the line does, `##[` anywhere.
    let out = out.replace("##[", "# #[");
    match out.trim_start().strip_prefix("::") {
        Some(rest) => format!(": :{rest}"),
        None => out,
    }
}

/// A text as code in Markdown: nothing in it is Markdown, HTML, a mention, a reference or a command, and GitHub takes
/// no notice of names and numbers in it.
pub fn markdown_code(text: &str) -> String {
    code_span(&one_line(text))
}

/// One line between more backticks than it holds in a row.
pub fn code_span(line: &str) -> String {
    let longest = line.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A blank at each end is taken off again, and an empty code span is not shown as code.
    let blank =
        if line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) || line.is_empty() { " " } else { "" };
    format!("{fence}{blank}{line}{blank}{fence}")
}

/// A text for a sentence, a title or a table of Markdown, in which nothing is Markdown, HTML, a mention or a reference:
/// what GitHub looks for is broken by characters without width.
pub fn markdown_text(text: &str) -> String {
    let mut out = String::new();
    for letter in one_line(text).chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("@&#8203;"),
            '#' => out.push_str("\\#&#8203;"),
            ':' => out.push_str(":&#8203;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '(' | ')' | '!' | '$' => {
                out.extend(['\\', letter])
            }
            _ => out.push(letter),
        }
    }
    // The other form of a reference to an issue.
    out.replace("GH-", "GH&#8209;").replace("gh-", "gh&#8209;")
}

/// A name for a commit message, where GitHub acts on `@name`, `#1`, `GH-1`, `[skip ci]` and addresses: letters, digits
/// and single spaces alone.
pub fn plain_words(text: &str) -> String {
    let text: String = text.chars().take(SHOWN).map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A version for a commit message, if it is of the form of one: `1.2.0-rc.1+5`.
pub fn plain_version(text: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    (text.len() <= 40 && text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_plain))
        .then_some(text)
}

/// Whether a character is not seen, or changes how others are seen: control characters, marks of direction,
/// characters without width, tags.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line_and_sends_nothing_to_a_terminal() {
        for (text, shown) in [
            ("A API", "A API"),
            ("Größe 日本 – “x”", "Größe 日本 – “x”"),
            ("a\r\nb\u{85}c\u{2028}d\u{2029}e\tf", "a  b c d e f"),
            ("\u{1b}[2J\u{9b}31m\u{7}", "\\u{1b}[2J\\u{9b}31m\\u{7}"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{61c}", "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}"),
            ("\u{feff}a\u{200b}b\u{e0041}", "\\u{feff}a\\u{200b}b\\u{e0041}"),
        ] {
            assert_eq!(one_line(text), shown);
        }
        let long = one_line(&"a".repeat(1_000_000));
        assert_eq!((long.chars().count(), long.ends_with("a…")), (SHOWN + 1, true));
    }

    #[test]
    fn a_text_is_no_command_to_a_workflow() {
        for text in [
            "::error::a",
            "  ::stop-commands::a",
            "\n::error::a",
            "\u{a0}\u{3000}::warning file=a::b",
            "##[error]a",
            "a ##[set-output name=b]c",
            "###[error]a",
            "##\u{0}[error]",
        ] {
            let shown = one_line(text);
            assert!(!shown.trim_start().starts_with("::") && !shown.contains("##["), "{shown}");
        }
        assert_eq!(one_line("/v1/tags::search"), "/v1/tags::search");
    }

    #[test]
    fn a_text_in_markdown_is_nothing_but_text() {
        for (text, shown) in [
            ("Vendors API", "Vendors API"),
            ("a|b *c* _d_ `e`", "a\\|b \\*c\\* \\_d\\_ \\`e\\`"),
            ("<script> &amp;", "&lt;script&gt; &amp;amp;"),
            ("fixes #1 for @name", "fixes \\#&#8203;1 for @&#8203;name"),
            ("GH-1 https://a.example", "GH&#8209;1 https:&#8203;//a.example"),
            ("![a](b)\n# c", "\\!\\[a\\]\\(b\\) \\#&#8203; c"),
        ] {
            assert_eq!(markdown_text(text), shown);
        }
    }

    #[test]
    fn a_commit_message_names_nobody_and_nothing() {
        for (text, shown) in [
            ("Card Orders API", "Card Orders API"),
            ("Größe", "Größe"),
            ("[skip ci] fixes #1, GH-2 @name", "skip ci fixes 1 GH 2 name"),
            ("a\n\n\nskip-checks: true", "a skip checks true"),
            ("https://github.com/a/b/issues/1", "https github com a b issues 1"),
        ] {
            assert_eq!(plain_words(text), shown);
        }
        assert_eq!(plain_version("32.4.0-rc.1+5"), Some("32.4.0-rc.1+5"));
        for text in ["", "v1", "1 [skip ci]", "1\nfixes #1", "1@name", &"1".repeat(41)] {
            assert_eq!(plain_version(text), None, "{text}");
        }
    }

    #[test]
    fn code_in_markdown_ends_where_it_is_meant_to() {
        for (text, code) in [
            ("a", "`a`"),
            ("", "`  `"),
            ("@name fixes #1 [skip ci] <b>", "`@name fixes #1 [skip ci] <b>`"),
            ("a`b", "``a`b``"),
            ("```", "```` ``` ````"),
            ("a\n\n# b", "`a  # b`"),
        ] {
            assert_eq!(markdown_code(text), code);
        }
    }
}
