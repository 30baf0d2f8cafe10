//! Which company a request is for.

use http::Uri;
use pleo_client::{CompanyLocation, Operation};
use proptest::{prelude::*, strategy::Union};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Check, OVERVIEW_COMPANY, OVERVIEW_COMPARISON, OVERVIEW_CONCEPTS, Rule, WORKFLOW_REQUEST, control,
    each_request,
};
use crate::{
    protocol::{Capability, Parameter},
    trial::{
        case::{Case, needs_company, takes_company},
        client::{ClientTrial, Conversation},
        evidence::{Judgement, target},
        search::Stop,
        servers::ReceivedRequest,
    },
    verdict::{Level, Verdict},
};

/// The parameter by which a path names a company.
const IN_PATH: &str = "companyId";

const COMPANIES: &[Capability] = &[Capability::Companies];
const MULTI_ENTITY: &str = "Multi-entity and API scope";
const REFERENCE: &str = "API Reference: the operation's page";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "CMP-001",
        title: "The company is in the request",
        statement: "A client that is bound to a company MUST name it in every request of an operation that \
                    takes one.",
        level: Level::Must,
        level_reason: "The workflow guide asks for the right company id in each and every request.",
        sources: &["Z38", "Z39", "Z40", "Z41", "K7"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_COMPANY, WORKFLOW_REQUEST],
        failure: "The request does not name a company anywhere.",
        method: "Any operation that takes a company: the request is searched for it.",
        check: Check::Client { needs: COMPANIES, check: company_is_there },
    },
    Rule {
        id: "CMP-002",
        title: "The company is where the operation takes it",
        statement: "A client MUST name the company in the query or in the body, as the operation asks.",
        level: Level::Must,
        level_reason: "The key overview asks for requests that carry the company id, and the page of each \
                       operation says where. Elsewhere the service does not read it.",
        sources: &["Z39", "K13", "K15", "K18", "K19", "K22", "K24", "K25"],
        headings: &[OVERVIEW_COMPANY, REFERENCE],
        failure: "The company is in a header, or in the body of an operation that takes it in the query.",
        method: "Any operation that takes a company: the location of the company in the request.",
        check: Check::Client { needs: COMPANIES, check: company_is_in_its_place },
    },
    Rule {
        id: "CMP-003",
        title: "The company is spelled as the operation spells it",
        statement: "A client MUST use the name that the operation has for the company: `company_id` or \
                    `companyId`.",
        level: Level::Must,
        level_reason: "The service reads the name that the operation's page gives. Under another name the \
                       request has no company.",
        sources: &["Z39", "K13", "K14", "K16"],
        headings: &[OVERVIEW_COMPANY, REFERENCE],
        failure: "The request says `company_id` where the operation reads `companyId`, or the other way \
                  round.",
        method: "Any operation that takes a company: the name of the parameter or member.",
        check: Check::Client { needs: COMPANIES, check: company_is_spelled_right },
    },
    Rule {
        id: "CMP-004",
        title: "One company per request",
        statement: "A client MUST name the company once.",
        level: Level::Must,
        level_reason: "A key is for a single company. With two company ids it is up to the server which \
                       company a request reaches.",
        sources: &["Z37", "Z39", "K2"],
        headings: &[OVERVIEW_COMPANY, MULTI_ENTITY],
        failure: "The request names the company twice.",
        method: "Any operation that takes a company, with and without the bound one among its arguments: how \
                 often query and body name the company.",
        check: Check::Client { needs: COMPANIES, check: company_is_there_once },
    },
    Rule {
        id: "CMP-005",
        title: "The company is the bound one",
        statement: "A client MUST name the company that it is bound to, and no other.",
        level: Level::Must,
        level_reason: "The key overview asks for the company id that matches the key, so that a request \
                       stays in the intended company.",
        sources: &["Z37", "Z38", "Z39", "Z43", "K3"],
        headings: &[OVERVIEW_COMPANY, OVERVIEW_CONCEPTS],
        failure: "The request names another company.",
        method: "Any operation that takes a company: the id is compared.",
        check: Check::Client { needs: COMPANIES, check: company_is_the_bound_one },
    },
    Rule {
        id: "CMP-006",
        title: "A request for another company is refused",
        statement: "A client that is bound to a company MUST refuse a request that names another.",
        level: Level::Must,
        level_reason: "The key overview limits a key to one company, so a request for another cannot be \
                       what the user of the key intends.",
        sources: &["Z37", "Z39", "Z42", "Z45", "K2", "K11"],
        headings: &[OVERVIEW_COMPANY, OVERVIEW_CONCEPTS, OVERVIEW_COMPARISON],
        failure: "The request is sent, for one company or the other.",
        method: "Any operation that takes a company, with another one among its arguments, alone, before or after \
                 the bound one, or between two of it, which may differ from it in one digit: nothing may be \
                 received.",
        check: Check::Client { needs: COMPANIES, check: other_company_is_refused },
    },
    Rule {
        id: "CMP-007",
        title: "A missing company is noticed",
        statement: "A client SHOULD refuse an operation that needs a company when neither its arguments nor \
                    the client name one.",
        level: Level::Should,
        level_reason: "The documents ask for the company id, but not for a check before sending: the \
                       service rejects such a request itself.",
        sources: &["Z40", "Z41", "K7"],
        headings: &[WORKFLOW_REQUEST],
        failure: "The request is sent without a company, and the service rejects it.",
        method: "Any operation that requires a company, from a client that is not bound to one: nothing \
                 should be received. With the company among the arguments the request has to be sent.",
        check: Check::Client { needs: COMPANIES, check: missing_company_is_noticed },
    },
    Rule {
        id: "CMP-008",
        title: "An operation that takes no company gets none",
        statement: "A client SHOULD NOT add a company to an operation that does not take one.",
        level: Level::Should,
        level_reason: "The workflow guide asks for the company id in every request, so a client that always \
                       names it follows that page. The pages of these operations do not list it: the documents \
                       contradict each other.",
        sources: &["Z40", "K10", "K17"],
        headings: &[WORKFLOW_REQUEST, REFERENCE],
        failure: "`company_id` is in the query of an operation that does not have this parameter.",
        method: "Any operation that does not take a company: the request is searched for one.",
        check: Check::Client { needs: COMPANIES, check: no_company_where_none_is_taken },
    },
    Rule {
        id: "CMP-009",
        title: "Each call has its own company",
        statement: "A client MUST name the company that it is bound to at the time of the call, not that of an \
                    earlier call.",
        level: Level::Must,
        level_reason: "The key overview asks for requests to stay in the intended company, which is the one \
                       that the client is bound to at the time of the call.",
        sources: &["Z37", "Z39", "Z40", "Z42"],
        headings: &[OVERVIEW_COMPANY, WORKFLOW_REQUEST],
        failure: "After a change of company the request still names the first one.",
        method: "Three calls of one session, bound to one company, to another, and to none, in some cases after one \
                 that has to be refused: the companies in the requests.",
        check: Check::Client {
            needs: &[Capability::Companies, Capability::Sessions],
            check: each_call_has_its_company,
        },
    },
    Rule {
        id: "CMP-010",
        title: "An unbound client names the company that it is given",
        statement: "A client that is not bound to a company MUST name the one among the arguments, and MUST NOT \
                    name one that nobody gave it.",
        level: Level::Must,
        level_reason: "An empty or invented id is not the company id that belongs to the key.",
        sources: &["Z37", "Z39"],
        headings: &[OVERVIEW_COMPANY],
        failure: "The request has an empty company_id, or `null`, or has lost the one among the arguments.",
        method: "Any operation, with and without a company among its arguments (with one where the operation \
                 requires it), from a client that is not bound to one: the companies that the request names.",
        check: Check::Client { needs: COMPANIES, check: unbound_client_names_none },
    },
    Rule {
        id: "CMP-011",
        title: "The path stays within the company",
        statement: "A client that is bound to a company SHOULD refuse a request whose path names another.",
        level: Level::Should,
        level_reason: "The documents limit a key to one company, but name the query and the body as the \
                       place of the company id, not the path.",
        sources: &["Z37", "Z42"],
        headings: &[OVERVIEW_COMPANY, OVERVIEW_CONCEPTS],
        failure: "The request for another company's details is sent.",
        method: "Operations with a company in their path, which is not the bound one: nothing should be \
                 received.",
        check: Check::Client { needs: COMPANIES, check: other_company_in_path_is_refused },
    },
];

