//! The same seed gives the same report, whatever the ports and the time.

use std::collections::BTreeSet;

use pleo_conformance::{
    report::{Format, Report, render},
    verdict::Verdict,
};

use crate::{
    faulty::{client_rules, report},
    reference::{FLAWS, Reference},
};

/// Reports of the same run, twice.
fn twice(rules: &str, subject: impl Fn() -> Reference) -> [Report; 2] {
    [0, 1].map(|_| report(&mut subject(), &client_rules(rules), 32).without_times())
}

#[test]
fn two_runs_with_one_seed_give_the_same_report_byte_for_byte() {
    let [one, other] = twice("", Reference::default);
    for format in [Format::Json, Format::Junit, Format::Markdown, Format::Html] {
        assert_eq!(render(&one, format).unwrap(), render(&other, format).unwrap());
    }
}

#[test]
fn two_runs_find_the_same_smallest_case() {
    // One flaw of each area, but for OAuth: there a client makes things up at random.
    let mut areas = BTreeSet::from(["OAU"]);
    for (flaw, name, rule) in FLAWS.iter().filter(|(_, _, rule)| areas.insert(&rule[..3])) {
        let [one, other] = twice(rule, || Reference::with_flaw(*flaw));
        assert!(matches!(one.results[0].verdict, Verdict::Fail { .. }), "{name}");
        assert_eq!(render(&one, Format::Json).unwrap(), render(&other, Format::Json).unwrap(), "{name}");
    }
}
