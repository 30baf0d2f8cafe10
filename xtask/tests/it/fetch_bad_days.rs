//! `cargo xtask fetch` on bad days: the tree is untouched or wholly new, and the message says why.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::site::{self, Fixture, Reply, small};
use indicatif::ProgressBar;
use proptest::{prelude::*, test_runner::Config};
use url::Url;
use xtask_fetch::{
    FetchError, Manners, Pages, Request, Source,
    client::{Answer, ReadError, Validators},
    lock::{LOCK, Lock, sha256},
};
use xtask_openapi::PUBLISHED;
use xtask_openapi::{Document, walk};

const PAGE: &str = "/reference/a/page-1.md";

/// Twelve operations of one document.
fn dozen() -> [Document; 1] {
    let paths: Vec<_> = (0..12).map(|number| format!("/v1/{}", ('a'..='l').nth(number).unwrap())).collect();
    [small("A", "1.0.0", &paths.iter().map(String::as_str).collect::<Vec<_>>())]
}

fn text_of(page: &str) -> String {
    site::pages(&dozen())[page].clone()
}

/// A changed page, so that a run that took it would change the tree.
fn changed_page() -> String {
    text_of(PAGE).replace("responses:", "deprecated: true\n      responses:")
}

#[test]
fn a_page_that_is_gone_is_named_because_its_operation_would_disappear() {
    let fixture = Fixture::fetched(&dozen());
    fixture.site.drop(PAGE);
    let said = fixture.fails(1, &[]);
    assert!(said.contains("GET /v1/b") && said.contains(PAGE) && said.contains("--allow-removals"), "{said}");
    let said = fixture.succeeds(&["--allow-removals"]);
    assert!(said.contains(&format!("listed, but not there: {}", fixture.site.url(PAGE))), "{said}");
    assert_eq!(walk::operations(&fixture.published()["a.yaml"]).count(), 11);
}

#[test]
fn fewer_than_nine_pages_in_ten_are_refused_even_where_nothing_was_before() {
    let fixture = Fixture::new(site::pages(&dozen()));
    // 14 reference pages, two of them without an operation: 13 are enough, 12 are not.
    fixture.site.drop(PAGE);
    fixture.site.drop("/reference/a/page-2.md");
    let said = fixture.fails(1, &["--allow-removals", "--allow-mixed"]);
    for part in ["only 12 of 14", PAGE, "/reference/a/page-2.md", "404"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    fixture.site.say(PAGE, [Reply::Page(text_of(PAGE))]);
    fixture.succeeds(&[]);
}

/// How long a request may take: short only where nothing is going to answer, because a busy machine
/// may take its time to.
fn timeout(silent: bool) -> &'static str {
    if silent { "1" } else { "30" }
}

