//! Documents as they will be published: their parts united, with a text and a file of their own.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToKebabCase as _;

use crate::{
    error::FetchError,
    lock::{LockedDocument, sha256},
    notes::Note,
    prose,
    published::{Before, operations, text_at},
    request::Request,
    unite::{self, Part},
    write,
};

/// A document as it will be published.
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) locked: LockedDocument,
}

/// Documents by their titles.
pub(crate) type Drafts = BTreeMap<String, Draft>;

/// Makes documents of their parts, beside those that stay as they are.
pub(crate) fn make(
    before: &Before,
    kept: &BTreeSet<String>,
    parts: Vec<Part>,
    request: &Request,
    notes: &mut Vec<Note>,
) -> Result<Drafts, FetchError> {
    let mut drafts = keep(before, kept);
    let mut by_title: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for mut part in parts {
        if !request.keep_prose {
            prose::leave_out(&mut part.document);
        }
        by_title.entry(part.title().to_owned()).or_default().push(part);
    }
    let titles: BTreeSet<String> = drafts.keys().chain(by_title.keys()).cloned().collect();
    let mut mixed = Vec::new();
    for (title, parts) in by_title {
        let (document, places) = unite::unite(&parts);
        if !places.is_empty() && !request.allow_mixed {
            mixed.push((title, places));
            continue;
        }
        notes.extend(places.into_iter().map(|place| Note::Chosen { title: title.clone(), place }));
        unite::check(&document).map_err(|problem| FetchError::NotOpenApi(vec![(title.clone(), problem)]))?;
        let file = file(before, &title, &titles, &drafts)?;
        let text = write::to_yaml(&file, &document)?;
        let sources: BTreeSet<_> = parts.into_iter().map(|part| part.source).collect();
        let locked = LockedDocument {
            title: title.clone(),
            version: text_at(&document, "/info/version").to_owned(),
            sha256: sha256(&text),
            operations: operations(&document),
            sources: sources.into_iter().collect(),
            file,
        };
        drafts.insert(title, Draft { text, locked });
    }
    if mixed.is_empty() { Ok(drafts) } else { Err(FetchError::Mixed(mixed)) }
}

/// The documents that stay as they are.
fn keep(before: &Before, titles: &BTreeSet<String>) -> Drafts {
    let locked = before.lock.iter().flat_map(|lock| &lock.documents);
    locked
        .filter(|locked| titles.contains(&locked.title))
        .filter_map(|locked| {
            let here = before.documents.iter().find(|here| here.file == locked.file)?;
            Some((locked.title.clone(), Draft { text: here.text.clone(), locked: locked.clone() }))
        })
        .collect()
}

/// The longest name of a file, in characters, without its extension.
const LONGEST: usize = 80;
/// Names that Windows reserves for devices, whatever their extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The file of a document: the one it has, or one by its title that no other of `titles` has.
fn file(
    before: &Before,
    title: &str,
    titles: &BTreeSet<String>,
    taken: &Drafts,
) -> Result<String, FetchError> {
    if let Some(here) = before.documents.iter().find(|here| here.title == title) {
        return Ok(here.file.clone());
    }
    let problem = |problem: String| FetchError::Name { title: title.to_owned(), problem };
    let slug = title.strip_suffix(" API").unwrap_or(title).to_kebab_case();
    let slug: String = slug.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() {
        return Err(problem("its title has no letter or digit to make one of".to_owned()));
    }
    if slug.len() > LONGEST {
        return Err(problem(format!("its title makes a name of more than {LONGEST} characters")));
    }
    let is_port =
        ["com", "lpt"].iter().any(|port| slug.strip_prefix(port).is_some_and(|rest| rest.len() == 1));
    if DEVICES.contains(&slug) || is_port {
        return Err(problem(format!("{slug} is the name of a device on Windows")));
    }
    let file = format!("{slug}.yaml");
    let here = before.documents.iter().find(|here| here.file == file && titles.contains(&here.title));
    let here = here.map(|here| here.title.as_str());
    let new = taken.iter().find(|(_, draft)| draft.locked.file == file).map(|(title, _)| title.as_str());
    match here.or(new) {
        Some(other) => Err(problem(format!("{file} is that of `{other}`"))),
        None => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(title: &str) -> Result<String, String> {
        let before = Before { documents: Vec::new(), lock: None };
        file(&before, title, &BTreeSet::new(), &Drafts::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_title_becomes_a_plain_name_or_none() {
        for (title, file) in [
            ("Card Orders API", "card-orders.yaml"),
            ("../../etc/passwd", "etc-passwd.yaml"),
            ("-rf ~ $(id) `id` ;", "rf-id-id.yaml"),
            (".git/config", "git-config.yaml"),
            ("Größe", "gre.yaml"),
        ] {
            assert_eq!(name(title).as_deref(), Ok(file));
        }
        for title in ["", "API", "日本 API", "..", "CON API", "com1", &"x".repeat(81)] {
            let said = name(title);
            assert!(title == "API" || said.is_err(), "{title}: {said:?}");
        }
    }
}
