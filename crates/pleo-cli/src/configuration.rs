//! The configuration file: named profiles, never with a secret in it.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap_complete::CompletionCandidate;
use etcetera::{BaseStrategy as _, choose_base_strategy};
use serde::Deserialize;
use tempfile::NamedTempFile;

use crate::{exit::Exit, failure::Failure};

/// The variable with the path of another configuration file.
pub(crate) const VARIABLE: &str = "PLEO_CONFIG";

/// What the configuration file holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    /// The profile that is used when none is named.
    pub(crate) default_profile: Option<String>,
    /// The profiles by their names.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// A named set of settings.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// `production`, `staging`, or the address of a sandbox.
    pub(crate) environment: Option<String>,
    /// The id of a company.
    pub(crate) company: Option<String>,
    /// A file that holds an API key.
    pub(crate) key_file: Option<PathBuf>,
    /// The OAuth app whose tokens `pleo login` keeps.
    pub(crate) oauth: Option<App>,
}

/// An OAuth app.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct App {
    /// Its client id.
    pub(crate) client_id: String,
    /// Its redirect address, on this machine.
    pub(crate) redirect_uri: String,
    /// The scopes to ask for, separated by blanks.
    pub(crate) scopes: String,
    /// A file that holds its client secret, if it has one.
    pub(crate) client_secret_file: Option<PathBuf>,
}

impl Configuration {
    /// The file, whether it exists or not.
    pub(crate) fn path() -> Result<PathBuf, Failure> {
        match env::var_os(VARIABLE) {
            Some(path) => Ok(path.into()),
            None => Ok(folders()?.config_dir().join("pleo").join("config.toml")),
        }
    }

    /// What the file says; nothing, if it does not exist.
    pub(crate) fn read() -> Result<Self, Failure> {
        let path = Self::path()?;
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|problem| problem.failure(&path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::file("read", &path, &error)),
        }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            // Any other message may quote a value, and somebody may have put a secret there.
            let what = error.message().starts_with("unknown field").then(|| error.message().to_owned());
            Problem { line, what }
        })
    }

    /// The profile of this name, or else the default one.
    pub(crate) fn profile(&self, name: Option<&str>) -> Result<Option<(String, Profile)>, Failure> {
        let Some(name) = name.or(self.default_profile.as_deref()) else { return Ok(None) };
        match self.profiles.get(name) {
            Some(profile) => Ok(Some((name.to_owned(), profile.clone()))),
            None => {
                let known: Vec<_> = self.profiles.keys().map(String::as_str).collect();
                let help = match &*known {
                    [] => "There are no profiles yet; `pleo login` makes one.".to_owned(),
                    known => format!("The profiles are {}.", known.join(", ")),
                };
                Err(Failure::usage(format!("there is no profile `{name}`")).help(help))
            }
        }
    }
}

/// What is wrong with the configuration file.
struct Problem {
    line: Option<usize>,
    what: Option<String>,
}

impl Problem {
    fn failure(self, path: &Path) -> Failure {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let what =
            self.what.unwrap_or_else(|| "it is not valid TOML, or a value has another type".to_owned());
        Failure::new(Exit::Usage, format!("cannot read the configuration {}{line}: {what}", path.display()))
            .help("Secrets do not belong there: name a file with `key_file`, or use `pleo login`.")
    }
}

fn folders() -> Result<impl etcetera::BaseStrategy, Failure> {
    choose_base_strategy().map_err(|_| {
        Failure::new(Exit::Usage, "your home folder is not known")
            .help("Set HOME, or PLEO_CONFIG to the path of the configuration file.")
    })
}

/// The folder for the tokens of `pleo login`, whether it exists or not.
pub(crate) fn token_folder() -> Result<PathBuf, Failure> {
    Ok(folders()?.data_dir().join("pleo"))
}

/// Makes a folder that only its owner can read, if it does not exist.
#[cfg(unix)]
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a folder, if it does not exist.
#[cfg(not(unix))]
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Writes a file as a whole: either all of it is there, or what was there before. Only its owner can read it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = beside(path, content).and_then(|file| Ok(file.persist(path)?));
    written.map(drop).map_err(|error| Failure::file("write", path, &error))
}

/// The same for a file that does not exist yet. If another process makes it in the same moment, that one stays.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<(), Failure> {
    match beside(path, content).and_then(|file| Ok(file.persist_noclobber(path)?)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Failure::file("write", path, &error))
        }
        _ => Ok(()),
    }
}

/// A file in the folder of `path` with this content, on the disk, which is removed unless it gets a name.
fn beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Profiles whose name begins so, for the shell.
pub(crate) fn complete_profiles(beginning: &OsStr) -> Vec<CompletionCandidate> {
    let Some(beginning) = beginning.to_str() else { return Vec::new() };
    let configuration = Configuration::read().unwrap_or_default();
    let names = configuration.profiles.into_keys().filter(|name| name.starts_with(beginning));
    names.map(CompletionCandidate::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_configuration_is_refused_without_its_values() {
        for (text, expected) in [
            ("[profiles.work]\napi_key = \"FAKE-SECRET\"\n", "line 2: unknown field `api_key`"),
            ("[profiles]\nwork = \"FAKE-SECRET\"\n", "line 2: it is not valid TOML"),
            ("[profiles.work]\nkey_file = FAKE-SECRET\n", "line 2: it is not valid TOML"),
        ] {
            let failure = Configuration::parse(text).unwrap_err().failure(Path::new("config.toml"));
            let shown = format!("{failure:?}");
            assert!(failure.what.contains(expected), "{shown}");
            assert!(!shown.contains("FAKE-SECRET"), "{shown}");
        }
    }

    #[test]
    fn a_profile_is_the_named_one_or_the_default() {
        let text = "default_profile = \"b\"\n[profiles.a]\nenvironment = \"staging\"\n[profiles.b]\n";
        let configuration = Configuration::parse(text).map_err(|_| "wrong").unwrap();
        let name = |name| configuration.profile(name).map(|profile| profile.map(|(name, _)| name));
        assert_eq!(name(None).unwrap().as_deref(), Some("b"));
        assert_eq!(name(Some("a")).unwrap().as_deref(), Some("a"));
        let failure = name(Some("c")).unwrap_err();
        assert_eq!((failure.exit, &*failure.help[0]), (Exit::Usage, "The profiles are a, b."));
    }
}
