//! Listening to the events of a page.

use super::Page;
use crate::report::events::{EventKind, PageEvent, Subscription};
use crate::report::module_info::ModuleInfo;

impl Page {
    /// Has a function called at each event of a kind. It may use the page.
    ///
    /// The steps of a swap are reported as they are entered, all other events once their cause is over.
    pub fn on(&self, kind: EventKind, listener: impl Fn(&PageEvent) + 'static) -> Subscription {
        self.state.borrow().log.listeners().add(kind, listener)
    }

    /// Has a function called with each commit of a module's code: the module as it is, and as it was.
    pub fn on_module_update(
        &self,
        module: &str,
        listener: impl Fn(&ModuleInfo, &ModuleInfo) + 'static,
    ) -> Subscription {
        let module = module.to_owned();
        self.on(EventKind::Update, move |event| {
            if let PageEvent::Update { next, prev } = event
                && next.name == module
            {
                listener(next, prev);
            }
        })
    }
}
