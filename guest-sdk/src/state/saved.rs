//! The state of one instance between two versions of its code, for migrations and hooks to read and change.

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hmr_abi::state::{InstanceState, SignalState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::encoding::{self, ReadError, WriteError};

/// The state of one instance between two versions of its code.
///
/// A key is the path of scopes and then the name that the signal is bound to, joined with `:`, as restore reports show it.
#[derive(Debug)]
pub struct Saved {
    state: InstanceState,
    /// The migration that runs. Reports show it for the keys that it changes.
    by: Option<String>,
    edited: BTreeSet<String>,
    failure: Option<MigrationError>,
}

impl Saved {
    pub(crate) fn new(state: InstanceState) -> Self {
        Self { state, by: None, edited: BTreeSet::new(), failure: None }
    }

    /// Begins a migration.
    pub(crate) fn begin(&mut self, by: &str) {
        self.by = Some(by.to_owned());
    }

    /// The state with its changes, or the first value that could not be written.
    pub(crate) fn finish(self) -> Result<InstanceState, MigrationError> {
        self.failure.map_or(Ok(self.state), Err)
    }

    /// Takes the error of a value that could not be written, if there was one.
    pub(crate) fn failure(&mut self) -> Option<MigrationError> {
        self.failure.take()
    }

    /// The state `now`, with the changes to signals that were made here, and the extra values.
    pub(crate) fn applied_to(mut self, now: InstanceState) -> InstanceState {
        let mut signals = now.signals;
        for key in self.edited {
            match self.state.signals.remove(&key) {
                Some(state) => _ = signals.insert(key, state),
                None => _ = signals.remove(&key),
            }
        }
        InstanceState { signals, extra: self.state.extra, ..now }
    }

    /// The instance's id.
    #[must_use]
    pub fn instance(&self) -> u32 {
        self.state.instance
    }

    /// The component that the instance is mounted from.
    #[must_use]
    pub fn component(&self) -> &str {
        &self.state.component
    }

    /// The version that the component declared when the state was captured; the one that it declares now once it is migrated.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.state.version.as_deref()
    }

    /// The keys of all signals, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state.signals.keys().cloned().collect()
    }

    /// Whether there is a signal of this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.state.signals.contains_key(key)
    }

    /// The value of a signal; `None` if there is no signal of this key, or its value could not be written.
    ///
    /// # Errors
    /// serde's error for a value that is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, MigrationError> {
        read(
            "the signal",
            key,
            self.state.signals.get(key).and_then(|state| state.value.as_deref()),
        )
    }

    /// Gives a signal a value, which counts as set by the user. A value that JSON cannot hold fails the migration; in a
    /// hook it is logged, and nothing changes.
    pub fn set<T: Serialize>(&mut self, key: &str, value: &T) {
        let value = encoding::write(value);
        self.put_signal(key, type_name::<T>(), value);
    }

    fn put_signal(
        &mut self,
        key: &str,
        fingerprint: &str,
        value: Result<Box<RawValue>, WriteError>,
    ) {
        match value {
            Ok(value) => {
                // A value may be written as one type and meant as another, `&str` for `String`: prefer the signal's type.
                let existing = self.state.signals.get(key).map(|state| state.fingerprint.clone());
                let state = SignalState {
                    fingerprint: existing.unwrap_or_else(|| fingerprint.to_owned()),
                    set: true,
                    value: Some(value),
                    migrated: self.by.clone(),
                    ..SignalState::default()
                };
                self.state.signals.insert(key.to_owned(), state);
                self.edited.insert(key.to_owned());
            }
            Err(error) => self.fail("the signal", key, &error),
        }
    }

    /// Moves a signal's value to another key, and replaces the value of that key. Returns whether there was a signal of the key
    /// `from`.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let Some(mut state) = self.state.signals.remove(from) else { return false };
        state.migrated.clone_from(&self.by);
        self.state.signals.insert(to.to_owned(), state);
        self.edited.insert(from.to_owned());
        self.edited.insert(to.to_owned());
        true
    }

    /// Renames a scope: every key in it, `from:…`, becomes `to:…`, and so do the keys of its tasks and of the values that
    /// wait to be restored. Returns the number of signals.
    pub fn rename_scope(&mut self, from: &str, to: &str) -> usize {
        let renamed = |key: &str| {
            let rest = key.strip_prefix(from).and_then(|rest| rest.strip_prefix(':'))?;
            Some(format!("{to}:{rest}"))
        };
        let InstanceState { signals, orphans, tasks, done, prunes, .. } = &mut self.state;
        prunes.retain(|path| path != from && renamed(path).is_none());
        rename_keys(orphans, &renamed);
        rename_keys(tasks, &renamed);
        for key in done {
            if let Some(new) = renamed(key) {
                *key = new;
            }
        }
        let keys = rename_keys(signals, &renamed);
        for (old, new) in &keys {
            if let Some(signal) = signals.get_mut(new) {
                signal.migrated.clone_from(&self.by);
            }
            self.edited.insert(old.clone());
            self.edited.insert(new.clone());
        }
        keys.len()
    }

    /// Removes a signal's value. Returns whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let existed = self.state.signals.remove(key).is_some();
        if existed {
            self.edited.insert(key.to_owned());
        }
        existed
    }

    /// One of the props that the instance was mounted with; `None` if it was not given.
    ///
    /// # Errors
    /// serde's error for a prop that is not a `T`.
    pub fn prop<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, MigrationError> {
        let props: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(self.state.props.get()).unwrap_or_default();
        read("the prop", name, props.get(name).map(|json| &**json))
    }

    /// The value that a hook or a migration has stored under this name; `None` if there is none.
    ///
    /// # Errors
    /// serde's error for a value that is not a `T`.
    pub fn extra<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, MigrationError> {
        read("the extra", name, self.state.extra.get(name).map(|json| &**json))
    }

    /// Stores an extra value for the new code, which reads it with [`Saved::extra`]. A value that JSON cannot hold fails
    /// the migration; in a hook it is logged, and nothing changes.
    pub fn put<T: Serialize>(&mut self, name: &str, value: &T) {
        match encoding::write(value) {
            Ok(value) => _ = self.state.extra.insert(name.to_owned(), value),
            Err(error) => self.fail("the extra", name, &error),
        }
    }

    fn fail(&mut self, what: &str, name: &str, error: &WriteError) {
        let error = MigrationError(format!("{what} `{name}` could not be written: {error}"));
        self.failure.get_or_insert(error);
    }
}

