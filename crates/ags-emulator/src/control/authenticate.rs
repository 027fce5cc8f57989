//! Who calls, and whether it is really them.

use ags_sign::{
    Payload,
    verify::{Authorization, MAX_SKEW, ReceivedRequest, VerifyError, verify},
};
use http::{header::AUTHORIZATION, request::Parts};

use super::error::ApiError;
use crate::{clock::Moment, shared::Shared};

/// The service in the scope of a signature.
const SERVICE: &str = "ags";

/// Checks secret id, timestamp, signature and session token, with the codes that the service answers.
pub(super) fn check(
    shared: &Shared,
    host: &str,
    head: &Parts,
    payload: &[u8],
    now: Moment,
) -> Result<(), ApiError> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = header(AUTHORIZATION.as_str()).ok_or_else(|| {
        ApiError::new(
            "AuthFailure.InvalidAuthorization",
            "the request has no Authorization header",
        )
    })?;
    let authorization = Authorization::parse(authorization).map_err(|error| refused(&error))?;
    if authorization.secret_id() != shared.credential.secret_id() {
        return Err(refused(&VerifyError::SecretId));
    }
    let timestamp = header("x-tc-timestamp").ok_or_else(|| ApiError::missing("X-TC-Timestamp"))?;
    let payload = match header("x-tc-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => Payload::Unsigned,
        _ => Payload::Bytes(payload),
    };
    let received = ReceivedRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        payload,
        timestamp,
        // HTTP/2 has the host in its authority.
        header: &|name| {
            if name == "host" {
                Some(host)
            } else {
                header(name)
            }
        },
    };
    let now = now
        .unix_millis()
        .div_euclid(1000)
        .saturating_add(shared.settings.behaviour.clock_skew);
    verify(
        &authorization,
        &received,
        &shared.credential,
        Some(SERVICE),
        now,
        MAX_SKEW,
    )
    .map_err(|error| refused(&error))?;
    match &shared.settings.session_token {
        Some(token) if header("x-tc-token") != Some(token.expose()) => Err(ApiError::new(
            "AuthFailure.TokenFailure",
            "the X-TC-Token is not valid",
        )),
        _ => Ok(()),
    }
}

fn refused(error: &VerifyError) -> ApiError {
    let code = match error {
        VerifyError::Malformed(_) => "AuthFailure.InvalidAuthorization",
        VerifyError::Timestamp => "InvalidParameter",
        VerifyError::Expired { .. } => "AuthFailure.SignatureExpire",
        VerifyError::SecretId => "AuthFailure.SecretIdNotFound",
        // Date, service, header, mismatch: whatever makes it another signature.
        _ => "AuthFailure.SignatureFailure",
    };
    ApiError::new(code, error.to_string())
}
