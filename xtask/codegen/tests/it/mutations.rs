//! Whatever happens to the published documents, the pipeline answers with a document or with an
//! error that names the place; it never panics.

use std::{
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use xtask_codegen as generate;
use xtask_openapi::{Document, SpecError, normalise, normalise::Idle, overlay::Overlay};
use xtask_testing::mutation::mutation;
use xtask_testing::{is_pointer, overlays, published};

/// How many mutated documents are tried.
const CASES: u32 = 2_000;
/// Of the accepted ones, every tenth goes through the generator too, which takes many times as
/// long.
const GENERATED: u32 = 10;
/// Fewer accepted, refused or generated ones would mean that the test says nothing.
const AT_LEAST: u32 = 50;

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
        return Err(format!("{:?} is not a JSON pointer:\n{error}", error.pointer));
    }
    if error.problem.is_empty() || error.help.is_empty() {
        return Err(format!("the error does not say what is wrong and what to do:\n{error}"));
    }
    Ok(())
}

/// Runs one case; an error of the pipeline is not a failure, an unclear one or a panic is.
fn run(document: Document, overlays: &[Overlay], tally: &mut Tally) -> Result<(), String> {
    let name = document.name.clone();
    let panicked = |panic: Box<dyn std::any::Any + Send>| {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("it panicked: {}", message.unwrap_or_default())
    };
    let normalised = catch_unwind(AssertUnwindSafe(|| normalise(vec![document], overlays, Idle::Allowed)))
        .map_err(panicked)?;
    match normalised {
        Err(refusals) => {
            tally.refused += 1;
            refusals.iter().try_for_each(|error| check(error, &name))
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
    // Overlays are applied to what the mutations leave, as to what Pleo publishes tomorrow.
    let (documents, overlays) = (published(), overlays());
    for document in &documents {
        let whole = normalise(vec![document.clone()], &overlays, Idle::Allowed);
        assert!(whole.is_ok(), "{} is not taken as it is: {:?}", document.name, whole.err());
    }
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
        run(document, &overlays, &mut tally.borrow_mut())
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
