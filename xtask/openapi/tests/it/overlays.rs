//! The overlays of the project: their form, and what they do to documents that have changed since.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::Value;
use xtask_openapi::{Document, normalise::Idle, overlay, pointer};
use xtask_testing::{entries, mutation::mutation, overlays, published, read, root};

/// How many mutated documents are tried.
const CASES: u32 = 200;

#[test]
fn the_overlays_are_valid_overlay_1_0() {
    let unknown = |map: &Value, known: &[&str]| {
        let keys = map.as_object().unwrap().keys();
        keys.filter(|key| !key.starts_with("x-") && !known.contains(&key.as_str()))
            .cloned()
            .collect::<Vec<_>>()
    };
    let none: [String; 0] = [];
    let files = entries(&root().join("spec/overlays"));
    assert!(files.len() > 9, "{files:?}");
    for file in files {
        let overlay = read(&file).unwrap_or_else(|error| panic!("{error}")).value;
        let name = file.display();
        assert_eq!(unknown(&overlay, &["overlay", "info", "extends", "actions"]), none, "{name}");
        assert_eq!(overlay["overlay"], "1.0.0", "{name}");
        assert_eq!(unknown(&overlay["info"], &["title", "version"]), none, "{name}");
        let actions = overlay["actions"].as_array().unwrap();
        let distinct: BTreeSet<String> = actions.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), actions.len(), "{name} repeats an action");
        for action in actions {
            let target = action["target"].as_str().unwrap();
            assert_eq!(
                unknown(action, &["target", "description", "update", "remove"]),
                none,
                "{name} {target}"
            );
            assert!(target.starts_with('$'), "{name} {target}");
            assert!(action["x-reason"].is_string(), "{name} {target}");
        }
    }
}

/// The objects and lists of a document, by pointer, and how many values each holds.
fn nodes(value: &Value) -> BTreeMap<String, usize> {
    fn collect(at: &str, value: &Value, found: &mut BTreeMap<String, usize>) {
        match value {
            Value::Object(map) => {
                found.insert(at.to_owned(), 0);
                map.iter().for_each(|(key, child)| collect(&pointer::push(at, key), child, found));
            }
            Value::Array(list) => {
                found.insert(at.to_owned(), list.len());
                for (index, child) in list.iter().enumerate() {
                    collect(&format!("{at}/{index}"), child, found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    collect("", value, &mut found);
    found
}

/// What overlays have brought that was not there. Ours bring links to documentation and extensions,
/// and nothing that a program could call, send or receive.
fn phantoms(before: &[Document], after: &[Document]) -> Vec<String> {
    let mut found = Vec::new();
    for (before, after) in before.iter().zip(after) {
        let there = nodes(&before.value);
        for (at, size) in nodes(&after.value) {
            let ours = at.ends_with("/externalDocs") || at.contains("/x-pleo-");
            if !ours && there.get(&at) != Some(&size) {
                found.push(format!("{}#{at}", after.name));
            }
        }
    }
    found
}

#[test]
fn no_overlay_brings_back_what_a_change_of_the_published_documents_took_out() {
    let (documents, overlays) = (published(), overlays());
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 50, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (taken, refused) = (RefCell::new(0), RefCell::new(0));
    let result = runner.run(&(any::<Index>(), mutation()), |(which, mutation)| {
        let mut mutated = documents.clone();
        let which = which.index(mutated.len());
        let done = mutation.apply(&mut mutated[which].value, &documents).unwrap_or_default();
        for idle in [Idle::Refused, Idle::Allowed] {
            let mut applied = mutated.clone();
            match overlay::apply_all(&mut applied, &overlays, idle) {
                Ok(_) => {
                    *taken.borrow_mut() += 1;
                    let phantoms = phantoms(&mutated, &applied);
                    prop_assert!(
                        phantoms.is_empty(),
                        "{}: {done}\nbrought {phantoms:?}",
                        mutated[which].name
                    );
                }
                Err(_) => *refused.borrow_mut() += 1,
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(taken.into_inner() > 50 && refused.into_inner() > 50);
}
