//! Sandboxes that are started before an agent asks for one.
//!
//! Each place in the pool is a task: it starts a sandbox, offers it until somebody takes it or it gets old, and begins anew.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ags_http::BoxFuture;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    address::Address,
    sandbox::{Sandbox, Stage, StartProblem, Starter},
    stops::Stops,
};

/// The first and the longest pause after a start that failed.
const PAUSE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(600));

/// What stands for an agent's instance name as long as there is no agent.
const NOBODY: &str = "prewarmed";

/// A starter that has some sandboxes ready. Clones are the same pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    starter: Arc<dyn Starter>,
    stops: Stops,
    /// A sandbox that was ready for so long makes room for a fresh one: what is left of its life is for its agent.
    keep_for: Duration,
    /// By image, oldest first.
    offers: Mutex<HashMap<String, VecDeque<Offer>>>,
    closed: CancellationToken,
}

/// A sandbox that is ready.
#[derive(Debug)]
struct Offer {
    sandbox: Arc<dyn Sandbox>,
    /// Dropped when it is taken, which its place notices.
    _place: oneshot::Sender<()>,
}

/// A sandbox that was taken; it is stopped unless somebody keeps it.
struct Taken<'a> {
    sandbox: Option<Arc<dyn Sandbox>>,
    address: &'a Address,
    stops: &'a Stops,
}

impl Pool {
    pub(crate) fn new(starter: Arc<dyn Starter>, keep_for: Duration) -> Self {
        let shared = Shared {
            starter,
            stops: Stops::default(),
            keep_for,
            offers: Mutex::default(),
            closed: CancellationToken::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Has `count` more sandboxes of that image ready from now on.
    pub(crate) fn keep(&self, image: &str, count: usize) {
        for _ in 0..count {
            let shared = Arc::clone(&self.shared);
            let address = Address {
                image: image.to_owned(),
                instance: NOBODY.to_owned(),
            };
            self.shared.stops.spawn(async move {
                let closed = shared.closed.clone();
                // A place that is dropped while it starts a sandbox gives the start up.
                while closed
                    .run_until_cancelled(shared.start(&address))
                    .await
                    .is_some()
                {}
            });
        }
    }

    /// Stops what is ready and gives up what starts; what was taken is its taker's.
    pub(crate) fn close(&self) {
        self.shared.closed.cancel();
        for (image, offers) in std::mem::take(&mut *self.shared.offers()) {
            let address = Address {
                image,
                instance: NOBODY.to_owned(),
            };
            for offer in offers {
                self.shared.stops.stop(offer.sandbox, &address);
            }
        }
    }

    /// Waits until everything is stopped, at most `limit`; whether it is.
    pub(crate) async fn finished(&self, limit: Duration) -> bool {
        self.shared.stops.finished(limit).await
    }

    /// How many sandboxes of that image are ready.
    #[cfg(test)]
    pub(crate) fn ready(&self, image: &str) -> usize {
        self.shared.offers().get(image).map_or(0, VecDeque::len)
    }
}

impl Starter for Pool {
    fn start(
        &self,
        address: &Address,
        stage: Stage,
    ) -> BoxFuture<'static, Result<Arc<dyn Sandbox>, StartProblem>> {
        let shared = Arc::clone(&self.shared);
        let address = address.clone();
        Box::pin(async move {
            while let Some(mut taken) = shared.take(&address) {
                if let Some(sandbox) = taken.if_alive().await {
                    tracing::info!(%address, "a sandbox was ready");
                    return Ok(sandbox);
                }
                tracing::warn!(%address, "a sandbox that was ready is gone");
            }
            shared.starter.start(&address, stage).await
        })
    }
}

impl Shared {
    fn offers(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Offer>>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One round of a place: until its sandbox is taken or too old.
    async fn start(&self, address: &Address) {
        let sandbox = self.started(address).await;
        let (place, taken) = oneshot::channel();
        let offer = Offer {
            sandbox: Arc::clone(&sandbox),
            _place: place,
        };
        {
            let mut offers = self.offers();
            // Under the lock: what is offered later than this is not seen by `close`.
            if self.closed.is_cancelled() {
                self.stops.stop(sandbox, address);
                return;
            }
            offers
                .entry(address.image.clone())
                .or_default()
                .push_back(offer);
            tracing::info!(image = address.image, "a sandbox is ready ahead of time");
        }
        if tokio::time::timeout(self.keep_for, taken).await.is_err() {
            self.withdraw(&sandbox, address);
        }
    }

    /// A sandbox, however often it takes.
    async fn started(&self, address: &Address) -> Arc<dyn Sandbox> {
        let mut pause = PAUSE.0;
        loop {
            match self.starter.start(address, Stage::default()).await {
                Ok(sandbox) => return sandbox,
                Err(problem) => {
                    tracing::warn!(%address, problem = %problem.0, again_in_s = pause.as_secs(), "a start ahead of time failed");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// Stops a sandbox that nobody has taken.
    fn withdraw(&self, sandbox: &Arc<dyn Sandbox>, address: &Address) {
        let mut offers = self.offers();
        let Some(ready) = offers.get_mut(&address.image) else {
            return;
        };
        let at = ready
            .iter()
            .position(|offer| Arc::ptr_eq(&offer.sandbox, sandbox));
        if let Some(offer) = at.and_then(|at| ready.remove(at)) {
            self.stops.stop(offer.sandbox, address);
        }
    }

    fn take<'a>(&'a self, address: &'a Address) -> Option<Taken<'a>> {
        let offer = self.offers().get_mut(&address.image)?.pop_front()?;
        Some(Taken {
            sandbox: Some(offer.sandbox),
            address,
            stops: &self.stops,
        })
    }
}

impl Taken<'_> {
    async fn if_alive(&mut self) -> Option<Arc<dyn Sandbox>> {
        if self.sandbox.as_ref()?.is_alive().await {
            self.sandbox.take()
        } else {
            None
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.stops.stop(sandbox, self.address);
        }
    }
}
