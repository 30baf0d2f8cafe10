//! What a call of an operation takes and gives.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::{Ident, Type, visit_mut::VisitMut};

use crate::plan::OperationEntry;
use crate::progenitor::RawCall;
use crate::prose::{inline, prose};
use crate::rust::{ShortNames, first_argument, optional_value, type_of_builder};
use xtask_openapi::passes::{COMPANY, MAY_BE_LEFT_OUT};
use xtask_openapi::{
    SpecError,
    foreign::{is_hidden, markdown_code},
    merge, names,
};

/// The builder of one operation.
pub(crate) struct Builder<'a> {
    pub(crate) name: &'a str,
    /// In the order of the request: those of the path as its template has them, then the others.
    pub(crate) arguments: Vec<Argument<'a>>,
    pub(crate) body: Option<Body>,
    pub(crate) operation: &'a OperationEntry,
    pub(crate) success: Type,
    /// Whether the operation returns a list in pages, which are read after a cursor.
    pub(crate) is_paged: bool,
}

/// A path, query or header parameter.
pub(crate) struct Argument<'a> {
    pub(crate) ident: Ident,
    pub(crate) wire: &'a str,
    pub(crate) location: &'a str,
    /// What it has to convert to, without the `Option` of an optional one.
    pub(crate) value: Type,
    /// Whether the call has to be given it.
    pub(crate) required: bool,
    /// Whether the document requires it; a pass may have made it optional.
    documented: bool,
    description: Option<&'a str>,
}

/// The request body.
pub(crate) struct Body {
    /// The type that is sent.
    pub(crate) value: Type,
    /// Whether the type has a builder, which may be given instead and may be incomplete.
    pub(crate) built: bool,
    /// Whether the call has to have a body.
    pub(crate) required: bool,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(
        name: &'a str,
        operation: &'a OperationEntry,
        call: &RawCall,
        pages_have_cursors: bool,
    ) -> Result<Self, SpecError> {
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
        for (index, parameter) in operation.parameters().enumerate() {
            let text = |key: &str| parameter.get(key).and_then(Value::as_str);
            let wire = text("name").unwrap_or_default();
            // Errors of the client name it.
            if wire.chars().any(is_hidden) {
                return Err(SpecError::new(
                    merge::RESULT,
                    format!("{}/parameters/{index}/name", operation.pointer),
                    format!("a parameter whose name {wire:?} holds a character that nobody sees"),
                    "correct the name, or take the parameter out with an overlay",
                ));
            }
            let ident = names::argument(wire);
            let Some(value) = field(&ident) else {
                return Err(internal(operation, &format!("progenitor generated no argument `{ident}`")));
            };
            // progenitor makes an `Option` of what may be left out, of what may be null, and of what may be both.
            let mut value = value;
            while let Some(inner) = optional_value(&value) {
                value = inner;
            }
            let documented = parameter.get("required") == Some(&Value::Bool(true));
            let location = text("in").unwrap_or_default();
            // The pass `optional-company` has made it optional, whatever the document says.
            let is_company = location == "query" && COMPANY.contains(&wire);
            arguments.push(Argument {
                ident: format_ident!("{ident}"),
                wire,
                location,
                value,
                required: documented && !is_company,
                documented,
                description: text("description"),
            });
        }
        arguments.sort_by_key(|argument| match argument.location {
            "path" => operation.path.find(&format!("{{{}}}", argument.wire)),
            _ => Some(usize::MAX),
        });
        let required = operation.value.get("requestBody").and_then(|body| body.get("required"));
        let required = required == Some(&Value::Bool(true));
        let body = field("body").map(|value| {
            let sent = type_of_builder(&value);
            Body { built: sent.is_some(), value: sent.unwrap_or(value), required }
        });
        let Some(mut success) = call.success.clone() else {
            return Err(internal(operation, "progenitor generated no `send`"));
        };
        ShortNames.visit_type_mut(&mut success);
        if success.to_token_stream().to_string().contains("ByteStream") {
            return Err(internal(operation, "the success is neither JSON nor empty"));
        }
        let reads_after = arguments.iter().any(|argument| argument.is_cursor(AFTER));
        let is_paged = pages_have_cursors && is_page(&success) && reads_after;
        Ok(Self { name, arguments, body, operation, success, is_paged })
    }

