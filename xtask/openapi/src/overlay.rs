//! OpenAPI Overlay 1.0: what this project adds to a published document.
//!
//! Each action carries an `x-reason` as well. An action whose target matches nothing is an error, and
//! so is an update that describes something that is not there: what no longer applies is found when
//! Pleo changes its documents.

mod update;

use std::{cmp::Reverse, fs, mem, path::Path};

use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use self::update::Update;
use super::{Document, Refusals, SpecError, normalise::Idle, pointer, shape};

/// The name of the overlay that applies to every document.
pub const SHARED: &str = "shared.yaml";

const FORM: &str = "see spec/README.md for the form";

/// One overlay file.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    name: String,
    actions: Vec<Action>,
}

/// One change to a document.
#[derive(Debug, Clone, PartialEq)]
struct Action {
    /// The expression as the file has it.
    target: String,
    path: JsonPath,
    change: Change,
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    Update(Value),
    Remove,
}

impl Overlay {
    /// Reads an overlay from YAML or JSON.
    ///
    /// Extensions are passed over, as Overlay 1.0 allows.
    ///
    /// # Errors
    /// For text that does not parse, another overlay version, a key that Overlay 1.0 does not have, an
    /// action without a reason, and one that neither updates nor removes.
    pub fn parse(name: &str, text: &str) -> Result<Self, SpecError> {
        let document = Document::parse_ours(name, text)?;
        let overlay = Part { name, at: String::new(), map: object(name, "", &document.value)? };
        overlay.keys(&["overlay", "info", "extends", "actions"])?;
        let version = overlay.text("overlay")?;
        if version != "1.0" && !version.starts_with("1.0.") {
            let problem = format!("overlay version {version:?}");
            return Err(SpecError::new(name, "/overlay", problem, "write it for OpenAPI Overlay 1.0"));
        }
        let info = overlay.part("info")?;
        info.keys(&["title", "version"])?;
        info.text("title")?;
        info.text("version")?;
        if overlay.map.contains_key("extends") {
            overlay.text("extends")?;
        }
        let actions = match overlay.map.get("actions") {
            Some(Value::Array(actions)) if !actions.is_empty() => actions,
            _ => return Err(SpecError::new(name, "/actions", "an overlay without a list of actions", FORM)),
        };
        let actions = actions.iter().enumerate().map(|(index, action)| {
            let at = format!("/actions/{index}");
            Action::parse(&Part { name, map: object(name, &at, action)?, at })
        });
        Ok(Self { name: name.to_owned(), actions: actions.collect::<Result<_, _>>()? })
    }

    /// The file name, which is that of the document that it belongs to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same for a document of another name.
    #[must_use]
    pub fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Reads every overlay of a folder, sorted by name.
    ///
    /// # Errors
    /// For a folder or file that cannot be read, one that is not an overlay, and two for one document.
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>, SpecError> {
        let failed = |name: &str, error: std::io::Error| {
            SpecError::new(name, "", format!("unreadable: {error}"), "check the path and its permissions")
        };
        let mut overlays = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| failed(&folder.display().to_string(), error))? {
            let path = entry.map_err(|error| failed(&folder.display().to_string(), error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if Document::is_named(&name) {
                let bytes = fs::read(&path).map_err(|error| failed(&name, error))?;
                overlays.push(Self::parse(&name, &Document::text(&name, bytes)?)?);
            }
        }
        overlays.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = overlays.windows(2).find(|pair| pair[0].stem() == pair[1].stem()) {
            let problem = format!("a second overlay for the document of {}", pair[0].name);
            return Err(SpecError::new(&pair[1].name, "", problem, "put the actions of both into one file"));
        }
        Ok(overlays)
    }

    /// Whether it applies to every document.
    fn is_shared(&self) -> bool {
        self.name == SHARED
    }

    /// Whether it was written for `document`: both have one name, whatever they are written in.
    pub fn is_of(&self, document: &Document) -> bool {
        !self.is_shared() && self.stem() == document.stem()
    }

    fn stem(&self) -> &str {
        self.name.rsplit_once('.').map_or(&self.name, |(stem, _)| stem)
    }
}

/// An object of an overlay, with where it is.
struct Part<'a> {
    name: &'a str,
    at: String,
    map: &'a Map<String, Value>,
}

