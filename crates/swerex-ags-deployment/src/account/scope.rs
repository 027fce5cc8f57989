//! The background work of some of an account's deployments: waited for by itself, with what it could not stop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::{TaskTracker, task_tracker::TrackedFuture};

use super::Account;
use crate::error::StopFailed;

/// How many things that go on are remembered; beyond that the oldest are forgotten. Each is logged besides.
const MOST_KEPT: usize = 1000;

/// Follows the background work that is begun through one view of an account.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    work: TaskTracker,
    left: Mutex<Vec<Left>>,
}

/// Something that could not be stopped while nobody waited for it.
#[derive(Debug)]
struct Left {
    what: Leftover,
    /// Until it is told.
    failed: Option<StopFailed>,
}

/// What goes on, by its id.
#[derive(Debug)]
pub(crate) enum Leftover {
    Instance(String),
    Tool(String),
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
    pub(crate) fn not_stopped(&self, what: Leftover, failed: StopFailed) {
        if let Some(scope) = &self.scope {
            scope.keep(what, Some(failed));
        }
    }

    /// Waits until the scope's work is over and gives what it could not stop. What was told before is tried once more.
    pub(crate) async fn scope_settled(&self) -> Vec<StopFailed> {
        let Some(scope) = &self.scope else {
            return Vec::new();
        };
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
                None => match self.stop_left(&what).await {
                    Ok(()) => continue,
                    Err(failed) => failed,
                },
            };
            scope.keep(what, None);
            failures.push(failed);
        }
        failures
    }

    async fn stop_left(&self, what: &Leftover) -> Result<(), StopFailed> {
        match what {
            Leftover::Instance(id) => self.stop_instance(id).await.map(drop),
            Leftover::Tool(id) => match self.client().delete_tool_if_there(id).await {
                Ok(_) => Ok(()),
                Err(source) => Err(StopFailed {
                    what: format!("tool {id}"),
                    source,
                }),
            },
        }
    }
}
