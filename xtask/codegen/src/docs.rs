//! Documentation comments of generated code.

use syn::{Attribute, Expr, ExprLit, Lit, Meta, MetaNameValue, parse_quote};

/// The attributes of a documentation text: one a line, so that each is printed as `/// line`.
pub(crate) fn docs(text: &str) -> Vec<Attribute> {
    text.trim()
        .lines()
        .map(|line| {
            let line = line.trim();
            let line = if line.is_empty() { String::new() } else { format!(" {line}") };
            parse_quote!(#[doc = #line])
        })
        .collect()
}

/// Brings generated documentation into the same form.
pub(crate) fn respell_docs(attributes: &mut Vec<Attribute>) {
    *attributes = std::mem::take(attributes)
        .into_iter()
        .flat_map(|attribute| match &attribute.meta {
            Meta::NameValue(MetaNameValue {
                path,
                value: Expr::Lit(ExprLit { lit: Lit::Str(text), .. }),
                ..
            }) if path.is_ident("doc") => docs(&text.value()),
            _ => vec![attribute],
        })
        .collect();
}
