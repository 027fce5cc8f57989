// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Pre-cached images: pulled before the first start, so that a start is not a cold one.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{common::Filter, configuration::ImageRegistryType};
use crate::{
    action::{Action, Idempotence},
    extra::Extra,
    open::open_string,
    time::ApiTime,
};

/// Request of `CreatePreCacheImageTask`.
///
/// Asks the service to pull an image before the first start needs it.
///
/// It may be repeated: a repeat names the same image. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Documented errors: `InternalError`, `MissingParameter`.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreatePreCacheImageTaskRequest {
    /// `repo:tag`, `repo@sha256:…` or both.
    ///
    /// `Image`: string, required.
    pub image: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string, required. Known values: `enterprise`, `personal`, `custom`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for CreatePreCacheImageTaskRequest {
    const NAME: &'static str = "CreatePreCacheImageTask";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = CreatePreCacheImageTaskResponse;
}

/// Reply of `CreatePreCacheImageTask`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreatePreCacheImageTaskResponse {
    /// The image.
    ///
    /// `Image`: string, always in replies.
    pub image: Option<String>,
    /// Digest that the reference stands for now.
    ///
    /// `ImageDigest`: string, always in replies.
    pub image_digest: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string, always in replies. Known values: `enterprise`, `personal`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Id to ask with, `pcimg-` and 8 characters in samples.
    ///
    /// `PreCacheImageId`: string.
    pub pre_cache_image_id: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribePreCacheImageTask`.
///
/// Either the id, or image, digest and registry type.
///
/// Tells how far a pre-cache task is; by id, or by image, digest and registry type.
///
/// It may be repeated: it only reads. Limit: 20 calls a second ([rate
/// limits](https://cloud.tencent.com/document/product/1814/124833)).
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribePreCacheImageTaskRequest {
    /// The image.
    ///
    /// `Image`: string.
    pub image: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string. Known values: `enterprise`, `personal`, `custom`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Its digest.
    ///
    /// `ImageDigest`: string.
    pub image_digest: Option<String>,
    /// Id of the cached image.
    ///
    /// `PreCacheImageId`: string.
    pub pre_cache_image_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribePreCacheImageTaskRequest {
    const NAME: &'static str = "DescribePreCacheImageTask";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = Some(20);
    type Reply = DescribePreCacheImageTaskResponse;
}

/// Reply of `DescribePreCacheImageTask`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribePreCacheImageTaskResponse {
    /// The image.
    ///
    /// `Image`: string, always in replies.
    pub image: Option<String>,
    /// Its digest.
    ///
    /// `ImageDigest`: string, always in replies.
    pub image_digest: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string, always in replies. Known values: `enterprise`, `personal`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// How far it is.
    ///
    /// `Status`: string, always in replies. Also seen: `Success`.
    pub status: Option<PreCacheTaskStatus>,
    /// More about the status.
    ///
    /// `Message`: string, always in replies.
    pub message: Option<String>,
    /// When it was asked for.
    ///
    /// `CreateTime`: string.
    pub create_time: Option<ApiTime>,
    /// Id of the cached image.
    ///
    /// `PreCacheImageId`: string.
    pub pre_cache_image_id: Option<String>,
    /// Who asked for it.
    ///
    /// `SourceType`: string. Known values: `EXPLICIT`, `AUTO`, `TCR_AUTO`.
    pub source_type: Option<PreCacheSource>,
    /// Size in the cache, in bytes.
    ///
    /// `CachedImageSizeBytes`: int64.
    pub cached_image_size_bytes: Option<i64>,
    /// When a start last used it.
    ///
    /// `LastUsedTime`: string.
    pub last_used_time: Option<ApiTime>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DescribePreCacheImageList`.
