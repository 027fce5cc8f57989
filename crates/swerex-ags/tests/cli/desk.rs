//! The built program on a terminal of its own, and somebody who sits before it.

use std::os::fd::{AsFd as _, OwnedFd};

use pty_process::{OwnedReadPty, OwnedWritePty, Size};
use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, tcgetattr},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use crate::support::PATIENCE;

pub(crate) struct Desk {
    child: Child,
    screen: OwnedReadPty,
    keyboard: OwnedWritePty,
    /// The program's end, so that its modes can be looked at when it is gone.
    other: OwnedFd,
    shown: String,
    seen: usize,
}

impl Desk {
    /// Starts it on a terminal of 24 by 80.
    pub(crate) fn new(command: Command) -> Self {
        let (pty, pts) = pty_process::open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let child = pty_process::Command::from(command)
            .spawn_borrowed(&pts)
            .unwrap();
        let (screen, keyboard) = pty.into_split();
        Self {
            child,
            screen,
            keyboard,
            other: pts.as_fd().try_clone_to_owned().unwrap(),
            shown: String::new(),
            seen: 0,
        }
    }

    /// Waits until this is shown after what was waited for before; gives all of that.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                let (begin, end) = (self.seen, self.seen + at + text.len());
                self.seen = end;
                return self.shown[begin..end].to_owned();
            }
            look(&mut self.screen, &mut self.shown).await;
        }
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.shown.matches(text).count()
    }

    pub(crate) async fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        self.keyboard.resize(Size::new(rows, cols)).unwrap();
    }

    pub(crate) fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Whether lines, echo and signals are the terminal's own.
    pub(crate) fn is_plain(&self) -> bool {
        let wanted = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcgetattr(&self.other).unwrap().local_modes.contains(wanted)
    }

    /// Waits for the end, which leaves the terminal as it was; the exit code, and what was shown last.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status.unwrap(),
                () = look(&mut self.screen, &mut self.shown) => {}
            }
        };
        assert!(self.is_plain(), "the terminal is left as it is used");
        // The end of what it has written is marked by somebody who writes after it.
        rustix::io::write(&self.other, b"\r\nMARK").unwrap();
        self.until("MARK").await;
        let last = self.shown.trim_end_matches("MARK").to_owned();
        (status.code(), last)
    }
}

/// Waits for more to be shown.
async fn look(screen: &mut OwnedReadPty, shown: &mut String) {
    let mut piece = [0; 4096];
    match tokio::time::timeout(PATIENCE, screen.read(&mut piece)).await {
        Ok(read) => shown.push_str(&String::from_utf8_lossy(&piece[..read.unwrap()])),
        Err(_) => panic!("nothing comes after {shown:?}"),
    }
}
