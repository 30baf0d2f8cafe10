//! From flags, variables and profiles to a client.

use std::{
    env::{self, VarError},
    path::Path,
    process::Command,
    time::Duration,
};

use pleo::{
    AccessToken, AnyEnvironment, Client, ClientBuilder, CompanyId, Credential, ErrorChain, HttpConfig,
    IntoCredential as _, InvalidCredential, ReqwestTransport, Secret, SecretError, StandaloneApiKey,
    TransportError,
    oauth::{OAuthApp, RefreshPolicy, RefreshingToken},
};

use crate::{
    arguments::ConnectionArguments,
    commands::login::{self, TokenFile},
    configuration::{App, Configuration, Profile},
    exit::Exit,
    failure::Failure,
    prompt,
};

/// The variable with an OAuth access token.
pub(crate) const TOKEN: &str = "PLEO_ACCESS_TOKEN";
/// The variable with the name of a profile.
pub(crate) const PROFILE: &str = "PLEO_PROFILE";

/// All variables that hold a secret.
const SECRET_VARIABLES: [&str; 3] = [ClientBuilder::KEY, TOKEN, login::KEY];

/// Takes the variables that hold a secret away from a program that this command starts.
pub(crate) fn without_secrets(program: &mut Command) -> &mut Command {
    for variable in SECRET_VARIABLES {
        program.env_remove(variable);
    }
    program
}

/// What flags, variables and the profile say.
pub(crate) struct Settings {
    arguments: ConnectionArguments,
    /// The profile's name and what it says.
    profile: Option<(String, Profile)>,
}

/// A credential, and where it comes from in words.
pub(crate) struct Found {
    pub(crate) credential: Credential<AnyEnvironment>,
    pub(crate) source: String,
}

impl Settings {
    /// The settings of a command line.
    pub(crate) fn new(arguments: ConnectionArguments) -> Result<Self, Failure> {
        let configuration = Configuration::read()?;
        let name = profile_name(arguments.profile.clone())?;
        let profile = configuration.profile(name.as_deref())?;
        Ok(Self { arguments, profile })
    }

    /// The same, for a profile that need not exist yet.
    pub(crate) fn with_new_profile(arguments: ConnectionArguments) -> Result<Self, Failure> {
        let configuration = Configuration::read()?;
        let name = profile_name(arguments.profile.clone())?;
        let profile = match name {
            Some(name) if !configuration.profiles.contains_key(&name) => Some((name, Profile::default())),
            name => configuration.profile(name.as_deref())?,
        };
        Ok(Self { arguments, profile })
    }

    /// The profile's name.
    pub(crate) fn profile_name(&self) -> Option<&str> {
        self.profile.as_ref().map(|(name, _)| name.as_str())
    }

