//! What the guides tell people to type at a terminal, compared with the command's help.

use std::{collections::BTreeMap, fs, path::Path};

use pleo_client::operations;

/// The help of each command by its words, as `pleo webhook subscribe`, from the texts that the command's own tests
/// hold word by word.
fn help() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/pleo-cli/tests/golden");
    let mut help = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if let Some(words) = name.strip_prefix("help-") {
            help.insert(words.replace('-', " "), fs::read_to_string(&path).unwrap());
        }
    }
    assert!(help.len() > 15, "{} help texts", help.len());
    help
}

/// The command lines of a page: in blocks for the terminal, and in the text.
fn lines(page: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in page.lines() {
        if goes_on {
            let last = lines.last_mut().unwrap();
            last.truncate(last.len() - 1);
            last.push_str(line.trim());
        } else if let Some(typed) = line.strip_prefix("$ ") {
            lines.push(typed.to_owned());
        }
        goes_on = (goes_on || line.starts_with("$ ")) && line.ends_with('\\');
    }
    let in_text = page.split('`').skip(1).step_by(2).filter(|code| !code.contains('\n'));
    lines.extend(in_text.filter(|code| code.contains("pleo ")).map(str::to_owned));
    lines
}

/// What is wrong with a command line, if it starts the command `pleo`.
fn fault(line: &str, help: &BTreeMap<String, String>) -> Option<String> {
    let line = line.split("  #").next().unwrap();
    let words: Vec<_> = line.split_whitespace().filter(|word| *word != "…").collect();
    let place = words.iter().position(|word| *word == "pleo")?;
    let (words, rest) = match words[place + 1..].iter().position(|word| *word == "--") {
        // What the sandbox runs is a command line of its own.
        Some(end) => (&words[place + 1..place + 1 + end], words[place + 2 + end..].join(" ")),
        None => (&words[place + 1..], String::new()),
    };
    if let [] | ["help", ..] = words {
        return None;
    }
    let two = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
    let (length, text) = match (help.get(&two), help.get(words[0])) {
        (Some(text), _) => (2.min(words.len()), text),
        (None, Some(text)) => (1, text),
        (None, None) => return Some(format!("there is no command `{two}`")),
    };
    for flag in words.iter().filter(|word| word.starts_with("--")) {
        let flag = flag.split('=').next().unwrap();
        if !text
            .split(|character: char| !character.is_alphanumeric() && character != '-')
            .any(|word| word == flag)
        {
            return Some(format!("`{}` has no flag {flag}", words[..length].join(" ")));
        }
    }
    if words[0] == "call"
        && let Some(name) = words.get(1).filter(|word| !word.starts_with('-'))
    {
        let Some(operation) = operations::all().find(|operation| operation.id == *name) else {
            return Some(format!("there is no operation {name}"));
        };
        for (parameter, _) in words.iter().filter_map(|word| word.split_once('=')) {
            let is_known = operation.parameters.iter().any(|known| known.name == parameter);
            if !is_known && !parameter.starts_with('-') {
                return Some(format!("{name} has no parameter {parameter}"));
            }
        }
    }
    fault(&rest, help)
}

#[test]
fn every_command_line_of_a_guide_is_one_that_the_command_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md"), root.join("crates/pleo-cli/README.md")];
    pages.extend(fs::read_dir(root.join("docs")).unwrap().map(|file| file.unwrap().path()));
    let help = help();
    let mut seen = 0;
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        for line in lines(&fs::read_to_string(page).unwrap()) {
            seen += usize::from(line.split_whitespace().any(|word| word == "pleo"));
            if let Some(fault) = fault(&line, &help) {
                panic!("{}: {line}: {fault}", page.display());
            }
        }
    }
    assert!(seen > 30, "{seen} command lines");
}

#[test]
fn a_command_line_that_the_command_does_not_take_is_found() {
    let help = help();
    for (line, expected) in [
        ("pleo chekc", Some("there is no command `chekc`")),
        ("PLEO_ENVIRONMENT=staging pleo check --four export", Some("`check` has no flag --four")),
        ("pleo webhook subscribe URL --secret FILE", Some("`webhook subscribe` has no flag --secret")),
        ("pleo call search_vendor limit=5", Some("there is no operation search_vendor")),
        ("pleo call search_vendors limits=5", Some("search_vendors has no parameter limits")),
        ("pleo sandbox -- pleo chekc", Some("there is no command `chekc`")),
        ("pleo call search_vendors limit=5 --output table  # any --operation", None),
        ("curl --no-flag", None),
    ] {
        assert_eq!(fault(line, &help).as_deref(), expected, "{line}");
    }
    assert_eq!(lines("$ pleo a \\\n    b\n\n`pleo c` d"), ["pleo a b", "pleo c"]);
}
