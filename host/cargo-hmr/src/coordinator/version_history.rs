//! The versions of one module, and which of them pages get.
//!
//! Pages get the version that the module is pinned to; else the one that was restored last, until the next build that
//! differs; else the newest that was not refused. A version is refused when it failed in a page. Built again after another
//! one, it gets another chance. The only version that there is cannot be refused: nothing could take its place.

use std::collections::{BTreeSet, VecDeque};

use hmr_build::Failure;
use serde_json::Value;

use crate::events::Built;
use hmr_protocol::{Trap, Version};

/// A version and the size of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The version.
    pub version: Version,
    /// The size of its bytes.
    pub bytes: usize,
}

/// The versions of one module.
#[derive(Debug, Default)]
pub(super) struct VersionHistory {
    /// The newest last.
    built: VecDeque<Candidate>,
    refused: BTreeSet<String>,
    /// Why the newest version was refused; kept until a build differs.
    standing: Option<Failure>,
    pinned: Option<Candidate>,
    restored: Option<Candidate>,
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
}

impl VersionHistory {
    /// Adds a build's module and the transform from the file next to its source. Returns whether the version differs from
    /// that of the build before.
    pub(super) fn push(&mut self, built: Candidate, transform: Vec<Value>, kept: usize) -> bool {
        let first = self.built.is_empty();
        if first || transform.is_empty() {
            // Before the first update there is no state to transform.
            self.transform.carried.clone_from(&transform);
        }
        self.transform.written = transform;
        let hash = built.version.hash.clone();
        if self.newest().is_some_and(|newest| newest.version.hash == hash) {
            return false;
        }
        self.refused.remove(&hash);
        self.standing = None;
        self.restored = None;
        self.built.retain(|old| old.version.hash != hash);
        // Only the newest carries a transform: going back to an older one must not do it again.
        self.built.iter_mut().for_each(|old| old.version.transform.clear());
        self.built.push_back(built);
        while self.built.len() > kept {
            let needed = self.needed();
            let oldest = self.built.iter().position(|old| !needed.contains(&old.version.hash));
            let Some(oldest) = oldest else { break };
            if let Some(dropped) = self.built.remove(oldest) {
                self.refused.remove(&dropped.version.hash);
            }
        }
        true
    }

    fn newest(&self) -> Option<&Candidate> {
        self.built.back()
    }

    /// What new pages get; none before the first build.
    pub(super) fn current(&self) -> Option<Candidate> {
        let usable =
            || self.built.iter().rev().find(|built| !self.refused.contains(&built.version.hash));
        self.pinned.as_ref().or(self.restored.as_ref()).or_else(usable).cloned()
    }

    /// The versions that must stay: what pages get, the newest, and what takes its place if that fails.
    pub(super) fn needed(&self) -> BTreeSet<String> {
        let usable = self.built.iter().rev().skip(1);
        let mut usable = usable.filter(|built| !self.refused.contains(&built.version.hash));
        let needed = [self.newest().cloned(), usable.next().cloned(), self.current()];
        needed.into_iter().flatten().map(|needed| needed.version.hash).collect()
    }

    /// The version to announce after a build or when a pin was taken out, with the transform if that is due.
    pub(super) fn announce(&mut self) -> Option<Candidate> {
        let mut current = self.current()?;
        let due = self.transform.written != self.transform.carried;
        if due && self.newest().is_some_and(|newest| newest.version.hash == current.version.hash) {
            current.version.transform.clone_from(&self.transform.written);
            let before =
                std::mem::replace(&mut self.transform.carried, self.transform.written.clone());
            self.transform.carrier = Some((current.version.hash.clone(), before));
            if let Some(newest) = self.built.back_mut() {
                newest.version.transform.clone_from(&self.transform.written);
            }
        }
        Some(current)
    }

    /// Notes that a version failed, and why. Answers with what new pages get instead; nothing if the version is not known,
    /// was refused already, or is the only one.
    pub(super) fn refuse(&mut self, hash: &str, why: Failure) -> Option<Version> {
        let known = self.built.iter().any(|built| built.version.hash == hash);
        let other = |built: &Candidate| {
            built.version.hash != hash && !self.refused.contains(&built.version.hash)
        };
        if !known || self.refused.contains(hash) || !self.built.iter().any(other) {
            return None;
        }
        self.refused.insert(hash.to_owned());
        if self.newest().is_some_and(|newest| newest.version.hash == hash) {
            self.standing = Some(why);
        }
        self.pinned.take_if(|pinned| pinned.version.hash == hash);
        self.restored.take_if(|restored| restored.version.hash == hash);
        // The state never went that way, so the next update must carry what this one did.
        if let Some((_, before)) = self.transform.carrier.take_if(|(carrier, _)| carrier == hash) {
            self.transform.carried = before;
        }
        self.current().map(|current| current.version)
    }

    /// Gives pages this version until the next build that differs. It was asked for by hand, so it gets another chance.
    pub(super) fn restore(&mut self, version: Candidate) {
        self.pardon(&version);
        self.restored = Some(version);
    }

    /// Gives pages this version until it is unpinned, or the newest that may be given.
    pub(super) fn pin(&mut self, version: Option<Candidate>) {
        if let Some(version) = &version {
            self.pardon(version);
        }
        self.restored = None;
        self.pinned = version;
    }

    fn pardon(&mut self, version: &Candidate) {
        self.refused.remove(&version.version.hash);
        self.standing = None;
    }

    /// The hash that the module is pinned to.
    pub(super) fn pinned(&self) -> Option<&str> {
        self.pinned.as_ref().map(|pinned| pinned.version.hash.as_str())
    }

