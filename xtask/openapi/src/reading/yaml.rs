//! Reading YAML 1.2 by its core schema, as far as JSON can hold what is written.
//!
//! Plain values are numbers, booleans or null where the core schema says so and text everywhere
//! else. Keys are text as they are written, as the OpenAPI specification asks. An alias is worth
//! what it names, and what all aliases together expand to is bounded.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, Tag};
use serde_json::{Number, Value};

use super::{
    fault::{DEPTH, Fault, shortened, too_deep},
    number,
};

/// How many values aliases may add to a document, however short it is.
const EXPANDED_VALUES: u64 = 200_000;
/// How many bytes of text aliases may add to a document, however short it is.
const EXPANDED_BYTES: u64 = 8 * 1024 * 1024;

const SYNTAX: &str = "correct the line; YAML 1.2 is expected";

/// Reads a text that holds one YAML document.
///
/// # Errors
/// The first place that is not YAML 1.2, or that JSON cannot hold.
pub(super) fn read(text: &str) -> Result<Value, Fault> {
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(false);
    // The bound of depth is ours, so that the message is, too.
    options.flow_nesting_limit = DEPTH + 1;
    options.block_nesting_limit = DEPTH + 1;
    let mut reader = Reader::new(text.len() as u64);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| syntax(&error))?;
        reader.event(event, span)?;
    }
    Ok(reader.root.map_or(Value::Null, into_value))
}

fn syntax(error: &ScanError) -> Fault {
    let at = error.marker();
    let (problem, remedy) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => (too_deep(), NESTING),
        ErrorKind::UnknownAnchor => (
            "an alias (`*name`) of an anchor (`&name`) that is not above it".to_owned(),
            "define the anchor above its first use, or write the value out",
        ),
        ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => {
            ("a tab in the indentation".to_owned(), "indent with spaces")
        }
        ErrorKind::UnsupportedYamlMajorVersion => {
            ("a YAML version other than 1.2".to_owned(), "write the document as YAML 1.2")
        }
        ErrorKind::DirectiveByteLimitExceeded { .. } | ErrorKind::TooManyReservedDirectiveParams { .. } => {
            ("a directive (`%…`) that is too long".to_owned(), "take the directive out")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            "a key without its `:`, on more than one line, or longer than 1,024 characters".to_owned(),
            SYNTAX,
        ),
        other => (format!("not YAML: {other}"), SYNTAX),
    };
    Fault { line: at.line(), column: at.col() + 1, problem, remedy }
}

const NESTING: &str = "move inner schemas to `components` and refer to them";

/// A value on the way to JSON. What an alias names is shared until the end, so that a document that
/// expands to more than it may is refused before it takes the memory.
struct Tree {
    kind: Kind,
    /// How many values it expands to, itself included.
    values: u64,
    /// How many bytes of text it expands to.
    bytes: u64,
    /// How many levels of lists and objects it holds, itself included.
    height: usize,
}

enum Kind {
    /// A scalar, with its text where that may be needed as a key.
    Scalar(Value, Option<String>),
    List(Vec<Rc<Tree>>),
    Object(BTreeMap<String, Rc<Tree>>),
}

impl Tree {
    fn scalar(value: Value, text: Option<String>) -> Self {
        let bytes = value.as_str().map_or(0, |text| text.len() as u64);
        Self { kind: Kind::Scalar(value, text), values: 1, bytes, height: 0 }
    }

    fn list(items: Vec<Rc<Tree>>) -> Self {
        let sum = Self::sum(items.iter());
        Self { kind: Kind::List(items), ..sum }
    }

    fn object(members: BTreeMap<String, Rc<Tree>>) -> Self {
        let mut sum = Self::sum(members.values());
        sum.bytes = sum.bytes.saturating_add(members.keys().map(|key| key.len() as u64).sum());
        Self { kind: Kind::Object(members), ..sum }
    }

    fn sum<'a>(children: impl Iterator<Item = &'a Rc<Tree>>) -> Self {
        let empty = Self { kind: Kind::Scalar(Value::Null, None), values: 1, bytes: 0, height: 1 };
        children.fold(empty, |sum, child| Self {
            values: sum.values.saturating_add(child.values),
            bytes: sum.bytes.saturating_add(child.bytes),
            height: sum.height.max(child.height + 1),
            ..sum
        })
    }
}

fn into_value(tree: Rc<Tree>) -> Value {
    let kind = match Rc::try_unwrap(tree) {
        Ok(tree) => tree.kind,
        Err(shared) => return to_value(&shared),
    };
    match kind {
        Kind::Scalar(value, _) => value,
        Kind::List(items) => items.into_iter().map(into_value).collect(),
        Kind::Object(members) => {
            Value::Object(members.into_iter().map(|(key, member)| (key, into_value(member))).collect())
        }
    }
}

