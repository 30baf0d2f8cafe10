//! What a credential may do.

use http::StatusCode;
use pleo_sandbox::Grant;

use super::{Check, OVERVIEW_CONCEPTS, OVERVIEW_SCOPES, Rule, WORKFLOW_KEY, control};
use crate::{
    protocol::Capability,
    trial::{
        ClientTrial,
        case::{Case, needs_scopes},
        evidence::Judgement,
    },
    verdict::{Level, Verdict},
};

const SCOPES: &[Capability] = &[Capability::Scopes];
const ERRORS: &str = "Errors";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SCP-001",
        title: "What the scopes do not allow is refused",
        statement: "A client that knows the scopes of its credential SHOULD refuse an operation that needs \
                    others.",
        level: Level::Should,
        sources: &["Z47", "Z49"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_SCOPES, WORKFLOW_KEY],
        failure: "The request leaves, to be answered with 403.",
        method: "Any operation whose scopes are published, and a credential that is known to have others: \
                 nothing should arrive. With the right ones it has to.",
        check: Check::Client { needs: SCOPES, check: missing_scope_is_noticed },
    },
    Rule {
        id: "SCP-002",
        title: "What the scopes allow is sent",
        statement: "A client MUST NOT refuse an operation whose scopes the credential has.",
        level: Level::Must,
        sources: &["Z47"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_SCOPES],
        failure: "A credential with the published scopes is refused for want of others.",
        method: "Any operation whose scopes are published, and a credential that is known to have exactly \
                 those: it has to be sent, as with scopes that are not known.",
        check: Check::Client { needs: SCOPES, check: sufficient_scopes_suffice },
    },
    Rule {
        id: "SCP-003",
        title: "A 403 is an answer",
        statement: "A client SHOULD NOT repeat a request that was answered with 403: nothing has changed \
                    (RFC 9110, section 15.5.4).",
        level: Level::Should,
        sources: &["E3"],
        headings: &[OVERVIEW_SCOPES, ERRORS],
        failure: "The same request arrives again.",
        method: "Any operation whose scopes are published, and a credential that lacks them without the \
                 client knowing: the requests are counted.",
        check: Check::Client { needs: &[], check: forbidden_is_not_repeated },
    },
];

fn needed(case: &Case) -> Vec<String> {
    case.operation.scopes.unwrap_or_default().iter().map(|&scope| scope.to_owned()).collect()
}

fn missing_scope_is_noticed(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(needs_scopes).strategy();
    trial.each(cases, |talk, case| {
        control(talk, &Case { scopes: Some(needed(case)), ..case.clone() })?;
        let others = vec!["test:test".to_owned()];
        let seen = talk.send(&Case { scopes: Some(others), ..case.clone() })?;
        Ok(match seen.api().next() {
            None => Judgement::Kept,
            Some(arrival) => Judgement::broken_by(
                arrival,
                "a request is sent although the credential is known to lack the scope",
                format!("a refusal: it needs {} and has test:test", needed(case).join(" ")),
                "a request",
            ),
        })
    })
}

fn sufficient_scopes_suffice(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(needs_scopes).strategy();
    trial.each(cases, |talk, case| {
        control(talk, case)?;
        let scopes = needed(case);
        let expected = format!("a request, with the scopes {}", scopes.join(" "));
        let seen = talk.send(&Case { scopes: Some(scopes), ..case.clone() })?;
        Ok(Judgement::kept_if(seen.api().next().is_some(), || {
            let message = "a request is refused although the credential has its scopes";
            Judgement::broken(message, expected, seen.told())
        }))
    })
}

fn forbidden_is_not_repeated(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(needs_scopes).strategy();
    trial.each(cases, |talk, case| {
        // A client that sends everything twice shows nothing here.
        let usual = talk.aside(|talk| talk.send(case))?.api().count();
        let lab = talk.lab();
        let without: Grant = case.grant(lab).with_scopes(["test:test"]);
        lab.sandbox(case.site).admit(&case.secret, without);
        let send = case.send(lab);
        let seen = talk.send_call(send)?;
        let arrival = seen.first()?;
        if usual != 1 || arrival.exchange.reply.response.status() != StatusCode::FORBIDDEN {
            return Ok(Judgement::unclear("the request is not answered with 403, or usually not sent once"));
        }
        let count = seen.api().count();
        Ok(Judgement::kept_if(count == 1, || {
            let message = "a request that was answered with 403 is sent again";
            Judgement::broken_by(arrival, message, "1 request", format!("{count} requests"))
        }))
    })
}
