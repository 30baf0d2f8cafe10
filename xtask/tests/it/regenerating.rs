//! The example of `docs/regenerating.md`, played through as it is there.

use std::{path::Path, process::Command};

const GUIDE: &str = include_str!("../../../docs/regenerating.md");

/// The fenced blocks of the example: their language and text.
fn example() -> Vec<(&'static str, &'static str)> {
    let (_, example) = GUIDE.split_once("\n## An example, worked through\n").unwrap();
    let mut blocks = Vec::new();
    let mut parts = example.split("```");
    parts.next();
    while let (Some(block), Some(_)) = (parts.next(), parts.next()) {
        blocks.push(block.split_once('\n').unwrap());
    }
    blocks
}

/// Runs lines of a shell in which `cargo xtask` is this one, and returns whether they went through
/// and what they printed.
fn run(project: &Path, script: &str) -> (bool, String) {
    let script = format!("exec 2>&1\ncargo() {{ shift; \"$XTASK\" --root . \"$@\"; }}\n{script}");
    let output = Command::new("bash")
        .args(["-e", "-c", &script])
        .env("XTASK", env!("CARGO_BIN_EXE_xtask"))
        .current_dir(project)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_example_goes_as_the_guide_says() {
    let project = tempfile::tempdir().unwrap();
    let project = project.path();
    xtask_testing::copy_project(project);
    let (committed, said) = run(
        project,
        "git init --quiet\ngit add .\n\
         git -c user.name=Nobody -c user.email=nobody@example.com -c commit.gpgsign=false commit --quiet -m Start",
    );
    assert!(committed, "{said}");

    let blocks = example();
    let (mut runs, mut checked, mut index) = (0, 0, 0);
    while let Some(&("sh", script)) = blocks.get(index) {
        let expected = match blocks.get(index + 1) {
            Some(&("text", expected)) => expected,
            _ => "",
        };
        let (succeeded, said) = run(project, script);
        assert_eq!(succeeded, !expected.starts_with("error: "), "{script}\nsaid\n{said}");
        assert!(said.contains(expected.trim_end()), "{script}\ndid not say\n{expected}\nbut\n{said}");
        runs += 1;
        checked += usize::from(!expected.is_empty());
        index += 1 + usize::from(!expected.is_empty());
    }
    assert_eq!(index, blocks.len(), "{:?} is in no place for it", blocks.get(index));
    assert_eq!((runs, checked), (5, 5));
}
