//! Settings: `[package.metadata.hmr]` of a package and `[workspace.metadata.hmr]` of a workspace.
//!
//! The input is the JSON that cargo made of the table; the output is a [`Config`] in which every key has a
//! value. serde reads the values ([`settings`]). What messages say about a key is in [`keys`]. A key that does not exist
//! is an error with the nearest one that does, so that a misspelt setting is not silently without effect.

mod error;
mod host;
mod keys;
mod settings;

use std::num::{NonZeroU16, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

pub use self::error::ConfigError;
pub use self::host::{NotAHost, host_name};
use self::keys::Key;
use self::settings::Settings;

/// How many affected files make a change a full reload, unless set otherwise.
pub const FULL_RELOAD_THRESHOLD: usize = 10;

/// How many versions of each module are kept, unless set otherwise.
pub const VERSIONS: usize = 32;

/// The settings of an app. Keys are the fields' names with `-` for `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Workspace only: the folder of the app to serve instead, relative to the manifest.
    pub app: Option<Utf8PathBuf>,
    /// Globs of further root files, relative to the app's folder: a change of one is a full reload.
    pub root_files: Vec<String>,
    /// More affected files than this make a change a full reload.
    pub full_reload_threshold: usize,
    /// Globs, relative to the app's folder, of files that are not watched.
    pub watch_ignore: Vec<String>,
    /// The port to serve at, if not the default one.
    pub port: Option<u16>,
    /// The folder of files that are served as they are, relative to the app's folder.
    pub static_folder: Utf8PathBuf,
    /// The names by which the server may be called in addition to addresses and `localhost`: in lower case, with a dot at the start for all
    /// names that end so.
    pub allowed_hosts: Vec<String>,
    /// Package only: the module's name, if it is not the package's.
    pub name: Option<String>,
    /// How many versions of each module are kept; at least 1.
    pub versions: usize,
    /// Package only: the command that must succeed before an update of the module is announced.
    pub gate: Option<String>,
    /// Package only: how long the gate may take.
    pub gate_limit: Duration,
    /// Whether development modules get the loop guard.
    pub loop_guard: bool,
    /// How many loop heads and calls one call into a module may pass; at least 1.
    pub loop_budget: i32,
    /// Whether swaps are rehearsed before a page makes them.
    pub preflight: bool,
    /// Whether the state of applications is kept ([`crate::auto_state`]).
    pub auto_state: bool,
    /// Globs, relative to the app's folder, of files whose state is not kept.
    pub auto_state_ignore: Vec<String>,
}

/// Which of the two tables contains a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `[package.metadata.hmr]`
    Package,
    /// `[workspace.metadata.hmr]`
    Workspace,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            app: None,
            root_files: Vec::new(),
            full_reload_threshold: FULL_RELOAD_THRESHOLD,
            watch_ignore: Vec::new(),
            port: None,
            static_folder: "static".into(),
            allowed_hosts: Vec::new(),
            name: None,
            versions: VERSIONS,
            gate: None,
            gate_limit: Duration::from_mins(10),
            loop_guard: true,
            loop_budget: crate::LOOP_BUDGET,
            preflight: true,
            // It needs symbolic links, which the tool cannot make on other systems yet.
            auto_state: cfg!(unix),
            auto_state_ignore: Vec::new(),
        }
    }
}

impl Config {
    /// Takes over what the `hmr` table in `metadata` sets; keys that it lacks stay as they are.
    ///
    /// `metadata` is the value of `package.metadata` or `workspace.metadata`, null if there is none.
    pub fn read(
        &mut self,
        manifest: &Utf8Path,
        table: Table,
        metadata: &Value,
    ) -> Result<(), ConfigError> {
        if let Some(values) = metadata.get("hmr") {
            self.apply(Source { manifest, table }.settings(values)?);
        }
        Ok(())
    }