fn object<'a>(name: &str, at: &str, value: &'a Value) -> Result<&'a Map<String, Value>, SpecError> {
    let problem = || format!("{} where an object belongs", shape::kind(value));
    value.as_object().ok_or_else(|| SpecError::new(name, at, problem(), FORM))
}

impl<'a> Part<'a> {
    fn error(&self, key: &str, problem: impl Into<String>) -> SpecError {
        SpecError::new(self.name, pointer::push(&self.at, key), problem, FORM)
    }

    fn keys(&self, known: &[&str]) -> Result<(), SpecError> {
        match self.map.keys().find(|key| !key.starts_with("x-") && !known.contains(&key.as_str())) {
            Some(key) => Err(self.error(key, format!("`{key}`, which Overlay 1.0 does not know here"))),
            None => Ok(()),
        }
    }

    fn text(&self, key: &str) -> Result<&'a str, SpecError> {
        match self.map.get(key) {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.error(key, format!("{} where a string belongs", shape::kind(other)))),
            None => Err(SpecError::new(self.name, &self.at, format!("`{key}` is missing"), FORM)),
        }
    }

    fn part(&self, key: &str) -> Result<Part<'a>, SpecError> {
        let at = pointer::push(&self.at, key);
        let map = object(self.name, &at, self.map.get(key).unwrap_or(&Value::Null))?;
        Ok(Part { name: self.name, at, map })
    }
}

impl Action {
    fn parse(action: &Part<'_>) -> Result<Self, SpecError> {
        // Overlays of earlier commits call the reason `reason`.
        action.keys(&["target", "description", "update", "remove", "reason"])?;
        if action.map.contains_key("description") {
            action.text("description")?;
        }
        let reason = ["x-reason", "reason"].into_iter().find(|key| action.map.contains_key(*key));
        if reason.map(|key| action.text(key)).transpose()?.unwrap_or_default().trim().is_empty() {
            return Err(SpecError::new(action.name, &action.at, "an action without an `x-reason`", FORM));
        }
        let remove = match action.map.get("remove") {
            None => false,
            Some(Value::Bool(remove)) => *remove,
            Some(_) => return Err(action.error("remove", "`remove` is neither true nor false")),
        };
        let target = action.text("target")?.to_owned();
        let path = JsonPath::parse(&target).map_err(|error| {
            SpecError::new(
                action.name,
                pointer::push(&action.at, "target"),
                format!("target {target} is not a JSONPath: {error}"),
                "write it as RFC 9535 asks",
            )
        })?;
        let change = match action.map.get("update") {
            _ if remove => Change::Remove,
            Some(update) if !update.is_null() => Change::Update(update.clone()),
            _ => {
                let problem = "an action that neither updates nor removes";
                return Err(SpecError::new(action.name, &action.at, problem, FORM));
            }
        };
        Ok(Self { target, path, change })
    }
}

/// What applying overlays came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The name of each overlay that has a document, and how many actions it has.
    pub overlays: Vec<(String, usize)>,
    /// What found nothing to do; empty unless that is allowed.
    pub passed_over: Vec<SpecError>,
}

/// Applies to each document the shared overlay, then its own, which wins.
///
/// # Errors
/// For an overlay without a document, an action that matches nothing, and an update that describes
/// something that is not there, unless `idle` allows them; and for an overlay whose result is no longer
/// a document that the passes know.
pub fn apply_all(documents: &mut [Document], overlays: &[Overlay], idle: Idle) -> Result<Applied, Refusals> {
    let (mut applied, mut refused) = (Vec::new(), Vec::new());
    let (shared, own): (Vec<&Overlay>, Vec<&Overlay>) =
        overlays.iter().partition(|overlay| overlay.is_shared());
    for overlay in shared.into_iter().chain(own) {
        let mut targets: Vec<&mut Document> =
            documents.iter_mut().filter(|document| overlay.is_shared() || overlay.is_of(document)).collect();
        if targets.is_empty() {
            refused.push(SpecError::new(
                &overlay.name,
                "",
                "an overlay for a document that does not exist",
                "rename it after its document in spec/published, or delete it",
            ));
            continue;
        }
        for (index, action) in overlay.actions.iter().enumerate() {
            let at = format!("/actions/{index}");
            refused.extend(action.apply(&overlay.name, &at, &mut targets));
        }
        applied.push((overlay.name.clone(), overlay.actions.len()));
    }
    let passed_over = if idle == Idle::Allowed { mem::take(&mut refused) } else { Vec::new() };
    for document in documents.iter() {
        refused.extend(shape::check(&document.name, &document.value).err().into_iter().flatten());
    }
    Refusals::none(refused)?;
    Ok(Applied { overlays: applied, passed_over })
}

