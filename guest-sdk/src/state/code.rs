//! The identity of the code that computes a signal's initial value.

/// A number that the macros compute. Equal numbers mean the same code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Code(u64);

impl Code {
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }

    /// Whether the value depends on the code alone, so that it is the same each time.
    pub(crate) fn is_plain(self) -> bool {
        self.0 & 1 == 1
    }

    /// Its text in snapshots.
    pub(crate) fn text(self) -> String {
        format!("{:x}", self.0)
    }
}
