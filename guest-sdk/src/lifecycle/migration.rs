//! Migrations: how the state of one version of a component becomes the state of another.
//!
//! `#[component(export, version = "…")]` declares a version and `#[migration(…)]` a step between two. In a swap the saved
//! version is known only at run time, so the chain of steps is searched here. A gap is an error before anything changes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use hmr_abi::state::{InstanceState, MigrateAnswer, SignalState, Snapshot, TransformOp};
use semver::Version;
use serde_json::value::to_raw_value;

use crate::dom::batch;
use crate::state::saved::{MigrationError, Saved};
use crate::view::component::exported;

/// The version of state that was saved before its component declared any.
const UNVERSIONED: &str = "0.0.0";

/// The reported origin of keys that the update itself changed.
const TRANSFORM: &str = "transform";

/// One step between two versions of a component's state.
#[derive(Clone, Copy)]
pub struct Migration {
    /// The component's name.
    pub component: &'static str,
    /// The version that it migrates from.
    pub from: &'static str,
    /// The version that it migrates to.
    pub to: &'static str,
    /// The function's name, for messages.
    pub name: &'static str,
    /// The function.
    pub run: fn(&mut Saved) -> Result<(), MigrationError>,
}

/// A function that is marked with `#[migration]`; what tests register it by.
pub trait Migrates {
    /// The migration.
    const MIGRATION: Migration;
}

thread_local! {
    /// The migrations of all components.
    static MIGRATIONS: RefCell<Vec<Migration>> = const { RefCell::new(Vec::new()) };
}

/// Registers a migration.
pub fn register_migration(migration: Migration) {
    MIGRATIONS.with_borrow_mut(|migrations| migrations.push(migration));
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    MIGRATIONS.take();
}

/// `hmr_migrate`
pub(crate) fn migrate(snapshot: &[u8]) -> MigrateAnswer {
    let parsed = serde_json::from_slice::<Snapshot>(snapshot)
        .map_err(|error| format!("the snapshot does not parse: {error}"));
    let answer = match parsed.and_then(migrate_snapshot) {
        Ok(snapshot) => MigrateAnswer::Migrated(snapshot),
        Err(error) => MigrateAnswer::Failed { error },
    };
    batch::flush();
    answer
}

fn migrate_snapshot(mut snapshot: Snapshot) -> Result<Snapshot, String> {
    for op in std::mem::take(&mut snapshot.transform) {
        for instance in &mut snapshot.instances {
            transform(&op, instance)?;
        }
    }
    let instances = std::mem::take(&mut snapshot.instances);
    for instance in instances {
        snapshot.instances.push(migrate_instance(instance)?);
    }
    Ok(snapshot)
}

fn transform(op: &TransformOp, state: &mut InstanceState) -> Result<(), String> {
    let (TransformOp::Rename { component, .. }
    | TransformOp::Remove { component, .. }
    | TransformOp::Set { component, .. }) = op;
    if component.as_ref().is_some_and(|component| *component != state.component) {
        return Ok(());
    }
    let migrated = || Some(TRANSFORM.to_owned());
    match op {
        TransformOp::Rename { from, to, .. } => {
            if let Some(signal) = state.signals.remove(from) {
                let signal = SignalState { migrated: migrated(), ..signal };
                state.signals.insert(to.clone(), signal);
            }
        }
        TransformOp::Remove { key, .. } => _ = state.signals.remove(key),
        TransformOp::Set { key, value, .. } => {
            let value = to_raw_value(value).map_err(|error| format!("`{key}`: {error}"))?;
            let signal = state.signals.entry(key.clone()).or_default();
            let fingerprint = std::mem::take(&mut signal.fingerprint);
            *signal = SignalState {
                fingerprint,
                set: true,
                value: Some(value),
                migrated: migrated(),
                ..SignalState::default()
            };
        }
    }
    Ok(())
}

fn migrate_instance(state: InstanceState) -> Result<InstanceState, String> {
    let version = exported(&state.component).and_then(|export| export.version);
    let Some(declared) = version else { return Ok(state) };
    let steps = steps_of(&state.component);
    let chain = match &state.version {
        Some(saved) if saved == declared => return Ok(state),
        Some(saved) => chain(&steps, &state.component, saved, declared)?,
        None if steps.iter().any(|step| step.from == UNVERSIONED) && declared != UNVERSIONED => {
            chain(&steps, &state.component, UNVERSIONED, declared)?
        }
        None => Vec::new(),
    };
    run(state, declared, &chain)
}

