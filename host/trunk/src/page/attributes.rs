//! The attributes of one element.

use camino::Utf8Path;

use super::error::PageError;
use crate::paths;

/// Attributes that no output has: Trunk reads them itself.
const OF_TRUNK: [&str; 6] =
    ["href", "rel", "src", "data-inline", "data-no-minify", "data-target-path"];

/// The attributes of an element, as they are written in the page: entities are not decoded, as in Trunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// Takes pairs of name and value. Names are in lower case.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The names of all attributes that begin with `data-`, except `data-trunk`.
    pub(crate) fn data_names(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().map(|(name, _)| name.as_str());
        names.filter(|name| name.starts_with("data-") && *name != "data-trunk")
    }

    /// `data-target-path`, in the form that URLs have.
    pub(crate) fn target_path(&self, line: usize) -> Result<Option<String>, PageError> {
        let Some(value) = self.get("data-target-path") else {
            return Ok(None);
        };
        let wrong = || PageError::WrongValue {
            line,
            attribute: "data-target-path",
            value: value.to_owned(),
            expected: "a relative path without `..`",
        };
        paths::url_path(Utf8Path::new(value)).map(Some).ok_or_else(wrong)
    }

    /// What the element in the output has, each with a space before it: all attributes but those of Trunk and `except`.
    pub(crate) fn write(&self, except: &[&str]) -> String {
        let kept = |(name, _): &&(String, String)| {
            !name.starts_with("data-trunk")
                && !OF_TRUNK.contains(&name.as_str())
                && !except.contains(&name.as_str())
        };
        let text = |(name, value): &(String, String)| match value.as_str() {
            "" => format!(" {name}"),
            value => format!(" {name}=\"{}\"", value.replace('"', "&quot;")),
        };
        self.0.iter().filter(kept).map(text).collect()
    }
}
