//! Secrets that a program shows are found however much it writes beside them, and what is shown of them is the same
//! in every run.

use std::time::Duration;

use pleo_conformance::{
    catalogue,
    engine::{SubjectUnderTest, run},
    report::{Format, Report, render},
    verdict::Verdict,
};

use super::support::without_search;

/// Judges a script by one rule. It shows, for each call that it refuses, what `shows` writes.
fn judged(rule: &str, shows: &str) -> Report {
    let script = format!(
        r#"
        noise() {{ head -c "$1" /dev/zero | tr '\0' "${{2-.}}"; }}
        read -r hello
        echo '{{"type":"hello","protocol":1,"name":"x","capabilities":["api_keys","shown"]}}'
        while read -r call; do
            id=${{call#*'"id":'}} id=${{id%%,*}}
            secret=$(printf '%s' "$call" | sed 's/.*"secret":"\(\([^"\\]\|\\.\)*\)".*/\1/')
            {shows}
        done"#
    );
    let rules: Vec<_> = catalogue().iter().filter(|it| it.id == rule).collect();
    let command = ["sh", "-c", &script].map(str::to_owned).to_vec();
    let subject = SubjectUnderTest::Program { command, timeout: Duration::from_secs(60) };
    run(&rules, subject, &without_search(2), &mut |_| {}).map(Report::from).unwrap()
}

fn verdict(rule: &str, shows: &str) -> Verdict {
    judged(rule, shows).results.swap_remove(0).verdict
}

const ANSWER: &str = r#"printf '{"type":"refuse","id":%s,"reason":"no"}\n' "$id""#;

fn received(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Fail { evidence } => &evidence.received,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_secret_on_standard_error_is_found_behind_and_before_noise() {
    for noise in [64 << 10, 1 << 20] {
        let behind = format!(r#"{{ noise {noise}; printf '%s' "$secret"; }} >&2; {ANSWER}"#);
        let before = format!(r#"{{ printf '%s' "$secret"; noise {noise}; }} >&2; {ANSWER}"#);
        for shows in [behind, before] {
            let verdict = verdict("SEC-005", &shows);
            let text = received(&verdict);
            assert!(text.starts_with("the secret") && text.contains(", in stderr: "), "{text}");
            assert!(text.contains("<secret"), "{text}");
        }
    }
}

#[test]
fn a_secret_in_a_message_is_found_behind_noise() {
    for (rule, noise, place, before, after) in [
        ("SEC-003", 64 << 10, "debug", r#""reason":"no","shown":{"debug":""#, "\"}"),
        ("SEC-004", 64 << 10, "error", r#""reason":"no","shown":{"error":""#, "\"}"),
        ("SEC-004", 64 << 10, "the reason of the refusal", r#""reason":""#, "\""),
        ("SEC-005", 1 << 20, "log", r#""reason":"no","shown":{"log":""#, "\"}"),
    ] {
        let shows = format!(
            r#"printf '{{"type":"refuse","id":%s,{before}' "$id"; noise {noise}; printf '%s{after}}}\n' "$secret""#
        );
        let verdict = verdict(rule, &shows);
        let text = received(&verdict);
        assert!(text.starts_with("the secret") && text.contains(&format!(", in {place}: ")), "{text}");
    }
}

#[test]
fn a_log_that_is_not_kept_lets_no_rule_about_it_pass() {
    // It is lost in one call of many: the others show nothing.
    let shows = format!(
        r#"[ "$id" = 1 ] && {{ printf '%s' "$secret"; noise 10000000; }} >&2; echo nothing >&2; {ANSWER}"#
    );
    let report = judged("SEC-005", &shows);
    let Verdict::Inconclusive { reason } = &report.results[0].verdict else { panic!("{report:?}") };
    assert!(reason.contains("8 MiB"), "{reason}");
}

#[test]
fn what_is_shown_of_a_text_does_not_depend_on_ports_and_addresses() {
    let shows = r#"
        url=${call#*'"base_url":"'} url=${url%%'"'*} port=${url##*:}
        object=0x7f$(od -An -N5 -tx1 /dev/urandom | tr -d ' \n')
        printf "('127.0.0.1', %s) <Client at %s> %s to %s, own port %s" \
            "$port" "$object" "$secret" "$url" $((40000 + $$ % 20000)) >&2"#;
    let shows = format!("{shows}; {ANSWER}");
    let [one, other] = [0, 1].map(|_| judged("SEC-005", &shows).without_times());
    let text = received(&one.results[0].verdict);
    let site = if text.contains("{production") { "production" } else { "staging" };
    assert!(text.contains(&format!("('127.0.0.1', {{{site} port}}) <Client at 0x…> <secret")), "{text}");
    assert!(text.ends_with(&format!("> to {{{site}}}, own port {{port}}")), "{text}");
    assert_eq!(render(&one, Format::Json).unwrap(), render(&other, Format::Json).unwrap());
}
