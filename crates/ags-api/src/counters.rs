//! What a client has done so far, in numbers.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// What a client and its clones have done since it was built. Take one with
/// [`Client::counters`](crate::Client::counters).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Calls begun.
    pub calls: u64,
    /// Calls that ended with a reply.
    pub succeeded: u64,
    /// Calls that ended with an error.
    pub failed: u64,
    /// Requests sent, or tried to be sent, for all calls.
    pub attempts: u64,
    /// Retries by reason: an error code, `HTTP 502`, or how the transport failed.
    pub retries: BTreeMap<String, u64>,
    /// How long calls waited for their turn under the client's own limits, added up.
    pub waited_for_limits: Duration,
    /// How often the clock was corrected from the service's `Date`.
    pub clock_corrections: u64,
    /// How often the credential was read again.
    pub credential_rereads: u64,
}

/// Reasons that are counted one by one; later ones are counted as `other`.
const MAX_REASONS: usize = 64;

/// The live numbers behind [`Counters`].
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: Count,
    pub(crate) succeeded: Count,
    pub(crate) failed: Count,
    pub(crate) attempts: Count,
    pub(crate) clock_corrections: Count,
    pub(crate) credential_rereads: Count,
    waited_nanos: AtomicU64,
    retries: Mutex<BTreeMap<String, u64>>,
}

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
    pub(crate) fn waited(&self, time: Duration) {
        self.waited_nanos
            .fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(crate) fn retried(&self, reason: &str) {
        let mut retries = self.retries.lock().unwrap_or_else(PoisonError::into_inner);
        // The reason may be a peer's text, so there is a bound on how many there are.
        let full = retries.len() >= MAX_REASONS && !retries.contains_key(reason);
        *retries
            .entry(if full { "other" } else { reason }.to_owned())
            .or_default() += 1;
    }

    pub(crate) fn snapshot(&self) -> Counters {
        Counters {
            calls: self.calls.now(),
            succeeded: self.succeeded.now(),
            failed: self.failed.now(),
            attempts: self.attempts.now(),
            retries: self
                .retries
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            waited_for_limits: Duration::from_nanos(self.waited_nanos.load(Relaxed)),
            clock_corrections: self.clock_corrections.now(),
            credential_rereads: self.credential_rereads.now(),
        }
    }
}