/// A place in a request where the company is named, or something is called as if it were.
#[derive(Debug, PartialEq, Eq)]
struct Mention {
    place: Place,
    name: String,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Query,
    Body,
    Header,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Query => "query",
            Self::Body => "body",
            Self::Header => "header",
        })
    }
}

impl Mention {
    fn told(&self) -> String {
        format!("{} {}={}", self.place, self.name, self.value)
    }
}

/// Whether a name says that a company is meant, however it is spelled.
pub(super) fn names_company(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    ["companyid", "xcompanyid", "pleocompanyid", "xpleocompanyid"]
        .contains(&letters.to_ascii_lowercase().as_str())
}

/// All mentions of a company in query, body and headers: by name, or by the id of `bound`.
fn mentions(received: &ReceivedRequest, bound: Option<Uuid>) -> Vec<Mention> {
    let request = &received.exchange.request;
    let is_bound = |value: &str| bound.is_some() && value.trim().parse().ok() == bound;
    let mut found = Vec::new();
    let mut look = |place, name: &str, value: &str| {
        if names_company(name) || is_bound(value) {
            found.push(Mention { place, name: name.to_owned(), value: value.to_owned() });
        }
    };
    for (name, value) in query(request.uri()) {
        look(Place::Query, &name, &value);
    }
    if let Ok(Value::Object(members)) = serde_json::from_slice(request.body()) {
        for (name, value) in &members {
            look(Place::Body, name, value.as_str().unwrap_or(&value.to_string()));
        }
    }
    for (name, value) in request.headers() {
        look(Place::Header, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    found
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// Where an operation takes the company, and by which name.
fn wanted(case: &Case) -> Option<(Place, &'static str)> {
    match case.operation.company {
        CompanyLocation::Nowhere => None,
        CompanyLocation::Query { name, .. } => Some((Place::Query, name)),
        CompanyLocation::Body { name, .. } => Some((Place::Body, name)),
    }
}

fn expected(case: &Case) -> String {
    match (wanted(case), case.company) {
        (Some((place, name)), Some(company)) => format!("{place} {name}={company}"),
        _ => "no company".to_owned(),
    }
}

fn told(mentions: &[Mention]) -> String {
    match mentions {
        [] => "no company".to_owned(),
        some => some.iter().map(Mention::told).collect::<Vec<_>>().join(", "),
    }
}

/// What the mentions of the company show: that a rule passes, how it fails, or nothing.
type Shown = Option<Result<(), &'static str>>;

/// Judges the mentions of the company in every request of a valid case.
fn each_mention(trial: &mut ClientTrial<'_>, judge: fn(&Case, &[Mention]) -> Shown) -> Verdict {
    let cases = trial.cases().of(takes_company).with_setbacks();
    each_request(trial, cases, |case, received, _| {
        let mentions = mentions(received, case.company);
        match judge(case, &mentions) {
            Some(Ok(())) => Judgement::Pass,
            Some(Err(message)) => Judgement::fail_by(received, message, expected(case), told(&mentions)),
            None => Judgement::inconclusive(format!("the request has {}", told(&mentions))),
        }
    })
}

fn company_is_there(trial: &mut ClientTrial<'_>) -> Verdict {
    each_mention(trial, |_, mentions| {
        Some(if mentions.is_empty() { Err("the request names no company") } else { Ok(()) })
    })
}

fn company_is_in_its_place(trial: &mut ClientTrial<'_>) -> Verdict {
    each_mention(trial, |case, mentions| {
        let (place, _) = wanted(case)?;
        if mentions.is_empty() {
            return None;
        }
        let there = mentions.iter().any(|mention| mention.place == place);
        Some(if there { Ok(()) } else { Err("the company is not where the operation takes it") })
    })
}

fn company_is_spelled_right(trial: &mut ClientTrial<'_>) -> Verdict {
    each_mention(trial, |case, mentions| {
        let (place, name) = wanted(case)?;
        let mut there = mentions.iter().filter(|mention| mention.place == place).peekable();
        there.peek()?;
        let right = there.any(|mention| mention.name == name);
        Some(if right {
            Ok(())
        } else {
            Err("the company is sent under a different name from the operation's")
        })
    })
}

fn company_is_there_once(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(takes_company).with_setbacks().strategy();
    trial.each((cases, any::<bool>()), |talk, (case, named)| {
        // The company may be among the arguments already.
        let case = &match case.company.filter(|_| *named) {
            Some(company) => case.naming(company),
            None => case.clone(),
        };
        let seen = talk.send(case)?;
        seen.first(case)?;
        Ok(Judgement::all(seen.requests(case).into_iter().map(|received| {
            // The service reads no company from headers, so one there does not count.
            let mut mentions = mentions(received, case.company);
            mentions.retain(|mention| mention.place != Place::Header);
            match mentions.len() {
                0 => Judgement::inconclusive("the request has no company"),
                1 => Judgement::Pass,
                _ => {
                    let message = "the company is named more than once";
                    Judgement::fail_by(received, message, expected(case), told(&mentions))
                }
            }
        })))
    })
}

fn company_is_the_bound_one(trial: &mut ClientTrial<'_>) -> Verdict {
    each_mention(trial, |case, mentions| {
        if mentions.is_empty() {
            return None;
        }
        // An id is text, not what it means: only upper and lower case are the same.
        let bound = names_only(mentions, case.company);
        Some(if bound { Ok(()) } else { Err("the request names another company than the bound one") })
    })
}

/// Whether a company can be among the arguments.
fn can_name(case: &Case) -> bool {
    match wanted(case) {
        Some((Place::Body, _)) => case.body.as_ref().is_some_and(Value::is_object),
        place => place.is_some(),
    }
}

/// Another company than that of a case.
pub(super) fn other_company(talk: &Conversation<'_, '_>, case: &Case, other: usize) -> Uuid {
    let companies = talk.servers().sandbox(case.site).companies();
    let others: Vec<Uuid> = companies.into_iter().filter(|other| Some(*other) != case.company).collect();
    others.get(other % others.len().max(1)).copied().unwrap_or_default()
}

/// The same case with another company among its arguments, in the location where the operation takes it.
pub(super) fn naming_another(talk: &Conversation<'_, '_>, case: &Case, other: usize) -> Case {
    case.plain().naming(other_company(talk, case, other))
}

fn other_company_is_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(takes_company).strategy();
    // Whether the bound company is named before and after the other one, where there can be several.
    let beside = (any::<bool>(), any::<bool>());
    let alike = prop::option::weighted(0.3, any::<usize>());
    trial.each((cases, any::<usize>(), alike, beside), |talk, (case, other, alike, (before, after))| {
        control(talk, case)?;
        let mut another = match (alike, case.company) {
            (Some(digit), Some(company)) => case.plain().naming(with_other_digit(company, *digit)),
            _ => naming_another(talk, case, *other),
        };
        if let (Some((Place::Query, name)), Some(company)) = (wanted(case), case.company) {
            let bound = Parameter { name: name.to_owned(), value: company.to_string() };
            if *before {
                another.query.insert(0, bound.clone());
            }
            if *after {
                another.query.push(bound);
            }
        }
        judge_other_company(talk, case, &another)
    })
}

/// A company whose id differs in one digit, the first or the last among them.
fn with_other_digit(company: Uuid, which: usize) -> Uuid {
    // Neither the version nor the variant of the id changes.
    const DIGITS: [u32; 6] = [31, 0, 30, 1, 20, 8];
    Uuid::from_u128(company.as_u128() ^ (1 << (4 * (31 - DIGITS[which % DIGITS.len()]))))
}

fn other_company_in_path_is_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(|operation| operation.path.contains(IN_PATH)).strategy();
    trial.each((cases, any::<usize>()), |talk, (case, other)| {
        control(talk, case)?;
        let mut another = case.plain();
        another.path.insert(IN_PATH.to_owned(), other_company(talk, case, *other).to_string());
        judge_other_company(talk, case, &another)
    })
}

/// Has a request sent that names another company.
fn judge_other_company(
    talk: &mut Conversation<'_, '_>,
    case: &Case,
    another: &Case,
) -> Result<Judgement, Stop> {
    let seen = talk.send(another)?;
    Ok(match seen.requests(case).first() {
        None => Judgement::Pass,
        Some(received) => Judgement::fail_by(
            received,
            "a request that names another company than the bound one is sent",
            "a refusal, and no request",
            format!(
                "{}, with {}",
                target(&received.exchange.request),
                told(&mentions(received, case.company))
            ),
        ),
    })
}

fn missing_company_is_noticed(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(needs_company).unbound().strategy();
    trial.each(cases, |talk, case| {
        let company = talk.servers().sandbox(case.site).companies().first().copied().unwrap_or_default();
        control(talk, &case.naming(company))?;
        let seen = talk.send(&case.plain())?;
        Ok(match seen.requests(case).first() {
            None => Judgement::Pass,
            Some(received) => Judgement::fail_by(
                received,
                "an operation that needs a company is sent without one",
                "a refusal, and no request",
                told(&mentions(received, None)),
            ),
        })
    })
}

fn no_company_where_none_is_taken(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(|operation| !takes_company(operation));
    each_request(trial, cases, |case, received, _| {
        let added = mentions(received, case.company);
        Judgement::pass_if(added.is_empty(), || {
            let message = "a company is added to an operation that takes none";
            Judgement::fail_by(received, message, "no company", told(&added))
        })
    })
}

fn each_call_has_its_company(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(takes_company);
    trial.each((cases.strategy(), any::<usize>(), any::<bool>()), |talk, (case, other, refused)| {
        let first = case.plain();
        let second = Case { company: Some(other_company(talk, case, *other)), ..case.plain() };
        let third = Case { company: None, ..case.plain() };
        // A call that the client refuses is not one that it has made.
        let conflict = refused.then(|| naming_another(talk, case, *other));
        let named = mentions(talk.send(&first)?.first(case)?, first.company);
        if !names_only(&named, first.company) {
            return Ok(Judgement::inconclusive("the first call does not name its company"));
        }
        let mut judgements = Vec::new();
        for call in [second, third] {
            if call.company.is_none() && needs_company(case.operation) {
                continue;
            }
            if let Some(conflict) = conflict.as_ref().filter(|_| call.company.is_none()) {
                talk.call(conflict)?;
            }
            let seen = talk.send(&call)?;
            let received = seen.first(case)?;
            let named = mentions(received, call.company);
            let right = match call.company {
                Some(_) => names_only(&named, call.company),
                None => named.is_empty(),
            };
            judgements.push(Judgement::pass_if(right, || {
                let message = "a later call of a session does not name its own company";
                Judgement::fail_by(received, message, expected(&call), told(&named))
            }));
        }
        Ok(Judgement::all(judgements))
    })
}

/// Whether a company is named, and no other.
fn names_only(named: &[Mention], company: Option<Uuid>) -> bool {
    let company = company.map(|company| company.to_string()).unwrap_or_default();
    !named.is_empty() && named.iter().all(|mention| mention.value.eq_ignore_ascii_case(&company))
}

fn unbound_client_names_none(trial: &mut ClientTrial<'_>) -> Verdict {
    let of = |sort: fn(&Operation) -> bool| trial.cases().of(sort).unbound().with_setbacks().strategy();
    let free = of(|operation| !needs_company(operation));
    let bodies = of(|operation| matches!(operation.company, CompanyLocation::Body { .. }));
    let queries = of(|operation| matches!(operation.company, CompanyLocation::Query { .. }));
    let cases = Union::new_weighted(vec![(3, free.boxed()), (1, bodies.boxed()), (1, queries.boxed())]);
    trial.each((cases, any::<usize>(), any::<bool>()), |talk, (case, other, given)| {
        let given = *given || needs_company(case.operation);
        let company = given.then(|| other_company(talk, case, *other)).filter(|_| can_name(case));
        if company.is_none() && needs_company(case.operation) {
            return Ok(Judgement::inconclusive("there is no place for the company that the operation needs"));
        }
        let case = &company.map_or_else(|| case.clone(), |company| case.naming(company));
        let seen = talk.send(case)?;
        seen.first(case)?;
        Ok(Judgement::all(seen.requests(case).into_iter().map(|received| {
            let named = mentions(received, company);
            let right = company.map_or(named.is_empty(), |_| names_only(&named, company));
            Judgement::pass_if(right, || {
                let message = "a client that is bound to no company names another one than it is given";
                let expected = expected(&Case { company, ..case.clone() });
                Judgement::fail_by(received, message, expected, told(&named))
            })
        })))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_nearly_the_bound_one_differs_in_one_digit() {
        let company: Uuid = "11111111-2222-4333-8444-555555555554".parse().unwrap();
        for (which, other) in [
            "11111111-2222-4333-8444-555555555555",
            "01111111-2222-4333-8444-555555555554",
            "11111111-2222-4333-8444-555555555544",
            "10111111-2222-4333-8444-555555555554",
            "11111111-2222-4333-8444-455555555554",
            "11111111-3222-4333-8444-555555555554",
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(with_other_digit(company, which).to_string(), other);
            assert_eq!(with_other_digit(company, which + 6).to_string(), other);
        }
    }
}
