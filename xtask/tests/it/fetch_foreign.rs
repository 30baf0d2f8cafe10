//! `cargo xtask fetch` on a site that is not what it says: pages that are none, forms of other sites, and text that
//! means to do more than be read.

use std::{
    fs,
    process::{Command, Stdio},
};

use serde_json::json;

use xtask_openapi::{PUBLISHED, foreign::is_hidden};
use xtask_testing::hostile::{payload, put, slots, template};

use crate::site::{self, Fixture, Reply, small};

const PAGE: &str = "/reference/a/page-1.md";

fn text_of(page: &str) -> String {
    site::pages(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])])[page].clone()
}

fn fetched() -> Fixture {
    Fixture::fetched(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])])
}

/// A site that lists one more page than it has operations.
fn with_page(path: &str, text: &str) -> Fixture {
    let mut pages = site::pages(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])]);
    pages.get_mut("/llms.txt").unwrap().push_str(&format!("\n## More\n\n- [More]({path})\n"));
    pages.insert(path.to_owned(), text.to_owned());
    Fixture::new(pages)
}

#[test]
fn a_listed_page_that_is_not_one_is_named_and_refused_known_or_not() {
    for (text, problem) in [
        ("<!DOCTYPE html>\n<html><body><div id=\"root\"></div></body></html>", "HTML"),
        ("<html>", "HTML"),
        ("Loading…", "no title"),
        ("{\"message\": \"not found\"}", "no title"),
        ("", "no title"),
        ("# Page not found\n\nGo home.\n", "does not exist"),
        ("# Oops\n\nThe page you are looking for doesn’t exist.\n", "does not exist"),
        ("# Pleo Docs\n\nWelcome.\n", "the same as the index"),
        (SCOPES, "the same as"),
    ] {
        let known = fetched();
        known.site.say(PAGE, [Reply::Page(text.to_owned())]);
        if text == SCOPES {
            known.site.say("/reference/export-api/export-api-scopes.md", [Reply::Page(text.to_owned())]);
        }
        let new = with_page("/reference/a/more.md", text);
        for (fixture, page) in [(&known, PAGE), (&new, "/reference/a/more.md")] {
            for flags in [&[][..], &["--allow-removals", "--allow-mixed"]] {
                let said = fixture.fails(1, flags);
                assert!(said.contains(problem) && said.contains("run again later"), "{problem}: {said}");
                assert!(said.contains(page) || text == SCOPES, "{said}");
            }
        }
    }
}

const SCOPES: &str = "# Scopes\n\n| scope | meaning |\n|---|---|\n| `export:read` | words |\n";

#[test]
fn a_page_without_an_operation_is_noted_once() {
    let fixture = with_page("/reference/a/more.md", "# Words\n\nAbout it.\n");
    let said = fixture.succeeds(&[]);
    assert!(said.contains("no operation on: ") && said.contains("/reference/a/more.md"), "{said}");
    assert!(!fixture.succeeds(&[]).contains("no operation"));
}

#[test]
fn pages_in_other_folders_and_with_other_fences_are_read() {
    let text = text_of(PAGE).replace("/v1/b", "/v1/c");
    for (path, text) in [
        ("/api-reference/a/more.md", text.clone()),
        (
            "/v2/reference/a/more",
            text.replace("````yaml get /v1/c", "````yaml title=\"x\" GET /v1/c theme={null}"),
        ),
        ("/api/a/more.md", text.replace("````", "~~~")),
        ("</reference/a/more.md>", text.replace("````", "``````````")),
    ] {
        let fixture = with_page(path, &text);
        fixture.site.say(
            &format!("{}.md", path.trim_matches(['<', '>']).trim_end_matches(".md")),
            [Reply::Page(text)],
        );
        fixture.succeeds(&[]);
        assert!(fixture.published()["a.yaml"]["paths"].get("/v1/c").is_some(), "{path}");
    }
}

