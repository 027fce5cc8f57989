//! The answer around every reply and every error.

use ags_http::{Body, body};
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, DATE},
};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use serde_json::{Value, json};

use super::error::ApiError;
use crate::shared::Shared;

/// `reply` and the request id.
pub(super) fn replied(shared: &Shared, mut reply: Value, request_id: &str) -> Response<Body> {
    if let Value::Object(members) = &mut reply {
        members.insert("RequestId".to_owned(), Value::String(request_id.to_owned()));
    }
    respond(shared, &json!({ "Response": reply }))
}

/// `error` and the request id; the status is 200 all the same.
pub(super) fn refused(shared: &Shared, error: &ApiError, request_id: &str) -> Response<Body> {
    tracing::debug!(code = %error.code, message = %error.message, %request_id, "a call is refused");
    respond(
        shared,
        &json!({ "Response": { "Error": { "Code": error.code, "Message": error.message }, "RequestId": request_id } }),
    )
}

fn respond(shared: &Shared, envelope: &Value) -> Response<Body> {
    let mut response = Response::new(body::full(envelope.to_string()));
    *response.status_mut() = StatusCode::OK;
    // Exactly this: the vendor's Python SDK looks for errors only under it, without a charset.
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    date(shared, &mut response);
    response
}

/// The service's own clock, which a client corrects its own from. Without a skew the server writes the same.
pub(crate) fn date(shared: &Shared, response: &mut Response<Body>) {
    let skew = shared.settings.behaviour.clock_skew;
    if skew == 0 {
        return;
    }
    let now = Timestamp::now().saturating_add(SignedDuration::from_secs(skew));
    let text = now.ok().and_then(|now| {
        rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&now)
            .ok()
    });
    if let Some(date) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(DATE, date);
    }
}
