//! The UTC day of a timestamp, as the scope writes it.

use std::fmt;

use crate::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;

/// A day in UTC; `Display` is `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UtcDate {
    year: i64,
    month: u8,
    day: u8,
}

impl UtcDate {
    /// The number of the day, from 1970-01-01 on.
    pub(crate) fn number(at: Timestamp) -> i64 {
        at.div_euclid(SECONDS_PER_DAY)
    }

    /// The day that `at` (seconds since 1970-01-01T00:00:00Z) falls on, in the proleptic Gregorian calendar.
    pub fn of(at: Timestamp) -> Self {
        // Days are counted from 1 March of year 0, so that a leap day ends its year; eras are 400 years.
        let days = Self::number(at) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year,
            month: u8::try_from(month).unwrap_or(0),
            day: u8::try_from(day).unwrap_or(0),
        }
    }
}

impl fmt::Display for UtcDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_a_calendar(at in -62_000_000_000_i64..253_000_000_000) {
            let calendar = jiff::Timestamp::from_second(at).unwrap().to_string()[..10].to_owned();
            prop_assert_eq!(UtcDate::of(at).to_string(), calendar);
        }

        #[test]
        fn takes_any_number(at: i64) {
            prop_assert!(UtcDate::of(at).month >= 1);
        }
    }
}
