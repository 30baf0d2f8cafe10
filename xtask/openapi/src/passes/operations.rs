//! Passes over paths, operations and parameters.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

use super::{Log, null, schemas};
use crate::{Refusals, SpecError, names, pointer, walk};

/// How many values what is written out in several places may hold in all of them.
pub(super) const ALWAYS: usize = 200_000;

/// How many times the values of the document it may hold beyond that.
pub(super) const TIMES: usize = 8;

pub(super) fn foreign_extensions(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    fn clean(log: &mut Log, at: &str, value: &mut Value, named: bool) {
        match value {
            Value::Object(map) => {
                if !named {
                    let foreign: Vec<String> = map
                        .keys()
                        .filter(|key| key.starts_with("x-") && !key.starts_with("x-pleo-"))
                        .cloned()
                        .collect();
                    for key in foreign {
                        log.changed(pointer::push(at, &key));
                        let hidden = key == "x-exclude" && map[&key] == json!("true");
                        map.remove(&key);
                        if hidden {
                            map.insert("x-pleo-unlisted".to_owned(), Value::Bool(true));
                        }
                    }
                }
                for (key, child) in map {
                    if named || !is_free(key) {
                        // Below these keys the names are the document's own: a header may be called `x-id`.
                        let names = matches!(key.as_str(), "properties" | "headers" | "security")
                            || at == "/components";
                        clean(log, &pointer::push(at, key), child, !named && names);
                    }
                }
            }
            Value::Array(list) => {
                for (index, child) in list.iter_mut().enumerate() {
                    clean(log, &format!("{at}/{index}"), child, named);
                }
            }
            _ => {}
        }
    }

    fn is_free(key: &str) -> bool {
        matches!(key, "default" | "enum" | "const" | "example" | "examples") || key.starts_with("x-")
    }
    clean(log, "", document, false);
    Ok(())
}

pub(super) fn empty_path_items(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        paths.retain(|path, item| {
            let keep = walk::METHODS.iter().any(|method| item.get(method).is_some());
            if !keep {
                log.changed(pointer::push("/paths", path));
            }
            keep
        });
    }
    Ok(())
}

pub(super) fn inline_references(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let Some(components) = document.get("components").cloned() else { return Ok(()) };
    let resolve = |value: &mut Value| -> bool {
        let mut resolved = false;
        while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let Some(target) =
                reference.strip_prefix("#/components").and_then(|at| components.pointer(at)).cloned()
            else {
                break;
            };
            *value = target;
            resolved = true;
        }
        resolved
    };
    let each = |log: &mut Log, at: &str, value: &mut Value| {
        if resolve(value) {
            log.changed(at);
        }
    };
    bound_inlined(log, document)?;
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        let at = pointer::push("/paths", path) + "/parameters";
        for (index, parameter) in list_mut(item.get_mut("parameters")).enumerate() {
            each(log, &format!("{at}/{index}"), parameter);
        }
    }
    walk::operations_mut(document, |place, operation| {
        for (index, parameter) in list_mut(operation.get_mut("parameters")).enumerate() {
            each(log, &format!("{}/parameters/{index}", place.pointer), parameter);
        }
        if let Some(body) = operation.get_mut("requestBody") {
            each(log, &format!("{}/requestBody", place.pointer), body);
        }
        for (status, response) in
            operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
        {
            each(log, &pointer::push(&format!("{}/responses", place.pointer), status), response);
        }
        Ok(())
    })?;
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        for section in ["parameters", "requestBodies", "responses", "examples", "headers"] {
            if components.remove(section).is_some() {
                log.changed(format!("/components/{section}"));
            }
        }
    }
    Ok(())
}

/// Refuses a document that would be out of all proportion with its shared parts in every place that refers
/// to them.
fn bound_inlined(log: &Log, document: &Value) -> Result<(), SpecError> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    let most = ALWAYS.saturating_add(walk::size(document).saturating_mul(TIMES));
    let mut total = 0_usize;
    let mut worst = (0, "");
    walk::references(document.get("paths").unwrap_or(&Value::Null), &mut |reference| {
        let shared = reference.strip_prefix("#").filter(|_| pointer::schema_name(reference).is_none());
        if let Some(at) = shared {
            let size = sizes.entry(at).or_insert_with(|| document.pointer(at).map_or(0, walk::size));
            total = total.saturating_add(*size);
            worst = worst.max((*size, at));
        }
    });
    if total <= most {
        return Ok(());
    }
    Err(log.refuse(
        worst.1,
        format!("shared parts that hold more than {most} values in all the places that refer to them"),
        "move the schema of the largest one into components/schemas, and refer to it there",
    ))
}