    /// What the profile says.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref().map(|(_, profile)| profile)
    }

    /// The environment.
    pub(crate) fn environment(&self) -> Result<AnyEnvironment, Failure> {
        let from_profile = self.profile().and_then(|profile| profile.environment.clone());
        let sources = [
            ("--environment", self.arguments.environment.clone()),
            (AnyEnvironment::VARIABLE, variable(AnyEnvironment::VARIABLE)?),
            ("the profile", from_profile),
        ];
        let named = sources.into_iter().find_map(|(source, text)| Some((source, text?)));
        match named {
            Some((source, text)) => parse_environment(source, &text),
            None => Err(Failure::usage("no environment is named").help(
                "Set PLEO_ENVIRONMENT, or give --environment: `staging` for tests, `production` for live data, or \
                 the address that `pleo sandbox` prints.",
            )),
        }
    }

    /// The company, if one is named.
    pub(crate) fn company(&self) -> Result<Option<CompanyId>, Failure> {
        let from_profile = self.profile().and_then(|profile| profile.company.clone());
        let sources = [
            ("--company", self.arguments.company.clone()),
            (ClientBuilder::COMPANY, variable(ClientBuilder::COMPANY)?),
            ("the profile's company", from_profile),
        ];
        let named = sources.into_iter().find_map(|(source, text)| Some((source, text?)));
        let Some((source, text)) = named else { return Ok(None) };
        match text.parse() {
            Ok(company) => Ok(Some(company)),
            Err(error) => Err(Failure::usage(format!("{source}: {error}"))
                .help("Run `pleo companies` to see the ids of your companies.")),
        }
    }

    /// The HTTP settings.
    pub(crate) fn http(&self) -> HttpConfig {
        let http = HttpConfig::default().with_application(concat!("pleo-cli/", env!("CARGO_PKG_VERSION")));
        match self.arguments.timeout {
            Some(seconds) => http.with_timeout(Duration::from_secs(seconds)),
            None => http,
        }
    }

    /// A transport with the HTTP settings.
    pub(crate) fn transport(&self) -> Result<ReqwestTransport, Failure> {
        ReqwestTransport::with_config(self.http()).map_err(cannot_send)
    }

    /// A client with the credential, for the company if one is named.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let transport = self.transport()?;
        let found = self.credential(&transport)?;
        self.client_with(found.credential, transport)
    }

    /// A client with this credential.
    pub(crate) fn client_with(
        &self,
        credential: Credential<AnyEnvironment>,
        transport: ReqwestTransport,
    ) -> Result<Client, Failure> {
        let mut builder = ClientBuilder::new(credential).transport(transport);
        if let Some(company) = self.company()? {
            builder = builder.company(company);
        }
        builder.build().map_err(cannot_send)
    }

    /// The credential: a flag's, a variable's, the profile's, or one from the prompt.
    pub(crate) fn credential(&self, transport: &ReqwestTransport) -> Result<Found, Failure> {
        let environment = self.environment()?;
        if self.arguments.ask_key {
            return key(environment, prompt::secret("API key")?, "the prompt".to_owned());
        }
        if let Some(path) = &self.arguments.key_file {
            return key(environment, secret_file(path)?, path.display().to_string());
        }
        if let Some(found) = from_variables(&environment)? {
            return Ok(found);
        }
        if let Some((name, profile)) = &self.profile {
            self.refuse_other_environment(name, profile, &environment)?;
            if let Some(path) = &profile.key_file {
                return key(environment, secret_file(path)?, path.display().to_string());
            }
            if let Some(app) = &profile.oauth {
                let credential = self.token(name, app, environment, transport)?.into_credential();
                return Ok(Found { credential, source: format!("`pleo login`, profile {name}") });
            }
        }
        if prompt::is_possible() {
            return key(environment, prompt::secret("API key")?, "the prompt".to_owned());
        }
        Err(Failure::usage("there is no credential").help(
            "Set PLEO_API_KEY, or PLEO_API_KEY_FILE to a file that holds the key, or PLEO_ACCESS_TOKEN, or run \
             `pleo login`.",
        ))
    }

    /// Asks before something is written in production, unless `yes`.
    pub(crate) fn confirm_write(&self, yes: bool, what: &str) -> Result<(), Failure> {
        if yes || self.environment()? != AnyEnvironment::Production {
            return Ok(());
        }
        if !prompt::is_possible() {
            return Err(Failure::usage("this writes to production, and there is no terminal to ask on")
                .help("Pass --yes if you mean it."));
        }
        if prompt::confirm(&format!("{what} Go on?"))? {
            Ok(())
        } else {
            Err(Failure::new(Exit::Interrupted, "nothing was sent"))
        }
    }

    /// Whether the credential would be an OAuth token, as far as can be told without reading it.
    pub(crate) fn uses_token(&self) -> bool {
        if self.arguments.ask_key || self.arguments.key_file.is_some() {
            return false;
        }
        let set = set_variables();
        if !set.is_empty() {
            return set.contains(&TOKEN);
        }
        self.profile().is_some_and(|profile| profile.key_file.is_none() && profile.oauth.is_some())
    }

    /// A profile's credential belongs to the profile's environment, and goes to no other.
    fn refuse_other_environment(
        &self,
        name: &str,
        profile: &Profile,
        environment: &AnyEnvironment,
    ) -> Result<(), Failure> {
        let Some(text) = &profile.environment else {
            return Err(Failure::usage(format!("the profile `{name}` has a credential, but no environment"))
                .help("Write in the profile which environment the credential was made in: environment = \"staging\""));
        };
        if parse_environment("the profile", text)? == *environment {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "the credential of the profile `{name}` belongs to {text}, but the environment is {environment}"
        ))
        .help("A credential works only in the environment where it was made: use a profile of that environment."))
    }

    /// The tokens of a profile, as `pleo login` has stored them.
    fn token(
        &self,
        name: &str,
        app: &App,
        environment: AnyEnvironment,
        transport: &ReqwestTransport,
    ) -> Result<RefreshingToken<AnyEnvironment>, Failure> {
        let file = TokenFile::of(name)?;
        if !file.exists() {
            return Err(Failure::new(Exit::Refused, format!("the profile `{name}` has no tokens"))
                .help(format!("Run `pleo login --profile {name}`.")));
        }
        let store = file.open(environment.clone())?;
        let app = self.app(app, environment, transport)?;
        Ok(RefreshingToken::resume(app, store, RefreshPolicy::default()))
    }

    /// The OAuth app of a profile.
    pub(crate) fn app(
        &self,
        app: &App,
        environment: AnyEnvironment,
        transport: &ReqwestTransport,
    ) -> Result<OAuthApp<AnyEnvironment>, Failure> {
        let wrong = |error| Failure::of(Exit::Usage, error);
        let made =
            OAuthApp::with_transport(environment, &app.client_id, &app.redirect_uri, transport.clone())
                .map_err(wrong)?;
        match &app.client_secret_file {
            Some(path) => made.with_client_secret(secret_file(path)?).map_err(wrong),
            None => Ok(made),
        }
    }
}

