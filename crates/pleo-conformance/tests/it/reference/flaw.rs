//! What a faulty client does wrong: each flaw is one thing, and one rule has to catch it.

macro_rules! flaws {
    ($($(#[$documentation:meta])* $flaw:ident $name:literal $rule:literal $([$($other:literal)*])?)*) => {
        /// One thing that a faulty client does wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Flaw {
            $($(#[$documentation])* $flaw,)*
        }

        /// Every flaw, its name, and the rule that has to catch it.
        pub(crate) const FLAWS: &[(Flaw, &str, &str)] = &[$((Flaw::$flaw, $name, $rule),)*];

        /// The further rules that may see a flaw, because it breaks them, too.
        pub(crate) fn also_caught_by(flaw: Flaw) -> &'static [&'static str] {
            match flaw {
                $(Flaw::$flaw => &[$($($other),*)?],)*
            }
        }
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
    /// Sends an empty key.
    EmptyKeySent "empty_key_sent" "AUTH-009"
    /// Takes an access token for a JWT and believes its expiry.
    TokenParsed "token_parsed" "AUTH-010"
    /// Wraps the Base64 of a key after 76 characters and puts a blank between the lines.
    KeyWrappedAt76 "key_wrapped_at_76" "AUTH-002"
    /// Wraps the Base64 of a key after 64 characters and puts a comma and a blank between the lines.
    KeyWrappedAt64 "key_wrapped_at_64" "AUTH-002"
    /// Wraps the Base64 of a key after 76 characters and sends the first line.
    KeyFirstLineOnly "key_first_line_only" "AUTH-002" ["AUTH-003"]
    /// Cuts a key after 64 characters.
    KeyCutAt64 "key_cut_at_64" "AUTH-003"
    /// Cuts a key after 128 characters.
    KeyCutAt128 "key_cut_at_128" "AUTH-003"
    /// Cuts a key after 255 characters, as a column of a database does.
    KeyCutAt255 "key_cut_at_255" "AUTH-003"
    /// Cuts an access token after 255 characters.
    TokenCutAt255 "token_cut_at_255" "AUTH-006"
    /// Percent-decodes a key before it sends it.
    KeyPercentDecoded "key_percent_decoded" "AUTH-003"
    /// Reads a plus sign in a key as a blank.
    KeyPlusAsBlank "key_plus_as_blank" "AUTH-003"
    /// Trims quotation marks off both ends of a key.
    KeyQuotesTrimmed "key_quotes_trimmed" "AUTH-003"
    /// Loses all quotation marks of a key, as a shell does.
    KeyQuotesLost "key_quotes_lost" "AUTH-003"
    /// Takes a key for a format and loses its percent signs.
    KeyFormatted "key_formatted" "AUTH-003"
    /// Replaces `$NAME` in a key by a variable that nobody has set.
    KeyVariablesExpanded "key_variables_expanded" "AUTH-003"
    /// Takes what follows a number sign in a key for a comment.
    KeyCommentCut "key_comment_cut" "AUTH-003"
    /// Escapes a key for HTML.
    KeyHtmlEscaped "key_html_escaped" "AUTH-003"
    /// Reads `&amp;`, `&lt;` and `&gt;` in a key as HTML.
    KeyHtmlUnescaped "key_html_unescaped" "AUTH-003"
    /// Takes a key of letters and digits for one that is encoded already.
    KeyTakenAsEncoded "key_taken_as_encoded" "AUTH-002" ["AUTH-003" "AUTH-004"]
    /// Strips the equals signs off the end of an access token.
    TokenUnpadded "token_unpadded" "AUTH-006"
    /// Reads a plus sign in an access token as a blank.
    TokenPlusAsBlank "token_plus_as_blank" "AUTH-006"
    /// Sends the header with the first of several requests only.
    LaterHeaderMissing "later_header_missing" "AUTH-007"
    /// Sends an API key as a bearer token from the second of several requests on.
    LaterKeyAsBearer "later_key_as_bearer" "AUTH-001"
    /// Sends the tokens that it keeps as user names.
    KeptTokenAsBasic "kept_token_as_basic" "AUTH-005" ["OAU-010" "OAU-014"]
    /// Sends the access token that it got for a code as user name.
    GrantedTokenAsBasic "granted_token_as_basic" "AUTH-005"
    /// Loses the last character of an access token that it has renewed.
    RenewedTokenCut "renewed_token_cut" "AUTH-006" ["OAU-010"]
    /// Percent-encodes the access token that it got for a code.
    GrantedTokenReencoded "granted_token_reencoded" "AUTH-006"
    /// Strips the equals signs off the end of the access token that it got for a code.
    GrantedTokenUnpadded "granted_token_unpadded" "AUTH-006"
    /// Sends the header twice with tokens that it keeps.
    KeptHeaderTwice "kept_header_twice" "AUTH-007"
    /// Forgets the header once it has renewed.
    RenewedHeaderMissing "renewed_header_missing" "AUTH-007" ["OAU-010" "OAU-023"]
    /// Tries a key as a bearer token when Basic was refused.
    KeyAsBearerAfter401 "key_as_bearer_after_401" "AUTH-001"
    /// Tries an access token as user name when Bearer was refused.
    TokenAsBasicAfter401 "token_as_basic_after_401" "AUTH-005"
    /// Tries both schemes at once when one was refused.
    TwoHeadersAfter401 "two_headers_after_401" "AUTH-007"
    /// Forgets the header when it tries again after a dropped connection.
    HeaderMissingAfterDrop "header_missing_after_drop" "AUTH-007" ["URL-008"]

    /// Begins in staging, even if it was set up for production.
    StagingByDefault "staging_by_default" "ENV-001" ["ENV-003"]
    /// Does not compare the credential's environment with the base URL's.
    StagingKeyInProduction "staging_key_in_production" "ENV-002"
    /// Keeps the first credential of a session when the environment changes.
    EnvironmentSwitchedWithoutCredential "environment_switched_without_credential" "ENV-003" ["AUTH-003"]
    /// Keeps the second environment's credential on the way back to the first.
    SecondCredentialKept "second_credential_kept" "ENV-003" ["AUTH-003" "AUTH-006"]
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
    /// Keeps the first base URL of a session, whatever environment comes later.
    BaseUrlCached "base_url_cached" "ENV-003"
    /// Sends the first request after a change of environments to the old base URL.
    BaseUrlLagging "base_url_lagging" "ENV-003"
    /// Sends the tokens that a session got in one environment to the other.
    SessionTokensInOtherEnvironment "session_tokens_in_other_environment" "ENV-003"
    /// Keeps the first base URL of a session when it sends access tokens.
    BaseUrlCachedForTokens "base_url_cached_for_tokens" "ENV-003"
    /// Compares environments in the first call of a session only.
    EnvironmentCheckedOnce "environment_checked_once" "ENV-002"
    /// Looks at unknown addresses in the first call of a session only.
    HostCheckedOnce "host_checked_once" "ENV-005"
    /// Takes the authorisation server's address for a base URL.
    AuthorizationServerAccepted "authorization_server_accepted" "ENV-005"
    /// Tries the other environment when a credential was refused.
    OtherEnvironmentAfter401 "other_environment_after_401" "ENV-001" ["ENV-002"]
    /// Tries the other environment when the service is not available.
    OtherEnvironmentAfter503 "other_environment_after_503" "ENV-001" ["ENV-002"]
    /// Tries the other environment when the connection broke off.
    OtherEnvironmentAfterDrop "other_environment_after_drop" "ENV-001" ["ENV-002"]

    /// Sends a legacy token as a bearer token.
    LegacyTokenAccepted "legacy_token_accepted" "LEG-001"
    /// Sends new credentials to the legacy API.
    LegacyHostAccepted "legacy_host_accepted" "LEG-002"
    /// Looks for legacy tokens in the first call of a session only.
    LegacyTokenCheckedOnce "legacy_token_checked_once" "LEG-001"
    /// Looks for the legacy address in the first call of a session only.
    LegacyHostCheckedOnce "legacy_host_checked_once" "LEG-002"
    /// Tries the legacy API when a credential was refused.
    LegacyAfter401 "legacy_after_401" "LEG-002" ["ENV-001"]
    /// Tries the legacy API when the service is not available.
    LegacyAfter503 "legacy_after_503" "LEG-002" ["ENV-001"]
    /// Tries the legacy API when the connection broke off.
    LegacyAfterDrop "legacy_after_drop" "LEG-002" ["ENV-001"]

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
    /// Adds the bound company to a query that names it.
    NamedCompanyAdded "named_company_added" "CMP-004"
    /// Adds the company once more when it tries again after a 429.
    CompanyTwiceAfter429 "company_twice_after_429" "CMP-004"
    /// Adds another company than the bound one.
    CompanyOfAnother "company_of_another" "CMP-005"
    /// Sends a request that names another company.
    OtherCompanyAccepted "other_company_accepted" "CMP-006"
    /// Compares the first company of a query only.
    FirstCompanyCompared "first_company_compared" "CMP-006"
    /// Compares the last company of a query only.
    LastCompanyCompared "last_company_compared" "CMP-006"
    /// Compares the first eight digits of a company only.
    CompanyComparedByBeginning "company_compared_by_beginning" "CMP-006"
    /// Does not compare the last digit of a company.
    LastDigitNotCompared "last_digit_not_compared" "CMP-006"
    /// Sends a request whose path names another company.
    OtherCompanyInPathAccepted "other_company_in_path_accepted" "CMP-011"
    /// Replaces another company by the bound one without a word.
    OtherCompanyOverwritten "other_company_overwritten" "CMP-006"
    /// Sends a request without the company that it needs.
    CompanyNotRequired "company_not_required" "CMP-007"
    /// Adds a company to requests that take none.
    CompanyEverywhere "company_everywhere" "CMP-008"
    /// Names the company in the first of several requests only.
    LaterCompanyMissing "later_company_missing" "CMP-001"
    /// Does not add the bound company to requests with tokens that it keeps.
    KeptCompanyMissing "kept_company_missing" "CMP-001"
    /// Leaves the company out when it tries again after a 404.
    CompanyMissingAfter404 "company_missing_after_404" "CMP-001"
    /// Keeps the first company of a session when another is bound.
    CompanyCached "company_cached" "CMP-009" ["CMP-005"]
    /// Goes on with the company of the call before when none is bound.
    CompanyNotForgotten "company_not_forgotten" "CMP-009"
    /// Keeps the first company of a session for as long as the credential is the same.
    CompanyKeptWithCredential "company_kept_with_credential" "CMP-009" ["CMP-005"]
    /// Writes the company without hyphens.
    CompanyWithoutHyphens "company_without_hyphens" "CMP-005"
    /// Writes the company in braces.
    CompanyInBraces "company_in_braces" "CMP-005"
    /// Writes the company as a URN.
    CompanyAsUrn "company_as_urn" "CMP-005"
    /// Sends an empty company when it is bound to none.
    UnboundCompanyEmpty "unbound_company_empty" "CMP-010" ["CMP-009"]
    /// Sends `null` for the company when it is bound to none.
    UnboundCompanyNull "unbound_company_null" "CMP-010" ["CMP-009"]
    /// Sends the word `undefined` for the company when it is bound to none.
    UnboundCompanyUndefined "unbound_company_undefined" "CMP-010" ["CMP-009"]
    /// Loses the company among the arguments when it is bound to none.
    UnboundCompanyLost "unbound_company_lost" "CMP-010"
    /// Loses the company in the body when it is bound to none.
    UnboundCompanyLostInBody "unbound_company_lost_in_body" "CMP-010"
    /// Sends a company of zeros when it is bound to none.
    UnboundCompanyNil "unbound_company_nil" "CMP-010" ["CMP-009"]

    /// Does not look at scopes.
    ScopesIgnored "scopes_ignored" "SCP-001"
    /// Does not look at the scopes of pairs that it keeps.
    ScopesOfPairsIgnored "scopes_of_pairs_ignored" "SCP-001"
    /// Asks for a scope that nobody asked for.
    ScopesOverread "scopes_overread" "SCP-002"
    /// Tries again what was forbidden.
    ForbiddenRetried "forbidden_retried" "SCP-003"
    /// Takes an empty list of scopes for all of them.
    EmptyScopesMeanAll "empty_scopes_mean_all" "SCP-001"
    /// Looks at what stands before the colon of a scope only.
    ReadScopeWrites "read_scope_writes" "SCP-001"
    /// Does not tell capitals from small letters in scopes.
    ScopesCaseIgnored "scopes_case_ignored" "SCP-001"
    /// Accepts a scope that only begins with the one that is needed.
    ScopesByBeginning "scopes_by_beginning" "SCP-001"
    /// Looks for the scope that is needed anywhere in the text of all scopes.
    ScopesBySubstring "scopes_by_substring" "SCP-001"
    /// Accepts a scope that only ends with the one that is needed.
    ScopesByEnd "scopes_by_end" "SCP-001"
    /// Accepts a scope that is a part of the one that is needed.
    ScopesByPart "scopes_by_part" "SCP-001"
    /// Takes `*` for all scopes.
    ScopeStarBelieved "scope_star_believed" "SCP-001"
    /// Takes `*` behind the area of a scope for all actions.
    ScopeAreaStarBelieved "scope_area_star_believed" "SCP-001"
    /// Refuses a credential that has more scopes than are needed.
    SupersetRefused "superset_refused" "SCP-002"
    /// Looks at the first scope of a credential only.
    FirstScopeOnlyKnown "first_scope_only_known" "SCP-002"
    /// Refuses an operation whose scopes nobody knows when those of the credential are known.
    UnknownScopesRefused "unknown_scopes_refused" "SCP-002"

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
    /// Keeps the first credential of a session when one with the same beginning replaces it.
    KeyCachedByBeginning "key_cached_by_beginning" "SEC-007"
    /// Tries the first credential of a session when the one that replaced it is refused.
    OldCredentialAfter401 "old_credential_after_401" "SEC-007"
    /// Goes on with the tokens of a session's first authorisation.
    SecondAuthorisationIgnored "second_authorisation_ignored" "SEC-007"
    /// Puts a key into the query of the second and later of several requests, too.
    LaterKeyInQuery "later_key_in_query" "SEC-001"
    /// Puts a key in capitals into the query, too.
    KeyUpperCaseInQuery "key_upper_case_in_query" "SEC-001"
    /// Puts a key into the query as Base64 for URLs, too.
    KeyBase64UrlInQuery "key_base64_url_in_query" "SEC-001"
    /// Puts the first half of an access token into the query, too.
    TokenHalfInQuery "token_half_in_query" "SEC-001"
    /// Puts a key into the query when the header was refused.
    KeyInQueryAfter401 "key_in_query_after_401" "SEC-001"
    /// Puts a key into the query when it tries again after a 503.
    KeyInQueryAfter503 "key_in_query_after_503" "SEC-001"
    /// Puts an access token into the query when the header was refused.
    TokenInQueryAfter401 "token_in_query_after_401" "SEC-001"
    /// Puts the access token that it got for a code into the query, too.
    GrantedTokenInQuery "granted_token_in_query" "SEC-001"
    /// Puts an access token that it keeps into the query, too.
    KeptTokenInQuery "kept_token_in_query" "SEC-001" ["OAU-018" "OAU-023"]
    /// Puts an access token into the query of the try for which it was renewed, too.
    RenewedTokenInQuery "renewed_token_in_query" "SEC-001" ["OAU-018" "OAU-023"]
    /// Puts the hexadecimal digits of a key into a header of its own, too.
    KeyHexInHeader "key_hex_in_header" "SEC-002"
    /// Puts the first half of a key into a header of its own, too.
    KeyHalfInHeader "key_half_in_header" "SEC-002"
    /// Puts a key in small letters into the `User-Agent`, too.
    KeyLowerCaseInUserAgent "key_lower_case_in_user_agent" "SEC-002"
    /// Puts an access token into a cookie as Base64 for URLs, too.
    TokenBase64UrlInCookie "token_base64_url_in_cookie" "SEC-002"
    /// Puts a key into the body as `\u` escapes, too.
    KeyEscapedInBody "key_escaped_in_body" "SEC-002" ["URL-005"]
    /// Puts a key into a header of its own when the right one was refused.
    KeyInOwnHeaderAfter401 "key_in_own_header_after_401" "SEC-002"
    /// Writes the hexadecimal digits of the credential to the log.
    SecretHexInLog "secret_hex_in_log" "SEC-005"
    /// Writes the credential to the log with white space after every ten characters.
    SecretWrappedInLog "secret_wrapped_in_log" "SEC-005"
    /// Writes the credential to the log but for its last four characters.
    SecretAlmostInLog "secret_almost_in_log" "SEC-005"
    /// Shows the credential in debugging output as `\u` escapes.
    SecretEscapedInDebug "secret_escaped_in_debug" "SEC-003"
    /// Shows the credential in debugging output as a list of bytes.
    SecretBytesInDebug "secret_bytes_in_debug" "SEC-003"
    /// Shows the credential in small letters in an error.
    SecretLowerCaseInError "secret_lower_case_in_error" "SEC-004"
    /// Shows the first half of the credential in an error.
    SecretHalfInError "secret_half_in_error" "SEC-004"
    /// Writes the credential to the log when it meets a redirect.
    SecretInLogOfRedirect "secret_in_log_of_redirect" "SEC-005"
    /// Writes the credential to the log when there were too many requests.
    SecretInLogOf429 "secret_in_log_of_429" "SEC-005"
    /// Writes the credential to the log when access is forbidden.
    SecretInLogOf403 "secret_in_log_of_403" "SEC-005"
    /// Writes the credential to the log when nothing is found.
    SecretInLogOf404 "secret_in_log_of_404" "SEC-005"
    /// Shows the credential in the error of a request that is not valid.
    SecretInErrorOf422 "secret_in_error_of_422" "SEC-004"
    /// Shows the credential in the error of too many requests.
    SecretInErrorOf429 "secret_in_error_of_429" "SEC-004"
    /// Shows the credential in the error of a gateway that got no answer.
    SecretInErrorOf504 "secret_in_error_of_504" "SEC-004"
    /// Writes the credential to the log when something is gone.
    SecretInLogOf410 "secret_in_log_of_410" "SEC-005"
    /// Shows the credential in the error of what is forbidden.
    SecretInErrorOf403 "secret_in_error_of_403" "SEC-004"
    /// Shows a key with a colon when it refuses it.
    ColonKeyInRefusal "colon_key_in_refusal" "SEC-004"
    /// Shows a credential with a control character when it refuses it.
    ControlKeyInRefusal "control_key_in_refusal" "SEC-004"
    /// Shows a legacy token when it refuses it.
    LegacyTokenInRefusal "legacy_token_in_refusal" "SEC-004"
    /// Shows the credential when it lacks a scope.
    SecretInRefusalOfScope "secret_in_refusal_of_scope" "SEC-004"
    /// Shows the credential when the request names another company.
    SecretInRefusalOfCompany "secret_in_refusal_of_company" "SEC-004"
    /// Shows the credential when it belongs to another environment.
    SecretInRefusalOfEnvironment "secret_in_refusal_of_environment" "SEC-004"
    /// Follows a redirect to the other environment, credential and all.
    RedirectToOtherEnvironmentFollowed "redirect_to_other_environment_followed" "SEC-006"
    /// Follows a redirect to the legacy API, credential and all.
    RedirectToLegacyFollowed "redirect_to_legacy_followed" "SEC-006"

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
    /// Says twice that the body is JSON.
    BodyTypeTwice "body_type_twice" "URL-005"
    /// Wraps a body into another object, as Pleo's answers are.
    BodyWrapped "body_wrapped" "URL-005"
    /// Refuses everything.
    RefusesEverything "refuses_everything" "URL-006"
    /// Sends one request when it is asked for several at the same time.
    OneOfSeveralSent "one_of_several_sent" "URL-006"
    /// Keeps the slash at the end of a base URL and adds the path's.
    SlashOfBaseUrlDoubled "slash_of_base_url_doubled" "URL-007"
    /// Sends what succeeded once more.
    SentTwice "sent_twice" "URL-006"
    /// Repeats a POST whose success has a body that is of no use.
    RepeatedAfterUselessSuccess "repeated_after_useless_success" "URL-006"
    /// Sends what got no whole response once more, whatever it is.
    RepeatedAfterDrop "repeated_after_drop" "URL-008"
    /// Sends once more what a gateway gave up waiting for, whatever it is.
    RepeatedAfter504 "repeated_after_504" "URL-008"
    /// Sends once more what a server has closed the connection of by force, whatever it is.
    RepeatedAfterReset "repeated_after_reset" "URL-008"
    /// Loses the blanks of query values.
    QuerySpaceLost "query_space_lost" "URL-004"
    /// Writes a plus sign for a blank in query values, and encodes it.
    QueryPlusEncoded "query_plus_encoded" "URL-004"
    /// Does not encode a plus sign in query values.
    QueryPlusUnencoded "query_plus_unencoded" "URL-004"
    /// Does not encode an ampersand in query values.
    QueryAmpersandUnencoded "query_ampersand_unencoded" "URL-004"
    /// Does not encode a number sign in query values.
    QueryHashUnencoded "query_hash_unencoded" "URL-004"
    /// Does not encode a percent sign in query values.
    QueryPercentUnencoded "query_percent_unencoded" "URL-004"
    /// Encodes query values as Latin-1.
    QueryLatin1 "query_latin_1" "URL-004"
    /// Writes a question mark for what is beyond ASCII in query values.
    QueryQuestionMarks "query_question_marks" "URL-004"
    /// Writes query values in small letters.
    QueryLowerCased "query_lower_cased" "URL-004"
    /// Trims query values.
    QueryTrimmed "query_trimmed" "URL-004"
    /// Leaves out empty query values.
    QueryEmptyLost "query_empty_lost" "URL-004"
    /// Leaves out query values of 0.
    QueryZeroLost "query_zero_lost" "URL-004"
    /// Takes a percent sign and two hexadecimal digits of a query value for what is already encoded.
    QueryEncodedKept "query_encoded_kept" "URL-004"
    /// Loses the line ends of query values.
    QueryLineEndsLost "query_line_ends_lost" "URL-004"
    /// Sends `None` for query parameters that are not given.
    QueryUnsetAsNone "query_unset_as_none" "URL-004"
    /// Sends `null` for query parameters that are not given.
    QueryUnsetAsNull "query_unset_as_null" "URL-004"
    /// Sends `undefined` for query parameters that are not given.
    QueryUnsetAsUndefined "query_unset_as_undefined" "URL-004"
    /// Sends nothing behind the name of query parameters that are not given.
    QueryUnsetEmpty "query_unset_empty" "URL-004"
    /// Sends `{}` if the call has no body.
    EmptyBodySent "empty_body_sent" "URL-005"
    /// Sends a body of its own if the call has none.
    BodyInvented "body_invented" "URL-005"
    /// Sends the body of the session's first call of an operation with later ones.
    BodyCached "body_cached" "URL-005"
    /// Shortens the ends of lines in bodies.
    BodyLineEndsShortened "body_line_ends_shortened" "URL-005"
    /// Loses spaces without width in bodies.
    BodyZeroWidthLost "body_zero_width_lost" "URL-005"
    /// Adds a member of null to bodies.
    BodyNullAdded "body_null_added" "URL-005"
    /// Leaves empty texts out of bodies.
    BodyEmptyTextsLost "body_empty_texts_lost" "URL-005"
    /// Leaves empty lists out of bodies.
    BodyEmptyListsLost "body_empty_lists_lost" "URL-005"
    /// Leaves zeros out of bodies.
    BodyZerosLost "body_zeros_lost" "URL-005"
    /// Trims the texts of bodies.
    BodyTrimmed "body_trimmed" "URL-005"
    /// Writes CR and LF for a line feed in the texts of bodies.
    BodyLineFeedsToCrlf "body_line_feeds_to_crlf" "URL-005"
    /// Writes a line feed for a carriage return in the texts of bodies.
    BodyCarriageReturnsLost "body_carriage_returns_lost" "URL-005"
    /// Loses the control characters of bodies that are no line ends.
    BodyControlsLost "body_controls_lost" "URL-005"
    /// Encodes bodies as Latin-1.
    BodyLatin1 "body_latin_1" "URL-005"
    /// Writes a question mark for what is beyond ASCII in bodies.
    BodyQuestionMarks "body_question_marks" "URL-005"
    /// Takes the UTF-8 of a body for Latin-1 and encodes it again.
    BodyEncodedTwice "body_encoded_twice" "URL-005"
    /// Loses the body when it tries again after a 503.
    BodyMissingAfter503 "body_missing_after_503" "URL-005"
    /// Loses the characters of bodies that take more than 16 bits.
    BodyAstralLost "body_astral_lost" "URL-005"
    /// Encodes each half of a pair of surrogates on its own in bodies.
    BodySurrogatesBroken "body_surrogates_broken" "URL-005"
    /// Escapes the texts of bodies for HTML.
    BodyHtmlEscaped "body_html_escaped" "URL-005"

    /// Does not use PKCE.
    NoPkce "no_pkce" "OAU-001"
    /// Leaves the challenge empty.
    ChallengeEmpty "challenge_empty" "OAU-001" ["OAU-002" "OAU-006"]
    /// Uses PKCE with the method `plain`.
    PlainPkce "plain_pkce" "OAU-002"
    /// Uses one state for all authorisations.
    StateFixed "state_fixed" "OAU-003"
    /// Counts its authorisations, and takes the number for a state.
    StateCounted "state_counted" "OAU-003"
    /// Uses one state for all authorisations of a session.
    StateOfSession "state_of_session" "OAU-003"
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
    /// Exchanges an empty code.
    EmptyCodeExchanged "empty_code_exchanged" "OAU-005"
    /// Takes no other error than `access_denied` for one.
    OtherErrorsIgnored "other_errors_ignored" "OAU-005"
    /// Exchanges with a verifier that it has just made up.
    WrongVerifier "wrong_verifier" "OAU-006"
    /// Uses one verifier for all authorisations.
    VerifierFixed "verifier_fixed" "OAU-006" ["OAU-022"]
    /// Uses a verifier that is one character too short (RFC 7636, section 4.1).
    VerifierShort "verifier_short" "OAU-006"
    /// Exchanges without a verifier.
    VerifierMissing "verifier_missing" "OAU-006"
    /// Puts the client secret into the authorise URL.
    ClientSecretInUrl "client_secret_in_url" "OAU-007"
    /// Puts the client secret into the authorise URL, as a part of a parameter that it has made up.
    ClientSecretInUrlUnderOtherName "client_secret_in_url_under_other_name" "OAU-007"
    /// Takes the verifier for the state, too.
    VerifierAsState "verifier_as_state" "OAU-007" ["OAU-006"]
    /// Makes the verifier from the state, which everybody can read.
    VerifierFromState "verifier_from_state" "OAU-006"
    /// Puts a verifier into the authorise URL that it does not use.
    OtherVerifierInUrl "other_verifier_in_url" "OAU-007"
    /// Puts the verifier into the state, beside something random.
    VerifierInState "verifier_in_state" "OAU-007"
    /// Adds a slash to the redirect URI in both steps.
    RedirectUriChanged "redirect_uri_changed" "OAU-008"
    /// Adds a slash to the redirect URI in the exchange.
    RedirectUriChangedInExchange "redirect_uri_changed_in_exchange" "OAU-008"
    /// Lets each request renew for itself.
    RefreshStorm "refresh_storm" "OAU-009"
    /// Renews for each 401, even if another request has renewed meanwhile.
    RenewedForEach401 "renewed_for_each_401" "OAU-009"
    /// Sends a token once more that was refused, and renews it after that.
    RefusedTokenTriedAgain "refused_token_tried_again" "OAU-009"
    /// Sends the old access token with the request for which it was renewed.
    OldAccessTokenKept "old_access_token_kept" "OAU-010"
    /// Goes on with the old refresh token after a refresh.
    OldRefreshTokenKept "old_refresh_token_kept" "OAU-011"
    /// Goes on with the refresh token of its first renewal.
    SecondRefreshTokenKept "second_refresh_token_kept" "OAU-011"
    /// Loses the new refresh token if the API fails after a renewal.
    RefreshTokenLostBy500 "refresh_token_lost_by_500" "OAU-011"
    /// Loses the new refresh token if several requests have waited for it.
    RefreshTokenLostInParallel "refresh_token_lost_in_parallel" "OAU-011"
    /// Sends a refresh token again that the server has called invalid.
    DeadRefreshTokenReused "dead_refresh_token_reused" "OAU-012"
    /// Goes on with the expired access token when the server calls the refresh token invalid.
    OldTokenSentAfterRefusal "old_token_sent_after_refusal" "OAU-012"
    /// Goes on with the expired access token when the server does not know the app.
    OldTokenSentByUnknownApp "old_token_sent_by_unknown_app" "OAU-012"
    /// Tries a failing refresh fifty times.
    RefreshRetriedEndlessly "refresh_retried_endlessly" "OAU-013"
    /// Takes a failing authorisation server for the end of the session.
    TransientFailureEndsSession "transient_failure_ends_session" "OAU-013"
    /// Takes a renewal that fails with 429 for the end of the session.
    SessionEndsAt429 "session_ends_at_429" "OAU-013"
    /// Takes a renewal that fails with 500 for the end of the session.
    SessionEndsAt500 "session_ends_at_500" "OAU-013"
    /// Takes a renewal that fails with 502 for the end of the session.
    SessionEndsAt502 "session_ends_at_502" "OAU-013"
    /// Takes an authorisation server that accepts no connection for the end of the session.
    SessionEndsAtRefusedConnection "session_ends_at_refused_connection" "OAU-013"
    /// Tries a renewal fifty times whose connection is dropped.
    DroppedRenewalTriedEndlessly "dropped_renewal_tried_endlessly" "OAU-013"
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
    /// Renews at the other environment's server from the second renewal on.
    LaterRenewalElsewhere "later_renewal_elsewhere" "OAU-016"
    /// Follows a redirect of the token endpoint when it renews.
    RenewalRedirectFollowed "renewal_redirect_followed" "OAU-016"
    /// Follows a redirect of the token endpoint when it exchanges a code.
    ExchangeRedirectFollowed "exchange_redirect_followed" "OAU-017"
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
    /// Writes the refresh token to the log when there are too many renewals.
    RefreshTokenInLogOf429 "refresh_token_in_log_of_429" "OAU-019"
    /// Writes the refresh token to the log when the connection to the token endpoint breaks off.
    RefreshTokenInLogOfDrop "refresh_token_in_log_of_drop" "OAU-019"
    /// Writes the refresh token to the log when the authorisation server's gateway gets no answer.
    RefreshTokenInLogOf504 "refresh_token_in_log_of_504" "OAU-019"
    /// Shows the client secret in debugging output.
    ClientSecretInDebug "client_secret_in_debug" "OAU-019"
    /// Puts the new refresh token into a header of requests to the API, too.
    NewRefreshTokenInHeader "new_refresh_token_in_header" "OAU-018"
    /// Puts the new refresh token into the body of requests to the API, too.
    NewRefreshTokenInBody "new_refresh_token_in_body" "OAU-018" ["SEC-002" "OAU-023"]
    /// Puts the new access token into the query of requests to the API, too.
    NewAccessTokenInQuery "new_access_token_in_query" "OAU-018" ["SEC-001" "OAU-023"]
    /// Writes the new access token to the log.
    NewAccessTokenInLog "new_access_token_in_log" "OAU-019"
    /// Writes the new refresh token to the log.
    NewRefreshTokenInLog "new_refresh_token_in_log" "OAU-019"
    /// Shows the new refresh token in debugging output.
    NewRefreshTokenInDebug "new_refresh_token_in_debug" "OAU-019"
    /// Writes the code to the log when it exchanges it.
    CodeInLog "code_in_log" "OAU-022"
    /// Shows the whole redirect when it refuses it.
    RedirectInRefusal "redirect_in_refusal" "OAU-022"
    /// Writes the code to the log when the authorisation server is not available.
    CodeInLogOf503 "code_in_log_of_503" "OAU-022"
    /// Writes the code to the log when the authorisation server's gateway gets a bad answer.
    CodeInLogOf502 "code_in_log_of_502" "OAU-022"
    /// Tells the right state when it refuses another one.
    StateInRefusal "state_in_refusal" "OAU-022"
    /// Shows the whole redirect when it has an error.
    RedirectInRefusalOfError "redirect_in_refusal_of_error" "OAU-022"
    /// Writes the verifier to the log when it makes it.
    VerifierInLog "verifier_in_log" "OAU-022"
    /// Shows the verifier in debugging output of the exchange.
    VerifierInDebug "verifier_in_debug" "OAU-022"
    /// Shows the client secret in debugging output of an authorisation.
    ClientSecretInDebugOfAuthorisation "client_secret_in_debug_of_authorisation" "OAU-022"
    /// Writes the tokens to the log that it got for a code.
    GrantedTokensInLog "granted_tokens_in_log" "OAU-022"
    /// Separates the scopes of an authorisation by commas.
    ScopesJoinedByCommas "scopes_joined_by_commas" "OAU-020"
    /// Separates the scopes of an authorisation by plus signs, and encodes them.
    ScopesJoinedByPlus "scopes_joined_by_plus" "OAU-020"
    /// Asks for the first scope only.
    FirstScopeOnly "first_scope_only" "OAU-020"
    /// Asks for one scope more than it was told to.
    ScopeAdded "scope_added" "OAU-020"
    /// Asks for no scope.
    ScopeMissing "scope_missing" "OAU-020"
    /// Asks for more scopes when it renews.
    ScopeWidenedAtRefresh "scope_widened_at_refresh" "OAU-028"
    /// Asks for a scope when it renews a pair of whose scopes it knows nothing.
    ScopeGuessedAtRefresh "scope_guessed_at_refresh" "OAU-028"
    /// Pads the challenge.
    ChallengePadded "challenge_padded" "OAU-002" ["OAU-006"]
    /// Encodes the challenge with the alphabet that is not for URLs.
    ChallengeStandardAlphabet "challenge_standard_alphabet" "OAU-002" ["OAU-006"]
    /// Writes the challenge in hexadecimal digits.
    ChallengeHex "challenge_hex" "OAU-002" ["OAU-006"]
    /// Writes the challenge's method in small letters.
    ChallengeMethodLowerCase "challenge_method_lower_case" "OAU-002" ["OAU-006"]
    /// Does not say which response it wants of an authorisation.
    ResponseTypeMissing "response_type_missing" "OAU-021"
    /// Asks for a token instead of a code.
    ResponseTypeToken "response_type_token" "OAU-021"
    /// Asks for a code and a token.
    ResponseTypeCodeToken "response_type_code_token" "OAU-021"
    /// Asks for a token first, and then for a code.
    ResponseTypeTwice "response_type_twice" "OAU-021"
    /// Names the app twice in the authorise URL.
    ClientIdTwice "client_id_twice" "OAU-021"
    /// Asks for a response behind a number sign.
    ResponseModeFragment "response_mode_fragment" "OAU-021"
    /// Leaves blanks in the authorise URL as they are.
    UrlWithBlanks "url_with_blanks" "OAU-021"
    /// Makes verifiers with plus signs and slashes.
    VerifierStandardBase64 "verifier_standard_base64" "OAU-006"
    /// Makes verifiers that end with an equals sign.
    VerifierPadded "verifier_padded" "OAU-006"
    /// Makes verifiers with an exclamation mark.
    VerifierWithExclamationMark "verifier_with_exclamation_mark" "OAU-006"
    /// Makes verifiers that are one character too long (RFC 7636, section 4.1).
    VerifierLong "verifier_long" "OAU-006"
    /// Accepts the beginning of the state.
    StateBeginningAccepted "state_beginning_accepted" "OAU-004"
    /// Accepts an empty state.
    EmptyStateAccepted "empty_state_accepted" "OAU-004"
    /// Takes `-` and `_` in a state for the same.
    StateSignsIgnored "state_signs_ignored" "OAU-004"
    /// Accepts a text that only begins with the state.
    StateContinuedAccepted "state_continued_accepted" "OAU-004"
    /// Does not tell capitals from small letters in the state.
    StateCaseIgnored "state_case_ignored" "OAU-004"
    /// Compares the length of the state only.
    StateLengthOnly "state_length_only" "OAU-004"
    /// Accepts the state of an earlier authorisation of the session.
    EarlierStateAccepted "earlier_state_accepted" "OAU-004"
    /// Takes the last of several states.
    LastStateWins "last_state_wins" "OAU-004"
    /// Accepts a redirect if any of its states is the right one.
    AnyStateAccepted "any_state_accepted" "OAU-004"
    /// Writes the redirect URI in small letters in both steps.
    RedirectUriLowerCased "redirect_uri_lower_cased" "OAU-008"
    /// Cuts the slash off the end of a redirect URI.
    RedirectUriWithoutSlash "redirect_uri_without_slash" "OAU-008"
    /// Writes the host of a redirect URI in small letters.
    RedirectUriHostLowerCased "redirect_uri_host_lower_cased" "OAU-008"
    /// Makes `https` of `http` in a redirect URI.
    RedirectUriWithTls "redirect_uri_with_tls" "OAU-008"
    /// Makes an address of `localhost` in a redirect URI.
    RedirectUriLocalhostResolved "redirect_uri_localhost_resolved" "OAU-008"
    /// Does not encode the redirect URI in the authorise URL.
    RedirectUriUnencoded "redirect_uri_unencoded" "OAU-008"
    /// Percent-decodes the redirect URI in both steps.
    RedirectUriDecoded "redirect_uri_decoded" "OAU-008"
    /// Percent-decodes the code twice.
    CodeDecodedTwice "code_decoded_twice" "OAU-027"
    /// Reads a plus sign in a code as a blank.
    CodePlusAsBlank "code_plus_as_blank" "OAU-027"
    /// Cuts a code after 64 characters.
    CodeCutAt64 "code_cut_at_64" "OAU-027"
    /// Strips the equals signs off the end of a code.
    CodeUnpadded "code_unpadded" "OAU-027"
    /// Does not encode the code in the form.
    CodeUnencoded "code_unencoded" "OAU-027"
    /// Does not encode the refresh token in the form.
    RefreshTokenUnencoded "refresh_token_unencoded" "OAU-029"
    /// Puts the client secret into the form and does not encode it.
    ClientSecretUnencoded "client_secret_unencoded" "OAU-015"
    /// Takes GET for the try after a renewal.
    SecondTryByGet "second_try_by_get" "OAU-023"
    /// Loses the body in the try after a renewal.
    SecondTryWithoutBody "second_try_without_body" "OAU-023" ["CMP-001" "CMP-010"]
    /// Loses the query in the try after a renewal.
    SecondTryWithoutQuery "second_try_without_query" "OAU-023" ["CMP-001"]
    /// Loses the company in the try after a renewal.
    SecondTryWithoutCompany "second_try_without_company" "OAU-023" ["CMP-001"]
    /// Percent-encodes the URL once more in the try after a renewal.
    SecondTryReencoded "second_try_reencoded" "OAU-023"
    /// Sends the path of the session's first request in the try after a renewal.
    SecondTryWithFirstPath "second_try_with_first_path" "OAU-023"
    /// Adds the new header to the old one in the try after a renewal.
    SecondTryKeepsOldHeader "second_try_keeps_old_header" "OAU-023" ["AUTH-007" "OAU-010" "OAU-009"]
    /// Renews up to twenty times for one request that is refused.
    RenewedEndlessly "renewed_endlessly" "OAU-024"
    /// Renews three times for one request that is refused.
    RenewedThreeTimes "renewed_three_times" "OAU-024"
    /// Renews before every call.
    RenewedBeforeEveryCall "renewed_before_every_call" "OAU-025"
    /// Keeps the first token's expiry when it renews.
    ExpiryKept "expiry_kept" "OAU-025" ["OAU-009"]
    /// Renews when the API is not available.
    RenewedAfter503 "renewed_after_503" "OAU-025"
    /// Renews when access is forbidden.
    RenewedAfter403 "renewed_after_403" "OAU-025"
    /// Exchanges a code once more that it has exchanged.
    CodeExchangedTwice "code_exchanged_twice" "OAU-026"
    /// Refuses every redirect.
    RedirectsRefused "redirects_refused" "OAU-031"
    /// Calls the form of a token request JSON.
    FormCalledJson "form_called_json" "OAU-031"
    /// Puts the form of an exchange into the URL, too.
    ExchangeInQuery "exchange_in_query" "OAU-030"
    /// Puts the verifier into the query of an exchange, too.
    VerifierInExchangeQuery "verifier_in_exchange_query" "OAU-030"
    /// Puts the client secret into a header of its own when it exchanges a code.
    ClientSecretInHeader "client_secret_in_header" "OAU-030"
    /// Exchanges a code once more that was refused.
    RefusedCodeExchanged "refused_code_exchanged" "OAU-026"
    /// Exchanges a code once more when nobody answered.
    CodeExchangedAfterDrop "code_exchanged_after_drop" "OAU-026"
    /// Authenticates the app in the form when it exchanges a code.
    ExchangeSecretInBody "exchange_secret_in_body" "OAU-015"
    /// Authenticates the app in the form when it renews, too.
    RenewalSecretInBody "renewal_secret_in_body" "OAU-015"
    /// Loses the grant type when it tries a renewal again.
    GrantTypeLost "grant_type_lost" "OAU-031"
    /// Follows the `Location` of a 201, credential and all.
    LocationOf201Followed "location_of_201_followed" "SEC-006"
    /// Shows the refresh token when the session has ended.
    RefreshTokenInRefusalOfEnd "refresh_token_in_refusal_of_end" "OAU-019"
    /// Exchanges the code again each time that the same redirect is brought.
    CodeExchangedByEachFinish "code_exchanged_by_each_finish" "OAU-026"
    /// Exchanges a code once more that was refused, if the redirect is brought again.
    RefusedCodeExchangedLater "refused_code_exchanged_later" "OAU-026"
    /// Shows the credential while debugging when the connection is reset.
    SecretInDebugOfReset "secret_in_debug_of_reset" "SEC-003"
    /// Shows the credential while debugging when no response comes in time.
    SecretInDebugOfTimeOut "secret_in_debug_of_time_out" "SEC-003"
    /// Shows the credential in the error of a connection that is refused.
    SecretInErrorOfRefusedConnection "secret_in_error_of_refused_connection" "SEC-004"
    /// Shows the credential in the error when no response comes in time.
    SecretInErrorOfTimeOut "secret_in_error_of_time_out" "SEC-004"
    /// Logs the credential when the connection is refused.
    SecretInLogOfRefusedConnection "secret_in_log_of_refused_connection" "SEC-005"
    /// Logs the credential when no response comes in time.
    SecretInLogOfTimeOut "secret_in_log_of_time_out" "SEC-005"
    /// Logs the refresh token when the authorisation server refuses the connection.
    RefreshTokenInLogOfRefusedConnection "refresh_token_in_log_of_refused_connection" "OAU-019"
    /// Shows the client secret in the error when a renewal gets no response in time.
    ClientSecretInErrorOfTimeOut "client_secret_in_error_of_time_out" "OAU-019"
    /// Shows the code in the error when an exchange gets no response in time.
    CodeInErrorOfTimeOut "code_in_error_of_time_out" "OAU-022"
    /// Logs the verifier when the authorisation server refuses the connection.
    VerifierInLogOfRefusedConnection "verifier_in_log_of_refused_connection" "OAU-022"
    /// Turns to the other environment when the connection is refused.
    OtherEnvironmentAfterRefusedConnection "other_environment_after_refused_connection" "ENV-001"
    /// Turns to the other environment when no response comes in time.
    OtherEnvironmentAfterTimeOut "other_environment_after_time_out" "ENV-001"
    /// Turns to the legacy API when the connection is refused.
    LegacyAfterRefusedConnection "legacy_after_refused_connection" "LEG-002" ["ENV-001"]
    /// Turns to the legacy API when no response comes in time.
    LegacyAfterTimeOut "legacy_after_time_out" "LEG-002" ["ENV-001"]
    /// Renews at the other environment's server when its own refuses the connection.
    RenewedElsewhereAfterRefusedConnection "renewed_elsewhere_after_refused_connection" "OAU-016" ["OAU-013"]
    /// Renews at the other environment's server when its own does not respond in time.
    RenewedElsewhereAfterTimeOut "renewed_elsewhere_after_time_out" "OAU-016"
    /// Exchanges the code at the other environment's server when its own refuses the connection.
    ExchangedElsewhereAfterRefusedConnection "exchanged_elsewhere_after_refused_connection" "OAU-017"
    /// Exchanges the code at the other environment's server when its own does not respond in time.
    ExchangedElsewhereAfterTimeOut "exchanged_elsewhere_after_time_out" "OAU-017"
    /// Sends `None` after a renewal that brings no access token.
    MissingTokenAsNone "missing_token_as_none" "OAU-032"
    /// Sends `undefined` after an exchange that brings no access token.
    MissingTokenAsUndefined "missing_token_as_undefined" "OAU-032"
    /// Sends an empty access token that it got.
    EmptyTokenSent "empty_token_sent" "OAU-032"
    /// Searches a response that is not JSON for an access token.
    TokenOfHalfResponseSent "token_of_half_response_sent" "OAU-032"
    /// Sends the old access token when a renewal brings no new one.
    OldTokenSentWithoutNew "old_token_sent_without_new" "OAU-032"
    /// Renews with `null` if the exchange brought no refresh token.
    MissingRefreshTokenAsNull "missing_refresh_token_as_null" "OAU-032"
    /// Renews with an empty refresh token if the exchange brought none.
    EmptyRefreshTokenSent "empty_refresh_token_sent" "OAU-032"
    /// Tries a renewal that succeeds without tokens fifty times.
    TokenlessRenewalTriedEndlessly "tokenless_renewal_tried_endlessly" "OAU-013"
    /// Takes any type of token for Bearer when it renews.
    TokenTypeIgnoredAtRenewal "token_type_ignored_at_renewal" "OAU-033"
    /// Takes any type of token for Bearer when it exchanges a code.
    TokenTypeIgnoredAtExchange "token_type_ignored_at_exchange" "OAU-033"
    /// Shows the response to a renewal in the error when it cannot read it.
    RenewalResponseInError "renewal_response_in_error" "OAU-019"
    /// Shows the response to an exchange in the error when it cannot read it.
    ExchangeResponseInError "exchange_response_in_error" "OAU-022"
    /// Forgets the company at the third call of a session.
    CompanyLostAtThirdCall "company_lost_at_third_call" "CMP-001"
    /// Names the company of another session when a session is taken up again.
    CompanyOfAnotherSession "company_of_another_session" "CMP-005"
    /// Sends the key of another session when a session is taken up again.
    KeyOfAnotherSession "key_of_another_session" "AUTH-003"
    /// Names the company of a call that it has refused, when it is bound to none.
    CompanyOfRefusedCall "company_of_refused_call" "CMP-009" ["CMP-007" "CMP-010"]
    /// Refuses the other environment's base URL once.
    EnvironmentRefusedOnce "environment_refused_once" "ENV-002"
    /// Does not compare the base URL any more once it has renewed.
    EnvironmentUncheckedAfterRenewal "environment_unchecked_after_renewal" "ENV-002"
    /// Keeps the first base URL of a session after a 401.
    BaseUrlKeptAfter401 "base_url_kept_after_401" "ENV-003"
    /// Refuses a legacy token once.
    LegacyTokenRefusedOnce "legacy_token_refused_once" "LEG-001"
    /// Takes scopes for the same whatever separates their words.
    ScopeSeparatorsIgnored "scope_separators_ignored" "SCP-001"
    /// Shows a key that it refuses because of a character beyond ASCII.
    KeyBeyondAsciiInRefusal "key_beyond_ascii_in_refusal" "SEC-004"
    /// Shows the credential when it refuses a path parameter.
    SecretInRefusalOfPath "secret_in_refusal_of_path" "SEC-004"
    /// Logs the credential when a response has no content.
    SecretInLogOf204 "secret_in_log_of_204" "SEC-005"
    /// Does not tell the state from one with white space around it.
    StateTrimmed "state_trimmed" "OAU-004"
    /// Makes a short verifier for the second authorisation of a session.
    SecondVerifierShort "second_verifier_short" "OAU-006"
    /// Asks for the scopes of a session's earlier authorisations, too.
    ScopesAccumulated "scopes_accumulated" "OAU-020"
    /// Sends the expired token with all but the first of several requests while that one renews.
    OldTokenSentWhileRenewing "old_token_sent_while_renewing" "OAU-009"
    /// Goes on with the token of a session's first renewal after the second.
    SecondRenewalIgnored "second_renewal_ignored" "OAU-010"
    /// Sends the expired access token once the refresh token was refused.
    DeadTokenSent "dead_token_sent" "OAU-012"
    /// Sends the client secret as a token once the refresh token was refused.
    ClientSecretAsTokenAfterEnd "client_secret_as_token_after_end" "OAU-018"
    /// Shows the refresh token in the error when a renewal fails that is not the first.
    RefreshTokenInErrorOfSecondRenewal "refresh_token_in_error_of_second_renewal" "OAU-019"
    /// Sends the later calls of a session to where a redirect led.
    RedirectKeptForLater "redirect_kept_for_later" "SEC-006"
    /// Logs the old key when it is given a new one.
    OldKeyInLogOfNew "old_key_in_log_of_new" "SEC-005"
    /// Goes on with the first pair of a session when it is given another one.
    NewPairIgnored "new_pair_ignored" "SEC-007"
    /// Once an authorisation has ended, every later pair of the session is taken for ended, too.
    NewPairIgnoredAfterEnd "new_pair_ignored_after_end" "SEC-007"
    /// Takes a redirect with any state once it has refused one.
    WrongStateTakenSecondTime "wrong_state_taken_second_time" "OAU-004"
    /// Renews at the other environment's server when its own refuses the refresh token.
    RefusedRenewalElsewhere "refused_renewal_elsewhere" "OAU-016" ["OAU-012"]
    /// Shows a response to a renewal that has a refresh token alone.
    PartialResponseInError "partial_response_in_error" "OAU-019"
    /// Renews before the call after a 5xx.
    RenewedInCallAfter5xx "renewed_in_call_after_5xx" "OAU-025"
    /// Renews whenever the company is another one than before.
    RenewedForEachCompany "renewed_for_each_company" "OAU-025"
    /// Renews an hour before the end.
    RenewedAnHourEarly "renewed_an_hour_early" "OAU-025"
    /// Renews the tokens that it got for a code before it uses them.
    RenewedAtFirstUse "renewed_at_first_use" "OAU-025"
}
