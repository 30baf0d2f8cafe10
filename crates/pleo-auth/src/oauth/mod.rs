//! OAuth 2.0: from the authorise URL to tokens that renew themselves.
//!
//! 1. [`OAuthApp`] holds what Pleo gave for one environment: client id, perhaps a client secret, and
//!    the redirect URI (A22 to A34).
//! 2. [`OAuthApp::authorize`] makes an [`AuthorizationStart`]: the URL for the user's browser, with `state` and
//!    a PKCE challenge (A36).
//! 3. [`PendingAuthorization::finish`] reads the redirect, [`OAuthApp::exchange`] turns its code into
//!    [`Tokens`] (A39 to A45).
//! 4. [`RefreshingToken`] keeps them alive and hands each new pair to a [`TokenStore`] before a request
//!    uses it (A46 to A57).
//!
//! Pleo publishes no address at which a token could be revoked (A24); a user revokes access in Pleo.

mod app;
mod authorize;
mod error;
mod introspect;
mod refresh;
mod store;
mod tokens;
mod transport;

pub use app::{InvalidApp, OAuthApp};
pub use authorize::{AuthorizationStart, GrantedCode, PendingAuthorization, RedirectError};
pub use error::{OAuthError, OAuthErrorCode};
pub use introspect::{TokenInfo, TokenKind};
pub(crate) use refresh::TokenVersion;
pub use refresh::{RefreshPolicy, RefreshingToken, SessionEnd, StoreFault, TokenError};
pub use store::{LockedTokens, MemoryStore, StoreError, TokenStore};
pub use tokens::Tokens;
pub use transport::OAuthTransport;

/// Represents a refresh token or a verifier where the text itself is no longer needed.
fn digest(secret: &crate::Secret) -> [u8; 32] {
    hmac_sha256::Hash::hash(secret.expose().as_bytes())
}
