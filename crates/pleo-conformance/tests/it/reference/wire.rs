//! HTTP/1.1 over a plain socket: every byte that leaves is written here.

use std::{
    io::{self, BufRead, BufReader, Read, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::{Deviation, Variation};

/// How long a server has to take a connection, a part of a request, or to send a part of its answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What every failure begins with.
pub(super) const NO_ANSWER: &str = "no usable answer";

/// The most that is read of an answer, in bytes.
const ANSWER_LIMIT: u64 = 16 << 20;

/// A request to write.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
}

/// An answer that was read.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    /// For how many seconds the server asks to be left alone.
    pub(super) retry_after: Option<u64>,
    pub(super) body: Vec<u8>,
}

/// Where a URL leads. Only this machine can be reached.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) socket: SocketAddr,
    authority: String,
    target: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the URL holds white space, control characters or something beyond ASCII".to_owned());
        }
        let rest = url.strip_prefix("http://").ok_or("this client speaks plain http only")?;
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
        let socket = match authority.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}").parse(),
            None => authority.parse(),
        };
        match socket {
            Ok(SocketAddr::V4(socket)) if socket.ip().is_loopback() => {
                let slash = if target.starts_with('/') { "" } else { "/" };
                let (socket, target) = (socket.into(), format!("{slash}{target}"));
                Ok(Self { socket, authority: authority.to_owned(), target })
            }
            _ => Err("this client speaks to 127.0.0.1 only".to_owned()),
        }
    }
}

/// Sends a request over a connection of its own and reads the answer.
pub(super) fn exchange(message: &Message, deviation: Deviation) -> Result<Reply, String> {
    let address = Address::parse(&message.url)?;
    if message.headers.iter().any(|(_, value)| value.contains(['\r', '\n'])) {
        return Err("a header would be two".to_owned());
    }
    let limit = deviation.time_limit.unwrap_or(TIMEOUT);
    let talk = || -> io::Result<Reply> {
        let mut stream = TcpStream::connect_timeout(&address.socket, limit)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        stream.write_all(&bytes(message, &address, deviation.variation))?;
        read(&mut BufReader::new(stream.take(ANSWER_LIMIT)), &message.method)
    };
    talk().map_err(|error| {
        let what = match error.kind() {
            // What Unix says when the time is up.
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut,
            kind => kind,
        };
        match deviation.variation {
            Some(Variation::AddressInErrors) => {
                format!("{NO_ANSWER} from {} within {limit:?}: {what}", address.authority)
            }
            _ => format!("{NO_ANSWER}: {what}"),
        }
    })
}

/// Whether a failure is one of a server that accepts no connection.
pub(super) fn is_refused(reason: &str) -> bool {
    reason.contains(NO_ANSWER) && reason.ends_with(&io::ErrorKind::ConnectionRefused.to_string())
}

/// Whether a failure is one of a server that has closed the connection by force.
pub(super) fn is_reset(reason: &str) -> bool {
    reason.contains(NO_ANSWER) && reason.ends_with(&io::ErrorKind::ConnectionReset.to_string())
}

/// Whether a failure is one of a server that was silent for too long.
pub(super) fn is_time_out(reason: &str) -> bool {
    reason.contains(NO_ANSWER) && reason.ends_with(&io::ErrorKind::TimedOut.to_string())
}

