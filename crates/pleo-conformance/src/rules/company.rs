//! Which company a request is for.

use http::Uri;
use pleo_client::CompanyPlace;
use proptest::{prelude::*, sample::Index};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Check, OVERVIEW_COMPANY, OVERVIEW_COMPARISON, OVERVIEW_CONCEPTS, Rule, WORKFLOW_REQUEST, control,
};
use crate::{
    protocol::{Capability, Parameter},
    trial::{
        case::{Case, takes_company},
        client::{ClientTrial, Seen},
        evidence::Judgement,
        lab::Arrival,
    },
    verdict::{Level, Verdict},
};

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
        sources: &["Z38", "Z39", "Z40", "Z41", "K7"],
        headings: &[OVERVIEW_CONCEPTS, OVERVIEW_COMPANY, WORKFLOW_REQUEST],
        failure: "The request has no company, in no place and by no name.",
        method: "Any operation that takes a company: the request is searched for it.",
        check: Check::Client { needs: COMPANIES, check: company_is_there },
    },
    Rule {
        id: "CMP-002",
        title: "The company is where the operation takes it",
        statement: "A client MUST name the company in the query or in the body, as the operation asks.",
        level: Level::Must,
        sources: &["Z39", "K13", "K15", "K18", "K19", "K22", "K24", "K25"],
        headings: &[OVERVIEW_COMPANY, REFERENCE],
        failure: "The company is in a header, or in the body of an operation that takes it in the query.",
        method: "Any operation that takes a company: where in the request it is.",
        check: Check::Client { needs: COMPANIES, check: company_is_in_its_place },
    },
    Rule {
        id: "CMP-003",
        title: "The company is spelled as the operation spells it",
        statement: "A client MUST use the name that the operation has for the company: `company_id` or \
                    `companyId`.",
        level: Level::Must,
        sources: &["Z39", "K13", "K14", "K16"],
        headings: &[OVERVIEW_COMPANY, REFERENCE],
        failure: "`company_id` where the operation reads `companyId`, or the other way round.",
        method: "Any operation that takes a company: the name of the parameter or member.",
        check: Check::Client { needs: COMPANIES, check: company_is_spelled_right },
    },
    Rule {
        id: "CMP-004",
        title: "One company a request",
        statement: "A client MUST name the company once.",
        level: Level::Must,
        sources: &["Z37", "Z39", "K2"],
        headings: &[OVERVIEW_COMPANY, MULTI_ENTITY],
        failure: "The company is there twice.",
        method: "Any operation that takes a company: how often it is named.",
        check: Check::Client { needs: COMPANIES, check: company_is_there_once },
    },
    Rule {
        id: "CMP-005",
        title: "The company is the bound one",
        statement: "A client MUST name the company that it is bound to, and no other.",
        level: Level::Must,
        sources: &["Z37", "Z38", "Z39", "Z43", "K3"],
        headings: &[OVERVIEW_COMPANY, OVERVIEW_CONCEPTS],
        failure: "Another company's id is in the company's place.",
        method: "Any operation that takes a company: the id is compared.",
        check: Check::Client { needs: COMPANIES, check: company_is_the_bound_one },
    },
    Rule {
        id: "CMP-006",
        title: "A request for another company is refused",
        statement: "A client that is bound to a company MUST refuse a request that names another.",
        level: Level::Must,
        sources: &["Z37", "Z39", "Z42", "Z45", "K2", "K11"],
        headings: &[OVERVIEW_COMPANY, OVERVIEW_CONCEPTS, OVERVIEW_COMPARISON],
        failure: "The request leaves, for one company or the other.",
        method: "Any operation that takes a company, with another one among its arguments: nothing may \
                 arrive.",
        check: Check::Client { needs: COMPANIES, check: other_company_is_refused },
    },
    Rule {
        id: "CMP-007",
        title: "A company that is needed and missing is noticed",
        statement: "A client SHOULD refuse an operation that needs a company when neither its arguments nor \
                    the client name one.",
        level: Level::Should,
        sources: &["Z40", "Z41", "K7"],
        headings: &[WORKFLOW_REQUEST],
        failure: "The request leaves without a company, to be answered with an error.",
        method: "Any operation that requires a company, from a client that is bound to none: nothing should \
                 arrive. With the company among the arguments it has to.",
        check: Check::Client { needs: COMPANIES, check: missing_company_is_noticed },
    },
    Rule {
        id: "CMP-008",
        title: "No company where none is taken",
        statement: "A client MUST NOT add a company to an operation that takes none.",
        level: Level::Must,
        sources: &["K10", "K17"],
        headings: &[REFERENCE],
        failure: "`company_id` is in the query of an operation that does not know it.",
        method: "Any operation that takes no company: the request is searched for one.",
        check: Check::Client { needs: COMPANIES, check: no_company_where_none_is_taken },
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
fn names_company(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    ["companyid", "xcompanyid", "pleocompanyid", "xpleocompanyid"]
        .contains(&letters.to_ascii_lowercase().as_str())
}

/// All mentions of a company in query, body and headers: by name, or by the id of `bound`.
fn mentions(arrival: &Arrival, bound: Option<Uuid>) -> Vec<Mention> {
    let request = &arrival.exchange.request;
    let is_bound = |value: &str| bound.is_some() && value.parse().ok() == bound;
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
        CompanyPlace::Nowhere => None,
        CompanyPlace::Query { name, .. } => Some((Place::Query, name)),
        CompanyPlace::Body { name, .. } => Some((Place::Body, name)),
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

/// What the mentions of the company show: that a rule is kept, how it is broken, or nothing.
type Shown = Option<Result<(), &'static str>>;

/// Judges the mentions of the company in the first request of a lawful case.
fn each_mention(trial: &mut ClientTrial<'_>, judge: fn(&Case, &[Mention]) -> Shown) -> Verdict {
    let cases = trial.cases().of(takes_company).strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        let arrival = seen.first()?;
        let mentions = mentions(arrival, case.company);
        Ok(match judge(case, &mentions) {
            Some(Ok(())) => Judgement::Kept,
            Some(Err(message)) => Judgement::broken_by(arrival, message, expected(case), told(&mentions)),
            None => Judgement::unclear(format!("the request has {}", told(&mentions))),
        })
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
        Some(if right { Ok(()) } else { Err("the company goes by another name than the operation's") })
    })
}