    fn apply(&mut self, settings: Settings) {
        fn set<T>(to: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *to = value;
            }
        }
        set(&mut self.app, settings.app.map(Some));
        set(&mut self.root_files, settings.root_files);
        set(&mut self.full_reload_threshold, settings.full_reload_threshold);
        set(&mut self.watch_ignore, settings.watch_ignore);
        set(&mut self.port, settings.port.map(NonZeroU16::get).map(Some));
        set(&mut self.static_folder, settings.static_folder);
        set(&mut self.allowed_hosts, settings.allowed_hosts);
        set(&mut self.name, settings.name.map(Some));
        set(&mut self.versions, settings.versions.map(NonZeroUsize::get));
        set(&mut self.gate, settings.gate.map(Some));
        set(
            &mut self.gate_limit,
            settings.gate_limit.map(NonZeroU64::get).map(Duration::from_secs),
        );
        set(&mut self.loop_guard, settings.loop_guard);
        set(&mut self.loop_budget, settings.loop_budget);
        set(&mut self.preflight, settings.preflight);
        set(&mut self.auto_state, settings.auto_state);
        set(&mut self.auto_state_ignore, settings.auto_state_ignore);
    }
}

impl Table {
    /// The line that begins the table in a manifest.
    fn header(self) -> &'static str {
        match self {
            Self::Package => "[package.metadata.hmr]",
            Self::Workspace => "[workspace.metadata.hmr]",
        }
    }

    fn name(self) -> &'static str {
        self.header().trim_matches(['[', ']'])
    }
}

/// Where settings are read from, for messages.
struct Source<'a> {
    manifest: &'a Utf8Path,
    table: Table,
}

