// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Sandbox tools: the templates that instances are started from.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{
    common::{Filter, Tag},
    configuration::{ComputerConfiguration, CustomConfiguration, CustomConfigurationDetail},
    storage::StorageMount,
};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    time::ApiTime,
};

/// Request of `CreateSandboxTool`.
///
/// What the tool is to be.
///
/// Creates a tool, the template that instances are started from. It answers at once; the tool starts
/// instances when its status is `ACTIVE`.
///
/// It may be repeated with the same `ClientToken`: a repeat with the same `ClientToken` gives the same
/// tool. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `AuthFailure`, `AuthFailure.UnauthorizedOperation`,
/// `FailedOperation.DependencyUnavailable`, `FailedOperation.DuplicateRequest`,
/// `FailedOperation.RequestInProgress`, `InternalError`, `InternalError.NetworkSetupFailed`,
/// `InternalError.Unknown`, `InternalError.VPCServiceUnavailable`, `InvalidParameterValue.RoleArn`,
/// `InvalidParameterValue.SandboxTool`, `InvalidParameterValue.SecurityGroupId`,
/// `InvalidParameterValue.StorageMount`, `InvalidParameterValue.SubnetId`,
/// `InvalidParameterValue.Timeout`, `InvalidParameterValue.ToolType`, `MissingParameter`,
/// `MissingParameter.RoleArn`, `MissingParameter.VPCParameters`, `ResourceNotFound`,
/// `ResourceNotFound.SecurityGroup`, `ResourceNotFound.StorageMount`, `ResourceNotFound.Subnet`,
/// `ResourceUnavailable`, `UnsupportedOperation`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814/124812>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSandboxToolRequest {
    /// 1 to 50 ASCII letters, digits, `_` or `-`, unique in the account; a taken one is refused with
    /// `InvalidParameterValue.SandboxTool`.
    ///
    /// `ToolName`: string, required.
    pub tool_name: Option<String>,
    /// Kind of sandbox; `custom` brings its own image.
    ///
    /// `ToolType`: string, required. Known values: `browser`, `code-interpreter`, `mobile`, `osworld`,
    /// `custom`, `swebench`, `aio`, `android-world`, `waa`.
    pub tool_type: Option<ToolType>,
    /// Network of the instances.
    ///
    /// `NetworkConfiguration`: object NetworkConfiguration, required.
    pub network_configuration: Option<NetworkConfiguration>,
    /// Up to 200 characters.
    ///
    /// `Description`: string.
    pub description: Option<String>,
    /// Lifetime of instances whose start names none, as `5m`, `300s` or `1h`; 5 minutes unless set, 24
    /// hours at most.
    ///
    /// `DefaultTimeout`: string.
    pub default_timeout: Option<String>,
    /// Tags.
    ///
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// Up to 64 characters that make a repeat recognisable; the client fills it in.
    ///
    /// `ClientToken`: string.
    pub client_token: Option<String>,
    /// Role to assume for private images, for image and COS mounts and for logs.
    ///
    /// `RoleArn`: string.
    pub role_arn: Option<String>,
    /// Storage mounted into every instance; a start may change paths but not add a mount.
    ///
    /// `StorageMounts`: list of StorageMount.
    pub storage_mounts: Option<Vec<StorageMount>>,
    /// What instances run. A `custom` tool needs image, registry type, command, ports and a probe on a
    /// declared port.
    ///
    /// `CustomConfiguration`: object CustomConfiguration.
    pub custom_configuration: Option<CustomConfiguration>,
    /// Settings of desktop kinds.
    ///
    /// `ComputerConfiguration`: object ComputerConfiguration.
    pub computer_configuration: Option<ComputerConfiguration>,
    /// Where logs go.
    ///
    /// `LogConfiguration`: object LogConfiguration.
    pub log_configuration: Option<LogConfiguration>,
    /// Instances without a timeout; only for `custom` tools.
    ///
    /// `Persistent`: bool.
    pub persistent: Option<bool>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreateSandboxToolRequest {
    const NAME: &'static str = "CreateSandboxTool";
    const IDEMPOTENCE: Idempotence = Idempotence::SameId;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = CreateSandboxToolResponse;
}

