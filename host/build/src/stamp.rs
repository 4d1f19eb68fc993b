//! The stamp of a file: enough to know that it may be another one, without reading it.

use std::{fs::Metadata, time::UNIX_EPOCH};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

/// What the system knows about a file. Two different stamps of one path mean that the content may differ.
///
/// Change time and inode belong to it where they exist, so that a rename over a file, or a copy that keeps an old modification
/// time, gives another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    modified: Time,
    len: u64,
    identity: Option<(u64, u64, Time)>,
}

/// Seconds and nanoseconds since 1970.
type Time = (i64, i64);

impl Stamp {
    /// The stamp of the file at `path`; of what it points to, if it is a link. None if nothing is there.
    #[must_use]
    pub fn at(path: &Utf8Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    /// The stamp in `metadata`.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self { modified: modified(metadata), len: metadata.len(), identity: identity(metadata) }
    }

    /// The size of the file, in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a size, not a collection")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The last time at which the file was written, renamed or replaced, as far as the system knows: seconds and nanoseconds
    /// since 1970.
    #[must_use]
    pub fn touched(&self) -> (i64, i64) {
        self.identity.map_or(self.modified, |(_, _, changed)| changed.max(self.modified))
    }
}

fn modified(metadata: &Metadata) -> Time {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or((0, 0), |since| {
        (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos()))
    })
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn identity(metadata: &Metadata) -> Option<(u64, u64, Time)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino(), (metadata.ctime(), metadata.ctime_nsec())))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64, Time)> {
    None
}