#[test]
fn the_page_of_a_webhook_is_left_out_by_name() {
    let block = "openapi: 3.1.0\ninfo:\n  title: A API\n  version: 1.0.0\nwebhooks: {}";
    let fixture = with_page(
        "/reference/webhooks/created.md",
        &site::reference_page("C", "webhook", "thing.created", block),
    );
    let said = fixture.succeeds(&[]);
    assert!(said.contains("webhook") && said.contains("`thing.created` at "), "{said}");
}

#[test]
fn a_byte_order_mark_is_not_text() {
    let fixture = fetched();
    let index = site::pages(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])])["/llms.txt"].clone();
    let bytes = format!("\u{feff}{}", index.replace(site::SITE, ""));
    fixture.site.say("/llms.txt", [Reply::Plain(200, Vec::new(), bytes.into_bytes())]);
    let page = format!("\u{feff}{}", text_of(PAGE));
    fixture.site.say(PAGE, [Reply::Plain(200, Vec::new(), page.into_bytes())]);
    assert!(fixture.succeeds(&[]).contains("unchanged: 1 documents, 2 operations"));
    let file = fixture.root.path().join("given.yaml");
    fs::write(&file, format!("\u{feff}{}", site::yaml(&small("A", "1.0.0", &["/v1/a", "/v1/b"]).value)))
        .unwrap();
    fixture.succeeds(&["--from", file.to_str().unwrap()]);
}

#[test]
fn an_index_of_190_000_links_ends_at_once() {
    let fixture = fetched();
    let links = |host: &str| -> String {
        (0..190_000).map(|number| format!("- [{number}]({host}/reference/many/{number}.md)\n")).collect()
    };
    let flags = ["--page-bytes", "100000000", "--total-seconds", "60"];
    fixture.site.say("/llms.txt", [Reply::Page(links(""))]);
    let said = fixture.fails(1, &flags);
    assert!(said.contains("lists 190001 reference pages") && said.contains("--most-pages"), "{said}");

    let index = site::pages(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])])["/llms.txt"].clone();
    fixture.site.say("/llms.txt", [Reply::Page(format!("{index}\n{}", links("https://elsewhere.example")))]);
    let said = fixture.succeeds(&flags);
    assert!(said.contains("and 189990 more") && said.len() < 10_000, "{}", said.len());
}

#[test]
fn nothing_that_is_printed_or_written_does_more_than_be_read() {
    let hostile = "::error::a [skip ci] fixes #1 @name `x` $(touch x) ##[error]b";
    let mut documents = [small("A", "1.0.0", &["/v1/a", "/v1/b"]), small("B", "1.0.0", &["/v1/c"])];
    documents[0].value["info"]["title"] = json!(hostile);
    documents[0].value["paths"]["/v1/##[error]x"] = documents[0].value["paths"]["/v1/a"].clone();
    let fixture = Fixture::new(site::pages(&[]));
    let folder = fixture.root.path().join("given");
    fs::create_dir(&folder).unwrap();
    for document in &documents {
        fs::write(folder.join(&document.name), document.value.to_string()).unwrap();
    }
    let given = ["--from", folder.to_str().unwrap()];
    let said = fixture.succeeds(&given);
    let names: Vec<_> = fixture.published().into_keys().collect();
    assert!(
        names.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))),
        "{names:?}"
    );
    fs::remove_file(folder.join("a.yaml")).unwrap();
    let refused = fixture.fails(1, &given);
    for text in [said, refused] {
        assert!(text.contains("fixes #1"), "{text}");
        assert!(
            !text.contains("##[") && text.lines().all(|line| !line.trim_start().starts_with("::")),
            "{text}"
        );
    }
    for title in ["A\nB", "A\u{1b}[2J", "A\u{202e}B", "A\u{85}B"] {
        let mut document = documents[1].clone();
        document.value["info"]["title"] = json!(title);
        fs::write(folder.join("b.yaml"), document.value.to_string()).unwrap();
        let said = fixture.fails(1, &given);
        assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{85}']), "{said:?}");
    }
    let text = text_of(PAGE).replace("````yaml get /v1/b", "````yaml \u{1b}[2J##[error]\u{202e}");
    let said = with_page("/reference/a/more.md", &text).fails(1, &[]);
    assert!(!said.contains(['\u{1b}', '\u{202e}']) && !said.contains("##["), "{said:?}");
}

