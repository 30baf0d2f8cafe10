//! Faulty clients are caught, each by the rule made for it and by no other; lawful variations pass.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    thread,
};

use pleo_conformance::{
    catalogue,
    engine::{Judged, Options, judge},
    report::{Report, Standing, SubjectKind, Verdict},
    rule::{Level, Rule, Side},
    subject::Subject,
};

use crate::reference::{FLAWS, Reference, VARIATIONS};

/// Enough for a flaw to show to the rule that is made for it.
const CASES: u32 = 64;

/// Enough for a flaw to show to a rule that should not see it.
const OTHER_CASES: u32 = 12;

fn client_rules() -> Vec<&'static Rule> {
    catalogue().iter().filter(|rule| rule.side() == Side::Client).collect()
}

pub(crate) fn report(subject: &mut dyn Subject, rules: &[&'static Rule], cases: u32) -> Report {
    let judged = Judged { client: Some(subject), service: None, kind: SubjectKind::InProcess };
    judge(rules, judged, &Options { seed: 1, cases }, &mut |_| {}).unwrap()
}

/// What is wrong with a report that should show exactly one broken rule.
fn complaint(report: &Report, caught_by: &str) -> Option<String> {
    let broken: Vec<&str> = report
        .results
        .iter()
        .filter(|result| matches!(result.standing(), Standing::FailedMust | Standing::FailedShould))
        .map(|result| result.id.as_str())
        .collect();
    if broken != [caught_by] {
        return Some(format!("broken are {broken:?} instead of {caught_by}"));
    }
    if let Some(error) = report.results.iter().find(|result| result.standing() == Standing::Error) {
        return Some(format!("{}: {:?}", error.id, error.verdict));
    }
    let by_id = report.by_id();
    let Verdict::Fail { evidence } = &by_id[caught_by].verdict else { return Some("no evidence".to_owned()) };
    let named = !evidence.message.is_empty()
        && !evidence.expected.is_empty()
        && !evidence.received.is_empty()
        && evidence.expected != evidence.received;
    (!named).then(|| format!("the evidence names no difference: {evidence:?}"))
}

/// Does something for each item, on both cores, and collects what is wrong.
fn all<T: Sync>(items: &[T], check: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let (next, complaints) = (Mutex::new(items.iter()), Mutex::new(Vec::new()));
    let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(item) = take() {
                    if let Some(complaint) = check(item) {
                        complaints.lock().unwrap_or_else(PoisonError::into_inner).push(complaint);
                    }
                }
            });
        }
    });
    complaints.into_inner().unwrap()
}

#[test]
fn each_flaw_is_caught_by_its_rule_and_no_other() {
    let rules = client_rules();
    let complaints = all(FLAWS, |(flaw, name, caught_by)| {
        let (catcher, others): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.id == *caught_by);
        let mut found = report(&mut Reference::with_flaw(*flaw), &catcher, CASES);
        found.results.extend(report(&mut Reference::with_flaw(*flaw), &others, OTHER_CASES).results);
        complaint(&found, caught_by).map(|complaint| format!("{name}: {complaint}"))
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(FLAWS.len() >= 40, "{} flaws", FLAWS.len());
}

#[test]
fn every_must_about_clients_catches_a_flaw() {
    let catchers: BTreeSet<&str> = FLAWS.iter().map(|(_, _, rule)| *rule).collect();
    let idle: Vec<&str> = client_rules()
        .iter()
        .filter(|rule| rule.level == Level::Must && !catchers.contains(rule.id))
        .map(|rule| rule.id)
        .collect();
    assert!(idle.is_empty(), "these rules never caught anything: {idle:?}");
    let unknown: Vec<&&str> =
        catchers.iter().filter(|id| !catalogue().iter().any(|rule| rule.id == **id)).collect();
    assert!(unknown.is_empty(), "there are no such rules: {unknown:?}");
}

#[test]
fn lawful_variations_keep_every_rule() {
    let rules = client_rules();
    let complaints = all(VARIATIONS, |(variation, name)| {
        let report = report(&mut Reference::with_variation(*variation), &rules, OTHER_CASES);
        let other: Vec<String> = report
            .results
            .iter()
            .filter(|result| result.standing() != Standing::Passed)
            .map(|result| format!("{}: {:?}", result.id, result.verdict))
            .collect();
        (!other.is_empty()).then(|| format!("{name}: {}", other.join(", ")))
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(VARIATIONS.len() >= 12, "{} variations", VARIATIONS.len());
}

#[test]
fn a_client_without_flaw_keeps_every_rule() {
    let report = report(&mut Reference::default(), &client_rules(), 256);
    let other: Vec<_> =
        report.results.iter().filter(|result| result.standing() != Standing::Passed).collect();
    assert!(other.is_empty(), "{other:?}");
}
