//! The builders of types that are sent.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Field, Item, ext::IdentExt as _, parse_quote, visit_mut::VisitMut as _};

use super::rewrite::{OneModuleDeeper, TypeRewriter};
use crate::docs::{self, respell};
use crate::progenitor::Raw;
use crate::rust::{first_argument, optional_value};

/// The builder of a type that is sent: what a caller sets field by field, and what has to be there in
/// the end.
pub(crate) struct TypeBuilder {
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
    pub(crate) fn of(raw: &Raw, rust: &str) -> Option<Self> {
        let made = struct_of(raw.type_builders.get(rust)?)?;
        let documented = struct_of(raw.types.get(rust)?)?;
        let field = |field: &Field| {
            let documented = documented.fields.iter().find(|other| other.ident == field.ident)?;
            BuilderField::of(field, &documented.attrs)
        };
        Some(Self { name: made.ident.clone(), fields: made.fields.iter().filter_map(field).collect() })
    }

    /// The struct that holds the fields while they are given.
    pub(crate) fn fields(&self) -> Item {
        let name = &self.name;
        let fields = self.fields.iter().map(|field| {
            let (ident, mut value) = (&field.ident, field.value.clone());
            OneModuleDeeper.visit_type_mut(&mut value);
            match field.required {
                true => quote! { pub(super) #ident: Required<#value> },
                false => quote! { pub(super) #ident: Option<#value> },
            }
        });
        parse_quote! {
            #[derive(Clone, Default)]
            pub(super) struct #name { #(#fields),* }
        }
    }

    /// What is in the module `builder`. The fields are in a box: a builder passes through a function
    /// a field.
    pub(crate) fn items(&self) -> [Item; 5] {
        let name = &self.name;
        let docs = docs::docs(&format!("Builds a [`{name}`](super::{name})."));
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
                crate::runtime::debug_name! { #name }
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
        respell(&mut docs);
        if docs.is_empty() {
            docs = docs::docs(&format!("Sets `{}`.", ident.unraw()));
        }
        let mut held = first_argument(&field.ty)?;
        TypeRewriter { in_builder: true }.visit_type_mut(&mut held);
        let optional = optional_value(&held);
        let required = optional.is_none();
        Some(Self { ident, docs, value: optional.unwrap_or(held), required })
    }

    /// A setter that takes the value of an optional field without `Some`. It calls the runtime's
    /// conversion instead of holding one of its own, because one closure per field is what a compiler spends
    /// its time on.
    fn setter(&self) -> TokenStream {
        let Self { ident, docs, value, .. } = self;
        let text = ident.unraw().to_string();
        quote! {
            #(#docs)*
            pub fn #ident(mut self, value: impl TryInto<#value>) -> Self {
                self.problems.set(#text, &mut self.given.#ident, value);
                self
            }
        }
    }
}
