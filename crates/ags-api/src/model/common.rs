// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! Small shapes that several resources share: tags, filters, metadata.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::extra::Extra;

/// A key and a value that the account's owner attaches to a resource. Keys that start with `qcs` belong
/// to the platform: drop them when copying.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Tag {
    /// Name of the tag.
    ///
    /// `Key`: string, always in replies.
    pub key: Option<String>,
    /// Value of the tag.
    ///
    /// `Value`: string, always in replies.
    pub value: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One condition of a list: any of the values (or), together with the other filters (and).
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Filter {
    /// What is compared, for example `ToolName` or `Status`.
    ///
    /// `Name`: string.
    pub name: Option<String>,
    /// Values that pass.
    ///
    /// `Values`: list of string.
    pub values: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One name and value kept with an instance or a session. Lists cannot filter by it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MetadataVar {
    /// Name.
    ///
    /// `Name`: string.
    pub name: Option<String>,
    /// Value.
    ///
    /// `Value`: string.
    pub value: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
