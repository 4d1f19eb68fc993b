//! The readers at the fence, and the notes posted there. Everything is bounded.

use serde_json::json;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest note, in characters.
pub const MAX_NOTE_LENGTH: usize = 200;

/// How many notes are kept for new readers.
const MAX_NOTES: usize = 50;

/// How many readers there may be at once.
const MAX_READERS: usize = 32;

/// How many notes may wait to be sent to one reader. A slower reader is disconnected.
const MAX_UNSENT: usize = 2 * MAX_NOTES;

/// State shared by all connections.
#[derive(Debug, Default)]
pub struct Fence(Mutex<Shared>);

#[derive(Debug, Default)]
struct Shared {
    notes: VecDeque<String>,
    listeners: Vec<(u64, SyncSender<String>)>,
    next: u64,
    last_at: u64,
}

/// A reader at the fence. Another one may join when this is dropped.
#[derive(Debug)]
pub struct Reader {
    /// The notes, the latest first.
    pub notes: Receiver<String>,
    number: u64,
    fence: Arc<Fence>,
}

impl Fence {
    /// Adds a reader; `None` if there are too many.
    pub fn join(fence: &Arc<Self>) -> Option<Reader> {
        let mut shared = fence.lock();
        if shared.listeners.len() >= MAX_READERS {
            return None;
        }
        let (sender, notes) = sync_channel(MAX_UNSENT);
        for note in &shared.notes {
            // The channel has room for all that is kept.
            sender.try_send(note.clone()).ok()?;
        }
        let number = shared.next;
        shared.next += 1;
        shared.listeners.push((number, sender));
        drop(shared);
        Some(Reader { notes, number, fence: Arc::clone(fence) })
    }

    /// Sends a note to all readers. A blank note is ignored, and one that is too long is cut.
    pub fn broadcast(&self, text: &str) {
        let text: String = text.trim().chars().take(MAX_NOTE_LENGTH).collect();
        if text.is_empty() {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut shared = self.lock();
        let at = u64::try_from(now).unwrap_or(u64::MAX).max(shared.last_at + 1);
        shared.last_at = at;
        let note = json!({ "at": at, "text": text }).to_string();
        shared.listeners.retain(|(_, sender)| sender.try_send(note.clone()).is_ok());
        shared.notes.push_back(note);
        let surplus = shared.notes.len().saturating_sub(MAX_NOTES);
        shared.notes.drain(..surplus);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.fence.lock().listeners.retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_readers_get_a_note_and_new_readers_get_the_latest() {
        let fence = Arc::new(Fence::default());
        let first = Fence::join(&fence).expect("a reader");
        for number in 0..60 {
            fence.broadcast(&format!("note {number}"));
        }
        fence.broadcast("  ");
        let second = Fence::join(&fence).expect("a reader");
        let received: Vec<String> = first.notes.try_iter().collect();
        let repeated: Vec<String> = second.notes.try_iter().collect();
        assert_eq!(received.len(), 60);
        assert_eq!(repeated, received[10..]);
        assert!(received[0].contains("note 0") && received[59].contains("note 59"));
    }

    #[test]
    fn readers_are_limited_and_another_may_join_when_one_leaves() {
        let fence = Arc::new(Fence::default());
        let mut readers: Vec<Reader> =
            (0..MAX_READERS).filter_map(|_| Fence::join(&fence)).collect();
        assert_eq!(readers.len(), MAX_READERS);
        assert!(Fence::join(&fence).is_none());
        readers.pop();
        assert!(Fence::join(&fence).is_some());
    }

    #[test]
    fn a_reader_that_does_not_read_is_removed_and_a_long_note_is_cut() {
        let fence = Arc::new(Fence::default());
        let idle = Fence::join(&fence).expect("a reader");
        for _ in 0..=MAX_UNSENT {
            fence.broadcast(&"ü".repeat(MAX_NOTE_LENGTH + 1));
        }
        let received: Vec<String> = idle.notes.iter().collect();
        assert_eq!(received.len(), MAX_UNSENT, "the channel ends");
        assert_eq!(received[0].matches('ü').count(), MAX_NOTE_LENGTH);
    }
}
