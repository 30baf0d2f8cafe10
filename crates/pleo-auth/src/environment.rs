//! The environments of the External API and their addresses.

use std::{fmt, str::FromStr};

use http::Uri;

mod sealed {
    pub trait Sealed {}
}

/// One of the two environments (Z6), or the sandbox for tests.
///
/// Credentials, sessions and clients carry it as a type, so that those of one environment cannot be
/// used in another (Z7 to Z10). No other crate can implement it.
pub trait Environment:
    sealed::Sealed + Clone + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// The base URL of the API; the path of an operation is put behind it (Z1, Z2).
    fn base_url(&self) -> &str;

    /// The address of the OAuth 2.0 authorisation server, without a slash at its end (A22).
    fn authorization_server(&self) -> &str;

    /// Where a person logs in (Z12). A sandbox has no such place.
    fn web_app(&self) -> Option<&str>;

    /// Whether everything stays on this machine. Then plain HTTP is allowed, and no proxy is asked.
    fn is_loopback(&self) -> bool {
        false
    }
}

macro_rules! published {
    ($(#[$docs:meta])* $name:ident, $text:literal, $base:literal, $auth:literal, $app:literal) => {
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name;

        impl sealed::Sealed for $name {}

        impl Environment for $name {
            fn base_url(&self) -> &str {
                $base
            }

            fn authorization_server(&self) -> &str {
                $auth
            }

            fn web_app(&self) -> Option<&str> {
                Some($app)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($text)
            }
        }

        impl From<$name> for AnyEnvironment {
            fn from(_: $name) -> Self {
                Self::$name
            }
        }
    };
}

published!(
    /// Live data: `https://external.pleo.io` (Z4).
    Production,
    "production",
    "https://external.pleo.io",
    "https://auth.pleo.io",
    "https://app.pleo.io/access"
);
published!(
    /// Safe tests and checks before production: `https://external.staging.pleo.io` (Z3).
    Staging,
    "staging",
    "https://external.staging.pleo.io",
    "https://auth.staging.pleo.io",
    "https://app.staging.pleo.io/access"
);

/// A fake Pleo on this machine, for tests. The API and the authorisation server have one address, unless
/// [`with_authorization_server`](Self::with_authorization_server) gives the latter its own.
///
/// Only loopback addresses and `localhost` are taken, so a credential of a sandbox stays on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sandbox {
    base_url: Box<str>,
    authorization_server: Box<str>,
}

impl Sandbox {
    /// The sandbox at `base_url`: `http` or `https`, a loopback address or `localhost`, perhaps a port.
    ///
    /// # Errors
    /// When `base_url` is anything else.
    ///
    /// ```
    /// use pleo_auth::{Environment, Sandbox};
    ///
    /// let sandbox = Sandbox::new("http://127.0.0.1:8080")?;
    /// assert_eq!(sandbox.base_url(), "http://127.0.0.1:8080");
    /// assert!(Sandbox::new("http://external.pleo.io").is_err());
    /// # Ok::<(), pleo_auth::InvalidSandbox>(())
    /// ```
    pub fn new(base_url: &str) -> Result<Self, InvalidSandbox> {
        let base_url = Self::origin(base_url)?;
        Ok(Self { authorization_server: base_url.clone(), base_url })
    }

    /// The same with an authorisation server of its own, as Pleo's environments have one.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_authorization_server(self, address: &str) -> Result<Self, InvalidSandbox> {
        Ok(Self { authorization_server: Self::origin(address)?, ..self })
    }

    fn origin(base_url: &str) -> Result<Box<str>, InvalidSandbox> {
        let uri: Uri = base_url.parse().map_err(|_| InvalidSandbox::NotAbsolute)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidSandbox::NotAbsolute);
        };
        if !matches!(scheme, "http" | "https") {
            return Err(InvalidSandbox::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(InvalidSandbox::UserInformation);
        }
        if !is_loopback(authority.host()) {
            return Err(InvalidSandbox::NotLoopback);
        }
        let has_port = authority.as_str() != authority.host();
        if has_port && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(InvalidSandbox::Port);
        }
        let origin = format!("{scheme}://{authority}");
        // What is left may be one slash; everything else would end up in front of each path.
        match base_url.strip_prefix(&origin) {
            Some("" | "/") => Ok(origin.into()),
            _ => Err(InvalidSandbox::NotAnOrigin),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

impl sealed::Sealed for Sandbox {}

impl Environment for Sandbox {
    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn authorization_server(&self) -> &str {
        &self.authorization_server
    }

    fn web_app(&self) -> Option<&str> {
        None
    }

    fn is_loopback(&self) -> bool {
        true
    }
}

/// Shows the base URL, which [`AnyEnvironment`] reads back as a sandbox with one address.
impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base_url)
    }
}

