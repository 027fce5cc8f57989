// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Deployments: groups of instances that the service scales by itself.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::common::{Filter, Tag};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    secret::Secret,
    time::ApiTime,
};

/// Request of `CreateDeployment`.
///
/// Creates a deployment.
///
/// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
/// not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateDeploymentRequest {
    /// `DeploymentName`: string, required.
    pub deployment_name: Option<String>,
    /// `ToolId`: string.
    pub tool_id: Option<String>,
    /// `ScalingConfiguration`: object ScalingConfiguration.
    pub scaling_configuration: Option<ScalingConfiguration>,
    /// `LifecycleConfiguration`: object LifecycleConfiguration.
    pub lifecycle_configuration: Option<LifecycleConfiguration>,
    /// `AffinityConfiguration`: object AffinityConfiguration.
    pub affinity_configuration: Option<AffinityConfiguration>,
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateDeploymentRequest {
    const NAME: &'static str = "CreateDeployment";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = CreateDeploymentResponse;
}

/// Reply of `CreateDeployment`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateDeploymentResponse {
    /// `Deployment`: object Deployment, always in replies.
    pub deployment: Option<Deployment>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeDeployment`.
///
/// Describes one deployment.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeDeploymentRequest {
    /// `DeploymentId`: string, required.
    pub deployment_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeDeploymentRequest {
    const NAME: &'static str = "DescribeDeployment";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeDeploymentResponse;
}

/// Reply of `DescribeDeployment`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeDeploymentResponse {
    /// `Deployment`: object Deployment, always in replies.
    pub deployment: Option<Deployment>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeDeploymentList`.
///
/// Lists deployments.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeDeploymentListRequest {
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// `Filters`: list of Filter.
    pub filters: Option<Vec<Filter>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeDeploymentListRequest {
    const NAME: &'static str = "DescribeDeploymentList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeDeploymentListResponse;
}

/// Reply of `DescribeDeploymentList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeDeploymentListResponse {
    /// `DeploymentSet`: list of Deployment, always in replies.
    pub deployment_set: Option<Vec<Deployment>>,
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

/// Request of `ModifyDeployment`.
///
/// Changes a deployment's scaling, lifecycle or tags.
///
/// It may be repeated: a repeat writes the same values. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ModifyDeploymentRequest {
    /// `DeploymentId`: string, required.
    pub deployment_id: Option<String>,
    /// `ScalingConfiguration`: object ScalingConfiguration.
    pub scaling_configuration: Option<ScalingConfiguration>,
    /// `LifecycleConfiguration`: object LifecycleConfiguration.
    pub lifecycle_configuration: Option<LifecycleConfiguration>,
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for ModifyDeploymentRequest {
    const NAME: &'static str = "ModifyDeployment";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = ModifyDeploymentResponse;
}

/// Reply of `ModifyDeployment`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ModifyDeploymentResponse {
    /// `Deployment`: object Deployment, always in replies.
    pub deployment: Option<Deployment>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeleteDeployment`.
///
/// Deletes a deployment.
///
/// It may be repeated: a repeat finds it gone. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteDeploymentRequest {
    /// `DeploymentId`: string, required.
    pub deployment_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteDeploymentRequest {
    const NAME: &'static str = "DeleteDeployment";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DeleteDeploymentResponse;
}

/// Reply of `DeleteDeployment`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteDeploymentResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `AcquireDeploymentToken`.
///
/// Issues a token for a deployment's endpoint.
///
/// It may be repeated: a repeat issues one more token. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AcquireDeploymentTokenRequest {
    /// `DeploymentId`: string, required.
    pub deployment_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for AcquireDeploymentTokenRequest {
    const NAME: &'static str = "AcquireDeploymentToken";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = AcquireDeploymentTokenResponse;
}

/// Reply of `AcquireDeploymentToken`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AcquireDeploymentTokenResponse {
    /// `Token`: string, always in replies, secret.
    #[serde(serialize_with = "crate::secret::on_the_wire")]
    pub token: Option<Secret>,
    /// `ExpiresAt`: string, always in replies.
    pub expires_at: Option<ApiTime>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `Deployment`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Deployment {
    /// `DeploymentId`: string.
    pub deployment_id: Option<String>,
    /// `DeploymentName`: string.
    pub deployment_name: Option<String>,
    /// `ToolId`: string.
    pub tool_id: Option<String>,
    /// `ScalingConfiguration`: object ScalingConfiguration.
    pub scaling_configuration: Option<ScalingConfiguration>,
    /// `LifecycleConfiguration`: object LifecycleConfiguration.
    pub lifecycle_configuration: Option<LifecycleConfiguration>,
    /// `AffinityConfiguration`: object AffinityConfiguration.
    pub affinity_configuration: Option<AffinityConfiguration>,
    /// `Status`: string. Known values: `ACTIVE`, `DELETING`, `DELETE_FAILED`.
    pub status: Option<DeploymentStatus>,
    /// `StatusReason`: string.
    pub status_reason: Option<String>,
    /// `CreatedTime`: string.
    pub created_time: Option<ApiTime>,
    /// `UpdatedTime`: string.
    pub updated_time: Option<ApiTime>,
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `AffinityConfiguration`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AffinityConfiguration {
    /// `Mode`: string. Known values: `BEST_EFFORT`, `STRICT`, `EXCLUSIVE`.
    pub mode: Option<AffinityMode>,
    /// `HeaderName`: string.
    pub header_name: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `LifecycleConfiguration`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct LifecycleConfiguration {
    /// `IdleTimeoutSeconds`: int64.
    pub idle_timeout_seconds: Option<i64>,
    /// `IdleAction`: string. Known values: `STOP`, `PAUSE`.
    pub idle_action: Option<IdleAction>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `ScalingConfiguration`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ScalingConfiguration {
    /// `MinInstanceCount`: int64.
    pub min_instance_count: Option<i64>,
    /// `MaxInstanceCount`: int64.
    pub max_instance_count: Option<i64>,
    /// `MaxInstanceRequestConcurrency`: int64.
    pub max_instance_request_concurrency: Option<i64>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// How firmly requests stay with one instance.
    pub struct AffinityMode {
        BEST_EFFORT = "BEST_EFFORT",
        STRICT = "STRICT",
        EXCLUSIVE = "EXCLUSIVE",
    }
}

open_string! {
    /// Where a deployment stands.
    pub struct DeploymentStatus {
        ACTIVE = "ACTIVE",
        DELETING = "DELETING",
        DELETE_FAILED = "DELETE_FAILED",
    }
}

open_string! {
    /// What happens to an instance that nobody uses.
    pub struct IdleAction {
        STOP = "STOP",
        PAUSE = "PAUSE",
    }
}
