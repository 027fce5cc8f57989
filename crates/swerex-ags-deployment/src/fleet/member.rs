//! The sandboxes of a fleet: one in the hands of a user, and the list by which the fleet reaches all of them.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use swerex_ags_runtime::AgsRuntime;
use swerex_proto::IsAliveResponse;

use crate::{
    config::TencentAgsDeploymentConfig,
    deployment::TencentAgsDeployment,
    error::{NotStarted, StopFailed},
};

/// A sandbox of a [`Fleet`](super::Fleet) that takes commands.
///
/// [`stop`](Self::stop) it when it is done with. Dropping it stops it in the background. The fleet can stop it at any time, too; its calls
/// fail from then on.
pub struct Member {
    place: Arc<Place>,
    roster: Arc<Roster>,
    /// The fleet goes on with it when this is dropped.
    stays: bool,
}

/// Where a sandbox is, for both its user and its fleet.
struct Place {
    index: usize,
    config: TencentAgsDeploymentConfig,
    instance_id: String,
    runtime: AgsRuntime,
    /// `None` when it is stopped or somebody else's.
    deployment: tokio::sync::Mutex<Option<TencentAgsDeployment>>,
}

/// The sandboxes of a fleet that are not known to be stopped, by their instance.
#[derive(Default)]
pub(super) struct Roster {
    places: Mutex<HashMap<String, Arc<Place>>>,
}

impl Member {
    /// Enters a started deployment.
    pub(super) fn enter(
        roster: &Arc<Roster>,
        index: usize,
        deployment: TencentAgsDeployment,
    ) -> Result<Self, NotStarted> {
        let place = Arc::new(Place {
            index,
            config: deployment.config().clone(),
            instance_id: deployment.instance_id()?.to_owned(),
            runtime: deployment.runtime()?.clone(),
            deployment: tokio::sync::Mutex::new(Some(deployment)),
        });
        let id = place.instance_id.clone();
        roster.places().insert(id, Arc::clone(&place));
        Ok(Self {
            place,
            roster: Arc::clone(roster),
            stays: false,
        })
    }

    /// Which configuration it was started with, counted from 0 in the order that they were given in.
    pub fn index(&self) -> usize {
        self.place.index
    }

    /// Its configuration.
    pub fn config(&self) -> &TencentAgsDeploymentConfig {
        &self.place.config
    }

    /// The id of its instance.
    pub fn instance_id(&self) -> &str {
        &self.place.instance_id
    }

    /// Its runtime. Clones of it may outlive the member; their calls fail when it is stopped.
    pub fn runtime(&self) -> &AgsRuntime {
        &self.place.runtime
    }

    /// Asks the sandbox whether it takes commands; all of it may take `timeout`. One that does not answer is not alive, and the message says
    /// why.
    pub async fn is_alive(&self, timeout: Duration) -> IsAliveResponse {
        match self.runtime().is_alive(timeout).await {
            Ok(answer) => answer,
            Err(error) => IsAliveResponse {
                is_alive: false,
                message: error.to_string(),
            },
        }
    }

    /// Stops the sandbox. One that its fleet has stopped is stopped already.
    ///
    /// # Errors
    /// [`StopFailed`] names what goes on. The fleet keeps it: [`Fleet::stop_all`](super::Fleet::stop_all) tries again.
    pub async fn stop(mut self) -> Result<(), StopFailed> {
        let outcome = self.place.stop().await;
        self.stays = outcome.is_err();
        outcome
    }

    /// Takes the deployment out of the fleet: from now on it is the caller's alone to stop.
    ///
    /// # Errors
    /// [`NotStarted`]: the fleet has stopped it.
    pub async fn into_deployment(self) -> Result<TencentAgsDeployment, NotStarted> {
        self.place.deployment.lock().await.take().ok_or(NotStarted)
    }
}

impl Place {
    async fn stop(&self) -> Result<(), StopFailed> {
        let mut deployment = self.deployment.lock().await;
        if let Some(deployment) = deployment.as_mut() {
            deployment.stop().await?;
        }
        *deployment = None;
        Ok(())
    }
}

impl Roster {
    /// Stops all of them, so many at a time, and gives what could not be stopped. Those stay on the list.
    pub(super) async fn stop_all(&self, at_a_time: usize) -> Vec<StopFailed> {
        let places: Vec<Arc<Place>> = self.places().values().cloned().collect();
        stream::iter(places)
            .map(|place| async move {
                let outcome = place.stop().await;
                if outcome.is_ok() {
                    self.places().remove(&place.instance_id);
                }
                outcome.err()
            })
            .buffer_unordered(at_a_time.max(1))
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    /// Has all of them stopped in the background, also those in somebody's hands.
    pub(super) fn release(&self) {
        let places = std::mem::take(&mut *self.places());
        for place in places.into_values() {
            // One that is being stopped is in the hands of whoever does that.
            if let Ok(mut deployment) = place.deployment.try_lock() {
                drop(deployment.take());
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if !self.stays {
            // The last one to let go of the place drops the deployment, and with that stops it.
            drop(self.roster.places().remove(&self.place.instance_id));
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("index", &self.index())
            .field("instance_id", &self.instance_id())
            .finish_non_exhaustive()
    }
}
