//! The documents of one side, read: APIs, operations, parameters, bodies and answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::schema::{ANY, At, Id, Schemas, canonical, without_prose};
use xtask_openapi::{Document, SpecError, walk};

/// All documents of one side.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) documents: &'a [Document],
    pub(super) apis: Vec<Api<'a>>,
    pub(super) schemas: Schemas<'a>,
}

/// One document.
#[derive(Debug)]
pub(super) struct Api<'a> {
    pub(super) title: String,
    pub(super) root: At,
    pub(super) value: &'a Map<String, Value>,
    pub(super) operations: BTreeMap<Key, Operation<'a>>,
    /// What holds for operations that name no servers of their own.
    pub(super) servers: Placed<BTreeSet<String>>,
}

/// What makes an operation the same on both sides: the path without the names of its parameters,
/// and the method.
pub(super) type Key = (String, &'static str);

/// The sets of scopes of which one is enough, by the security schemes that are needed together.
pub(super) type Credentials = BTreeMap<BTreeSet<String>, BTreeSet<BTreeSet<String>>>;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) at: At,
    pub(super) value: T,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) at: At,
    /// Such as `GET /v1/vendors/{id}`.
    pub(super) name: String,
    /// The path item: it says what holds for all of its operations.
    pub(super) item: Placed<&'a Map<String, Value>>,
    pub(super) value: &'a Map<String, Value>,
    pub(super) parameters: BTreeMap<(String, String), Parameter<'a>>,
    pub(super) body: Option<Body<'a>>,
    pub(super) responses: BTreeMap<String, Response<'a>>,
    /// The credentials of which one is enough.
    pub(super) security: Placed<Credentials>,
    pub(super) servers: Placed<BTreeSet<String>>,
}

/// A parameter, or a header of an answer.
#[derive(Debug)]
pub(super) struct Parameter<'a> {
    pub(super) at: At,
    /// As it is written, whatever it is called on the other side.
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) empty: bool,
    pub(super) explode: bool,
    /// How it is written, but for `explode`.
    pub(super) style: Value,
    pub(super) schema: Id,
    pub(super) value: &'a Map<String, Value>,
}

/// A request body.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) at: At,
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, Media<'a>>,
    pub(super) value: &'a Map<String, Value>,
}

/// A body of one media type.
#[derive(Debug)]
pub(super) struct Media<'a> {
    pub(super) at: At,
    pub(super) schema: Id,
    pub(super) value: &'a Map<String, Value>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Response<'a> {
    pub(super) at: At,
    pub(super) content: BTreeMap<String, Media<'a>>,
    pub(super) headers: BTreeMap<String, Parameter<'a>>,
    pub(super) value: &'a Map<String, Value>,
}

impl<'a> Side<'a> {
    /// Reads the documents of one side.
    pub(super) fn read(documents: &'a [Document]) -> Result<Self, SpecError> {
        let mut schemas = Schemas::new(documents);
        let mut apis: Vec<Api<'a>> = Vec::with_capacity(documents.len());
        for index in 0..documents.len() {
            let api = Api::read(&mut schemas, At { document: index, pointer: String::new() })?;
            if let Some(other) = apis.iter().find(|other| other.title == api.title) {
                return Err(schemas.error(
                    &api.root.join("info").join("title"),
                    format!("{:?} is the title of {} too", api.title, documents[other.root.document].name),
                    "compare one document of each API",
                ));
            }
            apis.push(api);
        }
        schemas.read()?;
        Ok(Self { documents, apis, schemas })
    }

    /// What stands at a place, without words.
    pub(super) fn shown(&self, at: Option<&At>) -> Value {
        at.and_then(|at| self.schemas.value(at).ok()).map(without_prose).unwrap_or_default()
    }
}

impl<'a> Api<'a> {
    fn read(schemas: &mut Schemas<'a>, root: At) -> Result<Self, SpecError> {
        const MEND: &str = "give an OpenAPI document of version 3.0 or 3.1";
        let value = schemas.object(&root)?;
        let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !version.starts_with("3.") {
            return Err(schemas.error(&root, "does not say `openapi: 3.…`", MEND));
        }
        let title = value.get("info").and_then(|info| info.get("title")).and_then(Value::as_str);
        let title = title.ok_or_else(|| {
            schemas.error(&root.join("info"), "has no title, by which an API is known", MEND)
        })?;
        let mut operations = BTreeMap::new();
        for (path, place) in section(schemas, &root, value, "paths")? {
            if path.starts_with("x-") {
                continue;
            }
            let item = place_of(schemas, place)?;
            let (key, names) = template(&path);
            for method in walk::METHODS {
                if !item.value.contains_key(method) {
                    continue;
                }
                let operation = Operation::read(schemas, value, &root, &path, &names, method, &item)?;
                let at = operation.at.clone();
                if operations.insert((key.clone(), method), operation).is_some() {
                    return Err(schemas.error(
                        &at,
                        "another path differs in the names of its parameters only",
                        "keep one of the two",
                    ));
                }
            }
        }
        let servers = servers(schemas, (&root, value))?;
        Ok(Self { title: title.to_owned(), root, value, operations, servers })
    }
}

