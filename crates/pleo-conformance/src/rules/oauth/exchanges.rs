//! Exchanges of a code, and how each of them is judged.

use pleo_sandbox::Fault;
use proptest::prelude::*;

use crate::trial::{
    authorisation::{Flow, finish, flows, token_requests},
    client::{ClientTrial, Conversation},
    evidence::Judgement,
    search::Stop,
    servers::ReceivedRequest,
    tokens::{Form, TOKEN_ENDPOINT},
};

/// Authorisations whose token endpoint may fail at the first request, so that the client may try again.
pub(super) fn exchanges(trial: &ClientTrial<'_>) -> impl Strategy<Value = (Flow, bool)> + use<> {
    (flows(trial), prop::bool::weighted(0.25))
}

/// Has the client take a redirect, and judges every exchange that was received.
pub(super) fn judge_exchanges(
    talk: &mut Conversation<'_, '_>,
    redirect: String,
    (flow, fails_first): &(Flow, bool),
    judge: impl Fn(&ReceivedRequest, &Form) -> Judgement,
) -> Result<Judgement, Stop> {
    let fault = fails_first.then_some(Fault::Status(503));
    let seen = talk.with_faults(flow.site, TOKEN_ENDPOINT, fault, |talk| finish(talk, redirect))?;
    let requests = token_requests(&seen);
    if requests.is_empty() {
        return Err(Stop::Inconclusive(format!("no code is exchanged: {}", seen.told())));
    }
    Ok(Judgement::all(requests.iter().map(|(received, form)| judge(received, form))))
}
