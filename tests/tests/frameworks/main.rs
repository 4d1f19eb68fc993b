//! Applications made with frameworks, as their users write them: built, edited and swapped in a real browser.
//!
//! They take minutes to compile, so they run in a suite of their own: `cargo xtask test --frameworks`.

mod busy_page;
mod component_state;
mod deployed;
mod dioxus;
mod leptos;
mod mixed;
mod native;
mod scenario;
mod sycamore;
mod web_sys;
mod yew;
