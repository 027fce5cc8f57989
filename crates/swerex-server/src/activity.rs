//! When the last request was served.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::{sync::Notify, time::Instant};

use crate::answer::{Body, BodyError};

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

/// A request in progress, as long as it is held.
#[derive(Debug)]
pub(crate) struct Busy(Option<Arc<Activity>>);

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
    pub(crate) fn begin(self: &Arc<Self>, path: &str) -> Busy {
        if matches!(path, "/" | "/is_alive") {
            return Busy(None);
        }
        self.state().running += 1;
        Busy(Some(Arc::clone(self)))
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

impl Busy {
    /// The body of an answer that is still being made while it is sent.
    pub(crate) fn while_sent(self, body: Body) -> Body {
        Sending { body, _busy: self }.boxed_unsync()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(activity) = &self.0 {
            let mut state = activity.state();
            state.running -= 1;
            state.last = Instant::now();
            drop(state);
            activity.changed.notify_one();
        }
    }
}

struct Sending {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_request_puts_the_end_off_and_a_probe_does_not() {
        let activity = Arc::new(Activity::default());
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
