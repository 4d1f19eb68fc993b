//! What happens to a page from outside: time that passes, media queries, events at its window, and scripts.

use std::time::Duration;

use hmr_abi::event::EventData;

use super::Page;
use crate::page::events::{fire_document, fire_window};

impl Page {
    /// Lets time pass on the page's clock. Intervals, timeouts and animation frames fire at their times, in order.
    pub fn advance(&self, time: Duration) {
        let end = {
            let mut state = self.state.borrow_mut();
            state.begin();
            state.clock.now() + time.as_secs_f64() * 1000.0
        };
        loop {
            let mut state = self.state.borrow_mut();
            let Some((at, serial)) = state.environment.resources.due(end) else { break };
            let now = at.max(state.clock.now());
            state.clock.set(now);
            state.environment.begin_turn();
            state.environment.fire(serial, None);
            drop(state);
            self.settle();
        }
        self.state.borrow().clock.set(end);
    }

    /// The page's clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.state.borrow().clock.now()
    }

    /// Sets whether a media query matches from now on, and notifies its watchers of a change.
    ///
    /// A query that was never set does not match. The text is compared as it is written.
    pub fn set_media(&self, query: &str, matches: bool) {
        self.act(|state| state.environment.set_media(query, matches));
    }

    /// Fires an event at the window, as a script of the page would. The answer is whether a listener prevented its
    /// default.
    #[expect(clippy::must_use_candidate, reason = "few listeners prevent anything")]
    pub fn fire_window(&self, event: &str, data: EventData) -> bool {
        self.act(|state| fire_window(state, &EventData { kind: event.to_owned(), ..data }))
    }

    /// Fires an event at the document; it goes up to the window. The answer is whether a listener prevented its
    /// default.
    #[expect(clippy::must_use_candidate, reason = "few listeners prevent anything")]
    pub fn fire_document(&self, event: &str, data: EventData) -> bool {
        self.act(|state| fire_document(state, &EventData { kind: event.to_owned(), ..data }))
    }

    /// Puts an element's markup into the page as a script would: at the end of the body.
    pub fn append_html(&self, html: &str) {
        self.act(|state| {
            let body = state.dom.body();
            state.dom.append_html(body, html);
        });
    }
}
