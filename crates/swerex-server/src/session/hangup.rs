//! Ending a shell and what runs in it.

use std::time::Duration;

use rustix::process::{Signal, kill_process, kill_process_group};

use super::shell::{Phase, Shell};
use crate::process;

/// Ends them as when a terminal goes away; returns when they have. What takes longer than `grace` is killed.
pub(super) async fn hang_up(shell: &Shell, grace: Duration) {
    process::hang_up(shell.pid, grace).await;
    end(shell).await;
}

/// Returns when the shell has ended.
pub(super) async fn end(shell: &Shell) {
    let mut changes = shell.changes();
    while !matches!(shell.state().phase(), Phase::Ended(_)) {
        if changes.changed().await.is_err() {
            break;
        }
    }
}

impl Shell {
    /// Kills the shell and what is in the foreground, at once.
    pub(super) fn kill(&self) {
        if matches!(self.state().phase(), Phase::Ended(_)) {
            return;
        }
        if let Some(group) = self.foreground() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = kill_process(self.pid, Signal::KILL);
    }
}
