//! Reading a documentation site: the index, its pages, and the whole documents it lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use futures_util::{StreamExt as _, stream};
use indicatif::ProgressBar;
use url::Url;

use crate::{
    client::{Answer, Pages, ReadError, Validators},
    collected::Collected,
    content::{Content, are_pages, content},
    error::FetchError,
    gate::Gate,
    index::Index,
    lock::{self, Kind, Lock, LockedPage},
    notes::Note,
    partial::Partial,
    published::{Before, operations},
    request::Request,
    unite::{self, Part},
};

/// After this many pages in trouble the site is left alone.
const MOST_FAILED: usize = 10;

type Addresses = BTreeMap<Url, Kind>;

/// A page after it was asked for.
enum State {
    /// It is what the lock says.
    Same,
    /// It was read.
    Read(Validators, Content),
    /// The site does not have it.
    Gone(ReadError),
}

/// What an index leads to.
struct Listing {
    addresses: Addresses,
    /// All pages that are listed, those of operations included; none where the index was not sent again.
    all: Option<Vec<Url>>,
    locked: lock::Index,
}

/// What a site is read with.
pub(crate) struct Site<'r, P> {
    pub(crate) root: &'r Path,
    pub(crate) before: &'r Before,
    pub(crate) request: &'r Request,
    pub(crate) pages: &'r P,
    pub(crate) progress: &'r ProgressBar,
    pub(crate) gate: &'r Gate,
}

/// Reads what an index leads to. With `whole_index` that is read whether it has changed or not.
pub(crate) async fn collect<P: Pages>(
    site: &Site<'_, P>,
    index: &Url,
    whole_index: bool,
) -> Result<Collected, FetchError> {
    let Site { root, before, request, pages, progress, gate } = *site;
    let lock = before.lock.as_ref().filter(|lock| {
        lock.prose == request.keep_prose
            && lock.index.as_ref().is_some_and(|locked| locked.address == index.as_str())
    });
    let partial = Partial::open(root, index, gate.clone());
    let mut run = Run {
        pages,
        partial: &partial,
        at_once: request.manners.at_once.max(1),
        progress,
        notes: Vec::new(),
    };
    let listing = run.index(index, lock, whole_index).await?;
    let addresses = &listing.addresses;
    let most = request.manners.most_pages;
    if addresses.len() > most {
        return Err(FetchError::TooMany { index: index.to_string(), listed: addresses.len(), most });
    }

    let locked: BTreeMap<&str, &LockedPage> = lock.map(Lock::by_address).unwrap_or_default();
    // A document that was changed here says nothing about its pages.
    let known = |address: &Url| {
        let page = locked.get(address.as_str()).filter(|page| page.validators.any())?;
        let usable = page.document.as_deref().is_none_or(|title| before.intact(title));
        usable.then_some(&page.validators)
    };
    progress.set_length(addresses.len() as u64);
    let mut states = run.read(addresses, &known).await?;
    loop {
        let again = to_read_again(addresses, &locked, &states);
        if again.is_empty() {
            break;
        }
        progress.inc_length(again.len() as u64);
        states.extend(run.read(&again, &|_| None).await?);
    }
    let read = states.iter().filter_map(|(address, state)| match state {
        State::Read(_, content) => Some((address, content)),
        _ => None,
    });
    let same = states.iter().filter(|(_, state)| matches!(state, State::Same));
    let same = same.filter_map(|(address, _)| Some((address, locked.get(address.as_str())?.sha256.as_str())));
    are_pages(&listing.locked.title, same.filter(|(_, hash)| !hash.is_empty()), read)?;
    enough(addresses, &states)?;

    let mut notes = run.notes;
    let mut collected = Collected { index: Some(listing.locked), ..Collected::default() };
    let (mut wholes, mut no_operation) = (Vec::new(), Vec::new());
    for (address, state) in states {
        let kind = listing.addresses[&address];
        let fresh = |validators, content: &Content| LockedPage {
            address: address.to_string(),
            kind,
            validators,
            document: content.part().map(|part| part.title().to_owned()),
            operations: content.part().map(|part| operations(&part.document)).unwrap_or_default(),
            sha256: content.hash().to_owned(),
        };
        match state {
            State::Same => {
                let page = locked.get(address.as_str()).map(|page| (*page).clone());
                collected.unchanged += 1;
                collected.kept.extend(page.iter().filter_map(|page| page.document.clone()));
                collected.pages.extend(page);
            }
            State::Read(validators, content) => {
                collected.read += 1;
                collected.pages.push(fresh(validators, &content));
                match content {
                    Content::Part(part) if kind == Kind::Page => collected.parts.push(part),
                    Content::Part(part) => wholes.push((kind, part)),
                    Content::Webhook(name) => notes.push(Note::Webhook(address, name)),
                    // Only once: the lock knows it from then on.
                    Content::Text { .. } if !locked.contains_key(address.as_str()) => {
                        no_operation.push(address)
                    }
                    Content::Text { .. } | Content::Nothing => {}
                }
            }
            State::Gone(error) if kind != Kind::Beside => {
                collected.pages.push(fresh(Validators::default(), &Content::Nothing));
                notes.push(Note::NotThere(address, error));
            }
            State::Gone(_) => {}
        }
    }
    if !no_operation.is_empty() {
        notes.push(Note::NoOperation(no_operation));
    }
    // What the index lists comes before what was only tried.
    wholes.sort_by_key(|(kind, _)| *kind);
    for (_, whole) in wholes {
        let document = whole.source.clone();
        if let Err(why) = add_whole(whole, before, &mut collected) {
            for page in collected.pages.iter_mut().filter(|page| page.address == document) {
                (page.document, page.operations) = (None, Vec::new());
            }
            notes.push(Note::LeftOut { document, why });
        }
    }
    let of_operations: BTreeSet<&str> = collected
        .pages
        .iter()
        .filter(|page| page.document.is_some())
        .map(|page| page.address.as_str())
        .collect();
    collected.listed = listing.all.map(|all| {
        let others = all.iter().filter(|address| !of_operations.contains(address.as_str()));
        others.map(|address| address.path().trim_end_matches(".md").to_owned()).collect()
    });
    collected.notes = notes;
    collected.partial = Some(partial);
    Ok(collected)
}

