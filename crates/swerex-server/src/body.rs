//! Reading request bodies: into memory up to a limit, or piece by piece into work that blocks.

use std::{
    io::{self, Read},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use crate::{
    answer::{Answer, Body},
    room,
};

/// How long a client may pause in the middle of a body.
const STALL: Duration = Duration::from_secs(60);

/// Pieces between the connection and the disk; each has at most some 100 kB.
const PIECES: usize = 4;

/// How much of a body that nobody wants is still read, and for how long: a client that is sending would not see the answer
/// if the connection were closed over what it sends.
const UNWANTED: usize = 64 * 1024 * 1024;
const UNWANTED_TIME: Duration = Duration::from_secs(10);

/// Reads what is left of a body that is not wanted, while the answer is on its way.
pub(crate) fn discard(mut body: Body) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(tokio::time::timeout(UNWANTED_TIME, async move {
        let mut left = UNWANTED;
        while let Ok(Some(piece)) = next(&mut body).await {
            match left.checked_sub(piece.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}

/// The next piece; `None` at the end.
async fn next(body: &mut Body) -> Result<Option<Bytes>, Answer> {
    loop {
        match tokio::time::timeout(STALL, body.frame()).await {
            Err(_) => {
                return Err(Answer::detail(
                    StatusCode::REQUEST_TIMEOUT,
                    "the body did not arrive in time",
                ));
            }
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => {
                return Err(Answer::detail(
                    StatusCode::BAD_REQUEST,
                    "There was an error parsing the body",
                ));
            }
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data()
                    && !data.is_empty()
                {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// The whole body, unless it is longer than `limit` bytes.
pub(crate) async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Answer> {
    let too_large = || {
        Answer::detail(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("the body has more than {limit} bytes"),
        )
    };
    let announced = body.size_hint().exact().unwrap_or_default();
    if announced > limit as u64 {
        discard(body);
        return Err(too_large());
    }
    let Some(first) = next(&mut body).await? else {
        return Ok(Bytes::new());
    };
    if first.len() as u64 == announced {
        return Ok(first);
    }
    // What is announced need not come: only so much is reserved in advance.
    const AHEAD: u64 = 1024 * 1024;
    let ahead = usize::try_from(announced.min(AHEAD)).unwrap_or_default();
    let mut all = Vec::with_capacity(room::capacity(ahead.max(first.len())));
    all.extend_from_slice(&first);
    while let Some(piece) = next(&mut body).await? {
        if all.len() + piece.len() > limit {
            discard(body);
            return Err(too_large());
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.into())
}

/// A body as work that blocks reads it.
pub(crate) struct Incoming {
    pieces: mpsc::Receiver<Option<Bytes>>,
    current: Bytes,
    ended: bool,
}

impl Incoming {
    /// The next piece; `None` at the end. An error says that the rest will not come.
    pub(crate) fn piece(&mut self) -> io::Result<Option<Bytes>> {
        if !self.current.is_empty() {
            return Ok(Some(std::mem::take(&mut self.current)));
        }
        if self.ended {
            return Ok(None);
        }
        match self.pieces.blocking_recv() {
            Some(Some(piece)) => Ok(Some(piece)),
            Some(None) => {
                self.ended = true;
                Ok(None)
            }
            None => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.piece()? else {
            return Ok(0);
        };
        let length = piece.len().min(buffer.len());
        if let Some(room) = buffer.get_mut(..length) {
            piece.copy_to_slice(room);
        }
        self.current = piece;
        Ok(length)
    }
}

/// Feeds a body to work on a thread that may block. When the work ends early, what is left of the body is not read.
pub(crate) async fn pipe<T: Send + 'static>(
    mut body: Body,
    work: impl FnOnce(&mut Incoming) -> T + Send + 'static,
) -> Result<T, Answer> {
    let (sender, pieces) = mpsc::channel(PIECES);
    let mut incoming = Incoming {
        pieces,
        current: Bytes::new(),
        ended: false,
    };
    let work = tokio::task::spawn_blocking(move || work(&mut incoming));
    let fed = async {
        loop {
            let piece = next(&mut body).await?;
            let is_last = piece.is_none();
            if sender.send(piece).await.is_err() || is_last {
                return Ok(());
            }
        }
    }
    .await;
    if fed.is_ok() {
        discard(body);
    }
    // Without a last piece, the work learns that the rest will not come.
    drop(sender);
    let outcome = match work.await {
        Ok(outcome) => outcome,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => {
                return Err(Answer::detail(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the server is shutting down",
                ));
            }
        },
    };
    fed.map(|()| outcome)
}
