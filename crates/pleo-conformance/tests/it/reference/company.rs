//! Puts the bound company into a request.

use pleo_conformance::protocol::{CompanyLocation, Location, Send};
use serde_json::{Map, Value};

use super::{Before, Deviation, Flaw, Variation, request::Parts};

/// Why a request for another company is refused.
pub(super) const OTHER_COMPANY: &str = "the request names another company than the client is bound to";

/// The spellings of the company.
const SPELLINGS: [&str; 2] = ["company_id", "companyId"];

/// The UUID that is no company (RFC 9562, section 5.9).
const NIL: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn place_of(send: &Send, location: Location) -> Option<&CompanyLocation> {
    send.operation.company.as_ref().filter(|place| place.location == location)
}

/// The company that the client takes for the bound one.
fn bound<'a>(deviation: Deviation, before: &'a Before, send: &'a Send) -> Option<&'a str> {
    let own = send.company.as_deref();
    let of = |call: &'a Option<Send>| call.as_ref().and_then(|call| call.company.as_deref());
    match deviation.flaw {
        Some(Flaw::CompanyCached) if own.is_some() => of(&before.first).or(own),
        Some(Flaw::CompanyNotForgotten) => own.or_else(|| of(&before.last)),
        Some(Flaw::CompanyOfRefusedCall) => own.or_else(|| of(&before.refused)),
        Some(Flaw::CompanyOfAnotherSession) if own.is_some() => of(&before.between).or(own),
        Some(Flaw::CompanyKeptWithCredential) => {
            let is_same = |first: &Send| first.credential == send.credential;
            if before.first.as_ref().is_some_and(is_same) { of(&before.first).or(own) } else { own }
        }
        _ => own,
    }
}

/// Puts the bound company where the operation takes it, unless it is left out by a flaw.
pub(super) fn bind(
    deviation: Deviation,
    before: &Before,
    send: &Send,
    parts: &mut Parts,
    left_out: bool,
) -> Result<(), String> {
    let bound = bound(deviation, before, send);
    if let Some(bound) = bound {
        let compared = if deviation.flaw(Flaw::FirstCompanyCompared) { 1 } else { usize::MAX };
        let passed = match deviation.flaw {
            Some(Flaw::LastCompanyCompared) => companies(parts).count().saturating_sub(1),
            _ => 0,
        };
        let digits = match deviation.flaw {
            Some(Flaw::CompanyComparedByBeginning) => 8,
            Some(Flaw::LastDigitNotCompared) => bound.len().saturating_sub(1),
            _ => usize::MAX,
        };
        let begins = |company: &str| company.chars().take(digits).collect::<String>();
        let another = companies(parts)
            .take(compared)
            .skip(passed)
            .any(|company| !begins(company).eq_ignore_ascii_case(&begins(bound)));
        if another && deviation.flaw(Flaw::OtherCompanyOverwritten) {
            overwrite_company(parts, bound);
        } else if another && !deviation.flaw(Flaw::OtherCompanyAccepted) {
            return Err(refusal(deviation, bound));
        }
        let in_path = SPELLINGS.iter().filter_map(|name| send.path.get(*name));
        let another = in_path.into_iter().any(|company| !company.eq_ignore_ascii_case(bound));
        if another && !deviation.flaw(Flaw::OtherCompanyInPathAccepted) {
            return Err(refusal(deviation, bound));
        }
    }

    let Some(place) = &send.operation.company else {
        if let Some(bound) = bound.filter(|_| deviation.flaw(Flaw::CompanyEverywhere)) {
            parts.query.push(("company_id".to_owned(), bound.to_owned()));
        }
        return Ok(());
    };
    if deviation.variation(Variation::NamedCompanyUpperCase) {
        write_in_capitals(place, parts);
    }
    match (bound, names_company(place, parts)) {
        (None, false) if place.required && !deviation.flaw(Flaw::CompanyNotRequired) => {
            Err("the operation needs a company, and the client is bound to none".to_owned())
        }
        (None, false) => {
            if let Some(nothing) = no_company(deviation, place.location) {
                insert(deviation, place.location, &place.name, nothing, parts)?;
            }
            Ok(())
        }
        (None, true) => {
            if deviation.flaw(Flaw::UnboundCompanyLost) && !place.required {
                parts.query.retain(|(name, _)| *name != place.name);
            }
            if let Some(Value::Object(members)) = &mut parts.body
                && deviation.flaw(Flaw::UnboundCompanyLostInBody)
                && place.location == Location::Body
            {
                members.remove(&place.name);
            }
            Ok(())
        }
        (Some(bound), true) => {
            let adds = deviation.flaw(Flaw::CompanyTwice) || deviation.flaw(Flaw::NamedCompanyAdded);
            if adds && place.location == Location::Query {
                parts.query.push((place.name.clone(), bound.to_owned()));
            }
            Ok(())
        }
        (Some(_), false) if left_out => Ok(()),
        (Some(bound), false) => add_company(deviation, place, bound, parts),
    }
}