#[test]
fn trouble_that_passes_is_waited_out() {
    let fixture = Fixture::new(site::pages(&dozen()));
    let busy = |headers: Vec<(&'static str, String)>| Reply::Plain(429, headers, Vec::new());
    let failing = Reply::Plain(503, Vec::new(), Vec::new());
    let page = || Reply::Page(text_of(PAGE));
    for trouble in [
        vec![failing.clone(), failing, page()],
        vec![busy(vec![("retry-after", "0".to_owned())]), busy(Vec::new()), page()],
        vec![Reply::Cut(text_of(PAGE)), page()],
        vec![Reply::Silence, page()],
    ] {
        let attempts = trouble.len();
        let silent = matches!(trouble[0], Reply::Silence);
        fixture.site.say(PAGE, trouble);
        fixture.site.take_asked();
        fixture.succeeds(&["--timeout-seconds", timeout(silent)]);
        assert_eq!(fixture.asked().iter().filter(|path| *path == PAGE).count(), attempts);
        fs::remove_dir_all(fixture.root.path().join("spec")).unwrap();
    }
}

#[test]
fn a_page_in_lasting_trouble_is_named_with_what_is_wrong() {
    let fixture = Fixture::fetched(&dozen());
    let plain = |status, headers, body: &str| Reply::Plain(status, headers, body.as_bytes().to_vec());
    let elsewhere = vec![("location", "https://elsewhere.example/reference/a.md?key=1".to_owned())];
    let with_credential =
        vec![("location", fixture.site.url("/a.md").replace("://", "://someone:obviously-fake@"))];
    for (reply, attempts, problem) in [
        (plain(500, Vec::new(), ""), 3, "status 500"),
        (plain(429, vec![("retry-after", "0".to_owned())], ""), 3, "status 429"),
        (plain(403, Vec::new(), ""), 1, "status 403"),
        (Reply::Silence, 3, "no whole response within 1 s"),
        (Reply::Cut(changed_page()), 3, "broke off"),
        (plain(200, Vec::new(), &"x".repeat(10 * 1024 * 1024)), 1, "longer than the 4194304 bytes"),
        (plain(302, elsewhere, ""), 1, "redirected to https://elsewhere.example,"),
        (plain(302, with_credential, ""), 1, "user name or password"),
        (plain(301, vec![("location", PAGE.to_owned())], ""), 6, "redirected more than 5 times"),
        (plain(200, vec![("content-encoding", "br".to_owned())], "x"), 1, "content coding"),
        (plain(200, vec![("content-encoding", "gzip".to_owned())], "x"), 1, "content coding"),
        (Reply::Plain(200, Vec::new(), vec![0xff; 100]), 1, "not UTF-8"),
    ] {
        let timeout = timeout(matches!(reply, Reply::Silence));
        fixture.site.say(PAGE, [reply]);
        fixture.site.take_asked();
        let said = fixture.fails(3, &["--timeout-seconds", timeout, "--attempts", "3"]);
        assert!(said.contains(&fixture.site.url(PAGE)) && said.contains(problem), "{problem}: {said}");
        assert!(said.contains("run again") && !said.contains("key=1"), "{said}");
        assert_eq!(fixture.asked().iter().filter(|path| *path == PAGE).count(), attempts, "{problem}");
    }
    fixture.site.say(PAGE, [Reply::Page(changed_page())]);
    assert!(fixture.succeeds(&[]).contains("changed    A API"));
}

#[test]
fn an_index_in_trouble_is_named() {
    let fixture = Fixture::fetched(&dozen());
    for (reply, code, problem) in [
        (Reply::Plain(500, Vec::new(), Vec::new()), 3, "status 500"),
        (Reply::Plain(404, Vec::new(), Vec::new()), 3, "no such page"),
        (Reply::Page("<html>".to_owned()), 1, "leads to no document"),
        (
            Reply::Page("- [A](/reference/export-api/export-api-scopes.md)".to_owned()),
            1,
            "leads to no document",
        ),
        (
            Reply::Plain(302, vec![("location", "https://elsewhere.example/".to_owned())], Vec::new()),
            3,
            "redirected",
        ),
    ] {
        fixture.site.say("/llms.txt", [reply]);
        let said = fixture.fails(code, &["--allow-removals"]);
        assert!(said.contains("/llms.txt") && said.contains(problem), "{said}");
    }
}

#[test]
fn a_page_that_is_cut_before_its_end_without_a_network_error_is_refused() {
    let fixture = Fixture::fetched(&dozen());
    let page = changed_page();
    for end in ["responses:", "````yaml"] {
        let cut = page[..page.find(end).unwrap()].to_owned();
        fixture.site.say(PAGE, [Reply::Page(cut)]);
        let said = fixture.fails(1, &[]);
        assert!(said.contains(PAGE), "{said}");
    }
    // A page that ends before it looks like a reference page: its operation would be gone.
    fixture.site.say(PAGE, [Reply::Page("# B\n".to_owned())]);
    let said = fixture.fails(1, &[]);
    assert!(said.contains("GET /v1/b") && said.contains(PAGE), "{said}");
}

#[test]
fn redirects_on_the_host_and_compressed_pages_are_followed() {
    let fixture = Fixture::fetched(&dozen());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(changed_page().as_bytes()).unwrap();
    let coding = vec![("content-encoding", "gzip".to_owned())];
    fixture.site.say("/moved.md", [Reply::Plain(200, coding, gzip.finish().unwrap())]);
    fixture.site.say(PAGE, [Reply::Plain(308, vec![("location", "../../moved.md".to_owned())], Vec::new())]);
    fixture.succeeds(&[]);
    assert_eq!(fixture.published()["a.yaml"]["paths"]["/v1/b"]["get"]["deprecated"], true);
    let asked = fixture.site.take_asked();
    assert!(asked.iter().all(|asked| asked.header("accept-encoding") == Some("gzip")));
}

#[test]
fn a_compressed_page_is_bounded_by_what_it_holds() {
    let fixture = Fixture::fetched(&dozen());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b'a'; 10 * 1024 * 1024]).unwrap();
    let coding = vec![("content-encoding", "gzip".to_owned())];
    fixture.site.say(PAGE, [Reply::Plain(200, coding, gzip.finish().unwrap())]);
    let said = fixture.fails(3, &[]);
    assert!(said.contains(PAGE) && said.contains("longer than"), "{said}");
}

