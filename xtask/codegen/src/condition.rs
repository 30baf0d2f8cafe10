//! The Cargo features that an item is compiled for.

use std::fmt::Write as _;

use proc_macro2::TokenStream;

use crate::plan::Plan;

/// The attribute by which an item is compiled for those only who choose one of the families.
pub(crate) fn condition<'a>(families: impl IntoIterator<Item = &'a String>) -> String {
    let features: Vec<String> = families.into_iter().map(|family| format!("feature = {family:?}")).collect();
    match features.as_slice() {
        [only] => format!("#[cfg({only})]"),
        several => format!("#[cfg(any({}))]", several.join(", ")),
    }
}

/// The same as tokens.
pub(crate) fn condition_tokens<'a>(families: impl IntoIterator<Item = &'a String>) -> TokenStream {
    // Names of families are kebab-case, so that every one of them is a token.
    condition(families).parse().unwrap_or_default()
}

/// Writes what a shared type is compiled for, above what is written by hand for it.
pub(crate) fn write_condition(plan: &Plan, out: &mut String, rust: &str) {
    if let Some(families) = plan.sharers(rust) {
        let _ = writeln!(out, "{}", condition(families));
    }
}
