//! The one type that holds a secret, and where secrets are read from.

use std::{
    error::Error as StdError,
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroizing;

/// A key, token, client secret or anything else that nobody should read.
///
/// It has no `Display`, no `Serialize` and no comparison, and `Debug` does not show it. Clones share
/// one allocation, which is overwritten when the last of them is dropped; see the
/// [crate documentation](crate) for what that does not cover.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

/// How much of a file is read, in bytes. No credential is as long.
const FILE_LIMIT: u64 = 64 * 1024;

impl Secret {
    /// The secret that a variable of the process's environment holds.
    ///
    /// # Errors
    /// When the variable is not set or is not valid UTF-8.
    pub fn from_env(variable: &str) -> Result<Self, SecretError> {
        match std::env::var(variable) {
            Ok(value) => Ok(value.into()),
            Err(std::env::VarError::NotPresent) => Err(SecretError::NotSet { variable: variable.to_owned() }),
            Err(std::env::VarError::NotUnicode(value)) => {
                let _wiped = Zeroizing::new(value.into_encoded_bytes());
                Err(SecretError::VariableNotUtf8 { variable: variable.to_owned() })
            }
        }
    }

    /// The secret that a file holds, without the line break at its end.
    ///
    /// On Unix nobody but the owner may have any access to the file (mode `0600` or less), as ssh wants
    /// it for its keys (Z52). Where something else protects the file, as for mounted secrets of a
    /// container, use [`from_shared_file`](Self::from_shared_file).
    ///
    /// # Errors
    /// When the file cannot be read, is longer than 64 KiB, is not valid UTF-8, or is open to others.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SecretError> {
        Self::read(path.as_ref(), true)
    }

    /// The same, even if others may read the file.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), without the check of permissions.
    pub fn from_shared_file(path: impl AsRef<Path>) -> Result<Self, SecretError> {
        Self::read(path.as_ref(), false)
    }

    /// The secret that a callback brings, for instance from a vault.
    ///
    /// # Errors
    /// The callback's own, as source of [`SecretError::Callback`].
    pub fn from_callback<T, X>(read: impl FnOnce() -> Result<T, X>) -> Result<Self, SecretError>
    where
        T: Into<Self>,
        X: Into<Box<dyn StdError + Send + Sync>>,
    {
        read().map(Into::into).map_err(|source| SecretError::Callback { source: source.into() })
    }

    /// The secret itself. The caller must not pass it on.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn read(path: &Path, private: bool) -> Result<Self, SecretError> {
        let failed = |source| SecretError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        if private {
            check_private(path, &file)?;
        }
        // Room for all of it, so that reading leaves no copy behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_LIMIT as usize + 1));
        file.by_ref().take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(SecretError::TooLong { path: path.to_owned() });
        }
        let text =
            std::str::from_utf8(&bytes).map_err(|_| SecretError::FileNotUtf8 { path: path.to_owned() })?;
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        Ok(text.into())
    }
}

/// Looks at the opened file, so that it cannot be exchanged between check and reading.
#[cfg(unix)]
fn check_private(path: &Path, file: &File) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt as _;

    let failed = |source| SecretError::Read { path: path.to_owned(), source };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(SecretError::OpenToOthers { path: path.to_owned(), mode }) }
}

/// Other systems have no such mode.
#[cfg(not(unix))]
fn check_private(_: &Path, _: &File) -> Result<(), SecretError> {
    Ok(())
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(Arc::new(Zeroizing::new(value)))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        value.to_owned().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// Why a secret could not be read. It says where, never what.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is not set.
    #[error("the variable {variable} is not set")]
    NotSet {
        /// Its name.
        variable: String,
    },
    /// The variable's value is not valid UTF-8.
    #[error("the variable {variable} is not valid UTF-8")]
    VariableNotUtf8 {
        /// Its name.
        variable: String,
    },
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner may read or write the file (Z52).
    #[error(
        "{} is open to others (mode {mode:03o}); run `chmod 600` on it, or use `Secret::from_shared_file` \
         where something else protects it", path.display()
    )]
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is longer than any credential, more than 64 KiB.
    #[error("{} is longer than 64 KiB, so it is not a credential", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not valid UTF-8.
    #[error("{} is not valid UTF-8, so it is not a credential", path.display())]
    FileNotUtf8 {
        /// Which file.
        path: PathBuf,
    },
    /// The callback failed.
    #[error("the callback failed to return a secret")]
    Callback {
        /// What it says.
        source: Box<dyn StdError + Send + Sync>,
    },
}

pleo_client::debug_by_chain!(SecretError);

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(content: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        }
        file
    }

    #[test]
    fn debug_does_not_show_it() {
        let secret = Secret::from("FAKE-SECRET");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(redacted) Secret(redacted)");
        assert_eq!(secret.clone().expose(), "FAKE-SECRET");
    }

    #[test]
    fn one_line_break_at_the_end_of_a_file_is_left_out() {
        for (content, secret) in
            [("FAKE", "FAKE"), ("FAKE\n", "FAKE"), ("FAKE\r\n", "FAKE"), ("FAKE \n\n", "FAKE \n"), ("", "")]
        {
            assert_eq!(Secret::from_file(file(content.as_bytes(), 0o600).path()).unwrap().expose(), secret);
        }
    }

    #[test]
    fn a_file_that_is_no_credential_is_refused() {
        let long = "x".repeat(64 * 1024);
        assert_eq!(
            Secret::from_file(file(long.as_bytes(), 0o600).path()).unwrap().expose().len(),
            long.len()
        );
        let longer = file(format!("{long}x").as_bytes(), 0o600);
        assert!(
            matches!(Secret::from_file(longer.path()), Err(SecretError::TooLong { path }) if path == longer.path())
        );
        let binary = file(b"\xff\xfe", 0o400);
        assert!(matches!(Secret::from_file(binary.path()), Err(SecretError::FileNotUtf8 { .. })));
        let missing = Secret::from_file("/no/such/file").unwrap_err();
        assert!(
            matches!(&missing, SecretError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
        assert_eq!(missing.to_string(), "/no/such/file cannot be read");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused_unless_told_otherwise() {
        for mode in [0o604, 0o640, 0o660, 0o601, 0o644] {
            let shared = file(b"FAKE", mode);
            let error = Secret::from_file(shared.path()).unwrap_err();
            assert!(matches!(error, SecretError::OpenToOthers { mode: found, .. } if found == mode));
            assert!(error.to_string().contains(&format!("mode {mode:03o}")), "{error}");
            assert_eq!(Secret::from_shared_file(shared.path()).unwrap().expose(), "FAKE");
        }
        for mode in [0o600, 0o400, 0o700] {
            assert!(Secret::from_file(file(b"FAKE", mode).path()).is_ok());
        }
    }

    #[test]
    fn variables_and_callbacks_bring_secrets_or_say_why_not() {
        assert_eq!(Secret::from_env("CARGO_PKG_NAME").unwrap().expose(), "pleo-auth");
        let error = Secret::from_env("PLEO_NO_SUCH_VARIABLE").unwrap_err();
        assert_eq!(error.to_string(), "the variable PLEO_NO_SUCH_VARIABLE is not set");
        let brought = Secret::from_callback(|| Ok::<_, io::Error>("FAKE")).unwrap();
        assert_eq!(brought.expose(), "FAKE");
        let error = Secret::from_callback(|| Err::<String, _>("the vault is sealed")).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "the vault is sealed");
    }
}
