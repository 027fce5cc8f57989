// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Session spaces: the containers of agent sessions.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::common::{Filter, Tag};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    time::ApiTime,
};

/// Request of `CreateSessionSpace`.
///
/// Creates a session space.
///
/// It is not repeated after an unknown outcome: no member tells a repeat from a second request. Limit:
/// not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSessionSpaceRequest {
    /// `Name`: string, required.
    pub name: Option<String>,
    /// `Description`: string.
    pub description: Option<String>,
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateSessionSpaceRequest {
    const NAME: &'static str = "CreateSessionSpace";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = CreateSessionSpaceResponse;
}

/// Reply of `CreateSessionSpace`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSessionSpaceResponse {
    /// `SessionSpace`: object SessionSpaceInfo, always in replies.
    pub session_space: Option<SessionSpaceInfo>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSessionSpace`.
///
/// Describes one session space.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionSpaceRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeSessionSpaceRequest {
    const NAME: &'static str = "DescribeSessionSpace";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeSessionSpaceResponse;
}

/// Reply of `DescribeSessionSpace`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionSpaceResponse {
    /// `SessionSpace`: object SessionSpaceInfo, always in replies.
    pub session_space: Option<SessionSpaceInfo>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSessionSpaces`.
///
/// Lists session spaces.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionSpacesRequest {
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

impl Action for DescribeSessionSpacesRequest {
    const NAME: &'static str = "DescribeSessionSpaces";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeSessionSpacesResponse;
}

/// Reply of `DescribeSessionSpaces`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionSpacesResponse {
    /// `SessionSpaces`: list of SessionSpaceInfo.
    pub session_spaces: Option<Vec<SessionSpaceInfo>>,
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

/// Request of `ModifySessionSpace`.
///
/// Changes a session space's name or description.
///
/// It may be repeated: a repeat writes the same values. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ModifySessionSpaceRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `Name`: string, required.
    pub name: Option<String>,
    /// `Description`: string.
    pub description: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for ModifySessionSpaceRequest {
    const NAME: &'static str = "ModifySessionSpace";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = ModifySessionSpaceResponse;
}

/// Reply of `ModifySessionSpace`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ModifySessionSpaceResponse {
    /// `SessionSpace`: object SessionSpaceInfo, always in replies.
    pub session_space: Option<SessionSpaceInfo>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeleteSessionSpace`.
///
/// Deletes a session space.
///
/// It may be repeated: a repeat finds it gone. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSessionSpaceRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteSessionSpaceRequest {
    const NAME: &'static str = "DeleteSessionSpace";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DeleteSessionSpaceResponse;
}

/// Reply of `DeleteSessionSpace`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSessionSpaceResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `SessionSpaceInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SessionSpaceInfo {
    /// `SpaceId`: string, always in replies.
    pub space_id: Option<String>,
    /// `Name`: string, always in replies.
    pub name: Option<String>,
    /// `Description`: string.
    pub description: Option<String>,
    /// `Status`: string, always in replies. Known values: `Active`, `Deleting`.
    pub status: Option<SessionSpaceStatus>,
    /// `Default`: bool, always in replies.
    pub default: Option<bool>,
    /// `CreateTime`: string, always in replies.
    pub create_time: Option<ApiTime>,
    /// `UpdateTime`: string, always in replies.
    pub update_time: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Where a session space stands.
    pub struct SessionSpaceStatus {
        ACTIVE = "Active",
        DELETING = "Deleting",
    }
}
