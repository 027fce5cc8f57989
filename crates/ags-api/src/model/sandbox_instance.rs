// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Sandbox instances: one running sandbox each, from start to stop.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{
    common::{Filter, MetadataVar},
    configuration::{ComputerConfiguration, CustomConfiguration, CustomConfigurationDetail},
    sandbox_tool::NetworkMode,
};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    time::ApiTime,
};

/// Request of `StartSandboxInstance`.
///
/// Which tool (by id or name), instance or snapshot to start, and what differs from it.
///
/// Starts an instance of a tool. The answer may come before the instance is `RUNNING`; only then are
/// tokens and ports of use.
///
/// It may be repeated with the same `ClientToken`: a repeat with the same `ClientToken` gives the same
/// instance, even one that was stopped since. Limit: 100 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `AuthFailure`, `AuthFailure.UnauthorizedOperation`,
/// `FailedOperation.DependencyUnavailable`, `FailedOperation.DuplicateRequest`,
/// `FailedOperation.RequestInProgress`, `FailedOperation.StorageMount`, `InternalError`,
/// `InternalError.Unknown`, `InvalidParameterValue.MountOption`, `InvalidParameterValue.StorageMount`,
/// `InvalidParameterValue.Timeout`, `LimitExceeded.SandboxInstance`, `MissingParameter`,
/// `MissingParameter.RoleArn`, `ResourceInUse`, `ResourceNotFound`, `ResourceNotFound.SandboxTool`,
/// `ResourceNotFound.StorageMount`, `ResourceUnavailable`, `ResourceUnavailable.SandboxTool`,
/// `UnsupportedOperation`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132337>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct StartSandboxInstanceRequest {
    /// Tool, by id.
    ///
    /// `ToolId`: string.
    pub tool_id: Option<String>,
    /// Tool, by name.
    ///
    /// `ToolName`: string.
    pub tool_name: Option<String>,
    /// Instance to clone.
    ///
    /// `SourceInstanceId`: string.
    pub source_instance_id: Option<String>,
    /// Snapshot to restore.
    ///
    /// `SnapshotId`: string.
    pub snapshot_id: Option<String>,
    /// Lifetime as `5m`, `300s` or `1h`; 30 seconds to 24 hours.
    ///
    /// `Timeout`: string.
    pub timeout: Option<String>,
    /// Up to 64 characters that make a repeat recognisable; the client fills it in. A new instance needs a
    /// new one.
    ///
    /// `ClientToken`: string.
    pub client_token: Option<String>,
    /// Changes to the tool's mounts; none can be added.
    ///
    /// `MountOptions`: list of MountOption.
    pub mount_options: Option<Vec<MountOption>>,
    /// What differs from the tool's configuration; what is left out is the tool's.
    ///
    /// `CustomConfiguration`: object CustomConfiguration.
    pub custom_configuration: Option<CustomConfiguration>,
    /// Which ports want a token.
    ///
    /// `AuthMode`: string. Known values: `DEFAULT`, `TOKEN`, `NONE`, `PUBLIC`.
    pub auth_mode: Option<AuthMode>,
    /// Kept with the instance.
    ///
    /// `Metadata`: list of MetadataVar.
    pub metadata: Option<Vec<MetadataVar>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for StartSandboxInstanceRequest {
    const NAME: &'static str = "StartSandboxInstance";
    const IDEMPOTENCE: Idempotence = Idempotence::SameId;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(100);
    type Reply = StartSandboxInstanceResponse;
}

/// Reply of `StartSandboxInstance`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct StartSandboxInstanceResponse {
    /// The instance, not necessarily running yet.
    ///
    /// `Instance`: object SandboxInstance, always in replies.
    pub instance: Option<SandboxInstance>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `StopSandboxInstance`.
///
/// Stops an instance for good. The answer comes at once; `STOPPING` may last for minutes and counts
/// against the quota.
///
/// It may be repeated: a repeat finds the instance stopping or gone. Limit: 100 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `InternalError`, `MissingParameter`, `ResourceNotFound.SandboxInstance`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct StopSandboxInstanceRequest {
    /// The instance.
    ///
    /// `InstanceId`: string, required.
    pub instance_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for StopSandboxInstanceRequest {
    const NAME: &'static str = "StopSandboxInstance";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(100);
    type Reply = StopSandboxInstanceResponse;
}

/// Reply of `StopSandboxInstance`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct StopSandboxInstanceResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `PauseSandboxInstance`.
///
/// Pauses a running instance, with its memory kept on request. Paused instances have a quota of their
/// own.
///
/// It may be repeated: a repeat asks for the same state. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `InternalError`, `MissingParameter`, `ResourceNotFound.SandboxInstance`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132323>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PauseSandboxInstanceRequest {
    /// The instance.
    ///
    /// `InstanceId`: string, required.
    pub instance_id: Option<String>,
    /// Whether to keep its memory; kept unless set to false.
    ///
    /// `Memory`: bool.
    pub memory: Option<bool>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for PauseSandboxInstanceRequest {
    const NAME: &'static str = "PauseSandboxInstance";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = PauseSandboxInstanceResponse;
}

