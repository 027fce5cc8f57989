//! Sessions: making one, closing one.

use serde::{Deserialize, Serialize};

/// The session that is meant where none is named.
pub const DEFAULT_SESSION: &str = "default";

/// How long start-up files may take unless told otherwise, in seconds.
pub const DEFAULT_STARTUP_TIMEOUT: f64 = 1.0;

/// Body of `POST /create_session`. The tag must be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "session_type")]
pub enum CreateSessionRequest {
    /// A bash shell.
    #[serde(rename = "bash")]
    Bash(CreateBashSessionRequest),
}

/// A bash shell to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreateBashSessionRequest {
    /// Files to source first. Default: none.
    #[serde(default)]
    pub startup_source: Vec<String>,
    /// The session's name. Default: [`DEFAULT_SESSION`].
    #[serde(default = "default_session")]
    pub session: String,
    /// Seconds that start-up may take. Default: [`DEFAULT_STARTUP_TIMEOUT`].
    #[serde(default = "default_startup_timeout")]
    pub startup_timeout: f64,
}

/// Answer of `POST /create_session`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateBashSessionResponse {
    /// What the shell printed up to its first prompt.
    #[serde(default)]
    pub output: String,
    /// What kind of session it is.
    #[serde(default)]
    pub session_type: SessionType,
}

/// Answer of `POST /create_session`; there is one kind.
pub type CreateSessionResponse = CreateBashSessionResponse;

/// Body of `POST /close_session`. The tag must be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "session_type")]
pub enum CloseSessionRequest {
    /// A bash shell.
    #[serde(rename = "bash")]
    Bash(CloseBashSessionRequest),
}

/// A bash shell to close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseBashSessionRequest {
    /// The session's name. Default: [`DEFAULT_SESSION`].
    #[serde(default = "default_session")]
    pub session: String,
}

/// Answer of `POST /close_session`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseBashSessionResponse {
    /// What kind of session it was.
    #[serde(default)]
    pub session_type: SessionType,
}

/// Answer of `POST /close_session`; there is one kind.
pub type CloseSessionResponse = CloseBashSessionResponse;

/// Kinds of sessions in answers. Kinds that we do not know are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionType {
    /// A bash shell.
    #[default]
    #[serde(rename = "bash")]
    Bash,
    /// Another kind, as the peer names it.
    #[serde(untagged)]
    Other(String),
}

impl Default for CreateBashSessionRequest {
    fn default() -> Self {
        Self {
            startup_source: Vec::new(),
            session: default_session(),
            startup_timeout: DEFAULT_STARTUP_TIMEOUT,
        }
    }
}

impl Default for CloseBashSessionRequest {
    fn default() -> Self {
        Self {
            session: default_session(),
        }
    }
}

impl From<CreateBashSessionRequest> for CreateSessionRequest {
    fn from(request: CreateBashSessionRequest) -> Self {
        Self::Bash(request)
    }
}

impl From<CloseBashSessionRequest> for CloseSessionRequest {
    fn from(request: CloseBashSessionRequest) -> Self {
        Self::Bash(request)
    }
}

pub(crate) fn default_session() -> String {
    DEFAULT_SESSION.to_owned()
}

fn default_startup_timeout() -> f64 {
    DEFAULT_STARTUP_TIMEOUT
}
