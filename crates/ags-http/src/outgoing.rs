//! The body of a request on its way out: it remembers why it broke off, which HTTP/2 would lose.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

use crate::{Body, BodyError};

/// Where the reason is found afterwards.
#[derive(Default)]
pub(crate) struct Outcome {
    reason: Option<Arc<Mutex<Option<BodyError>>>>,
}

impl Outcome {
    /// Why the body broke off, if it did.
    pub(crate) fn take(&self) -> Option<BodyError> {
        let reason = self.reason.as_ref()?;
        reason.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The same body, and where to learn what became of it.
pub(crate) fn watched(body: Body) -> (Body, Outcome) {
    if body.is_end_stream() {
        return (body, Outcome::default());
    }
    let reason = Arc::default();
    let outcome = Outcome {
        reason: Some(Arc::clone(&reason)),
    };
    (Outgoing { body, reason }.boxed_unsync(), outcome)
}

struct Outgoing {
    body: Body,
    reason: Arc<Mutex<Option<BodyError>>>,
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(error))) = frame {
            let mut reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
            *reason = Some(error);
            return Poll::Ready(Some(Err(Box::new(BrokeOff))));
        }
        frame
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
