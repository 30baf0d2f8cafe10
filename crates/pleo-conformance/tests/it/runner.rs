//! What the runner's own process does with programs that it judges: it gives them no credential, and ends with all
//! that they have started.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::support::{all_gone, guarded};

/// Greets, and can do nothing that it is asked for.
const REFUSES: &str = r#"
    read -r hello
    echo '{"type":"hello","protocol":1,"name":"x","capabilities":["api_keys"]}'
    while read -r call; do
        id=${call#*'"id":'}
        echo '{"type":"refuse","id":'"${id%%,*}"',"reason":"no","unsupported":true}'
    done
"#;

/// Greets, and then stays silent and ignores every request to end.
const HANGS: &str = r#"
    trap '' TERM HUP INT
    read -r hello
    echo '{"type":"hello","protocol":1,"name":"x","capabilities":["api_keys"]}'
    while :; do sleep 1000; done
"#;

/// Starts processes that leave their group and their parent, and writes their ids into `pids`.
const LEAVES_DAEMONS: &str = r#"
    : >pids
    daemon='trap "" TERM HUP INT; echo $$ >>pids; while :; do sleep 1000; done'
    setsid sh -c "$daemon" </dev/null >/dev/null 2>&1 &
    (setsid sh -c "$daemon" </dev/null >/dev/null 2>&1 &)
    (setsid sh -c "setsid sh -c '$daemon' &" </dev/null >/dev/null 2>&1 &)
    env -i setsid sh -c "$daemon" </dev/null >/dev/null 2>&1 &
    while [ "$(wc -l <pids)" -lt 4 ]; do :; done
    : >ready
"#;

/// A runner that judges a script, in a folder of their own.
struct Scene {
    folder: TempDir,
    runner: Command,
}

impl Scene {
    fn new(script: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("adapter.sh"), script.concat()).unwrap();
        let mut runner = Command::new(env!("CARGO_BIN_EXE_pleo-conformance"));
        runner
            .current_dir(&folder)
            .args(["run", "--client", "sh adapter.sh", "--only", "AUTH-001", "--cases", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self { folder, runner }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap()).into_owned()
    }

    fn start(&mut self) -> Child {
        self.runner.spawn().unwrap()
    }
}

fn ended(mut runner: Child) -> ExitStatus {
    guarded(move || runner.wait().unwrap())
}

#[test]
fn what_a_program_leaves_behind_ends_with_the_run() {
    for (rest, arguments) in [(REFUSES, &[][..]), (HANGS, &["--timeout", "1"]), ("exit 1", &[])] {
        let mut scene = Scene::new(&[LEAVES_DAEMONS, rest]);
        scene.runner.args(arguments);
        assert_eq!(ended(scene.start()).code(), Some(3), "{rest}");
        assert_eq!(scene.read("pids").lines().count(), 4);
        assert!(all_gone(&scene.path("pids")), "{rest}");
    }
}

#[test]
fn a_signal_that_ends_the_runner_ends_what_it_has_started() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        // What is ignored here, as under nohup, the runner ignores as well.
        if ignored >> (signal.as_raw() - 1) & 1 == 1 {
            assert_ne!(signal, Signal::TERM);
            continue;
        }
        let mut scene = Scene::new(&["echo $$ >own\n", LEAVES_DAEMONS, HANGS]);
        let runner = scene.start();
        let ready = scene.path("ready");
        guarded(move || while !ready.exists() {});
        kill_process(Pid::from_child(&runner), signal).unwrap();
        assert_eq!(ended(runner).code(), Some(code));
        assert!(all_gone(&scene.path("pids")) && all_gone(&scene.path("own")), "{code}");
    }
}

#[test]
fn a_child_that_the_runner_had_before_is_left_alone() {
    let scene = Scene::new(&[LEAVES_DAEMONS, REFUSES]);
    let mut shell = Command::new("sh");
    shell
        .current_dir(&scene.folder)
        .args(["-c", r#"sleep 1000 & echo $! >other; exec "$0" "$@""#])
        .arg(scene.runner.get_program())
        .args(scene.runner.get_args())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    ended(shell.spawn().unwrap());
    assert!(all_gone(&scene.path("pids")));
    assert!(!all_gone(&scene.path("other")));
    let other = scene.read("other").trim().parse().unwrap();
    kill_process(Pid::from_raw(other).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_program_can_read_no_credential_from_the_runner() {
    let spies = "cat /proc/$PPID/environ >parent\nenv >own\n";
    let mut scene = Scene::new(&[spies, REFUSES]);
    scene
        .runner
        .env("PLEO_API_KEY", "FAKE-SECRET")
        .env("GITHUB_TOKEN", "FAKE-SECRET")
        .env("DATABASE_URL", "postgres://user:FAKE-SECRET@db")
        .env("PLAIN", "seen");
    assert_eq!(ended(scene.start()).code(), Some(3));
    for name in ["parent", "own"] {
        let environment = scene.read(name);
        assert!(environment.contains("PLAIN=seen"), "{name}: {environment}");
        assert!(!environment.contains("FAKE-SECRET"), "{name}");
        assert!(!environment.contains("PLEO_API_KEY"), "{name}");
    }
}
