//! A running program: lines go in, lines come out, and it always comes to an end.
//!
//! One thread per program moves all three streams without ever blocking on one of them, so that a program
//! that reads nothing, writes without end or leaves children behind holds nobody up.

use std::{
    collections::VecDeque,
    ffi::OsString,
    future::{Future, pending, poll_fn},
    pin::pin,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as answers},
    task::Poll,
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    runtime,
    sync::mpsc as orders,
    time::timeout,
};

use super::{SubjectError, descendants, environment, printable};
use crate::words::ending;

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 8 << 20;
/// How much of standard error is kept for each call, in bytes: the last of it. A secret before it is lost.
const MAX_LOG: usize = 8 << 20;
/// How much of standard error an error shows, in characters.
const LAST_WORDS: usize = 1 << 10;
/// How long an ending program has for what is left to be read, and a dismissed one to end.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// A running program. Dropping kills it.
#[derive(Debug)]
pub(super) struct Program {
    orders: Option<orders::UnboundedSender<Order>>,
    log: Arc<Mutex<Log>>,
    thread: Option<JoinHandle<Ending>>,
}

#[derive(Debug)]
enum Order {
    /// Write this, and answer with the next line that is read.
    Ask(Vec<u8>, answers::SyncSender<Vec<u8>>),
    /// Write this, and wait so long for the end.
    Dismiss(Vec<u8>, Duration),
}

/// Why nothing more is read.
#[derive(Debug)]
enum Ending {
    /// The program ended, in this way.
    Ended(String),
    /// A line has no end.
    Flood,
    /// It was wanted so.
    Stopped,
}

impl Program {
    /// Starts a program with its arguments.
    ///
    /// # Errors
    /// [`SubjectError::Start`].
    pub(super) fn start(command: &[OsString]) -> Result<Self, SubjectError> {
        let [name, arguments @ ..] = command else {
            return Err(SubjectError::Start("no program is named".into()));
        };
        let failed = |error| SubjectError::Start(format!("{}: {error}", name.to_string_lossy()));
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let mut command = Command::new(name);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for name in environment::credentials() {
            command.env_remove(name);
        }
        // What it starts belongs to its group, and ends with it.
        #[cfg(unix)]
        command.process_group(0);
        let child = {
            let _context = runtime.enter();
            descendants::start(|| command.spawn(), Child::id).map_err(failed)?
        };
        let (orders, received) = orders::unbounded_channel();
        let log = Arc::<Mutex<Log>>::default();
        let conversation = Conversation::new(child, Arc::clone(&log));
        let thread = std::thread::Builder::new()
            .name("subject".into())
            .spawn(move || runtime.block_on(conversation.run(received)))
            .map_err(failed)?;
        Ok(Self { orders: Some(orders), log, thread: Some(thread) })
    }

    /// Writes a line and reads the next one. After an error the program is gone.
    ///
    /// # Errors
    /// [`SubjectError::Silent`], [`SubjectError::Ended`] and [`SubjectError::Flood`].
    pub(super) fn ask(mut self, line: Vec<u8>, limit: Duration) -> Result<(Self, Vec<u8>), SubjectError> {
        let (answer, answered) = answers::sync_channel(1);
        // When it has ended already, nobody holds the other end, which is noticed below.
        self.order(Order::Ask(line, answer));
        match answered.recv_timeout(limit) {
            Ok(line) => Ok((self, line)),
            Err(answers::RecvTimeoutError::Timeout) => {
                let seconds = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
                Err(SubjectError::Silent(seconds))
            }
            Err(answers::RecvTimeoutError::Disconnected) => match self.end() {
                Some(Ending::Ended(how)) => Err(SubjectError::Ended(how)),
                Some(Ending::Flood) => Err(SubjectError::Flood(MAX_LINE)),
                Some(Ending::Stopped) | None => Err(SubjectError::Ended("unexpectedly".into())),
            },
        }
    }

    /// Takes what it has written to standard error since the last time.
    pub(super) fn take_log(&self) -> Log {
        std::mem::take(&mut *lock(&self.log))
    }

    /// Writes a line, waits so long for the program to end, and kills it otherwise. Returns how it ended, if it did.
    pub(super) fn dismiss(mut self, line: Vec<u8>, grace: Duration) -> Option<String> {
        self.order(Order::Dismiss(line, grace));
        match self.end() {
            Some(Ending::Ended(how)) => Some(how),
            Some(Ending::Flood | Ending::Stopped) | None => None,
        }
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }

