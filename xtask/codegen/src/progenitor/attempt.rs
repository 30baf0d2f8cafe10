//! Running progenitor, which panics on most of what it does not support.

use std::{cell::Cell, collections::BTreeMap, panic, sync::Once};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};
use serde::Deserialize as _;
use serde_json::Value;

use super::{
    Reading,
    parts::{Raw, take_apart},
};
use crate::plan::Wrappers;
use xtask_openapi::names;

/// Runs progenitor on the lowered document, and takes its code apart.
pub(super) fn attempt(lowered: &Value, wrappers: &Wrappers, reading: Reading) -> Result<Raw, String> {
    let spec = openapiv3::OpenAPI::deserialize(lowered).map_err(|error| error.to_string())?;
    let settings = settings(lowered, wrappers);
    let tokens =
        quietly(|| Generator::new(&settings).generate_tokens(&spec).map_err(|error| error.to_string()))??;
    take_apart(modules(tokens), reading)
}

/// The tokens of each module that is in braces.
fn modules(code: TokenStream) -> BTreeMap<String, TokenStream> {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let modules = tokens.windows(3).filter_map(|tokens| match tokens {
        [TokenTree::Ident(keyword), TokenTree::Ident(name), TokenTree::Group(group)]
            if keyword == "mod" && group.delimiter() == Delimiter::Brace =>
        {
            Some((name.to_string(), group.stream()))
        }
        _ => None,
    });
    modules.collect()
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
