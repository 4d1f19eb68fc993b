//! The whole product: a person edits the demo while using it in a browser.
//!
//! Each test has its own copy of the demo, its own tool and its own Chromium. A test awaits an event that the
//! tool reports or a state of the page, always with a deadline.

mod addresses;
mod api;
mod assets;
mod failures;
mod history;
mod live;
mod page_values;
mod reloads;
mod saves;
mod service_worker;
mod state;
mod transactions;
