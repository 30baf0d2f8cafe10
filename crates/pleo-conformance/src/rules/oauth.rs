//! OAuth 2.0: authorisation, exchange, renewal.

use std::{collections::BTreeMap, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{Method, Request, header};
use percent_encoding::percent_decode_str;
use pleo_sandbox::{Fault, OAuthClient, Subject};
use proptest::{prelude::*, sample::select, string::string_regex};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Check, Rule, carrier};
use crate::{
    protocol::{
        Action, App, Authorize, CallResult, Capability, Credential, CredentialKind, Finish, Send, Tokens,
    },
    subject::Outcome,
    trial::{
        case::{Case, cases},
        client::{ClientTrial, Conversation, Seen, Stop, authorizations},
        evidence::{Judgement, place, target},
        lab::{Arrival, Site},
        mask,
    },
    verdict::{Level, Verdict},
};

const OAUTH: &[Capability] = &[Capability::Oauth];
const REFRESH: &[Capability] = &[Capability::Refresh];

const AUTHORISE: &str = "How to direct users to the authorisation endpoint";
const REDIRECTS: &str = "How to handle redirects and exchange the authorisation code";
const PKCE: &str = "Integration design: PKCE and secured patterns";
const REGISTRATION: &str = "Integration design: OAuth client registration";
const LIFECYCLE: &str = "Integration design: OAuth token overview";
const CENTRAL: &str = "Integration design: centralised token refresh";
const HOW_TO_REFRESH: &str = "How to refresh tokens";
const TOKEN_STORAGE: &str = "Integration design: secure token storage";
const CONFIGURATION: &str = "OAuth client configuration";

/// The fewest characters of a state that holds 128 random bits in the densest alphabet that URLs allow
/// (RFC 6749, section 10.10).
const STATE_LENGTH: usize = 22;

/// In so many characters two random states differ, whatever goes before and after them.
const STATE_APART: usize = 8;

