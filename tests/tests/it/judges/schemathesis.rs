//! The sandbox, judged by Schemathesis against the published documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
};

use bytes::Bytes;
use http::{Request, StatusCode};
use pleo_sandbox::{ASSUMPTIONS, Environment, Grant, Handler, Sandbox, Server};
use pleo_tests::published::{self, Published};
use serde::Deserialize;
use serde_json::{Value, json};

use super::missing;

const TOKEN: &str = "FAKE-TOKEN";

/// What is wrong with the documents themselves, and is put right before Schemathesis reads them: it says one thing that
/// is wrong with a response, and would not come to the others.
struct Correction {
    why: &'static str,
    /// Puts a node of a document right, and says whether there was anything to do.
    apply: fn(&mut Value) -> bool,
}

const CORRECTIONS: [Correction; 4] = [
    Correction {
        why: "`pattern: YYYY-MM-DDTHH:mi:ssZ` and `YYYY-MM-DD` describe the format of a time in words; as regular \
              expressions, no time matches them",
        apply: |node| {
            let in_words = node["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("YYYY-MM-DD"));
            in_words && node.as_object_mut().and_then(|node| node.remove("pattern")).is_some()
        },
    },
    Correction {
        why: "`additionalProperties: {type: object}` stands for any value, as the metadata of real installations shows",
        apply: |node| {
            let values = &node["additionalProperties"];
            let any = values["type"] == "object" && values["properties"].is_null();
            if any {
                node["additionalProperties"] = json!({});
            }
            any
        },
    },
    Correction {
        why: "where `default` is the only response, it describes the success, and errors have another form",
        apply: |node| {
            let responses = node.get_mut("responses").and_then(Value::as_object_mut);
            let Some(responses) = responses.filter(|responses| responses.len() == 1) else { return false };
            responses.remove("default").map(|success| responses.insert("2XX".to_owned(), success)).is_some()
        },
    },
    Correction {
        why: "a media type without a schema is declared where there is no body",
        apply: |node| {
            let Some(content) = node.get_mut("content").and_then(Value::as_object_mut) else { return false };
            let before = content.len();
            content.retain(|_, media| media.get("schema").is_some());
            content.len() < before
        },
    },
];

/// What Schemathesis objects to by a document, and the sandbox does for a reason. Where no operations are named, it is so
/// for all that have the check, the status and the message.
struct Exclusion {
    check: &'static str,
    status: u16,
    /// What the sandbox says, or its beginning.
    message: &'static str,
    operations: &'static [&'static str],
    why: Why,
}

