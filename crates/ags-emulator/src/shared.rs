//! What every room of one emulator shares.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ags_api::model::InstanceStatus;
use ags_http::HttpClient;
use ags_sign::Credential;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    builder::EmulatorBuilder, clock::Clock, fault::Faults, instance::PortPool, quota::Limiter,
    state::State,
};

/// One emulator: settings, state, clock, tasks.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: EmulatorBuilder,
    pub(crate) credential: Credential,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) limiter: Limiter,
    pub(crate) ports: PortPool,
    /// Dials the loopback ports of instances: from the gateway and for probes.
    pub(crate) http: HttpClient,
    /// Where the directories of instances are.
    pub(crate) directory: PathBuf,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) calls: Calls,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

/// How often each action was carried out, was refused or was throttled, and how many requests the gateway had.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    by_action: Mutex<BTreeMap<String, u64>>,
    pub(crate) throttled: AtomicU64,
    pub(crate) through_gateway: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        settings: EmulatorBuilder,
        credential: Credential,
        faults: Faults,
        http: HttpClient,
        directory: PathBuf,
    ) -> Self {
        Self {
            credential,
            clock: Clock::new(),
            faults,
            limiter: Limiter::new(settings.throttle),
            ports: PortPool::default(),
            http,
            directory,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            calls: Calls::default(),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
            settings,
        }
    }

    /// The state, locked; never hold it across an await. A change is told by [`Shared::tell`].
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for a state.
    pub(crate) fn tell(&self) {
        self.changed
            .send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Waits until the instance `id` is not in `status` any more.
    pub(crate) async fn left(&self, id: &str, status: &InstanceStatus) {
        let changes = self
            .state()
            .instance(id)
            .map(|instance| instance.live.changes());
        let Some(mut changes) = changes else { return };
        while self
            .state()
            .instance(id)
            .is_some_and(|instance| instance.status == *status)
        {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl Calls {
    pub(crate) fn count(&self, action: &str) {
        let mut counts = self
            .by_action
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(action) {
            Some(count) => *count += 1,
            None => {
                counts.insert(action.to_owned(), 1);
            }
        }
    }

    pub(crate) fn by_action(&self) -> BTreeMap<String, u64> {
        self.by_action
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn through_gateway(&self) -> u64 {
        self.through_gateway.load(Ordering::Relaxed)
    }

    pub(crate) fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }
}
