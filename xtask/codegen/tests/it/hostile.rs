//! Documents that try to run, link or show something, in every place that a document has: each is refused, or its
//! text stays text in code, in the clean document and in the report.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, Tag};
use serde_json::Value;
use xtask_codegen::{self as generate, Files};
use xtask_openapi::{Document, Refusals, foreign::is_hidden, normalise, normalise::Idle};
use xtask_testing::{
    entries,
    hostile::{MARK, PAYLOADS, Slot, payload, put, rename, slots, template},
    nested_target, workspace,
};

fn document(value: Value) -> Document {
    Document { name: "hostile.yaml".to_owned(), value }
}

fn run(value: Value) -> Result<Files, Refusals> {
    let normalised = normalise(vec![document(value)], &[], Idle::Allowed)?;
    let files = generate::generate(&normalised)?;
    assert_eq!(serde_json::from_str::<Value>(&files[generate::OPENAPI]).unwrap(), normalised.openapi);
    Ok(files)
}

/// The texts that rustdoc shows of a file.
fn docs(tokens: TokenStream, of_enum: bool, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let text = |token: &TokenTree| match token {
        TokenTree::Literal(literal) => match syn::parse_str::<syn::Lit>(&literal.to_string()) {
            Ok(syn::Lit::Str(text)) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    let is = |token: Option<&TokenTree>, word: &str| token.is_some_and(|token| token.to_string() == word);
    let mut current: Option<String> = None;
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            if group.delimiter() == Delimiter::Bracket && is(inner.first(), "doc") && is(inner.get(1), "=") {
                let line = text(&inner[2]).unwrap();
                current = Some(current.map_or_else(|| line.clone(), |text| format!("{text}\n{line}")));
                continue;
            }
            found.extend(current.take());
            let of_enum = of_enum || (index > 1 && is(tokens.get(index - 2), "open_enum"));
            docs(group.stream(), of_enum, found);
        } else if !matches!(token, TokenTree::Punct(punct) if matches!(punct.as_char(), '#' | '!')) {
            found.extend(current.take());
            // A variant without documentation is documented by its value.
            if of_enum && let Some(value) = text(token) {
                let documented = tokens.get(index.wrapping_sub(3));
                if !matches!(documented, Some(TokenTree::Group(_))) {
                    found.push(format!("`{value}`"));
                }
            }
        }
    }
    found.extend(current);
}

/// What is in a text of rustdoc's that a document may not put there.
fn foreign(doc: &str) -> Option<String> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    // rustdoc looks for an item of the name.
    let mut names =
        |link: BrokenLink<'_>| Some((CowStr::from(link.reference.into_string()), CowStr::Borrowed("")));
    // Links to what generated code calls by an identifier, and to Pleo's pages.
    let ours = |link: &str| {
        let link = link.trim_matches('`');
        let identifier = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        ["crate::", "Self::", "super::", "Client::"]
            .iter()
            .filter_map(|start| link.strip_prefix(start))
            .any(|rest| rest.split("::").all(identifier))
            || link == "Error"
            || (link.starts_with("https://developers.pleo.io/") && !link.contains(MARK))
    };
    for event in Parser::new_with_broken_link_callback(doc, options, Some(&mut names)) {
        let plain = match &event {
            Event::Start(Tag::Paragraph | Tag::List(None) | Tag::Item) | Event::End(_) => true,
            Event::Start(Tag::Heading { .. }) => doc.contains("\n # Errors\n See [`Error`]"),
            Event::Start(Tag::Link { dest_url, .. }) => ours(dest_url),
            Event::Text(text) => !text.contains("://"),
            Event::Code(_) | Event::SoftBreak => true,
            _ => false,
        };
        if !plain {
            return Some(format!("{event:?}"));
        }
    }
    None
}

/// The tokens of code without what its literals say.
fn skeleton(tokens: TokenStream, out: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                if inner.first().is_some_and(|first| first.to_string() == "doc") {
                    continue;
                }
                out.push('(');
                skeleton(group.stream(), out);
                out.push(')');
            }
            TokenTree::Ident(_) => out.push('i'),
            TokenTree::Literal(_) => out.push('l'),
            TokenTree::Punct(punct) if punct.as_char() != '#' => out.push(punct.as_char()),
            TokenTree::Punct(_) => {}
        }
    }
}

