//! The content of files that the reader has chosen.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::event::file::File;
use crate::host::{HostError, host_call};

impl File {
    /// Its content as text. What is not UTF-8 is replaced with `�`. Only in a task.
    ///
    /// # Errors
    /// It cannot be read any more.
    pub async fn text(&self) -> Result<String, HostError> {
        host_call("file.read", &json!({ "file": self.id(), "as": "text" })).await
    }

    /// Its content. Only in a task.
    ///
    /// # Errors
    /// It cannot be read any more.
    pub async fn bytes(&self) -> Result<Vec<u8>, HostError> {
        self.slice(0..self.size()).await
    }

    /// A part of its content, for large files. Bytes after its end are left out. Only in a task.
    ///
    /// # Errors
    /// It cannot be read any more.
    pub async fn slice(&self, bytes: Range<u64>) -> Result<Vec<u8>, HostError> {
        let Range { start, end } = bytes;
        let argument = json!({ "file": self.id(), "as": "bytes", "start": start, "end": end });
        let content: String = host_call("file.read", &argument).await?;
        STANDARD.decode(content).map_err(|error| HostError::Answer {
            function: "file.read".to_owned(),
            error: error.to_string(),
        })
    }
}
