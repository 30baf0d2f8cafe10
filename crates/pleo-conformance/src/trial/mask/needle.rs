//! What of a secret gives it away, and where that stands in bytes.

use std::ops::Range;

/// What stands between parts of a text that do not belong together. No secret has it in it.
pub(super) const BARRIER: u8 = 0x1f;

/// What all secrets of the tests begin with. It tells nothing.
const PREFIX: &[u8] = b"FAKE-";

/// Words that secrets are made with, and that stand in ordinary texts as well.
const WORDS: &[&str] = &[
    "access",
    "account",
    "admin",
    "authorization",
    "bearer",
    "client",
    "code",
    "credential",
    "integrated",
    "integration",
    "live",
    "oauth",
    "pleo",
    "production",
    "refresh",
    "secret",
    "staging",
    "standalone",
    "test",
    "token",
    "verifier",
];

/// So much of a secret tells it even where it is made of ordinary words.
const MANY: usize = 12;

/// The most characters of a word between the prefix and the secret itself, as in `FAKE-CLIENT-`.
const LONGEST_KIND: usize = 10;

/// A secret, as it is looked for: all runs of so many of its characters.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    /// The secret, and what it reads as where somebody takes parts of it for escapes.
    patterns: Vec<Pattern>,
    /// How long a piece is.
    length: usize,
    /// All pieces, and whether one is telling by itself, sorted.
    pieces: Vec<(u64, bool)>,
    /// A bit for each piece: most of a text can be told from the secret by it alone.
    bits: Vec<u64>,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// Folded, the visible characters only.
    folded: Vec<u8>,
    /// How much at its beginning is not the secret itself.
    prefix: usize,
}

/// Where a secret, or a piece of it, stands in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) range: Range<usize>,
    pub(super) whole: bool,
}

impl Needle {
    /// The pieces of this length, at most 8, of a secret with these readings.
    pub(super) fn new<'r>(readings: impl IntoIterator<Item = &'r [u8]>, length: usize) -> Self {
        let length = length.clamp(1, 8);
        let mut needle =
            Self { patterns: Vec::new(), length, pieces: Vec::new(), bits: vec![0; 1 << (BITS - 6)] };
        for reading in readings {
            let visible: Vec<u8> = reading.iter().copied().filter(|byte| folded(*byte) != 0).collect();
            let pattern = Pattern {
                folded: visible.iter().copied().map(folded).collect(),
                prefix: prefix(&visible, length),
            };
            if !pattern.folded.is_empty() {
                needle.add_pieces(&pattern);
                needle.patterns.push(pattern);
            }
        }
        // A piece that is telling in one place is telling.
        needle.pieces.sort_unstable_by_key(|(piece, telling)| (*piece, !telling));
        needle.pieces.dedup_by_key(|(piece, _)| *piece);
        needle
    }

    fn add_pieces(&mut self, pattern: &Pattern) {
        for (start, piece) in pattern.folded.windows(self.length).enumerate() {
            let number = piece.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            self.pieces.push((number, start >= pattern.prefix && is_telling(piece)));
            let (word, bit) = place(number);
            self.bits[word] |= bit;
        }
    }

    /// Whether a piece is telling, if it is one.
    fn piece(&self, number: u64) -> Option<bool> {
        let (word, bit) = place(number);
        if self.bits[word] & bit == 0 {
            return None;
        }
        let index = self.pieces.binary_search_by_key(&number, |(piece, _)| *piece).ok()?;
        Some(self.pieces[index].1)
    }

    /// All places of the secret, whatever the case, and whatever invisible stands in between.
    pub(super) fn runs(&self, bytes: &[u8]) -> Vec<Run> {
        let mut runs = if self.pieces.is_empty() { Vec::new() } else { self.chains(bytes) };
        if self.patterns.iter().any(|pattern| pattern.folded.len() < self.length) {
            runs.extend(self.short(bytes));
        }
        runs
    }

    /// Pieces that follow each other, as far as they tell the secret.
    fn chains(&self, bytes: &[u8]) -> Vec<Run> {
        let mask = if self.length == 8 { u64::MAX } else { (1 << (8 * self.length)) - 1 };
        let mut chains: Vec<(Range<usize>, bool)> = Vec::new();
        let (mut number, mut count) = (0_u64, 0_usize);
        // Where the last eight visible characters stand.
        let mut places = [0_usize; 8];
        for (index, &byte) in bytes.iter().enumerate() {
            let folded = folded(byte);
            if folded == 0 {
                continue;
            }
            number = (number << 8 | u64::from(folded)) & mask;
            places[count & 7] = index;
            count += 1;
            if count < self.length {
                continue;
            }
            let Some(telling) = self.piece(number) else { continue };
            let start = places[(count - self.length) & 7];
            match chains.last_mut() {
                Some((range, told)) if start < range.end => {
                    range.end = index + 1;
                    *told |= telling;
                }
                _ => chains.push((start..index + 1, telling)),
            }
        }
        let runs = chains.into_iter().filter_map(|(range, telling)| {
            let visible = visible(&bytes[range.clone()]);
            let whole = self.patterns.iter().any(|pattern| holds(&visible, &pattern.folded));
            let told = telling || whole || self.has_many(&visible);
            told.then_some(Run { range, whole })
        });
        runs.collect()
    }

    fn has_many(&self, visible: &[u8]) -> bool {
        visible.windows(MANY).any(|window| {
            self.patterns.iter().any(|pattern| {
                pattern.folded.get(pattern.prefix..).is_some_and(|secret| holds(secret, window))
            })
        })
    }

    /// The places of a secret that is shorter than a piece.
    fn short(&self, bytes: &[u8]) -> Vec<Run> {
        let places: Vec<usize> = (0..bytes.len()).filter(|index| folded(bytes[*index]) != 0).collect();
        let visible = visible(bytes);
        let mut runs = Vec::new();
        for Pattern { folded, .. } in self.patterns.iter().filter(|it| it.folded.len() < self.length) {
            for (start, window) in visible.windows(folded.len()).enumerate() {
                if window == folded.as_slice() {
                    let range = places[start]..places[start + folded.len() - 1] + 1;
                    runs.push(Run { range, whole: true });
                }
            }
        }
        runs
    }
}

