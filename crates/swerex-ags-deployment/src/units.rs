//! The units that AGS writes: lifetimes, CPUs, memory.

use std::time::Duration;

/// The shortest lifetime of an instance.
pub const SHORTEST_LIFETIME: Duration = Duration::from_secs(30);
/// The longest lifetime of an instance.
pub const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// A lifetime such as `5m`, `300s`, `1h`.
///
/// # Errors
/// What it should be.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    let wrong = || "should be a lifetime such as 5m, 300s or 1h".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let lifetime = Duration::from_secs(number.saturating_mul(seconds));
    if (SHORTEST_LIFETIME..=LONGEST_LIFETIME).contains(&lifetime) {
        Ok(lifetime)
    } else {
        Err("should be between 30s and 24h".to_owned())
    }
}

/// CPUs such as `1`, `2` or `500m`.
///
/// # Errors
/// What they should be.
pub fn cpu(text: &str) -> Result<(), String> {
    let number = text.strip_suffix('m').unwrap_or(text);
    if is_positive(number) {
        Ok(())
    } else {
        Err("should be a number of CPUs such as 1, 2 or 500m".to_owned())
    }
}

/// Memory such as `1Gi` or `512Mi`.
///
/// # Errors
/// What it should be.
pub fn memory(text: &str) -> Result<(), String> {
    let number = text.strip_suffix("Gi").or_else(|| text.strip_suffix("Mi"));
    match number {
        Some(number) if is_positive(number) => Ok(()),
        _ => Err("should be an amount of memory such as 1Gi or 512Mi".to_owned()),
    }
}

fn is_positive(number: &str) -> bool {
    number.bytes().all(|b| b.is_ascii_digit())
        && number.parse::<u32>().is_ok_and(|number| number > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lifetimes_cpus_and_memory() {
        for (text, seconds) in [
            ("30s", 30),
            ("300s", 300),
            ("5m", 300),
            ("1h", 3600),
            ("24h", 86_400),
        ] {
            assert_eq!(lifetime(text), Ok(Duration::from_secs(seconds)));
        }
        for wrong in [
            "",
            "h",
            "5",
            "29s",
            "25h",
            "1.5h",
            "1d",
            "-5m",
            "99999999999999999999h",
            "5 m",
            "１h",
        ] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
        assert!(
            cpu("1").is_ok()
                && cpu("500m").is_ok()
                && memory("1Gi").is_ok()
                && memory("512Mi").is_ok()
        );
        for wrong in ["", "0", "-1", "1.5", "m", "1 "] {
            assert!(cpu(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "1", "1G", "0Gi", "Gi", "1gi"] {
            assert!(memory(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,12}") {
            drop((lifetime(&text), cpu(&text), memory(&text)));
        }
    }
}
