//! The authorisation server: authorise, token, introspect (A22, A23).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::Hash,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use indexmap::IndexMap;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    CredentialKind, Environment, Grant, OAuthClient, Subject,
    answer::{self, Refusal},
    authentication,
    company::Reach,
    installation::stable_id,
    request::essence,
    scope,
};

/// The server's own paths (A22, A23, A58).
pub(crate) const PATHS: [&str; 3] = [AUTHORIZE, TOKEN, INTROSPECT];
const AUTHORIZE: &str = "/oauth/authorize";
const TOKEN: &str = "/oauth/token";
const INTROSPECT: &str = "/oauth/token/introspect";

/// How long a code is valid, in seconds. Pleo only says that it is short (A41).
const CODE_SECONDS: i64 = 60;
/// How long a refresh token is valid, in days: the shortest that Pleo promises (A46).
const REFRESH_DAYS: i64 = 60;
/// The most codes that are remembered; then the oldest tenth is forgotten.
const MOST_CODES: usize = 1_000;
/// The most authorisations, and tokens of each kind, that are remembered; then the oldest tenth is forgotten.
const MOST_TOKENS: usize = 10_000;

/// The server's clients and what they were given. Access tokens are with the other credentials.
#[derive(Debug)]
pub(crate) struct AuthorizationServer {
    clients: HashMap<String, OAuthClient>,
    client_secrets: HashSet<String>,
    codes: IndexMap<String, Code>,
    /// By their numbers, which rise.
    authorizations: IndexMap<usize, Authorization>,
    access: IndexMap<String, Issued>,
    refresh: IndexMap<String, Refresh>,
    /// A fake needs no better source: its tokens open nothing but itself.
    random: fastrand::Rng,
}

/// What a user allowed an app.
#[derive(Debug, Clone)]
struct Authorization {
    client_id: String,
    subject: Subject,
    /// All, if it is `None`.
    scopes: Option<BTreeSet<String>>,
    /// The access and refresh token that it was given last. The earlier ones have ended (A47).
    latest: Option<(String, String)>,
}

#[derive(Debug)]
struct Code {
    authorization: Authorization,
    redirect_uri: String,
    challenge: String,
    expires_at: DateTime<Utc>,
}

/// A token of the authorisation with this number.
#[derive(Debug, Clone, Copy)]
struct Issued {
    authorization: usize,
    at: DateTime<Utc>,
}

#[derive(Debug)]
struct Refresh {
    issued: Issued,
    live: bool,
}

impl Refresh {
    fn expires_at(&self) -> DateTime<Utc> {
        self.issued.at + TimeDelta::days(REFRESH_DAYS)
    }
}

/// What the server needs of the sandbox around it.
pub(crate) struct Surroundings<'a> {
    pub(crate) environment: Environment,
    pub(crate) now: DateTime<Utc>,
    pub(crate) credentials: &'a mut HashMap<String, Grant>,
    /// All companies with the organisation that each belongs to.
    pub(crate) companies: &'a [(Uuid, Uuid)],
}

/// An error of RFC 6749, section 5.2.
struct OAuthRefusal {
    status: StatusCode,
    code: &'static str,
    description: &'static str,
}

const fn refusal(code: &'static str, description: &'static str) -> OAuthRefusal {
    OAuthRefusal { status: StatusCode::BAD_REQUEST, code, description }
}

const INVALID_CLIENT: OAuthRefusal = OAuthRefusal {
    status: StatusCode::UNAUTHORIZED,
    code: "invalid_client",
    description: "the client is unknown, or its authentication is wrong",
};

const INVALID_REFRESH_TOKEN: OAuthRefusal =
    refusal("invalid_grant", "invalid_refresh_token: it is unknown, expired, used or revoked");

impl From<OAuthRefusal> for Response<Bytes> {
    fn from(refusal: OAuthRefusal) -> Self {
        let body = json!({ "error": refusal.code, "error_description": refusal.description });
        let mut response = unstored(answer::json(refusal.status, &body));
        if refusal.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Pleo\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A response with a token is for nobody's cache (RFC 6749, section 5.1).
fn unstored(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Parameters, each there once (RFC 6749, section 3.1). An empty one counts as missing.
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn read(text: &[u8]) -> Result<Self, OAuthRefusal> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text).into_owned().filter(|(_, value)| !value.is_empty())
        {
            if parameters.insert(name, value).is_some() {
                return Err(refusal("invalid_request", "a parameter is there more than once"));
            }
        }
        Ok(Self(parameters))
    }

