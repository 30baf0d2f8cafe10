//! OAuth 2.0: authorisation, exchange, renewal.

mod authorisation;
mod exchanges;
mod renewal;
mod responses;
mod secrets;

use self::{
    authorisation::{
        authorised_where_chosen, challenge_is_s256, code_arrives_unchanged, code_is_exchanged_once,
        error_is_believed, has_challenge, no_secret_in_url, other_state_is_refused, redirect_uri_is_exact,
        scopes_are_asked_for, state_is_fresh, tokens_are_asked_for_by_a_form, url_asks_for_code,
        verifier_belongs,
    },
    renewal::{
        app_goes_by_basic, bad_moment_ends_nothing, dead_token_stays_dead, expired_token_is_renewed,
        good_token_is_not_renewed, new_access_token_is_used, newest_refresh_token_is_used,
        one_renewal_at_a_time, refresh_token_arrives_unchanged, refusal_is_not_renewed_away,
        renewal_asks_for_no_more, renewed_where_made, repeated_request_is_the_same,
    },
    responses::{only_issued_tokens_are_sent, unknown_token_type_is_not_used},
    secrets::{
        authorisation_secrets_are_not_shown, exchange_secrets_stay, oauth_secrets_are_not_shown,
        oauth_secrets_stay,
    },
};
use super::{BASE_URLS_OAUTH, Check, OVERVIEW_SECURITY, Rule, WORKFLOW_REQUEST};
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
        level_reason: "The client configuration page has every connection begin with the authorization code \
                       grant and PKCE, and offers no other way.",
        sources: &["A25", "A26", "A36"],
        headings: &[AUTHORISE, PKCE],
        failure: "The authorise URL has no code_challenge.",
        method: "Any app, scopes and environment: the parameters of the URL.",
        check: Check::Client { needs: OAUTH, check: has_challenge },
    },
    Rule {
        id: "OAU-002",
        title: "The challenge is S256",
        statement: "A client MUST use the challenge method S256, and a challenge in its form: 43 characters of \
                    Base64 for URLs, without padding (RFC 7636, section 4.2).",
        level: Level::Must,
        level_reason: "The client configuration page accepts S256 and never `plain`.",
        sources: &["A26", "A27"],
        headings: &[AUTHORISE, PKCE],
        failure: "code_challenge_method is `plain` or missing, which means the same; or the challenge is \
                  padded, or in hexadecimal.",
        method: "Any app, scopes and environment: the parameters of the URL.",
        check: Check::Client { needs: OAUTH, check: challenge_is_s256 },
    },
    Rule {
        id: "OAU-003",
        title: "The state is fresh",
        statement: "A client MUST give every authorisation a state that cannot be guessed.",
        level: Level::Must,
        level_reason: "The page on authorising puts a state into every request, and the page on redirects says \
                       what it is for: no forged redirect may be exchanged. A state that others can guess does \
                       not prevent that (RFC 6749, section 10.12).",
        sources: &["A36", "A40"],
        headings: &[AUTHORISE, REDIRECTS],
        failure: "The state is missing, too short, or almost the same as another.",
        method: "Three authorisations, two of them by one client: the length of the states, and how much they \
                 differ.",
        check: Check::Client { needs: OAUTH, check: state_is_fresh },
    },
    Rule {
        id: "OAU-004",
        title: "A wrong state prevents the exchange",
        statement: "A client MUST NOT exchange a code that comes back with a wrong state, or without one.",
        level: Level::Must,
        level_reason: "The page on redirects says that nothing may be exchanged when the state differs.",
        sources: &["A40"],
        headings: &[REDIRECTS],
        failure: "The token endpoint receives the code of a redirect with a wrong state.",
        method: "Redirects without a state, and with one that is nearly right: longer, shorter, in another \
                 case, of an earlier authorisation, before the right one. The token endpoint may not receive \
                 anything. With the right state it has to receive the code.",
        check: Check::Client { needs: OAUTH, check: other_state_is_refused },
    },
    Rule {
        id: "OAU-005",
        title: "An error prevents the exchange",
        statement: "A client MUST NOT continue after a redirect that carries an error, or no code.",
        level: Level::Must,
        level_reason: "The page on redirects says that nothing may be exchanged without a code. An error \
                       means that the user or the server refused.",
        sources: &["A39", "A40"],
        headings: &[REDIRECTS],
        failure: "The token endpoint receives a request although the user declined.",
        method: "Redirects with one of four errors, with or without a code, and redirects without an error whose \
                 code is missing or empty: the token endpoint may not receive anything.",
        check: Check::Client { needs: OAUTH, check: error_is_believed },
    },
    Rule {
        id: "OAU-006",
        title: "The verifier belongs to the challenge",
        statement: "A client MUST make a verifier for each authorisation, and exchange the code with the one whose \
                    challenge it began with.",
        level: Level::Must,
        level_reason: "The exchange has to send the verifier of its own challenge. A verifier that is used \
                       twice protects neither authorisation (RFC 7636, section 7.1).",
        sources: &["A27", "A43"],
        headings: &[REDIRECTS, PKCE],
        failure: "code_verifier is missing, too short, that of another challenge, always the same, made from \
                  the state, or has characters that a verifier cannot have.",
        method: "Whole authorisations: the received verifier is hashed and compared with the challenge.",
        check: Check::Client { needs: OAUTH, check: verifier_belongs },
    },
    Rule {
        id: "OAU-007",
        title: "The authorise URL holds no secret",
        statement: "A client MUST NOT put the client secret or the verifier into the URL to which it sends \
                    the user.",
        level: Level::Must,
        level_reason: "The user's browser, its history and its extensions see the URL. The page on PKCE \
                       keeps the verifier out of this step.",
        sources: &["A27", "A35", "A41"],
        headings: &[AUTHORISE, PKCE],
        failure: "The client secret is in the user's browser and its history.",
        method: "Any app, scopes and environment: the URL is searched for the client secret, for text whose hash is \
                 the challenge, for the verifier that is sent later, and for parameters of these names.",
        check: Check::Client { needs: OAUTH, check: no_secret_in_url },
    },
    Rule {
        id: "OAU-008",
        title: "The redirect URI is the registered one",
        statement: "A client MUST send the redirect URI exactly as it is registered, in the authorise URL \
                    and in the exchange.",
        level: Level::Must,
        level_reason: "The registration page says that a redirect URI has to match exactly.",
        sources: &["A30", "A43"],
        headings: &[REGISTRATION, REDIRECTS],
        failure: "A slash is added, or the query is lost.",
        method: "Redirect URIs with and without port and query, with capitals, `&`, `+` and \
                 percent-encoding: the authorise URL and the exchange are compared with them.",
        check: Check::Client { needs: OAUTH, check: redirect_uri_is_exact },
    },
    Rule {
        id: "OAU-009",
        title: "One renewal at a time",
        statement: "A client MUST renew an expired token once, and all its requests MUST wait for the new one.",
        level: Level::Must,
        level_reason: "The page on refreshing asks for one renewal at a time, and for requests to be held back \
                       until it is done. A second one presents a refresh token that the first has ended.",
        sources: &["A51"],
        headings: &[CENTRAL],
        failure: "Each waiting request renews the token, and each renewal ends the others' tokens.",
        method: "Eight requests at the same time with a token that the client knows to have expired, or that the \
                 API refuses: renewals are counted. A client that renews before the API has refused the token may \
                 send no request with the old one meanwhile. Any other client may send each request with it once.",
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
        level_reason: "The token overview says that a renewal ends all earlier tokens.",
        sources: &["A47"],
        headings: &[LIFECYCLE],
        failure: "After a renewal the API receives the old access token.",
        method: "A request with a token that the client knows to have expired, or that the API refuses, as the first \
                 or a later renewal of a session: the received token is compared with the new one.",
        check: Check::Client { needs: REFRESH, check: new_access_token_is_used },
    },
    Rule {
        id: "OAU-011",
        title: "The newest refresh token is used",
        statement: "A client MUST discard a refresh token once it has received the next.",
        level: Level::Must,
        level_reason: "The token overview says that a renewal ends all earlier tokens. Presenting an old \
                       refresh token ends the new ones, too.",
        sources: &["A47", "A48"],
        headings: &[LIFECYCLE, CENTRAL],
        failure: "The second renewal presents the first refresh token, which ends the authorisation.",
        method: "Two to four renewals, the first of an expired token and each later one after the newest access token was \
                 revoked; by one call or several at the same time, or while the API fails: the refresh token that the \
                 last one presents.",
        check: Check::Client { needs: REFRESH, check: newest_refresh_token_is_used },
    },
    Rule {
        id: "OAU-012",
        title: "A refused renewal ends the use of the tokens",
        statement: "A client MUST NOT send the expired access token after its renewal was refused in the same call. Once its \
                    refresh token was refused, it MUST NOT send either token again.",
        level: Level::Must,
        level_reason: "The page on refreshing says that a client has to stop when a refresh token is dead, and \
                       send nothing more to the API. Presenting it again ends the living tokens.",
        sources: &["A48", "A53", "A54", "A55"],
        headings: &[LIFECYCLE, CENTRAL, HOW_TO_REFRESH],
        failure: "Every call sends the same refresh token, or the expired access token is sent when the renewal fails.",
        method: "Three calls with a refresh token or an app that the server does not know: how often the server receives \
                 a refresh token that it has refused, and whether the API receives the access token after the refusal.",
        check: Check::Client { needs: REFRESH, check: dead_token_stays_dead },
    },
    Rule {
        id: "OAU-013",
        title: "A temporary failure does not end the authorisation",
        statement: "A client MUST NOT repeat a failing renewal without end, and MUST NOT give up the \
                    authorisation because of it.",
        level: Level::Must,
        level_reason: "The page on refreshing asks for backing off, for a limited time, when a failure may \
                       pass.",
        sources: &["A53"],
        headings: &[CENTRAL],
        failure: "The token endpoint receives dozens of requests, or never another one.",
        method: "A call while the token endpoint accepts no connection, breaks it off, or responds with 429, 500, 502, \
                 503, 504 or with 200 and no tokens: it may make ten attempts. Then a call once the server has recovered: \
                 it has to make one, unless the connection broke off, or the response was a 504 or had no tokens.",
        check: Check::Client { needs: REFRESH, check: bad_moment_ends_nothing },
    },
    Rule {
        id: "OAU-014",
        title: "An expired token is renewed",
        statement: "A client SHOULD renew an access token that has expired: before sending it, or after it \
                    was refused.",
        level: Level::Should,
        level_reason: "The documents leave open when a client renews, and a client may leave it to its \
                       caller.",
        sources: &["A50", "A45"],
        headings: &[HOW_TO_REFRESH],
        failure: "The API refuses the expired token, and the client does not renew it.",
        method: "A request with an expired token: whether the token endpoint receives a renewal.",
        check: Check::Client { needs: REFRESH, check: expired_token_is_renewed },
    },
    Rule {
        id: "OAU-015",
        title: "The app authenticates with Basic",
        statement: "A client SHOULD authenticate the app at the token endpoint by HTTP Basic.",
        level: Level::Should,
        level_reason: "The pages give both HTTP Basic and a form as ways to send the client secret.",
        sources: &["A28", "A43"],
        headings: &[CONFIGURATION, PKCE],
        failure: "The client secret is in the body.",
        method: "Renewals and exchanges: header and body of the request to the token endpoint.",
        check: Check::Client { needs: REFRESH, check: app_goes_by_basic },
    },
    Rule {
        id: "OAU-016",
        title: "Tokens are renewed where they were made",
        statement: "A client MUST renew tokens at the authorisation server of their environment.",
        level: Level::Must,
        level_reason: "Each environment has its own authorisation server and client credentials, which are \
                       of no use in the other.",
        sources: &["A22", "V2", "V8"],
        headings: &[CONFIGURATION],
        failure: "Staging receives a production refresh token, or a redirect takes it to another server.",
        method: "Renewals in both environments, the first of a session or a later one, with and without a redirect as \
                 the response: the servers that receive the refresh token or the client secret.",
        check: Check::Client { needs: REFRESH, check: renewed_where_made },
    },
    Rule {
        id: "OAU-017",
        title: "An authorisation stays in its environment",
        statement: "A client MUST send the user, and then the code, to the authorisation server of the chosen \
                    environment.",
        level: Level::Must,
        level_reason: "Each environment has its own authorisation server and client credentials, which are \
                       of no use in the other.",
        sources: &["A22", "A23", "V2", "V8"],
        headings: &[CONFIGURATION, AUTHORISE],
        failure: "The user is sent to another host, or another server receives the code.",
        method: "Whole authorisations in both environments, with and without a redirect as the response to the \
                 exchange: the authorise URL, and the servers that receive the code or the client secret.",
        check: Check::Client { needs: OAUTH, check: authorised_where_chosen },
    },
    Rule {
        id: "OAU-018",
        title: "Tokens and client secret stay where they belong",
        statement: "A client MUST NOT put a token or the client secret into a URL, into any header other than \
                    Authorization, or into the body of a request to the API.",
        level: Level::Must,
        level_reason: "The page on token storage keeps tokens out of logs, and URLs are logged by every \
                       server and proxy. The client secret is not a credential for the API.",
        sources: &["A35", "A57"],
        headings: &[TOKEN_STORAGE, HOW_TO_REFRESH],
        failure: "The refresh token is in a header, or the API receives the client secret.",
        method: "Requests with an expired token, the renewals before them, whether these succeed or are refused, and \
                 a later call: all their parts are searched for the client secret and for the access and refresh \
                 tokens, old and new. The API's Authorization header is searched for the client secret and for the \
                 refresh tokens.",
        check: Check::Client { needs: REFRESH, check: oauth_secrets_stay },
    },
    Rule {
        id: "OAU-019",
        title: "Tokens and client secret are not shown",
        statement: "A client MUST NOT show a token or the client secret in a log, in an error or in debugging \
                    output.",
        level: Level::Must,
        level_reason: "The page on token storage says that tokens are never logged.",
        sources: &["A57"],
        headings: &[TOKEN_STORAGE, HOW_TO_REFRESH],
        failure: "The log of a renewal contains the refresh token.",
        method: "First and second renewals that succeed, fail in any way, and are refused, and the call after \
                 them: every text that the client shows is searched for the client secret and for the access and \
                 refresh tokens, old and new.",
        check: Check::Client {
            needs: &[Capability::Refresh, Capability::Shown],
            check: oauth_secrets_are_not_shown,
        },
    },
    Rule {
        id: "OAU-020",
        title: "The scopes are those that were given",
        statement: "A client MUST ask for the scopes that it was given, separated by spaces, and for no \
                    others.",
        level: Level::Must,
        level_reason: "The page on authorising makes `scope` part of the URL, and the key overview asks for \
                       no more scopes than are needed.",
        sources: &["Z50", "A36"],
        headings: &[AUTHORISE, OVERVIEW_SECURITY],
        failure: "Scopes are joined by commas, left out, or added.",
        method: "Any app, scopes and environment: the `scope` parameter of the URL.",
        check: Check::Client { needs: OAUTH, check: scopes_are_asked_for },
    },
    Rule {
        id: "OAU-021",
        title: "The authorise URL asks for a code",
        statement: "A client MUST send the user to a valid URL with response_type=code and the app's client_id.",
        level: Level::Must,
        level_reason: "The page on authorising lists these parameters as part of every authorise URL.",
        sources: &["A36"],
        headings: &[AUTHORISE],
        failure: "response_type is missing or says `token`, a parameter is there twice, or the URL contains a \
                  space.",
        method: "Any app, scopes and environment: the characters of the URL, and its parameters, each of which \
                 may be there once (RFC 6749, section 3.1).",
        check: Check::Client { needs: OAUTH, check: url_asks_for_code },
    },
    Rule {
        id: "OAU-022",
        title: "Codes and verifiers are not shown",
        statement: "A client MUST NOT show a code, a verifier, the client secret or a new token during an \
                    authorisation, nor, where it refuses a redirect with another state, the right one.",
        level: Level::Must,
        level_reason: "The page on token storage says that tokens are never logged. A code with its \
                       verifier is worth as much as a token. The state is compared so that nobody else can \
                       bring a redirect, which those can who are told it.",
        sources: &["A27", "A40", "A41", "A57"],
        headings: &[REDIRECTS, TOKEN_STORAGE],
        failure: "The log of an exchange contains the code.",
        method: "Authorisations that succeed, whose redirect is not right, and whose exchange fails in any way: \
                 every text that the client shows is searched. For the right state those of a refusal are, but \
                 for logs and debugging output.",
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
        level_reason: "The second request answers the same call, and the workflow guide asks for the \
                       company id in every request.",
        sources: &["Z40", "A50"],
        headings: &[HOW_TO_REFRESH, WORKFLOW_REQUEST],
        failure: "The second request has lost its body, its query or its company.",
        method: "A request whose access token was revoked, which gets a 401: method, URL, body and media \
                 type of the second request are compared with the first.",
        check: Check::Client { needs: REFRESH, check: repeated_request_is_the_same },
    },
    Rule {
        id: "OAU-024",
        title: "A 401 for a new token is final",
        statement: "A client MUST NOT renew again and again because the API keeps refusing the token.",
        level: Level::Must,
        level_reason: "The page on refreshing forbids endless retries.",
        sources: &["A53", "A54"],
        headings: &[CENTRAL, HOW_TO_REFRESH],
        failure: "Each 401 leads to another renewal, without end.",
        method: "An API that responds to everything with 401: one call may renew twice.",
        check: Check::Client { needs: REFRESH, check: refusal_is_not_renewed_away },
    },
    Rule {
        id: "OAU-025",
        title: "A good token is not renewed",
        statement: "A client MUST NOT renew an access token that is valid for an hour and was not refused.",
        level: Level::Must,
        level_reason: "Each renewal ends all earlier tokens, so a needless one can fail other processes \
                       that share the pair.",
        sources: &["A45", "A47", "A50"],
        headings: &[LIFECYCLE, HOW_TO_REFRESH],
        failure: "Every call renews, or a 503 of the API does.",
        method: "Calls with a new token, calls after a renewal or for another company, calls that get 403, 429, 500, \
                 503 or no response, and the call after them: the token endpoint may not receive a renewal.",
        check: Check::Client { needs: REFRESH, check: good_token_is_not_renewed },
    },
    Rule {
        id: "OAU-026",
        title: "A code is exchanged once",
        statement: "A client SHOULD NOT exchange the same code again (RFC 6749, section 4.1.2).",
        level: Level::Should,
        level_reason: "The rule comes from RFC 6749 alone, whose section 4.1.2 forbids a second use and lets the \
                       server revoke the tokens. Without a response the code may have been used. Pleo's pages say \
                       that a code is short-lived, and not how often it works.",
        sources: &["A41"],
        headings: &[REDIRECTS],
        failure: "The token endpoint receives the same code twice.",
        method: "Whole authorisations whose exchange succeeds, or gets a 400 or no response. After a success or a 400 the \
                 redirect is handed to the client once more. Exchanges of the code are counted. A server that responds \
                 with 503 may receive ten.",
        check: Check::Client { needs: OAUTH, check: code_is_exchanged_once },
    },
    Rule {
        id: "OAU-027",
        title: "A code is sent as it was received",
        statement: "A client MUST exchange the code exactly as the redirect contained it.",
        level: Level::Must,
        level_reason: "Any other text is another code.",
        sources: &["A43"],
        headings: &[REDIRECTS],
        failure: "A plus sign in the code has become a space, or the code is decoded twice.",
        method: "Codes with every character that has a meaning in a URL or a form: the received code is \
                 compared.",
        check: Check::Client { needs: OAUTH, check: code_arrives_unchanged },
    },
    Rule {
        id: "OAU-028",
        title: "A renewal does not ask for more scopes",
        statement: "A client SHOULD NOT ask for scopes in a renewal that it was not given (RFC 6749, section 6).",
        level: Level::Should,
        level_reason: "The rule comes from RFC 6749 alone, whose section 6 forbids scopes in a renewal that the \
                       user did not grant. Pleo's page on refreshing lists no scope among the parameters and does \
                       not forbid one; the key overview recommends few scopes.",
        sources: &["Z50", "A44"],
        headings: &[HOW_TO_REFRESH, OVERVIEW_SECURITY],
        failure: "A renewal names a scope that the user has not granted.",
        method: "Renewals of tokens whose scopes the client knows, and of others: the `scope` parameter, if there is \
                 one.",
        check: Check::Client { needs: REFRESH, check: renewal_asks_for_no_more },
    },
    Rule {
        id: "OAU-029",
        title: "A refresh token is sent as it was given",
        statement: "A client MUST present a refresh token exactly as it was issued.",
        level: Level::Must,
        level_reason: "The token overview asks for tokens to be sent back byte for byte; any other text is \
                       another token.",
        sources: &["A44", "A49"],
        headings: &[LIFECYCLE, HOW_TO_REFRESH],
        failure: "The refresh token is not form-encoded, so that a plus sign becomes a space.",
        method: "Refresh tokens with every visible ASCII character: the received token is compared.",
        check: Check::Client { needs: REFRESH, check: refresh_token_arrives_unchanged },
    },
    Rule {
        id: "OAU-030",
        title: "An exchange keeps its secrets in the body",
        statement: "A client MUST NOT put the code, the verifier or the client secret into the URL of the exchange, \
                    or into any header other than Authorization (RFC 6749, section 2.3.1).",
        level: Level::Must,
        level_reason: "The pages put code, verifier and redirect URI into the body, and say that the client secret \
                       must not become public.",
        sources: &["A35", "A43"],
        headings: &[REDIRECTS, PKCE],
        failure: "The code is in the query of the token endpoint, and so in the log of every server and proxy.",
        method: "Whole authorisations: URL and headers of the exchange are searched for the code, the verifier and \
                 the client secret.",
        check: Check::Client { needs: OAUTH, check: exchange_secrets_stay },
    },
    Rule {
        id: "OAU-031",
        title: "Tokens are requested with a form",
        statement: "A client MUST exchange the code of a right redirect, and MUST request tokens with a POST of a form \
                    that has the grant type.",
        level: Level::Must,
        level_reason: "The pages give the request as a form with these parameters. Without it a client never gets \
                       a token.",
        sources: &["A43", "A44"],
        headings: &[REDIRECTS, HOW_TO_REFRESH],
        failure: "A right redirect is refused, or the token endpoint receives JSON.",
        method: "Whole authorisations, and renewals: whether an exchange is received, and method, media type and \
                 grant type of the request.",
        check: Check::Client { needs: OAUTH, check: tokens_are_asked_for_by_a_form },
    },
    Rule {
        id: "OAU-032",
        title: "Only tokens that were issued are sent",
        statement: "A client MUST send only access and refresh tokens that were issued. After a success of the token \
                    endpoint without an access token (RFC 6749, section 5.1), the call that asked for one MUST NOT go on \
                    with the old one.",
        level: Level::Must,
        level_reason: "The page on refreshing says that a response has both tokens, and that calls have to stop when a \
                       renewal has failed. What no response has brought is not a token.",
        sources: &["A45", "A54", "A55"],
        headings: &[HOW_TO_REFRESH, REDIRECTS],
        failure: "The API receives `Bearer None`, `Bearer undefined`, an empty token, or the old one once more.",
        method: "Exchanges and renewals whose response is a success without an access token (missing, null, empty, an \
                 object, an error, HTML, no body, JSON that is cut off) or without a refresh token, once or for a while: \
                 what the API and the token endpoint receive then, and in two later calls.",
        check: Check::Client { needs: &[], check: only_issued_tokens_are_sent },
    },
    Rule {
        id: "OAU-033",
        title: "A token of an unknown type is not used",
        statement: "A client SHOULD NOT send a token whose token_type is not Bearer (RFC 6749, section 7.1).",
        level: Level::Should,
        level_reason: "RFC 6749, section 7.1, forbids it. Pleo's pages have access tokens sent as Bearer and do not mention \
                       the type.",
        sources: &["A2", "A45"],
        headings: &[HOW_TO_REFRESH, BASE_URLS_OAUTH],
        failure: "A token that is bound to a key is sent without it.",
        method: "Exchanges and renewals whose response has both tokens and another type: whether the API receives the \
                 access token, then and in two later calls.",
        check: Check::Client { needs: &[], check: unknown_token_type_is_not_used },
    },
];
