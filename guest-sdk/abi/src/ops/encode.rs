//! Writes operations into a batch.

use super::Op;

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
            Op::Draw { id, commands } => _ = out.byte(16).int(id).text(commands),
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

    /// Text over 4 GiB cannot exist in a 32-bit memory. On a host it would be cut.
    fn text(&mut self, value: &str) -> &mut Self {
        let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.int(len).0.extend_from_slice(&value.as_bytes()[..len as usize]);
        self
    }
}
