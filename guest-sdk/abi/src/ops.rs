//! DOM operations: the batch that a module hands to the import `dom`.
//!
//! A batch is operations one after another: one byte of opcode, then the fields in the order in which
//! [`Op`] lists them. Integers are `u32`, little endian; flags are one byte; text is a `u32` length in
//! bytes followed by UTF-8. There is no padding and no terminator.
//!
//! The module numbers its nodes itself, with any `u32` from 1 to `0x7fff_ffff` that is not in use.
//! [`root_of`] names the element that an instance is mounted in: it may be the parent of an insertion
//! and nothing else.

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
        /// The text to insert.
        child: NodeId,
        /// The child of `parent` to insert in front of; 0 appends.
        before: NodeId,
    },
    /// 5: takes a node out and forgets it and everything below it: their ids are free again.
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
    /// 10: adds or takes away one class, leaving the others.
    SetClass {
        /// The element.
        id: NodeId,
        /// The class; one token.
        name: &'a str,
        /// One byte: 1 adds, 0 takes away.
        on: bool,
    },
    /// 11: sets one style property, leaving the others; empty text takes it away.
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
}

/// Why a batch could not be decoded. Offsets are bytes from the batch's start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The batch ends inside an operation.
    #[error("the batch ends inside the operation at byte {0}")]
    Truncated(usize),
    /// The opcode, namespace or method is unknown.
    #[error("byte {at}: {value} is no {what}")]
    Unknown {
        /// Its position.
        at: usize,
        /// The expected field: `opcode`, `namespace`, `method` or `flag`.
        what: &'static str,
        /// The actual value.
        value: u8,
    },
    /// Text that is not UTF-8.
    #[error("byte {0}: text that is not UTF-8")]
    NotText(usize),
}

impl Op<'_> {
    /// Appends the operation to a batch.
    pub fn encode(&self, batch: &mut Vec<u8>) {
        let mut out = Writer(batch);
        match *self {
            Op::CreateElement { id, namespace, tag } => {
                out.byte(1).int(id).byte(namespace as u8).text(tag);
            }
            Op::CreateText { id, text } => _ = out.byte(2).int(id).text(text),
            Op::CreateMarker { id } => _ = out.byte(3).int(id),
            Op::Insert { parent, child, before } => {
                out.byte(4).int(parent).int(child).int(before);
            }
            Op::Remove { id } => _ = out.byte(5).int(id),
            Op::SetAttribute { id, name, value } => _ = out.byte(6).int(id).text(name).text(value),
            Op::RemoveAttribute { id, name } => _ = out.byte(7).int(id).text(name),
            Op::SetProperty { id, name, json } => _ = out.byte(8).int(id).text(name).text(json),
            Op::SetText { id, text } => _ = out.byte(9).int(id).text(text),
            Op::SetClass { id, name, on } => _ = out.byte(10).int(id).text(name).byte(u8::from(on)),
            Op::SetStyle { id, name, value } => _ = out.byte(11).int(id).text(name).text(value),
            Op::Listen { id, event, handler, flags } => {
                out.byte(12).int(id).text(event).int(handler).byte(flags);
            }
            Op::Unlisten { id, event, flags } => _ = out.byte(13).int(id).text(event).byte(flags),
            Op::SetKey { id, key } => _ = out.byte(14).int(id).text(key),
            Op::Call { id, method } => _ = out.byte(15).int(id).byte(method as u8),
        }
    }
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn int(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Text over 4 GiB cannot exist in a 32-bit memory; were it handed in on a host, it is cut there.
    fn text(&mut self, value: &str) -> &mut Self {
        let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.int(len).0.extend_from_slice(&value.as_bytes()[..len as usize]);
        self
    }
}

/// Decodes a batch, operation by operation. After an error the iterator ends.
#[derive(Debug, Clone)]
pub struct Ops<'a> {
    batch: &'a [u8],
    at: usize,
}

impl<'a> Ops<'a> {
    /// Starts at the beginning of `batch`.
    #[must_use]
    pub const fn new(batch: &'a [u8]) -> Self {
        Self { batch, at: 0 }
    }

