//! Seals tokens: XChaCha20-Poly1305 with a key of the caller's.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{AeadInOut as _, KeyInit as _, Tag, XChaCha20Poly1305, XNonce, aead::inout::InOutBuf};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::TokenStoreError;
use crate::{Environment, ScopeSet, Secret, identifier, oauth::Tokens};

/// The first byte of what is sealed.
const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// A key of 32 random bytes that seals tokens. It is wiped when it is dropped.
///
/// Keep it where you keep other keys, and not beside what it seals.
#[derive(Clone)]
pub struct SealingKey {
    bytes: Zeroizing<[u8; 32]>,
    id: String,
}

impl SealingKey {
    /// The key that these bytes are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let digest = hmac_sha256::HMAC::mac(b"pleo token store: id of a sealing key", bytes.as_slice());
        let id = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes, id }
    }

    /// The key in base64, as `openssl rand -base64 32` makes one.
    ///
    /// # Errors
    /// When the text is anything else than 32 bytes in base64.
    pub fn from_base64(text: &Secret) -> Result<Self, InvalidSealingKey> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.expose().len()));
        STANDARD.decode_vec(text.expose().trim(), &mut bytes).map_err(|_| InvalidSealingKey)?;
        bytes.as_slice().try_into().map(Self::from_bytes).map_err(|_| InvalidSealingKey)
    }

    /// What tells this key from others: 16 hexadecimal digits, derived from it. They are kept beside what it
    /// seals, and are not secret.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Shows the key's id.
impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealingKey").field(&self.id).finish()
    }
}

/// A text that is not a [`SealingKey`].
#[derive(thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("the sealing key is not 32 bytes in base64; make one with `openssl rand -base64 32`")]
pub struct InvalidSealingKey;

crate::debug_by_chain!(InvalidSealingKey);

/// The key that seals, and former ones that are used for reading only.
///
/// To change the key, first give the new one as a former key to all processes. Once all can read what it seals,
/// make it the current key, and the old one a former key. Each renewal seals with the current key.
#[derive(Debug, Clone)]
pub struct SealingKeys {
    current: SealingKey,
    former: Vec<SealingKey>,
}

impl SealingKeys {
    /// The key that seals.
    pub fn new(current: SealingKey) -> Self {
        Self { current, former: Vec::new() }
    }

    /// The same with a former key.
    #[must_use]
    pub fn with_former(mut self, key: SealingKey) -> Self {
        self.former.push(key);
        self
    }

    fn find(&self, id: &str) -> Option<&SealingKey> {
        std::iter::once(&self.current).chain(&self.former).find(|key| key.id == id)
    }
}

/// Sealed tokens, and the id of the key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) key_id: String,
    /// Version, nonce, ciphertext and tag.
    pub(super) bytes: Vec<u8>,
}

/// What is sealed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    environment: &'a str,
    access_token: &'a str,
    refresh_token: Option<&'a str>,
    /// In milliseconds since 1970.
    expires_at: Option<u64>,
    scopes: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    environment: String,
    access_token: String,
    refresh_token: Option<String>,
    expires_at: Option<u64>,
    scopes: Option<String>,
}

/// Seals tokens with the current key, for what has this name.
pub(super) fn seal<E: Environment>(
    keys: &SealingKeys,
    name: &str,
    tokens: &Tokens<E>,
) -> Result<Sealed, TokenStoreError> {
    let milliseconds = |at: SystemTime| {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    };
    let written = Written {
        environment: tokens.environment().base_url(),
        access_token: tokens.access_token().expose(),
        refresh_token: tokens.refresh_token().map(Secret::expose),
        expires_at: tokens.expires_at().map(milliseconds),
        scopes: tokens.scopes().map(ToString::to_string),
    };
    // Room for all of it, so that no copy is left behind by growing.
    let mut json = Zeroizing::new(Vec::with_capacity(64 * 1024));
    serde_json::to_writer(&mut *json, &written)
        .map_err(|_| TokenStoreError::Unreadable { problem: "they cannot be written as JSON" })?;

    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| TokenStoreError::Random)?;
    let key_id = keys.current.id.clone();
    let tag = cipher(&keys.current)
        .encrypt_inout_detached(
            &XNonce::from(nonce),
            &associated_data(&key_id, name),
            InOutBuf::from(json.as_mut_slice()),
        )
        .map_err(|_| TokenStoreError::Unreadable { problem: "they are too long" })?;
    let bytes = [&[VERSION], nonce.as_slice(), &json, &tag].concat();
    Ok(Sealed { key_id, bytes })
}

