//! Tokens in a PostgreSQL database.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_postgres::{
    Client, Config, Socket,
    tls::{MakeTlsConnect, TlsConnect},
    types::{ToSql, Type},
};

use super::{
    SealingKeys, TokenStoreError,
    seal::{self, Sealed},
};
use crate::{
    BoxFuture, Environment,
    oauth::{StoreError, TokenStore, Tokens},
};

/// A PostgreSQL database that keeps tokens, for any number of authorisations. It is cheap to clone.
///
/// It has one table, see [`CREATE_TABLE`](Self::CREATE_TABLE). Connections are opened when they are needed: one
/// for each renewal, and another one for a moment at its beginning. None stays open in between, because a
/// token is renewed about once an hour.
#[derive(Clone)]
pub struct PostgresTokens {
    connect: Arc<dyn Connect>,
    keys: SealingKeys,
}

impl PostgresTokens {
    /// The statement that creates the table. Run it with your own migrations, or by
    /// [`create_table`](Self::create_table). The role that the program connects as needs `SELECT`, `INSERT`,
    /// `UPDATE` and `DELETE` on it.
    ///
    /// An authorisation has a row with the part `tokens`, which is locked for its renewal, and during a renewal one
    /// with the part `presented`. Beside what is sealed is the id of the key that sealed it.
    pub const CREATE_TABLE: &str = "\
CREATE TABLE IF NOT EXISTS pleo_tokens (
    name text NOT NULL,
    part text NOT NULL CHECK (part IN ('tokens', 'presented')),
    key_id text,
    sealed bytea,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (name, part)
)";

    /// The database that `config` describes. `tls` is the connector of a crate such as `tokio-postgres-rustls`, or
    /// `NoTls` for a database on this machine.
    pub fn new<T>(config: Config, tls: T, keys: SealingKeys) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self { connect: Arc::new(Connector { config, tls }), keys }
    }

    /// Creates the table, if it is not there.
    ///
    /// # Errors
    /// When the database cannot be reached, or the role may not create tables.
    pub async fn create_table(&self) -> Result<(), TokenStoreError> {
        let client = self.connection().await?;
        client.batch_execute(Self::CREATE_TABLE).await.map_err(failed("create the table"))
    }

    /// The store of one authorisation. Its name is yours to choose, such as your id of the customer, and the same
    /// on all machines; environments that share a table need different names.
    pub fn store<E: Environment>(&self, environment: E, name: impl Into<String>) -> PostgresStore<E> {
        let inner =
            Inner { database: self.clone(), environment, name: name.into(), transaction: Mutex::default() };
        PostgresStore { inner: Arc::new(inner) }
    }

    async fn connection(&self) -> Result<Client, TokenStoreError> {
        self.connect.connect().await.map_err(failed("be reached"))
    }

    /// A connection with a transaction. It is rolled back when the connection ends.
    async fn begin(&self) -> Result<Arc<Client>, TokenStoreError> {
        let client = self.connection().await?;
        client.batch_execute(BEGIN).await.map_err(failed("begin a transaction"))?;
        Ok(Arc::new(client))
    }
}

/// The lock of a machine that has disappeared from the network ends after ten minutes, which is longer than a
/// renewal takes. A statement that waits for a lock gives up after half a minute, as its caller does.
const BEGIN: &str = "\
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL idle_in_transaction_session_timeout = '10min';
SET LOCAL lock_timeout = '30s'";

const CREATE_ROW: &str =
    "INSERT INTO pleo_tokens (name, part) VALUES ($1, 'tokens') ON CONFLICT (name, part) DO NOTHING";
