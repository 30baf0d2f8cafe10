//! Every operation is generated and sends what its published document describes.

use std::sync::{Arc, Mutex};

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use percent_encoding::percent_decode_str;
use pleo_client::{
    Client, CompanyLocation, Items, Operation, OperationCall, ParameterError, ReqwestTransport,
    Unauthenticated, operations,
};
use pleo_tests::{
    Arguments, call,
    published::{self, PublishedOperation, Success},
    transport::Canned,
    values::{Style, Values},
};
use serde_json::{Value, value::to_raw_value};

/// One request as it arrived.
#[derive(Debug, Clone)]
struct Arrived {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Arrived {
    fn read(request: &HttpMockRequest) -> Self {
        let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let uri = request.uri();
        Self {
            method: request.method().to_string(),
            path: uri.path().to_owned(),
            query: uri
                .query()
                .unwrap_or_default()
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: request.body_ref().to_vec(),
        }
    }
}

/// A call with all parameters set, and what has to arrive.
struct Expected {
    arguments: Arguments,
    path: String,
    query: Vec<(String, String)>,
    body: Option<(String, Value)>,
}

fn expected(operation: &PublishedOperation<'_>, seed: u64) -> Expected {
    let mut values = Values::new(operation.document, Style::Full, seed);
    let mut arguments = Arguments::default();
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters() {
        let name = parameter["name"].as_str().unwrap();
        let value = values.value(&parameter["schema"]);
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), value.as_str().unwrap()),
            "query" => match &value {
                // Every list is published with `explode`, that is as repeated pairs.
                Value::Array(items) => query.extend(items.iter().map(|item| (name.to_owned(), text(item)))),
                scalar => query.push((name.to_owned(), text(scalar))),
            },
            other => panic!("a parameter in {other}"),
        }
        arguments.parameters.insert(name.to_owned(), value);
    }
    let body =
        operation.request_body().map(|(media_type, schema)| (media_type.to_owned(), values.value(schema)));
    arguments.body = body.as_ref().map(|(_, body)| body.clone());
    Expected { arguments, path, query, body }
}

fn text(scalar: &Value) -> String {
    match scalar {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn every_operation_sends_what_its_document_describes() {
    let documents = published::documents();
    let published = published::operations(&documents);
    let server = MockServer::start();
    let arrived: Arc<Mutex<Vec<Arrived>>> = Arc::default();
    let answer: Arc<Mutex<(u16, String)>> = Arc::default();
    let (seen, next) = (Arc::clone(&arrived), Arc::clone(&answer));
    server.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            seen.lock().unwrap().push(Arrived::read(request));
            let (status, body) = next.lock().unwrap().clone();
            HttpMockResponse::builder().status(status).body(body).build()
        });
    });
    let client = Client::new(&server.base_url(), Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();

    let mut called = 0;
    for operation in operations::all() {
        let key = (operation.method.to_string(), operation.path.to_owned());
        let described = published.get(&key).unwrap_or_else(|| panic!("{key:?} is not published"));
        for seed in 0..3 {
            let expected = expected(described, seed);
            let (status, success) = described.successes()[0];
            let body = match success {
                Success::Json(schema) => {
                    Values::new(described.document, Style::Valid, seed).value(schema).to_string()
                }
                Success::Empty => String::new(),
            };
            *answer.lock().unwrap() = (status, body);
            arrived.lock().unwrap().clear();
            let result = call(&client, operation.id, &expected.arguments).await;
            let result = result.unwrap_or_else(|error| panic!("{}: {error:?}", operation.id));
            assert_eq!(result.status.as_u16(), status, "{}", operation.id);
            let result = by_name(&client, operation, &expected.arguments).send().await;
            let result = result.unwrap_or_else(|error| panic!("{}: {error:?}", operation.id));
            assert_eq!(result.status().as_u16(), status, "{}", operation.id);
            assert_eq!(result.is_some(), operation.responds_with_json, "{}", operation.id);
            let arrived = arrived.lock().unwrap().clone();
            assert_eq!(arrived.len(), 2, "{} sent {} requests", operation.id, arrived.len());
            for arrived in &arrived {
                compare(operation.id, described, &expected, arrived);
            }
        }
        called += 1;
    }
    assert_eq!(called, published.len());
}

