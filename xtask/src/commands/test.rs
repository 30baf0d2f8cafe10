//! `cargo xtask test`

use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::metadata;

/// Arguments for the test runner.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask test                               every test and every doc test
  cargo xtask test -p xtask-fetch name           the tests of one package whose names contain `name`
  cargo xtask test -p xtask-fetch -- --no-capture
  cargo xtask test --doc -p pleo-auth            doc tests only

Without arguments, doc tests run after the others. With arguments, nextest runs what they choose, and
doc tests run only with --doc.")]
pub(crate) struct Arguments {
    /// Passed on to `cargo nextest run`, or to `cargo test` if nextest is not installed
    #[arg(value_name = "ARGS", allow_hyphen_values = true)]
    arguments: Vec<OsString>,
    /// Passed on after `--`
    #[arg(value_name = "ARGS", last = true)]
    after: Vec<OsString>,
}

/// Runs all tests, then the doc tests; or what the arguments choose.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let Arguments { arguments: chosen, after } = arguments;
    if chosen.iter().any(|argument| argument == "--doc") {
        return cargo(root, &["test"], chosen, after);
    }
    let all = chosen.is_empty() && after.is_empty();
    let nextest = Command::new(env!("CARGO"))
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if nextest {
        let profile = if env::var_os("CI").is_some() { &["--profile", "ci"][..] } else { &[] };
        cargo(root, &[&["nextest", "run"], profile].concat(), chosen, after)?;
    } else {
        println!("nextest is not installed; running cargo test");
        let targets = if all { &["test", "--all-targets"][..] } else { &["test"] };
        cargo(root, targets, chosen, after)?;
    }
    if all {
        cargo(root, &["test"], &["--doc".into()], &[])?;
    }
    Ok(())
}

/// The features of some packages that are not on by default, as `--features` takes them, without `native-tls`: it asks for
/// OpenSSL's headers on Linux, and CI has a step for its tests.
pub(super) fn optional_features(metadata: &Value, is_chosen: impl Fn(&str) -> bool) -> String {
    let mut optional = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let (Some(name), Some(features)) = (package["name"].as_str(), package["features"].as_object()) else {
            continue;
        };
        let (mut on, mut left) = (BTreeSet::from(["native-tls"]), vec!["default"]);
        while let Some(feature) = left.pop() {
            if on.insert(feature) {
                let brought = features.get(feature).and_then(Value::as_array).into_iter().flatten();
                left.extend(brought.filter_map(Value::as_str));
            }
        }
        let others = features.keys().filter(|feature| is_chosen(name) && !on.contains(feature.as_str()));
        optional.extend(others.map(|feature| format!("{name}/{feature}")));
    }
    optional.join(",")
}

/// Whether the arguments choose this package, by its name, with its version, or by the beginning of its name and `*`.
fn is_of_package(chosen: &[OsString], name: &str) -> bool {
    let mut words = chosen.iter().filter_map(|argument| argument.to_str());
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--package").or_else(|| word.strip_prefix("-p")) {
            Some("") => words.next().unwrap_or_default(),
            Some(value) => value.strip_prefix('=').unwrap_or(value),
            None => continue,
        };
        let asked_for = value.split('@').next().unwrap_or_default();
        if asked_for == name || asked_for.strip_suffix('*').is_some_and(|it| name.starts_with(it)) {
            return true;
        }
    }
    false
}

/// Runs cargo on all packages, or as the arguments choose.
fn cargo(root: &Path, command: &[&str], chosen: &[OsString], after: &[OsString]) -> Result<()> {
    let mut all: Vec<OsString> = command.iter().map(OsString::from).collect();
    let has = |long: &str, short: &str| {
        chosen.iter().filter_map(|argument| argument.to_str()).any(|argument| {
            let value = argument.strip_prefix(long);
            value.is_some_and(|value| value.is_empty() || value.starts_with('='))
                || (!short.is_empty() && argument.starts_with(short) && !argument.starts_with("--"))
        })
    };
    let of_some = has("--package", "-p");
    if !of_some && !has("--workspace", "") {
        all.push("--workspace".into());
    }
    let chooses_features =
        has("--features", "-F") || has("--no-default-features", "") || has("--all-features", "");
    if !chooses_features {
        let is_chosen = |name: &str| !of_some || is_of_package(chosen, name);
        let features = optional_features(&metadata(root)?, is_chosen);
        if !features.is_empty() {
            all.extend(["--features".into(), features.into()]);
        }
    }
    all.extend(chosen.iter().cloned());
    if !after.is_empty() {
        all.push("--".into());
        all.extend(after.iter().cloned());
    }
    let shown: Vec<_> = all.iter().map(|argument| argument.to_string_lossy()).collect();
    let shown = shlex::try_join(shown.iter().map(|argument| &**argument)).context("an argument has a NUL")?;
    println!("running    cargo {shown}");
    let status =
        Command::new(env!("CARGO")).args(&all).current_dir(root).status().context("cannot start cargo")?;
    if !status.success() {
        bail!("tests failed; to repeat, run:  cargo {shown}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn features_that_are_on_by_default_are_not_asked_for_and_native_tls_is_not() {
        let metadata = json!({ "packages": [
            { "name": "one", "features": { "default": ["full"], "full": ["a", "dep:x", "x/y"], "a": [], "b": ["a"] } },
            { "name": "two", "features": { "native-tls": [], "c": [], "d": ["c"] } },
            { "name": "three", "features": {} },
        ] });
        assert_eq!(optional_features(&metadata, |_| true), "one/b,two/c,two/d");
        assert_eq!(optional_features(&metadata, |name| name == "one"), "one/b");
        assert_eq!(optional_features(&metadata, |name| name == "three"), "");
    }

    #[test]
    fn a_package_is_chosen_by_its_name_with_a_version_or_a_star() {
        let of_pleo = |arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            is_of_package(&arguments, "pleo")
        };
        for arguments in [
            &["-p", "pleo"][..],
            &["-ppleo"],
            &["-p=pleo@0.1.0"],
            &["retry", "--package=pleo"],
            &["-p", "pleo-auth", "--package", "pl*"],
        ] {
            assert!(of_pleo(arguments), "{arguments:?}");
        }
        for arguments in
            [&["-p", "pleo-auth", "pleo"][..], &["pleo"], &["-ppleo-auth"], &["-p"], &["-p", "pleo-*"]]
        {
            assert!(!of_pleo(arguments), "{arguments:?}");
        }
    }
}