/// The most requests of one call to an authorisation server that does not work.
const MOST_TRIES: usize = 10;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "OAU-001",
        title: "PKCE is used",
        statement: "A client MUST begin an authorisation with a PKCE challenge.",
        level: Level::Must,
        sources: &["A25", "A26", "A36"],
        headings: &[AUTHORISE, PKCE],
        failure: "The URL to which the user is sent has no code_challenge.",
        method: "Any app, scopes and environment: the parameters of the URL.",
        check: Check::Client { needs: OAUTH, check: has_challenge },
    },
    Rule {
        id: "OAU-002",
        title: "The challenge is S256",
        statement: "A client MUST use the challenge method S256.",
        level: Level::Must,
        sources: &["A26", "A27"],
        headings: &[AUTHORISE, PKCE],
        failure: "code_challenge_method is plain, or left out, which means the same.",
        method: "Any app, scopes and environment: the parameters of the URL.",
        check: Check::Client { needs: OAUTH, check: challenge_is_s256 },
    },
    Rule {
        id: "OAU-003",
        title: "The state is fresh",
        statement: "A client MUST give every authorisation a state that nobody can guess.",
        level: Level::Must,
        sources: &["A36", "A40"],
        headings: &[AUTHORISE, REDIRECTS],
        failure: "There is no state, the same or nearly the same one twice, or one that is too short.",
        method: "Two authorisations by two clients: the length of the state, and in how much the two differ.",
        check: Check::Client { needs: OAUTH, check: state_is_fresh },
    },
    Rule {
        id: "OAU-004",
        title: "Another state forbids the exchange",
        statement: "A client MUST NOT exchange a code that comes back with another state, or with none.",
        level: Level::Must,
        sources: &["A40"],
        headings: &[REDIRECTS],
        failure: "The code of a redirect with a wrong state arrives at the token endpoint.",
        method: "Redirects with a changed state and without one: nothing may arrive at the token endpoint. \
                 With the right state the code has to.",
        check: Check::Client { needs: OAUTH, check: other_state_is_refused },
    },
    Rule {
        id: "OAU-005",
        title: "An error forbids the exchange",
        statement: "A client MUST NOT go on with a redirect that carries an error, or no code.",
        level: Level::Must,
        sources: &["A39", "A40"],
        headings: &[REDIRECTS],
        failure: "The token endpoint is asked although the user declined.",
        method: "Redirects with an error, with an error beside a code, and with neither: nothing may arrive \
                 at the token endpoint.",
        check: Check::Client { needs: OAUTH, check: error_is_believed },
    },
    Rule {
        id: "OAU-006",
        title: "The verifier belongs to the challenge",
        statement: "A client MUST make a verifier for each authorisation, and exchange the code with the one whose \
                    challenge it began with.",
        level: Level::Must,
        sources: &["A27", "A43"],
        headings: &[REDIRECTS, PKCE],
        failure: "code_verifier is missing, too short, of another challenge, or always the same.",
        method: "Whole authorisations: the verifier that arrives is hashed and compared with the challenge.",
        check: Check::Client { needs: OAUTH, check: verifier_belongs },
    },
    Rule {
        id: "OAU-007",
        title: "No secret is in the URL",
        statement: "A client MUST NOT put the client secret or the verifier into the URL to which it sends \
                    the user.",
        level: Level::Must,
        sources: &["A27", "A35", "A41"],
        headings: &[AUTHORISE, PKCE],
        failure: "The user's browser, and its history, has the client secret.",
        method: "Any app, scopes and environment: the URL is searched for the secret, and for what hashes to \
                 the challenge.",
        check: Check::Client { needs: OAUTH, check: no_secret_in_url },
    },
    Rule {
        id: "OAU-008",
        title: "The redirect URI is the registered one",
        statement: "A client MUST send the redirect URI to the letter, when it begins and when it exchanges.",
        level: Level::Must,
        sources: &["A30", "A43"],
        headings: &[REGISTRATION, REDIRECTS],
        failure: "A slash is added, or the query is lost.",
        method: "Redirect URIs with and without port and query: both places are compared.",
        check: Check::Client { needs: OAUTH, check: redirect_uri_is_exact },
    },
    Rule {
        id: "OAU-009",
        title: "One renewal at a time",
        statement: "A client MUST renew an expired token once, however many requests wait for it.",
        level: Level::Must,
        sources: &["A51"],
        headings: &[CENTRAL],
        failure: "Each waiting request renews for itself, and each makes the others' tokens useless.",
        method: "Eight requests at the same time with an expired token: renewals are counted.",
        check: Check::Client {
            needs: &[Capability::Refresh, Capability::Parallel],
            check: one_renewal_at_a_time,
        },
    },
    Rule {
        id: "OAU-010",
        title: "The new access token is used",
        statement: "A client MUST use the new access token once it has renewed.",
        level: Level::Must,
        sources: &["A47"],
        headings: &[LIFECYCLE],
        failure: "After a renewal the old access token arrives.",
        method: "A request with an expired token: the token that arrives is compared with the new one.",
        check: Check::Client { needs: REFRESH, check: new_access_token_is_used },
    },
    Rule {
        id: "OAU-011",
        title: "The newest refresh token is used",
        statement: "A client MUST throw a refresh token away once it has got the next.",
        level: Level::Must,
        sources: &["A47", "A48"],
        headings: &[LIFECYCLE, CENTRAL],
        failure: "The second renewal presents the first refresh token, which ends the authorisation.",
        method: "Two renewals, the second after the new access token was revoked: the refresh token that \
                 arrives with it.",
        check: Check::Client { needs: REFRESH, check: newest_refresh_token_is_used },
    },
    Rule {
        id: "OAU-012",
        title: "A dead refresh token is not sent again",
        statement: "A client MUST NOT present a refresh token again that was refused.",
        level: Level::Must,
        sources: &["A48", "A53", "A54", "A55"],
        headings: &[LIFECYCLE, CENTRAL, HOW_TO_REFRESH],
        failure: "The same refresh token arrives with every call.",
        method: "Three calls with a refresh token that the server refuses: how often it arrives.",
        check: Check::Client { needs: REFRESH, check: dead_token_stays_dead },
    },
    Rule {
        id: "OAU-013",
        title: "A server's bad moment ends nothing",
        statement: "A client MUST NOT try a failing renewal without end, and MUST NOT give up the \
                    authorisation for it.",
        level: Level::Must,
        sources: &["A53"],
        headings: &[CENTRAL],
        failure: "The token endpoint is asked dozens of times, or never again.",
        method: "A call while the token endpoint answers 503, and one when it works again: the first may \
                 ask ten times, the second has to ask again.",
        check: Check::Client { needs: REFRESH, check: bad_moment_ends_nothing },
    },
    Rule {
        id: "OAU-014",
        title: "An expired token is renewed",
        statement: "A client SHOULD renew an access token that has expired: before it is sent, or once it was \
                    refused.",
        level: Level::Should,
        sources: &["A50", "A45"],
        headings: &[HOW_TO_REFRESH],
        failure: "The expired token arrives, is refused, and nothing is renewed.",
        method: "A request with an expired token: whether a renewal arrives.",
        check: Check::Client { needs: REFRESH, check: expired_token_is_renewed },
    },
    Rule {
        id: "OAU-015",
        title: "The app shows who it is by Basic",
        statement: "A client SHOULD authenticate the app at the token endpoint by HTTP Basic.",
        level: Level::Should,
        sources: &["A28", "A43"],
        headings: &[CONFIGURATION, PKCE],
        failure: "The client secret is in the body.",
        method: "Renewals: header and body of the request to the token endpoint.",
        check: Check::Client { needs: REFRESH, check: app_goes_by_basic },
    },
    Rule {
        id: "OAU-016",
        title: "Tokens are renewed where they were made",
        statement: "A client MUST renew tokens at the authorisation server of their environment.",
        level: Level::Must,
        sources: &["A22", "V2", "V8"],
        headings: &[CONFIGURATION],
        failure: "A production refresh token arrives in staging.",
        method: "Renewals in both environments: where the refresh token arrives.",
        check: Check::Client { needs: REFRESH, check: renewed_where_made },
    },
    Rule {
        id: "OAU-017",
        title: "An authorisation stays in its environment",
        statement: "A client MUST send the user, and then the code, to the authorisation server of the chosen \
                    environment.",
        level: Level::Must,
        sources: &["A22", "A23", "V2", "V8"],
        headings: &[CONFIGURATION, AUTHORISE],
        failure: "The user is sent to another host, or the code arrives in the other environment.",
        method: "Whole authorisations in both environments: the URL, and where the exchange arrives.",
        check: Check::Client { needs: OAUTH, check: authorised_where_chosen },
    },
    Rule {
        id: "OAU-018",
        title: "Tokens and client secret stay where they belong",
        statement: "A client MUST NOT put a token or the client secret into a URL, into another header than \
                    Authorization, or into the body of a request to the API.",
        level: Level::Must,
        sources: &["A35", "A57"],
        headings: &[TOKEN_STORAGE, HOW_TO_REFRESH],
        failure: "The refresh token is in a header, or the client secret arrives at the API.",
        method: "Requests with an expired token, and the renewals before them: all their parts are searched for \
                 access token, refresh token and client secret.",
        check: Check::Client { needs: REFRESH, check: oauth_secrets_stay },
    },
    Rule {
        id: "OAU-019",
        title: "Tokens and client secret are not shown",
        statement: "A client MUST NOT show a token or the client secret in a log, in an error or in debugging \
                    output.",
        level: Level::Must,
        sources: &["A57"],
        headings: &[TOKEN_STORAGE, HOW_TO_REFRESH],
        failure: "The log of a renewal has the refresh token.",
        method: "Renewals that succeed, fail for a while, and are refused: every text that the subject shows is \
                 searched for access token, refresh token and client secret.",
        check: Check::Client {
            needs: &[Capability::Refresh, Capability::Shown],
            check: oauth_secrets_are_not_shown,
        },
    },
];

