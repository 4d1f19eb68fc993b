//! The rules for a valid sign-up. Pure: each rule takes the input and returns the error, if there is one.

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 200;

/// The most seats that one person can book.
pub const MOST_SEATS: u32 = 6;

/// A name has to be there.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    text.trim().is_empty().then(|| "We would like to greet you by name".to_owned())
}

/// An address has something before an @ and a domain with a dot after it.
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some("We need somewhere to send the plan".to_owned());
    }
    let plausible = text.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty()
            && !domain.contains('@')
            && domain.split('.').count() > 1
            && domain.split('.').all(|label| !label.is_empty())
    });
    (!plausible || text.contains(char::is_whitespace))
        .then(|| "That does not look like name@example.org".to_owned())
}

/// A slot has to be chosen.
#[must_use]
pub fn slot(chosen: &str) -> Option<String> {
    chosen.is_empty().then(|| "Please choose when you come".to_owned())
}

/// From one seat to [`MOST_SEATS`].
#[must_use]
pub fn seats(text: &str) -> Option<String> {
    match text.trim().parse::<u32>() {
        Ok(seats) if (1..=MOST_SEATS).contains(&seats) => None,
        Ok(0) => Some("At least one seat, please".to_owned()),
        Ok(_) => Some(format!("The bench seats {MOST_SEATS} at most")),
        Err(_) => Some("A number, please".to_owned()),
    }
}

/// A note has at most [`LONGEST_NOTE`] characters.
#[must_use]
pub fn note(text: &str) -> Option<String> {
    let length = text.chars().count();
    (length > LONGEST_NOTE).then(|| format!("{} characters too many", length - LONGEST_NOTE))
}

/// The rules of the house have to be accepted.
#[must_use]
pub fn promise(given: bool) -> Option<String> {
    (!given).then(|| "Only those who label their seeds can come".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_more_than_blanks() {
        assert!(name("  ").is_some());
        assert_eq!(name("Ada"), None);
    }

    #[test]
    fn addresses_are_distinguished_from_other_words() {
        for good in ["ada@example.org", " a.b+c@mail.example.org "] {
            assert_eq!(email(good), None, "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@org",
            "ada@.org",
            "ada@example.",
            "a b@example.org",
            "a@b@c.org",
        ] {
            assert!(email(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn seats_are_a_number_within_bounds() {
        assert_eq!(seats("1"), None);
        assert_eq!(seats(" 6 "), None);
        for bad in ["", "0", "7", "-1", "two", "1.5"] {
            assert!(seats(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn notes_are_counted_in_characters() {
        assert_eq!(note(&"ü".repeat(LONGEST_NOTE)), None);
        assert_eq!(note(&"ü".repeat(LONGEST_NOTE + 2)).as_deref(), Some("2 characters too many"));
    }

    #[test]
    fn the_promise_and_the_slot_are_required() {
        assert!(promise(false).is_some());
        assert_eq!(promise(true), None);
        assert!(slot("").is_some());
        assert_eq!(slot("noon"), None);
    }
}
