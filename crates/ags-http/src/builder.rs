//! How a client is set up: every number has one name, every risk a name with `danger` in it.

use std::{fmt, path::PathBuf, time::Duration};

use crate::{BuildError, HttpClient, ProxyConfig};

/// How long a connection may take, from the name's lookup to the end of the TLS handshake.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept; over HTTP/1.1 no longer than [`DEFAULT_ASK_AFTER`].
pub const DEFAULT_POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How many unused HTTP/1.1 connections are kept for a host.
pub const DEFAULT_POOL_MAX_IDLE_PER_HOST: usize = 64;
/// How many connections to one host are being opened at a time; the calls behind them wait for
/// whichever comes first, a new connection or one that becomes free.
pub const DEFAULT_DIALS_PER_HOST: usize = 16;

/// A connection that was silent for so long is not trusted when the next call comes: over HTTP/2 it is asked first, over
/// HTTP/1.1, which has no such question, it is closed and another one opened.
pub const DEFAULT_ASK_AFTER: Duration = Duration::from_secs(10);
/// It has so long to answer, or else another one is opened.
pub const DEFAULT_ASK_PATIENCE: Duration = Duration::from_secs(2);
/// While calls wait on an HTTP/2 connection that is silent for so long, the peer is asked whether it is there…
pub const DEFAULT_PING_AFTER: Duration = Duration::from_secs(3);
/// …and has so long for a sign of life, or else the connection is lost. Longer than the question before use, as the
/// calls are lost with it: a ping may stand behind much data on a slow line.
pub const DEFAULT_PING_PATIENCE: Duration = Duration::from_secs(8);

/// When a connection is asked whether its other end is still there. Unused connections are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness {
    /// Silent for so long, a kept connection is asked before it is used again; [`DEFAULT_ASK_AFTER`].
    pub ask_after: Duration,
    /// How long it has to answer; [`DEFAULT_ASK_PATIENCE`].
    pub ask_patience: Duration,
    /// Silent for so long while calls wait, it is asked too; [`DEFAULT_PING_AFTER`].
    pub ping_after: Duration,
    /// How long it has for a sign of life; [`DEFAULT_PING_PATIENCE`].
    pub ping_patience: Duration,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            ask_after: DEFAULT_ASK_AFTER,
            ask_patience: DEFAULT_ASK_PATIENCE,
            ping_after: DEFAULT_PING_AFTER,
            ping_patience: DEFAULT_PING_PATIENCE,
        }
    }
}

/// Which versions of HTTP a client speaks over TLS. Plain `http://` is always HTTP/1.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum HttpVersions {
    /// HTTP/2 where the host offers it by ALPN, else HTTP/1.1. One HTTP/2 connection serves all calls to a host.
    #[default]
    Negotiated,
    /// Only HTTP/1.1: a connection for each call that is under way.
    Http1,
}

/// Sets up an [`HttpClient`]; every setting has a default.
#[derive(Clone)]
pub struct HttpClientBuilder {
    pub(crate) connect_timeout: Duration,
    pub(crate) versions: HttpVersions,
    pub(crate) proxy: ProxyConfig,
    pub(crate) ca: Vec<CaSource>,
    pub(crate) native_roots: bool,
    pub(crate) skip_ssl_verify: bool,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
    pub(crate) max_connections_per_host: Option<usize>,
    pub(crate) dials_per_host: usize,
    pub(crate) liveness: Liveness,
}

/// Where extra trusted certificates come from.
#[derive(Clone)]
pub(crate) enum CaSource {
    File(PathBuf),
    Pem(Vec<u8>),
}

impl Default for HttpClientBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            versions: HttpVersions::default(),
            proxy: ProxyConfig::default(),
            ca: Vec::new(),
            native_roots: true,
            skip_ssl_verify: false,
            pool_idle_timeout: DEFAULT_POOL_IDLE_TIMEOUT,
            pool_max_idle_per_host: DEFAULT_POOL_MAX_IDLE_PER_HOST,
            max_connections_per_host: None,
            dials_per_host: DEFAULT_DIALS_PER_HOST,
            liveness: Liveness::default(),
        }
    }
}

