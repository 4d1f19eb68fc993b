//! Settings: `[package.metadata.hmr]` of a package and `[workspace.metadata.hmr]` of a workspace.
//!
//! In goes the JSON that cargo made of the table; out comes a [`Config`] in which every key has a
//! value. A key that does not exist is an error with the nearest one that does, so that a
//! misspelt setting is not silently without effect.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

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
    /// Globs, relative to the app's folder, of files whose changes mean nothing.
    pub watch_ignore: Vec<String>,
    /// The port to serve at, if not the default one.
    pub port: Option<u16>,
    /// The folder of files that are served as they are, relative to the app's folder.
    pub static_folder: Utf8PathBuf,
    /// The names by which the server may be called besides addresses and `localhost`: in lower case, with a dot at the start for all
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
}

/// Which of the two tables contains a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `[package.metadata.hmr]`
    Package,
    /// `[workspace.metadata.hmr]`
    Workspace,
}

/// An invalid setting. Each error names the manifest and the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The key does not exist.
    #[error("{manifest}: `{key}` is no setting of `[{table}]`\nhint: {hint}")]
    UnknownKey {
        /// The manifest.
        manifest: Utf8PathBuf,
        /// The table's name.
        table: &'static str,
        /// The key.
        key: String,
        /// What was probably meant.
        hint: String,
    },
    /// The value has another type.
    #[error(
        "{manifest}: `{key}` of `[{table}]` must be {expected}, not `{found}`\nhint: write `{example}`"
    )]
    WrongType {
        /// The manifest.
        manifest: Utf8PathBuf,
        /// The table's name.
        table: &'static str,
        /// The key.
        key: &'static str,
        /// What it must be, with its article.
        expected: &'static str,
        /// What it is.
        found: String,
        /// A line that is right.
        example: &'static str,
    },
    /// A glob that cannot be read.
    #[error(
        "{manifest}: `{key}` of `[{table}]` has a malformed glob: {reason}\nhint: globs are like `*.txt`, `data/**/*.json` or `{{a,b}}.toml`"
    )]
    Glob {
        /// The manifest.
        manifest: Utf8PathBuf,
        /// The table's name.
        table: &'static str,
        /// The key.
        key: &'static str,
        /// What is wrong with the glob.
        reason: String,
    },
}

/// A key: its name, the table that it is confined to, what its value is, and an example.
struct Key {
    name: &'static str,
    only: Option<Table>,
    expected: &'static str,
    example: &'static str,
}

const APP: Key = Key {
    name: "app",
    only: Some(Table::Workspace),
    expected: "the path of a folder",
    example: "app = \"site\"",
};
const ROOT_FILES: Key = Key {
    name: "root-files",
    only: None,
    expected: "an array of globs",
    example: "root-files = [\"data/*.json\"]",
};
const THRESHOLD: Key = Key {
    name: "full-reload-threshold",
    only: None,
    expected: "a whole number from 0",
    example: "full-reload-threshold = 10",
};
const WATCH_IGNORE: Key = Key {
    name: "watch-ignore",
    only: None,
    expected: "an array of globs",
    example: "watch-ignore = [\"notes/**\"]",
};
const PORT: Key =
    Key { name: "port", only: None, expected: "a port from 1 to 65535", example: "port = 8080" };
const STATIC_FOLDER: Key = Key {
    name: "static-folder",
    only: None,
    expected: "the path of a folder",
    example: "static-folder = \"static\"",
};
const ALLOWED_HOSTS: Key = Key {
    name: "allowed-hosts",
    only: None,
    expected: "an array of host names",
    example: "allowed-hosts = [\"dev.example.org\", \".internal.example.org\"]",
};
const NAME: Key = Key {
    name: "name",
    only: Some(Table::Package),
    expected: "a name of letters, digits, `-` and `_`",
    example: "name = \"board\"",
};
const LOOP_GUARD: Key = Key {
    name: "loop-guard",
    only: None,
    expected: "`true` or `false`",
    example: "loop-guard = false",
};
const LOOP_BUDGET: Key = Key {
    name: "loop-budget",
    only: None,
    expected: "a whole number from 1 to 2147483647",
    example: "loop-budget = 500000000",
};
const PREFLIGHT: Key = Key {
    name: "preflight",
    only: None,
    expected: "`true` or `false`",
    example: "preflight = false",
};

const KEPT: Key = Key {
    name: "versions",
    only: None,
    expected: "a whole number from 1",
    example: "versions = 32",
};
const GATE: Key = Key {
    name: "gate",
    only: Some(Table::Package),
    expected: "a command",
    example: "gate = \"cargo test -p board\"",
};
const GATE_LIMIT: Key = Key {
    name: "gate-limit",
    only: Some(Table::Package),
    expected: "a whole number of seconds from 1",
    example: "gate-limit = 600",
};

