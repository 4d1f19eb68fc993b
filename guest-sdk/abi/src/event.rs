//! What an engine tells a module (events), and what a module tells an engine besides DOM operations
//! (panics and resource requests): JSON each.

use serde::{Deserialize, Serialize};

/// Bit of `hmr_dispatch`'s answer: call `preventDefault`.
pub const DISPATCH_PREVENT: u32 = 1;
/// Bit of `hmr_dispatch`'s answer: call `stopPropagation`.
pub const DISPATCH_STOP: u32 = 2;
/// Bit of `hmr_dispatch`'s answer: there is no such handler any more, nothing ran.
pub const DISPATCH_INERT: u32 = 4;

/// What happened. One shape serves every kind of event: fields that its kind lacks stand at their default
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
    /// `data`, of input events; the text of a drag's `text/plain`, of drop events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
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

/// The message and place of a panic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicInfo {
    /// What the panic says.
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

/// Asks the engine to hold a resource for an instance, or to let it go. The engine owns it, by instance and
/// key: code that was swapped in asks again with the same key and arguments and gets the same live one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum ResourceRequest {
    /// Opens a resource, or adopts the live one of the same key, kind and arguments.
    Open {
        /// For whom.
        instance: u32,
        /// Its key: scopes, then the name, joined with `:`.
        key: String,
        /// What it is, with its arguments.
        #[serde(flatten)]
        resource: Resource,
        /// What `hmr_dispatch` is called with when it fires.
        handler: u32,
    },
    /// Closes a resource.
    Close {
        /// Whose.
        instance: u32,
        /// Its key.
        key: String,
    },
}

/// A kind of resource and its arguments.
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
    fn resource_requests_read_as_documented() {
        let text = r#"{"op":"open","instance":1,"key":"tick","kind":"interval","args":{"ms":100.0},"handler":7}"#;
        let request: ResourceRequest = serde_json::from_str(text).expect("a request");
        assert_eq!(serde_json::to_string(&request).expect("JSON"), text);
    }
}
