//! What ties runs to their server: they end with it, wherever they are waited for.

use std::{future::Future, time::Duration};

use tokio::sync::watch;

use crate::{
    answer::Answer,
    work::{Run, stopping},
};

/// Held by everything that runs; cut once.
#[derive(Debug)]
pub(crate) struct Lifeline(watch::Sender<bool>);

impl Default for Lifeline {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Lifeline {
    /// The same run, which ends when the line is cut.
    pub(crate) fn bind(&self, run: impl Future<Output = Answer> + Send + 'static) -> Run {
        let mut held = self.0.subscribe();
        Box::pin(async move {
            // What the server's end has killed has not ended by itself.
            tokio::select! {
                biased;
                _ = held.wait_for(|is_cut| *is_cut) => stopping(),
                answer = run => answer,
            }
        })
    }

    /// Ends all runs, now and later, and waits until they are gone, for as long as given.
    pub(crate) async fn cut(&self, patience: Duration) {
        self.0.send_replace(true);
        // Those that take longer are left behind.
        let _ = tokio::time::timeout(patience, self.0.closed()).await;
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_holds_the_line_ends_with_it() {
        let line = Lifeline::default();
        let run = tokio::spawn(line.bind(std::future::pending()));
        let start = tokio::time::Instant::now();
        line.cut(Duration::from_secs(1)).await;
        assert_eq!(run.await.unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(start.elapsed(), Duration::ZERO);
        let late = line.bind(std::future::pending()).await;
        assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
