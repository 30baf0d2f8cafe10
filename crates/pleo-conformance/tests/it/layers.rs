//! The modules of the crate import downwards only, and so do the files of each of its folders.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::buffer::{Cursor, TokenBuffer};

/// From the bottom to the top. Modules of one layer know nothing of one another.
const LAYERS: &[&[&str]] = &[
    &["protocol", "verdict", "words"],
    &["subject"],
    &["trial"],
    &["rules"],
    &["engine"],
    &["report"],
    &["cli", "mistakes"],
];

/// The roots of the library and of the program, which may name everything.
const ROOTS: [&str; 2] = ["lib", "main"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The segments of a path below the root of the crate.
type ModulePath = Vec<String>;

/// The tokens of a file, those of macros too, without its comments. All brackets become braces.
fn tokens(cursor: Cursor<'_>) -> Vec<String> {
    let (mut cursor, mut found) = (cursor, Vec::new());
    loop {
        if let Some((inside, .., rest)) = cursor.any_group() {
            found.push("{".to_owned());
            found.extend(tokens(inside));
            found.push("}".to_owned());
            cursor = rest;
        } else if let Some((token, rest)) = cursor.token_tree() {
            found.push(token.to_string());
            cursor = rest;
        } else {
            return found;
        }
    }
}

/// Reads a path or a tree of paths that begins with the first token, as seen from a module. Returns what comes
/// after it.
fn read_tree<'t>(
    mut tokens: &'t [String],
    mut path: ModulePath,
    found: &mut Vec<ModulePath>,
) -> &'t [String] {
    while let [token, rest @ ..] = tokens {
        tokens = rest;
        match token.as_str() {
            "crate" => path.clear(),
            "super" => drop(path.pop()),
            "self" => {}
            "{" => {
                while tokens.first().is_some_and(|token| token != "}") {
                    tokens = read_tree(tokens, path.clone(), found);
                    let end = tokens.iter().position(|token| token == "," || token == "}");
                    tokens = &tokens[end.unwrap_or(tokens.len())..];
                    tokens = tokens.strip_prefix(&[",".to_owned()]).unwrap_or(tokens);
                }
                return tokens.get(1..).unwrap_or_default();
            }
            segment => path.push(segment.to_owned()),
        }
        match tokens {
            [one, two, rest @ ..] if one == ":" && two == ":" => tokens = rest,
            _ => break,
        }
    }
    found.push(path);
    tokens
}

/// All paths that the text of a module's file names by way of `crate`, `super` or `self`, or imports. What it
/// imports of another crate seems to be its own, which is no matter here.
fn named(text: &str, module: &[String]) -> Vec<ModulePath> {
    let buffer = TokenBuffer::new2(text.parse().unwrap());
    let tokens = tokens(buffer.begin());
    // Modules within the file have bodies, and other brackets have no names.
    let (mut brackets, mut found) = (Vec::<Option<&String>>::new(), Vec::new());
    let mut rest = tokens.as_slice();
    while let [token, after @ ..] = rest {
        rest = after;
        let here = || module.iter().chain(brackets.iter().copied().flatten()).cloned().collect();
        match (token.as_str(), after) {
            ("mod", [name, bracket, after @ ..]) if bracket == "{" => {
                brackets.push(Some(name));
                rest = after;
            }
            ("{", _) => brackets.push(None),
            ("}", _) => drop(brackets.pop()),
            ("use", _) => rest = read_tree(after, here(), &mut found),
            ("crate" | "super" | "self", [one, two, ..]) if one == ":" && two == ":" => {
                rest = read_tree(&tokens[tokens.len() - after.len() - 1..], here(), &mut found);
            }
            _ => {}
        }
    }
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path())
}

fn rust_files(path: &Path) -> Vec<PathBuf> {
    let below = entries(path).flat_map(|entry| rust_files(&entry));
    let own = path.extension().is_some_and(|extension| extension == "rs").then(|| path.to_owned());
    own.into_iter().chain(below).collect()
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let below: Vec<PathBuf> = entries(path).filter(|entry| entry.is_dir()).collect();
    below.iter().flat_map(|folder| folders(folder)).chain(below.iter().cloned()).collect()
}

/// The name of a file or a folder, without its extension.
fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The module that a file or a folder stands for.
fn module(path: &Path) -> ModulePath {
    let relative = path.strip_prefix(source()).unwrap();
    let names = relative.ancestors().filter(|part| part.file_stem().is_some()).map(name);
    let mut names: ModulePath = names.filter(|name| name != "mod").collect();
    names.reverse();
    names
}

/// All paths that a file names.
fn named_in(file: &Path) -> Vec<ModulePath> {
    named(&fs::read_to_string(file).unwrap(), &module(file))
}