/// Renames keys; returns the old and the new ones. All are removed first, so that a scope can be renamed to one inside itself.
fn rename_keys<T>(
    map: &mut BTreeMap<String, T>,
    renamed: &dyn Fn(&str) -> Option<String>,
) -> Vec<(String, String)> {
    let keys: Vec<_> = map.keys().filter_map(|key| Some((key.clone(), renamed(key)?))).collect();
    let removed: Vec<_> = keys.iter().filter_map(|(old, _)| map.remove(old)).collect();
    for ((_, new), value) in keys.iter().zip(removed) {
        map.insert(new.clone(), value);
    }
    keys
}

fn read<T: DeserializeOwned>(
    what: &str,
    name: &str,
    json: Option<&RawValue>,
) -> Result<Option<T>, MigrationError> {
    let Some(json) = json else { return Ok(None) };
    match encoding::read(json.get()) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(unreadable(what, name, &error)),
    }
}

fn unreadable(what: &str, name: &str, error: &ReadError) -> MigrationError {
    MigrationError(format!("{what} `{name}` could not be read: {error}"))
}

/// Why a migration failed, for the developer to read. The swap is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationError(String);

impl MigrationError {
    /// An error with this message.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MigrationError {}

impl From<String> for MigrationError {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<&str> for MigrationError {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl From<serde_json::Error> for MigrationError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}
