//! Keeping secrets, and what differs from run to run, out of evidence.

use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD},
    },
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Replaces secrets and addresses by what they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask {
    /// What is replaced, the longest first.
    replaced: Vec<(String, String)>,
    /// Secrets by name, no long piece of which is shown.
    secrets: Vec<(String, String)>,
}

/// So long a piece of a secret, in bytes, is not there by chance.
const PIECE: usize = 6;

impl Mask {
    /// Replaces a secret in all the forms in which it may travel.
    pub(crate) fn secret(&mut self, secret: &str, name: &str) {
        self.secrets.push((secret.to_owned(), name.to_owned()));
        for (form, text) in forms(secret) {
            self.replace(text, format!("<{}>", form.replace("%", name)));
        }
    }

    /// Replaces an address.
    pub(crate) fn address(&mut self, url: &str, name: &str) {
        self.replace(url.to_owned(), format!("{{{name}}}"));
        if let Some((_, authority)) = url.split_once("://") {
            self.replace(authority.to_owned(), format!("{{{name} host}}"));
        }
    }

    fn replace(&mut self, text: String, by: String) {
        if !text.is_empty() {
            self.replaced.push((text, by));
            self.replaced.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        }
    }

    /// The text with everything replaced.
    pub(crate) fn apply(&self, text: &str) -> String {
        let text = self.replaced.iter().fold(text.to_owned(), |text, (secret, by)| text.replace(secret, by));
        let text = self.secrets.iter().fold(text, |text, (secret, name)| {
            let runs: Vec<String> = encoded_runs(&text, secret).map(str::to_owned).collect();
            runs.iter().fold(text, |text, run| text.replace(run, &format!("<Base64 with {name} in it>")))
        });
        self.secrets.iter().fold(text, |text, (secret, name)| without_pieces(&text, secret, name))
    }
}

/// The text without pieces of a secret, for a client that cuts or changes what it sends.
fn without_pieces(text: &str, secret: &str, name: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let ends = rest.char_indices().map(|(start, character)| start + character.len_utf8());
        let length = ends.take_while(|end| secret.contains(&rest[..*end])).last().unwrap_or_default();
        if length >= PIECE {
            clean += &format!("<piece of {name}>");
            rest = &rest[length..];
        } else {
            clean.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    clean
}

/// The forms in which a secret may travel, each with a name in which `%` stands for the secret's own.
pub(crate) fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let encode = |text: String| STANDARD.encode(text);
    let mut forms = vec![
        ("%", secret.to_owned()),
        ("Base64 of %:", encode(format!("{secret}:"))),
        ("Base64 of :%", encode(format!(":{secret}"))),
        ("Base64 of %:%", encode(format!("{secret}:{secret}"))),
        ("Base64 of %", encode(secret.to_owned())),
        ("% percent-encoded", utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()),
    ];
    forms.dedup_by(|(_, a), (_, b)| a == b);
    forms
}

/// Where a secret stands in a text, in whichever form.
pub(crate) fn found(secret: &str, text: &str) -> Option<&'static str> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let form = forms(secret)
        .into_iter()
        .find(|(_, form)| text.contains(form.as_str()) || decoded.contains(form.as_str()))
        .map(|(name, _)| name);
    form.or_else(|| encoded_runs(&decoded, secret).next().map(|_| "Base64 with % in it"))
}

/// The parts of a text that are Base64, of either alphabet, of something with the secret in it.
fn encoded_runs<'t>(text: &'t str, secret: &'t str) -> impl Iterator<Item = &'t str> {
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    let foreign = |character: char| !character.is_ascii_alphanumeric() && !"+/-_".contains(character);
    text.split(foreign).filter(move |run| {
        // Shorter than the secret it cannot hold it.
        run.len() > secret.len()
            && [&STANDARD, &URL_SAFE].iter().any(|engine| {
                let decoded = engine.decode(run).unwrap_or_default();
                decoded.windows(secret.len().max(1)).any(|window| window == secret.as_bytes())
            })
    })
}

/// With or without padding, and whatever the last bits are.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn a_secret_is_found_and_masked_in_every_form() {
        let secret = "FAKE-abc/123+x";
        let mut mask = Mask::default();
        mask.secret(secret, "key");
        for (name, form) in forms(secret) {
            let text = format!("before {form} after");
            assert!(found(secret, &text).is_some(), "{name}");
            let masked = mask.apply(&text);
            assert!(found(secret, &masked).is_none(), "{masked}");
            assert!(masked.starts_with("before <") && masked.ends_with("> after"), "{masked}");
        }
        assert_eq!(found(secret, "nothing of it"), None);
    }

    #[test]
    fn a_secret_is_found_beside_anything_that_was_encoded_with_it() {
        let secret = "FAKE-abc/123+x";
        let mut mask = Mask::default();
        mask.secret(secret, "key");
        for beside in ["p", "pl", "ple", "pleo", "pleo:"] {
            for encoded in [
                STANDARD.encode(format!("{beside}{secret}{beside}")),
                STANDARD_NO_PAD.encode(format!("{beside}{secret}")),
                URL_SAFE_NO_PAD.encode(format!("{beside}{secret}?>?>")),
            ] {
                let text = format!("Basic {encoded}");
                assert!(found(secret, &text).is_some(), "{beside}");
                assert!(mask.apply(&text).starts_with("Basic <"), "{}", mask.apply(&text));
                assert!(found(secret, &mask.apply(&text)).is_none());
            }
        }
        assert_eq!(found(secret, &STANDARD.encode("FAKE-abc/123+y and more")), None);
    }

    #[test]
    fn pieces_of_a_secret_are_masked() {
        let secret = "FAKE-abc/123+x";
        let mut mask = Mask::default();
        mask.secret(secret, "key");
        assert_eq!(mask.apply("Bearer FAKE-abc/123+ and é"), "Bearer <piece of key> and é");
        assert_eq!(mask.apply("-abc/12%2Bx"), "<piece of key>%2Bx");
        assert_eq!(mask.apply("FAKE-"), "FAKE-");
    }

    #[test]
    fn addresses_are_replaced_with_and_without_their_scheme() {
        let mut mask = Mask::default();
        mask.address("http://127.0.0.1:4711", "staging");
        assert_eq!(mask.apply("GET http://127.0.0.1:4711/v1"), "GET {staging}/v1");
        assert_eq!(mask.apply("host: 127.0.0.1:4711"), "host: {staging host}");
    }
}
