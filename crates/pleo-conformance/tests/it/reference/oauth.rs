//! The authorisation code flow with PKCE.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use percent_encoding::percent_decode_str;
use pleo_conformance::protocol::{App, Authorize};
use sha2::{Digest as _, Sha256};

use super::{
    Deviation, Flaw, Variation,
    keeper::Keeper,
    spelling::hex,
    token::{Form, TokenError, post},
};

/// Why a redirect with an error is refused.
pub(super) const NOT_GRANTED: &str = "access was not granted";

/// What a URL need not encode besides letters, digits and what Base64 for URLs has.
const MARKS: &str = "-._~";

/// An authorisation that waits for its redirect.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) environment: String,
    pub(super) app: App,
    pub(super) state: String,
    pub(super) verifier: String,
    scopes: Vec<String>,
    /// How many redirects have come for it.
    pub(super) brought: usize,
}

impl Pending {
    /// Begins an authorisation at this server. The text is the URL to send the user to.
    /// `earlier` are the states of the session's earlier authorisations.
    pub(super) fn begin(
        deviation: Deviation,
        server: &str,
        authorize: &Authorize,
        earlier: &[String],
    ) -> (String, Self) {
        let app = &authorize.app;
        let verifier = match deviation.flaw {
            Some(Flaw::SecondVerifierShort) if !earlier.is_empty() => random()[..42].to_owned(),
            _ => verifier(deviation),
        };
        let state = match earlier.first() {
            Some(state) if deviation.flaw(Flaw::StateOfSession) => state.clone(),
            _ => state(deviation, &verifier),
        };
        let verifier = match deviation.flaw {
            Some(Flaw::VerifierFromState) => s256(&state),
            _ => verifier,
        };
        let mut query = Form::new();
        match deviation.flaw {
            Some(Flaw::ResponseTypeMissing) => {}
            Some(Flaw::ResponseTypeToken) => query.push("response_type", "token"),
            Some(Flaw::ResponseTypeTwice) => {
                query.push("response_type", "token");
                query.push("response_type", "code");
            }
            Some(Flaw::ResponseTypeCodeToken) => query.push("response_type", "code token"),
            _ => query.push("response_type", "code"),
        }
        query.push("client_id", &app.client_id);
        if deviation.flaw(Flaw::ClientIdTwice) {
            query.push("client_id", &app.client_id);
        }
        query.push("redirect_uri", redirect_uri(deviation, app));
        if deviation.flaw(Flaw::RedirectUriUnencoded) {
            query.leave("redirect_uri");
        }
        match (deviation.flaw, authorize.scopes.as_slice()) {
            (Some(Flaw::ScopeMissing), _) => {}
            (Some(Flaw::ScopesJoinedByCommas), scopes) => query.push("scope", scopes.join(",")),
            (Some(Flaw::ScopesJoinedByPlus), scopes) => query.push("scope", scopes.join("+")),
            (Some(Flaw::FirstScopeOnly), [first, ..]) => query.push("scope", first),
            (Some(Flaw::ScopeAdded), scopes) => {
                query.push("scope", format!("{} users:write", scopes.join(" ")).trim_start());
            }
            (_, scopes) if deviation.variation(Variation::ScopesReversed) => {
                let reversed: Vec<&str> = scopes.iter().rev().map(String::as_str).collect();
                query.push("scope", reversed.join(" "));
            }
            (_, scopes) => query.push("scope", scopes.join(" ")),
        }
        if deviation.flaw(Flaw::UrlWithBlanks) {
            query.leave("scope");
        }
        query.push("state", &state);
        if deviation.variation(Variation::ResponseModeNamed) {
            query.push("response_mode", "query");
        }
        if deviation.flaw(Flaw::ResponseModeFragment) {
            query.push("response_mode", "fragment");
        }
        if deviation.flaw(Flaw::OtherVerifierInUrl) {
            query.push("code_verifier", random());
        }
        if deviation.flaw(Flaw::PlainPkce) {
            query.push("code_challenge", &verifier);
            query.push("code_challenge_method", "plain");
        } else if !deviation.flaw(Flaw::NoPkce) {
            query.push("code_challenge", challenge(deviation, &verifier));
            let is_small = deviation.flaw(Flaw::ChallengeMethodLowerCase);
            query.push("code_challenge_method", if is_small { "s256" } else { "S256" });
        }
        if deviation.flaw(Flaw::ClientSecretInUrl) {
            query.push("client_secret", &app.client_secret);
        }
        if deviation.flaw(Flaw::ClientSecretInUrlUnderOtherName) {
            query.push("app", format!("{}.{}", app.client_id, app.client_secret));
        }
        let url = format!("{server}/oauth/authorize?{}", query.write(deviation));
        let pending = Self {
            environment: authorize.environment.clone(),
            app: app.clone(),
            state,
            verifier,
            scopes: authorize.scopes.clone(),
            brought: 0,
        };
        (url, pending)
    }

