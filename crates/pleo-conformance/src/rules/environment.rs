//! Which environment a request goes to.

use std::net::IpAddr;

use proptest::prelude::*;

use super::{
    BASE_URLS, BASE_URLS_ENVIRONMENT, BASE_URLS_OPENING, Check, OVERVIEW_CONCEPTS, OVERVIEW_ENVIRONMENT,
    OVERVIEW_SECURITY, Rule, WORKFLOW_KEY, carrier, control, received_at,
    trouble::{SILENT, Trouble, send_astray, send_into, send_to, troubles},
};
use crate::{
    protocol::{Capability, CredentialKind},
    trial::{
        ClientTrial,
        case::{Case, UNUSED},
        client::is_oauth,
        evidence::{Judgement, place},
        search::Stop,
        servers::Site,
    },
    verdict::{Level, Verdict},
};

const ENVIRONMENTS: &[Capability] = &[Capability::Environments];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ENV-001",
        title: "The base URL decides the environment",
        statement: "A client MUST send each request to the base URL of the environment that was chosen.",
        level: Level::Must,
        level_reason: "The base URL page says that the base URL alone decides which environment gets the \
                       request.",
        sources: &["Z1", "Z2", "Z5", "Z6", "V1"],
        headings: &[BASE_URLS_OPENING, BASE_URLS, BASE_URLS_ENVIRONMENT],
        failure: "Staging receives a request for production, or the other way round.",
        method: "Any operation, credential and environment, with successful and failing responses, with none in \
                 time, and with connections that are refused, dropped or reset: the servers that receive requests.",
        check: Check::Client { needs: &[], check: arrives_in_environment },
    },
    Rule {
        id: "ENV-002",
        title: "A credential stays in its environment",
        statement: "A client MUST NOT send a credential to an environment other than the one in which it was \
                    made.",
        level: Level::Must,
        level_reason: "The key overview says that a key must not be used in another environment.",
        sources: &["Z7", "Z8", "Z9", "Z10", "Z49", "V6"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_ENVIRONMENT, WORKFLOW_KEY],
        failure: "Production receives a staging key.",
        method: "Any credential with the other environment's base URL, in a new session or after a valid \
                 call, and once more after a refusal: the other environment may not receive it. With its own base \
                 URL the credential has to be sent.",
        check: Check::Client { needs: ENVIRONMENTS, check: credential_stays },
    },
    Rule {
        id: "ENV-003",
        title: "Environment and credential change together",
        statement: "A client whose environment is changed MUST NOT keep using the old environment's \
                    credential.",
        level: Level::Must,
        level_reason: "Each environment has credentials of its own, and the key overview forbids using one \
                       in another environment.",
        sources: &["Z7", "Z10", "V8"],
        headings: &[OVERVIEW_ENVIRONMENT],
        failure: "After a change to production, production receives the staging key, or staging receives the \
                  production key.",
        method: "Two calls of one session, in one environment and then in the other, each with its own \
                 credential, and in some cases a third in the first again: the credentials that each server \
                 receives.",
        check: Check::Client {
            needs: &[Capability::Environments, Capability::Sessions],
            check: credential_changes_along,
        },
    },
    Rule {
        id: "ENV-004",
        title: "The built-in addresses are Pleo's",
        statement: "A client MUST use https://external.pleo.io for production and \
                    https://external.staging.pleo.io for staging.",
        level: Level::Must,
        level_reason: "The base URL page gives both addresses. Any other address is not Pleo's.",
        sources: &["Z3", "Z4", "V1"],
        headings: &[BASE_URLS],
        failure: "A built-in base URL uses plain http, names another host, or is that of the legacy API.",
        method: "The base URLs in the client's `hello`.",
        check: Check::Client { needs: &[], check: built_in_addresses },
    },
    Rule {
        id: "ENV-005",
        title: "Look-alike addresses are refused",
        statement: "A client MUST NOT send a credential to an address that is not its environment's scheme, \
                    host and port, however much it looks like it.",
        level: Level::Must,
        level_reason: "A key must never become public, and the base URL page names the only two addresses \
                       that it is for.",
        sources: &["Z1", "Z2", "Z53"],
        headings: &[BASE_URLS_OPENING, BASE_URLS, OVERVIEW_SECURITY, WORKFLOW_KEY],
        failure: "Another host whose URL begins with, or contains, the right one receives the credential.",
        method: "Base URLs of another server that have the right one as user information, path, query or \
                 fragment, or that differ only in the port, and the base URL of the authorisation server: neither server \
                 may receive the credential, except in requests for tokens.",
        check: Check::Client { needs: ENVIRONMENTS, check: look_alikes_are_refused },
    },
];

