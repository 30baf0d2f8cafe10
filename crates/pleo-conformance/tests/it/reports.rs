//! The same seed gives the same report, whatever the ports and the time.

use std::collections::BTreeSet;

use pleo_client::operations;
use pleo_conformance::{
    engine::{Judged, Options, judge},
    report::{Format, Report, SubjectKind, render},
    verdict::Verdict,
};

use crate::{
    faulty::client_rules,
    reference::{FLAWS, Flaw, Reference},
};

const CASES: u32 = 32;

/// Reports of the same run, twice.
fn twice(rules: &str, subject: impl Fn() -> Reference) -> [Report; 2] {
    [0, 1].map(|_| {
        let (mut subject, rules) = (subject(), client_rules(rules));
        let judged = Judged { client: Some(&mut subject), service: None, kind: SubjectKind::InProcess };
        let options = Options { cases: CASES, ..Options::default() };
        Report::from(judge(&rules, judged, &options, &mut |_| {}).unwrap()).without_times()
    })
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
        for format in [Format::Json, Format::Junit, Format::Markdown, Format::Html] {
            assert_eq!(render(&one, format).unwrap(), render(&other, format).unwrap(), "{name}");
        }
    }
}

#[test]
fn the_smallest_case_of_a_plain_flaw_is_the_first_operation_and_nothing_else() {
    let [report, _] = twice("AUTH-001", || Reference::with_flaw(Flaw::KeyAsBearer));
    let Verdict::Fail { evidence } = &report.results[0].verdict else { panic!("{:?}", report.results) };
    let calls = evidence.case.as_array().unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let first = operations::all().next().unwrap();
    assert_eq!(calls[0]["operation"]["id"], first.id);
    // What the operation requires, and its company, which its client is bound to.
    assert!(calls[0]["query"].as_array().map_or(0, Vec::len) <= 1, "{calls:?}");
}
