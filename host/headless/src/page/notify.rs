//! Calling the listeners of a page: never while the page is in use, so that they may use it.

use std::cell::RefCell;
use std::rc::Rc;

use crate::page::PageState;

/// Calls the listeners for the events since the last time.
pub(crate) fn notify_listeners(state: &RefCell<PageState>) {
    loop {
        let (event, listeners) = {
            let mut state = state.borrow_mut();
            let Some(event) = state.log.next_event() else { return };
            (event, Rc::clone(state.log.listeners()))
        };
        listeners.call(&event);
    }
}