impl From<Sandbox> for AnyEnvironment {
    fn from(sandbox: Sandbox) -> Self {
        Self::Sandbox(sandbox)
    }
}

/// A base URL that is not a sandbox.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSandbox {
    /// Not an absolute URL.
    #[error("the sandbox's address is not an absolute URL such as http://127.0.0.1:8080")]
    NotAbsolute,
    /// A scheme other than http and https, in lower case.
    #[error("the sandbox's scheme is neither http nor https")]
    Scheme,
    /// Another machine.
    #[error(
        "the sandbox's host is not this machine; use a loopback address such as 127.0.0.1, or Staging or Production"
    )]
    NotLoopback,
    /// A port that is not a number from 1 to 65,535.
    #[error("the sandbox's port is not a number from 1 to 65535")]
    Port,
    /// A user name or password.
    #[error("the sandbox's address holds user information; a credential belongs in a session")]
    UserInformation,
    /// A path, a query or a fragment.
    #[error("the sandbox's address holds more than scheme, host and port; leave the rest out")]
    NotAnOrigin,
}

pleo_client::debug_by_chain!(InvalidSandbox);

/// An environment that is chosen at run time, by a configuration for instance.
///
/// It is an [`Environment`] like the others: a credential made for it takes the choice along, and
/// whatever is built on the credential follows. Nothing has a second setting to disagree with.
///
/// ```
/// use pleo_auth::{AnyEnvironment, Environment, Staging};
///
/// let environment: AnyEnvironment = "staging".parse()?;
/// assert_eq!(environment, Staging.into());
/// assert_eq!(environment.base_url(), "https://external.staging.pleo.io");
/// # Ok::<(), pleo_auth::UnknownEnvironment>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AnyEnvironment {
    /// [`Production`].
    Production,
    /// [`Staging`].
    Staging,
    /// A [`Sandbox`].
    Sandbox(Sandbox),
}

impl AnyEnvironment {
    /// The variable that [`from_env`](Self::from_env) reads.
    pub const VARIABLE: &str = "PLEO_ENVIRONMENT";

    /// The environment that the variable `PLEO_ENVIRONMENT` names, in one of the forms of
    /// [`FromStr`](#impl-FromStr-for-AnyEnvironment). There is no default: nobody should get to live
    /// data by leaving something out.
    ///
    /// # Errors
    /// When the variable is not set or names no environment.
    pub fn from_env() -> Result<Self, UnknownEnvironment> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) => text.parse(),
            Err(std::env::VarError::NotPresent) => Err(UnknownEnvironment::NotSet),
            Err(std::env::VarError::NotUnicode(_)) => Err(UnknownEnvironment::Unknown),
        }
    }
}

/// Evaluates an expression for the environment that was chosen.
macro_rules! chosen {
    ($any:expr, $environment:ident => $value:expr) => {
        match $any {
            AnyEnvironment::Production => {
                let $environment = &Production;
                $value
            }
            AnyEnvironment::Staging => {
                let $environment = &Staging;
                $value
            }
            AnyEnvironment::Sandbox($environment) => $value,
        }
    };
}

impl sealed::Sealed for AnyEnvironment {}

impl Environment for AnyEnvironment {
    fn base_url(&self) -> &str {
        chosen!(self, environment => environment.base_url())
    }

    fn authorization_server(&self) -> &str {
        chosen!(self, environment => environment.authorization_server())
    }

    fn web_app(&self) -> Option<&str> {
        chosen!(self, environment => environment.web_app())
    }

    fn is_loopback(&self) -> bool {
        chosen!(self, environment => environment.is_loopback())
    }
}

impl fmt::Display for AnyEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        chosen!(self, environment => environment.fmt(f))
    }
}

/// The hosts of the legacy API (Z13, V4), known only in order to be refused.
const LEGACY_HOSTS: [&str; 2] = ["openapi.pleo.io", "openapi.staging.pleo.io"];

