//! What a module uses of the shared types.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Item, Path, visit::Visit};

use crate::plan::{COMMON, Module, Plan};
use crate::progenitor::Raw;
use xtask_openapi::names;

/// Brings the shared types that the module uses into it, for its users too.
pub(crate) fn imports<'a>(
    plan: &Plan,
    module: &Module,
    items: impl Iterator<Item = &'a Item>,
) -> Option<TokenStream> {
    if module.name == COMMON {
        return None;
    }
    let mut used = UsedNames(BTreeSet::new());
    items.for_each(|item| used.visit_item(item));
    // Operations may take or give a shared type that no type of the family holds.
    for operation in module.operations.values() {
        xtask_openapi::walk::references(&Value::Object(operation.value.clone()), &mut |reference| {
            if let Some(name) = xtask_openapi::pointer::schema_name(reference) {
                used.0.insert(names::pascal(name));
            }
        });
    }
    let names: Vec<_> =
        used.0.iter().filter(|name| plan.is_common(name)).map(|name| format_ident!("{name}")).collect();
    (!names.is_empty()).then(|| quote! { pub use crate::common::types::{#(#names),*}; })
}

/// Brings the builders of shared types to the operations of the module that send one.
pub(crate) fn shared_bodies(plan: &Plan, module: &Module, raw: &Raw) -> Option<TokenStream> {
    let mut names = BTreeSet::new();
    for body in module.operations.values().filter_map(|operation| operation.value.get("requestBody")) {
        xtask_openapi::walk::references(body, &mut |reference| {
            let name = xtask_openapi::pointer::schema_name(reference).map(names::pascal);
            names.extend(name.filter(|name| plan.is_common(name) && raw.type_builders.contains_key(name)));
        });
    }
    let names: Vec<_> = names.iter().map(|name| format_ident!("{name}")).collect();
    (!names.is_empty()).then(|| quote! { pub use crate::common::types::builder::{#(#names),*}; })
}

struct UsedNames(BTreeSet<String>);

impl<'ast> Visit<'ast> for UsedNames {
    fn visit_path(&mut self, path: &'ast Path) {
        if let Some(last) = path.segments.last() {
            self.0.insert(last.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }
}
