//! The readers at the fence, and the notes posted there. Everything is bounded.

use serde_json::json;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 200;

/// How many notes are kept for those who come later.
const MOST_NOTES: usize = 50;

/// How many may be at the fence at once.
const MOST_SEATS: usize = 32;

/// How many notes may be on their way to one of them; who is slower than that has to come again.
const MOST_UNHEARD: usize = 2 * MOST_NOTES;

/// State shared by all connections.
#[derive(Debug, Default)]
pub struct Fence(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    notes: VecDeque<String>,
    listeners: Vec<(u64, SyncSender<String>)>,
    next: u64,
    last_at: u64,
}

/// A place at the fence. It is free again when this is dropped.
#[derive(Debug)]
pub struct Seat {
    /// The notes, the latest first.
    pub notes: Receiver<String>,
    number: u64,
    fence: Arc<Fence>,
}

impl Fence {
    /// Takes a seat; `None` if there is none.
    pub fn sit_down(fence: &Arc<Self>) -> Option<Seat> {
        let mut said = fence.lock();
        if said.listeners.len() >= MOST_SEATS {
            return None;
        }
        let (sender, notes) = sync_channel(MOST_UNHEARD);
        for note in &said.notes {
            // The channel has room for all that is kept.
            sender.try_send(note.clone()).ok()?;
        }
        let number = said.next;
        said.next += 1;
        said.listeners.push((number, sender));
        drop(said);
        Some(Seat { notes, number, fence: Arc::clone(fence) })
    }

    /// Sends a note to all readers. A blank note is ignored, and one that is too long is cut.
    pub fn call_over(&self, text: &str) {
        let text: String = text.trim().chars().take(LONGEST_NOTE).collect();
        if text.is_empty() {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut said = self.lock();
        let at = u64::try_from(now).unwrap_or(u64::MAX).max(said.last_at + 1);
        said.last_at = at;
        let note = json!({ "at": at, "text": text }).to_string();
        said.listeners.retain(|(_, sender)| sender.try_send(note.clone()).is_ok());
        said.notes.push_back(note);
        let surplus = said.notes.len().saturating_sub(MOST_NOTES);
        said.notes.drain(..surplus);
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.fence.lock().listeners.retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_a_note_and_who_comes_later_hears_the_latest() {
        let fence = Arc::new(Fence::default());
        let first = Fence::sit_down(&fence).expect("a seat");
        for number in 0..60 {
            fence.call_over(&format!("note {number}"));
        }
        fence.call_over("  ");
        let second = Fence::sit_down(&fence).expect("a seat");
        let heard: Vec<String> = first.notes.try_iter().collect();
        let repeated: Vec<String> = second.notes.try_iter().collect();
        assert_eq!(heard.len(), 60);
        assert_eq!(repeated, heard[10..]);
        assert!(heard[0].contains("note 0") && heard[59].contains("note 59"));
    }

    #[test]
    fn seats_are_limited_and_given_back() {
        let fence = Arc::new(Fence::default());
        let mut seats: Vec<Seat> =
            (0..MOST_SEATS).filter_map(|_| Fence::sit_down(&fence)).collect();
        assert_eq!(seats.len(), MOST_SEATS);
        assert!(Fence::sit_down(&fence).is_none());
        seats.pop();
        assert!(Fence::sit_down(&fence).is_some());
    }

    #[test]
    fn who_does_not_listen_loses_the_seat_and_a_long_note_is_cut() {
        let fence = Arc::new(Fence::default());
        let deaf = Fence::sit_down(&fence).expect("a seat");
        for _ in 0..=MOST_UNHEARD {
            fence.call_over(&"ü".repeat(LONGEST_NOTE + 1));
        }
        let heard: Vec<String> = deaf.notes.iter().collect();
        assert_eq!(heard.len(), MOST_UNHEARD, "the channel ends");
        assert_eq!(heard[0].matches('ü').count(), LONGEST_NOTE);
    }
}
