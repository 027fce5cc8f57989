// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Agent sessions and the events in them.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::common::{Filter, MetadataVar};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    time::ApiTime,
};

/// Request of `CreateSession`.
///
/// Creates an agent session.
///
/// It is not repeated after an unknown outcome: without a session id a repeat makes a second session.
/// Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSessionRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `UserId`: string, required.
    pub user_id: Option<String>,
    /// `AgentId`: string, disabled.
    pub agent_id: Option<String>,
    /// `SessionId`: string.
    pub session_id: Option<String>,
    /// `Title`: string.
    pub title: Option<String>,
    /// `State`: object SessionState.
    pub state: Option<SessionState>,
    /// `Metadata`: list of MetadataVar.
    pub metadata: Option<Vec<MetadataVar>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateSessionRequest {
    const NAME: &'static str = "CreateSession";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = CreateSessionResponse;
}

/// Reply of `CreateSession`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSessionResponse {
    /// `Session`: object SessionInfo, always in replies.
    pub session: Option<SessionInfo>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSession`.
///
/// Describes one session.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `UserId`: string, required.
    pub user_id: Option<String>,
    /// `SessionId`: string, required.
    pub session_id: Option<String>,
    /// `AgentId`: string, disabled.
    pub agent_id: Option<String>,
    /// `NumRecentEvents`: int64.
    pub num_recent_events: Option<i64>,
    /// `AfterTimestamp`: string.
    pub after_timestamp: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeSessionRequest {
    const NAME: &'static str = "DescribeSession";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeSessionResponse;
}

/// Reply of `DescribeSession`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionResponse {
    /// `Session`: object SessionInfo, always in replies.
    pub session: Option<SessionInfo>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSessions`.
///
/// Lists sessions of a space.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionsRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `AgentIds`: list of string, disabled.
    pub agent_ids: Option<Vec<String>>,
    /// `UserIds`: list of string.
    pub user_ids: Option<Vec<String>>,
    /// `Offset`: uint64.
    pub offset: Option<u64>,
    /// `Limit`: uint64.
    pub limit: Option<u64>,
    /// `SessionIds`: list of string.
    pub session_ids: Option<Vec<String>>,
    /// `Filters`: list of Filter.
    pub filters: Option<Vec<Filter>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeSessionsRequest {
    const NAME: &'static str = "DescribeSessions";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeSessionsResponse;
}

/// Reply of `DescribeSessions`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSessionsResponse {
    /// `TotalCount`: uint64.
    pub total_count: Option<u64>,
    /// `Sessions`: list of SessionInfo.
    pub sessions: Option<Vec<SessionInfo>>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `ModifySession`.
///
/// Changes a session's title or metadata.
///
/// It may be repeated: a repeat writes the same values. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ModifySessionRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `UserId`: string, required.
    pub user_id: Option<String>,
    /// `SessionId`: string, required.
    pub session_id: Option<String>,
    /// `Title`: string.
    pub title: Option<String>,
    /// `Metadata`: list of MetadataVar.
    pub metadata: Option<Vec<MetadataVar>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for ModifySessionRequest {
    const NAME: &'static str = "ModifySession";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = ModifySessionResponse;
}

/// Reply of `ModifySession`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ModifySessionResponse {
    /// `Session`: object SessionInfo, always in replies.
    pub session: Option<SessionInfo>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeleteSession`.
///
/// Deletes a session.
///
/// It may be repeated: a repeat finds it gone. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSessionRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `UserId`: string, required.
    pub user_id: Option<String>,
    /// `SessionId`: string, required.
    pub session_id: Option<String>,
    /// `AgentId`: string, disabled.
    pub agent_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteSessionRequest {
    const NAME: &'static str = "DeleteSession";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DeleteSessionResponse;
}

/// Reply of `DeleteSession`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSessionResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `AppendEvent`.
///
/// Appends an event to a session.
///
/// It is not repeated after an unknown outcome: without an event id a repeat appends twice. Limit: not
/// documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AppendEventRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `UserId`: string, required.
    pub user_id: Option<String>,
    /// `SessionId`: string, required.
    pub session_id: Option<String>,
    /// `Event`: object EventInfo, required.
    pub event: Option<EventInfo>,
    /// `AgentId`: string, disabled.
    pub agent_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for AppendEventRequest {
    const NAME: &'static str = "AppendEvent";
    const IDEMPOTENCE: Idempotence = Idempotence::Never;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = AppendEventResponse;
}

/// Reply of `AppendEvent`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AppendEventResponse {
    /// `Event`: object EventInfo, always in replies.
    pub event: Option<EventInfo>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeEvents`.
