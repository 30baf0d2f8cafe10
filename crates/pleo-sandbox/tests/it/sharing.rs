//! Many sandboxes at once.

use std::time::Duration;

use pleo_sandbox::{Environment, Fault, Grant, OAuthClient, Sandbox, Server, Subject};

use crate::support::{basic, exchange};

const MANY: usize = 32;

fn key(number: usize) -> String {
    format!("FAKE-KEY-{number}")
}

fn status(server: &Server, method: &str, path: &str, authorization: &str) -> String {
    let request = format!("{method} {path} HTTP/1.0\r\nAuthorization: {authorization}\r\n\r\n");
    let answer = exchange(server.address(), request.as_bytes());
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn thirty_two_sandboxes_at_once_share_nothing() {
    let sandboxes: Vec<Sandbox> = (0..MANY)
        .map(|number| {
            let sandbox = Sandbox::new(Environment::Staging);
            let company = sandbox.companies()[0];
            sandbox.admit(&key(number), Grant::standalone_key(company));
            sandbox.register(OAuthClient {
                client_id: "FAKE-CLIENT".to_owned(),
                client_secret: None,
                redirect_uris: vec!["http://localhost/callback".to_owned()],
                access_token_seconds: 60,
                subject: Subject::Company(company),
            });
            sandbox.admit_tokens("FAKE-CLIENT", &format!("FAKE-TOKEN-{number}"), "FAKE-REFRESH");
            sandbox
        })
        .collect();
    let servers: Vec<Server> =
        sandboxes.iter().map(|sandbox| Server::start(sandbox.clone()).unwrap()).collect();

    std::thread::scope(|scope| {
        for (own, server) in servers.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..MANY {
                    let expected = if number == own { "200" } else { "401" };
                    let key = basic(&key(number), "");
                    let token = format!("Bearer FAKE-TOKEN-{number}");
                    for authorization in [&key, &token] {
                        let got = status(server, "GET", "/v1/introspect", authorization);
                        assert_eq!(got, expected, "{authorization} at {own}");
                    }
                }
            });
        }
    });

    let ask = |number: usize, method: &str, path: &str| {
        status(&servers[number], method, path, &basic(&key(number), ""))
    };
    let token = |number: usize| {
        status(&servers[number], "GET", "/v1/introspect", &format!("Bearer FAKE-TOKEN-{number}"))
    };
    // What is done to one is done to no other: an installation, a fault, the clock, the limit, a revocation.
    let installed =
        "POST /v1/installations/me HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2";
    let install = format!("{installed}\r\nAuthorization: {}\r\n\r\n{{}}", basic(&key(0), ""));
    assert!(exchange(servers[0].address(), install.as_bytes()).contains(" 200 "));
    sandboxes[1].inject("/v1/introspect", Fault::Status(503));
    sandboxes[2].advance(Duration::from_secs(60));
    sandboxes[3].set_limit(Some(0));
    sandboxes[4].revoke(&key(4));
    for number in 0..MANY {
        assert_eq!(
            ask(number, "GET", "/v1/installations/me"),
            match number {
                0 => "200",
                3 => "429",
                4 => "401",
                _ => "404",
            }
        );
        let introspected = ask(number, "GET", "/v1/introspect");
        assert_eq!(
            introspected,
            match number {
                1 => "503",
                3 => "429",
                4 => "401",
                _ => "200",
            }
        );
        assert_eq!(
            token(number),
            match number {
                2 => "401",
                3 => "429",
                _ => "200",
            }
        );
    }
}

#[test]
fn a_port_is_free_again_when_its_server_is_dropped() {
    let server = Server::start(Sandbox::new(Environment::Staging)).unwrap();
    let address = server.address();
    let taken = Server::bind(address, std::sync::Arc::new(Sandbox::new(Environment::Staging)), false);
    assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    drop(server);
    Server::bind(address, std::sync::Arc::new(Sandbox::new(Environment::Staging)), false).unwrap();
    let outside = Server::bind(
        ([192, 0, 2, 1], 0).into(),
        std::sync::Arc::new(Sandbox::new(Environment::Staging)),
        false,
    );
    assert_eq!(outside.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn clones_share_everything() {
    let sandbox = Sandbox::new(Environment::Production);
    let clone = sandbox.clone();
    clone.admit("FAKE-KEY", Grant::standalone_key(sandbox.companies()[0]));
    assert_eq!(crate::support::get(&sandbox, "/v1/introspect").status, 200);
    clone.advance(Duration::from_secs(5));
    assert_eq!(sandbox.now(), clone.now());
    assert_eq!(sandbox.environment(), Environment::Production);
    assert!(!format!("{sandbox:?}").contains("FAKE-KEY"));
}

#[test]
fn data_can_be_restored_and_nothing_else_is() {
    let sandbox = Sandbox::new(Environment::Staging).with_entries(80);
    let company = sandbox.companies()[0];
    sandbox.admit("FAKE-KEY", Grant::standalone_key(company));
    let count = |path: &str, body: serde_json::Value| {
        let answer = crate::support::post(&sandbox, path, &body);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body["data"].as_array().unwrap().len()
    };
    let entries = format!("/v1/accounting-entries:search?company_id={company}&limit=100");
    let counts = || {
        let search = serde_json::json!({
            "companyId": company,
            "excludeIfAssignedToCategory": false,
            "excludeIfAssignedToContraAccount": false,
        });
        [
            count("/v1/chart-of-accounts:search?limit=100", search),
            count(&entries, serde_json::json!({ "includeDeleted": false })),
        ]
    };
    let before = counts();
    assert!(before[1] > 30, "{before:?}");
    let account =
        serde_json::json!({ "companyId": company, "name": "Travel", "externalId": "1", "archived": false });
    let made = crate::support::post(&sandbox, "/v1/chart-of-accounts", &account);
    assert!([200, 201].contains(&made.status), "{}", made.text);
    assert_eq!(counts(), [before[0] + 1, before[1]]);
    sandbox.restore_data();
    assert_eq!(counts(), before);
}
