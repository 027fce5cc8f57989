// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Storage that a tool mounts into its instances.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::configuration::ImageRegistryType;
use crate::extra::Extra;

/// Storage mounted into every instance of a tool: a source, a volume or a volume template.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct StorageMount {
    /// Name, by which a start refers to it.
    ///
    /// `Name`: string.
    pub name: Option<String>,
    /// Where the content comes from.
    ///
    /// `StorageSource`: object StorageSource, may be null.
    pub storage_source: Option<StorageSource>,
    /// Where it appears.
    ///
    /// `MountPath`: string.
    pub mount_path: Option<String>,
    /// Whether it may be written; it may unless set. Treat image mounts as read-only.
    ///
    /// `ReadOnly`: bool.
    pub read_only: Option<bool>,
    /// An existing volume.
    ///
    /// `Volume`: object VolumeRef, may be null.
    pub volume: Option<VolumeRef>,
    /// A template that volumes are made from.
    ///
    /// `VolumeTemplate`: object VolumeTemplateRef, may be null.
    pub volume_template: Option<VolumeTemplateRef>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where mounted content comes from; set one member.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct StorageSource {
    /// A bucket.
    ///
    /// `Cos`: object CosStorageSource.
    pub cos: Option<CosStorageSource>,
    /// A directory or file of an image.
    ///
    /// `Image`: object ImageStorageSource.
    pub image: Option<ImageStorageSource>,
    /// A file system.
    ///
    /// `Cfs`: object CfsStorageSource.
    pub cfs: Option<CfsStorageSource>,
    /// An agent bucket.
    ///
    /// `AgentBucket`: object AgentBucketStorageSource.
    pub agent_bucket: Option<AgentBucketStorageSource>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A bucket.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CosStorageSource {
    /// Endpoint of the bucket.
    ///
    /// `Endpoint`: string.
    pub endpoint: Option<String>,
    /// Name of the bucket.
    ///
    /// `BucketName`: string.
    pub bucket_name: Option<String>,
    /// Absolute path in it.
    ///
    /// `BucketPath`: string.
    pub bucket_path: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A file system.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CfsStorageSource {
    /// Id of the file system.
    ///
    /// `FileSystemId`: string.
    pub file_system_id: Option<String>,
    /// Path in it.
    ///
    /// `Path`: string.
    pub path: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A directory or file of an image. It needs a role.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageStorageSource {
    /// Reference of the image.
    ///
    /// `Reference`: string.
    pub reference: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string. Known values: `enterprise`, `personal`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Directory or file of the image.
    ///
    /// `SubPath`: string.
    pub sub_path: Option<String>,
    /// Digest of the image; only in replies.
    ///
    /// `Digest`: string.
    pub digest: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An agent bucket.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AgentBucketStorageSource {
    /// Library.
    ///
    /// `LibraryId`: string.
    pub library_id: Option<String>,
    /// Space in the library.
    ///
    /// `SpaceId`: string.
    pub space_id: Option<String>,
    /// Domain that serves it.
    ///
    /// `AccessDomain`: string.
    pub access_domain: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An existing volume.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VolumeRef {
    /// By name.
    ///
    /// `VolumeName`: string, may be null.
    pub volume_name: Option<String>,
    /// By id.
    ///
    /// `VolumeId`: string, may be null.
    pub volume_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A template that volumes are made from.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VolumeTemplateRef {
    /// Name of the template.
    ///
    /// `VolumeTemplateName`: string, required, may be null.
    pub volume_template_name: Option<String>,
    /// Instances with the same key share a volume; literal or `${metadata.x}`.
    ///
    /// `ReuseKey`: string, may be null.
    pub reuse_key: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
