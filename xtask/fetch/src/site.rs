//! Reading a documentation site: the index, its pages, and the whole documents it lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use futures_util::{StreamExt as _, stream};
use indicatif::ProgressBar;
use serde_json::Value;
use url::Url;

use super::{
    FetchError, Pages, Request,
    client::{Answer, ReadError, Validators},
    index::Index,
    lock::{self, Kind, Lock, LockedPage},
    page::{self, PageError},
    partial::Partial,
    state::{Before, Collected, operations},
    unite::{self, Part},
};
use xtask_openapi::Document;

/// The host of the legacy API, which is kept apart wherever it is described.
const LEGACY_HOST: &str = "openapi.pleo.io";
/// After so many pages in trouble the site is left alone.
const MOST_FAILED: usize = 10;

type Addresses = BTreeMap<Url, Kind>;

/// A page after it was asked for.
enum State {
    /// It is what the lock says.
    Same,
    /// It was read. It is a part of a document, or describes no operation.
    Read(Validators, Option<Part>),
    /// The site does not have it.
    Gone(ReadError),
}

/// Reads what an index leads to.
pub(super) async fn collect(
    index: &Url,
    root: &Path,
    before: &Before,
    request: &Request,
    pages: &impl Pages,
    progress: &ProgressBar,
) -> Result<Collected, FetchError> {
    let lock = before.lock.as_ref().filter(|lock| {
        lock.prose == request.keep_prose
            && lock.index.as_ref().is_some_and(|locked| locked.address == index.as_str())
    });
    let partial = Partial::open(root, index);
    let mut run = Run {
        pages,
        partial: &partial,
        at_once: request.manners.at_once.max(1),
        progress,
        notes: Vec::new(),
    };
    let (addresses, locked_index) = run.index(index, lock).await?;

    let locked: BTreeMap<&str, &LockedPage> = lock.map(Lock::by_address).unwrap_or_default();
    // A document that was changed here says nothing about its pages.
    let known = |address: &Url| {
        let page = locked.get(address.as_str()).filter(|page| page.validators.any())?;
        let usable = page.document.as_deref().is_none_or(|title| before.intact(title));
        usable.then_some(&page.validators)
    };
    progress.set_length(addresses.len() as u64);
    let mut states = run.read(&addresses, &known).await?;
    loop {
        let again = to_read_again(&addresses, &locked, &states);
        if again.is_empty() {
            break;
        }
        progress.inc_length(again.len() as u64);
        states.extend(run.read(&again, &|_| None).await?);
    }
    enough(&addresses, &states)?;

    let mut collected = Collected { index: Some(locked_index), ..Collected::default() };
    let (mut parts, mut wholes) = (Vec::new(), Vec::new());
    for (address, state) in states {
        let kind = addresses[&address];
        let fresh = |validators, document, operations| LockedPage {
            address: address.to_string(),
            kind,
            validators,
            document,
            operations,
        };
        match state {
            State::Same => {
                let page = locked.get(address.as_str()).map(|page| (*page).clone());
                collected.unchanged += 1;
                collected.kept.extend(page.iter().filter_map(|page| page.document.clone()));
                collected.pages.extend(page);
            }
            State::Read(validators, part) => {
                collected.read += 1;
                let title = part.as_ref().map(|part| part.title().to_owned());
                let found = part.as_ref().map(|part| operations(&part.document)).unwrap_or_default();
                collected.pages.push(fresh(validators, title, found));
                let list = if kind == Kind::Page { &mut parts } else { &mut wholes };
                list.extend(part.map(|part| (kind, part)));
            }
            State::Gone(error) if kind != Kind::Beside => {
                collected.pages.push(fresh(Validators::default(), None, Vec::new()));
                run.notes.push(format!("listed, but not there: {address}: {error}"));
            }
            State::Gone(_) => {}
        }
    }
    collected.parts = parts.into_iter().map(|(_, part)| part).collect();
    // What the index lists comes before what was only tried.
    wholes.sort_by_key(|(kind, _)| *kind);
    for (_, whole) in wholes {
        let source = whole.source.clone();
        if let Err(why) = add_whole(whole, before, &mut collected) {
            run.notes.push(format!("{source} was left out: {why}"));
            for page in collected.pages.iter_mut().filter(|page| page.address == source) {
                (page.document, page.operations) = (None, Vec::new());
            }
        }
    }
    collected.notes = run.notes;
    collected.partial = Some(partial);
    Ok(collected)
}

