//! What a page reports about itself: the types of the reports, and the [`log::Log`] that collects them.

pub(crate) mod events;
pub(crate) mod log;
pub(crate) mod module_info;
pub(crate) mod slow_export;
pub(crate) mod swap;
pub(crate) mod trap;
