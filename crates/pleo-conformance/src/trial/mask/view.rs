//! A text as somebody reads it who takes parts of it for something encoded.

use std::ops::Range;

use super::needle::BARRIER;

/// What is read for what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Percent-encoding, the escapes of programming languages, and entities of HTML.
    Escapes,
    Hex,
    /// Numbers of bytes, as `[70, 65]`.
    Numbers,
    Base64,
    /// A NUL beside each character, as in UTF-16.
    Utf16,
}

/// One reading of a text.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where in the text each byte begins, and where the last one ends.
    pub(super) starts: Vec<usize>,
    /// What was decoded, from the outside to the inside.
    pub(super) path: Vec<Encoding>,
    /// The parts of the text that are Base64, of the outermost where it is in itself.
    pub(super) segments: Vec<Segment>,
}

/// A part of a text that is Base64 of a text.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// What it decodes to, in the view that it was decoded into.
    pub(super) bytes: Range<usize>,
    /// Where it stands.
    pub(super) source: Range<usize>,
    pub(super) signs: Signs,
}

/// What Base64 is spelt with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// `+` or `/`.
    pub(super) standard: bool,
    /// `-` or `_`.
    pub(super) url_safe: bool,
    /// Line breaks.
    pub(super) broken: bool,
    /// Padding is missing.
    pub(super) unpadded: bool,
    /// There is padding, and it is not the right one.
    pub(super) misplaced: bool,
}

/// The most that is decoded one after the other.
const DEPTH: usize = 3;
/// The most of each sort.
const OF_A_SORT: usize = 2;

/// All readings of a text, the plain one first.
pub(super) fn views(text: &str) -> Vec<View> {
    let mut views = vec![plain(text)];
    let mut next = 0;
    while next < views.len() {
        let decoded: Vec<View> = allowed(&views[next].path)
            .filter_map(|encoding| match encoding {
                Encoding::Escapes => escapes(&views[next]),
                Encoding::Hex => hex(&views[next]),
                Encoding::Numbers => numbers(&views[next]),
                Encoding::Base64 => base64(&views[next]),
                Encoding::Utf16 => utf16(&views[next]),
            })
            .collect();
        views.extend(decoded);
        next += 1;
    }
    views
}

/// What a secret reads as where parts of it are taken for escapes, itself first.
pub(super) fn readings(secret: &str) -> Vec<Vec<u8>> {
    let readings = std::iter::successors(Some(plain(secret)), escapes);
    readings.take(1 + OF_A_SORT).map(|view| view.bytes).collect()
}

fn plain(text: &str) -> View {
    View {
        bytes: text.as_bytes().to_vec(),
        starts: (0..=text.len()).collect(),
        path: Vec::new(),
        segments: Vec::new(),
    }
}

/// What may be decoded after this.
fn allowed(path: &[Encoding]) -> impl Iterator<Item = Encoding> + use<> {
    use Encoding::{Base64, Escapes, Hex, Numbers, Utf16};
    let count = |these: &[Encoding]| path.iter().filter(|encoding| these.contains(encoding)).count();
    let (escapes, others) = (count(&[Escapes]), count(&[Hex, Numbers, Base64]));
    let is_utf16 = path.last() == Some(&Utf16);
    [Escapes, Hex, Numbers, Base64, Utf16].into_iter().filter(move |encoding| match encoding {
        Utf16 => !is_utf16,
        Escapes => escapes < OF_A_SORT && escapes + others < DEPTH,
        Hex | Numbers | Base64 => others < OF_A_SORT && escapes + others < DEPTH,
    })
}

