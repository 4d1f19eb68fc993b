//! Traps of running code.

use std::fmt;

use crate::guest::fault::Fault;

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
