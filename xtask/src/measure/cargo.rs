//! Running cargo.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::MeasureError;

/// How many lines of standard error a failure shows.
const SHOWN: usize = 20;

/// Cargo in a folder, with a target folder of its own where one is given.
#[derive(Debug, Clone)]
pub(super) struct Cargo {
    folder: PathBuf,
    target: Option<PathBuf>,
}

impl Cargo {
    /// Cargo in a folder, with the target folder that is usual there.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), target: None }
    }

    /// Cargo in a folder, as it is measured: with a target folder of its own, and nothing in
    /// between that remembers what was compiled before.
    pub(super) fn measured(folder: &Path, target: &Path) -> Self {
        Self { folder: folder.to_owned(), target: Some(target.to_owned()) }
    }

    fn command(&self, arguments: &[String]) -> (Command, String) {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(&self.folder);
        if let Some(target) = &self.target {
            command
                .env("CARGO_TARGET_DIR", target)
                .env("CARGO_INCREMENTAL", "0")
                .env("RUSTC_WRAPPER", "")
                .env("RUSTC_WORKSPACE_WRAPPER", "")
                .env_remove("RUSTFLAGS")
                // Both would move what is built to another folder.
                .env_remove("CARGO_BUILD_TARGET")
                .env_remove("CARGO_BUILD_BUILD_DIR");
        }
        (command, format!("cargo {}", arguments.join(" ")))
    }

    /// Removes its own target folder, if it has one.
    pub(super) fn remove_target(&self) -> Result<(), MeasureError> {
        let Some(target) = &self.target else { return Ok(()) };
        match fs::remove_dir_all(target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(MeasureError::file(target, error)),
            _ => Ok(()),
        }
    }

    /// Runs a command and gives what it prints.
    pub(super) fn output(&self, arguments: &[String]) -> Result<String, MeasureError> {
        let (mut command, shown) = self.command(arguments);
        let output =
            command.output().map_err(|error| MeasureError::NotStarted { command: shown.clone(), error })?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let said = format!("it says at the end:\n{}", end(&String::from_utf8_lossy(&output.stderr)));
            Err(MeasureError::Failed { command: shown, said })
        }
    }

    /// How long a command takes, wall clock.
    pub(super) fn time(&self, arguments: &[String]) -> Result<Duration, MeasureError> {
        let start = Instant::now();
        self.output(arguments)?;
        Ok(start.elapsed())
    }

    /// Runs a command whose output is shown while it runs, and gives what it printed with the
    /// command.
    pub(super) fn shown(&self, arguments: &[String]) -> Result<(String, String), MeasureError> {
        let (mut command, shown) = self.command(arguments);
        let not_started = |error| MeasureError::NotStarted { command: shown.clone(), error };
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(not_started)?;
        let mut printed = String::new();
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                // Whoever stopped reading still wants the figures.
                let _ = writeln!(io::stdout(), "{line}");
                printed.push_str(&line);
                printed.push('\n');
            }
        }
        let status = child.wait().map_err(not_started)?;
        if status.success() {
            Ok((printed, shown))
        } else {
            Err(MeasureError::Failed { command: shown, said: "what it says stands above".to_owned() })
        }
    }
}

/// The last lines of a text.
fn end(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(|argument| (*argument).to_owned()).collect()
    }

    #[test]
    fn a_command_that_fails_is_named_with_the_end_of_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let cargo = Cargo::measured(folder.path(), folder.path());
        let error = cargo.output(&strings(&["check", "--offline"])).unwrap_err().to_string();
        assert!(error.starts_with("`cargo check --offline` failed; it says at the end:\n"), "{error}");
        assert!(error.contains("could not find `Cargo.toml`"), "{error}");
        let error = cargo.shown(&strings(&["check", "--offline"])).unwrap_err().to_string();
        assert_eq!(error, "`cargo check --offline` failed; what it says stands above");
    }

    #[test]
    fn of_a_long_text_the_last_lines_are_shown() {
        let text: Vec<String> = (1..=50).map(|line| line.to_string()).collect();
        assert_eq!(end(&text.join("\n")), text[30..].join("\n"));
        assert_eq!(end("one\ntwo"), "one\ntwo");
    }
}
