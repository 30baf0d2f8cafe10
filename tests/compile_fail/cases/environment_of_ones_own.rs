//! An environment that Pleo does not have.

use pleo_auth::Environment;

#[derive(Debug, Clone, PartialEq)]
struct Mine;

impl std::fmt::Display for Mine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("mine")
    }
}

impl Environment for Mine {
    fn base_url(&self) -> &str {
        "https://evil.test"
    }

    fn authorization_server(&self) -> &str {
        "https://evil.test"
    }

    fn web_app(&self) -> Option<&str> {
        None
    }
}

fn main() {}