const LOCK_ROW: &str = "SELECT 1 FROM pleo_tokens WHERE name = $1 AND part = 'tokens' FOR UPDATE";
const LOAD: &str = "\
SELECT key_id, sealed FROM pleo_tokens WHERE name = $1 AND part = 'tokens' AND sealed IS NOT NULL";
const SAVE: &str = "\
INSERT INTO pleo_tokens (name, part, key_id, sealed) VALUES ($1, 'tokens', $2, $3)
ON CONFLICT (name, part) DO UPDATE
SET key_id = excluded.key_id, sealed = excluded.sealed, changed_at = clock_timestamp()";
/// The row stays: it is what is locked.
const CLEAR: &str = "\
UPDATE pleo_tokens SET key_id = NULL, sealed = NULL, changed_at = clock_timestamp()
WHERE name = $1 AND part = 'tokens'";
const NOTE: &str = "\
INSERT INTO pleo_tokens (name, part) VALUES ($1, 'presented')
ON CONFLICT (name, part) DO UPDATE SET changed_at = clock_timestamp()";
const REMOVE_NOTE: &str = "DELETE FROM pleo_tokens WHERE name = $1 AND part = 'presented'";
const READ_NOTE: &str = "\
SELECT extract(epoch FROM clock_timestamp() - changed_at)::float8 FROM pleo_tokens
WHERE name = $1 AND part = 'presented'";

/// Keeps the tokens of one authorisation in a row of a PostgreSQL database, sealed with a key of yours.
///
/// Any number of machines may share the row: the one that renews holds a lock on it (`SELECT … FOR UPDATE`),
/// and the others wait. Saving commits the new pair, which releases the lock. A lock ends with its connection.
///
/// What is sealed is bound to the row's name, so one row cannot replace another.
pub struct PostgresStore<E> {
    inner: Arc<Inner<E>>,
}

struct Inner<E> {
    database: PostgresTokens,
    environment: E,
    name: String,
    /// The connection whose transaction holds the row's lock, during a renewal.
    transaction: Mutex<Option<Arc<Client>>>,
}

impl<E: Environment> TokenStore<E> for PostgresStore<E> {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>> {
        Box::pin(async { Ok(self.inner.load().await?) })
    }

    fn save<'a>(&'a self, tokens: &'a Tokens<E>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(self.inner.save(tokens).await?) })
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(self.inner.clear().await?) })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, StoreError>> {
        Box::pin(async {
            let client = self.inner.lock().await?;
            Ok(Box::new(Lock { store: Arc::clone(&self.inner), client }) as Box<dyn Send>)
        })
    }

    fn set_presented(&self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { Ok(self.inner.set_presented(presented).await?) })
    }

    fn presented_for(&self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        Box::pin(async { Ok(self.inner.presented_for().await?) })
    }
}

/// Keeps others out until it is dropped. The connection ends then, and with it what was not committed.
struct Lock<E> {
    store: Arc<Inner<E>>,
    client: Arc<Client>,
}

impl<E> Drop for Lock<E> {
    fn drop(&mut self) {
        let mut transaction = self.store.transaction();
        // After it was committed, another session of this process may have the lock.
        if transaction.as_ref().is_some_and(|current| Arc::ptr_eq(current, &self.client)) {
            *transaction = None;
        }
    }
}

impl<E> Inner<E> {
    fn transaction(&self) -> MutexGuard<'_, Option<Arc<Client>>> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Environment> Inner<E> {
    async fn lock(&self) -> Result<Arc<Client>, TokenStoreError> {
        let client = self.database.begin().await?;
        self.execute(&client, CREATE_ROW, "create the row").await?;
        let locked = client.query_typed_opt(LOCK_ROW, &[self.name()]).await;
        if locked.map_err(failed("lock the row"))?.is_none() {
            return Err(TokenStoreError::RowDeleted);
        }
        *self.transaction() = Some(Arc::clone(&client));
        Ok(client)
    }

    async fn load(&self) -> Result<Option<Tokens<E>>, TokenStoreError> {
        let failed = failed("read the row");
        let client = self.reader().await?;
        let Some(row) = client.query_typed_opt(LOAD, &[self.name()]).await.map_err(failed)? else {
            return Ok(None);
        };
        let key_id: Option<String> = row.try_get(0).map_err(failed)?;
        let bytes: Vec<u8> = row.try_get(1).map_err(failed)?;
        let sealed = Sealed { key_id: key_id.unwrap_or_default(), bytes };
        seal::open(&self.database.keys, &self.name, &self.environment, &sealed).map(Some)
    }

