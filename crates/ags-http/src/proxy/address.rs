//! The address of a proxy: `scheme://user:password@host:port`, as people write it.

use std::net::Ipv6Addr;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, Uri};

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
    /// With the address of the host.
    Socks4,
    /// With the name of the host: the proxy asks the name server.
    Socks4a,
    /// With the address of the host.
    Socks5,
    /// With the name of the host: the proxy asks the name server.
    Socks5h,
}

impl Scheme {
    /// `socks` alone, as desktops write it, is the most capable of them.
    fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "http" => Self::Http,
            "https" => Self::Https,
            "socks4" => Self::Socks4,
            "socks4a" => Self::Socks4a,
            "socks5" => Self::Socks5,
            "socks5h" | "socks" => Self::Socks5h,
            _ => return None,
        })
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks4 | Self::Socks4a | Self::Socks5 | Self::Socks5h => 1080,
        }
    }

    /// Whether the proxy understands requests for other hosts, so that plain ones need no tunnel.
    pub(crate) const fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

/// A proxy. No `Debug`: it holds a password.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    /// Its root, as what is dialled: `http`, or `https` for TLS to the proxy itself.
    uri: Uri,
    user: Option<User>,
}

/// User and password, decoded.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: Vec<u8>,
    pub(crate) password: Vec<u8>,
}

impl Address {
    /// Reads what a person wrote. No scheme means `http`. User and password end at the last `@`, whatever is in
    /// them; `%` begins an escape only where two hexadecimal digits follow.
    ///
    /// # Errors
    /// What is wrong, in words that repeat nothing of it but its scheme: anything else may be a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((name, rest)) if is_scheme(name) => {
                let scheme = Scheme::of(name);
                let scheme =
                    scheme.ok_or_else(|| format!("the scheme `{name}` is not supported"))?;
                (scheme, rest)
            }
            _ => (Scheme::Http, text),
        };
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (User::parse(user), rest),
            None => (None, rest),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, port) = split_port(&rest[..end])?;
        if host.is_empty() {
            return Err("it names no host".to_owned());
        }
        let port = match port {
            None => scheme.default_port(),
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or("its port is not a number between 1 and 65535")?,
        };
        let dialled = if scheme == Scheme::Https {
            "https"
        } else {
            "http"
        };
        let uri = Uri::builder()
            .scheme(dialled)
            .authority(format!("{host}:{port}"))
            .path_and_query("/")
            .build()
            .map_err(|_| "its host is neither a name nor an address")?;
        Ok(Self { scheme, uri, user })
    }

    /// Where it is dialled.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// `host:port`.
    pub(crate) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |name| name.as_str())
    }

    /// Its scheme, host and port, for messages.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }

    pub(crate) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// What an HTTP proxy wants in `Proxy-Authorization`.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        let user = self.user.as_ref()?;
        let pair = [&user.name[..], b":", &user.password].concat();
        let text = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl User {
    /// `None` for nothing at all, as in `http://@host`.
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let (name, password) = text.split_once(':').unwrap_or((text, ""));
        Some(Self {
            name: decoded(name),
            password: decoded(password),
        })
    }
}

fn is_scheme(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Host and port; an IPv6 address may stand without brackets where it has no port. The host has them.
fn split_port(text: &str) -> Result<(String, Option<&str>), String> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((format!("[{text}]"), None));
    }
    let colon = match text.rfind(']') {
        Some(bracket) => {
            let rest = &text[bracket + 1..];
            if !rest.is_empty() && !rest.starts_with(':') {
                return Err("its host is neither a name nor an address".to_owned());
            }
            (!rest.is_empty()).then_some(bracket + 1)
        }
        None => text.find(':'),
    };
    Ok(match colon {
        // `host:` is the default port.
        Some(at) => {
            let port = Some(&text[at + 1..]).filter(|port| !port.is_empty());
            (text[..at].to_owned(), port)
        }
        None => (text.to_owned(), None),
    })
}