struct Run<'a, P> {
    pages: &'a P,
    partial: &'a Partial,
    at_once: usize,
    progress: &'a ProgressBar,
    notes: Vec<String>,
}

impl<P: Pages> Run<'_, P> {
    /// The addresses that the index leads to.
    async fn index(
        &mut self,
        index: &Url,
        lock: Option<&Lock>,
    ) -> Result<(Addresses, lock::Index), FetchError> {
        let known = lock.and_then(|lock| lock.index.as_ref()).map(|index| &index.validators);
        let answer = self.get(index, known.filter(|known| known.any())).await;
        let mut addresses = Addresses::new();
        let validators = match answer {
            Err(error) => return Err(FetchError::Read { address: index.to_string(), error }),
            Ok(Answer::Unchanged) => {
                // A lock can be edited; what it names elsewhere was never in the index.
                let locked = lock.iter().flat_map(|lock| &lock.pages);
                let locked = locked.filter_map(|page| Some((page.address.parse::<Url>().ok()?, page.kind)));
                addresses.extend(locked.filter(|(address, _)| address.origin() == index.origin()));
                known.cloned().unwrap_or_default()
            }
            Ok(Answer::Page { text, validators }) => {
                let listed = Index::parse(&text, index);
                addresses.extend(listed.pages.into_iter().map(|address| (address, Kind::Page)));
                addresses.extend(listed.documents.into_iter().map(|address| (address, Kind::Whole)));
                for address in listed.elsewhere {
                    self.notes.push(format!("on another host, not followed: {address}"));
                }
                validators
            }
        };
        if let Ok(beside) = index.join("openapi.json") {
            addresses.entry(beside).or_insert(Kind::Beside);
        }
        Ok((addresses, lock::Index { address: index.to_string(), validators }))
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
                Ok(Answer::Page { text, validators }) => match part(address, kind, &text) {
                    Ok(part) => State::Read(validators, part),
                    Err(error) if kind == Kind::Beside => {
                        notes.push(format!("{address} was left out: {error}"));
                        State::Read(validators, None)
                    }
                    Err(error) => {
                        unusable.push((address.to_string(), error));
                        continue;
                    }
                },
                Err(error @ ReadError::Gone(_)) => State::Gone(error),
                Err(error) if kind == Kind::Beside => {
                    notes.push(format!("{address} was left out: {error}"));
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

/// What a page, or a whole document, describes. The legacy API is kept apart.
fn part(address: &Url, kind: Kind, text: &str) -> Result<Option<Part>, PageError> {
    let document = if kind == Kind::Page {
        page::parse(text)?.map(|reference| reference.document)
    } else {
        let document =
            Document::parse(address.as_str(), text).map_err(|error| PageError::Block(error.problem))?;
        unite::check(&document.value).map_err(PageError::Block)?;
        Some(document.value)
    };
    Ok(document
        .filter(|document| !is_legacy(document))
        .map(|document| Part { source: address.to_string(), document }))
}

fn is_legacy(document: &Value) -> bool {
    let servers = document.get("servers").and_then(Value::as_array).into_iter().flatten();
    let hosts = servers.filter_map(|server| Url::parse(server.get("url")?.as_str()?).ok());
    hosts.into_iter().any(|host| host.host_str() == Some(LEGACY_HOST))
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
        if let State::Read(_, Some(part)) = state {
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
    let (mut same, others): (Vec<_>, Vec<_>) =
        collected.parts.iter().cloned().partition(|part| part.title() == whole.title());
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
    let among_themselves = unite::unite(&same).1;
    same.push(whole.clone());
    let with_it = unite::unite(&same).1;
    if let Some(place) =
        with_it.iter().find(|with_it| among_themselves.iter().all(|place| place.place != with_it.place))
    {
        return Err(format!("the pages say something else: {place}"));
    }
    collected.parts.push(whole);
    Ok(())
}