fn list_mut(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

pub(super) fn path_parameters(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        let Some(Value::Array(shared)) = item.remove("parameters") else { continue };
        log.changed(pointer::push("/paths", path) + "/parameters");
        for method in walk::METHODS {
            let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
            let own = operation.entry("parameters").or_insert_with(|| json!([]));
            let Some(own) = own.as_array_mut() else { continue };
            let overridden: BTreeSet<_> = own.iter().map(key).collect();
            let inherited: Vec<Value> =
                shared.iter().filter(|shared| !overridden.contains(&key(shared))).cloned().collect();
            own.splice(0..0, inherited);
        }
    }
    Ok(())
}

fn key(parameter: &Value) -> (Option<String>, Option<String>) {
    let text = |key| parameter.get(key).and_then(Value::as_str).map(str::to_owned);
    (text("name"), text("in"))
}

pub(super) fn operation_names(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::operations_mut(document, |place, operation| {
        let published = operation.remove("operationId");
        let name = match (operation.remove("x-pleo-name"), &published) {
            (Some(Value::String(name)), _) => {
                if names::snake(&name) != name {
                    return Err(log.refuse(
                        pointer::push(&place.pointer, "x-pleo-name"),
                        format!("{name:?} is not a method name"),
                        "write it in snake case; it may not be a Rust keyword",
                    ));
                }
                name
            }
            (Some(_), _) => {
                return Err(log.refuse(
                    pointer::push(&place.pointer, "x-pleo-name"),
                    "a name that is not a string",
                    "write the method name as a string",
                ));
            }
            (None, Some(Value::String(id))) => names::snake(id),
            (None, _) => names::snake(&format!("{} {}", place.method, place.path)),
        };
        if let Some(published) = published {
            operation.insert("x-pleo-operation-id".to_owned(), published);
        }
        operation.insert("operationId".to_owned(), Value::String(name));
        log.changed(&place.pointer);
        Ok(())
    })
}

pub(super) fn families(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let info = document.get_mut("info").and_then(Value::as_object_mut);
    let source = info.as_ref().and_then(|info| info.get("x-pleo-source")).cloned();
    let default =
        info.and_then(|info| info.remove("x-pleo-family")).or(source).unwrap_or_else(|| json!("api"));
    walk::operations_mut(document, |place, operation| {
        if !operation.contains_key("x-pleo-family") {
            operation.insert("x-pleo-family".to_owned(), default.clone());
            log.changed(&place.pointer);
        }
        let family = operation["x-pleo-family"].as_str().unwrap_or_default();
        let kebab = family.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let reserved = names::RESERVED_FAMILIES.contains(&family);
        if reserved || !kebab || !family.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(log.refuse(
                pointer::push(&place.pointer, "x-pleo-family"),
                format!("family {family:?}"),
                "name the family in kebab case, such as `tax-codes`, and not like a module or feature that is not a family",
            ));
        }
        Ok(())
    })
}

pub(super) fn checks(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let mut refused = Vec::new();
    let mut methods = Taken::new("operation", "give one of them another `x-pleo-name` in an overlay");
    for (place, operation) in walk::operations(document) {
        refused.extend(check_operation(log, &mut methods, &place, operation).err());
    }
    let mut types = Taken::new("schema", "give one of them another name in an overlay");
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in schemas.into_iter().flatten() {
        refused.extend(check_schema(log, &mut types, name, schema).err());
    }
    Refusals::none(refused)
}

