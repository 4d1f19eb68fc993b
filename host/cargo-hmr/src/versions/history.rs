//! The versions of one module, and which of them pages get.
//!
//! Pages get the version that the module is pinned to; else the one that was restored last, until the next build that
//! differs; else the newest that was not refused. A version is refused when it failed in a page. Built again after another
//! one, it gets another chance. The only version cannot be refused: there is no other to replace it.
//!
//! A limited number of versions is kept, so that a page which is a few saves late can still fetch its version and the developer
//! can go back. Those that pages get, or an experiment uses, are never dropped.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use hmr_build::Failure;
use hmr_protocol::{Trap, Version};
use serde_json::Value;

use super::ModuleVersion;

/// The versions of one module.
#[derive(Debug, Default)]
pub struct VersionHistory {
    /// The newest last.
    built: VecDeque<Arc<ModuleVersion>>,
    refused: BTreeSet<String>,
    /// Why the newest version was refused; kept until a build differs.
    pending_failure: Option<Failure>,
    pinned: Option<Arc<ModuleVersion>>,
    restored: Option<Arc<ModuleVersion>>,
    transform: Transform,
    /// The last trap in running code.
    trap: Option<Trap>,
}

/// The one-off transform of the module's state.
#[derive(Debug, Default)]
struct Transform {
    /// The current content of the file.
    written: Vec<Value>,
    /// Its content when it was last sent with an update.
    carried: Vec<Value>,
    /// The version that carried it, and what had been carried before that.
    carrier: Option<(String, Vec<Value>)>,
    /// What the newest version carries. Older ones carry nothing: an older version must not apply it again.
    of_newest: Vec<Value>,
}

impl VersionHistory {
    /// Adds a build's version and the transform from the file next to its source. Keeps `kept` versions at most, apart from
    /// `held` ones, by their hashes, and what pages may get. Returns whether the version differs from that of the build before.
    pub fn push(
        &mut self,
        version: Arc<ModuleVersion>,
        transform: Vec<Value>,
        kept: usize,
        held: &BTreeSet<String>,
    ) -> bool {
        let first = self.built.is_empty();
        if first || transform.is_empty() {
            // Before the first update there is no state to transform.
            self.transform.carried.clone_from(&transform);
        }
        self.transform.written = transform;
        if let Some(newest) = self.built.back_mut().filter(|newest| newest.hash == version.hash) {
            // The time and the commit are those of the last build.
            *newest = version;
            return false;
        }
        self.refused.remove(&version.hash);
        self.pending_failure = None;
        self.restored = None;
        self.transform.of_newest.clear();
        self.built.retain(|old| old.hash != version.hash);
        self.built.push_back(version);
        self.drop_oldest(kept, held);
        true
    }

    fn drop_oldest(&mut self, kept: usize, held: &BTreeSet<String>) {
        while self.built.len() > kept {
            let needed = self.needed();
            let may_go =
                |old: &Arc<ModuleVersion>| !needed.contains(&old.hash) && !held.contains(&old.hash);
            let Some(oldest) = self.built.iter().position(may_go) else { break };
            if let Some(dropped) = self.built.remove(oldest) {
                self.refused.remove(&dropped.hash);
            }
        }
    }

    /// The versions that must stay: what pages get, the newest, and what replaces it if that fails.
    fn needed(&self) -> BTreeSet<String> {
        let usable = self.built.iter().rev().skip(1);
        let mut usable = usable.filter(|version| !self.refused.contains(&version.hash));
        let needed = [self.newest(), usable.next(), self.current()];
        needed.into_iter().flatten().map(|needed| needed.hash.clone()).collect()
    }

    fn newest(&self) -> Option<&Arc<ModuleVersion>> {
        self.built.back()
    }

    /// All versions, the newest last.
    #[must_use]
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Arc<ModuleVersion>> {
        self.built.iter()
    }

    /// A version, if it is kept.
    #[must_use]
    pub fn get(&self, hash: &str) -> Option<&Arc<ModuleVersion>> {
        self.built.iter().find(|version| version.hash == hash)
    }

    /// What new pages get; none before the first build.
    #[must_use]
    pub fn current(&self) -> Option<&Arc<ModuleVersion>> {
        let usable =
            || self.built.iter().rev().find(|version| !self.refused.contains(&version.hash));
        self.pinned.as_ref().or(self.restored.as_ref()).or_else(usable)
    }

    /// What new pages get, as they get it.
    #[must_use]
    pub fn greeting(&self) -> Option<Version> {
        let current = self.current()?;
        let is_manual = self.pinned.is_some() || self.restored.is_some();
        let carries = !is_manual && self.newest().is_some_and(|newest| newest.hash == current.hash);
        let transform = if carries { self.transform.of_newest.clone() } else { Vec::new() };
        Some(current.announced(transform))
    }

