//! `cargo xtask fetch` on a site that publishes today's documents, and on documents given as files.

use std::fs;

use crate::site::{self, Fixture, Reply, small};
use serde_json::json;
use xtask_drift::api as diff;
use xtask_openapi::{Document, PUBLISHED};
use xtask_testing::{operations, published};

/// How a run names what it has.
fn counts() -> String {
    let documents = published();
    format!("{} documents, {} operations", documents.len(), operations(&documents))
}

#[test]
fn a_site_made_of_the_nine_documents_gives_them_back_byte_for_byte() {
    let fixture = Fixture::new(site::pages(&published()));
    let said = fixture.succeeds(&[]);
    assert!(said.contains(&counts()), "{said}");
    let expected = published();
    assert_eq!(fixture.published().len(), expected.len());
    for document in &expected {
        let here = fs::read_to_string(fixture.root.path().join(PUBLISHED).join(&document.name)).unwrap();
        let there = fs::read_to_string(xtask_testing::root().join(PUBLISHED).join(&document.name)).unwrap();
        let line = here.lines().zip(there.lines()).position(|(here, there)| here != there);
        assert!(here == there, "{} differs at line {line:?}", document.name);
    }
    let folder = fixture.root.path().join(PUBLISHED);
    let fetched = Document::read_folder(&folder).unwrap();
    let findings = diff::compare(&expected, &fetched, diff::Prose::Compared).unwrap();
    assert!(findings.is_empty(), "{:?}", findings.first());
    let lock = fixture.lock();
    let operations = operations(&expected);
    assert_eq!(lock.documents.iter().map(|document| document.operations.len()).sum::<usize>(), operations);
    // One document is listed whole, too.
    assert_eq!(lock.pages.iter().filter(|page| page.document.is_some()).count(), operations + 1);
    assert!(
        fixture.asked().iter().all(|path| !path.starts_with("/docs") && !path.contains("pleo-deprecated"))
    );
}

#[test]
fn a_second_run_asks_on_condition_only_and_touches_nothing() {
    let fixture = Fixture::fetched(&published());
    let before = fixture.tree();
    let said = fixture.succeeds(&[]);
    // A page for each operation, a whole document, and two reference pages without an operation.
    let pages = operations(&published()) + 3;
    assert!(said.contains(&format!("unchanged: {}; 0 read, {pages} not sent again", counts())), "{said}");
    let asked = fixture.site.take_asked();
    assert_eq!(asked.len(), pages + 1, "the pages and the index");
    let free: Vec<_> = asked.iter().filter(|asked| !asked.is_conditional()).collect();
    assert!(free.is_empty(), "{free:?}");
    assert_eq!(fixture.tree(), before);
}

#[test]
fn one_changed_page_brings_all_pages_of_its_document_and_no_others() {
    let documents =
        [small("A", "1.0.0", &["/v1/a", "/v1/b", "/v1/c"]), small("B", "1.0.0", &["/v1/d", "/v1/e"])];
    let fixture = Fixture::fetched(&documents);
    let before = fixture.tree();
    let mut changed = documents.clone();
    changed[0].value["paths"]["/v1/b"]["get"]["deprecated"] = json!(true);
    let page = "/reference/a/page-1.md";
    fixture.site.say(page, [Reply::Page(site::pages(&changed)[page].clone())]);

    let said = fixture.succeeds(&[]);
    assert!(said.contains("changed    A API") && !said.contains("B API"), "{said}");
    assert_eq!(fixture.published()["a.yaml"], changed[0].value);
    let mut free: Vec<_> = fixture
        .site
        .take_asked()
        .into_iter()
        .filter(|asked| !asked.is_conditional())
        .map(|asked| asked.path)
        .collect();
    free.sort();
    assert_eq!(free, ["/openapi.json", "/reference/a/page-0.md", "/reference/a/page-2.md"]);
    let touched: Vec<_> = fixture
        .tree()
        .into_iter()
        .filter(|(path, file)| before[path] != *file)
        .map(|(path, _)| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(touched, ["lock.toml", "a.yaml"]);
}

#[test]
fn a_lock_that_was_edited_leads_to_no_other_host() {
    let fixture = Fixture::fetched(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])]);
    let lock = fixture.root.path().join("spec/lock.toml");
    let text = fs::read_to_string(&lock).unwrap();
    let page = fixture.site.url("/reference/a/page-1.md");
    // Where nothing listens: asking would fail with another code.
    fs::write(&lock, text.replace(&page, "http://127.0.0.1:9/reference/a/page-1.md")).unwrap();
    let said = fixture.fails(1, &[]);
    assert!(said.contains("GET /v1/b of `A API`"), "{said}");
}