/// What is wrong with generated files.
fn judge(files: &Files) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in files {
        if let Some(hidden) = text.chars().find(|c| *c != '\n' && is_hidden(*c)) {
            wrong.push(format!("{path} holds {hidden:?}"));
        }
        if path.ends_with(".rs") {
            match text.parse::<TokenStream>() {
                Ok(tokens) => {
                    let mut found = Vec::new();
                    docs(tokens, false, &mut found);
                    for doc in &found {
                        wrong.extend(foreign(doc).map(|what| format!("{path}: {what} in {doc:?}")));
                    }
                }
                Err(error) => wrong.push(format!("{path}: {error}")),
            }
            // What follows `//` alone is not seen by the parser.
            let comments = text.lines().filter(|line| line.starts_with("// "));
            if comments.count() > 3 {
                wrong.push(format!("{path} has another comment"));
            }
        }
    }
    for event in Parser::new_ext(&files[generate::REPORT], Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        let plain = match &event {
            Event::Text(text) => !text.contains(MARK) && !text.contains('@'),
            Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::CodeBlock(_) | Tag::Link { .. }) => {
                false
            }
            _ => true,
        };
        if !plain {
            wrong.push(format!("the report: {event:?}"));
        }
    }
    wrong
}

/// What an error may say: its lines are ours.
fn judge_refusal(error: &Refusals) -> Option<String> {
    let shown = error.to_string();
    let lines = shown.lines().count();
    let hidden = shown.chars().any(|c| c != '\n' && is_hidden(c));
    (hidden || lines > 400 || shown.lines().any(|line| line.trim_start().starts_with("::")))
        .then(|| format!("the refusal {shown:?}"))
}

#[test]
fn a_hostile_text_in_any_place_is_refused_or_stays_text() {
    let slots = slots();
    assert!(slots.len() > 150, "only {} places", slots.len());
    assert!(run(template()).is_ok(), "{:?}", run(template()));
    let mut wrong = Vec::new();
    let mut taken = BTreeSet::new();
    for (number, slot) in slots.iter().enumerate() {
        // Each place has some payloads alone, and all of them in the whole below.
        for index in [number, number + 13] {
            let mut value = template();
            put(&mut value, slot, &payload(index, number));
            let problems = match run(value) {
                Ok(files) => {
                    taken.insert(number);
                    judge(&files)
                }
                Err(error) => judge_refusal(&error).into_iter().collect(),
            };
            wrong.extend(problems.into_iter().map(|what| format!("{slot:?}, payload {index}: {what}")));
        }
    }
    println!("{} places, {} of them take a text", slots.len(), taken.len());
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn a_name_with_a_hidden_character_is_refused() {
    for name in ["QUERY", "HEADER", "PARAMETER", "PATH", "PROPERTY"] {
        for hidden in ["a\u{202e}b", "a\u{1b}[2Jb", "a\nb", "a\u{200b}b"] {
            let mut value = template();
            rename(&mut value, name, hidden);
            let error = run(value).expect_err(name);
            assert_eq!(judge_refusal(&error), None);
        }
    }
}

/// The places that take a harmless text, names last: they are part of pointers.
fn taking() -> &'static [(usize, Slot)] {
    static TAKING: OnceLock<Vec<(usize, Slot)>> = OnceLock::new();
    TAKING.get_or_init(|| {
        let takes = |(number, slot): &(usize, Slot)| {
            let mut value = template();
            put(&mut value, slot, &format!("a{MARK}{number}"));
            run(value).is_ok()
        };
        let mut found: Vec<(usize, Slot)> = slots().into_iter().enumerate().collect();
        found.retain(|(_, slot)| !matches!(slot, Slot::Key(..)));
        found.retain(takes);
        found.sort_by_key(|(_, slot)| matches!(slot, Slot::Name(_)));
        found
    })
}

/// The document with a payload in every place that takes it; `turn` chooses the payload of a place.
fn hostile(turn: impl Fn(usize) -> usize) -> Files {
    let (mut value, mut files) = (template(), run(template()).unwrap());
    fill(&mut value, &mut files, taking(), &turn);
    files
}

