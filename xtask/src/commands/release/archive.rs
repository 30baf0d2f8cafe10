//! What the archive of a package has to hold, and what it must not.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::{Component, Path},
};

use flate2::read::GzDecoder;
use pulldown_cmark::{Event, Parser, Tag};

/// The largest archive that crates.io takes, in bytes.
const LIMIT: usize = 10 * 1024 * 1024;

/// The licence texts that every package has.
pub(super) const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// What the manifest of every package says.
const MEMBERS: [&str; 6] = ["categories", "description", "keywords", "license", "readme", "rust-version"];

/// Folders of what is made or installed while working.
const FOLDERS: [&str; 5] = [".git", ".venv", "__pycache__", "node_modules", "target"];

/// Endings of files that hold keys.
const KEYS: [&str; 5] = ["key", "p12", "pem", "pfx", "env"];

/// The files of a package by their paths in it, with `/` between the parts.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Reads an archive in which everything is in one folder.
///
/// # Errors
/// When it is not an archive, or has a file elsewhere.
pub(super) fn read(archive: &[u8], folder: &str) -> io::Result<Files> {
    let mut files = Files::new();
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let inside = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let is_plain =
            |path: &&str| Path::new(path).components().all(|it| matches!(it, Component::Normal(_)));
        let Some(inside) = inside.filter(is_plain) else {
            return Err(io::Error::other(format!("{path} is not below {folder}")));
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(inside.to_owned(), bytes);
    }
    Ok(files)
}

/// What is wrong with a package whose archive has this many bytes. `licences` are the texts of the repository.
pub(super) fn problems(files: &Files, size: usize, licences: &[(&str, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    if size > LIMIT {
        found.push(format!("the archive has {size} bytes, and crates.io takes {LIMIT}; shorten `include`"));
    }
    for (name, text) in licences {
        match files.get(*name) {
            None => found.push(format!("{name} is missing; copy it from the top of the repository")),
            Some(own) if own != text => {
                found.push(format!("{name} differs from the one at the top of the repository; copy that"));
            }
            Some(_) => {}
        }
    }
    if files.get("README.md").is_none_or(|text| text.trim_ascii().is_empty()) {
        found.push("README.md is missing or empty; write what the package is, and an example".to_owned());
    }
    let manifest = files.get("Cargo.toml").map(|text| String::from_utf8_lossy(text).into_owned());
    let manifest: toml::Table = manifest.and_then(|text| text.parse().ok()).unwrap_or_default();
    let package = manifest.get("package").and_then(toml::Value::as_table);
    for member in MEMBERS.iter().filter(|member| package.is_none_or(|it| !it.contains_key(**member))) {
        found.push(format!("Cargo.toml has no `{member}`; add it below [package]"));
    }
    for (path, bytes) in files {
        if let Some(what) = stranger(path, bytes) {
            found.push(format!("{path} {what}; leave it out of `include`"));
        }
    }
    found.extend(dead_links(files));
    found
}

/// Why a file does not belong in a package.
fn stranger(path: &str, bytes: &[u8]) -> Option<&'static str> {
    let extension = path.rsplit(['.', '/']).next().unwrap_or_default();
    let has_key = bytes.windows(KEY.len()).any(|part| part == KEY);
    if path.split('/').any(|part| FOLDERS.contains(&part)) {
        Some("is in a folder that is made while working")
    } else if KEYS.contains(&extension) || has_key {
        Some("may hold a secret key")
    } else {
        None
    }
}

/// The end of the line that begins a private key. It is in two parts, so that this file does not have it.
const KEY: &[u8] = concat!("PRIVATE KEY", "-----").as_bytes();

/// Links in Markdown that lead to no file of the package.
fn dead_links(files: &Files) -> Vec<String> {
    let mut dead = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        for event in Parser::new(&String::from_utf8_lossy(bytes)) {
            let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event else {
                continue;
            };
            let link = dest_url.split('#').next().unwrap_or_default();
            if !link.is_empty() && !link.contains(':') && !leads_somewhere(files, path, link) {
                dead.push(format!(
                    "{path} links to {link}, which is not in the package; write where to find it"
                ));
            }
        }
    }
    dead
}

