//! Where inputs come from: a seed with some edits.

/// A seed, by its number, and what is changed in it.
pub type Mutation = (u8, Vec<Edit>);

/// A kind, a position, and a byte or the number of a token.
pub type Edit = (u8, u16, u8);

/// Pieces that mean something to the readers under test.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "0",
    "-",
    "1e999",
    "-0.0",
    "18446744073709551616",
    "0.0000000000000000000000000001",
    "\u{feff}",
    "é",
    "\u{0}",
    "\r\n",
    " ",
    "?",
    "#",
    "&",
    "=",
    "%",
    "%00",
    "%C3",
    "+",
    "://",
    "//",
    "/",
    "..",
    "state=",
    "code=",
    "error=",
    "Z",
    "T",
    "t",
    "+24:00",
    "-00:00",
    ":60",
    "FAKE SECRET",
    "\"error\":",
    "\"access_token\":",
    "invalid_refresh_token",
    "E",
    ".",
];

/// The mutated seed.
pub(crate) fn mutated(seeds: &[&str], (seed, edits): &Mutation) -> Vec<u8> {
    let mut text = seeds[usize::from(*seed) % seeds.len()].as_bytes().to_vec();
    for &(kind, position, value) in edits {
        let at = usize::from(position) % (text.len() + 1);
        let end = (at + usize::from(value)).min(text.len());
        match kind % 5 {
            0 if at < text.len() => text[at] = value,
            1 => text.insert(at, value),
            2 => drop(text.drain(at..end)),
            3 => {
                let piece = text[at..end].to_vec();
                drop(text.splice(at..at, piece));
            }
            _ => drop(text.splice(at..at, TOKENS[usize::from(value) % TOKENS.len()].bytes())),
        }
    }
    text
}

impl super::Target {
    /// Checks a mutated seed.
    pub fn check_mutation(&self, status: u8, mutation: &Mutation) {
        (self.check)(status, &mutated(self.seeds, mutation));
    }
}

/// See [`TOKEN_RESPONSES`](super::TOKEN_RESPONSES).
pub(crate) const TOKEN_RESPONSES: &[&str] = &[
    r#"{"access_token":"FAKE-A1","refresh_token":"FAKE-R1","token_type":"Bearer","expires_in":3600,"scope":"users:read"}"#,
    r#"{"access_token":"FAKE-A1"}"#,
    r#"{"access_token":"FAKE-A1","token_type":"mac"}"#,
    r#"{"access_token":"FAKE-A1","access_token":"FAKE-A2"}"#,
    r#"{"access_token":"FAKE SECRET\n","refresh_token":"FAKE SECRET"}"#,
    r#"{"access_token":null,"error":"invalid_grant"}"#,
    r#"{"access_token":"FAKE-A1","expires_in":"-1","scope":["FAKE SECRET"]}"#,
    r#"{"access_token":"FAKE-A1","expires_in":1e300}"#,
    r#"{"error":"invalid_grant","error_description":"FAKE SECRET"}"#,
    r#"{"error":"FAKE SECRET"}"#,
    r#"{"error":{"type":"invalid_refresh_token","message":"FAKE SECRET"}}"#,
    r#"{"error":"temporarily_unavailable"}"#,
    "\u{feff}{\"error\":\"FAKE-R0\"}",
    "<html>FAKE SECRET</html>",
    "",
];

/// See [`REDIRECTS`](super::REDIRECTS). `AAA…` is the state of the authorisation.
pub(crate) const REDIRECTS: &[&str] = &[
    "https://app.test/callback?code=FAKE-CODE&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "/callback?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=4/0A?b#fragment?state=x",
    "state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=4/0A?b",
    "?code=FAKE%2FCODE+x&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "//app.test?code=c&code=d&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "?error=access_denied&error_description=FAKE SECRET&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "?error=FAKE SECRET&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "app:callback?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB&code=FAKE SECRET",
    "?%73tate=%41AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=c",
    "",
];

/// See [`ERROR_BODIES`](super::ERROR_BODIES).
pub(crate) const ERROR_BODIES: &[&str] = &[
    r#"{"type":"missing_contra_accounts","message":"FAKE SECRET"}"#,
    r#"{"type":"FAKE SECRET","message":null}"#,
    r#"{"type":1,"message":["FAKE SECRET"]}"#,
    r#"{"type":"a","type":"b"}"#,
    "[[[[[[[[[[[[[[[[",
    "\u{feff}{}",
    "<html>FAKE SECRET</html>",
    "",
];

/// See [`PAGES`](super::PAGES).
pub(crate) const PAGES: &[&str] = &[
    r#"{"data":[],"pagination":{"currentRequestPagination":{"parameters":{}},"hasNextPage":false,"hasPreviousPage":false}}"#,
    r#"{"data":[{"id":"11111111-2222-4333-8444-555555555555","companyId":"11111111-2222-4333-8444-555555555555","status":"brand new","createdAt":"2026-01-01T00:00:00Z","startedAt":null,"completedAt":"2026-01-01t00:00:00.123456789+01:00","expiresIn":-1,"failureReason":"FAKE SECRET","isInteractive":false,"numberOfItems":9007199254740993,"vendorBasedBookkeeping":true}],"pagination":{"currentRequestPagination":{"parameters":{"limit":["10"]},"limit":10,"sortingKeys":[],"sortingOrder":["ASC"]},"hasNextPage":true,"hasPreviousPage":false,"endCursor":"ABC","total":1}}"#,
    r#"{"data":[{"id":"11111111-2222-4333-8444-555555555555","companyId":"11111111-2222-4333-8444-555555555555","email":"FAKE SECRET","firstName":"é","lastName":"\ud83e\udd80","new":{"deep":[1e300]}}],"pagination":{"currentRequestPagination":{"parameters":{}},"hasNextPage":false,"hasPreviousPage":false}}"#,
    r#"{"data":[],"pagination":{"currentRequestPagination":{"parameters":{"a":"FAKE SECRET","b":{"c":null}}},"hasNextPage":false,"hasPreviousPage":false}}"#,
    r#"{"data":"FAKE SECRET"}"#,
    "",
];

/// See [`TIMES`](super::TIMES).
pub(crate) const TIMES: &[&str] = &[
    "2026-01-31",
    "2026-01-31T23:59:60Z",
    "2026-01-31t00:00:00.123456789+14:00",
    "0000-02-29T00:00:00-23:59",
    "2024-02-30T00:00:00Z",
    "+262142-12-31T23:59:59.9Z",
    "-262143-01-01T00:00:00Z",
    "2026-01-31 00:00:00 +00:00",
    "",
];

/// See [`DECIMALS`](super::DECIMALS).
pub(crate) const DECIMALS: &[&str] = &[
    "0",
    "-0.00",
    "12.50",
    "79228162514264337593543950335",
    "0.0000000000000000000000000001",
    "1234567890123456789012345678.90",
    "1e28",
    "1E-28",
    "-1.5e+3",
    "1e9223372036854775807",
    "0e-9223372036854775808",
    "1.e3",
    ".5",
    "+1",
    "",
];
