//! The sandbox as a program: its options, and serving by them.
//!
//! The binary of this crate and the command `pleo sandbox` are thin layers on top.

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Write as _},
    net::SocketAddr,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use uuid::Uuid;

use crate::{CredentialKind, Environment, Fault, Grant, InvalidFault, OAuthClient, Sandbox, Server, Subject};

// Its documentation would be the help of the command that has these options.
#[allow(missing_docs, reason = "see above")]
#[derive(Debug, Args)]
pub struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "NUMBER", default_value_t = 8080)]
    port: u16,
    /// The environment to play.
    #[arg(long, value_enum, default_value = "staging")]
    environment: Played,
    /// Print a line for each request on standard error: method, path, status and milliseconds.
    ///
    /// The line has no query and no secret. It shows only the start of an id and nothing unrecognised.
    #[arg(long)]
    log: bool,
    /// Another credential: its text, and after commas what it may do. Can be repeated.
    ///
    /// `kind=` is standalone (the default), integrated or token; `scopes=` those that it has, joined by `+` (default:
    /// all); `expires=` a number of seconds from now or a time such as 2026-12-31T00:00:00Z; `company=` 1 to 4
    /// (default: 1). An example is FAKE-READER,scopes=users:read+tags:read,expires=3600.
    #[arg(long, value_name = "KEY[,kind=K][,scopes=A+B][,expires=T][,company=N]")]
    key: Vec<Key>,
    /// How many requests a credential may make in a minute, or `none`.
    #[arg(long, value_name = "NUMBER", default_value = "600")]
    limit: Limit,
    /// A fault for the next request whose path starts with PATH, or for the next N of them. Can be repeated.
    ///
    /// An example is /v2/employees=503*3.
    #[arg(long, value_name = "PATH=FAULT[*N]", long_help = fault_help())]
    fault: Vec<PlannedFault>,
    /// Show in every success fields and enum values that no document lists.
    #[arg(long)]
    show_unknown: bool,
    /// A redirect address of the OAuth app, matched to the letter. Can be repeated.
    #[arg(long, value_name = "URL", default_value = "http://localhost/callback")]
    redirect_uri: Vec<String>,
    /// A secret of the OAuth app, which the app must then send; without one, the app is public.
    #[arg(long, value_name = "SECRET")]
    client_secret: Option<String>,
    /// How many accounting entries each company has, from 25 to 5000; all but 25 are in four currencies.
    #[arg(long, value_name = "NUMBER", default_value_t = 300, value_parser = clap::value_parser!(u16).range(25..=5000))]
    entries: u16,
    /// The seed of codes and tokens: with the same seed and the same requests they are the same.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

fn fault_help() -> String {
    format!(
        "A fault for the next request whose path starts with PATH, or for the next N of them. Can be repeated.\n\n\
         FAULT is {}. An example is /v2/employees=503*3.",
        Fault::FORMS
    )
}

/// A credential of the command line.
#[derive(Debug, Clone)]
struct Key {
    secret: String,
    kind: CredentialKind,
    scopes: Option<BTreeSet<String>>,
    expires: Option<Expiry>,
    /// Its place in the list of companies.
    company: usize,
}

#[derive(Debug, Clone, Copy)]
enum Expiry {
    In(Duration),
    At(DateTime<Utc>),
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let secret = parts.next().unwrap_or_default().to_owned();
        if secret.is_empty() {
            return Err("the text of the key is missing".to_owned());
        }
        let mut key =
            Self { secret, kind: CredentialKind::StandaloneKey, scopes: None, expires: None, company: 0 };
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "kind" => key.kind = kind(value)?,
                "scopes" => {
                    key.scopes =
                        Some(value.split('+').filter(|it| !it.is_empty()).map(str::to_owned).collect());
                }
                "expires" => key.expires = Some(value.parse()?),
                "company" => {
                    let number = value.parse::<usize>().ok().filter(|number| (1..=4).contains(number));
                    key.company = number.ok_or("company has to be 1, 2, 3 or 4")? - 1;
                }
                _ => {
                    return Err("after the key there can be kind=, scopes=, expires= and company=".to_owned());
                }
            }
        }
        Ok(key)
    }
}

fn kind(text: &str) -> Result<CredentialKind, String> {
    match text {
        "standalone" => Ok(CredentialKind::StandaloneKey),
        "integrated" => Ok(CredentialKind::IntegratedKey),
        "token" => Ok(CredentialKind::AccessToken),
        _ => Err("kind has to be standalone, integrated or token".to_owned()),
    }
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self::In(Duration::from_secs(seconds)));
        }
        let time =
            text.parse().map_err(|_| "expires has to be seconds or a time such as 2026-12-31T00:00:00Z")?;
        Ok(Self::At(time))
    }
}

impl Key {
    fn grant(&self, company: Uuid, now: DateTime<Utc>) -> Grant {
        let expires_at = self.expires.map(|expiry| match expiry {
            Expiry::In(left) => now.checked_add_signed(chrono::TimeDelta::from_std(left).ok()?),
            Expiry::At(time) => Some(time),
        });
        Grant {
            kind: self.kind,
            scopes: self.scopes.clone(),
            // What is beyond the calendar does not expire.
            expires_at: expires_at.flatten(),
            ..Grant::standalone_key(company)
        }
    }
}

