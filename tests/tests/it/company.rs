//! A session puts the company where each operation of the catalogue wants it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use percent_encoding::percent_decode_str;
use pleo_auth::{Client, CompanyId, RequestRefused, Session, Staging, StandaloneApiKey};
use pleo_client::{Body, BoxFuture, Call, Error, Operation, Transport, operations};
use pleo_tests::{
    Arguments, call,
    published::{self, PublishedOperation},
    values::{Style, Values},
};
use serde_json::Value;

/// Other parameters by which a search may say what it is about.
const WIDER: [&str; 2] = ["organization_id", "partner_id"];

/// Where the published document has the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Query(&'static str),
    Body(&'static str),
}

impl Place {
    fn of(operation: &PublishedOperation<'_>) -> Self {
        let spellings = ["company_id", "companyId"];
        let in_query = |name: &&str| {
            operation.parameters().any(|parameter| parameter["in"] == "query" && parameter["name"] == **name)
        };
        if let Some(name) = spellings.into_iter().find(in_query) {
            return Self::Query(name);
        }
        let mut schema = operation.request_body().map_or(&Value::Null, |(_, schema)| schema);
        while let Some(reference) = schema["$ref"].as_str() {
            schema = operation.document.root.pointer(reference.trim_start_matches('#')).unwrap();
        }
        let in_body = |name: &&str| schema["properties"].get(*name).is_some();
        spellings.into_iter().find(in_body).map_or(Self::Nowhere, Self::Body)
    }
}

/// Keeps what would be sent.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<http::Request<Bytes>>>>);

impl Transport for Kept {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            self.0.lock().unwrap().push(request);
            Ok(http::Response::new(Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()))
        })
    }
}

fn company(digit: char) -> CompanyId {
    format!("{digit}1111111-2222-4333-8444-555555555555").parse().unwrap()
}

fn session() -> Session<Staging> {
    Session::new(StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap())
}

/// What is sent, or why not.
async fn sent(
    session: Session<Staging>,
    operation: &Operation,
    arguments: &Arguments,
) -> Result<http::Request<Bytes>, RequestRefused> {
    let kept = Kept::default();
    let client = Client::with_transport(session, kept.clone()).unwrap();
    let result = call(&client, operation.id, arguments).await;
    let mut requests = std::mem::take(&mut *kept.0.lock().unwrap());
    match result {
        Err(error @ Error::Refused { .. }) => {
            assert!(requests.is_empty(), "{} was sent and refused", operation.id);
            Err(RequestRefused::of(&error).unwrap().clone())
        }
        // Most operations miss something in the empty answer.
        Ok(_) | Err(Error::Decode(_)) => {
            assert_eq!(requests.len(), 1, "{}", operation.id);
            Ok(requests.remove(0))
        }
        Err(other) => panic!("{}: {other:?}", operation.id),
    }
}

/// The request's query, decoded, and its body.
fn parts(request: &http::Request<Bytes>) -> (Vec<(String, String)>, Option<Value>) {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
    let query = pairs.map(|(name, value)| (decode(name), decode(value))).collect();
    let body = (!request.body().is_empty()).then(|| serde_json::from_slice(request.body()).unwrap());
    (query, body)
}

/// Arguments without anything that names company, organisation or partner, except company a in the path.
fn arguments(operation: &PublishedOperation<'_>, place: Place, seed: u64) -> Arguments {
    let style = if seed.is_multiple_of(2) { Style::Full } else { Style::Valid };
    let mut values = Values::new(operation.document, style, seed);
    let mut arguments = Arguments::default();
    for parameter in operation.parameters() {
        let name = parameter["name"].as_str().unwrap();
        let subject = place == Place::Query(leak(name)) || WIDER.contains(&name);
        if name == "companyId" && parameter["in"] == "path" {
            arguments.parameters.insert(name.to_owned(), company('a').to_string().into());
        } else if !(subject && parameter["in"] == "query") {
            arguments.parameters.insert(name.to_owned(), values.value(&parameter["schema"]));
        }
    }
    arguments.body = operation.request_body().map(|(_, schema)| values.value(schema));
    if let (Place::Body(name), Some(body)) = (place, &mut arguments.body) {
        body.as_object_mut().unwrap().remove(name);
    }
    arguments
}

