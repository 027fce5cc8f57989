//! The `Range` header, as far as it asks for one range of bytes.

/// Which bytes are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    /// From the first to behind the last one; they need not be there.
    Part(u64, u64),
    /// None.
    Nothing,
}

/// Other units, several ranges and what cannot be read are ignored, as the standard has it. The size counts for a range from the end only.
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
        (first, "") => (first.parse().ok()?, u64::MAX),
        (first, last) => {
            let (start, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < start {
                return None;
            }
            (start, last.saturating_add(1))
        }
    };
    Some(if start < end {
        Wanted::Part(start, end)
    } else {
        Wanted::Nothing
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
            (Some("bytes=5-"), Wanted::Part(5, u64::MAX)),
            (Some("bytes=-3"), Wanted::Part(7, 10)),
            (Some("bytes=-30"), Wanted::Part(0, 10)),
            (Some("bytes=8-99"), Wanted::Part(8, 100)),
            (Some("bytes=10-"), Wanted::Part(10, u64::MAX)),
            (Some("bytes=-0"), Wanted::Nothing),
            (Some("bytes=3-1"), Wanted::All),
            (Some("bytes=0-1,3-4"), Wanted::All),
            (Some("lines=0-1"), Wanted::All),
        ] {
            assert_eq!(wanted(header, 10), is, "{header:?}");
        }
    }
}
