//! `/v1/introspect` and `/v1/installations/me`: what a credential is, and its installation.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    CredentialKind, Grant, Subject,
    answer::{self, Refusal},
    scope,
};

/// Who makes a request: an app, or the holder of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// The id of the app, or one made of the key.
    pub(crate) client_id: &'a str,
    pub(crate) grant: &'a Grant,
}

/// An id that is always the same for the same texts. A key cannot be told from it.
pub(crate) fn stable_id(texts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Tells a credential what it is (A62, A63).
pub(crate) fn introspect(caller: Caller<'_>) -> Response<Bytes> {
    let Caller { client_id, grant } = caller;
    let token = grant.kind == CredentialKind::AccessToken;
    let mut data = json!({
        "authMethod": if token { "OAUTH2" } else { "API_KEY" },
        "clientId": client_id,
        "scope": scope::text(grant.scopes.as_ref()),
        "subjectURN": grant.subject.to_string(),
    });
    if grant.kind != CredentialKind::StandaloneKey {
        data["applicationName"] = "Fake integration".into();
    }
    answer::json(StatusCode::OK, &json!({ "data": data }))
}

/// The installations of all callers; `None` where one was deleted.
#[derive(Debug, Default)]
pub(crate) struct Installations(HashMap<(String, Subject), Option<Installation>>);

#[derive(Debug, Clone)]
struct Installation {
    id: Uuid,
    status: Value,
    metadata: Value,
    error_code: Option<Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Installation {
    fn new(caller: Caller<'_>, status: &str, now: DateTime<Utc>) -> Self {
        let subject = caller.grant.subject.to_string();
        Self {
            id: stable_id(&["installation", caller.client_id, &subject, &now.to_rfc3339()]),
            status: status.into(),
            metadata: json!({}),
            error_code: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Takes what a body says.
    fn update(&mut self, body: &Value, now: DateTime<Utc>) {
        for (name, place) in [("status", &mut self.status), ("metadata", &mut self.metadata)] {
            if let Some(value) = body.get(name) {
                place.clone_from(value);
            }
        }
        self.error_code = body.get("errorCode").cloned();
        self.updated_at = now;
    }
}

impl Installations {
    /// Answers `get_installation`.
    pub(crate) fn get(&mut self, caller: Caller<'_>, now: DateTime<Utc>) -> Result<Response<Bytes>, Refusal> {
        Ok(shown(caller, self.of(caller, now)?))
    }

    /// Answers `create_installation`.
    pub(crate) fn create(
        &mut self,
        caller: Caller<'_>,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Response<Bytes>, Refusal> {
        if self.of(caller, now).is_ok() {
            return Err(Refusal::bad_request("the installation is there already"));
        }
        let mut installation = Installation::new(caller, "PENDING_INTEGRATION", now);
        installation.update(body, now);
        let response = shown(caller, &installation);
        self.0.insert(key(caller), Some(installation));
        Ok(response)
    }

    /// Answers `update_installation`.
    pub(crate) fn update(
        &mut self,
        caller: Caller<'_>,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Response<Bytes>, Refusal> {
        let installation = self.of(caller, now)?;
        installation.update(body, now);
        Ok(shown(caller, installation))
    }

    /// Answers `activate_installation`.
    pub(crate) fn activate(
        &mut self,
        caller: Caller<'_>,
        now: DateTime<Utc>,
    ) -> Result<Response<Bytes>, Refusal> {
        self.update(caller, &json!({ "status": "ACTIVATED" }), now)
    }

    /// Answers `delete_installation`.
    pub(crate) fn delete(
        &mut self,
        caller: Caller<'_>,
        now: DateTime<Utc>,
    ) -> Result<Response<Bytes>, Refusal> {
        self.of(caller, now)?;
        self.0.insert(key(caller), None);
        Ok(answer::empty(StatusCode::NO_CONTENT))
    }

    fn of(&mut self, caller: Caller<'_>, now: DateTime<Utc>) -> Result<&mut Installation, Refusal> {
        let token = caller.grant.kind == CredentialKind::AccessToken;
        // With OAuth, Pleo makes the installation (N41).
        let first = || token.then(|| Installation::new(caller, "AUTHORIZED", now));
        let known = self.0.entry(key(caller)).or_insert_with(first);
        known.as_mut().ok_or_else(|| Refusal::not_found("there is no installation; create it"))
    }
}

fn key(caller: Caller<'_>) -> (String, Subject) {
    (caller.client_id.to_owned(), caller.grant.subject)
}

fn shown(caller: Caller<'_>, installation: &Installation) -> Response<Bytes> {
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut body = json!({
        "id": installation.id,
        "applicationId": stable_id(&["application", caller.client_id]),
        "resource": caller.grant.subject.to_string(),
        "status": installation.status,
        "metadata": installation.metadata,
        "createdAt": time(installation.created_at),
        "updatedAt": time(installation.updated_at),
    });
    if let Some(code) = &installation.error_code {
        body["errorCode"] = code.clone();
    }
    answer::json(StatusCode::OK, &body)
}