/// One step from a node to a node in it. Steps are in the order of a document, so that of two nodes
/// of a list the later one is greater.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Item(usize),
    Member(String),
}

impl Action {
    /// Applies the action to every node that its target names, to each of them once; gives what cannot
    /// be done.
    fn apply(&self, overlay: &str, at: &str, documents: &mut [&mut Document]) -> Vec<SpecError> {
        let mut refused = Vec::new();
        let mut matched = false;
        let mut update = Update::default();
        for document in documents {
            let nodes = self.nodes(&document.value);
            matched |= !nodes.is_empty();
            for (node, in_place) in nodes {
                let problem = match (&self.change, in_place) {
                    (_, false) => "a value that is neither an object nor a list",
                    (Change::Remove, true) if node.is_empty() => {
                        "the whole document, which cannot be removed"
                    }
                    (Change::Remove, true) => {
                        remove(&mut document.value, &node);
                        continue;
                    }
                    (Change::Update(with), true) => {
                        if update.apply(&document.name, &mut document.value, &node, with) {
                            continue;
                        }
                        "an object, which only an object can update"
                    }
                };
                refused.push(SpecError::new(
                    overlay,
                    format!("{at}/target"),
                    format!("target {} names {problem}: {}{}", self.target, document.name, pointer_of(&node)),
                    "name the object or list around it, and write the whole of what changes into the update",
                ));
            }
        }
        if !matched {
            refused.push(SpecError::new(
                overlay,
                at,
                format!("target {} matches nothing", self.target),
                "follow what was renamed in spec/published, or delete the action if its reason is gone",
            ));
        }
        refused.extend(update.missing().map(|(trail, problem)| {
            SpecError::new(
                overlay,
                format!("{at}/update{trail}"),
                problem,
                "follow what was renamed in spec/published, take it out of the update, or write it there as a \
                 whole, as with a `type` or a `$ref`",
            )
        }));
        refused
    }

    /// The nodes that the target names, each once and whether it is an object or a list. The later
    /// ones of a document come first: removing an earlier item of a list would move them.
    fn nodes(&self, document: &Value) -> Vec<(Vec<Step>, bool)> {
        let located = self.path.query_located(document);
        let mut nodes: Vec<(Vec<Step>, bool)> = located
            .iter()
            .map(|located| {
                let steps = located.location().iter().map(|element| match element.as_index() {
                    Some(index) => Step::Item(index),
                    None => Step::Member(element.as_name().unwrap_or_default().to_owned()),
                });
                (steps.collect(), located.node().is_object() || located.node().is_array())
            })
            .collect();
        nodes.sort_by(|(one, _), (other, _)| Reverse(one).cmp(&Reverse(other)));
        nodes.dedup();
        nodes
    }
}

fn pointer_of(node: &[Step]) -> String {
    node.iter().fold(String::from("#"), |at, step| match step {
        Step::Item(index) => format!("{at}/{index}"),
        Step::Member(key) => pointer::push(&at, key),
    })
}

fn node_mut<'a>(document: &'a mut Value, node: &[Step]) -> Option<&'a mut Value> {
    node.iter().try_fold(document, |value, step| match step {
        Step::Item(index) => value.get_mut(index),
        Step::Member(key) => value.get_mut(key),
    })
}

