//! The types of a module.

use std::{collections::BTreeSet, fmt::Write as _};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{
    Attribute, Field, Item, Path,
    ext::IdentExt as _,
    parse_quote,
    punctuated::Punctuated,
    visit::Visit,
    visit_mut::{self, VisitMut},
};

use super::{
    operations::{optional_value, place},
    plan::{COMMON, Module, Plan, Wrapper},
    print::{self, Draft},
    progenitor::{Raw, first_argument},
};
use xtask_openapi::{SpecError, merge, names, pointer};

/// The file with the types of a module.
pub(super) fn file(plan: &Plan, module: &Module, raw: &Raw) -> Result<Draft, SpecError> {
    let mut items: Vec<(String, Item)> = Vec::new();
    let mut builders: Vec<(String, Item)> = Vec::new();
    let mut built: Vec<(String, Item)> = Vec::new();
    let mut written = String::new();
    for name in &module.schemas {
        let rust = names::pascal(name);
        let schema = plan.schema(name).unwrap_or(&Value::Null);
        match plan.wrapper(name) {
            _ if schema.get("enum").is_some() => open_enum(plan, &mut written, &rust, schema),
            Some(wrapper) => items.extend(alias(&rust, schema, wrapper).map(|item| (rust, item))),
            None => {
                let refuse = |problem: String| {
                    let at = pointer::push("/components/schemas", name);
                    SpecError::new(
                        merge::RESULT,
                        at,
                        problem,
                        "compare `xtask/codegen` with the typify release in use",
                    )
                };
                let own = types_of(plan, raw, &rust, &mut written)
                    .map_err(|error| refuse(format!("typify generated `{rust}` with {error}")))?;
                if own.is_empty() {
                    return Err(refuse(format!("typify generated no type `{rust}`")));
                }
                items.extend(own.into_iter().map(|item| (rust.clone(), item)));
                if plan.is_sent(&rust)
                    && let Some(builder) = TypeBuilder::of(raw, &rust)
                {
                    builders.extend(builder.items().into_iter().map(|item| (rust.clone(), item)));
                    built.push((rust, builder.fields()));
                }
            }
        }
    }
    let generics = (module.name == COMMON).then(|| generics(plan));
    let imports = imports(plan, module, items.iter().chain(&builders).map(|(_, item)| item));
    let shared = shared_bodies(plan, module, raw);
    let for_sharers = |(rust, item): &(String, Item)| {
        let condition = plan.sharers(rust).map(print::condition_tokens);
        quote! { #condition #item }
    };
    let builder_module = (!builders.is_empty() || shared.is_some()).then(|| {
        let fields = (!built.is_empty()).then(|| {
            let built = built.iter().map(for_sharers);
            quote! {
                #[allow(unused_imports)]
                use crate::runtime::{Problems, Required};

                /// What builders hold.
                mod fields {
                    #[allow(unused_imports)]
                    use crate::runtime::Required;

                    #(#built)*
                }
            }
        });
        let builders = builders.iter().map(for_sharers);
        quote! {
            /// Builders of the types that request bodies are made of.
            pub mod builder { #shared #fields #(#builders)* }
        }
    });
    let items = items.iter().map(for_sharers);
    let macros = quote! {
        #[allow(unused_imports)]
        use crate::runtime::{object, open_enum};
    };
    let code = quote! { #macros #imports #generics #(#items)* #builder_module };
    let doc = match module.name.as_str() {
        COMMON => "Types that several API families share; each needs the feature of one of those.".to_owned(),
        _ => format!("Types of the API family `{}`.", module.family),
    };
    Ok(Draft::of_module(plan, module, &doc, code).followed_by(written))
}

/// Everything that stands for one type. How an object is read and written is added to `written`.
fn types_of(plan: &Plan, raw: &Raw, rust: &str, written: &mut String) -> syn::Result<Vec<Item>> {
    let mut rewriter = TypeRewriter { in_builder: false };
    let mut items: Vec<Item> = raw.types.get(rust).cloned().unwrap_or_default();
    items.retain(|item| plan.is_sent(rust) || !is_builder_function(item));
    for item in &mut items {
        rewriter.visit_item_mut(item);
        if is_builder_function(item) {
            document_builder_function(item);
        }
        if let Item::Struct(item) = item
            && let syn::Fields::Named(fields) = &mut item.fields
        {
            without_serde_derives(&mut item.attrs);
            print::respell_docs(&mut item.attrs);
            item.attrs.push(parse_quote!(#[non_exhaustive]));
            written.push('\n');
            write_condition(plan, written, rust);
            let _ = writeln!(written, "object! {{\n    {rust} {{");
            for field in &mut fields.named {
                print::respell_docs(&mut field.attrs);
                let (kind, wire) = take_serde_attribute(field)?;
                let of_time = if is_time(&field.ty) { "_time" } else { "" };
                let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                let _ = writeln!(written, "        {kind}{of_time} {ident} = {wire:?},");
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

/// Leaves of a `derive` what is not serde's.
fn without_serde_derives(attributes: &mut [Attribute]) {
    for attribute in attributes {
        if attribute.path().is_ident("derive")
            && let Ok(paths) = attribute.parse_args_with(Punctuated::<Path, syn::Token![,]>::parse_terminated)
        {
            let kept: Vec<Path> = paths
                .into_iter()
                .filter(|path| path.segments.first().is_none_or(|first| first.ident != "serde"))
                .collect();
            *attribute = parse_quote!(#[derive(#(#kept),*)]);
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

/// Pleo's name for a wrapper, as an alias of the generic type.
fn alias(rust: &str, schema: &Value, wrapper: &Wrapper) -> Option<Item> {
    let name = format_ident!("{rust}");
    let doc = print::docs(schema.get("description").and_then(Value::as_str).unwrap_or(rust));
    let mut aliased: syn::Type = syn::parse_str(&wrapper.rust("")).ok()?;
    TypeRewriter { in_builder: false }.visit_type_mut(&mut aliased);
    Some(parse_quote!(#(#doc)* pub type #name = #aliased;))
}

/// The generic types that wrappers are aliases of.
fn generics(plan: &Plan) -> TokenStream {
    let page = plan.pagination().map(|pagination| {
        let pagination = format_ident!("{}", names::pascal(pagination));
        let condition = plan.sharers("Page").map(print::condition_tokens);
        quote! {
            #condition
            /// One page of a list.
            #[derive(Clone, Debug, ::serde::Deserialize, ::serde::Serialize)]
            #[non_exhaustive]
            pub struct Page<T> {
                /// What stands on the page.
                pub data: Vec<T>,
                /// Where the page lies and how to get the next.
                pub pagination: #pagination,
            }
        }
    });
    let data = plan.has_wrappers().then(|| {
        let condition = plan.sharers("Data").map(print::condition_tokens);
        quote! {
            #condition
            /// An answer whose content stands under `data`.
            #[derive(Clone, Debug, ::serde::Deserialize, ::serde::Serialize)]
            #[non_exhaustive]
            pub struct Data<T> {
                /// The content.
                pub data: T,
            }
        }
    });
    quote! { #data #page }
}

/// The builder of a type that is sent: what a caller sets field by field, and what has to be there in
/// the end.
struct TypeBuilder {
    name: syn::Ident,
    fields: Vec<BuilderField>,
}

/// A field of such a type.
struct BuilderField {
    ident: syn::Ident,
    docs: Vec<Attribute>,
    /// What the setter takes, without the `Option` of an optional one.
    value: syn::Type,
    required: bool,
}

impl TypeBuilder {
    /// The builder of a type for which typify has made one as well.
    fn of(raw: &Raw, rust: &str) -> Option<Self> {
        let made = struct_of(raw.type_builders.get(rust)?)?;
        let documented = struct_of(raw.types.get(rust)?)?;
        let field = |field: &Field| {
            let documented = documented.fields.iter().find(|other| other.ident == field.ident)?;
            BuilderField::of(field, &documented.attrs)
        };
        Some(Self { name: made.ident.clone(), fields: made.fields.iter().filter_map(field).collect() })
    }

    /// The struct that holds the fields while they are given.
    fn fields(&self) -> Item {
        let name = &self.name;
        let fields = self.fields.iter().map(|field| {
            let (ident, mut value) = (&field.ident, field.value.clone());
            OneModuleDeeper.visit_type_mut(&mut value);
            let place = place(&value, field.required);
            quote! { pub(super) #ident: #place }
        });
        parse_quote! {
            #[derive(Clone, Default)]
            pub(super) struct #name { #(#fields),* }
        }
    }

    /// What stands in the module `builder`. The fields are in a box: a builder passes through a function
    /// a field.
    fn items(&self) -> [Item; 4] {
        let name = &self.name;
        let docs = print::docs(&format!("Builds a [`{name}`](super::{name})."));
        let setters = self.fields.iter().map(BuilderField::setter);
        let taken = self.fields.iter().map(|BuilderField { ident, required, .. }| {
            let text = ident.unraw().to_string();
            let supplied = required.then(|| quote! { .supplied(#text)? });
            quote! { #ident: value.given.#ident #supplied }
        });
        let given = self.fields.iter().map(|BuilderField { ident, required, .. }| {
            let into = required.then(|| quote! { .into() });
            quote! { #ident: value.#ident #into }
        });
        [
            parse_quote! {
                #(#docs)*
                #[derive(Clone, Default)]
                #[must_use = "a builder does nothing until a call takes it"]
                pub struct #name { problems: Problems, given: Box<fields::#name> }
            },
            parse_quote! {
                impl #name { #(#setters)* }
            },
            parse_quote! {
                impl TryFrom<#name> for super::#name {
                    type Error = crate::ConversionError;

                    fn try_from(value: #name) -> Result<Self, crate::ConversionError> {
                        value.problems.check()?;
                        Ok(Self { #(#taken),* })
                    }
                }
            },
            parse_quote! {
                impl From<super::#name> for #name {
                    fn from(value: super::#name) -> Self {
                        Self { problems: Problems::default(), given: Box::new(fields::#name { #(#given),* }) }
                    }
                }
            },
        ]
    }
}

fn struct_of(items: &[Item]) -> Option<&syn::ItemStruct> {
    items.iter().find_map(|item| match item {
        Item::Struct(item) => Some(item),
        _ => None,
    })
}

impl BuilderField {
    /// A field of typify's builder, a `Result` of what the type's field holds.
    fn of(field: &Field, documented: &[Attribute]) -> Option<Self> {
        let ident = field.ident.clone()?;
        let mut docs: Vec<Attribute> =
            documented.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect();
        print::respell_docs(&mut docs);
        if docs.is_empty() {
            docs = print::docs(&format!("Sets `{}`.", ident.unraw()));
        }
        let mut held = first_argument(&field.ty)?;
        TypeRewriter { in_builder: true }.visit_type_mut(&mut held);
        let optional = optional_value(&held);
        let required = optional.is_none();
        Some(Self { ident, docs, value: optional.unwrap_or(held), required })
    }

    /// A setter that takes the value of an optional field without `Some`. It calls the runtime's
    /// conversion instead of holding one of its own, because a closure a field is what a compiler spends
    /// its time on.
    fn setter(&self) -> TokenStream {
        let Self { ident, docs, value, .. } = self;
        let text = ident.unraw().to_string();
        quote! {
            #(#docs)*
            pub fn #ident<V: TryInto<#value>>(mut self, value: V) -> Self {
                self.problems.set(#text, &mut self.given.#ident, value);
                self
            }
        }
    }
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
        function.attrs.extend(print::docs("A builder without any field set yet."));
    }
}

/// Writes an enum by hand: the formatter does not know the macro's grammar.
fn open_enum(plan: &Plan, out: &mut String, rust: &str, schema: &Value) {
    let description = schema.get("description").and_then(Value::as_str).unwrap_or(rust);
    out.push('\n');
    write_condition(plan, out, rust);
    out.push_str("open_enum! {\n");
    for line in description.trim_end().lines() {
        let _ = writeln!(out, "    /// {line}");
    }
    let _ = writeln!(out, "    pub enum {rust} {{");
    let values =
        || schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for (value, variant) in values().zip(names::variants(values())) {
        let _ = writeln!(out, "        {variant} = {value:?},");
    }
    let _ = writeln!(out, "    }}\n}}");
}

/// Writes what a shared type is compiled for, above what is written by hand for it.
fn write_condition(plan: &Plan, out: &mut String, rust: &str) {
    if let Some(families) = plan.sharers(rust) {
        let _ = writeln!(out, "{}", print::condition(families));
    }
}

/// Brings the shared types that the module uses into it, for its users too.
fn imports<'a>(plan: &Plan, module: &Module, items: impl Iterator<Item = &'a Item>) -> Option<TokenStream> {
    if module.name == COMMON {
        return None;
    }
    let mut used = UsedNames(BTreeSet::new());
    items.for_each(|item| used.visit_item(item));
    // Operations may take or give a shared type that no type of the family holds.
    for operation in module.operations.values() {
        xtask_openapi::walk::references(&Value::Object(operation.value.clone()), &mut |reference| {
            if let Some(name) = xtask_openapi::pointer::schema_name(reference) {
                used.0.insert(names::pascal(name));
            }
        });
    }
    let names: Vec<_> =
        used.0.iter().filter(|name| plan.is_common(name)).map(|name| format_ident!("{name}")).collect();
    (!names.is_empty()).then(|| quote! { pub use crate::common::types::{#(#names),*}; })
}

/// Brings the builders of shared types to the operations of the module that send one.
fn shared_bodies(plan: &Plan, module: &Module, raw: &Raw) -> Option<TokenStream> {
    let mut names = BTreeSet::new();
    for body in module.operations.values().filter_map(|operation| operation.value.get("requestBody")) {
        xtask_openapi::walk::references(body, &mut |reference| {
            let name = xtask_openapi::pointer::schema_name(reference).map(names::pascal);
            names.extend(name.filter(|name| plan.is_common(name) && raw.type_builders.contains_key(name)));
        });
    }
    let names: Vec<_> = names.iter().map(|name| format_ident!("{name}")).collect();
    (!names.is_empty()).then(|| quote! { pub use crate::common::types::builder::{#(#names),*}; })
}

struct UsedNames(BTreeSet<String>);

impl<'ast> Visit<'ast> for UsedNames {
    fn visit_path(&mut self, path: &'ast Path) {
        if let Some(last) = path.segments.last() {
            self.0.insert(last.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }
}

/// Adapts generated types to our modules and runtime.
struct TypeRewriter {
    /// Whether the item stands in the module `builder` below the types.
    in_builder: bool,
}

impl VisitMut for TypeRewriter {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        shorten(path);
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["self" | "super", "error", "ConversionError"] => *path = parse_quote!(crate::ConversionError),
            ["types", _] => {
                // What follows the name, such as `<T>`, stays.
                let name = path.segments.last().cloned();
                *path = if self.in_builder { parse_quote!(super::#name) } else { parse_quote!(#name) };
            }
            _ => {}
        }
    }
}

/// Writes paths as a module within the one sees them for which they are written.
struct OneModuleDeeper;

impl VisitMut for OneModuleDeeper {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if path.segments.first().is_some_and(|first| first.ident == "super") {
            path.segments.insert(0, format_ident!("super").into());
        }
    }
}

/// Writes names of Rust's prelude short. No schema may bear one, see `names::RESERVED_TYPES`.
pub(super) fn shorten(path: &mut Path) {
    // With the module: `std::fmt::Result` is another one than the prelude's.
    const PRELUDE: [&str; 10] = [
        "option::Option",
        "vec::Vec",
        "string::String",
        "result::Result",
        "convert::From",
        "convert::TryFrom",
        "convert::TryInto",
        "default::Default",
        "boxed::Box",
        "convert::AsRef",
    ];
    let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
    if let (Some(first), Some(module), Some(name)) = (segments.next(), segments.next(), segments.next())
        && first == "std"
        && PRELUDE.contains(&format!("{module}::{name}").as_str())
    {
        path.leading_colon = None;
        path.segments = std::mem::take(&mut path.segments).into_iter().skip(2).collect();
    }
}
