//! How the suites play a swap, and read its report.

use hmr_abi::state::{KeyOutcome, RestoreReport, Snapshot};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;

/// A value that refuses to be written.
#[derive(Clone, Default, serde::Deserialize)]
#[allow(dead_code, reason = "not every suite needs it")]
pub(crate) struct Unwritable;

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it refuses"))
    }
}

/// One line for each key, and for each error.
pub(crate) fn lines(report: &RestoreReport) -> String {
    let lines = report.instances.iter().flat_map(|instance| {
        let error = instance.error.iter().map(|error| format!("error: {error}\n"));
        let keys = instance.keys.iter().map(|(key, outcome)| match outcome {
            KeyOutcome::Migrated { from } => format!("{key}: migrated from {from}\n"),
            KeyOutcome::Reset { reason } => format!("{key}: reset, {reason}\n"),
            other => format!("{key}: {other:?}\n"),
        });
        error.chain(keys).collect::<Vec<_>>()
    });
    lines.collect()
}

/// The state of the component `App`, mounted in a page, once something was done there.
#[allow(dead_code, reason = "not every suite begins like this")]
pub(crate) fn used(mut page: Page, use_it: impl FnOnce(&mut Page)) -> Snapshot {
    page.mount(1, "App", &json!({})).expect("it mounts");
    use_it(&mut page);
    page.capture()
}