/// Opens what was sealed for this name.
pub(super) fn open<E: Environment>(
    keys: &SealingKeys,
    name: &str,
    environment: &E,
    sealed: &Sealed,
) -> Result<Tokens<E>, TokenStoreError> {
    let unreadable = |problem| TokenStoreError::Unreadable { problem };
    let key_id = identifier(&sealed.key_id).ok_or(unreadable("the key's id is not valid"))?;
    let key = keys.find(key_id).ok_or_else(|| TokenStoreError::UnknownKey { key_id: key_id.into() })?;
    let (version, rest) = sealed.bytes.split_first().ok_or(unreadable("they are empty"))?;
    if *version != VERSION {
        return Err(unreadable("this version does not know their format"));
    }
    let cut_off = unreadable("they are cut off");
    let Some((nonce, rest)) = rest.split_first_chunk::<NONCE>() else { return Err(cut_off) };
    let Some((ciphertext, tag)) = rest.split_last_chunk::<TAG>() else { return Err(cut_off) };
    let mut json = Zeroizing::new(ciphertext.to_vec());
    cipher(key)
        .decrypt_inout_detached(
            &XNonce::from(*nonce),
            &associated_data(key_id, name),
            InOutBuf::from(json.as_mut_slice()),
            &Tag::from(*tag),
        )
        .map_err(|_| TokenStoreError::Tampered)?;
    // The error's own text may quote the tokens.
    let kept: Kept = serde_json::from_slice(&json)
        .map_err(|_| unreadable("they were written by another program or version"))?;
    if kept.environment != environment.base_url() {
        return Err(TokenStoreError::OtherEnvironment);
    }
    let expires_at = kept
        .expires_at
        .and_then(|milliseconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds)));
    let tokens =
        Tokens::new(environment.clone(), kept.access_token, kept.refresh_token.map(Into::into), expires_at);
    Ok(match kept.scopes.and_then(|scopes| scopes.parse::<ScopeSet>().ok()) {
        Some(scopes) => tokens.with_scopes(scopes),
        None => tokens,
    })
}

fn cipher(key: &SealingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.bytes).into())
}

/// The key's id is always as long, so no other id and name give the same.
fn associated_data(key_id: &str, name: &str) -> Vec<u8> {
    format!("pleo token store\n{VERSION}\n{key_id}\n{name}").into_bytes()
}

