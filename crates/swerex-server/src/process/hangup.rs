//! Ending what runs on a terminal, as when the terminal goes away: everything in the session is told, and what does not mind is left alone
//! only if it was started so (`nohup`) or has a session of its own (`setsid`).

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::{Process, processes};

/// How often it is looked whether they have.
const GLANCE: Duration = Duration::from_millis(5);

/// Processes that are killed may have started others a moment before; this often it is looked again.
const ROUNDS: usize = 4;

/// Ends the session that a process leads; what has not ended after `grace` is killed.
pub(crate) async fn hang_up(leader: Pid, grace: Duration) {
    let told = members(leader);
    for process in &told {
        send(process, Signal::HUP);
        // One that is stopped does not hear it.
        send(process, Signal::CONT);
    }
    let begun = Instant::now();
    let is_there = || told.iter().any(Process::is_alive);
    while is_there() && begun.elapsed() < grace {
        tokio::time::sleep(GLANCE).await;
    }
    for _ in 0..ROUNDS {
        let left = members(leader);
        if left.is_empty() {
            break;
        }
        for process in &left {
            send(process, Signal::KILL);
        }
    }
}

/// Everything in the session that is to end with its leader.
fn members(leader: Pid) -> Vec<Process> {
    let mut members = processes();
    members.retain(|process| {
        process.session == Some(leader)
            && !process.is_zombie
            && (process.pid == leader || !process.ignores_hangup())
    });
    members
}

fn send(process: &Process, signal: Signal) {
    if process.is_alive() {
        // It may end in this moment.
        let _ = kill_process(process.pid, signal);
    }
}