    /// The version to announce after a build or when the module was unpinned, with the transform if that is due.
    pub fn announce(&mut self) -> Option<(Arc<ModuleVersion>, Version)> {
        let current = Arc::clone(self.current()?);
        let due = self.transform.written != self.transform.carried;
        if due && self.newest().is_some_and(|newest| newest.hash == current.hash) {
            let written = self.transform.written.clone();
            let before = std::mem::replace(&mut self.transform.carried, written.clone());
            self.transform.carrier = Some((current.hash.clone(), before));
            self.transform.of_newest.clone_from(&written);
            let version = current.announced(written);
            return Some((current, version));
        }
        Some((current, self.greeting()?))
    }

    /// Refuses a version that failed, and stores why. Returns what new pages get instead; none if the version is not known,
    /// was refused already, or is the only one.
    pub fn refuse(&mut self, hash: &str, why: Failure) -> Option<&Arc<ModuleVersion>> {
        let other = |version: &Arc<ModuleVersion>| {
            version.hash != hash && !self.refused.contains(&version.hash)
        };
        let known = self.get(hash).is_some();
        if !known || self.refused.contains(hash) || !self.built.iter().any(other) {
            return None;
        }
        self.refused.insert(hash.to_owned());
        if self.newest().is_some_and(|newest| newest.hash == hash) {
            self.pending_failure = Some(why);
        }
        self.pinned.take_if(|pinned| pinned.hash == hash);
        self.restored.take_if(|restored| restored.hash == hash);
        // Its transform was not applied to the state, so the next update must carry it.
        if let Some((_, before)) = self.transform.carrier.take_if(|(carrier, _)| carrier == hash) {
            self.transform.carried = before;
        }
        self.current()
    }

    /// Gives pages this version until the next build that differs. It was requested manually, so it is no longer refused.
    pub fn restore(&mut self, version: Arc<ModuleVersion>) {
        self.clear_refusal(&version);
        self.restored = Some(version);
    }

    /// Gives pages this version until it is unpinned, or the newest that may be given.
    pub fn pin(&mut self, version: Option<Arc<ModuleVersion>>) {
        if let Some(version) = &version {
            self.clear_refusal(version);
        }
        self.restored = None;
        self.pinned = version;
    }

    fn clear_refusal(&mut self, version: &ModuleVersion) {
        self.refused.remove(&version.hash);
        self.pending_failure = None;
    }

    /// The hash that the module is pinned to.
    #[must_use]
    pub fn pinned(&self) -> Option<&str> {
        self.pinned.as_ref().map(|pinned| pinned.hash.as_str())
    }

    /// Whether a version was refused.
    #[must_use]
    pub fn is_refused(&self, hash: &str) -> bool {
        self.refused.contains(hash)
    }

    /// Why the newest version was refused.
    #[must_use]
    pub fn pending_failure(&self) -> Option<&Failure> {
        self.pending_failure.as_ref()
    }

    /// Stores where running code trapped.
    pub fn note_trap(&mut self, trap: &Trap) {
        self.trap = Some(trap.clone());
    }

