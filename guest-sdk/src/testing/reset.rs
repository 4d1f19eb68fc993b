//! Begins a new module in this thread.

use crate::dom::{batch, tracked};
use crate::event::handlers;
use crate::lifecycle::{instances, migration};
use crate::resource::observer;
use crate::state::node;
use crate::view::{component, placed};
use crate::{clock, reactive, root, task};

/// Disposes everything that the module made, and empties every table of the thread.
pub(super) fn reset() {
    // First: clean-ups use the tables.
    root::reset();
    reactive::reset();
    task::reset();
    batch::reset();
    tracked::reset();
    handlers::reset();
    instances::reset();
    migration::reset();
    observer::reset();
    node::reset();
    component::reset();
    placed::reset();
    clock::reset();
}
