//! OpenAPI Overlay 1.0: what this project adds to a published document.
//!
//! Beside the specification's keys each action carries a `reason`. An action whose target matches
//! nothing is an error, so that what no longer applies is found when Pleo changes its documents.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Document, Refusals, SpecError, normalise::Idle, pointer, shape};

/// The name of the overlay that applies to every document.
pub const SHARED: &str = "shared.yaml";

/// One overlay file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    overlay: String,
    #[allow(dead_code, reason = "the specification requires it; it is for the reader of the file")]
    info: Value,
    #[serde(default)]
    #[allow(dead_code, reason = "the file name says the same; kept for tools that read overlays")]
    extends: Option<String>,
    actions: Vec<Action>,
    #[serde(skip)]
    name: String,
}

/// One change to a document.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    target: String,
    reason: String,
    #[serde(default)]
    #[allow(dead_code, reason = "the specification allows it; it is for the reader of the file")]
    description: Option<String>,
    #[serde(default)]
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
}

impl Overlay {
    /// Reads an overlay from YAML or JSON.
    ///
    /// # Errors
    /// For text that does not parse, another overlay version, an action without a reason, or one
    /// that neither updates nor removes.
    pub fn parse(name: &str, text: &str) -> Result<Self, SpecError> {
        let document = Document::parse(name, text)?;
        let mut overlay: Self = serde_json::from_value(document.value).map_err(|error| {
            SpecError::new(name, "", format!("not an overlay: {error}"), "see spec/README.md for the form")
        })?;
        if !overlay.overlay.starts_with("1.") {
            return Err(SpecError::new(
                name,
                "/overlay",
                format!("overlay version {:?}", overlay.overlay),
                "write it for OpenAPI Overlay 1.0",
            ));
        }
        for (index, action) in overlay.actions.iter().enumerate() {
            let problem = if action.reason.trim().is_empty() {
                "an action without a reason"
            } else if action.update.is_none() && !action.remove {
                "an action that neither updates nor removes"
            } else {
                continue;
            };
            return Err(SpecError::new(
                name,
                format!("/actions/{index}"),
                problem,
                "see spec/README.md for the form",
            ));
        }
        overlay.name = name.to_owned();
        Ok(overlay)
    }

    /// Reads every overlay of a folder, sorted by name.
    ///
    /// # Errors
    /// For a folder or file that cannot be read, or one that is no overlay.
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>, SpecError> {
        let failed = |name: &str, error: std::io::Error| {
            SpecError::new(name, "", format!("unreadable: {error}"), "check the path and its permissions")
        };
        let mut overlays = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| failed(&folder.display().to_string(), error))? {
            let path = entry.map_err(|error| failed(&folder.display().to_string(), error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".yaml") {
                let text = fs::read_to_string(&path).map_err(|error| failed(&name, error))?;
                overlays.push(Self::parse(&name, &text)?);
            }
        }
        overlays.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(overlays)
    }
}

/// Applies to each document the shared overlay, then its own.
///
/// # Errors
/// For an overlay without a document and an action that matches nothing, unless `idle` allows them,
/// and for an overlay whose result is no longer a document that the passes know.
pub fn apply_all(
    documents: &mut [Document],
    overlays: &[Overlay],
    idle: Idle,
) -> Result<Vec<(String, usize)>, Refusals> {
    let (mut applied, mut refused) = (Vec::new(), Vec::new());
    for overlay in overlays {
        let shared = overlay.name == SHARED;
        let mut targets: Vec<&mut Document> =
            documents.iter_mut().filter(|document| shared || document.name == overlay.name).collect();
        if targets.is_empty() && idle == Idle::Refused {
            refused.push(SpecError::new(
                &overlay.name,
                "",
                "an overlay for a document that does not exist",
                "rename it after its document in spec/published, or delete it",
            ));
            continue;
        }
        for (index, action) in overlay.actions.iter().enumerate() {
            let mut matches = 0;
            for document in &mut targets {
                matches += action.apply(&overlay.name, index, &mut document.value)?;
            }
            if matches == 0 && idle == Idle::Refused {
                refused.push(SpecError::new(
                    &overlay.name,
                    format!("/actions/{index}"),
                    format!("target {} matches nothing", action.target),
                    "follow what was renamed in spec/published, or delete the action if its reason is gone",
                ));
            }
        }
        applied.push((overlay.name.clone(), overlay.actions.len()));
    }
    for document in documents.iter() {
        refused.extend(shape::check(&document.name, &document.value).err().into_iter().flatten());
    }
    Refusals::none(refused)?;
    Ok(applied)
}

