//! Whether the process answers, and when it is restarted after it has ended. Pure: callers pass the time.

use std::time::{Duration, Instant};

/// How often the process is pinged.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// After this time without an answer to a ping, requests do not wait for the process any more.
const SILENT_AFTER: Duration = Duration::from_secs(1);

/// After this time without an answer to a ping, the process is ended.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// A process that ran for this long does not count as one of a series of crashes.
const STABLE_AFTER: Duration = Duration::from_mins(1);

/// The longest pause before a process is restarted.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The pings of one process and its answers.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// When it was started.
    pub(super) started: Instant,
    pinged: Instant,
    /// Whether the last ping has no answer yet.
    unanswered: bool,
}

/// The known state of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProcessState {
    Answering,
    /// It has not answered for some time.
    Silent,
    /// It has not answered for so long that it is to be ended.
    Hung,
}

impl Heartbeat {
    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, pinged: now, unanswered: false }
    }

    /// Whether to ping the process now; if so, it counts as pinged. With `soon`, the interval does not matter.
    pub(super) fn is_due(&mut self, now: Instant, soon: bool) -> bool {
        let due = !self.unanswered
            && (soon || now.saturating_duration_since(self.pinged) >= PING_INTERVAL);
        if due {
            self.pinged = now;
            self.unanswered = true;
        }
        due
    }

    /// Notes that the process has answered.
    pub(super) fn answered(&mut self) {
        self.unanswered = false;
    }

    pub(super) fn state(&self, now: Instant) -> ProcessState {
        match now.saturating_duration_since(self.pinged) {
            elapsed if self.unanswered && elapsed >= HUNG_AFTER => ProcessState::Hung,
            elapsed if self.unanswered && elapsed >= SILENT_AFTER => ProcessState::Silent,
            _ => ProcessState::Answering,
        }
    }
}

/// Counts the processes in a row that ended unexpectedly, or had to be ended.
#[derive(Debug, Default)]
pub(super) struct CrashCount {
    in_a_row: u32,
}

impl CrashCount {
    /// Counts a process that has ended after `uptime`. Returns the pause before the next one is started.
    pub(super) fn pause_after(&mut self, uptime: Duration) -> Duration {
        if uptime >= STABLE_AFTER {
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
        // None, then 1, 2, 4, … seconds.
        let doubled = self.in_a_row.checked_sub(2).map_or(0, |more| 1u64 << more.min(10));
        Duration::from_secs(doubled).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_process_that_does_not_answer_is_silent_and_then_hung() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        assert!(!heartbeat.is_due(start, false), "it was started just now");
        assert!(heartbeat.is_due(start, true));
        assert!(!heartbeat.is_due(start + 4 * SECOND, true), "it was pinged already");
        assert_eq!(heartbeat.state(start), ProcessState::Answering);
        assert_eq!(heartbeat.state(start + SILENT_AFTER), ProcessState::Silent);
        assert_eq!(heartbeat.state(start + HUNG_AFTER), ProcessState::Hung);
        heartbeat.answered();
        assert_eq!(heartbeat.state(start + HUNG_AFTER), ProcessState::Answering);
        assert!(heartbeat.is_due(start + HUNG_AFTER, false));
    }

    #[test]
    fn pauses_grow_to_a_minute_and_start_again_after_a_process_that_ran_for_long() {
        let mut crashes = CrashCount::default();
        let pauses: Vec<u64> = (0..9).map(|_| crashes.pause_after(SECOND).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(crashes.pause_after(STABLE_AFTER), Duration::ZERO);
        assert_eq!(crashes.pause_after(SECOND), SECOND);
    }
}
