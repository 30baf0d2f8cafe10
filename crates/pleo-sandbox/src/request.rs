//! Comparing a request with the document.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use http::{Request, header};
use pleo_client::{CompanyLocation, Operation, Parameter, ParameterLocation};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::{answer::Refusal, document};

/// The company's name in Z38, which Z40 wants in each and every request.
pub(crate) const COMPANY: &str = "company_id";

/// Of these, one at most (P2).
const EXCLUSIVE: [&str; 3] = ["before", "after", "offset"];

/// The query's pairs, decoded, in their order.
pub(crate) fn query(request: &Request<Bytes>) -> Vec<(String, String)> {
    form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// The values of a query parameter.
pub(crate) fn values<'a>(query: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    query.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
}

/// Compares path and query with the document's parameters.
pub(crate) fn check_parameters(
    operation: &'static Operation,
    path: &BTreeMap<&'static str, String>,
    query: &[(String, String)],
) -> Result<(), Refusal> {
    let elsewhere = !matches!(operation.company, CompanyLocation::Query { .. });
    let known = |name: &str| {
        let mut parameters = operation.parameters.iter();
        parameters.any(|known| known.location == ParameterLocation::Query && known.name == name)
            || (elsewhere && name == COMPANY)
    };
    for (name, _) in query {
        if !known(name) {
            return Err(Refusal::bad_request(format!("there is no query parameter {name:?}")));
        }
    }
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let given: Vec<&str> = match parameter.location {
            ParameterLocation::Path => path.get(parameter.name).map(String::as_str).into_iter().collect(),
            ParameterLocation::Query => values(query, parameter.name),
            ParameterLocation::Header => continue,
        };
        check_parameter(operation, index, parameter, &given)?;
    }
    let given = EXCLUSIVE.iter().filter(|name| !values(query, name).is_empty()).count();
    if given > 1 {
        return Err(Refusal::bad_request("before, after and offset exclude one another"));
    }
    Ok(())
}

fn check_parameter(
    operation: &Operation,
    index: usize,
    parameter: &Parameter,
    given: &[&str],
) -> Result<(), Refusal> {
    let name = parameter.name;
    let pointer = document::parameter_pointer(operation, index);
    let value = match given {
        [] if parameter.required => return Err(Refusal::missing(format!("the parameter {name} is missing"))),
        [] => return Ok(()),
        texts if parameter.list => {
            let item = format!("{pointer}/items");
            texts.iter().map(|text| typed(&item, text)).collect()
        }
        [text] => typed(&pointer, text),
        _ => return Err(Refusal::bad_request(format!("the parameter {name} is there more than once"))),
    };
    document::check(&pointer, &value)
        .map_err(|mismatch| Refusal::bad_request(format!("the parameter {name} is invalid: {mismatch}")))
}

/// A parameter's text as a value of its schema's type; what is not such a value stays a text, and is refused.
fn typed(pointer: &str, text: &str) -> Value {
    let parsed = match document::type_of(pointer) {
        Some("integer") => text.parse().ok().map(|number: i64| number.into()),
        Some("number") => text.parse().ok().map(|number: f64| number.into()),
        Some("boolean") => text.parse().ok().map(Value::Bool),
        _ => None,
    };
    parsed.unwrap_or_else(|| text.into())
}

/// The body, if the operation takes one: its media type and that it is JSON.
pub(crate) fn body(operation: &Operation, request: &Request<Bytes>) -> Result<Option<Value>, Refusal> {
    let Some(expected) = operation.request_body else { return Ok(None) };
    if request.body().is_empty() {
        let needed = expected.required;
        return if needed { Err(Refusal::missing("the body is missing")) } else { Ok(None) };
    }
    let wanted = essence(expected.media_type);
    let mut types = request.headers().get_all(header::CONTENT_TYPE).iter();
    let given = types.next().and_then(|value| value.to_str().ok()).map(essence);
    if types.next().is_some() || !given.is_some_and(|given| given.eq_ignore_ascii_case(wanted)) {
        return Err(Refusal::unsupported_media_type(wanted));
    }
    let Distinct(value) = serde_json::from_slice(request.body()).map_err(|error| {
        let problem =
            if error.is_data() { "a member of the body is there twice" } else { "the body is not JSON" };
        Refusal::bad_request(format!("{problem}, line {}, column {}", error.line(), error.column()))
    })?;
    Ok(Some(value))
}

/// A media type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Compares a body with its schema.
pub(crate) fn check_body(operation: &Operation, body: &Value) -> Result<(), Refusal> {
    document::check(&document::body_pointer(operation), body).map_err(|mismatch| {
        let message = format!("the body is invalid: {mismatch}");
        if mismatch.missing { Refusal::missing(message) } else { Refusal::bad_request(message) }
    })
}

/// A JSON value whose objects name each member once: of two, every reader may take another one.
struct Distinct(Value);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DistinctVisitor).map(Self)
    }
}

struct DistinctVisitor;

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// `1.0` is an integer where the document wants one, and not every reader of the response takes it for one.
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let is_integer = value.fract() == 0.0 && value.abs() < document::EXACT_BELOW;
        Ok(if is_integer { (value as i64).into() } else { value.into() })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Distinct(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some((name, Distinct(value))) = members.next_entry::<String, _>()? {
            if map.insert(name, value).is_some() {
                return Err(de::Error::custom("a member is there twice"));
            }
        }
        Ok(map.into())
    }
}
