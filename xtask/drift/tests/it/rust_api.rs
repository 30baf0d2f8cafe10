//! What is claimed of the Rust API, held against generated code and against the compiler.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde::Deserialize;
use serde_json::{Value, json};
use xtask_codegen::{self as generate, Files};
use xtask_drift::Level;
use xtask_drift::rust::{self, Bump, Comparison, KINDS, RustFinding, RustKind, State, Surface};
use xtask_openapi::{Document, normalise, normalise::Idle, overlay::Overlay, pointer};
use xtask_testing::{entries, fixtures, overlays, published, root, workspace};

/// One change of the document `base.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    set: BTreeMap<String, Value>,
    #[serde(default)]
    remove: Vec<String>,
    /// Id and item of each change that has to be reported.
    expect: Vec<String>,
    callers: Vec<Caller>,
}

/// A piece of a program that compiles before the change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Caller {
    /// The kind whose level it shows; needed where several changes are expected.
    shows: Option<String>,
    /// The error code that it has after the change, or `compiles`, `refused` or `another word`.
    after: String,
    code: String,
}

impl Caller {
    fn compiles(&self) -> bool {
        matches!(self.after.as_str(), "compiles" | "refused" | "another word")
    }

    /// Whether it works after the change as it did before.
    fn works(&self) -> bool {
        self.after == "compiles"
    }
}

impl Case {
    /// The kind that a caller shows.
    fn shown_by(&self, caller: &Caller) -> RustKind {
        let id = match (&caller.shows, self.expect.as_slice()) {
            (Some(id), _) => id.as_str(),
            (None, [only]) => only.split_once(' ').unwrap().0,
            (None, _) => panic!("{}: a caller does not say what it shows", self.name),
        };
        assert!(
            self.expect.iter().any(|expected| expected.starts_with(&format!("{id} "))),
            "{}: nothing expects {id}",
            self.name
        );
        kind(id)
    }
}

const NOTHING: Comparison = Comparison { bump: Bump::None, findings: Vec::new(), notes: Vec::new() };

fn kind(id: &str) -> RustKind {
    *KINDS.iter().find(|kind| kind.id == id).unwrap_or_else(|| panic!("there is no kind {id}"))
}

