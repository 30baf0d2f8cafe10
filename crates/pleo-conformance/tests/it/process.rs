//! Programs that do not do what the protocol says: each is reported as what it is, and none holds the
//! runner up. (The adapters that do are in `adapters.rs`.)

use std::{fs, path::Path, process::Command, time::Duration};

use super::support::{all_gone, guarded, hello};
use pleo_conformance::{
    protocol::{Action, App, Authorize, Call, Introduction},
    subject::{Outcome, ProcessSubject, Subject as _, SubjectError},
};

/// For programs that answer, however busy this machine is.
const LIMIT: Duration = Duration::from_secs(30);
/// For programs that do not.
const SHORT: Duration = Duration::from_secs(2);
const SILENT: SubjectError = SubjectError::Silent(2);

/// A shell script that greets as it should and goes on with `rest`.
fn greeting(rest: &str) -> String {
    format!(
        r#"read -r hello; echo '{{"type":"hello","protocol":1,"name":"script","capabilities":[]}}'; {rest}"#
    )
}

fn start_with(limit: Duration, script: &str) -> ProcessSubject {
    ProcessSubject::start(["sh", "-c", script], limit).unwrap()
}

fn start(script: &str) -> ProcessSubject {
    start_with(LIMIT, script)
}

fn greet(subject: &mut ProcessSubject) -> Result<Introduction, SubjectError> {
    subject.hello(&hello("http://127.0.0.1:1", "http://127.0.0.1:2"))
}

fn call(id: u64) -> Call {
    let app = App { client_id: "id".into(), client_secret: "FAKE".into(), redirect_uri: "http://x".into() };
    let authorize = Authorize { environment: "staging".into(), app, scopes: Vec::new() };
    Call { id, session: "one".into(), time_limit_ms: None, action: Action::Authorize(authorize) }
}

/// What becomes of the hello.
fn greeted(script: &str) -> Result<Introduction, SubjectError> {
    let mut subject = start(script);
    guarded(move || greet(&mut subject))
}

/// What becomes of the first call, number 1, after a good hello.
fn called(rest: &str) -> Result<Outcome, SubjectError> {
    let mut subject = start(&greeting(rest));
    guarded(move || {
        greet(&mut subject).unwrap();
        subject.call(&call(1))
    })
}