fn company_is_there_once(trial: &mut ClientTrial<'_>) -> Verdict {
    each_mention(trial, |_, mentions| match mentions.len() {
        0 => None,
        1 => Some(Ok(())),
        _ => Some(Err("the company is named more than once")),
    })
}

fn company_is_the_bound_one(trial: &mut ClientTrial<'_>) -> Verdict {
    each_mention(trial, |case, mentions| {
        if mentions.is_empty() {
            return None;
        }
        let bound = mentions.iter().all(|mention| mention.value.parse().ok() == case.company);
        Some(if bound { Ok(()) } else { Err("the request names another company than the bound one") })
    })
}

/// The same case with a company among its arguments.
fn naming(case: &Case, company: Uuid) -> Case {
    let mut case = case.clone();
    match wanted(&case) {
        Some((Place::Query, name)) => {
            case.query.push(Parameter { name: name.to_owned(), value: company.to_string() });
        }
        Some((_, name)) => {
            if let Some(Value::Object(body)) = &mut case.body {
                body.insert(name.to_owned(), Value::String(company.to_string()));
            }
        }
        None => {}
    }
    case
}

fn other_company_is_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(takes_company).strategy();
    trial.each((cases, any::<Index>()), |talk, (case, other)| {
        control(talk, case)?;
        let companies = talk.lab().sandbox(case.site).companies();
        let others: Vec<Uuid> = companies.into_iter().filter(|other| Some(*other) != case.company).collect();
        let other = *other.get(&others);
        let seen = talk.send(&naming(case, other))?;
        Ok(match seen.api().next() {
            None => Judgement::Kept,
            Some(arrival) => Judgement::broken_by(
                arrival,
                "a request that names another company than the bound one is sent",
                "a refusal, and no request",
                told(&mentions(arrival, case.company)),
            ),
        })
    })
}

fn missing_company_is_noticed(trial: &mut ClientTrial<'_>) -> Verdict {
    let needed = |operation: &pleo_client::Operation| match operation.company {
        CompanyPlace::Nowhere => false,
        CompanyPlace::Query { required, .. } | CompanyPlace::Body { required, .. } => required,
    };
    let cases = trial.cases().of(needed).unbound().strategy();
    trial.each(cases, |talk, case| {
        let company = talk.lab().sandbox(case.site).companies().first().copied().unwrap_or_default();
        control(talk, &naming(case, company))?;
        let seen: Seen = talk.send(case)?;
        Ok(match seen.api().next() {
            None => Judgement::Kept,
            Some(arrival) => Judgement::broken_by(
                arrival,
                "an operation that needs a company is sent without one",
                "a refusal, and no request",
                told(&mentions(arrival, None)),
            ),
        })
    })
}

fn no_company_where_none_is_taken(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(|operation| !takes_company(operation)).strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        let arrival = seen.first()?;
        let added = mentions(arrival, case.company);
        Ok(Judgement::kept_if(added.is_empty(), || {
            let message = "a company is added to an operation that takes none";
            Judgement::broken_by(arrival, message, "no company", told(&added))
        }))
    })
}