    pub(crate) fn struct_name(&self) -> Ident {
        format_ident!("{}", names::pascal(self.name))
    }

    /// What the call has to be given, besides the body.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Argument<'a>> {
        self.arguments.iter().filter(|argument| argument.required)
    }

    /// What the call may be given, besides the body.
    pub(crate) fn optional(&self) -> impl Iterator<Item = &Argument<'a>> {
        self.arguments.iter().filter(|argument| !argument.required)
    }

    /// What the call has to be given, as names and types of a function's parameters.
    pub(crate) fn parameters(&self) -> (Vec<Ident>, Vec<TokenStream>) {
        let arguments = self.required().map(|argument| (argument.ident.clone(), argument.taken()));
        let body = self.required_body().map(|body| (format_ident!("body"), body.taken()));
        arguments.chain(body).unzip()
    }

    /// The body that the call has to have.
    pub(crate) fn required_body(&self) -> Option<&Body> {
        self.body.as_ref().filter(|body| body.required)
    }

    /// The body that the call may have.
    pub(crate) fn optional_body(&self) -> Option<&Body> {
        self.body.as_ref().filter(|body| !body.required)
    }

    /// Whether the call is given anything.
    pub(crate) fn takes_anything(&self) -> bool {
        self.body.is_some() || !self.arguments.is_empty()
    }
}

/// The parameters that say where a page is read: after a cursor, before one, or from a position.
pub(super) const AFTER: &str = "after";
pub(super) const BEFORE: &str = "before";
pub(super) const OFFSET: &str = "offset";

/// Whether a type is the generic page of a list.
fn is_page(value: &Type) -> bool {
    matches!(value, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Page"))
        && first_argument(value).is_some()
}

impl Argument<'_> {
    /// Whether it is the optional query parameter of this name, and a text.
    pub(crate) fn is_cursor(&self, name: &str) -> bool {
        let Self { value, .. } = self;
        self.is_position(name) && quote!(#value).to_string() == "String"
    }

    /// Whether it says between which pages the list is read.
    pub(crate) fn is_any_cursor(&self) -> bool {
        self.is_cursor(AFTER) || self.is_cursor(BEFORE)
    }

    /// Whether it is the optional query parameter of this name.
    pub(crate) fn is_position(&self, name: &str) -> bool {
        self.wire == name && self.ident == name && self.location == "query" && !self.required
    }

    /// What it is, in one line.
    pub(crate) fn line(&self) -> String {
        let what = format!("the {} parameter {}", self.location, markdown_code(self.wire));
        match self.description {
            Some(description) => format!("{what}: {}", inline(description)),
            None => what,
        }
    }

    /// The documentation of its setter.
    pub(crate) fn setter_doc(&self) -> String {
        let need = if self.documented { "required" } else { "optional" };
        let mut doc = match self.description {
            Some(description) => format!(" {}\n\n ", prose(description)),
            None => " ".to_owned(),
        };
        let _ = write!(doc, "The {need} {} parameter {}.", self.location, markdown_code(self.wire));
        if self.documented {
            let _ = write!(doc, " {MAY_BE_LEFT_OUT}");
        }
        doc
    }

    /// The type of a function's parameter that takes it.
    pub(crate) fn taken(&self) -> TokenStream {
        let value = &self.value;
        match self.is_any_cursor() {
            true => quote! { impl crate::IntoCursor },
            false => quote! { impl TryInto<#value> },
        }
    }
}

impl Body {
    /// What it is, in one line.
    pub(crate) fn line(&self) -> &'static str {
        match self.built {
            true => "the request body, or its builder",
            false => "the request body",
        }
    }

    /// The type of a function's parameter that takes it.
    pub(crate) fn taken(&self) -> TokenStream {
        let value = &self.value;
        match self.built {
            true => quote! { impl TryInto<#value, Error: Into<crate::ConversionError>> },
            false => quote! { impl TryInto<#value> },
        }
    }
}

pub(crate) fn internal(operation: &OperationEntry, problem: &str) -> SpecError {
    SpecError::new(
        merge::RESULT,
        &operation.pointer,
        problem,
        "compare `xtask/codegen` with the progenitor release in use",
    )
}
