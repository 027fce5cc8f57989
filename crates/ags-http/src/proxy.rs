//! Which proxy stands between this client and a host.

mod address;
mod exceptions;

use std::{ffi::OsString, fmt, net::IpAddr};

pub(crate) use address::{Address, Scheme, User};
use exceptions::Exceptions;
use http::Uri;

use crate::{BuildError, Reached, TransportError, TransportErrorKind};

/// Where the choice of a proxy comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProxyConfig {
    /// `https_proxy` for `https://`, `http_proxy` for `http://`, `all_proxy` for both, `no_proxy` for the
    /// exceptions; upper case where the lower-case variable is not set, as for curl. `localhost`, `*.localhost` and
    /// loopback addresses are never proxied. What cannot be used matters to the connections alone that need it.
    #[default]
    FromEnv,
    /// No proxy, whatever the environment says.
    None,
    /// These rules, whatever the environment says.
    Explicit(ProxyRules),
}

/// Proxies by scheme and the hosts that are reached without one.
///
/// An address is `http://[user:password@]host:port` (or `https://`, for TLS to the proxy itself, or `socks5h://`,
/// `socks5://`, `socks4a://`, `socks4://`; the first and third leave the names to the proxy); no scheme means `http`.
/// User and password end at the last `@` and may hold anything; `%40` stands for `@`. `Debug` does not show them.
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

    /// `address` for `https://` hosts, reached by a tunnel.
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

    /// Hosts that are reached directly, as in `NO_PROXY`: names (with all below them; `*.x` for those alone), addresses,
    /// networks such as `10.0.0.0/8`, each but a network also with a port (`x:443`), or `*`; separated by commas or
    /// blanks.
    #[must_use]
    pub fn except(mut self, hosts: impl Into<String>) -> Self {
        self.except = hosts.into();
        self
    }
}

impl fmt::Debug for ProxyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRules")
            .field("https", &self.https.as_deref().map(shown))
            .field("http", &self.http.as_deref().map(shown))
            .field("except", &self.except)
            .finish()
    }
}

/// A proxy's address without user and password; nothing of it where it cannot be told what they are.
fn shown(address: &str) -> String {
    Address::parse(address).map_or_else(|_| "[redacted]".to_owned(), |address| address.shown())
}

/// The rules in force, and who is spared.
pub(crate) struct Proxies {
    https: Option<Setting>,
    http: Option<Setting>,
    except: Exceptions,
    spare_loopback: bool,
}

/// A proxy, and who named it.
#[derive(Clone)]
pub(crate) struct Setting {
    /// The variable or setting.
    pub(crate) name: &'static str,
    /// What is wrong with it, where it cannot be used.
    address: Result<Address, String>,
}

/// A proxy that is to be used.
pub(crate) struct Via<'a> {
    /// The variable or setting that names it.
    pub(crate) name: &'static str,
    pub(crate) address: &'a Address,
}