fn arrives_in_environment(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().strategy();
    let troubles = troubles(trial);
    trial.each((cases, troubles), |talk, (case, (trouble, times))| {
        talk.prepare(case)?;
        let seen = send_into(talk, case, *trouble, *times)?;
        if let Some(stray) = seen.api().find(|received| received.site != case.site) {
            return Ok(Judgement::fail_by(
                stray,
                "a request is sent to another server than the chosen environment's",
                format!("a request at {}", place(case.site)),
                format!("a request at {}", place(stray.site)),
            ));
        }
        match trouble {
            Trouble::Silence => Ok(Judgement::inconclusive(SILENT)),
            _ => seen.first(case).map(|_| Judgement::Pass),
        }
    })
}

fn credential_stays(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().strategy();
    trial.each(cases, |talk, case| {
        control(talk, case)?;
        let seen = send_astray(talk, case, case.site.other_environment())?;
        let strays = seen.api().filter(|received| received.site != case.site);
        match carrier(strays, &talk.credentials(case)) {
            None => Ok(Judgement::Pass),
            Some(received) => Ok(Judgement::fail_by(
                received,
                "a credential is sent to the environment that it was not made in",
                "a refusal, and no request",
                received_at(received),
            )),
        }
    })
}

fn credential_changes_along(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().strategy();
    trial.each((cases, any::<bool>()), |talk, (case, back)| {
        talk.send(&case.used())?.first(case)?;
        let old = talk.credentials(case);
        let mut moved = Case { site: case.site.other_environment(), ..case.with_other_secret() };
        moved.circumstances.past = UNUSED;
        if case.kind == CredentialKind::OauthSession {
            // There are no tokens of the new environment: the user has not authorised the app there.
            let seen = talk.call(&moved.plain())?;
            let strays = seen.received.iter().filter(|received| !received.site.is_of(case.site));
            return Ok(match carrier(strays, &old) {
                None => Judgement::Pass,
                Some(received) => Judgement::fail_by(
                    received,
                    "after a change of environment the old token is sent to the new one",
                    "a refusal, and no request",
                    received_at(received),
                ),
            });
        }
        talk.keep_secret(&moved.secret, "the other environment's secret");
        talk.keep_secret(&moved.refresh_token, "the other environment's refresh token");
        let (old, new) = (talk.credentials(case), [moved.secret.clone(), moved.refresh_token.clone()]);
        let old = [old, vec![case.refresh_token.clone()]].concat();
        let seen = talk.send(&moved)?;
        let (there, elsewhere): (Vec<_>, Vec<_>) =
            seen.received.iter().partition(|received| received.site.is_of(moved.site));
        if let Some(received) = carrier(there.iter().copied(), &old) {
            return Ok(Judgement::fail_by(
                received,
                "after a change of environment the old credential is sent to the new one",
                "the new environment's credential",
                "the old environment's credential",
            ));
        }
        if let Some(received) = carrier(elsewhere, &new) {
            return Ok(Judgement::fail_by(
                received,
                "after a change of environment the new credential is sent to the old one",
                format!("the new credential at {}", place(moved.site)),
                received_at(received),
            ));
        }
        // A pair that has expired is renewed there.
        if carrier(there, &new).is_none() {
            let reason = format!("the new credential is not received there: {}", seen.told());
            return Ok(Judgement::Inconclusive(reason));
        }
        if !back {
            return Ok(Judgement::Pass);
        }
        // The way back is a change as well.
        let seen = talk.call(&case.plain())?;
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            seen.received.iter().partition(|received| received.site.is_of(case.site));
        Ok(match carrier(elsewhere, &old).or_else(|| carrier(here, &new)) {
            None => Judgement::Pass,
            Some(received) => Judgement::fail_by(
                received,
                "after a change of environment and back, credential and server belong to different ones",
                format!("the first credential at {}", place(case.site)),
                received_at(received),
            ),
        })
    })
}

