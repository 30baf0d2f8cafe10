//! Schemas in one form, whatever form they were written in.
//!
//! A [`Schema`] is what holds at one place of a document: `$ref`, `allOf` and choices of one member
//! are looked through, so that an alias and the same written inline are equal; `nullable` and the
//! null type of OpenAPI 3.1 are one thing, and so on. Schemas refer to each other by [`Id`], so a
//! recursive document is a graph and no endless tree.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use serde_json::{Map, Number, Value, json};

use xtask_openapi::{Document, SpecError, pointer};

/// Where a schema stands in [`Schemas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(usize);

/// The schema that allows everything: what a missing `schema`, `items` or declaration means.
pub(super) const ANY: Id = Id(0);

/// A place in one of the documents of a side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct At {
    /// Index of the document.
    pub(super) document: usize,
    /// JSON pointer in it.
    pub(super) pointer: String,
}

impl At {
    /// The place below this one.
    pub(super) fn join(&self, token: impl AsRef<str>) -> Self {
        Self { document: self.document, pointer: pointer::push(&self.pointer, token) }
    }
}

/// A keyword's value, and where it is said.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) value: Value,
    pub(super) at: At,
}

/// A choice of several schemas.
#[derive(Debug)]
pub(super) struct Union {
    /// `oneOf` or `anyOf`.
    pub(super) rule: &'static str,
    pub(super) members: Vec<(At, Id)>,
    pub(super) at: At,
}

/// What holds at one place.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// Where it stands; `None` for [`ANY`].
    pub(super) at: Option<At>,
    /// The allowed types but for null; `None` for any.
    pub(super) types: Option<BTreeSet<String>>,
    /// Whether null is allowed beside `types`.
    pub(super) nullable: bool,
    /// The allowed values but for null.
    pub(super) values: Option<Vec<Value>>,
    /// The keywords that are one value each.
    pub(super) facts: BTreeMap<String, Fact>,
    /// The properties by name: where declared, and what they are.
    pub(super) properties: BTreeMap<String, (At, Id)>,
    /// The names of properties that have to be there.
    pub(super) required: BTreeSet<String>,
    /// What undeclared properties are; `None` where there may be none.
    pub(super) additional: Option<Id>,
    /// What the items of a list are.
    pub(super) items: Option<Id>,
    /// The choices that have to be met beside all this.
    pub(super) unions: Vec<Union>,
}

/// The schemas of all documents of one side.
#[derive(Debug)]
pub(super) struct Schemas<'a> {
    documents: &'a [Document],
    ids: HashMap<Vec<At>, Id>,
    places: Vec<Vec<At>>,
    schemas: Vec<Schema>,
}

/// Keywords that are words, or that help to find schemas without saying anything about values.
const PROSE: [&str; 10] = [
    "description",
    "summary",
    "title",
    "example",
    "examples",
    "externalDocs",
    "$comment",
    "$defs",
    "definitions",
    "$schema",
];

/// Whether a keyword is words only.
pub(super) fn is_prose(key: &str) -> bool {
    PROSE.contains(&key)
}

impl<'a> Schemas<'a> {
    pub(super) fn new(documents: &'a [Document]) -> Self {
        let any = Schema { additional: Some(ANY), ..Schema::default() };
        Self { documents, ids: HashMap::new(), places: vec![Vec::new()], schemas: vec![any] }
    }

    pub(super) fn get(&self, id: Id) -> &Schema {
        &self.schemas[id.0]
    }

    /// An error at a place.
    pub(super) fn error(&self, at: &At, problem: impl Into<String>, help: &str) -> SpecError {
        SpecError::new(&self.documents[at.document].name, &at.pointer, problem, help)
    }

