//! The file that declares a module: its methods on the client and its parts.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::calls::Builder;
use crate::docs::docs;
use crate::draft::Draft;
use crate::families::purpose;
use crate::plan::{COMMON, INDEX, Module, Plan, documentation};
use crate::prose::{inline, prose};
use xtask_openapi::foreign::markdown_code;

/// The file that declares a module.
pub(crate) fn file(plan: &Plan, module: &Module, builders: &[Builder<'_>]) -> Draft {
    if module.name == COMMON {
        let doc = "What several API families share.";
        return Draft::of_module(plan, module, doc, quote! { pub mod types; });
    }
    let mut doc = match purpose(&module.family) {
        Some(purpose) => format!("{purpose}\n\nNeeds the feature `{}`.\n\n", module.family),
        None => format!("The API family `{0}`; needs the feature `{0}`.\n\n", module.family),
    };
    for (name, operation) in &module.operations {
        let deprecated = if operation.flag("deprecated") { " (deprecated)" } else { "" };
        let _ = writeln!(
            doc,
            "- [`{name}`](crate::Client::{name}): {}{deprecated}",
            markdown_code(&operation.request())
        );
    }
    // Pleo's titles do not say what a family is for: only a comparison with Pleo's documents needs them.
    let apis = module.apis.iter().map(|api| inline(api)).collect::<Vec<_>>().join(", ");
    let _ = writeln!(doc, "\nPublished in: {apis}.");
    let methods = builders.iter().map(|builder| method(module, builder));
    let heading = docs(&format!(
        "Operations of the family [`{0}`](crate::{1}); they need the feature `{0}`.",
        module.family, module.name
    ));
    let code = quote! {
        pub mod builder;
        pub mod operations;
        pub mod types;

        #(#heading)*
        impl crate::Client { #(#methods)* }
    };
    Draft::of_module(plan, module, &doc, code)
}

fn method(module: &Module, builder: &Builder<'_>) -> TokenStream {
    let Builder { name, operation, .. } = *builder;
    let ident = format_ident!("{name}");
    let struct_name = builder.struct_name();
    let (arguments, types) = builder.parameters();
    let doc = docs(&method_doc(module, builder));
    let pleo_id = operation.text("x-pleo-operation-id");
    let alias = (!pleo_id.is_empty() && pleo_id != name && is_alias(pleo_id))
        .then(|| quote! { #[doc(alias = #pleo_id)] });
    let deprecated = operation.flag("deprecated").then(|| match operation.text("x-pleo-superseded-by") {
        "" => quote! { #[deprecated = "Pleo has deprecated this operation"] },
        successor => {
            let note = format!("Pleo has deprecated this operation; use `{successor}`");
            quote! { #[deprecated = #note] }
        }
    });
    quote! {
        #(#doc)*
        #alias
        #deprecated
        pub fn #ident(&self, #(#arguments: #types),*) -> builder::#struct_name<'_> {
            builder::#struct_name::new(self, #(#arguments),*)
        }
    }
}

/// Whether rustdoc takes the text as an alias.
fn is_alias(text: &str) -> bool {
    !text.contains(['"', '\''])
        && text.trim() == text
        && !text.contains(|c: char| c.is_whitespace() && c != ' ')
}

fn method_doc(module: &Module, builder: &Builder<'_>) -> String {
    let operation = builder.operation;
    let mut doc = format!(" {}\n\n", prose(operation.description()));
    for argument in builder.required() {
        let _ = writeln!(doc, " - `{}`: {}", argument.ident, argument.line());
    }
    if let Some(body) = builder.required_body() {
        let _ = writeln!(doc, " - `body`: {}", body.line());
    }
    let _ = writeln!(doc, " - Request: {}", markdown_code(&operation.request()));
    let scopes = operation.value.get("x-pleo-scopes").and_then(serde_json::Value::as_array);
    let scopes = scopes.map(|scopes| {
        scopes.iter().filter_map(|scope| Some(markdown_code(scope.as_str()?))).collect::<Vec<_>>().join(", ")
    });
    let _ = match scopes.as_deref() {
        Some(scopes) => writeln!(doc, " - Scopes: {scopes}"),
        None => writeln!(doc, " - Scopes: not known from Pleo's documents"),
    };
    if operation.flag("deprecated") {
        let _ = match operation.text("x-pleo-superseded-by") {
            "" => writeln!(doc, " - Deprecated by Pleo"),
            successor if module.operations.contains_key(successor) => {
                writeln!(doc, " - Deprecated by Pleo, superseded by [`{successor}`](Self::{successor})")
            }
            // A method of another family is there only if that family is chosen too.
            successor => writeln!(doc, " - Deprecated by Pleo, superseded by {}", markdown_code(successor)),
        };
    }
    if operation.flag("x-pleo-unlisted") {
        let _ = writeln!(doc, " - Left out of Pleo's documentation site");
    }
    let _ = writeln!(doc, " - Pleo's name: {}", markdown_code(operation.text("x-pleo-operation-id")));
    let page = documentation(operation);
    let label = if page == INDEX { "index of Pleo's pages" } else { "Pleo's page" };
    let _ = write!(doc, " - Documentation: [{label}]({page})");
    doc
}
