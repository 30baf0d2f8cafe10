//! Names of operations, families and parameters: finding them, suggesting the nearest, completing them.

use std::ffi::OsStr;

use clap_complete::CompletionCandidate;
use pleo::{Operation, operations};

use crate::failure::Failure;

/// How alike two names have to be for one to be suggested for the other, from 0 to 1.
const ALIKE: f64 = 0.7;

/// The operation of this name, ours or Pleo's.
pub(crate) fn operation(name: &str) -> Result<&'static Operation, Failure> {
    if let Some(operation) = operations::find(name) {
        return Ok(operation);
    }
    // Somebody may type our names with hyphens, or Pleo's in another case.
    let plain = normalised(name);
    let mut alike = operations::all()
        .filter(|operation| [operation.id, operation.pleo_id].iter().any(|name| normalised(name) == plain));
    if let (Some(operation), None) = (alike.next(), alike.next()) {
        return Ok(operation);
    }
    let names = operations::all().flat_map(|operation| [operation.id, operation.pleo_id]);
    let failure = Failure::usage(format!("there is no operation `{name}`"));
    Err(or_nearest(failure, name, names, "`pleo operations WORD` finds operations by a word."))
}

/// The API family of this name.
pub(crate) fn family(name: &str) -> Result<&'static str, Failure> {
    let plain = normalised(name);
    operations::families().find(|family| normalised(family) == plain).ok_or_else(|| {
        let failure = Failure::usage(format!("there is no API family `{name}`"));
        or_nearest(failure, name, operations::families(), &all_families())
    })
}

fn all_families() -> String {
    format!("The families are {}.", operations::families().collect::<Vec<_>>().join(", "))
}

/// The failure with the name that is most like what was typed, or else with other help.
pub(crate) fn or_nearest<'n>(
    failure: Failure,
    typed: &str,
    names: impl Iterator<Item = &'n str>,
    otherwise: &str,
) -> Failure {
    match nearest(typed, names) {
        Some(nearest) => failure.help(format!("Did you mean `{nearest}`?")),
        None => failure.help(otherwise),
    }
}

/// The operations of a name: those of a family, or one.
pub(crate) fn family_or_operation(name: &str) -> Result<Vec<&'static Operation>, Failure> {
    if let Ok(family) = family(name) {
        return Ok(operations::all().filter(|operation| operation.family == family).collect());
    }
    operation(name).map(|operation| vec![operation]).map_err(|failure| {
        match nearest(name, operations::families()) {
            Some(nearest) if failure.help.iter().all(|help| !help.contains("Did you mean")) => {
                failure.help(format!("Did you mean the family `{nearest}`?"))
            }
            _ => failure.help(all_families()),
        }
    })
}

/// The name without case, hyphens, underscores and blanks.
pub(crate) fn normalised(name: &str) -> String {
    let letters = name.chars().filter(|character| !matches!(character, '-' | '_' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

/// The name that is most like what was typed, if one is.
pub(crate) fn nearest<'n>(typed: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let typed = normalised(typed);
    let scored = names.map(|name| (strsim::jaro_winkler(&typed, &normalised(name)), name));
    // Of names that are equally like it, the first.
    let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.filter(|(score, _)| *score >= ALIKE).map(|(_, name)| name)
}

/// Operations whose name begins so, for the shell.
pub(crate) fn complete_operations(beginning: &OsStr) -> Vec<CompletionCandidate> {
    let Some(beginning) = beginning.to_str() else { return Vec::new() };
    operations::all()
        .filter(|operation| operation.id.starts_with(beginning))
        .map(|operation| CompletionCandidate::new(operation.id).help(Some(operation.description.into())))
        .collect()
}

/// Families and operations whose name begins so, for the shell.
pub(crate) fn complete_families_and_operations(beginning: &OsStr) -> Vec<CompletionCandidate> {
    let mut candidates = complete_families(beginning);
    candidates.extend(complete_operations(beginning));
    candidates
}

/// Families whose name begins so, for the shell.
pub(crate) fn complete_families(beginning: &OsStr) -> Vec<CompletionCandidate> {
    let Some(beginning) = beginning.to_str() else { return Vec::new() };
    operations::families()
        .filter(|family| family.starts_with(beginning))
        .map(CompletionCandidate::new)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_however_their_name_is_written() {
        for name in
            ["list_export_jobs_v3", "list-export-jobs-v3", "getExportJobsListV3", "getexportjobslistv3"]
        {
            assert_eq!(operation(name).unwrap().id, "list_export_jobs_v3", "{name}");
        }
        let failure = operation("list_vendor").unwrap_err();
        assert!(failure.help[0].contains("Did you mean"), "{failure:?}");
        let failure = operation("qqqq").unwrap_err();
        assert!(failure.help[0].contains("pleo operations WORD"), "{failure:?}");
        assert!(family_or_operation("export").unwrap().len() > 10);
        assert_eq!(family_or_operation("get_company").unwrap().len(), 1);
    }
}
