//! What is different about the guide pages, and what depends on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    citations,
    files::{Guide, Guides, GuidesLock},
    sections::Sections,
};

/// Something that changed in the guide pages, and what to read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The path of the page on the site.
    pub page: String,
    /// What changed.
    pub what: What,
    /// The numbers of the statements that depend on it (`docs/maintainers/sources.md`).
    pub statements: BTreeSet<String>,
    /// The ids of the conformance rules that cite those.
    pub rules: BTreeSet<String>,
    /// The lines of code, documentation and overlays that cite those.
    pub passages: BTreeSet<(String, usize)>,
}

/// What changed about a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A section's text.
    Changed(String),
    /// A section's heading: the old one and the new one. The text is the same.
    Renamed(String, String),
    /// A section that was not there.
    NewSection(String),
    /// A section that is not there any more.
    SectionGone(String),
    /// A page that statements depend on is not there any more.
    PageGone,
    /// A page that statements depend on and that was gone is there again.
    PageBack,
    /// A page that no statement depends on is new, in a folder of pages that statements depend on.
    PageNew,
    /// Such a page is not listed any more.
    PageUnlisted,
}

/// What changed between two states, with what depends on it. A page that is in one of them only was not read, and
/// says nothing.
pub fn compare(root: &Path, guides: &Guides, before: &GuidesLock, now: &GuidesLock) -> Vec<News> {
    let mut found = Vec::new();
    for guide in &guides.pages {
        if let (Some(before), Some(now)) = (before.pages.get(&guide.path), now.pages.get(&guide.path)) {
            found.extend(of_page(guide, before, now));
        }
    }
    let cited: BTreeSet<&String> = guides.pages.iter().map(|guide| &guide.path).collect();
    if !before.listed.is_empty() {
        for (more, than, what) in
            [(&now.listed, &before.listed, What::PageNew), (&before.listed, &now.listed, What::PageUnlisted)]
        {
            let paths = more.difference(than).filter(|path| !cited.contains(path));
            found.extend(paths.map(|path| news(path, what.clone(), BTreeSet::new())));
        }
    }
    let statements = found.iter().flat_map(|news| &news.statements).cloned().collect();
    let citing = citations::find(root, &statements);
    for news in &mut found {
        for citations in news.statements.iter().filter_map(|statement| citing.get(statement)) {
            news.rules.extend(citations.rules.iter().cloned());
            news.passages.extend(citations.passages.iter().cloned());
        }
    }
    found
}

fn news(page: &str, what: What, statements: BTreeSet<String>) -> News {
    News { page: page.to_owned(), what, statements, rules: BTreeSet::new(), passages: BTreeSet::new() }
}

fn of_page(guide: &Guide, before: &Sections, now: &Sections) -> Vec<News> {
    let whole = |what| vec![news(&guide.path, what, guide.all_statements())];
    match (before.is_empty(), now.is_empty()) {
        (false, true) => return whole(What::PageGone),
        (true, false) => return whole(What::PageBack),
        _ => {}
    }
    let mut gone: BTreeMap<&String, &Vec<String>> =
        before.iter().filter(|(heading, _)| !now.contains_key(*heading)).collect();
    let mut found = Vec::new();
    for (heading, hashes) in now {
        let (what, old) = match before.get(heading) {
            Some(known) if known == hashes => continue,
            Some(_) => (What::Changed(heading.clone()), heading),
            None => match gone.iter().find(|(_, known)| *known == &hashes).map(|(old, _)| *old) {
                Some(old) => {
                    gone.remove(old);
                    (What::Renamed(old.clone(), heading.clone()), old)
                }
                None => (What::NewSection(heading.clone()), heading),
            },
        };
        found.push(news(&guide.path, what, guide.statements_of(old)));
    }
    for heading in gone.into_keys() {
        found.push(news(&guide.path, What::SectionGone(heading.clone()), guide.statements_of(heading)));
    }
    found.sort_by(|a, b| a.what.cmp(&b.what));
    found
}

