//! What a call of an operation takes and gives.

use std::fmt::Write as _;

use quote::{ToTokens, format_ident};
use serde_json::Value;
use syn::{Ident, Type, visit_mut::VisitMut};

use crate::plan::OperationEntry;
use crate::progenitor::RawCall;
use crate::prose::prose;
use crate::rust::{ShortNames, first_argument, optional_value, type_of_builder};
use xtask_openapi::passes::MAY_BE_LEFT_OUT;
use xtask_openapi::{
    SpecError,
    foreign::{is_hidden, markdown_code},
    merge, names,
};

/// The builder of one operation.
pub(crate) struct Builder<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: Vec<Argument<'a>>,
    pub(crate) body: Option<Body>,
    pub(crate) operation: &'a OperationEntry,
    pub(crate) success: Type,
}

/// A path, query or header parameter.
pub(crate) struct Argument<'a> {
    pub(crate) ident: Ident,
    pub(crate) wire: &'a str,
    pub(crate) location: &'a str,
    /// What the setter takes, without the `Option` of an optional one.
    pub(crate) value: Type,
    pub(crate) required: bool,
    pub(crate) doc: String,
}

/// The request body.
pub(crate) struct Body {
    /// The type that is sent.
    pub(crate) value: Type,
    /// The type's builder, if it has one.
    pub(crate) builder: Option<Type>,
    /// Whether the call has to have a body.
    pub(crate) required: bool,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(
        name: &'a str,
        operation: &'a OperationEntry,
        call: &RawCall,
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
        let required = operation.value.get("requestBody").and_then(|body| body.get("required"));
        let required = required == Some(&Value::Bool(true));
        let body = field("body").map(|value| match type_of_builder(&value) {
            Some(sent) => Body { value: sent, builder: Some(value), required },
            None => Body { value, builder: None, required },
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

    pub(crate) fn struct_name(&self) -> Ident {
        format_ident!("{}", names::pascal(self.name))
    }

    /// Whether the call is given anything.
    pub(crate) fn takes_anything(&self) -> bool {
        self.body.is_some() || !self.arguments.is_empty()
    }
}

fn argument_doc(parameter: &Value, required: bool) -> String {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str);
    let documented = parameter.get("required") == Some(&Value::Bool(true));
    let need = if documented { "required" } else { "optional" };
    let location = text("in").unwrap_or_default();
    let wire = text("name").unwrap_or_default();
    let mut doc = match text("description") {
        Some(description) => format!(" {}\n\n ", prose(description)),
        None => " ".to_owned(),
    };
    let _ = write!(doc, "The {need} {location} parameter {}.", markdown_code(wire));
    if documented && !required {
        let _ = write!(doc, " {MAY_BE_LEFT_OUT}");
    }
    doc
}

pub(crate) fn internal(operation: &OperationEntry, problem: &str) -> SpecError {
    SpecError::new(
        merge::RESULT,
        &operation.pointer,
        problem,
        "compare `xtask/codegen` with the progenitor release in use",
    )
}
