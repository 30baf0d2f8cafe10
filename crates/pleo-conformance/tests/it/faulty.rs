//! Faulty clients are caught, each by the rule made for it and by no other; lawful variations pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    sync::{Mutex, PoisonError},
    thread,
};

use pleo_conformance::{
    catalogue,
    cli::exit::Exit,
    engine::{Judged, judge},
    protocol::{Action, Answer, Call, Credential, CredentialKind, Hello, Introduction, Refusal},
    report::{Report, RuleResult, Standing, SubjectKind, terminal},
    rules::Rule,
    subject::{Outcome, Subject, SubjectError},
    verdict::{Side, Verdict},
};

use crate::{
    reference::{FLAWS, Flaw, Reference, VARIATIONS, also_caught_by},
    support::without_search,
};

/// Enough for a flaw to show to the rule that is made for it: as many as a run has by default. The search ends with
/// the first that shows it.
const CASES: u32 = 256;

/// For each of hundreds of flaws and dozens of rules that should not see it.
const OTHER_CASES: u32 = 2;

/// For clients that decline much.
const FEW_CASES: u32 = 12;

/// For each variation and rule; more for the rules about what most of them are variations of.
const VARIATION_CASES: (u32, u32) = (6, 24);

/// How many clients are judged at a time, since they often wait. httpmock has servers for no more at once.
const THREADS: usize = 4;

pub(crate) fn client_rules(area: &str) -> Vec<&'static Rule> {
    let of_area = |rule: &&Rule| rule.side() == Side::Client && rule.id.starts_with(area);
    catalogue().iter().filter(of_area).collect()
}

