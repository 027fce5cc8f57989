//! Work that goes on behind an answer: sandboxes being stopped, starts being given up. Shutting down waits for all of it, and lets nothing
//! begin any more.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use super::{address::Address, sandbox::Sandbox};

/// Counts background work; clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    tracker: TaskTracker,
    is_closing: Arc<AtomicBool>,
}

impl Stops {
    /// Stops a sandbox in the background and says so if it could not.
    pub(crate) fn stop(&self, sandbox: Arc<dyn Sandbox>, address: &Address) {
        let address = address.clone();
        self.tracker.spawn(async move {
            if let Err(problem) = sandbox.stop().await {
                tracing::error!(%address, problem, "a sandbox could not be stopped; `swerex-ags instance gc` finds it");
            }
        });
    }

    /// Runs other work that shutting down must wait for.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.tracker.spawn(work).abort_handle()
    }

    /// From now on nobody is to start anything.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
    }

    /// Whether it is closed.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Waits until all of it is done, at most `limit`; whether it is.
    pub(crate) async fn finished(&self, limit: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait())
            .await
            .is_ok()
    }
}
