//! What a change of an operation's entry in the catalogue does to calls.

use std::collections::BTreeSet;

/// Whether calls that were sent may be refused once a member of the entry says something else.
///
/// The members are given as code. How safe an operation is decides whether a call is repeated, which
/// refuses none.
pub(super) fn may_refuse(member: &str, before: &str, after: &str) -> bool {
    match member {
        "safety" => false,
        "scopes" => !words(after).is_subset(&words(before)),
        "security" => !schemes(before).is_subset(&schemes(after)),
        "organization" => after != "None",
        "company" => {
            let (was, is) = (location(before), location(after));
            let needs_more = is.required && !was.required;
            let is_elsewhere = !was.name.is_empty() && !is.name.is_empty() && was.name != is.name;
            needs_more || is_elsewhere
        }
        _ => true,
    }
}

/// The texts in a piece of code.
fn words(code: &str) -> BTreeSet<&str> {
    code.split('"').skip(1).step_by(2).collect()
}

/// The names of the schemes in a list of them.
fn schemes(code: &str) -> BTreeSet<&str> {
    code.split("SecurityScheme::").skip(1).map(|rest| rest.trim_end_matches([',', ' ', ']'])).collect()
}

/// Where the company goes: `Query` or `Body`, or nothing for nowhere.
struct CompanyLocation<'c> {
    name: &'c str,
    required: bool,
}

fn location(code: &str) -> CompanyLocation<'_> {
    let name = ["Query", "Body"].into_iter().find(|name| code.contains(&format!("::{name}")));
    CompanyLocation { name: name.unwrap_or_default(), required: code.contains("required: true") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_more_may_refuse_and_what_asks_for_less_does_not() {
        const QUERY: &str = "CompanyLocation::Query{name: \"company_id\", required: false}";
        const NEEDED: &str = "CompanyLocation::Query{name: \"company_id\", required: true}";
        const BODY: &str = "CompanyLocation::Body{name: \"companyId\", required: false}";
        const NOWHERE: &str = "CompanyLocation::Nowhere";
        for (member, less, more) in [
            ("scopes", "None", "Some(&[\"a\"])"),
            ("scopes", "Some(&[\"a\"])", "Some(&[\"a\", \"b\"])"),
            ("security", "&[SecurityScheme::Basic, SecurityScheme::Bearer]", "&[SecurityScheme::Bearer]"),
            ("organization", "None", "Some(\"organization_id\")"),
            ("company", QUERY, NEEDED),
            ("company", NOWHERE, NEEDED),
        ] {
            assert!(may_refuse(member, less, more), "{member}: {less} to {more}");
            assert!(!may_refuse(member, more, less), "{member}: {more} to {less}");
        }
        for (member, before, after, expected) in [
            ("company", NOWHERE, QUERY, false),
            ("company", QUERY, BODY, true),
            ("company", NEEDED, NOWHERE, false),
            ("safety", "Safety::Safe", "Safety::Neither", false),
            ("safety", "Safety::Neither", "Safety::Safe", false),
            ("scopes", "Some(&[\"a\"])", "Some(&[\"b\"])", true),
            ("scopes", "None", "Some(&[])", false),
        ] {
            assert_eq!(may_refuse(member, before, after), expected, "{member}: {before} to {after}");
        }
    }
}