fn nonsense<T: std::fmt::Debug>(result: Result<T, SubjectError>) -> String {
    match result {
        Err(SubjectError::Nonsense(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn ended<T: std::fmt::Debug>(result: Result<T, SubjectError>) -> String {
    match result {
        Err(SubjectError::Ended(text)) => text,
        other => panic!("{other:?}"),
    }
}

const REFUSAL: &str = r#"echo '{"type":"refuse","id":1,"reason":"no"}'"#;

#[test]
fn a_program_that_answers_is_heard() {
    let outcome = called(&format!("read -r call; {REFUSAL}")).unwrap();
    let Outcome::Refuse(refusal) = outcome else { panic!("{outcome:?}") };
    assert_eq!((refusal.id, refusal.reason.as_str(), refusal.shown.len()), (1, "no", 0));
}

#[test]
fn a_program_that_is_not_there_cannot_be_started() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let not_executable = file.path().to_str().unwrap();
    for command in [&["/nowhere/adapter", "argument"][..], &[not_executable], &["/"], &[""], &[]] {
        let error = ProcessSubject::start(command, LIMIT).unwrap_err();
        assert!(matches!(error, SubjectError::Start(_)), "{command:?}: {error:?}");
    }
}

#[test]
fn a_program_that_hangs_is_silent() {
    let hanging = [
        "sleep 100",
        "trap '' TERM INT HUP; while :; do sleep 100; done",
        "exec >&-; sleep 100",
        "printf '{\"type\":'; sleep 100",
    ];
    // All at the same time: each takes its limit.
    let tests = hanging.map(|script| {
        std::thread::spawn(move || {
            let mut subject = start_with(SHORT, script);
            assert_eq!(guarded(move || greet(&mut subject)), Err(SILENT), "{script}");
            let mut subject = start_with(SHORT, &greeting(&format!("read -r call; {script}")));
            let answer = guarded(move || {
                greet(&mut subject).unwrap();
                subject.call(&call(1))
            });
            assert_eq!(answer, Err(SILENT), "{script}");
        })
    });
    for test in tests {
        test.join().unwrap();
    }
}

#[test]
fn a_program_that_ends_is_reported_with_its_status_and_last_words() {
    assert_eq!(ended(greeted("exit 3")), "with exit status: 3");
    let text = ended(called("read -r call; echo first >&2; printf 'out of\\033[0m luck' >&2; exit 4"));
    assert_eq!(text, "with exit status: 4, its last words: first\\nout of\\u{1b}[0m luck");
    let text = ended(called("kill -9 $$"));
    assert!(text.starts_with("with signal: 9"), "{text}");
    let text = ended(greeted("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1"));
    assert!(text.len() < 1200 && text.ends_with("xxx"), "{} bytes", text.len());
}

#[test]
fn what_a_program_says_before_it_ends_counts() {
    // Longer than a pipe holds, and many times: end and answer are noticed in any order.
    let rest =
        format!("read -r call; head -c 200000 /dev/zero | tr '\\0' ' '; {REFUSAL}; echo log >&2; exit 5");
    for _ in 0..20 {
        let mut subject = start(&greeting(&rest));
        let (first, second) = guarded(move || {
            greet(&mut subject).unwrap();
            (subject.call(&call(1)), subject.call(&call(2)))
        });
        let Ok(Outcome::Refuse(_)) = first else { panic!("{first:?}") };
        assert_eq!(ended(second).split(',').next(), Some("with exit status: 5"));
    }
}

#[test]
fn an_answer_that_is_no_message_is_nonsense() {
    for line in [
        "hello",
        "",
        "{}",
        "[1]",
        r#"{"type":"hello"}"#,
        r#"{"type":"greetings"}"#,
        r#"{"type":"hello","protocol":"1","name":"x","capabilities":[]}"#,
        r#"{"type":"hello","protocol":1,"name":"x","capabilities":["teleport"]}"#,
        r#"{"type":"bye"}"#,
    ] {
        let text = nonsense(greeted(&format!("read -r hello; echo '{line}'")));
        assert!(text.starts_with("no message of the protocol") && text.ends_with(line), "{text}");
    }
    let deep = nonsense(greeted("read -r hello; head -c 100000 /dev/zero | tr '\\0' '['; echo"));
    assert!(deep.len() < 500 && deep.ends_with("[[[…"), "{deep}");
    assert!(nonsense(greeted("read -r hello; printf '\\377\\n'")).ends_with('\u{fffd}'));
}

#[test]
fn an_answer_of_the_wrong_kind_is_nonsense() {
    let refusal = format!("read -r hello; {REFUSAL}");
    assert_eq!(nonsense(greeted(&refusal)), "a refusal instead of a hello");
    let result = r#"read -r hello; echo '{"type":"result","id":1}'"#;
    assert_eq!(nonsense(greeted(result)), "a result instead of a hello");
    let hello = greeting(
        "read -r call; echo '{\"type\":\"hello\",\"protocol\":1,\"name\":\"x\",\"capabilities\":[]}'",
    );
    let mut subject = start(&hello);
    let answer = guarded(move || {
        greet(&mut subject).unwrap();
        subject.call(&call(1))
    });
    assert_eq!(nonsense(answer), "a hello instead of a result or a refusal");
}

#[test]
fn an_answer_of_another_version_or_call_is_nonsense() {
    let hello = r#"read -r hello; echo '{"type":"hello","protocol":2,"name":"x","capabilities":[]}'"#;
    assert_eq!(nonsense(greeted(hello)), "it speaks version 2 of the protocol, not 1");
    let answer = r#"read -r call; echo '{"type":"result","id":7}'"#;
    assert_eq!(nonsense(called(answer)), "an answer to call 7 instead of 1");
    let refusal = r#"read -r call; echo '{"type":"refuse","id":0,"reason":"no"}'"#;
    assert_eq!(nonsense(called(refusal)), "an answer to call 0 instead of 1");
}

#[test]
fn what_a_program_says_unasked_is_taken_for_its_next_answer() {
    let mut subject = start(&greeting(&format!("read -r call; {REFUSAL}; echo chatter; cat >/dev/null")));
    let second = guarded(move || {
        greet(&mut subject).unwrap();
        subject.call(&call(1)).unwrap();
        subject.call(&call(2))
    });
    assert!(nonsense(second).ends_with("chatter"));
}

#[test]
fn a_program_that_floods_its_output_is_stopped() {
    let endless = "tr '\\0' x </dev/zero";
    assert_eq!(greeted(endless), Err(SubjectError::Flood(8 << 20)));
    assert_eq!(called(endless), Err(SubjectError::Flood(8 << 20)));
    let line_too_long = "head -c 8388609 /dev/zero | tr '\\0' ' '; echo; sleep 100";
    assert_eq!(greeted(line_too_long), Err(SubjectError::Flood(8 << 20)));
    let longest_line = format!("read -r call; head -c 8000000 /dev/zero | tr '\\0' ' '; {REFUSAL}");
    assert!(called(&longest_line).is_ok());
    assert!(nonsense(greeted("yes")).ends_with(": y"), "endless lines are read one by one");
}

#[test]
fn a_program_that_floods_its_log_is_heard_all_the_same() {
    let rest = format!("read -r call; yes FAKE-LOG | head -c 19000000 >&2; {REFUSAL}; yes FAKE-LOG >&2");
    let outcome = called(&rest).unwrap();
    let Outcome::Refuse(refusal) = outcome else { panic!("{outcome:?}") };
    assert!(refusal.shown["stderr"].contains("FAKE-LOG\n"));
    assert!(refusal.shown["stderr"].len() <= 8 << 20);
}

#[test]
fn all_of_a_log_up_to_8_mebibytes_and_otherwise_the_last_of_it_is_kept() {
    const KEPT: usize = 8 << 20;
    for (written, lost) in [(KEPT, 0), (KEPT + 4, 4)] {
        let rest = format!(
            "read -r call; {{ printf AAAA; head -c {} /dev/zero | tr '\\0' x; }} >&2; {REFUSAL}; cat >/dev/null",
            written - 4
        );
        let mut subject = start(&greeting(&rest));
        let (outcome, said_lost) = guarded(move || {
            greet(&mut subject).unwrap();
            (subject.call(&call(1)), subject.lost())
        });
        let Ok(Outcome::Refuse(refusal)) = outcome else { panic!() };
        assert_eq!((refusal.shown["stderr"].len(), said_lost), (KEPT, lost));
        assert_eq!(refusal.shown["stderr"].starts_with("AAAA"), lost == 0);
    }
}

#[test]
fn a_log_belongs_to_the_call_before_whose_answer_it_was_written() {
    let script = greeting(
        r#"while read -r call; do
            id=$((id + 1))
            { head -c 40000 /dev/zero | tr '\0' x; echo "log of $id"; } >&2
            echo '{"type":"refuse","id":'$id',"reason":"no","shown":{"stderr":"own ","error":"x"}}'
        done"#,
    );
    let mut subject = start(&script);
    let logs = guarded(move || {
        greet(&mut subject).unwrap();
        // Many times: log and answer are noticed in any order.
        let mut shown = |id| match subject.call(&call(id)) {
            Ok(Outcome::Refuse(refusal)) => (id, refusal.shown),
            other => panic!("{other:?}"),
        };
        (1..=50).map(&mut shown).collect::<Vec<_>>()
    });
    for (id, shown) in logs {
        let text = &shown["stderr"];
        assert!(text.starts_with("own xxx") && text.ends_with(&format!("xlog of {id}\n")), "call {id}");
        assert_eq!(text.len(), 40_004 + format!("log of {id}\n").len());
        assert_eq!(shown["error"], "x");
    }
}

#[test]
fn a_program_that_never_reads_holds_nobody_up() {
    for deaf in ["sleep 100", "exec <&-; sleep 100"] {
        let mut subject = start_with(SHORT, &greeting(deaf));
        let mut large = call(1);
        large.session = "x".repeat(10 << 20);
        let answer = guarded(move || {
            greet(&mut subject).unwrap();
            subject.call(&large)
        });
        assert_eq!(answer, Err(SILENT), "{deaf}");
    }
}

fn is_there(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

#[test]
fn a_child_that_holds_the_output_open_outlives_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("sleep 100 & echo $! >{}; exit 6", pids.display());
    assert_eq!(ended(greeted(&script)), "with exit status: 6");
    guarded(move || while !all_gone(&pids) {});
}

#[test]
fn a_child_that_left_the_group_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("setsid sleep 5 & echo $! >{}; exit 6", pids.display());
    assert_eq!(ended(greeted(&script)), "with exit status: 6");
}

#[test]
fn a_failed_program_is_killed_with_its_children_and_reaped() {
    for (end, kind) in [("sleep 100", SILENT), ("tr '\\0' x </dev/zero", SubjectError::Flood(8 << 20))] {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let mut subject = start_with(SHORT, &format!("sleep 100 & echo $! $$ >{}; {end}", pids.display()));
        let (error, subject) = guarded(move || (greet(&mut subject), subject));
        assert_eq!(error, Err(kind));
        let text = fs::read_to_string(&pids).unwrap();
        assert!(!is_there(text.split_whitespace().last().unwrap()), "no zombie, while the subject is kept");
        guarded(move || while !all_gone(&pids) {});
        drop(subject);
    }
}

#[test]
fn a_failed_program_is_started_again_and_greeted_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let mut subject = start(&format!("echo x >>{}; {}", starts.display(), greeting("read -r call; exit 7")));
    let errors = guarded(move || {
        greet(&mut subject).unwrap();
        (1..=8).map(|id| subject.call(&call(id)).unwrap_err()).collect::<Vec<_>>()
    });
    let seven = SubjectError::Ended("with exit status: 7".into());
    assert_eq!(errors[..6], vec![seven.clone(); 6]);
    for error in &errors[6..] {
        let SubjectError::Start(text) = error else { panic!("{error:?}") };
        assert!(text.contains("6 times") && text.ends_with(&seven.to_string()), "{text}");
    }
    assert_eq!(fs::read_to_string(starts).unwrap().lines().count(), 6);
}

#[test]
fn a_program_that_mends_its_ways_is_judged_after_its_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let rest =
        format!("read -r call; if [ -e {0} ]; then {REFUSAL}; cat >/dev/null; fi; >{0}", mark.display());
    let mut subject = start(&greeting(&rest));
    guarded(move || {
        greet(&mut subject).unwrap();
        assert_eq!(ended(subject.call(&call(1))), "with exit status: 0");
        assert!(subject.call(&call(1)).is_ok());
    });
}