/// The path without the names of its parameters, and those names.
fn template(path: &str) -> (String, Vec<String>) {
    let (mut key, mut names, mut rest) = (String::new(), Vec::new(), path);
    while let Some((before, name, after)) = rest
        .split_once('{')
        .and_then(|(before, tail)| tail.split_once('}').map(|(name, after)| (before, name, after)))
    {
        key.push_str(before);
        key.push_str("{}");
        names.push(name.to_owned());
        rest = after;
    }
    key.push_str(rest);
    (key, names)
}

/// The members of an object below `at`, with their places; none where there is no such object.
fn section(
    schemas: &Schemas<'_>,
    at: &At,
    value: &Map<String, Value>,
    key: &str,
) -> Result<Vec<(String, At)>, SpecError> {
    let at = at.join(key);
    if !value.contains_key(key) {
        return Ok(Vec::new());
    }
    Ok(schemas.object(&at)?.keys().map(|name| (name.clone(), at.join(name))).collect())
}

/// The object at a place, or where its reference leads.
fn place_of<'a>(schemas: &Schemas<'a>, at: At) -> Result<Placed<&'a Map<String, Value>>, SpecError> {
    let at = schemas.resolve(at)?;
    Ok(Placed { value: schemas.object(&at)?, at })
}

fn flag(schemas: &Schemas<'_>, at: &At, value: &Map<String, Value>, key: &str) -> Result<bool, SpecError> {
    match value.get(key) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(schemas.error(&at.join(key), "is neither true nor false", "write true or false")),
    }
}

fn text<'v>(
    schemas: &Schemas<'_>,
    at: &At,
    value: &'v Map<String, Value>,
    key: &str,
) -> Result<&'v str, SpecError> {
    let missing = || schemas.error(at, format!("has no text `{key}`"), "say it, as OpenAPI 3 asks");
    value.get(key).and_then(Value::as_str).ok_or_else(missing)
}

/// The places of a list below `at`.
fn list(schemas: &Schemas<'_>, at: &At, value: &Map<String, Value>, key: &str) -> Result<Vec<At>, SpecError> {
    let at = at.join(key);
    match value.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => Ok((0..list.len()).map(|index| at.join(index.to_string())).collect()),
        Some(_) => Err(schemas.error(&at, "is not a list", "write a list")),
    }
}

impl<'a> Operation<'a> {
    fn read(
        schemas: &mut Schemas<'a>,
        document: &'a Map<String, Value>,
        root: &At,
        path: &str,
        names: &[String],
        method: &str,
        item: &Placed<&'a Map<String, Value>>,
    ) -> Result<Self, SpecError> {
        let at = item.at.join(method);
        let value = schemas.object(&at)?;
        let mut parameters = BTreeMap::new();
        let own = list(schemas, &at, value, "parameters")?;
        // What an operation says itself comes after what its path says for all, and replaces it.
        for place in list(schemas, &item.at, item.value, "parameters")?.into_iter().chain(own) {
            let found = place_of(schemas, place)?;
            let location = text(schemas, &found.at, found.value, "in")?.to_owned();
            let name = text(schemas, &found.at, found.value, "name")?.to_owned();
            let key = match location.as_str() {
                "path" => {
                    names.iter().position(|known| *known == name).map_or(name.clone(), |i| format!("{{{i}}}"))
                }
                "header" => name.to_ascii_lowercase(),
                _ => name.clone(),
            };
            let parameter = Parameter::read(schemas, &found, name, &location)?;
            parameters.insert((location, key), parameter);
        }
        let body = match value.contains_key("requestBody") {
            true => Some(Body::read(schemas, place_of(schemas, at.join("requestBody"))?)?),
            false => None,
        };
        let mut responses = BTreeMap::new();
        for (status, place) in section(schemas, &at, value, "responses")? {
            if status.starts_with("x-") {
                continue;
            }
            let found = place_of(schemas, place)?;
            responses.insert(status.to_ascii_uppercase(), Response::read(schemas, found)?);
        }
        Ok(Self {
            name: walk::operation_name(method, path),
            security: security(schemas, innermost("security", &[(&at, value)], (root, document)))?,
            servers: servers(
                schemas,
                innermost("servers", &[(&at, value), (&item.at, item.value)], (root, document)),
            )?,
            item: item.clone(),
            at,
            value,
            parameters,
            body,
            responses,
        })
    }
}

type Object<'o> = (&'o At, &'o Map<String, Value>);

/// The innermost place that has a key; the document where none has.
fn innermost<'o>(key: &str, inner: &[Object<'o>], document: Object<'o>) -> Object<'o> {
    inner.iter().find(|(_, value)| value.contains_key(key)).copied().unwrap_or(document)
}