/// Reads `production`, `staging`, their base URLs, or the address of a sandbox; names in any case.
impl FromStr for AnyEnvironment {
    type Err = UnknownEnvironment;

    fn from_str(text: &str) -> Result<Self, UnknownEnvironment> {
        let name = text.trim().trim_end_matches('/').to_ascii_lowercase();
        for environment in [Self::Production, Self::Staging] {
            if name == environment.to_string() || name == environment.base_url() {
                return Ok(environment);
            }
        }
        let host = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        if name == "legacy" || LEGACY_HOSTS.contains(&host) {
            return Err(UnknownEnvironment::Legacy);
        }
        if name.contains("://") {
            return Sandbox::new(&name).map(Self::Sandbox).map_err(UnknownEnvironment::NotASandbox);
        }
        Err(UnknownEnvironment::Unknown)
    }
}

/// Writes the text that [`FromStr`] reads. A sandbox with an authorisation server of its own has none.
impl serde::Serialize for AnyEnvironment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_loopback() && self.authorization_server() != self.base_url() {
            let problem = "a sandbox with an authorisation server of its own cannot be written as one text";
            return Err(serde::ser::Error::custom(problem));
        }
        serializer.collect_str(self)
    }
}

pleo_client::serde_as_text!(deserialize AnyEnvironment);

/// A text that names no environment. It does not show the text, which might be a secret in the wrong
/// place.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownEnvironment {
    /// `PLEO_ENVIRONMENT` is not set.
    #[error("PLEO_ENVIRONMENT is not set; set it to production, staging or the address of a sandbox")]
    NotSet,
    /// The legacy API. Neither its tokens work on the External API (Z17) nor new keys there (Z18).
    #[error(
        "this names Pleo's legacy API, which takes other credentials and has other paths; \
         use production or staging with a key of the External API"
    )]
    Legacy,
    /// An address, but of no environment and no sandbox.
    #[error("this is the address of neither production nor staging, and {0}")]
    NotASandbox(InvalidSandbox),
    /// Anything else.
    #[error("this is not an environment; use production, staging or the address of a sandbox")]
    Unknown,
}