/// Fills all places at once; of those that are refused together, the first and the second half.
fn fill(value: &mut Value, files: &mut Files, slots: &[(usize, Slot)], turn: &impl Fn(usize) -> usize) {
    let mut filled = value.clone();
    for (number, slot) in slots {
        put(&mut filled, slot, &payload(turn(*number), *number));
    }
    match run(filled.clone()) {
        Ok(made) => (*value, *files) = (filled, made),
        Err(_) if slots.len() > 1 => {
            let (first, second) = slots.split_at(slots.len() / 2);
            fill(value, files, first, turn);
            fill(value, files, second, turn);
        }
        Err(_) => {}
    }
}

#[test]
fn the_code_around_a_hostile_text_is_that_around_a_harmless_one() {
    let shape = |files: &Files| -> Vec<(String, String)> {
        let code = files.iter().filter(|(path, _)| path.ends_with(".rs"));
        code.map(|(path, text)| {
            let mut out = String::new();
            skeleton(text.parse().unwrap(), &mut out);
            (path.clone(), out)
        })
        .collect()
    };
    let mut compared = 0;
    // Where a text becomes a name, it decides the order of what is named.
    let names = ["/required/", "/operationId", "/title", "/name", "/in", "/tags", "/security"];
    let is_text = |slot: &Slot| match slot {
        Slot::Value(at) => !names.iter().any(|name| at.contains(name)),
        _ => false,
    };
    for (number, slot) in taking().iter().filter(|(_, slot)| is_text(slot)) {
        let number = *number;
        let (mut harmless, mut hostile) = (template(), template());
        put(&mut harmless, slot, &format!("a {MARK}"));
        put(&mut hostile, slot, &payload(number, number));
        if let (Ok(harmless), Ok(hostile)) = (run(harmless), run(hostile)) {
            compared += 1;
            let hostile = shape(&hostile);
            for (one, other) in shape(&harmless).iter().zip(&hostile) {
                assert_eq!(one, other, "{slot:?}");
            }
        }
    }
    assert!(compared > 30, "only {compared} places");
}

#[test]
fn every_payload_in_all_places_at_once_stays_text() {
    for index in 0..PAYLOADS.len() {
        let files = hostile(|_| index);
        let wrong = judge(&files);
        assert!(wrong.is_empty(), "payload {index}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn rustdoc_runs_and_renders_nothing_of_a_hostile_document() {
    let mut workspace = workspace("hostile");
    let fences = hostile(|_| 0);
    let marks = |files: &Files| files.values().map(|text| text.matches(MARK).count()).sum::<usize>();
    assert!(marks(&fences) > 40, "only {} marks", marks(&fences));
    workspace.client("hostile-fences", &fences).unwrap();
    workspace.client("hostile-mixed", &hostile(|number| number)).unwrap();
    let tested = workspace.command(&["test", "--doc"]).unwrap().output().unwrap();
    let [stdout, stderr] = [&tested.stdout, &tested.stderr].map(|said| String::from_utf8_lossy(said));
    assert!(tested.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("running 0 tests"), "{stdout}");
    assert!(!stdout.contains("generated"), "{stdout}");
    let folders = ["hostile_fences", "hostile_mixed"].map(|member| nested_target().join("doc").join(member));
    // Pages of an earlier run say nothing about this one.
    folders.iter().filter(|folder| folder.exists()).for_each(|folder| fs::remove_dir_all(folder).unwrap());
    let mut documenting = workspace.command(&["doc", "--no-deps"]).unwrap();
    let documented = documenting.env("RUSTDOCFLAGS", "-Dwarnings -Amissing-docs").output().unwrap();
    assert!(documented.status.success(), "{}", String::from_utf8_lossy(&documented.stderr));
    let mut pages = 0;
    for page in folders.iter().flat_map(|folder| pages_below(folder)) {
        pages += 1;
        for tag in [
            "<script>alert",
            "<img src=x",
            "<!-- pwned",
            "<javascript",
            "href=\"javascript",
            "<details open>\n<summary>pwned",
        ] {
            assert!(!page.1.contains(tag), "{tag} in {}", page.0.display());
        }
        let links = page.1.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links {
            let foreign = link.contains(".example") || (link.contains(MARK) && link.contains("://"));
            assert!(!foreign, "{link} in {}", page.0.display());
        }
    }
    assert!(pages > 20, "only {pages} pages");
}

/// The pages that rustdoc has written below a folder, by path.
fn pages_below(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            found.extend(pages_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}
