//! Reading the schemas of a state into one form.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use serde_json::{Value, json};
use xtask_openapi::{Document, SpecError};

use super::{
    cursor::{At, Cursor},
    pattern,
    schema::{
        ANY, Discriminator, Fact, Id, Member, Schema, Union, both_allow, canonical, is_prose, tightness,
        without_prose,
    },
};

/// Keywords that may be read for each value of the documents, and in any case. What is composed of
/// the same parts over and over reads them many times; what does so without an end is refused.
const WORK_PER_VALUE: usize = 20;
const WORK_FREE: usize = 200_000;

/// The schemas of all documents of one state.
#[derive(Debug)]
pub(super) struct Schemas<'a> {
    ids: HashMap<Vec<At>, Id>,
    places: Vec<Vec<Cursor<'a>>>,
    schemas: Vec<Schema>,
    /// How many keywords may still be read.
    work: usize,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(documents: &'a [Document]) -> Self {
        let any = Schema { additional: Some(ANY), ..Schema::default() };
        let size: usize = documents.iter().map(|document| size(&document.value)).sum();
        Self {
            ids: HashMap::new(),
            places: vec![Vec::new()],
            schemas: vec![any],
            work: WORK_FREE + WORK_PER_VALUE * size,
        }
    }

    pub(super) fn get(&self, id: Id) -> &Schema {
        &self.schemas[id.0]
    }

    /// The schema at which all these places hold together.
    pub(super) fn intern(&mut self, places: Vec<Cursor<'a>>) -> Result<Id, SpecError> {
        let mut resolved: Vec<Cursor<'a>> = Vec::with_capacity(places.len());
        let mut key: Vec<At> = Vec::with_capacity(places.len());
        let mut seen = HashSet::with_capacity(places.len());
        for place in places {
            self.spend(&place, 1)?;
            let place = place.followed(|key| !is_prose(key))?;
            if seen.insert(place.at().clone()) {
                key.push(place.at().clone());
                resolved.push(place);
            }
        }
        if let Some(id) = self.ids.get(&key) {
            return Ok(*id);
        }
        let id = Id(self.places.len());
        self.ids.insert(key, id);
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

    fn spend(&mut self, at: &Cursor<'_>, keywords: usize) -> Result<(), SpecError> {
        match self.work.checked_sub(keywords) {
            Some(left) => {
                self.work = left;
                Ok(())
            }
            None => Err(at.error(
                "an `allOf` that holds itself, or the same parts too many times",
                "let the parts be properties of each other, or write out what they say together",
            )),
        }
    }
}

/// How many values there are in a value.
fn size(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        Value::Array(list) => 1 + list.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// What is gathered from the places that hold together.
#[derive(Default)]
struct Reader<'a> {
    /// For each type declaration the types except null.
    types: Vec<BTreeSet<String>>,
    /// Whether null is allowed; the outermost place that speaks of it decides.
    nullable: Option<bool>,
    values: Option<Vec<Value>>,
    properties: BTreeMap<String, Vec<Cursor<'a>>>,
    additional: Vec<Cursor<'a>>,
    closed: bool,
    items: Vec<Cursor<'a>>,
    unions: Vec<(&'static str, At, Vec<Cursor<'a>>)>,
    discriminator: Option<Cursor<'a>>,
    schema: Schema,
}

impl<'a> Reader<'a> {
    fn read(mut self, schemas: &mut Schemas<'a>, places: Vec<Cursor<'a>>) -> Result<Schema, SpecError> {
        self.schema.at = places.first().map(|place| place.at().clone());
        let mut seen = HashSet::new();
        let mut left: Vec<Cursor<'a>> = places.into_iter().rev().collect();
        while let Some(at) = left.pop() {
            if seen.insert(at.at().clone()) {
                let mut inner = self.source(schemas, &at)?;
                inner.reverse();
                left.append(&mut inner);
            }
        }
        self.finish(schemas)
    }

