//! `spec/guides.toml`, which says what depends on which page, and `spec/guides.lock.toml`, which says what the pages
//! were when they were last read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::sections::Sections;
use crate::lock::read_back;

/// The pages that statements depend on, from the root of the project.
pub const GUIDES: &str = "spec/guides.toml";
/// What those pages were, from the root of the project.
pub const GUIDES_LOCK: &str = "spec/guides.lock.toml";

const HEADER: &str = "# Written by `cargo xtask fetch`: the pages of spec/guides.toml as they were last read. Each section has its\n\
                      # heading and the SHA-256 of its normalised text; none of the text is kept.\n\n";
const FORM: u32 = 1;

/// The pages that statements depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guides {
    /// The pages.
    #[serde(default, rename = "page")]
    pub pages: Vec<Guide>,
}

/// A page that statements depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// Its path on the site, without `.md`.
    pub path: String,
    /// The numbers of the statements that depend on some part of it.
    #[serde(default)]
    pub statements: Vec<String>,
    /// The numbers of the statements that depend on a section, by its heading.
    #[serde(default)]
    pub sections: BTreeMap<String, Vec<String>>,
}

impl Guide {
    /// The statements that depend on a section: its own, and those that may depend on any.
    pub fn statements_of(&self, heading: &str) -> BTreeSet<String> {
        self.sections.get(heading).into_iter().flatten().chain(&self.statements).cloned().collect()
    }

    /// All statements that depend on the page.
    pub fn all_statements(&self) -> BTreeSet<String> {
        self.sections.values().flatten().chain(&self.statements).cloned().collect()
    }
}

impl Guides {
    /// Reads the pages below the root of the project; `None` where there is no such file.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn read(root: &Path) -> Result<Option<Self>, String> {
        let text = match fs::read_to_string(root.join(GUIDES)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let guides: Self = toml::from_str(&text).map_err(|error| error.to_string())?;
        let mut seen = BTreeSet::new();
        for guide in &guides.pages {
            if !guide.path.starts_with('/')
                || guide.path.starts_with("//")
                || guide.path.contains(['?', '#', '\\'])
            {
                return Err(format!("`{}` is not the path of a page", guide.path));
            }
            if !seen.insert(&guide.path) {
                return Err(format!("`{}` is there twice", guide.path));
            }
        }
        Ok(Some(guides))
    }
}

/// What the pages were when they were last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuidesLock {
    /// The form of this file.
    form: u32,
    /// The pages that the index listed in the folders of those pages, without `.md`; none before it was read.
    #[serde(default)]
    pub listed: BTreeSet<String>,
    /// The pages by their path. A page that was not there has no sections.
    #[serde(default, rename = "page")]
    pub pages: BTreeMap<String, Sections>,
}

/// An empty lock.
impl Default for GuidesLock {
    fn default() -> Self {
        Self { form: FORM, listed: BTreeSet::new(), pages: BTreeMap::new() }
    }
}

