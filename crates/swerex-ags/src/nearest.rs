//! The name that somebody probably meant.

/// How alike two names must be, from 0 to 1.
const LIKENESS: f64 = 0.7;

/// The known name most like `given`, if one is like it at all; letters' case does not count.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_like_it() {
        let known = [
            "StopSandboxInstance",
            "StartSandboxInstance",
            "DescribeQuotaOverview",
        ];
        assert_eq!(
            nearest("startsandboxinstance", known.into_iter()),
            Some("StartSandboxInstance")
        );
        assert_eq!(nearest("zzz", known.into_iter()), None);
    }
}
