//! A page without a browser, for the tests of components: mount, look at the markup, fire events, swap.
//!
//! ```
//! use hmr_sdk::prelude::*;
//! use hmr_sdk::testing::Page;
//!
//! #[component(export)]
//! fn Counter(#[prop(default)] start: i32) -> View {
//!     let count = signal(start);
//!     view! { <button on:click={move |_| count.update(|n| *n += 1)}>{count}</button> }
//! }
//!
//! let mut page = Page::new().with::<CounterProps>();
//! page.mount(1, "Counter", &json!({ "start": 3 })).expect("Counter mounts");
//! page.click("button");
//! assert_eq!(page.html(), "<button>4</button>");
//! ```
//!
//! A thread has one module, so making a page ends the previous one. To simulate a swap, capture the old page, make one with
//! the new components, and restore into it.

mod built_in;
mod ports;
mod reset;
mod resources;
mod tree;

use std::cell::{Cell, RefCell};
use std::sync::Once;

pub use hmr_abi::event::EventData;
use hmr_abi::event::{PanicInfo, ResourceRequest};
use hmr_abi::ops::{Op, Ops};
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::seeded::SeededBytes;
use hmr_abi::state::{
    HealthReport, MigrateAnswer, MountRequest, PruneRequest, RestoreReport, Snapshot,
};
use serde_json::value::to_raw_value;

use crate::engine::{Recorded, recorded};
use crate::lifecycle::migration::{Migrates, register_migration};
use crate::lifecycle::{capture, engine_hooks, instances, migration, mount, restore};
use crate::view::component::{Exported, register};
use built_in::BuiltIn;
use tree::Tree;