/// Why a request for another company than this one is refused, as the client tells it.
fn refusal(deviation: Deviation, bound: &str) -> String {
    match deviation.variation {
        Some(Variation::BoundCompanyNamedInRefusal) => format!("{OTHER_COMPANY}: {bound}"),
        _ => OTHER_COMPANY.to_owned(),
    }
}

/// Writes the company among the arguments in capitals, if there is one.
fn write_in_capitals(place: &CompanyLocation, parts: &mut Parts) {
    match place.location {
        Location::Query => {
            for (_, company) in parts.query.iter_mut().filter(|(name, _)| *name == place.name) {
                company.make_ascii_uppercase();
            }
        }
        Location::Body => {
            let company = parts.body.as_mut().and_then(|body| body.get_mut(&place.name));
            if let Some(Value::String(company)) = company {
                company.make_ascii_uppercase();
            }
        }
    }
}

fn add_company(
    deviation: Deviation,
    place: &CompanyLocation,
    bound: &str,
    parts: &mut Parts,
) -> Result<(), String> {
    let mut name = place.name.as_str();
    let mut location = place.location;
    let mut company = bound.to_owned();
    match deviation.flaw {
        Some(Flaw::CompanyMissing) => return Ok(()),
        Some(Flaw::CompanyInHeader) => {
            parts.header = Some(company);
            return Ok(());
        }
        Some(Flaw::CompanyInBodyNotQuery) if parts.body.as_ref().is_none_or(Value::is_object) => {
            location = Location::Body;
        }
        Some(Flaw::CompanyInQueryNotBody) => location = Location::Query,
        Some(Flaw::CompanyMisspelled) => {
            name = if name == SPELLINGS[0] { SPELLINGS[1] } else { SPELLINGS[0] };
        }
        Some(Flaw::CompanyOfAnother) => {
            let last = company.pop();
            company.push(if last == Some('0') { '1' } else { '0' });
        }
        Some(Flaw::CompanyWithoutHyphens) => company = company.replace('-', ""),
        Some(Flaw::CompanyInBraces) => company = format!("{{{company}}}"),
        Some(Flaw::CompanyAsUrn) => company = format!("urn:uuid:{company}"),
        _ => {}
    }
    if deviation.variation(Variation::CompanyUpperCase) {
        company.make_ascii_uppercase();
    }
    insert(deviation, location, name, Value::String(company), parts)
}

/// What a flaw sends as the company of a client that is bound to none.
fn no_company(deviation: Deviation, location: Location) -> Option<Value> {
    match (deviation.flaw?, location) {
        (Flaw::UnboundCompanyEmpty, _) => Some(Value::from("")),
        (Flaw::UnboundCompanyNull, Location::Query) => Some(Value::from("null")),
        (Flaw::UnboundCompanyNull, Location::Body) => Some(Value::Null),
        (Flaw::UnboundCompanyUndefined, _) => Some(Value::from("undefined")),
        (Flaw::UnboundCompanyNil, _) => Some(Value::from(NIL)),
        _ => None,
    }
}

fn insert(
    deviation: Deviation,
    location: Location,
    name: &str,
    company: Value,
    parts: &mut Parts,
) -> Result<(), String> {
    match location {
        Location::Query => {
            let pair = (name.to_owned(), company.as_str().unwrap_or_default().to_owned());
            if deviation.flaw(Flaw::CompanyTwice) {
                parts.query.push(pair.clone());
            }
            // What a flaw cuts off the query is no matter of companies.
            let first = deviation.variation(Variation::CompanyFirstInQuery)
                || deviation.flaw(Flaw::QueryHashUnencoded);
            parts.query.insert(if first { 0 } else { parts.query.len() }, pair);
        }
        Location::Body => match parts.body.get_or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(members) => {
                members.insert(name.to_owned(), company);
            }
            _ => return Err("the body is no JSON object, so no company fits into it".to_owned()),
        },
    }
    Ok(())
}

/// The companies that a request names, in whichever place and spelling.
fn companies(parts: &Parts) -> impl Iterator<Item = &str> {
    let in_query = parts.query.iter().filter(|(name, _)| SPELLINGS.contains(&name.as_str()));
    let in_body = SPELLINGS.iter().filter_map(|name| parts.body.as_ref()?.get(name));
    // What is no text can be no company, so it is another one.
    in_query.map(|(_, value)| value.as_str()).chain(in_body.map(|value| value.as_str().unwrap_or_default()))
}

fn overwrite_company(parts: &mut Parts, bound: &str) {
    for (name, value) in &mut parts.query {
        if SPELLINGS.contains(&name.as_str()) {
            bound.clone_into(value);
        }
    }
    for name in SPELLINGS {
        if let Some(value) = parts.body.as_mut().and_then(|body| body.get_mut(name)) {
            *value = Value::from(bound);
        }
    }
}

fn names_company(place: &CompanyLocation, parts: &Parts) -> bool {
    match place.location {
        Location::Query => parts.query.iter().any(|(name, _)| *name == place.name),
        Location::Body => parts.body.as_ref().is_some_and(|body| body.get(&place.name).is_some()),
    }
}
