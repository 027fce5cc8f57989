//! `ClientToken`: the same one stands for the same request.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;

use super::error::ApiError;
use crate::{
    behaviour::ReusedClientToken,
    shared::Shared,
    state::{State, UsedClientToken},
};

/// A request's `ClientToken`, to be looked up and then noted.
pub(super) struct ClientToken {
    action: &'static str,
    /// None when the request has none.
    token: Option<String>,
    fingerprint: u64,
}

impl ClientToken {
    /// `request` is the whole request, the token included.
    pub(super) fn of(action: &'static str, token: Option<&str>, request: &impl Serialize) -> Self {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(request)
            .unwrap_or_default()
            .hash(&mut hasher);
        Self {
            action,
            token: token.filter(|token| !token.is_empty()).map(str::to_owned),
            fingerprint: hasher.finish(),
        }
    }

    /// What an earlier request with this token made.
    pub(super) fn used(&self, shared: &Shared, state: &State) -> Result<Option<String>, ApiError> {
        let Some(token) = &self.token else {
            return Ok(None);
        };
        let Some(used) = state.client_tokens.get(&(self.action, token.clone())) else {
            return Ok(None);
        };
        let other = used.fingerprint != self.fingerprint;
        if other && shared.settings.behaviour.reused_client_token == ReusedClientToken::Refused {
            return Err(ApiError::new(
                "FailedOperation.DuplicateRequest",
                "ClientToken was used for a request with other parameters",
            ));
        }
        Ok(Some(used.resource.clone()))
    }

    /// Notes that it made `resource`.
    pub(super) fn note(self, state: &mut State, resource: &str) {
        if let Some(token) = self.token {
            state.client_tokens.insert(
                (self.action, token),
                UsedClientToken {
                    resource: resource.to_owned(),
                    fingerprint: self.fingerprint,
                },
            );
        }
    }
}
