//! `cargo xtask release`: packs what is published, shows that the packages work by themselves, and publishes them.

mod archive;
mod packages;
mod trial;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;
use xtask_codegen::compile::heard;

use self::{packages::Package, trial::Trial};
use super::{long_step, metadata, step};

/// How far to go.
#[derive(Args)]
#[command(after_help = "\
It packs every crate that is published, checks each archive, unpacks all of them outside the repository,
compiles and tests them there, installs the programs, and runs a program that depends on `pleo` alone.

Exit codes:
  0  with --dry-run: everything could be published; without: everything is published
  1  something is missing; nothing was published, unless `cargo publish` says so
  2  wrong usage")]
pub(crate) struct Arguments {
    /// Do everything except publish
    #[arg(long)]
    dry_run: bool,
    /// Use the programs that the tests compiled, which saves compiling most dependencies once more for each program
    #[arg(long, requires = "dry_run")]
    without_install: bool,
}

/// An archive as cargo packed it.
struct Packed<'a> {
    package: &'a Package,
    files: archive::Files,
    size: usize,
}

/// Packs, checks, tries, and publishes if that is asked for.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let metadata = metadata(root)?;
    let packages = packages::in_order(&metadata)?;
    let target = PathBuf::from(metadata["target_directory"].as_str().unwrap_or_default());
    if !arguments.dry_run {
        require_address(&packages)?;
    }
    require_clean(root)?;

    let packed = long_step("pack", "cargo package", |say| {
        let packed = pack(root, &target, &packages, say)?;
        let files: usize = packed.iter().map(|packed| packed.files.len()).sum();
        Ok::<_, anyhow::Error>((packed, format!("{} packages with {files} files", packages.len())))
    })?;
    step("check", "the archives", || {
        check(root, &packed)?;
        Ok::<_, anyhow::Error>((
            (),
            "licences, READMEs, links, sizes, and nothing that does not belong".to_owned(),
        ))
    })?;
    try_out(root, &target, &metadata, &packed, !arguments.without_install)?;
    println!("\n{}", summary(&packed));
    if !arguments.dry_run {
        return publish(root, &packages);
    }
    println!("nothing is published");
    if let Err(error) = require_address(&packages) {
        println!("to publish:  {error:#}");
    }
    Ok(())
}

/// A package without the address of its repository would be published for ever.
fn require_address(packages: &[Package]) -> Result<()> {
    match packages.iter().find(|package| package.repository.is_empty()) {
        Some(package) => bail!(
            "{} has no address of a repository; set `repository` below [workspace.package] in Cargo.toml",
            package.name
        ),
        None => Ok(()),
    }
}

/// What is packed has to be a commit.
fn require_clean(root: &Path) -> Result<()> {
    let output = Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start git")?;
    if !output.status.success() {
        bail!("{} is not a git repository; packages are made of a commit", root.display());
    }
    let changed = String::from_utf8_lossy(&output.stdout);
    if !changed.is_empty() {
        bail!("the working tree has changes; commit or stash them:\n{}", changed.trim_end());
    }
    Ok(())
}

/// The archives of all packages.
fn pack<'a>(
    root: &Path,
    target: &Path,
    packages: &'a [Package],
    say: &dyn Fn(&str),
) -> Result<Vec<Packed<'a>>> {
    let target_text = target.to_string_lossy();
    let mut arguments = vec!["package", "--no-verify", "--locked", "--target-dir", &target_text];
    arguments.extend(packages.iter().flat_map(|package| ["--package", &package.name]));
    heard(root, &arguments, say, &|| false)?;
    packages
        .iter()
        .map(|package| {
            let path = target.join("package").join(format!("{}.crate", package.stem()));
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            let files = archive::read(&bytes, &package.stem()).with_context(|| path.display().to_string())?;
            Ok(Packed { package, files, size: bytes.len() })
        })
        .collect()
}

/// Fails with everything that is wrong with the archives.
fn check(root: &Path, packed: &[Packed<'_>]) -> Result<()> {
    let mut licences = Vec::new();
    for name in archive::LICENCES {
        licences.push((name, fs::read(root.join(name)).context(name)?));
    }
    let problems: Vec<String> = packed
        .iter()
        .flat_map(|packed| {
            let problems = archive::problems(&packed.files, packed.size, &licences);
            problems.into_iter().map(|problem| format!("{}: {problem}", packed.package.name))
        })
        .collect();
    if !problems.is_empty() {
        bail!("{} problems with the packages:\n  {}", problems.len(), problems.join("\n  "));
    }
    Ok(())
}

/// Unpacks the packages outside the repository, tests and installs them there, and uses what was installed.
fn try_out(
    root: &Path,
    target: &Path,
    metadata: &Value,
    packed: &[Packed<'_>],
    installs: bool,
) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    if folder.path().starts_with(root) {
        bail!(
            "the temporary folder {} is inside the repository; set TMPDIR to one outside it",
            env::temp_dir().display()
        );
    }
    let trial = Trial::new(root, folder.path(), target, metadata, packed)?;
    long_step("test", "the unpacked packages", |say| trial.test(say).map(|done| ((), done)))?;
    long_step("install", "the programs", |say| {
        let done = if installs { trial.install(say) } else { trial.take_compiled() };
        done.map(|done| ((), done))
    })?;
    long_step("use", "what was installed", |say| trial.make_use(say).map(|done| ((), done)))
}

/// What would be published, in this order.
fn summary(packed: &[Packed<'_>]) -> String {
    let lines = (1..).zip(packed).map(|(position, packed)| {
        let Package { name, version, .. } = packed.package;
        format!(
            "{position}. {name:<17} {version:<8} {:>5} KiB  {} files",
            packed.size / 1024,
            packed.files.len()
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Publishes all packages. Cargo does that in the order of their dependencies, and waits until each can be downloaded.
fn publish(root: &Path, packages: &[Package]) -> Result<()> {
    let names = packages.iter().flat_map(|package| ["--package", &package.name]);
    let status = Command::new(env!("CARGO"))
        .args(["publish", "--locked", "--no-verify"])
        .args(names)
        .current_dir(root)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!(
            "`cargo publish` failed; what it published before stays published, so fix the cause and publish the rest with a new version of all"
        );
    }
    Ok(())
}
