//! The reference client is correct, each flaw shows, and no variation changes what is meant.

mod bench;
mod bytes;
mod conduct;
mod player;
mod script;
mod wider;

use std::collections::BTreeSet;

use self::{bench::Lab, script::play};
use crate::reference::{FLAWS, Reference, VARIATIONS, also_caught_by};

/// Flaws that show only in circumstances which the script does not play: their rules see them, see
/// [`faulty`](crate::faulty).
const NOT_PLAYED: &[&str] = &[
    "key_taken_as_encoded",
    "second_credential_kept",
    "authorization_server_accepted",
    "last_digit_not_compared",
    "scopes_of_pairs_ignored",
    "key_cached_by_beginning",
    "old_credential_after_401",
    "secret_in_error_of_504",
    "secret_in_log_of_410",
    "repeated_after_useless_success",
    "repeated_after_504",
    "repeated_after_reset",
    "query_zero_lost",
    "body_cached",
    "body_zero_width_lost",
    "body_empty_lists_lost",
    "body_zeros_lost",
    "empty_code_exchanged",
    "other_errors_ignored",
    "verifier_from_state",
    "renewed_for_each_401",
    "second_refresh_token_kept",
    "refresh_token_lost_by_500",
    "refresh_token_lost_in_parallel",
    "old_token_sent_by_unknown_app",
    "session_ends_at_429",
    "session_ends_at_500",
    "session_ends_at_502",
    "session_ends_at_refused_connection",
    "dropped_renewal_tried_endlessly",
    "renewal_redirect_followed",
    "exchange_redirect_followed",
    "refresh_token_in_log_of_429",
    "refresh_token_in_log_of_drop",
    "refresh_token_in_log_of_504",
    "code_in_log_of_502",
    "empty_state_accepted",
    "state_signs_ignored",
    "redirect_uri_without_slash",
    "redirect_uri_host_lower_cased",
    "redirect_uri_with_tls",
    "redirect_uri_localhost_resolved",
    "code_cut_at_64",
    "code_unpadded",
    "refused_code_exchanged",
    "code_exchanged_after_drop",
    "location_of_201_followed",
    "refused_code_exchanged_later",
    "secret_in_debug_of_reset",
    "secret_in_debug_of_time_out",
    "secret_in_error_of_refused_connection",
    "secret_in_error_of_time_out",
    "secret_in_log_of_refused_connection",
    "secret_in_log_of_time_out",
    "refresh_token_in_log_of_refused_connection",
    "client_secret_in_error_of_time_out",
    "code_in_error_of_time_out",
    "verifier_in_log_of_refused_connection",
    "other_environment_after_refused_connection",
    "other_environment_after_time_out",
    "legacy_after_refused_connection",
    "legacy_after_time_out",
    "renewed_elsewhere_after_refused_connection",
    "renewed_elsewhere_after_time_out",
    "exchanged_elsewhere_after_refused_connection",
    "exchanged_elsewhere_after_time_out",
    "company_of_another_session",
    "key_of_another_session",
    "company_of_refused_call",
    "environment_refused_once",
    "environment_unchecked_after_renewal",
    "base_url_kept_after_401",
    "legacy_token_refused_once",
    "scope_separators_ignored",
    "key_beyond_ascii_in_refusal",
    "secret_in_refusal_of_path",
    "secret_in_log_of_204",
    "state_trimmed",
    "redirect_kept_for_later",
    "new_pair_ignored",
    "new_pair_ignored_after_end",
    "wrong_state_taken_second_time",
];

#[test]
fn each_flaw_shows_in_what_a_client_sends_or_says() {
    let lab = Lab::start();
    let correct = play(&lab, Reference::default()).trace;
    assert_eq!(play(&lab, Reference::default()).trace, correct, "only a flaw makes a difference");
    let shows = |flaw| play(&lab, Reference::with_flaw(flaw)).trace != correct;
    let hidden: Vec<&str> =
        FLAWS.iter().filter(|(flaw, ..)| !shows(*flaw)).map(|(_, name, _)| *name).collect();
    assert_eq!(hidden, NOT_PLAYED);
}

#[test]
fn there_are_enough_flaws_and_variations_and_each_has_a_name_of_its_own() {
    let names: BTreeSet<&str> =
        FLAWS.iter().map(|(_, name, _)| *name).chain(VARIATIONS.iter().map(|(_, name)| *name)).collect();
    assert_eq!(names.len(), FLAWS.len() + VARIATIONS.len());
    assert!(FLAWS.len() >= 270 && VARIATIONS.len() >= 50);
}

#[test]
fn the_further_rules_of_a_flaw_are_others_than_its_own() {
    for (flaw, name, rule) in FLAWS {
        let further = also_caught_by(*flaw);
        let different: BTreeSet<&str> = further.iter().copied().chain([*rule]).collect();
        assert_eq!(different.len(), further.len() + 1, "{name}");
    }
}
