//! A peer that takes requests and never answers.

use http::{Request, Response};

use crate::{Body, BoxFuture, Deadline, HttpService, Reached, TransportError, TransportErrorKind};

/// Takes every request and answers none: each call ends at its deadline, never without one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Never;

impl HttpService for Never {
    fn call(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let _held = request;
            match deadline.instant() {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
            Err(TransportError::new(
                TransportErrorKind::Timeout,
                Reached::Unknown,
                "no answer within the deadline",
            ))
        })
    }
}