    /// The value at a place.
    pub(super) fn value(&self, at: &At) -> Result<&'a Value, SpecError> {
        self.documents[at.document]
            .value
            .pointer(&at.pointer)
            .ok_or_else(|| self.error(at, "there is nothing", "correct the `$ref` that leads here"))
    }

    /// The object at a place.
    pub(super) fn object(&self, at: &At) -> Result<&'a Map<String, Value>, SpecError> {
        self.value(at)?
            .as_object()
            .ok_or_else(|| self.error(at, "is not an object", "write it as OpenAPI 3 asks"))
    }

    /// The place that a `$ref` written at `at` leads to.
    fn target(&self, at: &At, reference: &Value) -> Result<At, SpecError> {
        let place = at.join("$ref");
        let target = reference.as_str().and_then(|text| text.strip_prefix('#')).ok_or_else(|| {
            self.error(
                &place,
                format!("{reference} is not a place in this document"),
                "bring it into the document",
            )
        })?;
        let target = At { document: at.document, pointer: target.to_owned() };
        if self.value(&target).is_err() {
            return Err(self.error(
                &place,
                format!("{reference} leads nowhere"),
                "declare it, or correct the `$ref`",
            ));
        }
        Ok(target)
    }

    /// Where references that stand alone lead; words beside a `$ref` do not count.
    pub(super) fn resolve(&self, at: At) -> Result<At, SpecError> {
        let (start, mut at) = (at.clone(), at);
        let mut seen = BTreeSet::new();
        loop {
            let value = self.value(&at)?;
            let Some(reference) = value.get("$ref") else { return Ok(at) };
            if value.as_object().is_some_and(|map| map.keys().any(|key| key != "$ref" && !is_prose(key))) {
                return Ok(at);
            }
            let next = self.target(&at, reference)?;
            if !seen.insert(at) {
                return Err(self.error(
                    &start,
                    "its `$ref`s go in a circle",
                    "let one of them lead to a schema",
                ));
            }
            at = next;
        }
    }

    /// The schema at which all these places hold together.
    pub(super) fn intern(&mut self, places: Vec<At>) -> Result<Id, SpecError> {
        let mut resolved: Vec<At> = Vec::with_capacity(places.len());
        for place in places {
            let place = self.resolve(place)?;
            if !resolved.contains(&place) {
                resolved.push(place);
            }
        }
        if let Some(id) = self.ids.get(&resolved) {
            return Ok(*id);
        }
        let id = Id(self.places.len());
        self.ids.insert(resolved.clone(), id);
        self.places.push(resolved);
        Ok(id)
    }

    /// Reads every schema that was asked for, and those that they lead to.
    pub(super) fn read(&mut self) -> Result<(), SpecError> {
        while let Some(places) = self.places.get(self.schemas.len()) {
            let schema = Reader::default().read(self, places.clone())?;
            self.schemas.push(schema);
        }
        Ok(())
    }
}

/// What is gathered from the places that hold together.
#[derive(Default)]
struct Reader {
    /// For each type declaration the types but for null.
    types: Vec<BTreeSet<String>>,
    /// Whether null is allowed; the outermost place that speaks of it decides.
    nullable: Option<bool>,
    values: Option<Vec<Value>>,
    properties: BTreeMap<String, Vec<At>>,
    additional: Vec<At>,
    closed: bool,
    items: Vec<At>,
    unions: Vec<(&'static str, At, Vec<At>)>,
    schema: Schema,
}

impl Reader {
    fn read(mut self, schemas: &mut Schemas<'_>, places: Vec<At>) -> Result<Schema, SpecError> {
        self.schema.at = places.first().cloned();
        let mut seen = BTreeSet::new();
        let mut left: Vec<At> = places.into_iter().rev().collect();
        while let Some(at) = left.pop() {
            if seen.insert(at.clone()) {
                let mut inner = self.source(schemas, &at)?;
                inner.reverse();
                left.append(&mut inner);
            }
        }
        self.finish(schemas)
    }

