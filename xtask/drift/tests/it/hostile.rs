//! What a report says of documents that try to run, link or show something, in every place that a document has.

use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;
use xtask_drift::{Report, api::Prose, render, rust, rust::State};
use xtask_openapi::{Document, foreign::is_hidden};
use xtask_testing::hostile::{MARK, PAYLOADS, payload, put, slots, template};

fn document(value: Value) -> Document {
    Document { name: "hostile.yaml".to_owned(), value }
}

/// What is wrong with the report of a change, in every form that it has.
fn judge(old: &Document, new: &Document) -> Vec<String> {
    let (old, new) = (std::slice::from_ref(old), std::slice::from_ref(new));
    let report = match xtask_drift::api::compare(old, new, Prose::Compared) {
        Ok(findings) => Report::of_api(findings).with_rust(rust::between(
            State { documents: old, overlays: &[] },
            State { documents: new, overlays: &[] },
        )),
        Err(error) => return hidden("the refusal", &error.to_string()),
    };
    let (text, markdown) = (render::text(&report), render::markdown(&report));
    let github = render::github(&report, |_| Some(("hostile.yaml".to_owned(), None)));
    let json = render::json(&report).unwrap();
    let message = render::commit_message(&report, old, new);
    let mut wrong = Vec::new();
    for (form, shown) in [
        ("text", &text),
        ("markdown", &markdown),
        ("annotations", &github),
        ("json", &json),
        ("message", &message),
    ] {
        wrong.extend(hidden(form, shown));
    }
    assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
    let commands =
        ["::error file=hostile.yaml,", "::warning file=hostile.yaml,", "::notice file=hostile.yaml,"];
    let ours = |line: &str| {
        commands.iter().any(|command| line.starts_with(command))
            || line.contains("::") && line.contains(" title=What this does to the Rust API")
            || !line.contains("::")
    };
    wrong.extend(github.lines().filter(|line| !ours(line)).map(|line| format!("annotations: {line}")));
    for line in text.lines().chain(message.lines()) {
        if line.trim_start().starts_with("::") || line.contains("##[") {
            wrong.push(format!("a command for GitHub: {line}"));
        }
    }
    for act in ["@name", "#1", "GH-1", "[skip ci]", "://"] {
        if message.contains(act) {
            wrong.push(format!("{act} in the message: {message}"));
        }
    }
    let mut in_text = false;
    for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        let plain = match &event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let html = html.trim();
                html == "<br>"
                    || html.ends_with("details>")
                    || html.starts_with("<summary>") && !html.contains(MARK)
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => false,
            Event::Text(text) if in_text => !text.contains("@name") && !text.contains("://"),
            _ => true,
        };
        match &event {
            Event::Start(Tag::CodeBlock(_)) => in_text = false,
            Event::Start(_) => in_text = true,
            _ => {}
        }
        if !plain {
            wrong.push(format!("markdown: {event:?}"));
        }
    }
    wrong
}

fn hidden(form: &str, shown: &str) -> Vec<String> {
    let found = shown.chars().find(|c| *c != '\n' && is_hidden(*c));
    found.map(|c| format!("{form} holds {c:?}")).into_iter().collect()
}

#[test]
fn a_hostile_text_in_any_place_stays_text_in_every_form_of_a_report() {
    let before = document(template());
    let mut wrong = Vec::new();
    let mut told = 0;
    let slots = slots();
    for (number, slot) in slots.iter().enumerate() {
        let mut value = template();
        put(&mut value, slot, &payload(number, number));
        let after = document(value);
        let findings = xtask_drift::api::compare(
            std::slice::from_ref(&before),
            std::slice::from_ref(&after),
            Prose::Compared,
        );
        told += usize::from(findings.is_ok_and(|findings| !findings.is_empty()));
        for (old, new) in [(&before, &after), (&after, &before)] {
            wrong.extend(judge(old, new).into_iter().map(|what| format!("{slot:?}: {what}")));
        }
    }
    println!("{} places, {told} of them are compared", slots.len());
    assert!(told > slots.len() / 3, "only {told} of {} places are compared", slots.len());
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}

#[test]
fn every_payload_stays_text_where_reports_quote() {
    let before = document(template());
    let mut wrong = Vec::new();
    for index in 0..PAYLOADS.len() {
        for (number, slot) in slots().iter().enumerate().step_by(7) {
            let mut value = template();
            put(&mut value, slot, &payload(index, number));
            let problems = judge(&before, &document(value));
            wrong.extend(problems.into_iter().map(|what| format!("{slot:?}, payload {index}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}
