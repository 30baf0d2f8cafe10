//! What every command has in common: help, versions and suggestions; and `cargo xtask test`.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

/// The commands, as the help lists them.
const COMMANDS: [&str; 10] =
    ["sync", "fetch", "generate", "check", "diff", "measure", "corpus", "compare-clients", "release", "test"];

fn xtask(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    // What the runner of these tests was told is not for the runner that they start.
    for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name.starts_with("NEXTEST") || name == "CI" || name == "CARGO_TARGET_DIR" {
            xtask.env_remove(name);
        }
    }
    let output = xtask.args(arguments).envs(variables.iter().copied()).output();
    let Output { status, stdout, stderr } = output.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

#[test]
fn every_command_has_help_and_a_version() {
    let (_, help) = xtask(&["--help"], &[]);
    let listed: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()))
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS, "{help}");
    let version = format!(" {}\n", env!("CARGO_PKG_VERSION"));
    for command in [
        &[][..],
        &["sync"],
        &["fetch"],
        &["generate"],
        &["check"],
        &["diff"],
        &["measure"],
        &["corpus"],
        &["compare-clients"],
        &["release"],
        &["test"],
    ] {
        let (code, said) = xtask(&[command, &["--version"]].concat(), &[]);
        assert!(code == Some(0) && said.ends_with(&version), "{command:?}: {said}");
        assert_eq!(xtask(&[command, &["--help"]].concat(), &[]).0, Some(0), "{command:?}");
    }
}

#[test]
fn a_misspelt_command_or_option_is_suggested() {
    let (code, said) = xtask(&["snyc"], &[]);
    assert!(code == Some(2) && said.contains("a similar subcommand exists: 'sync'"), "{said}");
    let (code, said) = xtask(&["measure", "--crate"], &[]);
    assert!(code == Some(2) && said.contains("a similar argument exists: '--crates'"), "{said}");
}

#[test]
fn help_fits_the_terminal_and_has_colours_on_demand() {
    for command in COMMANDS {
        let (_, help) = xtask(&[command, "--help"], &[("COLUMNS", "60")]);
        // Names of options and examples are not broken; sentences are.
        let long = help
            .lines()
            .filter(|line| line.len() > 60 && !line.trim_start().starts_with(['-', '[', 'c', 'U']));
        assert_eq!(long.collect::<Vec<_>>(), Vec::<&str>::new(), "{command}");
        assert!(!help.contains('\x1b'), "{help}");
        let (_, help) = xtask(&[command, "--help"], &[("CLICOLOR_FORCE", "1")]);
        assert!(help.contains("\x1b["), "{help}");
    }
}

/// A workspace of two packages whose tests print their names.
fn workspace(folder: &Path) {
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n");
    for name in ["one", "two"] {
        write(
            &format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[features]\nextra = []\n"
            ),
        );
        write(
            &format!("{name}/src/lib.rs"),
            &format!(
                "//! ```\n//! println!(\"doc of {name}\");\n//! ```\n\n#[cfg(feature = \"extra\")]\n#[test]\nfn first_of_{name}() {{ println!(\"heard first of {name}\") }}\n\n\
                 #[test]\nfn second_of_{name}() {{ println!(\"heard second of {name}\") }}\n"
            ),
        );
    }
}

#[test]
fn without_arguments_all_tests_run_and_all_doc_tests() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path());
    let (code, said) = xtask(&["--root", folder.path().to_str().unwrap(), "test"], &[]);
    assert_eq!(code, Some(0), "{said}");
    for name in
        ["first_of_one", "second_of_one", "first_of_two", "second_of_two", "one/src/lib.rs - (line 1)"]
    {
        assert!(said.contains(name), "{name} is not in:\n{said}");
    }
}

#[test]
fn arguments_choose_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path());
    let root = ["--root", folder.path().to_str().unwrap(), "test"];
    let test = |arguments: &[&str]| xtask(&[&root, arguments].concat(), &[]);

    let (code, said) = test(&["-p", "one", "first", "--", "--no-capture"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("heard first of one"), "{said}");
    assert!(!said.contains("second_of_one") && !said.contains("of_two"), "{said}");

    let (code, said) = test(&["second"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("second_of_one") && said.contains("second_of_two"), "{said}");
    assert!(!said.contains("first_of") && !said.contains("heard"), "{said}");

    let (code, said) = test(&["--doc", "--package=two"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("two/src/lib.rs - (line 1)"), "{said}");
    assert!(!said.contains("one/src/lib.rs") && !said.contains("first_of"), "{said}");

    let (code, said) = test(&["--no-default-features", "first"]);
    assert!(!said.contains("first_of") && code != Some(101), "{said}");
}

#[test]
fn a_failure_names_the_command_that_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path());
    fs::write(folder.path().join("one/src/lib.rs"), "#[test]\nfn fails() { assert_eq!(1, 2) }\n").unwrap();
    let (_, said) = xtask(&["--root", folder.path().to_str().unwrap(), "test", "-p", "one", "fail s"], &[]);
    assert!(said.contains("-p one 'fail s'"), "{said}");
    let (code, said) = xtask(&["--root", folder.path().to_str().unwrap(), "test", "fails"], &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error: tests failed; to repeat, run:  cargo "), "{said}");
}
