//! The tasks of an instance as snapshots tell of them: which run, which wait to be taken up, and what became of each.
//!
//! What runs a task tells it here: [`Tasks::begin`] when it starts, [`Tasks::end`] when it has ended or was dropped. In a
//! swap the old code's tasks wait until the new code starts one of the same key, which [`Tasks::claim`]s it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use hmr_abi::state::{TaskOutcome, TaskState};
use serde_json::value::RawValue;

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Tasks {
    running: RefCell<BTreeMap<String, TaskState>>,
    waiting: RefCell<BTreeMap<String, TaskState>>,
    /// There only while a snapshot is being restored.
    outcomes: RefCell<Option<BTreeMap<String, TaskOutcome>>>,
}

#[allow(dead_code, reason = "what runs tasks calls these")]
impl Tasks {
    /// A task has started; snapshots name it from here on.
    pub(crate) fn begin(&self, key: &str, argument: Option<Box<RawValue>>) {
        self.running.borrow_mut().insert(key.to_owned(), TaskState { argument });
    }

    /// A task has ended, or was dropped.
    pub(crate) fn end(&self, key: &str) {
        self.running.borrow_mut().remove(key);
    }

    /// The old code's task of this key, if one had not ended. It no longer waits, and is noted as resumed.
    pub(crate) fn claim(&self, key: &str) -> Option<TaskState> {
        let task = self.waiting.borrow_mut().remove(key)?;
        self.note(key, TaskOutcome::Resumed);
        Some(task)
    }

    /// Notes what became of a task, if a snapshot is being restored.
    pub(crate) fn note(&self, key: &str, outcome: TaskOutcome) {
        if let Some(outcomes) = self.outcomes.borrow_mut().as_mut() {
            outcomes.insert(key.to_owned(), outcome);
        }
    }

    /// The tasks that have not ended. Those that still wait to be taken up are not among them.
    pub(crate) fn capture(&self) -> BTreeMap<String, TaskState> {
        self.running.borrow().clone()
    }

    /// Lets the tasks of a snapshot wait, and begins to note what becomes of each.
    pub(crate) fn begin_restore(&self, tasks: BTreeMap<String, TaskState>) {
        *self.waiting.borrow_mut() = tasks;
        *self.outcomes.borrow_mut() = Some(BTreeMap::new());
    }

    /// What became of each task; those that nobody claimed are dropped.
    pub(crate) fn end_restore(&self) -> BTreeMap<String, TaskOutcome> {
        let mut outcomes = self.outcomes.take().unwrap_or_default();
        for key in self.waiting.take().into_keys() {
            let reason = "the new code starts no task of this key".to_owned();
            outcomes.insert(key, TaskOutcome::Dropped { reason });
        }
        outcomes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(argument: &str) -> TaskState {
        TaskState { argument: Some(RawValue::from_string(argument.to_owned()).expect("JSON")) }
    }

    #[test]
    fn tasks_that_run_are_captured_and_those_that_wait_are_claimed_once() {
        let tasks = Tasks::default();
        tasks.begin_restore([("load".into(), state("7")), ("save".into(), state("8"))].into());
        let claimed = tasks.claim("load").and_then(|task| task.argument);
        assert_eq!(claimed.as_deref().map(RawValue::get), Some("7"));
        assert!(tasks.claim("load").is_none());
        tasks.begin("load", claimed);
        tasks.begin("new", None);
        let outcomes = tasks.end_restore();
        assert_eq!(outcomes["load"], TaskOutcome::Resumed);
        assert!(matches!(outcomes["save"], TaskOutcome::Dropped { .. }));
        assert_eq!(outcomes.len(), 2);
        assert!(tasks.claim("save").is_none());
        assert_eq!(tasks.capture().into_keys().collect::<Vec<_>>(), ["load", "new"]);
        tasks.end("load");
        assert_eq!(tasks.capture().len(), 1);
    }
}
