//! The data plane: requests for `{port}-{instance}.{domain}`, checked and handed to what the instance runs.

mod access;
mod answer;
mod forward;
mod host;
mod limit;
mod upgrade;

use std::sync::{Arc, atomic::Ordering};

use ags_api::model::InstanceStatus;
use ags_http::Body;
use http::{Request, StatusCode, header::CONTENT_LENGTH};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use self::answer::failure;
pub(crate) use self::{
    answer::{malformed_host, scripted, truncated},
    host::{Route, route},
};
use crate::{
    behaviour::PausedAnswers,
    fault::{Call, Effect, Happening},
    incident,
    instance::{Upstream, is_reachable},
    listener::{Connection, Outcome},
    shared::Shared,
    state::is_final,
};

/// The header that carries the token.
pub(crate) const ACCESS_TOKEN: &str = "x-access-token";
/// `Retry-After` of a paused instance, in seconds.
const PAUSED_RETRY_AFTER: u32 = 2;

/// Answers one request for `port` of `instance`.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    connection: &Arc<Connection>,
    port: u16,
    instance: &str,
    request: Request<Incoming>,
) -> Outcome {
    shared.calls.through_gateway.fetch_add(1, Ordering::Relaxed);
    let fault = shared.faults.draw(Call::Path(request.uri().path()));
    let token = request
        .headers()
        .get(ACCESS_TOKEN)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    match fault.as_ref().and_then(Happening::before) {
        None | Some(Effect::Truncate(_)) => {}
        Some(Effect::StaleToken) => {
            if let Some(token) = &token {
                shared.state().tokens.revoke(token);
            }
        }
        Some(Effect::ExpiredInstance) => incident::expire(shared, instance),
        Some(Effect::InstanceDies) => {
            incident::kill(shared, instance);
            shared.left(instance, &InstanceStatus::RUNNING).await;
        }
        Some(Effect::Delay(span)) => shared.clock.sleep(*span).await,
        Some(effect) => return scripted(shared, effect),
    }
    let upstream = match admit(shared, port, instance, token.as_deref()).await {
        Ok(upstream) => upstream,
        Err(refusal) => return Outcome::Answer(refusal),
    };
    if let Some(limit) = shared.settings.behaviour.body_limit
        && announced(&request).is_some_and(|length| length > limit)
    {
        return Outcome::Answer(failure(
            shared,
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large",
            None,
        ));
    }
    let answer = forward::forward(shared, connection, &upstream, port, request).await;
    let Some(fault) = fault else {
        return Outcome::Answer(answer);
    };
    if let Effect::Truncate(keep) = fault.effect {
        return Outcome::Answer(truncated(answer, keep).await);
    }
    match fault.after() {
        None => Outcome::Answer(answer),
        Some(effect) => {
            // Carried out means that the server has said all it has to say.
            let answer = drained(answer).await;
            match effect {
                Effect::Delay(span) => {
                    shared.clock.sleep(*span).await;
                    Outcome::Answer(answer)
                }
                Effect::InstanceDies => {
                    incident::kill(shared, instance);
                    Outcome::Answer(answer)
                }
                effect => scripted(shared, effect),
            }
        }
    }
}

/// Where to send the request, or why it is refused: by the instance first, then by the token, then by the status.
async fn admit(
    shared: &Arc<Shared>,
    port: u16,
    instance: &str,
    token: Option<&str>,
) -> Result<Upstream, http::Response<Body>> {
    let mut resumes = true;
    loop {
        let (status, upstream) = {
            let state = shared.state();
            let Some(found) = state
                .instance(instance)
                .filter(|found| !is_gone(&found.status))
            else {
                return Err(failure(
                    shared,
                    StatusCode::NOT_FOUND,
                    &format!("the sandbox instance {instance} is not found"),
                    None,
                ));
            };
            let now = shared.clock.now();
            access::check(
                &state.tokens,
                found,
                port,
                token,
                shared.settings.behaviour.port_token,
                now,
            )
            .map_err(|why| failure(shared, StatusCode::UNAUTHORIZED, why, None))?;
            (found.status.clone(), found.live.upstream.clone())
        };
        if is_reachable(&status) {
            return Ok(upstream);
        }
        let is_paused = [
            InstanceStatus::PAUSED,
            InstanceStatus::PAUSING,
            InstanceStatus::RESUMING,
        ]
        .contains(&status);
        match shared.settings.behaviour.paused_answers {
            PausedAnswers::Resumes if is_paused && resumes => {
                resumes = status == InstanceStatus::PAUSING;
                resume(shared, instance).await;
            }
            PausedAnswers::Unavailable if is_paused => {
                return Err(failure(
                    shared,
                    StatusCode::SERVICE_UNAVAILABLE,
                    &format!("the sandbox instance {instance} is {status}"),
                    Some(PAUSED_RETRY_AFTER),
                ));
            }
            _ => {
                return Err(failure(
                    shared,
                    StatusCode::NOT_FOUND,
                    &format!("the sandbox instance {instance} is {status}"),
                    None,
                ));
            }
        }
    }
}

/// Whether an instance of this status is as good as none.
fn is_gone(status: &InstanceStatus) -> bool {
    is_final(status) || *status == InstanceStatus::STOPPING
}

/// Resumes a paused instance and waits until it runs or will not.
async fn resume(shared: &Shared, id: &str) {
    shared.left(id, &InstanceStatus::PAUSING).await;
    let now = shared.clock.now();
    if let Some(instance) = shared.state().instance_mut(id)
        && instance.status == InstanceStatus::PAUSED
    {
        instance.goes_to(InstanceStatus::RESUMING, now);
    }
    shared.tell();
    shared.left(id, &InstanceStatus::RESUMING).await;
}

fn announced(request: &Request<Incoming>) -> Option<u64> {
    request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// `answer` once its body has arrived. A body beyond the limit is dropped from there on.
async fn drained(answer: http::Response<Body>) -> http::Response<Body> {
    const KEPT: usize = 64 * 1024 * 1024;
    let (head, mut body) = answer.into_parts();
    let mut kept = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data()
            && kept.len() + data.len() <= KEPT
        {
            kept.extend_from_slice(&data);
        }
    }
    http::Response::from_parts(head, ags_http::body::full(kept))
}
