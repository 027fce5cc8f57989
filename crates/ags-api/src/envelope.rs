//! Requests written and replies read without I/O.

use std::borrow::Cow;

use ags_http::text::clean;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{action::Idempotence, answer::Answer, code::ErrorCode, description, error::Phase};

/// Version of the API, the value of `X-TC-Version`.
pub const API_VERSION: &str = "2025-09-20";

/// Content type of requests, exactly as it is signed and sent.
pub const CONTENT_TYPE: &str = "application/json";

/// Largest request that the service takes: 10 MiB.
pub const MAX_REQUEST: usize = 10 * 1024 * 1024;

/// Largest reply that the client reads: 32 MiB.
pub const MAX_REPLY: usize = 32 * 1024 * 1024;

/// How many bytes of an answer that is not the API's are kept in the error.
const MAX_EVIDENCE: usize = 512;

/// How many characters of a message are kept in the error.
const MAX_MESSAGE: usize = 2000;

/// Member by which the service recognises a repeat.
const CLIENT_TOKEN: &str = "ClientToken";

/// Headers in which gateways put an id, for answers that have none inside.
const REQUEST_ID_HEADERS: [HeaderName; 2] = [
    HeaderName::from_static("x-tc-requestid"),
    HeaderName::from_static("x-request-id"),
];

/// Writes the body of a request.
///
/// With [`Idempotence::SameId`] an absent or empty `ClientToken` is filled with `token()`, so that every
/// attempt that sends these bytes is recognised as the same.
///
/// # Errors
/// [`Phase::Invalid`] if the request is not a JSON object or is larger than [`MAX_REQUEST`].
pub fn encode(
    request: &impl Serialize,
    idempotence: Idempotence,
    token: impl FnOnce() -> String,
) -> Result<Bytes, Phase> {
    let invalid = |problem: String| Phase::Invalid { problem };
    let value = serde_json::to_value(request)
        .map_err(|error| invalid(format!("it is not JSON: {error}")))?;
    let Value::Object(mut members) = value else {
        return Err(invalid("its parameters are not a JSON object".to_owned()));
    };
    let has_token = members
        .get(CLIENT_TOKEN)
        .is_some_and(|token| !matches!(token, Value::Null) && token != "");
    if idempotence == Idempotence::SameId && !has_token {
        members.insert(CLIENT_TOKEN.to_owned(), Value::String(token()));
    }
    let body = Value::Object(members).to_string();
    if body.len() > MAX_REQUEST {
        return Err(invalid(format!(
            "its {} bytes are more than the {MAX_REQUEST} that the service takes",
            body.len()
        )));
    }
    Ok(Bytes::from(body))
}

/// Reads an answer: `Response.Error` before anything else, whatever the HTTP status.
///
/// # Errors
/// [`Phase::Service`] if the service refused, [`Phase::Reply`] if the answer is not the API's.
pub fn decode<T: DeserializeOwned>(
    action: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer<T>, Phase> {
    let wrong = |problem: String, request_id: Option<String>, cut: bool| Phase::Reply {
        status: status.as_u16(),
        problem,
        evidence: evidence(action, body),
        request_id: request_id.or_else(|| header_id(headers)),
        unknown_outcome: cut || is_overload(status),
    };
    let mut envelope: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        // Nothing at all in a success is a cut answer too.
        let cut = error.is_eof() && status.is_success();
        wrong(
            if cut {
                "it ends too early"
            } else {
                "it is not a JSON object"
            }
            .to_owned(),
            None,
            cut,
        )
    })?;
    let Some(Value::Object(response)) = envelope.remove("Response") else {
        return Err(wrong("it has no `Response`".to_owned(), None, false));
    };
    let request_id = response
        .get("RequestId")
        .and_then(Value::as_str)
        .map(|id| clean(id, MAX_EVIDENCE));
    if let Some(error) = response.get("Error").filter(|error| !error.is_null()) {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        return Err(Phase::Service {
            code: ErrorCode::new(clean(text("Code"), MAX_MESSAGE)),
            message: clean(text("Message"), MAX_MESSAGE),
            request_id: request_id.or_else(|| header_id(headers)),
        });
    }
    if !status.is_success() {
        return Err(wrong(
            "it has no `Response.Error`".to_owned(),
            request_id,
            false,
        ));
    }
    let reply = serde_json::from_value(Value::Object(response)).map_err(|error| {
        wrong(
            format!("its members are not as described{}", at(action, &error)),
            request_id.clone(),
            false,
        )
    })?;
    Ok(Answer::new(
        request_id
            .or_else(|| header_id(headers))
            .unwrap_or_default(),
        reply,
    ))
}

/// Whether an answer of this status says nothing about whether the request was carried out.
fn is_overload(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

fn header_id(headers: &HeaderMap) -> Option<String> {
    REQUEST_ID_HEADERS
        .iter()
        .find_map(|name| headers.get(name)?.to_str().ok())
        .map(|id| clean(id, MAX_EVIDENCE))
        .filter(|id| !id.is_empty())
}

/// The beginning of `body`, unless it may hold a secret.
fn evidence(action: &str, body: &[u8]) -> String {
    if body.is_empty() {
        return "an empty body".to_owned();
    }
    let text = String::from_utf8_lossy(body.get(..MAX_EVIDENCE).unwrap_or(body));
    if looks_like_json(&text) && may_hold_secret(action) {
        return format!(
            "{} bytes, not shown because they may hold a secret",
            body.len()
        );
    }
    let more = if body.len() > MAX_EVIDENCE { "…" } else { "" };
    format!("`{}`{more}", clean(&text, MAX_EVIDENCE))
}

/// What serde says, which may quote a value.
fn at(action: &str, error: &serde_json::Error) -> Cow<'static, str> {
    if may_hold_secret(action) {
        Cow::Borrowed("")
    } else {
        Cow::Owned(format!(": {}", clean(&error.to_string(), MAX_EVIDENCE)))
    }
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with(['{', '[', '"'])
}

/// Whether a reply to `action` can hold a secret; an unknown one can.
fn may_hold_secret(action: &str) -> bool {
    description::action(action).is_none_or(|info| description::holds_secret(info.output))
}
