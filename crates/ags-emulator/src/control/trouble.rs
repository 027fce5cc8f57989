//! Carrying a call out with the trouble that the script has for it.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Genuine,
    dispatch::{Twist, perform},
    envelope,
    error::ApiError,
};
use crate::{
    fault::{Effect, Happening},
    gateway::{scripted, truncated},
    incident,
    listener::Outcome,
    shared::Shared,
};

/// Carries `genuine` out; `fault` is what happens to it, if anything.
pub(super) async fn carry_out(
    shared: &Arc<Shared>,
    genuine: Genuine,
    fault: Option<&Happening>,
    request_id: &str,
) -> Outcome {
    let named = instance_of(&genuine.params);
    let mut twist = Twist::default();
    if let Some(effect) = fault.and_then(Happening::before) {
        match effect {
            Effect::ToolFails => twist.tool_fails = true,
            Effect::StaleToken => twist.token_is_stale = true,
            Effect::InstanceDies => match &named {
                Some(id) => incident::kill(shared, id),
                None => twist.instance_dies = true,
            },
            Effect::ExpiredInstance => {
                if let Some(id) = &named {
                    incident::expire(shared, id);
                }
            }
            Effect::Truncate(_) => {}
            Effect::Delay(span) => shared.clock.sleep(*span).await,
            effect => return instead(shared, effect, request_id),
        }
    }
    let done = perform(shared, genuine, twist).await;
    let started = done
        .as_ref()
        .ok()
        .and_then(|reply| instance_of(reply.get("Instance")?));
    let answer = match &done {
        Ok(reply) => envelope::replied(shared, reply.clone(), request_id),
        Err(error) => envelope::refused(shared, error, request_id),
    };
    if let (Some(Effect::ExpiredInstance), None, Some(id)) =
        (fault.map(|fault| &fault.effect), &named, &started)
    {
        incident::expire(shared, id);
    }
    if let Some(Effect::Truncate(keep)) = fault.map(|fault| &fault.effect) {
        return Outcome::Answer(truncated(answer, *keep).await);
    }
    match fault.and_then(Happening::after) {
        None => Outcome::Answer(answer),
        Some(Effect::Delay(span)) => {
            shared.clock.sleep(*span).await;
            Outcome::Answer(answer)
        }
        Some(Effect::InstanceDies) => {
            if let Some(id) = named.or(started) {
                incident::kill(shared, &id);
            }
            Outcome::Answer(answer)
        }
        Some(effect) => instead(shared, effect, request_id),
    }
}

/// What is answered in the place of a reply.
fn instead(shared: &Shared, effect: &Effect, request_id: &str) -> Outcome {
    match effect {
        Effect::Error(code) => {
            let error = ApiError::new(code.clone(), "an error of the fault script");
            Outcome::Answer(envelope::refused(shared, &error, request_id))
        }
        other => scripted(shared, other),
    }
}

fn instance_of(object: &Value) -> Option<String> {
    object.get("InstanceId")?.as_str().map(str::to_owned)
}