/// An authorisation that a user is asked for.
#[derive(Debug, Clone)]
struct Flow {
    site: Site,
    app: App,
    scopes: Vec<String>,
}

fn secrets(prefix: &'static str) -> BoxedStrategy<String> {
    let pattern = format!("FAKE-{prefix}-[a-zA-Z0-9._~+/-]{{12,40}}");
    string_regex(&pattern).map_or_else(|_| Just(String::new()).boxed(), Strategy::boxed)
}

fn apps() -> impl Strategy<Value = App> {
    let redirect_uris = vec![
        "https://app.example.com/callback",
        "https://app.example.com:8443/pleo/callback",
        "https://app.example.com/callback?tenant=7",
    ];
    (any::<u128>(), secrets("CLIENT"), select(redirect_uris)).prop_map(|(id, client_secret, redirect_uri)| {
        App {
            client_id: Uuid::from_u128(id).to_string(),
            client_secret,
            redirect_uri: redirect_uri.to_owned(),
        }
    })
}

fn flows() -> impl Strategy<Value = Flow> {
    let scopes = vec!["users:read", "export-jobs:read", "export-jobs:write", "vendors:read"];
    let scopes = prop::sample::subsequence(scopes, 1..=4);
    (select(vec![Site::Staging, Site::Production]), apps(), scopes).prop_map(|(site, app, scopes)| Flow {
        site,
        app,
        scopes: scopes.into_iter().map(str::to_owned).collect(),
    })
}

/// Makes an app known in both environments, so that a client which turns to the wrong one gets no further
/// than its tokens do.
fn register(talk: &mut Conversation<'_, '_>, app: &App) {
    talk.keep_secret(&app.client_secret, "client secret");
    for site in [Site::Staging, Site::Production] {
        let sandbox = talk.lab().sandbox(site);
        let company = sandbox.companies().first().copied().unwrap_or_default();
        sandbox.register(OAuthClient {
            client_id: app.client_id.clone(),
            client_secret: Some(app.client_secret.clone()),
            redirect_uris: vec![app.redirect_uri.clone()],
            access_token_seconds: 3600,
            subject: Subject::Company(company),
        });
    }
}

type Form = BTreeMap<String, String>;

fn form(text: &[u8]) -> Form {
    form_urlencoded::parse(text).into_owned().collect()
}

fn query_of(url: &str) -> Form {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    form(query.as_bytes())
}

/// The URL to which a client sends the user, and its parameters.
struct Begun {
    url: String,
    parameters: Form,
}

