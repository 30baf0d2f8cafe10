//! Why there is no token to send, and why there will be none.

use std::sync::Arc;

use crate::{
    EnvironmentMismatch, InvalidCredential,
    oauth::{OAuthError, OAuthErrorCode},
};

/// Why tokens can no longer be renewed (A53 to A56).
#[derive(Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The authorisation server refused the refresh token: it expired, was used or was revoked.
    #[error("the refresh token is expired, used or revoked; ask the user to authorise again")]
    RefreshTokenRefused,
    /// There is no refresh token.
    #[error("there is no refresh token to renew the access token with; ask the user to authorise again")]
    NoRefreshToken,
    /// The authorisation server refused the client, or the request, for good.
    #[error("the authorisation server refused to renew the tokens, {0}")]
    Refused(OAuthErrorCode),
    /// The authorisation server's response is not one that RFC 6749 describes, so nothing tells whether the
    /// refresh token is used up. Presenting it again could end the whole authorisation (A48). The store
    /// still has it: a person who knows more can [`resume`](super::RefreshingToken::resume) from there.
    #[error(
        "the response that should have had new tokens is unusable: {problem}; the refresh token may be used \
         up, so it is not sent again; ask the user to authorise again"
    )]
    Unreadable {
        /// What is wrong with the response.
        problem: &'static str,
    },
    /// The refresh token was sent, no response arrived, and the authorisation server does not say whether it is
    /// used up (only a client with a secret may ask, A58): a process was killed while it renewed, the time ran out, or
    /// the connection broke. Presenting it again could end the whole authorisation (A48).
    #[error(
        "a renewal was interrupted, and the authorisation server does not say whether the refresh token is \
         used up, so it is not sent again; ask the user to authorise again"
    )]
    Interrupted,
    /// The token store no longer has the tokens: another process has found the refresh token dead, or somebody
    /// has removed them.
    #[error("the token store no longer has the tokens; ask the user to authorise again")]
    Forgotten,
}

pleo_client::debug_by_chain!(SessionEnd);

/// Why there is no access token to send (A53 to A55).
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The authorisation is over (A54, A55).
    #[error("the OAuth session has ended: {0}")]
    Ended(SessionEnd),
    /// The tokens could not be renewed this time. The next call tries again (A53).
    #[error(
        "the access token is expired or refused and could not be renewed; asked {attempts} times, try again later"
    )]
    NotRenewed {
        /// How often the authorisation server was asked.
        attempts: u32,
        /// The last failure.
        #[source]
        error: Arc<OAuthError>,
    },
    /// The store did not take the new pair (A47, A52). The pair is safe here, and the next call stores it
    /// again; [`RefreshingToken::unsaved`](super::RefreshingToken::unsaved) has it for a rescue.
    #[error("the renewed tokens could not be stored, so they are not used yet; fix the store and call again")]
    NotStored {
        /// What the store says, or a [`StoreFault`].
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The store failed before anything was renewed.
    #[error("the token store failed; nothing was renewed; fix the store and call again")]
    StoreFailed {
        /// What the store says, or a [`StoreFault`].
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The store has no tokens.
    #[error("the token store is empty; ask the user to authorise")]
    NothingStored,
    /// The store's tokens are of another environment.
    #[error("the token store holds tokens of another environment: {0}")]
    OtherEnvironment(EnvironmentMismatch),
    /// The stored access token is not one.
    #[error("the token store holds something else: {0}")]
    Invalid(InvalidCredential),
    /// The transport to the authorisation server panicked, or the tokio runtime in which the renewal began is
    /// gone or has no timer. A pair that had arrived is safe, see
    /// [`RefreshingToken::unsaved`](super::RefreshingToken::unsaved).
    #[error("renewing the tokens broke off with a panic; fix what panicked and call again")]
    BrokeOff,
    /// The store, or the transport to the authorisation server, used a client with this token while renewing
    /// it. The call would wait for itself.
    #[error(
        "the token is being renewed, and the renewal itself made this call, so it would wait for itself; \
         let the token store use a client with another credential, or none"
    )]
    CalledBack,
    /// There is no tokio runtime to renew in.
    #[error("renewing tokens needs a tokio runtime; call from within one")]
    NoRuntime,
}

pleo_client::debug_by_chain!(TokenError);

/// What a [`TokenStore`](crate::oauth::TokenStore) did other than answering. It is the source of
/// [`TokenError::NotStored`] and [`TokenError::StoreFailed`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// A method blocked, or never answered.
    #[error("the store did not answer in time")]
    TimedOut,
    /// Its lock was held for longer than a renewal takes, see
    /// [`RefreshPolicy::longest_renewal`](super::RefreshPolicy::longest_renewal).
    #[error(
        "the store's lock was held for longer than a renewal takes; find the process that holds it, and end it \
         if it hangs"
    )]
    Locked,
    /// It panicked.
    #[error("the store panicked")]
    Panicked,
    /// The tokio runtime in which it was called is gone.
    #[error("the runtime in which the store was called is gone")]
    RuntimeGone,
    /// There was no thread to call it on.
    #[error("the operating system has no thread for the store")]
    NoThread,
}

pleo_client::debug_by_chain!(StoreFault);
