//! The calls of one runtime, counted: whether a sandbox is in use.

use std::sync::atomic::{AtomicUsize, Ordering};

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
}

impl Crowd {
    /// A call begins.
    pub(crate) fn enter(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        self.begun.fetch_add(1, Ordering::SeqCst);
        UnderWay { crowd: self }
    }

    /// How many calls have begun so far, and how many are under way.
    pub(crate) fn size(&self) -> (usize, usize) {
        (
            self.begun.load(Ordering::SeqCst),
            self.under_way.load(Ordering::SeqCst),
        )
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
    fn calls_are_counted_from_beginning_to_end() {
        let crowd = Crowd::default();
        let first = crowd.enter();
        let second = crowd.enter();
        assert_eq!(crowd.size(), (2, 2));
        drop(first);
        assert_eq!(crowd.size(), (2, 1));
        drop(second);
        assert_eq!(crowd.size(), (2, 0));
    }
}