pleo_client::debug_by_chain!(UnknownEnvironment);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_documented_ones() {
        assert_eq!(Production.base_url(), "https://external.pleo.io");
        assert_eq!(Staging.base_url(), "https://external.staging.pleo.io");
        assert_eq!(Production.authorization_server(), "https://auth.pleo.io");
        assert_eq!(Staging.authorization_server(), "https://auth.staging.pleo.io");
        assert_eq!(Production.web_app(), Some("https://app.pleo.io/access"));
        assert_eq!(Staging.web_app(), Some("https://app.staging.pleo.io/access"));
        assert!(!Production.is_loopback() && !Staging.is_loopback());
    }

    #[test]
    fn a_sandbox_is_on_this_machine_only() {
        for address in [
            "http://127.0.0.1:8080",
            "https://localhost",
            "http://[::1]:1",
            "http://127.255.0.9/",
            "http://localhost:65535",
        ] {
            let sandbox = Sandbox::new(address).unwrap();
            assert_eq!(sandbox.base_url(), address.trim_end_matches('/'));
            assert_eq!(sandbox.authorization_server(), sandbox.base_url());
            assert_eq!(sandbox.web_app(), None);
            assert!(sandbox.is_loopback());
            let apart = sandbox.clone().with_authorization_server("http://127.0.0.1:9/").unwrap();
            assert_eq!(apart.authorization_server(), "http://127.0.0.1:9");
            assert_eq!(apart.base_url(), sandbox.base_url());
            let elsewhere = sandbox.with_authorization_server("https://auth.pleo.io");
            assert_eq!(elsewhere, Err(InvalidSandbox::NotLoopback));
        }
        for (address, error) in [
            ("", InvalidSandbox::NotAbsolute),
            ("localhost:80", InvalidSandbox::NotAbsolute),
            ("/v1", InvalidSandbox::NotAbsolute),
            ("ftp://localhost", InvalidSandbox::Scheme),
            ("http://external.pleo.io", InvalidSandbox::NotLoopback),
            ("http://localhost.evil.test", InvalidSandbox::NotLoopback),
            ("http://127.0.0.1.evil.test", InvalidSandbox::NotLoopback),
            ("http://10.0.0.1", InvalidSandbox::NotLoopback),
            ("http://0.0.0.0:80", InvalidSandbox::NotLoopback),
            ("http://[::2]", InvalidSandbox::NotLoopback),
            ("http://LOCALHOST", InvalidSandbox::NotLoopback),
            ("http://key:@127.0.0.1", InvalidSandbox::UserInformation),
            ("http://127.0.0.1:0", InvalidSandbox::Port),
            ("http://127.0.0.1:", InvalidSandbox::Port),
            ("http://127.0.0.1:99999", InvalidSandbox::Port),
            ("http://127.0.0.1:80/mock", InvalidSandbox::NotAnOrigin),
            ("http://127.0.0.1:80//", InvalidSandbox::NotAnOrigin),
            ("http://127.0.0.1:80?a", InvalidSandbox::NotAnOrigin),
            ("HTTP://127.0.0.1:80", InvalidSandbox::NotAnOrigin),
        ] {
            assert_eq!(Sandbox::new(address), Err(error), "{address}");
        }
    }

    #[test]
    fn text_names_an_environment_and_reads_back() {
        let sandbox = AnyEnvironment::from(Sandbox::new("http://127.0.0.1:8080").unwrap());
        for (text, environment) in [
            ("production", AnyEnvironment::Production),
            (" Staging\n", AnyEnvironment::Staging),
            ("https://external.pleo.io/", AnyEnvironment::Production),
            ("https://EXTERNAL.staging.pleo.io", AnyEnvironment::Staging),
            ("http://127.0.0.1:8080/", sandbox.clone()),
        ] {
            assert_eq!(text.parse(), Ok(environment.clone()), "{text}");
            assert_eq!(environment.to_string().parse(), Ok(environment));
        }
        fn same(any: &AnyEnvironment, one: &impl Environment) {
            assert_eq!(any.base_url(), one.base_url());
            assert_eq!(any.authorization_server(), one.authorization_server());
            assert_eq!(any.web_app(), one.web_app());
            assert_eq!(any.is_loopback(), one.is_loopback());
        }
        same(&Production.into(), &Production);
        same(&Staging.into(), &Staging);
        same(&sandbox, &Sandbox::new("http://127.0.0.1:8080").unwrap());
    }

    #[test]
    fn json_has_the_text_of_an_environment() {
        let sandbox = Sandbox::new("http://127.0.0.1:8080").unwrap();
        for environment in [AnyEnvironment::Production, AnyEnvironment::Staging, sandbox.clone().into()] {
            let json = serde_json::to_value(&environment).unwrap();
            assert_eq!(json, environment.to_string());
            assert_eq!(serde_json::from_value::<AnyEnvironment>(json).unwrap(), environment);
        }
        let apart = sandbox.with_authorization_server("http://127.0.0.1:9").unwrap();
        let error = serde_json::to_value(AnyEnvironment::from(apart)).unwrap_err();
        assert!(error.to_string().starts_with("a sandbox with an authorisation server"), "{error}");
        let error = serde_json::from_str::<AnyEnvironment>("\"FAKE\"").unwrap_err().to_string();
        assert!(
            error.starts_with(&UnknownEnvironment::Unknown.to_string()) && !error.contains("FAKE"),
            "{error}"
        );
    }

    #[test]
    fn the_legacy_api_and_other_texts_are_refused_without_showing_them() {
        for (text, error) in [
            ("legacy", UnknownEnvironment::Legacy),
            ("https://openapi.pleo.io", UnknownEnvironment::Legacy),
            ("OPENAPI.pleo.io", UnknownEnvironment::Legacy),
            ("https://openapi.pleo.io:443/v1", UnknownEnvironment::Legacy),
            ("https://openapi.staging.pleo.io/v1", UnknownEnvironment::Legacy),
            (
                "https://external.pleo.io.evil.test",
                UnknownEnvironment::NotASandbox(InvalidSandbox::NotLoopback),
            ),
            ("http://external.pleo.io", UnknownEnvironment::NotASandbox(InvalidSandbox::NotLoopback)),
            ("", UnknownEnvironment::Unknown),
            ("prod", UnknownEnvironment::Unknown),
            ("sandbox", UnknownEnvironment::Unknown),
        ] {
            assert_eq!(text.parse::<AnyEnvironment>(), Err(error), "{text}");
            assert!(!text.contains('.') || !error.to_string().contains(text));
        }
    }
}
