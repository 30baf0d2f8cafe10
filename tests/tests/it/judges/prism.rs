//! Every request of the typed client, checked by Stoplight Prism against the published documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use pleo_auth::{
    AccessToken, Sandbox, Session, StandaloneApiKey,
    pleo_client::{Client, Error, ReqwestTransport, operations},
};
use pleo_tests::{
    Answer, Arguments, call,
    published::{self, PublishedOperation},
    values::{Style, Values},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Judge;

/// What is sent to each operation: everything that there is, and what is required with some of the rest.
const CASES: [(Style, u64); 5] =
    [(Style::Full, 1), (Style::Full, 2), (Style::Valid, 3), (Style::Valid, 4), (Style::Valid, 5)];

/// Parameters that say for whom a search is. The client sends none without.
const SUBJECTS: [&str; 3] = ["company_id", "organization_id", "partner_id"];

/// What Prism says against requests that are right: the operation by Pleo's name, where (`*` is any item), and the
/// keyword of the schema. `tests/judges/README.md` has the reasons.
const FAULTS_OF_DOCUMENTS: [(&str, &str, &str); 4] = [
    // `pattern: YYYY-MM-DDTHH:mi:ssZ` describes the format of a time in words; as a regular expression, no time
    // matches it.
    ("updateExportJobItems", "body.*.exportedAt", "pattern"),
    ("updateExportJobItemsV1", "body.*.exportedAt", "pattern"),
    ("updateExportJobItemsV2", "body.*.exportedAt", "pattern"),
    ("updateExportJobItemsV3", "body.*.exportedAt", "pattern"),
];

/// What Prism says against a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Objection {
    /// Where, such as `body.performedAt`; `*` stands for the index of an item.
    location: String,
    /// The keyword of the schema, or the status of a request that was not looked at.
    code: String,
    message: String,
}

/// Arguments as the operation's document describes them.
fn arguments(operation: &PublishedOperation<'_>, style: Style, seed: u64) -> Arguments {
    let mut values = Values::new(operation.document, style, seed);
    let mut arguments = Arguments::default();
    for (index, parameter) in operation.parameters().enumerate() {
        let name = parameter["name"].as_str().unwrap();
        let mut value = values.value(&parameter["schema"]);
        let wanted = style == Style::Full || (index as u64 + seed).is_multiple_of(2);
        if wanted || parameter["required"] == true || SUBJECTS.contains(&name) {
            make_exact(&mut value);
            arguments.parameters.insert(name.to_owned(), value);
        }
    }
    arguments.body = operation.request_body().map(|(_, schema)| {
        let mut body = values.value(schema);
        make_exact(&mut body);
        body
    });
    arguments
}

/// Shrinks integers to those that a program in JavaScript can tell apart.
fn make_exact(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(integer) = number.as_i64()
                && integer.unsigned_abs() >= 1 << 53
            {
                *value = json!(integer >> 11);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_exact),
        Value::Object(members) => members.values_mut().for_each(make_exact),
        _ => {}
    }
}

/// A client with an API key where the document takes one, for every other case, and with an access token.
fn client(document: &Value, address: &str, http: &ReqwestTransport, seed: u64) -> Client {
    let takes_key =
        document["security"].as_array().unwrap().iter().any(|scheme| scheme.get("basicAuth").is_some());
    let sandbox = Sandbox::new(address).unwrap();
    let session = if takes_key && seed.is_multiple_of(2) {
        Session::new(StandaloneApiKey::new(sandbox, "FAKE-KEY").unwrap())
    } else {
        Session::new(AccessToken::new(sandbox, "FAKE-TOKEN").unwrap())
    };
    Client::new(address, session, http.clone()).unwrap()
}

