//! Reading the guide pages, and comparing them with what they were.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use url::Url;

use super::{
    compare,
    files::{self, Guides, GuidesLock},
    report::{GuideReport, Problem},
    sections::{self, Sections},
};
use crate::{
    client::{Answer, Pages, ReadError, Validators},
    lock::{LockedGuide, sha256},
    page::{self, PageError},
};

/// After this many pages in trouble the rest is left for another time.
const MOST_FAILED: usize = 10;

/// Which guide pages to read, and what they were.
#[derive(Debug)]
pub(crate) struct Plan {
    guides: Result<Guides, String>,
    before: Option<GuidesLock>,
    /// What to ask on condition with; nothing where the lock is not what was written with it.
    validators: BTreeMap<String, Validators>,
}

/// What was read of the guide pages.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) report: GuideReport,
    /// The lock, as it will be written; none where nothing can be said.
    pub(crate) lock: Option<String>,
    /// What to ask with next time.
    pub(crate) pages: Vec<LockedGuide>,
}

impl Plan {
    /// What the files below `root` ask for; `None` where there is no `spec/guides.toml`. `known` is what the lock
    /// says of the pages, and the hash of the lock of guides that was written with it.
    pub(crate) fn read(root: &Path, known: Option<(&[LockedGuide], &str)>) -> Option<Self> {
        let guides = Guides::read(root).transpose()?;
        let text = std::fs::read_to_string(root.join(files::GUIDES_LOCK)).unwrap_or_default();
        let before = GuidesLock::parse(&text);
        let known = known.filter(|(_, hash)| before.is_some() && sha256(&text) == *hash);
        let validators = known.into_iter().flat_map(|(pages, _)| pages);
        let validators = validators.map(|page| (page.address.clone(), page.validators.clone())).collect();
        Some(Self { guides, before, validators })
    }

    /// Whether the index has to be read for it, changed or not.
    pub(crate) fn needs_index(&self) -> bool {
        self.guides.is_ok() && self.before.as_ref().is_none_or(|before| before.listed.is_empty())
    }

    /// Reads the pages from the site of an index. `listed` is what the index lists, except for the pages of operations;
    /// `None` where that has not changed.
    pub(crate) async fn carry_out(
        self,
        root: &Path,
        index: &Url,
        listed: Option<BTreeSet<String>>,
        pages: &impl Pages,
        at_once: usize,
        time: Duration,
    ) -> Read {
        let mut report = GuideReport::default();
        let guides = match self.guides {
            Ok(guides) => guides,
            Err(problem) => {
                report.problems.push(Problem::File(problem));
                return Read { report, lock: None, pages: Vec::new() };
            }
        };
        let before = self.before.unwrap_or_default();
        let mut now = GuidesLock::default();
        now.listed = listed.map_or_else(|| before.listed.clone(), |listed| beside(&guides, listed));
        let mut known = Vec::new();
        let mut failed = 0;
        let mut open: BTreeSet<&str> = guides.pages.iter().map(|guide| guide.path.as_str()).collect();
        let reading = async {
            let mut answers = stream::iter(&guides.pages)
                .map(|guide| {
                    let known = index.join(&format!("{}.md", guide.path)).map(|address| {
                        let validators = self.validators.get(address.as_str());
                        (
                            address,
                            validators.filter(|known| known.any() && before.pages.contains_key(&guide.path)),
                        )
                    });
                    async move {
                        match known {
                            Ok((address, validators)) => {
                                (guide, pages.read(&address, validators).await, Some((address, validators)))
                            }
                            Err(error) => (guide, Err(ReadError::NotAllowed(error.to_string())), None),
                        }
                    }
                })
                .buffer_unordered(at_once);
            while let Some((guide, answer, asked)) = answers.next().await {
                open.remove(guide.path.as_str());
                let page = guide.path.clone();
                let mut validators = asked.as_ref().and_then(|(_, validators)| validators.cloned());
                let sections = match answer {
                    Ok(Answer::Unchanged) => before.pages.get(&page).cloned(),
                    Ok(Answer::Page { text, validators: new }) => match page::parse(&text) {
                        Err(PageError::NotFound(_)) => Some(Sections::new()),
                        Err(error @ (PageError::Html | PageError::NoTitle)) => {
                            report.problems.push(Problem::NotAPage { page: page.clone(), error });
                            None
                        }
                        _ => {
                            validators = Some(new);
                            Some(sections::of(&text))
                        }
                    },
                    Err(ReadError::Gone(_)) => Some(Sections::new()),
                    Err(error) => {
                        failed += 1;
                        report.problems.push(Problem::Unread { page: page.clone(), error });
                        None
                    }
                };
                if let Some(sections) = sections {
                    report.read += 1;
                    report.first += usize::from(!before.pages.contains_key(&page) && !sections.is_empty());
                    if !sections.is_empty()
                        && let (Some((address, _)), Some(validators)) = (asked, validators)
                    {
                        known.push(LockedGuide { address: address.into(), validators });
                    }
                    now.pages.insert(page, sections);
                }
                if failed >= MOST_FAILED {
                    break;
                }
            }
        };
        // What was read until then is read.
        let _ = tokio::time::timeout(time, reading).await;
        if !open.is_empty() {
            report.problems.push(Problem::LeftOut(open.len()));
        }
        for guide in &guides.pages {
            match (before.pages.get(&guide.path), now.pages.get(&guide.path)) {
                (None, Some(sections)) if sections.is_empty() => {
                    report.problems.push(Problem::Missing(guide.path.clone()));
                }
                (Some(sections), None) => {
                    now.pages.insert(guide.path.clone(), sections.clone());
                }
                _ => {}
            }
        }
        let unknown = compare::unknown_sections(&guides, &now).into_iter();
        report.problems.extend(unknown.map(|(page, heading)| Problem::UnknownSection { page, heading }));
        report.problems.sort_by_key(ToString::to_string);
        report.news = compare::compare(root, &guides, &before, &now);
        known.sort_by(|a, b| a.address.cmp(&b.address));
        let lock = match now.to_toml() {
            Ok(text) => Some(text),
            Err(problem) => {
                report.problems.push(Problem::File(problem));
                None
            }
        };
        Read { report, lock, pages: known }
    }
}

/// The pages in the folders of those that statements depend on.
fn beside(guides: &Guides, listed: BTreeSet<String>) -> BTreeSet<String> {
    fn folder(path: &str) -> &str {
        path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
    let folders: BTreeSet<&str> = guides.pages.iter().map(|guide| folder(&guide.path)).collect();
    listed.into_iter().filter(|path| folders.contains(folder(path))).collect()
}
