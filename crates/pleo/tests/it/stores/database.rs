//! A PostgreSQL server for a test: the one that `PLEO_TEST_POSTGRES` names, or one in a temporary folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use pleo::stores::{PostgresTokens, SealingKeys};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Client, Config, NoTls, config::Host};

/// How a database is reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Address {
    /// A name, or the folder of a socket.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) database: String,
    pub(super) schema: String,
}

impl Address {
    fn config(&self) -> Config {
        let mut config = Config::new();
        config.host(&self.host).port(self.port).user(&self.user).dbname(&self.database);
        if let Some(password) = &self.password {
            config.password(password);
        }
        config.options(format!("-c search_path={}", self.schema)).application_name(&self.schema);
        config
    }

    pub(super) fn tokens(&self, keys: SealingKeys) -> PostgresTokens {
        PostgresTokens::new(self.config(), NoTls, keys)
    }

    pub(super) async fn client(&self) -> Client {
        let (client, connection) = self.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

/// A database with an empty schema, which ends with this if it was started for it.
pub(super) struct Database {
    pub(super) address: Address,
    _server: Option<Server>,
}

impl Database {
    /// Prints why there is none. In CI that is a failure, because a skipped test shows nothing.
    pub(super) async fn start() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);

        let (mut address, server) = match env::var("PLEO_TEST_POSTGRES") {
            Ok(given) => (given_address(&given), None),
            Err(_) => {
                let Some(programs) = programs() else {
                    let remedy =
                        "install PostgreSQL, or set PLEO_TEST_POSTGRES to the connection string of a server";
                    assert!(env::var_os("CI").is_none(), "there is no PostgreSQL server; {remedy}");
                    eprintln!("SKIPPED: there is no PostgreSQL server; {remedy}");
                    return None;
                };
                let server = Server::start(programs);
                (server.address(), Some(server))
            }
        };
        address.schema = format!("pleo_test_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let client = address.client().await;
        client.batch_execute(&format!("CREATE SCHEMA {}", address.schema)).await.unwrap();
        Some(Self { address, _server: server })
    }
}

fn given_address(text: &str) -> Address {
    let config: Config = text.parse().expect("PLEO_TEST_POSTGRES is not a connection string");
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.to_str().unwrap().to_owned(),
        None => "localhost".to_owned(),
    };
    Address {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        user: config.get_user().unwrap_or("postgres").to_owned(),
        password: config.get_password().map(|password| String::from_utf8(password.to_owned()).unwrap()),
        database: config.get_dbname().unwrap_or("postgres").to_owned(),
        schema: String::new(),
    }
}

/// The folder with `initdb` and `pg_ctl`, where Debian or the path has it.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.extend(env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}

/// A server that listens on a socket in a folder of its own, and on no port.
struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    /// PostgreSQL refuses to run as root.
    root: bool,
}

impl Server {
    fn start(programs: PathBuf) -> Self {
        let root = output(Command::new("id").arg("-u")).trim() == "0";
        let server = Self { programs, folder: tempfile::tempdir().unwrap(), root };
        if root {
            output(Command::new("chown").arg("postgres").arg(server.folder.path()));
        }
        let path = |name| server.folder.path().join(name).into_os_string().into_string().unwrap();
        let (data, log) = (path("data"), path("log"));
        let options =
            format!("-c listen_addresses= -c fsync=off -k {}", server.folder.path().to_str().unwrap());
        server
            .run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        server.run("pg_ctl", &["-D", &data, "-l", &log, "-o", &options, "-t", "120", "-w", "start"]);
        server
    }

    fn address(&self) -> Address {
        Address {
            host: self.folder.path().to_str().unwrap().to_owned(),
            port: 5432,
            user: "postgres".to_owned(),
            password: None,
            database: "postgres".to_owned(),
            schema: String::new(),
        }
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        output(self.command(program).args(arguments));
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if self.root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(Path::new("/"));
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let _ = self.command("pg_ctl").arg("-D").arg(data).args(["-m", "immediate", "stop"]).output();
    }
}

/// What a program prints. A server that it leaves behind must not keep the pipe open, so it goes to a file.
fn output(command: &mut Command) -> String {
    let printed = tempfile::NamedTempFile::new().unwrap();
    let Output { status, .. } = command
        .stdout(printed.reopen().unwrap())
        .stderr(printed.reopen().unwrap())
        .spawn()
        .and_then(process::Child::wait_with_output)
        .unwrap();
    let text = fs::read_to_string(printed.path()).unwrap();
    assert!(status.success(), "{command:?}: {text}");
    text
}
