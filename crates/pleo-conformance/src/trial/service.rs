//! Judging a service: a sandbox, or a live one.

use std::{fmt::Debug, time::Instant};

use bytes::Bytes;
use http::{Request, Response};
use pleo_client::Operation;
use pleo_sandbox::OAuthClient;
use proptest::prelude::Strategy;
use serde_json::Value;
use uuid::Uuid;

use super::{
    case::{Cases, cases},
    evidence::Judgement,
    mask::Mask,
    search::{Attempt, Options, Stop, each},
    servers::{ReceivedRequest, Site},
};
use crate::{
    subject::service::{Service, Wanted},
    verdict::Verdict,
};

/// The operation by which live services are judged: it reads, needs no scope, and is about nobody's data.
const LIVE_OPERATION: &str = "introspect_authentication";

/// A service on trial.
pub struct ServiceTrial<'a> {
    service: &'a mut dyn Service,
    options: Options,
    rule: &'static str,
}

impl<'a> ServiceTrial<'a> {
    pub(crate) fn new(service: &'a mut dyn Service, options: Options) -> Self {
        Self { service, options, rule: "" }
    }

    /// The service's name and version.
    pub(crate) fn name_and_version(&self) -> (String, String) {
        self.service.name_and_version()
    }

    /// Whether the service is a live one.
    pub(crate) fn is_live(&self) -> bool {
        self.service.is_live()
    }

    /// Asks a rule, which may or may not be asked of a live service.
    pub(crate) fn judge(
        &mut self,
        rule: &'static str,
        may_be_live: bool,
        check: fn(&mut Self) -> Verdict,
    ) -> Verdict {
        if self.is_live() && !may_be_live {
            return Verdict::Skip { reason: "it is not asked of a live service".to_owned() };
        }
        self.rule = rule;
        check(self)
    }

    /// Cases of the operations that the service may be judged by.
    pub(crate) fn cases(&self) -> Cases {
        let live = self.service.is_live();
        cases().of(|operation: &Operation| !live || operation.id == LIVE_OPERATION)
    }

    /// Judges many cases of a strategy.
    pub(crate) fn each<S: Strategy>(
        &mut self,
        strategy: S,
        judge: impl Fn(&mut Inquiry<'_, 'a>, &S::Value) -> Result<Judgement, Stop>,
    ) -> Verdict
    where
        S::Value: Clone + Debug,
    {
        let rule = self.rule;
        // What has failed once with a live service has failed; a smaller case is not worth its requests.
        let shrinks = if self.is_live() { 0 } else { self.options.shrinks };
        each(rule, Options { shrinks, ..self.options }, strategy, |case| {
            let mut inquiry = Inquiry { trial: self, mask: Mask::default() };
            let judged = judge(&mut inquiry, case);
            Attempt { called: Value::Null, mask: inquiry.mask, judged }
        })
    }
}

fn lacking(what: &str) -> Stop {
    Stop::Skip(format!("the run has no {what}"))
}

/// One case: requests and their responses.
pub(crate) struct Inquiry<'t, 'a> {
    trial: &'t mut ServiceTrial<'a>,
    mask: Mask,
}

impl Inquiry<'_, '_> {
    /// A credential of this sort.
    pub(crate) fn credential(&mut self, wanted: &Wanted, what: &'static str) -> Result<String, Stop> {
        let secret = self.trial.service.credential(wanted).ok_or_else(|| lacking(what))?;
        self.mask.secret(&secret, "secret");
        Ok(secret)
    }

    /// Registers an app.
    pub(crate) fn register(&mut self, client: OAuthClient) -> Result<(), Stop> {
        match self.trial.service.register(client) {
            true => Ok(()),
            false => Err(lacking("app that it could register")),
        }
    }

    /// A company, and all others.
    pub(crate) fn companies(&self) -> Result<(Uuid, Vec<Uuid>), Stop> {
        match self.trial.service.companies().as_slice() {
            [own, others @ ..] if !others.is_empty() => Ok((*own, others.to_vec())),
            _ => Err(lacking("two companies that it may ask about")),
        }
    }

    /// The response to a request, with the request as evidence shows it.
    pub(crate) fn ask(&mut self, request: Request<Bytes>) -> Result<Asked, Stop> {
        let received_at = Instant::now();
        let response = self.trial.service.answer(request.clone()).map_err(Stop::Error)?;
        let exchange = pleo_sandbox::Exchange { request, reply: response.into(), received_at };
        Ok(Asked { received: ReceivedRequest { site: Site::Service, exchange } })
    }
}

/// A request and its response.
pub(crate) struct Asked {
    pub(crate) received: ReceivedRequest,
}

impl Asked {
    /// The response.
    pub(crate) fn response(&self) -> &Response<Bytes> {
        &self.received.exchange.reply.response
    }

    /// The response's status.
    pub(crate) fn status(&self) -> u16 {
        self.response().status().as_u16()
    }

    /// Whether the response is a success.
    pub(crate) fn succeeded(&self) -> bool {
        self.response().status().is_success()
    }
}
