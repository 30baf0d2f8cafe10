//! `cargo xtask sync`

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::generate;
use crate::steps::step;

/// Makes the generated files, writes those that differ, and verifies them. A client that does not
/// compile, or that breaks a rule of the conformance suite, is taken back.
pub(crate) fn run(root: &Path) -> Result<()> {
    let change = generate::write(root)?;
    let verified = step("verify", "cargo check of pleo-client", || compiles(root))
        .and_then(|()| step("judge", "pleo-conformance", || conforms(root)));
    let summary = match verified {
        Ok(summary) => summary,
        Err(error) => {
            let taken_back = change.count();
            change.undo().context("taking back what was written failed; restore it with `git restore`")?;
            let log = root.join("target/xtask-verify.log");
            // The log is a help, not the point.
            let kept =
                fs::create_dir_all(root.join("target")).and_then(|()| fs::write(&log, format!("{error:#}")));
            let place =
                if kept.is_ok() { format!("\nwhat it said is in {}", log.display()) } else { String::new() };
            bail!(
                "the generated client could not be verified; the tree is as it was, {taken_back} files taken back{place}\n\
                 to keep the files and look at them, run:  cargo xtask generate"
            );
        }
    };
    println!("in sync    the client is what spec/published and spec/overlays make it");
    println!("{summary}");
    Ok(())
}

fn compiles(root: &Path) -> Result<((), String)> {
    cargo(root, &["check", "--quiet", "--package", "pleo-client", "--all-features"])?;
    Ok(((), "pleo-client compiles".to_owned()))
}

/// The summary line of the conformance suite.
fn conforms(root: &Path) -> Result<(String, String)> {
    let said = cargo(root, &["run", "--quiet", "--package", "pleo-conformance", "--", "run", "--summary"])?;
    Ok((said.trim().to_owned(), "the client keeps the rules of the documents".to_owned()))
}

/// What a command of cargo's prints.
fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root)
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("cargo {}\n{out}{err}", arguments.join(" "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
