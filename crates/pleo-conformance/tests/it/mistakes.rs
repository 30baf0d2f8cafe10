//! Each kind of mistake that the crate documents is held by faulty clients, and has a correct one beside it.

use std::collections::BTreeSet;

use pleo_conformance::catalogue;

use crate::reference::{FLAWS, Flaw, Variation, also_caught_by};

macro_rules! held {
    ($($mistake:literal [$($flaw:ident)*] $variation:ident)*) => {
        /// The kinds of mistakes, the flaws that are ones of the kind, and a correct variation that is near to it.
        const HELD: &[(&str, &[Flaw], Variation)] =
            &[$(($mistake, &[$(Flaw::$flaw),*], Variation::$variation),)*];
    };
}

held! {
    "An API key is sent by Bearer, or an access token by Basic"
        [KeyAsBearer TokenAsBasic]
        SchemeLowerCase
    "Basic has no Base64, no padding or another alphabet, or the key is not its user name alone"
        [KeyUnencoded KeyWithoutColon KeyUnpadded KeyBase64Url KeyTakenAsEncoded KeyAsPassword KeyInBothFields]
        SchemeUpperCase
    "The `Authorization` header is missing, or there twice"
        [HeaderMissing HeaderTwice]
        HeaderNamesInOddCase
    "A key is exchanged for a token first, or an access token is read for its expiry"
        [KeyExchanged TokenParsed]
        IntrospectedFirst
    "Staging is what a client begins with, or gives its credential to production"
        [StagingByDefault StagingKeyInProduction]
        MoreBuiltIn
    "A built-in base URL has no TLS, or is not one of Pleo's"
        [BuiltInHttp BuiltInLookalike BuiltInElsewhere]
        MoreBuiltIn
    "A credential is sent to an address that nobody knows, or that begins like the right one"
        [WrongHostAccepted AuthorizationServerAccepted LookalikeHost]
        BaseUrlInCapitals
    "A legacy token is sent, or another credential to the legacy API"
        [LegacyTokenAccepted LegacyHostAccepted]
        AddressesNamedInRefusal
    "The company is not in the request, or it is another one than the bound one"
        [CompanyMissing CompanyOfAnother]
        CompanyUpperCase
    "The company is not where the operation expects it, or is sent under another name"
        [CompanyInHeader CompanyInBodyNotQuery CompanyInQueryNotBody CompanyMisspelled]
        CompanyFirstInQuery
    "A request for another company is sent, as it is or with the bound one instead"
        [OtherCompanyAccepted OtherCompanyOverwritten OtherCompanyInPathAccepted]
        BoundCompanyNamedInRefusal
    "An operation that needs a company is sent without one, or one that takes none with one"
        [CompanyNotRequired CompanyEverywhere]
        DefaultLimitSent
    "Scopes are not looked at, or no scopes are taken for all of them"
        [ScopesIgnored ScopesOfPairsIgnored EmptyScopesMeanAll]
        ScopesNamedInRefusal
    "What was forbidden, or has succeeded, is sent once more"
        [ForbiddenRetried SentTwice RepeatedAfterUselessSuccess]
        FailureTriedAgain
    "A credential is in the query, a cookie or another header as well"
        [KeyInQuery TokenInQuery KeyInUserAgent KeyInCookie KeyInOwnHeader]
        ExtraHeaders
    "A credential is shown by debugging output, errors or logs"
        [SecretInDebug SecretInError SecretInLog]
        LengthShown
    "The path has a slash too many or another version, or the method is another one"
        [DoubleSlash TrailingSlash OtherVersion MethodChanged SlashOfBaseUrlDoubled]
        AbsoluteFormTarget
    "Parameters are encoded twice or not at all, joined, or rewritten"
        [PathReencoded PathWithoutHyphens ListJoined QueryReencoded QueryLowerCased QueryEncodedKept]
        OtherPercentEncoding
    "A body comes as a form, in another object, escaped for HTML, or without one media type"
        [BodyAsForm BodyWithoutType BodyTypeTwice BodyWrapped BodyHtmlEscaped]
        BodyHtmlCharactersEscaped
    "What is to be sent is refused, or sent once instead of several times"
        [RefusesEverything OneOfSeveralSent]
        OneAfterAnother
    "PKCE is not used, or its challenge is empty or not called S256"
        [NoPkce ChallengeEmpty PlainPkce ChallengeMethodLowerCase]
        FormsReversed
    "The state is not another one each time, or can be guessed"
        [StateFixed StateCounted StateOfSession StateShort]
        StateOf22Characters
    "A redirect without the right state, with an error or without a code leads to an exchange"
        [StateIgnored MissingStateAccepted ErrorIgnored MissingCodeExchanged]
        StateWithMarks
    "The PKCE verifier is missing, too short, too long, or that of another challenge"
        [WrongVerifier VerifierShort VerifierMissing VerifierLong]
        VerifierOf128Characters
    "The client secret or a verifier is in the authorise URL"
        [ClientSecretInUrl ClientSecretInUrlUnderOtherName VerifierAsState OtherVerifierInUrl VerifierInState]
        StateOf129Characters
    "The redirect URI is not to the letter the one that is registered"
        [RedirectUriChanged RedirectUriChangedInExchange RedirectUriLowerCased RedirectUriWithoutSlash RedirectUriHostLowerCased RedirectUriWithTls RedirectUriLocalhostResolved]
        FormsReversed
    "A token is not renewed, is sent once more when it was refused, or stays after a renewal"
        [ExpiredTokenSent RefusedTokenTriedAgain OldAccessTokenKept OldRefreshTokenKept
         SecondRefreshTokenKept RefreshTokenLostBy500 RefreshTokenLostInParallel]
        RenewedWhenRefused
    "A renewal that fails is tried again and again"
        [DeadRefreshTokenReused RefreshRetriedEndlessly DroppedRenewalTriedEndlessly
         TokenlessRenewalTriedEndlessly]
        RefreshTriedTenTimes
    "An authorisation server that does not work for a while ends the session"
        [TransientFailureEndsSession SessionEndsAt429 SessionEndsAt500 SessionEndsAt502
         SessionEndsAtRefusedConnection]
        RefreshTriedOnce
    "The app authenticates otherwise than by Basic, without its secret, or not at all"
        [ClientSecretInBody ClientSecretInBodyToo AppUnnamed AppWithoutSecret AppByBearer ExchangeSecretInBody
         RenewalSecretInBody]
        FormsReversed
    "The user is sent, or the code exchanged, in another environment than the chosen one"
        [AuthorizedElsewhere ExchangedElsewhere]
        AppShown
    "A refresh token or the client secret is in a header or shown, or the tokens that came for a code"
        [RefreshTokenInHeader RefreshTokenInLog RefreshTokenInLogOfSuccess ClientSecretInDebug
         GrantedTokensInLog]
        NewLastFourShown
    "A long key is wrapped by its Base64 encoder, or cut"
        [KeyWrappedAt76 KeyWrappedAt64 KeyFirstLineOnly KeyCutAt64 KeyCutAt128 KeyCutAt255 TokenCut
         TokenCutAt255]
        SpaceAroundHeaderValues
    "A key or token is decoded, unescaped, trimmed or formatted before it is sent"
        [KeyPercentDecoded KeyPlusAsBlank KeyQuotesTrimmed KeyQuotesLost KeyFormatted KeyVariablesExpanded
         KeyCommentCut KeyHtmlEscaped KeyHtmlUnescaped TokenReencoded TokenUnpadded TokenPlusAsBlank]
        TwoBlanksAfterScheme
    "Requests that are sent at the same time differ: only the first has the header or the company"
        [LaterHeaderMissing LaterKeyAsBearer LaterCompanyMissing LaterKeyInQuery]
        OneAfterAnother
    "A part of a credential, or another spelling of it, is in a request"
        [KeyUpperCaseInQuery KeyBase64UrlInQuery TokenHalfInQuery KeyHexInHeader KeyHalfInHeader
         KeyLowerCaseInUserAgent TokenBase64UrlInCookie KeyEscapedInBody]
        LastFourInUserAgent
    "A part of a credential, or another spelling of it, is in a text"
        [SecretEscapedInDebug SecretBytesInDebug SecretLowerCaseInError SecretHalfInError EncodedSecretInLog
         SecretHexInLog SecretWrappedInLog SecretAlmostInLog]
        MaskedShown
    "A credential is logged only when a redirect, 403 or 429 comes"
        [SecretInLogOfRedirect SecretInLogOf429 SecretInLogOf403 SecretInErrorOf429 SecretInErrorOf403]
        RedirectTargetNamed
    "The reason for a refusal shows the key that was refused"
        [SecretInRefusal ColonKeyInRefusal ControlKeyInRefusal LegacyTokenInRefusal SecretInRefusalOfScope
         SecretInRefusalOfCompany SecretInRefusalOfEnvironment]
        BoundCompanyNamedInRefusal
    "The tokens that a renewal brings are sent or shown where they do not belong"
        [NewRefreshTokenInHeader NewRefreshTokenInBody NewAccessTokenInQuery NewAccessTokenInLog
         NewRefreshTokenInLog NewRefreshTokenInDebug]
        NewLastFourShown
    "The code, the verifier or the client secret is shown during an authorisation"
        [CodeInLog VerifierInLog VerifierInDebug ClientSecretInDebugOfAuthorisation]
        AppShown
    "A later call of a session names the company of an earlier one"
        [CompanyCached CompanyKeptWithCredential CompanyNotForgotten]
        CompanyFirstInQuery
    "The company's id is rewritten: without hyphens, in braces, as a URN"
        [CompanyWithoutHyphens CompanyInBraces CompanyAsUrn]
        CompanyUpperCase
    "A client without a company sends an empty one, `null` or the nil UUID"
        [UnboundCompanyEmpty UnboundCompanyNull UnboundCompanyUndefined UnboundCompanyNil]
        EmptyQuery
    "OAuth tokens that the client keeps are sent otherwise than those that it is given"
        [KeptTokenAsBasic GrantedTokenAsBasic RenewedTokenCut GrantedTokenReencoded GrantedTokenUnpadded KeptHeaderTwice
         RenewedHeaderMissing KeptCompanyMissing GrantedTokenInQuery KeptTokenInQuery RenewedTokenInQuery]
        RenewedEarly
    "After a change of environment, credential and base URL belong to different ones"
        [EnvironmentSwitchedWithoutCredential SecondCredentialKept BaseUrlCached BaseUrlCachedForTokens
         BaseUrlLagging SessionTokensInOtherEnvironment]
        BaseUrlInCapitals
    "A check is made only at the first call of a session"
        [EnvironmentCheckedOnce HostCheckedOnce LegacyTokenCheckedOnce LegacyHostCheckedOnce]
        AddressesNamedInRefusal
    "After a failure the request goes to another host"
        [OtherEnvironmentAfter401 OtherEnvironmentAfter503 OtherEnvironmentAfterDrop LegacyAfter401
         LegacyAfter503 LegacyAfterDrop]
        FailureTriedAgain
    "A redirect to the other environment or to the legacy API is followed"
        [RedirectFollowed RedirectToOtherEnvironmentFollowed RedirectToLegacyFollowed]
        OwnRedirectFollowed
    "The second try after a 401 sends the credential in another way"
        [KeyAsBearerAfter401 TokenAsBasicAfter401 TwoHeadersAfter401 KeyInQueryAfter401 TokenInQueryAfter401
         KeyInOwnHeaderAfter401]
        TriesNumbered
    "The second try after a 4xx, a 5xx or a dropped connection sends something else"
        [HeaderMissingAfterDrop CompanyMissingAfter404 CompanyTwiceAfter429 KeyInQueryAfter503
         BodyMissingAfter503]
        FailureTriedAgain
    "A credential is shown only when the connection is refused or reset, or no response comes in time"
        [SecretInDebugOfReset SecretInDebugOfTimeOut SecretInErrorOfRefusedConnection SecretInErrorOfTimeOut
         SecretInLogOfRefusedConnection SecretInLogOfTimeOut]
        AddressInErrors
    "Without a connection or a response in time the request goes to another host"
        [OtherEnvironmentAfterRefusedConnection OtherEnvironmentAfterTimeOut LegacyAfterRefusedConnection
         LegacyAfterTimeOut]
        FailureTriedAgain
    "Without a connection or a response in time tokens, codes or the client secret are shown"
        [RefreshTokenInLogOfRefusedConnection ClientSecretInErrorOfTimeOut CodeInErrorOfTimeOut
         VerifierInLogOfRefusedConnection]
        AddressInErrors
    "Without a connection or a response in time tokens are asked for at the other environment's server"
        [RenewedElsewhereAfterRefusedConnection RenewedElsewhereAfterTimeOut
         ExchangedElsewhereAfterRefusedConnection ExchangedElsewhereAfterTimeOut]
        RefreshTriedTenTimes
    "A credential is logged only when the request is not valid, or the response cannot be read"
        [SecretInErrorOf422 SecretInLogOf204]
        StatusesShown
    "The company among the arguments is doubled, lost or compared in part"
        [CompanyTwice NamedCompanyAdded CompanyComparedByBeginning LastDigitNotCompared UnboundCompanyLost]
        NamedCompanyUpperCase
    "A replaced credential comes back: the new one is like it, or was refused"
        [KeyCachedByBeginning OldCredentialAfter401]
        LastFourShown
    "An empty key, or one with a colon, is sent"
        [EmptyKeySent ColonInKeySent]
        KeysBeyondAsciiRefused
    "A redirect of the token endpoint, or the `Location` of a 201, is followed"
        [RenewalRedirectFollowed ExchangeRedirectFollowed LocationOf201Followed]
        OwnRedirectFollowed
    "A secret is shown when the token endpoint fails, or the session has ended"
        [RefreshTokenInLogOfTrouble RefreshTokenInLogOf429 RefreshTokenInLogOfDrop RefreshTokenInLogOf504
         RefreshTokenInRefusalOfEnd CodeInLogOf502 CodeInLogOf503]
        ExchangeTriedAgain
    "The code, the verifier or the client secret is in the URL or a header of the exchange"
        [ExchangeInQuery VerifierInExchangeQuery ClientSecretInHeader]
        PercentForSpaceInForms
    "Requests that are refused at the same time each renew"
        [RefreshStorm RenewedForEach401]
        RenewedWhenRefused
    "A right redirect is refused, or tokens are asked for otherwise than by a form"
        [RedirectsRefused FormCalledJson GrantTypeLost]
        FormsReversed
    "A credential is shown only when nothing is found or any more there, or a gateway gets no response"
        [SecretInLogOf404 SecretInLogOf410 SecretInErrorOf504]
        StatusesShown
    "Scopes are compared loosely"
        [ReadScopeWrites ScopesCaseIgnored ScopesByBeginning ScopesBySubstring ScopesByEnd ScopesByPart
         ScopeSeparatorsIgnored]
        ScopesNamedInRefusal
    "`*` among the scopes is taken for all of them, or for all of an area"
        [ScopeStarBelieved ScopeAreaStarBelieved]
        ScopesNamedInRefusal
    "Scopes that suffice are refused"
        [ScopesOverread SupersetRefused FirstScopeOnlyKnown UnknownScopesRefused]
        ScopesNamedInRefusal
    "Query values lose blanks, signs or characters beyond ASCII"
        [QuerySpaceLost QueryPlusEncoded QueryPlusUnencoded QueryAmpersandUnencoded QueryHashUnencoded
         QueryPercentUnencoded QueryLatin1 QueryQuestionMarks]
        PlusForSpace
    "Text in a body loses characters beyond ASCII"
        [BodyLatin1 BodyQuestionMarks BodyEncodedTwice BodyAstralLost BodySurrogatesBroken]
        BodyEscaped
    "The authorise URL, or a renewal, asks for other scopes"
        [ScopesJoinedByCommas ScopesJoinedByPlus FirstScopeOnly ScopeAdded ScopeMissing ScopeWidenedAtRefresh ScopeGuessedAtRefresh]
        ScopesAtRefresh
    "The PKCE challenge is padded, in hex, or in the wrong alphabet"
        [ChallengePadded ChallengeStandardAlphabet ChallengeHex]
        VerifierOf128Characters
    "The authorise URL is not valid, or does not ask for a code"
        [UrlWithBlanks ResponseTypeMissing]
        PercentForSpaceInForms
    "The PKCE verifier has characters that it cannot have, or can be guessed"
        [VerifierStandardBase64 VerifierPadded VerifierWithExclamationMark VerifierFixed VerifierFromState]
        VerifierOf128Characters
    "The state is compared loosely"
        [StateBeginningAccepted StateSignsIgnored EmptyStateAccepted StateContinuedAccepted StateCaseIgnored StateLengthOnly
         StateTrimmed EarlierStateAccepted LastStateWins AnyStateAccepted]
        StateOf129Characters
    "A redirect URI, a code, a refresh token or a client secret is encoded wrongly"
        [RedirectUriUnencoded RedirectUriDecoded ClientSecretUnencoded CodeDecodedTwice CodePlusAsBlank CodeCutAt64 CodeUnpadded
         CodeUnencoded RefreshTokenUnencoded]
        PercentForSpaceInForms
    "The request after a renewal is another one, or renewals go on without end"
        [SecondTryByGet SecondTryWithoutBody SecondTryWithoutQuery SecondTryWithoutCompany SecondTryReencoded
         SecondTryWithFirstPath SecondTryKeepsOldHeader RenewedEndlessly RenewedThreeTimes]
        TriesNumbered
    "A good token is renewed"
        [RenewedBeforeEveryCall ExpiryKept RenewedAfter503 RenewedAfter403 RenewedForEachCompany
         RenewedAnHourEarly RenewedAtFirstUse]
        RenewedEarly
    "A code is exchanged twice"
        [CodeExchangedTwice RefusedCodeExchanged RefusedCodeExchangedLater CodeExchangedAfterDrop CodeExchangedByEachFinish]
        ExchangeTriedAgain
    "Of several companies in a request the first or the last is compared, or of one its beginning"
        [FirstCompanyCompared LastCompanyCompared CompanyComparedByBeginning]
        NamedCompanyUpperCase
    "A client that is bound to no company loses the one among the arguments"
        [UnboundCompanyLost UnboundCompanyLostInBody]
        NamedCompanyUpperCase
    "What nobody has given is sent as `null`, `None` or empty, or a body as `{}`"
        [QueryUnsetAsNone QueryUnsetAsNull QueryUnsetAsUndefined QueryUnsetEmpty EmptyBodySent BodyInvented
         BodyNullAdded BodyCached]
        DefaultLimitSent
    "Empty texts, line ends, blanks or control characters get lost"
        [QueryTrimmed QueryEmptyLost QueryLineEndsLost BodyEmptyTextsLost BodyTrimmed BodyLineFeedsToCrlf
         BodyCarriageReturnsLost BodyControlsLost BodyLineEndsShortened BodyZeroWidthLost]
        BodyPrettyPrinted
    "Zeros or empty lists get lost"
        [QueryZeroLost BodyZerosLost BodyEmptyListsLost]
        BodyNumbersShortened
    "A parameter of the authorise URL is doubled, or asks for another kind of response"
        [ResponseTypeToken ResponseTypeCodeToken ResponseTypeTwice ClientIdTwice ResponseModeFragment]
        ResponseModeNamed
    "A second authorisation of a session, or a second pair of tokens, is ignored"
        [SecondAuthorisationIgnored NewPairIgnored]
        AppShown
    "A refusal tells the state that would have been right, or the whole redirect"
        [StateInRefusal RedirectInRefusal RedirectInRefusalOfError]
        ErrorNamedInRefusal
    "A success of the token endpoint that has no tokens leads to `Bearer None`, an empty token, or the old one again"
        [MissingTokenAsNone MissingTokenAsUndefined EmptyTokenSent TokenOfHalfResponseSent
         OldTokenSentWithoutNew MissingRefreshTokenAsNull EmptyRefreshTokenSent]
        PairRequired
    "A token of another type than Bearer is sent as one"
        [TokenTypeIgnoredAtRenewal TokenTypeIgnoredAtExchange]
        MissingTokenEndsSession
    "A response of the token endpoint that cannot be read is shown, tokens and all"
        [RenewalResponseInError PartialResponseInError ExchangeResponseInError]
        NewLastFourShown
    "A redirect with an error other than `access_denied`, or with an empty code, leads to an exchange"
        [OtherErrorsIgnored EmptyCodeExchanged]
        ErrorNamedInRefusal
    "A session goes wrong at its third call, after a 401, or when it is taken up again after another one"
        [KeyOfAnotherSession CompanyLostAtThirdCall CompanyOfAnotherSession BaseUrlKeptAfter401]
        IntrospectedFirst
    "What was refused is sent when it is asked for once more"
        [EnvironmentRefusedOnce LegacyTokenRefusedOnce]
        AddressesNamedInRefusal
    "The company of the call before, even of one that was refused, is named by a client that is bound to none"
        [CompanyNotForgotten CompanyOfRefusedCall]
        BoundCompanyNamedInRefusal
    "A check is not made any more after a renewal or a refusal"
        [EnvironmentUncheckedAfterRenewal EnvironmentRefusedOnce]
        RenewedEarly
    "A second authorisation of a session asks for more, or has a weaker verifier"
        [SecondVerifierShort ScopesAccumulated]
        ScopesReversed
    "After the end of an authorisation its access token, or the client secret, is sent to the API"
        [OldTokenSentAfterRefusal OldTokenSentByUnknownApp DeadTokenSent ClientSecretAsTokenAfterEnd]
        MissingTokenEndsSession
    "Requests do not wait for a renewal that is under way"
        [OldTokenSentWhileRenewing RefreshStorm]
        RenewedWhenRefused
    "The second renewal of a session is lost, or shows the refresh token when it fails"
        [SecondRenewalIgnored RefreshTokenInErrorOfSecondRenewal]
        RefreshTriedOnce
    "The reason for refusing an odd key or path shows the key"
        [KeyBeyondAsciiInRefusal SecretInRefusalOfPath]
        KeysBeyondAsciiRefused
    "What went wrong in one call has consequences in the next: a redirect is kept, a wrong state taken, a token renewed"
        [WrongStateTakenSecondTime RenewedInCallAfter5xx RedirectKeptForLater]
        RedirectTargetNamed
    "A new key or pair is ignored, also after the end of an authorisation, or the old key is logged"
        [KeyCached NewPairIgnored NewPairIgnoredAfterEnd OldKeyInLogOfNew]
        LastFourShown
    "A renewal goes to the other environment's server: always, or when its own has refused it"
        [RefreshElsewhere RefusedRenewalElsewhere LaterRenewalElsewhere]
        RefreshTriedOnce
    "A request that may have taken effect is repeated after a 504 or a lost response"
        [RepeatedAfterDrop RepeatedAfter504 RepeatedAfterReset]
        FailureTriedAgain
}

