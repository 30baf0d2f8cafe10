//! The legacy API is another API.

use super::{
    Check, FAQS, Rule, carrier, control, received_at,
    trouble::{Trouble, send_astray, send_into, troubles},
};
use crate::{
    protocol::{Capability, Credential, CredentialKind, Send},
    trial::{
        ClientTrial,
        case::Case,
        client::{Conversation, Seen},
        evidence::Judgement,
        search::Stop,
        servers::Site,
    },
    verdict::{Level, Verdict},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "LEG-001",
        title: "Legacy tokens are not sent",
        statement: "A client MUST NOT send a token of the legacy API to the External API.",
        level: Level::Must,
        level_reason: "The FAQs of the documents say that legacy tokens do not work on the External API. \
                       Sending one only exposes it.",
        sources: &["Z17"],
        headings: &[FAQS],
        failure: "The External API receives the legacy token, as Bearer or Basic.",
        method: "Any operation with a legacy token as its credential, and once more after a refusal: no other API \
                 may receive the token. With a credential of the External API the same request has to be sent.",
        check: Check::Client { needs: &[Capability::Environments], check: legacy_token_is_not_sent },
    },
    Rule {
        id: "LEG-002",
        title: "New credentials are not sent to the legacy API",
        statement: "A client MUST NOT send a credential of the External API to the legacy API's address.",
        level: Level::Must,
        level_reason: "The FAQs of the documents say that new keys do not work on the legacy API. Sending \
                       one only exposes it.",
        sources: &["Z13", "Z18", "Z22"],
        headings: &[FAQS, super::BASE_URLS_KEYS],
        failure: "https://openapi.pleo.io receives a key.",
        method: "Any credential with the legacy API's base URL, and requests to the External API that fail \
                 in any way, also without a connection or a response: the legacy API may not receive the credential.",
        check: Check::Client { needs: &[Capability::Environments], check: nothing_new_goes_to_legacy },
    },
];

fn legacy_token_is_not_sent(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().given().with_setbacks().strategy();
    trial.each(cases, |talk, case| {
        control(talk, case)?;
        let seen = send_legacy_token(talk, case)?;
        let strays = seen.api().filter(|received| received.site != Site::Legacy);
        Ok(match carrier(strays, &[&case.other_secret]) {
            None => Judgement::Pass,
            Some(received) => Judgement::fail_by(
                received,
                "a token of the legacy API is sent to the External API",
                "a refusal, and no request",
                received_at(received),
            ),
        })
    })
}

/// Has the client set up with a token of the legacy API: the case's other secret.
pub(super) fn send_legacy_token(talk: &mut Conversation<'_, '_>, case: &Case) -> Result<Seen, Stop> {
    let token = &case.other_secret;
    talk.keep_secret(token, "legacy token");
    talk.servers().sandbox(case.site).admit_legacy(token);
    let credential = Credential {
        kind: CredentialKind::LegacyToken,
        environment: Site::Legacy.name().to_owned(),
        secret: Some(token.clone()),
        tokens: None,
        ..case.credential()
    };
    let send = Send { credential, ..case.send(talk.servers()) };
    talk.dare(case, send)
}

fn nothing_new_goes_to_legacy(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().strategy();
    let troubles = troubles(trial);
    trial.each((cases, troubles), |talk, (case, (trouble, times))| {
        control(talk, case)?;
        let seen = match trouble {
            Trouble::Nothing => send_astray(talk, case, Site::Legacy)?,
            // No trouble with the External API is a reason to turn to the legacy one.
            trouble => send_into(talk, case, *trouble, *times)?,
        };
        let there = seen.received.iter().filter(|received| received.site == Site::Legacy);
        Ok(match carrier(there, &talk.credentials(case)) {
            None => Judgement::Pass,
            Some(received) => Judgement::fail_by(
                received,
                "a credential of the External API is sent to the legacy API",
                "a refusal, and no request",
                received_at(received),
            ),
        })
    })
}