impl HttpClientBuilder {
    /// How long a connection may take, from the name's lookup to the end of the TLS handshake;
    /// [`DEFAULT_CONNECT_TIMEOUT`] if not set. The deadline of the call holds besides.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Which versions of HTTP to speak; [`HttpVersions::Negotiated`] if not set.
    #[must_use]
    pub fn http_versions(mut self, versions: HttpVersions) -> Self {
        self.versions = versions;
        self
    }

    /// Which proxy to use; [`ProxyConfig::FromEnv`] if not set.
    #[must_use]
    pub fn proxy(mut self, proxy: ProxyConfig) -> Self {
        self.proxy = proxy;
        self
    }

    /// Trusts the certificates of a PEM file too. It is read by [`build`](Self::build); may be given several times.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca.push(CaSource::File(path.into()));
        self
    }

    /// Trusts the certificates of a PEM text too; may be given several times.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca.push(CaSource::Pem(pem.into()));
        self
    }

    /// Whether the certificates that the platform trusts are trusted; `true` if not set. Where the platform has
    /// none, Mozilla's list (compiled in) takes its place. With `false` only `ca_file` and `ca_pem` are trusted.
    #[must_use]
    pub fn native_roots(mut self, trusted: bool) -> Self {
        self.native_roots = trusted;
        self
    }

    /// Takes any certificate for any name. For internal and pre-release endpoints only: whoever is on the way
    /// can read and change everything.
    ///
    /// Signatures of the handshake are still checked, so the peer does hold the key of the certificate that it
    /// shows. It holds for this client alone, and is logged once as a warning when the client is built.
    #[must_use]
    pub fn danger_skip_ssl_verify(mut self, skip: bool) -> Self {
        self.skip_ssl_verify = skip;
        self
    }

    /// How long an unused connection is kept; [`DEFAULT_POOL_IDLE_TIMEOUT`] if not set. Keep it below the time
    /// after which the peer closes, or calls meet closed connections. Over HTTP/1.1 it is kept no longer than
    /// [`Liveness::ask_after`].
    #[must_use]
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.pool_idle_timeout = limit;
        self
    }

    /// How many unused HTTP/1.1 connections are kept for a host; [`DEFAULT_POOL_MAX_IDLE_PER_HOST`] if not set.
    /// Zero opens a connection for each call.
    #[must_use]
    pub fn pool_max_idle_per_host(mut self, count: usize) -> Self {
        self.pool_max_idle_per_host = count;
        self
    }

    /// How many HTTP/1.1 connections to a host may be open; `None` (no limit) if not set. Calls beyond it wait for
    /// one to become free, so a limit suits short calls: long ones would make others wait. Zero means one.
    #[must_use]
    pub fn max_connections_per_host(mut self, count: Option<usize>) -> Self {
        self.max_connections_per_host = count.map(|count| count.max(1));
        self
    }

    /// How many connections to one host are being opened at a time; [`DEFAULT_DIALS_PER_HOST`] if not set. A burst
    /// of calls thus reuses the first connections instead of opening one for each call. Zero means one.
    #[must_use]
    pub fn dials_per_host(mut self, count: usize) -> Self {
        self.dials_per_host = count.max(1);
        self
    }

    /// When a connection is asked whether its other end is still there; [`Liveness::default`] if not set.
    #[must_use]
    pub fn liveness(mut self, liveness: Liveness) -> Self {
        self.liveness = liveness;
        self
    }

    /// Builds the client. It reads the CA files, the platform's certificates and, with
    /// [`ProxyConfig::FromEnv`], the environment.
    ///
    /// # Errors
    /// [`BuildError`] for a CA file that cannot be read or holds no certificate, and for a proxy address that
    /// cannot be used.
    pub fn build(self) -> Result<HttpClient, BuildError> {
        HttpClient::from_builder(self)
    }
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("versions", &self.versions)
            .field("proxy", &self.proxy)
            .field("extra_ca", &self.ca.len())
            .field("native_roots", &self.native_roots)
            .field("skip_ssl_verify", &self.skip_ssl_verify)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("pool_max_idle_per_host", &self.pool_max_idle_per_host)
            .field("max_connections_per_host", &self.max_connections_per_host)
            .field("dials_per_host", &self.dials_per_host)
            .field("liveness", &self.liveness)
            .finish()
    }
}