/// What is decoded from a view.
struct Decoded<'v> {
    from: &'v View,
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl<'v> Decoded<'v> {
    fn of(from: &'v View) -> Self {
        Self { from, bytes: Vec::new(), starts: Vec::new() }
    }

    /// A byte, and where it begins.
    fn push(&mut self, byte: u8, at: usize) {
        self.bytes.push(byte);
        self.starts.push(self.from.starts[at]);
    }

    /// What comes now does not belong to what was before, which ends here.
    fn close(&mut self, at: usize) {
        self.push(BARRIER, at);
    }

    fn view(mut self, encoding: Encoding, end: usize, segments: Vec<Segment>) -> Option<View> {
        if self.bytes.is_empty() {
            return None;
        }
        self.starts.push(self.from.starts[end]);
        let path = [self.from.path.as_slice(), &[encoding]].concat();
        let inside = self.from.path.contains(&Encoding::Base64);
        let segments = if inside { self.from.segments.clone() } else { segments };
        Some(View { bytes: self.bytes, starts: self.starts, path, segments })
    }
}

/// The view without the other halves of its characters, if it has so many of them.
fn utf16(from: &View) -> Option<View> {
    if from.bytes.iter().filter(|byte| **byte == 0).count() < FEWEST {
        return None;
    }
    let mut decoded = Decoded::of(from);
    for (at, &byte) in from.bytes.iter().enumerate().filter(|(_, byte)| **byte != 0) {
        decoded.push(byte, at);
    }
    decoded.view(Encoding::Utf16, from.bytes.len(), Vec::new())
}

/// The view without its escapes, if it has any.
fn escapes(from: &View) -> Option<View> {
    let bytes = from.bytes.as_slice();
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'\\' | b'&')) {
        return None;
    }
    let mut decoded = Decoded::of(from);
    let (mut index, mut any) = (0, false);
    while let Some(byte) = bytes.get(index).copied() {
        let escape = match byte {
            b'%' => percent(&bytes[index..]),
            b'\\' => backslash(&bytes[index..]),
            b'&' => entity(&bytes[index..]),
            _ => None,
        };
        let (byte, length) = escape.unwrap_or((byte, 1));
        any |= escape.is_some();
        decoded.push(byte, index);
        index += length;
    }
    decoded.view(Encoding::Escapes, bytes.len(), Vec::new()).filter(|_| any)
}

/// A number in digits, as a byte. What is beyond ASCII is never looked for.
fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let all = !digits.is_empty() && digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    let digits = std::str::from_utf8(digits).ok().filter(|_| all)?;
    let number = u32::from_str_radix(digits, radix).ok()?;
    Some(u8::try_from(number).map_or(NO_TEXT, decoded_byte))
}

/// A byte beyond ASCII, which is never looked for.
const NO_TEXT: u8 = 0x80;

/// A byte that was decoded: the barrier is not a part of a text.
fn decoded_byte(byte: u8) -> u8 {
    if byte == BARRIER { NO_TEXT } else { byte }
}

/// The byte of an escape, and how long it is.
type Escape = Option<(u8, usize)>;

fn percent(bytes: &[u8]) -> Escape {
    if let [_, b'u' | b'U', ..] = bytes {
        return Some((number(bytes.get(2..6)?, 16)?, 6));
    }
    Some((number(bytes.get(1..3)?, 16)?, 3))
}

fn backslash(bytes: &[u8]) -> Escape {
    match *bytes.get(1)? {
        b'u' if bytes.get(2) == Some(&b'{') => {
            let digits = bytes[3..].iter().take(7).position(|byte| *byte == b'}')?;
            Some((number(&bytes[3..3 + digits], 16)?, digits + 4))
        }
        b'u' => Some((number(bytes.get(2..6)?, 16)?, 6)),
        b'U' => Some((number(bytes.get(2..10)?, 16)?, 10)),
        b'x' => Some((number(bytes.get(2..4)?, 16)?, 4)),
        b'0'..=b'3' if bytes.get(1..4).is_some_and(|digits| number(digits, 8).is_some()) => {
            Some((number(&bytes[1..4], 8)?, 4))
        }
        b'n' | b'r' => Some((b'\n', 2)),
        b't' | b'f' | b'v' => Some((b' ', 2)),
        b'0' => Some((0, 2)),
        sign if sign.is_ascii_punctuation() => Some((sign, 2)),
        _ => None,
    }
}

