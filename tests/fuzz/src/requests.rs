//! The JSON that a module and an engine exchange, except snapshots.

use std::fmt::Debug;

use hmr_abi::event::{EventData, PanicInfo, ResourceRequest};
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::state::{HealthReport, MigrateAnswer, MountAnswer, RestoreReport};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::beside;

/// Bytes of any content read as each kind of message or are an error, and a message that is read is written as the same.
pub fn requests(input: &[u8]) {
    survives::<EventData>(input);
    survives::<PanicInfo>(input);
    survives::<ResourceRequest>(input);
    survives::<PortRequest>(input);
    survives::<Invalidation>(input);
    survives::<MountAnswer>(input);
    survives::<RestoreReport>(input);
    survives::<HealthReport>(input);
    _ = MigrateAnswer::parse(input);
}

fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(input: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(input) else { return };
    let written = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written reads");
    assert!(again == read, "{}", beside(&read, &again));
}
