//! The documents of one state, read: APIs, operations, parameters, bodies and responses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xtask_openapi::{Document, SpecError, passes::servers::shared_path, walk};

use super::{
    cursor::{At, Cursor, Object},
    reader::Schemas,
    schema::{ANY, Id, canonical, without_prose},
};
/// All documents of one state.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub(super) documents: &'a [Document],
    /// One for each document.
    pub(super) apis: Vec<Api<'a>>,
    pub(super) schemas: Schemas<'a>,
}

/// One document.
#[derive(Debug)]
pub(super) struct Api<'a> {
    pub(super) title: String,
    pub(super) root: Cursor<'a>,
    pub(super) operations: BTreeMap<Key, Operation<'a>>,
    /// What holds for operations that name no servers of their own.
    pub(super) servers: Placed<BTreeSet<String>>,
    pub(super) schemes: BTreeMap<String, Scheme>,
    /// The names of the schemes that operations ask for, declared or not.
    pub(super) asked: BTreeSet<String>,
}

/// What makes an operation the same in both states: the path without the names of its parameters,
/// and the method.
pub(super) type Key = (String, &'static str);

/// A security scheme.
#[derive(Debug)]
pub(super) struct Scheme {
    pub(super) at: At,
    /// What it is, without words and hints.
    pub(super) value: Value,
    /// Whether an operation asks for it.
    pub(super) used: bool,
}

/// What a credential has to hold: schemes (with an empty scope), and scopes of them.
pub(super) type Needs = BTreeSet<(String, String)>;

/// A value and where it is.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) at: At,
    pub(super) value: T,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) here: Cursor<'a>,
    /// Such as `GET /v1/vendors/{id}`.
    pub(super) name: String,
    /// The path item: it says what holds for all of its operations.
    pub(super) item: Cursor<'a>,
    pub(super) parameters: BTreeMap<(String, String), Parameter<'a>>,
    pub(super) body: Option<Body<'a>>,
    pub(super) responses: BTreeMap<String, Response<'a>>,
    /// The credentials of which one is enough.
    pub(super) security: Placed<BTreeSet<Needs>>,
    pub(super) servers: Placed<BTreeSet<String>>,
}

/// A parameter, or a header of a response.
#[derive(Debug)]
pub(super) struct Parameter<'a> {
    pub(super) here: Cursor<'a>,
    /// As it is written, whatever it is called in the other state.
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) empty: bool,
    pub(super) explode: bool,
    /// How it is written, except for `explode`.
    pub(super) style: Value,
    pub(super) schema: Id,
}

/// A request body.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) here: Cursor<'a>,
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, Media<'a>>,
}

/// A body of one media type.
#[derive(Debug)]
pub(super) struct Media<'a> {
    pub(super) here: Cursor<'a>,
    pub(super) schema: Id,
}

/// A response.
#[derive(Debug)]
pub(super) struct Response<'a> {
    pub(super) here: Cursor<'a>,
    pub(super) content: BTreeMap<String, Media<'a>>,
    pub(super) headers: BTreeMap<String, Parameter<'a>>,
}

impl<'a> State<'a> {
    /// Reads the documents of one state.
    pub(super) fn read(documents: &'a [Document]) -> Result<Self, SpecError> {
        let mut schemas = Schemas::new(documents);
        let mut apis = Vec::with_capacity(documents.len());
        for index in 0..documents.len() {
            apis.push(Api::read(&mut schemas, Cursor::root(documents, index))?);
        }
        schemas.read()?;
        Ok(Self { documents, apis, schemas })
    }

    /// What is at a place, without words.
    pub(super) fn shown(&self, at: Option<&At>) -> Value {
        let value = at.and_then(|at| self.documents[at.document].value.pointer(&at.pointer));
        value.map(without_prose).unwrap_or_default()
    }
}

