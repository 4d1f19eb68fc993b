//! Server-sent events.

use hmr_abi::event::Resource;
use serde::Deserialize;

use super::{ResourceHandle, open, read};
use crate::event::Event;
use crate::reactive::handle::Handle;

/// One event of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent {
    /// Its name; `message` for those without one.
    pub event: String,
    /// Its id; empty if it has none.
    pub id: String,
    /// Its data.
    pub data: String,
}

/// Prepares a connection to the events of a server at a URL that is absolute, or relative to the page. A swap keeps the connection open.
pub fn event_source(name: &str, url: &str) -> EventSourceBuilder {
    EventSourceBuilder {
        name: name.to_owned(),
        url: url.to_owned(),
        named: Vec::new(),
        on_open: Box::new(|| {}),
        on_error: Box::new(|_| {}),
    }
}

type OnEvent = Box<dyn FnMut(ServerEvent)>;

/// A connection to the events of a server that is not opened yet.
#[must_use = "it connects only once it was opened"]
pub struct EventSourceBuilder {
    name: String,
    url: String,
    named: Vec<(String, OnEvent)>,
    on_open: Box<dyn FnMut()>,
    on_error: Box<dyn FnMut(bool)>,
}

impl EventSourceBuilder {
    /// Calls `f` with each event that has no name.
    pub fn on_message(self, f: impl FnMut(ServerEvent) + 'static) -> Self {
        self.on("message", f)
    }

    /// Calls `f` with each event of this name.
    pub fn on(mut self, event: &str, f: impl FnMut(ServerEvent) + 'static) -> Self {
        self.named.push((event.to_owned(), Box::new(f)));
        self
    }

    /// Calls `f` when the connection opens. Code that was swapped in gets the open connection, and `f` is not called.
    pub fn on_open(mut self, f: impl FnMut() + 'static) -> Self {
        self.on_open = Box::new(f);
        self
    }

    /// Calls `f` when the connection broke: with `false` if the browser tries again, with `true` if it does not.
    pub fn on_error(mut self, f: impl FnMut(bool) + 'static) -> Self {
        self.on_error = Box::new(f);
        self
    }

    /// Connects, until the component is removed or the source is closed.
    #[expect(clippy::must_use_candidate, reason = "few need to close it themselves")]
    pub fn open(self) -> EventSource {
        let Self { name, url, mut named, mut on_open, mut on_error } = self;
        let mut events = Vec::new();
        for (event, _) in &named {
            if event != "message" && !events.contains(event) {
                events.push(event.clone());
            }
        }
        let call = Box::new(move |event: Event| {
            let Some(Report { state, closed, event, id, data }) = read(&event) else { return };
            match state.as_str() {
                "open" => on_open(),
                "error" => on_error(closed),
                "message" => {
                    let received = ServerEvent { event, id, data };
                    for (_, f) in named.iter_mut().filter(|(event, _)| *event == received.event) {
                        f(received.clone());
                    }
                }
                _ => {}
            }
        });
        EventSource(Handle::new(open(&name, Resource::EventSource { url, events }, call)))
    }
}

impl std::fmt::Debug for EventSourceBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventSourceBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A message of the engine, in any state.
#[derive(Deserialize)]
struct Report {
    state: String,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    event: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    data: String,
}

/// The events of a server. `Copy`; it ends with its component.
#[derive(Debug, Clone, Copy)]
pub struct EventSource(Handle<ResourceHandle>);

impl EventSource {
    /// Closes the connection before the component is removed.
    pub fn close(self) {
        if let Some(handle) = self.0.get() {
            handle.close();
        }
    }
}
