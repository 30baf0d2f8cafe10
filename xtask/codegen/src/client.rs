//! The client's files, module by module.

use std::collections::BTreeMap;

use serde_json::Value;
use xtask_openapi::SpecError;

use crate::{
    calls, catalogue,
    draft::Draft,
    methods,
    plan::Plan,
    progenitor::{self, Reading},
    table::Calls,
    types,
};

/// Where the generated part of the client is, from the root of the project.
pub const CLIENT: &str = "crates/pleo-client/src/generated";

/// The client's files before they are formatted, by path from the root of the project.
pub type Drafts = BTreeMap<String, Draft>;

/// Makes the files of the modules that are wanted and their calls, of a document that holds what
/// they need.
pub(crate) fn generate_modules(
    plan: &Plan,
    lowered: &Value,
    reading: Reading,
    wanted: impl Fn(&str) -> bool,
) -> Result<(Drafts, Calls), SpecError> {
    let raw = progenitor::run(lowered, plan.wrappers(), reading)?;
    let mut files = Drafts::new();
    let mut table = Calls::default();
    for module in plan.modules().iter().filter(|module| wanted(&module.name)) {
        let folder = format!("{CLIENT}/{}", module.name);
        files.insert(format!("{folder}/types.rs"), types::file(plan, module, &raw)?);
        let builders = calls::builders(plan, module, &raw)?;
        if !builders.is_empty() {
            builders.iter().for_each(|builder| table.add(module, builder));
            files.insert(format!("{folder}/builder.rs"), calls::file(plan, module, &builders));
            files.insert(format!("{folder}/operations.rs"), catalogue::file(plan, module));
        }
        files.insert(format!("{folder}/mod.rs"), methods::file(plan, module, &builders));
    }
    files.insert(format!("{CLIENT}/mod.rs"), catalogue::root_file(plan));
    Ok((files, table))
}
