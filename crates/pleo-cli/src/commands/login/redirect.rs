//! The end of an authorisation: the browser comes back to this machine.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt as _, future::select_all, stream::FuturesUnordered};
use pleo::http::Uri;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::on_this_machine;
use crate::{exit::Exit, failure::Failure};

/// The longest head of a request that is read, in bytes.
const LONGEST: u64 = 16 * 1024;
/// How long a browser may take to send it.
const PATIENCE: Duration = Duration::from_secs(10);

const DONE: &str = "<!doctype html><meta charset=utf-8><title>pleo</title><p>You can close this page and go back to \
                    the terminal.";
const NOTHING: &str = "<!doctype html><meta charset=utf-8><title>pleo</title><p>There is nothing here.";

/// Waits on this machine for the browser.
pub(super) struct Listener {
    sockets: Vec<TcpListener>,
    path: String,
}

impl Listener {
    /// Listens at the redirect address; `None` if that is not on this machine.
    pub(super) async fn bind(redirect_uri: &str) -> Result<Option<Self>, Failure> {
        let Some((host, port)) = on_this_machine(redirect_uri) else { return Ok(None) };
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        // A browser may take `localhost` for either.
        let addresses = match host.as_str() {
            "localhost" => vec![v4, v6],
            "[::1]" => vec![v6],
            _ => vec![v4],
        };
        let mut sockets = Vec::new();
        for address in &addresses {
            match TcpListener::bind(address).await {
                Ok(socket) => sockets.push(socket),
                // A machine may lack one of the two kinds of addresses. One that another program has would get the code.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && addresses.len() > 1 => {}
                Err(error) => {
                    let what = format!("cannot listen at the redirect address, port {port}: {error}");
                    return Err(
                        Failure::new(Exit::Local, what).help("Stop what uses the port, or use --no-browser.")
                    );
                }
            }
        }
        let uri: Option<Uri> = redirect_uri.parse().ok();
        let path = uri.map_or("/".to_owned(), |uri| uri.path().to_owned());
        Ok(Some(Self { sockets, path }))
    }

    /// The address that the browser was sent to, path and query.
    pub(super) async fn redirect(&self) -> Result<String, Failure> {
        // Browsers make connections that they may not use, so all are served at the same time.
        let mut served = FuturesUnordered::new();
        loop {
            let accepts = select_all(self.sockets.iter().map(|socket| Box::pin(socket.accept())));
            tokio::select! {
                (accepted, ..) = accepts => match accepted {
                    Ok((stream, _)) => served.push(timeout(PATIENCE, self.serve(stream))),
                    Err(error) => {
                        return Err(Failure::new(Exit::Local, format!("cannot wait for the browser: {error}")));
                    }
                },
                // What else comes here, such as a request for an icon, is not the end.
                Some(Ok(Some(target))) = served.next() => return Ok(target),
            }
        }
    }

    /// Answers one request; its target, if it is the redirect.
    async fn serve(&self, stream: TcpStream) -> Option<String> {
        let (read, mut write) = stream.into_split();
        let mut head = Vec::new();
        let mut read = read.take(LONGEST);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            if read.read_buf(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let head = String::from_utf8(head).ok()?;
        let mut words = head.lines().next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let is_redirect = method == "GET"
            && target.split_once('?').is_some_and(|(path, query)| path == self.path && !query.is_empty());
        let (status, body) = if is_redirect { ("200 OK", DONE) } else { ("404 Not Found", NOTHING) };
        let response = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
             cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        // The browser may be gone, and what it brought counts all the same.
        let _ = write.write_all(response.as_bytes()).await;
        let _ = write.shutdown().await;
        is_redirect.then(|| target.to_owned())
    }
}
