//! Why there is no answer, in terms a caller can act on: what failed, and how far the request got.

use std::{borrow::Cow, error::Error, fmt, path::PathBuf, sync::Arc};

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request cannot be sent as it is: no host, an unknown scheme.
    Invalid,
    /// The host's name has no address.
    Resolve,
    /// No connection to the host, or not within the connect timeout.
    Connect,
    /// No TLS with the host: its certificate was refused, or the handshake failed.
    Tls,
    /// The proxy could not be reached or did not open a tunnel.
    Proxy,
    /// The deadline of the call passed.
    Timeout,
    /// The peer closed the connection before the answer was complete.
    Closed,
    /// The connection was reset while in use.
    Reset,
    /// The connection stayed open, but the peer did not answer any more, not even a ping.
    Silent,
    /// The request's own body broke off.
    Body,
    /// The answer, or its head, is larger than the limit.
    TooLarge,
    /// The peer's answer is not HTTP.
    Malformed,
}

impl TransportErrorKind {
    /// Its name in logs and counters, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Silent => "silent",
            Self::Body => "body",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
        }
    }
}

/// How far a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reached {
    /// No byte of it was written: the peer has not seen it, a repeat is safe.
    NotSent,
    /// It was written, wholly or in part: the peer may have carried it out.
    Unknown,
}

/// Why a call has no (complete) answer.
///
/// `Display` is one clause that names the peer and, where there is one, the remedy; causes follow by
/// [`source`](Error::source). It holds no header, no body and no credential.
#[derive(Clone)]
pub struct TransportError {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: TransportErrorKind,
    reached: Reached,
    peer: Option<Arc<str>>,
    message: Cow<'static, str>,
    permanent: bool,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// An error of `kind`; `message` is one lower-case clause without a secret.
    pub fn new(
        kind: TransportErrorKind,
        reached: Reached,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                reached,
                peer: None,
                message: message.into(),
                permanent: kind == TransportErrorKind::Invalid,
                source: None,
            }),
        }
    }

    /// With the cause, shown by [`source`](Error::source).
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.inner.source = Some(Arc::from(source.into()));
        self
    }

    /// With the peer, as `host:port`.
    #[must_use]
    pub fn with_peer(mut self, peer: impl Into<Arc<str>>) -> Self {
        self.inner.peer = Some(peer.into());
        self
    }

    /// Marks that a repeat fails in the same way until someone changes something.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.inner.permanent = true;
        self
    }

    /// What failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.inner.kind
    }

    /// How far the request got.
    pub fn reached(&self) -> Reached {
        self.inner.reached
    }

    /// The peer, as `host:port`, where one is known.
    pub fn peer(&self) -> Option<&str> {
        self.inner.peer.as_deref()
    }

    /// Whether the deadline of the call passed.
    pub fn is_timeout(&self) -> bool {
        self.inner.kind == TransportErrorKind::Timeout
    }

    /// Whether a repeat fails in the same way until someone changes something: a refused certificate,
    /// a request without a host, a proxy that wants another password.
    pub fn is_permanent(&self) -> bool {
        self.inner.permanent
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        match &self.inner.peer {
            Some(peer) if !self.inner.message.contains(&**peer) => write!(f, " ({peer})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.inner.kind)
            .field("reached", &self.inner.reached)
            .field("peer", &self.inner.peer)
            .field("message", &self.inner.message)
            .field("permanent", &self.inner.permanent)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner
            .source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}

/// An error with its causes, for a log line: each `Display` says its own part only.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// Why a client cannot be built. Each names what was given and what to set.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The CA file cannot be read.
    CaFile {
        /// The file that was named.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// The CA certificates cannot be used.
    CaCertificates {
        /// Where they come from: a file's path, or `ca_pem`.
        origin: String,
        /// What is wrong with them.
        reason: String,
    },
    /// A proxy's address cannot be used.
    Proxy {
        /// The variable or setting that holds it.
        name: String,
        /// What is wrong with it, without its password.
        reason: String,
    },
    /// The TLS library refuses its settings.
    Tls(rustls::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaFile { path, .. } => write!(f, "cannot read the CA file `{}`", path.display()),
            Self::CaCertificates { origin, reason } => write!(
                f,
                "no CA certificate in `{origin}`: {reason}; give a PEM file with at least one CERTIFICATE block"
            ),
            Self::Proxy { name, reason } => write!(
                f,
                "the proxy in `{name}` cannot be used: {reason}; write it as http://[user:password@]host:port or socks5h://…"
            ),
            Self::Tls(_) => f.write_str("the TLS settings are refused"),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::CaFile { source, .. } => Some(source),
            Self::Tls(source) => Some(source),
            Self::CaCertificates { .. } | Self::Proxy { .. } => None,
        }
    }
}
