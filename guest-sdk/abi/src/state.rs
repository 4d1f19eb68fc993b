//! Snapshots, restore reports and mount requests: JSON that crosses the boundary.
//!
//! `capture_state` gives a [`Snapshot`]; `restore_state` takes one and gives a [`RestoreReport`].
//! Values stay JSON text ([`RawValue`]) between the two, so that no number loses a digit on the way.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::text::cut_owned;

/// The state of a module: signal maps by instance.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The ABI version it was written under.
    pub abi: u32,
    /// Whether an instance has hooks that are to run before an update.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hooks: bool,
    /// The update's changes to the state, applied once, before it is restored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<TransformOp>,
    /// One entry for each mounted instance, in the order of mounting.
    #[serde(default)]
    pub instances: Vec<InstanceState>,
}

/// One instance's part of a [`Snapshot`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceState {
    /// The instance's id, which the engine gave.
    pub instance: u32,
    /// The component that it is mounted from.
    pub component: String,
    /// The props that it was mounted with; an object.
    pub props: Box<RawValue>,
    /// Signals by key: scopes, then the name of the binding, joined with `:`.
    #[serde(default)]
    pub signals: BTreeMap<String, SignalState>,
    /// The version that the component declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Values of earlier versions that the running code has no use for, by key. Code that has the key again claims them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orphans: BTreeMap<String, SignalState>,
    /// Tasks that had not ended, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, TaskState>,
    /// The keys of tasks that rendering started and that have ended: rendering in new code does not start them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
    /// The scopes with hooks that run when an update removes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prunes: Vec<String>,
    /// Values that hooks before the update have stored for the new code, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Box<RawValue>>,
    /// The migrations that `hmr_migrate` ran, `1.0.0 → 1.1.0` each, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<String>,
}

impl InstanceState {
    /// An instance without state.
    #[must_use]
    pub fn new(instance: u32, component: String, props: Box<RawValue>) -> Self {
        Self {
            instance,
            component,
            props,
            signals: BTreeMap::new(),
            version: None,
            orphans: BTreeMap::new(),
            tasks: BTreeMap::new(),
            done: Vec::new(),
            prunes: Vec::new(),
            extra: BTreeMap::new(),
            migrations: Vec::new(),
        }
    }
}

/// An asynchronous task that had not ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TaskState {
    /// The argument that it was started with, if it takes one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub argument: Option<Box<RawValue>>,
    /// Whether a handler started it. New code cannot run it then: the future was the handler's.
    #[serde(default, skip_serializing_if = "is_false")]
    pub handler: bool,
    /// The engine's answers to it so far. New code that makes the same requests again gets these answers at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<TaskAnswer>,
}

/// The engine's answer to one request of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskAnswer {
    /// The name that the request has in the task: `request`, `request#1`, …
    pub name: String,
    /// The [`Resource`](crate::event::Resource) requested, as the JSON text that the code writes.
    pub asked: String,
    /// The `data` of the answer; absent if it had none, as the end of a `timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// One change of the state that an update makes, once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum TransformOp {
    /// A signal's value is kept under another key.
    Rename {
        /// Of which component; of all if it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        component: Option<String>,
        /// The key that it had.
        from: String,
        /// The key that it gets.
        to: String,
    },
    /// A signal's value is forgotten.
    Remove {
        /// Of which component; of all if it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        component: Option<String>,
        /// Its key.
        key: String,
    },
    /// A signal gets a value.
    Set {
        /// Of which component; of all if it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        component: Option<String>,
        /// Its key.
        key: String,
        /// The value.
        value: Value,
    },
}

/// The result of `hmr_migrate`: the error, or the migrated snapshot.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum MigrateAnswer {
    /// A migration failed, or no migration leads to the new version. An engine does not commit such a swap.
    Failed {
        /// Why, for the developer to read.
        error: String,
    },
    /// The state as the new code understands it; its `transform` is empty.
    Migrated(Snapshot),
}

impl MigrateAnswer {
    /// Reads an answer: an object with a text `error`, or a snapshot.
    ///
    /// # Errors
    /// serde's error for text that is neither.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Failed {
            error: String,
        }
        match serde_json::from_slice(json) {
            Ok(Failed { error }) => Ok(Self::Failed { error }),
            Err(_) => serde_json::from_slice(json).map(Self::Migrated),
        }
    }
}

/// The result of `hmr_health`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// The unhealthy instances; empty if all are healthy.
    #[serde(default)]
    pub instances: Vec<Illness>,
}

/// An unhealthy instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Illness {
    /// The instance's id.
    pub instance: u32,
    /// The component that it is mounted from.
    pub component: String,
    /// The error message, for the developer.
    pub error: String,
}

/// One signal's part of a [`Snapshot`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SignalState {
    /// The fingerprint of its Rust type. Equal text means the same type; nothing else may be read into it.
    #[serde(rename = "type")]
    pub fingerprint: String,
    /// Whether it was ever written after it was made. One that was not takes the new code's initial value if the code of that
    /// has changed.
    pub set: bool,
    /// Text that identifies the code of its initial value, if known. Equal text means the same code; nothing else may be
    /// read into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The value as JSON; absent if it could not be written, with the reason in `error`. `null` is a value.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// Why the value is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What made or changed the value on its way between two versions, `1.0.0 → 1.1.0` for instance. For orphans: the
    /// version whose migrations left it unused, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated: Option<String>,
    /// For orphans: how many swaps ago it became one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub age: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

/// An existing value, including `null`: what an `Option` that is `None` is written as.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(value).map(Some)
}

