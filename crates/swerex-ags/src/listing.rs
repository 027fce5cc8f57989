//! How tools and instances are shown in lists, and which of them are ours.

use std::time::{Duration, SystemTime};

use ags_api::{
    ApiTime,
    model::{InstanceStatus, SandboxInstance},
};

/// States that nothing comes after.
const OVER: [InstanceStatus; 5] = [
    InstanceStatus::STOPPED,
    InstanceStatus::FAILED,
    InstanceStatus::STARTING_FAILED,
    InstanceStatus::STOPPING_FAILED,
    InstanceStatus::STOP_FAILED,
];

/// Whether nothing happens to it any more. States that nobody documented go on.
pub(crate) fn is_over(instance: &SandboxInstance) -> bool {
    instance
        .status
        .as_ref()
        .is_some_and(|status| OVER.contains(status))
}

/// A member as it is shown.
pub(crate) fn text(value: Option<&str>) -> String {
    value
        .filter(|text| !text.is_empty())
        .unwrap_or("-")
        .to_owned()
}

/// `1 tool`, `2 tools`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// How long ago something was; `None` if it is in the future or no time.
pub(crate) fn age(time: Option<&ApiTime>) -> Option<Duration> {
    let then = u64::try_from(time?.unix_seconds()?).ok()?;
    now().checked_sub(Duration::from_secs(then))
}

/// The age as it is shown.
pub(crate) fn since(time: Option<&ApiTime>) -> String {
    age(time).map_or_else(|| "-".to_owned(), rough)
}

/// The time that is left, as it is shown.
pub(crate) fn until(time: Option<&ApiTime>) -> String {
    let end = time
        .and_then(ApiTime::unix_seconds)
        .and_then(|end| u64::try_from(end).ok());
    match end {
        Some(end) => Duration::from_secs(end)
            .checked_sub(now())
            .map_or_else(|| "over".to_owned(), rough),
        None => "-".to_owned(),
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// A duration by its two largest units: `2h 5m`.
fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_by_their_two_largest_units() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (61, "1m 1s"),
            (7500, "2h 5m"),
            (90_000, "1d 1h"),
        ] {
            assert_eq!(rough(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn times_that_are_none_are_shown_as_such() {
        assert_eq!(since(None), "-");
        assert_eq!(until(Some(&ApiTime::from("soon"))), "-");
        assert_eq!(until(Some(&ApiTime::from(1))), "over");
        assert_eq!(age(Some(&ApiTime::from(i64::MAX))), None);
    }

    #[test]
    fn only_states_that_nothing_comes_after_are_over() {
        let with = |status: &str| SandboxInstance {
            status: Some(InstanceStatus::from(status.to_owned())),
            ..Default::default()
        };
        assert!(is_over(&with("STOPPED")) && is_over(&with("STARTING_FAILED")));
        assert!(!is_over(&with("STOPPING")) && !is_over(&with("UNHEARD_OF")));
        assert_eq!(
            (counted(1, "tool"), counted(2, "tool")),
            ("1 tool".to_owned(), "2 tools".to_owned())
        );
    }
}
