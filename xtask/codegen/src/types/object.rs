//! The types that are objects.

use std::fmt::Write as _;

use syn::{
    Attribute, Field, Item, Path, ext::IdentExt as _, parse_quote, punctuated::Punctuated,
    visit_mut::VisitMut as _,
};

use super::rewrite::TypeRewriter;
use crate::condition::write_condition;
use crate::docs::{docs, respell_docs};
use crate::plan::Plan;
use crate::progenitor::Raw;
use crate::rust::optional_value;

/// Everything that makes up one type. How an object is read and written is added to `written`.
pub(crate) fn types_of(plan: &Plan, raw: &Raw, rust: &str, written: &mut String) -> syn::Result<Vec<Item>> {
    let mut rewriter = TypeRewriter { in_builder: false };
    let mut items: Vec<Item> = raw.types.get(rust).cloned().unwrap_or_default();
    items.retain(|item| plan.is_sent(rust) || !is_builder_function(item));
    for item in &mut items {
        rewriter.visit_item_mut(item);
        respell_docs(item);
        if is_builder_function(item) {
            document_builder_function(item);
        }
        if let Item::Struct(syn::ItemStruct { attrs, .. }) | Item::Enum(syn::ItemEnum { attrs, .. }) = item {
            derive_comparison(attrs);
        }
        if let Item::Struct(item) = item
            && let syn::Fields::Named(fields) = &mut item.fields
        {
            without_serde_derives(&mut item.attrs);
            item.attrs.push(parse_quote!(#[non_exhaustive]));
            written.push('\n');
            write_condition(plan, written, rust);
            let _ = writeln!(written, "object! {{\n    {rust} {{");
            for field in &mut fields.named {
                let (kind, wire) = take_serde_attribute(field)?;
                let of = match &field.ty {
                    field if is_time(field) => "_time",
                    field if is_map(raw, field) => "_map",
                    _ => "",
                };
                let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                let _ = writeln!(written, "        {kind}{of} {ident} = {wire:?},");
            }
            let _ = writeln!(written, "    }}\n}}");
        }
    }
    Ok(items)
}

/// Whether a field holds a time, or perhaps one.
fn is_time(field: &syn::Type) -> bool {
    let time: syn::Type = parse_quote!(::chrono::DateTime<::chrono::FixedOffset>);
    let maybe: syn::Type = parse_quote!(Option<::chrono::DateTime<::chrono::FixedOffset>>);
    *field == time || *field == maybe
}

/// Whether a field holds a map, or perhaps one, of texts, lists or objects.
fn is_map(raw: &Raw, field: &syn::Type) -> bool {
    let optional = optional_value(field);
    let syn::Type::Path(path) = optional.as_ref().unwrap_or(field) else { return false };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "BTreeMap") else { return false };
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    let Some(syn::GenericArgument::Type(value)) = arguments.args.last() else { return false };
    let is_object = |name: &syn::Ident| {
        raw.types.get(&name.to_string()).into_iter().flatten().any(|item| {
            matches!(item, Item::Struct(item) if item.ident == *name && matches!(item.fields, syn::Fields::Named(_)))
        })
    };
    match value {
        syn::Type::Path(value) => value.path.segments.last().is_some_and(|last| {
            ["String", "Sensitive", "Vec"].iter().any(|known| last.ident == known) || is_object(&last.ident)
        }),
        _ => false,
    }
}

/// Leaves of a `derive` what is not serde's.
fn without_serde_derives(attributes: &mut [Attribute]) {
    change_derives(attributes, |derived| {
        derived.retain(|path| path.segments.first().is_none_or(|first| first.ident != "serde"));
    });
}

/// Has models compared.
fn derive_comparison(attributes: &mut [Attribute]) {
    change_derives(attributes, |derived| {
        let comparison: Path = parse_quote!(PartialEq);
        if !derived.contains(&comparison) {
            derived.push(comparison);
        }
    });
}

fn change_derives(attributes: &mut [Attribute], change: impl Fn(&mut Vec<Path>)) {
    for attribute in attributes {
        if attribute.path().is_ident("derive")
            && let Ok(paths) = attribute.parse_args_with(Punctuated::<Path, syn::Token![,]>::parse_terminated)
        {
            let mut derived: Vec<Path> = paths.into_iter().collect();
            change(&mut derived);
            *attribute = parse_quote!(#[derive(#(#derived),*)]);
        }
    }
}

/// Takes typify's serde attribute off a field: the kind of the field and its name on the wire.
///
/// A required field that may be null is read as null when it is absent.
fn take_serde_attribute(field: &mut Field) -> syn::Result<(&'static str, String)> {
    let mut wire = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
    let mut kind = "required";
    let (serde, others) = std::mem::take(&mut field.attrs)
        .into_iter()
        .partition(|attribute| attribute.path().is_ident("serde"));
    field.attrs = others;
    let serde: Vec<Attribute> = serde;
    for attribute in serde {
        attribute.parse_nested_meta(|meta| {
            let text = |meta: &syn::meta::ParseNestedMeta<'_>| {
                meta.value()?.parse::<syn::LitStr>().map(|text| text.value())
            };
            if meta.path.is_ident("rename") {
                wire = text(&meta)?;
            } else if meta.path.is_ident("skip_serializing_if") {
                text(&meta)?;
                kind = "optional";
            } else if meta.path.is_ident("deserialize_with") {
                text(&meta)?;
                kind = "nullable";
            } else if !meta.path.is_ident("default") {
                return Err(meta.error("an attribute that nobody here knows"));
            }
            Ok(())
        })?;
    }
    Ok((kind, wire))
}

/// `impl X { pub fn builder() -> builder::X }`
fn is_builder_function(item: &Item) -> bool {
    matches!(item, Item::Impl(item) if item.trait_.is_none()
        && matches!(item.items.as_slice(), [syn::ImplItem::Fn(function)] if function.sig.ident == "builder"))
}

fn document_builder_function(item: &mut Item) {
    if let Item::Impl(item) = item
        && let Some(syn::ImplItem::Fn(function)) = item.items.first_mut()
    {
        function.attrs.extend(docs("A builder without any field set yet."));
    }
}
