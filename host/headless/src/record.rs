//! A page's messages for its developer: log lines and traps.

use std::fmt;

use crate::guest::Fault;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For who looks into the details.
    Debug,
    /// Worth knowing.
    Info,
    /// Something was left out or looks wrong.
    Warn,
    /// Something failed.
    Error,
}

impl From<u32> for LogLevel {
    /// The level of the import `log`; numbers that it does not know are errors.
    fn from(level: u32) -> Self {
        match level {
            0 => Self::Debug,
            1 => Self::Info,
            2 => Self::Warn,
            _ => Self::Error,
        }
    }
}

/// A line that a module or the engine wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The module that it is of; empty if it is of the page.
    pub module: String,
    /// The text.
    pub text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        let module = if self.module.is_empty() { "page" } else { &self.module };
        write!(f, "{level}: {module}: {}", self.text)
    }
}

/// A version that was undone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RefusedVersion {
    /// Its content hash.
    pub hash: String,
    /// Why it was undone.
    pub error: String,
}

/// Running code that trapped: a panic, an instruction that cannot be carried out, a call that took too long,
/// or bytes that break the ABI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The module.
    pub module: String,
    /// The purpose of the call, `a click handler` for instance.
    pub during: String,
    /// The panic's message, or the error.
    pub message: String,
    /// The source file of a panic, as the compiler named it.
    pub file: Option<String>,
    /// The line in `file`, counted from 1; 0 if unknown.
    pub line: u32,
    /// The column in `line`, counted from 1; 0 if unknown.
    pub column: u32,
}

impl Trap {
    pub(crate) fn new(module: &str, during: &str, fault: &Fault) -> Self {
        let mut trap = Self {
            module: module.to_owned(),
            during: during.to_owned(),
            message: fault.to_string(),
            file: None,
            line: 0,
            column: 0,
        };
        if let Fault::Panic(info) = fault {
            trap.message.clone_from(&info.message);
            trap.file = Some(info.file.clone()).filter(|file| !file.is_empty());
            trap.line = info.line;
            trap.column = info.column;
        }
        trap
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` trapped in {}: {}", self.module, self.during, self.message)?;
        match &self.file {
            // Only a panic knows its column.
            Some(file) if self.column == 0 => write!(f, " ({file}:{})", self.line),
            Some(file) => write!(f, " ({file}:{}:{})", self.line, self.column),
            None => Ok(()),
        }
    }
}
