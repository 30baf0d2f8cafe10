//! Keeping secrets, and what differs from run to run, out of evidence.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Replaces secrets and addresses by what they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask {
    /// What is replaced, the longest first.
    replaced: Vec<(String, String)>,
}

impl Mask {
    /// Replaces a secret in all the forms in which it may travel.
    pub(crate) fn secret(&mut self, secret: &str, name: &str) {
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
        self.replaced.iter().fold(text.to_owned(), |text, (secret, by)| text.replace(secret, by))
    }
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
    let form_decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    forms(secret)
        .into_iter()
        .find(|(_, form)| text.contains(form.as_str()) || form_decoded.contains(form.as_str()))
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
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
    fn addresses_are_replaced_with_and_without_their_scheme() {
        let mut mask = Mask::default();
        mask.address("http://127.0.0.1:4711", "staging");
        assert_eq!(mask.apply("GET http://127.0.0.1:4711/v1"), "GET {staging}/v1");
        assert_eq!(mask.apply("host: 127.0.0.1:4711"), "host: {staging host}");
    }
}