/// The call as a program makes it that chooses its operations at run time.
fn by_name<'a>(
    client: &'a Client,
    operation: &'static Operation,
    arguments: &Arguments,
) -> OperationCall<'a> {
    let mut call = client.operation(operation);
    for (name, value) in &arguments.parameters {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            call = call.argument(name, text(value)).unwrap();
        }
    }
    match &arguments.body {
        Some(body) => call.json(to_raw_value(body).unwrap()),
        None => call,
    }
}

#[tokio::test]
async fn a_call_made_at_run_time_names_what_is_missing_unknown_or_repeated() {
    let client = Canned::client(200, "{}");
    let mut missing = 0;
    for operation in operations::all() {
        let call = client.operation(operation);
        let required = operation.parameters.iter().find(|parameter| {
            parameter.required
                && !matches!(operation.company, CompanyLocation::Query { name, .. } if name == parameter.name)
        });
        let needs_body = operation.request_body.is_some_and(|body| body.required);
        let expected = required.map(|parameter| parameter.name).or(needs_body.then_some("body"));
        if let Some(expected) = expected {
            let error = call.clone().send().await.unwrap_err();
            assert_eq!(error.to_string(), format!("{}: `{expected}` is missing", operation.id));
            missing += 1;
        }
        let unknown = call.clone().argument("no_such", "FAKE-VALUE").unwrap_err();
        assert!(matches!(unknown, ParameterError::Unknown { .. }));
        assert!(!unknown.to_string().contains("FAKE-VALUE"));
        for parameter in operation.parameters {
            let again = call.clone().argument(parameter.name, "1").unwrap().argument(parameter.name, "2");
            assert_eq!(again.is_ok(), parameter.list, "{} {}", operation.id, parameter.name);
        }
    }
    assert!(missing > 60, "{missing}");
}

