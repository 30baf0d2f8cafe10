//! Calls of operations that are chosen at run time.

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    BoxFuture, Client, Error, InvalidArgument, ListCall, ListPage, Operation, Parameter, ParameterLocation,
    Problems, RequestBuilder, ResponseValue, identifier,
    operation::{AFTER, BEFORE, OFFSET},
    request::ESCAPED,
};

/// A call of an operation that is chosen at run time: its arguments are text, and its bodies are JSON as it is.
///
/// For a program that knows its operations when it is written, their own methods are better: the compiler checks
/// their arguments. This one is for tools, which find an operation by `operations::find`.
/// Nothing is checked against the operation's types, so a wrong value is found by the service.
///
/// `Debug` shows the operation and the names of the arguments, and no value.
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct OperationCall<'a> {
    client: &'a Client,
    operation: &'static Operation,
    arguments: Vec<(&'static Parameter, String)>,
    body: Option<Box<RawValue>>,
}

/// Why an operation does not take an argument. It shows the argument's name and no value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The operation has no parameter of this name.
    // What was given as a name may be a value in the wrong position.
    #[error("{operation} has no parameter {}; {}", identifier(name).unwrap_or("of that name"), names(parameters))]
    Unknown {
        /// The operation.
        operation: &'static str,
        /// The name that was given.
        name: String,
        /// The parameters that it has.
        parameters: &'static [Parameter],
    },
    /// The operation takes the parameter once, and it was given again.
    #[error("{operation} takes the parameter `{name}` once only")]
    Repeated {
        /// The operation.
        operation: &'static str,
        /// The parameter.
        name: &'static str,
    },
}

crate::debug_by_chain!(ParameterError);

fn names(parameters: &[Parameter]) -> String {
    match parameters {
        [] => "it has none".to_owned(),
        _ => {
            let names: Vec<_> = parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
            format!("it has {}", names.join(", "))
        }
    }
}

impl Client {
    /// A call of an operation that is chosen at run time.
    pub fn operation(&self, operation: &'static Operation) -> OperationCall<'_> {
        OperationCall { client: self, operation, arguments: Vec::new(), body: None }
    }
}

impl<'a> OperationCall<'a> {
    /// Sets a parameter by its name on the wire, such as `companyId`. A list takes several values, one at a time.
    ///
    /// # Errors
    /// When the operation has no such parameter, or takes it once and has it already.
    pub fn argument(mut self, name: &str, value: impl Into<String>) -> Result<Self, ParameterError> {
        let operation = self.operation.id;
        let parameters = self.operation.parameters;
        let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) else {
            return Err(ParameterError::Unknown { operation, name: name.to_owned(), parameters });
        };
        if !parameter.list && self.value(parameter.name).is_some() {
            return Err(ParameterError::Repeated { operation, name: parameter.name });
        }
        self.arguments.push((parameter, value.into()));
        Ok(self)
    }

    /// Sets the request's body.
    pub fn json(self, body: Box<RawValue>) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Sends the call. The value is the response's body as it came, or `None` if the operation returns none.
    ///
    /// # Errors
    /// See [`Error`]. Nothing is sent when a required argument or body is missing. A company that the client is
    /// bound to needs no argument.
    pub async fn send(self) -> Result<ResponseValue<Option<Box<RawValue>>>, Error> {
        let has_body = self.operation.responds_with_json;
        let request = self.request()?;
        if has_body {
            Ok(request.send_json::<Box<RawValue>>().await?.map(Some))
        } else {
            Ok(request.send_empty().await?.map(|()| None))
        }
    }

    fn value<'s>(&'s self, name: &'s str) -> Option<&'s str> {
        self.values(name).next()
    }

    fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.arguments.iter().filter(move |(parameter, _)| parameter.name == name).map(|(_, value)| &**value)
    }

    fn request(self) -> Result<RequestBuilder<'a>, Error> {
        let operation = self.operation;
        if let Some(name) = self.missing() {
            return Err(Error::InvalidArgument { operation, argument: InvalidArgument::Missing { name } });
        }
        let mut request = RequestBuilder::new(self.client, operation, &Problems::default());
        let at = |location| operation.parameters.iter().filter(move |it| it.location == location);
        for parameter in at(ParameterLocation::Path) {
            request.path(parameter.name, &self.value(parameter.name).map(str::to_owned));
        }
        for parameter in at(ParameterLocation::Query) {
            let name = utf8_percent_encode(parameter.name, ESCAPED).to_string();
            let values: Vec<String> = self.values(parameter.name).map(str::to_owned).collect();
            request.query(&name, &Some(values));
        }
        for parameter in at(ParameterLocation::Header) {
            request.header(parameter.name, &self.value(parameter.name));
        }
        request.json(&self.body);
        Ok(request)
    }

    /// The first parameter, or `body`, that the operation requires and the call does not have. A company in the query
    /// is not missing: a client that is bound to one adds it.
    pub fn missing(&self) -> Option<&'static str> {
        let operation = self.operation;
        let is_missing = |parameter: &&Parameter| {
            parameter.required
                && self.value(parameter.name).is_none()
                && operation.company.query_name() != Some(parameter.name)
        };
        let body = operation.request_body.filter(|body| body.required && self.body.is_none());
        let parameter = operation.parameters.iter().find(is_missing).map(|parameter| parameter.name);
        parameter.or(body.map(|_| "body"))
    }
}

impl std::fmt::Debug for OperationCall<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.arguments.iter().map(|(parameter, _)| parameter.name).collect();
        f.debug_struct("OperationCall")
            .field("operation", &self.operation.id)
            .field("arguments", &names)
            .finish_non_exhaustive()
    }
}

/// A page of a list whose entries are JSON as it came.
#[derive(Deserialize)]
pub struct JsonPage {
    data: Vec<Box<RawValue>>,
    pagination: JsonPagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonPagination {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl ListPage for JsonPage {
    type Item = Box<RawValue>;

    fn has_next_page(&self) -> bool {
        self.pagination.has_next_page
    }

    fn end_cursor(&self) -> Option<&str> {
        self.pagination.end_cursor.as_deref()
    }

    fn into_items(self) -> Vec<Box<RawValue>> {
        self.data
    }
}

impl std::fmt::Debug for JsonPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonPage").field("entries", &self.data.len()).finish_non_exhaustive()
    }
}

/// For operations that return a list in pages ([`Operation::is_paged`]). Another operation's response is
/// [`Error::Decode`], because it is not a page.
impl<'a> ListCall for OperationCall<'a> {
    type Page = JsonPage;
    type Fetch = BoxFuture<'a, Result<ResponseValue<JsonPage>, Error>>;

    fn operation(&self) -> &'static Operation {
        self.operation
    }

    fn start(&self) -> Option<&str> {
        self.value(AFTER)
    }

    fn is_backwards(&self) -> bool {
        self.value(BEFORE).is_some()
    }

    fn read_after(mut self, cursor: String) -> Self {
        self.arguments.retain(|(parameter, _)| ![AFTER, OFFSET].contains(&parameter.name));
        if let Some(after) = self.operation.parameters.iter().find(|parameter| parameter.name == AFTER) {
            self.arguments.push((after, cursor));
        }
        self
    }

    fn fetch(self) -> Self::Fetch {
        Box::pin(async move { self.request()?.send_json().await })
    }
}
