//! An instance that was started: nobody forgets it.

use std::sync::OnceLock;

use ags_api::model::{InstanceStatus, SandboxInstance};
use http::Uri;

use crate::{
    account::{Account, Leftover},
    error::{Cause, Stage, StartFailed},
    fate::Fate,
};

/// Stops its instance in the background when it is dropped before [`keep`](Self::keep) or [`stopped`](Self::stopped) was called: however a start
/// ends, an instance that nobody took over is stopped. The connections to one that is not kept end with it.
#[derive(Debug)]
pub(crate) struct Guard {
    account: Account,
    instance_id: Option<String>,
    /// Where connections to it go.
    reached_at: OnceLock<Uri>,
}

impl Guard {
    pub(crate) fn new(account: Account, instance_id: String) -> Self {
        Self {
            account,
            instance_id: Some(instance_id),
            reached_at: OnceLock::new(),
        }
    }

    /// From now on there may be connections to it, there.
    pub(crate) fn is_reached_at(&self, address: Uri) {
        self.reached_at.get_or_init(|| address);
    }

    pub(crate) fn id(&self) -> &str {
        self.instance_id.as_deref().unwrap_or_default()
    }

    /// Leaves the instance running and gives its id.
    pub(crate) fn keep(mut self) -> String {
        let instance_id = self.instance_id.take().unwrap_or_default();
        if let Some(journal) = self.account.journal() {
            journal.instance_over(&instance_id);
        }
        self.reached_at.take();
        instance_id
    }

    /// The instance is gone.
    pub(crate) fn stopped(mut self) {
        self.instance_id = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(address) = self.reached_at.take() {
            self.account.data().forget(&address);
        }
        if let Some(instance_id) = self.instance_id.take() {
            tracing::warn!(instance_id, "an instance is abandoned; stopping it");
            self.account.abandon(Leftover::Instance(instance_id));
        }
    }
}

/// What a status means for one who waits for the instance to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Waiting,
    Failed,
}

/// Reads a status. Unknown ones are waited for.
pub(crate) fn progress(status: &InstanceStatus) -> Progress {
    if *status == InstanceStatus::RUNNING {
        return Progress::Running;
    }
    let failed = [
        InstanceStatus::STARTING_FAILED,
        InstanceStatus::FAILED,
        InstanceStatus::FORK_FAILED,
        InstanceStatus::RESUME_FAILED,
        InstanceStatus::PAUSED,
        InstanceStatus::PAUSING,
        InstanceStatus::STOPPING,
        InstanceStatus::STOP_FAILED,
        InstanceStatus::STOPPING_FAILED,
        InstanceStatus::STOPPED,
    ];
    if failed.contains(status) {
        Progress::Failed
    } else {
        Progress::Waiting
    }
}

/// Whether it ends or has ended, so that there is nothing left to stop.
pub(crate) fn has_ended(status: &InstanceStatus) -> bool {
    [InstanceStatus::STOPPING, InstanceStatus::STOPPED].contains(status)
}

/// An instance that ended instead of running.
pub(crate) fn ended(instance: &SandboxInstance) -> StartFailed {
    let fate = Fate::of(instance);
    let failed = StartFailed::new(Stage::Instance, Cause::State(fate.to_string()));
    match fate.hint() {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_statuses_are_waited_for() {
        let of = |status: &'static str| progress(&InstanceStatus::from(status));
        assert_eq!(of("RUNNING"), Progress::Running);
        assert_eq!(
            (of("STARTING"), of("RESUMING"), of("WARMING")),
            (Progress::Waiting, Progress::Waiting, Progress::Waiting)
        );
        assert_eq!(
            (of("STARTING_FAILED"), of("STOPPED")),
            (Progress::Failed, Progress::Failed)
        );
    }
}
