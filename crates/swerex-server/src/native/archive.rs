//! Directories as tar streams.

use std::io::{self, Write};

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;

use super::Stopped;
use crate::{
    answer::{Answer, BodyError},
    body::Incoming,
    exception::PyException,
    files::{Place, os_error},
    tar::{self, Unreadable},
};

/// Bytes that go out at a time.
const CHUNK: usize = 64 * 1024;

/// Chunks between the disk and the connection.
const CHUNKS: usize = 4;

/// A directory as an archive, made while it is sent. A problem in the middle breaks the body off.
pub(crate) fn pack(place: Place, unreadable: Unreadable) -> Result<Answer, PyException> {
    // Looked at before anything is promised.
    std::fs::read_dir(place.real()).map_err(|error| os_error(&error, place.shown()))?;
    let (sender, chunks) = mpsc::channel(CHUNKS);
    tokio::task::spawn_blocking(move || {
        let mut outgoing = Outgoing {
            sender,
            buffer: Vec::with_capacity(CHUNK),
        };
        if let Err(error) = tar::pack(place.real(), unreadable, &mut outgoing).map(drop) {
            tracing::debug!(%error, "a directory was not packed to its end");
            // A reader that is gone needs no error.
            let _ = outgoing.sender.blocking_send(Err(error));
        }
    });
    let frames = stream::unfold(chunks, |mut chunks| async move {
        let chunk = chunks.recv().await?;
        Some((chunk.map(Frame::data).map_err(BodyError::from), chunks))
    });
    Ok(Answer::stream(
        "application/x-tar",
        StreamBody::new(frames).boxed_unsync(),
    ))
}

/// Unpacks a body into a directory as it arrives.
pub(crate) fn unpack(place: &Place, incoming: &mut Incoming) -> Result<(), Stopped> {
    tar::unpack(incoming, place)
}

/// Sends what is written, and waits while the reader is slow.
struct Outgoing {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        if chunk.is_empty() {
            return Ok(());
        }
        self.sender
            .blocking_send(Ok(chunk.into()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