const BITS: u32 = 16;

fn place(number: u64) -> (usize, u64) {
    let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// A character as it is compared: without its case, and 0 where it is to be passed over, as white space, the
/// NUL of UTF-16 and what is not ASCII are.
fn folded(byte: u8) -> u8 {
    FOLDED[usize::from(byte)]
}

const FOLDED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7f {
        table[byte as usize] = byte.to_ascii_lowercase();
        byte += 1;
    }
    table[BARRIER as usize] = BARRIER;
    table
};

fn visible(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().map(folded).filter(|byte| *byte != 0).collect()
}

/// Whether a part is in bytes.
pub(super) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// How long the part of a secret is that others begin with as well.
fn prefix(secret: &[u8], piece: usize) -> usize {
    let Some(rest) = secret.strip_prefix(PREFIX) else { return 0 };
    let kind = rest.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let named = (1..=LONGEST_KIND).contains(&kind) && rest.get(kind) == Some(&b'-');
    let longer = PREFIX.len() + kind + 1;
    if named && secret.len() >= longer + piece { longer } else { PREFIX.len() }
}

/// Whether a folded piece would not stand in an ordinary text: it does where it is of one word or two.
fn is_telling(piece: &[u8]) -> bool {
    let joins = piece.iter().filter(|byte| b"-_./:".contains(byte)).count();
    let parts = piece.split(|byte| !byte.is_ascii_alphanumeric());
    joins > 1 || parts.clone().count() > joins + 1 || !parts.into_iter().all(is_ordinary)
}

/// Whether a part of a piece is of a word of ours, or one that somebody counts with, as `00000001`.
fn is_ordinary(part: &[u8]) -> bool {
    let mut others = part.iter().filter(|byte| Some(*byte) != part.first());
    let second = others.next();
    let two = others.all(|byte| Some(byte) == second);
    let counted = two && (second.is_none() || part.iter().all(u8::is_ascii_digit));
    // Most pieces of a secret have a digit, which no word has.
    let is_word =
        || part.iter().all(u8::is_ascii_lowercase) && WORDS.iter().any(|word| holds(word.as_bytes(), part));
    counted || is_word()
}
