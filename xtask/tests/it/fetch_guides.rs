//! `cargo xtask fetch` on guide pages that change: what it says to read again.

use std::{collections::BTreeMap, fs};

use xtask_fetch::guides::files::{GUIDES, GUIDES_LOCK};

use crate::site::{self, Fixture, Reply, small};

const PAGE: &str = "/docs/kettles/filling.md";
const OLD: &str = "/docs/old.md";

const TEXT: &str = "> ## Documentation Index\n> See https://SITE/llms.txt\n\n# Filling\n\n\
    export const Note = ({children}) => <div style={{ color: 'red' }}>\n  {children}\n</div>;\n\n\
    <Note title=\"Hot\">\n  A kettle is **hot**.\n</Note>\n\n\
    ## Before You Start\n\nHave water.\n\n## Steps\n\n### 1. Open the Lid\n\n* Pull\n* Wait\n\n### 2. Pour\n\nSlowly.\n";

const FILE: &str = "[[page]]\npath = \"/docs/kettles/filling\"\nstatements = [\"A1\"]\n\n[page.sections]\n\
    \"1. Open the Lid\" = [\"Z1\", \"Z2\"]\n\"2. Pour\" = [\"Z3\"]\n\n[[page]]\npath = \"/docs/old\"\nstatements = [\"N1\"]\n";

fn pages(guide: Option<&str>) -> BTreeMap<String, String> {
    let mut pages = site::pages(&[small("A", "1.0.0", &["/v1/a"])]);
    pages
        .get_mut("/llms.txt")
        .unwrap()
        .push_str("\n- [Filling](/docs/kettles/filling.md)\n- [Old](/docs/old)\n");
    pages.extend(guide.map(|text| (PAGE.to_owned(), text.to_owned())));
    pages.insert(OLD.to_owned(), "# Old\n\nWords.\n".to_owned());
    pages
}

