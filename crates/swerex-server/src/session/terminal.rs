//! The server's end of a shell's terminal.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
};

use pty_process::{OwnedReadPty, OwnedWritePty, Pts};
use rustix::{
    buffer::spare_capacity,
    io::{Errno, ioctl_fionread},
    process::Pid,
    termios::{
        ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, QueueSelector,
        SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
    },
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::process::pty;

/// Lines and columns, as SWE-ReX has them.
pub(super) const LINES: u16 = 24;
pub(super) const COLUMNS: u16 = 80;

/// Bytes that are taken over at the end of a command: more than terminals hold.
const BATCH: usize = 256 * 1024;

/// Bytes that are read at once, and before others get their turn.
const PIECE: usize = 64 * 1024;

/// The key for an interrupt.
const INTERRUPT: u8 = 0x03;

/// A pseudo-terminal without echo.
#[derive(Debug)]
pub(super) struct Terminal {
    master: OwnedFd,
    /// The other end, through which typed text can be taken back.
    peer: OwnedFd,
    keyboard: tokio::sync::Mutex<OwnedWritePty>,
    /// The name of the other end.
    pub(super) name: PathBuf,
}

/// The reader of a terminal.
#[derive(Debug)]
pub(super) struct Screen(OwnedReadPty);

/// What reading found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// All that had been written before is read.
    Empty,
    /// There is more.
    More,
    /// Nobody holds the other end.
    Closed,
}

impl Terminal {
    /// A terminal, its reader, and its other end for the one process that is to own it.
    pub(super) fn open() -> io::Result<(Self, Screen, Pts)> {
        let (pty, pts) = pty::open(LINES, COLUMNS)?;
        let name = rustix::pty::ptsname(&pty, Vec::new())?;
        let master = pty.as_fd().try_clone_to_owned()?;
        let peer = pts.as_fd().try_clone_to_owned()?;
        let (screen, keyboard) = pty.into_split();
        let terminal = Self {
            master,
            peer,
            keyboard: tokio::sync::Mutex::new(keyboard),
            name: PathBuf::from(name.to_string_lossy().into_owned()),
        };
        terminal.settle()?;
        Ok((terminal, Screen(screen), pts))
    }

    /// Waits until there is something to read, and reads it.
    pub(super) async fn read_ready(&self, screen: &mut Screen, into: &mut Vec<u8>) -> Read {
        let start = into.len();
        into.reserve(PIECE);
        match screen.0.read_buf(into).await {
            Ok(1..) => {
                let read = self.read_as_written(into, PIECE);
                self.end_lines(into, start);
                read
            }
            _ => Read::Closed,
        }
    }

    /// Reads what is there. The kernel hands over everything that was written before it says that there is no more.
    pub(super) fn read(&self, into: &mut Vec<u8>) -> Read {
        let start = into.len();
        let read = self.read_as_written(into, BATCH);
        self.end_lines(into, start);
        read
    }

    /// Ends lines with a carriage return, as a terminal does. The kernel would, too, at less than half the speed.
    fn end_lines(&self, text: &mut Vec<u8>, start: usize) {
        let added = memchr::memchr_iter(b'\n', &text[start..]).count();
        let is_ours = |modes: Termios| {
            modes.output_modes.contains(OutputModes::OPOST)
                && !modes.output_modes.contains(OutputModes::ONLCR)
        };
        if added == 0 || !tcgetattr(&self.master).is_ok_and(is_ours) {
            return;
        }
        let mut ended = Vec::with_capacity(text.len() - start + added);
        for line in text[start..].split_inclusive(|byte| *byte == b'\n') {
            match line.split_last() {
                Some((b'\n', line)) => {
                    ended.extend_from_slice(line);
                    ended.extend_from_slice(b"\r\n");
                }
                _ => ended.extend_from_slice(line),
            }
        }
        text.truncate(start);
        text.append(&mut ended);
    }

