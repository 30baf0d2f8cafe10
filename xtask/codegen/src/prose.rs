//! A document's own text as the Markdown of rustdoc, which runs, renders and links what it finds there.
//!
//! The text stays text, whatever it says. Of its Markdown only code spans are kept; everything else is
//! escaped, so that it is shown as it is written. That holds for our overlays, too: nobody has to know
//! where a text came from.

use std::fmt::Write as _;

use xtask_openapi::foreign::{is_hidden, markdown_code};

/// A text as paragraphs: lines stay lines, and code spans stay code spans.
pub(crate) fn prose(text: &str) -> String {
    let text = with_plain_lines(text);
    let paragraphs = text.split("\n\n").map(paragraph).filter(|paragraph| !paragraph.is_empty());
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// A text as a part of a sentence: the same in one line.
pub(crate) fn inline(text: &str) -> String {
    paragraph(&with_plain_lines(text).split_whitespace().collect::<Vec<_>>().join(" "))
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The text with one kind of line end and space, and without what is not seen. Lines are trimmed.
fn with_plain_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\u{2029}', "\n\n");
    let mut lines = Vec::new();
    for line in text.split(is_line_end) {
        let line: String = line
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !is_hidden(*c))
            .collect();
        lines.push(line.trim().to_owned());
    }
    let mut out = String::with_capacity(text.len());
    for line in lines {
        // Several empty lines part paragraphs as one does.
        if !(line.is_empty() && (out.is_empty() || out.ends_with("\n\n"))) {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// One paragraph, of lines that are trimmed and not empty.
fn paragraph(text: &str) -> String {
    let text = text.trim();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let (before, from) = rest.split_at(start);
        escape(before, &mut out);
        let ticks = from.len() - from.trim_start_matches('`').len();
        let (fence, inner) = from.split_at(ticks);
        match closing(inner, ticks) {
            Some(end) => {
                out.push_str(&markdown_code(&code_of(&inner[..end])));
                rest = &inner[end + ticks..];
            }
            None => {
                fence.chars().for_each(|tick| out.extend(['\\', tick]));
                rest = inner;
            }
        }
    }
    escape(rest, &mut out);
    out
}

/// Where the run of exactly this many backticks is that closes a code span.
fn closing(inner: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = inner[at..].find('`') {
        let start = at + start;
        let run = inner[start..].len() - inner[start..].trim_start_matches('`').len();
        if run == ticks {
            return Some(start);
        }
        at = start + run;
    }
    None
}

/// What a code span holds (CommonMark 0.31, section 6.1).
fn code_of(inner: &str) -> String {
    let inner = inner.replace('\n', " ");
    match inner.strip_prefix(' ').and_then(|rest| rest.strip_suffix(' ')) {
        Some(stripped) if !stripped.trim().is_empty() => stripped.to_owned(),
        _ => inner,
    }
}

/// Adds text that holds no code span, with a backslash before each character that could mean something.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        let at_line_start = out.is_empty() || out.ends_with('\n');
        let special = match c {
            '\\' | '*' | '_' | '[' | ']' | '<' | '&' | '~' | '|' => true,
            // `1.` and `1)` begin a list.
            '.' | ')' => is_number(out),
            // rustdoc warns of a bare address.
            '/' => out.ends_with(':'),
            c => at_line_start && c.is_ascii_punctuation(),
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
}

/// Whether the last line is nothing but digits.
fn is_number(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

    use super::*;

    /// What Markdown shows, with its code spans between `\u{1}`; an error for anything but paragraphs of text and code.
    fn shown(markdown: &str) -> Result<String, TestCaseError> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS;
        let mut item = |link: pulldown_cmark::BrokenLink<'_>| {
            Some((CowStr::from(link.reference.into_string()), CowStr::Borrowed("")))
        };
        let mut text = String::new();
        for event in Parser::new_with_broken_link_callback(markdown, options, Some(&mut item)) {
            match event {
                Event::Start(Tag::Paragraph) => {}
                Event::End(TagEnd::Paragraph) => text.push_str("\n\n"),
                Event::Text(part) => text.push_str(&part),
                Event::SoftBreak => text.push('\n'),
                Event::Code(code) => text.extend(["\u{1}", &code, "\u{1}"]),
                other => return Err(TestCaseError::fail(format!("{other:?} in {markdown:?}"))),
            }
        }
        Ok(text.trim_end().to_owned())
    }

    fn without_spaces(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace() && !is_hidden(*c)).collect()
    }

    const PARTS: &str = "([ \t\r\n`~*_\\[\\]()<>#|:!&;=+.{}@/$'\"\\\\0-9a-bhtps\u{2028}\u{202e}-]|```|~~~|    |\n\n|\
                         \\[x\\]: |https://|<b>|---|1\\. |- |> |<!--|<a:b>|\\[\\^1\\]: ){0,16}";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_text_is_shown_as_it_is_written(text in PARTS) {
            let shown_as = shown(&prose(&text))?;
            if !shown_as.contains('\u{1}') {
                prop_assert_eq!(without_spaces(&shown_as), without_spaces(&text));
            }
            prop_assert!(!prose(&text).contains("://") || shown_as.contains('\u{1}'), "rustdoc warns of an address");
        }

        #[test]
        fn a_text_in_a_sentence_stays_in_its_line(text in PARTS) {
            let line = inline(&text);
            prop_assert!(!line.contains('\n'));
            shown(&line)?;
        }
    }

    #[test]
    fn code_spans_stay_and_other_markdown_is_shown() {
        for (text, markdown) in [
            ("Needs `company_id`; see Z47.", "Needs `company_id`; see Z47."),
            ("a\n\n\n  b\n", "a\n\nb"),
            ("```\ncode();\n```", "`code();`"),
            ("```rust\ncode();", "\\`\\`\\`rust\ncode();"),
            ("- a\n1. b", "\\- a\n1\\. b"),
            ("# <b> [a](b) *c* d_e", "\\# \\<b> \\[a\\](b) \\*c\\* d\\_e"),
            ("https://a.example", "https:\\//a.example"),
        ] {
            assert_eq!(prose(text), markdown);
        }
    }
}
