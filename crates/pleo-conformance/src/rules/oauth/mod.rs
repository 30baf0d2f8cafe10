//! OAuth 2.0: authorisation, exchange, renewal.

mod authorisation;
mod renewal;
mod secrets;

use self::{
    authorisation::{
        authorised_where_chosen, challenge_is_s256, code_arrives_unchanged, code_is_exchanged_once,
        error_is_believed, has_challenge, no_secret_in_url, other_state_is_refused, redirect_uri_is_exact,
        scopes_are_asked_for, state_is_fresh, url_asks_for_code, verifier_belongs,
    },
    renewal::{
        app_goes_by_basic, bad_moment_ends_nothing, dead_token_stays_dead, expired_token_is_renewed,
        good_token_is_not_renewed, new_access_token_is_used, newest_refresh_token_is_used,
        one_renewal_at_a_time, refresh_token_arrives_unchanged, refusal_is_not_renewed_away,
        renewal_asks_for_no_more, renewed_where_made, repeated_request_is_the_same,
    },
    secrets::{authorisation_secrets_are_not_shown, oauth_secrets_are_not_shown, oauth_secrets_stay},
};
use super::{Check, OVERVIEW_SECURITY, Rule, WORKFLOW_REQUEST};
use crate::{protocol::Capability, verdict::Level};

const OAUTH: &[Capability] = &[Capability::Oauth];
const REFRESH: &[Capability] = &[Capability::Refresh];