    fn read_as_written(&self, into: &mut Vec<u8>, most: usize) -> Read {
        let limit = into.len() + most;
        while into.len() < limit {
            into.reserve(PIECE);
            match rustix::io::read(&self.master, spare_capacity(into)) {
                Ok(0) | Err(Errno::IO) => return Read::Closed,
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Read::Empty,
                Err(_) => return Read::Closed,
            }
        }
        Read::More
    }

    /// Types text.
    pub(super) async fn type_in(&self, text: &[u8]) -> io::Result<()> {
        self.keyboard.lock().await.write_all(text).await
    }

    /// Types what fits at once.
    pub(super) fn type_now(&self, text: &[u8]) {
        // What does not fit would not be read by anybody who waits for it.
        let _ = rustix::io::write(&self.master, text);
    }

    /// Takes back what was typed and has not been read.
    pub(super) fn take_back(&self) {
        // What cannot be taken back is read as it would be at a keyboard.
        let _ = tcflush(&self.peer, QueueSelector::IFlush);
    }

    /// Bytes that were typed and have not been read.
    pub(super) fn unread(&self) -> u64 {
        ioctl_fionread(&self.peer).unwrap_or_default()
    }

    /// Whether what is typed arrives in whole lines.
    pub(super) fn reads_whole_lines(&self) -> bool {
        tcgetattr(&self.master).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ICANON))
    }

    /// Whether the interrupt key is one, and not a character.
    pub(super) fn has_interrupt(&self) -> bool {
        tcgetattr(&self.master).is_ok_and(|modes| {
            modes.local_modes.contains(LocalModes::ISIG)
                && modes.special_codes[SpecialCodeIndex::VINTR] != 0
        })
    }

    /// Presses the interrupt key.
    pub(super) fn interrupt(&self) {
        let key =
            tcgetattr(&self.master).map_or(0, |modes| modes.special_codes[SpecialCodeIndex::VINTR]);
        self.type_now(&[if key == 0 { INTERRUPT } else { key }]);
    }

    /// The group of processes that the keyboard belongs to.
    pub(super) fn foreground(&self) -> Option<Pid> {
        tcgetpgrp(&self.master).ok()
    }

    /// Puts the modes back that a shell's command line needs: whole lines, signals from keys, no echo. What was typed for a
    /// program that has not read it is no command.
    pub(super) fn settle(&self) -> io::Result<()> {
        self.take_back();
        let modes = tcgetattr(&self.master)?;
        let mut wanted = modes.clone();
        shape(&mut wanted);
        let is_same = (modes.input_modes, modes.output_modes)
            == (wanted.input_modes, wanted.output_modes)
            && (modes.control_modes, modes.local_modes)
                == (wanted.control_modes, wanted.local_modes)
            && same_keys(&modes, &wanted);
        if !is_same {
            tcsetattr(&self.master, OptionalActions::Now, &wanted)?;
        }
        Ok(())
    }
}

/// Line ends and keys as a terminal has them when it is opened.
fn shape(modes: &mut Termios) {
    modes.input_modes.insert(InputModes::ICRNL);
    modes.input_modes.remove(
        InputModes::IGNCR
            | InputModes::INLCR
            | InputModes::ISTRIP
            | InputModes::IXON
            | InputModes::IXOFF,
    );
    // See `Terminal::end_lines`.
    modes.output_modes = OutputModes::OPOST;
    modes
        .control_modes
        .insert(ControlModes::CREAD | ControlModes::CS8);
    modes
        .local_modes
        .insert(LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
    modes
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::NOFLSH | LocalModes::TOSTOP);
    for (key, code) in KEYS {
        modes.special_codes[key] = code;
    }
}

/// The keys that matter where nothing is edited.
const KEYS: [(SpecialCodeIndex, u8); 4] = [
    (SpecialCodeIndex::VINTR, INTERRUPT),
    (SpecialCodeIndex::VQUIT, 0x1c),
    (SpecialCodeIndex::VSUSP, 0x1a),
    (SpecialCodeIndex::VEOF, 0x04),
];

fn same_keys(one: &Termios, other: &Termios) -> bool {
    KEYS.iter()
        .all(|(key, _)| one.special_codes[*key] == other.special_codes[*key])
}