const KEYS: [&Key; 14] = [
    &APP,
    &ROOT_FILES,
    &THRESHOLD,
    &WATCH_IGNORE,
    &PORT,
    &STATIC_FOLDER,
    &ALLOWED_HOSTS,
    &NAME,
    &KEPT,
    &GATE,
    &GATE_LIMIT,
    &LOOP_GUARD,
    &LOOP_BUDGET,
    &PREFLIGHT,
];

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
        let Some(settings) = metadata.get("hmr") else { return Ok(()) };
        let place = Place { manifest, table };
        let Some(settings) = settings.as_object() else {
            return Err(place.wrong_type(
                &Key { name: "hmr", only: None, expected: "a table", example: table.header() },
                settings,
            ));
        };
        settings.iter().try_for_each(|(key, value)| self.set(&place, key, value))
    }

    fn set(&mut self, place: &Place<'_>, key: &str, value: &Value) -> Result<(), ConfigError> {
        let known = KEYS.into_iter().find(|known| known.name == key);
        let known = known.filter(|known| known.only.is_none_or(|only| only == place.table));
        match known.map(|known| known.name) {
            Some("app") => self.app = Some(place.folder(&APP, value)?),
            Some("root-files") => self.root_files = place.globs(&ROOT_FILES, value)?,
            Some("full-reload-threshold") => {
                self.full_reload_threshold = value
                    .as_u64()
                    .and_then(|number| usize::try_from(number).ok())
                    .ok_or_else(|| place.wrong_type(&THRESHOLD, value))?;
            }
            Some("watch-ignore") => self.watch_ignore = place.globs(&WATCH_IGNORE, value)?,
            Some("port") => {
                let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
                let port = port.filter(|port| *port > 0);
                self.port = Some(port.ok_or_else(|| place.wrong_type(&PORT, value))?);
            }
            Some("static-folder") => self.static_folder = place.folder(&STATIC_FOLDER, value)?,
            Some("allowed-hosts") => self.allowed_hosts = place.hosts(&ALLOWED_HOSTS, value)?,
            Some("name") => {
                let name = value.as_str().filter(|name| is_name(name));
                self.name = Some(name.ok_or_else(|| place.wrong_type(&NAME, value))?.to_owned());
            }
            Some("versions") => {
                let versions = value.as_u64().and_then(|number| usize::try_from(number).ok());
                let versions = versions.filter(|number| *number > 0);
                self.versions = versions.ok_or_else(|| place.wrong_type(&KEPT, value))?;
            }
            Some("gate") => {
                let gate = value.as_str().filter(|gate| !gate.trim().is_empty());
                self.gate = Some(gate.ok_or_else(|| place.wrong_type(&GATE, value))?.to_owned());
            }
            Some("gate-limit") => {
                let limit = value.as_u64().filter(|seconds| *seconds > 0);
                let limit = limit.ok_or_else(|| place.wrong_type(&GATE_LIMIT, value))?;
                self.gate_limit = Duration::from_secs(limit);
            }
            Some("loop-guard") => self.loop_guard = place.switch(&LOOP_GUARD, value)?,
            Some("loop-budget") => {
                let budget = value.as_i64().and_then(|number| i32::try_from(number).ok());
                let budget = budget.filter(|budget| *budget > 0);
                self.loop_budget = budget.ok_or_else(|| place.wrong_type(&LOOP_BUDGET, value))?;
            }
            Some("preflight") => self.preflight = place.switch(&PREFLIGHT, value)?,
            _ => return Err(place.unknown(key)),
        }
        Ok(())
    }
}

/// Why a text is not the name of a host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the name of a host: write `dev.example.org`, or `.example.org` for all names that end so"
)]
pub struct NotAHost(String);

/// A name by which a server may be called, in lower case: `dev.example.org`, or `.example.org` for all names that end so.
///
/// # Errors
/// It is something else, an address with a port or a pattern for instance.
pub fn host_name(text: &str) -> Result<String, NotAHost> {
    let name = text.strip_prefix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let fits = name.split('.').all(is_label);
    fits.then(|| text.to_ascii_lowercase()).ok_or_else(|| NotAHost(text.to_owned()))
}

/// Whether `name` can be a module's: it becomes part of a URL and of attributes as it is.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Package => "package.metadata.hmr",
            Self::Workspace => "workspace.metadata.hmr",
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Package => "[package.metadata.hmr]",
            Self::Workspace => "[workspace.metadata.hmr]",
        }
    }
}

/// The location of a setting, for messages.
struct Place<'a> {
    manifest: &'a Utf8Path,
    table: Table,
}