impl Action {
    fn apply(&self, overlay: &str, index: usize, document: &mut Value) -> Result<usize, SpecError> {
        let path = JsonPath::parse(&self.target).map_err(|error| {
            SpecError::new(
                overlay,
                format!("/actions/{index}/target"),
                format!("target {} is no JSONPath: {error}", self.target),
                "write it as RFC 9535 asks",
            )
        })?;
        // The last match first: removing an earlier element of a list would move the later ones.
        let mut found: Vec<String> =
            path.query_located(document).locations().map(|location| location.to_json_pointer()).collect();
        found.reverse();
        for pointer in &found {
            if self.remove {
                remove(document, pointer);
            } else if let (Some(target), Some(update)) = (document.pointer_mut(pointer), &self.update) {
                merge(target, update);
            }
        }
        Ok(found.len())
    }
}

/// Deep merge as the overlay specification asks: objects are merged, lists appended to, anything
/// else replaced.
fn merge(target: &mut Value, update: &Value) {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            for (key, value) in update {
                match target.get_mut(key) {
                    Some(existing) => merge(existing, value),
                    None => {
                        target.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(target), Value::Array(update)) => target.extend(update.iter().cloned()),
        (Value::Array(target), update) => target.push(update.clone()),
        (target, update) => *target = update.clone(),
    }
}

fn remove(document: &mut Value, at: &str) {
    let Some((parent, _)) = at.rsplit_once('/') else { return };
    let Some(key) = pointer::tokens(at).last() else { return };
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&key);
        }
        Some(Value::Array(list)) => {
            if let Ok(index) = key.parse::<usize>()
                && index < list.len()
            {
                list.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Document {
        Document {
            name: "a.yaml".to_owned(),
            value: json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"},
                "paths": {"/a": {"get": {"tags": ["x"], "responses": {}}}}}),
        }
    }

    fn overlay(actions: &str) -> Result<Overlay, SpecError> {
        Overlay::parse(
            "a.yaml",
            &format!("overlay: 1.0.0\ninfo: {{title: t, version: 1.0.0}}\nactions:\n{actions}"),
        )
    }

    #[test]
    fn an_update_merges_objects_appends_to_lists_and_replaces_the_rest() {
        let overlay = overlay(
            "- {target: \"$.paths[*].get\", reason: test, update: {summary: s, tags: [y], responses: {'204': {}}}}",
        );
        let mut documents = [document()];
        apply_all(&mut documents, &[overlay.unwrap()], Idle::Refused).unwrap();
        let get = &documents[0].value["paths"]["/a"]["get"];
        assert_eq!(get, &json!({"summary": "s", "tags": ["x", "y"], "responses": {"204": {}}}));
    }

    #[test]
    fn a_removal_takes_out_every_match() {
        let overlay =
            overlay("- {target: \"$.paths[*][?@.tags[0] == 'x']\", reason: test, remove: true}").unwrap();
        let mut documents = [document()];
        apply_all(&mut documents, &[overlay], Idle::Refused).unwrap();
        assert_eq!(documents[0].value["paths"]["/a"], json!({}));
    }

    #[test]
    fn an_action_that_matches_nothing_is_an_error() {
        let overlay = overlay("- {target: \"$.paths['/gone']\", reason: test, remove: true}").unwrap();
        let refusals = apply_all(&mut [document()], &[overlay], Idle::Refused).unwrap_err();
        let error = refusals.first();
        assert_eq!((error.document.as_str(), error.pointer.as_str()), ("a.yaml", "/actions/0"));
        assert!(error.problem.contains("$.paths['/gone']"));
    }

    #[test]
    fn what_matches_nothing_is_passed_over_where_that_is_allowed() {
        let mut stray = overlay("- {target: $, reason: test, remove: true}").unwrap();
        stray.name = "gone.yaml".to_owned();
        let own = overlay(
            "- {target: \"$.paths['/gone']\", reason: test, remove: true}\n\
             - {target: \"$.info\", reason: test, update: {title: u}}",
        );
        let mut documents = [document()];
        apply_all(&mut documents, &[stray, own.unwrap()], Idle::Allowed).unwrap();
        assert_eq!(documents[0].value["info"]["title"], "u");
        assert!(documents[0].value["paths"]["/a"].is_object());
    }

    #[test]
    fn an_action_needs_a_reason_and_something_to_do() {
        assert!(overlay("- {target: $, reason: ' ', remove: true}").is_err());
        assert!(overlay("- {target: $, reason: test}").is_err());
        assert!(overlay("- {target: $, remove: true}").is_err());
    }

    #[test]
    fn an_overlay_cannot_break_the_document() {
        let overlay = overlay("- {target: $.paths, reason: test, update: {'/b': {get: 7}}}").unwrap();
        assert_eq!(
            apply_all(&mut [document()], &[overlay], Idle::Refused).unwrap_err().first().pointer,
            "/paths/~1b/get"
        );
    }
}
