//! A process of its own that uses a token store: this test binary, once more.

use std::{
    collections::BTreeSet,
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use pleo::{
    BoxFuture, Client, ReqwestTransport, Sandbox, Session, TransportError,
    oauth::{LockedTokens, OAuthTransport, RefreshPolicy, RefreshingToken, StoreError, TokenStore, Tokens},
    stores::FileStore,
};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{database::Address, keys, pleo_server, pleo_server::PleoServer};

/// Holds the orders, as JSON. Without it, [`uses_a_token_store_as_it_is_told`] has nothing to do.
const ORDERS: &str = "PLEO_TEST_STORE_ORDERS";

/// How long a process may take, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a process does.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) server: String,
    pub(super) store: Place,
    pub(super) calls: usize,
    /// When it asks to be killed.
    pub(super) killed: Option<Moment>,
}

impl Orders {
    /// One call, and nothing goes wrong.
    pub(super) fn new(pleo: &PleoServer, store: &Place) -> Self {
        Self { server: pleo.url(), store: store.clone(), calls: 1, killed: None }
    }
}

/// Where the tokens are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Place {
    File(PathBuf),
    Row { database: Address, name: String },
}

impl Place {
    pub(super) fn store(&self, environment: Sandbox) -> Arc<dyn TokenStore<Sandbox>> {
        match self {
            Self::File(path) => Arc::new(FileStore::new(path, environment, keys())),
            Self::Row { database, name } => Arc::new(database.tokens(keys()).store(environment, name)),
        }
    }
}

/// A moment of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Moment {
    /// Before the store notes that the refresh token is presented.
    BeforeNote,
    /// After that, before the request.
    BeforeRequest,
    /// After the server has rotated the tokens, before the response is read.
    AfterResponse,
    /// Before the new pair is written.
    BeforeSave,
    /// While it is written: a part of the new file is there. The operating system ends the process.
    HalfWritten,
    /// After the new file was written, before it is renamed.
    BeforeRename,
    /// After the new pair was stored, before the process knows.
    AfterSave,
    /// Before the database commits. The proxy sees to it.
    BeforeCommit,
    /// After the database has committed, before the process knows. The proxy sees to it.
    AfterCommit,
}

/// What came of the calls.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Results {
    pub(super) succeeded: usize,
    /// Each once.
    pub(super) errors: BTreeSet<String>,
}

/// What a process says on its standard output, a line each.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Ready,
    KillMe,
    Done(Results),
}

const SAID: &str = "SAID ";

fn say(said: &Said) {
    // Libtest has not ended its own line.
    println!("\n{SAID}{}", serde_json::to_string(said).unwrap());
}