fn check_operation(
    log: &Log,
    methods: &mut Taken,
    place: &walk::Place,
    operation: &Map<String, Value>,
) -> Result<(), SpecError> {
    let name = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let at = pointer::push(&place.pointer, "operationId");
    let builder = names::pascal(name);
    let builder_taken = names::RESERVED_BUILDERS.contains(&builder.as_str())
        || names::RESERVED_TYPES.contains(&builder.as_str());
    if names::RESERVED_METHODS.contains(&name) || builder_taken {
        return Err(log.refuse(
            at,
            format!("operation `{name}` would hide what generated code needs for itself"),
            "give it an `x-pleo-name` in an overlay",
        ));
    }
    methods.take(log, &builder, &at)?;
    check_path(log, place)?;
    check_parameters(log, place, operation)
}

fn check_schema(log: &Log, types: &mut Taken, name: &str, schema: &Value) -> Result<(), SpecError> {
    let at = pointer::push("/components/schemas", name);
    let identifier = names::pascal(name);
    // Type parameters of generated code are single letters.
    let letter = identifier.chars().count() == 1;
    if letter || names::RESERVED_TYPES.contains(&identifier.as_str()) {
        return Err(log.refuse(
            at,
            format!("schema {name:?} would hide what generated code itself calls `{identifier}`"),
            "give it another name in the document, or rename it in an overlay",
        ));
    }
    types.take(log, &identifier, &at)?;
    check_properties(log, &at, schema)
}

/// Identifiers that are taken, with the places that took them.
struct Taken {
    what: &'static str,
    help: &'static str,
    by: BTreeMap<String, String>,
}

impl Taken {
    fn new(what: &'static str, help: &'static str) -> Self {
        Self { what, help, by: BTreeMap::new() }
    }

    fn take(&mut self, log: &Log, identifier: &str, at: &str) -> Result<(), SpecError> {
        match self.by.insert(names::compared(identifier).into_owned(), at.to_owned()) {
            None => Ok(()),
            Some(first) => Err(log.refuse(
                at,
                format!("the {} would be called `{identifier}` in Rust, like the one at {first}", self.what),
                self.help,
            )),
        }
    }
}

fn check_properties(log: &Log, at: &str, schema: &Value) -> Result<(), SpecError> {
    let mut fields = Taken::new("property", "rename one of them in the document; both cannot be fields");
    for (name, _) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        fields.take(log, &names::snake(name), &pointer::push(&format!("{at}/properties"), name))?;
    }
    Ok(())
}

/// Whether a path may hold a character as it is, RFC 3986, section 3.3.
pub(super) fn is_in_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@%".contains(c)
}

/// Refuses path templates that would not be sent as they are.
fn check_path(log: &Log, place: &walk::Place) -> Result<(), SpecError> {
    let problem = 'found: {
        if !place.path.starts_with('/') {
            break 'found "a path that does not start with a slash".to_owned();
        }
        let mut rest = place.path.as_str();
        let mut seen = BTreeSet::new();
        loop {
            let (constant, parameter) =
                rest.split_once('{').map_or((rest, None), |(before, after)| (before, Some(after)));
            if constant.contains('}') {
                break 'found "a path with a brace without its pair".to_owned();
            }
            if let Some(other) = constant.chars().find(|c| !is_in_path(*c)) {
                break 'found format!(
                    "a path with {other:?}, which would have to be percent-encoded, or begins a query or fragment"
                );
            }
            let Some(parameter) = parameter else { return Ok(()) };
            let Some((name, after)) =
                parameter.split_once('}').filter(|(name, _)| !name.contains(['{', '/']))
            else {
                break 'found "a path with a brace without its pair".to_owned();
            };
            if !seen.insert(name) {
                break 'found format!("a path in which parameter `{name}` is used twice");
            }
            rest = after;
        }
    };
    Err(log.refuse(
        &place.pointer,
        problem,
        "correct the path; an overlay can remove it and add the right one",
    ))
}

