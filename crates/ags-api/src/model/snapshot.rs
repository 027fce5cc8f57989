// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Snapshots of instances, from which others can be started.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::common::{Filter, Tag};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    time::ApiTime,
};

/// Request of `CreateSandboxSnapshot`.
///
/// Takes a snapshot of an instance.
///
/// It may be repeated with the same `ClientToken`: a repeat with the same `ClientToken` gives the same
/// snapshot. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSandboxSnapshotRequest {
    /// `InstanceId`: string.
    pub instance_id: Option<String>,
    /// `SnapshotName`: string.
    pub snapshot_name: Option<String>,
    /// `Memory`: bool.
    pub memory: Option<bool>,
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// `ClientToken`: string.
    pub client_token: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateSandboxSnapshotRequest {
    const NAME: &'static str = "CreateSandboxSnapshot";
    const IDEMPOTENCE: Idempotence = Idempotence::SameId;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = CreateSandboxSnapshotResponse;
}

/// Reply of `CreateSandboxSnapshot`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSandboxSnapshotResponse {
    /// `Snapshot`: object SandboxSnapshot, always in replies.
    pub snapshot: Option<SandboxSnapshot>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSandboxSnapshotList`.
///
/// Lists snapshots.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxSnapshotListRequest {
    /// `SnapshotIds`: list of string.
    pub snapshot_ids: Option<Vec<String>>,
    /// `Filters`: list of Filter.
    pub filters: Option<Vec<Filter>>,
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// `NextToken`: string.
    pub next_token: Option<String>,
    /// `MaxResults`: int64.
    pub max_results: Option<i64>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeSandboxSnapshotListRequest {
    const NAME: &'static str = "DescribeSandboxSnapshotList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeSandboxSnapshotListResponse;
}

/// Reply of `DescribeSandboxSnapshotList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxSnapshotListResponse {
    /// `SnapshotSet`: list of SandboxSnapshot, always in replies.
    pub snapshot_set: Option<Vec<SandboxSnapshot>>,
    /// `TotalCount`: int64, always in replies.
    pub total_count: Option<i64>,
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

/// Request of `DeleteSandboxSnapshot`.
///
/// Deletes a snapshot.
///
/// It may be repeated: a repeat finds it gone. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSandboxSnapshotRequest {
    /// `SnapshotId`: string, required.
    pub snapshot_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteSandboxSnapshotRequest {
    const NAME: &'static str = "DeleteSandboxSnapshot";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DeleteSandboxSnapshotResponse;
}

/// Reply of `DeleteSandboxSnapshot`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSandboxSnapshotResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `SandboxSnapshot`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SandboxSnapshot {
    /// `SnapshotId`: string.
    pub snapshot_id: Option<String>,
    /// `SnapshotName`: string.
    pub snapshot_name: Option<String>,
    /// `SourceInstanceId`: string.
    pub source_instance_id: Option<String>,
    /// `MemoryIncluded`: bool.
    pub memory_included: Option<bool>,
    /// `Status`: string. Known values: `ACTIVE`, `DELETING`, `DELETED`.
    pub status: Option<SnapshotStatus>,
    /// `StatusReason`: string.
    pub status_reason: Option<String>,
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// `CreateTime`: string.
    pub create_time: Option<ApiTime>,
    /// `UpdateTime`: string.
    pub update_time: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Where a snapshot stands.
    pub struct SnapshotStatus {
        ACTIVE = "ACTIVE",
        DELETING = "DELETING",
        DELETED = "DELETED",
    }
}
