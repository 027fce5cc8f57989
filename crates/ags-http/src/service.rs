//! The one seam to the network: what every layer above is given instead of a socket.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{Body, Deadline, TransportError};

/// A boxed future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one request and gives its answer.
///
/// [`HttpClient`](crate::HttpClient) is the implementation that dials; the doubles of the `testing`
/// feature are others. A layer holds an `Arc<dyn HttpService>`.
///
/// # Contract
/// * An answer with any status is `Ok`: a 404 or a 503 is data, not an error of the transport.
/// * The request's URI is absolute (`https://host:port/path`).
/// * `deadline` covers everything: the wait for a connection, the handshake, the answer's head and its
///   body. Reading the body past it yields a [`TransportError`] of kind
///   [`Timeout`](crate::TransportErrorKind::Timeout).
/// * Dropping the future abandons the request; what the peer makes of it is unknown.
/// * Nothing is repeated unless no byte of the request was written.
pub trait HttpService: Send + Sync + fmt::Debug {
    /// Sends `request` and resolves when the head of the answer has arrived.
    ///
    /// # Errors
    /// [`TransportError`] when there is no answer; its
    /// [`reached`](TransportError::reached) says whether the peer may have seen the request.
    fn call(
        &self,
        request: http::Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;

    /// Says that nobody will call `origin` (scheme, host and port of this address; the rest does not matter) for now,
    /// as when a sandbox was stopped: its unused connections are closed at once, those in use as soon as their calls
    /// are over. A later call opens a new one.
    ///
    /// Unless it is implemented, it does nothing: right for whatever keeps no connections.
    fn forget(&self, _origin: &http::Uri) {}
}

impl<S: HttpService + ?Sized> HttpService for Arc<S> {
    fn call(
        &self,
        request: http::Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        (**self).call(request, deadline)
    }

    fn forget(&self, origin: &http::Uri) {
        (**self).forget(origin);
    }
}
