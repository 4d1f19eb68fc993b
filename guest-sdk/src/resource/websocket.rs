//! Web sockets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmr_abi::event::{Resource, ResourceRequest};
use serde::Deserialize;

use super::{ResourceHandle, open, read};
use crate::engine::requests::request_resource;
use crate::engine::send_log;
use crate::event::Event;
use crate::reactive::handle::Handle;

/// A message of a web socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Message {
    /// The text; `None` for bytes.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(_) => None,
        }
    }
}

/// How a web socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The close code of the protocol, 1000 for instance; 1006 if the connection broke.
    pub code: u16,
    /// The reason given by the other side.
    pub reason: String,
    /// Whether both sides agreed to close.
    pub clean: bool,
}

/// Prepares a web socket to a URL that is absolute, or relative to the page. A swap keeps the connection open.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let last = signal(String::new());
/// let feed = websocket("feed", "/feed").on_message(move |message| last.set(message.text().unwrap_or("bytes").to_owned())).open();
/// view! { <button on:click={move |_| feed.send("more")}>{last}</button> }
/// # }
/// ```
pub fn websocket(name: &str, url: &str) -> WebSocketBuilder {
    WebSocketBuilder {
        name: name.to_owned(),
        url: url.to_owned(),
        protocols: Vec::new(),
        on_open: Box::new(|| {}),
        on_message: Box::new(|_| {}),
        on_close: Box::new(|_| {}),
    }
}

/// A web socket that is not opened yet.
#[must_use = "it connects only once it was opened"]
pub struct WebSocketBuilder {
    name: String,
    url: String,
    protocols: Vec<String>,
    on_open: Box<dyn FnMut()>,
    on_message: Box<dyn FnMut(Message)>,
    on_close: Box<dyn FnMut(Closed)>,
}

impl WebSocketBuilder {
    /// Offers a subprotocol.
    pub fn protocol(mut self, protocol: &str) -> Self {
        self.protocols.push(protocol.to_owned());
        self
    }

    /// Calls `f` when the connection opens. Code that was swapped in gets the open connection, and `f` is not called.
    pub fn on_open(mut self, f: impl FnMut() + 'static) -> Self {
        self.on_open = Box::new(f);
        self
    }

    /// Calls `f` with each message.
    pub fn on_message(mut self, f: impl FnMut(Message) + 'static) -> Self {
        self.on_message = Box::new(f);
        self
    }

    /// Calls `f` when the connection has ended, or could not be made.
    pub fn on_close(mut self, f: impl FnMut(Closed) + 'static) -> Self {
        self.on_close = Box::new(f);
        self
    }

    /// Connects, until the component is removed or the socket is closed.
    #[expect(clippy::must_use_candidate, reason = "a socket that only receives needs no handle")]
    pub fn open(self) -> WebSocket {
        let Self { name, url, protocols, mut on_open, mut on_message, mut on_close } = self;
        let call = Box::new(move |event: Event| {
            let Some(report) = read::<Report>(&event) else { return };
            match (report.state.as_str(), report.binary) {
                ("open", _) => on_open(),
                ("message", Some(bytes)) => match STANDARD.decode(bytes) {
                    Ok(bytes) => on_message(Message::Bytes(bytes)),
                    Err(error) => send_log(3, &format!("a message of a web socket: {error}")),
                },
                ("message", None) => on_message(Message::Text(report.data)),
                ("closed", _) => {
                    let Report { code, reason, clean, .. } = report;
                    on_close(Closed { code, reason, clean });
                }
                _ => {}
            }
        });
        WebSocket(Handle::new(open(&name, Resource::WebSocket { url, protocols }, call)))
    }
}

impl std::fmt::Debug for WebSocketBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocketBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A message of the engine, in any state.
#[derive(Deserialize)]
struct Report {
    state: String,
    #[serde(default)]
    data: String,
    #[serde(default)]
    binary: Option<String>,
    #[serde(default = "broken")]
    code: u16,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    clean: bool,
}

fn broken() -> u16 {
    1006
}

/// A web socket. `Copy`; it ends with its component.
#[derive(Debug, Clone, Copy)]
pub struct WebSocket(Handle<ResourceHandle>);

impl WebSocket {
    /// Sends text; text sent before the connection opens waits.
    pub fn send(self, text: impl Into<String>) {
        self.send_boxed(text.into(), false);
    }

    /// Sends bytes, as [`WebSocket::send`] does text.
    pub fn send_bytes(self, bytes: &[u8]) {
        self.send_boxed(STANDARD.encode(bytes), true);
    }

    fn send_boxed(self, data: String, binary: bool) {
        let handle = self.0.get();
        let open = handle.as_ref().and_then(|handle| handle.0.as_ref());
        let Some(open) = open.filter(|open| !open.closed.get()) else {
            send_log(2, "a message was sent through a web socket that is closed");
            return;
        };
        let (instance, key) = (open.instance.id, open.key.clone());
        request_resource(&ResourceRequest::Send { instance, key, data, binary });
    }

    /// Closes the connection before the component is removed.
    pub fn close(self) {
        if let Some(handle) = self.0.get() {
            handle.close();
        }
    }
}
