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
    /// A media type with a charset.
    ContentTypeWithCharset "content_type_with_charset"
    /// A media type in capitals (RFC 9110, section 8.3.1).
    ContentTypeUpperCase "content_type_upper_case"
    /// More base URLs by other names: Pleo's once more, and servers on this machine.
    MoreBuiltIn "more_built_in"
    /// A GET that found nothing, or failed at the server, is sent once more.
    FailureTriedAgain "failure_tried_again"
    /// A state of 128 random bits and no more (RFC 6749, section 10.10).
    StateOf22Characters "state_of_22_characters"
    /// Ten tries of a renewal that the server cannot answer.
    RefreshTriedTenTimes "refresh_tried_ten_times"
}

/// Those that do not show in a request that succeeds at once.
pub(crate) const CONDUCT: [Variation; 4] = [
    Variation::FailureTriedAgain,
    Variation::MoreBuiltIn,
    Variation::RefreshTriedTenTimes,
    Variation::StateOf22Characters,
];
