// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Records of a registry, their versions and their approval.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::registry::{ApprovalMode, CloudFilter};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    secret::Secret,
    time::ApiTime,
};

/// Request of `CreateRegistryRecord`.
///
/// Creates a record in a registry.
///
/// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
/// not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `Name`: string, required.
    pub name: Option<String>,
    /// `DescriptorType`: string, required. Known values: `MCP`, `A2A`, `AGUI`, `CUSTOM`, `AGENT_SKILLS`.
    pub descriptor_type: Option<DescriptorType>,
    /// `Description`: string.
    pub description: Option<String>,
    /// `VersionName`: string.
    pub version_name: Option<String>,
    /// `MCPSource`: object CloudMCPSourceInput.
    #[serde(rename = "MCPSource")]
    pub mcp_source: Option<CloudMCPSourceInput>,
    /// `AgentSource`: object CloudAgentSourceInput.
    pub agent_source: Option<CloudAgentSourceInput>,
    /// `SkillSource`: object CloudSkillSourceInput.
    pub skill_source: Option<CloudSkillSourceInput>,
    /// `CustomDescriptors`: string.
    pub custom_descriptors: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateRegistryRecordRequest {
    const NAME: &'static str = "CreateRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = CreateRegistryRecordResponse;
}

/// Reply of `CreateRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateRegistryRecordResponse {
    /// `RecordId`: string, always in replies, may be null.
    pub record_id: Option<String>,
    /// `Record`: object CloudRecord, always in replies.
    pub record: Option<CloudRecord>,
    /// `Version`: object CloudRecordVersion, always in replies.
    pub version: Option<CloudRecordVersion>,
    /// `UploadURL`: string, may be null, secret.
    #[serde(rename = "UploadURL", serialize_with = "crate::secret::on_the_wire")]
    pub upload_url: Option<Secret>,
    /// `ExpireTime`: string, may be null.
    pub expire_time: Option<ApiTime>,
    /// `ContentStatus`: string, may be null.
    pub content_status: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeRegistryRecord`.
///
/// Describes one record.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string.
    pub version_id: Option<String>,
    /// `Label`: string.
    pub label: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeRegistryRecordRequest {
    const NAME: &'static str = "DescribeRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeRegistryRecordResponse;
}

/// Reply of `DescribeRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryRecordResponse {
    /// `Record`: object CloudRecord, always in replies.
    pub record: Option<CloudRecord>,
    /// `Version`: object CloudRecordVersion, always in replies, may be null.
    pub version: Option<CloudRecordVersion>,
    /// `ResolvedBy`: string, always in replies, may be null. Known values: `DEFAULT_STABLE`, `LABEL`,
    /// `VERSION_ID`.
    pub resolved_by: Option<ResolvedBy>,
    /// `ResolvedLabel`: string, may be null.
    pub resolved_label: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeRegistryRecordList`.
///
/// Lists the records of a registry.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryRecordListRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// `Filters`: list of CloudFilter.
    pub filters: Option<Vec<CloudFilter>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeRegistryRecordListRequest {
    const NAME: &'static str = "DescribeRegistryRecordList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeRegistryRecordListResponse;
}

/// Reply of `DescribeRegistryRecordList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryRecordListResponse {
    /// `RecordSet`: list of CloudRecord, always in replies.
    pub record_set: Option<Vec<CloudRecord>>,
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

/// Request of `DescribeRegistryRecordVersionList`.
///
/// Lists the versions of a record.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryRecordVersionListRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// `Filters`: list of CloudFilter.
    pub filters: Option<Vec<CloudFilter>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeRegistryRecordVersionListRequest {
    const NAME: &'static str = "DescribeRegistryRecordVersionList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeRegistryRecordVersionListResponse;
}

/// Reply of `DescribeRegistryRecordVersionList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryRecordVersionListResponse {
    /// `VersionSet`: list of CloudRecordVersion, always in replies.
    pub version_set: Option<Vec<CloudRecordVersion>>,
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

/// Request of `UpdateRegistryRecord`.
///
/// Changes a record; this may make a version.
///
/// It is not repeated after an unknown outcome: a repeat may make a second version. Limit: not
/// documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `Description`: string.
    pub description: Option<String>,
    /// `VersionName`: string.
    pub version_name: Option<String>,
    /// `ChangeLog`: string.
    pub change_log: Option<String>,
    /// `MCPSource`: object CloudMCPSourceInput.
    #[serde(rename = "MCPSource")]
    pub mcp_source: Option<CloudMCPSourceInput>,
    /// `AgentSource`: object CloudAgentSourceInput.
    pub agent_source: Option<CloudAgentSourceInput>,
    /// `SkillSource`: object CloudSkillSourceInput.
    pub skill_source: Option<CloudSkillSourceInput>,
    /// `CustomDescriptors`: string.
    pub custom_descriptors: Option<String>,
    /// `LabelMutations`: list of CloudRecordLabelMutation.
    pub label_mutations: Option<Vec<CloudRecordLabelMutation>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for UpdateRegistryRecordRequest {
    const NAME: &'static str = "UpdateRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = UpdateRegistryRecordResponse;
}

/// Reply of `UpdateRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateRegistryRecordResponse {
    /// `Record`: object CloudRecord, always in replies.
    pub record: Option<CloudRecord>,
    /// `Version`: object CloudRecordVersion.
    pub version: Option<CloudRecordVersion>,
    /// `UploadURL`: string, may be null, secret.
    #[serde(rename = "UploadURL", serialize_with = "crate::secret::on_the_wire")]
    pub upload_url: Option<Secret>,
    /// `ExpireTime`: string, may be null.
    pub expire_time: Option<ApiTime>,
    /// `ContentStatus`: string, may be null.
    pub content_status: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeleteRegistryRecord`.
///
/// Deletes a record or one version of it.
///
/// It may be repeated: a repeat finds it gone. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string.
    pub version_id: Option<String>,
    /// `Reason`: string.
    pub reason: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteRegistryRecordRequest {
    const NAME: &'static str = "DeleteRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DeleteRegistryRecordResponse;
}

/// Reply of `DeleteRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteRegistryRecordResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `ApproveRegistryRecord`.
///
/// Approves a version.
///
/// It is not repeated after an unknown outcome: it is a step of a process with an audit trail. Limit:
/// not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ApproveRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string, required.
    pub version_id: Option<String>,
    /// `Comment`: string, required.
    pub comment: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for ApproveRegistryRecordRequest {
    const NAME: &'static str = "ApproveRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = ApproveRegistryRecordResponse;
}

/// Reply of `ApproveRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ApproveRegistryRecordResponse {
    /// `Version`: object CloudRecordVersion, always in replies.
    pub version: Option<CloudRecordVersion>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `RejectRegistryRecord`.
///
/// Rejects a version.
///
/// It is not repeated after an unknown outcome: it is a step of a process with an audit trail. Limit:
/// not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RejectRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string, required.
    pub version_id: Option<String>,
    /// `Comment`: string, required.
    pub comment: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for RejectRegistryRecordRequest {
    const NAME: &'static str = "RejectRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = RejectRegistryRecordResponse;
}

/// Reply of `RejectRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RejectRegistryRecordResponse {
    /// `Version`: object CloudRecordVersion, always in replies.
    pub version: Option<CloudRecordVersion>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `CancelRegistryRecord`.
///
/// Withdraws a version.
///
/// It is not repeated after an unknown outcome: it is a step of a process with an audit trail. Limit:
/// not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CancelRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string, required.
    pub version_id: Option<String>,
    /// `Comment`: string, required.
    pub comment: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CancelRegistryRecordRequest {
    const NAME: &'static str = "CancelRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = CancelRegistryRecordResponse;
}

/// Reply of `CancelRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CancelRegistryRecordResponse {
    /// `Version`: object CloudRecordVersion, always in replies.
    pub version: Option<CloudRecordVersion>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `PreviewRegistryRecord`.
///
/// Shows what a record would deliver.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PreviewRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string.
    pub version_id: Option<String>,
    /// `Label`: string.
    pub label: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for PreviewRegistryRecordRequest {
    const NAME: &'static str = "PreviewRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = PreviewRegistryRecordResponse;
}

/// Reply of `PreviewRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PreviewRegistryRecordResponse {
    /// `PreviewResult`: string, always in replies.
    pub preview_result: Option<String>,
    /// `ResolvedVersionId`: string, always in replies.
    pub resolved_version_id: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `SyncRegistryRecord`.
///
/// Fetches a record's source again; this may make a version.
///
/// It is not repeated after an unknown outcome: a repeat may make a second version. Limit: not
/// documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SyncRegistryRecordRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string.
    pub version_id: Option<String>,
    /// `Label`: string.
    pub label: Option<String>,
    /// `ChangeLog`: string.
    pub change_log: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for SyncRegistryRecordRequest {
    const NAME: &'static str = "SyncRegistryRecord";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = SyncRegistryRecordResponse;
}

/// Reply of `SyncRegistryRecord`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SyncRegistryRecordResponse {
    /// `SyncStatus`: string, always in replies, may be null. Known values: `UNCHANGED`, `VERSION_CREATED`,
    /// `FAILED`.
    pub sync_status: Option<SyncStatus>,
    /// `ResolvedVersionId`: string, always in replies, may be null.
    pub resolved_version_id: Option<String>,
    /// `CreatedVersion`: object CloudRecordVersion.
    pub created_version: Option<CloudRecordVersion>,
    /// `Record`: object CloudRecord.
    pub record: Option<CloudRecord>,
    /// `LastSyncTime`: string, may be null.
    pub last_sync_time: Option<ApiTime>,
    /// `ErrorCode`: string, may be null.
    pub error_code: Option<String>,
    /// `ErrorMessage`: string, may be null.
    pub error_message: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudRecord`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudRecord {
    /// `RecordId`: string, required, may be null.
    pub record_id: Option<String>,
    /// `RegistryId`: string, required, may be null.
    pub registry_id: Option<String>,
    /// `Name`: string, required, may be null.
    pub name: Option<String>,
    /// `Description`: string, required, may be null.
    pub description: Option<String>,
    /// `DescriptorType`: string, required, may be null.
    pub descriptor_type: Option<DescriptorType>,
    /// `LifecycleStatus`: string, required, may be null. Known values: `ACTIVE`, `DELETED`.
    pub lifecycle_status: Option<RecordLifecycleStatus>,
    /// `AppId`: int64, required, may be null.
    pub app_id: Option<i64>,
    /// `CreatorUin`: string, required, may be null.
    pub creator_uin: Option<String>,
    /// `CreatorSubAccountUin`: string, required, may be null.
    pub creator_sub_account_uin: Option<String>,
    /// `CreateTime`: string, required, may be null.
    pub create_time: Option<ApiTime>,
    /// `UpdateTime`: string, required, may be null.
    pub update_time: Option<ApiTime>,
    /// `VersionCount`: int64, may be null.
    pub version_count: Option<i64>,
    /// `LabelSet`: list of string, may be null.
    pub label_set: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudRecordVersion`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudRecordVersion {
    /// `VersionId`: string, may be null.
    pub version_id: Option<String>,
    /// `RecordId`: string, may be null.
    pub record_id: Option<String>,
    /// `Revision`: int64, may be null.
    pub revision: Option<i64>,
    /// `Status`: string, may be null.
    pub status: Option<String>,
    /// `ApprovalMode`: string, may be null.
    pub approval_mode: Option<ApprovalMode>,
    /// `AppId`: int64, may be null.
    pub app_id: Option<i64>,
    /// `CreatorUin`: string, may be null.
    pub creator_uin: Option<String>,
    /// `CreateTime`: string, may be null.
    pub create_time: Option<ApiTime>,
    /// `UpdateTime`: string, may be null.
    pub update_time: Option<ApiTime>,
    /// `VersionName`: string, may be null.
    pub version_name: Option<String>,
    /// `Descriptors`: string, may be null.
    pub descriptors: Option<String>,
    /// `SourceType`: string, may be null.
    pub source_type: Option<String>,
    /// `SourceConfig`: string, may be null.
    pub source_config: Option<String>,
    /// `ContentStatus`: string, may be null.
    pub content_status: Option<String>,
    /// `ContentSHA256`: string, may be null.
    #[serde(rename = "ContentSHA256")]
    pub content_sha256: Option<String>,
    /// `ContentSizeBytes`: int64, may be null.
    pub content_size_bytes: Option<i64>,
    /// `ConfigSHA256`: string, may be null.
    #[serde(rename = "ConfigSHA256")]
    pub config_sha256: Option<String>,
    /// `CreatorSubAccountUin`: string, may be null.
    pub creator_sub_account_uin: Option<String>,
    /// `ApprovalActions`: list of CloudVersionApprovalAction, may be null.
    pub approval_actions: Option<Vec<CloudVersionApprovalAction>>,
    /// `ContentReadyTime`: string, may be null.
    pub content_ready_time: Option<ApiTime>,
    /// `ChangeLog`: string, may be null.
    pub change_log: Option<String>,
    /// `LabelSet`: list of string, may be null.
    pub label_set: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudRecordLabelMutation`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudRecordLabelMutation {
    /// `Operation`: string, required, may be null. Known values: `SET`, `DELETE`.
    pub operation: Option<LabelOperation>,
    /// `Name`: string, required, may be null.
    pub name: Option<String>,
    /// `VersionId`: string, may be null.
    pub version_id: Option<String>,
    /// `Reason`: string, may be null.
    pub reason: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudVersionApprovalAction`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudVersionApprovalAction {
    /// `ActionId`: string, may be null.
    pub action_id: Option<String>,
    /// `ActionType`: string, may be null.
    pub action_type: Option<String>,
    /// `ActorType`: string, may be null. Known values: `USER`, `SYSTEM`.
    pub actor_type: Option<ActorType>,
    /// `ActorUin`: string, may be null.
    pub actor_uin: Option<String>,
    /// `ActorSubAccountUin`: string, may be null.
    pub actor_sub_account_uin: Option<String>,
    /// `Comment`: string, may be null.
    pub comment: Option<String>,
    /// `CreateTime`: string, may be null.
    pub create_time: Option<ApiTime>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string, may be null.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudAgentSourceInput`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudAgentSourceInput {
    /// `Type`: string, required, may be null. Known values: `MANUAL`, `URL_IMPORT`.
    pub r#type: Option<RecordSourceType>,
    /// `Descriptors`: string, may be null.
    pub descriptors: Option<String>,
    /// `EndpointURL`: string, may be null.
    #[serde(rename = "EndpointURL")]
    pub endpoint_url: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudMCPSourceInput`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudMCPSourceInput {
    /// `Type`: string, required, may be null. Known values: `MANUAL`, `URL_IMPORT`.
    pub r#type: Option<RecordSourceType>,
    /// `Descriptors`: string, may be null.
    pub descriptors: Option<String>,
    /// `EndpointURL`: string, may be null.
    #[serde(rename = "EndpointURL")]
    pub endpoint_url: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudSkillSourceInput`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudSkillSourceInput {
    /// `Type`: string, required, may be null. Known values: `MANUAL`, `TAR_PACKAGE`.
    pub r#type: Option<RecordSourceType>,
    /// `SkillMd`: string, may be null.
    pub skill_md: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Who acted on a version.
    pub struct ActorType {
        USER = "USER",
        SYSTEM = "SYSTEM",
    }
}

open_string! {
    /// What a record describes.
    pub struct DescriptorType {
        MCP = "MCP",
        A2A = "A2A",
        AGUI = "AGUI",
        CUSTOM = "CUSTOM",
        AGENT_SKILLS = "AGENT_SKILLS",
    }
}

open_string! {
    /// What to do with a label.
    pub struct LabelOperation {
        SET = "SET",
        DELETE = "DELETE",
    }
}

open_string! {
    /// Whether a record is still there.
    pub struct RecordLifecycleStatus {
        ACTIVE = "ACTIVE",
        DELETED = "DELETED",
    }
}

open_string! {
    /// Where the content of a record comes from.
    pub struct RecordSourceType {
        MANUAL = "MANUAL",
        URL_IMPORT = "URL_IMPORT",
        TAR_PACKAGE = "TAR_PACKAGE",
    }
}

open_string! {
    /// How the service chose the version that it returned.
    pub struct ResolvedBy {
        DEFAULT_STABLE = "DEFAULT_STABLE",
        LABEL = "LABEL",
        VERSION_ID = "VERSION_ID",
    }
}

open_string! {
    /// What a synchronisation did.
    pub struct SyncStatus {
        UNCHANGED = "UNCHANGED",
        VERSION_CREATED = "VERSION_CREATED",
        FAILED = "FAILED",
    }
}
