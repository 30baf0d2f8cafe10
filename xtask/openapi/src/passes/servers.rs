//! The pass over `servers`, and what it knows of them.
//!
//! The client's environments decide the host of every request, so a document may only name hosts
//! that they know, and the path of its servers becomes part of each operation's path.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use url::Url;

use super::{Log, operations};
use crate::{Refusals, SpecError, pointer, walk};

/// What to do about an address that cannot be used.
const HELP: &str = "write the servers' whole addresses into `servers` with an overlay, such as \
                    https://external.pleo.io";

/// Moves the path of the document's servers into the paths, and drops servers of paths and operations
/// that are the document's.
pub(super) fn servers(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let own = Servers::read(log, "", document.get("servers"))?;
    own_servers(log, document, &own)?;
    if document.get("servers").is_some() {
        document["servers"] = own.origins.iter().map(|origin| json!({ "url": origin })).collect();
    }
    if own.path.is_empty() {
        return Ok(());
    }
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        *paths = std::mem::take(paths)
            .into_iter()
            .map(|(path, item)| {
                // One without a slash is refused later.
                let whole = if path.starts_with('/') { format!("{}{path}", own.path) } else { path };
                (whole, item)
            })
            .collect::<Map<_, _>>();
    }
    log.changed("/servers");
    Ok(())
}

/// Refuses servers of paths and operations, unless they are the document's, and drops those.
fn own_servers(log: &mut Log, document: &mut Value, own: &Servers) -> Result<(), SpecError> {
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        let at = pointer::push("/paths", path);
        let Some(item) = item.as_object_mut() else { continue };
        one_own(log, &at, item, own)?;
        for method in walk::METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                one_own(log, &pointer::push(&at, method), operation, own)?;
            }
        }
    }
    Ok(())
}

fn one_own(log: &mut Log, at: &str, part: &mut Map<String, Value>, own: &Servers) -> Result<(), SpecError> {
    let Some(servers) = part.get("servers") else { return Ok(()) };
    if Servers::read(log, at, Some(servers))? != *own {
        return Err(log.refuse(
            pointer::push(at, "servers"),
            "a path or operation with servers of its own, which are not those of the document",
            "take the `servers` out with an overlay `remove`, or describe the other host as an API of its own",
        ));
    }
    part.remove("servers");
    log.changed(pointer::push(at, "servers"));
    Ok(())
}

/// What a list of servers says.
#[derive(Debug, PartialEq, Eq)]
struct Servers {
    /// Scheme, host and port of each, without what is said twice.
    origins: BTreeSet<String>,
    /// The path that all of them share, without a slash at its end.
    path: String,
}

impl Servers {
    fn read(log: &Log, at: &str, servers: Option<&Value>) -> Result<Self, SpecError> {
        let at = pointer::push(at, "servers");
        let mut origins = BTreeSet::new();
        let mut paths = BTreeSet::new();
        for (index, server) in servers.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let at = format!("{at}/{index}");
            let refuse = |problem: String| log.refuse(pointer::push(&at, "url"), problem, HELP);
            let Some(text) = server.get("url").and_then(Value::as_str) else {
                return Err(log.refuse(&at, "a server without a `url`", HELP));
            };
            // A password stays where it is.
            let shown = if text.contains('@') { String::new() } else { format!(": {text:?}") };
            let url =
                address(text).map_err(|problem| refuse(format!("a server address {problem}{shown}")))?;
            origins.insert(url.origin().ascii_serialization());
            paths.insert(path(&url));
        }
        if paths.len() > 1 {
            let found = paths.iter().map(|path| format!("{path:?}")).collect::<Vec<_>>().join(" and ");
            return Err(log.refuse(at, format!("servers whose paths differ: {found}"), HELP));
        }
        Ok(Self { origins, path: paths.pop_first().unwrap_or_default() })
    }
}

/// The address of a server, or what is wrong with it.
fn address(text: &str) -> Result<Url, &'static str> {
    if text.contains(['{', '}']) {
        return Err("with variables");
    }
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => "that is relative",
        _ => "that is not a URL",
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("that is neither http nor https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("with a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("with a query or fragment");
    }
    // As it is written: the parser has resolved dots and escaped what has to be.
    let written = text.split_once("://").map_or("", |(_, rest)| rest);
    let written = written.find('/').map_or("", |start| &written[start..]);
    let plain = written.trim_end_matches('/') == path(&url) && !written.contains("//");
    if !plain || !written.chars().all(operations::is_in_path) {
        return Err("whose path cannot be sent as it is");
    }
    Ok(url)
}

