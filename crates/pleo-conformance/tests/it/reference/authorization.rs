//! How a credential becomes the `Authorization` header.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use percent_encoding::percent_decode_str;
use pleo_conformance::protocol::CredentialKind;

use super::{
    Flaw, Variation,
    delivery::{Request, Source, Try},
    spelling::{cut, html, lines},
};

impl Request {
    /// The values of the `Authorization` headers: one, if all is right.
    pub(super) fn authorizations(&self, attempt: Try<'_>) -> Vec<String> {
        let right = self.authorization(attempt, attempt.secret);
        let is_kept = matches!(self.source, Source::Kept(_));
        match self.deviation.flaw {
            // Only given credentials go wrong so: what a renewed one looks like is a matter of other flaws.
            Some(Flaw::HeaderMissing) if !is_kept => Vec::new(),
            Some(Flaw::HeaderTwice) if !is_kept => vec![right.clone(), right],
            Some(Flaw::LaterHeaderMissing) if !is_kept && self.index > 0 => Vec::new(),
            Some(Flaw::HeaderMissingAfterDrop) if !is_kept && attempt.refused.is_some() => Vec::new(),
            Some(Flaw::KeptHeaderTwice) if is_kept => vec![right.clone(), right],
            Some(Flaw::RenewedHeaderMissing) if self.was_renewed() => Vec::new(),
            Some(Flaw::TwoHeadersAfter401) if !is_kept && attempt.refused.is_some() => {
                let other = match self.source {
                    Source::Key(_) => format!("Bearer {}", attempt.secret),
                    _ => basic(attempt.secret),
                };
                vec![right, other]
            }
            Some(Flaw::SecondTryKeepsOldHeader) if is_kept => {
                let old = attempt.refused.map(|refused| self.authorization(attempt, refused));
                old.into_iter().chain([right]).collect()
            }
            _ => vec![right],
        }
    }

    /// The value of the `Authorization` header for this secret.
    fn authorization(&self, attempt: Try<'_>, secret: &str) -> String {
        let flaw = self.deviation.flaw;
        let (scheme, credentials) = match &self.source {
            Source::Key(_) => self.of_key(attempt, secret),
            Source::Token(_) => match flaw {
                Some(Flaw::TokenAsBasic) => ("Basic", user_name(secret)),
                Some(Flaw::TokenAsBasicAfter401) if attempt.refused.is_some() => ("Basic", user_name(secret)),
                Some(Flaw::TokenCut) => ("Bearer", secret[..secret.len() - 1].to_owned()),
                Some(Flaw::TokenCutAt255) => ("Bearer", cut(secret, 255)),
                Some(Flaw::TokenReencoded) => ("Bearer", reencoded(secret)),
                Some(Flaw::TokenUnpadded) => ("Bearer", secret.trim_end_matches('=').to_owned()),
                Some(Flaw::TokenPlusAsBlank) => ("Bearer", secret.replace('+', " ")),
                _ => ("Bearer", secret.to_owned()),
            },
            Source::Kept(_) => {
                let is_granted = self.kind == CredentialKind::OauthSession;
                match flaw {
                    Some(Flaw::KeptTokenAsBasic) => ("Basic", user_name(secret)),
                    Some(Flaw::GrantedTokenAsBasic) if is_granted => ("Basic", user_name(secret)),
                    Some(Flaw::GrantedTokenUnpadded) if is_granted => {
                        ("Bearer", secret.trim_end_matches('=').to_owned())
                    }
                    Some(Flaw::GrantedTokenReencoded) if is_granted => ("Bearer", reencoded(secret)),
                    Some(Flaw::RenewedTokenCut) if self.was_renewed() => {
                        ("Bearer", cut(secret, secret.chars().count().saturating_sub(1)))
                    }
                    _ => ("Bearer", secret.to_owned()),
                }
            }
        };
        let scheme = match self.deviation.variation {
            Some(Variation::SchemeLowerCase) => scheme.to_ascii_lowercase(),
            Some(Variation::SchemeUpperCase) => scheme.to_ascii_uppercase(),
            Some(Variation::TwoBlanksAfterScheme) => format!("{scheme} "),
            _ => scheme.to_owned(),
        };
        format!("{scheme} {credentials}")
    }

