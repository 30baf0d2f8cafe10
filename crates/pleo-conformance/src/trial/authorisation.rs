//! Authorisations that users give apps, and what a client has to do for them.

use bytes::Bytes;
use http::{Method, Request, header};
use pleo_sandbox::{OAuthClient, Subject};
use proptest::{prelude::*, sample::select};
use uuid::Uuid;

use super::{
    case::{Case, LIFETIME, apps},
    client::{ClientTrial, Conversation, Seen},
    search::Stop,
    servers::{ReceivedRequest, Site},
    tokens::{Form, form, is_token_request, issued, query_of},
};
use crate::{
    protocol::{Action, App, Authorize, CallResult, Capability, Finish},
    subject::Outcome,
};

/// An authorisation that a user is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(crate) site: Site,
    pub(crate) app: App,
    pub(crate) scopes: Vec<String>,
    /// Whose data the user grants.
    pub(crate) company: Option<Uuid>,
    /// What became of an authorisation of the same session before this one, if there was one.
    pub(crate) earlier: Option<Earlier>,
}

/// What became of an authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// The user has not come back.
    Begun,
    Finished,
}

/// A scope that none of [`flows`] asks for.
const EARLIER_SCOPE: &str = "tags:read";

/// Authorisations of all kinds.
pub(crate) fn flows(trial: &ClientTrial<'_>) -> impl Strategy<Value = Flow> + use<> {
    let sessions = trial.can(Capability::Sessions);
    let earlier = prop::option::weighted(0.3, select(vec![Earlier::Begun, Earlier::Finished]));
    let scopes = vec!["users:read", "export-jobs:read", "export-jobs:write", "vendors:read"];
    let scopes = prop::sample::subsequence(scopes, 1..=4);
    (select(vec![Site::Staging, Site::Production]), apps(), scopes, earlier).prop_map(
        move |(site, app, scopes, earlier)| Flow {
            site,
            app,
            scopes: scopes.into_iter().map(str::to_owned).collect(),
            company: None,
            earlier: earlier.filter(|_| sessions),
        },
    )
}

impl Flow {
    /// The authorisation that a case needs.
    pub(crate) fn of(case: &Case) -> Self {
        let needed = case.operation.scopes.filter(|scopes| !scopes.is_empty()).unwrap_or(&["users:read"]);
        Self {
            site: case.site,
            app: case.app.clone(),
            scopes: needed.iter().map(|&scope| scope.to_owned()).collect(),
            company: case.company,
            earlier: None,
        }
    }

    /// The one before it.
    fn before(&self) -> Self {
        Self { scopes: vec![EARLIER_SCOPE.to_owned()], earlier: None, ..self.clone() }
    }
}

/// Makes an app known in both environments, so that a client which turns to the wrong one gets no further
/// than its tokens do.
pub(crate) fn register(talk: &mut Conversation<'_, '_>, app: &App, company: Option<Uuid>) {
    talk.keep_secret(&app.client_secret, "client secret");
    for site in [Site::Staging, Site::Production] {
        let sandbox = talk.servers().sandbox(site);
        let company = company.or_else(|| sandbox.companies().first().copied()).unwrap_or_default();
        sandbox.register(oauth_client(app, company));
    }
}

/// What the authorisation server knows of an app whose users grant it this company's data.
pub(crate) fn oauth_client(app: &App, company: Uuid) -> OAuthClient {
    OAuthClient {
        client_id: app.client_id.clone(),
        client_secret: Some(app.client_secret.clone()),
        redirect_uris: vec![app.redirect_uri.clone()],
        access_token_seconds: LIFETIME,
        subject: Subject::Company(company),
    }
}

/// The URL to which a client sends the user, and its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) url: String,
    pub(crate) parameters: Form,
}

/// So many characters are not in another text by chance.
const UNGUESSABLE: usize = 16;

/// Has the client begin an authorisation.
pub(crate) fn begin(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<(Begun, Seen), Stop> {
    match flow.earlier {
        None => {}
        Some(Earlier::Begun) => drop(begin(talk, &flow.before())?),
        Some(Earlier::Finished) => authorise(talk, &flow.before())?,
    }
    register(talk, &flow.app, flow.company);
    let seen = talk.act(Action::Authorize(Authorize {
        environment: flow.site.name().to_owned(),
        app: flow.app.clone(),
        scopes: flow.scopes.clone(),
    }))?;
    match &seen.outcome {
        Outcome::Result(CallResult { url: Some(url), .. }) => {
            let begun = Begun { url: url.clone(), parameters: query_of(url) };
            // They differ from run to run. What is short enough to be guessed may stand in other texts by chance.
            for name in ["state", "code_challenge"] {
                if let Some(value) = begun.parameters.get(name).filter(|value| value.len() >= UNGUESSABLE) {
                    talk.keep_secret(value, name);
                }
            }
            Ok((begun, seen))
        }
        _ => Err(Stop::Inconclusive(format!("the client makes no URL: {}", seen.told()))),
    }
}

/// Whether the URL is the authorise endpoint of the flow's environment.
pub(crate) fn begins_at(talk: &Conversation<'_, '_>, flow: &Flow, begun: &Begun) -> bool {
    let endpoint = format!("{}/oauth/authorize", talk.servers().url(flow.site.authorization_server()));
    begun.url.strip_prefix(&endpoint).is_some_and(|rest| rest.starts_with('?'))
}

/// The user agrees: the redirect with which the authorisation server responds.
pub(crate) fn agree(talk: &mut Conversation<'_, '_>, flow: &Flow, begun: &Begun) -> Result<String, Stop> {
    let unclear =
        |reason: &str| Stop::Inconclusive(format!("the user is not sent back with a code: {reason}"));
    if !begins_at(talk, flow, begun) {
        return Err(unclear("the client's URL is not the authorisation server's"));
    }
    let uri = begun.url.parse::<http::Uri>().map_err(|_| unclear("the client's URL cannot be read"))?;
    let request = Request::builder().method(Method::GET).uri(uri).body(Bytes::new());
    let request = request.map_err(|_| unclear("the client's URL cannot be requested"))?;
    let reply = talk.servers().sandbox(flow.site).handle(&request);
    let location = reply.response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| unclear(&format!("status {}", reply.response.status())))?;
    match query_of(location).get("code") {
        Some(code) => {
            talk.keep_secret(code, "code");
            Ok(location.to_owned())
        }
        None => Err(unclear("the authorisation server responds with an error")),
    }
}

/// Has the client take the redirect that came back.
pub(crate) fn finish(talk: &mut Conversation<'_, '_>, redirect: String) -> Result<Seen, Stop> {
    talk.act(Action::Finish(Finish { redirect }))
}

/// Has the client authorise its session from beginning to end.
pub(crate) fn authorise(talk: &mut Conversation<'_, '_>, flow: &Flow) -> Result<(), Stop> {
    let (begun, _) = begin(talk, flow)?;
    let redirect = agree(talk, flow, &begun)?;
    let seen = finish(talk, redirect)?;
    match token_requests(&seen).iter().any(|(received, _)| issued(received).is_some()) {
        true => Ok(()),
        false => Err(Stop::Inconclusive(format!("the client is not authorised: {}", seen.told()))),
    }
}

/// Requests to a token endpoint with their forms.
pub(crate) fn token_requests(seen: &Seen) -> Vec<(&ReceivedRequest, Form)> {
    let requests = seen.oauth().filter(|received| is_token_request(received));
    requests.map(|received| (received, form(received.exchange.request.body()))).collect()
}
