//! Cuts texts of any length to a length that terminals, pages and logs can show.

use std::borrow::Cow;

use crate::constants::{TEXT_BYTES, TEXT_KEPT_BYTES};

/// The longest text that [`cut`] returns, in bytes.
pub const LONGEST: usize = TEXT_BYTES;

/// The text, or its beginning with a note of how much more there was.
///
/// ```
/// let text = hmr_abi::text::cut(&"a".repeat(20_000_000)).into_owned();
/// assert!(text.ends_with("aaa … (cut, 19 MB more)"));
/// ```
#[must_use]
pub fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(TEXT_KEPT_BYTES);
    let more = match text.len() - end {
        bytes @ ..10_000 => format!("{bytes} bytes"),
        bytes @ ..10_000_000 => format!("{} kB", bytes / 1000),
        bytes => format!("{} MB", bytes / 1_000_000),
    };
    Cow::Owned(format!("{} … (cut, {more} more)", &text[..end]))
}

/// As [`cut`], for an owned text.
#[must_use]
pub fn cut_owned(text: String) -> String {
    match cut(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(cut) => cut,
    }
}

/// A message with the place that it is about, such as ` (src/lib.rs:7)`: at the end of its first line, before hints.
#[must_use]
pub fn with_place(message: &str, place: &str) -> String {
    match message.split_once('\n') {
        Some((first, rest)) => format!("{first}{place}\n{rest}"),
        None => format!("{message}{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay_and_what_was_cut_is_not_cut_again() {
        assert_eq!(cut("short"), "short");
        for (letter, length) in [("a", LONGEST + 1), ("é", 5000), ("日", 5001), ("🚀", 3_000_000)]
        {
            let text = letter.repeat(length);
            let once = cut(&text);
            assert!(
                once.len() <= LONGEST
                    && text.starts_with(once.split(" … ").next().expect("a beginning"))
            );
            assert_eq!(cut(&once), once);
        }
    }

    #[test]
    fn the_note_says_how_much_more_there_was() {
        for (length, note) in
            [(5000, "1416 bytes"), (20_000, "16 kB"), (20_000_000, "19 MB"), (13_583, "9999 bytes")]
        {
            let text = "a".repeat(length);
            let cut = cut(&text);
            assert!(cut.ends_with(&format!("a … (cut, {note} more)")), "{}", &cut[3500..]);
        }
    }
}