    /// Scheme and credentials of an API key.
    fn of_key(&self, attempt: Try<'_>, key: &str) -> (&'static str, String) {
        let user = format!("{key}:");
        let wrapped = |length, separator: &str| lines(&STANDARD.encode(&user), length).join(separator);
        let credentials = match self.deviation.flaw {
            Some(Flaw::KeyAsBearer) => return ("Bearer", key.to_owned()),
            Some(Flaw::LaterKeyAsBearer) if self.index > 0 => return ("Bearer", key.to_owned()),
            Some(Flaw::KeyAsBearerAfter401) if attempt.refused.is_some() => {
                return ("Bearer", key.to_owned());
            }
            Some(Flaw::KeyUnencoded) => user,
            Some(Flaw::KeyTakenAsEncoded) if STANDARD.decode(key).is_ok() => key.to_owned(),
            Some(Flaw::KeyWithoutColon) => STANDARD.encode(key),
            Some(Flaw::KeyUnpadded) => STANDARD_NO_PAD.encode(user),
            Some(Flaw::KeyBase64Url) => URL_SAFE.encode(user),
            Some(Flaw::KeyAsPassword) => STANDARD.encode(format!(":{key}")),
            Some(Flaw::KeyInBothFields) => STANDARD.encode(format!("{key}:{key}")),
            Some(Flaw::KeyWrappedAt76) => wrapped(76, " "),
            Some(Flaw::KeyWrappedAt64) => wrapped(64, ", "),
            Some(Flaw::KeyFirstLineOnly) => cut(&STANDARD.encode(user), 76),
            Some(flaw) => user_name(&altered(flaw, key)),
            None => STANDARD.encode(user),
        };
        ("Basic", credentials)
    }
}

/// The key that a client with this flaw takes for the given one.
fn altered(flaw: Flaw, key: &str) -> String {
    match flaw {
        Flaw::KeyCutAt64 => cut(key, 64),
        Flaw::KeyCutAt128 => cut(key, 128),
        Flaw::KeyCutAt255 => cut(key, 255),
        Flaw::KeyPercentDecoded => percent_decode_str(key).decode_utf8_lossy().into_owned(),
        Flaw::KeyPlusAsBlank => key.replace('+', " "),
        Flaw::KeyQuotesTrimmed => key.trim_matches(['\'', '"']).to_owned(),
        Flaw::KeyQuotesLost => key.replace(['\'', '"'], ""),
        Flaw::KeyFormatted => key.replace('%', ""),
        Flaw::KeyVariablesExpanded => expanded(key),
        Flaw::KeyCommentCut => key.split('#').next().unwrap_or_default().to_owned(),
        Flaw::KeyHtmlEscaped => html(key),
        Flaw::KeyHtmlUnescaped => key.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
        _ => key.to_owned(),
    }
}

/// A text without the variables in it, as none of them is set.
fn expanded(text: &str) -> String {
    let mut parts = text.split('$');
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            expanded
                .push_str(part.trim_start_matches(|next: char| next.is_ascii_alphanumeric() || next == '_'));
        } else {
            expanded.push('$');
            expanded.push_str(part);
        }
    }
    expanded
}

/// What Basic has for a user without a password.
fn user_name(secret: &str) -> String {
    STANDARD.encode(format!("{secret}:"))
}

fn basic(secret: &str) -> String {
    format!("Basic {}", user_name(secret))
}

/// A token as it looks in a URL.
fn reencoded(token: &str) -> String {
    let encode = |character: char| match character {
        '+' | '/' | '=' | '~' | '-' => format!("%{:02X}", u32::from(character)),
        other => other.to_string(),
    };
    token.chars().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_alters_a_key_as_its_name_says() {
        for (flaw, key, taken) in [
            (Flaw::KeyPercentDecoded, "a%41%", "aA%"),
            (Flaw::KeyQuotesTrimmed, "'a'b\"", "a'b"),
            (Flaw::KeyVariablesExpanded, "$a$NAME_1-b$-$", "-b$-$"),
            (Flaw::KeyCommentCut, "a#b#c", "a"),
            (Flaw::KeyHtmlUnescaped, "a&amp;lt;b", "a&lt;b"),
            (Flaw::KeyInQuery, "a+%41", "a+%41"),
        ] {
            assert_eq!(altered(flaw, key), taken);
        }
    }
}
