//! What a server is told before it starts.

use std::{path::PathBuf, time::Duration};

use crate::auth::AuthToken;

/// The largest JSON body that is read into memory, unless told otherwise: 256 MiB.
pub const DEFAULT_MAX_BODY: usize = 256 * 1024 * 1024;

/// Connections at a time, unless told otherwise.
pub const DEFAULT_MAX_CONNECTIONS: usize = 1024;

/// How long a run goes on after its last client hung up, unless told otherwise.
pub const DEFAULT_ABANDONED_AFTER: Duration = Duration::from_secs(600);

/// [`ServerConfig::kill_grace`] unless set otherwise: 0.2 s.
pub const DEFAULT_KILL_GRACE: Duration = Duration::from_millis(200);

/// How often a stream without news shows that it lives, unless told otherwise.
pub const DEFAULT_HEARTBEAT: Duration =
    Duration::from_secs(swerex_proto::native::HEARTBEAT_SECONDS);

/// What a server is told before it starts; `ServerConfig::default()` has no key and works in the process's own directory
/// and environment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The key that every request must show; none by default.
    pub auth_token: Option<AuthToken>,
    /// Whether a `GET` of `/` or `/is_alive` that shows no key at all is answered without one: a platform's probe has none. A wrong key is
    /// refused all the same.
    pub answers_probes: bool,
    /// Where relative paths start, and commands; by default where the process is.
    pub working_directory: Option<PathBuf>,
    /// The environment of commands and shells; by default the process's own.
    pub environment: Option<Vec<(String, String)>>,
    /// Bytes of a JSON body; larger ones are answered with 413. Uploads have no limit: they go to disk.
    pub max_body: usize,
    /// Connections at a time, and no more than half the descriptors that the process may have; one more is answered with 429
    /// and closed.
    pub max_connections: usize,
    /// How long a run goes on after its last client hung up.
    pub abandoned_after: Duration,
    /// How often a stream without news shows that it lives.
    pub heartbeat: Duration,
    /// How long processes have to end by themselves before they are killed: those of a command that runs into its timeout after SIGTERM, those of a
    /// session or terminal that is closed after SIGHUP.
    pub kill_grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            auth_token: None,
            answers_probes: false,
            working_directory: None,
            environment: None,
            max_body: DEFAULT_MAX_BODY,
            max_connections: DEFAULT_MAX_CONNECTIONS,
            abandoned_after: DEFAULT_ABANDONED_AFTER,
            heartbeat: DEFAULT_HEARTBEAT,
            kill_grace: DEFAULT_KILL_GRACE,
        }
    }
}

impl ServerConfig {
    /// A server that asks for this key; the empty one switches that off.
    #[must_use]
    pub fn with_token(token: impl Into<String>) -> Self {
        Self {
            auth_token: AuthToken::new(token),
            ..Self::default()
        }
    }

    /// The directory from which relative paths start.
    pub(crate) fn directory(&self) -> PathBuf {
        self.working_directory
            .clone()
            .or_else(|| std::env::current_dir().ok())
            .unwrap_or_else(|| PathBuf::from("/"))
    }
}
