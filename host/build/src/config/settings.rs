//! One table of settings as it is in a manifest, read by serde.

use std::num::{NonZeroU16, NonZeroU64, NonZeroUsize};

use camino::Utf8PathBuf;
use serde::de::{Deserialize, Deserializer, Error as _};

use super::host_name;

/// The settings of one table, [`None`] where it does not have the key. [`super::Config`] documents them.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Settings {
    #[serde(deserialize_with = "folder")]
    pub(super) app: Option<Utf8PathBuf>,
    pub(super) root_files: Option<Vec<String>>,
    pub(super) full_reload_threshold: Option<usize>,
    pub(super) watch_ignore: Option<Vec<String>>,
    pub(super) port: Option<NonZeroU16>,
    #[serde(deserialize_with = "folder")]
    pub(super) static_folder: Option<Utf8PathBuf>,
    #[serde(deserialize_with = "host_names")]
    pub(super) allowed_hosts: Option<Vec<String>>,
    #[serde(deserialize_with = "module_name")]
    pub(super) name: Option<String>,
    pub(super) versions: Option<NonZeroUsize>,
    #[serde(deserialize_with = "command")]
    pub(super) gate: Option<String>,
    pub(super) gate_limit: Option<NonZeroU64>,
    pub(super) loop_guard: Option<bool>,
    #[serde(deserialize_with = "budget")]
    pub(super) loop_budget: Option<i32>,
    pub(super) preflight: Option<bool>,
    pub(super) auto_state: Option<bool>,
    pub(super) auto_state_ignore: Option<Vec<String>>,
}

impl Settings {
    /// The settings that are globs, by their keys.
    pub(super) fn globs(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let all = [
            ("root-files", &self.root_files),
            ("watch-ignore", &self.watch_ignore),
            ("auto-state-ignore", &self.auto_state_ignore),
        ];
        all.into_iter().flat_map(|(key, globs)| globs.iter().flatten().map(move |glob| (key, glob)))
    }
}

/// Reads a value that must also pass a check.
fn checked<'de, D, T>(deserializer: D, is_valid: fn(&T) -> bool) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let value = T::deserialize(deserializer)?;
    if is_valid(&value) { Ok(Some(value)) } else { Err(D::Error::custom("invalid value")) }
}

fn folder<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Utf8PathBuf>, D::Error> {
    checked(from, |path: &Utf8PathBuf| !path.as_str().is_empty())
}

fn command<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, |line: &String| !line.trim().is_empty())
}

fn budget<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i32>, D::Error> {
    checked(from, |budget| *budget > 0)
}

fn module_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, |name: &String| is_module_name(name))
}

/// Whether `name` can be a module's: it becomes part of a URL and of attributes as it is.
fn is_module_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

fn host_names<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let names: Result<_, _> = names.iter().map(|name| host_name(name)).collect();
    names.map(Some).map_err(D::Error::custom)
}
