//! Tries many cases of a rule and finds the smallest that fails it.

use std::{cell::RefCell, collections::BTreeMap, fmt::Debug};

use proptest::{
    prelude::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    evidence::{Finding, Judgement, evidence},
    mask::Mask,
};
use crate::{verdict::Verdict, words::counted};

/// A rule passes only if at least one case in so many was conclusive.
const ONE_CONCLUSIVE_IN: u32 = 4;

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The seed of all cases.
    pub seed: u64,
    /// The number of cases for each rule.
    pub cases: u32,
    /// How many smaller cases are tried at most, once a case has failed. With 0 the evidence is about the first that
    /// failed. A live service is never asked again.
    pub shrinks: u32,
}

impl Default for Options {
    /// 256 cases, and always the same ones; 128 smaller ones after a failure.
    fn default() -> Self {
        Self { seed: 1, cases: 256, shrinks: 128 }
    }
}

/// Why a case cannot be judged.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It did not get so far.
    Inconclusive(String),
    /// The client has no way to do what it was called for, which shows nothing of it. Why not.
    Unsupported(String),
    /// The run lacks what the rule needs.
    Skip(String),
    /// The client or service broke down.
    Error(String),
    /// The adapter said what the test servers saw otherwise. Other cases may still fail the rule.
    Contradicted(String),
    /// The case shows nothing that would fail the rule, but not all that would had to be kept. Other cases may
    /// still fail it; none lets it pass.
    Lost(String),
}

/// One case that was tried.
pub(crate) struct Attempt {
    /// What was called for.
    pub(crate) called: Value,
    /// What must not be shown of it.
    pub(crate) mask: Mask,
    /// What it shows.
    pub(crate) judged: Result<Judgement, Stop>,
}

/// What the cases have shown so far.
#[derive(Default)]
struct Tally {
    conclusive: u32,
    /// How often, by reason.
    inconclusive: BTreeMap<String, u32>,
    unsupported: Option<String>,
    failed: Option<(Box<Finding>, Value, Mask)>,
    tried_smaller: u32,
    contradicted: Option<String>,
    lost: Option<String>,
    /// What ends the search.
    ended: Option<Verdict>,
}

impl Tally {
    /// Counts an attempt; whether the search goes on as if the case had passed.
    fn count(&mut self, attempt: Attempt) -> bool {
        let Attempt { called, mask, judged } = attempt;
        match judged {
            Ok(Judgement::Pass) => self.conclusive += 1,
            Ok(Judgement::Inconclusive(reason)) | Err(Stop::Inconclusive(reason)) => {
                *self.inconclusive.entry(mask.apply(&reason)).or_default() += 1;
            }
            Err(Stop::Lost(reason)) => self.lost = Some(reason),
            // The last of them is the smallest: a case is made smaller only where that still fails.
            Ok(Judgement::Fail(finding)) => {
                self.failed = Some((finding, called, mask));
                return false;
            }
            Err(Stop::Unsupported(reason)) => self.unsupported = Some(mask.apply(&reason)),
            Err(Stop::Skip(reason)) => self.ended = Some(Verdict::Skip { reason }),
            Err(Stop::Contradicted(reason)) => {
                self.contradicted.get_or_insert_with(|| mask.apply(&reason));
            }
            Err(Stop::Error(reason)) => self.ended = Some(Verdict::Error { reason: mask.apply(&reason) }),
        }
        self.ended.is_none()
    }

    fn verdict(self, rule: &str) -> Verdict {
        let Self { conclusive, inconclusive, unsupported, failed, contradicted, lost, ended, .. } = self;
        if let Some((finding, called, mask)) = failed {
            return Verdict::Fail { evidence: Box::new(evidence(rule, &finding, &called, &mask)) };
        }
        if let Some(verdict) = ended.or(contradicted.map(|reason| Verdict::Error { reason })) {
            return verdict;
        }
        if let Some(reason) = lost {
            return Verdict::Inconclusive { reason };
        }
        if let (Some(reason), 0, true) = (unsupported, conclusive, inconclusive.is_empty()) {
            let reason = format!("the client supports nothing that the rule could be asked with: {reason}");
            return Verdict::Skip { reason };
        }
        let cases = conclusive + inconclusive.values().sum::<u32>();
        let most_frequent = inconclusive.into_iter().max_by_key(|(_, count)| *count);
        match most_frequent {
            Some((reason, _)) if conclusive == 0 => Verdict::Inconclusive { reason },
            Some((reason, count)) if conclusive.saturating_mul(ONE_CONCLUSIVE_IN) < cases => {
                let were = if conclusive == 1 { "was" } else { "were" };
                let in_how_many = counted(count, "case");
                let reason = format!(
                    "only {conclusive} of {cases} cases {were} conclusive; the most frequent reason, in \
                     {in_how_many}: {reason}"
                );
                Verdict::Inconclusive { reason }
            }
            _ => Verdict::Pass { conclusive },
        }
    }
}

