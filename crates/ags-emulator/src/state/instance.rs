//! An instance: one sandbox, from its start to its stop.

use std::{fmt, sync::Arc, time::Duration};

use ags_api::model::{
    AuthMode, ComputerConfiguration, CustomConfiguration, InstanceStatus, MetadataVar, MountOption,
    NetworkMode, SandboxInstance, StopReason,
};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    behaviour::ExpiresAtFormat,
    clock::Moment,
    control::{configuration, time},
    instance::{Plan, Upstream},
};

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) sequence: u64,
    pub(crate) id: String,
    pub(crate) tool_id: String,
    pub(crate) tool_name: String,
    pub(crate) status: InstanceStatus,
    pub(crate) stop_reason: Option<StopReason>,
    pub(crate) status_reason: Option<String>,
    pub(crate) persistent: bool,
    /// None for a persistent one without a limit.
    pub(crate) timeout: Option<Duration>,
    pub(crate) expires: Option<Moment>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    pub(crate) mount_options: Vec<MountOption>,
    pub(crate) custom: Option<CustomConfiguration>,
    pub(crate) computer: Option<ComputerConfiguration>,
    pub(crate) network: Option<NetworkMode>,
    pub(crate) metadata: Vec<MetadataVar>,
    pub(crate) auth_mode: AuthMode,
    pub(crate) plan: Arc<Plan>,
    /// Whether a pause is to keep the processes; the last pause's wish.
    pub(crate) pause_keeps_memory: bool,
    /// Whether its process is to be killed, as if it had died by itself.
    pub(crate) dies: bool,
    pub(crate) live: Live,
}

/// The running side of an instance: where requests go, and how its supervisor and its waiters are woken.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) upstream: Upstream,
    /// The process group leader, if there is a process.
    pub(crate) process: Option<u32>,
    wake: watch::Sender<u64>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            upstream: Upstream::Nothing,
            process: None,
            wake: watch::Sender::new(0),
        }
    }
}

impl Live {
    /// Told of every change of the instance.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Live")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Goes to `status` and wakes the supervisor and the waiters.
    pub(crate) fn goes_to(&mut self, status: InstanceStatus, now: Moment) {
        tracing::debug!(instance = %self.id, from = %self.status, to = %status, "an instance changes");
        self.status = status;
        self.updated = now;
        self.wake();
    }

    pub(crate) fn wake(&self) {
        self.live
            .wake
            .send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Begins to stop, unless it is stopping or over already.
    pub(crate) fn stop(&mut self, reason: StopReason, now: Moment) {
        if self.status == InstanceStatus::STOPPING || is_final(&self.status) {
            return;
        }
        self.stop_reason = Some(reason);
        self.expires = None;
        self.goes_to(InstanceStatus::STOPPING, now);
    }

    /// As the lists and `StartSandboxInstance` show it.
    pub(crate) fn shown(&self, expires_at: ExpiresAtFormat) -> SandboxInstance {
        let mut shown = SandboxInstance {
            instance_id: Some(self.id.clone()),
            tool_id: Some(self.tool_id.clone()),
            tool_name: Some(self.tool_name.clone()),
            status: Some(self.status.clone()),
            persistent: Some(self.persistent),
            timeout_seconds: Some(self.timeout.map_or(0, |timeout| timeout.as_secs())),
            expires_at: self.expires.and_then(|at| time::expiry(at, expires_at)),
            stop_reason: self.stop_reason.clone(),
            create_time: Some(time::shown(self.created)),
            update_time: Some(time::shown(self.updated)),
            mount_options: (!self.mount_options.is_empty()).then(|| self.mount_options.clone()),
            custom_configuration: self.custom.as_ref().map(configuration::shown),
            computer_configuration: self.computer.clone(),
            network_mode: self.network.clone(),
            metadata: Some(self.metadata.clone()),
            auth_mode: Some(self.auth_mode.clone()),
            ..SandboxInstance::default()
        };
        if shown.expires_at.is_none() {
            shown.extra.insert("ExpiresAt".to_owned(), Value::Null);
        }
        if let Some(reason) = &self.status_reason {
            shown
                .extra
                .insert("StatusReason".to_owned(), Value::String(reason.clone()));
        }
        shown
    }
}

/// Whether nothing happens to an instance of this status any more.
pub(crate) fn is_final(status: &InstanceStatus) -> bool {
    [
        InstanceStatus::STOPPED,
        InstanceStatus::FAILED,
        InstanceStatus::STARTING_FAILED,
        InstanceStatus::STOPPING_FAILED,
        InstanceStatus::STOP_FAILED,
    ]
    .contains(status)
}

/// Whether it counts against the quota of instances.
pub(crate) fn uses_quota(status: &InstanceStatus) -> bool {
    !is_final(status) && *status != InstanceStatus::PAUSED
}

/// Whether a tool with such an instance is in use.
pub(crate) fn lives(status: &InstanceStatus) -> bool {
    !is_final(status)
}
