//! Whether a module's code is slower than before its last swap.

use std::collections::{BTreeMap, BTreeSet};

use hmr_abi::constants::{COMPARED_CALLS, SLOWER_BY_MS, SLOWER_RATIO};

/// How fast the version before the current one was.
#[derive(Debug, Default)]
pub(crate) struct CallTiming {
    /// How long the calls of each export took, in milliseconds.
    before: BTreeMap<String, Vec<f64>>,
    /// The exports already reported.
    reported: BTreeSet<String>,
}

impl CallTiming {
    /// Notes how long the calls of the version took that a swap has replaced.
    pub(crate) fn swapped(&mut self, times: BTreeMap<String, Vec<f64>>) {
        self.before = times;
        self.reported.clear();
    }

    /// The exports that have slowed down and were not reported, each with its median before and after.
    pub(crate) fn slower(
        &mut self,
        now: &BTreeMap<String, Vec<f64>>,
    ) -> Vec<(String, f64, f64, usize)> {
        let mut found = Vec::new();
        for (export, before) in &self.before {
            let after = now.get(export).map_or(&[][..], Vec::as_slice);
            if before.len() < COMPARED_CALLS
                || after.len() < COMPARED_CALLS
                || self.reported.contains(export)
            {
                continue;
            }
            let (was, is) = (median(before), median(after));
            if is >= was * SLOWER_RATIO && is - was >= SLOWER_BY_MS {
                found.push((export.clone(), was, is, after.len()));
            }
        }
        self.reported.extend(found.iter().map(|(export, ..)| export.clone()));
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
