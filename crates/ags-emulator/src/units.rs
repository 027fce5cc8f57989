//! Spans of time as a command line writes them.

use std::time::Duration;

/// Reads a span of time: `250ms`, `5s`, `3m`, `1h`, `1.5s`; a bare number is seconds.
pub fn parse_span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit_at = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let scale = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * scale).ok()
}

/// The shortest exact text that [`parse_span`] reads back.
pub(crate) fn span_text(span: Duration) -> String {
    let millis = span.as_millis();
    if millis.is_multiple_of(1000) {
        format!("{}s", millis / 1000)
    } else {
        format!("{millis}ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_unit() {
        for (text, millis) in [
            ("250ms", 250),
            ("5s", 5000),
            ("1.5s", 1500),
            ("3m", 180_000),
            ("1h", 3_600_000),
            ("2", 2000),
            ("0", 0),
        ] {
            assert_eq!(
                parse_span(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "s", "-1s", "5 s", "1d", "1.2.3s", "inf", "1e9h"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }
}