impl Place<'_> {
    fn switch(&self, key: &Key, value: &Value) -> Result<bool, ConfigError> {
        value.as_bool().ok_or_else(|| self.wrong_type(key, value))
    }

    fn folder(&self, key: &Key, value: &Value) -> Result<Utf8PathBuf, ConfigError> {
        let path = value.as_str().filter(|path| !path.is_empty());
        Ok(path.ok_or_else(|| self.wrong_type(key, value))?.into())
    }

    fn globs(&self, key: &Key, value: &Value) -> Result<Vec<String>, ConfigError> {
        let globs: Option<Vec<String>> = value
            .as_array()
            .and_then(|globs| globs.iter().map(|glob| glob.as_str().map(str::to_owned)).collect());
        let globs = globs.ok_or_else(|| self.wrong_type(key, value))?;
        for glob in &globs {
            globset::Glob::new(glob).map_err(|error| ConfigError::Glob {
                manifest: self.manifest.to_owned(),
                table: self.table.name(),
                key: key.name,
                reason: error.to_string(),
            })?;
        }
        Ok(globs)
    }

    fn hosts(&self, key: &Key, value: &Value) -> Result<Vec<String>, ConfigError> {
        let hosts = value.as_array().and_then(|hosts| {
            hosts.iter().map(|host| host.as_str().and_then(|it| host_name(it).ok())).collect()
        });
        hosts.ok_or_else(|| self.wrong_type(key, value))
    }

    fn wrong_type(&self, key: &Key, value: &Value) -> ConfigError {
        ConfigError::WrongType {
            manifest: self.manifest.to_owned(),
            table: self.table.name(),
            key: key.name,
            expected: key.expected,
            found: value.to_string(),
            example: key.example,
        }
    }

    fn unknown(&self, key: &str) -> ConfigError {
        ConfigError::UnknownKey {
            manifest: self.manifest.to_owned(),
            table: self.table.name(),
            key: key.to_owned(),
            hint: self.remedy(key),
        }
    }

    /// What to do about a key that this table does not have.
    fn remedy(&self, key: &str) -> String {
        let elsewhere = KEYS.into_iter().find(|known| known.name == key).and_then(|key| key.only);
        if let Some(table) = elsewhere {
            return format!("`{key}` belongs in `{}`", table.header());
        }
        let here = || KEYS.into_iter().filter(|key| key.only.is_none_or(|only| only == self.table));
        let nearest = here()
            .map(|known| (strsim::jaro_winkler(known.name, &key.replace('_', "-")), known.name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.8);
        if let Some((_, name)) = nearest {
            return format!("did you mean `{name}`?");
        }
        let names: Vec<_> = here().map(|key| format!("`{}`", key.name)).collect();
        format!("settings are {}", names.join(", "))
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
                   "versions": 5, "loop-guard": false, "loop-budget": 7, "preflight": false}),
        )
        .expect("settings that are right");
        assert_eq!(config.app.as_deref(), Some(Utf8Path::new("site")));
        assert_eq!((config.port, config.full_reload_threshold), (Some(9000), 3));
        assert_eq!((&*config.root_files[0], &*config.watch_ignore[0]), ("*.json", "notes/**"));
        assert_eq!(config.allowed_hosts, ["dev.example.org", ".test"]);
        assert_eq!((config.static_folder.as_str(), config.versions), ("public", 5));
        assert_eq!((config.loop_guard, config.loop_budget, config.preflight), (false, 7, false));
        let package = json!({"name": "board", "gate": "cargo test", "gate-limit": 30});
        let named = read(Table::Package, package).expect("a name and a gate");
        assert_eq!(named.name.as_deref(), Some("board"));
        assert_eq!(named.gate.as_deref(), Some("cargo test"));
        assert_eq!(named.gate_limit, Duration::from_secs(30));
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_right_one() {
        assert_eq!(
            read(Table::Package, json!({"watch_ignored": []})),
            Err("/app/Cargo.toml: `watch_ignored` is no setting of `[package.metadata.hmr]`\n\
                 hint: did you mean `watch-ignore`?"
                .into())
        );
    }

    #[test]
    fn a_key_in_the_wrong_table_is_sent_to_the_right_one() {
        let error = read(Table::Package, json!({"app": "site"})).expect_err("no such key here");
        assert!(error.ends_with("hint: `app` belongs in `[workspace.metadata.hmr]`"), "{error}");
    }

    #[test]
    fn a_key_like_no_other_is_answered_with_all() {
        let error = read(Table::Workspace, json!({"zzz": 1})).expect_err("no such key");
        assert!(error.contains("hint: settings are `app`, `root-files`,"), "{error}");
    }

    #[test]
    fn a_value_of_another_type_is_answered_with_an_example() {
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
