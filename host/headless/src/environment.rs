//! The world outside of the modules, as a test plays it, and what of it waits to reach the modules.
//!
//! The table of resources decides what happens to each ([`resources::Step`]). A resource that fires is queued here, and
//! its handler is called when no module is on the stack.

pub(crate) mod functions;
pub(crate) mod location;
pub(crate) mod network;
pub(crate) mod observers;
pub(crate) mod resources;
pub(crate) mod storage;

use std::collections::{BTreeMap, VecDeque};

use hmr_abi::event::Resource;

use self::functions::HostFunctions;
use self::network::Network;
use self::observers::Observers;
use self::resources::{Live, Resources};
use self::storage::StoredItems;

/// How many firings and functions of the test there may be in one turn, so that requests without end come to one. A browser
/// has no such limit: other things have their turn in between.
const TURN_LIMIT: u32 = 10_000;

/// The clipboard of the reader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clipboard {
    pub(crate) text: String,
    /// Why it cannot be used.
    pub(crate) denied: Option<String>,
}

/// The world outside of the modules.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    pub(crate) resources: Resources,
    pub(crate) functions: HostFunctions,
    pub(crate) network: Network,
    pub(crate) observers: Observers,
    pub(crate) storage: StoredItems,
    /// The text in the clipboard, or why it cannot be used.
    pub(crate) clipboard: Clipboard,
    /// The content of files that the reader has chosen. The id of a file is its index, from 1.
    pub(crate) files: Vec<Vec<u8>>,
    /// The title that modules have set.
    pub(crate) title: Option<String>,
    /// The addresses that links have led to, outside of the application.
    pub(crate) loads: Vec<String>,
    /// Which media queries match; those that are not here do not.
    media: BTreeMap<String, bool>,
    /// The next actions for functions of the test.
    host_tasks: VecDeque<HostTask>,
    firings: VecDeque<Firing>,
    /// How many firings were delivered, and functions of the test run, in this turn.
    delivered: u32,
    reported_limit: bool,
}

/// Something that a function of the test decides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HostTask {
    /// A host function answers the call with this serial number.
    Call(u64),
    /// A server answers the request with this serial number.
    Request(u64),
}

/// A resource with a pending message.
#[derive(Debug, Clone)]
struct Firing {
    serial: u64,
    data: Option<String>,
}

impl Environment {
    /// Begins a turn: from here, modules have something new to react to.
    pub(crate) fn begin_turn(&mut self) {
        self.delivered = 0;
        self.reported_limit = false;
    }

    /// Counts one more firing or function of the test. The error says that the turn has had too many; it is nothing after
    /// the first one of a turn.
    fn count_delivery(&mut self) -> Result<(), Option<String>> {
        self.delivered += 1;
        if self.delivered <= TURN_LIMIT {
            return Ok(());
        }
        let is_first = !std::mem::replace(&mut self.reported_limit, true);
        Err(is_first.then(|| {
            format!(
                "modules were told more than {TURN_LIMIT} things in one turn; the rest waits for the next action\n\
                 hint: does an answer lead to the next question?"
            )
        }))
    }

    /// Queues the firing of a resource. Nothing if it was closed or has ended.
    pub(crate) fn fire(&mut self, serial: u64, data: Option<String>) {
        if self.resources.fires(serial, data.as_deref()) {
            self.firings.push_back(Firing { serial, data });
        }
    }

    /// Queues the answer of a one-shot once more.
    pub(crate) fn replay(&mut self, serial: u64, data: Option<String>) {
        self.firings.push_back(Firing { serial, data });
    }

    /// The next firing that was queued, if there is one and the turn is not too long already. What fired is nothing if it
    /// was closed since.
    pub(crate) fn next_firing(&mut self) -> Result<Option<Fired>, Option<String>> {
        if self.firings.is_empty() {
            return Ok(None);
        }
        self.count_delivery()?;
        let firing = self.firings.pop_front();
        Ok(firing.map(|Firing { serial, data }| Fired {
            resource: self.resources.get(serial).cloned(),
            data,
        }))
    }

    pub(crate) fn add_host_task(&mut self, task: HostTask) {
        self.host_tasks.push_back(task);
    }

    /// The next action for a function of the test, if the turn is not too long already.
    pub(crate) fn next_host_task(&mut self) -> Result<Option<HostTask>, Option<String>> {
        if self.host_tasks.is_empty() {
            return Ok(None);
        }
        self.count_delivery()?;
        Ok(self.host_tasks.pop_front())
    }

    /// Starts the operation of a new resource. Observers are started by [`Observers::watch`].
    pub(crate) fn start(&mut self, serial: u64) {
        let Some(live) = self.resources.get(serial) else { return };
        match &live.resource {
            Resource::MediaQuery { query } => {
                let matches = self.media.get(query).copied().unwrap_or(false);
                self.fire(serial, Some(media_data(matches)));
            }
            Resource::WebSocket { .. } | Resource::EventSource { .. } => {
                self.network.connect(serial);
            }
            Resource::Request { .. } => self.add_host_task(HostTask::Request(serial)),
            Resource::Call { .. } => self.add_host_task(HostTask::Call(serial)),
            _ => {}
        }
    }

    /// Ends the operation of a resource.
    pub(crate) fn stop(&mut self, serial: u64) {
        self.network.close(serial);
        self.observers.stop(serial);
    }

    /// Closes all resources of an instance.
    pub(crate) fn close_all_of(&mut self, instance: u32) {
        for serial in self.resources.close_all_of(instance) {
            self.stop(serial);
        }
    }

    /// Sets whether a media query matches. Its resources fire if that is a change.
    pub(crate) fn set_media(&mut self, query: &str, matches: bool) {
        let before = self.media.insert(query.to_owned(), matches).unwrap_or(false);
        if before == matches {
            return;
        }
        let watching = self.resources.running(
            |resource| matches!(resource, Resource::MediaQuery { query: of } if of == query),
        );
        for live in watching {
            self.fire(live.serial, Some(media_data(matches)));
        }
    }
}

/// A firing that is delivered.
pub(crate) struct Fired {
    pub(crate) resource: Option<Live>,
    pub(crate) data: Option<String>,
}

fn media_data(matches: bool) -> String {
    serde_json::json!({ "matches": matches }).to_string()
}
