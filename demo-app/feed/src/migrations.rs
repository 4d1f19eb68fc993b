//! How the feed's state has changed from version to version, so that a page that has been open for long keeps it.
//!
//! | version | state |
//! |---|---|
//! | 1.0.0 | `lines`, texts, oldest first; `text`, the half-written note |
//! | 1.1.0 | `notes` instead of `lines`, with the time of each |
//! | 1.2.0 | `notes` newest first; `draft` instead of `text` |

use crate::FeedProps;
use crate::notes::{Note, insert};
use hmr_sdk::prelude::*;

/// Lines had no time: their order replaces it.
///
/// # Errors
/// If `lines` is not a list of texts.
#[migration(Feed, from = "1.0.0", to = "1.1.0")]
pub fn lines_become_notes(saved: &mut Saved) -> Result<(), MigrationError> {
    let lines: Vec<String> = saved.get("lines")?.unwrap_or_default();
    let notes: Vec<Note> = (0..).zip(lines).map(|(at, text)| Note { at, text }).collect();
    saved.remove("lines");
    saved.set("notes", &notes);
    Ok(())
}

/// The newest first, at most as many as are shown.
///
/// # Errors
/// If `notes` is not a list of notes.
#[migration(Feed, from = "1.1.0", to = "1.2.0")]
pub fn newest_come_first(saved: &mut Saved) -> Result<(), MigrationError> {
    let old: Vec<Note> = saved.get("notes")?.unwrap_or_default();
    let mut notes = Vec::new();
    for note in old {
        insert(&mut notes, note);
    }
    saved.set("notes", &notes);
    saved.rename("text", "draft");
    Ok(())
}
