//! Whether what runs in the foreground waits for somebody to type.

use std::{fs, path::Path};

use rustix::process::Pid;

use crate::process::processes;

/// What the foreground does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreground {
    /// It reads from the terminal.
    Reads,
    /// It waits for one of several things, as programs with line editing do.
    Polls,
    /// It does something else.
    Works,
    /// The kernel does not say.
    Unknown,
}

/// System calls by number: reading, and waiting for descriptors.
#[cfg(target_arch = "x86_64")]
mod calls {
    pub(super) const READ: &[u64] = &[0, 19];
    pub(super) const POLL: &[u64] = &[7, 23, 232, 270, 271, 281];
}

/// The numbers of the newer architectures are the same.
#[cfg(not(target_arch = "x86_64"))]
mod calls {
    pub(super) const READ: &[u64] = &[63, 65];
    pub(super) const POLL: &[u64] = &[22, 72, 73];
}

/// Looks at every process of the group.
pub(super) fn look(group: Pid, terminal: &Path) -> Foreground {
    let mut seen = Foreground::Unknown;
    for process in processes() {
        if process.group != Some(group) || process.is_zombie {
            continue;
        }
        match call(process.pid, terminal) {
            Foreground::Reads => return Foreground::Reads,
            Foreground::Polls => seen = Foreground::Polls,
            Foreground::Works if seen == Foreground::Unknown => seen = Foreground::Works,
            _ => {}
        }
    }
    seen
}

/// The file is `running`, or the number of a system call and its arguments.
fn call(pid: Pid, terminal: &Path) -> Foreground {
    let pid = pid.as_raw_pid();
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/syscall")) else {
        return Foreground::Unknown;
    };
    let mut words = text.split_ascii_whitespace();
    let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
        return Foreground::Works;
    };
    if calls::POLL.contains(&number) {
        return Foreground::Polls;
    }
    if !calls::READ.contains(&number) {
        return Foreground::Works;
    }
    let descriptor = words
        .next()
        .and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    let file = descriptor.and_then(|fd| fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok());
    match file {
        Some(file) if file == terminal || file == Path::new("/dev/tty") => Foreground::Reads,
        Some(_) => Foreground::Works,
        None => Foreground::Unknown,
    }
}
