//! Whether the process answers, and when one that ended is started again. Pure: the time is given.

use std::time::{Duration, Instant};

/// How often the process is asked for a sign of life.
const EVERY: Duration = Duration::from_secs(1);

/// After this time without one, requests do not wait for it any more.
const SILENT: Duration = Duration::from_secs(1);

/// After how long without one it is ended.
const DEAD: Duration = Duration::from_secs(5);

/// A process that lives this long does not count as one of a series of failures.
const STEADY: Duration = Duration::from_mins(1);

/// The longest pause before a process is started again.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Watches one process.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When it was started.
    pub(super) began: Instant,
    asked: Instant,
    /// Whether it has yet to answer.
    open: bool,
}

/// The known state of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Well,
    /// It has not answered for some time.
    Silent,
    /// It has not answered for so long that it is to be ended.
    Dead,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, asked: now, open: false }
    }

    /// Whether to ask it for a sign of life now; call it again later.
    pub(super) fn is_due(&mut self, now: Instant, soon: bool) -> bool {
        let due = !self.open && (soon || now.saturating_duration_since(self.asked) >= EVERY);
        if due {
            self.asked = now;
            self.open = true;
        }
        due
    }

    /// It has answered.
    pub(super) fn beats(&mut self) {
        self.open = false;
    }

    pub(super) fn state(&self, now: Instant) -> State {
        match now.saturating_duration_since(self.asked) {
            silent if self.open && silent >= DEAD => State::Dead,
            silent if self.open && silent >= SILENT => State::Silent,
            _ => State::Well,
        }
    }
}

/// Counts processes that ended by themselves, or had to be ended.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    in_a_row: u32,
}

impl Deaths {
    /// A process has ended that had lived so long. Answers after which pause the next one is started.
    pub(super) fn pause_after(&mut self, lived: Duration) -> Duration {
        if lived >= STEADY {
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
        // Not at all, then 1, 2, 4, … seconds.
        let doubled = self.in_a_row.checked_sub(2).map_or(0, |more| 1u64 << more.min(10));
        Duration::from_secs(doubled).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_process_that_does_not_answer_is_silent_and_then_dead() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start);
        assert!(!pulse.is_due(start, false), "it was heard of just now");
        assert!(pulse.is_due(start, true));
        assert!(!pulse.is_due(start + 4 * SECOND, true), "it is asked already");
        assert_eq!(pulse.state(start), State::Well);
        assert_eq!(pulse.state(start + SILENT), State::Silent);
        assert_eq!(pulse.state(start + DEAD), State::Dead);
        pulse.beats();
        assert_eq!(pulse.state(start + DEAD), State::Well);
        assert!(pulse.is_due(start + DEAD, false));
    }

    #[test]
    fn pauses_grow_to_a_minute_and_begin_again_after_a_process_that_lived() {
        let mut deaths = Deaths::default();
        let pauses: Vec<u64> = (0..9).map(|_| deaths.pause_after(SECOND).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(deaths.pause_after(STEADY), Duration::ZERO);
        assert_eq!(deaths.pause_after(SECOND), SECOND);
    }
}
