//! The storage of an origin's pages, as text by name. Reading and writing are awaited in a task: see [`crate::spawn`] and
//! [`crate::action`]. [`crate::storage_listener`] reports changes made by other pages.

use hmr_abi::event::StorageArea;
use serde_json::json;

use crate::host::{HostError, host_call};

/// The item's text, if it exists.
pub async fn get(area: StorageArea, item: &str) -> Result<Option<String>, HostError> {
    host_call("storage.get", &json!({ "area": area, "item": item })).await
}

/// Stores text under the item's name.
pub async fn set(area: StorageArea, item: &str, value: &str) -> Result<(), HostError> {
    let argument = json!({ "area": area, "item": item, "value": value });
    host_call::<serde::de::IgnoredAny>("storage.set", &argument).await.map(|_| ())
}

/// Removes the item, if it exists.
pub async fn remove(area: StorageArea, item: &str) -> Result<(), HostError> {
    let argument = json!({ "area": area, "item": item });
    host_call::<serde::de::IgnoredAny>("storage.remove", &argument).await.map(|_| ())
}