/// A process, which is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Process {
    /// Starts a process and waits until it can begin.
    pub(super) fn start(orders: &Orders) -> Self {
        let test = concat!(module_path!(), "::uses_a_token_store_as_it_is_told");
        let (_, test) = test.split_once("::").unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture", test])
            .env(ORDERS, serde_json::to_string(orders).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take().unwrap();
        let mut process = Self { child, input, lines };
        assert!(matches!(process.hears(), Said::Ready));
        process
    }

    pub(super) fn go(&mut self) {
        writeln!(self.input, "go").unwrap();
    }

    pub(super) fn result(&mut self) -> Results {
        match self.hears() {
            Said::Done(results) => results,
            other => panic!("{other:?}"),
        }
    }

    /// Kills the process when it asks for it.
    pub(super) fn killed_when_it_asks(mut self) {
        assert!(matches!(self.hears(), Said::KillMe));
        self.kill();
    }

    /// Waits until the operating system has ended the process, because a file grew beyond its limit.
    pub(super) fn ended_while_it_writes(mut self) {
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::XFSZ.as_raw()), "{status}");
    }

    /// Sends `SIGKILL`, which no process can catch.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn hears(&mut self) -> Said {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("the process says nothing any more");
            if let Some(said) = line.strip_prefix(SAID) {
                return read(said);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

/// The other side: what a process does. It is a test so that this binary can be started for it.
#[test]
fn uses_a_token_store_as_it_is_told() {
    let Some(orders) = env::var_os(ORDERS) else { return };
    let orders: Orders = read(&orders.into_string().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(obey(orders));
}

async fn obey(orders: Orders) {
    let http = ReqwestTransport::new().unwrap();
    let app = pleo_server::app(&orders.server, DeadlyTransport(http.clone(), orders.killed));
    let store = DeadlyStore {
        store: orders.store.store(app.environment().clone()),
        place: orders.store,
        moment: orders.killed,
    };
    let token = RefreshingToken::resume(app, store, RefreshPolicy::default());
    let client = Client::with_transport(Session::new(token), http).unwrap();
    say(&Said::Ready);
    let mut go = String::new();
    std::io::stdin().read_line(&mut go).unwrap();

    let (begun, calls) = (Arc::new(AtomicUsize::new(0)), orders.calls);
    let callers: Vec<_> = (0..calls.min(32))
        .map(|_| {
            let (client, begun) = (client.clone(), Arc::clone(&begun));
            tokio::spawn(async move {
                let mut results = Vec::new();
                while begun.fetch_add(1, Ordering::SeqCst) < calls {
                    results.push(client.introspect_authentication().send().await.map(drop));
                }
                results
            })
        })
        .collect();
    let mut results = Results { succeeded: 0, errors: BTreeSet::new() };
    for caller in callers {
        for result in caller.await.unwrap() {
            match result {
                Ok(()) => results.succeeded += 1,
                Err(error) => drop(results.errors.insert(chain(&error))),
            }
        }
    }
    say(&Said::Done(results));
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(|error| format!("{error}: ")).collect()
}

/// Waits to be killed.
async fn die() -> ! {
    say(&Said::KillMe);
    std::future::pending().await
}

/// A transport in which the process can be killed.
struct DeadlyTransport(ReqwestTransport, Option<Moment>);

impl OAuthTransport for DeadlyTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let moment = self.1.filter(|_| request.uri().path() == "/oauth/token");
            if moment == Some(Moment::BeforeRequest) {
                die().await;
            }
            let response = OAuthTransport::send(&self.0, request).await;
            if moment == Some(Moment::AfterResponse) {
                die().await;
            }
            response
        })
    }
}

/// A store in which the process can be killed.
struct DeadlyStore {
    store: Arc<dyn TokenStore<Sandbox>>,
    place: Place,
    moment: Option<Moment>,
}

impl TokenStore<Sandbox> for DeadlyStore {
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Sandbox>>, StoreError>> {
        Box::pin(async move {
            let tokens = self.store.lock(longest).await?;
            let locked = DeadlyTokens { tokens, place: self.place.clone(), moment: self.moment };
            Ok(Box::new(locked) as Box<dyn LockedTokens<Sandbox>>)
        })
    }
}

struct DeadlyTokens {
    tokens: Box<dyn LockedTokens<Sandbox>>,
    place: Place,
    moment: Option<Moment>,
}

impl DeadlyTokens {
    /// The store writes the new pair, and cannot rename the file because a folder has the name. It is as if the
    /// process had ended between the two.
    async fn save_without_renaming(self, tokens: &Tokens<Sandbox>) {
        let Place::File(path) = &self.place else { panic!("there is no file") };
        let aside = path.with_file_name("aside");
        fs::rename(path, &aside).unwrap();
        fs::create_dir(path).unwrap();
        self.tokens.save(tokens).await.unwrap_err();
        fs::remove_dir(path).unwrap();
        fs::rename(&aside, path).unwrap();
    }
}

/// From here on, writing more than this many bytes into a file ends the process, after these bytes were written.
fn end_after_writing(bytes: u64) {
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::Fsize, limit).unwrap();
}

impl LockedTokens<Sandbox> for DeadlyTokens {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Sandbox>>, StoreError>> {
        self.tokens.load()
    }

    fn save(self: Box<Self>, tokens: &Tokens<Sandbox>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            match self.moment {
                Some(Moment::BeforeSave) => die().await,
                Some(Moment::HalfWritten) => {
                    end_after_writing(100);
                    self.tokens.save(tokens).await
                }
                Some(Moment::BeforeRename) => {
                    self.save_without_renaming(tokens).await;
                    die().await
                }
                Some(Moment::AfterSave) => {
                    self.tokens.save(tokens).await?;
                    die().await
                }
                _ => self.tokens.save(tokens).await,
            }
        })
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        self.tokens.clear()
    }

    fn set_presented(&mut self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.moment == Some(Moment::BeforeNote) {
                die().await;
            }
            self.tokens.set_presented(presented).await
        })
    }

    fn presented_for(&mut self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        self.tokens.presented_for()
    }
}
