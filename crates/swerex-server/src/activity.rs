//! When the last request was served.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// Counts requests in progress and remembers when the last one ended.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    running: usize,
    last: Instant,
}

/// A request in progress.
#[derive(Debug)]
pub(crate) struct Busy<'a>(Option<&'a Activity>);

impl Default for Activity {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                running: 0,
                last: Instant::now(),
            }),
            changed: Notify::new(),
        }
    }
}

impl Activity {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins; it ends when the value is dropped. Probes are none.
    pub(crate) fn begin(&self, path: &str) -> Busy<'_> {
        if matches!(path, "/" | "/is_alive") {
            return Busy(None);
        }
        self.state().running += 1;
        Busy(Some(self))
    }

    /// Returns once nothing has run for that long.
    pub(crate) async fn idle(&self, time: Duration) {
        loop {
            let until = {
                let state = self.state();
                (state.running == 0).then(|| state.last + time)
            };
            match until {
                None => self.changed.notified().await,
                Some(until) if until <= Instant::now() => return,
                Some(until) => tokio::time::sleep_until(until).await,
            }
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some(activity) = self.0 {
            let mut state = activity.state();
            state.running -= 1;
            state.last = Instant::now();
            drop(state);
            activity.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_request_puts_the_end_off_and_a_probe_does_not() {
        let activity = Activity::default();
        let start = Instant::now();
        let work = async {
            tokio::time::sleep(5 * SECOND).await;
            let busy = activity.begin("/execute");
            tokio::time::sleep(30 * SECOND).await;
            drop(busy);
            tokio::time::sleep(SECOND).await;
            drop(activity.begin("/is_alive"));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            () = activity.idle(10 * SECOND) => {}
        }
        assert_eq!(start.elapsed(), 45 * SECOND);
    }
}
