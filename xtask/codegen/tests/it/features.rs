//! One Cargo feature per API family: each compiles alone, without a warning, and brings its own
//! operations and types and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use syn::{Attribute, Item, Type};
use xtask_codegen::{
    CLIENT, OPENAPI,
    compile::{self, PROFILE},
};
use xtask_openapi::{names, pointer, walk};
use xtask_testing::{nested_target, root, scratch};

type Names = BTreeSet<String>;

fn names<'a>(of: impl IntoIterator<Item = &'a str>) -> Names {
    of.into_iter().map(str::to_owned).collect()
}

fn openapi() -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(OPENAPI)).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// The operations of the clean document, by family.
fn families(openapi: &Value) -> BTreeMap<String, Names> {
    let mut found: BTreeMap<String, Names> = BTreeMap::new();
    for (_, operation) in walk::operations(openapi) {
        let operation = Value::Object(operation.clone());
        let family = text(&operation, "x-pleo-family").to_owned();
        found.entry(family).or_default().insert(text(&operation, "operationId").to_owned());
    }
    assert!(found.len() > 10, "only {} families", found.len());
    found
}

/// A program that prints what its catalogue holds.
const PROGRAM: &str = r#"fn main() {
    for operation in pleo_client::operations::all() {
        println!("{}", operation.id);
    }
}
"#;

/// Writes the program, with the project's versions of all dependencies, and gives its folder.
fn program() -> PathBuf {
    let folder = scratch("features");
    fs::create_dir_all(folder.join("src")).unwrap();
    let crates = root().join("crates");
    let manifest = format!(
        "[package]\nname = \"program\"\nedition = \"2024\"\n\n[dependencies]\n\
         pleo-client = {{ path = {:?}, default-features = false }}\n\
         pleo-auth = {{ path = {:?}, default-features = false, optional = true }}\n\
         pleo = {{ path = {:?}, default-features = false, optional = true }}\n\n\
         [lints.rust]\nwarnings = \"deny\"\n\n{PROFILE}\n[workspace]\n",
        crates.join("pleo-client"),
        crates.join("pleo-auth"),
        crates.join("pleo"),
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), PROGRAM).unwrap();
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

/// What the program is made of, with some features of its dependencies.
struct Built {
    /// The operations in the catalogue.
    operations: Names,
    /// The folders of generated code that the compiler read.
    folders: Names,
}

impl Built {
    fn with(folder: &Path, features: &[String]) -> Self {
        let target = nested_target();
        let output = compile::cargo(folder, &target)
            .args(["run", "--quiet", "--offline", "--features", &features.join(",")])
            .output()
            .unwrap();
        // Cargo shows warnings of the client, too, also of one that is compiled already.
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{features:?}:\n{said}");
        let generated = format!("{CLIENT}/");
        let read = fs::read_to_string(target.join("debug/program.d")).unwrap();
        let read = read.replace('\\', "/");
        let folders =
            read.split_whitespace().filter_map(|file| file.split_once(&generated)?.1.split_once('/'));
        Self {
            operations: names(String::from_utf8(output.stdout).unwrap().lines()),
            folders: names(folders.map(|(folder, _)| folder)),
        }
    }
}

#[test]
fn a_program_is_made_of_the_families_that_it_chooses() {
    let families = families(&openapi());
    let folder = program();
    let assert_holds = |features: &[String], chosen: &[&str]| {
        let built = Built::with(&folder, features);
        let operations: Names = chosen.iter().flat_map(|family| families[*family].clone()).collect();
        assert_eq!(built.operations, operations, "the catalogue with {features:?}");
        let mut folders: Names = chosen.iter().map(|family| names::snake(family)).collect();
        folders.insert("common".to_owned());
        assert_eq!(built.folders, folders, "what is compiled with {features:?}");
    };
    let client = |chosen: &[&str]| {
        let features: Vec<_> = chosen.iter().map(|family| format!("pleo-client/{family}")).collect();
        assert_holds(&features, chosen);
    };
    client(&[]);
    for family in families.keys() {
        client(&[family]);
    }
    client(&["accounting-entries", "tax-codes"]);
    client(&["companies", "webhooks"]);
    client(&["export", "vendors"]);
    // Connecting needs the marketplace.
    assert_holds(&["pleo-auth".to_owned()], &["marketplace"]);
    assert_holds(&["pleo-auth/tax-codes".to_owned()], &["marketplace", "tax-codes"]);
    assert_holds(&["pleo/tax-codes".to_owned()], &["marketplace", "tax-codes"]);
}