impl Proxies {
    /// Reads `config`; `variable` looks a name up in the environment.
    pub(crate) fn new(
        config: &ProxyConfig,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, BuildError> {
        match config {
            ProxyConfig::None => Ok(Self::direct()),
            ProxyConfig::FromEnv => Ok(Self::from_env(variable)),
            ProxyConfig::Explicit(rules) => Self::explicit(rules),
        }
    }

    fn direct() -> Self {
        Self {
            https: None,
            http: None,
            except: Exceptions::default(),
            spare_loopback: false,
        }
    }

    fn explicit(rules: &ProxyRules) -> Result<Self, BuildError> {
        let read = |name: &'static str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match Address::parse(text) {
                Err(reason) => Err(BuildError::Proxy {
                    name: name.to_owned(),
                    reason,
                }),
                address => Ok(Some(Setting { name, address })),
            },
        };
        Ok(Self {
            https: read("https", &rules.https)?,
            http: read("http", &rules.http)?,
            except: Exceptions::parse(&rules.except),
            spare_loopback: false,
        })
    }

    fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // A variable that is empty is one that is not set.
        let set = |name: &'static str| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some((name, value))
        };
        let read = |(name, value): (&'static str, OsString)| Setting {
            name,
            address: match value.into_string() {
                Ok(text) => Address::parse(&text),
                Err(_) => Err("it is not UTF-8".to_owned()),
            },
        };
        // In a CGI program HTTP_PROXY holds the request's own `Proxy` header, which a stranger writes.
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let upper_http = if is_cgi { None } else { set("HTTP_PROXY") };
        let all = set("all_proxy").or_else(|| set("ALL_PROXY"));
        let https = set("https_proxy")
            .or_else(|| set("HTTPS_PROXY"))
            .or_else(|| all.clone());
        let http = set("http_proxy").or(upper_http).or(all);
        let except = set("no_proxy").or_else(|| set("NO_PROXY"));
        Self {
            https: https.map(read),
            http: http.map(read),
            except: except
                .map(|(_, hosts)| Exceptions::parse(&hosts.to_string_lossy()))
                .unwrap_or_default(),
            spare_loopback: true,
        }
    }

    /// The proxy for `uri`, if there is one.
    ///
    /// # Errors
    /// The one that it is for cannot be used.
    pub(crate) fn via(&self, uri: &Uri) -> Result<Option<Via<'_>>, TransportError> {
        let is_https = uri.scheme_str() == Some("https");
        let setting = if is_https { &self.https } else { &self.http };
        let (Some(setting), Some(host)) = (setting, uri.host()) else {
            return Ok(None);
        };
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        if self.spare_loopback && is_loopback(host) || self.except.contain(host, port) {
            return Ok(None);
        }
        match &setting.address {
            Ok(address) => Ok(Some(Via {
                name: setting.name,
                address,
            })),
            Err(reason) => {
                let message = format!(
                    "the proxy in `{}` for {host}:{port} cannot be used: {reason}; write it as \
                     http://[user:password@]host:port or socks5h://…, or name the host in NO_PROXY",
                    setting.name
                );
                let unusable =
                    TransportError::new(TransportErrorKind::Proxy, Reached::NotSent, message);
                Err(unusable.permanent())
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn from_env(variables: &[(&str, &str)]) -> Proxies {
        let found = Proxies::new(&ProxyConfig::FromEnv, |name| {
            let mut all = variables.iter();
            all.find(|(known, _)| *known == name)
                .map(|(_, value)| OsString::from(value))
        });
        found.unwrap()
    }

    fn via(proxies: &Proxies, uri: &str) -> Option<String> {
        let found = proxies.via(&uri.parse().unwrap()).unwrap()?;
        Some(found.address.authority().to_owned())
    }

    #[test]
    fn each_scheme_has_its_variable_and_lower_case_wins() {
        type Row = (
            &'static [(&'static str, &'static str)],
            Option<&'static str>,
            Option<&'static str>,
        );
        let table: &[Row] = &[
            (
                &[("HTTPS_PROXY", "http://one:1"), ("HTTP_PROXY", "two:2")],
                Some("one:1"),
                Some("two:2"),
            ),
            (
                &[("https_proxy", "one:1"), ("HTTPS_PROXY", "two:2")],
                Some("one:1"),
                None,
            ),
            (
                &[("https_proxy", ""), ("HTTPS_PROXY", "two:2")],
                Some("two:2"),
                None,
            ),
            (
                &[("http_proxy", "one:1"), ("HTTP_PROXY", "two:2")],
                None,
                Some("one:1"),
            ),
            (
                &[("ALL_PROXY", "any:3"), ("https_proxy", "one:1")],
                Some("one:1"),
                Some("any:3"),
            ),
            (
                &[("ALL_PROXY", "any:3"), ("all_proxy", "low:4")],
                Some("low:4"),
                Some("low:4"),
            ),
            // A stranger's header in a CGI program.
            (
                &[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil:1")],
                None,
                None,
            ),
            (
                &[("REQUEST_METHOD", "GET"), ("http_proxy", "one:1")],
                None,
                Some("one:1"),
            ),
            (&[], None, None),
        ];
        for (variables, https, http) in table {
            let proxies = from_env(variables);
            let found = via(&proxies, "https://example.com/");
            assert_eq!(found.as_deref(), *https, "{variables:?}");
            let found = via(&proxies, "http://example.com/");
            assert_eq!(found.as_deref(), *http, "{variables:?}");
        }
    }

    #[test]
    fn no_proxy_and_loopback_are_reached_directly() {
        let proxies = from_env(&[
            ("HTTPS_PROXY", "http://one:1"),
            ("NO_PROXY", "other.example"),
            ("no_proxy", "internal.example, 10.0.0.0/8 port.example:443"),
        ]);
        for direct in [
            "https://internal.example/",
            "https://a.internal.example/",
            "https://port.example/",
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
            "https://other.example/",
            "https://port.example:8443/",
            "https://notlocalhost/",
            "https://11.0.0.1/",
        ] {
            assert!(via(&proxies, proxied).is_some(), "{proxied}");
        }
    }

    #[test]
    fn what_cannot_be_used_matters_to_those_who_need_it() {
        for (name, value) in [
            ("HTTPS_PROXY", "ftp://user:hunter2@proxy"),
            ("https_proxy", "http://user:hunter2@"),
            ("ALL_PROXY", "http://user:hunter2"),
        ] {
            let spared = [(name, value), ("no_proxy", "*")];
            assert_eq!(via(&from_env(&spared), "https://example.com/"), None);
            let proxies = from_env(&[(name, value)]);
            assert_eq!(via(&proxies, "https://localhost/"), None);
            let needed = proxies.via(&Uri::from_static("https://example.com/"));
            let error = needed.map(drop).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Proxy);
            assert!(error.is_permanent());
            let text = format!("{error} {error:?}");
            assert!(text.contains(name), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
            let rules = ProxyRules::all(value);
            assert!(!format!("{rules:?}").contains("hunter2"), "{rules:?}");
            let refused = Proxies::new(&ProxyConfig::Explicit(rules), |_| None);
            let refused = refused.map(drop).unwrap_err();
            let text = format!("{refused} {refused:?}");
            assert!(!text.contains("hunter2"), "{text}");
        }
        let rules = ProxyRules::all("http://user:hunt@er#2@proxy:1");
        assert!(format!("{rules:?}").contains("\"http://proxy:1\""));
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_told() {
        use std::os::unix::ffi::OsStringExt;
        let proxies = Proxies::new(&ProxyConfig::FromEnv, |name| {
            (name == "https_proxy").then(|| OsString::from_vec(b"http://u:\xff@proxy".to_vec()))
        });
        let proxies = proxies.unwrap();
        let needed = proxies.via(&Uri::from_static("https://example.com/"));
        let error = needed.map(drop).unwrap_err();
        assert!(error.to_string().contains("not UTF-8"), "{error}");
    }
}
