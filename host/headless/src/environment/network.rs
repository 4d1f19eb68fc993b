//! The connections of web sockets and event sources, and what modules sent through them.
//!
//! The table of resources lists the open ones; this keeps what went over the wire. Nothing leaves the process.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A message that went through a web socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl PartialEq<&str> for Message {
    fn eq(&self, text: &&str) -> bool {
        matches!(self, Self::Text(own) if own == text)
    }
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireState {
    Connecting,
    Open,
    Closed,
}

/// A web socket or an event source.
#[derive(Debug, Clone)]
struct Wire {
    state: WireState,
    /// The module's messages from before the socket was open.
    waiting: Vec<Message>,
    received: Vec<Message>,
}

/// The network traffic, by the serial numbers of the resources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    wires: BTreeMap<u64, Wire>,
}

impl Network {
    pub(crate) fn connect(&mut self, serial: u64) {
        let wire = Wire { state: WireState::Connecting, waiting: Vec::new(), received: Vec::new() };
        self.wires.insert(serial, wire);
    }

    /// Closes the module's side. The received messages stay readable.
    pub(crate) fn close(&mut self, serial: u64) {
        if let Some(wire) = self.wires.get_mut(&serial) {
            wire.state = WireState::Closed;
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
            match wire.state {
                WireState::Connecting => wire.waiting.push(message),
                WireState::Open => wire.received.push(message),
                WireState::Closed => {}
            }
        }
        true
    }

    pub(crate) fn state(&self, serial: u64) -> WireState {
        self.wires.get(&serial).map_or(WireState::Closed, |wire| wire.state)
    }

    /// Opens a connection, and takes what waited for that. The answer is whether it was waiting for it.
    pub(crate) fn accept(&mut self, serial: u64) -> bool {
        let waits = |wire: &&mut Wire| wire.state == WireState::Connecting;
        let Some(wire) = self.wires.get_mut(&serial).filter(waits) else { return false };
        wire.state = WireState::Open;
        wire.received.append(&mut wire.waiting);
        true
    }

    /// Loses an open connection, so that it can be opened again. Returns whether it was open or connecting.
    pub(crate) fn disconnect(&mut self, serial: u64) -> bool {
        let is_used = |wire: &&mut Wire| wire.state != WireState::Closed;
        let Some(wire) = self.wires.get_mut(&serial).filter(is_used) else { return false };
        wire.state = WireState::Connecting;
        true
    }

    /// All that a module has sent through a socket.
    pub(crate) fn received(&self, serial: u64) -> Vec<Message> {
        self.wires.get(&serial).map(|wire| wire.received.clone()).unwrap_or_default()
    }
}
