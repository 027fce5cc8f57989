// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Keys of the E2B-compatible API.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    secret::Secret,
    time::ApiTime,
};

/// Request of `CreateAPIKey`.
///
/// Creates a key for the E2B-compatible API; the key itself is shown only in this answer.
///
/// It is not repeated after an unknown outcome: a repeat makes a second key. Limit: 20 calls a second
/// ([rate limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `FailedOperation`, `InternalError`, `InvalidParameterValue`,
/// `LimitExceeded.APIKeyQuota`, `UnsupportedOperation`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateAPIKeyRequest {
    /// `Name`: string.
    pub name: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateAPIKeyRequest {
    const NAME: &'static str = "CreateAPIKey";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = CreateAPIKeyResponse;
}

/// Reply of `CreateAPIKey`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateAPIKeyResponse {
    /// `Name`: string.
    pub name: Option<String>,
    /// `APIKey`: string, always in replies, secret.
    #[serde(rename = "APIKey", serialize_with = "crate::secret::on_the_wire")]
    pub api_key: Option<Secret>,
    /// `KeyId`: string, always in replies.
    pub key_id: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeAPIKeyList`.
///
/// Lists the keys, each masked.
///
/// It may be repeated: it only reads. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeAPIKeyListRequest {
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeAPIKeyListRequest {
    const NAME: &'static str = "DescribeAPIKeyList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = DescribeAPIKeyListResponse;
}

/// Reply of `DescribeAPIKeyList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeAPIKeyListResponse {
    /// `APIKeySet`: list of APIKeyInfo, always in replies.
    #[serde(rename = "APIKeySet")]
    pub api_key_set: Option<Vec<APIKeyInfo>>,
    /// `TotalCount`: int64, always in replies.
    pub total_count: Option<i64>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeleteAPIKey`.
///
/// Deletes a key.
///
/// It may be repeated: a repeat finds it gone. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteAPIKeyRequest {
    /// `KeyId`: string, required.
    pub key_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteAPIKeyRequest {
    const NAME: &'static str = "DeleteAPIKey";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = DeleteAPIKeyResponse;
}

/// Reply of `DeleteAPIKey`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteAPIKeyResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `APIKeyInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct APIKeyInfo {
    /// `Name`: string.
    pub name: Option<String>,
    /// `KeyId`: string.
    pub key_id: Option<String>,
    /// `Status`: string. Known values: `API_KEY_STATUS_ACTIVE`, `API_KEY_STATUS_INACTIVE`.
    pub status: Option<APIKeyStatus>,
    /// `MaskedKey`: string.
    pub masked_key: Option<String>,
    /// `CreatedAt`: string.
    pub created_at: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Whether a key opens the E2B-compatible API.
    pub struct APIKeyStatus {
        ACTIVE = "API_KEY_STATUS_ACTIVE",
        INACTIVE = "API_KEY_STATUS_INACTIVE",
    }
}
