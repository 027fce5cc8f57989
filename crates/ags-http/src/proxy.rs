//! Which proxy stands between this client and a host.

use std::fmt;

/// Where the choice of a proxy comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProxyConfig {
    /// `HTTPS_PROXY` for `https://`, `HTTP_PROXY` for `http://`, `ALL_PROXY` for both, `NO_PROXY` for the
    /// exceptions; lower case where the upper-case variable is not set. `localhost`, `*.localhost` and loopback
    /// addresses are never proxied.
    #[default]
    FromEnv,
    /// No proxy, whatever the environment says.
    None,
    /// These rules, whatever the environment says.
    Explicit(ProxyRules),
}

/// Proxies by scheme and the hosts that are reached without one.
///
/// An address is `http://[user:password@]host:port` (or `https://`, for TLS to the proxy itself); no scheme means
/// `http`. `Debug` does not show the user and the password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyRules {
    pub(crate) https: Option<String>,
    pub(crate) http: Option<String>,
    pub(crate) except: String,
}

impl ProxyRules {
    /// `address` for both schemes.
    pub fn all(address: impl Into<String>) -> Self {
        let address = address.into();
        Self {
            https: Some(address.clone()),
            http: Some(address),
            except: String::new(),
        }
    }

    /// `address` for `https://` hosts, reached by `CONNECT`.
    #[must_use]
    pub fn https(mut self, address: impl Into<String>) -> Self {
        self.https = Some(address.into());
        self
    }

    /// `address` for `http://` hosts.
    #[must_use]
    pub fn http(mut self, address: impl Into<String>) -> Self {
        self.http = Some(address.into());
        self
    }

    /// Hosts that are reached directly, as in `NO_PROXY`: names (with their subdomains), addresses, networks
    /// such as `10.0.0.0/8`, or `*`, separated by commas.
    #[must_use]
    pub fn except(mut self, hosts: impl Into<String>) -> Self {
        self.except = hosts.into();
        self
    }
}

impl fmt::Debug for ProxyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRules")
            .field("https", &self.https.as_deref().map(redacted))
            .field("http", &self.http.as_deref().map(redacted))
            .field("except", &self.except)
            .finish()
    }
}

/// The address without what stands before its last `@`.
pub(crate) fn redacted(address: &str) -> String {
    match address.rsplit_once('@') {
        None => address.to_owned(),
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            let slashes = if scheme.is_empty() { "" } else { "://" };
            format!("{scheme}{slashes}[redacted]@{host}")
        }
    }
}
