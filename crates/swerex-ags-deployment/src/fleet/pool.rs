//! A warm pool: sandboxes that are ready when they are needed, and replaced when they are taken.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ags_http::backoff::Backoff;
use futures_util::{StreamExt as _, stream};
use tokio::{sync::oneshot, time::Instant};

use super::{
    DEFAULT_CONCURRENCY,
    error::TakeFailed,
    shelf::{Idle, Shelf},
    starts::Starts,
};
use crate::{
    account::Account,
    config::TencentAgsDeploymentConfig,
    deployment::TencentAgsDeployment,
    error::{Cause, Stage, StartFailed, StopFailed, with_causes},
};

/// How long an idle sandbox may take to say that it is alive, where nobody says otherwise.
pub const ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Ceiling of the pause after a first failed start, where nobody says otherwise; it doubles with each one that follows.
pub const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Ceiling of every pause after a failed start, where nobody says otherwise.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How a [`Pool`] works.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolSettings {
    /// How many sandboxes are kept ready, those that are starting included. 0 counts as 1.
    pub size: usize,
    /// How many starts may be under way at a time; 0 counts as 1. Default: [`DEFAULT_CONCURRENCY`].
    pub concurrency: usize,
    /// How long [`Pool::take`] waits. Default: the configuration's `startup_timeout`.
    pub patience: Option<Duration>,
    /// How long an idle sandbox may take to say that it is alive. Default: [`ALIVE_TIMEOUT`].
    pub alive_timeout: Duration,
    /// One that has been idle for longer is replaced instead of handed out, since its lifetime goes on. Default: half of that lifetime.
    pub longest_idle: Option<Duration>,
    /// The pauses after failed starts: drawn between zero and a ceiling that doubles. Default: from [`SHORTEST_PAUSE`] to [`LONGEST_PAUSE`].
    pub backoff: Backoff,
}

impl PoolSettings {
    /// So many sandboxes, and everything else at its default.
    pub fn new(size: usize) -> Self {
        Self {
            size,
            concurrency: DEFAULT_CONCURRENCY,
            patience: None,
            alive_timeout: ALIVE_TIMEOUT,
            longest_idle: None,
            backoff: Backoff {
                base: SHORTEST_PAUSE,
                longest: LONGEST_PAUSE,
            },
        }
    }
}

/// Keeps sandboxes of one configuration ready.
///
/// It starts them at once and another one for each that is taken, in the background. All methods take `&self`: in an [`Arc`] it can be shared.
/// Sandboxes that were taken are their taker's; the pool knows nothing of them any more.
pub struct Pool {
    stock: Arc<Stock>,
    /// What [`close`](Self::close) could not stop.
    stuck: Mutex<Vec<TencentAgsDeployment>>,
}

/// What the tasks of a pool share.
struct Stock {
    starts: Starts,
    config: TencentAgsDeploymentConfig,
    settings: PoolSettings,
    shelf: Shelf,
    /// Why the last start failed, until one succeeds.
    last: Mutex<Option<Arc<StartFailed>>>,
}