    /// Where a version trapped last.
    #[must_use]
    pub fn trap_of(&self, hash: &str) -> Option<&Trap> {
        self.trap.as_ref().filter(|trap| trap.hash == hash)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(hash: &str) -> Arc<ModuleVersion> {
        ModuleVersion::example("board", hash)
    }

    fn push(history: &mut VersionHistory, hash: &str) -> bool {
        history.push(version(hash), Vec::new(), 4, &BTreeSet::new())
    }

    fn kept(history: &VersionHistory) -> Vec<&str> {
        history.versions().map(|version| version.hash.as_str()).collect()
    }

    fn failure() -> Failure {
        Failure { title: "board failed".into(), diagnostics: Vec::new(), files: Vec::new() }
    }

    fn history(hashes: &[&str]) -> VersionHistory {
        let mut history = VersionHistory::default();
        for hash in hashes {
            assert!(push(&mut history, hash));
        }
        history
    }

    fn current(history: &VersionHistory) -> String {
        history.current().expect("a version").hash.clone()
    }

    #[test]
    fn pages_get_the_newest_that_was_not_refused() {
        let mut history = history(&["a", "b", "c"]);
        assert_eq!(history.refuse("c", failure()).map(|version| version.hash.as_str()), Some("b"));
        assert!(history.pending_failure().is_some() && history.is_refused("c"));
        assert_eq!(history.refuse("b", failure()).map(|version| version.hash.as_str()), Some("a"));
        assert!(history.refuse("a", failure()).is_none(), "there is no other version");
        assert_eq!(current(&history), "a");
        assert!(history.refuse("nonsense", failure()).is_none());
    }

    #[test]
    fn the_same_bytes_again_change_nothing_but_after_another_build_they_get_another_chance() {
        let mut history = history(&["a", "b"]);
        history.refuse("b", failure());
        assert!(!push(&mut history, "b"));
        assert!(history.pending_failure().is_some(), "still broken");
        assert!(push(&mut history, "a"));
        assert!(history.pending_failure().is_none());
        assert!(push(&mut history, "b"));
        assert_eq!(current(&history), "b");
    }

    #[test]
    fn a_pin_outlasts_builds_and_a_restored_version_does_not() {
        let mut history = history(&["a", "b"]);
        history.restore(version("a"));
        assert_eq!(current(&history), "a");
        push(&mut history, "b");
        assert_eq!(current(&history), "a", "the same bytes are not a build that differs");
        push(&mut history, "c");
        assert_eq!(current(&history), "c");
        history.pin(Some(version("a")));
        push(&mut history, "d");
        assert_eq!((current(&history).as_str(), history.pinned()), ("a", Some("a")));
        history.pin(None);
        assert_eq!(current(&history), "d");
    }

    #[test]
    fn the_version_that_pages_get_is_never_dropped() {
        let mut history = history(&["a", "b"]);
        for hash in ["c", "d", "e", "f", "g"] {
            push(&mut history, hash);
            history.refuse(hash, failure());
        }
        assert_eq!(current(&history), "b");
    }

    #[test]
    fn a_transform_is_carried_once_by_the_next_update() {
        let mut history = VersionHistory::default();
        let [old, new] = ["a", "b"].map(|key| vec![json!({"op": "remove", "key": key})]);
        let push = |history: &mut VersionHistory, hash: &str, transform: &[Value]| {
            history.push(version(hash), transform.to_vec(), 8, &BTreeSet::new());
            history.announce().expect("a version").1.transform
        };
        assert!(push(&mut history, "a", &old).is_empty(), "there is no state yet");
        assert!(push(&mut history, "b", &old).is_empty(), "it has not changed");
        assert_eq!(push(&mut history, "c", &new), new);
        assert_eq!(history.greeting().map(|version| version.transform), Some(new.clone()));
        assert!(push(&mut history, "d", &new).is_empty(), "once");
        history.refuse("d", failure());
        assert!(history.greeting().expect("a version").transform.is_empty(), "not again");
        push(&mut history, "e", &[]);
        assert_eq!(push(&mut history, "f", &new), new, "it was removed and is new");
    }

    #[test]
    fn a_transform_whose_version_failed_is_due_again() {
        let mut history = history(&["a"]);
        let transform = vec![json!({"op": "remove", "key": "a"})];
        history.push(version("b"), transform.clone(), 8, &BTreeSet::new());
        history.announce();
        history.refuse("b", failure());
        assert!(history.greeting().expect("a version").transform.is_empty());
        history.push(version("c"), transform.clone(), 8, &BTreeSet::new());
        assert_eq!(history.announce().expect("a version").1.transform, transform);
    }

    #[test]
    fn a_transform_waits_for_code_that_differs() {
        let mut history = history(&["a"]);
        let transform = vec![json!({"op": "remove", "key": "a"})];
        assert!(!history.push(version("a"), transform.clone(), 8, &BTreeSet::new()));
        history.push(version("b"), transform.clone(), 8, &BTreeSet::new());
        assert_eq!(history.announce().expect("a version").1.transform, transform);
    }

    #[test]
    fn the_oldest_are_dropped_and_what_is_built_again_is_the_newest_again() {
        let mut history = history(&["old", "1", "2", "old", "next"]);
        assert_eq!(kept(&history), ["1", "2", "old", "next"]);
        push(&mut history, "last");
        assert_eq!(kept(&history), ["2", "old", "next", "last"]);
        assert!(history.get("1").is_none());
    }

    #[test]
    fn held_versions_are_kept_longer_than_newer_ones() {
        let mut history = history(&["0", "1"]);
        let mut push = |hash, held: &[&str]| {
            let held = held.iter().map(|&hash| hash.to_owned()).collect();
            history.push(version(hash), Vec::new(), 3, &held);
            kept(&history).join(" ")
        };
        push("2", &["0"]);
        push("3", &["0"]);
        assert_eq!(push("4", &["0"]), "0 3 4");
        assert_eq!(push("5", &["0", "3", "4"]), "0 3 4 5", "nothing may be dropped");
        assert_eq!(push("6", &[]), "4 5 6", "now all may be dropped");
    }
}
