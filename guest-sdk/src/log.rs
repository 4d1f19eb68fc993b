//! Lines for the console of the browser, or the log of the headless engine. Each level has a function, which takes a value, and a macro
//! of the same name, which takes a format.

use std::fmt::Display;

use crate::engine::send_log;

pub use crate::{
    __hmr_dbg as dbg, __hmr_debug as debug, __hmr_error as error, __hmr_info as info,
    __hmr_warn as warn,
};

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

/// Logs a detailed message, formatted as by `format!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __hmr_debug {
    ($($format:tt)+) => { $crate::log::debug(::core::format_args!($($format)+)) };
}

/// Logs information, formatted as by `format!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __hmr_info {
    ($($format:tt)+) => { $crate::log::info(::core::format_args!($($format)+)) };
}

/// Logs a probable mistake, formatted as by `format!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __hmr_warn {
    ($($format:tt)+) => { $crate::log::warn(::core::format_args!($($format)+)) };
}

/// Logs an error, formatted as by `format!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __hmr_error {
    ($($format:tt)+) => { $crate::log::error(::core::format_args!($($format)+)) };
}

/// The `println!` of the standard library, for the console: logs information.
#[doc(hidden)]
#[macro_export]
macro_rules! __hmr_println {
    () => { $crate::log::info("") };
    ($($format:tt)+) => { $crate::log::info(::core::format_args!($($format)+)) };
}

/// The `eprintln!` of the standard library, for the console: logs an error.
#[doc(hidden)]
#[macro_export]
macro_rules! __hmr_eprintln {
    () => { $crate::log::error("") };
    ($($format:tt)+) => { $crate::log::error(::core::format_args!($($format)+)) };
}

/// The `dbg!` of the standard library, for the console: logs an expression with its place and value, and returns the value.
#[doc(hidden)]
#[macro_export]
macro_rules! __hmr_dbg {
    () => {
        $crate::log::info(::core::format_args!(
            "[{}:{}:{}]", ::core::file!(), ::core::line!(), ::core::column!()
        ))
    };
    ($value:expr $(,)?) => {
        match $value {
            value => {
                $crate::log::info(::core::format_args!(
                    "[{}:{}:{}] {} = {:#?}",
                    ::core::file!(), ::core::line!(), ::core::column!(), ::core::stringify!($value), &value
                ));
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => { ($($crate::__hmr_dbg!($value)),+,) };
}
