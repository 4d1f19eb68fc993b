//! Requests as an attacker would write them: byte for byte, not as a well-behaved client would tidy them up.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a server may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// The response.
#[derive(Debug)]
pub struct Reply {
    /// The status code; 0 if the server closed the connection without an answer.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
}

impl Reply {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Sends a request line and headers to a port of this machine, exactly as they are, and reads the answer.
///
/// # Panics
///
/// If nothing listens there, or the answer is not over in time.
#[must_use]
pub fn send(port: u16, request_line: &str, headers: &[(&str, &str)]) -> Reply {
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let text = format!("{request_line} HTTP/1.1\r\n{}Connection: close\r\n\r\n", headers.concat());
    parse(&send_bytes(port, text.as_bytes()))
}

/// Sends a request with a body to a port of this machine, and reads the answer.
///
/// # Panics
///
/// If nothing listens there, or the answer is not over in time.
#[must_use]
pub fn send_body(port: u16, request_line: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let text = format!(
        "{request_line} HTTP/1.1\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        headers.concat(),
        body.len()
    );
    parse(&send_bytes(port, text.as_bytes()))
}

/// Sends bytes, and reads until the server closes the connection.
///
/// # Panics
///
/// If nothing listens there, or the connection is not closed in time.
#[must_use]
pub fn send_bytes(port: u16, bytes: &[u8]) -> Vec<u8> {
    exchange(&TcpStream::connect(("127.0.0.1", port)).expect("the server listens"), bytes)
}

/// Opens an address as a browser would, by its host, port, path and query.
///
/// # Panics
///
/// If it is not the address of a server that listens, or the answer is not over in time.
#[must_use]
pub fn open(url: &str) -> Reply {
    let rest = url.strip_prefix("http://").expect("an address begins with `http://`");
    let (host, path) = rest.split_once('/').expect("an address has a path");
    let text = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    parse(&exchange(&TcpStream::connect(host).expect("the server listens"), text.as_bytes()))
}

/// Sends bytes, and reads until the other end closes the connection.
fn exchange(mut stream: &TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.set_read_timeout(Some(ANSWER)).expect("a socket takes a timeout");
    // A server that refuses may close before it has read all.
    _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        let reset = error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(
            reset,
            "no end of the answer within {ANSWER:?}: {error}; so far {:?}",
            String::from_utf8_lossy(&answer)
        );
    }
    answer
}

fn parse(answer: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    Reply {
        status: status.unwrap_or(0),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}
