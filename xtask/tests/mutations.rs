//! Whatever happens to the published documents, the pipeline answers with a document or with an
//! error that names the place; it never panics.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use support::{is_pointer, overlays, published};
use xtask::{
    generate,
    spec::{Document, SpecError, normalise, normalise::Idle, overlay, pointer},
};

/// How many mutated documents are tried.
const CASES: u32 = 2_000;
/// Of the accepted ones, every tenth goes through the generator too, which takes many times as
/// long.
const GENERATED: u32 = 10;
/// Fewer accepted, refused or generated ones would mean that the test says nothing.
const AT_LEAST: u32 = 50;

/// One change of a document. The indexes choose among what the document holds.
#[derive(Debug, Clone)]
enum Mutation {
    RemoveKey(Index, Index),
    ChangeType(Index, Index),
    Replace(Index, Index),
    DuplicateElement(Index, Index),
    RenameKey(Index, Index),
    InsertKey(Index, Index),
    Refer(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let (place, choice) = (any::<Index>, any::<Index>);
    prop_oneof![
        (place(), choice()).prop_map(|(place, choice)| Mutation::RemoveKey(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::ChangeType(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::Replace(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::DuplicateElement(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::RenameKey(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::InsertKey(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::Refer(place, choice)),
    ]
}

/// The pointers of all values for which `wanted` holds, the root aside.
fn places(value: &Value, wanted: &dyn Fn(&Value) -> bool) -> Vec<String> {
    fn collect(at: &str, value: &Value, wanted: &dyn Fn(&Value) -> bool, found: &mut Vec<String>) {
        if !at.is_empty() && wanted(value) {
            found.push(at.to_owned());
        }
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, child)| collect(&pointer::push(at, key), child, wanted, found));
            }
            Value::Array(list) => {
                list.iter()
                    .enumerate()
                    .for_each(|(index, child)| collect(&format!("{at}/{index}"), child, wanted, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect("", value, wanted, &mut found);
    found
}

/// What other tools write: keys that mean something elsewhere, and some that mean nothing.
const KEYS: [&str; 16] = [
    "surprise",
    "x-new",
    "$ref",
    "nullable",
    "type",
    "properties",
    "items",
    "enum",
    "allOf",
    "oneOf",
    "description",
    "format",
    "get",
    "self",
    "required",
    "200",
];

fn other_type(value: &Value, choice: Index) -> Value {
    let kinds = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1.5),
        json!("text"),
        json!(""),
        json!([]),
        json!({}),
        json!([{}]),
        json!({ "a": 1 }),
    ];
    let others: Vec<&Value> =
        kinds.iter().filter(|kind| std::mem::discriminant(*kind) != std::mem::discriminant(value)).collect();
    choice.get(&others).to_owned().clone()
}

impl Mutation {
    /// Changes the document; says where and how, or nothing if there is no such place.
    fn apply(&self, document: &mut Value, all: &[Document]) -> Option<String> {
        let (Self::RemoveKey(place, choice)
        | Self::ChangeType(place, choice)
        | Self::Replace(place, choice)
        | Self::DuplicateElement(place, choice)
        | Self::RenameKey(place, choice)
        | Self::InsertKey(place, choice)
        | Self::Refer(place, choice)) = self;
        let wanted: &dyn Fn(&Value) -> bool = match self {
            Self::ChangeType(..) | Self::Replace(..) | Self::Refer(..) => &|_| true,
            Self::RemoveKey(..) | Self::RenameKey(..) => {
                &|value| value.as_object().is_some_and(|map| !map.is_empty())
            }
            Self::InsertKey(..) => &Value::is_object,
            Self::DuplicateElement(..) => &|value| value.as_array().is_some_and(|list| !list.is_empty()),
        };
        let found = places(document, wanted);
        let at = found.get(place.index(found.len().max(1)))?;
        let target = document.pointer_mut(at)?;
        let done = match self {
            Self::RemoveKey(..) | Self::RenameKey(..) | Self::InsertKey(..) => {
                let map = target.as_object_mut()?;
                if matches!(self, Self::InsertKey(..)) {
                    let key = *choice.get(&KEYS);
                    map.insert(key.to_owned(), json!({ "a": [1] }));
                    format!("inserted `{key}`")
                } else {
                    let keys: Vec<String> = map.keys().cloned().collect();
                    let key = choice.get(&keys);
                    let value = map.remove(key)?;
                    if matches!(self, Self::RenameKey(..)) {
                        let renamed = *choice.get(&KEYS);
                        map.insert(renamed.to_owned(), value);
                        format!("renamed `{key}` to `{renamed}`")
                    } else {
                        format!("removed `{key}`")
                    }
                }
            }
            Self::DuplicateElement(..) => {
                let list = target.as_array_mut()?;
                let element = choice.get(list).clone();
                list.push(element);
                "duplicated an element".to_owned()
            }
            Self::ChangeType(..) => {
                *target = other_type(target, *choice);
                format!("became {target}")
            }
            Self::Replace(..) => {
                let from = &choice.get(all).value;
                let candidates = places(from, &|_| true);
                let source = choice.get(&candidates);
                *target = from.pointer(source)?.clone();
                format!("became what stands at {source}")
            }
            Self::Refer(..) => {
                let names: Vec<String> = all
                    .iter()
                    .filter_map(|document| document.value.pointer("/components/schemas")?.as_object())
                    .flat_map(|schemas| schemas.keys().cloned())
                    .collect();
                *target = json!({ "$ref": format!("#/components/schemas/{}", choice.get(&names)) });
                format!("became {target}")
            }
        };
        Some(format!("{at} {done}"))
    }
}

/// What became of the cases.
#[derive(Debug, Default)]
struct Tally {
    accepted: u32,
    refused: u32,
    generated: u32,
    generator_refused: u32,
}

fn check(error: &SpecError, document: &str) -> Result<(), String> {
    if error.document != document {
        return Err(format!("the error names {:?} instead of {document}:\n{error}", error.document));
    }
    if !is_pointer(&error.pointer) {
        return Err(format!("{:?} is no JSON pointer:\n{error}", error.pointer));
    }
    if error.problem.is_empty() || error.mend.is_empty() {
        return Err(format!("the error does not say what is wrong and what to do:\n{error}"));
    }
    Ok(())
}

/// Runs one case; an error of the pipeline is no failure, an unclear one or a panic is.
fn run(document: Document, tally: &mut Tally) -> Result<(), String> {
    let name = document.name.clone();
    let panicked = |panic: Box<dyn std::any::Any + Send>| {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("it panicked: {}", message.unwrap_or_default())
    };
    let normalised =
        catch_unwind(AssertUnwindSafe(|| normalise(vec![document], &[], Idle::Allowed))).map_err(panicked)?;
    match normalised {
        Err(error) => {
            tally.refused += 1;
            check(&error, &name)
        }
        Ok(normalised) => {
            tally.accepted += 1;
            if !tally.accepted.is_multiple_of(GENERATED) {
                return Ok(());
            }
            tally.generated += 1;
            match catch_unwind(AssertUnwindSafe(|| generate::generate(&normalised))).map_err(panicked)? {
                Ok(_) => Ok(()),
                Err(error) => {
                    tally.generator_refused += 1;
                    check(&error, &name)
                }
            }
        }
    }
}

#[test]
fn no_mutation_of_a_published_document_makes_the_pipeline_panic_or_lose_the_place() {
    // With the overlays put in first no document is refused for a reason that stands there already;
    // without them the reasons to refuse are met too.
    let mut documents = published();
    overlay::apply_all(&mut documents, &overlays(), Idle::Refused).unwrap_or_else(|error| panic!("{error}"));
    for document in &documents {
        let whole = normalise(vec![document.clone()], &[], Idle::Allowed);
        assert!(whole.is_ok(), "{} is not taken as it is: {:?}", document.name, whole.err());
    }
    documents.extend(published());
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tally = std::cell::RefCell::new(Tally::default());
    let strategy = (any::<Index>(), prop::collection::vec(mutation(), 1..=3));
    let result = runner.run(&strategy, |(which, mutations)| {
        let mut document = which.get(&documents).clone();
        let mut done = format!("{}:", document.name);
        for mutation in &mutations {
            if let Some(what) = mutation.apply(&mut document.value, &documents) {
                let _ = write!(done, "\n  {}", what.chars().take(300).collect::<String>());
            }
        }
        run(document, &mut tally.borrow_mut())
            .map_err(|problem| TestCaseError::fail(format!("{done}\n{problem}")))
    });
    let tally = tally.into_inner();
    println!("{tally:?}");
    if let Err(error) = result {
        panic!("{error}");
    }
    assert_eq!(tally.accepted + tally.refused, CASES, "every case counts");
    assert!(tally.accepted >= AT_LEAST, "{tally:?}");
    assert!(tally.refused >= AT_LEAST, "{tally:?}");
    assert!(tally.generated >= AT_LEAST / 5, "{tally:?}");
}