    /// Whether a version was refused.
    pub(super) fn is_refused(&self, hash: &str) -> bool {
        self.refused.contains(hash)
    }

    /// Why the newest version was refused.
    pub(super) fn standing(&self) -> Option<&Failure> {
        self.standing.as_ref()
    }

    /// Remembers where running code trapped.
    pub(super) fn note_trap(&mut self, trap: &Trap) {
        self.trap = Some(trap.clone());
    }

    /// Where a version trapped last.
    pub(super) fn trap_of(&self, hash: &str) -> Option<&Trap> {
        self.trap.as_ref().filter(|trap| trap.hash == hash)
    }
}

impl From<&Candidate> for Built {
    fn from(Candidate { version, bytes }: &Candidate) -> Self {
        Self { module: version.module.clone(), hash: version.hash.clone(), bytes: *bytes }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(hash: &str) -> Candidate {
        let version = Version {
            module: "board".into(),
            hash: hash.into(),
            url: String::new(),
            components: Vec::new(),
            rehearse: false,
            transform: Vec::new(),
        };
        Candidate { version, bytes: 1 }
    }

    fn failure() -> Failure {
        Failure { title: "board failed".into(), diagnostics: Vec::new(), files: Vec::new() }
    }

    fn line(hashes: &[&str]) -> VersionHistory {
        let mut line = VersionHistory::default();
        for hash in hashes {
            assert!(line.push(version(hash), Vec::new(), 4));
        }
        line
    }

    fn current(line: &VersionHistory) -> String {
        line.current().expect("a version").version.hash
    }

    #[test]
    fn pages_get_the_newest_that_was_not_refused() {
        let mut line = line(&["a", "b", "c"]);
        assert_eq!(line.refuse("c", failure()).map(|version| version.hash).as_deref(), Some("b"));
        assert!(line.standing().is_some() && line.is_refused("c"));
        assert_eq!(line.refuse("b", failure()).map(|version| version.hash).as_deref(), Some("a"));
        assert_eq!(line.refuse("a", failure()), None, "nothing could take its place");
        assert_eq!(current(&line), "a");
        assert_eq!(line.refuse("nonsense", failure()), None);
    }

    #[test]
    fn the_same_bytes_again_are_no_news_but_after_another_build_they_get_a_chance() {
        let mut line = line(&["a", "b"]);
        line.refuse("b", failure());
        assert!(!line.push(version("b"), Vec::new(), 4));
        assert!(line.standing().is_some(), "still broken");
        assert!(line.push(version("a"), Vec::new(), 4));
        assert!(line.standing().is_none());
        assert!(line.push(version("b"), Vec::new(), 4));
        assert_eq!(current(&line), "b");
    }

    #[test]
    fn a_pin_outlasts_builds_and_a_restored_version_does_not() {
        let mut line = line(&["a", "b"]);
        line.restore(version("a"));
        assert_eq!(current(&line), "a");
        line.push(version("b"), Vec::new(), 4);
        assert_eq!(current(&line), "a", "the same bytes are no build that differs");
        line.push(version("c"), Vec::new(), 4);
        assert_eq!(current(&line), "c");
        line.pin(Some(version("a")));
        line.push(version("d"), Vec::new(), 4);
        assert_eq!((current(&line).as_str(), line.pinned()), ("a", Some("a")));
        line.pin(None);
        assert_eq!(current(&line), "d");
    }

    #[test]
    fn what_pages_get_is_never_forgotten() {
        let mut line = line(&["a", "b"]);
        for hash in ["c", "d", "e", "f", "g"] {
            line.push(version(hash), Vec::new(), 4);
            line.refuse(hash, failure());
        }
        assert_eq!(current(&line), "b");
    }

    #[test]
    fn a_transform_is_carried_once_by_the_next_update() {
        let mut line = VersionHistory::default();
        let [old, new] = ["a", "b"].map(|key| vec![json!({"op": "remove", "key": key})]);
        let push = |line: &mut VersionHistory, hash: &str, transform: &[Value]| {
            line.push(version(hash), transform.to_vec(), 8);
            line.announce().expect("a version").version.transform
        };
        assert!(push(&mut line, "a", &old).is_empty(), "there is no state yet");
        assert!(push(&mut line, "b", &old).is_empty(), "it has not changed");
        assert_eq!(push(&mut line, "c", &new), new);
        assert_eq!(line.current().map(|current| current.version.transform), Some(new.clone()));
        assert!(push(&mut line, "d", &new).is_empty(), "once");
        line.refuse("d", failure());
        assert!(line.current().expect("a version").version.transform.is_empty(), "not again");
        push(&mut line, "e", &[]);
        assert_eq!(push(&mut line, "f", &new), new, "it was taken away and is new");
    }

    #[test]
    fn a_transform_whose_version_failed_is_due_again() {
        let mut line = line(&["a"]);
        let transform = vec![json!({"op": "remove", "key": "a"})];
        line.push(version("b"), transform.clone(), 8);
        line.announce();
        line.refuse("b", failure());
        assert!(line.current().expect("a version").version.transform.is_empty());
        line.push(version("c"), transform.clone(), 8);
        assert_eq!(line.announce().expect("a version").version.transform, transform);
    }

    #[test]
    fn a_transform_waits_for_code_that_differs() {
        let mut line = line(&["a"]);
        let transform = vec![json!({"op": "remove", "key": "a"})];
        assert!(!line.push(version("a"), transform.clone(), 8));
        line.push(version("b"), transform.clone(), 8);
        assert_eq!(line.announce().expect("a version").version.transform, transform);
    }
}
