//! Access tokens that renew themselves.
//!
//! One renewal is in flight at a time, and everybody waits for it (A51). It is a future that the token
//! owns and whichever call is waiting drives: there is no background task, and a call that is dropped
//! in the middle takes nothing with it.
//!
//! | module | what it has |
//! |---|---|
//! | `policy` | when and how often tokens are renewed |
//! | `error` | why there is no token |
//! | `age` | how old a token is, by two clocks |
//! | `pair` | a pair of tokens and how long it is valid |
//! | `doubt` | whether a refresh token may be used up |
//! | `store` | calls of the store, none of which can stop a renewal |
//! | `aside`, `limit`, `callback` | what that takes: threads, time limits, and finding calls that wait for themselves |
//! | `renewal` | one renewal, from the store's lock to the stored pair |
//! | `state` | what is known between calls, and the renewal in flight |
//! | `token` | the credential |

use std::sync::{Mutex, MutexGuard, PoisonError};

mod age;
mod aside;
mod callback;
mod doubt;
mod error;
mod limit;
mod pair;
mod policy;
mod renewal;
mod state;
mod store;
mod token;

pub use error::{SessionEnd, StoreFault, TokenError};
pub use policy::RefreshPolicy;
pub(crate) use state::TokenVersion;
pub use token::RefreshingToken;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
