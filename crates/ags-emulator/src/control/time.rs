//! Times as the service writes them, and spans as it reads them.

use std::time::Duration;

use ags_api::ApiTime;
use jiff::{Timestamp, tz::Offset};

use super::error::ApiError;
use crate::{behaviour::ExpiresAtFormat, clock::Moment};

/// What the service takes as the lifetime of an instance.
const LIFETIMES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(30)..=Duration::from_secs(24 * 3600);
/// The lifetime where neither the start nor the tool says one.
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// RFC 3339 in UTC with milliseconds, as most times are written.
pub(crate) fn shown(moment: Moment) -> ApiTime {
    ApiTime::Text(format!("{:.3}", timestamp(moment)))
}

/// `ExpiresAt` as the switch says; none for `null`.
pub(crate) fn expiry(moment: Moment, format: ExpiresAtFormat) -> Option<ApiTime> {
    let at = timestamp(moment);
    Some(match format {
        ExpiresAtFormat::Millis => shown(moment),
        ExpiresAtFormat::Seconds => ApiTime::Text(format!("{at:.0}")),
        ExpiresAtFormat::Nanos => ApiTime::Text(format!("{at:.9}")),
        ExpiresAtFormat::Offset => ApiTime::Text(format!(
            "{:.0}",
            at.display_with_offset(Offset::constant(8))
        )),
        ExpiresAtFormat::Unix => ApiTime::Seconds(moment.unix_millis().div_euclid(1000)),
        ExpiresAtFormat::Null => return None,
    })
}

/// Reads a lifetime that may be absent or empty.
pub(crate) fn given_lifetime(text: Option<&str>) -> Result<Option<Duration>, ApiError> {
    text.filter(|text| !text.is_empty())
        .map(lifetime)
        .transpose()
}

/// Reads a lifetime: a number and `s`, `m` or `h`, from 30 s to 24 h.
fn lifetime(text: &str) -> Result<Duration, ApiError> {
    let refuse = || {
        ApiError::new(
            "InvalidParameterValue.Timeout",
            format!("Timeout {text:?} is not valid: it is 30s to 24h, such as 5m, 300s or 1h"),
        )
    };
    let unit = text.chars().last().ok_or_else(refuse)?;
    let scale = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(refuse()),
    };
    let number = &text[..text.len() - 1];
    if !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(refuse());
    }
    let seconds = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(scale))
        .ok_or_else(refuse)?;
    Some(Duration::from_secs(seconds))
        .filter(|span| LIFETIMES.contains(span))
        .ok_or_else(refuse)
}

fn timestamp(moment: Moment) -> Timestamp {
    Timestamp::from_millisecond(moment.unix_millis()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_written_in_every_form() {
        let at = Moment::from_unix_millis(1_758_355_200_123);
        let written = |format| serde_json::to_string(&expiry(at, format)).unwrap();
        assert_eq!(
            written(ExpiresAtFormat::Millis),
            "\"2025-09-20T08:00:00.123Z\""
        );
        assert_eq!(
            written(ExpiresAtFormat::Seconds),
            "\"2025-09-20T08:00:00Z\""
        );
        assert_eq!(
            written(ExpiresAtFormat::Nanos),
            "\"2025-09-20T08:00:00.123000000Z\""
        );
        assert_eq!(
            written(ExpiresAtFormat::Offset),
            "\"2025-09-20T16:00:00+08:00\""
        );
        assert_eq!(written(ExpiresAtFormat::Unix), "1758355200");
        assert_eq!(written(ExpiresAtFormat::Null), "null");
    }

    #[test]
    fn lifetimes_are_checked() {
        for (text, seconds) in [
            ("5m", 300),
            ("300s", 300),
            ("1h", 3600),
            ("30s", 30),
            ("24h", 86_400),
            ("1440m", 86_400),
        ] {
            assert_eq!(lifetime(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "29s",
            "25h",
            "5",
            "1h30m",
            "-5m",
            "+5m",
            "5M",
            "1.5h",
            " 5m",
            "99999999999999999999h",
            "5ä",
        ] {
            assert_eq!(
                lifetime(text).unwrap_err().code,
                "InvalidParameterValue.Timeout",
                "{text}"
            );
        }
    }
}
