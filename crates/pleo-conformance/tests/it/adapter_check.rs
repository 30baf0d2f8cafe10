//! `adapter-check` leads a right adapter through the whole protocol, and stops at the first mistake of any other.

use std::{fs, path::Path, process::Command};

use super::support::adapters::{Adapter, CURL, GO, HTTPX, JAVA, NODE, PYTHON, REQUESTS};

/// Runs the command. Returns its exit code and what it printed.
fn check(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pleo-conformance"));
    let output = command.arg("adapter-check").args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn speaks_the_protocol(adapter: &Adapter) {
    if !adapter.is_available() {
        return;
    }
    let command = shlex::try_join(adapter.command().iter().map(String::as_str)).unwrap();
    let (code, text) = check(&[&command, "--timeout", "120"]);
    assert_eq!(code, 0, "{text}");
    for part in [
        "1. hello",
        "call: a request that is in order",
        "the staging API received",
        "authorization: B",
        "call: an error status",
        "call: no response",
        "\"an_action_of_a_later_version\"",
        "bye: the end",
        "it ended with exit status: 0",
        "the adapter speaks the protocol",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    assert!(!text.contains("what to do"), "{text}");
}

#[test]
fn each_adapter_speaks_the_protocol() {
    for adapter in [CURL, PYTHON, REQUESTS, HTTPX, NODE, JAVA, GO] {
        speaks_the_protocol(&adapter);
    }
}

/// A copy of the Python adapter with something else in one place stops the talk, with these texts.
fn stops(right: &str, wrong: &str, texts: &[&str]) {
    if !PYTHON.is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("adapter.py");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/python_client.py");
    let source = fs::read_to_string(source).unwrap();
    assert_eq!(source.matches(right).count(), 1, "{right}");
    fs::write(&program, source.replace(right, wrong)).unwrap();
    let (code, text) = check(&[&format!("python3 {}", program.display()), "--timeout", "10"]);
    assert_eq!(code, 1, "{wrong}: {text}");
    for part in texts.iter().chain(&["   wrong: ", "   what to do: "]) {
        assert!(text.contains(part), "{wrong}: {part} is missing:\n{text}");
    }
    let advice = text.trim_end().rsplit('\n').next().unwrap();
    assert!(advice.starts_with("   what to do: "), "it goes on after a mistake:\n{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

const ANSWER: &str = "print(json.dumps(answer), flush=True)";

#[test]
fn what_is_not_json_is_wrong() {
    stops(
        ANSWER,
        r#"print("\x1b[2Jready", flush=True)"#,
        &["this is not JSON", "\\u{1b}[2Jready", "to standard error"],
    );
}

#[test]
fn what_is_not_a_message_is_wrong() {
    stops(
        r#""protocol": 1"#,
        r#""protocol": "1""#,
        &["this is not an adapter's message", "docs/conformance-protocol.md"],
    );
    stops(r#""protocol": 1"#, r#""protocol": 2"#, &["it speaks version 2 of the protocol, not 1"]);
    stops(r#""api_keys","#, r#""api_key","#, &["unknown variant `api_key`, expected one of `api_keys`"]);
}

#[test]
fn an_adapter_without_a_hello_is_wrong() {
    stops(
        r#"answer = adapter.hello(message) if"#,
        r#"answer = {"type": "refuse", "id": 1, "reason": "no"} if"#,
        &["this is not a hello"],
    );
    stops(
        r#""capabilities": self.CAPABILITIES"#,
        r#""capabilities": ["oauth"]"#,
        &["it claims neither `api_keys` nor `access_tokens`"],
    );
    stops(
        r#""capabilities": self.CAPABILITIES"#,
        r#""capabilities": self.CAPABILITIES, "operations": ["list_everything"]"#,
        &["`operations` has \"list_everything\", which is not an operation of the API"],
    );
}

#[test]
fn an_answer_to_another_call_is_wrong() {
    stops(
        r#""id": message["id"]}"#,
        r#""id": message["id"] + 1}"#,
        &["an answer to call 2 instead of 1", "copy `id` from the call"],
    );
}

#[test]
fn an_outcome_that_nobody_knows_is_wrong() {
    stops(
        r#"{"status": outcome}"#,
        r#"{"code": outcome}"#,
        &["unknown variant `code`, expected `status` or `failure`"],
    );
}

#[test]
fn a_status_that_no_response_had_is_wrong() {
    stops(
        r#"{"status": outcome}"#,
        r#"{"status": 200}"#,
        &["2. call", "3. call", "no response had the status 200"],
    );
    stops(
        r#"else {"failure": str(outcome)}"#,
        r#"else {"status": 500}"#,
        &["4. call: no response", "no response had the status 500"],
    );
}

#[test]
fn a_refusal_of_a_lawful_request_is_wrong() {
    stops(
        "        client = Client(",
        "        raise Refused(\"not today\")\n        client = Client(",
        &["the client refused a request that is in order"],
    );
    stops(
        "        client = Client(",
        "        raise Unsupported(\"no\")\n        client = Client(",
        &["the client does not support what hello says it can do"],
    );
}

#[test]
fn a_refusal_after_a_request_is_wrong() {
    stops(
        r#"raise Refused(f"a credential of {credential.environment} is for {own_url} and goes nowhere else")"#,
        r#"exchange("GET", base_url + "/x", {}); raise Refused("too late")"#,
        &["said to have refused, but the production API received a request"],
    );
}

#[test]
fn one_answer_for_several_requests_is_wrong() {
    stops(
        r#"return {"answers": answers, "shown": shown}"#,
        r#"return {"answers": answers[:1], "shown": shown}"#,
        &["three requests at the same time", "as many as `times` says"],
    );
}

#[test]
fn a_credential_in_the_other_environment_is_wrong() {
    stops(
        r#"if base_url.removesuffix("/") != own_url.removesuffix("/"):"#,
        "if False:",
        &["did not refuse to send a credential to another environment", "the production API received"],
    );
}

#[test]
fn what_a_client_cannot_do_has_to_be_said() {
    stops(r#""unsupported": unsupported}"#, r#""unsupported": False}"#, &["`\"unsupported\":true`"]);
}

#[test]
fn a_claim_to_show_texts_needs_texts() {
    stops(
        r#"return {"answers": answers, "shown": shown}"#,
        r#"return {"answers": answers}"#,
        &["hello claims `shown`"],
    );
}

#[test]
fn an_adapter_that_does_not_end_is_wrong() {
    stops(
        "    main()\n",
        "    main()\n    time.sleep(600)\n",
        &["bye: the end", "it had not ended 10 seconds after `bye`"],
    );
}

#[test]
fn an_adapter_that_breaks_down_is_wrong() {
    stops(ANSWER, "sys.exit(\"\\x1b]0;gone\\x07\")", &["ended with exit status: 1", "\\u{1b}]0;gone"]);
    let (code, text) = check(&["sh -c 'sleep 600'", "--timeout", "1"]);
    assert!(code == 1 && text.contains("did not respond within 1 second"), "{text}");
}

#[test]
fn a_wrong_command_is_told_from_an_adapter_that_cannot_be_started() {
    for wrong in [&[][..], &["sh 'open"], &[""], &["sh", "--timeout", "0"], &["sh", "--loudly"]] {
        assert_eq!(check(wrong).0, 2, "{wrong:?}");
    }
    let (code, text) = check(&["/there/is/no/such/program"]);
    assert!(code == 3 && text.contains("cannot be started"), "{text}");
}
