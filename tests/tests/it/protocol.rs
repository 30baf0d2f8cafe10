//! The published schema and the examples of `docs/conformance-protocol.md`.

use jsonschema::Validator;
use pleo_client::operations;
use pleo_conformance::protocol::{self, FromSubject, ToSubject};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const PUBLISHED: &str = include_str!("../../../crates/pleo-conformance/schemas/protocol.schema.json");
const GUIDE: &str = include_str!("../../../docs/conformance-protocol.md");

#[test]
fn the_published_schema_is_the_one_of_the_messages() {
    let generated = serde_json::to_string_pretty(&protocol::schema()).unwrap() + "\n";
    assert!(
        generated == PUBLISHED,
        "run this: cargo run --example protocol_schema \
         | tee crates/pleo-conformance/schemas/protocol.schema.json"
    );
}

/// A validator for one direction, or for both.
fn validator(direction: Option<&str>) -> Validator {
    let mut schema: Value = serde_json::from_str(PUBLISHED).unwrap();
    if let Some(direction) = direction {
        schema["anyOf"] = json!([{ "$ref": format!("#/$defs/{direction}") }]);
    }
    jsonschema::validator_for(&schema).unwrap()
}

/// The messages in the guide's fenced blocks: who says them (`>` the runner, `<` the subject), and what.
fn examples() -> Vec<(char, &'static str)> {
    let blocks = GUIDE.split("```").skip(1).step_by(2);
    let messages = blocks.filter_map(|block| block.strip_prefix("json\n"));
    messages
        .flat_map(str::lines)
        .map(|line| {
            let speaker = line.chars().next().unwrap();
            (speaker, line.strip_prefix(['>', '<']).unwrap_or_else(|| panic!("who says this? {line}")).trim())
        })
        .collect()
}

/// The message is one, says nothing that no message knows, and the schema takes it in its direction only.
fn check<M: Serialize + DeserializeOwned>(text: &str, validator: &Validator) {
    let message: M = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let value: Value = serde_json::from_str(text).unwrap();
    let known = serde_json::to_value(&message).unwrap();
    assert!(is_part(&value, &known), "the message has members that the protocol does not know: {text}");
    for value in [value, known] {
        let result = validator.validate(&value).map_err(|error| error.to_string());
        assert_eq!(result, Ok(()), "{text}");
    }
}

/// Whether everything in `part` is in `whole`, which may have defaults besides.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|other| is_part(value, other)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_part(part, whole))
        }
        _ => part == whole,
    }
}

#[test]
fn the_guides_examples_are_messages_and_the_schema_takes_them() {
    let (to_subject, from_subject) = (validator(Some("ToSubject")), validator(Some("FromSubject")));
    let either = validator(None);
    for (speaker, text) in examples() {
        match speaker {
            '>' => check::<ToSubject>(text, &to_subject),
            _ => check::<FromSubject>(text, &from_subject),
        }
        assert!(either.is_valid(&serde_json::from_str(text).unwrap()), "{text}");
    }
}

#[test]
fn the_guide_has_an_example_of_every_message_and_action() {
    let examples: Vec<(char, Value)> = examples()
        .into_iter()
        .map(|(speaker, text)| (speaker, serde_json::from_str(text).unwrap()))
        .collect();
    for (speaker, member, values) in [
        ('>', "type", &["hello", "call", "bye"][..]),
        ('>', "action", &["send", "authorize", "finish"]),
        ('<', "type", &["hello", "result", "refuse"]),
    ] {
        for value in values {
            assert!(
                examples.iter().any(|(who, message)| *who == speaker && message[member] == **value),
                "{speaker} {value}"
            );
        }
    }
}

#[test]
fn the_guides_operations_are_pleos() {
    let mut count = 0;
    for (_, text) in examples() {
        let message: Value = serde_json::from_str(text).unwrap();
        let Some(id) = message["operation"]["id"].as_str() else { continue };
        let operation = operations::find(id).unwrap_or_else(|| panic!("no operation {id}"));
        for (member, value) in
            [("pleo_id", operation.pleo_id), ("method", operation.method.as_str()), ("path", operation.path)]
        {
            assert_eq!(message["operation"][member], value, "{id}");
        }
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn the_guide_names_every_capability_and_kind_of_credential() {
    let definitions = &protocol::schema().to_value()["$defs"];
    for name in ["Capability", "CredentialKind"] {
        let values: Vec<&str> = definitions[name]["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["const"].as_str().unwrap())
            .collect();
        assert!(values.len() > 5, "{definitions}");
        for value in values {
            assert!(GUIDE.contains(&format!("| `{value}` |")), "{value}");
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_message() {
    let validator = validator(None);
    for wrong in [
        json!({}),
        json!({ "type": "greetings" }),
        json!({ "type": "call", "id": 1, "session": "a" }),
        json!({ "type": "call", "id": 1, "session": "a", "action": "dance" }),
        json!({ "type": "call", "id": -1, "session": "a", "action": "finish", "redirect": "x" }),
        json!({ "type": "refuse", "id": 1 }),
        json!({ "type": "result", "id": 1, "answers": [{ "status": "200" }] }),
        json!({ "type": "hello", "protocol": 1, "name": "x", "capabilities": ["teleport"] }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