impl<'a> Api<'a> {
    fn read(schemas: &mut Schemas<'a>, root: Cursor<'a>) -> Result<Self, SpecError> {
        const HELP: &str = "compare OpenAPI documents of version 3.0 or 3.1";
        root.object()?;
        let version = root.raw("openapi").and_then(Value::as_str).unwrap_or_default();
        if !version.starts_with("3.") {
            return Err(root.error("does not say `openapi: 3.…`", HELP));
        }
        let title = root.raw("info").and_then(|info| info.get("title")).and_then(Value::as_str);
        let title = title.ok_or_else(|| {
            let info = root.get("info").unwrap_or_else(|| root.clone());
            info.error("has no title, by which an API is known", HELP)
        })?;
        // The path of an address belongs to the URL of a request, wherever it is written.
        let prefix = shared_path(root.value());
        let shared = servers(&root, &prefix)?;
        let mut operations = BTreeMap::new();
        for (path, item) in root.section("paths")? {
            if path.starts_with("x-") {
                continue;
            }
            let item = item.resolved()?;
            for method in walk::METHODS {
                let Some(here) = item.get(method) else { continue };
                let own = [&here, &item].into_iter().find(|place| place.raw("servers").is_some());
                let (path, servers) = match own {
                    Some(place) => (path.to_owned(), servers(place, "")?),
                    None => (format!("{prefix}{path}"), shared.clone()),
                };
                let (key, names) = walk::template(&path);
                let name = walk::operation_name(method, &path);
                let operation = Operation::read(schemas, &root, name, &names, servers, &item, here)?;
                // Two paths that differ in the names of their parameters only are told apart by those.
                let key = if operations.contains_key(&(key.clone(), method)) { path } else { key };
                operations.insert((key, method), operation);
            }
        }
        let asked = operations
            .values()
            .flat_map(|operation: &Operation<'_>| operation.security.value.iter().flatten());
        let asked: BTreeSet<String> = asked.map(|(scheme, _)| scheme.clone()).collect();
        let schemes = schemes(&root, &asked);
        Ok(Self { title: title.to_owned(), operations, servers: shared, schemes, asked, root })
    }
}

fn schemes(root: &Cursor<'_>, asked: &BTreeSet<String>) -> BTreeMap<String, Scheme> {
    let declared = root.get("components").and_then(|components| components.get("securitySchemes"));
    let declared = declared.and_then(|schemes| schemes.members().ok());
    declared
        .into_iter()
        .flatten()
        .filter(|(name, _)| !name.starts_with("x-"))
        .map(|(name, place)| {
            let at = place.at().clone();
            let value = place.resolved().map(|scheme| definition(scheme.value())).unwrap_or_default();
            (name.to_owned(), Scheme { at, value, used: asked.contains(name) })
        })
        .collect()
}

/// A security scheme without words, hints, and what only differs in how it is written.
fn definition(scheme: &Value) -> Value {
    let mut value = canonical(&without_prose(scheme));
    let Some(map) = value.as_object_mut() else { return value };
    map.retain(|key, _| key != "bearerFormat" && !key.starts_with("x-"));
    let is_header = map.get("in").is_some_and(|location| location == "header");
    for key in ["scheme", "name"] {
        if let Some(Value::String(text)) = map.get_mut(key)
            && (key == "scheme" || is_header)
        {
            text.make_ascii_lowercase();
        }
    }
    // Which scopes there are is not which ones an operation asks for.
    for flow in map.get_mut("flows").and_then(Value::as_object_mut).into_iter().flat_map(Object::values_mut) {
        if let Some(flow) = flow.as_object_mut() {
            flow.remove("scopes");
        }
    }
    value
}

impl<'a> Operation<'a> {
    fn read(
        schemas: &mut Schemas<'a>,
        root: &Cursor<'a>,
        name: String,
        names: &[String],
        servers: Placed<BTreeSet<String>>,
        item: &Cursor<'a>,
        here: Cursor<'a>,
    ) -> Result<Self, SpecError> {
        here.object()?;
        let mut parameters = BTreeMap::new();
        let own = here.list("parameters")?;
        // What an operation says itself comes after what its path says for all, and replaces it.
        for place in item.list("parameters")?.into_iter().chain(own) {
            let found = place.resolved()?;
            let (location, name) = (found.text("in")?, found.text("name")?);
            let key = match location {
                "path" => names
                    .iter()
                    .position(|known| known == name)
                    .map_or(name.to_owned(), |i| format!("{{{i}}}")),
                "header" => name.to_ascii_lowercase(),
                _ => name.to_owned(),
            };
            let parameter = Parameter::read(schemas, &found, name, location)?;
            parameters.insert((location.to_owned(), key), parameter);
        }
        let body = here.get("requestBody").map(|body| Body::read(schemas, body.resolved()?)).transpose()?;
        let mut responses = BTreeMap::new();
        for (status, place) in here.section("responses")? {
            if !status.starts_with("x-") {
                responses.insert(status.to_ascii_uppercase(), Response::read(schemas, place.resolved()?)?);
            }
        }
        Ok(Self {
            name,
            security: security(if here.raw("security").is_some() { &here } else { root })?,
            servers,
            item: item.clone(),
            here,
            parameters,
            body,
            responses,
        })
    }
}

fn security(place: &Cursor<'_>) -> Result<Placed<BTreeSet<Needs>>, SpecError> {
    let mut alternatives = BTreeSet::new();
    for alternative in place.list("security")? {
        let mut needs = Needs::new();
        for (scheme, scopes) in alternative.members()? {
            needs.insert((scheme.to_owned(), String::new()));
            for scope in scopes.items()? {
                let scope = scope.value().as_str().unwrap_or_default();
                needs.insert((scheme.to_owned(), scope.to_owned()));
            }
        }
        alternatives.insert(needs);
    }
    if alternatives.is_empty() {
        // Nothing asked for is the same as an empty credential taken.
        alternatives.insert(Needs::new());
    }
    Ok(Placed { at: place.at().join("security"), value: alternatives })
}

/// The addresses of servers, without a path that is part of the operations' paths.
fn servers(place: &Cursor<'_>, prefix: &str) -> Result<Placed<BTreeSet<String>>, SpecError> {
    let mut urls = BTreeSet::new();
    for server in place.list("servers")? {
        let url = server.raw("url").and_then(Value::as_str).map(address);
        let url = url.map(|url| url.strip_suffix(prefix).unwrap_or(&url).to_owned());
        let variables = server.raw("variables").map(|variables| format!(" {}", without_prose(variables)));
        let url = url.unwrap_or_else(|| server.value().to_string());
        urls.insert(format!("{url}{}", variables.unwrap_or_default()));
    }
    Ok(Placed { at: place.at().join("servers"), value: urls })
}

/// An address with its host in lower case, and without what it means without saying it.
fn address(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    format!("{scheme}://{}{path}", host.strip_suffix(port).unwrap_or(&host))
}

impl<'a> Parameter<'a> {
    fn read(
        schemas: &mut Schemas<'a>,
        here: &Cursor<'a>,
        name: &str,
        location: &str,
    ) -> Result<Self, SpecError> {
        let usual = if matches!(location, "query" | "cookie") { "form" } else { "simple" };
        let style = here.raw("style").and_then(Value::as_str).unwrap_or(usual);
        let explode = match here.get("explode") {
            Some(explode) => explode.flag()?,
            None => style == "form",
        };
        let content = content(schemas, here)?;
        let media = content.keys().next().cloned();
        let schema = match content.into_values().next() {
            Some(media) => media.schema,
            None => schema(schemas, here)?,
        };
        Ok(Self {
            required: here.says("required")? || location == "path",
            empty: here.says("allowEmptyValue")?,
            style: json!({
                "style": style,
                "reserved": here.says("allowReserved")?,
                "content": media,
            }),
            here: here.clone(),
            name: name.to_owned(),
            explode,
            schema,
        })
    }
}

fn schema<'a>(schemas: &mut Schemas<'a>, here: &Cursor<'a>) -> Result<Id, SpecError> {
    here.get("schema").map_or(Ok(ANY), |schema| schemas.intern(vec![schema]))
}

