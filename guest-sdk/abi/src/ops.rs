//! DOM operations: the batch that a module hands to the import `dom`.
//!
//! A batch is operations one after another: one byte of opcode, then the fields in the order in which
//! [`Op`] lists them. Integers are `u32`, little endian; flags are one byte; text is a `u32` length in
//! bytes followed by UTF-8. There is no padding and no terminator.
//!
//! The module numbers its nodes itself, with any `u32` from 1 to `0x7fff_ffff` that is not in use.
//! [`root_of`] names the element that an instance is mounted in: it may be the parent of an insertion
//! and nothing else.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::{DecodeError, Ops};

/// A node's number, chosen by the module.
pub type NodeId = u32;

/// The bit that marks a [`NodeId`] as an instance's root.
pub const ROOT_BIT: u32 = 0x8000_0000;

/// The node id of the element that `instance` is mounted in.
#[must_use]
pub const fn root_of(instance: u32) -> NodeId {
    ROOT_BIT | instance
}

/// Flag of [`Op::Listen`]: call `preventDefault` at once, whether the handler runs now or later.
pub const LISTEN_PREVENT: u8 = 1;
/// Flag of [`Op::Listen`]: call `stopPropagation` at once.
pub const LISTEN_STOP: u8 = 2;
/// Flag of [`Op::Listen`]: listen in the capture phase.
pub const LISTEN_CAPTURE: u8 = 4;
/// Flag of [`Op::Listen`]: promise not to prevent the default (`passive: true`).
pub const LISTEN_PASSIVE: u8 = 8;

/// The namespace of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Namespace {
    /// `http://www.w3.org/1999/xhtml`
    Html = 0,
    /// `http://www.w3.org/2000/svg`
    Svg = 1,
    /// `http://www.w3.org/1998/Math/MathML`
    MathMl = 2,
}

/// The methods of elements that [`Op::Call`] can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Method {
    /// `focus()`
    Focus = 0,
    /// `blur()`
    Blur = 1,
    /// `select()`
    Select = 2,
    /// `scrollIntoView({ block: "nearest" })`
    ScrollIntoView = 3,
}

/// One DOM operation. The number in each variant's comment is its opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op<'a> {
    /// 1: a new element, not yet in the document.
    CreateElement {
        /// The new node.
        id: NodeId,
        /// Its namespace, one byte.
        namespace: Namespace,
        /// The qualified name, as `createElementNS` takes it.
        tag: &'a str,
    },
    /// 2: a new text node.
    CreateText {
        /// The new node.
        id: NodeId,
        /// Its data.
        text: &'a str,
    },
    /// 3: a new empty comment, which marks where dynamic content goes.
    CreateMarker {
        /// The new node.
        id: NodeId,
    },
    /// 4: inserts `child`, moving it if it has a parent.
    Insert {
        /// An element, or an instance's root.
        parent: NodeId,
        /// The node to insert.
        child: NodeId,
        /// The child of `parent` to insert in front of; 0 appends.
        before: NodeId,
    },
    /// 5: removes a node and everything below it: their ids are free again.
    Remove {
        /// The node.
        id: NodeId,
    },
    /// 6: sets an attribute.
    SetAttribute {
        /// The element.
        id: NodeId,
        /// The attribute's qualified name.
        name: &'a str,
        /// Its value.
        value: &'a str,
    },
    /// 7: removes an attribute.
    RemoveAttribute {
        /// The element.
        id: NodeId,
        /// The attribute's qualified name.
        name: &'a str,
    },
    /// 8: sets a JavaScript property.
    SetProperty {
        /// The element.
        id: NodeId,
        /// The property's name, `value` or `checked` for instance.
        name: &'a str,
        /// Its value as JSON text.
        json: &'a str,
    },
    /// 9: replaces a text node's data.
    SetText {
        /// The text node.
        id: NodeId,
        /// The new data.
        text: &'a str,
    },
    /// 10: adds or removes one class; the others stay.
    SetClass {
        /// The element.
        id: NodeId,
        /// The class; one token.
        name: &'a str,
        /// One byte: 1 adds, 0 removes.
        on: bool,
    },
    /// 11: sets one style property; empty text removes it; the others stay.
    SetStyle {
        /// The element.
        id: NodeId,
        /// The CSS property's name, custom properties included.
        name: &'a str,
        /// Its value, without `!important`.
        value: &'a str,
    },
    /// 12: listens for an event. One handler for each element, event and phase: a second replaces the first.
    Listen {
        /// The element.
        id: NodeId,
        /// The event's type, `click` for instance.
        event: &'a str,
        /// The number passed to `hmr_dispatch`.
        handler: u32,
        /// One byte, a sum of the `LISTEN_` constants.
        flags: u8,
    },
    /// 13: stops listening.
    Unlisten {
        /// The element.
        id: NodeId,
        /// The event's type.
        event: &'a str,
        /// One byte; only [`LISTEN_CAPTURE`] counts.
        flags: u8,
    },
    /// 14: gives a node an identity among its siblings, by which a swap finds it again.
    SetKey {
        /// The node.
        id: NodeId,
        /// The key; equal keys of siblings are one identity.
        key: &'a str,
    },
    /// 15: calls a method of an element.
    Call {
        /// The element.
        id: NodeId,
        /// Which method, one byte.
        method: Method,
    },
    /// 16: draws on a `canvas`.
    Draw {
        /// The element.
        id: NodeId,
        /// The commands as JSON; see [`crate::drawing`].
        commands: &'a str,
    },
}
