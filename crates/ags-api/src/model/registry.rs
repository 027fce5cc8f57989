// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Registries: catalogues of agents, MCP servers and skills.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    time::ApiTime,
};

/// Request of `CreateRegistry`.
///
/// Creates a registry.
///
/// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
/// not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateRegistryRequest {
    /// `Name`: string, required.
    pub name: Option<String>,
    /// `Description`: string.
    pub description: Option<String>,
    /// `ApprovalMode`: string.
    pub approval_mode: Option<ApprovalMode>,
    /// `Tags`: list of CloudTag.
    pub tags: Option<Vec<CloudTag>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateRegistryRequest {
    const NAME: &'static str = "CreateRegistry";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = CreateRegistryResponse;
}

/// Reply of `CreateRegistry`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateRegistryResponse {
    /// `RegistryId`: string, always in replies.
    pub registry_id: Option<String>,
    /// `Registry`: object CloudRegistry, always in replies.
    pub registry: Option<CloudRegistry>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeRegistry`.
///
/// Describes one registry.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeRegistryRequest {
    const NAME: &'static str = "DescribeRegistry";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeRegistryResponse;
}

/// Reply of `DescribeRegistry`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryResponse {
    /// `Registry`: object CloudRegistry, always in replies.
    pub registry: Option<CloudRegistry>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeRegistryList`.
///
/// Lists registries.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryListRequest {
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

impl Action for DescribeRegistryListRequest {
    const NAME: &'static str = "DescribeRegistryList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeRegistryListResponse;
}

/// Reply of `DescribeRegistryList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryListResponse {
    /// `RegistrySet`: list of CloudRegistry, always in replies.
    pub registry_set: Option<Vec<CloudRegistry>>,
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

/// Request of `UpdateRegistry`.
///
/// Changes a registry's description.
///
/// It may be repeated: a repeat writes the same values. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateRegistryRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `Description`: string, required.
    pub description: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for UpdateRegistryRequest {
    const NAME: &'static str = "UpdateRegistry";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = UpdateRegistryResponse;
}

/// Reply of `UpdateRegistry`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateRegistryResponse {
    /// `Registry`: object CloudRegistry, always in replies.
    pub registry: Option<CloudRegistry>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeleteRegistry`.
///
/// Deletes a registry.
///
/// It may be repeated: a repeat finds it gone. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteRegistryRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteRegistryRequest {
    const NAME: &'static str = "DeleteRegistry";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DeleteRegistryResponse;
}

/// Reply of `DeleteRegistry`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteRegistryResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeRegistryAuditLogList`.
///
/// Lists who did what in a registry.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryAuditLogListRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string.
    pub record_id: Option<String>,
    /// `VersionId`: string.
    pub version_id: Option<String>,
    /// `ActionFilter`: string.
    pub action_filter: Option<String>,
    /// `Actor`: string.
    pub actor: Option<String>,
    /// `StartTime`: string.
    pub start_time: Option<ApiTime>,
    /// `EndTime`: string.
    pub end_time: Option<ApiTime>,
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeRegistryAuditLogListRequest {
    const NAME: &'static str = "DescribeRegistryAuditLogList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeRegistryAuditLogListResponse;
}

/// Reply of `DescribeRegistryAuditLogList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeRegistryAuditLogListResponse {
    /// `AuditLogSet`: list of CloudAuditLog, always in replies.
    pub audit_log_set: Option<Vec<CloudAuditLog>>,
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

/// `CloudRegistry`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudRegistry {
    /// `RegistryId`: string, required, may be null.
    pub registry_id: Option<String>,
    /// `Name`: string, required, may be null.
    pub name: Option<String>,
    /// `Description`: string, required, may be null.
    pub description: Option<String>,
    /// `ApprovalMode`: string, required, may be null. Known values: `AUTO`, `MANUAL`.
    pub approval_mode: Option<ApprovalMode>,
    /// `Region`: string, required, may be null.
    pub region: Option<String>,
    /// `Status`: string, required, may be null. Known values: `ACTIVE`, `ARCHIVED`.
    pub status: Option<RegistryStatus>,
    /// `CreateTime`: string, required, may be null.
    pub create_time: Option<ApiTime>,
    /// `UpdateTime`: string, required, may be null.
    pub update_time: Option<ApiTime>,
    /// `RecordCount`: int64, required, may be null.
    pub record_count: Option<i64>,
    /// `Tags`: list of CloudTag, required.
    pub tags: Option<Vec<CloudTag>>,
    /// `PublishedRecordCount`: int64, may be null.
    pub published_record_count: Option<i64>,
    /// `AppId`: int64, may be null.
    pub app_id: Option<i64>,
    /// `CreatorUin`: string, may be null.
    pub creator_uin: Option<String>,
    /// `CreatorSubAccountUin`: string, may be null.
    pub creator_sub_account_uin: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudTag`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudTag {
    /// `Key`: string, required, may be null.
    pub key: Option<String>,
    /// `Value`: string, required, may be null.
    pub value: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudFilter`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudFilter {
    /// `Name`: string, required, may be null.
    pub name: Option<String>,
    /// `Values`: list of string, required, may be null.
    pub values: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `CloudAuditLog`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CloudAuditLog {
    /// `AuditLogId`: string, required, may be null.
    pub audit_log_id: Option<String>,
    /// `RegistryId`: string, required, may be null.
    pub registry_id: Option<String>,
    /// `Actor`: string, required, may be null.
    pub actor: Option<String>,
    /// `Action`: string, required, may be null.
    pub action: Option<String>,
    /// `Details`: string, required, may be null.
    pub details: Option<String>,
    /// `CreateTime`: string, required, may be null.
    pub create_time: Option<ApiTime>,
    /// `RecordId`: string, may be null.
    pub record_id: Option<String>,
    /// `VersionId`: string, may be null.
    pub version_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Whether versions are published by themselves or by a person.
    pub struct ApprovalMode {
        AUTO = "AUTO",
        MANUAL = "MANUAL",
    }
}

open_string! {
    /// Where a registry stands.
    pub struct RegistryStatus {
        ACTIVE = "ACTIVE",
        ARCHIVED = "ARCHIVED",
    }
}
