//! The control plane: signed actions of API 3.0 on `/`.

mod api_key;
mod authenticate;
mod check;
mod client_token;
pub(crate) mod configuration;
mod dispatch;
mod envelope;
mod error;
mod image_cache;
mod instance;
mod instance_list;
mod page;
mod quota;
mod snapshot;
pub(crate) mod time;
mod token;
mod tool;
mod trouble;

use std::sync::{Arc, atomic::Ordering};

use ags_api::description::{self, ActionInfo, Problem};
use ags_http::body;
use http::{Method, Request, header::CONTENT_TYPE};
use hyper::body::Incoming;
use serde_json::Value;
use uuid::Uuid;

pub use self::dispatch::CARRIED_OUT;
use self::error::ApiError;
pub(crate) use self::{envelope::date, tool::fail as fail_tool};
use crate::{clock::wall_clock, fault::Call, listener::Outcome, shared::Shared};

/// The version of the API that is emulated.
const VERSION: &str = "2025-09-20";
/// The service's limit for a body.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// A request that is known to be genuine and well-formed.
#[derive(Debug)]
struct Genuine {
    action: &'static ActionInfo,
    params: Value,
}

/// Answers one request of the control plane.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    host: &str,
    request: Request<Incoming>,
) -> Outcome {
    let request_id = Uuid::new_v4().to_string();
    let received = receive(shared, host, request).await;
    let outcome = match received {
        Ok(genuine) => {
            let fault = shared.faults.draw(Call::Action(genuine.action.name));
            trouble::carry_out(shared, genuine, fault.as_ref(), &request_id).await
        }
        Err(error) => Outcome::Answer(envelope::refused(shared, &error, &request_id)),
    };
    tracing::debug!(%request_id, outcome = ?outcome_name(&outcome), "a call was answered");
    outcome
}

/// Authenticates, counts and decodes.
async fn receive(
    shared: &Shared,
    host: &str,
    request: Request<Incoming>,
) -> Result<Genuine, ApiError> {
    let (head, incoming) = request.into_parts();
    if head.uri.path() != "/" {
        return Err(ApiError::new(
            "InvalidParameter",
            format!("the path of an API call is /, not {}", head.uri.path()),
        ));
    }
    if head.method != Method::POST {
        return Err(ApiError::new(
            "UnsupportedProtocol",
            "the emulator takes POST with a JSON body",
        ));
    }
    let header = |name: &str| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .filter(|value| !value.is_empty())
    };
    let content_type = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ApiError::new(
            "UnsupportedProtocol",
            format!("the content type is {content_type:?}; TC3 takes application/json"),
        ));
    }
    let name = header("x-tc-action").ok_or_else(|| ApiError::missing("X-TC-Action"))?;
    let body = ags_http::Body::new(http_body_util::BodyExt::map_err(incoming, Into::into));
    let payload = body::collect(body, MAX_BODY).await.map_err(|error| {
        ApiError::new(
            "InvalidParameter",
            format!("the body cannot be read (at most {MAX_BODY} bytes): {error}"),
        )
    })?;
    authenticate::check(shared, host, &head, &payload, wall_clock())?;
    match header("x-tc-version") {
        Some(VERSION) => {}
        Some(other) => {
            return Err(ApiError::new(
                "NoSuchVersion",
                format!("there is no version {other}; this is {VERSION}"),
            ));
        }
        None => return Err(ApiError::missing("X-TC-Version")),
    }
    let action = description::action(name).ok_or_else(|| {
        ApiError::new(
            "InvalidAction",
            format!("there is no action {name} in version {VERSION}"),
        )
    })?;
    check::region(action, header("x-tc-region"), &shared.settings.regions)?;
    shared.calls.count(action.name);
    if !shared.limiter.admit(action, shared.clock.now()) {
        shared.calls.throttled.fetch_add(1, Ordering::Relaxed);
        let limit = action.rate_limit_per_second.unwrap_or_default();
        return Err(ApiError::new(
            "RequestLimitExceeded",
            format!(
                "Your current request times equals to `{limit}` in a second, which exceeds the frequency limit of `{limit}` of {name}."
            ),
        ));
    }
    let params: Value = if payload.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(&payload).map_err(|error| {
            ApiError::new("InvalidParameter", format!("the body is no JSON: {error}"))
        })?
    };
    well_formed(action, &params)?;
    Ok(Genuine { action, params })
}

fn well_formed(action: &ActionInfo, params: &Value) -> Result<(), ApiError> {
    match description::problems(action.input, params)
        .into_iter()
        .next()
    {
        None => Ok(()),
        Some(Problem::Missing(path)) => Err(ApiError::missing(&path)),
        Some(Problem::Unknown(path)) => Err(ApiError::new(
            "UnknownParameter",
            format!("The parameter `{path}` is not recognized."),
        )),
        Some(Problem::Mistyped(path)) => Err(ApiError::new(
            "InvalidParameter",
            format!("The value type of parameter `{path}` is not valid."),
        )),
        Some(_) => Err(ApiError::new(
            "InvalidParameter",
            "the request does not fit the description of the API",
        )),
    }
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Answer(_) => "answer",
        Outcome::Reset => "reset",
        Outcome::Hang => "hang",
    }
}
