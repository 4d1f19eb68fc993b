//! The version store: prepared modules by content hash.
//!
//! Bounded: of each module the newest [`KEPT`] versions stay, so that a page which is a few saves behind still
//! gets what it was told to fetch. The newest of all is never dropped.

use std::collections::{BTreeMap, VecDeque};

use hmr_build::Prepared;

use crate::protocol::Version;

/// How many versions of each module are kept.
pub const KEPT: usize = 32;

/// Versions of every module.
#[derive(Debug, Default)]
pub struct Store {
    modules: BTreeMap<String, VecDeque<Stored>>,
}

#[derive(Debug, Clone)]
struct Stored {
    version: Version,
    bytes: axum::body::Bytes,
}

impl Store {
    /// Keeps a version as its module's newest and describes it for pages.
    pub fn add(&mut self, module: &str, prepared: Prepared) -> Version {
        let version = Version {
            module: module.to_owned(),
            url: format!("/@hmr/module/{module}/{}.wasm", prepared.hash),
            hash: prepared.hash,
            components: prepared.manifest.components.into_iter().map(|entry| entry.name).collect(),
            rehearse: false,
        };
        let versions = self.modules.entry(module.to_owned()).or_default();
        versions.retain(|stored| stored.version.hash != version.hash);
        versions.push_back(Stored { version: version.clone(), bytes: prepared.bytes.into() });
        while versions.len() > KEPT {
            versions.pop_front();
        }
        version
    }

    /// The bytes of a version.
    #[must_use]
    pub fn bytes(&self, module: &str, hash: &str) -> Option<axum::body::Bytes> {
        let versions = self.modules.get(module)?;
        versions
            .iter()
            .find(|stored| stored.version.hash == hash)
            .map(|stored| stored.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(hash: &str) -> Prepared {
        Prepared {
            bytes: hash.as_bytes().to_vec(),
            hash: hash.into(),
            manifest: hmr_abi::manifest::Manifest::default(),
        }
    }

    #[test]
    fn versions_are_found_by_hash_and_the_oldest_go() {
        let mut store = Store::default();
        for n in 0..=KEPT {
            store.add("board", prepared(&n.to_string()));
        }
        assert_eq!(store.bytes("board", "0"), None);
        assert_eq!(store.bytes("board", "1").as_deref(), Some(&b"1"[..]));
        assert_eq!(store.bytes("list", "1"), None);
    }

    #[test]
    fn a_version_that_comes_back_is_the_newest_again() {
        let mut store = Store::default();
        store.add("board", prepared("old"));
        for n in 1..KEPT {
            store.add("board", prepared(&n.to_string()));
        }
        store.add("board", prepared("old"));
        store.add("board", prepared("next"));
        assert!(store.bytes("board", "old").is_some());
        assert_eq!(store.bytes("board", "1"), None, "the oldest goes instead");
    }
}