    /// Takes in one place; returns the places that hold together with it.
    fn source(&mut self, schemas: &mut Schemas<'a>, at: &Cursor<'a>) -> Result<Vec<Cursor<'a>>, SpecError> {
        schemas.spend(at, 1)?;
        let map = match at.value() {
            Value::Object(map) => map,
            Value::Bool(true) => return Ok(Vec::new()),
            Value::Bool(false) => {
                self.values = Some(Vec::new());
                return Ok(Vec::new());
            }
            _ => return Err(at.error("is not a schema", "write an object")),
        };
        if at.is_reference(|key| !is_prose(key)) {
            return Ok(vec![at.target()?]);
        }
        schemas.spend(at, map.len())?;
        let mut inner = Vec::new();
        let mut null = map.contains_key("type").then_some(false);
        for (key, here) in at.members()? {
            match key {
                "$ref" => inner.push(at.target()?),
                "allOf" => inner.extend(here.items()?),
                "oneOf" | "anyOf" => {
                    let rule = if key == "oneOf" { "oneOf" } else { "anyOf" };
                    let (nulls, mut left): (Vec<_>, Vec<_>) =
                        here.items()?.into_iter().partition(|member| is_null(member.value()));
                    if !nulls.is_empty() {
                        null = Some(true);
                    }
                    match left.len() {
                        0 => {}
                        1 => inner.append(&mut left),
                        _ => self.unions.push((rule, here.at().clone(), left)),
                    }
                }
                "type" => {
                    if self.types(&here)? {
                        null = Some(true);
                    }
                }
                "nullable" => {
                    if here.flag()? {
                        null = Some(true);
                    }
                }
                "enum" => {
                    let values = here.value().as_array();
                    let values = values.ok_or_else(|| here.error("is not a list", "write a list"))?;
                    if null.is_none() && values.contains(&Value::Null) {
                        null = Some(true);
                    }
                    self.restrict(values);
                }
                "const" => self.restrict(std::slice::from_ref(here.value())),
                "properties" => {
                    for (name, property) in here.members()? {
                        schemas.spend(&property, 1)?;
                        self.properties.entry(name.to_owned()).or_default().push(property);
                    }
                }
                "required" => {
                    for name in here.items()? {
                        let name = name
                            .value()
                            .as_str()
                            .ok_or_else(|| here.error("does not list names of properties", "list texts"))?;
                        self.schema.required.insert(name.to_owned());
                    }
                }
                "additionalProperties" => match here.value() {
                    Value::Bool(true) => {}
                    Value::Bool(false) => self.closed = true,
                    _ => self.additional.push(here),
                },
                "items" => self.items.push(here),
                "discriminator" if here.raw("propertyName").is_some_and(Value::is_string) => {
                    self.discriminator.get_or_insert(here);
                }
                _ => self.fact(key, at, &here)?,
            }
        }
        self.nullable = self.nullable.or(null);
        Ok(inner)
    }

    /// Takes in a `type`; returns whether null is among them.
    fn types(&mut self, here: &Cursor<'_>) -> Result<bool, SpecError> {
        let one = std::slice::from_ref(here.value());
        let names = here.value().as_array().map_or(one, Vec::as_slice);
        let mut types = BTreeSet::new();
        for name in names {
            let name = name
                .as_str()
                .ok_or_else(|| here.error("is neither a type nor a list of types", "name a JSON type"))?;
            types.insert(name.to_owned());
        }
        let null = types.remove("null");
        self.types.push(types);
        Ok(null)
    }

    fn restrict(&mut self, values: &[Value]) {
        let mut allowed: Vec<Value> = Vec::new();
        let mut known = HashSet::new();
        for value in values {
            let value = canonical(value);
            if !value.is_null() && known.insert(value.to_string()) {
                allowed.push(value);
            }
        }
        self.values = Some(match self.values.take() {
            Some(before) => before.into_iter().filter(|value| known.contains(&value.to_string())).collect(),
            None => allowed,
        });
    }

    fn fact(&mut self, key: &str, outer: &Cursor<'_>, here: &Cursor<'_>) -> Result<(), SpecError> {
        let at = here.at().clone();
        let value = match key {
            // 3.0 marks the bound beside it as exclusive, 3.1 gives a bound.
            "exclusiveMinimum" | "exclusiveMaximum" if here.value().is_boolean() => return Ok(()),
            "exclusiveMinimum" | "exclusiveMaximum" => {
                let number = number(here)?;
                let key = if key == "exclusiveMinimum" { "minimum" } else { "maximum" };
                self.bound(key, at, json!({ "exclusive": number }));
                return Ok(());
            }
            "minimum" | "maximum" => {
                let number = number(here)?;
                let beside = if key == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
                let exclusive = outer.raw(beside) == Some(&Value::Bool(true));
                self.bound(key, at, if exclusive { json!({ "exclusive": number }) } else { number });
                return Ok(());
            }
            "minLength" | "minItems" | "minProperties" | "maxLength" | "maxItems" | "maxProperties" => {
                let number = number(here)?;
                // No lower bound is lower than none.
                if !(key.starts_with("min") && number == json!(0)) {
                    self.bound(key, at, number);
                }
                return Ok(());
            }
            "uniqueItems" | "readOnly" | "writeOnly" | "deprecated" => {
                if !here.flag()? {
                    return Ok(());
                }
                Value::Bool(true)
            }
            "contentEncoding" if here.value() == "base64" => {
                self.schema.facts.entry("format".to_owned()).or_insert(Fact { value: json!("byte"), at });
                return Ok(());
            }
            "contentMediaType" if here.value() == "application/octet-stream" => {
                self.schema.facts.entry("format".to_owned()).or_insert(Fact { value: json!("binary"), at });
                return Ok(());
            }
            "pattern" if here.value().as_str().is_some_and(pattern::matches_everything) => return Ok(()),
            "description" | "title" | "example" | "examples" | "default" => here.value().clone(),
            _ if is_prose(key) => return Ok(()),
            _ => canonical(&without_prose(here.value())),
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

    fn finish(mut self, schemas: &mut Schemas<'a>) -> Result<Schema, SpecError> {
        let mut schema = std::mem::take(&mut self.schema);
        schema.nullable = self.nullable == Some(true);
        for types in std::mem::take(&mut self.types) {
            schema.types = Some(match schema.types.take() {
                None => types,
                Some(before) => both_allow(&before, &types),
            });
        }
        if schema.types.is_none() {
            schema.types = self.implied();
        }
        if schema.types.as_ref().is_some_and(|types| types.iter().all(|name| name == "integer")) {
            whole_numbers(&mut schema.facts);
        }
        schema.values = self.values.take();
        for (name, places) in self.properties {
            if let Some(at) = places.first().map(|place| place.at().clone()) {
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
            let mut members = Vec::with_capacity(places.len());
            for place in places {
                let name = component(&place);
                members.push(Member { at: place.at().clone(), id: schemas.intern(vec![place])?, name });
            }
            schema.unions.push(Union { rule, members, at });
        }
        if let Some(at) = self.discriminator {
            schema.discriminator = Some(discriminator(schemas, &at, &schema.unions)?);
        }
        Ok(schema)
    }

    /// The types that a schema without `type` can only mean.
    fn implied(&self) -> Option<BTreeSet<String>> {
        if let Some(values) = &self.values {
            return Some(values.iter().map(|value| type_of(value).to_owned()).collect());
        }
        if !self.properties.is_empty() || !self.additional.is_empty() || self.closed {
            return Some(BTreeSet::from(["object".to_owned()]));
        }
        (!self.items.is_empty()).then(|| BTreeSet::from(["array".to_owned()]))
    }
}

/// The name of the component that a reference names.
fn component(place: &Cursor<'_>) -> Option<String> {
    let target = place.raw("$ref").and_then(|_| place.target().ok())?;
    let name = target.at().pointer.strip_prefix(COMPONENTS)?;
    (!name.contains('/')).then(|| name.replace("~1", "/").replace("~0", "~"))
}

const COMPONENTS: &str = "/components/schemas/";

/// Reads a discriminator. A schema may be named by its component's name or by a reference; what no
/// mapping names has the name of its component.
fn discriminator<'a>(
    schemas: &mut Schemas<'a>,
    at: &Cursor<'a>,
    unions: &[Union],
) -> Result<Discriminator, SpecError> {
    let property = at.text("propertyName")?.to_owned();
    let mut mapping = BTreeMap::new();
    let mut shown = BTreeMap::new();
    for (word, target) in at.raw("mapping").and_then(Value::as_object).into_iter().flatten() {
        let target = target.as_str().unwrap_or_default();
        let place = match target.strip_prefix('#') {
            Some(fragment) => at.anywhere(fragment),
            None => {
                at.root_section("components").and_then(|components| components.get("schemas")?.get(target))
            }
        };
        let name = target.strip_prefix("#/components/schemas/").unwrap_or(target);
        shown.insert(word.clone(), json!(name));
        let id = place.map(|place| schemas.intern(vec![place])).transpose()?;
        mapping.insert(word.clone(), id);
    }
    for member in unions.iter().flat_map(|union| &union.members) {
        let Some(name) = &member.name else { continue };
        let mapped = mapping.values().any(|id| *id == Some(member.id));
        if !mapped && !mapping.contains_key(name) {
            mapping.insert(name.clone(), Some(member.id));
            shown.insert(name.clone(), json!(name));
        }
    }
    let shown = json!({ "propertyName": property, "mapping": shown });
    Ok(Discriminator { at: at.at().clone(), property, mapping, shown })
}

/// Between whole numbers, a bound that is not allowed itself is the next one that is, and every
/// whole number is a multiple of one.
fn whole_numbers(facts: &mut BTreeMap<String, Fact>) {
    for (key, step) in [("minimum", 1), ("maximum", -1)] {
        if let Some(fact) = facts.get_mut(key)
            && let Some(bound) = fact.value.get("exclusive").and_then(Value::as_i64)
            && let Some(next) = bound.checked_add(step)
        {
            fact.value = json!(next);
        }
    }
    if facts.get("multipleOf").is_some_and(|fact| fact.value == json!(1)) {
        facts.remove("multipleOf");
    }
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

/// Whether a member of a choice allows null only.
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

fn number(here: &Cursor<'_>) -> Result<Value, SpecError> {
    if here.value().is_number() {
        Ok(canonical(here.value()))
    } else {
        Err(here.error("is not a number", "write a number"))
    }
}
