//! Sits between a process and its database, and stops at the commit.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::database::Address;

/// The end of a simple query that commits.
const COMMIT: &[u8] = b"COMMIT\0";

pub(super) struct Proxy {
    folder: tempfile::TempDir,
    database: Address,
    stopped: mpsc::Receiver<()>,
}

impl Proxy {
    /// Passes everything on, up to the commit: that is held back, or else the database's response to it.
    pub(super) fn start(database: &Address, hold_back: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (sender, stopped) = mpsc::channel();
        let upstream = database.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                relay(client, &upstream, hold_back, &sender);
            }
        });
        Self { folder, database: database.clone(), stopped }
    }

    /// The database, through this.
    pub(super) fn address(&self) -> Address {
        let host = self.folder.path().to_str().unwrap().to_owned();
        Address { host, port: 5432, ..self.database.clone() }
    }

    /// Waits until the commit was held back, or has happened.
    pub(super) fn stopped(&self) {
        self.stopped.recv_timeout(Duration::from_secs(120)).expect("nothing is committed");
    }
}

fn relay(client: UnixStream, upstream: &Address, hold_back: bool, stopped: &mpsc::Sender<()>) {
    let committed = Arc::new(AtomicBool::new(false));
    let server = Server::connect(upstream).unwrap();
    let (client_in, client_out) = (client.try_clone().unwrap(), client);
    let (server_in, server_out, ended) = (server.try_clone().unwrap(), server.try_clone().unwrap(), server);
    let (commits, tell) = (Arc::clone(&committed), stopped.clone());
    thread::spawn(move || {
        pass_on(client_in, server_out, |bytes| {
            let commit = bytes.windows(COMMIT.len()).any(|part| part == COMMIT);
            if commit && hold_back {
                let _ = tell.send(());
                return false;
            }
            commits.fetch_or(commit, Ordering::SeqCst);
            true
        });
        // The process is gone. The database has to notice.
        let _ = ended.shutdown();
    });
    let tell = stopped.clone();
    thread::spawn(move || {
        pass_on(server_in, client_out, |_| {
            let response = committed.load(Ordering::SeqCst);
            if response {
                let _ = tell.send(());
            }
            !response
        });
    });
}

/// Passes bytes on as long as they may pass. What must not is dropped, and nothing follows until both sides have
/// ended.
fn pass_on(mut from: impl Read, mut to: impl Write, may_pass: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !may_pass(&buffer[..length]) {
            // Reading on keeps the connection open until the process is gone.
            while matches!(from.read(&mut buffer), Ok(1..)) {}
            return;
        }
        if to.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

enum Server {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Server {
    fn connect(address: &Address) -> io::Result<Self> {
        if Path::new(&address.host).is_absolute() {
            let socket = format!(".s.PGSQL.{}", address.port);
            UnixStream::connect(Path::new(&address.host).join(socket)).map(Self::Unix)
        } else {
            TcpStream::connect((address.host.as_str(), address.port)).map(Self::Tcp)
        }
    }

    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
        }
    }

    fn shutdown(&self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
        }
    }
}

impl Read for Server {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Server {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(buffer),
            Self::Tcp(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
