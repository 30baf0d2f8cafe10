//! What a run comes to: the exit codes.

use crate::report::Report;

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every rule that has to be kept is kept, as far as anything was learnt: 0.
    Kept,
    /// A rule that has to be kept is broken, or one that is expected to fail passed: 1.
    Broken,
    /// The command line, a file that it names, or an id in there is wrong; nothing was run: 2.
    Usage,
    /// There is no result: the run could not be made, the subject broke down in it, or no rule got a
    /// conclusive verdict: 3.
    NotRun,
}

impl Exit {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Kept => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::NotRun => 3,
        }
    }

    /// What a report comes to. A broken SHOULD and an inconclusive rule count only if it is `strict`.
    pub const fn of(report: &Report, strict: bool) -> Self {
        let summary = &report.summary;
        let failed = summary.failed_must + summary.failed_should;
        let conclusive = summary.passed + failed + summary.expected_failures + summary.unexpected_passes;
        if conclusive == 0 {
            Self::NotRun
        } else if summary.failed_must + summary.unexpected_passes > 0
            || (strict && summary.failed_should + summary.inconclusive > 0)
        {
            Self::Broken
        } else if summary.errors > 0 {
            Self::NotRun
        } else {
            Self::Kept
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;
    use crate::report::{Summary, sample};

    fn exits(summary: Summary) -> [Exit; 2] {
        let report = crate::report::Report { summary, ..sample::report() };
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
        let codes = [Exit::Kept, Exit::Broken, Exit::Usage, Exit::NotRun].map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3]);
    }

    #[test]
    fn passes_with_skipped_and_expected_failures_are_fine_even_if_strict() {
        assert_eq!(exits(PASSED), [Exit::Kept; 2]);
        assert_eq!(exits(Summary { skipped: 3, expected_failures: 2, ..PASSED }), [Exit::Kept; 2]);
    }

    #[test]
    fn a_broken_must_or_an_unexpected_pass_fails_the_run_in_any_case() {
        assert_eq!(exits(Summary { failed_must: 1, ..PASSED }), [Exit::Broken; 2]);
        assert_eq!(exits(Summary { unexpected_passes: 1, ..PASSED }), [Exit::Broken; 2]);
        assert_eq!(exits(Summary { passed: 0, failed_must: 1, ..PASSED }), [Exit::Broken; 2]);
        assert_eq!(exits(Summary { passed: 0, unexpected_passes: 1, ..PASSED }), [Exit::Broken; 2]);
    }

    #[test]
    fn a_broken_should_or_an_inconclusive_rule_fails_only_a_strict_run() {
        assert_eq!(exits(Summary { failed_should: 1, ..PASSED }), [Exit::Kept, Exit::Broken]);
        assert_eq!(exits(Summary { inconclusive: 1, ..PASSED }), [Exit::Kept, Exit::Broken]);
    }

    #[test]
    fn a_subject_that_broke_down_has_no_result_unless_it_broke_a_rule_before() {
        assert_eq!(exits(Summary { errors: 1, ..PASSED }), [Exit::NotRun; 2]);
        assert_eq!(exits(Summary { errors: 1, failed_must: 1, ..PASSED }), [Exit::Broken; 2]);
    }

    #[test]
    fn a_run_that_learnt_nothing_is_no_success() {
        let nothing = Summary { passed: 0, ..PASSED };
        assert_eq!(exits(nothing), [Exit::NotRun; 2]);
        assert_eq!(exits(Summary { skipped: 9, inconclusive: 9, errors: 9, ..nothing }), [Exit::NotRun; 2]);
    }

    #[test]
    fn only_expected_failures_and_only_broken_shoulds_are_results() {
        assert_eq!(exits(Summary { passed: 0, expected_failures: 1, ..PASSED }), [Exit::Kept; 2]);
        assert_eq!(exits(Summary { passed: 0, failed_should: 1, ..PASSED }), [Exit::Kept, Exit::Broken]);
    }
}
