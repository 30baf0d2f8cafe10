//! Where the project cites a statement: which conformance rules come from it, and which lines of code, documentation
//! and overlays name its number.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use xtask_tree::files_below;

/// Where citations are looked for, from the root of the project.
const PLACES: [&str; 4] = ["README.md", "crates", "docs", "spec/overlays"];
/// What explains, lists or generates rather than depends: parts of paths.
const LEFT_OUT: [&str; 6] =
    ["/sources.md", "/coverage.rs", "/generated/", "/tests/", "/tests.rs", "/target/"];
const EXTENSIONS: [&str; 4] = [".rs", ".md", ".yaml", ".toml"];

/// What cites a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Citations {
    /// The ids of conformance rules, such as `AUTH-003`.
    pub rules: BTreeSet<String>,
    /// Files and lines, such as `docs/access.md:12`.
    pub passages: BTreeSet<(String, usize)>,
}

/// Looks for the citations of these statements below `root`. A file that cannot be read cites nothing.
pub fn find(root: &Path, statements: &BTreeSet<String>) -> BTreeMap<String, Citations> {
    let mut found = BTreeMap::new();
    for place in PLACES {
        let path = root.join(place);
        let files = if path.is_file() { vec![path] } else { files_below(&path).unwrap_or_default() };
        for file in files {
            let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            if is_read(&name)
                && let Ok(text) = fs::read_to_string(&file)
            {
                in_file(&name, &text, statements, &mut found);
            }
        }
    }
    found
}

fn is_read(name: &str) -> bool {
    EXTENSIONS.iter().any(|extension| name.ends_with(extension))
        && !LEFT_OUT.iter().any(|part| name.contains(part))
}

fn in_file(name: &str, text: &str, statements: &BTreeSet<String>, found: &mut BTreeMap<String, Citations>) {
    let mut rule = None;
    let mut in_sources = false;
    for (index, line) in text.lines().enumerate() {
        rule = rule_id(line).or(rule);
        // A list of sources may be several lines long.
        in_sources = line.trim_start().starts_with("sources:") || in_sources && !line.contains(':');
        for statement in cited(line).into_iter().filter(|statement| statements.contains(statement)) {
            let citations: &mut Citations = found.entry(statement).or_default();
            match rule {
                Some(rule) if in_sources => {
                    citations.rules.insert(rule.to_owned());
                }
                _ => {
                    citations.passages.insert((name.to_owned(), index + 1));
                }
            }
        }
    }
}

/// The id of the rule that begins on a line of rule data, such as `id: "AUTH-003",`.
fn rule_id(line: &str) -> Option<&str> {
    let id = line.trim_start().strip_prefix("id: \"")?.split('"').next()?;
    let (area, number) = id.split_once('-')?;
    let is_one = area.chars().all(|c| c.is_ascii_uppercase()) && number.chars().all(|c| c.is_ascii_digit());
    is_one.then_some(id)
}

/// The numbers that a text cites, such as `Z7`; of `Z7 to Z10` all four.
fn cited(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    for (at, word) in parts.iter().enumerate() {
        let Some((letter, first)) = number(word) else { continue };
        let last = match parts.get(at + 1..at + 3) {
            Some(["to", last]) => number(last).filter(|(other, _)| *other == letter).map(|(_, last)| last),
            _ => None,
        };
        found.extend((first..=last.unwrap_or(first).max(first)).map(|number| format!("{letter}{number}")));
    }
    found
}

fn number(word: &str) -> Option<(char, u32)> {
    let letter = word.chars().next().filter(char::is_ascii_uppercase)?;
    let digits = &word[1..];
    let is_one = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((letter, digits.parse().ok().filter(|_| is_one)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn numbers_are_found_alone_in_lists_and_in_ranges() {
        assert_eq!(cited("(Z7)"), ["Z7"]);
        assert_eq!(cited("see Z7 to Z10, and A3."), ["Z7", "Z8", "Z9", "Z10", "Z10", "A3"]);
        assert_eq!(cited("sources: &[\"Z38\", \"K7\"],"), ["Z38", "K7"]);
        assert_eq!(cited("Z7 to A9, Z123, Z, z7, XZ7, Z7_a, UTF8, Z9 to Z7"), ["Z7", "A9", "Z9", "Z7"]);
    }

    #[test]
    fn rules_are_told_from_passages() {
        let rules = "    Rule {\n        id: \"CMP-001\",\n        statement: \"A company (Z1).\",\n        sources: &[\n\
                     \"Z1\", \"Z2\",\n        ],\n        headings: &[],\n    },\n    Rule {\n        id: \"CMP-002\",\n        \
                     sources: &[\"Z2\"],\n    },\n";
        let mut found = BTreeMap::new();
        in_file("rules/company.rs", rules, &all(&["Z1", "Z2"]), &mut found);
        assert_eq!(found["Z1"].rules, all(&["CMP-001"]));
        assert_eq!(found["Z1"].passages, BTreeSet::from([("rules/company.rs".to_owned(), 3)]));
        assert_eq!(found["Z2"].rules, all(&["CMP-001", "CMP-002"]));
        assert!(found["Z2"].passages.is_empty());
    }

    #[test]
    fn a_tree_is_searched_where_it_depends_on_statements_and_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "README.md",
            "docs/access.md",
            "docs/maintainers/sources.md",
            "docs/maintainers/coverage.txt",
            "crates/a/src/lib.rs",
            "crates/a/src/generated/mod.rs",
            "crates/a/tests/it/x.rs",
            "crates/a/src/x/tests.rs",
            "spec/overlays/a.yaml",
            "spec/published/a.yaml",
            "xtask/src/main.rs",
        ] {
            xtask_tree::write(&root.path().join(file), b"\nZ1\n").unwrap();
        }
        let found = find(root.path(), &all(&["Z1"]));
        let places: Vec<_> =
            found["Z1"].passages.iter().map(|(file, line)| format!("{file}:{line}")).collect();
        assert_eq!(
            places,
            ["README.md:2", "crates/a/src/lib.rs:2", "docs/access.md:2", "spec/overlays/a.yaml:2"]
        );
    }
}
