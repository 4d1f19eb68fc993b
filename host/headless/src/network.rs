//! The network as a test plays it: requests that it answers, and the far ends of sockets and event sources.
//!
//! The table of resources lists the open ones; this keeps what went over the wire ([`Network`]). Nothing leaves the process.

mod http;
mod streams;

pub use http::{Request, Response};
pub use streams::{EventSource, Message, Socket};

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use self::http::Server;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Open,
    Closed,
}

/// A web socket or an event source.
#[derive(Debug, Clone)]
struct Wire {
    stage: Stage,
    /// The module's messages from before the socket was open.
    waiting: Vec<Message>,
    received: Vec<Message>,
}

/// The network traffic, by the serial numbers of the resources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    wires: BTreeMap<u64, Wire>,
    servers: Vec<Server>,
}

impl Network {
    pub(crate) fn connect(&mut self, serial: u64) {
        let wire = Wire { stage: Stage::Connecting, waiting: Vec::new(), received: Vec::new() };
        self.wires.insert(serial, wire);
    }

    /// Closes the module's side. The received messages stay readable.
    pub(crate) fn close(&mut self, serial: u64) {
        if let Some(wire) = self.wires.get_mut(&serial) {
            wire.stage = Stage::Closed;
            wire.waiting.clear();
        }
    }

    /// Takes a message from the module's side. The answer is whether it could be read.
    pub(crate) fn send(&mut self, serial: u64, data: String, binary: bool) -> bool {
        let message = if binary {
            let Ok(bytes) = BASE64.decode(data) else { return false };
            Message::Bytes(bytes)
        } else {
            Message::Text(data)
        };
        if let Some(wire) = self.wires.get_mut(&serial) {
            match wire.stage {
                Stage::Connecting => wire.waiting.push(message),
                Stage::Open => wire.received.push(message),
                Stage::Closed => {}
            }
        }
        true
    }

    fn stage(&self, serial: u64) -> Stage {
        self.wires.get(&serial).map_or(Stage::Closed, |wire| wire.stage)
    }

    /// Opens a connection, and takes what waited for that. The answer is whether it was waiting for it.
    fn accept(&mut self, serial: u64) -> bool {
        let waits = |wire: &&mut Wire| wire.stage == Stage::Connecting;
        let Some(wire) = self.wires.get_mut(&serial).filter(waits) else { return false };
        wire.stage = Stage::Open;
        wire.received.append(&mut wire.waiting);
        true
    }
}
