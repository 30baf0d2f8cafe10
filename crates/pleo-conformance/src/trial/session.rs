//! Sessions: how the credential of a case becomes good, and what a session goes through before the call.

use super::{
    authorisation::{Flow, authorise, register},
    case::{Case, Event, Setback},
    client::{Conversation, Seen},
    search::Stop,
};
use crate::protocol::{CredentialKind, Send};

impl Conversation<'_, '_> {
    /// Makes the credential of a case good, and has the client send the request, in the case's circumstances.
    pub(crate) fn send(&mut self, case: &Case) -> Result<Seen, Stop> {
        self.prepare(case)?;
        self.call_into(case, case.circumstances.setback.map(Setback::fault))
    }

    /// Makes the credential of a case good, and has the session go through its past.
    pub(crate) fn prepare(&mut self, case: &Case) -> Result<(), Stop> {
        self.admit(case)?;
        case.circumstances.past.into_iter().flatten().try_for_each(|event| self.undergo(case, event))
    }

    fn undergo(&mut self, case: &Case, event: Event) -> Result<(), Stop> {
        let call = case.as_event();
        let companies = self.servers().sandbox(case.site).companies();
        let another = companies.into_iter().find(|company| Some(*company) != case.company);
        match event {
            Event::Call => self.call(&call),
            Event::OtherArguments => {
                let (path, query, body) = case.other_arguments.clone();
                self.call(&Case { path, query, body, ..call }.of_company(case.company))
            }
            Event::OtherCompany => self.call(&call.of_company(another)),
            Event::NoCompany => self.call(&call.of_company(None)),
            Event::Failure(setback) => self.call_into(&call, [setback.fault()]),
            Event::Renewal => {
                self.revoke_newest(case);
                self.call(&call)
            }
            Event::Astray => {
                let base_url = self.servers().url(case.site.other_environment());
                let send = Send { base_url, ..call.of_company(another).send(self.servers()) };
                self.send_call(send)
            }
            Event::OtherEnvironment => {
                let site = case.site.other_environment();
                let there = Case { site, ..case.of_somebody_else(case.company) };
                self.of_somebody_else(|talk| talk.send(&there))
            }
            Event::OtherSession => {
                let other = case.of_somebody_else(another);
                self.in_other_session(|talk| talk.send(&other))
            }
        }
        .map(drop)
    }

    /// Makes the credential of a case good: a session that needs it is authorised first.
    pub(crate) fn admit(&mut self, case: &Case) -> Result<(), Stop> {
        match case.kind {
            CredentialKind::OauthSession => {
                self.keep_secret(&case.app.client_secret, "client secret");
                if self.issued().is_empty() { authorise(self, &Flow::of(case)) } else { Ok(()) }
            }
            CredentialKind::OauthTokens => {
                self.admit_pair(case);
                Ok(())
            }
            _ => {
                self.keep_secret(&case.secret, "secret");
                let servers = self.servers();
                servers.sandbox(case.site).admit(&case.secret, case.grant(servers));
                Ok(())
            }
        }
    }

    fn admit_pair(&mut self, case: &Case) {
        if self.admitted.insert((case.site, case.secret.clone())) {
            self.admit_app_only(case);
            let sandbox = self.servers().sandbox(case.site);
            sandbox.admit_tokens(&case.app.client_id, &case.secret, &case.refresh_token);
        }
        let sandbox = self.servers().sandbox(case.site);
        if case.circumstances.expired {
            // It has expired for the service as well, so that a client may also find out by a 401 (A50).
            sandbox.revoke(&case.secret);
        }
    }

    /// Makes the app of a case known, and not its pair, which evidence does not show either.
    pub(crate) fn admit_app_only(&mut self, case: &Case) {
        self.admit_nobody(case);
        register(self, &case.app, case.company);
    }

    /// Makes neither the app of a case known nor its pair. Evidence shows none of their secrets all the same.
    pub(crate) fn admit_nobody(&mut self, case: &Case) {
        self.keep_secret(&case.app.client_secret, "client secret");
        self.keep_secret(&case.secret, "access token");
        self.keep_secret(&case.refresh_token, "refresh token");
    }
}
