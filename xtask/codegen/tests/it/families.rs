//! What the documentation of the generated code says each API family is for.

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use xtask_codegen::{CLIENT, OPENAPI, PURPOSES};
use xtask_openapi::{names, walk};
use xtask_testing::root;

fn openapi() -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(OPENAPI)).unwrap()).unwrap()
}

/// The file that declares a family's module.
fn module(family: &str) -> String {
    let path = root().join(CLIENT).join(names::snake(family)).join("mod.rs");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_family_is_introduced_by_what_it_is_for() {
    let openapi = openapi();
    let families: BTreeSet<&str> = walk::operations(&openapi)
        .map(|(_, operation)| operation["x-pleo-family"].as_str().unwrap())
        .collect();
    let introduced: Vec<&str> = PURPOSES.iter().map(|(family, _)| *family).collect();
    assert_eq!(introduced, families.into_iter().collect::<Vec<_>>(), "in `xtask/codegen/src/families.rs`");
    for (family, purpose) in PURPOSES {
        assert!(purpose.starts_with(char::is_uppercase) && purpose.ends_with('.'), "{family}: {purpose}");
        let module = module(family);
        let first = module.lines().find_map(|line| line.strip_prefix("//! "));
        assert_eq!(first, Some(purpose), "{family}");
    }
}

/// Some of Pleo's titles are internal names, which tell a reader nothing.
#[test]
fn only_the_last_line_about_a_family_has_the_title_that_pleo_published_it_under() {
    let openapi = openapi();
    let sources = openapi.pointer("/info/x-pleo-sources").and_then(Value::as_object).unwrap();
    let titles: Vec<&str> = sources.values().map(|source| source["title"].as_str().unwrap()).collect();
    assert!(titles.len() > 5, "{titles:?}");
    let has_title = |text: &str| titles.iter().any(|title| text.contains(title));
    for (family, _) in PURPOSES {
        let module = module(family);
        let introduction: Vec<&str> = module.lines().filter(|line| line.starts_with("//!")).collect();
        let (last, before) = introduction.split_last().unwrap();
        assert!(has_title(last), "{family}: {last}");
        let methods = module.lines().map(str::trim_start).filter(|line| line.starts_with("///"));
        for line in before.iter().copied().chain(methods) {
            assert!(!has_title(line), "{family}: {line}");
        }
    }
}
