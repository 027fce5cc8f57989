//! Which proxy stands between this client and a host.

use std::{fmt, net::IpAddr};

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::BuildError;

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

/// The rules in force, and who is spared.
pub(crate) struct Proxies {
    matcher: Option<Matcher>,
    spare_loopback: bool,
}

impl Proxies {
    /// Reads `config`; `variable` looks a name up in the environment.
    pub(crate) fn new(
        config: &ProxyConfig,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, BuildError> {
        let (rules, spare_loopback) = match config {
            ProxyConfig::None => (ProxyRules::default(), false),
            ProxyConfig::FromEnv => (rules_from(variable)?, true),
            ProxyConfig::Explicit(rules) => {
                for (name, address) in [("https", &rules.https), ("http", &rules.http)] {
                    if let Some(address) = address {
                        check(name, address)?;
                    }
                }
                (rules.clone(), false)
            }
        };
        let any = rules.https.is_some() || rules.http.is_some();
        Ok(Self {
            matcher: any.then(|| matcher(rules)),
            spare_loopback,
        })
    }

    /// The proxy for `uri`, if there is one.
    pub(crate) fn via(&self, uri: &Uri) -> Option<Intercept> {
        let matcher = self.matcher.as_ref()?;
        if self.spare_loopback && uri.host().is_some_and(is_loopback) {
            return None;
        }
        matcher.intercept(uri)
    }
}

/// Whether the name is `localhost` or below it, which never asks a name server (RFC 6761).
pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let tail = host.len().checked_sub("localhost".len());
    let Some((before, name)) = tail.and_then(|at| host.split_at_checked(at)) else {
        return false;
    };
    name.eq_ignore_ascii_case("localhost") && (before.is_empty() || before.ends_with('.'))
}

/// Whether the host is this machine, by its name or its address.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    is_localhost(host)
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn matcher(rules: ProxyRules) -> Matcher {
    Matcher::builder()
        .https(rules.https.unwrap_or_default())
        .http(rules.http.unwrap_or_default())
        .no(rules.except)
        .build()
}

fn rules_from(variable: impl Fn(&str) -> Option<String>) -> Result<ProxyRules, BuildError> {
    let set = |name: &'static str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(|value| (name, value))
    };
    // In a CGI program HTTP_PROXY holds the request's own `Proxy` header, which a stranger writes.
    let cgi = variable("REQUEST_METHOD").is_some();
    let upper_http = if cgi { None } else { set("HTTP_PROXY") };
    let all = set("ALL_PROXY").or_else(|| set("all_proxy"));
    let https = set("HTTPS_PROXY")
        .or_else(|| set("https_proxy"))
        .or_else(|| all.clone());
    let http = upper_http.or_else(|| set("http_proxy")).or(all);
    for (name, address) in [&https, &http].into_iter().flatten() {
        check(name, address)?;
    }
    let except = set("NO_PROXY").or_else(|| set("no_proxy"));
    Ok(ProxyRules {
        https: https.map(|(_, address)| address),
        http: http.map(|(_, address)| address),
        except: except.map(|(_, hosts)| hosts).unwrap_or_default(),
    })
}

/// Whether an address can be used; the matcher would drop one that cannot without a word.
fn check(name: &str, address: &str) -> Result<(), BuildError> {
    let probe = Uri::from_static("http://probe.invalid/");
    let one = Matcher::builder().http(address.to_owned()).build();
    let reason = match one.intercept(&probe) {
        None => format!("`{}` is not an address", redacted(address)),
        Some(found) => match found.uri().scheme_str() {
            Some("http" | "https") => return Ok(()),
            other => format!(
                "the scheme `{}` is not supported",
                other.unwrap_or_default()
            ),
        },
    };
    Err(BuildError::Proxy {
        name: name.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_env(variables: &[(&str, &str)]) -> Result<Proxies, BuildError> {
        Proxies::new(&ProxyConfig::FromEnv, |name| {
            let mut all = variables.iter();
            all.find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    fn via(proxies: &Proxies, uri: &str) -> Option<String> {
        let found = proxies.via(&uri.parse().unwrap())?;
        Some(found.uri().authority().unwrap().to_string())
    }

    #[test]
    fn each_scheme_has_its_variable_in_both_cases() {
        let upper = from_env(&[("HTTPS_PROXY", "http://one:1"), ("HTTP_PROXY", "two:2")]).unwrap();
        assert_eq!(
            via(&upper, "https://example.com/").as_deref(),
            Some("one:1")
        );
        assert_eq!(via(&upper, "http://example.com/").as_deref(), Some("two:2"));
        let lower = from_env(&[("https_proxy", "http://one:1"), ("HTTPS_PROXY", "")]).unwrap();
        assert_eq!(
            via(&lower, "https://example.com/").as_deref(),
            Some("one:1")
        );
        assert_eq!(via(&lower, "http://example.com/"), None);
        let all = from_env(&[("ALL_PROXY", "any:3"), ("https_proxy", "one:1")]).unwrap();
        assert_eq!(via(&all, "https://example.com/").as_deref(), Some("one:1"));
        assert_eq!(via(&all, "http://example.com/").as_deref(), Some("any:3"));
    }

    #[test]
    fn no_proxy_and_loopback_are_reached_directly() {
        let proxies = from_env(&[
            ("HTTPS_PROXY", "http://one:1"),
            ("no_proxy", "internal.example, 10.0.0.0/8"),
        ])
        .unwrap();
        for direct in [
            "https://internal.example/",
            "https://a.internal.example/",
            "https://10.9.8.7/",
            "https://localhost:9/",
            "https://8000-ins.LOCALHOST./",
            "https://127.0.0.1/",
            "https://[::1]:8/",
        ] {
            assert_eq!(via(&proxies, direct), None, "{direct}");
        }
        for proxied in [
            "https://notinternal.example/",
            "https://notlocalhost/",
            "https://11.0.0.1/",
        ] {
            assert!(via(&proxies, proxied).is_some(), "{proxied}");
        }
    }

    #[test]
    fn a_cgi_program_does_not_take_a_strangers_proxy() {
        let proxies = from_env(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil:1")]).unwrap();
        assert_eq!(via(&proxies, "http://example.com/"), None);
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_password() {
        for (name, value) in [
            ("HTTPS_PROXY", "socks5://user:hunter2@proxy:1080"),
            ("http_proxy", "http://user:hunter2@"),
            ("ALL_PROXY", "ftp://user:hunter2@proxy"),
        ] {
            let error = from_env(&[(name, value)]).map(drop).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(name), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
        let rules = ProxyRules::all("http://user:hunter2@proxy:1");
        assert!(!format!("{rules:?}").contains("hunter2"));
        assert!(format!("{rules:?}").contains("[redacted]@proxy:1"));
    }
}
