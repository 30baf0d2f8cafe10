//! What blocks of the guides need before they begin, so that their hidden lines are few: GitHub shows those.

use std::future;

use pleo::{
    BoxFuture, Client, ClientBuilder, Sandbox, StandaloneApiKey,
    webhook_delivery::{Arrival, ArrivedDelivery, ReplayMemory, SignatureCheck, SignedMessage},
};
use pleo_sandbox::{Environment, Grant, OAuthClient, Server, Subject};

/// A client for the first company of a fake Pleo, which runs as long as its server is kept.
pub fn client() -> (Server, Client<Sandbox>) {
    let fake = pleo_sandbox::Sandbox::new(Environment::Staging);
    let company = fake.companies()[0];
    fake.admit("FAKE-KEY", Grant::standalone_key(company));
    let server = Server::start(fake).unwrap();
    let key = StandaloneApiKey::new(Sandbox::new(&server.url()).unwrap(), "FAKE-KEY").unwrap();
    (server, ClientBuilder::new(key).company(company).build().unwrap())
}

/// A fake Pleo that knows the app `your-client-id`, its server and its address.
pub fn app(client_secret: Option<&str>) -> (pleo_sandbox::Sandbox, Server, Sandbox) {
    let fake = pleo_sandbox::Sandbox::new(Environment::Staging).with_running_clock();
    fake.register(OAuthClient {
        client_id: "your-client-id".to_owned(),
        client_secret: client_secret.map(str::to_owned),
        redirect_uris: vec!["https://app.example.com/pleo/callback".to_owned()],
        access_token_seconds: 3600,
        subject: Subject::Company(fake.companies()[0]),
    });
    let server = Server::start(fake.clone()).unwrap();
    let environment = Sandbox::new(&server.url()).unwrap();
    (fake, server, environment)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A memory of deliveries in which every delivery is new, and that fails after that.
pub struct CannotForget;

impl ReplayMemory for CannotForget {
    fn arrived<'a>(&'a self, _: ArrivedDelivery<'a>) -> BoxFuture<'a, Result<Arrival, Failure>> {
        Box::pin(future::ready(Ok(Arrival::New)))
    }

    fn handled<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(future::ready(Err("FAKE".into())))
    }

    fn forget<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(future::ready(Err("FAKE".into())))
    }
}

/// Accepts every signature.
pub struct Anything;

impl SignatureCheck for Anything {
    fn accepts(&self, _: &SignedMessage<'_>) -> bool {
        true
    }
}