/// Without the escapes that are ones.
fn decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escape {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Option<String>) {
        let address = Address::parse(text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
        let user = address.user().map(|user| {
            let pair = [&user.name[..], b":", &user.password].concat();
            String::from_utf8(pair).unwrap()
        });
        (address.shown(), user)
    }

    #[test]
    fn user_and_password_are_taken_as_they_are_meant() {
        for (written, meant) in [
            ("user:hunter2@", Some("user:hunter2")),
            ("user:hunt%40er2@", Some("user:hunt@er2")),
            ("user:hunt@er2@", Some("user:hunt@er2")),
            ("us@er:hunter2@", Some("us@er:hunter2")),
            ("user:hunt#er2@", Some("user:hunt#er2")),
            ("user:hunt/er2@", Some("user:hunt/er2")),
            ("user:hunt?er2@", Some("user:hunt?er2")),
            ("user:hunt:er2@", Some("user:hunt:er2")),
            ("user:100%@", Some("user:100%")),
            ("user:%zz%4@", Some("user:%zz%4")),
            ("user:a%2Fb%3ac@", Some("user:a/b:c")),
            ("user:h://t@", Some("user:h://t")),
            ("user:a+b c@", Some("user:a+b c")),
            ("user:pässwörd@", Some("user:pässwörd")),
            ("user@", Some("user:")),
            (":word@", Some(":word")),
            ("@", None),
            ("", None),
        ] {
            for scheme in ["http://", "", "socks5h://"] {
                let (shown, user) = parts(&format!("{scheme}{written}proxy.example:3128"));
                assert_eq!(user.as_deref(), meant, "{scheme}{written}");
                let scheme = if scheme.is_empty() { "http://" } else { scheme };
                assert_eq!(shown, format!("{scheme}proxy.example:3128"), "{written}");
            }
        }
    }

    #[test]
    fn scheme_host_and_port_have_their_usual_forms() {
        for (written, shown) in [
            ("proxy", "http://proxy:80"),
            ("proxy:", "http://proxy:80"),
            (" http://proxy:8080/ \n", "http://proxy:8080"),
            ("HTTP://Proxy:8080", "http://Proxy:8080"),
            ("https://proxy", "https://proxy:443"),
            ("https://proxy:8443/path?x#y", "https://proxy:8443"),
            ("socks://proxy", "socks5h://proxy:1080"),
            ("socks4://proxy", "socks4://proxy:1080"),
            ("socks4a://proxy:9", "socks4a://proxy:9"),
            ("socks5://127.0.0.1:7890/", "socks5://127.0.0.1:7890"),
            ("SOCKS5H://proxy", "socks5h://proxy:1080"),
            ("http://[::1]:3128", "http://[::1]:3128"),
            ("http://[::1]", "http://[::1]:80"),
            ("::1", "http://[::1]:80"),
        ] {
            assert_eq!(parts(written).0, shown, "{written}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_a_password() {
        for (written, reason) in [
            ("", "no host"),
            ("http://", "no host"),
            ("http://user:hunter2@", "no host"),
            ("http://user:hunter2@/path", "no host"),
            ("http://user:hunter2", "port"),
            ("http://hunter2@proxy:0", "port"),
            ("http://hunter2@proxy:65536", "port"),
            ("http://hunter2@proxy:http", "port"),
            ("http://hunter2@two words:1", "neither"),
            ("http://hunter2@[::1]x:1", "neither"),
            ("http://hunter2@[::1", "port"),
            ("http://hunter2@a:b:c", "port"),
            ("ftp://user:hunter2@proxy", "`ftp`"),
            ("quic://hunter2@proxy", "`quic`"),
        ] {
            let told = Address::parse(written).map(drop).unwrap_err();
            assert!(told.contains(reason), "{written}: {told}");
            assert!(!told.contains("hunter2"), "{written}: {told}");
        }
    }
}
