//! The public Rust API of the generated client, and what changed between two of them.
//!
//! It is read out of generated code, not out of the documents: what is claimed of the code cannot
//! drift from it. `kinds` is the table of what can change, `docs/versioning.md` the policy.

mod align;
mod between;
mod catalogue;
mod compare;
mod error;
mod finding;
mod kinds;
mod scope;
mod state;
mod surface;

pub use between::{Comparison, between};
pub use compare::compare;
pub use error::{CodeError, NotCompared, Reason};
pub use finding::{Bump, RustFinding};
pub use kinds::{KINDS, RustKind};
pub use state::State;
pub use surface::Surface;
