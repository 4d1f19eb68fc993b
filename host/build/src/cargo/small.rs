//! Settings of the profile `release` that make native modules small.
//!
//! In: an app. Out: the settings that nobody has chosen yet. A setting of the user's always counts, in the manifest or in a configuration file of
//! cargo, since one on cargo's command line would replace it.

use std::fs;

use camino::Utf8Path;

use crate::App;

/// The profile that is used unless another one is named.
pub(super) const PROFILE: &str = "release";

/// What is chosen for each key, as TOML.
const SETTINGS: [(&str, &str); 3] =
    [("opt-level", "\"s\""), ("lto", "true"), ("codegen-units", "1")];

/// The settings that the native modules of an app are compiled with besides those of the user's: each a key of `profile.release` that is not set, and its
/// value as TOML. None if a profile is named.
#[must_use]
pub fn small_settings(app: &App, profile: Option<&str>) -> Vec<(&'static str, &'static str)> {
    if profile.is_some_and(|profile| profile != PROFILE) {
        return Vec::new();
    }
    let mut files = app.settings().cargo;
    files.push(app.workspace_root.join("Cargo.toml"));
    let tables: Vec<_> = files.iter().filter_map(|file| profile_table(file)).collect();
    let is_set = |key: &str| tables.iter().any(|table| table.contains_key(key));
    SETTINGS.into_iter().filter(|(key, _)| !is_set(key)).collect()
}

fn profile_table(file: &Utf8Path) -> Option<toml::Table> {
    let settings: toml::Table = fs::read_to_string(file).ok()?.parse().ok()?;
    settings.get("profile")?.get(PROFILE)?.as_table().cloned()
}