/// The sections that `spec/guides.toml` names and that a page does not have: page and heading.
pub fn unknown_sections(guides: &Guides, now: &GuidesLock) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for guide in &guides.pages {
        let Some(sections) = now.pages.get(&guide.path).filter(|sections| !sections.is_empty()) else {
            continue;
        };
        let unknown = guide.sections.keys().filter(|heading| !sections.contains_key(*heading));
        found.extend(unknown.map(|heading| (guide.path.clone(), heading.clone())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guides::sections;

    const PAGE: &str = "See the index.\n\n# Kettles\n\nWords.\n\n## Fill\n\nWater.\n\n## Empty\n\nTip.\n\n## Empty section\n";

    fn guides() -> Guides {
        Guides {
            pages: vec![Guide {
                path: "/docs/kettles".to_owned(),
                statements: vec!["A1".to_owned()],
                sections: [("Fill", "Z1"), ("Empty", "Z2"), ("Kettles", "Z3")]
                    .map(|(heading, number)| (heading.to_owned(), vec![number.to_owned()]))
                    .into(),
            }],
        }
    }

    fn lock(text: Option<&str>) -> GuidesLock {
        let mut lock = GuidesLock::default();
        let sections = text.map(sections::of).unwrap_or_default();
        lock.pages.insert("/docs/kettles".to_owned(), sections);
        lock
    }

    fn changes(before: &GuidesLock, now: &GuidesLock) -> Vec<(What, String)> {
        let root = tempfile::tempdir().unwrap();
        let found = compare(root.path(), &guides(), before, now).into_iter();
        found.map(|news| (news.what, news.statements.into_iter().collect::<Vec<_>>().join(" "))).collect()
    }

    fn after(from: &str, to: &str) -> Vec<(What, String)> {
        let text = PAGE.replace(from, to);
        assert_ne!(text, PAGE);
        changes(&lock(Some(PAGE)), &lock(Some(&text)))
    }

    fn one(what: What, statements: &str) -> Vec<(What, String)> {
        vec![(what, statements.to_owned())]
    }

    #[test]
    fn a_changed_section_names_its_statements_and_those_of_the_page() {
        assert_eq!(after("Water.", "Oil."), one(What::Changed("Fill".to_owned()), "A1 Z1"));
        assert_eq!(after("Words.", "More."), one(What::Changed("Kettles".to_owned()), "A1 Z3"));
        assert_eq!(after("See", "Read"), one(What::Changed(String::new()), "A1"));
        assert_eq!(after("## Fill", "More.\n\n## Fill"), one(What::Changed("Kettles".to_owned()), "A1 Z3"));
    }

    #[test]
    fn order_and_layout_say_nothing() {
        assert_eq!(changes(&lock(Some(PAGE)), &lock(Some(PAGE))), []);
        assert_eq!(after("\n\n", "\n\n\n"), []);
        assert_eq!(after("Water.", "**Water.**"), []);
        assert_eq!(
            after("## Fill\n\nWater.\n\n## Empty\n\nTip.", "## Empty\n\nTip.\n\n### Fill\n\nWater."),
            []
        );
    }

    #[test]
    fn a_renamed_heading_keeps_its_statements() {
        let renamed = What::Renamed("Fill".to_owned(), "Filling".to_owned());
        assert_eq!(after("## Fill", "## Filling"), one(renamed, "A1 Z1"));
        assert_eq!(
            after("## Fill\n\nWater.", "## Filling\n\nOil."),
            [
                (What::NewSection("Filling".to_owned()), "A1".to_owned()),
                (What::SectionGone("Fill".to_owned()), "A1 Z1".to_owned()),
            ]
        );
    }

    #[test]
    fn sections_that_come_and_go_are_told() {
        assert_eq!(
            after("## Empty\n", "## Clean\n\nRub.\n\n## Empty\n"),
            one(What::NewSection("Clean".to_owned()), "A1")
        );
        assert_eq!(after("## Fill\n\nWater.\n", ""), one(What::SectionGone("Fill".to_owned()), "A1 Z1"));
    }

    #[test]
    fn pages_that_go_and_come_back_are_told_once() {
        let (there, gone) = (lock(Some(PAGE)), lock(None));
        assert_eq!(changes(&there, &gone), one(What::PageGone, "A1 Z1 Z2 Z3"));
        assert_eq!(changes(&gone, &gone), []);
        assert_eq!(changes(&gone, &there), one(What::PageBack, "A1 Z1 Z2 Z3"));
        assert_eq!(changes(&GuidesLock::default(), &there), []);
        assert_eq!(changes(&there, &GuidesLock::default()), []);
    }

    #[test]
    fn pages_beside_the_cited_ones_are_told_when_they_appear_and_go() {
        let listing = |paths: &[&str]| {
            let mut lock = GuidesLock::default();
            lock.listed.extend(paths.iter().map(|path| (*path).to_owned()));
            lock
        };
        let (two, three) = (listing(&["/docs/a", "/docs/kettles"]), listing(&["/docs/a", "/docs/b"]));
        let root = tempfile::tempdir().unwrap();
        let found = compare(root.path(), &guides(), &two, &three);
        assert_eq!(
            found.iter().map(|news| (news.page.as_str(), &news.what)).collect::<Vec<_>>(),
            [("/docs/b", &What::PageNew)]
        );
        let found = compare(root.path(), &guides(), &three, &two);
        assert_eq!(found[0].what, What::PageUnlisted);
        assert_eq!(compare(root.path(), &guides(), &listing(&[]), &two), []);
    }

    #[test]
    fn what_cites_the_statements_is_named() {
        let root = tempfile::tempdir().unwrap();
        let rules = "Rule {\n    id: \"KTL-001\",\n    sources: &[\"Z1\"],\n}\n";
        xtask_tree::write(&root.path().join("crates/a/src/rules.rs"), rules.as_bytes()).unwrap();
        xtask_tree::write(&root.path().join("docs/access.md"), b"# A\n\nWater only (A1).\n").unwrap();
        let found =
            compare(root.path(), &guides(), &lock(Some(PAGE)), &lock(Some(&PAGE.replace("Water", "Oil"))));
        assert_eq!(found[0].rules, BTreeSet::from(["KTL-001".to_owned()]));
        assert_eq!(found[0].passages, BTreeSet::from([("docs/access.md".to_owned(), 3)]));
    }

    #[test]
    fn a_section_that_the_page_does_not_have_is_found() {
        let page = PAGE.replace("## Fill", "## Filling");
        assert_eq!(
            unknown_sections(&guides(), &lock(Some(&page))),
            [("/docs/kettles".to_owned(), "Fill".to_owned())]
        );
        assert_eq!(unknown_sections(&guides(), &lock(None)), []);
    }
}
