//! Pending work: collected while other work is running, and kept until a build has succeeded.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, Scan, UpdatePlan};

/// What the next successful build is for.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// What must be read again first.
    pub(super) scan: Option<Scan>,
    /// The modules to build, with the chains that lead to them.
    pub(super) modules: BTreeMap<String, String>,
    /// The files that have changed.
    pub(super) changed: BTreeSet<String>,
    /// Why pages must be loaded again, if they must.
    pub(super) reload: Option<String>,
    /// How long it took to detect the newest of the changes, in milliseconds.
    pub(super) watch_ms: f64,
}

impl Due {
    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.scan.is_none() && self.modules.is_empty() && self.reload.is_none()
    }

    /// Adds the work for newer changes.
    pub(super) fn add(&mut self, plan: UpdatePlan, watch_ms: f64) {
        self.scan = self.scan.max(plan.scan);
        self.modules.extend(plan.modules);
        self.changed.extend(plan.changed);
        self.reload = plan.reload.or(self.reload.take());
        self.watch_ms = watch_ms;
    }

    /// Adds older work that was not finished.
    pub(super) fn add_older_work(&mut self, older: Self) {
        if self.is_empty() {
            self.watch_ms = older.watch_ms;
        }
        self.scan = self.scan.max(older.scan);
        for (module, chain) in older.modules {
            self.modules.entry(module).or_insert(chain);
        }
        self.changed.extend(older.changed);
        self.reload = self.reload.take().or(older.reload);
    }

    /// Has every existing module built, and drops those that no longer exist.
    pub(super) fn build_all(&mut self, graph: &Graph) {
        let chain = |name: &str| {
            self.modules.get(name).cloned().unwrap_or_else(|| "first build".to_owned())
        };
        self.modules = graph.modules().map(|name| (name.to_owned(), chain(name))).collect();
    }
}
