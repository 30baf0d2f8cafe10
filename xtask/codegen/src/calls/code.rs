//! The code of a call: what holds what it is given, its setters, and how it is sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

use super::model::{Argument, Body, Builder};
use crate::docs::docs;
use crate::rust::{is_list, place};
use xtask_openapi::foreign::markdown_code;

/// What is escaped in the name of a query parameter, as in its value: all but the unreserved characters of
/// RFC 3986, section 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How many arguments a call carries about with it; more are put into a box.
const MOST_UNBOXED: usize = 3;

impl Builder<'_> {
    /// The struct that holds what the call is given.
    pub(crate) fn given(&self) -> Option<TokenStream> {
        if !self.takes_anything() {
            return None;
        }
        let struct_name = self.struct_name();
        let arguments = self.arguments.iter().map(|argument| {
            let (ident, place) = (&argument.ident, place(&argument.value, argument.required));
            quote! { pub(super) #ident: #place }
        });
        let body = self.body.as_ref().map(|body| {
            let place = match &body.builder {
                Some(builder) if body.required => quote! { #builder },
                Some(builder) => place(builder, false),
                None => place(&body.value, body.required),
            };
            quote! { pub(super) body: #place }
        });
        let fields = arguments.chain(body);
        Some(quote! {
            #[derive(Clone, Default)]
            pub(super) struct #struct_name { #(#fields),* }
        })
    }

    /// The call. What it is given is in a box, if it is much: a call passes through a function an argument.
    pub(crate) fn code(&self) -> TokenStream {
        let struct_name = self.struct_name();
        let doc = docs(&format!(
            " A call of [`Client::{}`]: {}.",
            self.name,
            markdown_code(&self.operation.request())
        ));
        let new_doc = docs("The call without any argument set yet.");
        let setters = self.arguments.iter().map(Argument::setter);
        let body_setters = self.body.as_ref().map(Body::setters);
        let send = self.send();
        let (fields, initial) = if self.takes_anything() {
            let mut given = quote! { arguments::#struct_name };
            if self.arguments.len() + usize::from(self.body.is_some()) > MOST_UNBOXED {
                given = quote! { Box<#given> };
            }
            (
                quote! { problems: Problems, given: #given },
                quote! { problems: Problems::default(), given: Default::default() },
            )
        } else {
            Default::default()
        };
        quote! {
            #(#doc)*
            #[derive(Clone)]
            #[must_use = "a call does nothing until it is sent"]
            pub struct #struct_name<'a> {
                client: &'a Client,
                #fields
            }

            impl<'a> #struct_name<'a> {
                #(#new_doc)*
                pub fn new(client: &'a Client) -> Self {
                    Self { client, #initial }
                }

                #(#setters)*
                #body_setters
                #send
            }
        }
    }

    fn send(&self) -> TokenStream {
        let operation = format_ident!("{}", self.name.to_uppercase());
        let success = &self.success;
        let mut ordered: Vec<&Argument<'_>> =
            self.arguments.iter().filter(|argument| argument.location == "path").collect();
        ordered.sort_by_key(|argument| self.operation.path.find(&format!("{{{}}}", argument.wire)));
        ordered.extend(self.arguments.iter().filter(|argument| argument.location != "path"));
        let steps = ordered.into_iter().map(|argument| {
            let (step, wire, ident) =
                (format_ident!("{}", argument.location), argument.wire, &argument.ident);
            let encoded = utf8_percent_encode(wire, ESCAPED).to_string();
            if argument.location == "query" && encoded != wire {
                quote! { request.query_spelled(#wire, #encoded, &given.#ident); }
            } else {
                quote! { request.#step(#wire, &given.#ident); }
            }
        });
        let json = self.body.as_ref().map(|body| {
            let value = &body.value;
            match &body.builder {
                Some(_) if body.required => quote! { request.json(#value::try_from(given.body)); },
                Some(_) => quote! {
                    if let Some(body) = given.body {
                        request.json(#value::try_from(body));
                    }
                },
                None if is_list(value) => quote! { request.json_list(&given.body); },
                None => quote! { request.json_given(&given.body); },
            }
        });
        let finish = if matches!(success, Type::Tuple(tuple) if tuple.elems.is_empty()) {
            quote! { send_empty }
        } else {
            quote! { send_json }
        };
        let doc = docs(
            "Sends the call.\n\n# Errors\nSee [`Error`]; nothing is sent when an argument is missing or invalid.",
        );
        // In a block of its own, so that what was given does not wait for the answer with the call.
        let request = if self.takes_anything() {
            quote! {
                {
                    let given = self.given;
                    let mut request =
                        RequestBuilder::new(self.client, &operations::#operation, &self.problems);
                    #(#steps)*
                    #json
                    request
                }
            }
        } else {
            quote! { RequestBuilder::new(self.client, &operations::#operation, &Problems::default()) }
        };
        quote! {
            #(#doc)*
            pub async fn send(self) -> Result<ResponseValue<#success>, Error> {
                let request = #request;
                request.#finish().await
            }
        }
    }
}

impl Argument<'_> {
    fn setter(&self) -> TokenStream {
        let Self { ident, wire, value, doc, .. } = self;
        let doc = docs(doc);
        quote! {
            #(#doc)*
            pub fn #ident<V: TryInto<#value>>(mut self, value: V) -> Self {
                self.problems.set(#wire, &mut self.given.#ident, value);
                self
            }
        }
    }
}

impl Body {
    fn setters(&self) -> TokenStream {
        let value = &self.value;
        let doc = docs(match self.required {
            true => "The request body.",
            false => "The request body; without it, the call has none.",
        });
        match &self.builder {
            Some(builder) if !self.required => quote! {
                #(#doc)*
                pub fn body<V>(mut self, value: V) -> Self
                where
                    V: TryInto<#value>,
                    V::Error: Into<crate::ConversionError>,
                {
                    let body = self.given.body.get_or_insert_default();
                    self.problems.set_body::<#value, _, V>(body, value);
                    self
                }

                /// Sets fields of the request body, which the call then has.
                pub fn body_map(mut self, change: impl FnOnce(#builder) -> #builder) -> Self {
                    self.given.body = Some(change(self.given.body.take().unwrap_or_default()));
                    self
                }
            },
            Some(builder) => quote! {
                #(#doc)*
                pub fn body<V>(mut self, value: V) -> Self
                where
                    V: TryInto<#value>,
                    V::Error: Into<crate::ConversionError>,
                {
                    self.problems.set_body::<#value, _, V>(&mut self.given.body, value);
                    self
                }

                /// Sets fields of the request body.
                pub fn body_map(mut self, change: impl FnOnce(#builder) -> #builder) -> Self {
                    self.given.body = change(self.given.body);
                    self
                }
            },
            None => quote! {
                #(#doc)*
                pub fn body<V: TryInto<#value>>(mut self, value: V) -> Self {
                    self.problems.set("body", &mut self.given.body, value);
                    self
                }
            },
        }
    }
}
