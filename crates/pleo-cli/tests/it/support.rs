//! Running the command, and what it talks to.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use http::Request;
use pleo_sandbox::{Environment, Exchange, Grant, OAuthClient, Sandbox, Server, Subject};
use uuid::Uuid;

/// The key that every fake Pleo of these tests knows.
pub(crate) const KEY: &str = "FAKE-STANDALONE-KEY";

/// The OAuth app of these tests.
pub(crate) const CLIENT: &str = "FAKE-CLIENT";

/// A fake Pleo.
pub(crate) struct Pleo {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) server: Server,
    pub(crate) company: Uuid,
}

impl Pleo {
    pub(crate) fn start() -> Self {
        Self::with(Sandbox::new(Environment::Staging).with_running_clock())
    }

    pub(crate) fn with(sandbox: Sandbox) -> Self {
        Self::changed(sandbox, |_| {})
    }

    /// A fake Pleo behind something that changes requests.
    pub(crate) fn changed(
        sandbox: Sandbox,
        change: impl Fn(&mut Request<Bytes>) + Send + Sync + 'static,
    ) -> Self {
        let company = sandbox.companies()[0];
        sandbox.admit(KEY, Grant::standalone_key(company));
        let sandbox = Arc::new(sandbox);
        let handler = Arc::clone(&sandbox);
        let server = Server::start(move |request: &Request<Bytes>| {
            let mut request = request.clone();
            change(&mut request);
            handler.handle(&request)
        });
        Self { sandbox, server: server.unwrap(), company }
    }

    /// A fake Pleo that knows an OAuth app with this redirect address.
    pub(crate) fn with_app(redirect: &str, secret: Option<&str>) -> Self {
        let pleo = Self::start();
        pleo.sandbox.register(OAuthClient {
            client_id: CLIENT.to_owned(),
            client_secret: secret.map(str::to_owned),
            redirect_uris: vec![redirect.to_owned()],
            access_token_seconds: 3600,
            subject: Subject::Company(pleo.company),
        });
        pleo
    }

    /// The command, pointed here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Pleocmd {
        Pleocmd::new(arguments).env("PLEO_ENVIRONMENT", self.server.url()).env("PLEO_API_KEY", KEY)
    }

    /// The same for the company of the key.
    pub(crate) fn company_command(&self, arguments: &[&str]) -> Pleocmd {
        self.command(arguments).env("PLEO_COMPANY_ID", self.company.to_string())
    }

    pub(crate) fn take_exchanges(&self) -> Vec<Exchange> {
        self.server.take_exchanges()
    }
}

/// The command with nothing of this process's environment, and a home folder of its own.
pub(crate) struct Pleocmd {
    command: Command,
    home: PathBuf,
    input: Option<Vec<u8>>,
}

impl Pleocmd {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let home = folder();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pleo"));
        command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &home).current_dir(&home);
        Self { command, home, input: None }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// The same with the home folder of another run.
    pub(crate) fn home(mut self, home: &Path) -> Self {
        self.home = home.to_owned();
        self.command.env("HOME", home).current_dir(home);
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Writes a file to the home folder.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        write(&self.home.join(name), content);
        self
    }

    pub(crate) fn spawn(&mut self) -> Child {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn run(mut self) -> Done {
        let mut child = self.spawn();
        if let Some(input) = self.input.take() {
            child.stdin.take().unwrap().write_all(&input).unwrap();
        }
        Done::of(child.wait_with_output().unwrap(), self.home)
    }
}

/// Writes a file that only its owner can read.
pub(crate) fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A new folder among those that cargo gives tests.
pub(crate) fn folder() -> PathBuf {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep()
}

/// What a run printed, and how it ended.
pub(crate) struct Done {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
    pub(crate) home: PathBuf,
}

impl Done {
    pub(crate) fn of(output: Output, home: PathBuf) -> Self {
        Self {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
            home,
        }
    }

    /// Fails the test unless the command ended so.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}

/// Where the authorisation server sends the browser for this address.
pub(crate) fn follow(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let response = get(host, &format!("/{path}"));
    let location = response.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    location.unwrap_or_else(|| panic!("no redirect: {response}"))
}

/// The whole response, as text.
pub(crate) fn get(host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// An address of this machine at which nothing listens, with a port that nobody gets who asks for a free one, another one
/// each time.
#[cfg(unix)]
pub(crate) fn free_address() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};

    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Each test has a process of its own.
    let own = 10_000 + std::process::id() % 1_000 * 20;
    let mut addresses =
        std::iter::from_fn(|| Some(format!("127.0.0.1:{}", own + ASKED.fetch_add(1, Ordering::Relaxed))));
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}

/// A browser that runs a line for the shell, and then writes down what it is to open.
#[cfg(unix)]
pub(crate) fn browser(home: &Path, line: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;

    let browser = home.join("browser");
    fs::write(&browser, format!("#!/bin/sh\n{line}\necho \"$1\" > \"$HOME/opened\"\n")).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o700)).unwrap();
    browser
}

/// Waits for the address that the browser is to open.
#[cfg(unix)]
pub(crate) fn opened(home: &Path) -> String {
    loop {
        match fs::read_to_string(home.join("opened")) {
            Ok(address) if address.ends_with('\n') => break address.trim().to_owned(),
            _ => thread::yield_now(),
        }
    }
}