    /// Takes in one place; returns the places that hold together with it.
    fn source(&mut self, schemas: &Schemas<'_>, at: &At) -> Result<Vec<At>, SpecError> {
        let map = match schemas.value(at)? {
            Value::Object(map) => map,
            Value::Bool(true) => return Ok(Vec::new()),
            Value::Bool(false) => {
                self.values = Some(Vec::new());
                return Ok(Vec::new());
            }
            _ => return Err(schemas.error(at, "is not a schema", "write an object")),
        };
        let mut inner = Vec::new();
        let mut null = map.contains_key("type").then_some(false);
        for (key, value) in map {
            let here = at.join(key);
            match key.as_str() {
                "$ref" => inner.push(schemas.target(at, value)?),
                "allOf" => {
                    let members = list(schemas, &here, value)?;
                    inner.extend((0..members.len()).map(|index| here.join(index.to_string())));
                }
                "oneOf" | "anyOf" => {
                    let rule = if key == "oneOf" { "oneOf" } else { "anyOf" };
                    let members = list(schemas, &here, value)?;
                    let mut left = Vec::new();
                    for (index, member) in members.iter().enumerate() {
                        if is_null(member) {
                            null = Some(true);
                        } else {
                            left.push(here.join(index.to_string()));
                        }
                    }
                    match left.len() {
                        0 => {}
                        1 => inner.append(&mut left),
                        _ => self.unions.push((rule, here, left)),
                    }
                }
                "type" => {
                    if self.types(schemas, &here, value)? {
                        null = Some(true);
                    }
                }
                "nullable" => {
                    if flag(schemas, &here, value)? {
                        null = Some(true);
                    }
                }
                "enum" => {
                    let values = list(schemas, &here, value)?;
                    if null.is_none() && values.contains(&Value::Null) {
                        null = Some(true);
                    }
                    self.restrict(values);
                }
                "const" => self.restrict(std::slice::from_ref(value)),
                "properties" => {
                    for name in object(schemas, &here, value)?.keys() {
                        self.properties.entry(name.clone()).or_default().push(here.join(name));
                    }
                }
                "required" => {
                    for name in list(schemas, &here, value)? {
                        let name = name.as_str().ok_or_else(|| {
                            schemas.error(&here, "does not list names of properties", "list texts")
                        })?;
                        self.schema.required.insert(name.to_owned());
                    }
                }
                "additionalProperties" => match value {
                    Value::Bool(true) => {}
                    Value::Bool(false) => self.closed = true,
                    _ => self.additional.push(here),
                },
                "items" => self.items.push(here),
                _ => self.fact(schemas, key, here, value)?,
            }
        }
        self.nullable = self.nullable.or(null);
        Ok(inner)
    }

    /// Takes in a `type`; returns whether null is among them.
    fn types(&mut self, schemas: &Schemas<'_>, at: &At, value: &Value) -> Result<bool, SpecError> {
        let one = std::slice::from_ref(value);
        let names = value.as_array().map_or(one, Vec::as_slice);
        let mut types = BTreeSet::new();
        for name in names {
            let name = name.as_str().ok_or_else(|| {
                schemas.error(at, "is neither a type nor a list of types", "name a JSON type")
            })?;
            types.insert(name.to_owned());
        }
        let null = types.remove("null");
        self.types.push(types);
        Ok(null)
    }

    fn restrict(&mut self, values: &[Value]) {
        let mut allowed: Vec<Value> = Vec::new();
        for value in values {
            let value = canonical(value);
            if !value.is_null() && !allowed.contains(&value) {
                allowed.push(value);
            }
        }
        self.values = Some(match self.values.take() {
            Some(before) => before.into_iter().filter(|value| allowed.contains(value)).collect(),
            None => allowed,
        });
    }

