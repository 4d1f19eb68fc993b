//! The steps of a rehearsal, as a swap would take them.

use hmr_abi::exports;
use hmr_abi::state::{HealthReport, MigrateAnswer, RestoreReport, Snapshot, TransformOp};

use super::guest::{Fault, Guest};
use super::{Code, Machine};
use crate::swap::check_report;

/// How far the steps went.
#[derive(Default)]
pub(super) struct Told {
    /// The step that failed, and why.
    pub(super) failure: Option<(&'static str, Fault)>,
    pub(super) report: Option<RestoreReport>,
}

impl Machine {
    /// Goes through the steps. The guest is returned regardless of the result, if it could be started.
    pub(super) fn walk(
        &self,
        code: &Code,
        components: &[String],
        snapshot: &str,
        transform: &[TransformOp],
        running: &mut Option<Guest>,
    ) -> Told {
        let mut told = Told::default();
        let clock = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64() * 1e3);
        let mut step = "instantiate";
        let walked = Guest::start(self, code, clock).and_then(|guest| {
            let guest = running.insert(guest);
            guest.register(components)?;
            step = "migrate";
            let snapshot = migrated(guest, snapshot, transform)?;
            step = "restore";
            let (snapshot, text) = snapshot;
            restore(guest, &snapshot, &text, &mut told.report)?;
            step = "probation";
            well(guest)
        });
        told.failure = walked.err().map(|fault| (step, fault));
        told
    }
}

/// The snapshot that the code is to restore, and its text.
fn migrated(
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
        Err(error) => Err(Fault::plain(format!(
            "the answer of `{}` is no such JSON: {error}",
            exports::MIGRATE
        ))),
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
    let told: RestoreReport = if answer.is_empty() {
        RestoreReport::default()
    } else {
        serde_json::from_slice(&answer).map_err(|error| {
            Fault::plain(format!(
                "the answer of `{}` is no such JSON: {error}",
                exports::RESTORE_STATE
            ))
        })?
    };
    let checked = check_report(&told, snapshot).map_err(Fault::plain);
    *report = Some(told);
    checked?;
    Ok(())
}

fn well(guest: &mut Guest) -> Result<(), Fault> {
    if !guest.has(exports::HEALTH) {
        return Ok(());
    }
    let answer = guest.query(exports::HEALTH)?;
    if answer.is_empty() {
        return Ok(());
    }
    let report: HealthReport = serde_json::from_slice(&answer).map_err(|error| {
        Fault::plain(format!("the answer of `{}` is no such JSON: {error}", exports::HEALTH))
    })?;
    match report.instances.first() {
        None => Ok(()),
        Some(ill) => Err(Fault::plain(format!(
            "the instance {} of `{}` is not well: {}",
            ill.instance, ill.component, ill.error
        ))),
    }
}
