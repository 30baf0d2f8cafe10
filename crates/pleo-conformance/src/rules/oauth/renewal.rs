//! Tokens that a client keeps, and how it renews them.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use percent_encoding::percent_decode_str;
use pleo_sandbox::{Exchange, Fault};
use proptest::{prelude::*, sample::select, strategy::Union};

use super::{
    super::{
        carrier,
        trouble::{
            SILENT, TokenTrouble, Trouble, all_troubles, diversions, meet_at_token_endpoint, send_into,
        },
    },
    exchanges::judge_exchanges,
};
use crate::{
    protocol::{App, Capability, CredentialKind, Send},
    trial::{
        authorisation::{Flow, agree, begin, token_requests},
        case::{Case, needs_company},
        client::{ClientTrial, Conversation, Seen, authorizations, may_prepare},
        evidence::{Judgement, place, target},
        search::Stop,
        servers::ReceivedRequest,
        tokens::{Form, TOKEN_ENDPOINT, is_invalid_grant, is_token_request, issued},
    },
    verdict::Verdict,
    words::counted,
};

/// The most requests of one call to an authorisation server that does not work.
pub(super) const MOST_TRIES: usize = 10;

/// The most renewals of one call to an API that refuses every token.
const MOST_RENEWALS: usize = 2;

/// Cases whose client keeps a pair of tokens. Some clients are bound to no company.
fn pairs(trial: &ClientTrial<'_>) -> impl Strategy<Value = Case> + use<> {
    let cases = trial.cases().with_kinds(vec![CredentialKind::OauthTokens]).strategy();
    (cases, prop::bool::weighted(0.2)).prop_map(|(case, unbound)| {
        if unbound && !needs_company(case.operation) { case.of_company(None) } else { case }
    })
}

/// Requests by a client that keeps tokens, with an access token that has expired.
pub(super) fn expired(trial: &ClientTrial<'_>) -> impl Strategy<Value = Case> + use<> {
    pairs(trial).prop_map(|case| case.expired())
}

/// Requests by a client that keeps tokens, with an access token that is good for an hour.
fn good(trial: &ClientTrial<'_>) -> impl Strategy<Value = Case> + use<> {
    pairs(trial).prop_map(|case| case.plain())
}

/// Renewals that arrived, with their refresh tokens.
fn renewals(seen: &Seen) -> Vec<(&ReceivedRequest, String)> {
    token_requests(seen)
        .into_iter()
        .filter(|(_, form)| form.get("grant_type").is_some_and(|grant| grant == "refresh_token"))
        .map(|(received, mut form)| (received, form.remove("refresh_token").unwrap_or_default()))
        .collect()
}

/// Calls with an expired access token, and whether the authorisation server fails at the first renewal.
pub(super) fn renewing(trial: &ClientTrial<'_>) -> impl Strategy<Value = (Case, bool)> + use<> {
    (expired(trial), prop::bool::weighted(0.25))
}

/// Has a client renew, and judges every token request up to the one that succeeds. After a failure the client
/// may try again at once or with the next call.
pub(super) fn judge_renewals(
    talk: &mut Conversation<'_, '_>,
    case: &Case,
    fails_first: bool,
    judge: impl Fn(&ReceivedRequest, &Form) -> Judgement,
) -> Result<Judgement, Stop> {
    talk.admit(case)?;
    let fault = fails_first.then_some(Fault::Status(503));
    talk.with_faults(case.site, TOKEN_ENDPOINT, fault, |talk| {
        let mut judged = Vec::new();
        for _ in 0..=usize::from(fails_first) {
            let seen = talk.call(case)?;
            for (received, form) in token_requests(&seen) {
                judged.push(judge(received, &form));
                if issued(received).is_some() {
                    return Ok(Judgement::all(judged));
                }
            }
            if judged.is_empty() {
                return Err(not_renewed(&seen));
            }
        }
        Ok(Judgement::all(judged))
    })
}

pub(super) fn not_renewed(seen: &Seen) -> Stop {
    Stop::Inconclusive(format!("the token is not renewed: {}", seen.told()))
}

/// The requests to the API after the first renewal that succeeded.
fn after_renewal(seen: &Seen) -> impl Iterator<Item = &ReceivedRequest> {
    let renewal = seen.received.iter().position(|received| issued(received).is_some());
    let later = renewal.map_or(&[][..], |renewal| &seen.received[renewal..]);
    later.iter().filter(|received| !received.site.is_authorization_server())
}

