//! Messages from an engine to a module (events), and from a module to an engine besides DOM operations
//! (panics and resource requests): JSON each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::cut_owned;

/// Bit of `hmr_dispatch`'s answer: call `preventDefault`.
pub const DISPATCH_PREVENT: u32 = 1;
/// Bit of `hmr_dispatch`'s answer: call `stopPropagation`.
pub const DISPATCH_STOP: u32 = 2;
/// Bit of `hmr_dispatch`'s answer: the handler no longer exists, nothing ran.
pub const DISPATCH_INERT: u32 = 4;

/// An event. One shape serves every kind of event: fields that its kind lacks have their default value
/// and may be left out of the JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape is the DOM's")]
pub struct EventData {
    /// The event's type: `click`, `input`, …; for a resource its kind, `interval` for instance.
    #[serde(rename = "type")]
    pub kind: String,
    /// `currentTarget.value`, of form fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `currentTarget.checked`, of check boxes and radio buttons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<bool>,
    /// `key`, of keyboard events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `code`, of keyboard events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `data`, of input events; the text of a drag's `text/plain`, of drop events; the value that a resource or a port
    /// sends, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The files that the reader has chosen in the field that listens, or dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileData>,
    /// Whether the key is held down and repeats.
    pub repeat: bool,
    /// Whether an input method is composing.
    pub is_composing: bool,
    /// `altKey`
    pub alt_key: bool,
    /// `ctrlKey`
    pub ctrl_key: bool,
    /// `metaKey`
    pub meta_key: bool,
    /// `shiftKey`
    pub shift_key: bool,
    /// `button`, of pointer and mouse events.
    pub button: i32,
    /// `buttons`, of pointer and mouse events; a bit mask.
    pub buttons: u32,
    /// `clientX`, in CSS pixels from the viewport's left edge.
    pub client_x: f64,
    /// `clientY`, in CSS pixels from the viewport's top edge.
    pub client_y: f64,
    /// `offsetX`, in CSS pixels from the target's padding edge.
    pub offset_x: f64,
    /// `offsetY`, in CSS pixels from the target's padding edge.
    pub offset_y: f64,
    /// `deltaX`, of wheel events.
    pub delta_x: f64,
    /// `deltaY`, of wheel events.
    pub delta_y: f64,
    /// `currentTarget.scrollTop`, of scroll events, in CSS pixels.
    pub scroll_top: f64,
    /// `currentTarget.scrollLeft`, of scroll events, in CSS pixels.
    pub scroll_left: f64,
    /// When it happened, in milliseconds since the Unix epoch; the clock of the import `now`.
    pub time: f64,
}

/// A file that the reader has chosen. The engine has its content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileData {
    /// By which the engine knows it, until the page is loaded again.
    pub id: String,
    /// Its name, without a folder.
    pub name: String,
    /// Its media type, `image/png` for instance; empty if it is not known.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed last, in milliseconds since the Unix epoch.
    pub modified: f64,
}

/// The message and place of a panic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicInfo {
    /// The panic's message.
    pub message: String,
    /// The source file, as the compiler named it.
    #[serde(default)]
    pub file: String,
    /// The line, counted from 1; 0 if unknown.
    #[serde(default)]
    pub line: u32,
    /// The column, counted from 1; 0 if unknown.
    #[serde(default)]
    pub column: u32,
}

impl PanicInfo {
    /// Reads what the import `panic` was called with: JSON, or else text that is the message. Long texts are cut.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let info: Self = serde_json::from_slice(bytes).unwrap_or_else(|_| Self {
            message: String::from_utf8_lossy(bytes).into_owned(),
            ..Self::default()
        });
        Self { message: cut_owned(info.message), file: cut_owned(info.file), ..info }
    }
}

/// Requests the engine to open, use or close a resource of an instance. The engine owns it, by instance and
/// key: code that was swapped in asks again with the same key and arguments and gets the same live one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum ResourceRequest {
    /// Opens a resource, or adopts the live one of the same key, kind and arguments.
    Open {
        /// The instance.
        instance: u32,
        /// Its key: scopes, then the name, joined with `:`.
        key: String,
        /// The kind of resource, with its arguments.
        #[serde(flatten)]
        resource: Resource,
        /// The number passed to `hmr_dispatch` when it fires.
        handler: u32,
        /// Whether new code gets the answer that the old code got already.
        #[serde(default, skip_serializing_if = "is_false")]
        replay: bool,
    },
    /// Sends through an open web socket; text sent before it is open waits.
    Send {
        /// The instance.
        instance: u32,
        /// Its key.
        key: String,
        /// The message: text, or bytes as standard Base64.
        data: String,
        /// Whether `data` is Base64.
        #[serde(default, skip_serializing_if = "is_false")]
        binary: bool,
    },
    /// Closes a resource.
    Close {
        /// The instance.
        instance: u32,
        /// Its key.
        key: String,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A kind of resource and its arguments. `docs/abi.md` lists the events of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "args", rename_all = "kebab-case")]
