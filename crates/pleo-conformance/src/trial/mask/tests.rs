//! What is found of secrets, what is not, and what is shown in their place.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{prelude::*, sample::select, test_runner::Config};
use sha2::{Digest as _, Sha256};

use super::*;

/// The forms in which a secret mostly travels, each with a name in which `%` stands for the secret's own.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let encode = |text: String| STANDARD.encode(text);
    let mut forms = vec![
        ("%", secret.to_owned()),
        ("Base64 of %:", encode(format!("{secret}:"))),
        ("Base64 of :%", encode(format!(":{secret}"))),
        ("Base64 of %:%", encode(format!("{secret}:{secret}"))),
        ("Base64 of %", encode(secret.to_owned())),
        ("% percent-encoded", utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()),
    ];
    forms.dedup_by(|(_, a), (_, b)| a == b);
    forms
}

#[test]
fn a_secret_is_found_and_masked_in_every_form() {
    let secret = "FAKE-abc/123+x";
    let mut mask = Mask::default();
    mask.secret(secret, "key");
    for (name, form) in forms(secret) {
        let text = format!("before {form} after");
        assert!(found(secret, &text).is_some(), "{name}");
        let masked = mask.apply(&text);
        assert!(found(secret, &masked).is_none(), "{masked}");
        assert!(masked.starts_with("before <") && masked.ends_with("> after"), "{masked}");
    }
    assert_eq!(found(secret, "nothing of it"), None);
}

#[test]
fn a_secret_is_found_beside_anything_that_was_encoded_with_it() {
    let secret = "FAKE-abc/123+x";
    let mut mask = Mask::default();
    mask.secret(secret, "key");
    for beside in ["p", "pl", "ple", "pleo", "pleo:"] {
        for encoded in [
            STANDARD.encode(format!("{beside}{secret}{beside}")),
            STANDARD_NO_PAD.encode(format!("{beside}{secret}")),
            URL_SAFE_NO_PAD.encode(format!("{beside}{secret}?>?>")),
        ] {
            let text = format!("Basic {encoded}");
            assert!(found(secret, &text).is_some(), "{beside}");
            assert!(mask.apply(&text).starts_with("Basic <"), "{}", mask.apply(&text));
            assert!(found(secret, &mask.apply(&text)).is_none());
        }
    }
    assert_eq!(found(secret, &STANDARD.encode("FAKE-abc/123y and more")), None);
}

#[test]
fn pieces_of_a_secret_are_masked() {
    let secret = "FAKE-abc/123+x";
    let mut mask = Mask::default();
    mask.secret(secret, "key");
    assert_eq!(mask.apply("Bearer FAKE-abc/123+ and é"), "Bearer <piece of key> and é");
    assert_eq!(mask.apply("-abc/12%2Bx"), "<piece of key>%2Bx");
    assert_eq!(mask.apply("FAKE-"), "FAKE-");
}

#[test]
fn addresses_are_replaced_with_and_without_their_scheme() {
    let mut mask = Mask::default();
    mask.address("http://127.0.0.1:4711", "staging");
    assert_eq!(mask.apply("GET http://127.0.0.1:4711/v1"), "GET {staging}/v1");
    assert_eq!(mask.apply("host: 127.0.0.1:4711"), "host: {staging host}");
}

#[test]
fn an_excerpt_is_what_was_found_with_what_is_around_it() {
    let secret = "FAKE-q7Rt2w9mLk4x";
    let (mut mask, finder) = (mask(secret), Finder::new([secret]));
    mask.address("http://127.0.0.1:40001", "staging");
    let excerpt = |text: &str| mask.excerpt(text, &finder.found(text).unwrap().at, 10);
    assert_eq!(excerpt(secret), "<key>");
    assert_eq!(excerpt(&format!("at http://127.0.0.1:40001 {secret} port 40001")), "{staging} <key> port {");
    assert_eq!(
        excerpt(&format!("{}é-{secret}-é{}", "a ".repeat(300), "b ".repeat(300))),
        " a a a é-<key>-éb b b b "
    );
    assert_eq!(excerpt(&format!("13:37:01 {secret}")), "{time} <key>");
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(excerpt(&format!("it is {hex}!")), "it is <key in hex, digits in lower case>!");
}

