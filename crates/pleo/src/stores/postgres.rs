//! Tokens in a PostgreSQL database.

use std::{fmt, sync::Arc, time::Duration};

use tokio_postgres::{
    Client, Config, Socket,
    error::SqlState,
    tls::{MakeTlsConnect, TlsConnect},
    types::{ToSql, Type},
};

use super::{
    SealingKeys, TokenStoreError,
    seal::{self, Sealed},
};
use crate::{
    BoxFuture, Environment,
    oauth::{LockedTokens, StoreError, TokenStore, Tokens},
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
        PostgresStore { row: Arc::new(Row { database: self.clone(), environment, name: name.into() }) }
    }

    async fn connection(&self) -> Result<Client, TokenStoreError> {
        /// Waiting for the lock may take much longer, so the connection has a limit of its own.
        const LIMIT: Duration = Duration::from_secs(30);
        let connected = tokio::time::timeout(LIMIT, self.connect.connect()).await;
        connected.map_err(|_| TokenStoreError::NoConnection)?.map_err(failed("be reached"))
    }
}

/// Begins a transaction, which is rolled back when the connection ends. After the time of the longest renewal, the server
/// ends the transaction of a machine that has disappeared from the network, and a statement that waits for its lock.
fn begin(longest: Duration) -> String {
    // PostgreSQL takes milliseconds of 32 bits, and 0 as no limit.
    let longest = i32::try_from(longest.as_millis()).unwrap_or(i32::MAX).max(1);
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL idle_in_transaction_session_timeout = {longest};
SET LOCAL lock_timeout = {longest}"
    )
}

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
    row: Arc<Row<E>>,
}

struct Row<E> {
    database: PostgresTokens,
    environment: E,
    name: String,
}

impl<E: Environment> TokenStore<E> for PostgresStore<E> {
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<E>>, StoreError>> {
        Box::pin(async move {
            let locked = Locked { row: Arc::clone(&self.row), client: self.row.lock(longest).await? };
            Ok(Box::new(locked) as Box<dyn LockedTokens<E>>)
        })
    }
}

impl<E> Row<E> {
    async fn lock(&self, longest: Duration) -> Result<Client, TokenStoreError> {
        let client = self.database.connection().await?;
        client.batch_execute(&begin(longest)).await.map_err(failed("begin a transaction"))?;
        let locking = async {
            client.execute_typed(CREATE_ROW, &[self.name()]).await?;
            client.query_typed_opt(LOCK_ROW, &[self.name()]).await
        };
        match locking.await {
            Ok(Some(_)) => Ok(client),
            Ok(None) => Err(TokenStoreError::RowDeleted),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Err(TokenStoreError::Locked),
            Err(error) => Err(failed("lock the row")(error)),
        }
    }

    fn name(&self) -> (&(dyn ToSql + Sync), Type) {
        (&self.name, Type::TEXT)
    }
}

/// The row, locked by a transaction. Without saving or clearing, the connection's end releases it.
struct Locked<E> {
    row: Arc<Row<E>>,
    client: Client,
}

impl<E: Environment> LockedTokens<E> for Locked<E> {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>> {
        Box::pin(async { Ok(self.read().await?) })
    }

    fn save(self: Box<Self>, tokens: &Tokens<E>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let sealed = seal::seal(&self.row.database.keys, &self.row.name, tokens)?;
            let parameters: &[(&(dyn ToSql + Sync), Type)] =
                &[self.row.name(), (&sealed.key_id, Type::TEXT), (&sealed.bytes, Type::BYTEA)];
            Ok(self.write(SAVE, parameters).await?)
        })
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move { Ok(self.write(CLEAR, &[self.row.name()]).await?) })
    }

    fn set_presented(&mut self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { Ok(self.note(if presented { NOTE } else { REMOVE_NOTE }).await?) })
    }

    fn presented_for(&mut self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        Box::pin(async { Ok(self.read_note().await?) })
    }
}

impl<E: Environment> Locked<E> {
    async fn read(&self) -> Result<Option<Tokens<E>>, TokenStoreError> {
        let failed = failed("read the row");
        let Some(row) = self.client.query_typed_opt(LOAD, &[self.row.name()]).await.map_err(failed)? else {
            return Ok(None);
        };
        let key_id: Option<String> = row.try_get(0).map_err(failed)?;
        let bytes: Vec<u8> = row.try_get(1).map_err(failed)?;
        let sealed = Sealed { key_id: key_id.unwrap_or_default(), bytes };
        seal::open(&self.row.database.keys, &self.row.name, &self.row.environment, &sealed).map(Some)
    }

    /// Changes the row and ends the renewal that the note is about, in one step.
    async fn write(
        &self,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<(), TokenStoreError> {
        let writing = async {
            self.client.execute_typed(statement, parameters).await?;
            self.client.execute_typed(REMOVE_NOTE, &[self.row.name()]).await
        };
        writing.await.map_err(failed("write the row"))?;
        self.client.batch_execute("COMMIT").await.map_err(failed("commit"))
    }

    /// On a connection of its own: the note has to last, and committing it must not release the lock.
    async fn note(&self, statement: &str) -> Result<(), TokenStoreError> {
        let client = self.row.database.connection().await?;
        client
            .execute_typed(statement, &[self.row.name()])
            .await
            .map(drop)
            .map_err(failed("note the renewal"))
    }

    async fn read_note(&self) -> Result<Option<Duration>, TokenStoreError> {
        let failed = failed("read the row");
        let row = self.client.query_typed_opt(READ_NOTE, &[self.row.name()]).await.map_err(failed)?;
        let seconds: Option<f64> = row.map(|row| row.try_get(0)).transpose().map_err(failed)?;
        Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
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
        Self { row: Arc::clone(&self.row) }
    }
}

impl<E: Environment> fmt::Debug for PostgresStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("environment", &self.row.environment).finish_non_exhaustive()
    }
}
