//! Restores old values into a new signal with their key. Total: any old value is kept, read as another
//! type, or left, with a reason.

use std::collections::BTreeMap;

use hmr_abi::state::{KeyOutcome, SignalState};
use hmr_abi::text::cut_owned;
use serde_json::value::RawValue;

use crate::encoding::ReadError;
use crate::instance::Instance;
use crate::scope::Code;

/// Reads text as the signal's type, into the signal; without text, returns the signal's value if it can be written.
pub(super) type Decode<'a> =
    &'a mut dyn FnMut(Option<&str>) -> Result<Option<Box<RawValue>>, ReadError>;

/// A new signal.
#[derive(Clone, Copy)]
pub(super) struct New<'a> {
    /// Equal text means the same type.
    pub(super) fingerprint: &'a str,
    /// The code of its initial value, if it is known.
    pub(super) code: Option<Code>,
    /// The enclosing part marked `reset`, if there is one.
    pub(super) reset: Option<&'a str>,
}

/// The old values under a signal's key.
pub(super) struct Waiting {
    /// The replaced code's value.
    pub(super) old: Option<SignalState>,
    /// The value of an earlier version that later ones could not use.
    pub(super) orphan: Option<SignalState>,
}

/// Puts an old value into a new signal if it can, records the outcome, and returns whether the signal counts as set.
pub(super) fn restore(
    instance: &Instance,
    key: &str,
    new: New<'_>,
    waiting: Waiting,
    decode: Decode<'_>,
) -> bool {
    let Waiting { old, orphan } = waiting;
    let (outcome, set) = match (new.reset, old, orphan) {
        (_, None, None) => (KeyOutcome::Added, false),
        (Some(marked), ..) => {
            (KeyOutcome::Reset { reason: format!("`{marked}` is marked `reset`") }, false)
        }
        (None, Some(old), orphan) if old.set => with_old(instance, key, old, orphan, new, decode),
        (None, Some(old), orphan) => with_untouched(instance, key, &old, orphan, new, decode),
        (None, None, Some(orphan)) => with_orphan(instance, key, orphan, new, decode),
    };
    instance.note(key, outcome);
    set
}

/// The outcome for an old value that was never set.
fn with_untouched(
    instance: &Instance,
    key: &str,
    old: &SignalState,
    orphan: Option<SignalState>,
    new: New<'_>,
    decode: Decode<'_>,
) -> (KeyOutcome, bool) {
    // A value that an edit of the type cost comes back when the edit is undone.
    let same = |orphan: &SignalState| orphan.set && orphan.fingerprint == new.fingerprint;
    if orphan.as_ref().is_some_and(|orphan| same(orphan) && read(orphan, decode).is_ok()) {
        return (KeyOutcome::Recovered, true);
    }
    put_back(instance, key, orphan);
    let kept = stays(instance, old, new, decode);
    let outcome = if kept { KeyOutcome::Kept } else { KeyOutcome::Initial };
    (migrated(old.migrated.clone()).unwrap_or(outcome), false)
}

/// Whether a signal that was never set keeps its value: because the code of that is the same, so that a time or
/// an identity stays, or because the new code computes the same.
fn stays(instance: &Instance, old: &SignalState, new: New<'_>, decode: Decode<'_>) -> bool {
    let Some(before) = &old.value else { return false };
    let decided = new.code.is_some_and(|code| code.is_plain() && !instance.has_read_clock());
    let same_code = new.code.is_some() && new.code.map(Code::text) == old.code;
    if same_code
        && !decided
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

fn with_old(
    instance: &Instance,
    key: &str,
    old: SignalState,
    orphan: Option<SignalState>,
    new: New<'_>,
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
                instance.orphans.put_aside(key, old);
            }
            if recovered {
                (KeyOutcome::Recovered, true)
            } else {
                (KeyOutcome::Reset { reason }, false)
            }
        }
    }
}

fn with_orphan(
    instance: &Instance,
    key: &str,
    orphan: SignalState,
    new: New<'_>,
    decode: Decode<'_>,
) -> (KeyOutcome, bool) {
    if !orphan.set {
        let kept = stays(instance, &orphan, new, decode);
        return (if kept { KeyOutcome::Recovered } else { KeyOutcome::Initial }, false);
    }
    if read(&orphan, decode).is_ok() {
        return (KeyOutcome::Recovered, true);
    }
    instance.orphans.put_back(key, orphan);
    (KeyOutcome::Added, false)
}

fn put_back(instance: &Instance, key: &str, orphan: Option<SignalState>) {
    if let Some(orphan) = orphan {
        instance.orphans.put_back(key, orphan);
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
            // It may quote the whole value.
            .ok_or_else(|| cut_owned(error.to_string())),
    }
}

/// Gives a struct the fields that it has gained, as the initial value has them, so that one new field does not cost the rest.
/// Only fields that serde reports as missing are added, and only to the value itself, not to nested values.
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
