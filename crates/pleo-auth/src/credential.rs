//! Credentials: what proves to Pleo who is calling, and in which environment.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::{Environment, Secret, oauth::RefreshingToken};

/// A longer text is not a credential: servers refuse headers of that size.
const MAX_LENGTH: usize = 16 * 1024;

macro_rules! credential {
    (
        $(#[$docs:meta])*
        $name:ident, $method:ident, $build:ident, $what:literal
    ) => {
        $(#[$docs])*
        ///
        /// The header value is made once. Clones share it, and it is overwritten when the last of them
        /// is dropped.
        #[derive(Clone)]
        pub struct $name<E> {
            environment: E,
            header: HeaderValue,
        }

        impl<E: Environment> $name<E> {
            #[doc = concat!("The ", $what, " of an environment.")]
            ///
            /// # Errors
            /// When the text cannot be one, with the mistake that it looks like. The text is not shown.
            pub fn new(environment: E, secret: impl Into<Secret>) -> Result<Self, InvalidCredential> {
                let secret = secret.into();
                let invalid = |mistake| InvalidCredential { method: AuthenticationMethod::$method, mistake };
                let header = $build(secret.expose()).map_err(invalid)?;
                Ok(Self { environment, header })
            }
        }

        impl<E: Environment> fmt::Debug for $name<E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("environment", &self.environment).finish_non_exhaustive()
            }
        }

        impl<E: Environment> IntoCredential<E> for $name<E> {
            fn into_credential(self) -> Credential<E> {
                Credential::$method(self)
            }
        }

        impl<E: Environment> sealed::Sealed for $name<E> {}
    };
}

credential! {
    /// A standalone API key: made by hand in the web app, for one company or organisation (Z37, Z78).
    ///
    /// It is sent by HTTP Basic authentication (RFC 7617) as user name with an empty password (Z25 to
    /// Z28). It is not renewed and needs no OAuth flow (Z35, Z36); it may expire (A9, A14).
    StandaloneApiKey, StandaloneApiKey, basic, "standalone API key"
}
credential! {
    /// An integrated API key: made by Pleo while a customer installs an approved integration (A17, Z32).
    ///
    /// It is sent as a [`StandaloneApiKey`] is.
    IntegratedApiKey, IntegratedApiKey, basic, "integrated API key"
}
credential! {
    /// An OAuth 2.0 access token that somebody else renews, sent as `Bearer` (Z30, RFC 6750).
    ///
    /// It is opaque: sent byte for byte and never looked into (A49). To have it renewed, use
    /// [`RefreshingToken`].
    AccessToken, AccessToken, bearer, "OAuth access token"
}

mod sealed {
    pub trait Sealed {}
}

/// A credential of the environment `E`.
///
/// Only the four kinds of the External API have it, each for its own environment.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a credential of the environment `{E}`",
    note = "a key or token works only in the environment where it was made",
    note = "a legacy token never works on the External API"
)]
pub trait IntoCredential<E: Environment>: sealed::Sealed {
    /// The credential, whatever its kind.
    fn into_credential(self) -> Credential<E>;
}

/// Any credential of an environment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credential<E: Environment> {
    /// A standalone API key.
    StandaloneApiKey(StandaloneApiKey<E>),
    /// An integrated API key.
    IntegratedApiKey(IntegratedApiKey<E>),
    /// An OAuth access token that is not renewed here.
    AccessToken(AccessToken<E>),
    /// OAuth tokens that are renewed here.
    RefreshingToken(RefreshingToken<E>),
}

impl<E: Environment> Credential<E> {
    /// The environment that it belongs to.
    pub fn environment(&self) -> &E {
        match self {
            Self::StandaloneApiKey(key) => &key.environment,
            Self::IntegratedApiKey(key) => &key.environment,
            Self::AccessToken(token) => &token.environment,
            Self::RefreshingToken(token) => token.environment(),
        }
    }

    /// Which of Pleo's methods it is.
    pub fn method(&self) -> AuthenticationMethod {
        match self {
            Self::StandaloneApiKey(_) => AuthenticationMethod::StandaloneApiKey,
            Self::IntegratedApiKey(_) => AuthenticationMethod::IntegratedApiKey,
            Self::AccessToken(_) | Self::RefreshingToken(_) => AuthenticationMethod::AccessToken,
        }
    }

