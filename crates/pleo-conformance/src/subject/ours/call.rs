//! Calling an operation of our client by name, with its arguments as JSON.

use std::collections::BTreeMap;

use http::StatusCode;
use pleo_client::{Error, ResponseValue};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The arguments of a call: parameters by their name on the wire, and the body.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// Parameters that are given.
    pub parameters: BTreeMap<String, Value>,
    /// The body, if one is given.
    pub body: Option<Value>,
}

/// Why there is no answer to a call.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no such operation.
    #[error("no operation is called {0}")]
    NoSuchOperation(String),
    /// An argument is of another type than the operation takes.
    #[error("the argument {name} does not fit: {source}")]
    Argument {
        /// The parameter's name on the wire, or `body`.
        name: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A required argument is missing.
    #[error("the required argument {0} is missing")]
    Missing(&'static str),
    /// The client refused the call, or it failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Arguments {
    pub(super) fn required<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, CallError> {
        self.parameter(name)?.ok_or(CallError::Missing(name))
    }

    pub(super) fn required_body<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        self.body()?.ok_or(CallError::Missing("body"))
    }

    pub(super) fn parameter<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CallError> {
        decoded(self.parameters.get(name), name)
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<Option<T>, CallError> {
        decoded(self.body.as_ref(), "body")
    }
}

fn decoded<T: DeserializeOwned>(value: Option<&Value>, name: &str) -> Result<Option<T>, CallError> {
    let Some(value) = value else { return Ok(None) };
    // A parameter may be given as the text that stands in a URL.
    match serde_json::from_value(value.clone())
        .or_else(|error| serde_json::from_value(literal(value)).map_err(|_| error))
    {
        Ok(value) => Ok(Some(value)),
        Err(source) => Err(CallError::Argument { name: name.to_owned(), source }),
    }
}

/// The value with texts of numbers and booleans as what they say.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        Value::Array(items) => items.iter().map(literal).collect(),
        other => other.clone(),
    }
}

/// A decoded success, encoded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The JSON that the decoded body encodes to; `null` where there is none.
    pub json: String,
}

pub(super) fn answer<T: Serialize>(response: Result<ResponseValue<T>, Error>) -> Result<Answer, CallError> {
    let response = response?;
    let json = serde_json::to_string(&*response)
        .map_err(|source| CallError::Argument { name: "answer".to_owned(), source })?;
    Ok(Answer { status: response.status(), json })
}

/// Declares `call` over a table of all operations.
macro_rules! calls {
    ($(
        $method:ident($($required:literal: $required_type:ty,)* $(body: $required_body:ty,)?) {
            $($wire:literal => $argument:ident: $type:ty,)*
        } $(=> $body:ty;)?
    )*) => {
        $(
            #[allow(deprecated, unused_variables)]
            async fn $method(
                client: &pleo_client::Client,
                arguments: &super::call::Arguments,
            ) -> Result<super::call::Answer, super::call::CallError> {
                let call = client.$method(
                    $(arguments.required::<$required_type>($required)?,)*
                    $(arguments.required_body::<$required_body>()?)?
                );
                $(let call = match arguments.parameter::<$type>($wire)? {
                    Some(value) => call.$argument(value),
                    None => call,
                };)*
                $(let call = match arguments.body::<$body>()? {
                    Some(value) => call.body(value),
                    None => call,
                };)?
                super::call::answer(call.send().await)
            }
        )*

        /// Calls the operation of this name through its generated builder.
        ///
        /// # Errors
        /// For a name that no operation has, an argument that is missing or does not fit, a refusal, and
        /// whatever the call may fail with.
        pub async fn call(
            client: &pleo_client::Client,
            operation: &str,
            arguments: &super::call::Arguments,
        ) -> Result<super::call::Answer, super::call::CallError> {
            match operation {
                $(stringify!($method) => Box::pin($method(client, arguments)).await,)*
                _ => Err(super::call::CallError::NoSuchOperation(operation.to_owned())),
            }
        }
    };
}

pub(super) use calls;
