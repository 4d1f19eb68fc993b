//! The server behind the feed: it sends each page's notes to all pages. `feed-server [PORT]`, 7171 by default.
//!
//! A note that comes in as text goes out as `{"at":1700000000000,"text":"…"}`, `at` in milliseconds since the Unix epoch and
//! never twice the same. A new connection gets the latest 50 first. It serves this machine alone: it listens on the
//! loopback address, and takes no page from elsewhere.

mod fence;

use fence::{Fence, MAX_NOTE_LENGTH, Reader};
use std::env;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::Duration;
use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::http::StatusCode;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket, accept_hdr_with_config};

/// The port, if none is given; the demo's page knows it.
const PORT: u16 = 7171;

/// How long a connection listens before it checks for something to send.
const TURN: Duration = Duration::from_millis(50);

/// How long a client may take for the handshake, or to accept a note.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let port = match env::args().nth(1).map(|text| text.parse()) {
        None => PORT,
        Some(Ok(port)) => port,
        Some(Err(_)) => return fail("that is not a port: give a number up to 65535"),
    };
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => listener,
        Err(error) => return fail(&format!("port {port}: {error}")),
    };
    let address = listener.local_addr().map_or_else(|_| port.to_string(), |it| it.to_string());
    // Ignored: after the terminal is closed, nothing reads the address.
    drop(writeln!(stdout(), "the fence is at ws://{address}/"));

    let fence = Arc::new(Fence::default());
    for stream in listener.incoming().flatten() {
        let fence = Arc::clone(&fence);
        // If there are too many readers, the connection is closed, and the client tries again later.
        let Some(reader) = Fence::join(&fence) else { continue };
        thread::spawn(move || {
            if let Some(socket) = greet(stream) {
                talk(socket, &fence, &reader);
            }
        });
    }
    ExitCode::SUCCESS
}

fn fail(message: &str) -> ExitCode {
    drop(writeln!(stderr(), "error: {message}\nhint: feed-server [PORT]"));
    ExitCode::FAILURE
}

/// Makes a web socket of a connection, if a page of this machine requests it.
fn greet(stream: TcpStream) -> Option<WebSocket<TcpStream>> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(4 * MAX_NOTE_LENGTH))
        .max_frame_size(Some(4 * MAX_NOTE_LENGTH));
    let socket = accept_hdr_with_config(stream, from_here, Some(config)).ok()?;
    socket.get_ref().set_read_timeout(Some(TURN)).ok()?;
    Some(socket)
}

#[expect(clippy::result_large_err, reason = "the type is the library's")]
fn from_here(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    let origin = request.headers().get("origin");
    let Some(origin) = origin else { return Ok(response) };
    if origin.to_str().is_ok_and(is_of_this_machine) {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some("only for pages of this machine".to_owned()));
    *refusal.status_mut() = StatusCode::FORBIDDEN;
    Err(refusal)
}

/// Whether an origin, `http://localhost:8080`, is served by this machine.
fn is_of_this_machine(origin: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else { return false };
    let port = authority.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let host = port.map_or(authority, |(host, _)| host);
    ["localhost", "127.0.0.1", "[::1]"].contains(&host) || host.ends_with(".localhost")
}

/// Passes notes in both directions until the connection ends, or is too slow to follow.
fn talk(mut socket: WebSocket<TcpStream>, fence: &Fence, reader: &Reader) {
    loop {
        loop {
            match reader.notes.try_recv() {
                Ok(note) => {
                    if socket.send(Message::text(note)).is_err() {
                        return;
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        match socket.read() {
            Ok(Message::Text(text)) => fence.broadcast(&text),
            Ok(_) => {}
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_of_this_machine_are_let_in() {
        for good in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "https://[::1]:8080",
            "http://app.localhost:1",
        ] {
            assert!(is_of_this_machine(good), "{good}");
        }
        for bad in [
            "null",
            "http://example.org",
            "http://localhost.example.org:80",
            "http://127.0.0.1.example.org",
        ] {
            assert!(!is_of_this_machine(bad), "{bad}");
        }
    }
}
