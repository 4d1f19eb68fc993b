//! External programs: this crate says how they are called, its caller starts them.

use camino::Utf8PathBuf;

/// How a program is called. It writes its result to standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The name of the program, without a folder: `tailwindcss` or `tailwindcss-extra`. npm installs it in `node_modules/.bin` of the folder
    /// or of one above it.
    pub program: &'static str,
    /// The arguments.
    pub arguments: Vec<String>,
    /// The folder in which it runs.
    pub folder: Utf8PathBuf,
    /// Names and values of variables to add to the environment.
    pub environment: Vec<(String, String)>,
}

/// Why a program gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The program is not installed.
    #[error("the program was not found")]
    Missing,
    /// It could not be started, or it ended with an error.
    #[error("{message}")]
    Failed {
        /// What it wrote to standard error, or why it did not start.
        message: String,
    },
}

/// Starts a program, waits for its end and returns what it has written to standard output.
pub type RunTool<'a> = dyn Fn(&ToolCall) -> Result<Vec<u8>, ToolError> + 'a;
