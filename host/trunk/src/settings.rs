//! Reading a settings file in TOML: errors name their place.

use camino::Utf8Path;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a settings file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{file}: {reason}\nhint: make the file readable, in UTF-8")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The text is not what the format asks for.
    #[error("{place}: {message}\nhint: correct the text at this place")]
    Malformed {
        /// The file, the line and the column.
        place: String,
        /// What the parser says.
        message: String,
    },
    /// A value has a wrong type.
    #[error("{place}: `{key}`: {message}\nhint: {hint}")]
    Value {
        /// The file, and the line and column if they are known.
        place: String,
        /// The key, with the keys of its tables.
        key: String,
        /// What is wrong.
        message: String,
        /// Where the values are described, or what to write.
        hint: String,
    },
    /// An environment variable has a wrong value.
    #[error(
        "the environment variable `{name}` is `{value}`\nhint: it must be {expected}, or absent"
    )]
    Variable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}

/// Reads the whole file.
pub(crate) fn text(file: &Utf8Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(file).map_err(|error| SettingsError::Unreadable {
        file: file.to_string(),
        reason: error.to_string(),
    })
}

/// Reads TOML: checks it against `T`, so that errors have their place, and returns the values.
pub(crate) fn toml<T: DeserializeOwned>(
    file: &Utf8Path,
    text: &str,
    hint: &str,
) -> Result<Value, SettingsError> {
    let malformed = |error: &toml::de::Error| SettingsError::Malformed {
        place: place(file, text, error),
        message: one_line(error.message()),
    };
    let parsed = toml::de::Deserializer::parse(text).map_err(|error| malformed(&error))?;
    serde_path_to_error::deserialize::<_, T>(parsed).map_err(|error| SettingsError::Value {
        place: place(file, text, error.inner()),
        key: error.path().to_string(),
        message: one_line(error.inner().message()),
        hint: hint.to_owned(),
    })?;
    toml::from_str(text).map_err(|error| malformed(&error))
}

/// Reads values that have no place in a text; `place` names where they come from.
pub(crate) fn values<T: DeserializeOwned>(
    place: &str,
    values: &Value,
    hint: &str,
) -> Result<T, SettingsError> {
    serde_path_to_error::deserialize(values).map_err(|error| SettingsError::Value {
        place: place.to_owned(),
        key: error.path().to_string(),
        message: one_line(&error.inner().to_string()),
        hint: hint.to_owned(),
    })
}

/// Reads JSON.
pub(crate) fn json(file: &Utf8Path, text: &str) -> Result<Value, SettingsError> {
    serde_json::from_str(text).map_err(|error| SettingsError::Malformed {
        place: format!("{file}:{}:{}", error.line(), error.column()),
        message: error.to_string(),
    })
}

/// Reads YAML.
pub(crate) fn yaml(file: &Utf8Path, text: &str) -> Result<Value, SettingsError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = match error.location() {
            Some(place) => format!("{file}:{}:{}", place.line(), place.column()),
            None => file.to_string(),
        };
        // The first line has the place again, and the others show the text.
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        let message = first.rsplit_once("column ").and_then(|(_, rest)| rest.split_once(": "));
        let message = message.map_or(first, |(_, message)| message).to_owned();
        SettingsError::Malformed { place, message }
    })
}

fn place(file: &Utf8Path, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let Some(before) = before else {
        return file.to_string();
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!("{file}:{line}:{column}")
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}