    /// The header value, or the token that has to be asked for it.
    pub(crate) fn header(&self) -> Result<&HeaderValue, &RefreshingToken<E>> {
        match self {
            Self::StandaloneApiKey(key) => Ok(&key.header),
            Self::IntegratedApiKey(key) => Ok(&key.header),
            Self::AccessToken(token) => Ok(&token.header),
            Self::RefreshingToken(token) => Err(token),
        }
    }
}

impl<E: Environment> IntoCredential<E> for Credential<E> {
    fn into_credential(self) -> Self {
        self
    }
}

impl<E: Environment> sealed::Sealed for Credential<E> {}

impl<E: Environment> IntoCredential<E> for RefreshingToken<E> {
    fn into_credential(self) -> Credential<E> {
        Credential::RefreshingToken(self)
    }
}

impl<E: Environment> sealed::Sealed for RefreshingToken<E> {}

/// The methods of authentication that the External API takes (A1, Z34).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthenticationMethod {
    /// A standalone API key, by HTTP Basic.
    StandaloneApiKey,
    /// An integrated API key, by HTTP Basic.
    IntegratedApiKey,
    /// An OAuth 2.0 access token, by Bearer.
    AccessToken,
}

impl AuthenticationMethod {
    /// Whether it is one of the two kinds of API key.
    pub fn is_api_key(self) -> bool {
        matches!(self, Self::StandaloneApiKey | Self::IntegratedApiKey)
    }
}

impl fmt::Display for AuthenticationMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StandaloneApiKey => "standalone API key",
            Self::IntegratedApiKey => "integrated API key",
            Self::AccessToken => "OAuth access token",
        })
    }
}

/// A token of Pleo's legacy API at `openapi.pleo.io` (Z13, Z14).
///
/// It works nowhere on the External API (Z17), which answers it with 404 on every path. This type
/// exists so that a program that still has one can say so and the compiler can object: no session, no
/// client and no other credential can be made of it.
///
/// ```compile_fail
/// use pleo_auth::{LegacyToken, Production, Session};
///
/// let session: Session<Production> = Session::new(LegacyToken::new("FAKE-LEGACY-TOKEN"));
/// ```
#[derive(Debug, Clone)]
pub struct LegacyToken {
    _token: Secret,
}

impl LegacyToken {
    /// A legacy token.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { _token: token.into() }
    }

    /// What to do instead of using it here.
    pub fn advice(&self) -> &'static crate::advice::Advice {
        &crate::advice::LEGACY_TOKEN
    }
}

/// A text that cannot be the credential it was given as. It does not show the text.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {method} {mistake}")]
#[non_exhaustive]
pub struct InvalidCredential {
    /// What it was given as.
    pub method: AuthenticationMethod,
    /// What it looks like.
    pub mistake: Mistake,
}

pleo_client::debug_by_chain!(InvalidCredential);

/// What a text that is not a credential looks like.
#[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// Nothing at all.
    #[error("is empty; is the variable or file that it comes from filled?")]
    Empty,
    /// `Basic …`: the whole header value.
    #[error("begins with `Basic`: it looks like a whole header value; give the key alone")]
    BasicHeader,
    /// `Bearer …`: the whole header value.
    #[error("begins with `Bearer`: it looks like a whole header value; give the token alone")]
    BearerHeader,
    /// Quotes around it.
    #[error("has quotes around it, probably copied along; leave them out")]
    Quoted,
    /// White space at its beginning or end.
    #[error("has white space at its beginning or end, probably copied along; leave it out")]
    SurroundingWhiteSpace,
    /// White space inside.
    #[error("has white space inside; is it more than one value, or cut in two?")]
    WhiteSpace,
    /// A control character, or anything else that no header carries.
    #[error("holds a control character; copy it again as plain text")]
    ControlCharacter,
    /// Something beyond ASCII.
    #[error("holds characters beyond ASCII; copy it again as plain text")]
    NotAscii,
    /// `key:`, as it goes into Base64 (A3).
    #[error("ends with a colon; give the key alone, the colon is added when it is sent")]
    TrailingColon,
    /// `user:password`. A key is the user name alone, and the password is empty (Z26, Z27).
    #[error("holds a colon, so it looks like user name and password; a key is the user name alone")]
    UserAndPassword,
    /// Base64 of `key:`.
    #[error("looks like Base64 of a key with its colon; give the key itself, it is encoded when it is sent")]
    Encoded,
    /// More than 16 KiB.
    #[error("is longer than 16 KiB; is it the content of another file?")]
    TooLong,
}

pleo_client::debug_by_chain!(Mistake);

