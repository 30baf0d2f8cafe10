//! The jobs: entries, receipts, export runs, tags and webhooks.

use std::{
    fs,
    io::{BufRead as _, BufReader},
};

use bytes::Bytes;
use http::Request;
use pleo_sandbox::{Environment, Fault, Sandbox, Server};
use serde_json::{Value, json};

use crate::support::{KEY, Pleo, Pleocmd, folder};

#[test]
fn a_month_of_entries_is_csv_with_the_decimals_of_each_currency() {
    let pleo = Pleo::with(Sandbox::new(Environment::Staging).with_entries(300));
    let done = pleo.company_command(&["entries", "--month", "2025-01"]).run().ended(0);
    let mut lines = done.out.lines();
    assert!(lines.next().unwrap().starts_with("id,performed_at,"));
    let amounts: Vec<(String, String)> = lines
        .map(|line| {
            let cells: Vec<_> = line.split(',').collect();
            (cells[5].to_owned(), cells[4].to_owned())
        })
        .collect();
    assert!(amounts.len() > 100, "{}", amounts.len());
    for (currency, decimals) in [("JPY", 0), ("DKK", 2), ("KWD", 3)] {
        let of_currency: Vec<_> = amounts.iter().filter(|(code, _)| code == currency).collect();
        assert!(!of_currency.is_empty(), "{currency}");
        for (_, amount) in of_currency {
            assert_eq!(
                amount.split_once('.').map_or(0, |(_, rest)| rest.len()),
                decimals,
                "{currency} {amount}"
            );
        }
    }
    let none = pleo.company_command(&["entries", "--month", "1999-01"]).run().ended(0);
    assert_eq!(none.out.lines().count(), 1);
}

/// A fake Pleo with many entries, which are made when they are asked for.
fn many_entries(count: usize) -> Server {
    let sandbox = Sandbox::new(Environment::Staging);
    let company = sandbox.companies()[0];
    sandbox.admit(KEY, pleo_sandbox::Grant::standalone_key(company));
    let search = Request::post(format!("/v1/accounting-entries:search?limit=1&company_id={company}"))
        .header("host", "localhost")
        .header("authorization", "Basic RkFLRS1TVEFOREFMT05FLUtFWTo=")
        .header("content-type", "application/json")
        .body(Bytes::from_static(b"{\"includeDeleted\":false}"))
        .unwrap();
    let sample = sandbox.handle(&search).response.into_body();
    let sample: Value = serde_json::from_slice(&sample).unwrap();
    let entry = sample["data"][0].to_string();
    let id = sample["data"][0]["id"].as_str().unwrap_or_else(|| panic!("{sample}")).to_owned();
    Server::start(move |request: &Request<Bytes>| {
        let query = request.uri().query().unwrap_or_default();
        let start: usize = query
            .split("after=")
            .nth(1)
            .map_or(0, |rest| rest.split('&').next().unwrap().trim_start_matches('C').parse().unwrap());
        let end = (start + 100).min(count);
        let entries: Vec<_> = (start..end)
            .map(|at| entry.replace(&id, &format!("00000000-0000-4000-8000-{at:012x}")))
            .collect();
        let mut pagination = sample["pagination"].clone();
        pagination["hasNextPage"] = (end < count).into();
        pagination["endCursor"] = format!("C{end}").into();
        let body = format!("{{\"data\":[{}],\"pagination\":{pagination}}}", entries.join(","));
        pleo_sandbox::Reply::from(http::Response::new(body.into()))
    })
    .unwrap()
}

/// The most memory that a run of `pleo entries` held, in KiB, and how many lines it wrote.
#[cfg(target_os = "linux")]
fn memory(count: usize) -> (u64, usize) {
    let server = many_entries(count);
    let mut command = Pleocmd::new(&["entries", "--month", "2025-01"])
        .env("PLEO_ENVIRONMENT", server.url())
        .env("PLEO_API_KEY", KEY)
        .env("PLEO_COMPANY_ID", "11111111-2222-4333-8444-555555555551");
    let mut child = command.spawn();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut written, mut peak) = (0, 0);
    for line in lines {
        line.unwrap();
        written += 1;
        if written % 100 == 0 || written == count {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(now.unwrap_or(0));
        }
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (peak, written)
}

/// PLEO_MANY_ENTRIES=100000 tries it with more.
#[test]
#[cfg(target_os = "linux")]
fn many_entries_need_hardly_more_memory_than_few() {
    let many = std::env::var("PLEO_MANY_ENTRIES").ok().and_then(|many| many.parse().ok()).unwrap_or(10_000);
    let ((few, _), (much, written)) = (memory(1_000), memory(many));
    assert_eq!(written, many + 1);
    eprintln!("{few} KiB for 1,000 entries, {much} KiB for {many}");
    // An id takes about 40 bytes, so that no entry is written twice.
    let ids = u64::try_from(many).unwrap() * 64 / 1024;
    assert!(much * 10 < few * 12 + ids * 10, "{few} KiB, then {much} KiB");
}

