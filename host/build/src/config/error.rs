//! Messages about wrong settings.

use camino::Utf8PathBuf;

/// An invalid setting. Each error names the manifest and the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The key does not exist.
    #[error("{manifest}: `{key}` is not a setting of `[{table}]`\nhint: {hint}")]
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
