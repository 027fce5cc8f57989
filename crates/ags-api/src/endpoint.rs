//! Where the API is.

use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

/// The global endpoint, which reaches every region.
pub const DEFAULT_ENDPOINT: &str = "ags.tencentcloudapi.com";

/// An endpoint of the API: a host, or `host:port`, or an `https://` URL without a path.
///
/// `http://` is accepted for this machine only (`localhost`, `*.localhost`, loopback addresses), for
/// local test doubles; everything else is refused, since requests and replies hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: &'static str,
    authority: String,
}

/// An endpoint that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEndpoint {
    endpoint: String,
    problem: &'static str,
}

impl Endpoint {
    /// The URL that every action is posted to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.authority)
    }

    /// Host, and port unless it is the scheme's own: what is signed and sent as `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            scheme: "https",
            authority: DEFAULT_ENDPOINT.to_owned(),
        }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let text = text.trim();
        let refuse = |problem| InvalidEndpoint {
            endpoint: without_userinfo(text),
            problem,
        };
        if text.is_empty() {
            return Err(refuse("it is empty"));
        }
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&with_scheme)
            .map_err(|_| refuse("it is no host, host:port or https URL"))?;
        let scheme = match url.scheme() {
            "https" => "https",
            "http" if is_loopback(&url) => "http",
            "http" => return Err(refuse("http is only for this machine, use https")),
            _ => return Err(refuse("its scheme is not https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it holds a user name or password"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a path, query or fragment"));
        }
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| refuse("it has no host"))?;
        let authority = match url.port() {
            Some(0) => return Err(refuse("its port is 0")),
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok(Self { scheme, authority })
    }
}

/// As a URL.
impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.authority)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "endpoint `{}` cannot be used: {}; give a host such as `{DEFAULT_ENDPOINT}`, host:port, or https URL",
            self.endpoint, self.problem
        )
    }
}

impl std::error::Error for InvalidEndpoint {}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// `text` as it may be shown: what stands before an `@` may be a password.
fn without_userinfo(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        for (text, url, authority) in [
            (
                "ags.tencentcloudapi.com",
                "https://ags.tencentcloudapi.com/",
                "ags.tencentcloudapi.com",
            ),
            (
                " ags.internal.tencentcloudapi.com ",
                "https://ags.internal.tencentcloudapi.com/",
                "ags.internal.tencentcloudapi.com",
            ),
            (
                "127.0.0.1:8443",
                "https://127.0.0.1:8443/",
                "127.0.0.1:8443",
            ),
            (
                "localhost:8443",
                "https://localhost:8443/",
                "localhost:8443",
            ),
            ("[::1]:8443", "https://[::1]:8443/", "[::1]:8443"),
            (
                "https://AGS.example.com:443/",
                "https://ags.example.com/",
                "ags.example.com",
            ),
            (
                "https://ags.example.com:8443",
                "https://ags.example.com:8443/",
                "ags.example.com:8443",
            ),
            ("http://127.0.0.1:80", "http://127.0.0.1/", "127.0.0.1"),
            (
                "http://api.localhost:9000",
                "http://api.localhost:9000/",
                "api.localhost:9000",
            ),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(
                (endpoint.url().as_str(), endpoint.authority()),
                (url, authority),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_refused_says_why_and_shows_no_password() {
        for (text, problem) in [
            ("", "it is empty"),
            ("http://ags.example.com", "http is only for this machine"),
            ("ftp://ags.example.com", "its scheme is not https"),
            ("ags.example.com/v2", "it has a path"),
            ("ags.example.com?x=1", "it has a path"),
            ("https://me:hush@ags.example.com", "user name or password"),
            ("ags.example.com:99999", "no host, host:port"),
            ("ags.example.com:0", "its port is 0"),
            ("a b", "no host, host:port"),
            ("https://", "no host, host:port"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
