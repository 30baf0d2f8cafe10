//! Requests for tokens, and what they are answered with: how both are read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::servers::ReceivedRequest;

/// The path of every authorisation server's token endpoint (A23).
pub(crate) const TOKEN_ENDPOINT: &str = "/oauth/token";

/// The parameters of a query or a form.
pub(crate) type Form = BTreeMap<String, String>;

/// Reads a query or a form.
pub(crate) fn form(text: &[u8]) -> Form {
    form_urlencoded::parse(text).into_owned().collect()
}

/// Reads the query of a URL.
pub(crate) fn query_of(url: &str) -> Form {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    form(query.as_bytes())
}

/// Whether something was sent to a token endpoint.
pub(crate) fn is_token_request(received: &ReceivedRequest) -> bool {
    received.exchange.request.uri().path().ends_with(TOKEN_ENDPOINT)
}

/// The verifier in a token request.
pub(crate) fn verifier(received: &ReceivedRequest) -> Option<String> {
    let mut form = form(received.exchange.request.body());
    is_token_request(received).then(|| form.remove("code_verifier")).flatten()
}

/// A pair of tokens that an authorisation server has issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// The JSON of the response to a request, or null.
pub(crate) fn answered(received: &ReceivedRequest) -> Value {
    serde_json::from_slice(received.exchange.reply.response.body()).unwrap_or_default()
}

/// Whether a token request was refused because of what it presented (RFC 6749, section 5.2).
pub(crate) fn is_invalid_grant(received: &ReceivedRequest) -> bool {
    answered(received)["error"] == "invalid_grant"
}

/// The token of this name in the response of a token endpoint. An empty text is not a token.
pub(crate) fn token<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer[name].as_str().filter(|token| !token.is_empty())
}

/// The pair in the response to a request.
pub(crate) fn issued(received: &ReceivedRequest) -> Option<Pair> {
    if !is_token_request(received) {
        return None;
    }
    let answer = answered(received);
    let owned = |name: &str| token(&answer, name).map(str::to_owned);
    Some(Pair { access_token: owned("access_token")?, refresh_token: owned("refresh_token")? })
}