#[test]
fn a_page_that_appears_or_goes_is_a_change_of_its_document() {
    let one = [small("A", "1.0.0", &["/v1/a", "/v1/b"])];
    let fixture = Fixture::fetched(&one);
    let two = [small("A", "1.0.0", &["/v1/a", "/v1/b", "/v1/c"])];
    for (documents, flags) in [(&two, &[][..]), (&one, &["--allow-removals"])] {
        fixture.publish(documents);
        fixture.succeeds(flags);
        assert_eq!(fixture.published()["a.yaml"], documents[0].value);
    }
}

#[test]
fn a_document_that_was_changed_here_is_brought_again() {
    let documents = [small("A", "1.0.0", &["/v1/a", "/v1/b"]), small("B", "1.0.0", &["/v1/c"])];
    let fixture = Fixture::fetched(&documents);
    let before = fixture.tree();
    let path = fixture.root.path().join(PUBLISHED).join("a.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Thing", "Other")).unwrap();
    assert!(fixture.succeeds(&[]).contains("changed    A API"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fixture.tree().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[test]
fn pages_with_a_date_instead_of_a_tag_are_asked_for_by_it() {
    let documents = [small("A", "1.0.0", &["/v1/a"])];
    let fixture = Fixture::new(site::pages(&documents));
    let date = "Fri, 21 Nov 2025 10:00:00 GMT";
    let page = "/reference/a/page-0.md";
    fixture.site.say(page, [Reply::Dated(site::pages(&documents)[page].clone(), date)]);
    fixture.succeeds(&[]);
    fixture.site.take_asked();
    assert!(fixture.succeeds(&[]).contains("unchanged"));
    let asked = fixture.site.take_asked().into_iter().find(|asked| asked.path == page).unwrap();
    assert_eq!((asked.header("if-modified-since"), asked.header("if-none-match")), (Some(date), None));
}

#[test]
fn an_operation_that_disappears_is_refused_and_named_with_its_page() {
    let fixture = Fixture::fetched(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])]);
    let less = [small("A", "1.0.0", &["/v1/a"])];
    fixture.publish_index(&less);
    let said = fixture.fails(1, &[]);
    let page = fixture.site.url("/reference/a/page-1.md");
    assert!(said.contains(&format!("GET /v1/b of `A API`, last seen at {page}")), "{said}");
    assert!(said.contains("--allow-removals") && !said.contains("GET /v1/a"), "{said}");
    assert!(fixture.succeeds(&["--allow-removals"]).contains("gone: GET /v1/b"));
    assert_eq!(fixture.published()["a.yaml"], less[0].value);
}

#[test]
fn a_document_that_disappears_is_refused_and_goes_with_its_file() {
    let fixture = Fixture::fetched(&[small("A", "1.0.0", &["/v1/a"]), small("B", "1.0.0", &["/v1/b"])]);
    let less = [small("A", "1.0.0", &["/v1/a"])];
    fixture.publish_index(&less);
    let said = fixture.fails(1, &[]);
    assert!(said.contains("the document `B API` (b.yaml)") && said.contains("--allow-removals"), "{said}");
    fixture.succeeds(&["--allow-removals"]);
    assert_eq!(fixture.published().into_keys().collect::<Vec<_>>(), ["a.yaml"]);
}

#[test]
fn an_operation_that_moves_to_another_document_does_not_disappear() {
    let fixture =
        Fixture::fetched(&[small("A", "1.0.0", &["/v1/a", "/v1/b"]), small("B", "1.0.0", &["/v1/c"])]);
    fixture.publish(&[small("A", "1.1.0", &["/v1/a"]), small("B", "1.1.0", &["/v1/b", "/v1/c"])]);
    fixture.succeeds(&[]);
    assert!(fixture.published()["b.yaml"]["paths"].get("/v1/b").is_some());
}