/// The path of an address, without a slash at its end.
fn path(url: &Url) -> String {
    url.path().trim_end_matches('/').to_owned()
}

/// The path that the servers of a document share, without a slash at its end. Empty where they share none, or
/// one of them cannot be read.
pub fn shared_path(document: &Value) -> String {
    let servers = document.get("servers").and_then(Value::as_array);
    let mut paths = servers.into_iter().flatten().map(|server| {
        let url = address(server.get("url")?.as_str()?).ok()?;
        Some(path(&url))
    });
    let first = paths.next().flatten().unwrap_or_default();
    if paths.all(|path| path.as_ref() == Some(&first)) { first } else { String::new() }
}

/// Refuses a server that is not at one of these hosts, over https, on its usual port.
pub(crate) fn foreign_hosts(document: &str, value: &Value, hosts: &[&str]) -> Vec<SpecError> {
    let servers = value.get("servers").and_then(Value::as_array);
    let known = |url: &Url| {
        url.scheme() == "https"
            && url.port().is_none()
            && url.host_str().is_some_and(|host| hosts.contains(&host))
    };
    let refused = |(index, server): (usize, &Value)| {
        let text = server.get("url")?.as_str()?;
        // What is not an address at all is refused by the pass.
        let url = address(text).ok()?;
        (!known(&url)).then(|| {
            SpecError::new(
                document,
                format!("/servers/{index}/url"),
                format!("a server that no environment of the client knows: {text:?}"),
                format!(
                    "correct `servers` in an overlay if the API is at https://{}; another host needs a client of its own",
                    hosts.join(" or https://")
                ),
            )
        })
    };
    servers.into_iter().flatten().enumerate().filter_map(refused).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_or_refused_by_name() {
        for (text, expected) in [
            ("https://external.pleo.io", Ok("")),
            ("https://external.pleo.io/", Ok("")),
            ("https://external.pleo.io:443/a/b/", Ok("/a/b")),
            ("HTTPS://EXTERNAL.PLEO.IO/A", Ok("/A")),
            ("https://external.pleo.io/v{version}", Err("with variables")),
            ("/v1", Err("that is relative")),
            ("external.pleo.io", Err("that is relative")),
            ("", Err("that is relative")),
            ("//external.pleo.io", Err("that is relative")),
            ("https://", Err("that is not a URL")),
            ("ftp://external.pleo.io", Err("that is neither http nor https")),
            ("external.pleo.io:443", Err("that is neither http nor https")),
            ("https://me@external.pleo.io", Err("with a user name or password")),
            ("https://:secret@external.pleo.io", Err("with a user name or password")),
            ("https://external.pleo.io?a=b", Err("with a query or fragment")),
            ("https://external.pleo.io/#a", Err("with a query or fragment")),
            ("https://external.pleo.io/a/../b", Err("whose path cannot be sent as it is")),
            ("https://external.pleo.io/a//b", Err("whose path cannot be sent as it is")),
            ("https://external.pleo.io/a b", Err("whose path cannot be sent as it is")),
            ("https://external.pleo.io\\a", Err("whose path cannot be sent as it is")),
            ("https://external.pleo.io/é", Err("whose path cannot be sent as it is")),
        ] {
            assert_eq!(address(text).map(|url| path(&url)), expected.map(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn only_the_hosts_of_the_environments_are_known() {
        let refused = |url: &str| {
            let value = json!({ "servers": [{ "url": url }] });
            !foreign_hosts("a.yaml", &value, &["external.pleo.io"]).is_empty()
        };
        for own in ["https://external.pleo.io", "https://external.pleo.io/a", "https://External.Pleo.io:443/"]
        {
            assert!(!refused(own), "{own}");
        }
        for foreign in [
            "https://evil.example",
            "http://external.pleo.io",
            "https://external.pleo.io:8443",
            "https://external.pleo.io.",
            "https://external.pleo.io.evil.example",
            "https://10.0.0.1",
        ] {
            assert!(refused(foreign), "{foreign}");
        }
    }
}
