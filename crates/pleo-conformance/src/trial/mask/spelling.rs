//! How a secret that was found is spelt, in words.

use std::ops::Range;

use super::{
    needle::{Needle, Run, holds},
    view::{Encoding, Segment, Signs, View},
};

/// A secret, or a piece of it, in a text.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    /// Where in the text it stands. Base64 is taken as a whole.
    pub(super) span: Range<usize>,
    /// Whether all of the secret is there.
    pub(super) whole: bool,
    /// How much had to be decoded to see it.
    pub(super) depth: usize,
    form: Form,
    alteration: Alteration,
    signs: Signs,
    /// What else tells it from another spelling of the same.
    details: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Percent,
    Escapes,
    Entities,
    Hex,
    WithinHex,
    Numbers,
    WithinNumbers,
    Base64(Content),
}

/// What Base64 is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Secret,
    UserName,
    Password,
    Both,
    Utf16,
    Piece,
    /// Something that it is in.
    Other,
    /// Base64 of something that it is in.
    Base64,
}

/// How what is decoded differs from the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alteration {
    None,
    Upper,
    Lower,
    OtherCase,
    Spaced,
    Utf16,
}

impl Hit {
    /// What it is, with `%` for the secret's own name.
    pub(super) fn words(&self) -> &'static str {
        let (whole, piece) = match (self.form, self.alteration) {
            (Form::Plain, Alteration::None) => ("%", "a piece of %"),
            (Form::Plain, Alteration::Upper) => ("% in upper case", "a piece of % in upper case"),
            (Form::Plain, Alteration::Lower) => ("% in lower case", "a piece of % in lower case"),
            (Form::Plain, Alteration::OtherCase) => ("% in another case", "a piece of % in another case"),
            (Form::Plain, Alteration::Spaced) => {
                ("% with white space in it", "a piece of % with white space in it")
            }
            (Form::Plain, Alteration::Utf16) => ("% in UTF-16", "a piece of % in UTF-16"),
            (Form::Percent, _) => ("% percent-encoded", "a piece of % percent-encoded"),
            (Form::Escapes, _) => ("% with escapes in it", "a piece of % with escapes in it"),
            (Form::Entities, _) => ("% with HTML entities in it", "a piece of % with HTML entities in it"),
            (Form::Hex, _) => ("% in hex", "a piece of % in hex"),
            (Form::WithinHex, _) => ("hex with % in it", "hex with a piece of % in it"),
            (Form::Numbers, _) => ("% as a list of bytes", "a piece of % as a list of bytes"),
            (Form::WithinNumbers, _) => {
                ("a list of bytes with % in it", "a list of bytes with a piece of % in it")
            }
            (Form::Base64(content), _) => content.words(),
        };
        if self.whole { whole } else { piece }
    }

    /// What is shown in its place, with what tells it from other spellings.
    pub(super) fn name(&self, secret: &str) -> String {
        let words = self.words();
        let words = words.strip_prefix("a ").unwrap_or(words).replace('%', secret);
        let is_base64 = matches!(self.form, Form::Base64(_));
        let alphabet =
            if is_base64 && self.signs.url_safe && !self.signs.standard { "URL-safe " } else { "" };
        let mut name = format!("{alphabet}{words}");
        for detail in self.all_details() {
            name += ", ";
            name += detail;
        }
        name
    }

    fn all_details(&self) -> impl Iterator<Item = &'static str> + '_ {
        let signs = self.signs;
        let of_base64 = [
            (signs.url_safe && signs.standard, "of both alphabets"),
            (signs.unpadded, "without padding"),
            (signs.misplaced, "with wrong padding"),
            (signs.broken, "in several lines"),
        ];
        let altered = match self.alteration {
            _ if self.form == Form::Plain => None,
            Alteration::None => None,
            Alteration::Upper => Some("of it in upper case"),
            Alteration::Lower => Some("of it in lower case"),
            Alteration::OtherCase => Some("of it in another case"),
            Alteration::Spaced => Some("of it with white space"),
            Alteration::Utf16 if self.form == Form::Base64(Content::Utf16) => None,
            Alteration::Utf16 => Some("of it in UTF-16"),
        };
        let of_base64 = of_base64.into_iter().filter_map(|(so, detail)| so.then_some(detail));
        of_base64.chain(self.details.iter().copied()).chain(altered)
    }
}

