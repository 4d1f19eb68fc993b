//! The keys of the settings: what messages about wrong ones need to know.

use super::Table;

/// A key of `[package.metadata.hmr]` or `[workspace.metadata.hmr]`.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// The only table that may have it, if not both may.
    pub(super) only: Option<Table>,
    /// What its value must be, with its article.
    pub(super) expected: &'static str,
    /// A correct line.
    pub(super) example: &'static str,
}

/// All keys, in the order in which messages list them.
pub(super) const KEYS: [Key; 16] = [
    workspace_only("app", "the path of a folder", "app = \"site\""),
    key("root-files", "an array of globs", "root-files = [\"data/*.json\"]"),
    key("full-reload-threshold", "a whole number from 0", "full-reload-threshold = 10"),
    key("watch-ignore", "an array of globs", "watch-ignore = [\"notes/**\"]"),
    key("port", "a port from 1 to 65535", "port = 8080"),
    key("static-folder", "the path of a folder", "static-folder = \"static\""),
    key(
        "allowed-hosts",
        "an array of host names",
        "allowed-hosts = [\"dev.example.org\", \".internal.example.org\"]",
    ),
    package_only("name", "a name of letters, digits, `-` and `_`", "name = \"board\""),
    key("versions", "a whole number from 1", "versions = 32"),
    package_only("gate", "a command", "gate = \"cargo test -p board\""),
    package_only("gate-limit", "a whole number of seconds from 1", "gate-limit = 600"),
    key("loop-guard", "`true` or `false`", "loop-guard = false"),
    key("loop-budget", "a whole number from 1 to 2147483647", "loop-budget = 500000000"),
    key("preflight", "`true` or `false`", "preflight = false"),
    key("auto-state", "`true` or `false`", "auto-state = false"),
    key("auto-state-ignore", "an array of globs", "auto-state-ignore = [\"src/bindings.rs\"]"),
];

const fn key(name: &'static str, expected: &'static str, example: &'static str) -> Key {
    Key { name, only: None, expected, example }
}

const fn package_only(name: &'static str, expected: &'static str, example: &'static str) -> Key {
    Key { only: Some(Table::Package), ..key(name, expected, example) }
}

const fn workspace_only(name: &'static str, expected: &'static str, example: &'static str) -> Key {
    Key { only: Some(Table::Workspace), ..key(name, expected, example) }
}

impl Key {
    /// The key of this name, in whichever table it belongs.
    pub(super) fn named(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Whether `table` may have it.
    pub(super) fn fits(&self, table: Table) -> bool {
        self.only.is_none_or(|only| only == table)
    }
}

/// What to do about a key that `table` does not have.
pub(super) fn hint(table: Table, name: &str) -> String {
    if let Some(only) = Key::named(name).and_then(|key| key.only) {
        return format!("`{name}` belongs in `{}`", only.header());
    }
    let known = || KEYS.iter().filter(|key| key.fits(table)).map(|key| key.name);
    let spelled = name.replace('_', "-");
    let nearest = known()
        .map(|name| (strsim::jaro_winkler(name, &spelled), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.8);
    if let Some((_, name)) = nearest {
        return format!("did you mean `{name}`?");
    }
    let names: Vec<_> = known().map(|name| format!("`{name}`")).collect();
    format!("settings are {}", names.join(", "))
}