/// One of the two spellings, as the literal it is compared with.
fn leak(name: &str) -> &'static str {
    ["company_id", "companyId"].into_iter().find(|spelling| *spelling == name).unwrap_or_default()
}

/// The same arguments with a company.
fn naming(arguments: &Arguments, place: Place, company: CompanyId) -> Arguments {
    let mut arguments = arguments.clone();
    let id = Value::from(company.to_string());
    match place {
        Place::Nowhere => {}
        Place::Query(name) => {
            arguments.parameters.insert(name.to_owned(), id);
        }
        Place::Body(name) => {
            arguments.body.as_mut().unwrap().as_object_mut().unwrap().insert(name.to_owned(), id);
        }
    }
    arguments
}

/// The body's text without its first member, if that is the company.
fn rest_of(body: &Bytes, name: &str, company: CompanyId) -> Option<String> {
    let text = std::str::from_utf8(body).unwrap();
    let rest = text.strip_prefix(&format!("{{\"{name}\":\"{company}\""))?;
    Some(format!("{{{}", rest.strip_prefix(',').unwrap_or(rest)))
}

#[tokio::test]
async fn every_operation_gets_the_bound_company_once_in_its_place_or_not_at_all() {
    let documents = published::documents();
    let published = published::operations(&documents);
    let (bound, other) = (company('a'), company('b'));
    let mut places = [0, 0, 0];
    for operation in operations::all() {
        let described = &published[&(operation.method.to_string(), operation.path.to_owned())];
        let place = Place::of(described);
        for seed in 0..4 {
            let absent = arguments(described, place, seed);
            let with_bound = session().with_company(bound);
            let plain = sent(with_bound.clone(), operation, &absent).await.unwrap();
            let (query, body) = parts(&plain);
            let given = |name: &str| query.iter().filter(|(found, _)| found == name).count();
            let id = operation.id;
            match place {
                Place::Nowhere => {
                    assert_eq!((given("company_id"), given("companyId")), (0, 0), "{id}");
                    let unbound = sent(session(), operation, &absent).await.unwrap();
                    assert_eq!(unbound.uri(), plain.uri(), "{id}");
                    assert_eq!(unbound.body(), plain.body(), "{id}");
                    continue;
                }
                Place::Query(name) => {
                    assert_eq!(query.last().unwrap(), &(name.to_owned(), bound.to_string()), "{id}");
                    assert_eq!(given("company_id") + given("companyId"), 1, "{id}");
                }
                Place::Body(name) => {
                    let body = body.unwrap();
                    assert_eq!(body[name], bound.to_string(), "{id}");
                    assert_eq!((given("company_id"), given("companyId")), (0, 0), "{id}");
                    // Without the company, the body is byte for byte what an unbound session would send.
                    let named = sent(session(), operation, &naming(&absent, place, bound)).await.unwrap();
                    assert_eq!(parts(&named).1.unwrap(), body, "{id}");
                    let member = format!("\"{name}\":\"{bound}\"");
                    let text = std::str::from_utf8(named.body()).unwrap();
                    let without = text.replace(&format!("{member},"), "").replace(&format!(",{member}"), "");
                    let without = without.replace(&member, "");
                    assert_eq!(rest_of(plain.body(), name, bound), Some(without), "{id}");
                }
            }

            let named = naming(&absent, place, bound);
            let (with, without) = (
                sent(with_bound.clone(), operation, &named).await.unwrap(),
                sent(session(), operation, &named).await,
            );
            let without = without.unwrap();
            assert_eq!((with.uri(), with.body()), (without.uri(), without.body()), "{id} was changed");

            let refused = sent(with_bound, operation, &naming(&absent, place, other)).await.unwrap_err();
            let RequestRefused::OtherCompany { bound: found, requested } = refused else {
                panic!("{id}: {refused:?}")
            };
            assert_eq!((found, requested), (bound, other), "{id}");

            let required = match place {
                Place::Query(name) => described
                    .parameters()
                    .any(|parameter| parameter["name"] == name && parameter["required"] == true),
                // A body that has a company requires it, all through the documents.
                _ => true,
            };
            let either =
                described.parameters().any(|parameter| WIDER.contains(&parameter["name"].as_str().unwrap()));
            match sent(session(), operation, &absent).await {
                Err(RequestRefused::CompanyNeeded { operation }) => {
                    assert_eq!(operation, id);
                    assert!(required || either, "{id} can do without");
                }
                Ok(_) => assert!(!required && !either, "{id} cannot do without"),
                Err(other) => panic!("{id}: {other:?}"),
            }
        }
        places[match place {
            Place::Nowhere => 0,
            Place::Query(_) => 1,
            Place::Body(_) => 2,
        }] += 1;
    }
    assert_eq!(places, [78, 20, 16], "operations with the company nowhere, in the query, in the body");
}