struct Run<'a, P> {
    pages: &'a P,
    partial: &'a Partial,
    at_once: usize,
    progress: &'a ProgressBar,
    notes: Vec<Note>,
}

impl<P: Pages> Run<'_, P> {
    /// What the index leads to.
    async fn index(&mut self, index: &Url, lock: Option<&Lock>, whole: bool) -> Result<Listing, FetchError> {
        let known = lock.and_then(|lock| lock.index.as_ref()).map(|index| &index.validators);
        let known = known.filter(|known| known.any() && !whole);
        let answer = self.get(index, known).await;
        let answer = answer.map_err(|error| FetchError::Read { address: index.to_string(), error })?;
        let mut title =
            lock.and_then(|lock| lock.index.as_ref()).map_or_else(String::new, |index| index.title.clone());
        let (mut addresses, mut all) = (Addresses::new(), None);
        let validators = match answer {
            Answer::Unchanged => {
                // A lock can be edited; what it names elsewhere was never in the index.
                let locked = lock.iter().flat_map(|lock| &lock.pages);
                let locked = locked.filter_map(|page| Some((page.address.parse::<Url>().ok()?, page.kind)));
                addresses.extend(locked.filter(|(address, _)| address.origin() == index.origin()));
                known.cloned().unwrap_or_default()
            }
            Answer::Page { text, validators } => {
                let listed = Index::parse(&text, index);
                title = listed.title;
                all = Some(listed.pages.iter().chain(&listed.guides).cloned().collect());
                addresses.extend(listed.pages.into_iter().map(|address| (address, Kind::Page)));
                addresses.extend(listed.documents.into_iter().map(|address| (address, Kind::Whole)));
                if !listed.elsewhere.is_empty() {
                    self.notes.push(Note::Elsewhere(listed.elsewhere));
                }
                validators
            }
        };
        if let Ok(beside) = index.join("openapi.json") {
            addresses.entry(beside).or_insert(Kind::Beside);
        }
        Ok(Listing { addresses, all, locked: lock::Index { address: index.to_string(), title, validators } })
    }

    /// Reads pages, several at once.
    async fn read<'k>(
        &mut self,
        addresses: &Addresses,
        known: &impl Fn(&Url) -> Option<&'k Validators>,
    ) -> Result<BTreeMap<Url, State>, FetchError> {
        let (mut states, mut unread, mut unusable) = (BTreeMap::new(), Vec::new(), Vec::new());
        let this = &*self;
        let mut notes = Vec::new();
        let mut answers = stream::iter(addresses)
            .map(|(address, kind)| async move { (address, *kind, this.get(address, known(address)).await) })
            .buffer_unordered(self.at_once);
        while let Some((address, kind, answer)) = answers.next().await {
            this.progress.inc(1);
            let state = match answer {
                Ok(Answer::Unchanged) => State::Same,
                Ok(Answer::Page { text, validators }) => match content(address, kind, &text) {
                    Ok(content) => State::Read(validators, content),
                    Err(error) if kind == Kind::Beside => {
                        notes.push(Note::LeftOut { document: address.to_string(), why: error.to_string() });
                        State::Read(validators, Content::Nothing)
                    }
                    Err(error) => {
                        unusable.push((address.to_string(), error));
                        continue;
                    }
                },
                Err(error @ ReadError::Gone(_)) => State::Gone(error),
                Err(error) if kind == Kind::Beside => {
                    notes.push(Note::LeftOut { document: address.to_string(), why: error.to_string() });
                    State::Gone(error)
                }
                Err(error) => {
                    unread.push((address.to_string(), error));
                    if unread.len() >= MOST_FAILED {
                        break;
                    }
                    continue;
                }
            };
            states.insert(address.clone(), state);
        }
        drop(answers);
        self.notes.extend(notes);
        unread.sort_by(|a, b| a.0.cmp(&b.0));
        unusable.sort_by(|a, b| a.0.cmp(&b.0));
        if !unread.is_empty() {
            return Err(FetchError::Unread(unread));
        }
        if unusable.is_empty() { Ok(states) } else { Err(FetchError::Unusable(unusable)) }
    }

    /// Reads one page, unless it is what an earlier run got, or what the lock says.
    async fn get(&self, address: &Url, known: Option<&Validators>) -> Result<Answer, ReadError> {
        let saved = self.partial.get(address).filter(|saved| saved.validators.any());
        let known = saved.as_ref().map(|saved| &saved.validators).or(known);
        match (self.pages.read(address, known).await?, saved) {
            (Answer::Unchanged, Some(saved)) => {
                Ok(Answer::Page { text: saved.text, validators: saved.validators })
            }
            (Answer::Page { text, validators }, _) => {
                self.partial.put(address, &text, &validators);
                Ok(Answer::Page { text, validators })
            }
            (Answer::Unchanged, None) => Ok(Answer::Unchanged),
        }
    }
}