fn to_value(tree: &Tree) -> Value {
    match &tree.kind {
        Kind::Scalar(value, _) => value.clone(),
        Kind::List(items) => items.iter().map(|item| to_value(item)).collect(),
        Kind::Object(members) => {
            Value::Object(members.iter().map(|(key, member)| (key.clone(), to_value(member))).collect())
        }
    }
}

/// A list or an object whose end has not been read yet.
struct Open {
    anchor: usize,
    held: Held,
}

enum Held {
    List(Vec<Rc<Tree>>),
    Object {
        members: BTreeMap<String, Rc<Tree>>,
        /// The key whose value comes next.
        key: Option<Key>,
        /// What `<<` names, and where it does.
        merged: Option<(Rc<Tree>, Span)>,
    },
}

enum Key {
    Name(String),
    Merge,
}

/// Puts the values together that the parser reports.
struct Reader {
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Tree>>,
    root: Option<Rc<Tree>>,
    documents: usize,
    /// What aliases have added so far, and may add.
    values: u64,
    bytes: u64,
    most_values: u64,
    most_bytes: u64,
}

impl Reader {
    fn new(length: u64) -> Self {
        Self {
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            documents: 0,
            values: 0,
            bytes: 0,
            most_values: EXPANDED_VALUES.max(length / 2),
            most_bytes: EXPANDED_BYTES.max(length.saturating_mul(4)),
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(fault(
                        span,
                        "a second YAML document in one file",
                        "keep one document in each file",
                    ));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), span)?
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "seq", span)?;
                self.start(anchor, Held::List(Vec::new()), span)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "map", span)?;
                self.start(anchor, Held::Object { members: BTreeMap::new(), key: None, merged: None }, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
            Event::Alias(anchor) => self.alias(anchor, span)?,
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Fault> {
        if self.expects_key() {
            check_key_tag(tag, span)?;
            if anchor != 0 {
                let value = Value::String(text.to_owned());
                self.anchors.insert(anchor, Rc::new(Tree::scalar(value, None)));
            }
            let merge = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
            return self.key(if merge { Key::Merge } else { Key::Name(text.to_owned()) }, span);
        }
        let value = resolve(text, style, tag, span)?;
        let kept = (anchor != 0 && !value.is_string()).then(|| text.to_owned());
        self.put(Rc::new(Tree::scalar(value, kept)), anchor, span)
    }

    fn start(&mut self, anchor: usize, held: Held, span: Span) -> Result<(), Fault> {
        if self.expects_key() {
            return Err(fault(
                span,
                "a list or an object as a key",
                "a key is a text in JSON; write it as one",
            ));
        }
        if self.open.len() >= DEPTH {
            return Err(fault(span, too_deep(), NESTING));
        }
        self.open.push(Open { anchor, held });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Fault> {
        let Some(Open { anchor, held }) = self.open.pop() else { return Ok(()) };
        let tree = match held {
            Held::List(items) => Tree::list(items),
            Held::Object { mut members, merged, .. } => {
                if let Some((merged, at)) = merged {
                    merge(&mut members, &merged, at)?;
                }
                Tree::object(members)
            }
        };
        self.put(Rc::new(tree), anchor, span)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fault> {
        let Some(tree) = self.anchors.get(&anchor).cloned() else {
            return Err(fault(
                span,
                "an alias inside the value that it names, which would never end",
                "write the value out, or refer to a component with `$ref`",
            ));
        };
        if self.expects_key() {
            let text = match &tree.kind {
                Kind::Scalar(Value::String(text), _) | Kind::Scalar(_, Some(text)) => text.clone(),
                _ => {
                    return Err(fault(
                        span,
                        "a list or an object as a key",
                        "a key is a text in JSON; write it as one",
                    ));
                }
            };
            return self.key(Key::Name(text), span);
        }
        self.values = self.values.saturating_add(tree.values);
        self.bytes = self.bytes.saturating_add(tree.bytes);
        if self.values > self.most_values || self.bytes > self.most_bytes {
            return Err(fault(
                span,
                format!(
                    "aliases that expand to more than {} values or {} MiB of text",
                    self.most_values,
                    self.most_bytes / 1024 / 1024
                ),
                "refer to components with `$ref` instead of repeating their content with aliases",
            ));
        }
        if self.open.len() + tree.height > DEPTH {
            return Err(fault(span, too_deep(), NESTING));
        }
        self.put(tree, 0, span)
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { held: Held::Object { key: None, .. }, .. }))
    }

    fn key(&mut self, next: Key, span: Span) -> Result<(), Fault> {
        let Some(Open { held: Held::Object { members, key, merged }, .. }) = self.open.last_mut() else {
            return Ok(());
        };
        let (name, twice) = match &next {
            Key::Name(name) => (name.as_str(), members.contains_key(name)),
            Key::Merge => ("<<", merged.is_some()),
        };
        if twice {
            return Err(fault(
                span,
                format!("the key `{}` twice in one object", shortened(name)),
                "keep one of them",
            ));
        }
        *key = Some(next);
        Ok(())
    }

    /// Puts a whole value where it belongs.
    fn put(&mut self, tree: Rc<Tree>, anchor: usize, span: Span) -> Result<(), Fault> {
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&tree));
        }
        match self.open.last_mut().map(|open| &mut open.held) {
            None => self.root = Some(tree),
            Some(Held::List(items)) => items.push(tree),
            Some(Held::Object { members, key, merged }) => match key.take() {
                Some(Key::Name(name)) => {
                    members.insert(name, tree);
                }
                Some(Key::Merge) => {
                    *merged = Some((tree, span));
                }
                None => return Err(fault(span, "a value without a key", SYNTAX)),
            },
        }
        Ok(())
    }
}

