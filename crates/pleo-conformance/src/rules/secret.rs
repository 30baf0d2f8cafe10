//! Where secrets may not turn up.

use pleo_sandbox::Fault;
use proptest::sample::select;

use super::{BASE_URLS_OPENING, Check, OVERVIEW_SECURITY, Rule, WORKFLOW_KEY, WORKFLOW_REQUEST, carrier};
use crate::{
    protocol::{Capability, Send},
    trial::{
        case::Case,
        client::{ClientTrial, Conversation, Seen, Stop},
        evidence::{Judgement, place, target},
        lab::Site,
        mask,
    },
    verdict::{Level, Verdict},
};

const SHOWN: &[Capability] = &[Capability::Shown];
const KEY_SECURITY: &str = "Integration design: security for standalone API keys";
const TOKEN_STORAGE: &str = "Integration design: secure token storage";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SEC-001",
        title: "No credential in a URL",
        statement: "A client MUST NOT put a credential into the URL of a request.",
        level: Level::Must,
        sources: &["Z29", "Z53"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY, WORKFLOW_REQUEST],
        failure: "The key is a query parameter, and so in every log on the way.",
        method: "Any operation and credential: path and query are searched for it, encoded or not.",
        check: Check::Client { needs: &[], check: not_in_url },
    },
    Rule {
        id: "SEC-002",
        title: "No credential anywhere else in a request",
        statement: "A client MUST NOT put a credential into another header than Authorization, or into the \
                    body.",
        level: Level::Must,
        sources: &["Z29", "Z53"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY, WORKFLOW_REQUEST],
        failure: "The key is in the User-Agent, a cookie, or a header of somebody else's API.",
        method: "Any operation and credential: all other headers and the body are searched for it.",
        check: Check::Client { needs: &[], check: not_in_other_parts },
    },
    Rule {
        id: "SEC-003",
        title: "No credential in debugging output",
        statement: "A client MUST NOT show a credential in what it prints for debugging.",
        level: Level::Must,
        sources: &["Z53"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY],
        failure: "Printing the client, or its configuration, prints the key.",
        method: "Any operation and credential, answered or not: what the subject calls `debug` is searched.",
        check: Check::Client { needs: SHOWN, check: not_in_debug },
    },
    Rule {
        id: "SEC-004",
        title: "No credential in errors",
        statement: "A client MUST NOT show a credential in an error, nor in its reason for a refusal.",
        level: Level::Must,
        sources: &["Z53", "A57"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY, TOKEN_STORAGE],
        failure: "The error of a failed request quotes the header that was sent.",
        method: "Requests that fail: unknown credential, broken connection, server error, wrong \
                 environment. Every text that the subject shows of it, but logs and debugging output, is \
                 searched.",
        check: Check::Client { needs: &[], check: not_in_errors },
    },
    Rule {
        id: "SEC-005",
        title: "No credential in logs",
        statement: "A client MUST NOT write a credential to a log.",
        level: Level::Must,
        sources: &["Z53", "A57"],
        headings: &[OVERVIEW_SECURITY, TOKEN_STORAGE],
        failure: "A log at the level debug has the request with all its headers.",
        method: "Any operation and credential, answered or not: what the subject calls `log`, and what it \
                 writes to its standard error, is searched.",
        check: Check::Client { needs: SHOWN, check: not_in_logs },
    },
    Rule {
        id: "SEC-006",
        title: "No redirect takes a credential along",
        statement: "A client MUST NOT follow a redirect to another scheme, host or port with the credential.",
        level: Level::Must,
        sources: &["Z1", "Z53"],
        headings: &[OVERVIEW_SECURITY, BASE_URLS_OPENING],
        failure: "The credential arrives at the address that a redirect names.",
        method: "Any operation, answered with any kind of redirect to another server: the credential may \
                 not arrive there.",
        check: Check::Client { needs: &[], check: redirect_is_not_followed },
    },
    Rule {
        id: "SEC-007",
        title: "A replaced credential is replaced",
        statement: "A client whose credential is replaced MUST use the new one from the next request on.",
        level: Level::Must,
        sources: &["Z55", "A14", "A21"],
        headings: &[OVERVIEW_SECURITY, KEY_SECURITY],
        failure: "After a rotation the old key arrives.",
        method: "Two calls of one session with two credentials: which one arrives with the second.",
        check: Check::Client { needs: &[Capability::Sessions], check: rotation_takes_effect },
    },
];

