//! `cargo xtask test`

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Runs all tests, then the doc tests.
pub(crate) fn run(root: &Path) -> Result<()> {
    let nextest = Command::new(env!("CARGO"))
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if nextest {
        let profile = if env::var_os("CI").is_some() { "ci" } else { "default" };
        cargo(root, &["nextest", "run", "--workspace", "--all-features", "--profile", profile])?;
    } else {
        println!("nextest is not installed, running cargo test");
        cargo(root, &["test", "--workspace", "--all-features", "--all-targets"])?;
    }
    cargo(root, &["test", "--workspace", "--all-features", "--doc"])
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    let shown = format!("cargo {}", arguments.join(" "));
    println!("running    {shown}");
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root)
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("tests failed; to repeat, run:  {shown}");
    }
    Ok(())
}