/// A root whose statements depend on two pages, with rules and passages that cite them, fetched once.
fn fixture() -> Fixture {
    let fixture = Fixture::new(pages(Some(TEXT)));
    let write = |path: &str, text: &str| {
        let path = fixture.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(GUIDES, FILE);
    write("crates/rules/src/lid.rs", "Rule {\n    id: \"LID-001\",\n    sources: &[\"Z2\"],\n}\n");
    write("docs/kettles.md", "# Kettles\n\nPull it (Z1 to Z2), pour (Z3).\n");
    let said = fixture.succeeds(&[]);
    assert!(
        said.contains("guides     2 pages looked at, 2 for the first time, nothing to read again"),
        "{said}"
    );
    fixture.site.take_asked();
    fixture
}

fn after(from: &str, to: &str) -> String {
    let fixture = fixture();
    let text = TEXT.replace(from, to);
    assert_ne!(text, TEXT);
    fixture.site.say(PAGE, [Reply::Page(text)]);
    let said = fixture.succeeds(&[]);
    assert!(!fixture.succeeds(&[]).contains("read again /"), "it is told once");
    said
}

#[test]
fn a_changed_section_is_told_with_its_statements_rules_and_passages() {
    let said = after("* Pull", "* Push");
    for line in [
        "read again /docs/kettles/filling: section \"1. Open the Lid\" changed",
        "statements A1, Z1, Z2",
        "rules      LID-001",
        "passages   docs/kettles.md:3",
        "2 pages looked at, 1 change: read again",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    assert_eq!(said.matches("read again /").count(), 1, "{said}");
}

#[test]
fn layout_and_order_say_nothing() {
    for (from, to) in [
        ("\n\n", "\n\n\n"),
        ("* Pull\n* Wait", "*   Pull\n\n*   Wait"),
        ("'red'", "'blue'"),
        ("**hot**", "hot"),
        (
            "### 1. Open the Lid\n\n* Pull\n* Wait\n\n### 2. Pour\n\nSlowly.\n",
            "### 2. Pour\n\nSlowly.\n\n### 1. Open the Lid\n\n* Pull\n* Wait\n",
        ),
    ] {
        let said = after(from, to);
        assert!(said.contains("nothing to read again"), "{from:?}: {said}");
    }
}

#[test]
fn renamed_new_and_vanished_sections_are_told() {
    let said = after("### 2. Pour", "### 2. Fill");
    assert!(said.contains("section \"2. Pour\" is now called \"2. Fill\"") && said.contains("Z3"), "{said}");
    assert!(said.contains("has no section \"2. Pour\", which spec/guides.toml names"), "{said}");
    let said = after("### 2. Pour\n\nSlowly.\n", "");
    assert!(said.contains("section \"2. Pour\" is gone") && said.contains("Z3"), "{said}");
    let said = after("## Steps", "## Safety\n\nGloves.\n\n## Steps");
    assert!(said.contains("section \"Safety\" is new\n") && said.contains("statements A1\n"), "{said}");
}

#[test]
fn a_vanished_page_and_a_new_one_beside_it_are_told() {
    let fixture = fixture();
    fixture.site.drop(OLD);
    let said = fixture.succeeds(&[]);
    assert!(
        said.contains("read again /docs/old: the page is gone") && said.contains("statements N1"),
        "{said}"
    );
    assert!(fixture.succeeds(&[]).contains("nothing to read again"));
    fixture.site.say(OLD, [Reply::Page("# 404\n\nPage not found.\n".to_owned())]);
    assert!(fixture.succeeds(&[]).contains("nothing to read again"), "a page that says so is gone, too");

    let index = pages(None)["/llms.txt"].clone();
    for (more, told) in
        [("- [New](/docs/kettles/new.md)\n", "the page is new"), ("", "the page is no longer listed")]
    {
        fixture.site.say("/llms.txt", [Reply::Page(format!("{index}{more}- [Far](/docs/far/away.md)\n"))]);
        let said = fixture.succeeds(&[]);
        assert!(
            said.contains(&format!("read again /docs/kettles/new: {told}")) && !said.contains("far/away"),
            "{said}"
        );
    }
}

#[test]
fn guides_in_trouble_keep_no_document_from_being_fetched() {
    let fixture = fixture();
    let lock = fs::read_to_string(fixture.root.path().join(GUIDES_LOCK)).unwrap();
    fixture.publish(&[small("A", "1.1.0", &["/v1/a"])]);
    fixture.site.say("/llms.txt", [Reply::Page(pages(None)["/llms.txt"].clone())]);
    for (reply, told) in [
        (Reply::Plain(500, Vec::new(), Vec::new()), "could not be read: the response has status 500"),
        (Reply::Silence, "pages not looked at: 1;"),
        (Reply::Page("<html>".to_owned()), "is not a page: the response is HTML"),
        (Reply::Page("Loading".to_owned()), "is not a page: the response has no title"),
    ] {
        fixture.site.say(PAGE, [reply]);
        let said = fixture.succeeds(&["--total-seconds", "6"]);
        assert!(said.contains(told) && said.contains("nothing to read again"), "{told}: {said}");
        assert_eq!(fs::read_to_string(fixture.root.path().join(GUIDES_LOCK)).unwrap(), lock);
    }
    assert_eq!(fixture.published()["a.yaml"]["info"]["version"], "1.1.0");
    fixture.site.say(PAGE, [Reply::Page(TEXT.replace("Slowly", "Quickly"))]);
    assert!(fixture.succeeds(&[]).contains("section \"2. Pour\" changed"));
    fs::write(fixture.root.path().join(GUIDES), "[[page]]\n").unwrap();
    assert!(fixture.succeeds(&[]).contains("spec/guides.toml cannot be used"));
}

#[test]
fn guides_that_have_not_changed_are_asked_for_on_condition() {
    let fixture = fixture();
    fixture.succeeds(&[]);
    let asked = fixture.site.take_asked();
    let free: Vec<_> =
        asked.iter().filter(|asked| !asked.is_conditional()).map(|asked| &asked.path).collect();
    assert_eq!(free, ["/openapi.json"]);
    // A lock that was changed here says nothing of the pages.
    let lock = fixture.root.path().join(GUIDES_LOCK);
    fs::write(&lock, fs::read_to_string(&lock).unwrap().replace("2. Pour", "2. Stir")).unwrap();
    assert!(fixture.succeeds(&[]).contains("section \"2. Stir\" is now called \"2. Pour\""));
}

#[test]
fn no_text_of_a_page_is_kept_and_headings_do_nothing() {
    let fixture = fixture();
    let text = TEXT
        .replace("### 2. Pour", "### [skip ci] ##[error]@name \u{1b}[2J\u{202e}")
        .replace("Slowly", "Quickly");
    fixture.site.say(PAGE, [Reply::Page(text)]);
    let said = fixture.succeeds(&[]);
    assert!(!said.contains(['\u{1b}', '\u{202e}']) && !said.contains("##["), "{said:?}");
    let lock = fs::read_to_string(fixture.root.path().join(GUIDES_LOCK)).unwrap();
    assert!(!lock.contains(['\u{1b}', '\u{202e}']) && lock.contains("\"1. Open the Lid\""), "{lock}");
    for words in ["Quickly", "kettle", "water", "Wait"] {
        assert!(!lock.replace("/docs/kettles", "").contains(words), "{words}: {lock}");
    }
}