#[test]
fn pages_of_two_versions_are_refused_until_most_of_them_are_allowed_to_win() {
    let documents = [small("A", "9.0.0", &["/v1/a", "/v1/b", "/v1/c"])];
    let fixture = Fixture::new(site::pages(&documents));
    let mut newer = documents.clone();
    newer[0].value["info"]["version"] = json!("10.0.0");
    newer[0].value["components"]["schemas"]["Thing"]["maxLength"] = json!(3);
    // The second of two pages shows the component only where it is complete.
    let page = "/reference/a/page-0.md";
    fixture.site.say(page, [Reply::Page(site::pages(&newer)[page].clone())]);
    let said = fixture.fails(1, &[]);
    for part in
        ["`A API`", "info.version", "components.schemas.Thing", "--allow-mixed", page, "9.0.0", "10.0.0"]
    {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let said = fixture.succeeds(&["--allow-mixed"]);
    assert!(said.contains("the first was taken"), "{said}");
    let here = &fixture.published()["a.yaml"];
    // Two pages against one for the version, one against one for the component.
    assert_eq!(here["info"]["version"], "9.0.0");
    assert_eq!(here["components"]["schemas"]["Thing"]["maxLength"], 3);
}

#[test]
fn two_pages_that_describe_one_operation_differently_are_refused() {
    let fixture = Fixture::new(site::pages(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])]));
    let mut other = small("A", "1.0.0", &["/v1/a"]);
    other.value["paths"]["/v1/a"]["get"]["deprecated"] = json!(true);
    let page = "/reference/a/page-1.md";
    fixture.site.say(page, [Reply::Page(site::pages(&[other])["/reference/a/page-0.md"].clone())]);
    let said = fixture.fails(1, &[]);
    assert!(said.contains("paths./v1/a.get") && said.contains(page), "{said}");
}

#[test]
fn a_page_in_the_older_form_is_refused_by_name() {
    let fixture = Fixture::new(site::pages(&[small("A", "1.0.0", &["/v1/a", "/v1/b"])]));
    let page = "/reference/a/page-1.md";
    let older = "paths:\n  path: /v1/b\n  method: get\n  servers: []\n  request: {}";
    fixture.site.say(page, [Reply::Page(site::reference_page("B", "get", "/v1/b", older))]);
    let said = fixture.fails(1, &[]);
    assert!(said.contains(page) && said.contains("older form") && said.contains("--from"), "{said}");
}

#[test]
fn fence_lines_of_other_sites_make_no_difference() {
    let documents = [small("A", "1.0.0", &["/v1/a", "/v1/b"])];
    let mut pages = site::pages(&documents);
    for (path, fence) in [
        ("/reference/a/page-0.md", "````yaml /api-reference/openapi.json GET /v1/a"),
        ("/reference/a/page-1.md", "````yaml openapi/tavily.json get /v1/b   "),
    ] {
        let page = pages.get_mut(path).unwrap();
        let line = page.lines().find(|line| line.starts_with("````yaml")).unwrap().to_owned();
        *page = page.replace(&line, fence);
    }
    let fixture = Fixture::new(pages);
    fixture.succeeds(&[]);
    assert_eq!(fixture.published()["a.yaml"], documents[0].value);
}

#[test]
fn reference_pages_in_an_optional_section_and_relative_addresses_are_read() {
    let documents = [small("A", "1.0.0", &["/v1/a", "/v1/b"])];
    let mut pages = site::pages(&documents);
    pages.insert(
        "/llms.txt".to_owned(),
        "# Docs\n\n## Docs\n\n- [A ](/reference/a/page-0.md)\n\n## Optional\n\n- [B](reference/a/page-1): words\n\
         - [Blog](https://blog.example)\n"
            .to_owned(),
    );
    let fixture = Fixture::new(pages);
    fixture.succeeds(&[]);
    assert_eq!(fixture.published()["a.yaml"], documents[0].value);
}

