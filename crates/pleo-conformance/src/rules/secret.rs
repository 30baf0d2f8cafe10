//! Where secrets may not turn up.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{prelude::*, sample::select, strategy::Union};

use super::{
    BASE_URLS_OPENING, Check, OVERVIEW_SECURITY, Rule, WORKFLOW_KEY, WORKFLOW_REQUEST,
    auth::impossible,
    carrier,
    company::naming_another,
    legacy::send_legacy_token,
    received_at,
    trouble::{LASTING, Trouble, all_troubles, send_astray, send_into, send_into_redirect},
};
use crate::{
    protocol::{Capability, CredentialKind},
    trial::{
        authorisation::{Flow, authorise, token_requests},
        case::{Case, Setback, UNUSED, takes_company},
        client::{ClientTrial, Conversation, Seen},
        evidence::{Judgement, place, target},
        mask::{self, Finder},
        search::Stop,
        servers::{ReceivedRequest, Site},
        tokens::is_invalid_grant,
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
        level_reason: "The workflow guide puts the credential into the authentication header, and the \
                       documents forbid making a key public. URLs are logged by every server and proxy.",
        sources: &["Z29", "Z53"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY, WORKFLOW_REQUEST],
        failure: "The key is a query parameter, and so in the log of every server and proxy.",
        method: "Any operation and credential: path and query are searched for it, encoded or not.",
        check: Check::Client { needs: &[], check: not_in_url },
    },
    Rule {
        id: "SEC-002",
        title: "No credential anywhere else in a request",
        statement: "A client MUST NOT put a credential into any header other than Authorization, or into the \
                    body.",
        level: Level::Must,
        level_reason: "The workflow guide puts the credential into the authentication header. Bodies and \
                       other headers are stored and logged.",
        sources: &["Z29", "Z53"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY, WORKFLOW_REQUEST],
        failure: "The key is in the User-Agent, a cookie, or a header that another API uses.",
        method: "Any operation and credential: all other headers and the body are searched for it.",
        check: Check::Client { needs: &[], check: not_in_other_parts },
    },
    Rule {
        id: "SEC-003",
        title: "No credential in debugging output",
        statement: "A client MUST NOT show a credential in what it prints for debugging.",
        level: Level::Must,
        level_reason: "The documents forbid making a key public. Debugging output ends up in logs and bug \
                       reports.",
        sources: &["Z53"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY],
        failure: "Printing the client, or its configuration, prints the key.",
        method: "Any operation and credential, whether a response comes or not: what the adapter calls \
                 `debug` is searched.",
        check: Check::Client { needs: SHOWN, check: not_in_debug },
    },
    Rule {
        id: "SEC-004",
        title: "No credential in errors",
        statement: "A client MUST NOT show a credential in an error, nor in its reason for a refusal.",
        level: Level::Must,
        level_reason: "The documents forbid making a key public, and errors are shown, logged and sent to \
                       trackers.",
        sources: &["Z53", "A57"],
        headings: &[OVERVIEW_SECURITY, WORKFLOW_KEY, TOKEN_STORAGE],
        failure: "The error of a failed request quotes the header that was sent.",
        method: "Requests that fail (400 to 422, 429, 500 to 504, a redirect, an unreadable response, none in \
                 time, a connection that is refused, dropped or reset) and requests that may be refused (wrong \
                 environment, odd credential, odd path, legacy token, missing scope, another company). Every text that the \
                 client shows about them, except logs and debugging output, is searched.",
        check: Check::Client { needs: &[], check: not_in_errors },
    },
    Rule {
        id: "SEC-005",
        title: "No credential in logs",
        statement: "A client MUST NOT write a credential to a log.",
        level: Level::Must,
        level_reason: "The documents forbid making a key public, and the page on token storage says that \
                       tokens are never logged.",
        sources: &["Z53", "A57"],
        headings: &[OVERVIEW_SECURITY, TOKEN_STORAGE],
        failure: "A log at the level debug shows the request with all its headers.",
        method: "Any operation and credential, with a response, one without content or none: what the adapter calls \
                 `log`, and what it writes to its standard error, is searched.",
        check: Check::Client { needs: SHOWN, check: not_in_logs },
    },
    Rule {
        id: "SEC-006",
        title: "A credential does not follow a redirect",
        statement: "A client MUST NOT follow a redirect to another scheme, host or port with the credential.",
        level: Level::Must,
        level_reason: "The documents forbid making a key public. A redirect can lead to a server that is \
                       not Pleo's.",
        sources: &["Z1", "Z53"],
        headings: &[OVERVIEW_SECURITY, BASE_URLS_OPENING],
        failure: "The address that a redirect names receives the credential.",
        method: "Any operation, with any kind of redirect, or a 201 with a Location, to an untrusted site, the \
                 other environment or the legacy API as its response: none of these may receive the credential, \
                 then or in a later call.",
        check: Check::Client { needs: &[], check: redirect_is_not_followed },
    },
    Rule {
        id: "SEC-007",
        title: "A replaced credential is not used again",
        statement: "A client whose credential is replaced MUST use the new one from the next request on.",
        level: Level::Must,
        level_reason: "The key overview asks for a compromised key to be replaced. Until the client uses \
                       the new one, the old one is still in use.",
        sources: &["Z55", "A14", "A21"],
        headings: &[OVERVIEW_SECURITY, KEY_SECURITY],
        failure: "After a rotation the server receives the old key.",
        method: "Two calls of one session with two credentials or pairs, which may begin and end alike, or with an \
                 authorisation before each: the credential that the second sends, also when the new one is \
                 refused, or the first authorisation has ended.",
        check: Check::Client { needs: &[Capability::Sessions], check: rotation_takes_effect },
    },
];

