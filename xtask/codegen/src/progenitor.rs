//! Running progenitor and taking its output apart.

use std::{cell::Cell, collections::BTreeMap, panic, sync::Once};

use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::{Value, json};
use syn::{Ident, Item, ItemImpl, ItemStruct, Type};

use super::plan::Wrappers;
use xtask_openapi::{SpecError, merge, names, pointer, walk};

/// What progenitor generated, by Rust name.
#[derive(Default)]
pub(super) struct Raw {
    /// The items of each type: its definition and implementations.
    pub(super) types: BTreeMap<String, Vec<Item>>,
    /// The items of each type's builder.
    pub(super) type_builders: BTreeMap<String, Vec<Item>>,
    /// The builder struct of each operation, and the type of its success.
    pub(super) calls: BTreeMap<String, RawCall>,
}

pub(super) struct RawCall {
    pub(super) builder: ItemStruct,
    pub(super) success: Option<Type>,
}

/// Runs progenitor on the lowered document.
///
/// # Errors
/// Where progenitor refuses or panics, the operation or schema that it cannot take.
pub(super) fn run(lowered: &Value, wrappers: &Wrappers) -> Result<Raw, SpecError> {
    match attempt(lowered, wrappers) {
        Ok(file) => Ok(take_apart(file)),
        Err(problem) => Err(culprit(lowered, wrappers, &problem)),
    }
}

fn attempt(lowered: &Value, wrappers: &Wrappers) -> Result<syn::File, String> {
    let spec: openapiv3::OpenAPI =
        serde_json::from_value(lowered.clone()).map_err(|error| error.to_string())?;
    let settings = settings(lowered, wrappers);
    let tokens =
        quietly(|| Generator::new(&settings).generate_tokens(&spec).map_err(|error| error.to_string()))??;
    syn::parse2(tokens).map_err(|error| format!("generated code that is no Rust: {error}"))
}

fn settings(lowered: &Value, wrappers: &Wrappers) -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_map_type("::std::collections::BTreeMap");
    let schema = |kind: InstanceType, format: Option<&str>| SchemaObject {
        instance_type: Some(kind.into()),
        format: format.map(str::to_owned),
        ..SchemaObject::default()
    };
    let text = || [TypeImpl::Display, TypeImpl::FromStr].into_iter();
    for (kind, format, rust) in [
        (InstanceType::String, Some("date-time"), "::chrono::DateTime<::chrono::FixedOffset>"),
        (InstanceType::String, Some("date-or-date-time"), "crate::DateOrDateTime"),
        (InstanceType::Number, None, "crate::Decimal"),
    ] {
        settings.with_conversion(schema(kind, format), rust, text());
    }
    // What is sensitive is neither shown nor read from text.
    settings.with_conversion(
        schema(InstanceType::String, Some("sensitive")),
        "crate::Sensitive",
        std::iter::empty(),
    );
    for name in enums(lowered) {
        settings.with_replacement(names::pascal(name), format!("types::{}", names::pascal(name)), text());
    }
    for (name, wrapper) in wrappers {
        settings.with_replacement(names::pascal(name), wrapper.rust("types::"), std::iter::empty());
    }
    settings
}

/// The names of the component schemas that are enums: they are written as open enums.
fn enums(lowered: &Value) -> impl Iterator<Item = &String> {
    let schemas = lowered.pointer("/components/schemas").and_then(Value::as_object);
    schemas.into_iter().flatten().filter(|(_, schema)| schema.get("enum").is_some()).map(|(name, _)| name)
}

/// Finds which operation or schema the generator cannot take, by trying each alone.
fn culprit(lowered: &Value, wrappers: &Wrappers, problem: &str) -> SpecError {
    let help = "describe it more plainly in an overlay, or teach a pass to";
    let mut bare = lowered.clone();
    bare["paths"] = json!({});
    if attempt(&bare, wrappers).is_ok() {
        for (place, operation) in walk::operations(lowered) {
            let mut one = bare.clone();
            one["paths"] = json!({ &place.path: { place.method: operation } });
            if let Err(problem) = attempt(&one, wrappers) {
                return SpecError::new(
                    merge::RESULT,
                    place.pointer,
                    format!("progenitor cannot take it: {problem}"),
                    help,
                );
            }
        }
    } else if let Some(schemas) = lowered.pointer("/components/schemas").and_then(Value::as_object) {
        for name in schemas.keys() {
            let mut one = bare.clone();
            let own: serde_json::Map<String, Value> = schemas
                .iter()
                .filter(|(other, _)| *other == name || refers(schemas, name, other))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            one["components"]["schemas"] = Value::Object(own);
            if let Err(problem) = attempt(&one, wrappers) {
                return SpecError::new(
                    merge::RESULT,
                    pointer::push("/components/schemas", name),
                    format!("typify cannot take it: {problem}"),
                    help,
                );
            }
        }
    }
    // Each part passes alone: the first operation that does not go with those before it.
    let mut growing = bare;
    for (place, operation) in walk::operations(lowered) {
        let item = growing["paths"]
            .as_object_mut()
            .map(|paths| paths.entry(place.path.clone()).or_insert_with(|| json!({})));
        if let Some(item) = item {
            item[place.method] = Value::Object(operation.clone());
        }
        if let Err(problem) = attempt(&growing, wrappers) {
            let problem =
                format!("progenitor cannot take it together with the operations before it: {problem}");
            return SpecError::new(merge::RESULT, place.pointer, problem, help);
        }
    }
    SpecError::new(merge::RESULT, "", format!("progenitor cannot take the whole document: {problem}"), help)
}

/// Whether `from` refers to `to`, directly or through others.
fn refers(schemas: &serde_json::Map<String, Value>, from: &str, to: &str) -> bool {
    let mut open = vec![from.to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = schemas.get(&name) {
            walk::references(schema, &mut |reference| {
                if let Some(next) = pointer::schema_name(reference)
                    && seen.insert(next.to_owned())
                {
                    open.push(next.to_owned());
                }
            });
        }
    }
    seen.contains(to)
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, turning a panic into its message. progenitor panics on most of what it does not
/// support.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                previous(info);
            }
        }));
    });
    QUIET.set(true);
    let result = panic::catch_unwind(panic::AssertUnwindSafe(work));
    QUIET.set(false);
    result.map_err(|payload| {
        let message =
            payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        message.unwrap_or("it panicked without a message").to_owned()
    })
}

fn take_apart(file: syn::File) -> Raw {
    let mut raw = Raw::default();
    for item in file.items {
        let Item::Mod(module) = item else { continue };
        let items = module.content.map(|(_, items)| items).unwrap_or_default();
        if module.ident == "types" {
            for item in items {
                match item {
                    Item::Mod(inner) if inner.ident == "builder" => {
                        for item in inner.content.map(|(_, items)| items).unwrap_or_default() {
                            add(&mut raw.type_builders, item);
                        }
                    }
                    item => add(&mut raw.types, item),
                }
            }
        } else if module.ident == "builder" {
            for item in items {
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
        }
    }
    raw
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

/// The first type argument of a type, such as the `T` of `Option<T>`.
pub fn first_argument(outer: &Type) -> Option<Type> {
    let Type::Path(path) = outer else { return None };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    })
}
