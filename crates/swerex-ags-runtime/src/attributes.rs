//! What of a file is kept besides its bytes.

use std::{
    fs::{File, Metadata},
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::walk;

/// Permission bits and the time of the last change, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) mode: Option<u32>,
    /// Seconds since 1970.
    pub(crate) modified: Option<i64>,
}

impl Attributes {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            mode: Some(walk::mode(metadata)),
            modified: metadata.modified().ok().and_then(seconds),
        }
    }

    /// Of what is made now.
    pub(crate) fn of_mode(mode: u32) -> Self {
        Self {
            mode: Some(mode),
            modified: None,
        }
    }

    /// Both as a shell takes them; empty where nothing is known.
    pub(crate) fn words(self) -> [String; 2] {
        [
            self.mode.map(|mode| format!("{mode:o}")),
            self.modified.map(|seconds| seconds.to_string()),
        ]
        .map(Option::unwrap_or_default)
    }
}

/// Sets the time of the last change, where the file system keeps it.
pub(crate) fn set_modified(file: &File, seconds: i64) -> io::Result<()> {
    let since = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        UNIX_EPOCH.checked_sub(since)
    } else {
        UNIX_EPOCH.checked_add(since)
    };
    time.map_or(Ok(()), |time| file.set_modified(time))
}

fn seconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs().try_into().ok(),
        Err(before) => {
            let before = before.duration();
            let whole = before.as_secs() + u64::from(before.subsec_nanos() > 0);
            i64::try_from(whole).ok().map(|seconds| -seconds)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_are_times() {
        let file = tempfile::tempfile().unwrap();
        for time in [0, 1_000_000_000, -86_400] {
            set_modified(&file, time).unwrap();
            let seen = Attributes::of(&file.metadata().unwrap());
            assert_eq!(seen.modified, Some(time));
        }
        let half = UNIX_EPOCH - Duration::from_millis(1500);
        assert_eq!(seconds(half), Some(-2));
        let words = Attributes {
            mode: Some(0o750),
            modified: None,
        };
        assert_eq!(words.words(), ["750".to_owned(), String::new()]);
    }
}