fn entity(bytes: &[u8]) -> Escape {
    const NAMED: [(&[u8], u8); 5] =
        [(b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"quot", b'"'), (b"apos", b'\'')];
    let end = bytes.iter().take(10).position(|byte| *byte == b';')?;
    let byte = match bytes.get(1..end)? {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        name => NAMED.iter().find(|(named, _)| *named == name)?.1,
    };
    Some((byte, end + 1))
}

/// So many bytes at least have to be together.
const FEWEST: usize = 6;
/// So much may stand between two numbers: an indentation, but not another text.
const WIDEST: usize = 48;

/// Numbers that stand in a row.
struct Row<'d, 'v> {
    decoded: &'d mut Decoded<'v>,
    /// Each byte, and where it begins.
    bytes: Vec<(u8, usize)>,
    end: usize,
}

impl Row<'_, '_> {
    fn push(&mut self, byte: u8, range: Range<usize>) {
        self.bytes.push((decoded_byte(byte), range.start));
        self.end = range.end;
    }

    /// The bytes of digits that stand together.
    fn push_pairs(&mut self, bytes: &[u8], digits: Range<usize>) {
        for (index, pair) in bytes[digits.clone()].chunks_exact(2).enumerate() {
            let at = digits.start + 2 * index;
            let digit = |index: usize| char::from(pair[index]).to_digit(16).unwrap_or_default() as u8;
            self.push(digit(0) << 4 | digit(1), at..at + 2);
        }
    }

    fn flush(&mut self) {
        if self.bytes.len() >= FEWEST {
            for (byte, at) in &self.bytes {
                self.decoded.push(*byte, *at);
            }
            self.decoded.close(self.end);
        }
        self.bytes.clear();
    }

    /// Ends the row if the text before the next number is not one that separates numbers.
    fn separate(&mut self, between: &[u8], separates: impl Fn(u8) -> bool) {
        if between.len() > WIDEST || !between.iter().copied().all(separates) {
            self.flush();
        }
    }
}

/// The runs of bytes of a sort.
pub(super) fn stretches(bytes: &[u8], sort: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut start = None;
    for (index, &byte) in bytes.iter().enumerate() {
        match (sort(byte), start) {
            (true, None) => start = Some(index),
            (false, Some(first)) => {
                stretches.push(first..index);
                start = None;
            }
            _ => {}
        }
    }
    stretches.extend(start.map(|first| first..bytes.len()));
    stretches
}

/// The bytes that stand as hexadecimal digits, with or without something between them.
fn hex(from: &View) -> Option<View> {
    let bytes = from.bytes.as_slice();
    let mut decoded = Decoded::of(from);
    let mut shifted = Vec::new();
    let mut row = Row { decoded: &mut decoded, bytes: Vec::new(), end: 0 };
    for digits in stretches(bytes, |byte| byte.is_ascii_hexdigit()) {
        // The zero of `0x46`.
        if bytes[digits.clone()] == *b"0" && matches!(bytes.get(digits.end), Some(b'x' | b'X')) {
            continue;
        }
        let between = bytes.get(row.end..digits.start).unwrap_or_default();
        row.separate(between, |byte| b" +:;,-_%\\0xX\t\r\n\"'[]".contains(&byte));
        if digits.len() % 2 == 1 {
            row.flush();
        }
        row.push_pairs(bytes, digits.clone());
        if digits.len() % 2 == 1 {
            row.flush();
        }
        // Another digit may stand before the first.
        if digits.len() > 2 * FEWEST {
            shifted.push(digits.start + 1..digits.end);
        }
    }
    row.flush();
    for digits in shifted {
        row.push_pairs(bytes, digits);
        row.flush();
    }
    decoded.view(Encoding::Hex, bytes.len(), Vec::new())
}

