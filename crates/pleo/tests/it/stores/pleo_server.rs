//! The sandbox with an authorisation that has one pair of tokens, and what it was asked.

use std::{sync::Mutex, time::Duration};

use pleo::{
    ReqwestTransport, Sandbox,
    oauth::{OAuthApp, OAuthTransport, TokenKind, Tokens},
};
use pleo_sandbox::{Environment, Exchange, OAuthClient, Server, Subject};

const CLIENT_ID: &str = "FAKE-CLIENT";
const CLIENT_SECRET: &str = "FAKE-CLIENT-SECRET";
const REDIRECT_URI: &str = "https://app.test/callback";

pub(super) struct PleoServer {
    server: Server,
    exchanges: Mutex<Vec<Exchange>>,
}

impl PleoServer {
    /// Knows the pair `FAKE-A0` and `FAKE-R0`, of which the access token has expired.
    pub(super) fn start() -> Self {
        let sandbox = pleo_sandbox::Sandbox::new(Environment::Staging);
        sandbox.register(OAuthClient {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            access_token_seconds: 3600,
            subject: Subject::Company(sandbox.companies()[0]),
        });
        sandbox.admit_tokens(CLIENT_ID, "FAKE-A0", "FAKE-R0");
        sandbox.advance(Duration::from_secs(2 * 3600));
        sandbox.set_limit(None);
        Self { server: Server::start(sandbox).unwrap(), exchanges: Mutex::default() }
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    pub(super) fn environment(&self) -> Sandbox {
        Sandbox::new(&self.url()).unwrap()
    }

    pub(super) fn app(&self) -> OAuthApp<Sandbox> {
        app(&self.url(), ReqwestTransport::new().unwrap())
    }

    fn asked(&self, path: &str) -> Vec<Exchange> {
        let mut exchanges = self.exchanges.lock().unwrap();
        exchanges.extend(self.server.take_exchanges());
        exchanges.iter().filter(|exchange| exchange.request.uri().path() == path).cloned().collect()
    }

    /// The refresh tokens that were presented, each with the status of the response.
    pub(super) fn presented(&self) -> Vec<String> {
        let presented = |exchange: &Exchange| {
            let form: Vec<(String, String)> =
                form_urlencoded::parse(exchange.request.body()).into_owned().collect();
            let (_, token) = form.iter().find(|(name, _)| name == "refresh_token").unwrap();
            format!("{token} {}", exchange.reply.response.status().as_u16())
        };
        self.asked("/oauth/token").iter().map(presented).collect()
    }

    /// The statuses of the responses to calls of the API.
    pub(super) fn api_calls(&self) -> Vec<u16> {
        let calls = self.asked("/v1/introspect");
        calls.iter().map(|exchange| exchange.reply.response.status().as_u16()).collect()
    }

    /// Whether both tokens work.
    pub(super) async fn is_alive(&self, tokens: &Tokens<Sandbox>) -> bool {
        let app = self.app();
        app.introspect(tokens, TokenKind::Access).await.unwrap().active
            && app.introspect(tokens, TokenKind::Refresh).await.unwrap().active
    }
}

/// The app that the tokens belong to.
pub(super) fn app(url: &str, transport: impl OAuthTransport + 'static) -> OAuthApp<Sandbox> {
    let environment = Sandbox::new(url).unwrap();
    let app = OAuthApp::with_transport(environment, CLIENT_ID, REDIRECT_URI, transport).unwrap();
    app.with_client_secret(CLIENT_SECRET).unwrap()
}