fn not_in_url(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        seen.first(case)?;
        let credentials = talk.credentials(case);
        let finder = Finder::new(credentials.iter().map(String::as_str));
        for received in &seen.received {
            let url = target(&received.exchange.request);
            if let Some(found) = finder.found(&url) {
                return Ok(Judgement::fail_by(
                    received,
                    "the credential is in the URL",
                    "a URL without it",
                    format!("{url}, with {}", found.form.replace('%', "the secret")),
                ));
            }
        }
        Ok(Judgement::Pass)
    })
}

fn not_in_other_parts(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().strategy();
    trial.each(cases, |talk, case| {
        let seen = talk.send(case)?;
        seen.first(case)?;
        let credentials = talk.credentials(case);
        let finder = Finder::new(credentials.iter().map(String::as_str));
        // What the authorisation server is told is the business of other rules.
        for received in seen.api() {
            let request = &received.exchange.request;
            let headers = request.headers().iter().filter(|(name, _)| **name != http::header::AUTHORIZATION);
            let headers = headers.map(|(name, value)| (format!("the header {name}"), value.as_bytes()));
            let body = ("the body".to_owned(), request.body().as_ref());
            for (part, bytes) in headers.chain([body]) {
                let text = String::from_utf8_lossy(bytes);
                if finder.found(&text).is_some() {
                    return Ok(Judgement::fail_by(
                        received,
                        "the credential is in another part of the request than the Authorization header",
                        "the Authorization header only",
                        part,
                    ));
                }
            }
        }
        Ok(Judgement::Pass)
    })
}

/// Has a request sent that goes wrong so, or refused.
fn send_into_any(
    talk: &mut Conversation<'_, '_>,
    case: &Case,
    occasion: Occasion,
) -> Result<(Seen, Vec<String>), Stop> {
    let mut case = case.clone();
    talk.prepare(&case)?;
    let mut old = None;
    let seen = match occasion {
        Occasion::NewCredential => {
            talk.call(&case)?;
            let new = case.with_other_secret().plain();
            old = Some(std::mem::replace(&mut case, new).secret);
            talk.send(&case)
        }
        Occasion::Trouble(trouble, times) => send_into(talk, &case, trouble, times),
        Occasion::Redirect(status) => send_into_redirect(talk, &case, status, Site::Untrusted),
        Occasion::WrongEnvironment => send_astray(talk, &case, case.site.other_environment()),
        Occasion::OddPath => {
            case.path.values_mut().for_each(|value| "..".clone_into(value));
            talk.call_into(&case, [])
        }
        Occasion::OddCredential(character) => {
            case = impossible(&case.plain(), character, case.secret.len() / 2);
            talk.send(&case)
        }
        Occasion::LegacyToken => {
            let seen = send_legacy_token(talk, &case);
            case = case.with_other_secret();
            seen
        }
        Occasion::MissingScope => {
            case.scopes = Some(vec!["test:test".to_owned()]);
            talk.call_into(&case, [])
        }
        Occasion::OtherCompany => {
            let another = naming_another(talk, &case, 0);
            talk.send(&another)
        }
    }?;
    let mut secrets = talk.credentials(&case);
    secrets.extend(old);
    Ok((seen, secrets))
}

