//! The eight examples: each runs against a sandbox, and together they are short.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use pleo::{
    Client, ClientBuilder, ReqwestTransport, StandaloneApiKey, bytes::Bytes, http,
    oauth::OAuthTransport as _, vendors::types::VendorCreateRequest,
};
use pleo_sandbox::{Environment, Grant, OAuthClient, Sandbox, Server, Subject};

const KEY: &str = "FAKE-KEY";
const CLIENT_SECRET: &str = "FAKE-CLIENT-SECRET";
const REDIRECT: &str = "https://app.example/callback";

/// A sandbox for one example.
struct Pleo {
    server: Server,
    company: pleo::uuid::Uuid,
}

impl Pleo {
    fn start() -> Self {
        let sandbox = Sandbox::new(Environment::Staging).with_running_clock();
        let company = sandbox.companies()[0];
        sandbox.admit(KEY, Grant::standalone_key(company));
        sandbox.register(OAuthClient {
            client_id: "example".to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            redirect_uris: vec![REDIRECT.to_owned()],
            access_token_seconds: 3600,
            subject: Subject::Company(company),
        });
        Self { server: Server::start(sandbox).unwrap(), company }
    }

    fn client(&self) -> Client<pleo::Sandbox> {
        let key = StandaloneApiKey::new(pleo::Sandbox::new(&self.server.url()).unwrap(), KEY).unwrap();
        ClientBuilder::new(key).company(self.company).build().unwrap()
    }

    /// The example as a program that is told of this sandbox.
    fn example(&self, name: &str, arguments: &[&str]) -> Command {
        let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples");
        let mut program = Command::new(folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
        program.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (variable, value) in [
            ("PLEO_ENVIRONMENT", &*self.server.url()),
            ("PLEO_API_KEY", KEY),
            ("PLEO_COMPANY_ID", &self.company.to_string()),
            ("PLEO_CLIENT_ID", "example"),
            ("PLEO_CLIENT_SECRET", CLIENT_SECRET),
            ("PLEO_REDIRECT_URI", REDIRECT),
            ("TOKEN_KEY", "RkFLRS1GQUtFLUZBS0UtRkFLRS1GQUtFLUZBS0UtRkE="),
        ] {
            program.env(variable, value);
        }
        program
    }

    /// What an example prints that needs no input.
    fn prints(&self, name: &str, arguments: &[&str]) -> String {
        succeeded(name, &self.example(name, arguments).output().unwrap())
    }
}

fn succeeded(name: &str, output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{name}: {out}{err}");
    assert!(!out.contains("FAKE") && !err.contains("FAKE"), "{name} shows a secret: {out}{err}");
    out
}

#[test]
fn a_first_call_names_the_company_and_lists_its_vendors() {
    let said = Pleo::start().prints("first_call", &[]);
    assert!(said.starts_with("a standalone API key of the company ") && said.lines().count() > 3, "{said}");
}

#[test]
fn the_entries_of_a_month_become_csv() {
    let said = Pleo::start().prints("entries_csv", &["2025-01"]);
    assert!(said.starts_with("id,performed,amount,currency\n") && said.lines().count() > 3, "{said}");
}

#[test]
fn a_tag_group_becomes_equal_to_a_file() {
    let pleo = Pleo::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let groups = runtime.block_on(pleo.client().list_tag_groups().send()).unwrap();
    let group = groups.data.iter().find(|group| !group.archived).unwrap().code.clone();
    let list = tempfile::NamedTempFile::new().unwrap();
    fs::write(list.path(), "code,name\nP-1,Harbour bridge\nP-2,Town hall\n").unwrap();
    let arguments = [&*group, list.path().to_str().unwrap(), "--apply"];
    let first = pleo.prints("tag_sync", &arguments);
    assert!(first.contains("P-1") && !first.ends_with("0 changes made\n"), "{first}");
    let second = pleo.prints("tag_sync", &arguments);
    assert!(second.ends_with("0 changes made\n"), "{second}");
}

#[test]
fn a_nightly_job_counts_employees_or_says_what_to_do() {
    let pleo = Pleo::start();
    let said = pleo.prints("robust", &[]);
    assert!(said.ends_with(" employees\n") && said != "0 employees\n", "{said}");
    let output = pleo.example("robust", &[]).env("PLEO_API_KEY", "FAKE-OTHER").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("401 Unauthorized") && said.contains("It was made in the other environment."),
        "{said}"
    );
    assert!(!said.contains("FAKE"), "{said}");
}

#[test]
fn an_export_run_books_a_job() {
    let said = Pleo::start().prints("export_run", &["queue"]);
    assert!(said.contains(" booked, ") && said.ends_with(" vouchers\n"), "{said}");
}

#[test]
fn receipts_are_downloaded_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let said = Pleo::start().prints("receipts", &[folder.path().to_str().unwrap()]);
    assert!(said.ends_with(" 0 missing\n"), "{said}");
    assert!(fs::read_dir(folder.path()).unwrap().count() > 3);
}

#[test]
fn a_login_keeps_its_tokens_in_a_file() {
    let pleo = Pleo::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    let mut program = pleo.example("oauth_login", &[file.to_str().unwrap()]).spawn().unwrap();
    let url = url_of(&mut program);
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let response = runtime.block_on(ReqwestTransport::new().unwrap().send(request)).unwrap();
    let redirect = response.headers()["location"].to_str().unwrap();
    writeln!(program.stdin.take().unwrap(), "{redirect}").unwrap();
    let said = succeeded("oauth_login", &program.wait_with_output().unwrap());
    assert!(said.contains("authorised for "), "{said}");
    let kept = fs::read(file).unwrap();
    assert!(!kept.is_empty() && !String::from_utf8_lossy(&kept).contains("access"), "the file is sealed");
}

/// The address that a program asks to be opened.
fn url_of(program: &mut std::process::Child) -> String {
    use std::io::{BufRead as _, BufReader};

    let mut lines = BufReader::new(program.stdout.as_mut().unwrap()).lines();
    lines.find_map(|line| line.ok().filter(|line| line.starts_with("http"))).unwrap()
}

#[test]
fn a_webhook_receiver_verifies_a_delivery() {
    let pleo = Pleo::start();
    let client = pleo.client();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let subscriptions = || runtime.block_on(client.list_subscriptions().send()).unwrap().data.len();
    let before = subscriptions();
    let mut program = pleo.example("webhook_receiver", &[]).spawn().unwrap();
    while subscriptions() == before && program.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let vendor = VendorCreateRequest::builder().name("Chainworks").default_currency("DKK");
    runtime.block_on(client.create_vendor(vendor).send()).unwrap();
    let said = succeeded("webhook_receiver", &program.wait_with_output().unwrap());
    assert!(said.contains("endor"), "{said}");
}

#[test]
fn eight_integrations_have_200_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut examples: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    examples.sort();
    let mut total = 0;
    for example in &examples {
        let text = fs::read_to_string(example).unwrap();
        assert!(text.lines().count() <= 60, "{}", example.display());
        let code = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        total += code.count();
    }
    assert_eq!(examples.len(), 8);
    assert!(total <= 200, "{total} lines");
}
