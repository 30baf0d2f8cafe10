//! Which variables of the environment may hold credentials: a judged program gets none of them.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
};

/// What the name of a variable that holds a credential has in it, or gives access to one.
const NAMES: [&str; 12] = [
    "AUTH",
    "CONNECTION_STRING",
    "COOKIE",
    "CREDENTIAL",
    "DSN",
    "JWT",
    "KEY",
    "PASS",
    "PRIVATE",
    "SECRET",
    "TOKEN",
    "WEBHOOK",
];

/// The words that say the same only where they stand by themselves between underscores, and not alone.
const WORDS: [&str; 3] = ["CREDS", "PAT", "PWD"];

/// What a value that is a credential begins with.
const BEGINNINGS: [&str; 3] = ["-----BEGIN", "Basic ", "Bearer "];

/// The names of the variables that may hold a credential: all of Pleo's, and those of which name or value says so.
pub(super) fn credentials() -> impl Iterator<Item = OsString> {
    env::vars_os().filter(|(name, value)| is_credential(name, value)).map(|(name, _)| name)
}

fn is_credential(name: &OsStr, value: &OsStr) -> bool {
    let (name, value) = (name.to_string_lossy().to_ascii_uppercase(), value.to_string_lossy());
    let mut words = name.split('_');
    name.starts_with("PLEO_")
        || NAMES.iter().any(|part| name.contains(part))
        || (name.contains('_') && words.any(|word| WORDS.contains(&word)))
        || BEGINNINGS.iter().any(|beginning| value.starts_with(beginning))
        || has_user(&value)
}

/// Whether a value is a URL with a user's name or password in it.
fn has_user(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| {
        rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
    })
}

/// Starts this program again without credentials in its environment, if it has any, with the same arguments and in
/// the same process. On Unix other processes of the same user can read the environment that a process was started
/// with, and root can in any case: what a process drops later is still there. A program that starts what it judges
/// calls this before anything else.
///
/// # Errors
/// When there are credentials and the system does not start the program again.
pub fn leave_credentials(arguments: impl IntoIterator<Item = OsString>) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::{os::unix::process::CommandExt as _, process::Command};

        let credentials: Vec<OsString> = credentials().collect();
        if credentials.is_empty() {
            return Ok(());
        }
        let mut arguments = arguments.into_iter();
        let mut again = Command::new(env::current_exe()?);
        again.arg0(arguments.next().unwrap_or_default()).args(arguments);
        for name in credentials {
            again.env_remove(name);
        }
        Err(again.exec())
    }
    #[cfg(not(unix))]
    {
        drop(arguments);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_credential_is_told_by_name_and_value() {
        for (name, value) in [
            ("PLEO_ENVIRONMENT", "staging"),
            ("pleo_api_key", "FAKE"),
            ("GITHUB_TOKEN", "FAKE"),
            ("AWS_SECRET_ACCESS_KEY", "FAKE"),
            ("SSH_AUTH_SOCK", "/tmp/agent"),
            ("GH_PAT", "FAKE"),
            ("MYSQL_PWD", "FAKE"),
            ("PGPASSFILE", "/home/x/.pgpass"),
            ("DATABASE_URL", "postgres://user:FAKE@db/x"),
            ("HTTPS_PROXY", "http://user@proxy:80"),
            ("DEPLOY", "-----BEGIN OPENSSH"),
        ] {
            assert!(is_credential(name.as_ref(), value.as_ref()), "{name}");
        }
        for (name, value) in [
            ("PATH", "/bin"),
            ("PWD", "/work"),
            ("OLDPWD", "/"),
            ("HOME", "/root"),
            ("LANG", "C.UTF-8"),
            ("UNPLEO_FAKE", "seen"),
            ("PYTHONPATH", "lib"),
            ("SSL_CERT_FILE", "/etc/ssl/cert.pem"),
            ("HTTP_PROXY", "http://proxy:80/a@b"),
            ("NO_COLOR", "1"),
        ] {
            assert!(!is_credential(name.as_ref(), value.as_ref()), "{name}");
        }
    }
}
