//! Limits of the account: calls per second, and how much of each resource there may be.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use ags_api::description;

use crate::clock::Moment;

/// Whether calls beyond the documented rate get `RequestLimitExceeded`. Such a call is not carried out and does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Throttle {
    /// They do not.
    #[default]
    Off,
    /// At most the documented number in each calendar second.
    PerSecond,
    /// At most the documented number in any span of one second.
    Sliding,
}

/// How many of each the account may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quotas {
    /// Tools: 100 unless set.
    pub tools: usize,
    /// Instances that are starting, running, pausing, resuming or stopping: 200 unless set.
    pub instances: usize,
    /// Paused instances: 200 unless set.
    pub paused_instances: usize,
    /// API keys: 20 unless set.
    pub api_keys: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            tools: 100,
            instances: 200,
            paused_instances: 200,
            api_keys: 20,
        }
    }
}

/// Counts calls per action.
#[derive(Debug)]
pub(crate) struct Limiter {
    throttle: Throttle,
    recent: Mutex<HashMap<&'static str, VecDeque<Moment>>>,
}

impl Limiter {
    pub(crate) fn new(throttle: Throttle) -> Self {
        Self {
            throttle,
            recent: Mutex::default(),
        }
    }

    /// Counts a call of `action`; false when it is beyond the limit.
    pub(crate) fn admit(&self, action: &description::ActionInfo, now: Moment) -> bool {
        let Some(limit) = action.rate_limit_per_second else {
            return true;
        };
        let begin = match self.throttle {
            Throttle::Off => return true,
            Throttle::PerSecond => {
                Moment::from_unix_millis(now.unix_millis().div_euclid(1000) * 1000)
            }
            Throttle::Sliding => Moment::from_unix_millis(now.unix_millis().saturating_sub(999)),
        };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = recent.entry(action.name).or_default();
        while calls.front().is_some_and(|call| *call < begin) {
            calls.pop_front();
        }
        let admitted = calls.len() < limit as usize;
        if admitted {
            calls.push_back(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(throttle: Throttle, action: &str, calls: impl IntoIterator<Item = i64>) -> usize {
        let limiter = Limiter::new(throttle);
        let action = description::action(action).unwrap();
        calls
            .into_iter()
            .filter(|millis| limiter.admit(action, Moment::from_unix_millis(*millis)))
            .count()
    }

    #[test]
    fn exactly_the_documented_number_passes() {
        let burst = || std::iter::repeat_n(1500, 300);
        assert_eq!(
            admitted(Throttle::PerSecond, "StartSandboxInstance", burst()),
            100
        );
        assert_eq!(
            admitted(Throttle::Sliding, "DescribeSandboxInstanceList", burst()),
            20
        );
        assert_eq!(
            admitted(Throttle::Off, "DescribeSandboxInstanceList", burst()),
            300
        );
        assert_eq!(
            admitted(Throttle::PerSecond, "DescribeSession", burst()),
            300
        );
    }

    #[test]
    fn the_windows_differ_at_the_edge_of_a_second() {
        let edge = || {
            (1980..2020)
                .map(|millis| millis / 20 * 20)
                .chain(std::iter::repeat_n(1999, 20))
                .chain(std::iter::repeat_n(2001, 20))
        };
        assert_eq!(
            admitted(
                Throttle::PerSecond,
                "DescribeSandboxInstanceList",
                std::iter::repeat_n(1999, 20).chain(std::iter::repeat_n(2001, 20))
            ),
            40
        );
        assert_eq!(
            admitted(Throttle::Sliding, "DescribeSandboxInstanceList", edge()),
            20
        );
        let paced = (0..100).map(|call| call * 50);
        assert_eq!(
            admitted(Throttle::Sliding, "DescribeSandboxInstanceList", paced),
            100
        );
    }
}
