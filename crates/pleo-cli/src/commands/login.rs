//! `pleo login` and `pleo logout`: OAuth for this command.

mod redirect;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use clap::{Args, ValueHint};
use pleo::{
    AnyEnvironment, IntoCredential as _, ScopeSet, Secret,
    http::Uri,
    oauth::{OAuthError, RedirectError, RefreshPolicy, RefreshingToken, TokenError, TokenStore as _},
    stores::{FileStore, SealingKey, SealingKeys},
};
use toml_edit::{DocumentMut, Item, Table, value};
use zeroize::Zeroizing;

use self::redirect::Listener;
use crate::{
    configuration::{App, Configuration, create_private, token_folder, write_new, write_whole},
    connection::{Settings, secret_file, without_secrets},
    exit::Exit,
    failure::Failure,
    output::style,
    prompt,
};

/// The profile of a login that names none.
const DEFAULT: &str = "default";
/// The variable with the key that seals the tokens: 32 bytes in Base64.
pub(crate) const KEY: &str = "PLEO_TOKEN_KEY";
/// The file with the key, beside the tokens, if the variable is not set.
const KEY_FILE: &str = "sealing.key";

/// Authorise this command with OAuth in the browser.
///
/// The tokens are kept, sealed, in a file that only you can read, and are renewed as needed. The
/// profile remembers the app, so the next login needs no flags. You need an OAuth app of your own
/// from Pleo: `pleo access` says how to get one.
///
/// Examples:
///   pleo login --profile work --environment staging --client-id ID \
///     --redirect-uri http://localhost:8123/callback --scopes 'vendors:read users:read'
///   pleo login --profile work --no-browser
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct LoginArguments {
    /// The app's client id.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The app's redirect address. A local address is handled automatically; otherwise paste the address you are
    /// redirected to.
    #[arg(long, value_name = "URL")]
    redirect_uri: Option<String>,
    /// The scopes to ask for, separated by blanks.
    #[arg(long, value_name = "SCOPES")]
    scopes: Option<String>,
    /// A file that holds the app's client secret, if it has one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    client_secret_file: Option<PathBuf>,
    /// Print the address instead of opening it, and ask for the address that you are sent to.
    #[arg(long)]
    no_browser: bool,
}

/// The tokens of a profile, in a file.
pub(crate) struct TokenFile(PathBuf);

impl TokenFile {
    /// The file of a profile, whether it exists or not.
    pub(crate) fn of(profile: &str) -> Result<Self, Failure> {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if profile.is_empty() || profile.len() > 64 || !profile.chars().all(is_plain) {
            return Err(Failure::usage("the profile's name cannot be that of a file")
                .help("Use up to 64 letters, digits, hyphens and underscores."));
        }
        Ok(Self(token_folder()?.join(format!("{profile}.tokens"))))
    }

    /// Whether there are tokens.
    pub(crate) fn exists(&self) -> bool {
        self.0.exists()
    }

    /// The store in the file.
    pub(crate) fn open(&self, environment: AnyEnvironment) -> Result<FileStore<AnyEnvironment>, Failure> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        create_private(folder).map_err(|error| Failure::file("create", folder, &error))?;
        let key = Self::key(folder)?;
        let key = SealingKey::from_base64(&key).map_err(|error| Failure::of(Exit::Usage, error))?;
        Ok(FileStore::new(&self.0, environment, SealingKeys::new(key)))
    }

    /// The key that seals the tokens: the variable's, or that of a file beside them, which is made once.
    fn key(folder: &Path) -> Result<Secret, Failure> {
        if env::var_os(KEY).is_some() {
            return Secret::from_env(KEY).map_err(|error| Failure::of(Exit::Usage, error));
        }
        let path = folder.join(KEY_FILE);
        if !path.exists() {
            write_new(&path, random_key()?.as_bytes())?;
        }
        secret_file(&path)
    }
}

/// 32 random bytes in Base64.
fn random_key() -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|_| Failure::new(Exit::Local, "the operating system's random number generator failed"))?;
    Ok(Zeroizing::new(data_encoding::BASE64.encode(bytes.as_slice())))
}