#[test]
fn an_interrupted_download_of_receipts_is_completed_by_the_next_one() {
    let pleo = Pleo::start();
    let home = folder();
    let download = || {
        let arguments = ["receipts", "--month", "2025-01", "--into", "receipts", "--at-once", "1"];
        pleo.company_command(&arguments).home(&home)
    };
    // The first file breaks off.
    pleo.sandbox.inject("/receipts/", Fault::CutBody);
    let mut command = download();
    let child = command.spawn();
    while fs::read_dir(home.join("receipts")).map_or(0, Iterator::count) < 5 {
        std::thread::yield_now();
    }
    interrupt(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let names = || -> Vec<String> {
        let files = fs::read_dir(home.join("receipts")).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    let partial = names();
    let done = download().run().ended(0);
    assert!(done.out.contains("0 missing"), "{}", done.out);
    let all = names();
    assert!(all.len() > partial.len());
    assert!(all.iter().all(|name| !name.ends_with(".part")), "{all:?}");
    let again = download().run().ended(0);
    assert!(again.out.starts_with("0 new"), "{}", again.out);
}

/// Ctrl-C.
fn interrupt(process: u32) {
    let status = std::process::Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap();
    assert!(status.success());
}

/// Queues an export job of the newest entries.
fn queue(pleo: &Pleo, entries: usize) {
    let search = ["call", "search_accounting_entries", &format!("limit={entries}"), "--body", "-"];
    let found = pleo.company_command(&search).input("{\"includeDeleted\":false}").run().ended(0);
    let found: Value = serde_json::from_str(&found.out).unwrap();
    let ids: Vec<_> = found["data"].as_array().unwrap().iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(ids.len(), entries);
    let body = json!({"accountingEntryIds": ids}).to_string();
    let create = ["call", "create_export_job_v3", "--body", "-"];
    pleo.company_command(&create).input(body).run().ended(0);
}

#[test]
#[cfg(unix)]
fn an_interrupted_export_run_is_completed_by_the_next_one() {
    let pleo = Pleo::start();
    queue(&pleo, 8);
    let home = folder();
    let run = |book: &str| {
        pleo.company_command(&["export", "run", "--resume-after", "0", "--book", book]).home(&home)
    };
    // It hangs with the fourth item.
    let hang = "cat > /dev/null; echo x >> begun; test $(wc -l < begun) -lt 4 || sleep 600; echo \"v$$\"";
    let mut command = run(hang);
    let child = command.spawn();
    while fs::read_to_string(home.join("begun")).map_or(0, |begun| begun.lines().count()) < 4 {
        std::thread::yield_now();
    }
    interrupt(child.id());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let done = run("cat > /dev/null; echo $PLEO_DELIVERY >> deliveries; echo v1").run().ended(0);
    assert!(done.out.contains("completed: 8 booked, 0 failed"), "{}", done.out);
    let deliveries = fs::read_to_string(home.join("deliveries")).unwrap();
    assert!(deliveries.lines().all(|line| line == "may-be-repeated"), "{deliveries}");
    let idle = run("true").run().ended(0);
    assert!(idle.err.contains("No export job is waiting."), "{}", idle.err);
}

#[test]
#[cfg(unix)]
fn a_program_that_does_not_book_fails_its_item_alone_and_sees_no_secret() {
    let pleo = Pleo::start();
    queue(&pleo, 5);
    let home = folder();
    let book = "env > \"env.$$\"; grep -q accountingEntryId || exit 3; \
                if test ! -e first; then touch first; echo 'our books are closed' >&2; exit 1; fi; echo v1";
    let done = pleo.company_command(&["export", "run", "--book", book]).home(&home).run().ended(8);
    assert!(done.out.contains("completed_with_errors: 4 booked, 1 failed"), "{}", done.out);
    assert!(done.err.contains("our books are closed"), "{}", done.err);
    let seen = fs::read_dir(&home).unwrap().map(|file| file.unwrap().path());
    let seen: Vec<_> = seen.filter(|path| path.to_string_lossy().contains("env.")).collect();
    assert_eq!(seen.len(), 5);
    for path in seen {
        let environment = fs::read_to_string(path).unwrap();
        assert!(environment.contains("PLEO_DELIVERY=first"), "{environment}");
        assert!(!environment.contains(KEY), "{environment}");
    }
    queue(&pleo, 3);
    let done = pleo.company_command(&["export", "run", "--book", "exit 75"]).run().ended(8);
    assert!(done.out.contains("failed: 0 booked"), "{}", done.out);
    // A program that does not exist says nothing about an item.
    queue(&pleo, 3);
    let done = pleo.company_command(&["export", "run", "--book", "no-such-program"]).run().ended(8);
    assert!(done.out.contains("failed: 0 booked, 0 failed"), "{}", done.out);
}

#[test]
fn a_tag_group_becomes_equal_to_a_file_and_a_second_run_does_nothing() {
    let pleo = Pleo::start();
    let home = folder();
    crate::support::write(&home.join("tags.csv"), "code,name\nA-1,Alpha\nB-2,Beta\n");
    let sync = |more: &[&str]| {
        let arguments: Vec<_> = ["tags", "sync", "G2", "tags.csv"].iter().chain(more).copied().collect();
        pleo.company_command(&arguments).home(&home)
    };
    let plan = sync(&["--dry-run"]).run().ended(0);
    assert!(plan.out.contains("create `A-1`"), "{}", plan.out);
    let writes = |pleo: &Pleo| {
        let exchanges = pleo.take_exchanges();
        exchanges.iter().filter(|exchange| exchange.request.method() != http::Method::GET).count()
    };
    assert_eq!(writes(&pleo), 0);
    sync(&[]).run().ended(0);
    assert!(writes(&pleo) >= 2);
    let again = sync(&[]).run().ended(0);
    assert!(again.out.starts_with("0 to change, "), "{}", again.out);
    // A file that is cut off, or has other columns, archives nothing.
    for (content, what) in [
        ("number,name\n1,Alpha\n", "does not have the columns"),
        ("number,name\n", "does not have the columns"),
        ("", "does not have the columns"),
        ("code,name\n", "has no tags"),
        ("code,name\nA\n", "line 2 is not CSV"),
    ] {
        crate::support::write(&home.join("tags.csv"), content);
        let wrong = sync(&[]).run().ended(2);
        assert!(wrong.err.contains(what), "{content:?}: {}", wrong.err);
    }
}

#[test]
fn a_subscription_is_made_once_and_its_deliveries_verify() {
    let pleo = Pleo::start();
    let home = folder();
    let arguments = ["webhook", "subscribe", "https://app.example/pleo", "--secret-file", "webhook.secret"];
    let subscribe = || pleo.company_command(&arguments).home(&home).run().ended(0);
    let first = subscribe();
    assert!(first.out.contains(" created"), "{}", first.out);
    assert!(subscribe().out.contains(" there already"));
    let secret = fs::read_to_string(home.join("webhook.secret")).unwrap();
    assert!(!first.out.contains(&secret) && !first.err.contains(&secret));

    crate::support::write(&home.join("known.secret"), "whsec_RkFLRS1XRUJIT09LLVNFQ1JFVA==");
    let body = "{\"eventType\":\"v1.vendor.created\",\"eventId\":\"1\",\"data\":{\"id\":\"11111111-2222-4333-8444-555555555551\",\
                \"companyId\":\"11111111-2222-4333-8444-555555555551\"}}";
    crate::support::write(&home.join("body.json"), body);
    // Computed by Python: hmac.new(b'FAKE-WEBHOOK-SECRET', b'msg_1.1700000000.' + body, 'sha256').
    let signature = "webhook-signature: v1,jcO/VzSR32wws+l37kdUJLb4l8WIcxjc5adEOsyF4hg=";
    let verify = |signature: &str, more: &[&str]| {
        let headers =
            ["--header", "webhook-id: msg_1", "--header", "webhook-timestamp: 1700000000", "--header"];
        let start = ["webhook", "verify", "--secret-file", "known.secret", "body.json"];
        let arguments: Vec<_> =
            start.iter().chain(&headers).copied().chain([signature]).chain(more.iter().copied()).collect();
        Pleocmd::new(&arguments).home(&home).run()
    };
    let done = verify(signature, &["--any-age"]).ended(0);
    assert!(done.out.contains("v1.vendor.created"), "{}", done.out);
    let old = verify(signature, &[]).ended(4);
    assert!(old.err.contains("which is too long"), "{}", old.err);
    let wrong = verify("webhook-signature: v1,AAAA", &["--any-age"]).ended(4);
    assert!(wrong.err.contains("no signature matches"), "{}", wrong.err);
}

#[test]
fn the_sandbox_runs_a_command_and_ends_with_it() {
    let done = Pleocmd::new(&["sandbox", "--", "pleo", "check"]).run().ended(0);
    assert!(done.out.contains("Fjord Bikes ApS"), "{}", done.out);
    let refused = ["sandbox", "--fault", "/v1/introspect=401", "--", "pleo", "check"];
    Pleocmd::new(&refused).run().ended(4);
    let missing = Pleocmd::new(&["sandbox", "--", "no-such-program"]).run().ended(2);
    assert!(missing.err.contains("cannot run no-such-program"), "{}", missing.err);
}