fn content<'a>(
    schemas: &mut Schemas<'a>,
    here: &Cursor<'a>,
) -> Result<BTreeMap<String, Media<'a>>, SpecError> {
    let mut content = BTreeMap::new();
    for (name, here) in here.section("content")? {
        here.object()?;
        let schema = schema(schemas, &here)?;
        content.insert(media_type(name), Media { here, schema });
    }
    Ok(content)
}

/// A media type in lower case, without blanks, its parameters sorted and without those that it has
/// anyway.
fn media_type(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let mut parts = lower.split(';').map(|part| part.split_whitespace().collect::<String>().replace('"', ""));
    let essence = parts.next().unwrap_or_default();
    let is_json = essence == "application/json" || essence.ends_with("+json");
    let is_implied = |part: &str| part.is_empty() || is_json && part == "charset=utf-8";
    let parameters: BTreeSet<String> = parts.filter(|part| !is_implied(part)).collect();
    parameters.into_iter().fold(essence, |name, parameter| format!("{name};{parameter}"))
}

impl<'a> Body<'a> {
    fn read(schemas: &mut Schemas<'a>, here: Cursor<'a>) -> Result<Self, SpecError> {
        here.object()?;
        Ok(Self { required: here.says("required")?, content: content(schemas, &here)?, here })
    }
}

impl<'a> Response<'a> {
    fn read(schemas: &mut Schemas<'a>, here: Cursor<'a>) -> Result<Self, SpecError> {
        here.object()?;
        let mut headers = BTreeMap::new();
        for (name, place) in here.section("headers")? {
            let found = place.resolved()?;
            // The response's `Content-Type` is said by its media types (OpenAPI 3.0.3).
            if found.value().is_object() && !name.eq_ignore_ascii_case("content-type") {
                headers.insert(name.to_ascii_lowercase(), Parameter::read(schemas, &found, name, "header")?);
            }
        }
        Ok(Self { content: content(schemas, &here)?, headers, here })
    }
}

/// The declared tags of an object by name.
pub(super) fn tags(here: &Cursor<'_>) -> Placed<BTreeSet<String>> {
    let tags = here.raw("tags").and_then(Value::as_array).into_iter().flatten();
    let name = |tag: &Value| tag.as_str().or_else(|| tag.get("name")?.as_str()).map(str::to_owned);
    Placed { at: here.at().join("tags"), value: tags.filter_map(name).collect() }
}

/// The extensions of an object by name.
pub(super) fn extensions<'v>(here: &Cursor<'v>) -> BTreeMap<&'v str, Value> {
    let members = here.value().as_object().into_iter().flatten();
    members
        .filter(|(key, _)| key.starts_with("x-"))
        .map(|(key, value)| (key.as_str(), canonical(value)))
        .collect()
}
