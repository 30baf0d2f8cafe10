//! Every help text and every command's main path, word by word; and JSON by its published schema.
//!
//! `TRYCMD=overwrite cargo test -p pleo-cli golden` writes what is printed now.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{KEY, Pleo};

#[test]
fn help_and_main_paths_print_what_is_written_down() {
    let pleo = Pleo::start();
    let cases = trycmd::TestCases::new();
    cases
        .env("PLEO_ENVIRONMENT", pleo.server.url())
        .env("PLEO_API_KEY", KEY)
        .env("PLEO_CONFIG", "none.toml")
        .env("NO_COLOR", "1")
        .insert_var("[SANDBOX]", pleo.server.url())
        .unwrap();
    cases.case("tests/golden/*.trycmd");
}

#[test]
fn what_json_prints_follows_its_schema() {
    let pleo = Pleo::start();
    let configuration =
        "default_profile = \"a\"\n[profiles.a]\nenvironment = \"staging\"\nkey_file = \"key\"\n";
    let access = ["access", "--json", "--relation", "new-partner", "--can-log-in", "no", "--for", "others"];
    for (schema, arguments, code) in [
        ("check", &["check", "--json"][..], 0),
        ("check", &["check", "--json", "--for", "vendors"], 0),
        ("check", &["check", "--json", "--company", "1"], 2),
        ("operations", &["operations", "--json"], 0),
        ("scopes", &["scopes", "export", "--json"], 0),
        ("status", &["status", "--json"], 0),
        ("access", &access, 0),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(format!("{schema}.json"));
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{}", path.display());
        let validator = jsonschema::validator_for(&schema).unwrap();
        let command = pleo.command(arguments).file(".config/pleo/config.toml", configuration);
        let printed: Value = serde_json::from_str(&command.run().ended(code).out).unwrap();
        let errors: Vec<_> = validator.iter_errors(&printed).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:#?}");
    }
}
