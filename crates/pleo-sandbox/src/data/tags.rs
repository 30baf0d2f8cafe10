//! Tag groups and their tags.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input, SEEDED,
    companies::seeded_at,
    dimensions,
    filter::{Filter, Test, passes},
    paging,
    shape::{self, stamp, with},
};
use crate::answer::Refusal;

/// The most tags that one request may delete or archive.
const MOST_AT_ONCE: usize = 100;

pub(super) fn seed(data: &mut Data, company: Uuid) {
    for (index, (name, tags)) in
        [("Department", SEEDED), ("Project", 4), ("Former projects", 2)].into_iter().enumerate()
    {
        let id = data.new_id();
        let group = json!({
            "id": id, "companyId": company, "name": name, "code": format!("G{}", index + 1),
            "archived": index == 2, "metadata": { "source": "seed" },
            "createdAt": stamp(seeded_at(index)), "updatedAt": stamp(seeded_at(index)),
        });
        data.tag_groups.insert(company, group);
        dimensions::seed(data, company, &id);
        for number in 0..tags {
            let tag = json!({
                "id": data.new_id(), "companyId": company, "groupId": id,
                "code": format!("T{}{:02}", index + 1, number + 1), "name": format!("{name} {}", number + 1),
                "archived": number % 8 == 7,
                "createdAt": stamp(seeded_at(number)), "updatedAt": stamp(seeded_at(number)),
            });
            data.tags.insert(company, tag);
        }
    }
}

pub(super) fn list_groups(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[Filter("include_archived", Test::Unless, "archived")];
    let companies = input.companies();
    let mut groups = data.tag_groups.values(&companies);
    groups.retain(|group| passes(&input.filters(), group, FILTERS));
    if input.query_one("include_tags_count") == Some("true") {
        for group in &mut groups {
            let tags = data.tags.of(&companies).filter(|tag| tag.value["groupId"] == group["id"]);
            group["totalTagsCount"] = json!(tags.count());
        }
    }
    Ok(shape::all(input, groups))
}

pub(super) fn create_group(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = input.company()?;
    let known = json!({
        "id": data.new_id(), "companyId": company,
        "createdAt": stamp(input.now), "updatedAt": stamp(input.now),
    });
    let group = with(with(json!({ "metadata": {} }), input.body().clone()), known);
    Ok(shape::one(input, data.tag_groups.insert(company, group)))
}

pub(super) fn get_group(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let group = data.tag_groups.get(&input.companies(), &input.path("groupId"))?;
    Ok(shape::one(input, &group.value))
}

pub(super) fn update_group(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let group = data.tag_groups.get_mut(&input.companies(), &input.path("groupId"))?;
    shape::replace(&mut group.value, input);
    Ok(shape::one(input, &group.value))
}

pub(super) fn delete_group(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let group = data.tag_groups.remove(&companies, &input.path("groupId"))?;
    for tag in data.tags.values(&companies) {
        if tag["groupId"] == group.value["id"] {
            forget(data, &companies, &tag)?;
        }
    }
    data.tag_dimensions.remove_where(|dimension| dimension["groupId"] == group.value["id"]);
    Ok(Value::Null)
}

/// Counts the accounting entries with each tag of a group.
pub(super) fn usage(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let group = data.tag_groups.get(&companies, &input.path("groupId"))?;
    let tags = data.tags.of(&companies).filter(|tag| tag.value["groupId"] == group.value["id"]);
    let usages: Vec<_> = tags
        .map(|tag| {
            let wanted = json!({ "tag": tag.id() });
            let uses = |value: &Value| passes(&wanted, value, &[Filter("tag", Test::Is, "tags.tagId")]);
            let count = data.entries.of(&companies).filter(|entry| uses(&entry.value)).count();
            json!({ "id": tag.id(), "count": count })
        })
        .collect();
    Ok(shape::one(input, &json!({ "usages": usages })))
}

pub(super) fn list(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] =
        &[Filter("include_archived", Test::Unless, "archived"), Filter("group", Test::Is, "groupId")];
    let companies = input.companies();
    let group = data.tag_groups.get(&companies, &input.path("groupId"))?.id();
    let wanted = with(input.filters(), json!({ "group": group }));
    let mut tags = data.tags.values(&companies);
    tags.retain(|tag| passes(&wanted, tag, FILTERS));
    paging::page(input, tags)
}

