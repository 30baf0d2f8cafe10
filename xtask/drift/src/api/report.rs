//! What was found, ready to be shown.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{compare::Gathered, kinds::Direction, schema::At, state::Side};
use crate::{
    Level,
    rust::{Bump, Change, Comparison, NotCompared},
};
use xtask_openapi::{Document, pointer, walk};

/// How many characters of a value are shown.
const SHOWN: usize = 160;

/// What changed between two states. Its JSON form is described by `xtask/drift/schemas/diff.schema.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What changed in Pleo's API: by API, the gravest first.
    pub findings: Vec<Finding>,
    /// What that does to the generated client; `None` where that was not looked at, or is not known.
    pub rust: Option<RustApi>,
    /// Why it is not known.
    pub rust_problem: Option<String>,
}

/// What the changes do to the generated client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RustApi {
    /// The version number that the changes ask to be raised.
    pub bump: Bump,
    /// The changes.
    pub changes: Vec<Change>,
}

/// One change of Pleo's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The id of its [kind](super::kinds::Kind).
    pub kind: &'static str,
    /// How much it means.
    pub level: Level,
    /// Whether it is about what is sent or what is answered.
    pub direction: Option<Direction>,
    /// The title of the document.
    pub api: String,
    /// The place in words, such as `Vendor.name`; empty if it is the document itself.
    pub place: String,
    /// The operations it touches, such as `GET /v1/vendors`; empty if it is about the document.
    pub operations: Vec<String>,
    /// Where it stood; `None` for what is new.
    pub old: Option<Location>,
    /// Where it stands; `None` for what is gone.
    pub new: Option<Location>,
    /// What stood there, as JSON, cut to 160 characters.
    pub before: Option<String>,
    /// What stands there, as JSON, cut to 160 characters.
    pub after: Option<String>,
    /// The same as a sentence.
    pub text: String,
    /// 16 hexadecimal digits that stay the same from run to run, made of kind, API, place and
    /// values.
    pub fingerprint: String,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// File name of the document.
    pub file: String,
    /// JSON pointer (RFC 6901).
    pub pointer: String,
}

/// How many findings there are of each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Breaking ones.
    pub breaking: usize,
    /// Possibly breaking ones.
    pub possibly_breaking: usize,
    /// Additive ones.
    pub additive: usize,
    /// Those of documentation only.
    pub documentation: usize,
}

impl Counts {
    /// Counts levels.
    pub fn of(levels: impl IntoIterator<Item = Level>) -> Self {
        let mut counts = Self::default();
        for level in levels {
            match level {
                Level::Breaking => counts.breaking += 1,
                Level::PossiblyBreaking => counts.possibly_breaking += 1,
                Level::Additive => counts.additive += 1,
                Level::Documentation => counts.documentation += 1,
            }
        }
        counts
    }

    /// How many there are of one level.
    pub fn get(&self, level: Level) -> usize {
        match level {
            Level::Breaking => self.breaking,
            Level::PossiblyBreaking => self.possibly_breaking,
            Level::Additive => self.additive,
            Level::Documentation => self.documentation,
        }
    }
}

impl Report {
    /// How many findings there are of each level.
    pub fn counts(&self) -> Counts {
        Counts::of(self.findings.iter().map(|finding| finding.level))
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.rust.as_ref().is_none_or(|rust| rust.changes.is_empty())
    }

    /// Adds what the changes do to the generated client, or why that is not known.
    #[must_use]
    pub fn with_rust(mut self, compared: Result<Comparison, NotCompared>) -> Self {
        match compared {
            Ok(Comparison { changes, bump }) => self.rust = Some(RustApi { bump, changes }),
            Err(problem) => self.rust_problem = Some(problem.to_string()),
        }
        self
    }

    /// The gravest level, of the API and the Rust API; `None` if nothing changed.
    pub fn gravest(&self) -> Option<Level> {
        let rust = self.rust.iter().flat_map(|rust| &rust.changes).map(|change| change.level);
        self.findings.iter().map(|finding| finding.level).chain(rust).max()
    }

    /// The findings by API.
    pub fn by_api(&self) -> BTreeMap<&str, Vec<&Finding>> {
        let mut apis: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            apis.entry(&finding.api).or_default().push(finding);
        }
        apis
    }
}

