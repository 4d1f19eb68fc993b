//! Reports of swaps that are too long to be read: the entries that people miss least are left out, and counted.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::limits::{REPORT_BYTES, REPORT_ENTRIES};
use crate::swap::Swap;

/// The outcomes in the order in which they are left out. Any other outcome comes last.
const LEAST_MISSED: [&str; 10] = [
    "kept",
    "opened",
    "made",
    "initial",
    "added",
    "recovered",
    "resumed",
    "migrated",
    "closed",
    "orphaned",
];

/// Shortens the swaps of one message to the limit. Entries and reports that are left out are counted in `cut`. Returns
/// how many swaps are left out: those that are too large even without their reports.
pub fn shorten(swaps: &mut Vec<Swap>) -> usize {
    let before = swaps.len();
    let mut left = REPORT_BYTES;
    swaps.retain_mut(|swap| {
        swap.leave_out_entries();
        if swap.size() > left {
            swap.leave_out_report();
        }
        let size = swap.size();
        let fits = size <= left;
        left -= if fits { size } else { 0 };
        fits
    });
    before - swaps.len()
}

impl Swap {
    /// How many bytes it has as JSON.
    fn size(&self) -> usize {
        serde_json::to_string(self).map_or(0, |json| json.len())
    }

    /// Leaves entries out of a report that has too many.
    fn leave_out_entries(&mut self) {
        let mut excess = self.entries().saturating_sub(REPORT_ENTRIES);
        for outcome in LEAST_MISSED.into_iter().map(Some).chain([None]) {
            if excess == 0 {
                break;
            }
            self.leave_out(outcome, &mut excess);
        }
    }

    /// Leaves everything out except the outcome of the module and its reason.
    fn leave_out_report(&mut self) {
        *self = Self {
            module: std::mem::take(&mut self.module),
            hash: std::mem::take(&mut self.hash),
            outcome: self.outcome,
            step: self.step,
            error: self.error.take(),
            cause: self.cause,
            running: self.running,
            file: self.file.take(),
            line: self.line,
            cut: BTreeMap::from([("report".to_owned(), 1)]),
            ..Self::default()
        };
    }

    fn entries(&self) -> usize {
        let of = |instance: &Value, name| {
            instance.get(name).and_then(Value::as_object).map_or(0, serde_json::Map::len)
        };
        let instances = self.report.as_ref().and_then(|report| report.get("instances")?.as_array());
        let keys = |instance| of(instance, "keys") + of(instance, "tasks");
        let keys: usize = instances.into_iter().flatten().map(keys).sum();
        keys + self.resources.len() + self.connections.len() + self.invalidated.len()
    }

    /// Leaves out up to `excess` entries of one outcome, or of any.
    fn leave_out(&mut self, wanted: Option<&str>, excess: &mut usize) {
        let cut = &mut self.cut;
        let mut stays = |entry: &Value| {
            let outcome = entry.get("outcome").and_then(Value::as_str).unwrap_or("unknown");
            if *excess == 0 || wanted.is_some_and(|wanted| wanted != outcome) {
                return true;
            }
            *excess -= 1;
            *cut.entry(outcome.to_owned()).or_default() += 1;
            false
        };
        let report = self.report.as_mut();
        let instances = report.and_then(|report| report.get_mut("instances")?.as_array_mut());
        for instance in instances.into_iter().flatten() {
            for name in ["keys", "tasks"] {
                if let Some(entries) = instance.get_mut(name).and_then(Value::as_object_mut) {
                    entries.retain(|_, entry| stays(entry));
                }
            }
        }
        for list in [&mut self.resources, &mut self.connections, &mut self.invalidated] {
            list.retain(&mut stays);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_reset_stays_and_what_was_kept_is_counted() {
        let mut keys = serde_json::Map::new();
        for number in 0..5000 {
            keys.insert(format!("kept{number}"), json!({"outcome": "kept"}));
        }
        for number in 0..900 {
            keys.insert(format!("reset{number}"), json!({"outcome": "reset", "reason": "no"}));
        }
        let resource = |number| json!({"key": format!("r{number}"), "outcome": "closed"});
        let swap = Swap {
            report: Some(json!({"instances": [{"instance": 1, "keys": keys}]})),
            resources: (0..200).map(resource).collect(),
            ..Swap::default()
        };
        let mut swaps = vec![swap];
        assert_eq!(shorten(&mut swaps), 0);
        let cut = BTreeMap::from([("kept".to_owned(), 5000), ("closed".to_owned(), 100)]);
        assert_eq!((swaps[0].entries(), &swaps[0].cut), (1000, &cut));
        let before = swaps.clone();
        assert_eq!(shorten(&mut swaps), 0);
        assert_eq!(swaps, before);
    }

    #[test]
    fn a_report_of_any_shape_is_shortened() {
        let reason = "x".repeat(4000);
        for report in [
            json!("x".repeat(2 << 20)),
            json!({"instances": vec![json!({"component": reason}); 1000]}),
            json!({"instances": [{"keys": {"a": {"outcome": 7, "reason": vec![reason; 500]}}}]}),
        ] {
            let swap = Swap { module: "a".into(), report: Some(report), ..Swap::default() };
            let mut swaps = vec![swap];
            assert_eq!(shorten(&mut swaps), 0);
            let swap = &swaps[0];
            assert_eq!((&*swap.module, swap.report.is_none(), swap.cut.len()), ("a", true, 1));
        }
    }
}