fn not_in_url(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        seen.first()?;
        for arrival in &seen.arrivals {
            let url = target(&arrival.exchange.request);
            if let Some(form) = mask::found(&case.secret, &url) {
                return Ok(Judgement::broken_by(
                    arrival,
                    "the credential is in the URL",
                    "a URL without it",
                    format!("{url}, with {}", form.replace('%', "the secret")),
                ));
            }
        }
        Ok(Judgement::Kept)
    })
}

fn not_in_other_parts(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        seen.first()?;
        for arrival in &seen.arrivals {
            let request = &arrival.exchange.request;
            let headers = request.headers().iter().filter(|(name, _)| **name != http::header::AUTHORIZATION);
            let headers = headers.map(|(name, value)| (format!("the header {name}"), value.as_bytes()));
            let body = ("the body".to_owned(), request.body().as_ref());
            for (part, bytes) in headers.chain([body]) {
                if mask::found(&case.secret, &String::from_utf8_lossy(bytes)).is_some() {
                    return Ok(Judgement::broken_by(
                        arrival,
                        "the credential is in another part of the request than the Authorization header",
                        "the Authorization header only",
                        part,
                    ));
                }
            }
        }
        Ok(Judgement::Kept)
    })
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Nothing,
    UnknownCredential,
    ServerError,
    DroppedConnection,
    WrongEnvironment,
}

const TROUBLES: [Trouble; 4] =
    [Trouble::UnknownCredential, Trouble::ServerError, Trouble::DroppedConnection, Trouble::WrongEnvironment];

/// Has a request sent that goes wrong so.
fn send_into(talk: &mut Conversation<'_, '_>, case: &Case, trouble: Trouble) -> Result<Seen, Stop> {
    talk.admit(case);
    let lab = talk.lab();
    let sandbox = lab.sandbox(case.site);
    let mut send = case.send(lab);
    match trouble {
        Trouble::Nothing => {}
        Trouble::UnknownCredential => sandbox.revoke(&case.secret),
        Trouble::ServerError => sandbox.inject("/", Fault::Status(500)),
        Trouble::DroppedConnection => sandbox.inject("/", Fault::DropConnection),
        Trouble::WrongEnvironment => {
            send = Send { base_url: lab.url(case.site.other_environment()), ..send };
        }
    }
    let seen = talk.send_call(send);
    talk.lab().sandbox(case.site).clear_faults();
    seen
}

/// Searches the texts that a subject shows for the credential.
fn judge_texts(texts: Vec<(String, String)>, secret: &str, message: &'static str) -> Judgement {
    if texts.is_empty() {
        return Judgement::unclear("the client shows no such text");
    }
    let leak = texts.into_iter().find_map(|(name, text)| Some((mask::found(secret, &text)?, name, text)));
    match leak {
        None => Judgement::Kept,
        Some((form, name, text)) => {
            let received =
                format!("{}, in {name}: {}", form.replace('%', "the secret"), excerpt(&text, secret));
            Judgement::broken(message, "a text without the credential", received)
        }
    }
}

/// The part of a text around a secret.
fn excerpt(text: &str, secret: &str) -> String {
    const AROUND: usize = 120;
    let forms = mask::forms(secret);
    let found = forms.iter().find_map(|(_, form)| Some((text.find(form.as_str())?, form.len())));
    let Some((start, length)) = found else { return text.chars().take(2 * AROUND).collect() };
    let from = text[..start].char_indices().rev().nth(AROUND - 1).map_or(0, |(index, _)| index);
    let to = text[start + length..]
        .char_indices()
        .nth(AROUND)
        .map_or(text.len(), |(index, _)| start + length + index);
    text[from..to].to_owned()
}

