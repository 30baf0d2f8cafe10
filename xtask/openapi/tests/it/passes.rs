//! Every pass alone, on a small document that shows what it changes and what it leaves.

use std::collections::BTreeSet;

use serde_json::Value;
use xtask_openapi::{
    normalise,
    passes::{self, Pass},
    report::Report,
};
use xtask_testing::{entries, fixtures, pretty, read, stem};

/// The one pass that only looks.
const CHECKS: &str = "checks";

fn all() -> impl Iterator<Item = &'static Pass> {
    passes::CLEAN.iter().chain(passes::LOWER)
}

/// The document before and after the pass, as the fixture has them.
fn fixture(pass: &Pass) -> (Value, Value) {
    let file = |name: &str| {
        let path = fixtures("passes").join(pass.id).join(name);
        read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).value
    };
    (file("before.yaml"), file("after.yaml"))
}

#[test]
fn every_pass_has_a_fixture_and_every_fixture_a_pass() {
    let folders: BTreeSet<String> = entries(&fixtures("passes")).iter().map(|path| stem(path)).collect();
    let ids: BTreeSet<String> = all().map(|pass| pass.id.to_owned()).collect();
    assert_eq!(folders, ids);
}

#[test]
fn every_pass_makes_of_before_what_after_says() {
    let mut wrong = Vec::new();
    for pass in all() {
        let (before, after) = fixture(pass);
        let mut value = before;
        normalise::run(pass, "before.yaml", &mut value, &mut Report::default())
            .unwrap_or_else(|error| panic!("{}: {error}", pass.id));
        if value != after {
            wrong.push(format!("{} made\n{}\ninstead of\n{}", pass.id, pretty(&value), pretty(&after)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_pass_but_the_checks_changes_its_fixture_and_says_where() {
    for pass in all() {
        let (mut value, after) = fixture(pass);
        let mut report = Report::default();
        assert_eq!(value == after, pass.id == CHECKS, "{}", pass.id);
        normalise::run(pass, "before.yaml", &mut value, &mut report)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(report.count(pass.id) == 0, pass.id == CHECKS, "{} notes what it does", pass.id);
    }
}

#[test]
fn a_pass_that_ran_finds_nothing_more() {
    // Names are made of what they replace, bounds are added to what is there, and `sensitive` is a
    // format of ours that no document brings along.
    let once = ["operation-names", "bounds-in-docs", "formats"];
    for pass in all().filter(|pass| !once.contains(&pass.id)) {
        let (_, after) = fixture(pass);
        let mut value = after.clone();
        normalise::run(pass, "after.yaml", &mut value, &mut Report::default())
            .unwrap_or_else(|error| panic!("{}: {error}", pass.id));
        assert_eq!(value, after, "{} changes its own result", pass.id);
    }
}
