//! The demo, served by the real tool and open in a real browser, with a server for its feed.

use crate::browser::Browser;
use crate::demo::DemoCopy;
use crate::dev::{Dev, FIRST_BUILD};
use crate::feed::Feed;

/// How many components the demo's page shows: five in its own markup, and one in the board.
const COMPONENTS: usize = 6;

/// The address of the feed's server in the demo's page.
const FEED: &str = "ws://127.0.0.1:7171/";

/// All that a test of the whole needs. The fields end in this order.
#[derive(Debug)]
pub struct Session {
    /// The page, in the browser's first tab.
    pub browser: Browser,
    /// The tool.
    pub dev: Dev,
    /// The served demo.
    pub demo: DemoCopy,
    /// The server that the page's feed is connected to.
    pub feed: Feed,
}

impl Session {
    /// Starts everything and waits until the page shows all its components.
    ///
    /// # Panics
    ///
    /// If any of it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|_| ())
    }

    /// The same, with a demo that was `changed` before it is built.
    ///
    /// # Panics
    ///
    /// If any of it does not start.
    #[must_use]
    pub fn start_with(changed: impl FnOnce(&DemoCopy)) -> Self {
        Self::start_at(changed, &[], Browser::start, |dev| dev.url().to_owned())
    }

    /// The same, with further arguments of the tool, in this browser, at this address.
    ///
    /// # Panics
    ///
    /// If any of it does not start.
    #[must_use]
    pub fn start_at(
        changed: impl FnOnce(&DemoCopy),
        arguments: &[&str],
        browser: impl FnOnce() -> Browser,
        address: impl FnOnce(&Dev) -> String,
    ) -> Self {
        let demo = DemoCopy::take();
        let feed = Feed::start();
        demo.edit("index.html", FEED, &feed.url());
        changed(&demo);
        let mut dev = Dev::start_with(demo.folder(), arguments);
        dev.wait_built();
        let mut session = Self { browser: browser(), dev, demo, feed };
        session.browser.open(&address(&session.dev));
        session.dev.wait_within("client-connected", FIRST_BUILD);
        session.wait_components();
        session.mark();
        session
    }

    /// Waits until the page of the current tab shows every component of the demo.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn wait_components(&self) {
        let all = format!(
            "document.querySelectorAll('hmr-component:not(:empty)').length === {COMPONENTS}"
        );
        self.browser.wait_within(&all, FIRST_BUILD);
    }

    /// Marks the page, until it is loaded again.
    pub fn mark(&self) {
        self.browser.run("window.untouched = true", &[]);
    }

    /// Whether this is the page that was marked: nothing has navigated or reloaded since.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.browser.value("window.untouched === true", &[]) == true
    }
}