    fn fact(&mut self, schemas: &Schemas<'_>, key: &str, at: At, value: &Value) -> Result<(), SpecError> {
        let value = match key {
            // 3.0 marks the bound beside it as exclusive, 3.1 gives a bound.
            "exclusiveMinimum" | "exclusiveMaximum" if value.is_boolean() => return Ok(()),
            "exclusiveMinimum" | "exclusiveMaximum" => {
                let number = number(schemas, &at, value)?;
                let key = if key == "exclusiveMinimum" { "minimum" } else { "maximum" };
                self.bound(key, at, json!({ "exclusive": number }));
                return Ok(());
            }
            "minimum" | "maximum" => {
                let number = number(schemas, &at, value)?;
                let (beside, limit) = if key == "minimum" {
                    ("exclusiveMinimum", "minimum")
                } else {
                    ("exclusiveMaximum", "maximum")
                };
                let outer = At { document: at.document, pointer: parent(&at.pointer).to_owned() };
                let exclusive = schemas.object(&outer)?.get(beside) == Some(&Value::Bool(true));
                self.bound(limit, at, if exclusive { json!({ "exclusive": number }) } else { number });
                return Ok(());
            }
            "minLength" | "minItems" | "minProperties" | "maxLength" | "maxItems" | "maxProperties" => {
                let number = number(schemas, &at, value)?;
                // No lower bound is lower than none.
                if !(key.starts_with("min") && number == json!(0)) {
                    self.bound(key, at, number);
                }
                return Ok(());
            }
            "uniqueItems" | "readOnly" | "writeOnly" | "deprecated" => {
                if !flag(schemas, &at, value)? {
                    return Ok(());
                }
                Value::Bool(true)
            }
            "contentEncoding" if value == "base64" => {
                self.schema.facts.entry("format".to_owned()).or_insert(Fact { value: json!("byte"), at });
                return Ok(());
            }
            "contentMediaType" if value == "application/octet-stream" => {
                self.schema.facts.entry("format".to_owned()).or_insert(Fact { value: json!("binary"), at });
                return Ok(());
            }
            "description" | "title" | "example" | "examples" | "default" => value.clone(),
            _ if is_prose(key) => return Ok(()),
            _ => canonical(&without_prose(value)),
        };
        match self.schema.facts.get_mut(key) {
            None => {
                let value = if key == "default" { canonical(&value) } else { value };
                self.schema.facts.insert(key.to_owned(), Fact { value, at });
            }
            // Two patterns both hold; of two texts the outer one is shown.
            Some(fact) if key == "pattern" && fact.value != value => {
                fact.value = json!({ "allOf": [fact.value, value] });
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Of two bounds the tighter one holds.
    fn bound(&mut self, key: &str, at: At, value: Value) {
        let fact = Fact { value, at };
        match self.schema.facts.get_mut(key) {
            None => {
                self.schema.facts.insert(key.to_owned(), fact);
            }
            Some(other) => {
                if tightness(key, &fact.value, &other.value) == Ordering::Greater {
                    *other = fact;
                }
            }
        }
    }

    fn finish(mut self, schemas: &mut Schemas<'_>) -> Result<Schema, SpecError> {
        let mut schema = self.schema;
        schema.nullable = self.nullable == Some(true);
        for types in self.types {
            schema.types = Some(match schema.types.take() {
                None => types,
                Some(before) => both_allow(&before, &types),
            });
        }
        if schema.types.is_none() {
            schema.types =
                implied(&self.values, &self.properties, &self.additional, self.closed, &self.items);
        }
        schema.values = self.values.take();
        for (name, places) in self.properties {
            if let Some(at) = places.first().cloned() {
                let id = schemas.intern(places)?;
                schema.properties.insert(name, (at, id));
            }
        }
        schema.additional = match self.additional.is_empty() {
            _ if self.closed => None,
            true => Some(ANY),
            false => Some(schemas.intern(self.additional)?),
        };
        if !self.items.is_empty() {
            schema.items = Some(schemas.intern(self.items)?);
        }
        for (rule, at, places) in self.unions {
            let members = places
                .into_iter()
                .map(|place| Ok((place.clone(), schemas.intern(vec![place])?)))
                .collect::<Result<_, SpecError>>()?;
            schema.unions.push(Union { rule, members, at });
        }
        Ok(schema)
    }
}

/// The types that a schema without `type` can only mean.
fn implied(
    values: &Option<Vec<Value>>,
    properties: &BTreeMap<String, Vec<At>>,
    additional: &[At],
    closed: bool,
    items: &[At],
) -> Option<BTreeSet<String>> {
    if let Some(values) = values {
        return Some(values.iter().map(|value| type_of(value).to_owned()).collect());
    }
    if !properties.is_empty() || !additional.is_empty() || closed {
        return Some(BTreeSet::from(["object".to_owned()]));
    }
    (!items.is_empty()).then(|| BTreeSet::from(["array".to_owned()]))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether all values of `inner` are allowed by `outer`. An integer is a number.
pub(super) fn includes(outer: Option<&BTreeSet<String>>, inner: Option<&BTreeSet<String>>) -> bool {
    let Some(outer) = outer else { return true };
    let Some(inner) = inner else { return false };
    inner.iter().all(|name| outer.contains(name) || (name == "integer" && outer.contains("number")))
}

fn both_allow(a: &BTreeSet<String>, b: &BTreeSet<String>) -> BTreeSet<String> {
    let allowed =
        |set: &BTreeSet<String>, name: &String| includes(Some(set), Some(&BTreeSet::from([name.clone()])));
    a.union(b).filter(|name| allowed(a, name) && allowed(b, name)).cloned().collect()
}

/// Whether a member of a choice stands for null only.
fn is_null(member: &Value) -> bool {
    let says = |key: &str, value: &Value| match key {
        "type" => value == "null" || value == &json!(["null"]),
        "enum" => value == &json!([null]),
        "const" => value.is_null(),
        "nullable" => value == &json!(true),
        _ => false,
    };
    member.as_object().is_some_and(|map| {
        let mut facts = map.iter().filter(|(key, _)| !is_prose(key)).peekable();
        facts.peek().is_some() && facts.all(|(key, value)| says(key, value))
    })
}

/// How tight the first of two bounds is, compared with the second.
pub(super) fn tightness(key: &str, a: &Value, b: &Value) -> Ordering {
    let parts = |value: &Value| {
        let exclusive = value.get("exclusive");
        (exclusive.unwrap_or(value).as_number().cloned(), exclusive.is_some())
    };
    let ((a, a_exclusive), (b, b_exclusive)) = (parts(a), parts(b));
    let order = match (a, b) {
        (Some(a), Some(b)) => compare(&a, &b),
        _ => Ordering::Equal,
    };
    let lower = key.to_ascii_lowercase().starts_with("min");
    let order = if lower { order } else { order.reverse() };
    order.then(a_exclusive.cmp(&b_exclusive))
}

fn compare(a: &Number, b: &Number) -> Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// A value in which 1.0 and 1 are the same.
pub(super) fn canonical(value: &Value) -> Value {
    // Below 2^53 every whole float is exactly one integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
                json!(float as i64)
            }
            _ => value.clone(),
        },
        Value::Array(list) => list.iter().map(canonical).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), canonical(value))).collect(),
        _ => value.clone(),
    }
}