pub(super) fn one_renewal_at_a_time(trial: &mut ClientTrial<'_>) -> Verdict {
    const TIMES: u32 = 8;
    trial.each((expired(trial), any::<bool>()), |talk, (case, known)| {
        // A client that does not know that its token is of no use any more finds out by a 401 for each request.
        let case = &if *known { case.clone() } else { case.plain() };
        talk.admit(case)?;
        talk.servers().sandbox(case.site).revoke(&case.secret);
        // So slow a renewal is overtaken by every other request that does not wait for it.
        let slow = Fault::Delay(Duration::from_millis(10));
        let send = Send { times: TIMES, ..case.send(talk.servers()) };
        let slow_api = std::iter::repeat_n(slow.clone(), TIMES as usize);
        let seen = talk.with_faults(case.site, TOKEN_ENDPOINT, [slow], |talk| {
            talk.with_faults(case.site, case.path_prefix(), slow_api, |talk| talk.send_call(send))
        })?;
        let renewals = renewals(&seen);
        let Some((received, _)) = renewals.last() else { return Err(not_renewed(&seen)) };
        let Some(renewed_at) = renewals.iter().find_map(|(renewal, _)| answered_at(renewal)) else {
            // A client that got no tokens may ask again.
            return Err(not_renewed(&seen));
        };
        let has_old = |received: &&ReceivedRequest| carrier([*received], &[&case.secret]).is_some();
        let with_old: Vec<_> = seen.api().filter(has_old).collect();
        // A client that renews before the API has answered knows that the token has expired, and has no reason to
        // send it; another one has no reason to send it with the same request again.
        let answers =
            seen.api().map(|received| received.exchange.received_at + received.exchange.reply.delay);
        let knows = answers.min().is_none_or(|answered| renewals[0].0.exchange.received_at < answered);
        let mut meanwhile = with_old.iter().filter(|received| received.exchange.received_at < renewed_at);
        let (expected, found) = ("the new access token", "the expired access token");
        if let Some(early) = meanwhile.next().filter(|_| knows) {
            let message = "a request does not wait for the renewal";
            return Ok(Judgement::fail_by(early, message, expected, found));
        }
        let again = seen.requests(case).into_iter().filter(has_old).nth(TIMES as usize);
        if let Some(again) = again.filter(|_| !may_prepare(case.operation)) {
            let message = "a request is sent again with a token that was refused";
            return Ok(Judgement::fail_by(again, message, expected, found));
        }
        // A request that comes with the expired token when there was a new one is refused, and asks for another
        // renewal. It does not wait for the first.
        let refused_later =
            with_old.iter().filter(|received| received.exchange.received_at > renewed_at).count();
        Ok(Judgement::pass_if(renewals.len() <= 1 + refused_later, || {
            let message = "requests that wait for a token renew it each for itself";
            // How many there are is a matter of time.
            Judgement::fail_by(received, message, "1 renewal", "several renewals")
        }))
    })
}

/// When a client can have had the tokens that a renewal got, if it got some.
fn answered_at(renewal: &ReceivedRequest) -> Option<Instant> {
    let Exchange { reply, received_at, .. } = &renewal.exchange;
    issued(renewal).map(|_| *received_at + reply.delay)
}

pub(super) fn new_access_token_is_used(trial: &mut ClientTrial<'_>) -> Verdict {
    // Half of the cases can be judged of a client that renews by its clock alone.
    let known = prop::bool::weighted(0.75);
    // How often the session has renewed before.
    let before = select(vec![0_u8, 0, 0, 0, 1, 2]);
    trial.each((expired(trial), known, before), |talk, (case, known, before)| {
        let case = &if *known { case.clone() } else { case.plain() };
        talk.admit(case)?;
        for _ in 0..*before {
            talk.revoke_newest(case);
            talk.call(case)?;
        }
        talk.revoke_newest(case);
        let old = talk.credentials(case);
        let seen = talk.call(case)?;
        let renewals = renewals(&seen);
        let Some((renewal, _)) = renewals.first() else { return Err(not_renewed(&seen)) };
        let Some(pair) = issued(renewal) else {
            return Ok(Judgement::inconclusive("the response to the renewal is an error"));
        };
        if let Some(received) = carrier(after_renewal(&seen), &old) {
            return Ok(Judgement::fail_by(
                received,
                "after a renewal the old access token is sent",
                "the new access token",
                "the old access token",
            ));
        }
        Ok(match carrier(after_renewal(&seen), &[&pair.access_token]) {
            Some(_) => Judgement::Pass,
            None => Judgement::inconclusive("neither the old nor the new access token arrives after it"),
        })
    })
}