///
/// Lists the events of a session.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeEventsRequest {
    /// `SpaceId`: string, required.
    pub space_id: Option<String>,
    /// `UserId`: string, required.
    pub user_id: Option<String>,
    /// `SessionId`: string, required.
    pub session_id: Option<String>,
    /// `AgentId`: string, disabled.
    pub agent_id: Option<String>,
    /// `Author`: string.
    pub author: Option<String>,
    /// `AfterTimestamp`: string.
    pub after_timestamp: Option<ApiTime>,
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeEventsRequest {
    const NAME: &'static str = "DescribeEvents";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribeEventsResponse;
}

/// Reply of `DescribeEvents`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeEventsResponse {
    /// `Events`: list of EventInfo.
    pub events: Option<Vec<EventInfo>>,
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

/// `SessionInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SessionInfo {
    /// `SessionId`: string, always in replies.
    pub session_id: Option<String>,
    /// `SpaceId`: string, always in replies.
    pub space_id: Option<String>,
    /// `State`: object SessionState.
    pub state: Option<SessionState>,
    /// `Metadata`: list of MetadataVar.
    pub metadata: Option<Vec<MetadataVar>>,
    /// `AgentId`: string, disabled.
    pub agent_id: Option<String>,
    /// `UserId`: string, always in replies.
    pub user_id: Option<String>,
    /// `Title`: string.
    pub title: Option<String>,
    /// `EventCount`: int64, always in replies.
    pub event_count: Option<i64>,
    /// `CreateTime`: string, always in replies.
    pub create_time: Option<ApiTime>,
    /// `UpdateTime`: string, always in replies.
    pub update_time: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `SessionState`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SessionState {
    /// `CustomState`: string.
    pub custom_state: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `EventInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EventInfo {
    /// `EventId`: string, may be null.
    pub event_id: Option<String>,
    /// `InvocationId`: string, may be null.
    pub invocation_id: Option<String>,
    /// `Author`: string, may be null.
    pub author: Option<String>,
    /// `Content`: object EventContentInfo, may be null.
    pub content: Option<EventContentInfo>,
    /// `Actions`: object EventActionsInfo, may be null.
    pub actions: Option<EventActionsInfo>,
    /// `Metadata`: string, may be null.
    pub metadata: Option<String>,
    /// `Extensions`: string, may be null.
    pub extensions: Option<String>,
    /// `ErrorCode`: string, may be null.
    pub error_code: Option<String>,
    /// `ErrorMessage`: string, may be null.
    pub error_message: Option<String>,
    /// `Timestamp`: string.
    pub timestamp: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `EventActionsInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EventActionsInfo {
    /// `StateDelta`: string, may be null.
    pub state_delta: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `EventContentInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EventContentInfo {
    /// `Role`: string, may be null.
    pub role: Option<String>,
    /// `Parts`: list of EventPartInfo, may be null.
    pub parts: Option<Vec<EventPartInfo>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `EventPartInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EventPartInfo {
    /// `Text`: string, may be null.
    pub text: Option<String>,
    /// `Thought`: bool, may be null.
    pub thought: Option<bool>,
    /// `FunctionCall`: string, may be null.
    pub function_call: Option<String>,
    /// `FunctionResponse`: string, may be null.
    pub function_response: Option<String>,
    /// `InlineData`: object InlineDataInfo, may be null.
    pub inline_data: Option<InlineDataInfo>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// `InlineDataInfo`; the public sources give its members only.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct InlineDataInfo {
    /// `MimeType`: string, may be null.
    pub mime_type: Option<String>,
    /// `Data`: string, may be null.
    pub data: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