/// Adds what a merge key names: keys that are there already win, and those of an earlier object.
fn merge(members: &mut BTreeMap<String, Rc<Tree>>, from: &Tree, span: Span) -> Result<(), Fault> {
    let mut add = |tree: &Tree| match &tree.kind {
        Kind::Object(more) => {
            for (key, member) in more {
                members.entry(key.clone()).or_insert_with(|| Rc::clone(member));
            }
            true
        }
        _ => false,
    };
    let merged = match &from.kind {
        Kind::List(items) => items.iter().all(|item| add(item)),
        _ => add(from),
    };
    if merged {
        return Ok(());
    }
    Err(fault(
        span,
        "a merge key (`<<`) that names neither an object nor a list of objects",
        "name an object, or quote the key if it is the name of a member",
    ))
}

fn fault(span: Span, problem: impl Into<String>, remedy: &'static str) -> Fault {
    Fault { line: span.start.line(), column: span.start.col() + 1, problem: problem.into(), remedy }
}

const TAGS: &str = "take the tag out; JSON has text, numbers, booleans, null, lists and objects only";

/// A list or an object may carry the tag that says just that.
fn check_tag(tag: Option<&Tag>, expected: &str, span: Span) -> Result<(), Fault> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema_tag(expected) && !is_non_specific(tag) => {
            Err(fault(span, format!("the tag `{}`", shortened(&tag.original())), TAGS))
        }
        _ => Ok(()),
    }
}

/// A key is text whatever type it is said to have, as long as that is one of the core schema.
fn check_key_tag(tag: Option<&Tag>, span: Span) -> Result<(), Fault> {
    match tag {
        Some(tag)
            if !is_non_specific(tag)
                && !["str", "int", "float", "bool", "null"]
                    .iter()
                    .any(|suffix| tag.is_yaml_core_schema_tag(suffix)) =>
        {
            Err(fault(span, format!("the tag `{}`", shortened(&tag.original())), TAGS))
        }
        _ => Ok(()),
    }
}

/// The tag `!`: text, whatever it looks like.
fn is_non_specific(tag: &Tag) -> bool {
    matches!(tag.parts(), ("!", "") | ("", "!"))
}

/// The value of a scalar, by its tag or, if it is plain, by the core schema.
fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Fault> {
    let string = || Value::String(text.to_owned());
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain { core(text, span) } else { Ok(string()) };
    };
    if is_non_specific(tag) || tag.is_yaml_core_schema_tag("str") {
        return Ok(string());
    }
    let value = core(text, span)?;
    let fits = match tag.core_suffix() {
        Some("null") => value.is_null(),
        Some("bool") => value.is_boolean(),
        Some("int") => is_integer(text),
        Some("float") => value.is_number(),
        _ => return Err(fault(span, format!("the tag `{}`", shortened(&tag.original())), TAGS)),
    };
    if fits {
        return Ok(value);
    }
    Err(fault(
        span,
        format!(
            "the tag `{}` on `{}`, which is not of that type",
            shortened(&tag.original()),
            shortened(text)
        ),
        "correct the value, or take the tag out",
    ))
}