/// The report of what was gathered.
pub(super) fn report(old: &Side<'_>, new: &Side<'_>, found: impl Iterator<Item = Gathered>) -> Report {
    let mut findings: Vec<Finding> = found.map(|gathered| finding(old, new, gathered)).collect();
    findings.sort_by(|a, b| {
        let rank = |finding: &Finding| (finding.api.clone(), Reverse(finding.level), finding.kind);
        let place =
            |finding: &Finding| (finding.new.clone(), finding.old.clone(), finding.fingerprint.clone());
        rank(a).cmp(&rank(b)).then_with(|| place(a).cmp(&place(b)))
    });
    Report { findings, rust: None, rust_problem: None }
}

fn finding(old: &Side<'_>, new: &Side<'_>, gathered: Gathered) -> Finding {
    let Gathered { change, api, operations } = gathered;
    let place = |side: &Side<'_>, at: &Option<At>| {
        at.as_ref().map(|at| place(&side.documents[at.document], &at.pointer))
    };
    let (was, is) = (place(old, &change.old), place(new, &change.new));
    let full = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    let (before, after) = (full(&change.before), full(&change.after));
    let mut hash = Sha256::new();
    let stable = |place: &Option<Place>| place.as_ref().map(|place| place.stable.clone());
    for part in [
        Some(change.kind.id.to_owned()),
        Some(api.clone()),
        stable(&was),
        stable(&is),
        before.clone(),
        after.clone(),
    ] {
        // The length keeps neighbours apart.
        let part = part.unwrap_or_default();
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let fingerprint = data_encoding::HEXLOWER.encode(&hash.finalize()[..8]);
    let (before, after) = (before.map(shorten), after.map(shorten));
    let said = is.as_ref().or(was.as_ref()).map(|place| place.said.clone()).unwrap_or_default();
    let values = match (&before, &after) {
        (Some(before), Some(after)) => format!(" ({before} became {after})"),
        (Some(value), None) | (None, Some(value)) => format!(" ({value})"),
        (None, None) => String::new(),
    };
    let colon = if said.is_empty() { "" } else { ": " };
    let text = format!("{}{colon}{said}{values}", change.kind.what);
    let location = |side: &Side<'_>, at: Option<At>| {
        at.map(|at| Location { file: side.documents[at.document].name.clone(), pointer: at.pointer })
    };
    Finding {
        kind: change.kind.id,
        level: change.kind.level,
        direction: change.kind.direction,
        api,
        place: said,
        operations: operations.into_iter().collect(),
        old: location(old, change.old),
        new: location(new, change.new),
        before,
        after,
        text,
        fingerprint,
    }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A place as it is said, and as it stays when lists are put into another order.
struct Place {
    said: String,
    stable: String,
}

fn place(document: &Document, at: &str) -> Place {
    let (mut said, mut stable, mut value) = (String::new(), String::new(), Some(&document.value));
    let mut above = String::new();
    for (depth, token) in pointer::tokens(at).enumerate() {
        let list = value.is_some_and(Value::is_array);
        value = value.and_then(|value| match value {
            Value::Array(list) => list.get(token.parse::<usize>().ok()?),
            _ => value.get(&token),
        });
        let name = value.and_then(|value| value.get("name")).and_then(Value::as_str);
        let known = match name {
            Some(name) if list => {
                let location =
                    value.and_then(|value| value.get("in")).and_then(Value::as_str).unwrap_or_default();
                format!("{location}:{name}")
            }
            _ if list => value.map(Value::to_string).unwrap_or_default(),
            _ => token.clone(),
        };
        stable = pointer::push(&stable, known);
        let word = match (depth, above.as_str(), token.as_str()) {
            (_, "properties", property) => format!(".{property}"),
            (0, _, "paths" | "components" | "info") | (1, "components", _) => String::new(),
            (_, _, "properties" | "parameters" | "responses" | "content" | "schema") => String::new(),
            (1, "paths", path) => path.to_owned(),
            (2, _, method) if walk::METHODS.contains(&method) && at.starts_with("/paths/") => {
                said = walk::operation_name(method, &said);
                String::new()
            }
            (_, _, "items") => "[]".to_owned(),
            (_, "parameters", _) => format!(" parameter {}", name.unwrap_or(&token)),
            (_, "responses", status) => format!(" {status}"),
            (_, "content", _) => String::new(),
            (_, _, "requestBody") => " body".to_owned(),
            (_, _, word) => format!(" {word}"),
        };
        said.push_str(&word);
        above = token;
    }
    Place { said: said.trim().to_owned(), stable }
}
