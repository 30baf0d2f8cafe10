//! Turning tokens into formatted files.

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, MetaNameValue, parse_quote};

use super::plan::{Module, Plan};

/// A generated file that is not formatted yet.
pub(crate) struct Draft {
    /// Comments: where the file comes from, and what it holds.
    header: String,
    code: TokenStream,
    /// Formatted code that follows.
    formatted: String,
}

impl Draft {
    /// The draft of a module's file.
    pub(super) fn of_module(plan: &Plan, module: &Module, doc: &str, code: TokenStream) -> Self {
        Self::new(plan.header(module), doc, code)
    }

    pub(super) fn new(mut header: String, doc: &str, code: TokenStream) -> Self {
        for line in doc.lines() {
            header.push_str(if line.is_empty() { "//!" } else { "//! " });
            header.push_str(line);
            header.push('\n');
        }
        header.push('\n');
        Self { header, code, formatted: String::new() }
    }

    pub(super) fn followed_by(mut self, formatted: String) -> Self {
        self.formatted = formatted;
        self
    }

    /// The text of the file.
    ///
    /// Tokens that are no Rust cannot be formatted; they are written as they are, so that the
    /// compiler shows what is wrong with them.
    pub(super) fn text(self) -> String {
        self.header + &format(self.code) + &self.formatted
    }

    /// What a compiler reads of the file.
    pub(crate) fn parse(self) -> syn::Result<syn::File> {
        let mut file: syn::File = syn::parse2(self.code)?;
        file.items.extend(syn::parse_file(&self.formatted)?.items);
        Ok(file)
    }
}

/// Formats tokens, with an empty line between items.
fn format(code: TokenStream) -> String {
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