/// The request as it goes over the wire.
fn bytes(message: &Message, address: &Address, variation: Option<Variation>) -> Vec<u8> {
    let is = |this| variation == Some(this);
    let mut headers = vec![("Host", address.authority.clone())];
    headers.extend(message.headers.iter().cloned());
    if is(Variation::ConnectionClose) {
        headers.push(("Connection", "close".to_owned()));
    }
    let mut body = message.body.clone().unwrap_or_default();
    if is(Variation::ChunkedBody) && message.body.is_some() {
        headers.push(("Transfer-Encoding", "chunked".to_owned()));
        body = chunks(&body);
    } else if message.body.is_some() || matches!(message.method.as_str(), "POST" | "PUT" | "PATCH") {
        headers.push(("Content-Length", body.len().to_string()));
    }
    if is(Variation::HeadersReversed) {
        headers.reverse();
    }

    let origin = if is(Variation::AbsoluteFormTarget) {
        format!("http://{}", address.authority)
    } else {
        String::new()
    };
    let version = if is(Variation::Http10) { "1.0" } else { "1.1" };
    let mut bytes = format!("{} {origin}{} HTTP/{version}\r\n", message.method, address.target).into_bytes();
    for (name, value) in headers {
        let name = if is(Variation::HeaderNamesInOddCase) { odd_case(name) } else { name.to_owned() };
        let (before, after) =
            if is(Variation::SpaceAroundHeaderValues) { ("\t  ", " \t") } else { (" ", "") };
        bytes.extend(format!("{name}:{before}{value}{after}\r\n").into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

fn odd_case(name: &str) -> String {
    let odd = |(index, letter): (usize, char)| match index % 2 {
        0 => letter.to_ascii_lowercase(),
        _ => letter.to_ascii_uppercase(),
    };
    name.chars().enumerate().map(odd).collect()
}

/// The body in chunks of at most seven bytes.
fn chunks(body: &[u8]) -> Vec<u8> {
    let mut written = Vec::new();
    for chunk in body.chunks(7) {
        written.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        written.extend(chunk);
        written.extend(b"\r\n");
    }
    written.extend(b"0\r\n\r\n");
    written
}

/// How the end of an answer's body is found (RFC 9112, section 6.3).
enum Length {
    Known(usize),
    Chunked,
    UntilClose,
}

fn read(reader: &mut impl BufRead, method: &str) -> io::Result<Reply> {
    loop {
        let status_line = line(reader)?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut length = Length::UntilClose;
        let mut location = None;
        let mut retry_after = None;
        loop {
            let field = line(reader)?;
            if field.is_empty() {
                break;
            }
            let (name, value) = field.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => length = Length::Chunked,
                "content-length" if !matches!(length, Length::Chunked) => {
                    length = Length::Known(value.parse().map_err(|_| io::ErrorKind::InvalidData)?);
                }
                "location" => location = Some(value.to_owned()),
                "retry-after" => retry_after = value.parse().ok(),
                _ => {}
            }
        }
        if (100..200).contains(&status) {
            continue;
        }
        if method == "HEAD" || matches!(status, 204 | 304) {
            length = Length::Known(0);
        }
        return Ok(Reply { status, location, retry_after, body: body(reader, &length)? });
    }
}

fn body(reader: &mut impl BufRead, length: &Length) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match length {
        Length::Known(length) => exactly(reader, *length, &mut body)?,
        Length::UntilClose => {
            reader.read_to_end(&mut body)?;
        }
        Length::Chunked => loop {
            let size = line(reader)?;
            let size = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            if size == 0 {
                while !line(reader)?.is_empty() {}
                break;
            }
            exactly(reader, size, &mut body)?;
            line(reader)?;
        },
    }
    Ok(body)
}

/// Grows the body only by what really arrives.
fn exactly(reader: &mut impl BufRead, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    let read = reader.by_ref().take(length as u64).read_to_end(body)?;
    if read == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A line without its end.
fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(whole) => Ok(whole.trim_end_matches('\r').to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> io::Result<(u16, String)> {
        let reply = read(&mut text.as_bytes(), "GET")?;
        Ok((reply.status, String::from_utf8(reply.body).unwrap()))
    }

    #[test]
    fn the_end_of_an_answer_is_found_whichever_way_it_is_told() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: x\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
            "HTTP/1.0 200\r\n\r\nhello",
        ] {
            assert_eq!(answer(text).unwrap(), (200, "hello".to_owned()), "{text:?}");
        }
        assert_eq!(answer("HTTP/1.1 204 No Content\r\nDate: x\r\n\r\nx").unwrap(), (204, String::new()));
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "HTTP/1.1 two hundred\r\n\r\n",
        ] {
            assert!(answer(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_url_leads_to_what_stands_behind_its_user_and_before_its_path() {
        for (url, socket, target) in [
            ("http://127.0.0.1:81/a?b=c", "127.0.0.1:81", "/a?b=c"),
            ("http://127.0.0.1:81@127.0.0.1:82/a", "127.0.0.1:82", "/a"),
            ("http://127.0.0.1:81?http://127.0.0.1:82/a", "127.0.0.1:81", "/?http://127.0.0.1:82/a"),
            ("http://127.0.0.1:81#@127.0.0.1:82/a", "127.0.0.1:81", "/"),
            ("http://localhost:81", "127.0.0.1:81", "/"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.socket, address.target.as_str()), (socket.parse().unwrap(), target), "{url}");
        }
        for url in [
            "https://127.0.0.1:81/",
            "http://192.0.2.1:81/",
            "http://127.0.0.1:81.example/",
            "http://127.0.0.1:81/a b",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
