//! The table by which the tests call every operation through its generated builder.

use std::fmt::Write as _;

use quote::ToTokens;
use syn::{
    Type,
    visit_mut::{self, VisitMut},
};

use crate::{
    calls::{Argument, Builder},
    draft::BANNER,
    plan::Module,
};

/// Where the table is.
pub const CALLS: &str = "crates/pleo-conformance/src/subject/ours/calls.rs";

/// The table, being written.
#[derive(Default)]
pub(crate) struct Calls(String);

impl Calls {
    /// Adds an operation.
    pub(crate) fn add(&mut self, module: &Module, builder: &Builder<'_>) {
        let shown = |value: &Type| {
            let mut value = value.clone();
            FromOutside(&module.name).visit_type_mut(&mut value);
            value.to_token_stream().to_string().replace(' ', "")
        };
        let required =
            builder.required().map(|Argument { wire, value, .. }| format!("{wire:?}: {}, ", shown(value)));
        let body = builder.required_body().map(|body| format!("body: {},", shown(&body.value)));
        let required = required.chain(body).collect::<String>();
        let _ = writeln!(self.0, "    {}({}) {{", builder.name, required.trim_end());
        for Argument { wire, ident, value, .. } in builder.optional() {
            let _ = writeln!(self.0, "        {wire:?} => {ident}: {},", shown(value));
        }
        let _ = match builder.optional_body() {
            Some(body) => writeln!(self.0, "    }} => {};", shown(&body.value)),
            None => writeln!(self.0, "    }}"),
        };
    }

    /// The file.
    pub(crate) fn file(self) -> String {
        format!(
            "{BANNER}//! Every operation with its arguments and their types.\n\n\
             super::call::calls! {{\n{}}}\n",
            self.0
        )
    }
}

/// Writes the paths of generated types as another crate sees them.
struct FromOutside<'a>(&'a str);

impl VisitMut for FromOutside<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        let first = path.segments.first().map(|segment| segment.ident.to_string());
        if first.as_deref() == Some("types") {
            let module = quote::format_ident!("{}", self.0);
            *path = syn::parse_quote!(pleo_client::#module::#path);
        } else if first.as_deref() == Some("crate") {
            let rest: Vec<_> = path.segments.iter().skip(1).cloned().collect();
            *path = syn::parse_quote!(pleo_client::#(#rest)::*);
        }
    }
}