#[tokio::test]
async fn a_list_is_read_to_its_end_at_run_time() {
    let pages = [
        r#"{"data":[{"id":1.10},2],"pagination":{"hasNextPage":true,"endCursor":"A"}}"#,
        r#"{"data":[3],"pagination":{"hasNextPage":false,"endCursor":"B"}}"#,
    ];
    let server = MockServer::start();
    let asked: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let seen = Arc::clone(&asked);
    server.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            let arrived = Arrived::read(request);
            let after =
                arrived.query.iter().find(|(name, _)| name == "after").map(|(_, value)| value.clone());
            let body = pages[usize::from(after.is_some())];
            seen.lock().unwrap().push(after);
            HttpMockResponse::builder().status(200).body(body).build()
        });
    });
    let client = Client::new(&server.base_url(), Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
    let call = client.operation(operations::find("list_companies").unwrap()).argument("offset", "5").unwrap();
    let all = Items::new(call).all(10).await.unwrap();
    let all: Vec<&str> = all.iter().map(|item| item.get()).collect();
    assert_eq!(all, [r#"{"id":1.10}"#, "2", "3"]);
    assert_eq!(*asked.lock().unwrap(), [None, Some("A".to_owned())]);
}

fn compare(id: &str, described: &PublishedOperation<'_>, expected: &Expected, arrived: &Arrived) {
    assert_eq!(arrived.method, described.method, "{id}");
    assert_eq!(arrived.path, expected.path, "{id}");
    let sorted = |pairs: &[(String, String)]| {
        let mut pairs = pairs.to_vec();
        pairs.sort();
        pairs
    };
    assert_eq!(sorted(&arrived.query), sorted(&expected.query), "{id}");

    let header = |wanted: &str| {
        let found: Vec<&str> = arrived
            .headers
            .iter()
            .filter(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
            .collect();
        assert!(found.len() < 2, "{id} sent {wanted} twice");
        found.first().map(|value| (*value).to_owned())
    };
    assert_eq!(header("accept").as_deref(), Some("application/json"), "{id}");
    match &expected.body {
        Some((media_type, body)) => {
            assert_eq!(header("content-type").as_deref(), Some(media_type.as_str()), "{id}");
            let sent: Value = serde_json::from_slice(&arrived.body).unwrap();
            assert_eq!(sent, *body, "{id}");
        }
        None => {
            assert_eq!(header("content-type"), None, "{id}");
            assert!(arrived.body.is_empty(), "{id} sent a body");
        }
    }
    // The document calls for accept and content-type, and HTTP for the rest.
    for (name, _) in &arrived.headers {
        let called_for =
            ["accept", "content-length", "content-type", "host", "user-agent"].contains(&name.as_str());
        assert!(called_for, "{id} sent the header {name}");
    }
}

#[test]
fn the_catalogue_says_what_the_documents_say() {
    let documents = published::documents();
    let published = published::operations(&documents);
    for operation in operations::all() {
        let described = &published[&(operation.method.to_string(), operation.path.to_owned())];
        let value = described.value;
        assert_eq!(operation.pleo_id, value["operationId"], "{}", operation.id);
        assert_eq!(operation.api, described.document.root["info"]["title"], "{}", operation.id);
        assert_eq!(operation.deprecated, value["deprecated"] == true, "{}", operation.id);
        assert_eq!(operation.unlisted, value["x-exclude"] == "true", "{}", operation.id);
        let parameters: Vec<_> = described
            .parameters()
            .map(|parameter| (parameter["name"].as_str().unwrap(), parameter["required"] == true))
            .collect();
        let ours: Vec<_> =
            operation.parameters.iter().map(|parameter| (parameter.name, parameter.required)).collect();
        assert_eq!(ours, parameters, "{}", operation.id);
        let media_type = described.request_body().map(|(media_type, _)| media_type);
        assert_eq!(operation.request_body.map(|body| body.media_type), media_type, "{}", operation.id);
        let json = described.successes().iter().any(|(_, success)| matches!(success, Success::Json(_)));
        assert_eq!(operation.responds_with_json, json, "{}", operation.id);
        assert!(!operation.description.is_empty(), "{} has no description", operation.id);
        assert!(operation.documentation.starts_with("https://developers.pleo.io/"), "{}", operation.id);
        if let Some(successor) = operation.superseded_by {
            let successor = operations::find(successor).unwrap();
            assert!(operation.deprecated && !successor.deprecated, "{}", operation.id);
        }
    }
}

#[test]
fn names_are_one_verb_one_noun_and_a_version_only_among_several() {
    const VERBS: [&str; 13] = [
        "activate",
        "archive",
        "calculate",
        "complete",
        "create",
        "delete",
        "enrich",
        "get",
        "introspect",
        "list",
        "run",
        "search",
        "update",
    ];
    let names: Vec<&str> = operations::all().map(|operation| operation.id).collect();
    let base = |name: &str| {
        let stem = name.strip_suffix("_beta").unwrap_or(name);
        match stem.rsplit_once("_v") {
            Some((base, version)) if version.chars().all(|c| c.is_ascii_digit()) => (base.to_owned(), true),
            _ => (name.to_owned(), false),
        }
    };
    for name in &names {
        let verb = name.split('_').next().unwrap();
        assert!(VERBS.contains(&verb), "{name} begins with no verb of ours");
        let (base_name, versioned) = base(name);
        let alive = names.iter().filter(|other| base(other).0 == base_name).count();
        assert_eq!(versioned, alive > 1, "{name}: {alive} operations of that name");
    }
}
