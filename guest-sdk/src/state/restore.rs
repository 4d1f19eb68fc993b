//! Restores the old value of a key into the new signal of that key, and decides the outcome that the report shows.
//!
//! Every old value has an outcome: it is kept, read as another type, or not used for a reason that the report has.

use std::collections::BTreeMap;

use hmr_abi::state::{KeyOutcome, SignalState};
use hmr_abi::text::cut_owned;
use serde_json::value::RawValue;

use super::code::Code;
use super::instance::Instance;
use crate::encoding::ReadError;

/// Reads text as the signal's type, into the signal; without text, returns the signal's value if it can be written.
pub(crate) type Decode<'a> =
    &'a mut dyn FnMut(Option<&str>) -> Result<Option<Box<RawValue>>, ReadError>;

/// A new signal, as its code declares it.
#[derive(Clone, Copy)]
pub(crate) struct Declared<'a> {
    /// Equal text means the same type.
    pub(crate) fingerprint: &'a str,
    /// The code of its initial value, if it is known.
    pub(crate) code: Option<Code>,
    /// The enclosing part marked `reset`, if there is one.
    pub(crate) reset: Option<&'a str>,
}

/// The old values under a signal's key.
pub(crate) struct OldValues {
    /// The value in the replaced code.
    pub(crate) old: Option<SignalState>,
    /// The value of an earlier version, from [`Orphans`](super::orphans::Orphans).
    pub(crate) orphan: Option<SignalState>,
}

/// Puts an old value into a new signal if it can, records the outcome, and returns whether the signal counts as set.
pub(crate) fn restore(
    instance: &Instance,
    key: &str,
    new: Declared<'_>,
    values: OldValues,
    decode: Decode<'_>,
) -> bool {
    let OldValues { old, orphan } = values;
    let (outcome, set) = match (new.reset, old, orphan) {
        (_, None, None) => (KeyOutcome::Added, false),
        (Some(marked), ..) => {
            (KeyOutcome::Reset { reason: format!("`{marked}` is marked `reset`") }, false)
        }
        (None, Some(old), orphan) if old.set => {
            outcome_of_set(instance, key, old, orphan, new, decode)
        }
        (None, Some(old), orphan) => outcome_of_unset(instance, key, &old, orphan, new, decode),
        (None, None, Some(orphan)) => outcome_of_orphan(instance, key, orphan, new, decode),
    };
    instance.note_outcome(key, outcome);
    set
}

/// The outcome of an old value that was never set.
fn outcome_of_unset(
    instance: &Instance,
    key: &str,
    old: &SignalState,
    orphan: Option<SignalState>,
    new: Declared<'_>,
    decode: Decode<'_>,
) -> (KeyOutcome, bool) {
    // A value that was lost by an edit of the type is restored when that edit is undone.
    let same = |orphan: &SignalState| orphan.set && orphan.fingerprint == new.fingerprint;
    if orphan.as_ref().is_some_and(|orphan| same(orphan) && read(orphan, decode).is_ok()) {
        return (KeyOutcome::Recovered, true);
    }
    put_back(instance, key, orphan);
    let kept = is_kept(instance, old, new, decode);
    let outcome = if kept { KeyOutcome::Kept } else { KeyOutcome::Initial };
    (migrated(old.migrated.clone()).unwrap_or(outcome), false)
}

/// Whether a signal that was never set keeps its old value: if the code of its initial value is the same, so that a time or a random
/// id stays, or if the new code computes the same value.
fn is_kept(instance: &Instance, old: &SignalState, new: Declared<'_>, decode: Decode<'_>) -> bool {
    let Some(before) = &old.value else { return false };
    let same_each_time = new.code.is_some_and(|code| code.is_plain() && !instance.has_read_clock());
    let same_code = new.code.is_some() && new.code.map(Code::text) == old.code;
    if same_code
        && !same_each_time
        && old.fingerprint == new.fingerprint
        && decode(Some(before.get())).is_ok()
    {
        return true;
    }
    matches!(decode(None), Ok(Some(now)) if same_value(&now, before))
}