/// Requests a minute; `None` is without a limit.
#[derive(Debug, Clone, Copy)]
struct Limit(Option<u32>);

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "none" => Ok(Self(None)),
            number => number.parse().map(|number| Self(Some(number))).map_err(|_| "use a number, or none"),
        }
    }
}

/// A fault of the command line.
#[derive(Debug, Clone)]
struct PlannedFault {
    path: String,
    fault: Fault,
    times: usize,
}

impl FromStr for PlannedFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MOST: usize = 10_000;

        let (path, fault) = text.split_once('=').ok_or("use PATH=FAULT, such as /v2/employees=503")?;
        let counted = fault.rsplit_once('*').and_then(|(fault, times)| Some((fault, times.parse().ok()?)));
        let (fault, times) = counted.unwrap_or((fault, 1));
        if times > MOST {
            return Err(format!("a fault can be repeated {MOST} times"));
        }
        let fault = fault.parse().map_err(|error: InvalidFault| error.to_string())?;
        Ok(Self { path: path.to_owned(), fault, times })
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Played {
    Staging,
    Production,
}

/// Why the program could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CannotServe {
    /// Another program listens at the address.
    #[error("port {} is taken; choose another one with --port, or 0 for any", .0.port())]
    Taken(SocketAddr),
    /// The system does not let the program listen at the address.
    #[error("cannot serve at {address}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no company to make credentials for.
    #[error("the sandbox has no company")]
    NoCompany,
}

/// The key that every sandbox of this program admits.
pub const KEY: &str = "FAKE-STANDALONE-KEY";

/// A sandbox that serves, until it is dropped. `Display` tells how to point a client at it.
#[derive(Debug)]
pub struct Running {
    server: Server,
    company: Uuid,
    introduction: String,
}

impl Running {
    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The company of [`KEY`].
    pub fn company(&self) -> Uuid {
        self.company
    }

    /// Waits until the process ends.
    pub fn join(self) {
        self.server.join();
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.introduction)
    }
}

impl Arguments {
    /// The same on a free port.
    #[must_use]
    pub fn on_free_port(self) -> Self {
        Self { port: 0, ..self }
    }
}

/// Starts to serve.
///
/// # Errors
/// When it cannot listen.
pub fn start(arguments: &Arguments) -> Result<Running, CannotServe> {
    let environment = match arguments.environment {
        Played::Staging => Environment::Staging,
        Played::Production => Environment::Production,
    };
    let sandbox = Sandbox::with_seed(environment, arguments.seed)
        .with_running_clock()
        .with_entries(arguments.entries.into());
    let companies = sandbox.companies();
    let company = *companies.first().ok_or(CannotServe::NoCompany)?;
    sandbox.admit(KEY, Grant::standalone_key(company));
    sandbox.admit("FAKE-INTEGRATED-KEY", Grant::integrated_key(company));
    sandbox.admit("FAKE-ACCESS-TOKEN", Grant::access_token(company));
    sandbox.register(OAuthClient {
        client_id: "FAKE-CLIENT".to_owned(),
        client_secret: arguments.client_secret.clone(),
        redirect_uris: arguments.redirect_uri.clone(),
        access_token_seconds: 3600,
        subject: Subject::Company(company),
    });
    for key in &arguments.key {
        let company = *companies.get(key.company).ok_or(CannotServe::NoCompany)?;
        sandbox.admit(&key.secret, key.grant(company, sandbox.now()));
    }
    sandbox.set_limit(arguments.limit.0);
    sandbox.show_unknown(arguments.show_unknown);
    for PlannedFault { path, fault, times } in &arguments.fault {
        (0..*times).for_each(|_| sandbox.inject(path, fault.clone()));
    }

    let address = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    let bound = if arguments.log {
        Server::bind_with_log(address, Arc::new(sandbox), |line| {
            // Nobody may be reading.
            let _ = writeln!(io::stderr(), "{line}");
        })
    } else {
        Server::bind(address, Arc::new(sandbox), false)
    };
    let server = bound.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => CannotServe::Taken(address),
        _ => CannotServe::Other { address, source },
    })?;
    let url = server.url();
    let redirects = arguments.redirect_uri.join(" ");
    let app = if arguments.client_secret.is_some() { "with your secret" } else { "public" };
    let introduction = format!(
        "A fake Pleo ({environment:?}) listens at {url}

company          {company}
standalone key   {KEY}   curl -u {KEY}: {url}/v1/introspect
integrated key   FAKE-INTEGRATED-KEY   curl -u FAKE-INTEGRATED-KEY: {url}/v1/introspect
access token     FAKE-ACCESS-TOKEN     curl -H 'Authorization: Bearer FAKE-ACCESS-TOKEN' {url}/v1/introspect
OAuth app        FAKE-CLIENT           {app}, redirect URI {redirects}

Point a client at it: PLEO_ENVIRONMENT={url} PLEO_API_KEY={KEY}
Everything is forgotten when it ends (Ctrl-C)."
    );
    Ok(Running { server, company, introduction })
}
