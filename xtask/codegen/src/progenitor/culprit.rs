//! Which part of a document progenitor cannot take.
//!
//! Each attempt takes as long as generating, so there are few: what fails with some parts fails with more
//! of them, too, and the first part that makes it fail is found by halving.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Reading, attempt::attempt};
use crate::plan::{Wrappers, reachable};
use xtask_openapi::{SpecError, merge, pointer, walk};

const HELP: &str = "describe it more plainly in an overlay, or teach a pass to";

/// Finds which operation or schema the generator cannot take.
pub(crate) fn culprit(lowered: &Value, wrappers: &Wrappers, problem: &str) -> SpecError {
    let mut bare = lowered.clone();
    bare["paths"] = json!({});
    let fails = |document: &Value| attempt(document, wrappers, Reading::Whole).err();
    let found = if fails(&bare).is_some() { schema(bare, &fails) } else { operation(lowered, &bare, &fails) };
    found.unwrap_or_else(|| {
        let problem = format!("progenitor cannot take the whole document: {problem}");
        SpecError::new(merge::RESULT, "", problem, HELP)
    })
}

/// The first operation that the generator cannot take, alone or with those before it.
fn operation(lowered: &Value, bare: &Value, fails: &dyn Fn(&Value) -> Option<String>) -> Option<SpecError> {
    let operations: Vec<_> = walk::operations(lowered).collect();
    let with = |chosen: &[(walk::Place, &Map<String, Value>)]| {
        let mut document = bare.clone();
        for (place, operation) in chosen {
            document["paths"][&place.path][place.method] = Value::Object((*operation).clone());
        }
        fails(&document)
    };
    let (index, together) = first_failing(operations.len(), |count| with(&operations[..count]))?;
    let problem = match with(&operations[index..=index]) {
        Some(problem) => format!("progenitor cannot take it: {problem}"),
        None => format!("progenitor cannot take it together with the operations before it: {together}"),
    };
    Some(SpecError::new(merge::RESULT, &operations[index].0.pointer, problem, HELP))
}

/// The first schema that the generator cannot take with those that it refers to.
fn schema(bare: Value, fails: &dyn Fn(&Value) -> Option<String>) -> Option<SpecError> {
    let schemas: BTreeMap<String, Value> = bare["components"]["schemas"]
        .as_object()?
        .iter()
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let inside = |names: &[&String]| {
        let mut inside = reachable(&schemas, names.iter().map(|name| &schemas[*name]));
        inside.extend(names.iter().map(|name| (*name).clone()));
        inside
    };
    let with = |names: &[&String]| {
        let mut document = bare.clone();
        let chosen = inside(names).into_iter().filter_map(|name| {
            let schema = schemas.get(&name)?.clone();
            Some((name, schema))
        });
        document["components"]["schemas"] = Value::Object(chosen.collect());
        fails(&document)
    };
    let names: Vec<&String> = schemas.keys().collect();
    let (index, _) = first_failing(names.len(), |count| with(&names[..count]))?;
    // It is that schema, or one that it refers to; what others refer to comes before them.
    let before = inside(&names[..index]);
    let all = inside(&names[index..=index]);
    let mut suspects: Vec<&String> =
        all.difference(&before).filter_map(|name| Some(schemas.get_key_value(name)?.0)).collect();
    suspects.sort_by_cached_key(|name| inside(&[*name]).len());
    let (index, problem) = first_failing(suspects.len(), |count| with(&suspects[..count]))?;
    Some(SpecError::new(
        merge::RESULT,
        pointer::push("/components/schemas", suspects[index]),
        format!("typify cannot take it: {problem}"),
        HELP,
    ))
}

/// The place of the first of `count` parts with which the parts up to there fail, and how they do.
fn first_failing(count: usize, fails: impl Fn(usize) -> Option<String>) -> Option<(usize, String)> {
    let mut problem = fails(count)?;
    let (mut fine, mut failing) = (0, count);
    while failing - fine > 1 {
        let middle = fine.midpoint(failing);
        match fails(middle) {
            Some(earlier) => (failing, problem) = (middle, earlier),
            None => fine = middle,
        }
    }
    Some((failing.checked_sub(1)?, problem))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_first_part_that_fails_is_found_with_few_attempts() {
        for count in [1, 2, 7, 5_000] {
            for culprit in [0, count / 2, count - 1] {
                let attempts = Cell::new(0);
                let fails = |parts: usize| {
                    attempts.set(attempts.get() + 1);
                    (parts > culprit).then(|| format!("part {culprit}"))
                };
                assert_eq!(first_failing(count, fails), Some((culprit, format!("part {culprit}"))));
                assert!(attempts.get() <= 14, "{} attempts", attempts.get());
            }
        }
        assert_eq!(first_failing(0, |_| None), None);
        assert_eq!(first_failing(3, |_| None), None);
    }

    /// A document of many operations that answer with schemas that refer to each other.
    fn document() -> Value {
        let thing =
            json!({ "type": "object", "properties": { "next": { "$ref": "#/components/schemas/Last" } } });
        let last = json!({ "type": "object", "properties": { "id": { "type": "string" } } });
        let answer = |name: &str| {
            let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
            json!({ "description": "d", "content": { "application/json": { "schema": schema } } })
        };
        let operation = |number: usize| {
            let method =
                json!({ "operationId": format!("op_{number:02}"), "responses": { "200": answer("Thing") } });
            (format!("/v1/{number:02}"), json!({ "get": method }))
        };
        json!({
            "openapi": "3.0.3", "info": { "title": "t", "version": "1" },
            "paths": (0..40).map(operation).collect::<Map<_, _>>(),
            "components": { "schemas": { "After": thing.clone(), "Last": last, "Thing": thing } },
        })
    }

    fn found(document: &Value) -> SpecError {
        let problem = attempt(document, &Wrappers::new(), Reading::Whole).err().unwrap();
        culprit(document, &Wrappers::new(), &problem)
    }

    #[test]
    fn an_operation_is_named_and_a_schema_and_not_what_refers_to_it() {
        assert!(attempt(&document(), &Wrappers::new(), Reading::Whole).is_ok());

        let mut two_answers = document();
        two_answers["paths"]["/v1/17"]["get"]["responses"]["201"] = json!({ "description": "d", "content": { "application/json": { "schema": { "type": "string" } } } });
        let error = found(&two_answers);
        assert_eq!(error.pointer, "/paths/~1v1~117/get", "{error}");
        assert!(error.problem.starts_with("progenitor cannot take it: "), "{error}");

        let mut twice = document();
        twice["paths"]["/v1/30"]["get"]["operationId"] = json!("op_12");
        let error = found(&twice);
        assert_eq!(error.pointer, "/paths/~1v1~130/get", "{error}");
        assert!(error.problem.contains("together with the operations before it"), "{error}");

        let mut no_type = document();
        no_type["components"]["schemas"]["Last"]["properties"]["id"] =
            json!({ "type": "array", "format": "uuid", "items": { "type": "string" } });
        let error = found(&no_type);
        assert_eq!(error.pointer, "/components/schemas/Last", "{error}");
        assert!(error.problem.starts_with("typify cannot take it: "), "{error}");
    }
}