#[tokio::test]
async fn every_operation_is_checked_against_known_scopes_where_its_own_are_known() {
    let documents = published::documents();
    let published = published::operations(&documents);
    let mut refused = 0;
    for operation in operations::all() {
        let described = &published[&(operation.method.to_string(), operation.path.to_owned())];
        let place = Place::of(described);
        let arguments = arguments(described, place, 0);
        let session = session().with_company(company('a'));
        let enough = session.clone();
        let none = sent(
            self::session().with_company(company('a')).with_scopes("none".parse().unwrap()),
            operation,
            &arguments,
        );
        match (operation.scopes, none.await) {
            (Some(scopes), Err(RequestRefused::MissingScopes { missing, .. })) => {
                assert_eq!(missing.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(), scopes);
                let enough = enough.with_scopes(missing);
                assert!(sent(enough, operation, &arguments).await.is_ok(), "{}", operation.id);
                refused += 1;
            }
            (None, Ok(_)) => {}
            (_, other) => panic!("{}: {other:?}", operation.id),
        }
    }
    let known = operations::all().filter(|operation| operation.scopes.is_some()).count();
    assert!(refused == known && known > 40, "{refused} of {known}");
}

#[tokio::test]
async fn every_operation_refuses_another_company_in_its_path_and_anything_wider_for_a_company() {
    let documents = published::documents();
    let published = published::operations(&documents);
    let (mut in_path, mut wider) = (0, 0);
    for operation in operations::all() {
        let described = &published[&(operation.method.to_string(), operation.path.to_owned())];
        let place = Place::of(described);
        let plain = arguments(described, place, 0);
        for parameter in described.parameters() {
            let name = parameter["name"].as_str().unwrap();
            let with = |value: String| {
                let mut arguments = plain.clone();
                arguments.parameters.insert(name.to_owned(), value.into());
                arguments
            };
            let session = || session().with_company(company('a'));
            if name == "companyId" && parameter["in"] == "path" {
                let refused = sent(session(), operation, &with(company('b').to_string())).await.unwrap_err();
                assert!(
                    matches!(refused, RequestRefused::OtherCompany { .. }),
                    "{}: {refused:?}",
                    operation.id
                );
                in_path += 1;
            }
            if WIDER.contains(&name) {
                for arguments in [
                    with(company('a').to_string()),
                    naming(&with(company('b').to_string()), place, company('a')),
                ] {
                    let refused = sent(session(), operation, &arguments).await.unwrap_err();
                    assert!(
                        matches!(refused, RequestRefused::WiderThanCompany { parameter, .. } if parameter == name),
                        "{}: {refused:?}",
                        operation.id
                    );
                }
                wider += 1;
            }
        }
    }
    assert_eq!((in_path, wider), (1, 8), "parameters that name a company in the path, and anything wider");
}
