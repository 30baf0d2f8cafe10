//! What can go wrong with a request that is lawful.

use std::time::Duration;

use pleo_sandbox::Fault;
use proptest::{prelude::*, sample::select, strategy::Union};

use crate::{
    protocol::Send,
    trial::{
        authorisation::TOKEN_ENDPOINT,
        case::{Case, Setback},
        client::{Conversation, Seen},
        search::Stop,
        servers::Site,
    },
};

/// What goes wrong with the first request of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Nothing,
    Status(u16),
    DroppedConnection,
    /// The body of the response is not JSON.
    Unreadable,
    /// The response ends too early.
    Cut,
    Late,
}

/// All of them, nothing first.
pub(super) const TROUBLES: [Trouble; 17] = [
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
];

/// How often something goes wrong at most: more often than anybody should try.
pub(super) const LASTING: u32 = 16;

/// Any of them, and how often it happens. Nothing goes wrong in half of the cases, and for a while in few: those who
/// wait before they try again take their time.
pub(super) fn troubles() -> impl Strategy<Value = (Trouble, u32)> {
    let some = (select(TROUBLES[1..].to_vec()), select(vec![1, 1, 1, LASTING]));
    Union::new_weighted(vec![(1, Just((Trouble::Nothing, 1)).boxed()), (1, some.boxed())])
}

impl Trouble {
    fn fault(self) -> Option<Fault> {
        Some(match self {
            Self::Nothing => return None,
            Self::Status(status) => Setback::Status(status).fault(),
            Self::DroppedConnection => Setback::DroppedConnection.fault(),
            Self::Unreadable => Fault::InvalidJson,
            Self::Cut => Fault::CutBody,
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
    talk.call_into(case, (0..times).filter_map(|_| trouble.fault()))
}

/// Has a request sent that is answered with a redirect of this status to another site.
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

/// Where a token endpoint may redirect to, and with which status; half of the cases have none.
pub(super) fn redirects() -> impl Strategy<Value = Option<(u16, bool)>> {
    prop::option::of((select(vec![302, 307, 308]), any::<bool>()))
}

/// The redirect of an environment's token endpoint: to that of the other environment, or to an untrusted site.
pub(super) fn token_redirect(
    talk: &Conversation<'_, '_>,
    site: Site,
    redirect: Option<(u16, bool)>,
) -> Option<Fault> {
    let (status, trusted) = redirect?;
    let other = site.other_environment().authorization_server();
    let to = talk.servers().url(if trusted { other } else { Site::Untrusted });
    Some(Fault::Redirect(status, to + TOKEN_ENDPOINT))
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
    talk.send_call(send)
}
