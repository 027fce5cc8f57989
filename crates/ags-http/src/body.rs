//! Bodies of requests and answers: streamed, with a limit wherever one is gathered.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};

use crate::{Reached, TransportError, TransportErrorKind};

/// Why a body broke off. In an answer it is a [`TransportError`]; in a request, whatever its source gave.
pub type BodyError = Box<dyn Error + Send + Sync>;

/// The body of a request or of an answer.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// A body of no bytes.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is at hand; its length is sent as `Content-Length`.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body of unknown length, sent piece by piece as `chunks` yields (chunked in HTTP/1.1).
///
/// An error of the stream aborts the request with [`TransportErrorKind::Body`].
pub fn stream<S>(chunks: S) -> Body
where
    S: Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
{
    StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

/// As [`stream()`], with every chunk at hand.
pub fn chunks(chunks: impl IntoIterator<Item = Bytes, IntoIter: Send + 'static>) -> Body {
    stream(stream::iter(chunks.into_iter().map(Ok)))
}

/// Gathers a body of at most `limit` bytes.
///
/// # Errors
/// [`TransportErrorKind::TooLarge`] as soon as more than `limit` bytes are announced or have arrived, or what broke
/// the body off. All of them are [`Reached::Unknown`].
pub async fn collect(mut body: Body, limit: usize) -> Result<Bytes, TransportError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    let mut first: Option<Bytes> = None;
    let mut rest: Option<BytesMut> = None;
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(into_transport)?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > limit {
            return Err(too_large(limit));
        }
        // Most answers are one frame: it is handed on without a copy.
        match (&mut rest, first.take()) {
            (Some(buffer), _) => buffer.extend_from_slice(&data),
            (None, None) => first = Some(data),
            (None, Some(head)) => {
                let room = usize::try_from(announced).unwrap_or(limit).max(length);
                let mut buffer = BytesMut::with_capacity(room.min(limit));
                buffer.extend_from_slice(&head);
                buffer.extend_from_slice(&data);
                rest = Some(buffer);
            }
        }
    }
    Ok(match rest {
        Some(buffer) => buffer.freeze(),
        None => first.unwrap_or_default(),
    })
}

/// What broke a body off, as an error of the transport.
pub fn into_transport(error: BodyError) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(transport) => *transport,
        Err(other) => TransportError::new(
            TransportErrorKind::Body,
            Reached::Unknown,
            "the body broke off",
        )
        .with_source(other),
    }
}

fn too_large(limit: usize) -> TransportError {
    TransportError::new(
        TransportErrorKind::TooLarge,
        Reached::Unknown,
        format!("the answer is larger than the limit of {limit} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn gathers_up_to_the_limit() {
        let pieces = || [Bytes::from_static(b"ab"), Bytes::from_static(b"cd")];
        assert_eq!(collect(chunks(pieces()), 4).await.unwrap(), "abcd");
        assert_eq!(
            collect(chunks(pieces()), 3).await.unwrap_err().kind(),
            TransportErrorKind::TooLarge
        );
        assert_eq!(collect(full("abcd"), 4).await.unwrap(), "abcd");
        assert_eq!(
            collect(full("abcd"), 3).await.unwrap_err().kind(),
            TransportErrorKind::TooLarge
        );
        assert_eq!(collect(empty(), 0).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_broken_stream_keeps_its_cause() {
        let broken = stream(stream::iter([
            Ok(Bytes::from_static(b"x")),
            Err("the disk is gone".into()),
        ]));
        let error = collect(broken, 9).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Body);
        let cause = Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "the disk is gone");
    }
}