/// Judges cases until one fails the rule, and then looks for the smallest that does.
///
/// `judge` is called anew for every attempt to make a case smaller.
pub(crate) fn each<S: Strategy>(
    rule: &str,
    options: Options,
    strategy: S,
    judge: impl FnMut(&S::Value) -> Attempt,
) -> Verdict
where
    S::Value: Clone + Debug,
{
    // Each rule has cases of its own, whatever other rules are run.
    let seed = Sha256::digest(format!("{rule} {}", options.seed));
    let config = Config {
        cases: options.cases,
        // Counted below, since proptest prints a line when it is the one to stop; `u32::MAX` would be its word
        // for four times the number of cases.
        max_shrink_iters: u32::MAX - 1,
        max_shrink_time: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let state = RefCell::new((Tally::default(), judge));
    let outcome = runner.run(&strategy, |case| {
        let (tally, judge) = &mut *state.borrow_mut();
        if tally.ended.is_some() {
            return Ok(());
        }
        if tally.failed.is_some() {
            if tally.tried_smaller == options.shrinks {
                return Ok(());
            }
            tally.tried_smaller += 1;
        }
        match tally.count(judge(&case)) {
            true => Ok(()),
            false => Err(TestCaseError::fail("this case fails the rule")),
        }
    });
    let (tally, _) = state.into_inner();
    match outcome {
        // Neither is the client's doing: a check that panicked, or cases that could not be made.
        Err(TestError::Abort(reason) | TestError::Fail(reason, _))
            if tally.failed.is_none() && tally.ended.is_none() =>
        {
            Verdict::Error { reason: format!("the check itself failed: {reason}") }
        }
        _ => tally.verdict(rule),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    type Judged = Result<Judgement, Stop>;

    /// What numbers below 1,000 come to, each judged so.
    fn numbers(cases: u32, shrinks: u32, judge: impl Fn(u32) -> Judged) -> Verdict {
        let options = Options { cases, shrinks, ..Options::default() };
        each("AUTH-001", options, 0..1000_u32, |number| Attempt {
            called: Value::from(*number),
            mask: Mask::default(),
            judged: judge(*number),
        })
    }

    /// What cases come to that are judged so, one after the other.
    fn sequence(judged: &[fn() -> Judged]) -> Verdict {
        let next = Cell::new(0);
        let cases = u32::try_from(judged.len()).unwrap();
        numbers(cases, 0, |_| judged[next.replace(next.get() + 1)]())
    }

    fn below_17(number: u32) -> Judged {
        Ok(match number {
            ..17 => Judgement::Pass,
            _ => Judgement::fail("too large", "less than 17", "more"),
        })
    }

    const PASS: fn() -> Judged = || Ok(Judgement::Pass);
    const UNCLEAR: fn() -> Judged = || Ok(Judgement::inconclusive("it is dark"));
    const STUCK: fn() -> Judged = || Err(Stop::Inconclusive("it is stuck".to_owned()));

    #[test]
    fn the_smallest_case_is_found_however_few_cases_there_are() {
        for cases in [1, 2, 256] {
            let Verdict::Fail { evidence } = numbers(cases, 128, below_17) else { panic!("it passed") };
            assert_eq!(evidence.case, Value::from(17), "{cases} cases");
        }
    }

    #[test]
    fn no_more_smaller_cases_are_tried_than_were_asked_for() {
        for shrinks in [0, 1, 3] {
            let judged = Cell::new(0);
            let verdict = numbers(1, shrinks, |number| {
                judged.set(judged.get() + 1);
                below_17(number)
            });
            assert!(matches!(verdict, Verdict::Fail { .. }));
            assert_eq!(judged.get(), 1 + shrinks);
        }
    }

    #[test]
    fn a_quarter_of_the_cases_has_to_be_conclusive() {
        let verdict = sequence(&[PASS, UNCLEAR, UNCLEAR, UNCLEAR, PASS, UNCLEAR, UNCLEAR, UNCLEAR]);
        assert_eq!(verdict, Verdict::Pass { conclusive: 2 });
        let verdict = sequence(&[UNCLEAR, STUCK, UNCLEAR, UNCLEAR, PASS]);
        let Verdict::Inconclusive { reason } = verdict else { panic!("{verdict:?}") };
        assert_eq!(
            reason,
            "only 1 of 5 cases was conclusive; the most frequent reason, in 3 cases: it is dark"
        );
    }

    #[test]
    fn without_a_conclusive_case_the_most_frequent_reason_is_given() {
        let verdict = sequence(&[UNCLEAR, STUCK, STUCK]);
        assert_eq!(verdict, Verdict::Inconclusive { reason: "it is stuck".to_owned() });
    }

    #[test]
    fn a_contradiction_or_a_lost_text_is_told_unless_another_case_fails() {
        const CONTRADICTED: fn() -> Judged = || Err(Stop::Contradicted("it is not so".to_owned()));
        const LOST: fn() -> Judged = || Err(Stop::Lost("it was too long".to_owned()));
        let verdict = sequence(&[PASS, CONTRADICTED, PASS]);
        assert_eq!(verdict, Verdict::Error { reason: "it is not so".to_owned() });
        let verdict = sequence(&[PASS, LOST, PASS]);
        assert_eq!(verdict, Verdict::Inconclusive { reason: "it was too long".to_owned() });
        let verdict = sequence(&[CONTRADICTED, LOST, || below_17(17)]);
        assert!(matches!(verdict, Verdict::Fail { .. }), "{verdict:?}");
    }

    #[test]
    fn a_client_that_breaks_down_is_an_error() {
        let verdict = sequence(&[|| Err(Stop::Error("it is gone".to_owned())), PASS]);
        assert_eq!(verdict, Verdict::Error { reason: "it is gone".to_owned() });
    }

    #[test]
    fn what_the_client_does_not_support_is_skipped() {
        let verdict = sequence(&[|| Err(Stop::Unsupported("no such thing".to_owned()))]);
        let Verdict::Skip { reason } = verdict else { panic!("{verdict:?}") };
        assert!(reason.ends_with(": no such thing"), "{reason}");
    }
}
