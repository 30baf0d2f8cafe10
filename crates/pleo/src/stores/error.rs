//! What can go wrong with a token store.

#[cfg(feature = "file-store")]
use std::{io, path::PathBuf};

/// Why a token store failed. It is the source of `TokenError::NotStored` and `TokenError::StoreFailed`, and
/// shows nothing that was sealed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TokenStoreError {
    /// The tokens were sealed with a key that the store was not given.
    #[error(
        "the tokens were sealed with the key {key_id}, which the store does not have; give it as a former key"
    )]
    UnknownKey {
        /// The key's id, see [`SealingKey::id`](super::SealingKey::id).
        key_id: Box<str>,
    },
    /// What is kept was changed after it was sealed, or belongs to another file or row.
    #[error(
        "the kept tokens were changed, or belong to another file or row; undo that, or have the user \
         authorise again"
    )]
    Tampered,
    /// What is kept does not have the store's format, or a part is missing.
    #[error("the kept tokens are unreadable, {problem}; have the user authorise again")]
    Unreadable {
        /// What is wrong with them.
        problem: &'static str,
    },
    /// What is kept belongs to an environment other than the store's.
    #[error("the kept tokens belong to another environment; give each environment a store of its own")]
    OtherEnvironment,
    /// The tokens were locked for longer than a renewal takes, see
    /// [`RefreshPolicy::longest_renewal`](crate::oauth::RefreshPolicy::longest_renewal).
    #[error(
        "the tokens were locked for longer than a renewal takes; find the process that holds the lock, and end it if \
         it hangs"
    )]
    Locked,
    /// There were no random numbers to seal with.
    #[error("the operating system's random number generator failed")]
    Random,
    /// The file system failed.
    #[cfg(feature = "file-store")]
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was attempted.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The database failed. If it says that the table does not exist, see
    /// [`PostgresTokens::CREATE_TABLE`](super::PostgresTokens::CREATE_TABLE).
    #[cfg(feature = "postgres-store")]
    #[error("the database could not {doing}")]
    Database {
        /// What was attempted.
        doing: &'static str,
        /// What the database, or the connection to it, says.
        source: tokio_postgres::Error,
    },
    /// There was no connection to the database in time. Set a time limit of your own with
    /// [`Config::connect_timeout`](super::tokio_postgres::Config::connect_timeout).
    #[cfg(feature = "postgres-store")]
    #[error("the database could not be reached in time; check its address and that it accepts connections")]
    NoConnection,
    /// The row was deleted in the moment in which it was locked.
    #[cfg(feature = "postgres-store")]
    #[error("the row was deleted while it was being locked; call again")]
    RowDeleted,
}

crate::debug_by_chain!(TokenStoreError);