/// Logs in.
pub(crate) async fn login(settings: &Settings, arguments: LoginArguments) -> Result<Exit, Failure> {
    let environment = settings.environment()?;
    let name = settings.profile_name().unwrap_or(DEFAULT).to_owned();
    let file = TokenFile::of(&name)?;
    if settings.profile().is_some_and(|profile| profile.key_file.is_some()) {
        return Err(Failure::usage(format!(
            "the profile `{name}` uses a key file, so tokens would not be used"
        ))
        .help("Name another profile, or remove `key_file` from this one."));
    }
    let described = app(settings, &arguments)?;
    let scopes: ScopeSet = described.scopes.parse().map_err(|error| Failure::of(Exit::Usage, error))?;
    let transport = settings.transport()?;
    let app = settings.app(&described, environment.clone(), &transport)?;
    let listener = match arguments.no_browser {
        true => None,
        false => Listener::bind(&described.redirect_uri).await?,
    };
    let start = app.authorize(&scopes).map_err(refused)?;
    let redirect = match listener {
        Some(listener) => {
            if opens(&start.url) {
                anstream::eprintln!("Waiting for you to authorise the app in the browser; Ctrl-C gives up.");
            } else {
                anstream::eprintln!("Open this address in a browser on this machine:\n{}", start.url);
            }
            listener.redirect().await?
        }
        None => {
            anstream::eprintln!("Open this address in a browser:\n{}", start.url);
            prompt::line("Paste the address that you are sent to:")?
        }
    };
    let code = start.pending.finish(&redirect).map_err(denied)?;
    let tokens = app.exchange(code).await.map_err(refused)?;
    let store = file.open(environment.clone())?;
    let token = RefreshingToken::new(app, tokens, store, RefreshPolicy::default()).map_err(not_kept)?;
    token.prepare().await.map_err(not_kept)?;
    remember(&name, &environment, &described)?;
    let client = settings.client_with(token.into_credential(), transport)?;
    let subject = client.identify().await?.subject;
    let good = style::good();
    anstream::eprintln!(
        "{good}Logged in{good:#} as {}; use it with --profile {name}",
        subject.map_or("an unnamed account".to_owned(), |subject| subject.to_string())
    );
    Ok(Exit::Success)
}

/// Opens an address in the browser, in a process of its own: a browser gets the environment of what starts it, and
/// this process's may hold secrets.
fn opens(address: &str) -> bool {
    let Ok(itself) = env::current_exe() else { return false };
    let mut command = Command::new(itself);
    let status = without_secrets(&mut command).args(["open-browser", address]).status();
    status.is_ok_and(|status| status.success())
}

/// What that process does.
pub(crate) fn open_browser(address: &str) -> Result<Exit, Failure> {
    match webbrowser::open(address) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => Err(Failure::new(Exit::Local, format!("no browser can be opened: {error}"))),
    }
}

/// Forgets the tokens of the profile.
pub(crate) async fn logout(settings: &Settings) -> Result<Exit, Failure> {
    let name = settings.profile_name().unwrap_or(DEFAULT);
    let file = TokenFile::of(name)?;
    if !file.exists() {
        anstream::eprintln!("The profile {name} has no tokens.");
        return Ok(Exit::Success);
    }
    let store = file.open(settings.environment()?)?;
    // Not while another process renews them.
    let failed = |error| Failure::new(Exit::Local, format!("cannot forget the tokens: {error}"));
    let locked = store.lock(RefreshPolicy::default().longest_renewal()).await.map_err(failed)?;
    locked.clear().await.map_err(failed)?;
    anstream::eprintln!("The tokens of the profile {name} are forgotten.");
    let hint = style::hint();
    anstream::eprintln!(
        "{hint}hint:{hint:#} the authorisation itself ends only in Pleo: remove the app there"
    );
    Ok(Exit::Success)
}

