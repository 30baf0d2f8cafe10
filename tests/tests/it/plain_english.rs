//! No text for people has one of the phrases that `docs/maintainers/phrases.txt` lists.

use std::{fs, path::Path};

use crate::documentation::{files, literals};

const LIST: &str = "docs/maintainers/phrases.txt";

/// A phrase that is not used.
struct Phrase {
    text: String,
    instead: String,
    /// Contexts in which it is right.
    right: Vec<String>,
    /// Whether it is not used in Rust code either.
    everywhere: bool,
}

fn phrases(list: &str) -> Vec<Phrase> {
    let mut everywhere = true;
    let mut phrases = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line {
            "[everywhere]" => everywhere = true,
            "[documents]" => everywhere = false,
            line => {
                let mut parts = line.split('|').map(str::trim);
                let text = parts.next().unwrap().to_lowercase();
                let instead =
                    parts.next().unwrap_or_else(|| panic!("{text}: what to write instead?")).to_owned();
                let right = parts.next().unwrap_or_default().split(';').map(|it| it.trim().to_lowercase());
                let right = right.filter(|context| !context.is_empty()).collect();
                phrases.push(Phrase { text, instead, right, everywhere });
            }
        }
    }
    phrases
}

/// What a person reads of Markdown, in small letters and with single spaces: no code, quotations or addresses.
fn prose(markdown: &str) -> String {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            lines.push("");
        } else if !in_code {
            lines.push(line.trim());
        }
    }
    let mut out = String::new();
    for paragraph in lines.join("\n").split("\n\n") {
        let text = without_addresses(&without(&without(paragraph, '`'), '"'));
        for word in text.split_whitespace() {
            out.push_str(&word.to_lowercase());
            out.push(' ');
        }
        out.push_str("¶ ");
    }
    out
}

/// The text outside pairs of a mark. A paragraph in which one mark is without another stays as it is.
fn without(paragraph: &str, mark: char) -> String {
    let parts: Vec<&str> = paragraph.split(mark).collect();
    if parts.len().is_multiple_of(2) {
        return paragraph.to_owned();
    }
    parts.into_iter().step_by(2).collect::<Vec<_>>().join("…")
}

/// The text without the addresses of links.
fn without_addresses(paragraph: &str) -> String {
    let mut out = String::new();
    let mut rest = paragraph;
    while let Some((before, after)) = rest.split_once("](") {
        out.push_str(before);
        out.push(']');
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out + rest
}

/// The documentation comments of Rust code, as Markdown.
fn documentation(code: &str) -> String {
    let lines = code.lines().map(|line| {
        let line = line.trim_start();
        line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or_default()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The phrase in a text, with what is around it.
fn found(text: &str, phrase: &Phrase) -> Option<String> {
    let text = phrase.right.iter().fold(text.to_owned(), |text, right| text.replace(right.as_str(), "…"));
    let (at, _) = text.match_indices(phrase.text.as_str()).find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        let after = text[at + phrase.text.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })?;
    let before: String = text[..at].chars().rev().take(30).collect();
    let before: String = before.chars().rev().collect();
    let from: String = text[at..].chars().take(phrase.text.len() + 30).collect();
    Some(before + &from)
}

#[test]
fn a_phrase_is_found_where_a_person_reads_it_and_nowhere_else() {
    let list = "# comment\n[everywhere]\nbut for | except for\n[documents]\nis no | is not a | there is no; is no longer";
    let phrases = phrases(list);
    assert_eq!(phrases.iter().map(|phrase| phrase.everywhere).collect::<Vec<_>>(), [true, false]);
    let is_found = |markdown: &str| phrases.iter().any(|phrase| found(&prose(markdown), phrase).is_some());
    for bad in
        ["All of it, but for\nthis.", "BUT FOR", "There is no key, and this is no key.", "`a` but for `b`"]
    {
        assert!(is_found(bad), "{bad}");
    }
    for good in [
        "But forty.",
        "There is no key, and it is no longer one.",
        "`but for`",
        "He said \"but for\nme\".",
        "```text\nbut for\n```",
        "[it](but for)",
        "Nothing but\n\nfor it.",
    ] {
        assert!(!is_found(good), "{good}");
    }
    let code = "//! Is\n//! no key.\nfn f() { /* but for */ }\n    /// `but for`\n// but for";
    assert!(found(&prose(&documentation(code)), &phrases[0]).is_none());
    assert!(found(&prose(&documentation(code)), &phrases[1]).is_some());
}

#[test]
fn no_text_for_people_has_a_phrase_that_is_not_used() {
    // Without `..`, so that no path has this crate's folder in it.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let phrases = phrases(&fs::read_to_string(root.join(LIST)).unwrap());
    assert!(phrases.len() > 30, "{}", phrases.len());

    let mut texts = Vec::new();
    let mut documents = Vec::new();
    for file in [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "README.md",
        "SECURITY.md",
        "crates/pleo/README.md",
        "crates/pleo-auth/README.md",
        "crates/pleo-cli/README.md",
        "crates/pleo-client/README.md",
        "crates/pleo-conformance/README.md",
        "crates/pleo-conformance/adapters/README.md",
        "crates/pleo-sandbox/README.md",
        "fuzz/README.md",
        "spec/README.md",
        "spec/report.md",
        "tests/judges/README.md",
    ] {
        documents.push(root.join(file));
    }
    for folder in ["docs", ".github"] {
        files(&root.join(folder), "md", &mut documents);
    }
    files(&root.join(".github/ISSUE_TEMPLATE"), "yml", &mut documents);
    // A decision keeps the words of its day.
    documents.retain(|path| path.components().all(|part| part.as_os_str() != "decisions"));
    for path in documents {
        texts.push((prose(&fs::read_to_string(&path).unwrap()), false, path));
    }

    let mut overlays = Vec::new();
    files(&root.join("spec/overlays"), "yaml", &mut overlays);
    for path in overlays {
        texts.push((prose(&fs::read_to_string(&path).unwrap()), true, path));
    }

    let mut code = Vec::new();
    for folder in ["crates", "xtask"] {
        files(&root.join(folder), "rs", &mut code);
    }
    // Generated texts are those of the overlays, and the texts of a sample report are made up.
    code.retain(|path| {
        let is_source = path.components().any(|part| part.as_os_str() == "src");
        let is_left_out =
            path.components().any(|part| ["generated", "tests"].iter().any(|it| part.as_os_str() == *it));
        is_source && !is_left_out && !path.ends_with("tests.rs") && !path.ends_with("sample.rs")
    });
    for path in code {
        let code = fs::read_to_string(&path).unwrap();
        let code = code.split("#[cfg(test)]").next().unwrap();
        texts.push((prose(&documentation(code)), true, path.clone()));
        for text in literals(code) {
            texts.push((prose(&text.replace('\\', " ")), true, path.clone()));
        }
    }

    assert!(texts.len() > 2000, "{}", texts.len());
    let mut hits = Vec::new();
    for (text, is_code, path) in &texts {
        for phrase in phrases.iter().filter(|phrase| phrase.everywhere || !is_code) {
            if let Some(excerpt) = found(text, phrase) {
                hits.push(format!("{}: {excerpt:?}; instead write: {}", path.display(), phrase.instead));
            }
        }
    }
    assert!(hits.is_empty(), "{LIST} says what to write instead of {hits:#?}");
}
