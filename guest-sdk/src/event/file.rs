//! Files that the reader has chosen in a field, or dropped, without their content.

use hmr_abi::event::FileData;
use serde::{Deserialize, Serialize};

/// A file that the reader has chosen; see [`Event::files`](crate::Event::files). It can be the state of a signal: a swap keeps it. After
/// the page was loaded again, its content cannot be read any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File(FileData);

impl From<FileData> for File {
    fn from(data: FileData) -> Self {
        Self(data)
    }
}

impl File {
    /// By which the engine knows it.
    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    /// Its name, without a folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its type, `image/png` for instance; empty if the browser does not know it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// When it was changed last, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn modified(&self) -> f64 {
        self.0.modified
    }
}
