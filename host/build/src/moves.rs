//! Where instructions went when code was written again.

/// The new offsets of instructions by their old ones. What follows an entry has moved by as much, up to the next entry.
#[derive(Debug, Default)]
pub(crate) struct Moves(Vec<(u32, u32)>);

impl Moves {
    /// Notes that what was at `from` is at `to` now. Entries come in the order of the old offsets.
    pub(crate) fn add(&mut self, from: usize, to: usize) {
        self.0.push((offset(from), offset(to)));
    }

    /// The new offset of what was at an old one.
    pub(crate) fn new_offset(&self, old: u32) -> u32 {
        let after = self.0.partition_point(|(from, _)| *from <= old);
        match after.checked_sub(1).and_then(|last| self.0.get(last)) {
            Some((from, to)) => to.saturating_add(old - from),
            None => old,
        }
    }

    /// Sorts the entries by the old offsets, if they were not added in that order.
    pub(crate) fn sort(&mut self) {
        self.0.sort_unstable();
    }
}

/// An offset as the binary format has it.
pub(crate) fn offset(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
