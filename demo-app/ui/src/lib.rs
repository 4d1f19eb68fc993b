//! What the modules of Seedbench share: a button, a badge, a form field, and how times and counts are written.
//!
//! This crate is a plain library. Editing it updates every module that depends on it, in one go.

mod badge;
mod button;
mod field;
pub mod format;

pub use badge::{Badge, Tone};
pub use button::{Button, Weight};
pub use field::Field;