    async fn save(&self, tokens: &Tokens<E>) -> Result<(), TokenStoreError> {
        let sealed = seal::seal(&self.database.keys, &self.name, tokens)?;
        let client = self.writer().await?;
        let parameters: &[(&(dyn ToSql + Sync), Type)] =
            &[self.name(), (&sealed.key_id, Type::TEXT), (&sealed.bytes, Type::BYTEA)];
        client.execute_typed(SAVE, parameters).await.map_err(failed("write the row"))?;
        self.commit(&client).await
    }

    async fn clear(&self) -> Result<(), TokenStoreError> {
        let client = self.writer().await?;
        self.execute(&client, CLEAR, "write the row").await?;
        self.commit(&client).await
    }

    /// On a connection of its own: the note has to last, and committing it must not release the lock.
    async fn set_presented(&self, presented: bool) -> Result<(), TokenStoreError> {
        let client = self.database.connection().await?;
        let statement = if presented { NOTE } else { REMOVE_NOTE };
        self.execute(&client, statement, "note the renewal").await
    }

    async fn presented_for(&self) -> Result<Option<Duration>, TokenStoreError> {
        let failed = failed("read the row");
        let client = self.reader().await?;
        let row = client.query_typed_opt(READ_NOTE, &[self.name()]).await.map_err(failed)?;
        let seconds: Option<f64> = row.map(|row| row.try_get(0)).transpose().map_err(failed)?;
        Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
    }

    /// The connection that has the lock, or else a new one.
    async fn reader(&self) -> Result<Arc<Client>, TokenStoreError> {
        let current = self.transaction().clone();
        match current {
            Some(client) => Ok(client),
            None => self.database.connection().await.map(Arc::new),
        }
    }

    /// The transaction that has the lock, which ends with this, or else a new one.
    async fn writer(&self) -> Result<Arc<Client>, TokenStoreError> {
        let current = self.transaction().take();
        match current {
            Some(client) => Ok(client),
            None => self.database.begin().await,
        }
    }

    /// Ends the renewal that the note is about.
    async fn commit(&self, client: &Client) -> Result<(), TokenStoreError> {
        self.execute(client, REMOVE_NOTE, "write the row").await?;
        client.batch_execute("COMMIT").await.map_err(failed("commit"))
    }

    async fn execute(
        &self,
        client: &Client,
        statement: &str,
        doing: &'static str,
    ) -> Result<(), TokenStoreError> {
        client.execute_typed(statement, &[self.name()]).await.map(drop).map_err(failed(doing))
    }

    fn name(&self) -> (&(dyn ToSql + Sync), Type) {
        (&self.name, Type::TEXT)
    }
}

fn failed(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> TokenStoreError + Copy {
    move |source| TokenStoreError::Database { doing, source }
}

/// Opens connections, whatever TLS they use.
trait Connect: Send + Sync {
    fn connect(&self) -> BoxFuture<'_, Result<Client, tokio_postgres::Error>>;
}

struct Connector<T> {
    config: Config,
    tls: T,
}

impl<T> Connect for Connector<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self) -> BoxFuture<'_, Result<Client, tokio_postgres::Error>> {
        Box::pin(async {
            let (client, connection) = self.config.connect(self.tls.clone()).await?;
            // It ends with its client. What goes wrong is reported to the statement that waits for a response.
            tokio::spawn(async {
                if connection.await.is_err() {
                    tracing::debug!("a connection of the token store broke");
                }
            });
            Ok(client)
        })
    }
}

impl fmt::Debug for PostgresTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTokens").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl<E> Clone for PostgresStore<E> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<E: Environment> fmt::Debug for PostgresStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("environment", &self.inner.environment).finish_non_exhaustive()
    }
}
