//! The part in which the clients of two states of the documents can differ.
//!
//! Comparing two clients needs no code of families that are the same in both, and generating is
//! what a comparison spends its time in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::client::{Drafts, generate_modules};
use crate::plan::{COMMON, Plan};
use xtask_openapi::{Normalised, SpecError, names, pointer};

/// The modules whose code may differ between two states, and that of shared types, by which the
/// others are read. Empty when nothing differs.
pub fn differing(old: &Normalised, new: &Normalised) -> BTreeSet<String> {
    let (old, new) = (sources(old), sources(new));
    let names = old.keys().chain(new.keys());
    let mut found: BTreeSet<String> =
        names.filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    if !found.is_empty() {
        found.insert(COMMON.to_owned());
    }
    found
}

/// Makes the code of these modules, and the file that declares all.
///
/// # Errors
/// For a document that progenitor does not take, with operation and pointer.
pub fn generate_part(normalised: &Normalised, modules: &BTreeSet<String>) -> Result<Drafts, SpecError> {
    let plan = Plan::new(&normalised.openapi);
    let mut lowered = normalised.lowered.clone();
    let mut schemas = BTreeSet::new();
    let mut operations = BTreeSet::new();
    for module in plan.modules().iter().filter(|module| modules.contains(&module.name)) {
        for operation in module.operations.values() {
            operations.insert((operation.path.clone(), operation.method));
        }
        schemas.extend(plan.schemas_of(module));
    }
    if let Some(paths) = lowered["paths"].as_object_mut() {
        for (path, item) in paths.iter_mut() {
            if let Some(item) = item.as_object_mut() {
                item.retain(|method, _| operations.contains(&(path.clone(), method)));
            }
        }
        paths.retain(|_, item| item.as_object().is_none_or(|item| !item.is_empty()));
    }
    if let Some(all) = lowered.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        all.retain(|name, _| schemas.contains(name));
    }
    let made = generate_modules(&plan, &lowered, |module| modules.contains(module));
    made.map(|(drafts, _)| drafts).map_err(|error| normalised.at_source(error))
}

/// All that a module's code is made of, by module. Left out are the features that shared types are
/// compiled for: clients are compared with all features on.
fn sources(normalised: &Normalised) -> BTreeMap<String, Value> {
    let plan = Plan::new(&normalised.openapi);
    let lowered = |at: &str| normalised.lowered.pointer(at);
    plan.modules()
        .iter()
        .map(|module| {
            let operations: Vec<Value> = module
                .operations
                .iter()
                .map(|(name, operation)| {
                    json!([name, operation.pointer, operation.value, lowered(&operation.pointer)])
                })
                .collect();
            let schemas: Vec<Value> = plan
                .schemas_of(module)
                .iter()
                .map(|name| {
                    let rust = names::pascal(name);
                    let here = module.schemas.contains(name);
                    let at = pointer::push("/components/schemas", name);
                    let place = (here, plan.is_common(&rust), plan.is_sent(&rust));
                    let schema = lowered(&at).cloned().map(without_sources);
                    let published = plan.schema(name).cloned().map(without_sources);
                    json!([name, published, schema, place, format!("{:?}", plan.wrapper(name))])
                })
                .collect();
            let source = json!([module.family, operations, schemas, plan.pagination(), plan.has_wrappers()]);
            (module.name.clone(), source)
        })
        .collect()
}

/// A schema without the names of the documents that share it: they only decide where it stands and
/// what it is compiled for.
fn without_sources(mut schema: Value) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("x-pleo-sources");
    }
    schema
}
