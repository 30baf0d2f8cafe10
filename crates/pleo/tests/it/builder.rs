//! Clients by a builder and from environment variables.

use std::process::Command;

use pleo::{ClientBuilder, HttpConfig, Sandbox, StandaloneApiKey};
use pleo_sandbox::{Environment, Grant, Server};

/// Runs this test again with these variables, as another process, and gives what `from_env` says.
fn from_env(variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "builder::prints_what_the_environment_makes", "--nocapture"])
        .env_clear()
        .env("PRINT_CLIENT", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().find_map(|line| line.split_once("made: ")).map(|(_, made)| made.to_owned()).unwrap_or(said)
}

/// The other half of [`from_env`].
#[test]
fn prints_what_the_environment_makes() {
    if std::env::var_os("PRINT_CLIENT").is_none() {
        return;
    }
    let client = ClientBuilder::from_env().map(|builder| builder.build().unwrap());
    match client {
        Ok(client) => println!("made: {client:?}"),
        Err(error) => println!("made: {error:?}"),
    }
}

#[test]
fn the_environment_makes_a_client_or_a_sentence_that_shows_no_value() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "FAKE-KEY\n").unwrap();
    let file = file.path().to_str().unwrap();
    let (environment, key) = (("PLEO_ENVIRONMENT", "staging"), ("PLEO_API_KEY", "FAKE-KEY"));
    for (variables, expected) in [
        (&[environment, key][..], "Staging"),
        (&[environment, ("PLEO_API_KEY_FILE", file)], "Staging"),
        (&[environment, key, ("PLEO_COMPANY_ID", "11111111-2222-4333-8444-555555555555")], "11111111-2222"),
        (&[key], "PLEO_ENVIRONMENT is not set"),
        (&[("PLEO_ENVIRONMENT", "FAKE-prod"), key], "PLEO_ENVIRONMENT"),
        (&[environment], "no API key; set PLEO_API_KEY, or PLEO_API_KEY_FILE"),
        (&[environment, key, ("PLEO_API_KEY_FILE", file)], "both PLEO_API_KEY and PLEO_API_KEY_FILE are set"),
        (&[environment, ("PLEO_API_KEY_FILE", "/nowhere")], "/nowhere cannot be read: No such file"),
        (&[environment, ("PLEO_API_KEY", "Basic FAKE-KEY")], "begins with `Basic`"),
        (&[environment, key, ("PLEO_COMPANY_ID", "FAKE-company")], "PLEO_COMPANY_ID: "),
    ] {
        let said = from_env(variables);
        assert!(said.contains(expected), "{variables:?}: {said}");
        assert!(!said.contains("FAKE"), "{said}");
    }
}

#[tokio::test]
async fn a_client_of_the_builder_reads_the_sandbox_and_says_who_asks() {
    let sandbox = pleo_sandbox::Sandbox::new(Environment::Staging);
    let company = sandbox.companies()[0];
    sandbox.admit("FAKE-KEY", Grant::standalone_key(company));
    let server = Server::start(sandbox).unwrap();
    let key = StandaloneApiKey::new(Sandbox::new(&server.url()).unwrap(), "FAKE-KEY").unwrap();
    let client = ClientBuilder::new(key)
        .company(company)
        .http(HttpConfig::default().with_application("ledger-sync/2.1"))
        .build()
        .unwrap();
    let vendors = client.search_vendors().items().all(1000).await.unwrap();
    assert!(!vendors.is_empty());
    let exchanges = server.take_exchanges();
    let agent = exchanges[0].request.headers()["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("pleo-client/") && agent.ends_with(" ledger-sync/2.1"), "{agent}");
}
