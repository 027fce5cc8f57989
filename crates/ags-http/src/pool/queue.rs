//! What a call that wants a connection gets: one at once, a turn to open one, or a place in the queue.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
    host::{Host, Shared},
    lease::Lease,
};
use crate::{
    TransportError,
    dial::{Connection, Http1},
};

/// What a call does next.
pub(super) enum Next {
    Ready(Lease),
    Ask(Doubted),
    Dial(Turn),
    Wait(Waiting),
}

/// What a waiting call is told.
pub(super) enum Grant {
    Connection(Http1),
    LookAgain,
    Failed(TransportError),
}

/// A shared connection that was silent for too long to be used without a question.
pub(super) struct Doubted {
    host: Arc<Host>,
    shared: Arc<Shared>,
}

impl Doubted {
    pub(super) fn new(host: Arc<Host>, shared: Arc<Shared>) -> Self {
        Self { host, shared }
    }

    /// The connection, if its other end answers; else it is given up.
    pub(super) async fn answered(self) -> Option<Lease> {
        let patience = self.host.limits().ask_patience;
        if self.shared.connection.line.answers(patience).await {
            return Some(Lease::shared(&self.host, self.shared, true));
        }
        let peer = self.host.origin().peer();
        tracing::debug!(peer, "a kept connection does not answer");
        self.host.doubt_was_right(&self.shared);
        None
    }
}

/// The right to open a connection; it lapses when dropped.
pub(super) struct Turn {
    host: Arc<Host>,
    over: bool,
}

impl Turn {
    pub(super) fn new(host: Arc<Host>) -> Self {
        Self { host, over: false }
    }

    pub(super) fn succeeded(mut self, connection: Connection) -> Lease {
        self.over = true;
        self.host.opened(connection)
    }

    pub(super) fn failed(mut self, error: &TransportError) {
        self.over = true;
        self.host.not_opened(error);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            self.host.turn_lapsed();
        }
    }
}

/// A call's place in the queue.
pub(super) struct Waiting {
    host: Arc<Host>,
    told: oneshot::Receiver<Grant>,
}

impl Waiting {
    pub(super) fn new(host: Arc<Host>, told: oneshot::Receiver<Grant>) -> Self {
        Self { host, told }
    }

    /// A connection or a failure; `None` to look again.
    pub(super) async fn outcome(mut self) -> Option<Result<Lease, TransportError>> {
        match (&mut self.told).await {
            Ok(Grant::Connection(own)) => Some(Ok(Lease::own(&self.host, own, true))),
            Ok(Grant::Failed(error)) => Some(Err(error)),
            Ok(Grant::LookAgain) | Err(_) => None,
        }
    }
}

impl Drop for Waiting {
    /// Passes on what a call was given that went away at the same moment.
    fn drop(&mut self) {
        self.told.close();
        match self.told.try_recv() {
            Ok(Grant::Connection(own)) => self.host.put_back(own),
            Ok(Grant::LookAgain) => self.host.look_again(),
            Ok(Grant::Failed(_)) | Err(_) => {}
        }
    }
}