#[test]
fn modules_import_downwards_only() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for file in rust_files(&source()) {
        let own = module(&file).swap_remove(0);
        if ROOTS.contains(&own.as_str()) {
            continue;
        }
        let height = layer(&own).unwrap_or_else(|| panic!("{own} is in no layer"));
        for other in named_in(&file).into_iter().filter_map(|path| path.into_iter().next()) {
            if other == own {
                continue;
            }
            seen += 1;
            // What `lib.rs` exports again, too, is to be named where it is.
            if layer(&other).is_none_or(|other| other >= height) {
                wrong.push(format!("{} names crate::{other}", file.display()));
            }
        }
    }
    assert!(seen > 60, "only {seen} imports were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Which file names which others.
type Names = BTreeMap<String, BTreeSet<String>>;

/// Which files of a folder name which others of it. A file and the folder of the same name are one. The folder's
/// own file may name all of them. What it imports from one of them counts as that one's for every file that names it.
fn names_among(folder: &Path) -> Names {
    let parent = module(folder);
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in entries(folder) {
        files.entry(name(&entry)).or_default().extend(rust_files(&entry));
    }
    let own = files.remove("mod").unwrap_or_else(|| vec![folder.with_extension("rs")]);
    let mut owners = BTreeMap::new();
    for path in own.iter().flat_map(|file| named_in(file)) {
        if let Some([owner, .., item]) = path.strip_prefix(parent.as_slice())
            && files.contains_key(owner)
        {
            owners.insert(item.clone(), owner.clone());
        }
    }
    let others = |file: &String, path: ModulePath| -> Vec<String> {
        let others = match path.strip_prefix(parent.as_slice()) {
            // A file that imports everything from the folder can name any file in it.
            Some([all, ..]) if all == "*" => files.keys().cloned().collect(),
            Some([other, ..]) if files.contains_key(other) => vec![other.clone()],
            Some([item, ..]) => owners.get(item).cloned().into_iter().collect(),
            _ => Vec::new(),
        };
        others.into_iter().filter(|other| other != file).collect()
    };
    let named = |paths: &Vec<PathBuf>| paths.iter().flat_map(|path| named_in(path)).collect::<Vec<_>>();
    files
        .iter()
        .map(|(file, paths)| {
            let named = named(paths).into_iter().flat_map(|path| others(file, path));
            (file.clone(), named.collect())
        })
        .collect()
}

/// Files each of which names the next, and the last the first.
fn circle(mut names: Names) -> Option<Vec<String>> {
    // Those that name none of the rest are in no circle.
    while let Some(bottom) = names
        .iter()
        .find(|(_, others)| !others.iter().any(|other| names.contains_key(other)))
        .map(|(file, _)| file.clone())
    {
        names.remove(&bottom);
    }
    let mut way = vec![names.keys().next()?.clone()];
    loop {
        let next = names[way.last()?].iter().find(|other| names.contains_key(*other))?.clone();
        let start = way.iter().position(|file| *file == next);
        way.push(next);
        if let Some(start) = start {
            return Some(way.split_off(start));
        }
    }
}

#[test]
fn files_of_a_folder_import_one_another_without_circles() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for folder in folders(&source()) {
        let names = names_among(&folder);
        seen += names.values().map(BTreeSet::len).sum::<usize>();
        if let Some(circle) = circle(names) {
            wrong.push(format!("{}: {}", folder.display(), circle.join(" names ")));
        }
    }
    assert!(seen > 60, "only {seen} imports were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_are_found_wherever_they_are_named() {
    let text = r#"
        //! crate::comment
        use super::{one::{self, Two as Three}, super::{four, five::*}};
        use std::fmt;
        pub(in crate::a) fn six(seven: &super::seven::Seven<crate::eight::Eight>) -> self::Nine {
            println!("{} super::text", vec![super::super::ten::TEN as crate::Eleven]);
        }
        mod tests {
            use super::{Nine, super::twelve};
            macro_rules! m { ($x:ident) => { $crate::thirteen::$x() }; }
        }
        const LAST: u8 = super::LAST;
    "#;
    let module = ["a", "b"].map(str::to_owned);
    let found: Vec<String> = named(text, &module).iter().map(|path| path.join("::")).collect();
    let expected = [
        "a::one",
        "a::one::Two",
        "four",
        "five::*",
        "a::b::std::fmt",
        "a",
        "a::seven::Seven",
        "eight::Eight",
        "a::b::Nine",
        "ten::TEN",
        "Eleven",
        "a::b::Nine",
        "a::twelve",
        "thirteen::$",
        "a::LAST",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_circle_is_found_beside_what_leads_to_it_and_away_from_it() {
    let names = |pairs: &[(&str, &[&str])]| -> Names {
        let owned = |others: &[&str]| others.iter().map(|&other| other.to_owned()).collect();
        pairs.iter().map(|(file, others)| ((*file).to_owned(), owned(others))).collect()
    };
    let rest: [(&str, &[&str]); 3] = [("a", &["b", "z"]), ("b", &["c", "z"]), ("z", &[])];
    assert_eq!(circle(names(&[&rest[..], &[("c", &["z"])]].concat())), None);
    let found = circle(names(&[&rest[..], &[("c", &["d"]), ("d", &["b"])]].concat()));
    assert_eq!(found.unwrap(), ["b", "c", "d", "b"]);
}
