//! The servers that stand in for Pleo while a client is judged.

use std::io;

use bytes::Bytes;
use http::Request;
use pleo_sandbox::{Environment, Exchange, Reply, Sandbox, Server};
use serde::{Deserialize, Serialize};

use crate::protocol::{Addresses, Hello, VERSION};

/// What the authorisation servers' codes and tokens are made from, so that runs can be repeated.
const SEED: u64 = 1;

/// A server of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Site {
    /// In the place of `https://external.staging.pleo.io`.
    Staging,
    /// In the place of `https://external.pleo.io`.
    Production,
    /// In the place of the legacy API.
    Legacy,
    /// Where nothing may ever be sent.
    Elsewhere,
    /// No part of the lab: a service that is judged itself.
    Service,
}

impl Site {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Staging, Self::Production, Self::Legacy, Self::Elsewhere];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Legacy => "legacy",
            Self::Elsewhere => "elsewhere",
            Self::Service => "service",
        }
    }

    /// The other environment of Pleo's two.
    #[must_use]
    pub(crate) const fn other_environment(self) -> Self {
        match self {
            Self::Staging => Self::Production,
            _ => Self::Staging,
        }
    }
}

/// A request that arrived somewhere in the lab.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Where.
    pub(crate) site: Site,
    /// The request and its answer.
    pub(crate) exchange: Exchange,
}

/// Two sandboxes of the External API, a legacy API, and a place where nothing may ever be sent.
#[derive(Debug)]
pub(crate) struct Lab {
    staging: Sandbox,
    production: Sandbox,
    /// In the order of [`Site::ALL`].
    servers: [Server; 4],
}

impl Lab {
    /// Starts all servers.
    ///
    /// # Errors
    /// When a socket or a thread cannot be made.
    pub(crate) fn start() -> io::Result<Self> {
        let sandbox = |environment| {
            let sandbox = Sandbox::with_seed(environment, SEED);
            sandbox.set_limit(None);
            sandbox
        };
        let (staging, production) = (sandbox(Environment::Staging), sandbox(Environment::Production));
        let recorder = |_: &Request<Bytes>| Reply::from(http::Response::new(Bytes::from_static(b"{}")));
        let servers = [
            Server::start(staging.clone())?,
            Server::start(production.clone())?,
            Server::start(recorder)?,
            Server::start(recorder)?,
        ];
        Ok(Self { staging, production, servers })
    }

    /// The sandbox of an environment; that of staging for what is none.
    pub(crate) fn sandbox(&self, site: Site) -> &Sandbox {
        match site {
            Site::Production => &self.production,
            _ => &self.staging,
        }
    }

    /// The address of a site, without a slash at its end.
    pub(crate) fn url(&self, site: Site) -> String {
        self.servers.get(site as usize).map(Server::url).unwrap_or_default()
    }

    /// What the runner tells a subject about the lab.
    pub(crate) fn hello(&self) -> Hello {
        let addresses = |site| Addresses { base_url: self.url(site), authorization_server: self.url(site) };
        Hello {
            protocol: VERSION,
            environments: [Site::Staging, Site::Production]
                .map(|site| (site.name().to_owned(), addresses(site)))
                .into(),
            legacy_base_url: self.url(Site::Legacy),
        }
    }

    /// Takes what has arrived since the last time, site by site.
    pub(crate) fn take_arrivals(&self) -> Vec<Arrival> {
        Site::ALL
            .into_iter()
            .flat_map(|site| {
                let exchanges = self.servers[site as usize].take_exchanges();
                exchanges.into_iter().map(move |exchange| Arrival { site, exchange })
            })
            .collect()
    }
}