/// Whatever is before it, and wherever the parts of the text that are searched at once end.
#[test]
fn a_secret_is_found_in_a_text_of_any_length() {
    let secret = "FAKE-q7Rt2w9mLk4xP8dB";
    let encoded = [
        secret.to_owned(),
        STANDARD.encode(format!("{secret}:")),
        each(secret.as_bytes(), ", ", |byte| byte.to_string()),
    ];
    for form in &encoded {
        for length in [0, 65_536, 1 << 20]
            .into_iter()
            .chain((WINDOW - 120..WINDOW + 4).step_by(9))
            .chain([2 * WINDOW - OVERLAP - 9])
        {
            let noise = ". é\n".repeat(length / 5) + &" ".repeat(length % 5);
            let text = format!("{noise}{form}.{}", &noise[..noise.len().min(5)]);
            let found = Finder::new([secret]).found(&text).map(|found| found.at);
            assert!(found.is_some_and(|at| at.start >= noise.len()), "{form} after {length}");
        }
    }
}

const SECRET: &str = r#"FAKE-q7/Rt+Z"w&9\Lm<4kX~Pd2vB"#;
const JWT: &str = "FAKE-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r";

fn mask(secret: &str) -> Mask {
    let mut mask = Mask::default();
    mask.secret(secret, "key");
    mask
}

/// A text of bytes, each written in this way.
fn each(text: &[u8], between: &str, write: impl Fn(u8) -> String) -> String {
    text.iter().map(|byte| write(*byte)).collect::<Vec<_>>().join(between)
}

fn utf16(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| [*byte, 0]).collect()
}

/// In lines of 76 characters.
fn wrapped(text: &str) -> String {
    text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n")
}

