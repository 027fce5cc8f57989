//! The gateway's own answers, in the body that the switch asks for.

use std::time::Duration;

use ags_http::{Body, body};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::{
    behaviour::ErrorBodies, control::date, fault::Effect, listener::Outcome, shared::Shared,
};

/// How long the kept part of a truncated body has to leave before the body breaks off.
const HEAD_START: Duration = Duration::from_millis(50);

/// An answer that does not come from the instance.
pub(super) fn failure(
    shared: &Shared,
    status: StatusCode,
    message: &str,
    retry_after: Option<u32>,
) -> Response<Body> {
    let (content_type, text) = match shared.settings.behaviour.error_bodies {
        ErrorBodies::Json => (
            "application/json",
            json!({ "code": status.as_u16(), "message": message }).to_string(),
        ),
        ErrorBodies::Html => {
            let title = status.to_string();
            (
                "text/html",
                format!(
                    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
                ),
            )
        }
        ErrorBodies::Empty => ("", String::new()),
    };
    let mut response = Response::new(body::full(text));
    *response.status_mut() = status;
    if !content_type.is_empty() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    date(shared, &mut response);
    response
}

/// What the fault script puts in the place of an answer.
pub(crate) fn scripted(shared: &Shared, effect: &Effect) -> Outcome {
    match effect {
        Effect::Status {
            status,
            retry_after,
        } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            Outcome::Answer(failure(
                shared,
                status,
                "an answer of the fault script",
                *retry_after,
            ))
        }
        Effect::Reset => Outcome::Reset,
        // Of the others only a hang has no answer of its own.
        _ => Outcome::Hang,
    }
}

/// For a host below the domain that names no instance.
pub(crate) fn malformed_host(shared: &Shared, host: &str) -> Response<Body> {
    failure(
        shared,
        StatusCode::BAD_REQUEST,
        &format!("invalid host format: {host}"),
        None,
    )
}

/// `answer` with its length announced, of which only `keep` bytes come.
pub(crate) async fn truncated(answer: Response<Body>, keep: usize) -> Response<Body> {
    let (mut head, mut body) = answer.into_parts();
    let mut kept = Vec::new();
    while kept.len() <= keep
        && let Some(Ok(frame)) = body.frame().await
    {
        kept.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    let whole = kept.len();
    kept.truncate(keep);
    if !head.headers.contains_key(CONTENT_LENGTH) {
        head.headers
            .insert(CONTENT_LENGTH, HeaderValue::from(whole.max(keep + 1)));
    }
    // An HTTP/2 stream that breaks off takes what is still queued with it, so the kept bytes get a head start.
    let kept = stream::once(async move { Ok(Bytes::from(kept)) });
    let broken = stream::once(async {
        tokio::time::sleep(HEAD_START).await;
        Err("the fault script breaks the body off".into())
    });
    Response::from_parts(head, body::stream(kept.chain(broken)))
}
