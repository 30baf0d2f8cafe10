//! What differs from run to run without meaning anything: ports that the system chose, addresses in memory, times.

use super::view::stretches;

/// The first port that a system chooses by itself, on the systems where it is the lowest (Linux).
const FIRST_CHOSEN_PORT: u32 = 32_768;

/// A text without the ports and addresses of this run. Some of the ports have names.
pub(super) fn steady(text: &str, ports: &[(String, String)]) -> String {
    with_names(
        text,
        |byte| byte.is_ascii_alphanumeric(),
        |before, word| {
            if is_address(word) {
                return Some("0x…".to_owned());
            }
            let number = word.parse::<u32>().ok().filter(|_| word.len() == 5)?;
            if let Some((_, name)) = ports.iter().find(|(port, _)| port == word) {
                return Some(format!("{{{name} port}}"));
            }
            let is_chosen = (FIRST_CHOSEN_PORT..=u32::from(u16::MAX)).contains(&number);
            (is_chosen && names_port(before)).then(|| "{port}".to_owned())
        },
    )
}

/// A line of a log without its time and the number of its process.
pub(super) fn timeless(text: &str) -> String {
    with_names(
        text,
        |byte| byte.is_ascii_digit() || b"-:.,+TZ".contains(&byte),
        |before, word| {
            let shape = word.replace(|sign: char| sign.is_ascii_digit(), "0");
            let is_time = shape.contains("00:00:00") || shape == "0000-00-00" || is_since_1970(word);
            let is_process = shape == "0".repeat(word.len()) && ends_with_name(before, "pid");
            (is_time || is_process).then(|| if is_time { "{time}" } else { "{pid}" }.to_owned())
        },
    )
}

/// The text with the names of some of its words, the runs of bytes of a sort, without what is not a letter or digit
/// around them. What is before a word helps to tell it.
fn with_names(
    text: &str,
    belongs: impl Fn(u8) -> bool,
    name: impl Fn(&str, &str) -> Option<String>,
) -> String {
    let mut named = String::with_capacity(text.len());
    let mut end = 0;
    for range in stretches(text.as_bytes(), belongs) {
        let is_around = |sign: char| !sign.is_ascii_alphanumeric();
        let rest = text[range.clone()].trim_start_matches(is_around);
        let (start, word) = (range.end - rest.len(), rest.trim_end_matches(is_around));
        if let Some(name) = name(&text[..start], word).filter(|_| !word.is_empty()) {
            named.push_str(&text[end..start]);
            named.push_str(&name);
            end = start + word.len();
        }
    }
    named.push_str(&text[end..]);
    named
}

/// Whether a word is an address in memory, as most languages write it.
fn is_address(word: &str) -> bool {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.len() >= 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Whether a word counts the seconds or milliseconds since 1970, for some decades to come.
fn is_since_1970(word: &str) -> bool {
    let whole = word.split('.').next().unwrap_or_default();
    matches!(whole.len(), 10 | 13)
        && whole.starts_with(['1', '2'])
        && whole.bytes().all(|it| it.is_ascii_digit())
}

/// Whether a port follows, as in `127.0.0.1:`, `('localhost', ` and `port=`.
fn names_port(before: &str) -> bool {
    let place = before.trim_end_matches(SIGNS);
    let host = place.trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '.');
    place[host.len()..].starts_with("127.")
        || place.ends_with("localhost")
        || place.ends_with("::1")
        || ends_with_name(before, "port")
}

/// What may stand between a name and its value.
const SIGNS: [char; 11] = ['\'', '"', '\\', ':', '=', ',', '(', ')', '[', ']', ' '];

fn ends_with_name(before: &str, name: &str) -> bool {
    let before = before.trim_end_matches(SIGNS);
    let start = before.len().saturating_sub(name.len());
    before.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports() -> Vec<(String, String)> {
        vec![("40001".to_owned(), "staging".to_owned())]
    }

    #[test]
    fn ports_and_addresses_in_memory_are_shown_by_what_they_are() {
        for (text, shown) in [
            ("Pool(host='127.0.0.1', port=40001)", "Pool(host='127.0.0.1', port={staging port})"),
            ("('127.0.0.1', 40001)", "('127.0.0.1', {staging port})"),
            ("tcp 127.0.0.1:51234->127.0.0.2:40001", "tcp 127.0.0.1:{port}->127.0.0.2:{staging port}"),
            ("[::1]:51234 localhost:51234 Port 51234", "[::1]:{port} localhost:{port} Port {port}"),
            (r#"{\"port\": 51234}"#, r#"{\"port\": {port}}"#),
            ("<Client object at 0x7f3a5c1d2e40>", "<Client object at 0x…>"),
            ("{ptr: 0xc000012340}", "{ptr: 0x…}"),
        ] {
            assert_eq!(steady(text, &ports()), shown);
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "400012 51234 ms",
            "http://localhost:8080/",
            "0x7f 0xZZ00000",
            "a0x7f3a5c1d2e40",
            "é51234",
            "port 1",
            "127.0.0.1 took 51234",
            "",
        ] {
            assert_eq!(steady(text, &ports()), text);
        }
    }

    #[test]
    fn a_log_is_shown_without_its_times_and_processes() {
        for (text, shown) in [
            ("2026-11-29 13:42:10,123 DEBUG key", "{time} {time} DEBUG key"),
            ("2026-11-29T13:42:10.123+00:00 x", "{time} x"),
            (r#"{"time":1764423730123,"pid":4711,"#, r#"{"time":{time},"pid":{pid},"#),
            ("[pid 17] 1764423730.25 x", "[pid {pid}] {time} x"),
            ("limit=10, 12:30, 2026-11, v1.2.3", "limit=10, 12:30, 2026-11, v1.2.3"),
            ("11111111-2222-4333-8444-555555555551", "11111111-2222-4333-8444-555555555551"),
        ] {
            assert_eq!(timeless(text), shown);
        }
    }
}
