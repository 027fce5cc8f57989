// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! What the account may use and what it uses now.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::common::{Filter, Tag};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    time::ApiTime,
};

/// Request of `DescribeQuotaOverview`.
///
/// Tells what the account may use and what it uses, in total and by tag group.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeQuotaOverviewRequest {
    /// How many groups to skip.
    ///
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// How many groups to return.
    ///
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// Conditions on groups.
    ///
    /// `Filters`: list of Filter.
    pub filters: Option<Vec<Filter>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeQuotaOverviewRequest {
    const NAME: &'static str = "DescribeQuotaOverview";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeQuotaOverviewResponse;
}

/// Reply of `DescribeQuotaOverview`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeQuotaOverviewResponse {
    /// The account's total.
    ///
    /// `AccountQuotaOverview`: object AccountQuotaOverview.
    pub account_quota_overview: Option<AccountQuotaOverview>,
    /// The groups of this page.
    ///
    /// `QuotaGroupSet`: list of QuotaGroupOverview.
    pub quota_group_set: Option<Vec<QuotaGroupOverview>>,
    /// How many groups match.
    ///
    /// `TotalCount`: int64.
    pub total_count: Option<i64>,
    /// When the numbers were taken.
    ///
    /// `DataTime`: string.
    pub data_time: Option<ApiTime>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The account's total.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AccountQuotaOverview {
    /// What may be used.
    ///
    /// `Quota`: object QuotaResourceInfo.
    pub quota: Option<QuotaResourceInfo>,
    /// What is used.
    ///
    /// `Usage`: object QuotaResourceInfo.
    pub usage: Option<QuotaResourceInfo>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The resources with one tag.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct QuotaGroupOverview {
    /// The tag.
    ///
    /// `Tag`: object Tag.
    pub tag: Option<Tag>,
    /// Name of the group.
    ///
    /// `Name`: string.
    pub name: Option<String>,
    /// What may be used.
    ///
    /// `Quota`: object QuotaResourceInfo.
    pub quota: Option<QuotaResourceInfo>,
    /// What is used.
    ///
    /// `Usage`: object QuotaResourceInfo.
    pub usage: Option<QuotaResourceInfo>,
    /// When the group was created.
    ///
    /// `CreateTime`: string.
    pub create_time: Option<ApiTime>,
    /// When the group was last changed.
    ///
    /// `UpdateTime`: string.
    pub update_time: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Amounts of each resource.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct QuotaResourceInfo {
    /// Tools.
    ///
    /// `SandboxTools`: int64.
    pub sandbox_tools: Option<i64>,
    /// Instances, running and stopping ones.
    ///
    /// `SandboxInstances`: int64.
    pub sandbox_instances: Option<i64>,
    /// Paused instances.
    ///
    /// `PausedInstances`: int64.
    pub paused_instances: Option<i64>,
    /// CPU cores.
    ///
    /// `CPUCores`: float.
    #[serde(rename = "CPUCores")]
    pub cpu_cores: Option<f64>,
    /// Memory, in GiB.
    ///
    /// `MemoryGiB`: float.
    #[serde(rename = "MemoryGiB")]
    pub memory_gib: Option<f64>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
