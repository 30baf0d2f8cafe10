//! The mistakes that clients make, by kind, and the rules that catch them.
//!
//! The catalogue says what Pleo's documents ask for. This table looks at the same rules from the other side: what
//! programmers get wrong. Each kind is held by at least two faulty clients in the tests of this crate, and has a
//! correct client beside it, which does something near to the mistake and has to pass.
//!
//! | mistake | rules |
//! |---|---|
//! | An API key is sent by Bearer, or an access token by Basic | AUTH-001, AUTH-005 |
//! | Basic has no Base64, no padding or another alphabet, or the key is not its user name alone | AUTH-002, AUTH-003, AUTH-004 |
//! | The `Authorization` header is missing, or there twice | AUTH-007 |
//! | A key is exchanged for a token first, or an access token is read for its expiry | AUTH-008, AUTH-010 |
//! | Staging is what a client begins with, or gives its credential to production | ENV-001, ENV-002 |
//! | A built-in base URL has no TLS, or is not one of Pleo's | ENV-004 |
//! | A credential is sent to an address that nobody knows, or that begins like the right one | ENV-005 |
//! | A legacy token is sent, or another credential to the legacy API | LEG-001, LEG-002 |
//! | The company is not in the request, or it is another one than the bound one | CMP-001, CMP-005 |
//! | The company is not where the operation expects it, or is sent under another name | CMP-002, CMP-003 |
//! | A request for another company is sent, as it is or with the bound one instead | CMP-006, CMP-011 |
//! | An operation that needs a company is sent without one, or one that takes none with one | CMP-007, CMP-008 |
//! | Scopes are not looked at, or no scopes are taken for all of them | SCP-001 |
//! | What was forbidden, or has succeeded, is sent once more | SCP-003, URL-006 |
//! | A credential is in the query, a cookie or another header as well | SEC-001, SEC-002 |
//! | A credential is shown by debugging output, errors or logs | SEC-003, SEC-004, SEC-005 |
//! | The path has a slash too many or another version, or the method is another one | URL-001, URL-002, URL-007 |
//! | Parameters are encoded twice or not at all, joined, or rewritten | URL-003, URL-004 |
//! | A body comes as a form, in another object, escaped for HTML, or without one media type | URL-005 |
//! | What is to be sent is refused, or sent once instead of several times | URL-006 |
//! | PKCE is not used, or its challenge is empty or not called S256 | OAU-001, OAU-002 |
//! | The state is not another one each time, or can be guessed | OAU-003 |
//! | A redirect without the right state, with an error or without a code leads to an exchange | OAU-004, OAU-005 |
//! | The PKCE verifier is missing, too short, too long, or that of another challenge | OAU-006 |
//! | The client secret or a verifier is in the authorise URL | OAU-007 |
//! | The redirect URI is not to the letter the one that is registered | OAU-008 |
//! | A token is not renewed, is sent once more when it was refused, or stays after a renewal | OAU-009, OAU-010, OAU-011, OAU-014 |
//! | A renewal that fails is tried again and again | OAU-012, OAU-013 |
//! | An authorisation server that does not work for a while ends the session | OAU-013 |
//! | The app authenticates otherwise than by Basic, without its secret, or not at all | OAU-015 |
//! | The user is sent, or the code exchanged, in another environment than the chosen one | OAU-017 |
//! | A refresh token or the client secret is in a header or shown, or the tokens that came for a code | OAU-018, OAU-019, OAU-022 |
//! | A long key is wrapped by its Base64 encoder, or cut | AUTH-002, AUTH-003, AUTH-006 |
//! | A key or token is decoded, unescaped, trimmed or formatted before it is sent | AUTH-003, AUTH-006 |
//! | Requests that are sent at the same time differ: only the first has the header or the company | AUTH-001, AUTH-007, CMP-001, SEC-001 |
//! | A part of a credential, or another spelling of it, is in a request | SEC-001, SEC-002 |
//! | A part of a credential, or another spelling of it, is in a text | SEC-003, SEC-004, SEC-005 |
//! | A credential is logged only when a redirect, 403 or 429 comes | SEC-004, SEC-005 |
//! | The reason for a refusal shows the key that was refused | SEC-004 |
//! | The tokens that a renewal brings are sent or shown where they do not belong | OAU-018, OAU-019 |
//! | The code, the verifier or the client secret is shown during an authorisation | OAU-022 |
//! | A later call of a session names the company of an earlier one | CMP-009 |
//! | The company's id is rewritten: without hyphens, in braces, as a URN | CMP-005 |
//! | A client without a company sends an empty one, `null` or the nil UUID | CMP-010 |
//! | OAuth tokens that the client keeps are sent otherwise than those that it is given | AUTH-005, AUTH-006, AUTH-007, CMP-001, SEC-001 |
//! | After a change of environment, credential and base URL belong to different ones | ENV-003 |
//! | A check is made only at the first call of a session | ENV-002, ENV-005, LEG-001, LEG-002 |
//! | After a failure the request goes to another host | ENV-001, LEG-002 |
//! | A redirect to the other environment or to the legacy API is followed | SEC-006 |
//! | The second try after a 401 sends the credential in another way | AUTH-001, AUTH-005, AUTH-007, SEC-001, SEC-002 |
//! | The second try after a 4xx, a 5xx or a dropped connection sends something else | AUTH-007, CMP-001, CMP-004, SEC-001, URL-005 |
//! | A credential is shown only when the connection is refused or reset, or no response comes in time | SEC-003, SEC-004, SEC-005 |
//! | Without a connection or a response in time the request goes to another host | ENV-001, LEG-002 |
//! | Without a connection or a response in time tokens, codes or the client secret are shown | OAU-019, OAU-022 |
//! | Without a connection or a response in time tokens are asked for at the other environment's server | OAU-016, OAU-017 |
//! | A credential is logged only when the request is not valid, or the response cannot be read | SEC-004, SEC-005 |
//! | The company among the arguments is doubled, lost or compared in part | CMP-004, CMP-006, CMP-010 |
//! | A replaced credential comes back: the new one is like it, or was refused | SEC-007 |
//! | An empty key, or one with a colon, is sent | AUTH-009 |
//! | A redirect of the token endpoint, or the `Location` of a 201, is followed | OAU-016, OAU-017, SEC-006 |
//! | A secret is shown when the token endpoint fails, or the session has ended | OAU-019, OAU-022 |
//! | The code, the verifier or the client secret is in the URL or a header of the exchange | OAU-030 |
//! | Requests that are refused at the same time each renew | OAU-009 |
//! | A right redirect is refused, or tokens are asked for otherwise than by a form | OAU-031 |
//! | A credential is shown only when nothing is found or any more there, or a gateway gets no response | SEC-004, SEC-005 |
//! | Scopes are compared loosely | SCP-001 |
//! | `*` among the scopes is taken for all of them, or for all of an area | SCP-001 |
//! | Scopes that suffice are refused | SCP-002 |
//! | Query values lose blanks, signs or characters beyond ASCII | URL-004 |
//! | Text in a body loses characters beyond ASCII | URL-005 |
//! | The authorise URL, or a renewal, asks for other scopes | OAU-020, OAU-028 |
//! | The PKCE challenge is padded, in hex, or in the wrong alphabet | OAU-002 |
//! | The authorise URL is not valid, or does not ask for a code | OAU-021 |
//! | The PKCE verifier has characters that it cannot have, or can be guessed | OAU-006 |
//! | The state is compared loosely | OAU-004 |
//! | A redirect URI, a code, a refresh token or a client secret is encoded wrongly | OAU-008, OAU-015, OAU-027, OAU-029 |
//! | The request after a renewal is another one, or renewals go on without end | OAU-023, OAU-024 |
//! | A good token is renewed | OAU-025 |
//! | A code is exchanged twice | OAU-026 |
//! | Of several companies in a request the first or the last is compared, or of one its beginning | CMP-006 |
//! | A client that is bound to no company loses the one among the arguments | CMP-010 |
//! | What nobody has given is sent as `null`, `None` or empty, or a body as `{}` | URL-004, URL-005 |
//! | Empty texts, line ends, blanks or control characters get lost | URL-004, URL-005 |
//! | Zeros or empty lists get lost | URL-004, URL-005 |
//! | A parameter of the authorise URL is doubled, or asks for another kind of response | OAU-021 |
//! | A second authorisation of a session, or a second pair of tokens, is ignored | SEC-007 |
//! | A refusal tells the state that would have been right, or the whole redirect | OAU-022 |
//! | A success of the token endpoint that has no tokens leads to `Bearer None`, an empty token, or the old one again | OAU-032 |
//! | A token of another type than Bearer is sent as one | OAU-033 |
//! | A response of the token endpoint that cannot be read is shown, tokens and all | OAU-019, OAU-022 |
//! | A redirect with an error other than `access_denied`, or with an empty code, leads to an exchange | OAU-005 |
//! | A session goes wrong at its third call, after a 401, or when it is taken up again after another one | AUTH-003, CMP-001, CMP-005, ENV-003 |
//! | What was refused is sent when it is asked for once more | ENV-002, LEG-001 |
//! | The company of the call before, even of one that was refused, is named by a client that is bound to none | CMP-009 |
//! | A check is not made any more after a renewal or a refusal | ENV-002 |
//! | A second authorisation of a session asks for more, or has a weaker verifier | OAU-006, OAU-020 |
//! | After the end of an authorisation its access token, or the client secret, is sent to the API | OAU-012, OAU-018 |
//! | Requests do not wait for a renewal that is under way | OAU-009 |
//! | The second renewal of a session is lost, or shows the refresh token when it fails | OAU-010, OAU-019 |
//! | The reason for refusing an odd key or path shows the key | SEC-004 |
//! | What went wrong in one call has consequences in the next: a redirect is kept, a wrong state taken, a token renewed | OAU-004, OAU-025, SEC-006 |
//! | A new key or pair is ignored, also after the end of an authorisation, or the old key is logged | SEC-005, SEC-007 |
//! | A renewal goes to the other environment's server: always, or when its own has refused it | OAU-016 |
//! | A request that may have taken effect is repeated after a 504 or a lost response | URL-008 |