/// What Prism says against a request, going by what came of it.
fn objections(result: Result<Answer, Error>) -> Vec<Objection> {
    #[derive(Deserialize)]
    struct Violation {
        location: Vec<String>,
        severity: String,
        code: String,
        message: String,
    }

    let error = match result {
        // It took the request. Whether its example fits the document is the document's affair.
        Ok(_) | Err(Error::Decode(_)) => return Vec::new(),
        Err(error) => error,
    };
    let body = error.api_error().unwrap_or_else(|| panic!("{error:?}")).body();
    let mut problem: Value = serde_json::from_slice(body).unwrap_or_else(|_| panic!("{error:?}: {body:?}"));
    let violations: Vec<Violation> = match problem["validation"].take() {
        Value::Null => {
            let code = error.status().unwrap().as_str().to_owned();
            return vec![Objection { location: String::new(), code, message: problem.to_string() }];
        }
        validation => serde_json::from_value(validation).unwrap(),
    };
    let index = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    violations
        .into_iter()
        .filter(|violation| violation.severity == "Error")
        .map(|Violation { location, code, message, .. }| {
            let parts = location.iter().map(|part| if index(part) { "*" } else { part.as_str() });
            Objection { location: parts.collect::<Vec<_>>().join("."), code, message }
        })
        .collect()
}

/// Prism over the published documents.
fn judge() -> Option<Judge> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/published");
    Judge::start("prism", &[folder.to_str().unwrap()])
}

#[tokio::test]
async fn prism_objects_to_no_request_of_any_operation() {
    let documents = published::documents();
    let published = published::operations(&documents);
    let Some(judge) = judge() else { return };
    let http = ReqwestTransport::new().unwrap();
    let (mut requests, mut known, mut found) = (0, BTreeSet::new(), BTreeMap::new());
    for operation in operations::all() {
        let described = &published[&(operation.method.to_string(), operation.path.to_owned())];
        let address = judge.address(&described.document.name);
        for (style, seed) in CASES {
            let client = client(&described.document.root, address, &http, seed);
            let arguments = arguments(described, style, seed);
            requests += 1;
            for objection in objections(call(&client, operation.id, &arguments).await) {
                let key = (operation.pleo_id, objection.location.as_str(), objection.code.as_str());
                match FAULTS_OF_DOCUMENTS.iter().find(|fault| **fault == key) {
                    Some(fault) => drop(known.insert(fault)),
                    None => drop(found.insert((operation.id, seed, objection), arguments.clone())),
                }
            }
        }
    }
    println!("{requests} requests, {} objections, {} faults of documents", found.len(), known.len());
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(requests, published.len() * CASES.len());
    let stale: Vec<_> = FAULTS_OF_DOCUMENTS.iter().filter(|fault| !known.contains(fault)).collect();
    assert!(stale.is_empty(), "Prism no longer objects to {stale:?}");
}

#[tokio::test]
async fn prism_objects_to_what_a_document_does_not_allow() {
    let Some(judge) = judge() else { return };
    let http = ReqwestTransport::new().unwrap();
    let documents = published::documents();
    let published = published::operations(&documents);
    // Patterns, bounds and items that are there twice, in query and body alike.
    let mut broken = BTreeSet::new();
    for operation in operations::all() {
        let described = &published[&(operation.method.to_string(), operation.path.to_owned())];
        let client = client(&described.document.root, judge.address(&described.document.name), &http, 0);
        let arguments = arguments(described, Style::BrokenBounds, 0);
        for objection in objections(call(&client, operation.id, &arguments).await) {
            let part = objection.location.split('.').next().unwrap_or_default().to_owned();
            broken.insert((part, objection.code));
        }
    }
    let has = |part: &str, code: &str| broken.contains(&(part.to_owned(), code.to_owned()));
    assert!(has("query", "pattern") && has("query", "minimum") && has("body", "maxLength"), "{broken:?}");

    // An API key where only a token is taken.
    let address = judge.address("bookkeeping-core.yaml");
    let key = StandaloneApiKey::new(Sandbox::new(address).unwrap(), "FAKE-KEY").unwrap();
    let client = Client::new(address, Session::new(key), http).unwrap();
    let mut arguments = Arguments::default();
    arguments.parameters.insert("accountId".to_owned(), json!("11111111-2222-4333-8444-555555555555"));
    let refused = objections(call(&client, "get_account_v1_beta", &arguments).await);
    assert_eq!(refused.first().map(|objection| objection.code.as_str()), Some("401"));
}
