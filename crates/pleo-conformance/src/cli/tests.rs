//! The command line with an engine that answers what a test wants.

mod compare;

use std::{cell::RefCell, ffi::OsString, fs, io, time::Duration};

use super::{
    Stream, Streams, Suite, command_line, coverage::Coverage, exit::Exit, main, needs_credentials, parse,
};
use crate::{
    engine::{Options, Progress, RunError, SubjectUnderTest},
    report::{
        Report, Standing, Summary,
        sample::{self, CATALOGUE},
    },
    rules::Rule,
    subject::SubjectError,
    verdict::Verdict,
};

/// What a command came to.
#[derive(Debug)]
struct Done {
    exit: Exit,
    out: String,
    err: String,
    /// What the engine was asked for, if it was.
    asked: Option<(Vec<&'static str>, SubjectUnderTest, Options)>,
}

impl Done {
    fn wrong_usage(&self, message: &str) {
        assert_eq!(self.exit, Exit::Usage, "{self:?}");
        assert!(self.err.contains(message), "{}", self.err);
        assert_eq!((self.out.as_str(), &self.asked), ("", &None));
    }
}

fn no_report() -> Result<Report, RunError> {
    Err(RunError::from(SubjectError::Start("it is not there".to_owned())))
}

/// The sample without what failed.
fn passed() -> Report {
    let mut report = sample::report();
    report.results.retain(|result| matches!(result.standing(), Standing::Passed | Standing::Skipped));
    report.summary = Summary::of(&report.results);
    report
}

fn command(arguments: &[&str], report: &dyn Fn() -> Result<Report, RunError>) -> Done {
    let asked = RefCell::new(None);
    let run = |selection: &[&'static Rule],
               subject: SubjectUnderTest,
               options: &Options,
               progress: &mut dyn FnMut(Progress)| {
        for rule in selection {
            progress(Progress::Began(rule));
            progress(Progress::Ended(rule));
        }
        asked.replace(Some((selection.iter().map(|rule| rule.id).collect(), subject, *options)));
        report()
    };
    let coverage = || {
        vec![
            Coverage { statement: "Z1", rules: vec!["AUTH-1", "ENV-1"], documentation: None },
            Coverage {
                statement: "Z2",
                rules: Vec::new(),
                documentation: Some("docs/maintainers/sources.md"),
            },
        ]
    };
    let plan = |_: &[&'static Rule], base_url: &str| Ok(vec![format!("GET {base_url}/v2/employees")]);
    let suite = Suite { catalogue: CATALOGUE, coverage: &coverage, run: &run, plan: &plan };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams {
        out: Stream { sink: &mut out, styled: false, width: Some(100) },
        err: Stream { sink: &mut err, styled: false, width: Some(100) },
        watched: false,
    };
    let words = ["pleo-conformance"].iter().chain(arguments).map(OsString::from);
    let exit = main(words, &suite, &mut streams);
    Done {
        exit,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
        asked: asked.into_inner(),
    }
}

fn run(arguments: &[&str]) -> Done {
    command(&[&["run"], arguments].concat(), &|| Ok(passed()))
}

fn selected(arguments: &[&str]) -> Vec<&'static str> {
    run(arguments).asked.unwrap().0
}

#[test]
fn without_options_all_rules_are_asked_of_our_client_with_fixed_cases() {
    let done = run(&[]);
    assert_eq!(done.exit, Exit::Passed);
    let (ids, subject, options) = done.asked.unwrap();
    assert_eq!(ids.len(), CATALOGUE.len());
    assert_eq!(subject, SubjectUnderTest::InProcess);
    assert_eq!(options, Options::default());
}

#[test]
fn rules_are_selected_by_beginning_level_and_side_at_once() {
    assert_eq!(
        selected(&["--only", "AUTH-1", "--only", "env"]),
        ["AUTH-1", "ENV-1", "ENV-2", "ENV-3", "ENV-4", "ENV-5"]
    );
    assert_eq!(selected(&["--level", "should"]), ["AUTH-4"]);
    assert_eq!(selected(&["--level", "SHOULD", "--side", "Client"]), ["AUTH-4"]);
    assert_eq!(selected(&["--level", "MUST", "--only", "AUTH"]), ["AUTH-1", "AUTH-2", "AUTH-3"]);
    assert_eq!(selected(&["--side", "service"]), ["ENV-4", "ENV-5"]);
    assert_eq!(
        selected(&["--only", "ENV", "--level", "must", "--side", "client"]),
        ["ENV-1", "ENV-2", "ENV-3"]
    );
}

#[test]
fn a_selection_without_any_rule_is_wrong_usage() {
    run(&["--only", "AUTH", "--only", "OUCH"])
        .wrong_usage("no rule's id begins with \"OUCH\"; `list` shows all ids");
    run(&["--only", "AUTH", "--side", "service"]).wrong_usage("no rule matches");
}

#[test]
fn a_clients_command_is_split_as_a_shell_would() {
    let done = run(&[
        "--client",
        "python3 'my adapter.py' --fast",
        "--timeout",
        "3",
        "--seed",
        "7",
        "--cases",
        "9",
        "--shrinks",
        "5",
    ]);
    let (_, subject, options) = done.asked.unwrap();
    let command = ["python3", "my adapter.py", "--fast"].map(str::to_owned).to_vec();
    assert_eq!(subject, SubjectUnderTest::Program { command, timeout: Duration::from_secs(3) });
    assert_eq!(options, Options { seed: 7, cases: 9, shrinks: 5 });
    for wrong in ["", "  ", "sh 'open", "'' x"] {
        run(&["--client", wrong]).wrong_usage("is not a command");
    }
}

#[test]
fn a_live_service_is_called_only_after_a_yes_and_the_plan_comes_first() {
    let url = "https://external.staging.pleo.io";
    let plan = "plan for https://external.staging.pleo.io: 1 request\n  GET https://external";
    let done = run(&["--service", url]);
    assert_eq!((done.exit, &done.asked), (Exit::Passed, &None));
    assert!(done.err.starts_with(plan), "{}", done.err);
    assert!(done.err.ends_with("nothing was sent; read the plan, then add --yes-call-it\n"), "{}", done.err);

    let done = run(&["--service", url, "--yes-call-it"]);
    assert_eq!(done.exit, Exit::Passed);
    assert!(done.err.starts_with(plan), "{}", done.err);
    let timeout = Duration::from_secs(10);
    assert_eq!(done.asked.unwrap().1, SubjectUnderTest::Service { base_url: url.to_owned(), timeout });
}

#[test]
fn only_a_live_service_needs_credentials() {
    let needs = |arguments: &[&str]| {
        needs_credentials(["pleo-conformance"].iter().chain(arguments).map(OsString::from))
    };
    for arguments in [&["run", "--service", "x"][..], &["run", "--target=x", "--yes-call-it"]] {
        assert!(needs(arguments), "{arguments:?}");
    }
    for arguments in [
        &["run"][..],
        &["run", "--client", "x --service y"],
        &["run", "--client", "x", "--service", "y"],
        &["list"],
        &["--service", "x"],
        &[],
    ] {
        assert!(!needs(arguments), "{arguments:?}");
    }
}

#[test]
fn the_former_names_of_options_still_work() {
    let of = |arguments: &[&str]| run(arguments).asked.unwrap().1;
    assert_eq!(of(&["--subject", "x"]), of(&["--client", "x"]));
    let url = "https://external.staging.pleo.io";
    assert_eq!(of(&["--target", url, "--yes-call-it"]), of(&["--service", url, "--yes-call-it"]));
}

#[test]
fn the_former_names_of_options_are_in_no_help_completion_or_manual_page() {
    let mut texts = Vec::new();
    let mut commands = vec![command_line()];
    while let Some(mut command) = commands.pop() {
        texts.push((format!("help of {}", command.get_name()), command.render_long_help().to_string()));
        commands.extend(command.get_subcommands().cloned());
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let done = command(&["completion", shell], &no_report);
        assert_eq!(done.exit, Exit::Passed, "{done:?}");
        texts.push((format!("completion for {shell}"), done.out));
    }
    let folder = tempfile::tempdir().unwrap();
    let done = command(&["man", folder.path().to_str().unwrap()], &no_report);
    assert_eq!(done.exit, Exit::Passed, "{done:?}");
    for page in fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap().path();
        // roff writes a hyphen as `\-`.
        let text = fs::read_to_string(&page).unwrap().replace("\\-", "-");
        texts.push((page.display().to_string(), text));
    }
    let with = |name: &str| {
        let has = |text: &str| {
            // fish writes `-l name`.
            ["--", "-l "].map(|dashes| format!("{dashes}{name}")).iter().any(|option| {
                let mut rests = text.match_indices(option.as_str()).map(|(at, _)| &text[at + option.len()..]);
                rests.any(|rest| !rest.starts_with(|next: char| next == '-' || next.is_alphanumeric()))
            })
        };
        texts.iter().filter(|(_, text)| has(text)).map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(with("subject"), [""; 0]);
    assert_eq!(with("target"), [""; 0]);
    // The search finds an option where it is.
    let found = with("client");
    for text in ["help of run", "completion for bash", "completion for fish", "pleo-conformance-run.1"] {
        assert!(found.iter().any(|name| name.ends_with(text)), "{text} in {found:?}");
    }
}

#[test]
fn options_that_make_no_sense_are_wrong_usage() {
    for arguments in [
        &["--cases", "0"][..],
        &["--timeout", "0"],
        &["--cases", "4294967296"],
        &["--cases", "many"],
        &["--timeout", "3601"],
        &["--timeout", "1.5"],
        &["--seed", "-1"],
        &["--seed", "0x1"],
        &["--seed", ""],
        &["--seed", "18446744073709551616"],
        &["--seed"],
        &["--seed", "1", "--seed", "2"],
        &["--level", "may"],
        &["--level", ""],
        &["--side", "server"],
        &["--only", ""],
        &["--only", "OUCH"],
        &["--client", ""],
        &["--expected-failures", ""],
        &["--expected-failures", "/"],
        &["--expected-failures", "/nowhere/at/all"],
        &["--report", "json=/nowhere/at/all.json"],
        &["--strict=yes"],
        &["extra"],
        &["--yes-call-it"],
        &["--client", "x", "--service", "https://x"],
        &["--subject", "x", "--target", "https://x"],
        &["--report", "html"],
        &["--report", "html="],
        &["--report", "pdf=x"],
        &["--nonsense"],
    ] {
        run(arguments).wrong_usage("error: ");
    }
    assert_eq!(command(&[], &no_report).exit, Exit::Usage);
    assert_eq!(command(&["--help"], &no_report).exit, Exit::Passed);
    assert!(command(&["run", "--help"], &no_report).out.contains("Exit codes: 0"));
}

#[test]
fn help_is_wrapped_for_a_terminal_only() {
    let help = |width| parse(["x", "run", "--help"].map(OsString::from), width).err().unwrap().to_string();
    let widest = |text: String| text.lines().map(str::len).max().unwrap();
    assert!(widest(help(Some(60))) <= 60);
    assert!(widest(help(Some(300))) <= 100);
    assert!(
        help(None).lines().any(|line| line.contains("split as a shell") && line.ends_with("in process]"))
    );
}

#[test]
fn every_command_has_a_version_and_a_misspelt_one_is_suggested() {
    for arguments in [&["--version"][..], &["run", "--version"], &["coverage", "--version"]] {
        let done = command(arguments, &no_report);
        assert_eq!(done.exit, Exit::Passed);
        assert!(done.out.trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{}", done.out);
    }
    for arguments in
        [&["explain"][..], &["explain", "OUCH"], &["explain", ""], &["list", "--xml"], &["judge"]]
    {
        command(arguments, &no_report).wrong_usage("error: ");
    }
    command(&["cover"], &no_report).wrong_usage("a similar subcommand exists: 'coverage'");
    run(&["--case", "3"]).wrong_usage("a similar argument exists: '--cases'");
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    let done = command(&["completion", "zsh"], &no_report);
    assert_eq!(done.exit, Exit::Passed, "{done:?}");
    assert!(done.out.contains("#compdef pleo-conformance") && done.out.contains("--expected-failures"));
    command(&["completion", "no-such-shell"], &no_report).wrong_usage("error: ");

    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man1");
    let done = command(&["man", pages.to_str().unwrap()], &no_report);
    assert_eq!(done.exit, Exit::Passed, "{done:?}");
    assert!(fs::read_to_string(pages.join("pleo-conformance-run.1")).unwrap().contains("Exit codes"));

    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let done = command(&["man", file.join("folder").to_str().unwrap()], &no_report);
    assert_eq!(done.exit, Exit::NoResult, "{done:?}");
    assert!(done.err.starts_with("error: cannot write manual pages to "), "{done:?}");
}

#[test]
fn the_exit_code_tells_what_came_of_the_run() {
    let failed = |arguments: &[&str]| command(arguments, &|| Ok(sample::report())).exit;
    assert_eq!(failed(&["run"]), Exit::Failed);
    let should = || {
        let mut report = passed();
        report.results.push(sample::report().results.swap_remove(3));
        Ok(report)
    };
    assert_eq!(command(&["run"], &should).exit, Exit::Passed);
    assert_eq!(command(&["run", "--strict"], &should).exit, Exit::Failed);
    let nothing = || {
        let mut report = sample::report();
        report.results.retain(|result| result.standing() == Standing::Inconclusive);
        Ok(report)
    };
    assert_eq!(command(&["run"], &nothing).exit, Exit::NoResult);
    let done = command(&["run"], &no_report);
    assert_eq!(done.exit, Exit::NoResult);
    assert!(
        done.err.starts_with("error: the client under test cannot be started: it is not there"),
        "{}",
        done.err
    );
}

#[test]
fn the_summary_is_one_line() {
    let done = run(&["--summary"]);
    assert_eq!(
        done.out,
        "conformance  2 passed, 0 failed, 1 skipped, 0 inconclusive (seed 1, 256 cases per rule)\n"
    );
    assert_eq!(done.err, "");
}

/// The lines of a workflow's log in which GitHub reads commands: those outside of what is stopped.
fn read_by_github(text: &str) -> Vec<&str> {
    let mut read = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix("::stop-commands::") {
            Some(token) => {
                let go_on = format!("::{token}::");
                assert!(lines.by_ref().any(|line| line == go_on), "commands stay stopped");
            }
            None => read.push(line),
        }
    }
    read
}

#[test]
fn annotations_follow_the_text() {
    let done = command(&["run", "--summary", "--github"], &|| Ok(sample::report()));
    assert!(done.out.starts_with("::stop-commands::") && done.err.is_empty());
    let commands = read_by_github(&done.out);
    assert_eq!(commands.len(), 5, "{commands:?}");
    assert!(commands[0].starts_with("::error title=AUTH-2 "), "{commands:?}");
    let token = done.out.lines().next();
    assert_ne!(run(&["--summary", "--github"]).out.lines().next(), token, "a token is used once");
}

#[test]
fn no_text_of_a_client_is_a_command_to_a_workflow() {
    const COMMANDS: [&str; 4] =
        ["\n::add-mask::x\n", "##[add-mask]x", "::stop-commands::x\n", "\r\n##[set-env name=PATH;]x"];
    for hostile in COMMANDS {
        let mut report = sample::report();
        hostile.clone_into(&mut report.subject.name);
        for result in &mut report.results {
            match &mut result.verdict {
                Verdict::Fail { evidence } => {
                    (evidence.expected, evidence.received) = (hostile.to_owned(), hostile.to_owned());
                    evidence.case = hostile.into();
                }
                Verdict::Inconclusive { reason } | Verdict::Skip { reason } | Verdict::Error { reason } => {
                    hostile.clone_into(reason);
                }
                Verdict::Pass { .. } => {}
            }
        }
        for arguments in [&["run", "--github"][..], &["run", "--github", "--summary"]] {
            let done = command(arguments, &|| Ok(report.clone()));
            let commands = read_by_github(&done.out);
            let ours =
                |line: &&&str| line.starts_with("::error title=") || line.starts_with("::warning title=");
            assert_eq!(commands.iter().filter(ours).count(), commands.len(), "{commands:?}");
            assert_eq!(read_by_github(&done.err), [""; 0]);
        }
        let unable = || Err(RunError::from(SubjectError::Start(hostile.to_owned())));
        let done = command(&["run", "--github"], &unable);
        assert!(done.err.contains("error: ") && read_by_github(&done.err).is_empty(), "{}", done.err);
        assert_eq!(done.out, "");
    }
    run(&["--github", "--report", "json=-"]).wrong_usage("name a file");
}

#[test]
fn reports_are_written_to_where_they_are_asked_for() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(folder.path().join("r.html"), "old")?;
    let done = command(
        &[
            "run",
            "--report",
            &format!("html={}", path("r.html")),
            "--report",
            &format!("junit={}", path("r.xml")),
            "--report",
            &format!("markdown={}", path("r.md")),
            "--report",
            "json=-",
        ],
        &|| Ok(sample::report()),
    );
    assert_eq!(done.exit, Exit::Failed);
    let json: Report = serde_json::from_str(&done.out)?;
    assert_eq!(json.results.len(), CATALOGUE.len());
    assert!(done.err.contains("✗ AUTH-2"), "the text gives way to the report");
    assert!(fs::read_to_string(path("r.html"))?.starts_with("<!DOCTYPE html>"));
    assert!(fs::read_to_string(path("r.xml"))?.starts_with("<?xml"));
    assert!(fs::read_to_string(path("r.md"))?.starts_with("## Conformance"));
    assert_eq!(fs::read_dir(folder.path())?.count(), 3, "no temporary file is left");
    Ok(())
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_the_run() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder_path = folder.path().display();
    let report = |path: &str| format!("json={path}");
    run(&["--report", &report(&format!("{folder_path}/missing/r.json"))]).wrong_usage("/missing/r.json: ");
    run(&["--report", &report(&folder_path.to_string())]).wrong_usage("it is not a file");
    run(&["--report", &report("/dev/null")]).wrong_usage("it is not a file");
    run(&["--report", &report("..")]).wrong_usage("it is not a file");
    run(&["--report", "json=-", "--report", "html=-"]).wrong_usage("two reports cannot both be written to -");
    let twice = [format!("{folder_path}/r"), format!("{folder_path}/./r")].map(|path| report(&path));
    run(&["--report", &twice[0], "--report", &twice[1]]).wrong_usage("two reports");
    assert_eq!(fs::read_dir(folder.path())?.count(), 0, "nothing is left");
    Ok(())
}

#[test]
fn a_run_without_a_result_leaves_the_old_report() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("r.json");
    fs::write(&path, "old")?;
    let done = command(&["run", "--report", &format!("json={}", path.display())], &no_report);
    assert_eq!(done.exit, Exit::NoResult);
    assert_eq!(fs::read_to_string(&path)?, "old");
    assert_eq!(fs::read_dir(folder.path())?.count(), 1);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_report_is_as_readable_as_any_file_and_a_link_stays_one() -> io::Result<()> {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir()?;
    let (target, link) = (folder.path().join("target.json"), folder.path().join("link.json"));
    fs::write(&target, "old")?;
    symlink(&target, &link)?;
    assert_eq!(run(&["--report", &format!("json={}", link.display())]).exit, Exit::Passed);
    assert!(fs::symlink_metadata(&link)?.is_symlink());
    assert!(fs::read_to_string(&target)?.starts_with('{'));
    let plain = folder.path().join("plain");
    fs::write(&plain, "")?;
    let mode = |path| fs::metadata(path).map(|metadata| metadata.permissions().mode());
    assert_eq!(mode(&target)?, mode(&plain)?);
    Ok(())
}

#[test]
fn expected_failures_are_read_before_the_run_and_applied_after_it() -> io::Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    let path = file.path().display().to_string();
    fs::write(file.path(), "AUTH-2  why\nENV-2  why\n")?;
    let without_errors = || {
        let mut report = sample::report();
        report.results.retain(|result| result.standing() != Standing::Error);
        Ok(report)
    };
    let done = command(&["run", "--expected-failures", &path, "--summary"], &without_errors);
    assert_eq!(done.exit, Exit::Passed);
    assert!(done.out.contains("3 passed, 0 failed"), "{}", done.out);
    fs::write(file.path(), "AUTH-1  why\nENV-2  why\n")?;
    let done =
        command(&["run", "--expected-failures", &path, "--only", "AUTH-1", "--summary"], &|| Ok(passed()));
    assert_eq!(done.exit, Exit::Failed);
    assert!(done.out.contains("1 passed unexpectedly"), "{}", done.out);
    fs::write(file.path(), "NOPE-1  why\n")?;
    run(&["--expected-failures", &path]).wrong_usage(":1: there is no rule \"NOPE-1\"");
    Ok(())
}

