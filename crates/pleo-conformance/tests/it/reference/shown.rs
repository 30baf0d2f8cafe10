//! What the client writes about a call, and what a flaw gives away there.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pleo_conformance::protocol::{Action, Answer, App, Call};

use super::{
    Deviation, Done, Flaw, Variation, company, oauth, request,
    spelling::{almost, bytes, escapes, half, hex, last_four, masked, wrapped},
    token, wire,
};

/// The secrets that a client learns during a call.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) app: Option<App>,
    pub(super) verifier: Option<String>,
    /// The key or token of the call before, if it was another one.
    pub(super) old_secret: Option<String>,
    /// Access and refresh token that came for a code.
    pub(super) granted: Option<(String, String)>,
    /// Access and refresh token that a renewal brought.
    pub(super) renewed: Option<(String, String)>,
}

/// A call, and what came of it.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) deviation: Deviation,
    pub(super) call: &'a Call,
    pub(super) done: &'a Done,
    pub(super) learned: &'a Learned,
}

impl Told<'_> {
    /// What the client writes, by place.
    pub(super) fn shown(self) -> BTreeMap<String, String> {
        let (what, who) = match &self.call.action {
            Action::Send(send) => (send.operation.id.as_str(), format!("{:?}", send.credential.kind)),
            Action::Authorize(_) => ("authorize", "App".to_owned()),
            Action::Finish(_) => ("finish", "App".to_owned()),
        };
        let error = self.error();
        let mut shown = BTreeMap::from([("debug", format!("Client {{ credential: {who}, .. }}"))]);
        shown.insert("log", format!("{what}: {}", error.as_deref().unwrap_or("done")));
        let failure = error.clone();
        if let Some(error) = error {
            shown.insert("error", error);
        }
        if let Some((place, text)) = self.leak(failure.as_deref())
            && let Some(written) = shown.get_mut(place)
        {
            written.push_str(&format!(" ({text})"));
        }
        if let Some(remark) = self.remark() {
            for text in shown.values_mut() {
                text.push_str(&format!(" ({remark})"));
            }
        }
        shown.into_iter().map(|(place, text)| (place.to_owned(), text)).collect()
    }

    /// The reason of a refusal as the client gives it.
    pub(super) fn reason(self, reason: &str) -> String {
        let redirect = match &self.call.action {
            Action::Finish(finish) => Some(finish.redirect.as_str()),
            _ => None,
        };
        let told = match self.deviation.flaw {
            Some(Flaw::SecretInRefusal) => self.secret(),
            Some(Flaw::ColonKeyInRefusal) if reason == request::COLON => self.secret(),
            Some(Flaw::ControlKeyInRefusal) if reason == request::CONTROL_CHARACTER => self.secret(),
            Some(Flaw::KeyBeyondAsciiInRefusal) if reason == request::BEYOND_ASCII => self.secret(),
            Some(Flaw::SecretInRefusalOfPath) if reason == request::PATH => self.secret(),
            Some(Flaw::LegacyTokenInRefusal) if reason == request::LEGACY => self.secret(),
            Some(Flaw::SecretInRefusalOfScope) if reason == request::SCOPE => self.secret(),
            Some(Flaw::SecretInRefusalOfCompany) if reason == company::OTHER_COMPANY => self.secret(),
            Some(Flaw::SecretInRefusalOfEnvironment) if reason == request::ENVIRONMENT => self.secret(),
            Some(Flaw::RedirectInRefusal) => redirect,
            Some(Flaw::RedirectInRefusalOfError) if reason == oauth::NOT_GRANTED => redirect,
            Some(Flaw::RefreshTokenInRefusalOfEnd) if reason == token::ENDED => match &self.call.action {
                Action::Send(send) => {
                    send.credential.tokens.as_ref().map(|tokens| tokens.refresh_token.as_str())
                }
                Action::Authorize(_) | Action::Finish(_) => None,
            },
            _ => None,
        };
        told.map_or_else(|| reason.to_owned(), |told| format!("{reason}: {told}"))
    }

    /// The API key or access token that a call brings.
    fn secret(&self) -> Option<&str> {
        match &self.call.action {
            Action::Send(send) => send.credential.secret.as_deref(),
            Action::Authorize(_) | Action::Finish(_) => None,
        }
    }

    /// What went wrong.
    fn error(&self) -> Option<String> {
        match self.done {
            Ok(result) => result.answers.iter().find_map(|answer| match answer {
                Answer::Status(status @ 400..) => Some(format!("the service answered {status}")),
                Answer::Status(_) => None,
                Answer::Failure(reason) => Some(reason.clone()),
            }),
            Err(reason) => Some(reason.clone()),
        }
    }

    fn was_answered_by(&self, is_meant: impl Fn(u16) -> bool) -> bool {
        let answers = self.done.as_ref().map_or([].as_slice(), |result| &result.answers);
        answers.iter().any(|answer| matches!(answer, Answer::Status(status) if is_meant(*status)))
    }

    /// What a flaw gives away, and where.
    fn leak(&self, error: Option<&str>) -> Option<(&'static str, String)> {
        self.leak_of_secret(error).or_else(|| match &self.call.action {
            Action::Send(_) => self.leak_of_tokens(error),
            Action::Authorize(_) => self.leak_of_authorisation(),
            Action::Finish(finish) => match self.deviation.flaw? {
                Flaw::CodeInLogOf503 if error.is_some_and(|error| error.contains("503")) => {
                    Some(("log", oauth::given(&finish.redirect, "code").join(" ")))
                }
                Flaw::CodeInLogOf502 if error.is_some_and(|error| error.contains("502")) => {
                    Some(("log", oauth::given(&finish.redirect, "code").join(" ")))
                }
                Flaw::CodeInLog => Some(("log", oauth::given(&finish.redirect, "code").join(" "))),
                Flaw::VerifierInDebug => Some(("debug", self.learned.verifier.clone()?)),
                Flaw::GrantedTokensInLog => {
                    let (access, refresh) = self.learned.granted.clone()?;
                    Some(("log", format!("{access} {refresh}")))
                }
                Flaw::CodeInErrorOfTimeOut if error.is_some_and(wire::is_time_out) => {
                    Some(("error", oauth::given(&finish.redirect, "code").join(" ")))
                }
                Flaw::VerifierInLogOfRefusedConnection if error.is_some_and(wire::is_refused) => {
                    Some(("log", self.learned.verifier.clone()?))
                }
                _ => self.leak_of_authorisation(),
            },
        })
    }

    /// What is given away of an API key or access token.
    fn leak_of_secret(&self, error: Option<&str>) -> Option<(&'static str, String)> {
        let secret = self.secret()?;
        let went_out = self.done.is_ok();
        let is = |sort: fn(&str) -> bool| error.is_some_and(sort);
        let (place, text) = match self.deviation.flaw? {
            Flaw::SecretInDebug => ("debug", secret.to_owned()),
            Flaw::SecretEscapedInDebug => ("debug", escapes(secret)),
            Flaw::SecretBytesInDebug => ("debug", bytes(secret)),
            Flaw::SecretInError if went_out => ("error", secret.to_owned()),
            Flaw::SecretLowerCaseInError if went_out => ("error", secret.to_lowercase()),
            Flaw::SecretHalfInError if went_out => ("error", half(secret)),
            Flaw::SecretInErrorOf429 if self.was_answered_by(|status| status == 429) => {
                ("error", secret.to_owned())
            }
            Flaw::SecretInErrorOf422 if self.was_answered_by(|status| status == 422) => {
                ("error", secret.to_owned())
            }
            Flaw::SecretInErrorOf504 if self.was_answered_by(|status| status == 504) => {
                ("error", secret.to_owned())
            }
            Flaw::SecretInLogOf410 if self.was_answered_by(|status| status == 410) => {
                ("log", secret.to_owned())
            }
            Flaw::SecretInLogOf204 if self.was_answered_by(|status| status == 204) => {
                ("log", secret.to_owned())
            }
            Flaw::SecretInLogOf404 if self.was_answered_by(|status| status == 404) => {
                ("log", secret.to_owned())
            }
            Flaw::SecretInErrorOf403 if self.was_answered_by(|status| status == 403) => {
                ("error", secret.to_owned())
            }
            Flaw::SecretInDebugOfReset if is(wire::is_reset) => ("debug", secret.to_owned()),
            Flaw::SecretInDebugOfTimeOut if is(wire::is_time_out) => ("debug", secret.to_owned()),
            Flaw::SecretInErrorOfRefusedConnection if is(wire::is_refused) => ("error", secret.to_owned()),
            Flaw::SecretInErrorOfTimeOut if is(wire::is_time_out) => ("error", secret.to_owned()),
            Flaw::SecretInLogOfRefusedConnection if is(wire::is_refused) => ("log", secret.to_owned()),
            Flaw::SecretInLogOfTimeOut if is(wire::is_time_out) => ("log", secret.to_owned()),
            Flaw::OldKeyInLogOfNew => ("log", self.learned.old_secret.clone()?),
            Flaw::SecretInLog => ("log", secret.to_owned()),
            Flaw::EncodedSecretInLog => ("log", STANDARD.encode(format!("{secret}:"))),
            Flaw::SecretHexInLog => ("log", hex(secret)),
            Flaw::SecretWrappedInLog => ("log", wrapped(secret)),
            Flaw::SecretAlmostInLog => ("log", almost(secret)),
            Flaw::SecretInLogOfRedirect if self.was_answered_by(|status| status / 100 == 3) => {
                ("log", secret.to_owned())
            }
            Flaw::SecretInLogOf429 if self.was_answered_by(|status| status == 429) => {
                ("log", secret.to_owned())
            }
            Flaw::SecretInLogOf403 if self.was_answered_by(|status| status == 403) => {
                ("log", secret.to_owned())
            }
            _ => return None,
        };
        Some((place, text))
    }

    /// What is given away of tokens that are kept.
    fn leak_of_tokens(&self, error: Option<&str>) -> Option<(&'static str, String)> {
        let Action::Send(send) = &self.call.action else { return None };
        let unavailable = error.is_some_and(|error| error.contains("is not available"));
        let given = send.credential.tokens.as_ref();
        let renewed = self.learned.renewed.clone();
        match self.deviation.flaw? {
            Flaw::RefreshTokenInLog => Some(("log", given?.refresh_token.clone())),
            Flaw::RefreshTokenInLogOfSuccess if error.is_none() => {
                Some(("log", given?.refresh_token.clone()))
            }
            Flaw::RefreshTokenInLogOf429 if error.is_some_and(|error| error.contains("429")) => {
                Some(("log", given?.refresh_token.clone()))
            }
            Flaw::RefreshTokenInLogOf504 if error.is_some_and(|error| error.contains("504")) => {
                Some(("log", given?.refresh_token.clone()))
            }
            Flaw::RefreshTokenInLogOfDrop
                if error.is_some_and(|error| error.contains("no usable answer")) =>
            {
                Some(("log", given?.refresh_token.clone()))
            }
            Flaw::RefreshTokenInLogOfRefusedConnection if error.is_some_and(wire::is_refused) => {
                Some(("log", given?.refresh_token.clone()))
            }
            Flaw::ClientSecretInErrorOfTimeOut if error.is_some_and(wire::is_time_out) => {
                Some(("error", given?.app.client_secret.clone()))
            }
            Flaw::RefreshTokenInLogOfTrouble if unavailable => Some(("log", given?.refresh_token.clone())),
            Flaw::ClientSecretInDebug => Some(("debug", given?.app.client_secret.clone())),
            // What is renewed and refused all the same could not be renewed once more.
            Flaw::RefreshTokenInErrorOfSecondRenewal if error.is_some_and(|error| error.contains("401")) => {
                renewed.map(|(_, refresh)| ("error", refresh))
            }
            Flaw::NewAccessTokenInLog => renewed.map(|(access, _)| ("log", access)),
            Flaw::NewRefreshTokenInLog => renewed.map(|(_, refresh)| ("log", refresh)),
            Flaw::NewRefreshTokenInDebug => renewed.map(|(_, refresh)| ("debug", refresh)),
            _ => None,
        }
    }

    /// What is given away when the app is authorised.
    fn leak_of_authorisation(&self) -> Option<(&'static str, String)> {
        match (self.deviation.flaw?, &self.call.action) {
            (Flaw::ClientSecretInDebugOfAuthorisation, _) => {
                Some(("debug", self.learned.app.as_ref()?.client_secret.clone()))
            }
            (Flaw::VerifierInLog, Action::Authorize(_)) => Some(("log", self.learned.verifier.clone()?)),
            _ => None,
        }
    }

    /// What a variation adds to every text, which gives nothing away.
    fn remark(&self) -> Option<String> {
        let credential = match &self.call.action {
            Action::Send(send) => Some(&send.credential),
            _ => None,
        };
        match self.deviation.variation? {
            Variation::LastFourShown => Some(format!("...{}", last_four(self.secret()?)?)),
            Variation::MaskedShown => masked(self.secret()?),
            Variation::NewLastFourShown => {
                let (access, refresh) = self.learned.renewed.as_ref().or(self.learned.granted.as_ref())?;
                Some(format!("...{}, ...{}", last_four(access)?, last_four(refresh)?))
            }
            Variation::LengthShown => Some(format!("{} characters", self.secret()?.len())),
            Variation::StatusesShown => Some(format!("{:?}", self.done.as_ref().ok()?.answers)),
            Variation::AppShown => {
                let tokens = credential.and_then(|credential| credential.tokens.as_ref());
                let app = self.learned.app.as_ref().or_else(|| tokens.map(|tokens| &tokens.app));
                let environment = credential.map_or("", |credential| &credential.environment);
                Some(format!("{environment} {}", app.map_or("", |app| &app.client_id)).trim().to_owned())
            }
            _ => None,
        }
    }
}