fn begin(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<Begun, Stop> {
    register(talk, &flow.app);
    let seen = talk.act(Action::Authorize(Authorize {
        environment: flow.site.name().to_owned(),
        app: flow.app.clone(),
        scopes: flow.scopes.clone(),
    }))?;
    match &seen.outcome {
        Outcome::Result(CallResult { url: Some(url), .. }) => {
            Ok(Begun { url: url.clone(), parameters: query_of(url) })
        }
        _ => Err(Stop::Unclear(format!("the client makes no URL: {}", seen.told()))),
    }
}

/// Whether the URL is the authorise endpoint of the flow's environment.
fn begins_at(talk: &Conversation<'_, '_>, flow: &Flow, begun: &Begun) -> bool {
    let endpoint = format!("{}/oauth/authorize", talk.lab().url(flow.site));
    begun.url.strip_prefix(&endpoint).is_some_and(|rest| rest.starts_with('?'))
}

/// The user agrees: the redirect that the authorisation server answers with.
fn agree(talk: &Conversation<'_, '_>, flow: &Flow, begun: &Begun) -> Result<String, Stop> {
    let unclear = |reason: &str| Stop::Unclear(format!("the user is not sent back with a code: {reason}"));
    if !begins_at(talk, flow, begun) {
        return Err(unclear("the client's URL is not the authorisation server's"));
    }
    let uri = begun.url.parse::<http::Uri>().map_err(|_| unclear("the client's URL cannot be read"))?;
    let request = Request::builder().method(Method::GET).uri(uri).body(Bytes::new());
    let request = request.map_err(|_| unclear("the client's URL cannot be requested"))?;
    let reply = talk.lab().sandbox(flow.site).handle(&request);
    let location = reply.response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| unclear(&format!("status {}", reply.response.status())))?;
    match query_of(location).contains_key("code") {
        true => Ok(location.to_owned()),
        false => Err(unclear("the authorisation server answers with an error")),
    }
}

/// A redirect with other parameters.
fn redirect(flow: &Flow, parameters: &Form) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if flow.app.redirect_uri.contains('?') { '&' } else { '?' };
    format!("{}{separator}{query}", flow.app.redirect_uri)
}

fn finish(talk: &mut Conversation<'_, '_>, redirect: String) -> Result<Seen, Stop> {
    talk.act(Action::Finish(Finish { redirect }))
}

/// Requests to the token endpoint with their forms.
fn token_requests(seen: &Seen) -> Vec<(&Arrival, Form)> {
    seen.oauth()
        .filter(|arrival| arrival.exchange.request.uri().path().ends_with("/oauth/token"))
        .map(|arrival| (arrival, form(arrival.exchange.request.body())))
        .collect()
}

fn has_challenge(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        let there = begun.parameters.get("code_challenge").is_some_and(|challenge| !challenge.is_empty());
        Ok(Judgement::kept_if(there, || {
            let names: Vec<&str> = begun.parameters.keys().map(String::as_str).collect();
            Judgement::broken("there is no PKCE challenge", "code_challenge", names.join(", "))
        }))
    })
}

fn challenge_is_s256(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        if !begun.parameters.contains_key("code_challenge") {
            return Ok(Judgement::unclear("there is no PKCE challenge"));
        }
        let method = begun.parameters.get("code_challenge_method").map_or("none", String::as_str);
        Ok(Judgement::kept_if(method == "S256", || {
            Judgement::broken("the challenge method is not S256", "code_challenge_method=S256", method)
        }))
    })
}

fn state_is_fresh(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let state = |begun: Begun| begun.parameters.get("state").cloned().unwrap_or_default();
        let first = state(begin(talk, flow)?);
        let second = state(talk.aside(|talk| begin(talk, flow))?);
        let expected = format!("a state of at least {STATE_LENGTH} characters, another one each time");
        let apart = first.chars().zip(second.chars()).filter(|(one, other)| one != other).count();
        Ok(if first.chars().count() < STATE_LENGTH {
            let received = format!("a state of {} characters", first.chars().count());
            Judgement::broken("the state can be guessed", expected, received)
        } else if apart < STATE_APART {
            let message = "the states of two authorisations are much the same";
            Judgement::broken(message, expected, "two states that differ in hardly anything")
        } else {
            Judgement::Kept
        })
    })
}

