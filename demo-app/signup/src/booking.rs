//! The submitted booking, and its summary. Pure.

use serde::{Deserialize, Serialize};
use ui::format;

/// The times to choose from: the value of the option, and its words.
pub const SLOTS: [(&str, &str); 3] = [
    ("morning", "Morning, while it is quiet"),
    ("noon", "Noon, with soup"),
    ("dusk", "Dusk, with lanterns"),
];

/// The diets to choose from.
pub const DIETS: [(&str, &str); 3] =
    [("any", "I eat anything"), ("plants", "Only plants"), ("none", "I bring my own")];

/// A form that was valid when it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Who comes.
    pub name: String,
    /// Where the plan is sent.
    pub email: String,
    /// One of [`SLOTS`].
    pub slot: String,
    /// How many come.
    pub seats: u32,
    /// Whether seeds are brought.
    pub brings_seeds: bool,
    /// One of [`DIETS`].
    pub diet: String,
    /// Anything else.
    pub note: String,
}

impl Booking {
    /// A line of thanks.
    #[must_use]
    pub fn thanks(&self) -> String {
        let first = self.name.split_whitespace().next().unwrap_or("friend");
        format!("See you at the bench, {first}!")
    }

    /// The booking as terms and their descriptions. Empty fields are left out.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let seeds = if self.brings_seeds { "you bring some" } else { "you take some home" };
        let lines = [
            ("When", words(&SLOTS, &self.slot)),
            ("Who", format::count(self.seats as usize, "seat", "seats")),
            ("Plan to", self.email.clone()),
            ("Seeds", seeds.to_owned()),
            ("Soup", words(&DIETS, &self.diet)),
            ("Note", self.note.trim().to_owned()),
        ];
        lines.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }
}

fn words(options: &[(&str, &str)], value: &str) -> String {
    options
        .iter()
        .find(|(candidate, _)| *candidate == value)
        .map_or_else(String::new, |(_, words)| (*words).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_booking_is_read_back_in_words_without_what_is_empty() {
        let booking = Booking {
            name: "Ada Fern".into(),
            email: "ada@example.org".into(),
            slot: "noon".into(),
            seats: 2,
            ..Booking::default()
        };
        assert_eq!(booking.thanks(), "See you at the bench, Ada!");
        let terms: Vec<_> = booking.lines().into_iter().map(|(term, _)| term).collect();
        assert_eq!(terms, ["When", "Who", "Plan to", "Seeds"]);
        assert_eq!(booking.lines()[0].1, "Noon, with soup");
        assert_eq!(booking.lines()[1].1, "2 seats");
    }
}
