//! `cargo xtask check`

use std::{fmt::Write as _, path::Path};

use anyhow::{Result, bail};
use xtask_codegen::CLIENT;
use xtask_tree::{self as tree, Difference};

use super::generate;

/// Fails if the tree is not what the documents make it.
pub(crate) fn run(root: &Path) -> Result<()> {
    let (_, files) = generate::make(root)?;
    let differences = tree::differences(root, CLIENT, &files)?;
    if differences.is_empty() {
        println!("in sync    {} generated files are what spec/ makes them", files.len());
        return Ok(());
    }
    let mut message = format!("{} generated files are not what spec/ makes them", differences.len());
    for (path, difference) in &differences {
        let what = match difference {
            Difference::Missing => "missing",
            Difference::Changed => "changed",
            Difference::Stale => "stale",
        };
        let _ = write!(message, "\n  {what:<8} {path}");
    }
    bail!("{message}\nto fix it, run:  cargo xtask generate");
}
