//! The background work of some of an account's deployments: waited for by itself, with what it could not stop.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::{TaskTracker, task_tracker::TrackedFuture};

use super::Account;
use crate::error::StopFailed;

/// How many failures are kept for whoever asks; beyond that the oldest go. Each is logged besides.
const MOST_KEPT: usize = 1000;

/// Follows the background work that is begun through one view of an account.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    work: TaskTracker,
    failures: Mutex<Vec<StopFailed>>,
}

impl Scope {
    /// Counts the work as its own.
    pub(super) fn track<F: Future>(&self, work: F) -> TrackedFuture<F> {
        self.work.track_future(work)
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, Vec<StopFailed>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(crate) fn not_stopped(&self, failed: StopFailed) {
        if let Some(scope) = &self.scope {
            let mut failures = scope.failures();
            if failures.len() >= MOST_KEPT {
                failures.remove(0);
            }
            failures.push(failed);
        }
    }

    /// Waits until the scope's work is over and gives what it could not stop, each failure once.
    pub(crate) async fn scope_settled(&self) -> Vec<StopFailed> {
        let Some(scope) = &self.scope else {
            return Vec::new();
        };
        scope.work.close();
        scope.work.wait().await;
        std::mem::take(&mut *scope.failures())
    }
}
