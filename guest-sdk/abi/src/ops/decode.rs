//! Reads operations from a batch.

use super::{Method, Namespace, Op};

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
            16 => Op::Draw { id: self.int(start)?, commands: self.text(start)? },
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