    /// Waits for the end, which comes when there are no more orders.
    fn end(&mut self) -> Option<Ending> {
        self.orders = None;
        self.thread.take()?.join().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// What is under way with a program.
struct Conversation {
    child: Child,
    /// The process group of the child, which outlives it.
    group: Option<u32>,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    unsent: VecDeque<u8>,
    unread: Vec<u8>,
    /// How much of `unread` is known to hold no end of a line.
    searched: usize,
    log: Arc<Mutex<Log>>,
}

/// What happened next.
enum Event {
    Order(Option<Order>),
    Written,
    Read,
    Logged,
    Exited(Option<ExitStatus>),
}

impl Conversation {
    fn new(mut child: Child, log: Arc<Mutex<Log>>) -> Self {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let group = child.id();
        Self {
            child,
            group,
            stdin,
            stdout,
            stderr,
            unsent: VecDeque::new(),
            unread: Vec::new(),
            searched: 0,
            log,
        }
    }

    async fn run(mut self, orders: orders::UnboundedReceiver<Order>) -> Ending {
        let ending = self.follow(orders).await;
        self.kill().await;
        ending
    }

    /// Follows orders until there are none, or the program does not go on.
    async fn follow(&mut self, mut orders: orders::UnboundedReceiver<Order>) -> Ending {
        let mut asked: Option<answers::SyncSender<Vec<u8>>> = None;
        loop {
            match self.next(&mut orders, asked.is_some()).await {
                Event::Order(Some(Order::Ask(line, answer))) => {
                    self.unsent.extend(line);
                    asked = Some(answer);
                }
                Event::Order(Some(Order::Dismiss(line, grace))) => {
                    self.unsent.extend(line);
                    let ended = self.say_goodbye(grace).await;
                    return ended.map_or(Ending::Stopped, |status| Ending::Ended(format!("with {status}")));
                }
                Event::Order(None) => return Ending::Stopped,
                Event::Written | Event::Logged | Event::Read => {}
                Event::Exited(status) => {
                    // An answer may still be in the pipe. A child of the child may hold the pipe open.
                    let _ = timeout(GRACE, self.read_out(asked.is_some())).await;
                    if let (Some(answer), Some(line)) = (asked, self.line()) {
                        let _ = answer.send(line);
                    }
                    return Ending::Ended(self.last_words(status));
                }
            }
            if asked.is_none() {
                continue;
            }
            if let Some(line) = self.line() {
                self.catch_up().await;
                if let Some(answer) = asked.take() {
                    let _ = answer.send(line);
                }
            } else if self.unread.len() > MAX_LINE {
                return Ending::Flood;
            }
        }
    }

    async fn next(&mut self, orders: &mut orders::UnboundedReceiver<Order>, asked: bool) -> Event {
        // What was read together with an earlier line may be an answer already.
        if asked && self.unread[self.searched..].contains(&b'\n') {
            return Event::Read;
        }
        tokio::select! {
            order = orders.recv() => Event::Order(order),
            () = write(&mut self.stdin, &mut self.unsent) => Event::Written,
            () = read(&mut self.stdout, &mut self.unread), if asked => Event::Read,
            () = log(&mut self.stderr, &self.log) => Event::Logged,
            status = self.child.wait() => Event::Exited(status.ok()),
        }
    }

    /// Takes the next whole line that was read. One that is too long is none.
    fn line(&mut self) -> Option<Vec<u8>> {
        let Some(end) = self.unread[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.unread.len();
            return None;
        };
        let end = self.searched + end;
        if end > MAX_LINE {
            return None;
        }
        let rest = self.unread.split_off(end + 1);
        self.searched = 0;
        Some(std::mem::replace(&mut self.unread, rest))
    }

    /// Reads what is in standard error now: what was written there before an answer belongs to it.
    async fn catch_up(&mut self) {
        // Lets the runtime ask the system what can be read.
        tokio::task::yield_now().await;
        // Bounded, for a program that never stops writing. A pipe holds less.
        for _ in 0..MAX_LOG / BUFFER {
            if !is_ready(log(&mut self.stderr, &self.log)).await {
                break;
            }
        }
    }

    /// Reads what an ended program has left in its pipes.
    async fn read_out(&mut self, asked: bool) {
        let Self { stdout, stderr, unread, log: kept, .. } = self;
        let rest_of_output = async {
            while asked && stdout.is_some() && unread.len() <= MAX_LINE {
                read(stdout, unread).await;
            }
        };
        let rest_of_log = async {
            while stderr.is_some() {
                log(stderr, kept).await;
            }
        };
        tokio::join!(rest_of_output, rest_of_log);
    }

    /// Writes what is to be written and lets the program end by itself, which may take so long.
    async fn say_goodbye(&mut self, grace: Duration) -> Option<ExitStatus> {
        let Self { child, stdin, stdout, stderr, unsent, .. } = self;
        let farewell = async {
            while stdin.is_some() && !unsent.is_empty() {
                write(stdin, unsent).await;
            }
            *stdin = None;
        };
        let (mut output, mut errors) = (sink(), sink());
        let read_out = async {
            if let (Some(stdout), Some(stderr)) = (stdout, stderr) {
                let _ = tokio::join!(copy(stdout, &mut output), copy(stderr, &mut errors));
            }
        };
        let streams = async {
            tokio::join!(farewell, read_out);
            pending::<()>().await;
        };
        tokio::select! {
            () = streams => None,
            ended = timeout(grace, child.wait()) => ended.ok()?.ok(),
        }
    }

    /// Ends the program with all that it started, and waits until it is gone.
    async fn kill(&mut self) {
        descendants::end_group(self.group);
        let _ = self.child.start_kill();
        let _ = timeout(GRACE, self.child.wait()).await;
        descendants::end();
    }

    /// How it ended, with the last that it wrote to standard error.
    fn last_words(&self, status: Option<ExitStatus>) -> String {
        let how = status.map_or_else(|| "in an unknown way".to_owned(), |status| format!("with {status}"));
        let log = lock(&self.log).text();
        let last = ending(&log, LAST_WORDS).trim();
        if last.is_empty() {
            return how;
        }
        how + ", its last words: " + &last.chars().flat_map(printable).collect::<String>()
    }
}

const BUFFER: usize = 16 << 10;

/// Writes some of what is to be written, if there is anything. All these functions may be dropped halfway
/// without losing a byte.
async fn write(stdin: &mut Option<ChildStdin>, unsent: &mut VecDeque<u8>) {
    let Some(pipe) = stdin.as_mut().filter(|_| !unsent.is_empty()) else { return pending().await };
    match pipe.write(unsent.as_slices().0).await {
        Ok(written) => drop(unsent.drain(..written)),
        // It reads no more, which is no mistake before it is asked again; then it ends or stays silent.
        Err(_) => *stdin = None,
    }
}

/// Reads some of standard output.
async fn read(stdout: &mut Option<ChildStdout>, unread: &mut Vec<u8>) {
    let Some(pipe) = stdout else { return pending().await };
    unread.reserve(BUFFER);
    if !matches!(pipe.read_buf(unread).await, Ok(1..)) {
        *stdout = None;
    }
}

/// Reads some of standard error.
async fn log(stderr: &mut Option<ChildStderr>, log: &Mutex<Log>) {
    let Some(pipe) = stderr else { return pending().await };
    let mut buffer = [0; BUFFER];
    match pipe.read(&mut buffer).await {
        Ok(length @ 1..) => lock(log).push(&buffer[..length]),
        _ => *stderr = None,
    }
}

/// Whether something is done at once.
async fn is_ready(future: impl Future<Output = ()>) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

/// The last of what a program wrote to standard error.
#[derive(Debug, Default)]
pub(super) struct Log {
    kept: VecDeque<u8>,
    /// How many bytes were there before it.
    pub(super) lost: usize,
}

impl Log {
    fn push(&mut self, bytes: &[u8]) {
        self.kept.extend(bytes);
        let excess = self.kept.len().saturating_sub(MAX_LOG);
        self.kept.drain(..excess);
        self.lost = self.lost.saturating_add(excess);
    }

    pub(super) fn text(&self) -> String {
        let (first, second) = self.kept.as_slices();
        String::from_utf8_lossy(&[first, second].concat()).into_owned()
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
