//! Files: reading and writing text, and uploads.

use serde::{Deserialize, Serialize};

/// Body of `POST /read_file`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFileRequest {
    /// The file.
    pub path: String,
    /// A codec's name as Python knows it. Default: UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// The name of Python's error handler. Default: `strict`.
    #[serde(default)]
    pub errors: Option<String>,
}

/// Answer of `POST /read_file`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFileResponse {
    /// The text, with every line end as `\n`.
    #[serde(default)]
    pub content: String,
}

/// Body of `POST /write_file`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteFileRequest {
    /// The text, written as UTF-8 as it is.
    pub content: String,
    /// The file; missing directories above it are made.
    pub path: String,
}

/// Answer of `POST /write_file`: `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteFileResponse {}

/// What an upload is about; the body itself is `multipart/form-data` with the parts `file`, `target_path`, `unzip`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRequest {
    /// A file or directory on the client's machine.
    pub source_path: String,
    /// Where it goes on the server's machine.
    pub target_path: String,
}

/// Answer of `POST /upload`: `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadResponse {}
