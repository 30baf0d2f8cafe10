//! `cargo xtask corpus` on small folders.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

const SMALL: &str = r#"
openapi: 3.0.3
info: { title: Small, version: 1.0.0 }
servers: [{ url: "https://external.pleo.io" }]
paths:
  /v1/things:
    get:
      operationId: listThings
      summary: Lists things
      tags: [things]
      responses:
        "200":
          description: Things
          content:
            application/json:
              schema:
                type: object
                required: [name]
                properties:
                  name: { type: string }
"#;

fn corpus(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_xtask")).arg("corpus").arg(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn each_document_is_generated_or_refused_and_other_files_are_counted() {
    let json = serde_json::to_string(&serde_saphyr::from_str::<Value>(SMALL).unwrap()).unwrap();
    let refused = SMALL.replace("type: object", "type: object\n                surprise: 1");
    let folder = folder(&[
        ("small.yaml", SMALL),
        ("deep/er/Small v3.1.json", &json),
        ("refused.yml", &refused),
        ("swagger.yaml", "swagger: '2.0'\ninfo: { title: Old, version: '1' }\npaths: {}\n"),
        ("not-yaml.yaml", "openapi: 3.0.3\n\t- [\n"),
        ("values.yaml", "replicas: 3\n"),
        ("package.json", r#"{ "dependencies": { "openapi": "1" } }"#),
        ("README.md", "openapi: no\n"),
    ]);
    let (code, text, said) = corpus(folder.path(), &[]);
    assert_eq!(code, Some(0), "{text}{said}");
    let lines: Vec<&str> = text.lines().collect();
    for start in [
        "generated  small.yaml: ",
        "generated  deep/er/Small v3.1.json: ",
        "refused    refused.yml: ",
        "refused    swagger.yaml: ",
        "refused    not-yaml.yaml: ",
    ] {
        assert_eq!(lines.iter().filter(|line| line.starts_with(start)).count(), 1, "{start}:\n{text}");
    }
    let summary = "total      2 generated, 3 refused, 0 broken; 2 skipped that are not OpenAPI (";
    assert!(lines.len() == 6 && lines[5].starts_with(summary), "{text}");

    let (code, text, _) = corpus(folder.path(), &["--format", "json"]);
    assert_eq!(code, Some(0), "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    let count = |key: &str| report[key].as_u64().unwrap();
    assert_eq!(["generated", "refused", "broken", "skipped"].map(count), [2, 3, 0, 2]);
    let documents = report["documents"].as_array().unwrap();
    let refused = documents.iter().find(|document| document["file"] == "refused.yml").unwrap();
    assert_eq!(refused["outcome"], "refused");
    assert!(refused["detail"].as_str().unwrap().contains("surprise"), "{refused}");
    assert!(documents.iter().all(|document| document["seconds"].as_f64().unwrap() > 0.0));
}

#[test]
#[cfg(unix)]
fn a_document_that_takes_too_long_is_broken_and_does_not_end_the_run() {
    let folder = folder(&[("small.yaml", SMALL)]);
    // Reading from a pipe that nobody writes to never ends.
    let made = Command::new("mkfifo").arg(folder.path().join("pipe.yaml")).status().unwrap();
    assert!(made.success());
    let (code, text, said) = corpus(folder.path(), &["--timeout", "15"]);
    assert_eq!(code, Some(1), "{text}{said}");
    assert!(text.contains("broken     pipe.yaml: took longer than 15 s"), "{text}");
    assert!(text.contains("total      1 generated, 0 refused, 1 broken; 0 skipped"), "{text}");
}

#[test]
fn what_is_generated_is_compiled_on_demand() {
    let folder = folder(&[("small.yaml", SMALL), ("values.yaml", "replicas: 3\n")]);
    let (code, text, said) = corpus(folder.path(), &["--compile"]);
    assert_eq!(code, Some(0), "{text}{said}");
    assert!(text.contains("total      1 generated, 0 refused, 0 broken; 1 skipped"), "{text}");
}

#[test]
fn a_folder_that_cannot_be_read_is_wrong_usage() {
    let folder = folder(&[]);
    let (code, text, said) = corpus(&folder.path().join("missing"), &[]);
    assert_eq!((code, text.as_str()), (Some(2), ""), "{said}");
    assert!(said.contains("missing; pass a folder of OpenAPI documents"), "{said}");
}
