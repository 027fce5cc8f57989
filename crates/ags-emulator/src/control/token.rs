//! The action that issues tokens for the gateway.

use ags_api::model::{
    AcquireSandboxInstanceTokenRequest, AcquireSandboxInstanceTokenResponse, InstanceStatus,
};
use serde_json::Value;

use super::{error::ApiError, time};
use crate::{
    behaviour::{PortToken, SecondToken},
    shared::Shared,
    state::TokenKind,
};

/// Statuses in which a token is of use.
const USEFUL: [InstanceStatus; 4] = [
    InstanceStatus::RUNNING,
    InstanceStatus::PAUSING,
    InstanceStatus::PAUSED,
    InstanceStatus::RESUMING,
];

pub(super) fn acquire(
    shared: &Shared,
    request: AcquireSandboxInstanceTokenRequest,
    is_stale: bool,
) -> Result<AcquireSandboxInstanceTokenResponse, ApiError> {
    let id = request.instance_id.unwrap_or_default();
    let behaviour = &shared.settings.behaviour;
    let now = shared.clock.now();
    let mut state = shared.state();
    let instance = state
        .instance(&id)
        .ok_or_else(|| ApiError::no_instance(&id))?;
    if !USEFUL.contains(&instance.status) {
        return Err(ApiError::new(
            "UnsupportedOperation",
            format!("Sandbox instance {id} is {}", instance.status),
        ));
    }
    let expires = now.after(shared.settings.token_ttl);
    match behaviour.second_token {
        SecondToken::InvalidatesFirst => state.tokens.forget(&id),
        SecondToken::KeepsFirst => state.tokens.sweep(now),
    }
    let token = state.tokens.issue(&id, expires, TokenKind::Access);
    let traffic = (behaviour.port_token != PortToken::Token)
        .then(|| state.tokens.issue(&id, expires, TokenKind::Traffic));
    if is_stale {
        state.tokens.revoke(token.expose());
        if let Some(traffic) = &traffic {
            state.tokens.revoke(traffic.expose());
        }
    }
    let mut reply = AcquireSandboxInstanceTokenResponse {
        token: Some(token),
        expires_at: time::expiry(expires, behaviour.expires_at),
        traffic_token: traffic,
        ..AcquireSandboxInstanceTokenResponse::default()
    };
    if reply.expires_at.is_none() {
        reply.extra.insert("ExpiresAt".to_owned(), Value::Null);
    }
    Ok(reply)
}