#[test]
fn a_page_that_the_index_lists_twice_is_read_once() {
    let fixture = Fixture::new(site::pages(&dozen()));
    let index = site::pages(&dozen())["/llms.txt"].clone();
    assert!(index.matches("/reference/a/page-0.md").count() > 1);
    fixture.succeeds(&[]);
    assert_eq!(fixture.asked().iter().filter(|path| path.ends_with("/a/page-0.md")).count(), 1);
}

#[test]
fn four_requests_are_in_flight_and_never_more_and_none_bears_a_credential() {
    let fixture = Fixture::new(site::pages(&dozen()));
    fixture.site.hold_until(4);
    let output = fixture
        .command(&[])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let agent = format!("pleo-rust-xtask/{} (+spec fetch)", env!("CARGO_PKG_VERSION"));
    for asked in fixture.site.take_asked() {
        assert_eq!(asked.header("user-agent"), Some(agent.as_str()));
        for name in ["authorization", "cookie", "referer"] {
            assert_eq!(asked.header(name), None);
        }
    }
    assert_eq!(fixture.site.most_at_once(), 4);
}

#[test]
fn a_total_time_ends_a_run_that_hangs() {
    let fixture = Fixture::fetched(&dozen());
    fixture.site.say(PAGE, [Reply::Silence]);
    let said = fixture.fails(3, &["--total-seconds", "0.5"]);
    assert!(said.contains("not done within 0.5 s") && said.contains("--total-seconds"), "{said}");
}

#[test]
fn a_site_that_asks_for_time_gets_it_within_bounds() {
    let fixture = Fixture::fetched(&dozen());
    let busy = Reply::Plain(429, vec![("retry-after", "3600".to_owned())], Vec::new());
    fixture.site.say(PAGE, [busy.clone(), Reply::Page(changed_page())]);
    // Waiting as it asks takes longer than the run may; waiting as after other failures would not.
    assert!(fixture.fails(3, &["--total-seconds", "1"]).contains("not done within 1 s"));

    fixture.site.say(PAGE, [busy, Reply::Page(changed_page())]);
    let index = fixture.site.url("/llms.txt").parse().unwrap();
    let longest_wait = Duration::from_millis(1);
    let manners = Manners { per_second: 0, longest_wait, ..Manners::default() };
    let request = Request { manners, ..Request::new(Source::Site(index)) };
    let fetched = xtask_fetch::run(fixture.root.path(), &request, &ProgressBar::hidden()).unwrap();
    assert_eq!(fetched.changed, ["A API"]);
}

