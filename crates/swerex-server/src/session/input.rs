//! Whether what runs in the foreground waits for somebody to type.

use std::{
    fs,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use rustix::process::Pid;

use crate::process::{Process, processes};

/// What the foreground does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreground {
    /// It reads from the terminal.
    Reads,
    /// It waits for the terminal among other things, as programs with line editing do.
    Polls,
    /// It does something else.
    Works,
    /// It sleeps, and the kernel does not say what for: a process with other credentials, or a kernel without that file.
    Unknown,
}

/// System calls by number.
#[cfg(target_arch = "x86_64")]
mod calls {
    pub(super) const READ: &[u64] = &[0, 19];
    /// The first argument is a list of descriptors with what is waited for, the second its length.
    pub(super) const POLL: &[u64] = &[7, 271];
    /// The first argument is a number of bits, the second where those are that are to be read.
    pub(super) const SELECT: &[u64] = &[23, 270];
    /// The first argument is a descriptor that stands for others.
    pub(super) const EPOLL: &[u64] = &[232, 281, 441];
    /// Waiting for children.
    pub(super) const WAIT: &[u64] = &[61, 247];
}

/// The numbers of the newer architectures are the same.
#[cfg(not(target_arch = "x86_64"))]
mod calls {
    pub(super) const READ: &[u64] = &[63, 65];
    pub(super) const POLL: &[u64] = &[73];
    pub(super) const SELECT: &[u64] = &[72];
    pub(super) const EPOLL: &[u64] = &[22, 441];
    pub(super) const WAIT: &[u64] = &[95, 260];
}

/// `/dev/tty`, which is each process's own terminal.
const OWN_TERMINAL: (u32, u32) = (5, 0);

/// The most descriptors that are looked at of one call.
const MOST_DESCRIPTORS: u64 = 1024;

/// `POLLIN`.
const READABLE: i16 = 1;

/// Looks at every process of the group.
pub(super) fn look(group: Pid, terminal: &Path) -> Foreground {
    find(group, terminal).0
}

/// What the group does, and which of its processes does that.
pub(super) fn find(group: Pid, terminal: &Path) -> (Foreground, Option<Pid>) {
    let terminal = fs::metadata(terminal).map(|file| file.rdev()).ok();
    let mut seen = (Foreground::Works, None);
    for process in processes() {
        if process.group != Some(group) || process.is_zombie {
            continue;
        }
        let does = call(process.pid, terminal);
        match (does, seen.0) {
            (Foreground::Reads, _) => return (does, Some(process.pid)),
            (Foreground::Polls, _)
            | (Foreground::Unknown, Foreground::Works | Foreground::Unknown) => {
                seen = (does, Some(process.pid));
            }
            _ => {}
        }
    }
    seen
}

/// Whether a process waits for input of whatever kind, or for its children; also where the kernel only says that it sleeps.
pub(super) fn waits(pid: Pid) -> bool {
    let Ok(text) = fs::read_to_string(format!("/proc/{}/syscall", pid.as_raw_pid())) else {
        return sleeps(pid) || Process::look(pid).is_none_or(|process| process.is_zombie);
    };
    let number = text.split_ascii_whitespace().next();
    let Some(number) = number.and_then(|word| word.parse().ok()) else {
        return false;
    };
    [
        calls::READ,
        calls::POLL,
        calls::SELECT,
        calls::EPOLL,
        calls::WAIT,
    ]
    .iter()
    .any(|kind| kind.contains(&number))
}

/// The name of a program that runs.
pub(super) fn name(pid: Pid) -> Option<String> {
    let name = fs::read(format!("/proc/{}/comm", pid.as_raw_pid())).ok()?;
    let name = String::from_utf8_lossy(&name).trim_end().to_owned();
    (!name.is_empty()).then_some(name)
}

