//! The actions of keys for the E2B-compatible API (which the emulator does not have).

use ags_api::{
    Secret,
    model::{
        APIKeyInfo, APIKeyStatus, CreateAPIKeyRequest, CreateAPIKeyResponse, DeleteAPIKeyRequest,
        DeleteAPIKeyResponse, DescribeAPIKeyListRequest, DescribeAPIKeyListResponse,
    },
};

use super::{check, error::ApiError, time};
use crate::{shared::Shared, state::secret};

pub(super) fn create(
    shared: &Shared,
    request: CreateAPIKeyRequest,
) -> Result<CreateAPIKeyResponse, ApiError> {
    let mut state = shared.state();
    let (current, max) = (state.api_keys.len(), shared.settings.quotas.api_keys);
    check::room("LimitExceeded.APIKeyQuota", "API key", current, max)?;
    let key = secret("ark_");
    let info = APIKeyInfo {
        name: request.name.clone(),
        key_id: Some(state.ids.api_key()),
        status: Some(APIKeyStatus::ACTIVE),
        masked_key: Some(format!("{}****", &key[..8])),
        created_at: Some(time::shown(shared.clock.now())),
        ..APIKeyInfo::default()
    };
    let sequence = state.ids.sequence();
    let reply = CreateAPIKeyResponse {
        name: request.name,
        api_key: Some(Secret::new(key)),
        key_id: info.key_id.clone(),
        ..CreateAPIKeyResponse::default()
    };
    state.api_keys.insert(sequence, info);
    Ok(reply)
}

pub(super) fn list(
    shared: &Shared,
    _: &DescribeAPIKeyListRequest,
) -> Result<DescribeAPIKeyListResponse, ApiError> {
    let state = shared.state();
    Ok(DescribeAPIKeyListResponse {
        total_count: i64::try_from(state.api_keys.len()).ok(),
        api_key_set: Some(state.api_keys.values().rev().cloned().collect()),
        ..DescribeAPIKeyListResponse::default()
    })
}

pub(super) fn delete(
    shared: &Shared,
    request: DeleteAPIKeyRequest,
) -> Result<DeleteAPIKeyResponse, ApiError> {
    let mut state = shared.state();
    let before = state.api_keys.len();
    state.api_keys.retain(|_, key| key.key_id != request.key_id);
    if state.api_keys.len() == before {
        return Err(ApiError::new(
            "ResourceNotFound",
            format!("API key {} not found", request.key_id.unwrap_or_default()),
        ));
    }
    Ok(DeleteAPIKeyResponse::default())
}