/// A redirect with the right state leads to an exchange.
fn exchange_control(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<(), Stop> {
    talk.aside(|talk| {
        let begun = begin(talk, flow)?;
        let redirect = agree(talk, flow, &begun)?;
        let seen = finish(talk, redirect)?;
        match token_requests(&seen).is_empty() {
            true => Err(Stop::Unclear(format!("a right redirect is not exchanged either: {}", seen.told()))),
            false => Ok(()),
        }
    })
}

fn not_exchanged(seen: &Seen, message: &'static str, received: &str) -> Judgement {
    match token_requests(seen).first() {
        None => Judgement::Kept,
        Some((arrival, _)) => Judgement::broken_by(
            arrival,
            message,
            "a refusal, and no request to the token endpoint",
            format!("an exchange, {received}"),
        ),
    }
}

fn other_state_is_refused(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each((flows(), any::<bool>()), |talk, (flow, missing)| {
        exchange_control(talk, flow)?;
        let begun = begin(talk, flow)?;
        let mut parameters = query_of(&agree(talk, flow, &begun)?);
        let state: String = parameters.remove("state").unwrap_or_default().chars().rev().collect();
        if !missing {
            parameters.insert("state".to_owned(), format!("{state}x"));
        }
        let seen = finish(talk, redirect(flow, &parameters))?;
        let received =
            if *missing { "after a redirect without a state" } else { "after a redirect with another state" };
        Ok(not_exchanged(&seen, "a code is exchanged although the state is not the right one", received))
    })
}

fn error_is_believed(trial: &mut ClientTrial<'_>) -> Verdict {
    let redirects = select(vec![(true, true), (true, false), (false, false)]);
    trial.each((flows(), redirects), |talk, (flow, (with_error, with_code))| {
        exchange_control(talk, flow)?;
        let begun = begin(talk, flow)?;
        let mut parameters = query_of(&agree(talk, flow, &begun)?);
        if *with_error {
            parameters.insert("error".to_owned(), "access_denied".to_owned());
        }
        if !with_code {
            parameters.remove("code");
        }
        let seen = finish(talk, redirect(flow, &parameters))?;
        let received = match (with_error, with_code) {
            (true, true) => "after a redirect with an error and a code",
            (true, false) => "after a redirect with an error",
            (false, _) => "after a redirect without a code",
        };
        Ok(not_exchanged(&seen, "the token endpoint is asked although the authorisation failed", received))
    })
}

/// A whole authorisation: how it began, and the exchange that arrived.
fn exchanged<T>(
    talk: &mut Conversation<'_, '_>,
    flow: &Flow,
    judge: impl FnOnce(&Begun, &Arrival, &Form) -> T,
) -> Result<T, Stop> {
    let begun = begin(talk, flow)?;
    let redirect = agree(talk, flow, &begun)?;
    let seen = finish(talk, redirect)?;
    match token_requests(&seen).first() {
        Some((arrival, form)) => Ok(judge(&begun, arrival, form)),
        None => Err(Stop::Unclear(format!("no code is exchanged: {}", seen.told()))),
    }
}

fn authorised_where_chosen(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        if !begins_at(talk, flow, &begun) {
            let expected = format!("{}/oauth/authorize?…", talk.lab().url(flow.site));
            let message = "the user is not sent to the environment's authorisation server";
            return Ok(Judgement::broken(message, expected, begun.url));
        }
        let redirect = agree(talk, flow, &begun)?;
        let seen = finish(talk, redirect)?;
        let requests = token_requests(&seen);
        let Some((first, _)) = requests.first() else {
            return Ok(Judgement::unclear(format!("no code is exchanged: {}", seen.told())));
        };
        let stray = requests.iter().map(|(arrival, _)| *arrival).find(|arrival| arrival.site != flow.site);
        Ok(Judgement::kept_if(stray.is_none(), || {
            Judgement::broken_by(
                stray.unwrap_or(first),
                "a code is exchanged in another environment than the chosen one",
                format!("an exchange at {}", place(flow.site)),
                format!("an exchange at {}", place(stray.unwrap_or(first).site)),
            )
        }))
    })
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

fn verifier_belongs(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let challenge = |begun: Begun| begun.parameters.get("code_challenge").cloned();
        let (one, other) = (
            talk.aside(|talk| begin(talk, flow)).map(challenge)?,
            talk.aside(|talk| begin(talk, flow)).map(challenge)?,
        );
        if one.is_some() && one == other {
            let message = "two authorisations have the same verifier";
            return Ok(Judgement::broken(
                message,
                "a verifier of its own for each",
                "the same challenge twice",
            ));
        }
        exchanged(talk, flow, |begun, arrival, form| {
            let parameter = |name: &str| begun.parameters.get(name).cloned().unwrap_or_default();
            if parameter("code_challenge_method") != "S256" {
                return Judgement::unclear("there is no S256 challenge");
            }
            let broken = |received: String| {
                let message = "the verifier does not belong to the challenge";
                let expected = "the code_verifier whose challenge is in the URL, of 43 to 128 characters";
                Judgement::broken_by(arrival, message, expected, received)
            };
            match form.get("code_verifier") {
                None => broken("no code_verifier".to_owned()),
                Some(verifier) if !(43..=128).contains(&verifier.len()) => {
                    broken(format!("a code_verifier of {} characters", verifier.len()))
                }
                Some(verifier) if challenge_of(verifier) != parameter("code_challenge") => {
                    broken("a code_verifier of another challenge".to_owned())
                }
                Some(_) => Judgement::Kept,
            }
        })
    })
}

