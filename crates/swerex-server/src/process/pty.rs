//! Pseudo-terminals, opened so that no other child inherits the server's end.

use std::io;

use pty_process::{Pts, Pty, Size};

use super::spawn_lock;

/// The server's end, and the other one for the process that is to own the terminal.
pub(crate) fn open(rows: u16, cols: u16) -> io::Result<(Pty, Pts)> {
    // The server's end can be kept from other children only a moment after it was opened.
    let opened = {
        let _alone = spawn_lock::alone();
        pty_process::open()
    };
    let (pty, pts) = opened.map_err(plain_error)?;
    pty.resize(Size::new(rows, cols)).map_err(plain_error)?;
    Ok((pty, pts))
}

pub(crate) fn plain_error(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(errno) => errno.into(),
        other => io::Error::other(other.to_string()),
    }
}
