//! Ids of requests that have run and whose answers are no longer kept: they do not run again.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, RandomState},
};

/// How many are remembered. A hash of each is enough; all of them take about 2 MiB.
const REMEMBERED: usize = 65_536;

/// The newest of them.
#[derive(Debug, Default)]
pub(crate) struct Past {
    hashes: RandomState,
    known: HashSet<u64>,
    /// Oldest first.
    order: VecDeque<u64>,
}

impl Past {
    pub(crate) fn add(&mut self, id: &[u8]) {
        let hash = self.hashes.hash_one(id);
        if !self.known.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(crate) fn has(&self, id: &[u8]) -> bool {
        self.known.contains(&self.hashes.hash_one(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let mut past = Past::default();
        for number in 0..=REMEMBERED {
            past.add(number.to_string().as_bytes());
            past.add(number.to_string().as_bytes());
        }
        assert!(!past.has(b"0") && past.has(b"1") && past.has(REMEMBERED.to_string().as_bytes()));
        assert_eq!(past.known.len(), past.order.len());
    }
}