    /// The form in a request's body.
    fn form(request: &Request<Bytes>) -> Result<Self, OAuthRefusal> {
        let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !given
            .is_some_and(|given| essence(given).eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        {
            return Err(refusal("invalid_request", "the body has to be application/x-www-form-urlencoded"));
        }
        if request.uri().query().is_some() {
            return Err(refusal("invalid_request", "the parameters belong into the body, not into the URL"));
        }
        Self::read(request.body())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn need(&self, name: &str, missing: &'static str) -> Result<&str, OAuthRefusal> {
        self.get(name).ok_or(refusal("invalid_request", missing))
    }
}

impl AuthorizationServer {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            clients: HashMap::new(),
            client_secrets: HashSet::new(),
            codes: IndexMap::new(),
            authorizations: IndexMap::new(),
            access: IndexMap::new(),
            refresh: IndexMap::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(crate) fn register(&mut self, client: OAuthClient) {
        self.client_secrets.extend(client.client_secret.clone());
        self.clients.insert(client.client_id.clone(), client);
    }

    /// Makes a pair of tokens known. Of an app that is not registered there are none.
    pub(crate) fn admit(&mut self, client_id: &str, access: &str, refresh: &str, around: Surroundings<'_>) {
        if let Some(client) = self.clients.get(client_id) {
            let authorization = Authorization {
                client_id: client_id.to_owned(),
                subject: client.subject,
                scopes: None,
                latest: None,
            };
            let number = self.begin(authorization);
            self.issue(number, access, refresh, around);
        }
    }

    /// Gives an authorisation its number.
    fn begin(&mut self, authorization: Authorization) -> usize {
        let number = self.authorizations.last().map_or(0, |(last, _)| last + 1);
        remember(&mut self.authorizations, MOST_TOKENS, number, authorization);
        number
    }

    /// Whether a text is a secret that the server ever gave out or agreed upon.
    pub(crate) fn knows(&self, text: &str) -> bool {
        self.refresh.contains_key(text) || self.client_secrets.contains(text)
    }

    pub(crate) fn revoke(&mut self, secret: &str) {
        if let Some(refresh) = self.refresh.get_mut(secret) {
            refresh.live = false;
        }
    }

    /// The app that got an access token.
    pub(crate) fn client_of(&self, access_token: &str) -> Option<&str> {
        let issued = self.access.get(access_token)?;
        Some(&self.authorizations.get(&issued.authorization)?.client_id)
    }

    /// Answers a request to one of the server's own paths; `None` if it is to another.
    pub(crate) fn answer(
        &mut self,
        request: &Request<Bytes>,
        around: Surroundings<'_>,
    ) -> Option<Response<Bytes>> {
        let (method, answer): (_, fn(&mut Self, &Request<Bytes>, Surroundings<'_>) -> _) =
            match request.uri().path() {
                AUTHORIZE => (Method::GET, Self::authorize),
                TOKEN => (Method::POST, Self::token),
                INTROSPECT => (Method::POST, Self::introspect),
                _ => return None,
            };
        if *request.method() != method {
            let allowed = HeaderValue::from_str(method.as_str());
            let allowed = allowed.unwrap_or(HeaderValue::from_static(""));
            return Some(Refusal::method_not_allowed(allowed).into());
        }
        Some(answer(self, request, around).unwrap_or_else(Response::from))
    }

    /// Sends the browser back with a code: the user has said yes (A36, A39).
    fn authorize(
        &mut self,
        request: &Request<Bytes>,
        around: Surroundings<'_>,
    ) -> Result<Response<Bytes>, OAuthRefusal> {
        let parameters = Parameters::read(request.uri().query().unwrap_or_default().as_bytes())?;
        // Until both are known to be the app's, nothing is sent anywhere (RFC 6749, section 4.1.2.1).
        let client = parameters.get("client_id").and_then(|id| self.clients.get(id));
        let client = client.ok_or(refusal("invalid_request", "the client is unknown"))?;
        let redirect_uri = parameters.need("redirect_uri", "the redirect URI is missing")?.to_owned();
        if !client.redirect_uris.contains(&redirect_uri) {
            return Err(refusal("invalid_request", "the redirect URI is not registered to the letter"));
        }
        let result = match consent(client, &parameters, &around) {
            Ok((authorization, challenge)) => {
                let code = self.random_text(CODE_CHARACTERS);
                let expires_at = around.now + TimeDelta::seconds(CODE_SECONDS);
                let redirect_uri = redirect_uri.clone();
                let known = Code { authorization, redirect_uri, challenge, expires_at };
                remember(&mut self.codes, MOST_CODES, code.clone(), known);
                vec![("code", code)]
            }
            Err(refused) => {
                vec![("error", refused.code.into()), ("error_description", refused.description.into())]
            }
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(result);
        if let Some(state) = parameters.get("state") {
            query.append_pair("state", state);
        }
        let mark = if redirect_uri.contains('?') { '&' } else { '?' };
        let location = HeaderValue::from_str(&format!("{redirect_uri}{mark}{}", query.finish()))
            .map_err(|_| refusal("invalid_request", "the redirect URI cannot be sent"))?;
        let mut response = unstored(answer::empty(StatusCode::FOUND));
        response.headers_mut().insert(header::LOCATION, location);
        Ok(response)
    }

    /// The client that a request authenticates (A28, A43).
    fn client(&self, headers: &HeaderMap, form: &Parameters) -> Result<&OAuthClient, OAuthRefusal> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let header = values.next();
        if values.next().is_some() || (header.is_some() && form.get("client_secret").is_some()) {
            return Err(refusal("invalid_request", "the client authenticates itself more than once"));
        }
        // RFC 6749, section 2.3.1, has both form-encoded before they are joined; Pleo's pages have them as they are
        // (A28). Whatever names the app is right.
        let presented: Vec<(String, Option<String>)> = match header {
            Some(value) => {
                let (id, secret) = authentication::basic(value).ok_or(INVALID_CLIENT)?;
                vec![(form_decoded(&id), Some(form_decoded(&secret))), (id, Some(secret))]
            }
            None => {
                let id = form.get("client_id").ok_or(INVALID_CLIENT)?;
                vec![(id.to_owned(), form.get("client_secret").map(str::to_owned))]
            }
        };
        let named = |id: &str| form.get("client_id").is_none_or(|named| named == id);
        let client = presented.into_iter().find_map(|(id, secret)| {
            let client = self.clients.get(&id).filter(|_| named(&id))?;
            (client.client_secret == secret).then_some(client)
        });
        client.ok_or(INVALID_CLIENT)
    }

    fn token(
        &mut self,
        request: &Request<Bytes>,
        around: Surroundings<'_>,
    ) -> Result<Response<Bytes>, OAuthRefusal> {
        let form = Parameters::form(request)?;
        let client_id = self.client(request.headers(), &form)?.client_id.clone();
        let authorization = match form.need("grant_type", "the grant type is missing")? {
            "authorization_code" => self.redeem(&client_id, &form, around.now)?,
            "refresh_token" => self.renew(&client_id, &form, around.now)?,
            _ => {
                return Err(refusal(
                    "unsupported_grant_type",
                    "only authorization_code and refresh_token are",
                ));
            }
        };
        let access = self.random_text(TOKEN_CHARACTERS);
        let refresh = self.random_text(CODE_CHARACTERS);
        let body = self.issue(authorization, &access, &refresh, around);
        Ok(unstored(answer::json(StatusCode::OK, &body)))
    }

    /// Turns a code into an authorisation. A code is tried once.
    fn redeem(
        &mut self,
        client_id: &str,
        form: &Parameters,
        now: DateTime<Utc>,
    ) -> Result<usize, OAuthRefusal> {
        const INVALID: OAuthRefusal = refusal("invalid_grant", "the code is unknown, expired or used");

        let code = form.need("code", "the code is missing")?;
        let verifier = form.need("code_verifier", "the code verifier is missing")?;
        let redirect_uri = form.need("redirect_uri", "the redirect URI is missing")?;
        if self.codes.get(code).is_none_or(|known| known.authorization.client_id != client_id) {
            return Err(INVALID);
        }
        let known = self.codes.shift_remove(code).ok_or(INVALID)?;
        if known.expires_at <= now {
            return Err(INVALID);
        }
        if known.redirect_uri != redirect_uri {
            return Err(refusal("invalid_grant", "the redirect URI is not the one the code was sent to"));
        }
        if !is_verifier(verifier) || URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != known.challenge {
            return Err(refusal("invalid_grant", "the code verifier is not that of the challenge"));
        }
        Ok(self.begin(known.authorization))
    }

    /// Turns a refresh token into its authorisation.
    fn renew(
        &mut self,
        client_id: &str,
        form: &Parameters,
        now: DateTime<Utc>,
    ) -> Result<usize, OAuthRefusal> {
        let token = form.need("refresh_token", "the refresh token is missing")?;
        let known = self.refresh.get(token).ok_or(INVALID_REFRESH_TOKEN)?;
        let authorization = known.issued.authorization;
        if self.authorizations.get(&authorization).is_none_or(|granted| granted.client_id != client_id) {
            return Err(INVALID_REFRESH_TOKEN);
        }
        if known.live && known.expires_at() > now {
            return Ok(authorization);
        }
        // A dead one takes the live ones along (A48).
        self.end_refresh_tokens(authorization);
        Err(INVALID_REFRESH_TOKEN)
    }

    fn end_refresh_tokens(&mut self, authorization: usize) {
        let latest = self.authorizations.get(&authorization).and_then(|granted| granted.latest.as_ref());
        let token = latest.and_then(|(_, refresh)| self.refresh.get_mut(refresh));
        // The same text may have been made known anew since, as another authorisation's.
        if let Some(token) = token.filter(|token| token.issued.authorization == authorization) {
            token.live = false;
        }
    }

    /// Gives a pair to an authorisation, whose earlier tokens end with it (A47).
    fn issue(&mut self, number: usize, access: &str, refresh: &str, around: Surroundings<'_>) -> Value {
        let Some(authorization) = self.authorizations.get(&number).cloned() else { return Value::Null };
        self.end_refresh_tokens(number);
        if let Some((token, _)) = &authorization.latest
            && self.access.get(token).is_some_and(|issued| issued.authorization == number)
            && let Some(grant) = around.credentials.get_mut(token)
        {
            grant.revoked = true;
        }
        if let Some(granted) = self.authorizations.get_mut(&number) {
            granted.latest = Some((access.to_owned(), refresh.to_owned()));
        }
        let seconds =
            self.clients.get(&authorization.client_id).map_or(0, |client| client.access_token_seconds);
        let issued = Issued { authorization: number, at: around.now };
        for forgotten in remember(&mut self.access, MOST_TOKENS, access.to_owned(), issued) {
            around.credentials.remove(&forgotten);
        }
        remember(&mut self.refresh, MOST_TOKENS, refresh.to_owned(), Refresh { issued, live: true });
        let grant = Grant {
            kind: CredentialKind::AccessToken,
            subject: authorization.subject,
            scopes: authorization.scopes,
            expires_at: Some(around.now + TimeDelta::seconds(seconds.into())),
            revoked: false,
        };
        let body = json!({
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": scope::text(grant.scopes.as_ref()),
        });
        around.credentials.insert(access.to_owned(), grant);
        body
    }

    /// Tells a confidential client of its own tokens (A58 to A61).
    fn introspect(
        &mut self,
        request: &Request<Bytes>,
        around: Surroundings<'_>,
    ) -> Result<Response<Bytes>, OAuthRefusal> {
        let form = Parameters::form(request)?;
        let client = self.client(request.headers(), &form)?;
        if client.client_secret.is_none() {
            return Err(INVALID_CLIENT);
        }
        let token = form.need("token", "the token is missing")?;
        let found = self.alive(token, &around).filter(|(issued, _)| {
            let authorization = self.authorizations.get(&issued.authorization);
            authorization.is_some_and(|authorization| authorization.client_id == client.client_id)
        });
        let body = match found
            .and_then(|(issued, end)| Some((self.authorizations.get(&issued.authorization)?, issued, end)))
        {
            None => json!({ "active": false }),
            Some((authorization, issued, expires_at)) => {
                let subject = authorization.subject.to_string();
                json!({
                    "active": true,
                    "sub": subject,
                    "exp": expires_at.timestamp(),
                    "iat": issued.at.timestamp(),
                    "client_id": authorization.client_id,
                    "aud": [around.environment.base_url()],
                    "iss": around.environment.issuer(),
                    "jti": stable_id(&["token", token]),
                    "scope": scope::text(authorization.scopes.as_ref()),
                    "urn:pleo:params:oauth:subject_urn": subject,
                })
            }
        };
        Ok(unstored(answer::json(StatusCode::OK, &body)))
    }

    /// A token that may be used, and when that ends.
    fn alive(&self, token: &str, around: &Surroundings<'_>) -> Option<(Issued, DateTime<Utc>)> {
        let (issued, expires_at) = match (self.access.get(token), self.refresh.get(token)) {
            (Some(issued), _) => {
                let grant = around.credentials.get(token).filter(|grant| !grant.revoked)?;
                (*issued, grant.expires_at?)
            }
            (None, Some(refresh)) if refresh.live => (refresh.issued, refresh.expires_at()),
            _ => return None,
        };
        (expires_at > around.now).then_some((issued, expires_at))
    }

    /// Nobody may infer anything from a code or token (A49), so each has every character that may be in one, and some are
    /// longer or look like Base64 with its padding.
    fn random_text(&mut self, characters: &str) -> String {
        let length = if self.random.bool() { 32 } else { 80 };
        let bytes: Vec<u8> = (0..length).map(|_| self.random.u8(..)).collect();
        let mut text = URL_SAFE_NO_PAD.encode(bytes);
        for character in characters.chars() {
            text.insert(self.random.usize(1..text.len()), character);
        }
        text + &"=".repeat(self.random.usize(..3))
    }
}

/// Adds what is newest. If there is too much then, the oldest tenth is forgotten, and its keys are returned: whatever is
/// removed from the front moves all others.
fn remember<K: Hash + Eq, V>(known: &mut IndexMap<K, V>, most: usize, key: K, value: V) -> Vec<K> {
    known.shift_remove(&key);
    known.insert(key, value);
    let forgotten = if known.len() > most { most / 10 } else { 0 };
    known.drain(..forgotten).map(|(key, _)| key).collect()
}

/// What a code or refresh token may have beside letters, digits, `-` and `_` (RFC 6749, appendix A), so far as it
/// means something in a form or in a URL.
const CODE_CHARACTERS: &str = "+/=&%;.~";
/// What an access token may have beside them (RFC 6750, section 2.1).
const TOKEN_CHARACTERS: &str = "+/.~";

/// What the user grants to a request that is in order, and its challenge.
fn consent(
    client: &OAuthClient,
    parameters: &Parameters,
    around: &Surroundings<'_>,
) -> Result<(Authorization, String), OAuthRefusal> {
    if parameters.get("response_type") != Some("code") {
        return Err(refusal("unsupported_response_type", "the response type has to be code"));
    }
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err(refusal("invalid_request", "the code challenge method has to be S256"));
    }
    let challenge = parameters.need("code_challenge", "the code challenge is missing")?;
    if URL_SAFE_NO_PAD.decode(challenge).map_or(0, |hash| hash.len()) != 32 {
        return Err(refusal("invalid_request", "the code challenge is not a SHA-256 hash"));
    }
    if parameters.get("code_verifier").is_some() || parameters.get("client_secret").is_some() {
        return Err(refusal("invalid_request", "the URL holds a secret"));
    }
    let scopes = parameters.get("scope").unwrap_or_default();
    // RFC 6749, section 3.3.
    let visible = |scope: &str| scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
    if scopes.is_empty() || !scopes.split(' ').all(|scope| !scope.is_empty() && visible(scope)) {
        return Err(refusal("invalid_scope", "the scopes are missing or malformed"));
    }
    let subject = match parameters.get("urn_pleo_params_oauth_subject") {
        None => client.subject,
        Some(urn) => wanted(urn, client.subject, around)
            .ok_or(refusal("access_denied", "the user has no access to this subject"))?,
    };
    let scopes = Some(scopes.split(' ').map(str::to_owned).collect());
    let client_id = client.client_id.clone();
    Ok((Authorization { client_id, subject, scopes, latest: None }, challenge.to_owned()))
}

/// The subject that is asked for (A37), if it is the user's own or one of its companies.
fn wanted(urn: &str, own: Subject, around: &Surroundings<'_>) -> Option<Subject> {
    let wanted = urn.parse().ok()?;
    let within = match wanted {
        Subject::Company(company) => Reach::new(own, around.companies).companies.contains(&company),
        Subject::Organization(_) => wanted == own,
    };
    within.then_some(wanted)
}

/// A27.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn form_decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
