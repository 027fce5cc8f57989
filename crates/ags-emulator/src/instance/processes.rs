//! Finding and signalling every process of an instance, also those that left its process group.
//!
//! A shell on a pseudo terminal is in a session, and so in a group, of its own. On Linux such processes
//! are found by a mark in their environment; elsewhere only the group is signalled.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The variable that marks the processes of an instance; its value is the instance's id.
pub(crate) const MARK: &str = "AGS_INSTANCE_ID";

/// How often stragglers are looked for that were being forked during the last look.
const LOOKS: usize = 20;

/// Signals the group of `leader` and every other process that is marked with `instance`.
pub(super) fn signal(leader: u32, instance: &str, signal: Signal) {
    if let Some(leader) = pid(leader) {
        // It fails when the group is gone, which is what was wanted.
        let _ = kill_process_group(leader, signal);
    }
    for process in marked(instance) {
        let _ = kill_process(process, signal);
    }
}

/// Kills the group of `leader`, and whatever else is marked with `instance` until nothing is left.
pub(super) fn kill_all(leader: Option<u32>, instance: &str) {
    if let Some(leader) = leader.and_then(pid) {
        let _ = kill_process_group(leader, Signal::KILL);
    }
    for _ in 0..LOOKS {
        let left = marked(instance);
        if left.is_empty() {
            return;
        }
        for process in left {
            let _ = kill_process(process, Signal::KILL);
        }
    }
    tracing::warn!(instance, "processes of an instance are left");
}

/// The processes that carry the mark of `instance`.
fn marked(instance: &str) -> Vec<Pid> {
    let mark = format!("{MARK}={instance}");
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok().and_then(pid)?;
            has_mark(&entry.path(), mark.as_bytes()).then_some(process)
        })
        .collect()
}

fn has_mark(process: &Path, mark: &[u8]) -> bool {
    fs::read(process.join("environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark)
    })
}

fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}