fn built_in_addresses(trial: &mut ClientTrial<'_>) -> Verdict {
    const PUBLISHED: [(&str, &str); 2] =
        [("production", "https://external.pleo.io"), ("staging", "https://external.staging.pleo.io")];
    trial.once(|trial| {
        let built_in = &trial.introduction().base_urls;
        if built_in.is_empty() {
            return Err(Stop::Skip("the client names no built-in base URL".to_owned()));
        }
        for (name, url) in built_in {
            // Scheme and host have no case (RFC 3986, section 6.2.2.1).
            let origin = url.trim_end_matches('/').trim_end_matches(":443").to_ascii_lowercase();
            let origin = origin.as_str();
            let published = PUBLISHED.iter().find(|(environment, _)| environment == name);
            let right = match published {
                Some((_, published)) => origin == *published,
                // By another name it may be a second one for the same, or a server for tests.
                None => PUBLISHED.iter().any(|(_, published)| origin == *published) || is_loopback(origin),
            };
            if !right {
                return Ok(Judgement::fail(
                    "a built-in base URL is not one that Pleo publishes",
                    published.map_or_else(
                        || "https://external.pleo.io or https://external.staging.pleo.io".to_owned(),
                        |(environment, published)| format!("{environment}: {published}"),
                    ),
                    format!("{name}: {url}"),
                ));
            }
        }
        Ok(Judgement::Pass)
    })
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    host.is_some_and(|host| {
        host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    })
}

/// Addresses of the server `other` that look like `right`, and the one where tokens are asked for; all are a host and a
/// port.
fn look_alikes(right: &str, other: &str, authorization_server: &str) -> Vec<String> {
    vec![
        format!("http://{other}"),
        format!("http://{right}@{other}"),
        format!("http://{right}%40@{other}"),
        format!("http://{other}/{right}"),
        format!("http://{other}/http://{right}"),
        format!("http://{other}?http://{right}"),
        format!("http://{other}#http://{right}"),
        format!("http://{}", other.replace("127.0.0.1", "localhost")),
        format!("http://{}", other.replace("127.0.0.1", "127.1")),
        format!("http://{authorization_server}"),
    ]
}

fn look_alikes_are_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    let tricks = look_alikes("", "", "").len();
    let cases = trial.cases().with_setbacks().strategy();
    trial.each((cases, 0..tricks), |talk, (case, trick)| {
        control(talk, case)?;
        let authorization_server = case.site.authorization_server();
        let [right, other, asked] = [case.site, Site::Untrusted, authorization_server]
            .map(|site| talk.servers().url(site).replace("http://", ""));
        let base_url = look_alikes(&right, &other, &asked)[*trick].clone();
        let seen = send_to(talk, case, base_url.clone())?;
        // The right address with something behind it is not a look-alike, and not what this is about. The
        // authorisation server is to receive what is about tokens.
        let strays =
            seen.received.iter().filter(|received| received.site != case.site && !is_oauth(received));
        match carrier(strays, &talk.credentials(case)) {
            None => Ok(Judgement::Pass),
            Some(received) => Ok(Judgement::fail_by(
                received,
                "a credential is sent to an address that only looks like its environment's",
                "a refusal, and no request",
                format!("{}, for the base URL {base_url}", received_at(received)),
            )),
        }
    })
}