/// The profile that a flag or the variable names.
pub(crate) fn profile_name(flag: Option<String>) -> Result<Option<String>, Failure> {
    match flag {
        Some(name) => Ok(Some(name)),
        None => variable(PROFILE),
    }
}

/// The variables with a credential that are set.
fn set_variables() -> Vec<&'static str> {
    let names = [ClientBuilder::KEY, ClientBuilder::KEY_FILE, TOKEN];
    names.into_iter().filter(|name| env::var_os(name).is_some()).collect()
}

/// The credential of the variables, if they hold one.
fn from_variables(environment: &AnyEnvironment) -> Result<Option<Found>, Failure> {
    let set = set_variables();
    let name = match *set {
        [] => return Ok(None),
        [name] => name,
        _ => {
            return Err(Failure::usage(format!(
                "{} are set, and only one of them can be used",
                set.join(" and ")
            ))
            .help("Unset all but one."));
        }
    };
    let environment = environment.clone();
    let found = match name {
        ClientBuilder::KEY_FILE => {
            let path = env::var_os(name).unwrap_or_default();
            key(environment, secret_file(Path::new(&path))?, format!("the file of {name}"))?
        }
        TOKEN => {
            let token = AccessToken::new(environment, secret_variable(name)?);
            let credential = token.map_err(|error| invalid(error, name))?.into_credential();
            Found { credential, source: name.to_owned() }
        }
        _ => key(environment, secret_variable(name)?, name.to_owned())?,
    };
    Ok(Some(found))
}

fn key(environment: AnyEnvironment, secret: Secret, source: String) -> Result<Found, Failure> {
    match StandaloneApiKey::new(environment, secret) {
        Ok(key) => Ok(Found { credential: key.into_credential(), source }),
        Err(error) => Err(invalid(error, &source)),
    }
}

fn invalid(error: InvalidCredential, source: &str) -> Failure {
    let failure = Failure::of(Exit::Refused, error);
    Failure { what: format!("{} (from {source})", failure.what), ..failure }
}

fn secret_variable(name: &str) -> Result<Secret, Failure> {
    Secret::from_env(name).map_err(unreadable)
}

/// The secret that a file holds.
pub(crate) fn secret_file(path: &Path) -> Result<Secret, Failure> {
    Secret::from_file(path).map_err(unreadable)
}

/// A secret that cannot be read, with what the system says.
fn unreadable(error: SecretError) -> Failure {
    match error {
        SecretError::OpenToOthers { path, mode } => {
            Failure::usage(format!("{} is open to others (mode {mode:03o})", path.display()))
                .help(format!("Run `chmod 600 {}`, so that only you can read it.", path.display()))
        }
        error => Failure::of(Exit::Local, ErrorChain(&error))
            .help("Name a file that holds nothing but the secret, and that only you can read."),
    }
}

fn parse_environment(source: &str, text: &str) -> Result<AnyEnvironment, Failure> {
    text.parse().map_err(|error| {
        let failure = Failure::of(Exit::Usage, error);
        Failure { what: format!("{source}: {}", failure.what), ..failure }
    })
}

/// The value of a variable, if it is set.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{name} is not valid UTF-8")).help("Set it again, as plain text."))
        }
    }
}

fn cannot_send(error: TransportError) -> Failure {
    Failure::of(Exit::Local, error)
}
