//! Pages of a list, by cursor or by offset (P1 to P11).

use std::{cmp::Ordering, collections::BTreeMap};

use data_encoding::BASE32;
use serde_json::{Value, json};

use super::{Input, shape};
use crate::{answer::Refusal, document};

/// The page size where neither request nor document names one; Pleo documents none (P7).
const USUAL_LIMIT: usize = 20;

/// The largest page where the document names none; larger ones are cut to it.
const GREATEST_LIMIT: usize = 100;

/// `{"data": […], "pagination": {…}}` with the page that the request asks for.
///
/// # Errors
/// 400 for a cursor that is none of this list's, or sorting by what is not there.
pub(super) fn page(input: &Input<'_>, values: Vec<Value>) -> Result<Value, Refusal> {
    let item = &shape::data(input.operation)["items"];
    let sorting = Sorting::read(input, item)?;
    let start = Start::read(input, &sorting)?;
    let limit = limit(input)?;

    let mut keyed: Vec<_> = values.into_iter().map(|value| (sorting.key(&value), value)).collect();
    keyed.sort_by(|(one, _), (other, _)| sorting.compare(one, other));
    let total = keyed.len();
    let place = |cursor: &[Value], after: bool| {
        keyed.partition_point(|(key, _)| match sorting.compare(key, cursor) {
            Ordering::Less => true,
            Ordering::Equal => after,
            Ordering::Greater => false,
        })
    };
    let range = match &start {
        Start::Offset(offset) => (*offset).min(total)..offset.saturating_add(limit).min(total),
        Start::After(cursor) => {
            let begin = place(cursor, true);
            begin..begin.saturating_add(limit).min(total)
        }
        Start::Before(cursor) => {
            let end = place(cursor, false);
            end.saturating_sub(limit)..end
        }
    };

    let mut pagination = json!({
        "currentRequestPagination": request(input, limit),
        "hasNextPage": range.end < total,
        "hasPreviousPage": range.start > 0,
        "total": total,
    });
    let shown = &keyed[range];
    if let (Some((first, _)), Some((last, _))) = (shown.first(), shown.last()) {
        pagination["startCursor"] = cursor(first);
        pagination["endCursor"] = cursor(last);
    }
    let data: Vec<_> = shown.iter().map(|(_, value)| shape::fit(value, item)).collect();
    Ok(json!({ "data": data, "pagination": pagination }))
}

/// Where a page begins.
enum Start {
    Offset(usize),
    After(Vec<Value>),
    Before(Vec<Value>),
}

impl Start {
    fn read(input: &Input<'_>, sorting: &Sorting) -> Result<Self, Refusal> {
        // The front has seen that there is no more than one of them (P2).
        if let Some(cursor) = input.query_one("after") {
            return sorting.cursor(cursor).map(Self::After);
        }
        if let Some(cursor) = input.query_one("before") {
            return sorting.cursor(cursor).map(Self::Before);
        }
        match input.query_one("offset").map(str::parse) {
            None => Ok(Self::Offset(0)),
            Some(Ok(offset)) => Ok(Self::Offset(offset)),
            Some(Err(_)) => Err(Refusal::bad_request("offset has to be a number of entries, 0 or more")),
        }
    }
}

/// The page size: 0 is allowed in some documents, and gives an empty page.
fn limit(input: &Input<'_>) -> Result<usize, Refusal> {
    let parameters = document::operation(input.operation)["parameters"].as_array();
    let documented = parameters
        .into_iter()
        .flatten()
        .find(|parameter| parameter["name"] == "limit")
        .map(|it| &it["schema"]);
    let bound = |name: &str, otherwise| {
        let bound = documented.and_then(|schema| schema[name].as_u64());
        bound.and_then(|bound| usize::try_from(bound).ok()).unwrap_or(otherwise)
    };
    match input.query_one("limit").map(str::parse::<usize>) {
        None => Ok(bound("default", USUAL_LIMIT)),
        Some(Ok(limit)) => Ok(limit.min(bound("maximum", GREATEST_LIMIT))),
        Some(Err(_)) => Err(Refusal::bad_request("limit has to be a number of entries, 0 or more")),
    }
}