/// Reply of `PauseSandboxInstance`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PauseSandboxInstanceResponse {
    /// Where the instance stands now.
    ///
    /// `InstanceStatus`: string. Known values: `PAUSING`, `PAUSED`, `PAUSE_FAILED`.
    pub instance_status: Option<InstanceStatus>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `ResumeSandboxInstance`.
///
/// Resumes a paused instance and starts its lifetime anew.
///
/// It may be repeated: a repeat asks for the same state. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `InternalError`, `MissingParameter`, `ResourceNotFound.SandboxInstance`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/132323>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ResumeSandboxInstanceRequest {
    /// The instance.
    ///
    /// `InstanceId`: string, required.
    pub instance_id: Option<String>,
    /// Lifetime from now on, as `5m`, `300s` or `1h`; 5 minutes unless set.
    ///
    /// `Timeout`: string.
    pub timeout: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for ResumeSandboxInstanceRequest {
    const NAME: &'static str = "ResumeSandboxInstance";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = ResumeSandboxInstanceResponse;
}

/// Reply of `ResumeSandboxInstance`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ResumeSandboxInstanceResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `UpdateSandboxInstance`.
///
/// Restarts the countdown of a running instance from now, or replaces its metadata. Refused unless it
/// is `RUNNING`.
///
/// It may be repeated: a repeat writes the same values. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `FailedOperation.DependencyUnavailable`, `FailedOperation.RequestInProgress`,
/// `InternalError`, `InternalError.Unknown`, `InvalidParameterValue.Timeout`, `MissingParameter`,
/// `ResourceNotFound`, `ResourceNotFound.SandboxInstance`, `ResourceUnavailable`,
/// `UnsupportedOperation.SandboxInstance`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateSandboxInstanceRequest {
    /// The instance.
    ///
    /// `InstanceId`: string, required.
    pub instance_id: Option<String>,
    /// Lifetime from now on, as `5m`, `300s` or `1h`; 30 seconds to 24 hours.
    ///
    /// `Timeout`: string.
    pub timeout: Option<String>,
    /// New metadata.
    ///
    /// `Metadata`: list of MetadataVar.
    pub metadata: Option<Vec<MetadataVar>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for UpdateSandboxInstanceRequest {
    const NAME: &'static str = "UpdateSandboxInstance";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = UpdateSandboxInstanceResponse;
}

/// Reply of `UpdateSandboxInstance`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateSandboxInstanceResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSandboxInstanceList`.
///
/// Lists instances, by id, tool or filter, or all of them a page at a time, stopped ones included for
/// some hours. Without a page size it returns 20.
///
/// It may be repeated: it only reads. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `InternalError`, `InternalError.Unknown`, `InvalidParameterValue.InstanceIds`,
/// `InvalidParameterValue.OffsetTooLarge`, `MissingParameter`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxInstanceListRequest {
    /// Up to 100 ids.
    ///
    /// `InstanceIds`: list of string.
    pub instance_ids: Option<Vec<String>>,
    /// Only instances of this tool.
    ///
    /// `ToolId`: string.
    pub tool_id: Option<String>,
    /// How many to skip; 0 unless set, 10000 at most.
    ///
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// How many to return; 20 unless set, 100 at most.
    ///
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// By `Status` and others.
    ///
    /// `Filters`: list of Filter.
    pub filters: Option<Vec<Filter>>,
    /// Page size of the paging by token.
    ///
    /// `MaxResults`: int64.
    pub max_results: Option<i64>,
    /// Where the next page begins; valid for 24 hours and only with all other members unchanged.
    ///
    /// `NextToken`: string.
    pub next_token: Option<String>,
    /// Whether to count when paging by token; otherwise the count is 0.
    ///
    /// `NeedTotalCount`: bool.
    pub need_total_count: Option<bool>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeSandboxInstanceListRequest {
    const NAME: &'static str = "DescribeSandboxInstanceList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = DescribeSandboxInstanceListResponse;
}