/// What may have a client write something about a call.
#[derive(Debug, Clone, Copy)]
enum Occasion {
    /// It goes wrong so many times.
    Trouble(Trouble, u32),
    Redirect(u16),
    WrongEnvironment,
    /// A key or token that holds this character, as none can or as none does.
    OddCredential(char),
    /// A path parameter that would lead to another operation.
    OddPath,
    LegacyToken,
    MissingScope,
    OtherCompany,
    /// The credential was replaced since the call before.
    NewCredential,
}

/// The requests that fail, and those that are refused. Each is there often enough not to be left out by chance; many
/// clients say nothing about a status, so what all of them say something about is there more often.
fn mishaps(trial: &ClientTrial<'_>) -> impl Iterator<Item = Occasion> + use<> {
    // A client that shows no texts beside its reasons says nothing about a status at all.
    let (status, connection) = if trial.can(Capability::Shown) { (2, 4) } else { (1, 8) };
    let troubles = all_troubles(trial).into_iter().flat_map(move |trouble| {
        let times = match trouble {
            Trouble::Nothing | Trouble::Late | Trouble::Empty => 0,
            Trouble::Status(_) => status,
            Trouble::Unreadable | Trouble::Cut => 4,
            Trouble::Silence
            | Trouble::DroppedConnection
            | Trouble::ResetConnection
            | Trouble::RefusedConnection => connection,
        };
        std::iter::repeat_n(trouble, times)
    });
    let once = troubles.map(|trouble| Occasion::Trouble(trouble, 1));
    let lasting = [Trouble::Status(401), Trouble::Status(503), Trouble::DroppedConnection];
    let lasting = lasting.map(|trouble| Occasion::Trouble(trouble, LASTING));
    let failures = once.chain(lasting).chain([302, 302, 307, 307].map(Occasion::Redirect));
    failures.chain(REFUSALS).chain(REFUSALS)
}

/// The same, and requests that succeed, in about a fifth of the cases.
fn anything(trial: &ClientTrial<'_>) -> Vec<Occasion> {
    let successes = [(Trouble::Nothing, 14), (Trouble::Empty, 4)].into_iter();
    let successes = successes.flat_map(|(trouble, times)| std::iter::repeat_n(trouble, times));
    let successes = successes.map(|trouble| Occasion::Trouble(trouble, 1));
    successes.chain([Occasion::NewCredential; 2]).chain(mishaps(trial)).collect()
}

const REFUSALS: [Occasion; 8] = [
    Occasion::WrongEnvironment,
    Occasion::OddCredential(':'),
    Occasion::OddCredential('\n'),
    Occasion::OddCredential('é'),
    Occasion::OddPath,
    Occasion::LegacyToken,
    Occasion::MissingScope,
    Occasion::OtherCompany,
];

/// Any occasion, and a case for it.
fn on_any(
    trial: &ClientTrial<'_>,
    occasions: Vec<Occasion>,
) -> impl Strategy<Value = (Case, Occasion)> + use<> {
    let all = trial.cases().with_setbacks();
    let given = all.clone().given();
    let companies = given.clone().of(takes_company);
    let with_path = all.clone().of(|operation| operation.path.contains('{'));
    let keys = trial.can(Capability::ApiKeys).then(|| given.clone().with_keys());
    let mut occasions = occasions;
    // A client that does not know what makes a request invalid does not refuse it.
    occasions.retain(|occasion| match occasion {
        Occasion::WrongEnvironment | Occasion::LegacyToken => trial.can(Capability::Environments),
        Occasion::MissingScope => trial.can(Capability::Scopes),
        Occasion::OtherCompany => trial.can(Capability::Companies),
        Occasion::NewCredential => trial.can(Capability::Sessions),
        Occasion::Trouble(..) | Occasion::Redirect(_) | Occasion::OddCredential(_) | Occasion::OddPath => {
            true
        }
    });
    select(occasions).prop_flat_map(move |occasion| {
        let cases = match occasion {
            Occasion::OddCredential(':') => keys.clone().unwrap_or_else(|| given.clone()),
            Occasion::OddCredential(_) => given.clone(),
            Occasion::OddPath => with_path.clone(),
            Occasion::LegacyToken | Occasion::MissingScope | Occasion::NewCredential => given.clone(),
            Occasion::OtherCompany => companies.clone(),
            Occasion::Trouble(..) | Occasion::Redirect(_) | Occasion::WrongEnvironment => all.clone(),
        };
        (cases.strategy(), Just(occasion))
    })
}

