//! What can go wrong with a valid request.

use std::{iter::repeat_n, time::Duration};

use pleo_sandbox::Fault;
use proptest::{prelude::*, sample::select, strategy::Union};

use crate::{
    protocol::{Capability, Send},
    trial::{
        case::{Case, Setback},
        client::{ClientTrial, Conversation, SILENCE, Seen},
        search::Stop,
        servers::Site,
        tokens::TOKEN_ENDPOINT,
    },
};

/// What goes wrong with the first request of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Nothing,
    Status(u16),
    DroppedConnection,
    ResetConnection,
    /// The server accepts no connection, during the whole call.
    RefusedConnection,
    /// No response comes within the client's time limit, however often it tries. What the server receives within that
    /// limit depends on the machine, so a case with this trouble passes only by what the client shows.
    Silence,
    /// The body of the response is not JSON.
    Unreadable,
    /// The response ends too early.
    Cut,
    /// The response is a success without content.
    Empty,
    Late,
}

/// All of them, nothing first.
const TROUBLES: [Trouble; 20] = [
    Trouble::Nothing,
    Trouble::Status(401),
    Trouble::Status(403),
    Trouble::Status(429),
    Trouble::Status(500),
    Trouble::Status(503),
    Trouble::DroppedConnection,
    Trouble::Late,
    Trouble::Status(400),
    Trouble::Status(404),
    Trouble::Status(409),
    Trouble::Status(422),
    Trouble::Status(502),
    Trouble::Status(504),
    Trouble::Status(410),
    Trouble::Unreadable,
    Trouble::Cut,
    Trouble::ResetConnection,
    Trouble::RefusedConnection,
    Trouble::Silence,
];

/// Why a case with a silent server says nothing.
pub(super) const SILENT: &str = "the server is silent, and what it receives in time depends on the machine";

/// All that can go wrong with a request of this client, nothing first.
pub(super) fn all_troubles(trial: &ClientTrial<'_>) -> Vec<Trouble> {
    // Without a time limit the runner would have to wait as long as the client does.
    let limited = trial.can(Capability::TimeLimits);
    TROUBLES.into_iter().filter(|trouble| limited || *trouble != Trouble::Silence).collect()
}

/// How often something goes wrong at most: more often than anybody should try.
pub(super) const LASTING: u32 = 16;

/// Any of them, and how often it happens. Nothing goes wrong in half of the cases, and for a while in few: those who
/// wait before they try again take their time.
pub(super) fn troubles(trial: &ClientTrial<'_>) -> impl Strategy<Value = (Trouble, u32)> + use<> {
    let some = (select(all_troubles(trial)[1..].to_vec()), select(vec![1, 1, 1, LASTING]));
    Union::new_weighted(vec![(1, Just((Trouble::Nothing, 1)).boxed()), (1, some.boxed())])
}

impl Trouble {
    fn fault(self) -> Option<Fault> {
        Some(match self {
            Self::Nothing | Self::RefusedConnection => return None,
            Self::Status(status) => Setback::Status(status).fault(),
            Self::DroppedConnection => Setback::DroppedConnection.fault(),
            Self::ResetConnection => Fault::ResetConnection,
            Self::Silence => Fault::Delay(SILENCE),
            Self::Unreadable => Fault::InvalidJson,
            Self::Cut => Fault::CutBody,
            Self::Empty => success(204, "application/json", String::new()),
            Self::Late => Fault::Delay(Duration::from_millis(20)),
        })
    }
}

/// Has a request sent that goes wrong so, so many times.
pub(super) fn send_into(
    talk: &mut Conversation<'_, '_>,
    case: &Case,
    trouble: Trouble,
    times: u32,
) -> Result<Seen, Stop> {
    talk.admit(case)?;
    meet(talk, case.site, case.path_prefix(), (trouble, times), |talk| talk.call(case))
}

