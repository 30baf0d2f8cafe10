//! What is not done without leave: operations that two documents have, and operations or documents that would
//! disappear.

use std::collections::{BTreeMap, BTreeSet};

use xtask_openapi::foreign::one_line;

use crate::{
    collected::Collected,
    draft::Drafts,
    error::{Duplicate, FetchError},
    notes::{Fate, Note},
    published::{Before, operations},
    request::{Given, Request, Source},
};

/// Refuses operations that two documents have. How a path names its parameters makes no difference.
pub(crate) fn duplicates(before: &Before, collected: &Collected) -> Result<(), FetchError> {
    let kept = before.documents.iter().filter(|document| collected.kept.contains(&document.title));
    let kept =
        kept.map(|document| (document.title.as_str(), document.file.as_str(), document.operations.clone()));
    let parts = collected.parts.iter();
    let parts = parts.map(|part| (part.title(), part.source.as_str(), operations(&part.document)));
    let mut found: BTreeMap<String, (String, BTreeMap<&str, &str>)> = BTreeMap::new();
    for (title, from, operations) in kept.chain(parts) {
        for operation in operations {
            let (_, documents) =
                found.entry(without_names(&operation)).or_insert_with(|| (operation, BTreeMap::new()));
            documents.entry(title).or_insert(from);
        }
    }
    let duplicates: Vec<Duplicate> = found
        .into_values()
        .filter(|(_, documents)| documents.len() > 1)
        .map(|(operation, documents)| Duplicate {
            operation,
            documents: documents
                .into_iter()
                .map(|(title, from)| (title.to_owned(), from.to_owned()))
                .collect(),
        })
        .collect();
    if duplicates.is_empty() { Ok(()) } else { Err(FetchError::Duplicates(duplicates)) }
}

/// An operation with a path whose parameters have no names: `GET /v1/things/{}`.
fn without_names(operation: &str) -> String {
    let mut parts = operation.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("{}");
        out.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    out
}

/// Refuses what would disappear, unless that is allowed; it is then noted.
pub(crate) fn removals(
    before: &Before,
    now: &Drafts,
    request: &Request,
    notes: &mut Vec<Note>,
) -> Result<(), FetchError> {
    let lost = lost(before, now);
    if lost.is_empty() || request.allow_removals {
        notes.extend(lost.into_iter().map(|lost| Note::Gone(lost.line)));
        return Ok(());
    }
    let documents: BTreeSet<&str> =
        lost.iter().filter(|lost| lost.whole).map(|lost| lost.title.as_str()).collect();
    match &request.source {
        Source::Given(given) if !documents.is_empty() => Err(FetchError::GivenRemovals {
            given: fates(before, now).iter().map(ToString::to_string).collect(),
            again: given.iter().map(argument).collect::<Vec<_>>().join(" "),
            // The operations of a document go with it.
            lost: lost
                .iter()
                .filter(|lost| lost.whole || !documents.contains(lost.title.as_str()))
                .map(|lost| lost.line.clone())
                .collect(),
        }),
        _ => Err(FetchError::Removals(lost.into_iter().map(|lost| lost.line).collect())),
    }
}

/// An operation or a document that is published here, and is not there any more.
struct Lost {
    title: String,
    whole: bool,
    line: String,
}

fn lost(before: &Before, now: &Drafts) -> Vec<Lost> {
    let present: BTreeSet<&String> = now.values().flat_map(|draft| &draft.locked.operations).collect();
    let pages = before.lock.iter().flat_map(|lock| &lock.pages);
    let pages: BTreeMap<&String, &String> = pages
        .flat_map(|page| page.operations.iter().map(move |operation| (operation, &page.address)))
        .collect();
    let mut found = Vec::new();
    for document in &before.documents {
        let title = &document.title;
        let mut add = |whole, line| found.push(Lost { title: title.clone(), whole, line });
        if !now.contains_key(title) {
            add(true, format!("the document `{title}` ({})", document.file));
        }
        for operation in document.operations.iter().filter(|operation| !present.contains(operation)) {
            let page = pages.get(operation).map(|page| format!(", last seen at {page}")).unwrap_or_default();
            add(false, format!("{operation} of `{title}`{page}"));
        }
    }
    found
}

/// What the documents that were given mean for those that are published here.
pub(crate) fn fates(before: &Before, now: &Drafts) -> Vec<Note> {
    let notes = now.iter().map(|(title, draft)| {
        let fate = match before.documents.iter().find(|here| here.title == *title) {
            None => Fate::New,
            Some(here) if here.text == draft.text => Fate::Same,
            Some(_) => Fate::Replaces,
        };
        let from = draft.locked.sources.join(", ");
        Note::Given { title: title.clone(), file: draft.locked.file.clone(), from, fate }
    });
    notes.collect()
}

/// How a document was given on the command line.
fn argument(given: &Given) -> String {
    let text = match given {
        Given::Path(path) => path.display().to_string(),
        Given::Address(address) => address.to_string(),
    };
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-:".contains(c));
    if is_plain {
        format!("--from {text}")
    } else {
        format!("--from '{}'", one_line(&text).replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_the_same_whatever_its_parameters_are_called() {
        assert_eq!(without_names("GET /v1/a/{id}/b/{other}:archive"), "GET /v1/a/{}/b/{}:archive");
        assert_eq!(without_names("GET /v1/a"), "GET /v1/a");
        assert_eq!(without_names("GET /v1/{a"), "GET /v1/{}");
    }
}
