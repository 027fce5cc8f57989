//! The body of a request on its way out: whether it is over, and why it broke off (which HTTP/2 would lose).

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

use crate::{Body, BodyError};

/// What became of the body.
#[derive(Default)]
pub(crate) struct Progress {
    reason: Mutex<Option<BodyError>>,
    over: AtomicBool,
}

impl Progress {
    /// Why the body broke off, if it did.
    pub(crate) fn take_reason(&self) -> Option<BodyError> {
        let mut reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        reason.take()
    }

    /// Whether nothing of it is left to be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

/// The same body, and where to learn what became of it.
pub(crate) fn watched(body: Body) -> (Body, Arc<Progress>) {
    let progress = Arc::<Progress>::default();
    if body.is_end_stream() {
        progress.over.store(true, Ordering::Release);
        return (body, progress);
    }
    let outgoing = Outgoing {
        body,
        progress: progress.clone(),
    };
    (outgoing.boxed_unsync(), progress)
}

struct Outgoing {
    body: Body,
    progress: Arc<Progress>,
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.progress.over.store(true, Ordering::Release);
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() && self.body.is_end_stream() {
            self.progress.over.store(true, Ordering::Release);
        }
        let Poll::Ready(Some(Err(error))) = frame else {
            return frame;
        };
        let mut reason = self
            .progress
            .reason
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *reason = Some(error);
        Poll::Ready(Some(Err(Box::new(BrokeOff))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Stands for the reason, which is kept aside.
#[derive(Debug)]
struct BrokeOff;

impl fmt::Display for BrokeOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body of the request broke off")
    }
}

impl std::error::Error for BrokeOff {}
