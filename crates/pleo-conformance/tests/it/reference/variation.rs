//! What clients may do one way or the other: no rule may object.

macro_rules! variations {
    ($($(#[$documentation:meta])* $variation:ident $name:literal)*) => {
        /// One lawful way to do things otherwise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Variation {
            $($(#[$documentation])* $variation,)*
        }

        /// Every variation and its name.
        pub(crate) const VARIATIONS: &[(Variation, &str)] = &[$((Variation::$variation, $name),)*];
    };
}

variations! {
    /// `basic` and `bearer` (RFC 9110, section 11.1).
    SchemeLowerCase "scheme_lower_case"
    /// `BASIC` and `BEARER`.
    SchemeUpperCase "scheme_upper_case"
    /// Header names in odd case (RFC 9110, section 5.1).
    HeaderNamesInOddCase "header_names_in_odd_case"
    /// White space around header values (RFC 9112, section 5).
    SpaceAroundHeaderValues "space_around_header_values"
    /// Headers that nobody asked for.
    ExtraHeaders "extra_headers"
    /// Headers in the opposite order.
    HeadersReversed "headers_reversed"
    /// Another `User-Agent`.
    OtherUserAgent "other_user_agent"
    /// No `User-Agent`.
    NoUserAgent "no_user_agent"
    /// `Accept` with a charset and alternatives.
    AcceptWithCharset "accept_with_charset"
    /// `Connection: close`.
    ConnectionClose "connection_close"
    /// HTTP/1.0.
    Http10 "http_1_0"
    /// The whole URL in the request line (RFC 9112, section 3.2.2).
    AbsoluteFormTarget "absolute_form_target"
    /// Query parameters in the opposite order; the values of one keep theirs.
    QueryOrderReversed "query_order_reversed"
    /// The company before all other query parameters.
    CompanyFirstInQuery "company_first_in_query"
    /// Every byte of path and query parameters percent-encoded, with small hexadecimal digits.
    OtherPercentEncoding "other_percent_encoding"
    /// `+` for a space in the query.
    PlusForSpace "plus_for_space"
    /// The body in chunks (RFC 9112, section 7.1).
    ChunkedBody "chunked_body"
    /// The body over several lines.
    BodyPrettyPrinted "body_pretty_printed"
    /// The members of the body in the opposite order.
    BodyMembersReversed "body_members_reversed"
    /// The characters of the body's texts as `\u` escapes.
    BodyEscaped "body_escaped"
    /// Whole numbers without a fraction, as JavaScript writes them (RFC 8259, section 6).
    BodyNumbersShortened "body_numbers_shortened"
    /// Keys with a character beyond ASCII are refused: nobody knows whether Pleo makes such keys (A15).
    KeysBeyondAsciiRefused "keys_beyond_ascii_refused"
    /// A media type with a charset.
    ContentTypeWithCharset "content_type_with_charset"
    /// A media type in capitals (RFC 9110, section 8.3.1).
    ContentTypeUpperCase "content_type_upper_case"
    /// More base URLs by other names: Pleo's once more, and servers on this machine.
    MoreBuiltIn "more_built_in"
    /// A GET that found nothing, was one too many, failed at the server or broke off is sent once more.
    FailureTriedAgain "failure_tried_again"
    /// `limit=100` where the operation takes a limit and none is given.
    DefaultLimitSent "default_limit_sent"
    /// A media type without a body.
    TypeWithoutBody "type_without_body"
    /// A state of 128 random bits and no more (RFC 6749, section 10.10).
    StateOf22Characters "state_of_22_characters"
    /// A second try of an exchange for which the server was not available.
    ExchangeTriedAgain "exchange_tried_again"
    /// Ten tries of a renewal that the server cannot answer.
    RefreshTriedTenTimes "refresh_tried_ten_times"
    /// Two blanks between scheme and credentials (RFC 9110, section 11.4).
    TwoBlanksAfterScheme "two_blanks_after_scheme"
    /// The last four characters of the credential in the `User-Agent`.
    LastFourInUserAgent "last_four_in_user_agent"
    /// The SHA-256 of the body in a header (RFC 9530).
    DigestOfBody "digest_of_body"
    /// Requests of one call one after another.
    OneAfterAnother "one_after_another"
    /// The last four characters of the credential in all that is shown.
    LastFourShown "last_four_shown"
    /// The length of the credential in all that is shown.
    LengthShown "length_shown"
    /// The statuses of all answers in the log.
    StatusesShown "statuses_shown"
    /// The environment and the app's id in all that is shown.
    AppShown "app_shown"
    /// The scopes that are needed in the reason of a refusal.
    ScopesNamedInRefusal "scopes_named_in_refusal"
    /// The company in capitals (RFC 9562, section 4).
    CompanyUpperCase "company_upper_case"
    /// A question mark at the end of a URL that has no query.
    EmptyQuery "empty_query"
    /// The characters of the body's texts that HTML knows as `\u` escapes, as Go writes them.
    BodyHtmlCharactersEscaped "body_html_characters_escaped"
    /// `GET /v1/introspect`, or `/v1/installations/me`, before the first call of a session.
    IntrospectedFirst "introspected_first"
    /// OPTIONS without a credential before the first request of a session.
    OptionsFirst "options_first"
    /// HEAD before the first request of a session.
    HeadFirst "head_first"
    /// Scheme and host of base URLs in capitals, built in and accepted (RFC 3986, section 6.2.2.1).
    BaseUrlInCapitals "base_url_in_capitals"
    /// A token with 60 seconds left or less is renewed.
    RenewedEarly "renewed_early"
    /// The requests of a call, one after another, all begin with the token that was there before them, and it is renewed
    /// only when the API refuses it (A50).
    RenewedWhenRefused "renewed_when_refused"
    /// A redirect to the same scheme, host and port is followed by GET.
    OwnRedirectFollowed "own_redirect_followed"
    /// A header that numbers the tries.
    TriesNumbered "tries_numbered"
    /// `%20` for a blank in the authorise URL and in forms.
    PercentForSpaceInForms "percent_for_space_in_forms"
    /// The parameters of authorise URL and forms in the opposite order.
    FormsReversed "forms_reversed"
    /// `response_mode=query` in the authorise URL.
    ResponseModeNamed "response_mode_named"
    /// A verifier of 128 characters, among them `.` and `~`.
    VerifierOf128Characters "verifier_of_128_characters"
    /// A state with every character that a URL need not encode.
    StateWithMarks "state_with_marks"
    /// The scopes once more at a renewal, as they were granted.
    ScopesAtRefresh "scopes_at_refresh"
    /// A renewal that succeeds without tokens is not tried again, and the session has ended.
    MissingTokenEndsSession "missing_token_ends_session"
    /// A success of the token endpoint without a refresh token is of no use.
    PairRequired "pair_required"
    /// Errors of connections name the server's address and the time limit.
    AddressInErrors "address_in_errors"
    /// The first and the last four characters of a long credential in all that is shown.
    MaskedShown "masked_shown"
    /// The last four characters of the tokens that an exchange or a renewal brought in all that is shown.
    NewLastFourShown "new_last_four_shown"
    /// The company among the arguments in capitals (RFC 9562, section 4).
    NamedCompanyUpperCase "named_company_upper_case"
    /// The bound company in the reason for refusing another one.
    BoundCompanyNamedInRefusal "bound_company_named_in_refusal"
    /// The base URL that is refused, and the right one, in the reason of the refusal.
    AddressesNamedInRefusal "addresses_named_in_refusal"
    /// A redirect of the API is a failure that names the server to which it leads.
    RedirectTargetNamed "redirect_target_named"
    /// A state of 129 characters.
    StateOf129Characters "state_of_129_characters"
    /// The scopes of the authorise URL in the opposite order (RFC 6749, section 3.3).
    ScopesReversed "scopes_reversed"
    /// A renewal that the server cannot answer is tried again with the next call only.
    RefreshTriedOnce "refresh_tried_once"
    /// The error of a redirect in the reason for refusing it (RFC 6749, section 4.1.2.1).
    ErrorNamedInRefusal "error_named_in_refusal"
}

/// Those that do not show in a request that succeeds at once.
pub(crate) const CONDUCT: [Variation; 36] = [
    Variation::AddressInErrors,
    Variation::AddressesNamedInRefusal,
    Variation::AppShown,
    Variation::BaseUrlInCapitals,
    Variation::BoundCompanyNamedInRefusal,
    Variation::DefaultLimitSent,
    Variation::ErrorNamedInRefusal,
    Variation::ExchangeTriedAgain,
    Variation::FailureTriedAgain,
    Variation::FormsReversed,
    Variation::KeysBeyondAsciiRefused,
    Variation::LastFourShown,
    Variation::LengthShown,
    Variation::MaskedShown,
    Variation::MissingTokenEndsSession,
    Variation::MoreBuiltIn,
    Variation::NamedCompanyUpperCase,
    Variation::NewLastFourShown,
    Variation::OneAfterAnother,
    Variation::OwnRedirectFollowed,
    Variation::PairRequired,
    Variation::PercentForSpaceInForms,
    Variation::RedirectTargetNamed,
    Variation::RefreshTriedOnce,
    Variation::RefreshTriedTenTimes,
    Variation::RenewedEarly,
    Variation::RenewedWhenRefused,
    Variation::ResponseModeNamed,
    Variation::ScopesAtRefresh,
    Variation::ScopesNamedInRefusal,
    Variation::ScopesReversed,
    Variation::StateOf129Characters,
    Variation::StateOf22Characters,
    Variation::StateWithMarks,
    Variation::StatusesShown,
    Variation::VerifierOf128Characters,
];
