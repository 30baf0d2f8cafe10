//! Taking progenitor's output apart.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use syn::{Ident, Item, ItemImpl, ItemStruct, Type};

use super::Reading;
use crate::{rust::first_argument, signatures::signatures};

/// What progenitor generated, by Rust name.
#[derive(Default)]
pub(crate) struct Raw {
    /// The items of each type: its definition and implementations.
    pub(crate) types: BTreeMap<String, Vec<Item>>,
    /// The items of each type's builder.
    pub(crate) type_builders: BTreeMap<String, Vec<Item>>,
    /// The builder struct of each operation, and the type of its success.
    pub(crate) calls: BTreeMap<String, RawCall>,
}

pub(crate) struct RawCall {
    pub(crate) builder: ItemStruct,
    pub(crate) success: Option<Type>,
}

/// Reads the types and, without what they do, the builders of operations.
pub(super) fn take_apart(
    mut modules: BTreeMap<String, TokenStream>,
    reading: Reading,
) -> Result<Raw, String> {
    let mut raw = Raw::default();
    let mut items = |module: &str, reading: Reading| {
        let code = modules.remove(module).unwrap_or_default();
        let file: syn::Result<syn::File> = match reading {
            Reading::Whole => syn::parse2(code),
            Reading::Signatures => syn::parse2(signatures(code)),
        };
        file.map(|file| file.items).map_err(|error| format!("generated code that is not Rust: {error}"))
    };
    for item in items("types", reading)? {
        match item {
            Item::Mod(inner) if inner.ident == "builder" => {
                for item in inner.content.map(|(_, items)| items).unwrap_or_default() {
                    add(&mut raw.type_builders, item);
                }
            }
            item => add(&mut raw.types, item),
        }
    }
    for item in items("builder", Reading::Signatures)? {
        match item {
            Item::Struct(builder) => {
                raw.calls.insert(builder.ident.to_string(), RawCall { builder, success: None });
            }
            Item::Impl(implementation) => {
                if let Some(name) = self_name(&implementation)
                    && let Some(call) = raw.calls.get_mut(&name.to_string())
                {
                    call.success = success(&implementation);
                }
            }
            _ => {}
        }
    }
    Ok(raw)
}

fn add(target: &mut BTreeMap<String, Vec<Item>>, item: Item) {
    let name = match &item {
        Item::Struct(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Impl(item) => owner(item),
        _ => None,
    };
    if let Some(name) = name {
        let name = name.to_string();
        target.entry(name).or_default().push(item);
    }
}

/// The generated type that an implementation belongs to: the one it is for, or, for
/// `From<Generated> for Other`, the one it converts from.
fn owner(item: &ItemImpl) -> Option<&Ident> {
    let name = self_name(item)?;
    let Type::Path(path) = item.self_ty.as_ref() else { return Some(name) };
    if path.path.segments.len() == 1 {
        return Some(name);
    }
    let (implemented, _) = item.trait_.as_ref()?;
    let syn::PathArguments::AngleBracketed(arguments) = &implemented.segments.last()?.arguments else {
        return Some(name);
    };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(Type::Path(from))) => {
            from.path.segments.last().map(|segment| &segment.ident)
        }
        _ => Some(name),
    }
}

fn self_name(item: &ItemImpl) -> Option<&Ident> {
    match item.self_ty.as_ref() {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// The `T` of `send`'s `Result<ResponseValue<T>, _>`.
fn success(implementation: &ItemImpl) -> Option<Type> {
    let send = implementation.items.iter().find_map(|item| match item {
        syn::ImplItem::Fn(function) if function.sig.ident == "send" => Some(function),
        _ => None,
    })?;
    let syn::ReturnType::Type(_, result) = &send.sig.output else { return None };
    first_argument(&first_argument(result)?)
}