#[cfg(test)]
mod tests {
    use pleo_auth::{Production, Staging};

    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::from_bytes([byte; 32])
    }

    fn tokens() -> Tokens<Staging> {
        let expires_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_800_000_000_123);
        Tokens::new(Staging, "FAKE-\"A\\", Some("FAKE-R".into()), Some(expires_at))
            .with_scopes("users:read export-jobs:read".parse().unwrap())
    }

    #[test]
    fn tokens_come_back_as_they_were() {
        let keys = SealingKeys::new(key(1));
        let sealed = seal(&keys, "name", &tokens()).unwrap();
        let opened = open(&keys, "name", &Staging, &sealed).unwrap();
        assert_eq!(opened.access_token().expose(), "FAKE-\"A\\");
        assert_eq!(opened.refresh_token().unwrap().expose(), "FAKE-R");
        assert_eq!((opened.expires_at(), opened.scopes()), (tokens().expires_at(), tokens().scopes()));
        // Nothing of them can be read, and no two are sealed alike.
        assert!(!sealed.bytes.windows(4).any(|part| part == b"FAKE"));
        assert_ne!(sealed.bytes, seal(&keys, "name", &tokens()).unwrap().bytes);

        let bare = Tokens::new(Staging, "FAKE-A", None, None);
        let opened = open(&keys, "name", &Staging, &seal(&keys, "name", &bare).unwrap()).unwrap();
        assert!(
            opened.refresh_token().is_none() && opened.expires_at().is_none() && opened.scopes().is_none()
        );
    }

    #[test]
    fn any_bit_that_is_changed_and_any_byte_that_is_missing_is_noticed() {
        let keys = SealingKeys::new(key(1));
        let sealed = seal(&keys, "name", &tokens()).unwrap();
        let open = |bytes: Vec<u8>, name: &str| {
            open(&keys, name, &Staging, &Sealed { key_id: sealed.key_id.clone(), bytes })
        };
        for bit in 0..sealed.bytes.len() * 8 {
            let mut bytes = sealed.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match open(bytes, "name") {
                Err(TokenStoreError::Unreadable { .. }) if bit < 8 => {}
                Err(TokenStoreError::Tampered) if bit >= 8 => {}
                other => panic!("{bit}: {other:?}"),
            }
        }
        for length in 0..sealed.bytes.len() {
            match open(sealed.bytes[..length].to_vec(), "name") {
                Err(TokenStoreError::Unreadable { .. }) if length < 1 + NONCE + TAG => {}
                Err(TokenStoreError::Tampered) if length >= 1 + NONCE + TAG => {}
                other => panic!("{length}: {other:?}"),
            }
        }
        for name in ["", "nam", "name2"] {
            assert!(matches!(open(sealed.bytes.clone(), name), Err(TokenStoreError::Tampered)), "{name}");
        }
    }

    #[test]
    fn a_former_key_reads_and_the_current_one_writes() {
        let old = seal(&SealingKeys::new(key(1)), "name", &tokens()).unwrap();
        let keys = SealingKeys::new(key(2)).with_former(key(3)).with_former(key(1));
        assert!(open(&keys, "name", &Staging, &old).is_ok());
        let new = seal(&keys, "name", &tokens()).unwrap();
        assert_eq!((&*new.key_id, &*old.key_id), (key(2).id(), key(1).id()));

        match open(&SealingKeys::new(key(1)), "name", &Staging, &new) {
            Err(TokenStoreError::UnknownKey { key_id }) => assert_eq!(*key_id, *new.key_id),
            other => panic!("{other:?}"),
        }
        // The id says which key it was, and is bound to what it sealed.
        let relabelled = Sealed { key_id: old.key_id, bytes: new.bytes };
        assert!(matches!(open(&keys, "name", &Staging, &relabelled), Err(TokenStoreError::Tampered)));
        let forged = Sealed { key_id: "\u{1b}[31m".to_owned(), bytes: Vec::new() };
        assert!(matches!(open(&keys, "name", &Staging, &forged), Err(TokenStoreError::Unreadable { .. })));
    }

    #[test]
    fn tokens_of_another_environment_are_not_opened() {
        let keys = SealingKeys::new(key(1));
        let sealed = seal(&keys, "name", &tokens()).unwrap();
        let opened = open(&keys, "name", &Production, &sealed);
        assert!(matches!(opened, Err(TokenStoreError::OtherEnvironment)));
    }

    #[test]
    fn a_key_is_32_bytes_in_base64_and_is_not_shown() {
        let text = STANDARD.encode([7; 32]);
        for text in [text.clone(), format!("{text}\n")] {
            assert_eq!(SealingKey::from_base64(&text.into()).unwrap().id(), key(7).id());
        }
        let long = STANDARD.encode([7; 33]);
        for text in ["", "FAKE", &text[1..], &text[..43], &long] {
            assert_eq!(SealingKey::from_base64(&text.into()).map(drop), Err(InvalidSealingKey), "{text}");
        }
        let shown = format!("{:?}", SealingKeys::new(key(7)));
        assert!(shown.contains(key(7).id()) && !shown.contains("[7, 7"), "{shown}");
    }

    /// The example of draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn the_cipher_is_the_one_that_its_specification_describes() {
        let key = SealingKey::from_bytes(std::array::from_fn(|index| 0x80 + index as u8));
        let nonce: [u8; NONCE] = std::array::from_fn(|index| 0x40 + index as u8);
        let data = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let mut text =
            *b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                          future, sunscreen would be it.";
        let text = InOutBuf::from(text.as_mut_slice());
        let tag = cipher(&key).encrypt_inout_detached(&XNonce::from(nonce), &data, text).unwrap();
        assert_eq!(
            tag.as_slice(),
            [0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a, 0xcf, 0x49]
        );
    }
}