/// A value without the keys that are words only. What a key is called inside `properties` is the
/// name of a property and stays.
pub(super) fn without_prose(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| !is_prose(key))
            .map(|(key, value)| match value {
                Value::Object(names) if key == "properties" || key == "mapping" || key == "scopes" => {
                    let names = names.iter().map(|(name, value)| (name.clone(), without_prose(value)));
                    (key.clone(), names.collect())
                }
                _ => (key.clone(), without_prose(value)),
            })
            .collect(),
        Value::Array(list) => list.iter().map(without_prose).collect(),
        _ => value.clone(),
    }
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn list<'v>(schemas: &Schemas<'_>, at: &At, value: &'v Value) -> Result<&'v [Value], SpecError> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| schemas.error(at, "is not a list", "write a list"))
}

fn object<'v>(schemas: &Schemas<'_>, at: &At, value: &'v Value) -> Result<&'v Map<String, Value>, SpecError> {
    value.as_object().ok_or_else(|| schemas.error(at, "is not an object", "write an object"))
}

fn flag(schemas: &Schemas<'_>, at: &At, value: &Value) -> Result<bool, SpecError> {
    value.as_bool().ok_or_else(|| schemas.error(at, "is neither true nor false", "write true or false"))
}

fn number(schemas: &Schemas<'_>, at: &At, value: &Value) -> Result<Value, SpecError> {
    if value.is_number() {
        Ok(canonical(value))
    } else {
        Err(schemas.error(at, "is not a number", "write a number"))
    }
}