const AUTHORISE: &str = "How to direct users to the authorisation endpoint";
const REDIRECTS: &str = "How to handle redirects and exchange the authorisation code";
const PKCE: &str = "Integration design: PKCE and secured patterns";
const REGISTRATION: &str = "Integration design: OAuth client registration";
const LIFECYCLE: &str = "Integration design: OAuth token overview";
const CENTRAL: &str = "Integration design: centralised token refresh";
const HOW_TO_REFRESH: &str = "How to refresh tokens";
const TOKEN_STORAGE: &str = "Integration design: secure token storage";
const CONFIGURATION: &str = "OAuth client configuration";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "OAU-001",
        title: "PKCE is used",
        statement: "A client MUST begin an authorisation with a PKCE challenge.",
        level: Level::Must,
        sources: &["A25", "A26", "A36"],
        headings: &[AUTHORISE, PKCE],
        failure: "The URL to which the user is sent has no code_challenge.",
        method: "Any app, scopes and environment: the parameters of the URL.",
        check: Check::Client { needs: OAUTH, check: has_challenge },
    },
    Rule {
        id: "OAU-002",
        title: "The challenge is S256",
        statement: "A client MUST use the challenge method S256, and a challenge in its form: 43 characters of \
                    Base64 for URLs, without padding (RFC 7636, section 4.2).",
        level: Level::Must,
        sources: &["A26", "A27"],
        headings: &[AUTHORISE, PKCE],
        failure: "code_challenge_method is plain, or left out, which means the same; or the challenge is padded, \
                  or in hex.",
        method: "Any app, scopes and environment: the parameters of the URL.",
        check: Check::Client { needs: OAUTH, check: challenge_is_s256 },
    },
    Rule {
        id: "OAU-003",
        title: "The state is fresh",
        statement: "A client MUST give every authorisation a state that nobody can guess.",
        level: Level::Must,
        sources: &["A36", "A40"],
        headings: &[AUTHORISE, REDIRECTS],
        failure: "The state is missing, too short, or the same or nearly the same as another.",
        method: "Two authorisations by two clients: the length of the state, and in how much the two differ.",
        check: Check::Client { needs: OAUTH, check: state_is_fresh },
    },
    Rule {
        id: "OAU-004",
        title: "Another state forbids the exchange",
        statement: "A client MUST NOT exchange a code that comes back with another state, or with none.",
        level: Level::Must,
        sources: &["A40"],
        headings: &[REDIRECTS],
        failure: "The code of a redirect with a wrong state arrives at the token endpoint.",
        method: "Redirects without a state, and with one that is nearly right: longer, shorter, in another case, \
                 of an earlier authorisation, before the right one. Nothing may be received at the token endpoint. \
                 With the right state the code has to.",
        check: Check::Client { needs: OAUTH, check: other_state_is_refused },
    },
    Rule {
        id: "OAU-005",
        title: "An error forbids the exchange",
        statement: "A client MUST NOT go on with a redirect that carries an error, or no code.",
        level: Level::Must,
        sources: &["A39", "A40"],
        headings: &[REDIRECTS],
        failure: "The token endpoint is asked although the user declined.",
        method: "Redirects with an error, with an error beside a code, and with neither: nothing may arrive \
                 at the token endpoint.",
        check: Check::Client { needs: OAUTH, check: error_is_believed },
    },
    Rule {
        id: "OAU-006",
        title: "The verifier belongs to the challenge",
        statement: "A client MUST make a verifier for each authorisation, and exchange the code with the one whose \
                    challenge it began with.",
        level: Level::Must,
        sources: &["A27", "A43"],
        headings: &[REDIRECTS, PKCE],
        failure: "code_verifier is missing, too short, of another challenge, always the same, made from the \
                  state, or has characters that no verifier can have.",
        method: "Whole authorisations: the verifier that arrives is hashed and compared with the challenge.",
        check: Check::Client { needs: OAUTH, check: verifier_belongs },
    },
    Rule {
        id: "OAU-007",
        title: "No secret is in the URL",
        statement: "A client MUST NOT put the client secret or the verifier into the URL to which it sends \
                    the user.",
        level: Level::Must,
        sources: &["A27", "A35", "A41"],
        headings: &[AUTHORISE, PKCE],
        failure: "The user's browser, and its history, has the client secret.",
        method: "Any app, scopes and environment: the URL is searched for the secret, and for what hashes to \
                 the challenge.",
        check: Check::Client { needs: OAUTH, check: no_secret_in_url },
    },
    Rule {
        id: "OAU-008",
        title: "The redirect URI is the registered one",
        statement: "A client MUST send the redirect URI to the letter, when it begins and when it exchanges.",
        level: Level::Must,
        sources: &["A30", "A43"],
        headings: &[REGISTRATION, REDIRECTS],
        failure: "A slash is added, or the query is lost.",
        method: "Redirect URIs with and without port and query, with capitals, `&`, `+` and percent-encoding: both places \
                 are compared.",
        check: Check::Client { needs: OAUTH, check: redirect_uri_is_exact },
    },
    Rule {
        id: "OAU-009",
        title: "One renewal at a time",
        statement: "A client MUST renew an expired token once, however many requests wait for it.",
        level: Level::Must,
        sources: &["A51"],
        headings: &[CENTRAL],
        failure: "Each waiting request renews for itself, and each makes the others' tokens useless.",
        method: "Eight requests at the same time with an expired token: renewals are counted.",
        check: Check::Client {
            needs: &[Capability::Refresh, Capability::Parallel],
            check: one_renewal_at_a_time,
        },
    },
    Rule {
        id: "OAU-010",
        title: "The new access token is used",
        statement: "A client MUST use the new access token once it has renewed.",
        level: Level::Must,
        sources: &["A47"],
        headings: &[LIFECYCLE],
        failure: "After a renewal the old access token arrives.",
        method: "A request with an expired token: the token that arrives is compared with the new one.",
        check: Check::Client { needs: REFRESH, check: new_access_token_is_used },
    },
    Rule {
        id: "OAU-011",
        title: "The newest refresh token is used",
        statement: "A client MUST throw a refresh token away once it has got the next.",
        level: Level::Must,
        sources: &["A47", "A48"],
        headings: &[LIFECYCLE, CENTRAL],
        failure: "The second renewal presents the first refresh token, which ends the authorisation.",
        method: "Two renewals, the second after the new access token was revoked: the refresh token that \
                 arrives with it.",
        check: Check::Client { needs: REFRESH, check: newest_refresh_token_is_used },
    },
    Rule {
        id: "OAU-012",
        title: "A dead refresh token is not sent again",
        statement: "A client MUST NOT present a refresh token again that was refused.",
        level: Level::Must,
        sources: &["A48", "A53", "A54", "A55"],
        headings: &[LIFECYCLE, CENTRAL, HOW_TO_REFRESH],
        failure: "The same refresh token arrives with every call.",
        method: "Three calls with a refresh token that the server refuses: how often it arrives.",
        check: Check::Client { needs: REFRESH, check: dead_token_stays_dead },
    },
    Rule {
        id: "OAU-013",
        title: "A server's bad moment ends nothing",
        statement: "A client MUST NOT try a failing renewal without end, and MUST NOT give up the \
                    authorisation for it.",
        level: Level::Must,
        sources: &["A53"],
        headings: &[CENTRAL],
        failure: "The token endpoint is asked dozens of times, or never again.",
        method: "A call while the token endpoint answers 503, and one when it works again: the first may \
                 ask ten times, the second has to ask again.",
        check: Check::Client { needs: REFRESH, check: bad_moment_ends_nothing },
    },
    Rule {
        id: "OAU-014",
        title: "An expired token is renewed",
        statement: "A client SHOULD renew an access token that has expired: before it is sent, or once it was \
                    refused.",
        level: Level::Should,
        sources: &["A50", "A45"],
        headings: &[HOW_TO_REFRESH],
        failure: "The expired token arrives, is refused, and nothing is renewed.",
        method: "A request with an expired token: whether a renewal arrives.",
        check: Check::Client { needs: REFRESH, check: expired_token_is_renewed },
    },
    Rule {
        id: "OAU-015",
        title: "The app authenticates with Basic",
        statement: "A client SHOULD authenticate the app at the token endpoint by HTTP Basic.",
        level: Level::Should,
        sources: &["A28", "A43"],
        headings: &[CONFIGURATION, PKCE],
        failure: "The client secret is in the body.",
        method: "Renewals: header and body of the request to the token endpoint.",
        check: Check::Client { needs: REFRESH, check: app_goes_by_basic },
    },
    Rule {
        id: "OAU-016",
        title: "Tokens are renewed where they were made",
        statement: "A client MUST renew tokens at the authorisation server of their environment.",
        level: Level::Must,
        sources: &["A22", "V2", "V8"],
        headings: &[CONFIGURATION],
        failure: "A production refresh token arrives in staging.",
        method: "Renewals in both environments: where the refresh token arrives.",
        check: Check::Client { needs: REFRESH, check: renewed_where_made },
    },
    Rule {
        id: "OAU-017",
        title: "An authorisation stays in its environment",
        statement: "A client MUST send the user, and then the code, to the authorisation server of the chosen \
                    environment.",
        level: Level::Must,
        sources: &["A22", "A23", "V2", "V8"],
        headings: &[CONFIGURATION, AUTHORISE],
        failure: "The user is sent to another host, or the code arrives in the other environment.",
        method: "Whole authorisations in both environments: the URL, and where the exchange arrives.",
        check: Check::Client { needs: OAUTH, check: authorised_where_chosen },
    },
    Rule {
        id: "OAU-018",
        title: "Tokens and client secret stay where they belong",
        statement: "A client MUST NOT put a token or the client secret into a URL, into another header than \
                    Authorization, or into the body of a request to the API.",
        level: Level::Must,
        sources: &["A35", "A57"],
        headings: &[TOKEN_STORAGE, HOW_TO_REFRESH],
        failure: "The refresh token is in a header, or the client secret arrives at the API.",
        method: "Requests with an expired token, and the renewals before them: all their parts are searched for \
                 the client secret and for the access and refresh tokens, old and new.",
        check: Check::Client { needs: REFRESH, check: oauth_secrets_stay },
    },
    Rule {
        id: "OAU-019",
        title: "Tokens and client secret are not shown",
        statement: "A client MUST NOT show a token or the client secret in a log, in an error or in debugging \
                    output.",
        level: Level::Must,
        sources: &["A57"],
        headings: &[TOKEN_STORAGE, HOW_TO_REFRESH],
        failure: "The log of a renewal has the refresh token.",
        method: "Renewals that succeed, fail for a while, and are refused: every text that the client shows is \
                 searched for the client secret and for the access and refresh tokens, old and new.",
        check: Check::Client {
            needs: &[Capability::Refresh, Capability::Shown],
            check: oauth_secrets_are_not_shown,
        },
    },
    Rule {
        id: "OAU-020",
        title: "The scopes are the ones that were asked for",
        statement: "A client MUST ask for the scopes that it was given, separated by blanks, and for no others.",
        level: Level::Must,
        sources: &["Z50", "A36"],
        headings: &[AUTHORISE, OVERVIEW_SECURITY],
        failure: "Scopes are joined by commas, left out, or added.",
        method: "Any app, scopes and environment: the parameter scope of the URL.",
        check: Check::Client { needs: OAUTH, check: scopes_are_asked_for },
    },
    Rule {
        id: "OAU-021",
        title: "The authorise URL asks for a code",
        statement: "A client MUST send the user to a valid URL with response_type=code and the app's client_id.",
        level: Level::Must,
        sources: &["A36"],
        headings: &[AUTHORISE],
        failure: "response_type is missing or says token, or the URL has a blank in it.",
        method: "Any app, scopes and environment: the characters of the URL, and its parameters.",
        check: Check::Client { needs: OAUTH, check: url_asks_for_code },
    },
    Rule {
        id: "OAU-022",
        title: "Codes and verifiers are not shown",
        statement: "A client MUST NOT show a code, a verifier, the client secret or a new token while a user \
                    authorises it.",
        level: Level::Must,
        sources: &["A27", "A41", "A57"],
        headings: &[REDIRECTS, TOKEN_STORAGE],
        failure: "The log of an exchange has the code.",
        method: "Authorisations that succeed, that come back with another state, and whose exchange fails: \
                 every text that the client shows is searched.",
        check: Check::Client {
            needs: &[Capability::Oauth, Capability::Shown],
            check: authorisation_secrets_are_not_shown,
        },
    },
    Rule {
        id: "OAU-023",
        title: "The request after a renewal is the same request",
        statement: "A client that repeats a request with a renewed token MUST repeat the whole request.",
        level: Level::Must,
        sources: &["Z40", "A50"],
        headings: &[HOW_TO_REFRESH, WORKFLOW_REQUEST],
        failure: "The second request has lost its body, its query or its company.",
        method: "A request whose access token was revoked, so that it is answered with 401: method, URL, body \
                 and media type of the second request are compared with the first.",
        check: Check::Client { needs: REFRESH, check: repeated_request_is_the_same },
    },
    Rule {
        id: "OAU-024",
        title: "A 401 with a new token is an answer",
        statement: "A client MUST NOT renew again and again because the API goes on refusing the token.",
        level: Level::Must,
        sources: &["A53", "A54"],
        headings: &[CENTRAL, HOW_TO_REFRESH],
        failure: "Each 401 brings another renewal, without end.",
        method: "An API that answers 401 to everything: one call may renew twice.",
        check: Check::Client { needs: REFRESH, check: refusal_is_not_renewed_away },
    },
    Rule {
        id: "OAU-025",
        title: "A good token is not renewed",
        statement: "A client MUST NOT renew an access token that is valid for hours and was not refused.",
        level: Level::Must,
        sources: &["A45", "A47", "A50"],
        headings: &[LIFECYCLE, HOW_TO_REFRESH],
        failure: "Every call renews, or a 503 of the API does.",
        method: "Calls with a new token, calls after a renewal, and calls that the API answers with 403, 429, \
                 500, 503 or not at all: no renewal may be received.",
        check: Check::Client { needs: REFRESH, check: good_token_is_not_renewed },
    },
    Rule {
        id: "OAU-026",
        title: "A code is exchanged once",
        statement: "A client MUST NOT exchange a code again that was exchanged (RFC 6749, section 4.1.2).",
        level: Level::Must,
        sources: &["A41"],
        headings: &[REDIRECTS],
        failure: "The token endpoint receives the same code twice.",
        method: "Whole authorisations, whose redirect comes back twice: exchanges of the code are counted.",
        check: Check::Client { needs: OAUTH, check: code_is_exchanged_once },
    },
    Rule {
        id: "OAU-027",
        title: "A code is sent as it came",
        statement: "A client MUST exchange the code exactly as the redirect had it.",
        level: Level::Must,
        sources: &["A43"],
        headings: &[REDIRECTS],
        failure: "A plus sign in the code has become a blank, or the code is decoded twice.",
        method: "Codes with every character that means something in a URL or a form: the code that is received \
                 is compared.",
        check: Check::Client { needs: OAUTH, check: code_arrives_unchanged },
    },
    Rule {
        id: "OAU-028",
        title: "A renewal asks for no more",
        statement: "A client MUST NOT ask for scopes in a renewal that it was not given (RFC 6749, section 6).",
        level: Level::Must,
        sources: &["Z50", "A44"],
        headings: &[HOW_TO_REFRESH, OVERVIEW_SECURITY],
        failure: "A renewal has a scope that the user has not granted.",
        method: "Renewals of tokens whose scopes are known: the parameter scope, if there is one.",
        check: Check::Client { needs: REFRESH, check: renewal_asks_for_no_more },
    },
    Rule {
        id: "OAU-029",
        title: "A refresh token is sent as it was given",
        statement: "A client MUST present a refresh token exactly as it was issued.",
        level: Level::Must,
        sources: &["A44", "A49"],
        headings: &[LIFECYCLE, HOW_TO_REFRESH],
        failure: "The refresh token is not form-encoded, so that a plus sign becomes a blank.",
        method: "Refresh tokens with every visible character of ASCII: the token that is received is compared.",
        check: Check::Client { needs: REFRESH, check: refresh_token_arrives_unchanged },
    },
];
