//! How times and counts are written.

/// Milliseconds as minutes, seconds and hundredths: `02:05.40`. Hours are written as minutes.
#[must_use]
pub fn clock(milliseconds: f64) -> String {
    let hundredths = whole(milliseconds / 10.0);
    format!("{}.{:02}", minutes(hundredths / 100), hundredths % 100)
}

/// Milliseconds as minutes and seconds: `02:05`.
#[must_use]
pub fn short_clock(milliseconds: f64) -> String {
    minutes(whole(milliseconds / 1000.0))
}

/// A number and its noun: `no cards`, `1 card`, `12 cards`.
#[must_use]
pub fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

fn minutes(seconds: u64) -> String {
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// A time that is shown is never negative, and the fraction of a unit that has not passed yet does not count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative times were taken out"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_have_minutes_seconds_and_hundredths() {
        assert_eq!(clock(0.0), "00:00.00");
        assert_eq!(clock(125_409.9), "02:05.40");
        assert_eq!(clock(3_600_000.0), "60:00.00");
        assert_eq!(short_clock(125_999.0), "02:05");
    }

    #[test]
    fn a_time_before_zero_is_zero() {
        assert_eq!(clock(-1.0), "00:00.00");
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        assert_eq!(count(0, "card", "cards"), "no cards");
        assert_eq!(count(1, "card", "cards"), "1 card");
        assert_eq!(count(12, "card", "cards"), "12 cards");
    }
}
