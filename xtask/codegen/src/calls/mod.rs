//! The builders of a module's calls.
//!
//! progenitor gives the fields of each builder, with their types, and the type of its success.
//! What makes a call, setters and `send` are ours: they keep a refusal's type and call our runtime.

mod code;
mod model;

use proc_macro2::TokenStream;
use quote::quote;

use crate::draft::Draft;
use crate::plan::{Module, OperationEntry, Plan};
use crate::progenitor::Raw;
use model::internal;
pub(crate) use model::{Argument, Builder};
use xtask_openapi::{SpecError, names};

/// The builders of a module's calls.
pub(crate) fn builders<'a>(
    plan: &Plan,
    module: &'a Module,
    raw: &Raw,
) -> Result<Vec<Builder<'a>>, SpecError> {
    let builder = |(name, operation): (&'a String, &'a OperationEntry)| {
        let Some(call) = raw.calls.get(&names::pascal(name)) else {
            return Err(internal(operation, "progenitor generated no builder"));
        };
        Builder::new(name, operation, call, plan.has_cursors())
    };
    module.operations.iter().map(builder).collect()
}

/// The file with the builders of a module.
pub(crate) fn file(plan: &Plan, module: &Module, builders: &[Builder<'_>]) -> Draft {
    let mut code = TokenStream::new();
    let mut arguments = TokenStream::new();
    for builder in builders {
        code.extend(builder.code());
        arguments.extend(builder.given());
    }
    let code = quote! {
        #[allow(unused_imports)]
        use crate::runtime::{
            BoxFuture, Client, Error, Items, ListCall, Operation, Pages, Problems, RequestBuilder, ResponseValue,
            debug_name,
        };
        use super::{operations, types};

        /// What calls hold.
        mod arguments {
            #[allow(unused_imports)]
            use super::super::types;

            #arguments
        }

        #code
    };
    let names = builders.iter().map(Builder::struct_name);
    let code = quote! {
        #code

        debug_name! { #(#names<'_>),* }
    };
    let doc = format!("Calls of the API family `{}`, being built.", module.family);
    Draft::of_module(plan, module, &doc, code)
}