    fn op(&mut self) -> Result<Op<'a>, DecodeError> {
        let start = self.at;
        let opcode = self.byte(start)?;
        Ok(match opcode {
            1 => Op::CreateElement {
                id: self.int(start)?,
                namespace: self.namespace(start)?,
                tag: self.text(start)?,
            },
            2 => Op::CreateText { id: self.int(start)?, text: self.text(start)? },
            3 => Op::CreateMarker { id: self.int(start)? },
            4 => Op::Insert {
                parent: self.int(start)?,
                child: self.int(start)?,
                before: self.int(start)?,
            },
            5 => Op::Remove { id: self.int(start)? },
            6 => Op::SetAttribute {
                id: self.int(start)?,
                name: self.text(start)?,
                value: self.text(start)?,
            },
            7 => Op::RemoveAttribute { id: self.int(start)?, name: self.text(start)? },
            8 => Op::SetProperty {
                id: self.int(start)?,
                name: self.text(start)?,
                json: self.text(start)?,
            },
            9 => Op::SetText { id: self.int(start)?, text: self.text(start)? },
            10 => Op::SetClass {
                id: self.int(start)?,
                name: self.text(start)?,
                on: self.flag(start)?,
            },
            11 => Op::SetStyle {
                id: self.int(start)?,
                name: self.text(start)?,
                value: self.text(start)?,
            },
            12 => Op::Listen {
                id: self.int(start)?,
                event: self.text(start)?,
                handler: self.int(start)?,
                flags: self.byte(start)?,
            },
            13 => Op::Unlisten {
                id: self.int(start)?,
                event: self.text(start)?,
                flags: self.byte(start)?,
            },
            14 => Op::SetKey { id: self.int(start)?, key: self.text(start)? },
            15 => Op::Call { id: self.int(start)?, method: self.method(start)? },
            value => return Err(DecodeError::Unknown { at: start, what: "opcode", value }),
        })
    }

    fn take(&mut self, len: usize, start: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(len).ok_or(DecodeError::Truncated(start))?;
        let bytes = self.batch.get(self.at..end).ok_or(DecodeError::Truncated(start))?;
        self.at = end;
        Ok(bytes)
    }

    fn byte(&mut self, start: usize) -> Result<u8, DecodeError> {
        Ok(self.take(1, start)?[0])
    }

    fn int(&mut self, start: usize) -> Result<u32, DecodeError> {
        let bytes = self.take(4, start)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn text(&mut self, start: usize) -> Result<&'a str, DecodeError> {
        let len = self.int(start)? as usize;
        let at = self.at;
        std::str::from_utf8(self.take(len, start)?).map_err(|_| DecodeError::NotText(at))
    }

    fn flag(&mut self, start: usize) -> Result<bool, DecodeError> {
        self.choice(start, "flag", |value| match value {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        })
    }

    fn namespace(&mut self, start: usize) -> Result<Namespace, DecodeError> {
        self.choice(start, "namespace", |value| match value {
            0 => Some(Namespace::Html),
            1 => Some(Namespace::Svg),
            2 => Some(Namespace::MathMl),
            _ => None,
        })
    }

    fn method(&mut self, start: usize) -> Result<Method, DecodeError> {
        self.choice(start, "method", |value| match value {
            0 => Some(Method::Focus),
            1 => Some(Method::Blur),
            2 => Some(Method::Select),
            3 => Some(Method::ScrollIntoView),
            _ => None,
        })
    }

    fn choice<T>(
        &mut self,
        start: usize,
        what: &'static str,
        read: impl Fn(u8) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let at = self.at;
        let value = self.byte(start)?;
        read(value).ok_or(DecodeError::Unknown { at, what, value })
    }
}

impl<'a> Iterator for Ops<'a> {
    type Item = Result<Op<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.batch.len() {
            return None;
        }
        let op = self.op();
        if op.is_err() {
            self.at = self.batch.len();
        }
        Some(op)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Op<'static>; 15] = [
        Op::CreateElement { id: 1, namespace: Namespace::Svg, tag: "circle" },
        Op::CreateText { id: 2, text: "grüß" },
        Op::CreateMarker { id: 3 },
        Op::Insert { parent: root_of(7), child: 1, before: 0 },
        Op::Remove { id: 3 },
        Op::SetAttribute { id: 1, name: "r", value: "4" },
        Op::RemoveAttribute { id: 1, name: "r" },
        Op::SetProperty { id: 1, name: "value", json: "\"x\"" },
        Op::SetText { id: 2, text: "" },
        Op::SetClass { id: 1, name: "on", on: true },
        Op::SetStyle { id: 1, name: "--hue", value: "3" },
        Op::Listen { id: 1, event: "click", handler: 9, flags: LISTEN_PREVENT | LISTEN_STOP },
        Op::Unlisten { id: 1, event: "click", flags: 0 },
        Op::SetKey { id: 1, key: "k" },
        Op::Call { id: 1, method: Method::ScrollIntoView },
    ];

    #[test]
    fn decodes_what_it_encodes() {
        let mut batch = Vec::new();
        for op in ALL {
            op.encode(&mut batch);
        }
        assert_eq!(Ops::new(&batch).collect::<Result<Vec<_>, _>>(), Ok(ALL.to_vec()));
    }

    #[test]
    fn every_truncation_is_an_error_or_a_shorter_batch() {
        for op in ALL {
            let mut batch = Vec::new();
            op.encode(&mut batch);
            for len in 1..batch.len() {
                assert_eq!(
                    Ops::new(&batch[..len]).next(),
                    Some(Err(DecodeError::Truncated(0))),
                    "{op:?}"
                );
            }
        }
    }

    #[test]
    fn names_what_it_does_not_know() {
        assert_eq!(
            Ops::new(&[99]).next(),
            Some(Err(DecodeError::Unknown { at: 0, what: "opcode", value: 99 }))
        );
        assert_eq!(
            Ops::new(&[15, 1, 0, 0, 0, 9]).next(),
            Some(Err(DecodeError::Unknown { at: 5, what: "method", value: 9 }))
        );
        assert_eq!(
            Ops::new(&[2, 1, 0, 0, 0, 1, 0, 0, 0, 0xff]).next(),
            Some(Err(DecodeError::NotText(9)))
        );
    }

    #[test]
    fn ends_after_an_error() {
        let mut ops = Ops::new(&[99, 3, 1, 0, 0, 0]);
        assert!(ops.next().is_some_and(|op| op.is_err()));
        assert_eq!(ops.next(), None);
    }
}
