//! One document per construct that generators stumble over: each either becomes code that compiles,
//! or is refused with document, place and reason.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use xtask_codegen::{self as generate, Files};
use xtask_openapi::{Refusals, normalise, normalise::Idle, pointer, walk};
use xtask_testing::{entries, fixtures, is_pointer, read, stem, workspace};

/// What the first line of a document expects.
enum Expected {
    Compiles,
    Refused { pointer: String, phrase: String },
}

impl Expected {
    /// Reads `# expect: compiles`, or `# expect: refused <pointer> <phrase>`, in which `""` is the
    /// pointer of the whole document.
    fn of(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        let expected = lines.next().and_then(|line| line.strip_prefix("# expect: "));
        let expected =
            expected.unwrap_or_else(|| panic!("{} does not begin with `# expect: `", path.display()));
        let says = lines.next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
        assert!(!says.is_empty(), "the second line of {} says what is cursed", path.display());
        if expected == "compiles" {
            return Self::Compiles;
        }
        let refused = expected.strip_prefix("refused ").and_then(|rest| rest.split_once(' '));
        let (pointer, phrase) = refused.unwrap_or_else(|| panic!("{} expects {expected:?}", path.display()));
        let pointer = if pointer == "\"\"" { "" } else { pointer };
        assert!(is_pointer(pointer), "{} expects {pointer:?}, which is not a pointer", path.display());
        assert!(!phrase.trim().is_empty(), "{} expects no phrase", path.display());
        Self::Refused { pointer: pointer.to_owned(), phrase: phrase.trim().to_owned() }
    }
}

fn documents() -> Vec<PathBuf> {
    let documents = entries(&fixtures("cursed"));
    assert!(documents.iter().all(|path| path.extension().is_some_and(|extension| extension == "yaml")));
    documents
}

fn run(path: &Path) -> Result<Files, Refusals> {
    Ok(generate::generate(&normalise(vec![read(path)?], &[], Idle::Allowed)?)?)
}

/// What is wrong with a refusal, if anything.
fn judge(path: &Path, pointer: &str, phrase: &str, result: Result<Files, Refusals>) -> Option<String> {
    let Err(refusals) = result else { return Some("was accepted".to_owned()) };
    // Others may follow from the same curse.
    let error = refusals.iter().find(|error| error.pointer == pointer).unwrap_or(refusals.first());
    let name = path.file_name().unwrap().to_string_lossy();
    let shown = error.to_string();
    let operation = operation_of(pointer);
    let wrong = if error.document != name {
        "does not name its document"
    } else if error.pointer != pointer {
        "points elsewhere"
    } else if !error.problem.contains(phrase) {
        "gives another reason"
    } else if error.help.is_empty() {
        "does not say what to do"
    } else if operation.as_deref().is_some_and(|operation| !shown.contains(operation)) {
        "does not name the operation"
    } else {
        return None;
    };
    Some(format!("{wrong}; expected {pointer:?} and {phrase:?} but got\n{shown}"))
}

/// The operation that a pointer lies in, as the error has to name it.
fn operation_of(at: &str) -> Option<String> {
    match pointer::tokens(at).collect::<Vec<_>>().as_slice() {
        [paths, path, method, ..] if paths == "paths" && walk::METHODS.contains(&method.as_str()) => {
            Some(format!("{} {path}", method.to_uppercase()))
        }
        _ => None,
    }
}

#[test]
fn names_of_query_parameters_are_escaped_once_and_for_all() {
    let files = run(&fixtures("cursed").join("parameter-odd-names.yaml")).unwrap();
    let code: String = files.values().map(String::as_str).collect();
    for (name, spelled) in [("tag_group_id[]", "tag_group_id%5B%5D"), ("beløb", "bel%C3%B8b")] {
        let tokens = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
        assert!(tokens(&code).contains(&format!("request.query({spelled:?}, ")), "{name}");
    }
    assert!(!code.contains("\"a%2Eb\""), "a point has nothing to escape");
}

#[test]
fn a_body_that_may_be_left_out_is_a_setter_and_a_required_one_is_an_argument() {
    let code = |name: &str, file: &str| {
        let files = run(&fixtures("cursed").join(name)).unwrap();
        let code = files.iter().find(|(path, _)| path.ends_with(file)).unwrap().1;
        code.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(")
    };
    let method = code("body-optional.yaml", "/mod.rs");
    assert!(method.contains("pub fn create_thing(&self) -> builder::CreateThing<"), "{method}");
    let setter = code("body-optional.yaml", "/builder.rs");
    assert!(setter.contains("pub fn body(mut self, value: impl TryInto<"), "{setter}");
    let method = code("body-shared.yaml", "/mod.rs");
    assert!(method.contains("(&self, body: impl TryInto<"), "{method}");
    let builder = code("body-shared.yaml", "/builder.rs");
    assert!(!builder.contains("pub fn body("), "{builder}");
}

#[test]
fn a_required_parameter_that_may_be_null_is_an_argument() {
    for (document, argument) in [
        ("parameter-nullable-path.yaml", "thing"),
        ("parameter-nullable-query.yaml", "thing"),
        ("parameter-nullable-header.yaml", "x_thing"),
    ] {
        let files = run(&fixtures("cursed").join(document)).unwrap();
        let method = format!("pub fn get_thing(&self, {argument}: impl TryInto<String>)");
        let declares = |(path, code): (&String, &String)| path.ends_with("/mod.rs") && code.contains(&method);
        assert!(files.iter().any(declares), "{document}");
    }
}

#[test]
fn every_cursed_document_is_compiled_or_refused_as_it_expects() {
    let documents = documents();
    assert!(documents.len() >= 40, "only {} documents", documents.len());
    let mut wrong = Vec::new();
    let mut to_compile = BTreeMap::new();
    for path in &documents {
        match Expected::of(path) {
            Expected::Compiles => match run(path) {
                Ok(files) => {
                    to_compile.insert(stem(path), files);
                }
                Err(error) => wrong.push(format!("{} was refused:\n{error}", stem(path))),
            },
            Expected::Refused { pointer, phrase } => {
                if let Some(problem) = judge(path, &pointer, &phrase, run(path)) {
                    wrong.push(format!("{} {problem}", stem(path)));
                }
            }
        }
    }
    println!("{} documents, {} of them to compile", documents.len(), to_compile.len());
    wrong.extend(compile(&to_compile));
    assert!(wrong.is_empty(), "{} of {} documents:\n\n{}", wrong.len(), documents.len(), wrong.join("\n\n"));
}

/// Checks each document's client, all of them at once, and gives what the compiler says by document.
fn compile(clients: &BTreeMap<String, Files>) -> Vec<String> {
    let mut workspace = workspace("cursed");
    for (name, files) in clients {
        workspace.client(&format!("cursed-{name}"), files).unwrap();
    }
    let checked = workspace.check().unwrap();
    let mut errors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for error in &checked.errors {
        errors.entry(&error.member).or_default().push(&error.rendered);
    }
    let mut wrong: Vec<String> = errors
        .iter()
        .map(|(member, errors)| {
            let shown = errors.iter().take(3).copied().collect::<String>();
            format!("{member} does not compile, {} errors:\n{shown}", errors.len())
        })
        .collect();
    for missed in clients.keys().filter(|name| !checked.reached.contains(&format!("cursed-{name}"))) {
        wrong.push(format!("{missed} did not reach the compiler"));
    }
    if wrong.is_empty() && !checked.success {
        wrong.push(checked.stderr);
    }
    wrong
}