fn check_parameters(log: &Log, place: &walk::Place, operation: &Map<String, Value>) -> Result<(), SpecError> {
    let mut arguments =
        Taken::new("parameter", "leave one of them out with an overlay, or hand-write the call");
    let mut in_path = Vec::new();
    let parameters = operation.get("parameters").and_then(Value::as_array);
    for (index, parameter) in parameters.into_iter().flatten().enumerate() {
        let at = format!("{}/parameters/{index}", place.pointer);
        let text = |key: &str| parameter.get(key).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        let identifier = names::argument(name);
        if names::RESERVED_ARGUMENTS.contains(&identifier.as_str()) {
            return Err(log.refuse(
                pointer::push(&at, "name"),
                format!("parameter {name:?} would hide the builder's own `{identifier}`"),
                "hand-write the call, or leave the parameter out with an overlay",
            ));
        }
        arguments.take(log, &identifier, &pointer::push(&at, "name"))?;
        check_parameter(log, &at, parameter)?;
        if text("in") == Some("path") {
            in_path.push(name.to_owned());
        }
    }
    let template: Vec<&str> =
        place.path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect();
    if let Some(name) = template.iter().find(|name| !in_path.iter().any(|declared| declared == *name)) {
        return Err(log.refuse(
            &place.pointer,
            format!("path parameter `{name}` is not declared"),
            "add it to `parameters` with an overlay",
        ));
    }
    if let Some(name) = in_path.iter().find(|name| !template.contains(&name.as_str())) {
        return Err(log.refuse(
            &place.pointer,
            format!("path parameter `{name}` is not in the path"),
            "correct the path or the parameter",
        ));
    }
    Ok(())
}

fn check_parameter(log: &Log, at: &str, parameter: &Value) -> Result<(), SpecError> {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str);
    let flag = |key: &str| parameter.get(key).and_then(Value::as_bool);
    let location = text("in").unwrap_or_default();
    let (default_style, default_explode) = match location {
        "query" => ("form", true),
        "path" | "header" => ("simple", false),
        "cookie" => {
            return Err(log.refuse(
                pointer::push(at, "in"),
                "a cookie parameter",
                "hand-write the call; no Pleo operation uses cookies",
            ));
        }
        other => {
            return Err(log.refuse(
                pointer::push(at, "in"),
                format!("parameter location {other:?}"),
                "one of `path`, `query` and `header` belongs there",
            ));
        }
    };
    let style = text("style").unwrap_or(default_style);
    if style != default_style {
        return Err(log.refuse(
            pointer::push(at, "style"),
            format!("parameter style {style:?}, which the generator would send as {default_style:?}"),
            "hand-write the call, or describe the parameter otherwise in an overlay",
        ));
    }
    if location == "path" && flag("required") != Some(true) {
        return Err(log.refuse(
            at,
            "a path parameter that is not required",
            "set `required: true` with an overlay",
        ));
    }
    if flag("allowReserved") == Some(true) {
        return Err(log.refuse(
            pointer::push(at, "allowReserved"),
            "a parameter that wants reserved characters unescaped",
            "hand-write the call; every value is escaped here",
        ));
    }
    if location == "header" {
        check_header(log, at, text("name").unwrap_or_default())?;
    }
    let schema = parameter.get("schema").unwrap_or(&Value::Null);
    let kind = schema.get("type").and_then(Value::as_str);
    let list = kind == Some("array");
    if list && !flag("explode").unwrap_or(default_explode) {
        return Err(log.refuse(
            at,
            "a list parameter without `explode`, which the generator would send as repeated keys",
            "hand-write the call, or correct the document if the server takes repeated keys",
        ));
    }
    let item = if list { schema.get("items").unwrap_or(&Value::Null) } else { schema };
    if list && location != "query" {
        return Err(log.refuse(at, "a list outside the query", "hand-write the call"));
    }
    // The pass `parameter-types` has left references to enums only.
    let scalar = item.get("$ref").is_some()
        || item.pointer("/allOf/0/$ref").is_some()
        || null::other_than_null(item).is_some_and(|other| other.get("$ref").is_some())
        || matches!(
            item.get("type").and_then(Value::as_str),
            Some("string" | "integer" | "number" | "boolean")
        );
    if !scalar {
        return Err(log.refuse(
            pointer::push(at, "schema"),
            "a parameter that is neither a scalar nor a list of scalars",
            "list its properties as parameters of their own with an overlay, or hand-write the call",
        ));
    }
    Ok(())
}