fn no_secret_in_url(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        let broken = |what: &str| {
            let message = "a secret is in the URL to which the user is sent";
            Judgement::broken(message, format!("a URL without the {what}"), begun.url.clone())
        };
        if mask::found(&flow.app.client_secret, &begun.url).is_some() {
            return Ok(broken("client secret"));
        }
        // What hashes to the challenge is the verifier. A plain challenge is one itself, and another rule's
        // business.
        let challenge = begun.parameters.get("code_challenge");
        let shown = begun.parameters.values().any(|value| Some(&challenge_of(value)) == challenge);
        Ok(Judgement::kept_if(!shown, || broken("verifier")))
    })
}

fn redirect_uri_is_exact(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(flows(), |talk, flow| {
        let begun = begin(talk, flow)?;
        let expected = &flow.app.redirect_uri;
        let message = "the redirect URI is not the registered one";
        let sent = begun.parameters.get("redirect_uri").map_or("none", String::as_str);
        if sent != expected {
            return Ok(Judgement::broken(message, expected, format!("{sent}, in the user's URL")));
        }
        let redirect = agree(talk, flow, &begun)?;
        let seen = finish(talk, redirect)?;
        let requests = token_requests(&seen);
        let Some((arrival, form)) = requests.first() else {
            return Ok(Judgement::unclear(format!("no code is exchanged: {}", seen.told())));
        };
        let sent = form.get("redirect_uri").map_or("none", String::as_str);
        Ok(Judgement::kept_if(sent == expected, || {
            Judgement::broken_by(arrival, message, expected, format!("{sent}, in the exchange"))
        }))
    })
}

/// Requests by a client that keeps tokens.
#[derive(Debug, Clone)]
struct Keeping {
    case: Case,
    app: App,
    refresh_token: String,
}

fn keeping() -> impl Strategy<Value = Keeping> {
    let cases = cases().with_tokens().that_read().strategy();
    (cases, apps(), secrets("REFRESH")).prop_map(|(case, app, refresh_token)| Keeping {
        case: Case { kind: CredentialKind::OauthTokens, ..case },
        app,
        refresh_token,
    })
}

impl Keeping {
    /// Makes app and tokens good, in their environment.
    fn admit(&self, talk: &mut Conversation<'_, '_>) {
        self.keep_secrets(talk);
        register(talk, &self.app);
        let sandbox = talk.lab().sandbox(self.case.site);
        sandbox.admit_tokens(&self.app.client_id, &self.case.secret, &self.refresh_token);
        // It has expired for the service as well, so that a client may also find out by a 401 (A50).
        sandbox.revoke(&self.case.secret);
    }

    /// Has the authorisation server fail, longer than any client should try.
    fn stop_renewals(&self, talk: &Conversation<'_, '_>) {
        for _ in 0..8 * MOST_TRIES {
            talk.lab().sandbox(self.case.site).inject("/oauth/token", Fault::Status(503));
        }
    }

    fn keep_secrets(&self, talk: &mut Conversation<'_, '_>) {
        talk.keep_secret(&self.case.secret, "access token");
        talk.keep_secret(&self.refresh_token, "refresh token");
    }

    /// A request of the case, with an access token that has expired.
    fn send(&self, talk: &mut Conversation<'_, '_>, times: u32) -> Result<Seen, Stop> {
        let tokens = Tokens {
            app: self.app.clone(),
            access_token: self.case.secret.clone(),
            refresh_token: self.refresh_token.clone(),
            expires_in: 0,
        };
        let credential = Credential { secret: None, tokens: Some(tokens), ..self.case.credential() };
        let send = self.case.send(talk.lab());
        talk.send_call(Send { credential, times, ..send })
    }
}

/// Renewals that arrived, with their refresh tokens.
fn renewals(seen: &Seen) -> Vec<(&Arrival, String)> {
    token_requests(seen)
        .into_iter()
        .filter(|(_, form)| form.get("grant_type").is_some_and(|grant| grant == "refresh_token"))
        .map(|(arrival, mut form)| (arrival, form.remove("refresh_token").unwrap_or_default()))
        .collect()
}

fn not_renewed(seen: &Seen) -> Stop {
    Stop::Unclear(format!("the token is not renewed: {}", seen.told()))
}

/// The requests to the API that arrived after the first renewal, where that was.
fn after_renewal(seen: &Seen) -> impl Iterator<Item = &Arrival> {
    let renewal = seen.arrivals.iter().position(|arrival| {
        let renews =
            form(arrival.exchange.request.body()).get("grant_type").is_some_and(|it| it == "refresh_token");
        renews && arrival.exchange.reply.response.status().is_success()
    });
    let later = renewal.map_or(&[][..], |renewal| &seen.arrivals[renewal..]);
    later.iter().filter(|arrival| !arrival.exchange.request.uri().path().starts_with("/oauth/"))
}

