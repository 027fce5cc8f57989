//! What runs inside an instance: its command as a process, or the native server in this process.

mod command;
mod environment;
mod plan;
mod ports;
mod probe;
mod process;
mod processes;
mod server;
mod supervise;
mod tail;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use ags_api::model::InstanceStatus;

use self::process::Group;
pub(crate) use self::{
    plan::{Plan, Probe, Runs},
    ports::PortPool,
    server::Native,
    supervise::supervise,
};
use crate::shared::Shared;

/// What an instance runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum InstanceRunner {
    /// The native SWE-ReX server inside the emulator's process, on every declared port. `Command` and
    /// `Args` are not looked at. Needs nothing installed, and is cheap enough for hundreds of instances.
    #[default]
    Native,
    /// `Command` and `Args` as a process of this machine, with a directory and a process group of its own.
    Process,
}

/// Where the gateway finds an instance.
#[derive(Debug, Clone)]
pub(crate) enum Upstream {
    /// Nowhere: nothing runs.
    Nothing,
    /// Declared port to loopback port.
    Ports(Arc<BTreeMap<u16, u16>>),
    /// In this process, on these ports.
    Server(Arc<Native>),
}

/// What was launched, until it is stopped.
#[derive(Debug)]
pub(crate) enum Running {
    Nothing,
    Group(Group),
    Server(Arc<Native>),
}

impl Running {
    /// Starts what `plan` says in `directory` and waits until its probe is answered; otherwise says why not.
    pub(crate) async fn launch(
        shared: &Shared,
        id: &str,
        plan: &Plan,
        directory: &Path,
    ) -> Result<Self, String> {
        match &plan.runs {
            Runs::Nothing => Ok(Self::Nothing),
            Runs::Refused(why) => Err(why.clone()),
            Runs::Server => Ok(Self::Server(Arc::new(Native::new(
                shared, id, plan, directory,
            )))),
            Runs::Process { .. } => Group::launch(shared, id, plan, directory)
                .await
                .map(Self::Group),
        }
    }

    pub(crate) fn upstream(&self) -> Upstream {
        match self {
            Self::Nothing => Upstream::Nothing,
            Self::Group(group) => Upstream::Ports(group.ports()),
            Self::Server(server) => Upstream::Server(Arc::clone(server)),
        }
    }

    pub(crate) fn process(&self) -> Option<u32> {
        match self {
            Self::Group(group) => Some(group.leader()),
            Self::Nothing | Self::Server(_) => None,
        }
    }

    /// Waits until it has ended by itself and says how.
    pub(crate) async fn ended(&self) -> String {
        match self {
            Self::Group(group) => group.ended().await,
            Self::Nothing | Self::Server(_) => std::future::pending().await,
        }
    }

    /// Stops what runs without ending it, or lets it go on.
    pub(crate) async fn freeze(&self, frozen: bool) {
        if let Self::Group(group) = self {
            group.freeze(frozen).await;
        }
    }

    /// Ends everything that it started.
    pub(crate) async fn stop(self, grace: Duration) {
        match self {
            Self::Nothing => {}
            Self::Group(group) => group.stop(grace).await,
            Self::Server(server) => server.stop().await,
        }
    }
}

/// Whether requests through the gateway may reach an instance of this status.
pub(crate) fn is_reachable(status: &InstanceStatus) -> bool {
    *status == InstanceStatus::RUNNING
}
