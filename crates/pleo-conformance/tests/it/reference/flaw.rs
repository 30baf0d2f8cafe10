//! What a faulty client does wrong: each flaw is one thing, and one rule has to catch it.

macro_rules! flaws {
    ($($(#[$documentation:meta])* $flaw:ident $name:literal $rule:literal)*) => {
        /// One thing that a faulty client does wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Flaw {
            $($(#[$documentation])* $flaw,)*
        }

        /// Every flaw, its name, and the rule that has to catch it.
        pub(crate) const FLAWS: &[(Flaw, &str, &str)] = &[$((Flaw::$flaw, $name, $rule),)*];
    };
}

flaws! {
    /// Sends an API key as a bearer token.
    KeyAsBearer "key_as_bearer" "AUTH-001"
    /// Leaves out the Base64 encoding.
    KeyUnencoded "key_unencoded" "AUTH-002"
    /// Encodes the key without the colon that ends the user name.
    KeyWithoutColon "key_without_colon" "AUTH-002"
    /// Leaves out the padding of Base64.
    KeyUnpadded "key_unpadded" "AUTH-002"
    /// Encodes with the alphabet for URLs.
    KeyBase64Url "key_base64_url" "AUTH-002"
    /// Sends the key as password of no user.
    KeyAsPassword "key_as_password" "AUTH-003"
    /// Sends the key as user name and password.
    KeyInBothFields "key_in_both_fields" "AUTH-004"
    /// Sends an access token as user name.
    TokenAsBasic "token_as_basic" "AUTH-005"
    /// Loses the last character of an access token.
    TokenCut "token_cut" "AUTH-006"
    /// Percent-encodes an access token.
    TokenReencoded "token_reencoded" "AUTH-006"
    /// Sends the header twice.
    HeaderTwice "header_twice" "AUTH-007"
    /// Forgets the header.
    HeaderMissing "header_missing" "AUTH-007"
    /// Asks the authorisation server for a token first, as if an API key needed one.
    KeyExchanged "key_exchanged" "AUTH-008"
    /// Sends a key with a colon, which Basic reads as user name and password.
    ColonInKeySent "colon_in_key_sent" "AUTH-009"
    /// Takes an access token for a JWT and believes its expiry.
    TokenParsed "token_parsed" "AUTH-010"

    /// Begins in staging, even if it was set up for production.
    StagingByDefault "staging_by_default" "ENV-001"
    /// Does not compare the credential's environment with the base URL's.
    StagingKeyInProduction "staging_key_in_production" "ENV-002"
    /// Keeps the first credential of a session when the environment changes.
    EnvironmentSwitchedWithoutCredential "environment_switched_without_credential" "ENV-003"
    /// Has production's base URL without TLS.
    BuiltInHttp "built_in_http" "ENV-004"
    /// Has a base URL for production that only resembles it.
    BuiltInLookalike "built_in_lookalike" "ENV-004"
    /// Has somebody else's address for tests.
    BuiltInElsewhere "built_in_elsewhere" "ENV-004"
    /// Looks at the beginning of a base URL only.
    LookalikeHost "lookalike_host" "ENV-005"
    /// Sends to any address that it knows nothing of.
    WrongHostAccepted "wrong_host_accepted" "ENV-005"

    /// Sends a legacy token as a bearer token.
    LegacyTokenAccepted "legacy_token_accepted" "LEG-001"
    /// Sends new credentials to the legacy API.
    LegacyHostAccepted "legacy_host_accepted" "LEG-002"

    /// Does not add the bound company.
    CompanyMissing "company_missing" "CMP-001"
    /// Puts the company into a header.
    CompanyInHeader "company_in_header" "CMP-002"
    /// Puts the company into the body where the query takes it.
    CompanyInBodyNotQuery "company_in_body_not_query" "CMP-002"
    /// Puts the company into the query where the body takes it.
    CompanyInQueryNotBody "company_in_query_not_body" "CMP-002"
    /// Takes `company_id` for `companyId` and the other way round.
    CompanyMisspelled "company_misspelled" "CMP-003"
    /// Names the company twice in the query.
    CompanyTwice "company_twice" "CMP-004"
    /// Adds another company than the bound one.
    CompanyOfAnother "company_of_another" "CMP-005"
    /// Sends a request that names another company.
    OtherCompanyAccepted "other_company_accepted" "CMP-006"
    /// Replaces another company by the bound one without a word.
    OtherCompanyOverwritten "other_company_overwritten" "CMP-006"
    /// Sends a request without the company that it needs.
    CompanyNotRequired "company_not_required" "CMP-007"
    /// Adds a company to requests that take none.
    CompanyEverywhere "company_everywhere" "CMP-008"

    /// Does not look at scopes.
    ScopesIgnored "scopes_ignored" "SCP-001"
    /// Asks for a scope that nobody asked for.
    ScopesOverread "scopes_overread" "SCP-002"
    /// Tries again what was forbidden.
    ForbiddenRetried "forbidden_retried" "SCP-003"

    /// Puts an API key into the query, too.
    KeyInQuery "key_in_query" "SEC-001"
    /// Puts an access token into the query, too.
    TokenInQuery "token_in_query" "SEC-001"
    /// Puts an API key into the `User-Agent`, too.
    KeyInUserAgent "key_in_user_agent" "SEC-002"
    /// Puts an API key into a cookie, too.
    KeyInCookie "key_in_cookie" "SEC-002"
    /// Puts an API key into a header of its own, too.
    KeyInOwnHeader "key_in_own_header" "SEC-002"
    /// Shows the credential in debugging output.
    SecretInDebug "secret_in_debug" "SEC-003"
    /// Shows the credential in an error.
    SecretInError "secret_in_error" "SEC-004"
    /// Shows the credential in the reason of a refusal.
    SecretInRefusal "secret_in_refusal" "SEC-004"
    /// Writes the credential to the log.
    SecretInLog "secret_in_log" "SEC-005"
    /// Writes the credential to the log as Basic encodes it.
    EncodedSecretInLog "encoded_secret_in_log" "SEC-005"
    /// Follows a redirect, credential and all.
    RedirectFollowed "redirect_followed" "SEC-006"
    /// Keeps the first credential of a session when it is replaced.
    KeyCached "key_cached" "SEC-007"

    /// Joins base URL and path by a slash too many.
    DoubleSlash "double_slash" "URL-001"
    /// Ends the path with a slash.
    TrailingSlash "trailing_slash" "URL-001"
    /// Calls another version of the API.
    OtherVersion "other_version" "URL-001"
    /// Takes POST for PUT and the other way round.
    MethodChanged "method_changed" "URL-002"
    /// Percent-encodes path parameters twice.
    PathReencoded "path_reencoded" "URL-003"
    /// Writes the ids of a path without hyphens.
    PathWithoutHyphens "path_without_hyphens" "URL-003"
    /// Joins the values of a query parameter by commas.
    ListJoined "list_joined" "URL-004"
    /// Percent-encodes query parameters twice.
    QueryReencoded "query_reencoded" "URL-004"
    /// Sends a body as a form.
    BodyAsForm "body_as_form" "URL-005"
    /// Does not say that the body is JSON.
    BodyWithoutType "body_without_type" "URL-005"
    /// Wraps a body into another object, as Pleo's answers are.
    BodyWrapped "body_wrapped" "URL-005"
    /// Refuses everything.
    RefusesEverything "refuses_everything" "URL-006"
    /// Sends what succeeded once more.
    SentTwice "sent_twice" "URL-006"

    /// Does not use PKCE.
    NoPkce "no_pkce" "OAU-001"
    /// Uses PKCE with the method `plain`.
    PlainPkce "plain_pkce" "OAU-002"
    /// Uses one state for all authorisations.
    StateFixed "state_fixed" "OAU-003"
    /// Counts its authorisations, and takes the number for a state.
    StateCounted "state_counted" "OAU-003"
    /// Uses a state that can be guessed.
    StateShort "state_short" "OAU-003"
    /// Does not compare the state.
    StateIgnored "state_ignored" "OAU-004"
    /// Exchanges a code that came without any state.
    MissingStateAccepted "missing_state_accepted" "OAU-004"
    /// Exchanges a code that came with an error.
    ErrorIgnored "error_ignored" "OAU-005"
    /// Exchanges nothing when there is no code.
    MissingCodeExchanged "missing_code_exchanged" "OAU-005"
    /// Exchanges with a verifier that it has just made up.
    WrongVerifier "wrong_verifier" "OAU-006"
    /// Uses one verifier for all authorisations.
    VerifierFixed "verifier_fixed" "OAU-006"
    /// Uses a verifier that is one character too short (RFC 7636, section 4.1).
    VerifierShort "verifier_short" "OAU-006"
    /// Exchanges without a verifier.
    VerifierMissing "verifier_missing" "OAU-006"
    /// Puts the client secret into the authorise URL.
    ClientSecretInUrl "client_secret_in_url" "OAU-007"
    /// Takes the verifier for the state, too.
    VerifierAsState "verifier_as_state" "OAU-007"
    /// Adds a slash to the redirect URI in both steps.
    RedirectUriChanged "redirect_uri_changed" "OAU-008"
    /// Adds a slash to the redirect URI in the exchange.
    RedirectUriChangedInExchange "redirect_uri_changed_in_exchange" "OAU-008"
    /// Lets each request renew for itself.
    RefreshStorm "refresh_storm" "OAU-009"
    /// Sends the old access token with the request for which it was renewed.
    OldAccessTokenKept "old_access_token_kept" "OAU-010"
    /// Goes on with the old refresh token after a refresh.
    OldRefreshTokenKept "old_refresh_token_kept" "OAU-011"
    /// Sends a refresh token again that the server has called invalid.
    DeadRefreshTokenReused "dead_refresh_token_reused" "OAU-012"
    /// Tries a failing refresh fifty times.
    RefreshRetriedEndlessly "refresh_retried_endlessly" "OAU-013"
    /// Takes a failing authorisation server for the end of the session.
    TransientFailureEndsSession "transient_failure_ends_session" "OAU-013"
    /// Never renews.
    ExpiredTokenSent "expired_token_sent" "OAU-014"
    /// Authenticates the app in the form.
    ClientSecretInBody "client_secret_in_body" "OAU-015"
    /// Authenticates the app in the form, and by Basic.
    ClientSecretInBodyToo "client_secret_in_body_too" "OAU-015"
    /// Does not say which app it is.
    AppUnnamed "app_unnamed" "OAU-015"
    /// Names the app without its secret.
    AppWithoutSecret "app_without_secret" "OAU-015"
    /// Sends the app's id and secret by Bearer.
    AppByBearer "app_by_bearer" "OAU-015"
    /// Renews at staging's authorisation server always.
    RefreshElsewhere "refresh_elsewhere" "OAU-016"
    /// Sends the user to the other environment.
    AuthorizedElsewhere "authorized_elsewhere" "OAU-017"
    /// Exchanges the code in the other environment.
    ExchangedElsewhere "exchanged_elsewhere" "OAU-017"
    /// Puts the refresh token into a header of its own, too.
    RefreshTokenInHeader "refresh_token_in_header" "OAU-018"
    /// Writes the refresh token to the log.
    RefreshTokenInLog "refresh_token_in_log" "OAU-019"
    /// Writes the refresh token to the log when all goes well.
    RefreshTokenInLogOfSuccess "refresh_token_in_log_of_success" "OAU-019"
    /// Writes the refresh token to the log when the authorisation server is not available.
    RefreshTokenInLogOfTrouble "refresh_token_in_log_of_trouble" "OAU-019"
    /// Shows the client secret in debugging output.
    ClientSecretInDebug "client_secret_in_debug" "OAU-019"
}
