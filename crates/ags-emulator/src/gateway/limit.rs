//! A body that may not be longer than a limit.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use ags_http::{Body, BodyError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Passes `inner` on and breaks off beyond `left` bytes.
pub(super) struct Limited {
    inner: Body,
    left: u64,
}

impl Limited {
    /// `inner` itself where there is no limit.
    pub(super) fn wrap(inner: Body, limit: Option<u64>) -> Body {
        match limit {
            Some(left) => Body::new(Self { inner, left }),
            None => inner,
        }
    }
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => frame,
            other => return other,
        };
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => Poll::Ready(Some(Err(
                "the body is longer than the gateway lets through".into(),
            ))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
