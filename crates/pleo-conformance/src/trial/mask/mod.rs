//! Keeping secrets, and what differs from run to run, out of evidence.

mod needle;
mod spelling;
#[cfg(test)]
mod tests;
mod view;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use self::{
    needle::Needle,
    spelling::{Hit, hits},
    view::{readings, views},
};

/// Replaces secrets and addresses by what they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask {
    secrets: Vec<Secret>,
    /// What is replaced beside them, the longest first.
    replaced: Vec<(String, String)>,
}

#[derive(Clone)]
struct Secret {
    value: String,
    name: String,
}

/// A secret as it is hidden.
struct Hidden<'m> {
    secret: &'m Secret,
    /// What is not lawful of it.
    found: Needle,
    /// What is hidden of it.
    hidden: Needle,
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// So long a piece of a secret, in characters, is not lawful. Its last four may be shown to tell it from
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

    /// Replaces an address.
    pub(crate) fn address(&mut self, url: &str, name: &str) {
        self.replace(url.to_owned(), format!("{{{name}}}"));
        if let Some((_, authority)) = url.split_once("://") {
            self.replace(authority.to_owned(), format!("{{{name} host}}"));
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
                    None => self.replaced.iter().fold(text, |text, (what, by)| text.replace(what, by)),
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

/// The forms in which a secret mostly travels, each with a name in which `%` stands for the secret's own.
pub(crate) fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let encode = |text: String| STANDARD.encode(text);
    let mut forms = vec![
        ("%", secret.to_owned()),
        ("Base64 of %:", encode(format!("{secret}:"))),
        ("Base64 of :%", encode(format!(":{secret}"))),
        ("Base64 of %:%", encode(format!("{secret}:{secret}"))),
        ("Base64 of %", encode(secret.to_owned())),
        ("% percent-encoded", utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()),
    ];
    forms.dedup_by(|(_, a), (_, b)| a == b);
    forms
}

/// As what a secret, or a piece of it, stands in a text, see [`Finder`].
pub(crate) fn found(secret: &str, text: &str) -> Option<&'static str> {
    Finder::new([secret]).found(text).map(|found| found.form)
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
}

impl<'s> Finder<'s> {
    /// Looks for these secrets.
    pub(crate) fn new(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        Self { secrets: secrets.into_iter().map(|secret| (secret, needle(secret, PIECE))).collect() }
    }

    /// The first of the secrets that is in a text.
    pub(crate) fn found(&self, text: &str) -> Option<Found<'s>> {
        let views = views(text);
        self.secrets.iter().find_map(|(secret, needle)| {
            let hits = hits(text, &views, needle, secret).into_iter();
            let best = hits.min_by_key(|hit| (Reverse((hit.whole, hit.span.len())), hit.depth));
            best.map(|hit| Found { secret, form: hit.words() })
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
