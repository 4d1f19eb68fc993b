//! Lines for the console.

use std::fmt::Display;

use crate::engine::send_log;

/// Logs a detailed message, for debugging.
pub fn debug(text: impl Display) {
    send_log(0, &text.to_string());
}

/// Logs information.
pub fn info(text: impl Display) {
    send_log(1, &text.to_string());
}

/// Logs a probable mistake.
pub fn warn(text: impl Display) {
    send_log(2, &text.to_string());
}

/// Logs an error.
pub fn error(text: impl Display) {
    send_log(3, &text.to_string());
}
