//! The methods and builders of a module's operations.
//!
//! progenitor gives the fields of each builder, with their types, and the type of its success.
//! Setters and `send` are ours: they keep a refusal's type and call our runtime.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{
    Ident, Type, parse_quote,
    visit_mut::{self, VisitMut},
};

use super::{
    calls::Calls,
    plan::{COMMON, Module, OperationEntry, Plan},
    print::{self, Draft},
    progenitor::{Raw, RawCall, first_argument},
    types::shorten,
};
use xtask_openapi::passes::MAY_BE_LEFT_OUT;
use xtask_openapi::{SpecError, merge, names};

/// What is escaped in the name of a query parameter, as in its value: all but the unreserved characters of
/// RFC 3986, section 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The file with the builders of a module.
pub(super) fn file(plan: &Plan, module: &Module, raw: &Raw, calls: &mut Calls) -> Result<Draft, SpecError> {
    let mut code = TokenStream::new();
    let mut arguments = TokenStream::new();
    for (name, operation) in &module.operations {
        let Some(call) = raw.calls.get(&names::pascal(name)) else {
            return Err(internal(operation, "progenitor generated no builder"));
        };
        let builder = Builder::new(name, operation, call)?;
        calls.add(module, &builder);
        code.extend(builder.code());
        arguments.extend(builder.given());
    }
    let code = quote! {
        #[allow(unused_imports)]
        use crate::runtime::{Client, Error, Problems, RequestBuilder, ResponseValue};
        use super::{operations, types};

        /// What calls hold.
        mod arguments {
            #[allow(unused_imports)]
            use crate::runtime::Required;
            #[allow(unused_imports)]
            use super::super::types;

            #arguments
        }

        #code
    };
    let doc = format!("Calls of the API family `{}`, being built.", module.family);
    Ok(Draft::of_module(plan, module, &doc, code))
}

fn internal(operation: &OperationEntry, problem: &str) -> SpecError {
    SpecError::new(
        merge::RESULT,
        &operation.pointer,
        problem,
        "compare `xtask/codegen` with the progenitor release in use",
    )
}

/// How many arguments a call carries about with it; more are put into a box.
const MOST_UNBOXED: usize = 3;

/// The builder of one operation.
pub(super) struct Builder<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: Vec<Argument<'a>>,
    pub(super) body: Option<Body>,
    operation: &'a OperationEntry,
    success: Type,
}

/// A path, query or header parameter.
pub(super) struct Argument<'a> {
    pub(super) ident: Ident,
    pub(super) wire: &'a str,
    location: &'a str,
    /// What the setter takes, without the `Option` of an optional one.
    pub(super) value: Type,
    required: bool,
    doc: String,
}

/// The request body.
pub(super) struct Body {
    /// The type that is sent.
    pub(super) value: Type,
    /// The type's builder, if it has one.
    builder: Option<Type>,
}

impl<'a> Builder<'a> {
    fn new(name: &'a str, operation: &'a OperationEntry, call: &RawCall) -> Result<Self, SpecError> {
        let field = |ident: &str| -> Option<Type> {
            let field = call
                .builder
                .fields
                .iter()
                .find(|field| field.ident.as_ref().is_some_and(|name| name == ident))?;
            let mut value = first_argument(&field.ty)?;
            ShortNames.visit_type_mut(&mut value);
            Some(value)
        };
        let mut arguments = Vec::new();
        for parameter in operation.parameters() {
            let text = |key: &str| parameter.get(key).and_then(serde_json::Value::as_str);
            let wire = text("name").unwrap_or_default();
            let ident = names::argument(wire);
            let Some(value) = field(&ident) else {
                return Err(internal(operation, &format!("progenitor generated no argument `{ident}`")));
            };
            // The document may require what the pass `optional-company` has made optional.
            let optional = optional_value(&value);
            let required = optional.is_none();
            arguments.push(Argument {
                ident: format_ident!("{ident}"),
                wire,
                location: text("in").unwrap_or_default(),
                value: optional.unwrap_or(value),
                required,
                doc: argument_doc(parameter, required),
            });
        }
        let body = field("body").map(|value| match type_of_builder(&value) {
            Some(sent) => Body { value: sent, builder: Some(value) },
            None => Body { value, builder: None },
        });
        let Some(mut success) = call.success.clone() else {
            return Err(internal(operation, "progenitor generated no `send`"));
        };
        ShortNames.visit_type_mut(&mut success);
        if success.to_token_stream().to_string().contains("ByteStream") {
            return Err(internal(operation, "the success is neither JSON nor empty"));
        }
        Ok(Self { name, arguments, body, operation, success })
    }