/// What was not sent again and is needed all the same: the pages of a document that is not what it
/// was, and, once anything is, the whole documents, which are taken or left out by what pages say.
fn to_read_again(
    addresses: &Addresses,
    locked: &BTreeMap<&str, &LockedPage>,
    states: &BTreeMap<Url, State>,
) -> Addresses {
    let state = |address: &str| states.get(&Url::parse(address).ok()?);
    let lost = locked.values().filter(|page| !matches!(state(&page.address), Some(State::Same)));
    let mut touched: BTreeSet<&str> = lost.filter_map(|page| page.document.as_deref()).collect();
    for state in states.values() {
        if let State::Read(_, Content::Part(part)) = state {
            touched.insert(part.title());
        }
    }
    let is_needed = |address: &Url, kind: Kind| {
        let document = locked.get(address.as_str()).and_then(|page| page.document.as_deref());
        document.is_some_and(|title| touched.contains(title)) || kind != Kind::Page && !touched.is_empty()
    };
    let again = addresses.iter().filter(|(address, kind)| {
        matches!(states.get(*address), Some(State::Same)) && is_needed(address, **kind)
    });
    again.map(|(address, kind)| (address.clone(), *kind)).collect()
}

/// Whether enough of the listed pages are there.
fn enough(addresses: &Addresses, states: &BTreeMap<Url, State>) -> Result<(), FetchError> {
    let listed = addresses.values().filter(|kind| **kind == Kind::Page).count();
    let failed: Vec<_> = states
        .iter()
        .filter(|(address, _)| addresses[*address] == Kind::Page)
        .filter_map(|(address, state)| match state {
            State::Gone(error) => Some((address.to_string(), error.clone())),
            _ => None,
        })
        .collect();
    let read = listed - failed.len();
    if read * 10 < listed * 9 { Err(FetchError::TooFew { read, listed, failed }) } else { Ok(()) }
}

/// Takes a whole document where the pages give none, or where it says nothing else than they.
///
/// # Errors
/// Says why it is left out.
fn add_whole(whole: Part, before: &Before, collected: &mut Collected) -> Result<(), String> {
    let (same, others): (Vec<&Part>, Vec<&Part>) =
        collected.parts.iter().partition(|part| part.title() == whole.title());
    let described: BTreeSet<String> = others
        .iter()
        .flat_map(|part| operations(&part.document))
        .chain(collected.kept.iter().flat_map(|title| before.operations(title)).map(str::to_owned))
        .collect();
    if let Some(operation) =
        operations(&whole.document).iter().find(|operation| described.contains(*operation))
    {
        return Err(format!("{operation} is part of another document"));
    }
    let among_themselves = unite::unite(same.iter().copied()).1;
    let with_it = unite::unite(same.into_iter().chain([&whole])).1;
    if let Some(place) =
        with_it.iter().find(|with_it| among_themselves.iter().all(|place| place.place != with_it.place))
    {
        return Err(format!("the pages say something else: {place}"));
    }
    collected.parts.push(whole);
    Ok(())
}
