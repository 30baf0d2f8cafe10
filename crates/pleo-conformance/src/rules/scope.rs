//! What a credential may do.

use http::StatusCode;
use pleo_sandbox::Grant;

use super::{Check, ERRORS, OVERVIEW_CONCEPTS, OVERVIEW_SCOPES, Rule, WORKFLOW_KEY, control};
use crate::{
    protocol::{Capability, CredentialKind},
    trial::{
        ClientTrial,
        case::{Case, needs_scopes},
        evidence::Judgement,
    },
    verdict::{Level, Verdict},
};

const SCOPES: &[Capability] = &[Capability::Scopes];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SCP-001",
        title: "An operation outside the scopes is refused",
        statement: "A client that knows the scopes of its credential SHOULD refuse an operation that needs \
                    others.",
        level: Level::Should,
        level_reason: "The documents say what a key with too few scopes cannot do, but not that a client \
                       has to know it: the service rejects such a request itself.",
        sources: &["Z47", "Z49"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_SCOPES, WORKFLOW_KEY],
        failure: "The request is sent, and the service rejects it with 403.",
        method: "Any operation whose scopes are published, and a credential that is known to have others, almost \
                 the same, or what somebody might take for many scopes, such as `*`: nothing should be received. \
                 With the right scopes the request has to be sent.",
        check: Check::Client { needs: SCOPES, check: missing_scope_is_noticed },
    },
    Rule {
        id: "SCP-002",
        title: "An operation within the scopes is sent",
        statement: "A client MUST NOT refuse an operation whose scopes the credential has.",
        level: Level::Must,
        level_reason: "The key overview says that the scopes decide what a key can do. A client that \
                       refuses more than that makes the key useless.",
        sources: &["Z47"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_SCOPES],
        failure: "A credential with the published scopes is refused because it lacks others.",
        method: "Any operation, and a credential that is known to have the scopes that are published for it, \
                 alone or with others, or any scopes where none are published: the request has to be sent, \
                 as it has to when the scopes are not known.",
        check: Check::Client { needs: SCOPES, check: sufficient_scopes_suffice },
    },
    Rule {
        id: "SCP-003",
        title: "A 403 is final",
        statement: "A client SHOULD NOT repeat a request after a 403: nothing has changed (RFC 9110, section \
                    15.5.4).",
        level: Level::Should,
        level_reason: "RFC 9110, section 15.5.4, says that a client SHOULD NOT repeat the request with the \
                       same credentials.",
        sources: &["E3"],
        headings: &[OVERVIEW_SCOPES, ERRORS],
        failure: "The server receives the same request again.",
        method: "Any operation whose scopes are published, and a credential that lacks them without the \
                 client knowing: the requests are counted.",
        check: Check::Client { needs: &[], check: forbidden_is_not_repeated },
    },
];

fn needed(case: &Case) -> Vec<String> {
    case.operation.scopes.unwrap_or_default().iter().map(|&scope| scope.to_owned()).collect()
}

/// What is known instead of the scope that is needed, which consists of an area and an action. Each is near to it, or
/// looks as if it stood for more than one scope: the documents name no such scope.
const INSTEAD: [fn(&str, &str) -> String; 21] = [
    |_, _| "test:test".to_owned(),
    |area, action| format!("{area}:{}", if action == "read" { "write" } else { "read" }),
    |area, action| format!("{area}:{action}").to_ascii_uppercase(),
    |area, action| format!("{area}:{action}er"),
    |area, action| format!("{area}:{}", action.get(..action.len().saturating_sub(1)).unwrap_or_default()),
    |area, _| area.to_owned(),
    |area, action| format!("my-{area}:{action}"),
    |area, action| format!("{}:{action}", area.get(1..).unwrap_or_default()),
    |_, _| "*".to_owned(),
    |area, _| format!("{area}:*"),
    |area, _| format!("{area}*"),
    |_, action| format!("*:{action}"),
    |_, _| "*:*".to_owned(),
    |_, _| ".*".to_owned(),
    |area, _| format!("{area}:admin"),
    |_, _| "admin".to_owned(),
    |area, action| format!("{}:{action}", area.get(..area.len().saturating_sub(1)).unwrap_or_default()),
    |area, action| format!("{area}.{action}"),
    |area, action| format!("{}:{action}", area.replace('-', "_")),
    |area, action| format!("{}:{action}", area.replace('-', "")),
    |area, action| format!("{area}: {action}"),
];

/// Scopes that are not enough, in one of several ways; each is near to being enough.
fn lacking(needed: &[String], way: usize) -> Vec<String> {
    let (Some((last, rest)), Some(instead)) = (needed.split_last(), INSTEAD.get(way)) else {
        return Vec::new();
    };
    let (area, action) = last.rsplit_once(':').unwrap_or((last, ""));
    // Not every area has what another one is taken for.
    let instead = Some(instead(area, action)).filter(|instead| instead != last);
    rest.iter().cloned().chain([instead.unwrap_or_else(|| "test:test".to_owned())]).collect()
}

