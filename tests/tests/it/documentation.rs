//! What the generated documentation says about each operation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use pleo_client::{Operation, operations};

/// The documentation, attributes and signature of every method of the client, by name.
fn methods() -> BTreeMap<String, String> {
    let generated = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/pleo-client/src/generated");
    let mut methods = BTreeMap::new();
    for family in operations::families() {
        let code = fs::read_to_string(generated.join(family.replace('-', "_")).join("mod.rs")).unwrap();
        let (_, block) = code.split_once("impl crate::Client {").unwrap();
        for method in block.split_inclusive("    }\n") {
            if let Some((_, signature)) = method.split_once("pub fn ") {
                let name = signature.split('(').next().unwrap();
                methods.insert(name.to_owned(), method.to_owned());
            }
        }
    }
    methods
}

fn assert_says(operation: &Operation, documentation: &str, part: &str) {
    assert!(documentation.contains(part), "{}: {part:?} is not in\n{documentation}", operation.id);
}

#[test]
fn every_operation_says_what_it_does_sends_needs_and_where_to_read_more() {
    let methods = methods();
    assert_eq!(methods.len(), operations::all().count());
    for operation in operations::all() {
        let documentation = &methods[operation.id];
        assert_says(operation, documentation, &format!("`{} {}`", operation.method, operation.path));
        assert_says(operation, documentation, operation.description);
        assert_says(operation, documentation, operation.documentation);
        assert_says(operation, documentation, &format!("Pleo's name: `{}`", operation.pleo_id));
        match operation.scopes {
            Some(scopes) => {
                assert!(!scopes.is_empty(), "{}: absent means unknown, never none", operation.id);
                scopes.iter().for_each(|scope| assert_says(operation, documentation, &format!("`{scope}`")));
            }
            None => assert_says(operation, documentation, "Scopes: not known"),
        }
    }
}

/// Pleo's page of an operation cannot be derived from it; fetching the index will tell the rest.
#[test]
fn operations_without_a_known_page_link_to_the_index_and_are_counted() {
    let unknown =
        operations::all().filter(|operation| operation.documentation.ends_with("/llms.txt")).count();
    assert_eq!(unknown, 87, "once pages are known, this number falls");
}

#[test]
fn a_search_for_pleos_own_name_finds_every_operation() {
    let methods = methods();
    for operation in operations::all() {
        let alias = format!("#[doc(alias = \"{}\")]", operation.pleo_id);
        assert!(
            operation.pleo_id == operation.id || methods[operation.id].contains(&alias),
            "{} is not found as {}",
            operation.id,
            operation.pleo_id
        );
    }
}

#[test]
fn deprecated_operations_warn_and_name_their_successor() {
    let methods = methods();
    let mut deprecated = 0;
    for operation in operations::all() {
        let documentation = &methods[operation.id];
        assert_eq!(operation.deprecated, documentation.contains("#[deprecated"), "{}", operation.id);
        if let Some(successor) = operation.superseded_by {
            assert_says(operation, documentation, &format!("use `{successor}`"));
        }
        deprecated += usize::from(operation.deprecated);
    }
    assert_eq!(deprecated, 18);
}

#[test]
fn every_feature_is_listed_where_features_are_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (file, heading, package) in [
        ("README.md", "## ", "pleo"),
        ("crates/pleo/src/lib.rs", "//! # ", "pleo"),
        ("crates/pleo-auth/src/lib.rs", "//! # ", "pleo-auth"),
        ("crates/pleo-client/src/lib.rs", "//! # ", "pleo-client"),
    ] {
        let manifest = fs::read_to_string(root.join("crates").join(package).join("Cargo.toml")).unwrap();
        let (_, manifest) = manifest.split_once("[features]\n").unwrap();
        let features = manifest
            .lines()
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| Some(line.split_once(" = [")?.0).filter(|name| *name != "default"));
        let features: BTreeSet<&str> = features.collect();
        assert!(features.is_superset(&operations::families().collect()), "{package}");
        let text = fs::read_to_string(root.join(file)).unwrap();
        let (_, section) = text.split_once(&format!("{heading}Features\n")).unwrap();
        let section = section.split(&format!("\n{heading}")).next().unwrap();
        // What is between fences is not a list.
        let prose: String = section.split("```").step_by(2).collect();
        let code = prose.split('`').skip(1).step_by(2);
        let listed: BTreeSet<&str> = code
            .filter(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            .filter(|code| !code.starts_with("pleo"))
            .collect();
        assert_eq!(listed, features, "{file}");
    }
}

/// Numbers of statements and facts in a text, such as `Z7`; of `Z7 to Z10` all four.
fn cited(text: &str) -> Vec<(char, u32)> {
    let number = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let letter = word.chars().next().filter(|letter| "ZAKNVECPWX".contains(*letter))?;
        let digits = &word[1..];
        let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| Some((letter, digits.parse().ok()?)))?
    };
    let words: Vec<&str> = text.split([' ', '\n', '/', '|', '"']).filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some((letter, first)) = number(word) else { continue };
        let last = match (words.get(at + 1), words.get(at + 2).and_then(|word| number(word))) {
            (Some(&"to"), Some((other, last))) if other == letter => last,
            _ => first,
        };
        found.extend((first..=last).map(|number| (letter, number)));
    }
    found
}