/// The words that a process was started with, each with a NUL at its end.
pub(super) fn words(pid: Pid) -> Vec<u8> {
    fs::read(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default()
}

/// The file is `running`, or the number of a system call and its arguments.
fn call(pid: Pid, terminal: Option<u64>) -> Foreground {
    let unknown = || {
        if sleeps(pid) {
            Foreground::Unknown
        } else {
            Foreground::Works
        }
    };
    let Ok(text) = fs::read_to_string(format!("/proc/{}/syscall", pid.as_raw_pid())) else {
        return unknown();
    };
    let mut words = text.split_ascii_whitespace();
    let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
        return Foreground::Works;
    };
    let mut argument = || {
        let word = words.next()?;
        u64::from_str_radix(word.trim_start_matches("0x"), 16).ok()
    };
    let arguments = (argument(), argument());
    let is_terminal = |descriptor: u64| is_terminal(pid, descriptor, terminal);
    let seen = match arguments {
        (Some(descriptor), _) if calls::READ.contains(&number) => {
            return match is_terminal(descriptor) {
                Some(true) => Foreground::Reads,
                Some(false) => Foreground::Works,
                None => unknown(),
            };
        }
        (Some(list), Some(length)) if calls::POLL.contains(&number) => polled(pid, list, length),
        (Some(length), Some(bits)) if calls::SELECT.contains(&number) => {
            selected(pid, length, bits)
        }
        (Some(descriptor), _) if calls::EPOLL.contains(&number) => registered(pid, descriptor),
        _ => return Foreground::Works,
    };
    match seen {
        None => unknown(),
        Some(descriptors) if descriptors.iter().any(|fd| is_terminal(*fd) == Some(true)) => {
            Foreground::Polls
        }
        Some(_) => Foreground::Works,
    }
}

/// Whether the descriptor is the session's terminal; `None` where that cannot be seen.
fn is_terminal(pid: Pid, descriptor: u64, terminal: Option<u64>) -> Option<bool> {
    let file = format!("/proc/{}/fd/{descriptor}", pid.as_raw_pid());
    let device = fs::metadata(file).ok()?.rdev();
    let own = rustix::fs::makedev(OWN_TERMINAL.0, OWN_TERMINAL.1);
    Some(Some(device) == terminal || device == own)
}

/// Whether it waits for something that may come at any time.
fn sleeps(pid: Pid) -> bool {
    let Ok(stat) = fs::read(format!("/proc/{}/stat", pid.as_raw_pid())) else {
        return false;
    };
    // The name before it may hold anything.
    let state = memchr::memrchr(b')', &stat).and_then(|end| stat.get(end + 2));
    state == Some(&b'S')
}

/// Descriptors of a list in the process's memory that it wants to read from.
fn polled(pid: Pid, list: u64, length: u64) -> Option<Vec<u64>> {
    let memory = memory(pid, list, length.min(MOST_DESCRIPTORS) * 8)?;
    let wanted = memory.chunks_exact(8).filter_map(|entry| {
        let descriptor = i32::from_ne_bytes(entry[..4].try_into().ok()?);
        let events = i16::from_ne_bytes(entry[4..6].try_into().ok()?);
        u64::try_from(descriptor)
            .ok()
            .filter(|_| events & READABLE != 0)
    });
    Some(wanted.collect())
}

/// The same of a set of bits.
fn selected(pid: Pid, length: u64, bits: u64) -> Option<Vec<u64>> {
    if bits == 0 {
        return Some(Vec::new());
    }
    let length = length.min(MOST_DESCRIPTORS);
    let words = memory(pid, bits, length.div_ceil(64) * 8)?;
    let is_set = |descriptor: &u64| {
        let at = usize::try_from(descriptor / 64 * 8).unwrap_or(usize::MAX);
        let word = words.get(at..at + 8).and_then(|word| word.try_into().ok());
        word.is_some_and(|word| u64::from_ne_bytes(word) >> (descriptor % 64) & 1 == 1)
    };
    Some((0..length).filter(is_set).collect())
}

/// Descriptors that another one stands for.
fn registered(pid: Pid, descriptor: u64) -> Option<Vec<u64>> {
    let file = format!("/proc/{}/fdinfo/{descriptor}", pid.as_raw_pid());
    let text = fs::read_to_string(file).ok()?;
    let entries = text.lines().filter_map(|line| line.strip_prefix("tfd:"));
    Some(
        entries
            .filter_map(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
            .collect(),
    )
}

fn memory(pid: Pid, address: u64, length: u64) -> Option<Vec<u8>> {
    let memory = fs::File::open(format!("/proc/{}/mem", pid.as_raw_pid())).ok()?;
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    memory.read_exact_at(&mut bytes, address).ok()?;
    Some(bytes)
}