type Spelling = (&'static str, fn(&[u8]) -> String);

fn read(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Ways to write a text.
const SPELLINGS: &[Spelling] = &[
    ("plain", read),
    ("upper", |text| read(text).to_uppercase()),
    ("lower", |text| read(text).to_lowercase()),
    ("blanks", |text| each(text, " ", |byte| char::from(byte).to_string())),
    ("folded", |text| wrapped(&each(text, "", |byte| char::from(byte).to_string()))),
    ("no-break spaces", |text| each(text, "\u{a0}", |byte| char::from(byte).to_string())),
    ("UTF-16", |text| read(&utf16(text))),
    ("u escapes", |text| each(text, "", |byte| format!("\\u{byte:04x}"))),
    ("u escapes in braces", |text| each(text, "", |byte| format!("\\u{{{byte:X}}}"))),
    ("x escapes", |text| each(text, "", |byte| format!("\\x{byte:02x}"))),
    ("octal escapes", |text| each(text, "", |byte| format!("\\{byte:03o}"))),
    ("JSON", |text| serde_json::to_string(&read(text)).unwrap()),
    ("JSON of PHP", |text| serde_json::to_string(&read(text)).unwrap().replace('/', "\\/")),
    ("debug", |text| format!("{:?}", read(text))),
    ("hex", |text| each(text, "", |byte| format!("{byte:02x}"))),
    ("hex in upper case", |text| each(text, "", |byte| format!("{byte:02X}"))),
    ("hex with colons", |text| each(text, ":", |byte| format!("{byte:02x}"))),
    ("hex with blanks", |text| each(text, " ", |byte| format!("{byte:02X}"))),
    ("hex with hyphens", |text| each(text, "-", |byte| format!("{byte:02X}"))),
    ("hex of numbers", |text| format!("[{}]", each(text, ", ", |byte| format!("0x{byte:02x}")))),
    ("hex of UTF-16", |text| each(&utf16(text), "", |byte| format!("{byte:02x}"))),
    ("numbers", |text| format!("{text:?}")),
    ("numbers in lines", |text| format!("{text:#?}")),
    ("numbers of Java", |text| each(text, ",", |byte| byte.to_string())),
    ("numbers of Go", |text| format!("[{}]", each(text, " ", |byte| byte.to_string()))),
    ("percent", |text| each(text, "", |byte| format!("%{byte:02X}"))),
    ("percent in lower case", |text| each(text, "", |byte| format!("%{byte:02x}"))),
    ("percent where needed", |text| utf8_percent_encode(&read(text), NON_ALPHANUMERIC).to_string()),
    ("form", |text| form_urlencoded::byte_serialize(text).collect()),
    ("entities", |text| {
        read(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    }),
    ("decimal entities", |text| each(text, "", |byte| format!("&#{byte};"))),
    ("hex entities", |text| each(text, "", |byte| format!("&#x{byte:x};"))),
    ("Base64", |text| STANDARD.encode(text)),
    ("Base64 without padding", |text| STANDARD_NO_PAD.encode(text)),
    ("URL-safe Base64", |text| URL_SAFE.encode(text)),
    ("URL-safe Base64 without padding", |text| URL_SAFE_NO_PAD.encode(text)),
    ("Base64 in lines", |text| wrapped(&STANDARD.encode(text))),
    ("Base64 of UTF-16", |text| STANDARD.encode(utf16(text))),
    ("Base64 beside another", |text| STANDARD.encode([b"id:", text, b"\xe9\xff"].concat())),
];

#[test]
fn a_secret_is_found_in_every_spelling_and_in_two_of_them_one_in_the_other() {
    for secret in [SECRET, JWT] {
        let mask = mask(secret);
        for (outer, write) in SPELLINGS {
            for (inner, write_inner) in SPELLINGS {
                let inner_text = write_inner(secret.as_bytes());
                let text = format!("log: {} end", write(inner_text.as_bytes()));
                if lossy(outer, inner) {
                    continue;
                }
                assert!(found(secret, &text).is_some(), "{inner} in {outer}: {text}");
                let masked = mask.apply(&text);
                assert_eq!(found(secret, &masked), None, "{inner} in {outer}: {masked}");
            }
        }
    }
}

/// Whether these two lose the text, or break it so that nobody would put it together again.
fn lossy(outer: &str, inner: &str) -> bool {
    let is_base64 = |name: &str| name.starts_with("Base64") || name.starts_with("URL-safe");
    let plain = ["plain", "upper", "lower", "blanks", "folded", "no-break spaces", "UTF-16"].contains(&inner);
    match outer {
        "upper" | "lower" => is_base64(inner) || inner.ends_with("entities") || inner.contains("escapes"),
        "blanks" | "no-break spaces" | "folded" => !plain,
        // A form has a plus sign for a blank, and a secret may have one of its own.
        "form" => inner == "blanks",
        // What is in Base64 is taken for a text where it is ASCII.
        _ => is_base64(outer) && inner == "no-break spaces",
    }
}

#[test]
fn what_is_found_is_told_in_words() {
    let told = |write: &str, text: &[u8]| {
        let (_, write) = SPELLINGS.iter().find(|(name, _)| *name == write).unwrap();
        found(SECRET, &format!("before {} after", write(text))).unwrap_or("nothing")
    };
    let secret = SECRET.as_bytes();
    let piece = &secret[..secret.len() - 4];
    for (write, whole, part) in [
        ("plain", "%", "a piece of %"),
        ("upper", "% in upper case", "a piece of % in upper case"),
        ("blanks", "% with white space in it", "a piece of % with white space in it"),
        ("UTF-16", "% in UTF-16", "a piece of % in UTF-16"),
        ("u escapes", "% with escapes in it", "a piece of % with escapes in it"),
        ("percent", "% percent-encoded", "a piece of % percent-encoded"),
        ("entities", "% with HTML entities in it", "a piece of % with HTML entities in it"),
        ("hex", "% in hex", "a piece of % in hex"),
        ("numbers", "% as a list of bytes", "a piece of % as a list of bytes"),
        ("Base64", "Base64 of %", "Base64 of a piece of %"),
        ("Base64 beside another", "Base64 with % in it", "Base64 with a piece of % in it"),
        ("Base64 of UTF-16", "Base64 of % in UTF-16", "Base64 of a piece of %"),
    ] {
        assert_eq!(told(write, secret), whole, "{write}");
        assert_eq!(told(write, piece), part, "{write}");
    }
}

#[test]
fn pieces_of_eight_characters_are_found_and_seven_are_lawful() {
    for secret in [SECRET, JWT] {
        let own = secret.strip_prefix("FAKE-").unwrap();
        for (start, _) in own.char_indices().take(own.len() - 7) {
            let text = format!("(…{}), sent", &own[start..start + 8]);
            assert!(found(secret, &text).is_some(), "{text}");
            assert_eq!(found(secret, &format!("(…{}), sent", &own[start..start + 7])), None);
        }
        for part in [&secret[..secret.len() - 4], &own[..own.len() / 2], &own[own.len() / 2..], &secret[..13]]
        {
            assert!(found(secret, part).is_some(), "{part}");
        }
        assert_eq!(found(secret, &secret[..12]), None);
        assert_eq!(found(secret, &format!("ends with {}", &secret[secret.len() - 4..])), None);
    }
}

#[test]
fn ordinary_texts_are_not_taken_for_a_secret() {
    let secrets = [
        SECRET,
        JWT,
        "FAKE-00000001-credential",
        "FAKE-00000000-credential",
        "FAKE-00000002-production",
        "FAKE-CLIENT-a1b2c3d4e5f6",
        "FAKE-REFRESH-Zx9.k~Qw3rTy",
    ];
    for secret in secrets {
        let texts = [
            format!("{:x}", Sha256::digest(secret)),
            STANDARD.encode(Sha256::digest(secret)),
            "00000000-0000-0000-0000-000000000001 8c5a6e3d-0f1b-4a57-9f55-1d2c3b4a5e6f".to_owned(),
            "GET /v1/companies/00000000-0000-0000-0000-000000000000/tags?page=1&limit=100".to_owned(),
            "Basic Zm9vOmJhcg== Bearer FAKE- FAKE-CLIENT- FAKE-REFRESH- FAKE-ACCESS-".to_owned(),
            r#"{"error":"invalid credential","message":"no production credentials","at":10000000100000000}"#
                .to_owned(),
            "grant_type=refresh_token&client_id=FAKE-CLIENT-0&client_secret=&redirect_uri=https%3A%2F%2Fapp"
                .to_owned(),
            "FAKE-REFRESH-another FAKE-CLIENT-another FAKE-00000003-another".to_owned(),
            format!("ends with {}", &secret[secret.len() - 4..]),
        ];
        for text in texts {
            assert_eq!(found(secret, &text), None, "{secret} in {text}");
            assert_eq!(mask(secret).apply(&text), text, "{secret}");
        }
        assert!(found(secret, &secret[..secret.len() - 4]).is_some(), "{secret}");
    }
    assert_eq!(found("", "anything"), None);
}

#[test]
fn what_follows_on_the_next_line_does_not_hide_base64() {
    let hex = each(&SECRET.as_bytes()[5..14], ":", |byte| format!("{byte:02x}"));
    let text = format!("{}\n!", STANDARD_NO_PAD.encode(&hex));
    assert!(found(SECRET, &text).is_some());
    assert_eq!(mask(SECRET).apply(&text), "<Base64 with a piece of key in it, without padding>\n!");
    for next in ["w", "with", "Host: a"] {
        let text = format!("{}\n{next}", STANDARD_NO_PAD.encode(hex.replace(':', "").to_uppercase()));
        assert!(found(SECRET, &text).is_some());
    }
}

#[test]
fn spellings_that_differ_read_differently() {
    let secret = "FAKE-~~~???>>>abc0123";
    let mask = mask(secret);
    let pair = format!("{secret}:");
    let longer =
        format!("{pair}and a text which is longer than what fits in one line of Base64 with line ends");
    for (text, masked) in [
        (STANDARD.encode(&pair), "<Base64 of key:>"),
        (STANDARD_NO_PAD.encode(&pair), "<Base64 of key:, without padding>"),
        (URL_SAFE.encode(&pair), "<URL-safe Base64 of key:>"),
        (URL_SAFE_NO_PAD.encode(&pair), "<URL-safe Base64 of key:, without padding>"),
        (STANDARD.encode(&pair) + "=", "<Base64 of key:, with wrong padding>"),
        (wrapped(&STANDARD.encode(longer)), "<Base64 with key in it, in several lines>"),
        (STANDARD.encode(format!(":{secret}")), "<Base64 of :key>"),
        (STANDARD.encode(STANDARD.encode(&pair)), "<Base64 of Base64 with key in it>"),
        (secret.to_owned(), "<key>"),
        (secret.to_uppercase(), "<key in upper case>"),
        (secret.to_lowercase(), "<key in lower case>"),
        (secret.replace("???", "? ??"), "<key with white space in it>"),
        (secret[..17].to_owned(), "<piece of key>"),
        (secret[..17].to_uppercase(), "<piece of key in upper case>"),
        (each(secret.as_bytes(), "", |byte| format!("%{byte:02X}")), "<key percent-encoded>"),
        (
            each(secret.as_bytes(), "", |byte| format!("%{byte:02x}")),
            "<key percent-encoded, digits in lower case>",
        ),
        (each(secret.as_bytes(), "", |byte| format!("%25{byte:02X}")), "<key percent-encoded, twice>"),
        (each(secret.as_bytes(), "", |byte| format!("{byte:02X}")), "<key in hex, digits in upper case>"),
        (
            each(secret.as_bytes(), ":", |byte| format!("{byte:02x}")),
            "<key in hex, digits in lower case, with signs in between>",
        ),
    ] {
        assert_eq!(mask.apply(&format!("Basic {text}")), format!("Basic {masked}"));
        assert_eq!(mask.apply(&format!("[{text}] ")), format!("[{masked}] "));
    }
}

#[test]
fn of_several_secrets_each_has_its_name_and_a_name_is_not_masked() {
    let mut mask = Mask::default();
    mask.secret("FAKE-Zx9.k~Qw3rTy", "access token");
    mask.secret("FAKE-Zx9.k~Qw3rTy-and-8765", "refresh token");
    mask.secret("access token", "client secret");
    let text = "FAKE-Zx9.k~Qw3rTy FAKE-Zx9.k~Qw3rTy-and-8765, Qw3rTy-and-87";
    assert_eq!(mask.apply(text), "<access token> <refresh token>, <piece of refresh token>");
    assert_eq!(mask.apply("the access token"), "the <client secret>");
}

#[test]
fn nothing_is_masked_twice() {
    let mask = mask(SECRET);
    for (_, write) in SPELLINGS {
        let masked = mask.apply(&format!("a {} b {SECRET}", write(SECRET.as_bytes())));
        assert_eq!(mask.apply(&masked), masked);
    }
}

#[test]
fn what_cannot_be_seen_is_spelt_out() {
    for (text, shown) in [
        ("Bearer <secret>", "Bearer <secret>"),
        ("Bearer\t<secret>", r"Bearer\t<secret>"),
        ("Bearer  <secret> ", r"Bearer\x20\x20<secret>\x20"),
        (" \"é\" \\ 'x'", r#"\x20"é" \ 'x'"#),
        ("a\r\nb\u{0}\u{1b}\u{a0}", r"a\r\nb\0\u{1b}\u{a0}"),
        (" ", r"\x20"),
        ("", ""),
    ] {
        assert_eq!(visible(text), shown);
    }
}

/// What takes the longest: here 64 KiB take a few hundredths of a second, and would take minutes if each place
/// were compared with each of the secret.
#[test]
fn a_long_text_is_searched_and_masked_in_little_time() {
    let secret = format!("FAKE-{}", "q7/Rt+Zw9Lm4kX~Pd2vB".repeat(15));
    let noise: Vec<u8> = (0..2048_u32).flat_map(|it| Sha256::digest(it.to_le_bytes())).collect();
    let texts = [
        (STANDARD.encode(&noise[..49_152]), false),
        (STANDARD.encode(STANDARD.encode(&noise[..36_864])), false),
        (each(&noise[..32_768], "", |byte| format!("{byte:02x}")), false),
        (each(&noise[..16_384], ", ", |byte| byte.to_string()), false),
        (each(&noise, "", |byte| char::from(0x21 + byte % 94).to_string()), false),
        ("the quick brown fox, 100% of & \\n it: ".repeat(1800), false),
        ("q7/Rt+Z".repeat(9_000), false),
        ("q7/Rt+Zw ! ".repeat(6_000), true),
        (secret[5..].repeat(200), true),
    ];
    let mut all = mask(&secret);
    all.secret(&format!("FAKE-{}", "a".repeat(300)), "second");
    for (text, is_there) in texts.into_iter().chain([("a".repeat(65_536), false)]) {
        let start = std::time::Instant::now();
        assert_eq!(found(&secret, &text).is_some(), is_there);
        all.apply(&text);
        assert!(start.elapsed().as_secs() < 10, "{:?} for {}", start.elapsed(), &text[..20]);
    }
}

fn secrets() -> impl Strategy<Value = String> {
    "FAKE-[!-9;-~]{12,300}"
}

proptest! {
    #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_found_is_hidden(
        (secret, other) in (secrets(), secrets()),
        (outer, inner) in (select(SPELLINGS), select(SPELLINGS)),
        (cut, from, length) in (any::<bool>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        (before, after) in ("[ -~\n]{0,40}", "[ -~\té\n]{0,40}"),
    ) {
        let own = secret.len() - 5;
        let length = if cut { 8 + length.index(own - 7) } else { own };
        let start = 5 + from.index(own - length + 1);
        let part = if cut { &secret[start..start + length] } else { &secret };
        let inner_text = inner.1(part.as_bytes());
        let text = format!("{before} {} {after}", outer.1(inner_text.as_bytes()));
        if !lossy(outer.0, inner.0) {
            prop_assert!(found(&secret, &text).is_some(), "{} in {}: {text}", inner.0, outer.0);
        }
        let mut mask = mask(&secret);
        mask.secret(&other, "other");
        let masked = mask.apply(&text);
        prop_assert_eq!(found(&secret, &masked), None, "{} in {}: {}", inner.0, outer.0, masked);
        let both = format!("{text}{}{text}", outer.1(other.as_bytes()));
        let masked = mask.apply(&both);
        prop_assert_eq!(found(&secret, &masked), None, "{} in {}: {}", inner.0, outer.0, masked);
        prop_assert_eq!(found(&other, &masked), None, "{} in {}: {}", inner.0, outer.0, masked);
    }

    #[test]
    fn a_secret_is_not_found_in_another(
        (secret, other) in (secrets(), secrets()),
        (outer, inner) in (select(SPELLINGS), select(SPELLINGS)),
    ) {
        let text = outer.1(inner.1(other.as_bytes()).as_bytes());
        prop_assert_eq!(found(&secret, &text), None, "{} in {}: {}", inner.0, outer.0, text);
    }
}
