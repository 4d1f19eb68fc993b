//! The far ends of web sockets and event sources.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmr_abi::event::Resource;
use serde_json::{Value, json};

use super::Page;
use super::error::PageError;
use crate::environment::network::{Message, WireState};
use crate::environment::resources::Live;
use crate::page::PageState;

/// The common part of both kinds of stream: a resource, and its wire.
#[derive(Debug, Clone)]
struct End {
    page: Page,
    live: Live,
}

impl End {
    fn state(&self) -> WireState {
        self.page.state.borrow().environment.network.state(self.live.serial)
    }

    /// Fires the module's handler.
    fn fire(&self, data: &Value) {
        self.page.act(|state| self.fire_in(state, data));
    }

    fn fire_in(&self, state: &mut PageState, data: &Value) {
        state.environment.fire(self.live.serial, Some(data.to_string()));
    }

    fn open(&self) {
        self.page.act(|state| {
            if state.environment.network.accept(self.live.serial) {
                self.fire_in(state, &json!({ "state": "open" }));
            }
        });
    }

    /// The last event that the handler receives.
    fn end(&self, data: &Value) {
        self.page.act(|state| {
            if state.environment.network.state(self.live.serial) != WireState::Closed {
                self.fire_in(state, data);
                state.environment.resources.ended(self.live.serial);
                state.environment.network.close(self.live.serial);
            }
        });
    }

    fn needs_open(&self, url: &str) -> Result<(), PageError> {
        if self.state() == WireState::Open {
            return Ok(());
        }
        Err(PageError::Unable { tag: url.to_owned(), why: "is not open" })
    }
}

impl Page {
    fn streams<T>(
        &self,
        which: impl Fn(&Resource) -> bool,
        make: impl Fn(End) -> Option<T>,
    ) -> Vec<T> {
        let found = self.state.borrow().environment.resources.running(which);
        found.into_iter().filter_map(|live| make(End { page: self.clone(), live })).collect()
    }

    /// The web sockets that modules hold, in the order in which they were opened: those that wait for being accepted, and
    /// those that are open.
    ///
    /// ```no_run
    /// # use hmr_headless::PageError;
    /// # fn test(page: &hmr_headless::Page) -> Result<(), PageError> {
    /// let socket = page.sockets().remove(0);
    /// assert_eq!(socket.url(), "/chat");
    /// socket.accept();
    /// socket.send("hello")?;
    /// assert_eq!(page.texts("li"), ["hello"]);
    ///
    /// page.find("input")?.type_text("good morning")?.press("Enter")?;
    /// assert_eq!(socket.received(), ["good morning"]);
    ///
    /// socket.close(1001, "the server restarts");
    /// assert!(!socket.is_open());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.streams(
            |resource| matches!(resource, Resource::WebSocket { .. }),
            |end| {
                let Resource::WebSocket { url, protocols } = end.live.resource.clone() else {
                    return None;
                };
                Some(Socket { end, url, protocols })
            },
        )
    }

    /// The event sources that modules hold, in the order in which they were opened.
    ///
    /// ```no_run
    /// # use hmr_headless::PageError;
    /// # fn test(page: &hmr_headless::Page) -> Result<(), PageError> {
    /// let source = page.event_sources().remove(0);
    /// source.open();
    /// source.send("message", "hello")?;
    /// source.fail();
    /// assert_eq!(page.text(".status"), "connecting again");
    /// source.open();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn event_sources(&self) -> Vec<EventSource> {
        self.streams(
            |resource| matches!(resource, Resource::EventSource { .. }),
            |end| {
                let Resource::EventSource { url, events } = end.live.resource.clone() else {
                    return None;
                };
                Some(EventSource { end, url, events })
            },
        )
    }
}

/// The far end of a web socket: what the server sees of it, and does. It stays the same through a swap that keeps the socket.
#[derive(Debug, Clone)]
pub struct Socket {
    end: End,
    url: String,
    protocols: Vec<String>,
}

impl Socket {
    /// As the module wrote it: absolute, or relative to the page.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The subprotocols that the module offers.
    #[must_use]
    pub fn protocols(&self) -> &[String] {
        &self.protocols
    }

    /// Whose it is.
    #[must_use]
    pub fn instance(&self) -> u32 {
        self.end.live.instance
    }

    /// Its key: scopes, then the name, joined with `:`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.end.live.key
    }

    /// Opens the connection. The module's earlier messages are received now, in order.
    pub fn accept(&self) {
        self.end.open();
    }

    /// Whether messages can go either way.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.end.state() == WireState::Open
    }

    /// Sends a text to the module.
    pub fn send(&self, text: &str) -> Result<(), PageError> {
        self.end.needs_open(&self.url)?;
        self.end.fire(&json!({ "state": "message", "data": text }));
        Ok(())
    }

    /// Sends bytes to the module.
    pub fn send_bytes(&self, bytes: &[u8]) -> Result<(), PageError> {
        self.end.needs_open(&self.url)?;
        self.end.fire(&json!({ "state": "message", "binary": BASE64.encode(bytes) }));
        Ok(())
    }

    /// All that the module has sent so far.
    #[must_use]
    pub fn received(&self) -> Vec<Message> {
        let state = self.end.page.state.borrow();
        state.environment.network.received(self.end.live.serial)
    }

    /// Closes it, or refuses to accept it. 1000 is the code of an ordinary end; 1006 means a lost connection, and is
    /// not clean.
    pub fn close(&self, code: u16, reason: &str) {
        let clean = code != 1006;
        self.end.end(&json!({ "state": "closed", "code": code, "reason": reason, "clean": clean }));
    }
}

/// The far end of an event source. It stays the same through a swap that keeps the event source.
#[derive(Debug, Clone)]
pub struct EventSource {
    end: End,
    url: String,
    events: Vec<String>,
}

impl EventSource {
    /// As the module wrote it: absolute, or relative to the page.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The events that the module listens for besides `message`.
    #[must_use]
    pub fn events(&self) -> &[String] {
        &self.events
    }

    /// Whose it is.
    #[must_use]
    pub fn instance(&self) -> u32 {
        self.end.live.instance
    }

    /// Its key: scopes, then the name, joined with `:`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.end.live.key
    }

    /// Lets the connection come about, for the first time or again.
    pub fn open(&self) {
        self.end.open();
    }

    /// Whether events can come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.end.state() == WireState::Open
    }

    /// Sends an event. The module receives it if it listens for the event's name; for `message` it always does.
    pub fn send(&self, event: &str, data: &str) -> Result<(), PageError> {
        self.end.needs_open(&self.url)?;
        if event == "message" || self.events.iter().any(|name| name == event) {
            self.end.fire(&json!({ "state": "message", "event": event, "id": "", "data": data }));
        }
        Ok(())
    }

    /// Loses the connection, so that the browser connects again: [`EventSource::open`] lets it.
    pub fn fail(&self) {
        self.end.page.act(|state| {
            if state.environment.network.disconnect(self.end.live.serial) {
                self.end.fire_in(state, &json!({ "state": "error", "closed": false }));
            }
        });
    }

    /// Ends it permanently, as an answer of the wrong kind does.
    pub fn end(&self) {
        self.end.end(&json!({ "state": "error", "closed": true }));
    }
}
