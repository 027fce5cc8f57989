//! Other processes: whether one still lives, asking it to end, waiting until it has.
//!
//! A process is named by its id *and* when it started: ids are given out again.

use std::{fs, io, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use serde::{Deserialize, Serialize};

/// One process, told apart from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pid: i32,
    /// Clock ticks between the machine's start and the process's.
    started: u64,
}

impl Process {
    pub(super) fn pid(self) -> i32 {
        self.pid
    }

    /// The process with this id, if there is one.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        Stat::of(pid.as_raw_nonzero().get()).map(|stat| stat.process)
    }

    /// This process.
    pub(crate) fn this() -> Option<Self> {
        Self::of(rustix::process::getpid())
    }

    /// The process that started this one, if it still lives.
    pub(crate) fn parent() -> Option<Self> {
        Self::of(rustix::process::getppid()?)
    }

    pub(crate) fn is_alive(self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.process == self)
    }

    /// Asks it to end (SIGTERM); whether it was there to be asked.
    pub(crate) fn terminate(self) -> io::Result<bool> {
        let Some(fd) = self.open()? else {
            return Ok(false);
        };
        match pidfd_send_signal(&fd, Signal::TERM) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn gone(self) -> io::Result<()> {
        let Some(fd) = self.open()? else {
            return Ok(());
        };
        let (ended, wait) = tokio::sync::oneshot::channel();
        // The descriptor of a process becomes readable when the process ends. A thread of its own waits for that, which nobody waits for in
        // turn: a process may outlive the interest in it.
        std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || {
                let outcome = loop {
                    match poll(&mut [PollFd::new(&fd, PollFlags::IN)], None) {
                        Err(rustix::io::Errno::INTR) => {}
                        outcome => break outcome.map(drop),
                    }
                };
                // Nobody may be interested any more.
                let _ = ended.send(outcome);
            })?;
        match wait.await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(io::Error::other(
                "the thread that watches the process has ended",
            )),
        }
    }

    /// As [`gone`](Self::gone), for at most `limit`; whether it has ended.
    pub(crate) async fn gone_within(self, limit: Duration) -> io::Result<bool> {
        match tokio::time::timeout(limit, self.gone()).await {
            Ok(outcome) => outcome.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// A descriptor that stands for this very process; `None` if it has ended.
    fn open(self) -> io::Result<Option<rustix::fd::OwnedFd>> {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return Ok(None);
        };
        let fd = match pidfd_open(pid, PidfdFlags::NONBLOCK) {
            Ok(fd) => fd,
            Err(rustix::io::Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Checked after opening: from now on the id cannot be given to another process.
        Ok(self.is_alive().then_some(fd))
    }
}

/// What the kernel says of a process to everybody.
#[derive(Clone, Debug)]
pub(super) struct Stat {
    pub(super) process: Process,
    /// The name of its program, cut to 15 bytes, or what it calls itself.
    pub(super) name: String,
    pub(super) parent: i32,
    /// The leader of its session, also if that has ended; 0 if it cannot be seen from here.
    pub(super) session: i32,
    /// Whether it has a terminal.
    pub(super) has_terminal: bool,
    /// Whether it is a copy of its parent: it was forked, and has not begun a program of its own.
    pub(super) is_copy: bool,
}

/// The flag of a process that is a copy: `PF_FORKNOEXEC`.
const COPY: u64 = 0x40;

impl Stat {
    /// `None` if it has ended, also if nobody has asked for its exit code yet.
    pub(super) fn of(pid: i32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &String::from_utf8_lossy(&stat))
    }

    fn parse(pid: i32, stat: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything: the fields are counted from its end.
        let (before, after) = stat.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        if matches!(*fields.first()?, "Z" | "X") {
            return None;
        }
        let number = |at: usize| fields.get(at)?.parse::<i64>().ok();
        let small = |at: usize| i32::try_from(number(at)?).ok();
        Some(Self {
            process: Process {
                pid,
                started: fields.get(19)?.parse().ok()?,
            },
            name: name.to_owned(),
            parent: small(1)?,
            session: small(3)?,
            has_terminal: number(4)? != 0,
            is_copy: fields.get(6)?.parse::<u64>().ok()? & COPY != 0,
        })
    }
}

/// The words that a process was started with; none if they cannot be seen.
pub(super) fn words(pid: i32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let line = line.strip_suffix('\0').unwrap_or(&line);
    if line.is_empty() {
        return Vec::new();
    }
    line.split('\0').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_seen_to_live_to_be_asked_and_to_end() {
        let mut child = tokio::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        let process = Process::of(Pid::from_raw(pid).unwrap()).unwrap();
        assert!(process.is_alive());
        let other = Process {
            started: process.started + 1,
            ..process
        };
        assert!(
            !other.is_alive() && !other.terminate().unwrap(),
            "an earlier process of the same id is left alone"
        );
        assert!(process.terminate().unwrap());
        process.gone().await.unwrap();
        assert!(!process.is_alive());
        child.wait().await.unwrap();
        process.gone().await.unwrap();
        assert!(!process.terminate().unwrap());
    }

    #[test]
    fn this_process_and_its_parent_live() {
        assert!(Process::this().unwrap().is_alive());
        assert!(Process::parent().unwrap().is_alive());
    }

    #[test]
    fn what_the_kernel_says_is_read_whatever_the_name() {
        let line = "7 (a) R (b) S 5 7 6 34816 7 4194368 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 0";
        let stat = Stat::parse(7, line).unwrap();
        assert_eq!(
            (stat.name.as_str(), stat.parent, stat.session),
            ("a) R (b", 5, 6)
        );
        assert!(stat.has_terminal && stat.is_copy);
        assert_eq!(stat.process.started, 12_345);
        for broken in [
            "",
            "7 (x",
            "7 (x) S",
            "7 (x) Z 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 1",
            "7 (x) S a b c",
        ] {
            assert!(Stat::parse(7, broken).is_none(), "{broken}");
        }
        let this = words(rustix::process::getpid().as_raw_nonzero().get());
        assert_eq!(this, std::env::args().collect::<Vec<_>>());
    }
}