/// Reply of `DescribeSandboxInstanceList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxInstanceListResponse {
    /// The instances of this page.
    ///
    /// `InstanceSet`: list of SandboxInstance, always in replies.
    pub instance_set: Option<Vec<SandboxInstance>>,
    /// How many match, on all pages.
    ///
    /// `TotalCount`: int64, always in replies.
    pub total_count: Option<i64>,
    /// Where the next page begins.
    ///
    /// `NextToken`: string.
    pub next_token: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSandboxInstances`.
///
/// Describes up to 100 instances by id.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxInstancesRequest {
    /// Up to 100 ids.
    ///
    /// `InstanceIds`: list of string, required.
    pub instance_ids: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeSandboxInstancesRequest {
    const NAME: &'static str = "DescribeSandboxInstances";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeSandboxInstancesResponse;
}

/// Reply of `DescribeSandboxInstances`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxInstancesResponse {
    /// Those of them that the service knows.
    ///
    /// `InstanceSet`: list of SandboxInstance, always in replies.
    pub instance_set: Option<Vec<SandboxInstance>>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An instance as the service knows it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SandboxInstance {
    /// Id, short enough that `{port}-{id}` is one DNS label; do not validate it.
    ///
    /// `InstanceId`: string, required, always in replies.
    pub instance_id: Option<String>,
    /// Tool that it was started from.
    ///
    /// `ToolId`: string, required, always in replies.
    pub tool_id: Option<String>,
    /// Name of that tool.
    ///
    /// `ToolName`: string, required, always in replies.
    pub tool_name: Option<String>,
    /// Where it stands.
    ///
    /// `Status`: string, required, always in replies. Known values: `STARTING`, `RUNNING`, `STOPPING`,
    /// `STOPPED`, `STOP_FAILED`, `FAILED`. Also seen: `PAUSING`, `PAUSED`, `PAUSE_FAILED`, `RESUMING`,
    /// `RESUME_FAILED`, `STARTING_FAILED`, `STOPPING_FAILED`, `FORK_FAILED`, `UNHEALTHY`.
    pub status: Option<InstanceStatus>,
    /// Whether it lives without a timeout.
    ///
    /// `Persistent`: bool.
    pub persistent: Option<bool>,
    /// Lifetime in seconds; 0 for a persistent one.
    ///
    /// `TimeoutSeconds`: uint64.
    pub timeout_seconds: Option<u64>,
    /// When it ends by itself; absent means never. Trust it rather than adding the timeout to the creation
    /// time.
    ///
    /// `ExpiresAt`: string.
    pub expires_at: Option<ApiTime>,
    /// Set once it has ended.
    ///
    /// `StopReason`: string. Known values: `manual`, `timeout`, `error`, `system`.
    pub stop_reason: Option<StopReason>,
    /// When it was created.
    ///
    /// `CreateTime`: string.
    pub create_time: Option<ApiTime>,
    /// When it last changed.
    ///
    /// `UpdateTime`: string.
    pub update_time: Option<ApiTime>,
    /// How the tool's mounts were changed for it.
    ///
    /// `MountOptions`: list of MountOption.
    pub mount_options: Option<Vec<MountOption>>,
    /// What it really runs: the tool's configuration with the start's changes, and the image's digest.
    ///
    /// `CustomConfiguration`: object CustomConfigurationDetail.
    pub custom_configuration: Option<CustomConfigurationDetail>,
    /// Settings of desktop kinds.
    ///
    /// `ComputerConfiguration`: object ComputerConfiguration.
    pub computer_configuration: Option<ComputerConfiguration>,
    /// Its network.
    ///
    /// `NetworkMode`: string. Known values: `PUBLIC`, `SANDBOX`, `INTERNAL_SERVICE`, `VPC`.
    pub network_mode: Option<NetworkMode>,
    /// Metadata given at start or by update.
    ///
    /// `Metadata`: list of MetadataVar.
    pub metadata: Option<Vec<MetadataVar>>,
    /// Which ports want a token.
    ///
    /// `AuthMode`: string. Known values: `DEFAULT`, `TOKEN`, `NONE`, `PUBLIC`.
    pub auth_mode: Option<AuthMode>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Changes one of the tool's mounts for one instance.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MountOption {
    /// Name of the tool's mount.
    ///
    /// `Name`: string.
    pub name: Option<String>,
    /// Where it appears instead.
    ///
    /// `MountPath`: string.
    pub mount_path: Option<String>,
    /// Part of the storage to mount instead.
    ///
    /// `SubPath`: string.
    pub sub_path: Option<String>,
    /// Whether it may be written.
    ///
    /// `ReadOnly`: bool.
    pub read_only: Option<bool>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Which ports of an instance want a token: `TOKEN` all of them, `NONE` none, `PUBLIC` only 49983;
    /// `DEFAULT` is `TOKEN`.
    pub struct AuthMode {
        DEFAULT = "DEFAULT",
        TOKEN = "TOKEN",
        NONE = "NONE",
        PUBLIC = "PUBLIC",
    }
}

open_string! {
    /// Where an instance stands. An unknown status means: keep waiting.
    pub struct InstanceStatus {
        PAUSING = "PAUSING",
        PAUSED = "PAUSED",
        PAUSE_FAILED = "PAUSE_FAILED",
        STARTING = "STARTING",
        RUNNING = "RUNNING",
        STOPPING = "STOPPING",
        STOPPED = "STOPPED",
        STOP_FAILED = "STOP_FAILED",
        FAILED = "FAILED",
        RESUMING = "RESUMING",
        RESUME_FAILED = "RESUME_FAILED",
        STARTING_FAILED = "STARTING_FAILED",
        STOPPING_FAILED = "STOPPING_FAILED",
        FORK_FAILED = "FORK_FAILED",
        UNHEALTHY = "UNHEALTHY",
    }
}

open_string! {
    /// Why an instance is no longer there.
    pub struct StopReason {
        MANUAL = "manual",
        TIMEOUT = "timeout",
        ERROR = "error",
        SYSTEM = "system",
    }
}
