//! The background work of some of an account's deployments: waited for by itself, with what it could not end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::task::{TaskTracker, task_tracker::TrackedFuture};

use super::{Account, Leftover};
use crate::error::{StopFailed, with_causes};

/// How many things that go on are remembered; beyond that the oldest are forgotten. Each is logged besides.
const MOST_KEPT: usize = 1000;

/// Follows the background work that is begun through one view of an account.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    work: TaskTracker,
    /// How many wait for that work, and want to be told soon.
    waiting: watch::Sender<usize>,
    left: Mutex<Vec<Left>>,
}

/// Something that could not be ended while nobody waited for it.
#[derive(Debug)]
struct Left {
    what: Leftover,
    /// Until it is told.
    failed: Option<StopFailed>,
}

/// One who waits.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Scope {
    /// Counts the work as its own.
    pub(super) fn track<F: Future>(&self, work: F) -> TrackedFuture<F> {
        self.work.track_future(work)
    }

    fn left(&self) -> MutexGuard<'_, Vec<Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, what: Leftover, failed: Option<StopFailed>) {
        let mut left = self.left();
        if left.len() >= MOST_KEPT {
            left.remove(0);
        }
        left.push(Left { what, failed });
    }
}

impl Account {
    /// The same account, with a scope of its own for what is done in the background.
    pub(crate) fn scoped(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            scope: Some(Arc::default()),
        }
    }

    /// Keeps a failure that nobody waited for.
    pub(super) fn not_ended(&self, failed: StopFailed) {
        tracing::error!(what = %failed.what, cause = with_causes(&failed.source), "it could not be ended, and goes on");
        if let Some(scope) = &self.scope {
            scope.keep(failed.what.clone(), Some(failed));
        }
    }

    /// Resolves when somebody waits for what is done here in the background.
    pub(super) async fn hurried(&self) {
        if let Some(scope) = &self.scope {
            let mut waiting = scope.waiting.subscribe();
            if waiting.wait_for(|count| *count > 0).await.is_ok() {
                return;
            }
        }
        std::future::pending().await
    }

    /// Waits until the scope's work is over and gives what it could not end, which is not tried for long any more. What was told before is
    /// tried once more.
    pub(crate) async fn scope_settled(&self) -> Vec<StopFailed> {
        let Some(scope) = &self.scope else {
            return Vec::new();
        };
        let _waiting = Waiting::new(&scope.waiting);
        scope.work.close();
        scope.work.wait().await;
        let mut failures = Vec::new();
        let mut count = scope.left().len();
        while count > 0 && !scope.left().is_empty() {
            count -= 1;
            // Whoever drops this future meanwhile loses one at most.
            let Left { what, failed } = scope.left().remove(0);
            let failed = match failed {
                Some(failed) => failed,
                None => match self.end(&what).await {
                    Ok(_) => continue,
                    Err(failed) => failed,
                },
            };
            scope.keep(what, None);
            failures.push(failed);
        }
        failures
    }

    /// Nobody will wait for the scope's work any more: what it could not end is tried again, patiently.
    pub(crate) fn scope_abandoned(&self) {
        let Some(scope) = &self.scope else { return };
        let left = std::mem::take(&mut *scope.left());
        for Left { what, .. } in left {
            self.abandon(what);
        }
    }
}