impl Pool {
    /// Begins to fill a pool.
    ///
    /// # Errors
    /// [`StartFailed`] at [`Stage::Configure`]: a start could only fail.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(
        account: &Account,
        config: TencentAgsDeploymentConfig,
        settings: PoolSettings,
    ) -> Result<Self, StartFailed> {
        config
            .validate()
            .map_err(|problem| StartFailed::new(Stage::Configure, Cause::Config(problem)))?;
        let stock = Arc::new(Stock {
            starts: Starts::new(account, settings.concurrency),
            config,
            settings,
            shelf: Shelf::new(),
            last: Mutex::default(),
        });
        for _ in 0..stock.settings.size.max(1) {
            let place = Arc::clone(&stock);
            stock
                .starts
                .spawn(async move { place.keep_one_ready().await });
        }
        Ok(Self {
            stock,
            stuck: Mutex::default(),
        })
    }

    /// How many sandboxes are ready now.
    pub fn idle(&self) -> usize {
        self.stock.shelf.len()
    }

    /// Takes a sandbox that is ready and says that it is alive, the oldest first; waits at most the `patience` of the settings for one. Those
    /// that do not say so are stopped and replaced. Whoever asked first is served first.
    ///
    /// Dropping the future leaves the sandbox in the pool.
    ///
    /// # Errors
    /// [`TakeFailed`]: there was none in time, with the reason why the last start failed, or the pool is closed.
    pub async fn take(&self) -> Result<TencentAgsDeployment, TakeFailed> {
        let patience = self.stock.settings.patience;
        self.take_within(patience.unwrap_or(self.stock.config.startup_timeout))
            .await
    }

    /// As [`take`](Self::take), waiting at most `limit`.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub async fn take_within(&self, limit: Duration) -> Result<TencentAgsDeployment, TakeFailed> {
        let failed = |waited| TakeFailed {
            waited,
            last: self.stock.last().clone(),
        };
        match tokio::time::timeout(limit, self.stock.one_alive()).await {
            Ok(Some(deployment)) => Ok(deployment),
            Ok(None) => Err(failed(None)),
            Err(_) => Err(failed(Some(limit))),
        }
    }

    /// Ends the starts under way and stops the idle sandboxes, as many at a time as were started. Gives what could not be stopped: if that is
    /// empty, nothing is left. Calling it again tries again. Whoever waits for a sandbox is told that the pool is closed.
    ///
    /// It waits for AGS to answer the starts under way, as [`Fleet::stop_all`](super::Fleet::stop_all) does. Dropping the future has the rest
    /// stopped in the background.
    #[must_use = "what could not be stopped goes on"]
    pub async fn close(&self) -> Vec<StopFailed> {
        let idle = self.stock.shelf.close();
        self.stock.starts.end().await;
        let mut left: Vec<TencentAgsDeployment> = std::mem::take(&mut *self.stuck());
        // Not before the starts are over: a place that is free is filled.
        left.extend(idle.into_iter().map(|idle| idle.deployment));
        let mut failures: Vec<StopFailed> = stream::iter(left)
            .map(|mut deployment| async move {
                let failed = deployment.stop().await.err()?;
                self.stuck().push(deployment);
                Some(failed)
            })
            .buffer_unordered(self.stock.settings.concurrency.max(1))
            .filter_map(std::future::ready)
            .collect()
            .await;
        failures.append(&mut self.stock.starts.settled().await);
        failures
    }

    fn stuck(&self) -> MutexGuard<'_, Vec<TencentAgsDeployment>> {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stock {
    /// Starts a sandbox, another one when it is taken, and so on.
    async fn keep_one_ready(&self) {
        let mut failures = 0;
        loop {
            let room = self.starts.room().await;
            match self.starts.start(self.config.clone(), room).await {
                Ok(deployment) => {
                    failures = 0;
                    *self.last() = None;
                    let (place, taken) = oneshot::channel();
                    self.shelf.put(Idle {
                        deployment,
                        since: Instant::now(),
                        place,
                    });
                    // Nothing is ever sent: it ends when the sandbox is taken.
                    drop(taken.await);
                }
                Err(failed) => {
                    failures += 1;
                    let pause = self.settings.backoff.wait(failures, fastrand::f64());
                    tracing::warn!(
                        failures,
                        ?pause,
                        cause = with_causes(&failed),
                        "a sandbox of the pool did not start; trying again"
                    );
                    *self.last() = Some(Arc::new(failed));
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Waits for a sandbox that is alive; `None` when the pool is closed. Those that are not are dropped, and with that stopped.
    async fn one_alive(&self) -> Option<TencentAgsDeployment> {
        let longest_idle = self.settings.longest_idle;
        let longest_idle = longest_idle.unwrap_or_else(|| self.config.lifetime() / 2);
        loop {
            let held = self.shelf.oldest().await?;
            let Some(idle) = held.get() else { continue };
            let is_fresh = idle.since.elapsed() <= longest_idle;
            let is_alive = is_fresh && {
                let answer = idle.deployment.is_alive(self.settings.alive_timeout).await;
                answer.is_ok_and(|answer| answer.is_alive)
            };
            let Some(Idle {
                deployment, place, ..
            }) = held.take()
            else {
                continue;
            };
            drop(place);
            if is_alive {
                return Some(deployment);
            }
            let instance_id = deployment.instance_id().unwrap_or_default();
            tracing::info!(instance_id, is_fresh, "an idle sandbox is replaced");
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Arc<StartFailed>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stock.starts.abandon();
        drop(self.stock.shelf.close());
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("settings", &self.stock.settings)
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}
