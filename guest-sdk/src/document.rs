//! The document that the module's components are in.

use serde_json::json;

use crate::host;

/// Sets the title of the page, which its tab shows. In an effect it follows what it is made of.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let unread = signal(3);
/// effect(move || set_title(format!("{unread} unread")));
/// # view! {} }
/// ```
pub fn set_title(title: impl Into<String>) {
    host::notify("document.title", &json!({ "title": title.into() }));
}
