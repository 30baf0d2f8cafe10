//! What values refer to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use xtask_openapi::{pointer, walk};

/// The names of all schemas that values refer to, directly or through others.
pub(crate) fn reachable<'a>(
    schemas: &BTreeMap<String, Value>,
    values: impl IntoIterator<Item = &'a Value>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    let mut collect = |value: &Value, open: &mut Vec<String>| {
        walk::references(value, &mut |reference| {
            if let Some(name) = pointer::schema_name(reference)
                && found.insert(name.to_owned())
            {
                open.push(name.to_owned());
            }
        });
    };
    for value in values {
        collect(value, &mut open);
    }
    while let Some(name) = open.pop() {
        if let Some(schema) = schemas.get(&name) {
            collect(schema, &mut open);
        }
    }
    found
}