    /// Exchanges the code of a redirect; a renewal goes to the second server. The other environment's is for the flaws
    /// that turn to it. `earlier` are the states of the
    /// session's earlier authorisations.
    pub(super) fn finish(
        self,
        deviation: Deviation,
        (server, renewal_server, other_server): (&str, &str, &str),
        earlier: &[String],
        redirect: &str,
    ) -> Result<Keeper, String> {
        if !self.is_answered_by(deviation, earlier, &given(redirect, "state")) {
            let right = match deviation.flaw {
                Some(Flaw::StateInRefusal) => format!(": its state is not {}", self.state),
                _ => String::new(),
            };
            return Err(format!("the redirect does not belong to this authorisation{right}"));
        }
        if deviation.flaw(Flaw::RedirectsRefused) {
            return Err("the redirect cannot be read".to_owned());
        }
        let is_error = |error: &String| match deviation.flaw {
            Some(Flaw::ErrorIgnored) => false,
            Some(Flaw::OtherErrorsIgnored) => error == "access_denied",
            _ => true,
        };
        if let Some(error) = given(redirect, "error").into_iter().find(is_error) {
            return Err(match deviation.variation {
                Some(Variation::ErrorNamedInRefusal) => format!("{NOT_GRANTED}: {error}"),
                _ => NOT_GRANTED.to_owned(),
            });
        }
        let code = match given(redirect, "code").as_slice() {
            [code] if !code.is_empty() || deviation.flaw(Flaw::EmptyCodeExchanged) => code.clone(),
            [_, _, ..] => return Err("the redirect has several codes".to_owned()),
            _ if deviation.flaw(Flaw::MissingCodeExchanged) => String::new(),
            _ => return Err("the redirect has no code".to_owned()),
        };
        let code = match deviation.flaw {
            Some(Flaw::CodeDecodedTwice) => percent_decode_str(&code).decode_utf8_lossy().into_owned(),
            Some(Flaw::CodePlusAsBlank) => code.replace('+', " "),
            Some(Flaw::CodeCutAt64) => code.chars().take(64).collect(),
            Some(Flaw::CodeUnpadded) => code.trim_end_matches('=').to_owned(),
            _ => code,
        };

        let mut redirect_uri = redirect_uri(deviation, &self.app);
        if deviation.flaw(Flaw::RedirectUriChangedInExchange) {
            redirect_uri.push('/');
        }
        let form = || {
            let mut form = Form::new();
            form.push("grant_type", "authorization_code");
            form.push("code", &code);
            form.push("redirect_uri", &redirect_uri);
            match deviation.flaw {
                Some(Flaw::VerifierMissing | Flaw::NoPkce) => {}
                Some(Flaw::WrongVerifier) => form.push("code_verifier", random()),
                _ => form.push("code_verifier", &self.verifier),
            }
            form
        };
        let exchange = || post(deviation, server, &self.app, form());
        let mut granted = exchange();
        match (deviation.flaw, &granted) {
            (Some(Flaw::CodeExchangedTwice), Ok(_)) => {
                // The second answer makes no difference.
                let _ = exchange();
            }
            (Some(Flaw::RefusedCodeExchanged), Err(TokenError::InvalidGrant)) => granted = exchange(),
            (Some(Flaw::ExchangedElsewhereAfterRefusedConnection), Err(error))
                if error.is_refused_connection() =>
            {
                granted = post(deviation, other_server, &self.app, form());
            }
            (Some(Flaw::ExchangedElsewhereAfterTimeOut), Err(error)) if error.is_time_out() => {
                granted = post(deviation, other_server, &self.app, form());
            }
            (Some(Flaw::CodeExchangedAfterDrop), Err(error)) if error.is_silence() => granted = exchange(),
            (_, Err(error @ TokenError::Unavailable(_)))
                if deviation.variation(Variation::ExchangeTriedAgain) && !error.is_silence() =>
            {
                granted = exchange();
            }
            _ => {}
        }
        let granted = granted.map_err(|error| error.reason())?;
        Ok(Keeper::granted(deviation, (renewal_server, other_server), self.app, self.scopes, granted))
    }

    /// Whether a redirect with these states belongs to this authorisation.
    fn is_answered_by(&self, deviation: Deviation, earlier: &[String], states: &[String]) -> bool {
        let right = &self.state;
        let alone = match states {
            [state] => Some(state),
            _ => None,
        };
        match deviation.flaw {
            Some(Flaw::StateIgnored) => !states.is_empty(),
            Some(Flaw::MissingStateAccepted) => states.is_empty() || alone == Some(right),
            Some(Flaw::EmptyStateAccepted) => alone.is_some_and(|state| state.is_empty() || state == right),
            Some(Flaw::StateBeginningAccepted) => {
                alone.is_some_and(|state| !state.is_empty() && right.starts_with(state))
            }
            Some(Flaw::StateContinuedAccepted) => alone.is_some_and(|state| state.starts_with(right)),
            Some(Flaw::StateCaseIgnored) => alone.is_some_and(|state| state.eq_ignore_ascii_case(right)),
            Some(Flaw::WrongStateTakenSecondTime) => alone == Some(right) || self.brought > 1,
            Some(Flaw::StateSignsIgnored) => {
                alone.is_some_and(|state| state.replace('-', "_") == right.replace('-', "_"))
            }
            Some(Flaw::StateTrimmed) => alone.is_some_and(|state| state.trim() == right),
            Some(Flaw::StateLengthOnly) => alone.is_some_and(|state| state.len() == right.len()),
            Some(Flaw::EarlierStateAccepted) => {
                alone.is_some_and(|state| state == right || earlier.contains(state))
            }
            Some(Flaw::LastStateWins) => states.last() == Some(right),
            Some(Flaw::AnyStateAccepted) => states.contains(right),
            _ => alone == Some(right),
        }
    }
}

