//! `cargo xtask sync`

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::generate;
use crate::steps::step;

/// Makes the generated files, writes those that differ, and verifies them. A client that does not
/// compile is taken back.
pub(crate) fn run(root: &Path) -> Result<()> {
    let change = generate::write(root)?;
    let verified = step("verify", "cargo check of pleo-client", || -> Result<_> {
        let output = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--package", "pleo-client", "--all-features"])
            .current_dir(root)
            .output()
            .context("cargo could not be started")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(((), "pleo-client compiles".to_owned()))
    });
    if let Err(error) = verified {
        let log = root.join("target/xtask-verify.log");
        fs::create_dir_all(root.join("target"))?;
        fs::write(&log, format!("{error:#}"))?;
        let taken_back = change.count();
        change.undo()?;
        bail!(
            "the generated client does not compile; the tree is as it was ({taken_back} files taken back)\n\
             the compiler's output is in {}\n\
             to keep the files and look at them, run:  cargo xtask generate",
            log.display()
        );
    }
    println!("in sync    the client is what spec/published and spec/overlays make it");
    Ok(())
}
