//! Whether a module's code is slower than before its last swap.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hmr_abi::constants::{COMPARED_CALLS, SLOWER_BY_MS, SLOWER_RATIO};

use crate::engine::State;
use crate::listen::PageEvent;
use crate::page::Page;

/// An export whose calls take longer since a swap.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SlowExport {
    /// The module.
    pub module: String,
    /// The content hash of the slower version.
    pub hash: String,
    /// The export.
    pub export: String,
    /// How long the middle call took before the swap, in milliseconds.
    pub before: f64,
    /// How long the middle call takes since, in milliseconds.
    pub after: f64,
    /// How many calls of the slower version this is seen from.
    pub calls: usize,
}

impl fmt::Display for SlowExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, export, before, after, calls, .. } = self;
        write!(
            f,
            "`{export}` of `{module}` is {:.1} times slower than before the swap: {after:.2} ms instead of {before:.2} ms, \
             in the middle of {calls} calls",
            after / before.max(f64::MIN_POSITIVE)
        )
    }
}

/// How fast the version before was.
#[derive(Debug, Default)]
pub(crate) struct CallTiming {
    /// How long the calls of each export took, in milliseconds.
    before: BTreeMap<String, Vec<f64>>,
    /// The exports already reported.
    told: BTreeSet<String>,
}

impl CallTiming {
    /// Notes how long the calls of the version took that a swap ended.
    pub(crate) fn swapped(&mut self, times: BTreeMap<String, Vec<f64>>) {
        self.before = times;
        self.told.clear();
    }

    /// The exports that have slowed down and were not reported, each with its median before and after.
    fn slower(&mut self, now: &BTreeMap<String, Vec<f64>>) -> Vec<(String, f64, f64, usize)> {
        let mut found = Vec::new();
        for (export, before) in &self.before {
            let after = now.get(export).map_or(&[][..], Vec::as_slice);
            if before.len() < COMPARED_CALLS
                || after.len() < COMPARED_CALLS
                || self.told.contains(export)
            {
                continue;
            }
            let (was, is) = (median(before), median(after));
            if is >= was * SLOWER_RATIO && is - was >= SLOWER_BY_MS {
                found.push((export.clone(), was, is, after.len()));
            }
        }
        self.told.extend(found.iter().map(|(export, ..)| export.clone()));
        found
    }
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len() % 2 == 1 {
        times[middle]
    } else {
        f64::midpoint(times[middle - 1], times[middle])
    }
}

impl State {
    /// Warns of what has slowed down since the last swaps.
    pub(crate) fn compare_paces(&mut self) {
        let mut slow = Vec::new();
        for (name, module) in &mut self.modules {
            let Some(guest) = &module.guest else { continue };
            for (export, before, after, calls) in module.timing.slower(guest.times()) {
                let hash = module.code.hash.to_string();
                slow.push(SlowExport { module: name.clone(), hash, export, before, after, calls });
            }
        }
        for one in slow {
            self.write_log(crate::record::LogLevel::Warn, &one.module, one.to_string());
            self.told.push_back(PageEvent::Slower(one.clone()));
            self.warnings.push(one);
        }
    }
}

impl Page {
    /// The exports whose calls take at least twice as long since a swap, and a millisecond or more, seen from 20 calls or
    /// more of either version. Each is reported once for each swap.
    #[must_use]
    pub fn warnings(&self) -> Vec<SlowExport> {
        self.state.borrow().warnings.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(ms: f64, calls: usize) -> BTreeMap<String, Vec<f64>> {
        [("run".to_owned(), vec![ms; calls])].into()
    }

    #[test]
    fn twice_as_slow_is_reported_once() {
        let mut timing = CallTiming::default();
        timing.swapped(times(1.5, 20));
        assert_eq!(timing.slower(&times(3.0, 19)), []);
        assert_eq!(timing.slower(&times(3.0, 20)), [("run".to_owned(), 1.5, 3.0, 20)]);
        assert_eq!(timing.slower(&times(9.0, 40)), []);
        timing.swapped(times(1.5, 20));
        assert_eq!(timing.slower(&times(9.0, 40)).len(), 1);
    }

    #[test]
    fn small_differences_and_few_calls_are_not_reported() {
        let mut timing = CallTiming::default();
        timing.swapped(times(0.1, 50));
        assert_eq!(timing.slower(&times(1.0, 50)), []);
        timing.swapped(times(10.0, 50));
        assert_eq!(timing.slower(&times(19.0, 50)), []);
        timing.swapped(times(1.0, 19));
        assert_eq!(timing.slower(&times(19.0, 50)), []);
    }

    #[test]
    fn one_outlier_does_not_count() {
        assert!((median(&[1.0, 1.0, 100.0]) - 1.0).abs() < f64::EPSILON);
        assert!((median(&[1.0, 3.0]) - 2.0).abs() < f64::EPSILON);
    }
}
