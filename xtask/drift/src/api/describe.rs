//! Putting a difference into words.

use std::{collections::HashMap, rc::Rc};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use xtask_openapi::{Document, pointer, walk};

use super::{
    cursor::At,
    difference::Difference,
    finding::{ApiFinding, Location, Operations},
    state::State,
};

/// How many characters of a value are shown.
const SHOWN: usize = 160;

/// Makes findings of differences.
pub(super) struct Describer<'d> {
    old: Places<'d>,
    new: Places<'d>,
}

impl<'d> Describer<'d> {
    pub(super) fn new(old: &State<'d>, new: &State<'d>) -> Self {
        let places = |state: &State<'d>| Places { documents: state.documents, known: HashMap::new() };
        Self { old: places(old), new: places(new) }
    }

    /// The finding that a difference is.
    pub(super) fn finding(
        &mut self,
        difference: Difference,
        api: String,
        operations: Operations,
    ) -> ApiFinding {
        let Difference { kind, old, new, before, after } = difference;
        let (was, is) =
            (old.as_ref().map(|at| self.old.place(at)), new.as_ref().map(|at| self.new.place(at)));
        let (before, after) = (before.map(|value| value.to_string()), after.map(|value| value.to_string()));
        let stable = |place: &Option<Rc<Place>>| place.as_ref().map(|place| place.stable.clone());
        let mut hash = Sha256::new();
        for part in [
            Some(kind.id.to_owned()),
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
        let said = is.as_ref().or(was.as_ref()).map(|place| place.said.trim().to_owned()).unwrap_or_default();
        let values = match (&before, &after) {
            (Some(before), Some(after)) => format!(" ({before} became {after})"),
            (Some(value), None) | (None, Some(value)) => format!(" ({value})"),
            (None, None) => String::new(),
        };
        let colon = if said.is_empty() { "" } else { ": " };
        let text = format!("{}{colon}{said}{values}", kind.what);
        ApiFinding {
            kind: kind.id,
            level: kind.level,
            direction: kind.direction,
            api,
            place: said,
            operations,
            old: old.map(|at| self.old.location(at)),
            new: new.map(|at| self.new.location(at)),
            before,
            after,
            text,
            fingerprint,
        }
    }
}

/// A text cut to what is shown of it, with how much is left out.
fn shorten(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A place as it is said, and as it stays when lists are put into another order.
#[derive(Debug, Default)]
struct Place {
    said: String,
    stable: String,
}

/// The places of one state. Those above a place are looked at once.
struct Places<'d> {
    documents: &'d [Document],
    known: HashMap<At, Rc<Place>>,
}

impl<'d> Places<'d> {
    fn location(&self, at: At) -> Location {
        Location { file: self.documents[at.document].name.clone(), pointer: at.pointer }
    }

    fn place(&mut self, at: &At) -> Rc<Place> {
        if let Some(place) = self.known.get(at) {
            return Rc::clone(place);
        }
        let Some((above, _)) = at.pointer.rsplit_once('/') else { return Rc::default() };
        let outer = self.place(&At { document: at.document, pointer: above.to_owned() });
        let place = Rc::new(self.below(&outer, at, above));
        self.known.insert(at.clone(), Rc::clone(&place));
        place
    }

    /// The place at a pointer, by the one above it.
    fn below(&self, outer: &Place, at: &At, above: &str) -> Place {
        let root = &self.documents[at.document].value;
        let value = root.pointer(&at.pointer);
        let is_list = root.pointer(above).is_some_and(Value::is_array);
        let depth = pointer::tokens(above).count();
        let token = pointer::tokens(&at.pointer).last().unwrap_or_default();
        let container = pointer::tokens(above).last().unwrap_or_default();
        let name = value.and_then(|value| value.get("name")).and_then(Value::as_str);
        let known = match name {
            Some(name) if is_list => {
                let location =
                    value.and_then(|value| value.get("in")).and_then(Value::as_str).unwrap_or_default();
                format!("{location}:{name}")
            }
            _ if is_list => value.map(Value::to_string).unwrap_or_default(),
            _ => token.clone(),
        };
        let mut said = outer.said.clone();
        let word = match (depth, container.as_str(), token.as_str()) {
            (_, "properties", property) => format!(".{property}"),
            (0, _, "paths" | "components" | "info") | (1, "components", _) => String::new(),
            (_, _, "properties" | "parameters" | "responses" | "content" | "schema") => String::new(),
            (1, "paths", path) => path.to_owned(),
            (2, _, method) if walk::METHODS.contains(&method) && at.pointer.starts_with("/paths/") => {
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
        Place { said, stable: pointer::push(&outer.stable, known) }
    }
}