impl Content {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Secret => ("Base64 of %", "Base64 of a piece of %"),
            Self::UserName => ("Base64 of %:", "Base64 with a piece of % in it"),
            Self::Password => ("Base64 of :%", "Base64 with a piece of % in it"),
            Self::Both => ("Base64 of %:%", "Base64 with a piece of % in it"),
            Self::Utf16 => ("Base64 of % in UTF-16", "Base64 with a piece of % in it"),
            Self::Piece => ("Base64 with % in it", "Base64 of a piece of %"),
            Self::Other => ("Base64 with % in it", "Base64 with a piece of % in it"),
            Self::Base64 => ("Base64 of Base64 with % in it", "Base64 of Base64 with a piece of % in it"),
        }
    }

    fn of(bytes: &[u8], secret: &str, is_all: bool) -> Self {
        let is = |text: String| bytes == text.as_bytes();
        if is(secret.to_owned()) {
            Self::Secret
        } else if is(format!("{secret}:")) {
            Self::UserName
        } else if is(format!(":{secret}")) {
            Self::Password
        } else if is(format!("{secret}:{secret}")) {
            Self::Both
        } else if bytes.contains(&0) && without_nul(bytes) == secret.as_bytes() {
            Self::Utf16
        } else if is_all {
            Self::Piece
        } else {
            Self::Other
        }
    }
}

fn without_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte != 0).collect()
}

/// All places of a secret in the readings of a text.
pub(super) fn hits(text: &str, views: &[View], needle: &Needle, secret: &str) -> Vec<Hit> {
    let of = |view: &View| -> Vec<Hit> {
        needle.runs(&view.bytes).into_iter().map(|run| hit(text, view, &run, secret)).collect()
    };
    views.iter().flat_map(of).collect()
}

fn hit(text: &str, view: &View, run: &Run, secret: &str) -> Hit {
    let bytes = &view.bytes[run.range.clone()];
    let mut span = view.starts[run.range.start]..view.starts[run.range.end];
    let segments = segments(view, run, &span);
    let mut signs = Signs::default();
    for segment in &segments {
        span = span.start.min(segment.source.start)..span.end.max(segment.source.end);
        signs = signs.and(segment.signs);
    }
    signs.broken |= segments.len() > 1;
    let span = at_characters(text, span);
    let form = form(view, run, &segments, &text[span.clone()], secret);
    Hit {
        whole: run.whole,
        depth: view.path.len(),
        form,
        alteration: match alteration(bytes, secret, run.whole) {
            Alteration::None if view.path.contains(&Encoding::Utf16) => Alteration::Utf16,
            other => other,
        },
        signs,
        details: details(form, &view.path, &text[span.clone()]),
        span,
    }
}

impl Signs {
    fn and(self, other: Self) -> Self {
        Self {
            standard: self.standard || other.standard,
            url_safe: self.url_safe || other.url_safe,
            broken: self.broken || other.broken,
            unpadded: self.unpadded || other.unpadded,
            misplaced: self.misplaced || other.misplaced,
        }
    }
}

/// The Base64 that it is in, if it is in one.
fn segments<'v>(view: &'v View, run: &Run, span: &Range<usize>) -> Vec<&'v Segment> {
    if is_of_base64(&view.path) {
        // They are in order, and there may be many of them.
        let first = view.segments.partition_point(|segment| segment.bytes.end <= run.range.start);
        let rest = view.segments.iter().skip(first);
        return rest.take_while(|segment| segment.bytes.start < run.range.end).collect();
    }
    // What it was decoded into is another view: that which most of it is in.
    let shared = |segment: &&Segment| {
        segment.source.end.min(span.end).saturating_sub(segment.source.start.max(span.start))
    };
    view.segments.iter().max_by_key(shared).into_iter().filter(|segment| shared(segment) > 0).collect()
}

/// Whether the last that was decoded is the outermost Base64.
fn is_of_base64(path: &[Encoding]) -> bool {
    path.iter().position(|encoding| *encoding == Encoding::Base64) == path.len().checked_sub(1)
        && !path.is_empty()
}

