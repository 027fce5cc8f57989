//! The emulator's own clock: it runs like the wall clock, and a test can move it forward.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{sync::watch, time::Instant};

/// A point in time in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(i64);

impl Moment {
    pub(crate) const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub(crate) const fn unix_millis(self) -> i64 {
        self.0
    }

    pub(crate) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// How long it is from `earlier` to here, zero when it is the other way round.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Counts on tokio's monotonic clock from a wall-clock origin.
///
/// Everything that has a lifetime (instances, tokens, delays, rate windows) lives on it. Signatures are
/// checked against the wall clock instead, so moving this one does not refuse an honest client.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    origin_unix: i64,
    advanced: AtomicI64,
    moved: watch::Sender<()>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            origin_unix: wall_clock().unix_millis(),
            advanced: AtomicI64::new(0),
            moved: watch::Sender::new(()),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        let run = millis(self.origin.elapsed());
        let advanced = self.advanced.load(Ordering::SeqCst);
        Moment(
            self.origin_unix
                .saturating_add(run)
                .saturating_add(advanced),
        )
    }

    /// Moves the clock forward and wakes whoever waits for a time that is past now.
    pub(crate) fn advance(&self, span: Duration) {
        self.advanced.fetch_add(millis(span), Ordering::SeqCst);
        self.moved.send_replace(());
    }

    pub(crate) async fn sleep_until(&self, moment: Moment) {
        let mut moved = self.moved.subscribe();
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            // The sender lives as long as `self`, so `changed` fails never.
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }

    pub(crate) async fn sleep(&self, span: Duration) {
        if !span.is_zero() {
            self.sleep_until(self.now().after(span)).await;
        }
    }
}

/// What the wall clock says, in which signatures are made.
pub(crate) fn wall_clock() -> Moment {
    Moment(match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_advance_ends_a_sleep() {
        let clock = std::sync::Arc::new(Clock::new());
        let began = clock.now();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(3600));
        sleeper.await.unwrap();
        assert_eq!(clock.now().since(began), Duration::from_secs(3600));
    }

    #[test]
    fn spans_saturate() {
        let end = Moment::from_unix_millis(5).after(Duration::MAX);
        assert_eq!(end.unix_millis(), i64::MAX);
        assert_eq!(Moment::from_unix_millis(5).since(end), Duration::ZERO);
    }
}
