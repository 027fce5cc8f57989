//! One time for all stages of a start.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::error::{Cause, Stage, StartFailed};

/// By how much a call ends before the time is up.
const MARGIN: Duration = Duration::from_millis(500);

/// What is left of a start's time.
pub(crate) struct Budget {
    total: Duration,
    until: Instant,
    /// What was seen last, should the time be up.
    seen: Mutex<Option<String>>,
}

impl Budget {
    /// So much, from now on.
    pub(crate) fn of(total: Duration) -> Self {
        Self {
            total,
            until: Instant::now() + total,
            seen: Mutex::default(),
        }
    }

    /// Does not count time that was spent waiting for others.
    pub(crate) fn extend(&mut self, by: Duration) {
        self.until += by;
    }

    /// Something to say should the time be up: a status, an error that is tried again.
    pub(crate) fn saw(&self, what: String) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    /// What is left.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// What one call may take: a little less than what is left, so that its own error is told, not only that the time was up.
    pub(crate) fn for_a_call(&self) -> Duration {
        let left = self.left();
        left.saturating_sub(MARGIN.min(left / 10))
    }

    /// Does a stage's work within what is left.
    ///
    /// # Errors
    /// The work's own, or that the time was up.
    pub(crate) async fn bound<T>(
        &self,
        stage: Stage,
        what: &str,
        work: impl Future<Output = Result<T, StartFailed>>,
    ) -> Result<T, StartFailed> {
        match tokio::time::timeout_at(self.until, work).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let cause = Cause::Timeout {
                    after: self.total,
                    last: seen
                        .clone()
                        .unwrap_or_else(|| format!("{what} was not there yet")),
                };
                Err(StartFailed::new(stage, cause).with_hint("startup_timeout gives more time"))
            }
        }
    }
}
