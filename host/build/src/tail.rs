//! The end of what a command prints: tools report errors there.

use std::io::Read;

/// How much is kept, in bytes.
pub(crate) const KEPT: usize = 8 << 10;

/// The end of an output.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    kept: Vec<u8>,
    is_cut: bool,
}

impl Tail {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
        let more = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..more);
        self.is_cut |= more > 0;
    }

    /// Reads to the end of `from`; `push` gets what is read.
    pub(crate) fn read(mut from: impl Read, mut push: impl FnMut(&[u8])) {
        let mut chunk = [0; 4096];
        // If the pipe breaks, the text ends; the exit status shows whether the command succeeded.
        while let Ok(length @ 1..) = from.read(&mut chunk) {
            push(&chunk[..length]);
        }
    }

    /// It as text, from the beginning of a line if something is left out.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.kept).into_owned();
        match text.split_once('\n') {
            _ if !self.is_cut => text,
            Some((_, lines)) => format!("…\n{lines}"),
            None => format!("…{text}"),
        }
    }
}