impl GuidesLock {
    /// Reads a lock. `None` for one of another form, or none at all: there is then nothing to compare with.
    pub fn parse(text: &str) -> Option<Self> {
        toml::from_str(text).ok().filter(|lock: &Self| lock.form == FORM)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// For a text that TOML cannot hold, or that would be read differently.
    pub fn to_toml(&self) -> Result<String, String> {
        read_back(HEADER, toml::to_string_pretty(self), |text| Self::parse(text).as_ref() == Some(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_it_was_written_whatever_headings_say() {
        let mut lock = GuidesLock::default();
        lock.listed.insert("/docs/a".to_owned());
        let headings = ["", "What’s next?", "a = \"b\"\n[[page]]", "]\u{1b}", "'''", "\\\"\"\"", "日本"];
        let sections = headings.map(|heading| (heading.to_owned(), vec!["1".to_owned(), "2".to_owned()]));
        lock.pages.insert("/docs/a".to_owned(), sections.into());
        lock.pages.insert("/docs/gone".to_owned(), Sections::new());
        let text = lock.to_toml().unwrap();
        assert_eq!(GuidesLock::parse(&text), Some(lock));
        for broken in ["", "<<<<<<<", &text.replace("form = 1", "form = 2")] {
            assert_eq!(GuidesLock::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn pages_are_refused_by_what_is_wrong_with_them() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Guides::read(root.path()), Ok(None));
        for (text, problem) in [
            ("[[page]]\n", "missing field `path`"),
            ("[[page]]\npath = \"docs/a\"\n", "`docs/a`"),
            ("[[page]]\npath = \"//evil.example/a\"\n", "evil"),
            ("[[page]]\npath = \"/a\"\n[[page]]\npath = \"/a\"\n", "twice"),
            ("[[page]]\npath = \"/a\"\nstatement = []\n", "unknown field"),
        ] {
            xtask_tree::write(&root.path().join(GUIDES), text.as_bytes()).unwrap();
            let said = Guides::read(root.path()).unwrap_err();
            assert!(said.contains(problem), "{said}");
        }
    }

    /// The pages of each statement, as `docs/maintainers/sources.md` has them: rows of its tables, names of pages, addresses.
    fn cited(sources: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut pages: BTreeMap<String, String> = BTreeMap::new();
        for line in sources.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if let [_, names, _, path, _] = cells.as_slice()
                && path.starts_with("`/docs/")
            {
                pages.extend(
                    names.split(", ").map(|name| (name.to_owned(), path.trim_matches('`').to_owned())),
                );
            } else if let Some((name, address)) =
                line.strip_prefix('[').and_then(|line| line.split_once("]: "))
            {
                let path = address.strip_prefix("https://developers.pleo.io").unwrap();
                pages.insert(format!("[{name}]"), path.to_owned());
            }
        }
        let mut found = BTreeMap::new();
        for line in sources.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, number, _, place, _] = cells.as_slice() else { continue };
            let place = place.replace("S0 to S3", "S0, S1, S2, S3");
            let linked = place.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
            let linked = linked.map(|(name, _)| format!("[{name}]"));
            let named = place.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned);
            let paths: BTreeSet<String> =
                linked.chain(named).filter_map(|name| pages.get(&name).cloned()).collect();
            if !paths.is_empty() && number.len() > 1 && !number.starts_with('S') {
                found.insert((*number).to_owned(), paths);
            }
        }
        found
    }

    #[test]
    fn every_page_that_a_statement_comes_from_is_listed_with_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let guides = Guides::read(&root).unwrap().unwrap();
        let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for guide in &guides.pages {
            for statement in guide.all_statements() {
                listed.entry(statement).or_default().insert(guide.path.clone());
            }
        }
        let cited = cited(&fs::read_to_string(root.join("docs/maintainers/sources.md")).unwrap());
        assert!(cited.len() > 200, "{}", cited.len());
        for (statement, pages) in &cited {
            assert_eq!(
                listed.get(statement),
                Some(pages),
                "{statement}: docs/maintainers/sources.md and spec/guides.toml differ"
            );
        }
        assert_eq!(listed.len(), cited.len());
    }

    #[test]
    fn a_section_has_its_own_statements_and_those_of_the_whole_page() {
        let text =
            "[[page]]\npath = \"/a\"\nstatements = [\"A1\"]\n[page.sections]\nCosts = [\"Z1\", \"Z2\"]\n";
        let guides: Guides = toml::from_str(text).unwrap();
        assert_eq!(
            guides.pages[0].statements_of("Costs").into_iter().collect::<Vec<_>>(),
            ["A1", "Z1", "Z2"]
        );
        assert_eq!(guides.pages[0].statements_of("Other").into_iter().collect::<Vec<_>>(), ["A1"]);
        assert_eq!(guides.pages[0].all_statements().len(), 3);
    }
}
