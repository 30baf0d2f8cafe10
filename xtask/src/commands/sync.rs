//! `cargo xtask sync`

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::generate;
use crate::steps::step;

/// Makes the generated files, writes those that differ, and verifies them. A client that does not
/// compile is taken back.
pub(crate) fn run(root: &Path) -> Result<()> {
    let change = generate::write(root)?;
    if let Err(error) = step("verify", "cargo check of pleo-client", || verify(root)) {
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
    println!("in sync    the client is what spec/published and spec/overlays make it");
    Ok(())
}

fn verify(root: &Path) -> Result<((), String)> {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--package", "pleo-client", "--all-features"])
        .current_dir(root)
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(((), "pleo-client compiles".to_owned()))
}