fn check_header(log: &Log, at: &str, name: &str) -> Result<(), SpecError> {
    // A token, RFC 9110, section 5.6.2.
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let problem = if names::RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        format!("the header `{name}` is set by what sends a request")
    } else if name.is_empty() || !name.chars().all(token) {
        format!("{name:?} is not a header name")
    } else {
        return Ok(());
    };
    Err(log.refuse(pointer::push(at, "name"), problem, "take the parameter out with an overlay `remove`"))
}

pub(super) fn texts(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    fn clean(log: &mut Log, at: &str, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, child) in map {
                    let at = pointer::push(at, key);
                    match (key.as_str(), child) {
                        ("description" | "summary", Value::String(text)) => {
                            replace(log, &at, text, printable(text))
                        }
                        ("title" | "version" | "operationId", Value::String(text)) => {
                            let line = printable(text).split_whitespace().collect::<Vec<_>>().join(" ");
                            // Spaces that are there already say how the name is made of words.
                            if line.len() < text.trim().len() || text.contains(char::is_control) {
                                replace(log, &at, text, line);
                            }
                        }
                        ("enum" | "const" | "default" | "example" | "examples", _) => {}
                        (_, child) => clean(log, &at, child),
                    }
                }
            }
            Value::Array(list) => {
                for (index, child) in list.iter_mut().enumerate() {
                    clean(log, &format!("{at}/{index}"), child);
                }
            }
            _ => {}
        }
    }

    fn replace(log: &mut Log, at: &str, text: &mut String, cleaned: String) {
        if *text != cleaned {
            *text = cleaned;
            log.changed(at);
        }
    }
    clean(log, "", document);
    Ok(())
}

/// A text without carriage returns, control characters and marks that turn the direction of
/// writing (Unicode Standard Annex 9).
fn printable(text: &str) -> String {
    let direction = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || direction(*c))).collect()
}

/// The two spellings of a member or parameter that names the company.
pub const COMPANY: [&str; 2] = ["companyId", "company_id"];

/// What the documentation says of a company that became optional.
pub const MAY_BE_LEFT_OUT: &str = "May be left out where the client's authorisation adds it.";

pub(super) fn optional_company(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    optional_company_parameters(log, document)?;
    let mut references = BTreeMap::<String, usize>::new();
    walk::references(document, &mut |reference| *references.entry(reference.to_owned()).or_default() += 1);
    let mut bodies = BTreeMap::<String, usize>::new();
    for (_, operation) in walk::operations(document) {
        if let Some(reference) = body_reference(operation) {
            *bodies.entry(reference.to_owned()).or_default() += 1;
        }
    }
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        let reference = format!("#/components/schemas/{name}");
        // A type that is also received, or part of another, stays as it is.
        if !bodies.contains_key(&reference) || references.get(&reference) != bodies.get(&reference) {
            continue;
        }
        let Some(member) = COMPANY.into_iter().find(|member| schema["properties"].get(*member).is_some())
        else {
            continue;
        };
        let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) else { continue };
        let before = required.len();
        required.retain(|name| name != member);
        if required.len() < before {
            if let Some(property) = schema["properties"][member].as_object_mut() {
                schemas::describe(property, MAY_BE_LEFT_OUT);
            }
            log.changed(pointer::push(&pointer::push("/components/schemas", name), "required"));
        }
    }
    Ok(())
}

fn optional_company_parameters(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::operations_mut(document, |place, operation| {
        let at = pointer::push(&place.pointer, "parameters");
        for (index, parameter) in list_mut(operation.get_mut("parameters")).enumerate() {
            let Some(parameter) = parameter.as_object_mut() else { continue };
            let is = |key, value: &str| parameter.get(key).and_then(Value::as_str) == Some(value);
            let company = is("in", "query") && COMPANY.into_iter().any(|name| is("name", name));
            if company && parameter.get("required") == Some(&Value::Bool(true)) {
                parameter.remove("required");
                schemas::describe(parameter, MAY_BE_LEFT_OUT);
                log.changed(pointer::push(&pointer::push(&at, index.to_string()), "required"));
            }
        }
        Ok(())
    })
}

fn body_reference(operation: &Map<String, Value>) -> Option<&str> {
    operation.get("requestBody")?.pointer("/content/application~1json/schema/$ref")?.as_str()
}
