//! One time for all stages of a start.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Cause, Stage, StartFailed};

/// What is left of a start's time.
pub(crate) struct Budget {
    total: Duration,
    until: Instant,
}

impl Budget {
    /// So much, from now on.
    pub(crate) fn of(total: Duration) -> Self {
        Self {
            total,
            until: Instant::now() + total,
        }
    }

    /// Does not count time that was spent waiting for others.
    pub(crate) fn extend(&mut self, by: Duration) {
        self.until += by;
    }

    /// What is left.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
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
                let cause = Cause::Timeout {
                    after: self.total,
                    last: format!("{what} was not there yet"),
                };
                Err(StartFailed::new(stage, cause).with_hint("startup_timeout gives more time"))
            }
        }
    }
}