#[test]
fn requests_keep_to_the_number_a_second() {
    let fixture = Fixture::fetched(&dozen());
    // The index and 15 pages take 15 seconds at one a second, and a moment without that limit.
    let said = fixture.fails(3, &["--per-second", "1", "--total-seconds", "1.5"]);
    assert!(said.contains("not done within 1.5 s"), "{said}");
    assert!(fixture.asked().len() <= 2);
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_changes_nothing_and_the_next_one_goes_on() {
    let fixture = Fixture::fetched(&dozen());
    let before = fixture.tree();
    let changed = [{
        let mut document = dozen()[0].clone();
        document.value["info"]["version"] = "1.1.0".into();
        document
    }];
    let pages = site::pages(&changed);
    for (path, text) in pages.iter().filter(|(path, _)| path.starts_with("/reference/a/")) {
        fixture.site.say(path, [Reply::Page(text.clone())]);
    }
    fixture.site.say(PAGE, [Reply::Silence]);
    let run =
        fixture.command(&["--at-once", "1"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    fixture.site.wait_for(PAGE);
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted") && said.contains("goes on where it stopped"), "{said}");
    assert_eq!(fixture.tree(), before);

    fixture.site.say(PAGE, [Reply::Page(pages[PAGE].clone())]);
    fixture.site.take_asked();
    fixture.succeeds(&[]);
    assert_eq!(fixture.published()["a.yaml"], changed[0].value);
    let first =
        fixture.site.take_asked().into_iter().find(|asked| asked.path.ends_with("/a/page-0.md")).unwrap();
    let tag = format!("\"{}\"", sha256(&pages["/reference/a/page-0.md"]));
    assert_eq!(first.header("if-none-match"), Some(tag.as_str()), "not what the interrupted run had read");
    assert!(!fixture.root.path().join("target/xtask-fetch").read_dir().unwrap().any(|entry| entry.is_ok()));
}

/// A site in memory.
struct Memory(BTreeMap<String, Result<String, ReadError>>);

impl Pages for Memory {
    async fn read(&self, address: &Url, known: Option<&Validators>) -> Result<Answer, ReadError> {
        let text = self.0.get(address.path()).cloned().unwrap_or(Err(ReadError::Gone(404)))?;
        let validators = Validators { etag: Some(sha256(&text)), last_modified: None };
        Ok(if known == Some(&validators) { Answer::Unchanged } else { Answer::Page { text, validators } })
    }
}

impl Memory {
    fn new(pages: BTreeMap<String, String>) -> Self {
        Self(pages.into_iter().map(|(path, text)| (path, Ok(text))).collect())
    }

    fn fetch(&self, root: &Path, allowed: bool) -> Result<xtask_fetch::Fetched, FetchError> {
        let index: Url = format!("{}/llms.txt", site::SITE).parse().unwrap();
        let request = Request {
            allow_removals: allowed,
            allow_mixed: allowed,
            manners: Manners::default(),
            ..Request::new(Source::Site(index))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(xtask_fetch::bring(root, &request, self, &ProgressBar::hidden()))
    }
}

/// One thing that goes wrong with one page.
#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Insert(usize, String),
    Remove(usize, usize),
    Flip(usize, char),
    Swap(usize),
    Garbage(String),
    Fails(u16),
    Gone,
}

fn damage() -> impl Strategy<Value = (usize, Damage)> {
    let at = 0_usize..4000;
    let piece = prop_oneof![
        "\\PC{0,20}",
        Just("````".to_owned()),
        Just("\n````\n".to_owned()),
        Just("\n````yaml get /v1/a\n".to_owned()),
        Just("\n  - &a [*a]\n".to_owned()),
        Just("\npaths: 1\n".to_owned()),
        Just("\n## OpenAPI\n".to_owned()),
        Just("\n## OpenAPI Specs\n- [a](/reference/a/page-0.md)\n".to_owned()),
        Just("\u{0}\t: {{".to_owned()),
    ];
    let one = prop_oneof![
        at.clone().prop_map(Damage::Cut),
        (at.clone(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (at.clone(), 1_usize..200).prop_map(|(at, length)| Damage::Remove(at, length)),
        (at.clone(), any::<char>()).prop_map(|(at, c)| Damage::Flip(at, c)),
        at.prop_map(Damage::Swap),
        "\\PC{0,200}".prop_map(Damage::Garbage),
        (400_u16..600).prop_map(Damage::Fails),
        Just(Damage::Gone),
    ];
    (0_usize..40, one)
}

fn do_damage(site: &mut Memory, which: usize, damage: &Damage) {
    let paths: Vec<_> = site.0.keys().cloned().collect();
    let path = &paths[which % paths.len()];
    let Ok(text) = site.0[path].clone() else { return };
    let chars: Vec<char> = text.chars().collect();
    let place = |at: usize| at % (chars.len() + 1);
    let joined = |parts: &[&[char]]| Ok(parts.concat().into_iter().collect());
    let now = match damage {
        Damage::Cut(at) => joined(&[&chars[..place(*at)]]),
        Damage::Insert(at, piece) => {
            let piece: Vec<char> = piece.chars().collect();
            joined(&[&chars[..place(*at)], &piece, &chars[place(*at)..]])
        }
        Damage::Remove(at, length) => {
            let end = (place(*at) + length).min(chars.len());
            joined(&[&chars[..place(*at)], &chars[end..]])
        }
        Damage::Flip(at, c) if place(*at) < chars.len() => {
            joined(&[&chars[..place(*at)], &[*c], &chars[place(*at) + 1..]])
        }
        Damage::Flip(..) => return,
        Damage::Swap(other) => site.0[&paths[other % paths.len()]].clone(),
        Damage::Garbage(text) => Ok(text.clone()),
        Damage::Fails(status) => Err(ReadError::Status(*status)),
        Damage::Gone => Err(ReadError::Gone(404)),
    };
    site.0.insert(path.clone(), now);
}

/// All of `spec/`.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root.join(PUBLISHED)).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{PUBLISHED}/{}", path.file_name().unwrap().to_str().unwrap());
        found.insert(name, fs::read_to_string(path).unwrap());
    }
    found.insert(LOCK.to_owned(), fs::read_to_string(root.join(LOCK)).unwrap());
    found
}

/// Holds a tree to be whole: each document is there as the lock says, and no other.
fn is_whole(files: &BTreeMap<String, String>) -> Result<(), TestCaseError> {
    let lock = Lock::parse(&files[LOCK]).unwrap();
    prop_assert_eq!(lock.documents.len() + 1, files.len());
    for locked in &lock.documents {
        let text = &files[&format!("{PUBLISHED}/{}", locked.file)];
        prop_assert_eq!(&sha256(text), &locked.sha256);
        let document = Document::parse(&locked.file, text).unwrap().value;
        prop_assert_eq!(document["info"]["title"].as_str(), Some(locked.title.as_str()));
        prop_assert_eq!(walk::operations(&document).count(), locked.operations.len());
    }
    Ok(())
}

fn site_of_two() -> [Document; 2] {
    [small("A", "1.0.0", &["/v1/a", "/v1/b", "/v1/c"]), small("B", "2.0.0", &["/v1/d", "/v1/e"])]
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_damage_to_the_site_leaves_the_spec_as_it_was_or_wholly_new(
        damages in prop::collection::vec(damage(), 1..4), allowed in any::<bool>(),
    ) {
        let root = tempfile::tempdir().unwrap();
        let mut site = Memory::new(site::pages(&site_of_two()));
        site.fetch(root.path(), false).unwrap();
        let before = files(root.path());
        for (which, damage) in &damages {
            do_damage(&mut site, *which, damage);
        }
        match site.fetch(root.path(), allowed) {
            Err(error) => {
                prop_assert_eq!(files(root.path()), before);
                prop_assert!([1, 3].contains(&error.exit_code()));
                prop_assert!(error.to_string().contains('\n'), "says nothing of what to do: {}", error);
            }
            Ok(fetched) => {
                let after = files(root.path());
                is_whole(&after)?;
                prop_assert_eq!(fetched.change.count() == 0, after == before);
                if !allowed {
                    let operations = |files: &BTreeMap<String, String>| -> Vec<String> {
                        Lock::parse(&files[LOCK]).unwrap().documents.into_iter().flat_map(|document| document.operations).collect()
                    };
                    let after = operations(&after);
                    prop_assert!(operations(&before).iter().all(|operation| after.contains(operation)));
                }
                fetched.change.undo().unwrap();
                prop_assert_eq!(files(root.path()), before);
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_damage_over_http_ends_with_a_known_code(damages in prop::collection::vec(damage(), 1..4)) {
        let fixture = Fixture::fetched(&site_of_two());
        let before = files(fixture.root.path());
        let mut pages = Memory::new(site::pages(&site_of_two()));
        for (which, damage) in &damages {
            do_damage(&mut pages, *which, damage);
        }
        for (path, reply) in pages.0 {
            fixture.site.say(&path, [match reply {
                Ok(text) => Reply::Page(text),
                Err(ReadError::Status(status)) => Reply::Plain(status, Vec::new(), Vec::new()),
                Err(_) => Reply::Plain(404, Vec::new(), Vec::new()),
            }]);
        }
        let output = fixture.run(&[]);
        let after = files(fixture.root.path());
        match output.status.code() {
            Some(0) => is_whole(&after)?,
            code => {
                prop_assert!(matches!(code, Some(1 | 3)), "{:?}: {}", code, String::from_utf8_lossy(&output.stderr));
                prop_assert_eq!(after, before);
            }
        }
    }
}
