//! The rules about requests, judged with httpmock as the HTTP server: what they find does not depend on our own.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use pleo_conformance::{
    engine::{Judged, SubjectKind, judge, judge_on},
    rules::Rule,
    subject::{OurClient, Subject},
    verdict::Verdict,
};

use crate::{
    faulty::{client_rules, each},
    httpmock_servers::listen,
    reference::{FLAWS, Flaw, Reference, Variation},
    support::without_search,
};

/// All areas of rules about clients but that of OAuth.
const AREAS: [&str; 7] = ["AUTH", "ENV", "CMP", "SCP", "LEG", "SEC", "URL"];

/// For clients that keep the rules.
const CASES: u32 = 16;

/// For each flaw and every rule.
const FEW_CASES: u32 = 4;

/// Enough for a flaw to show to its own rule.
const MANY_CASES: u32 = 256;

/// Two of each area, preferably those that show in what HTTP servers handle differently.
const FAULTY: [Flaw; 14] = [
    Flaw::HeaderTwice,
    Flaw::KeyAsBearerAfter401,
    Flaw::LookalikeHost,
    Flaw::OtherEnvironmentAfterDrop,
    Flaw::CompanyTwice,
    Flaw::CompanyInHeader,
    Flaw::ScopesIgnored,
    Flaw::ForbiddenRetried,
    Flaw::LegacyTokenAccepted,
    Flaw::LegacyAfterDrop,
    Flaw::RedirectFollowed,
    Flaw::KeyInQuery,
    Flaw::DoubleSlash,
    Flaw::BodyLatin1,
];

/// Those of the bytes of requests.
const LAWFUL: [Variation; 8] = [
    Variation::HeaderNamesInOddCase,
    Variation::SpaceAroundHeaderValues,
    Variation::Http10,
    Variation::AbsoluteFormTarget,
    Variation::ChunkedBody,
    Variation::EmptyQuery,
    Variation::OptionsFirst,
    Variation::HeadFirst,
];

/// Held by each test: httpmock lends 25 servers at most, and has a test that wants more wait for ever.
static SERVERS: Mutex<()> = Mutex::new(());

fn one_test_at_a_time() -> MutexGuard<'static, ()> {
    SERVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn rules() -> Vec<&'static Rule> {
    AREAS.iter().flat_map(|area| client_rules(area)).collect()
}

/// What comes of each rule on our servers, and on httpmock's.
fn on_both<S: Subject>(
    client: impl Fn() -> S,
    rules: &[&'static Rule],
    cases: u32,
) -> Vec<(&'static str, Verdict, Verdict)> {
    let options = without_search(cases);
    let (mut first, mut second) = (client(), client());
    let judged = |client| Judged { client: Some(client), service: None, kind: SubjectKind::InProcess };
    let ours = judge(rules, judged(&mut first), &options, &mut |_| {}).unwrap();
    let httpmock = judge_on(listen, rules, judged(&mut second), &options, &mut |_| {}).unwrap();
    let pairs = ours.outcomes.into_iter().zip(httpmock.outcomes);
    pairs.map(|(ours, httpmock)| (ours.rule.id, ours.verdict, httpmock.verdict)).collect()
}

/// What is wrong with verdicts that have to be the same on both: case by case, and in their evidence.
fn disagreements(verdicts: &[(&'static str, Verdict, Verdict)]) -> Vec<String> {
    let different = verdicts.iter().filter(|(_, ours, httpmock)| ours != httpmock);
    different.map(|(rule, ours, httpmock)| format!("{rule}: {ours:#?} on httpmock: {httpmock:#?}")).collect()
}

/// What is wrong with verdicts that have to be passes on both.
fn alarms(verdicts: &[(&'static str, Verdict, Verdict)]) -> Vec<String> {
    let failed = verdicts.iter().filter(|(_, _, httpmock)| !matches!(httpmock, Verdict::Pass { .. }));
    let failed = failed.map(|(rule, _, httpmock)| format!("{rule}: {httpmock:#?}"));
    failed.chain(disagreements(verdicts)).collect()
}

#[test]
fn our_client_passes_on_httpmock_as_on_our_servers() {
    let _servers = one_test_at_a_time();
    let verdicts = on_both(|| OurClient::new().unwrap(), &rules(), CASES);
    assert!(verdicts.len() >= 45, "{} rules", verdicts.len());
    let alarms = alarms(&verdicts);
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

#[test]
fn flaws_fail_on_httpmock_by_the_same_rules_with_the_same_evidence() {
    let _servers = one_test_at_a_time();
    let found: Vec<_> = FAULTY.iter().filter_map(|one| FLAWS.iter().find(|(flaw, ..)| flaw == one)).collect();
    let areas: BTreeSet<_> = found.iter().filter_map(|(_, _, rule)| Some(rule.split_once('-')?.0)).collect();
    assert_eq!(areas, BTreeSet::from(AREAS));
    each(&found, |(flaw, name, caught_by)| {
        let client = || Reference::with_flaw(*flaw);
        let own = on_both(client, &client_rules(caught_by), MANY_CASES);
        let caught = matches!(own.as_slice(), [(_, _, Verdict::Fail { .. })]);
        let missed = (!caught).then(|| format!("{caught_by} misses it: {own:#?}"));
        let all = on_both(client, &rules(), FEW_CASES);
        let wrong = missed.into_iter().chain(disagreements(&own)).chain(disagreements(&all));
        wrong.map(|wrong| format!("{name}: {wrong}")).collect()
    });
}

#[test]
fn lawful_bytes_pass_on_httpmock_as_on_our_servers() {
    let _servers = one_test_at_a_time();
    let clients = LAWFUL.map(Some).into_iter().chain([None]);
    each(&clients.collect::<Vec<_>>(), |variation| {
        let client = || variation.map_or_else(Reference::default, Reference::with_variation);
        let verdicts = on_both(client, &rules(), FEW_CASES);
        alarms(&verdicts).into_iter().map(|alarm| format!("{variation:?}: {alarm}")).collect()
    });
}
