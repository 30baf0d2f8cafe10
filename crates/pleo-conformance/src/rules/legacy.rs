//! The legacy API is another API.

use super::{Check, FAQS, Rule, arrived, carrier, control};
use crate::{
    protocol::{Capability, Credential, CredentialKind, Send},
    trial::{ClientTrial, evidence::Judgement, lab::Site},
    verdict::{Level, Verdict},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "LEG-001",
        title: "Legacy tokens are not sent",
        statement: "A client MUST NOT send a token of the legacy API to the External API.",
        level: Level::Must,
        sources: &["Z17"],
        headings: &[FAQS],
        failure: "The legacy token arrives, as Bearer or Basic.",
        method: "Any operation with a legacy token as credential: the token may arrive at no other API. \
                 With a credential of the External API the same request has to be sent.",
        check: Check::Client { needs: &[Capability::Environments], check: legacy_token_is_not_sent },
    },
    Rule {
        id: "LEG-002",
        title: "Nothing new goes to the legacy API",
        statement: "A client MUST NOT send a credential of the External API to the legacy API's address.",
        level: Level::Must,
        sources: &["Z13", "Z18", "Z22"],
        headings: &[FAQS, super::BASE_URLS_KEYS],
        failure: "A key arrives at the address that stands in for https://openapi.pleo.io.",
        method: "Any credential with the legacy API's base URL: it may not arrive there.",
        check: Check::Client { needs: &[Capability::Environments], check: nothing_new_goes_to_legacy },
    },
];

fn legacy_token_is_not_sent(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        control(talk, case)?;
        let secret: String = case.secret.chars().rev().collect();
        talk.keep_secret(&secret, "legacy token");
        talk.lab().sandbox(case.site).admit_legacy(&secret);
        let credential = Credential {
            kind: CredentialKind::LegacyToken,
            environment: Site::Legacy.name().to_owned(),
            secret: Some(secret.clone()),
            ..case.credential()
        };
        let seen = talk.send_call(Send { credential, ..case.send(talk.lab()) })?;
        let elsewhere = seen.arrivals.iter().filter(|arrival| arrival.site != Site::Legacy);
        Ok(match carrier(elsewhere, &secret) {
            None => Judgement::Kept,
            Some(arrival) => Judgement::broken_by(
                arrival,
                "a token of the legacy API is sent to the External API",
                "a refusal, and no request",
                arrived(arrival),
            ),
        })
    })
}

fn nothing_new_goes_to_legacy(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        control(talk, case)?;
        let base_url = talk.lab().url(Site::Legacy);
        let seen = talk.send_call(Send { base_url, ..case.send(talk.lab()) })?;
        let there = seen.arrivals.iter().filter(|arrival| arrival.site == Site::Legacy);
        Ok(match carrier(there, &case.secret) {
            None => Judgement::Kept,
            Some(arrival) => Judgement::broken_by(
                arrival,
                "a credential of the External API is sent to the legacy API",
                "a refusal, and no request",
                arrived(arrival),
            ),
        })
    })
}
