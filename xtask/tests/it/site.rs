//! A documentation site in Mintlify's form, and a server for it that can have bad days.
//!
//! httpmock cannot end a connection in the middle of a response, or leave it open without one, so
//! the server is a small one of its own.

#![allow(dead_code, reason = "each test file uses a part of it")]
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Output},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::SystemTime,
};

use serde_json::{Map, Value, json};
use xtask_fetch::lock::Lock;
use xtask_openapi::PUBLISHED;
use xtask_openapi::{Document, walk};

/// Stands for the address of the server in the texts of pages.
pub(crate) const SITE: &str = "https://SITE";

/// What the server says to a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// The page, or 304 to a client that has it already.
    Page(String),
    /// A page that tells by its date alone whether it has changed.
    Dated(String, &'static str),
    /// A response as it is: status, headers, body.
    Plain(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The first half of the page, and the end of the connection.
    Cut(String),
    /// Nothing, as long as the server runs.
    Silence,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_conditional(&self) -> bool {
        self.header("if-none-match").or(self.header("if-modified-since")).is_some()
    }
}

#[derive(Default)]
struct Shared {
    replies: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    asked: Mutex<Vec<Asked>>,
    arrived: Condvar,
    flight: Mutex<Flight>,
    landed: Condvar,
}

/// Requests that wait for a response.
#[derive(Default)]
struct Flight {
    now: usize,
    most: usize,
    /// Responses to reference pages are held back until this many requests have waited at once.
    until: usize,
}

/// A site on loopback.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Serves pages by path.
    pub(crate) fn new(pages: &BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), shared: Arc::default() };
        for (path, text) in pages {
            server.say(path, [Reply::Page(text.clone())]);
        }
        let shared = Arc::clone(&server.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that goes away in the middle is none of the server's business.
                thread::spawn(move || serve(stream, &shared));
            }
        });
        server
    }

    /// Sets what a path answers: one after the other, the last one from then on. The place of the
    /// server's own address is filled in.
    pub(crate) fn say(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().map(|reply| match reply {
            Reply::Page(text) => Reply::Page(text.replace(SITE, &self.url(""))),
            reply => reply,
        });
        let replies = replies.collect();
        self.shared.replies.lock().unwrap().insert(path.to_owned(), replies);
    }

    /// Takes a path off the site.
    pub(crate) fn drop(&self, path: &str) {
        self.shared.replies.lock().unwrap().remove(path).unwrap();
    }

    /// Holds the responses to reference pages back until this many requests wait at once.
    pub(crate) fn hold_until(&self, waiting: usize) {
        self.shared.flight.lock().unwrap().until = waiting;
    }

    /// The most requests that ever waited at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.flight.lock().unwrap().most
    }

    /// An address on the site.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests since the last call.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shared.asked.lock().unwrap())
    }

    /// Waits until a path has been asked for.
    pub(crate) fn wait_for(&self, path: &str) {
        let asked = self.shared.asked.lock().unwrap();
        let missing = |asked: &mut Vec<Asked>| asked.iter().all(|asked| asked.path != path);
        drop(self.shared.arrived.wait_while(asked, missing).unwrap());
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let asked = Asked { path: path.clone(), headers };
    let reply = {
        let mut replies = shared.replies.lock().unwrap();
        let replies = replies.get_mut(&path);
        match replies {
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        }
    };
    let same = |validator: &str, header: &str| asked.header(header) == Some(validator);
    let answer = match reply {
        None => answer(404, &[], b"no such page"),
        Some(Reply::Page(text)) => {
            let etag = etag(&text);
            let headers = [("etag", etag.clone())];
            if same(&etag, "if-none-match") {
                answer(304, &headers, b"")
            } else {
                answer(200, &headers, text.as_bytes())
            }
        }
        Some(Reply::Dated(text, date)) => {
            let headers = [("last-modified", date.to_owned())];
            if same(date, "if-modified-since") {
                answer(304, &headers, b"")
            } else {
                answer(200, &headers, text.as_bytes())
            }
        }
        Some(Reply::Plain(status, headers, body)) => answer(status, &headers, &body),
        Some(Reply::Cut(text)) => {
            let whole = answer(200, &[("etag", etag(&text))], text.as_bytes());
            whole[..whole.len() - text.len() / 2].to_vec()
        }
        Some(Reply::Silence) => Vec::new(),
    };
    shared.asked.lock().unwrap().push(asked);
    shared.arrived.notify_all();
    let held = path.starts_with("/reference/");
    wait_in_flight(shared, held);
    if answer.is_empty() {
        // Until the client has had enough.
        let _ = std::io::Read::read(&mut stream, &mut [0]);
    }
    shared.flight.lock().unwrap().now -= 1;
    stream.write_all(&answer).ok()
}

