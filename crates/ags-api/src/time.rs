//! Times as the service writes them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A time in a reply, kept as it was written.
///
/// The service has been seen to write RFC 3339 with `Z` or an offset and with 0, 3 or 9 fraction digits;
/// some clients also expect Unix seconds, as a number or as text. All of these are read; text of any
/// other shape is kept and has no [`unix_seconds`](Self::unix_seconds).
#[derive(Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ApiTime {
    /// As text.
    Text(String),
    /// As whole Unix seconds.
    Seconds(i64),
    /// As Unix seconds with a fraction.
    Fraction(f64),
}

impl ApiTime {
    /// The time in Unix seconds, rounded down; `None` if the text is no time.
    #[must_use]
    pub fn unix_seconds(&self) -> Option<i64> {
        match self {
            Self::Text(text) => parse(text.trim()),
            Self::Seconds(seconds) => Some(*seconds),
            Self::Fraction(seconds) => whole(*seconds),
        }
    }
}

/// An empty text, which is no time.
impl Default for ApiTime {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl fmt::Debug for ApiTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => fmt::Debug::fmt(text, formatter),
            Self::Seconds(seconds) => fmt::Debug::fmt(seconds, formatter),
            Self::Fraction(seconds) => fmt::Debug::fmt(seconds, formatter),
        }
    }
}

/// As the service wrote it.
impl fmt::Display for ApiTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Seconds(seconds) => fmt::Display::fmt(seconds, formatter),
            Self::Fraction(seconds) => fmt::Display::fmt(seconds, formatter),
        }
    }
}

impl From<String> for ApiTime {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for ApiTime {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for ApiTime {
    fn from(seconds: i64) -> Self {
        Self::Seconds(seconds)
    }
}

fn parse(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return whole(seconds);
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    // Towards the past, also before 1970, so that nothing is taken to live longer than it does.
    Some(time.as_second() - i64::from(time.subsec_nanosecond() < 0))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(seconds: f64) -> Option<i64> {
    const LIMIT: f64 = 1e15;
    (-LIMIT..LIMIT)
        .contains(&seconds)
        .then(|| seconds.floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_seen_is_read() {
        for (text, seconds) in [
            ("\"2025-09-20T08:00:00Z\"", 1_758_355_200),
            ("\"2025-09-20T16:00:00+08:00\"", 1_758_355_200),
            ("\"2025-09-20T08:00:00.123Z\"", 1_758_355_200),
            ("\"2025-09-20T08:00:00.123456789Z\"", 1_758_355_200),
            ("\"1758355200\"", 1_758_355_200),
            ("1758355200", 1_758_355_200),
            ("1758355200.75", 1_758_355_200),
            ("\"1969-12-31T23:59:59.5Z\"", -1),
        ] {
            let time: ApiTime = serde_json::from_str(text).unwrap();
            assert_eq!(time.unix_seconds(), Some(seconds), "{text}");
            assert_eq!(serde_json::to_string(&time).unwrap(), text);
        }
    }

    #[test]
    fn other_text_is_kept() {
        for text in ["", "soon", "2025-09-20", "inf", "nan", "1e300"] {
            let time = ApiTime::from(text);
            assert_eq!(time.unix_seconds(), None, "{text}");
            assert_eq!(time.to_string(), text);
        }
    }
}
