//! `cargo xtask test`

use std::{
    env,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Runs all tests, then the doc tests.
pub(crate) fn run() -> Result<()> {
    let nextest = Command::new(env!("CARGO"))
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if nextest {
        let profile = if env::var_os("CI").is_some() { "ci" } else { "default" };
        cargo(&["nextest", "run", "--workspace", "--all-features", "--profile", profile])?;
    } else {
        println!("nextest is not installed, running cargo test");
        cargo(&["test", "--workspace", "--all-features", "--all-targets"])?;
    }
    cargo(&["test", "--workspace", "--all-features", "--doc"])
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let shown = format!("cargo {}", arguments.join(" "));
    println!("running    {shown}");
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(xtask::root())
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("tests failed; to repeat, run:  {shown}");
    }
    Ok(())
}
