//! Strings that no log may show.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A string of a response or a request that gives access to something: a signing secret, a
/// password, a signed link. `Debug` shows that it is there, not what it is.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sensitive(String);

impl Sensitive {
    /// The string itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The string itself, by value.
    pub fn into_exposed(self) -> String {
        self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(redacted)")
    }
}

impl From<String> for Sensitive {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Sensitive {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_it_and_json_does() {
        let secret = Sensitive::from("whsec_FAKE");
        assert!(!format!("{secret:?} {secret:#?}").contains("FAKE"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"whsec_FAKE\"");
    }
}
