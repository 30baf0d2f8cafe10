//! The code of a call: what holds what it is given, its setters, and how it is sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

use super::model::{AFTER, Argument, BEFORE, Body, Builder, OFFSET};
use crate::docs::docs;
use crate::rust::is_list;
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
        let arguments = self.arguments.iter().map(|Argument { ident, value, .. }| {
            quote! { pub(super) #ident: Option<#value> }
        });
        let body = self.body.iter().map(|Body { value, .. }| quote! { pub(super) body: Option<#value> });
        let fields = arguments.chain(body);
        Some(quote! {
            #[derive(Clone, Default)]
            pub(super) struct #struct_name { #(#fields),* }
        })
    }

    /// The call. What it is given is in a box, if it is much: a call passes through a function a setter.
    pub(crate) fn code(&self) -> TokenStream {
        let struct_name = self.struct_name();
        let doc = docs(&format!(
            " A call of [`Client::{}`]: {}.",
            self.name,
            markdown_code(&self.operation.request())
        ));
        let setters = self.optional().map(Argument::setter);
        let body_setter = self.optional_body().map(Body::setter);
        let send = self.send();
        let new = self.new_function();
        let (list_methods, list_call) =
            self.is_paged.then(|| (self.list_methods(), self.list_call())).unzip();
        let fields = self.takes_anything().then(|| {
            let mut given = quote! { arguments::#struct_name };
            if self.is_boxed() {
                given = quote! { Box<#given> };
            }
            quote! { problems: Problems, given: #given }
        });
        quote! {
            #(#doc)*
            #[derive(Clone)]
            #[must_use = "a call does nothing until it is sent"]
            pub struct #struct_name<'a> {
                client: &'a Client,
                #fields
            }

            impl<'a> #struct_name<'a> {
                #new
                #(#setters)*
                #body_setter
                #send
                #list_methods
            }

            #list_call
        }
    }

    /// What returns the whole list. Arguments keep their names.
    fn list_methods(&self) -> TokenStream {
        let is_free = |name: &str| self.arguments.iter().all(|argument| argument.ident != name);
        let items = is_free("items").then(|| {
            let doc = docs(
                "The entries of all pages, as a stream: see [`Items`]. It starts at `after`, if that is given.",
            );
            quote! {
                #(#doc)*
                pub fn items(self) -> Items<'a, Self> {
                    Items::new(self)
                }
            }
        });
        let pages = is_free("pages").then(|| {
            let doc = docs("All pages, as a stream: see [`Pages`]. It starts at `after`, if that is given.");
            quote! {
                #(#doc)*
                pub fn pages(self) -> Pages<Self> {
                    Pages::new(self)
                }
            }
        });
        quote! { #items #pages }
    }

    /// What the stream of pages asks of the call.
    fn list_call(&self) -> TokenStream {
        let struct_name = self.struct_name();
        let operation = format_ident!("{}", self.name.to_uppercase());
        let success = &self.success;
        let takes = |name: &str| self.arguments.iter().any(|argument| argument.is_position(name));
        let backwards = match takes(BEFORE) {
            true => quote! { self.given.before.is_some() },
            false => quote! { false },
        };
        // Of `before`, `after` and `offset` a request has one at most (P2).
        let forget = takes(OFFSET).then(|| quote! { self.given.offset = None; });
        let after = format_ident!("{AFTER}");
        quote! {
            impl<'a> ListCall for #struct_name<'a> {
                type Page = #success;
                type Fetch = BoxFuture<'a, Result<ResponseValue<Self::Page>, Error>>;

                fn operation(&self) -> &'static Operation {
                    &operations::#operation
                }

                fn start(&self) -> Option<&str> {
                    self.given.#after.as_deref()
                }

                fn is_backwards(&self) -> bool {
                    #backwards
                }

                fn read_after(mut self, cursor: String) -> Self {
                    self.given.#after = Some(cursor);
                    #forget
                    self
                }

                fn fetch(self) -> Self::Fetch {
                    Box::pin(self.send())
                }
            }
        }
    }

    fn is_boxed(&self) -> bool {
        self.arguments.len() + usize::from(self.body.is_some()) > MOST_UNBOXED
    }

    /// What makes the call of all that it has to be given.
    fn new_function(&self) -> TokenStream {
        let (names, types) = self.parameters();
        if !self.takes_anything() {
            return quote! {
                pub(super) fn new(client: &'a Client) -> Self {
                    Self { client }
                }
            };
        }
        let struct_name = self.struct_name();
        let arguments = self.required().map(|Argument { ident, wire, .. }| {
            (ident.clone(), quote! { problems.converted(#wire, #ident) })
        });
        let body = self.required_body().map(|body| {
            let value = match body.built {
                true => quote! { problems.converted_body(body) },
                false => quote! { problems.converted("body", body) },
            };
            (format_ident!("body"), value)
        });
        let (fields, values): (Vec<_>, Vec<_>) = arguments.chain(body).unzip();
        let left_out = self.optional().next().is_some() || self.optional_body().is_some();
        let mutable = (!fields.is_empty()).then(|| quote! { mut });
        let given = if fields.is_empty() {
            quote! { let given = Default::default(); }
        } else if self.is_boxed() {
            // Where it stays, so that nothing large is moved. An argument may be called `given`, but `given_` none: only
            // keywords get an underscore.
            quote! {
                let mut given_ = Box::<arguments::#struct_name>::default();
                #(given_.#fields = #values;)*
                let given = given_;
            }
        } else {
            let rest = left_out.then(|| quote! { ..Default::default() });
            quote! { let given = arguments::#struct_name { #(#fields: #values,)* #rest }; }
        };
        quote! {
            pub(super) fn new(client: &'a Client, #(#names: #types),*) -> Self {
                let #mutable problems = Problems::default();
                #given
                Self { client, problems, given }
            }
        }
    }

    fn send(&self) -> TokenStream {
        let operation = format_ident!("{}", self.name.to_uppercase());
        let success = &self.success;
        let steps = self.arguments.iter().map(|argument| {
            let Argument { ident, wire, location, .. } = argument;
            let step = format_ident!("{location}");
            let name = match *location {
                "query" => utf8_percent_encode(wire, ESCAPED).to_string(),
                _ => (*wire).to_owned(),
            };
            quote! { request.#step(#name, &given.#ident); }
        });
        let json = self.body.as_ref().map(|body| {
            let step = if is_list(&body.value) {
                quote! { json_list }
            } else {
                quote! { json }
            };
            quote! { request.#step(&given.body); }
        });
        let finish = if matches!(success, Type::Tuple(tuple) if tuple.elems.is_empty()) {
            quote! { send_empty }
        } else {
            quote! { send_json }
        };
        let doc =
            docs("Sends the call.\n\n# Errors\nSee [`Error`]; nothing is sent when an argument is invalid.");
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
        let Self { ident, wire, .. } = self;
        let doc = docs(&self.setter_doc());
        let taken = self.taken();
        let set = match self.is_any_cursor() {
            true => quote! { self.given.#ident = value.into_cursor() },
            false => quote! { self.problems.set(#wire, &mut self.given.#ident, value) },
        };
        quote! {
            #(#doc)*
            pub fn #ident(mut self, value: #taken) -> Self {
                #set;
                self
            }
        }
    }
}

impl Body {
    fn setter(&self) -> TokenStream {
        let doc = docs("The request body; without it, the call has none.");
        let taken = self.taken();
        let set = match self.built {
            true => quote! { set_body(&mut self.given.body, value) },
            false => quote! { set("body", &mut self.given.body, value) },
        };
        quote! {
            #(#doc)*
            pub fn body(mut self, value: #taken) -> Self {
                self.problems.#set;
                self
            }
        }
    }
}
