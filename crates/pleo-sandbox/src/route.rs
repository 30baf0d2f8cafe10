//! From method and path to an operation.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;
use pleo_client::{Operation, operations};

use crate::answer::Refusal;

/// An operation and the values in its path, decoded.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    pub(crate) path: BTreeMap<&'static str, String>,
}

/// The operation of a method and a path as it was sent.
pub(crate) fn find(method: &Method, path: &str) -> Result<Route, Refusal> {
    let unknown = || Refusal::not_found("there is no such path");
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8().map(Into::into))
        .collect::<Result<_, _>>()
        .map_err(|_| unknown())?;
    let found: Vec<_> = operations::all()
        .filter_map(|operation| Some((operation, values(operation.path, &segments)?)))
        .collect();
    // `/v1/vendors/{id}:archive` also fits `/v1/vendors/{id}`: the one that says more is meant.
    let template = found
        .iter()
        .map(|(operation, _)| operation.path)
        .max_by_key(|template| literals(template))
        .ok_or_else(unknown)?;
    let mut methods = BTreeSet::new();
    for (operation, path) in found {
        if operation.path == template {
            if operation.method == *method {
                return Ok(Route { operation, path });
            }
            methods.insert(operation.method.as_str());
        }
    }
    let methods: Vec<&str> = methods.into_iter().collect();
    let allowed = HeaderValue::from_str(&methods.join(", "));
    Err(Refusal::method_not_allowed(allowed.unwrap_or(HeaderValue::from_static(""))))
}

/// A segment of a template: what stands before a parameter, the parameter, and what stands behind it.
fn parameter(segment: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = segment.split_once('{')?;
    let (name, behind) = rest.split_once('}')?;
    Some((before, name, behind))
}

/// What stands behind the parameter of a template's segment, or all of a segment without a parameter.
pub(crate) fn literal(segment: &str) -> &str {
    parameter(segment).map_or(segment, |(_, _, behind)| behind)
}

fn values(template: &'static str, segments: &[String]) -> Option<BTreeMap<&'static str, String>> {
    let mut templates = template.split('/');
    let mut values = BTreeMap::new();
    for segment in segments {
        let template = templates.next()?;
        match parameter(template) {
            None if template == segment => {}
            None => return None,
            Some((before, name, behind)) => {
                let value = segment.strip_prefix(before)?.strip_suffix(behind)?;
                if value.is_empty() {
                    return None;
                }
                values.insert(name, value.to_owned());
            }
        }
    }
    templates.next().is_none().then_some(values)
}

/// How many bytes of a template are no parameter.
fn literals(template: &str) -> usize {
    template
        .split('/')
        .map(|segment| {
            parameter(segment).map_or(segment.len(), |(before, _, behind)| before.len() + behind.len())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;

    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555551";

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        let mut seen = BTreeSet::new();
        for operation in operations::all() {
            let mut path = operation.path.to_owned();
            while let Some((before, name, behind)) = parameter(&path) {
                assert!(operation.parameters.iter().any(|parameter| parameter.name == name));
                path = format!("{before}{ID}{behind}");
            }
            let route = find(&operation.method, &path).unwrap();
            assert_eq!(route.operation.id, operation.id);
            assert!(route.path.values().all(|value| value == ID));
            seen.insert(route.operation.id);
        }
        assert_eq!(seen.len(), operations::all().count());
    }

    fn refused(method: &Method, path: &str) -> (u16, Option<String>) {
        let response: Response<Bytes> = find(method, path).unwrap_err().into();
        let allow = response.headers().get("allow").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), allow)
    }

    #[test]
    fn paths_that_are_only_similar_are_unknown() {
        for path in [
            "",
            "/",
            "*",
            "/v1",
            "/v1/introspect/",
            "//v1/introspect",
            "/v1//introspect",
            "/V1/introspect",
            "/v1/./introspect",
            "/v1/companies/",
            "/v1/%ff",
            "/v9/introspect",
        ] {
            assert_eq!(refused(&Method::GET, path), (404, None), "{path}");
        }
    }

    #[test]
    fn other_methods_hear_which_ones_there_are() {
        let allow = |text: &str| Some(text.to_owned());
        assert_eq!(refused(&Method::PATCH, "/v1/introspect"), (405, allow("GET")));
        assert_eq!(refused(&Method::PATCH, "/v1/installations/me"), (405, allow("DELETE, GET, POST, PUT")));
        assert_eq!(refused(&Method::GET, &format!("/v1/vendors/{ID}:archive")), (405, allow("POST")));
        assert_eq!(refused(&Method::HEAD, "/v1/introspect"), (405, allow("GET")));
    }

    #[test]
    fn another_encoding_of_the_same_path_is_the_same_path() {
        let route = find(&Method::POST, "/v1/%69nstallations/me%3Aactivate").unwrap();
        assert_eq!(route.operation.id, "activate_installation");
    }
}