#[test]
fn legacy_operations_are_kept_apart_wherever_they_stand() {
    let documents = [small("A", "1.0.0", &["/v1/a"])];
    let mut pages = site::pages(&documents);
    let legacy = pages["/reference/pleo-deprecated/employees/list.md"].clone();
    pages.insert("/reference/employees/old.md".to_owned(), legacy);
    pages.get_mut("/llms.txt").unwrap().push_str("\n- [Old](/reference/employees/old.md)\n");
    let fixture = Fixture::new(pages);
    fixture.succeeds(&[]);
    assert_eq!(fixture.published().into_keys().collect::<Vec<_>>(), ["a.yaml"]);
    assert!(!fixture.asked().iter().any(|path| path.contains("pleo-deprecated")));
}

#[test]
fn openapi_json_adds_what_the_pages_lack_and_takes_nothing_away() {
    let documents = [small("A", "1.0.0", &["/v1/a", "/v1/b"])];
    let one_operation_more = small("A", "1.0.0", &["/v1/a", "/v1/z"]).value;
    let older = small("A", "0.9.0", &["/v1/a", "/v1/z"]).value;
    let another = small("B", "1.0.0", &["/v1/c"]).value;
    let of_two = small("B", "1.0.0", &["/v1/a"]).value;
    for (whole, paths, note) in [
        (one_operation_more.to_string(), &["/v1/a", "/v1/b", "/v1/z"][..], ""),
        (older.to_string(), &["/v1/a", "/v1/b"], "the pages say something else: info.version"),
        (another.to_string(), &["/v1/a", "/v1/b", "/v1/c"], ""),
        (of_two.to_string(), &["/v1/a", "/v1/b"], "GET /v1/a is part of another document"),
        ("<html>".to_owned(), &["/v1/a", "/v1/b"], "was left out"),
    ] {
        let mut pages = site::pages(&documents);
        pages.insert("/openapi.json".to_owned(), whole);
        let fixture = Fixture::new(pages);
        let said = fixture.succeeds(&[]);
        assert!(said.contains(note) && said.contains("/openapi.json") != note.is_empty(), "{said}");
        let mut found: Vec<_> = fixture
            .published()
            .values()
            .flat_map(|document| document["paths"].as_object().unwrap().keys().cloned())
            .collect();
        found.sort();
        assert_eq!(found, paths);
    }
}

#[test]
fn a_whole_document_that_was_left_out_is_taken_once_the_pages_agree_with_it() {
    let mut pages = site::pages(&[small("A", "1.0.0", &["/v1/a"])]);
    pages.insert("/openapi.json".to_owned(), small("A", "2.0.0", &["/v1/a", "/v1/z"]).value.to_string());
    let fixture = Fixture::new(pages);
    assert!(fixture.succeeds(&[]).contains("/openapi.json was left out"));
    fixture.publish(&[small("A", "2.0.0", &["/v1/a"])]);
    fixture.succeeds(&[]);
    assert!(fixture.published()["a.yaml"]["paths"].get("/v1/z").is_some());
}

#[test]
fn documents_that_the_index_lists_are_read_whole() {
    let documents = [small("A", "1.0.0", &["/v1/a"])];
    let mut pages = site::pages(&documents);
    let b = small("B", "1.0.0", &["/v1/b"]).value;
    pages.insert("/api-reference/b".to_owned(), site::yaml(&site::with_prose(b.clone())));
    pages.get_mut("/llms.txt").unwrap().push_str("\n## OpenAPI Specs\n\n- [b](/api-reference/b)\n");
    let fixture = Fixture::new(pages);
    fixture.succeeds(&[]);
    assert_eq!(fixture.published()["b.yaml"], b);
    fixture.site.take_asked();
    assert!(fixture.succeeds(&[]).contains("unchanged"));
    fixture.site.say("/api-reference/b", [Reply::Page("no: api".to_owned())]);
    assert!(fixture.fails(1, &[]).contains("/api-reference/b"));
}

