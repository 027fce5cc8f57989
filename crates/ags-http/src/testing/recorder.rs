//! A peer that answers from a function and remembers what it was asked.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::BodyExt;

use crate::{Body, BoxFuture, Deadline, HttpService, TransportError, body};

/// A request as it was received, its body gathered.
#[derive(Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its method.
    pub method: Method,
    /// Its absolute URI.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl Recorded {
    /// A header's value as text, empty if it is missing or not text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as text, with replacements where it is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("headers", &self.headers)
            .field("body", &self.text())
            .finish()
    }
}

type Answer = dyn Fn(&Recorded) -> Result<Response<Body>, TransportError> + Send + Sync;

/// Answers every request from a function, and remembers the requests. Clones share what is remembered.
#[derive(Clone)]
pub struct Recorder {
    answer: Arc<Answer>,
    requests: Arc<Mutex<Vec<Recorded>>>,
    forgotten: Arc<Mutex<Vec<Uri>>>,
}

impl Recorder {
    /// Answers with what `answer` gives for the request.
    pub fn new(
        answer: impl Fn(&Recorded) -> Result<Response<Body>, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            requests: Arc::default(),
            forgotten: Arc::default(),
        }
    }

    /// The requests so far, in the order in which they were received.
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().clone()
    }

    /// How many requests there were so far.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The origins that were told to be [forgotten](HttpService::forget), in that order.
    pub fn forgotten(&self) -> Vec<Uri> {
        let forgotten = self.forgotten.lock();
        forgotten.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpService for Recorder {
    fn call(
        &self,
        request: Request<Body>,
        _deadline: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let recorded = record(request).await?;
            self.lock().push(recorded.clone());
            (self.answer)(&recorded)
        })
    }

    fn forget(&self, origin: &Uri) {
        let mut forgotten = self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        forgotten.push(origin.clone());
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("requests", &self.count())
            .finish()
    }
}

/// Gathers the request's body, however large.
pub(super) async fn record(request: Request<Body>) -> Result<Recorded, TransportError> {
    let (parts, sent) = request.into_parts();
    let gathered = sent.collect().await.map_err(body::into_transport)?;
    Ok(Recorded {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body: gathered.to_bytes(),
    })
}
