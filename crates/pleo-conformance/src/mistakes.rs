//! The mistakes that clients make, by kind, and the rules that catch them.
//!
//! The catalogue says what Pleo's documents ask for. This table looks at the same rules from the other side: what
//! programmers get wrong. Each kind is held by at least two faulty clients in the tests of this crate, and
//! lawful neighbours of the mistakes have to pass.
//!
//! | mistake | rules |
//! |---|---|
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
//! | An empty key is sent | AUTH-009 |
//! | A redirect of the token endpoint, or the `Location` of a 201, is followed | OAU-016, OAU-017, SEC-006 |
//! | A secret is shown when the token endpoint fails, or the session has ended | OAU-019, OAU-022 |
//! | The code, the verifier or the client secret is in the URL or a header of the exchange | OAU-007, OAU-030 |
//! | Requests that are refused at the same time each renew | OAU-009 |
//! | A right redirect is refused, or tokens are asked for otherwise than by a form | OAU-031 |
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
//! | A parameter of the authorise URL is doubled, or asks for another kind of response | OAU-021 |
//! | A second authorisation of a session is ignored | SEC-007 |
//! | A refusal tells the state that would have been right | OAU-022 |
//! | A success of the token endpoint that has no tokens leads to `Bearer None`, an empty token, or the old one again | OAU-032 |
//! | A token of another type than Bearer is sent as one | OAU-033 |
//! | A response of the token endpoint that cannot be read is shown, tokens and all | OAU-019, OAU-022 |
//! | A redirect with an error other than `access_denied`, or with an empty code, leads to an exchange | OAU-005 |
//! | A session goes wrong at its third call, after a 401, or when it is taken up again after another one | AUTH-003, CMP-001, CMP-005, ENV-003 |
//! | What was refused is sent when it is asked for once more | ENV-002, LEG-001 |
//! | The company of a call that was refused is named in the next one | CMP-009 |
//! | A check is not made any more after a renewal | ENV-002 |
//! | A second authorisation of a session asks for more, or has a weaker verifier | OAU-006, OAU-020 |
//! | After the end of an authorisation its access token, or the client secret, is sent to the API | OAU-012, OAU-018 |
//! | Requests do not wait for a renewal that is under way | OAU-009 |
//! | The second renewal of a session is lost, or shows the refresh token when it fails | OAU-010, OAU-019 |
//! | The reason for refusing an odd key or path shows the key | SEC-004 |
//! | What went wrong in one call has consequences in the next: a redirect is kept, a wrong state taken, a token renewed | OAU-004, OAU-025, SEC-006 |
//! | A new key or pair is ignored, also after the end of an authorisation, or the old key is logged | SEC-005, SEC-007 |
//! | A refused renewal is tried at the other environment's server | OAU-016 |
//! | A request that may have taken effect is repeated after a 504 or a lost response | URL-008 |
