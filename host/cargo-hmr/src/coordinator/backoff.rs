//! Builds that are the reason for the next one: how long to wait between them.
//!
//! A build script may write into its own sources, and other text each time. Cargo would run it again each time, too. Such
//! builds are not cancelled or refused, because a person who saves often looks the same; the next one waits, longer each time.

use std::time::Duration;

/// After how many builds in a row, during each of which files have changed, the next one waits.
const IN_A_ROW: u32 = 3;

/// How long it waits first. The wait doubles each time.
const FIRST: Duration = Duration::from_secs(1);

/// How long it waits at most.
const LONGEST: Duration = Duration::from_secs(64);

/// Counts builds during which files have changed.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    in_a_row: u32,
}

/// How long the next build waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// How long.
    pub(super) time: Duration,
    /// Whether it is the first one of these.
    pub(super) first: bool,
}

impl Backoff {
    /// Handles the end of a build. `changed`: whether files that need another build have changed during it.
    pub(super) fn ended(&mut self, changed: bool) -> Option<Wait> {
        if !changed {
            self.in_a_row = 0;
            return None;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        let more = self.in_a_row.checked_sub(IN_A_ROW)?;
        let time = FIRST.saturating_mul(1 << more.min(10)).min(LONGEST);
        Some(Wait { time, first: more == 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_with_a_build_during_which_nothing_changed() {
        let mut backoff = Backoff::default();
        let mut wait =
            |changed| backoff.ended(changed).map(|wait| (wait.time.as_secs(), wait.first));
        assert_eq!([wait(true), wait(true), wait(true)], [None, None, Some((1, true))]);
        assert_eq!([wait(true), wait(true)], [Some((2, false)), Some((4, false))]);
        for _ in 0..100 {
            wait(true);
        }
        assert_eq!([wait(true), wait(false), wait(true)], [Some((64, false)), None, None]);
    }
}