pub(super) fn create(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let group = data.tag_groups.get(&input.companies(), &input.path("groupId"))?;
    let (company, group) = (group.company, group.id().to_owned());
    refuse_known_code(data, company, &group, input)?;
    let id = data.new_id();
    let tag = with(
        input.body().clone(),
        json!({
            "id": id, "companyId": company, "groupId": group,
            "createdAt": stamp(input.now), "updatedAt": stamp(input.now),
        }),
    );
    let answer = shape::one(input, data.tags.insert(company, tag));
    dimensions::set_values(data, company, &group, &id, input);
    Ok(answer)
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let tag = data.tags.get(&input.companies(), &input.path("tagId"))?;
    Ok(shape::one(input, &tag.value))
}

pub(super) fn update(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let (companies, id) = (input.companies(), input.path("tagId"));
    let tag = data.tags.get(&companies, &id)?;
    let (company, group) = (tag.company, tag.value["groupId"].as_str().unwrap_or_default().to_owned());
    if tag.value["code"] != input.body()["code"] {
        refuse_known_code(data, company, &group, input)?;
    }
    let tag = data.tags.get_mut(&companies, &id)?;
    shape::replace(&mut tag.value, input);
    let answer = shape::one(input, &tag.value);
    dimensions::set_values(data, company, &group, &id, input);
    Ok(answer)
}

/// A tag's code is used once in its group.
fn refuse_known_code(data: &Data, company: Uuid, group: &str, input: &Input<'_>) -> Result<(), Refusal> {
    let code = &input.body()["code"];
    let mut tags = data.tags.of(std::slice::from_ref(&company)).map(|tag| &tag.value);
    if tags.any(|tag| tag["groupId"] == group && tag["code"] == *code) {
        return Err(Refusal::conflict("tag_already_exists", "the tag group has a tag with this code"));
    }
    Ok(())
}

pub(super) fn delete(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let tag = data.tags.get(&companies, &input.path("tagId"))?.value.clone();
    forget(data, &companies, &tag)?;
    Ok(Value::Null)
}

fn forget(data: &mut Data, companies: &[Uuid], tag: &Value) -> Result<(), Refusal> {
    data.tags.remove(companies, tag["id"].as_str().unwrap_or_default())?;
    data.tag_values.remove_where(|value| value["tagId"] == tag["id"]);
    Ok(())
}

pub(super) fn delete_several(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    for tag in several(data, input)? {
        forget(data, &companies, &tag)?;
    }
    Ok(Value::Null)
}

pub(super) fn archive_several(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let mut archived = Vec::new();
    for tag in several(data, input)? {
        let row = data.tags.get_mut(&input.companies(), tag["id"].as_str().unwrap_or_default())?;
        row.value["archived"] = input.body()["archived"].clone();
        row.value["updatedAt"] = stamp(input.now);
        archived.push(row.value.clone());
    }
    Ok(shape::all(input, archived))
}

/// The different tags that the body names, all of which have to be there.
fn several(data: &Data, input: &Input<'_>) -> Result<Vec<Value>, Refusal> {
    let companies = input.companies();
    let ids = input.body()["tagIds"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=MOST_AT_ONCE).contains(&ids.len()) {
        return Err(Refusal::bad_request(format!("tagIds has to name 1 to {MOST_AT_ONCE} tags")));
    }
    let mut tags: Vec<Value> = Vec::new();
    for id in ids {
        let tag = &data.tags.get(&companies, id.as_str().unwrap_or_default())?.value;
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    Ok(tags)
}

pub(super) fn search(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    paging::page(input, found(data, input, &companies))
}

/// The tags that pass the filters in the body.
pub(super) fn found(data: &Data, input: &Input<'_>, companies: &[Uuid]) -> Vec<Value> {
    const FILTERS: &[Filter] = &[
        Filter("archived", Test::Is, "archived"),
        Filter("includeArchived", Test::Unless, "archived"),
        Filter("tagGroupIds", Test::OneOf, "groupId"),
        Filter("tagIds", Test::OneOf, "id"),
    ];
    let mut wanted = input.body().clone();
    if wanted["archived"].is_boolean() {
        wanted["includeArchived"] = json!(true);
    }
    let mut tags = data.tags.values(companies);
    tags.retain(|tag| passes(&wanted, tag, FILTERS) && has_text(&wanted["textSearch"], tag));
    tags
}

pub(super) fn search_by_query(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("include_archived", Test::Unless, "archived"),
        Filter("tag_group_id", Test::OneOf, "groupId"),
    ];
    let wanted = input.filters();
    let mut tags = data.tags.values(&input.companies());
    tags.retain(|tag| passes(&wanted, tag, FILTERS) && has_text(&wanted["text_search"], tag));
    paging::page(input, tags)
}

/// Whether a tag's code or name holds a text.
fn has_text(text: &Value, tag: &Value) -> bool {
    let wanted = json!({ "text": text });
    ["code", "name"].into_iter().any(|member| passes(&wanted, tag, &[Filter("text", Test::Holds, member)]))
}