/// How a request goes for which a token is renewed.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Alone,
    Together,
    /// The API fails.
    Failing,
}

pub(super) fn newest_refresh_token_is_used(trial: &mut ClientTrial<'_>) -> Verdict {
    // How many renewals go before the one that is judged.
    let before = select(vec![1_u8, 1, 2, 3]);
    let mut manners = vec![Manner::Alone, Manner::Alone, Manner::Failing];
    manners.extend(trial.can(Capability::Parallel).then_some(Manner::Together));
    trial.each((expired(trial), before, select(manners)), |talk, (case, before, manner)| {
        talk.admit(case)?;
        let mut spent = vec![case.refresh_token.clone()];
        for _ in 0..*before {
            let seen = match manner {
                Manner::Alone => talk.call(case),
                Manner::Failing => talk.call_into(case, [Fault::Status(500)]),
                Manner::Together => {
                    let send = Send { times: 3, ..case.send(talk.servers()) };
                    talk.send_call(send)
                }
            }?;
            let pair = renewals(&seen).last().and_then(|(renewal, _)| issued(renewal));
            let Some(pair) = pair else { return Err(not_renewed(&seen)) };
            talk.servers().sandbox(case.site).revoke(&pair.access_token);
            spent.push(pair.refresh_token);
        }
        let newest = spent.pop();
        let seen = talk.call(case)?;
        let renewals = renewals(&seen);
        let Some((received, sent)) = renewals.first() else {
            return Ok(Judgement::inconclusive("a token that was revoked is not renewed"));
        };
        if spent.contains(sent) {
            let message = "a renewal does not present the refresh token of the one before";
            let (expected, found) = ("the new refresh token", "an earlier refresh token");
            return Ok(Judgement::fail_by(received, message, expected, found));
        }
        Ok(match Some(sent) == newest.as_ref() {
            true => Judgement::Pass,
            false => Judgement::inconclusive("the refresh token is neither the newest nor an earlier one"),
        })
    })
}

pub(super) fn dead_token_stays_dead(trial: &mut ClientTrial<'_>) -> Verdict {
    let known = prop::bool::weighted(0.75);
    trial.each((expired(trial), known), |talk, (case, known)| {
        // An app that nobody knows is refused itself, and its token is not tried.
        if *known {
            talk.admit_app_only(case);
        } else {
            talk.admit_nobody(case);
        }
        let mut presented: Vec<ReceivedRequest> = Vec::new();
        let mut renews = false;
        for _ in 0..3 {
            // A refusal of the app is one of this call's renewal only.
            let mut was_refused = !presented.is_empty();
            let seen = talk.call(case)?;
            for received in &seen.received {
                let is_api = !received.site.is_authorization_server();
                if was_refused && is_api && carrier([received], &[&case.secret]).is_some() {
                    return Ok(Judgement::fail_by(
                        received,
                        "the expired access token is sent after its renewal was refused",
                        "no request",
                        "a request with it",
                    ));
                }
                was_refused |=
                    is_token_request(received) && received.exchange.reply.response.status().is_client_error();
            }
            let sent = renewals(&seen);
            renews |= !sent.is_empty();
            // One that was refused because of the app says nothing about the token.
            let dead = sent
                .into_iter()
                .filter(|(received, sent)| *sent == case.refresh_token && is_invalid_grant(received));
            presented.extend(dead.map(|(received, _)| received.clone()));
        }
        Ok(match presented.as_slice() {
            _ if !renews => Judgement::inconclusive("the token is not renewed"),
            [] if *known => Judgement::inconclusive("the refresh token is not refused"),
            [] | [_] => Judgement::Pass,
            [.., last] => Judgement::fail_by(
                last,
                "a refresh token that was refused is presented again",
                "once",
                format!("{} times in three calls", presented.len()),
            ),
        })
    })
}

