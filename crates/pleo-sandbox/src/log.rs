//! The lines of a log, which hold nothing that could be a secret.

use std::{collections::BTreeSet, sync::LazyLock, time::Duration};

use http::Method;
use pleo_client::operations;
use uuid::Uuid;

use crate::{oauth, route};

/// `GET /v1/companies/11111111… 200 0.4 ms`.
pub(crate) fn line(method: &Method, path: &str, outcome: &str, took: Duration) -> String {
    format!("{} {} {outcome} {:.1} ms", shown_method(method), shown_path(path), took.as_secs_f64() * 1000.0)
}

/// A method that HTTP defines (RFC 9110, section 9, and RFC 5789). Anything may be sent as another one.
fn shown_method(method: &Method) -> &str {
    const KNOWN: [Method; 9] = [
        Method::CONNECT,
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::POST,
        Method::PUT,
        Method::TRACE,
    ];

    if KNOWN.contains(method) { method.as_str() } else { "…" }
}

/// What is the same in every request to the path. Of an id, only the beginning is shown, because a client may have put
/// a credential in its place.
fn shown_path(path: &str) -> String {
    static LITERALS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
        let paths = operations::all().map(|operation| operation.path).chain(oauth::PATHS);
        paths.flat_map(|path| path.split('/')).map(route::literal).collect()
    });

    let shown = |segment: &str| {
        if LITERALS.contains(segment) {
            return segment.to_owned();
        }
        let (id, rest) = segment.split_at(segment.find(':').unwrap_or(segment.len()));
        let verb = if rest.is_empty() || LITERALS.contains(rest) { rest } else { "…" };
        match (id.len(), Uuid::parse_str(id)) {
            (36, Ok(id)) => format!("{:08x}…{verb}", id.as_fields().0),
            _ => "…".to_owned(),
        }
    };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555551";

    #[test]
    fn a_line_says_what_happened_and_how_long_it_took() {
        let path = format!("/v1/companies/{ID}");
        let line = line(&Method::GET, &path, "200", Duration::from_micros(1_260));
        assert_eq!(line, "GET /v1/companies/11111111… 200 1.3 ms");
    }

    #[test]
    fn only_what_every_request_has_is_shown_of_a_path() {
        for (path, shown) in [
            ("/v1/introspect", "/v1/introspect"),
            ("/oauth/token", "/oauth/token"),
            ("/v1/vendors:search", "/v1/vendors:search"),
            ("/v1/vendors/{}:archive", "/v1/vendors/11111111…:archive"),
            ("/v1/vendors/{}:FAKE-KEY", "/v1/vendors/11111111……"),
            ("/v0/tags/{}/dimensions/{}", "/v0/tags/11111111…/dimensions/11111111…"),
            ("/v1/companies/FAKE-KEY", "/v1/companies/…"),
            ("/v1/FAKE-KEY/introspect", "/v1/…/introspect"),
            ("/v1/introspect/", "/v1/introspect/"),
            ("*", "…"),
        ] {
            assert_eq!(shown_path(&path.replace("{}", ID)), shown);
        }
        assert_eq!(shown_path(&ID.replace('-', "")), "…");
    }

    #[test]
    fn a_method_that_a_client_invents_is_not_shown() {
        assert_eq!(shown_method(&Method::PATCH), "PATCH");
        assert_eq!(shown_method(&Method::from_bytes(b"FAKE-KEY").unwrap()), "…");
    }
}
