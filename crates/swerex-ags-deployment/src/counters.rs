//! What the deployments of an account have done so far, in numbers.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::error::Stage;

/// Upper bounds of a [`Histogram`]'s buckets, in milliseconds; what is longer is in one more bucket.
pub const BOUNDS_MS: [u64; 12] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
];

/// What the deployments of an account have done since the account was made. Take one with [`Account::counters`](crate::Account::counters).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Starts begun.
    pub starts: u64,
    /// Starts that ended with a sandbox that takes commands.
    pub ready: u64,
    /// Starts that failed, by their [`Stage`]. One whose future was dropped is neither here nor in `ready`.
    pub failed: BTreeMap<&'static str, u64>,
    /// Instances stopped.
    pub stopped: u64,
    /// Stops that were given up.
    pub stops_failed: u64,
    /// How often a token was acquired for an instance that had one.
    pub refreshes: u64,
    /// How often an instance's lifetime was extended.
    pub extensions: u64,
    /// How long each [`Stage`] took where it succeeded, and all of a start under `start`.
    pub latency: BTreeMap<&'static str, Histogram>,
    /// Calls to the control plane, with retries by reason.
    pub control: ags_api::Counters,
    /// Calls to the sandboxes, with retries by cause.
    pub data: swerex_ags_runtime::Counters,
}

/// How long things took, in buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Histogram {
    /// How many were at most as long as the bound of the same place in [`BOUNDS_MS`] and longer than the one before; the last: longer than all.
    pub buckets: [u64; BOUNDS_MS.len() + 1],
    /// All of them together.
    pub sum: Duration,
}

impl Histogram {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Their mean; `None` if there were none.
    pub fn mean(&self) -> Option<Duration> {
        let count = u32::try_from(self.count()).unwrap_or(u32::MAX);
        self.sum.checked_div(count)
    }

    /// A time that this share (0 to 1) of them did not exceed: a bucket's bound. `None` if there were none, or it is beyond all bounds.
    pub fn at_most(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        // Counts are far below 2^52.
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        let wanted = ((count as f64) * share.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        BOUNDS_MS
            .iter()
            .zip(self.buckets)
            .find_map(|(bound, here)| {
                seen += here;
                (seen >= wanted).then(|| Duration::from_millis(*bound))
            })
    }

    fn add(&mut self, time: Duration) {
        let place = BOUNDS_MS.partition_point(|bound| Duration::from_millis(*bound) < time);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
        self.sum = self.sum.saturating_add(time);
    }
}

/// The live numbers behind [`Counters`].
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) starts: Count,
    pub(crate) ready: Count,
    pub(crate) stopped: Count,
    pub(crate) stops_failed: Count,
    pub(crate) refreshes: Count,
    pub(crate) extensions: Count,
    by_stage: Mutex<ByStage>,
}

#[derive(Clone, Debug, Default)]
struct ByStage {
    failed: BTreeMap<&'static str, u64>,
    latency: BTreeMap<&'static str, Histogram>,
}

/// One number.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn one_more(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Tally {
    /// A start failed at this stage.
    pub(crate) fn failed(&self, stage: Stage) {
        *self.by_stage().failed.entry(stage.as_str()).or_default() += 1;
    }

    /// A stage, or `start`, took so long.
    pub(crate) fn took(&self, what: &'static str, time: Duration) {
        self.by_stage().latency.entry(what).or_default().add(time);
    }

    pub(crate) fn snapshot(
        &self,
        control: ags_api::Counters,
        data: swerex_ags_runtime::Counters,
    ) -> Counters {
        let ByStage { failed, latency } = self.by_stage().clone();
        Counters {
            starts: self.starts.now(),
            ready: self.ready.now(),
            failed,
            stopped: self.stopped.now(),
            stops_failed: self.stops_failed.now(),
            refreshes: self.refreshes.now(),
            extensions: self.extensions.now(),
            latency,
            control,
            data,
        }
    }

    fn by_stage(&self) -> MutexGuard<'_, ByStage> {
        self.by_stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_their_buckets() {
        let tally = Tally::default();
        for ms in [0, 50, 51, 900, 400_000] {
            tally.took("start", Duration::from_millis(ms));
        }
        tally.failed(Stage::Token);
        let counters = tally.snapshot(Default::default(), Default::default());
        let start = &counters.latency["start"];
        assert_eq!(
            (start.count(), start.buckets[0], start.buckets[1]),
            (5, 2, 1)
        );
        assert_eq!((start.buckets[4], start.buckets[12]), (1, 1));
        assert_eq!(start.at_most(0.5), Some(Duration::from_millis(100)));
        assert_eq!(start.at_most(0.8), Some(Duration::from_secs(1)));
        assert_eq!(start.at_most(1.0), None, "beyond all bounds");
        assert_eq!(start.mean(), Some(Duration::from_micros(80_200_200)));
        assert_eq!(Histogram::default().mean(), None);
        assert_eq!(Histogram::default().at_most(0.5), None);
        assert_eq!(counters.failed["token"], 1);
    }
}
