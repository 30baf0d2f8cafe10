//! The part in which the clients of two states of the documents can differ.
//!
//! Comparing two clients needs no code of families that are the same in both, and generating is
//! what a comparison spends its time in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::plan::{COMMON, Module, OperationEntry, Plan, Wrapper};
use crate::{
    client::{Drafts, generate_modules},
    progenitor::Reading,
};
use xtask_openapi::{Normalised, SpecError, names, pointer};

/// The modules whose code may differ between two states, and that of shared types, by which the
/// others are read. Empty when nothing differs.
pub fn differing(old: &Normalised, new: &Normalised) -> BTreeSet<String> {
    let plans = (Plan::new(&old.openapi), Plan::new(&new.openapi));
    let (old, new) = (sources(&plans.0, old), sources(&plans.1, new));
    let names = old.keys().chain(new.keys());
    let mut found: BTreeSet<String> =
        names.filter(|name| old.get(**name) != new.get(**name)).map(|name| (*name).to_owned()).collect();
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
    let made = generate_modules(&plan, &lowered, Reading::Signatures, |module| modules.contains(module));
    made.map(|(drafts, _)| drafts).map_err(|error| normalised.at_source(error))
}

/// All that a module's code is made of. Left out are the features that shared types are compiled for:
/// clients are compared with all features on.
#[derive(PartialEq)]
struct Source<'a> {
    family: &'a str,
    pagination: Option<&'a str>,
    has_wrappers: bool,
    operations: BTreeMap<&'a str, Operation<'a>>,
    schemas: BTreeMap<String, Schema<'a>>,
}

/// What the code of an operation is made of.
#[derive(PartialEq)]
struct Operation<'a> {
    pointer: &'a str,
    published: &'a Map<String, Value>,
    lowered: Option<&'a Value>,
}

/// What the code of a schema is made of.
#[derive(PartialEq)]
struct Schema<'a> {
    published: Unsourced<'a>,
    lowered: Unsourced<'a>,
    is_here: bool,
    is_common: bool,
    is_sent: bool,
    wrapper: Option<&'a Wrapper>,
}

/// A schema without the names of the documents that share it: they only decide where it is and
/// what it is compiled for.
struct Unsourced<'a>(Option<&'a Value>);

impl PartialEq for Unsourced<'_> {
    fn eq(&self, other: &Self) -> bool {
        let members = |schema: &Self| {
            let members = schema.0.and_then(Value::as_object).into_iter().flatten();
            members.filter(|(key, _)| *key != "x-pleo-sources")
        };
        self.0.is_some() == other.0.is_some() && members(self).eq(members(other))
    }
}

/// What each module's code is made of, by module.
fn sources<'a>(plan: &'a Plan, normalised: &'a Normalised) -> BTreeMap<&'a str, Source<'a>> {
    let lowered = |at: &str| normalised.lowered.pointer(at);
    let source = |module: &'a Module| {
        let operations = module.operations.iter().map(|(name, operation)| {
            let OperationEntry { pointer, value: published, .. } = operation;
            (name.as_str(), Operation { pointer, published, lowered: lowered(pointer) })
        });
        let schemas = plan.schemas_of(module).into_iter().map(|name| {
            let rust = names::pascal(&name);
            let schema = Schema {
                published: Unsourced(plan.schema(&name)),
                lowered: Unsourced(lowered(&pointer::push("/components/schemas", &name))),
                is_here: module.schemas.contains(&name),
                is_common: plan.is_common(&rust),
                is_sent: plan.is_sent(&rust),
                wrapper: plan.wrapper(&name),
            };
            (name, schema)
        });
        Source {
            family: &module.family,
            pagination: plan.pagination(),
            has_wrappers: plan.has_wrappers(),
            operations: operations.collect(),
            schemas: schemas.collect(),
        }
    };
    plan.modules().iter().map(|module| (module.name.as_str(), source(module))).collect()
}