/// The smallest part of a text around a span.
fn at_characters(text: &str, span: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (span.start.min(text.len()), span.end.min(text.len()));
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

fn form(view: &View, run: &Run, segments: &[&Segment], text: &str, secret: &str) -> Form {
    let outer = |encoding: &&Encoding| !matches!(encoding, Encoding::Escapes | Encoding::Utf16);
    let mut encodings = view.path.iter().filter(outer);
    match (encodings.next(), encodings.next()) {
        (None, _) if !view.path.contains(&Encoding::Escapes) => Form::Plain,
        (None, _) => escaped(text),
        (Some(Encoding::Base64), Some(Encoding::Base64)) => Form::Base64(Content::Base64),
        (Some(Encoding::Base64), None) if is_of_base64(&view.path) => {
            let start = segments.iter().map(|segment| segment.bytes.start).min().unwrap_or(run.range.start);
            let end = segments.iter().map(|segment| segment.bytes.end).max().unwrap_or(run.range.end);
            let all = start.min(run.range.start)..end.max(run.range.end);
            // The other half of the last character of UTF-16 is no other text.
            let rest = &view.bytes[run.range.end..all.end];
            let is_all = all.start == run.range.start && rest.iter().all(|byte| *byte == 0);
            Form::Base64(Content::of(&view.bytes[all], secret, is_all))
        }
        (Some(Encoding::Base64), _) => Form::Base64(Content::Other),
        (Some(Encoding::Hex), None) => Form::Hex,
        (Some(Encoding::Hex), Some(_)) => Form::WithinHex,
        (Some(_), None) => Form::Numbers,
        (Some(_), Some(_)) => Form::WithinNumbers,
    }
}

/// What most of the escapes in a text are.
fn escaped(text: &str) -> Form {
    let sorts = [("&", Form::Entities), ("\\", Form::Escapes), ("%", Form::Percent)];
    let most = sorts.into_iter().max_by_key(|(sign, _)| text.matches(sign).count());
    most.map_or(Form::Escapes, |(_, form)| form)
}

fn alteration(bytes: &[u8], secret: &str, whole: bool) -> Alteration {
    let visible: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_graphic).collect();
    let is = |secret: &[u8]| is_in(&visible, secret, whole);
    let graphic: Vec<u8> = secret.bytes().filter(u8::is_ascii_graphic).collect();
    if is(&graphic) {
        match bytes {
            _ if is_in(bytes, secret.as_bytes(), whole) => Alteration::None,
            _ if bytes.contains(&0) => Alteration::Utf16,
            _ => Alteration::Spaced,
        }
    } else if is(&graphic.to_ascii_uppercase()) {
        Alteration::Upper
    } else if is(&graphic.to_ascii_lowercase()) {
        Alteration::Lower
    } else {
        Alteration::OtherCase
    }
}

/// Whether they are the secret, or a piece of it, sign for sign.
fn is_in(bytes: &[u8], secret: &[u8], whole: bool) -> bool {
    let (outer, inner) = if whole { (bytes, secret) } else { (secret, bytes) };
    !inner.is_empty() && holds(outer, inner)
}

/// What tells a spelling from others of the same form.
fn details(form: Form, path: &[Encoding], text: &str) -> Vec<&'static str> {
    let mut details = Vec::new();
    if matches!(path, [Encoding::Escapes, Encoding::Escapes, ..]) {
        details.push("twice");
    }
    let (upper, lower) = match form {
        Form::Hex | Form::WithinHex => {
            (text.contains(|it| matches!(it, 'A'..='F')), text.contains(|it| matches!(it, 'a'..='f')))
        }
        Form::Percent => (false, has_lower_percent(text)),
        _ => (false, false),
    };
    details.extend(match (upper, lower) {
        (true, true) => Some("digits of both cases"),
        (true, false) => Some("digits in upper case"),
        (false, true) => Some("digits in lower case"),
        (false, false) => None,
    });
    if matches!(form, Form::Hex | Form::WithinHex) && text.contains(|it: char| !it.is_ascii_hexdigit()) {
        details.push("with signs in between");
    }
    details
}

/// Whether a percent sign is followed by a digit in lower case, which the standard has in upper case.
fn has_lower_percent(text: &str) -> bool {
    text.as_bytes().windows(3).any(|it| {
        it[0] == b'%'
            && it[1..].iter().all(u8::is_ascii_hexdigit)
            && it[1..].iter().any(u8::is_ascii_lowercase)
    })
}
