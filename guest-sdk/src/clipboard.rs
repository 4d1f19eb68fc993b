//! The clipboard. Reading and writing are awaited in a task: see [`crate::spawn`] and [`crate::action`].
//!
//! Browsers give it only to pages of `https` and of the reader's own machine, and only while they answer an action of the reader: what
//! a click starts. Reading may ask the reader first.

use serde_json::json;

use crate::host::{HostError, host_call};

/// The text in the clipboard; empty if there is none.
pub async fn read_text() -> Result<String, HostError> {
    host_call("clipboard.read", &json!({})).await
}

/// Puts text into the clipboard.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let copy = action("copy", move |text: String| async move {
///     if let Err(error) = clipboard::write_text(&text).await {
///         log::error(error);
///     }
/// });
/// view! { <button on:click={move |_| copy.run("milk".to_owned())}>"Copy"</button> }
/// # }
/// ```
pub async fn write_text(text: &str) -> Result<(), HostError> {
    host_call::<serde::de::IgnoredAny>("clipboard.write", &json!({ "text": text }))
        .await
        .map(|_| ())
}
