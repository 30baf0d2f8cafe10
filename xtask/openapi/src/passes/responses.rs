//! Passes over request bodies and responses.

use serde_json::{Map, Value, json};

use super::Log;
use crate::{Refusals, SpecError, pointer, walk};

/// The only media type that generated code speaks.
const JSON: &str = "application/json";

pub(super) fn media_types(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::operations_mut(document, |place, operation| {
        if let Some(Value::Object(body)) = operation.get_mut("requestBody") {
            one_media_type(log, &format!("{}/requestBody", place.pointer), body)?;
        }
        for (status, response) in
            operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
        {
            if let Value::Object(response) = response {
                let at = pointer::push(&format!("{}/responses", place.pointer), status);
                let json = |content: &Map<String, Value>| content.keys().any(|name| essence(name) == JSON);
                // An error is kept as it comes, whatever its media type.
                let error = !is_success(status) && status != "default";
                if error && !response.get("content").and_then(Value::as_object).is_some_and(json) {
                    continue;
                }
                one_media_type(log, &at, response)?;
            }
        }
        Ok(())
    })
}

fn one_media_type(log: &mut Log, at: &str, part: &mut Map<String, Value>) -> Result<(), SpecError> {
    let Some(Value::Object(content)) = part.get_mut("content") else { return Ok(()) };
    if content.is_empty() || (content.len() == 1 && content.contains_key(JSON)) {
        return Ok(());
    }
    let json: Vec<String> = content.keys().filter(|name| essence(name) == JSON).cloned().collect();
    let [published] = json.as_slice() else {
        let found = content.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(log.refuse(
            format!("{at}/content"),
            format!("{} media types that are plain JSON among {found}", json.len()),
            "leave exactly one `application/json` with an overlay, or hand-write the call",
        ));
    };
    let published = published.clone();
    if !published.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(log.refuse(
            pointer::push(&format!("{at}/content"), &published),
            "a media type that no header can hold",
            "write it in ASCII, as RFC 9110 asks",
        ));
    }
    let media = content.remove(&published).unwrap_or_else(|| json!({}));
    log.changed(pointer::push(&format!("{at}/content"), &published));
    *content = Map::from_iter([(JSON.to_owned(), media)]);
    part.insert("x-pleo-media-type".to_owned(), Value::String(published));
    Ok(())
}

/// A media type without its parameters, in lower case (RFC 9110, section 8.3.1).
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) fn schemaless_media_types(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::operations_mut(document, |place, operation| {
        for (status, response) in
            operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
        {
            let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { continue };
            content.retain(|media_type, media| {
                let keep = media.get("schema").is_some();
                if !keep {
                    let at = pointer::push(&format!("{}/responses", place.pointer), status);
                    log.changed(pointer::push(&format!("{at}/content"), media_type));
                }
                keep
            });
            if content.is_empty()
                && let Some(response) = response.as_object_mut()
            {
                response.remove("content");
                response.remove("x-pleo-media-type");
            }
        }
        let body =
            operation.get("requestBody").and_then(|body| body.get("content")).and_then(Value::as_object);
        if body.is_some_and(|content| {
            content.is_empty() || content.values().any(|media| media.get("schema").is_none())
        }) {
            return Err(log.refuse(
                format!("{}/requestBody/content", place.pointer),
                "a request body without a schema",
                "add the schema with an overlay; what to send cannot be guessed",
            ));
        }
        Ok(())
    })
}

pub(super) fn default_is_success(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::operations_mut(document, |place, operation| {
        let Some(Value::Object(responses)) = operation.get_mut("responses") else { return Ok(()) };
        if let Some(status) = responses.keys().find(|status| !is_status(status)) {
            return Err(log.refuse(
                pointer::push(&format!("{}/responses", place.pointer), status),
                "a status that is neither a number from 100 to 599, nor a range such as `2XX`, nor `default`",
                "correct it with an overlay",
            ));
        }
        if responses.len() == 1
            && let Some(response) = responses.remove("default")
        {
            responses.insert("2XX".to_owned(), response);
            log.changed(format!("{}/responses/default", place.pointer));
        }
        Ok(())
    })
}

fn is_status(status: &str) -> bool {
    let [first, rest @ ..] = status.as_bytes() else { return false };
    let number = rest.len() == 2 && rest.iter().all(u8::is_ascii_digit);
    status == "default" || ((b'1'..=b'5').contains(first) && (number || rest == b"XX"))
}

fn is_success(status: &str) -> bool {
    status.len() == 3 && status.starts_with('2')
}

pub(super) fn error_responses(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::operations_mut(document, |place, operation| {
        let Some(Value::Object(responses)) = operation.get_mut("responses") else { return Ok(()) };
        responses.retain(|status, _| {
            let keep = is_success(status);
            if !keep {
                log.changed(pointer::push(&format!("{}/responses", place.pointer), status));
            }
            keep
        });
        Ok(())
    })
}

pub(super) fn one_success(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::operations_mut(document, |place, operation| {
        let at = format!("{}/responses", place.pointer);
        let Some(Value::Object(responses)) = operation.get_mut("responses") else { return Ok(()) };
        let schemas: Vec<Option<&Value>> = responses
            .values()
            .map(|response| response.pointer("/content/application~1json/schema"))
            .collect();
        let Some((first, others)) = schemas.split_first() else {
            return Err(log.refuse(
                at,
                "an operation without a success response",
                "add the success with an overlay; redirects are never followed",
            ));
        };
        if others.iter().any(|other| other != first) {
            let found = responses.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(log.refuse(
                at,
                format!("successes of different types: {found}"),
                "leave one of them with an overlay `remove`, or give them one schema",
            ));
        }
        // OpenAPI asks for a description, and the generator does not read a response without one.
        for response in responses.values_mut().filter_map(Value::as_object_mut) {
            if !response.contains_key("description") {
                response.insert("description".to_owned(), json!(""));
                log.changed(&at);
            }
        }
        if responses.len() == 1 && responses.contains_key("2XX") {
            return Ok(());
        }
        let response = responses.values().next().cloned().unwrap_or_else(|| json!({}));
        *responses = Map::from_iter([("2XX".to_owned(), response)]);
        log.changed(at);
        Ok(())
    })
}
