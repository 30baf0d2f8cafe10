//! Keeping secrets, and what differs from run to run, out of evidence.

mod needle;
mod spelling;
mod steady;
#[cfg(test)]
mod tests;
mod view;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt::{self, Write as _},
    ops::Range,
};

use self::{
    needle::Needle,
    spelling::{Hit, hits},
    steady::{steady, timeless},
    view::{readings, views},
};
use crate::words::{beginning, ending};

/// Replaces secrets and addresses by what they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask {
    secrets: Vec<Secret>,
    /// What is replaced beside them, the longest first.
    replaced: Vec<(String, String)>,
    /// The ports of the addresses, with their names.
    ports: Vec<(String, String)>,
}

#[derive(Clone)]
struct Secret {
    value: String,
    name: String,
}

/// A secret as it is hidden.
struct Hidden<'m> {
    secret: &'m Secret,
    /// What must not be shown of it.
    found: Needle,
    /// What is hidden of it.
    hidden: Needle,
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// So long a piece of a secret, in characters, must not be shown. Its last four may be shown to tell it from
/// others, and up to seven are let pass.
const PIECE: usize = 8;

/// So long a piece is hidden. Nobody is accused by it, so it may be shorter.
const HIDDEN_PIECE: usize = 6;

/// What is left of a text may read differently without what was in it, but not for ever.
const ROUNDS: usize = 4;

/// A part of a text that is masked.
enum Part {
    Text(String),
    /// What stands in place of a secret, and is not to be masked itself.
    Name(String),
}

impl Mask {
    /// Replaces a secret in all the forms in which it may travel.
    pub(crate) fn secret(&mut self, secret: &str, name: &str) {
        if self.secrets.iter().all(|kept| kept.value != secret) {
            self.secrets.push(Secret { value: secret.to_owned(), name: name.to_owned() });
        }
    }

    /// Replaces an address, and its port where that stands by itself.
    pub(crate) fn address(&mut self, url: &str, name: &str) {
        self.replace(url.to_owned(), format!("{{{name}}}"));
        if let Some((_, authority)) = url.split_once("://") {
            self.replace(authority.to_owned(), format!("{{{name} host}}"));
            self.ports.extend(authority.rsplit_once(':').map(|(_, port)| (port.to_owned(), name.to_owned())));
        }
    }

    fn replace(&mut self, text: String, by: String) {
        if !text.is_empty() {
            self.replaced.push((text, by));
            self.replaced.sort_by_key(|(text, _)| Reverse(text.len()));
        }
    }

    /// The text with everything replaced.
    pub(crate) fn apply(&self, text: &str) -> String {
        // Most cases pass, and nothing is shown of them: what is hidden is made ready only here.
        let hidden = self.secrets.iter().map(|secret| Hidden {
            secret,
            found: needle(&secret.value, PIECE),
            hidden: needle(&secret.value, HIDDEN_PIECE),
        });
        let hidden: Vec<Hidden<'_>> = hidden.collect();
        let mut parts = vec![Part::Text(text.to_owned())];
        for _ in 0..ROUNDS {
            let before = parts.len();
            parts = parts.into_iter().flat_map(|part| without_secrets(part, &hidden)).collect();
            if parts.len() == before {
                break;
            }
        }
        parts.into_iter().map(|part| self.finished(part, &hidden)).collect()
    }

    /// A part of a text that a client shows, with everything replaced that is secret or of this run only, and at most
    /// so many characters on each side of it.
    pub(crate) fn excerpt(&self, text: &str, part: &Range<usize>, around: usize) -> String {
        // What is replaced may be longer than its name: what is cut is not yet what is shown.
        let before = timeless(&self.apply(ending(&text[..part.start], 4 * around)));
        let after = timeless(&self.apply(beginning(&text[part.end..], 4 * around)));
        format!("{}{}{}", ending(&before, around), self.apply(&text[part.clone()]), beginning(&after, around))
    }

