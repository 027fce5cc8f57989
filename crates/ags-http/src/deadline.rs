//! A point in time by which a call must be over, body included.

use std::{fmt, time::Duration};

use tokio::time::Instant;

/// By when a call must be over; [`Deadline::none`] is never.
///
/// It is measured on tokio's clock, so a test with paused time controls it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    at: Option<Instant>,
}

impl Deadline {
    /// `limit` from now. A limit too long for the clock is no limit.
    pub fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now().checked_add(limit),
        }
    }

    /// At `instant`.
    pub const fn at(instant: Instant) -> Self {
        Self { at: Some(instant) }
    }

    /// No limit at all.
    pub const fn none() -> Self {
        Self { at: None }
    }

    /// The point in time, `None` without a limit.
    pub const fn instant(self) -> Option<Instant> {
        self.at
    }

    /// What is left of it, zero when it is past, `None` without a limit.
    pub fn remaining(self) -> Option<Duration> {
        self.at
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether it is past.
    pub fn is_past(self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// The earlier of the two.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(one), Some(two)) => Self::at(one.min(two)),
            (one, two) => Self { at: one.or(two) },
        }
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.remaining() {
            Some(left) => write!(f, "Deadline(in {left:?})"),
            None => f.write_str("Deadline(none)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_the_paused_clock() {
        let deadline = Deadline::after(Duration::from_secs(5));
        assert_eq!(deadline.remaining(), Some(Duration::from_secs(5)));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(deadline.remaining(), Some(Duration::from_secs(1)));
        assert!(!deadline.is_past());
        tokio::time::sleep_until(deadline.instant().unwrap()).await;
        assert!(deadline.is_past());
        assert_eq!(deadline.remaining(), Some(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn none_is_later_than_any() {
        let soon = Deadline::after(Duration::from_secs(1));
        let late = Deadline::after(Duration::from_secs(9));
        assert_eq!(soon.earlier(late), soon);
        assert_eq!(Deadline::none().earlier(soon), soon);
        assert_eq!(soon.earlier(Deadline::none()), soon);
        assert_eq!(Deadline::none().remaining(), None);
        assert!(!Deadline::none().is_past());
        assert_eq!(Deadline::after(Duration::MAX), Deadline::none());
    }
}
