// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Links for the upload and download of skill packages.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::registry_record::CloudRecordVersion;
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    secret::Secret,
    time::ApiTime,
};

/// Request of `GetSkillPackageUploadURL`.
///
/// Issues a link to upload a skill package to.
///
/// It may be repeated: a repeat issues one more link. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetSkillPackageUploadURLRequest {
    /// `RegistryId`: string, required.
    pub registry_id: Option<String>,
    /// `RecordId`: string, required.
    pub record_id: Option<String>,
    /// `VersionId`: string, required.
    pub version_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for GetSkillPackageUploadURLRequest {
    const NAME: &'static str = "GetSkillPackageUploadURL";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = GetSkillPackageUploadURLResponse;
}

/// Reply of `GetSkillPackageUploadURL`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetSkillPackageUploadURLResponse {
    /// `Version`: object CloudRecordVersion, always in replies.
    pub version: Option<CloudRecordVersion>,
    /// `UploadURL`: string, always in replies, secret.
    #[serde(rename = "UploadURL", serialize_with = "crate::secret::on_the_wire")]
    pub upload_url: Option<Secret>,
    /// `ContentStatus`: string.
    pub content_status: Option<String>,
    /// `ExpireTime`: string.
    pub expire_time: Option<ApiTime>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `GetSkillPackageDownloadURL`.
///
/// Issues a link to download a skill package from.
///
/// It may be repeated: a repeat issues one more link. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetSkillPackageDownloadURLRequest {
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

impl Action for GetSkillPackageDownloadURLRequest {
    const NAME: &'static str = "GetSkillPackageDownloadURL";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = GetSkillPackageDownloadURLResponse;
}

/// Reply of `GetSkillPackageDownloadURL`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetSkillPackageDownloadURLResponse {
    /// `DownloadURL`: string, always in replies, secret.
    #[serde(rename = "DownloadURL", serialize_with = "crate::secret::on_the_wire")]
    pub download_url: Option<Secret>,
    /// `ExpireTime`: string, always in replies.
    pub expire_time: Option<ApiTime>,
    /// `SHA256`: string, always in replies.
    #[serde(rename = "SHA256")]
    pub sha256: Option<String>,
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