/// What the request said of paging, as the sandbox understood it (P4).
fn request(input: &Input<'_>, limit: usize) -> Value {
    let mut parameters = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in &input.query {
        parameters.entry(name).or_default().push(value);
    }
    let mut request = json!({ "limit": limit, "parameters": parameters });
    for name in ["after", "before"] {
        if let Some(cursor) = input.query_one(name) {
            request[name] = json!(cursor);
        }
    }
    if let Some(offset) = input.query_one("offset").and_then(|offset| offset.parse::<u64>().ok()) {
        request["offset"] = json!(offset);
    }
    for (member, name) in [("sortingKeys", "sorting_keys"), ("sortingOrder", "sorting_order")] {
        let values: Vec<_> = input.query_all(name).collect();
        if !values.is_empty() {
            request[member] = json!(values);
        }
    }
    request
}

/// How a list is sorted: by the keys of the request, and then by id, so that the order is total.
struct Sorting {
    keys: Vec<(String, Order)>,
}

#[derive(Clone, Copy)]
struct Order {
    descending: bool,
    nulls_first: bool,
}

impl Order {
    const ASCENDING: Self = Self { descending: false, nulls_first: false };

    fn of(name: &str) -> Self {
        let descending = name.starts_with("DESC");
        let nulls_first = name.ends_with("NULLS_FIRST") || (descending && !name.ends_with("NULLS_LAST"));
        Self { descending, nulls_first }
    }

    fn compare(self, one: &Value, other: &Value) -> Ordering {
        match (one.is_null(), other.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if self.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) => self.compare(other, one).reverse(),
            (false, false) if self.descending => compare(other, one),
            (false, false) => compare(one, other),
        }
    }
}

/// Compares two scalars of one type.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        // As 64-bit floating-point numbers, integers beyond 2^53 are equal to their neighbours.
        (Value::Number(one), Value::Number(other)) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.as_f64().unwrap_or_default().total_cmp(&other.as_f64().unwrap_or_default()),
        },
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        _ => one.as_str().cmp(&other.as_str()),
    }
}

impl Sorting {
    fn read(input: &Input<'_>, item: &Value) -> Result<Self, Refusal> {
        let orders: Vec<_> = input.query_all("sorting_order").collect();
        let keys: Vec<_> = input.query_all("sorting_keys").collect();
        if !orders.is_empty() && orders.len() != keys.len() {
            return Err(Refusal::bad_request("sorting_order has to name one order for each of sorting_keys"));
        }
        let properties = &document::followed(item)["properties"];
        let read = |(index, key): (usize, &&str)| {
            // The receipts' key is not the name of a member.
            let member = if *key == "size" { "sizeInBytes" } else { key };
            let kind = document::followed(&properties[member])["type"].as_str();
            if !matches!(kind, Some("string" | "integer" | "number" | "boolean")) {
                return Err(Refusal::bad_request(format!("this list cannot be sorted by {key:?}")));
            }
            Ok((member.to_owned(), orders.get(index).map_or(Order::ASCENDING, |order| Order::of(order))))
        };
        Ok(Self { keys: keys.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    /// What the order of a thing depends on.
    fn key(&self, value: &Value) -> Vec<Value> {
        let mut key: Vec<_> = self.keys.iter().map(|(member, _)| value[member].clone()).collect();
        key.push(value["id"].clone());
        key
    }

    fn compare(&self, one: &[Value], other: &[Value]) -> Ordering {
        let orders = self.keys.iter().map(|(_, order)| *order).chain([Order::ASCENDING]);
        let differences =
            orders.zip(one.iter().zip(other)).map(|(order, (one, other))| order.compare(one, other));
        differences.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// Reads a cursor of a list that is sorted like this.
    fn cursor(&self, cursor: &str) -> Result<Vec<Value>, Refusal> {
        let bytes = BASE32.decode(cursor.as_bytes()).ok();
        let key: Option<Vec<Value>> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        key.filter(|key| key.len() == self.keys.len() + 1 && key.last().is_some_and(Value::is_string))
            .ok_or_else(|| Refusal::bad_request("the cursor is none that this list has given out"))
    }
}

/// The cursor of a thing: where it stands, so that it stays good when the thing itself is deleted. It holds
/// to the alphabet of Base32 (P6).
fn cursor(key: &[Value]) -> Value {
    Value::String(BASE32.encode(Value::from(key).to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_compared_as_integers() {
        let greatest = [i64::MAX - 1, i64::MAX].map(Value::from);
        let least = [i64::MIN, i64::MIN + 1].map(Value::from);
        for [one, other] in [greatest, least, [json!(1), json!(1.5)], [json!(0.5), json!(1)]] {
            assert_eq!(compare(&one, &other), Ordering::Less, "{one} {other}");
            assert_eq!(compare(&other, &one), Ordering::Greater, "{one} {other}");
        }
    }
}
