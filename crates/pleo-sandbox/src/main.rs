//! The sandbox as a program.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
};

use clap::{Parser, ValueEnum};
use pleo_sandbox::{Environment, Grant, OAuthClient, Sandbox, Server, Subject};

/// A fake Pleo on this machine.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 2 wrong usage, 3 the sandbox cannot run, such as when the port is taken."
)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "NUMBER", default_value_t = 8080)]
    port: u16,
    /// The environment to play.
    #[arg(long, value_enum, default_value = "staging")]
    environment: Played,
    /// Print a line for each request on standard error: method, path, status and milliseconds.
    ///
    /// The line has no query and no secret: of an id it shows the beginning, and of anything unknown nothing.
    #[arg(long)]
    log: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Played {
    Staging,
    Production,
}

/// Why the program could not run.
#[derive(Debug, thiserror::Error)]
enum CannotServe {
    #[error("port {} is taken; choose another one with --port, or 0 for any", .0.port())]
    Taken(SocketAddr),
    #[error("cannot serve at {address}")]
    Other {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("the sandbox has no company")]
    NoCompany,
}

/// Exit code 0 is never reached but by `--help`; 2 is clap's for wrong usage, 3 is for what cannot run.
fn main() -> ExitCode {
    match serve(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // It drops the colours where they are not wanted: not a terminal, or NO_COLOR.
            let error_style = clap::builder::Styles::default().get_error().to_owned();
            anstream::eprintln!("{error_style}error:{error_style:#} {error}");
            if let Some(source) = std::error::Error::source(&error) {
                anstream::eprintln!("cause: {source}");
            }
            ExitCode::from(3)
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), CannotServe> {
    let environment = match arguments.environment {
        Played::Staging => Environment::Staging,
        Played::Production => Environment::Production,
    };
    let sandbox = Sandbox::new(environment).with_running_clock();
    let company = *sandbox.companies().first().ok_or(CannotServe::NoCompany)?;
    sandbox.admit("FAKE-STANDALONE-KEY", Grant::standalone_key(company));
    sandbox.admit("FAKE-INTEGRATED-KEY", Grant::integrated_key(company));
    sandbox.admit("FAKE-ACCESS-TOKEN", Grant::access_token(company));
    sandbox.register(OAuthClient {
        client_id: "FAKE-CLIENT".to_owned(),
        client_secret: None,
        redirect_uris: vec!["http://localhost/callback".to_owned()],
        access_token_seconds: 3600,
        subject: Subject::Company(company),
    });

    let address = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    let bound = if arguments.log {
        Server::bind_with_log(address, Arc::new(sandbox), |line| {
            // Nobody may be reading.
            let _ = writeln!(io::stderr(), "{line}");
        })
    } else {
        Server::bind(address, Arc::new(sandbox), false)
    };
    let server = bound.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => CannotServe::Taken(address),
        _ => CannotServe::Other { address, source },
    })?;
    let url = server.url();
    println!(
        "A fake Pleo ({environment:?}) listens at {url}

company          {company}
standalone key   FAKE-STANDALONE-KEY   curl -u FAKE-STANDALONE-KEY: {url}/v1/introspect
integrated key   FAKE-INTEGRATED-KEY   curl -u FAKE-INTEGRATED-KEY: {url}/v1/introspect
access token     FAKE-ACCESS-TOKEN     curl -H 'Authorization: Bearer FAKE-ACCESS-TOKEN' {url}/v1/introspect
OAuth app        FAKE-CLIENT           public, redirect URI http://localhost/callback

Point a client at it: PLEO_ENVIRONMENT={url} PLEO_API_KEY=FAKE-STANDALONE-KEY
Everything is forgotten when it ends (Ctrl-C)."
    );
    server.join();
    Ok(())
}
