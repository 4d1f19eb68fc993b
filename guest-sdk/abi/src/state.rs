//! Snapshots, restore reports and mount requests: JSON that crosses the boundary.
//!
//! `capture_state` gives a [`Snapshot`]; `restore_state` takes one and gives a [`RestoreReport`].
//! Values stay JSON text ([`RawValue`]) between the two, so that no number loses a digit on the way.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// The state of a module: signal maps by instance.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The ABI version it was written under.
    pub abi: u32,
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
}

/// One signal's part of a [`Snapshot`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignalState {
    /// The fingerprint of its Rust type. Equal text means the same type; nothing else may be read into it.
    #[serde(rename = "type")]
    pub fingerprint: String,
    /// Whether it was ever written after it was made. One that was not takes the new code's initial value.
    pub set: bool,
    /// The value as JSON; absent if it could not be written, with the reason in `error`. `null` is a value.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A value that is there, be it `null`: what an `Option` that is `None` is written as.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(value).map(Some)
}

/// What an engine asks for when it mounts a component, or gives a mounted one new props.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MountRequest {
    /// The instance's id. One that is mounted already is rendered afresh with its state kept.
    pub instance: u32,
    /// The component's name.
    pub component: String,
    /// Its props; an object.
    pub props: Box<RawValue>,
}

/// What `hmr_mount` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountAnswer {
    /// Why the component could not be mounted; nothing was mounted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What `restore_state` did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreReport {
    /// One entry for each instance of the snapshot, in its order.
    #[serde(default)]
    pub instances: Vec<InstanceReport>,
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
    /// What became of each key.
    #[serde(default)]
    pub keys: BTreeMap<String, KeyOutcome>,
}

/// What became of one signal's key in a swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum KeyOutcome {
    /// The value goes on. So it does for a signal that nobody has set, which takes the new code's
    /// initial value.
    Kept,
    /// The value was read as another type.
    Migrated {
        /// The old type's fingerprint.
        from: String,
    },
    /// The new code's initial value stands, because the old one could not be used.
    Reset {
        /// Why, for the developer to read.
        reason: String,
    },
    /// The key is new.
    Added,
    /// The new code has no such key; its value is dropped.
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
    fn outcomes_are_flat_objects() {
        let report = KeyOutcome::Reset { reason: "no".into() };
        assert_eq!(
            serde_json::to_string(&report).expect("JSON"),
            r#"{"outcome":"reset","reason":"no"}"#
        );
    }
}