/// The JSON that a request was answered with, or null.
fn answered(arrival: &Arrival) -> serde_json::Value {
    serde_json::from_slice(arrival.exchange.reply.response.body()).unwrap_or_default()
}

/// The pair that a renewal was answered with.
fn new_pair(renewal: &Arrival) -> Option<(String, String)> {
    let body = answered(renewal);
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Some((text("access_token")?, text("refresh_token")?))
}

fn one_renewal_at_a_time(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        // So slow a renewal is overtaken by every other request that does not wait for it.
        let slow = Fault::Delay(Duration::from_millis(10));
        talk.lab().sandbox(keeping.case.site).inject("/oauth/token", slow);
        let seen = keeping.send(talk, 8);
        talk.lab().sandbox(keeping.case.site).clear_faults();
        let seen = seen?;
        let renewals = renewals(&seen);
        let Some((arrival, _)) = renewals.last() else { return Err(not_renewed(&seen)) };
        if carrier(after_renewal(&seen), &keeping.case.secret).is_some() {
            return Ok(Judgement::unclear("the expired token is sent again, which asks for another renewal"));
        }
        Ok(Judgement::kept_if(renewals.len() == 1, || {
            let message = "requests that wait for a token renew it each for itself";
            // How many there are is a matter of time.
            Judgement::broken_by(arrival, message, "1 renewal", "several renewals")
        }))
    })
}

fn new_access_token_is_used(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let renewals = renewals(&seen);
        let Some((renewal, _)) = renewals.first() else { return Err(not_renewed(&seen)) };
        let Some((access_token, _)) = new_pair(renewal) else {
            return Ok(Judgement::unclear("the renewal is answered with an error"));
        };
        talk.keep_secret(&access_token, "new access token");
        if let Some(arrival) = carrier(after_renewal(&seen), &keeping.case.secret) {
            return Ok(Judgement::broken_by(
                arrival,
                "after a renewal the old access token is sent",
                "the new access token",
                "the old access token",
            ));
        }
        Ok(match carrier(after_renewal(&seen), &access_token) {
            Some(_) => Judgement::Kept,
            None => Judgement::unclear("neither the old nor the new access token arrives after it"),
        })
    })
}

fn newest_refresh_token_is_used(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let pair = renewals(&seen).last().and_then(|(renewal, _)| new_pair(renewal));
        let Some((access_token, refresh_token)) = pair else { return Err(not_renewed(&seen)) };
        talk.keep_secret(&access_token, "new access token");
        talk.keep_secret(&refresh_token, "new refresh token");
        talk.lab().sandbox(keeping.case.site).revoke(&access_token);
        let seen = keeping.send(talk, 1)?;
        let renewals = renewals(&seen);
        let Some((arrival, sent)) = renewals.first() else {
            return Ok(Judgement::unclear("a token that was revoked is not renewed"));
        };
        Ok(Judgement::kept_if(*sent == refresh_token, || {
            let received =
                if *sent == keeping.refresh_token { "the first refresh token" } else { "another one" };
            let message = "a renewal does not present the refresh token of the one before";
            Judgement::broken_by(arrival, message, "the new refresh token", received)
        }))
    })
}

/// Whether a token request was refused because of what it presented (RFC 6749, section 5.2).
fn is_invalid_grant(arrival: &Arrival) -> bool {
    answered(arrival)["error"] == "invalid_grant"
}

fn dead_token_stays_dead(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        // The app is known and its tokens are not.
        keeping.keep_secrets(talk);
        register(talk, &keeping.app);
        let mut presented: Vec<Arrival> = Vec::new();
        for _ in 0..3 {
            let seen = keeping.send(talk, 1)?;
            // One that was refused because of the app says nothing about the token.
            let dead = renewals(&seen)
                .into_iter()
                .filter(|(arrival, sent)| *sent == keeping.refresh_token && is_invalid_grant(arrival));
            presented.extend(dead.map(|(arrival, _)| arrival.clone()));
        }
        Ok(match presented.as_slice() {
            [] => Judgement::unclear("the token is not renewed"),
            [_] => Judgement::Kept,
            [.., last] => Judgement::broken_by(
                last,
                "a refresh token that was refused is presented again",
                "once",
                format!("{} times in three calls", presented.len()),
            ),
        })
    })
}

fn bad_moment_ends_nothing(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        keeping.stop_renewals(talk);
        let seen = keeping.send(talk, 1);
        talk.lab().sandbox(keeping.case.site).clear_faults();
        let seen = seen?;
        let tried = renewals(&seen);
        let Some((arrival, _)) = tried.last() else { return Err(not_renewed(&seen)) };
        if arrival.exchange.reply.response.status().as_u16() != 503 {
            return Ok(Judgement::unclear("the renewal is not answered with 503"));
        }
        if tried.len() > MOST_TRIES {
            return Ok(Judgement::broken_by(
                arrival,
                "a renewal that fails is tried again and again",
                format!("at most {MOST_TRIES} tries a call"),
                format!("{} tries", tried.len()),
            ));
        }
        let seen = keeping.send(talk, 1)?;
        Ok(Judgement::kept_if(!renewals(&seen).is_empty(), || {
            let message = "after a server error the token is never renewed again";
            Judgement::broken(message, "a renewal, now that the server works again", seen.told())
        }))
    })
}

