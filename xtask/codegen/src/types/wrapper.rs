//! The generic types of wrappers, and the aliases of those.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Item, parse_quote, visit_mut::VisitMut as _};

use super::rewrite::TypeRewriter;
use crate::condition::condition_tokens;
use crate::docs::docs;
use crate::plan::{END_CURSOR, HAS_NEXT_PAGE, Plan, Wrapper};
use crate::prose::prose;
use xtask_openapi::names;

/// Pleo's name for a wrapper, as an alias of the generic type.
pub(crate) fn alias(rust: &str, schema: &Value, wrapper: &Wrapper) -> Option<Item> {
    let name = format_ident!("{rust}");
    let doc = docs(&prose(schema.get("description").and_then(Value::as_str).unwrap_or(rust)));
    let mut aliased: syn::Type = syn::parse_str(&wrapper.rust("")).ok()?;
    TypeRewriter { in_builder: false }.visit_type_mut(&mut aliased);
    Some(parse_quote!(#(#doc)* pub type #name = #aliased;))
}

/// The generic types that wrappers are aliases of.
pub(crate) fn generics(plan: &Plan) -> TokenStream {
    let page = plan.pagination().map(|pagination| {
        let pagination = format_ident!("{}", names::pascal(pagination));
        let condition = plan.sharers("Page").map(condition_tokens);
        let list_page = plan.has_cursors().then(|| {
            let [more, cursor] =
                [HAS_NEXT_PAGE, END_CURSOR].map(|name| format_ident!("{}", names::snake(name)));
            quote! {
                #condition
                impl<T: Send> crate::runtime::ListPage for Page<T> {
                    type Item = T;

                    fn has_next_page(&self) -> bool {
                        self.pagination.#more
                    }

                    fn end_cursor(&self) -> Option<&str> {
                        self.pagination.#cursor.as_deref()
                    }

                    fn into_items(self) -> Vec<T> {
                        self.data
                    }
                }
            }
        });
        quote! {
            #condition
            /// One page of a list.
            #[derive(Clone, Debug, PartialEq, ::serde::Deserialize, ::serde::Serialize)]
            #[non_exhaustive]
            pub struct Page<T> {
                /// What is on the page.
                pub data: Vec<T>,
                /// Where the page lies and how to get the next.
                pub pagination: #pagination,
            }
            #list_page
        }
    });
    let data = plan.has_wrappers().then(|| {
        let condition = plan.sharers("Data").map(condition_tokens);
        quote! {
            #condition
            /// A response whose content is under `data`.
            #[derive(Clone, Debug, PartialEq, ::serde::Deserialize, ::serde::Serialize)]
            #[non_exhaustive]
            pub struct Data<T> {
                /// The content.
                pub data: T,
            }
        }
    });
    quote! { #data #page }
}
