//! Doubles of the network, named by what they do. For tests of the layers above (feature `testing`).

mod never;
mod recorder;
mod replay;

pub use never::Never;
pub use recorder::{Recorded, Recorder};
pub use replay::{Replay, Step};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::{Body, Reached, TransportError, TransportErrorKind, body};

/// An answer with `status` and a JSON text, of the content type that the API sends.
///
/// # Panics
/// If `status` is not between 100 and 999.
pub fn json(status: u16, text: impl Into<Bytes>) -> Response<Body> {
    let mut answer = plain(status, text);
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}

/// An answer with `status` and a body, without a content type.
///
/// # Panics
/// If `status` is not between 100 and 999.
#[expect(
    clippy::expect_used,
    reason = "a double of tests says where the script is wrong"
)]
pub fn plain(status: u16, text: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::new(body::full(text));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status between 100 and 999");
    answer
}

/// A failure of `kind` after the request got as far as `reached`.
pub fn failure(kind: TransportErrorKind, reached: Reached) -> TransportError {
    TransportError::new(
        kind,
        reached,
        format!("scripted failure: {}", kind.as_str()),
    )
}

#[cfg(test)]
mod tests;