#[test]
fn the_catalogue_is_listed_and_explained() {
    let done = command(&["list"], &no_report);
    assert_eq!((done.exit, done.out.lines().count()), (Exit::Passed, CATALOGUE.len()));
    assert!(done.out.contains("AUTH-4  SHOULD  client   Basic for keys\n"), "{}", done.out);
    let rules: serde_json::Value =
        serde_json::from_str(&command(&["list", "--json"], &no_report).out).unwrap();
    assert_eq!(rules[3]["level"], "SHOULD");
    let done = command(&["explain", "auth-1"], &no_report);
    assert_eq!(
        done.out,
        "AUTH-1 Basic for keys\n\nA client MUST send a key by HTTP Basic.\n\n\
         applies to the client\nlevel      MUST: It is an example.\nsources    Z25\n           S3: Standalone API Keys\n\
         fails when The key arrives as Bearer.\nchecks     Any operation, any key.\n"
    );
    command(&["explain", "AUTH-99"], &no_report)
        .wrong_usage("no rule is called \"AUTH-99\"; `list` shows all ids");
}

#[test]
fn coverage_shows_what_stands_for_each_statement() {
    let done = command(&["coverage"], &no_report);
    assert_eq!(done.exit, Exit::Passed);
    assert_eq!(
        done.out,
        "Z1   AUTH-1, ENV-1\nZ2   documentation: docs/maintainers/sources.md\n2 of 2 statements are accounted for\n"
    );
}

#[test]
fn a_reader_who_leaves_is_no_failure() {
    struct Gone;
    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(Stream { sink: &mut Gone, styled: false, width: None }.text("x").is_ok());
}