#[test]
fn a_hostile_text_in_any_place_of_a_document_is_refused_or_written_as_it_is() {
    let fixture = fetched();
    let file = fixture.root.path().join("hostile.json");
    let given = ["--allow-removals", "--keep-prose", "--from", file.to_str().unwrap()];
    let (mut taken, mut wrong) = (0, Vec::new());
    let slots = slots();
    for (number, slot) in slots.iter().enumerate() {
        let mut value = template();
        put(&mut value, slot, &payload(number, number));
        fs::write(&file, value.to_string()).unwrap();
        let before = fixture.tree();
        let output = fixture.command(&given).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let mut texts = vec![said.clone()];
        match output.status.code() {
            Some(0) => {
                taken += 1;
                let published = fixture.published();
                if published.values().ne([&value]) {
                    wrong.push(format!("{slot:?}: {value:#} became {published:#?}"));
                }
                for name in published.keys() {
                    texts.push(fs::read_to_string(fixture.root.path().join(PUBLISHED).join(name)).unwrap());
                }
                texts.push(fs::read_to_string(fixture.root.path().join("spec/lock.toml")).unwrap());
            }
            Some(1) if fixture.tree() == before => {}
            code => wrong.push(format!("{slot:?}: exit code {code:?}: {said}")),
        }
        let acts = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
        let hidden = texts.iter().flat_map(|text| text.chars()).find(|c| *c != '\n' && is_hidden(*c));
        if hidden.is_some() || said.lines().any(acts) {
            wrong.push(format!("{slot:?}: {hidden:?} in {texts:?}"));
        }
    }
    println!("{} places, {taken} of them are taken", slots.len());
    assert!(taken > slots.len() / 3, "only {taken} of {} places", slots.len());
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// Starts a fetch, sends it a signal once a path was asked for, and returns its code.
#[cfg(unix)]
fn ended_by(fixture: &Fixture, signal: &str, path: &str, more: &[&str]) -> Option<i32> {
    let run = fixture.command(more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    fixture.site.wait_for(path);
    assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
    run.wait_with_output().unwrap().status.code()
}

#[test]
#[cfg(unix)]
fn signals_end_a_run_wherever_it_is_and_leave_nothing_half_written() {
    let busy = Reply::Plain(429, vec![("retry-after", "3600".to_owned())], Vec::new());
    for signal in ["-TERM", "-INT"] {
        let fixture = fetched();
        let before = fixture.tree();
        let given = fixture.site.url("/given.yaml");
        for (path, reply, more) in [
            ("/llms.txt", Reply::Silence, &[][..]),
            ("/llms.txt", busy.clone(), &[]),
            (PAGE, Reply::Silence, &[]),
            (PAGE, busy.clone(), &[]),
            ("/given.yaml", Reply::Silence, &["--from", &given]),
            ("/given.yaml", busy.clone(), &["--from", &given]),
        ] {
            fixture.site.say(
                "/llms.txt",
                [Reply::Page(site::pages(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])])["/llms.txt"].clone())],
            );
            fixture.site.say(path, [reply]);
            fixture.site.take_asked();
            assert_eq!(ended_by(&fixture, signal, path, more), Some(130), "{signal} {path}");
            assert_eq!(fixture.tree(), before);
            let left =
                fs::read_dir(fixture.root.path().join("target/xtask-fetch")).into_iter().flatten().flatten();
            let left = left.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
            assert!(left.into_iter().all(|file| file.file_name().to_string_lossy().ends_with(".json")));
        }
    }
}

#[test]
fn the_limit_of_time_holds_for_addresses_that_are_given() {
    let fixture = fetched();
    let given = fixture.site.url("/given.yaml");
    for reply in [Reply::Silence, Reply::Plain(429, vec![("retry-after", "3600".to_owned())], Vec::new())] {
        fixture.site.say("/given.yaml", [reply]);
        assert!(
            fixture.fails(3, &["--from", &given, "--total-seconds", "0.5"]).contains("not done within 0.5 s")
        );
    }
}