fn missing_scope_is_noticed(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().brought().of(needs_scopes).strategy();
    // One more than there are: no scopes at all.
    trial.each((cases, 0..=INSTEAD.len()), |talk, (case, way)| {
        let mut usual = Case { scopes: Some(needed(case)), ..case.clone() };
        // A client may keep the scopes with a pair.
        usual.circumstances.shared_session &= case.kind != CredentialKind::OauthTokens;
        control(talk, &usual)?;
        let others = lacking(&needed(case), *way);
        let has = if others.is_empty() { "none".to_owned() } else { others.join(" ") };
        let seen = talk.send(&Case { scopes: Some(others), ..case.plain() })?;
        Ok(match seen.requests(case).first() {
            None => Judgement::Pass,
            Some(received) => Judgement::fail_by(
                received,
                "a request is sent although the credential is known to lack the scope",
                format!("a refusal: it needs {} and has {has}", needed(case).join(" ")),
                "a request",
            ),
        })
    })
}

/// Scopes that are enough: those that are needed, alone or with others before or after them.
fn sufficient(needed: &[String], with: u8) -> Vec<String> {
    let others = || ["test:test", "users:read", "vendors:write"].map(str::to_owned).into_iter();
    let needed = needed.iter().cloned();
    match with {
        // Where none are published, no scopes at all may well be too few.
        0 if needed.len() > 0 => needed.collect(),
        1 => others().chain(needed).collect(),
        2 => needed.chain(others()).collect(),
        _ => others().take(1).chain(needed.rev()).chain(others().skip(1)).collect(),
    }
}

fn sufficient_scopes_suffice(trial: &mut ClientTrial<'_>) -> Verdict {
    // Where the scopes of an operation are not published, no set of them is known to be too small.
    let cases = trial.cases().brought().strategy();
    trial.each((cases, 0..4_u8), |talk, (case, with)| {
        control(talk, case)?;
        let scopes = sufficient(&needed(case), *with);
        let expected = format!("a request, with the scopes {}", scopes.join(" "));
        let seen = talk.send(&Case { scopes: Some(scopes), ..case.plain() })?;
        Ok(Judgement::pass_if(!seen.requests(case).is_empty(), || {
            let message = "a request is refused although the credential has its scopes";
            Judgement::fail(message, expected, seen.told())
        }))
    })
}

fn forbidden_is_not_repeated(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().given().of(needs_scopes).strategy();
    trial.each(cases, |talk, case| {
        // A client that sends everything twice shows nothing here.
        let case = case.plain();
        let usual = talk.aside(|talk| talk.send(&case))?.requests(&case).len();
        let servers = talk.servers();
        let without: Grant = case.grant(servers).with_scopes(["test:test"]);
        servers.sandbox(case.site).admit(&case.secret, without);
        let send = case.send(servers);
        let seen = talk.send_call(send)?;
        let received = seen.first(&case)?;
        if usual != 1 || received.exchange.reply.response.status() != StatusCode::FORBIDDEN {
            return Ok(Judgement::inconclusive(
                "the response to the request is not 403, or the request is usually not sent once",
            ));
        }
        let count = seen.requests(&case).len();
        Ok(Judgement::pass_if(count == 1, || {
            let message = "a request that got a 403 is sent again";
            Judgement::fail_by(received, message, "1 request", format!("{count} requests"))
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_that_lack_something_lack_it_in_every_way_and_others_never_do() {
        let needed = ["vendors:read", "tags:write"].map(str::to_owned);
        let ways: Vec<Vec<String>> = (0..=INSTEAD.len()).map(|way| lacking(&needed, way)).collect();
        assert!(ways.iter().all(|scopes| !scopes.contains(&needed[1])), "{ways:?}");
        assert_eq!(ways[1], ["vendors:read", "tags:read"]);
        assert_eq!(ways[4], ["vendors:read", "tags:writ"]);
        assert_eq!(ways[9], ["vendors:read", "tags:*"]);
        assert_eq!(ways[INSTEAD.len()], [""; 0]);
        let single = lacking(&["export-jobs:read".to_owned()], 16);
        assert_eq!(single, ["export-job:read"]);
        assert_eq!(lacking(&["export-jobs:read".to_owned()], 18), ["export_jobs:read"]);
        assert_eq!(lacking(&["vendors:read".to_owned()], 18), ["test:test"]);
        for with in 0..4 {
            assert!(needed.iter().all(|scope| sufficient(&needed, with).contains(scope)));
        }
        assert_eq!(sufficient(&needed, 0), needed);
        assert_eq!(sufficient(&[], 0), ["test:test", "users:read", "vendors:write"]);
        let [before, behind] = [1, 2].map(|with| sufficient(&needed, with));
        assert_eq!((&before[3..], &behind[..2]), (&needed[..], &needed[..]));
    }
}