enum Why {
    /// The document is wrong or silent.
    Document(&'static str),
    /// The sandbox's assumption of this name.
    Assumption(&'static str),
}

/// Schemathesis' code for a response with a status that its document does not list.
const UNDOCUMENTED_STATUS: &str = "ST103";
/// Schemathesis' code for a refusal of what the document allows.
const REFUSED: &str = "ST202";

const fn status(status: u16, why: &'static str) -> Exclusion {
    Exclusion { check: UNDOCUMENTED_STATUS, status, message: "", operations: &[], why: Why::Document(why) }
}

const fn refusal(message: &'static str, operations: &'static [&'static str], why: Why) -> Exclusion {
    Exclusion { check: REFUSED, status: 400, message, operations, why }
}

const EXCLUSIONS: &[Exclusion] = &[
    status(
        400,
        "every operation takes a parameter or a body that can be invalid, and few documents say what follows",
    ),
    status(401, "every operation takes a credential, and few documents say what a wrong one gets"),
    status(
        403,
        "every company's data is out of reach of other companies' credentials, and few documents say so",
    ),
    status(404, "few documents say what an id gets that does not exist"),
    refusal(
        "sorting_order has to name one order for each of sorting_keys",
        &[],
        Why::Document("it says so in words, because a schema cannot"),
    ),
    refusal("limit has to be a number of entries", &[], Why::Assumption("negative-page")),
    refusal("offset has to be a number of entries", &[], Why::Assumption("negative-page")),
    refusal("the cursor is none that this list has given out", &[], Why::Assumption("cursor")),
    refusal("this list cannot be sorted by", &[], Why::Assumption("sorting")),
    refusal("the body is missing", &[], Why::Assumption("missing-body")),
    refusal("either company_id or organization_id must be provided", &[], Why::Assumption("missing-company")),
    refusal(
        "the installation is there already",
        &["POST /v1/installations/me"],
        Why::Assumption("installation"),
    ),
    refusal(
        "tagIds has to name 1 to 100 tags",
        &["DELETE /v0/tags", "POST /v0/tags/archive"],
        Why::Assumption("several-tags"),
    ),
    refusal(
        "the parameter job_id is missing",
        &["GET /v0/export-items", "GET /v1/export-items", "GET /v2/export-items", "GET /v3/export-items"],
        Why::Assumption("export-needs"),
    ),
    refusal(
        "the parameter accounting_entry_id is missing",
        &["GET /v3/export-job-items"],
        Why::Assumption("export-needs"),
    ),
    refusal(
        "accountingEntryIds has to name at least one entry",
        &["POST /v0/export-jobs", "POST /v1/export-jobs", "POST /v2/export-jobs", "POST /v3/export-jobs"],
        Why::Assumption("export-entries"),
    ),
];

/// A line of `hooks.py`: a response, or an objection if there is a code.
#[derive(Debug, Deserialize)]
struct Line {
    operation: String,
    status: u16,
    code: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    request: String,
    body: Option<String>,
    #[serde(default)]
    response: String,
}

impl Line {
    /// What the sandbox says to a refused request.
    fn said(&self) -> String {
        let body: Value = serde_json::from_str(&self.response).unwrap_or_default();
        body["message"].as_str().unwrap_or_default().to_owned()
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Exclusion {
    fn covers(&self, line: &Line) -> bool {
        line.code.as_deref() == Some(self.check)
            && line.status == self.status
            && (self.operations.is_empty() || self.operations.contains(&line.operation.as_str()))
            && line.said().starts_with(self.message)
    }
}

#[test]
fn every_exclusion_has_a_reason() {
    for exclusion in EXCLUSIONS {
        match exclusion.why {
            Why::Document(why) => assert!(!why.is_empty()),
            Why::Assumption(id) => assert!(ASSUMPTIONS.iter().any(|row| row.id == id), "{id}"),
        }
    }
}

/// Puts a document right, and notes which corrections were of use.
fn correct(node: &mut Value, used: &mut BTreeSet<&'static str>) {
    for Correction { why, apply } in &CORRECTIONS {
        if node.is_object() && apply(node) {
            used.insert(why);
        }
    }
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| correct(item, used)),
        Value::Object(members) => members.values_mut().for_each(|member| correct(member, used)),
        _ => {}
    }
}

/// Schemathesis' program, if it is here.
fn program() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("judges");
    let program = folder.join(".venv/bin/schemathesis");
    if program.is_file() {
        return Some(program);
    }
    missing(
        "schemathesis",
        "run python3 -m venv tests/judges/.venv and \
         tests/judges/.venv/bin/pip install -r tests/judges/schemathesis/requirements.txt",
    );
    None
}

/// A sandbox that knows the token, and counts no requests.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_seed(Environment::Staging, 1);
    sandbox.set_limit(None);
    let company = sandbox.companies()[0];
    sandbox.admit(TOKEN, Grant::access_token(company));
    sandbox
}

/// Lets Schemathesis try everything that it can think of on a server.
fn judge(program: &Path, document: &Published, handler: impl Handler) -> Vec<Line> {
    let name = document.name.trim_end_matches(".yaml");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis").join(name);
    fs::create_dir_all(&folder).unwrap();
    let (described, record) = (folder.join("document.json"), folder.join("record.jsonl"));
    fs::write(&described, document.root.to_string()).unwrap();
    let server = Server::bind(([127, 0, 0, 1], 0).into(), std::sync::Arc::new(handler), false).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("judges/schemathesis");
    let output = Command::new(program)
        .args(["--config-file", own.join("schemathesis.toml").to_str().unwrap()])
        .args(["run", described.to_str().unwrap(), "--url", &server.url(), "--no-color"])
        .current_dir(&folder)
        .env("PYTHONPATH", &own)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PLEO_URL", server.url())
        .env("PLEO_TOKEN", TOKEN)
        .env("PLEO_RECORD", &record)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
    let record = fs::read_to_string(record).unwrap();
    record.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn schemathesis_finds_nothing_in_the_sandbox_that_its_documents_forbid() {
    let Some(program) = program() else { return };
    let mut documents = published::documents();
    let operations = published::operations(&documents).len();
    let mut corrections = BTreeSet::new();
    documents.iter_mut().for_each(|document| correct(&mut document.root, &mut corrections));
    for correction in &CORRECTIONS {
        assert!(corrections.contains(correction.why), "no document needs this any more: {}", correction.why);
    }

    // The longest first, so that the machine's cores end at the same time.
    documents.sort_by_key(|document| document.root.to_string().len());
    let (waiting, lines) = (Mutex::new(documents), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(document) = waiting.lock().unwrap().pop() else { return };
                    let found = judge(&program, &document, sandbox());
                    lines.lock().unwrap().extend(found);
                }
            });
        }
    });
    let lines = lines.into_inner().unwrap();

    let (objections, responses): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.code.is_some());
    let tried: BTreeSet<_> = responses.iter().map(|line| line.operation.as_str()).collect();
    let answered = responses.iter().filter(|line| line.is_success()).map(|line| line.operation.as_str());
    let answered: BTreeSet<_> = answered.collect();
    println!("{} requests, {} objections", responses.len(), objections.len());
    assert_eq!(tried.len(), operations);
    let never: Vec<_> = tried.difference(&answered).collect();
    assert!(never.is_empty(), "never answered with a success: {never:#?}");

    let mut unused: Vec<_> = EXCLUSIONS.iter().collect();
    let mut unexpected = BTreeMap::new();
    for line in &objections {
        match EXCLUSIONS.iter().find(|exclusion| exclusion.covers(line)) {
            Some(exclusion) => unused.retain(|other| !std::ptr::eq(*other, exclusion)),
            None => drop(
                unexpected.entry((&line.operation, &line.code, line.status, line.said())).or_insert(line),
            ),
        }
    }
    for Line { request, body, status, response, message, .. } in unexpected.values() {
        let body = body.as_deref().unwrap_or_default();
        println!("{message}\n> {request} {body}\n< {status} {response}\n");
    }
    assert!(unexpected.is_empty(), "{} unexpected objections: {:#?}", unexpected.len(), unexpected.keys());
    let unused: Vec<_> = unused.iter().map(|it| (it.check, it.status, it.message)).collect();
    assert!(unused.is_empty(), "Schemathesis no longer objects to {unused:#?}");
}