/// Adds the files of a folder, and of those in it, that have this extension.
pub(crate) fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

#[test]
fn every_number_that_is_cited_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut texts = vec![root.join("README.md")];
    for part in [
        "crates/pleo/src",
        "crates/pleo/examples",
        "crates/pleo-auth/src",
        "crates/pleo-cli/src",
        "crates/pleo-client/src/runtime",
        "crates/pleo-conformance/src",
        "crates/pleo-sandbox/src",
    ] {
        files(&root.join(part), "rs", &mut texts);
    }
    // Those have sample values that look like numbers.
    texts.retain(|path| !path.ends_with("tests.rs"));
    files(&root.join("docs"), "md", &mut texts);
    texts.retain(|path| !path.ends_with("docs/maintainers/sources.md"));
    texts.push(root.join("crates/pleo-sandbox/README.md"));
    let sources = fs::read_to_string(root.join("docs/maintainers/sources.md")).unwrap();
    let rows: Vec<(char, u32)> =
        sources.lines().filter_map(|line| cited(line.split('|').nth(1)?).first().copied()).collect();
    let mut missing = Vec::new();
    let mut citations = 0;
    for path in texts {
        for number in cited(&fs::read_to_string(&path).unwrap()) {
            citations += 1;
            if !rows.contains(&number) {
                missing.push(format!("{}{} in {}", number.0, number.1, path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "docs/maintainers/sources.md does not explain {missing:#?}");
    assert!(citations > 300 && rows.len() > 150, "{citations} citations, {} rows", rows.len());
}

/// The texts between quotes in a file of Rust, comments left out.
pub(crate) fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, here) = rest.split_at(at);
        if here.starts_with("//") {
            rest = here.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(after) = here.strip_prefix('/') {
            rest = after;
        } else if let Some(after) = here.strip_prefix("'\\") {
            // An escaped character.
            let mut ends = after.match_indices('\'').map(|(end, _)| end).filter(|end| *end > 0);
            rest = &after[ends.next().map_or(0, |end| end + 1)..];
        } else if let Some(after) = here.strip_prefix('\'') {
            // A character, or a lifetime.
            let end = after.char_indices().nth(1).filter(|(_, second)| *second == '\'');
            rest = &after[end.map_or(0, |(end, _)| end + 1)..];
        } else {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let raw = before[..before.len() - hashes].ends_with('r');
            let closing = format!("\"{}", "#".repeat(if raw { hashes } else { 0 }));
            let mut end = 1;
            while !here[end..].starts_with(&closing) {
                end += if !raw && here[end..].starts_with('\\') { 2 } else { 1 };
                while !here.is_char_boundary(end) {
                    end += 1;
                }
            }
            found.push(here[1..end].to_owned());
            rest = &here[end + closing.len()..];
        }
    }
    found
}

#[test]
fn literals_are_found_and_comments_are_not() {
    let code = r###"
        /// "documentation"
        fn f<'a>(x: &'a str) -> char { g("a \" b // c", '"', '\'', r#"d "e" f"#); 'x' } // "comment"
        const A: &str = "é/";
    "###;
    assert_eq!(literals(code), ["a \\\" b // c", "d \"e\" f", "é/"]);
}

/// Numbers say where a fact comes from. Documentation cites them, and so do fields that name sources, whose text is
/// nothing but a list of them. A program prints none, because its users cannot look them up.
#[test]
fn no_printed_text_cites_a_number() {
    let only_cites = |text: &str| {
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let glue = ["to", "against", "field", "notes", "RFC", "OpenAPI", "documents"];
        words.into_iter().all(|word| {
            !cited(word).is_empty() || glue.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut paths = Vec::new();
    for part in [
        "pleo/src",
        "pleo/examples",
        "pleo-auth/src",
        "pleo-cli/src",
        "pleo-client/src/runtime",
        "pleo-conformance/src",
        "pleo-sandbox/src",
    ] {
        files(&root.join(part), "rs", &mut paths);
    }
    // Tests print nothing to anybody, and a sample of a report has sources.
    paths.retain(|path| !path.ends_with("tests.rs") && !path.ends_with("sample.rs"));
    let mut texts = 0;
    let mut citing = Vec::new();
    for path in &paths {
        let code = fs::read_to_string(path).unwrap();
        let code = code.split("#[cfg(test)]").next().unwrap();
        for text in literals(code) {
            texts += 1;
            let plain = text.replace(['(', ')', '`', ';'], " ");
            if !cited(&plain).is_empty() && !only_cites(&text) {
                citing.push(format!("{}: {text:?}", path.display()));
            }
        }
    }
    assert!(texts > 2000, "{texts}");
    assert!(citing.is_empty(), "{citing:#?}");
}