/// An engine's request to mount a component, or to give a mounted one new props.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MountRequest {
    /// The instance's id. If it is mounted already, it re-renders and keeps its state.
    pub instance: u32,
    /// The component's name.
    pub component: String,
    /// Its props; an object.
    pub props: Box<RawValue>,
    /// The state of the instance that was at this position before an update removed it from the page. Only its signals,
    /// tasks and orphans matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<InstanceState>,
}

/// The result of `hmr_mount`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountAnswer {
    /// Why the component could not be mounted; nothing was mounted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The result of `restore_state`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreReport {
    /// One entry for each instance of the snapshot, in its order.
    #[serde(default)]
    pub instances: Vec<InstanceReport>,
}

impl RestoreReport {
    /// Cuts texts that are shown. Keys are not cut: they identify state.
    pub fn cut_texts(&mut self) {
        for instance in &mut self.instances {
            instance.error = instance.error.take().map(cut_owned);
            for outcome in instance.keys.values_mut() {
                if let KeyOutcome::Reset { reason } = outcome {
                    *reason = cut_owned(std::mem::take(reason));
                }
            }
            for outcome in instance.tasks.values_mut() {
                if let TaskOutcome::Dropped { reason } = outcome {
                    *reason = cut_owned(std::mem::take(reason));
                }
            }
        }
    }
}

/// One instance's part of a [`RestoreReport`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceReport {
    /// The instance's id.
    pub instance: u32,
    /// The component that it is mounted from.
    pub component: String,
    /// Why it could not be mounted in the new code. An engine does not commit such a swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The outcome of each key.
    #[serde(default)]
    pub keys: BTreeMap<String, KeyOutcome>,
    /// The version that the component declares now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The migrations that ran, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<String>,
    /// The outcome of each task that had not ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, TaskOutcome>,
    /// Which of the snapshot's `prunes` the new code does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pruned: Vec<String>,
}

/// The argument of `hmr_prune_scopes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneRequest {
    /// The instances with removed scopes.
    #[serde(default)]
    pub instances: Vec<PrunedScopes>,
}

impl PruneRequest {
    /// The request to the replaced code that follows from a report.
    #[must_use]
    pub fn after(report: &RestoreReport) -> Self {
        let removed = report.instances.iter().filter(|instance| !instance.pruned.is_empty());
        let scopes = |instance: &InstanceReport| PrunedScopes {
            instance: instance.instance,
            scopes: instance.pruned.clone(),
        };
        Self { instances: removed.map(scopes).collect() }
    }
}

/// Scopes of an instance that the new code does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedScopes {
    /// The instance's id.
    pub instance: u32,
    /// Their paths, as in the snapshot's `prunes`.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// The outcome of a task in a swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum TaskOutcome {
    /// The new code's task of the same key runs from its beginning, and gets the answers that the old one got or waits for.
    Resumed,
    /// The new code does not start it.
    Dropped {
        /// Why, for the developer to read.
        reason: String,
    },
}

/// The outcome of one signal's key in a swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum KeyOutcome {
    /// The value is kept.
    Kept,
    /// It was never set, and the new code's initial value, which differs, is used.
    Initial,
    /// The value was read as another type, or a migration made it.
    Migrated {
        /// The old type's fingerprint, with what its value lacked; or the migration, or `transform` for what the update did.
        from: String,
    },
    /// The new code's initial value is used, because the old one could not be used.
    Reset {
        /// Why, for the developer to read.
        reason: String,
    },
    /// The key is new.
    Added,
    /// An earlier version had the key, and its value is restored.
    Recovered,
    /// The new code has no such key; its value is kept for code that has the key again.
    Orphaned,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_keeps_every_digit() {
        let text = r#"{"abi":1,"instances":[{"instance":1,"component":"A","props":{},"signals":{"n":{"type":"u64","set":true,"value":18446744073709551615}}}]}"#;
        let snapshot: Snapshot = serde_json::from_str(text).expect("a snapshot");
        assert_eq!(serde_json::to_string(&snapshot).expect("JSON"), text);
    }

    #[test]
    fn null_is_a_value() {
        let text = r#"{"type":"o","set":true,"value":null}"#;
        let state: SignalState = serde_json::from_str(text).expect("a signal");
        assert_eq!(serde_json::to_string(&state).expect("JSON"), text);
    }

    #[test]
    fn a_task_reads_as_documented() {
        let text = r#"{"argument":7,"handler":true,"answers":[{"name":"request","asked":"{\"kind\":\"timeout\"}"},{"name":"request#1","asked":"{}","data":"{\"value\":2}"}]}"#;
        let state: TaskState = serde_json::from_str(text).expect("a task");
        assert_eq!(serde_json::to_string(&state).expect("JSON"), text);
    }

    #[test]
    fn an_answer_to_migrate_is_an_error_or_a_snapshot() {
        let failed = MigrateAnswer::parse(br#"{"error":"no way"}"#);
        assert!(matches!(failed, Ok(MigrateAnswer::Failed { error }) if error == "no way"));
        let text = r#"{"abi":1,"transform":[{"op":"set","key":"n","value":1}],"instances":[]}"#;
        let answer = MigrateAnswer::parse(text.as_bytes()).expect("a snapshot");
        assert_eq!(serde_json::to_string(&answer).expect("JSON"), text);
        assert!(MigrateAnswer::parse(b"[]").is_err());
    }

    #[test]
    fn outcomes_are_flat_objects() {
        let report = KeyOutcome::Reset { reason: "no".into() };
        assert_eq!(
            serde_json::to_string(&report).expect("JSON"),
            r#"{"outcome":"reset","reason":"no"}"#
        );
    }
}
