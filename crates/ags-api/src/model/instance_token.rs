// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Tokens that open the data-plane gateway of one instance.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    secret::Secret,
    time::ApiTime,
};

/// Request of `AcquireSandboxInstanceToken`.
///
/// Issues a token for the data-plane gateway of one instance.
///
/// It may be repeated: a repeat issues one more token. Limit: 100 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `FailedOperation`, `InternalError`, `InvalidParameterValue`,
/// `UnauthorizedOperation`, `UnsupportedOperation`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132406>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AcquireSandboxInstanceTokenRequest {
    /// The instance.
    ///
    /// `InstanceId`: string, required.
    pub instance_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for AcquireSandboxInstanceTokenRequest {
    const NAME: &'static str = "AcquireSandboxInstanceToken";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(100);
    type Reply = AcquireSandboxInstanceTokenResponse;
}

/// Reply of `AcquireSandboxInstanceToken`.
///
/// Secrets that open one instance's gateway.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AcquireSandboxInstanceTokenResponse {
    /// Value of the header `X-Access-Token`.
    ///
    /// `Token`: string, always in replies, secret.
    #[serde(serialize_with = "crate::secret::on_the_wire")]
    pub token: Option<Secret>,
    /// When the token stops working. Seen with `Z`, with an offset, and with 0, 3 or 9 fraction digits.
    ///
    /// `ExpiresAt`: string.
    pub expires_at: Option<ApiTime>,
    /// Another value for ports other than 49983; not always there.
    ///
    /// `TrafficToken`: string, secret.
    #[serde(serialize_with = "crate::secret::on_the_wire")]
    pub traffic_token: Option<Secret>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