fn run(state: InstanceState, declared: &str, chain: &[Migration]) -> Result<InstanceState, String> {
    let before = state.signals.clone();
    let mut saved = Saved::new(state);
    let mut ran = Vec::with_capacity(chain.len());
    for Migration { component, from, to, name, run } in chain {
        let step = format!("{from} → {to}");
        saved.begin(&step);
        let failure = run(&mut saved).err().or_else(|| saved.failure());
        if let Some(error) = failure {
            return Err(format!(
                "the migration `{name}` of `{component}`, {step}, failed: {error}"
            ));
        }
        ran.push(step);
    }
    let mut state = saved.finish().map_err(|error| error.to_string())?;
    state.version = Some(declared.to_owned());
    state.migrations = ran;
    keep_as_orphans(before, &mut state, declared);
    Ok(state)
}

/// Keeps the values of signals that the migrations to this version removed or renamed as orphans. They are restored if the edit is
/// undone, but not into code of this version.
fn keep_as_orphans(
    before: BTreeMap<String, SignalState>,
    state: &mut InstanceState,
    declared: &str,
) {
    for (key, signal) in before {
        if signal.set && !state.signals.contains_key(&key) {
            let migrated = Some(declared.to_owned());
            state.orphans.insert(key, SignalState { age: 0, migrated, ..signal });
        }
    }
}

/// The migrations of a component, in the order of versions. Insertion, because the standard library's sort would be the largest
/// function of a small module.
fn steps_of(component: &str) -> Vec<Migration> {
    let all = MIGRATIONS.with_borrow(Clone::clone);
    let mut steps: Vec<Migration> = Vec::new();
    for step in all.into_iter().filter(|step| step.component == component) {
        let order =
            |step: &Migration| (Version::parse(step.from).ok(), Version::parse(step.to).ok());
        let behind = steps.iter().position(|other| order(other) > order(&step));
        steps.insert(behind.unwrap_or(steps.len()), step);
    }
    steps
}

/// A version; the step that leads to it, and the index of the version where that step begins.
type Reached<'a> = (&'a str, Option<(usize, Migration)>);

/// The shortest chain from one version to another, the first by order if several are. None is needed for state
/// of a later version than the declared one, which an undone edit leaves: it is restored as it is then.
fn chain(
    steps: &[Migration],
    component: &str,
    saved: &str,
    declared: &str,
) -> Result<Vec<Migration>, String> {
    // A breadth-first search: the versions after one step, then those after two, and so on.
    let mut reached: Vec<Reached<'_>> = vec![(saved, None)];
    let mut at = 0;
    while let Some(&(version, _)) = reached.get(at) {
        if version == declared {
            return Ok(steps_to(&reached, at));
        }
        for step in steps.iter().filter(|step| step.from == version) {
            if !reached.iter().any(|(version, _)| *version == step.to) {
                reached.push((step.to, Some((at, *step))));
            }
        }
        at += 1;
    }
    match (Version::parse(saved), Version::parse(declared)) {
        (Ok(old), Ok(new)) if old > new => Ok(Vec::new()),
        (Ok(_), Ok(new)) => Err(gap(steps, component, (saved, &new), &reached)),
        _ => Err(format!(
            "`{component}` was saved as `{saved}`, which is not a version, so no migration leads to {declared}"
        )),
    }
}

/// The steps that lead to a version.
fn steps_to(reached: &[Reached<'_>], mut at: usize) -> Vec<Migration> {
    let mut steps = Vec::new();
    while let Some((before, step)) = reached[at].1 {
        steps.insert(0, step);
        at = before;
    }
    steps
}

/// The error for a missing migration, from the highest version that can be reached to the lowest that leads to the declared one.
fn gap(
    steps: &[Migration],
    component: &str,
    (saved, declared): (&str, &Version),
    reached: &[Reached<'_>],
) -> String {
    let versions = reached.iter().filter_map(|(version, _)| Version::parse(version).ok());
    let from = versions.filter(|version| version < declared).max();
    let mut leading = vec![declared.clone()];
    let mut at = 0;
    while let Some(version) = leading.get(at).cloned() {
        for step in steps {
            if let (Ok(from), Ok(to)) = (Version::parse(step.from), Version::parse(step.to))
                && to == version
                && !leading.contains(&from)
            {
                leading.push(from);
            }
        }
        at += 1;
    }
    let to = leading.into_iter().filter(|version| Some(version) > from.as_ref()).min();
    let from = from.map_or_else(|| saved.to_owned(), |from| from.to_string());
    let to = to.unwrap_or_else(|| declared.clone());
    format!(
        "the state of `{component}` was saved by its version {saved}, the new code declares {declared}, and no migration leads from {from} to {to}\nhint: write one, `#[migration({component}, from = \"{from}\", to = \"{to}\")]`, even if it has nothing to do"
    )
}
