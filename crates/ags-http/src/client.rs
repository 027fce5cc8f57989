//! The client: takes a connection from the pool, sends, and guards the answer's body with the deadline.

use std::{fmt, sync::Arc};

use crate::{
    Body, BoxFuture, BuildError, Deadline, HttpClientBuilder, HttpService, Reached, TransportError,
    TransportErrorKind,
};

/// An HTTP client over TLS with a pool of kept connections. Clones share the pool.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<HttpClientBuilder>,
}

impl HttpClient {
    /// Sets up a client.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::default()
    }

    pub(crate) fn from_builder(builder: HttpClientBuilder) -> Result<Self, BuildError> {
        Ok(Self {
            shared: Arc::new(builder),
        })
    }
}

impl HttpService for HttpClient {
    fn call(
        &self,
        request: http::Request<Body>,
        _deadline: Deadline,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            drop(request);
            Err(TransportError::new(
                TransportErrorKind::Connect,
                Reached::NotSent,
                "the client cannot dial yet",
            ))
        })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpClient").field(&self.shared).finish()
    }
}