/// What the subject shows in these places.
fn shown(seen: &Seen, places: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    seen.texts().into_iter().filter(|(place, _)| places(place)).collect()
}

fn is_log(place: &str) -> bool {
    place == "log" || place == "stderr"
}

fn not_in_debug(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    let troubles = select([&[Trouble::Nothing][..], &TROUBLES].concat());
    trial.each((cases, troubles), |talk, (case, trouble)| {
        let seen = send_into(talk, case, *trouble)?;
        let mut texts = shown(&seen, |place| place == "debug");
        // An empty text shows nothing, not even that nothing is shown.
        texts.retain(|(_, text)| !text.trim().is_empty());
        Ok(judge_texts(texts, &case.secret, "debugging output shows the credential"))
    })
}

fn not_in_errors(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each((cases, select(TROUBLES.to_vec())), |talk, (case, trouble)| {
        let seen = send_into(talk, case, *trouble)?;
        let texts = shown(&seen, |place| !is_log(place) && place != "debug");
        Ok(judge_texts(texts, &case.secret, "an error shows the credential"))
    })
}

fn not_in_logs(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    let troubles = select([&[Trouble::Nothing][..], &TROUBLES].concat());
    trial.each((cases, troubles), |talk, (case, trouble)| {
        let seen = send_into(talk, case, *trouble)?;
        Ok(judge_texts(shown(&seen, is_log), &case.secret, "a log shows the credential"))
    })
}

fn redirect_is_not_followed(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each((cases, select(vec![301, 302, 303, 307, 308])), |talk, (case, status)| {
        talk.admit(case);
        let lab = talk.lab();
        let location = format!("{}{}", lab.url(Site::Elsewhere), case.operation.path.replace(['{', '}'], ""));
        let sandbox = lab.sandbox(case.site);
        sandbox.inject("/", Fault::Redirect(*status, location));
        let send = case.send(lab);
        let seen = talk.send_call(send);
        talk.lab().sandbox(case.site).clear_faults();
        let seen = seen?;
        let first = seen.first()?;
        if first.exchange.reply.response.status().as_u16() != *status {
            return Ok(Judgement::unclear("the first request is not the one that is redirected"));
        }
        let strays = seen.arrivals.iter().filter(|arrival| arrival.site != case.site);
        Ok(match carrier(strays, &case.secret) {
            None => Judgement::Kept,
            Some(arrival) => Judgement::broken_by(
                arrival,
                "a redirect takes the credential to another server",
                format!("no credential at {}, after a {status}", place(arrival.site)),
                super::arrived(arrival),
            ),
        })
    })
}

fn rotation_takes_effect(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        talk.send(case)?.first()?;
        let secret: String = case.secret.chars().rev().collect();
        talk.keep_secret(&secret, "new secret");
        let rotated = Case { secret: secret.clone(), ..case.clone() };
        let seen = talk.send(&rotated)?;
        let arrival = seen.first()?;
        if carrier([arrival], &case.secret).is_some() {
            return Ok(Judgement::broken_by(
                arrival,
                "after a rotation the old credential is sent",
                "the new credential",
                "the old credential",
            ));
        }
        Ok(match carrier([arrival], &secret) {
            Some(_) => Judgement::Kept,
            None => Judgement::unclear("neither the old nor the new credential arrives"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_the_secret_with_120_characters_on_each_side() {
        let secret = "FAKE-secret";
        let text = format!("{}é{secret}é{}", "a".repeat(300), "b".repeat(300));
        assert_eq!(excerpt(&text, secret), format!("{}é{secret}é{}", "a".repeat(119), "b".repeat(119)));
        assert_eq!(excerpt("", secret), "");
        assert_eq!(excerpt(&format!("a{secret}b"), secret), format!("a{secret}b"));
        let elsewhere = "c".repeat(300);
        assert_eq!(excerpt(&elsewhere, secret), elsewhere[..240]);
    }
}
