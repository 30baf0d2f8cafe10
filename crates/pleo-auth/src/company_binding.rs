//! Binds requests to the company, or the organisation, of a session.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use pleo_client::{CompanyLocation, ParameterLocation, Request};
use serde::de::{self, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::{CompanyId, OrganizationId, RequestRefused, Subject};

/// Names of parameters that say what company a request is about.
const COMPANY: [&str; 2] = ["companyid", "company"];

/// Names of parameters by which a request is about something wider than a company: a group of companies, or
/// all companies of a partner (K14, K25).
const WIDER: [&str; 6] =
    ["organizationid", "organisationid", "organization", "organisation", "partnerid", "partner"];

/// Whether a parameter has one of these names, whatever its case and separators: Pleo writes `company_id` here
/// and `companyId` there.
fn is_one_of(parameter: &str, names: &[&str]) -> bool {
    let plain = || parameter.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    names.iter().any(|name| plain().eq(name.bytes()))
}

fn names_company(parameter: &str) -> bool {
    is_one_of(parameter, &COMPANY)
}

fn names_wider(parameter: &str) -> bool {
    is_one_of(parameter, &WIDER)
}

/// Makes the request one of the subject that a session is bound to, or refuses it.
#[inline]
pub(crate) fn bind(request: &mut Request, subject: Option<Subject>) -> Result<(), RequestRefused> {
    if let Some(Subject::Company(bound)) = subject {
        check_company(request, bound)?;
    }
    match (request.operation().company, subject) {
        // Most requests of sessions without a company: there is nothing to do, or it is done.
        (CompanyLocation::Nowhere, None) => Ok(()),
        (CompanyLocation::Query { .. }, None) if request.query_companies() == 1 => Ok(()),
        (_, subject) => bind_fully(request, subject),
    }
}

fn bind_fully(request: &mut Request, subject: Option<Subject>) -> Result<(), RequestRefused> {
    let operation = request.operation();
    match (operation.company, subject) {
        (CompanyLocation::Nowhere, Some(Subject::Organization(bound))) => bind_organization(request, bound),
        (CompanyLocation::Nowhere, _) => Ok(()),
        (CompanyLocation::Query { name, .. }, Some(Subject::Company(bound))) => {
            if once(name, request.query_companies())? {
                return check(bound, name, &request.query_company().unwrap_or_default());
            }
            request.append_query(name, &bound.to_string());
            Ok(())
        }
        (CompanyLocation::Query { name, required }, other) => {
            if once(name, request.query_companies())? {
                return Ok(());
            }
            if !required && let Some(Subject::Organization(bound)) = other {
                bind_organization(request, bound)?;
            }
            // Where the organisation would do instead, one of them has to be there (K14, K25).
            let needed = required || (operation.organization.is_some() && wider(request).is_none());
            if needed { Err(RequestRefused::CompanyNeeded { operation: operation.id }) } else { Ok(()) }
        }
        (CompanyLocation::Body { name, required }, subject) => {
            let body = request.body().cloned().unwrap_or_default();
            let members = members(&body, name)
                .map_err(|_| RequestRefused::UnreadableBody { operation: operation.id })?;
            once(name, members.values.len())?;
            match (members.values.first().map(text_of), subject.and_then(Subject::company)) {
                (Some(text), Some(bound)) => check(bound, name, &text),
                (None, Some(bound)) => {
                    request.set_body(with_member(&body, name, &bound.to_string(), members.is_empty));
                    Ok(())
                }
                (None, None) if required => Err(RequestRefused::CompanyNeeded { operation: operation.id }),
                (_, None) => Ok(()),
            }
        }
    }
}

/// Refuses a request that names another company in its path, or anything wider than the company: in its path,
/// or in its query, also beside the company (K2).
fn check_company(request: &Request, bound: CompanyId) -> Result<(), RequestRefused> {
    let parameters = request.operation().parameters.iter();
    let in_path = parameters.filter(|parameter| parameter.location == ParameterLocation::Path);
    for name in in_path.map(|parameter| parameter.name) {
        if names_wider(name) {
            return Err(RequestRefused::WiderThanCompany { bound, parameter: name });
        }
        if names_company(name) {
            check(bound, name, &request.path_value(name).unwrap_or_default())?;
        }
    }
    match wider(request) {
        Some(parameter) => Err(RequestRefused::WiderThanCompany { bound, parameter }),
        None => Ok(()),
    }
}

fn bind_organization(request: &mut Request, bound: OrganizationId) -> Result<(), RequestRefused> {
    let Some(name) = request.operation().organization else { return Ok(()) };
    let mut given = false;
    for text in request.query_values(name) {
        given = true;
        let requested = text.parse().ok();
        if requested != Some(bound) {
            return Err(RequestRefused::OtherOrganization { bound, requested });
        }
    }
    if !given && wider(request).is_none() {
        request.append_query(name, &bound.to_string());
    }
    Ok(())
}

/// Whether a parameter or member that is there so often is there, and not more than once.
fn once(member: &'static str, times: usize) -> Result<bool, RequestRefused> {
    if times > 1 { Err(RequestRefused::SeveralCompanies { member, times }) } else { Ok(times == 1) }
}

fn check(bound: CompanyId, member: &'static str, text: &str) -> Result<(), RequestRefused> {
    match text.parse::<CompanyId>() {
        Ok(requested) if requested == bound => Ok(()),
        Ok(requested) => Err(RequestRefused::OtherCompany { bound, requested }),
        Err(_) => Err(RequestRefused::NoCompanyId { bound, member }),
    }
}

/// The query parameter by which the request names something wider than a company.
fn wider(request: &Request) -> Option<&'static str> {
    let names = request.operation().parameters.iter().map(|parameter| parameter.name);
    names.filter(|name| names_wider(name)).find(|name| request.query_values(name).next().is_some())
}