/// Does something while requests to paths of a site that begin like this go wrong so, so many times.
fn meet<T>(
    talk: &mut Conversation<'_, '_>,
    site: Site,
    path: &str,
    (trouble, times): (Trouble, u32),
    act: impl FnOnce(&mut Conversation<'_, '_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let times = match trouble {
        Trouble::RefusedConnection => return talk.without_server(site, act),
        Trouble::Silence => {
            talk.limit_time();
            times.max(LASTING)
        }
        _ => times,
    };
    talk.with_faults(site, path, repeat_n(trouble.fault(), times as usize).flatten(), act)
}

/// Has a request sent whose response is a redirect of this status to another site.
pub(super) fn send_into_redirect(
    talk: &mut Conversation<'_, '_>,
    case: &Case,
    status: u16,
    site: Site,
) -> Result<Seen, Stop> {
    talk.admit(case)?;
    let path = case.operation.path.replace(['{', '}'], "");
    // Pleo's hosts have different names. Some clients tell hosts apart by their names only, which is enough there.
    let mut url = talk.servers().url(site);
    if site == Site::Untrusted {
        url = url.replace("127.0.0.1", "localhost");
    }
    let location = format!("{url}{path}");
    talk.call_into(case, [Fault::Redirect(status, location)])
}

/// How a token endpoint fails to issue tokens.
#[derive(Debug, Clone, Copy)]
pub(super) enum TokenTrouble {
    /// A redirect with this status to the token endpoint of the other environment, or to an untrusted site.
    Redirect(u16, bool),
    /// It fails in this way, more often than anybody should try.
    Lasting(Trouble),
    /// It succeeds, as often, without tokens.
    Tokenless,
    /// It succeeds, as often, with tokens in a body that is not JSON.
    Garbled,
    /// It succeeds, as often, with a refresh token alone.
    Partial,
}

/// The tokens in a response that is of no use.
pub(super) const GARBLED: [(&str, &str); 2] =
    [("access_token", "FAKE-GARBLED-ACCESS-3yT8kQ2wZ"), ("refresh_token", "FAKE-GARBLED-REFRESH-9mV4xB7nD")];

/// A response with this body.
pub(super) fn success(status: u16, media_type: &str, body: String) -> Fault {
    Fault::Response { status, media_type: media_type.to_owned(), body }
}

/// What may bring tokens and codes to another server; half of the cases have nothing.
pub(super) fn diversions(trial: &ClientTrial<'_>) -> impl Strategy<Value = Option<TokenTrouble>> + use<> {
    let redirects = (select(vec![302, 307, 308]), any::<bool>());
    let redirects = redirects.prop_map(|(status, trusted)| TokenTrouble::Redirect(status, trusted));
    let mut lasting =
        vec![Trouble::RefusedConnection, Trouble::DroppedConnection, Trouble::Status(503), Trouble::Silence];
    lasting.retain(|trouble| all_troubles(trial).contains(trouble));
    let lasting = select(lasting).prop_map(TokenTrouble::Lasting);
    prop::option::of(Union::new_weighted(vec![(2, redirects.boxed()), (1, lasting.boxed())]))
}

/// Does something while an environment's token endpoint fails in this way.
pub(super) fn meet_at_token_endpoint<T>(
    talk: &mut Conversation<'_, '_>,
    site: Site,
    trouble: Option<TokenTrouble>,
    act: impl FnOnce(&mut Conversation<'_, '_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    // More than the tries that a client may make.
    const MANY: u32 = 80;
    let body = match trouble {
        None => return act(talk),
        Some(TokenTrouble::Redirect(status, trusted)) => {
            let other = site.other_environment().authorization_server();
            let to = talk.servers().url(if trusted { other } else { Site::Untrusted });
            let redirect = Fault::Redirect(status, to + TOKEN_ENDPOINT);
            return talk.with_faults(site, TOKEN_ENDPOINT, [redirect], act);
        }
        Some(TokenTrouble::Tokenless) => "{}".to_owned(),
        Some(TokenTrouble::Garbled) => {
            let tokens = GARBLED.map(|(name, token)| format!("\"{name}\":\"{token}\","));
            format!("{{{}", tokens.concat())
        }
        Some(TokenTrouble::Partial) => {
            let [_, (name, token)] = GARBLED;
            format!(r#"{{"{name}":"{token}","token_type":"bearer","expires_in":3600}}"#)
        }
        Some(TokenTrouble::Lasting(trouble)) => {
            return meet(talk, site.authorization_server(), TOKEN_ENDPOINT, (trouble, MANY), act);
        }
    };
    let useless = success(200, "application/json", body);
    talk.with_faults(site, TOKEN_ENDPOINT, repeat_n(useless, MANY as usize), act)
}

/// Has the client set up with another base URL than that of the credential's environment.
pub(super) fn send_astray(talk: &mut Conversation<'_, '_>, case: &Case, site: Site) -> Result<Seen, Stop> {
    let base_url = talk.servers().url(site);
    send_to(talk, case, base_url)
}

/// Has the client set up with this base URL.
pub(super) fn send_to(talk: &mut Conversation<'_, '_>, case: &Case, base_url: String) -> Result<Seen, Stop> {
    talk.admit(case)?;
    let send = Send { base_url, ..case.send(talk.servers()) };
    talk.dare(case, send)
}
