//! The targets: as tests with random edits of their seeds, and under a fuzzer.

use crate::{DECIMALS, ERROR_BODIES, PAGES, REDIRECTS, TIMES, TOKEN_RESPONSES, Target};

/// Hands mutated seeds to a target: from a fuzzer, or as an ordinary test a few that are always the same.
macro_rules! fuzzed {
    ($name:ident, $target:expr) => {
        #[test]
        fn $name() {
            #[cfg(fuzzing)]
            bolero::check!()
                .with_type::<(u8, crate::Mutation)>()
                .for_each(|(status, mutation)| $target.check_mutation(*status, mutation));
            #[cfg(not(fuzzing))]
            some_mutations($target);
        }
    };
}

#[cfg(not(fuzzing))]
fn some_mutations(target: Target) {
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..500 {
        let edits = (0..rng.usize(1..5)).map(|_| (rng.u8(..), rng.u16(..), rng.u8(..))).collect();
        target.check_mutation(rng.u8(..), &(rng.u8(..), edits));
    }
}

fuzzed!(token_responses, TOKEN_RESPONSES);
fuzzed!(redirects, REDIRECTS);
fuzzed!(error_bodies, ERROR_BODIES);
fuzzed!(pages, PAGES);
fuzzed!(times, TIMES);
fuzzed!(decimals, DECIMALS);

/// Every seed, as it is with statuses of all kinds, and without its end.
fn every_seed_holds(target: Target) {
    for seed in target.seeds {
        for status in (0..=u8::MAX).step_by(17) {
            (target.check)(status, seed.as_bytes());
        }
        for end in 0..seed.len() {
            (target.check)(0, &seed.as_bytes()[..end]);
        }
    }
}

#[test]
fn the_seeds_of_token_responses_hold() {
    every_seed_holds(TOKEN_RESPONSES);
}

#[test]
fn the_seeds_of_redirects_hold() {
    every_seed_holds(REDIRECTS);
}

#[test]
fn the_seeds_of_error_bodies_hold() {
    every_seed_holds(ERROR_BODIES);
}

#[test]
fn the_seeds_of_pages_hold() {
    every_seed_holds(PAGES);
}

#[test]
fn the_seeds_of_times_hold() {
    every_seed_holds(TIMES);
}

#[test]
fn the_seeds_of_decimals_hold() {
    every_seed_holds(DECIMALS);
}

#[test]
fn the_first_seeds_are_pages_of_both_kinds_of_export_jobs_and_of_employees() {
    let found: Vec<_> = PAGES.seeds[..3].iter().copied().map(crate::responses::decodes_as_page).collect();
    assert_eq!(found, [(true, true), (false, true), (true, false)]);
}
