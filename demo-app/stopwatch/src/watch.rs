//! The stopwatch itself: pure, its caller passes the time.

use serde::{Deserialize, Serialize};

/// Times are milliseconds. Between `start` and `stop` the watch holds no count, only the moment it was started,
/// so it stays right however seldom it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    started: Option<f64>,
    banked: f64,
    laps: Vec<f64>,
}

/// One lap: its number from 1, its own time, and the time on the watch when it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lap {
    /// Counted from 1.
    pub number: usize,
    /// The time of this lap.
    pub split: f64,
    /// The displayed time at this lap.
    pub total: f64,
}

impl Watch {
    /// Whether time is passing.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.started.is_some()
    }

    /// The displayed time at the time `now`.
    #[must_use]
    pub fn elapsed(&self, now: f64) -> f64 {
        self.banked + self.started.map_or(0.0, |started| (now - started).max(0.0))
    }

    /// Starts a stopped watch, stops a running one.
    pub fn toggle(&mut self, now: f64) {
        self.banked = self.elapsed(now);
        self.started = if self.is_running() { None } else { Some(now) };
    }

    /// Ends a lap, if the watch runs.
    pub fn lap(&mut self, now: f64) {
        if self.is_running() {
            self.laps.push(self.elapsed(now));
        }
    }

    /// Back to zero, standing, without laps.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The laps, newest first.
    #[must_use]
    pub fn laps(&self) -> Vec<Lap> {
        let mut before = 0.0;
        let mut laps = Vec::with_capacity(self.laps.len());
        for (index, &total) in self.laps.iter().enumerate() {
            laps.push(Lap { number: index + 1, split: total - before, total });
            before = total;
        }
        laps.reverse();
        laps
    }

    /// The number of the quickest lap, once there are two to compare.
    #[must_use]
    pub fn best(&self) -> Option<usize> {
        let laps = self.laps();
        let best = laps.iter().min_by(|a, b| a.split.total_cmp(&b.split))?;
        (laps.len() > 1).then_some(best.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_only_between_start_and_stop() {
        let mut watch = Watch::default();
        watch.toggle(1_000.0);
        assert!((watch.elapsed(1_500.0) - 500.0).abs() < f64::EPSILON);
        watch.toggle(2_000.0);
        assert!((watch.elapsed(9_000.0) - 1_000.0).abs() < f64::EPSILON);
        watch.toggle(10_000.0);
        assert!((watch.elapsed(10_250.0) - 1_250.0).abs() < f64::EPSILON);
    }

    #[test]
    fn laps_have_their_own_time_and_the_quickest_is_known() {
        let mut watch = Watch::default();
        watch.toggle(0.0);
        watch.lap(300.0);
        assert_eq!(watch.best(), None, "one lap has no rival");
        watch.lap(500.0);
        let newest = watch.laps()[0];
        assert_eq!(newest, Lap { number: 2, split: 200.0, total: 500.0 });
        assert_eq!(watch.best(), Some(2));
    }

    #[test]
    fn a_standing_watch_takes_no_lap_and_a_reset_one_has_none() {
        let mut watch = Watch::default();
        watch.lap(100.0);
        assert!(watch.laps().is_empty());
        watch.toggle(0.0);
        watch.lap(100.0);
        watch.reset();
        assert_eq!(watch, Watch::default());
    }

    #[test]
    fn a_clock_that_lags_behind_the_start_shows_no_negative_time() {
        let mut watch = Watch::default();
        watch.toggle(1_000.0);
        assert!(watch.elapsed(990.0).abs() < f64::EPSILON);
    }
}