/// What a JSON object holds under a name.
struct Members {
    values: Vec<Value>,
    is_empty: bool,
}

fn members(body: &[u8], name: &str) -> Result<Members, serde_json::Error> {
    struct Named<'a>(&'a str);

    impl<'de> Visitor<'de> for Named<'_> {
        type Value = Members;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
            let mut members = Members { values: Vec::new(), is_empty: true };
            while let Some(key) = map.next_key::<String>()? {
                members.is_empty = false;
                if key == self.0 {
                    members.values.push(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(members)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = reader.deserialize_map(Named(name))?;
    reader.end().map_err(|_| de::Error::custom("more than one value"))?;
    Ok(members)
}

fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| value.to_string().into(), Cow::Borrowed)
}

/// The object with one more member, in front of the others, which stay byte for byte what they were.
fn with_member(body: &[u8], name: &str, value: &str, is_empty: bool) -> Bytes {
    let start = body.iter().position(|byte| *byte == b'{').map_or(body.len(), |at| at + 1);
    // Neither the name, from the catalogue, nor the value, a UUID, has anything to escape.
    let comma = if is_empty { "" } else { "," };
    let member = format!("\"{name}\":\"{value}\"{comma}");
    [&body[..start], member.as_bytes(), &body[start..]].concat().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_recognised_however_they_are_spelled() {
        for name in ["company_id", "companyId", "CompanyID", "company-id", "company"] {
            assert!(names_company(name) && !names_wider(name), "{name}");
        }
        for name in ["organization_id", "organisationId", "partner_id", "organization", "partnerId"] {
            assert!(names_wider(name) && !names_company(name), "{name}");
        }
        for name in ["id", "companyIds2", "companyName", "partnerships", "", "limit"] {
            assert!(!names_wider(name) && !names_company(name), "{name}");
        }
    }

    /// A parameter of a new document that names an organisation or a company in another way has to be noticed.
    #[test]
    fn every_parameter_about_companies_is_a_known_one() {
        for operation in pleo_client::operations::all() {
            for parameter in operation.parameters {
                let name = parameter.name.to_ascii_lowercase();
                let about = ["compan", "organi", "partner", "entit"].iter().any(|part| name.contains(part));
                let known = names_company(&name) || names_wider(&name);
                assert_eq!(about, known, "{} {name}", operation.id);
            }
            if let Some(organization) = operation.organization {
                assert!(names_wider(organization));
            }
        }
    }

    #[test]
    fn a_member_is_found_at_the_top_only() {
        let found = members(br#" { "a": {"companyId": 1}, "companyId" : "x" } "#, "companyId").unwrap();
        assert_eq!((found.values, found.is_empty), (vec![Value::from("x")], false));
        let refused = members(b"[]", "companyId").err().map(|error| error.to_string());
        assert!(refused.unwrap().contains("a JSON object"));
        let found = members(br#"{"company\u0049d":null,"companyId":2}"#, "companyId").unwrap();
        assert_eq!(found.values, [Value::Null, Value::from(2)]);
        assert!(members(b" {} ", "companyId").unwrap().is_empty);
        for body in ["", "[]", "null", "{", "{} {}", "{}x", "\"companyId\"", "{\"a\":}"] {
            assert!(members(body.as_bytes(), "companyId").is_err(), "{body}");
        }
    }

    #[test]
    fn texts_are_taken_as_they_are_and_other_values_as_json() {
        assert_eq!(text_of(&Value::from("a\"b")), "a\"b");
        assert_eq!((text_of(&Value::Null), text_of(&Value::from(1))), ("null".into(), "1".into()));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("\\PC{0,6}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn adding_a_member_changes_nothing_else(
            map in proptest::collection::btree_map("\\PC{0,6}", json(), 0..6),
            spaces in "[ \n\t]{0,3}",
            pretty: bool,
        ) {
            prop_assume!(!map.contains_key("companyId"));
            let object = Value::Object(map.into_iter().collect());
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let body = format!("{spaces}{}{spaces}", text.unwrap());
            let found = members(body.as_bytes(), "companyId").unwrap();
            prop_assert!(found.values.is_empty());
            let bound = with_member(body.as_bytes(), "companyId", "the-id", found.is_empty);
            let rest = body.trim_start().strip_prefix('{').unwrap();
            let comma = if found.is_empty { "" } else { "," };
            let expected = format!("{spaces}{{\"companyId\":\"the-id\"{comma}{rest}");
            prop_assert_eq!(std::str::from_utf8(&bound).unwrap(), expected);
            let mut read: Value = serde_json::from_slice(&bound).unwrap();
            prop_assert_eq!(read.as_object_mut().unwrap().remove("companyId"), Some(Value::from("the-id")));
            prop_assert_eq!(read, object);
        }
    }
}