pub(super) fn bad_moment_ends_nothing(trial: &mut ClientTrial<'_>) -> Verdict {
    // Afterwards nobody knows whether the refresh token is still good.
    let doubtful = vec![Trouble::DroppedConnection, Trouble::ResetConnection, Trouble::Status(504)];
    // The server says that something failed, or accepts no connection. One that has issued a pair says so.
    let temporary = vec![
        Trouble::Status(503),
        Trouble::Status(429),
        Trouble::Status(500),
        Trouble::Status(502),
        Trouble::RefusedConnection,
    ];
    let lasting = |troubles, is_temporary| {
        select(troubles).prop_map(move |trouble| (TokenTrouble::Lasting(trouble), is_temporary))
    };
    let moments = Union::new_weighted(vec![
        (2, Just((TokenTrouble::Tokenless, false)).boxed()),
        (1, lasting(doubtful, false).boxed()),
        (5, lasting(temporary, true).boxed()),
    ]);
    trial.each((expired(trial), moments), |talk, (case, (trouble, is_temporary))| {
        talk.admit(case)?;
        let seen = meet_at_token_endpoint(talk, case.site, Some(*trouble), |talk| talk.call(case))?;
        let tried = renewals(&seen);
        if let Some((received, _)) = tried.get(MOST_TRIES) {
            return Ok(Judgement::fail_by(
                received,
                "a renewal that fails is tried again and again",
                format!("at most {MOST_TRIES} tries per call"),
                format!("{} tries", tried.len()),
            ));
        }
        // A server that accepts no connection receives nothing.
        if tried.is_empty() && !matches!(trouble, TokenTrouble::Lasting(Trouble::RefusedConnection)) {
            return Err(not_renewed(&seen));
        }
        if !is_temporary {
            return Ok(Judgement::Pass);
        }
        let seen = talk.call(case)?;
        if tried.is_empty() && renewals(&seen).is_empty() {
            // Whether it has tried at all is not known, so another session shows whether it does.
            let other = case.with_other_secret();
            let usual = talk.aside(|talk| {
                talk.admit(&other)?;
                talk.call(&other)
            })?;
            if renewals(&usual).is_empty() {
                return Err(not_renewed(&usual));
            }
        }
        Ok(Judgement::pass_if(!renewals(&seen).is_empty(), || {
            let message = "after a temporary failure the token is never renewed again";
            Judgement::fail(message, "a renewal, now that the server works again", seen.told())
        }))
    })
}

pub(super) fn expired_token_is_renewed(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = expired(trial);
    trial.each(cases, |talk, case| {
        talk.admit(case)?;
        let seen = talk.call(case)?;
        if !renewals(&seen).is_empty() {
            return Ok(Judgement::Pass);
        }
        seen.first(case)?;
        Ok(match carrier(seen.api(), &[&case.secret]) {
            Some(received) => Judgement::fail_by(
                received,
                "an access token that has expired is sent",
                "a renewal, before or after it",
                "the expired access token",
            ),
            None => Judgement::inconclusive("the token does not arrive, and is not renewed"),
        })
    })
}

pub(super) fn app_goes_by_basic(trial: &mut ClientTrial<'_>) -> Verdict {
    let exchanges = trial.can(Capability::Oauth);
    trial.each((renewing(trial), any::<bool>()), |talk, ((case, fails_first), renews)| {
        let judge = |received: &ReceivedRequest, form: &Form| {
            let values = authorizations(received.exchange.request.headers());
            let basic = matches!(values.as_slice(), [one] if names_app(one, &case.app));
            Judgement::pass_if(basic && !form.contains_key("client_secret"), || {
                let found = match form.contains_key("client_secret") {
                    true => "client_secret in the body".to_owned(),
                    false => format!("Authorization: {}", values.join(", ")),
                };
                let message = "the app does not authenticate with Basic";
                Judgement::fail_by(received, message, "client id and secret with Basic", found)
            })
        };
        if *renews || !exchanges {
            return judge_renewals(talk, case, *fails_first, judge);
        }
        let flow = Flow::of(case);
        let (begun, _) = begin(talk, &flow)?;
        let redirect = agree(talk, &flow, &begun)?;
        judge_exchanges(talk, redirect, &(flow, *fails_first), judge)
    })
}

/// Whether an Authorization header has the app's id and secret, form-encoded before Base64 as RFC 6749 has it
/// (section 2.3.1), or not, as Pleo's pages do.
fn names_app(value: &str, app: &App) -> bool {
    let Some((scheme, credentials)) = value.split_once(' ') else { return false };
    let sent = STANDARD.decode(credentials.trim()).unwrap_or_default();
    let sent = String::from_utf8(sent).unwrap_or_default();
    let Some((id, secret)) = sent.split_once(':') else { return false };
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    scheme.eq_ignore_ascii_case("basic")
        && [(id.to_owned(), secret.to_owned()), (decoded(id), decoded(secret))]
            .contains(&(app.client_id.clone(), app.client_secret.clone()))
}

