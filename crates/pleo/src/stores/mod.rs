//! Token stores: where the tokens of an OAuth session are kept, sealed with a key of yours.
//!
//! - `FileStore` (feature `file-store`) keeps them in a file, for the processes of one machine.
//! - `PostgresStore` (feature `postgres-store`) keeps them in a row of your PostgreSQL database, for any
//!   number of machines.
//!
//! Both are a [`TokenStore`](crate::oauth::TokenStore). Of all processes that share one, only one renews at a
//! time, and the others take over what it has stored (A52). Both note that a refresh token is being
//! presented, so that none is presented again after a process was killed in the middle (A48).
//!
//! What they write is sealed with XChaCha20-Poly1305 (N21) and bound to the file's name or the row's, so that
//! one file or row cannot replace another. The key's id is beside it: [`SealingKeys`] may have
//! former keys, which are used for reading only.

mod error;
#[cfg(feature = "file-store")]
mod file;
#[cfg(feature = "postgres-store")]
mod postgres;
mod seal;

pub use error::TokenStoreError;
#[cfg(feature = "file-store")]
pub use file::FileStore;
#[cfg(feature = "postgres-store")]
pub use postgres::{PostgresStore, PostgresTokens};
pub use seal::{InvalidSealingKey, SealingKey, SealingKeys};
/// The crate that connects to PostgreSQL, in the version that [`PostgresTokens`] takes.
#[cfg(feature = "postgres-store")]
pub use tokio_postgres;
