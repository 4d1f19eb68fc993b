//! The version store: prepared modules by content hash.
//!
//! Bounded: of each module the newest versions are kept, as many as the configuration allows, so that a page which is a few
//! saves late can still fetch its version and the developer can go back. Versions that are held (pages are
//! given them, they are pinned, an experiment runs on them) are never dropped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use axum::body::Bytes;
use hmr_build::{Commit, PreparedModule};

use crate::protocol::Version;

/// Versions of every module.
#[derive(Debug)]
pub struct Store {
    modules: BTreeMap<String, VecDeque<Stored>>,
    held: BTreeMap<String, BTreeSet<String>>,
    limit: usize,
}

/// A version that is kept.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The version as it is sent to pages.
    pub version: Version,
    /// Its bytes.
    pub bytes: Bytes,
    /// When it was built, in milliseconds since the Unix epoch.
    pub built: u64,
    /// The commit that its source was checked out from, once that is known.
    pub commit: Option<Commit>,
}

impl Store {
    /// An empty store that keeps `limit` versions of each module, and at least one.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { modules: BTreeMap::new(), held: BTreeMap::new(), limit: limit.max(1) }
    }

    /// Keeps another number of versions from the next one on.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit.max(1);
    }

    /// Keeps a version as its module's newest and describes it for pages. `built` is now, in milliseconds since the
    /// Unix epoch.
    pub fn add(&mut self, module: &str, prepared: PreparedModule, built: u64) -> Version {
        let version = Version {
            module: module.to_owned(),
            url: format!("/@hmr/module/{module}/{}.wasm", prepared.hash),
            hash: prepared.hash,
            components: prepared.manifest.components.into_iter().map(|entry| entry.name).collect(),
            transform: Vec::new(),
            rehearse: false,
        };
        let versions = self.modules.entry(module.to_owned()).or_default();
        versions.retain(|stored| stored.version.hash != version.hash);
        let bytes = prepared.bytes.into();
        versions.push_back(Stored { version: version.clone(), bytes, built, commit: None });
        self.drop_oldest(module);
        version
    }

    fn drop_oldest(&mut self, module: &str) {
        let Some(versions) = self.modules.get_mut(module) else { return };
        let held = self.held.get(module);
        while versions.len() > self.limit {
            let newest = versions.len() - 1;
            let droppable = versions
                .iter()
                .take(newest)
                .position(|stored| held.is_none_or(|held| !held.contains(&stored.version.hash)));
            match droppable {
                Some(oldest) => _ = versions.remove(oldest),
                None => return,
            }
        }
    }

    /// Sets which versions of a module must be kept at any age.
    pub fn hold(&mut self, module: &str, hashes: BTreeSet<String>) {
        self.held.insert(module.to_owned(), hashes);
    }

    /// Notes the commit that versions were built at.
    pub fn note_commit(&mut self, versions: &[(String, String)], commit: &Commit) {
        for (module, hash) in versions {
            let stored = self.modules.get_mut(module).into_iter().flatten();
            for stored in stored.filter(|stored| stored.version.hash == *hash) {
                stored.commit = Some(commit.clone());
            }
        }
    }

    /// The kept versions of a module, the newest last.
    #[must_use]
    pub fn versions(&self, module: &str) -> impl DoubleEndedIterator<Item = &Stored> {
        self.modules.get(module).into_iter().flatten()
    }

    /// A version, if it is kept.
    #[must_use]
    pub fn get(&self, module: &str, hash: &str) -> Option<&Stored> {
        self.versions(module).find(|stored| stored.version.hash == hash)
    }

    /// The bytes of a version.
    #[must_use]
    pub fn bytes(&self, module: &str, hash: &str) -> Option<Bytes> {
        self.get(module, hash).map(|stored| stored.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(hash: &str) -> PreparedModule {
        PreparedModule {
            bytes: hash.as_bytes().to_vec(),
            hash: hash.into(),
            manifest: hmr_abi::manifest::Manifest::default(),
        }
    }

    fn store_with(hashes: &[&str]) -> Store {
        let mut store = Store::new(3);
        for hash in hashes {
            store.add("board", prepared(hash), 0);
        }
        store
    }

    fn kept(store: &Store) -> Vec<&str> {
        store.versions("board").map(|stored| stored.version.hash.as_str()).collect()
    }

    #[test]
    fn versions_are_found_by_hash_and_the_oldest_go() {
        let store = store_with(&["0", "1", "2", "3"]);
        assert_eq!(store.bytes("board", "0"), None);
        assert_eq!(store.bytes("board", "1").as_deref(), Some(&b"1"[..]));
        assert_eq!(store.bytes("list", "1"), None);
    }

    #[test]
    fn a_version_that_comes_back_is_the_newest_again() {
        let store = store_with(&["old", "1", "2", "old", "next"]);
        assert_eq!(kept(&store), ["2", "old", "next"]);
    }

    #[test]
    fn what_is_held_outlives_what_is_newer() {
        let mut store = store_with(&["0", "1"]);
        store.hold("board", ["0".to_owned()].into());
        for hash in ["2", "3", "4"] {
            store.add("board", prepared(hash), 0);
        }
        assert_eq!(kept(&store), ["0", "3", "4"]);
        store.hold("board", ["0", "3", "4"].map(str::to_owned).into());
        store.add("board", prepared("5"), 0);
        assert_eq!(kept(&store), ["0", "3", "4", "5"], "nothing may go");
        store.hold("board", BTreeSet::new());
        store.add("board", prepared("6"), 0);
        assert_eq!(kept(&store), ["4", "5", "6"], "now all of it may");
    }

    #[test]
    fn a_commit_is_noted_for_the_versions_that_were_built_at_it() {
        let mut store = store_with(&["0", "1"]);
        let commit = Commit { id: "abc".into(), dirty: true };
        store.note_commit(&[("board".into(), "1".into()), ("gone".into(), "1".into())], &commit);
        assert_eq!(store.get("board", "1").and_then(|stored| stored.commit.clone()), Some(commit));
        assert_eq!(store.get("board", "0").and_then(|stored| stored.commit.clone()), None);
    }
}
