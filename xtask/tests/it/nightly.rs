//! The nightly workflow: its steps from the change to the pull request, run as they are there, against a remote of
//! their own and a `gh` that writes down what it is asked for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use xtask_openapi::Document;

const WORKFLOW: &str = include_str!("../../../.github/workflows/regenerate.yml");

/// Replaces GitHub's command line: a file holds the commits that were proposed. Creating
/// a pull request fails where another file is.
const GH: &str = r#"#!/usr/bin/env bash
set -e
echo "gh $*" >> "$CALLS"
case "$2 $*" in
  *headRefOid*) cat "$CALLS.proposed" || true ;;
  list*) if [ -f "$CALLS.proposed" ]; then echo 1; else echo 0; fi ;;
  create*) if [ -f "$CALLS.broken" ]; then exit 1; fi; git rev-parse HEAD > "$CALLS.proposed" ;;
  edit*) git rev-parse HEAD >> "$CALLS.proposed" ;;
esac
"#;

fn jobs() -> serde_json::Map<String, Value> {
    let workflow = Document::parse("regenerate.yml", WORKFLOW).unwrap().value;
    workflow["jobs"].as_object().unwrap().clone()
}

/// The steps of all jobs.
fn steps() -> Vec<Value> {
    jobs().values().flat_map(|job| job["steps"].as_array().unwrap().clone()).collect()
}

fn script(step: &str) -> String {
    let steps = steps();
    let step = steps.iter().find(|it| it["name"] == step && it["run"].is_string()).unwrap();
    step["run"].as_str().unwrap().to_owned()
}

/// A remote, and the folder in which a night's checkouts are made.
struct Nights {
    folder: tempfile::TempDir,
    count: usize,
    message: &'static str,
}

