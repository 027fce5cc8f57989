//! Where the server is, and how patient to be with it.

use std::{fmt, time::Duration};

use ags_http::retry::RetryPolicy;
use url::Url;

use crate::{counters::Tally, secret::Secret};

/// How long a call may take beyond what its command is allowed, unless told otherwise.
pub const DEFAULT_RUNTIME_TIMEOUT: Duration = Duration::from_secs(60);

/// The largest answer that is taken, in bytes, unless told otherwise.
pub const DEFAULT_MAX_REPLY: usize = 256 << 20;

/// The settings of an [`AgsRuntime`](crate::AgsRuntime).
#[derive(Clone, Debug)]
pub struct AgsRuntimeConfig {
    /// The server's address, or the gateway's for its port: see [`gateway::endpoint`](crate::gateway::endpoint).
    pub base: Url,
    /// The server's own key, sent as `X-API-Key`. Default: none.
    pub auth_token: Option<Secret>,
    /// How long a call may take beyond what its command is allowed. Default: [`DEFAULT_RUNTIME_TIMEOUT`].
    pub runtime_timeout: Duration,
    /// How often calls are repeated where that is safe. Its overall time does not count: a call's own deadline does.
    pub retry: RetryPolicy,
    /// The largest answer that is taken, in bytes. Default: [`DEFAULT_MAX_REPLY`].
    pub max_reply: usize,
    /// Counts what is done. Default: one of its own.
    pub tally: Tally,
}

/// Why a runtime cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig(pub(crate) String);

impl AgsRuntimeConfig {
    /// Settings for a server at `base`, with all others at their defaults.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            auth_token: None,
            runtime_timeout: DEFAULT_RUNTIME_TIMEOUT,
            retry: RetryPolicy {
                overall: Duration::MAX,
                ..RetryPolicy::default()
            },
            max_reply: DEFAULT_MAX_REPLY,
            tally: Tally::default(),
        }
    }

    /// With the server's own key.
    #[must_use]
    pub fn with_auth_token(mut self, auth_token: impl Into<Secret>) -> Self {
        self.auth_token = Some(auth_token.into());
        self
    }

    pub(crate) fn checked(mut self) -> Result<Self, InvalidConfig> {
        let base = &self.base;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(InvalidConfig(format!(
                "the address `{base}` of the server should begin with http:// or https://"
            )));
        }
        if base.query().is_some() || base.fragment().is_some() || !base.username().is_empty() {
            return Err(InvalidConfig(format!(
                "the address of the server at {} should have no user, query or fragment",
                base.host_str().unwrap_or_default()
            )));
        }
        if self.runtime_timeout.is_zero() {
            return Err(InvalidConfig(
                "the runtime_timeout is 0, but must leave time for an answer".to_owned(),
            ));
        }
        self.retry.overall = Duration::MAX;
        Ok(self)
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidConfig {}
