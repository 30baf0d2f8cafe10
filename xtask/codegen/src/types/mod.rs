//! The types of a module.

mod builder;
mod imports;
mod object;
mod open_enum;
mod rewrite;
mod wrapper;

use quote::quote;
use serde_json::Value;
use syn::Item;

use self::{
    builder::TypeBuilder,
    imports::{imports, shared_bodies},
    object::types_of,
    open_enum::open_enum,
    wrapper::{alias, generics},
};
use crate::condition::condition_tokens;
use crate::draft::Draft;
use crate::plan::{COMMON, Module, Plan};
use crate::progenitor::Raw;
use xtask_openapi::{SpecError, foreign::is_hidden, merge, names, pointer};

/// The file with the types of a module.
pub(crate) fn file(plan: &Plan, module: &Module, raw: &Raw) -> Result<Draft, SpecError> {
    let mut items: Vec<(String, Item)> = Vec::new();
    let mut builders: Vec<(String, Item)> = Vec::new();
    let mut built: Vec<(String, Item)> = Vec::new();
    let mut written = String::new();
    for name in &module.schemas {
        let rust = names::pascal(name);
        let schema = plan.schema(name).unwrap_or(&Value::Null);
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        // Errors of the client name it.
        if let Some((property, _)) = properties.into_iter().find(|(name, _)| name.chars().any(is_hidden)) {
            return Err(SpecError::new(
                merge::RESULT,
                pointer::push(
                    &pointer::push(&pointer::push("/components/schemas", name), "properties"),
                    property,
                ),
                format!("a property whose name {property:?} holds a character that nobody sees"),
                "correct the name, or take the property out with an overlay",
            ));
        }
        match plan.wrapper(name) {
            _ if schema.get("enum").is_some() => open_enum(plan, &mut written, &rust, schema),
            Some(wrapper) => items.extend(alias(&rust, schema, wrapper).map(|item| (rust, item))),
            None => {
                let refuse = |problem: String| {
                    let at = pointer::push("/components/schemas", name);
                    SpecError::new(
                        merge::RESULT,
                        at,
                        problem,
                        "compare `xtask/codegen` with the typify release in use",
                    )
                };
                let own = types_of(plan, raw, &rust, &mut written)
                    .map_err(|error| refuse(format!("typify generated `{rust}` with {error}")))?;
                if own.is_empty() {
                    return Err(refuse(format!("typify generated no type `{rust}`")));
                }
                items.extend(own.into_iter().map(|item| (rust.clone(), item)));
                if plan.is_sent(&rust)
                    && let Some(builder) = TypeBuilder::of(raw, &rust)
                {
                    builders.extend(builder.items().into_iter().map(|item| (rust.clone(), item)));
                    built.push((rust, builder.fields()));
                }
            }
        }
    }
    let generics = (module.name == COMMON).then(|| generics(plan));
    let imports = imports(plan, module, items.iter().chain(&builders).map(|(_, item)| item));
    let shared = shared_bodies(plan, module, raw);
    let for_sharers = |(rust, item): &(String, Item)| {
        let condition = plan.sharers(rust).map(condition_tokens);
        quote! { #condition #item }
    };
    let builder_module = (!builders.is_empty() || shared.is_some()).then(|| {
        let fields = (!built.is_empty()).then(|| {
            let built = built.iter().map(for_sharers);
            quote! {
                #[allow(unused_imports)]
                use crate::runtime::{Problems, Required};

                /// What builders hold.
                mod fields {
                    #[allow(unused_imports)]
                    use crate::runtime::Required;

                    #(#built)*
                }
            }
        });
        let builders = builders.iter().map(for_sharers);
        quote! {
            /// Builders of the types that request bodies are made of.
            pub mod builder { #shared #fields #(#builders)* }
        }
    });
    let items = items.iter().map(for_sharers);
    let macros = quote! {
        #[allow(unused_imports)]
        use crate::runtime::{object, open_enum};
    };
    let code = quote! { #macros #imports #generics #(#items)* #builder_module };
    let doc = match module.name.as_str() {
        COMMON => "Types that several API families share; each needs the feature of one of those.".to_owned(),
        _ => format!("Types of the API family `{}`.", module.family),
    };
    Ok(Draft::of_module(plan, module, &doc, code).followed_by(written))
}
