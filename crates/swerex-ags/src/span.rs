//! Spans of time on the command line.

use std::{fmt, str::FromStr, time::Duration};

/// A span such as `250ms`, `5s`, `3m`, `1h`, `2d`; a bare number is seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    /// Reads a span that is more than no time.
    pub(crate) fn positive(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(Self(Duration::ZERO)) => Err("it should be more than no time".to_owned()),
            parsed => parsed,
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no span of time; write 250ms, 5s, 3m, 1h or 2d");
        let unit_at = text
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let seconds = match unit {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        Duration::try_from_secs_f64(number * seconds)
            .map(Self)
            .map_err(|_| wrong())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if self.0.subsec_nanos() > 0 {
            return write!(f, "{}ms", self.0.as_millis());
        }
        match seconds {
            s if s > 0 && s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            s if s > 0 && s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            s if s > 0 && s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_each_unit() {
        for (text, shown) in [
            ("250ms", "250ms"),
            ("5s", "5s"),
            ("0.5m", "30s"),
            ("90", "90s"),
            ("120", "2m"),
            ("1h", "1h"),
            ("48h", "2d"),
            ("0", "0s"),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "h", "1w", "-1s", "1 h", "1e999h", "..s"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert!(Span::positive("0m").is_err() && Span::positive("1ms").is_ok());
    }
}
