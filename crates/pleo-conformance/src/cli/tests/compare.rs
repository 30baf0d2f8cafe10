//! `compare`.

use std::{fs, io, path::Path};

use super::{Done, Exit, command, no_report};
use crate::report::{
    Report,
    comparison::tests::two,
    json::{self, render},
};

/// A folder with reports, each named after its client.
fn folder(reports: &[Report]) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for report in reports {
        let path = folder.path().join(&report.subject.name).with_extension("json");
        fs::write(path, render(report)?)?;
    }
    Ok(folder)
}

/// Compares in this folder: words that begin with `@` are paths in it.
fn compare(folder: &Path, words: &[&str]) -> Done {
    let words = words.iter().map(|word| word.replace('@', &format!("{}/", folder.display())));
    let words: Vec<String> = ["compare".to_owned()].into_iter().chain(words).collect();
    command(&words.iter().map(String::as_str).collect::<Vec<_>>(), &no_report)
}

#[test]
fn the_table_is_printed_whatever_it_shows() -> io::Result<()> {
    let folder = folder(&two())?;
    let done = compare(folder.path(), &["@example-client.json", "@other-client.json"]);
    assert_eq!((done.exit, &*done.err, done.asked), (Exit::Passed, "", None));
    assert!(done.out.contains("  AUTH-2 ✗ ✓  MUST  The key is the user name\n"), "{}", done.out);
    let other = compare(folder.path(), &["@other-client.json", "@example-client.json"]);
    assert!(other.out.contains("  AUTH-2 ✓ ✗  MUST"), "columns are in the order of the files: {}", other.out);
    Ok(())
}

#[test]
fn tables_and_badges_are_written_to_where_they_are_asked_for() -> io::Result<()> {
    let folder = folder(&two())?;
    let done = compare(
        folder.path(),
        &[
            "@example-client.json",
            "@other-client.json",
            "--report",
            "html=@t.html",
            "--report",
            "markdown=-",
            "--badges",
            "@made/badges",
        ],
    );
    assert_eq!(done.exit, Exit::Passed, "{}", done.err);
    assert!(done.out.starts_with("## Conformance of 2 clients\n"));
    assert!(done.err.contains("  AUTH-2 ✗ ✓  MUST"), "the text gives way to the table");
    assert!(fs::read_to_string(folder.path().join("t.html"))?.starts_with("<!DOCTYPE html>"));
    let badge = |name: &str| -> io::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&fs::read(folder.path().join("made/badges").join(name))?)?)
    };
    assert_eq!(badge("example-client.json")?["isError"], true);
    assert_eq!(badge("other-client.json")?["message"], "8/8 MUST");
    assert_eq!(fs::read_dir(folder.path().join("made/badges"))?.count(), 2);
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_wrong_usage_and_nothing_is_written() -> io::Result<()> {
    let folder = folder(&two())?;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("array.json"), "[]")?;
    fs::write(path("text.json"), "no JSON \u{1b}[35m")?;
    let newer = fs::read_to_string(path("other-client.json"))?.replacen("\"format\": 1", "\"format\": 2", 1);
    assert!(json::read(newer.as_bytes()).is_err());
    fs::write(path("newer.json"), newer)?;
    let before = fs::read_dir(folder.path())?.count();
    for (file, message) in [
        ("@missing.json", "missing.json cannot be read: "),
        ("@", " cannot be read: "),
        ("@array.json", "array.json is not a report: invalid length 0"),
        ("@text.json", "text.json is not a report: expected"),
        ("@newer.json", "newer.json is not a report: its format is 2, and this runner reads format 1; "),
        ("@other-client.json", "other-client.json is named twice; name each report once"),
        ("@./other-client.json", "is named twice"),
    ] {
        let words = ["@other-client.json", file, "--report", "html=@t.html", "--badges", "@badges"];
        compare(folder.path(), &words).wrong_usage(message);
    }
    for words in [
        &[][..],
        &["@other-client.json", "--report", "json=@t.json"],
        &["@other-client.json", "--report", "html"],
    ] {
        compare(folder.path(), words).wrong_usage("error: ");
    }
    assert_eq!(fs::read_dir(folder.path())?.count(), before);
    compare(folder.path(), &["@other-client.json", "--badges", "@array.json/badges"])
        .wrong_usage("cannot be made");
    Ok(())
}

#[test]
fn clients_of_one_name_get_a_badge_each() -> io::Result<()> {
    let folder = folder(&two())?;
    fs::copy(folder.path().join("other-client.json"), folder.path().join("copy.json"))?;
    let done = compare(folder.path(), &["@other-client.json", "@copy.json", "--badges", "@badges"]);
    assert!(done.out.contains("2  other-client 1.2.3 (2)\n"), "{}", done.out);
    assert!(folder.path().join("badges/other-client-2.json").exists());
    Ok(())
}

#[test]
fn the_help_says_what_the_exit_codes_mean() {
    let help = command(&["compare", "--help"], &no_report).out;
    assert!(help.contains("Exit codes: 0 the table was made"), "{help}");
}
