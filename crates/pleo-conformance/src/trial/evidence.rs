//! What a case shows, and how it is told.

use http::header;
use pleo_sandbox::Exchange;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    mask::{Mask, visible},
    servers::{ReceivedRequest, Site},
};
use crate::verdict::{Evidence, SeenRequest};

/// The longest body that evidence shows, in bytes.
const SHOWN_BODY: usize = 2048;

/// What a case shows of a rule.
#[derive(Debug, Clone)]
pub(crate) enum Judgement {
    /// The client, or service, does what the rule asks for.
    Pass,
    /// It does not.
    Fail(Box<Finding>),
    /// The case did not get so far that it could be told, for this reason.
    Inconclusive(String),
}

/// What fails a rule.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// What is wrong, in one sentence that is the same for every such case.
    pub(crate) message: &'static str,
    /// What the rule asks for here.
    pub(crate) expected: String,
    /// What came instead.
    pub(crate) received: String,
    /// The request that shows it.
    pub(crate) shown_by: Option<ReceivedRequest>,
}

impl Judgement {
    /// It fails, as nothing that was received shows.
    pub(crate) fn fail(
        message: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Self {
        let (expected, received) = (expected.into(), received.into());
        Self::Fail(Box::new(Finding { message, expected, received, shown_by: None }))
    }

    /// It fails, as this request shows.
    pub(crate) fn fail_by(
        request: &ReceivedRequest,
        message: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Self {
        let (expected, received) = (expected.into(), received.into());
        Self::Fail(Box::new(Finding { message, expected, received, shown_by: Some(request.clone()) }))
    }

    /// Nothing can be told, for this reason.
    pub(crate) fn inconclusive(reason: impl Into<String>) -> Self {
        Self::Inconclusive(reason.into())
    }

    /// It passes if so, otherwise what `fail` says.
    pub(crate) fn pass_if(pass: bool, fail: impl FnOnce() -> Self) -> Self {
        if pass { Self::Pass } else { fail() }
    }

    /// What several judgements come to: the first that fails, or else the first that is inconclusive. None at
    /// all show nothing.
    pub(crate) fn all(judgements: impl IntoIterator<Item = Self>) -> Self {
        let mut all = None;
        for judgement in judgements {
            match judgement {
                Self::Fail(_) => return judgement,
                Self::Inconclusive(_) if !matches!(all, Some(Self::Inconclusive(_))) => all = Some(judgement),
                judgement => all = all.or(Some(judgement)),
            }
        }
        all.unwrap_or_else(|| Self::inconclusive("no request was received"))
    }
}

/// Makes a finding fit to be shown: without secrets, and without what differs from run to run.
pub(crate) fn evidence(rule: &str, finding: &Finding, case: &Value, mask: &Mask) -> Evidence {
    let request = finding.shown_by.as_ref().map(|received| seen(received, mask));
    let digest = Sha256::digest(format!("{rule}\n{}", finding.message));
    Evidence {
        message: finding.message.to_owned(),
        expected: mask.apply(&finding.expected),
        received: mask.apply(&finding.received),
        case: masked(case, mask),
        curl: request.as_ref().map(curl),
        request,
        fingerprint: digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Without what is not given: most members of a call are optional.
fn masked(value: &Value, mask: &Mask) -> Value {
    match value {
        Value::String(text) => Value::String(mask.apply(text)),
        Value::Array(items) => items.iter().map(|item| masked(item, mask)).collect(),
        Value::Object(members) => {
            let given = members.iter().filter(|(_, value)| !value.is_null());
            given.map(|(name, value)| (name.clone(), masked(value, mask))).collect()
        }
        other => other.clone(),
    }
}

fn seen(received: &ReceivedRequest, mask: &Mask) -> SeenRequest {
    let ReceivedRequest { site, exchange: Exchange { request, .. } } = received;
    let text = |bytes: &[u8]| mask.apply(&String::from_utf8_lossy(bytes));
    let mut body = request.body().as_ref();
    let cut = body.len() > SHOWN_BODY;
    body = &body[..body.len().min(SHOWN_BODY)];
    SeenRequest {
        method: request.method().to_string(),
        url: format!("{{{}}}{}", site.name(), mask.apply(&target(request))),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), visible(&text(value.as_bytes()))))
            .collect(),
        body: (!body.is_empty()).then(|| text(body) + if cut { "…" } else { "" }),
    }
}

/// Path and query, as they arrived.
pub(crate) fn target(request: &http::Request<bytes::Bytes>) -> String {
    request.uri().path_and_query().map_or_else(|| request.uri().to_string(), ToString::to_string)
}

/// The request as a line for a shell, but for what HTTP libraries add by themselves.
fn curl(request: &SeenRequest) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let by_itself = [header::HOST, header::CONTENT_LENGTH, header::ACCEPT, header::CONNECTION];
    let mut line = format!("curl -X {} {}", quoted(&request.method), quoted(&request.url));
    for (name, value) in
        request.headers.iter().filter(|(name, _)| !by_itself.iter().any(|own| own.as_str() == name))
    {
        line += &format!(" -H {}", quoted(&format!("{name}: {value}")));
    }
    if let Some(body) = &request.body {
        line += &format!(" --data-raw {}", quoted(body));
    }
    line
}

/// Where something arrived, for a sentence.
pub(crate) fn place(site: Site) -> String {
    match site {
        Site::Staging | Site::Production => format!("the {} API", site.name()),
        Site::Legacy => "the legacy API".to_owned(),
        Site::StagingAuthorization => "staging's authorisation server".to_owned(),
        Site::ProductionAuthorization => "production's authorisation server".to_owned(),
        Site::Untrusted => "an address that is not Pleo's".to_owned(),
        Site::Service => "the service".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_line_for_curl_is_quoted() {
        let request = SeenRequest {
            method: "GET' ; touch x; '".to_owned(),
            url: "{staging}/v1/it's?a=$(b)&c=`d`".to_owned(),
            headers: vec![
                ("host".to_owned(), "127.0.0.1".to_owned()),
                ("authorization".to_owned(), "Basic <Base64 with 'secret' in it>".to_owned()),
            ],
            body: Some("{\"text\":\"it's $HOME\"}".to_owned()),
        };
        // What a shell reads is what is meant, and nothing else.
        let words = shlex::split(&curl(&request)).unwrap();
        let expected = [
            "curl",
            "-X",
            &request.method,
            &request.url,
            "-H",
            "authorization: Basic <Base64 with 'secret' in it>",
            "--data-raw",
            request.body.as_deref().unwrap(),
        ];
        assert_eq!(words, expected);
        let plain = SeenRequest { method: "POST".to_owned(), body: None, headers: Vec::new(), ..request };
        assert!(curl(&plain).starts_with("curl -X 'POST' '"), "the method, too, is in quotation marks");
    }
}
