//! Turning tokens into formatted files.

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, MetaNameValue, parse_quote};

use super::plan::{Module, Plan};

/// A module's file: its header, then formatted code.
///
/// Tokens that are no Rust cannot be formatted; they are written as they are, so that the compiler
/// shows what is wrong with them.
pub(super) fn file(plan: &Plan, module: &Module, doc: &str, code: TokenStream) -> String {
    let mut text = plan.header(module);
    for line in doc.lines() {
        text.push_str(if line.is_empty() { "//!" } else { "//! " });
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&format(code));
    text
}

/// Formats tokens, with an empty line between items.
pub(super) fn format(code: TokenStream) -> String {
    let shown = code.to_string();
    let Ok(file) = syn::parse2::<syn::File>(code) else { return shown };
    space_out(&prettyplease::unparse(&file))
}

/// prettyplease sets items without a line between them, which is hard to read.
fn space_out(code: &str) -> String {
    let mut out = String::with_capacity(code.len() + code.len() / 20);
    let mut previous = "";
    for line in code.lines() {
        let depth = line.len() - line.trim_start().len();
        let closes_item = previous.trim_start().starts_with('}')
            && previous.len() - previous.trim_start().len() == depth
            && depth <= 8;
        if closes_item && !line.trim_start().starts_with(['}', ')', '.', ';']) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        previous = line;
    }
    out
}

/// The attribute by which an item is compiled for those only who choose one of the families.
pub(super) fn condition<'a>(families: impl IntoIterator<Item = &'a String>) -> String {
    let features: Vec<String> = families.into_iter().map(|family| format!("feature = {family:?}")).collect();
    match features.as_slice() {
        [only] => format!("#[cfg({only})]"),
        several => format!("#[cfg(any({}))]", several.join(", ")),
    }
}

/// The same as tokens.
pub(super) fn condition_tokens<'a>(families: impl IntoIterator<Item = &'a String>) -> TokenStream {
    // Names of families are kebab-case, so that there is nothing that is no token.
    condition(families).parse().unwrap_or_default()
}

/// The attributes of a documentation text: one a line, so that each is printed as `/// line`.
pub(super) fn docs(text: &str) -> Vec<Attribute> {
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
pub(super) fn respell_docs(attributes: &mut Vec<Attribute>) {
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