#[test]
fn prose_is_left_out_until_it_is_asked_for() {
    let documents = [small("A", "1.0.0", &["/v1/a"])];
    let fixture = Fixture::fetched(&documents);
    assert_eq!(fixture.published()["a.yaml"], documents[0].value);
    fixture.succeeds(&["--keep-prose"]);
    assert_eq!(fixture.published()["a.yaml"], site::with_prose(documents[0].value.clone()));
    fixture.succeeds(&[]);
    assert_eq!(fixture.published()["a.yaml"], documents[0].value);
}

#[test]
fn a_document_keeps_its_file_name_and_a_new_one_gets_one_of_its_title() {
    let documents = [small("A", "1.0.0", &["/v1/a"])];
    let fixture = Fixture::fetched(&documents);
    let folder = fixture.root.path().join(PUBLISHED);
    fs::rename(folder.join("a.yaml"), folder.join("name-of-ours.yaml")).unwrap();
    let with_new = [documents[0].clone(), small("Card Orders", "1.0.0", &["/v1/b"])];
    fixture.publish(&with_new);
    fixture.succeeds(&[]);
    assert_eq!(
        fixture.published().into_keys().collect::<Vec<_>>(),
        ["card-orders.yaml", "name-of-ours.yaml"]
    );
}

#[test]
fn a_document_with_a_new_title_may_take_over_the_file_of_its_old_one() {
    let fixture = Fixture::fetched(&[small("A", "1.0.0", &["/v1/a"])]);
    let mut renamed = small("A", "1.0.0", &["/v1/a"]);
    renamed.value["info"]["title"] = json!("A");
    fixture.publish(&[renamed.clone()]);
    assert!(fixture.fails(1, &[]).contains("the document `A API` (a.yaml)"));
    fixture.succeeds(&["--allow-removals"]);
    assert_eq!(fixture.published()["a.yaml"], renamed.value);
}