    /// A part as it is shown.
    fn finished(&self, part: Part, hidden: &[Hidden<'_>]) -> String {
        match part {
            Part::Name(name) => name,
            Part::Text(text) => {
                let views = views(&text);
                let is_in =
                    |it: &&Hidden<'_>| views.iter().any(|view| !it.found.runs(&view.bytes).is_empty());
                match hidden.iter().find(is_in) {
                    Some(it) => format!("<text with {} in it>", it.secret.name),
                    None => {
                        let text = self.replaced.iter().fold(text, |text, (what, by)| text.replace(what, by));
                        steady(&text, &self.ports)
                    }
                }
            }
        }
    }
}

/// A part in parts, the secrets in it named.
fn without_secrets(part: Part, hidden: &[Hidden<'_>]) -> Vec<Part> {
    let text = match part {
        Part::Text(text) if !hidden.is_empty() => text,
        other => return vec![other],
    };
    let mut parts = Vec::new();
    let mut end = 0;
    for (start, (hit, secret)) in chosen(&text, hidden) {
        parts.extend(text.get(end..start).filter(|it| !it.is_empty()).map(|it| Part::Text(it.to_owned())));
        parts.push(Part::Name(format!("<{}>", hit.name(&secret.name))));
        end = hit.span.end;
    }
    parts.extend(text.get(end..).filter(|it| !it.is_empty()).map(|it| Part::Text(it.to_owned())));
    parts
}

/// What is to be named in a text, by where it begins: the longest first, and nothing that overlaps.
fn chosen<'m>(text: &str, hidden: &[Hidden<'m>]) -> BTreeMap<usize, (Hit, &'m Secret)> {
    let views = views(text);
    let of = |secret| move |hit| (hit, secret);
    let mut all: Vec<(Hit, &Secret)> = hidden
        .iter()
        .flat_map(|it| hits(text, &views, &it.hidden, &it.secret.value).into_iter().map(of(it.secret)))
        .collect();
    all.sort_by_key(|(hit, _)| (Reverse((hit.span.len(), hit.whole)), hit.depth));
    let mut chosen: BTreeMap<usize, (Hit, &Secret)> = BTreeMap::new();
    for (hit, secret) in all {
        let before = chosen.range(..hit.span.end).next_back();
        if before.is_none_or(|(_, (before, _))| before.span.end <= hit.span.start) {
            chosen.insert(hit.span.start, (hit, secret));
        }
    }
    chosen
}

/// As what a secret, or a piece of it, stands in a text, see [`Finder`].
pub(crate) fn found(secret: &str, text: &str) -> Option<&'static str> {
    Finder::new([secret]).found(text).map(|found| found.form)
}

/// So much of a text, in bytes, is searched at once: its readings take many times the memory.
const WINDOW: usize = 256 << 10;

/// So much of it is searched again with what follows: more than any piece takes that is encoded three times.
const OVERLAP: usize = 32 << 10;

/// The parts of a text that are searched one after the other.
fn windows(text: &str) -> impl Iterator<Item = Range<usize>> {
    let at_character = |index: usize| (0..=index.min(text.len())).rev().find(|it| text.is_char_boundary(*it));
    (0..text.len().max(1)).step_by(WINDOW - OVERLAP).map_while(move |start| {
        let is_new = start == 0 || start + OVERLAP < text.len();
        is_new.then(|| at_character(start).unwrap_or(0)..at_character(start + WINDOW).unwrap_or(0))
    })
}

/// Looks for secrets in texts. A text is read once for all of them.
pub(crate) struct Finder<'s> {
    secrets: Vec<(&'s str, Needle)>,
}

/// A secret, or a piece of it, that is in a text.
pub(crate) struct Found<'s> {
    pub(crate) secret: &'s str,
    /// In which of the forms that somebody could undo it is there. `%` stands for the secret's own name.
    pub(crate) form: &'static str,
    /// Where in the text it is.
    pub(crate) at: Range<usize>,
}

impl<'s> Finder<'s> {
    /// Looks for these secrets.
    pub(crate) fn new(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        Self { secrets: secrets.into_iter().map(|secret| (secret, needle(secret, PIECE))).collect() }
    }

    /// The first of the secrets that is in a text, however long that is.
    pub(crate) fn found(&self, text: &str) -> Option<Found<'s>> {
        windows(text).find_map(|window| self.found_within(text, window))
    }

    fn found_within(&self, text: &str, window: Range<usize>) -> Option<Found<'s>> {
        let (start, text) = (window.start, &text[window]);
        let views = views(text);
        self.secrets.iter().find_map(|(secret, needle)| {
            let hits = hits(text, &views, needle, secret).into_iter();
            let best = hits.min_by_key(|hit| (Reverse((hit.whole, hit.span.len())), hit.depth));
            best.map(|hit| {
                let at = start + hit.span.start..start + hit.span.end;
                Found { secret, form: hit.words(), at }
            })
        })
    }
}

fn needle(secret: &str, piece: usize) -> Needle {
    Needle::new(readings(secret).iter().map(Vec::as_slice), piece)
}

/// The text with what cannot be seen in it spelt out: tabs and other control characters, and blanks at its
/// ends or next to each other.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied();
        match character {
            ' ' if [before, after].iter().any(|beside| beside.is_none_or(|it| it == ' ')) => {
                visible += r"\x20";
            }
            '"' | '\'' | '\\' => visible.push(character),
            other => {
                let _ = write!(visible, "{}", other.escape_debug());
            }
        }
        before = Some(character);
    }
    visible
}
