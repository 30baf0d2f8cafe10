//! `cargo xtask test`

use std::{
    env,
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// The features that are not on by default, and have tests. `native-tls` has none, since `rustls` wins where both are on,
/// and it asks for OpenSSL's headers on Linux.
pub(super) const FEATURES: &str =
    "pleo/file-store,pleo/postgres-store,pleo/time-zones,pleo/webhook-verification";

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

/// Whether the arguments choose this package.
fn is_of_package(chosen: &[OsString], name: &str) -> bool {
    let asked_for = chosen.windows(2).any(|it| (it[0] == "-p" || it[0] == "--package") && it[1] == name);
    asked_for || chosen.iter().any(|it| *it == *format!("-p{name}") || *it == *format!("--package={name}"))
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
    if !chooses_features && (!of_some || is_of_package(chosen, "pleo")) {
        all.extend(["--features", FEATURES].map(OsString::from));
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_feature_but_native_tls_is_tested() {
        let manifest = std::fs::read_to_string(crate::project().join("crates/pleo/Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let features = manifest["features"].as_table().unwrap();
        let by_default = ["default", "full", "rustls", "native-tls"];
        let families: BTreeSet<_> =
            features["full"].as_array().unwrap().iter().map(|family| family.as_str().unwrap()).collect();
        let others: BTreeSet<_> = features
            .keys()
            .filter(|name| !by_default.contains(&name.as_str()) && !families.contains(name.as_str()))
            .map(|name| format!("pleo/{name}"))
            .collect();
        assert_eq!(FEATURES.split(',').map(str::to_owned).collect::<BTreeSet<_>>(), others);
    }

    #[test]
    fn a_package_is_chosen_in_any_of_cargos_forms() {
        let of_pleo = |arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            is_of_package(&arguments, "pleo")
        };
        for arguments in
            [&["-p", "pleo"][..], &["-ppleo"], &["retry", "--package=pleo"], &["--package", "pleo"]]
        {
            assert!(of_pleo(arguments), "{arguments:?}");
        }
        for arguments in [&["-p", "pleo-auth", "pleo"][..], &["pleo"], &["-ppleo-auth"]] {
            assert!(!of_pleo(arguments), "{arguments:?}");
        }
    }
}
