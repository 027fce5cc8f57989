//! Client-side limits: calls queue here, in order, rather than being refused by the service.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Limit of actions for which none is documented. It is the lower of the two that the vendor documents
/// for other actions.
pub const UNDOCUMENTED_PER_SECOND: u32 = 20;

/// The span that the limits are kept in: a second, and some for calls of one burst that travel at
/// different speeds, since some of them find a connection and others have to make one.
pub const WINDOW: Duration = Duration::from_millis(1100);

/// Rate limits per action, shared by everything that holds a clone.
///
/// In any [`WINDOW`] at most as many calls of an action pass as the vendor documents for a second; the
/// others wait, first come first served. An idle action lets a whole second's calls pass at once. The
/// vendor counts per action, region and sub-account, so clients of the same account and region should
/// share one: clones of a [`Client`](crate::Client) do, others through
/// [`ClientBuilder::limits`](crate::ClientBuilder::limits).
#[derive(Clone)]
pub struct Limits {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Unlimited,
    PerAction(Arc<Shared>),
}

struct Shared {
    overrides: HashMap<String, u32>,
    actions: Mutex<HashMap<String, Arc<Queue>>>,
}

/// One action's calls.
#[derive(Default)]
struct Queue {
    /// When the last calls passed, oldest first; at most as many as pass in a window. Tokio's mutex is
    /// fair, so whoever waits for it waits in line, and a waiter that is dropped leaves the line.
    turn: tokio::sync::Mutex<VecDeque<Instant>>,
    /// Nothing passes before this.
    not_before: Mutex<Option<Instant>>,
}

impl Limits {
    /// The documented limits.
    #[must_use]
    pub fn documented() -> Self {
        Self::with_overrides(HashMap::new())
    }

    /// The documented limits, except for these actions, in calls per second. 0 means no limit.
    #[must_use]
    pub fn with_overrides(overrides: HashMap<String, u32>) -> Self {
        Self {
            kind: Kind::PerAction(Arc::new(Shared {
                overrides,
                actions: Mutex::default(),
            })),
        }
    }

    /// No limits at all, for services that have none.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            kind: Kind::Unlimited,
        }
    }

    /// Waits for `action`'s turn; says how long that took. `documented` is the description's limit.
    pub async fn acquire(&self, action: &str, documented: Option<u32>) -> Duration {
        let Kind::PerAction(shared) = &self.kind else {
            return Duration::ZERO;
        };
        let overridden = shared.overrides.get(action).copied();
        let rate = overridden.or(documented).unwrap_or(UNDOCUMENTED_PER_SECOND);
        let rate = usize::try_from(rate).unwrap_or(usize::MAX);
        if rate == 0 {
            return Duration::ZERO;
        }
        let asked = Instant::now();
        let queue = shared.queue(action);
        let mut passed = queue.turn.lock().await;
        while let Some(at) = queue.next(&passed, rate).filter(|at| *at > Instant::now()) {
            tokio::time::sleep_until(at).await;
        }
        let now = Instant::now();
        while passed.len() >= rate {
            passed.pop_front();
        }
        passed.push_back(now);
        now - asked
    }

    /// Holds back every call of `action` for `pause`, because the service says that there are too many.
    pub fn hold_back(&self, action: &str, pause: Duration) {
        let Kind::PerAction(shared) = &self.kind else {
            return;
        };
        let queue = shared.queue(action);
        let mut not_before = queue
            .not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *not_before = (*not_before).max(Some(Instant::now() + pause));
    }
}

impl Shared {
    fn queue(&self, action: &str) -> Arc<Queue> {
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = actions.get(action) {
            return Arc::clone(queue);
        }
        Arc::clone(actions.entry(action.to_owned()).or_default())
    }
}

impl Queue {
    /// The earliest time for one more call; `None` is now.
    fn next(&self, passed: &VecDeque<Instant>, rate: usize) -> Option<Instant> {
        let full = passed
            .len()
            .checked_sub(rate)
            .and_then(|at| passed.get(at))
            .map(|oldest| *oldest + WINDOW);
        full.max(
            *self
                .not_before
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::documented()
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Unlimited => formatter.write_str("Limits(none)"),
            Kind::PerAction(shared) => formatter
                .debug_tuple("Limits")
                .field(&shared.overrides)
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts `calls` calls at once and gives the times at which they passed, in the order of asking.
    async fn passed(limits: &Limits, calls: usize, rate: u32) -> Vec<Duration> {
        let start = Instant::now();
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let limits = limits.clone();
                async move {
                    limits.acquire("StopSandboxInstance", Some(rate)).await;
                    start.elapsed()
                }
            })
            .collect();
        futures_util::future::join_all(tasks).await
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_than_a_seconds_calls() {
        let times = passed(&Limits::documented(), 250, 100).await;
        assert!(times.is_sorted(), "first come, first served");
        for (first, after) in times.iter().zip(times.iter().skip(100)) {
            assert!(*after - *first >= WINDOW, "{first:?} {after:?}");
        }
        let last = *times.last().unwrap();
        assert!(
            last >= WINDOW * 2 && last < WINDOW * 2 + Duration::from_millis(10),
            "no slower than needed: {last:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn actions_do_not_wait_for_each_other() {
        let limits = Limits::documented();
        for _ in 0..20 {
            assert_eq!(
                limits.acquire("CreateSandboxTool", Some(20)).await,
                Duration::ZERO
            );
        }
        assert_eq!(
            limits.acquire("DeleteSandboxTool", Some(20)).await,
            Duration::ZERO
        );
        assert!(limits.acquire("CreateSandboxTool", Some(20)).await >= WINDOW);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_waiter_leaves_the_line() {
        let limits = Limits::documented();
        limits.acquire("A", Some(1)).await;
        let waiting = tokio::spawn({
            let limits = limits.clone();
            async move { limits.acquire("A", Some(1)).await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        let waited = limits.acquire("A", Some(1)).await;
        assert!(
            waited < WINDOW * 2,
            "only the first call counts: {waited:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn held_back_calls_wait_even_those_already_waiting() {
        let limits = Limits::documented();
        limits.acquire("A", Some(1)).await;
        let waiting = tokio::spawn({
            let limits = limits.clone();
            async move { limits.acquire("A", Some(1)).await }
        });
        tokio::task::yield_now().await;
        limits.hold_back("A", Duration::from_secs(5));
        assert!(waiting.await.unwrap() >= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn overrides_and_no_limits() {
        let limits = Limits::with_overrides([("A".to_owned(), 1), ("B".to_owned(), 0)].into());
        limits.acquire("A", Some(100)).await;
        assert!(limits.acquire("A", Some(100)).await > Duration::ZERO);
        for limits in [limits, Limits::unlimited()] {
            for _ in 0..1000 {
                assert_eq!(limits.acquire("B", Some(1)).await, Duration::ZERO);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn undocumented_actions_have_the_lower_limit() {
        let limits = Limits::documented();
        for _ in 0..UNDOCUMENTED_PER_SECOND {
            assert_eq!(limits.acquire("X", None).await, Duration::ZERO);
        }
        assert!(limits.acquire("X", None).await > Duration::ZERO);
    }
}
