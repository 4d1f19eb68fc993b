//! A server for the demo's feed: it counts connections, records messages, and sends notes continuously on request.

use serde_json::json;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tungstenite::{Error, Message, WebSocket, accept};

/// The time between two notes.
const PACE: Duration = Duration::from_millis(40);

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Feed {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    connections: usize,
    sending: bool,
    last_note: u64,
    received: Vec<String>,
    ended: bool,
}

impl Feed {
    /// Listens on a free port.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let feed = Self { port, shared: Arc::default() };
        let shared = Arc::clone(&feed.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if lock(&shared).ended {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        feed
    }

    /// The address of its web socket.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// How many web sockets were connected so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.shared).connections
    }

    /// The messages received so far.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        lock(&self.shared).received.clone()
    }

    /// Sends `note 1`, `note 2` and so on, each once, until it is stopped.
    pub fn start_notes(&self) {
        lock(&self.shared).sending = true;
    }

    /// Stops sending; returns the number of the last note.
    #[must_use]
    pub fn stop_notes(&self) -> u64 {
        let mut shared = lock(&self.shared);
        shared.sending = false;
        shared.last_note
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        lock(&self.shared).ended = true;
        // The listener sees the end at the next connection.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

/// Serves one connection until it, or the server, ends.
fn serve(stream: TcpStream, shared: &Mutex<Shared>) {
    let Ok(mut socket) = accept(stream) else { return };
    lock(shared).connections += 1;
    if socket.get_ref().set_read_timeout(Some(PACE)).is_err() {
        return;
    }
    while !lock(shared).ended {
        match socket.read() {
            Ok(Message::Text(text)) => lock(shared).received.push(text.to_string()),
            Ok(_) => {}
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        if send_next(&mut socket, shared).is_err() {
            return;
        }
    }
}

/// Sends the next note, if notes were started.
fn send_next(socket: &mut WebSocket<TcpStream>, shared: &Mutex<Shared>) -> Result<(), Error> {
    let mut shared = lock(shared);
    if !shared.sending {
        return Ok(());
    }
    shared.last_note += 1;
    let number = shared.last_note;
    let note = json!({ "at": number, "text": format!("note {number}") });
    socket.send(Message::text(note.to_string()))
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
