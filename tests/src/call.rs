//! Calling an operation by name, with its arguments as JSON.

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

impl Arguments {
    pub(crate) fn parameter<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let value = self.parameters.get(name)?.clone();
        Some(serde_json::from_value(value).unwrap_or_else(|error| panic!("argument {name}: {error}")))
    }

    pub(crate) fn body<T: DeserializeOwned>(&self) -> Option<T> {
        let body = self.body.clone()?;
        Some(serde_json::from_value(body).unwrap_or_else(|error| panic!("body: {error}")))
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

pub(crate) fn answer<T: Serialize>(response: Result<ResponseValue<T>, Error>) -> Result<Answer, Error> {
    let response = response?;
    let json = serde_json::to_string(&*response).unwrap_or_else(|error| panic!("encoding: {error}"));
    Ok(Answer { status: response.status(), json })
}

/// Declares `call` over a table of all operations.
macro_rules! calls {
    ($($method:ident { $($wire:literal => $argument:ident: $type:ty,)* } $(=> $body:ty;)?)*) => {
        $(
            #[allow(deprecated, unused_variables)]
            async fn $method(
                client: &pleo_client::Client,
                arguments: &$crate::call::Arguments,
            ) -> Result<$crate::call::Answer, pleo_client::Error> {
                let call = client.$method();
                $(let call = match arguments.parameter::<$type>($wire) {
                    Some(value) => call.$argument(value),
                    None => call,
                };)*
                $(let call = match arguments.body::<$body>() {
                    Some(value) => call.body(value),
                    None => call,
                };)?
                $crate::call::answer(call.send().await)
            }
        )*

        /// Calls the operation of this name through its generated builder.
        ///
        /// # Panics
        /// For a name that no operation has, or an argument that does not decode to its type.
        pub async fn call(
            client: &pleo_client::Client,
            operation: &str,
            arguments: &$crate::call::Arguments,
        ) -> Result<$crate::call::Answer, pleo_client::Error> {
            match operation {
                $(stringify!($method) => Box::pin($method(client, arguments)).await,)*
                _ => panic!("no operation is called {operation}"),
            }
        }
    };
}

pub(crate) use calls;