#[test]
fn a_title_never_leads_out_of_the_folder_or_to_the_file_of_another() {
    let odd = small("../../Etc/Pass wd", "1.0.0", &["/v1/a"]);
    let fixture = Fixture::new(site::pages(&[]));
    let file = |name: &str, document: &Document| {
        let path = fixture.root.path().join(name);
        fs::write(&path, document.value.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let odd = file("odd.json", &odd);
    fixture.succeeds(&["--from", &odd]);
    assert_eq!(fixture.published().into_keys().collect::<Vec<_>>(), ["etc-pass-wd.yaml"]);
    let nameless = file("nameless.json", &small("日本", "1.0.0", &["/v1/b"]));
    assert!(fixture.fails(1, &["--from", &odd, "--from", &nameless]).contains("`日本 API`"));
    let same = file("same.json", &small("Etc pass.wd", "1.0.0", &["/v1/b"]));
    assert!(fixture.fails(1, &["--from", &odd, "--from", &same]).contains("etc-pass-wd.yaml is that of"));
}

#[test]
fn documents_are_taken_from_folders_files_and_addresses_in_yaml_and_json() {
    let mut documents = ["A", "B", "C"].map(|name| small(name, "1.0.0", &[&format!("/v1/{name}")]));
    documents[1].value["openapi"] = json!("3.1.0");
    documents[1].value["components"]["schemas"]["Thing"]["type"] = json!(["string", "null"]);
    let fixture = Fixture::new(site::pages(&[]));
    let folder = fixture.root.path().join("given");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("one.yaml"), site::yaml(&site::with_prose(documents[0].value.clone()))).unwrap();
    let file = fixture.root.path().join("two.json");
    fs::write(&file, documents[1].value.to_string()).unwrap();
    fixture.site.say("/three", [Reply::Page(site::yaml(&documents[2].value))]);
    let address = fixture.site.url("/three");
    let given = ["--from", folder.to_str().unwrap(), "--from", file.to_str().unwrap(), "--from", &address];
    fixture.succeeds(&given);
    let here = fixture.published();
    for (file, document) in ["a.yaml", "b.yaml", "c.yaml"].iter().zip(&documents) {
        assert_eq!(here[*file], document.value);
    }
    let before = fixture.tree();
    assert!(fixture.succeeds(&given).contains("unchanged: 3 documents, 3 operations"));
    assert_eq!(fixture.tree(), before);

    let newer = fixture.root.path().join("newer.yaml");
    fs::write(&newer, site::yaml(&small("A", "1.1.0", &["/v1/A"]).value)).unwrap();
    let published = fixture.root.path().join(PUBLISHED);
    fixture.succeeds(&["--from", published.to_str().unwrap(), "--from", newer.to_str().unwrap()]);
    assert_eq!(fixture.published()["a.yaml"]["info"]["version"], "1.1.0");
    assert_eq!(fixture.published().len(), 3);
}

#[test]
fn a_single_file_says_what_it_replaces_and_what_would_be_lost() {
    let documents = ["A", "B", "C"].map(|name| small(name, "1.0.0", &[&format!("/v1/{name}")]));
    let fixture = Fixture::fetched(&documents);
    let newer = fixture.root.path().join("newer.yaml");
    fs::write(&newer, site::yaml(&small("A", "1.1.0", &["/v1/A"]).value)).unwrap();
    let newer = newer.to_str().unwrap();
    let said = fixture.fails(1, &["--from", newer]);
    for part in [
        "the document `B API` (b.yaml)",
        "the document `C API` (c.yaml)",
        &format!("`A API` (a.yaml) is replaced by {newer}"),
        &format!("--from spec/published --from {newer}"),
        "--allow-removals",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let published = fixture.root.path().join(PUBLISHED);
    let said = fixture.succeeds(&["--from", published.to_str().unwrap(), "--from", newer]);
    assert!(said.contains(&format!("`A API` (a.yaml) is replaced by {newer}")), "{said}");
    assert!(said.contains("`B API` (b.yaml) stays as it is"), "{said}");
    assert_eq!(fixture.published()["a.yaml"]["info"]["version"], "1.1.0");
    assert_eq!(fixture.published().len(), 3);
}

#[test]
fn an_operation_of_two_documents_is_refused_first_and_named_with_both() {
    let fixture = Fixture::fetched(&[small("A", "1.0.0", &["/v1/a/{id}", "/v1/b"])]);
    // Half of the pages have the new title, with parameters of other names.
    let old = small("A", "1.0.0", &["/v1/a/{id}"]);
    let new = small("A External", "2.0.0", &["/v1/a/{vendorId}", "/v1/c"]);
    fixture.publish(&[old, new]);
    let said = fixture.fails(1, &[]);
    for part in
        ["GET /v1/a/{", "`A API`", "`A External API`", "/reference/a-external/page-0.md", "run again later"]
    {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    assert!(!said.contains("would disappear") && !said.contains("/v1/c"), "{said}");
    fixture.fails(1, &["--allow-removals", "--allow-mixed"]);
}

#[test]
fn what_is_given_and_is_no_openapi_document_is_refused_by_name() {
    let fixture = Fixture::fetched(&[small("A", "1.0.0", &["/v1/a"])]);
    let file = fixture.root.path().join("given.yaml");
    let given = ["--from", file.to_str().unwrap()];
    assert!(fixture.fails(3, &given).contains("given.yaml"));
    for (text, problem) in [("swagger: '2.0'\n", "`openapi`"), ("a: [\n", "line 1"), ("", "`openapi`")] {
        fs::write(&file, text).unwrap();
        let said = fixture.fails(1, &given);
        assert!(said.contains("given.yaml") && said.contains(problem), "{said}");
    }
    let empty = fixture.root.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(fixture.fails(1, &["--from", empty.to_str().unwrap()]).contains("holds no document"));
}

#[test]
fn wrong_usage_has_a_code_of_its_own() {
    let fixture = Fixture::fetched(&[small("A", "1.0.0", &["/v1/a"])]);
    for wrong in [
        &["--from", "http://pleo.example/openapi.json"][..],
        &["--from", "https://user:obviously-fake@pleo.example/openapi.json"],
        &["--at-once", "0"],
        &["--attempts", "0"],
        &["--timeout-seconds", "-1"],
        &["--from", "a.yaml", "--index", "https://pleo.example/llms.txt"],
        &["--no-such-flag"],
    ] {
        let said = fixture.fails(2, wrong);
        assert!(!said.contains("obviously-fake@"), "{said}");
    }
    assert_eq!(fixture.asked(), [""; 0]);
}