fn security(schemas: &Schemas<'_>, (at, value): Object<'_>) -> Result<Placed<Credentials>, SpecError> {
    let mut alternatives = Credentials::new();
    for place in list(schemas, at, value, "security")? {
        let map = schemas.object(&place)?;
        let mut scopes = BTreeSet::new();
        for scheme in map.keys() {
            for scope in list(schemas, &place, map, scheme)? {
                let scope = schemas.value(&scope)?;
                scopes.insert(format!("{scheme}: {}", scope.as_str().unwrap_or_default()));
            }
        }
        alternatives.entry(map.keys().cloned().collect()).or_default().insert(scopes);
    }
    if alternatives.is_empty() {
        // Nothing asked for is the same as an empty credential taken.
        alternatives.insert(BTreeSet::new(), BTreeSet::from([BTreeSet::new()]));
    }
    Ok(Placed { at: at.join("security"), value: alternatives })
}

fn servers(schemas: &Schemas<'_>, (at, value): Object<'_>) -> Result<Placed<BTreeSet<String>>, SpecError> {
    let mut urls = BTreeSet::new();
    for place in list(schemas, at, value, "servers")? {
        let server = schemas.object(&place)?;
        let url = text(schemas, &place, server, "url")?.trim_end_matches('/');
        let variables = server.get("variables").map(|variables| format!(" {}", without_prose(variables)));
        urls.insert(format!("{url}{}", variables.unwrap_or_default()));
    }
    Ok(Placed { at: at.join("servers"), value: urls })
}

impl<'a> Parameter<'a> {
    fn read(
        schemas: &mut Schemas<'a>,
        found: &Placed<&'a Map<String, Value>>,
        name: String,
        location: &str,
    ) -> Result<Self, SpecError> {
        let (at, value) = (found.at.clone(), found.value);
        let usual = if matches!(location, "query" | "cookie") { "form" } else { "simple" };
        let style = value.get("style").and_then(Value::as_str).unwrap_or(usual).to_owned();
        let explode = match value.contains_key("explode") {
            true => flag(schemas, &at, value, "explode")?,
            false => style == "form",
        };
        let content = content(schemas, &at, value)?;
        let media = content.keys().next().cloned();
        let schema = match content.into_values().next() {
            Some(media) => media.schema,
            None => schema(schemas, &at, value)?,
        };
        Ok(Self {
            required: flag(schemas, &at, value, "required")? || location == "path",
            empty: flag(schemas, &at, value, "allowEmptyValue")?,
            style: json!({
                "style": style,
                "reserved": flag(schemas, &at, value, "allowReserved")?,
                "content": media,
            }),
            at,
            name,
            explode,
            schema,
            value,
        })
    }
}

fn schema(schemas: &mut Schemas<'_>, at: &At, value: &Map<String, Value>) -> Result<Id, SpecError> {
    if value.contains_key("schema") { schemas.intern(vec![at.join("schema")]) } else { Ok(ANY) }
}

fn content<'a>(
    schemas: &mut Schemas<'a>,
    at: &At,
    value: &'a Map<String, Value>,
) -> Result<BTreeMap<String, Media<'a>>, SpecError> {
    let mut content = BTreeMap::new();
    for (name, at) in section(schemas, at, value, "content")? {
        let value = schemas.object(&at)?;
        let schema = schema(schemas, &at, value)?;
        content.insert(media_type(&name), Media { at, schema, value });
    }
    Ok(content)
}

/// A media type in lower case, without blanks, its parameters sorted.
fn media_type(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let mut parts = lower.split(';').map(|part| part.split_whitespace().collect::<String>().replace('"', ""));
    let essence = parts.next().unwrap_or_default();
    let parameters: BTreeSet<String> = parts.filter(|part| !part.is_empty()).collect();
    parameters.into_iter().fold(essence, |name, parameter| format!("{name};{parameter}"))
}

impl<'a> Body<'a> {
    fn read(schemas: &mut Schemas<'a>, found: Placed<&'a Map<String, Value>>) -> Result<Self, SpecError> {
        let Placed { at, value } = found;
        let content = content(schemas, &at, value)?;
        Ok(Self { required: flag(schemas, &at, value, "required")?, content, at, value })
    }
}

impl<'a> Response<'a> {
    fn read(schemas: &mut Schemas<'a>, found: Placed<&'a Map<String, Value>>) -> Result<Self, SpecError> {
        let Placed { at, value } = found;
        let mut headers = BTreeMap::new();
        for (name, place) in section(schemas, &at, value, "headers")? {
            let found = place_of(schemas, place)?;
            headers.insert(name.to_ascii_lowercase(), Parameter::read(schemas, &found, name, "header")?);
        }
        Ok(Self { content: content(schemas, &at, value)?, headers, at, value })
    }
}

/// The declared tags of a document by name.
pub(super) fn tags(value: &Map<String, Value>) -> BTreeSet<String> {
    let tags = value.get("tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| tag.as_str().or_else(|| tag.get("name")?.as_str()).map(str::to_owned)).collect()
}

/// The extensions of an object by name.
pub(super) fn extensions(value: &Map<String, Value>) -> BTreeMap<&str, Value> {
    value
        .iter()
        .filter(|(key, _)| key.starts_with("x-"))
        .map(|(key, value)| (key.as_str(), canonical(value)))
        .collect()
}
