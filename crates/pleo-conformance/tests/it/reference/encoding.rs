//! How a query and a body are written.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use pleo_conformance::protocol::{Location, Send};
use serde_json::{Map, Value};

use super::{
    Deviation, Flaw, Variation,
    company::place_of,
    spelling::{escapes, html},
};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn query(deviation: Deviation, send: &Send, pairs: Vec<(String, String)>) -> String {
    let mut pairs = pairs;
    if deviation.flaw(Flaw::QueryEmptyLost) {
        pairs.retain(|(_, value)| !value.is_empty());
    }
    if deviation.flaw(Flaw::QueryZeroLost) {
        pairs.retain(|(_, value)| value != "0");
    }
    if deviation.flaw(Flaw::ListJoined) {
        pairs = joined(pairs);
    }
    if deviation.variation == Some(Variation::QueryOrderReversed) {
        // Stable, so the values of one parameter keep their order.
        let names: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
        pairs.sort_by_key(|(name, _)| {
            std::cmp::Reverse(names.iter().position(|other| other == name).unwrap_or_default())
        });
    }
    let mut query = String::new();
    if pairs.is_empty() && deviation.variation(Variation::EmptyQuery) {
        query.push('?');
    }
    for (name, value) in pairs {
        let is_company = place_of(send, Location::Query).is_some_and(|place| place.name == name);
        let name = utf8_percent_encode(&name, ESCAPED);
        let value = match deviation.flaw {
            Some(flaw) if !is_company => flawed(flaw, &value),
            _ if deviation.variation(Variation::PlusForSpace) => {
                escaped(deviation, &value).replace("%20", "+")
            }
            _ => escaped(deviation, &value),
        };
        let separator = if query.is_empty() { '?' } else { '&' };
        // Writing to a string cannot fail.
        let _ = write!(query, "{separator}{name}={value}");
    }
    query
}

/// A query value as a client with this flaw writes it.
fn flawed(flaw: Flaw, value: &str) -> String {
    let escaped = |value: &str| escaped(Deviation::default(), value);
    match flaw {
        Flaw::QueryReencoded => twice(value),
        Flaw::QuerySpaceLost => escaped(&value.replace(' ', "")),
        Flaw::QueryPlusEncoded => escaped(&value.replace(' ', "+")),
        Flaw::QueryPlusUnencoded => escaped(value).replace("%2B", "+"),
        Flaw::QueryAmpersandUnencoded => escaped(value).replace("%26", "&"),
        Flaw::QueryHashUnencoded => escaped(value).replace("%23", "#"),
        Flaw::QueryPercentUnencoded => escaped(value).replace("%25", "%"),
        Flaw::QueryEncodedKept => encoded_kept(&escaped(value)),
        Flaw::QueryLatin1 => percent_encode(&latin_1(value), ESCAPED).to_string(),
        Flaw::QueryQuestionMarks => escaped(&question_marks(value)),
        Flaw::QueryLowerCased => escaped(&value.to_lowercase()),
        Flaw::QueryTrimmed => escaped(value.trim()),
        Flaw::QueryLineEndsLost => escaped(&value.replace(['\r', '\n'], "")),
        _ => escaped(value),
    }
}

/// A value whose percent signs are not encoded where two hexadecimal digits follow.
fn encoded_kept(escaped: &str) -> String {
    let is_encoded =
        |rest: &str| rest.get(..2).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let mut parts = escaped.split("%25");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, rest| kept + if is_encoded(rest) { "%" } else { "%25" } + rest)
}

/// Latin-1, with a question mark for what it does not have.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

/// ASCII, with a question mark for what it does not have.
fn question_marks(text: &str) -> String {
    text.replace(|character: char| !character.is_ascii(), "?")
}

/// The values of each parameter in one, at the place of its first.
fn joined(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        match joined.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => *values = format!("{values},{value}"),
            None => joined.push((name, value)),
        }
    }
    joined
}

