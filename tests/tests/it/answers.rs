//! Valid responses decode and encode back unchanged; tomorrow's responses still decode.

use std::collections::BTreeMap;

use pleo_client::operations;
use pleo_tests::{
    Answer, Arguments, call,
    published::{self, Published, PublishedOperation, Success},
    transport::Canned,
    values::{Style, UNKNOWN, Values},
};
use serde_json::{Value, json};

/// How many bodies are made for each operation with a JSON success.
const BODIES: u64 = 50;

/// The operations with a JSON success, with its status and schema.
fn json_operations(documents: &[Published]) -> Vec<(&'static str, PublishedOperation<'_>, u16, &Value)> {
    let published = published::operations(documents);
    operations::all()
        .filter_map(|operation| {
            let described = published[&(operation.method.to_string(), operation.path.to_owned())];
            described.successes().into_iter().find_map(|(status, success)| match success {
                Success::Json(schema) => Some((operation.id, described, status, schema)),
                Success::Empty => None,
            })
        })
        .collect()
}

/// Arguments that satisfy the builder; what is sent does not matter here.
fn arguments(operation: &PublishedOperation<'_>) -> Arguments {
    let mut values = Values::new(operation.document, Style::Full, 0);
    let parameters = operation.parameters();
    Arguments {
        parameters: parameters
            .map(|parameter| {
                (parameter["name"].as_str().unwrap().to_owned(), values.value(&parameter["schema"]))
            })
            .collect(),
        body: operation.request_body().map(|(_, schema)| values.value(schema)),
    }
}

/// Answers every JSON operation with bodies of a style; `check` compares what was sent with what
/// the decoded body encodes to. Returns the number of operations and bodies.
async fn answer_all(style: Style, check: impl Fn(&str, &Value, &Value)) -> (usize, u64) {
    let documents = published::documents();
    let operations = json_operations(&documents);
    let mut bodies = 0;
    for (id, described, status, schema) in &operations {
        let arguments = arguments(described);
        for seed in 0..BODIES {
            let body = Values::new(described.document, style, seed).value(schema);
            let client = Canned::client(*status, body.to_string());
            let answer = call(&client, id, &arguments).await.unwrap_or_else(|error| {
                panic!("{id}, seed {seed}: {error}\n{body:#}");
            });
            check(id, &body, &serde_json::from_str(&answer.json).unwrap());
            bodies += 1;
        }
    }
    (operations.len(), bodies)
}

fn assert_all(made: (usize, u64)) {
    let documents = published::documents();
    let described = successes(&documents, |success| matches!(success, Success::Json(_)));
    assert_eq!(made, (described, described as u64 * BODIES));
}

/// How many published operations have a success of this kind.
fn successes(documents: &[Published], is_counted: impl Fn(&Success<'_>) -> bool) -> usize {
    let operations = published::operations(documents);
    let counted = |operation: &&PublishedOperation<'_>| {
        operation.successes().iter().any(|(_, success)| is_counted(success))
    };
    operations.values().filter(counted).count()
}

#[tokio::test]
async fn valid_answers_decode_and_encode_back_to_equal_json() {
    let made = answer_all(Style::Valid, |id, sent, encoded| assert_eq!(encoded, sent, "{id}")).await;
    assert_all(made);
    let made = answer_all(Style::Full, |id, sent, encoded| assert_eq!(encoded, sent, "{id}")).await;
    assert_all(made);
}

#[tokio::test]
async fn unknown_fields_anywhere_are_ignored() {
    let made = answer_all(Style::UnknownFields, |id, sent, encoded| {
        let mut known = sent.clone();
        without_unknown(&mut known);
        assert_ne!(&known, sent, "{id} got no unknown field");
        assert_eq!(encoded, &known, "{id}");
    })
    .await;
    assert_all(made);
}

fn without_unknown(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("aaBrandNew");
            map.remove("zz brand/new");
            map.values_mut().for_each(without_unknown);
        }
        Value::Array(list) => list.iter_mut().for_each(without_unknown),
        _ => {}
    }
}

#[tokio::test]
async fn unknown_enum_values_are_kept_and_sent_back_unchanged() {
    let unknown = std::cell::Cell::new(0);
    let made = answer_all(Style::UnknownEnumValues, |id, sent, encoded| {
        unknown.set(unknown.get() + sent.to_string().matches("BRAND_NEW").count());
        assert_eq!(encoded, sent, "{id}");
    })
    .await;
    assert_all(made);
    assert!(unknown.get() > 1000, "only {} enums were tried", unknown.get());
}

#[test]
fn an_unknown_enum_value_is_readable() {
    let value: pleo_client::common::types::CountryCode = serde_json::from_value(json!(UNKNOWN)).unwrap();
    assert_eq!(value.as_str(), UNKNOWN);
}

#[tokio::test]
async fn nullable_fields_may_be_null_or_absent() {
    let without_nulls = |id: &str, sent: &Value, encoded: &Value| {
        // Null and absent are one `None`; which of the two is written does not matter here.
        assert_eq!(stripped(encoded), stripped(sent), "{id}");
    };
    assert_all(answer_all(Style::Nulls, without_nulls).await);
    assert_all(answer_all(Style::Absent, without_nulls).await);
}

fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), stripped(value)))
            .collect(),
        Value::Array(list) => list.iter().map(stripped).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn times_of_every_spelling_and_dates_where_the_pattern_says_so_decode() {
    assert_all(answer_all(Style::Times, assert_same_instants).await);
}

/// Equal, except for other spellings of the same time in the same offset.
fn assert_same_instants(id: &str, sent: &Value, encoded: &Value) {
    match (sent, encoded) {
        (Value::Object(sent), Value::Object(encoded)) => {
            assert_eq!(sent.keys().collect::<Vec<_>>(), encoded.keys().collect::<Vec<_>>(), "{id}");
            sent.iter().for_each(|(key, value)| assert_same_instants(id, value, &encoded[key]));
        }
        (Value::Array(sent), Value::Array(encoded)) => {
            assert_eq!(sent.len(), encoded.len(), "{id}");
            sent.iter().zip(encoded).for_each(|(sent, encoded)| assert_same_instants(id, sent, encoded));
        }
        (Value::String(sent), Value::String(encoded)) if sent != encoded => {
            let time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
            let (sent, encoded) = (time(sent), time(encoded));
            assert_eq!((sent, sent.offset()), (encoded, encoded.offset()), "{id}");
        }
        _ => assert_eq!(sent, encoded, "{id}"),
    }
}

#[tokio::test]
async fn strings_and_lists_that_break_published_bounds_do_not_fail_the_page() {
    assert_all(answer_all(Style::BrokenBounds, |id, sent, encoded| assert_eq!(encoded, sent, "{id}")).await);
}

#[tokio::test]
async fn documented_statuses_without_a_body_are_successes() {
    let documents = published::documents();
    let published = published::operations(&documents);
    let mut tried = BTreeMap::new();
    for operation in operations::all() {
        let described = published[&(operation.method.to_string(), operation.path.to_owned())];
        for (status, success) in described.successes() {
            if matches!(success, Success::Empty) {
                let client = Canned::client(status, "");
                let answer = call(&client, operation.id, &arguments(&described)).await;
                let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", operation.id));
                assert_eq!(
                    (answer.status.as_u16(), answer.json.as_str()),
                    (status, "null"),
                    "{}",
                    operation.id
                );
                *tried.entry(status).or_insert(0) += 1;
            }
        }
    }
    // 200 stands for a `default` without a schema.
    assert_eq!(tried.keys().copied().collect::<Vec<_>>(), [200, 202, 204]);
    assert_eq!(
        tried.values().sum::<usize>(),
        successes(&documents, |success| matches!(success, Success::Empty))
    );
}

/// A page of one export item in version 3 whose amounts are the given text.
fn export_page(amount: &str) -> String {
    let documents = published::documents();
    let operations = json_operations(&documents);
    let (_, described, _, schema) = operations.iter().find(|(id, ..)| *id == "list_export_items_v3").unwrap();
    let mut page = Values::new(described.document, Style::Full, 7).value(schema);
    fn place(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match key.as_str() {
                        "value" | "rate" => *value = json!("AMOUNT"),
                        _ => place(value),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(place),
            _ => {}
        }
    }
    place(&mut page);
    page.to_string().replace("\"AMOUNT\"", amount)
}

async fn read_page(page: &str) -> Answer {
    call(&Canned::client(200, page.to_owned()), "list_export_items_v3", &Arguments::default()).await.unwrap()
}

#[tokio::test]
async fn decimal_amounts_of_28_digits_survive_decode_and_encode() {
    for amount in [
        "0.1",
        "-12.50",
        "100.00",
        "0.000000000000000000000000001",
        "9999999999999999999999999999",
        "-1234567890123456789.012345678",
        "9007199254740993",
    ] {
        let page = export_page(amount);
        let encoded = read_page(&page).await.json;
        let count = |text: &str| text.matches(&format!(":{amount}")).count();
        assert!(count(&page) > 5, "the page holds {} amounts", count(&page));
        assert_eq!(count(&encoded), count(&page), "{amount}");
    }
}

#[test]
fn minor_units_are_integers_to_the_last_one() {
    for minors in [i64::MIN, -1, 0, 9_007_199_254_740_993, i64::MAX] {
        let text = format!("{{\"currency\":\"DKK\",\"minors\":{minors}}}");
        let money: pleo_client::accounting_entries::types::Money = serde_json::from_str(&text).unwrap();
        assert_eq!(money.minors, minors);
        assert_eq!(serde_json::to_string(&money).unwrap(), text);
    }
    let fraction = serde_json::from_str::<pleo_client::accounting_entries::types::Money>(
        "{\"currency\":\"DKK\",\"minors\":1.5}",
    );
    assert!(fraction.is_err());
}

#[test]
fn no_generated_type_holds_a_float() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/pleo-client/src/generated");
    let mut read = 0;
    for family in std::fs::read_dir(folder).unwrap() {
        for name in ["types.rs", "builder.rs"] {
            if let Ok(code) = std::fs::read_to_string(family.as_ref().unwrap().path().join(name)) {
                let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
                assert!(!words.contains(&"f64") && !words.contains(&"f32"), "{family:?}/{name}");
                read += 1;
            }
        }
    }
    assert_eq!(read, 25);
}
