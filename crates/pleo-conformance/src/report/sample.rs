//! Rules and reports for the tests of this crate: a report with every standing, and arbitrary ones.

use proptest::{collection::vec, option, prelude::*};
use serde_json::json;

use super::{Report, RuleResult, SubjectInfo, SubjectKind, Summary};
use crate::{
    rules::{Check, Rule},
    trial::{ClientTrial, ServiceTrial},
    verdict::{Evidence, Level, SeenRequest, Side, Verdict},
};

/// Rules with the ids of [`report`].
pub(crate) static CATALOGUE: &[Rule] = &[
    rule("AUTH-1", Level::Must, CLIENT),
    rule("AUTH-2", Level::Must, CLIENT),
    rule("AUTH-3", Level::Must, CLIENT),
    rule("AUTH-4", Level::Should, CLIENT),
    rule("ENV-1", Level::Must, CLIENT),
    rule("ENV-2", Level::Must, CLIENT),
    rule("ENV-3", Level::Must, CLIENT),
    rule("ENV-4", Level::Must, SERVICE),
    rule("ENV-5", Level::Must, SERVICE),
];

const CLIENT: Check = Check::Client { needs: &[], check: client };
const SERVICE: Check = Check::Service { check: service, live: None };

const fn rule(id: &'static str, level: Level, check: Check) -> Rule {
    Rule {
        id,
        title: "Basic for keys",
        statement: "A client MUST send a key by HTTP Basic.",
        level,
        level_reason: "It is an example.",
        sources: &["Z25"],
        headings: &["S3: Standalone API Keys"],
        failure: "The key arrives as Bearer.",
        method: "Any operation, any key.",
        check,
    }
}

fn client(_: &mut ClientTrial<'_>) -> Verdict {
    Verdict::Pass { conclusive: 1 }
}

fn service(_: &mut ServiceTrial<'_>) -> Verdict {
    Verdict::Pass { conclusive: 1 }
}

/// A report with every standing, in two areas.
pub(crate) fn report() -> Report {
    let pass = || Verdict::Pass { conclusive: 256 };
    let fail = || Verdict::Fail { evidence: Box::new(evidence()) };
    let rules = [
        ("AUTH-1", "Basic for keys", Level::Must, pass(), None),
        ("AUTH-2", "The key is the user name", Level::Must, fail(), None),
        ("AUTH-3", "Bearer for tokens", Level::Must, skip("the client has no OAuth"), None),
        ("AUTH-4", "Base64, padded: always", Level::Should, fail(), None),
        ("ENV-1", "Staging has one base URL", Level::Must, pass(), None),
        ("ENV-2", "No redirect is followed", Level::Must, fail(), Some("known since May")),
        ("ENV-3", "Mended", Level::Must, pass(), Some("mended in June")),
        (
            "ENV-4",
            "A key works in one environment",
            Level::Must,
            Verdict::Inconclusive { reason: "only 401 was ever seen".to_owned() },
            None,
        ),
        (
            "ENV-5",
            "Broken down",
            Level::Must,
            Verdict::Error { reason: "it did not respond".to_owned() },
            None,
        ),
    ];
    let results = rules
        .into_iter()
        .map(|(id, title, level, verdict, expected_failure)| RuleResult {
            id: id.to_owned(),
            title: title.to_owned(),
            level,
            side: Side::Client,
            sources: vec!["Z25".to_owned(), "Z26".to_owned()],
            headings: vec!["S3: Standalone API Keys".to_owned()],
            statement: format!("A client {level} do this."),
            duration_ms: 12,
            verdict,
            expected_failure: expected_failure.map(str::to_owned),
        })
        .collect();
    finished(Report {
        format: 1,
        suite: "pleo-conformance 0.1.0".to_owned(),
        subject: SubjectInfo {
            name: "example-client".to_owned(),
            version: "1.2.3".to_owned(),
            kind: SubjectKind::Program,
        },
        seed: 1,
        cases: 256,
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        duration_ms: 61_234,
        summary: Summary::default(),
        results,
    })
}

fn skip(reason: &str) -> Verdict {
    Verdict::Skip { reason: reason.to_owned() }
}

fn evidence() -> Evidence {
    Evidence {
        message: "the key is in the password".to_owned(),
        expected: "Basic KEY:".to_owned(),
        received: "Basic :KEY".to_owned(),
        case: json!({"operation": "list_employees", "key": "0"}),
        request: Some(SeenRequest {
            method: "GET".to_owned(),
            url: "http://127.0.0.1:4000/v2/employees?limit=1".to_owned(),
            headers: vec![("authorization".to_owned(), "Basic ***".to_owned())],
            body: None,
        }),
        curl: Some("curl -u ':***' 'http://127.0.0.1:4000/v2/employees?limit=1'".to_owned()),
        fingerprint: "3f1a".to_owned(),
    }
}

fn finished(report: Report) -> Report {
    Report { summary: Summary::of(&report.results), ..report }
}