#[test]
fn every_family_is_a_feature_and_on_by_default() {
    let families: Names = families(&openapi()).into_keys().collect();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    for (name, passed_to) in
        [("pleo-client", None), ("pleo-auth", Some("pleo-client")), ("pleo", Some("pleo-auth"))]
    {
        let package = packages.iter().find(|package| package["name"] == name).unwrap();
        let features = package["features"].as_object().unwrap();
        let enables =
            |feature: &str| names(features[feature].as_array().unwrap().iter().filter_map(Value::as_str));
        assert!(enables("default").contains("full"), "{name}");
        assert_eq!(enables("full"), families, "{name}");
        for family in &families {
            let passed: Names = passed_to.map(|to| format!("{to}/{family}")).into_iter().collect();
            assert_eq!(enables(family), passed, "{name}/{family}");
        }
    }
}

/// The families that reach each schema, directly or through others, by the name of its type.
fn reached(openapi: &Value) -> BTreeMap<String, Names> {
    fn reach(openapi: &Value, from: &Value, found: &mut BTreeSet<String>) {
        walk::references(from, &mut |reference| {
            let name = pointer::schema_name(reference).unwrap();
            if found.insert(name.to_owned()) {
                reach(openapi, &openapi["components"]["schemas"][name], found);
            }
        });
    }
    let mut families: BTreeMap<String, Names> = BTreeMap::new();
    for (_, operation) in walk::operations(openapi) {
        let operation = Value::Object(operation.clone());
        let mut found = BTreeSet::new();
        reach(openapi, &operation, &mut found);
        for schema in found {
            let family = text(&operation, "x-pleo-family").to_owned();
            families.entry(names::pascal(&schema)).or_default().insert(family);
        }
    }
    families
}

fn generated(file: &str) -> Vec<Item> {
    let code = fs::read_to_string(root().join(CLIENT).join(file)).unwrap();
    syn::parse_file(&code).unwrap().items
}

/// The families in the condition of an item.
fn condition(attributes: &[Attribute]) -> Names {
    let mut found = Names::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        let condition = attribute.meta.require_list().unwrap().tokens.to_string();
        let families: Vec<&str> = condition.split('"').skip(1).step_by(2).collect();
        // Nothing but one feature, or any of several.
        let features: Vec<String> = families.iter().map(|family| format!("feature = {family:?}")).collect();
        let plain = features.join(" , ");
        assert!(condition == plain || condition == format!("any ({plain})"), "{condition}");
        found.extend(names(families));
    }
    found
}

/// The types that an item belongs to, with its condition: `impl Builder` belongs to what it builds.
fn conditions(items: &[Item], found: &mut Vec<(String, Names)>) {
    let last = |path: &syn::Path| path.segments.last().unwrap().ident.to_string();
    for item in items {
        let (name, attributes) = match item {
            Item::Struct(item) => (item.ident.to_string(), &item.attrs),
            Item::Type(item) => (item.ident.to_string(), &item.attrs),
            Item::Impl(item) => match item.self_ty.as_ref() {
                Type::Path(path) => (last(&path.path), &item.attrs),
                _ => continue,
            },
            // `object! { Name { … } }` and `open_enum! { /// … pub enum Name { … } }`
            Item::Macro(item) => {
                let words = item.mac.tokens.clone().into_iter().filter_map(|token| match token {
                    proc_macro2::TokenTree::Ident(word) => Some(word.to_string()),
                    _ => None,
                });
                (words.filter(|word| word != "pub" && word != "enum").last().unwrap(), &item.attrs)
            }
            Item::Mod(item) => {
                conditions(&item.content.as_ref().unwrap().1, found);
                continue;
            }
            Item::Use(_) => continue,
            other => unreachable!("{other:?}"),
        };
        found.push((name, condition(attributes)));
    }
}

#[test]
fn a_shared_type_is_compiled_for_the_families_that_reach_it() {
    let openapi = openapi();
    let mut reached = reached(&openapi);
    // The generic types are reached by those that reach an alias of one.
    for family in families(&openapi).into_keys() {
        for item in generated(&format!("{}/types.rs", names::snake(&family))) {
            if let Item::Type(alias) = item
                && let Type::Path(aliased) = *alias.ty
            {
                let generic = aliased.path.segments.last().unwrap().ident.to_string();
                let by = reached[&alias.ident.to_string()].clone();
                reached.entry(generic).or_default().extend(by);
            }
        }
    }
    let mut found = Vec::new();
    conditions(&generated("common/types.rs"), &mut found);
    for (name, condition) in &found {
        assert_eq!(condition, &reached[name], "{name}");
    }
    for (name, at_least) in
        [("Money", 5), ("Page", 1), ("Data", 1), ("CountryCode", 1), ("CursorPageInfo", 2)]
    {
        assert!(found.iter().filter(|(found, _)| found == name).count() >= at_least, "{name} in {found:?}");
    }
}
