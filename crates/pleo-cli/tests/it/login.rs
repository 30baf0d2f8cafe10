//! `pleo login`, with the sandbox as authorisation server and a browser that only follows redirects.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
};

use crate::support::{CLIENT, Pleo, folder, follow};
#[cfg(unix)]
use crate::support::{Done, browser, free_address, get, opened};

#[test]
fn a_login_without_a_browser_is_kept_sealed_and_used_and_forgotten() {
    let redirect = "https://app.example/callback";
    let pleo = Pleo::with_app(redirect, None);
    let home = folder();
    let run = |arguments: &[&str]| pleo.command(arguments).without("PLEO_API_KEY").home(&home);
    let mut command = run(&[
        "login",
        "--profile",
        "work",
        "--client-id",
        CLIENT,
        "--redirect-uri",
        redirect,
        "--scopes",
        "users:read vendors:read",
        "--no-browser",
    ])
    .input("");
    let mut child = command.spawn();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut address = String::new();
    while !address.starts_with("http") {
        address.clear();
        assert!(errors.read_line(&mut address).unwrap() > 0, "it gave no address");
    }
    let back = follow(address.trim());
    assert!(back.starts_with(redirect), "{back}");
    child.stdin.take().unwrap().write_all(format!("{back}\n").as_bytes()).unwrap();
    let mut said = String::new();
    errors.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(said.contains("Logged in"), "{said}");

    let check = run(&["check", "--profile", "work"]).run().ended(0);
    assert!(check.out.contains("OAuth access token from `pleo login`, profile work"), "{}", check.out);
    assert!(check.out.contains("users:read vendors:read"), "{}", check.out);
    let status = run(&["status"]).run().ended(0);
    assert!(status.out.contains("logged in to FAKE-CLIENT"), "{}", status.out);
    let curl = run(&["call", "list_companies", "--curl", "--profile", "work"]).run().ended(0);
    assert!(curl.out.contains("Bearer $PLEO_ACCESS_TOKEN"), "{}", curl.out);
    let tokens = home.join(".local/share/pleo/work.tokens");
    assert!(!fs::read_to_string(&tokens).unwrap().contains("accessToken"));
    #[cfg(unix)]
    for file in [&tokens, &home.join(".local/share/pleo/sealing.key")] {
        use std::os::unix::fs::PermissionsExt as _;

        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }

    run(&["logout", "--profile", "work"]).run().ended(0);
    assert!(!tokens.exists());
    let check = run(&["check", "--profile", "work"]).run().ended(4);
    assert!(check.err.contains("Run `pleo login --profile work`."), "{}", check.err);
}

#[test]
#[cfg(unix)]
fn a_login_waits_for_the_browser_at_the_redirect_address() {
    let host = free_address();
    let redirect = format!("http://{host}/callback");
    let pleo = Pleo::with_app(&redirect, None);
    let home = folder();
    let browser = browser(&home, "");
    let mut command = pleo
        .command(&["login", "--client-id", CLIENT, "--redirect-uri", &redirect, "--scopes", "users:read"])
        .without("PLEO_API_KEY")
        .env("BROWSER", browser.as_os_str())
        .home(&home);
    let child = command.spawn();
    let back = follow(&opened(&home));
    // A browser asks for other things, too.
    assert!(get(&host, "/favicon.ico").starts_with("HTTP/1.1 404"));
    let page = get(&host, back.strip_prefix(&format!("http://{host}")).unwrap());
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("close this page"), "{page}");
    let done = Done::of(child.wait_with_output().unwrap(), home).ended(0);
    assert!(done.err.contains("Logged in"), "{}", done.err);
    let configuration = fs::read_to_string(done.home.join(".config/pleo/config.toml")).unwrap();
    assert!(configuration.contains("default_profile = \"default\""), "{configuration}");
}

#[test]
fn a_denied_authorisation_is_said_and_nothing_is_kept() {
    let redirect = "https://app.example/callback";
    let pleo = Pleo::with_app(redirect, None);
    let arguments = [
        "login",
        "--client-id",
        CLIENT,
        "--redirect-uri",
        redirect,
        "--scopes",
        "users:read",
        "--no-browser",
    ];
    let command = pleo.command(&arguments).without("PLEO_API_KEY");
    let done = command.input("https://app.example/callback?state=FAKE&code=FAKE\n").run().ended(4);
    assert!(done.err.contains("state is not the one that was sent"), "{}", done.err);
    assert!(!done.home.join(".config/pleo/config.toml").exists());
}