///
/// Lists cached images, a page at a time by token.
///
/// It may be repeated: it only reads. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribePreCacheImageListRequest {
    /// Conditions; names are lower-case here, for example `status`.
    ///
    /// `Filters`: list of Filter.
    pub filters: Option<Vec<Filter>>,
    /// Page size.
    ///
    /// `MaxResults`: int64.
    pub max_results: Option<i64>,
    /// Where the next page begins.
    ///
    /// `NextToken`: string.
    pub next_token: Option<String>,
    /// Whether to count.
    ///
    /// `NeedTotalCount`: bool.
    pub need_total_count: Option<bool>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DescribePreCacheImageListRequest {
    const NAME: &'static str = "DescribePreCacheImageList";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DescribePreCacheImageListResponse;
}

/// Reply of `DescribePreCacheImageList`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DescribePreCacheImageListResponse {
    /// How many match, if asked for.
    ///
    /// `TotalCount`: int64.
    pub total_count: Option<i64>,
    /// The images of this page.
    ///
    /// `PreCacheImageList`: list of PreCacheImage, always in replies.
    pub pre_cache_image_list: Option<Vec<PreCacheImage>>,
    /// Where the next page begins.
    ///
    /// `NextToken`: string, always in replies.
    pub next_token: Option<String>,
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Request of `DeletePreCacheImage`.
///
/// Either the id, or image, digest and registry type.
///
/// Drops an image from the cache; by id, or by image, digest and registry type.
///
/// It may be repeated: a repeat finds the image gone. Limit: not documented.
///
/// Source: API description 2025-09-20, <https://cloud.tencent.com/document/product/1814>.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeletePreCacheImageRequest {
    /// The image.
    ///
    /// `Image`: string.
    pub image: Option<String>,
    /// Its digest.
    ///
    /// `ImageDigest`: string.
    pub image_digest: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string. Known values: `enterprise`, `personal`, `custom`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Id of the cached image.
    ///
    /// `PreCacheImageId`: string.
    pub pre_cache_image_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action for DeletePreCacheImageRequest {
    const NAME: &'static str = "DeletePreCacheImage";
    const IDEMPOTENCE: Idempotence = Idempotence::Safe;
    const RATE_LIMIT_PER_SECOND: Option<u32> = None;
    type Reply = DeletePreCacheImageResponse;
}

/// Reply of `DeletePreCacheImage`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DeletePreCacheImageResponse {
    /// Id of the request, for the vendor's support.
    ///
    /// `RequestId`: string.
    pub request_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An image in the cache.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PreCacheImage {
    /// The image.
    ///
    /// `Image`: string, always in replies.
    pub image: Option<String>,
    /// Its digest.
    ///
    /// `ImageDigest`: string, always in replies.
    pub image_digest: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string, always in replies. Known values: `enterprise`, `personal`, `custom`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Where it stands.
    ///
    /// `Status`: string, always in replies. Also seen: `SUCCESS`, `DELETED`.
    pub status: Option<PreCacheImageStatus>,
    /// When it was asked for.
    ///
    /// `CreateTime`: string.
    pub create_time: Option<ApiTime>,
    /// Id of the cached image.
    ///
    /// `PreCacheImageId`: string, always in replies.
    pub pre_cache_image_id: Option<String>,
    /// Who asked for it.
    ///
    /// `SourceType`: string. Known values: `AUTO`, `EXPLICIT`, `TCR_AUTO`.
    pub source_type: Option<PreCacheSource>,
    /// Size in the cache, in bytes.
    ///
    /// `CachedImageSizeBytes`: int64.
    pub cached_image_size_bytes: Option<i64>,
    /// When a start last used it.
    ///
    /// `LastUsedTime`: string.
    pub last_used_time: Option<ApiTime>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Where a cached image stands.
    pub struct PreCacheImageStatus {
        SUCCESS = "SUCCESS",
        DELETED = "DELETED",
    }
}

open_string! {
    /// Who asked for the image to be cached: the user (`EXPLICIT`), a tool or start (`AUTO`), the registry
    /// (`TCR_AUTO`).
    pub struct PreCacheSource {
        EXPLICIT = "EXPLICIT",
        AUTO = "AUTO",
        TCR_AUTO = "TCR_AUTO",
    }
}

open_string! {
    /// Where a pre-cache task stands; only `Success` is known.
    pub struct PreCacheTaskStatus {
        SUCCESS = "Success",
    }
}