/// The bytes that stand as decimal numbers, one after the other.
fn numbers(from: &View) -> Option<View> {
    let bytes = from.bytes.as_slice();
    let mut decoded = Decoded::of(from);
    let mut row = Row { decoded: &mut decoded, bytes: Vec::new(), end: 0 };
    for digits in stretches(bytes, |byte| byte.is_ascii_digit()) {
        let between = bytes.get(row.end..digits.start).unwrap_or_default();
        row.separate(between, |byte| b" +,;|\t\r\n[]".contains(&byte));
        match number(&bytes[digits.clone()], 10) {
            Some(byte) if digits.len() <= 3 => row.push(byte, digits),
            _ => row.flush(),
        }
    }
    row.flush();
    decoded.view(Encoding::Numbers, bytes.len(), Vec::new())
}

/// No sign of Base64.
const FOREIGN: u8 = 64;

/// The six bits that a sign of Base64, of either alphabet, stands for.
const SIX_BITS: [u8; 256] = {
    let mut table = [FOREIGN; 256];
    let mut letter = 0;
    while letter < 26 {
        table[(b'A' + letter) as usize] = letter;
        table[(b'a' + letter) as usize] = 26 + letter;
        letter += 1;
    }
    let mut digit = 0;
    while digit < 10 {
        table[(b'0' + digit) as usize] = 52 + digit;
        digit += 1;
    }
    table[b'+' as usize] = 62;
    table[b'-' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'_' as usize] = 63;
    table
};

/// So long a line, of whole groups, is one that a program broke: what follows belongs to it.
const LONG_LINE: usize = 48;

/// Signs of Base64 that stand together, line breaks between them aside.
#[derive(Default)]
struct Signed {
    bits: Vec<u8>,
    /// Where each sign stands.
    places: Vec<usize>,
    /// Before which signs a line break is, and whether what follows it surely belongs to what is before.
    breaks: Vec<(usize, bool)>,
}

/// The texts that stand as Base64, of either alphabet, with or without padding and line breaks.
fn base64(from: &View) -> Option<View> {
    let bytes = from.bytes.as_slice();
    let mut reading = Reading { decoded: Decoded::of(from), segments: Vec::new() };
    let mut signed = Signed::default();
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let bits = SIX_BITS[usize::from(byte)];
        if bits != FOREIGN {
            signed.bits.push(bits);
            signed.places.push(index);
            index += 1;
        } else if signed.bits.is_empty() {
            index += 1;
        } else {
            let white = bytes[index..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if bytes[index..index + white].iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
                reading.read(&signed.unfinished_line());
                signed.break_line();
            } else {
                reading.read(&signed);
                signed = Signed::default();
            }
            index += white.max(1);
        }
    }
    reading.read(&signed);
    let Reading { decoded, segments } = reading;
    decoded.view(Encoding::Base64, bytes.len(), segments)
}

impl Signed {
    /// Where the last line begins.
    fn line(&self) -> usize {
        self.breaks.last().map_or(0, |(index, _)| *index)
    }

    fn break_line(&mut self) {
        let line = self.bits.len() - self.line();
        self.breaks.push((self.bits.len(), line >= LONG_LINE && line.is_multiple_of(4)));
    }

    /// The last line by itself, where the next line would change its last group.
    fn unfinished_line(&self) -> Self {
        let line = self.line()..self.bits.len();
        if line.len().is_multiple_of(4) {
            return Self::default();
        }
        Self {
            bits: self.bits[line.clone()].to_vec(),
            places: self.places[line].to_vec(),
            breaks: Vec::new(),
        }
    }

    /// Whether the four signs from here are three characters of ASCII, which all that is looked for consists
    /// of: what is not is not worth to be decoded.
    fn is_text(&self, at: usize) -> bool {
        (self.bits[at] & 0x20) | (self.bits[at + 1] & 0x08) | (self.bits[at + 2] & 0x02) == 0
    }

    /// Where the last sign ends.
    fn end(&self) -> usize {
        self.places.last().map_or(0, |place| place + 1)
    }