pub(crate) fn report(subject: &mut dyn Subject, rules: &[&'static Rule], cases: u32) -> Report {
    let judged = Judged { client: Some(subject), service: None, kind: SubjectKind::InProcess };
    Report::from(judge(rules, judged, &without_search(cases), &mut |_| {}).unwrap())
}

/// Does something for each item, on several threads, which often wait, and collects what is wrong.
pub(crate) fn each<T: Sync>(items: &[T], check: impl Fn(&T) -> Vec<String> + Sync) {
    let next = Mutex::new(items.iter());
    let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || iter::from_fn(take).flat_map(&check).collect::<Vec<_>>();
    let complaints = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What is wrong with the result of a rule that has to catch something.
pub(crate) fn not_caught(result: &RuleResult) -> Option<String> {
    let Verdict::Fail { evidence } = &result.verdict else { return Some(format!("{:?}", result.verdict)) };
    let named = !evidence.message.is_empty()
        && !evidence.expected.is_empty()
        && !evidence.received.is_empty()
        && evidence.expected != evidence.received;
    let statuses = [&evidence.expected, &evidence.received].map(|text| text.starts_with("status "));
    if !named || statuses == [true, false] {
        return Some(format!("the evidence names no difference: {evidence:?}"));
    }
    let text = serde_json::to_string(evidence).unwrap();
    // What all secrets begin with may be there, and a few characters of one.
    let is_secret = |rest: &str| {
        let mut characters = rest.chars().take(8).filter(|character| character.is_ascii_graphic());
        characters.by_ref().take_while(|character| !"<\"".contains(*character)).count() == 8
    };
    if text.split("FAKE-").skip(1).any(is_secret) {
        return Some(format!("the evidence shows a secret: {text}"));
    }
    let addresses = text.contains("127.0.0.");
    addresses.then(|| format!("the evidence shows an address that differs from run to run: {text}"))
}

/// The flaws of an area are caught by their rules, and a client without flaw keeps them.
fn flaws_are_caught(area: &str) {
    let flaws: Vec<&(Flaw, &str, &str)> =
        FLAWS.iter().filter(|(_, _, rule)| rule.starts_with(area)).collect();
    assert!(!flaws.is_empty(), "{area} has no flaws");
    each(&flaws, |(flaw, name, caught_by)| {
        let report = report(&mut Reference::with_flaw(*flaw), &client_rules(caught_by), CASES);
        not_caught(&report.results[0]).map(|complaint| format!("{name}: {complaint}")).into_iter().collect()
    });
    let report = report(&mut Reference::default(), &client_rules(area), 256);
    for result in &report.results {
        assert_eq!(result.standing(), Standing::Passed, "{}: {:?}", result.id, result.verdict);
    }
}

macro_rules! areas {
    ($($name:ident $area:literal)*) => {
        $(
            #[test]
            fn $name() {
                flaws_are_caught($area);
            }
        )*

        #[test]
        fn every_area_of_client_rules_is_tested() {
            let tested = BTreeSet::from([$($area),*]);
            let known: BTreeSet<&str> =
                client_rules("").iter().filter_map(|rule| Some(rule.id.split_once('-')?.0)).collect();
            assert_eq!(tested, known);
        }
    };
}

areas! {
    flaws_of_authentication_are_caught "AUTH"
    flaws_about_environments_are_caught "ENV"
    flaws_about_the_legacy_api_are_caught "LEG"
    flaws_about_companies_are_caught "CMP"
    flaws_about_scopes_are_caught "SCP"
    flaws_about_secrets_are_caught "SEC"
    flaws_of_requests_are_caught "URL"
    flaws_of_oauth_are_caught "OAU"
}

#[test]
fn no_flaw_is_caught_by_another_rule_than_its_own() {
    each(FLAWS, |(flaw, name, caught_by)| {
        let fitting = |rule: &Rule| rule.id == *caught_by || also_caught_by(*flaw).contains(&rule.id);
        let others: Vec<_> = client_rules("").into_iter().filter(|rule| !fitting(rule)).collect();
        let report = report(&mut Reference::with_flaw(*flaw), &others, OTHER_CASES);
        let wrong = |result: &&RuleResult| {
            matches!(result.standing(), Standing::FailedMust | Standing::FailedShould | Standing::Error)
        };
        let wrong = report.results.iter().filter(wrong);
        wrong.map(|result| format!("{name}: {}: {:?}", result.id, result.verdict)).collect()
    });
}

/// A client that declines some of what it is called for, or does something else.
struct Odd<F>(Reference, F);

impl<F: FnMut(&mut Action) -> bool + Send> Subject for Odd<F> {
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
        self.0.hello(hello)
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
        let mut call = call.clone();
        if !(self.1)(&mut call.action) {
            return self.0.call(&call);
        }
        let reason = "not today".to_owned();
        Ok(Outcome::Refuse(Refusal { id: call.id, reason, unsupported: false, shown: BTreeMap::new() }))
    }
}

/// The rules that such a client keeps.
fn kept_by(odd: impl FnMut(&mut Action) -> bool + Send) -> BTreeSet<String> {
    let report = report(&mut Odd(Reference::default(), odd), &client_rules(""), FEW_CASES);
    let passed = report.results.into_iter().filter(|result| result.standing() == Standing::Passed);
    passed.map(|result| result.id).collect()
}

#[test]
fn a_client_that_gets_nowhere_keeps_no_rule() {
    // The base URLs that are built in, and the reason for declining, are there to be judged.
    assert_eq!(kept_by(|_| true), BTreeSet::from(["ENV-004", "SEC-004"].map(str::to_owned)));

    let without_exchange = kept_by(|action| matches!(action, Action::Finish(_)));
    let about_exchanges = ["OAU-004", "OAU-005", "OAU-006", "OAU-017", "OAU-030"];
    assert!(about_exchanges.iter().all(|rule| !without_exchange.contains(*rule)), "{without_exchange:?}");
    assert!(without_exchange.contains("OAU-002"), "{without_exchange:?}");

    let refusing_known_scopes =
        kept_by(|action| matches!(action, Action::Send(send) if send.credential.scopes.is_some()));
    assert!(!refusing_known_scopes.contains("SCP-001"));
    assert!(refusing_known_scopes.contains("AUTH-001"), "{refusing_known_scopes:?}");

    let unauthenticated = kept_by(|action| {
        if let Action::Send(send) = action {
            send.credential.secret = send.credential.secret.as_ref().map(|_| "FAKE-of-nobody".to_owned());
        }
        false
    });
    assert!(!unauthenticated.contains("SCP-003"));
    assert!(unauthenticated.contains("URL-001"), "{unauthenticated:?}");

    let reading_tokens = kept_by(|action| {
        if let Action::Send(send) = action
            && let Some(secret) = &mut send.credential.secret
            && secret.matches('.').count() == 2
        {
            secret.pop();
        }
        false
    });
    assert!(!reading_tokens.contains("AUTH-010"));
    assert!(reading_tokens.contains("AUTH-004"), "{reading_tokens:?}");
}

#[test]
fn subjects_are_given_credentials_that_make_sense() {
    let mut given = Vec::new();
    kept_by(|action| {
        if let Action::Send(send) = action {
            given.push(send.credential.clone());
        }
        false
    });
    let legacy = |credential: &Credential| credential.kind == CredentialKind::LegacyToken;
    let tokens = |credential: &Credential| credential.tokens.is_some();
    assert!(given.iter().any(legacy) && given.iter().any(tokens), "{} credentials", given.len());
    for credential in &given {
        let authorised = credential.kind == CredentialKind::OauthSession;
        let given = u8::from(credential.secret.is_some()) + u8::from(tokens(credential));
        assert_eq!(given, u8::from(!authorised), "{credential:?}");
        assert_eq!(legacy(credential), credential.environment == "legacy", "{credential:?}");
    }
}

#[test]
fn evidence_says_what_belongs_there_and_what_is_there() {
    let shown = |flaw: Flaw, rule: &str| {
        let report = report(&mut Reference::with_flaw(flaw), &client_rules(rule), CASES);
        match &report.results[0].verdict {
            Verdict::Fail { evidence } => (evidence.expected.clone(), evidence.received.clone()),
            other => panic!("{other:?}"),
        }
    };
    let (expected, received) = shown(Flaw::CompanyInHeader, "CMP-002");
    assert!(
        expected.starts_with("query company_id=") || expected.starts_with("body companyId="),
        "{expected}"
    );
    assert!(received.starts_with("header "), "{received}");
    let (_, received) = shown(Flaw::CompanyMissing, "CMP-001");
    assert!(received.contains("no company"), "{received}");
    let (_, received) = shown(Flaw::OldRefreshTokenKept, "OAU-011");
    assert_eq!(received, "an earlier refresh token");
    let (_, received) = shown(Flaw::LegacyTokenAccepted, "LEG-001");
    assert!(received.starts_with("a request with the credential at "), "{received}");
}

#[test]
fn every_rule_about_clients_catches_a_flaw() {
    assert!(FLAWS.len() >= 40, "{} flaws", FLAWS.len());
    let catchers: BTreeSet<&str> = FLAWS.iter().map(|(_, _, rule)| *rule).collect();
    let rules = client_rules("").into_iter().map(|rule| rule.id);
    let idle: Vec<&str> = rules.filter(|id| !catchers.contains(id)).collect();
    assert!(idle.is_empty(), "these rules never caught anything: {idle:?}");
}

#[test]
fn lawful_variations_keep_every_rule() {
    assert!(VARIATIONS.len() >= 12, "{} variations", VARIATIONS.len());
    // Most variations are ones of the request and its company, and show in few operations.
    let shaped = |rule: &&Rule| ["URL", "CMP"].iter().any(|area| rule.id.starts_with(area));
    let (shape, rest): (Vec<_>, Vec<_>) = client_rules("").into_iter().partition(shaped);
    each(VARIATIONS, |(variation, name)| {
        let variant = || Reference::with_variation(*variation);
        let (few, more) = VARIATION_CASES;
        let mut found = report(&mut variant(), &rest, few);
        found.results.extend(report(&mut variant(), &shape, more).results);
        let other = found.results.iter().filter(|result| result.standing() != Standing::Passed);
        other.map(|result| format!("{name}: {}: {:?}", result.id, result.verdict)).collect()
    });
}

#[test]
fn a_client_that_never_gets_through_an_authorisation_has_no_result() {
    let refusing = |action: &mut Action| matches!(action, Action::Authorize(_) | Action::Finish(_));
    let report = report(&mut Odd(Reference::default(), refusing), &client_rules("OAU"), FEW_CASES);
    assert_eq!(Exit::of(&report, false), Exit::NoResult);
    let text = terminal::summary(&report);
    assert!(text.contains("OAU"), "{text}");
}

/// A client that says something else of a response than what it was.
struct Liar(Reference);

impl Subject for Liar {
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
        self.0.hello(hello)
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
        let mut outcome = self.0.call(call)?;
        if let Outcome::Result(result) = &mut outcome {
            result.answers.iter_mut().for_each(|answer| *answer = Answer::Status(299));
        }
        Ok(outcome)
    }
}

#[test]
fn an_answer_that_the_servers_did_not_give_is_the_adapters_error() {
    let report = report(&mut Liar(Reference::default()), &client_rules("AUTH-001"), FEW_CASES);
    let Verdict::Error { reason } = &report.results[0].verdict else { panic!("{:?}", report.results) };
    assert!(reason.contains("299"), "{reason}");
    assert_eq!(Exit::of(&report, false), Exit::NoResult);
}