pub(super) fn renewed_where_made(trial: &mut ClientTrial<'_>) -> Verdict {
    let known = prop::bool::weighted(0.8);
    // How often the session has renewed before.
    let before = select(vec![0_u8, 0, 0, 1, 2]);
    trial.each(
        (expired(trial), diversions(trial), known, before),
        |talk, (case, diversion, known, before)| {
            // One that is refused is no reason to turn elsewhere either.
            if *known {
                talk.admit(case)?;
                for _ in 0..*before {
                    talk.call(case)?;
                    talk.revoke_newest(case);
                }
            } else {
                talk.admit_app_only(case)
            }
            let seen = meet_at_token_endpoint(talk, case.site, *diversion, |talk| talk.call(case))?;
            let (renewals, wanted) = (renewals(&seen), case.site.authorization_server());
            let is_misplaced = |received: &&ReceivedRequest| {
                let is_post = received.exchange.request.method() == Method::POST;
                is_post && is_token_request(received) && received.site != wanted
            };
            let misplaced = seen.received.iter().find(is_misplaced);
            let elsewhere = seen.received.iter().filter(|received| !received.site.is_of(case.site));
            let issued = talk.issued().iter().map(|pair| &pair.refresh_token);
            let secrets: Vec<_> =
                [&case.refresh_token, &case.app.client_secret].into_iter().chain(issued).collect();
            let carrier = || carrier(elsewhere, &secrets);
            if let Some(stray) = misplaced.or_else(carrier) {
                return Ok(Judgement::fail_by(
                    stray,
                    "the refresh token or the client secret is sent to another server",
                    format!("a renewal at {}", place(wanted)),
                    format!("one of them at {}", place(stray.site)),
                ));
            }
            match diversion {
                Some(TokenTrouble::Lasting(Trouble::Silence)) => Ok(Judgement::inconclusive(SILENT)),
                _ if renewals.is_empty() => Err(not_renewed(&seen)),
                _ => Ok(Judgement::Pass),
            }
        },
    )
}

pub(super) fn repeated_request_is_the_same(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = (good(trial), good(trial), any::<bool>());
    trial.each(cases, |talk, (case, other, later_call)| {
        talk.admit(case)?;
        if *later_call {
            let Case { operation, path, query, body, .. } = other.clone();
            talk.call(&Case { operation, path, query, body, ..case.clone() })?;
        }
        // The client cannot know: it finds out by a 401 (A50).
        talk.servers().sandbox(case.site).revoke(&case.secret);
        let seen = talk.call(case)?;
        let requests = seen.requests(case);
        let [first, later @ ..] = requests.as_slice() else { return Err(not_renewed(&seen)) };
        if renewals(&seen).is_empty() || later.is_empty() {
            return Ok(Judgement::inconclusive("the request is not repeated after a renewal"));
        }
        Ok(Judgement::all(later.iter().map(|received| {
            let (expected, found) = (meaning(first), meaning(received));
            Judgement::pass_if(expected == found, || {
                let message = "the request after a renewal is not the one before it";
                Judgement::fail_by(received, message, expected, found)
            })
        })))
    })
}

/// What a request asks for: everything but the text of its credential, and what libraries add by themselves.
fn meaning(received: &ReceivedRequest) -> String {
    let request = &received.exchange.request;
    let media_type = request.headers().get(http::header::CONTENT_TYPE).map(|value| value.as_bytes());
    format!(
        "{} {} at {}, {}, {}, {}",
        request.method(),
        target(request),
        place(received.site),
        counted(authorizations(request.headers()).len(), "Authorization header"),
        media_type.map_or("no media type".into(), String::from_utf8_lossy),
        match String::from_utf8_lossy(request.body()) {
            body if body.is_empty() => "no body".into(),
            body => body,
        },
    )
}

pub(super) fn refusal_is_not_renewed_away(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = good(trial);
    trial.each(cases, |talk, case| {
        talk.admit(case)?;
        let seen = talk.call_into(case, std::iter::repeat_n(Fault::Status(401), 8 * MOST_RENEWALS))?;
        seen.first(case)?;
        let renewals = renewals(&seen);
        Ok(match renewals.get(MOST_RENEWALS) {
            None => Judgement::Pass,
            Some((received, _)) => {
                let message = "a call renews the token more than twice because the API refuses it";
                let most = format!("at most {MOST_RENEWALS} renewals per call");
                Judgement::fail_by(received, message, most, format!("{} renewals", renewals.len()))
            }
        })
    })
}

