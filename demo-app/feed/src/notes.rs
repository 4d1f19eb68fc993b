//! The notes of the feed, and how long to wait for a server that is away. Pure.

use serde::{Deserialize, Serialize};

/// How many notes are kept.
pub const MOST_NOTES: usize = 50;

/// The longest that a server is left alone, in milliseconds.
const LONGEST_DELAY: u32 = 30_000;

/// A note written by a person at the bench.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When the server got it, in milliseconds since the Unix epoch. The server gives no time twice.
    pub at: u64,
    /// Its text.
    pub text: String,
}

/// Adds a note to others, which are sorted newest first. One that exists already, because the server repeats the
/// latest on each connection, is left out; the oldest is dropped.
pub fn insert(notes: &mut Vec<Note>, note: Note) {
    if let Err(place) = notes.binary_search_by(|other| note.at.cmp(&other.at)) {
        notes.insert(place, note);
        notes.truncate(MOST_NOTES);
    }
}

/// How long to wait after so many vain attempts in a row, in milliseconds: twice as long each time.
#[must_use]
pub fn delay(attempts: u32) -> u32 {
    1_u32
        .checked_shl(attempts)
        .map_or(LONGEST_DELAY, |factor| factor.saturating_mul(500).min(LONGEST_DELAY))
}

/// A point in time as the time of day in UTC, `09:05`.
#[must_use]
pub fn time_of_day(at: u64) -> String {
    let minutes = at / 60_000;
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(at: u64) -> Note {
        Note { at, text: format!("note {at}") }
    }

    #[test]
    fn notes_stand_newest_first_and_once() {
        let mut notes = Vec::new();
        for at in [3, 1, 2, 3, 1] {
            insert(&mut notes, note(at));
        }
        assert_eq!(notes, [note(3), note(2), note(1)]);
    }

    #[test]
    fn the_oldest_notes_give_way() {
        let mut notes = Vec::new();
        for at in 0..60 {
            insert(&mut notes, note(at));
        }
        assert_eq!((notes.len(), notes[0].at, notes[49].at), (MOST_NOTES, 59, 10));
    }

    #[test]
    fn the_delay_grows_up_to_a_bound() {
        assert_eq!([1, 2, 3, 9, 40].map(delay), [1_000, 2_000, 4_000, 30_000, 30_000]);
    }

    #[test]
    fn a_time_of_day_has_two_digits_each() {
        assert_eq!(time_of_day(86_400_000 + 9 * 3_600_000 + 5 * 60_000), "09:05");
    }
}
