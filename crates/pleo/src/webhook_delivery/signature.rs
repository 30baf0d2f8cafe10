//! What a signature is made of. See `docs/decisions/0029-webhook-signatures-are-checked-by-our-own-code.md`.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac_sha256::HMAC;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::Secret;

/// What Pleo's secrets begin with (W5).
const PREFIX: &str = "whsec_";

/// A delivery before its signature is checked: as it arrived.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SignedMessage<'a> {
    /// The header `webhook-id`.
    pub id: &'a str,
    /// The header `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The header `webhook-signature`: one signature, or several with blanks between them.
    pub signatures: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Shows neither signatures nor body.
impl fmt::Debug for SignedMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedMessage").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Tells whether Pleo signed a delivery.
///
/// Implement it if Pleo signs in a way that [`StandardWebhooks`] does not expect (W9). Compare in constant time.
pub trait SignatureCheck: Send + Sync {
    /// Whether one of the signatures is right.
    fn accepts(&self, message: &SignedMessage<'_>) -> bool;
}

/// The signatures of version `v1` of Standard Webhooks 1.0, with one secret.
///
/// What is signed is id, dot, timestamp, dot and body; the signature is HMAC-SHA256 in Base64 after `v1,`, and the key is
/// the Base64 after `whsec_` in the secret. Signatures of other versions are passed over.
#[derive(Clone)]
pub struct StandardWebhooks {
    key: Zeroizing<Vec<u8>>,
}

impl StandardWebhooks {
    /// The signatures that this secret makes.
    ///
    /// # Errors
    /// When the secret is empty or is not Base64 after `whsec_`.
    pub fn new(secret: &Secret) -> Result<Self, InvalidSecret> {
        let text = secret.expose().trim();
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| InvalidSecret::NotBase64)?);
        if key.is_empty() { Err(InvalidSecret::Empty) } else { Ok(Self { key }) }
    }
}

impl SignatureCheck for StandardWebhooks {
    fn accepts(&self, message: &SignedMessage<'_>) -> bool {
        let mut mac = HMAC::new(&*self.key);
        for part in [message.id.as_bytes(), b".", message.timestamp.as_bytes(), b".", message.body] {
            mac.update(part);
        }
        // The texts are compared, not what they decode to, so that each signature has one text.
        let expected = STANDARD.encode(mac.finalize());
        let signatures = message.signatures.split(' ').filter_map(|it| it.strip_prefix("v1,"));
        let none = Choice::from(0);
        signatures.fold(none, |found, it| found | it.as_bytes().ct_eq(expected.as_bytes())).into()
    }
}

/// Shows no key.
impl fmt::Debug for StandardWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandardWebhooks").finish_non_exhaustive()
    }
}

/// Why a text cannot be a signing secret. It does not hold the text.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// There is no key in it.
    #[error("the signing secret is empty; get it from Pleo with `ensure` or `get_subscription_secret`")]
    Empty,
    /// What follows `whsec_` is not Base64.
    #[error("the signing secret is not whsec_ and Base64; copy all of it, and nothing else")]
    NotBase64,
}

crate::debug_by_chain!(InvalidSecret);
