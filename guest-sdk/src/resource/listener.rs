//! Listeners at the window and the document.

use hmr_abi::event::{ListenerTarget, Resource};
use hmr_abi::ops::{LISTEN_CAPTURE, LISTEN_PASSIVE, LISTEN_PREVENT, LISTEN_STOP};

use super::{Call, ResourceHandle, open};
use crate::event::Event;

/// Calls `handler` for each event of this type at the window, `keydown` for instance, until the component is removed. The
/// resource is called `window.keydown`; [`Listener`] takes another name, and flags.
pub fn on_window(event: &str, handler: impl FnMut(Event) + 'static) -> ResourceHandle {
    Listener::window(event).open(handler)
}

/// Calls `handler` for each event of this type at the document, as [`on_window`] does at the window.
pub fn on_document(event: &str, handler: impl FnMut(Event) + 'static) -> ResourceHandle {
    Listener::document(event).open(handler)
}

/// A listener at the window or the document that is not opened yet.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// Listener::window("wheel").name("zoom").prevent().open(|event| log::info(event.delta_y()));
/// # view! {} }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it listens only once it was opened"]
pub struct Listener {
    target: ListenerTarget,
    event: String,
    name: Option<String>,
    flags: u8,
}

impl Listener {
    /// For an event at the window.
    pub fn window(event: &str) -> Self {
        Self::at(ListenerTarget::Window, event)
    }

    /// For an event at the document.
    pub fn document(event: &str) -> Self {
        Self::at(ListenerTarget::Document, event)
    }

    fn at(target: ListenerTarget, event: &str) -> Self {
        Self { target, event: event.to_owned(), name: None, flags: 0 }
    }

    /// Names the resource; otherwise it is called `window.` or `document.` and the event.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Prevents the browser's default action.
    pub fn prevent(self) -> Self {
        self.with(LISTEN_PREVENT)
    }

    /// Keeps the event from listeners further out.
    pub fn stop(self) -> Self {
        self.with(LISTEN_STOP)
    }

    /// Receives the event before the elements inside do.
    pub fn capture(self) -> Self {
        self.with(LISTEN_CAPTURE)
    }

    /// Promises not to prevent the browser's default action, so that the browser does not wait: scrolling stays smooth.
    pub fn passive(self) -> Self {
        self.with(LISTEN_PASSIVE)
    }

    fn with(mut self, flag: u8) -> Self {
        self.flags |= flag;
        self
    }

    /// Listens until the component is removed, or the handle is closed.
    pub fn open(self, handler: impl FnMut(Event) + 'static) -> ResourceHandle {
        self.open_boxed(Box::new(handler))
    }

    fn open_boxed(self, call: Call) -> ResourceHandle {
        let Self { target, event, name, flags } = self;
        let name = name.unwrap_or_else(|| match target {
            ListenerTarget::Window => format!("window.{event}"),
            ListenerTarget::Document => format!("document.{event}"),
        });
        open(&name, Resource::Listener { target, event, flags }, call)
    }
}
