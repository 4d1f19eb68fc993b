//! Why a value cannot be read.

use std::fmt;

use serde::de;

use crate::DEPLOYED;

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadError {
    text: String,
    /// The missing field of a struct, if that is the error.
    pub(crate) missing: Option<&'static str>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    pub(super) fn of(text: String) -> Self {
        Self { text, missing: None }
    }

    #[cold]
    fn unexpected(what: &str, found: &de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match *found {
            de::Unexpected::Unit => "null".to_owned(),
            de::Unexpected::Bool(value) => format!("boolean `{value}`"),
            de::Unexpected::Unsigned(value) => format!("integer `{value}`"),
            de::Unexpected::Signed(value) => format!("integer `{value}`"),
            de::Unexpected::Str(value) => format!("string {value:?}"),
            de::Unexpected::Seq => "sequence".to_owned(),
            de::Unexpected::Map => "map".to_owned(),
            de::Unexpected::Other(other) => other.to_owned(),
            // Writing the number would add some kilobytes to every module.
            de::Unexpected::Float(_) if DEPLOYED => "a floating point number".to_owned(),
            de::Unexpected::Float(value) => de::Unexpected::Float(value).to_string(),
            de::Unexpected::UnitVariant => "unit variant".to_owned(),
            _ => "another value".to_owned(),
        };
        Self::of(format!("invalid {what}: {found}, expected {expected}"))
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of(message.to_string())
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::unexpected("type", &unexpected, expected)
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::unexpected("value", &unexpected, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self { text: format!("missing field `{field}`"), missing: Some(field) }
    }
}
