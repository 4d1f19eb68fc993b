//! The steps of a rehearsal, in the order of a swap.

use std::time::{SystemTime, UNIX_EPOCH};

use hmr_abi::exports;
use hmr_abi::state::{HealthReport, MigrateAnswer, RestoreReport, Snapshot, TransformOp};
use hmr_guest::{check_report, not_json, read_answer};
use hmr_protocol::SwapStep;

use crate::code::Compiled;
use crate::fault::Fault;
use crate::guest::Guest;
use crate::machine::Machine;

/// How far the steps went.
#[derive(Default)]
pub(crate) struct StepsResult {
    /// The step that failed, and why.
    pub(crate) failure: Option<(SwapStep, Fault)>,
    pub(crate) report: Option<RestoreReport>,
    /// The instance, if it could be started.
    pub(crate) guest: Option<Guest>,
}

/// Takes the steps until one fails.
pub(crate) fn take_steps(
    machine: &Machine,
    compiled: &Compiled,
    snapshot: &str,
    transform: &[TransformOp],
) -> StepsResult {
    let mut result = StepsResult::default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0.0, |since| since.as_secs_f64() * 1e3);
    let mut step = SwapStep::Instantiate;
    let ended = Guest::start(machine, &compiled.code, now).and_then(|guest| {
        let guest = result.guest.insert(guest);
        guest.register(&compiled.components)?;
        step = SwapStep::Migrate;
        let (snapshot, text) = migrate(guest, snapshot, transform)?;
        step = SwapStep::Restore;
        restore(guest, &snapshot, &text, &mut result.report)?;
        step = SwapStep::Probation;
        check_health(guest)
    });
    result.failure = ended.err().map(|fault| (step, fault));
    result
}

/// The snapshot that the code is to restore, and its text.
fn migrate(
    guest: &mut Guest,
    text: &str,
    transform: &[TransformOp],
) -> Result<(Snapshot, String), Fault> {
    let malformed = |error: serde_json::Error| {
        Fault::plain(format!("the snapshot of the page cannot be read: {error}"))
    };
    let mut snapshot: Snapshot = serde_json::from_str(text).map_err(malformed)?;
    snapshot.transform = transform.to_vec();
    let argument = if transform.is_empty() {
        text.to_owned()
    } else {
        serde_json::to_string(&snapshot).map_err(malformed)?
    };
    // Code that has no migrations gets the transform with the state.
    if !guest.has(exports::MIGRATE) {
        return Ok((snapshot, argument));
    }
    let answer = guest.ask(exports::MIGRATE, argument.as_bytes())?;
    // An empty answer leaves the state as it is.
    if answer.is_empty() {
        return Ok((snapshot, text.to_owned()));
    }
    match MigrateAnswer::parse(&answer) {
        Ok(MigrateAnswer::Failed { error }) => Err(Fault::plain(error)),
        Ok(MigrateAnswer::Migrated(snapshot)) => {
            let text = String::from_utf8_lossy(&answer).into_owned();
            Ok((snapshot, text))
        }
        Err(error) => Err(Fault::plain(not_json(exports::MIGRATE, &error))),
    }
}

/// Lets the code restore the snapshot and render. Its rendering was checked on arrival, and is dropped.
fn restore(
    guest: &mut Guest,
    snapshot: &Snapshot,
    text: &str,
    report: &mut Option<RestoreReport>,
) -> Result<(), Fault> {
    let answer = guest.ask(exports::RESTORE_STATE, text.as_bytes())?;
    let restored = if answer.is_empty() {
        RestoreReport::default()
    } else {
        read_answer(exports::RESTORE_STATE, &answer).map_err(Fault::plain)?
    };
    let restored = report.insert(restored);
    check_report(restored, snapshot).map_err(Fault::plain)
}

fn check_health(guest: &mut Guest) -> Result<(), Fault> {
    if !guest.has(exports::HEALTH) {
        return Ok(());
    }
    let answer = guest.query(exports::HEALTH)?;
    if answer.is_empty() {
        return Ok(());
    }
    let report: HealthReport = read_answer(exports::HEALTH, &answer).map_err(Fault::plain)?;
    match report.instances.first() {
        None => Ok(()),
        Some(unhealthy) => Err(Fault::plain(format!(
            "the instance {} of `{}` is not well: {}",
            unhealthy.instance, unhealthy.component, unhealthy.error
        ))),
    }
}