/// Reply of `CreateSandboxTool`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateSandboxToolResponse {
    /// Id of the new tool.
    ///
    /// `ToolId`: string, always in replies.
    pub tool_id: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribeSandboxToolList`.
///
/// Lists tools, by id, by filter, or all of them a page at a time.
///
/// It may be repeated: it only reads. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxToolListRequest {
    /// Up to 100 ids.
    ///
    /// `ToolIds`: list of string.
    pub tool_ids: Option<Vec<String>>,
    /// How many to skip; 0 unless set.
    ///
    /// `Offset`: int64.
    pub offset: Option<i64>,
    /// How many to return; 20 unless set, 100 at most.
    ///
    /// `Limit`: int64.
    pub limit: Option<i64>,
    /// By `ToolName` (exact), `ToolType` or `Status`.
    ///
    /// `Filters`: list of Filter.
    pub filters: Option<Vec<Filter>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribeSandboxToolListRequest {
    const NAME: &'static str = "DescribeSandboxToolList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = DescribeSandboxToolListResponse;
}

/// Reply of `DescribeSandboxToolList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribeSandboxToolListResponse {
    /// The tools of this page.
    ///
    /// `SandboxToolSet`: list of SandboxTool, always in replies.
    pub sandbox_tool_set: Option<Vec<SandboxTool>>,
    /// How many tools match, on all pages.
    ///
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

/// Request of `UpdateSandboxTool`.
///
/// Changes a tool's description, network, tags or configuration. Whether instances that already run
/// notice is not known.
///
/// It may be repeated: a repeat writes the same values. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `AuthFailure.UnauthorizedOperation`, `FailedOperation.DependencyUnavailable`,
/// `InternalError`, `InternalError.Unknown`, `MissingParameter`, `ResourceNotFound`,
/// `ResourceNotFound.SandboxTool`, `ResourceUnavailable`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateSandboxToolRequest {
    /// The tool.
    ///
    /// `ToolId`: string, required.
    pub tool_id: Option<String>,
    /// New description.
    ///
    /// `Description`: string.
    pub description: Option<String>,
    /// New network.
    ///
    /// `NetworkConfiguration`: object NetworkConfiguration.
    pub network_configuration: Option<NetworkConfiguration>,
    /// New tags.
    ///
    /// `Tags`: list of Tag.
    pub tags: Option<Vec<Tag>>,
    /// New configuration.
    ///
    /// `CustomConfiguration`: object CustomConfiguration.
    pub custom_configuration: Option<CustomConfiguration>,
    /// New settings of desktop kinds.
    ///
    /// `ComputerConfiguration`: object ComputerConfiguration.
    pub computer_configuration: Option<ComputerConfiguration>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for UpdateSandboxToolRequest {
    const NAME: &'static str = "UpdateSandboxTool";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = UpdateSandboxToolResponse;
}

/// Reply of `UpdateSandboxTool`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateSandboxToolResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeleteSandboxTool`.
///
/// Deletes a tool. It is refused with `ResourceInUse.SandboxTool` while instances of it live.
///
/// It may be repeated: a repeat finds the tool gone. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `InternalError`, `ResourceInUse.SandboxTool`, `ResourceNotFound.SandboxTool`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSandboxToolRequest {
    /// The tool.
    ///
    /// `ToolId`: string, required.
    pub tool_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeleteSandboxToolRequest {
    const NAME: &'static str = "DeleteSandboxTool";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = DeleteSandboxToolResponse;
}

/// Reply of `DeleteSandboxTool`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeleteSandboxToolResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A tool as the service knows it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SandboxTool {
    /// Id, `sdt-` and 8 characters in all samples; do not validate it.
    ///
    /// `ToolId`: string, required, always in replies.
    pub tool_id: Option<String>,
    /// Name, unique in the account.
    ///
    /// `ToolName`: string, always in replies.
    pub tool_name: Option<String>,
    /// Kind of sandbox.
    ///
    /// `ToolType`: string, always in replies. Known values: `browser`, `code-interpreter`, `computer`,
    /// `mobile`. Also seen: `osworld`, `custom`, `swebench`, `aio`, `android-world`, `waa`.
    pub tool_type: Option<ToolType>,
    /// Only `ACTIVE` starts instances.
    ///
    /// `Status`: string, always in replies. Known values: `CREATING`, `ACTIVE`, `DELETING`, `FAILED`. Also
    /// seen: `ISOLATED`.
    pub status: Option<ToolStatus>,
    /// Free text.
    ///
    /// `Description`: string, always in replies.
    pub description: Option<String>,
    /// Whether instances live without a timeout; fixed when the tool is created.
    ///
    /// `Persistent`: bool.
    pub persistent: Option<bool>,
    /// Lifetime of instances whose start names none, in seconds.
    ///
    /// `DefaultTimeoutSeconds`: uint64.
    pub default_timeout_seconds: Option<u64>,
    /// Network of the instances.
    ///
    /// `NetworkConfiguration`: object NetworkConfiguration.
    pub network_configuration: Option<NetworkConfiguration>,
    /// Tags.
    ///
    /// `Tags`: list of Tag, always in replies.
    pub tags: Option<Vec<Tag>>,
    /// When it was created.
    ///
    /// `CreateTime`: string.
    pub create_time: Option<ApiTime>,
    /// When it was last changed.
    ///
    /// `UpdateTime`: string.
    pub update_time: Option<ApiTime>,
    /// Role that the service assumes to pull private images, mount storage and write logs.
    ///
    /// `RoleArn`: string.
    pub role_arn: Option<String>,
    /// Storage mounted into every instance.
    ///
    /// `StorageMounts`: list of StorageMount.
    pub storage_mounts: Option<Vec<StorageMount>>,
    /// What instances run; shown with the image's digest.
    ///
    /// `CustomConfiguration`: object CustomConfigurationDetail.
    pub custom_configuration: Option<CustomConfigurationDetail>,
    /// Where logs go.
    ///
    /// `LogConfiguration`: object LogConfiguration.
    pub log_configuration: Option<LogConfiguration>,
    /// Settings of desktop kinds.
    ///
    /// `ComputerConfiguration`: object ComputerConfiguration.
    pub computer_configuration: Option<ComputerConfiguration>,
    /// Why the tool is `FAILED`.
    ///
    /// `StatusReason`: string.
    pub status_reason: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which networks instances reach. Requests from outside through the gateway do not depend on it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NetworkConfiguration {
    /// The mode.
    ///
    /// `NetworkMode`: string, required. Known values: `PUBLIC`, `VPC`, `SANDBOX`.
    pub network_mode: Option<NetworkMode>,
    /// Needed by `VPC`.
    ///
    /// `VpcConfig`: object VPCConfig.
    pub vpc_config: Option<VPCConfig>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Place in the user's own network.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VPCConfig {
    /// Subnets.
    ///
    /// `SubnetIds`: list of string.
    pub subnet_ids: Option<Vec<String>>,
    /// Security groups.
    ///
    /// `SecurityGroupIds`: list of string.
    pub security_group_ids: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which logs are collected and where they go.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct LogConfiguration {
    /// Destination in the Cloud Log Service.
    ///
    /// `CLSConfig`: object CLSConfig.
    #[serde(rename = "CLSConfig")]
    pub cls_config: Option<CLSConfig>,
    /// What is collected.
    ///
    /// `LogSources`: object LogSources.
    pub log_sources: Option<LogSources>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Destination in the Cloud Log Service.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CLSConfig {
    /// Topic that receives the logs.
    ///
    /// `TopicId`: string.
    pub topic_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is collected.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct LogSources {
    /// Up to 10 files directly under `/logs/`.
    ///
    /// `Files`: list of string, may be null.
    pub files: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Which networks an instance reaches: `PUBLIC` the internet, `VPC` the user's own network, `SANDBOX`
    /// nothing.
    pub struct NetworkMode {
        PUBLIC = "PUBLIC",
        VPC = "VPC",
        SANDBOX = "SANDBOX",
        INTERNAL_SERVICE = "INTERNAL_SERVICE",
    }
}

open_string! {
    /// Where a tool stands: only an `ACTIVE` one starts instances; a `FAILED` one does not heal.
    pub struct ToolStatus {
        CREATING = "CREATING",
        ACTIVE = "ACTIVE",
        DELETING = "DELETING",
        FAILED = "FAILED",
        ISOLATED = "ISOLATED",
    }
}

open_string! {
    /// What kind of sandbox a tool describes.
    pub struct ToolType {
        BROWSER = "browser",
        CODE_INTERPRETER = "code-interpreter",
        MOBILE = "mobile",
        OSWORLD = "osworld",
        CUSTOM = "custom",
        SWEBENCH = "swebench",
        AIO = "aio",
        ANDROID_WORLD = "android-world",
        WAA = "waa",
        COMPUTER = "computer",
    }
}
