//! Shared parts of the workspace-level suites: copies of the demo, the real tool, a real browser.
//!
//! The suites are in `tests/`: the tool against a browser, its server against hostile requests, its command line against bad input.
//! Everything here blocks, and everything waits for a named thing with a deadline. A failure panics with what was received
//! instead: this is a library for tests only.

pub mod app_folder;
pub mod applications;
pub mod backend;
pub mod browser;
pub mod cases;
pub mod demo;
pub mod deployed;
pub mod dev;
pub mod developer_tools;
pub mod encoded;
pub mod feed;
pub mod guests;
pub mod measure;
pub mod nested;
pub mod page;
pub mod peers;
pub mod process;
pub mod request;
pub mod scripted;
pub mod server;
pub mod session;
pub mod small;
pub mod static_files;
pub mod streams;
#[cfg(unix)]
pub mod web_app;