fn remove(document: &mut Value, node: &[Step]) {
    let Some((step, parent)) = node.split_last() else { return };
    match (node_mut(document, parent), step) {
        (Some(Value::Object(map)), Step::Member(key)) => {
            map.remove(key);
        }
        (Some(Value::Array(list)), Step::Item(index)) if *index < list.len() => {
            list.remove(*index);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(name: &str) -> Document {
        Document {
            name: name.to_owned(),
            value: json!({
                "openapi": "3.0.1", "info": {"title": "t", "version": "1"},
                "paths": {"/a": {"get": {
                    "tags": ["x"],
                    "parameters": [
                        {"name": "p1", "in": "query", "schema": {"type": "string"}},
                        {"name": "p2", "in": "header", "schema": {"type": "string"}},
                        {"name": "p3", "in": "query", "schema": {"type": "string"}},
                        {"$ref": "#/components/parameters/P"},
                    ],
                    "responses": {"200": {"description": "d", "content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/Thing"}}}}},
                }}},
                "components": {
                    "parameters": {"P": {"name": "p4", "in": "query", "schema": {"type": "string"}}},
                    "schemas": {"Thing": {"type": "object", "properties": {
                        "id": {"type": "string"}, "map": {"type": "object", "additionalProperties": true},
                    }}},
                },
            }),
        }
    }

    fn document() -> Document {
        named("a.yaml")
    }

    fn overlay(actions: &str) -> Result<Overlay, SpecError> {
        overlay_named("a.yaml", actions)
    }

    fn overlay_named(name: &str, actions: &str) -> Result<Overlay, SpecError> {
        Overlay::parse(
            name,
            &format!("overlay: 1.0.0\ninfo: {{title: t, version: 1.0.0}}\nactions:\n{actions}"),
        )
    }

    fn updating(target: &str, with: &Value) -> Overlay {
        let update = json!({"target": target, "x-reason": "test", "update": with});
        overlay(&format!("- {update}")).unwrap()
    }

    fn removing(target: &str) -> Overlay {
        overlay(&format!("- {}", json!({"target": target, "x-reason": "test", "remove": true}))).unwrap()
    }

    fn applied(overlay: Overlay) -> Result<Value, SpecError> {
        let mut documents = [document()];
        apply_all(&mut documents, &[overlay], Idle::Refused).map_err(|refusals| refusals.first().clone())?;
        let [document] = documents;
        Ok(document.value)
    }

    fn parameters(value: &Value) -> Vec<&str> {
        let list = value["paths"]["/a"]["get"]["parameters"].as_array().unwrap();
        list.iter().filter_map(|parameter| parameter.get("name")?.as_str()).collect()
    }

    #[test]
    fn an_update_merges_objects_appends_to_lists_and_replaces_the_rest() {
        let value = applied(updating(
            "$.paths[*].get",
            &json!({"summary": "s", "tags": ["y"], "responses": {"200": {"description": "e"}, "204": {"content": {}}}}),
        ))
        .unwrap();
        let get = &value["paths"]["/a"]["get"];
        assert_eq!(get["summary"], "s");
        assert_eq!(get["tags"], json!(["x", "y"]));
        assert_eq!(get["responses"]["200"]["description"], "e");
        assert!(get["responses"]["200"]["content"].is_object());
        assert_eq!(get["responses"]["204"], json!({"content": {}}));
    }

    #[test]
    fn an_update_of_a_list_is_appended_to_it() {
        let new = json!({"name": "new", "in": "query", "schema": {"type": "string"}});
        for with in [new.clone(), json!([new])] {
            let value = applied(updating("$.paths['/a'].get.parameters", &with)).unwrap();
            assert_eq!(parameters(&value), ["p1", "p2", "p3", "new"]);
        }
    }

    #[test]
    fn a_removal_takes_out_every_node_once_whatever_the_order_and_however_often_it_is_named() {
        for (target, left) in [
            ("$..parameters[2,0]", vec!["p2"]),
            ("$..parameters[0,2]", vec!["p2"]),
            ("$..parameters[?@.name=='p1', ?@.name=='p1']", vec!["p2", "p3"]),
            ("$..parameters[0,0,-4]", vec!["p2", "p3"]),
            ("$..parameters[::-1]", vec![]),
            ("$..parameters[2,?@.in=='query']", vec!["p2"]),
            ("$..parameters[0]['schema','schema']", vec!["p1", "p2", "p3"]),
        ] {
            let mut document = document();
            let problems = removing(target).actions[0].apply("a.yaml", "", &mut [&mut document]);
            assert!(problems.is_empty(), "{target}: {problems:?}");
            assert_eq!(parameters(&document.value), left, "{target}");
        }
    }

    #[test]
    fn a_removal_of_a_node_and_of_what_is_in_it_removes_both() {
        let mut document = document();
        let problems = removing("$.paths..*").actions[0].apply("a.yaml", "", &mut [&mut document]);
        assert!(problems.iter().all(|problem| problem.problem.contains("neither an object nor a list")));
        assert_eq!(document.value["paths"], json!({}));
    }

    #[test]
    fn an_update_acts_on_each_node_once() {
        let value = applied(updating("$.paths['/a']['get','get']", &json!({"tags": ["y"]}))).unwrap();
        assert_eq!(value["paths"]["/a"]["get"]["tags"], json!(["x", "y"]));
    }

    #[test]
    fn an_action_that_matches_nothing_is_an_error() {
        let error = applied(removing("$.paths['/gone']")).unwrap_err();
        assert_eq!((error.document.as_str(), error.pointer.as_str()), ("a.yaml", "/actions/0"));
        assert!(error.problem.contains("$.paths['/gone']"));
    }

    #[test]
    fn an_action_changes_objects_and_lists_only() {
        for refused in [
            removing("$"),
            removing("$.paths['/a'].get.tags[0]"),
            removing("$.info.title"),
            updating("$.info.title", &json!("u")),
            updating("$.info", &json!("u")),
            updating("$.info", &json!([1])),
        ] {
            let error = applied(refused.clone()).unwrap_err();
            assert_eq!(error.pointer, "/actions/0/target", "{refused:?}");
        }
    }

    #[test]
    fn an_update_that_only_describes_what_is_not_there_is_refused_where_it_does() {
        let schema = "$.components.schemas.Thing";
        for (target, with, at) in [
            (schema, json!({"properties": {"gone": {"description": "d"}}}), "/properties/gone"),
            (schema, json!({"properties": {"gone": {"deprecated": true}}}), "/properties/gone"),
            (schema, json!({"properties": {"gone": {"example": 1}}}), "/properties/gone"),
            (schema, json!({"properties": {"gone": {"x-pleo-enum": "Thing"}}}), "/properties/gone"),
            (
                schema,
                json!({"properties": {"gone": {"nullable": true, "readOnly": true}}}),
                "/properties/gone",
            ),
            (schema, json!({"properties": {"gone": {"format": "uuid", "minLength": 1}}}), "/properties/gone"),
            (schema, json!({"properties": {"gone": {}}}), "/properties/gone"),
            (schema, json!({"properties": {"gone": {"items": {"title": "t"}}}}), "/properties/gone"),
            (
                schema,
                json!({"properties": {"gone": {"properties": {"a": {"title": "t"}}}}}),
                "/properties/gone",
            ),
            (schema, json!({"properties": {"id": {"items": {"description": "d"}}}}), "/properties/id/items"),
            (schema, json!({"items": {"description": "d"}}), "/items"),
            (schema, json!({"allOf": [{"description": "d"}]}), "/allOf/0"),
            (schema, json!({"required": ["gone"]}), "/required/0"),
            (schema, json!({"discriminator": {"mapping": {"a": "Thing"}}}), "/discriminator"),
            (schema, json!({"externalDocs": {"description": "d"}}), "/externalDocs"),
            (
                "$.components.schemas.Thing.properties",
                json!({"map": {"additionalProperties": {"description": "d"}}}),
                "/map/additionalProperties",
            ),
            ("$.components.schemas.Thing.properties", json!({"gone": {"description": "d"}}), "/gone"),
            ("$.components.schemas", json!({"Gone": {"description": "d"}}), "/Gone"),
            ("$.components", json!({"headers": {"X-Gone": {"description": "d"}}}), "/headers/X-Gone"),
            ("$.components", json!({"securitySchemes": {"a": {"description": "d"}}}), "/securitySchemes/a"),
            ("$.paths", json!({"/gone": {"summary": "s"}}), "/~1gone"),
            ("$.paths", json!({"/gone": {"get": {"x-pleo-name": "n"}}}), "/~1gone"),
            ("$.paths['/a']", json!({"post": {"description": "d"}}), "/post"),
            ("$.paths['/a']", json!({"post": {"requestBody": {"required": true}}}), "/post"),
            ("$.paths['/a'].get", json!({"requestBody": {"required": true}}), "/requestBody"),
            ("$.paths['/a'].get", json!({"responses": {"404": {"description": "d"}}}), "/responses/404"),
            (
                "$.paths['/a'].get.responses['200']",
                json!({"content": {"text/plain": {"example": "e"}}}),
                "/content/text~1plain",
            ),
            (
                "$.paths['/a'].get.responses['200']",
                json!({"headers": {"X-Gone": {"description": "d"}}}),
                "/headers/X-Gone",
            ),
            ("$.paths['/a'].get.responses['200']", json!({"links": {"l": {"description": "d"}}}), "/links/l"),
            (
                "$.paths['/a'].get",
                json!({"responses": {"201": {"description": "d", "content": {"application/json": {"schema": {
                    "properties": {"a": {"description": "d"}}}}}}}}),
                "/responses/201",
            ),
            ("$.paths['/a'].get.parameters", json!([{"name": "p", "in": "query"}]), "/0"),
            ("$.paths['/a'].get.parameters[0]", json!({"examples": {"e": {"summary": "s"}}}), "/examples/e"),
            ("$.paths['/a'].get.parameters[3]", json!({"description": "d"}), ""),
        ] {
            let overlay = updating(target, &with);
            let error = applied(overlay.clone()).expect_err(&format!("{target} {with}"));
            assert_eq!(error.pointer, format!("/actions/0/update{at}"), "{target} {with}\n{error}");
            // In a comparison with another state it is as if the description were not there.
            let mut documents = [document()];
            apply_all(&mut documents, &[overlay], Idle::Allowed).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(documents, [document()], "{target} {with}");
        }
    }

    #[test]
    fn an_update_that_brings_the_whole_shape_adds_it() {
        for (target, with) in [
            (
                "$.components.schemas.Thing",
                json!({"properties": {"new": {"type": "string", "description": "d"}}}),
            ),
            (
                "$.components.schemas.Thing",
                json!({"properties": {"new": {"$ref": "#/components/schemas/Thing"}}}),
            ),
            ("$.components.schemas.Thing", json!({"properties": {"new": {"enum": ["a"]}}})),
            (
                "$.components.schemas.Thing",
                json!({"properties": {"new": {"type": "string"}}, "required": ["new", "id"]}),
            ),
            (
                "$.components.schemas",
                json!({"New": {"type": "object", "properties": {"any": {"description": "any value"}}}}),
            ),
            (
                "$.components.schemas",
                json!({"New": {"allOf": [{"$ref": "#/components/schemas/Thing"}], "required": ["id"]}}),
            ),
            ("$.paths['/a'].get", json!({"responses": {"204": {"content": {}}}})),
            (
                "$.paths['/a'].get",
                json!({"requestBody": {"content": {"application/json": {"schema": {"type": "string"}}}}}),
            ),
            ("$.paths['/a']", json!({"post": {"responses": {"204": {"description": "d"}}}})),
            ("$.paths", json!({"/b": {"get": {"responses": {"200": {"$ref": "#/components/responses/R"}}}}})),
            ("$", json!({"components": {"responses": {"R": {"content": {}}}}})),
            ("$", json!({"tags": [{"name": "n"}], "externalDocs": {"url": "u"}})),
            ("$.info", json!({"contact": {"name": "n"}, "x-pleo-family": "f"})),
            (
                "$.components.schemas.Thing",
                json!({"example": {"any": {"description": "d"}}, "x-pleo-any": {"a": {}}}),
            ),
        ] {
            let mut document = document();
            let overlay = updating(target, &with);
            let problems = overlay.actions[0].apply("a.yaml", "", &mut [&mut document]);
            assert!(problems.is_empty(), "{target} {with}: {problems:?}");
            let node = overlay.actions[0].path.query(&document.value).exactly_one().unwrap();
            assert!(holds(node, &with), "{target} {with}: {node}");
        }
    }

    /// Whether all of `part` is in `value`.
    fn holds(value: &Value, part: &Value) -> bool {
        match (value, part) {
            (Value::Object(map), Value::Object(part)) => {
                part.iter().all(|(key, part)| map.get(key).is_some_and(|value| holds(value, part)))
            }
            (Value::Array(list), Value::Array(part)) => part.iter().all(|part| list.contains(part)),
            _ => value == part,
        }
    }

    #[test]
    fn what_is_in_one_of_several_nodes_is_described_there_and_passed_over_elsewhere() {
        let shared = overlay_named(
            SHARED,
            "- {target: $.components.schemas.Thing, x-reason: test, update: {properties: {only: {title: t}}}}",
        );
        let (mut with, without) = (named("a.yaml"), named("b.yaml"));
        with.value["components"]["schemas"]["Thing"]["properties"]["only"] = json!({"type": "string"});
        let mut documents = [with, without];
        apply_all(&mut documents, &[shared.unwrap()], Idle::Refused).unwrap();
        let property = |document: &Document| {
            document.value["components"]["schemas"]["Thing"]["properties"].get("only").cloned()
        };
        assert_eq!(property(&documents[0]), Some(json!({"type": "string", "title": "t"})));
        assert_eq!(property(&documents[1]), None);
    }

    #[test]
    fn the_overlay_of_a_document_wins_over_the_shared_one_whatever_their_names_are() {
        for name in ["aaa.yaml", "shared2.yaml", "zzz.yml", "aaa.json"] {
            let title = |title: &str| {
                format!("- {}", json!({"target": "$.info", "x-reason": "test", "update": {"title": title}}))
            };
            let own = if name.ends_with("json") {
                let action = json!({"target": "$.info", "x-reason": "test", "update": {"title": "own"}});
                let info = json!({"title": "t", "version": "1"});
                Overlay::parse(
                    name,
                    &json!({"overlay": "1.0.0", "info": info, "actions": [action]}).to_string(),
                )
            } else {
                overlay_named(name, &title("own"))
            };
            let shared = overlay_named(SHARED, &title("shared")).unwrap();
            let stem = name.split('.').next().unwrap();
            let mut documents = [named(&format!("{stem}.yaml"))];
            apply_all(&mut documents, &[own.unwrap(), shared], Idle::Refused).unwrap();
            assert_eq!(documents[0].value["info"]["title"], "own", "{name}");
        }
    }

    #[test]
    fn what_matches_nothing_is_passed_over_where_that_is_allowed() {
        let stray = overlay_named("gone.yaml", "- {target: $, x-reason: test, remove: true}").unwrap();
        let own = overlay(
            "- {target: \"$.paths['/gone']\", x-reason: test, remove: true}\n\
             - {target: \"$.info\", x-reason: test, update: {title: u}}",
        );
        let mut documents = [document()];
        apply_all(&mut documents, &[stray, own.unwrap()], Idle::Allowed).unwrap();
        assert_eq!(documents[0].value["info"]["title"], "u");
        assert!(documents[0].value["paths"]["/a"].is_object());
    }

    #[test]
    fn an_action_needs_a_reason_and_something_to_do() {
        assert!(overlay("- {target: $, x-reason: ' ', remove: true}").is_err());
        assert!(overlay("- {target: $, x-reason: test}").is_err());
        assert!(overlay("- {target: $, x-reason: test, update: null}").is_err());
        assert!(overlay("- {target: $, remove: true}").is_err());
        assert!(overlay("- {target: paths, x-reason: test, remove: true}").is_err());
        assert!(overlay("- {target: $, reason: as earlier commits have it, remove: true}").is_ok());
    }

    #[test]
    fn extensions_are_passed_over_and_other_keys_are_refused() {
        let file = |top: &str, info: &str, action: &str| {
            Overlay::parse(
                "a.yaml",
                &format!(
                    "overlay: 1.0.0\n{top}\ninfo: {{title: t, version: '1', {info}}}\n\
                     actions: [{{target: $, x-reason: r, remove: true, {action}}}]"
                ),
            )
        };
        assert!(file("x-a: [1]", "x-b: {}", "x-c: null").is_ok());
        for (top, info, action, at) in [
            ("extend: a", "", "", "/extend"),
            ("", "description: d", "", "/info/description"),
            ("", "", "copy: $.a", "/actions/0/copy"),
        ] {
            assert_eq!(file(top, info, action).unwrap_err().pointer, at);
        }
        for text in ["overlay: 1.1.0", "overlay: 1.0", "overlay: 2.0.0", ""] {
            let text = format!(
                "{text}\ninfo: {{title: t, version: '1'}}\nactions: [{{target: $, x-reason: r, remove: true}}]"
            );
            assert!(Overlay::parse("a.yaml", &text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_overlay_cannot_break_the_document() {
        let error = applied(updating("$.paths", &json!({"/b": {"get": 7}}))).unwrap_err();
        assert_eq!(error.pointer, "/paths/~1b/get");
    }
}
