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
    /// The process with this id, if there is one.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        let pid = pid.as_raw_nonzero().get();
        started(pid).map(|started| Self { pid, started })
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
        started(self.pid) == Some(self.started)
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

/// When a process started; `None` if it has ended, also if nobody has asked for its exit code yet.
fn started(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything: the fields are counted from its end.
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
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
}