    /// What these signs show of how they were written.
    fn signs(&self, bytes: &[u8], signs: Range<usize>) -> Signs {
        let has =
            |these: &[u8]| self.places[signs.clone()].iter().any(|place| these.contains(&bytes[*place]));
        let broken = self.breaks.iter().any(|(at, _)| signs.start < *at && *at < signs.end);
        Signs { standard: has(b"+/"), url_safe: has(b"-_"), broken, ..Signs::default() }
    }

    /// The bytes of the four signs from here, or of those that are left.
    fn group(&self, at: usize) -> impl Iterator<Item = (u8, usize)> + '_ {
        (at..at + 3).filter_map(move |sign| {
            let pair = self.bits.get(sign..sign + 2)?;
            let shift = 2 * (sign - at) as u32;
            Some((pair[0] << (2 + shift) | pair[1] >> (4 - shift), self.places[sign]))
        })
    }
}

/// Reads Base64.
struct Reading<'v> {
    decoded: Decoded<'v>,
    segments: Vec<Segment>,
}

impl Reading<'_> {
    /// Reads the parts that are text, wherever the first of four signs stands.
    fn read(&mut self, signed: &Signed) {
        let mut read = [0; 4];
        let count = signed.bits.len();
        for start in 0..count.saturating_sub(7) {
            if start < read[start % 4] || !signed.is_text(start) || !signed.is_text(start + 4) {
                continue;
            }
            let mut end = start + 8;
            while end + 4 <= count && signed.is_text(end) {
                end += 4;
            }
            read[start % 4] = end;
            self.text(signed, start..end);
        }
    }

    /// Reads the groups of these signs, and what is of a group next to them.
    fn text(&mut self, signed: &Signed, signs: Range<usize>) {
        // Where the text stands beside another one, a character of it may be in a group with that.
        if signs.start >= 4 {
            self.push(signed.group(signs.start - 4));
        }
        let first = self.decoded.bytes.len();
        for at in signs.clone().step_by(4) {
            self.push(signed.group(at));
        }
        let mut all = first..self.decoded.bytes.len();
        self.push(signed.group(signs.end));
        let count = signed.bits.len();
        if signs.end + 4 > count {
            all.end = self.decoded.bytes.len();
            self.add_segments(signed, signs.start..count, all);
            self.decoded.close(signed.end() + self.padding(signed));
        } else {
            let next = signed.places[signs.end + 3] + 1;
            self.add_segments(signed, signs, all);
            self.decoded.close(next);
        }
    }

    fn push(&mut self, bytes: impl Iterator<Item = (u8, usize)>) {
        for (byte, at) in bytes {
            self.decoded.push(decoded_byte(byte), at);
        }
    }

    /// How many signs of padding follow.
    fn padding(&self, signed: &Signed) -> usize {
        self.decoded.from.bytes[signed.end()..].iter().take_while(|byte| **byte == b'=').count()
    }

    /// The parts of a text between those line breaks that may be the end of it.
    fn add_segments(&mut self, signed: &Signed, signs: Range<usize>, bytes: Range<usize>) {
        let cuts = signed.breaks.iter().filter(|(at, belongs)| !belongs && signs.contains(at));
        let ends: Vec<usize> = cuts.map(|(at, _)| *at).chain([signs.end]).collect();
        let byte = |sign: usize| bytes.start + (sign - signs.start) * 3 / 4;
        let mut start = signs.start;
        for end in ends.into_iter().filter(|end| *end > signs.start) {
            let is_last = end == signs.end;
            let is_end = end == signed.bits.len();
            let padding = if is_end { self.padding(signed) } else { 0 };
            let missing = if is_end { (4 - signs.len() % 4) % 4 } else { 0 };
            let from = self.decoded.from;
            self.segments.push(Segment {
                bytes: byte(start)..if is_last { bytes.end } else { byte(end) },
                source: from.starts[signed.places[start]]..from.starts[signed.places[end - 1] + 1 + padding],
                signs: Signs {
                    unpadded: missing > 0 && padding == 0,
                    misplaced: padding > 0 && padding != missing,
                    ..signed.signs(&from.bytes, start..end)
                },
            });
            start = end;
        }
    }
}
