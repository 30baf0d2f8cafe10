//! What must not compile, with what the compiler says about it.

use std::{env, fs, path::Path, process::Command};

/// The compiler whose words the `.stderr` files hold. Another one words things differently: there the
/// cases only have to fail.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn what_must_not_compile_does_not() {
    let cases = trybuild::TestCases::new();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    if version.starts_with(COMPILER.as_bytes()) {
        cases.compile_fail("cases/*.rs");
        return;
    }
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_fail");
    fs::create_dir_all(&copies).unwrap();
    for case in fs::read_dir("cases").unwrap() {
        let case = case.unwrap().path();
        if case.extension().is_some_and(|extension| extension == "rs") {
            let copy = copies.join(case.file_name().unwrap());
            fs::copy(&case, &copy).unwrap();
            cases.compile_fail(copy);
        }
    }
}
