//! Bytes that arrive, as work that blocks reads them.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc;

/// Pieces between the network and the disk.
const PIECES: usize = 4;

/// Where pieces go in.
pub(crate) struct Feed(mpsc::Sender<Option<Bytes>>);

/// Where they come out. Without an end that was told, reading fails with [`io::ErrorKind::ConnectionAborted`].
pub(crate) struct Incoming {
    pieces: mpsc::Receiver<Option<Bytes>>,
    current: Bytes,
    is_over: bool,
    /// How many more bytes are taken; with one more, reading fails with [`io::ErrorKind::FileTooLarge`].
    left: u64,
}

/// The two ends, for at most so many bytes.
pub(crate) fn incoming(limit: u64) -> (Feed, Incoming) {
    let (sender, pieces) = mpsc::channel(PIECES);
    let incoming = Incoming {
        pieces,
        current: Bytes::new(),
        is_over: false,
        left: limit,
    };
    (Feed(sender), incoming)
}

impl Feed {
    /// Hands a piece over; whether anybody still reads.
    pub(crate) async fn push(&self, piece: Bytes) -> bool {
        self.0.send(Some(piece)).await.is_ok()
    }

    /// There are no more.
    pub(crate) async fn end(self) {
        // A reader that is gone knows why.
        let _ = self.0.send(None).await;
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.is_over {
            match self.pieces.blocking_recv() {
                Some(Some(piece)) => {
                    self.left = self
                        .left
                        .checked_sub(piece.len() as u64)
                        .ok_or(io::ErrorKind::FileTooLarge)?;
                    self.current = piece;
                }
                Some(None) => self.is_over = true,
                None => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        let length = self.current.len().min(buffer.len());
        if let Some(room) = buffer.get_mut(..length) {
            self.current.copy_to_slice(room);
        }
        Ok(length)
    }
}
