//! What a run comes to: the exit codes.

use crate::report::Report;

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every MUST passed: 0.
    Passed,
    /// A MUST failed, or a rule that is expected to fail passed: 1.
    Failed,
    /// The command line, a file that it names, or an id in there is wrong; nothing was run: 2.
    Usage,
    /// There is no result: the run could not be made, the client or service broke down in it, or too little was
    /// learnt about an area, see [`Report::unlearnt`]: 3.
    NoResult,
}

impl Exit {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoResult => 3,
        }
    }

    /// What a report comes to. A SHOULD that failed and an inconclusive rule count only if it is `strict`.
    pub fn of(report: &Report, strict: bool) -> Self {
        let summary = &report.summary;
        let failed = summary.failed_must + summary.failed_should;
        let conclusive = summary.passed + failed + summary.expected_failures + summary.unexpected_passes;
        if conclusive == 0 {
            Self::NoResult
        } else if summary.failed_must + summary.unexpected_passes > 0
            || (strict && summary.failed_should + summary.inconclusive > 0)
        {
            Self::Failed
        } else if summary.errors > 0 || !report.unlearnt().is_empty() {
            Self::NoResult
        } else {
            Self::Passed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;
    use crate::{
        report::{Report, RuleResult, Summary, sample},
        verdict::{Level, Verdict},
    };

    fn exits(summary: Summary) -> [Exit; 2] {
        let report = Report { summary, results: Vec::new(), ..sample::report() };
        [Exit::of(&report, false), Exit::of(&report, true)]
    }

    const PASSED: Summary = Summary {
        passed: 1,
        failed_must: 0,
        failed_should: 0,
        expected_failures: 0,
        unexpected_passes: 0,
        skipped: 0,
        inconclusive: 0,
        errors: 0,
    };

    #[test]
    fn the_codes_are_those_that_are_documented() {
        let codes = [Exit::Passed, Exit::Failed, Exit::Usage, Exit::NoResult].map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3]);
    }

    #[test]
    fn passes_with_skipped_and_expected_failures_are_fine_even_if_strict() {
        assert_eq!(exits(PASSED), [Exit::Passed; 2]);
        assert_eq!(exits(Summary { skipped: 3, expected_failures: 2, ..PASSED }), [Exit::Passed; 2]);
    }

    #[test]
    fn a_failed_must_or_an_unexpected_pass_fails_the_run_in_any_case() {
        assert_eq!(exits(Summary { failed_must: 1, ..PASSED }), [Exit::Failed; 2]);
        assert_eq!(exits(Summary { unexpected_passes: 1, ..PASSED }), [Exit::Failed; 2]);
        assert_eq!(exits(Summary { passed: 0, failed_must: 1, ..PASSED }), [Exit::Failed; 2]);
        assert_eq!(exits(Summary { passed: 0, unexpected_passes: 1, ..PASSED }), [Exit::Failed; 2]);
    }

    #[test]
    fn a_failed_should_or_an_inconclusive_rule_fails_only_a_strict_run() {
        assert_eq!(exits(Summary { failed_should: 1, ..PASSED }), [Exit::Passed, Exit::Failed]);
        assert_eq!(exits(Summary { inconclusive: 1, ..PASSED }), [Exit::Passed, Exit::Failed]);
    }

    #[test]
    fn a_subject_that_broke_down_has_no_result_unless_it_failed_a_rule_before() {
        assert_eq!(exits(Summary { errors: 1, ..PASSED }), [Exit::NoResult; 2]);
        assert_eq!(exits(Summary { errors: 1, failed_must: 1, ..PASSED }), [Exit::Failed; 2]);
    }

    #[test]
    fn a_run_that_learnt_nothing_is_no_success() {
        let nothing = Summary { passed: 0, ..PASSED };
        assert_eq!(exits(nothing), [Exit::NoResult; 2]);
        assert_eq!(exits(Summary { skipped: 9, inconclusive: 9, errors: 9, ..nothing }), [Exit::NoResult; 2]);
    }

    /// How a run ends in which of four rules of the area AUTH so many are inconclusive.
    fn with_inconclusive(count: usize, level: Level) -> Exit {
        let template = sample::report().results[0].clone();
        let result = |index: usize| {
            let verdict = match index < count {
                true => Verdict::Inconclusive { reason: "it got nowhere".to_owned() },
                false => Verdict::Pass { conclusive: 1 },
            };
            RuleResult { verdict, level, ..template.clone() }
        };
        let results: Vec<RuleResult> = (0..4).map(result).collect();
        Exit::of(&Report { summary: Summary::of(&results), results, ..sample::report() }, false)
    }

    #[test]
    fn an_area_of_which_half_is_inconclusive_has_no_result() {
        assert_eq!(with_inconclusive(1, Level::Must), Exit::Passed);
        assert_eq!(with_inconclusive(2, Level::Must), Exit::NoResult);
        assert_eq!(with_inconclusive(2, Level::Should), Exit::Passed);
    }

    #[test]
    fn only_expected_failures_and_only_failed_shoulds_are_results() {
        assert_eq!(exits(Summary { passed: 0, expected_failures: 1, ..PASSED }), [Exit::Passed; 2]);
        assert_eq!(exits(Summary { passed: 0, failed_should: 1, ..PASSED }), [Exit::Passed, Exit::Failed]);
    }
}
