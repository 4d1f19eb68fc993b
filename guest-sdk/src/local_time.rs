//! A moment as the reader's calendar and clock show it.

use std::fmt;

use hmr_abi::read::ReadRequest;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::engine::requests::read;

/// A moment in the reader's time zone, in the Gregorian calendar.
///
/// ```
/// use hmr_sdk::LocalTime;
///
/// let start = LocalTime::at(1_767_225_600_000.0); // in a unit test, the time zone is UTC unless it is set
/// assert_eq!((start.year, start.month, start.day, start.weekday), (2026, 1, 1, 4));
/// assert_eq!(start.to_string(), "2026-01-01T00:00:00+00:00");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    /// The year; 0 is the year before 1.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// 0 to 999.
    pub millisecond: u32,
    /// 1 is Monday, 7 is Sunday.
    pub weekday: u32,
    /// How many minutes the local time is ahead of UTC at this moment.
    pub offset: i32,
}

const DAY_MS: i64 = 86_400_000;

impl LocalTime {
    /// The present moment; the clock of [`now`](crate::now).
    #[must_use]
    pub fn now() -> Self {
        Self::at(clock::read())
    }

    /// The moment so many milliseconds after the Unix epoch. If the engine does not know the time zone, as in a rehearsal, it is UTC.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a moment that no calendar has is cut")]
    pub fn at(ms: f64) -> Self {
        let offset = read::<f64>(&ReadRequest::TimeZone { at: ms }).unwrap_or(0.0).round() as i32;
        // The moments that JavaScript's dates have, some 270,000 years around the epoch.
        Self::with_offset(ms.clamp(-8.64e15, 8.64e15).floor() as i64, offset)
    }

    fn with_offset(ms: i64, offset: i32) -> Self {
        let local = ms + i64::from(offset) * 60_000;
        let days = local.div_euclid(DAY_MS);
        let part = |unit: i64, count: i64| {
            u32::try_from(local.rem_euclid(DAY_MS) / unit % count).unwrap_or(0)
        };
        let (year, month, day) = date_of(days);
        Self {
            year,
            month,
            day,
            hour: part(3_600_000, 24),
            minute: part(60_000, 60),
            second: part(1000, 60),
            millisecond: part(1, 1000),
            weekday: u32::try_from((days + 3).rem_euclid(7) + 1).unwrap_or(1),
            offset,
        }
    }
}

/// The date so many days after 1970-01-01. The years of the computation begin in March, so that a leap day is their last.
fn date_of(days: i64) -> (i32, u32, u32) {
    const ERA: i64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let small = |number: i64| u32::try_from(number).unwrap_or(0);
    (i32::try_from(year).unwrap_or(0), small(month), small(day))
}

impl fmt::Display for LocalTime {
    /// As in ISO 8601, without the milliseconds: `2026-01-01T13:00:00+01:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, offset, .. } = self;
        let sign = if *offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let shown = |ms, offset| LocalTime::with_offset(ms, offset).to_string();
        assert_eq!(shown(0, 0), "1970-01-01T00:00:00+00:00");
        assert_eq!(shown(-1, 0), "1969-12-31T23:59:59+00:00");
        assert_eq!(shown(951_782_400_000, 0), "2000-02-29T00:00:00+00:00");
        assert_eq!(shown(1_709_164_800_000, -60), "2024-02-28T23:00:00-01:00");
        assert_eq!(shown(1_709_164_800_000, 345), "2024-02-29T05:45:00+05:45");
        assert_eq!(shown(4_107_542_400_000, 0), "2100-03-01T00:00:00+00:00");
        assert_eq!(LocalTime::with_offset(0, 0).weekday, 4);
        assert_eq!(LocalTime::with_offset(-86_400_000, 0).weekday, 3);
        assert_eq!(LocalTime::with_offset(3 * 86_400_000, 0).weekday, 7);
        assert_eq!(LocalTime::with_offset(1_234, 0).millisecond, 234);
    }
}
