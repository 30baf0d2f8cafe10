//! The dimensions of tag groups, and the values that tags have in them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input,
    companies::seeded_at,
    filter::{Filter, Test, passes},
    paging,
    shape::{self, stamp, with},
    table::Row,
    tags,
};
use crate::answer::Refusal;

pub(super) fn seed(data: &mut Data, company: Uuid, group: &str) {
    for (order, name) in ["Manager", "Site"].into_iter().enumerate() {
        let dimension = json!({
            "id": data.new_id(), "groupId": group, "name": name, "code": name.to_ascii_uppercase(),
            "displayOrder": order, "visible": true,
            "createdAt": stamp(seeded_at(order)), "updatedAt": stamp(seeded_at(order)),
        });
        data.tag_dimensions.insert(company, dimension);
    }
}

/// The dimensions of a group, in the order in which they are shown.
fn of_group(data: &Data, companies: &[Uuid], group: &Value) -> Vec<Value> {
    let mut dimensions = data.tag_dimensions.values(companies);
    dimensions.retain(|dimension| dimension["groupId"] == *group);
    dimensions.sort_by_key(|dimension| dimension["displayOrder"].as_i64());
    dimensions
}

/// The dimension that the path names, which has to belong to the group that it names.
fn in_path<'a>(data: &'a mut Data, input: &Input<'_>) -> Result<&'a mut Row, Refusal> {
    let companies = input.companies();
    data.tag_groups.get(&companies, &input.path("groupId"))?;
    let dimension = data.tag_dimensions.get_mut(&companies, &input.path("dimensionId"))?;
    if dimension.value["groupId"] == input.path("groupId") {
        Ok(dimension)
    } else {
        Err(Refusal::not_found("there is no such dimension"))
    }
}

pub(super) fn list(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let group = &data.tag_groups.get(&companies, &input.path("groupId"))?.value["id"];
    Ok(shape::all(input, of_group(data, &companies, group)))
}

pub(super) fn create(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let group = data.tag_groups.get(&companies, &input.path("groupId"))?.clone();
    let last = of_group(data, &companies, &group.value["id"]).len();
    let mut dimension = with(
        input.body().clone(),
        json!({
            "id": data.new_id(), "groupId": group.id(),
            "createdAt": stamp(input.now), "updatedAt": stamp(input.now),
        }),
    );
    if dimension["displayOrder"].is_null() {
        dimension["displayOrder"] = json!(last);
    }
    Ok(shape::one(input, data.tag_dimensions.insert(group.company, dimension)))
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    Ok(shape::one(input, &in_path(data, input)?.value))
}

pub(super) fn update(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let dimension = in_path(data, input)?;
    shape::replace(&mut dimension.value, input);
    Ok(shape::one(input, &dimension.value))
}

pub(super) fn delete(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let id = in_path(data, input)?.id().to_owned();
    data.tag_dimensions.remove(&input.companies(), &id)?;
    data.tag_values.remove_where(|value| value["dimensionId"] == id.as_str());
    Ok(Value::Null)
}

/// Sets a tag's values to the body's `otherDimensionValues`, which stand in the order of the dimensions. Without them it
/// has none.
pub(super) fn set_values(data: &mut Data, company: Uuid, group: &str, tag: &str, input: &Input<'_>) {
    let values = input.body()["otherDimensionValues"].as_array().map(Vec::as_slice).unwrap_or_default();
    data.tag_values.remove_where(|value| value["tagId"] == tag);
    for (dimension, value) in of_group(data, &[company], &json!(group)).iter().zip(values) {
        insert_value(data, company, tag, &dimension["id"], value, input);
    }
}

fn insert_value(
    data: &mut Data,
    company: Uuid,
    tag: &str,
    dimension: &Value,
    value: &Value,
    input: &Input<'_>,
) -> Value {
    let value = json!({
        "id": data.new_id(), "tagId": tag, "dimensionId": dimension, "value": value,
        "createdAt": stamp(input.now), "updatedAt": stamp(input.now),
    });
    data.tag_values.insert(company, value).clone()
}

fn of_tag(data: &Data, companies: &[Uuid], tag: &Value) -> Vec<Value> {
    let mut values = data.tag_values.values(companies);
    values.retain(|value| value["tagId"] == *tag);
    values
}

/// The id of the value that the path names by tag and dimension.
fn value_in_path(data: &Data, input: &Input<'_>) -> Result<String, Refusal> {
    let companies = input.companies();
    let tag = &data.tags.get(&companies, &input.path("tagId"))?.value["id"];
    let dimension = input.path("dimensionId");
    let mut values = of_tag(data, &companies, tag).into_iter();
    let value = values.find(|value| value["dimensionId"] == dimension.as_str());
    value
        .and_then(|value| value["id"].as_str().map(str::to_owned))
        .ok_or_else(|| Refusal::not_found("there is no such dimension value"))
}

pub(super) fn list_values(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let tag = &data.tags.get(&companies, &input.path("tagId"))?.value["id"];
    Ok(shape::all(input, of_tag(data, &companies, tag)))
}

pub(super) fn create_value(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let tag = data.tags.get(&companies, &input.path("tagId"))?.clone();
    let dimension = data.tag_dimensions.get(&companies, &input.path("dimensionId"))?.value.clone();
    if dimension["groupId"] != tag.value["groupId"] {
        return Err(Refusal::not_found("there is no such dimension"));
    }
    if value_in_path(data, input).is_ok() {
        let message = "the tag has a value in this dimension; update it";
        return Err(Refusal::conflict("dimension_value_already_exists", message));
    }
    let value = insert_value(data, tag.company, tag.id(), &dimension["id"], &input.body()["value"], input);
    Ok(shape::one(input, &value))
}

pub(super) fn get_value(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let id = value_in_path(data, input)?;
    Ok(shape::one(input, &data.tag_values.get(&input.companies(), &id)?.value))
}

pub(super) fn update_value(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let id = value_in_path(data, input)?;
    let value = data.tag_values.get_mut(&input.companies(), &id)?;
    shape::replace(&mut value.value, input);
    Ok(shape::one(input, &value.value))
}

pub(super) fn delete_value(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let id = value_in_path(data, input)?;
    Ok(shape::one(input, &data.tag_values.remove(&input.companies(), &id)?.value))
}

pub(super) fn list_aggregated_groups(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[Filter("tag_group_ids", Test::OneOf, "id")];
    let companies = input.companies();
    let mut groups = data.tag_groups.values(&companies);
    groups.retain(|group| passes(&input.filters(), group, FILTERS));
    for group in &mut groups {
        group["dimensions"] = Value::Array(of_group(data, &companies, &group["id"]));
    }
    Ok(shape::all(input, groups))
}

pub(super) fn search_aggregated_tags(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let companies = input.companies();
    let mut tags = tags::found(data, input, &companies);
    for tag in &mut tags {
        let group = data.tag_groups.get(&companies, tag["groupId"].as_str().unwrap_or_default())?;
        let values = of_tag(data, &companies, &tag["id"]);
        let dimensions = of_group(data, &companies, &tag["groupId"]).into_iter().filter_map(|dimension| {
            let value = values.iter().find(|value| value["dimensionId"] == dimension["id"])?;
            Some(with(dimension, json!({ "value": value["value"] })))
        });
        let dimensions: Vec<_> = dimensions.collect();
        tag["group"] = group.value.clone();
        tag["dimensions"] = Value::Array(dimensions);
    }
    paging::page(input, tags)
}
