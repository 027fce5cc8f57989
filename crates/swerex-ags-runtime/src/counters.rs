//! What runtimes have done so far, in numbers.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Causes that are counted one by one; later ones are counted as `other`.
const MAX_CAUSES: usize = 64;

/// Counts the calls of every runtime that is given it in its [`AgsRuntimeConfig`](crate::AgsRuntimeConfig); clones count together.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Counts>);

/// What has been counted so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Calls begun.
    pub calls: u64,
    /// Calls that ended without an answer of the server's. An exception of the server's is an answer.
    pub failed: u64,
    /// Repeats by the cause of the failure before: how the transport failed, or the gateway's status.
    pub retries: BTreeMap<String, u64>,
    /// How often the gateway refused a token that was taken to be good.
    pub refused_tokens: u64,
}

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    failed: AtomicU64,
    refused_tokens: AtomicU64,
    retries: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    /// What has been counted so far.
    pub fn counters(&self) -> Counters {
        let retries = self
            .0
            .retries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Counters {
            calls: self.0.calls.load(Relaxed),
            failed: self.0.failed.load(Relaxed),
            retries: retries.clone(),
            refused_tokens: self.0.refused_tokens.load(Relaxed),
        }
    }

    pub(crate) fn began(&self) {
        self.0.calls.fetch_add(1, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.0.failed.fetch_add(1, Relaxed);
    }

    pub(crate) fn token_refused(&self) {
        self.0.refused_tokens.fetch_add(1, Relaxed);
    }

    pub(crate) fn repeated(&self, cause: String) {
        let mut retries = self
            .0
            .retries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A cause may be a peer's words, so there is a bound on how many there are.
        let is_full = retries.len() >= MAX_CAUSES && !retries.contains_key(&cause);
        let cause = if is_full { "other".to_owned() } else { cause };
        *retries.entry(cause).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_make_it_grow() {
        let tally = Tally::default();
        for number in 0..1_000 {
            tally.clone().repeated(number.to_string());
        }
        let retries = tally.counters().retries;
        assert_eq!(retries.len(), MAX_CAUSES + 1);
        assert_eq!(retries["other"], 1_000 - MAX_CAUSES as u64);
    }
}
