//! Media queries and the storage of other pages.

use hmr_abi::event::{Resource, StorageArea};
use serde::Deserialize;

use super::{ResourceHandle, open, read};
use crate::event::Event;

/// Calls `f` with whether a media query matches, `(min-width: 40rem)` for instance: once at first, and whenever it changes.
pub fn media_query(name: &str, query: &str, mut f: impl FnMut(bool) + 'static) -> ResourceHandle {
    #[derive(Deserialize)]
    struct Change {
        matches: bool,
    }
    let call = Box::new(move |event: Event| {
        if let Some(Change { matches }) = read(&event) {
            f(matches);
        }
    });
    open(name, Resource::MediaQuery { query: query.to_owned() }, call)
}

/// A change of the storage, made by another page of the same origin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StorageChange {
    /// The item; `None` if all were removed.
    #[serde(default)]
    pub item: Option<String>,
    /// Its text before.
    #[serde(default)]
    pub old: Option<String>,
    /// Its text now; `None` if it was removed.
    #[serde(default)]
    pub new: Option<String>,
}

/// Calls `f` when another page of the same origin changes an item of this storage; any item, with `None`.
pub fn storage_listener<'a>(
    name: &str,
    area: StorageArea,
    item: impl Into<Option<&'a str>>,
    mut f: impl FnMut(StorageChange) + 'static,
) -> ResourceHandle {
    let call = Box::new(move |event: Event| {
        if let Some(change) = read(&event) {
            f(change);
        }
    });
    open(name, Resource::Storage { area, item: item.into().map(str::to_owned) }, call)
}