/// What a plain scalar is by the core schema, YAML 1.2.2, section 10.3.2.
fn core(text: &str, span: Span) -> Result<Value, Fault> {
    const QUOTE: &str = "quote it if it is meant as text, or write a number that JSON can hold";
    let kept = |number: Result<Number, String>| {
        number.map(Value::Number).map_err(|problem| fault(span, problem, QUOTE))
    };
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_infinite_or_none(text) => {
            return Err(fault(span, format!("`{text}`, a number that JSON does not have"), QUOTE));
        }
        _ if is_decimal(text) => kept(number::decimal(text))?,
        _ => match radix(text) {
            Some((digits, radix)) => kept(
                u64::from_str_radix(digits, radix)
                    .map(Into::into)
                    .map_err(|_| format!("the number {} cannot be kept exactly", shortened(text))),
            )?,
            None => Value::String(text.to_owned()),
        },
    })
}

fn is_infinite_or_none(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_integer(text: &str) -> bool {
    digits(text.strip_prefix(['-', '+']).unwrap_or(text)) || radix(text).is_some()
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, which takes integers, too.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

/// The digits of an octal or hexadecimal integer, and their base. Neither has a sign.
fn radix(text: &str) -> Option<(&str, u32)> {
    let (digits, radix) = match text.strip_prefix("0o") {
        Some(octal) => (octal, 8),
        None => (text.strip_prefix("0x")?, 16),
    };
    (!digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))).then_some((digits, radix))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reading::fault::assert_refused;

    fn plain(text: &str) -> Value {
        read(&format!("a: {text}\n")).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))["a"].take()
    }

    #[test]
    fn plain_values_are_what_the_core_schema_says() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("Null", json!(null)),
            ("NULL", json!(null)),
            ("true", json!(true)),
            ("True", json!(true)),
            ("TRUE", json!(true)),
            ("false", json!(false)),
            ("False", json!(false)),
            ("FALSE", json!(false)),
            ("0", json!(0)),
            ("-19", json!(-19)),
            ("+12", json!(12)),
            ("0123", json!(123)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("0xdeadBEEF", json!(3_735_928_559_u32)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("+.5", json!(0.5)),
            ("1.10", json!(1.1)),
            ("1e3", json!(1000.0)),
            ("-2E+05", json!(-200_000.0)),
            ("12e-1", json!(1.2)),
        ] {
            assert_eq!(plain(text), value, "{text}");
        }
    }

    #[test]
    fn what_only_other_schemas_know_is_text() {
        for text in [
            "2024_01",
            "1_000",
            "1_000.5",
            "0b1",
            "0b_1",
            "0x_f",
            "0x",
            "0o",
            "0o8",
            "0O17",
            "0X1F",
            "+0x1F",
            "-0o7",
            "12:30:45",
            "1:30",
            "190:20:30.15",
            "2024-01-01",
            "2024-01-01T00:00:00Z",
            "yes",
            "no",
            "on",
            "off",
            "Yes",
            "NO",
            "y",
            "n",
            "nULL",
            "tRUE",
            "TrUe",
            "+",
            ".",
            "..",
            "e3",
            ".e3",
            "1e",
            "1e+",
            "1.2.3",
            "1,000",
            "0.1.",
            "+.inf.",
            "inf",
            "nan",
            "NaN",
            ".iNF",
            "+.nan",
            "Infinity",
            "1d",
            "1f64",
            "0x1p3",
            "٣",
            "<<",
            "=",
            "1__0",
            "_1",
            "1_",
        ] {
            assert_eq!(plain(text), json!(text), "{text}");
        }
    }

    #[test]
    fn what_is_quoted_or_tagged_as_text_is_text() {
        assert_eq!(plain("'1'"), json!("1"));
        assert_eq!(plain("\"null\""), json!("null"));
        assert_eq!(plain("!!str 1"), json!("1"));
        assert_eq!(plain("! 1"), json!("1"));
        assert_eq!(plain("!!str"), json!(""));
        assert_eq!(plain("|\n  1"), json!("1\n"));
        assert_eq!(plain("!!float 1"), json!(1));
        assert_eq!(plain("!!int \"1\""), json!(1));
        assert_eq!(plain("!!map {}"), json!({}));
        assert_eq!(plain("!!seq []"), json!([]));
    }

    #[test]
    fn keys_are_text_as_they_are_written() {
        let value = read("200: a\n0x1F: b\n1.0: c\ntrue: d\n~: e\n'1': f\nno: g\n").unwrap();
        assert_eq!(
            value,
            json!({"200": "a", "0x1F": "b", "1.0": "c", "true": "d", "~": "e", "1": "f", "no": "g"})
        );
    }

    #[test]
    fn what_json_cannot_hold_is_refused_with_its_line() {
        for (text, line, problem) in [
            ("a:\n  b: .inf\n", 2, ".inf"),
            ("a:\n  b: -.Inf\n", 2, "-.Inf"),
            ("a:\n  b: [.NaN]\n", 2, ".NaN"),
            ("a:\n  b: 18446744073709551617\n", 2, "18446744073709551617"),
            ("a:\n  b: 0x10000000000000000\n", 2, "0x10000000000000000"),
            ("a:\n  b: 1e999\n", 2, "1e999"),
            ("a:\n  b: 3.14159265358979323846\n", 2, "3.14159265358979323846"),
            ("a:\n  ? [b]\n  : c\n", 2, "as a key"),
            ("a:\n  ? {b: c}\n  : c\n", 2, "as a key"),
            ("a: &a [b]\nb:\n  *a : c\n", 3, "as a key"),
            ("a:\n  b: !!binary aGk=\n", 2, "!!binary"),
            ("a:\n  b: !!timestamp 2024-01-01\n", 2, "!!timestamp"),
            ("a:\n  b: !ours c\n", 2, "!ours"),
            ("a:\n  b: !!set {c}\n", 2, "!!set"),
            ("a:\n  b: !!int c\n", 2, "!!int"),
            ("a:\n  b: !!int 1.5\n", 2, "!!int"),
            ("a:\n  !ours b: c\n", 2, "!ours"),
            ("a: 1\n---\nb: 2\n", 2, "second YAML document"),
            ("a: 1\nb: 2\na: 3\n", 3, "`a` twice"),
            ("200: 1\n'200': 2\n", 2, "`200` twice"),
            ("a: {b: 1, b: 2}\n", 1, "`b` twice"),
            ("a:\n\tb: 1\n", 2, "tab"),
            ("a: *b\n", 1, "`*name`"),
            ("a: &a\n  b: *a\n", 2, "never end"),
            ("a:\n  b: [\n", 2, "not YAML"),
            ("<<: 1\n", 1, "merge key"),
            ("%YAML 2.0\n---\na: 1\n", 1, "YAML version"),
        ] {
            assert_refused(read(text), text, line, problem);
        }
    }

    #[test]
    fn an_alias_is_what_it_names() {
        let value =
            read("a: &a {b: [1]}\nc: *a\nd: &d x\n*d : y\n&e e: *e\nf: &f 200\ng: {*f : 1}\n").unwrap();
        assert_eq!(
            value,
            json!({"a": {"b": [1]}, "c": {"b": [1]}, "d": "x", "x": "y", "e": "e", "f": 200, "g": {"200": 1}})
        );
    }

    #[test]
    fn a_merge_key_adds_what_is_not_there_and_a_quoted_one_is_a_name() {
        let value = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\nd: {y: 9, <<: *a}\ne: {'<<': 1}\n")
            .unwrap();
        assert_eq!(value["c"], json!({"x": 0, "y": 2, "z": 4}));
        assert_eq!(value["d"], json!({"x": 1, "y": 9}));
        assert_eq!(value["e"], json!({"<<": 1}));
    }

    #[test]
    fn any_number_of_uses_of_an_anchor_is_no_bomb() {
        let uses = 60_000;
        let text = format!("a: &a {{description: refused}}\nb:\n{}", "- *a\n".repeat(uses));
        assert_eq!(read(&text).unwrap()["b"].as_array().unwrap().len(), uses);
    }

    #[test]
    fn a_bomb_is_refused_by_what_it_expands_to() {
        let mut text = String::from("a0: &a0 [lol, lol]\n");
        for level in 1..60 {
            text += &format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1);
        }
        let fault = read(&text).unwrap_err();
        assert!(fault.problem.contains("200000 values"), "{fault:?}");
        let long = format!("a: &a {}\nb:\n{}", "x".repeat(1_000_000), "- *a\n".repeat(100));
        assert!(read(&long).unwrap_err().problem.contains("8 MiB"));
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(DEPTH)).is_ok());
        assert!(read(&nested(DEPTH + 1)).unwrap_err().problem.contains("deeper than 100"));
        assert!(read(&nested(100_000)).unwrap_err().problem.contains("deeper than 100"));
        let block: String = (0..10_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        assert!(read(&block).unwrap_err().problem.contains("deeper than 100"));
        let dashes = "- ".repeat(100_000);
        assert!(read(&dashes).unwrap_err().problem.contains("deeper than 100"));
        let half = nested(DEPTH / 2 + 1);
        let alias = format!("a: &a {half}\nb: {}*a{}\n", "[".repeat(DEPTH / 2), "]".repeat(DEPTH / 2));
        assert!(read(&alias).unwrap_err().problem.contains("deeper than 100"));
    }
}
