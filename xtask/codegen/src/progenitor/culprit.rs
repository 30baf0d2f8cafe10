//! Which part of a document progenitor cannot take.

use serde_json::{Value, json};

use super::attempt::attempt;
use crate::plan::Wrappers;
use xtask_openapi::{SpecError, merge, pointer, walk};

/// Finds which operation or schema the generator cannot take, by trying each alone.
pub(crate) fn culprit(lowered: &Value, wrappers: &Wrappers, problem: &str) -> SpecError {
    let help = "describe it more plainly in an overlay, or teach a pass to";
    let mut bare = lowered.clone();
    bare["paths"] = json!({});
    if attempt(&bare, wrappers).is_ok() {
        for (place, operation) in walk::operations(lowered) {
            let mut one = bare.clone();
            one["paths"] = json!({ &place.path: { place.method: operation } });
            if let Err(problem) = attempt(&one, wrappers) {
                return SpecError::new(
                    merge::RESULT,
                    place.pointer,
                    format!("progenitor cannot take it: {problem}"),
                    help,
                );
            }
        }
    } else if let Some(schemas) = lowered.pointer("/components/schemas").and_then(Value::as_object) {
        for name in schemas.keys() {
            let mut one = bare.clone();
            let own: serde_json::Map<String, Value> = schemas
                .iter()
                .filter(|(other, _)| *other == name || refers(schemas, name, other))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            one["components"]["schemas"] = Value::Object(own);
            if let Err(problem) = attempt(&one, wrappers) {
                return SpecError::new(
                    merge::RESULT,
                    pointer::push("/components/schemas", name),
                    format!("typify cannot take it: {problem}"),
                    help,
                );
            }
        }
    }
    // Each part passes alone: the first operation that does not go with those before it.
    let mut growing = bare;
    for (place, operation) in walk::operations(lowered) {
        let item = growing["paths"]
            .as_object_mut()
            .map(|paths| paths.entry(place.path.clone()).or_insert_with(|| json!({})));
        if let Some(item) = item {
            item[place.method] = Value::Object(operation.clone());
        }
        if let Err(problem) = attempt(&growing, wrappers) {
            let problem =
                format!("progenitor cannot take it together with the operations before it: {problem}");
            return SpecError::new(merge::RESULT, place.pointer, problem, help);
        }
    }
    SpecError::new(merge::RESULT, "", format!("progenitor cannot take the whole document: {problem}"), help)
}

/// Whether `from` refers to `to`, directly or through others.
fn refers(schemas: &serde_json::Map<String, Value>, from: &str, to: &str) -> bool {
    let mut open = vec![from.to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = schemas.get(&name) {
            walk::references(schema, &mut |reference| {
                if let Some(next) = pointer::schema_name(reference)
                    && seen.insert(next.to_owned())
                {
                    open.push(next.to_owned());
                }
            });
        }
    }
    seen.contains(to)
}
