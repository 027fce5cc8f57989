//! The one edge of this crate that reads the time of day.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// Where the timestamp of a signature comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    fn unix_seconds(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_seconds(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_secs()).ok())
            // A clock before 1970 is wrong; the service's answer corrects it.
            .unwrap_or_default()
    }
}
