//! Clients that can do a part of what there is are judged by that part, and end with exit code 0.

use std::collections::BTreeSet;

use pleo_conformance::{
    cli::exit::Exit,
    protocol::{Action, Call, Capability, CredentialKind, Hello, Introduction, Refusal},
    report::Standing,
    subject::{Outcome, Subject, SubjectError},
};

use super::{
    faulty::{client_rules, report},
    reference::{Flaw, Reference},
};

/// The reference client, as it would be if it could do no more than this.
struct Partial {
    client: Reference,
    can: BTreeSet<Capability>,
    /// The operations that it supports, if not all.
    operations: Option<BTreeSet<String>>,
}

impl Partial {
    fn can(&self, action: &Action) -> bool {
        let needs = match action {
            Action::Authorize(_) | Action::Finish(_) => Capability::Oauth,
            Action::Send(send) if send.times > 1 => Capability::Parallel,
            Action::Send(send) => match send.credential.kind {
                CredentialKind::StandaloneApiKey | CredentialKind::IntegratedApiKey => Capability::ApiKeys,
                CredentialKind::AccessToken => Capability::AccessTokens,
                CredentialKind::LegacyToken => Capability::Environments,
                CredentialKind::OauthTokens => Capability::Refresh,
                CredentialKind::OauthSession => Capability::Oauth,
            },
        };
        let is_supported = |operations: &BTreeSet<String>| match action {
            Action::Send(send) => {
                [&send.operation.id, &send.operation.pleo_id].iter().any(|id| operations.contains(*id))
            }
            _ => true,
        };
        self.can.contains(&needs) && self.operations.as_ref().is_none_or(is_supported)
    }
}

impl Subject for Partial {
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
        let (capabilities, operations) = (self.can.clone(), self.operations.clone());
        Ok(Introduction { capabilities, operations, ..self.client.hello(hello)? })
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
        if !self.can(&call.action) {
            let reason = "there is no such thing".to_owned();
            let refusal = Refusal { id: call.id, reason, unsupported: true, shown: Default::default() };
            return Ok(Outcome::Refuse(refusal));
        }
        let mut call = call.clone();
        if let Action::Send(send) = &mut call.action {
            if !self.can.contains(&Capability::Companies) {
                (send.company, send.operation.company) = (None, None);
            }
            if !self.can.contains(&Capability::Scopes) {
                send.credential.scopes = None;
            }
        }
        let mut outcome = self.client.call(&call)?;
        if let (false, Outcome::Result(result)) = (self.can.contains(&Capability::Shown), &mut outcome) {
            result.shown.clear();
        }
        Ok(outcome)
    }
}

/// A client that can do this passes, and is asked nothing else. Of some rules it shows nothing.
fn passes(can: &[Capability], inconclusive: &[&str]) {
    let can = can.iter().copied().collect();
    judged_as_passed(Partial { client: Reference::default(), can, operations: None }, inconclusive);
}

fn judged_as_passed(mut client: Partial, inconclusive: &[&str]) {
    let report = report(&mut client, &client_rules(""), 24);
    let can = &client.can;
    let ids = |standing: Standing| -> Vec<&str> {
        let of = report.results.iter().filter(|result| result.standing() == standing);
        of.map(|result| result.id.as_str()).collect()
    };
    for standing in [Standing::FailedMust, Standing::FailedShould, Standing::Error] {
        assert_eq!(ids(standing), [""; 0], "{can:?}");
    }
    assert_eq!(ids(Standing::Inconclusive), inconclusive, "{can:?}");
    assert!(!ids(Standing::Passed).is_empty() && !ids(Standing::Skipped).is_empty(), "{can:?}");
    assert_eq!(Exit::of(&report, false), Exit::Passed, "{can:?}");
}

#[test]
fn a_client_with_keys_alone_passes() {
    passes(&[Capability::ApiKeys], &[]);
}

#[test]
fn a_client_with_tokens_alone_passes() {
    passes(&[Capability::AccessTokens], &[]);
}

#[test]
fn a_client_with_keys_and_authorisations_passes() {
    passes(&[Capability::ApiKeys, Capability::Oauth], &[]);
}

#[test]
fn a_client_with_tokens_that_it_renews_passes() {
    passes(&[Capability::AccessTokens, Capability::Refresh], &[]);
}

/// The reference client with three of the operations, by our names and by Pleo's.
fn with_three_operations(client: Reference) -> Partial {
    let operations = ["search_vendors", "updateVendor", "get_employee"];
    let can = Capability::ALL.into();
    Partial { client, can, operations: Some(operations.into_iter().map(str::to_owned).collect()) }
}

#[test]
fn a_client_with_three_operations_passes() {
    judged_as_passed(with_three_operations(Reference::default()), &[]);
}

#[test]
fn a_flaw_of_a_client_with_three_operations_is_caught() {
    let mut client = with_three_operations(Reference::with_flaw(Flaw::KeyAsBearer));
    let report = report(&mut client, &client_rules("AUTH-001"), 24);
    assert_eq!(report.results[0].standing(), Standing::FailedMust);
}