pub(super) fn escaped(deviation: Deviation, value: &str) -> String {
    if deviation.variation == Some(Variation::OtherPercentEncoding) {
        return value.bytes().map(|byte| format!("%{byte:02x}")).collect();
    }
    utf8_percent_encode(value, ESCAPED).to_string()
}

/// Percent-encoded, and the percent signs again.
pub(super) fn twice(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string().replace('%', "%25")
}

pub(super) fn content_type(deviation: Deviation, send: &Send) -> String {
    let media_type = send.operation.media_type.as_deref().unwrap_or("application/json");
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match deviation.variation {
        Some(Variation::ContentTypeWithCharset) => format!("{essence}; charset=utf-8"),
        Some(Variation::ContentTypeUpperCase) => essence.to_ascii_uppercase(),
        _ => media_type.to_owned(),
    }
}

pub(super) fn form(members: &Map<String, Value>) -> Vec<u8> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(members.iter().map(|(name, value)| (name, text(value))));
    form.finish().into_bytes()
}

pub(super) fn json(deviation: Deviation, body: &Value) -> Vec<u8> {
    let text = match (body, deviation.variation) {
        (_, Some(Variation::BodyPrettyPrinted)) => format!("\n{body:#}\n"),
        (_, Some(Variation::BodyEscaped)) => escaped_json(body),
        (_, Some(Variation::BodyNumbersShortened)) => shortened(body).to_string(),
        (_, Some(Variation::BodyHtmlCharactersEscaped)) => {
            // In JSON these stand in texts only.
            let escape =
                |text: String, character: char| text.replace(character, &escapes(&character.to_string()));
            ['<', '>', '&'].into_iter().fold(body.to_string(), escape)
        }
        (Value::Object(members), Some(Variation::BodyMembersReversed)) => {
            let members =
                members.iter().rev().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        _ => body.to_string(),
    };
    text.into_bytes()
}

/// A body as a client with this flaw writes it.
pub(super) fn flawed_json(flaw: Flaw, body: &Value) -> Vec<u8> {
    let text = changed(flaw, body).to_string();
    match flaw {
        Flaw::BodyLatin1 => latin_1(&text),
        Flaw::BodyQuestionMarks => question_marks(&text).into_bytes(),
        Flaw::BodyEncodedTwice => text.bytes().map(char::from).collect::<String>().into_bytes(),
        Flaw::BodyAstralLost => {
            text.replace(|character: char| u32::from(character) > 0xFFFF, "").into_bytes()
        }
        Flaw::BodySurrogatesBroken => surrogates_apart(&text),
        Flaw::BodyHtmlEscaped => html(&text).into_bytes(),
        _ => text.into_bytes(),
    }
}

/// A body whose texts or members a client with this flaw changes.
fn changed(flaw: Flaw, body: &Value) -> Value {
    match body {
        Value::String(text) => Value::from(changed_text(flaw, text)),
        Value::Array(items) => items.iter().map(|item| changed(flaw, item)).collect(),
        Value::Object(members) => {
            let stays = |(_, value): &(&String, &Value)| match flaw {
                Flaw::BodyEmptyTextsLost => **value != "",
                Flaw::BodyEmptyListsLost => value.as_array().is_none_or(|items| !items.is_empty()),
                Flaw::BodyZerosLost => **value != 0,
                _ => true,
            };
            let members = members.iter().filter(stays);
            let mut members: Map<String, Value> =
                members.map(|(name, value)| (name.clone(), changed(flaw, value))).collect();
            if flaw == Flaw::BodyNullAdded {
                members.entry("remark").or_insert(Value::Null);
            }
            Value::Object(members)
        }
        other => other.clone(),
    }
}

fn changed_text(flaw: Flaw, text: &str) -> String {
    let is_end = |character: char| matches!(character, '\r' | '\n');
    match flaw {
        Flaw::BodyTrimmed => text.trim().to_owned(),
        Flaw::BodyLineEndsShortened => text.replace("\r\n", "\n"),
        Flaw::BodyZeroWidthLost => text.replace('\u{200b}', ""),
        Flaw::BodyLineFeedsToCrlf => text.replace('\n', "\r\n"),
        Flaw::BodyCarriageReturnsLost => text.replace('\r', "\n"),
        Flaw::BodyControlsLost => {
            text.replace(|character: char| character.is_control() && !is_end(character), "")
        }
        _ => text.to_owned(),
    }
}

/// UTF-8 that has each surrogate as a character of its own, as nothing but CESU-8 allows.
fn surrogates_apart(text: &str) -> Vec<u8> {
    let mut written = Vec::new();
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some(character) => written.extend(character.to_string().into_bytes()),
            None => {
                let tail = |shift: u16| 0x80 | (unit >> shift & 0x3F) as u8;
                written.extend([0xE0 | (unit >> 12) as u8, tail(6), tail(0)]);
            }
        }
    }
    written
}