pub(super) fn good_token_is_not_renewed(trial: &mut ClientTrial<'_>) -> Verdict {
    let mut troubles = vec![
        Trouble::Nothing,
        Trouble::Status(403),
        Trouble::Status(429),
        Trouble::Status(500),
        Trouble::Status(503),
        Trouble::DroppedConnection,
        Trouble::ResetConnection,
        Trouble::RefusedConnection,
        Trouble::Silence,
    ];
    troubles.retain(|trouble| all_troubles(trial).contains(trouble));
    let mut kinds = vec![CredentialKind::OauthTokens];
    kinds.extend(trial.can(Capability::Oauth).then_some(CredentialKind::OauthSession));
    let cases = trial.cases().with_kinds(kinds).strategy().prop_map(|case| case.used());
    let cases = (cases, select(troubles), any::<bool>());
    trial.each(cases, |talk, (case, trouble, renewed)| {
        if *renewed && case.kind == CredentialKind::OauthTokens {
            let first = case.expired();
            talk.admit(&first)?;
            let seen = talk.call(&first)?;
            if !renewals(&seen).iter().any(|(renewal, _)| issued(renewal).is_some()) {
                return Err(not_renewed(&seen));
            }
            return Ok(needless(&talk.call(&first)?, case));
        }
        talk.prepare(case)?;
        let judgement = needless(&send_into(talk, case, *trouble, 1)?, case);
        if *trouble == Trouble::Silence {
            return Ok(match judgement {
                Judgement::Pass => Judgement::inconclusive(SILENT),
                judgement => judgement,
            });
        }
        if !matches!(judgement, Judgement::Pass) {
            return Ok(judgement);
        }
        // What has gone wrong is no reason to renew in the next call either.
        let later = needless(&talk.call(case)?, case);
        Ok(if matches!(later, Judgement::Fail(_)) { later } else { judgement })
    })
}

/// Judges a call that had a good token. One that was refused all the same, however that came about, may be
/// renewed.
fn needless(seen: &Seen, case: &Case) -> Judgement {
    let refused = |received: &ReceivedRequest| received.exchange.reply.response.status() == 401;
    if seen.api().any(refused) {
        return Judgement::inconclusive("the API refuses the token");
    }
    match renewals(seen).first() {
        Some((received, _)) => {
            let message = "a token is renewed that is good for an hour";
            Judgement::fail_by(received, message, "no renewal", "a renewal")
        }
        None => match seen.first(case) {
            Ok(_) => Judgement::Pass,
            Err(_) => Judgement::inconclusive(seen.told()),
        },
    }
}

pub(super) fn renewal_asks_for_no_more(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each((renewing(trial), any::<bool>()), |talk, ((case, fails_first), known)| {
        let needed = case.operation.scopes.unwrap_or_default().iter().map(|&scope| scope.to_owned());
        // What the client has not been told is not granted, for all that it knows.
        let granted: Vec<String> = needed.filter(|_| *known).collect();
        let case = Case { scopes: known.then(|| granted.clone()), ..case.clone() };
        judge_renewals(talk, &case, *fails_first, |received, form| {
            let asked = form.get("scope").map_or("", String::as_str);
            let is_granted = |scope: &str| granted.iter().any(|known| known == scope);
            Judgement::pass_if(asked.split_ascii_whitespace().all(is_granted), || {
                let message = "a renewal asks for a scope that was not given";
                let expected = format!("no scope, or some of: {}", granted.join(" "));
                Judgement::fail_by(received, message, expected, format!("scope={asked}"))
            })
        })
    })
}

pub(super) fn refresh_token_arrives_unchanged(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = renewing(trial);
    trial.each(cases, |talk, (case, fails_first)| {
        judge_renewals(talk, case, *fails_first, |received, form| {
            let (given, sent) = (&case.refresh_token, form.get("refresh_token").map_or("", String::as_str));
            Judgement::pass_if(sent == given, || {
                let message = "the refresh token is not the one that was given";
                let (expected, found) = (format!("refresh_token={given}"), format!("refresh_token={sent}"));
                Judgement::fail_by(received, message, expected, found)
            })
        })
    })
}
