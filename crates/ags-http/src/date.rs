//! Dates and waits in headers: `Date` and `Retry-After`, without a clock.

use std::time::Duration;

use http::{HeaderMap, header};

const SECONDS_PER_DAY: u64 = 86_400;

/// Unix seconds of the `Date` header, if there is one that can be read.
pub fn date(headers: &HeaderMap) -> Option<u64> {
    parse_http_date(headers.get(header::DATE)?.to_str().ok()?)
}

/// How long the `Retry-After` header asks to wait, seen from `now` (Unix seconds; only a date needs it).
pub fn retry_after(headers: &HeaderMap, now: u64) -> Option<Duration> {
    parse_retry_after(headers.get(header::RETRY_AFTER)?.to_str().ok()?, now)
}

/// Reads a `Retry-After` value: whole seconds, or a date. A date that is past asks for no wait.
pub fn parse_retry_after(value: &str, now: u64) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Longer than u64 is "for ever", which saturates.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let at = parse_http_date(value)?;
    Some(Duration::from_secs(at.saturating_sub(now)))
}

/// Reads a date in any of the three forms of RFC 9110 (`Sun, 06 Nov 1994 08:49:37 GMT`, RFC 850's, asctime's) as
/// Unix seconds. Years before 1970 are refused.
pub fn parse_http_date(value: &str) -> Option<u64> {
    let mut words = value.split([' ', ',', '-']).filter(|word| !word.is_empty());
    let weekday = words.next()?;
    if !is_weekday(weekday) {
        return None;
    }
    let rest: Vec<&str> = words.collect();
    let (day, month, year, clock) = match rest[..] {
        [month, day, clock, year] if month.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            (day, month, year, clock)
        }
        [day, month, year, clock, "GMT"] => (day, month, year, clock),
        _ => return None,
    };
    let year = match (year.len(), number(year)?) {
        (4, year) => year,
        // RFC 850 has two digits; the century is the one that makes the year no later than 2069.
        (2, year) if year < 70 => 2000 + year,
        (2, year) => 1900 + year,
        _ => return None,
    };
    let seconds = seconds_of_day(clock)?;
    days_since_epoch(year, month_number(month)?, number(day)?)
        .map(|days| days * SECONDS_PER_DAY + seconds)
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    DAYS.iter().any(|day| *day == word || &day[..3] == word)
}

fn month_number(word: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    (1..)
        .zip(MONTHS)
        .find(|(_, name)| *name == word)
        .map(|(number, _)| number)
}

/// A short number of digits only.
fn number(digits: &str) -> Option<u64> {
    let fits = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| digits.parse().ok()).flatten()
}

fn seconds_of_day(clock: &str) -> Option<u64> {
    let mut parts = clock.split(':');
    let mut part = |limit| {
        let text = parts.next().filter(|text| text.len() == 2)?;
        number(text).filter(|value| *value <= limit)
    };
    let (hours, minutes) = (part(23)?, part(59)?);
    // 60 is a leap second.
    let seconds = part(60)?;
    parts
        .next()
        .is_none()
        .then_some(hours * 3600 + minutes * 60 + seconds)
}

fn days_since_epoch(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if year < 1970 || !(1..=length).contains(&day) {
        return None;
    }
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - 477;
    const BEFORE_MONTH: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let in_year =
        BEFORE_MONTH.get(usize::try_from(month - 1).ok()?)? + u64::from(leap && month > 2);
    Some((year - 1970) * 365 + leap_days + in_year + day - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of RFC 9110, section 5.6.7.
    const RFC: u64 = 784_111_777;

    #[test]
    fn all_three_forms_of_the_rfc_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_http_date(text), Some(RFC), "{text}");
        }
        // Computed with `date -u -d … +%s`.
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Mon, 23 Nov 2026 20:00:07 GMT", 1_795_464_007),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(parse_http_date(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "GMT",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 1900 08:49:37 GMT",
            "Wed, 29 Feb 2023 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Xyz, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(parse_retry_after("2", 0), seconds(2));
        assert_eq!(parse_retry_after(" 120 ", 0), seconds(120));
        assert_eq!(
            parse_retry_after("99999999999999999999999", 0),
            seconds(u64::MAX)
        );
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(parse_retry_after(date, RFC - 30), seconds(30));
        assert_eq!(parse_retry_after(date, RFC + 30), seconds(0));
        for no_wait in ["", "-1", "1.5", "soon", "+3"] {
            assert_eq!(parse_retry_after(no_wait, 0), None, "{no_wait}");
        }
    }

    #[test]
    fn headers_are_looked_up() {
        let mut headers = HeaderMap::new();
        assert_eq!((date(&headers), retry_after(&headers, 0)), (None, None));
        headers.insert("date", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        headers.insert("retry-after", "7".parse().unwrap());
        assert_eq!(date(&headers), Some(RFC));
        assert_eq!(retry_after(&headers, 0), Some(Duration::from_secs(7)));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", now in any::<u64>()) {
            let _ = parse_retry_after(&text, now);
        }

        #[test]
        fn no_almost_date_panics(text in "(Sun|Mon|Sunday)[, ]{1,2}[0-9]{1,3}[ -][A-Z][a-z]{2}[ -][0-9]{0,5} [0-9:]{0,9}( GMT)?") {
            let _ = parse_http_date(&text);
        }

        #[test]
        fn whole_seconds_are_kept(seconds in any::<u64>(), now in any::<u64>()) {
            prop_assert_eq!(parse_retry_after(&seconds.to_string(), now), Some(Duration::from_secs(seconds)));
        }

        /// Written by an independent implementation (the one hyper sends `Date` with).
        #[test]
        fn what_others_write_is_read(seconds in 0_u64..253_402_300_800) {
            let at = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
            prop_assert_eq!(parse_http_date(&httpdate::fmt_http_date(at)), Some(seconds));
        }
    }
}