/// Whether two values are the same; objects may have their entries in another order.
fn same_value(one: &RawValue, other: &RawValue) -> bool {
    let parse = |json: &RawValue| serde_json::from_str::<serde_json::Value>(json.get()).ok();
    one.get() == other.get() || parse(one).is_some_and(|value| Some(value) == parse(other))
}

/// The outcome of an old value that was set.
fn outcome_of_set(
    instance: &Instance,
    key: &str,
    old: SignalState,
    orphan: Option<SignalState>,
    new: Declared<'_>,
    decode: Decode<'_>,
) -> (KeyOutcome, bool) {
    match read(&old, decode) {
        Ok(filled) => {
            put_back(instance, key, orphan);
            let outcome = match migrated(old.migrated) {
                Some(outcome) => outcome,
                None if old.fingerprint == new.fingerprint && filled.is_empty() => KeyOutcome::Kept,
                None => KeyOutcome::Migrated { from: old.fingerprint + &filled },
            };
            (outcome, true)
        }
        Err(reason) => {
            let recovered = orphan.as_ref().is_some_and(|orphan| {
                orphan.set && orphan.fingerprint == new.fingerprint && read(orphan, decode).is_ok()
            });
            if !recovered {
                put_back(instance, key, orphan);
            }
            if old.value.is_some() {
                instance.with_orphans(|all| all.put_aside(key, old));
            }
            if recovered {
                (KeyOutcome::Recovered, true)
            } else {
                (KeyOutcome::Reset { reason }, false)
            }
        }
    }
}

/// The outcome when only an earlier version had a value.
fn outcome_of_orphan(
    instance: &Instance,
    key: &str,
    orphan: SignalState,
    new: Declared<'_>,
    decode: Decode<'_>,
) -> (KeyOutcome, bool) {
    if !orphan.set {
        let kept = is_kept(instance, &orphan, new, decode);
        return (if kept { KeyOutcome::Recovered } else { KeyOutcome::Initial }, false);
    }
    if read(&orphan, decode).is_ok() {
        return (KeyOutcome::Recovered, true);
    }
    instance.with_orphans(|all| all.put_back(key, orphan));
    (KeyOutcome::Added, false)
}

fn put_back(instance: &Instance, key: &str, orphan: Option<SignalState>) {
    if let Some(orphan) = orphan {
        instance.with_orphans(|all| all.put_back(key, orphan));
    }
}

fn migrated(by: Option<String>) -> Option<KeyOutcome> {
    by.map(|from| KeyOutcome::Migrated { from })
}

/// Reads a value into the signal; returns the fields that had to be added.
fn read(state: &SignalState, decode: Decode<'_>) -> Result<String, String> {
    let Some(value) = &state.value else {
        let unwritten = || "the old code did not write its value".to_owned();
        return Err(state.error.clone().unwrap_or_else(unwritten));
    };
    match decode(Some(value.get())) {
        Ok(_) => Ok(String::new()),
        Err(error) => fill(value, &error, decode)
            // The message may contain the whole value.
            .ok_or_else(|| cut_owned(error.to_string())),
    }
}

/// Adds the new fields of a struct from the initial value, so that one new field does not reset the others. Only fields that serde
/// reports as missing are added, and only to the value itself, not to nested values.
fn fill(value: &RawValue, error: &ReadError, decode: Decode<'_>) -> Option<String> {
    let mut missing = error.missing?;
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(value.get()).ok()?;
    let initial = decode(None).ok()??;
    let mut initial: BTreeMap<String, Box<RawValue>> = serde_json::from_str(initial.get()).ok()?;
    let mut filled = String::new();
    loop {
        if fields.contains_key(missing) {
            return None;
        }
        filled =
            format!("{filled}{} `{missing}`", if filled.is_empty() { ", without" } else { "," });
        let given = initial.remove(missing)?;
        fields.insert(missing.to_owned(), given);
        match decode(Some(&serde_json::to_string(&fields).ok()?)) {
            Ok(_) => return Some(filled),
            Err(error) => missing = error.missing?,
        }
    }
}
