//! Output that is still on its way when a command has ended: that of process substitutions and coprocesses.
//!
//! Bash does not wait for what stands behind `>(…)`. The command's output is complete when that waits for more of it, or is gone.

use std::{fs, path::Path, time::Duration};

use rustix::process::Pid;
use tokio::time::Instant;

use super::{input, shell::Shell};
use crate::process::{Process, processes};

/// How long it is waited for what does something else, such as to sleep.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked: first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(20);

/// Looks at which all of them wait. What one of them has just handed on to another may be on its way at the first.
const LOOKS: u32 = 2;

/// Returns when all that the last command has printed is there.
pub(super) async fn settle(shell: &Shell) {
    if !may_print(shell) {
        return;
    }
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_LOOK;
    let mut quiet = 0;
    while quiet < LOOKS {
        quiet = if filters(shell.pid).iter().all(|pid| input::waits(*pid)) {
            quiet + 1
        } else {
            0
        };
        if deadline <= Instant::now() {
            break;
        }
        if quiet < LOOKS {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }
    shell.catch_up();
}

/// Whether there may be such a process at all; this costs next to nothing where there is none.
fn may_print(shell: &Shell) -> bool {
    shell.has_substitutions() || has_children(shell.pid) || prints_elsewhere(shell)
}

fn has_children(pid: Pid) -> bool {
    let pid = pid.as_raw_pid();
    fs::read(format!("/proc/{pid}/task/{pid}/children")).is_ok_and(|children| !children.is_empty())
}

/// Whether the shell's own output goes through a pipe.
fn prints_elsewhere(shell: &Shell) -> bool {
    [1, 2]
        .iter()
        .any(|descriptor| reads_pipe(shell.pid, *descriptor))
}

fn reads_pipe(pid: Pid, descriptor: u32) -> bool {
    let file = format!("/proc/{}/fd/{descriptor}", pid.as_raw_pid());
    fs::read_link(file).is_ok_and(|file| Path::new(&file).to_string_lossy().starts_with("pipe:"))
}

/// Processes of the shell's terminal that read from a pipe and are no jobs that are left in the background.
fn filters(shell: Pid) -> Vec<Pid> {
    let all: Vec<Process> = processes()
        .into_iter()
        .filter(|process| process.session == Some(shell) && !process.is_zombie)
        .collect();
    let words = input::words(shell);
    let is_there = |group| all.iter().any(|process| Some(process.pid) == group);
    all.iter()
        .filter(|process| process.pid != shell)
        .filter(|process| {
            let is_of_the_shell = process.group == Some(shell);
            let is_left_alone = !is_there(process.group);
            let is_coprocess = process.parent == Some(shell) && process.group == Some(process.pid);
            is_of_the_shell || is_left_alone || is_coprocess
        })
        .filter(|process| {
            // It may have been started so lately that it has not even opened its pipe.
            let is_new = process.parent == Some(shell)
                && process.group == Some(shell)
                && input::words(process.pid) == words;
            is_new || reads_pipe(process.pid, 0)
        })
        .map(|process| process.pid)
        .collect()
}
