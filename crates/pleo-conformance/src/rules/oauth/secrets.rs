//! Where tokens and client secrets may not turn up.

use http::header;

use super::{
    register,
    renewal::{Keeping, keeping, not_renewed},
    token_requests,
};
use crate::{
    trial::{
        client::ClientTrial,
        evidence::{Judgement, target},
        mask,
    },
    verdict::Verdict,
};

impl Keeping {
    /// What may not turn up, by name.
    fn secrets(&self) -> [(&'static str, &str); 3] {
        [
            ("access token", &self.case.secret),
            ("refresh token", &self.refresh_token),
            ("client secret", &self.app.client_secret),
        ]
    }

    /// The first of the secrets that stands in a text.
    fn found_in(&self, text: &str) -> Option<&'static str> {
        self.secrets()
            .into_iter()
            .find(|(_, secret)| mask::found(secret, text).is_some())
            .map(|(name, _)| name)
    }
}

pub(super) fn oauth_secrets_stay(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each(keeping(), |talk, keeping| {
        keeping.admit(talk);
        let seen = keeping.send(talk, 1)?;
        if seen.arrivals.is_empty() {
            return Err(not_renewed(&seen));
        }
        for arrival in &seen.arrivals {
            let request = &arrival.exchange.request;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut parts = vec![("the URL".to_owned(), target(request))];
            for (name, value) in request.headers().iter().filter(|(name, _)| **name != header::AUTHORIZATION)
            {
                parts.push((format!("the header {name}"), text(value.as_bytes())));
            }
            // The token endpoint takes the refresh token, and by Pleo's pages also the client secret, in the body.
            if !request.uri().path().starts_with("/oauth/") {
                parts.push(("the body".to_owned(), text(request.body())));
            }
            let leak = parts.iter().find_map(|(part, text)| Some((part, keeping.found_in(text)?)));
            if let Some((part, name)) = leak {
                let message = "a token or the client secret is where it does not belong";
                return Ok(Judgement::broken_by(arrival, message, format!("no {name} there"), part.clone()));
            }
        }
        Ok(Judgement::Kept)
    })
}

pub(super) fn oauth_secrets_are_not_shown(trial: &mut ClientTrial<'_>) -> Verdict {
    trial.each((keeping(), 0..3_u8), |talk, (keeping, trouble)| {
        match trouble {
            0 => keeping.admit(talk),
            1 => {
                keeping.admit(talk);
                keeping.stop_renewals(talk);
            }
            // The app is known and its tokens are not.
            _ => {
                keeping.keep_secrets(talk);
                register(talk, &keeping.app);
            }
        }
        let seen = keeping.send(talk, 1);
        talk.lab().sandbox(keeping.case.site).clear_faults();
        let seen = seen?;
        if token_requests(&seen).is_empty() {
            return Err(not_renewed(&seen));
        }
        let texts = seen.texts();
        if texts.is_empty() {
            return Ok(Judgement::unclear("the client shows nothing"));
        }
        let leak = texts.iter().find_map(|(place, text)| Some((place, keeping.found_in(text)?)));
        Ok(match leak {
            None => Judgement::Kept,
            Some((place, name)) => {
                let message = "a token or the client secret is shown";
                Judgement::broken(
                    message,
                    format!("texts without the {name}"),
                    format!("the {name}, in {place}"),
                )
            }
        })
    })
}