/// The checks that keys and tokens share. Their format is not published (A15, A49), so only what no
/// header could carry and what is plainly something else is refused.
pub(crate) fn check(text: &str) -> Result<(), Mistake> {
    let scheme = |name: &str| {
        let head = text.trim_start().get(..name.len());
        let rest = text.trim_start().get(name.len()..).unwrap_or_default();
        head.is_some_and(|head| head.eq_ignore_ascii_case(name)) && rest.starts_with([' ', '\t'])
    };
    let quoted = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if text.is_empty() {
        Err(Mistake::Empty)
    } else if text.len() > MAX_LENGTH {
        Err(Mistake::TooLong)
    } else if scheme("basic") {
        Err(Mistake::BasicHeader)
    } else if scheme("bearer") {
        Err(Mistake::BearerHeader)
    } else if text.trim() != text {
        Err(Mistake::SurroundingWhiteSpace)
    } else if quoted('"') || quoted('\'') {
        Err(Mistake::Quoted)
    } else if text.contains(char::is_whitespace) {
        Err(Mistake::WhiteSpace)
    } else if text.contains(char::is_control) {
        Err(Mistake::ControlCharacter)
    } else if !text.is_ascii() {
        Err(Mistake::NotAscii)
    } else {
        Ok(())
    }
}

/// Whether the text is Base64 of printable characters with a colon at the end.
fn is_encoded(text: &str) -> bool {
    let decoded = Zeroizing::new(STANDARD.decode(text).unwrap_or_default());
    matches!(decoded.as_slice(), [key @ .., b':'] if !key.is_empty() && key.iter().all(u8::is_ascii_graphic))
}

fn basic(key: &str) -> Result<HeaderValue, Mistake> {
    check(key)?;
    if is_encoded(key) {
        return Err(Mistake::Encoded);
    }
    match key.strip_suffix(':') {
        Some(start) if !start.contains(':') => return Err(Mistake::TrailingColon),
        _ if key.contains(':') => return Err(Mistake::UserAndPassword),
        _ => {}
    }
    basic_header(key, "")
}

/// `Basic` with user name and password (RFC 7617, section 2).
pub(crate) fn basic_header(user: &str, password: &str) -> Result<HeaderValue, Mistake> {
    // Each text is put together at once: one that grows leaves its old copy behind.
    let plain = Zeroizing::new([user, ":", password].concat());
    let encoded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
    sensitive(["Basic ", &encoded].concat())
}

/// `Bearer` with a token that somebody gave, perhaps by mistake.
fn bearer(token: &str) -> Result<HeaderValue, Mistake> {
    check(token)?;
    bearer_header(token)
}

/// `Bearer` with a token (RFC 6750, section 2.1). It is opaque: only what no header carries is refused.
pub(crate) fn bearer_header(token: &str) -> Result<HeaderValue, Mistake> {
    if token.is_empty() {
        return Err(Mistake::Empty);
    }
    if !is_graphic(token) {
        return Err(Mistake::ControlCharacter);
    }
    sensitive(["Bearer ", token].concat())
}

