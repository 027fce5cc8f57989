//! The kernel's table of processes, as `/proc` shows it.

use std::fs;

use rustix::process::Pid;

/// One process at the moment it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) parent: Option<Pid>,
    pub(crate) group: Option<Pid>,
    pub(crate) session: Option<Pid>,
    /// In the kernel's ticks; with the pid it tells a process from a later one with the same pid.
    pub(crate) started: u64,
    /// A zombie has ended and only waits to be reaped.
    pub(crate) is_zombie: bool,
}

impl Process {
    /// `None` when there is no such process.
    pub(crate) fn look(pid: Pid) -> Option<Self> {
        let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
        parse(pid, &stat)
    }

    /// Whether it is still there, and has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        Self::look(self.pid).is_some_and(|now| now.is(self) && !now.is_zombie)
    }

    /// Whether both are the same process, perhaps at different moments.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }

    /// Whether it was told not to mind a hangup, as `nohup` does.
    pub(crate) fn ignores_hangup(&self) -> bool {
        let Ok(status) = fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_pid()))
        else {
            return false;
        };
        status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & 1 == 1)
    }
}

/// All processes; those that end meanwhile are left out. Empty where there is no `/proc`.
pub(crate) fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            Process::look(Pid::from_raw(name.to_str()?.parse().ok()?)?)
        })
        .collect()
}

/// `PID (NAME) STATE PPID PGRP SESSION …`; the name may hold anything, also parentheses.
fn parse(pid: Pid, stat: &[u8]) -> Option<Process> {
    let end = memchr::memrchr(b')', stat)?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let id = |index: usize| -> Option<Option<Pid>> {
        let raw: i32 = fields.get(index)?.parse().ok()?;
        // A process that ends at this moment has none, which is shown as -1.
        Some(Pid::from_raw(raw.max(0)))
    };
    Some(Process {
        pid,
        is_zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: id(1)?,
        group: id(2)?,
        session: id(3)?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = b"12 (a) Z 1 (b) S 7 12 11 34816 12 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        let pid = Pid::from_raw(12).unwrap();
        let process = parse(pid, stat).unwrap();
        assert_eq!(process.parent, Pid::from_raw(7));
        assert_eq!(process.group, Some(pid));
        assert_eq!(process.session, Pid::from_raw(11));
        assert_eq!((process.started, process.is_zombie), (4711, false));
        let ending = b"12 (x) X 0 -1 -1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        assert_eq!(parse(pid, ending).unwrap().group, None);
        assert_eq!(parse(pid, b"12 (x"), None);
    }

    #[test]
    fn this_process_is_among_them() {
        let me = rustix::process::getpid();
        let process = Process::look(me).unwrap();
        assert!(process.is_alive());
        assert!(processes().iter().any(|other| other.pid == me));
    }
}
