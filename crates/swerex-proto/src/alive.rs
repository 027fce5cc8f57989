//! Whether a server is there, and ending its sessions.

use serde::{Deserialize, Serialize};

/// Answer of `GET /is_alive`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsAliveResponse {
    /// Whether it takes commands.
    pub is_alive: bool,
    /// Why not.
    #[serde(default)]
    pub message: String,
}

/// Answer of `POST /close`: `{}`. The server goes on; its sessions end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseResponse {}
