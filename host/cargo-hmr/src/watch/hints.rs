//! What to check, and when.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use camino::Utf8PathBuf;

use super::without_nested;

/// How long it must be quiet before a batch is made.
const QUIET: Duration = Duration::from_millis(8);
/// How long a batch may be put off when it never gets quiet.
const LONGEST: Duration = Duration::from_millis(80);

/// Paths to check, and since when.
#[derive(Default)]
pub(super) struct Hints {
    paths: BTreeSet<Utf8PathBuf>,
    everything: bool,
    first: Option<Instant>,
}

impl Hints {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds paths; an empty list is ignored.
    pub(super) fn add(&mut self, paths: impl Iterator<Item = Utf8PathBuf>) {
        self.paths.extend(paths);
        if !self.paths.is_empty() {
            self.first.get_or_insert_with(Instant::now);
        }
    }

    /// Has everything checked.
    pub(super) fn add_everything(&mut self) {
        self.everything = true;
        self.first.get_or_insert_with(Instant::now);
    }

    /// When the first hint arrived.
    pub(super) fn first(&self) -> Option<Instant> {
        self.first
    }

    /// The paths, none in another; `None` if everything must be checked.
    pub(super) fn into_paths(self) -> Option<Vec<Utf8PathBuf>> {
        (!self.everything).then(|| without_nested(self.paths))
    }

    /// How long to wait for another hint.
    pub(super) fn wait(&self) -> Duration {
        let spent = self.first.map_or(Duration::ZERO, |first| first.elapsed());
        QUIET.min(LONGEST.saturating_sub(spent))
    }
}
