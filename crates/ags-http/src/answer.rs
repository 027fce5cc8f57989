//! The body of an answer: it ends with the deadline, and gives the connection back at its end.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

use crate::{BodyError, Reached, TransportError, fault, outgoing::Progress, pool::Lease};

/// The body of an answer that is not over yet.
pub(crate) struct Answer {
    /// `None` once it is over, well or not.
    open: Option<Open>,
    alarm: Option<Pin<Box<Sleep>>>,
    peer: Arc<str>,
}

struct Open {
    incoming: Incoming,
    lease: Lease,
    request: Arc<Progress>,
}

impl Answer {
    /// `request` is what became of the body of the request.
    pub(crate) fn new(
        incoming: Incoming,
        lease: Lease,
        request: Arc<Progress>,
        alarm: Option<Pin<Box<Sleep>>>,
    ) -> Self {
        let peer = lease.peer();
        Self {
            open: Some(Open {
                incoming,
                lease,
                request,
            }),
            alarm,
            peer,
        }
    }

    /// Whether nothing is left to be read; gives the connection back if so.
    pub(crate) fn is_over(&mut self) -> bool {
        let over = |open: &Open| open.incoming.is_end_stream();
        if self.open.as_ref().is_some_and(over) {
            self.finish();
        }
        self.open.is_none()
    }

    /// Gives the connection back. Where the peer answered before the end of the request, it may never read the
    /// rest: that connection is closed instead.
    fn finish(&mut self) {
        if let Some(open) = self.open.take()
            && open.request.is_over()
        {
            open.lease.finish();
        }
    }

    /// Closes the connection.
    fn abort(&mut self, error: TransportError) -> BodyError {
        self.open = None;
        Box::new(error.with_peer(self.peer.clone()))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Some(open) = &mut this.open else {
            return Poll::Ready(None);
        };
        // First the alarm: a peer that never pauses must not outrun it.
        if let Some(alarm) = &mut this.alarm
            && alarm.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(this.abort(fault::late(Reached::Unknown)))));
        }
        let frame = ready!(Pin::new(&mut open.incoming).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                this.is_over();
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(this.abort(fault::exchanging(error, false)))),
            None => {
                this.finish();
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.open.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.open {
            Some(open) => open.incoming.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