/// Text that is out to break what it is put into, and any other.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        proptest::sample::select(vec![
            "]]>",
            "<script>alert(1)</script>",
            "</pre>",
            "</style>",
            "-->",
            "<!--",
            "|",
            "||\n|",
            "\n",
            "\r\n",
            "\n\n# x\n",
            "\0",
            "\u{1b}[35m",
            "\u{1b}]8;;http://x\u{7}",
            "\u{202e}",
            "\u{2066}",
            "\u{feff}",
            "\u{fffe}",
            "\u{2028}",
            "مفتاح",
            "`",
            "```",
            "~~~",
            "&amp;",
            "&#x0;",
            "\"",
            "'",
            "%0A",
            "::error::x",
            "\n::add-mask::x\n",
            "##[add-mask]x",
            "@octocat",
            "#1",
            "https://example.com",
            "![](x)",
            "<img src=x onerror=alert(1)>",
            "\\",
            "&lt",
            "$$",
        ])
        .prop_map(str::to_owned),
    ];
    vec(part, 0..4).prop_map(|parts| parts.concat())
}

/// A report with hostile text in every field.
pub(crate) fn any_report() -> impl Strategy<Value = Report> {
    (
        (hostile(), hostile(), hostile(), hostile()),
        proptest::sample::select(vec![SubjectKind::InProcess, SubjectKind::Program, SubjectKind::Service]),
        any::<(u64, u32, u32)>(),
        vec(any_result(), 0..5),
    )
        .prop_map(|((suite, name, version, started_at), kind, (seed, cases, duration), results)| {
            finished(Report {
                format: 1,
                suite,
                subject: SubjectInfo { name, version, kind },
                seed,
                cases,
                started_at,
                duration_ms: duration.into(),
                summary: Summary::default(),
                results,
            })
        })
}

fn any_result() -> impl Strategy<Value = RuleResult> {
    (
        (hostile(), hostile(), hostile()),
        proptest::sample::select(vec![Level::Must, Level::Should]),
        proptest::sample::select(vec![Side::Client, Side::Service]),
        (vec(hostile(), 0..3), vec(hostile(), 0..3)),
        any::<u32>(),
        any_verdict(),
        option::of(hostile()),
    )
        .prop_map(
            |((id, title, statement), level, side, (sources, headings), duration, verdict, expected)| {
                RuleResult {
                    id,
                    title,
                    level,
                    side,
                    sources,
                    headings,
                    statement,
                    duration_ms: duration.into(),
                    verdict,
                    expected_failure: expected,
                }
            },
        )
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    let request = (hostile(), hostile(), vec((hostile(), hostile()), 0..3), option::of(hostile()))
        .prop_map(|(method, url, headers, body)| SeenRequest { method, url, headers, body });
    let evidence = (
        (hostile(), hostile(), hostile()),
        (hostile(), hostile()).prop_map(|(name, value)| json!({name: value})),
        option::of(request),
        option::of(hostile()),
        hostile(),
    )
        .prop_map(|((message, expected, received), case, request, curl, fingerprint)| Evidence {
            message,
            expected,
            received,
            case,
            request,
            curl,
            fingerprint,
        });
    prop_oneof![
        any::<u32>().prop_map(|conclusive| Verdict::Pass { conclusive }),
        evidence.prop_map(|evidence| Verdict::Fail { evidence: Box::new(evidence) }),
        hostile().prop_map(|reason| Verdict::Skip { reason }),
        hostile().prop_map(|reason| Verdict::Inconclusive { reason }),
        hostile().prop_map(|reason| Verdict::Error { reason }),
    ]
}

/// What stands between `<` and `>`, one after the other: none of it may come from a report's texts.
pub(crate) fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split_once('>').map_or(rest, |(tag, _)| tag)).collect()
}

/// The report with the same shape and every text replaced by a harmless one.
pub(crate) fn harmless(report: &Report) -> Report {
    let mut value = serde_json::to_value(report).unwrap();
    fn replace(value: &mut serde_json::Value, key: &str, id: &str) {
        match value {
            serde_json::Value::String(text) if !["verdict", "level", "side", "kind"].contains(&key) => {
                *text = if key == "id" { id.to_owned() } else { "harmless".to_owned() };
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| replace(item, key, id)),
            serde_json::Value::Object(members) if key == "case" => members.clear(),
            serde_json::Value::Object(members) => {
                members.iter_mut().for_each(|(key, value)| replace(value, key, id));
            }
            _ => {}
        }
    }
    // Areas make sections: those that were the same stay so, others differ.
    let areas = report.areas();
    for (index, result) in report.results.iter().enumerate() {
        let area = areas.iter().position(|(area, _)| *area == result.area()).unwrap();
        replace(&mut value["results"][index], "", &format!("A{area}-1"));
    }
    for key in ["subject", "suite", "started_at"] {
        replace(&mut value[key], key, "");
    }
    serde_json::from_value(value).unwrap()
}
