//! `cargo xtask compare-clients`: the conformance suite on our client and on all adapters, as one table.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::long_step;

/// The table and its badges.
const TABLE: &str = "docs/conformance-results.md";
const BADGES: &str = "docs/conformance-badges";
/// What is made on the way.
const WORK: &str = "target/compare-clients";
/// Makes a client of [`xtask_codegen::OPENAPI`], and where that goes.
const GENERATOR: &str = "openapi-python-client==0.29.1";
const GENERATED: &str = "target/compare-clients/generated_client";
const ADAPTERS: &str = "crates/pleo-conformance/adapters";
const SEED: &str = "1";
const CASES: &str = "8";

/// The other clients: the programs that each needs, its adapter, and how that is started.
const CLIENTS: &[(&[&str], &str, &str)] = &[
    (&["sh", "curl", "jq"], "curl.sh", "sh {}"),
    (&["python3"], "python_client.py", "python3 {}"),
    (&["python3"], "python_requests.py", "python3 {}"),
    (&["python3"], "python_httpx.py", "python3 {}"),
    (&["openapi-python-client"], "python_generated.py", "python3 {} target/compare-clients/generated_client"),
    (&["node"], "node_fetch.mjs", "node {}"),
    (&["java"], "JavaHttpClient.java", "java {}"),
    (&["go"], "go_net_http.go", "go run {}"),
];

/// Judges each client whose programs are here, and writes the table and the badges.
pub(crate) fn run(root: &Path) -> Result<()> {
    let work = root.join(WORK);
    fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let path = long_step("prepare", "Python packages and the generated client", |_| prepare(root, &work))?;
    let mut reports = vec![judge(root, &path, "our client", None)?];
    let mut left_out = Vec::new();
    for (needs, adapter, command) in CLIENTS {
        let missing: Vec<&str> = needs.iter().copied().filter(|program| !is_in(&path, program)).collect();
        if missing.is_empty() {
            let command = command.replace("{}", &format!("{ADAPTERS}/{adapter}"));
            reports.push(judge(root, &path, adapter, Some(&command))?);
        } else {
            let missing = missing.join(", ");
            println!("{:<10} {adapter}: {missing} not found", "left out");
            left_out.push(format!("`{adapter}` needs {missing}"));
        }
    }
    let badges = root.join(BADGES);
    if badges.exists() {
        fs::remove_dir_all(&badges).with_context(|| badges.display().to_string())?;
    }
    let table = work.join("table.md");
    let mut arguments = vec!["compare".to_owned()];
    arguments.extend(reports);
    arguments.extend(["--badges".to_owned(), BADGES.to_owned()]);
    arguments.extend(["--report".to_owned(), format!("markdown={}", table.display())]);
    conformance(root, &path, &arguments, &[0])?;
    let table = fs::read_to_string(&table).with_context(|| table.display().to_string())?;
    let page = root.join(TABLE);
    xtask_tree::write(&page, (preface(&left_out) + &table).as_bytes())
        .with_context(|| page.display().to_string())?;
    println!("{:<10} {TABLE} and {BADGES}", "written");
    Ok(())
}

/// What the page says before the table.
fn preface(left_out: &[String]) -> String {
    let left_out = match left_out {
        [] => String::new(),
        left_out => format!("\nNot judged when this page was made: {}.\n", left_out.join("; ")),
    };
    format!(
        "\
# Conformance results

`cargo xtask compare-clients` makes this page and the [badges](conformance-badges). It runs the suite on our client and
on the [adapters](../{ADAPTERS}), with the same seed and number of cases, for the rules that a
client has to follow. [conformance.md](conformance.md) explains the verdicts. A rule is skipped if the client lacks
what the rule is about, so compare what was skipped before you compare totals. `pleo-conformance explain RULE` explains
a rule.
{left_out}
"
    )
}

/// Installs the Python packages, makes the generated client, and returns the path on which programs are found.
fn prepare(root: &Path, work: &Path) -> Result<(OsString, String)> {
    let python = work.join("python");
    if !python.join("bin/python3").exists() {
        started(Command::new("python3").args(["-m", "venv"]).arg(&python))?;
    }
    let requirements = root.join(ADAPTERS).join("requirements.txt");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    started(Command::new(python.join("bin/python3")).args(pip).arg(requirements).arg(GENERATOR))?;
    let before = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([python.join("bin")].into_iter().chain(env::split_paths(&before)))?;
    let mut generator = Command::new(python.join("bin/openapi-python-client"));
    generator.args(["generate", "--meta", "none", "--overwrite", "--path", xtask_codegen::OPENAPI]);
    started(generator.args(["--output-path", GENERATED]).current_dir(root).env("PATH", &path))?;
    Ok((path, "Python packages and the generated client".to_owned()))
}

/// Runs the suite on a client and returns the path of the report; without a command, on our client.
fn judge(root: &Path, path: &OsStr, name: &str, command: Option<&str>) -> Result<String> {
    let file = format!("{WORK}/{}.json", name.replace(['.', ' '], "-"));
    let mut arguments = ["run", "--summary", "--side", "client", "--seed", SEED, "--cases", CASES]
        .map(str::to_owned)
        .to_vec();
    arguments.extend([
        "--timeout".to_owned(),
        "60".to_owned(),
        "--report".to_owned(),
        format!("json={file}"),
    ]);
    arguments.extend(command.into_iter().flat_map(|command| ["--client".to_owned(), command.to_owned()]));
    long_step("judge", name, |_| {
        // A client that fails rules, or shows too little, has a report all the same.
        let summary = conformance(root, path, &arguments, &[0, 1, 3])?;
        if summary.is_empty() {
            bail!("{name} could not be judged");
        }
        Ok((file, format!("{name}: {}", summary.trim())))
    })
}

/// What the suite's program prints, if it ends with one of these codes.
fn conformance(root: &Path, path: &OsStr, arguments: &[String], codes: &[i32]) -> Result<String> {
    let cargo = ["run", "--quiet", "--bin", "pleo-conformance", "--"];
    let mut command = Command::new(env!("CARGO"));
    let output = command.args(cargo).args(arguments).current_dir(root).env("PATH", path).output()?;
    if !output.status.code().is_some_and(|code| codes.contains(&code)) {
        bail!(
            "`pleo-conformance {}` failed\n{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program that has to succeed.
fn started(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Whether a program is on the path.
fn is_in(path: &OsStr, program: &str) -> bool {
    env::split_paths(path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::{ADAPTERS, CLIENTS, preface};

    #[test]
    fn every_adapter_is_judged() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(ADAPTERS);
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let judged: BTreeSet<&str> = CLIENTS.iter().map(|&(_, adapter, _)| adapter).collect();
        let others = names.filter(|name| !judged.contains(name.as_str()));
        let others: BTreeSet<String> = others.filter(|name| !name.ends_with(".md")).collect();
        assert_eq!(others, BTreeSet::from(["requirements.txt".to_owned()]));
    }

    #[test]
    fn what_was_left_out_is_on_the_page() {
        assert!(!preface(&[]).contains("Not judged"));
        let page = preface(&["`a` needs x".to_owned(), "`b` needs y".to_owned()]);
        assert!(
            page.ends_with("\n\nNot judged when this page was made: `a` needs x; `b` needs y.\n\n"),
            "{page}"
        );
    }
}