impl Source<'_> {
    fn settings(&self, values: &Value) -> Result<Settings, ConfigError> {
        let Some(by_key) = values.as_object() else {
            return Err(self.wrong_type("hmr", "a table", self.table.header(), values));
        };
        let misplaced = |name: &&String| Key::named(name).is_some_and(|key| !key.fits(self.table));
        if let Some(name) = by_key.keys().find(misplaced) {
            return Err(self.unknown(name));
        }
        let settings: Settings = serde_path_to_error::deserialize(values)
            .map_err(|error| self.explain(by_key, error.path().iter().next()))?;
        for (key, glob) in settings.globs() {
            globset::Glob::new(glob).map_err(|error| ConfigError::Glob {
                manifest: self.manifest.to_owned(),
                table: self.table.name(),
                key,
                reason: error.to_string(),
            })?;
        }
        Ok(settings)
    }

    /// Explains why serde does not accept the value of a key: `at` is the first segment of the path to it.
    fn explain(&self, values: &Map<String, Value>, at: Option<&Segment>) -> ConfigError {
        let name = match at {
            Some(Segment::Map { key }) => key.as_str(),
            _ => "",
        };
        match (Key::named(name), values.get(name)) {
            (Some(key), Some(value)) => self.wrong_type(key.name, key.expected, key.example, value),
            _ => self.unknown(name),
        }
    }

    fn wrong_type(
        &self,
        key: &'static str,
        expected: &'static str,
        example: &'static str,
        value: &Value,
    ) -> ConfigError {
        ConfigError::WrongType {
            manifest: self.manifest.to_owned(),
            table: self.table.name(),
            key,
            expected,
            found: value.to_string(),
            example,
        }
    }

    fn unknown(&self, key: &str) -> ConfigError {
        ConfigError::UnknownKey {
            manifest: self.manifest.to_owned(),
            table: self.table.name(),
            key: key.to_owned(),
            hint: keys::hint(self.table, key),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "callers make the value in place")]
    fn read(table: Table, settings: Value) -> Result<Config, String> {
        let mut config = Config::default();
        let metadata = json!({ "hmr": settings, "other-tool": { "x": 1 } });
        config
            .read(Utf8Path::new("/app/Cargo.toml"), table, &metadata)
            .map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(read(Table::Package, json!({})), Ok(Config::default()));
        let mut config = Config::default();
        assert_eq!(config.read("/app/Cargo.toml".into(), Table::Package, &Value::Null), Ok(()));
        assert_eq!((config.full_reload_threshold, config.static_folder.as_str()), (10, "static"));
    }

    #[test]
    fn every_key_is_taken_over() {
        let config = read(
            Table::Workspace,
            json!({"app": "site", "root-files": ["*.json"], "full-reload-threshold": 3,
                   "watch-ignore": ["notes/**"], "port": 9000, "static-folder": "public",
                   "allowed-hosts": ["Dev.example.org", ".test"],
                   "versions": 5, "loop-guard": false, "loop-budget": 7, "preflight": false,
                   "auto-state": false, "auto-state-ignore": ["src/a.rs"]}),
        )
        .expect("settings that are right");
        assert_eq!(config.app.as_deref(), Some(Utf8Path::new("site")));
        assert_eq!((config.port, config.full_reload_threshold), (Some(9000), 3));
        assert_eq!((&*config.root_files[0], &*config.watch_ignore[0]), ("*.json", "notes/**"));
        assert_eq!(config.allowed_hosts, ["dev.example.org", ".test"]);
        assert_eq!((config.static_folder.as_str(), config.versions), ("public", 5));
        assert_eq!((config.loop_guard, config.loop_budget), (false, 7));
        assert_eq!((config.preflight, config.auto_state), (false, false));
        assert_eq!(config.auto_state_ignore, ["src/a.rs"]);
        let package = json!({"name": "board", "gate": "cargo test", "gate-limit": 30});
        let named = read(Table::Package, package).expect("a name and a gate");
        assert_eq!(named.name.as_deref(), Some("board"));
        assert_eq!(named.gate.as_deref(), Some("cargo test"));
        assert_eq!(named.gate_limit, Duration::from_secs(30));
    }

    #[test]
    fn messages_know_every_key() {
        let error = serde_json::from_value::<Settings>(json!({"zzz": 1})).expect_err("no such key");
        let names = keys::KEYS.map(|key| format!("`{}`", key.name)).join(", ");
        assert!(error.to_string().ends_with(&format!("expected one of {names}")), "{error}");
        for Key { name, only, example, .. } in keys::KEYS {
            let (key, value) = example.split_once(" = ").expect("a line");
            assert_eq!(key, name);
            // These values are the same in TOML and JSON.
            let settings = Map::from_iter([(name.to_owned(), value.parse().expect("a value"))]);
            let table = only.unwrap_or(Table::Package);
            assert!(read(table, Value::Object(settings)).is_ok(), "{example}");
        }
    }

    #[test]
    fn the_hint_for_a_misspelt_key_is_the_right_one() {
        assert_eq!(
            read(Table::Package, json!({"watch_ignored": []})),
            Err("/app/Cargo.toml: `watch_ignored` is not a setting of `[package.metadata.hmr]`\n\
                 hint: did you mean `watch-ignore`?"
                .into())
        );
    }

    #[test]
    fn the_hint_for_a_key_in_the_wrong_table_is_the_right_table() {
        let error = read(Table::Package, json!({"app": "site"})).expect_err("no such key here");
        assert!(error.ends_with("hint: `app` belongs in `[workspace.metadata.hmr]`"), "{error}");
    }

    #[test]
    fn the_hint_for_an_unknown_key_lists_all() {
        let error = read(Table::Workspace, json!({"zzz": 1})).expect_err("no such key");
        assert!(error.contains("hint: settings are `app`, `root-files`,"), "{error}");
    }

    #[test]
    fn the_hint_for_a_value_of_another_type_is_an_example() {
        assert_eq!(
            read(Table::Package, json!({"port": "8080"})),
            Err("/app/Cargo.toml: `port` of `[package.metadata.hmr]` must be a port from 1 to \
                 65535, not `\"8080\"`\nhint: write `port = 8080`"
                .into())
        );
        for settings in [
            json!({"port": 70000}),
            json!({"full-reload-threshold": -1}),
            json!({"root-files": "*.json"}),
            json!({"root-files": [1]}),
            json!({"port": 0}),
            json!({"port": 80.5}),
            json!({"name": "a/b"}),
            json!({"static-folder": ""}),
            json!({"allowed-hosts": "dev.example.org"}),
            json!({"allowed-hosts": ["dev.example.org:80"]}),
            json!({"allowed-hosts": ["*.example.org"]}),
            json!({"allowed-hosts": ["http://dev.example.org/"]}),
            json!({"allowed-hosts": ["."]}),
            json!({"versions": 0}),
            json!({"gate": " "}),
            json!({"gate": ["cargo", "test"]}),
            json!({"gate-limit": 0}),
            json!({"loop-guard": "no"}),
            json!({"loop-budget": 0}),
            json!({"loop-budget": 2_147_483_648_u32}),
            json!([]),
        ] {
            assert!(read(Table::Package, settings.clone()).is_err(), "{settings}");
        }
    }

    #[test]
    fn a_malformed_glob_is_named() {
        let error = read(Table::Package, json!({"root-files": ["a[b"]})).expect_err("no glob");
        assert!(error.contains("`root-files`") && error.contains("a[b"), "{error}");
    }
}
