//! Lines for the console.

use std::fmt::Display;

use crate::engine::send_log;

/// Very detailed messages.
pub fn debug(text: impl Display) {
    send_log(0, &text.to_string());
}

/// Something worth knowing.
pub fn info(text: impl Display) {
    send_log(1, &text.to_string());
}

/// Something that is probably wrong.
pub fn warn(text: impl Display) {
    send_log(2, &text.to_string());
}

/// Something that went wrong.
pub fn error(text: impl Display) {
    send_log(3, &text.to_string());
}
