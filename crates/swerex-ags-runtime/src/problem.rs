//! Answers that are no success: how much of them is read, and what they mean for the call.

use std::time::Duration;

use ags_http::{Body, TransportError, body, date, retry::Fault};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, response::Parts};
use http_body_util::BodyExt as _;
use swerex_proto::{ExceptionBody, route};

use crate::{
    call::Connection,
    error::{Attempted, Error, Lost, Tried},
    gateway::{self, Meaning},
    request,
};

/// The largest exception that is read, in bytes.
pub(crate) const MAX_EXCEPTION: usize = 8 << 20;

/// So much is read of any other answer with an error status, in bytes: all that is made of it is a line.
pub(crate) const MAX_PROBLEM: usize = 64 << 10;

impl Connection {
    /// Reads an answer that is no success, as much of it as is of use.
    pub(crate) async fn read_problem(
        &self,
        name: &'static str,
        parts: &Parts,
        incoming: Body,
    ) -> Attempted {
        match read_problem(parts.status, incoming).await {
            Ok(bytes) => {
                self.problem_of(name, parts.status, &parts.headers, bytes)
                    .await
            }
            Err(error) => Attempted::transport(name, error),
        }
    }

    /// What an answer that is no success means for the call.
    pub(crate) async fn problem_of(
        &self,
        name: &'static str,
        status: StatusCode,
        headers: &HeaderMap,
        bytes: Bytes,
    ) -> Attempted {
        let through_gateway = self.tokens.is_some();
        let headers = headers.clone();
        request::off_worker(bytes.len(), move || {
            problem(name, status, &headers, &bytes, through_gateway)
        })
        .await
    }
}

/// Reads the body of an answer that is no success. Of a long one only the beginning is kept, unless it is an exception.
pub(crate) async fn read_problem(
    status: StatusCode,
    mut incoming: Body,
) -> Result<Bytes, TransportError> {
    if status.as_u16() == route::STATUS_EXCEPTION {
        return body::collect(incoming, MAX_EXCEPTION).await;
    }
    let mut bytes = BytesMut::new();
    while bytes.len() < MAX_PROBLEM
        && let Some(frame) = incoming.frame().await
    {
        if let Ok(data) = frame.map_err(body::into_transport)?.into_data() {
            let room = MAX_PROBLEM - bytes.len();
            bytes.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok(bytes.freeze())
}

/// What an answer that is no success means for the call.
fn problem(
    name: &'static str,
    status: StatusCode,
    headers: &HeaderMap,
    bytes: &[u8],
    through_gateway: bool,
) -> Attempted {
    if status.as_u16() == route::STATUS_EXCEPTION {
        let error = match request::parse::<ExceptionBody>(name, status, bytes) {
            Ok(body) => Error::Remote(body.swerexception),
            Err(strange) => strange,
        };
        return Attempted::finally(error);
    }
    // A date means nothing without the peer's own.
    let retry_after = date::retry_after(headers, date::date(headers).unwrap_or(u64::MAX));
    match gateway::meaning(status, headers, bytes, through_gateway) {
        Meaning::Refused(message) => Attempted::finally(Error::Refused {
            call: name,
            status,
            message,
            tried: Tried::default(),
        }),
        Meaning::WrongKey(message) => {
            let message = format!("the server wants another key: {message}");
            Attempted::finally(Error::Unauthorized {
                call: name,
                message,
            })
        }
        Meaning::WrongToken(message) => {
            let message = format!("the gateway refused the token, also a new one: {message}");
            Attempted::finally(Error::Unauthorized {
                call: name,
                message,
            })
        }
        Meaning::Expired(message) => Attempted::finally(Error::EnvironmentExpired {
            call: name,
            message,
        }),
        Meaning::Later => {
            let error = Error::Refused {
                call: name,
                status,
                message: later(status, retry_after),
                tried: Tried::default(),
            };
            Attempted {
                error,
                fault: Fault::Refused,
                retry_after,
            }
        }
        Meaning::Lost => {
            let error = Error::UnknownOutcome {
                call: name,
                source: Lost::Gateway(status),
                tried: Tried::default(),
            };
            Attempted {
                error,
                fault: Fault::Unknown,
                retry_after,
            }
        }
        Meaning::Strange(evidence) => Attempted::finally(Error::Reply {
            call: name,
            status,
            evidence,
        }),
    }
}

/// Why a call was not carried out for now.
fn later(status: StatusCode, retry_after: Option<Duration>) -> String {
    let what = match status {
        StatusCode::TOO_MANY_REQUESTS => "too many requests",
        _ => "not ready",
    };
    match retry_after {
        Some(wait) => format!("{what}, to be asked again after {} s", wait.as_secs()),
        None => what.to_owned(),
    }
}