/// Searches the texts that a client shows for its credentials.
fn judge_texts(
    talk: &Conversation<'_, '_>,
    texts: Vec<(String, String)>,
    secrets: &[String],
    message: &'static str,
) -> Judgement {
    if texts.is_empty() {
        return Judgement::inconclusive("the client shows no such text");
    }
    let finder = Finder::new(secrets.iter().map(String::as_str));
    let leak = texts.iter().find_map(|(name, text)| Some((finder.found(text)?, name, text)));
    match leak {
        None => Judgement::Pass,
        Some((found, name, text)) => {
            let form = found.form.replace('%', "the secret");
            let received = format!("{form}, in {name}: {}", talk.excerpt(text, &found.at));
            Judgement::fail(message, "a text without the credential", received)
        }
    }
}

/// What the client shows in these places.
fn shown(seen: &Seen, places: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    seen.texts().into_iter().filter(|(place, _)| places(place)).collect()
}

fn is_log(place: &str) -> bool {
    place == "log" || place == "stderr"
}

fn not_in_debug(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = on_any(trial, anything(trial));
    trial.each(cases, |talk, (case, occasion)| {
        let (seen, secrets) = send_into_any(talk, case, *occasion)?;
        let texts = shown(&seen, |place| place == "debug");
        Ok(judge_texts(talk, texts, &secrets, "debugging output shows the credential"))
    })
}

fn not_in_errors(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = on_any(trial, mishaps(trial).collect());
    trial.each(cases, |talk, (case, occasion)| {
        let (seen, secrets) = send_into_any(talk, case, *occasion)?;
        let texts = shown(&seen, |place| !is_log(place) && place != "debug");
        Ok(judge_texts(talk, texts, &secrets, "an error shows the credential"))
    })
}

fn not_in_logs(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = on_any(trial, anything(trial));
    trial.each(cases, |talk, (case, occasion)| {
        let (seen, secrets) = send_into_any(talk, case, *occasion)?;
        seen.with_loss(judge_texts(talk, shown(&seen, is_log), &secrets, "a log shows the credential"))
    })
}

fn redirect_is_not_followed(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().strategy();
    let sessions = trial.can(Capability::Sessions);
    // A 201 has a Location as well, of what was made.
    let statuses = select(vec![301, 302, 303, 307, 308, 300, 201]);
    trial.each((cases, statuses, 0..3_u8), |talk, (case, status, to)| {
        let site = match to {
            0 => Site::Untrusted,
            1 => case.site.other_environment(),
            _ => Site::Legacy,
        };
        talk.prepare(case)?;
        let mut seen = send_into_redirect(talk, case, *status, site)?;
        let redirected =
            |received: &&ReceivedRequest| received.exchange.reply.response.status().as_u16() == *status;
        if !seen.requests(case).iter().any(redirected) {
            return Ok(Judgement::inconclusive("no request is redirected"));
        }
        if sessions {
            // Nor may a later call go there.
            seen.received.extend(talk.call(&case.as_event())?.received);
        }
        let strays = seen.received.iter().filter(|received| !received.site.is_of(case.site));
        Ok(match carrier(strays, &talk.credentials(case)) {
            None => Judgement::Pass,
            Some(received) => Judgement::fail_by(
                received,
                "a redirect takes the credential to another server",
                format!("no credential at {}, after a {status}", place(received.site)),
                received_at(received),
            ),
        })
    })
}

fn rotation_takes_effect(trial: &mut ClientTrial<'_>) -> Verdict {
    let mut cases = vec![(3, trial.cases().given().strategy().boxed())];
    if trial.can(Capability::Refresh) {
        let pairs = trial.cases().with_kinds(vec![CredentialKind::OauthTokens]);
        cases.push((1, pairs.strategy().boxed()));
    }
    if trial.can(Capability::Oauth) {
        let authorised = trial.cases().with_kinds(vec![CredentialKind::OauthSession]);
        cases.push((1, authorised.strategy().boxed()));
    }
    let cases = Union::new_weighted(cases);
    trial.each((cases, any::<bool>(), any::<bool>()), |talk, (case, alike, refused)| {
        match case.kind {
            CredentialKind::OauthSession => return authorised_again(talk, case),
            CredentialKind::OauthTokens if *refused => return replaced_after_its_end(talk, case),
            _ => {}
        }
        talk.send(&case.plain())?.first(case)?;
        let mut rotated = case.with_other_secret();
        rotated.circumstances.past = UNUSED;
        if *alike {
            rotated.secret = like(rotated.secret, &case.secret);
        }
        // The old one is no answer to a 401 either.
        rotated.circumstances.setback = refused.then_some(Setback::Status(401));
        talk.keep_secret(&rotated.secret, "new secret");
        let seen = talk.send(&rotated)?;
        seen.first(case)?;
        let old = match case.kind {
            CredentialKind::OauthTokens => vec![&case.secret, &case.refresh_token],
            _ => vec![&case.secret],
        };
        if let Some(received) = carrier(&seen.received, &old) {
            return Ok(Judgement::fail_by(
                received,
                "after a rotation the old credential is sent",
                "the new credential",
                "the old credential",
            ));
        }
        Ok(match carrier(seen.api(), &talk.credentials(&rotated)) {
            Some(_) => Judgement::Pass,
            None => Judgement::inconclusive("neither the old nor the new credential is received"),
        })
    })
}