#[test]
fn schemathesis_objects_to_what_a_document_forbids() {
    let Some(program) = program() else { return };
    let mut documents = published::documents();
    documents.retain(|document| document.name == "oberon.yaml");
    documents.iter_mut().for_each(|document| correct(&mut document.root, &mut BTreeSet::new()));
    let sandbox = sandbox();
    let faulty = move |request: &Request<Bytes>| {
        let mut request = request.clone();
        let path = request.uri().path().to_owned();
        let of_one = path.starts_with("/v1/companies/");
        if of_one {
            // Anybody may read it.
            request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
        }
        let mut reply = sandbox.handle(&request);
        let response = &mut reply.response;
        match path.as_str() {
            "/v1/companies" if response.status() == StatusCode::OK => {
                *response.body_mut() = Bytes::from_static(br#"{"data":[{"id":7}]}"#);
            }
            // Nothing is wrong with any request.
            "/v2/employees" => *response.status_mut() = StatusCode::OK,
            _ if of_one => {}
            _ if path.starts_with("/v2/employees/") && response.status() == StatusCode::OK => {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            _ => {}
        }
        reply
    };
    let lines = judge(&program, &documents[0], faulty);
    let found: BTreeSet<_> =
        lines.iter().filter_map(|line| Some((line.operation.as_str(), line.code.as_deref()?))).collect();
    for expected in [
        ("GET /v1/companies", "ST108"),
        ("GET /v2/employees", "ST201"),
        ("GET /v1/companies/{companyId}", "ST401"),
        ("GET /v2/employees/{employeeId}", "ST101"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:#?}");
    }
}