#[test]
fn a_program_that_is_dropped_is_told_so_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard");
    let mut subject = start(&greeting(&format!("cat >{}; echo end >>{0}", heard.display())));
    guarded(move || {
        greet(&mut subject).unwrap();
        drop(subject);
    });
    assert_eq!(fs::read_to_string(heard).unwrap(), "{\"type\":\"bye\"}\nend\n");
}

#[test]
fn a_program_that_is_dropped_and_stays_is_killed() {
    for stubborn in ["while :; do sleep 100; done", "tr '\\0' x </dev/zero", "yes >&2"] {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let script = format!("trap '' TERM HUP; echo $$ >{}; {}", pids.display(), greeting(stubborn));
        let mut subject = start(&script);
        guarded(move || {
            greet(&mut subject).unwrap();
            drop(subject);
        });
        assert!(!is_there(fs::read_to_string(pids).unwrap().trim()), "{stubborn}");
    }
}

/// The environment of this process cannot be changed, so the test runs itself with another one.
#[test]
fn a_program_does_not_see_credentials() {
    const NAME: &str = "process::a_program_does_not_see_credentials";
    if std::env::var_os("PLEO_FAKE_KEY").is_none() {
        let run = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .envs([("PLEO_FAKE_KEY", "FAKE-SECRET"), ("FAKE_TOKEN", "FAKE-SECRET"), ("UNPLEO_FAKE", "seen")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let name = greeted(
        r#"read -r hello; echo '{"type":"hello","protocol":1,"capabilities":[],"name":"'"${PLEO_FAKE_KEY-none} ${FAKE_TOKEN-none} $UNPLEO_FAKE"'"}'"#,
    );
    assert_eq!(name.unwrap().name, "none none seen");
}
