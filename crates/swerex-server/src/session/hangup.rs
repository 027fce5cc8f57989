//! Ending a shell and what runs in it.
//!
//! As when a terminal goes away: everything in the shell's session is told, and what does not mind is left alone only if it was
//! started so (`nohup`) or has a session of its own (`setsid`).

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::time::Instant;

use super::shell::{Phase, Shell};
use crate::process::{Process, processes};

/// How long processes may take to end.
const GRACE: Duration = Duration::from_millis(100);

/// How often it is looked whether they have.
const GLANCE: Duration = Duration::from_millis(5);

/// Processes that are killed may have started others a moment before; this often it is looked again.
const ROUNDS: usize = 4;

/// Ends them; returns when they have.
pub(super) async fn hang_up(shell: &Shell) {
    let told = members(shell.pid);
    for process in &told {
        send(process, Signal::HUP);
        // One that is stopped does not hear it.
        send(process, Signal::CONT);
    }
    let deadline = Instant::now() + GRACE;
    let is_there = || told.iter().any(Process::is_alive);
    while is_there() && Instant::now() < deadline {
        tokio::time::sleep(GLANCE).await;
    }
    for _ in 0..ROUNDS {
        let left = members(shell.pid);
        if left.is_empty() {
            break;
        }
        for process in &left {
            send(process, Signal::KILL);
        }
    }
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

/// Everything in the shell's session that is to end with it.
fn members(shell: Pid) -> Vec<Process> {
    let mut members = processes();
    members.retain(|process| {
        process.session == Some(shell)
            && !process.is_zombie
            && (process.pid == shell || !process.ignores_hangup())
    });
    members
}

fn send(process: &Process, signal: Signal) {
    if process.is_alive() {
        // It may end in this moment.
        let _ = kill_process(process.pid, signal);
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
