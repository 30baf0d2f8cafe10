//! One authorisation for two redirects.

use pleo_auth::{Staging, oauth::PendingAuthorization};

fn twice(pending: PendingAuthorization<Staging>) {
    let _ = pending.finish("?code=FAKE&state=FAKE");
    let _ = pending.finish("?code=FAKE&state=FAKE");
}

fn cloned(pending: &PendingAuthorization<Staging>) -> PendingAuthorization<Staging> {
    PendingAuthorization::clone(pending)
}

fn main() {}
