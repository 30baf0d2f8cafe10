//! Tokens in a file.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    SealingKeys, TokenStoreError,
    seal::{self, Sealed},
};
use crate::{
    BoxFuture, Environment,
    oauth::{LockedTokens, StoreError, TokenStore, Tokens},
};

/// Keeps the tokens of one authorisation in a file, sealed with a key of yours.
///
/// Any number of processes of a machine may share the file: the one that renews holds a lock on the file
/// `<path>.lock`, and the others wait. A lock ends with its process. The folder has to be on a local disk
/// and exist; `<path>.new` is in it while tokens are written.
///
/// The file has mode `0600` and is replaced in one step, after what replaces it is on the disk. It is bound
/// to its name and not to its folder: give each authorisation a file name of its own, and the file can be
/// moved.
pub struct FileStore<E> {
    inner: Arc<Inner<E>>,
}

struct Inner<E> {
    path: PathBuf,
    /// The file's name, which what is sealed is bound to.
    name: String,
    environment: E,
    keys: SealingKeys,
}

/// What the file holds, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    key_id: String,
    /// In base64.
    sealed: String,
    /// Since when the refresh token is being presented, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presented_at: Option<u64>,
}

impl<E: Environment> FileStore<E> {
    /// A store in the file at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>, environment: E, keys: SealingKeys) -> Self {
        let path = path.into();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { inner: Arc::new(Inner { path, name, environment, keys }) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }
}

impl<E: Environment> TokenStore<E> for FileStore<E> {
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<E>>, StoreError>> {
        Box::pin(async move {
            let lock = self.inner.lock(longest).await?;
            Ok(Box::new(Locked { store: Arc::clone(&self.inner), _lock: lock }) as Box<dyn LockedTokens<E>>)
        })
    }
}

/// The file, while this process has its lock.
struct Locked<E> {
    store: Arc<Inner<E>>,
    _lock: Lock,
}

impl<E: Environment> LockedTokens<E> for Locked<E> {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>> {
        Box::pin(async { Ok(self.store.load()?) })
    }

    fn save(self: Box<Self>, tokens: &Tokens<E>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { Ok(self.store.save(tokens)?) })
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move { Ok(self.store.clear()?) })
    }

    fn set_presented(&mut self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { Ok(self.store.set_presented(presented)?) })
    }

    fn presented_for(&mut self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        Box::pin(async { Ok(self.store.presented_for()?) })
    }
}

/// Keeps others out until it is dropped.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file releases the lock as well, once no child process has inherited it any more.
        let _ = self.0.unlock();
    }
}

impl<E: Environment> Inner<E> {
    /// Waits for the lock. Its pauses double (A52), and a wait that is given up leaves no thread behind.
    async fn lock(&self, longest: Duration) -> Result<Lock, TokenStoreError> {
        const LONGEST_PAUSE: Duration = Duration::from_millis(200);
        let path = self.beside("lock");
        let failed = |source| failure("lock", &path, source);
        let file = private(OpenOptions::new().create(true).truncate(false)).open(&path).map_err(failed)?;
        let begin = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if begin.elapsed() >= longest => {
                    return Err(TokenStoreError::Locked);
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    fn load(&self) -> Result<Option<Tokens<E>>, TokenStoreError> {
        self.current()?.map(|content| self.open(&content)).transpose()
    }

    fn save(&self, tokens: &Tokens<E>) -> Result<(), TokenStoreError> {
        let sealed = seal::seal(&self.keys, &self.name, tokens)?;
        let content =
            Content { key_id: sealed.key_id, sealed: STANDARD.encode(sealed.bytes), presented_at: None };
        self.write(&content)
    }

    fn clear(&self) -> Result<(), TokenStoreError> {
        // In this order: otherwise the new file would come back.
        for path in [self.beside("new"), self.path.clone()] {
            remove(&path)?;
        }
        self.sync_folder()
    }

    fn set_presented(&self, presented: bool) -> Result<(), TokenStoreError> {
        let Some(mut content) = self.current()? else { return Ok(()) };
        content.presented_at = presented.then(seconds_since_1970);
        self.write(&content)
    }

    fn presented_for(&self) -> Result<Option<Duration>, TokenStoreError> {
        let presented_at = self.current()?.and_then(|content| content.presented_at);
        Ok(presented_at.map(|at| Duration::from_secs(seconds_since_1970().saturating_sub(at))))
    }

    /// What the store holds. A process may have been killed after it wrote a new pair and before that was put
    /// in place; then it is put in place now, because the pair before it is useless (A47).
    fn current(&self) -> Result<Option<Content>, TokenStoreError> {
        let new = self.beside("new");
        let current = read(&self.path)?;
        // What was written in part is not JSON.
        let Ok(Some(written)) = read(&new) else { return Ok(current) };
        // Otherwise only the note would differ, of a renewal that did not begin or has failed.
        if current.as_ref().is_some_and(|current| current.sealed == written.sealed) {
            return Ok(current);
        }
        self.open(&written)?;
        self.put_in_place(&new)?;
        Ok(Some(written))
    }

    fn open(&self, content: &Content) -> Result<Tokens<E>, TokenStoreError> {
        let bytes = STANDARD
            .decode(&content.sealed)
            .map_err(|_| TokenStoreError::Unreadable { problem: "they are not base64" })?;
        let sealed = Sealed { key_id: content.key_id.clone(), bytes };
        seal::open(&self.keys, &self.name, &self.environment, &sealed)
    }

    /// Writes beside the file, waits until that is on the disk, and replaces the file by it.
    fn write(&self, content: &Content) -> Result<(), TokenStoreError> {
        let new = self.beside("new");
        let failed = |source| failure("write", &new, source);
        remove(&new)?;
        let mut file = private(OpenOptions::new().create_new(true)).open(&new).map_err(failed)?;
        let json = serde_json::to_vec(content).map_err(|error| failed(error.into()))?;
        file.write_all(&json).and_then(|()| file.sync_all()).map_err(failed)?;
        drop(file);
        self.put_in_place(&new)
    }

    fn put_in_place(&self, new: &Path) -> Result<(), TokenStoreError> {
        fs::rename(new, &self.path).map_err(|source| failure("replace", &self.path, source))?;
        self.sync_folder()
    }

    /// Waits until names that have changed are on the disk. Windows has no such call.
    fn sync_folder(&self) -> Result<(), TokenStoreError> {
        if !cfg!(unix) {
            return Ok(());
        }
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| failure("write", folder, source))
    }

    /// The file with a further extension.
    fn beside(&self, extension: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(extension);
        path.into()
    }
}

fn failure(doing: &'static str, path: &Path, source: io::Error) -> TokenStoreError {
    TokenStoreError::File { doing, path: path.to_owned(), source }
}

/// Opens for writing what only its owner may read.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.write(true)
}

fn read(path: &Path) -> Result<Option<Content>, TokenStoreError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| TokenStoreError::Unreadable {
            problem: "the file is not one of a token store, or is cut off",
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failure("read", path, error)),
    }
}

fn remove(path: &Path) -> Result<(), TokenStoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failure("remove", path, error)),
        _ => Ok(()),
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl<E> Clone for FileStore<E> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<E: Environment> fmt::Debug for FileStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.inner.path)
            .field("environment", &self.inner.environment)
            .finish_non_exhaustive()
    }
}