fn base() -> Document {
    xtask_testing::read(&fixtures("rust_api").join("base.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(fixtures("rust_api").join("changes.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// The document after the changes. What is set is set first, and list items go from the last.
fn changed<'a>(cases: impl Iterator<Item = &'a Case> + Clone) -> Document {
    let mut document = base();
    for (at, value) in cases.clone().flat_map(|case| &case.set) {
        let (parent, _) = at.rsplit_once('/').unwrap();
        let key = pointer::tokens(at).last().unwrap();
        let parent =
            document.value.pointer_mut(parent).unwrap_or_else(|| panic!("{at} has nothing to be in"));
        match parent {
            Value::Object(map) => drop(map.insert(key, value.clone())),
            Value::Array(list) if key == "-" => list.push(value.clone()),
            _ => panic!("{at} cannot be set"),
        }
    }
    let mut removed: Vec<&String> = cases.flat_map(|case| &case.remove).collect();
    removed.sort();
    for at in removed.into_iter().rev() {
        let (parent, _) = at.rsplit_once('/').unwrap();
        let key = pointer::tokens(at).last().unwrap();
        let gone = match document.value.pointer_mut(parent) {
            Some(Value::Object(map)) => map.remove(&key),
            Some(Value::Array(list)) => Some(list.remove(key.parse().unwrap())),
            _ => None,
        };
        assert!(gone.is_some(), "{at} is not there to be removed");
    }
    document
}

fn compare(old: &Document, new: &Document) -> Comparison {
    let side = |document| State { documents: std::slice::from_ref(document), overlays: &[] };
    rust::between(side(old), side(new)).unwrap_or_else(|error| panic!("{error}"))
}

fn files(document: Document) -> Files {
    let normalised = normalise(vec![document], &[], Idle::Allowed).unwrap_or_else(|error| panic!("{error}"));
    generate::generate(&normalised).unwrap_or_else(|error| panic!("{error}"))
}

fn summary(changes: &[RustFinding]) -> Vec<String> {
    let mut lines: Vec<String> =
        changes.iter().map(|finding| format!("{} {}", finding.kind, finding.item)).collect();
    lines.sort();
    lines
}

#[test]
fn what_overlays_no_longer_do_is_noted_and_what_they_never_did_is_not() {
    let overlay = r##"
        overlay: 1.0.0
        info: { title: t, version: "1" }
        actions:
          - target: $.info
            update: { description: Ours. }
            x-reason: It is there on both sides.
          - target: $.components.schemas.Nowhere
            update: { description: Ours. }
            x-reason: It is on neither side.
          - target: $.paths['/departed'].get
            update: { description: Ours. }
            x-reason: It is on the old side only.
    "##;
    let overlays = [Overlay::parse("base.yaml", overlay).unwrap()];
    let (mut old, new) = (base(), base());
    old.value["paths"]["/departed"] =
        json!({ "get": { "operationId": "departed", "responses": { "204": { "description": "" } } } });
    let side = |document| State { documents: std::slice::from_ref(document), overlays: &overlays };
    let notes = |old, new| rust::between(side(old), side(new)).unwrap().notes;
    let found = notes(&old, &new);
    let gone = "base.yaml#/actions/2 of the overlays is passed over: target $.paths['/departed'].get matches nothing";
    assert_eq!(found, [gone]);
    assert_eq!(notes(&new, &old), Vec::<String>::new());
}

#[test]
fn each_change_is_reported_as_exactly_what_it_is() {
    let mut wrong = Vec::new();
    let base = base();
    for case in cases() {
        let comparison = compare(&base, &changed([&case].into_iter()));
        let found = summary(&comparison.findings);
        let mut expected = case.expect.clone();
        expected.sort();
        if found != expected {
            wrong.push(format!(
                "{}:\n  expected {expected:#?}\n  found {:#?}",
                case.name, comparison.findings
            ));
        }
        for change in &comparison.findings {
            assert_eq!(change.level, kind(change.kind).level, "{change:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_is_shown_by_a_caller_and_its_level_is_what_callers_meet() {
    let cases = cases();
    for kind in KINDS {
        let callers: Vec<&Caller> = cases
            .iter()
            .flat_map(|case| case.callers.iter().filter(|caller| case.shown_by(caller) == *kind))
            .collect();
        let compiles = callers.iter().filter(|caller| caller.compiles()).count();
        let works = callers.iter().filter(|caller| caller.works()).count();
        let right = match kind.level {
            Level::Breaking => {
                let breaks = |caller: &&Caller| !caller.compiles() || caller.after == "another word";
                callers.iter().all(breaks) && !callers.is_empty()
            }
            Level::PossiblyBreaking => compiles > 0 && works < callers.len(),
            Level::Additive => works == callers.len() && works > 0,
            Level::Documentation => false,
        };
        let all = callers.len();
        assert!(
            right,
            "{} is {:?}, but of {all} callers {compiles} compile and {works} work",
            kind.id, kind.level
        );
    }
}

#[test]
fn the_compiler_says_of_callers_what_the_kinds_claim() {
    let cases = cases();
    let (old, new) = (base(), changed(cases.iter()));
    // Each change has parts of the document of its own, so that all can be compiled at once.
    let together: BTreeSet<String> = summary(&compare(&old, &new).findings).into_iter().collect();
    let alone: BTreeSet<String> = cases.iter().flat_map(|case| case.expect.clone()).collect();
    assert_eq!(together, alone);
    let mut workspace = workspace("rust-api");
    workspace.client("client-before", &files(old)).unwrap();
    workspace.client("client-after", &files(new)).unwrap();
    // One crate per error code: the compiler stops after names that it does not find, and would
    // not come to wrong types.
    let mut crates: BTreeMap<String, BTreeMap<String, &str>> = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        for (place, caller) in case.callers.iter().enumerate() {
            let module = format!("case_{number}_{place}");
            for side in ["before", "after"] {
                let compiles = side == "before" || caller.compiles();
                let expected = if compiles { "compiles" } else { &caller.after };
                let member = format!("{side}-{}", expected.to_lowercase());
                crates.entry(member).or_default().insert(module.clone(), &caller.code);
            }
        }
    }
    for (code, caller) in IMPOSSIBLE {
        let member = format!("before-{}-always", code.to_lowercase());
        crates.entry(member).or_default().insert("caller".to_owned(), caller);
    }
    for (member, modules) in &crates {
        let side = member.split('-').next().unwrap();
        let manifest = format!(
            "[package]\nname = \"{member}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             pleo_client = {{ package = \"client-{side}\", path = \"../client-{side}\", default-features = false, features = [\"full\"] }}\n"
        );
        workspace.write(member, "Cargo.toml", &manifest).unwrap();
        let library: String = modules.keys().map(|module| format!("pub mod {module};\n")).collect();
        workspace.write(member, "src/lib.rs", &library).unwrap();
        for (module, code) in modules {
            workspace.write(member, &format!("src/{module}.rs"), code).unwrap();
        }
    }
    let checked = workspace.check().unwrap();
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for error in &checked.errors {
        // The last message only counts the errors.
        if !error.file.is_empty() {
            let module = Path::new(&error.file).file_stem().unwrap().to_string_lossy().into_owned();
            found.entry((error.member.clone(), module)).or_default().insert(error.code.clone());
        }
    }
    let mut expected = BTreeMap::new();
    for (member, modules) in &crates {
        let code = member.split('-').nth(1).unwrap().to_uppercase();
        for module in modules.keys().filter(|_| code != "COMPILES") {
            expected.insert((member.clone(), module.clone()), BTreeSet::from([code.clone()]));
        }
    }
    let shown: String = checked.errors.iter().map(|error| error.rendered.as_str()).collect();
    assert_eq!(found, expected, "{}\n{shown}", checked.stderr);
    let members: BTreeSet<String> = crates.into_keys().collect();
    assert!(checked.reached.is_superset(&members), "{}", checked.stderr);
}

/// What no caller can write at all, so that a new field and a new variant break nobody.
const IMPOSSIBLE: [(&str, &str); 3] = [
    (
        "E0639",
        "pub fn call() -> pleo_client::things::types::Growing { pleo_client::things::types::Growing { id: String::new() } }",
    ),
    (
        "E0638",
        "pub fn call(pleo_client::things::types::Growing { id }: pleo_client::things::types::Growing) -> String { id }",
    ),
    (
        "E0004",
        "use pleo_client::things::types::Colours;\n\
         pub fn call(colour: Colours) { match colour { Colours::Red | Colours::Green | Colours::Unknown(_) => {} } }",
    ),
];

#[test]
fn the_policys_table_is_that_of_the_kinds() {
    let text = fs::read_to_string(root().join("docs/versioning.md")).unwrap();
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 3).collect();
    let expected: Vec<String> = KINDS
        .iter()
        .map(|kind| {
            let level =
                format!("{:?}", kind.level).replace("PossiblyBreaking", "Possibly breaking").to_lowercase();
            let change = RustFinding {
                item: String::new(),
                kind: kind.id,
                level: kind.level,
                before: None,
                after: None,
            };
            format!("| `{}` | {level} | {} | {} |", kind.id, Bump::of(&[change]), kind.what)
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_policys_versions_are_those_that_a_bump_gives() {
    let text = fs::read_to_string(root().join("docs/versioning.md")).unwrap();
    for bump in [Bump::Major, Bump::Minor, Bump::Patch, Bump::None] {
        let next = ["1.4.2", "0.4.2", "0.0.2"].map(|version| bump.next(version).unwrap());
        let row = format!("| {bump} | {} |", next.join(" | "));
        assert!(text.lines().any(|line| line.ends_with(&row)), "no row ends {row}");
    }
    for odd in ["1.4", "1.4.2.0", "1.4.x", ""] {
        assert_eq!(Bump::Major.next(odd), None);
    }
}

#[test]
fn the_committed_client_has_a_method_for_every_operation() {
    let root = root();
    let mut files = Files::new();
    for folder in entries(&root.join(generate::CLIENT)) {
        let found = if folder.is_dir() { entries(&folder) } else { vec![folder] };
        for path in found {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    let surface = Surface::of(&files).unwrap();
    let openapi: Value =
        serde_json::from_str(&fs::read_to_string(root.join(generate::OPENAPI)).unwrap()).unwrap();
    let operations: BTreeSet<(String, String)> = xtask_openapi::walk::operations(&openapi)
        .map(|(place, operation)| {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            (name, format!("{} {}", place.method.to_uppercase(), place.path))
        })
        .collect();
    let methods: BTreeSet<(String, String)> =
        surface.methods().map(|(name, request)| (name.to_owned(), request.to_owned())).collect();
    assert_eq!(methods, operations);
}

#[test]
fn the_surface_of_every_cursed_client_can_be_read() {
    let mut read = 0;
    for path in entries(&root().join("xtask/codegen/tests/cursed")) {
        let Ok(document) = xtask_testing::read(&path) else { continue };
        let Ok(normalised) = normalise(vec![document], &[], Idle::Allowed) else { continue };
        let Ok(files) = generate::generate(&normalised) else { continue };
        let surface = Surface::of(&files).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(rust::compare(&surface, &surface), []);
        read += 1;
    }
    assert!(read >= 40, "only {read} were read");
}

#[test]
fn which_feature_an_item_needs_is_no_change_and_another_condition_is_refused() {
    let files = files(base());
    let root_file = format!("{}/mod.rs", generate::CLIENT);
    let with = |condition: &str| {
        let mut files = files.clone();
        let text = files.get_mut(&root_file).unwrap();
        let edited = text.replace("#[cfg(feature = \"extras\")]", condition);
        assert_ne!(&edited, text);
        *text = edited;
        Surface::of(&files)
    };
    let old = Surface::of(&files).unwrap();
    for condition in
        ["", "#[cfg(feature = \"others\")]", "#[cfg(any(feature = \"extras\", feature = \"others\"))]"]
    {
        assert_eq!(rust::compare(&old, &with(condition).unwrap()), [], "{condition}");
    }
    for condition in [
        "#[cfg(not(feature = \"extras\"))]",
        "#[cfg(any(feature = \"extras\", test))]",
        "#[cfg(unix)]",
        "#[cfg_attr(feature = \"extras\", cfg(unix))]",
    ] {
        let error = with(condition).unwrap_err().to_string();
        assert!(error.starts_with(&root_file) && error.contains("cfg"), "{condition}: {error}");
    }
}

#[test]
fn equal_sides_are_not_generated_and_ask_for_nothing() {
    // What no client can be made of does not hinder seeing that both sides are the same.
    let document = Document { name: "a.yaml".to_owned(), value: Value::Null };
    assert_eq!(compare(&document, &document), NOTHING);
}

#[test]
fn documents_that_are_refused_are_named_with_place_and_side() {
    let mut broken = base();
    broken.value["paths"]["/gone"]["get"]["parameters"] = serde_json::json!("none");
    let base = base();
    let side = |document| State { documents: std::slice::from_ref(document), overlays: &[] };
    let error = rust::between(side(&base), side(&broken)).unwrap_err().to_string();
    assert!(error.starts_with("the Rust API could not be compared: the new documents: "), "{error}");
    assert!(error.contains("base.yaml#/paths/~1gone/get/parameters (GET /gone)"), "{error}");
}

#[test]
fn other_words_ask_for_a_patch() {
    let base = base();
    let mut reworded = base.clone();
    reworded.value["paths"]["/gone"]["get"]["description"] = Value::from("Other words.");
    let comparison = compare(&base, &reworded);
    assert_eq!(comparison, Comparison { bump: Bump::Patch, ..NOTHING });
}

#[test]
fn what_is_left_out_of_a_comparison_does_not_change_it() {
    let whole = |documents: &[Document]| {
        let normalised = normalise(documents.to_vec(), &overlays(), Idle::Allowed);
        let normalised = normalised.unwrap_or_else(|error| panic!("{error}"));
        Surface::of(&generate::generate(&normalised).unwrap()).unwrap()
    };
    let (documents, overlays) = (published(), overlays());
    let old = whole(&documents);
    for number in 0..documents.len() {
        let mut changed = documents.clone();
        let value = &mut changed[number].value;
        // Its first operation goes, every third schema gets a field, and one that is sent is needed.
        let paths = value["paths"].as_object_mut().unwrap();
        let first = paths.keys().next().unwrap().clone();
        paths.remove(&first);
        let schemas = value["components"]["schemas"].as_object_mut().unwrap();
        for schema in schemas.values_mut().step_by(3) {
            if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert("novelty".to_owned(), serde_json::json!({ "type": "string" }));
                schema["required"] = serde_json::json!(["novelty"]);
            }
        }
        let side = |documents| State { documents, overlays: &overlays };
        let comparison = rust::between(side(&documents), side(&changed));
        let comparison = comparison.unwrap_or_else(|error| panic!("{error}"));
        assert!(!comparison.findings.is_empty());
        assert_eq!(comparison.findings, rust::compare(&old, &whole(&changed)), "{}", documents[number].name);
    }
}

#[test]
fn a_change_of_pleos_is_compared_though_overlays_still_speak_of_what_was() {
    let (old, overlays) = (published(), overlays());
    let mut new = old.clone();
    let tags = new.iter_mut().find(|document| document.value["paths"].get("/v0/tags/archive").is_some());
    let paths = tags.unwrap().value["paths"].as_object_mut().unwrap();
    paths.remove("/v0/tags/archive").unwrap();
    let side = |documents| State { documents, overlays: &overlays };
    let comparison = rust::between(side(&old), side(&new)).unwrap_or_else(|error| panic!("{error}"));
    let found = summary(&comparison.findings);
    assert!(found.contains(&"method-removed pleo_client::Client::archive_tags".to_owned()), "{found:#?}");
    assert_eq!(comparison.bump, Bump::Major);
}