pub enum Resource {
    /// Fires again and again.
    Interval {
        /// The period in milliseconds, at least 1.
        ms: f64,
    },
    /// Fires once, then is closed.
    Timeout {
        /// The delay in milliseconds.
        ms: f64,
    },
    /// Fires before each repaint.
    AnimationFrame {},
    /// Fires for each event at the window or the document.
    Listener {
        /// Where to listen.
        target: ListenerTarget,
        /// The event's type, `keydown` for instance.
        event: String,
        /// The flags of the DOM operation `listen`.
        #[serde(default)]
        flags: u8,
    },
    /// Fires when an element's content box changes its size, and once at first.
    ResizeObserver {
        /// The module's number of the element. It does not count when arguments are compared.
        node: u32,
    },
    /// Fires when an element comes into view or leaves it, and once at first.
    IntersectionObserver {
        /// As for `ResizeObserver`.
        node: u32,
        /// The share of the element that must be visible, 0 to 1.
        #[serde(default)]
        threshold: f64,
    },
    /// Fires when something below an element changes.
    MutationObserver {
        /// As for `ResizeObserver`.
        node: u32,
    },
    /// Fires when a media query begins or ceases to match, and once at first.
    MediaQuery {
        /// The query, `(min-width: 40rem)` for instance.
        query: String,
    },
    /// A web socket.
    #[serde(rename = "websocket")]
    WebSocket {
        /// Absolute, or relative to the page.
        url: String,
        /// The subprotocols to offer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        protocols: Vec<String>,
    },
    /// A stream of server-sent events.
    EventSource {
        /// Absolute, or relative to the page.
        url: String,
        /// The events to listen for besides `message`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        events: Vec<String>,
    },
    /// An HTTP request. Fires once, then ends.
    Request {
        /// The method, in capitals.
        method: String,
        /// Absolute, or relative to the page.
        url: String,
        /// Header fields by name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    /// Fires when another page of the same origin changes the storage.
    Storage {
        /// Which storage.
        area: StorageArea,
        /// The item; all if it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<String>,
    },
    /// Fires when the page has another address: [`crate::read::Location`]. It may also follow links within the application.
    Location {
        /// The path below which clicks on links lead to another address without a load; without it, links are left to the browser.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        links: Option<String>,
    },
    /// A call of a function that the page has registered. Fires once with the result, then ends.
    Call {
        /// The function's name.
        function: String,
        /// Its argument.
        argument: Value,
    },
}

impl ResourceRequest {
    /// The instance of the resource.
    #[must_use]
    pub fn instance(&self) -> u32 {
        match self {
            Self::Open { instance, .. }
            | Self::Send { instance, .. }
            | Self::Close { instance, .. } => *instance,
        }
    }
}

impl Resource {
    /// The kind's name, as requests and events have it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Interval { .. } => "interval",
            Self::Timeout { .. } => "timeout",
            Self::AnimationFrame {} => "animation-frame",
            Self::Listener { .. } => "listener",
            Self::ResizeObserver { .. } => "resize-observer",
            Self::IntersectionObserver { .. } => "intersection-observer",
            Self::MutationObserver { .. } => "mutation-observer",
            Self::MediaQuery { .. } => "media-query",
            Self::WebSocket { .. } => "websocket",
            Self::EventSource { .. } => "event-source",
            Self::Request { .. } => "request",
            Self::Storage { .. } => "storage",
            Self::Location { .. } => "location",
            Self::Call { .. } => "call",
        }
    }

    /// Whether it ends after firing once.
    #[must_use]
    pub fn is_one_shot(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Request { .. } | Self::Call { .. })
    }

    fn without_node(&self) -> Self {
        let mut plain = self.clone();
        if let Self::ResizeObserver { node }
        | Self::IntersectionObserver { node, .. }
        | Self::MutationObserver { node } = &mut plain
        {
            *node = 0;
        }
        plain
    }

    /// Whether the kind and the arguments are the same; the element of an observer may be another one.
    #[must_use]
    pub fn same_arguments(&self, other: &Self) -> bool {
        self.without_node() == other.without_node()
    }
}

/// The target of a [`Resource::Listener`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerTarget {
    /// The window.
    Window,
    /// The document.
    Document,
}

/// A web storage area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageArea {
    /// `localStorage`
    Local,
    /// `sessionStorage`
    Session,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_may_leave_fields_out() {
        let event: EventData =
            serde_json::from_str(r#"{"type":"click","shiftKey":true}"#).expect("an event");
        assert_eq!((event.kind.as_str(), event.shift_key, event.value), ("click", true, None));
    }

    #[test]
    fn an_observer_may_have_another_element() {
        let of = |node| Resource::IntersectionObserver { node, threshold: 0.5 };
        assert!(of(1).same_arguments(&of(2)));
        assert!(!of(1).same_arguments(&Resource::IntersectionObserver { node: 1, threshold: 0.6 }));
        assert!(!of(1).same_arguments(&Resource::MutationObserver { node: 1 }));
    }

    #[test]
    fn resource_requests_read_as_documented() {
        let text = r#"{"op":"open","instance":1,"key":"tick","kind":"interval","args":{"ms":100.0},"handler":7}"#;
        let request: ResourceRequest = serde_json::from_str(text).expect("a request");
        assert_eq!(serde_json::to_string(&request).expect("JSON"), text);
    }
}
