//! Companies and their employees.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input, SEEDED,
    filter::{Filter, Test, passes},
    paging, shape,
};
use crate::answer::Refusal;

const NAMES: [&str; 4] = ["Fjord Bikes ApS", "Fjord Bikes GmbH", "Fjord Bikes Ltd", "Lighthouse Coffee AB"];
const PLACES: [(&str, &str, &str); 4] = [
    ("DK", "København", "Nørregade 1"),
    ("DE", "Hamburg", "Hafenstraße 2"),
    ("GB", "London", "Mill Lane 3"),
    ("SE", "Malmö", "Storgatan 4"),
];
const FIRST_NAMES: [&str; 5] = ["Ada", "Bo", "Clara", "Dina", "Emil"];
const LAST_NAMES: [&str; 5] = ["Lund", "Berg", "Holm", "Krog", "Dahl"];

/// When the thing of this number came into being that was there at the beginning.
pub(super) fn seeded_at(number: usize) -> DateTime<Utc> {
    let hours = i64::try_from(number).unwrap_or_default();
    DateTime::UNIX_EPOCH + Duration::days(20_094) + Duration::hours(8 + hours)
}

pub(super) fn seed(data: &mut Data, number: usize, company: Uuid, organization: Uuid) {
    let (country, locality, street) = PLACES[number % PLACES.len()];
    let details = json!({
        "id": company,
        "name": NAMES[number % NAMES.len()],
        "organizationId": organization,
        "registrationNumber": format!("REG-{:06}", 100_000 + number),
        "address": {
            "addressLine1": street, "country": country, "locality": locality,
            "postalCode": format!("{}", 1_000 + number),
        },
    });
    data.company_details.insert(company, details);
    for index in 0..SEEDED {
        let (first, last) = (FIRST_NAMES[index % 5], LAST_NAMES[index / 5 % 5]);
        let employee = json!({
            "id": data.new_id(),
            "companyId": company,
            "code": format!("E{:03}", index + 1),
            "email": format!("{first}.{last}@company{}.example", number + 1).to_ascii_lowercase(),
            "firstName": first,
            "lastName": last,
            "jobTitle": if index == 0 { "Bookkeeper" } else { "Mechanic" },
            "phone": format!("+45 55 55 {:02} {:02}", number, index),
        });
        data.employees.insert(company, employee);
    }
}

pub(super) fn list(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    paging::page(input, data.company_details.values(&input.companies()))
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = data.company_details.get(&input.companies(), &input.path("companyId"))?;
    Ok(shape::one(input, &company.value))
}

pub(super) fn list_employees(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[Filter("email", Test::Is, "email"), Filter("code", Test::Is, "code")];
    let mut employees = data.employees.values(&input.companies());
    employees.retain(|employee| passes(&input.filters(), employee, FILTERS));
    paging::page(input, employees)
}

pub(super) fn get_employee(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let employee = data.employees.get(&input.companies(), &input.path("employeeId"))?;
    Ok(shape::one(input, &employee.value))
}