impl Nights {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("bin/gh"), GH).unwrap();
        let message = "Follow Pleo's API: 1 additive\n\nmore\n";
        let nights = Self { folder, count: 0, message };
        nights.bash(
            nights.folder.path(),
            "chmod +x bin/gh\n\
             git init --quiet --bare --initial-branch=main remote\n\
             git init --quiet --initial-branch=main first && cd first\n\
             mkdir -p spec/published crates && echo old > spec/published/a.yaml && echo old > crates/a.rs\n\
             git add . && git -c user.name=N -c user.email=n@example.com commit --quiet -m Start\n\
             git push --quiet ../remote main",
        );
        nights
    }

    fn bash(&self, folder: &Path, script: &str) {
        let (succeeded, said) = self.try_bash(folder, script);
        assert!(succeeded, "{script}\n{said}");
    }

    fn try_bash(&self, folder: &Path, script: &str) -> (bool, String) {
        let path = format!("{}:{}", self.folder.path().join("bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .env("PATH", path)
            .env("CALLS", self.folder.path().join("calls"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .current_dir(folder)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// What one night asks GitHub for, if fetching changes these files. Each job has a checkout of its own, a shallow
    /// one as the workflow's is, and the second job gets nothing from the first one but its artifact.
    fn night(&mut self, changes: &[(&str, &str)]) -> Vec<String> {
        self.count += 1;
        let [fetching, proposing]: [PathBuf; 2] =
            ["fetching", "proposing"].map(|job| self.folder.path().join(format!("{job}{}", self.count)));
        let remote = format!("file://{}", self.folder.path().join("remote").display());
        for checkout in [&fetching, &proposing] {
            let clone = format!("git clone --quiet --depth 1 {remote} {}", checkout.display());
            self.bash(self.folder.path(), &clone);
        }
        for (file, text) in changes {
            fs::write(fetching.join(file), text).unwrap();
        }
        let artifact = fetching.join("target/regenerate");
        fs::create_dir_all(&artifact).unwrap();
        fs::write(artifact.join("message.txt"), self.message).unwrap();
        fs::write(artifact.join("report.md"), "## What changed\n").unwrap();
        self.bash(&fetching, &script("Pack what changed"));
        fs::create_dir_all(proposing.join("target")).unwrap();
        fs::rename(artifact, proposing.join("target/regenerate")).unwrap();
        self.bash(&proposing, &script("Apply what changed"));
        let calls = self.folder.path().join("calls");
        let _ = fs::remove_file(&calls);
        let broken = self.folder.path().join("calls.broken").exists();
        let (succeeded, said) = self.try_bash(&proposing, &script("Open or update the pull request"));
        assert_eq!(succeeded, !broken, "{said}");
        fs::read_to_string(calls).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// The file of the branch that is proposed.
    fn proposed(&self, file: &str) -> String {
        let shown = Command::new("git")
            .args(["-C", &self.folder.path().join("remote").to_string_lossy(), "show"])
            .arg(format!("regenerate:{file}"))
            .output()
            .unwrap();
        String::from_utf8(shown.stdout).unwrap()
    }
}

#[test]
fn one_pull_request_is_opened_updated_and_left_alone_when_nothing_is_new() {
    let mut nights = Nights::new();
    assert_eq!(nights.night(&[]), [""; 0]);
    assert_eq!(nights.night(&[("spec/lock.toml", "etag")]), [""; 0], "the lock alone is not news");

    let change =
        [("spec/published/a.yaml", "new"), ("spec/published/b.yaml", "more"), ("crates/a.rs", "new")];
    let list = "gh pr list --head regenerate --state open --json number --jq length";
    let text = "--title Follow Pleo's API: 1 additive --body-file target/regenerate/report.md";
    let known = "gh pr list --head regenerate --state all --json headRefOid --jq .[].headRefOid";
    let ci = "gh workflow run ci.yml --ref regenerate";
    let create = format!("gh pr create --head regenerate {text}");
    let broken = nights.folder.path().join("calls.broken");
    fs::write(&broken, "").unwrap();
    assert_eq!(nights.night(&change), [ci, list, &create]);
    fs::remove_file(broken).unwrap();
    assert_eq!(nights.night(&change), [known, ci, list, &create], "what was not proposed is news");
    assert_eq!(nights.proposed("spec/published/b.yaml"), "more");

    assert_eq!(nights.night(&change), [known], "the same is not news");

    let next = [("spec/published/a.yaml", "newer"), ("spec/lock.toml", "etag")];
    let edit = format!("gh pr edit regenerate {text}");
    assert_eq!(nights.night(&next), [ci, list, &edit]);
    assert_eq!(nights.proposed("spec/published/a.yaml"), "newer");
    assert_eq!(nights.proposed("spec/lock.toml"), "etag");
}

#[test]
fn every_night_fetches_and_shows_the_report_even_of_a_night_that_fails() {
    let fetch = script("Fetch, compare, generate, verify");
    assert!(fetch.contains("\ncargo xtask sync --fetch "), "{fetch}");
    for file in ["target/regenerate/report.md", "target/regenerate/message.txt"] {
        assert!(fetch.contains(file), "{file}");
    }
    let steps = steps();
    let report = steps.iter().find(|step| step["name"] == "Report").unwrap();
    assert_eq!(report["if"], "always()");
}

#[test]
fn no_text_from_outside_is_a_command() {
    let steps = steps();
    let scripts = steps.iter().filter_map(|step| step["run"].as_str());
    for script in scripts {
        for word in ["${{", "GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "eval"] {
            assert!(!script.contains(word), "{word} in:\n{script}");
        }
    }
    // What is printed is between the lines that switch commands off and on again, and the code is kept.
    let nights = Nights::new();
    let cargo = nights.folder.path().join("bin/cargo");
    fs::write(&cargo, "#!/usr/bin/env bash\necho ::error::a\nexit 3\n").unwrap();
    let script = format!(
        "chmod +x {}\n(\n{}\n) > said || echo \"code $?\" >> said",
        cargo.display(),
        script("Fetch, compare, generate, verify")
    );
    nights.bash(nights.folder.path(), &script);
    let said = fs::read_to_string(nights.folder.path().join("said")).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let token = lines[0].strip_prefix("::stop-commands::").unwrap();
    assert_eq!(token.len(), 32);
    assert_eq!(lines[1..], ["::error::a", &format!("::{token}::"), "code 3"]);
}

#[test]
fn a_guide_that_changed_is_news_without_a_change_of_the_api() {
    let mut nights = Nights::new();
    let asked = nights.night(&[("spec/guides.lock.toml", "changed")]);
    assert!(asked.iter().any(|call| call.starts_with("gh pr create ")), "{asked:?}");
    assert_eq!(nights.proposed("spec/guides.lock.toml"), "changed");
}

#[test]
fn a_title_that_does_more_than_count_is_not_used() {
    let mut nights = Nights::new();
    nights.message = "Follow Pleo's API: 1 additive, fixes #1 @everyone\n";
    let asked = nights.night(&[("spec/published/a.yaml", "new")]);
    let create =
        "gh pr create --head regenerate --title Follow Pleo's API --body-file target/regenerate/report.md";
    assert_eq!(asked.last().unwrap(), create);
}

#[test]
fn nothing_but_the_documents_and_the_crates_is_proposed() {
    let mut nights = Nights::new();
    let patch = "cat >> target/regenerate/change.patch <<'END'\n\
        diff --git a/evil.yml b/evil.yml\nnew file mode 100644\n--- /dev/null\n+++ b/evil.yml\n@@ -0,0 +1 @@\n+evil\nEND\n";
    let checkout = nights.folder.path().join("first");
    fs::create_dir_all(checkout.join("target/regenerate")).unwrap();
    fs::write(checkout.join("spec/published/a.yaml"), "new").unwrap();
    nights.bash(&checkout, &script("Pack what changed"));
    nights.bash(&checkout, "git restore spec");
    nights.bash(&checkout, patch);
    nights.bash(&checkout, &script("Apply what changed"));
    assert_eq!(fs::read_to_string(checkout.join("spec/published/a.yaml")).unwrap(), "new");
    assert!(!checkout.join("evil.yml").exists());
    assert!(!nights.night(&[("evil.yml", "evil")]).iter().any(|call| call.starts_with("gh pr")));
}

#[test]
fn what_reads_text_from_outside_has_no_rights_and_what_has_rights_runs_no_code_of_the_project() {
    for (name, job) in jobs() {
        let writes = job["permissions"].as_object().unwrap().values().any(|right| right == "write");
        let scripts: String =
            job["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str()).collect();
        assert_ne!(writes, scripts.contains("cargo "), "{name}");
    }
}