/// Whether there is a text, of visible ASCII characters alone.
pub(crate) fn is_graphic(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A header value that no log shows and that wipes itself when its last clone is dropped.
fn sensitive(value: String) -> Result<HeaderValue, Mistake> {
    let bytes = Bytes::from_owner(Zeroizing::new(value));
    let mut header = HeaderValue::from_maybe_shared(bytes).map_err(|_| Mistake::ControlCharacter)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Production, Staging};

    fn header<E: Environment>(credential: impl IntoCredential<E>) -> HeaderValue {
        credential.into_credential().header().unwrap().clone()
    }

    #[test]
    fn the_vectors_of_rfc_7617_and_rfc_6750_come_out() {
        assert_eq!(basic_header("Aladdin", "open sesame").unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let token = AccessToken::new(Production, "mF_9.B5f-4.1JqM").unwrap();
        assert_eq!(header(token), "Bearer mF_9.B5f-4.1JqM");
        let key = StandaloneApiKey::new(Staging, "FAKE").unwrap();
        assert_eq!(header(key), "Basic RkFLRTo=");
        let key = IntegratedApiKey::new(Staging, "FAKE").unwrap();
        assert_eq!(header(key), "Basic RkFLRTo=");
    }

    #[test]
    fn header_values_are_sensitive_and_share_their_bytes() {
        for value in [basic("FAKE").unwrap(), bearer("FAKE").unwrap()] {
            assert!(value.is_sensitive());
            assert_eq!(value.clone().as_bytes().as_ptr(), value.as_bytes().as_ptr());
        }
    }

    #[test]
    fn each_mistake_is_named_and_no_text_shown() {
        let long = "x".repeat(16_385);
        for (text, mistake) in [
            ("", Mistake::Empty),
            ("Basic RkFLRTo=", Mistake::BasicHeader),
            ("  basic\tRkFLRTo=", Mistake::BasicHeader),
            ("bearer FAKEKEY", Mistake::BearerHeader),
            ("\"FAKEKEY\"", Mistake::Quoted),
            ("'FAKEKEY'", Mistake::Quoted),
            (" FAKEKEY", Mistake::SurroundingWhiteSpace),
            ("FAKEKEY\n", Mistake::SurroundingWhiteSpace),
            ("FAKEKEY\u{a0}", Mistake::SurroundingWhiteSpace),
            ("FAKE KEY", Mistake::WhiteSpace),
            ("FAKE\nKEY", Mistake::WhiteSpace),
            ("FAKE\0KEY", Mistake::ControlCharacter),
            ("FAKEKEY\u{7f}", Mistake::ControlCharacter),
            ("FAKEKEY\u{e9}", Mistake::NotAscii),
            ("FAKEKEY\u{200b}", Mistake::NotAscii),
            (long.as_str(), Mistake::TooLong),
        ] {
            for (method, error) in [
                (AuthenticationMethod::StandaloneApiKey, StandaloneApiKey::new(Staging, text).err()),
                (AuthenticationMethod::IntegratedApiKey, IntegratedApiKey::new(Staging, text).err()),
                (AuthenticationMethod::AccessToken, AccessToken::new(Staging, text).err()),
            ] {
                assert_eq!(error, Some(InvalidCredential { method, mistake }), "{text:?}");
                let shown = format!("{} {error:?}", error.unwrap());
                assert!(!shown.contains("FAKE") && shown.contains(&method.to_string()), "{shown}");
            }
        }
    }

    #[test]
    fn a_colon_plain_or_encoded_is_a_mistake_in_a_key_only() {
        for (text, mistake) in [
            ("RkFLRUtFWTo=", Mistake::Encoded),
            ("FAKE:", Mistake::TrailingColon),
            ("FAKE::", Mistake::UserAndPassword),
            ("user:FAKE", Mistake::UserAndPassword),
            (":FAKE", Mistake::UserAndPassword),
        ] {
            assert_eq!(StandaloneApiKey::new(Staging, text).unwrap_err().mistake, mistake, "{text}");
            assert!(AccessToken::new(Staging, text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_mistake_is_taken() {
        let longest = "x".repeat(16_384);
        for text in
            ["basic", "Bearer", "bearerFAKE", "\"", "'FAKE\"", "Og==", "RkFLRQ==", "AAA6", longest.as_str()]
        {
            assert!(StandaloneApiKey::new(Staging, text).is_ok(), "{text}");
            assert!(AccessToken::new(Staging, text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_credential_knows_its_kind_and_environment_and_shows_no_more() {
        let key = StandaloneApiKey::new(Staging, "FAKE").unwrap();
        assert_eq!(format!("{key:?}"), "StandaloneApiKey { environment: Staging, .. }");
        let credential = key.into_credential();
        assert_eq!(
            (credential.environment(), credential.method()),
            (&Staging, AuthenticationMethod::StandaloneApiKey)
        );
        let credential =
            IntegratedApiKey::new(Production, "FAKE").unwrap().into_credential().into_credential();
        assert_eq!(
            (credential.environment(), credential.method()),
            (&Production, AuthenticationMethod::IntegratedApiKey)
        );
        let credential = AccessToken::new(Production, "FAKE").unwrap().into_credential();
        assert_eq!(
            (credential.environment(), credential.method()),
            (&Production, AuthenticationMethod::AccessToken)
        );
        assert!(
            AuthenticationMethod::StandaloneApiKey.is_api_key()
                && AuthenticationMethod::IntegratedApiKey.is_api_key()
        );
        assert!(!AuthenticationMethod::AccessToken.is_api_key());
        assert!(!format!("{:?}", LegacyToken::new("FAKE")).contains("FAKE"));
        for (method, name) in [
            (AuthenticationMethod::StandaloneApiKey, "standalone API key"),
            (AuthenticationMethod::IntegratedApiKey, "integrated API key"),
            (AuthenticationMethod::AccessToken, "OAuth access token"),
        ] {
            assert_eq!(method.to_string(), name);
        }
    }
}
