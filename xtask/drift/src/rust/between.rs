//! Making the clients of two states and comparing them.

use std::thread;

use serde::Serialize;
use xtask_openapi::{Normalised, SpecError, normalise, normalise::Idle};

use super::{
    align::{Aligned, aligned},
    compare::compare,
    error::{NotCompared, Reason},
    finding::{Bump, RustFinding},
    state::State,
    surface::Surface,
};

/// What changed in the Rust API between two states of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What they ask for; at least a patch where the clean documents differ at all.
    pub bump: Bump,
    /// The findings, sorted by item.
    pub findings: Vec<RustFinding>,
    /// Which actions of overlays found nothing to do in the new documents, and did in the old ones.
    pub notes: Vec<String>,
}

/// Generates the clients of two states of the documents and compares their APIs.
///
/// Generating takes most of the time, so each state has a thread of its own, and families that are
/// made of the same parts in both states are left out.
///
/// # Errors
/// Where no client can be made of a state; the old one is named if both are refused.
pub fn between(old: State<'_>, new: State<'_>) -> Result<Comparison, NotCompared> {
    let (old, new) = aligned(old, new);
    if old.is_same(&new) {
        return Ok(Comparison { bump: Bump::None, findings: Vec::new(), notes: Vec::new() });
    }
    let (was, is) = both(|| normalised(&old), || normalised(&new))?;
    let modules = xtask_codegen::differing(&was, &is);
    let read = |state: &Aligned, normalised: &Normalised| -> Result<Surface, Reason> {
        let drafts =
            xtask_codegen::generate_part(normalised, &modules).map_err(|error| state.own_names(error))?;
        Ok(Surface::of_drafts(drafts)?)
    };
    let (old_surface, new_surface) = both(|| read(&old, &was), || read(&new, &is))?;
    let findings = compare(&old_surface, &new_surface);
    let differs = if was.openapi == is.openapi { Bump::None } else { Bump::Patch };
    let bump = Bump::of(&findings).max(differs);
    Ok(Comparison { bump, findings, notes: notes(&was, &is, &new) })
}

/// What overlays no longer do. That they do nothing on both sides is no news: a side may be one file.
fn notes(was: &Normalised, is: &Normalised, state: &Aligned) -> Vec<String> {
    let news = is.passed_over.iter().filter(|action| !was.passed_over.contains(action));
    let note = |action: &SpecError| {
        let SpecError { document, pointer, problem, .. } = state.own_name(action.clone());
        format!("{document}#{pointer} of the overlays is passed over: {problem}")
    };
    news.map(note).collect()
}

fn normalised(state: &Aligned) -> Result<Normalised, Reason> {
    let normalised = normalise(state.documents.clone(), &state.overlays, Idle::Allowed);
    normalised.map_err(|error| state.own_names(error).into())
}

/// Does the work of both states at once.
fn both<T: Send>(
    old: impl FnOnce() -> Result<T, Reason> + Send,
    new: impl FnOnce() -> Result<T, Reason> + Send,
) -> Result<(T, T), NotCompared> {
    let (old, new) = thread::scope(|scope| {
        let (old, new) = (scope.spawn(old), scope.spawn(new));
        let result = |side: thread::ScopedJoinHandle<'_, _>| side.join().unwrap_or(Err(Reason::Panicked));
        (result(old), result(new))
    });
    let named = |which| move |reason| NotCompared { which, reason };
    Ok((old.map_err(named("old"))?, new.map_err(named("new"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_either_side_is_an_error_of_that_side() {
        let fine = || Ok(());
        let panics = || -> Result<(), Reason> { panic!("as a generator may") };
        for (compared, side) in [(both(panics, fine), "old"), (both(fine, panics), "new")] {
            let error = compared.unwrap_err();
            assert!(matches!(error.reason, Reason::Panicked) && error.which == side, "{error}");
        }
    }
}
