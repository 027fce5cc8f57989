//! Starts under way: so many at a time, all ended together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    account::Account,
    config::TencentAgsDeploymentConfig,
    deployment::{QUOTA_PATIENCE, TencentAgsDeployment},
    error::{StartFailed, StopFailed},
};

/// A place among the starts that may be under way.
pub(super) type Room = Option<OwnedSemaphorePermit>;

/// Tasks that start deployments over one account.
pub(super) struct Starts {
    account: Account,
    bound: Arc<Semaphore>,
    over: CancellationToken,
    tasks: TaskTracker,
}

impl Starts {
    /// At most `concurrency` starts at a time; 0 counts as 1.
    pub(super) fn new(account: &Account, concurrency: usize) -> Self {
        let places = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            account: account.scoped(),
            bound: Arc::new(Semaphore::new(places)),
            over: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Waits for a place. They are given in the order of asking.
    pub(super) async fn room(&self) -> Room {
        // It is never closed.
        Arc::clone(&self.bound).acquire_owned().await.ok()
    }

    /// Starts one deployment; the place is free again when this is over.
    pub(super) async fn start(
        &self,
        config: TencentAgsDeploymentConfig,
        _room: Room,
    ) -> Result<TencentAgsDeployment, StartFailed> {
        let mut deployment = TencentAgsDeployment::with_account(config, self.account.clone())?
            .with_quota_patience(QUOTA_PATIENCE);
        deployment.start().await?;
        Ok(deployment)
    }

    /// Works until it is done or all is over.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let over = self.over.clone();
        drop(self.tasks.spawn(async move {
            over.run_until_cancelled(work).await;
        }));
    }

    /// Work that goes on when all is over, and that [`settled`](Self::settled) waits for.
    pub(super) fn in_background(
        &self,
        what: String,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.account.in_background(what, work);
    }

    /// Whether nothing is started any more.
    pub(super) fn are_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Ends the tasks and waits until they have. What they had begun to start is stopped in the background.
    pub(super) async fn end(&self) {
        self.over.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends the tasks without waiting, and has what could not be stopped before tried again; [`Account::settled`] waits for it.
    pub(super) fn abandon(&self) {
        self.account.scope_abandoned();
        self.over.cancel();
        self.tasks.close();
        if !self.tasks.is_empty() {
            let tasks = self.tasks.clone();
            let what = "starts that are given up".to_owned();
            self.in_background(what, async move { tasks.wait().await });
        }
    }

    /// Waits for what goes on in the background and gives what it could not stop.
    pub(super) async fn settled(&self) -> Vec<StopFailed> {
        self.account.scope_settled().await
    }
}
