//! Programs on terminals of their own, for somebody who sits before one: nothing is added to what they print, nothing is taken away.
//!
//! What a program prints waits until it was seen, and then the program waits. It ends by itself, with its terminal's name, or with the server;
//! what it started stays where that is not hung up, as behind any terminal.

mod environment;
mod start;

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pty_process::{OwnedReadPty, OwnedWritePty};
use rustix::{
    buffer::spare_capacity,
    io::Errno,
    process::Pid,
    termios::{Winsize, tcsetwinsize},
};
use swerex_proto::native::{Stream, TerminalEnded, TerminalRequest, TerminalSize, Typed};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Child,
    time::Instant,
};

use crate::{
    events::Log,
    exception::PyException,
    process::{self, Entry, Tree},
    work::Surroundings,
};
use start::Started;

/// Terminals that are open at a time.
const MAX_TERMINALS: usize = 64;

/// Bytes of output in one event: what is told at once to somebody who watches.
const PIECE: usize = 8 * 1024;

/// How long what is typed waits for a program that does not read.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many pieces are read after a program's end: more than a terminal holds, and an end to what others print there.
const LAST_PIECES: usize = 32;

/// The terminals of a server, by name; clones are the same set.
#[derive(Clone, Default)]
pub(crate) struct Terminals(Arc<Mutex<HashMap<Vec<u8>, Arc<Terminal>>>>);

/// A terminal as those who type see it.
pub(crate) struct Terminal {
    pid: Pid,
    /// The server's end.
    master: OwnedFd,
    keyboard: tokio::sync::Mutex<Keyboard>,
    /// How long the program has to end when it is hung up.
    grace: Duration,
}

struct Keyboard {
    pty: OwnedWritePty,
    /// Bytes that were typed.
    received: u64,
}

/// What was typed is not what comes next.
pub(crate) struct Gap {
    /// The number of the byte that comes next.
    pub(crate) next: u64,
}

/// A program on a terminal, until its end; dropping it kills the program with everything that came of it.
pub(crate) struct Open {
    terminal: Arc<Terminal>,
    screen: OwnedReadPty,
    child: Child,
    /// What is about the process; `None` once its number may be another's.
    life: Option<(Name, Entry)>,
}

impl Terminals {
    /// Starts a program on a terminal of this name.
    pub(crate) fn open(
        &self,
        name: &[u8],
        request: &TerminalRequest,
        surroundings: &Surroundings,
    ) -> Result<Open, PyException> {
        let mut all = self.lock();
        if all.len() >= MAX_TERMINALS {
            return Err(PyException::new(
                "builtins.RuntimeError",
                format!("{MAX_TERMINALS} terminals are open, which is the most; close one"),
            ));
        }
        let Started {
            pid,
            pty,
            master,
            child,
        } = start::start(request, surroundings)?;
        let (screen, keyboard) = pty.into_split();
        let terminal = Arc::new(Terminal {
            pid,
            master,
            keyboard: tokio::sync::Mutex::new(Keyboard {
                pty: keyboard,
                received: 0,
            }),
            grace: surroundings.running.grace(),
        });
        all.insert(name.to_vec(), Arc::clone(&terminal));
        Ok(Open {
            terminal,
            screen,
            child,
            life: Some((
                Name {
                    terminals: self.clone(),
                    name: name.to_vec(),
                },
                surroundings.running.add(pid),
            )),
        })
    }

    /// The one of this name, if its program runs.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Terminal>> {
        self.lock().get(name.as_bytes()).map(Arc::clone)
    }

    /// Hangs all of them up.
    pub(crate) async fn close_all(&self) {
        let all: Vec<Arc<Terminal>> = self.lock().values().map(Arc::clone).collect();
        let ends = all.iter().map(|terminal| terminal.hang_up());
        futures_util::future::join_all(ends).await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Terminal>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terminal {
    /// Types what was not typed yet of bytes that begin at `offset` of all input; those that the program does not take in time are left.
    pub(crate) async fn type_in(&self, offset: u64, bytes: &[u8]) -> Result<Typed, Gap> {
        let deadline = Instant::now() + PATIENCE;
        let mut keyboard = self.keyboard.lock().await;
        loop {
            let next = keyboard.received;
            let typed = next.checked_sub(offset).ok_or(Gap { next })?;
            let rest = usize::try_from(typed).ok().and_then(|at| bytes.get(at..));
            let Some(rest @ [_, ..]) = rest else {
                return Ok(Typed { received: next });
            };
            match tokio::time::timeout_at(deadline, keyboard.pty.write(rest)).await {
                Ok(Ok(written @ 1..)) => keyboard.received += written as u64,
                // The program takes no more now, or never again, which its end tells.
                _ => return Ok(Typed { received: next }),
            }
        }
    }

    /// Tells the program that its terminal has another size.
    pub(crate) fn resize(&self, size: TerminalSize) -> rustix::io::Result<()> {
        let size = Winsize {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.master, size)
    }

    /// Ends the program as when a terminal goes away.
    pub(crate) async fn hang_up(&self) {
        process::hang_up(self.pid, self.grace).await;
    }

    /// Adds what is there, up to a piece; `false` if nobody holds the other end any more.
    fn read(&self, piece: &mut Vec<u8>) -> bool {
        piece.reserve(PIECE);
        while piece.len() < PIECE {
            match rustix::io::read(&self.master, spare_capacity(piece)) {
                Ok(1..) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return true,
                Ok(0) | Err(_) => return false,
            }
        }
        true
    }
}

impl Open {
    /// Tells what the program prints, until it ends.
    pub(crate) async fn run(mut self, log: Arc<Log>) -> Result<TerminalEnded, PyException> {
        let mut is_open = true;
        let status = loop {
            tokio::select! {
                has_more = show(&self.terminal, &mut self.screen, &log), if is_open => is_open = has_more,
                status = self.child.wait() => break status,
            }
        };
        self.life = None;
        for _ in 0..LAST_PIECES {
            log.room().await;
            let mut piece = Vec::new();
            self.terminal.read(&mut piece);
            if piece.is_empty() {
                break;
            }
            log.output(Stream::Stdout, &piece);
        }
        let status: ExitStatus = status.map_err(|error| PyException::os_bare(&error))?;
        Ok(TerminalEnded {
            exit_code: process::exit_code(status).into(),
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.life.is_some() {
            Tree::of(self.terminal.pid).kill();
        }
    }
}

/// Waits until there is something to tell and room to do so; `false` if nobody can print any more.
async fn show(terminal: &Terminal, screen: &mut OwnedReadPty, log: &Log) -> bool {
    log.room().await;
    let mut piece = Vec::with_capacity(PIECE);
    let is_open = match screen.read_buf(&mut piece).await {
        Ok(1..) => terminal.read(&mut piece),
        Ok(0) | Err(_) => false,
    };
    log.output(Stream::Stdout, &piece);
    is_open
}

/// A name that is free again when this is dropped.
struct Name {
    terminals: Terminals,
    name: Vec<u8>,
}

impl Drop for Name {
    fn drop(&mut self) {
        self.terminals.lock().remove(&self.name);
    }
}