/// The rows of the documented table: what goes wrong, and the rules that catch it.
fn documented() -> Vec<(&'static str, Vec<&'static str>)> {
    include_str!("../../src/mistakes.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(_, rules)| rules.contains('-'))
        .map(|(mistake, rules)| (mistake, rules.split(", ").collect()))
        .collect()
}

/// A flaw's name, and the rule that has to catch it.
fn name_and_rule(flaw: Flaw) -> (&'static str, &'static str) {
    let &(_, name, rule) = FLAWS.iter().find(|(known, ..)| *known == flaw).unwrap();
    (name, rule)
}

#[test]
fn the_documented_mistakes_are_those_that_are_held() {
    let documented: Vec<&str> = documented().into_iter().map(|(mistake, _)| mistake).collect();
    let held: Vec<&str> = HELD.iter().map(|(mistake, ..)| *mistake).collect();
    assert_eq!(documented, held);
    assert!(held.len() >= 100, "{} kinds of mistakes", held.len());
}

#[test]
fn every_kind_of_mistake_is_held_by_two_faulty_clients() {
    for ((mistake, rules), (_, flaws, _)) in documented().into_iter().zip(HELD) {
        let known = |id: &&str| catalogue().iter().any(|rule| rule.id == *id);
        assert!(rules.iter().all(known), "{mistake}: {rules:?}");
        let (mut names, mut own) = (BTreeSet::new(), BTreeSet::new());
        for flaw in *flaws {
            let (name, rule) = name_and_rule(*flaw);
            let catches = |id: &&str| *id == rule || also_caught_by(*flaw).contains(id);
            assert!(rules.iter().any(catches), "{mistake}: no rule of it catches {name}");
            names.insert(name);
            own.insert(rule);
        }
        assert!(names.len() >= 2 && names.len() == flaws.len(), "{mistake}: {flaws:?}");
        let idle: Vec<_> = rules.iter().filter(|id| !own.contains(*id)).collect();
        assert!(idle.is_empty(), "{mistake}: no flaw of it is made for {idle:?}");
    }
}

#[test]
fn every_flaw_is_one_of_a_documented_kind() {
    let is_held = |flaw: &Flaw| HELD.iter().any(|(_, flaws, _)| flaws.contains(flaw));
    let others = FLAWS.iter().filter(|(flaw, ..)| !is_held(flaw)).map(|(_, name, _)| *name);
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
}