/// Has the client authorised a second time in a session, and looks at whose tokens it goes on with.
fn authorised_again(talk: &mut Conversation<'_, '_>, case: &Case) -> Result<Judgement, Stop> {
    let case = &case.plain();
    talk.send(case)?.first(case)?;
    let old: Vec<String> = talk.issued().iter().map(|pair| pair.access_token.clone()).collect();
    authorise(talk, &Flow::of(case))?;
    let seen = talk.call(case)?;
    seen.first(case)?;
    if let Some(received) = carrier(seen.api(), &old) {
        return Ok(Judgement::fail_by(
            received,
            "after a second authorisation the tokens of the first are used",
            "the new access token",
            "the old access token",
        ));
    }
    Ok(match carrier(seen.api(), &talk.credentials(case)) {
        Some(_) => Judgement::Pass,
        None => Judgement::inconclusive("neither the old nor the new access token is received"),
    })
}

/// Gives a client another pair after its authorisation has ended, and looks whether it is used.
fn replaced_after_its_end(talk: &mut Conversation<'_, '_>, case: &Case) -> Result<Judgement, Stop> {
    let replaced = case.with_other_secret().plain();
    // A client that does not send this request at all says nothing about pairs.
    talk.aside(|talk| talk.send(&replaced))?.first(case)?;
    // The authorisation server does not know the first pair.
    talk.admit_app_only(case);
    let seen = talk.call(&case.expired())?;
    if !token_requests(&seen).iter().any(|(received, _)| is_invalid_grant(received)) {
        return Ok(Judgement::inconclusive("the client does not learn that its authorisation has ended"));
    }
    let seen = talk.send(&replaced)?;
    Ok(Judgement::pass_if(carrier(seen.api(), &talk.credentials(&replaced)).is_some(), || {
        let message = "after the end of an authorisation a new pair of tokens is not used";
        Judgement::fail(message, "a request with the new access token", seen.told())
    }))
}

/// A secret that has so much in common with another one that somebody may take it for that; the secret as it is if a
/// piece of the other one would be in it.
fn like(secret: String, other: &str) -> String {
    // Fewer than what is taken for a piece of it.
    const FIRST: usize = 10;
    const LAST: usize = 4;
    let length = other.chars().count();
    let middle = secret.chars().skip(FIRST);
    let last = other.chars().skip(length.saturating_sub(LAST));
    let alike: String = other.chars().take(FIRST).chain(middle).chain(last).collect();
    // Base64 has no borders between characters, so chance adds to what both have in common, in short ones above all.
    let spellings = format!("{alike} {}", STANDARD.encode(format!("{alike}:")));
    if mask::found(other, &spellings).is_some() { secret } else { alike }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_like_another_one_has_its_ends_and_no_piece_of_it() {
        let alike = like("FAKE-zyxwvutsrqponmlkji".to_owned(), "FAKE-abcdefghijklmnopqrst");
        assert_eq!(alike, "FAKE-abcdeutsrqponmlkjiqrst");
        // Here the sixth character is the same, too, and begins the piece in Base64.
        for (secret, other) in
            [("FAKE-zyxwvfghijk", "FAKE-abcdefghijkl"), ("FAKE-zyxwvfgzzzz", "FAKE-abcdefghijkl")]
        {
            let alike = like(secret.to_owned(), other);
            let basic = STANDARD.encode(format!("{alike}:"));
            assert!(mask::found(other, &alike).is_none() && mask::found(other, &basic).is_none(), "{alike}");
        }
    }
}