    fn struct_name(&self) -> Ident {
        format_ident!("{}", names::pascal(self.name))
    }

    /// Whether the call is given anything.
    fn takes_anything(&self) -> bool {
        self.body.is_some() || !self.arguments.is_empty()
    }

    /// The struct that holds what the call is given.
    fn given(&self) -> Option<TokenStream> {
        if !self.takes_anything() {
            return None;
        }
        let struct_name = self.struct_name();
        let arguments = self.arguments.iter().map(|argument| {
            let (ident, place) = (&argument.ident, place(&argument.value, argument.required));
            quote! { pub(super) #ident: #place }
        });
        let body = self.body.as_ref().map(|body| {
            let place = body.builder.as_ref().map_or_else(|| place(&body.value, true), |it| quote! { #it });
            quote! { pub(super) body: #place }
        });
        let fields = arguments.chain(body);
        Some(quote! {
            #[derive(Clone, Default)]
            pub(super) struct #struct_name { #(#fields),* }
        })
    }

    /// The call. What it is given is in a box, if it is much: a call passes through a function an argument.
    fn code(&self) -> TokenStream {
        let struct_name = self.struct_name();
        let doc =
            print::docs(&format!(" A call of [`Client::{}`]: `{}`.", self.name, self.operation.request()));
        let new_doc = print::docs("The call without any argument set yet.");
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
                Some(_) => quote! { request.json(#value::try_from(given.body)); },
                None if is_list(value) => quote! { request.json_list(&given.body); },
                None => quote! { request.json_given(&given.body); },
            }
        });
        let finish = if matches!(success, Type::Tuple(tuple) if tuple.elems.is_empty()) {
            quote! { send_empty }
        } else {
            quote! { send_json }
        };
        let doc = print::docs(
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
        let doc = print::docs(doc);
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
        let doc = print::docs("The request body.");
        match &self.builder {
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

/// `types::X` of `types::builder::X`.
fn type_of_builder(builder: &Type) -> Option<Type> {
    let Type::Path(path) = builder else { return None };
    let mut segments = path.path.segments.iter().map(|segment| &segment.ident);
    match (segments.next(), segments.next(), segments.next()) {
        (Some(types), Some(builder), Some(name)) if types == "types" && builder == "builder" => {
            Some(parse_quote!(types::#name))
        }
        _ => None,
    }
}

/// Writes names of Rust's prelude short.
struct ShortNames;

impl VisitMut for ShortNames {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        shorten(path);
    }
}

/// The type of the place that holds a value until it is sent, see the runtime's `Place`.
pub(super) fn place(value: &Type, required: bool) -> TokenStream {
    if required {
        quote! { Required<#value> }
    } else {
        quote! { Option<#value> }
    }
}

fn is_list(value: &Type) -> bool {
    matches!(value, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Vec"))
}

/// What is in the `Option` of an argument that may be left out.
pub(super) fn optional_value(value: &Type) -> Option<Type> {
    match value {
        Type::Path(path) if path.path.segments.last()?.ident == "Option" => first_argument(value),
        _ => None,
    }
}

fn argument_doc(parameter: &serde_json::Value, required: bool) -> String {
    let text = |key: &str| parameter.get(key).and_then(serde_json::Value::as_str);
    let documented = parameter.get("required") == Some(&serde_json::Value::Bool(true));
    let need = if documented { "required" } else { "optional" };
    let location = text("in").unwrap_or_default();
    let wire = text("name").unwrap_or_default();
    let mut doc = match text("description") {
        Some(description) => format!(" {}\n\n ", description.trim_end()),
        None => " ".to_owned(),
    };
    let _ = write!(doc, "The {need} {location} parameter `{wire}`.");
    if documented && !required {
        let _ = write!(doc, " {MAY_BE_LEFT_OUT}");
    }
    doc
}

/// The file that declares a module: its methods on the client and its parts.
pub(super) fn module_file(plan: &Plan, module: &Module) -> Draft {
    if module.name == COMMON {
        let doc = "What several API families share.";
        return Draft::of_module(plan, module, doc, quote! { pub mod types; });
    }
    let apis = module.apis.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut doc = format!("The API family `{0}` ({apis}); needs the feature `{0}`.\n\n", module.family);
    for (name, operation) in &module.operations {
        let deprecated = if operation.flag("deprecated") { " (deprecated)" } else { "" };
        let _ = writeln!(doc, "- [`{name}`](crate::Client::{name}): `{}`{deprecated}", operation.request());
    }
    let methods = module.operations.iter().map(|(name, operation)| method(module, name, operation));
    let heading = print::docs(&format!(
        "Operations of the family [`{0}`](crate::{1}); they need the feature `{0}`.",
        module.family, module.name
    ));
    let code = quote! {
        pub mod builder;
        pub mod operations;
        pub mod types;

        #(#heading)*
        impl crate::Client { #(#methods)* }
    };
    Draft::of_module(plan, module, &doc, code)
}

fn method(module: &Module, name: &str, operation: &OperationEntry) -> TokenStream {
    let ident = format_ident!("{name}");
    let builder = format_ident!("{}", names::pascal(name));
    let doc = print::docs(&method_doc(module, operation));
    let pleo_id = operation.text("x-pleo-operation-id");
    let alias = (!pleo_id.is_empty() && pleo_id != name && is_alias(pleo_id))
        .then(|| quote! { #[doc(alias = #pleo_id)] });
    let deprecated = operation.flag("deprecated").then(|| match operation.text("x-pleo-superseded-by") {
        "" => quote! { #[deprecated = "Pleo has deprecated this operation"] },
        successor => {
            let note = format!("Pleo has deprecated this operation; use `{successor}`");
            quote! { #[deprecated = #note] }
        }
    });
    quote! {
        #(#doc)*
        #alias
        #deprecated
        pub fn #ident(&self) -> builder::#builder<'_> {
            builder::#builder::new(self)
        }
    }
}

/// Whether rustdoc takes the text as an alias.
fn is_alias(text: &str) -> bool {
    !text.contains(['"', '\''])
        && text.trim() == text
        && !text.contains(|c: char| c.is_whitespace() && c != ' ')
}

fn method_doc(module: &Module, operation: &OperationEntry) -> String {
    let mut doc = format!(" {}\n\n", operation.description().trim_end());
    let _ = writeln!(doc, " - Request: `{}`", operation.request());
    let scopes = operation.value.get("x-pleo-scopes").and_then(serde_json::Value::as_array);
    let scopes = scopes.map(|scopes| {
        scopes
            .iter()
            .filter_map(|scope| Some(format!("`{}`", scope.as_str()?)))
            .collect::<Vec<_>>()
            .join(", ")
    });
    let _ = match scopes.as_deref() {
        Some(scopes) => writeln!(doc, " - Scopes: {scopes}"),
        None => writeln!(doc, " - Scopes: not known from Pleo's documents"),
    };
    if operation.flag("deprecated") {
        let _ = match operation.text("x-pleo-superseded-by") {
            "" => writeln!(doc, " - Deprecated by Pleo"),
            successor if module.operations.contains_key(successor) => {
                writeln!(doc, " - Deprecated by Pleo, superseded by [`{successor}`](Self::{successor})")
            }
            // A method of another family is there only if that family is chosen too.
            successor => writeln!(doc, " - Deprecated by Pleo, superseded by `{successor}`"),
        };
    }
    if operation.flag("x-pleo-unlisted") {
        let _ = writeln!(doc, " - Left out of Pleo's documentation site");
    }
    let _ = writeln!(
        doc,
        " - Pleo's name: `{}` in {}",
        operation.text("x-pleo-operation-id"),
        operation.text("x-pleo-api")
    );
    let page = documentation(operation);
    let label = if page == INDEX { "index of Pleo's pages" } else { "Pleo's page" };
    let _ = write!(doc, " - Documentation: [{label}]({page})");
    doc
}

/// The index of all pages of Pleo's documentation (Z99).
const INDEX: &str = "https://developers.pleo.io/llms.txt";

/// Pleo's page about an operation, or the index of all pages where the page is not known.
pub(super) fn documentation(operation: &OperationEntry) -> &str {
    let url = operation.value.get("externalDocs").and_then(|docs| docs.get("url"));
    url.and_then(serde_json::Value::as_str).unwrap_or(INDEX)
}
