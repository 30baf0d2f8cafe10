//! Documentation comments of generated code.
//!
//! rustdoc runs and renders what is in them, so that a document's own text goes through
//! [`prose`](crate::prose) on its way here.

use crate::prose::prose;
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, MetaNameValue, parse_quote, visit_mut::VisitMut};

/// The attributes of a documentation text of ours, which is Markdown: one per line, so that each is
/// printed as `/// line`.
pub(crate) fn docs(text: &str) -> Vec<Attribute> {
    lines(text).map(|line| parse_quote!(#[doc = #line])).collect()
}

/// The lines of a documentation text as they follow `///`.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.trim().lines().map(str::trim).map(|line| match line {
        "" => String::new(),
        line => format!(" {line}"),
    })
}

/// Makes the documentation of what typify has generated, which is a document's own text, plain.
pub(crate) fn respell_docs(item: &mut Item) {
    Respell.visit_item_mut(item);
}

struct Respell;

impl VisitMut for Respell {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        respell(attributes);
    }
}

/// The same for these attributes.
pub(crate) fn respell(attributes: &mut Vec<Attribute>) {
    *attributes = std::mem::take(attributes)
        .into_iter()
        .flat_map(|attribute| match &attribute.meta {
            Meta::NameValue(MetaNameValue {
                path,
                value: Expr::Lit(ExprLit { lit: Lit::Str(text), .. }),
                ..
            }) if path.is_ident("doc") => docs(&prose(&text.value())),
            _ => vec![attribute],
        })
        .collect();
}