/// JSON whose whole numbers have no fraction.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => Value::from(float as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), shortened(value))).collect()
        }
        _ => value.clone(),
    }
}

/// JSON with every character of every text as an escape (RFC 8259, section 7).
fn escaped_json(value: &Value) -> String {
    let text = |text: &str| format!("\"{}\"", escapes(text));
    let list = |parts: Vec<String>| parts.join(",");
    match value {
        Value::String(string) => text(string),
        Value::Array(items) => format!("[{}]", list(items.iter().map(escaped_json).collect())),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{}:{}", text(name), escaped_json(value));
            format!("{{{}}}", list(members.iter().map(member).collect()))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flaw_spoils_texts_as_its_name_says() {
        for (flaw, value, written) in [
            (Flaw::QueryPlusEncoded, "a b", "a%2Bb"),
            (Flaw::QueryEncodedKept, "%41 %é%4", "%41%20%25%C3%A9%254"),
            (Flaw::QueryHashUnencoded, "a#b", "a#b"),
            (Flaw::QueryLatin1, "é€", "%E9%3F"),
            (Flaw::QueryQuestionMarks, "é", "%3F"),
            (Flaw::QueryLineEndsLost, "a\r\nb", "ab"),
            (Flaw::KeyInQuery, "a b+é", "a%20b%2B%C3%A9"),
        ] {
            assert_eq!(flawed(flaw, value), written);
        }
        let body = Value::from("é𝄞<");
        for (flaw, written) in [
            (Flaw::BodyLatin1, b"\"\xE9?<\"".as_slice()),
            (Flaw::BodyQuestionMarks, b"\"??<\""),
            (Flaw::BodyAstralLost, "\"é<\"".as_bytes()),
            (Flaw::BodySurrogatesBroken, b"\"\xC3\xA9\xED\xA0\xB4\xED\xB4\x9E<\""),
            (Flaw::BodyHtmlEscaped, "\"é𝄞&lt;\"".as_bytes()),
            (Flaw::KeyInQuery, "\"é𝄞<\"".as_bytes()),
        ] {
            assert_eq!(flawed_json(flaw, &body), written);
        }
        let body = json!({ "a": " b\r\n\u{1}c ", "d": "" });
        for (flaw, written) in [
            (Flaw::BodyTrimmed, json!({ "a": "b\r\n\u{1}c", "d": "" })),
            (Flaw::BodyLineFeedsToCrlf, json!({ "a": " b\r\r\n\u{1}c ", "d": "" })),
            (Flaw::BodyCarriageReturnsLost, json!({ "a": " b\n\n\u{1}c ", "d": "" })),
            (Flaw::BodyControlsLost, json!({ "a": " b\r\nc ", "d": "" })),
            (Flaw::BodyEmptyTextsLost, json!({ "a": " b\r\n\u{1}c " })),
            (Flaw::BodyNullAdded, json!({ "a": " b\r\n\u{1}c ", "d": "", "remark": null })),
            (Flaw::KeyInQuery, body.clone()),
        ] {
            assert_eq!(flawed_json(flaw, &body), written.to_string().into_bytes());
        }
        assert_eq!(flawed_json(Flaw::BodyEncodedTwice, &Value::from("é")), "\"Ã©\"".as_bytes());
    }
}