/// The app of the flags; what they leave out is the profile's.
fn app(settings: &Settings, arguments: &LoginArguments) -> Result<App, Failure> {
    let kept = settings.profile().and_then(|profile| profile.oauth.clone());
    let missing = |flag: &str| {
        Failure::usage(format!("the profile has no OAuth app yet, and {flag} is missing"))
            .help("Give --client-id, --redirect-uri and --scopes; `pleo access` says how to get an app.")
    };
    let kept = kept.as_ref();
    let client_id = arguments.client_id.clone().or(kept.map(|app| app.client_id.clone()));
    let redirect_uri = arguments.redirect_uri.clone().or(kept.map(|app| app.redirect_uri.clone()));
    let scopes = arguments.scopes.clone().or(kept.map(|app| app.scopes.clone()));
    // The profile is used from any folder.
    let secret_file = arguments.client_secret_file.as_deref().map(std::path::absolute).transpose();
    let secret_file =
        secret_file.map_err(|error| Failure::new(Exit::Local, format!("no current folder: {error}")))?;
    Ok(App {
        client_id: client_id.ok_or_else(|| missing("--client-id"))?,
        redirect_uri: redirect_uri.ok_or_else(|| missing("--redirect-uri"))?,
        scopes: scopes.ok_or_else(|| missing("--scopes"))?,
        client_secret_file: secret_file.or_else(|| kept.and_then(|app| app.client_secret_file.clone())),
    })
}

/// Writes the profile to the configuration file, and leaves everything else there as it is.
fn remember(name: &str, environment: &AnyEnvironment, app: &App) -> Result<(), Failure> {
    let path = Configuration::path()?;
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::file("read", &path, &error)),
    };
    let mut document: DocumentMut = text.parse().map_err(|_| {
        Failure::usage(format!("{} is not valid TOML, so the profile cannot be added", path.display()))
    })?;
    if name == DEFAULT && document.get("default_profile").is_none() {
        document["default_profile"] = value(name);
    }
    let profiles = document.entry("profiles").or_insert_with(table).as_table_like_mut();
    let profile = profiles.map(|profiles| profiles.entry(name).or_insert_with(table));
    let Some(profile) = profile.and_then(Item::as_table_like_mut) else {
        return Err(Failure::usage(format!("`profiles` in {} is not a table", path.display())));
    };
    profile.insert("environment", value(environment.to_string()));
    let mut oauth = Table::new();
    oauth["client_id"] = value(&app.client_id);
    oauth["redirect_uri"] = value(&app.redirect_uri);
    oauth["scopes"] = value(&app.scopes);
    if let Some(file) = &app.client_secret_file {
        oauth["client_secret_file"] = value(file.to_string_lossy().into_owned());
    }
    profile.insert("oauth", Item::Table(oauth));
    write_whole(&path, document.to_string().as_bytes())
}

fn table() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

fn refused(error: OAuthError) -> Failure {
    let exit = if error.is_transient() { Exit::Unreachable } else { Exit::Refused };
    Failure::of(exit, pleo::ErrorChain(&error))
}

fn denied(error: RedirectError) -> Failure {
    Failure::of(Exit::Refused, error)
}

fn not_kept(error: TokenError) -> Failure {
    Failure::of(Exit::Local, pleo::ErrorChain(&error))
}

/// Host and port of a redirect address, if it is http on this machine.
fn on_this_machine(redirect_uri: &str) -> Option<(String, u16)> {
    let uri: Uri = redirect_uri.parse().ok()?;
    let host = uri.host()?;
    let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    (uri.scheme_str() == Some("http") && is_loopback).then(|| (host.to_owned(), uri.port_u16().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_this_machine_is_answered_here() {
        assert_eq!(on_this_machine("http://localhost:8123/cb"), Some(("localhost".to_owned(), 8123)));
        assert_eq!(on_this_machine("http://127.0.0.1/cb"), Some(("127.0.0.1".to_owned(), 80)));
        for other in ["https://localhost:8123/cb", "http://app.example/cb", "http://localhost.example/", "x"]
        {
            assert_eq!(on_this_machine(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_that_leads_to_another_file_is_refused() {
        for name in ["", "../x", "a/b", "a b", "ä", &"a".repeat(65)] {
            assert!(TokenFile::of(name).is_err(), "{name}");
        }
    }
}
