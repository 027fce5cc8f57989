//! Who calls a server at the same time: whether a call was alone tells whether a Python server can still know its answer.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The calls of one runtime.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    under_way: AtomicUsize,
    /// Grows with each call that begins.
    begun: AtomicUsize,
}

/// One call, until it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay<'a> {
    crowd: &'a Crowd,
    /// Its number among those that began.
    number: usize,
    /// Others were under way when it began.
    crowded: bool,
    since: Instant,
}

impl Crowd {
    /// A call begins.
    pub(crate) fn enter(&self) -> UnderWay<'_> {
        let crowded = self.under_way.fetch_add(1, Ordering::SeqCst) > 0;
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        UnderWay {
            crowd: self,
            number,
            crowded,
            since: Instant::now(),
        }
    }

    /// How many calls have begun so far, and how many are under way.
    pub(crate) fn size(&self) -> (usize, usize) {
        (
            self.begun.load(Ordering::SeqCst),
            self.under_way.load(Ordering::SeqCst),
        )
    }
}

impl UnderWay<'_> {
    /// Whether no other call has been under way since this one began.
    pub(crate) fn was_alone(&self) -> bool {
        !self.crowded && self.crowd.begun.load(Ordering::SeqCst) == self.number
    }

    /// How long it has been under way.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.crowd.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_alone_until_another_begins() {
        let crowd = Crowd::default();
        let first = crowd.enter();
        assert!(first.was_alone());
        let second = crowd.enter();
        assert!(!first.was_alone() && !second.was_alone());
        drop((first, second));
        assert!(crowd.enter().was_alone());
    }
}