/// All values of a parameter of a redirect.
pub(super) fn given(redirect: &str, wanted: &str) -> Vec<String> {
    let query = redirect.split_once('?').map_or("", |(_, query)| query);
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == wanted);
    pairs.map(|(_, value)| value.into_owned()).collect()
}

/// The redirect URI to the letter, if all is right.
fn redirect_uri(deviation: Deviation, app: &App) -> String {
    let redirect_uri = &app.redirect_uri;
    match deviation.flaw {
        Some(Flaw::RedirectUriChanged) => format!("{redirect_uri}/"),
        Some(Flaw::RedirectUriLowerCased) => redirect_uri.to_lowercase(),
        Some(Flaw::RedirectUriWithoutSlash) => redirect_uri.trim_end_matches('/').to_owned(),
        Some(Flaw::RedirectUriHostLowerCased) => redirect_uri.replace("App.Example.com", "app.example.com"),
        Some(Flaw::RedirectUriWithTls) => redirect_uri.replacen("http:", "https:", 1),
        Some(Flaw::RedirectUriLocalhostResolved) => redirect_uri.replace("//localhost", "//[::1]"),
        Some(Flaw::RedirectUriDecoded) => percent_decode_str(redirect_uri).decode_utf8_lossy().into_owned(),
        _ => redirect_uri.clone(),
    }
}

fn verifier(deviation: Deviation) -> String {
    match deviation.flaw {
        Some(Flaw::VerifierFixed) => "the-one-and-only-verifier-of-all-authorisations".to_owned(),
        Some(Flaw::VerifierShort) => random()[..42].to_owned(),
        Some(Flaw::VerifierLong) => format!("{}{}{}", random(), random(), random()),
        Some(Flaw::VerifierStandardBase64) => {
            until(|| STANDARD_NO_PAD.encode(random_bytes()), |verifier| verifier.contains(['+', '/']))
        }
        Some(Flaw::VerifierPadded) => URL_SAFE.encode(random_bytes()),
        Some(Flaw::VerifierWithExclamationMark) => format!("{}!", random()),
        // What is otherwise the same in both alphabets would be right by chance.
        Some(Flaw::ChallengeStandardAlphabet) => {
            until(random, |verifier| s256(verifier).contains(['-', '_']))
        }
        _ if deviation.variation(Variation::VerifierOf128Characters) => {
            format!("{}.{}~{}", random(), random(), &random()[..40])
        }
        _ => random(),
    }
}

fn state(deviation: Deviation, verifier: &str) -> String {
    static AUTHORISATIONS: AtomicU64 = AtomicU64::new(0);
    match (deviation.flaw, deviation.variation) {
        (Some(Flaw::StateCounted), _) => format!("{:030}", AUTHORISATIONS.fetch_add(1, Ordering::Relaxed)),
        (Some(Flaw::StateFixed), _) => "the-one-and-only-state-of-all-authorisation".to_owned(),
        (Some(Flaw::StateShort), _) => random()[..21].to_owned(),
        (Some(Flaw::VerifierAsState), _) => verifier.to_owned(),
        (Some(Flaw::VerifierInState), _) => format!("{}.{verifier}", random()),
        (_, Some(Variation::StateOf22Characters)) => random()[..22].to_owned(),
        (_, Some(Variation::StateOf129Characters)) => [random(), random(), random()].concat(),
        (_, Some(Variation::StateWithMarks)) => random() + MARKS,
        _ => random(),
    }
}

fn challenge(deviation: Deviation, verifier: &str) -> String {
    let digest = Sha256::digest(verifier);
    match deviation.flaw {
        Some(Flaw::ChallengeEmpty) => String::new(),
        Some(Flaw::ChallengePadded) => URL_SAFE.encode(digest),
        Some(Flaw::ChallengeStandardAlphabet) => STANDARD_NO_PAD.encode(digest),
        Some(Flaw::ChallengeHex) => hex(digest),
        _ => s256(verifier),
    }
}

fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The first of those made that is as it should be.
fn until(make: impl Fn() -> String, is_good: impl Fn(&str) -> bool) -> String {
    loop {
        let made = make();
        if is_good(&made) {
            return made;
        }
    }
}

fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// 43 characters that nobody can guess.
fn random() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes())
}
