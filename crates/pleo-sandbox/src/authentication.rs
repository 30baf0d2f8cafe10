//! Reading the credential of a request.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, header};

use crate::{CredentialKind, Grant, answer::Refusal};

/// A credential as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// As user name of HTTP Basic with an empty password (Z25 to Z28).
    Key(String),
    /// As HTTP Bearer (Z30).
    Token(String),
}

impl Presented {
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Key(secret) | Self::Token(secret) => secret,
        }
    }
}

/// Why a credential is not accepted. It holds nothing of the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unauthorized {
    #[error("the request has no Authorization header")]
    Missing,
    #[error("the request has more than one Authorization header")]
    Several,
    #[error("the Authorization header's scheme is neither Basic nor Bearer")]
    Scheme,
    #[error("what follows Basic is not the Base64 of the key and a colon")]
    NotBasic,
    #[error("the password is not empty; the key is the user name")]
    Password,
    #[error("an API key was sent as Bearer; send it as the user name of Basic")]
    KeyAsBearer,
    #[error("an access token was sent as Basic; send it as Bearer")]
    TokenAsBasic,
    #[error("the credential is not known in this environment")]
    Unknown,
    #[error("the credential has expired")]
    Expired,
    #[error("the credential was revoked")]
    Revoked,
    #[error("the URL holds a credential; send it in the Authorization header only, and replace this one")]
    InUrl,
}

impl From<Unauthorized> for Refusal {
    fn from(reason: Unauthorized) -> Self {
        Self::unauthorized(reason.to_string())
    }
}

/// The one credential of a request.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Presented, Unauthorized> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Unauthorized::Missing)?;
    if values.next().is_some() {
        return Err(Unauthorized::Several);
    }
    let (scheme, rest) = scheme(value).ok_or(Unauthorized::Scheme)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Presented::Token(rest.to_owned()));
    }
    let (user, password) = basic(value).ok_or(Unauthorized::NotBasic)?;
    if password.is_empty() { Ok(Presented::Key(user)) } else { Err(Unauthorized::Password) }
}

/// The scheme, Basic or Bearer in whatever case, and what follows it.
fn scheme(value: &HeaderValue) -> Option<(&str, &str)> {
    let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("basic") || scheme.eq_ignore_ascii_case("bearer");
    known.then(|| (scheme, rest.trim_start_matches(' ')))
}

/// User name and password of HTTP Basic (RFC 7617).
pub(crate) fn basic(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, rest) = scheme(value)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Whether what is known of a credential allows it to be used, this way and now.
pub(crate) fn accept<'a>(
    presented: &Presented,
    grant: Option<&'a Grant>,
    now: DateTime<Utc>,
) -> Result<&'a Grant, Unauthorized> {
    let grant = grant.ok_or(Unauthorized::Unknown)?;
    match (presented, grant.kind == CredentialKind::AccessToken) {
        (Presented::Key(_), true) => return Err(Unauthorized::TokenAsBasic),
        (Presented::Token(_), false) => return Err(Unauthorized::KeyAsBearer),
        _ => {}
    }
    if grant.revoked {
        return Err(Unauthorized::Revoked);
    }
    if grant.expires_at.is_some_and(|end| end <= now) {
        return Err(Unauthorized::Expired);
    }
    Ok(grant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Presented, Unauthorized> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        presented(&headers)
    }

    #[test]
    fn a_key_is_the_user_name_and_a_token_stands_as_it_is() {
        // Base64 of `FAKE-KEY:`.
        for value in ["Basic RkFLRS1LRVk6", "basic RkFLRS1LRVk6", "BASIC  RkFLRS1LRVk6"] {
            assert_eq!(read(&[value]), Ok(Presented::Key("FAKE-KEY".to_owned())), "{value}");
        }
        for value in ["Bearer FAKE.t/o+k=n", "bEARER FAKE.t/o+k=n"] {
            assert_eq!(read(&[value]), Ok(Presented::Token("FAKE.t/o+k=n".to_owned())), "{value}");
        }
    }

    #[test]
    fn each_mistake_has_its_name() {
        for (values, mistake) in [
            (&[][..], Unauthorized::Missing),
            (&["Basic RkFLRS1LRVk6", "Basic RkFLRS1LRVk6"], Unauthorized::Several),
            (&["FAKE-KEY"], Unauthorized::Scheme),
            (&["Token FAKE-KEY"], Unauthorized::Scheme),
            (&["Basic"], Unauthorized::Scheme),
            (&["Basic FAKE-KEY"], Unauthorized::NotBasic),
            // `FAKE-KEY`, without a colon.
            (&["Basic RkFLRS1LRVk="], Unauthorized::NotBasic),
            // `:FAKE-KEY` and `FAKE-KEY:FAKE-KEY`.
            (&["Basic OkZBS0UtS0VZ"], Unauthorized::Password),
            (&["Basic RkFLRS1LRVk6RkFLRS1LRVk="], Unauthorized::Password),
        ] {
            assert_eq!(read(values), Err(mistake), "{values:?}");
        }
    }
}
