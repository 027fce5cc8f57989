//! The `Range` header, as far as it asks for one range of bytes.

/// Which bytes are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    /// From the first to behind the last one.
    Part(u64, u64),
    /// None of them are there.
    Unsatisfiable,
}

/// Other units, several ranges and what cannot be read are ignored, as the standard has it.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    parse(header.unwrap_or_default(), size).unwrap_or(Wanted::All)
}

fn parse(header: &str, size: u64) -> Option<Wanted> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    let (start, end) = match (first.trim(), last.trim()) {
        ("", suffix) => {
            let length: u64 = suffix.parse().ok()?;
            (size.saturating_sub(length), size)
        }
        (first, "") => (first.parse().ok()?, size),
        (first, last) => {
            let (start, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < start {
                return None;
            }
            (start, last.saturating_add(1).min(size))
        }
    };
    Some(if start < end {
        Wanted::Part(start, end)
    } else {
        Wanted::Unsatisfiable
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range() {
        for (header, is) in [
            (None, Wanted::All),
            (Some("bytes=0-3"), Wanted::Part(0, 4)),
            (Some("bytes=5-"), Wanted::Part(5, 10)),
            (Some("bytes=-3"), Wanted::Part(7, 10)),
            (Some("bytes=-30"), Wanted::Part(0, 10)),
            (Some("bytes=8-99"), Wanted::Part(8, 10)),
            (Some("bytes=10-"), Wanted::Unsatisfiable),
            (Some("bytes=-0"), Wanted::Unsatisfiable),
            (Some("bytes=3-1"), Wanted::All),
            (Some("bytes=0-1,3-4"), Wanted::All),
            (Some("lines=0-1"), Wanted::All),
        ] {
            assert_eq!(wanted(header, 10), is, "{header:?}");
        }
    }
}