fn leads_somewhere(files: &Files, from: &str, link: &str) -> bool {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    files.keys().any(|file| *file == path || file.starts_with(&format!("{path}/")))
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const LICENCE: &str = "You may.";

    /// A package without a fault.
    fn good() -> Files {
        let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\ncategories = [\"x\"]\ndescription = \"x\"\n\
            keywords = [\"x\"]\nlicense = \"MIT\"\nreadme = \"README.md\"\nrust-version = \"1.80\"\n";
        let files = [
            ("Cargo.toml", manifest),
            ("LICENSE-APACHE", LICENCE),
            ("LICENSE-MIT", LICENCE),
            ("README.md", "[a](src/a.md), [b](src), [c](https://pleo.example), [d](#e)"),
            ("src/a.md", "[up](../README.md#a) [`lib`]"),
        ];
        files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into()
    }

    /// The problems of a package, packed and read again, once something in it is changed.
    fn problems_with(change: impl FnOnce(&mut Files)) -> Vec<String> {
        let mut files = good();
        change(&mut files);
        let archive = packed("a-1.0.0", &files);
        let read = read(&archive, "a-1.0.0").unwrap();
        assert_eq!(read, files);
        problems(&read, archive.len(), &LICENCES.map(|name| (name, LICENCE.into())))
    }

    fn packed(folder: &str, files: &Files) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len().try_into().unwrap());
            archive.append_data(&mut header, format!("{folder}/{path}"), bytes.as_slice()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    fn write(files: &mut Files, path: &str, text: &str) {
        files.insert(path.to_owned(), text.into());
    }

    #[test]
    fn a_package_without_a_fault_has_no_problems() {
        assert_eq!(problems_with(|_| ()), [""; 0]);
    }

    #[test]
    fn every_fault_is_told() {
        type Change = fn(&mut Files);
        let cases: [(Change, &str); 11] = [
            (|it| drop(it.remove("LICENSE-MIT")), "LICENSE-MIT is missing"),
            (|it| write(it, "LICENSE-APACHE", "You may not."), "LICENSE-APACHE differs"),
            (|it| drop(it.remove("README.md")), "README.md is missing or empty"),
            (|it| write(it, "README.md", " \n"), "README.md is missing or empty"),
            (|it| write(it, "src/target/x", ""), "src/target/x is in a folder that is made while working"),
            (|it| write(it, "src/.env", ""), "src/.env may hold a secret key"),
            (|it| write(it, "a.pem", ""), "a.pem may hold a secret key"),
            (|it| drop(it.insert("a".to_owned(), [b"-----BEGIN ", KEY].concat())), "a may hold a secret key"),
            (|it| write(it, "src/b.md", "[x](../../docs/x.md)"), "src/b.md links to ../../docs/x.md,"),
            (|it| write(it, "b.md", "![x](x.png)"), "b.md links to x.png,"),
            (|it| write(it, "b.md", "[x](sr)"), "b.md links to sr,"),
        ];
        for (change, problem) in cases {
            // Without its README, a link to it is dead as well.
            let told = problems_with(change);
            assert!(told.iter().any(|it| it.starts_with(problem)) && told.len() <= 2, "{problem}: {told:?}");
        }
    }

    #[test]
    fn every_member_of_the_manifest_is_missed() {
        for member in MEMBERS {
            let told = problems_with(|files| {
                let manifest = String::from_utf8(files["Cargo.toml"].clone()).unwrap();
                let kept = manifest.lines().filter(|line| !line.starts_with(member));
                let manifest: String = kept.map(|line| format!("{line}\n")).collect();
                write(files, "Cargo.toml", &manifest);
            });
            assert_eq!(told, [format!("Cargo.toml has no `{member}`; add it below [package]")]);
        }
        assert_eq!(problems_with(|files| drop(files.remove("Cargo.toml"))).len(), MEMBERS.len());
    }

    #[test]
    fn a_large_archive_is_told() {
        let licences = LICENCES.map(|name| (name, LICENCE.into()));
        assert_eq!(problems(&good(), LIMIT, &licences), [""; 0]);
        assert!(problems(&good(), LIMIT + 1, &licences)[0].starts_with("the archive has 10485761 bytes"));
    }

    #[test]
    fn a_file_elsewhere_is_an_error() {
        let archive = packed("b-1.0.0", &good());
        assert!(read(&archive, "a-1.0.0").unwrap_err().to_string().ends_with("is not below a-1.0.0"));
        assert!(read(b"no archive", "a-1.0.0").is_err());
    }
}