/// A page on which components of this crate are mounted.
#[derive(Debug)]
pub struct Page {
    tree: Tree,
    operations: Vec<String>,
    resources: Vec<ResourceRequest>,
    ports: Vec<PortRequest>,
    built_in: BuiltIn,
    /// Keeps the page in the thread of its module.
    thread: std::marker::PhantomData<*const ()>,
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl Page {
    /// An empty page, whose module exports nothing yet.
    #[must_use]
    pub fn new() -> Self {
        reset::reset();
        recorded(|all| *all = Recorded::default());
        Self {
            tree: Tree::default(),
            operations: Vec::new(),
            resources: Vec::new(),
            ports: Vec::new(),
            built_in: BuiltIn::default(),
            thread: std::marker::PhantomData,
        }
    }

    /// Exports the component with these props, so that it can be mounted.
    #[must_use]
    pub fn with<P: Exported>(self) -> Self {
        register(P::NAME, P::EXPORT);
        self
    }

    /// Registers a migration, which happens automatically in a module. It is identified by the function's name.
    #[must_use]
    pub fn with_migration<M: Migrates>(self) -> Self {
        register_migration(M::MIGRATION);
        self
    }

    /// Mounts a component, or re-renders a mounted one; returns the reason for a failure.
    ///
    /// # Panics
    ///
    /// If the module's operations are malformed, which is a bug of the SDK. So do all that follow.
    pub fn mount(
        &mut self,
        instance: u32,
        component: &str,
        props: &serde_json::Value,
    ) -> Result<(), String> {
        let props = to_raw_value(props).map_err(|error| error.to_string())?;
        let request =
            MountRequest { instance, component: component.to_owned(), props, saved: None };
        let bytes = serde_json::to_vec(&request).map_err(|error| error.to_string())?;
        let again = instances::find(instance).is_some();
        let old = again.then(|| self.tree.children_of_root(instance));
        let answer = mount::mount(&bytes);
        if let (Some(old), None) = (old, &answer.error) {
            self.tree.remove(&old);
        }
        self.take_requests();
        answer.error.map_or(Ok(()), Err)
    }

    /// Unmounts an instance.
    pub fn unmount(&mut self, instance: u32) {
        mount::unmount(instance);
        let removed = self.tree.children_of_root(instance);
        self.tree.remove(&removed);
        self.take_requests();
    }

    /// The markup of all instances. Properties are written with a dot: `.value="…"`.
    #[must_use]
    pub fn html(&self) -> String {
        self.tree.html()
    }

    /// The operations since the last call of this, one each.
    pub fn operations(&mut self) -> Vec<String> {
        std::mem::take(&mut self.operations)
    }

    /// Fires a click at the first element that a selector finds.
    pub fn click(&mut self, selector: &str) -> u32 {
        self.fire(selector, &EventData { kind: "click".into(), ..EventData::default() })
    }

    /// Types into the first field that a selector finds: its value is `text` now.
    pub fn input(&mut self, selector: &str, text: &str) -> u32 {
        let value = Some(text.to_owned());
        self.fire(selector, &EventData { kind: "input".into(), value, ..EventData::default() })
    }

    /// Fires an event at the first element that a selector finds: `tag`, `.class`, `#id`, or `tag.class`. Answers the
    /// flags of `hmr_dispatch`.
    ///
    /// # Panics
    ///
    /// If there is no such element, or it does not listen.
    pub fn fire(&mut self, selector: &str, event: &EventData) -> u32 {
        let Some(handler) = self.tree.handler(selector, &event.kind) else {
            panic!("nothing that is `{selector}` listens to `{}` in {}", event.kind, self.html());
        };
        self.dispatch(handler, event)
    }

    /// The commands that were drawn on the first `canvas` that a selector finds, since it was empty: `fillRect 0 0 8 8`, a line each.
    #[must_use]
    pub fn drawing(&self, selector: &str) -> &[String] {
        self.tree.drawing(selector).unwrap_or_default()
    }

    /// The handler that an element's event calls, to call it later.
    #[must_use]
    pub fn handler(&self, selector: &str, event: &str) -> Option<u32> {
        self.tree.handler(selector, event)
    }

    /// Calls a handler; returns the flags of `hmr_dispatch`.
    pub fn dispatch(&mut self, handler: u32, event: &EventData) -> u32 {
        let flags = serde_json::to_vec(event).map_or(0, |event| mount::dispatch(handler, &event));
        self.take_requests();
        flags
    }

    /// The lines that were logged since the page was made, with their level.
    #[must_use]
    pub fn log(&self) -> Vec<(u32, String)> {
        recorded(|all| all.log.clone())
    }

    /// Sets the clock that `now()` reads, in milliseconds.
    pub fn set_clock(&mut self, now: f64) {
        recorded(|all| all.clock = now);
    }

    /// Sets the seed of the random numbers; 0 at first. The same seed gives the same numbers each time.
    pub fn set_random_seed(&mut self, seed: u32) {
        recorded(|all| all.random = SeededBytes::new(seed));
    }

    /// Sets how many minutes the reader's local time is ahead of UTC; 0 at first.
    pub fn set_time_zone(&mut self, minutes: i32) {
        recorded(|all| all.time_zone = f64::from(minutes));
    }

    /// The state of every instance.
    #[must_use]
    pub fn capture(&self) -> Snapshot {
        capture::capture()
    }

    /// Runs the hooks before an update; returns the resulting state.
    pub fn capture_with_hooks(&mut self) -> Snapshot {
        let snapshot = engine_hooks::before_update_all();
        self.take_requests();
        snapshot
    }

    /// Migrates a snapshot of other code to what [`Page::restore`] is to get.
    ///
    /// # Errors
    /// Why a migration failed, or none leads to the version that the code declares.
    pub fn migrate(&mut self, snapshot: &Snapshot) -> Result<Snapshot, String> {
        self.migrate_bytes(&serde_json::to_vec(snapshot).map_err(|error| error.to_string())?)
    }

    /// Migrates bytes, which may be of any content.
    ///
    /// # Errors
    /// As [`Page::migrate`], or that the bytes are not a snapshot.
    pub fn migrate_bytes(&mut self, snapshot: &[u8]) -> Result<Snapshot, String> {
        let answer = migration::migrate(snapshot);
        self.take_requests();
        match answer {
            MigrateAnswer::Migrated(snapshot) => Ok(snapshot),
            MigrateAnswer::Failed { error } => Err(error),
        }
    }

    /// The unhealthy instances.
    pub fn health(&mut self) -> HealthReport {
        let report = engine_hooks::health_of_all();
        self.take_requests();
        report
    }

    /// Runs the hooks of an instance for its removal by an update. The engine unmounts it afterwards.
    pub fn prune(&mut self, instance: u32) {
        engine_hooks::prune_instance(instance);
        self.take_requests();
    }

    /// Runs the hooks for the removal of scopes, as an update with this report does, in the old code.
    ///
    /// # Panics
    ///
    /// Never: the notification is always JSON.
    pub fn prune_after(&mut self, report: &RestoreReport) {
        let request = PruneRequest::after(report);
        engine_hooks::prune_scopes(&serde_json::to_vec(&request).expect("JSON"));
        self.take_requests();
    }

    /// The reports of instances that cannot continue with their state, since the page was created.
    ///
    /// # Panics
    ///
    /// If the module's request is malformed, which is a bug of the SDK.
    #[must_use]
    pub fn invalidated(&self) -> Vec<Invalidation> {
        let reports = recorded(|all| all.invalidations.clone());
        let parse = |json: &String| match serde_json::from_str(json) {
            Ok(report) => report,
            Err(error) => panic!("a malformed invalidation: {error}"),
        };
        reports.iter().map(parse).collect()
    }

    /// Mounts every instance of a snapshot with its state.
    pub fn restore(&mut self, snapshot: &Snapshot) -> RestoreReport {
        self.restore_bytes(&serde_json::to_vec(snapshot).unwrap_or_default())
    }

    /// Restores from bytes, which may be of any content.
    pub fn restore_bytes(&mut self, snapshot: &[u8]) -> RestoreReport {
        let report = restore::restore(snapshot);
        self.take_requests();
        report
    }

    /// Tears everything down, as the engine does with the old code of a swap.
    pub fn dispose(&mut self) {
        mount::dispose_all();
        self.take_requests();
    }

    /// Takes the module's requests.
    fn take_requests(&mut self) {
        let (batches, resources, ports) = recorded(|all| {
            let batches = std::mem::take(&mut all.batches);
            (batches, std::mem::take(&mut all.resources), std::mem::take(&mut all.ports))
        });
        for batch in batches {
            for op in Ops::new(&batch) {
                let op: Op<'_> = op.unwrap_or_else(|error| panic!("a malformed batch: {error}"));
                self.operations.push(format!("{op:?}"));
                self.tree.apply(&op);
            }
        }
        let mut calls = Vec::new();
        for request in resources {
            match serde_json::from_str(&request) {
                Ok(request) => {
                    calls.extend(built_in::call_of(&request));
                    self.resources.push(request);
                }
                Err(error) => panic!("a malformed resource request: {error}"),
            }
        }
        for request in ports {
            match serde_json::from_str(&request) {
                Ok(request) => self.ports.push(request),
                Err(error) => panic!("a malformed port request: {error}"),
            }
        }
        for call in calls {
            self.run_built_in(call);
        }
    }
}

/// The report that the engine would get for the panic of `run`; `None` if it does not panic.
pub fn panic_of(run: impl FnOnce() + std::panic::UnwindSafe) -> Option<PanicInfo> {
    thread_local! {
        static LISTENING: Cell<bool> = const { Cell::new(false) };
        static REPORT: RefCell<Option<PanicInfo>> = const { RefCell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if LISTENING.get() {
                REPORT.set(Some(crate::panic::describe(info)));
            } else {
                before(info);
            }
        }));
    });
    REPORT.set(None);
    LISTENING.set(true);
    let _ = std::panic::catch_unwind(run);
    LISTENING.set(false);
    REPORT.take()
}
