//! Which environment a request goes to.

use std::net::IpAddr;

use proptest::sample::select;

use super::{
    BASE_URLS, BASE_URLS_ENVIRONMENT, BASE_URLS_OPENING, Check, OVERVIEW_CONCEPTS, OVERVIEW_ENVIRONMENT,
    OVERVIEW_SECURITY, Rule, WORKFLOW_KEY, arrived, carrier, control,
};
use crate::{
    protocol::{Capability, Send},
    trial::{
        ClientTrial,
        case::Case,
        evidence::{Judgement, place},
        lab::Site,
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
        sources: &["Z1", "Z2", "Z5", "Z6", "V1"],
        headings: &[BASE_URLS_OPENING, BASE_URLS, BASE_URLS_ENVIRONMENT],
        failure: "A request for production arrives in staging, or the other way round.",
        method: "Any operation, credential and environment: where the request arrives.",
        check: Check::Client { needs: &[], check: arrives_in_environment },
    },
    Rule {
        id: "ENV-002",
        title: "A credential stays in its environment",
        statement: "A client MUST NOT send a credential to another environment than the one it was made in.",
        level: Level::Must,
        sources: &["Z7", "Z8", "Z9", "Z10", "Z49", "V6"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_ENVIRONMENT, WORKFLOW_KEY],
        failure: "A staging key arrives in production.",
        method: "Any credential with the other environment's base URL: it may not arrive there. With its \
                 own, it has to.",
        check: Check::Client { needs: ENVIRONMENTS, check: credential_stays },
    },
    Rule {
        id: "ENV-003",
        title: "Environment and credential change together",
        statement: "A client whose environment is changed MUST NOT go on with the old environment's \
                    credential.",
        level: Level::Must,
        sources: &["Z7", "Z10", "V8"],
        headings: &[OVERVIEW_ENVIRONMENT],
        failure: "After a change to production, the staging key arrives there.",
        method: "Two calls of one session, in one environment and then in the other, each with a credential \
                 of its own: which credential arrives with the second.",
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
        sources: &["Z3", "Z4", "V1"],
        headings: &[BASE_URLS],
        failure: "A built-in base URL is plain http, another host, or the legacy API's.",
        method: "The base URLs in the subject's hello.",
        check: Check::Client { needs: &[], check: built_in_addresses },
    },
    Rule {
        id: "ENV-005",
        title: "Look-alike addresses are refused",
        statement: "A client MUST NOT send a credential to an address that is not its environment's scheme, \
                    host and port, however much it looks like it.",
        level: Level::Must,
        sources: &["Z1", "Z2", "Z53"],
        headings: &[BASE_URLS_OPENING, BASE_URLS, OVERVIEW_SECURITY, WORKFLOW_KEY],
        failure: "The credential arrives at another host whose URL begins with, or contains, the right one.",
        method: "Base URLs of another server with the right one as user information, path, query or \
                 fragment, or with nothing but another port: the credential may not arrive there.",
        check: Check::Client { needs: ENVIRONMENTS, check: look_alikes_are_refused },
    },
];

fn arrives_in_environment(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        if let Some(stray) = seen.api().find(|arrival| arrival.site != case.site) {
            return Ok(Judgement::broken_by(
                stray,
                "a request arrives elsewhere than in the chosen environment",
                format!("a request at {}", place(case.site)),
                format!("a request at {}", place(stray.site)),
            ));
        }
        seen.first().map(|_| Judgement::Kept)
    })
}

fn credential_stays(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        control(talk, case)?;
        let base_url = talk.lab().url(case.site.other_environment());
        let seen = talk.send_call(Send { base_url, ..case.send(talk.lab()) })?;
        let elsewhere = seen.arrivals.iter().filter(|arrival| arrival.site != case.site);
        match carrier(elsewhere, &case.secret) {
            None => Ok(Judgement::Kept),
            Some(arrival) => Ok(Judgement::broken_by(
                arrival,
                "a credential is sent to the environment that it was not made in",
                "a refusal, and no request",
                arrived(arrival),
            )),
        }
    })
}

fn credential_changes_along(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        talk.send(case)?.first()?;
        let secret: String = case.secret.chars().rev().collect();
        let moved = Case { site: case.site.other_environment(), secret: secret.clone(), ..case.clone() };
        talk.keep_secret(&secret, "the other environment's secret");
        let seen = talk.send(&moved)?;
        let there = || seen.arrivals.iter().filter(|arrival| arrival.site == moved.site);
        if let Some(arrival) = carrier(there(), &case.secret) {
            return Ok(Judgement::broken_by(
                arrival,
                "after a change of environment the old credential is sent to the new one",
                "the new environment's credential",
                "the old environment's credential",
            ));
        }
        match carrier(there(), &secret) {
            Some(_) => Ok(Judgement::Kept),
            None => {
                Ok(Judgement::unclear(format!("the new credential does not arrive there: {}", seen.told())))
            }
        }
    })
}

fn built_in_addresses(trial: &mut ClientTrial<'_>) -> Verdict {
    const PUBLISHED: [(&str, &str); 2] =
        [("production", "https://external.pleo.io"), ("staging", "https://external.staging.pleo.io")];
    trial.once(|trial| {
        let built_in = &trial.introduction().base_urls;
        if built_in.is_empty() {
            return Judgement::unclear("the client names no built-in base URL");
        }
        for (name, url) in built_in {
            let origin = url.trim_end_matches('/').trim_end_matches(":443");
            let published = PUBLISHED.iter().find(|(environment, _)| environment == name);
            let right = match published {
                Some((_, published)) => origin == *published,
                // By another name it may be a second one for the same, or a server for tests.
                None => PUBLISHED.iter().any(|(_, published)| origin == *published) || is_loopback(origin),
            };
            if !right {
                return Judgement::broken(
                    "a built-in base URL is not one that Pleo publishes",
                    published.map_or_else(
                        || "https://external.pleo.io or https://external.staging.pleo.io".to_owned(),
                        |(environment, published)| format!("{environment}: {published}"),
                    ),
                    format!("{name}: {url}"),
                );
            }
        }
        Judgement::Kept
    })
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    host.is_some_and(|host| {
        host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    })
}

/// Addresses of the server `other` that look like `right`; both are a host and a port.
fn look_alikes(right: &str, other: &str) -> Vec<String> {
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
    ]
}

fn look_alikes_are_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    let tricks: Vec<usize> = (0..look_alikes("", "").len()).collect();
    let cases = trial.cases().strategy();
    trial.each((cases, select(tricks)), |talk, (case, trick)| {
        control(talk, case)?;
        let host = |url: String| url.replace("http://", "");
        let (right, other) = (host(talk.lab().url(case.site)), host(talk.lab().url(Site::Elsewhere)));
        let base_url = look_alikes(&right, &other)[*trick].clone();
        let seen = talk.send_call(Send { base_url: base_url.clone(), ..case.send(talk.lab()) })?;
        // The right address with something behind it is not a look-alike, and not what this is about.
        let strays = seen.arrivals.iter().filter(|arrival| arrival.site != case.site);
        match strays.into_iter().find(|arrival| carrier([*arrival], &case.secret).is_some()) {
            None => Ok(Judgement::Kept),
            Some(arrival) => Ok(Judgement::broken_by(
                arrival,
                "a credential is sent to an address that only looks like its environment's",
                "a refusal, and no request",
                format!("{}, for the base URL {base_url}", arrived(arrival)),
            )),
        }
    })
}