fn wait_in_flight(shared: &Shared, held: bool) {
    let mut flight = shared.flight.lock().unwrap();
    flight.now += 1;
    flight.most = flight.most.max(flight.now);
    shared.landed.notify_all();
    drop(shared.landed.wait_while(flight, |flight| held && flight.most < flight.until).unwrap());
}

fn etag(text: &str) -> String {
    format!("\"{}\"", xtask_fetch::lock::sha256(text))
}

fn answer(status: u16, headers: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n");
    if status != 304 {
        let _ = write!(head, "content-length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// A site that publishes documents: one page per operation, on half of them the components that the
/// operation uses, on the others all, among guides, legacy pages and pages without an operation.
pub(crate) fn pages(documents: &[Document]) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut index = String::from("# Pleo Docs\n\n## Docs\n\n- [Changelog](/changelog.md)\n");
    for (path, title, text) in [
        ("/changelog.md", "Changelog", "# Changelog\n"),
        (
            "/docs/access-tokens.md",
            "Access tokens ",
            "# Access tokens\n\n````yaml get /v1/guide\nno: api\n````\n",
        ),
        ("/docs/authenticating-using-API-keys.md", "API Keys Overview ", "# Keys\n\n## OpenAPI\n"),
        ("/reference/pleo-deprecated/employees/list.md", "Employees", LEGACY),
        ("/reference/export-api/export-api-scopes.md", "Scopes", SCOPES),
        ("/reference/webhooks/webhook-events.md", "Events", GUIDE),
    ] {
        let _ = writeln!(index, "- [{title}]({SITE}{path}): words about it");
        pages.insert(path.to_owned(), text.to_owned());
    }
    for document in documents {
        for (number, (place, operation)) in walk::operations(&document.value).enumerate() {
            let summary = operation.get("summary").and_then(Value::as_str).unwrap_or("An operation");
            let path = format!("/reference/{}/page-{number}.md", document.stem());
            // Both forms of addresses, and one entry in ten twice.
            let host = if number % 3 == 0 { "" } else { SITE };
            for _ in 0..=usize::from(number % 10 == 0) {
                let _ = writeln!(index, "- [{summary}]({host}{path})");
            }
            let block = block(&document.value, &place, number % 2 == 0);
            pages.insert(path, reference_page(summary, place.method, &place.path, &block));
        }
    }
    index.push_str("\n## AsyncAPI Specs\n\n- [events](/events.json)\n\n## Optional\n\n- [Blog](https://blog.example)\n\nBuilt with [Mintlify](https://mintlify.com).\n");
    pages.insert("/llms.txt".to_owned(), index);
    if let Some(one) = documents.iter().find(|document| document.stem() == "bookkeeping-core") {
        pages.insert("/openapi.json".to_owned(), with_prose(one.value.clone()).to_string());
    }
    pages
}

/// A reference page.
pub(crate) fn reference_page(title: &str, method: &str, path: &str, block: &str) -> String {
    format!(
        "> ## Documentation Index\n> Words that name https://developers.pleo.io/llms.txt\n> More words\n\n# {title}\n\n\
         > Words about it.\n  A second line without a mark, with ```code``` in it.\n\n\n\n## OpenAPI\n\n\
         ````yaml {method} {path}\n{block}\n````\n\nBuilt with [Mintlify](https://mintlify.com).\n"
    )
}

/// The block of one operation's page.
fn block(document: &Value, place: &walk::Place, complete: bool) -> String {
    let mut part = document.clone();
    let item = &document["paths"][&place.path];
    let mut paths = json!({ place.path.clone(): { place.method: item[place.method] } });
    if let Some(parameters) = item.get("parameters") {
        paths[&place.path]["parameters"] = parameters.clone();
    }
    if complete {
        for (path, item) in document["paths"].as_object().unwrap() {
            if item.as_object().is_some_and(Map::is_empty) {
                paths[path] = item.clone();
            }
        }
    } else {
        part["components"]["schemas"] = used(document, &item[place.method]);
    }
    part["paths"] = paths;
    yaml(&with_prose(part))
}

/// The schemas that an operation uses, directly or through others.
fn used(document: &Value, operation: &Value) -> Value {
    let mut names = BTreeSet::new();
    let mut open = vec![operation];
    while let Some(value) = open.pop() {
        walk::references(value, &mut |reference| {
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            if names.insert(name.to_owned()) {
                open.push(&document["components"]["schemas"][name]);
            }
        });
    }
    let schemas = names.into_iter().map(|name| {
        let schema = document["components"]["schemas"][&name].clone();
        (name, schema)
    });
    Value::Object(schemas.collect())
}

/// A document as YAML, its keys in the order in which sites show them.
pub(crate) fn yaml(document: &Value) -> String {
    let mut keys: Vec<_> = document.as_object().unwrap().keys().collect();
    keys.sort_by_key(|key| ["openapi", "info", "servers"].iter().position(|first| first == key).unwrap_or(9));
    keys.iter()
        .map(|key| serde_saphyr::to_string(&json!({ key.as_str(): document[*key] })).unwrap())
        .collect()
}

const WORDS: &str = "Words | of `theirs`:\n\n```json\n{ \"description\": \"no\" }\n```\n\nand a long last line that goes on and on and on, so that it is folded somewhere.";

/// A document with prose wherever OpenAPI has room for it.
pub(crate) fn with_prose(mut document: Value) -> Value {
    fn put(value: &mut Value, more: &Value) {
        if let (Some(map), Some(more)) = (value.as_object_mut(), more.as_object())
            && !map.contains_key("$ref")
        {
            map.extend(more.clone());
        }
    }
    let words = json!({ "description": WORDS });
    put(
        &mut document["info"],
        &json!({
            "description": WORDS, "termsOfService": "https://a.example/terms",
            "contact": { "email": "a@example.org" }, "license": { "name": "A", "url": "https://a.example" },
        }),
    );
    for list in ["servers", "tags"] {
        let members = document.get_mut(list).and_then(Value::as_array_mut);
        members.into_iter().flatten().for_each(|value| put(value, &words));
    }
    walk::schemas_mut(&mut document, &mut |_, schema| {
        put(
            schema,
            &json!({ "description": WORDS, "example": { "type": "words" }, "externalDocs": { "url": "a" } }),
        );
        Ok(())
    })
    .unwrap();
    walk::operations_mut(&mut document, |_, operation| {
        operation.insert("description".to_owned(), json!(WORDS));
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            put(parameter, &json!({ "description": WORDS, "example": 1 }));
        }
        if let Some(body) = operation.get_mut("requestBody") {
            put(body, &words);
        }
        for (_, response) in operation["responses"].as_object_mut().unwrap() {
            put(response, &words);
            for (_, media) in response.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten()
            {
                put(media, &json!({ "examples": { "one": { "value": WORDS } } }));
            }
        }
        Ok(())
    })
    .unwrap();
    document
}

const LEGACY: &str = "# Employees\n\n## OpenAPI\n\n````yaml get /employees\nopenapi: 3.0.0\ninfo:\n  title: Old API\n  version: '1'\nservers:\n  - url: https://openapi.pleo.io/v1\npaths:\n  /employees:\n    get:\n      responses: {}\n````\n";
const SCOPES: &str = "# Scopes\n\n| scope | meaning |\n|---|---|\n| `export:read` | words |\n";
const GUIDE: &str = "# Events\n\nexport const NoteCallout = ({children}) => <div>\n  {children}\n</div>;\n\n<NoteCallout>Company\\_id</NoteCallout>\n\n```json theme={null}\n{}\n```\n\n***\n";

/// A root of its own, and the site that it is filled from.
pub(crate) struct Fixture {
    pub(crate) root: tempfile::TempDir,
    pub(crate) site: Server,
}

impl Fixture {
    /// A site of documents, and a root with what was fetched from it.
    pub(crate) fn fetched(documents: &[Document]) -> Self {
        let fixture = Self::new(pages(documents));
        fixture.succeeds(&[]);
        fixture.site.take_asked();
        fixture
    }

    /// A site of pages, and an empty root.
    pub(crate) fn new(pages: BTreeMap<String, String>) -> Self {
        Self { root: tempfile::tempdir().unwrap(), site: Server::new(&pages) }
    }

    /// Publishes documents, beside what is published already.
    pub(crate) fn publish(&self, documents: &[Document]) {
        for (path, text) in pages(documents) {
            self.site.say(&path, [Reply::Page(text)]);
        }
    }

    /// Publishes the index of documents, and nothing else of them.
    pub(crate) fn publish_index(&self, documents: &[Document]) {
        self.site.say("/llms.txt", [Reply::Page(pages(documents)["/llms.txt"].clone())]);
    }

    pub(crate) fn run(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    /// The command, for tests that do more with it than wait.
    pub(crate) fn command(&self, more: &[&str]) -> Command {
        let index = self.site.url("/llms.txt");
        let mut manners = vec!["--backoff-seconds", "0.001"];
        if !more.contains(&"--per-second") {
            manners.extend(["--per-second", "0"]);
        }
        let from = if more.contains(&"--from") { &[][..] } else { &["--index", &index] };
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--root").arg(self.root.path()).arg("fetch").args(from).args(manners).args(more);
        command
    }

    pub(crate) fn succeeds(&self, more: &[&str]) -> String {
        let output = self.run(more);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a fetch that has to fail with a code, checks that it left the tree alone, and returns
    /// what it says.
    pub(crate) fn fails(&self, code: i32, more: &[&str]) -> String {
        let before = self.tree();
        let output = self.run(more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert_eq!(self.tree(), before, "{said}");
        said
    }

    /// All of `spec/`, with the times of writing.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let mut found = BTreeMap::new();
        for folder in ["spec", PUBLISHED] {
            for entry in fs::read_dir(self.root.path().join(folder)).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_file() {
                    let time = fs::metadata(&path).unwrap().modified().unwrap();
                    found.insert(path.clone(), (fs::read(&path).unwrap(), time));
                }
            }
        }
        found
    }

    pub(crate) fn published(&self) -> BTreeMap<String, Value> {
        let documents = Document::read_folder(&self.root.path().join(PUBLISHED)).unwrap();
        documents.into_iter().map(|document| (document.name, document.value)).collect()
    }

    pub(crate) fn lock(&self) -> Lock {
        Lock::read(self.root.path()).unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.site.take_asked().into_iter().map(|asked| asked.path).collect()
    }
}

/// A small document with one operation per path.
pub(crate) fn small(name: &str, version: &str, paths: &[&str]) -> Document {
    let paths: serde_json::Map<String, Value> = paths
        .iter()
        .map(|path| {
            ((*path).to_owned(), json!({ "get": { "responses": { "200": { "description": "OK" } } } }))
        })
        .collect();
    let value = json!({
        "openapi": "3.0.1", "info": { "title": format!("{name} API"), "version": version },
        "paths": paths, "components": { "schemas": { "Thing": { "type": "string" } } },
    });
    Document { name: format!("{}.yaml", name.to_lowercase().replace(' ', "-")), value }
}