fn expired_token_is_renewed(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        if !renewals(&seen).is_empty() {
            return Ok(Judgement::Kept);
        }
        let arrival = seen.first()?;
        Ok(match carrier([arrival], &keeping.case.secret) {
            Some(arrival) => Judgement::broken_by(
                arrival,
                "an access token that has expired is sent",
                "a renewal, before or after it",
                "the expired access token",
            ),
            None => Judgement::unclear("the token does not arrive, and is not renewed"),
        })
    })
}

fn app_goes_by_basic(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let requests = token_requests(&seen);
        let Some((arrival, form)) = requests.first() else { return Err(not_renewed(&seen)) };
        let values = authorizations(arrival.exchange.request.headers());
        let basic = matches!(values.as_slice(), [one] if names_app(one, &keeping.app));
        Ok(Judgement::kept_if(basic && !form.contains_key("client_secret"), || {
            let received = match form.contains_key("client_secret") {
                true => "client_secret in the body".to_owned(),
                false => format!("Authorization: {}", values.join(", ")),
            };
            let message = "the app does not authenticate by Basic";
            Judgement::broken_by(arrival, message, "client id and secret by Basic", received)
        }))
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

fn renewed_where_made(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        let renewals = renewals(&seen);
        if let Some((stray, _)) = renewals.iter().find(|(arrival, _)| arrival.site != keeping.case.site) {
            return Ok(Judgement::broken_by(
                stray,
                "tokens are renewed in another environment than their own",
                format!("a renewal at {}", place(keeping.case.site)),
                format!("a renewal at {}", place(stray.site)),
            ));
        }
        match renewals.is_empty() {
            true => Err(not_renewed(&seen)),
            false => Ok(Judgement::Kept),
        }
    })
}

impl Keeping {
    /// What may not turn up, by name.
    fn secrets(&self) -> [(&'static str, &str); 3] {
        [
            ("access token", &self.case.secret),
            ("refresh token", &self.refresh_token),
            ("client secret", &self.app.client_secret),
        ]
    }

    /// The first of the secrets that stands in a text.
    fn found_in(&self, text: &str) -> Option<&'static str> {
        self.secrets()
            .into_iter()
            .find(|(_, secret)| mask::found(secret, text).is_some())
            .map(|(name, _)| name)
    }
}

fn oauth_secrets_stay(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        if seen.arrivals.is_empty() {
            return Err(not_renewed(&seen));
        }
        for arrival in &seen.arrivals {
            let request = &arrival.exchange.request;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut parts = vec![("the URL".to_owned(), target(request))];
            for (name, value) in request.headers().iter().filter(|(name, _)| **name != header::AUTHORIZATION)
            {
                parts.push((format!("the header {name}"), text(value.as_bytes())));
            }
            // The token endpoint takes the refresh token, and by Pleo's pages also the client secret, in the body.
            if !request.uri().path().starts_with("/oauth/") {
                parts.push(("the body".to_owned(), text(request.body())));
            }
            let leak = parts.iter().find_map(|(part, text)| Some((part, keeping.found_in(text)?)));
            if let Some((part, name)) = leak {
                let message = "a token or the client secret is where it does not belong";
                return Ok(Judgement::broken_by(arrival, message, format!("no {name} there"), part.clone()));
            }
        }
        Ok(Judgement::Kept)
    })
}

fn oauth_secrets_are_not_shown(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each((keeping(), 0..3_u8), |talk, (keeping, trouble)| {
        match trouble {
            0 => keeping.admit(talk),
            1 => {
                keeping.admit(talk);
                keeping.stop_renewals(talk);
            }
            // The app is known and its tokens are not.
            _ => {
                keeping.keep_secrets(talk);
                register(talk, &keeping.app);
            }
        }
        let seen = keeping.send(talk, 1);
        talk.lab().sandbox(keeping.case.site).clear_faults();
        let seen = seen?;
        if token_requests(&seen).is_empty() {
            return Err(not_renewed(&seen));
        }
        let texts = seen.texts();
        if texts.is_empty() {
            return Ok(Judgement::unclear("the client shows nothing"));
        }
        let leak = texts.iter().find_map(|(place, text)| Some((place, keeping.found_in(text)?)));
        Ok(match leak {
            None => Judgement::Kept,
            Some((place, name)) => {
                let message = "a token or the client secret is shown";
                Judgement::broken(
                    message,
                    format!("texts without the {name}"),
                    format!("the {name}, in {place}"),
                )
            }
        })
    })
}
